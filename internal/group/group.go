// Package group keeps what a firm knows of accounts that act together: findings with their inputs, and what people said of
// them. It says that accounts act together, never who is behind them or that they are fake; a person decides, and no deed
// follows from membership alone (domain/coordination.md 4.6, 4.7).
package group

import (
	"fmt"
	"time"

	"chop/internal/coordination/channel"
	"chop/internal/coordination/detect"
	"chop/internal/reason"
)

// State is what people said of a group.
type State string

// States.
const (
	Suggested State = "suggested" // found by the machine; a hypothesis
	Confirmed State = "confirmed" // a person looked and agreed
	Rejected  State = "rejected"  // a person looked and disagreed
	Merged    State = "merged"    // went on as another one
)

// Live tells whether the group still counts for anything.
func (s State) Live() bool { return s == Suggested || s == Confirmed }

// Level says how much is claimed (domain/coordination.md 4.6). L2 to L3 are the machine's, L4 needs a person's word.
type Level int

// Levels.
const (
	Synchronous = Level(detect.Synchronous) // L1: never kept as a group
	Trigger     = Level(detect.Trigger)     // L2: react to the same moment
	Organised   = Level(detect.Organised)   // L3: act as a group on the same posts
	Inauthentic = Level(4)                  // L4: organised, with signs of accounts made for it; signed off by a person
)

// Code is "L1" to "L4"; messages are "group.level.<code>".
func (l Level) Code() string { return fmt.Sprintf("L%d", int(l)) }

// MemberState is whether an account belongs.
type MemberState string

// States of members. The machine's test says in or uncertain; a person's word stands above it.
const (
	In        MemberState = "in"
	Out       MemberState = "out"
	Uncertain MemberState = "uncertain"
)

// Group is accounts that act together at one place of a firm.
type Group struct {
	Firm, ID string
	Number   int
	Source   string
	Level    Level
	State    State
	Version  int // of Finding: the newest
	Revision int // what verbs are given back, so that two people do not undo each other
	MadeAt   time.Time
	Changed  time.Time

	Decided     time.Time // by a person; zero: nobody yet. The reason stands in the journal under Ref
	DecidedBy   string
	DecidedName string
	Signed      time.Time // level 4 was signed off
	SignedBy    string
	SignedName  string
	Origin      string    // the group it was split from
	Became      string    // the group it was merged into
	Case        string    // the case it was handed to
	Exhibit     string    // the whole group with all its actions, sealed when it was confirmed last
	Lost        time.Time // since then runs do not find it any more; zero: they do

	Frozen  time.Time // since then it is forecast
	Proof   Proof
	Finding Finding  // the machine's figures, unchanged by people
	Members []Member // everybody the machine or a person named, whatever the state
	Links   []Link   // of accounts that are not out
}

// Ref points at a group.
func Ref(id string) reason.Ref { return reason.Ref{Kind: "group", ID: id} }

// Faded tells that the machine suggested the group and finds it no more, and no person stands for it: it can be looked up, and nothing
// is said of its accounts.
func (g Group) Faded() bool { return g.State == Suggested && !g.Lost.IsZero() }

// Name is what people call it: "G-07".
func (g Group) Name() string { return fmt.Sprintf("G-%02d", g.Number) }

// Accounts are the keys of those who are in, and with uncertain those who may be.
func (g Group) Accounts(uncertain bool) (keys []string) {
	for _, m := range g.Members {
		if m.State == In || uncertain && m.State == Uncertain {
			keys = append(keys, m.Account)
		}
	}
	return keys
}

// Member is the member of that key.
func (g Group) Member(account string) (Member, bool) {
	for _, m := range g.Members {
		if m.Account == account {
			return m, true
		}
	}
	return Member{}, false
}

// Member is an account named in a group.
type Member struct {
	Account string // author key
	Name    string // as it shows itself; "" when it only reacted
	State   MemberState
	Role    string // detect: first, with, seldom; "" when the newest finding does not name it
	Since   time.Time
	R       float64 // correlation of its delays with the group's, over Common posts
	Common  int
	P, Q    float64
	Posts   int // of the group's posts it acted under
	First   int // of those, where it was the first of the group
	Frozen  bool

	Added       time.Time
	Decided     time.Time // by a person; zero: the machine's word
	DecidedBy   string
	DecidedName string
}

// Link is a pair that coincided: Together of Shared posts within Within; Expected is what chance would bring.
type Link struct {
	A, B             string
	Shared, Together int
	Within           time.Duration
	Expected         float64
	P, Q             float64
	Exhibit          string // id, once the group was confirmed
}

// Finding is one result of the machine for one group, with what is needed to make it again.
type Finding struct {
	Version int
	At      time.Time
	Input   string // digest; see Reproduce
	Code    string // version of the method
	Level   Level  // at most Organised

	Together, Expected, SD, Z, P float64 // do they pick the same posts? pairs under the same post
	Posts                        []string
	Members                      []FoundMember
	Links                        []Link

	Runs    int     // histories in which company was shuffled and habits kept; 0: not run yet
	Larger  int     // of those, with a group at least as large
	Rate    float64 // (1 + Larger) / (1 + Runs)
	Signs   []Sign  // of another kind than behaviour: text, creation, identity
	Actions int     // read in the whole run
	Tested  int     // accounts compared
	Pairs   int     // pairs corrected for
	Groups  int     // groups of the run
	Seen    int     // posts of the run
	NoTimes int     // actions left out because the place told no time
	Left    int     // actions of accounts that are left out on purpose
}

// FoundMember is a member as the machine found it.
type FoundMember struct {
	Account   string
	Role      string
	Uncertain bool // near the floor: for a person to decide
	R         float64
	Common    int
	P, Q      float64
	Posts     int
	First     int
	Since     time.Time
}

// Sign is what another kind of evidence says of a group (domain/coordination.md 4.5). It says something only beside
// behaviour, and lifts a level only by a person's word.
type Sign struct {
	Channel string            // channel.Name
	P       float64           // chance under the channel's own null, before correction for the number of groups
	Members []string          // it speaks of
	Facts   map[string]string // for the sentence "group.sign.<Channel>"
	Strong  bool              // P at most 0.01 / number of groups, corrected for its kind
	// Evidence is the channel's own words and pairs.
	Evidence *channel.Evidence `json:",omitempty"`
}

// Proof is what came after the group was frozen: no selection is left, so the chance is plain (domain/coordination.md
// 4.6 c). Under each new post where at least two frozen members acted the crowd gives the chance of their nearness.
type Proof struct {
	Posts    int       // new posts under which at least two frozen members acted
	Pairs    int       // of members under those posts
	Near     int       // of those, within Window
	Expected float64   // by the crowd at those moments
	Window   float64   // seconds
	P        float64   // Poisson-binomial; 1 while nothing can be said
	Until    time.Time // last post counted
}

// Says tells whether the proof has enough to be shown.
func (p Proof) Says() bool { return p.Posts >= minProofPosts }

const minProofPosts = 5
