package why

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"chop/internal/classify"
	"chop/internal/lang"
	"chop/internal/mention"
	"chop/internal/reason"
	"chop/internal/web/page"
)

func in(t testing.TB, tag lang.Tag) context.Context {
	return page.WithFrame(t.Context(), page.Frame{Lang: tag, Now: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)})
}

func result(labels []classify.Label, rs ...reason.Reason) classify.Result {
	r := classify.Result{Reasons: rs, Engine: "rules/7"}
	for _, l := range labels {
		r.Labels = append(r.Labels, classify.Scored{Label: l, Score: 0.874})
	}
	return r
}

// plain takes the spaces that keep short words off the end of a line for ordinary ones.
func plain(s string) string { return strings.ReplaceAll(s, "\u00a0", " ") }

func spoken(gs []Ground) (out []string) {
	for _, g := range gs {
		out = append(out, plain(g.Text+" "+g.Force))
	}
	return out
}

func at(rule string, weight float64, from, to int, word string) reason.Reason {
	r := reason.Reason{Rule: rule, Weight: weight, Span: &reason.Span{From: from, To: to}}
	if word != "" {
		r.Facts = map[string]string{"word": word}
	}
	return r
}

// shown writes pieces with their marks: "nic [insult]głupi[/]".
func shown(ps []page.Piece) string {
	var b strings.Builder
	for _, p := range ps {
		if len(p.Labels) == 0 {
			b.WriteString(p.Text)
			continue
		}
		var ls []string
		for _, l := range p.Labels {
			ls = append(ls, string(l))
		}
		b.WriteString("[" + strings.Join(ls, "+") + "]" + p.Text + "[/]")
	}
	return b.String()
}

func TestPlacesAreMarkedInTheText(t *testing.T) {
	both := []classify.Label{classify.Insult, classify.Discouragement}
	for name, c := range map[string]struct {
		text string
		r    classify.Result
		want string
	}{
		"nothing":          {"Dzień dobry", result(both), "Dzień dobry"},
		"one word":         {"to oszuści są", result(both, at("insult.person", 0.8, 3, 11, "oszuści")), "to [insult]oszuści[/] są"},
		"shortened word":   {"to oszuści są", result(both, at("insult.person", 0.8, 3, 11, "osz…")), "to [insult]oszuści[/] są"},
		"overlap":          {"omijać oszustów", result(both, at("insult.person", 0.8, 8, 17, "oszustów"), at("discouragement.avoid", 0.7, 0, 17, "omijać oszustów")), "[discouragement+insult]omijać oszustów[/]"},
		"neighbours":       {"abcd", result(both, at("insult.word", 0.5, 0, 2, "ab"), at("discouragement.word", 0.5, 2, 4, "cd")), "[insult]ab[/][discouragement]cd[/]"},
		"same place twice": {"głupi", result(both, at("insult.person", 0.8, 0, 6, "głupi"), at("insult.word", 0.3, 0, 6, "głupi")), "[insult]głupi[/]"},
		"against":          {"nie oszuści", result(both, at("against.negated", -0.5, 4, 12, "oszuści"), at("doubted.insult", -0.5, 4, 12, "oszuści")), "nie oszuści"},
		"faint":            {"głupi", result(both, at("insult.word", 0.05, 0, 6, "głupi")), "głupi"},
		"not given":        {"oszuści", result(both, at("threat.word", 0.5, 0, 8, "oszuści")), "oszuści"},
		"past the end":     {"głupi", result(both, at("insult.word", 0.5, 0, 900, "głupi")), "[insult]głupi[/]"},
		"begins past it":   {"głupi", result(both, at("insult.word", 0.5, 6, 9, "")), "głupi"},
		"backwards":        {"głupi", result(both, at("insult.word", 0.5, 4, 2, "")), "głupi"},
		"negative":         {"głupi", result(both, at("insult.word", 0.5, -3, 2, "")), "głupi"},
		"inside a letter":  {"głupi", result(both, at("insult.word", 0.5, 2, 3, "")), "g[insult]ł[/]upi"},
		"edited since":     {"zupełnie co innego", result(both, at("insult.word", 0.5, 0, 6, "głupi")), "zupełnie co innego"},
		"blank":            {"a  b", result(both, at("insult.word", 0.5, 1, 3, "")), "a  b"},
		"family emoji":     {"x👩‍👩‍👧y", result(both, at("insult.word", 0.5, 1, 5, "")), "x[insult]👩‍👩‍👧[/]y"},
		"shade of a hand":  {"👍🏽!", result(both, at("insult.word", 0.5, 4, 8, "")), "[insult]👍🏽[/]!"},
		"combining mark":   {"zo\u0301l", result(both, at("insult.word", 0.5, 0, 2, "zo")), "[insult]zo\u0301[/]l"},
		"hostile":          {"<b>\u202egłupi\u200b</b>", result(both, at("insult.word", 0.5, 3, 15, "")), "<b>[insult]\u202egłupi\u200b[/]</b>"},
		"not UTF-8":        {"g\xc5upi", result(both, at("insult.word", 0.5, 0, 2, "")), "g\xc5upi"},
		"empty":            {"", result(both, at("insult.word", 0.5, 0, 2, "")), ""},
	} {
		if got := shown(Pieces(c.text, c.r)); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// Whatever an engine says of places, no letter of a text is lost, doubled or cut.
func TestPiecesJoinedAreTheText(t *testing.T) {
	letter := rapid.SampledFrom([]rune("aż <&\u202e\u2066\u200b\u200d👩👍🏽\u0301שּׁ中\n"))
	rapid.Check(t, func(t *rapid.T) {
		text := string(rapid.SliceOfN(letter, 0, 40).Draw(t, "text"))
		r := result([]classify.Label{classify.Insult, classify.Threat})
		for range rapid.IntRange(0, 6).Draw(t, "n") {
			r.Reasons = append(r.Reasons, at(rapid.SampledFrom([]string{"insult.word", "threat.word", "praise.word", "against.self"}).Draw(t, "rule"),
				rapid.Float64Range(-1, 1).Draw(t, "weight"), rapid.IntRange(-3, 140).Draw(t, "from"), rapid.IntRange(-3, 140).Draw(t, "to"), ""))
		}
		whole := ""
		ps := Pieces(text, r)
		for i, p := range ps {
			if !utf8.ValidString(p.Text) || p.Text == "" {
				t.Fatalf("piece %d is %q", i, p.Text)
			}
			if slices.Contains(p.Labels, classify.Praise) {
				t.Fatal("a label that was not given is marked")
			}
			whole += p.Text
		}
		if whole != text {
			t.Fatalf("%q became %q", text, whole)
		}
		if n := rapid.IntRange(0, 50).Draw(t, "cut"); utf8.RuneCountInString(text) > n {
			short := ""
			for _, p := range Cut(ps, n) {
				short += p.Text
			}
			if short != string([]rune(text)[:n])+"…" {
				t.Fatalf("cut to %d: %q", n, short)
			}
		}
	})
}

func TestMarksEscapeAndSayTheirLabel(t *testing.T) {
	var b strings.Builder
	ps := Pieces(`<script>"x"</script>`, result([]classify.Label{classify.Threat}, at("threat.word", 0.5, 0, 8, "")))
	if err := page.Marked(ps).Render(in(t, lang.PL), &b); err != nil {
		t.Fatal(err)
	}
	if want := `<mark class="hl hl-4" title="groźba">&lt;script&gt;</mark>&#34;x&#34;&lt;/script&gt;`; b.String() != want {
		t.Errorf("%s\nwant %s", b.String(), want)
	}
}

func TestThePanelSpeaksPlainly(t *testing.T) {
	r := result([]classify.Label{classify.Insult, classify.Spam}, at("insult.word", 0.2, 0, 1, "głupi"), at("insult.person", 0.8, 0, 1, "oszuści\u202e"),
		at("doubted.threat", -0.5, 0, 0, ""), at("against.negated", -0.9, 0, 1, "groźba"), reason.Reason{Rule: "nobody.knows", Weight: 0.4})
	v := Of(in(t, lang.PL), "w", classify.Reading{Result: r}, nil)
	want := []string{"Obraża człowieka lub firmę: „oszuści”. mocny powód", "Słowo częste w obelgach: „głupi”. słaby powód"}
	if len(v.Labels) != 2 || v.Labels[0].Percent != 87 || !slices.Equal(spoken(v.Labels[0].For), want) || len(v.Labels[1].For) != 0 {
		t.Errorf("labels %+v", v.Labels)
	}
	against := []string{"Przeciw: słowo jest zaprzeczone, „groźba”. mocny powód",
		"Reguła widzi tu groźbę, ale model uczony na przykładach jej nie potwierdza. średni powód"}
	if !slices.Equal(spoken(v.Against), against) || len(v.Other) != 0 || plain(v.Engine) != "reguły ChOP, wersja 7" {
		t.Errorf("against %+v, other %+v, engine %q", v.Against, v.Other, v.Engine)
	}
	person := Of(in(t, lang.EN), "w", classify.Reading{Result: classify.Result{Engine: classify.ByPerson, Labels: r.Labels}, Why: "joke"}, nil)
	if !person.Person || person.Words != "joke" || person.Labels[0].Percent != 0 {
		t.Errorf("%+v", person)
	}
	if !Of(in(t, lang.PL), "w", classify.Reading{}, nil).Empty() {
		t.Error("what nobody has read is not empty")
	}
}

// The rules of the learned model have sentences for every label, in both languages.
func TestEveryLabelHasItsSentences(t *testing.T) {
	for _, l := range classify.Labels {
		if l == classify.Neutral {
			continue
		}
		for _, tag := range []lang.Tag{lang.PL, lang.EN} {
			for _, id := range []string{"reason." + string(l) + ".word", "reason." + string(l) + ".whole", "reason.doubted." + string(l)} {
				if !tag.Has(id) {
					t.Errorf("%s: no %s", tag, id)
				}
			}
			if s := tag.T("reason."+string(l)+".word", "word", "oto"); !strings.Contains(s, "oto") {
				t.Errorf("%s: %q does not name the word", tag, s)
			}
		}
	}
}

func TestARepliesPlaceIsNamedWhenItsLabelsHangOnIt(t *testing.T) {
	ctx := in(t, lang.PL)
	buyer := mention.Mention{Buyer: true, Labels: []string{"question"}}
	for name, c := range map[string]struct {
		labels []classify.Label
		rule   string
		parent *mention.Mention
		want   string
	}{
		"laughter under a buyer":    {[]classify.Label{classify.Discouragement}, "discouragement.laughs", &buyer, "pod pytaniem kupującego"},
		"mockery under a buyer":     {[]classify.Label{classify.Trolling}, "trolling.mock", &buyer, "pod pytaniem kupującego"},
		"as a whole":                {[]classify.Label{classify.Insult}, "insult.whole", &mention.Mention{Labels: []string{"complaint"}}, "pod skargą"},
		"a word says it by itself":  {[]classify.Label{classify.Insult}, "insult.person", &buyer, ""},
		"under something ordinary":  {[]classify.Label{classify.Trolling}, "trolling.laughs", &mention.Mention{Labels: []string{"praise"}}, ""},
		"answers nothing":           {[]classify.Label{classify.Trolling}, "trolling.laughs", nil, ""},
		"under somebody in despair": {[]classify.Label{classify.Trolling}, "trolling.laughs", &mention.Mention{Labels: []string{"distress"}}, "pod wpisem osoby w kryzysie"},
	} {
		if got := plain(Thread(ctx, result(c.labels, at(c.rule, 0.6, 0, 1, "")), c.parent)); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestForeignWordsKeepTheirDirectionToThemselves(t *testing.T) {
	for in, want := range map[string]string{"żółć": "żółć", "a\u202eb\u2069c": "abc", "שלום": "\u2068שלום\u2069", "a\nb\x00": "a b ", "\xff!": "!"} {
		if got := Isolated(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestAFirmsOwnRuleIsNamedUnderItsLabel(t *testing.T) {
	own := func(rule string, weight float64, label string) reason.Reason {
		r := at(rule, weight, 0, 6, "gumiak")
		r.Facts["name"], r.Facts["label"] = "Nasze <słowo>", label
		return r
	}
	r := result([]classify.Label{classify.Insult, classify.Opinion}, own("rule.own", 1, "insult"), own("rule.own.away", -1, "complaint"), own("rule.own.raise", 1, ""))
	r.Unruled = &classify.Unruled{Labels: []classify.Scored{{Label: classify.Opinion, Score: 0.9}}}
	v := Of(in(t, lang.PL), "w", classify.Reading{Result: r}, nil)
	if got := spoken(v.Labels[0].For); len(got) != 1 || !strings.HasPrefix(got[0], "Reguła firmy „Nasze <słowo>” daje tę etykietę: „gumiak”.") || v.Labels[0].Percent != 0 || v.Labels[1].Percent == 0 {
		t.Errorf("for: %q, %+v", got, v.Labels)
	}
	if got := spoken(v.Against); len(got) != 1 || !strings.Contains(got[0], "zdejmuje etykietę skarga, „gumiak”") {
		t.Errorf("against: %q", got)
	}
	if got := spoken(v.Other); len(got) != 1 || !strings.Contains(got[0], "podnosi wagę") {
		t.Errorf("other: %q", got)
	}
	if got := shown(Pieces("gumiak jeden", r)); got != "[insult]gumiak[/] jeden" {
		t.Errorf("marked %q", got)
	}
}
