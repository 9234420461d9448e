package rules

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"chop/internal/classify"
	"chop/internal/lang"
	"chop/internal/reason"
)

// example is one text of our own with the labels it must and must not get.
type example struct {
	classify.Text
	Must    []classify.Label `json:"must"`
	MustNot []classify.Label `json:"must_not"`
	Buyer   bool             `json:"buyer"`
}

func examples(t testing.TB) []example {
	t.Helper()
	f, err := os.Open("testdata/examples.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []example
	for sc := bufio.NewScanner(f); sc.Scan(); {
		var e example
		if err := json.Unmarshal(sc.Bytes(), &e); err != nil {
			t.Fatalf("%s: %v", sc.Text(), err)
		}
		out = append(out, e)
	}
	return out
}

func label(t testing.TB, e *Engine, x classify.Text) classify.Result {
	t.Helper()
	rs, err := e.Classify(context.Background(), []classify.Text{x})
	if err != nil || len(rs) != 1 {
		t.Fatalf("%q: %d results, %v", x.Text, len(rs), err)
	}
	return rs[0]
}

func TestExamplesGetTheirLabels(t *testing.T) {
	e := New()
	xs := examples(t)
	if len(xs) < 300 {
		t.Fatalf("%d examples", len(xs))
	}
	for _, x := range xs {
		r := label(t, e, x.Text)
		for _, l := range x.Must {
			if !r.Has(l) {
				t.Errorf("%s %q lacks %s: %s %v", x.ID, x.Text.Text, l, r.Lang, r.Labels)
			}
		}
		for _, l := range x.MustNot {
			if r.Has(l) {
				t.Errorf("%s %q has %s: %s %v %v", x.ID, x.Text.Text, l, r.Lang, r.Labels, r.Reasons)
			}
		}
		if x.Buyer && !r.BuyerQuestion {
			t.Errorf("%s %q is a buyer's question: %v", x.ID, x.Text.Text, r.Labels)
		}
		sound(t, x.Text.Text, r)
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
	for _, s := range r.Labels {
		if s.Score < 0 || s.Score > 1 || !slices.Contains(classify.Labels, s.Label) {
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

func TestSeverity(t *testing.T) {
	e := New()
	for text, want := range map[string]int{
		"Spalę wam lokal":                              4,
		"Nie chcę żyć, skończę ze sobą":                4,
		"Po waszych lodach syn w szpitalu, wymiotował": 4,
		"Zapłacicie 500 euro albo wrzucę 50 jedynek":   3,
		"Zimna pizza, czekałam godzinę":                2,
		"Ile kosztuje tort?":                           2,
		"Trochę za drogo":                              1,
		"Nie polecam":                                  1,
		"Pyszne, polecam":                              0,
		"Jutro środa":                                  0,
	} {
		if r := label(t, e, classify.Text{Text: text}); r.Severity != want {
			t.Errorf("%q: severity %d, want %d (%v)", text, r.Severity, want, r.Labels)
		}
	}
}

func TestSentimentAndTarget(t *testing.T) {
	e := New()
	for _, c := range []struct {
		text   string
		lo, hi float64
		target string
		parent string
	}{
		{"Zajebista pizza, najlepsza w mieście", 0.5, 1, "product", ""},
		{"Kelnerka była chamska", -1, -0.2, "staff", ""},
		{"Złodzieje i oszuści", -1, -0.6, "firm", ""},
		{"Ukraińcy won", -1, -0.6, "group", ""},
		{"Jesteś idiotą", -1, -0.5, "author_other", "Mnie smakowało"},
		{"Jutro środa", 0, 0, "none", ""},
	} {
		r := label(t, e, classify.Text{Text: c.text, Parent: c.parent})
		if r.Sentiment < c.lo || r.Sentiment > c.hi || r.Target != c.target {
			t.Errorf("%q: sentiment %v, target %s (%v)", c.text, r.Sentiment, r.Target, r.Labels)
		}
	}
}

func TestPersonalDataIsNotRepeatedInReasons(t *testing.T) {
	r := label(t, New(), classify.Text{Text: "jej PESEL 44051401359, tel. 601 234 567"})
	if !r.Has(classify.PersonalData) {
		t.Fatalf("%v", r.Labels)
	}
	for _, x := range r.Reasons {
		for _, f := range x.Facts {
			if strings.ContainsAny(f, "0123456789") {
				t.Errorf("%s repeats %q", x.Rule, f)
			}
		}
	}
}

func TestEveryRuleAndLabelHasItsSentence(t *testing.T) {
	e := New()
	codes := map[string]bool{}
	for _, b := range []*book{e.pl, e.en} {
		for _, p := range b.all {
			if p.label != "hint" {
				codes["reason."+p.rule] = true
			}
		}
	}
	for _, r := range coded {
		codes["reason."+r] = true
	}
	for _, l := range append(classify.Labels, classify.FakeReview) {
		codes["label."+string(l)] = true
	}
	for c := range codes {
		for _, tag := range lang.Tags {
			if !tag.Has(c) {
				t.Errorf("%s has no %s", c, tag)
			}
		}
	}
}

// coded are the rules that are written in Go.
var coded = []string{"against.negated", "against.quoted", "neutral.nothing", "complaint.failure", "complaint.own", "complaint.stars",
	"opinion.judgement", "opinion.stars", "extortion.demand", "extortion.harm", "question.mark", "trolling.laughs",
	"discouragement.laughs", "praise.stars", "spam.link", "personal_data.mail", "personal_data.iban", "personal_data.pesel",
	"personal_data.phone", "personal_data.address"}

func TestRulesThatDoNotCompileAreRefused(t *testing.T) {
	for _, f := range []string{"threat", "threat: a", "threat x 2: a", "threat x y: a", "threat x 0.5: _2 a", "threat x 0.5: @none",
		"threat x 0.5: ab*", "threat x 0.5:", "threat x 0.5: a||b", "threat x 0.5: $", "threat x 0.5: a _x", "a b c d: e"} {
		if _, err := compile(f); err == nil {
			t.Errorf("%q was accepted", f)
		}
	}
}

func TestACancelledContextStops(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := New().Classify(ctx, []classify.Text{{Text: "a"}}); err == nil {
		t.Error("classified after the end")
	}
}

func TestAHugeTextIsReadInTime(t *testing.T) {
	for _, piece := range []string{"zabiję was ", "a", "„\"", "601 234 567 ", "😂", "k*", "\x00", "nie "} {
		text := strings.Repeat(piece, 10_000_000/len(piece))
		sound(t, text, label(t, New(), classify.Text{Text: text}))
	}
}

func FuzzClassify(f *testing.F) {
	for _, x := range examples(f)[:60] {
		f.Add(x.Text.Text, x.Parent, x.Rating)
	}
	f.Add("\xff\xfe„\"", "?", 9)
	f.Add("\u202eabc 12345678901 PL61", "", -3)
	e := New()
	f.Fuzz(func(t *testing.T, text, parent string, rating int) {
		sound(t, text, label(t, e, classify.Text{Text: text, Parent: parent, Post: parent, Rating: rating}))
	})
}

func BenchmarkClassify(b *testing.B) {
	e := New()
	xs := []classify.Text{
		{Text: "Zamówiłam u nich tort na urodziny córki i niestety przyjechał spóźniony o dwie godziny, a krem był kwaśny. Nie polecam!"},
		{Text: "Czy macie wolny stolik na sobotę wieczór dla sześciu osób, najlepiej przy oknie i z krzesełkiem dla dziecka?"},
		{Text: "Złodzieje i oszuści, jeszcze tego pożałujecie, wiemy gdzie mieszkacie, nikt wam nie pomoże, frajerzy"},
	}
	n := 0
	for b.Loop() {
		rs, err := e.Classify(context.Background(), xs)
		if err != nil {
			b.Fatal(err)
		}
		n += len(rs)
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "comments/s")
}
