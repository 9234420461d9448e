package feed

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"regexp"
	"sort"
	"strings"
	"time"

	"chop/internal/source"

	"github.com/mmcdole/gofeed"
)

const (
	maxSeen  = 5000           // entries remembered; an entry forgotten and met again only repeats itself
	maxID    = 512            // bytes of an external id (source.Item)
	maxAhead = 48 * time.Hour // a date further in the future is taken for a mistake
)

// cursor is what we know of the feed. Seen is ordered, newest knowledge first.
type cursor struct {
	URL      string  `json:"url,omitempty"` // a changed address makes ETag worthless
	ETag     string  `json:"etag,omitempty"`
	Modified string  `json:"modified,omitempty"`
	Seen     []entry `json:"seen,omitempty"`
}

// entry is one known entry: short hashes of its id and content, and the time we gave it when it had none.
type entry struct {
	ID      string `json:"i"`
	Content string `json:"c"`
	At      int64  `json:"t,omitempty"` // unix µs
}

// readCursor reads our own writing; anything else is a fresh start, which only repeats known items.
func readCursor(b []byte, url string) cursor {
	var c cursor
	if len(b) == 0 || json.Unmarshal(b, &c) != nil {
		return cursor{}
	}
	if c.URL != url {
		c.ETag, c.Modified = "", ""
	}
	return c
}

func (c cursor) bytes() []byte {
	b, _ := json.Marshal(c) // strings and numbers always marshal
	return b
}

func short(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write([]byte(p))
		h.Write([]byte{0})
	}
	return base64.RawStdEncoding.EncodeToString(h.Sum(nil)[:9])
}

// news gives the entries that are new or changed, oldest first, and the next cursor.
func news(p *gofeed.Feed, seen cursor, kind string, at time.Time) ([]source.Item, cursor) {
	known := map[string]entry{}
	for _, e := range seen.Seen {
		known[e.ID] = e
	}
	r := reader{feed: p, kind: kind, at: at, shared: sharedGUIDs(p.Items), ids: map[string]bool{}}
	for _, e := range p.Items {
		r.ids[e.GUID] = true
	}
	var items []source.Item
	var next cursor
	met := map[string]bool{}
	for _, e := range p.Items {
		it := r.item(e)
		key := short(it.ExternalID)
		if met[key] {
			continue
		}
		met[key] = true
		now, fresh := judge(&it, known[key], key, at)
		if fresh {
			items = append(items, it)
		}
		next.Seen = append(next.Seen, now)
	}
	for _, e := range seen.Seen {
		if !met[e.ID] {
			next.Seen = append(next.Seen, e)
		}
	}
	next.Seen = next.Seen[:min(len(next.Seen), maxSeen)]
	sort.SliceStable(items, func(i, j int) bool { return items[i].At.Before(items[j].At) })
	return items, next
}

// judge compares the item with what we knew of it. A changed one is dated by the feed, else by the moment we saw it.
func judge(it *source.Item, old entry, key string, at time.Time) (now entry, fresh bool) {
	now = entry{ID: key, Content: short(it.Text, it.Author.Name, it.Post.Title), At: old.At}
	if it.At.IsZero() {
		if now.At == 0 {
			now.At = at.UnixMicro()
		}
		it.At = time.UnixMicro(now.At).UTC()
	}
	switch old.Content {
	case "":
		return now, true
	case now.Content:
		return now, false
	}
	if it.EditedAt.IsZero() {
		it.EditedAt = at.UTC()
	}
	return now, true
}

// sharedGUIDs are those that stand at entries with different links: a broken feed, whose links tell entries apart.
func sharedGUIDs(entries []*gofeed.Item) map[string]bool {
	link, shared := map[string]string{}, map[string]bool{}
	for _, e := range entries {
		if l, ok := link[e.GUID]; ok && l != e.Link && e.GUID != "" {
			shared[e.GUID] = true
		}
		link[e.GUID] = e.Link
	}
	return shared
}

// reader turns one feed's entries into items.
type reader struct {
	feed   *gofeed.Feed
	kind   string
	at     time.Time
	shared map[string]bool
	ids    map[string]bool
}

func (r reader) item(e *gofeed.Item) source.Item {
	it := source.Item{
		ExternalID: r.id(e),
		Kind:       r.kind,
		URL:        e.Link,
		Lang:       language(r.feed.Language),
		At:         r.believable(e.PublishedParsed),
		Author:     author(e),
	}
	if it.At.IsZero() {
		it.At = r.believable(e.UpdatedParsed)
	}
	if up := r.believable(e.UpdatedParsed); up.After(it.At.Add(time.Second)) {
		it.EditedAt = up
	}
	title, body := plain(e.Title), plain(longer(e.Content, e.Description))
	if r.kind == source.KindComment {
		title = r.thread(e, &it, title)
	}
	it.Text = join(title, body)
	it.Raw, _ = json.Marshal(e) // the entry as parsed; the delivery keeps its bytes
	return it
}

func (r reader) id(e *gofeed.Item) string {
	id := strings.TrimSpace(e.GUID)
	if r.shared[e.GUID] || id == "" {
		id = strings.TrimSpace(e.Link)
	}
	if id == "" {
		return "sha256:" + hash(e.Title, e.Published, e.Updated)
	}
	if id = strings.ReplaceAll(id, "\x00", ""); len(id) > maxID {
		return "sha256:" + hash(id)
	}
	return id
}

func hash(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\n")))
	return hex.EncodeToString(sum[:])
}

// believable gives the zero time for none, and for dates before the web or well after now.
func (r reader) believable(t *time.Time) time.Time {
	if t == nil || t.Year() < 1991 || t.After(r.at.Add(maxAhead)) {
		return time.Time{}
	}
	return t.UTC()
}

func author(e *gofeed.Item) source.Account {
	if len(e.Authors) == 0 || e.Authors[0] == nil {
		return source.Account{}
	}
	return source.Account{Name: plain(e.Authors[0].Name), Email: strings.TrimSpace(e.Authors[0].Email)}
}

func longer(content, description string) string {
	if strings.TrimSpace(content) != "" {
		return content
	}
	return description
}

// join puts the title before the text unless the text begins with it (titles are often its cut beginning).
func join(title, body string) string {
	cut := strings.TrimRight(strings.TrimSuffix(title, "[…]"), "…. ")
	switch {
	case body == "":
		return title
	case title == "", strings.HasPrefix(body, cut):
		return body
	}
	return title + "\n\n" + body
}

func language(tag string) string {
	tag = strings.ToLower(strings.TrimSpace(tag))
	if len(tag) < 2 || len(tag) > 35 {
		return ""
	}
	lang, _, _ := strings.Cut(strings.ReplaceAll(tag, "_", "-"), "-")
	return lang
}

// Titles of comments and of comment feeds as WordPress writes them in English and Polish.
var (
	commentOn = []*regexp.Regexp{
		regexp.MustCompile(`(?s)^Comment on (.+) by (.+)$`),
		regexp.MustCompile(`(?s)^Komentarz do (.+?),? (?:autor:|autorstwa|którego autorem jest) ?(.+)$`),
	}
	commentBy  = regexp.MustCompile(`^(?:By|Autor|Odpowiedź od|In reply to [^.]*\. By): (.+)$`)
	commentsTo = regexp.MustCompile(`(?s)^(?:Comments on|Komentarze do|Komentarze do wpisu):? (.+)$`)
)

// thread fills the post, the parent and a missing author of a comment, and gives what is left of the title.
func (r reader) thread(e *gofeed.Item, it *source.Item, title string) string {
	if m := commentsTo.FindStringSubmatch(plain(r.feed.Title)); m != nil {
		it.Post.Title, it.Post.URL = unquote(m[1]), r.feed.Link
	}
	by := ""
	for _, pattern := range commentOn {
		if m := pattern.FindStringSubmatch(title); m != nil {
			it.Post.Title, by, title = unquote(m[1]), m[2], ""
		}
	}
	if m := commentBy.FindStringSubmatch(title); m != nil {
		by, title = m[1], ""
	}
	if it.Author.Name == "" {
		it.Author.Name = strings.TrimSpace(by)
	}
	if post, _, ok := strings.Cut(e.Link, "#comment"); ok {
		it.Post.URL = post
	}
	it.Post.ExternalID = it.Post.URL
	r.inReplyTo(e, it)
	return title
}

// inReplyTo reads RFC 4685: what is answered is a comment when the feed knows it or its address says so, else the post.
func (r reader) inReplyTo(e *gofeed.Item, it *source.Item) {
	list := e.Extensions["thr"]["in-reply-to"]
	if len(list) == 0 || list[0].Attrs["ref"] == "" {
		return
	}
	ref, href := list[0].Attrs["ref"], list[0].Attrs["href"]
	if len(ref) > maxID {
		ref = "sha256:" + hash(ref)
	}
	switch {
	case r.ids[list[0].Attrs["ref"]], strings.Contains(href, "#comment"), strings.Contains(ref, "#comment"):
		it.ParentID = ref
	default:
		it.Post.ExternalID = ref
		if href != "" {
			it.Post.URL = href
		}
	}
}

func unquote(s string) string { return strings.Trim(strings.TrimSpace(s), `"„”“«»`) }
