package detect

import (
	"fmt"
	"testing"
)

// What is not more than chance brings is never called rare, however many posts there are.
func TestTheBoundIsOneUpToTheMean(t *testing.T) {
	q := make([]float64, 1000)
	for i := range q {
		q[i] = 0.5
	}
	for _, k := range []int{1, 400, 480, 500} {
		if p := hoeffding(q, k); p != 1 {
			t.Errorf("%d of 1000 at one half each: %v", k, p)
		}
	}
	if p := hoeffding(q, 560); p <= 0 || p >= 0.01 {
		t.Errorf("560 of 1000: %v", p)
	}
}

// Organised needs both: a chance small enough for as many groups as there are, and a clear effect.
func TestOrganisedNeedsChanceAndEffect(t *testing.T) {
	w := &page{s: Default()}
	for _, x := range []struct {
		p, together float64
		groups      int
		want        Level
	}{{0.01, 140, 1, Organised}, {0.011, 200, 1, Trigger}, {0.005, 200, 2, Organised}, {0.005, 200, 3, Trigger}, {0.001, 139, 1, Trigger}} {
		if got := w.level(presence{together: x.together, expected: 100, sd: 10, p: x.p}, x.groups); got != x.want {
			t.Errorf("p %v, z %v of %d groups: level %d", x.p, (x.together-100)/10, x.groups, got)
		}
	}
}

func TestTheFalseRateCountsGroupsAsLarge(t *testing.T) {
	for size, want := range map[int]float64{3: 5. / 5, 5: 4. / 5, 6: 2. / 5, 10: 1. / 5} {
		if got := FalseRate([]int{3, 5, 5, 9}, size); got != want {
			t.Errorf("size %d: %v, want %v", size, got, want)
		}
	}
	if got := FalseRate(nil, 3); got != 1 {
		t.Errorf("without any history: %v", got)
	}
}

// The forecast looks at posts published after the list was frozen and at nothing else, and the frozen accounts are not
// their own crowd.
func TestAForecastSeesOnlyWhatCameAfter(t *testing.T) {
	var posts []Post
	var actions []Action
	for o := range 20 {
		at := float64(o) * 86400
		id := fmt.Sprint("p", o)
		posts = append(posts, Post{ID: id, Published: at})
		for m := range 4 { // the group stands within half a minute, ten minutes after the post
			actions = append(actions, Action{Post: id, Account: fmt.Sprint("m", m), At: at + 600 + 10*float64(m)})
		}
		for c := range 30 { // the crowd comes over three hours
			actions = append(actions, Action{Post: id, Account: fmt.Sprint("c", (o*7+c)%100), At: at + 360*float64(c+1) + 7})
		}
	}
	c := NewCrowd(actions, posts, Default())
	members := []string{"m0", "m1", "m2", "m3"}
	since := posts[9].Published
	f := c.Of(members, since, 60)
	if f.Posts != 10 || f.Pairs != 30 || f.Near != 30 || f.Until != posts[19].Published {
		t.Errorf("after ten of twenty posts: %+v", f)
	}
	if f.Expected > 0.1*float64(f.Pairs) || f.P > 1e-20 {
		t.Errorf("the frozen accounts were counted as crowd: expected %.1f of %d, p %v", f.Expected, f.Pairs, f.P)
	}
	if f = c.Of(members, posts[19].Published, 60); f.Posts != 0 || f.P != 1 {
		t.Errorf("nothing came after the last post: %+v", f)
	}
	// Accounts of the crowd, frozen as a group: it comes as often as chance says.
	if f = c.Of([]string{"c1", "c20", "c40", "c60", "c80"}, since, 60); f.P < 0.01 {
		t.Errorf("five of the crowd: %+v", f)
	}
}
