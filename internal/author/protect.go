package author

import (
	"context"
	"fmt"
	"slices"
	"time"

	"chop/internal/access"
	"chop/internal/author/estimate"
	"chop/internal/author/signal"
	"chop/internal/classify"
	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/journal"
	"chop/internal/mention"
)

// Objection is the flag of an account whose owner objected to being profiled (Art. 21 GDPR); the others are estimate.Minor, Distress and
// Whistleblower.
const Objection = "objection"

// FlagKinds lists why an account is not profiled.
var FlagKinds = []string{estimate.Minor, estimate.Distress, estimate.Whistleblower, Objection}

// Flag is why an account is not profiled: a mark of safety and nothing more.
type Flag struct {
	Kind     string // message "protect.<Kind>"
	Found    string // what was seen: message "protect.found.<code>"; "person" when a person said so
	Mention  string
	Why      string
	Who      string
	At       time.Time
	OwnerAt  time.Time // whistle-blower: when the owner looked
	LawyerAt time.Time
	Lifted   time.Time
}

// Stands tells whether the flag holds. A whistle-blower's holds until both the owner and a lawyer have looked.
func (f Flag) Stands() bool {
	if f.Kind == estimate.Whistleblower && !f.OwnerAt.IsZero() && !f.LawyerAt.IsZero() {
		return false
	}
	return f.Lifted.IsZero()
}

// final tells whether a standing flag of the kind ends profiling and erases what there was.
func final(kind string) bool { return kind != estimate.Whistleblower }

const sealFlag = "author flag"

// Protected is why an account is not profiled, standing or lifted. Needs access.ViewProfiles or access.LegalProfiles.
func (s *Store) Protected(ctx context.Context, firm, key string) ([]Flag, error) {
	if access.Check(ctx, access.LegalProfiles, firm) != nil {
		if err := access.Check(ctx, access.ViewProfiles, firm); err != nil {
			return nil, err
		}
	}
	return s.flags(ctx, firm, key)
}

func (s *Store) flags(ctx context.Context, firm, key string) (fs []Flag, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		var sealed [][]byte
		err := tx.Each(ctx, `SELECT kind, found, ref_id, sealed, who, at, owner_at, lawyer_at, lifted_at FROM author_flag
			WHERE firm_id = $1 AND key = $2 ORDER BY kind`, []any{firm, key}, func(scan func(...any) error) error {
			var f Flag
			var raw []byte
			err := scan(&f.Kind, &f.Found, &f.Mention, &raw, &f.Who, &f.At, &f.OwnerAt, &f.LawyerAt, &f.Lifted)
			fs, sealed = append(fs, f), append(sealed, raw)
			return err
		})
		for i := range fs {
			if err == nil {
				fs[i].Why, err = s.words(ctx, firm, sealFlag, key+"/"+fs[i].Kind, sealed[i])
			}
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read flags: %w", err)
	}
	return fs, nil
}

// words opens a sealed text; empty for none.
func (s *Store) words(ctx context.Context, firm, purpose, id string, sealed []byte) (string, error) {
	if len(sealed) == 0 {
		return "", nil
	}
	plain, err := s.Seal.Open(ctx, firm, purpose, id, sealed)
	if fault.Is(err, fault.NotFound) {
		return "", nil // the firm was forgotten
	}
	return string(plain), err
}

// barred is the fault of an account that may not be profiled.
func (s *Store) barred(ctx context.Context, _ *db.Tx, firm, key string) error {
	fs, err := s.flags(ctx, firm, key)
	if err != nil {
		return err
	}
	if gone, err := s.erasedBefore(ctx, firm, key); err != nil || gone {
		if err == nil {
			err = fault.New(fault.Forbidden, "author.protected", "Kind", Objection)
		}
		return err
	}
	for _, f := range fs {
		switch {
		case !f.Stands():
		case final(f.Kind):
			return fault.New(fault.Forbidden, "author.protected", "Kind", f.Kind)
		default:
			return fault.New(fault.Forbidden, "author.whistleblower")
		}
	}
	return nil
}

// protect sets the flags that protections ask for, unless a person lifted one after what was seen, and erases what must not be
// there.
func (s *Store) protect(ctx context.Context, firm, key string, ps []estimate.Protection) error {
	if len(ps) == 0 {
		return nil
	}
	old, err := s.flags(ctx, firm, key)
	if err != nil {
		return err
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		for _, p := range ps {
			i := slices.IndexFunc(old, func(f Flag) bool { return f.Kind == p.Kind })
			if i >= 0 && (old[i].Stands() || !p.At.After(later(old[i].Lifted, old[i].OwnerAt))) {
				continue
			}
			if err := s.flag(ctx, tx, firm, key, Flag{Kind: p.Kind, Found: p.Found, Mention: p.Ref.ID, Who: "system", At: tx.Now()}); err != nil {
				return err
			}
		}
		return nil
	})
}

// flag writes a flag. One that ends profiling takes every draft and every profile with it, at once and for good: what there was to
// know about a child or a person in distress is not kept.
func (s *Store) flag(ctx context.Context, tx *db.Tx, firm, key string, f Flag) error {
	sealed, err := s.Seal.Seal(ctx, firm, sealFlag, key+"/"+f.Kind, []byte(f.Why))
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `INSERT INTO author_flag (firm_id, key, kind, found, ref_id, sealed, who, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (firm_id, key, kind) DO UPDATE SET found = excluded.found, ref_id = excluded.ref_id, sealed = excluded.sealed, who = excluded.who,
		at = excluded.at, owner = '', owner_at = 0, lawyer = '', lawyer_at = 0, lifted_at = 0`, firm, key, f.Kind, f.Found, f.Mention, sealed, f.Who, f.At); err != nil {
		return fmt.Errorf("save flag: %w", err)
	}
	if final(f.Kind) {
		if err := s.forget(ctx, tx, firm, key, f.Kind); err != nil {
			return err
		}
	}
	tx.Touch(firm, Topic)
	return s.Journal.Record(ctx, journal.Entry{Firm: firm, Ref: Ref(s.mark(ctx, firm, key)), Verb: "author.flagged",
		Data: map[string]string{"kind": f.Kind, "found": f.Found, "mention": f.Mention}})
}

// forget erases everything said about an account: profiles, what people told, suggested links. Our own deeds stay: they are ours.
func (s *Store) forget(ctx context.Context, tx *db.Tx, firm, key, cause string) error {
	ds, err := s.documents(ctx, `key = $2 AND state <> 'erased'`, firm, key)
	if err != nil {
		return err
	}
	for _, d := range ds {
		if err := s.blank(ctx, tx, d, cause); err != nil {
			return err
		}
	}
	for _, q := range []string{`DELETE FROM author_fact WHERE firm_id = $1 AND key = $2`, `DELETE FROM author_link WHERE firm_id = $1 AND (a = $2 OR b = $2)`} {
		if _, err := tx.Exec(ctx, q, firm, key); err != nil {
			return fmt.Errorf("forget account: %w", err)
		}
	}
	return nil
}

// Protect marks an account as one that is not profiled: a minor or a person in distress, because a person says so. Everything said
// about it is erased. Needs access.WorkProfiles or access.Decide. Faults: Invalid "author.flag".
func (s *Store) Protect(ctx context.Context, firm, key, kind, why string) error {
	if access.Check(ctx, access.Decide, firm) != nil {
		if err := access.Check(ctx, access.WorkProfiles, firm); err != nil {
			return err
		}
	}
	if !slices.Contains([]string{estimate.Minor, estimate.Distress, estimate.Whistleblower}, kind) {
		return fault.New(fault.Invalid, "author.flag").On("kind")
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		return s.flag(ctx, tx, firm, key, Flag{Kind: kind, Found: "person", Why: tidy(why), Who: access.From(ctx).User, At: tx.Now()})
	})
}

// Lift ends a flag of a minor or of distress that was wrong, or an objection that was taken back. Needs access.WorkProfiles, a person
// and a reason. A whistle-blower's flag is not lifted: the owner and a lawyer look (Look).
func (s *Store) Lift(ctx context.Context, firm, key, kind, why string) error {
	if err := person(ctx, access.WorkProfiles, firm); err != nil {
		return err
	}
	if why = tidy(why); because(why) != nil {
		return because(why)
	}
	if kind == estimate.Whistleblower || !slices.Contains(FlagKinds, kind) {
		return fault.New(fault.Invalid, "author.flag").On("kind")
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE author_flag SET lifted_at = $4 WHERE firm_id = $1 AND key = $2 AND kind = $3 AND lifted_at = 0`, firm, key, kind, tx.Now())
		if err != nil || n == 0 {
			if err == nil {
				err = fault.Missing("flag")
			}
			return err
		}
		tx.Touch(firm, Topic)
		return s.Journal.Record(ctx, journal.Entry{Firm: firm, Ref: Ref(s.mark(ctx, firm, key)), Verb: "author.unflagged", Why: why, Data: map[string]string{"kind": kind}})
	})
}

// Look records that the owner or a lawyer of the firm has looked whether the account may be a whistle-blower, and that it is not, or
// that a profile may be made in spite of it. Once both have, the stop ends. Needs the role of owner or access.LegalProfiles, and a
// reason. Faults: NotFound "missing"; Forbidden "author.owner_or_lawyer".
func (s *Store) Look(ctx context.Context, firm, key, why string) error {
	column := ""
	who := access.From(ctx)
	switch {
	case access.Check(ctx, access.LegalProfiles, firm) == nil && who.System == "":
		column = "lawyer"
	case who.Firms[firm] == access.Owner:
		column = "owner"
	case !who.Knows(firm):
		return fault.Missing("firm")
	default:
		return fault.New(fault.Forbidden, "author.owner_or_lawyer")
	}
	if why = tidy(why); because(why) != nil {
		return because(why)
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		q := `UPDATE author_flag SET owner = $3, owner_at = $4 WHERE firm_id = $1 AND key = $2 AND kind = 'whistleblower' AND lifted_at = 0`
		if column == "lawyer" {
			q = `UPDATE author_flag SET lawyer = $3, lawyer_at = $4 WHERE firm_id = $1 AND key = $2 AND kind = 'whistleblower' AND lifted_at = 0`
		}
		n, err := tx.Exec(ctx, q, firm, key, who.User, tx.Now())
		if err != nil || n == 0 {
			if err == nil {
				err = fault.Missing("flag")
			}
			return err
		}
		tx.Touch(firm, Topic)
		return s.Journal.Record(ctx, journal.Entry{Firm: firm, Ref: Ref(s.mark(ctx, firm, key)), Verb: "author.looked", Why: why, Data: map[string]string{"as": column}})
	})
}

// Guard looks at what was just labelled for accounts that must be protected: no draft of a child or of a person in distress outlives the
// first sign, and no profile of a possible whistle-blower is read after it. It hears classify.Labelled, inside a transaction.
func (s *Store) Guard(ctx context.Context, e classify.Labelled) error {
	ms, err := s.Mentions.ByIDs(ctx, e.Firm, e.IDs)
	if err != nil || len(ms) == 0 {
		return err
	}
	profiled, err := s.profiled(ctx, e.Firm, ms)
	if err != nil {
		return err
	}
	for _, m := range ms {
		if m.Own {
			continue
		}
		cues := signal.ReadSafety(m.Text)
		if profiled[m.AuthorKey] {
			cues = signal.ReadCues(m.Text)
		}
		it := signal.Item{ID: m.ID, At: m.At, Text: m.Text, Labels: m.Labels}
		ps := estimate.Protections(signal.Set{Book: signal.Book{Items: []signal.Item{it}}, Cues: []signal.Cues{cues}})
		if profiled[m.AuthorKey] || estimate.Bars(ps) {
			if err := s.protect(ctx, e.Firm, m.AuthorKey, ps); err != nil {
				return err
			}
		}
	}
	return nil
}

// profiled tells which accounts of mentions have a draft or a standing profile.
func (s *Store) profiled(ctx context.Context, firm string, ms []mention.Mention) (map[string]bool, error) {
	var keys []string
	for _, m := range ms {
		if !m.Own && !slices.Contains(keys, m.AuthorKey) {
			keys = append(keys, m.AuthorKey)
		}
	}
	out := map[string]bool{}
	err := s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		for part := range slices.Chunk(keys, 500) {
			if err := tx.Each(ctx, `SELECT key FROM author_profile WHERE firm_id = $1 AND state IN ('draft', 'confirmed') AND key IN (`+db.Marks(2, len(part))+`)`,
				append([]any{firm}, db.Args(part)...), func(scan func(...any) error) error {
					var k string
					err := scan(&k)
					out[k] = true
					return err
				}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look for profiles: %w", err)
	}
	return out, nil
}
