package channel

import (
	"cmp"
	"hash/fnv"
	"math"
	"slices"

	"gonum.org/v1/gonum/mathext"

	"chop/internal/coordination/wording"
)

// world is a page in numbers, with the accounts of all groups marked: nothing is held against them.
type world struct {
	number    map[string]int32
	known     []Account
	grouped   []bool
	said      []Said // in order of account, time, content
	who       []int32
	docs      []wording.Doc
	texts     *shared
	phrased   []int32 // texts of at least four words, in said, each of an account once
	ownPhrase map[uint64]bool
	links     *shared
	reacted   []map[string]int // by account, nil without any
	hands     []wording.Hand   // by account, nil without texts
	others    int              // accounts in no group
}

func newWorld(p Page, groups [][]string) *world {
	w := &world{number: map[string]int32{}}
	w.people(p)
	w.grouped = make([]bool, len(w.known))
	for _, g := range groups {
		for _, a := range g {
			w.grouped[w.account(a)] = true
		}
	}
	for _, g := range w.grouped {
		if !g {
			w.others++
		}
	}
	w.said = w.sample(p.Said)
	slices.SortFunc(w.said, func(a, b Said) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.At, b.At), cmp.Compare(a.Content, b.Content), cmp.Compare(a.Text, b.Text))
	})
	w.who = make([]int32, len(w.said))
	for i, s := range w.said {
		w.who[i] = w.number[s.Account]
	}
	w.reacted = make([]map[string]int, len(w.known))
	for _, r := range p.Reacted {
		w.react(w.number[r.Account], r.Kind)
	}
	for _, s := range p.Said {
		if n, known := w.number[s.Account]; known {
			w.react(n, s.Reaction)
		}
	}
	w.readTexts(p.Own)
	w.readLinks(p.Own)
	w.readHands()
	return w
}

// enoughOthers is how many things that accounts in no group said are looked at: more tell no more of what is usual.
const enoughOthers = 20_000

// sample keeps what members of groups said, and of the others whole accounts, picked by a hash of their names, until there is
// enough.
func (w *world) sample(said []Said) []Said {
	times := make([]int, len(w.known))
	for _, s := range said {
		if n, known := w.number[s.Account]; known {
			times[n]++
		}
	}
	order := make([]int32, 0, w.others)
	for a := range w.known {
		if !w.grouped[a] {
			order = append(order, int32(a))
		}
	}
	if len(said) > enoughOthers {
		slices.SortFunc(order, func(a, b int32) int {
			return cmp.Or(cmp.Compare(lot(w.known[a].ID), lot(w.known[b].ID)), cmp.Compare(a, b))
		})
	}
	take, sum := slices.Clone(w.grouped), 0
	for _, a := range order {
		if sum += times[a]; sum > enoughOthers {
			break
		}
		take[a] = true
	}
	var list []Said
	for _, s := range said {
		if n, known := w.number[s.Account]; known && take[n] {
			list = append(list, s)
		}
	}
	return list
}

// lot is the same for a name in every run.
func lot(name string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name))
	return h.Sum64()
}

// people numbers the accounts by name, so that the order of the input means nothing; of one that is given twice the first
// value of each kind counts.
func (w *world) people(p Page) {
	of := map[string]Account{}
	add := func(a Account) {
		if a.ID == "" {
			return
		}
		x := of[a.ID]
		if math.IsNaN(a.Created) || math.IsInf(a.Created, 0) {
			a.Created = 0
		}
		of[a.ID] = Account{a.ID, cmp.Or(x.Handle, a.Handle), cmp.Or(x.Created, a.Created), cmp.Or(x.Avatar, a.Avatar)}
	}
	for _, a := range p.Accounts {
		add(a)
	}
	for _, s := range p.Said {
		if _, known := of[s.Account]; !known {
			add(Account{ID: s.Account})
		}
	}
	for _, r := range p.Reacted {
		if _, known := of[r.Account]; !known {
			add(Account{ID: r.Account})
		}
	}
	for _, a := range of {
		w.known = append(w.known, a)
	}
	slices.SortFunc(w.known, func(a, b Account) int { return cmp.Compare(a.ID, b.ID) })
	for i, a := range w.known {
		w.number[a.ID] = int32(i)
	}
}

// account is the number of a name; a member of a group of whom the page tells nothing gets one at the end.
func (w *world) account(name string) int32 {
	n, known := w.number[name]
	if !known {
		n = int32(len(w.known))
		w.number[name] = n
		w.known, w.grouped = append(w.known, Account{ID: name}), append(w.grouped, true)
	}
	return n
}

func (w *world) examine(members []string) (list []Evidence) {
	group := make([]int32, len(members))
	for i, m := range members {
		group[i] = w.number[m]
	}
	for _, look := range []func([]int32) (Evidence, bool){w.sameTexts, w.samePhrase, w.sameLinks, w.creation, w.handles, w.avatars, w.style, w.reactions} {
		if e, any := look(group); any {
			if !e.Tested {
				e.P = 1
			}
			if e.Accounts == nil {
				e.Accounts = []string{}
			}
			list = append(list, e)
		}
	}
	return list
}

func (w *world) names(group []int32) (list []string) {
	for _, a := range group {
		list = append(list, w.known[a].ID)
	}
	slices.Sort(list)
	return list
}

// poissonTail is the chance of at least k where mean are expected.
func poissonTail(k int, mean float64) float64 {
	if k <= 0 {
		return 1
	}
	if mean <= 0 {
		return 0
	}
	return mathext.GammaIncReg(float64(k), mean)
}

// hypergeometric is the chance that at least k of n drawn from all are among the marked.
func hypergeometric(k, n, marked, all int) float64 {
	if k <= 0 {
		return 1
	}
	sum := 0.0
	for i := k; i <= min(n, marked); i++ {
		if n-i > all-marked {
			continue
		}
		sum += math.Exp(choose(marked, i) + choose(all-marked, n-i) - choose(all, n))
	}
	return min(1, sum)
}

// choose is the logarithm of the binomial coefficient.
func choose(n, k int) float64 {
	a, _ := math.Lgamma(float64(n) + 1)
	b, _ := math.Lgamma(float64(k) + 1)
	c, _ := math.Lgamma(float64(n-k) + 1)
	return a - b - c
}
