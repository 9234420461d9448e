package channel

import (
	"cmp"
	"slices"

	"chop/internal/coordination/wording"
)

// shared is who has what of a kind of things that two accounts can have in common: texts or addresses. A thing of an
// account counts once.
type shared struct {
	has    [][]int32     // things of each account
	of     [][]int32     // accounts of each thing, in order
	near   [][]neighbour // things that are nearly the same
	at     map[own]int32 // where an account said a thing first, in world.said
	rate   float64       // chance that a thing of one and a thing of another are the same
	called []string      // names of things, where they have any
	reach  []int         // accounts in no group that have the thing or one near it
}

type neighbour struct {
	thing int32
	alike float64
}

type own struct{ account, thing int32 }

// floorRate is how often two honest texts are nearly the same: 89 of 79.1 million pairs of complaints about airlines, and
// those were headlines and advertisements (domain/coordination.md 4.5).
const floorRate = 1.1e-6

// fewCommon is how many accounts outside all groups make a thing everybody's: a headline, a slogan, a share button.
const fewCommon = 3

func newShared(accounts, things int) *shared {
	return &shared{has: make([][]int32, accounts), of: make([][]int32, things), near: make([][]neighbour, things), at: map[own]int32{},
		reach: make([]int, things)}
}

func (s *shared) add(account, thing int32, said int) {
	k := own{account, thing}
	if _, known := s.at[k]; known {
		return
	}
	s.at[k] = int32(said)
	s.has[account] = append(s.has[account], thing)
	s.of[thing] = append(s.of[thing], account)
}

// settle reckons the rate among accounts in no group. extra is added to the pairs that are alike: 1 where no outside figure
// tells how rare they are, so that a page with few things claims nothing.
func (s *shared) settle(near []wording.Near, grouped []bool, extra float64) {
	for _, n := range near {
		s.near[n.A] = append(s.near[n.A], neighbour{n.B, n.Alike})
		s.near[n.B] = append(s.near[n.B], neighbour{n.A, n.Alike})
	}
	outside := func(thing int32) (n int) {
		for _, a := range s.of[thing] {
			if !grouped[a] {
				n++
			}
		}
		return n
	}
	same := extra
	for t := range s.of {
		n := outside(int32(t))
		s.reach[t] = n
		same += float64(n*(n-1)) / 2
		for _, x := range s.near[t] {
			m := outside(x.thing)
			s.reach[t] += m
			if int(x.thing) > t {
				same += float64(n * m)
			}
		}
	}
	sum, squares := 0.0, 0.0
	for a, things := range s.has {
		if !grouped[a] {
			n := float64(len(things))
			sum, squares = sum+n, squares+n*n
		}
	}
	s.rate = floorRate
	if pairs := (sum*sum - squares) / 2; pairs > 0 {
		s.rate = max(s.rate, min(1, same/pairs))
	} else if extra > 0 {
		s.rate = 1
	}
}

// common tells that outside of all groups the thing is too usual to join the members that have it.
func (s *shared) common(thing int32, members int) bool {
	return s.reach[thing] >= fewCommon && 2*s.reach[thing] >= members
}

// joined finds which members of a group have a thing in common. Count is the joined accounts less the clusters they make:
// the links that are needed to hold them together. Counting every pair would count one text of five people ten times.
func (s *shared) joined(group []int32) (count int, expected float64, accounts []int32, pairs []joint) {
	in := map[int32][]int32{} // members of each thing
	for _, a := range group {
		for _, t := range s.has[a] {
			in[t] = append(in[t], a)
		}
	}
	things := make([]int32, 0, len(in))
	for t := range in {
		things = append(things, t)
	}
	slices.Sort(things)
	root := map[int32]int32{}
	join := func(a, b int32, t, u int32, alike float64) {
		if a == b {
			return
		}
		if ra, rb := find(root, a), find(root, b); ra != rb {
			root[ra] = rb
			count++
		}
		if len(pairs) < 100*maxPairs {
			pairs = append(pairs, joint{min(a, b), max(a, b), t, u, alike, a > b})
		}
	}
	for _, t := range things {
		if s.common(t, len(in[t])) {
			continue
		}
		for _, b := range in[t][1:] {
			join(in[t][0], b, t, t, 1)
		}
		for _, x := range s.near[t] {
			if x.thing < t || len(in[x.thing]) == 0 || s.common(x.thing, len(in[x.thing])) {
				continue
			}
			for _, b := range in[x.thing] {
				join(in[t][0], b, t, x.thing, x.alike)
			}
		}
	}
	for _, a := range group {
		if _, is := root[a]; is {
			accounts = append(accounts, a)
		}
	}
	return count, s.expected(group), accounts, pairs
}

// joint is two members and what joins them; turned tells that the first of the two things is B's.
type joint struct {
	a, b   int32
	t, u   int32
	alike  float64
	turned bool
}

func find(root map[int32]int32, a int32) int32 {
	if r, known := root[a]; !known {
		root[a] = a
	} else if r != a {
		root[a] = find(root, r)
	}
	return root[a]
}

func (s *shared) expected(group []int32) float64 {
	sum, squares := 0.0, 0.0
	for _, a := range group {
		n := float64(len(s.has[a]))
		sum, squares = sum+n, squares+n*n
	}
	return s.rate * (sum*sum - squares) / 2
}

// evidence of things in common. quote names a thing.
func (w *world) evidence(name Name, s *shared, group []int32, quote func(thing int32) string) Evidence {
	e := Evidence{Channel: name, Others: w.having(s)}
	for _, a := range group {
		if len(s.has[a]) > 0 {
			e.Of++
		}
	}
	if e.Of < 2 {
		return e
	}
	count, expected, accounts, pairs := s.joined(group)
	e.Tested, e.Expected, e.Count, e.P = true, expected, len(accounts), poissonTail(count, expected)
	e.Accounts = w.names(accounts)
	slices.SortStableFunc(pairs, func(x, y joint) int {
		return cmp.Or(cmp.Compare(y.alike, x.alike), cmp.Compare(x.a, y.a), cmp.Compare(x.b, y.b))
	})
	pairs = slices.CompactFunc(pairs, func(x, y joint) bool { return x.a == y.a && x.b == y.b })
	for _, p := range pairs[:min(len(pairs), maxPairs)] {
		t, u := p.t, p.u
		if p.turned {
			t, u = u, t
		}
		e.Pairs = append(e.Pairs, Pair{A: w.known[p.a].ID, B: w.known[p.b].ID, Score: p.alike, ContentA: w.said[s.at[own{p.a, t}]].Content,
			ContentB: w.said[s.at[own{p.b, u}]].Content, Same: quote(t)})
	}
	if len(e.Pairs) > 0 {
		e.Same = e.Pairs[0].Same
	}
	return e
}

// having counts the accounts in no group that have anything.
func (w *world) having(s *shared) (n int) {
	for a, things := range s.has {
		if len(things) > 0 && !w.grouped[a] {
			n++
		}
	}
	return n
}
