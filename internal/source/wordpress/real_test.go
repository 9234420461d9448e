package wordpress

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"testing"
	"time"

	"chop/internal/fetch"
	"chop/internal/source"
)

// TestRealWordPress runs against a real server when CHOP_TEST_WORDPRESS holds its address with an editor's name and
// application password, "http://user:password@host:port", and a visitor's comment waits there.
func TestRealWordPress(t *testing.T) {
	u, err := url.Parse(os.Getenv("CHOP_TEST_WORDPRESS"))
	if err != nil || u.Host == "" {
		t.Skip("CHOP_TEST_WORDPRESS is not set")
	}
	password, _ := u.User.Password()
	s := source.Settings{"url": u.Scheme + "://" + u.Host, "user": u.User.Username(), "password": password}
	c := New(fetch.New(fetch.Config{AllowHosts: []string{u.Host}, PerSecond: 1000, Burst: 1000}))
	ctx := context.Background()
	r, err := c.Check(ctx, s)
	if err != nil || r.Title == "" {
		t.Fatalf("%+v %v", r, err)
	}
	bad := source.Settings{"url": s["url"], "user": s["user"], "password": "nie to"}
	_, err = c.Check(ctx, bad)
	wantFault(t, err, "wordpress.password", "password")
	b, err := c.Fetch(ctx, s, nil)
	if err != nil || b.Sweep == nil || len(b.Items) == 0 {
		t.Fatalf("%d items, sweep %v, %v", len(b.Items), b.Sweep, err)
	}
	visitor := visitorOf(t, b)
	walkThrough(t, c, s, visitor)
	again, err := c.Fetch(ctx, s, b.Cursor)
	if err != nil || len(again.Items) < 1 {
		t.Fatalf("%d items, %v", len(again.Items), err)
	}
	for _, it := range again.Items {
		if it.ExternalID == visitor.ExternalID && (it.Meta[metaIP] != visitor.Meta[metaIP] || it.Meta[metaUserAgent] != visitor.Meta[metaUserAgent]) {
			t.Errorf("the commenter's traces changed: %v, were %v", it.Meta, visitor.Meta)
		}
	}
}

func visitorOf(t *testing.T, b source.Batch) source.Item {
	t.Helper()
	for _, it := range b.Items {
		if it.Author.ExternalID == "" && it.Meta[metaIP] != "" && it.Post.Title != "" {
			if _, ok := b.Sweep.Present[it.ExternalID]; !ok {
				t.Errorf("the sweep does not see %s", it.ExternalID)
			}
			return it
		}
	}
	t.Fatal("no visitor's comment with an address")
	return source.Item{}
}

func walkThrough(t *testing.T, c *Connector, s source.Settings, it source.Item) {
	t.Helper()
	ctx := context.Background()
	for _, step := range []struct {
		verb source.Verb
		now  source.State
	}{
		{source.Approve, source.Published}, {source.Hide, source.Held}, {source.Spam, source.Spammed}, {source.Restore, source.Held}, {source.Delete, source.Trashed},
		{source.Delete, source.Trashed}, {source.Restore, source.Held}, {source.Unhide, source.Published}, {source.Delete, source.Trashed}, {source.Restore, source.Published},
	} {
		d := source.Deed{Verb: step.verb, ItemID: it.ExternalID, Meta: it.Meta}
		o, err := c.Do(ctx, s, d)
		if err != nil || o.State != source.Done || o.Now != step.now {
			t.Fatalf("%s: %+v %v", step.verb, o, err)
		}
		if o, err = c.ReadBack(ctx, s, d); err != nil || o.State != source.Done || o.Now != step.now {
			t.Fatalf("%s read back: %+v %v", step.verb, o, err)
		}
	}
	d := source.Deed{Verb: source.Reply, ItemID: it.ExternalID, Text: fmt.Sprintf("Dziękujemy, <sprawdzamy> & \"odpiszemy\"\n\n%d", time.Now().UnixNano())}
	first, err := c.Do(ctx, s, d)
	if err != nil || first.State != source.Done {
		t.Fatalf("reply: %+v %v", first, err)
	}
	second, err := c.Do(ctx, s, d)
	if err != nil || second.ResultID != first.ResultID {
		t.Fatalf("reply again: %+v %v", second, err)
	}
	if o, err := c.ReadBack(ctx, s, d); err != nil || o.ResultID != first.ResultID {
		t.Fatalf("reply read back: %+v %v", o, err)
	}
	if o, err := c.Do(ctx, s, source.Deed{Verb: source.Hide, ItemID: "99999999"}); err != nil || o.State != source.Failed || o.Now != source.Gone {
		t.Fatalf("a lost comment: %+v %v", o, err)
	}
}
