package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"chop/internal/db"
	"chop/internal/source"
	"chop/internal/source/webhook"
)

// load is a stream of single comments, each its own delivery.
type load struct {
	name   string
	rate   int // comments a second
	length time.Duration
	every  int // each so manieth is a threat
}

// latencyFirms is over how many firms a load is spread: rules open at most ten cases of a firm in an hour.
const latencyFirms = 40

// latency measures from the commit of a comment to its message at the telephone.
func latency(ctx context.Context, o options, kind string) (rows [][]string, err error) {
	for _, way := range list(o.ways) {
		for _, l := range []load{{"1/s", 1, 2 * o.seconds, 1}, {"200/s", 200, o.seconds, 100}} {
			row, err := latencyOf(ctx, o, kind, way, l)
			if err != nil {
				return nil, err
			}
			fmt.Println(row)
			rows = append(rows, row)
		}
	}
	return rows, nil
}

func latencyOf(ctx context.Context, o options, kind, way string, l load) ([]string, error) {
	p, err := openPlace(ctx, kind)
	if err != nil {
		return nil, err
	}
	defer p.close()
	w, err := startHere(ctx, o, p, latencyFirms)
	if err != nil {
		return nil, err
	}
	give := w.intakeOne
	if way == "webhook" {
		give = hookSender("http://"+w.app.Addr(), w.sources, w.secrets)
	}
	accepted, sent, err := l.send(ctx, give)
	if err != nil {
		return nil, err
	}
	for end := time.Now().Add(90 * time.Second); w.phone.count() < len(accepted) && time.Now().Before(end); {
		time.Sleep(50 * time.Millisecond)
	}
	took, err := w.delays(ctx, accepted)
	if err != nil {
		return nil, err
	}
	return []string{kind, way, l.name, fmt.Sprint(sent), fmt.Sprintf("%d of %d", len(took), len(accepted)), milli(at(took, .5)), milli(at(took, .99)),
		milli(at(took, 1))}, w.close(ctx)
}

// send gives comments at their times whatever happens to earlier ones, and notes when each threat was accepted.
func (l load) send(ctx context.Context, give func(context.Context, int, source.Item) error) (accepted map[string]time.Time, sent int, err error) {
	accepted = map[string]time.Time{}
	var mu sync.Mutex
	var all sync.WaitGroup
	var failed error
	random := rand.New(rand.NewPCG(1, 2))
	begin, total := time.Now(), l.rate*int(l.length/time.Second)
	for n := range total {
		it := comment(random, "c", n, n%l.every == 0)
		time.Sleep(time.Until(begin.Add(time.Duration(n) * time.Second / time.Duration(l.rate))))
		all.Go(func() {
			err := give(ctx, n, it)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failed = err
			} else if it.Text == threat {
				accepted[it.ExternalID] = time.Now()
			}
		})
	}
	all.Wait()
	return accepted, total, failed
}

// of picks the firm of the nth comment; threats are spread evenly too.
func of(n, many int) int { return (n + n/100) % many }

func (w *live) intakeOne(ctx context.Context, n int, it source.Item) error {
	raw, err := json.Marshal(it)
	if err != nil {
		return err
	}
	_, err = w.Mentions.Intake(system(ctx), w.sources[of(n, len(w.sources))],
		source.Batch{Items: []source.Item{it}, Deliveries: []source.Delivery{{At: time.Now(), Body: raw, Status: 200}}})
	return err
}

// hookSender posts each comment as a signed delivery.
func hookSender(origin string, sources []source.Source, secrets []string) func(context.Context, int, source.Item) error {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}, Timeout: 30 * time.Second}
	return func(ctx context.Context, n int, it source.Item) error {
		body, err := json.Marshal(it)
		if err != nil {
			return err
		}
		i, now, id := of(n, len(sources)), time.Now(), db.NewID()
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, origin+"/hooks/"+sources[i].ID, bytes.NewReader(body))
		if err != nil {
			return err
		}
		req.Header.Set("X-Forwarded-For", fmt.Sprintf("198.18.%d.1", i)) // every shop calls from its own network
		req.Header.Set(webhook.HeaderID, id)
		req.Header.Set(webhook.HeaderTimestamp, strconv.FormatInt(now.Unix(), 10))
		req.Header.Set(webhook.HeaderSignature, webhook.Sign(secrets[i], id, now, body))
		res, err := client.Do(req)
		if err != nil {
			return err
		}
		defer res.Body.Close()
		said, err := io.ReadAll(res.Body)
		if err == nil && res.StatusCode != http.StatusOK {
			err = fmt.Errorf("a delivery was answered %d: %s", res.StatusCode, said)
		}
		return err
	}
}

// delays is how long each threat took to ring, sorted; one that never rang is missing.
func (w *world) delays(ctx context.Context, accepted map[string]time.Time) (took []time.Duration, err error) {
	w.phone.mu.Lock()
	defer w.phone.mu.Unlock()
	err = w.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT i.crisis_id, m.ext_id FROM crisis_item i JOIN mention m ON m.firm_id = i.firm_id AND m.id = i.ref_id`, nil,
			func(scan func(...any) error) error {
				var id, ext string
				if err := scan(&id, &ext); err != nil {
					return err
				}
				rang, ok := w.phone.rings[id]
				began, ours := accepted[ext]
				if ok && ours {
					took = append(took, rang.Sub(began))
				}
				return nil
			})
	})
	slices.Sort(took)
	return took, err
}
