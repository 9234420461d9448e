package bag

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Limits on what is read of a stranger's file.
const (
	maxEntries = 200_000
	maxFile    = 1 << 30  // bytes of one file
	maxAll     = 64 << 30 // bytes of all files together
	maxRatio   = 200      // unpacked to packed, above which a large file is a bomb
)

// Source is files to check: a folder or a zip. Names are slash-separated, sorted, without the one top folder.
type Source struct {
	Names  []string
	Top    string
	Packed bool // in a zip
	open   func(name string) (io.ReadCloser, error)
	close  func() error
	again  func(w io.Writer) error // writes the zip anew, as Writer would have
	path   string
}

// Close ends reading.
func (s *Source) Close() error {
	if s.close == nil {
		return nil
	}
	return s.close()
}

// Has tells whether there is a file of the name.
func (s *Source) Has(name string) bool {
	_, found := slices.BinarySearch(s.Names, name)
	return found
}

// Read is a whole file, which may have 1 GB at most.
func (s *Source) Read(name string) ([]byte, error) {
	r, err := s.open(name)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err = errors.Join(err, r.Close()); err != nil {
		return nil, err
	}
	if len(body) > maxFile {
		return nil, fmt.Errorf("%s is too large", name)
	}
	return body, nil
}

// Open reads a folder or a zip. An error means that it must not be trusted at all: it cannot be read, or is made to
// deceive (names twice, paths out of the folder, links, hidden bytes, a bomb).
func Open(path string) (*Source, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return openDir(path)
	}
	return openZip(path)
}

func openDir(path string) (*Source, error) {
	s := &Source{path: path, open: func(name string) (io.ReadCloser, error) {
		return os.Open(filepath.Join(path, filepath.FromSlash(name)))
	}}
	var total int64
	err := filepath.WalkDir(path, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(path, p)
		if err != nil {
			return err
		}
		if !d.Type().IsRegular() {
			return fmt.Errorf("%s is a link or a device, not a file", name)
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		total += info.Size()
		s.Names = append(s.Names, filepath.ToSlash(name))
		return bounded(len(s.Names), info.Size(), total)
	})
	if err != nil {
		return nil, err
	}
	slices.Sort(s.Names)
	return s, distinct(s.Names)
}

func bounded(files int, size, total int64) error {
	if files > maxEntries || size > maxFile || total > maxAll {
		return errors.New("there is more in it than can be checked")
	}
	return nil
}

// distinct refuses names that clash or lead elsewhere.
func distinct(names []string) error {
	seen := map[string]bool{}
	for _, n := range names {
		if err := sound(n); err != nil {
			return err
		}
		key := fold(n)
		if seen[key] {
			return fmt.Errorf("two files are called %q", n)
		}
		seen[key] = true
	}
	return nil
}

func openZip(path string) (s *Source, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = f.Close()
		}
	}()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	z, err := zip.NewReader(f, info.Size())
	if err != nil {
		return nil, fmt.Errorf("it cannot be read as a zip: %w", err)
	}
	if err := tight(f, info.Size(), z); err != nil {
		return nil, err
	}
	s = &Source{path: path, Packed: true, close: f.Close}
	files := map[string]*zip.File{}
	if err := s.entries(z, files); err != nil {
		return nil, err
	}
	s.open = func(name string) (io.ReadCloser, error) {
		e, ok := files[name]
		if !ok {
			return nil, fs.ErrNotExist
		}
		return e.Open()
	}
	s.again = func(w io.Writer) error { return rewrite(z, w) }
	return s, nil
}

// entries takes the names of a zip's files and refuses what is no plain file.
func (s *Source) entries(z *zip.Reader, files map[string]*zip.File) error {
	var total int64
	for _, e := range z.File {
		if e.FileInfo().IsDir() {
			if e.UncompressedSize64 != 0 {
				return fmt.Errorf("the folder %q has content", e.Name)
			}
			continue
		}
		size, packed := int64(e.UncompressedSize64), int64(e.CompressedSize64)
		total += size
		switch {
		case !e.Mode().IsRegular():
			return fmt.Errorf("%q is a link or a device, not a file", e.Name)
		case e.Method != zip.Store && e.Method != zip.Deflate, e.Flags&1 != 0:
			return fmt.Errorf("%q is packed in a way that is not read", e.Name)
		case size < 0 || packed < 0 || size > 10<<20 && size/maxRatio > packed:
			return fmt.Errorf("%q unpacks to too much", e.Name)
		case e.Method == zip.Store && size != packed:
			return fmt.Errorf("%q has two sizes", e.Name)
		}
		if err := bounded(len(files), size, total); err != nil {
			return err
		}
		if files[e.Name] != nil {
			return fmt.Errorf("two files are called %q", e.Name)
		}
		files[e.Name] = e
	}
	if err := distinct(sorted(files)); err != nil {
		return err
	}
	s.Top = topOf(files)
	for _, full := range sorted(files) {
		name := strings.TrimPrefix(full, s.Top)
		s.Names = append(s.Names, name)
		if name != full {
			files[name] = files[full]
			delete(files, full)
		}
	}
	slices.Sort(s.Names)
	return nil
}

// topOf is the folder, with its slash, in which everything lies; "" when there is none.
func topOf[V any](files map[string]V) string {
	top := ""
	for name := range files {
		dir, _, ok := strings.Cut(name, "/")
		if !ok || top != "" && dir+"/" != top {
			return ""
		}
		top = dir + "/"
	}
	if _, alone := files[strings.TrimSuffix(top, "/")]; alone || top == "data/" {
		return ""
	}
	return top
}

// tight walks over the zip from its first byte to its last: entries follow one another without gaps in the order of
// the directory, their own headers name what the directory names, and nothing stands before, between or after.
func tight(f io.ReaderAt, size int64, z *zip.Reader) error {
	if z.Comment != "" {
		return errors.New("the zip carries a comment")
	}
	var at int64
	for _, e := range z.File {
		data, err := e.DataOffset()
		if err != nil {
			return err
		}
		head := make([]byte, 30)
		if _, err := f.ReadAt(head, at); err != nil {
			return err
		}
		names, extra := int64(binary.LittleEndian.Uint16(head[26:])), int64(binary.LittleEndian.Uint16(head[28:]))
		name := make([]byte, names)
		if _, err := f.ReadAt(name, at+30); err != nil {
			return err
		}
		if string(head[:4]) != "PK\x03\x04" || data != at+30+names+extra || string(name) != e.Name ||
			binary.LittleEndian.Uint16(head[8:]) != e.Method {
			return fmt.Errorf("something is hidden before %q, or the zip names it in two ways", e.Name)
		}
		at = data + int64(e.CompressedSize64)
		if e.Flags&8 != 0 {
			if at, err = descriptor(f, at, e); err != nil {
				return err
			}
		}
	}
	return tail(f, at, size, len(z.File))
}

// descriptor skips the sizes after an entry written as a stream, which must agree with the directory.
func descriptor(f io.ReaderAt, at int64, e *zip.File) (int64, error) {
	long := e.CompressedSize64 >= 1<<32-1 || e.UncompressedSize64 >= 1<<32-1
	want := binary.LittleEndian.AppendUint32([]byte("PK\x07\x08"), e.CRC32)
	if long {
		want = binary.LittleEndian.AppendUint64(want, e.CompressedSize64)
		want = binary.LittleEndian.AppendUint64(want, e.UncompressedSize64)
	} else {
		want = binary.LittleEndian.AppendUint32(want, uint32(e.CompressedSize64))
		want = binary.LittleEndian.AppendUint32(want, uint32(e.UncompressedSize64))
	}
	got := make([]byte, len(want))
	if _, err := f.ReadAt(got, at); err != nil || !bytes.Equal(got, want) {
		return 0, fmt.Errorf("%q has two sizes", e.Name)
	}
	return at + int64(len(want)), nil
}

// tail checks that the directory begins where the entries end and that the file ends with it.
func tail(f io.ReaderAt, at, size int64, entries int) error {
	end := make([]byte, 22)
	if _, err := f.ReadAt(end, size-22); err != nil || string(end[:4]) != "PK\x05\x06" {
		return errors.New("something follows the zip")
	}
	length, start := int64(binary.LittleEndian.Uint32(end[12:])), int64(binary.LittleEndian.Uint32(end[16:]))
	last := size - 22
	if start == 1<<32-1 || binary.LittleEndian.Uint16(end[10:]) == 1<<16-1 { // zip64
		long := make([]byte, 56+20)
		if _, err := f.ReadAt(long, size-22-76); err != nil || string(long[:4]) != "PK\x06\x06" || string(long[56:60]) != "PK\x06\x07" {
			return errors.New("the end of the zip cannot be read")
		}
		length, start = int64(binary.LittleEndian.Uint64(long[40:])), int64(binary.LittleEndian.Uint64(long[48:]))
		last -= 76
	}
	mark := make([]byte, 4)
	if _, err := f.ReadAt(mark, at); err != nil {
		return err
	}
	if start != at || at+length != last || entries > 0 && string(mark) != "PK\x01\x02" {
		return errors.New("something is hidden between the files of the zip and its directory")
	}
	return nil
}

// SameWrapper tells whether the zip is byte for byte what Writer makes of its files. A zip packed again by another
// program is not, though every file in it may hold.
func (s *Source) SameWrapper() (bool, error) {
	f, err := os.Open(s.path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	c := &comparer{from: f}
	err = s.again(c)
	if errors.Is(err, errDiffers) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	var one [1]byte
	n, err := f.Read(one[:])
	return n == 0 && err == io.EOF, nil
}

func rewrite(z *zip.Reader, w io.Writer) error {
	out := zip.NewWriter(w)
	for _, e := range z.File {
		r, err := e.Open()
		if err != nil {
			return err
		}
		body, err := io.ReadAll(io.LimitReader(r, maxFile))
		if err = errors.Join(err, r.Close()); err != nil {
			return err
		}
		if err := store(out, e.Name, e.Modified.UTC(), body); err != nil {
			return err
		}
	}
	return out.Close()
}

var errDiffers = errors.New("differs")

type comparer struct {
	from io.Reader
	buf  []byte
}

func (c *comparer) Write(p []byte) (int, error) {
	if len(c.buf) < len(p) {
		c.buf = make([]byte, len(p))
	}
	if _, err := io.ReadFull(c.from, c.buf[:len(p)]); err != nil || !bytes.Equal(c.buf[:len(p)], p) {
		return 0, errDiffers
	}
	return len(p), nil
}
