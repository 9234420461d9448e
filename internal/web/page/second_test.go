package page

import (
	"strings"
	"testing"
	"time"

	"chop/internal/classify"
	"chop/internal/lang"
)

func TestASecondOpinionIsShownBesideTheLabels(t *testing.T) {
	at := time.Date(2026, 11, 24, 13, 5, 0, 0, time.UTC)
	said := &classify.Second{Engine: "<b>m</b>@h", At: at, Severity: 4, Added: []classify.Label{classify.Threat},
		Labels: []classify.Scored{{Label: classify.Threat, Score: .9}, {Label: classify.Spam, Score: .8}}}
	stands := []classify.Scored{{Label: classify.Threat, Score: .9}, {Label: classify.Praise, Score: .9}}
	for name, c := range map[string]struct {
		v           SecondView
		want, never []string
	}{
		"nothing":  {SecondView{}, nil, []string{"<"}},
		"added":    {SecondView{Result: classify.Result{Labels: stands, Severity: 4, Second: said}}, []string{"Dodała:", "groźba", "Widzi też:", "spam", "Nie widzi:", "pochwała", "14:05", "&lt;b&gt;"}, []string{"<b>m", "Waga"}},
		"person":   {SecondView{Result: classify.Result{Engine: classify.ByPerson, Labels: stands[1:], Second: said}}, []string{"Obowiązują etykiety człowieka", "Waga według niej:\u00a04"}, []string{"Dodała"}},
		"agrees":   {SecondView{Result: classify.Result{Labels: stands[:1], Severity: 1, Second: &classify.Second{Labels: stands[:1], Severity: 1, At: at}}}, []string{"Zgadza się"}, []string{"Różnice"}},
		"given up": {SecondView{Result: classify.Result{Second: &classify.Second{Note: "second.late"}}}, []string{"Bez drugiej opinii", "sześć godzin"}, nil},
		"strange":  {SecondView{Result: classify.Result{Second: &classify.Second{Note: "x<y"}}}, []string{"Usługa nie odpowiedziała"}, []string{"x<y", "["}},
		"away":     {SecondView{Since: at, Why: "Usługa <milczy>."}, []string{"niedostępna od\u00a0", "14:05", "&lt;milczy&gt;", "etykiety wbudowane"}, nil},
	} {
		got := render(t, frame(lang.PL), Second(c.v))
		plain := strings.ReplaceAll(got, "\u00a0", " ")
		for _, s := range c.want {
			if !strings.Contains(plain, strings.ReplaceAll(s, "\u00a0", " ")) {
				t.Errorf("%s: no %q in %s", name, s, got)
			}
		}
		for _, s := range c.never {
			if strings.Contains(got, s) {
				t.Errorf("%s: %q in %s", name, s, got)
			}
		}
		if c.v.Empty() != (name == "nothing") {
			t.Errorf("%s: empty %v", name, c.v.Empty())
		}
	}
}
