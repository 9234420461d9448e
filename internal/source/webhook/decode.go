package webhook

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"sort"
	"strings"
	"time"
	"unicode/utf8"

	"chop/internal/fault"
	"chop/internal/source"
)

// Limits of one delivery. What is over them is refused with the reason, never cut: a cut text is no proof.
const (
	MaxBody  = 10 << 20 // bytes
	MaxItems = 1000
	MaxText  = 100_000 // bytes of one text
	maxShort = 2048    // bytes of a name, an address, a code
	maxKey   = 512     // bytes of an external id (source.Item)
	maxNotes = 20      // unknown fields named back to the sender
	maxMeta  = 50
	maxUnix  = 253402300799 // the last second of the year 9999
)

// Decode reads a delivery that came at the time at: {"items":[item, ...]} or one item, in the JSON fields of
// source.Item. Times are RFC 3339, or unix seconds or milliseconds; an item without "at" was said when it came. An
// unknown field is ignored and named in Batch.Ignored. All or nothing: one bad item refuses the delivery, so the
// sender can repair and repeat it. Faults are Invalid and name the item's index and field.
func Decode(body []byte, at time.Time) (source.Batch, error) {
	raws, wrapped, err := split(body)
	if err != nil {
		return source.Batch{}, err
	}
	b := source.Batch{Deliveries: []source.Delivery{{At: at, Body: body}}}
	ignored := map[string]bool{}
	for i, raw := range raws {
		d := &decoder{index: i, ignored: ignored}
		if wrapped {
			d.path = "items[]."
		}
		it, err := d.item(raw, at)
		if err != nil {
			return source.Batch{}, err
		}
		b.Items = append(b.Items, it)
	}
	b.Ignored = names(ignored)
	return b, nil
}

func names(set map[string]bool) []string {
	var out []string
	for n := range set {
		out = append(out, n)
	}
	sort.Strings(out)
	return out
}

func tooLarge(n int) error {
	return fault.New(fault.Invalid, "webhook.too_large", "Size", n>>20, "Limit", MaxBody>>20)
}

// split cuts the delivery into its items.
func split(body []byte) (raws []json.RawMessage, wrapped bool, err error) {
	switch {
	case len(body) > MaxBody:
		return nil, false, tooLarge(len(body))
	case len(bytes.TrimSpace(body)) == 0:
		return nil, false, fault.New(fault.Invalid, "webhook.empty")
	}
	if !utf8.Valid(body) {
		return nil, false, fault.New(fault.Invalid, "webhook.utf8")
	}
	var top map[string]json.RawMessage
	if err := json.Unmarshal(body, &top); err != nil {
		return nil, false, badJSON(err)
	}
	list, wrapped := top["items"]
	if !wrapped {
		return []json.RawMessage{body}, false, nil
	}
	raws, err = each(list)
	return raws, true, err
}

// each walks the list and stops at the limit, so a list of millions costs no memory.
func each(list json.RawMessage) ([]json.RawMessage, error) {
	dec := json.NewDecoder(bytes.NewReader(list))
	if open, err := dec.Token(); err != nil || open != json.Delim('[') {
		return nil, fault.New(fault.Invalid, "webhook.shape")
	}
	raws := []json.RawMessage{}
	for dec.More() {
		if len(raws) == MaxItems {
			return nil, fault.New(fault.Invalid, "webhook.too_many", "Limit", MaxItems)
		}
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return nil, badJSON(err)
		}
		raws = append(raws, raw)
	}
	return raws, nil
}

func badJSON(err error) error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fault.New(fault.Invalid, "webhook.json", "Offset", syntax.Offset).Because(err)
	}
	return fault.New(fault.Invalid, "webhook.shape").Because(err)
}

// decoder reads the fields of one item and keeps the first fault.
type decoder struct {
	index   int
	path    string // before the names of unknown fields
	ignored map[string]bool
	err     error
}

type fields map[string]json.RawMessage

func (d *decoder) item(raw json.RawMessage, at time.Time) (source.Item, error) {
	var f fields
	if err := json.Unmarshal(raw, &f); err != nil || f == nil {
		return source.Item{}, d.bad("webhook.not_object", "").Because(err)
	}
	it := source.Item{
		ExternalID: d.text(f, "external_id", maxKey),
		Kind:       d.oneOf(f, "kind", source.KindComment, kinds),
		ParentID:   d.text(f, "parent_id", maxKey),
		Text:       d.text(f, "text", MaxText),
		URL:        d.text(f, "url", maxShort),
		Lang:       d.text(f, "lang", 35), // the longest tag RFC 5646 speaks of
		At:         d.time(f, "at"),
		EditedAt:   d.time(f, "edited_at"),
		State:      source.State(d.oneOf(f, "state", "", states)),
		Rating:     d.rating(f),
		Reaction:   d.text(f, "reaction", maxKey),
		Own:        d.flag(f, "own"),
		Meta:       d.meta(f),
		Raw:        raw,
	}
	it.Post, it.Author = d.post(f), d.author(f)
	d.note(f, "", itemFields)
	if d.err == nil && it.ExternalID == "" {
		d.err = d.bad("webhook.missing", "external_id")
	}
	if it.At.IsZero() {
		it.At = at
	}
	return it, d.err
}

func (d *decoder) post(f fields) source.Post {
	p := d.object(f, "post")
	defer d.note(p, "post.", postFields)
	return source.Post{
		ExternalID: d.text(p, "external_id", maxKey), Title: d.text(p, "title", maxShort),
		Text: d.text(p, "text", MaxText), URL: d.text(p, "url", maxShort), At: d.time(p, "at"),
	}
}

func (d *decoder) author(f fields) source.Account {
	a := d.object(f, "author")
	defer d.note(a, "author.", authorFields)
	return source.Account{
		ExternalID: d.text(a, "external_id", maxKey), Name: d.text(a, "name", maxShort),
		Handle: d.text(a, "handle", maxShort), URL: d.text(a, "url", maxShort), Email: d.text(a, "email", maxShort),
	}
}

func set(names ...string) map[string]bool {
	m := map[string]bool{}
	for _, n := range names {
		m[n] = true
	}
	return m
}

var (
	kinds  = set(source.KindComment, source.KindReview, source.KindPost, source.KindReaction)
	states = set("", string(source.Published), string(source.Held), string(source.Spammed),
		string(source.Trashed), string(source.Gone))
	itemFields = set("external_id", "kind", "parent_id", "post", "author", "text", "url", "lang", "at", "edited_at",
		"state", "rating", "reaction", "own", "meta")
	postFields   = set("external_id", "title", "text", "url", "at")
	authorFields = set("external_id", "name", "handle", "url", "email")
)

// note keeps the names of fields we do not know; a name is cut, because it comes from outside.
func (d *decoder) note(f fields, under string, known map[string]bool) {
	for name := range f {
		if known[name] || len(d.ignored) >= maxNotes {
			continue
		}
		if r := []rune(name); len(r) > 60 {
			name = string(r[:60]) + "…"
		}
		d.ignored[d.path+under+name] = true
	}
}

func (d *decoder) bad(code, field string, kv ...any) *fault.Error {
	return fault.New(fault.Invalid, code, append(kv, "Index", d.index, "Field", field)...).On(fmt.Sprintf("items[%d].%s", d.index, field))
}

func (d *decoder) fail(code, field string, kv ...any) {
	if d.err == nil {
		d.err = d.bad(code, field, kv...)
	}
}

// absent treats null as not given.
func absent(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }

// clean replaces the zero byte, which databases refuse; the delivery keeps the original.
func clean(s string) string { return strings.ReplaceAll(s, "\x00", "\uFFFD") }

// text also accepts a number as it is written: many senders keep ids as numbers.
func (d *decoder) text(f fields, name string, limit int) string {
	raw := f[name]
	if absent(raw) {
		return ""
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		var n json.Number
		if json.Unmarshal(raw, &n) != nil {
			d.fail("webhook.type", name)
			return ""
		}
		s = n.String()
	}
	if len(s) > limit {
		d.fail("webhook.too_long", name, "Size", len(s), "Limit", limit)
		return ""
	}
	return clean(s)
}

func (d *decoder) oneOf(f fields, name, fallback string, known map[string]bool) string {
	s := d.text(f, name, maxKey)
	if s == "" {
		return fallback
	}
	if !known[s] {
		d.fail("webhook.value", name)
	}
	return s
}

func (d *decoder) flag(f fields, name string) bool {
	var b bool
	if raw := f[name]; !absent(raw) && json.Unmarshal(raw, &b) != nil {
		d.fail("webhook.type", name)
	}
	return b
}

func (d *decoder) rating(f fields) int {
	var n int
	if raw := f["rating"]; !absent(raw) && json.Unmarshal(raw, &n) != nil {
		d.fail("webhook.type", "rating")
	}
	if n < 0 || n > 5 {
		d.fail("webhook.value", "rating")
	}
	return n
}

func (d *decoder) object(f fields, name string) fields {
	var o fields
	if raw := f[name]; !absent(raw) && json.Unmarshal(raw, &o) != nil {
		d.fail("webhook.type", name)
	}
	return o
}

func (d *decoder) meta(f fields) source.Meta {
	o := d.object(f, "meta")
	if len(o) == 0 {
		return nil
	}
	if len(o) > maxMeta {
		d.fail("webhook.too_long", "meta", "Size", len(o), "Limit", maxMeta)
		return nil
	}
	m := source.Meta{}
	for k := range o {
		if len(k) > maxKey {
			d.fail("webhook.too_long", "meta", "Size", len(k), "Limit", maxKey)
			return nil
		}
		m[clean(k)] = d.text(o, k, maxShort)
	}
	return m
}

func (d *decoder) time(f fields, name string) time.Time {
	raw := f[name]
	if absent(raw) || string(raw) == `""` {
		return time.Time{}
	}
	t, ok := parseTime(raw)
	if !ok {
		d.fail("webhook.time", name)
	}
	return t
}

// parseTime reads RFC 3339 or unix time; from 10^11 on the number can only be milliseconds (10^11 s is the year 5138).
func parseTime(raw json.RawMessage) (time.Time, bool) {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		if t, err := time.Parse(time.RFC3339, s); err == nil {
			return t.UTC(), t.Year() > 0
		}
		raw = json.RawMessage(s)
	}
	var n float64
	if json.Unmarshal(raw, &n) != nil || n <= 0 {
		return time.Time{}, false
	}
	if n >= 1e11 {
		n /= 1000
	}
	if n > maxUnix {
		return time.Time{}, false
	}
	return time.UnixMilli(int64(n * 1000)).UTC(), true
}
