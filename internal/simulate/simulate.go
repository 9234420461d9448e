// Package simulate makes the traffic of a firm's page from a seed: ordinary life, honest waves of complaint, honest
// audiences that look alike, and attacks whose members are known (domain/coordination.md 4.8). No public set has posts,
// times and known groups, so this is what the detection of groups is tried on. It is ours: figures on it are figures of
// regression, not of the field.
package simulate

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// Settings say what lives on the page. Zero counts mean none; Attacked and Honest are the usual two pages.
type Settings struct {
	Seed       uint64
	Days       float64
	Posts      int
	Accounts   int     // ordinary people
	Popularity float64 // mean ordinary actions under a post

	// Honest, and easily taken for a group.
	Wave      int // people of an honest viral wave of complaint, most of them once
	Fans      int // have notifications on: fast on most posts, each for himself
	Critics   int // hostile regulars, each for himself
	Digest    int // act when a daily newsletter arrives
	Push      int // act on a notification some time after publication
	Topic     int // care about a quarter of the posts
	TopicPush int // care about a quarter of the posts and act on one notification: behaviour alone cannot tell them from a group

	// Attacks, from a quarter of the time on.
	Pile    int     // come one after another under customers' questions
	Storm   int     // react within minutes
	Puppets int     // accounts of one person, one after another
	Stealth int     // spread over six hours: not found by timing
	Siege   int     // one who left leads the others for the rest of the time, with camouflage, rest and rotation, and rides the wave
	Extort  int     // a burst of two hours with a demand
	Bomb    int     // one-star reviews within two days
	Hidden  float64 // share of ordinary posts on which attackers also act like everybody

	// What they say and who they are. It has its own chance, so it changes nothing of who acts when.
	Reviews   float64 // ordinary reviews a week
	Customers float64 // share of ordinary people who bought something
	Lang      string  // of the texts: pl, the default, or en
	Plain     bool    // no texts and no reviews, for speed
}

// Attacked is a page with ordinary life and three attacks.
func Attacked(seed uint64) Settings {
	s := Honest(seed)
	s.Pile, s.Storm, s.Puppets = 20, 12, 5
	return s
}

// Honest is the same page without attacks: a wave of complaint, fast fans and hostile critics.
func Honest(seed uint64) Settings {
	return Settings{Seed: seed, Days: 120, Posts: 160, Accounts: 4000, Popularity: 30, Wave: 800, Fans: 12, Critics: 10, Reviews: 5, Customers: 0.35}
}

// Besieged is half a year in which one who left leads about twenty accounts.
func Besieged(seed uint64) Settings {
	s := Honest(seed)
	s.Days, s.Posts, s.Siege = 240, 320, 20
	return s
}

// Post is one entry of the firm; times are whole seconds since 1970, UTC.
type Post struct {
	ID        string
	Published int64
	Question  bool
	Title     string
	Asker     string // account whose question it is
	Text      string // the question
}

// Action is what an account did under a post.
type Action struct {
	Post, Account, Content string
	At                     int64
	Kind                   string // comment, reaction or review
	Reaction               string // like, love, wow, haha, angry
	Answers                bool   // stands under the customer's question rather than under the post
	Text, Link             string
	Rating                 int // stars of a review
}

// Account is who acted, with the truth about it.
type Account struct {
	Name    string
	Role    string // organic, wave, fan, critic, digest, push, topic, topicpush, attack
	Group   string // of an attack: pile, storm, puppets, stealth, siege, extort, bomb
	Actions int
	Reviews int

	Shown, Handle string
	Created       int64 // when the account was made
	Verified      bool  // bought something
}

// Page is what was made, in order of time.
type Page struct {
	Posts    []Post
	Actions  []Action
	Reviews  []Action // of the firm, under no post
	Accounts []Account
}

const (
	hour = 3600.0
	day  = 24 * hour
	from = 1_749_945_600.0 // a midnight, 15 June 2025
	tail = 5 * day         // after the last post
)

type person struct {
	Account
	weight, begin, end float64
	median, spread     float64 // of the delay, seconds and log
	sleep              float64 // hour at which eight hours of sleep begin
}

type post struct {
	at       float64
	question bool
	popular  float64
}

type event struct {
	post, who int
	at        float64
	kind      string
	op        int    // operation of an attack; camouflage is -1, everybody's own life 0
	say       string // list of words, when not that of the account
}

type world struct {
	s      Settings
	r      *rand.Rand
	posts  []post
	people []person
	events []event
	seen   map[[2]int]bool
	op     int // what is put now belongs to it
	ops    int
}

// Make plays the page. The same settings make the same page.
func Make(s Settings) Page {
	w := &world{s: s, r: rand.New(rand.NewPCG(s.Seed, 77)), seen: map[[2]int]bool{}}
	w.publish()
	w.everybody()
	w.honest()
	w.wave()
	w.attacks()
	p := w.page()
	if !s.Plain {
		newDresser(s).dress(w, &p)
	}
	return p
}

func (w *world) length() float64 { return w.s.Days * day }

// about is a time around the median, skewed as people's delays are.
func (w *world) about(median, spread float64) float64 {
	return median * math.Exp(spread*w.r.NormFloat64())
}

// awake moves a time out of the sleep that begins at the hour.
func (w *world) awake(at, sleep float64) float64 {
	into := math.Mod(math.Mod(at/hour, 24)-sleep+24, 24)
	if into < 8 {
		return at + (8-into)*hour + w.r.ExpFloat64()*1800
	}
	return at
}

func (w *world) bedtime() float64 { return math.Mod(22.5+2*w.r.NormFloat64()+24, 24) }

// poisson by Knuth, by the normal law when large.
func (w *world) poisson(mean float64) int {
	if mean > 60 {
		return max(0, int(mean+math.Sqrt(mean)*w.r.NormFloat64()+0.5))
	}
	k, p := 0, w.r.Float64()
	for limit := math.Exp(-mean); p > limit; k++ {
		p *= w.r.Float64()
	}
	return k
}

func (w *world) publish() {
	for range w.s.Posts {
		h := 7 + 16*math.Sqrt(w.r.Float64())*w.r.Float64()
		if w.r.Float64() < 0.12 {
			h = 21 + 2.5*w.r.Float64()
		}
		w.posts = append(w.posts, post{from + math.Floor(w.r.Float64()*w.s.Days)*day + h*hour, w.r.Float64() < 0.4, w.about(1, 0.7)})
	}
	slices.SortFunc(w.posts, func(a, b post) int { return cmp.Compare(a.at, b.at) })
}

func (w *world) add(p person) int {
	w.people = append(w.people, p)
	return len(w.people) - 1
}

// crowd adds n people of a role who stay from a time to the end.
func (w *world) crowd(n int, role, group, name string, begin, median, spread float64) (who []int) {
	for i := range n {
		who = append(who, w.add(person{Account: Account{Name: fmt.Sprintf("%s%02d", name, i), Role: role, Group: group}, begin: begin,
			end: from + w.length(), median: median, spread: spread, sleep: w.bedtime()}))
	}
	return who
}

// put lets somebody act once under a post.
func (w *world) put(post, who int, at float64, kind string) {
	k := [2]int{post, who}
	if w.seen[k] || at > from+w.length()+tail {
		return
	}
	w.seen[k] = true
	w.events = append(w.events, event{post: post, who: who, at: math.Floor(at), kind: kind, op: w.op})
}

// everybody is ordinary life: few act much, half come and go.
func (w *world) everybody() {
	for i := range w.s.Accounts {
		p := person{Account: Account{Name: fmt.Sprintf("org%05d", i), Role: "organic"}, weight: min(math.Pow(w.r.Float64(), -0.75), 60),
			begin: from, end: from + w.length(), median: w.about(9000, 0.8), spread: 1.3, sleep: w.bedtime()}
		if w.r.Float64() < 0.5 {
			p.begin = from + w.length()*w.r.Float64()
			p.end = p.begin + (from+w.length()-p.begin)*(0.2+0.8*w.r.Float64())
		}
		w.add(p)
	}
	for o, p := range w.posts {
		var sums []float64
		var who []int
		sum := 0.0
		for i, x := range w.people {
			if x.begin <= p.at && x.end >= p.at {
				sum += x.weight
				sums, who = append(sums, sum), append(who, i)
			}
		}
		for range w.poisson(w.s.Popularity * p.popular / 1.28) {
			if len(who) == 0 {
				break
			}
			k, _ := slices.BinarySearch(sums, w.r.Float64()*sum)
			x := w.people[who[k]]
			w.put(o, who[k], w.awake(p.at+w.about(x.median, x.spread), x.sleep), "comment")
		}
	}
}

// page gives names and puts everything in order of time.
func (w *world) page() (p Page) {
	slices.SortStableFunc(w.events, func(a, b event) int { return cmp.Compare(a.at, b.at) })
	for o, x := range w.posts {
		p.Posts = append(p.Posts, Post{ID: postName(o), Published: int64(x.at), Question: x.question})
	}
	for i, e := range w.events {
		w.people[e.who].Actions++
		p.Actions = append(p.Actions, Action{Post: postName(e.post), Account: w.people[e.who].Name, Content: fmt.Sprintf("c%07d", i), At: int64(e.at), Kind: e.kind})
	}
	for _, x := range w.people {
		if x.Actions > 0 {
			p.Accounts = append(p.Accounts, x.Account)
		}
	}
	return p
}

func postName(o int) string { return fmt.Sprintf("post%05d", o) }
