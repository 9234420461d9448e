package decision

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"chop/internal/access"
	"chop/internal/alert"
	"chop/internal/consent"
	"chop/internal/crisis"
	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/mention"
)

// Kinds of questions that this room asks.
const (
	askOwner  = "decision"
	askLawyer = "legal"
	tellOwner = "deed"
)

// advance takes a decision to its next station: the people it still needs are asked one after the other; when none is
// left it stands.
func (s *Store) advance(ctx context.Context, tx *db.Tx, d *Decision, m mention.Mention) error {
	if len(d.Needs) == 0 {
		d.State = Decided
		return nil
	}
	d.State = Consent
	q, err := s.Consents.Ask(ctx, questionAbout(*d, m, tx.Now()))
	if err != nil {
		return err
	}
	d.Consent, d.Deadline = q.ID, q.Deadline
	return nil
}

// questionAbout is what is asked about a decision: what we want to do, what it means, and what silence means.
func questionAbout(d Decision, m mention.Mention, now time.Time) consent.New {
	role, kind := d.Needs[0], askOwner
	if role == access.Lawyer {
		kind = askLawyer
	}
	facts := map[string]string{"Who": d.WhoName}
	n := consent.New{Firm: d.Firm, Key: "decision:" + d.ID + ":" + string(role), Role: role, Kind: kind, Ref: Ref(d.ID),
		Title: consent.Line{ID: "consent.title." + string(d.Option), Facts: facts}, Quote: m.Text, Veiled: veiled(m), Text: d.Text,
		URL: "/inbox?m=" + m.ID, Deadline: now.Add(d.wait())}
	n.Says = append(n.Says, consent.Line{ID: "consent.means." + string(d.Option)})
	if d.Why != "" {
		n.Says = append(n.Says, consent.Line{ID: "consent.why", Facts: map[string]string{"Who": d.WhoName, "Why": d.Why}})
	}
	advice := "consent.advice.with"
	if d.Differs {
		advice = "consent.advice.against"
	}
	n.Says = append(n.Says, consent.Line{ID: advice})
	silence := "nothing"
	if d.Silence != Nothing {
		silence = string(d.Silence)
	}
	if role == access.Lawyer {
		silence = "legal"
	}
	n.Silence = consent.Line{ID: "consent.silence." + silence}
	return n
}

// veiled tells that the words may hurt who reads them.
func veiled(m mention.Mention) bool {
	return m.Has(hate) || m.Has(threat) || m.Has(personalData) || m.Has(insult)
}

// wait is how long the person asked now has.
func (d Decision) wait() time.Duration {
	if d.Needs[0] == access.Lawyer {
		return ownerWait
	}
	if w := AuthorityFor(d.Case, d.Option, d.settings).Wait; w > 0 {
		return w
	}
	return askWait
}

// keepStation saves where a decision stands now.
func (s *Store) keepStation(ctx context.Context, tx *db.Tx, d Decision) error {
	_, err := tx.Exec(ctx, `UPDATE decision SET state = $3, consent = $4, needs = $5, silence = $6, deadline = $7, second = $8, second_name = $9,
		second_why = $10, second_at = $11 WHERE firm_id = $1 AND id = $2`, d.Firm, d.ID, string(d.State), d.Consent, joinRoles(d.Needs),
		string(d.Silence), d.Deadline, d.Second, d.SecondName, d.SecondWhy, d.SecondAt)
	if err != nil {
		return fmt.Errorf("save state of decision: %w", err)
	}
	return nil
}

func joinRoles(roles []access.Role) string {
	list := make([]string, len(roles))
	for i, r := range roles {
		list[i] = string(r)
	}
	return strings.Join(list, ",")
}

func splitRoles(s string) (roles []access.Role) {
	for r := range strings.SplitSeq(s, ",") {
		if r != "" {
			roles = append(roles, access.Role(r))
		}
	}
	return roles
}

// Heard goes on after somebody answered a question about a decision: a yes leads to the next station, a no ends it. It
// hears consent.Answered, inside a transaction.
func (s *Store) Heard(ctx context.Context, e consent.Answered) error {
	if e.Ref.Kind != "decision" {
		return s.heardSafety(ctx, e)
	}
	q, err := s.Consents.Find(ctx, e.Firm, e.ID)
	if err != nil {
		return err
	}
	return s.asked(ctx, e.Firm, e.Ref.ID, e.ID, func(ctx context.Context, tx *db.Tx, d *Decision, m mention.Mention) error {
		who := access.Principal{User: q.AnsweredBy, Name: q.AnsweredName, Firms: map[string]access.Role{d.Firm: q.Role}}
		d.Second, d.SecondName, d.SecondWhy, d.SecondAt = who.User, who.Name, q.Words, q.AnsweredAt
		spoken := access.With(ctx, who)
		if q.State != consent.Yes {
			d.State = Refused
			if err := s.keepStation(ctx, tx, *d); err != nil {
				return err
			}
			return s.tell(spoken, tx, *d, "declined", q.Words)
		}
		void, err := s.void(ctx, *d, m)
		if err != nil {
			return err
		}
		if void {
			return s.annul(ctx, tx, d)
		}
		d.Needs = d.Needs[1:]
		if err := s.tell(spoken, tx, *d, "allowed", q.Words); err != nil {
			return err
		}
		return s.goOn(ctx, tx, d, m)
	})
}

// goOn takes the next station and, when that was the last, lets the deed begin.
func (s *Store) goOn(ctx context.Context, tx *db.Tx, d *Decision, m mention.Mention) error {
	if err := s.advance(ctx, tx, d, m); err != nil {
		return err
	}
	if err := s.keepStation(ctx, tx, *d); err != nil {
		return err
	}
	if d.State == Consent {
		return s.tell(ctx, tx, *d, "asked", "")
	}
	return s.release(ctx, *d)
}

// asked runs a rule on the decision that waits for the question; anything else has gone on without it.
func (s *Store) asked(ctx context.Context, firm, id, question string,
	rule func(context.Context, *db.Tx, *Decision, mention.Mention) error) error {
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		d, m, err := s.locked(ctx, tx, firm, id)
		if fault.Is(err, fault.NotFound) {
			return nil
		}
		if err != nil || d.State != Consent || d.Consent != question || len(d.Needs) == 0 {
			return err
		}
		f, err := s.Firms.Find(ctx, firm)
		if err != nil {
			return err
		}
		d.settings = f.Settings
		return rule(ctx, tx, &d, m)
	})
}

// void tells that what was asked about is no longer so: the item changed, or a guard-rail stands in the way by now.
func (s *Store) void(ctx context.Context, d Decision, m mention.Mention) (bool, error) {
	if m.Revision != d.Revision {
		return true, nil
	}
	now, err := s.weigh(ctx, d.Firm, d.Mention)
	if err != nil {
		return false, err
	}
	c := now.Case
	if d.Option == Reply {
		c.Replies = max(0, c.Replies-1) // it counts itself
	}
	return guardOf(c, d.Option) != "" || AuthorityFor(c, d.Option, d.settings).Level == Forbidden, nil
}

// annul ends a decision that may not go on although the answer was yes, and tells the person on duty.
func (s *Store) annul(ctx context.Context, tx *db.Tx, d *Decision) error {
	d.State = Refused
	if err := s.keepStation(ctx, tx, *d); err != nil {
		return err
	}
	if _, err := s.Alerts.Raise(ctx, alert.New{Firm: d.Firm, Key: "decision:" + d.ID, Priority: 2, Title: "alert.decision.void",
		Ref: mention.Ref(d.Mention), URL: "/inbox?m=" + d.Mention}); err != nil {
		return err
	}
	return s.tell(ctx, tx, *d, "void", "")
}

// Silent takes the milder way after nobody answered. It hears consent.LapsedOne, inside a transaction. The person on duty
// has been woken by the question itself.
func (s *Store) Silent(ctx context.Context, e consent.LapsedOne) error {
	if e.Ref.Kind != "decision" {
		return nil
	}
	return s.asked(ctx, e.Firm, e.Ref.ID, e.ID, func(ctx context.Context, tx *db.Tx, d *Decision, m mention.Mention) error {
		role := d.Needs[0]
		d.State = Unanswered
		if err := s.keepStation(ctx, tx, *d); err != nil {
			return err
		}
		if err := s.tell(ctx, tx, *d, "lapsed", ""); err != nil {
			return err
		}
		if role != access.Owner || d.Silence == Nothing {
			return nil
		}
		return s.milder(ctx, tx, *d, m)
	})
}

// milder decides, as the program, the milder thing that the owner was told silence would mean, where it needs nobody's
// word: the guard-rails, the second person and the firm's mandate are asked anew. Where they stand in the way, nothing.
func (s *Store) milder(ctx context.Context, tx *db.Tx, d Decision, m mention.Mention) error {
	now, err := s.weigh(ctx, d.Firm, d.Mention)
	if err != nil {
		return err
	}
	o, text := Hide, ""
	if d.Silence == HoldingLine {
		o, text = Reply, d.settings.HoldingLine
	}
	w, ok := now.Way(o)
	if !ok || !mayStandIn(o, text, w, now, d, m) {
		slog.Info("no milder deed in place of silence", "firm", d.Firm, "decision", d.ID, "option", o)
		return nil
	}
	if text != "" {
		r, err := s.check(ctx, now, o, text)
		if err != nil {
			return err
		}
		if codes := r.Blocks(); len(codes) > 0 {
			slog.Info("the holding line does not fit this item", "firm", d.Firm, "decision", d.ID, "checks", codes)
			return nil
		}
	}
	if err := s.keep(ctx, &now); err != nil {
		return err
	}
	n, err := s.lock(ctx, tx, m)
	if err != nil {
		return err
	}
	who := access.System(d.Firm)
	x := Decision{Firm: d.Firm, ID: db.NewID(), Mention: m.ID, Thread: threadOf(m), N: n + 1, Author: m.AuthorKey, Revision: m.Revision, Option: o,
		Text: text, words: wordsOf(text), State: Decided, Shown: now.ID, ShownAt: now.At, Case: now.Case, Result: now.Result,
		Version: now.Result.Version, Who: who.User, WhoName: who.Name, At: tx.Now(), After: d.ID, settings: d.settings}
	if err := s.unrepeated(ctx, x); err != nil {
		if fault.Is(err, fault.Conflict) {
			return nil
		}
		return err
	}
	return s.record(access.With(ctx, who), tx, &x, m)
}

// mayStandIn is the pure rule of the milder thing.
func mayStandIn(o Option, text string, w Way, now Advice, d Decision, m mention.Mention) bool {
	unchanged := m.Revision == d.Revision && m.Status == mention.Open && m.GoneAt.IsZero()
	free := w.Guard == "" && w.Can && !w.Second && !w.Lawyer && w.Authority.Level != Forbidden
	if o == Hide {
		return unchanged && free && w.Authority.Level == Free
	}
	return unchanged && free && text != "" && (w.MaxText == 0 || len([]rune(text)) <= w.MaxText) && !now.Case.Has(distress, threat, extortion) && !now.Case.Minor
}

// Withdraw takes back a decision that waits for the owner or the lawyer; they are no longer asked. The mention stays open.
// Needs access.Decide, a person and a reason. Faults: Conflict "decision.not_asked"; Invalid "why".
func (s *Store) Withdraw(ctx context.Context, firm, id, why string) error {
	if err := s.person(ctx, access.Decide, firm); err != nil {
		return err
	}
	if why = tidy(why); len([]rune(why)) < minWhy {
		return fault.New(fault.Invalid, "why").On("why")
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		d, _, err := s.locked(ctx, tx, firm, id)
		if err != nil {
			return err
		}
		if d.State != Consent {
			return fault.New(fault.Conflict, "decision.not_asked")
		}
		who := access.From(ctx)
		d.State, d.Second, d.SecondName, d.SecondWhy, d.SecondAt = Refused, who.User, who.Name, why, tx.Now()
		if err := s.keepStation(ctx, tx, d); err != nil {
			return err
		}
		if err := s.Consents.Withdraw(ctx, firm, d.Consent, why); err != nil {
			return err
		}
		return s.tell(ctx, tx, d, "refused", why)
	})
}

// inform tells the owner at once of a deed that was done without asking, where the matrix says so.
func (s *Store) inform(ctx context.Context, d Decision, m mention.Mention) error {
	a := AuthorityFor(d.Case, d.Option, d.settings)
	if s.Consents == nil || a.Level != Free || a.Tell != Now || access.From(ctx).Firms[d.Firm] == access.Owner || d.Consent != "" {
		return nil
	}
	_, err := s.Consents.Ask(ctx, consent.New{Firm: d.Firm, Key: "deed:" + d.ID, Role: access.Owner, Kind: tellOwner, Ref: Ref(d.ID), Tell: true,
		Title: consent.Line{ID: "consent.told." + string(d.Option), Facts: map[string]string{"Who": d.WhoName}},
		Says:  []consent.Line{{ID: "consent.means." + string(d.Option)}}, Quote: m.Text, Veiled: true, URL: "/inbox?m=" + m.ID})
	return err
}

// Paused tells that nothing scheduled may go out for the firm now (G16): people paused it, or a crisis is on.
func (s *Store) Paused(ctx context.Context, firm string) (bool, error) {
	f, err := s.Firms.Find(ctx, firm)
	if err != nil {
		return false, fmt.Errorf("look for a pause: %w", err)
	}
	if f.Settings.Pause {
		return true, nil
	}
	open, err := s.Cases.List(ctx, firm, true)
	if err != nil {
		return false, fmt.Errorf("look for a pause: %w", err)
	}
	return slices.ContainsFunc(open, func(c crisis.Case) bool { return c.Priority <= 2 && c.Status != crisis.Contained }), nil
}

// formal tells that the author of the mention has taken a formal step: a complaint to an authority, a request under the
// GDPR, a lawsuit (G19). A person said so at any of the author's items.
func (s *Store) formal(ctx context.Context, m mention.Mention) (yes bool, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		var n int
		_, err := tx.One(ctx, `SELECT count(*) FROM decision_fact f JOIN mention m ON m.firm_id = f.firm_id AND m.id = f.mention_id
			WHERE f.firm_id = $1 AND f.field = 'formal_step' AND f.value = 'true' AND m.author_key = $2`, []any{m.Firm, m.AuthorKey}, &n)
		yes = n > 0
		return err
	})
	if err != nil {
		return false, fmt.Errorf("look for formal steps: %w", err)
	}
	return yes, nil
}

// station fills whose word a new decision needs, and what their silence will mean.
func (s *Store) station(ctx context.Context, c Choice, now Advice, w Way, d *Decision) error {
	d.settings = now.settings
	if c.Option == Reply && w.Authority.Level == Ask && s.Grounded != nil {
		grounded, err := s.Grounded(ctx, c.Firm, c.Text)
		if err != nil {
			return err
		}
		if grounded {
			w.Authority.Level = Free
		}
	}
	d.Needs = needs(w, c, access.From(ctx))
	if slices.Contains(d.Needs, access.Owner) && w.Authority.asks() {
		d.Silence = w.Authority.Silence
	}
	if hide, ok := now.Way(Hide); d.Silence == HideInstead && !(ok && mayStandIn(Hide, "", hide, now, *d, now.Mention)) {
		d.Silence = Nothing // what could not be done is not promised
	}
	if d.State != Decided || len(now.due) == 0 {
		return nil
	}
	standing, err := s.query(ctx, `firm_id = $1 AND mention_id = $2`, "", d.Firm, d.Mention)
	if err == nil && neglects(c, now.due, standing) {
		d.State = Second
	}
	return err
}
