package inbox_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"chop/internal/source/table"
)

func TestExportsOpenSafelyAndComeBackIn(t *testing.T) {
	w := open(t)
	w.reviews("g1", "=HYPERLINK(\"http://zle.example\")", "+48 600 100 200 oddzwoń, oszuści", 1)
	w.reviews("g2", "Wiesława K.", "Paczka; \"uszkodzona\"\nproszę o wymianę", 2)
	b := w.in("ewa@x.pl")

	a := b.get("/search/export?format=csv").is(t, http.StatusOK)
	if !strings.HasPrefix(a.text, "\ufeff") || !strings.Contains(a.Header.Get("Content-Disposition"), "attachment") {
		t.Error("spreadsheets will not know the letters, or the browser opens it as a page")
	}
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(a.text, "\ufeff"))).ReadAll()
	if err != nil || len(rows) != 3 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, r := range rows {
		for _, c := range r {
			if c != "" && strings.ContainsAny(c[:1], "=+-@") {
				t.Errorf("a cell would run: %q", c)
			}
		}
	}
	g := table.Guess(rows[0], rows[1:])
	for field, want := range map[table.Field]string{table.ID: "id", table.Date: "date", table.Author: "author", table.Text: "text", table.URL: "url",
		table.Channel: "channel", table.PostTitle: "post_title", table.ParentID: "parent_id", table.Rating: "rating", table.Lang: "lang"} {
		if g.Columns[field] != want {
			t.Errorf("an import takes %q for %s, want %q", g.Columns[field], field, want)
		}
	}

	lines := strings.Split(strings.TrimSpace(b.get("/search/export?format=jsonl&q=uszkodzona").is(t, http.StatusOK).text), "\n")
	var one map[string]string
	if err := json.Unmarshal([]byte(lines[0]), &one); err != nil || len(lines) != 1 || one["author"] != "Wiesława K." || one["as_of"] == "" {
		t.Errorf("%v %v, %v", lines, one, err)
	}

	f, err := excelize.OpenReader(bytes.NewReader([]byte(b.get("/search/export?format=xlsx").is(t, http.StatusOK).text)))
	if err != nil {
		t.Fatal(err)
	}
	sheet, err := f.GetRows("Sheet1")
	if err != nil || len(sheet) != 3 {
		t.Fatalf("%d rows, %v", len(sheet), err)
	}
	if formula, err := f.GetCellFormula("Sheet1", "C3"); err != nil || formula != "" {
		t.Errorf("a formula: %q, %v", formula, err)
	}
	b.get("/search/export?format=exe").is(t, http.StatusUnprocessableEntity)
}
