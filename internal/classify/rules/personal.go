package rules

import (
	"slices"
	"strings"

	"chop/internal/classify"
	"chop/internal/polish"
)

// personalData finds telephone numbers, PESEL, bank accounts, e-mail addresses and where a person lives.
func (f *Finding) personalData() {
	ws := f.page.words
	for i := 0; i < len(ws); i++ {
		switch ws[i].Kind {
		case polish.Mail:
			if !office(ws[i].Fold) {
				f.private("personal_data.mail", 0.6, i, i+1)
			}
		case polish.Number:
			i = max(i, f.digits(i)-1)
		case polish.Word:
			if to := f.account(i); to > i {
				f.private("personal_data.iban", 0.85, i, to)
				i = to - 1
			} else if lives[ws[i].Fold] && (i == 0 || ws[i-1].Fold != "tu") {
				f.address(i)
			}
		}
	}
}

// private adds a ground without repeating the data in it.
func (f *Finding) private(rule string, weight float64, from, to int) {
	f.add(classify.PersonalData, rule, weight, &hit{from: from, to: to})
	gs := f.labels[classify.PersonalData]
	gs[len(gs)-1].word = "…"
}

// office tells whether an e-mail address belongs to a desk rather than to a person.
func office(mail string) bool {
	name, _, _ := strings.Cut(mail, "@")
	return slices.ContainsFunc(desks, func(d string) bool { return strings.HasPrefix(name, d) })
}

var desks = []string{"info", "kontakt", "biuro", "sklep", "hello", "rezerwacj", "recepcja", "office", "contact", "sekretariat",
	"zamowieni", "reklamacj", "bok", "help", "support", "sales", "pomoc", "admin", "firma", "hr", "rekrutacj", "praca"}

// digits reads a run of numbers at word i and returns where it ends.
func (f *Finding) digits(i int) int {
	ws := f.page.words
	all, to := "", i
	for to < len(ws) && ws[to].Kind == polish.Number && len(all) < 30 {
		if to > i && len(strings.Trim(f.page.text[ws[to-1].To:ws[to].From], " -().")) > 0 {
			break
		}
		all += onlyDigits(ws[to].Fold)
		to++
	}
	plus := strings.HasSuffix(f.page.text[:ws[i].From], "+") || strings.HasPrefix(all, "0048")
	switch {
	case f.numberOf(i):
	case len(all) == 11 && !plus && pesel(all):
		f.private("personal_data.pesel", 0.9, i, to)
	case len(all) == 26 && iban("PL"+all):
		f.private("personal_data.iban", 0.9, i, to)
	case phone(all, plus) && (to-i > 1 || plus || f.calls(i) || mobile(all)):
		f.private("personal_data.phone", 0.66, i, to)
	}
	return to
}

func onlyDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
}

// numberOf tells whether the words before say that the number is of an order, a receipt or a firm.
func (f *Finding) numberOf(i int) bool {
	for k := max(0, i-3); k < i; k++ {
		if orderWords[f.page.words[k].Fold] {
			return true
		}
	}
	return false
}

var orderWords = set(`zamowienie zamowienia zamowieniu zam paragon paragonu faktura faktury fv nip krs regon paczka paczki przesylka
	przesylki sledzenia allegro order tracking invoice receipt model kod ean reklamacja reklamacji zgloszenie zgloszenia infolinia`)

func (f *Finding) calls(i int) bool {
	for k := max(0, i-2); k < i; k++ {
		if callWords[f.page.words[k].Fold] {
			return true
		}
	}
	return false
}

var callWords = set("tel telefon numer nr komorka kom dzwon dzwonic dzwoncie zadzwon phone call number mobile whatsapp")

// phone tells whether the digits can be a Polish telephone number: nine, or eleven with the country in front.
func phone(d string, plus bool) bool {
	d = strings.TrimPrefix(d, "00")
	if len(d) == 11 {
		d = strings.TrimPrefix(d, "48")
	}
	if plus && len(d) >= 10 && len(d) <= 14 {
		return true
	}
	return len(d) == 9 && d[0] != '0' && d[0] != '9'
}

// mobile tells whether nine digits in one piece begin like a Polish mobile number.
func mobile(d string) bool {
	return len(d) == 9 && slices.Contains([]string{"45", "50", "51", "53", "57", "60", "66", "69", "72", "73", "78", "79", "88"}, d[:2])
}

// pesel checks date and check digit of a Polish personal number.
func pesel(d string) bool {
	sum := 0
	for i, w := range []int{1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1} {
		sum += w * int(d[i]-'0')
	}
	month := (int(d[2]-'0')*10 + int(d[3]-'0')) % 20
	day := int(d[4]-'0')*10 + int(d[5]-'0')
	return sum%10 == 0 && month >= 1 && month <= 12 && day >= 1 && day <= 31
}

// account reads an IBAN whose country letters begin word i ("PL61 1090 ...") and returns where it ends.
func (f *Finding) account(i int) int {
	ws := f.page.words
	first := strings.ToUpper(ws[i].Fold)
	if len(first) < 2 || len(first) > 34 || !upperLetters(first[:2]) || strings.Trim(first[2:], "0123456789") != "" {
		return i
	}
	all := first
	for to := i + 1; ; to++ {
		if len(all) == accounts[all[:2]] && iban(all) {
			return to
		}
		if to >= len(ws) || len(all) > 34 || ws[to].Kind != polish.Number || strings.TrimSpace(f.page.text[ws[to-1].To:ws[to].From]) != "" {
			return i
		}
		all += onlyDigits(ws[to].Fold)
	}
}

// accounts are the lengths of IBANs of digits only, by country (ISO 13616 registry).
var accounts = map[string]int{"PL": 28, "DE": 22, "CZ": 24, "SK": 24, "LT": 20, "AT": 20, "BE": 16, "ES": 24, "HU": 28, "DK": 18}

func upperLetters(s string) bool { return strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == "" }

// iban checks the two check digits (ISO 13616: remainder 1 by 97 with the first four signs moved to the end).
func iban(s string) bool {
	if len(s) < 15 || len(s) > 34 {
		return false
	}
	rest := 0
	for _, c := range []byte(s[4:] + s[:4]) {
		switch {
		case c >= '0' && c <= '9':
			rest = (rest*10 + int(c-'0')) % 97
		case c >= 'A' && c <= 'Z':
			rest = (rest*100 + int(c-'A') + 10) % 97
		default:
			return false
		}
	}
	return rest == 1
}

var lives = set("mieszka mieszkaja mieszkasz mieszkacie zamieszkaly zamieszkala adres adresem ul ulica ulicy lives address")

// address looks for a street and a house number after a word that says somebody lives there.
func (f *Finding) address(i int) {
	ws := f.page.words
	person := ws[i].Fold != "ul" && ws[i].Fold != "ulica" && ws[i].Fold != "ulicy" && !strings.HasPrefix(ws[i].Fold, "adres")
	for k := i + 1; k < len(ws) && k <= i+6 && ws[k].Clause-ws[i].Clause < 2; k++ {
		if lives[ws[k].Fold] || ws[k].Kind != polish.Number && !houseNumber(ws[k].Fold) {
			continue
		}
		w := 0.45
		if person || f.namesPerson(i) {
			w = 0.8
		}
		if k > i+1 && (Street(ws[k-1].Fold) || !person) {
			f.private("personal_data.address", w, i, k+1)
		}
		return
	}
}

func houseNumber(f string) bool { return len(f) <= 4 && f[0] >= '1' && f[0] <= '9' }

// Street tells whether a folded word has the ending most Polish street names have in an address.
func Street(f string) bool {
	for _, end := range []string{"owej", "owa", "nej", "na", "skiej", "ska", "ckiej", "cka", "iej", "a"} {
		if len(f) > len(end)+2 && strings.HasSuffix(f, end) {
			return len(end) > 1 || !polish.Known(f)
		}
	}
	return false
}

// namesPerson tells whether the five words before i name where somebody lives.
func (f *Finding) namesPerson(i int) bool {
	for k := max(0, i-5); k < i; k++ {
		if w := f.page.words[k].Fold; w == "mieszka" || w == "mieszkaja" || w == "lives" || w == "jego" || w == "jej" {
			return true
		}
	}
	return false
}

// spam adds what only links and repetition tell.
func (f *Finding) spam() {
	links, first := 0, -1
	for i := range f.page.words {
		if f.page.words[i].Kind == polish.Link {
			if links++; first < 0 {
				first = i
			}
		}
	}
	if links == 0 {
		return
	}
	h := &hit{from: first, to: first + 1}
	switch {
	case f.page.letters == links, links >= 3:
		f.add(classify.Spam, "spam.link", 0.55, h)
	case len(f.labels[classify.Spam]) > 0 || len(f.hints["ad"]) > 0:
		f.add(classify.Spam, "spam.link", 0.4, h)
	}
	if l := f.page.words[first].Fold; strings.HasPrefix(l, "bit.ly") || strings.HasPrefix(l, "t.me") || strings.Contains(l, "wa.me/") {
		f.add(classify.Spam, "spam.link", 0.45, h)
	}
}
