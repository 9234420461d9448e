// Package remote asks a second engine for its opinion: any place that speaks the OpenAI chat protocol, chosen by the firm,
// switched off unless somebody switched it on.
//
// What the place says can add safety labels and nothing else (classify.Merge), so a comment that talks the model round
// gains nothing, and a place that lies can only raise false alarms. Texts are redacted before they leave; the built-in
// labels are saved before anybody is asked and never wait.
package remote

import (
	"context"
	"time"

	"chop/internal/classify"
	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/fetch"
	"chop/internal/job"
	"chop/internal/journal"
	"chop/internal/seal"
)

// Config is what a Store works with.
type Config struct {
	DB      *db.DB
	Jobs    *job.Queue
	Seal    *seal.Store
	Journal *journal.Store
	Labels  *classify.Store
	Fetch   *fetch.Client // a language model on an ordinary processor may think for a minute: give it that long
	// Staff names the people of a firm, to be hidden; nil when nobody knows them.
	Staff func(ctx context.Context, firm string) ([]string, error)
}

// Store keeps the firms' settings, budgets and memory of answers, and asks.
type Store struct {
	Config
	shapes shapes
	slots  chan struct{} // questions under way in this process
}

// mostAtOnce keeps slow places from holding the workers that also look at sources and send alarms.
const mostAtOnce = 4

// New is a store; nothing is asked until a firm switches its engine on.
func New(c Config) *Store {
	return &Store{Config: c, shapes: shapes{known: map[string]shape{}}, slots: make(chan struct{}, mostAtOnce)}
}

// Scope says which texts a firm sends.
type Scope string

const (
	Doubtful Scope = "doubtful" // where something may have to be handled, or no label is clear
	All      Scope = "all"
)

// Settings are a firm's choices. The key never comes out of the store.
type Settings struct {
	Firm      string
	On        bool
	URL       string // "https://host/v1"; /chat/completions is added
	Model     string
	Names     []string // of people to hide, beside the firm's own people in ChOP
	Scope     Scope
	Thread    bool // the post and the answered comment go along
	DayTokens int64
	MonthCost Money
	PriceIn   Money // of a million tokens
	PriceOut  Money
	Currency  string

	HasKey     bool
	Accepted   string // scheme and host the privacy note was accepted for
	AcceptedAt time.Time
	AcceptedBy string // name
	Set        bool   // somebody has saved settings
}

// Host is where texts go, for people.
func (s Settings) Host() string { _, h := place(s.URL); return h }

// Name is what labels are signed with.
func (s Settings) Name() string { return s.Model + "@" + s.Host() }

// Trouble is one failure to get an opinion.
type Trouble struct {
	Code string         `json:"code"`
	Data map[string]any `json:"data,omitempty"`
	At   time.Time      `json:"at"`
}

// Fault is the trouble as a fault, whose sentence a page can show.
func (t Trouble) Fault() error {
	return &fault.Error{Kind: fault.Unavailable, Code: t.Code, Data: t.Data}
}

// State is how a firm's second engine is doing.
type State struct {
	On        bool
	DownSince time.Time // zero: works, as far as is known
	RestUntil time.Time
	Troubles  []Trouble // newest first, a few
}

// opinion is what the place said of one text.
type opinion struct {
	Labels   []classify.Scored `json:"labels"`
	Severity int               `json:"severity"`
}
