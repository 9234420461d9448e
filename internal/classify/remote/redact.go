package remote

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"chop/internal/classify/rules"
	"chop/internal/polish"
)

// Redact replaces what points at a person by placeholders: telephone numbers, e-mail addresses, account and personal
// numbers and other long numbers, links, handles, addresses, names after "pan" or "pani", initials, and the given names
// of people in every Polish case. It hides rather too much than too little. It cannot know a name that stands alone and
// is not among names.
func Redact(text string, names []string) string {
	r := redaction{text: text, ws: polish.Tokens(text), stems: stems(names)}
	for i := 0; i < len(r.ws); {
		to, as := r.at(i)
		if as == "" {
			i++
			continue
		}
		r.replace(i, to, as)
		i = to
	}
	return r.out.String() + text[r.done:]
}

type redaction struct {
	text  string
	ws    []polish.Token
	stems []stem
	out   strings.Builder
	done  int // bytes of text already written
}

func (r *redaction) replace(from, to int, as string) {
	begin := r.ws[from].From
	r.out.WriteString(r.text[r.done:begin])
	r.out.WriteString(as)
	r.done = r.ws[to-1].To
}

// at reads what begins at word i: where it ends and its placeholder, "" when it may stay.
func (r *redaction) at(i int) (to int, as string) {
	w := r.ws[i]
	switch w.Kind {
	case polish.Mail:
		return i + 1, "[MAIL]"
	case polish.Link:
		return i + 1, "[LINK]"
	case polish.Handle:
		return i + 1, "[HANDLE]"
	case polish.Emoji:
		return i, ""
	}
	for _, find := range []func(int) (int, string){r.account, r.number, r.postcode, r.address, r.titled, r.initial, r.known} {
		if to, as := find(i); as != "" {
			return to, as
		}
	}
	return i, ""
}

// account reads an IBAN whose country letters begin word i.
func (r *redaction) account(i int) (int, string) {
	first := strings.ToUpper(r.ws[i].Fold)
	if r.ws[i].Kind != polish.Word || len(first) < 2 || len(first) > 34 || !letters(first[:2]) || !figures(first[2:]) {
		return i, ""
	}
	for all, to := first, i+1; len(all) <= 34; to++ {
		if rules.IBAN(all) {
			return to, "[IBAN]"
		}
		if to >= len(r.ws) || r.ws[to].Kind != polish.Number || strings.TrimSpace(r.gap(to)) != "" {
			break
		}
		all += digits(r.ws[to].Text)
	}
	return i, ""
}

// gap is what stands before word i, after the word before it.
func (r *redaction) gap(i int) string {
	if i == 0 {
		return r.text[:r.ws[0].From]
	}
	return r.text[r.ws[i-1].To:r.ws[i].From]
}

func letters(s string) bool { return strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == "" }
func figures(s string) bool { return strings.Trim(s, "0123456789") == "" }

// digits are the digits of a text in any script; those of other scripts count and lose their value.
func digits(s string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c >= '0' && c <= '9':
			return c
		case unicode.IsDigit(c):
			return '0'
		}
		return -1
	}, s)
}

// long is how many digits make a number that may lead to a person; a price or a year has fewer.
const long = 7

// number reads a run of digits, also one cut into groups or hidden among letters.
func (r *redaction) number(i int) (int, string) {
	all, to := "", i
	for to < len(r.ws) && len(all) < 40 && mostlyDigits(r.ws[to]) && (to == i || joins(r.gap(to))) {
		all += digits(r.ws[to].Text)
		to++
	}
	switch {
	case len(all) < long || date(r.text[r.ws[i].From:r.ws[to-1].To]):
		return i, ""
	case rules.PESEL(all):
		return to, "[PESEL]"
	case rules.IBAN("PL" + all):
		return to, "[IBAN]"
	case len(all) == 9, len(all) == 11 && strings.HasPrefix(all, "48"), len(all) == 13 && strings.HasPrefix(all, "0048"), strings.HasSuffix(r.gap(i), "+"):
		return to, "[PHONE]"
	}
	return to, "[NUMBER]"
}

// mostlyDigits tells whether a word is a number, or one with letters in the place of digits ("6O1").
func mostlyDigits(w polish.Token) bool {
	return w.Kind == polish.Number || w.Kind == polish.Word && 2*len(digits(w.Text)) > utf8.RuneCountInString(w.Text)
}

// joins tells whether two groups of digits with this between them may be one number.
func joins(gap string) bool {
	return len(gap) <= 4 && strings.TrimFunc(gap, func(c rune) bool {
		return unicode.IsSpace(c) || unicode.Is(unicode.Cf, c) || strings.ContainsRune("-–.()/_", c)
	}) == ""
}

// date tells whether digits with separators are a day: 12.05.2026, 2026-05-12.
func date(s string) bool {
	ps := strings.FieldsFunc(s, func(c rune) bool { return c == '.' || c == '-' || c == '/' })
	if len(ps) != 3 {
		return false
	}
	size := []int{len(ps[0]), len(ps[1]), len(ps[2])}
	year := func(p string) bool { return strings.HasPrefix(p, "19") || strings.HasPrefix(p, "20") }
	return size[0] <= 2 && size[1] <= 2 && size[2] == 4 && year(ps[2]) || size[0] == 4 && size[1] <= 2 && size[2] <= 2 && year(ps[0])
}

// postcode reads "80-180" with the town behind it.
func (r *redaction) postcode(i int) (int, string) {
	if i+1 >= len(r.ws) || len(r.ws[i].Text) != 2 || len(r.ws[i+1].Text) != 3 || r.gap(i+1) != "-" || !figures(r.ws[i].Text+r.ws[i+1].Text) {
		return i, ""
	}
	if i+2 < len(r.ws) && capital(r.ws[i+2].Text) {
		return i + 3, "[ADDRESS]"
	}
	return i + 2, "[ADDRESS]"
}

var (
	streets = words("ul ulica ulicy ulice al aleja alei aleje os osiedle osiedlu plac placu pl street avenue road")
	beside  = words("z ze na przy pod do od w we from at")
)

// address reads a street after its kind ("ul. Lipowa 7/3"), or a name and a house number after a preposition
// ("z Lipowej 7").
func (r *redaction) address(i int) (int, string) {
	if streets[r.ws[i].Fold] {
		to := i + 1
		for to < len(r.ws) && to <= i+4 && (capital(r.ws[to].Text) || r.house(to)) && near(r.gap(to)) {
			to++
		}
		if to > i+1 {
			return r.flat(to), "[ADDRESS]"
		}
		return i, ""
	}
	if i == 0 || i+1 >= len(r.ws) || !beside[r.ws[i-1].Fold] || !capital(r.ws[i].Text) || !r.house(i+1) || strings.TrimSpace(r.gap(i+1)) != "" {
		return i, ""
	}
	for _, end := range []string{"ej", "ego", "ich", "ych", "ow", "ie", "u"} {
		if strings.HasSuffix(r.ws[i].Fold, end) {
			return r.flat(i + 2), "[ADDRESS]"
		}
	}
	return i, ""
}

// flat goes over a flat's number behind a house's: "7/3", "7 m. 3".
func (r *redaction) flat(to int) int {
	if to < len(r.ws) && strings.Trim(r.gap(to), " ") == "/" && r.house(to) {
		return to + 1
	}
	if to+1 < len(r.ws) && (r.ws[to].Fold == "m" || r.ws[to].Fold == "lok") && r.house(to+1) {
		return to + 2
	}
	return to
}

func near(gap string) bool { return strings.Trim(gap, " .") == "" }

// house tells whether word i is a house's or a flat's number, and not the beginning of a long number.
func (r *redaction) house(i int) bool {
	s := r.ws[i].Text
	if len(s) > 5 || s[0] < '0' || s[0] > '9' {
		return false
	}
	_, as := r.number(i)
	return as == ""
}

func capital(s string) bool {
	c, _ := utf8.DecodeRuneInString(s)
	return unicode.IsUpper(c)
}

var titles = words(`pan pana panu panem pani panie panią panstwo panstwa panstwu ksiadz ksiedza dr doktor doktora doktorka doktorki mgr inz
	mecenas mr mrs ms miss sir`)

// titled reads one or two names after a title: "pani Anna Nowak", "p. Nowak". The title stays.
func (r *redaction) titled(i int) (int, string) {
	if i == 0 || !capital(r.ws[i].Text) || !near(r.gap(i)) {
		return i, ""
	}
	before := r.ws[i-1].Fold
	if !titles[before] && !(before == "p" && strings.HasPrefix(r.gap(i), ".")) {
		return i, ""
	}
	to := i + 1
	for to < len(r.ws) && to < i+3 && capital(r.ws[to].Text) && r.sameName(to) {
		to++
	}
	return to, "[NAME]"
}

// sameName tells whether word i goes on with the name before it: a full stop ends it, unless it stands after an initial.
func (r *redaction) sameName(i int) bool {
	between := " -"
	if utf8.RuneCountInString(r.ws[i-1].Text) == 1 {
		between = " -."
	}
	return strings.Trim(r.gap(i), between) == ""
}

// initial reads "Anna K."
func (r *redaction) initial(i int) (int, string) {
	if i+1 >= len(r.ws) || !capital(r.ws[i].Text) || utf8.RuneCountInString(r.ws[i].Text) < 3 || !capital(r.ws[i+1].Text) ||
		utf8.RuneCountInString(r.ws[i+1].Text) != 1 || strings.TrimSpace(r.gap(i+1)) != "" {
		return i, ""
	}
	if end := r.ws[i+1].To; end < len(r.text) && r.text[end] == '.' {
		return i + 2, "[NAME]"
	}
	return i, ""
}

// stem is what all cases of a name begin with.
type stem struct {
	begin string
	size  int // of the name
}

// stems prepares names for known. Short words and what is not letters are left out.
func stems(names []string) []stem {
	var out []stem
	add := func(s string, size int) {
		if x := (stem{s, size}); len(s) >= 2 && !slices.Contains(out, x) {
			out = append(out, x)
		}
	}
	for _, n := range names {
		for _, t := range polish.Tokens(n) {
			if t.Kind != polish.Word || len(t.Fold) < 3 {
				continue
			}
			f := strings.TrimRight(t.Fold, "aeiouy")
			add(f, len(t.Fold))
			if k := len(f); k >= 4 && f[k-2] == 'e' { // Marek, Marka; Paweł, Pawła
				add(f[:k-2]+f[k-1:], len(t.Fold))
			}
		}
	}
	return out
}

// known reads a name of the list in any case: a word with a capital that begins with the stem and is not much longer.
func (r *redaction) known(i int) (int, string) {
	w := r.ws[i]
	if w.Kind != polish.Word {
		return i, ""
	}
	for _, s := range r.stems {
		if strings.HasPrefix(w.Fold, s.begin) && len(w.Fold) <= s.size+3 && (capital(w.Text) || len(s.begin) >= 5) {
			return i + 1, "[NAME]"
		}
	}
	return i, ""
}

func words(list string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(list) {
		m[polish.Fold(w)] = true
	}
	return m
}
