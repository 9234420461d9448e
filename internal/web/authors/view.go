package authors

import (
	"context"
	"slices"
	"time"

	"chop/internal/access"
	"chop/internal/author"
	"chop/internal/author/estimate"
	"chop/internal/author/signal"
	"chop/internal/classify"
	"chop/internal/evidence"
	"chop/internal/group"
	"chop/internal/mention"
	"chop/internal/reason"
	"chop/internal/web/groups"
	"chop/internal/web/page"
)

// View is the page of an account.
type View struct {
	Firm   page.Firm
	Key    string
	Form   Form
	Picked string // version asked for: "draft", an id, or none
	Skip   int    // moments of the timeline left out

	P     author.Portrait
	Legal *author.LegalView // for a lawyer
	Doc   *author.Document  // the version shown; nil when there is none
	J     Judged
	Work  bool
	Look  bool // the person may answer for the firm: owner
	Held  bool // a legal hold holds erasure back; known when the form is open

	Groups  []group.Group   // in which the account is, or may be
	Moments []signal.Moment // newest first, one page
	All     int
	items   map[string]mention.Mention
	seals   map[string][]page.SealMark
}

// Judged is what is estimated about an account: of a version, or of today when there is none.
type Judged struct {
	Motive     estimate.Motive
	Why        string // why no motive is named
	Chances    []estimate.Chance
	Against    []author.Statement
	Change     []string
	States     []estimate.Match
	Band       int
	BandWhy    []reason.Reason
	Confidence float64
	Hidden     bool
	Gaps       []string
}

// inTimeline is how many moments stand on one page.
const inTimeline = 12

func (d Deps) fill(ctx context.Context, v *View) (err error) {
	who := access.From(ctx)
	v.Work = who.Holds(access.WorkProfiles, v.Firm.ID)
	v.Look = who.Holds(access.Answer, v.Firm.ID)
	if v.P, err = d.Authors.Open(ctx, v.Firm.ID, v.Key); err != nil || v.P.Stopped {
		return err
	}
	v.Doc = v.pick()
	v.J = v.judged(page.FrameFrom(ctx).Now)
	if v.Form.Verb == "erase" && v.Work {
		if v.Held, err = d.Authors.Held(ctx, v.Firm.ID, v.Key); err != nil {
			return err
		}
	}
	of, err := groups.Of(ctx, d.Groups, v.Firm.ID, []string{v.Key})
	if err != nil {
		return err
	}
	v.Groups = of[v.Key]
	return d.moments(ctx, v)
}

// pick is the version to show: the one asked for, else the one that stands, else the draft.
func (v *View) pick() *author.Document {
	if v.Picked == "draft" && v.P.Draft != nil {
		return v.P.Draft
	}
	for i, x := range v.P.Versions {
		if x.ID == v.Picked && x.State != author.Erased {
			return &v.P.Versions[i]
		}
	}
	switch {
	case v.P.Standing != nil && v.P.Standing.State == author.Confirmed:
		return v.P.Standing
	case v.P.Draft != nil:
		return v.P.Draft
	}
	return v.P.Standing
}

func (v *View) judged(now time.Time) Judged {
	if v.Doc == nil {
		e := v.P.Estimate
		j := Judged{Motive: e.Guess.Motive, Why: e.Guess.Why, Chances: e.Guess.Chances[:min(2, len(e.Guess.Chances))], Change: e.Guess.Change, States: e.States,
			Band: e.Escalation.Band, BandWhy: e.Escalation.Lines, Confidence: e.Confidence, Hidden: e.Few, Gaps: e.Gaps}
		return j
	}
	d := v.Doc
	j := Judged{Motive: d.Motive, Chances: d.Chances, Against: d.Against, Change: d.Change, States: d.States, Band: d.Band, BandWhy: d.BandWhy, Gaps: d.Gaps}
	j.Confidence = d.Confidence(now, v.P.Card.LastAt)
	j.Hidden = j.Confidence < estimate.Shown
	if v.P.Standing != nil && d.ID == v.P.Standing.ID {
		j.Confidence, j.Hidden = v.P.Confidence, v.P.Hidden
	}
	return j
}

// standing tells whether the version shown is the one that a person confirmed and that is valid.
func (v View) standing(now time.Time) bool { return v.Doc != nil && v.Doc.Valid(now) }

// draft tells whether the version shown waits for a person.
func (v View) draft() bool { return v.Doc != nil && v.Doc.State == author.Draft }

// edits tells whether the person may change the version shown.
func (v View) edits() bool { return v.Work && v.draft() }

// maxShown is how many pieces of evidence stand beside a statement.
const maxShown = 3

// moments reads one page of the timeline, and the items and exhibits that the page names.
func (d Deps) moments(ctx context.Context, v *View) error {
	v.All = len(v.P.Timeline)
	v.Skip = min(v.Skip, max(v.All-1, 0))
	end := v.All - v.Skip
	v.Moments = slices.Clone(v.P.Timeline[max(end-inTimeline, 0):end])
	slices.Reverse(v.Moments)
	ids := v.named()
	ms, err := d.Mentions.ByIDs(ctx, v.Firm.ID, ids)
	if err != nil {
		return err
	}
	v.items, v.seals = map[string]mention.Mention{}, map[string][]page.SealMark{}
	for _, m := range ms {
		v.items[m.ID] = m
		if !access.From(ctx).Holds(access.ViewEvidence, v.Firm.ID) {
			continue
		}
		es, err := d.Evidence.Of(ctx, v.Firm.ID, mention.Ref(m.ID))
		if err != nil {
			return err
		}
		for _, e := range es {
			if e.Removed.IsZero() {
				v.seals[m.ID] = append(v.seals[m.ID], sealMark(e))
			}
		}
	}
	return nil
}

// named are the mentions that the page speaks of.
func (v *View) named() (ids []string) {
	seen := map[string]bool{}
	add := func(refs []reason.Ref, most int) {
		for _, r := range refs[:min(most, len(refs))] {
			if r.Kind == "mention" && !seen[r.ID] {
				seen[r.ID] = true
				ids = append(ids, r.ID)
			}
		}
	}
	for _, m := range v.Moments {
		add([]reason.Ref{m.Ref}, 1)
	}
	for _, s := range v.P.Signals {
		add(s.Refs, maxShown)
	}
	for _, x := range v.P.Deeds {
		add([]reason.Ref{mention.Ref(x.Mention)}, 1)
	}
	for _, l := range v.P.Links {
		for _, g := range l.Grounds {
			add(g.Refs, maxShown)
		}
	}
	if v.Doc != nil {
		for _, list := range [][]author.Statement{v.Doc.Summary, v.Doc.Against, v.Doc.Do, v.Doc.Not} {
			for _, s := range list {
				add(s.Refs, maxShown)
			}
		}
		for _, x := range v.Doc.Scale {
			for _, s := range x.Why {
				add(s.Refs, maxShown)
			}
		}
		for _, c := range v.Doc.Claims {
			add(c.Refs, maxShown)
		}
	}
	return ids
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

// veiled tells whether a text is shown only to those who ask for it.
func veiled(m mention.Mention) bool {
	return m.Has(string(classify.Threat)) || m.Has(string(classify.Hate)) || m.Has(string(classify.Distress))
}

// Proof is one piece of evidence beside a statement: an item and its exhibits.
type Proof struct {
	Href, Text string
	Seals      []page.SealMark
}

// proofs are the first pieces of evidence behind a statement, and how many more there are.
func (v View) proofs(ctx context.Context, refs []reason.Ref) (ps []Proof, more int) {
	for _, r := range refs {
		switch {
		case r.Kind != "mention":
			continue
		case len(ps) == maxShown:
			more++
			continue
		}
		m, ok := v.items[r.ID]
		if !ok {
			continue
		}
		ps = append(ps, Proof{Href: item(v.Firm.ID, m.ID), Text: page.T(ctx, "authors.proof", "Day", day(ctx, m.At)), Seals: v.seals[m.ID]})
	}
	return ps, more
}

func item(firm, id string) string { return "/inbox?m=" + id + "&firm=" + firm }

func day(ctx context.Context, t time.Time) string { return page.Lang(ctx).Date(t) }

// flags that stand, the gravest first, and those that do not.
func (v View) flags(stand bool) (fs []author.Flag) {
	for _, kind := range author.FlagKinds {
		for _, f := range v.P.Flags {
			if f.Kind == kind && f.Stands() == stand {
				fs = append(fs, f)
			}
		}
	}
	return fs
}

// title is the account as the place shows it.
func (v View) title(ctx context.Context) string {
	if v.P.Card.Name == "" {
		return page.T(ctx, "authors.nameless")
	}
	return page.T(ctx, "authors.account", "Name", v.P.Card.Name)
}

// tabs are the versions that can be shown.
func (v View) tabs(ctx context.Context) (cs []page.Choice) {
	if v.P.Draft == nil || v.P.Standing == nil {
		return nil
	}
	for _, x := range []*author.Document{v.P.Standing, v.P.Draft} {
		to := "version=" + x.ID
		cs = append(cs, page.Choice{Text: page.T(ctx, "authors.version", "N", x.Version, "State", page.T(ctx, "profile.state."+string(x.State))),
			Href: at(v.Firm.ID, v.Key, "", to), On: v.Doc != nil && v.Doc.ID == x.ID})
	}
	return cs
}

func (v View) pager() page.Pages {
	p := page.Pages{From: v.Skip + 1, To: v.Skip + len(v.Moments), Total: v.All}
	if v.All <= inTimeline {
		return page.Pages{}
	}
	if v.Skip > 0 {
		p.Newer = at(v.Firm.ID, v.Key, "", "skip="+itoa(max(v.Skip-inTimeline, 0))+"#au-time")
	}
	if v.Skip+inTimeline < v.All {
		p.Older = at(v.Firm.ID, v.Key, "", "skip="+itoa(v.Skip+inTimeline)+"#au-time")
	}
	return p
}
