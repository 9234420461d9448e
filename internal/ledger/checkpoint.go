package ledger

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/witness"
)

// batch is how many waiting leaves get their places in one transaction.
const batch = 5000

// File is the name of the newest checkpoint's copy in the data folder.
const File = "checkpoint"

// Checkpoint is a signed statement that the log's first Size leaves have the root hash Root.
type Checkpoint struct {
	Size int64
	Root tlog.Hash
	Note []byte // C2SP tlog-checkpoint, as this log signed it
	At   time.Time

	Cosigned []witness.Cosignature // by witnesses
}

// Checkpoint gives every waiting leaf its place and signs the head. Called by a timer and before an export; several
// processes may call it at once. When nothing is new it returns the newest checkpoint. It must not be called inside a
// transaction that does other work: it waits for the head of the log.
func (l *Log) Checkpoint(ctx context.Context) (Checkpoint, error) {
	for {
		var c Checkpoint
		var more bool
		err := l.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
			size, n, err := place(ctx, tx)
			if err != nil {
				return err
			}
			more = n == batch
			c, err = l.sign(ctx, tx, size)
			return err
		})
		if err != nil {
			return Checkpoint{}, fmt.Errorf("checkpoint: %w", err)
		}
		if !more {
			// The signed head stands; a folder that cannot be written now is brought up to date the next time.
			if err := l.publish(ctx, c); err != nil {
				slog.Error("write the log beside the database", "size", c.Size, "error", err)
			}
			return c, nil
		}
	}
}

// place moves up to a batch of leaves from the queue into the tree. The update of the head row comes first: it makes
// concurrent callers take turns.
func place(ctx context.Context, tx *db.Tx) (size int64, n int, err error) {
	if found, err := tx.One(ctx, `UPDATE ledger_head SET size = size WHERE id = 1 RETURNING size`, nil, &size); err != nil || !found {
		return 0, 0, errors.Join(err, missingHead(found))
	}
	waiting, err := queued(ctx, tx)
	if err != nil || len(waiting) == 0 {
		return size, 0, err
	}
	e, err := loadEdge(ctx, tx, size)
	if err != nil {
		return 0, 0, err
	}
	var leaves, nodes [][]any
	at := tlog.StoredHashCount(size)
	for _, w := range waiting {
		leaves = append(leaves, []any{e.size, w.Ticket, w.Leaf, w.At})
		for _, h := range e.push(w.Leaf) {
			nodes = append(nodes, []any{at, h[:]})
			at++
		}
	}
	if _, err := tx.Insert(ctx, `INSERT INTO ledger_leaf (idx, ticket, leaf, at)`, leaves, ""); err != nil {
		return 0, 0, err
	}
	if _, err := tx.Insert(ctx, `INSERT INTO ledger_hash (idx, hash)`, nodes, ""); err != nil {
		return 0, 0, err
	}
	if _, err := tx.Exec(ctx, `DELETE FROM ledger_queue WHERE ticket IN (SELECT ticket FROM ledger_leaf WHERE idx >= $1)`, size); err != nil {
		return 0, 0, err
	}
	_, err = tx.Exec(ctx, `UPDATE ledger_head SET size = $1 WHERE id = 1`, e.size)
	return e.size, len(waiting), err
}

func missingHead(found bool) error {
	if found {
		return nil
	}
	return errors.New("the head row is missing")
}

func queued(ctx context.Context, tx *db.Tx) (es []Entry, err error) {
	err = tx.Each(ctx, `SELECT ticket, leaf, at FROM ledger_queue ORDER BY at, ticket LIMIT $1`, []any{batch},
		func(scan func(...any) error) error {
			var e Entry
			err := scan(&e.Ticket, &e.Leaf, &e.At)
			es = append(es, e)
			return err
		})
	return es, err
}

// sign makes the checkpoint of the size unless there is one.
func (l *Log) sign(ctx context.Context, tx *db.Tx, size int64) (Checkpoint, error) {
	c := Checkpoint{Size: size, At: tx.Now()}
	var text string
	found, err := tx.One(ctx, `SELECT note, at FROM ledger_checkpoint WHERE size = $1`, []any{size}, &text, &c.At)
	if err != nil {
		return c, err
	}
	if found {
		return l.read([]byte(text), c.At)
	}
	e, err := loadEdge(ctx, tx, size)
	if err != nil {
		return c, err
	}
	c.Root = e.root()
	body := fmt.Sprintf("%s\n%d\n%s\n", l.Origin(), size, base64.StdEncoding.EncodeToString(c.Root[:]))
	if c.Note, err = note.Sign(&note.Note{Text: body}, l.signer); err != nil {
		return c, fmt.Errorf("sign: %w", err)
	}
	if _, err := tx.Exec(ctx, `INSERT INTO ledger_checkpoint (size, note, at) VALUES ($1, $2, $3)`, size, string(c.Note), c.At); err != nil {
		return c, err
	}
	return c, nil
}

// Latest is the newest checkpoint; of size 0 and without a note when there is none yet.
func (l *Log) Latest(ctx context.Context) (c Checkpoint, err error) {
	err = l.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		var text string
		var at time.Time
		found, err := tx.One(ctx, `SELECT note, at FROM ledger_checkpoint ORDER BY size DESC LIMIT 1`, nil, &text, &at)
		if err != nil || !found {
			return err
		}
		if c, err = l.read([]byte(text), at); err != nil {
			return err
		}
		lines, err := cosignatures(ctx, tx, c.Size)
		l.cosigned(&c, lines)
		return err
	})
	if err != nil {
		return c, fmt.Errorf("newest checkpoint: %w", err)
	}
	return c, nil
}

// At is the checkpoint of a size as this log signed it, without cosignatures. Faults: NotFound when none was signed at that size.
func (l *Log) At(ctx context.Context, size int64) (c Checkpoint, err error) {
	err = l.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		var text string
		var at time.Time
		found, err := tx.One(ctx, `SELECT note, at FROM ledger_checkpoint WHERE size = $1`, []any{size}, &text, &at)
		if err != nil {
			return err
		}
		if !found {
			return fault.Missing("checkpoint")
		}
		c, err = l.read([]byte(text), at)
		return err
	})
	if err != nil {
		return c, fmt.Errorf("checkpoint of size %d: %w", size, err)
	}
	return c, nil
}

// read checks the signature of a checkpoint and takes it apart.
func (l *Log) read(signed []byte, at time.Time) (Checkpoint, error) {
	c, err := l.parse(signed)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	c.At = at
	return c, nil
}

func (l *Log) parse(signed []byte) (Checkpoint, error) {
	n, err := note.Open(signed, note.VerifierList(l.verifier))
	if err != nil {
		return Checkpoint{}, fmt.Errorf("checkpoint's signature: %w", err)
	}
	lines := strings.Split(n.Text, "\n")
	if len(lines) != 4 || lines[0] != l.Origin() {
		return Checkpoint{}, errors.New("checkpoint is not of this log")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 {
		return Checkpoint{}, errors.New("checkpoint's size cannot be read")
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		return Checkpoint{}, fmt.Errorf("checkpoint's root: %w", err)
	}
	// The signature is deterministic, so a sound checkpoint has one form only, down to the spare bits of its base64.
	if same, err := note.Sign(&note.Note{Text: n.Text}, l.signer); err != nil || !bytes.Equal(same, signed) {
		return Checkpoint{}, errors.New("checkpoint was rewritten")
	}
	return Checkpoint{Size: size, Root: root, Note: signed}, nil
}

// Proves tells whether p shows that leaf stands at index in the log this checkpoint signed.
func (c Checkpoint) Proves(p tlog.RecordProof, index int64, leaf []byte) bool {
	return index < c.Size && tlog.CheckRecord(p, c.Size, c.Root, index, tlog.RecordHash(leaf)) == nil
}

// ProofText is an inclusion proof in the text form c2sp.org/tlog-proof@v1, with its checkpoint and
// the cosignatures.
func ProofText(index int64, p tlog.RecordProof, c Checkpoint) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "c2sp.org/tlog-proof@v1\nindex %d\n", index)
	for _, h := range p {
		fmt.Fprintln(&b, base64.StdEncoding.EncodeToString(h[:]))
	}
	b.WriteByte('\n')
	b.Write(c.Text())
	return b.Bytes()
}

// writeDown keeps the newest checkpoint outside the database. A smaller one never replaces a larger one.
func (l *Log) writeDown(c Checkpoint) error {
	old, err := l.writtenDown()
	if err != nil || old.Size > c.Size {
		return err
	}
	if err := l.put(File, c.Text(), map[string]bool{}); err != nil {
		return err
	}
	return syncFolder(l.dir)
}

func (l *Log) writtenDown() (Checkpoint, error) {
	raw, err := os.ReadFile(filepath.Join(l.dir, File))
	if errors.Is(err, fs.ErrNotExist) {
		return Checkpoint{}, nil
	}
	if err != nil {
		return Checkpoint{}, err
	}
	body, lines, err := witness.Split(raw)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("%w: the copy of the checkpoint: %w", ErrDamaged, err)
	}
	c, err := l.read(append(append(bytes.Clone(body), '\n'), lines[0]...), time.Time{})
	if err == nil && l.cosigned(&c, lines[1:]) > 0 {
		err = fmt.Errorf("%w: a cosignature in the copy of the checkpoint", ErrDamaged)
	}
	return c, err
}
