package table

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"

	"chop/internal/fault"
)

const (
	columnLines = 1000 // lines in which the columns of a JSONL file are looked for
	maxDepth    = 16   // levels of nesting that become dotted names
)

// jsonRows reads one JSON object a line; nested keys become dotted columns.
type jsonRows struct {
	lines   *lines
	columns []string
	index   map[string]int
	n       int
}

func openJSONL(r io.ReaderAt, size int64, f *Format) (*jsonRows, error) {
	scan, err := openText(r, size, f)
	if err != nil {
		return nil, err
	}
	j := &jsonRows{lines: scan, index: map[string]int{}}
	for i := 0; i < columnLines; i++ {
		line, _, err := scan.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		pairs, _ := flatten(line) // a broken line is told about when its turn comes
		j.learn(pairs)
	}
	if len(j.columns) == 0 {
		return nil, fault.New(fault.Invalid, "table.empty")
	}
	j.lines, err = openText(r, size, f)
	return j, err
}

func (j *jsonRows) learn(pairs []pair) {
	for _, p := range pairs {
		if _, ok := j.index[p.key]; !ok && len(j.columns) < maxColumns {
			j.index[p.key] = len(j.columns)
			j.columns = append(j.columns, p.key)
		}
	}
}

func (j *jsonRows) read() int64  { return j.lines.count.n }
func (j *jsonRows) close() error { return nil }

func (j *jsonRows) next() (Row, error) {
	line, long, err := j.lines.next()
	if err != nil {
		return Row{}, err
	}
	j.n++
	switch {
	case long:
		return Row{N: j.n, Err: rowTooLong(j.n)}, nil
	case len(bytes.TrimSpace(line)) == 0:
		return Row{N: j.n}, nil
	}
	pairs, err := flatten(line)
	if err != nil {
		return Row{N: j.n, Err: fault.New(fault.Invalid, "table.json", "Row", j.n).Because(err)}, nil
	}
	cells := make([]string, len(j.columns))
	for _, p := range pairs {
		if i, ok := j.index[p.key]; ok {
			cells[i] = p.value
		}
	}
	return Row{N: j.n, Cells: cells}, nil
}

type pair struct{ key, value string }

// flatten reads one object into dotted keys in their order.
func flatten(line []byte) ([]pair, error) {
	line = bytes.TrimPrefix(bytes.TrimSpace(line), []byte("\uFEFF"))
	if !json.Valid(line) || line[0] != '{' {
		return nil, fault.New(fault.Invalid, "table.json")
	}
	return object(nil, "", line, 0)
}

func object(out []pair, prefix string, raw []byte, depth int) ([]pair, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	if _, err := dec.Token(); err != nil {
		return nil, err
	}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, err
		}
		name := prefix + clean(key.(string))
		if value[0] == '{' && depth < maxDepth {
			if out, err = object(out, name+".", value, depth+1); err != nil {
				return nil, err
			}
			continue
		}
		out = append(out, pair{name, scalar(value)})
	}
	return out, nil
}

// scalar writes a value as a cell: a list of words is joined, anything deeper stays JSON.
func scalar(raw json.RawMessage) string {
	switch raw[0] {
	case 'n':
		return ""
	case '"':
		var s string
		if json.Unmarshal(raw, &s) == nil {
			return clean(s)
		}
	case '[':
		var list []string
		if json.Unmarshal(raw, &list) == nil {
			return clean(strings.Join(list, ", "))
		}
	}
	return string(raw)
}
