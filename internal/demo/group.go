package demo

import (
	"context"
	"encoding/base64"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"chop/internal/app"
	"chop/internal/source"
)

// The page of the shop in a social network, as it was: three months of posts, what people did under them, and twelve accounts that
// somebody who left the shop calls together. It comes in as any program would deliver it; the finding is the program's own.
const (
	oldPosts    = 90
	oldPeople   = 120
	oldEvery    = 24 * time.Hour
	oldInterest = 0.11 // how likely an ordinary account acts under a post
)

// company are the twelve; the first writes the call and acts first.
var company = []string{"Prawda o Lnie", "Lena Wróbel", "Iwona Krysa", "Kamil 8821", "Grażyna St", "Tomek Wan", "Darek M4", "Jarek Pol", "Adam Nowy", "Basia Torun",
	"Ola Mazur-K", "Mirek Kowal"}

var oldTitles = []string{"Zima w lnie", "Obrusy na święta", "Jak pierzemy len", "Nowy odcień: szałwia", "Szwalnia od środka", "Ręczniki waflowe", "Pytanie: jaki rozmiar?",
	"Poszewki z falbanką", "Len na cztery pory roku"}

// said is what is written rather than only marked with a laugh, under the newest post.
var said = []struct {
	who, text string
	after     time.Duration
}{
	{"Prawda o Lnie", "Szkoda pieniędzy, nie kupujcie tam.", 0},
	{"Lena Wróbel", "Potwierdzam, omijać.", 20 * time.Second},
	{"Kamil 8821", "haha polski len 😂", 35 * time.Second},
	{"Wanda Kos", "Moje zamówienie 5531 za 219 zł nie przyszło od trzech tygodni. Proszę o odpowiedź.", 50 * time.Minute},
}

// before lets the shop's page in the network arrive.
func before(ctx context.Context, a *app.App, firm string) error {
	s, _, err := a.Sources.Connect(ctx, firm, "webhook", "Profil sklepu (pokaz)", source.Settings{"secret": "whsec_" + base64.StdEncoding.EncodeToString(make([]byte, 32))})
	if err != nil {
		return fmt.Errorf("connect the page of the shop: %w", err)
	}
	for part := range slices.Chunk(past(a.DB.Now().Truncate(time.Second)), 500) {
		if _, err := a.Mentions.Intake(ctx, s, source.Batch{Items: part}); err != nil {
			return fmt.Errorf("take in the page of the shop: %w", err)
		}
	}
	return nil
}

// past is everything that happened on the page up to now, the same every time.
func past(now time.Time) (items []source.Item) {
	r := rand.New(rand.NewPCG(7, 2026))
	scattered := func(middle time.Duration, spread float64) time.Duration {
		return time.Duration(float64(middle) * math.Exp(spread*r.NormFloat64()))
	}
	for p := range oldPosts {
		at := now.Add(-time.Duration(oldPosts-p)*oldEvery + 20*time.Hour)
		post := source.Post{ExternalID: fmt.Sprint("post", p), Title: fmt.Sprintf("%s (%d)", oldTitles[p%len(oldTitles)], p+1), At: at}
		act := func(who, text string, after time.Duration) {
			if at.Add(after).After(now) {
				return
			}
			it := source.Item{ExternalID: fmt.Sprint("a", len(items)), Kind: source.KindReaction, Reaction: "like", Author: source.Account{ExternalID: who, Name: who}, Post: post, At: at.Add(after)}
			switch {
			case text != "":
				it.Kind, it.Reaction, it.Text = source.KindComment, "", text
			case slices.Contains(company, who):
				it.Reaction = "haha"
			}
			items = append(items, it)
		}
		for i := range oldPeople {
			if r.Float64() < oldInterest {
				act(fmt.Sprint("Klientka ", i+1), "", scattered(20*time.Minute, 1.2))
			}
		}
		newest := p == oldPosts-1
		if p%5 > 1 && !newest {
			continue
		}
		call := min(scattered(25*time.Minute, 1.1), 2*time.Hour)
		for i, who := range company {
			if wait := time.Duration(i/3*8+r.IntN(35)) * time.Second; r.Float64() < 0.92 {
				act(who, "", call+wait)
			}
		}
		if newest {
			for _, x := range said {
				act(x.who, x.text, call+time.Minute+x.after)
			}
		}
	}
	return items
}
