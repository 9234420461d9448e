package inbox

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"chop/internal/access"
	"chop/internal/decision"
	"chop/internal/fault"
	"chop/internal/macro"
	"chop/internal/mention"
	"chop/internal/wave"
	"chop/internal/web/page"
	"chop/internal/web/session"
)

// bulkOptions can begin for many at once from the list; the page of the wave knows more.
var bulkOptions = []decision.Option{decision.Hide, decision.Report, decision.Observe}

// FilterOf reads the filter of the list out of its address: what the page of a firm would show.
func FilterOf(v url.Values, firm string) mention.Filter {
	q := read(v)
	q.Firm = firm
	return q.filter(mention.Open)
}

// waveOf is the address where a wave of everything like something begins.
func waveOf(kind, ref, firm string) string {
	v := url.Values{kind: {ref}}
	if firm != "" {
		v.Set("firm", firm)
	}
	return "/waves/new?" + v.Encode()
}

// many fills what goes beyond the one item: its likes, and the macros offered for it.
func (d Deps) many(ctx context.Context, it *Item) error {
	if !it.May || it.M.Own {
		return nil
	}
	thread, err := d.talk(ctx, it.M)
	if err != nil {
		return err
	}
	for _, m := range wave.Alike(it.M, thread) {
		if !m.Own {
			it.Likes++
		}
	}
	if d.Macros == nil {
		return nil
	}
	list, err := d.Macros.For(ctx, it.M)
	if err != nil {
		return err
	}
	for _, m := range list {
		it.Macros = append(it.Macros, macroAct(ctx, it, m))
	}
	return nil
}

// macroAct is a macro as a button that says what will happen, or why it cannot.
func macroAct(ctx context.Context, it *Item, m macro.Macro) page.Act {
	a := page.Act{Icon: "zap", Verb: m.Name, Key: m.Key, Caption: strings.Join(macroSteps(ctx, m.Plan), " · ")}
	if a.Why = macroLocked(ctx, it, m); a.Why != "" {
		return a
	}
	a.Post, a.Into = it.path("macro"), "inbox"
	a.Fields = []page.Pair{{Name: "macro", Value: m.ID}, {Name: "version", Value: strconv.Itoa(m.Version)}, {Name: "shown", Value: it.Advice.Shown},
		{Name: "back", Value: it.Q.encode()}}
	return a
}

// macroSteps says what a plan does, step by step.
func macroSteps(ctx context.Context, p macro.Plan) (out []string) {
	switch {
	case p.Option == macro.Seal:
		out = append(out, page.T(ctx, "macros.does.seal"))
	case p.Option == decision.Observe && p.Until != "":
		out = append(out, page.T(ctx, "macros.does.until", "At", page.T(ctx, "inbox.snooze."+p.Until)))
	case p.Option != "":
		out = append(out, optionName(ctx, p.Option))
	}
	if len(p.Labels) > 0 {
		var names []string
		for _, l := range p.Labels {
			names = append(names, page.LabelName(ctx, l))
		}
		out = append(out, page.T(ctx, "macros.does.labels", "Labels", strings.Join(names, ", ")))
	}
	if p.Case {
		out = append(out, page.T(ctx, "macros.does.case"))
	}
	return out
}

// macroLocked says why a macro cannot be used on the item, "" when it can. The verbs ask again.
func macroLocked(ctx context.Context, it *Item, m macro.Macro) string {
	who := access.From(ctx)
	for _, p := range m.Plan.Perms() {
		if !who.Holds(p, it.M.Firm) {
			return page.T(ctx, "inbox.locked.role")
		}
	}
	if !m.Plan.Decides() {
		return ""
	}
	if !it.Advised {
		return page.T(ctx, "inbox.noadvice")
	}
	i := slices.IndexFunc(it.Advice.ways, func(w decision.Way) bool { return w.Option == m.Plan.Option })
	if i < 0 {
		return page.T(ctx, "inbox.locked.place")
	}
	w := it.Advice.ways[i]
	if why := locked(ctx, w, it.May); why != "" {
		return why
	}
	if again(m.Plan.Option, it.Made) {
		return page.T(ctx, "inbox.locked.made")
	}
	differs := !slices.Contains(it.Advice.advised, m.Plan.Option)
	if n := len([]rune(m.Plan.Why)); differs && n < minDiffer || w.NeedsWhy && n < minWhy {
		return page.T(ctx, "macros.locked.why")
	}
	return ""
}

// applyMacro takes the steps of a macro with one mention and goes on to the next that waits.
func (d Deps) applyMacro(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	m, err := d.Mentions.Locate(ctx, r.PathValue("m"))
	if err == nil && d.Macros == nil {
		err = fault.Missing("macro")
	}
	if err == nil {
		err = access.Check(ctx, access.Decide, m.Firm)
	}
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	q := back(r)
	next, err := d.next(ctx, q, m.ID)
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	version, _ := strconv.Atoi(r.PostFormValue("version")) // nonsense is no version in force
	x, err := d.Macros.Apply(ctx, macro.Order{Firm: m.Firm, Mention: m.ID, Shown: r.PostFormValue("shown")}, r.PostFormValue("macro"), version)
	if err != nil {
		d.again(w, r, m, q, Slip{Err: err})
		return
	}
	if x.Decision.ID == "" {
		next = m.ID // nothing was decided: it still waits
		session.Flash(w, r, page.Flash{Text: page.T(ctx, "macros.said.used")})
	} else {
		session.Flash(w, r, flash(ctx, m, x.Decision, false))
	}
	http.Redirect(w, r, q.at(next), http.StatusSeeOther)
}
