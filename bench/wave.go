package main

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"slices"
	"time"

	"chop/internal/decision"
	"chop/internal/demo/site"
	"chop/internal/macro"
	"chop/internal/mention"
	"chop/internal/source"
	"chop/internal/wave"
)

// waves measures one decision over many items of one person under one post: the preview, the decisions with their proofs,
// and what is left of the deeds when the last decision is made. The window to take a deed back is part of the deeds.
func waves(ctx context.Context, o options, kind string) (rows [][]string, err error) {
	p, err := openPlace(ctx, kind)
	if err != nil {
		return nil, err
	}
	defer p.close()
	w, err := startHere(ctx, o, p, 1)
	if err != nil {
		return nil, err
	}
	shop := site.New(time.Now)
	server := httptest.NewServer(shop)
	defer server.Close()
	post := shop.AddPost("len", "Nowe obrusy", "Z polskiego lnu.")
	comments := make([]int, o.items)
	for i := range comments {
		comments[i] = shop.Comment(post, 0, "Darek", "darek@example.test", "203.0.113.9", "Mozilla", fmt.Sprintf("Kretyni i debile, numer %d.", i))
	}
	if _, _, err := w.Sources.Connect(w.ewa(ctx), w.firms[0].ID, "wordpress", "", source.Settings{"url": server.URL, "user": site.User, "password": site.Password}); err != nil {
		return nil, err
	}
	author, err := w.abused(ctx, o.items)
	if err != nil {
		return nil, err
	}
	before, _ := residentOf(os.Getpid())
	preview, decided, err := w.decidesAll(ctx, author, o.items)
	if err != nil {
		return nil, err
	}
	begin := time.Now()
	if err := until(ctx, func() (bool, error) { return held(shop, comments), nil }); err != nil {
		return nil, fmt.Errorf("deeds of the wave: %w", err)
	}
	deeds := time.Since(begin)
	_, highest := residentOf(os.Getpid())
	return [][]string{{kind, fmt.Sprint(o.items), seconds(preview), seconds(decided), seconds(deeds), before, highest}}, w.close(ctx)
}

// abused waits until every comment is read and tells whose they are.
func (w *live) abused(ctx context.Context, n int) (author string, err error) {
	return author, until(ctx, func() (bool, error) {
		list, _, err := w.Mentions.Gather(w.ewa(ctx), mention.Filter{Firm: w.firms[0].ID}, 2*n)
		read := 0
		for _, m := range list {
			if m.Status != mention.New {
				read++
				author = m.AuthorKey
			}
		}
		return read >= n, err
	})
}

// decidesAll hides everything of the author by one wave. It fails when an item was left, so that a figure is never that
// of a smaller wave.
func (w *live) decidesAll(ctx context.Context, author string, n int) (preview, decided time.Duration, err error) {
	ctx = w.ewa(ctx)
	var v wave.Wave
	in := func(s wave.State) func() (bool, error) {
		return func() (bool, error) {
			v, err = w.Waves.Find(ctx, v.ID)
			return v.State == s, err
		}
	}
	begin := time.Now()
	v, err = w.Waves.Create(ctx, wave.New{Selection: wave.Selection{Firm: w.firms[0].ID, Origin: wave.Origin{Kind: wave.ByAuthor, Ref: author}},
		Plan: macro.Plan{Option: decision.Hide}})
	if err != nil {
		return 0, 0, err
	}
	if err := until(ctx, in(wave.Ready)); err != nil {
		return 0, 0, fmt.Errorf("preview: %w", err)
	}
	preview = time.Since(begin)
	begin = time.Now()
	if _, err := w.Waves.Start(ctx, v.Firm, v.ID, wave.Go{Why: "Same obelgi, zasady profilu są opublikowane."}); err != nil {
		return 0, 0, err
	}
	if err := until(ctx, in(wave.Ended)); err != nil {
		return 0, 0, fmt.Errorf("decisions: %w", err)
	}
	decided = time.Since(begin)
	t, err := w.Waves.Tally(ctx, v)
	if err == nil && t.States[wave.Done] != n {
		err = fmt.Errorf("%d of %d items were decided: %v", t.States[wave.Done], n, t.States)
	}
	return preview, decided, err
}

// held tells whether the shop shows none of these comments any more.
func held(shop *site.Site, comments []int) bool {
	for _, c := range shop.Comments() {
		if slices.Contains(comments, c.ID) && c.Status != site.Hold {
			return false
		}
	}
	return true
}

// until asks until it is so, for half an hour at most.
func until(ctx context.Context, so func() (bool, error)) error {
	for end := time.Now().Add(30 * time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if ok, err := so(); err != nil || ok {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return fmt.Errorf("it did not come to an end")
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }
