package story

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"chop/internal/alert"
	"chop/internal/classify"
	"chop/internal/decision"
	"chop/internal/group"
	"chop/internal/mention"
	"chop/internal/simulate"
	"chop/internal/source"
)

// lives is the traffic of a page as a place would tell it, moved so that it ends a while before now.
func (w *World) lives(s simulate.Settings) (items []source.Item, members []string) {
	p := simulate.Make(s)
	last := int64(0)
	for _, a := range p.Actions {
		last = max(last, a.At)
	}
	move := func(at int64) time.Time {
		return time.Unix(at, 0).UTC().Add(w.clock.Now().Add(-2 * time.Hour).Truncate(time.Second).Sub(time.Unix(last, 0)))
	}
	posts := map[string]simulate.Post{}
	for _, x := range p.Posts {
		posts[x.ID] = x
		if x.Question {
			items = append(items, source.Item{ExternalID: x.ID + "-q", Kind: source.KindComment, At: move(x.Published), Text: x.Text,
				Post: source.Post{ExternalID: x.ID, Title: x.Title, At: move(x.Published)}, Author: source.Account{ExternalID: x.Asker, Name: x.Asker}})
		}
	}
	for _, a := range p.Actions {
		x := posts[a.Post]
		it := source.Item{ExternalID: a.Content, Kind: a.Kind, Reaction: a.Reaction, Text: a.Text, At: move(a.At),
			Post: source.Post{ExternalID: x.ID, Title: x.Title, At: move(x.Published)}, Author: source.Account{ExternalID: a.Account, Name: a.Account}}
		if a.Answers && x.Question {
			it.ParentID = x.ID + "-q"
		}
		items = append(items, it)
	}
	slices.SortStableFunc(items, func(a, b source.Item) int { return a.At.Compare(b.At) })
	for _, a := range p.Accounts {
		if a.Role == "attack" {
			members = append(members, "wordpress:"+a.Name)
		}
	}
	return items, members
}

func (w *World) arrive(src source.Source, items []source.Item) {
	w.t.Helper()
	for part := range slices.Chunk(items, 500) {
		_, err := w.Mentions.Intake(w.system(), src, source.Batch{Items: part})
		w.ok(err)
		w.clock.Forward(10 * time.Second)
		w.ok(w.Jobs.Drain(w.system()))
	}
}

// One who left leads twenty accounts: for months they come one after another under customers' questions. They arrive as anybody's comments do; the firm is told that accounts
// act together and not who, a person confirms, and decisions hear of it. A page with fans and critics and no group yields
// nothing, and whoever is in a group keeps what protects criticism.
func TestTwentyAccountsOfOneAreFoundConfirmedAndWeighed(t *testing.T) {
	Each(t, func(t *testing.T, w *World) {
		ewa := w.Guardian("Ewa")
		calm, there := w.guard("Spokojna", w.url)
		page := simulate.Settings{Seed: 3, Days: 120, Posts: 150, Accounts: 500, Popularity: 5, Fans: 6, Critics: 4, Lang: "pl"}
		honest, _ := w.lives(page)
		w.arrive(there, honest)
		page.Pile = 20
		items, members := w.lives(page)
		w.arrive(w.source, items)
		w.FastForward(2 * time.Minute)

		if gs, err := w.Groups.List(w.system(), calm.ID, true); err != nil || len(gs) != 0 {
			t.Fatalf("an honest page yields %d groups, %v", len(gs), err)
		}
		g := w.together(ewa, members)
		c := w.ofGroup(g)
		w.onlyAlert("case.title.group", alert.Open)

		w.ok(w.Groups.Confirm(ewa.ctx(), w.firm.ID, g.ID, g.Revision, "Te same konta pod tymi samymi pytaniami od miesięcy."))
		w.FastForward(2 * time.Minute)
		g, err := w.Groups.Find(ewa.ctx(), w.firm.ID, g.ID)
		w.ok(err)
		if g.State != group.Confirmed || g.Exhibit == "" {
			t.Fatalf("%s is %s, exhibit %q", g.Name(), g.State, g.Exhibit)
		}
		w.timelineTells(ewa, c, "group.confirmed")
		w.weighed(ewa, g)
	})
}

// together is the group of the firm; where it was found in pieces, a person joins them.
func (w *World) together(p *Person, members []string) group.Group {
	w.t.Helper()
	gs, err := w.Groups.List(p.ctx(), w.firm.ID, false)
	w.ok(err)
	gs = slices.DeleteFunc(gs, func(g group.Group) bool { return g.Level < group.Organised || !g.Lost.IsZero() })
	if len(gs) == 0 {
		w.t.Fatal("no group was found")
	}
	found := 0
	for _, g := range gs {
		for _, k := range g.Accounts(false) {
			if found++; !slices.Contains(members, k) {
				w.t.Errorf("%s is said to act with them", k)
			}
		}
	}
	if 10*found < 8*len(members) {
		w.t.Fatalf("%d of %d accounts found", found, len(members))
	}
	for _, g := range gs[1:] {
		w.ok(w.Groups.Merge(p.ctx(), w.firm.ID, g.ID, g.Revision, gs[0].ID, "Te same pytania, ten sam czas: to jedna grupa."))
	}
	g, err := w.Groups.Find(p.ctx(), w.firm.ID, gs[0].ID)
	w.ok(err)
	if len(g.Accounts(false)) != found {
		w.t.Errorf("%d accounts after joining, %d before", len(g.Accounts(false)), found)
	}
	return g
}

// ofGroup is the case that tells of the group.
func (w *World) ofGroup(g group.Group) string {
	w.t.Helper()
	cs, err := w.Cases.Of(w.system(), w.firm.ID, group.Ref(g.ID))
	w.ok(err)
	if len(cs) != 1 {
		w.t.Fatalf("%d cases hold %s", len(cs), g.Name())
	}
	return cs[0].ID
}

// weighed checks what decisions make of a thread in which a confirmed group is at work, and of a complaint of one of them.
func (w *World) weighed(p *Person, g group.Group) {
	w.t.Helper()
	var items []source.Item
	post := source.Post{ExternalID: "nowy", Title: "Nowa kolekcja", At: w.clock.Now().Add(-time.Hour)}
	for i, k := range g.Accounts(false)[:5] {
		who := strings.TrimPrefix(k, "wordpress:")
		items = append(items, source.Item{ExternalID: fmt.Sprint("n", i), Kind: source.KindComment, Post: post, At: w.clock.Now().Add(-time.Duration(10+i) * time.Minute),
			Author: source.Account{ExternalID: who, Name: who}, Text: "Wszyscy wiemy, jak tu jest."})
	}
	items[4].Text = "Zamówienie 55312 z 3 listopada nie przyszło, zapłaciłam 219 zł, proszę o zwrot pieniędzy."
	items = append(items, source.Item{ExternalID: "obca", Kind: source.KindComment, Post: post, At: w.clock.Now().Add(-5 * time.Minute),
		Author: source.Account{ExternalID: "obca", Name: "Obca"}, Text: "Dzień dobry, paczka przyszła uszkodzona, proszę o wymianę."})
	_, err := w.Mentions.Intake(w.system(), w.source, source.Batch{Items: items})
	w.ok(err)
	w.FastForward(time.Minute)
	ms, err := w.Mentions.ByExternal(w.system(), w.firm.ID, w.source.ID, []string{"n0", "n4", "obca"})
	w.ok(err)
	for _, ext := range []string{"n4", "obca"} {
		a, err := w.Decisions.Recommend(p.ctx(), w.firm.ID, ms[ext].ID)
		w.ok(err)
		if a.Case.PileOn < 2 || len(a.Companies) != 1 || a.Companies[0].Number != g.Name() || a.Companies[0].Here < 4 {
			w.t.Errorf("%s: pile-on %d, companies %+v", ext, a.Case.PileOn, a.Companies)
		}
		if !slices.Contains(a.Case.Labels, string(classify.Complaint)) {
			w.t.Fatalf("%s is read as %v: the story needs a complaint", ext, a.Case.Labels)
		}
		for _, o := range []decision.Option{decision.Hide, decision.Delete, decision.Block} {
			if x, _ := a.Way(o); x.Guard != "G1" && x.Open() {
				w.t.Errorf("%s: a complaint may be met with %s because of a group", ext, o)
			}
		}
	}
	deeds, err := w.Decisions.List(w.system(), decision.Filter{Firm: w.firm.ID})
	w.ok(err)
	if len(deeds) != 0 {
		w.t.Errorf("%d decisions were made by a group's finding alone", len(deeds))
	}
	for _, m := range []mention.Mention{ms["n0"], ms["n4"]} {
		gs, err := w.Groups.OfAuthor(p.ctx(), w.firm.ID, m.AuthorKey)
		w.ok(err)
		if len(gs) != 1 || gs[0].ID != g.ID {
			w.t.Errorf("the comment's account stands in %d groups", len(gs))
		}
	}
	book, err := w.Authors.Open(p.ctx(), w.firm.ID, ms["n0"].AuthorKey)
	w.ok(err)
	if !book.Stopped && (len(book.Groups) != 1 || !book.Groups[0].Confirmed || book.Groups[0].Number != g.Name()) {
		w.t.Errorf("the account's page tells of %+v", book.Groups)
	}
}
