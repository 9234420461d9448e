package reply

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Values fill the variables of a saved reply.
type Values struct {
	Name      string // {{imie}}: the author's first name as readers see it, if it is one
	Firm      string // {{firma}}
	Signature string // {{podpis}}
	Until     string // {{do_kiedy}}: by when we answer
	Facts     []Fact // {{fakt:key}}
	Now       time.Time
}

// Variables lists what may stand in a saved reply beside {{fakt:key}}.
var Variables = []string{"imie", "firma", "podpis", "do_kiedy"}

// Fill puts the values in. missing names the variables that have none, or are unknown ("imie", "fakt:zwroty"); the text
// then still holds their braces and must not be sent.
func Fill(template string, v Values) (text string, missing []string) {
	var b strings.Builder
	rest := template
	for {
		before, after, found := strings.Cut(rest, "{{")
		b.WriteString(before)
		if !found {
			break
		}
		name, tail, closed := strings.Cut(after, "}}")
		if !closed {
			b.WriteString("{{")
			missing = append(missing, strings.TrimSpace(first(after, 40)))
			rest = after
			continue
		}
		name = strings.TrimSpace(name)
		if value := v.of(name); value != "" {
			b.WriteString(value)
		} else {
			b.WriteString("{{" + name + "}}")
			if !slices.Contains(missing, name) {
				missing = append(missing, name)
			}
		}
		rest = tail
	}
	return b.String(), missing
}

func (v Values) of(name string) string {
	if key, ok := strings.CutPrefix(name, "fakt:"); ok {
		return fact(v.Facts, key, v.Now)
	}
	switch name {
	case "imie":
		return v.Name
	case "firma":
		return v.Firm
	case "podpis":
		return v.Signature
	case "do_kiedy":
		return v.Until
	}
	return ""
}

// fact is the text of a valid fact, "" when there is none.
func fact(list []Fact, key string, now time.Time) string {
	key = Key(key)
	for _, f := range list {
		if f.Key == key && f.Valid(now) {
			return f.Text
		}
	}
	return ""
}

// strange is the first variable of a template that there is not, or a brace that does not close; "" when all are fine.
func strange(template string) string {
	rest := template
	for {
		_, after, found := strings.Cut(rest, "{{")
		if !found {
			return ""
		}
		name, tail, closed := strings.Cut(after, "}}")
		name = strings.TrimSpace(name)
		key, isFact := strings.CutPrefix(name, "fakt:")
		switch {
		case !closed, name == "":
			return first(after, 40)
		case isFact && keyForm.MatchString(Key(key)), slices.Contains(Variables, name):
		default:
			return first(name, 40)
		}
		rest = tail
	}
}

// Braces lists variables that were left in a text somebody wants to send.
func Braces(text string) []string {
	_, missing := Fill(text, Values{})
	return missing
}

func first(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n]) + "…"
	}
	return s
}

// FirstName is the first name an account shows, as it is written there; "" for a nickname. It is not put into another
// case and no sex is read from it: a wrong guess hurts more than a greeting without a name.
func FirstName(author string) string {
	name, _, _ := strings.Cut(strings.TrimSpace(author), " ")
	r, _ := utf8.DecodeRuneInString(name)
	n := utf8.RuneCountInString(name)
	if n < 3 || n > 15 || !unicode.IsUpper(r) {
		return ""
	}
	for i, r := range name {
		if !unicode.IsLetter(r) || i > 0 && unicode.IsUpper(r) {
			return ""
		}
	}
	return name
}

// Signature is who answers: the name, and what the firm lets stand behind it, or the firm itself.
func Signature(name, firm string, facts []Fact, now time.Time) string {
	behind := fact(facts, KeySignature, now)
	if behind == "" {
		behind = firm
	}
	if name == "" {
		return behind
	}
	return name + ", " + behind
}

// By is a time by which we answer, in words: three hours from now at a full hour, in the evening and at night the next
// noon.
func By(now time.Time, lang string) string {
	hour := now.Add(3*time.Hour + 59*time.Minute).Truncate(time.Hour)
	if now.Hour() >= 17 || hour.Day() != now.Day() {
		if now.Hour() < 6 {
			return by(lang, "dziś", "today", "12:00")
		}
		return by(lang, "jutro", "tomorrow", "12:00")
	}
	if hour.Hour() < 10 {
		return by(lang, "dziś", "today", "10:00")
	}
	return by(lang, "dziś", "today", hour.Format("15:04"))
}

func by(lang, pl, en, hour string) string {
	if lang == "en" {
		return en + " by " + hour
	}
	return pl + " do " + hour
}
