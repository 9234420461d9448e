package table

import (
	"bytes"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"chop/internal/fault"
)

// Encodings of text files.
const (
	UTF8    = "utf-8"
	UTF16LE = "utf-16le"
	UTF16BE = "utf-16be"
	CP1250  = "windows-1250"
	Latin2  = "iso-8859-2"
)

// Sniff tells the format from the file's name and its first bytes (64 kB is plenty). Bytes speak louder than the
// name. Faults are Invalid: table.empty; table.old_excel, table.json_list and table.unknown, which say what to do.
func Sniff(name string, head []byte) (Format, error) {
	switch {
	case len(head) == 0:
		return Format{}, fault.New(fault.Invalid, "table.empty")
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return Format{Kind: XLSX}, nil
	case bytes.HasPrefix(head, []byte("\xD0\xCF\x11\xE0")):
		return Format{}, fault.New(fault.Invalid, "table.old_excel")
	}
	f := Format{Encoding: sniffEncoding(head)}
	text := strings.TrimSpace(decodeAll(head, f.Encoding))
	lower := strings.ToLower(text[:min(len(text), 200)])
	switch {
	case text == "":
		return Format{}, fault.New(fault.Invalid, "table.empty")
	case strings.HasPrefix(text, "{"):
		f.Kind = JSONL
		return f, nil
	case strings.HasPrefix(text, "[") && strings.HasPrefix(strings.TrimSpace(text[1:]), "{"):
		return Format{}, fault.New(fault.Invalid, "table.json_list")
	case foreign(head), strings.HasPrefix(lower, "<!doctype"), strings.HasPrefix(lower, "<html"), strings.HasPrefix(lower, "<?xml"):
		return Format{}, fault.New(fault.Invalid, "table.unknown")
	}
	f.Kind, f.Delimiter = CSV, sniffDelimiter(text)
	if strings.EqualFold(filepath.Ext(name), ".tsv") {
		f.Delimiter = "\t"
	}
	return f, nil
}

// foreign notices files that are no text: pictures, PDF, archives.
func foreign(head []byte) bool {
	for _, magic := range []string{"%PDF", "\x1f\x8b", "\x89PNG", "\xff\xd8\xff", "GIF8", "Rar!", "7z\xbc\xaf", "BZh"} {
		if bytes.HasPrefix(head, []byte(magic)) {
			return true
		}
	}
	enc := sniffEncoding(head)
	return enc != UTF16LE && enc != UTF16BE && bytes.Count(head, []byte{0}) > len(head)/100
}

// sniffEncoding is empty for plain ASCII, which says nothing about the rest of the file.
func sniffEncoding(b []byte) string {
	switch {
	case bytes.HasPrefix(b, []byte("\xEF\xBB\xBF")):
		return UTF8
	case bytes.HasPrefix(b, []byte("\xFF\xFE")):
		return UTF16LE
	case bytes.HasPrefix(b, []byte("\xFE\xFF")):
		return UTF16BE
	}
	if even, odd := zeros(b); odd > len(b)/5 && even < odd/4 {
		return UTF16LE
	} else if even > len(b)/5 && odd < even/4 {
		return UTF16BE
	}
	var c census
	c.add(b)
	return c.encoding()
}

func zeros(b []byte) (even, odd int) {
	for i, x := range b {
		if x != 0 {
			continue
		}
		if i%2 == 0 {
			even++
		} else {
			odd++
		}
	}
	return even, odd
}

// census counts what tells the encodings apart. Parts must be added in order.
type census struct {
	good, bad      int    // sequences of UTF-8, and bytes that are none
	cp1250, latin2 int    // bytes that are Polish letters in one only
	rest           []byte // the beginning of a sequence cut by the part's end
}

func (c *census) add(b []byte) {
	b = append(c.rest, b...)
	c.rest = nil
	for i := 0; i < len(b); {
		if b[i] < utf8.RuneSelf {
			i++
			continue
		}
		c.letter(b[i])
		r, n := utf8.DecodeRune(b[i:])
		switch {
		case r == utf8.RuneError && n == 1 && !utf8.FullRune(b[i:]):
			c.rest = append([]byte(nil), b[i:]...)
			return
		case r == utf8.RuneError && n == 1:
			c.bad++
		default:
			c.good++
		}
		i += n
	}
}

func (c *census) letter(x byte) {
	switch {
	case strings.IndexByte("\xB9\xA5", x) >= 0, x >= 0x80 && x <= 0x9F: // ą Ą; the rest are controls in ISO 8859-2
		c.cp1250++
	case strings.IndexByte("\xB1\xB6\xBC\xA1\xA6\xAC", x) >= 0: // ą ś ź Ą Ś Ź
		c.latin2++
	}
}

// encoding forgives UTF-8 a broken byte here and there; without Polish letters the Windows page is the likelier.
func (c *census) encoding() string {
	switch {
	case c.good == 0 && c.bad == 0:
		return ""
	case c.good > c.bad:
		return UTF8
	case c.latin2 > c.cp1250:
		return Latin2
	}
	return CP1250
}

// sniffDelimiter takes the mark that cuts the first rows into the most equal parts. Excel's "sep=;" line decides.
func sniffDelimiter(text string) string {
	if d, ok := sepLine(text); ok {
		return d
	}
	best, bestScore := ",", 0.0
	for _, d := range []string{";", "\t", ",", "|"} {
		if s := evenness(text, d[0]); s > bestScore {
			best, bestScore = d, s
		}
	}
	return best
}

func sepLine(text string) (string, bool) {
	line, _, _ := strings.Cut(text, "\n")
	line = strings.TrimSuffix(strings.TrimPrefix(line, "\uFEFF"), "\r")
	if d, ok := strings.CutPrefix(strings.ToLower(line), "sep="); ok && len(d) == 1 && strings.Contains(";,\t|", d) {
		return d, true
	}
	return "", false
}

// evenness is the share of rows with the most common width, grown a little by the width.
func evenness(text string, delim byte) float64 {
	c := &csvRows{delim: delim, lines: &lines{pending: []byte(text)}, patience: 3}
	widths, total := map[int]int{}, 0
	for total < 50 {
		r, err := c.next()
		if err != nil {
			break
		}
		if r.Err == nil && filled(r.Cells) > 0 {
			widths[len(r.Cells)]++
			total++
		}
	}
	best := 0.0
	for w, n := range widths {
		if w > 1 {
			best = max(best, float64(n)/float64(total)*(1+min(float64(w), 20)/20))
		}
	}
	return best
}
