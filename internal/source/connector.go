// Package source keeps the channels a firm is watched on: what is connected, how far we have read, how healthy it is.
//
// A Connector turns one outside place into Items plus a new cursor, and carries out the deeds it declares. It never
// sees the database. What a place cannot do becomes a manual task elsewhere, not an error here.
package source

import (
	"context"
	"time"
)

// Connector knows one kind of place.
type Connector interface {
	// Describe says what the kind is called, which settings it asks for and what it can do.
	Describe() Description
	// Check tries the settings against the real place. A fault names the cause and the cure.
	Check(ctx context.Context, s Settings) (CheckReport, error)
	// Fetch reads what is new since the cursor; an empty cursor means "from now, with a little history".
	// It returns fault.Unavailable with RetryAfter (see Later) when the place asks for patience.
	Fetch(ctx context.Context, s Settings, cursor []byte) (Batch, error)
}

// Actor is a Connector that can also do things at the place.
type Actor interface {
	Connector
	// Do carries the deed out once. Outcome.State tells Done, Failed or Doubtful; a Doubtful deed is read back
	// before anybody tries again.
	Do(ctx context.Context, s Settings, d Deed) (Outcome, error)
	// ReadBack looks at the place and says what is true there now.
	ReadBack(ctx context.Context, s Settings, d Deed) (Outcome, error)
}

// Description is what the product shows before anything is connected.
type Description struct {
	Kind         string // "wordpress"; also the message id prefix "source.<kind>."
	Letters      string // two letters for the channel mark, e.g. "WP"
	Push         bool   // the place calls us; Fetch is never scheduled
	Manual       bool   // a person brings the items (import)
	Every        time.Duration
	Fields       []Field
	Capabilities Capabilities
}

// Field is one setting. Its label and help are messages "source.<kind>.<name>" and "source.<kind>.<name>.help".
type Field struct {
	Name     string
	Type     string // "url", "text", "secret", "number", "select"
	Required bool
	Options  []string
	Default  string
}

// Verb is a deed at the place, in the codes of decision options.
type Verb string

const (
	Reply   Verb = "reply"
	Hide    Verb = "hide"
	Unhide  Verb = "unhide"
	Delete  Verb = "delete"
	Restore Verb = "restore"
	Spam    Verb = "spam" // mark as spam at the place
	Approve Verb = "approve"
	Block   Verb = "block"
	Report  Verb = "report"
	Private Verb = "move_private"
)

// Capability says what a verb means at this place. Note is a message id shown before the click.
type Capability struct {
	Can     bool
	Undo    Verb // the verb that reverses it; empty when it cannot be reversed
	Note    string
	MaxText int // characters of a reply, 0 when unlimited
}

// Capabilities is data: what is absent cannot be done by the program and becomes a manual task.
type Capabilities map[Verb]Capability

// Settings are one source's values, secrets opened.
type Settings map[string]string

// CheckReport is what Check learned.
type CheckReport struct {
	Title   string     // the place's own name
	Account string     // who we act as there
	Expires *time.Time // when the credential ends, if the place tells
	Entries int        // how many items the place shows now, 0 when it does not tell
	Notes   []string   // message ids worth telling (e.g. "source.wordpress.note.readonly")
}

// State is where an item stands at its place.
type State string

const (
	Published State = "published"
	Held      State = "held" // hidden or waiting for approval
	Spammed   State = "spam"
	Trashed   State = "trash"
	Gone      State = "gone" // no longer there
)

// Kinds of items.
const (
	KindComment  = "comment"
	KindReview   = "review"
	KindPost     = "post"
	KindReaction = "reaction"
)

// Item is one thing read at a place. The same item may come many times, late and out of order.
type Item struct {
	ExternalID string    `json:"external_id"` // stable at the place, at most 512 bytes
	Kind       string    `json:"kind"`
	ParentID   string    `json:"parent_id,omitempty"` // external id of the item it answers
	Post       Post      `json:"post,omitzero"`       // the post it stands under
	Author     Account   `json:"author"`
	Text       string    `json:"text"` // plain text
	URL        string    `json:"url,omitempty"`
	Lang       string    `json:"lang,omitempty"`
	At         time.Time `json:"at"`
	EditedAt   time.Time `json:"edited_at,omitzero"`
	State      State     `json:"state,omitempty"` // empty means Published
	Rating     int       `json:"rating,omitempty"`
	Reaction   string    `json:"reaction,omitempty"` // like, love, haha, wow, sad, angry, ...
	Own        bool      `json:"own,omitempty"`      // written by the firm itself
	Meta       Meta      `json:"meta,omitempty"`     // what the place needs back (e.g. author_ip), never shown
	Raw        []byte    `json:"-"`                  // the bytes of this item as received
	Delivery   int       `json:"-"`                  // index into Batch.Deliveries
}

// Meta is extra data of an item as the place gave it.
type Meta map[string]string

// Post is what a thread stands under.
type Post struct {
	ExternalID string    `json:"external_id,omitempty"`
	Title      string    `json:"title,omitempty"`
	Text       string    `json:"text,omitempty"`
	URL        string    `json:"url,omitempty"`
	At         time.Time `json:"at,omitzero"`
}

// Account is who wrote it, as shown at the place.
type Account struct {
	ExternalID string `json:"external_id,omitempty"` // empty when the place gives none; then Name and Email stand in
	Name       string `json:"name,omitempty"`
	Handle     string `json:"handle,omitempty"`
	URL        string `json:"url,omitempty"`
	Email      string `json:"email,omitempty"`
}

// Delivery is what actually came over the wire, kept as it was.
type Delivery struct {
	URL    string    `json:"url"`
	Status int       `json:"status"`
	Header []string  `json:"header"` // "Name: value", in order, credentials removed
	At     time.Time `json:"at"`
	Body   []byte    `json:"-"`
}

// Batch is the yield of one Fetch. Complete lists, for a re-listing connector, all external ids that still stand
// under a scope, so that disappearances can be noticed; see Sweep.
type Batch struct {
	Deliveries []Delivery
	Items      []Item
	Cursor     []byte
	More       bool          // more is waiting: fetch again at once
	Sweep      *Sweep        // nil when nothing can be said about disappearances
	RetryAfter time.Duration // the place asks for this much patience before the next call
	Expires    *time.Time    // credential expiry, if seen
	Ignored    []string      // fields of a pushed delivery that we do not know, for the answer to the sender
}

// Sweep is a full look at a stretch of the place: every known item whose time lies within [From, To] and whose id is
// not in Present has disappeared.
type Sweep struct {
	From, To time.Time
	Present  map[string]State
}

// Deed is an order to the place.
type Deed struct {
	ID       string // our own id, for idempotency and for the place's log where it takes one
	Verb     Verb
	ItemID   string // external id of the item
	PostID   string
	AuthorID string
	Text     string // for Reply
	Meta     Meta   // the item's Meta as captured
	ResultID string // external id a former attempt made (reply), for ReadBack
}

// DeedState is how a deed ended at the place.
type DeedState string

const (
	Done     DeedState = "done"
	Failed   DeedState = "failed"
	Doubtful DeedState = "doubtful" // no clear answer: it may or may not have happened
)

// Outcome is what the place answered to a deed or to a read-back.
type Outcome struct {
	State    DeedState
	Now      State  // state of the item at the place, if seen
	ResultID string // external id of what the deed made (a reply)
	URL      string
	Detail   string // the place's own words, for the log and the page
	Delivery Delivery
}
