package author

import (
	"cmp"
	"slices"
	"time"

	"chop/internal/author/estimate"
	"chop/internal/author/signal"
	"chop/internal/reason"
)

// State is where a version of a profile stands.
type State string

const (
	Draft     State = "draft"     // ChOP's proposal; decisions do not read it
	Confirmed State = "confirmed" // a person stands behind it
	Replaced  State = "replaced"  // a newer version was confirmed
	Expired   State = "expired"   // its time is over
	Withdrawn State = "withdrawn" // a person took it back
	Erased    State = "erased"    // its content is gone
)

// Basis says how a statement is known.
type Basis string

const (
	Observed Basis = "observed" // stands in an item or in our own record
	Inferred Basis = "inferred" // follows from what was observed by a rule that is shown
	Reported Basis = "reported" // a person said so, with source and date
)

// Statement is one sentence of a profile. ChOP's own is the message "reason.<Rule>" filled with Facts; a person's is Text.
type Statement struct {
	Rule   string            `json:"rule,omitempty"`
	Facts  map[string]string `json:"facts,omitempty"`
	Text   string            `json:"text,omitempty"`
	Basis  Basis             `json:"basis"`
	Refs   []reason.Ref      `json:"refs,omitempty"` // mentions, decisions, exhibits
	Source string            `json:"source,omitempty"`
	By     string            `json:"by,omitempty"` // name of the person who wrote it
	At     time.Time         `json:"at,omitzero"`
}

// Account is one account that the profile speaks of: as the place shows it, and no real name beyond that.
type Account struct {
	Key  string `json:"key"`
	Name string `json:"name"`
	URL  string `json:"url,omitempty"`
}

// Line is an item of the profile's timeline with its proof.
type Line struct {
	At        time.Time `json:"at"`
	Mention   string    `json:"mention"`
	Exhibit   string    `json:"exhibit,omitempty"`
	Venue     string    `json:"venue"`
	Intensity int       `json:"intensity"` // 0 to 4
}

// Truths a claim may have (domain/decisions.md 3.4 field 3).
var Truths = []string{"unknown", "true", "partly", "false_documented", "opinion"}

// Claim is one thing the account asserts, and how it stands.
type Claim struct {
	Text  string       `json:"text"` // in its own words, shortened
	Truth string       `json:"truth"`
	Refs  []reason.Ref `json:"refs"`
	By    string       `json:"by,omitempty"`
}

// Scales of a profile, fields 4 to 9. Their names are "scale.<code>", their anchors "scale.<code>.<value>".
const (
	Intensity   = "intensity"
	Persistence = "persistence"
	Substance   = "substance"
	Openness    = "openness"
	Mobilising  = "mobilising"
	Influence   = "influence" // 0 to 4, R0 to R4
)

// Scales lists them in the order of the document.
var Scales = []string{Intensity, Persistence, Substance, Openness, Mobilising, Influence}

// Bounds is what a scale may say.
func Bounds(scale string) (lo, hi int) {
	if scale == Influence {
		return 0, 4
	}
	return 1, 5
}

// Scale is one scale's value, 1 to 5 (Influence 0 to 4), and why. 0 where there is too little to say.
type Scale struct {
	Value int         `json:"value"`
	Known bool        `json:"known"`
	Why   []Statement `json:"why,omitempty"`
	By    string      `json:"by,omitempty"` // the person who set it
}

// Expectation is what the account may do after a deed of ours.
type Expectation struct {
	Option string    `json:"option"`
	Says   Statement `json:"says"`
}

// Entry is a line of the human decision log (field 16).
type Entry struct {
	At    time.Time `json:"at"`
	Who   string    `json:"who"`
	Name  string    `json:"name"`
	What  string    `json:"what"` // drafted, changed, confirmed, withdrawn, ...: message "profile.log.<What>"
	Field string    `json:"field,omitempty"`
	From  string    `json:"from,omitempty"`
	To    string    `json:"to,omitempty"`
	Why   string    `json:"why,omitempty"`
}

// Document is the profile: the fields of domain/decisions.md 3.4. Fields 12 (our deeds and what followed) and 17 (contestation) are
// kept beside it, because they go on after it was confirmed.
type Document struct {
	Firm    string `json:"-"`
	ID      string `json:"-"`
	Key     string `json:"-"`
	Version int    `json:"-"`
	State   State  `json:"-"`

	Accounts []Account         `json:"accounts"`
	Summary  []Statement       `json:"summary"`  // 1
	Timeline []Line            `json:"timeline"` // 2, newest first
	Claims   []Claim           `json:"claims"`   // 3
	Scale    map[string]Scale  `json:"scale"`    // 4 to 9
	Motive   estimate.Motive   `json:"motive"`   // 10
	Chances  []estimate.Chance `json:"chances"`
	Against  []Statement       `json:"against"` // disconfirming evidence that was looked for
	Change   []string          `json:"change"`  // what would change the mind
	States   []estimate.Match  `json:"states"`
	Band     int               `json:"band"` // 11: escalation 0 to 2
	BandWhy  []reason.Reason   `json:"band_why"`
	Expect   []Expectation     `json:"expect"`
	Do       []Statement       `json:"do"` // 13
	Not      []Statement       `json:"not"`
	Base     float64           `json:"base"` // 14: confidence when made or rated, before decay
	Seen     int               `json:"seen"` // items it rests on
	Core     float64           `json:"core"` // share of core signals that could be read
	Gaps     []string          `json:"gaps"`
	Legal    string            `json:"legal"` // 15: none, terms, civil, criminal; lawyers only
	Log      []Entry           `json:"log"`   // 16
	Signals  []signal.Signal   `json:"signals"`
	Guess    estimate.Motive   `json:"guess"` // what ChOP proposed for the motive, to compare
	GuessAt  int               `json:"guess_band"`
	LastItem time.Time         `json:"-"`
	Made     time.Time         `json:"-"`
	Proposed map[string]int    `json:"proposed"` // scales as ChOP proposed them
	MadeBy   string            `json:"-"`

	ConfirmedAt time.Time `json:"-"`
	ConfirmedBy string    `json:"-"`
	ValidUntil  time.Time `json:"-"`
	RetainUntil time.Time `json:"-"`
	EndedAt     time.Time `json:"-"`
}

// Times of a profile (domain/decisions.md 3.4).
const (
	validFor    = 90 * 24 * time.Hour
	validInFray = 30 * 24 * time.Hour  // in an active conflict
	retainFor   = 365 * 24 * time.Hour // after the last item, unless a claim is pending
	followFor   = 7 * 24 * time.Hour   // how long we look at what follows a deed
)

// Valid tells whether a person stands behind the profile and its time is not over.
func (d Document) Valid(now time.Time) bool {
	return d.State == Confirmed && now.Before(d.ValidUntil)
}

// draft writes the document from what is known. It is a proposal: a person confirms or changes it.
func draft(s signal.Set, e estimate.Estimate, accounts []Account) Document {
	d := Document{State: Draft, Accounts: accounts, Motive: e.Guess.Motive, Guess: e.Guess.Motive, Change: e.Guess.Change, States: e.States,
		Band: e.Escalation.Band, GuessAt: e.Escalation.Band, BandWhy: e.Escalation.Lines, Seen: len(s.Book.Items), Core: s.Observable(),
		Gaps: e.Gaps, Legal: "none", Signals: s.Signals, Proposed: map[string]int{}}
	d.Chances = e.Guess.Chances[:2]
	d.Base = estimate.Confidence(d.Seen, d.Core, estimate.OneRater, 0)
	d.Summary, d.Timeline, d.Claims = summary(s), timeline(s), claims(s)
	d.Scale = scales(s, e)
	for name, x := range d.Scale {
		if x.Known {
			d.Proposed[name] = x.Value
		}
	}
	d.Against, d.Expect = against(s, e), expect(s, e)
	d.Do, d.Not = stance(e)
	if n := len(s.Book.Items); n > 0 {
		d.LastItem = s.Book.Items[n-1].At
	}
	return d
}

const maxLines = 200

func timeline(s signal.Set) (ls []Line) {
	for _, it := range slices.Backward(s.Book.Items) {
		if len(ls) == maxLines {
			break
		}
		ls = append(ls, Line{At: it.At, Mention: it.ID, Venue: it.Venue, Intensity: it.Intensity()})
	}
	return ls
}

const (
	maxClaims = 10
	excerpt   = 160 // characters of a claim
)

// claims are what the account asserts, each once: items labelled as claims or complaints whose texts are not nearly the same.
func claims(s signal.Set) (cs []Claim) {
	var seen []map[string]bool
	for _, it := range s.Book.Items {
		if !it.Has("claim") && !it.Has("complaint") && !it.Has("health_safety") {
			continue
		}
		ref := reason.Ref{Kind: "mention", ID: it.ID}
		words := signal.Shingles(it.Text)
		if i := slices.IndexFunc(seen, func(o map[string]bool) bool { return signal.Jaccard(o, words) >= signal.Near }); i >= 0 {
			if len(cs[i].Refs) < maxClaims {
				cs[i].Refs = append(cs[i].Refs, ref)
			}
			continue
		}
		if len(cs) < maxClaims {
			seen = append(seen, words)
			cs = append(cs, Claim{Text: shorten(it.Text, excerpt), Truth: "unknown", Refs: []reason.Ref{ref}})
		}
	}
	return cs
}

func shorten(s string, runes int) string {
	r := []rune(s)
	if len(r) <= runes {
		return s
	}
	return string(r[:runes-1]) + "…"
}

// Confidence is the profile's confidence now: as made or rated, halved for every 60 days without a new item.
func (d Document) Confidence(now, lastItem time.Time) float64 {
	return decayed(d.Base, now.Sub(later(d.LastItem, lastItem)))
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// log adds a line to the human decision log.
func (d *Document) log(e Entry) { d.Log = append(d.Log, e) }

// first is the first of strings that is not empty.
func first(ss ...string) string { return cmp.Or(ss...) }
