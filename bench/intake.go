package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"chop/internal/db"
	"chop/internal/source"
)

// intake pours comments in batches of 100 as fast as they are labelled: whoever delivers waits while more than
// maxBehind comments are without labels. The clock stops when the last label stands.
func intake(ctx context.Context, o options, kind string) ([][]string, error) {
	p, err := openPlace(ctx, kind)
	if err != nil {
		return nil, err
	}
	defer p.close()
	w, err := startHere(ctx, o, p, 20)
	if err != nil {
		return nil, err
	}
	begin := time.Now()
	n, err := w.pour(ctx, begin.Add(o.seconds))
	if err != nil {
		return nil, err
	}
	accepted := time.Since(begin)
	if err := w.settled(ctx, n); err != nil {
		return nil, err
	}
	all := time.Since(begin)
	row := []string{kind, fmt.Sprint(n), fmt.Sprintf("%.1f", all.Seconds()), fmt.Sprintf("%.0f", float64(n)/all.Seconds()),
		fmt.Sprintf("%.0f", float64(n)/accepted.Seconds())}
	return [][]string{row}, w.close(ctx)
}

const (
	inBatch   = 100
	maxBehind = 5000
	givers    = 2
)

// pour gives batches until the time is over and tells how many comments that were.
func (w *live) pour(ctx context.Context, until time.Time) (int, error) {
	var given atomic.Int64
	errs := make(chan error, givers)
	for g := range givers {
		go func() {
			random := rand.New(rand.NewPCG(3, uint64(g)))
			errs <- func() error {
				for b := 0; time.Now().Before(until); b++ {
					if err := w.patience(ctx); err != nil {
						return err
					}
					src := w.sources[(b*givers+g)%len(w.sources)]
					if _, err := w.Mentions.Intake(system(ctx), src, batch(random, fmt.Sprintf("g%d-%d", g, b))); err != nil {
						return err
					}
					given.Add(inBatch)
				}
				return nil
			}()
		}()
	}
	for range givers {
		if err := <-errs; err != nil {
			return 0, err
		}
	}
	return int(given.Load()), nil
}

func batch(random *rand.Rand, run string) source.Batch {
	var b source.Batch
	for i := range inBatch {
		b.Items = append(b.Items, comment(random, run, i, false))
	}
	raw, err := json.Marshal(b.Items)
	if err != nil {
		panic(err) // plain structs always marshal
	}
	b.Deliveries = []source.Delivery{{At: time.Now(), Body: raw, Status: 200}}
	return b
}

// patience waits until the labels have caught up.
func (w *live) patience(ctx context.Context) error {
	for {
		h, err := w.Jobs.Health(ctx)
		if err != nil || h.Due < maxBehind/inBatch {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// settled waits until every comment has its labels and the queue is empty.
func (w *live) settled(ctx context.Context, n int) error {
	for end := time.Now().Add(5 * time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		h, err := w.Jobs.Health(ctx)
		if err != nil {
			return err
		}
		if h.Due > 0 {
			continue
		}
		var labelled int
		err = w.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.One(ctx, `SELECT count(*) FROM labelling`, nil, &labelled)
			return err
		})
		if err != nil || labelled >= n {
			return err
		}
	}
	return fmt.Errorf("not every one of %d comments was labelled in five minutes", n)
}
