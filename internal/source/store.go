package source

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"chop/internal/access"
	"chop/internal/alert"
	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/job"
	"chop/internal/journal"
	"chop/internal/reason"
	"chop/internal/seal"
)

// Registry is the list of connectors the program knows, by kind.
type Registry map[string]Connector

// Kinds lists the registered kinds by name.
func (r Registry) Kinds() []string {
	ks := make([]string, 0, len(r))
	for k := range r {
		ks = append(ks, k)
	}
	slices.Sort(ks)
	return ks
}

// Find is the connector of a kind.
func (r Registry) Find(kind string) (Connector, error) {
	c, ok := r[kind]
	if !ok {
		return nil, fault.New(fault.Invalid, "source.unknown_kind", "kind", kind)
	}
	return c, nil
}

// Store keeps sources.
type Store struct {
	DB       *db.DB
	Jobs     *job.Queue
	Seal     *seal.Store
	Journal  *journal.Store
	Alerts   *alert.Store
	Registry Registry
}

// Ref points at a source.
func Ref(id string) reason.Ref { return reason.Ref{Kind: "source", ID: id} }

// Connect tries the settings at the place, saves them sealed, and starts to watch. Needs access.ManageSources.
// Faults of the connector's Check come back as they are.
func (s *Store) Connect(ctx context.Context, firm, kind, name string, in Settings) (Source, CheckReport, error) {
	var none Source
	if err := access.Check(ctx, access.ManageSources, firm); err != nil {
		return none, CheckReport{}, err
	}
	c, err := s.Registry.Find(kind)
	if err != nil {
		return none, CheckReport{}, err
	}
	settings, err := checkSettings(c.Describe(), in)
	if err != nil {
		return none, CheckReport{}, err
	}
	report, err := c.Check(ctx, settings)
	if err != nil {
		return none, CheckReport{}, err
	}
	src := Source{Firm: firm, ID: db.NewID(), Kind: kind, Name: cmp.Or(name, report.Title, kind), QuietAfter: defaultQuiet}
	if report.Expires != nil {
		src.ExpiresAt = *report.Expires
	}
	if c.Describe().Manual {
		src.QuietAfter = 0
	}
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		src.CreatedAt = tx.Now()
		if err := s.insert(ctx, tx, src, settings); err != nil {
			return err
		}
		if err := s.schedule(ctx, tx, &src, tx.Now()); err != nil {
			return err
		}
		return s.Journal.Record(ctx, journal.Entry{Firm: firm, Ref: Ref(src.ID), Verb: "source.connected",
			Data: map[string]string{"kind": kind, "name": src.Name}})
	})
	return src, report, err
}

func (s *Store) insert(ctx context.Context, tx *db.Tx, src Source, settings Settings) error {
	sealed, err := s.Seal.Seal(ctx, src.Firm, "source.settings", src.ID, marshal(settings))
	if err != nil {
		return fmt.Errorf("seal settings: %w", err)
	}
	_, err = tx.Exec(ctx, `INSERT INTO source (firm_id, id, kind, name, settings, cursor, quiet_after, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		src.Firm, src.ID, src.Kind, src.Name, sealed, []byte{}, src.QuietAfter.Microseconds(), src.CreatedAt, src.ExpiresAt)
	if err != nil {
		return fmt.Errorf("save source: %w", err)
	}
	return nil
}

// schedule puts the timer of the next look; timers with an older number will be ignored. Sources that push, and those
// a person feeds, have no timer.
func (s *Store) schedule(ctx context.Context, tx *db.Tx, src *Source, at time.Time) error {
	if d := s.Registry[src.Kind].Describe(); d.Push || d.Manual {
		return nil
	}
	src.Poll++
	src.NextAt = at
	if _, err := tx.Exec(ctx, `UPDATE source SET poll = $3, next_at = $4 WHERE firm_id = $1 AND id = $2`,
		src.Firm, src.ID, src.Poll, at); err != nil {
		return fmt.Errorf("schedule look: %w", err)
	}
	return s.Jobs.Put(ctx, Due{Firm: src.Firm, Source: src.ID, Number: src.Poll}, job.At(at))
}

const columns = `firm_id, id, kind, name, cursor, paused, quiet_after, poll, every, created_at, checked_at, ok_at, item_at,
	next_at, expires_at, fails, error, error_data, items`

func scanSource(scan func(...any) error) (Source, error) {
	var src Source
	var quiet, every int64
	var data string
	err := scan(&src.Firm, &src.ID, &src.Kind, &src.Name, &src.Cursor, &src.Paused, &quiet, &src.Poll, &every, &src.CreatedAt,
		&src.CheckedAt, &src.OKAt, &src.ItemAt, &src.NextAt, &src.ExpiresAt, &src.Fails, &src.Error, &data, &src.Items)
	if err != nil {
		return src, err
	}
	src.QuietAfter, src.Every = time.Duration(quiet)*time.Microsecond, time.Duration(every)*time.Microsecond
	return src, json.Unmarshal([]byte(data), &src.ErrorData)
}

// Find is one source. Needs access.ViewSources; fault.NotFound when it does not exist.
func (s *Store) Find(ctx context.Context, firm, id string) (Source, error) {
	if err := access.Check(ctx, access.ViewSources, firm); err != nil {
		return Source{}, err
	}
	list, err := s.query(ctx, `firm_id = $1 AND id = $2 AND removed_at = 0`, firm, id)
	if err == nil && len(list) == 0 {
		err = fault.Missing("source")
	}
	if err != nil {
		return Source{}, err
	}
	return list[0], nil
}

// guarded leaves out the channels of firms whose guarding has ended.
const guarded = `firm_id IN (SELECT id FROM firm WHERE archived_at = 0)`

// ByID finds a source of any guarded firm, for the queue and for deliveries that name it in their address and prove
// themselves by signature.
func (s *Store) ByID(ctx context.Context, id string) (Source, error) {
	list, err := s.query(ctx, `id = $1 AND removed_at = 0 AND `+guarded, id)
	if err == nil && len(list) == 0 {
		err = fault.Missing("source")
	}
	if err != nil {
		return Source{}, err
	}
	return list[0], nil
}

// List is every source the principal may see, or those of one firm, troubled first, then by name.
func (s *Store) List(ctx context.Context, firm string) ([]Source, error) {
	firms := access.Scope(ctx, access.ViewSources)
	if firm != "" {
		if err := access.Check(ctx, access.ViewSources, firm); err != nil {
			return nil, err
		}
		firms = []string{firm}
	}
	if len(firms) == 0 {
		return nil, nil
	}
	list, err := s.query(ctx, `firm_id IN (`+db.Marks(1, len(firms))+`) AND removed_at = 0`, db.Args(firms)...)
	if err != nil {
		return nil, err
	}
	now := s.DB.Now()
	slices.SortStableFunc(list, func(a, b Source) int {
		at, bt := a.Condition(now).Troubled(), b.Condition(now).Troubled()
		if at != bt {
			if at {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	return list, nil
}

func (s *Store) query(ctx context.Context, where string, args ...any) (list []Source, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT `+columns+` FROM source WHERE `+where, args, func(scan func(...any) error) error {
			src, err := scanSource(scan)
			list = append(list, src)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read sources: %w", err)
	}
	return list, nil
}

// Settings opens the sealed settings, for a connector only.
func (s *Store) Settings(ctx context.Context, src Source) (Settings, error) {
	var sealed []byte
	err := s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		found, err := tx.One(ctx, `SELECT settings FROM source WHERE firm_id = $1 AND id = $2`, []any{src.Firm, src.ID}, &sealed)
		if err == nil && !found {
			return fault.Missing("source")
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read settings: %w", err)
	}
	raw, err := s.Seal.Open(ctx, src.Firm, "source.settings", src.ID, sealed)
	if err != nil {
		return nil, fmt.Errorf("open settings: %w", err)
	}
	var out Settings
	return out, json.Unmarshal(raw, &out)
}

// Reconnect changes settings after trying them; empty secrets keep their old value. Needs access.ManageSources.
func (s *Store) Reconnect(ctx context.Context, firm, id, name string, in Settings) (CheckReport, error) {
	if err := access.Check(ctx, access.ManageSources, firm); err != nil {
		return CheckReport{}, err
	}
	src, err := s.Find(ctx, firm, id)
	if err != nil {
		return CheckReport{}, err
	}
	c, err := s.Registry.Find(src.Kind)
	if err != nil {
		return CheckReport{}, err
	}
	old, err := s.Settings(ctx, src)
	if err != nil {
		return CheckReport{}, err
	}
	for _, f := range c.Describe().Fields {
		if f.Type == "secret" && in[f.Name] == "" {
			in[f.Name] = old[f.Name]
		}
	}
	settings, err := checkSettings(c.Describe(), in)
	if err != nil {
		return CheckReport{}, err
	}
	report, err := c.Check(ctx, settings)
	if err != nil {
		return CheckReport{}, err
	}
	return report, s.replace(ctx, src, cmp.Or(name, src.Name), settings, report)
}

func (s *Store) replace(ctx context.Context, src Source, name string, settings Settings, r CheckReport) error {
	sealed, err := s.Seal.Seal(ctx, src.Firm, "source.settings", src.ID, marshal(settings))
	if err != nil {
		return fmt.Errorf("seal settings: %w", err)
	}
	var expires time.Time
	if r.Expires != nil {
		expires = *r.Expires
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if _, err := tx.Exec(ctx, `UPDATE source SET settings = $3, name = $4, expires_at = $5, fails = 0, error = '', error_data = '{}'
			WHERE firm_id = $1 AND id = $2`, src.Firm, src.ID, sealed, name, expires); err != nil {
			return fmt.Errorf("save source: %w", err)
		}
		ended := []Condition{Blind} // the place was just tried
		if !endsSoon(expires, tx.Now()) {
			ended = append(ended, Expiring)
		}
		if err := s.calm(ctx, src.Firm, src.ID, ended...); err != nil {
			return err
		}
		if err := s.schedule(ctx, tx, &src, tx.Now()); err != nil {
			return err
		}
		return s.Journal.Record(ctx, journal.Entry{Firm: src.Firm, Ref: Ref(src.ID), Verb: "source.reconnected"})
	})
}

// Pause stops or resumes the watch. Needs access.ManageSources and, for stopping, a reason: a blind channel is a risk.
func (s *Store) Pause(ctx context.Context, firm, id string, paused bool, why string) error {
	if err := access.Check(ctx, access.ManageSources, firm); err != nil {
		return err
	}
	if paused && len(why) < 3 {
		return fault.New(fault.Invalid, "why").On("why")
	}
	src, err := s.Find(ctx, firm, id)
	if err != nil {
		return err
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if _, err := tx.Exec(ctx, `UPDATE source SET paused = $3 WHERE firm_id = $1 AND id = $2`, firm, id, paused); err != nil {
			return fmt.Errorf("pause source: %w", err)
		}
		verb := "source.paused"
		if !paused {
			verb = "source.resumed"
			if err := s.schedule(ctx, tx, &src, tx.Now()); err != nil {
				return err
			}
		}
		return s.Journal.Record(ctx, journal.Entry{Firm: firm, Ref: Ref(id), Verb: verb, Why: why})
	})
}

// Remove ends the watch for good; what was captured stays. Needs access.ManageSources and a reason.
func (s *Store) Remove(ctx context.Context, firm, id, why string) error {
	if err := access.Check(ctx, access.ManageSources, firm); err != nil {
		return err
	}
	if len(why) < 3 {
		return fault.New(fault.Invalid, "why").On("why")
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE source SET removed_at = $3, settings = $4 WHERE firm_id = $1 AND id = $2 AND removed_at = 0`,
			firm, id, tx.Now(), []byte{})
		if err != nil {
			return fmt.Errorf("remove source: %w", err)
		}
		if n == 0 {
			return fault.Missing("source")
		}
		if err := s.calm(ctx, firm, id, Blind, Quiet, Expiring); err != nil {
			return err
		}
		return s.Journal.Record(ctx, journal.Entry{Firm: firm, Ref: Ref(id), Verb: "source.removed", Why: why})
	})
}

// FaultOf splits an error into the code and data that a page shows.
func FaultOf(err error) (code string, data map[string]any) {
	var f *fault.Error
	if !errors.As(err, &f) {
		return "internal", map[string]any{}
	}
	data = map[string]any{"permanent": f.Kind == fault.Invalid || f.Kind == fault.Forbidden}
	for k, v := range f.Data {
		data[k] = v
	}
	return f.Code, data
}
