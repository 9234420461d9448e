package inbox

import (
	"context"
	"net/http"

	"chop/internal/access"
	"chop/internal/consent"
	"chop/internal/decision"
	"chop/internal/web/page"
)

// asking tells before the click whom the option asks and what their silence means; nothing for the owner, who decides.
func asking(ctx context.Context, w decision.Way, firm string) string {
	owner := access.From(ctx).Firms[firm] == access.Owner
	s := ""
	if w.Lawyer {
		s += " " + page.T(ctx, "inbox.cap.lawyer")
	}
	a := w.Authority
	switch {
	case owner:
	case a.Level == decision.Ask:
		s += " " + page.T(ctx, "inbox.cap.ask", "Span", page.Lang(ctx).Span(a.Wait), "Silence", silence(ctx, a.Silence))
	case a.Level == decision.OwnerOnly:
		s += " " + page.T(ctx, "inbox.cap.owner", "Span", page.Lang(ctx).Span(a.Wait), "Silence", silence(ctx, a.Silence))
	case a.Tell == decision.Now:
		s += " " + page.T(ctx, "inbox.cap.tell")
	}
	return s
}

func silence(ctx context.Context, s decision.Silence) string {
	if s == decision.Nothing {
		return page.T(ctx, "inbox.silence.nothing")
	}
	return page.T(ctx, "inbox.silence."+string(s))
}

// asked puts a decision that waits for the firm or its lawyer into words.
func (s *Standing) asked(ctx context.Context, c decision.Decision, q consent.Question, may bool) {
	s.Tone, s.Icon = page.Warn, "hourglass"
	s.State = page.T(ctx, "inbox.consent.waits", "At", page.When(ctx, c.Deadline), "Silence", silence(ctx, c.Silence))
	if q.Role == access.Lawyer {
		s.State = page.T(ctx, "inbox.consent.lawyer", "At", page.When(ctx, c.Deadline))
	}
	if !q.ReachedAt.IsZero() {
		s.Reached = page.T(ctx, "inbox.consent.reached", "At", page.When(ctx, q.ReachedAt))
	}
	s.Recall = may
}

// ended puts the end of a question into words; yes and no carry the name of who said it.
func (s *Standing) ended(ctx context.Context, c decision.Decision) {
	switch {
	case c.State == decision.Unanswered:
		s.State, s.Icon = page.T(ctx, "inbox.consent.lapsed"), "hourglass"
	case c.After != "":
		s.Why = page.T(ctx, "inbox.consent.after")
	case c.Consent == "" || c.SecondName == "":
	case c.State == decision.Refused:
		s.State, s.Icon = page.T(ctx, "inbox.consent.no", "Who", c.SecondName, "Why", c.SecondWhy), "x"
	default:
		s.Reached = page.T(ctx, "inbox.consent.yes", "Who", c.SecondName, "Why", c.SecondWhy)
	}
}

// withdraw takes a question to the firm back.
func (d Deps) withdraw(w http.ResponseWriter, r *http.Request) {
	d.second(w, r, d.Decisions.Withdraw, "inbox.done.withdrawn")
}

// mayAsk tells whether the firm can be asked although nobody must: never the owner, and not where it is asked anyway.
func (it *Item) mayAsk(ctx context.Context, o decision.Option) bool {
	return o != decision.Observe && it.May && access.From(ctx).Firms[it.M.Firm] != access.Owner && !it.Asks[o]
}
