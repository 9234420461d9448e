package rules

import (
	"strings"
	"unicode"

	"chop/internal/polish"
)

// language says what a text is written in: the given language, else "pl", "en", "uk", "ru", "de", "cs" or "other" by its letters
// and stop words. Polish wins where nothing speaks for another: that is what most comments here are, often without a vowel to
// tell ("xd", "ok").
func language(text string, ts []polish.Token, given string) string {
	if len(given) >= 2 {
		return strings.ToLower(given[:2])
	}
	l := lettersOf(text)
	switch {
	case l.cyrillic > l.latin && l.ukrainian > 0:
		return "uk"
	case l.cyrillic > l.latin && (l.russian > 0 || cyrillicStop(text) > 0):
		return "ru"
	case l.cyrillic > l.latin:
		return "uk" // most who write Cyrillic under Polish posts are Ukrainian
	case l.other > l.latin && l.other > 3:
		return "other"
	}
	return latin(l, ts)
}

// letters counts what tells one language from another.
type letters struct {
	latin, cyrillic, other                    int
	ukrainian, russian, polish, german, czech int
}

func lettersOf(text string) (l letters) {
	for _, r := range text {
		switch {
		case r < 0x80:
			if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
				l.latin++
			}
			continue
		case !unicode.IsLetter(r):
			continue
		case unicode.Is(unicode.Cyrillic, r):
			l.cyrillic++
		case unicode.Is(unicode.Latin, r):
			l.latin++
		default:
			l.other++
		}
		switch unicode.ToLower(r) {
		case 'і', 'ї', 'є', 'ґ':
			l.ukrainian++
		case 'ы', 'э', 'ъ', 'ё':
			l.russian++
		case 'ą', 'ć', 'ę', 'ł', 'ń', 'ś', 'ź', 'ż':
			l.polish++
		case 'ä', 'ö', 'ü', 'ß':
			l.german++
		case 'ě', 'š', 'č', 'ř', 'ž', 'ů', 'ý', 'ť', 'ď', 'ň':
			l.czech++
		}
	}
	return l
}

func latin(l letters, ts []polish.Token) string {
	pl, en, de, cs := 3*min(l.polish, 1), 0, 3*min(l.german, 1), 3*min(l.czech, 1)
	for _, t := range ts {
		if plStop[t.Fold] {
			pl++
		}
		if enStop[t.Fold] {
			en++
		}
		if deStop[t.Fold] {
			de++
		}
		if csStop[t.Fold] {
			cs++
		}
	}
	switch top := max(pl, en, de, cs); {
	case de == top && de > pl && de > en && de > 1:
		return "de"
	case cs == top && cs > pl && cs > en && cs > 1 && (l.czech > 0 || mostlyUnknown(ts)):
		return "cs"
	case en > pl || en == pl && en > 0 && mostlyUnknown(ts):
		return "en"
	case pl == 0 && en == 0 && foreign(ts):
		return "en"
	}
	return "pl"
}

func cyrillicStop(text string) int {
	n := 0
	for w := range strings.FieldsSeq(strings.ToLower(text)) {
		switch strings.Trim(w, ".,!?") {
		case "что", "это", "как", "не", "вы", "очень", "спасибо", "и", "нет", "мне", "был", "была", "где", "почему":
			n++
		case "що", "як", "дуже", "дякую", "ви", "та", "чому", "де", "було", "ціна":
			n--
		}
	}
	return n
}

var (
	deStop = set(`der die das und ist nicht ich sie wir ihr mit fur auf ein eine einen sehr danke bitte war waren haben hat kann
		man aber auch noch nur was wo wie wann warum gibt es euch uns mir mich gut schon leider immer nie wieder`)
	csStop = set(`je jsem jsme jste neni to se na ze jak kdy kde proc prosim dekuji dekujeme velmi moc byl byla bylo byli vas vam nam
		ale nebo uz jen take dobry den kolik stoji muzete mate hezky skvele`)
)
