package dossier

import (
	"bytes"
	"cmp"
	"context"
	_ "embed"
	"fmt"
	"html/template"
	"regexp"
	"slices"
	"strings"
	ttemplate "text/template"
	"time"
	"unicode"

	"chop/internal/access"
	"chop/internal/crisis"
	"chop/internal/lang"
	"chop/internal/mention"
)

//go:embed texts/paper.html
var paperHTML string

//go:embed texts/SPRAWDZ.md
var checkPL string

//go:embed texts/VERIFY.md
var checkEN string

//go:embed texts/sprawdz.sh
var checkScript []byte

// Names of the documents in a package.
const (
	CoverPL     = "00_CZYTAJ_NAJPIERW.pdf"
	CoverEN     = "00_READ_FIRST.pdf"
	List        = "01_wykaz_dowodow"
	Chronology  = "02_os_czasu"
	Declaration = "03_oswiadczenie_operatora.pdf"
	Custody     = "chain_of_custody.csv"
	ForAuthors  = "data/kontrdowody/CO_PRZEMAWIA_ZA_AUTORAMI.txt"
)

// sheet is what a document's template sees.
type sheet struct {
	Kind      string // cover, list, story, declaration, groups
	L         lang.Tag
	P         Package
	Firm      string
	Case      string // number and title
	Items     []item
	Events    []event
	Favours   []string // what the program itself sees in favour of the authors
	Not       []string // what is not proved
	Own       bool     // the seal is the installation's own
	Seal      string   // fingerprint of the seal's root
	Key       string   // of the log
	Size      int64
	Stamped   int // exhibits with a timestamp
	Test      bool
	Redacted  int
	Version   string
	Groups    []acting
	StampSeal string // how the cover is stamped: none, rfc3161, rfc3161-test
}

// event is a line of the chronology.
type event struct {
	At   time.Time
	Text string
	Code string // of the exhibit that shows it
}

func (w *work) documents(ctx context.Context) error {
	favours, err := w.favours(ctx)
	if err != nil {
		return err
	}
	if err := w.bag.Add(ForAuthors, w.forAuthors(favours)); err != nil {
		return err
	}
	if w.of != nil {
		if w.story, err = w.Cases.Timeline(ctx, w.p.Firm, w.of.ID); err != nil {
			return err
		}
		slices.Reverse(w.story)
	}
	if err := w.tables(); err != nil {
		return err
	}
	for _, d := range []struct {
		name, kind string
		l          lang.Tag
		seal       bool
	}{{CoverPL, "cover", lang.PL, true}, {CoverEN, "cover", lang.EN, true}, {List + ".pdf", "list", w.p.Order.Lang, false},
		{Chronology + ".pdf", "story", w.p.Order.Lang, false}, {Declaration, "declaration", w.p.Order.Lang, false}} {
		if err := w.paper(ctx, d.name, w.sheet(d.kind, d.l, favours), d.seal); err != nil {
			return fmt.Errorf("%s: %w", d.name, err)
		}
	}
	if err := w.groups(ctx); err != nil {
		return err
	}
	return w.instructions()
}

func (w *work) sheet(kind string, l lang.Tag, favours []string) sheet {
	s := sheet{Kind: kind, L: l, P: *w.p, Firm: w.firm.Name, Items: w.items, Own: w.seal.Own(), Seal: fingerprint(w.seal), Key: w.Ledger.VerifierKey(),
		Size: w.check.Size, Version: w.Version, Events: w.events(l), StampSeal: w.stampKind()}
	if w.of != nil {
		s.Case = w.of.Number + " · " + w.hide(caseTitle(l, *w.of))
	}
	for _, f := range favours {
		s.Favours = append(s.Favours, favourText(l, f))
	}
	for _, n := range silence {
		s.Not = append(s.Not, l.T("dossier.not."+n))
	}
	for _, it := range w.items {
		if len(it.Stamps) > 0 {
			s.Stamped++
			s.Test = s.Test || it.Stamps[0].Test
		}
		if it.Original != "" {
			s.Redacted++
		}
	}
	return s
}

// silence is what no package proves, in the order in which it is said.
var silence = []string{"who", "true", "others", "time", "whole", "second"}

func caseTitle(l lang.Tag, c crisis.Case) string {
	if !l.Has(c.Title) {
		return strings.TrimSpace(c.Title)
	}
	return l.T(c.Title, pairs(c.Facts)...)
}

func pairs(m map[string]string) (kv []any) {
	for k, v := range m {
		kv = append(kv, k, v)
	}
	return kv
}

// hide blacks out what was asked for in a text that is not an exhibit's.
func (w *work) hide(s string) string {
	if !w.p.Order.Redacted() {
		return s
	}
	return newRedaction(w.p.Order).clean(s)
}

// favours is what the program knows in favour of the authors: "<what> <exhibit>".
func (w *work) favours(ctx context.Context) (list []string, err error) {
	ctx = access.With(ctx, access.System(w.p.Firm))
	codes := map[string]string{}
	for _, it := range w.items {
		if it.Favours {
			list = append(list, "chosen "+it.Code())
		}
		if it.Ref.Kind == "mention" {
			codes[it.Ref.ID] = it.Code()
		}
	}
	ids := make([]string, 0, len(codes))
	for id := range codes {
		ids = append(ids, id)
	}
	for part := range slices.Chunk(ids, 200) {
		ms, err := w.Mentions.ByIDs(ctx, w.p.Firm, part)
		if err != nil {
			return nil, err
		}
		for _, m := range ms {
			list = append(list, speaks(m, codes[m.ID])...)
		}
	}
	slices.Sort(list)
	return list, nil
}

// speaks is what speaks for the author of a mention.
func speaks(m mention.Mention, code string) (list []string) {
	for _, label := range []string{"complaint", "question", "opinion", "satire", "distress"} {
		if m.Has(label) {
			list = append(list, label+" "+code)
		}
	}
	if !m.GoneAt.IsZero() {
		list = append(list, "gone "+code)
	}
	if m.Revision > 1 {
		list = append(list, "edited "+code)
	}
	return list
}

func favourText(l lang.Tag, f string) string {
	what, code, _ := strings.Cut(f, " ")
	return l.T("dossier.favours."+what, "Code", code)
}

// forAuthors is the text file of what speaks for the authors.
func (w *work) forAuthors(favours []string) []byte {
	l := w.p.Order.Lang
	var b strings.Builder
	b.WriteString(l.T("dossier.for.title") + "\n\n" + l.T("dossier.for.person", "Name", w.p.Name) + "\n" + w.hide(w.p.Order.ForAuthors) + "\n\n" + l.T("dossier.for.program") + "\n")
	for _, f := range favours {
		b.WriteString("- " + favourText(l, f) + "\n")
	}
	if len(favours) == 0 {
		b.WriteString("- " + l.T("dossier.for.nothing") + "\n")
	}
	return []byte(b.String())
}

// told are the happenings of a case that belong into a chronology for strangers: what was done, not what was thought.
var told = []string{"opened", "contained", "closed", "reopened"}

// events is the chronology: what was written, changed and gone, what was sealed, and what was done in the case.
func (w *work) events(l lang.Tag) (list []event) {
	add := func(at time.Time, code, key string, kv ...any) {
		if !at.IsZero() {
			list = append(list, event{at, l.T("dossier.event."+key, kv...), code})
		}
	}
	for _, it := range w.items {
		who := cmp.Or(it.Account, l.T("dossier.nobody"))
		add(it.Written, it.Code(), "written", "Who", who, "Quote", cmp.Or(short(it.Quote, 160), it.Title))
		add(it.Vanished, it.Code(), "gone", "Who", who)
		add(it.At, it.Code(), "sealed", "Code", it.Code(), "Title", it.Title)
		for _, s := range it.Stamps {
			add(s.At, it.Code(), "stamped", "Code", it.Code(), "Name", s.Name)
		}
	}
	for _, e := range w.story {
		if key := "timeline." + e.What; l.Has(key) && (slices.Contains(told, e.What) || strings.HasPrefix(e.What, "deed.done.")) {
			list = append(list, event{e.At, w.hide(l.T(key, pairs(e.Facts)...)), ""})
		}
	}
	slices.SortStableFunc(list, func(a, b event) int { return a.At.Compare(b.At) })
	return list
}

func (w *work) tables() error {
	l := w.p.Order.Lang
	list := [][]string{{l.T("dossier.col.number"), l.T("dossier.col.seen"), l.T("dossier.col.url"), l.T("dossier.col.account"), l.T("dossier.col.quote"),
		l.T("dossier.col.level"), l.T("dossier.col.file"), "SHA-256", l.T("dossier.col.index"), l.T("dossier.col.stamp")}}
	for _, it := range w.items {
		for _, f := range it.Kept {
			list = append(list, []string{it.Code(), it.At.Format(utc), it.URL, it.Account, it.Quote, string(it.Level), f.Path, f.SHA256, fmt.Sprint(it.Index), stampText(it)})
		}
	}
	story := [][]string{{l.T("dossier.col.when"), l.T("dossier.col.what"), l.T("dossier.col.exhibit")}}
	word := slices.Clone(story)
	for _, e := range w.events(l) {
		story = append(story, []string{e.At.UTC().Format(utc), e.Text, e.Code})
		word = append(word, []string{l.DateTime(e.At), e.Text, e.Code})
	}
	custody := [][]string{{l.T("dossier.col.when"), l.T("dossier.col.exhibit"), l.T("dossier.col.who"), l.T("dossier.col.what"), l.T("dossier.col.to"), l.T("dossier.col.why")}}
	for _, it := range w.items {
		for _, c := range it.Custody {
			custody = append(custody, []string{c.At.UTC().Format(utc), it.Code(), c.Name, verbText(l, c.Verb), c.Data["to"], w.hide(c.Why)})
		}
	}
	for _, t := range []struct {
		name string
		rows [][]string
	}{{List + ".csv", list}, {Chronology + ".csv", story}, {Custody, custody}} {
		raw, err := commas(t.rows)
		if err != nil {
			return err
		}
		if err := w.bag.Add(t.name, raw); err != nil {
			return err
		}
	}
	raw, err := docx(l, l.T("dossier.story.title"), l.T("dossier.story.lead", "Firm", w.firm.Name), word, []int{1700, 6700, 1200}, w.p.At)
	if err != nil {
		return err
	}
	return w.bag.Add(Chronology+".docx", raw)
}

const utc = "2006-01-02T15:04:05Z"

func stampText(it item) string {
	var all []string
	for _, s := range it.Stamps {
		all = append(all, s.At.UTC().Format(utc)+" "+s.Name)
	}
	return strings.Join(all, "; ")
}

func verbText(l lang.Tag, verb string) string {
	if id := "journal." + verb; l.Has(id) {
		return l.T(id)
	}
	return verb
}

// paper prints a document; the cover is sealed.
func (w *work) paper(ctx context.Context, name string, s sheet, seal bool) error {
	page, err := render(s)
	if err != nil {
		return err
	}
	pdf, err := w.Print(ctx, page)
	if err != nil {
		return err
	}
	if seal {
		if pdf, err = w.seal.PDF(pdf, s.L.T("dossier.seal.reason", "Code", w.p.Code()), w.DB.Now(), w.stamper(ctx)); err != nil {
			return err
		}
	}
	return w.bag.Add(name, pdf)
}

var paperTemplate = template.Must(template.New("paper").Funcs(template.FuncMap{
	"t": func(l lang.Tag, id string, kv ...any) string { return tie(l.T(id, kv...)) },
	"n": func(l lang.Tag, id string, n int, kv ...any) string { return tie(l.N(id, n, kv...)) },
	"when": func(l lang.Tag, at time.Time) string {
		if at.IsZero() {
			return "–"
		}
		return l.Date(at) + "\u00a0" + at.In(lang.Zone).Format("15:04:05")
	},
	"limit": limitText,
	"utc":   func(at time.Time) string { return at.UTC().Format(utc) },
	"tie":   tie,
	"src":   func(s string) template.URL { return template.URL(s) }, // made by thumbnail
	"hash":  func(s string) string { return spaced(s, 8) },
	"size":  bytesText,
	"int":   func(n int64) int { return int(n) },
}).Parse(paperHTML))

func render(s sheet) ([]byte, error) {
	var b bytes.Buffer
	err := paperTemplate.Execute(&b, s)
	return b.Bytes(), err
}

var loose = regexp.MustCompile(`(^|[\s\x{00a0}(„])([aiouwzAIOUWZ]) `)

// tie keeps one-letter words of Polish from standing at the end of a line.
func tie(s string) string {
	return loose.ReplaceAllString(loose.ReplaceAllString(s, "$1$2\u00a0"), "$1$2\u00a0")
}

// limitText is a known gap of an exhibit in words; one that the program does not know stands as it was written.
func limitText(l lang.Tag, s string) string {
	id := "exhibits.limit." + strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r < 'a' || r > 'z' }), "-")
	if l.Has(id) {
		return l.T(id)
	}
	return s
}

// spaced breaks a long row of digits so that a person can compare it and a line can end in it.
func spaced(s string, every int) string {
	var b strings.Builder
	for i, r := range s {
		if i > 0 && i%every == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}

func bytesText(l lang.Tag, n int64) string {
	switch {
	case n >= 1<<20:
		return l.Int(int(n>>20)) + "\u00a0MB"
	case n >= 1<<10:
		return l.Int(int(n>>10)) + "\u00a0kB"
	}
	return l.Int(int(n)) + "\u00a0B"
}

// instructions writes how to check the package, in both languages, with the commands in full, and the script that runs them.
func (w *work) instructions() error {
	data := map[string]any{"P": *w.p, "Own": w.seal.Own(), "Seal": fingerprint(w.seal), "Key": w.Ledger.VerifierKey(), "Size": w.check.Size,
		"Example": w.items[0].Code(), "Stamps": w.stamps(), "StampSeal": w.stampKind(), "Digest": w.items[0].Digest, "Index": w.items[0].Index}
	for name, text := range map[string]string{"SPRAWDZ.md": checkPL, "VERIFY.md": checkEN} {
		t, err := ttemplate.New(name).Parse(text)
		if err != nil {
			return err
		}
		var b bytes.Buffer
		if err := t.Execute(&b, data); err != nil {
			return err
		}
		if err := w.bag.Add(name, b.Bytes()); err != nil {
			return err
		}
	}
	return w.bag.Add("sprawdz.sh", checkScript)
}

func (w *work) stamps() (n int) {
	for _, it := range w.items {
		n += len(it.Stamps)
	}
	return n
}

// printable keeps a value on one line of a text that programs read.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, s)
}
