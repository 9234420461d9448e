// Package capture brings things into the evidence vault that do not come through a channel: pages, seen by a browser of
// our own; files that a person hands in; and the later states of what was sealed before.
//
// A page is asked for and looked at as a job; what was seen is sealed as one exhibit. A page that shows a wall (a sign-in,
// a CAPTCHA, an error) is recorded as failed with its picture, and never passes for the content. Nothing is clicked,
// answered or signed in to, and no closed group is entered.
package capture

import (
	"context"
	"crypto/ecdsa"
	"time"

	"chop/internal/browser"
	"chop/internal/db"
	"chop/internal/evidence"
	"chop/internal/job"
	"chop/internal/journal"
	"chop/internal/mention"
	"chop/internal/reason"
	"chop/internal/seal"
)

// Topic is what listeners are told when a firm's captures changed.
const Topic = "captures"

// State is how far a look has come. Messages "captures.state.<state>".
type State string

const (
	Waiting State = "waiting"
	Running State = "running"
	Sealed  State = "sealed"
	Failed  State = "failed"
)

// Causes of a look. A person's is "person". Messages "exhibits.cause.<cause>".
const (
	ByPerson  = "person"
	Serious   = "serious"  // a serious item with a public address
	Decided   = "decision" // an item about which somebody decided
	Vanished  = "gone"     // the item disappeared from its channel
	EditedWas = "edited"
	MovedWas  = "moved"
	HandedIn  = "handin"
)

// again is when a page is looked at once more, counted from the first success (domain/evidence-legal.md A.3).
var again = []struct {
	cause string
	after time.Duration
}{{"recapture:1h", time.Hour}, {"recapture:24h", 24 * time.Hour}, {"recapture:7d", 7 * 24 * time.Hour}, {"recapture:30d", 30 * 24 * time.Hour}}

// Shot is one look at a page.
type Shot struct {
	Firm    string
	ID      string
	Page    string // id
	URL     string
	Why     string
	Mention string // id of the item that stands on the page, if known
	Case    string
	Again   bool
	Cause   string
	State   State
	Reason  string // kind of obstacle: browser.Kind, or "machine"
	Detail  string // status, or a code of fetch
	Changed bool   // what can be read differs from the look before
	By      string // person id or "system"
	Asked   time.Time
	Due     time.Time
	Begun   time.Time
	Ended   time.Time
	Tries   int
	Bytes   int64
	Exhibit string // id; of the content when Sealed, of the obstacle's picture when Failed

	first time.Time
	text  string
}

// ref is what an exhibit of the page shows: the item on it, or the page itself.
func (s Shot) ref() reason.Ref {
	if s.Mention != "" {
		return mention.Ref(s.Mention)
	}
	return reason.Ref{Kind: "page", ID: s.Page}
}

// Wish is what is asked for.
type Wish struct {
	Firm    string
	URL     string
	Why     string
	Mention string
	Case    string
	Again   bool // look again after 1 h, 24 h, 7 and 30 days
}

// Due asks for a look. It is heard by Take.
type Due struct{ Firm, Shot string }

// Kind names the event.
func (Due) Kind() string { return "capture.due" }

// Store is the room.
type Store struct {
	DB       *db.DB
	Jobs     *job.Queue
	Seal     *seal.Store
	Journal  *journal.Store
	Evidence *evidence.Store
	Mentions *mention.Store
	Version  string
	// Look looks at a page; browser.Browser.Capture.
	Look   func(ctx context.Context, address string, l browser.Limits) (*browser.Page, error)
	Limits browser.Limits

	slots chan struct{}
	key   *ecdsa.PrivateKey
}

// looksAtOnce is how many browsers run side by side: one took up to 800 MB for a tall page.
const looksAtOnce = 2

// Open makes the store ready: the key that signs its archives comes from the installation's secret.
func Open(s *Store) (*Store, error) {
	secret, err := s.Seal.Derive("wacz")
	if err != nil {
		return nil, err
	}
	if s.key, err = signingKey(secret); err != nil {
		return nil, err
	}
	s.slots = make(chan struct{}, looksAtOnce)
	return s, nil
}
