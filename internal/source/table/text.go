package table

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

func decoderOf(name string) *encoding.Decoder {
	switch name {
	case UTF16LE:
		return unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder()
	case UTF16BE:
		return unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewDecoder()
	case CP1250:
		return charmap.Windows1250.NewDecoder()
	case Latin2:
		return charmap.ISO8859_2.NewDecoder()
	}
	return unicode.UTF8BOM.NewDecoder() // broken bytes become U+FFFD
}

func decodeAll(b []byte, enc string) string {
	out, _ := decoderOf(enc).Bytes(b) // a sequence cut at the end is of no matter for sniffing
	return string(out)
}

// openText gives the file's lines in UTF-8. An encoding that the head left open is decided by the whole file.
func openText(r io.ReaderAt, size int64, f *Format) (*lines, error) {
	if f.Encoding == "" {
		enc, err := wholeEncoding(r, size)
		if err != nil {
			return nil, err
		}
		f.Encoding = enc
	}
	count := &counter{r: io.NewSectionReader(r, 0, size)}
	return &lines{in: bufio.NewReaderSize(transform.NewReader(count, decoderOf(f.Encoding)), 64<<10), count: count}, nil
}

func wholeEncoding(r io.ReaderAt, size int64) (string, error) {
	var c census
	in := io.NewSectionReader(r, 0, size)
	buf := make([]byte, 64<<10)
	for {
		n, err := in.Read(buf)
		c.add(buf[:n])
		if err == io.EOF {
			break
		}
		if err != nil {
			return "", fmt.Errorf("read table: %w", err)
		}
	}
	if enc := c.encoding(); enc != "" {
		return enc, nil
	}
	return UTF8, nil
}

type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// lines reads lines of bounded length, and takes lines back.
type lines struct {
	in      *bufio.Reader
	count   *counter
	pending []byte
}

// next gives a line with its end. A line over maxRecord is skipped and comes back with long set.
func (l *lines) next() (line []byte, long bool, err error) {
	if i := bytes.IndexByte(l.pending, '\n'); i >= 0 {
		line, l.pending = l.pending[:i+1], l.pending[i+1:]
		return line, false, nil
	}
	line = append(line, l.pending...)
	l.pending = nil
	for l.in != nil {
		part, err := l.in.ReadSlice('\n')
		if !long {
			line = append(line, part...)
		}
		if len(line) > maxRecord {
			line, long = line[:0], true
		}
		if err == nil || err == io.EOF {
			break
		}
		if err != bufio.ErrBufferFull {
			return nil, false, fmt.Errorf("read table: %w", err)
		}
	}
	if len(line) == 0 && !long {
		return nil, false, io.EOF
	}
	return line, long, nil
}

// unread puts lines back before what is still pending.
func (l *lines) unread(b []byte) { l.pending = append(append([]byte(nil), b...), l.pending...) }

// clean replaces the zero byte, which databases refuse.
func clean(s string) string { return strings.ReplaceAll(s, "\x00", "\uFFFD") }
