package waves

import (
	"context"
	"net/http"
	"slices"
	"strconv"

	"chop/internal/access"
	"chop/internal/decision"
	"chop/internal/fault"
	"chop/internal/macro"
	"chop/internal/mention"
	"chop/internal/wave"
	"chop/internal/web/page"
	"chop/internal/web/session"
)

// sample is how many items the page of a choice shows.
const sample = 6

// Choose is the page before the preview: what fits, and what may be done with it.
type Choose struct {
	None    bool // nothing was chosen: the page tells where waves begin
	From    string
	Firm    string
	Found   int
	Frozen  int
	Rows    []Row
	Hidden  []page.Pair // carries the choice along
	Kind    string
	All     bool
	FromDay string
	ToDay   string
	Options []Offer
	Macros  []page.Option
	Option  string
	Untils  []page.Option
	May     bool
	Slips   []page.Slip
}

// Offer is one thing that may be done with all.
type Offer struct {
	Value, Name, Text, Icon string
}

func (d Deps) choice(r *http.Request) (v Choose, err error) {
	ctx := r.Context()
	sels, err := d.selection(r)
	if err != nil {
		return v, err
	}
	v.Option = r.Form.Get("option")
	if len(sels) == 0 {
		v.None = true
		return v, nil
	}
	sel := sels[0]
	v.Kind, v.From, v.Firm = sel.Origin.Kind, origin(ctx, sel.Origin), firmName(ctx, sel.Firm)
	v.All, v.FromDay, v.ToDay = r.Form.Get("all") != "", r.Form.Get("from"), r.Form.Get("to")
	v.May = access.From(ctx).Holds(access.Decide, sel.Firm)
	for _, s := range sels {
		list, found, err := d.Waves.Choose(ctx, s)
		if err != nil {
			return v, err
		}
		v.Found, v.Frozen = v.Found+found, v.Frozen+len(list)
		for _, m := range list[:min(len(list), sample-min(sample, len(v.Rows)))] {
			v.Rows = append(v.Rows, sampleRow(ctx, m))
		}
	}
	v.Hidden = hidden(sel, r.Form["pick"])
	for _, o := range wave.Options {
		v.Options = append(v.Options, Offer{Value: string(o), Name: optionName(ctx, o), Text: page.T(ctx, "waves.option."+string(o)+".text"), Icon: icons[o]})
	}
	for _, u := range macro.Untils {
		text := page.T(ctx, "waves.until.none")
		if u != "" {
			text = page.T(ctx, "inbox.snooze."+u)
		}
		v.Untils = append(v.Untils, page.Option{Value: u, Text: text})
	}
	v.Macros, err = d.offered(ctx, sel.Firm)
	return v, err
}

// offered are the macros that can be applied to many.
func (d Deps) offered(ctx context.Context, firm string) (out []page.Option, err error) {
	list, err := d.Macros.List(ctx, firm)
	if err != nil {
		return nil, err
	}
	for _, m := range list {
		if m.Live && (m.Plan.Option == "" || slices.Contains(wave.Options, m.Plan.Option)) {
			out = append(out, page.Option{Value: "macro:" + m.ID, Text: m.Name})
		}
	}
	return out, nil
}

func hidden(sel wave.Selection, picks []string) (ps []page.Pair) {
	if sel.Origin.Kind == wave.ByPicks {
		for _, p := range picks {
			ps = append(ps, page.Pair{Name: "pick", Value: p})
		}
		return ps
	}
	return []page.Pair{{Name: sel.Origin.Kind, Value: sel.Origin.Ref}, {Name: "firm", Value: sel.Firm}}
}

func sampleRow(ctx context.Context, m mention.Mention) Row {
	return Row{ID: m.ID, Href: "/inbox?m=" + m.ID, Author: authorName(ctx, m), Text: textOf(ctx, m), At: m.At, Veiled: distressing(m), Labels: labels(m),
		Severity: m.Severity}
}

// Line is one wave of the history.
type Line struct {
	W          wave.Wave
	T          wave.Tally
	What       string
	From, Firm string
}

// History is the page of all waves.
type History struct {
	Lines []Line
	Pages page.Pages
	Firms bool // of more than one firm
}

func (d Deps) list(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	f := page.FrameFrom(ctx)
	const per = 30
	var before int64
	if s := r.URL.Query().Get("before"); s != "" {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			session.Fail(w, r, fault.Missing("page").Because(err))
			return
		}
		before = n
	}
	list, err := d.Waves.List(ctx, f.Firm, fromMicros(before), per+1)
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	h := History{Firms: f.Firm == "" && len(f.Firms) > 1}
	if len(list) > per {
		list = list[:per]
		h.Pages.Older = path + "?before=" + strconv.FormatInt(list[per-1].MadeAt.UnixMicro(), 10)
	}
	if before > 0 {
		h.Pages.Newer = path
	}
	for _, x := range list {
		l := Line{W: x, What: optionName(ctx, x.Plan.Option), From: origin(ctx, x.Origin), Firm: firmName(ctx, x.Firm)}
		if l.T, err = d.Waves.Tally(ctx, x); err != nil {
			session.Fail(w, r, err)
			return
		}
		if x.Macro != "" {
			if m, err := d.Macros.Find(ctx, x.Firm, x.Macro); err == nil {
				l.What = m.Name
			}
		}
		h.Lines = append(h.Lines, l)
	}
	session.Render(w, r, http.StatusOK, listPage(h))
}

// chosen tells whether the option stands ticked at first.
func (v Choose) chosen(o string) bool {
	return v.Option == o || v.Option == "" && o == string(decision.Hide)
}
