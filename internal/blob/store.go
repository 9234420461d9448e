package blob

import (
	"context"
	"errors"
	"io"

	"chop/internal/fault"
)

// Store keeps files under the SHA-256 of their content: Disk in a folder, S3 in a bucket. A file is there whole or not at
// all, is never changed, and ends with ErrCorrupt when its bytes are not what its address says.
//
// Faults of all of them: Unavailable "blob.full", "blob.away", "blob.denied"; NotFound "blob.missing".
type Store interface {
	// Put stores what r gives and returns its address (SHA-256, hexadecimal) and its size in bytes. Content that is there
	// already is written again, which heals a damaged copy.
	Put(ctx context.Context, r io.Reader) (sum string, size int64, err error)
	// Open reads a file; nothing may be trusted before its end. The caller closes it.
	Open(sum string) (io.ReadCloser, error)
	// Read is the whole checked content.
	Read(sum string) ([]byte, error)
	// Stat is the size in bytes.
	Stat(sum string) (int64, error)
	// Remove deletes a file; one that is not there is fine.
	Remove(sum string) error
	// Check tells whether the store can be used now.
	Check(ctx context.Context) error
}

// Moving is a store that took over from another one: it writes to New, and finds in Old what is not in New. With it an
// installation changes from a folder to a bucket without a pause.
type Moving struct{ New, Old Store }

// Put stores in the new place.
func (m Moving) Put(ctx context.Context, r io.Reader) (string, int64, error) {
	return m.New.Put(ctx, r)
}

// Open reads from where the file is.
func (m Moving) Open(sum string) (io.ReadCloser, error) {
	f, err := m.New.Open(sum)
	if fault.Is(err, fault.NotFound) {
		return m.Old.Open(sum)
	}
	return f, err
}

// Read reads from where the file is; a copy damaged in one place is no loss when the other holds it.
func (m Moving) Read(sum string) ([]byte, error) {
	raw, err := m.New.Read(sum)
	if fault.Is(err, fault.NotFound) || errors.Is(err, ErrCorrupt) {
		if old, oerr := m.Old.Read(sum); oerr == nil {
			return old, nil
		}
	}
	return raw, err
}

// Stat looks where the file is.
func (m Moving) Stat(sum string) (int64, error) {
	n, err := m.New.Stat(sum)
	if fault.Is(err, fault.NotFound) {
		return m.Old.Stat(sum)
	}
	return n, err
}

// Remove deletes in both places.
func (m Moving) Remove(sum string) error { return errors.Join(m.New.Remove(sum), m.Old.Remove(sum)) }

// Check asks both.
func (m Moving) Check(ctx context.Context) error {
	return errors.Join(m.New.Check(ctx), m.Old.Check(ctx))
}
