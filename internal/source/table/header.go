package table

import (
	"fmt"
	"io"
	"strings"
	"time"

	"chop/internal/fault"
)

// findHeader takes the first row with two or more filled cells as the header: titles above a table have one. A file
// of one column has its header in the first filled row. A row that already holds data is no header.
func (t *Table) findHeader() error {
	var seen []Row
	at := -1
	for len(seen) < headerRows && at < 0 {
		r, err := t.in.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		if r.Err == nil && filled(r.Cells) >= 2 {
			at = len(seen)
		}
		seen = append(seen, r)
	}
	if at < 0 {
		at = firstFilled(seen)
	}
	if at < 0 {
		return fault.New(fault.Invalid, "table.empty")
	}
	cells := seen[at].Cells
	if holdsData(cells) {
		t.headers = unique(make([]string, len(cells)))
		t.queue = append(broken(seen[:at]), seen[at:]...)
	} else {
		t.headers = unique(cells)
		t.queue = append(broken(seen[:at]), seen[at+1:]...)
	}
	if len(t.headers) > maxColumns {
		return fault.New(fault.Invalid, "table.columns", "Have", len(t.headers), "Limit", maxColumns)
	}
	return nil
}

// broken keeps the rows above the header that must be told about.
func broken(rows []Row) []Row {
	var out []Row
	for _, r := range rows {
		if r.Err != nil {
			out = append(out, r)
		}
	}
	return out
}

func firstFilled(rows []Row) int {
	for i, r := range rows {
		if r.Err == nil && filled(r.Cells) > 0 {
			return i
		}
	}
	return -1
}

func filled(cells []string) int {
	n := 0
	for _, c := range cells {
		if strings.TrimSpace(c) != "" {
			n++
		}
	}
	return n
}

func holdsData(cells []string) bool {
	for _, c := range cells {
		if isURL(c) {
			return true
		}
		if _, problem := parseDate(c, dates{order: DMY, zone: time.UTC}); problem == "" {
			return true
		}
	}
	return false
}

func isURL(s string) bool {
	s = strings.ToLower(strings.TrimSpace(s))
	return strings.HasPrefix(s, "http://") || strings.HasPrefix(s, "https://")
}

// unique cleans the names and tells equal ones apart: "Data", "Data (2)"; a nameless column gets its letter.
func unique(cells []string) []string {
	used := map[string]bool{}
	out := make([]string, len(cells))
	for i, c := range cells {
		name := strings.Join(strings.Fields(strings.Trim(c, "\uFEFF")), " ")
		if name == "" {
			name = letter(i)
		}
		try := name
		for k := 2; used[try]; k++ {
			try = fmt.Sprintf("%s (%d)", name, k)
		}
		used[try] = true
		out[i] = try
	}
	return out
}

// letter names a column as spreadsheets do: A … Z, AA, AB …
func letter(i int) string {
	s := ""
	for i++; i > 0; i = (i - 1) / 26 {
		s = string(rune('A'+(i-1)%26)) + s
	}
	return s
}
