// Package reply is the desk at which an answer is prepared: the firm's facts, saved replies with variables and variants,
// drafts put together from them without a language model, what a person has begun to write, and who is writing now.
package reply

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"chop/internal/fault"
	"chop/internal/polish"
	"chop/internal/reply/lint"
)

// Fact is something the firm says of itself, as readers may read it.
type Fact struct {
	Firm, Key, Text string
	Until           time.Time // zero: until it is changed
	Who, WhoName    string
	At              time.Time
}

// Valid tells whether the fact may be used at the time.
func (f Fact) Valid(now time.Time) bool { return f.Until.IsZero() || now.Before(f.Until) }

// Keys of facts that drafts ask for by name.
const (
	KeyContact     = "kontakt"    // how to reach a person of the firm
	KeySignature   = "podpis"     // what stands behind the name: "obsługa klienta"
	KeyInstruction = "instrukcja" // what people are to do now, for a holding line
)

// Usual lists the keys that most firms need, in the order in which the page offers them.
var Usual = []string{KeyContact, KeySignature, "godziny", "zwroty", "dostawa", "adres", "telefon", "gwarancja", "platnosci", KeyInstruction}

// Saved is a saved reply.
type Saved struct {
	Firm, ID string
	Owner    string // person; empty: shared
	Name     string
	Lang     string
	Labels   []string // what it is for; empty: anything
	Variants []string
	Approved bool // by the firm's owner, as it stands: it may be sent without asking them
	Who      string
	WhoName  string
	At       time.Time
}

// Bounds of what people keep here.
const (
	MostFact     = 600   // characters of a fact
	MostVariant  = 4000  // characters of a variant
	MostVariants = 8     // of one saved reply
	MostSaved    = 300   // saved replies of a firm
	MostFacts    = 100   // facts of a firm
	MostName     = 80    // characters
	MostText     = 20000 // characters of a draft
)

var keyForm = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,39}$`)

// Key is how a fact is called: folded, with dashes for spaces ("Godziny otwarcia" is godziny-otwarcia).
func Key(s string) string { return strings.Join(strings.Fields(polish.Fold(s)), "-") }

// clean checks a fact. Faults, all Invalid: "reply.key", "reply.fact".
func (f Fact) clean() (Fact, error) {
	f.Key, f.Text = Key(f.Key), tidy(f.Text)
	switch {
	case !keyForm.MatchString(f.Key):
		return f, fault.New(fault.Invalid, "reply.key").On("key")
	case f.Text == "" || utf8.RuneCountInString(f.Text) > MostFact || strings.Contains(f.Text, "{{"):
		return f, fault.New(fault.Invalid, "reply.fact", "Max", MostFact).On("text")
	}
	return f, nil
}

// clean checks a saved reply: its name, its variants, and that every variable is one there is. Faults, all Invalid:
// "reply.name", "reply.variants", "reply.variable" (Data Name).
func (r Saved) clean() (Saved, error) {
	r.Name = strings.Join(strings.Fields(tidy(r.Name)), " ")
	if n := utf8.RuneCountInString(r.Name); n == 0 || n > MostName {
		return r, fault.New(fault.Invalid, "reply.name", "Max", MostName).On("name")
	}
	if r.Lang != "en" {
		r.Lang = "pl"
	}
	var vs []string
	for _, v := range r.Variants {
		if v = tidy(v); v != "" && !slices.Contains(vs, v) {
			vs = append(vs, v)
		}
	}
	r.Variants = vs
	if len(vs) == 0 || len(vs) > MostVariants || slices.ContainsFunc(vs, func(v string) bool { return utf8.RuneCountInString(v) > MostVariant }) {
		return r, fault.New(fault.Invalid, "reply.variants", "Most", MostVariants, "Max", MostVariant).On("variants")
	}
	for _, v := range vs {
		if bad := strange(v); bad != "" {
			return r, fault.New(fault.Invalid, "reply.variable", "Name", bad).On("variants")
		}
	}
	slices.Sort(r.Labels)
	r.Labels = slices.Compact(r.Labels)
	return r, nil
}

// Fits tells whether the saved reply is for an item with these labels; one for anything fits everything.
func (r Saved) Fits(labels []string) bool {
	return len(r.Labels) == 0 || slices.ContainsFunc(r.Labels, func(l string) bool { return slices.Contains(labels, l) })
}

func tidy(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "�"), "\x00", "")
	return strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n"))
}

// digest of a text's words, to tell the same text again.
func digest(text string) string {
	sum := sha256.Sum256([]byte(strings.ToLower(strings.Join(strings.Fields(text), " "))))
	return hex.EncodeToString(sum[:])
}

// Near is how alike two answers under one post may be before they count as the same one. Readers see both at once, so it
// is stricter than the check of the last 30 days (L9); the figure is ours.
const Near = 0.7

// Repeats tells whether the text is too much like one that stands under the post already.
func Repeats(text string, used []string) bool {
	return slices.ContainsFunc(used, func(u string) bool { return lint.Similar(text, u) >= Near })
}
