package detect

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"chop/internal/simulate"
)

// play is a simulated page as this package reads it, with who is who.
func play(s simulate.Settings) (actions []Action, posts []Post, role map[string]string) {
	p := simulate.Make(s)
	for _, x := range p.Posts {
		posts = append(posts, Post{x.ID, float64(x.Published), x.Question})
	}
	for _, x := range p.Actions {
		actions = append(actions, Action{x.Post, x.Account, float64(x.At)})
	}
	role = map[string]string{}
	for _, a := range p.Accounts {
		role[a.Name] = a.Role + a.Group
	}
	return actions, posts, role
}

// found counts the accounts of groups from a level on by role.
func tally(pages int, from Level, settings func(seed uint64) simulate.Settings) (found, all map[string]int) {
	found, all = map[string]int{}, map[string]int{}
	for seed := range uint64(pages) {
		actions, posts, role := play(settings(seed + 1))
		for _, r := range role {
			all[r]++
		}
		for _, g := range Run(actions, posts, Default()).Groups {
			for _, m := range g.Members {
				if g.Level >= from {
					found[role[m.Account]]++
				}
			}
		}
	}
	return found, all
}

func TestAttackersAreFoundAndNobodyElse(t *testing.T) {
	found, all := tally(6, Organised, simulate.Attacked)
	for group, least := range map[string]float64{"attackpile": 0.9, "attackstorm": 0.8, "attackpuppets": 0.9} {
		if share := float64(found[group]) / float64(all[group]); share < least {
			t.Errorf("%s: %d of %d found, want %.0f%%", group, found[group], all[group], 100*least)
		}
	}
	for role, n := range found {
		if role != "attackpile" && role != "attackstorm" && role != "attackpuppets" {
			t.Errorf("%d of %s are said to act as a group", n, role)
		}
	}
}

// A wave of honest complaint, fast fans and independent critics are no group at any level that is shown.
func TestHonestPagesHaveNoGroups(t *testing.T) {
	if found, _ := tally(30, Trigger, simulate.Honest); len(found) > 0 {
		t.Errorf("honest accounts in groups: %v", found)
	}
}

// Audiences woken by the same thing react to it, and that is said; they do not act as a group on the same posts.
func TestAudiencesWokenTogetherAreNotCalledOrganised(t *testing.T) {
	audience := func(seed uint64) simulate.Settings {
		s := simulate.Honest(seed)
		s.Digest, s.Push, s.Topic = 20, 20, 15
		return s
	}
	found, _ := tally(5, Organised, audience)
	if len(found) > 0 {
		t.Errorf("honest audiences called organised: %v", found)
	}
	woken, all := tally(2, Trigger, audience)
	if 2*woken["digest"] < all["digest"] {
		t.Errorf("a common trigger is seen in %d of %d readers of a newsletter", woken["digest"], all["digest"])
	}
}

// What the method cannot tell apart stays on record: an audience of one topic woken by one notification looks like a group.
func TestATopicalAudienceWithOneNotificationIsTheKnownLimit(t *testing.T) {
	found, _ := tally(2, Organised, func(seed uint64) simulate.Settings {
		s := simulate.Honest(seed)
		s.TopicPush = 15
		return s
	})
	if found["topicpush"] == 0 {
		t.Error("the limit is gone: say so in the documentation and in disconfirm.push")
	}
	delete(found, "topicpush")
	if len(found) > 0 {
		t.Errorf("others: %v", found)
	}
}

func TestSameActionsInAnotherOrderGiveTheSameReport(t *testing.T) {
	actions, posts, _ := play(simulate.Attacked(3))
	want := Run(actions, posts, Default())
	if len(want.Groups) == 0 || len(want.Groups[0].Links) == 0 {
		t.Fatalf("nothing to compare: %d groups", len(want.Groups))
	}
	rng := rand.New(rand.NewPCG(1, 1))
	rng.Shuffle(len(actions), func(i, j int) { actions[i], actions[j] = actions[j], actions[i] })
	rng.Shuffle(len(posts), func(i, j int) { posts[i], posts[j] = posts[j], posts[i] })
	actions = append(actions, actions[:500]...) // deliveries repeated
	if got := Run(actions, posts, Default()); !reflect.DeepEqual(got, want) {
		t.Error("another order or repeated deliveries changed the report")
	}
}

// Names mean nothing: who is found does not hang on the letters of the accounts.
func TestTheGroupDoesNotHangOnNames(t *testing.T) {
	actions, posts, role := play(simulate.Attacked(2))
	attackers := func(rename func(string) string) int {
		renamed := make([]Action, len(actions))
		who := map[string]string{}
		for i, a := range actions {
			who[rename(a.Account)] = role[a.Account]
			renamed[i] = Action{a.Post, rename(a.Account), a.At}
		}
		n := 0
		for _, g := range Run(renamed, posts, Default()).Groups {
			for _, m := range g.Members {
				if who[m.Account] == "attackpuppets" && g.Level == Organised {
					n++
				}
			}
		}
		return n
	}
	plain := attackers(func(s string) string { return s })
	if other := attackers(func(s string) string { return fmt.Sprintf("%x", s[len(s)-1]) + s }); plain != 5 || other != plain {
		t.Errorf("found %d, under other names %d, want 5", plain, other)
	}
}

func TestShuffledHabitsHoldNoGroup(t *testing.T) {
	actions, posts, _ := play(simulate.Attacked(1))
	largest := Surrogates(actions, posts, Default(), 10)
	if rate := FalseRate(largest, 20); rate > 0.1 {
		t.Errorf("a group of twenty came up in shuffled histories: %v", largest)
	}
	if got := FalseRate([]int{0, 3, 0, 5}, 4); got != 0.4 {
		t.Errorf("rate %v, want (1+1)/(4+1)", got)
	}
}

func TestOddInputIsHarmless(t *testing.T) {
	nan := []Action{{"p", "a", 0}, {"", "b", 1}, {"p", "", 2}}
	for name, x := range map[string]struct {
		actions []Action
		posts   []Post
	}{
		"nothing":            {nil, nil},
		"one action":         {[]Action{{"p", "a", 1}}, nil},
		"no post listed":     {nan, []Post{{"q", 5, false}}},
		"before publication": {[]Action{{"p", "a", -100}, {"p", "b", -99}}, []Post{{"p", 0, false}}},
		"a post twice":       {nan, []Post{{"p", 0, false}, {"p", 9, true}}},
	} {
		if r := Run(x.actions, x.posts, Default()); len(r.Groups) != 0 {
			t.Errorf("%s: %d groups", name, len(r.Groups))
		}
	}
	var same []Action // ten accounts, always the very same second
	for o := range 40 {
		for a := range 10 {
			same = append(same, Action{fmt.Sprint("p", o), fmt.Sprint("a", a), float64(o * 86400)})
		}
	}
	Run(same, nil, Default())
}

func TestNightsAreThoseOfTheZone(t *testing.T) {
	warsaw, err := time.LoadLocation("Europe/Warsaw")
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[string]float64{"2026-10-25T00:30:00Z": 2.5, "2026-10-25T01:30:00Z": 2.5, "2026-03-29T01:00:00Z": 3, "2026-07-01T22:15:00Z": 0.25} {
		x, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if got := hourOf(float64(x.Unix()), warsaw); got != want {
			t.Errorf("%s is at %v, want %v", at, got, want)
		}
	}
}

func BenchmarkPage(b *testing.B) {
	for name, s := range map[string]simulate.Settings{"attacked": simulate.Attacked(1), "honest": simulate.Honest(1)} {
		actions, posts, _ := play(s)
		b.Run(fmt.Sprintf("%s-%d", name, len(actions)), func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				Run(actions, posts, Default())
			}
		})
	}
}
