package lint

import (
	"slices"
	"strings"
	"unicode"

	"chop/internal/polish"
)

// legal is L5: no word of law in an answer to a comment, unless a lawyer writes (G2: nobody is threatened).
func (c *check) legal() {
	if c.in.Lawyer {
		return
	}
	c.both(func(s *sheet) {
		for _, p := range theBook().find("legal", s) {
			c.add(Legal, "threat", s, p.From, p.To)
		}
		for i := range s.words {
			if c.court(s, i) {
				c.add(Legal, "threat", s, i, i+1)
			}
		}
	})
	c.halves()
}

// halves finds words of law that a space cuts in two ("praw nik").
func (c *check) halves() {
	s := c.plain
	for i := 1; i < len(s.words); i++ {
		a, b := s.words[i-1], s.words[i]
		f := a.Fold + b.Fold
		if len(f) < 5 || len(f) > 16 || a.Sentence != b.Sentence || len(f) < 7 && polish.Known(a.Fold) && polish.Known(b.Fold) {
			continue
		}
		one := &sheet{words: []word{{Fold: f, Lemmas: polish.Lemmas(f)}}}
		if theBook().says("legal", one) {
			c.add(Legal, "threat", s, i-1, i+1)
		}
	}
}

var (
	courts      = set("sad sadu sadowi sadem sadzie sady sadow sadom sadami sadach")
	courtly     = set("sadowy sadowa sadowe sadowego sadowej sadowemu sadowym sadowych sadowymi")
	amicable    = set("polubowny polubownego polubownym polubowne konsumencki konsumenckiego konsumenckim adr rejestrowy rejestrowego")
	toCourt     = set("do w we przed przez przy")
	courtAround = set(`sprawa sprawe sprawie sprawy spotkamy spotkac zobaczymy widzimy pojdziemy pojde isc skierujemy skieruje oddamy oddac trafi trafic zglosimy
		wystapimy rozstrzygnie zdecyduje orzeknie wyrok rejonowy rejonowego okregowy okregowego cywilny karny wniosek`)
)

// court tells whether word i is a court. Folded, a court is an orchard ("sad"); with its own letters it is not. Where a
// text has no Polish letters at all, the words around it tell.
func (c *check) court(s *sheet, i int) bool {
	w := s.words[i]
	own := strings.ContainsAny(w.Text, "ąĄ")
	wild := w.Wild && (w.Fold == "s?d" || w.Fold == "s?du" || w.Fold == "s?dem" || w.Fold == "s?dzie")
	switch {
	case !courts[w.Fold] && !courtly[w.Fold] && !wild:
		return false
	case s.inSentence(i, amicable):
		return false // where a consumer may turn to: the law asks firms to say so
	case own || wild:
		return true
	case courtly[w.Fold]:
		return !c.english && !accented(c.in.Text)
	case s != c.plain && (len(w.Text) > len(w.Fold)+1 || strings.ContainsAny(w.Text, "0123456789@$")): // it was disguised
		return true
	case c.english && w.Fold == "sad":
		return false
	case accented(c.in.Text):
		return s.inSentence(i, courtAround)
	}
	return s.around(i, 2, 0, toCourt) || s.inSentence(i, courtAround) || w.Fold == "sadem" || w.Fold == "sad" && !c.english
}

// third is L13 and G5: at most two public replies to one author in a thread.
func (c *check) third() {
	if !c.in.Private && c.in.Replies >= 2 {
		c.add(Third, "third", nil, 0, 0)
	}
}

// money is L6 and G10: no money, voucher or discount before everybody's eyes, and never anything for a review. A refund
// that law or contract gives anyway may be named.
func (c *check) money() {
	b := theBook()
	c.both(func(s *sheet) {
		asked, gifts := c.takedowns(s), c.given(s)
		for _, p := range asked {
			switch {
			case len(gifts) > 0:
				c.add(Money, "trade", s, p.From, p.To)
			case c.begs(s, p):
				c.add(Money, "review", s, p.From, p.To)
			}
		}
		if c.in.Private {
			return
		}
		for _, p := range gifts {
			c.add(Money, "offer", s, p.From, p.To)
		}
		if len(asked) == 0 {
			return
		}
		for _, p := range b.find("refund", s) {
			c.add(Money, "trade", s, p.From, p.To)
		}
	})
}

// given are the offers of money and gifts. General answers about prices and discounts are none: an offer speaks to
// somebody, or makes up for something.
func (c *check) given(s *sheet) (out []place) {
	b := theBook()
	for _, p := range b.find("gift", s) {
		if s.denied(p.From, 2) || slices.ContainsFunc(s.words[p.From:p.To], func(w word) bool { return negations[w.Fold] }) {
			continue
		}
		if s.inSentence(p.From, general) && !s.inSentence(p.From, personally) {
			continue
		}
		out = append(out, p)
	}
	for _, p := range b.find("refund", s) {
		if s.denied(p.From, 2) || c.lawful(s, p) {
			continue
		}
		out = append(out, p)
	}
	return out
}

var (
	// general words say that an offer is for everybody and answers a buyer.
	general = set(`wszystkich wszyscy kazdy kazdemu stalych nowych newsletter newslettera newsletterze sklepie koszyku zapisie studentow seniorow obowiazuje
		obowiazuja wynosi promocja promocji promocje sezonowa regularnie karty karta lojalnosciowej everyone customers members students seasonal
		newsletter checkout darmowa dostawa`)
	personally = set(`panu pani panstwu pana ci tobie ciebie twoj twoje you your przeprosin rekompensaty rekompensate zadoscuczynienia niedogodnosci
		compensation apology inconvenience opinie opinii recenzje review`)
)

// lawful tells whether a refund stands on law or contract: words of that kind in its sentence.
func (c *check) lawful(s *sheet, p place) bool {
	from, to := s.sentence(p.From)
	part := &sheet{text: s.text, words: s.words[from:to], sentences: s.sentences, marks: s.marks}
	return theBook().says("basis", part)
}

// takedowns are the places that speak of taking a review away or changing it, of what others wrote.
func (c *check) takedowns(s *sheet) (out []place) {
	for _, p := range theBook().find("takedown", s) {
		if s.denied(p.From, 3) || s.around(p.From, 4, 4, weDid) {
			continue
		}
		out = append(out, p)
	}
	return out
}

var weDid = set(`usunelismy usunieto zmienilismy poprawilismy ukrylismy zaktualizowalismy podstawie dzieki removed changed updated our nasz nasza
	nasze nasza naszego naszej`)

func (c *check) begs(s *sheet, p place) bool {
	from, to := s.sentence(p.From)
	part := &sheet{text: s.text, words: s.words[from:to], sentences: s.sentences, marks: s.marks}
	return theBook().says("begging", part)
}

// denial is G9: as long as it is not proven false, nothing is denied; and nobody who criticises is ever attacked
// (domain/decisions.md 1.2).
func (c *check) denial() {
	b := theBook()
	open := c.in.Truth == "true" || c.in.Truth == "partly" || c.in.Truth == "unknown"
	c.both(func(s *sheet) {
		if open {
			for _, p := range b.find("denial", s) {
				c.add(Denial, "denial", s, p.From, p.To)
			}
		}
		for _, p := range b.find("attack", s) {
			if !s.denied(p.From, 2) || s.words[p.From].Fold == "prosze" {
				c.add(Denial, "attack", s, p.From, p.To)
			}
		}
	})
}

// blame is L16: nobody who works for the firm is blamed by name before everybody's eyes. The firm itself takes it. Who
// will mend it may be named.
func (c *check) blame() {
	c.both(func(s *sheet) {
		for i := range s.words {
			if !c.person(s, i) || !blamed(s, i) {
				continue
			}
			if from, to := s.sentence(i); ours(s, from, to) {
				continue
			}
			c.add(Blame, "name", s, i, i+1)
		}
	})
}

// blamed tells whether the words around the name at i put the fault on it: what the person did, or "the fault of".
func blamed(s *sheet, i int) bool {
	near := func(k int) bool { return k >= 0 && k < len(s.words) && s.words[k].Sentence == s.words[i].Sentence }
	for k := i - 1; near(k) && k >= i-4; k-- {
		switch w := s.words[k].Fold; {
		case mending[w]:
			return false
		case faultVerbs[w], k >= i-3 && faultNouns[w], k >= i-2 && (w == "przez" || w == "blame" || w == "blamed"):
			return true
		}
	}
	for k := i + 1; near(k) && k <= i+6; k++ {
		switch w := s.words[k].Fold; {
		case mending[w]:
			return false
		case faultVerbs[w], k <= i+4 && englishFault[w]:
			return true
		}
	}
	return false
}

var (
	faultVerbs = set(`zawinil zawinila pomylil pomylila zapomnial zapomniala dopilnowal dopilnowala zaniedbal zaniedbala spoznil spoznila zepsul zepsula
		zwolniony zwolniona zwolnilismy zwolniono ukarany ukarana ukaralismy ukarano upomniany upomniana upomnielismy nawalil nawalila zlekcewazyl
		zlekcewazyla niegrzeczny niegrzeczna opryskliwy opryskliwa dyscyplinarnie zawiodl zawiodla popelnil popelnila winny winna winien zniszczyl
		zniszczyla zgubil zgubila sknocil sknocila forgot messed failed neglected careless fired dismissed disciplined reprimanded rude incompetent
		blamed broke lost`)
	faultNouns   = set(`wina winy wine wino blad bledu bledem bledy bledow pomylka pomylki pomylke niedopatrzenie niedopatrzenia zaniedbanie zaniedbania fault mistake error`)
	englishFault = set("fault mistake mistakes error")
	mending      = set(`naprawi poprawi wyjasni zadzwoni odpowie odpisze zajmie sprawdzi pomoze skontaktuje odezwie wroci usunie wymieni przeprasza will fix correct solve
		call help check reply answer`)
)

// ours tells whether the sentence takes the blame for the firm: "to nasz błąd".
func ours(s *sheet, from, to int) bool {
	for k := from; k+1 < to; k++ {
		if ourWords[s.words[k].Fold] && (faultNouns[s.words[k+1].Fold] || k+2 < to && faultNouns[s.words[k+2].Fold]) {
			return true
		}
	}
	return false
}

var ourWords = set("nasz nasza nasze naszego naszej naszym moj moja moje mojego mojej our my")

// person tells whether word i names somebody of the firm: a name from its list, or a name behind a role ("kurier Marek").
func (c *check) person(s *sheet, i int) bool {
	w := s.words[i]
	if !w.Capital || w.Kind != polish.Word || len(w.Fold) < 3 {
		return false
	}
	if slices.ContainsFunc(c.names, func(n string) bool { return sameName(w.Fold, n) }) {
		return true
	}
	return i > 0 && !w.First && s.words[i-1].in(roles)
}

var roles = set(`kelner kelnerka kurier pracownik pracownica kasjer kasjerka kierownik kierowniczka kucharz recepcjonista recepcjonistka konsultant
	konsultantka stazysta stazystka praktykant praktykantka asystent asystentka lekarz lekarka doktor mechanik kierowca sprzedawca sprzedawczyni
	magazynier kolega kolezanka szef szefowa waiter waitress courier employee intern manager cashier driver colleague clerk trainee`)

// sameName tells whether a form found in the text is a name in some case: "Kasi", "Kasię", "Kasia".
func sameName(form, name string) bool {
	if form == name {
		return true
	}
	n := min(len(form), len(name))
	same := 0
	for same < n && form[same] == name[same] {
		same++
	}
	return same >= 3 && same >= len(name)-2 && len(form) <= len(name)+3 || same == 2 && len(name) == 3 && len(form) <= 4
}

// coolDown is L17: what the owner typed at night rests before it is sent.
func (c *check) coolDown() {
	if c.in.Owner && c.in.Night && c.in.Typed > 30 && c.in.SinceTyped < CoolDownTime {
		c.add(CoolDown, "night", nil, 0, 0)
	}
}

// mostNames bounds how many words with a capital are remembered as names.
const mostNames = 200

// known gathers what the author said and what the firm publishes, for comparing.
func (c *check) known() {
	c.said = lay(strings.Join(append([]string{c.in.Source}, c.in.Disclosed...), "\n"))
	c.public = lay(strings.Join(append([]string{c.in.Firm}, c.in.Known...), "\n"))
	c.saidWords, c.figuresSaid = map[string]bool{}, map[string]bool{}
	for _, w := range c.said.words {
		c.saidWords[w.Fold] = true
		for _, l := range w.Lemmas {
			c.saidWords[l] = true
		}
	}
	for _, s := range []*sheet{c.said, c.public} {
		for _, w := range s.words {
			c.figuresSaid[digits(w.Fold)] = true
			if w.Capital && len(c.called) < mostNames && !slices.Contains(c.called, w.Fold) {
				c.called = append(c.called, w.Fold)
			}
		}
	}
	for _, n := range c.in.Staff {
		for _, t := range polish.Tokens(n) {
			if t.Kind == polish.Word && len(t.Fold) >= 3 {
				c.names = append(c.names, t.Fold)
			}
		}
	}
}

// upper tells whether all letters are capitals.
func upper(s string) bool {
	n := 0
	for _, r := range s {
		if unicode.IsLetter(r) {
			if !unicode.IsUpper(r) {
				return false
			}
			n++
		}
	}
	return n > 0
}
