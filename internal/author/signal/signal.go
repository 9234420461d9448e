// Package signal reads the twenty-five public signals of an account's behaviour towards one firm (domain/decisions.md 3.2).
//
// It is pure: a Book goes in, what ChOP holds about the account and what people told about it, and each signal comes out with
// its value, what it rests on and whether that is enough. It knows content that anybody could see or that was addressed to the
// firm, and nothing else: no private profiles, no bought data, no health, views, faith, family or place. A signal describes what
// an account did. It is no trait of a person.
package signal

import (
	"cmp"
	"slices"
	"time"

	"chop/internal/reason"
)

// Status says whether a signal can be read.
type Status string

const (
	Known   Status = "known"
	Few     Status = "few"     // "za mało danych": fewer observations than the signal needs
	Unknown Status = "unknown" // ChOP cannot see it and nobody told us
)

// Basis says where a signal comes from.
type Basis string

const (
	Observed Basis = "observed" // read from items ChOP holds
	Reported Basis = "reported" // a person told it, with source and date
)

// Item is one thing the account wrote.
type Item struct {
	ID      string
	Ext     string // id at the place, that answers name
	Venue   string // channel or group
	Thread  string // post it stands under
	Account string // key of the account, which differs when a person confirmed that two accounts belong together
	At      time.Time
	Text    string
	Labels  []string
	Arousal int    // 0 calm to 3 furious
	Target  string // firm, product, staff, author_other, group, none
	Rating  int    // stars of a review, 0 when none
	Edits   int    // changes of the text that we saw
	GoneAt  time.Time
	ToFirm  bool // answers our words
	ToOther bool // answers another account's words
	Backing int  // reactions and answers by others
}

// Has tells whether the item carries a label.
func (i Item) Has(label string) bool { return slices.Contains(i.Labels, label) }

// Intensity is how strong the item is, 0 to 4: calm, irritated, angry without insults, insults, threats or dehumanising words.
// One more makes the scale of the profile (domain/decisions.md 3.4 field 4).
func (i Item) Intensity() int {
	switch {
	case i.Has("threat") || i.Has("hate") || i.Has("extortion"):
		return 4
	case i.Has("insult"):
		return 3
	}
	return min(max(i.Arousal, 0), 2)
}

// Reply is one public word of ours in a thread the account took part in.
type Reply struct {
	ID     string
	Thread string
	To     string // Item.Ext it answers
	At     time.Time
	Text   string
}

// After is what an account did after a deed of ours (B16).
type After string

const (
	NotYet     After = ""            // too early to tell
	Calm       After = "calm"        // wrote nothing hostile in a week
	WentOn     After = "went_on"     // as before
	RePost     After = "repost"      // the same text again
	NewVenue   After = "new_venue"   // the matter at a place where it had not written
	NewAccount After = "new_account" // the same text from an account that was not there before
)

// Hot tells that the account carried the matter on after the deed.
func (a After) Hot() bool { return a == RePost || a == NewVenue || a == NewAccount }

// Deed is one deed of ours towards the account.
type Deed struct {
	ID      string
	Mention string
	Option  string
	At      time.Time
	After   After
}

// Restrictive tells whether the deed took something away.
func (d Deed) Restrictive() bool {
	return slices.Contains([]string{"hide", "delete", "block"}, d.Option)
}

// Fact is what a person told about an account: ChOP cannot see it. Fields lists what may be told.
type Fact struct {
	Field  string
	Value  string
	Source string // where it can be seen
	SeenAt time.Time
	Who    string
	Name   string
	At     time.Time
}

// Alike is a text of the account beside nearly the same text of another account.
type Alike struct {
	Mine, Theirs string // mention ids
	Other        string // the other account
	Jaccard      float64
	Apart        time.Duration // between the two
}

// Window is a stretch of time.
type Window struct{ From, To time.Time }

// Has tells whether t lies in the window.
func (w Window) Has(t time.Time) bool { return !t.Before(w.From) && t.Before(w.To) }

// Book is everything that signals are read from.
type Book struct {
	Now    time.Time
	Items  []Item // oldest first
	Ours   []Reply
	Deeds  []Deed
	Facts  []Fact
	Alike  []Alike   // texts of others that are nearly the same
	Bursts []Window  // in which far more than usual was written about the firm
	Groups []Company // of accounts that act together, to which it may belong
}

// Company is a group of accounts that act together (domain/coordination.md). Only a confirmed one is a fact; a suggested one
// is a hypothesis that no signal reads.
type Company struct {
	ID, Number string // "G-07"
	Level      string // "L2" to "L4"
	Others     int    // accounts in it beside this one
	Confirmed  bool   // by a person
	Uncertain  bool   // whether this account belongs is not decided
}

// Signal is one of the twenty-five, as read.
type Signal struct {
	Code     string // B01 to B25; its name is the message "signal.<Code>"
	Status   Status
	Value    float64
	Unit     string // message "signal.unit.<Unit>"; empty for a word
	Word     string // message "signal.word.<Word>", for signals that are a kind and no number
	Parts    map[string]float64
	N, Need  int // observations it rests on, and how many it needs
	Basis    Basis
	Refs     []reason.Ref // at most maxRefs, newest first
	From, To time.Time    // window it was observed over
	Told     *Fact        // of a reported one
}

// Ok tells whether the signal can be used.
func (s Signal) Ok() bool { return s.Status == Known }

// Part is one of its parts, 0 when it has none of that name or is not known.
func (s Signal) Part(name string) float64 {
	if !s.Ok() {
		return 0
	}
	return s.Parts[name]
}

// Is tells whether a known signal says one of the words.
func (s Signal) Is(words ...string) bool { return s.Ok() && slices.Contains(words, s.Word) }

// maxRefs bounds the evidence that a signal points at.
const maxRefs = 20

// Core are the eight signals whose presence makes a profile sure of itself (domain/decisions.md 3.3).
var Core = []string{"B01", "B04", "B07", "B10", "B11", "B12", "B14", "B16"}

// Set is all signals of an account, with what was read on the way.
type Set struct {
	Signals []Signal // B01 to B25
	Cues    []Cues   // of Book.Items, in the same order
	Book    Book
}

// Of is one signal by its code.
func (s Set) Of(code string) Signal {
	i, ok := slices.BinarySearchFunc(s.Signals, code, func(x Signal, c string) int { return cmp.Compare(x.Code, c) })
	if !ok {
		return Signal{Code: code, Status: Unknown}
	}
	return s.Signals[i]
}

// Observable is the share of the eight core signals that can be read.
func (s Set) Observable() float64 {
	n := 0
	for _, c := range Core {
		if s.Of(c).Ok() {
			n++
		}
	}
	return float64(n) / float64(len(Core))
}

// Read reads every signal. Items need not be in order.
func Read(b Book) Set {
	b.Items = slices.Clone(b.Items)
	slices.SortStableFunc(b.Items, func(x, y Item) int { return cmp.Or(x.At.Compare(y.At), cmp.Compare(x.ID, y.ID)) })
	r := &reading{Book: b, cues: make([]Cues, len(b.Items))}
	for i, it := range b.Items {
		r.cues[i] = ReadCues(it.Text)
	}
	return Set{Book: b, Cues: r.cues, Signals: []Signal{
		r.volume(), r.persistence(), r.focus(), r.venues(), r.circadian(), r.latency(), r.slope(), r.arousal(), r.insults(), r.density(),
		r.demand(), r.mobilising(), r.threats(), r.acceptance(), r.customer(), r.moderation(), r.engagement(), r.supporters(), r.age(),
		r.followers(), r.consistency(), r.removed(), r.alike(), r.burst(), r.reviews(),
	}}
}

// reading is a book with its cues.
type reading struct {
	Book
	cues []Cues
}

// observed begins a signal that rests on items; too few of them end it.
func (r *reading) observed(code, unit string, n, need int) Signal {
	s := Signal{Code: code, Unit: unit, N: n, Need: need, Basis: Observed, Status: Known}
	if n < need {
		s.Status = Few
	}
	if len(r.Items) > 0 {
		s.From, s.To = r.Items[0].At, r.Items[len(r.Items)-1].At
	}
	return s
}

// told is a signal that only people can know: the newest fact of the field, or unknown.
func (r *reading) told(code, unit, field string, need int) (Signal, Fact) {
	s := Signal{Code: code, Unit: unit, Need: need, Basis: Reported, Status: Unknown}
	f, ok := r.fact(field)
	if ok {
		s.Status, s.Told, s.N, s.From, s.To = Known, &f, need, f.SeenAt, f.SeenAt
	}
	return s, f
}

func (r *reading) fact(field string) (f Fact, ok bool) { return Newest(r.Facts, field) }

// Newest is the fact of a field that was told last.
func Newest(facts []Fact, field string) (f Fact, ok bool) {
	for _, x := range facts {
		if x.Field == field && (!ok || !x.At.Before(f.At)) {
			f, ok = x, true
		}
	}
	return f, ok
}

// refs are the newest items that fit.
func (r *reading) refs(fits func(i int) bool) (list []reason.Ref) {
	for i := len(r.Items) - 1; i >= 0 && len(list) < maxRefs; i-- {
		if fits(i) {
			list = append(list, reason.Ref{Kind: "mention", ID: r.Items[i].ID})
		}
	}
	return list
}

func every(int) bool { return true }

// count is how many items fit.
func (r *reading) count(fits func(i int) bool) (n int) {
	for i := range r.Items {
		if fits(i) {
			n++
		}
	}
	return n
}
