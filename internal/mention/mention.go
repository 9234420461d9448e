// Package mention keeps what was written about a firm: captured once, with its thread, its edits and its disappearance.
package mention

import (
	"crypto/sha256"
	"encoding/hex"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"chop/internal/reason"
	"chop/internal/source"
)

// Status says whether a person is needed.
type Status string

const (
	New     Status = "new"     // not read by an engine yet
	Open    Status = "open"    // waits for a person's decision
	Quiet   Status = "quiet"   // nothing to handle
	Done    Status = "done"    // decided
	Snoozed Status = "snoozed" // comes back later
)

// Mention is one comment, review or post as captured.
type Mention struct {
	Firm       string
	ID         string
	Doc        int64
	Source     string
	ExternalID string
	Kind       string
	Post       string // post id
	ParentExt  string
	AuthorKey  string
	AuthorName string
	Text       string
	URL        string
	Lang       string
	At         time.Time
	SeenAt     time.Time
	ChangedAt  time.Time
	State      source.State
	Rating     int
	Own        bool
	Revision   int
	GoneAt     time.Time
	Delivery   string
	Labels     []string
	Severity   int
	Sentiment  float64
	Buyer      bool
	Status     Status
	DueAt      time.Time
}

// Ref points at a mention.
func Ref(id string) reason.Ref { return reason.Ref{Kind: "mention", ID: id} }

// Has tells whether the mention carries the label.
func (m Mention) Has(label string) bool {
	for _, l := range m.Labels {
		if l == label {
			return true
		}
	}
	return false
}

// Visible tells whether readers see it now.
func (m Mention) Visible() bool { return m.State == source.Published && m.GoneAt.IsZero() }

// Revision is one state of a mention's text.
type Revision struct {
	N      int
	SeenAt time.Time
	Text   string
	State  source.State
}

// Post is what a thread stands under.
type Post struct {
	Firm, ID, Source, ExternalID string
	Title, Text, URL             string
	At                           time.Time
}

// Ingested tells that mentions came in or changed. Lists are ids; a batch of a look is one event.
type Ingested struct {
	Firm    string
	Source  string
	New     []string `json:",omitempty"`
	Edited  []string `json:",omitempty"` // text changed: to be read again
	Moved   []string `json:",omitempty"` // state changed or gone
	Reacted []string `json:",omitempty"` // posts that got reactions
}

// Kind names the event.
func (Ingested) Kind() string { return "mention.ingested" }

func (e Ingested) empty() bool { return len(e.New)+len(e.Edited)+len(e.Moved)+len(e.Reacted) == 0 }

// Limits of what is kept as text; the raw delivery is always kept whole.
const (
	maxText = 1 << 20
	maxID   = 512
)

// clean makes text storable on both databases: valid UTF-8, no NUL, at most maxText bytes.
func clean(s string) string {
	s = strings.ToValidUTF8(s, "�")
	s = strings.ReplaceAll(s, "\x00", "")
	for len(s) > maxText {
		s = s[:maxText]
		for !utf8.ValidString(s) {
			s = s[:len(s)-1]
		}
	}
	return s
}

// extID keeps an over-long id usable and unique.
func extID(s string) string {
	s = clean(s)
	if len(s) <= maxID {
		return s
	}
	sum := sha256.Sum256([]byte(s))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// authorKey is the account at its place. Without an id of the place, the e-mail or the name stands in.
func authorKey(kind string, a source.Account) string {
	switch {
	case a.ExternalID != "":
		return extID(kind + ":" + a.ExternalID)
	case a.Email != "":
		return extID(kind + ":mail:" + strings.ToLower(a.Email))
	case a.Handle != "":
		return extID(kind + ":@" + strings.ToLower(a.Handle))
	}
	return extID(kind + ":name:" + strings.ToLower(strings.TrimSpace(a.Name)))
}

// when trusts the place's time unless it is missing or lies in the future by more than clocks differ.
func when(at, seen time.Time) time.Time {
	if at.IsZero() || at.After(seen.Add(5*time.Minute)) || at.Year() < 1990 {
		return seen
	}
	return at.UTC().Truncate(time.Microsecond)
}

var lastDoc atomic.Int64

// newDoc numbers a text for the full-text index: newer is larger. The low bits are random, so that processes side by
// side do not meet; in one process numbers only grow, even when the clock stands or goes back.
func newDoc(now time.Time) int64 {
	for {
		last := lastDoc.Load()
		n := max(last+1, now.UnixMicro()<<11|rand.Int64N(1<<11))
		if lastDoc.CompareAndSwap(last, n) {
			return n
		}
	}
}
