package rules

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"chop/internal/polish"
)

// Word is a token with what matching needs: its dictionary forms, the sentence and the clause it stands in (counted
// from 0), and whether it stands between quotation marks.
type Word struct {
	polish.Token
	Lemmas           []string
	Sentence, Clause int
	Quoted           bool
}

// page is one text, read.
type page struct {
	text      string
	lang      string
	words     []Word
	sentences int
	asks      []bool // by sentence: ends with a question mark
	laughs    int    // laughing words and emoji
	letters   int    // words that are neither laughter nor emoji
}

// longest is the length in bytes of what is read of a text; comments are shorter, and a flood must not cost minutes.
const longest = 20_000

func read(text, lang string) *page {
	if len(text) > longest {
		cut := longest
		for cut > 0 && !utf8.RuneStart(text[cut]) {
			cut--
		}
		text = text[:cut]
	}
	p := &page{text: text, asks: []bool{false}}
	tokens := polish.Tokens(text)
	p.lang = language(text, tokens, lang)
	quotes := quotations(text)
	p.words = make([]Word, 0, len(tokens))
	end, clause := 0, 0
	for i, t := range tokens {
		if i > 0 {
			p.gap(text[end:t.From], tokens[i-1].Fold, &clause)
		}
		w := Word{Token: t, Sentence: p.sentences, Clause: clause, Quoted: inside(quotes, t.From)}
		if t.Kind == polish.Word {
			w.Lemmas = polish.Lemmas(t.Fold)
		}
		p.count(t)
		p.words = append(p.words, w)
		end = t.To
	}
	if strings.IndexByte(text[end:], '?') >= 0 {
		p.asks[p.sentences] = true
	}
	p.sentences++
	return p
}

// gap reads the punctuation between two words: where sentences and clauses end.
func (p *page) gap(gap, before string, clause *int) {
	switch {
	case strings.IndexByte(gap, '?') >= 0:
		p.asks[p.sentences] = true
	case strings.ContainsAny(gap, "!\n") || strings.Contains(gap, "…") || strings.Contains(gap, ".."):
	case strings.IndexByte(gap, '.') >= 0 && !abbreviations[before]:
	default:
		if strings.ContainsAny(gap, ",;:()-–—") {
			*clause++
		}
		return
	}
	p.asks = append(p.asks, false)
	p.sentences++
	*clause++
}

var abbreviations = map[string]bool{"ul": true, "tel": true, "ok": true, "nr": true, "np": true, "al": true, "godz": true,
	"os": true, "pl": true, "dr": true, "mr": true, "mrs": true, "tzn": true, "tzw": true, "min": true, "m": true}

func (p *page) count(t polish.Token) {
	switch {
	case laughter(t):
		p.laughs++
	case t.Kind == polish.Word || t.Kind == polish.Number || t.Kind == polish.Link:
		p.letters++
	}
}

// laughter tells whether a token laughs: haha, hehe, xD, lol, 😂.
func laughter(t polish.Token) bool {
	f := t.Fold
	if t.Kind == polish.Emoji {
		return f == "😂" || f == "🤣" || f == "😹" || f == "😆" || f == "🤡"
	}
	switch f {
	case "xd", "lol", "lmao", "rotfl", "buhaha", "haha", "hehe", "hihi", "hehehe", "beka", "x":
		return true
	}
	if len(f) >= 4 && strings.Trim(f, "ha") == "" && strings.Count(f, "h") > 1 {
		return true
	}
	return len(f) >= 4 && strings.Trim(f, "he") == "" && strings.Count(f, "h") > 1 || len(f) > 2 && f[0] == 'x' && strings.Trim(f[1:], "d") == ""
}

// quotations finds the byte ranges inside quotation marks.
func quotations(s string) [][2]int {
	var out [][2]int
	for _, q := range [][2]string{{"„", "”"}, {"„", "\""}, {"“", "”"}, {"\"", "\""}, {"«", "»"}} {
		for at := 0; len(out) < 20; {
			i := strings.Index(s[at:], q[0])
			if i < 0 {
				break
			}
			i += at + len(q[0])
			j := strings.Index(s[i:], q[1])
			if j < 0 {
				break
			}
			out = append(out, [2]int{i, i + j})
			at = i + j + len(q[1])
		}
	}
	return out
}

func inside(qs [][2]int, at int) bool {
	return slices.ContainsFunc(qs, func(q [2]int) bool { return at >= q[0] && at < q[1] })
}

// mostlyUnknown tells whether the Polish dictionary knows less than half of the words that are not stop words.
func mostlyUnknown(ts []polish.Token) bool {
	known, all := 0, 0
	for _, t := range ts {
		if t.Kind == polish.Word && !plStop[t.Fold] && !enStop[t.Fold] {
			all++
			if polish.Known(t.Fold) {
				known++
			}
		}
	}
	return all > 0 && 2*known < all
}

// foreign tells whether every word of a text is unknown to the Polish dictionary but one of the few English words that
// stand alone in comments.
func foreign(ts []polish.Token) bool {
	n := 0
	for _, t := range ts {
		if t.Kind != polish.Word {
			continue
		}
		if !enAlone[t.Fold] && !(n > 0 && !polish.Known(t.Fold)) {
			return false
		}
		n++
	}
	return n > 0
}

func set(words string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		m[w] = true
	}
	return m
}

var (
	plStop = set(`i w z na do nie sie ze jest to co jak tak po za od przy dla ale czy ja ty on ona my wy oni was wam nam mi
		mnie ci cie tam tu juz tylko bardzo polecam ma macie mam byl byla bylo sa ten ta te tej tego o u pan pani albo bo
		jeszcze kiedy gdzie ile kto nic wszystko super dobry dzien prosze dziekuje moj moja wasz wasza jesli`)
	enStop = set(`the a an and of is are was were you your i my we they it this that for with not have has had be been do
		does did don dont what when where how who will would can could so very from at but or if there here please me us our
		their them never ever just out get got go on in to nothing stay away cry more want kill great lovely food service staff amazing nice
		best worst love order hot rude recommended myself`)
	enAlone = set(`great awesome amazing terrible awful scam scammers thieves lovely love recommend recommended best worst
		thanks thank avoid fraud liars idiots nice delicious delivery open price boycott disgusting rip perfect excellent
		good bad horrible beautiful shame idiot moron stupid fuck fucking shit`)
)

// shouting is the share of capitals among the letters of a text with enough of them.
func shouting(s string) float64 {
	upper, all := 0, 0
	for _, r := range s {
		if unicode.IsLetter(r) {
			all++
			if unicode.IsUpper(r) {
				upper++
			}
		}
	}
	if all < 8 {
		return 0
	}
	return float64(upper) / float64(all)
}
