package decision

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"chop/internal/access"
	"chop/internal/alert"
	"chop/internal/author"
	"chop/internal/classify"
	"chop/internal/consent"
	"chop/internal/crisis"
	"chop/internal/db"
	"chop/internal/evidence"
	"chop/internal/fault"
	"chop/internal/firm"
	"chop/internal/group"
	"chop/internal/job"
	"chop/internal/journal"
	"chop/internal/mention"
	"chop/internal/reply"
	"chop/internal/source"
)

// Store gives advice on mentions and keeps what people decided.
type Store struct {
	DB       *db.DB
	Jobs     *job.Queue
	Journal  *journal.Store
	Mentions *mention.Store
	Labels   *classify.Store
	Cases    *crisis.Store
	Sources  *source.Store
	Evidence *evidence.Store
	Firms    *firm.Store
	Consents *consent.Store
	Alerts   *alert.Store
	Groups   *group.Store  // nil: nobody looks who acts together
	Authors  *author.Store // nil: nobody keeps accounts, and nothing is concluded from them
	Replies  *reply.Store  // what was answered before, facts, drafts; nil: the checks know less

	// Staff names the firm's people, so that nobody of them is blamed by name (L16); nil: none are known.
	Staff func(ctx context.Context, firm string) ([]string, error)

	// Grounded tells whether a reply rests on the firm's own facts or a saved reply, so that nobody needs to be asked
	// about it (domain/decisions.md section 9). A later room sets it; nil: none does.
	Grounded func(ctx context.Context, firm, text string) (bool, error)

	// Tune gives the firm's own escalation risks, nil for none: the room that watches outcomes keeps them.
	Tune func(ctx context.Context, firm string) (Tuning, error)
}

// Fact is an answer of a person to what the program cannot know.
type Fact struct {
	Field, Value string
	Who, WhoName string
	At           time.Time
}

// Way is one option as it stands for this item at this place.
type Way struct {
	Option    Option
	Can       bool        // the place does it for us
	ByHand    bool        // it is possible, but a person does it: a task with a link and the text
	Guard     string      // guard-rail that forbids it ("guard.<code>"), or empty
	Mandate   string      // what the firm allows: firm.Ask, firm.Tell or firm.Never
	Second    bool        // another person must confirm
	Lawyer    bool        // a lawyer must agree, in place of the other person (G19)
	Authority Authority   // row of the authority matrix as this firm keeps it
	Undo      bool        // can be taken back after it is done
	NeedsWhy  bool        // a reason is required even when the option is the recommended one
	Verb      source.Verb // what is done at the place
	Note      string      // message id: what it means at this place
	MaxText   int         // characters of a reply, 0 when unlimited
}

// Open tells whether the option can be chosen at all.
func (w Way) Open() bool { return (w.Can || w.ByHand) && w.Guard == "" && w.Mandate != firm.Never }

// Advice is what is shown before a person decides. ID goes back as Choice.Shown.
type Advice struct {
	ID          string
	At          time.Time // when it was first shown
	Mention     mention.Mention
	Case        Case
	Result      Result
	Explanation Explanation
	Ways        []Way // in the order of Options
	Facts       []Fact
	Companies   []Company // groups at work in the thread, for those who may see groups

	Formal bool // the author has taken a formal step (G19)

	thread   int64
	settings firm.Settings
	firmName string
	items    []mention.Mention // of the thread
	due      []Option          // what must be done (M1 to M4)
}

// Way is how the option stands.
func (a Advice) Way(o Option) (Way, bool) {
	i := slices.IndexFunc(a.Ways, func(w Way) bool { return w.Option == o })
	if i < 0 {
		return Way{}, false
	}
	return a.Ways[i], true
}

// Recommend weighs what can be done about a mention and keeps exactly what is shown. Needs access.ViewMentions. It
// writes when the advice is new, so it must not be called inside a reading transaction.
func (s *Store) Recommend(ctx context.Context, firm, id string) (Advice, error) {
	a, err := s.weigh(ctx, firm, id)
	if err != nil {
		return Advice{}, fmt.Errorf("recommend for mention %s: %w", id, err)
	}
	if err := s.keep(ctx, &a); err != nil {
		return Advice{}, fmt.Errorf("keep advice for mention %s: %w", id, err)
	}
	if s.Authors != nil && a.Case.Profile.Confidence > 0 { // the advice shows a person something of the profile
		if err := s.Authors.Looked(ctx, firm, a.Mention.AuthorKey, "advice"); err != nil {
			return Advice{}, err
		}
	}
	return a, nil
}

// weigh builds the case of a mention and ranks it.
func (s *Store) weigh(ctx context.Context, firm, id string) (a Advice, err error) {
	if a.Mention, err = s.Mentions.Find(ctx, firm, id); err != nil {
		return a, err
	}
	if a.thread, err = s.threadNumber(ctx, a.Mention); err != nil {
		return a, err
	}
	if a.Facts, err = s.Facts(ctx, firm, id); err != nil {
		return a, err
	}
	in, can, err := s.inputs(ctx, a.Mention, a.Facts)
	if err != nil {
		return a, err
	}
	a.Companies = in.Companies
	a.Case, a.settings, a.firmName, a.items = buildCase(in), in.Settings, in.firm, in.Thread
	caps := capabilities(a.Case, can)
	var own Tuning
	if s.Tune != nil {
		if own, err = s.Tune(ctx, firm); err != nil {
			return a, err
		}
	}
	if a.Result, err = own.Rank(a.Case, caps); err != nil {
		return a, err
	}
	a.Explanation = Explain(a.Case, a.Result)
	a.Explanation.Turns = own.Turns(a.Case, caps, a.Result)
	if a.Formal, err = s.formal(ctx, a.Mention); err != nil {
		return a, err
	}
	a.due = duties(a.Case, caps)
	a.Ways = ways(a.Case, in.Settings, caps, can, a.Formal)
	return a, nil
}

// capabilities adds what the connector does to what people can do at such a place by hand.
func capabilities(c Case, can source.Capabilities) Capabilities {
	p, _ := ChannelCapabilities(c.Channel)
	for _, o := range Options {
		if _, does := Verb(o, c.Labels, can); does {
			p[o] = true
		}
	}
	return p
}

func ways(c Case, settings firm.Settings, caps Capabilities, can source.Capabilities, formal bool) []Way {
	var list []Way
	for _, o := range Options {
		v, does := Verb(o, c.Labels, can)
		w := Way{Option: o, Verb: v, Can: does, ByHand: caps.can(o) && !does, Authority: AuthorityFor(c, o, settings),
			Second: NeedsSecondPerson(c, o), NeedsWhy: needsWhy(o), Note: "decision.note.manual"}
		w.Guard, w.Mandate = guardOf(c, o), w.Authority.mandate()
		if formal && removes(o) {
			w.Lawyer, w.Second = true, false
		}
		switch {
		case does:
			w.Note, w.MaxText = can[v].Note, can[v].MaxText
			_, w.Undo = Back(v, can)
		case v == "": // nothing happens at the place
			w.Can, w.ByHand, w.Undo, w.Note = caps.can(o), false, true, "decision.note."+string(o)
		}
		list = append(list, w)
	}
	return list
}

// needsWhy: restrictive deeds and those that cannot be called back always carry a reason (law 3).
func needsWhy(o Option) bool { return Restrictive(o) || o == EscalateLegal || o == Statement }

// inputs gathers what a case is built from, and what the place can do.
func (s *Store) inputs(ctx context.Context, m mention.Mention, facts []Fact) (in Inputs, can source.Capabilities, err error) {
	in = Inputs{Mention: m, Facts: map[string]string{}, Now: s.DB.Now()}
	for _, f := range facts {
		in.Facts[f.Field] = f.Value
	}
	if in.Read, err = s.Labels.Of(ctx, m.Firm, m.ID); err != nil && !fault.Is(err, fault.NotFound) {
		return in, nil, err
	}
	f, err := s.Firms.Find(ctx, m.Firm)
	if err != nil {
		return in, nil, err
	}
	in.Settings, in.firm = f.Settings, f.Name
	if in.Kind, can, err = s.place(ctx, m); err != nil {
		return in, nil, err
	}
	if in.Thread, err = s.thread(ctx, m); err != nil {
		return in, nil, err
	}
	if in.Past, err = s.Mentions.List(ctx, mention.Filter{Firm: m.Firm, Author: m.AuthorKey, To: m.At, Limit: 200}); err != nil {
		return in, nil, err
	}
	if in.Quiet, err = s.quiet(ctx, m.Firm, in.Now); err != nil {
		return in, nil, err
	}
	if in.Companies, err = s.companies(ctx, in); err != nil {
		return in, nil, err
	}
	if in.Account, err = s.account(ctx, m, in.Past); err != nil {
		return in, nil, err
	}
	in.Replies, in.Removals, err = s.history(ctx, m, in.Thread)
	return in, can, err
}

// account is how the account behind a mention behaves. Decisions read it and never write it.
func (s *Store) account(ctx context.Context, m mention.Mention, past []mention.Mention) (*author.Behaviour, error) {
	if s.Authors == nil {
		return nil, nil
	}
	b, err := s.Authors.Behaviour(ctx, m.Firm, m.AuthorKey, append(past[:len(past):len(past)], m))
	return &b, err
}

// place is the kind of the mention's source and what its connector can do; a removed source can do nothing.
func (s *Store) place(ctx context.Context, m mention.Mention) (kind string, can source.Capabilities, err error) {
	src, err := s.Sources.Find(ctx, m.Firm, m.Source)
	if fault.Is(err, fault.NotFound) {
		kind, _, _ = strings.Cut(m.AuthorKey, ":")
		return kind, source.Capabilities{}, nil
	}
	if err != nil {
		return "", nil, err
	}
	c, err := s.Sources.Registry.Find(src.Kind)
	if err != nil {
		return "", nil, err
	}
	if _, acts := c.(source.Actor); !acts {
		return src.Kind, source.Capabilities{}, nil
	}
	return src.Kind, c.Describe().Capabilities, nil
}

func (s *Store) thread(ctx context.Context, m mention.Mention) ([]mention.Mention, error) {
	if m.Post == "" {
		return []mention.Mention{m}, nil
	}
	return s.Mentions.Thread(ctx, m.Firm, m.Post)
}

// quiet is how many hostile items an ordinary day brings: the median of four weeks before the last day.
func (s *Store) quiet(ctx context.Context, firm string, now time.Time) (float64, error) {
	const day, days = 24 * time.Hour, 28
	b, err := s.Mentions.Pulse(ctx, firm, now.Truncate(day).Add(-(days+1)*day), day, days)
	return median(b), err
}

// history counts our public replies to the author in this thread, and the author's other items that we removed. A
// reply that a person wrote past ChOP counts too; one of ours that came in again counts once.
func (s *Store) history(ctx context.Context, m mention.Mention, thread []mention.Mention) (replies, removals int, err error) {
	list, err := s.traces(ctx, m.Firm, `author_key = $2 AND state IN ('made', 'second', 'consent') AND outcome NOT IN ('failed', 'dropped')`,
		m.AuthorKey)
	if err != nil {
		return 0, 0, err
	}
	known := map[string]bool{}
	for _, d := range list {
		switch {
		case d.Option == Reply && d.Thread == threadOf(m):
			replies++
			known[d.ResultExt], known[d.words] = true, true
		case removes(d.Option) && d.Mention != m.ID && d.State == Decided:
			removals++
		}
	}
	theirs := map[string]bool{m.ExternalID: true}
	for _, t := range thread {
		if t.AuthorKey == m.AuthorKey {
			theirs[t.ExternalID] = true
		}
	}
	for _, t := range thread {
		if t.Own && theirs[t.ParentExt] && !known[t.ExternalID] && !known[wordsOf(t.Text)] && t.GoneAt.IsZero() {
			replies++
		}
	}
	return replies, removals, nil
}

// threadOf is what a thread is called here: the post it stands under, or the item alone.
func threadOf(m mention.Mention) string {
	if m.Post == "" {
		return "mention:" + m.ID
	}
	return "post:" + m.Post
}

// ThreadOf names the thread of a mention, for rooms that keep something by thread.
func ThreadOf(m mention.Mention) string { return threadOf(m) }

// wordsOf is a digest of the folded text, to tell the same words again; empty for no text.
func wordsOf(text string) string {
	folded := strings.ToLower(strings.Join(strings.Fields(text), " "))
	if folded == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(folded))
	return hex.EncodeToString(sum[:])
}

func (s *Store) threadNumber(ctx context.Context, m mention.Mention) (n int64, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.One(ctx, `SELECT n FROM decision_thread WHERE firm_id = $1 AND thread = $2`, []any{m.Firm, threadOf(m)}, &n)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("read number of thread: %w", err)
	}
	return n, nil
}

// keep saves what is shown, once.
func (s *Store) keep(ctx context.Context, a *Advice) error {
	inputs, result, err := encode(a.Case, a.Result)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%d\n%d\n%s\n%s\n%s", a.Mention.Revision, a.thread, a.Result.Version, inputs, result))
	digest := hex.EncodeToString(sum[:])
	if found, err := s.kept(ctx, a, digest); err != nil || found {
		return err
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if _, err := tx.Exec(ctx, `INSERT INTO advice (firm_id, id, mention_id, digest, revision, thread_n, inputs, result, version, at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING`, a.Mention.Firm, db.NewID(), a.Mention.ID, digest,
			a.Mention.Revision, a.thread, inputs, result, a.Result.Version, tx.Now()); err != nil {
			return err
		}
		_, err := s.kept(ctx, a, digest)
		return err
	})
}

func (s *Store) kept(ctx context.Context, a *Advice, digest string) (found bool, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		found, err = tx.One(ctx, `SELECT id, at FROM advice WHERE firm_id = $1 AND mention_id = $2 AND digest = $3`,
			[]any{a.Mention.Firm, a.Mention.ID, digest}, &a.ID, &a.At)
		return err
	})
	return found, err
}

// shown reads back what a person saw.
func (s *Store) shown(ctx context.Context, firm, mention, id string) (a Advice, err error) {
	var inputs, result string
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		found, err := tx.One(ctx, `SELECT id, revision, thread_n, inputs, result, version, at FROM advice
			WHERE firm_id = $1 AND mention_id = $2 AND id = $3`, []any{firm, mention, id},
			&a.ID, &a.Mention.Revision, &a.thread, &inputs, &result, &a.Result.Version, &a.At)
		if err == nil && !found {
			err = fault.New(fault.Invalid, "decision.shown").On("shown")
		}
		return err
	})
	if err != nil {
		return a, err
	}
	version := a.Result.Version
	if err := json.Unmarshal([]byte(inputs), &a.Case); err != nil {
		return a, fmt.Errorf("read inputs of advice %s: %w", id, err)
	}
	if err := json.Unmarshal([]byte(result), &a.Result); err != nil {
		return a, fmt.Errorf("read result of advice %s: %w", id, err)
	}
	a.Result.Version = version
	return a, nil
}

// Facts is what people answered about a mention. Needs access.ViewMentions.
func (s *Store) Facts(ctx context.Context, firm, mention string) (list []Fact, err error) {
	if err := access.Check(ctx, access.ViewMentions, firm); err != nil {
		return nil, err
	}
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT field, value, who, who_name, at FROM decision_fact WHERE firm_id = $1 AND mention_id = $2 ORDER BY field`,
			[]any{firm, mention}, func(scan func(...any) error) error {
				var f Fact
				err := scan(&f.Field, &f.Value, &f.Who, &f.WhoName, &f.At)
				list = append(list, f)
				return err
			})
	})
	if err != nil {
		return nil, fmt.Errorf("read facts: %w", err)
	}
	return list, nil
}

// Answer keeps what only a person can know (Answers), with who said it and when; a later answer replaces it and the
// journal keeps both. Needs access.Decide and a person. Faults: Invalid "decision.field".
func (s *Store) Answer(ctx context.Context, firm, mentionID, field, value string) error {
	if err := s.person(ctx, access.Decide, firm); err != nil {
		return err
	}
	if values, ok := Answers[field]; !ok || !slices.Contains(values, value) {
		return fault.New(fault.Invalid, "decision.field", "Field", field, "Allowed", strings.Join(allowedAnswers(field), ", ")).On(field)
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		m, err := s.Mentions.Find(ctx, firm, mentionID)
		if err != nil {
			return err
		}
		who := access.From(ctx)
		if _, err := tx.Exec(ctx, `INSERT INTO decision_fact (firm_id, mention_id, field, value, who, who_name, at)
			VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (firm_id, mention_id, field) DO UPDATE SET value = excluded.value,
			who = excluded.who, who_name = excluded.who_name, at = excluded.at`, firm, mentionID, field, value, who.User, who.Name, tx.Now()); err != nil {
			return fmt.Errorf("save fact: %w", err)
		}
		if field == "minor" && value == "true" && s.Authors != nil { // children are not profiled, and what there is goes (G14)
			if err := s.Authors.Protect(ctx, firm, m.AuthorKey, field, ""); err != nil {
				return err
			}
		}
		tx.Touch(firm, "decisions")
		return s.Journal.Record(ctx, journal.Entry{Firm: firm, Ref: mention.Ref(mentionID), Verb: "decision.answered",
			Data: map[string]string{"field": field, "value": value}})
	})
}

// allowedAnswers are the values of a field, or the fields when there is no such field.
func allowedAnswers(field string) []string {
	if v, ok := Answers[field]; ok {
		return v
	}
	return slices.Sorted(maps.Keys(Answers))
}

// person asks for the permission and for a human being: the program itself may not.
func (s *Store) person(ctx context.Context, p access.Perm, firm string) error {
	if err := access.Check(ctx, p, firm); err != nil {
		return err
	}
	if access.From(ctx).System != "" {
		return fault.New(fault.Forbidden, "decision.person")
	}
	return nil
}
