package lint

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"chop/internal/polish"
)

// opening is L1: the first sentence says what we do or feel, it does not charge the reader.
func (c *check) opening() {
	s := c.s
	i := 0
	for i < len(s.words) && (hello[s.words[i].Fold] || i > 0 && i < 5 && s.words[i].Capital && (hello[s.words[i-1].Fold] || panForms[s.words[i-1].Fold]) && !youStart[s.words[i].Fold]) {
		i++
	}
	// The greeting may have swallowed the "Pani" that begins the sentence.
	if i > 0 && i < len(s.words) && youStart[s.words[i-1].Fold] && s.words[i-1].First {
		i--
	}
	if i >= len(s.words) || !youStart[s.words[i].Fold] {
		return
	}
	_, to := s.sentence(i)
	for k := i + 1; k < to; k++ {
		if s.words[k].in(accusing) {
			c.add(Opening, "you", s, i, k+1)
			return
		}
	}
}

var (
	hello    = set("dzien dobry witam witamy szanowny szanowna szanowni szanowne drogi droga czesc hej dear hello hi good morning afternoon evening wieczor panie panstwo pani")
	youStart = set("pan pani panstwo wy ty twoj twoja twoje pana panstwa panska panskie panski you your")
	accusing = set(`nie nigdy musi musisz musza powinien powinna powinni powinienes twierdzi twierdzisz zarzuca blednie niestety sam sama zapomnial zapomniala zle
		nieslusznie niesprawiedliwie nalezalo wystarczylo myli mylisz klamie wprowadza didnt never not must should failed wrong wrongly refused forgot
		cannot claim claims dont didn`)
)

// asking is L2: a question invites the next round, unless it asks how to get in touch.
func (c *check) asking() {
	s := c.s
	for n := range s.sentences {
		if !s.marks[n] {
			continue
		}
		from := slices.IndexFunc(s.words, func(w word) bool { return w.Sentence == n })
		if from < 0 || s.inSentence(from, reachable) {
			continue
		}
		_, to := s.sentence(from)
		c.add(Asking, "question", s, from, to)
	}
}

var reachable = set(`zadzwonic zadzwonimy kontakt kontaktu wiadomosc wiadomosci napisac numer telefon mail adres skontaktowac prywatnie call contact message write email
	phone number reach`)

// tone is L7: no sarcasm, no laughing faces, no shouting; and no ultimatum (2.4: reactance).
func (c *check) tone() {
	s := c.s
	for i, w := range s.words {
		if w.Kind == polish.Emoji && mocking[w.Fold] {
			c.add(Tone, "emoji", s, i, i+1)
		}
	}
	if i := slices.IndexFunc(s.words, shouted); i >= 0 {
		loud := 0
		for _, w := range s.words {
			if shouted(w) {
				loud++
			}
		}
		if loud > 1 || utf8.RuneCountInString(s.words[i].Text) > 4 {
			c.add(Tone, "caps", s, i, i+1)
		}
	}
	if n := strings.Count(s.text, "!"); n > 1 {
		c.add(Tone, "marks", nil, 0, 0, "n", strconv.Itoa(n))
	}
	for _, p := range theBook().find("sarcasm", s) {
		c.add(Tone, "sarcasm", s, p.From, p.To)
	}
	for _, p := range theBook().find("ultimatum", s) {
		c.add(Tone, "ultimatum", s, p.From, p.To)
	}
}

var mocking = set("😂 🤣 🙄 😏 🤡 😒 🤦 🤷 😆 😜 🙃 💩 😅 😝 🤪 🥱 😹 😤 😠 😡 🤬 🖕 👎 🙈 🤦‍♀ 🤦‍♂ 🤷‍♀ 🤷‍♂")

// shouted tells whether a word is written in capitals without being an abbreviation.
func shouted(w word) bool {
	return w.Kind == polish.Word && utf8.RuneCountInString(w.Text) > 3 && upper(w.Text) && !acronyms[w.Fold]
}

var acronyms = set("rodo uokik gdpr pesel krs ceidg html https blik www asap faq")

// nonApology is L8: "jeśli kogoś uraziło" apologises for nothing (1.5).
func (c *check) nonApology() {
	for _, p := range theBook().find("nonapology", c.s) {
		c.add(NonApology, "if", c.s, p.From, p.To)
	}
}

// template is L9: readers notice the same letter sent to everybody.
func (c *check) template() {
	mine := shingles(c.s)
	best := 0.0
	for _, r := range c.in.Recent {
		best = max(best, similar(mine, shingles(lay(legible(r)))))
	}
	c.out.Similar = int(100*best + 0.5)
	if best >= sameLetter {
		c.add(Template, "same", nil, 0, 0, "percent", strconv.Itoa(c.out.Similar))
	}
}

// vague is L10: who is upset wants a fact, a next step or a time [HERHAUSEN19: explanation for highly aroused].
func (c *check) vague() {
	if c.in.Arousal >= 2 && !c.concrete() {
		c.add(Vague, "nothing", nil, 0, 0)
	}
}

// concrete tells whether the text has a next step, a time or a way to reach us.
func (c *check) concrete() bool {
	b := theBook()
	return b.says("step", c.s) || b.says("time", c.s) || slices.ContainsFunc(c.s.words, func(w word) bool {
		return w.Kind == polish.Mail || w.Kind == polish.Link || w.Kind == polish.Number
	})
}

// Bounds of L11, in words.
const (
	ShortestWords = 25
	LongestWords  = 90
	LongestReview = 70
)

// length is L11.
func (c *check) length() {
	n, most := c.s.count(), LongestWords
	if c.in.Review {
		most = LongestReview
	}
	switch {
	case n < ShortestWords && !c.in.Brief:
		c.add(Length, "short", nil, 0, 0, "n", strconv.Itoa(n), "least", strconv.Itoa(ShortestWords))
	case n > most:
		c.add(Length, "long", nil, 0, 0, "n", strconv.Itoa(n), "most", strconv.Itoa(most))
	}
}

// unsigned is L12: a person answers, with name or role.
func (c *check) unsigned() {
	if !c.signed() {
		c.add(Unsigned, "nobody", nil, 0, 0)
	}
}

// signed tells whether the end of the text names a person or a role: the last sentence, or what follows a dash.
func (c *check) signed() bool {
	s := c.s
	if len(s.words) == 0 {
		return false
	}
	from, to := s.sentence(len(s.words) - 1)
	for k := to - 1; k > from; k-- {
		if gap := s.text[s.words[k-1].To:s.words[k].From]; strings.ContainsAny(gap, "–—") || strings.Contains(gap, " - ") {
			from = k
			break
		}
	}
	last := s.words[from:to]
	if len(last) > 8 {
		last = last[len(last)-5:]
	}
	for _, w := range last {
		if w.in(jobs) || slices.ContainsFunc(c.names, func(n string) bool { return sameName(w.Fold, n) }) {
			return true
		}
	}
	// One to three words with capitals, none of them a common word: a name.
	if to-from > 5 {
		return false
	}
	for _, w := range last {
		if w.Capital && w.Kind == polish.Word && !commonEnd[w.Fold] && (!polish.Known(w.Fold) || givenName(w)) {
			return true
		}
	}
	return false
}

var (
	jobs = set(`obsluga wlasciciel wlascicielka kierownik kierowniczka serwis dyrektor dyrektorka prezes prezeska menedzer menadzer menedzerka manager owner support
		director founder opiekun opiekunka szef szefowa zalozycielka zalozyciel lekarz recepcja koordynator koordynatorka specjalista specjalistka
		doradca assistant care`)
	commonEnd = set("pozdrawiamy pozdrawiam zapraszamy dziekujemy zespol team regards kind best dziekuje przepraszamy do zobaczenia milego dnia firma")
)

// givenName tells whether a known word is one that people are called by: it ends like a name and stands with a capital in
// the middle or at the end of the text.
func givenName(w word) bool {
	r, _ := utf8.DecodeLastRuneInString(w.Text)
	return unicode.IsLetter(r) && slices.Contains(w.Lemmas, w.Fold) && utf8.RuneCountInString(w.Text) >= 3 && !smallPolish[w.Fold] && !smallEnglish[w.Fold]
}

// sending is L14 (R24): who is sent away while many watch is seen to be sent away.
func (c *check) sending() {
	if c.in.PileOn < 2 || c.in.Private {
		return
	}
	for _, p := range theBook().find("sending", c.s) {
		c.add(Sending, "private", c.s, p.From, p.To)
		return
	}
}

// echo is L15: a slur or a rumour that we repeat is spread by us.
func (c *check) echo() {
	s := c.s
	for _, p := range theBook().find("slur", s) {
		if c.told(s.words[p.From]) {
			c.add(Echo, "slur", s, p.From, p.To)
		}
	}
	const run = 5
	theirs := map[string]bool{}
	for i := 0; i+run <= len(c.said.words); i++ {
		theirs[joinFolds(c.said.words[i:i+run])] = true
	}
	for i := 0; i+run <= len(s.words); i++ {
		if theirs[joinFolds(s.words[i:i+run])] {
			c.add(Echo, "quote", s, i, i+run)
			return
		}
	}
}

func joinFolds(ws []word) string {
	var b strings.Builder
	for _, w := range ws {
		b.WriteString(w.Fold)
		b.WriteByte(' ')
	}
	return b.String()
}
