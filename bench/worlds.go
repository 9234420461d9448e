package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"chop/internal/coordination/detect"
	"chop/internal/simulate"
)

// kinds of worlds: at least 200 honest and 60 attacked ones, and the known exception for itself.
var kinds = []struct {
	name     string
	n        int
	attacked bool
	made     func(uint64) simulate.Settings
}{
	{"honest: wave, fans, critics", 100, false, simulate.Honest},
	{"honest: newsletter and notification", 40, false, woken},
	{"honest: one topic, no notification", 30, false, topic},
	{"honest: wave of 2,400", 30, false, flood},
	{"honest: one topic woken by one notification (known exception)", 20, false, topical},
	{"attacked: pile, storm, puppets", 20, true, simulate.Attacked},
	{"attacked: the same, 15 % camouflage", 10, true, hidden},
	{"attacked: stealth, extortion, bombing", 10, true, burst},
	{"attacked: siege of eight months", 20, true, simulate.Besieged},
}

func topic(seed uint64) simulate.Settings {
	s := simulate.Honest(seed)
	s.Topic = 15
	return s
}

func flood(seed uint64) simulate.Settings {
	s := simulate.Honest(seed)
	s.Wave = 2400
	return s
}

func burst(seed uint64) simulate.Settings {
	s := simulate.Honest(seed)
	s.Stealth, s.Extort, s.Bomb = 12, 10, 30
	return s
}

// score is what was found of one attack in worlds of a kind.
type score struct {
	of, l1, l2, l3 int // accounts that acted under posts, and those found at least at the level
	groups, whole  int // groups that acted, and those of which at least half stand in one group of L3
}

// tally is everything of worlds of a kind.
type tally struct {
	l1, l2, l3, pages int // honest accounts flagged at exactly the level, and worlds with one at L3
	falseGroups       int // groups of L3 with more honest members than attackers
	ari               []float64
	attacks           map[string]*score
}

func (t *tally) of(attack string) *score {
	if t.attacks[attack] == nil {
		t.attacks[attack] = &score{}
	}
	return t.attacks[attack]
}

// played is a page with its truth, in the terms of the method.
type played struct {
	posts   []detect.Post
	actions []detect.Action
	truth   map[string]string // attacker -> attack
	begun   int               // posts before the first attack
}

func playOut(s simulate.Settings) played {
	s.Plain = true // the method sees no texts
	p := simulate.Make(s)
	w := played{truth: map[string]string{}, begun: len(p.Posts)}
	for _, a := range p.Accounts {
		if a.Role == "attack" {
			w.truth[a.Name] = a.Group
		}
	}
	at := map[string]int{}
	for i, x := range p.Posts {
		at[x.ID] = i
		w.posts = append(w.posts, detect.Post{ID: x.ID, Published: float64(x.Published), Question: x.Question})
	}
	for _, a := range p.Actions {
		w.actions = append(w.actions, detect.Action{Post: a.Post, Account: a.Account, At: float64(a.At)})
		if w.truth[a.Account] != "" {
			w.begun = min(w.begun, at[a.Post])
		}
	}
	return w
}

// first is the world as it was when n posts were out and the next had not come.
func (w played) first(n int) played {
	if n >= len(w.posts) {
		return w
	}
	out := played{posts: w.posts[:n], truth: w.truth, begun: w.begun}
	end := w.posts[n].Published
	for _, a := range w.actions {
		if a.At < end {
			out.actions = append(out.actions, a)
		}
	}
	return out
}

// levels is the highest level at which each account was flagged.
func levels(r detect.Report) map[string]detect.Level {
	out := map[string]detect.Level{}
	for _, l := range r.Synchronous {
		out[l.A], out[l.B] = detect.Synchronous, detect.Synchronous
	}
	for _, g := range r.Groups {
		for _, m := range g.Members {
			out[m.Account] = max(out[m.Account], g.Level)
		}
	}
	return out
}

// whole tells which attacks have at least half of those that acted in one group of L3.
func (w played) whole(r detect.Report) map[string]bool {
	acted := map[string]map[string]bool{}
	for _, a := range w.actions {
		if g := w.truth[a.Account]; g != "" {
			if acted[g] == nil {
				acted[g] = map[string]bool{}
			}
			acted[g][a.Account] = true
		}
	}
	out := map[string]bool{}
	for _, g := range r.Groups {
		in := map[string]int{}
		for _, m := range g.Members {
			in[w.truth[m.Account]]++
		}
		for attack, n := range in {
			if attack != "" && g.Level == detect.Organised && 2*n >= len(acted[attack]) {
				out[attack] = true
			}
		}
	}
	return out
}

// note puts one world into the tally.
func (t *tally) note(w played, r detect.Report) {
	got, honest := levels(r), 0
	for a, l := range got {
		if w.truth[a] != "" {
			continue
		}
		switch l {
		case detect.Synchronous:
			t.l1++
		case detect.Trigger:
			t.l2++
		case detect.Organised:
			t.l3++
			honest++
		}
	}
	if honest > 0 {
		t.pages++
	}
	for _, g := range r.Groups {
		bad := 0
		for _, m := range g.Members {
			if w.truth[m.Account] == "" {
				bad++
			}
		}
		if g.Level == detect.Organised && 2*bad > len(g.Members) {
			t.falseGroups++
		}
	}
	acts := map[string]bool{}
	for _, a := range w.actions {
		acts[a.Account] = true
	}
	seen := map[string]bool{}
	for a, attack := range w.truth {
		if !acts[a] {
			continue
		}
		x, l := t.of(attack), got[a]
		x.of++
		x.l1, x.l2, x.l3 = x.l1+one(l >= detect.Synchronous), x.l2+one(l >= detect.Trigger), x.l3+one(l >= detect.Organised)
		if !seen[attack] {
			seen[attack] = true
			x.groups++
		}
	}
	for attack := range w.whole(r) {
		t.of(attack).whole++
	}
	if len(seen) > 0 {
		t.ari = append(t.ari, w.rand(r))
	}
}

func one(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// rand is the adjusted Rand index over all accounts with at least three actions, attackers and accounts of groups of L2 and L3; who
// is in no group stands alone.
func (w played) rand(r detect.Report) float64 {
	found := map[string]string{}
	for i, g := range r.Groups {
		for _, m := range g.Members {
			found[m.Account] = fmt.Sprint("g", i)
		}
	}
	in := map[string]bool{}
	for a := range found {
		in[a] = true
	}
	acts := map[string]int{}
	for _, a := range w.actions {
		acts[a.Account]++
		if acts[a.Account] >= 3 || w.truth[a.Account] != "" {
			in[a.Account] = true
		}
	}
	rows, cols, cells := map[string]float64{}, map[string]float64{}, map[[2]string]float64{}
	for a := range in {
		x, y := w.truth[a], found[a]
		if x == "" {
			x = "alone " + a
		}
		if y == "" {
			y = "alone " + a
		}
		rows[x]++
		cols[y]++
		cells[[2]string{x, y}]++
	}
	pairs := func(n float64) float64 { return n * (n - 1) / 2 }
	var a, b, both float64
	for _, n := range rows {
		a += pairs(n)
	}
	for _, n := range cols {
		b += pairs(n)
	}
	for _, n := range cells {
		both += pairs(n)
	}
	all := pairs(float64(len(in)))
	chance := a * b / max(all, 1)
	if most := (a + b) / 2; most > chance {
		return (both - chance) / (most - chance)
	}
	return 1
}

// worlds measures the method on whole worlds of each kind.
func worlds(ctx context.Context, _ options, _ string) (rows [][]string, err error) {
	for _, k := range kinds {
		t := tally{attacks: map[string]*score{}}
		for seed := range uint64(k.n) {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			w := playOut(k.made(1000 + seed))
			t.note(w, detect.Run(w.actions, w.posts, detect.Default()))
		}
		honest := []string{fmt.Sprint(t.l1), fmt.Sprint(t.l2), fmt.Sprintf("%d on %d worlds", t.l3, t.pages), fmt.Sprint(t.falseGroups)}
		if len(t.attacks) == 0 {
			rows = append(rows, slices.Concat([]string{k.name, fmt.Sprint(k.n), "", "", "", "", ""}, honest, []string{""}))
		}
		for i, attack := range sorted(t.attacks) {
			x := t.attacks[attack]
			row := []string{k.name, fmt.Sprint(k.n), attack, fmt.Sprintf("%d of %d", x.l1, x.of), fmt.Sprint(x.l2), fmt.Sprint(x.l3), fmt.Sprintf("%d of %d", x.whole, x.groups)}
			if i > 0 {
				row[0], row[1] = "", ""
				rows = append(rows, append(row, "", "", "", "", ""))
				continue
			}
			rows = append(rows, slices.Concat(row, honest, []string{fmt.Sprintf("%.2f", mean(t.ari))}))
		}
	}
	return rows, nil
}

func sorted(m map[string]*score) (list []string) {
	for k := range m {
		list = append(list, k)
	}
	slices.Sort(list)
	return list
}

func mean(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	return sum / float64(max(len(v), 1))
}

// lengths of history, in posts since the first attack.
var lengths = []int{20, 40, 60, 80, 100, 120, 160, 240}

// histories measures how the method behaves while a world grows: what it finds, and when first.
func histories(ctx context.Context, _ options, _ string) (rows [][]string, err error) {
	for _, k := range kinds {
		if strings.Contains(k.name, "exception") {
			continue
		}
		n := min(k.n, 20)
		parts, first, longest := make([]tally, len(lengths)), map[string][]int{}, 0
		for i := range parts {
			parts[i].attacks = map[string]*score{}
		}
		for seed := range uint64(n) {
			w, done := playOut(k.made(1000+seed)), map[string]bool{}
			start := w.begun
			if !k.attacked {
				start = 0
			}
			for i, more := range lengths {
				if ctx.Err() != nil {
					return nil, ctx.Err()
				}
				if start+more > len(w.posts) {
					break
				}
				longest = max(longest, i)
				part := w.first(start + more)
				r := detect.Run(part.actions, part.posts, detect.Default())
				parts[i].note(part, r)
				for attack := range part.whole(r) {
					if !done[attack] {
						done[attack] = true
						first[attack] = append(first[attack], more)
					}
				}
			}
		}
		rows = append(rows, grown(k.name, n, parts[:longest+1], first)...)
	}
	return rows, nil
}

// grown is a row for each attack: the share found at L3 at each length, honest accounts at L3 in all of them, and the posts to the first
// finding.
func grown(name string, n int, parts []tally, first map[string][]int) (rows [][]string) {
	wrong, attacks := 0, map[string]*score{}
	for _, t := range parts {
		wrong += t.l3
		for a, x := range t.attacks {
			attacks[a] = x
		}
	}
	if len(attacks) == 0 {
		attacks[""] = &score{}
	}
	for i, a := range sorted(attacks) {
		row := []string{name, a}
		for k := range lengths {
			cell := ""
			if k < len(parts) && parts[k].attacks[a] != nil {
				cell = fmt.Sprintf("%.2f", float64(parts[k].attacks[a].l3)/float64(max(parts[k].attacks[a].of, 1)))
			}
			row = append(row, cell)
		}
		when, posts := "", first[a]
		slices.Sort(posts)
		switch {
		case a == "":
		case len(posts) <= n/2:
			when = fmt.Sprintf("in %d of %d worlds", len(posts), n)
		default:
			when = fmt.Sprintf("%d (in %d of %d)", posts[len(posts)/2], len(posts), n)
		}
		if i > 0 {
			row[0] = ""
			rows = append(rows, append(row, when, ""))
			continue
		}
		rows = append(rows, append(row, when, fmt.Sprint(wrong)))
	}
	return rows
}
