// Package bag writes and checks packages of files in the form of BagIt 1.0 (RFC 8493), so that anybody can check them
// with sha256sum.
//
// The zip around a bag is stored, not compressed: whoever has the files can make every byte of it again, so that
// nothing can be hidden in the wrapper. Checking is stricter than the RFC: no file may be there that no manifest names,
// but for the few loose ones the caller allows, and no two names may mean the same file on some system.
package bag

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Names of the files that make a folder a bag.
const (
	Declaration = "bagit.txt"
	Info        = "bag-info.txt"
	Manifest    = "manifest-sha256.txt"
	TagManifest = "tagmanifest-sha256.txt"
	Payload     = "data/"
)

const declaration = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"

// Field is a line of bag-info.txt.
type Field struct{ Name, Value string }

// Writer writes a bag into a zip, under one top folder.
type Writer struct {
	zip    *zip.Writer
	top    string
	at     time.Time
	sums   map[string]string // of what was written, by path
	folded map[string]bool   // to refuse names that clash
	octets int64
	files  int
}

// NewWriter begins a bag in the folder top; at stands on every entry of the zip (whole seconds, UTC).
func NewWriter(w io.Writer, top string, at time.Time) *Writer {
	return &Writer{zip: zip.NewWriter(w), top: top, at: at.UTC().Truncate(2 * time.Second), sums: map[string]string{}, folded: map[string]bool{}}
}

// Add writes a file: under data/ it is payload, elsewhere a tag file.
func (b *Writer) Add(path string, body []byte) error {
	if err := sound(path); err != nil {
		return err
	}
	if key := fold(path); b.folded[key] {
		return fmt.Errorf("two files are called %q", path)
	} else {
		b.folded[key] = true
	}
	sum := sha256.Sum256(body)
	b.sums[path] = hex.EncodeToString(sum[:])
	if strings.HasPrefix(path, Payload) {
		b.octets += int64(len(body))
		b.files++
	}
	return store(b.zip, b.top+"/"+path, b.at, body)
}

// store writes one entry in the one form that SameWrapper knows.
func store(z *zip.Writer, name string, at time.Time, body []byte) error {
	h := &zip.FileHeader{Name: name, Method: zip.Store, CRC32: crc32.ChecksumIEEE(body), CompressedSize64: uint64(len(body)), UncompressedSize64: uint64(len(body))}
	h.SetModTime(at) //lint:ignore SA1019 an entry whose sums are known beforehand takes its time from the old fields
	h.SetMode(0o644)
	w, err := z.CreateRaw(h)
	if err != nil {
		return err
	}
	_, err = w.Write(body)
	return err
}

// Close writes the declaration, the information and both manifests. loose, if given, makes files over the tag manifest
// that no manifest names: its seal.
func (b *Writer) Close(info []Field, loose func(tagmanifest []byte) (map[string][]byte, error)) error {
	info = append(slices.Clone(info), Field{"Payload-Oxum", fmt.Sprintf("%d.%d", b.octets, b.files)})
	var lines strings.Builder
	for _, f := range info {
		fmt.Fprintf(&lines, "%s: %s\n", f.Name, oneLine(f.Value))
	}
	for _, f := range []struct{ name, body string }{{Declaration, declaration}, {Info, lines.String()}, {Manifest, b.list(true)}} {
		if err := b.Add(f.name, []byte(f.body)); err != nil {
			return err
		}
	}
	tags := []byte(b.list(false))
	if err := store(b.zip, b.top+"/"+TagManifest, b.at, tags); err != nil {
		return err
	}
	if loose != nil {
		files, err := loose(tags)
		if err != nil {
			return err
		}
		for _, name := range sorted(files) {
			if err := b.Add(name, files[name]); err != nil {
				return err
			}
		}
	}
	return b.zip.Close()
}

// oneLine keeps a value from beginning another line.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' }), " ")
}

// list is the manifest of the payload, or of the tag files, as sha256sum reads it.
func (b *Writer) list(payload bool) string {
	var s strings.Builder
	for _, path := range sorted(b.sums) {
		if strings.HasPrefix(path, Payload) == payload {
			fmt.Fprintf(&s, "%s  %s\n", b.sums[path], path)
		}
	}
	return s.String()
}

func sorted[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for n := range m {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// maxPath is the longest path in bytes that every system unpacks.
const maxPath = 240

// sound refuses paths that lead out of the bag, or mean different files on different systems.
func sound(path string) error {
	if path == "" || len(path) > maxPath || !utf8.ValidString(path) {
		return fmt.Errorf("%q cannot be the name of a file", path)
	}
	for _, r := range path {
		if !unicode.IsPrint(r) || strings.ContainsRune(`\:*?"<>|%`, r) {
			return fmt.Errorf("the name %q has a character that cannot stand there", path)
		}
	}
	for part := range strings.SplitSeq(path, "/") {
		if part == "" || strings.Trim(part, " .") != part || strings.HasPrefix(part, "-") || reserved(part) {
			return fmt.Errorf("%q is no path inside a folder", path)
		}
	}
	return nil
}

// reserved tells whether Windows keeps the name for a device.
func reserved(part string) bool {
	base, _, _ := strings.Cut(strings.ToLower(part), ".")
	if n := len(base); n == 4 && (strings.HasPrefix(base, "com") || strings.HasPrefix(base, "lpt")) {
		return base[3] >= '1' && base[3] <= '9'
	}
	return slices.Contains([]string{"con", "prn", "aux", "nul"}, base)
}

// SafeName makes a name of a file one that a bag takes; what cannot stand becomes "_".
func SafeName(name string) string {
	s := strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || strings.ContainsRune(`/\:*?"<>|%`, r) {
			return '_'
		}
		return r
	}, strings.ToValidUTF8(name, "_"))
	s = strings.Trim(s, " .")
	for len(s) > 150 {
		_, n := utf8.DecodeRuneInString(s)
		s = s[n:] // the end says what kind of file it is
	}
	if s == "" || s[0] == '-' || reserved(s) {
		s = "_" + s
	}
	return s
}

var folder = cases.Fold()

// fold maps names that mean the same file on some system to one key.
func fold(path string) string { return folder.String(norm.NFC.String(path)) }

// readInfo reads bag-info.txt, each field once.
func readInfo(raw []byte) (map[string]string, error) {
	info := map[string]string{}
	for line := range strings.Lines(string(raw)) {
		name, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		if _, twice := info[name]; !ok || twice || !strings.HasSuffix(line, "\n") {
			return info, fmt.Errorf("the line %q cannot be read", line)
		}
		info[name] = value
	}
	return info, nil
}

func readOxum(s string) (octets int64, files int, err error) {
	a, b, ok := strings.Cut(s, ".")
	if !ok {
		return 0, 0, errors.New("Payload-Oxum is missing")
	}
	octets, err = strconv.ParseInt(a, 10, 64)
	files, err2 := strconv.Atoi(b)
	return octets, files, errors.Join(err, err2)
}

// readManifest reads "<sha256>  <path>" lines.
func readManifest(raw []byte) (map[string]string, error) {
	sums := map[string]string{}
	if len(raw) > 0 && !bytes.HasSuffix(raw, []byte("\n")) {
		return sums, errors.New("its end is missing")
	}
	for line := range strings.Lines(string(raw)) {
		sum, path, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		if b, err := hex.DecodeString(sum); !ok || err != nil || len(b) != sha256.Size || hex.EncodeToString(b) != sum {
			return sums, fmt.Errorf("the line %.80q cannot be read", line)
		}
		if err := sound(path); err != nil {
			return sums, err
		}
		if _, twice := sums[path]; twice {
			return sums, fmt.Errorf("%q stands there twice", path)
		}
		sums[path] = sum
	}
	return sums, nil
}
