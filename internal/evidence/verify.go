package evidence

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/journal"
	"chop/internal/ledger"
)

// Codes of a verification's checks; each has the messages "evidence.check.<code>" (what it asks) and, by its state,
// "evidence.state.<state>".
const (
	CheckManifest   = "manifest"   // the manifest opens and is whole
	CheckRecord     = "record"     // the vault's index says what the manifest says
	CheckFile       = "file"       // a file opens and has the size and SHA-256 of the manifest
	CheckFiles      = "files"      // no file is missing, none was added
	CheckCommitment = "commitment" // the ledger's leaf is the commitment of this manifest
	CheckInclusion  = "inclusion"  // the leaf is proved in the newest signed checkpoint
	CheckCustody    = "custody"    // every line of the chain of custody is as it was written
	CheckHold       = "hold"       // the legal hold is as the chain of custody says
	CheckStamp      = "stamp"      // a timestamp is of this manifest, sound, and the one that came
)

// Check is one answer of a verification.
type Check struct {
	Code  string
	State State
	File  string // CheckFile: its name; CheckStamp: the authority's
}

// Receipt is the result of verifying one exhibit.
type Receipt struct {
	Exhibit  string // id
	Code     string // D-001
	State    State  // worst of the checks; Gone for a removed exhibit of which the rest holds
	Checks   []Check
	At       time.Time // when it was verified
	Manifest string    // SHA-256 of capture.json
	Index    int64     // of the leaf in the ledger; -1 while it waits
	Size     int64     // of the checkpoint it was held against; 0: none yet
	Stamps   []Stamp   // each timestamp it has
}

func (r *Receipt) add(code string, s State) { r.Checks = append(r.Checks, Check{Code: code, State: s}) }

func (r *Receipt) say(code string, ok bool) {
	if ok {
		r.add(code, Holds)
	} else {
		r.add(code, Fails)
	}
}

func (r *Receipt) conclude(gone bool) {
	r.State = Holds
	for _, c := range r.Checks {
		if c.Code == CheckStamp && c.State == Waits { // an authority that does not answer takes nothing from the seal
			continue
		}
		if c.State == Fails || c.State == Waits && r.State != Fails {
			r.State = c.State
		}
	}
	if gone && r.State != Fails {
		r.State = Gone
	}
}

// Verify recomputes everything the exhibit rests on and keeps the result with it. Needs access.ViewEvidence. An error
// is about looking (the database does not answer, the firm was forgotten); what does not hold is in the receipt.
func (s *Store) Verify(ctx context.Context, firm, id string) (Receipt, error) {
	if err := access.Check(ctx, access.ViewEvidence, firm); err != nil {
		return Receipt{}, err
	}
	r, err := s.row(ctx, firm, id)
	if err != nil {
		return Receipt{}, err
	}
	rc, err := s.verify(ctx, r)
	if err != nil {
		return Receipt{}, fmt.Errorf("verify %s: %w", r.Code(), err)
	}
	return rc, nil
}

func (s *Store) verify(ctx context.Context, r row) (Receipt, error) {
	if r.Forgotten {
		return Receipt{}, fault.New(fault.NotFound, "seal.forgotten")
	}
	rc := Receipt{Exhibit: r.ID, Code: r.Code(), Index: -1}
	gone := !r.Removed.IsZero()
	if !gone {
		rc.say(CheckManifest, !r.Unread && r.said.Format == format)
		if !r.Unread {
			rc.Manifest = digest(r.manifest)
			rc.say(CheckRecord, agrees(r))
			if err := s.verifyFiles(ctx, r, &rc); err != nil {
				return rc, err
			}
		}
	}
	if err := s.verifyLedger(ctx, r, &rc); err != nil {
		return rc, err
	}
	if err := s.verifyCustody(ctx, r, &rc); err != nil {
		return rc, err
	}
	rc.conclude(gone)
	if r.known != nil { // the page is written down together
		return rc, nil
	}
	err := s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		rc.At = tx.Now()
		if rc.State != r.Checked && !gone {
			tx.Touch(r.Firm, Topic)
		}
		// A broken exhibit gives up its mark, so that the same capture can be preserved anew.
		_, err := tx.Exec(ctx, `UPDATE exhibit SET checked_at = $3, checked = $4, mark = CASE WHEN $5 THEN id ELSE mark END
			WHERE firm_id = $1 AND id = $2`, r.Firm, r.ID, rc.At, string(rc.State), rc.State == Fails)
		return err
	})
	return rc, err
}

// agrees holds the columns against the sealed manifest.
func agrees(r row) bool {
	m := r.said
	return m.Firm == r.Firm && m.ID == r.ID && m.Number == r.Number && m.Code == r.Code() && m.Ref == r.Ref &&
		m.At == r.At.Format(timeForm) && m.By.ID == r.By && m.Cause == r.Cause && m.Prev == r.Prev
}

func (s *Store) verifyFiles(ctx context.Context, r row, rc *Receipt) error {
	blobs, err := s.blobs(ctx, r)
	if err != nil {
		return err
	}
	for i, f := range r.Files {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		_, err := s.readAlone(ctx, r, blobs, i)
		rc.say(CheckFile, err == nil)
		rc.Checks[len(rc.Checks)-1].File = f.Name
	}
	rc.say(CheckFiles, len(blobs) == len(r.Files))
	return nil
}

// verifyLedger looks for the commitment in the log and proves it in the newest checkpoint. The hashes of the proof come
// from the database, and the checkpoint's signature makes a forged proof useless.
func (s *Store) verifyLedger(ctx context.Context, r row, rc *Receipt) error {
	leaf, err := s.leaf(ctx, r)
	if fault.Is(err, fault.NotFound) {
		rc.add(CheckCommitment, Fails)
		return nil
	}
	if err != nil {
		return err
	}
	if r.manifest != nil {
		rc.say(CheckCommitment, bytes.Equal(leaf.Leaf, ledger.Commit(r.salt, r.manifest)))
	}
	rc.Index = leaf.Index
	state, c, err := s.included(ctx, r, leaf)
	if err != nil {
		return err
	}
	rc.Size = c.Size
	rc.add(CheckInclusion, state)
	return nil
}

func (s *Store) included(ctx context.Context, r row, leaf ledger.Entry) (State, ledger.Checkpoint, error) {
	if r.known != nil { // the whole log was recomputed just before: every leaf below the checkpoint is in it
		switch c := r.known.newest; {
		case leaf.Index < 0:
			return Waits, c, nil
		case leaf.Index < c.Size:
			return Holds, c, nil
		}
	}
	c, err := s.ledger.Latest(ctx)
	if errors.Is(err, ledger.ErrDamaged) {
		return Fails, c, nil
	}
	if err != nil {
		return "", c, err
	}
	if leaf.Index < 0 {
		return Waits, c, nil
	}
	if leaf.Index >= c.Size { // a place is only given together with a checkpoint
		return Fails, c, nil
	}
	p, err := s.ledger.Prove(ctx, leaf.Index, c.Size)
	if errors.Is(err, ledger.ErrDamaged) {
		return Fails, c, nil
	}
	if err != nil {
		return "", c, err
	}
	if !c.Proves(p, leaf.Index, leaf.Leaf) {
		return Fails, c, nil
	}
	return Holds, c, nil
}

func (s *Store) verifyCustody(ctx context.Context, r row, rc *Receipt) error {
	lines, err := s.lines(ctx, r)
	if err != nil {
		return err
	}
	whole, begun := journal.Whole(lines), false
	sound := true
	for _, l := range lines {
		begun = begun || l.Verb == "exhibit.preserved"
		ok, err := s.soundLine(ctx, r, l)
		if err != nil {
			return err
		}
		sound = sound && ok
	}
	rc.say(CheckCustody, sound && whole && begun)
	held, gone := standing(lines)
	rc.say(CheckHold, r.Held.Equal(held) && r.Removed.Equal(gone))
	if !r.Removed.IsZero() {
		return nil
	}
	return s.verifyStamps(ctx, r, lines, rc)
}

// standing is since when the exhibit is held and removed, as the chain of custody tells it.
func standing(lines []journal.Line) (held, gone time.Time) {
	for _, l := range lines {
		switch l.Verb {
		case "exhibit.held":
			held = l.At
		case "exhibit.released":
			held = time.Time{}
		case "exhibit.removed":
			gone = l.At
		}
	}
	return held, gone
}

// Report is the result of verifying a firm's whole vault.
type Report struct {
	Firm     string
	Exhibits int
	Waiting  int
	Failed   []Receipt
	Missing  []int // numbers of which no row is left
	Unknown  []string
	Ledger   ledger.Report
}

// Holds tells whether nothing was found.
func (r Report) Holds() bool {
	return len(r.Failed) == 0 && len(r.Missing) == 0 && len(r.Unknown) == 0 && r.Ledger.Holds()
}

// maxMissing keeps a counter that was set to a monstrous number from filling the memory.
const maxMissing = 1000

func (r *Report) miss(from, to int) {
	for n := from; n < to && len(r.Missing) < maxMissing; n++ {
		r.Missing = append(r.Missing, n)
	}
}
