package builtin

import (
	_ "embed"
	"slices"
	"strconv"
	"strings"
	"sync"

	"chop/internal/classify/rules"
	"chop/internal/polish"
)

// lexicon.txt: one folded word or emoji a line with its colour: -5 cold .. 5 warm for words, -100 .. 100 for emoji, v for
// vulgar. Written by package build out of AFINN-pl, the Emoji Sentiment Ranking and two lists of vulgar words (see NOTICE).
//
//go:embed lexicon.txt
var lexiconFile string

type colour struct {
	score  int8
	vulgar bool
}

var lexicon = sync.OnceValue(func() map[string]colour {
	m := make(map[string]colour, strings.Count(lexiconFile, "\n"))
	for line := range strings.Lines(lexiconFile) {
		w, s, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		c := m[w]
		if s == "v" {
			c.vulgar = true
		} else if n, err := strconv.ParseInt(s, 10, 8); err == nil {
			c.score = int8(n)
		}
		m[w] = c
	}
	return m
})

// tally counts the coloured words of a text.
type tally struct {
	words, emoji                             int
	cold, warm, vulgar, emojiCold, emojiWarm float64
}

func colours(ws []rules.Word) tally {
	var t tally
	lex := lexicon()
	for i := range ws {
		w := &ws[i]
		if w.Kind == polish.Emoji {
			t.emoji++
			s := float64(lex[w.Fold].score) / 50
			t.emojiWarm += max(s, 0)
			t.emojiCold += max(-s, 0)
			continue
		}
		t.words++
		c, ok := lex[w.Fold]
		for k := 0; !ok && k < len(w.Lemmas); k++ {
			c, ok = lex[w.Lemmas[k]]
		}
		if c.vulgar {
			t.vulgar++
		}
		t.warm += max(float64(c.score), 0) / 3
		t.cold += max(-float64(c.score), 0) / 3
	}
	return t
}

// postKinds says what a post is about, as far as that changes how people laugh under it.
func postKinds(post string) []string {
	const read = 600
	if len(post) > read {
		post = strings.ToValidUTF8(post[:read], "")
	}
	f := polish.Fold(post)
	var out []string
	for _, k := range kinds {
		for _, w := range k.words {
			if strings.Contains(f, w) {
				out = append(out, k.name)
				break
			}
		}
	}
	if len(out) == 0 {
		out = append(out, "other")
	}
	return out
}

// ordinary tells that a post changes nothing of how a comment right under it is read. Every comment of a shop stands under
// some post, few examples do, and those are mostly odd ones: without this, praise under any post read a little like spam.
func ordinary(post string) bool {
	return post == "" || !slices.ContainsFunc(postKinds(post), func(k string) bool { return k == "grave" || k == "funny" || k == "contest" })
}

var kinds = []struct {
	name  string
	words []string
}{
	{"grave", []string{"przeprasza", "przepraszam", "oswiadczeni", "kondolenc", "zmarl", "pozar", "wypadek", "wypadku", "z zalem", "zal nam",
		"pozegna", "odszed", "odeszla", "sorry", "apolog", "statement", "passed away", "condolences", "choroba", "zbiork", "powodz", "zamykamy"}},
	{"funny", []string{"😂", "🤣", "😆", "😅", "mem", "zart", "smiech", "smiesz", "humor", "prima aprilis", "poniedzialek", "kiedy szef", "joke", "meme",
		"funny", "monday", "xd", "haha"}},
	{"contest", []string{"konkurs", "rozdajemy", "do wygrania", "losujemy", "oznacz", "giveaway", "win ", "zgadnij", "pytanie do was"}},
	{"offer", []string{"promocj", "rabat", "-10", "-20", "-30", "zl", "oferta", "nowosc", "w sprzedazy", "zapraszamy", "sale", "discount", "new in"}},
	{"job", []string{"zatrudni", "szukamy", "dolacz do", "praca", "cv", "rekrut", "hiring", "join our team"}},
	{"asks", []string{"?"}},
}
