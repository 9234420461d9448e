package builtin

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"chop/internal/classify"
	"chop/internal/classify/examples"
	"chop/internal/reason"
)

func label(t testing.TB, e *Engine, x classify.Text) classify.Result {
	t.Helper()
	rs, err := e.Classify(context.Background(), []classify.Text{x})
	if err != nil || len(rs) != 1 {
		t.Fatalf("%q: %d results, %v", x.Text, len(rs), err)
	}
	return rs[0]
}

// codes are the labels of a result in one string, whatever their scores.
func codes(r classify.Result) string {
	var ls []string
	for _, s := range r.Labels {
		ls = append(ls, string(s.Label))
	}
	slices.Sort(ls)
	return strings.Join(ls, ",")
}

// sample are texts of every file of examples, one in so many.
func sample(t testing.TB, every int) []classify.Text {
	t.Helper()
	xs, err := examples.Read("../examples/*_*.tsv")
	if err != nil {
		t.Fatal(err)
	}
	var ts []classify.Text
	for i, x := range xs {
		if i%every == 0 {
			x.Text.Lang = ""
			ts = append(ts, x.Text)
		}
	}
	return ts
}

// TestDisguisesChangeNothing: what a reader does not see or does not need must not change what a text is.
func TestDisguisesChangeNothing(t *testing.T) {
	e := engine(t)
	rnd := rand.New(rand.NewPCG(1, 2))
	invisible := []rune{0x200b, 0x200d, 0x2060, 0xad, 0x0336, 0xfeff}
	for name, change := range map[string]func(string) string{
		"upper case": strings.ToUpper,
		"invisible characters in words": func(s string) string {
			var b strings.Builder
			var prev rune
			for _, r := range s {
				if unicode.IsLetter(prev) && unicode.IsLetter(r) && rnd.IntN(3) == 0 {
					b.WriteRune(invisible[rnd.IntN(len(invisible))])
				}
				b.WriteRune(r)
				prev = r
			}
			return b.String()
		},
		"wide letters": func(s string) string {
			return strings.Map(func(r rune) rune {
				if r >= 'a' && r <= 'z' {
					return r - 'a' + 'ａ'
				}
				return r
			}, s)
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, x := range sample(t, 9) {
				if strings.ContainsAny(x.Text, "@/#") || strings.Contains(x.Text, ".") && strings.Contains(x.Text, "www") {
					continue // addresses are not words
				}
				y := x
				y.Text = change(x.Text)
				if a, b := codes(label(t, e, x)), codes(label(t, e, y)); a != b {
					t.Errorf("%q is %s, but %q is %s", x.Text, a, y.Text, b)
				}
			}
		})
	}
}

// TestMissingDiacritics: many people type without them. Where a word loses its meaning with them ("sad" and "sąd"), labels
// may differ; that has to be rare.
func TestMissingDiacritics(t *testing.T) {
	e := engine(t)
	plain := strings.NewReplacer("ą", "a", "ć", "c", "ę", "e", "ł", "l", "ń", "n", "ó", "o", "ś", "s", "ź", "z", "ż", "z",
		"Ą", "A", "Ć", "C", "Ę", "E", "Ł", "L", "Ń", "N", "Ó", "O", "Ś", "S", "Ź", "Z", "Ż", "Z")
	all, differ := 0, 0
	for _, x := range sample(t, 5) {
		y := x
		if y.Text = plain.Replace(x.Text); y.Text == x.Text {
			continue
		}
		all++
		if a, b := label(t, e, x), label(t, e, y); codes(a) != codes(b) {
			differ++
			t.Logf("%q: %s %s, without diacritics %s %s", x.Text, a.Lang, codes(a), b.Lang, codes(b))
		}
	}
	if all < 500 || differ > all/100 {
		t.Errorf("%d of %d texts changed their labels without diacritics", differ, all)
	}
}

// sound checks what must hold for every result.
func sound(t testing.TB, text string, r classify.Result) {
	t.Helper()
	if len(r.Labels) == 0 || r.Has(classify.Neutral) && len(r.Labels) > 1 {
		t.Fatalf("%q: labels %v", text, r.Labels)
	}
	if r.Sentiment < -1 || r.Sentiment > 1 || r.Severity < 0 || r.Severity > 4 || r.Arousal < 0 || r.Arousal > 3 {
		t.Fatalf("%q: sentiment %v, severity %d, arousal %d", text, r.Sentiment, r.Severity, r.Arousal)
	}
	if r.BuyerQuestion && !r.Has(classify.Question) {
		t.Fatalf("%q: a buyer's question that is no question", text)
	}
	if !slices.Contains(examples.Targets, r.Target) {
		t.Fatalf("%q: target %q", text, r.Target)
	}
	for _, s := range r.Labels {
		if !(s.Score >= 0 && s.Score <= 1) || !slices.Contains(classify.Labels, s.Label) {
			t.Fatalf("%q: %v", text, s)
		}
		prefix := string(s.Label) + "."
		if !slices.ContainsFunc(r.Reasons, func(x reason.Reason) bool { return strings.HasPrefix(x.Rule, prefix) && x.Weight > 0 }) {
			t.Fatalf("%q: no reason for %s in %v", text, s.Label, r.Reasons)
		}
	}
	for _, x := range r.Reasons {
		if s := x.Span; s != nil {
			if s.From < 0 || s.To <= s.From || s.To > len(text) {
				t.Fatalf("%q: span %v", text, *s)
			}
			if utf8.ValidString(text) && !utf8.ValidString(text[s.From:s.To]) {
				t.Fatalf("%q: span %v cuts a letter", text, *s)
			}
		}
	}
}

func TestResultsAreSound(t *testing.T) {
	e := engine(t)
	for _, x := range sample(t, 3) {
		sound(t, x.Text, label(t, e, x))
	}
	for _, s := range []string{"", " ", "\n", "?", "!!!", "😂", "\u200b", "\xff\xfe", "0", "<script>alert(1)</script>", "'; DROP TABLE mention; --",
		strings.Repeat("a", 1<<20), strings.Repeat("nie ", 1<<18), strings.Repeat("😂", 1<<17), strings.Repeat("((((", 1<<17), strings.Repeat("kurwa ", 1<<17)} {
		sound(t, s, label(t, e, classify.Text{Text: s}))
	}
}

func FuzzClassify(f *testing.F) {
	for i, x := range sample(f, 400) {
		f.Add(x.Text, x.Post, x.Parent, i%6)
	}
	f.Add("k*rwa 🅾🆂🆉🆄🆂🆃 \u202e o s z u s t", "?", "ile?", 0)
	e := engine(f)
	f.Fuzz(func(t *testing.T, text, post, parent string, stars int) {
		x := classify.Text{Text: text, Post: post, Parent: parent, Rating: ((stars % 6) + 6) % 6}
		r := label(t, e, x)
		sound(t, text, r)
		if again := label(t, e, x); codes(again) != codes(r) || again.Severity != r.Severity {
			t.Fatalf("%q: once %v, then %v", text, r.Labels, again.Labels)
		}
	})
}

// TestNothingToReadIsNeutral: where no word, emoji, question or star stands, nobody has said anything.
func TestNothingToReadIsNeutral(t *testing.T) {
	e := engine(t)
	for _, s := range []string{"", " ", "\n\n", "!!!", "...", "-", "\u200b", "\x00"} {
		if r := label(t, e, classify.Text{Text: s}); codes(r) != "neutral" || r.Severity != 0 || r.Sentiment != 0 {
			t.Errorf("%q: %v, severity %d, attitude %v", s, r.Labels, r.Severity, r.Sentiment)
		}
	}
}
