package group

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"time"

	"chop/internal/coordination/detect"
	"chop/internal/db"
	"chop/internal/job"
	"chop/internal/mention"
)

// Code is the version of the method, raised whenever the same input gives other figures.
const Code = "1"

// Due asks for a run at a place: the newest actions, so that a finding follows a mention within seconds.
type Due struct{ Firm, Source string }

// Kind names the event.
func (Due) Kind() string { return "group.due" }

// Whole asks for a full recomputation at a place, with the rate of false groups.
type Whole struct{ Firm, Source string }

// Kind names the event.
func (Whole) Kind() string { return "group.whole" }

const (
	quickActs = 20_000    // comments, and as many reactions, that an ordinary run reads
	wholeActs = 1_500_000 // and a full one
	wholeAge  = 24 * time.Hour
	reruns    = 50               // histories with company shuffled, of a full run
	rerunTime = 45 * time.Second // that they may take: a job ends after two minutes
	rest      = 2 * time.Second  // between two runs of a place, at least
	restTimes = 5                // and as many times as the last run took
	busyRetry = time.Second
	wholeWait = 10 * time.Second // a storm goes on: the full run need not be the first thing
)

// Note asks for a run at the place where something new came in. It hears mention.Ingested, inside a transaction, and costs
// two statements.
func (s *Store) Note(ctx context.Context, e mention.Ingested) error {
	if len(e.New)+len(e.Reacted) == 0 {
		return nil
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error { return s.ask(ctx, tx, e.Firm, e.Source) })
}

// ask counts new actions of a place and sets a run on its way, unless one is.
func (s *Store) ask(ctx context.Context, tx *db.Tx, firm, src string) error {
	n, err := tx.Exec(ctx, `UPDATE group_run SET asked = asked + 1 WHERE firm_id = $1 AND source_id = $2 AND waits = TRUE`, firm, src)
	if err != nil || n > 0 {
		return err
	}
	if _, err := tx.Exec(ctx, `INSERT INTO group_run (firm_id, source_id, asked, waits) VALUES ($1, $2, 1, TRUE)
		ON CONFLICT (firm_id, source_id) DO UPDATE SET asked = group_run.asked + 1, waits = TRUE`, firm, src); err != nil {
		return fmt.Errorf("ask for a run: %w", err)
	}
	return s.Jobs.Put(ctx, Due{firm, src})
}

// Run reads the newest actions of a place and updates its groups. It hears Due, outside a transaction. One run at a time in
// a process: a second one comes back later instead of holding a worker.
func (s *Store) Run(ctx context.Context, e Due) error {
	if !s.quick.TryLock() {
		return s.Jobs.Put(ctx, e, job.At(s.DB.Now().Add(busyRetry)))
	}
	defer s.quick.Unlock()
	began := time.Now()
	var asked int64
	if err := s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.One(ctx, `SELECT asked FROM group_run WHERE firm_id = $1 AND source_id = $2`, []any{e.Firm, e.Source}, &asked)
		return err
	}); err != nil {
		return fmt.Errorf("begin run: %w", err)
	}
	r, err := s.look(ctx, e.Firm, e.Source, quickActs)
	if err != nil {
		return err
	}
	news, late, err := s.save(ctx, r)
	if err != nil {
		return err
	}
	took := time.Since(began)
	slog.Info("groups", "firm", e.Firm, "source", e.Source, "actions", len(r.in.Acts), "groups", len(r.report.Groups), "took", took.Round(time.Millisecond).String())
	return s.ran(ctx, e, r, asked, took, news, late)
}

// ran notes that the run ended; what came meanwhile, and a group it kept silent about, ask for the next one after a rest.
func (s *Store) ran(ctx context.Context, e Due, r run, asked int64, took time.Duration, news, late bool) error {
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		var now int64
		var fullAt time.Time
		var fullWaits bool
		if _, err := tx.One(ctx, `SELECT asked, full_at, full_waits FROM group_run WHERE firm_id = $1 AND source_id = $2`, []any{e.Firm, e.Source},
			&now, &fullAt, &fullWaits); err != nil {
			return fmt.Errorf("end run: %w", err)
		}
		more := now > asked || late
		whole := !fullWaits && len(r.report.Groups) > 0 && (news || tx.Now().Sub(fullAt) > wholeAge)
		if _, err := tx.Exec(ctx, `UPDATE group_run SET done = $3, waits = $4, ran_at = $5, took = $6, input = $7, actions = $8, posts = $9, tested = $10,
			pairs = $11, synchronous = $12, full_waits = $13 WHERE firm_id = $1 AND source_id = $2`, e.Firm, e.Source, asked, more, tx.Now(),
			took.Microseconds(), r.digest, len(r.in.Acts), len(r.in.Objects), r.report.Tested, r.report.Pairs, synchronous(r.report), fullWaits || whole); err != nil {
			return fmt.Errorf("end run: %w", err)
		}
		if whole {
			if err := s.Jobs.Put(ctx, Whole(e), job.At(tx.Now().Add(wholeWait))); err != nil {
				return err
			}
		}
		if more {
			return s.Jobs.Put(ctx, e, job.At(tx.Now().Add(max(rest, restTimes*took))))
		}
		return nil
	})
}

// synchronous counts the accounts that were only early together.
func synchronous(r detect.Report) int {
	of := map[string]bool{}
	for _, l := range r.Synchronous {
		of[l.A], of[l.B] = true, true
	}
	return len(of)
}

// RunWhole recomputes a place from all that is kept of it, with the rate of false groups. It hears Whole, outside a
// transaction, one at a time in a process.
func (s *Store) RunWhole(ctx context.Context, e Whole) error {
	if !s.whole.TryLock() {
		return s.Jobs.Put(ctx, e, job.At(s.DB.Now().Add(wholeWait)))
	}
	defer s.whole.Unlock()
	began := time.Now()
	r, err := s.look(ctx, e.Firm, e.Source, wholeActs)
	if err != nil {
		return err
	}
	if len(r.report.Groups) > 0 {
		actions, posts, set, err := r.in.forDetect()
		if err != nil {
			return err
		}
		r.largest = detect.Surrogates(actions, posts, set, rerunsIn(time.Since(began)))
		if err := s.examine(ctx, &r); err != nil {
			return err
		}
	}
	_, late, err := s.save(ctx, r)
	if err != nil {
		return err
	}
	took := time.Since(began)
	slog.Info("groups recomputed", "firm", e.Firm, "source", e.Source, "actions", len(r.in.Acts), "groups", len(r.report.Groups),
		"reruns", len(r.largest), "late", late, "took", took.Round(time.Millisecond).String())
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if _, err := tx.Exec(ctx, `UPDATE group_run SET full_at = $3, full_waits = $4 WHERE firm_id = $1 AND source_id = $2`, e.Firm, e.Source, tx.Now(), late); err != nil {
			return fmt.Errorf("end full run: %w", err)
		}
		if !late {
			return nil
		}
		return s.Jobs.Put(ctx, e, job.At(tx.Now().Add(max(wholeWait, restTimes*took))))
	})
}

// rerunsIn is how many histories fit into their time, when one takes about as long as the run itself did.
func rerunsIn(one time.Duration) int {
	fit := int(rerunTime*time.Duration(runtime.GOMAXPROCS(0))/max(one, time.Millisecond)) / 2
	return min(reruns, max(fit, 1))
}

// run is one look at a place.
type run struct {
	firm, src string
	at        time.Time
	in        input
	digest    string
	packed    []byte
	names     map[string]string
	report    detect.Report
	signs     [][]Sign // of other kinds, by group of the report; nil when they were not looked at
	largest   []int    // of shuffled histories; nil when they were not run
	acts      []Act
	crowd     *detect.Crowd // made once it is asked
}

// look reads and detects; it changes nothing.
func (s *Store) look(ctx context.Context, firm, src string, most int) (r run, err error) {
	without, err := s.KnownKeys(ctx, firm)
	if err != nil {
		return r, err
	}
	in, err := s.gather(ctx, firm, src, most, without)
	if err != nil {
		return r, err
	}
	r = run{firm: firm, src: src, at: s.DB.Now(), in: s.input(src, in), names: map[string]string{}, acts: in.acts}
	for _, a := range in.acts {
		if a.Name != "" {
			r.names[a.Account] = a.Name
		}
	}
	actions, posts, set, err := r.in.forDetect()
	if err != nil {
		return r, err
	}
	r.report = detect.Run(actions, posts, set)
	if len(r.report.Groups) > 0 {
		r.digest, r.packed, err = r.in.pack()
	}
	return r, err
}

func (s *Store) methodSettings() detect.Settings {
	set := s.settings
	if set.Permutations == 0 {
		set = detect.Default()
	}
	if set.Zone = s.Zone; set.Zone == nil {
		set.Zone = time.UTC
	}
	return set
}

// findings turns a report into findings, in its order.
func (r run) findings() (fs []Finding) {
	for i, g := range r.report.Groups {
		f := finding(g)
		if i < len(r.signs) {
			f.Signs = r.signs[i]
		}
		f.At, f.Input, f.Code = r.at, r.digest, r.in.Head.Code
		f.Actions, f.Tested, f.Pairs, f.Groups, f.Seen = r.report.Actions, r.report.Tested, r.report.Pairs, len(r.report.Groups), r.report.Posts
		f.NoTimes, f.Left = r.in.Head.NoTimes, r.in.Head.Left
		if f.Runs = len(r.largest); f.Runs > 0 {
			f.Larger = len(slices.DeleteFunc(slices.Clone(r.largest), func(n int) bool { return n < len(g.Members) }))
			f.Rate = detect.FalseRate(r.largest, len(g.Members))
		}
		fs = append(fs, f)
	}
	return fs
}

// finding is a group of the method in this room's words.
func finding(g detect.Group) Finding {
	f := Finding{Level: Level(g.Level), Together: g.Together, Expected: g.Expected, SD: g.SD, Z: g.Z, P: g.P, Posts: g.Posts}
	for _, m := range g.Members {
		f.Members = append(f.Members, FoundMember{Account: m.Account, Role: g.Role(m), R: m.R, Common: m.Common, P: m.P, Q: m.Q, Posts: m.Posts,
			First: m.First, Since: db.FromMicros(int64(m.Since*1e6 + 0.5))})
	}
	for _, l := range g.Links {
		f.Links = append(f.Links, Link{A: l.A, B: l.B, Shared: l.Shared, Together: l.Together, Within: time.Duration(l.Within * float64(time.Second)),
			Expected: l.Expected, P: l.P, Q: l.Q})
	}
	return f
}
