// Package firm keeps the protected firms: their names, words to watch and mandate. A firm is the tenant.
package firm

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"chop/internal/fault"
	"chop/internal/lang"
)

// Firm is one protected firm.
type Firm struct {
	ID       string
	Name     string
	Slug     string // two to eight capital letters, leads case numbers: MAN-2026-014
	Trade    string // what it does, in its own words
	City     string
	Lang     lang.Tag
	Words    []string // names and words to watch, as written
	Settings Settings
	Created  time.Time
	Archived time.Time // zero while the firm is guarded
}

// Settings are the firm's mandate and preferences, kept as JSON.
type Settings struct {
	RiskAversion        float64 `json:"risk_aversion"`        // 0.5 to 2, 1 is usual (domain/decisions.md, lambda)
	NetiquettePublished bool    `json:"netiquette_published"` // rules of the profile are public (domain/decisions.md R34)
	PreauthoriseSpam    bool    `json:"preauthorise_spam"`    // spam may be removed without asking; nothing else may

	// Mandate says, per option code (reply, hide, ...), how far the guardian may go: "ask", "tell" or "never".
	// For an option that is not listed the authority matrix decides (domain/decisions.md section 9).
	Mandate map[string]string `json:"mandate,omitempty"`

	// HoldingLine is what may be posted under a complaint when the owner does not answer in time, in the owner's own
	// agreed words; empty: nothing is posted then.
	HoldingLine string `json:"holding_line,omitempty"`
	// DutyPhone is the number by which the firm reaches the person on duty; empty: none is shown.
	DutyPhone string `json:"duty_phone,omitempty"`
	// Pause keeps everything scheduled from going out (G16); a crisis pauses by itself.
	Pause bool `json:"pause,omitempty"`
}

// Consent levels of the mandate.
const (
	Ask   = "ask"   // the firm says yes each time
	Tell  = "tell"  // the guardian acts and tells the firm
	Never = "never" // not for this firm at all
)

// May is the consent the firm gave for the option; empty when it said nothing and the authority matrix decides.
func (s Settings) May(option string) string { return s.Mandate[option] }

const (
	maxName  = 120
	maxPlace = 80
	maxWords = 500
	maxWord  = 100

	maxHolding = 500
	maxPhone   = 30
)

// Clean trims the firm's fields and fills what was left out. It tells with an Invalid fault what cannot be kept.
func Clean(f Firm) (Firm, error) {
	f.Name, f.Trade, f.City = OneLine(f.Name), OneLine(f.Trade), OneLine(f.City)
	switch {
	case f.Name == "":
		return f, fault.New(fault.Invalid, "firm.name").On("name")
	case len([]rune(f.Name)) > maxName:
		return f, fault.New(fault.Invalid, "firm.long", "max", maxName).On("name")
	case len([]rune(f.Trade)) > maxPlace:
		return f, fault.New(fault.Invalid, "firm.long", "max", maxPlace).On("trade")
	case len([]rune(f.City)) > maxPlace:
		return f, fault.New(fault.Invalid, "firm.long", "max", maxPlace).On("city")
	}
	f.Lang = lang.Parse(string(f.Lang))
	f.Words = cleanWords(f.Words)
	if len(f.Words) > maxWords {
		return f, fault.New(fault.Invalid, "firm.words", "max", maxWords).On("words")
	}
	return f, cleanSettings(&f.Settings)
}

func cleanSettings(s *Settings) error {
	if s.RiskAversion == 0 {
		s.RiskAversion = 1
	}
	if s.RiskAversion != s.RiskAversion || s.RiskAversion < 0.5 || s.RiskAversion > 2 {
		return fault.New(fault.Invalid, "firm.risk").On("risk_aversion")
	}
	if s.HoldingLine = strings.TrimSpace(strings.ReplaceAll(strings.ToValidUTF8(s.HoldingLine, ""), "\x00", "")); len([]rune(s.HoldingLine)) > maxHolding {
		return fault.New(fault.Invalid, "firm.long", "max", maxHolding).On("holding_line")
	}
	if s.DutyPhone = OneLine(s.DutyPhone); len(s.DutyPhone) > maxPhone || strings.ContainsFunc(s.DutyPhone, func(r rune) bool { return !strings.ContainsRune("0123456789+ -()", r) }) {
		return fault.New(fault.Invalid, "firm.phone").On("duty_phone")
	}
	for option, level := range s.Mandate {
		if option == "" || !slices.Contains([]string{Ask, Tell, Never}, level) {
			return fault.New(fault.Invalid, "firm.mandate").On("mandate")
		}
	}
	return nil
}

func cleanWords(ws []string) []string {
	out, seen := []string{}, map[string]bool{}
	for _, w := range ws {
		w = OneLine(w)
		if r := []rune(w); len(r) > maxWord {
			w = string(r[:maxWord])
		}
		if k := strings.ToLower(w); w != "" && !seen[k] {
			seen[k] = true
			out = append(out, w)
		}
	}
	return out
}

// OneLine is s as it may stand in a name: composed, without control, zero-width and direction characters, with
// single spaces. A name goes into mails and tables, where a line break or a reversed text would lie.
func OneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	return strings.Join(strings.Fields(norm.NFC.String(s)), " ")
}

// letters are the plain capital letters of s: Polish marks are dropped, other scripts have none.
func letters(s string) string {
	s = strings.NewReplacer("ł", "l", "Ł", "L", "ß", "ss", "ø", "o", "Ø", "O").Replace(s)
	var b strings.Builder
	for _, r := range norm.NFD.String(s) {
		if r < unicode.MaxASCII && unicode.IsLetter(r) {
			b.WriteRune(unicode.ToUpper(r))
		}
	}
	return b.String()
}

// slugs lists, best first, the short names that would suit a firm's name: its first three letters, its initials,
// four and five letters, then three letters with a letter behind. They are letters only, because they are read
// aloud on the phone.
func slugs(name string) []string {
	words := strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) })
	var initials string
	for _, w := range words {
		if l := letters(w); l != "" {
			initials += l[:1]
		}
	}
	all := letters(name)
	if len(all) < 2 {
		all, initials = "FIR", ""
	}
	var out []string
	add := func(s string) {
		if len(s) >= 2 && len(s) <= 8 && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	base := all[:min(3, len(all))]
	add(base)
	add(initials)
	add(all[:min(4, len(all))])
	add(all[:min(5, len(all))])
	for a := 'A'; a <= 'Z'; a++ {
		add(base + string(a))
	}
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			add(base + string(a) + string(b))
		}
	}
	return out
}

func (s Settings) text() (string, error) {
	raw, err := json.Marshal(s)
	if err != nil {
		return "", fmt.Errorf("write settings of a firm: %w", err)
	}
	return string(raw), nil
}

func readSettings(text string) (s Settings, err error) {
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return s, fmt.Errorf("read settings of a firm: %w", err)
	}
	return s, cleanSettings(&s)
}
