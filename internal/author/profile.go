package author

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"chop/internal/access"
	"chop/internal/author/estimate"
	"chop/internal/author/lint"
	"chop/internal/author/signal"
	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/job"
	"chop/internal/journal"
	"chop/internal/mention"
)

// minWhy is how many characters a reason has at least when a person changes what was proposed (domain/decisions.md 3.4 field 16).
const minWhy = 10

const sealProfile = "profile"

// person asks for the permission and for a human being: the program itself confirms, changes and rates nothing (Art. 22 GDPR).
func person(ctx context.Context, p access.Perm, firm string) error {
	if err := access.Check(ctx, p, firm); err != nil {
		return err
	}
	if access.From(ctx).System != "" {
		return fault.New(fault.Forbidden, "author.person")
	}
	return nil
}

func tidy(s string) string {
	return strings.TrimSpace(strings.ReplaceAll(strings.ToValidUTF8(s, "�"), "\x00", ""))
}

func because(why string) error {
	n := utf8.RuneCountInString(why)
	if n < minWhy || n > 2000 {
		return fault.New(fault.Invalid, "author.why", "Min", minWhy).On("why")
	}
	return clean(why, "why")
}

// clean refuses a text about an account that describes a person (lint.Text). Faults: Invalid "author.words" (Data Word, Kind).
func clean(text, field string) error {
	return refused(lint.Text(text), field)
}

func refused(fs []lint.Finding, field string) error {
	i := slices.IndexFunc(fs, func(f lint.Finding) bool { return f.Blocks })
	if i < 0 {
		return nil
	}
	return fault.New(fault.Invalid, "author.words", "Word", shorten(fs[i].Word, 40), "Kind", string(fs[i].Kind)).On(field)
}

// Draft writes a new version of an account's profile from everything ChOP holds, and puts it in the place of an older draft. It is a
// proposal that nothing reads until a person confirms it. Needs access.WorkProfiles. Faults: NotFound "missing"; Forbidden
// "author.protected" (Data Kind: minor, distress, objection), "author.whistleblower"; Invalid "author.no_items".
func (s *Store) Draft(ctx context.Context, firm, key string) (d Document, err error) {
	if err := access.Check(ctx, access.WorkProfiles, firm); err != nil {
		return d, err
	}
	set, accounts, err := s.read(ctx, firm, key)
	if err != nil {
		return d, fmt.Errorf("draft profile: %w", err)
	}
	if err := s.protect(ctx, firm, key, estimate.Protections(set)); err != nil {
		return d, err
	}
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := s.barred(ctx, tx, firm, key); err != nil {
			return err
		}
		if len(set.Book.Items) == 0 {
			return fault.New(fault.Invalid, "author.no_items")
		}
		d = draft(set, estimate.Of(set), accounts)
		d.Firm, d.Key, d.ID, d.Made, d.MadeBy = firm, key, db.NewID(), tx.Now(), access.From(ctx).User
		d.RetainUntil = d.LastItem.Add(retainFor)
		if err := s.cite(ctx, &d); err != nil {
			return err
		}
		who := access.From(ctx)
		d.log(Entry{At: tx.Now(), Who: who.User, Name: who.Name, What: "drafted"})
		if _, err := tx.Exec(ctx, `UPDATE author_profile SET state = 'withdrawn', ended_at = $3 WHERE firm_id = $1 AND key = $2 AND state = 'draft'`,
			firm, key, tx.Now()); err != nil {
			return err
		}
		if _, err := tx.One(ctx, `SELECT coalesce(max(version), 0) + 1 FROM author_profile WHERE firm_id = $1 AND key = $2`, []any{firm, key}, &d.Version); err != nil {
			return err
		}
		if err := s.insert(ctx, tx, d); err != nil {
			return err
		}
		return s.note(ctx, tx, d, "drafted", "", nil)
	})
	return d, err
}

// read is the signals of an account. fault.NotFound when it never wrote to the firm.
func (s *Store) read(ctx context.Context, firm, key string) (signal.Set, []Account, error) {
	card, err := s.card(ctx, firm, key)
	if err != nil {
		return signal.Set{}, nil, err
	}
	var seen imprint
	if card.Mentions >= longFrom {
		if seen, err = s.imprint(ctx, firm, key); err != nil {
			return signal.Set{}, nil, err
		}
		if k, ok := s.recent.get(firm, key, seen, s.DB.Now()); ok {
			return k.set, k.accounts, nil
		}
	}
	b, accounts, err := s.book(ctx, firm, key)
	if err != nil {
		return signal.Set{}, nil, err
	}
	set := signal.Read(b)
	if card.Mentions >= longFrom {
		s.recent.put(firm, key, kept{seen, set, accounts, s.DB.Now()})
	}
	return set, accounts, nil
}

// cite adds the exhibits of the items that the document names.
func (s *Store) cite(ctx context.Context, d *Document) error {
	const most = 40
	for i := range d.Timeline[:min(len(d.Timeline), most)] {
		es, err := s.Evidence.Of(ctx, d.Firm, mention.Ref(d.Timeline[i].Mention))
		if err != nil {
			return err
		}
		for _, e := range es {
			if e.Removed.IsZero() {
				d.Timeline[i].Exhibit = e.ID
			}
		}
	}
	return nil
}

// Change is what a person puts in the place of a proposal.
type Change struct {
	Field string // "summary", "scale.<code>", "motive", "band", "claim.<n>.truth", "do", "not", "against"
	Value string // text, number or code; "do", "not" and "against" take one sentence a line
	Why   string // at least ten characters
}

// Edit changes a draft. Texts may speak of what the account did, not of a person. Needs access.WorkProfiles and a person. Faults:
// Invalid "author.why", "author.field", "author.words"; Conflict "author.not_draft".
func (s *Store) Edit(ctx context.Context, firm, id string, c Change) error {
	if err := person(ctx, access.WorkProfiles, firm); err != nil {
		return err
	}
	c.Value, c.Why = tidy(c.Value), tidy(c.Why)
	if err := because(c.Why); err != nil {
		return err
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		d, err := s.load(ctx, firm, id)
		if err != nil {
			return err
		}
		if d.State != Draft {
			return fault.New(fault.Conflict, "author.not_draft")
		}
		who := access.From(ctx)
		from, err := d.change(c, who.Name, tx.Now())
		if err != nil {
			return err
		}
		d.log(Entry{At: tx.Now(), Who: who.User, Name: who.Name, What: "changed", Field: c.Field, From: from, To: shorten(c.Value, 200), Why: c.Why})
		if err := s.save(ctx, tx, d); err != nil {
			return err
		}
		return s.note(ctx, tx, d, "changed", c.Why, map[string]string{"field": c.Field})
	})
}

// change puts a value in and tells what stood there.
func (d *Document) change(c Change, by string, now time.Time) (from string, err error) {
	wrong := fault.New(fault.Invalid, "author.field", "Field", c.Field).On("value")
	kind, rest, _ := strings.Cut(c.Field, ".")
	switch kind {
	case "summary":
		if err := refused(lint.Summary(c.Value), "value"); err != nil {
			return "", err
		}
		if c.Value == "" {
			return "", wrong
		}
		from = textOf(d.Summary)
		d.Summary = []Statement{{Text: c.Value, Basis: Reported, By: by, At: now}}
	case "scale":
		x, known := d.Scale[rest]
		v, err := strconv.Atoi(c.Value)
		lo, hi := Bounds(rest)
		if !slices.Contains(Scales, rest) || err != nil || v < lo || v > hi {
			return "", wrong
		}
		if known {
			from = itoa(x.Value)
		}
		x.Value, x.Known, x.By = v, true, by
		d.Scale[rest] = x
	case "motive":
		m := estimate.Motive(c.Value)
		if !slices.Contains(estimate.Motives, m) && m != estimate.Undetermined {
			return "", wrong
		}
		from, d.Motive = string(d.Motive), m
	case "band":
		v, err := strconv.Atoi(c.Value)
		if err != nil || v < 0 || v > 2 {
			return "", wrong
		}
		from, d.Band = itoa(d.Band), v
	case "claim":
		return d.changeClaim(rest, c.Value, by, wrong)
	case "do", "not", "against":
		return d.changeList(kind, c.Value, by, now)
	default:
		return "", wrong
	}
	return from, nil
}

func (d *Document) changeClaim(rest, value, by string, wrong error) (string, error) {
	n, part, _ := strings.Cut(rest, ".")
	i, err := strconv.Atoi(n)
	if err != nil || part != "truth" || i < 0 || i >= len(d.Claims) || !slices.Contains(Truths, value) {
		return "", wrong
	}
	from := d.Claims[i].Truth
	d.Claims[i].Truth, d.Claims[i].By = value, by
	return from, nil
}

func (d *Document) changeList(kind, value, by string, now time.Time) (string, error) {
	if err := clean(value, "value"); err != nil {
		return "", err
	}
	var out []Statement
	for line := range strings.SplitSeq(value, "\n") {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, Statement{Text: line, Basis: Reported, By: by, At: now})
		}
	}
	list := map[string]*[]Statement{"do": &d.Do, "not": &d.Not, "against": &d.Against}[kind]
	if kind == "do" && len(out) > 3 {
		return "", fault.New(fault.Invalid, "author.many", "Max", 3).On("value")
	}
	from := textOf(*list)
	if kind == "against" { // what was checked stays; people add
		out = append(slices.Clone(*list), out...)
	}
	*list = out
	return from, nil
}

func textOf(ss []Statement) string {
	var parts []string
	for _, s := range ss {
		parts = append(parts, first(s.Text, s.Rule))
	}
	return shorten(strings.Join(parts, "; "), 200)
}

// Confirm makes a draft stand, in the place of the version that stood before, until its time is over: 90 days, 30 in an active
// conflict. Confirming is the first rating. Needs access.WorkProfiles and a person. Faults: Conflict "author.not_draft"; Forbidden
// "author.protected", "author.whistleblower".
func (s *Store) Confirm(ctx context.Context, firm, id, why string) (d Document, err error) {
	if err := person(ctx, access.WorkProfiles, firm); err != nil {
		return d, err
	}
	why = tidy(why)
	if why != "" {
		if err := clean(why, "why"); err != nil {
			return d, err
		}
	}
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if d, err = s.load(ctx, firm, id); err != nil {
			return err
		}
		if d.State != Draft {
			return fault.New(fault.Conflict, "author.not_draft")
		}
		if err := s.barred(ctx, tx, firm, d.Key); err != nil {
			return err
		}
		who := access.From(ctx)
		d.State, d.ConfirmedAt, d.ConfirmedBy = Confirmed, tx.Now(), who.User
		d.ValidUntil = tx.Now().Add(d.lasts(tx.Now()))
		d.log(Entry{At: tx.Now(), Who: who.User, Name: who.Name, What: "confirmed", Why: why})
		if _, err := tx.Exec(ctx, `UPDATE author_profile SET state = 'replaced', ended_at = $3 WHERE firm_id = $1 AND key = $2 AND state = 'confirmed'`,
			firm, d.Key, tx.Now()); err != nil {
			return err
		}
		if err := s.save(ctx, tx, d); err != nil {
			return err
		}
		if err := s.putRating(ctx, tx, d, Rating{Who: who.User, Name: who.Name, At: tx.Now(), Scales: d.rated()}); err != nil {
			return err
		}
		if err := s.Jobs.Put(ctx, Over{firm, id}, job.At(d.ValidUntil)); err != nil {
			return err
		}
		if err := s.Jobs.Put(ctx, Over{firm, id}, job.At(later(d.RetainUntil, d.ValidUntil))); err != nil {
			return err
		}
		return s.note(ctx, tx, d, "confirmed", why, map[string]string{"overridden": itoa(d.overridden())})
	})
	return d, err
}

// lasts is how long the profile is valid: shorter in an active conflict, which is a high propensity to escalate, or five items and
// more in the last week.
func (d Document) lasts(now time.Time) time.Duration {
	recent := 0
	for _, l := range d.Timeline {
		if now.Sub(l.At) < 7*24*time.Hour {
			recent++
		}
	}
	if d.Band == 2 || recent >= 5 {
		return validInFray
	}
	return validFor
}

// overridden is how many proposals a person changed: the rate shows rubber-stamping (domain/decisions.md 3.5).
func (d Document) overridden() (n int) {
	fields := map[string]bool{}
	for _, e := range d.Log {
		if e.What == "changed" {
			fields[e.Field] = true
		}
	}
	return len(fields)
}

// Withdraw takes a draft or a standing profile back. Needs access.WorkProfiles, a person and a reason.
func (s *Store) Withdraw(ctx context.Context, firm, id, why string) error {
	if err := person(ctx, access.WorkProfiles, firm); err != nil {
		return err
	}
	if why = tidy(why); because(why) != nil {
		return because(why)
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		d, err := s.load(ctx, firm, id)
		if err != nil {
			return err
		}
		if d.State != Draft && d.State != Confirmed {
			return fault.New(fault.Conflict, "author.over")
		}
		who := access.From(ctx)
		d.State, d.EndedAt = Withdrawn, tx.Now()
		d.log(Entry{At: tx.Now(), Who: who.User, Name: who.Name, What: "withdrawn", Why: why})
		if err := s.save(ctx, tx, d); err != nil {
			return err
		}
		return s.note(ctx, tx, d, "withdrawn", why, nil)
	})
}

// Over asks to look whether a profile's time is over: valid until, and kept until.
type Over struct{ Firm, ID string }

// Kind names the event.
func (Over) Kind() string { return "author.over" }

// Expire ends a profile whose time is over, and erases the content of one that need not be kept any longer. It hears Over, inside a
// transaction.
func (s *Store) Expire(ctx context.Context, e Over) error {
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		d, err := s.load(ctx, e.Firm, e.ID)
		if fault.Is(err, fault.NotFound) {
			return nil
		}
		if err != nil || d.State == Erased {
			return err
		}
		if d.State == Confirmed && !tx.Now().Before(d.ValidUntil) {
			d.State, d.EndedAt = Expired, tx.Now()
			if err := s.save(ctx, tx, d); err != nil {
				return err
			}
			if err := s.note(ctx, tx, d, "expired", "", nil); err != nil {
				return err
			}
		}
		return s.outlived(ctx, tx, d)
	})
}

// outlived erases what retention no longer allows: a year after the account's last item, unless proof of it is held.
func (s *Store) outlived(ctx context.Context, tx *db.Tx, d Document) error {
	if d.State == Confirmed || d.State == Draft {
		return nil
	}
	card, err := s.card(ctx, d.Firm, d.Key)
	if fault.Is(err, fault.NotFound) {
		card, err = Author{}, nil
	}
	if err != nil {
		return err
	}
	until := later(d.LastItem, card.LastAt).Add(retainFor)
	if tx.Now().Before(until) {
		return s.Jobs.Put(ctx, Over{d.Firm, d.ID}, job.At(until))
	}
	held, err := s.held(ctx, d.Firm, d.Key)
	if err != nil {
		return err
	}
	if held { // a claim is pending: look again later
		return s.Jobs.Put(ctx, Over{d.Firm, d.ID}, job.At(tx.Now().Add(30*24*time.Hour)))
	}
	return s.blank(ctx, tx, d, "retention")
}

// blank erases the content of a profile; its number, its times and its end remain.
func (s *Store) blank(ctx context.Context, tx *db.Tx, d Document, cause string) error {
	if _, err := tx.Exec(ctx, `UPDATE author_profile SET state = 'erased', sealed = $3, motive = 'undetermined', escalation = 0, reach = 0,
		confidence = 0, ended_at = CASE WHEN ended_at = 0 THEN $4 ELSE ended_at END WHERE firm_id = $1 AND id = $2`, d.Firm, d.ID, []byte{}, tx.Now()); err != nil {
		return fmt.Errorf("erase profile: %w", err)
	}
	if _, err := tx.Exec(ctx, `DELETE FROM author_rating WHERE firm_id = $1 AND profile_id = $2`, d.Firm, d.ID); err != nil {
		return fmt.Errorf("erase ratings: %w", err)
	}
	return s.note(ctx, tx, d, "erased", "", map[string]string{"cause": cause})
}

// note puts what happened on record and wakes the pages. The journal names the profile and its version, never the account.
func (s *Store) note(ctx context.Context, tx *db.Tx, d Document, what, why string, data map[string]string) error {
	tx.Touch(d.Firm, Topic)
	if data == nil {
		data = map[string]string{}
	}
	data["version"] = itoa(d.Version)
	return s.Journal.Record(ctx, journal.Entry{Firm: d.Firm, Ref: ProfileRef(d.ID), Verb: "profile." + what, Why: why, Data: data})
}
