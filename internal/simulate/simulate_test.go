package simulate

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"reflect"
	"strings"
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

func TestWordsAndNamesChangeNothingOfWhoActsWhen(t *testing.T) {
	s := Attacked(5)
	s.Plain = true
	plain, whole := Make(s), Make(Attacked(5))
	if len(plain.Actions) != len(whole.Actions) {
		t.Fatalf("%d and %d actions", len(plain.Actions), len(whole.Actions))
	}
	for i, a := range plain.Actions {
		if b := whole.Actions[i]; a.At != b.At || a.Account != b.Account || a.Post != b.Post {
			t.Fatalf("%+v became %+v", a, b)
		}
	}
}

func TestASiegeRestsHidesAndRides(t *testing.T) {
	p := Make(Besieged(2))
	posts, of := map[string]Post{}, map[string]int{}
	for _, x := range p.Posts {
		posts[x.ID] = x
	}
	questions, hidden, weeks := 0, 0, map[string]map[int64]bool{}
	for _, a := range p.Actions {
		if len(a.Account) < 5 || a.Account[:5] != "siege" {
			continue
		}
		of[a.Account]++
		if posts[a.Post].Question {
			questions++
		} else {
			hidden++
		}
		if weeks[a.Account] == nil {
			weeks[a.Account] = map[int64]bool{}
		}
		weeks[a.Account][a.At/int64(siegeRest)] = true
	}
	if len(of) != 20 || questions < 2*hidden || hidden < 50 {
		t.Errorf("%d accounts, %d under questions, %d elsewhere", len(of), questions, hidden)
	}
	if first, last := len(weeks["siege_00"]), len(weeks["siege_19"]); last >= first {
		t.Errorf("the leader acts in %d stretches, the last to join in %d", first, last)
	}
}

func TestReviewsAndBatchesOfAccounts(t *testing.T) {
	s := Honest(4)
	s.Bomb, s.Extort, s.Puppets = 30, 8, 10
	p := Make(s)
	bombed, low, when := 0, 0, []int64{}
	for i, r := range p.Reviews {
		if i > 0 && r.At < p.Reviews[i-1].At || r.Rating < 1 || r.Rating > 5 || r.Text == "" {
			t.Fatalf("%+v", r)
		}
		if r.Account[:4] == "bomb" {
			bombed++
			when = append(when, r.At)
			if r.Rating == 1 {
				low++
			}
		}
	}
	if bombed != 30 || low != 30 || when[29]-when[0] > int64(2*day) {
		t.Errorf("%d of a bombing, %d with one star", bombed, low)
	}
	made, demand := map[int64]int{}, false
	for _, a := range p.Accounts {
		if a.Group == "puppets" {
			made[a.Created/int64(7*day)]++
		}
	}
	most := 0
	for week, n := range made {
		most = max(most, n+made[week+1])
	}
	for _, a := range p.Actions {
		demand = demand || a.Account == "extort_00" && strings.Contains(a.Text, "000")
	}
	if most < 6 || !demand {
		t.Errorf("%d of 10 puppets were made together, demand %v", most, demand)
	}
}

func TestFilesHoldWhatWasPlayed(t *testing.T) {
	s := Attacked(6)
	s.Posts, s.Days, s.Accounts, s.Wave = 20, 20, 300, 40
	p, dir := Make(s), t.TempDir()
	if err := p.WriteFiles(filepath.Join(dir, "new")); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]int{"posts.csv": len(p.Posts), "events.csv": len(p.Actions), "reviews.csv": len(p.Reviews), "truth.csv": len(p.Accounts)} {
		f, err := os.Open(filepath.Join(dir, "new", name))
		if err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(f).ReadAll()
		if err != nil || len(rows) != want+1 {
			t.Errorf("%s has %d rows, want %d: %v", name, len(rows), want+1, err)
		}
		f.Close()
	}
}
