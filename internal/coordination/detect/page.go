package detect

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// strata part the day by hour of publication: night, morning, afternoon, evening.
const strata = 4

const (
	day  = 86400.0
	week = 7 * day
)

// act is one action in numbers, with its delay after publication.
type act struct {
	post, account int32
	at, delay     float64
	res           float64 // log delay less the crowd's level and the account's own
	skip          bool    // its wait touches the night: says nothing of a common trigger
}

type post struct {
	id        string
	published float64
	hour      float64 // of the day, in the page's zone
	stratum   int
	week      int
	question  bool
	from, to  int // its acts
}

// trail is the acts of one account in order of posts; the lists run side by side, so that comparing two accounts reads
// memory in a row.
type trail struct {
	acts  []int32
	posts []int32
	at    []float64
	near  [][3]float64 // per window: chance that somebody of the crowd is as near
}

// page is all actions under a firm's posts, sorted by post and time.
type page struct {
	s      Settings
	names  []string
	posts  []post
	acts   []act
	hours  []float64 // hour of the day of each act, in the page's zone
	degree []int32   // posts of each account
	by     []trail   // acts of each account that is compared
	tested int
	guess  bool // publication is the first action
}

// gather sorts, keeps the first action of an account under a post, and reckons delays.
func gather(actions []Action, posts []Post, s Settings) *page {
	if s.Zone == nil {
		s.Zone = time.UTC
	}
	w := &page{s: s, guess: len(posts) == 0}
	number := w.postNumbers(actions, posts)
	accounts := map[string]int32{}
	for _, a := range actions {
		o, known := number[a.Post]
		if !known || !finite(a.At) || a.Account == "" {
			continue
		}
		n, known := accounts[a.Account]
		if !known {
			n = int32(len(w.names))
			accounts[a.Account] = n
			w.names = append(w.names, a.Account)
		}
		w.acts = append(w.acts, act{post: o, account: n, at: a.At})
	}
	w.rename()
	w.arrange()
	return w
}

func (w *page) postNumbers(actions []Action, posts []Post) map[string]int32 {
	if len(posts) == 0 {
		posts = firsts(actions)
	}
	posts = slices.Clone(posts)
	slices.SortFunc(posts, func(a, b Post) int { return cmp.Or(cmp.Compare(a.Published, b.Published), cmp.Compare(a.ID, b.ID)) })
	number := map[string]int32{}
	for _, p := range posts {
		if _, twice := number[p.ID]; twice || !finite(p.Published) {
			continue
		}
		number[p.ID] = int32(len(w.posts))
		h := hourOf(p.Published, w.s.Zone)
		w.posts = append(w.posts, post{id: p.ID, published: p.Published, hour: h, stratum: stratum(h),
			week: int((p.Published - posts[0].Published) / week), question: p.Question})
	}
	return number
}

// firsts are the posts as far as actions tell of them.
func firsts(actions []Action) []Post {
	at := map[string]float64{}
	for _, a := range actions {
		if t, known := at[a.Post]; finite(a.At) && (!known || a.At < t) {
			at[a.Post] = a.At
		}
	}
	posts := make([]Post, 0, len(at))
	for id, t := range at {
		posts = append(posts, Post{ID: id, Published: t})
	}
	return posts
}

// rename numbers the accounts by name: then the order of the input means nothing.
func (w *page) rename() {
	order := make([]int32, len(w.names))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int { return cmp.Compare(w.names[a], w.names[b]) })
	names, now := make([]string, len(order)), make([]int32, len(order))
	for i, old := range order {
		names[i], now[old] = w.names[old], int32(i)
	}
	for i := range w.acts {
		w.acts[i].account = now[w.acts[i].account]
	}
	w.names = names
}

// arrange puts the acts in order, drops repetitions and fills what follows from them. It is called again after times moved.
func (w *page) arrange() {
	w.sortActs()
	w.degree, w.hours = make([]int32, len(w.names)), make([]float64, len(w.acts))
	for i := range w.acts {
		a := &w.acts[i]
		a.delay = a.at - w.posts[a.post].published
		w.hours[i] = hourOf(a.at, w.s.Zone)
		w.degree[a.account]++
	}
	w.tested = 0
	for _, n := range w.degree {
		if int(n) >= w.s.Shared {
			w.tested++
		}
	}
}

// moment is what orders the acts of a post.
type moment struct {
	at      float64
	account int32
}

// earlier compares without the care for what is no number, which gather leaves out.
func earlier(a, b moment) int {
	switch {
	case a.at < b.at:
		return -1
	case a.at > b.at:
		return 1
	}
	return int(a.account - b.account)
}

// sortActs brings the acts of each post together, in order of time and account, and keeps the first of an account.
func (w *page) sortActs() {
	from := make([]int, len(w.posts)+1)
	for _, a := range w.acts {
		from[a.post+1]++
	}
	for o := range w.posts {
		from[o+1] += from[o]
	}
	moments, next := make([]moment, len(w.acts)), slices.Clone(from)
	for _, a := range w.acts {
		moments[next[a.post]] = moment{a.at, a.account}
		next[a.post]++
	}
	parallel(len(w.posts), func() func(int) {
		return func(o int) {
			slices.SortFunc(moments[from[o]:from[o+1]], earlier)
		}
	})
	seen := make([]int32, len(w.names)) // the last post of each account, plus one
	w.acts = w.acts[:0]
	for o := range w.posts {
		w.posts[o].from = len(w.acts)
		for _, m := range moments[from[o]:from[o+1]] {
			if seen[m.account] != int32(o)+1 {
				seen[m.account] = int32(o) + 1
				w.acts = append(w.acts, act{post: int32(o), account: m.account, at: m.at})
			}
		}
		w.posts[o].to = len(w.acts)
	}
}

// hourOf is the hour of the day with its fraction.
func hourOf(at float64, zone *time.Location) float64 {
	t := time.Unix(int64(math.Floor(at)), 0).In(zone)
	return float64(t.Hour()) + float64(t.Minute())/60 + float64(t.Second())/3600
}

func stratum(hour float64) int {
	switch {
	case hour >= 21 || hour < 7:
		return 0
	case hour < 12:
		return 1
	case hour < 17:
		return 2
	}
	return 3
}
