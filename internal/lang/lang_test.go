package lang

import (
	"io/fs"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"
)

// Every message exists in every language: a screen is never half translated.
func TestLanguagesHaveTheSameMessages(t *testing.T) {
	keys := map[Tag]map[string]string{PL: {}, EN: {}}
	names, _ := fs.Glob(files, "messages/*.yaml")
	for _, n := range names {
		raw, err := files.ReadFile(n)
		if err != nil {
			t.Fatal(err)
		}
		var m map[string]any
		if err := yaml.Unmarshal(raw, &m); err != nil {
			t.Fatalf("%s: %v", n, err)
		}
		parts := strings.Split(strings.TrimSuffix(n, ".yaml"), ".")
		tag := Tag(parts[len(parts)-1])
		for k := range m {
			if other, twice := keys[tag][k]; twice {
				t.Errorf("%s stands in %s and in %s", k, other, n)
			}
			keys[tag][k] = n
		}
	}
	for _, pair := range [][2]Tag{{PL, EN}, {EN, PL}} {
		for k, n := range keys[pair[0]] {
			if _, ok := keys[pair[1]][k]; !ok {
				t.Errorf("%s (%s) is missing in %s", k, n, pair[1])
			}
		}
	}
}

func TestPolishPlurals(t *testing.T) {
	for n, want := range map[int]string{1: "1 dzień", 2: "2 dni", 5: "5 dni", 22: "22 dni"} {
		if got := PL.N("time.days", n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}

func TestPolesWriteNumbersAndTimes(t *testing.T) {
	x := time.Date(2026, 11, 21, 23, 52, 0, 0, time.UTC)
	for got, want := range map[string]string{
		PL.Int(1500): "1500", PL.Int(12500): "12 500", EN.Int(1500): "1,500", PL.Int(-1234567): "-1 234 567",
		PL.Clock(x): "00:52", PL.Date(x): "22.11.2026", PL.LongDate(x): "niedziela 22 listopada 2026",
		PL.Span(224 * time.Minute): "3 h 44 min", PL.Span(12 * time.Minute): "12 min",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
