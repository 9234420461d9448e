// Package play sends a simulated page to a running ChOP the way any program would: signed deliveries to a source of kind
// webhook, spread over time or as fast as the place takes them.
package play

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"chop/internal/simulate"
	"chop/internal/source/webhook"
)

// Target says where and how fast.
type Target struct {
	URL, Source, Secret string
	Speed               float64 // seconds of the page in one real second; 0 as fast as the place takes it
	Past                bool    // keep the page's distances in time and let its last moment be now; otherwise things happen when sent
	Progress            func(sent, of int)
}

const (
	inOne    = 500                    // items of one delivery
	tick     = 250 * time.Millisecond // deliveries are not closer: a source takes ten a second
	patience = 40                     // tries before giving up on a place that is busy or away
)

// Check refuses a target that cannot be played to, naming the setting and the cure.
func (t Target) Check() error {
	u, err := url.Parse(t.URL)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return fmt.Errorf("--into %q: give the address of a running ChOP, for example http://127.0.0.1:8080", t.URL)
	case t.Source == "":
		return errors.New("--source is missing: give the id of a webhook source (the last part of its address on the page of sources)")
	case webhook.Sign(t.Secret, "x", time.Unix(0, 0), nil) == "":
		return errors.New("--secret is not that of a webhook: copy it from the page of sources; it begins with whsec_")
	case !(t.Speed >= 0 && t.Speed <= 1e9):
		return fmt.Errorf("--speed %v: give a number from 0 to 1000000000", t.Speed)
	}
	return nil
}

// Page sends everything and tells how many items the place took. It ends early with ctx.
func Page(ctx context.Context, p simulate.Page, t Target) (sent int, err error) {
	if err := t.Check(); err != nil {
		return 0, err
	}
	list := timeline(p)
	if len(list) == 0 {
		return 0, nil
	}
	start, first, last := time.Now(), list[0].at, list[len(list)-1].at
	s := &sender{Target: t, client: &http.Client{Timeout: time.Minute}, run: strconv.FormatInt(start.UnixNano(), 36)}
	for sent < len(list) {
		n := s.due(list[sent:], first, time.Since(start))
		if n > 0 {
			if err := s.deliver(ctx, list[sent:sent+n], start, last); err != nil {
				return sent, err
			}
			sent += n
			if t.Progress != nil {
				t.Progress(sent, len(list))
			}
		}
		if sent < len(list) && !wait(ctx, tick) {
			return sent, ctx.Err()
		}
	}
	return sent, nil
}

func wait(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// entry is an item at its time on the page.
type entry struct {
	at   int64
	item map[string]any
}

// timeline is all that happens, in order of time: questions, comments, reactions, reviews.
func timeline(p simulate.Page) (list []entry) {
	who, posts := map[string]simulate.Account{}, map[string]simulate.Post{}
	for _, a := range p.Accounts {
		who[a.Name] = a
	}
	for _, x := range p.Posts {
		posts[x.ID] = x
		if x.Question {
			list = append(list, entry{x.Published, map[string]any{"external_id": question(x), "kind": "comment", "post": post(x), "author": author(who[x.Asker], x.Asker), "text": x.Text}})
		}
	}
	for _, a := range slices.Concat(p.Actions, p.Reviews) {
		item := map[string]any{"external_id": a.Content, "kind": a.Kind, "author": author(who[a.Account], a.Account)}
		x := posts[a.Post]
		if a.Post != "" {
			item["post"] = post(x)
		}
		if a.Answers && x.Question {
			item["parent_id"] = question(x)
		}
		for k, v := range map[string]string{"text": a.Text, "reaction": a.Reaction} {
			if v != "" {
				item[k] = v
			}
		}
		if a.Rating > 0 {
			item["rating"] = a.Rating
		}
		list = append(list, entry{a.At, item})
	}
	slices.SortStableFunc(list, func(a, b entry) int { return cmp.Compare(a.at, b.at) })
	return list
}

func question(x simulate.Post) string { return x.ID + "-q" }

func post(x simulate.Post) map[string]any {
	return map[string]any{"external_id": x.ID, "title": x.Title}
}

func author(a simulate.Account, id string) map[string]any {
	return map[string]any{"external_id": id, "name": cmp.Or(a.Shown, id), "handle": a.Handle}
}

type sender struct {
	Target
	client *http.Client
	run    string
	n      int
}

// due is how many of the items should have happened by now, at most a delivery.
func (s *sender) due(list []entry, first int64, since time.Duration) int {
	if s.Speed == 0 {
		return min(inOne, len(list))
	}
	reached := first + int64(since.Seconds()*s.Speed)
	n := 0
	for n < len(list) && n < inOne && list[n].at <= reached {
		n++
	}
	return n
}

// deliver sends items as one delivery and sends it again, under the same id, while the place is busy or away.
func (s *sender) deliver(ctx context.Context, list []entry, start time.Time, last int64) error {
	now := time.Now()
	items := make([]map[string]any, len(list))
	for i, e := range list {
		at := now
		if s.Past {
			at = start.Add(time.Duration(e.at-last) * time.Second)
		}
		e.item["at"] = at.UTC().Format(time.RFC3339Nano)
		items[i] = e.item
	}
	body, err := json.Marshal(map[string]any{"items": items})
	if err != nil {
		return fmt.Errorf("write delivery: %w", err)
	}
	s.n++
	id := fmt.Sprintf("simulate-%s-%d", s.run, s.n)
	for try := 1; ; try++ {
		pause, err := s.post(ctx, id, body)
		if err == nil || pause == 0 || try == patience {
			return err
		}
		if !wait(ctx, pause) {
			return ctx.Err()
		}
	}
}

// post gives the pause after which another try makes sense, 0 when none does.
func (s *sender) post(ctx context.Context, id string, body []byte) (time.Duration, error) {
	now := time.Now()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimRight(s.URL, "/")+"/hooks/"+url.PathEscape(s.Source), bytes.NewReader(body))
	if err != nil {
		return 0, fmt.Errorf("send: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(webhook.HeaderID, id)
	req.Header.Set(webhook.HeaderTimestamp, strconv.FormatInt(now.Unix(), 10))
	req.Header.Set(webhook.HeaderSignature, webhook.Sign(s.Secret, id, now, body))
	resp, err := s.client.Do(req)
	if err != nil {
		return 2 * time.Second, fmt.Errorf("send: %w", err)
	}
	defer resp.Body.Close()
	answer, _ := io.ReadAll(io.LimitReader(resp.Body, 4096)) // the status says enough without it
	switch {
	case resp.StatusCode == http.StatusOK:
		return 0, nil
	case resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode >= 500:
		seconds, err := strconv.Atoi(resp.Header.Get("Retry-After"))
		if err != nil || seconds < 1 || seconds > 60 {
			seconds = 2
		}
		return time.Duration(seconds) * time.Second, refused(resp.StatusCode, answer)
	}
	return 0, refused(resp.StatusCode, answer)
}

func refused(status int, answer []byte) error {
	var said struct {
		Error string `json:"error"`
	}
	if json.Unmarshal(answer, &said) == nil && said.Error != "" {
		return fmt.Errorf("the place answered %d: %s", status, said.Error)
	}
	return fmt.Errorf("the place answered %d", status)
}
