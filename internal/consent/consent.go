// Package consent asks the firm's own people before something is done, and keeps their answer: who said it, when, and
// in which words. It knows only what is asked, about which thing, until when, and what silence means.
//
// Silence is never a yes. When the time is over the question lapses; the room that asked then takes the milder way.
// A question that reaches nobody, or that nobody answers, wakes the person on duty: silence is an alarm.
package consent

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"chop/internal/access"
	"chop/internal/fault"
	"chop/internal/lang"
	"chop/internal/reason"
)

// State of a question.
type State string

const (
	Open      State = "open"
	Yes       State = "yes"
	No        State = "no"
	Lapsed    State = "lapsed"    // nobody answered in time
	Withdrawn State = "withdrawn" // whoever asked no longer needs it
	Told      State = "told"      // nothing was asked: the firm was told
)

// Line is a sentence: a message id filled with Facts, or plain text.
type Line struct {
	ID    string            `json:"id"`
	Facts map[string]string `json:"facts,omitempty"`
}

// Say is the line in language t.
func (l Line) Say(t lang.Tag) string {
	if !t.Has(l.ID) {
		return l.ID
	}
	var kv []any
	for k, v := range l.Facts {
		kv = append(kv, k, v)
	}
	return t.T(l.ID, kv...)
}

// body is what lies encrypted in the row.
type body struct {
	Title   Line   `json:"title"`
	Says    []Line `json:"says,omitempty"`
	Silence Line   `json:"silence"`
	Quote   string `json:"quote,omitempty"`
	Veiled  bool   `json:"veiled,omitempty"`
	Text    string `json:"text,omitempty"`
}

// New describes a question to ask, or with Tell something to tell.
type New struct {
	Firm     string
	Key      string      // while a question with this key is open it is not asked again
	Role     access.Role // who answers: access.Owner or access.Lawyer
	Kind     string      // names the messages "consent.subject.<Kind>" and "alert.consent.<what>.<Kind>"
	Ref      reason.Ref
	Title    Line   // what is asked
	Says     []Line // what it means, our advice
	Silence  Line   // what happens when nobody answers
	Quote    string // words of somebody else it is about
	Veiled   bool   // they may hurt: shown only on demand
	Text     string // our own words that would be published
	Deadline time.Time
	URL      string // path within ChOP for who is signed in
	Tell     bool   // nothing is asked
}

// Question is one question and its answer.
type Question struct {
	Firm, ID     string
	Key          string
	Role         access.Role
	Kind         string
	Ref          reason.Ref
	State        State
	Title        Line
	Says         []Line
	Silence      Line
	Quote        string
	Veiled       bool
	Text         string
	URL          string
	AskedBy      string
	AskedName    string
	AskedAt      time.Time
	Deadline     time.Time
	ReachedAt    time.Time // zero: no channel has taken a message yet
	AnsweredBy   string
	AnsweredName string
	AnsweredAt   time.Time
	Words        string
}

// Over tells that the question needs no answer any more.
func (q Question) Over() bool { return q.State != Open }

// RefKind is the kind of a reason.Ref that points at a question.
const RefKind = "consent"

// Topic is what db.Tx.Touch tells listeners about questions.
const Topic = "consents"

// Bounds of a question.
const (
	maxKey   = 300
	maxQuote = 4000 // characters
	maxWords = 1000 // characters of an answer
	soonest  = time.Minute
	latest   = 14 * 24 * time.Hour
)

// Roles that can be asked.
var roles = []access.Role{access.Owner, access.Lawyer}

// clean checks and trims what is asked. The deadline is forced into its bounds rather than refused.
func clean(n New, now time.Time) (New, error) {
	if n.Firm == "" || n.Key == "" || n.Kind == "" || n.Title.ID == "" || !slices.Contains(roles, n.Role) {
		return n, fault.New(fault.Invalid, "consent.incomplete")
	}
	n.Key = clip(n.Key, maxKey)
	n.Quote, n.Text = clip(text(n.Quote), maxQuote), clip(text(n.Text), maxQuote)
	if n.Deadline.Before(now.Add(soonest)) {
		n.Deadline = now.Add(soonest)
	}
	if n.Deadline.After(now.Add(latest)) {
		n.Deadline = now.Add(latest)
	}
	if !strings.HasPrefix(n.URL, "/") || strings.HasPrefix(n.URL, "//") {
		n.URL = "/"
	}
	return n, nil
}

// text is s without control and direction characters except line breaks.
func text(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "")))
}

func clip(s string, most int) string {
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most-1]) + "…"
}

// answer is the pure rule: an open question is answered once, by whoever has the role it was asked of.
func (q *Question) answer(who access.Principal, yes bool, words string, now time.Time) error {
	words = text(words)
	switch {
	case who.System != "" || who.User == "":
		return fault.New(fault.Forbidden, "consent.person")
	case who.Firms[q.Firm] != q.Role:
		return fault.New(fault.Forbidden, "consent.role")
	case q.State != Open:
		return fault.New(fault.Conflict, "consent.over", "Who", q.AnsweredName)
	case utf8.RuneCountInString(words) > maxWords:
		return fault.New(fault.Invalid, "consent.words", "Max", maxWords).On("words")
	}
	q.State = No
	if yes {
		q.State = Yes
	}
	q.AnsweredBy, q.AnsweredName, q.AnsweredAt, q.Words = who.User, who.Name, now, words
	return nil
}

// sees tells whether the principal may read the question: guardians and owners all of their firms, a lawyer what was
// asked of lawyers.
func (q Question) sees(a access.Principal) bool {
	return a.Holds(access.Decide, q.Firm) || q.Role == access.Lawyer && a.Firms[q.Firm] == access.Lawyer
}

// Events.

// Answered tells that somebody answered.
type Answered struct {
	Firm string     `json:"firm"`
	ID   string     `json:"id"`
	Ref  reason.Ref `json:"ref"`
}

// Kind is "consent.answered".
func (Answered) Kind() string { return "consent.answered" }

// LapsedOne tells that nobody answered in time.
type LapsedOne struct {
	Firm string     `json:"firm"`
	ID   string     `json:"id"`
	Ref  reason.Ref `json:"ref"`
}

// Kind is "consent.lapsed".
func (LapsedOne) Kind() string { return "consent.lapsed" }

// Due is the timer of a question.
type Due struct {
	Firm string `json:"firm"`
	ID   string `json:"id"`
}

// Kind is "consent.due".
func (Due) Kind() string { return "consent.due" }

// Send asks for one try of one message.
type Send struct {
	Firm   string `json:"firm"`
	Notice string `json:"notice"`
	Try    int    `json:"try"` // tries made before
}

// Kind is "consent.send".
func (Send) Kind() string { return "consent.send" }
