// Package warc writes and reads web archives as others do: WARC 1.1 (ISO 28500:2017), one gzip member for each record,
// and WACZ 1.1.1 (https://specs.webrecorder.net/wacz/1.1.1/), a zip of a WARC with its index, list of pages and digests,
// signed anonymously (https://specs.webrecorder.net/wacz-auth/0.1.0/).
//
// The signature shows that the package was not changed after it was made, and by which installation's key it was made;
// it says nothing of time, and nothing of what the server really sent to others.
package warc

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Types of records.
const (
	Info     = "warcinfo"
	Response = "response"
	Request  = "request"
	Resource = "resource"
	Metadata = "metadata"
)

// Record is one record. Digests, length and id are made by the writer and checked by the reader.
type Record struct {
	Type    string
	ID      string // "<urn:uuid:...>"
	Date    time.Time
	URI     string // WARC-Target-URI
	Media   string // Content-Type of the block
	Fields  []Field
	Block   []byte
	payload int // where the payload begins in the block; -1: the record has none
}

// Field is a further header of a record.
type Field struct{ Name, Value string }

// Field is the value of a header, "" when there is none.
func (r Record) Field(name string) string {
	for _, f := range r.Fields {
		if strings.EqualFold(f.Name, name) {
			return f.Value
		}
	}
	return ""
}

// Payload is what the record is about: the body of an HTTP message, with its content encoding; the block of a resource.
func (r Record) Payload() []byte {
	if r.payload < 0 {
		return nil
	}
	return r.Block[r.payload:]
}

// Place is where a record lies in its file.
type Place struct {
	Offset, Length int64
	Digest         string // of the compressed record: "sha256:<hex>"
}

const (
	version  = "WARC/1.1"
	dateForm = "2006-01-02T15:04:05.000000Z"
	crlf     = "\r\n"
)

func digest(b []byte) string {
	h := sha256.Sum256(b)
	return "sha256:" + hex.EncodeToString(h[:])
}

// Writer writes records, each as a gzip member of its own.
type Writer struct {
	w     io.Writer
	off   int64
	index []entry
	count int
}

// NewWriter begins a file.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

// Count is how many records were written. A file cut off between two records looks whole to many readers; whoever keeps
// the count sees it.
func (w *Writer) Count() int { return w.count }

// Write appends a record and tells where it lies. Header values lose line breaks: none can forge a header.
func (w *Writer) Write(r Record) (Place, error) {
	if r.ID == "" {
		r.ID = newID()
	}
	var b bytes.Buffer
	head := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%s: %s%s", name, oneLine(value), crlf)
		}
	}
	b.WriteString(version + crlf)
	head("WARC-Type", r.Type)
	head("WARC-Record-ID", r.ID)
	head("WARC-Date", r.Date.UTC().Format(dateForm))
	head("WARC-Target-URI", r.URI)
	for _, f := range r.Fields {
		head(f.Name, f.Value)
	}
	head("Content-Type", r.Media)
	head("WARC-Block-Digest", digest(r.Block))
	if r.payload >= 0 {
		head("WARC-Payload-Digest", digest(r.Payload()))
	}
	head("Content-Length", strconv.Itoa(len(r.Block)))
	b.WriteString(crlf)
	b.Write(r.Block)
	b.WriteString(crlf + crlf)
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(b.Bytes()); err != nil {
		return Place{}, err
	}
	if err := z.Close(); err != nil {
		return Place{}, err
	}
	p := Place{Offset: w.off, Length: int64(packed.Len()), Digest: digest(packed.Bytes())}
	if _, err := w.w.Write(packed.Bytes()); err != nil {
		return Place{}, fmt.Errorf("write record: %w", err)
	}
	w.off += p.Length
	w.count++
	w.enter(r, p)
	return p, nil
}

func newID() string { return "<urn:uuid:" + uuid.NewString() + ">" }

func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\r' || r == '\n' || r == 0 {
			return ' '
		}
		return r
	}, s)
}

// InfoRecord describes the file: what made it and how.
func InfoRecord(at time.Time, filename string, fields ...Field) Record {
	var b strings.Builder
	for _, f := range append(fields, Field{"format", "WARC File Format 1.1"},
		Field{"conformsTo", "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/"}) {
		fmt.Fprintf(&b, "%s: %s%s", f.Name, oneLine(f.Value), crlf)
	}
	return Record{Type: Info, Date: at, Media: "application/warc-fields", Fields: []Field{{"WARC-Filename", filename}}, Block: []byte(b.String()), payload: -1}
}

// ResourceRecord keeps bytes that did not come as an HTTP message, such as a picture of the page ("urn:view:<url>").
func ResourceRecord(at time.Time, uri, media string, body []byte) Record {
	return Record{Type: Resource, Date: at, URI: uri, Media: media, Block: body}
}

// MetadataRecord keeps what is known about an address beside what was received.
func MetadataRecord(at time.Time, uri string, fields ...Field) Record {
	var b strings.Builder
	for _, f := range fields {
		fmt.Fprintf(&b, "%s: %s%s", f.Name, oneLine(f.Value), crlf)
	}
	return Record{Type: Metadata, Date: at, URI: uri, Media: "application/warc-fields", Block: []byte(b.String()), payload: -1}
}

// Exchange is one HTTP request and its answer.
type Exchange struct {
	At       time.Time
	Method   string
	URL      string
	Sent     http.Header
	SentBody []byte
	IP       netip.Addr
	Status   int
	Phrase   string
	Header   http.Header
	Body     []byte
	Cut      string // "length", "time", "disconnect"; empty when the body is whole
}

// Exchange writes an answer and the request it answers.
func (w *Writer) Exchange(x Exchange) error {
	answer := Record{Type: Response, ID: newID(), Date: x.At, URI: x.URL, Media: "application/http; msgtype=response"}
	if x.IP.IsValid() {
		answer.Fields = append(answer.Fields, Field{"WARC-IP-Address", x.IP.String()})
	}
	if x.Cut != "" {
		answer.Fields = append(answer.Fields, Field{"WARC-Truncated", x.Cut})
	}
	answer.Block, answer.payload = message(fmt.Sprintf("HTTP/1.1 %d %s", x.Status, oneLine(x.Phrase)), x.Header, x.Body)
	if _, err := w.Write(answer); err != nil {
		return err
	}
	target, host := "/", ""
	if u, err := url.Parse(x.URL); err == nil {
		target, host = u.RequestURI(), u.Host
	}
	sent := x.Sent.Clone()
	if sent == nil {
		sent = http.Header{}
	}
	sent.Set("Host", host)
	asked := Record{Type: Request, Date: x.At, URI: x.URL, Media: "application/http; msgtype=request", Fields: []Field{{"WARC-Concurrent-To", answer.ID}}}
	asked.Block, asked.payload = message(x.Method+" "+target+" HTTP/1.1", sent, x.SentBody)
	_, err := w.Write(asked)
	return err
}

// message is an HTTP message and where its body begins. The order of headers is not known here; they stand by name.
func message(first string, h http.Header, body []byte) ([]byte, int) {
	var b bytes.Buffer
	b.WriteString(first + crlf)
	for _, name := range slices.Sorted(maps.Keys(h)) {
		for _, v := range h[name] {
			fmt.Fprintf(&b, "%s: %s%s", oneLine(name), oneLine(v), crlf)
		}
	}
	b.WriteString(crlf)
	head := b.Len()
	b.Write(body)
	return b.Bytes(), head
}
