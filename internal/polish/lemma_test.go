package polish

import (
	"slices"
	"testing"
)

func TestFormsCollapseIntoTheirLemma(t *testing.T) {
	forms := map[string][]string{
		"firma":    {"firma", "firmy", "firm", "firmie", "firme", "firmami", "firmach", "firmom", "firmo"},
		"klient":   {"klient", "klienci", "klientow", "klientom", "klientem", "klienta", "kliencie", "klientami"},
		"zlodziej": {"zlodziej", "zlodzieje", "zlodziejami", "zlodziei", "zlodziejem", "zlodziejowi", "zlodzieju"},
		"pies":     {"pies", "psa", "psu", "psami", "psy", "psow", "psem", "psie"},
		"lodz":     {"lodz", "lodzi", "lodzia"},
		"spalic":   {"spale", "spalimy", "spalili"},
		"dobry":    {"najlepszy", "lepsza", "dobrzy"},
		"oszukac":  {"oszukali", "oszukal", "oszukany"},
	}
	for lemma, fs := range forms {
		for _, f := range fs {
			if got := Lemmas(f); !slices.Contains(got, lemma) {
				t.Errorf("%s: %v lacks %s", f, got, lemma)
			}
		}
	}
}

func TestAWordWithoutEntryIsItsOwnLemma(t *testing.T) {
	for _, w := range []string{"xyzzy", "", "żółw", "кот", "a b"} {
		if got := Lemmas(w); !slices.Equal(got, []string{w}) {
			t.Errorf("%q: %q", w, got)
		}
	}
}

func TestABrokenDictionaryIsRefused(t *testing.T) {
	for _, raw := range [][]byte{nil, {1}, {255, 255, 255, 255}, {0, 0, 0, 0}, {2, 0, 0, 0, 'A', '\n'}} {
		if _, err := openDictionary(raw); err == nil {
			t.Errorf("%v was accepted", raw)
		}
	}
}
