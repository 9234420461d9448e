package table

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"chop/internal/lang"
	"chop/internal/source"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var warsaw = func() *time.Location {
	z, err := zone("")
	if err != nil {
		panic(err)
	}
	return z
}()

func TestDates(t *testing.T) {
	at := func(y, m, d, h, mi, s int) time.Time { return time.Date(y, time.Month(m), d, h, mi, s, 0, warsaw) }
	for in, want := range map[string]time.Time{
		"2026-11-22":                      at(2026, 11, 22, 0, 0, 0),
		"2026-11-22 03:04:05":             at(2026, 11, 22, 3, 4, 5),
		"2026-11-22T03:04:05Z":            time.Date(2026, 11, 22, 3, 4, 5, 0, time.UTC),
		"2026-11-22T03:04:05.123+02:00":   time.Date(2026, 11, 22, 1, 4, 5, 0, time.UTC),
		"22.11.2026 15:04":                at(2026, 11, 22, 15, 4, 0),
		"2.01.2026, 15:04":                at(2026, 1, 2, 15, 4, 0),
		"2.1.26":                          at(2026, 1, 2, 0, 0, 0),
		"22/11/2026":                      at(2026, 11, 22, 0, 0, 0),
		"11/22/2026":                      at(2026, 11, 22, 0, 0, 0),
		"1/2/2026 3:04 PM":                at(2026, 1, 2, 15, 4, 0),
		"12 sierpnia 2026":                at(2026, 8, 12, 0, 0, 0),
		"12 sie 2026, 8:05":               at(2026, 8, 12, 8, 5, 0),
		"12 października 2026 r. o 10:00": at(2026, 10, 12, 10, 0, 0),
		"Aug 12, 2026":                    at(2026, 8, 12, 0, 0, 0),
		"Sun, 22 Nov 2026 03:00:00 GMT":   time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC),
		"46348":                           at(2026, 11, 22, 0, 0, 0),
		"46348.125":                       at(2026, 11, 22, 3, 0, 0),
		"46348,125":                       at(2026, 11, 22, 3, 0, 0),
		"1795312800":                      time.Unix(1795312800, 0),
		"1795312800123":                   time.UnixMilli(1795312800123),
	} {
		got, problem := parseDate(in, dates{zone: warsaw})
		if problem != "" || !got.Equal(want) {
			t.Errorf("%s: %v %s, want %v", in, got, problem, want)
		}
	}
	for in, want := range map[string]string{
		"": "date", "wczoraj": "date", "2 dni temu": "date", "31.02.2026": "date", "2026-13-01": "date", "2026-11-22 25:00": "date",
		"1/2/2026": "date_order", "01-02-2026": "date_order", "12 foo 2026": "date", "5": "date", "99999999999999999999": "date", "0001-01-01": "date",
		"2026-11-22 13:00 PM": "date",
	} {
		if got, problem := parseDate(in, dates{zone: warsaw}); problem != want {
			t.Errorf("%q: %v %q, want %q", in, got, problem, want)
		}
	}
	if got, _ := parseDate("1/2/2026", dates{zone: warsaw, order: DMY}); !got.Equal(at(2026, 2, 1, 0, 0, 0)) {
		t.Error(got)
	}
	if got, _ := parseDate("44886", dates{zone: warsaw, d1904: true}); !got.Equal(at(2026, 11, 22, 0, 0, 0)) {
		t.Error(got)
	}
}

func TestRatings(t *testing.T) {
	for in, want := range map[string]int{"4": 4, "4,0": 4, "★★★☆☆": 3, "FOUR": 4, "8/10": 4, "1 z 5": 1, "1/10": 1, "100/100": 5} {
		if got, ok := parseRating(in); !ok || got != want {
			t.Errorf("%s: %d %v", in, got, ok)
		}
	}
	for _, in := range []string{"", "0", "-1", "6", "11/10", "dobra", "NaN", "★★★★★★", "1e1"} {
		if got, ok := parseRating(in); ok {
			t.Errorf("%s: %d", in, got)
		}
	}
}

func TestGuess(t *testing.T) {
	for name, c := range map[string]struct {
		headers, row []string
		want         map[Field]string
		preset       string
	}{
		"polish": {[]string{"Data publikacji", "Autor", "Źródło", "Treść", "Link", "Sentyment", "Zasięg", "Ocena"},
			[]string{"22.11.2026", "Jan", "gowork.pl", "Słabo", "https://x.pl", "neg", "12", "2"},
			map[Field]string{Date: "Data publikacji", Author: "Autor", Channel: "Źródło", Text: "Treść", URL: "Link", Sentiment: "Sentyment", Reach: "Zasięg", Rating: "Ocena"}, "monitoring"},
		"english monitoring": {[]string{"Date", "Hour", "Title", "Content", "URL", "Domain", "Author", "Sentiment"},
			[]string{"2026-11-22", "10:00", "T", "Bad", "https://x", "x.pl", "A", "-1"},
			map[Field]string{Date: "Date", Clock: "Hour", PostTitle: "Title", Text: "Content", URL: "URL", Channel: "Domain", Author: "Author", Sentiment: "Sentiment"}, "monitoring"},
		"google api": {[]string{"reviewId", "reviewer.displayName", "starRating", "comment", "createTime"},
			[]string{"r1", "Jan", "FOUR", "ok", "2026-11-22T10:00:00Z"},
			map[Field]string{ID: "reviewId", Author: "reviewer.displayName", Rating: "starRating", Text: "comment", Date: "createTime"}, "reviews"},
		"nested": {[]string{"id", "author.name", "author.url", "text", "created_at"},
			[]string{"1", "A", "https://x.pl/a", "Nie polecam", "1795312800"},
			map[Field]string{ID: "id", Author: "author.name", AuthorURL: "author.url", Text: "text", Date: "created_at"}, ""},
		"by values": {[]string{"A", "B", "C"},
			[]string{"22.11.2026 10:00", "https://x.pl", "Bardzo długa i smutna opinia"},
			map[Field]string{Date: "A", URL: "B", Text: "C"}, ""},
		"a wrong word": {[]string{"data", "kiedy", "tekst"}, []string{"brak", "2026-11-22", "abc def"},
			map[Field]string{Date: "kiedy", Text: "tekst"}, ""},
	} {
		m := Guess(c.headers, [][]string{c.row})
		if d := cmp.Diff(c.want, m.Columns); d != "" || m.Preset != c.preset {
			t.Errorf("%s (%s): %s", name, m.Preset, d)
		}
	}
	for want, values := range map[string][]string{DMY: {"1/2/2026", "22/2/2026"}, MDY: {"1/2/2026", "2/22/2026"}, Auto: {"1/2/2026"}} {
		if got := order(values); got != want {
			t.Errorf("%v: %q", values, got)
		}
	}
	if m := Guess(nil, nil); len(m.Columns) != 0 {
		t.Error(m)
	}
	if p, ok := PresetNamed("reviews", []string{"Reviewer", "Rating"}); !ok || p.Marks[0] != "reviewer" {
		t.Error(p, ok)
	}
	if _, missing := Presets[3].Map([]string{"reviewer", "rating"}); !cmp.Equal(missing, []Field{Date, Text, URL, ID}) {
		t.Error(missing)
	}
}

type result struct {
	items    []source.Item
	problems map[int]string
	stats    Stats
}

func read(t testing.TB, tab *Table, m Mapping) result {
	t.Helper()
	r := result{problems: map[int]string{}}
	var err error
	r.stats, err = Read(context.Background(), tab, m, func(n int, it source.Item, problem error) bool {
		if problem != nil {
			r.problems[n] = strings.TrimPrefix(code(problem), "table.")
		} else {
			r.items = append(r.items, it)
		}
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

const sample = `Data;Godzina;Autor;Treść;Ocena;Id
22.11.2026;03:00;Jan;=1+1 <b>źle</b>;2;
;;Ewa;bez daty;1;
wczoraj;;Ewa;zła data;1;
22.11.2026;03:00;Jan;;;
22.11.2026;99;Jan;x;;
22.11.2026;;Jan;x;dziesięć;
22.11.2026;;Ola;dobrze;5;o-1
22.11.2026;;Ala;też;5;1.79531E+18

22.11.2026;;A;b;1;c;nadmiar
`

func TestReadReportsProblemsAndGoesOn(t *testing.T) {
	b := []byte(sample)
	tab := sniffed(t, "f.csv", b)
	m := Guess(tab.Headers(), nil)
	m.Constants = map[Field]string{Channel: "GoWork", PostTitle: "Profil"}
	r := read(t, tab, m)
	want := map[int]string{3: "no_date", 4: "date", 5: "no_text", 6: "clock", 7: "rating", 11: "ragged"}
	if d := cmp.Diff(want, r.problems); d != "" {
		t.Error(d)
	}
	for _, c := range want {
		if !lang.PL.Has("fault.table."+c) || !lang.EN.Has("fault.table."+c) {
			t.Errorf("no message %s", c)
		}
	}
	if len(r.items) != 3 || r.stats != (Stats{Rows: 9, Items: 3, Problems: 6, Bytes: int64(len(b)), Total: int64(len(b))}) {
		t.Fatalf("%d items, %+v", len(r.items), r.stats)
	}
	it := r.items[0]
	if it.Text != "=1+1 <b>źle</b>" || !it.At.Equal(time.Date(2026, 11, 22, 2, 0, 0, 0, time.UTC)) || it.Rating != 2 ||
		it.Kind != source.KindReview || it.Meta["channel"] != "GoWork" || it.Post.Title != "Profil" || it.Post.ExternalID == "" {
		t.Errorf("%+v", it)
	}
	var raw map[string]string
	if err := json.Unmarshal(it.Raw, &raw); err != nil || raw["Autor"] != "Jan" {
		t.Errorf("%s %v", it.Raw, err)
	}
	if r.items[1].ExternalID != "o-1" || !strings.HasPrefix(r.items[2].ExternalID, "sha256:") {
		t.Errorf("ids %s %s", r.items[1].ExternalID, r.items[2].ExternalID)
	}
	again := read(t, sniffed(t, "f.csv", b), m)
	if d := cmp.Diff(r.items, again.items); d != "" {
		t.Error(d)
	}
}

func TestALongTextIsRefusedNotCut(t *testing.T) {
	b := []byte("data,tekst\n2026-11-22," + strings.Repeat("a", MaxText+1) + "\n2026-11-22,ok\n")
	r := read(t, sniffed(t, "f.csv", b), Mapping{Columns: map[Field]string{Date: "data", Text: "tekst"}})
	if r.problems[2] != "too_long" || len(r.items) != 1 {
		t.Errorf("%v %v", r.problems, r.stats)
	}
}

func TestMappingIsChecked(t *testing.T) {
	h := []string{"Data", "Treść"}
	good := map[Field]string{Date: "data", Text: "TRESC"}
	for want, m := range map[string]Mapping{
		"":                {Columns: good},
		"table.need_date": {Columns: map[Field]string{Text: "Treść"}},
		"table.need_text": {Columns: map[Field]string{Date: "Data"}},
		"table.column":    {Columns: map[Field]string{Date: "Dzień"}},
		"table.zone":      {Columns: good, Zone: "Mars/Base"},
		"table.mapping":   {Columns: good, DateOrder: "ydm"},
	} {
		if err := m.Check(h); code(err) != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
	for _, m := range []Mapping{{Columns: map[Field]string{"soul": "Data"}}, {Columns: good, Kind: "rumour"}, {Columns: good, Constants: map[Field]string{Date: "x"}}} {
		if code(m.Check(h)) != "table.mapping" {
			t.Errorf("%+v", m)
		}
	}
}

func TestReadStops(t *testing.T) {
	m := Mapping{Columns: map[Field]string{Date: "Data", Text: "Treść"}}
	s, err := Read(context.Background(), sniffed(t, "f.csv", []byte(sample)), m, func(int, source.Item, error) bool { return false })
	if err != nil || s.Rows != 1 {
		t.Error(s, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Read(ctx, sniffed(t, "f.csv", []byte(sample)), m, func(int, source.Item, error) bool { return true }); err != context.Canceled {
		t.Error(err)
	}
}

// Whatever the words, rows written as CSV come back, and their ids do not depend on the way they are written.
func TestIDsAreStable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[a-ząćęłńóśźż",;<>= ]{1,40}x`).Draw(t, "text")
		who := rapid.StringMatching(`[A-Z][a-z]{1,10}`).Draw(t, "who")
		q := strings.ReplaceAll(text, `"`, `""`)
		a := []byte(fmt.Sprintf("data;autor;tekst\n22.11.2026 10:00;%s;\"%s\"\n", who, q))
		j, _ := json.Marshal(map[string]string{"data": "2026-11-22T09:00:00Z", "autor": who, "tekst": text})
		m := Mapping{Columns: map[Field]string{Date: "data", Author: "autor", Text: "tekst"}}
		var ids []string
		for _, in := range []struct {
			b []byte
			f Format
		}{{a, Format{Kind: CSV, Delimiter: ";"}}, {j, Format{Kind: JSONL}}} {
			tab, err := Open(bytes.NewReader(in.b), int64(len(in.b)), in.f)
			if err != nil {
				t.Fatal(err)
			}
			_, err = Read(context.Background(), tab, m, func(_ int, it source.Item, problem error) bool {
				if problem != nil || it.Text != strings.TrimSpace(text) {
					t.Fatalf("%v %q", problem, it.Text)
				}
				ids = append(ids, it.ExternalID)
				return true
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if len(ids) != 2 || ids[0] != ids[1] {
			t.Fatal(ids)
		}
	})
}

func TestZipBombsAreNotUnpacked(t *testing.T) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create("xl/worksheets/sheet1.xml")
	if err != nil {
		t.Fatal(err)
	}
	block := make([]byte, 1<<20)
	for range maxUnzip>>20 + 1 {
		if _, err := w.Write(block); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(bytes.NewReader(b.Bytes()), int64(b.Len()), Format{Kind: XLSX}); code(err) != "table.bomb" {
		t.Errorf("%d bytes: %v", b.Len(), err)
	}
}

// Memory does not grow with the file: 200,000 rows leave less than 8 MB behind at any thousandth row.
func TestALargeFileStreams(t *testing.T) {
	var b bytes.Buffer
	b.WriteString("Data;Autor;Treść\n")
	const rows = 200_000
	for i := range rows {
		fmt.Fprintf(&b, "2026-11-22 10:00:%02d;u%d;nie polecam tego miejsca numer %d\n", i%60, i, i)
	}
	tab := sniffed(t, "big.csv", b.Bytes())
	heap := func() uint64 {
		runtime.GC()
		var s runtime.MemStats
		runtime.ReadMemStats(&s)
		return s.HeapAlloc
	}
	start, most := heap(), uint64(0)
	m := Mapping{Columns: map[Field]string{Date: "Data", Author: "Autor", Text: "Treść"}}
	n := 0
	s, err := Read(context.Background(), tab, m, func(int, source.Item, error) bool {
		if n++; n%40_000 == 0 {
			most = max(most, heap())
		}
		return true
	})
	if err != nil || s.Items != rows || s.Bytes != s.Total {
		t.Fatal(s, err)
	}
	if most > start+8<<20 {
		t.Errorf("heap grew from %d to %d bytes", start, most)
	}
}
