package waves

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"chop/internal/access"
	"chop/internal/classify"
	"chop/internal/decision"
	"chop/internal/mention"
	"chop/internal/wave"
	"chop/internal/web/page"
	"chop/internal/web/session"
)

// rows is how many items a group shows until all are asked for.
const rows = 100

var icons = map[decision.Option]string{decision.Observe: "circle-minus", decision.Hide: "eye-off", decision.Delete: "trash-2",
	decision.Report: "flag", "seal": "stamp", "": "tag"}

// Row is one item.
type Row struct {
	ID, Href, Author, Text string
	Veiled                 bool
	At                     time.Time
	Labels                 []classify.Label
	Severity               int
	Says                   string // its own advice, or why not
	Checked                bool
}

// Group is items that stand alike.
type Group struct {
	ID    string // verdict or outcome
	Title string
	Text  string
	Icon  string
	Tone  page.Tone
	N     int
	Rows  []Row
	Pick  bool // ticks can be set
	Open  bool
}

// More is how many are not shown.
func (g Group) More() int { return g.N - len(g.Rows) }

// View is the page of one wave.
type View struct {
	W          wave.Wave
	T          wave.Tally
	Firm       string
	Title      string
	From       string // how the items were chosen
	May        bool
	Groups     []Group
	Seconds    *Group // waits for another person, who may be the one who looks
	MaySecond  bool
	Slips      []page.Slip
	Err        error
	Why        string
	MinWhy     int
	Count      string
	Counts     bool // a number is to be typed
	Taken      int  // how many would be done
	BackWhy    string
	SecondWhy  string
	Window     time.Time // until when everything can be called off
	Stale      bool
	All        bool
	Undoable   bool
	MayExport  bool
	MacroName  string
	MacroFound bool
}

// typed is what a form sent that has to be mended.
type typed struct {
	err                            error
	why, count, backWhy, secondWhy string
	choice                         wave.Choice
	sent                           bool
}

func (d Deps) show(w http.ResponseWriter, r *http.Request) {
	if x, found := d.find(w, r); found {
		d.render(w, r, x, typed{})
	}
}

func (d Deps) render(w http.ResponseWriter, r *http.Request, x wave.Wave, t typed) {
	v, err := d.view(r.Context(), x, t, r.URL.Query().Has("all"))
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	status := http.StatusOK
	if t.err != nil {
		status = session.Status(t.err)
	}
	session.Render(w, r, status, wavePage(v))
}

func (d Deps) view(ctx context.Context, x wave.Wave, t typed, all bool) (v View, err error) {
	who := access.From(ctx)
	now := page.FrameFrom(ctx).Now
	v = View{W: x, Firm: firmName(ctx, x.Firm), From: origin(ctx, x.Origin), May: who.Holds(access.Decide, x.Firm),
		MaySecond: who.Holds(access.SecondPerson, x.Firm), MayExport: who.Holds(access.ExportData, x.Firm), All: all,
		Slips: page.Slips(ctx, t.err), Err: t.err, Why: t.why, Count: t.count, BackWhy: t.backWhy, SecondWhy: t.secondWhy,
		Window: x.Window(now), Stale: x.State == wave.Ready && now.Sub(x.ReadyAt) > wave.Fresh}
	if v.Why == "" && t.err == nil {
		v.Why = x.Plan.Why
	}
	if x.Macro != "" {
		if m, err := d.Macros.Find(ctx, x.Firm, x.Macro); err == nil {
			v.MacroName, v.MacroFound = m.Name, true
		}
	}
	v.Title = optionName(ctx, x.Plan.Option)
	if v.MacroFound {
		v.Title = v.MacroName
	}
	if v.T, err = d.Waves.Tally(ctx, x); err != nil {
		return v, err
	}
	v.MinWhy = wave.MinWhy(x.Plan, v.T.Differs)
	v.Taken = v.T.Verdicts[wave.Take] + v.T.Verdicts[wave.Hand]
	v.Counts = wave.Counts(x.Plan, v.T.Final)
	v.Undoable = (x.State == wave.Ended || x.State == wave.Cancelled) && x.Back == wave.Kept && v.T.States[wave.Done] > 0 && x.Plan.Decides()
	if x.State == wave.Weighing {
		return v, nil
	}
	items, err := d.Waves.Items(ctx, x)
	if err != nil {
		return v, err
	}
	return v, d.groups(ctx, &v, items, t)
}

// groups parts the items by verdict before the start, and by what became of them afterwards.
func (d Deps) groups(ctx context.Context, v *View, items []wave.Item, t typed) error {
	stand, err := d.Waves.Standings(ctx, v.W, items)
	if err != nil {
		return err
	}
	before := v.W.State == wave.Ready || v.W.State == wave.Dropped
	key := func(i wave.Item) string {
		if before {
			return string(i.Verdict)
		}
		return fate(i, stand[i.Decision])
	}
	order, parts := groupOrder(before), map[string][]wave.Item{}
	for _, i := range items {
		parts[key(i)] = append(parts[key(i)], i)
	}
	for _, k := range order {
		list := parts[k]
		if len(list) == 0 {
			continue
		}
		g := Group{ID: k, N: len(list), Title: page.N(ctx, "waves.group."+k, len(list)), Text: page.T(ctx, "waves.group."+k+".text"), Icon: groupIcons[k],
			Tone: groupTones[k]}
		verdict := wave.Verdict(k)
		g.Pick = before && verdict.Runs() && v.May
		g.Open = g.Pick && !verdict.Apart() || k == string(wave.Criticism) || k == "second" || k == "skipped" || k == "failed"
		show := list
		if !v.All {
			show = list[:min(len(list), rows)]
		}
		if g.Rows, err = d.rows(ctx, v.W, show); err != nil {
			return err
		}
		for n := range g.Rows {
			g.Rows[n].Checked = g.Pick && !verdict.Apart()
			if t.sent {
				g.Rows[n].Checked = slices.Contains(t.choice.With, g.Rows[n].ID)
			}
		}
		if k == "second" && !before {
			g.Pick = v.MaySecond && v.W.Who != access.From(ctx).User
			for n := range g.Rows {
				g.Rows[n].Checked = g.Pick && !t.sent || slices.Contains(t.choice.With, g.Rows[n].ID)
			}
			v.Seconds = &g
			continue
		}
		v.Groups = append(v.Groups, g)
	}
	return nil
}

// fate is what became of an item.
func fate(i wave.Item, s decision.Standing) string {
	switch {
	case i.Back == "taken":
		return "taken"
	case i.State != wave.Done:
		return string(i.State)
	case i.Decision == "":
		return "sealed"
	case s.State == decision.Second:
		return "second"
	case s.State == decision.Consent:
		return "owner"
	case s.State != decision.Decided:
		return "undone"
	}
	switch s.Outcome {
	case decision.Underway:
		return "underway"
	case decision.ByHand:
		return "manual"
	case decision.Failed, decision.Dropped:
		return "broken"
	}
	return "done"
}

func groupOrder(before bool) []string {
	if before {
		out := make([]string, len(wave.Verdicts))
		for i, v := range wave.Verdicts {
			out[i] = string(v)
		}
		return out
	}
	return []string{"second", "owner", "skipped", "failed", "broken", "waiting", "underway", "manual", "done", "sealed", "taken", "undone", "left", "weighed"}
}

var groupIcons = map[string]string{"take": "check", "hand": "hand", "second": "users", "mixed": "triangle-alert", "asks": "mail", "criticism": "shield-check",
	"guard": "lock", "mandate": "lock", "impossible": "x", "capped": "flag", "already": "check", "own": "building-2", "gone": "x",
	"owner": "mail", "skipped": "info", "failed": "triangle-alert", "broken": "triangle-alert", "waiting": "clock", "underway": "clock", "manual": "hand",
	"done": "check", "sealed": "stamp", "taken": "undo-2", "undone": "undo-2", "left": "minus", "weighed": "minus"}

var groupTones = map[string]page.Tone{"take": page.Good, "done": page.Good, "sealed": page.Good, "criticism": page.Ask, "second": page.Ask, "owner": page.Ask,
	"failed": page.Danger, "broken": page.Danger, "skipped": page.Line}

// rows are items as lines.
func (d Deps) rows(ctx context.Context, w wave.Wave, items []wave.Item) (out []Row, err error) {
	ids := make([]string, len(items))
	for n, i := range items {
		ids[n] = i.Mention
	}
	found := map[string]mention.Mention{}
	for part := range slices.Chunk(ids, 500) {
		ms, err := d.Mentions.ByIDs(ctx, w.Firm, part)
		if err != nil {
			return nil, err
		}
		for _, m := range ms {
			found[m.ID] = m
		}
	}
	for _, i := range items {
		m := found[i.Mention]
		out = append(out, Row{ID: i.Mention, Href: "/inbox?m=" + url.QueryEscape(i.Mention), Author: authorName(ctx, m), Text: textOf(ctx, m), At: m.At,
			Veiled: distressing(m), Labels: labels(m), Severity: m.Severity, Says: says(ctx, w, i)})
	}
	return out, nil
}

// says is an item's own advice where it differs, or why it is not done.
func says(ctx context.Context, w wave.Wave, i wave.Item) string {
	switch {
	case i.Back == "kept":
		return codeText(ctx, i.BackCode)
	case i.Code != "":
		return codeText(ctx, i.Code)
	case i.Best != "" && i.Differs:
		return page.T(ctx, "waves.row.best", "Option", lower(optionName(ctx, i.Best)))
	}
	return ""
}

// codeText is the sentence of a guard-rail or a fault.
func codeText(ctx context.Context, code string) string {
	t := page.Lang(ctx)
	switch {
	case code == "":
		return ""
	case t.Has("guard." + code):
		return upper(page.T(ctx, "guard."+code))
	case t.Has("waves.code." + code):
		return page.T(ctx, "waves.code."+code)
	case t.Has("fault." + code):
		return page.T(ctx, "fault."+code)
	}
	return page.T(ctx, "waves.code.other")
}

func authorName(ctx context.Context, m mention.Mention) string {
	if m.ID == "" {
		return page.T(ctx, "fault.wave.gone")
	}
	if strings.TrimSpace(m.AuthorName) == "" {
		return page.T(ctx, "inbox.nameless")
	}
	return m.AuthorName
}

func textOf(ctx context.Context, m mention.Mention) string {
	if strings.TrimSpace(m.Text) == "" {
		return page.T(ctx, "inbox.wordless")
	}
	return short(m.Text, 160)
}

// distressing texts are covered until somebody opens the item (DESIGN.md 1.11).
func distressing(m mention.Mention) bool {
	return m.Severity >= 3 && (m.Has(string(classify.Hate)) || m.Has(string(classify.Threat)))
}

func labels(m mention.Mention) (ls []classify.Label) {
	for _, l := range append(slices.Clone(classify.Labels), classify.FakeReview) {
		if m.Has(string(l)) && !(l == classify.Neutral && len(m.Labels) > 1) {
			ls = append(ls, l)
		}
	}
	return ls
}

// origin says how the items were chosen.
func origin(ctx context.Context, o wave.Origin) string {
	if o.Name == "" {
		return page.T(ctx, "waves.origin."+o.Kind+".nameless")
	}
	return page.T(ctx, "waves.origin."+o.Kind, "Name", o.Name)
}

func firmName(ctx context.Context, id string) string {
	for _, f := range page.FrameFrom(ctx).Firms {
		if f.ID == id {
			return f.Name
		}
	}
	return ""
}

func optionName(ctx context.Context, o decision.Option) string {
	if o == "" {
		return page.T(ctx, "waves.option.labels")
	}
	if o == "seal" {
		return page.T(ctx, "waves.option.seal")
	}
	return page.T(ctx, "option."+string(o))
}

func lower(s string) string { return strings.ToLower(s[:1]) + s[1:] }

func upper(s string) string {
	r := []rune(s)
	if len(r) == 0 {
		return s
	}
	return strings.ToUpper(string(r[:1])) + string(r[1:])
}
