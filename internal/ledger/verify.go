package ledger

import (
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"chop/internal/db"
	"chop/internal/witness"
)

// Report is the result of recomputing the whole log.
type Report struct {
	Leaves      int64
	Waiting     int64 // handed in, not yet under a checkpoint
	Checkpoints int
	Newest      Checkpoint
	Cosigned    []witness.Cosignature // by whom the newest checkpoint is confirmed, of the witnesses that are known
	Unknown     int                   // signature lines of nobody we know; they say nothing
	Troubles    []Trouble
}

// Holds tells whether nothing was found.
func (r Report) Holds() bool { return len(r.Troubles) == 0 }

// Trouble is one thing that does not hold.
type Trouble struct {
	Code string // see the constants
	At   int64  // leaf, node or size that it concerns
	Path string // file in the log's folder, if it concerns one
}

// Codes of trouble; each has a message "ledger.trouble.<code>".
const (
	LeafMissing     = "leaf_missing"     // a place in the log is empty
	LeafExtra       = "leaf_extra"       // leaves beyond the head
	NodeChanged     = "node_changed"     // a stored hash is not what the leaves give
	NodeExtra       = "node_extra"       // hashes beyond the head
	CheckpointBad   = "checkpoint_bad"   // signature, name or size of a checkpoint
	CheckpointOther = "checkpoint_other" // the log's beginning is not what a checkpoint says
	HeadBack        = "head_back"        // a checkpoint knows a longer log
	FileBad         = "file_bad"         // the checkpoint in the data folder cannot be read
	DirBack         = "dir_back"         // the folder is older than what was written there
	EntriesBad      = "entries_bad"      // an entry bundle of the folder is missing or cut
	TileBad         = "tile_bad"         // a tile of the folder is not what its leaves give
	FileExtra       = "file_extra"       // a file of the folder that this checkpoint does not know
	CosignatureBad  = "cosignature_bad"  // a witness's line that its key did not make
	WitnessRefused  = "witness_refused"  // a witness says that the log does not continue what it has seen
)

// maxTroubles ends the search: one changed leaf changes every later root.
const maxTroubles = 100

// page is how many leaves Verify holds in memory at once.
const page = 1000

type verification struct {
	Report
	log   *Log
	tx    *db.Tx
	edge  edge
	nodes int64      // stored nodes compared so far
	kept  Checkpoint // from the data folder
	due   []Checkpoint
}

// Verify recomputes every hash from the leaves and compares them with the stored ones, with every signed checkpoint,
// and with the checkpoint kept outside the database. The error is about reading; what does not hold is in the report.
// Not to be called inside a transaction, which may be older than that checkpoint.
func (l *Log) Verify(ctx context.Context) (Report, error) {
	v := &verification{log: l}
	kept, err := l.writtenDown()
	if err != nil {
		v.trouble(FileBad, 0)
	}
	v.kept = kept
	err = l.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		v.tx = tx
		return v.run(ctx)
	})
	if err != nil {
		return Report{}, fmt.Errorf("verify the ledger: %w", err)
	}
	more, err := l.standing(ctx)
	if err != nil {
		return Report{}, fmt.Errorf("verify the ledger: %w", err)
	}
	v.Troubles, v.Cosigned = append(v.Troubles, more...), v.Newest.Cosigned
	return v.Report, nil
}

func (v *verification) run(ctx context.Context) error {
	if _, err := v.tx.One(ctx, `SELECT count(*) FROM ledger_queue`, nil, &v.Waiting); err != nil {
		return err
	}
	// First the checkpoints, then the head: the log may grow between the two, and never shrinks.
	if err := v.checkpoints(ctx); err != nil {
		return err
	}
	if _, err := v.tx.One(ctx, `SELECT size FROM ledger_head WHERE id = 1`, nil, &v.Leaves); err != nil {
		return err
	}
	if v.Leaves < 0 {
		v.trouble(LeafExtra, v.Leaves)
		v.Leaves = 0
	}
	v.reached()
	if err := v.walk(ctx); err != nil {
		return err
	}
	for _, c := range v.due {
		v.trouble(HeadBack, c.Size)
	}
	return v.extras(ctx)
}

func (v *verification) trouble(code string, at int64) {
	if len(v.Troubles) < maxTroubles {
		v.Troubles = append(v.Troubles, Trouble{Code: code, At: at})
	}
}

// checkpoints reads the signed heads, smallest first, and adds the one from the data folder in its place.
func (v *verification) checkpoints(ctx context.Context) error {
	err := v.tx.Each(ctx, `SELECT size, note, at FROM ledger_checkpoint ORDER BY size`, nil, func(scan func(...any) error) error {
		var size int64
		var text string
		var at time.Time
		if err := scan(&size, &text, &at); err != nil {
			return err
		}
		v.Checkpoints++
		c, err := v.log.read([]byte(text), at)
		if err != nil || c.Size != size {
			v.trouble(CheckpointBad, size)
			return nil
		}
		v.Newest = c
		v.due = append(v.due, c)
		return nil
	})
	if err != nil {
		return err
	}
	if err := v.witnessed(ctx); err != nil {
		return err
	}
	if v.kept.Note != nil {
		i := 0
		for i < len(v.due) && v.due[i].Size < v.kept.Size {
			i++
		}
		v.due = slices.Insert(v.due, i, v.kept)
	}
	return nil
}

// witnessed checks every cosignature that was kept, each with the checkpoint it confirms.
func (v *verification) witnessed(ctx context.Context) error {
	lines := map[int64][]string{}
	err := v.tx.Each(ctx, `SELECT size, line FROM ledger_cosignature`, nil, func(scan func(...any) error) error {
		var size int64
		var line string
		err := scan(&size, &line)
		lines[size] = append(lines[size], line)
		return err
	})
	for i := range v.due {
		c := &v.due[i]
		for range v.log.cosigned(c, lines[c.Size]) {
			v.trouble(CosignatureBad, c.Size)
		}
		if c.Size == v.Newest.Size {
			v.Newest = *c
		}
	}
	return err
}

// walk reads the leaves page by page and rebuilds the tree.
func (v *verification) walk(ctx context.Context) error {
	for v.edge.size < v.Leaves && len(v.Troubles) < maxTroubles {
		from := v.edge.size
		to := min(from+page, v.Leaves)
		stored, err := v.stored(ctx, tlog.StoredHashCount(from), tlog.StoredHashCount(to))
		if err != nil {
			return err
		}
		err = v.tx.Each(ctx, `SELECT idx, leaf FROM ledger_leaf WHERE idx >= $1 AND idx < $2 ORDER BY idx`, []any{from, to},
			func(scan func(...any) error) error {
				var i int64
				var leaf []byte
				if err := scan(&i, &leaf); err != nil {
					return err
				}
				for v.edge.size < i {
					v.gap(stored)
				}
				v.add(leaf, stored)
				return nil
			})
		if err != nil {
			return err
		}
		for v.edge.size < to {
			v.gap(stored)
		}
	}
	return nil
}

// gap steps over a leaf that is not there.
func (v *verification) gap(stored map[int64]tlog.Hash) {
	v.trouble(LeafMissing, v.edge.size)
	v.add(nil, stored)
}

func (v *verification) add(leaf []byte, stored map[int64]tlog.Hash) {
	for _, h := range v.edge.push(leaf) {
		if stored[v.nodes] != h {
			v.trouble(NodeChanged, v.nodes)
		}
		v.nodes++
	}
	v.reached()
}

// reached compares the root with the checkpoints of exactly this size.
func (v *verification) reached() {
	for len(v.due) > 0 && v.due[0].Size <= v.edge.size {
		if v.due[0].Root != v.edge.root() {
			v.trouble(CheckpointOther, v.due[0].Size)
		}
		v.due = v.due[1:]
	}
}

func (v *verification) stored(ctx context.Context, from, to int64) (map[int64]tlog.Hash, error) {
	m := make(map[int64]tlog.Hash, to-from)
	err := v.tx.Each(ctx, `SELECT idx, hash FROM ledger_hash WHERE idx >= $1 AND idx < $2`, []any{from, to},
		func(scan func(...any) error) error {
			var i int64
			var raw []byte
			if err := scan(&i, &raw); err != nil {
				return err
			}
			if len(raw) == tlog.HashSize { // any other length counts as a node that is not there
				m[i] = tlog.Hash(raw)
			}
			return nil
		})
	return m, err
}

// extras looks for rows beyond the head, as a head that was set back leaves them. Head and rows are read in one
// statement, because the log may have grown since the walk.
func (v *verification) extras(ctx context.Context) error {
	var size, leaf, node, below int64
	_, err := v.tx.One(ctx, `SELECT COALESCE((SELECT size FROM ledger_head WHERE id = 1), 0), COALESCE((SELECT MAX(idx) FROM ledger_leaf), -1),
		COALESCE((SELECT MAX(idx) FROM ledger_hash), -1),
		(SELECT count(*) FROM ledger_leaf WHERE idx < 0) + (SELECT count(*) FROM ledger_hash WHERE idx < 0)`, nil, &size, &leaf, &node, &below)
	if err != nil {
		return err
	}
	size = max(size, 0)
	if leaf >= size || below > 0 {
		v.trouble(LeafExtra, size)
	}
	if node >= tlog.StoredHashCount(size) {
		v.trouble(NodeExtra, size)
	}
	return nil
}
