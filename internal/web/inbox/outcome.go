package inbox

import (
	"context"
	"net/http"
	"net/url"

	"chop/internal/access"
	"chop/internal/decision"
	"chop/internal/fault"
	"chop/internal/outcome"
	"chop/internal/web/page"
	"chop/internal/web/session"
)

// Followed is the forecast beside a decision and, later, what came of it.
type Followed struct {
	Forecast string
	Looks    []FollowedLook
	Wait     bool   // the next look is still to come
	Correct  string // address of the POST with a person's word, "" when this person may not or it is too early
	Verdict  outcome.Verdict
}

// FollowedLook is one look in words.
type FollowedLook struct {
	Text string
	Tone page.Tone
	Icon string
	Says []string // the signs, or why nobody can tell
}

// followed puts what is known of a decision's outcome into words; nil when no forecast was kept.
func followed(ctx context.Context, outcomes map[string]outcome.Outcome, c decision.Decision) *Followed {
	o, ok := outcomes[c.ID]
	if !ok {
		return nil
	}
	f := &Followed{Verdict: o.Verdict, Wait: !o.Closed,
		Forecast: page.T(ctx, "outcome.forecast", "Word", page.T(ctx, "decision.risk."+o.Band()), "N", int(100*o.Risk+0.5))}
	for _, l := range o.Looks {
		f.Looks = append(f.Looks, look(ctx, l))
	}
	if !o.CorrectedAt.IsZero() {
		tone, icon := verdictMark(o.Verdict)
		f.Looks = append(f.Looks, FollowedLook{page.T(ctx, "outcome.corrected."+string(o.Verdict), "Who", o.WhoName, "Why", o.Why), tone, icon, nil})
	}
	who := access.From(ctx)
	if o.Verdict != "" && who.Holds(access.Decide, o.Firm) && who.System == "" {
		f.Correct = "/decisions/" + url.PathEscape(o.Decision) + "/outcome?" + firmMention(o.Firm, o.Mention)
	}
	return f
}

func verdictMark(v outcome.Verdict) (page.Tone, string) {
	switch v {
	case outcome.Calm:
		return page.Good, "check"
	case outcome.Escalated:
		return page.Warn, "flame"
	}
	return page.Plain, "circle-help"
}

func look(ctx context.Context, l outcome.Observation) FollowedLook {
	tone, icon := verdictMark(l.Verdict)
	f := FollowedLook{Text: page.T(ctx, "outcome."+string(l.Look)+"."+string(l.Verdict)), Tone: tone, Icon: icon}
	if l.Cause != "" {
		f.Says = append(f.Says, page.T(ctx, "outcome.cause."+l.Cause))
	}
	for _, s := range l.Seen.Signs() {
		f.Says = append(f.Says, page.T(ctx, "outcome.sign."+s))
	}
	for _, x := range []struct {
		id   string
		n    int
		when bool
	}{
		{"returned", 0, l.Seen.Returned},
		{"joined", l.Seen.Joined, l.Seen.Joined > 0},
		{"suspects", len(l.Seen.Suspects), len(l.Seen.Suspects) > 0},
		{"later", 0, l.Seen.Later},
	} {
		if x.when {
			f.Says = append(f.Says, page.T(ctx, "outcome.seen."+x.id, "N", x.n))
		}
	}
	return f
}

// outcomesOf is what is known of the outcomes of a mention's decisions; nothing where outcomes are not watched.
func (d Deps) outcomesOf(ctx context.Context, firm, m string) (map[string]outcome.Outcome, error) {
	if d.Outcomes == nil {
		return nil, nil
	}
	return d.Outcomes.Of(ctx, firm, m)
}

// correct keeps a person's word on what followed a decision.
func (d Deps) correct(w http.ResponseWriter, r *http.Request) {
	if d.Outcomes == nil {
		session.Fail(w, r, fault.Missing("outcome"))
		return
	}
	d.second(w, r, func(ctx context.Context, firm, id, why string) error {
		return d.Outcomes.Correct(ctx, firm, id, outcome.Verdict(r.PostFormValue("verdict")), why)
	}, "outcome.corrected")
}
