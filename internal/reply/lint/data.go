package lint

import (
	"slices"
	"strings"

	"chop/internal/polish"
)

// publicData is L3 (G4): nobody is asked for data where everybody reads. What leads to a private place may name them.
func (c *check) publicData() {
	if c.in.Private {
		return
	}
	b := theBook()
	c.both(func(s *sheet) {
		for _, p := range b.find("askdata", s) {
			last := p.To - 1
			switch {
			case s.denied(p.From, 3), s.around(p.From, 3, 0, wePlease): // "nie podawaj", "możemy podać"
			case last+1 < len(s.words) && (s.words[last+1].Kind == polish.Number || ofThings[s.words[last+1].Fold]):
			case s.around(last, 2, 0, ourPlace) || ofThings[s.words[last].Fold]:
			case c.aside(s, p) && !c.openly(s, p):
			default:
				c.add(PublicData, "ask", s, p.From, p.To)
			}
		}
	})
}

var (
	wePlease = set("mozemy moge mogę chetnie podamy zamierzamy")
	ofThings = set(`katalogowy katalogowego buta butow rozmiaru modelu koloru artykulu produktu seryjny czesci strony sklepu salonu naszego nasz infolinii biura
		firmy restauracji gabinetu our the`)
	ourPlace = set("nasz naszego naszym naszą nasza naszej pod our")
)

// aside tells whether the sentence leads to a place that others do not read. A promise to write back is none.
func (c *check) aside(s *sheet, p place) bool {
	from, to := s.sentence(p.From)
	for k := from; k < to; k++ {
		if s.words[k].Kind == polish.Mail || s.words[k].Kind == polish.Link || s.words[k].Kind == polish.Handle {
			return true
		}
	}
	part := &sheet{text: s.text, words: s.words[from:to], sentences: s.sentences, marks: s.marks}
	for _, q := range theBook().find("private", part) {
		if at := q.From + from; !callsBack(s, at) && (at < p.From || at >= p.To-1 || !contacts[s.words[at].Fold]) {
			return true
		}
	}
	return false
}

var contacts = set("telefon telefonu mail maila mejla email emaila phone")

func callsBack(s *sheet, i int) bool {
	for k := i - 1; k >= 0 && k >= i-3 && s.words[k].Sentence == s.words[i].Sentence; k-- {
		for _, begin := range []string{"oddzw", "odezw", "odpis", "skontakt", "zadzwonimy", "zadzwonie"} {
			if strings.HasPrefix(s.words[k].Fold, begin) {
				return true
			}
		}
	}
	return false
}

func (c *check) openly(s *sheet, p place) bool {
	from, to := s.sentence(p.From)
	part := &sheet{text: s.text, words: s.words[from:to], sentences: s.sentences, marks: s.marks}
	for _, q := range theBook().find("openly", part) {
		if !part.denied(q.From, 3) && !part.around(q.From, 2, 0, notHere) {
			return true
		}
	}
	return false
}

var notHere = set("zamiast poza instead")

// confirming is L4 (G4): a public answer neither tells nor confirms that somebody is a client, and gives no detail that
// they did not give themselves.
func (c *check) confirming() {
	if c.in.Private {
		return
	}
	c.both(func(s *sheet) {
		c.status(s)
		c.possessions(s)
		c.figures(s)
		c.strangers(s)
		for _, p := range theBook().find("diagnosis", s) {
			if s.inSentence(p.From, youWords) && !c.told(s.words[p.From]) {
				c.add(Confirming, "health", s, p.From, p.To)
			}
		}
	})
}

var youWords = set(`pan pana panu panem pani pania panie panstwo panstwa panstwu twoj twoja twoje twojego twojej twoim ci ciebie tobie cie panska panskie panski
	panskiego panskiej you your yours`)

// status finds words that say somebody is or was a client.
func (c *check) status(s *sheet) {
	for _, p := range theBook().find("confirm", s) {
		in := s.words[p.From:p.To]
		secret := slices.ContainsFunc(in, func(w word) bool { return w.in(secretly) })
		switch {
		case c.perhaps(s, p), s.inSentence(p.From, everybody):
		case s.denied(p.From, 2), slices.ContainsFunc(in, func(w word) bool { return negations[w.Fold] }):
		case !secret && c.experienced():
		default:
			c.add(Confirming, "client", s, p.From, p.To)
		}
	}
}

var (
	secretly  = set("pacjent pacjentka pacjentem pacjentow pacjentami kartotece kartoteke kartoteka dokumentacji dokumentacje bazie systemie ewidencji rejestrze historii historie karte karcie konto patient patients file records record chart history")
	everybody = set("kazdy kazda wszyscy wszystkim wszystkich everyone every anyone")
	perhaps   = set("jesli jezeli gdyby czy ilekroc if whether unless")
)

// perhaps tells whether the words stand under a condition: "jeśli była Pani u nas".
func (c *check) perhaps(s *sheet, p place) bool {
	from, _ := s.sentence(p.From)
	for k := from; k < p.To; k++ {
		if perhaps[s.words[k].Fold] || s.words[k].Fold == "ile" && k > from && s.words[k-1].Fold == "o" {
			return true
		}
	}
	return false
}

// experienced tells whether the author says they were a client: their own past ("zamówiłam", "I ordered").
func (c *check) experienced() bool {
	for i, w := range c.said.words {
		f := w.Fold
		for _, end := range []string{"lem", "lam", "lismy", "lysmy"} {
			if len(f) > len(end)+1 && strings.HasSuffix(f, end) && w.Kind == polish.Word {
				return true
			}
		}
		if (f == "i" || f == "we") && i+1 < len(c.said.words) && pastEnglish[c.said.words[i+1].Fold] || f == "my" && i+1 < len(c.said.words) && c.inGroup(c.said.words[i+1]) != "" {
			return true
		}
		if f == "klientka" || f == "klientem" || f == "customer" {
			return true
		}
	}
	return false
}

var pastEnglish = set("was were ordered bought visited stayed booked waited received got came went had paid returned called purchased ate")

// groups of what belongs to somebody; those of health and debts must have been named by the author in the same word.
var groups = []string{"g_order", "g_visit", "g_service", "g_claim", "g_health", "g_debt"}

func (c *check) inGroup(w word) string {
	for _, g := range groups {
		if theBook().class(g).fits(&w) {
			return g
		}
	}
	return ""
}

// possessions finds "Pana zamówienie" where the author spoke of none.
func (c *check) possessions(s *sheet) {
	for _, p := range theBook().find("detail", s) {
		w, your := s.words[p.To-1], s.words[p.From]
		g := c.inGroup(w)
		switch {
		case c.told(w), c.perhaps(s, p), s.denied(p.From, 1):
		case your.Fold == "panstwa" && !singular[w.Fold]:
		case g == "g_health" || g == "g_debt":
			c.add(Confirming, "detail", s, p.From, p.To)
		case c.experienced(), c.groupTold(g), g == "g_claim" && c.groupTold("g_order"):
		default:
			c.add(Confirming, "detail", s, p.From, p.To)
		}
	}
}

var singular = set("zamowienie paczka paczke wizyta wizyte rezerwacja rezerwacje reklamacja reklamacje zgloszenie leczenie zabieg")

func (c *check) groupTold(g string) bool {
	e := theBook().class(g)
	return slices.ContainsFunc(c.said.words, func(w word) bool { return e.fits(&w) })
}

// told tells whether the author used the word, in any form.
func (c *check) told(w word) bool {
	return c.saidWords[w.Fold] || slices.ContainsFunc(w.Lemmas, func(l string) bool { return c.saidWords[l] })
}

// figures finds numbers of orders, dates and amounts that the author did not give.
func (c *check) figures(s *sheet) {
	for i := range s.words {
		d := digits(s.words[i].Fold)
		if d == "" || c.figureKnown(d) {
			continue
		}
		to := i + 1
		switch {
		case c.orderNumber(s, i, d):
			c.add(Confirming, "number", s, i, to)
		case c.dated(s, i):
			c.add(Confirming, "date", s, i, to)
		case c.amount(s, i):
			c.add(Confirming, "amount", s, i, to)
		}
	}
}

func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
}

func (c *check) figureKnown(d string) bool { return c.figuresSaid[d] }

var (
	orderly = set(`zamowienie zamowienia zamowieniu zamowieniem faktura faktury fakture fv paragon paragonu paczka paczki paczke przesylka przesylki rezerwacja rezerwacji
		rezerwacje reklamacja reklamacji reklamacje zgloszenie zgloszenia umowa umowy umowe polisa polisy order invoice booking reservation ticket case
		account parcel claim policy klienta pacjenta wizyta wizyty`)
	units = set(`zl pln zlotych zlote euro eur dni dzien dnia godzin godziny godz h min minut minuty tygodni tygodnie tygodnia miesiecy miesiace lat lata sztuk szt stopni cm
		mm kg g m km procent c days day hours hour minutes weeks months years times razy osob`)
	toCall = set("tel telefon telefonu telefonicznie dzwonic zadzwonic dzwon infolinia infolinii call phone")
	months = set(`stycznia lutego marca kwietnia maja czerwca lipca sierpnia wrzesnia pazdziernika listopada grudnia january february march april may june july
		august september october november december jan feb mar apr jun jul aug sep oct nov dec`)
	promising = set("do od najpozniej przed na until by before since przez miedzy")
	ofPast    = set("z ze dnia dniu w on from of dated")
)

// orderNumber tells whether the number at i is one of an order, an invoice or the like.
func (c *check) orderNumber(s *sheet, i int, d string) bool {
	if len(d) < 3 || i+1 < len(s.words) && s.words[i+1].Sentence == s.words[i].Sentence && (units[s.words[i+1].Fold] || months[s.words[i+1].Fold]) ||
		len(d) == 9 || s.around(i, 4, 0, toCall) || s.words[i].Kind == polish.Mail || s.words[i].Kind == polish.Link || isDate(s.words[i]) {
		return false
	}
	if i+1 < len(s.words) && s.words[i+1].Kind == polish.Number && s.text[s.words[i].To:s.words[i+1].From] == " " {
		return false // a telephone number in groups
	}
	if i > 0 && s.words[i-1].Kind == polish.Number && s.text[s.words[i-1].To:s.words[i].From] == " " {
		return false
	}
	if f := s.words[i].From; f > 0 && s.text[f-1] == '#' {
		return true
	}
	for k := i - 1; k >= 0 && k >= i-3 && s.words[k].Sentence == s.words[i].Sentence; k-- {
		if w := s.words[k].Fold; orderly[w] {
			return true
		} else if w != "nr" && w != "numer" && w != "numerze" && w != "number" && w != "no" && w != "o" && w != "id" {
			return false
		}
	}
	return false
}

func isDate(w word) bool {
	f := w.Fold
	d := digits(f)
	return strings.Count(f, ".") >= 1 && len(d) >= 2 && len(d) <= 8 && !strings.Contains(f, ",")
}

// dated tells whether a date of the author's past stands at i: of an order or a visit, not of what we promise.
func (c *check) dated(s *sheet, i int) bool {
	w, next := s.words[i], ""
	if i+1 < len(s.words) && s.words[i+1].Sentence == w.Sentence {
		next = s.words[i+1].Fold
	}
	slash := i+1 < len(s.words) && s.words[i+1].Kind == polish.Number && strings.Trim(s.text[w.To:s.words[i+1].From], "/-.") == "" && w.To < s.words[i+1].From
	if w.Kind != polish.Number || !isDate(w) && !months[next] && !slash {
		return false
	}
	if i > 0 && s.words[i-1].Sentence == w.Sentence && promising[s.words[i-1].Fold] {
		return false
	}
	before := i > 0 && s.words[i-1].Sentence == w.Sentence && ofPast[s.words[i-1].Fold]
	for k := i - 1; k >= 0 && k >= i-4 && s.words[k].Sentence == w.Sentence; k-- {
		if c.inGroup(s.words[k]) != "" && (before || k >= i-2) {
			return true
		}
	}
	return before && s.inSentence(i, youWords) && s.inSentence(i, didPast)
}

var didPast = set(`byl byla byli kupil kupila kupili zamowil zamowila zamowili zamawial zamawiala odebral odebrala otrzymal otrzymala dostal dostala zlozyl zlozyla
	odwiedzil odwiedzila dzwonil dzwonila pisal pisala zglosil zglosila zaplacil zaplacila visited ordered bought booked received paid called wrote
	stayed`)

// amount tells whether a sum of the author's stands at i.
func (c *check) amount(s *sheet, i int) bool {
	next := ""
	if i+1 < len(s.words) {
		next = s.words[i+1].Fold
	}
	money := next == "zl" || next == "pln" || next == "zlotych" || next == "eur" || next == "euro" || strings.HasSuffix(s.words[i].Fold, "zl")
	if f := s.words[i].From; !money && (f == 0 || !strings.ContainsAny(s.text[max(0, f-3):f], "$£€")) {
		return false
	}
	return s.inSentence(i, youWords) && s.inSentence(i, sums)
}

var sums = set(`zaplacil zaplacila kupil kupila kwota kwote kwoty rachunek rachunku paragon faktura zamowienie zamowienia dlug dlugu zaleglosc zadluzenie wplata wplacil
	wplacila paid spent bill invoice order bought debt`)

// strangers finds a name given to the author that readers do not see: "Pani Nowak" under a nickname.
func (c *check) strangers(s *sheet) {
	for i := 1; i < len(s.words); i++ {
		w, before := s.words[i], s.words[i-1]
		if !panForms[before.Fold] || !w.Capital || w.Kind != polish.Word || w.Sentence != before.Sentence || titles[w.Fold] || len(w.Fold) < 3 || upper(w.Text) && len(w.Text) > 3 && upper(before.Text) {
			continue
		}
		if c.knownName(w) || i+1 < len(s.words) && (s.words[i+1].Fold == "z" || s.words[i+1].Fold == "from") || panForms[w.Fold] {
			continue
		}
		c.add(Confirming, "person", s, i, i+1)
	}
}

var (
	panForms = set("pan pana panu panem pani pania panie panstwo mr mrs ms")
	titles   = set("doktor doktorze doktora profesor profesorze redaktor redaktorze kierownik mecenas mecenasie prezes prezesie dyrektor dyrektorze magister inzynier google facebook")
)

// knownName tells whether the name may be said: the author shows it, wrote it, or it is one of the firm's people.
func (c *check) knownName(w word) bool {
	for _, t := range polish.Tokens(c.in.Author) {
		if sameName(w.Fold, t.Fold) || familiar(w.Fold, t.Fold) {
			return true
		}
	}
	if slices.ContainsFunc(c.names, func(n string) bool { return sameName(w.Fold, n) || familiar(w.Fold, n) }) {
		return true
	}
	return slices.ContainsFunc(c.called, func(n string) bool { return sameName(w.Fold, n) })
}

// short names that share few letters with the full one.
var shortNames = map[string]string{"kas": "katarzyna", "kasi": "katarzyna", "ol": "aleksandra", "ola": "aleksandra", "olu": "aleksandra", "gos": "malgorzata", "asi": "joanna",
	"asia": "joanna", "basi": "barbara", "bas": "barbara", "zosi": "zofia", "magd": "magdalena", "mag": "magdalena", "tom": "tomasz", "kub": "jakub",
	"ani": "anna", "han": "anna", "ew": "ewa", "ewo": "ewa", "jas": "jan", "ja": "jan", "wojt": "wojciech", "staś": "stanislaw", "bart": "bartosz",
	"krzys": "krzysztof", "grzes": "grzegorz", "aga": "agnieszka", "agni": "agnieszka", "agu": "agnieszka", "dor": "dorota", "ela": "elzbieta", "elu": "elzbieta", "eli": "elzbieta"}

func familiar(form, name string) bool { return isShort(form, name) || isShort(name, form) }

func isShort(form, name string) bool {
	for begin, full := range shortNames {
		if strings.HasPrefix(form, begin) && strings.HasPrefix(full, name[:min(len(name), 4)]) && len(name) >= 3 && len(form) <= len(begin)+3 {
			return true
		}
	}
	return false
}
