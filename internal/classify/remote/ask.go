package remote

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"chop/internal/access"
	"chop/internal/classify"
	"chop/internal/fault"
	"chop/internal/job"
	"chop/internal/journal"
)

// slotWait is how soon a firm's turn comes again when all slots of the process are taken.
const slotWait = 10 * time.Second

// Ask asks the firm's place one question and puts what it says beside the labels. It hears Ask, outside a transaction;
// what else waits becomes the next job, so that no worker is held for long. A place that does not answer is no error of
// the job: it is left alone for a while and the labels stand as they are.
func (s *Store) Ask(ctx context.Context, e Ask) error {
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	default:
		return s.Jobs.Put(ctx, e, job.At(s.DB.Now().Add(slotWait)))
	}
	set, sec, err := s.open(ctx, e.Firm)
	if fault.Is(err, fault.NotFound) {
		return s.forget(ctx, e.Firm) // the firm was forgotten
	}
	if err != nil {
		return err
	}
	if !set.On {
		return s.forget(ctx, e.Firm)
	}
	got, err := s.lease(ctx, e.Firm)
	if err != nil || !got {
		return err
	}
	return errors.Join(s.turn(ctx, set, sec), s.release(ctx, e.Firm))
}

// turn is one question with its consequences.
func (s *Store) turn(ctx context.Context, set Settings, sec secrets) error {
	list, err := s.next(ctx, set.Firm)
	if err != nil || len(list) == 0 {
		return err
	}
	q, err := s.question(ctx, set, sec, list)
	if err != nil {
		return err
	}
	if err := s.dropLate(ctx, q); err != nil {
		return err
	}
	if err := s.recall(ctx, q); err != nil {
		return err
	}
	if len(q.open()) > 0 {
		if cause := s.put(ctx, q, sec); cause != nil {
			return s.mishap(ctx, q, cause)
		}
		if err := s.worked(ctx, set.Firm); err != nil {
			return err
		}
	}
	return s.conclude(ctx, q, "second.malformed", false)
}

// question is what one request is about.
type question struct {
	set   Settings
	due   []due
	parts []part // the texts worth asking about, of those that are due
}

// part is one text of a question, and its answer when there is one.
type part struct {
	due      due
	text     classify.Text
	item     item
	mark     string
	answer   opinion
	answered bool
}

// question reads the texts, leaves out what need not be asked, and redacts the rest.
func (s *Store) question(ctx context.Context, set Settings, sec secrets, list []due) (*question, error) {
	q := &question{set: set, due: list}
	ids := make([]string, len(list))
	for i, d := range list {
		ids[i] = d.id
	}
	standing, err := s.Labels.Standings(ctx, set.Firm, list[0].source, ids)
	if err != nil {
		return nil, err
	}
	names, err := s.names(ctx, set.Firm, sec)
	if err != nil {
		return nil, err
	}
	for _, x := range standing {
		if !worth(set, x) {
			continue
		}
		p := part{text: x.Text, item: prepare(x.Text, names, set.Thread), due: list[slices.Index(ids, x.Text.ID)]}
		if p.mark, err = s.mark(ctx, set, p.item); err != nil {
			return nil, err
		}
		q.parts = append(q.parts, p)
	}
	return q, nil
}

// worth tells whether a text is one the firm wants asked about, and not yet asked about.
func worth(set Settings, x classify.Standing) bool {
	if n := x.Result.Second; n != nil && n.Note == "" && n.Of == classify.Digest(x.Text.Text) {
		return false
	}
	return set.Scope == All || classify.Doubtful(x.Result)
}

// names are those of the settings and of the firm's people.
func (s *Store) names(ctx context.Context, firm string, sec secrets) ([]string, error) {
	names := slices.Clone(sec.Names)
	if s.Staff == nil {
		return names, nil
	}
	staff, err := s.Staff(access.With(ctx, access.System(firm)), firm)
	return append(names, staff...), err
}

// open are the places in parts of what has no answer yet.
func (q *question) open() (at []int) {
	for i, p := range q.parts {
		if !p.answered {
			at = append(at, i)
		}
	}
	return at
}

// dropLate gives up on texts that have waited too long.
func (s *Store) dropLate(ctx context.Context, q *question) error {
	var late []part
	q.parts = slices.DeleteFunc(q.parts, func(p part) bool {
		if s.DB.Now().Sub(p.due.at) <= lateBy {
			return false
		}
		late = append(late, p)
		return true
	})
	for _, p := range late {
		if err := s.weigh(ctx, q, p, classify.Second{Note: "second.late"}); err != nil {
			return err
		}
	}
	return nil
}

// recall answers from memory what was asked before.
func (s *Store) recall(ctx context.Context, q *question) error {
	for i := range q.parts {
		p := &q.parts[i]
		o, found, err := s.remembered(ctx, q.set.Firm, p.mark)
		if err != nil {
			return err
		}
		if p.answer, p.answered = o, found; found {
			if err := s.count(ctx, q.set.Firm, dayOf(s.DB.Now()), Use{Cached: 1}); err != nil {
				return err
			}
		}
	}
	return nil
}

// put sends what is open, within the budgets, and keeps the answers.
func (s *Store) put(ctx context.Context, q *question, sec secrets) error {
	at := q.open()
	items := make([]item, len(at))
	for n, i := range at {
		items[n] = q.parts[i].item
	}
	began := time.Now()
	answers, took, err := s.paid(ctx, q.set, sec.Key, items)
	if err != nil {
		return err
	}
	slog.Info("second opinion", "firm", q.set.Firm, "asked", len(items), "answered", len(answers), "tokens", took.In+took.Out, "ms", time.Since(began).Milliseconds())
	keep := map[string]opinion{}
	for n, i := range at {
		p := &q.parts[i]
		if p.answer, p.answered = answers[items[n].ID]; p.answered {
			keep[p.mark] = p.answer
		}
	}
	return s.remember(ctx, q.set.Firm, keep)
}

// paid asks within the budgets: the estimate is taken off before anything leaves, and corrected afterwards. It numbers
// the items.
func (s *Store) paid(ctx context.Context, set Settings, key string, items []item) (map[string]opinion, usage, error) {
	number(items)
	raw, err := body(set.Model, items, shape{})
	if err != nil {
		return nil, usage{}, err
	}
	want := usage{guess(len(raw)), int64(mostAnswer(len(items)))}
	day, err := s.reserve(ctx, set, want)
	if err != nil {
		return nil, usage{}, err
	}
	answers, took, err := s.ask(ctx, set, key, items)
	return answers, took, errors.Join(err, s.settle(context.WithoutCancel(ctx), set, day, want, took))
}

// mishap decides what becomes of the texts when there was no answer.
func (s *Store) mishap(ctx context.Context, q *question, cause error) error {
	ctx = context.WithoutCancel(ctx) // the time for the question may have run out; there is some left for writing it down
	_, err := s.failed(ctx, q.set.Firm, cause)
	if err != nil {
		return err
	}
	var f *fault.Error
	if !errors.As(cause, &f) {
		return cause // our own defect: the queue tries again and tells
	}
	slog.Warn("no second opinion", "firm", q.set.Firm, "texts", len(q.parts), "code", f.Code)
	switch {
	case isBudget(f.Code):
		return s.conclude(ctx, q, f.Code, true)
	case f.Code == "second.malformed", f.Code == "second.half":
		return s.conclude(ctx, q, f.Code, false)
	}
	return nil // the texts wait for the end of the rest
}

// conclude puts the answers beside the labels. A text without one is asked about once more, alone; the second time, or
// when it is final, the code says beside its labels why there is no opinion.
func (s *Store) conclude(ctx context.Context, q *question, code string, final bool) error {
	var again []due
	for _, p := range q.parts {
		x := classify.Second{Labels: p.answer.Labels, Severity: p.answer.Severity}
		if !p.answered {
			if !final && p.due.tries == 0 {
				again = append(again, p.due)
				continue
			}
			x = classify.Second{Note: code}
		}
		if err := s.weigh(ctx, q, p, x); err != nil {
			return err
		}
	}
	done := slices.DeleteFunc(slices.Clone(q.due), func(d due) bool { return slices.Contains(again, d) })
	return errors.Join(s.retry(ctx, q.set.Firm, again), s.settled(ctx, q.set.Firm, done))
}

func (s *Store) weigh(ctx context.Context, q *question, p part, x classify.Second) error {
	x.Engine, x.Of = q.set.Name(), classify.Digest(p.text.Text)
	added, err := s.Labels.Weigh(ctx, q.set.Firm, p.text.ID, x)
	if fault.Is(err, fault.NotFound) {
		return nil // erased meanwhile
	}
	if len(added) > 0 {
		slog.Info("second opinion added labels", "firm", q.set.Firm, "mention", p.text.ID, "labels", added)
	}
	return err
}

// Trial is one question asked by hand.
type Trial struct {
	Sent   string          // the text as it left
	Result classify.Result // the built-in labels with the second opinion beside them
	Tokens int64
	Cost   Money
	Took   time.Duration
}

// maxTrial is the longest sample text, in bytes.
const maxTrial = 2000

// Try asks the saved place about a sample text, also while the engine is switched off, and pays from the same budgets.
// Needs access.ManageFirm. Faults: second.unset, second.accept, second.sample (on text), and those of a question.
func (s *Store) Try(ctx context.Context, firm, text string) (t Trial, err error) {
	if err := access.Check(ctx, access.ManageFirm, firm); err != nil {
		return t, err
	}
	set, sec, err := s.open(ctx, firm)
	if err != nil {
		return t, err
	}
	origin, _ := place(set.URL)
	switch {
	case !set.Set:
		return t, fault.New(fault.Invalid, "second.unset")
	case set.Accepted != origin:
		return t, fault.New(fault.Invalid, "second.accept").On("accept")
	case len(text) > maxTrial || len(prepare(classify.Text{Text: text}, nil, false).Text) < 2:
		return t, fault.New(fault.Invalid, "second.sample", "Max", maxTrial).On("text")
	}
	names, err := s.names(ctx, firm, sec)
	if err != nil {
		return t, err
	}
	items := []item{prepare(classify.Text{Text: text}, names, false)}
	t.Sent = items[0].Text
	first, err := s.Labels.Engine.Classify(ctx, []classify.Text{{Text: text}})
	if err != nil {
		return t, err
	}
	if err := s.Journal.Record(ctx, journal.Entry{Firm: firm, Ref: ref(firm), Verb: "second.tried", Data: map[string]string{"host": set.Host(), "name": set.Model}}); err != nil {
		return t, err
	}
	began := time.Now()
	answers, took, err := s.paid(ctx, set, sec.Key, items)
	t.Took, t.Tokens, t.Cost = time.Since(began), took.In+took.Out, set.cost(took)
	if err != nil {
		return t, err
	}
	o := answers[items[0].ID]
	t.Result = classify.Merge(first[0], classify.Second{Engine: set.Name(), Labels: o.Labels, Severity: o.Severity, At: s.DB.Now(), Of: classify.Digest(text)})
	return t, s.resume(ctx, firm)
}

// resume ends a rest early: the place was just seen to work.
func (s *Store) resume(ctx context.Context, firm string) error {
	if err := s.worked(ctx, firm); err != nil {
		return err
	}
	return s.Jobs.Put(ctx, Ask{firm})
}
