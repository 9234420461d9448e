// Package waves serves /waves: one decision over many items of a firm, from the choice and the preview to the result.
package waves

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"chop/internal/access"
	"chop/internal/crisis"
	"chop/internal/decision"
	"chop/internal/evidence"
	"chop/internal/fault"
	"chop/internal/journal"
	"chop/internal/macro"
	"chop/internal/mention"
	"chop/internal/wave"
	"chop/internal/web/page"
	"chop/internal/web/session"
)

// Deps is what these pages call.
type Deps struct {
	Waves    *wave.Store
	Macros   *macro.Store
	Mentions *mention.Store
	Cases    *crisis.Store
	Evidence *evidence.Store
	Journal  *journal.Store // every export is on record
	// Filter reads the filter of a list out of its address, as the inbox shows it.
	Filter func(v url.Values, firm string) mention.Filter
}

const path = "/waves"

// Mount puts the pages under their addresses.
func Mount(mux *http.ServeMux, d Deps) {
	may := func(h http.HandlerFunc) http.HandlerFunc { return session.Require(access.ViewMentions, h) }
	mux.HandleFunc("GET "+path, may(d.list))
	mux.HandleFunc("GET "+path+"/new", may(d.choose))
	mux.HandleFunc("POST "+path, may(d.create))
	mux.HandleFunc("GET "+path+"/{id}", may(d.show))
	mux.HandleFunc("GET "+path+"/{id}/export", may(d.export))
	mux.HandleFunc("POST "+path+"/{id}/start", may(d.start))
	mux.HandleFunc("POST "+path+"/{id}/hold", may(d.turn(d.Waves.Hold, "waves.said.held")))
	mux.HandleFunc("POST "+path+"/{id}/resume", may(d.turn(d.Waves.Resume, "waves.said.resumed")))
	mux.HandleFunc("POST "+path+"/{id}/cancel", may(d.turn(d.Waves.Cancel, "waves.said.cancelled")))
	mux.HandleFunc("POST "+path+"/{id}/drop", may(d.turn(d.Waves.Drop, "waves.said.dropped")))
	mux.HandleFunc("POST "+path+"/{id}/return", may(d.takeBack))
	mux.HandleFunc("POST "+path+"/{id}/answer", may(d.answer))
	mux.HandleFunc("POST "+path+"/{id}/again", may(d.again))
}

// at is the address of a wave.
func at(id string) string { return path + "/" + url.PathEscape(id) }

// selection reads how the items are chosen out of an address or a form: author, post, like, case, list or picks.
func (d Deps) selection(r *http.Request) (sels []wave.Selection, err error) {
	ctx, v := r.Context(), r.Form
	if picks := v["pick"]; len(picks) > 0 {
		return d.picked(ctx, picks)
	}
	for _, kind := range []string{wave.ByAuthor, wave.ByPost, wave.ByText, wave.ByCase, wave.ByList} {
		ref := v.Get(kind)
		if ref == "" {
			continue
		}
		sel := wave.Selection{Origin: wave.Origin{Kind: kind, Ref: ref, Name: short(v.Get("name"), 120)}}
		if sel.Firm, err = d.firmOf(ctx, kind, ref, v.Get("firm")); err != nil {
			return nil, err
		}
		sel.Filter = d.narrow(v, kind, ref, sel.Firm)
		d.named(ctx, &sel)
		return []wave.Selection{sel}, nil
	}
	return nil, nil
}

// picked parts what was picked by firm: a wave is about one firm.
func (d Deps) picked(ctx context.Context, picks []string) (sels []wave.Selection, err error) {
	for _, id := range picks[:min(len(picks), wave.MostItems)] {
		m, err := d.Mentions.Locate(ctx, id)
		if fault.Is(err, fault.NotFound) {
			continue // gone from the list meanwhile
		}
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(sels, func(s wave.Selection) bool { return s.Firm == m.Firm })
		if i < 0 {
			i = len(sels)
			sels = append(sels, wave.Selection{Firm: m.Firm, Origin: wave.Origin{Kind: wave.ByPicks}})
		}
		sels[i].Picks = append(sels[i].Picks, m.ID)
	}
	if len(sels) == 0 {
		return nil, fault.Missing("mention")
	}
	return sels, nil
}

// narrow is what the address asks of status and time besides.
func (d Deps) narrow(v url.Values, kind, ref, firm string) mention.Filter {
	var f mention.Filter
	if kind == wave.ByList {
		if list, err := url.ParseQuery(ref); err == nil {
			return d.Filter(list, firm)
		}
	}
	span := d.Filter(url.Values{"from": {v.Get("from")}, "to": {v.Get("to")}}, firm)
	f.From, f.To = span.From, span.To
	if v.Get("all") == "" {
		f.Status = mention.Open
	}
	return f
}

// firmOf is the firm of what the address points at: where it is said, else where it is found, else the chosen one.
func (d Deps) firmOf(ctx context.Context, kind, ref, said string) (string, error) {
	if said != "" {
		return said, access.Check(ctx, access.ViewMentions, said)
	}
	switch kind {
	case wave.ByText:
		m, err := d.Mentions.Locate(ctx, ref)
		return m.Firm, err
	case wave.ByCase:
		c, err := d.Cases.Find(ctx, ref)
		return c.Firm, err
	}
	firms := access.Scope(ctx, access.ViewMentions)
	if f := page.FrameFrom(ctx).Firm; slices.Contains(firms, f) {
		return f, nil
	}
	for _, f := range firms {
		probe := mention.Filter{Firm: f, Limit: 1}
		if kind == wave.ByAuthor {
			probe.Author = ref
		} else if kind == wave.ByPost {
			probe.Post = ref
		}
		list, err := d.Mentions.List(ctx, probe)
		if err != nil {
			return "", err
		}
		if len(list) > 0 {
			return f, nil
		}
	}
	return "", fault.Missing("firm")
}

// named gives what the items have in common the name that people know.
func (d Deps) named(ctx context.Context, sel *wave.Selection) {
	o := &sel.Origin
	if o.Name != "" {
		return
	}
	switch o.Kind {
	case wave.ByText:
		if m, err := d.Mentions.Find(ctx, sel.Firm, o.Ref); err == nil {
			o.Name = short(m.Text, 80)
		}
	case wave.ByCase:
		if c, err := d.Cases.Find(ctx, o.Ref); err == nil {
			o.Name = c.Number
		}
	case wave.ByAuthor:
		if list, err := d.Mentions.List(ctx, mention.Filter{Firm: sel.Firm, Author: o.Ref, Limit: 1}); err == nil && len(list) > 0 {
			o.Name = list[0].AuthorName
		}
	case wave.ByPost:
		if ps, err := d.Mentions.Posts(ctx, sel.Firm, []string{o.Ref}); err == nil {
			o.Name = short(strings.TrimSpace(ps[o.Ref].Title+" "), 80)
		}
	}
}

func short(s string, n int) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "")), " ")
	if rs := []rune(s); len(rs) > n {
		return string(rs[:n]) + "…"
	}
	return s
}

// choose is the page of a selection: what fits, and what may be done with it.
func (d Deps) choose(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		session.Fail(w, r, fault.New(fault.Invalid, "wave.none").Because(err))
		return
	}
	d.chooseAgain(w, r, nil)
}

func (d Deps) chooseAgain(w http.ResponseWriter, r *http.Request, slip error) {
	v, err := d.choice(r)
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	status := http.StatusOK
	if slip != nil {
		v.Slips, status = page.Slips(r.Context(), slip), session.Status(slip)
	}
	session.Render(w, r, status, choosePage(v))
}

// create freezes the list and shows the preview.
func (d Deps) create(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	if err := r.ParseForm(); err != nil {
		session.Fail(w, r, fault.New(fault.Invalid, "wave.none").Because(err))
		return
	}
	sels, err := d.selection(r)
	if err == nil && len(sels) == 0 {
		err = fault.New(fault.Invalid, "wave.none")
	}
	var made []wave.Wave
	for _, sel := range sels {
		var x wave.Wave
		if x, err = d.Waves.Create(ctx, plan(r, sel)); err != nil {
			break
		}
		made = append(made, x)
	}
	switch {
	case len(made) == 1 && err == nil:
		http.Redirect(w, r, at(made[0].ID), http.StatusSeeOther)
	case len(made) > 1 && err == nil:
		session.Flash(w, r, page.Flash{Text: page.N(ctx, "waves.said.firms", len(made))})
		http.Redirect(w, r, path, http.StatusSeeOther)
	case fault.Is(err, fault.Invalid):
		d.chooseAgain(w, r, err)
	default:
		session.Fail(w, r, err)
	}
}

// plan is what the form wants done with the items: an option, or a macro ("macro:<id>").
func plan(r *http.Request, sel wave.Selection) wave.New {
	n := wave.New{Selection: sel}
	o := r.PostFormValue("option")
	if id, ok := strings.CutPrefix(o, "macro:"); ok {
		n.Macro = id
		return n
	}
	n.Plan = macro.Plan{Option: decision.Option(o)}
	if n.Plan.Option == "" {
		n.Plan.Option = "?" // nothing was chosen: refused with a sentence
	}
	if n.Plan.Option == decision.Observe {
		n.Plan.Until = r.PostFormValue("until")
	}
	return n
}

// find is the wave of the address.
func (d Deps) find(w http.ResponseWriter, r *http.Request) (wave.Wave, bool) {
	x, err := d.Waves.Find(r.Context(), r.PathValue("id"))
	if err != nil {
		session.Fail(w, r, err)
	}
	return x, err == nil
}

func (d Deps) start(w http.ResponseWriter, r *http.Request) {
	x, found := d.find(w, r)
	if !found {
		return
	}
	g := wave.Go{Why: r.PostFormValue("why"), Choice: choiceOf(r)}
	g.Count, _ = strconv.Atoi(strings.TrimSpace(r.PostFormValue("count")))
	_, err := d.Waves.Start(r.Context(), x.Firm, x.ID, g)
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) {
		d.render(w, r, x, typed{err: err, why: g.Why, count: r.PostFormValue("count"), choice: g.Choice, sent: true})
		return
	}
	d.stay(w, r, x, err, "")
}

// choiceOf is what was ticked. Rows that were shown and are not ticked are left; those beyond what was shown follow their
// verdict.
func choiceOf(r *http.Request) (c wave.Choice) {
	picked := r.PostForm["pick"]
	c.With = picked
	for _, id := range r.PostForm["shown"] {
		if !slices.Contains(picked, id) {
			c.Leave = append(c.Leave, id)
		}
	}
	return c
}

// turn is a verb that needs nothing but the wave.
func (d Deps) turn(verb func(ctx context.Context, firm, id string) error, said string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if x, found := d.find(w, r); found {
			d.stay(w, r, x, verb(r.Context(), x.Firm, x.ID), said)
		}
	}
}

// stay leads back to the wave. That it went on meanwhile is told calmly: what happened stands on the page.
func (d Deps) stay(w http.ResponseWriter, r *http.Request, x wave.Wave, err error, said string) {
	if fault.Is(err, fault.Conflict) {
		session.Flash(w, r, page.Flash{Text: page.FaultText(r.Context(), err)})
		err, said = nil, ""
	}
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	if said != "" {
		session.Flash(w, r, page.Flash{Text: page.T(r.Context(), said)})
	}
	http.Redirect(w, r, at(x.ID), http.StatusSeeOther)
}

func (d Deps) takeBack(w http.ResponseWriter, r *http.Request) {
	x, found := d.find(w, r)
	if !found {
		return
	}
	why := strings.TrimSpace(r.PostFormValue("why"))
	if why == "" && r.PostFormValue("quick") != "" {
		why = page.T(r.Context(), "waves.back.quick")
	}
	err := d.Waves.TakeBack(r.Context(), x.Firm, x.ID, why)
	if fault.Is(err, fault.Invalid) {
		d.render(w, r, x, typed{err: err, backWhy: why})
		return
	}
	d.stay(w, r, x, err, "waves.said.taking_back")
}

// answer is the other person's yes or no to what they ticked.
func (d Deps) answer(w http.ResponseWriter, r *http.Request) {
	x, found := d.find(w, r)
	if !found {
		return
	}
	ctx := r.Context()
	a := wave.Answer{Yes: r.PostFormValue("say") == "yes", Pick: r.PostForm["pick"], Why: r.PostFormValue("why")}
	done, left, err := d.Waves.Second(ctx, x.Firm, x.ID, a)
	if fault.Is(err, fault.Invalid) {
		d.render(w, r, x, typed{err: err, secondWhy: a.Why, choice: wave.Choice{With: a.Pick}, sent: true})
		return
	}
	if err == nil {
		f := page.Flash{Text: page.N(ctx, "waves.said.answered", done)}
		if left > 0 {
			f.Sub = page.N(ctx, "waves.said.answered.left", left)
		}
		session.Flash(w, r, f)
	}
	d.stay(w, r, x, err, "")
}

// again prepares a new preview of the same items: for one that is too old, and for what was skipped.
func (d Deps) again(w http.ResponseWriter, r *http.Request) {
	x, found := d.find(w, r)
	if !found {
		return
	}
	items, err := d.Waves.Items(r.Context(), x)
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	n := wave.New{Selection: wave.Selection{Firm: x.Firm, Origin: wave.Origin{Kind: wave.ByPicks, Name: x.Origin.Name}}, Plan: x.Plan, Macro: x.Macro}
	for _, i := range items {
		if i.State != wave.Done {
			n.Picks = append(n.Picks, i.Mention)
		}
	}
	made, err := d.Waves.Create(r.Context(), n)
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	if x.State == wave.Ready {
		if err := d.Waves.Drop(r.Context(), x.Firm, x.ID); err != nil {
			session.Fail(w, r, err)
			return
		}
	}
	http.Redirect(w, r, at(made.ID), http.StatusSeeOther)
}
