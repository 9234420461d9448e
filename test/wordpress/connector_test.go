package wordpress

import (
	"errors"
	"net/url"
	"testing"

	"chop/internal/fault"
	"chop/internal/fetch"
	"chop/internal/source"
	"chop/internal/source/wordpress"
)

// Every verb at the real site, twice over: each deed is read back and says what it did, none is done twice.
func TestEveryVerbAtARealSite(t *testing.T) {
	site := start(t)
	const ip, agent = "127.0.0.7", "Mozilla/5.0 (X11; Linux x86_64)"
	site.comment(t, ip, agent, "Jan", "Fatalna obsługa, czekałem trzy tygodnie.")
	u, err := url.Parse(site.url)
	if err != nil {
		t.Fatal(err)
	}
	c := wordpress.New(fetch.New(fetch.Config{AllowHosts: []string{u.Host}, PerSecond: 1000, Burst: 1000}))
	s := source.Settings{"url": site.url, "user": site.user, "password": site.password}
	r, err := c.Check(t.Context(), s)
	if err != nil || r.Title != "Manufaktura Lniana" {
		t.Fatalf("%+v %v", r, err)
	}
	_, err = c.Check(t.Context(), source.Settings{"url": site.url, "user": site.user, "password": "nie to"})
	var f *fault.Error
	if !errors.As(err, &f) || f.Code != "wordpress.password" || f.Field != "password" {
		t.Errorf("a wrong password: %v", err)
	}
	b, err := c.Fetch(t.Context(), s, nil)
	if err != nil || b.Sweep == nil {
		t.Fatalf("sweep %v, %v", b.Sweep, err)
	}
	it := visitorOf(t, b)
	if it.Meta["author_ip"] != ip || it.Meta["author_user_agent"] != agent || it.State != source.Held {
		t.Errorf("the visitor's comment came in as %s with %v", it.State, it.Meta)
	}
	verbs(t, c, s, it)
	reply(t, c, s, it)
	again, err := c.Fetch(t.Context(), s, b.Cursor)
	if err != nil || len(again.Items) == 0 {
		t.Fatalf("%d items, %v", len(again.Items), err)
	}
	if now := visitorOf(t, again); now.Meta["author_ip"] != ip || now.Meta["author_user_agent"] != agent {
		t.Errorf("the commenter's traces changed: %v", now.Meta)
	}
}

// visitorOf is the comment of the one visitor.
func visitorOf(t *testing.T, b source.Batch) source.Item {
	t.Helper()
	for _, it := range b.Items {
		if it.Author.Name != "Jan" {
			continue
		}
		if it.Post.Title == "" {
			t.Error("the post has no title")
		}
		if b.Sweep != nil {
			if _, ok := b.Sweep.Present[it.ExternalID]; !ok {
				t.Errorf("the sweep does not see %s", it.ExternalID)
			}
		}
		return it
	}
	t.Fatalf("no visitor's comment among %d", len(b.Items))
	return source.Item{}
}

func verbs(t *testing.T, c *wordpress.Connector, s source.Settings, it source.Item) {
	t.Helper()
	for _, step := range []struct {
		verb source.Verb
		now  source.State
	}{
		{source.Approve, source.Published}, {source.Hide, source.Held}, {source.Spam, source.Spammed}, {source.Restore, source.Held},
		{source.Delete, source.Trashed}, {source.Delete, source.Trashed}, {source.Restore, source.Held}, {source.Unhide, source.Published},
		{source.Delete, source.Trashed}, {source.Restore, source.Published},
	} {
		d := source.Deed{Verb: step.verb, ItemID: it.ExternalID, Meta: it.Meta}
		o, err := c.Do(t.Context(), s, d)
		if err != nil || o.State != source.Done || o.Now != step.now {
			t.Fatalf("%s: %+v %v", step.verb, o, err)
		}
		if o, err = c.ReadBack(t.Context(), s, d); err != nil || o.State != source.Done || o.Now != step.now {
			t.Fatalf("%s read back: %+v %v", step.verb, o, err)
		}
	}
	if o, err := c.Do(t.Context(), s, source.Deed{Verb: source.Hide, ItemID: "99999999"}); err != nil || o.State != source.Failed || o.Now != source.Gone {
		t.Fatalf("a lost comment: %+v %v", o, err)
	}
}

func reply(t *testing.T, c *wordpress.Connector, s source.Settings, it source.Item) {
	t.Helper()
	d := source.Deed{Verb: source.Reply, ItemID: it.ExternalID, Text: "Dziękujemy, <sprawdzamy> & \"odpiszemy\"\n\ndo jutra"}
	first, err := c.Do(t.Context(), s, d)
	if err != nil || first.State != source.Done || first.ResultID == "" {
		t.Fatalf("reply: %+v %v", first, err)
	}
	if second, err := c.Do(t.Context(), s, d); err != nil || second.ResultID != first.ResultID {
		t.Fatalf("reply again: %+v %v", second, err)
	}
	if o, err := c.ReadBack(t.Context(), s, d); err != nil || o.ResultID != first.ResultID {
		t.Fatalf("reply read back: %+v %v", o, err)
	}
}
