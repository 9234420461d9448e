package author

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"chop/internal/access"
	"chop/internal/author/signal"
	"chop/internal/db"
	"chop/internal/journal"
	"chop/internal/lang"
	"chop/internal/mention"
)

// Extract is everything a firm holds about an account, for its owner (Art. 15 GDPR): what it wrote as captured, what was said about
// it, what we did, what it objected to and who looked. Names of third parties are masked, and so are people of the firm. The lawyers'
// marker is not in it: it is privileged.
type Extract struct {
	Made     time.Time         `json:"made"`
	Account  string            `json:"account"`
	Name     string            `json:"name"`
	FirstAt  time.Time         `json:"first_at"`
	LastAt   time.Time         `json:"last_at"`
	Purpose  string            `json:"purpose"`
	Basis    string            `json:"legal_basis"`
	Items    []ExtractItem     `json:"items"`
	Profiles []ExtractProfile  `json:"profiles"`
	Told     []ExtractTold     `json:"told_by_people"`
	Deeds    []ExtractDeed     `json:"our_deeds"`
	Contests []ExtractContest  `json:"objections"`
	Flags    []string          `json:"protection"`
	Looks    []ExtractLook     `json:"looks"`
	Groups   []ExtractGroup    `json:"groups"`                  // of accounts that act together; who else is in them is others' data
	Links    int               `json:"links_to_other_accounts"` // how many; which ones is another person's data
	Rights   map[string]string `json:"rights"`
}

// ExtractItem is one item as captured.
type ExtractItem struct {
	At       time.Time `json:"at"`
	Text     string    `json:"text"`
	URL      string    `json:"url,omitempty"`
	Labels   []string  `json:"labels,omitempty"`
	Severity int       `json:"severity"`
	GoneAt   time.Time `json:"gone_at,omitzero"`
	Earlier  []string  `json:"earlier_texts,omitempty"`
}

// ExtractProfile is one version of the profile in sentences.
type ExtractProfile struct {
	Version    int               `json:"version"`
	State      State             `json:"state"`
	Made       time.Time         `json:"made"`
	ValidUntil time.Time         `json:"valid_until,omitzero"`
	Summary    []string          `json:"summary"`
	Scales     map[string]string `json:"scales"`
	Motive     string            `json:"motive_hypothesis"`
	Chances    map[string]int    `json:"chances_percent"`
	Propensity string            `json:"propensity_to_escalate"`
	Against    []string          `json:"speaks_against"`
	Confidence float64           `json:"confidence"`
	Log        []string          `json:"decisions_of_people"`
}

// ExtractTold is what a person of the firm told.
type ExtractTold struct {
	Field, Value, Source string
	SeenAt               time.Time
}

// ExtractGroup is a group the account is said to act with.
type ExtractGroup struct {
	Number    string `json:"number"`
	Level     string `json:"level"`
	Confirmed bool   `json:"confirmed_by_a_person"`
	Others    int    `json:"other_accounts"`
}

// ExtractDeed is one deed of ours and what followed.
type ExtractDeed struct {
	At     time.Time `json:"at"`
	Option string    `json:"option"`
	After  string    `json:"after,omitempty"`
}

// ExtractContest is one objection.
type ExtractContest struct {
	At                 time.Time
	Said, Outcome, Why string
}

// ExtractLook is when somebody looked, and what for; not who.
type ExtractLook struct {
	LastAt  time.Time
	Purpose string
	N       int
}

// Export gathers the extract and puts on record that it was given out. Needs access.WorkProfiles or access.LegalProfiles, and a person.
// Faults: NotFound "missing".
func (s *Store) Export(ctx context.Context, firm, key string) (x Extract, err error) {
	may := access.WorkProfiles
	if access.Check(ctx, access.LegalProfiles, firm) == nil {
		may = access.LegalProfiles
	}
	if err := person(ctx, may, firm); err != nil {
		return x, err
	}
	if err := s.Looked(ctx, firm, key, "export"); err != nil {
		return x, err
	}
	// Gathered on the program's behalf, so that a lawyer who may only have the package does not have to read everything it is made of.
	if x, err = s.extract(access.With(ctx, access.System(firm)), firm, key); err != nil {
		return x, fmt.Errorf("export account: %w", err)
	}
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		return s.Journal.Record(ctx, journal.Entry{Firm: firm, Ref: Ref(s.mark(ctx, firm, key)), Verb: "author.exported",
			Data: map[string]string{"items": itoa(len(x.Items)), "profiles": itoa(len(x.Profiles))}})
	})
	return x, err
}

func (s *Store) extract(ctx context.Context, firm, key string) (x Extract, err error) {
	card, err := s.card(ctx, firm, key)
	if err != nil {
		return x, err
	}
	t := lang.PL
	x = Extract{Made: s.DB.Now(), Account: key, Name: card.Name, FirstAt: card.FirstAt, LastAt: card.LastAt, Purpose: t.T("profile.purpose"),
		Basis: t.T("profile.legal_basis"), Rights: map[string]string{"sprostowanie": "art. 16", "usunięcie": "art. 17", "sprzeciw": "art. 21",
			"skarga": "Prezes UODO"}}
	ms, err := s.Mentions.OfAuthors(ctx, firm, []string{key})
	if err != nil {
		return x, err
	}
	hide, err := s.masker(ctx, firm, key, ms)
	if err != nil {
		return x, err
	}
	if x.Items, err = s.extractItems(ctx, ms, hide); err != nil {
		return x, err
	}
	return x, s.extractSayings(ctx, firm, key, hide, &x)
}

func (s *Store) extractItems(ctx context.Context, ms []mention.Mention, hide func(string) string) (out []ExtractItem, err error) {
	for _, m := range ms {
		it := ExtractItem{At: m.At, Text: hide(m.Text), URL: m.URL, Labels: m.Labels, Severity: m.Severity, GoneAt: m.GoneAt}
		if m.Revision > 1 {
			rs, err := s.Mentions.Revisions(ctx, m.Firm, m.ID)
			if err != nil {
				return nil, err
			}
			for _, r := range rs {
				if r.Text != m.Text {
					it.Earlier = append(it.Earlier, hide(r.Text))
				}
			}
		}
		out = append(out, it)
	}
	return out, nil
}

// extractSayings adds what was said about the account and what was done.
func (s *Store) extractSayings(ctx context.Context, firm, key string, hide func(string) string, x *Extract) error {
	groups, err := s.groupsOf(ctx, firm, key)
	if err != nil {
		return err
	}
	for _, g := range groups {
		x.Groups = append(x.Groups, ExtractGroup{g.Number, g.Level, g.Confirmed, g.Others})
	}
	ds, err := s.documents(ctx, `key = $2`, firm, key)
	if err != nil {
		return err
	}
	for _, d := range ds {
		x.Profiles = append(x.Profiles, d.extract(hide))
	}
	facts, err := s.facts(ctx, firm, key)
	if err != nil {
		return err
	}
	for _, f := range facts {
		x.Told = append(x.Told, ExtractTold{lang.PL.T("signal.fact." + f.Field), f.Value, hide(f.Source), f.SeenAt})
	}
	deeds, err := s.Deeds(ctx, firm, key)
	if err != nil {
		return err
	}
	for _, d := range deeds {
		e := ExtractDeed{At: d.At, Option: lang.PL.T("option." + d.Option)}
		if d.After != signal.NotYet {
			e.After = lang.PL.T("after." + string(d.After))
		}
		x.Deeds = append(x.Deeds, e)
	}
	cs, err := s.contests(ctx, firm, key)
	if err != nil {
		return err
	}
	for _, c := range cs {
		x.Contests = append(x.Contests, ExtractContest{c.MadeAt, c.Said, lang.PL.T("contest." + cmp.Or(c.Outcome, "open")), hide(c.Why)})
	}
	fs, err := s.flags(ctx, firm, key)
	if err != nil {
		return err
	}
	for _, f := range fs {
		if f.Kind != Objection && f.Stands() && final(f.Kind) {
			x.Flags = append(x.Flags, lang.PL.T("protect."+f.Kind))
		}
	}
	rs, err := s.readings(ctx, firm, key)
	if err != nil {
		return err
	}
	for _, r := range rs {
		x.Looks = append(x.Looks, ExtractLook{r.LastAt, lang.PL.T("profile.reading." + r.Purpose), r.N})
	}
	ls, err := s.links(ctx, firm, key)
	x.Links = len(ls)
	return err
}

func (d Document) extract(hide func(string) string) ExtractProfile {
	t := lang.PL
	p := ExtractProfile{Version: d.Version, State: d.State, Made: d.Made, ValidUntil: d.ValidUntil, Scales: map[string]string{},
		Chances: map[string]int{}, Confidence: d.Base}
	if d.State == Erased {
		return p
	}
	p.Motive, p.Propensity = t.T("motive."+string(d.Motive)), t.T("band."+itoa(d.Band))
	for _, st := range d.Summary {
		p.Summary = append(p.Summary, hide(st.Say(t)))
	}
	for _, st := range d.Against {
		p.Against = append(p.Against, hide(st.Say(t)))
	}
	for name, x := range d.Scale {
		if x.Known {
			p.Scales[t.T("scale."+name)] = itoa(x.Value) + ": " + t.T("scale."+name+"."+itoa(x.Value))
		}
	}
	for _, c := range d.Chances {
		p.Chances[t.T("motive."+string(c.Motive))] = int(100*c.P + 0.5)
	}
	for _, e := range d.Log {
		p.Log = append(p.Log, strings.TrimSpace(t.DateTime(e.At)+" "+t.T("profile.log."+e.What)+" "+e.Field+" "+hide(e.Why)))
	}
	return p
}

// Say is the statement in a language.
func (st Statement) Say(t lang.Tag) string {
	if st.Rule == "" {
		return st.Text
	}
	kv := make([]any, 0, 2*len(st.Facts))
	for k, v := range st.Facts {
		kv = append(kv, k, v)
	}
	said := t.T("reason."+st.Rule, kv...)
	if sign := st.Facts["Sign"]; sign != "" {
		return t.T("state.sign."+sign) + ": " + said
	}
	return said
}

const masked = "[inna osoba]"

var (
	handles = regexp.MustCompile(`@[\p{L}\p{N}_.\-]{2,}`)
	mails   = regexp.MustCompile(`[\w.+\-]+@[\w\-]+\.[\w.\-]+`)
	phones  = regexp.MustCompile(`(?:\+?\d[\s\-]?){9,13}`)
)

// masker hides who else is named: accounts that wrote in the same threads, handles, e-mail addresses and telephone numbers. A name
// that nobody in the threads bears and that is written out in the text stays: no list knows it.
func (s *Store) masker(ctx context.Context, firm, key string, ms []mention.Mention) (func(string) string, error) {
	const mostThreads = 50
	names, posts, own := map[string]bool{}, map[string]bool{}, ""
	for _, m := range ms {
		own = m.AuthorName
		if m.Post != "" && len(posts) < mostThreads && !posts[m.Post] {
			posts[m.Post] = true
			list, err := s.Mentions.Thread(ctx, firm, m.Post)
			if err != nil {
				return nil, err
			}
			for _, o := range list {
				if o.AuthorKey != key && len([]rune(strings.TrimSpace(o.AuthorName))) >= 3 {
					names[strings.TrimSpace(o.AuthorName)] = true
				}
			}
		}
	}
	delete(names, own)
	// The longest first, so that "Jan Kowalski" goes before "Jan".
	list := make([]string, 0, len(names))
	for n := range names {
		list = append(list, n)
	}
	slices.SortFunc(list, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	pairs := make([]string, 0, 2*len(list))
	for _, n := range list {
		pairs = append(pairs, n, masked)
	}
	replace := strings.NewReplacer(pairs...)
	return func(text string) string {
		text = replace.Replace(text)
		for _, re := range []*regexp.Regexp{mails, handles, phones} {
			text = re.ReplaceAllString(text, masked)
		}
		return text
	}, nil
}

// JSON is the extract for programs.
func (x Extract) JSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(x)
}

// HTML is the extract for a person, in Polish, as one page without anything from elsewhere.
func (x Extract) HTML(w io.Writer) error { return page.Execute(w, x) }

var page = template.Must(template.New("extract").Funcs(template.FuncMap{
	"at": func(t time.Time) string {
		if t.IsZero() {
			return "–"
		}
		return lang.PL.DateTime(t)
	},
	"list":  func(ss []string) string { return strings.Join(ss, ", ") },
	"state": func(s State) string { return lang.PL.T("profile.state." + string(s)) },
}).Parse(`<!doctype html>
<html lang="pl"><head><meta charset="utf-8"><title>Wyciąg danych o koncie</title></head><body>
<h1>Wyciąg danych o koncie „{{.Name}}”</h1>
<p>Sporządzono {{at .Made}}. Konto na platformie: {{.Account}}. Pierwszy wpis {{at .FirstAt}}, ostatni {{at .LastAt}}.</p>
<p>Cel: {{.Purpose}}. Podstawa: {{.Basis}}. Opisujemy zachowanie konta, nie osobę. Żadna decyzja nie zapada automatycznie. Dane innych osób zasłonięto.</p>
<h2>Co konto napisało ({{len .Items}})</h2>
<ol>{{range .Items}}<li>{{at .At}}{{if .URL}} <a href="{{.URL}}">adres</a>{{end}}{{if .Labels}} (oznaczenia: {{list .Labels}}){{end}}<br>{{.Text}}{{range .Earlier}}<br>wcześniej: {{.}}{{end}}{{if not .GoneAt.IsZero}}<br>zniknęło {{at .GoneAt}}{{end}}</li>{{end}}</ol>
<h2>Profil zachowania</h2>
{{range .Profiles}}<h3>Wersja {{.Version}}: {{state .State}}, sporządzona {{at .Made}}{{if not .ValidUntil.IsZero}}, ważna do {{at .ValidUntil}}{{end}}</h3>
<ul>{{range .Summary}}<li>{{.}}</li>{{end}}</ul>
<ul>{{range $k, $v := .Scales}}<li>{{$k}}: {{$v}}</li>{{end}}</ul>
<p>Hipoteza motywu: {{.Motive}}{{range $k, $v := .Chances}}; {{$k}} {{$v}}%{{end}}. Skłonność do zaognienia: {{.Propensity}} (szacunek ekspercki, nie pomiar). Pewność: {{.Confidence}} z 1.</p>
{{if .Against}}<p>Co temu przeczy lub co sprawdzono:</p><ul>{{range .Against}}<li>{{.}}</li>{{end}}</ul>{{end}}
<p>Decyzje ludzi:</p><ul>{{range .Log}}<li>{{.}}</li>{{end}}</ul>{{else}}<p>Nie ma profilu.</p>{{end}}
{{if .Flags}}<h2>Ochrona</h2><ul>{{range .Flags}}<li>{{.}}</li>{{end}}</ul>{{end}}
<h2>Co podali ludzie z firmy</h2><ul>{{range .Told}}<li>{{.Field}}: {{.Value}} (źródło: {{.Source}}, widziano {{at .SeenAt}})</li>{{else}}<li>Nic.</li>{{end}}</ul>
<h2>Nasze działania</h2><ul>{{range .Deeds}}<li>{{at .At}}: {{.Option}}{{if .After}}, potem: {{.After}}{{end}}</li>{{else}}<li>Brak.</li>{{end}}</ul>
<h2>Sprzeciwy</h2><ul>{{range .Contests}}<li>{{at .At}}: {{.Said}} – {{.Outcome}}{{if .Why}}: {{.Why}}{{end}}</li>{{else}}<li>Brak.</li>{{end}}</ul>
<h2>Kiedy ktoś otwierał te dane</h2><ul>{{range .Looks}}<li>{{at .LastAt}}: {{.Purpose}} ({{.N}})</li>{{end}}</ul>
<h2>Prawa</h2><ul>{{range $k, $v := .Rights}}<li>{{$k}}: {{$v}}</li>{{end}}</ul>
</body></html>
`))
