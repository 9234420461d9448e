package seal

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
)

// Own is the data key of one record of a firm. It is kept wrapped by the firm's key beside the record; once the wrapped
// form is destroyed, everything sealed with it is unreadable for ever, whatever else is kept: the record alone is
// forgotten, not the firm.
type Own struct{ key []byte }

// OwnWrapped is the length in bytes of a wrapped Own, so that zeros of that length can take its place.
const OwnWrapped = 1 + wrappedSize

// NewOwn makes a data key for one record, and its wrapped form. Faults: NotFound "seal.forgotten".
func (k *Store) NewOwn(ctx context.Context, firm, purpose, id string) (o Own, wrapped []byte, err error) {
	o.key = make([]byte, keySize)
	rand.Read(o.key)
	wrapped, err = k.Seal(ctx, firm, "own key of "+purpose, id, o.key)
	return o, wrapped, err
}

// OpenOwn unwraps the data key of a record. It returns ErrBroken for a key that was destroyed or moved from another record,
// and the fault NotFound "seal.forgotten" when the firm was forgotten.
func (k *Store) OpenOwn(ctx context.Context, firm, purpose, id string, wrapped []byte) (Own, error) {
	key, err := k.Open(ctx, firm, "own key of "+purpose, id, wrapped)
	if err != nil {
		return Own{}, err
	}
	if len(key) != keySize {
		return Own{}, fmt.Errorf("own key of %s %s: %w", purpose, id, ErrBroken)
	}
	return Own{key}, nil
}

// Seal encrypts plain, bound to its purpose and id.
func (o Own) Seal(purpose, id string, plain []byte) ([]byte, error) {
	if o.key == nil {
		return nil, errors.New("seal: no key")
	}
	c, err := aead(o.key)
	if err != nil {
		return nil, err
	}
	out := append(make([]byte, 0, 1+len(plain)+c.Overhead()), version)
	return c.Seal(out, nil, plain, bound("own", purpose, id)), nil
}

// Open decrypts what Seal made for the same purpose and id, or returns ErrBroken.
func (o Own) Open(purpose, id string, sealed []byte) ([]byte, error) {
	if len(sealed) == 0 || sealed[0] != version || o.key == nil {
		return nil, fmt.Errorf("open %s %s: %w", purpose, id, ErrBroken)
	}
	c, err := aead(o.key)
	if err != nil {
		return nil, err
	}
	plain, err := c.Open(nil, nil, sealed[1:], bound("own", purpose, id))
	if err != nil {
		return nil, fmt.Errorf("open %s %s: %w", purpose, id, ErrBroken)
	}
	return plain, nil
}
