package table

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"chop/internal/fault"
	"chop/internal/lang"
	"chop/internal/source"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

func code(err error) string {
	var f *fault.Error
	if errors.As(err, &f) {
		return f.Code
	}
	return ""
}

func sniffed(t *testing.T, name string, b []byte) *Table {
	t.Helper()
	f, err := Sniff(name, b[:min(len(b), headBytes)])
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	tab, err := Open(bytes.NewReader(b), int64(len(b)), f)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	t.Cleanup(func() { tab.Close() })
	return tab
}

// all reads the rows; a broken one becomes "!code".
func all(t *testing.T, tab *Table) [][]string {
	t.Helper()
	var out [][]string
	for {
		r, err := tab.Next()
		if err == io.EOF {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		if r.Err != nil {
			out = append(out, []string{"!" + code(r.Err)})
		} else if filled(r.Cells) > 0 {
			out = append(out, r.Cells)
		}
	}
}

func workbook(t *testing.T, rows ...[]any) []byte {
	t.Helper()
	x := excelize.NewFile()
	defer x.Close()
	for i, r := range rows {
		if err := x.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &r); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if err := x.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestFilesOfAllKindsGiveTheSameRows(t *testing.T) {
	head, row := []string{"Data", "Autor", "Treść"}, []string{"2026-11-22", "Żółw", "śmierć, \"hańba\"; ąź"}
	text := "Data;Autor;Treść\r\n2026-11-22;Żółw;\"śmierć, \"\"hańba\"\"; ąź\"\r\n"
	enc := func(b []byte, err error) []byte {
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	late := "Data;Autor;Tresc\n" + strings.Repeat("2026-11-21;Jan;abc\n", 5000)
	for name, b := range map[string][]byte{
		"utf8.csv":    []byte(text),
		"bom.csv":     []byte("\uFEFF" + text),
		"sep.csv":     []byte("sep=;\n" + text),
		"title.csv":   []byte("Raport za listopad\n\n" + text),
		"1250.csv":    enc(charmap.Windows1250.NewEncoder().Bytes([]byte(text))),
		"latin2.csv":  enc(charmap.ISO8859_2.NewEncoder().Bytes([]byte(text))),
		"utf16le.csv": enc(unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().Bytes([]byte(text))),
		"utf16be.csv": enc(unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewEncoder().Bytes([]byte(text))),
		"nobom16.csv": enc(unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewEncoder().Bytes([]byte(text))),
		"tabs.tsv":    []byte("Data\tAutor\tTreść\n2026-11-22\tŻółw\t\"śmierć, \"\"hańba\"\"; ąź\"\n"),
		"pipe.csv":    []byte("Data|Autor|Treść\n2026-11-22|Żółw|śmierć, \"hańba\"; ąź"),
		"comma.csv":   []byte("Data,Autor,Treść\n2026-11-22,Żółw,\"śmierć, \"\"hańba\"\"; ąź\"\n"),
		"rows.jsonl":  []byte("\n{\"Data\":\"2026-11-22\",\"Autor\":\"Żółw\",\"Treść\":\"śmierć, \\\"hańba\\\"; ąź\"}\n\n"),
		"book.xlsx":   workbook(t, []any{"Data", "Autor", "Treść"}, []any{"2026-11-22", "Żółw", row[2]}),
	} {
		tab := sniffed(t, name, b)
		if d := cmp.Diff(head, tab.Headers()); d != "" {
			t.Errorf("%s %+v: %s", name, tab.Format(), d)
		}
		if d := cmp.Diff([][]string{row}, all(t, tab)); d != "" {
			t.Errorf("%s %+v: %s", name, tab.Format(), d)
		}
		if read, total := tab.Progress(); read != total || total != int64(len(b)) {
			t.Errorf("%s: progress %d of %d", name, read, total)
		}
	}
	b := enc(charmap.Windows1250.NewEncoder().Bytes([]byte(late + "2026-11-22;Żółw;śnięty\n")))
	if rows := all(t, sniffed(t, "late.csv", b)); rows[5000][1] != "Żółw" || rows[5000][2] != "śnięty" {
		t.Errorf("letters after the head: %v", rows[5000])
	}
}

func TestSniffSaysWhatToDo(t *testing.T) {
	for name, c := range map[string]struct{ head, want string }{
		"empty":  {"", "table.empty"},
		"blank":  {"\uFEFF \n", "table.empty"},
		"xls":    {"\xD0\xCF\x11\xE0\xA1\xB1", "table.old_excel"},
		"pdf":    {"%PDF-1.7", "table.unknown"},
		"html":   {"<!DOCTYPE html><table>", "table.unknown"},
		"list":   {`[{"a":1}]`, "table.json_list"},
		"noise":  {"\x00\x01\x00\x00\x00\x00\x00\x00\x00\x02", "table.unknown"},
		"a zip":  {"PK\x03\x04", ""},
		"a list": {"[x],y\n1,2", ""},
	} {
		if _, err := Sniff(name, []byte(c.head)); code(err) != c.want {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	if _, err := Open(strings.NewReader("PK\x03\x04"), 4, Format{Kind: XLSX}); code(err) != "table.broken" {
		t.Error(err)
	}
}

func TestABadRowDoesNotStopTheRest(t *testing.T) {
	long := strings.Repeat("x", maxRecord+10)
	for name, c := range map[string]struct {
		in   string
		want [][]string
	}{
		"unclosed quote":     {"a,b\n1,\"open\n2,two\n3,three\n", [][]string{{"!table.quote"}, {"2", "two"}, {"3", "three"}}},
		"lines in a quote":   {"a,b\n1,\"x\r\ny\"\n2,z\n", [][]string{{"1", "x\ny"}, {"2", "z"}}},
		"quote in a word":    {"a,b\n1,5\" rura\n2,\"on \"dobry\" jest\"\n", [][]string{{"1", `5" rura`}, {"2", `on "dobry" jest`}}},
		"ragged":             {"a,b\n1\n1,2,3\n1,2,,\n", [][]string{{"1"}, {"!table.ragged"}, {"1", "2", "", ""}}},
		"endless line":       {"a,b\n" + long + "\n1,2\n", [][]string{{"!table.row_too_long"}, {"1", "2"}}},
		"zero byte":          {"a,b\n1,x\x00y" + strings.Repeat(" ", 400) + "\n", [][]string{{"1", "x\uFFFDy" + strings.Repeat(" ", 400)}}},
		"no end of line":     {"a,b\n1,\"2\"", [][]string{{"1", "2"}}},
		"formula stays text": {"a,b\n=1+1,\"=HYPERLINK(\"\"http://x\"\")\"\n", [][]string{{"=1+1", `=HYPERLINK("http://x")`}}},
	} {
		if d := cmp.Diff(c.want, all(t, sniffed(t, "f.csv", []byte(c.in)))); d != "" {
			t.Errorf("%s: %s", name, d[:min(len(d), 800)])
		}
	}
	j := `{"a":{"b":1,"c":["x","y"]},"d":null}` + "\n{broken\n[1]\n" + `{"a":{"b":12345678901234567890},"d":true}`
	want := [][]string{{"1", "x, y", ""}, {"!table.json"}, {"!table.json"}, {"12345678901234567890", "", "true"}}
	if d := cmp.Diff(want, all(t, sniffed(t, "f.jsonl", []byte(j)))); d != "" {
		t.Error(d)
	}
}

func TestAFileFullOfOpenQuotesEnds(t *testing.T) {
	b := []byte("a,b\n" + strings.Repeat("1,\"x\n", 1001) + "\n")
	tab := sniffed(t, "q.csv", b)
	var err error
	for n := 0; err == nil && n < 5000; n++ {
		_, err = tab.Next()
	}
	if err != io.EOF && code(err) != "table.quotes" {
		t.Errorf("%v", err)
	}
}

func TestHeaders(t *testing.T) {
	for in, want := range map[string][]string{
		"Data,Data,,\uFEFFx\n1,2,3,4\n":                      {"Data", "Data (2)", "C", "x"},
		"2026-11-22 10:00,Jan,abc\n2026-11-23 10:00,Ewa,b\n": {"A", "B", "C"},
		"Treść\nabc\n": {"Treść"},
	} {
		if d := cmp.Diff(want, sniffed(t, "f.csv", []byte(in)).Headers()); d != "" {
			t.Errorf("%q: %s", in, d)
		}
	}
	if n := len(all(t, sniffed(t, "f.csv", []byte("2026-11-22 10:00,Jan,abc\n2026-11-23 10:00,Ewa,b\n")))); n != 2 {
		t.Errorf("a row lost to the header: %d", n)
	}
	if letter(0) != "A" || letter(25) != "Z" || letter(26) != "AA" || letter(702) != "AAA" {
		t.Error(letter(702))
	}
}

func TestWorkbooks(t *testing.T) {
	x := excelize.NewFile()
	defer x.Close()
	x.NewSheet("Drugi")
	x.SetSheetRow("Drugi", "A1", &[]any{"data", "tekst"})
	x.SetSheetRow("Drugi", "A2", &[]any{46348.125, "<b>x</b>"})
	x.SetCellFormula("Drugi", "B3", "=1+1")
	var b bytes.Buffer
	if err := x.Write(&b); err != nil {
		t.Fatal(err)
	}
	r, n := bytes.NewReader(b.Bytes()), int64(b.Len())
	if names, err := Sheets(r, n); err != nil || len(names) != 2 {
		t.Fatal(names, err)
	}
	tab, err := Open(r, n, Format{Kind: XLSX, Sheet: "Drugi"})
	if err != nil {
		t.Fatal(err)
	}
	defer tab.Close()
	if rows := all(t, tab); rows[0][0] != "46348.125" || rows[0][1] != "<b>x</b>" {
		t.Errorf("%v", rows)
	}
	if _, err := Open(r, n, Format{Kind: XLSX, Sheet: "Trzeci"}); code(err) != "table.sheet" {
		t.Error(err)
	}
	if _, err := Open(r, n, Format{Kind: XLSX}); code(err) != "table.empty" {
		t.Error(err)
	}
	if _, err := Open(bytes.NewReader(b.Bytes()[:n/2]), n/2, Format{Kind: XLSX}); code(err) != "table.broken" {
		t.Error(err)
	}
}

func TestOpenFileAndPeek(t *testing.T) {
	path := filepath.Join(t.TempDir(), "opinie.csv")
	if err := os.WriteFile(path, []byte("Data;Treść\n22.11.2026;Zimno\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tab, err := OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if rows := all(t, tab); len(rows) != 1 || tab.Close() != nil {
		t.Error(rows)
	}
	if _, err := OpenFile(path + "x"); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	b := "a,b\n1,2\n3,4\n5,6\n"
	h, s, err := Peek(strings.NewReader(b), int64(len(b)), Format{Kind: CSV}, 2)
	if err != nil || len(h) != 2 || len(s) != 2 {
		t.Error(h, s, err)
	}
}

func TestConnectorDescribesItself(t *testing.T) {
	c := New()
	d := c.Describe()
	if !d.Manual || len(d.Capabilities) != 0 {
		t.Errorf("%+v", d)
	}
	var ids []string
	for _, f := range d.Fields {
		ids = append(ids, "source.table."+f.Name, "source.table."+f.Name+".help")
	}
	for _, f := range Fields {
		ids = append(ids, "table.field."+string(f))
	}
	for _, p := range append(Presets, Preset{Name: Generic}) {
		ids = append(ids, "table.preset."+p.Name)
	}
	for _, tag := range lang.Tags {
		for _, id := range append(ids, "source.table.name", "source.table.about") {
			if !tag.Has(id) {
				t.Errorf("%s: no message %s", tag, id)
			}
		}
	}
	for s, want := range map[string]string{"GoWork|": "", "|": "table.channel", "x|Mars/Base": "table.zone"} {
		channel, zone, _ := strings.Cut(s, "|")
		if _, err := c.Check(context.Background(), source.Settings{"channel": channel, "zone": zone}); code(err) != want {
			t.Errorf("%s: %v", s, err)
		}
	}
}

func FuzzCSV(f *testing.F) {
	f.Add([]byte("a;b\n1;\"x\ny\"\n"), byte(';'))
	f.Add([]byte("sep=,\n\"\",\"\n"), byte(','))
	f.Add([]byte("\xFF\xFEa\x00"), byte('\t'))
	f.Fuzz(func(t *testing.T, b []byte, delim byte) {
		format, err := Sniff("f.csv", b)
		if err != nil || format.Kind != CSV {
			return
		}
		if strings.IndexByte(",;|\t", delim) >= 0 {
			format.Delimiter = string(delim)
		}
		drain(t, b, format)
	})
}

func FuzzJSONL(f *testing.F) {
	f.Add([]byte(`{"a":{"b":[1,{"c":2}]}}` + "\n{}\n{"))
	f.Add([]byte(strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40)))
	f.Fuzz(func(t *testing.T, b []byte) { drain(t, b, Format{Kind: JSONL}) })
}

// drain reads to the end: it must end, and every trouble must be a fault.
func drain(t *testing.T, b []byte, f Format) {
	tab, err := Open(bytes.NewReader(b), int64(len(b)), f)
	if err != nil {
		if code(err) == "" {
			t.Fatalf("not a fault: %v", err)
		}
		return
	}
	defer tab.Close()
	for n := 0; ; n++ {
		r, err := tab.Next()
		if err == io.EOF || code(err) != "" {
			return
		}
		if err != nil || n > len(b)+1 || r.Err != nil && code(r.Err) == "" || r.N < 1 {
			t.Fatalf("row %d %+v: %v", n, r, err)
		}
	}
}
