package pulse

import (
	"fmt"
	"testing"
	"time"
)

func reply(who string, minute int, hostile bool, kin string) Reply {
	return Reply{ID: fmt.Sprint(who, minute), Author: who, At: monday.Add(time.Duration(minute) * time.Minute), Hostile: hostile, Kin: kin}
}

func TestWhatIsAnAmbush(t *testing.T) {
	warm := func(who, kin string) Reply { return Reply{ID: who, Author: who, At: monday, Warm: true, Kin: kin} }
	many := []Reply{}
	for i := range 20 {
		many = append(many, reply(fmt.Sprint("a", i), i/2, true, ""))
	}
	for name, x := range map[string]struct {
		replies []Reply
		is      bool
		severe  bool
		want    Ambush
	}{
		"nobody":                        {nil, false, false, Ambush{}},
		"one hostile answer":            {[]Reply{reply("a", 0, true, "")}, false, false, Ambush{}},
		"the same account twice":        {[]Reply{reply("a", 0, true, ""), reply("a", 5, true, "")}, false, false, Ambush{}},
		"two at the same time":          {[]Reply{reply("a", 0, true, ""), reply("b", 20, true, "")}, true, false, Ambush{Accounts: 2, Hostile: 2, Minutes: 20}},
		"two a day apart":               {[]Reply{reply("a", 0, true, ""), reply("b", 24*60, true, "")}, false, false, Ambush{}},
		"the densest stretch counts":    {[]Reply{reply("a", 0, true, ""), reply("b", 200, true, ""), reply("c", 210, true, "")}, true, false, Ambush{Accounts: 2, Hostile: 2, Minutes: 10}},
		"criticism is none":             {[]Reply{reply("a", 0, false, ""), reply("b", 5, false, ""), reply("c", 6, false, "")}, false, false, Ambush{}},
		"a club that recommends":        {[]Reply{warm("a", "g"), warm("b", "g"), warm("c", "g"), warm("d", "g")}, false, false, Ambush{}},
		"linked ones, nobody hostile":   {[]Reply{reply("a", 0, false, "g"), reply("b", 1, false, "g"), reply("c", 2, false, "g")}, false, false, Ambush{}},
		"one hostile, one linked to it": {[]Reply{reply("a", 0, true, "g"), reply("b", 1, false, "g")}, true, false, Ambush{Accounts: 2, Hostile: 1, Linked: 2, Minutes: 1}},
		"two linked, both hostile":      {[]Reply{reply("a", 0, true, "g"), reply("b", 1, true, "g")}, true, true, Ambush{Accounts: 2, Hostile: 2, Linked: 2, Minutes: 1}},
		"twenty":                        {many, true, true, Ambush{Accounts: 20, Hostile: 20, Minutes: 9}},
		"helpers are counted as others": {[]Reply{reply("a", 0, true, ""), reply("b", 1, true, ""), reply("h", 2, false, ""), warm("i", "")}, true, false, Ambush{Accounts: 2, Hostile: 2, Minutes: 1}},
	} {
		got, is := DefaultRule().Look(x.replies)
		if is != x.is || is && (got.Severe != x.severe || got.Accounts != x.want.Accounts || got.Hostile != x.want.Hostile || got.Linked != x.want.Linked || got.Minutes != x.want.Minutes) {
			t.Errorf("%s: %v %+v, want %v %+v", name, is, got, x.is, x.want)
		}
	}
	if x, _ := DefaultRule().Look([]Reply{reply("a", 0, true, ""), reply("b", 1, true, ""), reply("h", 2, false, "")}); x.Others != 1 || len(x.Replies) != 2 {
		t.Errorf("%+v", x)
	}
	linked := []Reply{reply("a", 0, true, "g"), reply("b", 1, false, "g"), reply("c", 2, true, "")}
	hostile := Rule{Accounts: 2, Within: time.Hour}
	if x, yes := hostile.Look(linked); !yes || x.Accounts != 2 || x.Hostile != 2 {
		t.Errorf("a firm that counts hostile accounts alone is told of %+v", x)
	}
	if x, yes := hostile.Look(linked[:2]); yes {
		t.Errorf("a linked account that is not hostile counts against the firm's wish: %+v", x)
	}
	if _, yes := (Rule{Accounts: 3, Within: time.Hour}).Look([]Reply{reply("a", 0, true, ""), reply("b", 40, true, "")}); yes {
		t.Error("a firm that asks for three is told of two")
	}
}

func TestAnAskersOutcomeIsHonest(t *testing.T) {
	asked := monday
	a := Asker{AskedAt: asked, AmbushedAt: asked.Add(20 * time.Minute)}
	with := func(f func(*Asker)) Asker { x := a; f(&x); return x }
	for name, x := range map[string]struct {
		a     Asker
		after time.Duration
		want  Outcome
	}{
		"waits":                              {a, 6 * 24 * time.Hour, Waiting},
		"a week without a word":              {a, 8 * 24 * time.Hour, Lost},
		"answered in time":                   {with(func(a *Asker) { a.AnsweredAt = asked.Add(2 * time.Hour) }), 8 * 24 * time.Hour, Answered},
		"answered after three days":          {with(func(a *Asker) { a.AnsweredAt = asked.Add(72 * time.Hour) }), 8 * 24 * time.Hour, Lost},
		"answered late, may still come back": {with(func(a *Asker) { a.AnsweredAt = asked.Add(72 * time.Hour) }), 4 * 24 * time.Hour, Waiting},
		"came back unanswered":               {with(func(a *Asker) { a.BackAt = asked.Add(30 * time.Hour) }), 2 * 24 * time.Hour, Back},
		"took the question away":             {with(func(a *Asker) { a.GoneAt = asked.Add(time.Hour) }), 2 * time.Hour, Lost},
		"answered, then took the question":   {with(func(a *Asker) { a.AnsweredAt, a.GoneAt = asked.Add(time.Hour), asked.Add(2*time.Hour) }), 3 * time.Hour, Answered},
		"answered late after it had gone":    {with(func(a *Asker) { a.AnsweredAt, a.GoneAt = asked.Add(30*time.Hour), asked.Add(time.Hour) }), 31 * time.Hour, Waiting},
	} {
		if got := x.a.Outcome(asked.Add(x.after)); got != x.want {
			t.Errorf("%s: %q, want %q", name, got, x.want)
		}
	}
}
