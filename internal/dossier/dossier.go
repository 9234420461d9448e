// Package dossier makes the package that a lawyer can hand to a court: a bag of numbered exhibits with their proofs, a list,
// a chronology, what speaks for the authors, what all this does not prove, and how strangers check it without ChOP.
//
// A package is built by a job and kept sealed in pieces under the firm's key; what goes in, for whom and why stands in the
// chain of custody of every exhibit. An exhibit that does not hold stops the build.
package dossier

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"filippo.io/age"

	"chop/internal/fault"
	"chop/internal/lang"
	"chop/internal/reason"
)

// RefKind is the kind of a reason.Ref that points at a package.
const RefKind = "dossier"

// Topic is what listeners are told when a firm's packages changed.
const Topic = "dossiers"

// MaxExhibits is the most that one package holds.
const MaxExhibits = 2000

const (
	maxText  = 20_000 // runes of a text a person writes
	maxHide  = 50
	minHide  = 3 // runes: shorter words stand inside others
	maxShort = 200
)

// Order is what somebody asks for.
type Order struct {
	Case       string   `json:"case"`        // id; "": chosen exhibits
	Exhibits   []string `json:"exhibits"`    // ids; all of the case when empty
	Recipient  string   `json:"recipient"`   // who gets it
	Why        string   `json:"why"`         // for what
	Operator   string   `json:"operator"`    // who signs the operator's declaration
	ForAuthors string   `json:"for_authors"` // what speaks for the authors, in a person's words
	Favours    []string `json:"favours"`     // ids of exhibits that speak for the authors
	Hide       []string `json:"hide"`        // words to black out: names of third parties
	HideMail   bool     `json:"hide_mail"`   // black out addresses of mail and telephone numbers
	AgeKey     string   `json:"age_key"`     // the recipient's public key; "": not encrypted
	Lang       lang.Tag `json:"lang"`        // of list, chronology and declaration; the cover comes in both
}

// Redacted tells whether something is to be blacked out.
func (o Order) Redacted() bool { return len(o.Hide) > 0 || o.HideMail }

// clean puts an order into the form that is kept, or says what is missing.
func (o Order) clean() (Order, error) {
	for _, f := range []struct {
		name  string
		value *string
		least int
		most  int
	}{{"recipient", &o.Recipient, 2, maxShort}, {"why", &o.Why, 3, 2000}, {"operator", &o.Operator, 2, maxShort}, {"for_authors", &o.ForAuthors, 3, maxText}} {
		*f.value = strings.TrimSpace(strings.ToValidUTF8(*f.value, "\uFFFD"))
		if n := utf8.RuneCountInString(*f.value); n < f.least || n > f.most {
			return o, fault.New(fault.Invalid, "dossier."+f.name, "Max", f.most).On(f.name)
		}
	}
	if o.Case == "" && len(o.Exhibits) == 0 {
		return o, fault.New(fault.Invalid, "dossier.empty").On("exhibits")
	}
	var hide []string
	for _, w := range o.Hide {
		w = strings.TrimSpace(strings.ToValidUTF8(w, "\uFFFD"))
		if w == "" {
			continue
		}
		if utf8.RuneCountInString(w) < minHide || len(hide) >= maxHide {
			return o, fault.New(fault.Invalid, "dossier.hide", "Min", minHide, "Max", maxHide).On("hide")
		}
		hide = append(hide, w)
	}
	o.Hide = hide
	o.AgeKey = strings.TrimSpace(o.AgeKey)
	if o.AgeKey != "" {
		if _, err := age.ParseX25519Recipient(o.AgeKey); err != nil {
			return o, fault.New(fault.Invalid, "dossier.age").On("age_key").Because(err)
		}
	}
	slices.Sort(o.Exhibits)
	o.Exhibits = slices.Compact(o.Exhibits)
	return o, nil
}

// State is how far a package is.
type State string

const (
	Waiting  State = "waiting"  // ordered
	Building State = "building" // underway
	Ready    State = "ready"    // can be downloaded
	Failed   State = "failed"   // stopped: Trouble says why
	Gone     State = "gone"     // its content was removed
)

// Package is an order and what became of it.
type Package struct {
	Firm, ID  string
	Number    int // P-001 is 1
	Order     Order
	State     State
	Step      string // what is being done: message "dossier.step.<Step>"
	Done, Of  int    // exhibits
	Trouble   string // message id without "fault.", when Failed
	About     string // what the message is about: an exhibit's code
	By, Name  string // who ordered it
	At        time.Time
	BuiltAt   time.Time
	Size      int64
	SHA256    string // of the file as it is downloaded
	File      string // its name
	Exhibits  []string
	Forgotten bool // the firm's key is gone, and the content with it
}

// Ref points at a package.
func (p Package) Ref() reason.Ref { return reason.Ref{Kind: RefKind, ID: p.ID} }

// Underway tells whether it is still being made.
func (p Package) Underway() bool { return p.State == Waiting || p.State == Building }

// Build asks for a package to be made.
type Build struct{ Firm, ID string }

// Kind names the event.
func (Build) Kind() string { return "dossier.build" }
