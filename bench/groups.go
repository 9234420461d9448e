package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"chop/internal/coordination/detect"
	"chop/internal/simulate"
)

// groups measures the detection of groups on simulated pages, where the truth is known.
func groups(ctx context.Context, _ options, _ string) ([][]string, error) {
	var rows [][]string
	for _, x := range []struct {
		name  string
		pages int
		made  func(uint64) simulate.Settings
	}{
		{"attacked, honest wave, fans, critics", 20, simulate.Attacked}, {"the same, attackers also act like everybody", 10, hidden},
		{"honest wave, fans, critics", 200, simulate.Honest}, {"honest, newsletter and notification", 10, woken},
		{"honest, one topic with one notification", 10, topical}, {"attacked, 80 posts in 60 days", 20, young},
	} {
		row, err := pageRow(ctx, x.name, x.pages, x.made)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func pageRow(ctx context.Context, name string, pages int, made func(uint64) simulate.Settings) ([]string, error) {
	var found, of, wrong, wrongPages, woken int
	var times []time.Duration
	for seed := range uint64(pages) {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		p := simulate.Make(made(seed + 1))
		var posts []detect.Post
		for _, x := range p.Posts {
			posts = append(posts, detect.Post{ID: x.ID, Published: float64(x.Published), Question: x.Question})
		}
		var actions []detect.Action
		for _, x := range p.Actions {
			actions = append(actions, detect.Action{Post: x.Post, Account: x.Account, At: float64(x.At)})
		}
		attacker := map[string]bool{}
		for _, a := range p.Accounts {
			if a.Role == "attack" {
				attacker[a.Name] = true
			}
		}
		of += len(attacker)
		begun, wrongBefore := time.Now(), wrong
		report := detect.Run(actions, posts, detect.Default())
		times = append(times, time.Since(begun))
		for _, g := range report.Groups {
			for _, m := range g.Members {
				switch {
				case g.Level < detect.Organised:
					woken++
				case attacker[m.Account]:
					found++
				default:
					wrong++
				}
			}
		}
		if wrong > wrongBefore {
			wrongPages++
		}
	}
	slices.Sort(times)
	return []string{name, fmt.Sprint(pages), fmt.Sprintf("%d of %d", found, of), fmt.Sprintf("%d on %d pages", wrong, wrongPages), fmt.Sprint(woken),
		milli(at(times, 0.5))}, nil
}

func hidden(seed uint64) simulate.Settings {
	s := simulate.Attacked(seed)
	s.Hidden = 0.15
	return s
}

func woken(seed uint64) simulate.Settings {
	s := simulate.Honest(seed)
	s.Digest, s.Push = 20, 20
	return s
}

func topical(seed uint64) simulate.Settings {
	s := simulate.Honest(seed)
	s.TopicPush = 15
	return s
}

func young(seed uint64) simulate.Settings {
	s := simulate.Attacked(seed)
	s.Posts, s.Days, s.Wave = 80, 60, 400
	return s
}
