package lint

import (
	"strings"
	"testing"
	"time"
)

const sample = "Pani Anno, przepraszamy. Trzy tygodnie czekania i brak odpowiedzi to nasz błąd. Zmieniliśmy już sposób odpisywania na maile, a ja wrócę tu z odpowiedzią dziś do 18:00. Kasia Lewandowska, obsługa klienta"

func FuzzCheck(f *testing.F) {
	for _, s := range []string{"", sample, "Proszę podać numer zamówienia 😂!!", "s ą d", "s*d", "\xff\xfe", "a*b*c*d", "Pani \u202e", "p.o.z.e.w", "12.05.2026 Pana zamówienie #45211", "@@@@", "ſąd", "K̷ 1/2", "Jeśli usunie Pan opinię damy rabat"} {
		f.Add(s, "Pani Beato, oszuści", true)
	}
	f.Fuzz(func(t *testing.T, text, source string, review bool) {
		r := Check(Input{Text: text, Source: source, Review: review, Author: source, Staff: []string{source, "Ewa Maj"}, Recent: []string{source}, Truth: "unknown", Arousal: 2, PileOn: 2})
		for _, x := range r.Findings {
			if x.Span != nil && (x.Span.From < 0 || x.Span.To > len(text) || x.Span.From >= x.Span.To) {
				t.Fatalf("%q: %+v", text, x)
			}
		}
		for _, p := range append(r.Apology.Elements, r.Apology.Minus...) {
			if p.Span != nil && (p.Span.From < 0 || p.Span.To > len(text) || p.Span.From >= p.Span.To) {
				t.Fatalf("%q: %+v", text, p)
			}
		}
		if r.Apology.Points < 0 || r.Apology.Points > 100 || r.Similar < 0 || r.Similar > 100 {
			t.Fatalf("%q: %+v", text, r)
		}
	})
}

// Four times the text costs about four times as much, whatever it is made of; the bound is wide, a square would break it.
func TestTimeIsLinear(t *testing.T) {
	for _, piece := range []string{"a ", "a*b ", "p.o.z.e.w. ", "Pana ", "proszę podać numer ", "🙄 ", "sąd ", "12.05 ", "Pani Ewa Maj ", "s ą d z i e ", "usunąć opinię rabat ", "a-", "@", "?!.", "Jeśli "} {
		cost := func(n int) time.Duration {
			in := Input{Text: strings.Repeat(piece, n/len(piece)), Source: strings.Repeat(piece, 200), Staff: []string{"Ewa Maj"}, Truth: "unknown"}
			best := time.Hour
			for range 3 {
				start := time.Now()
				Check(in)
				best = min(best, time.Since(start))
			}
			return best
		}
		cost(2000)
		if small, big := cost(5000), cost(20000); big > 12*small && big > 300*time.Millisecond {
			t.Errorf("%q: %v, then %v", piece, small, big)
		}
	}
}

func BenchmarkCheck(b *testing.B) {
	in := Input{Text: sample, Source: "Na zamówienie czekałam prawie trzy tygodnie i nikt nie odpisywał na maile. Szkoda, bo len piękny.", Author: "Anna Piotrowska",
		Staff: []string{"Kasia Lewandowska", "Joanna Wilk"}, Truth: "true", Arousal: 2}
	Check(in)
	b.ReportAllocs()
	for b.Loop() {
		Check(in)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "replies/s")
}
