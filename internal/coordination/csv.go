// Package coordination finds groups of accounts that act together against a firm, and says so with figures and without
// accusing anybody. The statistics stand in detect, the counting that is comparable with published tools in count.
package coordination

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"chop/internal/fault"
)

// sheet reads a table with a header whose columns may stand in any order.
type sheet struct {
	r    *csv.Reader
	at   []int // column of each wanted name, -1 for an optional one that is missing
	name string
	text int // the wanted column that may be long, -1 for none
	out  []string
	kept map[string]string
}

const (
	maxCell = 4096    // bytes of a name or an id
	maxText = 1 << 18 // bytes of what somebody wrote
)

// longText lets one wanted column hold what people write.
func (s *sheet) longText(column int) { s.text = column }

// open reads the header. Names that begin with "?" are optional. Faults: coordination.empty, coordination.column.
func open(name string, in io.Reader, wanted ...string) (*sheet, error) {
	s := &sheet{r: csv.NewReader(skipMark(in)), name: name, text: -1, kept: map[string]string{}}
	s.r.ReuseRecord, s.r.FieldsPerRecord = true, 0
	head, err := s.r.Read()
	if errors.Is(err, io.EOF) {
		return nil, fault.New(fault.Invalid, "coordination.empty", "File", name)
	}
	if err != nil {
		return nil, s.broken(err)
	}
	head = slices.Clone(head)
	for i := range head {
		head[i] = strings.ToLower(strings.TrimSpace(head[i]))
	}
	for _, w := range wanted {
		n, optional := strings.CutPrefix(w, "?")
		at := slices.Index(head, n)
		if at < 0 && !optional {
			return nil, fault.New(fault.Invalid, "coordination.column", "File", name, "Column", n, "Found", strings.Join(head, ", "))
		}
		s.at = append(s.at, at)
	}
	s.out = make([]string, len(s.at))
	return s, nil
}

// skipMark drops the byte order mark that spreadsheets write.
func skipMark(in io.Reader) io.Reader {
	const mark = "\xef\xbb\xbf"
	first := make([]byte, len(mark))
	n, err := io.ReadFull(in, first)
	if n == len(mark) && string(first) == mark {
		return in
	}
	if err != nil {
		return io.MultiReader(bytes.NewReader(first[:n]), in)
	}
	return io.MultiReader(bytes.NewReader(first), in)
}

// keep is the cell as a string of its own, the same one for cells that are alike: what next gives lies in the line it came
// from, and a table of millions of lines repeats few names.
func (s *sheet) keep(cell string) string {
	if cell == "" {
		return ""
	}
	own, known := s.kept[cell]
	if !known {
		own = strings.Clone(cell)
		s.kept[own] = own
	}
	return own
}

// next gives the wanted cells of a row, "" for a missing column; io.EOF at the end. They are good until the next call.
func (s *sheet) next() ([]string, error) {
	rec, err := s.r.Read()
	if err == io.EOF {
		return nil, err
	}
	if err != nil {
		return nil, s.broken(err)
	}
	out := s.out
	for i, at := range s.at {
		if at < 0 {
			continue
		}
		if most := s.most(i); len(rec[at]) > most {
			return nil, s.wrong("coordination.long", "Most", most)
		}
		out[i] = rec[at]
	}
	return out, nil
}

func (s *sheet) most(column int) int {
	if column == s.text {
		return maxText
	}
	return maxCell
}

// created reads the date of an account: as a time, or a day alone; 0 when it is not known.
func (s *sheet) created(cell string) (float64, error) {
	cell = strings.TrimSpace(cell)
	if cell == "" {
		return 0, nil
	}
	if d, err := time.Parse(time.DateOnly, cell); err == nil {
		return float64(d.Unix()), nil
	}
	return s.seconds(cell)
}

func (s *sheet) broken(err error) error {
	var p *csv.ParseError
	if errors.As(err, &p) {
		return fault.New(fault.Invalid, "coordination.row", "File", s.name, "Line", p.Line).Because(err)
	}
	return fmt.Errorf("read %s: %w", s.name, err)
}

func (s *sheet) wrong(code string, kv ...any) error {
	line, _ := s.r.FieldPos(0)
	return fault.New(fault.Invalid, code, append([]any{"File", s.name, "Line", line}, kv...)...)
}

// seconds reads a time: seconds since 1970, whole or not, or RFC 3339.
func (s *sheet) seconds(cell string) (float64, error) {
	cell = strings.TrimSpace(cell)
	if n, ok := digits(cell); ok {
		return n, nil
	}
	if v, err := strconv.ParseFloat(cell, 64); err == nil && !math.IsNaN(v) && math.Abs(v) < 1e11 {
		return v, nil
	}
	if t, err := time.Parse(time.RFC3339, cell); err == nil {
		return float64(t.UnixMicro()) / 1e6, nil
	}
	return 0, s.wrong("coordination.time", "Value", short(cell))
}

// digits reads whole seconds, the usual case, without the care that fractions need.
func digits(cell string) (n float64, ok bool) {
	v := 0
	for i := 0; i < len(cell); i++ {
		if cell[i] < '0' || cell[i] > '9' {
			return 0, false
		}
		v = 10*v + int(cell[i]-'0')
	}
	return float64(v), len(cell) > 0 && len(cell) < 11
}

// named reads what must not be empty.
func (s *sheet) named(cell, column string) (string, error) {
	if strings.TrimSpace(cell) == "" {
		return "", s.wrong("coordination.blank", "Column", column)
	}
	return cell, nil
}

func short(s string) string {
	if r := []rune(strings.ToValidUTF8(s, "�")); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}

func (s *sheet) yes(cell string) (bool, error) {
	switch strings.ToLower(strings.TrimSpace(cell)) {
	case "true", "1", "yes", "tak":
		return true, nil
	case "false", "0", "no", "nie", "":
		return false, nil
	}
	return false, s.wrong("coordination.yes", "Value", short(cell))
}
