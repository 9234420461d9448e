package detect

import (
	"math/rand/v2"
	"testing"

	"chop/internal/simulate"
)

// One person with two accounts is found when there is enough to look at, and is called a pair, not a group.
func TestOneHandBehindTwoAccounts(t *testing.T) {
	s := simulate.Honest(3)
	s.Puppets, s.Posts, s.Days = 2, 400, 300
	actions, posts, role := play(s)
	r := Run(actions, posts, Default())
	if len(r.Hands) != 1 || role[r.Hands[0].A] != "attackpuppets" || role[r.Hands[0].B] != "attackpuppets" {
		t.Fatalf("hands: %+v", r.Hands)
	}
	if h := r.Hands[0]; h.Near < 30 || h.Closest < switching || h.Expected > float64(h.Near)/2 || h.Apart < h.Sessions/2 || h.Q > handFDR {
		t.Errorf("%+v", h)
	}
	for _, g := range r.Groups {
		if len(g.Members) < minGroup {
			t.Errorf("a pair is called a group: %+v", g.Members)
		}
	}
}

// Fast fans, critics, readers of one newsletter and people with one notification are near each other all the time; nobody
// keeps them from acting at once.
func TestHonestNeighboursAreNotOneHand(t *testing.T) {
	for seed := range uint64(4) {
		s := simulate.Honest(seed + 1)
		s.Digest, s.Push, s.TopicPush = 20, 20, 15
		actions, posts, role := play(s)
		for _, h := range Run(actions, posts, Default()).Hands {
			t.Errorf("%s and %s are taken for one person: %+v", role[h.A], role[h.B], h)
		}
	}
}

// Where nothing keeps two people apart, the chance is not below what it says.
func TestExclusionIsHonest(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	low := 0
	const runs = 4000
	for range runs {
		var apart []float64
		for range 40 {
			apart = append(apart, 400*rng.Float64()) // the least favourable: no nearer, no farther than by chance
		}
		if exclusion(apart) <= 0.05 {
			low++
		}
	}
	if low > runs*6/100 {
		t.Errorf("%d of %d at p <= 0.05", low, runs)
	}
	if p := exclusion([]float64{20, 30, 40, 25, 50, 35, 45, 20, 59, 40, 33, 21, 44, 16, 18, 52, 28, 31}); p > 0.05 {
		t.Errorf("eighteen times within a minute and never within fifteen seconds: %v", p)
	}
	if p := exclusion(nil); p != 1 {
		t.Errorf("of nothing: %v", p)
	}
}

func TestTwoWhoNeverSleepTogetherAreTwo(t *testing.T) {
	w := &page{s: Default()}
	put := func(name string, from int) int32 {
		var x trail
		for i := range 80 {
			x.acts = append(x.acts, int32(len(w.hours)))
			w.hours = append(w.hours, float64((from+i%14)%24))
		}
		w.names, w.by = append(w.names, name), append(w.by, x)
		return int32(len(w.names) - 1)
	}
	early, late, same := put("early", 5), put("late", 17), put("same", 6)
	if !w.sleepless(pair{early, late}) {
		t.Error("one acts by day, the other by night: two people")
	}
	if w.sleepless(pair{early, same}) {
		t.Error("two who sleep at the same time are not told apart by that")
	}
}
