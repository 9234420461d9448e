package warc

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// ErrDamaged is wrapped by every error that says the archive is not what was written.
var ErrDamaged = errors.New("damaged archive")

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrDamaged}, args...)...)
}

// MaxRecord is the most bytes of one unpacked record that a reader takes.
const MaxRecord = 256 << 20

// Reader reads a file of gzip members and checks every record: its digests, its length, and that nothing stands between
// two records.
type Reader struct {
	in *counted
}

// counted knows how far it was read, one byte at a time, so that gzip does not read beyond its member.
type counted struct {
	r   *bufio.Reader
	n   int64
	sum bytes.Buffer
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	c.sum.Write(p[:n])
	return n, err
}

func (c *counted) ReadByte() (byte, error) {
	b, err := c.r.ReadByte()
	if err == nil {
		c.n++
		c.sum.WriteByte(b)
	}
	return b, err
}

// NewReader reads from the beginning of a file.
func NewReader(r io.Reader) *Reader { return &Reader{in: &counted{r: bufio.NewReader(r)}} }

// Next is the next record and where it lies; io.EOF after the last. Errors wrap ErrDamaged, except those of reading.
func (r *Reader) Next() (Record, Place, error) {
	if _, err := r.in.r.Peek(1); err != nil {
		return Record{}, Place{}, err
	}
	begin := r.in.n
	r.in.sum.Reset()
	z, err := gzip.NewReader(r.in)
	if err != nil {
		return Record{}, Place{}, damaged("record at %d: %v", begin, err)
	}
	z.Multistream(false)
	raw, err := io.ReadAll(io.LimitReader(z, MaxRecord+1))
	if err != nil {
		return Record{}, Place{}, damaged("record at %d: %v", begin, err)
	}
	if len(raw) > MaxRecord {
		return Record{}, Place{}, damaged("record at %d is larger than %d bytes", begin, MaxRecord)
	}
	rec, err := parse(raw)
	if err != nil {
		return rec, Place{}, fmt.Errorf("record at %d: %w", begin, err)
	}
	return rec, Place{Offset: begin, Length: r.in.n - begin, Digest: digest(r.in.sum.Bytes())}, nil
}

func parse(raw []byte) (Record, error) {
	r := Record{payload: -1}
	head, rest, found := bytes.Cut(raw, []byte(crlf+crlf))
	lines := strings.Split(string(head), crlf)
	if !found || lines[0] != version {
		return r, damaged("no head of WARC 1.1")
	}
	length, block, payload := -1, "", ""
	for _, l := range lines[1:] {
		name, value, ok := strings.Cut(l, ":")
		value = strings.TrimSpace(value)
		if !ok {
			return r, damaged("header %q", l)
		}
		var err error
		switch strings.ToLower(name) {
		case "warc-type":
			r.Type = value
		case "warc-record-id":
			r.ID = value
		case "warc-date":
			r.Date, err = time.Parse(time.RFC3339Nano, value)
		case "warc-target-uri":
			r.URI = value
		case "content-type":
			r.Media = value
		case "warc-block-digest":
			block = value
		case "warc-payload-digest":
			payload = value
		case "content-length":
			length, err = strconv.Atoi(value)
		default:
			r.Fields = append(r.Fields, Field{name, value})
		}
		if err != nil {
			return r, damaged("header %q: %v", l, err)
		}
	}
	if length < 0 || len(rest) != length+4 || string(rest[max(length, 0):]) != crlf+crlf {
		return r, damaged("%s: %d bytes where %d were announced", r.URI, len(rest)-4, length)
	}
	r.Block = rest[:length]
	return r, r.hold(block, payload)
}

// hold compares the digests.
func (r *Record) hold(block, payload string) error {
	if block != digest(r.Block) {
		return damaged("%s %s: the block is not the one whose digest was written", r.Type, r.URI)
	}
	if payload == "" {
		return nil
	}
	r.payload = 0
	if strings.HasPrefix(r.Media, "application/http") {
		if r.payload = bytes.Index(r.Block, []byte(crlf+crlf)) + 4; r.payload < 4 {
			return damaged("%s %s: no HTTP message", r.Type, r.URI)
		}
	}
	if payload != digest(r.Payload()) {
		return damaged("%s %s: the payload is not the one whose digest was written", r.Type, r.URI)
	}
	return nil
}
