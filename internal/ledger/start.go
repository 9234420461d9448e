package ledger

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"chop/internal/db"
)

// Consistent is the quick look of every start: the newest checkpoint continues the one in the folder (a consistency proof of
// RFC 6962, 2.1.2), and the folder has all that was written there. Verify includes it. What does not hold is in the
// report; Leaves and Newest are filled. Not to be called inside a transaction.
func (l *Log) Consistent(ctx context.Context) (r Report, err error) {
	kept, err := l.writtenDown()
	if err != nil {
		r.Troubles = append(r.Troubles, Trouble{Code: FileBad, Path: File})
	}
	newest, err := l.Latest(ctx)
	if errors.Is(err, ErrDamaged) {
		r.Troubles = append(r.Troubles, Trouble{Code: CheckpointBad})
		return r, nil
	}
	if err != nil {
		return r, err
	}
	r.Newest, r.Leaves = newest, newest.Size
	if kept.Size > newest.Size {
		r.Troubles = append(r.Troubles, Trouble{Code: HeadBack, At: kept.Size})
	} else if ok, err := l.continues(ctx, kept, newest); err != nil {
		return r, err
	} else if !ok {
		r.Troubles = append(r.Troubles, Trouble{Code: CheckpointOther, At: kept.Size})
	}
	more, err := l.standing(ctx)
	r.Troubles = append(r.Troubles, more...)
	return r, err
}

// continues tells whether the log of the newer checkpoint begins with that of the older one.
func (l *Log) continues(ctx context.Context, older, newer Checkpoint) (bool, error) {
	if older.Size == 0 {
		return true, nil
	}
	if older.Size == newer.Size {
		return older.Root == newer.Root, nil
	}
	p, err := l.Consistency(ctx, older.Size, newer.Size)
	if errors.Is(err, ErrDamaged) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return tlog.CheckTree(p, newer.Size, newer.Root, older.Size, older.Root) == nil, nil
}

// standing is what the database remembers of the folder and of the witnesses. The folder is looked at last: what the
// database knows to be written there lies there by then.
func (l *Log) standing(ctx context.Context) (ts []Trouble, err error) {
	id, err := os.ReadFile(filepath.Join(l.dir, placeFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read the folder of the log: %w", err)
	}
	var size int64
	err = l.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		if _, err := tx.One(ctx, `SELECT size FROM ledger_place WHERE id = $1`, []any{strings.TrimSpace(string(id))}, &size); err != nil {
			return err
		}
		return tx.Each(ctx, `SELECT size FROM ledger_witness WHERE state IN ('refused', 'ahead') ORDER BY name`, nil, func(scan func(...any) error) error {
			var size int64
			err := scan(&size)
			ts = append(ts, Trouble{Code: WitnessRefused, At: size})
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("look at the folder of the log: %w", err)
	}
	if kept, err := l.writtenDown(); err == nil && kept.Size < size {
		ts = append(ts, Trouble{Code: DirBack, At: size, Path: File})
	}
	return ts, nil
}

// Dir checks the log's own folder file by file; see VerifyDir. First it finishes what a killed process began there; a folder
// that was set back was named by Verify before. It waits until nobody writes there. Empty when nothing was written yet.
func (l *Log) Dir(ctx context.Context) (Report, error) {
	c, err := l.Latest(ctx)
	if err == nil {
		err = l.publish(ctx, c)
	}
	if err != nil && !errors.Is(err, ErrDamaged) {
		return Report{}, err
	}
	unlock, err := l.lock()
	if err != nil {
		return Report{}, err
	}
	defer unlock()
	if _, err := os.Stat(filepath.Join(l.dir, File)); errors.Is(err, fs.ErrNotExist) {
		return Report{}, nil
	}
	return VerifyDir(l.dir, l.vkey, l.witnessKeys()...)
}
