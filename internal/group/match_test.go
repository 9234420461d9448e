package group

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// foundOf is a finding of the accounts; without links given, each is linked with the next.
func foundOf(accounts string, links ...Link) (f Finding) {
	keys := strings.Fields(accounts)
	for _, k := range keys {
		f.Members = append(f.Members, FoundMember{Account: k, Posts: 20})
	}
	if f.Links = links; links == nil {
		for i := range keys[1:] {
			f.Links = append(f.Links, Link{A: keys[i], B: keys[i+1], Shared: 20, P: 1e-6})
		}
	}
	f.Level = Organised
	return f
}

func groupOf(number int, s State, accounts string) (g Group) {
	g = Group{ID: strings.ReplaceAll(accounts, " ", ""), Number: number, State: s}
	for _, k := range strings.Fields(accounts) {
		g.Members = append(g.Members, Member{Account: k, State: In, Posts: 20})
	}
	return g
}

func accountsOf(f Finding) string { return strings.Join(names(f.Members), " ") }

func TestAFindingSpeaksOfAGroupByThreeAccountsAndHalf(t *testing.T) {
	for _, x := range []struct {
		known, found string
		want         bool
	}{
		{"a b c", "a b c", true},
		{"a b c d", "a b x y", false}, // two
		{"a b c d e f", "a b c x y z", true},
		{"a b c d e f g", "a b c t u x y z", false}, // three, but less than half of the smaller
		{"a b c d e f g h i j", "a b c", true},
	} {
		if got := same(strings.Fields(x.known), foundOf(x.found)); got != x.want {
			t.Errorf("%q of %q: %v", x.found, x.known, got)
		}
	}
	if o := overlap([]string{"a", "b", "c"}, foundOf("b c d")); o != 0.5 {
		t.Errorf("overlap %v, want 2 of 4", o)
	}
}

func TestEachFindingGoesOnAsTheGroupMostLikeIt(t *testing.T) {
	one, two := groupOf(1, Suggested, "a b c d"), groupOf(2, Suggested, "e f g")
	p := matched([]Group{one, two}, []Finding{foundOf("a b c d e f g"), foundOf("x y z")})
	if got := p.of["abcd"]; !slices.Equal(got, []int{0}) || p.absorbed["efg"] != "abcd" || !slices.Equal(p.fresh, []int{1}) {
		t.Errorf("two pieces that became one: %+v", p)
	}
	two.State = Confirmed
	p = matched([]Group{one, two}, []Finding{foundOf("a b c d e f g")})
	if len(p.absorbed) != 0 || len(p.of["abcd"]) != 1 || len(p.of["efg"]) != 1 {
		t.Errorf("a group that a person confirmed was swallowed: %+v", p)
	}
	got := p.portion(two, []Group{one, two}, []Finding{foundOf("a b c d e f g new")})
	if accountsOf(got) != "e f g" {
		t.Errorf("the confirmed group's portion is %s", accountsOf(got))
	}
	if got = p.portion(one, []Group{one, two}, []Finding{foundOf("a b c d e f g new")}); accountsOf(got) != "a b c d new" {
		t.Errorf("the portion of the one most like it is %s", accountsOf(got))
	}
}

func TestARejectedGroupsPairsStayOutEvenThoseThatWereNoLinkYet(t *testing.T) {
	g := groupOf(1, Suggested, "a b c d")
	g.Links = []Link{{A: "a", B: "b", Shared: 15, P: 1e-6}, {A: "b", B: "c", Shared: 15, P: 1e-4}, {A: "c", B: "d", Shared: 15, P: 1e-5}}
	refused := map[[2]string]refusal{}
	for _, l := range refusedPairs(g) {
		refused[[2]string{min(l.A, l.B), max(l.A, l.B)}] = refusal{l.Shared, l.P}
	}
	if len(refused) != 6 || refused[[2]string{"a", "b"}] != (refusal{15, 1e-6}) || refused[[2]string{"a", "d"}] != (refusal{20, 1e-4}) {
		t.Fatalf("refused: %v", refused)
	}
	others := foundOf("a b c d", Link{A: "a", B: "c", Shared: 16, P: 1e-5}, Link{A: "a", B: "d", Shared: 16, P: 1e-5}, Link{A: "b", B: "d", Shared: 16, P: 1e-5})
	if f, some := allowed(others, refused); some {
		t.Errorf("the rejected accounts came back over other pairs: %s", accountsOf(f))
	}
	g.Members[3].State = Out
	if n := len(refusedPairs(g)); n != 4 { // the link of the one who is out is a link all the same
		t.Errorf("%d pairs refused with one account out", n)
	}
}

func TestARefusedPairComesBackWithEightMorePostsAndATenthOfTheChance(t *testing.T) {
	r := refusal{shared: 10, p: 1e-5}
	for _, x := range []struct {
		shared int
		p      float64
		want   bool
	}{{18, 1e-6, true}, {17, 1e-9, false}, {30, 1.1e-6, false}} {
		if got := r.again(Link{Shared: x.shared, P: x.p}); got != x.want {
			t.Errorf("%d posts, p %v: %v", x.shared, x.p, got)
		}
	}
	r.shared = 20
	refused := map[[2]string]refusal{{"c", "d"}: r}
	f, some := allowed(foundOf("a b c d e"), refused) // the chain a-b-c, c-d, d-e
	if !some || accountsOf(f) != "a b c" || len(f.Links) != 2 {
		t.Errorf("without a link in the middle: %v %s", some, accountsOf(f))
	}
	refused[[2]string{"a", "b"}] = r
	if f, some = allowed(foundOf("a b c d e"), refused); some {
		t.Errorf("two linked accounts are a group: %s", accountsOf(f))
	}
}

func TestMembersOfAGroupThatAPersonShapedStayAndNewOnesWait(t *testing.T) {
	plain, split, handed, corrected := groupOf(1, Suggested, "a b c d"), groupOf(2, Suggested, "a b c d"), groupOf(3, Suggested, "a b c d"), groupOf(4, Suggested, "a b c d")
	split.Origin, handed.Decided = "other", time.Unix(1, 0)
	corrected.Members[0].Decided, corrected.Members[0].State = time.Unix(1, 0), Out
	f := foundOf("a b c x")
	add, drop := joins(plain, f)
	if len(add) != 1 || add["x"] != In || !slices.Equal(drop, []string{"d"}) {
		t.Errorf("nobody has looked at it: adds %v, drops %v", add, drop)
	}
	for _, g := range []Group{split, handed, corrected, groupOf(5, Confirmed, "a b c d")} {
		if add, drop = joins(g, f); len(add) != 1 || add["x"] != Uncertain || len(drop) != 0 {
			t.Errorf("%s %s: adds %v, drops %v", g.Name(), g.State, add, drop)
		}
	}
	split.Members = append(split.Members, Member{Account: "y", State: Uncertain})
	if _, drop = joins(split, f); !slices.Equal(drop, []string{"y"}) {
		t.Errorf("who was uncertain and is found no more: %v", drop)
	}
	f.Members[3].Uncertain = true
	if add, _ = joins(plain, f); add["x"] != Uncertain {
		t.Errorf("the machine itself is not sure: %v", add)
	}
}

func TestALaterFindingDoesNotTakeAPersonsWordBack(t *testing.T) {
	g := groupOf(1, Suggested, "a b c")
	g.Members[2].State, g.Members[2].Decided = Out, time.Unix(1, 0)
	if add, _ := joins(g, foundOf("a b c")); len(add) != 0 {
		t.Errorf("%v", add)
	}
}

// A place may lie about who answers whom; an act always ends under a question or under its post.
func TestWhatAnActStandsUnder(t *testing.T) {
	r := reading{published: map[string]int64{"p": 5}, byExt: map[string]said{
		"ask":   {id: "q", at: 10, buyer: true},
		"reply": {id: "r", parent: "ask", at: 20},
		"deep":  {id: "d", parent: "reply", at: 30},
		"self":  {id: "s", parent: "self", at: 40, buyer: true},
		"a":     {id: "a", parent: "b", at: 50},
		"b":     {id: "b", parent: "a", at: 60},
	}}
	for _, x := range []struct{ self, parent, want string }{
		{"x", "deep", "q:q"},
		{"r", "ask", "q:q"},
		{"q", "", "p:p"},     // the question itself
		{"s", "self", "p:p"}, // says that it answers itself
		{"x", "b", "p:p"},    // a ring
		{"x", "gone", "p:p"},
	} {
		if got := r.under(x.self, x.parent, "p"); got.ID != x.want || got.Question != strings.HasPrefix(x.want, "q") {
			t.Errorf("%s answering %q stands under %s, want %s", x.self, x.parent, got.ID, x.want)
		}
	}
}

// Where the reading was cut, posts known only in part are left out whole, with what was done under them.
func TestPostsFromBeforeTheCutAreLeftOutWhole(t *testing.T) {
	r := reading{published: map[string]int64{"old": 100, "new": 200}, objects: map[string]*object{}, byExt: map[string]said{}}
	for i, post := range []string{"old", "new", "new", "old"} {
		r.add(Act{Account: string(rune('a' + i)), Mention: post}, post, "", int64(210+i), 999)
	}
	if all := r.done(); len(all.objects) != 2 || len(all.acts) != 4 || all.cut {
		t.Fatalf("uncut: %+v", all)
	}
	r.objects, r.cut = map[string]*object{}, 150
	in := r.done()
	if len(in.objects) != 1 || in.objects[0].ID != "p:new" || len(in.acts) != 2 || !in.cut {
		t.Errorf("cut: %+v", in)
	}
	for _, a := range in.acts {
		if a.Object != "p:new" {
			t.Errorf("an act under %s", a.Object)
		}
	}
}

func TestASignatureStandsOnlyOnOrganised(t *testing.T) {
	for _, x := range []struct{ was, found, want Level }{
		{Inauthentic, Organised, Inauthentic}, {Inauthentic, Trigger, Trigger}, {Organised, Trigger, Trigger}, {Trigger, Organised, Organised},
	} {
		if got := claimed(Group{Level: x.was}, Finding{Level: x.found}); got != x.want {
			t.Errorf("%s and a finding of %s: %s", x.was.Code(), x.found.Code(), got.Code())
		}
	}
}
