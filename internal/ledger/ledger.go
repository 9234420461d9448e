// Package ledger is an append-only transparency log (RFC 6962) of opaque leaves, with signed checkpoints and proofs.
//
// Leaves are handed in within the caller's transaction and wait in a queue; Checkpoint gives them their places and
// signs the new head. Nobody's transaction therefore waits for the head of the log, and two transactions cannot lock
// each other out over it. What no checkpoint covers yet is not protected, whether it has a place or not.
package ledger

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/witness"
)

// MaxLeaf is the largest leaf in bytes; the entry bundles of tlog-tiles count a leaf in 16 bits.
const MaxLeaf = 65535

// ErrDamaged means that what the database holds of the log does not fit together: rows missing, changed, or not signed
// by this log's key.
var ErrDamaged = errors.New("the ledger is damaged")

// Log is the log of one installation. It asks nobody for permission: its leaves say nothing by themselves.
type Log struct {
	db       *db.DB
	dir      string
	signer   note.Signer
	verifier note.Verifier
	vkey     string
	peers    []*witness.Client

	published atomic.Int64 // size up to which this process knows the folder to be written
}

// New opens the log. The 32-byte seed makes its signing key, so every machine with the same seed signs alike. dir is
// a folder outside the database where the newest checkpoint is written down, so that a database set back to an
// earlier state is noticed, and the log as tiles; it is made if it is not there. Witnesses are asked by Cosign.
func New(d *db.DB, seed []byte, dir string, witnesses ...*witness.Client) (*Log, error) {
	if len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("ledger: the seed has %d bytes, not %d", len(seed), ed25519.SeedSize)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("ledger: make its folder: %w", err)
	}
	pub := ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)
	sum := sha256.Sum256(pub)
	origin := "chop.vault/" + hex.EncodeToString(sum[:4])
	vkey, err := note.NewEd25519VerifierKey(origin, pub)
	if err != nil {
		return nil, fmt.Errorf("ledger: public key: %w", err)
	}
	id := strings.Split(vkey, "+")[1]
	const ed25519Alg = 1 // signature type of note keys, golang.org/x/mod/sumdb/note
	skey := "PRIVATE+KEY+" + origin + "+" + id + "+" + base64.StdEncoding.EncodeToString(append([]byte{ed25519Alg}, seed...))
	l := &Log{db: d, dir: dir, vkey: vkey, peers: witnesses}
	if l.signer, err = note.NewSigner(skey); err != nil {
		return nil, fmt.Errorf("ledger: signing key: %w", err)
	}
	if l.verifier, err = note.NewVerifier(vkey); err != nil {
		return nil, fmt.Errorf("ledger: public key: %w", err)
	}
	l.clear()
	if err := l.showKey(); err != nil {
		return nil, fmt.Errorf("ledger: write the public key: %w", err)
	}
	return l, nil
}

// clear removes what a killed process left half written.
func (l *Log) clear() {
	left, _ := filepath.Glob(filepath.Join(l.dir, "part.*")) // the pattern is sound
	for _, path := range left {
		if info, err := os.Stat(path); err == nil && time.Since(info.ModTime()) > time.Hour {
			_ = os.Remove(path)
		}
	}
}

// showKey lays the public key into the folder, for the operator of a witness.
func (l *Log) showKey() error {
	if raw, err := os.ReadFile(filepath.Join(l.dir, KeyFile)); err == nil && string(raw) == l.vkey+"\n" {
		return nil
	}
	return l.put(KeyFile, []byte(l.vkey+"\n"), map[string]bool{})
}

// Origin is the log's name, the first line of its checkpoints; it follows from the key.
func (l *Log) Origin() string { return l.verifier.Name() }

// VerifierKey is the public key in the form golang.org/x/mod/sumdb/note reads; strangers check checkpoints with it.
func (l *Log) VerifierKey() string { return l.vkey }

// Preimage is the text whose SHA-256 is Commit: anybody can recompute it with sha256sum.
func Preimage(salt []byte, parts ...[]byte) []byte {
	var b strings.Builder
	b.WriteString("chop/commitment/v1\n" + hex.EncodeToString(salt) + "\n")
	for _, p := range parts {
		sum := sha256.Sum256(p)
		b.WriteString(hex.EncodeToString(sum[:]) + "\n")
	}
	return []byte(b.String())
}

// Commit is a leaf that promises the parts and tells nothing about them as long as the salt (16 bytes or more, random,
// kept by the caller and erased with the parts) is secret.
func Commit(salt []byte, parts ...[]byte) []byte {
	sum := sha256.Sum256(Preimage(salt, parts...))
	return sum[:]
}

// Append hands in one leaf in the context's transaction and returns the ticket by which Find knows it.
func (l *Log) Append(ctx context.Context, leaf []byte) (ticket int64, err error) {
	return l.AppendMany(ctx, [][]byte{leaf})
}

// AppendMany hands in leaves; their tickets are first, first+1 and so on.
func (l *Log) AppendMany(ctx context.Context, leaves [][]byte) (first int64, err error) {
	if len(leaves) == 0 {
		return 0, errors.New("append to the ledger: no leaves")
	}
	first = newTicket()
	err = l.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		rows := make([][]any, len(leaves))
		for i, leaf := range leaves {
			if len(leaf) == 0 || len(leaf) > MaxLeaf {
				return fmt.Errorf("a leaf of %d bytes", len(leaf))
			}
			rows[i] = []any{first + int64(i), leaf, tx.Now()}
		}
		_, err := tx.Insert(ctx, `INSERT INTO ledger_queue (ticket, leaf, at)`, rows, "")
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("append to the ledger: %w", err)
	}
	return first, nil
}

// newTicket is a random number: unique without asking a counter that transactions would queue at. The top bits stay
// free so that a batch counted up from it does not overflow.
func newTicket() int64 {
	var b [8]byte
	rand.Read(b[:])
	return int64(binary.BigEndian.Uint64(b[:])>>2) + 1
}

// Entry is a leaf as the log holds it.
type Entry struct {
	Ticket int64
	Index  int64 // -1 while it waits in the queue
	Leaf   []byte
	At     time.Time // when it was handed in
}

// Find is the leaf of a ticket. Faults: NotFound when the log has never seen it.
func (l *Log) Find(ctx context.Context, ticket int64) (Entry, error) {
	e := Entry{Ticket: ticket, Index: -1}
	var found bool
	err := l.db.Read(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		found, err = tx.One(ctx, `SELECT idx, leaf, at FROM ledger_leaf WHERE ticket = $1`, []any{ticket}, &e.Index, &e.Leaf, &e.At)
		if err != nil || found {
			return err
		}
		e.Index = -1
		found, err = tx.One(ctx, `SELECT leaf, at FROM ledger_queue WHERE ticket = $1`, []any{ticket}, &e.Leaf, &e.At)
		return err
	})
	if err != nil {
		return e, fmt.Errorf("find leaf: %w", err)
	}
	if !found {
		return e, fault.Missing("leaf")
	}
	return e, nil
}

// FindMany is the leaves of many tickets, by ticket; tickets that the log has never seen are left out.
func (l *Log) FindMany(ctx context.Context, tickets []int64) (map[int64]Entry, error) {
	out := make(map[int64]Entry, len(tickets))
	err := l.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		for part := range slices.Chunk(tickets, 200) { // SQLite looks marks up one by one
			marks := db.Marks(1, len(part))
			for _, q := range []string{`SELECT ticket, leaf, at, -1 FROM ledger_queue WHERE ticket IN (` + marks + `)`,
				`SELECT ticket, leaf, at, idx FROM ledger_leaf WHERE ticket IN (` + marks + `)`} {
				if err := tx.Each(ctx, q, db.Args(part), func(scan func(...any) error) error {
					var e Entry
					err := scan(&e.Ticket, &e.Leaf, &e.At, &e.Index)
					out[e.Ticket] = e
					return err
				}); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("find leaves: %w", err)
	}
	return out, nil
}

// Waiting tells which of the tickets still wait for the next checkpoint.
func (l *Log) Waiting(ctx context.Context, tickets []int64) (map[int64]bool, error) {
	waits := map[int64]bool{}
	if len(tickets) == 0 {
		return waits, nil
	}
	err := l.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT ticket FROM ledger_queue WHERE ticket IN (`+db.Marks(1, len(tickets))+`)`, db.Args(tickets),
			func(scan func(...any) error) error {
				var t int64
				err := scan(&t)
				waits[t] = true
				return err
			})
	})
	if err != nil {
		return nil, fmt.Errorf("waiting leaves: %w", err)
	}
	return waits, nil
}

// Prove shows that leaf index is in the tree of the given size.
func (l *Log) Prove(ctx context.Context, index, size int64) (p tlog.RecordProof, err error) {
	err = l.reading(ctx, size, func(r tlog.HashReader) (err error) {
		p, err = tlog.ProveRecord(size, index, r)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("prove leaf %d in %d: %w", index, size, err)
	}
	return p, nil
}

// Consistency shows that the tree of size old is the beginning of the tree of size now.
func (l *Log) Consistency(ctx context.Context, old, now int64) (p tlog.TreeProof, err error) {
	err = l.reading(ctx, now, func(r tlog.HashReader) (err error) {
		p, err = tlog.ProveTree(now, old, r)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("prove that %d begins %d: %w", old, now, err)
	}
	return p, nil
}

func (l *Log) reading(ctx context.Context, size int64, f func(tlog.HashReader) error) error {
	return l.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		var head int64
		if _, err := tx.One(ctx, `SELECT size FROM ledger_head WHERE id = 1`, nil, &head); err != nil {
			return err
		}
		if size > head {
			return fmt.Errorf("the log has %d leaves only: %w", head, ErrDamaged)
		}
		return f(tlog.HashReaderFunc(func(at []int64) ([]tlog.Hash, error) { return hashes(ctx, tx, at) }))
	})
}

// hashes reads stored nodes in the order asked for.
func hashes(ctx context.Context, tx *db.Tx, at []int64) ([]tlog.Hash, error) {
	if len(at) == 0 {
		return nil, nil
	}
	got := make(map[int64]tlog.Hash, len(at))
	err := tx.Each(ctx, `SELECT idx, hash FROM ledger_hash WHERE idx IN (`+db.Marks(1, len(at))+`)`, db.Args(at),
		func(scan func(...any) error) error {
			var i int64
			var raw []byte
			if err := scan(&i, &raw); err != nil {
				return err
			}
			if len(raw) != tlog.HashSize {
				return fmt.Errorf("node %d has %d bytes: %w", i, len(raw), ErrDamaged)
			}
			got[i] = tlog.Hash(raw)
			return nil
		})
	if err != nil {
		return nil, err
	}
	out := make([]tlog.Hash, len(at))
	for n, i := range at {
		h, ok := got[i]
		if !ok {
			return nil, fmt.Errorf("node %d is missing: %w", i, ErrDamaged)
		}
		out[n] = h
	}
	return out, nil
}
