// Package seal encrypts what must not be read at rest: one data key per firm, wrapped by the installation's master key.
//
// A sealed text is bound to its firm, its purpose and its record: moved to another row it does not open. Destroying a
// firm's data key makes everything sealed for the firm unreadable at once, in the database and in every file. Copies
// of the key that lie in older backups must be let expire with the backups.
package seal

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"time"

	"chop/internal/db"
	"chop/internal/fault"
)

// freshFor is how long a key is used before the database is asked again whether it still stands: the longest time
// for which another process can still open what this one has forgotten.
const freshFor = 10 * time.Second

// wrappedSize is a wrapped key's length: nonce, key, tag. Zeros of the same length take a destroyed key's place, so
// that the bytes are overwritten where they lie.
const wrappedSize = 12 + keySize + 16

// version is the first byte of everything sealed: AES-256-GCM with a random 96-bit nonce, good for 2^32 texts of one
// firm (NIST SP 800-38D 8.3).
const version = 1

// ErrBroken means that sealed bytes were changed, cut, or moved to another firm, purpose or record.
var ErrBroken = errors.New("sealed bytes do not open: changed, or not of this record")

// Store keeps the keys, seals and opens. It asks nobody for permission: the rooms that hold the sealed texts do.
type Store struct {
	db     *db.DB
	master []byte

	mu    sync.Mutex
	cache map[string]dataKey
}

type dataKey struct {
	id   string
	key  []byte
	read time.Time
}

// New reads the master key from dir, or makes one at the very first run. It refuses to make one beside a database
// that was sealed with another, and refuses a key that does not fit the database.
func New(ctx context.Context, d *db.DB, dir string) (*Store, error) {
	k := &Store{db: d, cache: map[string]dataKey{}}
	var firm, id string
	var wrapped []byte
	var used bool
	err := d.Read(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		used, err = tx.One(ctx, `SELECT firm_id, key_id, wrapped FROM seal_key WHERE destroyed_at = 0 ORDER BY created_at LIMIT 1`,
			nil, &firm, &id, &wrapped)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read data keys: %w", err)
	}
	k.master, err = readMaster(dir)
	if errors.Is(err, fs.ErrNotExist) {
		if used {
			return nil, fmt.Errorf("master key: %s is missing from %s, and the database was sealed with it; restore it from the backup", MasterFile, dir)
		}
		k.master, err = makeMaster(dir)
	}
	if err != nil {
		return nil, err
	}
	if used {
		if _, err := k.unwrap(firm, id, wrapped); err != nil {
			return nil, err
		}
	}
	return k, nil
}

// Seal encrypts plain for one record of a firm; firm "" is the installation. The firm's key is made on demand, inside
// the context's transaction. Faults: NotFound "seal.forgotten" once the firm has been forgotten.
func (k *Store) Seal(ctx context.Context, firm, purpose, id string, plain []byte) ([]byte, error) {
	key, err := k.key(ctx, firm, true)
	if err != nil {
		return nil, err
	}
	c, err := aead(key)
	if err != nil {
		return nil, err
	}
	out := append(make([]byte, 0, 1+len(plain)+c.Overhead()), version)
	return c.Seal(out, nil, plain, bound(firm, purpose, id)), nil
}

// Open decrypts what Seal made for the same firm, purpose and record. It returns ErrBroken for bytes that were
// changed or moved, and the fault NotFound "seal.forgotten" when the firm's key was destroyed.
func (k *Store) Open(ctx context.Context, firm, purpose, id string, sealed []byte) ([]byte, error) {
	key, err := k.key(ctx, firm, false)
	if err != nil {
		return nil, err
	}
	if len(sealed) == 0 || sealed[0] != version {
		return nil, fmt.Errorf("open %s %s: %w", purpose, id, ErrBroken)
	}
	c, err := aead(key)
	if err != nil {
		return nil, err
	}
	plain, err := c.Open(nil, nil, sealed[1:], bound(firm, purpose, id))
	if err != nil {
		return nil, fmt.Errorf("open %s %s: %w", purpose, id, ErrBroken)
	}
	return plain, nil
}

// Mark is a keyed digest of data for the firm: equal data give equal marks, so a sealed value can be looked up, and
// without the firm's key a mark cannot be guessed from a likely value.
func (k *Store) Mark(ctx context.Context, firm, purpose string, data []byte) ([]byte, error) {
	key, err := k.key(ctx, firm, true)
	if err != nil {
		return nil, err
	}
	sub, err := hkdf.Key(sha256.New, key, nil, "chop mark "+purpose, keySize)
	if err != nil {
		return nil, err
	}
	m := hmac.New(sha256.New, sub)
	m.Write(data)
	return m.Sum(nil), nil
}

// Derive is a 32-byte secret of the installation for one purpose, the same on every machine with the same master key.
func (k *Store) Derive(purpose string) ([]byte, error) {
	return hkdf.Key(sha256.New, k.master, nil, "chop "+purpose, keySize)
}

// Forget destroys the firm's data key in the context's transaction. It cannot be undone; doing it twice is fine. The
// caller has asked whether anybody may want this, and whether a legal hold forbids it.
func (k *Store) Forget(ctx context.Context, firm string) error {
	if firm == "" {
		return errors.New("forget: the installation itself cannot be forgotten")
	}
	err := k.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		k.drop(firm)
		tx.AfterCommit(func() { k.drop(firm) })
		_, err := tx.Exec(ctx, `INSERT INTO seal_key (firm_id, key_id, wrapped, created_at, destroyed_at) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (firm_id) DO UPDATE SET wrapped = excluded.wrapped, destroyed_at = excluded.destroyed_at
			WHERE seal_key.destroyed_at = 0`, firm, db.NewID(), make([]byte, wrappedSize), tx.Now(), tx.Now())
		return err
	})
	if err != nil {
		return fmt.Errorf("forget firm %s: %w", firm, err)
	}
	return nil
}

// key is the firm's data key, from memory or from the database.
func (k *Store) key(ctx context.Context, firm string, create bool) ([]byte, error) {
	if key, ok := k.cached(firm); ok {
		return key, nil
	}
	var got dataKey
	err := k.db.Read(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		got, err = k.load(ctx, tx, firm)
		return err
	})
	if err == nil && got.key == nil {
		if !create {
			return nil, fmt.Errorf("open for firm %q: no key was ever made: %w", firm, ErrBroken)
		}
		err = k.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
			got, err = k.make(ctx, tx, firm)
			return err
		})
	}
	if err != nil {
		return nil, err
	}
	return got.key, nil
}

func (k *Store) load(ctx context.Context, tx *db.Tx, firm string) (dataKey, error) {
	d := dataKey{read: tx.Now()}
	var wrapped []byte
	var destroyed time.Time
	found, err := tx.One(ctx, `SELECT key_id, wrapped, destroyed_at FROM seal_key WHERE firm_id = $1`, []any{firm}, &d.id, &wrapped, &destroyed)
	if err != nil {
		return d, fmt.Errorf("read data key: %w", err)
	}
	if !found {
		return d, nil
	}
	if !destroyed.IsZero() {
		return d, fault.New(fault.NotFound, "seal.forgotten")
	}
	if d.key, err = k.unwrap(firm, d.id, wrapped); err != nil {
		return d, err
	}
	// Kept only after the commit: a key whose transaction is rolled back must seal nothing afterwards.
	tx.AfterCommit(func() { k.keep(firm, d) })
	return d, nil
}

// make adds a key unless somebody was faster, and reads whichever is there.
func (k *Store) make(ctx context.Context, tx *db.Tx, firm string) (dataKey, error) {
	id, key := db.NewID(), make([]byte, keySize)
	rand.Read(key)
	c, err := aead(k.master)
	if err != nil {
		return dataKey{}, err
	}
	wrapped := c.Seal(nil, nil, key, bound(firm, "data key", id))
	_, err = tx.Exec(ctx, `INSERT INTO seal_key (firm_id, key_id, wrapped, created_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (firm_id) DO NOTHING`, firm, id, wrapped, tx.Now())
	if err != nil {
		return dataKey{}, fmt.Errorf("make data key: %w", err)
	}
	return k.load(ctx, tx, firm)
}

func (k *Store) unwrap(firm, id string, wrapped []byte) ([]byte, error) {
	c, err := aead(k.master)
	if err != nil {
		return nil, err
	}
	key, err := c.Open(nil, nil, wrapped, bound(firm, "data key", id))
	if err != nil {
		return nil, fmt.Errorf("data key of firm %q: %s does not open it; restore the key file that belongs to this database", firm, MasterFile)
	}
	return key, nil
}

func (k *Store) cached(firm string) ([]byte, bool) {
	now := k.db.Now()
	k.mu.Lock()
	defer k.mu.Unlock()
	d, ok := k.cache[firm]
	age := now.Sub(d.read)
	return d.key, ok && age >= 0 && age < freshFor
}

func (k *Store) keep(firm string, d dataKey) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.cache[firm] = d
}

func (k *Store) drop(firm string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.cache, firm)
}

func aead(key []byte) (cipher.AEAD, error) {
	b, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("cipher: %w", err)
	}
	return cipher.NewGCMWithRandomNonce(b)
}

// bound is the associated data: lengths before parts, so that no two places share one encoding.
func bound(parts ...string) []byte {
	out := []byte("chop seal v1")
	for _, p := range parts {
		out = binary.BigEndian.AppendUint64(out, uint64(len(p)))
		out = append(out, p...)
	}
	return out
}
