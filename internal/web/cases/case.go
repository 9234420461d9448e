package cases

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"chop/internal/access"
	"chop/internal/classify"
	"chop/internal/crisis"
	"chop/internal/evidence"
	"chop/internal/fault"
	"chop/internal/firm"
	"chop/internal/group"
	"chop/internal/mention"
	"chop/internal/reason"
	"chop/internal/web/groups"
	"chop/internal/web/page"
	"chop/internal/web/session"
	"chop/internal/web/why"
)

// View is the room of one case.
type View struct {
	Case     crisis.Case
	Title    string
	Firm     firm.Firm
	Lead     string
	State    page.State
	Work     bool // may work on the case
	Read     bool // may see mentions
	Proof    bool // may see exhibits
	Tally    Tally
	Items    []Item
	Fit      int           // items with the chosen label, or all
	Label    string        // the items are narrowed to, "" for none
	Chips    []page.Choice // labels of the items with their counts
	More     int           // items not shown
	Hidden   int           // items that this person may not see
	Test     crisis.SolvedTest
	Pulse    page.Pulse
	Steps    []page.Step
	Events   []page.Event
	Filter   string // all, decisions, deeds, evidence
	Whole    bool   // all items are shown
	Long     bool   // the whole timeline is shown
	Exhibits []evidence.Exhibit
	Sealed   int // mentions of the case that have an exhibit
	Owner    []string
	Others   []crisis.Case // other open cases of the firm, for moving items
	Groups   []group.Group // that were handed to the case
	Near     []group.Group // of which some accounts write in the case
	Form     Form
	Room     Room

	veiled map[string]bool // mentions whose text is shown only on request
	memos  map[string]crisis.Memo
}

// Item is one mention of the case.
type Item struct {
	Mention mention.Mention
	Channel string
	Labels  []classify.Label
	Text    []page.Piece // its beginning, with marks
	Place   string       // what its labels depend on, "" for nothing but its words
	Why     why.View
	Result  classify.Result
	Seals   []page.SealMark
	Veiled  bool
}

// Form is the verb a person has opened, with what they typed.
type Form struct {
	Verb       string // "" for none
	Why, Note  string
	Severity   int
	Resolution crisis.Resolution
	Item       string
	To         string
	Picked     []string
	Title      string // of a case that is split out
	Who, How   string
	Minutes    int // until something is due or promised
	Quiet      int // minutes
	Again      int // days
	Hand       crisis.Handing
	Task       string // the task a fault is about
	Err        error
}

const (
	shownItems = 15
	shownNext  = 6
	shownFew   = 10
)

func (d Deps) show(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if c, err := d.Cases.Find(r.Context(), r.PathValue("id")); err == nil && c.Merged() {
		redirect(w, r, c)
		return
	}
	d.room(w, r, r.PathValue("id"), Form{Verb: q.Get("do"), Picked: q["item"], To: q.Get("to"), Minutes: 60})
}

// room shows a case; f brings the form that is open, or that was wrong.
func (d Deps) room(w http.ResponseWriter, r *http.Request, id string, f Form) {
	v, err := d.view(r.Context(), id, r.URL.Query(), f)
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	status := http.StatusOK
	if f.Err != nil {
		status = session.Status(f.Err)
	}
	session.Render(w, r, status, casePage(v))
}

func (d Deps) view(ctx context.Context, id string, q url.Values, f Form) (v View, err error) {
	if v.Case, err = d.Cases.Find(ctx, id); err != nil {
		return v, err
	}
	c, a := v.Case, access.From(ctx)
	if v.Firm, err = d.Firms.Find(ctx, c.Firm); err != nil {
		return v, err
	}
	people := People{Duty: d.Duty}
	v.Title, v.Lead, v.Form, v.State = Title(ctx, c), people.Name(ctx, c.Firm, c.Lead), f, state(c)
	v.Work, v.Read, v.Proof = a.Holds(access.WorkCases, c.Firm), a.Holds(access.ViewMentions, c.Firm), a.Holds(access.ViewEvidence, c.Firm)
	v.Filter, v.Whole = cmp.Or(known(q.Get("show"), filters), "all"), q.Get("items") == "all"
	v.Long = q.Get("story") == "all"
	v.Label = q.Get("label")
	v.Form.Verb = offered(v, f)
	if v.Form.Err == nil {
		v.Form.Severity = c.Severity
	}
	if err = d.roomOf(ctx, &v); err != nil {
		return v, err
	}
	v.Form.Quiet, v.Form.Again = cmp.Or(v.Form.Quiet, int(v.Room.Setup.Quiet.Minutes())), cmp.Or(v.Form.Again, int(v.Room.Setup.Again.Hours()/24))
	items, err := d.items(ctx, &v)
	if err != nil {
		return v, err
	}
	if err = d.exhibits(ctx, &v, items); err != nil {
		return v, err
	}
	if err = d.mentions(ctx, &v, items); err != nil {
		return v, err
	}
	if err = d.story(ctx, &v); err != nil {
		return v, err
	}
	if v.Groups, v.Near, err = groups.InCase(ctx, d.Groups, c.Firm, c.ID, refs(items), authors(v.Room.Facts.Mentions)); err != nil {
		return v, err
	}
	v.Steps = steps(ctx, c)
	v.Owner = plain(ctx, v)
	return v, d.others(ctx, &v)
}

// items are the items of the case; who may see mentions gets everything known about them at once.
func (d Deps) items(ctx context.Context, v *View) ([]crisis.Item, error) {
	if !v.Read {
		return d.Cases.Items(ctx, v.Case.Firm, v.Case.ID)
	}
	err := d.facts(ctx, v)
	return v.Room.Facts.Items, err
}

// state is how the case shows; a contained one still needs an eye on it.
func state(c crisis.Case) page.State {
	switch {
	case !c.Open():
		return page.Calm
	case c.Priority <= 2 && c.Status != crisis.Contained:
		return page.Crisis
	}
	return page.Attention
}

func known(s string, all []string) string {
	if slices.Contains(all, s) {
		return s
	}
	return ""
}

// offered is the verb asked for when it is possible now, otherwise "". One that failed stays.
func offered(v View, f Form) string {
	if f.Err != nil {
		return f.Verb
	}
	if v.Work && slices.Contains(verbs(v.Case), f.Verb) {
		return f.Verb
	}
	return ""
}

// verbs are what can be done with a case in its present state, the usual one first.
func verbs(c crisis.Case) []string {
	switch c.Status {
	case crisis.Detected:
		return append([]string{"accept", "told", "note", "task", "hand", "contain", "close"}, sorting...)
	case crisis.Accepted:
		return append([]string{"contain", "told", "note", "task", "hand", "close"}, sorting...)
	case crisis.Contained:
		return append([]string{"close", "told", "note", "task", "hand", "reopen"}, sorting...)
	}
	return []string{"reopen", "note", "relate"}
}

func refs(items []crisis.Item) (rs []reason.Ref) {
	for _, x := range items {
		rs = append(rs, x.Ref)
	}
	return rs
}

// authors are the accounts that write in the case.
func authors(ms []mention.Mention) (keys []string) {
	for _, m := range ms {
		if !m.Own && m.AuthorKey != "" {
			keys = append(keys, m.AuthorKey)
		}
	}
	return keys
}

// sorting are the verbs that arrange an open case.
var sorting = []string{"word", "watch", "unwatch", "link", "move", "unlink", "split", "merge", "relate", "weigh", "setup"}

// mentions fills what only those see who may see mentions; others learn how many there are.
func (d Deps) mentions(ctx context.Context, v *View, items []crisis.Item) error {
	c := v.Case
	if !v.Read {
		v.Hidden = len(items)
		return nil
	}
	ms := slices.Clone(v.Room.Facts.Mentions)
	v.Tally = Count(ms)
	kinds, err := d.kinds(ctx, c.Firm)
	if err != nil {
		return err
	}
	seals := marks(v.Exhibits)
	v.veiled = map[string]bool{}
	for _, m := range ms {
		if len(seals[m.ID]) > 0 {
			v.Sealed++
		}
		v.veiled[m.ID] = Veiled(m)
	}
	v.Chips = labelChips(ctx, v, ms)
	ms = slices.DeleteFunc(ms, func(m mention.Mention) bool { return v.Label != "" && !m.Has(v.Label) })
	v.Fit = len(ms)
	slices.Reverse(ms) // the newest first
	if len(ms) > shownItems && !v.Whole {
		v.More = len(ms) - shownItems
		ms = ms[:shownItems]
	}
	for _, m := range ms {
		v.Items = append(v.Items, Item{Mention: m, Channel: kinds[m.Source], Labels: allLabels(m), Seals: seals[m.ID], Veiled: Veiled(m)})
	}
	if err := d.explain(ctx, v); err != nil {
		return err
	}
	return d.pulse(ctx, v)
}

// kinds maps the sources of a firm to their kinds.
func (d Deps) kinds(ctx context.Context, firm string) (map[string]string, error) {
	out := map[string]string{}
	if !access.From(ctx).Holds(access.ViewSources, firm) {
		return out, nil
	}
	list, err := d.Sources.List(ctx, firm)
	for _, s := range list {
		out[s.ID] = s.Kind
	}
	return out, err
}

// Labels are the first three labels of a mention, the gravest first.
func Labels(m mention.Mention) (ls []classify.Label) {
	for _, l := range classify.Labels {
		if m.Has(string(l)) && len(ls) < 3 {
			ls = append(ls, l)
		}
	}
	return ls
}

// Veiled tells whether a text is shown only to those who ask for it: threats, hate and people in distress.
func Veiled(m mention.Mention) bool {
	return m.Has(string(classify.Threat)) || m.Has(string(classify.Hate)) || m.Has(string(classify.Distress))
}

// exhibits finds the proof of the case and of its items, newest first.
func (d Deps) exhibits(ctx context.Context, v *View, items []crisis.Item) error {
	if !v.Proof {
		return nil
	}
	var ids []string
	for _, x := range items {
		if x.Ref.Kind == "mention" {
			ids = append(ids, x.Ref.ID)
		}
	}
	of, err := d.Evidence.OfMany(ctx, v.Case.Firm, "mention", ids)
	if err != nil {
		return err
	}
	own, err := d.Evidence.OfMany(ctx, v.Case.Firm, v.Case.Ref().Kind, []string{v.Case.ID})
	v.Exhibits = append(of, own...)
	slices.SortFunc(v.Exhibits, func(a, b evidence.Exhibit) int { return cmp.Compare(b.Number, a.Number) })
	return err
}

// marks are the seals by the id of what they show, two at most.
func marks(es []evidence.Exhibit) map[string][]page.SealMark {
	out := map[string][]page.SealMark{}
	for _, e := range es {
		if len(out[e.Ref.ID]) < 2 {
			out[e.Ref.ID] = append(out[e.Ref.ID], sealMark(e))
		}
	}
	return out
}

func sealMark(e evidence.Exhibit) page.SealMark {
	m := page.SealMark{Number: e.Code(), Href: "/exhibits/" + e.ID + "?firm=" + e.Firm}
	switch {
	case e.Checked == evidence.Fails || e.Unread:
		m.State = page.SealBad
	case e.Checked == evidence.Waits:
		m.State = page.SealWait
	}
	return m
}

// pulse is the firm's traffic around the case, in at most 97 steps.
func (d Deps) pulse(ctx context.Context, v *View) error {
	c, now := v.Case, page.FrameFrom(ctx).Now
	from, to := window(c, now)
	step := pace(to.Sub(from))
	from = from.Truncate(step)
	n := int(to.Sub(from)/step) + 1
	list, err := d.Mentions.Pulse(ctx, c.Firm, from, step, n)
	if err != nil {
		return err
	}
	p := page.Pulse{ID: "case", Height: 118, From: from, Step: step, Axis: true}
	most, ordinary, hostile := 0, 0, 0
	for _, b := range list {
		p.Ordinary, p.Hostile = append(p.Ordinary, b.Ordinary), append(p.Hostile, b.Hostile)
		most, ordinary, hostile = max(most, b.Hostile), ordinary+b.Ordinary, hostile+b.Hostile
	}
	if most > 1 {
		p.Peak = page.T(ctx, "cases.pulse.peak", "N", page.Int(ctx, most), "Step", page.Lang(ctx).Span(step))
	}
	p.Sentence = page.T(ctx, "cases.pulse", "From", page.When(ctx, from), "To", page.When(ctx, to), "Ordinary", page.Int(ctx, ordinary),
		"Hostile", page.Int(ctx, hostile), "Most", page.Int(ctx, most))
	v.Pulse = p
	return nil
}

// window is what the picture of a case covers: from three hours before it began to its end, and a day at least.
func window(c crisis.Case, now time.Time) (from, to time.Time) {
	to = now
	if !c.ClosedAt.IsZero() {
		to = c.ClosedAt
	}
	from = c.OpenedAt.Add(-3 * time.Hour)
	if day := to.Add(-24 * time.Hour); day.Before(from) {
		from = day
	}
	return from, to
}

func pace(whole time.Duration) time.Duration {
	for _, step := range []time.Duration{15 * time.Minute, 30 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour} {
		if whole/step <= 96 {
			return step
		}
	}
	return max(24*time.Hour, (whole/96).Truncate(24*time.Hour)+24*time.Hour)
}

func steps(ctx context.Context, c crisis.Case) []page.Step {
	at := func(word string, t time.Time) string {
		s := page.T(ctx, "case.status."+word)
		if t.IsZero() {
			return s
		}
		return s + " " + page.When(ctx, t)
	}
	ss := []page.Step{
		{Text: at("detected", c.OpenedAt), Done: true},
		{Text: at("accepted", c.AcceptedAt), Done: !c.AcceptedAt.IsZero(), Now: c.Status == crisis.Detected},
		{Text: page.T(ctx, "cases.step.containing"), Done: !c.ContainedAt.IsZero() || !c.Open(), Now: c.Status == crisis.Accepted},
		{Text: at("contained", c.ContainedAt), Done: !c.ContainedAt.IsZero()},
		{Text: at("closed", c.ClosedAt), Done: !c.Open(), Now: c.Status == crisis.Contained},
	}
	return ss
}

func (d Deps) others(ctx context.Context, v *View) error {
	if !v.Work || !slices.Contains([]string{"move", "merge", "relate"}, v.Form.Verb) {
		return nil
	}
	list, err := d.Cases.List(ctx, v.Case.Firm, v.Form.Verb != "relate")
	for _, c := range list {
		if c.ID != v.Case.ID {
			v.Others = append(v.Others, c)
		}
	}
	return err
}

// plain tells the firm's owner in plain words how things stand; who may not see mentions reads how the case stands.
func plain(ctx context.Context, v View) []string {
	if v.Read {
		return v.Room.Summary
	}
	return []string{standing(ctx, v)}
}

// standing is the last sentence: who leads, or how it ended.
func standing(ctx context.Context, v View) string {
	id, what := "cases.plain."+string(v.Case.Status), ""
	if v.Case.Status == crisis.Accepted && v.Lead == "" {
		id = "cases.plain.accepted.by_nobody"
	}
	if v.Case.Resolution != "" {
		what = page.T(ctx, "case.resolution."+string(v.Case.Resolution))
	}
	return page.T(ctx, id, "Lead", v.Lead, "What", what)
}

// act carries out one verb on the case.
func (d Deps) act(w http.ResponseWriter, r *http.Request) {
	ctx, id := r.Context(), r.PathValue("id")
	c, err := d.Cases.Find(ctx, id)
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	f := Form{Title: strings.TrimSpace(r.PostFormValue("title")), Who: r.PostFormValue("who"), How: r.PostFormValue("how"), Minutes: number(r, "minutes", 0),
		Quiet: number(r, "quiet", 0), Again: number(r, "again", 0), Task: r.PostFormValue("task"),
		Hand: crisis.Handing{Next: r.PostFormValue("next"), Going: r.PostFormValue("going"), Promised: r.PostFormValue("promised"), ToDo: r.PostFormValue("todo")},
		Verb: r.PathValue("verb"), Why: r.PostFormValue("why"), Note: r.PostFormValue("note"), Severity: number(r, "severity", c.Severity),
		Resolution: crisis.Resolution(r.PostFormValue("resolution")), Item: strings.TrimSpace(r.PostFormValue("item")), To: r.PostFormValue("to"),
		Picked: r.PostForm["pick"]}
	done, ok := d.deeds()[f.Verb]
	if !ok {
		session.Fail(w, r, fault.Missing("page"))
		return
	}
	switch err := done(ctx, c, f); {
	case fault.Is(err, fault.Invalid), fault.Is(err, fault.Conflict):
		f.Err = err
		d.room(w, r, id, f)
	case err != nil:
		session.Fail(w, r, err)
	default:
		session.Flash(w, r, page.Flash{Text: page.T(ctx, "cases.done."+f.Verb)})
		if f.Verb == "unrelate" || f.Verb == "merge" { // the case may go on as another one
			if now, err := d.Cases.Find(ctx, c.ID); err == nil && now.Merged() {
				c.ID = now.Root
			}
		}
		http.Redirect(w, r, "/cases/"+c.ID, http.StatusSeeOther)
	}
}
