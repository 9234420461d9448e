// Package owner is the firm's own screen: how it stands in one calm sentence, what is being done, what it is asked, and how
// to call for help. It is made for one thumb on a telephone.
package owner

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"

	"chop/internal/access"
	"chop/internal/consent"
	"chop/internal/crisis"
	"chop/internal/decision"
	"chop/internal/fault"
	"chop/internal/firm"
	"chop/internal/group"
	"chop/internal/ledger"
	"chop/internal/mention"
	"chop/internal/oncall"
	"chop/internal/pulse"
	"chop/internal/standing"
	"chop/internal/web/page"
	"chop/internal/web/session"
)

// Deps is what the page calls.
type Deps struct {
	Firms     *firm.Store
	Standing  *standing.Store
	Cases     *crisis.Store
	Consents  *consent.Store
	Decisions *decision.Store
	Mentions  *mention.Store
	Duty      *oncall.Store
	Ledger    *ledger.Log
	Groups    *group.Store
	Beat      *pulse.Store
}

// Mount puts the page under its addresses.
func Mount(mux *http.ServeMux, d Deps) {
	mux.HandleFunc("GET /owner", session.Require(access.ViewCases, d.show))
	mux.HandleFunc("GET /owner/ledger", session.Require(access.ViewCases, d.paper))
	mux.HandleFunc("POST /owner/answers/{id}", d.answer)
	mux.HandleFunc("POST /owner/calls", d.call)
	mux.HandleFunc("POST /owner/drafts", d.submit)
	mux.HandleFunc("POST /owner/drafts/{id}/review", d.review)
}

// View is the page.
type View struct {
	Firm   firm.Firm
	Others []firm.Firm // of this person, when there is more than one
	State  page.State
	Title  string
	Text   string
	Pulse  page.Pulse
	Asks   []consent.Question
	Told   []consent.Question // answered, lapsed and told lately
	Doing  []Line
	Drafts []consent.Draft
	Duty   Watch
	May    May
	Typed  Typed
	Lawyer bool // sees only what is asked of lawyers
	Record Record
	Askers pulse.Askers
	Quiet  string // when usually nobody writes; empty when not known
}

// May is what the person may do here.
type May struct{ Answer, Call, Review bool }

// Typed is what a form held when it could not be kept, and why.
type Typed struct {
	Ask, Words, Call, Draft, Review, Fine string
	Err                                   error
}

// Line is one thing that is being done.
type Line struct {
	Icon, Text, Href string
	At               time.Time
	Says             []string // the matter in plain words
}

// Watch is who is on duty, and how to call them.
type Watch struct {
	Name, Next string
	Until      time.Time
	Phone      string
}

const (
	shownCases = 5
	shownTold  = 5
	shownDraft = 5
	today      = 24 * time.Hour
)

func (d Deps) show(w http.ResponseWriter, r *http.Request) { d.render(w, r, http.StatusOK, Typed{}) }

func (d Deps) render(w http.ResponseWriter, r *http.Request, status int, typed Typed) {
	v, err := d.view(r.Context(), r.FormValue("firm"))
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	v.Typed = typed
	session.Render(w, r, status, ownerPage(v))
}

// choose is the firm the page is about: the one asked for, the chosen one, or the first of the person, own firms first.
func choose(ctx context.Context, asked string) (id string, all []string, err error) {
	a := access.From(ctx)
	all = access.Scope(ctx, access.ViewCases)
	slices.SortStableFunc(all, func(x, y string) int { return rank(a.Firms[x]) - rank(a.Firms[y]) })
	if asked == "" {
		asked = page.FrameFrom(ctx).Firm
	}
	switch {
	case asked != "":
		return asked, all, access.Check(ctx, access.ViewCases, asked)
	case len(all) == 0:
		return "", nil, fault.Missing("firm")
	}
	return all[0], all, nil
}

func rank(r access.Role) int {
	if r == access.Owner {
		return 0
	}
	return 1
}

func (d Deps) view(ctx context.Context, asked string) (v View, err error) {
	id, all, err := choose(ctx, asked)
	if err != nil {
		return v, err
	}
	if v.Firm, err = d.Firms.Find(ctx, id); err != nil {
		return v, err
	}
	a := access.From(ctx)
	v.Lawyer = a.Firms[id] == access.Lawyer
	v.May = May{Answer: a.Holds(access.Answer, id) && a.System == "", Call: a.Holds(access.CallGuardian, id), Review: a.Holds(access.WorkCases, id)}
	if len(all) > 1 {
		for _, x := range all[:min(len(all), 12)] {
			f, err := d.Firms.Find(ctx, x)
			if err != nil {
				return v, err
			}
			v.Others = append(v.Others, f)
		}
	}
	for _, part := range []func(context.Context, *View) error{d.questions, d.cases, d.deeds, d.groups, d.state, d.drafts, d.watch, d.ledgerState, d.askers} {
		if err := part(ctx, &v); err != nil {
			return v, err
		}
	}
	slices.SortStableFunc(v.Doing, func(x, y Line) int { return y.At.Compare(x.At) })
	return v, nil
}

func (d Deps) ledgerState(ctx context.Context, v *View) (err error) {
	v.Record, err = d.record(ctx, v.Firm.ID, v.Firm.Name)
	return err
}

func (d Deps) questions(ctx context.Context, v *View) error {
	list, err := d.Consents.List(ctx, consent.Filter{Firm: v.Firm.ID})
	if err != nil {
		return err
	}
	since := page.FrameFrom(ctx).Now.Add(-7 * today)
	for _, q := range list {
		switch {
		case q.State == consent.Open:
			v.Asks = append(v.Asks, q)
		case len(v.Told) < shownTold && q.AskedAt.After(since):
			v.Told = append(v.Told, q)
		}
	}
	slices.SortStableFunc(v.Asks, func(x, y consent.Question) int { return x.Deadline.Compare(y.Deadline) })
	return nil
}

// state is the one sentence. Its number is what the firm itself can do something about: nothing, or an answer.
func (d Deps) state(ctx context.Context, v *View) error {
	list, err := d.Standing.Of(ctx, []firm.Firm{v.Firm})
	if err != nil {
		return err
	}
	v.State = page.State(list[0].State)
	if v.Lawyer {
		v.State = page.Calm
		v.Title = page.N(ctx, "owner.lawyer", len(v.Asks))
		return nil
	}
	v.Title = page.T(ctx, "owner.state."+string(v.State))
	switch n := mine(ctx, v.Asks); {
	case n > 0:
		v.Text = page.N(ctx, "owner.needs", n)
	case v.State == page.Attention:
		cause, n := standing.Why(list[0].Facts)
		v.Text = page.T(ctx, "owner.rest")
		if page.Lang(ctx).Has("owner.cause." + string(cause)) {
			v.Text = page.T(ctx, "owner.cause."+string(cause), "N", page.Int(ctx, n)) + " " + v.Text
		}
	default:
		v.Text = page.T(ctx, "owner.text."+string(v.State))
	}
	if v.State != page.Crisis || !access.From(ctx).Holds(access.ViewMentions, v.Firm.ID) {
		return nil
	}
	return d.pulse(ctx, v)
}

// mine are the questions that this person can answer.
func mine(ctx context.Context, asks []consent.Question) (n int) {
	for _, q := range asks {
		if access.From(ctx).Firms[q.Firm] == q.Role {
			n++
		}
	}
	return n
}

// pulse is the last eleven hours in quarters, as on the duty page.
func (d Deps) pulse(ctx context.Context, v *View) error {
	const quarter, quarters = 15 * time.Minute, 44
	from := page.FrameFrom(ctx).Now.Truncate(quarter).Add(-(quarters - 1) * quarter)
	list, err := d.Mentions.Pulse(ctx, v.Firm.ID, from, quarter, quarters)
	if err != nil {
		return err
	}
	v.Pulse = page.Pulse{ID: "p-owner", Height: 84, From: from, Step: quarter, Axis: true}
	hostile := 0
	for _, b := range list {
		v.Pulse.Ordinary, v.Pulse.Hostile = append(v.Pulse.Ordinary, b.Ordinary), append(v.Pulse.Hostile, b.Hostile)
		hostile += b.Hostile
	}
	v.Pulse.Sentence = page.T(ctx, "owner.pulse", "N", page.Int(ctx, hostile))
	return nil
}

// askersFor is how far back askers are counted.
const askersFor = 90 * today

// askers are potential customers whose questions were attacked, and when the firm's audience usually does not write.
func (d Deps) askers(ctx context.Context, v *View) (err error) {
	if v.Lawyer {
		return nil
	}
	now := page.FrameFrom(ctx).Now
	if v.Askers, err = d.Beat.Askers(ctx, v.Firm.ID, now.Add(-askersFor), now.Add(time.Minute)); err != nil {
		return err
	}
	from, to, ok, err := d.Beat.QuietHours(ctx, v.Firm.ID)
	if ok {
		v.Quiet = page.T(ctx, "owner.quiet", "From", from, "To", to)
	}
	return err
}

func (d Deps) drafts(ctx context.Context, v *View) (err error) {
	if v.May.Call {
		v.Drafts, err = d.Consents.Drafts(ctx, v.Firm.ID, shownDraft)
	}
	return err
}

func (d Deps) watch(ctx context.Context, v *View) error {
	v.Duty.Phone = v.Firm.Settings.DutyPhone
	if !access.From(ctx).Holds(access.ViewDuty, v.Firm.ID) {
		return nil
	}
	now := page.FrameFrom(ctx).Now
	sh, on, err := d.Duty.OnDuty(ctx, v.Firm.ID, now)
	if err != nil || !on {
		return err
	}
	roster, err := d.Duty.Roster(ctx, v.Firm.ID)
	if err != nil {
		return err
	}
	v.Duty.Name, v.Duty.Until = nameOf(roster, sh.User), sh.To
	next, on, err := d.Duty.OnDuty(ctx, v.Firm.ID, sh.To)
	if err == nil && on && next.User != sh.User {
		v.Duty.Next = nameOf(roster, next.User)
	}
	return err
}

func nameOf(roster []oncall.Member, user string) string {
	for _, m := range roster {
		if m.ID == user {
			return m.Name
		}
	}
	return ""
}

// back is the page of the firm.
func back(firm, anchor string) string {
	return "/owner?" + url.Values{"firm": {firm}}.Encode() + anchor
}
