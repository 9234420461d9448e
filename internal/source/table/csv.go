package table

import (
	"io"

	"chop/internal/fault"
)

// maxPatience is how many unclosed quotation marks a file may have before reading it makes no sense. Each costs
// reading up to maxRecord bytes twice.
const maxPatience = 100

// csvRows reads delimited text leniently: a quotation mark inside a word is a letter, rows may be ragged, and an
// unclosed quotation costs its own row only.
type csvRows struct {
	lines    *lines
	delim    byte
	n        int
	patience int
	fresh    bool // nothing read yet: a "sep=;" line may come
}

func openCSV(r io.ReaderAt, size int64, f *Format) (*csvRows, error) {
	l, err := openText(r, size, f)
	if err != nil {
		return nil, err
	}
	if len(f.Delimiter) != 1 {
		head := make([]byte, headBytes)
		n, err := r.ReadAt(head[:min(headBytes, size)], 0)
		if err != nil && err != io.EOF {
			return nil, err
		}
		f.Delimiter = sniffDelimiter(decodeAll(head[:n], f.Encoding))
	}
	return &csvRows{lines: l, delim: f.Delimiter[0], patience: maxPatience, fresh: true}, nil
}

func (c *csvRows) read() int64  { return c.lines.count.n }
func (c *csvRows) close() error { return nil }

func (c *csvRows) next() (Row, error) {
	first, long, err := c.lines.next()
	if err != nil {
		return Row{}, err
	}
	if c.fresh {
		c.fresh = false
		if _, ok := sepLine(string(first)); ok {
			c.n++
			return c.next()
		}
	}
	c.n++
	if long {
		return Row{N: c.n, Err: rowTooLong(c.n)}, nil
	}
	rec := record{delim: c.delim}
	if rec.feed(first) {
		return Row{N: c.n, Cells: rec.cells}, nil
	}
	return c.quoted(rec, first)
}

// quoted goes on with a row whose quotation runs over the line's end.
func (c *csvRows) quoted(rec record, first []byte) (Row, error) {
	var more []byte
	for len(first)+len(more) <= maxRecord {
		line, long, err := c.lines.next()
		if err != nil && err != io.EOF {
			return Row{}, err
		}
		if err == io.EOF {
			break
		}
		if long { // the long line is lost with this row, and told about
			c.lines.unread(more)
			return Row{N: c.n, Err: rowTooLong(c.n)}, nil
		}
		more = append(more, line...)
		if rec.feed(line) {
			return Row{N: c.n, Cells: rec.cells}, nil
		}
	}
	c.patience--
	if c.patience < 0 {
		return Row{}, fault.New(fault.Invalid, "table.quotes", "Row", c.n)
	}
	c.lines.unread(more)
	return Row{N: c.n, Err: fault.New(fault.Invalid, "table.quote", "Row", c.n)}, nil
}

func rowTooLong(n int) error {
	return fault.New(fault.Invalid, "table.row_too_long", "Row", n, "Limit", maxRecord>>10)
}

// record is a row being put together; it is fed whole lines.
type record struct {
	delim  byte
	cells  []string
	cell   []byte
	inside bool // within quotation marks
	begun  bool // the cell has begun: a quotation mark no longer opens it
}

// feed takes a line with its end and tells whether the row is complete.
func (r *record) feed(line []byte) bool {
	line = trimEnd(line)
	for i := 0; i < len(line); i++ {
		b := line[i]
		switch {
		case r.inside && b == '"':
			i += r.quoteInside(line[i+1:])
		case r.inside:
			r.cell = append(r.cell, b)
		case b == '"' && !r.begun:
			r.inside, r.begun = true, true
		case b == r.delim:
			r.finish()
		default:
			r.cell, r.begun = append(r.cell, b), true
		}
	}
	if r.inside {
		r.cell = append(r.cell, '\n')
		return false
	}
	r.finish()
	return true
}

// quoteInside deals with a quotation mark inside a quotation: doubled it is a letter, before a delimiter or the end
// it closes, elsewhere it is a letter somebody forgot to double. It says how many more bytes are used up.
func (r *record) quoteInside(rest []byte) int {
	switch {
	case len(rest) == 0 || rest[0] == r.delim:
		r.inside = false
		return 0
	case rest[0] == '"':
		r.cell = append(r.cell, '"')
		return 1
	}
	r.cell = append(r.cell, '"')
	return 0
}

func (r *record) finish() {
	r.cells = append(r.cells, clean(string(r.cell)))
	r.cell, r.begun = r.cell[:0], false
}

func trimEnd(line []byte) []byte {
	if n := len(line); n > 0 && line[n-1] == '\n' {
		line = line[:n-1]
	}
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	return line
}
