// Package ownrule keeps the label rules that a firm writes itself, tries them on its history and lets them label.
package ownrule

import (
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"

	"chop/internal/classify"
	"chop/internal/classify/rules"
	"chop/internal/fault"
)

// Does is what a rule does to a text that has its words.
type Does string

const (
	Adds   Does = "add"   // gives a label, with the severity an ordinary text of that label has at least
	Takes  Does = "take"  // takes a label away that is no safety label
	Raises Does = "raise" // raises the severity
)

// State says what a version of a rule is used for.
type State string

const (
	Draft State = "draft" // written, perhaps tried, never used
	Live  State = "live"  // labels new comments
	Off   State = "off"   // was live, or put aside
)

// Bounds.
const (
	Most       = 200 // rules of a firm that are not off
	MostName   = 80  // characters
	MostStars  = 5
	TrialHolds = 7 * 24 * time.Hour // how long a trial is good enough to go live on
)

// Set is what a person writes: the words and what follows from them.
type Set struct {
	Name          string
	Words, Unless string // phrases between commas (rules.Phrase); Unless silences the rule in its sentence
	Does          Does
	Label         classify.Label // for Adds and Takes
	Severity      int            // for Raises, 1 to 4
	Channel       string         // kind of channel; "" for every one
	Stars         int            // reviews with at most so many stars; 0 for every text
	UnderQuestion bool           // only replies under a question
}

// Rule is one version of a rule.
type Rule struct {
	Firm, ID string
	Version  int
	Set
	State    State
	Who, By  string // the person who wrote it, and their name
	At       time.Time
	MovedBy  string // who put it live or off, by name
	MovedAt  time.Time
	Why      string // why it went live
	TriedAt  time.Time
	Trial    Trial
	AskedAt  time.Time // when the last 90 days were to be labelled anew
	Reworked int       // how many comments that changed
	ReworkAt time.Time // when that was done
}

// Tried tells whether the rule may go live on its trial.
func (r Rule) Tried(now time.Time) bool {
	return !r.TriedAt.IsZero() && now.Sub(r.TriedAt) < TrialHolds
}

// clean makes what a person wrote storable and harmless to the direction of what stands around it.
func (s Set) clean() Set {
	s.Name, s.Words, s.Unless = tidy(s.Name), tidy(s.Words), tidy(s.Unless)
	if s.Does == Raises {
		s.Label = ""
	} else {
		s.Severity = 0
	}
	return s
}

func tidy(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r >= 0x202A && r <= 0x202E, r >= 0x2066 && r <= 0x2069, r == 0x200E, r == 0x200F, r == 0x061C, r == 0xFEFF:
			return -1
		case unicode.IsControl(r) || r == 0x2028 || r == 0x2029:
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	return strings.Join(strings.Fields(s), " ")
}

// check refuses a rule that cannot be kept; kinds are the kinds of channels there are.
func (s Set) check(kinds []string) error {
	switch n := len([]rune(s.Name)); {
	case !strings.ContainsFunc(s.Name, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }):
		return fault.New(fault.Invalid, "ownrule.name").On("name")
	case n > MostName:
		return fault.New(fault.Invalid, "ownrule.name_long", "Most", MostName).On("name")
	}
	if s.Words == "" {
		return fault.New(fault.Invalid, "ownrule.words").On("words")
	}
	if _, err := s.compile(); err != nil {
		return err
	}
	if err := s.checkEffect(); err != nil {
		return err
	}
	if s.Channel != "" && !slices.Contains(kinds, s.Channel) {
		return fault.New(fault.Invalid, "ownrule.channel").On("channel")
	}
	if s.Stars < 0 || s.Stars > MostStars {
		return fault.New(fault.Invalid, "ownrule.stars").On("stars")
	}
	return nil
}

func (s Set) checkEffect() error {
	switch s.Does {
	case Raises:
		if s.Severity < 1 || s.Severity > 4 {
			return fault.New(fault.Invalid, "ownrule.severity").On("severity")
		}
		return nil
	case Adds, Takes:
	default:
		return fault.New(fault.Invalid, "ownrule.does").On("does")
	}
	switch {
	case s.Label == classify.Neutral:
		return fault.New(fault.Invalid, "ownrule.neutral").On("label")
	case s.Label != classify.FakeReview && !slices.Contains(classify.Labels, s.Label):
		return fault.New(fault.Invalid, "ownrule.label").On("label")
	case s.Does == Takes && slices.Contains(classify.Safety, s.Label):
		return fault.New(fault.Invalid, "ownrule.safety").On("label")
	}
	return nil
}

// phrases are the words of a rule, ready to be looked for.
type phrases struct{ words, unless *rules.Phrase }

func (s Set) compile() (p phrases, err error) {
	if p.words, err = rules.NewPhrase(s.Words); err != nil {
		return p, on(err, "words")
	}
	if p.unless, err = rules.NewPhrase(s.Unless); err != nil {
		return p, on(err, "unless")
	}
	return p, nil
}

// on names the field that a fault concerns.
func on(err error, field string) error {
	var f *fault.Error
	if errors.As(err, &f) {
		return f.On(field)
	}
	return err
}
