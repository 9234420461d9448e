package feed

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"chop/internal/fault"
	"chop/internal/fetch"
	"chop/internal/lang"
	"chop/internal/source"
)

var now = time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)

// site is a feed server that answers conditional requests and counts full answers.
type site struct {
	*httptest.Server
	body, kind string
	etag       string
	status     int
	full       int
	asked      *http.Request
}

func open(t *testing.T) (*site, *Connector) {
	t.Helper()
	s := &site{status: http.StatusOK, kind: "application/rss+xml"}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.asked = r
		if s.etag != "" {
			w.Header().Set("ETag", s.etag)
			if r.Header.Get("If-None-Match") == s.etag {
				w.WriteHeader(http.StatusNotModified)
				return
			}
		}
		s.full++
		w.Header().Set("Content-Type", s.kind)
		w.WriteHeader(s.status)
		fmt.Fprint(w, s.body)
	}))
	t.Cleanup(s.Close)
	c := fetch.New(fetch.Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, PerSecond: 1000, Burst: 1000,
		Clock: func() time.Time { return now }})
	t.Cleanup(c.Close)
	return s, New(c)
}

func (s *site) settings() source.Settings { return source.Settings{"url": s.URL} }

func code(err error) string {
	var f *fault.Error
	if errors.As(err, &f) {
		return f.Code
	}
	return ""
}

func rss(items string) string {
	return `<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"
xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:thr="http://purl.org/syndication/thread/1.0"><channel>
<title>Komentarze dla Piekarnia</title><link>https://x.pl</link><language>pl-PL</language>` + items + `</channel></rss>`
}

const one = `<item><title>Komentarz do Nowy chleb, autor: Żaneta</title><link>https://x.pl/chleb/#comment-7</link>
<dc:creator><![CDATA[Żaneta]]></dc:creator><pubDate>Sat, 21 Nov 2026 10:00:00 +0100</pubDate><guid isPermaLink="false">https://x.pl/?p=5#comment-7</guid>
<description>krótko</description><content:encoded><![CDATA[<p>Zimna &amp; twarda buła <b>&lt;3</b></p><script>alert(1)</script><p>Nie polecam</p>]]></content:encoded></item>`

func TestFetchReadsACommentFeed(t *testing.T) {
	s, c := open(t)
	s.body, s.etag = rss(one), `"a"`
	b, err := c.Fetch(context.Background(), s.settings(), nil)
	if err != nil || len(b.Items) != 1 {
		t.Fatal(err, b.Items)
	}
	it := b.Items[0]
	want := source.Item{ExternalID: "https://x.pl/?p=5#comment-7", Kind: "comment", URL: "https://x.pl/chleb/#comment-7", Lang: "pl",
		Text: "Zimna & twarda buła <3\n\nNie polecam", At: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC),
		Author: source.Account{Name: "Żaneta"}, Post: source.Post{ExternalID: "https://x.pl/chleb/", Title: "Nowy chleb", URL: "https://x.pl/chleb/"}}
	raw := it.Raw
	it.Raw = nil
	if fmt.Sprintf("%+v", it) != fmt.Sprintf("%+v", want) || len(raw) == 0 {
		t.Errorf("got  %+v\nwant %+v", it, want)
	}
	if d := b.Deliveries[0]; string(d.Body) != s.body || d.Status != 200 || !d.At.Equal(now) {
		t.Errorf("delivery %+v", d)
	}
	again, err := c.Fetch(context.Background(), s.settings(), b.Cursor)
	if err != nil || len(again.Items) != 0 || string(again.Cursor) != string(b.Cursor) || s.full != 1 {
		t.Errorf("an unchanged feed: %v, %d items, %d full answers", err, len(again.Items), s.full)
	}
}

func TestAChangedEntryComesAgainAsAnEdit(t *testing.T) {
	s, c := open(t)
	undated := `<item><guid>g2</guid><description>bez daty</description><pubDate>wczoraj</pubDate></item>`
	s.body = rss(one + undated + undated)
	first, err := c.Fetch(context.Background(), s.settings(), nil)
	if err != nil || len(first.Items) != 2 || !first.Items[1].At.Equal(now) {
		t.Fatal(err, first.Items)
	}
	s.body = rss(strings.Replace(undated, "bez daty", "zmienione", 1) + one)
	now = now.Add(time.Hour)
	defer func() { now = now.Add(-time.Hour) }()
	b, err := c.Fetch(context.Background(), s.settings(), first.Cursor)
	if err != nil || len(b.Items) != 1 {
		t.Fatal(err, b.Items)
	}
	it := b.Items[0]
	if it.ExternalID != "g2" || it.Text != "zmienione" || !it.EditedAt.Equal(now) || !it.At.Equal(now.Add(-time.Hour)) {
		t.Errorf("%+v", it)
	}
}

func TestParentsOfComments(t *testing.T) {
	atom := `<feed xmlns="http://www.w3.org/2005/Atom" xmlns:thr="http://purl.org/syndication/thread/1.0"><title>Comments on: Offer</title>
<link rel="alternate" href="https://x.pl/offer"/>
<entry><title>By: Bob</title><id>c1</id><link href="https://x.pl/offer#comment-1"/><published>2026-11-20T10:00:00Z</published><updated>2026-11-20T11:00:00Z</updated>
<thr:in-reply-to ref="https://x.pl/?p=5" href="https://x.pl/offer"/><content type="html">Hi &amp;lt;there&amp;gt;</content></entry>
<entry><title>By: Al</title><author><name>Al</name></author><id>c2</id><updated>2026-11-20T12:00:00Z</updated>
<thr:in-reply-to ref="c1" href="https://x.pl/offer"/><content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Yes</p></div></content></entry></feed>`
	s, c := open(t)
	s.body = atom
	b, err := c.Fetch(context.Background(), s.settings(), nil)
	if err != nil || len(b.Items) != 2 {
		t.Fatal(err, b.Items)
	}
	a, r := b.Items[0], b.Items[1]
	if a.Author.Name != "Bob" || a.Post.ExternalID != "https://x.pl/?p=5" || a.Post.Title != "Offer" || a.ParentID != "" || a.Text != "Hi <there>" || a.EditedAt.IsZero() {
		t.Errorf("%+v", a)
	}
	if r.ParentID != "c1" || r.Author.Name != "Al" || r.Text != "Yes" {
		t.Errorf("%+v", r)
	}
}

func TestJSONFeedOfPosts(t *testing.T) {
	s, c := open(t)
	s.kind = "application/feed+json"
	s.body = `{"version":"https://jsonfeed.org/version/1.1","title":"Alert","items":[{"id":"1","title":"Piekarnia","content_text":"Piekarnia zamknięta",
"url":"https://x.pl/1","date_published":"2026-11-21T10:00:00Z"},{"title":"Inny","content_html":"<p>a<br>b</p>","date_published":"2050-01-01T00:00:00Z"}]}`
	set := s.settings()
	set["kind"] = "post"
	b, err := c.Fetch(context.Background(), set, nil)
	if err != nil || len(b.Items) != 2 {
		t.Fatal(err, b.Items)
	}
	if b.Items[0].Text != "Piekarnia zamknięta" || b.Items[0].Kind != "post" {
		t.Errorf("%+v", b.Items[0])
	}
	if it := b.Items[1]; it.Text != "Inny\n\na\nb" || !it.At.Equal(now) || !strings.HasPrefix(it.ExternalID, "sha256:") {
		t.Errorf("%+v", it)
	}
}

func TestEntriesThatShareAnIDAreToldApartByLink(t *testing.T) {
	s, c := open(t)
	s.body = rss(`<item><guid>x</guid><link>https://x.pl/1</link><description>a</description></item>
<item><guid>x</guid><link>https://x.pl/2</link><description>b</description></item>`)
	b, err := c.Fetch(context.Background(), s.settings(), nil)
	if err != nil || len(b.Items) != 2 || b.Items[0].ExternalID == b.Items[1].ExternalID {
		t.Fatal(err, b.Items)
	}
}

func TestCheckNamesCauseAndCure(t *testing.T) {
	page := `<!DOCTYPE html><html><head><link rel="alternate" type="application/rss+xml" title="Wpisy" href="/feed/">
<link rel="alternate" type="application/rss+xml" title="Komentarze" href="/comments/feed/"></head></html>`
	for name, c := range map[string]struct {
		body, kind string
		status     int
		want       string
	}{
		"page with feed":  {page, "text/html", 200, "feed.page_with_feed"},
		"page":            {"<!doctype html><html><p>Hej", "text/html", 200, "feed.page"},
		"hostile link":    {`<html><link rel="alternate" type="application/rss+xml" href="javascript:alert(1)">`, "text/html", 200, "feed.page"},
		"empty":           {" ", "", 200, "feed.empty"},
		"noise":           {"\x00\x01\x02", "application/octet-stream", 200, "feed.broken"},
		"cut":             {rss(one)[:300], "", 200, "feed.broken"},
		"json of another": {`{"items":`, "application/json", 200, "feed.broken"},
		"password":        {"", "", 401, "feed.password"},
		"gone":            {"", "", 404, "feed.missing"},
		"teapot":          {"", "", 418, "feed.status"},
		"server down":     {"", "", 503, "fetch.status"},
		"over the limit":  {rss("<item><description>" + strings.Repeat("a", 11<<20) + "</description></item>"), "", 200, "fetch.too_large"},
		"deep":            {`<rss version="2.0"><channel><item>` + strings.Repeat("<x:y>", 2_000_000), "", 200, "feed.nested"},
	} {
		s, con := open(t)
		s.body, s.kind, s.status = c.body, c.kind, c.status
		_, err := con.Check(context.Background(), s.settings())
		if code(err) != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
			continue
		}
		if c.want == "feed.page_with_feed" {
			var f *fault.Error
			if errors.As(err, &f); f.Data["Link"] != s.URL+"/comments/feed/" {
				t.Errorf("link %v", f.Data)
			}
		}
		if strings.HasPrefix(c.want, "feed.") && !(lang.PL.Has("fault."+c.want) && lang.EN.Has("fault."+c.want)) {
			t.Errorf("%s has no message", c.want)
		}
		if b, err := con.Fetch(context.Background(), s.settings(), []byte("{}")); err == nil || string(b.Cursor) != "{}" {
			t.Errorf("%s: Fetch moved on: %v %s", name, err, b.Cursor)
		}
	}
}

func TestCheckTellsTitleAndCount(t *testing.T) {
	s, c := open(t)
	s.body = rss(one)
	set := s.settings()
	set["user"], set["password"] = "u", "p"
	rep, err := c.Check(context.Background(), set)
	if err != nil || rep.Title != "Komentarze dla Piekarnia" || rep.Entries != 1 {
		t.Fatal(rep, err)
	}
	if u, p, ok := s.asked.BasicAuth(); !ok || u != "u" || p != "p" {
		t.Error("no credentials sent")
	}
	set["kind"] = "rumour"
	if _, err := c.Check(context.Background(), set); code(err) != "feed.kind" {
		t.Error(err)
	}
}

// Entities of the document are neither loaded from files nor multiplied.
func TestEntitiesAreNeverExpanded(t *testing.T) {
	bomb := `<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY f SYSTEM "file:///etc/passwd"><!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>
<rss version="2.0"><channel><title>&f;</title><item><guid>1</guid><description>x&f;y&c;z</description></item></channel></rss>`
	p, err := parse([]byte(bomb), "", "https://x.pl")
	if err != nil {
		t.Fatal(err)
	}
	all := p.Title + plain(p.Items[0].Description)
	if strings.Contains(all, "root:") || strings.Contains(all, "ha") {
		t.Errorf("expanded: %q", all)
	}
}

func TestPlainText(t *testing.T) {
	for in, want := range map[string]string{
		"a &amp; b":                           "a & b",
		"5 < 6 i <3":                          "5 < 6 i <3",
		"<p>a</p><p>b<br/>c</p>":              "a\n\nb\nc",
		"<script>x</script>a<style>y</style>": "a",
		`<img alt="mem" src=x onerror=1>!`:    "mem!",
		"&lt;script&gt;":                      "<script>",
		"a\x00b\u202E":                        "ab\u202E",
		"":                                    "",
		"\xff\xfe":                            "\uFFFD",
	} {
		if got := plain(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestTheCursorIsBounded(t *testing.T) {
	var b strings.Builder
	for i := range maxSeen + 500 {
		fmt.Fprintf(&b, "<item><guid>%d</guid><description>t</description></item>", i)
	}
	p, err := parse([]byte(rss(b.String())), "", "https://x.pl")
	if err != nil {
		t.Fatal(err)
	}
	items, next := news(p, cursor{}, "comment", now)
	if len(items) != maxSeen+500 || len(next.Seen) != maxSeen {
		t.Fatal(len(items), len(next.Seen))
	}
	if items, _ = news(p, readCursor(next.bytes(), ""), "comment", now); len(items) != 500 {
		t.Errorf("%d came again", len(items))
	}
	if c := readCursor([]byte("nonsense"), ""); len(c.Seen) != 0 {
		t.Error(c)
	}
}

func TestSettingsHaveMessages(t *testing.T) {
	d := New(nil).Describe()
	if len(d.Capabilities) != 0 {
		t.Error("a feed can do nothing")
	}
	for _, tag := range lang.Tags {
		for _, f := range d.Fields {
			for _, id := range []string{f.Name, f.Name + ".help", "name", "about"} {
				if !tag.Has("source.feed." + id) {
					t.Errorf("%s: no message source.feed.%s", tag, id)
				}
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(rss(one)))
	f.Add([]byte(`{"version":"https://jsonfeed.org/version/1","items":[{"id":1,"authors":[null]}]}`))
	f.Add([]byte(`<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>1</id><title type="html">&lt;b</title></entry></feed>`))
	f.Add([]byte(`<html><link rel=alternate type=application/atom+xml href=//x>`))
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := parse(body, "", "https://x.pl/a")
		if err != nil {
			if code(err) == "" {
				t.Fatalf("not a fault: %v", err)
			}
			return
		}
		items, next := news(p, cursor{}, source.KindComment, now)
		for _, it := range items {
			if it.ExternalID == "" || len(it.ExternalID) > maxID || it.At.IsZero() || strings.Contains(it.Text, "\x00") {
				t.Fatalf("%+v", it)
			}
		}
		if again, _ := news(p, readCursor(next.bytes(), ""), source.KindComment, now); len(items) <= maxSeen && len(again) != 0 {
			t.Fatalf("%d items came again", len(again))
		}
	})
}
