package sign

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
)

// file is what sealing needs of a PDF: where its objects lie. It reads classic cross-reference tables (PDF 1.4, what
// browsers print), not compressed ones.
type file struct {
	raw     []byte
	offsets map[int]int // of objects with generation 0
	trailer dict
	start   int // of the newest cross-reference table
}

// dict is a dictionary's entries in order, their values as written.
type dict []entry

type entry struct {
	key   string
	value []byte
}

func (d dict) get(key string) []byte {
	for _, e := range d {
		if e.key == key {
			return e.value
		}
	}
	return nil
}

// with sets an entry, in its place or at the end.
func (d dict) with(key, value string) dict {
	out := append(dict{}, d...)
	for i := range out {
		if out[i].key == key {
			out[i].value = []byte(value)
			return out
		}
	}
	return append(out, entry{key, []byte(value)})
}

func (d dict) String() string {
	var b bytes.Buffer
	b.WriteString("<<")
	for _, e := range d {
		fmt.Fprintf(&b, "/%s %s\n", e.key, e.value)
	}
	b.WriteString(">>")
	return b.String()
}

var errPDF = errors.New("this is no PDF of the kind that can be sealed (a classic cross-reference table is needed)")

func readPDF(raw []byte) (*file, error) {
	f := &file{raw: raw, offsets: map[int]int{}}
	at := bytes.LastIndex(raw, []byte("startxref"))
	if !bytes.HasPrefix(raw, []byte("%PDF-")) || at < 0 {
		return nil, errPDF
	}
	start, _, err := number(raw, at+len("startxref"))
	if err != nil {
		return nil, errPDF
	}
	f.start = start
	for seen := map[int]bool{}; ; {
		if seen[start] || start < 0 || start >= len(raw) {
			return nil, errPDF
		}
		seen[start] = true
		d, err := f.table(start)
		if err != nil {
			return nil, err
		}
		if f.trailer == nil {
			f.trailer = d
		}
		prev := d.get("Prev")
		if prev == nil {
			return f, nil
		}
		if start, err = strconv.Atoi(string(prev)); err != nil {
			return nil, errPDF
		}
	}
}

// table reads one cross-reference table and the trailer after it. The newest entry of an object wins.
func (f *file) table(at int) (dict, error) {
	if !bytes.HasPrefix(f.raw[at:], []byte("xref")) {
		return nil, errPDF
	}
	at = space(f.raw, at+len("xref"))
	for !bytes.HasPrefix(f.raw[at:], []byte("trailer")) {
		first, next, err := number(f.raw, at)
		if err != nil {
			return nil, errPDF
		}
		count, next, err := number(f.raw, next)
		if err != nil || count < 0 || count > len(f.raw)/20+1 {
			return nil, errPDF
		}
		at = space(f.raw, next)
		for n := first; n < first+count; n++ {
			if at+18 > len(f.raw) {
				return nil, errPDF
			}
			off, err := strconv.Atoi(string(f.raw[at : at+10]))
			if err != nil {
				return nil, errPDF
			}
			if _, known := f.offsets[n]; !known && f.raw[at+17] == 'n' {
				f.offsets[n] = off
			}
			at = space(f.raw, at+18)
		}
	}
	d, _, err := dictionary(f.raw, at+len("trailer"))
	return d, err
}

// object is the dictionary of object n.
func (f *file) object(n int) (dict, error) {
	at, ok := f.offsets[n]
	if !ok || at < 0 || at >= len(f.raw) {
		return nil, errPDF
	}
	head := fmt.Sprintf("%d 0 obj", n)
	if !bytes.HasPrefix(f.raw[at:], []byte(head)) {
		return nil, errPDF
	}
	d, _, err := dictionary(f.raw, at+len(head))
	return d, err
}

// firstPage is the number of the first page's object.
func (f *file) firstPage() (int, error) {
	root, err := reference(f.trailer.get("Root"))
	if err != nil {
		return 0, err
	}
	catalogue, err := f.object(root)
	if err != nil {
		return 0, err
	}
	n, err := reference(catalogue.get("Pages"))
	for range 50 { // a deeper tree is a circle
		if err != nil {
			return 0, err
		}
		d, err := f.object(n)
		if err != nil {
			return 0, err
		}
		kids := d.get("Kids")
		if kids == nil {
			return n, nil
		}
		n, err = reference(bytes.TrimLeft(kids, "[ \r\n\t"))
		if err != nil {
			return 0, err
		}
	}
	return 0, errPDF
}

// reference reads "12 0 R".
func reference(v []byte) (int, error) {
	n, next, err := number(v, 0)
	if err != nil {
		return 0, errPDF
	}
	gen, next, err := number(v, next)
	if err != nil || gen != 0 || !bytes.HasPrefix(v[space(v, next):], []byte("R")) {
		return 0, errPDF
	}
	return n, nil
}

func space(b []byte, at int) int {
	for at < len(b) && bytes.IndexByte([]byte(" \r\n\t\f\x00"), b[at]) >= 0 {
		at++
	}
	return at
}

func number(b []byte, at int) (n, next int, err error) {
	at = space(b, at)
	end := at
	for end < len(b) && b[end] >= '0' && b[end] <= '9' {
		end++
	}
	n, err = strconv.Atoi(string(b[at:end]))
	return n, end, err
}

// dictionary reads "<< /Key value ... >>" and returns where it ends.
func dictionary(b []byte, at int) (d dict, next int, err error) {
	at = space(b, at)
	if !bytes.HasPrefix(b[at:], []byte("<<")) {
		return nil, 0, errPDF
	}
	at += 2
	for {
		at = space(b, at)
		if bytes.HasPrefix(b[at:], []byte(">>")) {
			return d, at + 2, nil
		}
		if at >= len(b) || b[at] != '/' {
			return nil, 0, errPDF
		}
		end := word(b, at+1)
		key := string(b[at+1 : end])
		from := space(b, end)
		if at, err = value(b, from, 0); err != nil {
			return nil, 0, err
		}
		d = append(d, entry{key, bytes.TrimSpace(b[from:at])})
	}
}

func word(b []byte, at int) int {
	for at < len(b) && bytes.IndexByte([]byte(" \r\n\t\f\x00/<>[]()%"), b[at]) < 0 {
		at++
	}
	return at
}

// value skips one value: a dictionary's value ends before the next key or the dictionary's end.
func value(b []byte, at, depth int) (int, error) {
	if depth > 50 {
		return 0, errPDF
	}
	at = space(b, at)
	switch {
	case at >= len(b):
		return 0, errPDF
	case bytes.HasPrefix(b[at:], []byte(">>")), b[at] == ']' && depth > 0:
		return at, nil
	case bytes.HasPrefix(b[at:], []byte("<<")):
		_, next, err := dictionary(b, at)
		return next, err
	case b[at] == '<':
		end := bytes.IndexByte(b[at:], '>')
		if end < 0 {
			return 0, errPDF
		}
		return at + end + 1, nil
	case b[at] == '(':
		return text(b, at)
	case b[at] == '[':
		return array(b, at, depth)
	case b[at] == '/':
		return word(b, at+1), nil
	}
	end := word(b, at)
	if end == at {
		return 0, errPDF
	}
	if n := space(b, end); isReference(b, at, n) { // "12 0 R" is one value
		end = bytes.IndexByte(b[n:], 'R') + n + 1
	}
	return end, nil
}

func isReference(b []byte, at, second int) bool {
	_, next, err := number(b, at)
	if err != nil || space(b, next) != second {
		return false
	}
	_, next, err = number(b, second)
	return err == nil && bytes.HasPrefix(b[space(b, next):], []byte("R")) && word(b, space(b, next)) == space(b, next)+1
}

func text(b []byte, at int) (int, error) {
	for depth := 0; at < len(b); at++ {
		switch b[at] {
		case '\\':
			at++
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return at + 1, nil
			}
		}
	}
	return 0, errPDF
}

func array(b []byte, at, depth int) (int, error) {
	at++
	for {
		at = space(b, at)
		if at >= len(b) {
			return 0, errPDF
		}
		if b[at] == ']' {
			return at + 1, nil
		}
		next, err := value(b, at, depth+1)
		if err != nil || next <= at {
			return 0, errPDF
		}
		at = next
	}
}
