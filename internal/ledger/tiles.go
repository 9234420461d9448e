package ledger

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/mod/sumdb/tlog"

	"chop/internal/db"
)

// The data folder holds the log a second time as files, in the layout of C2SP tlog-tiles: tile/<level>/<n> with 256
// hashes, tile/entries/<n> with the leaves, and the newest checkpoint. Anybody can copy the folder and check it with
// foreign programs.
const (
	tileHeight = 8
	tileWidth  = 1 << tileHeight
	lockFile   = "lock"
	placeFile  = "place"
	KeyFile    = "log.vkey" // the public key, for whoever copies the folder
)

// publish brings the folder up to the checkpoint: tiles first, the checkpoint last, so that a process killed between
// two files leaves an older log that holds. A folder whose checkpoint the log does not continue stays as it is, and
// Verify goes on naming the break.
func (l *Log) publish(ctx context.Context, c Checkpoint) error {
	if c.Size == 0 || l.published.Load() >= c.Size {
		return nil
	}
	unlock, err := l.lock()
	if err != nil {
		return err
	}
	defer unlock()
	kept, err := l.writtenDown()
	if err != nil {
		return err
	}
	follows, err := l.follows(ctx, kept, c.Size)
	if err != nil {
		return err
	}
	if !follows {
		slog.Error("the log is not the one whose checkpoint lies in the data folder", "size", c.Size, "kept", kept.Size)
		return nil
	}
	if kept.Size < c.Size || !l.tiled() {
		if err := l.writeAll(ctx, kept, c); err != nil {
			return err
		}
	}
	l.published.Store(c.Size)
	return l.noteSize(ctx, c.Size)
}

// tiled tells whether the folder holds tiles at all; it does not before the first publication, and when somebody moved
// damaged ones away.
func (l *Log) tiled() bool {
	_, err := os.Stat(filepath.Join(l.dir, "tile"))
	return err == nil
}

func (l *Log) writeAll(ctx context.Context, kept, c Checkpoint) error {
	from := kept.Size
	if !l.tiled() {
		from = 0
	}
	folders := map[string]bool{}
	if err := l.writeTiles(ctx, from, c.Size, folders); err != nil {
		return fmt.Errorf("write tiles: %w", err)
	}
	if err := l.writeEntries(ctx, from, c.Size, folders); err != nil {
		return fmt.Errorf("write entries: %w", err)
	}
	for f := range folders {
		if err := syncFolder(f); err != nil {
			return err
		}
	}
	if err := l.writeDown(c); err != nil {
		return err
	}
	return l.prune(from, c.Size)
}

// follows tells whether the log of this size continues the one whose checkpoint was written down. A log that was set
// back and grew again does not.
func (l *Log) follows(ctx context.Context, kept Checkpoint, size int64) (follows bool, err error) {
	if kept.Note == nil {
		return true, nil
	}
	if kept.Size > size {
		return false, nil
	}
	err = l.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		e, err := loadEdge(ctx, tx, kept.Size)
		follows = err == nil && e.root() == kept.Root
		return err
	})
	return follows, err
}

func (l *Log) writeTiles(ctx context.Context, from, to int64, folders map[string]bool) error {
	for _, t := range tlog.NewTiles(tileHeight, from, to) {
		var data []byte
		err := l.reading(ctx, to, func(r tlog.HashReader) (err error) {
			data, err = tlog.ReadTileData(t, r)
			return err
		})
		if err == nil {
			err = l.put(tilePath(t), data, folders)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (l *Log) writeEntries(ctx context.Context, from, to int64, folders map[string]bool) error {
	for n := from / tileWidth; n*tileWidth < to; n++ {
		end := min((n+1)*tileWidth, to)
		var bundle []byte
		err := l.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
			return tx.Each(ctx, `SELECT leaf FROM ledger_leaf WHERE idx >= $1 AND idx < $2 ORDER BY idx`, []any{n * tileWidth, end},
				func(scan func(...any) error) error {
					var leaf []byte
					err := scan(&leaf)
					bundle = append(binary.BigEndian.AppendUint16(bundle, uint16(len(leaf))), leaf...)
					return err
				})
		})
		if err == nil {
			err = l.put(entriesPath(n, int(end-n*tileWidth)), bundle, folders)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// tilePath is a tile's place in C2SP's layout, which leaves out the height that golang.org/x/mod names.
func tilePath(t tlog.Tile) string { return "tile/" + strings.TrimPrefix(t.Path(), "tile/8/") }

func entriesPath(n int64, width int) string {
	p := tlog.Tile{H: tileHeight, L: 0, N: n, W: width}.Path()
	return "tile/entries/" + strings.TrimPrefix(p, "tile/8/0/")
}

// put writes a file whole or not at all, and notes the folders that must reach the disk.
func (l *Log) put(name string, body []byte, folders map[string]bool) error {
	path := filepath.Join(l.dir, filepath.FromSlash(name))
	folder := filepath.Dir(path)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	for f := folder; f != l.dir && len(f) > len(l.dir); f = filepath.Dir(f) {
		folders[f] = true
	}
	folders[l.dir] = true
	f, err := os.CreateTemp(l.dir, "part.*")
	if err != nil {
		return err
	}
	_, err = f.Write(body)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

func syncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// prune removes partial tiles that neither this checkpoint nor the one before needs; whoever copies the folder meanwhile
// still finds those of the checkpoint they read.
func (l *Log) prune(old, now int64) error {
	for level := 0; now>>(level*tileHeight) > 0; level++ {
		o, n := old>>(level*tileHeight), now>>(level*tileHeight)
		kinds := []string{strconv.Itoa(level)}
		if level == 0 {
			kinds = append(kinds, "entries")
		}
		for _, kind := range kinds {
			if o/tileWidth != n/tileWidth { // it is full now
				if err := os.RemoveAll(l.partials(kind, o/tileWidth)); err != nil {
					return err
				}
			}
			if err := l.thin(l.partials(kind, n/tileWidth), o%tileWidth, n%tileWidth); err != nil {
				return err
			}
		}
	}
	return nil
}

func (l *Log) partials(kind string, n int64) string {
	p := tlog.Tile{H: tileHeight, L: 0, N: n, W: 1}.Path()
	return filepath.Join(l.dir, "tile", kind, filepath.FromSlash(strings.TrimSuffix(strings.TrimPrefix(p, "tile/8/0/"), "/1")))
}

func (l *Log) thin(folder string, keep ...int64) error {
	files, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, f := range files {
		w, werr := strconv.ParseInt(f.Name(), 10, 64)
		if werr == nil && !slices.Contains(keep, w) {
			err = errors.Join(err, os.Remove(filepath.Join(folder, f.Name())))
		}
	}
	return err
}

// lock makes the processes that share a folder take turns.
func (l *Log) lock() (unlock func(), err error) {
	f, err := os.OpenFile(filepath.Join(l.dir, lockFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the folder of the log: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		return nil, errors.Join(fmt.Errorf("lock the folder of the log: %w", err), f.Close())
	}
	return func() { _ = f.Close() }, nil
}

// noteSize tells the database how far this folder has come.
func (l *Log) noteSize(ctx context.Context, size int64) error {
	id, err := l.place()
	if err != nil {
		return err
	}
	return l.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO ledger_place (id, size, at) VALUES ($1, $2, $3)
			ON CONFLICT (id) DO UPDATE SET size = excluded.size, at = excluded.at WHERE ledger_place.size < excluded.size`, id, size, tx.Now())
		return err
	})
}

// place is the folder's own id, made when it is used first.
func (l *Log) place() (string, error) {
	path := filepath.Join(l.dir, placeFile)
	raw, err := os.ReadFile(path)
	if err == nil && len(raw) > 0 {
		return strings.TrimSpace(string(raw)), nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	id := db.NewID()
	return id, l.put(placeFile, []byte(id+"\n"), map[string]bool{})
}
