package simulate

import (
	"reflect"
	"testing"
)

func TestTheSameSeedMakesTheSamePage(t *testing.T) {
	a, b := Make(Attacked(7)), Make(Attacked(7))
	if !reflect.DeepEqual(a, b) {
		t.Error("two pages of one seed differ")
	}
	if other := Make(Attacked(8)); reflect.DeepEqual(a.Actions, other.Actions) {
		t.Error("another seed makes the same page")
	}
}

func TestAPageIsWhatItsSettingsSay(t *testing.T) {
	s := Attacked(1)
	s.Stealth, s.Hidden = 6, 0.1
	p := Make(s)
	roles, actions := map[string]int{}, 0
	for _, a := range p.Accounts {
		roles[a.Role+a.Group]++
		actions += a.Actions
	}
	for role, most := range map[string]int{"attackpile": 20, "attackstorm": 12, "attackpuppets": 5, "attackstealth": 6, "fan": 12, "critic": 10} {
		if roles[role] != most {
			t.Errorf("%d of %s, want %d", roles[role], role, most)
		}
	}
	if len(p.Posts) != 160 || actions != len(p.Actions) || actions < 5000 || actions > 20000 {
		t.Errorf("%d posts, %d actions, %d of accounts", len(p.Posts), len(p.Actions), actions)
	}
	at, once := map[string]int64{}, map[[2]string]bool{}
	for _, x := range p.Posts {
		at[x.ID] = x.Published
	}
	for i, a := range p.Actions {
		if k := [2]string{a.Post, a.Account}; once[k] {
			t.Fatalf("%v acts twice", k)
		} else {
			once[k] = true
		}
		if i > 0 && a.At < p.Actions[i-1].At {
			t.Fatal("out of order")
		}
	}
	early := 0
	for _, a := range p.Actions {
		if a.At < at[a.Post] {
			early++
		}
	}
	if early > len(p.Actions)/100 { // only the wave comes to posts it finds
		t.Errorf("%d of %d act before publication", early, len(p.Actions))
	}
}

func TestSettingsThatCannotBePlayedAreRefused(t *testing.T) {
	for name, change := range map[string]func(*Settings){
		"no posts": func(s *Settings) { s.Posts = 0 }, "negative": func(s *Settings) { s.Fans = -1 }, "too long": func(s *Settings) { s.Days = 1e9 },
		"too many": func(s *Settings) { s.Accounts = 1e9 }, "a share above one": func(s *Settings) { s.Hidden = 2 },
	} {
		s := Honest(1)
		change(&s)
		if s.Check() == nil {
			t.Errorf("%s passes", name)
		}
	}
	if err := Honest(1).Check(); err != nil {
		t.Error(err)
	}
}
