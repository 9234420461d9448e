// Package table reads files of mentions that a person brings: CSV, JSON lines and XLSX, in any column order.
//
// The importer asks Sniff and Open (or OpenFile), offers the Guess of Peek's rows to the person, and walks the rows
// with Read. Rows stream: memory does not grow with the file.
package table

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"chop/internal/fault"
	"chop/internal/source"
)

// Kind names this kind of source.
const Kind = "table"

// Limits of a file. What is over them is reported with its row, never cut.
const (
	MaxText    = 100_000   // bytes of one text
	maxRecord  = 1 << 20   // bytes of one row
	maxColumns = 500       // columns of a table
	maxXLSX    = 100 << 20 // bytes of an XLSX file, which is read into memory
	maxUnzip   = 256 << 20 // bytes of all parts of an XLSX file once unpacked
	maxParts   = 5000      // parts of an XLSX file
	headerRows = 20        // rows in which the header is looked for
	headBytes  = 64 << 10  // bytes that OpenFile shows to Sniff
)

// Formats of files.
const (
	CSV   = "csv"
	JSONL = "jsonl"
	XLSX  = "xlsx"
)

// Format is how a file is written. Zero Encoding and Delimiter are found out by Open.
type Format struct {
	Kind      string `json:"kind"`
	Encoding  string `json:"encoding,omitempty"`  // utf-8, utf-16le, utf-16be, windows-1250, iso-8859-2
	Delimiter string `json:"delimiter,omitempty"` // of CSV: , ; | or a tab
	Sheet     string `json:"sheet,omitempty"`     // of XLSX; empty means the first
	Date1904  bool   `json:"date1904,omitempty"`  // of XLSX: day numbers count from 1904
}

// Row is one row of data. N is the row's number as a spreadsheet shows it. Err is a fault when it cannot be read.
type Row struct {
	N     int
	Cells []string
	Err   error
}

// rows is one way of storing rows; next ends with io.EOF.
type rows interface {
	next() (Row, error)
	read() int64 // bytes of the file behind us, near enough for a progress bar
	close() error
}

// Table is an open file of rows. It is read once, by one goroutine.
type Table struct {
	format  Format
	headers []string
	queue   []Row // rows seen while the header was looked for
	in      rows
	size    int64
	file    io.Closer
}

// Format is the format with all that Open found out.
func (t *Table) Format() Format { return t.format }

// Headers are the columns' names, unique; a nameless column is named by its letter.
func (t *Table) Headers() []string { return t.headers }

// Progress tells how many bytes of how many are behind us.
func (t *Table) Progress() (read, total int64) { return min(t.in.read(), t.size), t.size }

// Next gives the next row, io.EOF after the last. A row that cannot be read carries its fault; other errors end the
// reading.
func (t *Table) Next() (Row, error) {
	if len(t.queue) > 0 {
		r := t.queue[0]
		t.queue = t.queue[1:]
		return t.fit(r), nil
	}
	r, err := t.in.next()
	return t.fit(r), err
}

// fit notices rows that are wider than the header: their cells stand under wrong names.
func (t *Table) fit(r Row) Row {
	for i := len(t.headers); i < len(r.Cells); i++ {
		if r.Err == nil && strings.TrimSpace(r.Cells[i]) != "" {
			r.Err = fault.New(fault.Invalid, "table.ragged", "Row", r.N, "Have", len(r.Cells), "Want", len(t.headers))
		}
	}
	return r
}

// Close ends the reading.
func (t *Table) Close() error {
	err := t.in.close()
	if t.file != nil {
		err = errors.Join(err, t.file.Close())
	}
	return err
}

// Open starts reading size bytes of r. Faults are Invalid: table.empty, table.broken, table.too_big, table.sheet.
func Open(r io.ReaderAt, size int64, f Format) (*Table, error) {
	t := &Table{format: f, size: size}
	var err error
	switch f.Kind {
	case CSV:
		t.in, err = openCSV(r, size, &t.format)
	case JSONL:
		var j *jsonRows
		if j, err = openJSONL(r, size, &t.format); err == nil {
			t.in, t.headers = j, j.columns
		}
	case XLSX:
		t.in, err = openXLSX(r, size, &t.format)
	default:
		err = fault.New(fault.Invalid, "table.unknown")
	}
	if err != nil {
		return nil, err
	}
	if t.headers == nil {
		err = t.findHeader()
	}
	if err != nil {
		t.in.close()
		return nil, err
	}
	return t, nil
}

// OpenFile sniffs and opens a file on disk; Close also closes the file.
func OpenFile(path string) (*Table, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open table: %w", err)
	}
	t, err := openOS(file, path)
	if err != nil {
		file.Close()
		return nil, err
	}
	t.file = file
	return t, nil
}

func openOS(file *os.File, name string) (*Table, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("open table: %w", err)
	}
	head := make([]byte, headBytes)
	n, err := file.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return nil, fmt.Errorf("read table: %w", err)
	}
	f, err := Sniff(name, head[:n])
	if err != nil {
		return nil, err
	}
	return Open(file, info.Size(), f)
}

// Peek reads up to n rows for Guess and for the page where a person maps the columns.
func Peek(r io.ReaderAt, size int64, f Format, n int) (headers []string, sample [][]string, err error) {
	t, err := Open(r, size, f)
	if err != nil {
		return nil, nil, err
	}
	defer t.Close()
	for len(sample) < n {
		row, err := t.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, nil, err
		}
		if row.Err == nil && filled(row.Cells) > 0 {
			sample = append(sample, row.Cells)
		}
	}
	return t.headers, sample, nil
}

// Connector describes the import; a person brings the items, so there is nothing to fetch.
type Connector struct{}

// New returns the connector for the registry.
func New() *Connector { return &Connector{} }

// Describe says that a person brings the items.
func (c *Connector) Describe() source.Description {
	return source.Description{
		Kind:    Kind,
		Letters: "IM",
		Manual:  true,
		Fields: []source.Field{
			{Name: "channel", Type: "text", Required: true},
			{Name: "post_title", Type: "text"},
			{Name: "zone", Type: "text", Default: defaultZone},
		},
	}
}

// Check tells whether the settings can be used; faults are Invalid and name the field.
func (c *Connector) Check(_ context.Context, s source.Settings) (source.CheckReport, error) {
	channel := strings.TrimSpace(s["channel"])
	if channel == "" {
		return source.CheckReport{}, fault.New(fault.Invalid, "table.channel").On("channel")
	}
	if _, err := zone(s["zone"]); err != nil {
		return source.CheckReport{}, err
	}
	return source.CheckReport{Title: channel}, nil
}

// Fetch has nothing to read. The cursor stays as it is.
func (c *Connector) Fetch(_ context.Context, _ source.Settings, cursor []byte) (source.Batch, error) {
	return source.Batch{Cursor: cursor}, nil
}

const defaultZone = "Europe/Warsaw"

func zone(name string) (*time.Location, error) {
	if name == "" {
		name = defaultZone
	}
	z, err := time.LoadLocation(name)
	if err != nil {
		return nil, fault.New(fault.Invalid, "table.zone", "Zone", name).On("zone").Because(err)
	}
	return z, nil
}
