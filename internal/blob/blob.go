// Package blob keeps files under the SHA-256 of their content, on a local disk or in an S3-compatible store.
//
// A file is there whole or not at all, even after a power cut, and a file whose bytes have changed is never handed out
// as if it were whole.
package blob

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"chop/internal/fault"
)

// ErrCorrupt is what reading ends with, in place of io.EOF, when the content is not what its address says.
var ErrCorrupt = errors.New("stored file was changed or damaged")

// staleAfter is the age at which a half-written file can only be the leftover of a crash.
const staleAfter = 24 * time.Hour

// Disk is a folder of files. Several processes may share it.
type Disk struct{ dir string }

// New opens or makes the folder and clears what crashed writers left behind.
func New(dir string) (*Disk, error) {
	d := &Disk{dir: dir}
	if err := os.MkdirAll(d.temp(), 0o700); err != nil {
		return nil, fmt.Errorf("open blob store: %w", err)
	}
	left, err := os.ReadDir(d.temp())
	if err != nil {
		return nil, fmt.Errorf("open blob store: %w", err)
	}
	for _, e := range left {
		info, err := e.Info()
		if err == nil && time.Since(info.ModTime()) > staleAfter {
			_ = os.Remove(filepath.Join(d.temp(), e.Name()))
		}
	}
	return d, nil
}

func (d *Disk) temp() string { return filepath.Join(d.dir, "tmp") }

// path turns an address into a file name; anything that is not 64 lower-case hexadecimal digits is nobody's address.
func (d *Disk) path(sum string) (string, error) {
	if !isSum(sum) {
		return "", missing()
	}
	return filepath.Join(d.dir, sum[:2], sum[2:]), nil
}

func isSum(sum string) bool {
	raw, err := hex.DecodeString(sum)
	return err == nil && len(raw) == sha256.Size && hex.EncodeToString(raw) == sum
}

// Check tells whether the folder can be written.
func (d *Disk) Check(context.Context) error {
	f, err := os.CreateTemp(d.temp(), "check-*")
	if err != nil {
		return explain("write into the blob store", err)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

func missing() error { return fault.New(fault.NotFound, "blob.missing") }

// Put stores what r gives and returns its address (SHA-256, hexadecimal) and its size in bytes. Content that is there
// already is written again, which heals a damaged copy. Faults: Unavailable "blob.full".
func (d *Disk) Put(ctx context.Context, r io.Reader) (sum string, size int64, err error) {
	f, err := os.CreateTemp(d.temp(), "put-*")
	if err != nil {
		return "", 0, explain("store file", err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	sum, size, err = write(ctx, f, r)
	if err != nil {
		return "", 0, explain("store file", errors.Join(err, f.Close()))
	}
	if err = errors.Join(f.Sync(), f.Close()); err != nil {
		return "", 0, explain("store file", err)
	}
	if err = d.place(f.Name(), sum); err != nil {
		return "", 0, explain("store file", err)
	}
	return sum, size, nil
}

func write(ctx context.Context, w io.Writer, r io.Reader) (string, int64, error) {
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(w, h), reader(func(p []byte) (int, error) {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		return r.Read(p)
	}))
	return hex.EncodeToString(h.Sum(nil)), n, err
}

type reader func([]byte) (int, error)

func (f reader) Read(p []byte) (int, error) { return f(p) }

// place moves the finished file to its address and makes the move itself durable.
func (d *Disk) place(temp, sum string) error {
	path, err := d.path(sum)
	if err != nil {
		return err
	}
	folder := filepath.Dir(path)
	if err := os.Mkdir(folder, 0o700); err == nil {
		err = syncDir(d.dir)
		if err != nil {
			return err
		}
	} else if !errors.Is(err, fs.ErrExist) {
		return err
	}
	if err := os.Rename(temp, path); err != nil {
		return err
	}
	return syncDir(folder)
}

func syncDir(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func explain(what string, err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fault.New(fault.Unavailable, "blob.full").Because(err)
	}
	return fmt.Errorf("%s: %w", what, err)
}

// Open reads a file. The content is checked while it is read: a changed file ends with ErrCorrupt, so nothing may be
// trusted before the end. The caller closes it. Faults: NotFound "blob.missing".
func (d *Disk) Open(sum string) (io.ReadCloser, error) {
	path, err := d.path(sum)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, missing()
	}
	if err != nil {
		return nil, fmt.Errorf("open stored file: %w", err)
	}
	return &checked{f: f, h: sha256.New(), want: sum}, nil
}

type checked struct {
	f    io.ReadCloser
	h    hash.Hash
	want string
}

func (c *checked) Read(p []byte) (int, error) {
	n, err := c.f.Read(p)
	c.h.Write(p[:n])
	if errors.Is(err, io.EOF) && hex.EncodeToString(c.h.Sum(nil)) != c.want {
		return n, fmt.Errorf("%s: %w", c.want, ErrCorrupt)
	}
	return n, err
}

func (c *checked) Close() error { return c.f.Close() }

// Read is the whole checked content of a file.
func (d *Disk) Read(sum string) ([]byte, error) {
	size, err := d.Stat(sum)
	if err != nil {
		return nil, err
	}
	f, err := d.Open(sum)
	if err != nil {
		return nil, err
	}
	b := bytes.NewBuffer(make([]byte, 0, size+bytes.MinRead)) // large files are not copied again and again
	_, err = b.ReadFrom(f)
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// Stat is the size of a file in bytes. Faults: NotFound "blob.missing".
func (d *Disk) Stat(sum string) (int64, error) {
	path, err := d.path(sum)
	if err != nil {
		return 0, err
	}
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, missing()
	}
	if err != nil {
		return 0, fmt.Errorf("look at stored file: %w", err)
	}
	return info.Size(), nil
}

// Remove deletes a file; one that is not there is fine.
func (d *Disk) Remove(sum string) error {
	path, err := d.path(sum)
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove stored file: %w", err)
	}
	return nil
}
