package story

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"chop/internal/alert"
	"chop/internal/source"
)

// Hostile comments scattered over many posts make no wave under any of them; the firm's pulse tells all the same, once.
func TestScatteredAttacksAreTold(t *testing.T) {
	Each(t, func(t *testing.T, w *World) {
		w.Guardian("Ewa")
		for i := range 10 {
			post := w.shop.AddPost(fmt.Sprint("wpis-", i), fmt.Sprint("Wpis ", i), "Nowości.")
			w.shop.Comment(post, 0, fmt.Sprint("Konto", i), fmt.Sprintf("konto%d@visitor.test", i), "203.0.113.9", "Mozilla/5.0", "Banda złodziei i oszustów, nie kupujcie tu.")
		}
		w.FastForward(3 * time.Minute)
		c := w.onlyCase()
		if c.Title != "case.title.burst" || c.Facts["count"] != "10" {
			t.Fatalf("the case is %s %v", c.Title, c.Facts)
		}
		w.onlyAlert("case.title.burst", alert.Open)
		w.Visitor("Kolejny").Comments("Oszuści, omijajcie z daleka.")
		w.FastForward(10 * time.Minute)
		if got := w.onlyCase(); got.ID != c.ID {
			t.Error("the same burst opened another case")
		}
	})
}

func TestMockingReactionsAreHeldAgainstTheFirmsOwn(t *testing.T) {
	Each(t, func(t *testing.T, w *World) {
		w.Guardian("Ewa")
		react := func(post, kind string, from, to int) {
			b := source.Batch{}
			for i := from; i < to; i++ {
				b.Items = append(b.Items, source.Item{ExternalID: fmt.Sprint(post, "-", i), Kind: source.KindReaction, Reaction: kind,
					Post: source.Post{ExternalID: post, Title: "Post " + post, At: w.clock.Now()}, Author: source.Account{ExternalID: fmt.Sprint("a", i), Name: fmt.Sprint("A", i)}, At: w.clock.Now()})
			}
			_, err := w.Mentions.Intake(w.system(), w.source, b)
			w.ok(err)
			w.FastForward(time.Minute)
		}
		for p := range 12 {
			react(fmt.Sprint("p", p), "like", 0, 30)
		}
		if n := len(w.cases()); n != 0 {
			t.Fatalf("likes opened %d cases", n)
		}
		react("storm", "like", 0, 10)
		react("storm", "haha", 10, 30)
		c := w.onlyCase()
		if c.Title != "case.title.storm" || c.Facts["post"] != "Post storm" || c.Facts["count"] == "0" || !strings.HasPrefix(c.Subject, "post:") {
			t.Fatalf("%s %v %s", c.Title, c.Facts, c.Subject)
		}
		react("storm", "angry", 30, 40)
		w.onlyAlert("case.title.storm", alert.Open)
	})
}

// Many bad ratings in an hour, for a firm that is used to good ones, open one inquiry, which says that it may be an honest wave.
func TestBadRatingsBeyondTheUsualOpenAnInquiry(t *testing.T) {
	Each(t, func(t *testing.T, w *World) {
		w.Guardian("Ewa")
		rate := func(n, stars int, name string, ago func(i int) time.Duration) {
			b := source.Batch{}
			for i := range n {
				id := fmt.Sprint(name, i)
				b.Items = append(b.Items, source.Item{ExternalID: id, Kind: source.KindReview, Rating: stars, Text: fmt.Sprint("Ocena nr ", i, " ", name),
					Author: source.Account{ExternalID: id, Name: id}, At: w.clock.Now().Add(-ago(i))})
			}
			_, err := w.Mentions.Intake(w.system(), w.source, b)
			w.ok(err)
			w.FastForward(time.Minute)
		}
		rate(60, 5, "dawna", func(i int) time.Duration { return time.Duration(20+5*i) * 24 * time.Hour })
		rate(4, 1, "cztery", func(i int) time.Duration { return time.Duration(i) * time.Minute })
		if n := len(w.cases()); n != 0 {
			t.Fatalf("four bad ratings opened %d cases", n)
		}
		rate(20, 1, "fala", func(i int) time.Duration { return time.Duration(i) * time.Minute })
		c := w.onlyCase()
		if c.Title != "case.title.reviews" || c.Facts["count"] != "24" || c.Facts["single"] != "24" {
			t.Fatalf("%s %v", c.Title, c.Facts)
		}
		rate(10, 1, "dalej", func(i int) time.Duration { return time.Duration(i) * time.Minute })
		if got := w.onlyCase(); got.ID != c.ID {
			t.Error("the same wave opened another case")
		}
	})
}
