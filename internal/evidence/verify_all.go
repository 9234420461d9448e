package evidence

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/journal"
	"chop/internal/ledger"
)

// VerifyAll verifies every exhibit of the firm and the whole ledger, and looks for rows that were taken away: numbers
// without a row, and exhibits (Unknown, by id) that the journal knows and the vault does not. Needs
// access.ViewEvidence. Pages of exhibits are worked in parallel, one large file at a time. Not to be called inside a transaction; a job runs it with job.Outside.
func (s *Store) VerifyAll(ctx context.Context, firm string) (Report, error) {
	rep := Report{Firm: firm}
	if err := access.Check(ctx, access.ViewEvidence, firm); err != nil {
		return rep, err
	}
	var ids []string
	var last int
	err := s.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		if _, err := tx.One(ctx, `SELECT last FROM exhibit_counter WHERE firm_id = $1`, []any{firm}, &last); err != nil {
			return err
		}
		next := 1
		err := tx.Each(ctx, `SELECT id, number FROM exhibit WHERE firm_id = $1 ORDER BY number`, []any{firm}, func(scan func(...any) error) error {
			var id string
			var n int
			err := scan(&id, &n)
			ids = append(ids, id)
			rep.miss(next, n)
			next = n + 1
			return err
		})
		rep.miss(next, last+1)
		return err
	})
	if err != nil {
		return rep, fmt.Errorf("verify the vault: %w", err)
	}
	// The log first: when all of it holds, no exhibit needs a proof of its own.
	if rep.Ledger, err = s.ledger.Verify(ctx); err != nil {
		return rep, err
	}
	err = s.verifyPages(ctx, &rep, ids)
	return rep, err
}

// known is what was read for a whole page of exhibits, so that verifying one of them asks the database nothing more.
type known struct {
	newest ledger.Checkpoint // of a log that holds
	blobs  map[string]map[int]string
	leaves map[int64]ledger.Entry
	lines  map[string][]journal.Line
}

// verifyPages shares the pages among as many workers as there are cores.
func (s *Store) verifyPages(ctx context.Context, rep *Report, ids []string) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	pages := make(chan []string)
	var wg sync.WaitGroup
	var mu sync.Mutex
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for page := range pages {
				rcs, err := s.verifyPage(ctx, rep.Firm, page, rep.Ledger)
				if err != nil {
					stop(err)
				}
				mu.Lock()
				rep.count(rcs)
				mu.Unlock()
			}
		})
	}
	for page := range chunks(ids) {
		if ctx.Err() != nil {
			break
		}
		pages <- page
	}
	close(pages)
	wg.Wait()
	if err := context.Cause(ctx); err != nil {
		return err
	}
	slices.SortFunc(rep.Failed, func(a, b Receipt) int { return cmp.Compare(a.Code, b.Code) })
	return s.unknown(ctx, rep, ids)
}

func (r *Report) count(rcs []Receipt) {
	for _, rc := range rcs {
		r.Exhibits++
		switch rc.State {
		case Fails:
			r.Failed = append(r.Failed, rc)
		case Waits:
			r.Waiting++
		}
	}
}

// unknown lists the exhibits that the journal knows and the vault does not.
func (s *Store) unknown(ctx context.Context, rep *Report, ids []string) error {
	list, err := s.journal.Known(ctx, access.ViewEvidence, rep.Firm, "exhibit.preserved", RefKind)
	if err != nil {
		return err
	}
	here := make(map[string]bool, len(ids))
	for _, id := range ids {
		here[id] = true
	}
	for _, id := range list {
		if !here[id] {
			rep.Unknown = append(rep.Unknown, id)
		}
	}
	return nil
}

// verifyPage verifies up to chunk exhibits of a firm. With a log that does not hold each is verified by itself, with its own
// proof.
func (s *Store) verifyPage(ctx context.Context, firm string, ids []string, log ledger.Report) (out []Receipt, err error) {
	if !log.Holds() || log.Newest.Size == 0 {
		for _, id := range ids {
			rc, err := s.Verify(ctx, firm, id)
			if err != nil {
				return out, err
			}
			out = append(out, rc)
		}
		return out, nil
	}
	rows, err := s.rows(ctx, `firm_id = $1 AND id IN (`+db.Marks(2, len(ids))+`)`, append([]any{firm}, db.Args(ids)...)...)
	if err != nil {
		return nil, err
	}
	k, err := s.know(ctx, firm, ids, rows)
	if err != nil {
		return nil, err
	}
	k.newest = log.Newest
	for _, r := range rows {
		r.known = k
		rc, err := s.verify(ctx, r)
		if err != nil {
			return out, fmt.Errorf("verify %s: %w", r.Code(), err)
		}
		out = append(out, rc)
	}
	return out, s.writeDown(ctx, firm, rows, out)
}

// know reads everything that the verification of these exhibits rests on, but the files.
func (s *Store) know(ctx context.Context, firm string, ids []string, rows []row) (k *known, err error) {
	k = &known{blobs: map[string]map[int]string{}}
	if k.lines, err = s.journal.OfMany(ctx, access.ViewEvidence, firm, RefKind, ids); err != nil {
		return nil, err
	}
	var tickets []int64
	for _, r := range rows {
		k.blobs[r.ID] = map[int]string{}
		tickets = append(tickets, r.ticket)
	}
	for _, lines := range k.lines {
		for _, l := range lines {
			tickets = append(tickets, l.Ticket())
		}
	}
	if k.leaves, err = s.ledger.FindMany(ctx, tickets); err != nil {
		return nil, err
	}
	err = s.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT exhibit_id, n, blob FROM exhibit_file WHERE firm_id = $1 AND exhibit_id IN (`+db.Marks(2, len(ids))+`)`,
			append([]any{firm}, db.Args(ids)...), func(scan func(...any) error) error {
				var id, b string
				var n int
				err := scan(&id, &n, &b)
				if m := k.blobs[id]; m != nil {
					m[n] = b
				}
				return err
			})
	})
	return k, err
}

// writeDown keeps the results of a page: those that hold together, the others one by one.
func (s *Store) writeDown(ctx context.Context, firm string, rows []row, rcs []Receipt) error {
	return s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		same := map[State][]string{}
		for i := range rcs {
			rc := &rcs[i]
			rc.At = tx.Now()
			if rc.State != rows[i].Checked && rc.State != Gone {
				tx.Touch(firm, Topic)
			}
			same[rc.State] = append(same[rc.State], rc.Exhibit)
		}
		for state, ids := range same {
			_, err := tx.Exec(ctx, `UPDATE exhibit SET checked_at = $2, checked = $3, mark = CASE WHEN $4 THEN id ELSE mark END
				WHERE firm_id = $1 AND id IN (`+db.Marks(5, len(ids))+`)`, append([]any{firm, tx.Now(), string(state), state == Fails}, db.Args(ids)...)...)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Store) leaf(ctx context.Context, r row) (ledger.Entry, error) {
	if r.known == nil {
		return s.ledger.Find(ctx, r.ticket)
	}
	e, ok := r.known.leaves[r.ticket]
	if !ok {
		return e, fault.Missing("leaf")
	}
	return e, nil
}

func (s *Store) lines(ctx context.Context, r row) ([]journal.Line, error) {
	if r.known == nil {
		return s.Custody(ctx, r.Firm, r.ID)
	}
	return r.known.lines[r.ID], nil
}

func (s *Store) soundLine(ctx context.Context, r row, l journal.Line) (bool, error) {
	if r.known == nil {
		return s.journal.Sound(ctx, l)
	}
	return l.SoundIn(r.known.leaves[l.Ticket()]), nil
}

// large is the size from which files are opened one at a time, whoever verifies: a file is held in memory whole.
const large = 16 << 20

// readAlone reads a file of which only the answer is wanted, whether it holds.
func (s *Store) readAlone(ctx context.Context, r row, blobs map[int]string, n int) ([]byte, error) {
	if r.Files[n].Size >= large {
		s.alone.Lock()
		defer s.alone.Unlock()
	}
	return s.read(ctx, r, blobs, n)
}
