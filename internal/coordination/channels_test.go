package coordination

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"chop/internal/coordination/detect"
	"chop/internal/fault"
	"chop/internal/lang"
	"chop/internal/simulate"
)

// told is a simulated page whose piling accounts were made in one week and copy a text; the rest is ordinary.
func told(t *testing.T) (in Input) {
	t.Helper()
	page := simulate.Make(simulate.Attacked(1))
	events, accounts, posts := &bytes.Buffer{}, &bytes.Buffer{}, &bytes.Buffer{}
	w := csv.NewWriter(events)
	_ = w.Write([]string{"object_id", "account_id", "content_id", "timestamp_share", "text", "link", "reaction"})
	for i, a := range page.Actions {
		text := fmt.Sprintf("jako klient nr %d powiem krótko że zdanie numer %d jest tylko moje i %d", i, i*7, i*13)
		if strings.HasPrefix(a.Account, "pile_") && i%3 == 0 {
			text = "Nie kupujcie u nich, ja czekałem trzy miesiące i dostałem <b>zepsuty</b> sprzęt bez faktury " + fmt.Sprint(i)
		}
		_ = w.Write([]string{a.Post, a.Account, a.Content, fmt.Sprint(a.At), text, "", map[bool]string{true: "haha"}[a.Kind == "reaction"]})
	}
	w.Flush()
	v := csv.NewWriter(accounts)
	_ = v.Write([]string{"account_id", "account_created", "handle"})
	for i, a := range page.Accounts {
		day := fmt.Sprintf("20%02d-%02d-%02d", 10+i%14, 1+i*7%12, 1+i*11%28)
		if strings.HasPrefix(a.Name, "pile_") {
			day = "2025-01-0" + fmt.Sprint(1+i%6)
		}
		_ = v.Write([]string{a.Name, day, ""})
	}
	v.Flush()
	if err := errors.Join(page.WritePosts(posts), w.Error(), v.Error()); err != nil {
		t.Fatal(err)
	}
	return Input{Events: events, Posts: posts, Accounts: accounts, EventsName: "e.csv", PostsName: "p.csv", AccountsName: "a.csv"}
}

func TestOtherChannelsStandBesideAGroupAndOnlySuggest(t *testing.T) {
	var out bytes.Buffer
	if err := Analyse(told(t), &out, detect.Default(), 0, lang.PL); err != nil {
		t.Fatal(err)
	}
	var f Finding
	if err := json.Unmarshal(out.Bytes(), &f); err != nil {
		t.Fatal(err)
	}
	eligible := 0
	for _, g := range f.Groups {
		if g.Level == "L4" {
			t.Error("the program gave a level that only a person gives")
		}
		pile := strings.HasPrefix(g.Members[0].Account, "pile_")
		if (g.Next != nil) != pile {
			t.Errorf("%s eligible: %+v", g.Members[0].Account, g.Next)
		}
		if pile {
			eligible++
			if len(g.Next.By) != 2 || !strings.Contains(g.Next.Says, "teksty, daty założenia") || *g.Rank > 0.001 {
				t.Errorf("%+v, rank %v", g.Next, *g.Rank)
			}
		}
		for _, c := range g.Channels {
			if c.Says == "" || c.Limit == "" || strings.Contains(c.Says+c.Limit, "[coord") {
				t.Errorf("%+v", c)
			}
		}
	}
	if eligible != 1 {
		t.Errorf("%d groups eligible, want 1", eligible)
	}
	if !strings.Contains(out.String(), `"content_a": "c0`) {
		t.Error("pairs do not name the contents they rest on")
	}
}

func TestBadAccountsNameFileLineAndCause(t *testing.T) {
	for name, x := range map[string]struct{ accounts, events, want string }{
		"no account":       {"account_id,handle\n,ola\n", "", "coordination.blank"},
		"no such day":      {"account_id,account_created\na,2025-02-30\n", "", "coordination.time"},
		"no column":        {"handle\nola\n", "", "coordination.column"},
		"a day in actions": {"", "object_id,account_id,timestamp_share,account_created\no,a,1,never\n", "coordination.time"},
		"an endless text":  {"", "object_id,account_id,timestamp_share,text\no,a,1," + strings.Repeat("x", maxText+1) + "\n", "coordination.long"},
	} {
		in := Input{Events: strings.NewReader("object_id,account_id,timestamp_share\n" + "o,a,1\n"), EventsName: "e.csv", AccountsName: "a.csv"}
		if x.accounts != "" {
			in.Accounts = strings.NewReader(x.accounts)
		}
		if x.events != "" {
			in.Events = strings.NewReader(x.events)
		}
		var f *fault.Error
		if err := Analyse(in, &bytes.Buffer{}, detect.Default(), 0, lang.PL); !errors.As(err, &f) || f.Code != x.want {
			t.Errorf("%s: %v, want %s", name, err, x.want)
		}
	}
}

func TestTwoAccountsOfOneHandAreAPair(t *testing.T) {
	s := simulate.Honest(3)
	s.Puppets, s.Posts, s.Days = 2, 400, 300
	f, raw := analyse(t, simulate.Make(s), lang.PL)
	if len(f.Groups) != 0 || len(f.Hands) != 1 || f.Hands[0].A != "puppets_00" || !strings.Contains(f.Hands[0].Says, "jedna osoba z dwoma kontami albo dwie") {
		t.Errorf("%d groups, pairs %+v", len(f.Groups), f.Hands)
	}
	if strings.Contains(raw, "[coordination") {
		t.Error("a sentence is missing")
	}
}
