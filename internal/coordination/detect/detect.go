// Package detect finds groups of accounts that act together under a firm's posts, with statistics that hold each account's
// own habits fixed (domain/coordination.md 4). It is pure: actions in, findings out, the same every time.
//
// It can say that accounts act together, never who is behind them or that they are fake. Three steps, each with a null
// model of its own: pairs that coincide more often than the crowd at those moments would (screen); members whose delays go
// up and down with the group's, beyond their own habits and the hour (members); a group that picks the same posts, beyond
// each member's own weekly share (presence).
package detect

import (
	"math"
	"time"
)

// Action is what an account did under a post; only its first under each post counts. At is in seconds since 1970.
type Action struct {
	Post, Account string
	At            float64
}

// Post is what was acted on. Question tells a potential customer's question, where groups may behave differently.
type Post struct {
	ID        string
	Published float64
	Question  bool
}

// Settings of the method; Default holds those it was tested with.
type Settings struct {
	Windows      [3]float64 // seconds, ascending
	Prior        float64    // actions that the page's own delay curve is worth against the crowd of one post
	Shared       int        // posts that two accounts must share before they are compared
	Neighbours   int        // most neighbours in time that an action is paired with: in denser moments coincidence is no evidence
	ScreenFDR    float64    // of the pairs against the crowd
	MinZ         float64    // of a pair's common delays, before groups are looked for
	MemberFDR    float64
	MinCommon    int     // posts shared with the group before a member is tested
	MinR         float64 // correlation of a member's delays with the group's: attackers 0.88 to 0.99, honest fans below 0.7
	MinPresenceZ float64
	PresenceP    float64 // divided by the number of groups
	HourKernel   float64 // hours: what a group shares only because of the hour of publication is taken off
	Permutations int
	Zone         *time.Location // whose nights and days the page has
	Seed         uint64
}

// Default is the method as it was tested (domain/coordination.md 4.2 to 4.4).
func Default() Settings {
	return Settings{Windows: [3]float64{60, 300, 1800}, Prior: 10, Shared: 3, Neighbours: 400, ScreenFDR: 0.05, MinZ: 1.64, MemberFDR: 0.01,
		MinCommon: 6, MinR: 0.7, MinPresenceZ: 4, PresenceP: 0.01, HourKernel: 1, Permutations: 5000, Zone: time.UTC, Seed: 5}
}

// minGroup is how many make a group; two are a linked pair.
const minGroup = 3

// Level says how much is shown (domain/coordination.md 4.6).
type Level int

// Levels. A fourth, "organised, likely inauthentic", needs another kind of evidence and a person, and is not given here.
const (
	Nothing     Level = iota
	Synchronous       // often early together; typical of subscribers with notifications too
	Trigger           // react to the same moment: newsletter, group message, or one operator
	Organised         // act as a group on the same posts; may be genuine people
)

// Link is a pair of accounts that coincided more often than the crowd would: Together of Shared posts within Within
// seconds; Expected is how many chance would bring, Q the share of such pairs that are false.
type Link struct {
	A, B             string
	Shared, Together int
	Within           float64
	Expected         float64
	P, Q             float64
}

// Member is an account of a group. R is the correlation of its delays with the group's over Common posts, P its chance by
// shuffling the account's own delays.
type Member struct {
	Account string
	R       float64
	Common  int
	P, Q    float64
	Posts   int     // of the group's posts
	First   int     // of those, under how many it acted first of the group
	Since   float64 // its first action here
	rank    float64
}

// Group is what was found. Together counts pairs of members under the same post, Expected and SD what chance would bring.
type Group struct {
	Level        Level
	Members      []Member
	Links        []Link
	Together     float64
	Expected, SD float64
	Z, P         float64
	Posts        []string // under which at least three members acted
}

// Report is everything that was looked at and found.
type Report struct {
	Groups      []Group
	Hands       []Hand // pairs that act like one person with two accounts, in groups or not
	Synchronous []Link // pairs beyond chance that belong to no group: no accusation
	Actions     int    // first ones under each post
	Accounts    int
	Tested      int // accounts with enough posts to be compared
	Pairs       int // pairs that were eligible, for the correction
	Posts       int
	NoPosts     bool // times of publication were not given: the first action stands for it
}

// Run looks for groups. Actions under posts that are not listed are left out; without any posts the first action under a
// post stands for its publication.
func Run(actions []Action, posts []Post, s Settings) Report {
	w := gather(actions, posts, s)
	found := w.detect(s.Permutations)
	r := w.report(found)
	r.Hands = w.hands(found.links)
	return r
}

// found is the inner result, in numbers.
type found struct {
	links   []link
	members []member
	groups  [][]int32 // confirmed members by group
	tests   []presence
	pairs   int
}

func (w *page) detect(permutations int) found {
	spans := w.spans()
	w.follow()
	companions, candidates := w.companions(spans)
	w.crowd(companions, spans)
	f := found{pairs: w.tested * (w.tested - 1) / 2}
	f.links = w.screen(candidates, f.pairs)
	w.residuals(f.links)
	communities := w.communities(f.links)
	f.members = w.memberTests(communities, permutations)
	f.groups = confirmed(f.members, len(communities), w.s)
	for g, accounts := range f.groups {
		f.tests = append(f.tests, w.presenceTest(accounts, permutations, uint64(g)))
	}
	return f
}

func (p presence) z() float64 { return (p.together - p.expected) / p.sd }

func (w *page) level(p presence, groups int) Level {
	if p.p*float64(groups) <= w.s.PresenceP && p.z() >= w.s.MinPresenceZ {
		return Organised
	}
	return Trigger
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
