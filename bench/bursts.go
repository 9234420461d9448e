package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"chop/internal/pulse"
	"chop/internal/simulate"
)

const operations = 10 // of each attacked world, from its first one on

// bursts measures how soon the pulse tells of the hostile items of an attack: critics' and attackers' comments of a page whose first two
// months are quiet. An operation is what one group does under one post.
func bursts(ctx context.Context, o options, _ string) (rows [][]string, err error) {
	for _, x := range attacked {
		var long, nine, ambush found
		for seed := range uint64(worldsOfBursts) {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			at, ops, hours := hostileOf(x.with, 300+seed)
			end := int(ops[0][0].Sub(hours[0].At) / time.Hour)
			past := hours[max(0, end-learned):end]
			long.look(pulse.Learn(past, days), at, ops)
			ambush.ambushed(ops)
			nine.look(pulse.Learn(past[len(past)-9*24:len(past)-2*24], days), at, ops)
		}
		rows = append(rows, []string{x.name, fmt.Sprint(long.of), long.share(), fmt.Sprintf("%d of %d", long.heard, long.worlds), long.median(), nine.share(),
			fmt.Sprintf("%d of %d", nine.heard, nine.worlds), ambush.share(), ambush.median()})
	}
	return rows, nil
}

const worldsOfBursts = 20

var attacked = []struct {
	name string
	with func(*simulate.Settings)
}{
	{"pile, 20 accounts", func(s *simulate.Settings) { s.Pile = 20 }},
	{"pile, 8 accounts", func(s *simulate.Settings) { s.Pile = 8 }},
	{"puppets, 5 accounts", func(s *simulate.Settings) { s.Puppets = 5 }},
	{"stealth, 20 accounts", func(s *simulate.Settings) { s.Stealth = 20 }},
	{"siege, 20 accounts", func(s *simulate.Settings) { s.Siege = 20 }},
	{"extortion, 20 accounts", func(s *simulate.Settings) { s.Extort = 20 }},
	{"honest wave, 800 people", func(s *simulate.Settings) { s.Wave = 800 }},
}

// found counts operations that were told, and after how long.
type found struct {
	of, told, worlds, heard int // heard: worlds in which any of the operations was told
	after                   []time.Duration
}

func (f *found) look(b pulse.Baseline, at []time.Time, ops [][]time.Time) {
	f.worlds++
	before := f.told
	for _, op := range ops[:min(len(ops), operations)] {
		f.of++
		i, _ := slices.BinarySearchFunc(at, op[0], time.Time.Compare)
		for ; i < len(at) && at[i].Sub(op[len(op)-1]) <= time.Hour; i++ {
			if _, yes := b.Look(lately(at[:i+1]), at[i], days); yes {
				f.told++
				f.after = append(f.after, at[i].Sub(op[0]))
				break
			}
		}
	}
	if f.told > before {
		f.heard++
	}
}

// ambushed counts operations that the rule of ambushes tells of, were they all under a question: two accounts within half an hour.
func (f *found) ambushed(ops [][]time.Time) {
	for _, op := range ops[:min(len(ops), operations)] {
		var replies []pulse.Reply
		f.of++
		for i, t := range op {
			replies = append(replies, pulse.Reply{Author: fmt.Sprint(i), At: t, Hostile: true})
			if _, yes := pulse.DefaultRule().Look(replies); yes {
				f.told++
				f.after = append(f.after, t.Sub(op[0]))
				break
			}
		}
	}
}

func (f *found) share() string {
	return fmt.Sprintf("%.0f %%", 100*float64(f.told)/float64(max(f.of, 1)))
}

func (f *found) median() string {
	if len(f.after) == 0 {
		return "-"
	}
	slices.Sort(f.after)
	return fmt.Sprintf("%.0f min", f.after[len(f.after)/2].Minutes())
}

// hostileOf is when the hostile items of a page came, those of each operation of an attack (of a wave as one), and all by the hour.
func hostileOf(with func(*simulate.Settings), seed uint64) (at []time.Time, ops [][]time.Time, hours []pulse.Hour) {
	s := simulate.Honest(seed)
	s.Wave, s.Plain, s.Days, s.Posts = 0, true, 240, 320
	with(&s)
	p := simulate.Make(s)
	role := map[string]string{}
	for _, a := range p.Accounts {
		role[a.Name] = a.Role
	}
	first := time.Unix(p.Posts[0].Published, 0).Truncate(time.Hour)
	hours = make([]pulse.Hour, 250*24)
	for i := range hours {
		hours[i].At = first.Add(time.Duration(i) * time.Hour)
	}
	of := map[string]int{}
	for _, a := range p.Actions {
		r := role[a.Account]
		if r != "critic" && r != "attack" && r != "wave" {
			continue
		}
		t := time.Unix(a.At, 0)
		at = append(at, t)
		if k := int(t.Sub(first) / time.Hour); k >= 0 && k < len(hours) {
			hours[k].Count++
		}
		if r != "critic" {
			key := a.Post
			if r == "wave" {
				key = ""
			}
			k, known := of[key]
			if !known {
				k = len(ops)
				of[key] = k
				ops = append(ops, nil)
			}
			ops[k] = append(ops[k], t)
		}
	}
	return at, ops, hours
}
