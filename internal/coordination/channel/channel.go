// Package channel looks at a group that behaviour has found through other windows: what its accounts wrote, when they were
// made, how they are called, what they link to (domain/coordination.md 4.5). It is pure: tables in, evidence out, the same
// every time. Each channel has a null model of its own, drawn from the other accounts of the same page, and says what it
// cannot say. None of them finds a group by itself, and none says who is behind an account.
package channel

import (
	"math"
	"slices"
)

// Account is what a place tells about an account. Created is in seconds since 1970, 0 when not known; Avatar is a hash of
// the picture in any notation, "" when not known.
type Account struct {
	ID      string  `json:"id"`
	Handle  string  `json:"handle,omitempty"`
	Created float64 `json:"created,omitempty"`
	Avatar  string  `json:"avatar,omitempty"`
}

// Said is one thing that an account did: a text, links given apart from it (those in the text are found), a reaction.
// Content names it, so that evidence can point at it.
type Said struct {
	Account  string
	Post     string
	Content  string
	Text     string
	Links    []string
	Reaction string
	At       float64 // seconds since 1970
}

// Reacted is one reaction of an account.
type Reacted struct{ Account, Kind string }

// Page is everything that is known of the accounts under a firm's posts. Own are the firm's texts and those of its share
// buttons: who repeats them copies from the firm, not from each other. Reacted are reactions without any words, which pages have
// by the million; those that came with words may stand there instead.
type Page struct {
	Accounts []Account
	Said     []Said
	Reacted  []Reacted
	Own      []string
}

// Name of a channel.
type Name string

// Channels.
const (
	Text      Name = "text"     // nearly the same texts
	Phrase    Name = "phrase"   // a rare phrase in several members' texts
	Link      Name = "link"     // the same addresses
	Creation  Name = "creation" // accounts made within a week
	Handle    Name = "handle"   // names of one pattern
	Avatar    Name = "avatar"   // the same picture
	Switch    Name = "switch"   // pairs that act like one person changing accounts
	Style     Name = "style"    // writes alike: supports, never accuses
	Reactions Name = "reaction" // other reactions than the page's: describes, never accuses
)

// Family is a kind of evidence; channels of one family look at the same thing, so their chances are corrected together.
type Family string

// Families that may lift a group to level four, and the rest.
const (
	Wording  Family = "text"
	Birth    Family = "creation"
	Identity Family = "identity"
	None     Family = "" // supports or describes only
)

// Family of a channel.
func (n Name) Family() Family {
	switch n {
	case Text, Phrase, Link:
		return Wording
	case Creation:
		return Birth
	case Handle, Avatar, Switch:
		return Identity
	}
	return None
}

// Pair is two accounts of a group that a channel joins. Score is the likeness, 0 to 1; ContentA and ContentB name the two
// things, Same quotes what is common.
type Pair struct {
	A        string  `json:"a"`
	B        string  `json:"b"`
	Score    float64 `json:"score,omitempty"`
	ContentA string  `json:"content_a,omitempty"`
	ContentB string  `json:"content_b,omitempty"`
	Same     string  `json:"same,omitempty"`
}

// Evidence is what one channel says about one group. P is the chance that accounts of the same page, picked without regard
// to what the channel looks at, are as much alike; it is corrected for everything the channel tried on this group, not for
// the number of groups. Tested is false when there was too little to look at: then P is 1 and nothing is said.
type Evidence struct {
	Channel  Name     `json:"channel"`
	Tested   bool     `json:"tested"`
	P        float64  `json:"p"`
	Count    int      `json:"count"`            // members concerned
	Of       int      `json:"of"`               // members about whom the channel knows anything
	Others   int      `json:"others"`           // accounts of the page they are held against
	Expected float64  `json:"expected"`         // what chance would bring of Count or of links, where the channel reckons it
	Same     string   `json:"same,omitempty"`   // what is common: a phrase, an address, a pattern, a day
	Accounts []string `json:"accounts"`         // the members concerned, in order of name
	Pairs    []Pair   `json:"pairs,omitempty"`  // at most maxPairs, the strongest first
	From     float64  `json:"from,omitempty"`   // of creation: seconds since 1970
	To       float64  `json:"to,omitempty"`     // of creation
	Degree   float64  `json:"degree,omitempty"` // of style: z; of reactions: G
}

// maxPairs bounds what is listed, not what is counted.
const maxPairs = 50

// strong is the chance, divided by the number of groups, at which a family may lift a group to level four.
const strong = 0.01

// Eligible tells whether a group that behaviour already calls organised may be laid before a person as level four, and by
// which families: each chance is multiplied by the channels of its family that were tried, and must not exceed 0.01
// divided by the number of groups found. It is never more than a suggestion: a person signs it off.
func Eligible(list []Evidence, groups int) (by []Family) {
	for _, f := range []Family{Wording, Birth, Identity} {
		least, tried := 1.0, 0
		for _, e := range list {
			if e.Tested && e.Channel.Family() == f {
				least, tried = min(least, e.P), tried+1
			}
		}
		if tried > 0 && least*float64(tried)*float64(max(groups, 1)) <= strong {
			by = append(by, f)
		}
	}
	return by
}

// Cauchy combines chances that may depend on each other (Liu and Xie 2020). It ranks groups for a reader; it lifts no
// level. Chances of 1 say nothing and are drawn just below, so that one cannot silence the others. Without any it is 1.
func Cauchy(p ...float64) float64 {
	if len(p) == 0 {
		return 1
	}
	t := 0.0
	for _, x := range p {
		x = min(max(x, 1e-15), 0.99)
		t += math.Tan((0.5 - x) * math.Pi)
	}
	t /= float64(len(p))
	if t > 1e6 { // the arc tangent has no digits left there
		return 1 / (t * math.Pi)
	}
	return 0.5 - math.Atan(t)/math.Pi
}

// Examine looks at groups through every channel of which the page tells anything; the result has one list for each group, in
// the order of Name. Accounts of any of the groups are left out of what they are held against. Same input, same output.
func Examine(p Page, groups [][]string) [][]Evidence {
	w := newWorld(p, groups)
	out := make([][]Evidence, len(groups))
	for g, members := range groups {
		members = slices.Compact(slices.Sorted(slices.Values(members)))
		out[g] = w.examine(members)
	}
	return out
}

// Rank is the combined chance of all tested channels that may speak of a group.
func Rank(list []Evidence) float64 {
	var p []float64
	for _, e := range list {
		if e.Tested && e.Channel.Family() != None {
			p = append(p, e.P)
		}
	}
	return Cauchy(p...)
}
