package webhook

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"chop/internal/lang"
	"chop/internal/source"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var came = time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)

const full = `{"external_id":"r-1","kind":"review","parent_id":"p","post":{"external_id":"7","title":"Promocja","text":"Taniej",
"url":"https://x.pl/7","at":"2026-11-01T10:00:00+01:00"},"author":{"external_id":"u1","name":"Żaneta","handle":"@z",
"url":"https://x.pl/u1","email":"z@x.pl"},"text":"Zimna pizza","url":"https://x.pl/r-1","lang":"pl","at":1795312800,
"edited_at":1795312800500,"state":"held","rating":2,"reaction":"","own":false,"meta":{"author_ip":"10.0.0.1","n":5}}`

func TestDecodeReadsEveryField(t *testing.T) {
	b, err := Decode([]byte(`{"items":[`+full+`]}`), came)
	if err != nil {
		t.Fatal(err)
	}
	want := source.Item{ExternalID: "r-1", Kind: "review", ParentID: "p",
		Post: source.Post{ExternalID: "7", Title: "Promocja", Text: "Taniej", URL: "https://x.pl/7",
			At: time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)},
		Author: source.Account{ExternalID: "u1", Name: "Żaneta", Handle: "@z", URL: "https://x.pl/u1", Email: "z@x.pl"},
		Text:   "Zimna pizza", URL: "https://x.pl/r-1", Lang: "pl", At: time.Unix(1795312800, 0).UTC(),
		EditedAt: time.UnixMilli(1795312800500).UTC(), State: source.Held, Rating: 2,
		Meta: source.Meta{"author_ip": "10.0.0.1", "n": "5"}, Raw: []byte(full)}
	if d := cmp.Diff(want, b.Items[0]); d != "" {
		t.Error(d)
	}
	if len(b.Ignored) != 0 || len(b.Deliveries) != 1 {
		t.Errorf("%v %v", b.Ignored, b.Deliveries)
	}
}

func TestDecodeNamesWhatItIgnores(t *testing.T) {
	b, err := Decode([]byte(`{"items":[{"external_id":5,"text":"a\u0000b","likes":3,"post":{"x":1}},{"external_id":"2","likes":1}]}`), came)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"items[].likes", "items[].post.x"}; !reflect.DeepEqual(b.Ignored, want) {
		t.Errorf("ignored %v", b.Ignored)
	}
	it := b.Items[0]
	if it.ExternalID != "5" || it.Kind != source.KindComment || !it.At.Equal(came) || it.Text != "a\uFFFDb" {
		t.Errorf("%+v", it)
	}
}

func TestDecodeRefusesWithTheReason(t *testing.T) {
	long := strings.Repeat("ą", MaxText/2)
	for name, c := range map[string]struct{ body, code, field string }{
		"empty":            {" \n", "webhook.empty", ""},
		"not json":         {`{"items":[`, "webhook.json", ""},
		"two documents":    {`{"external_id":"1"}{}`, "webhook.json", ""},
		"a list":           {`[]`, "webhook.shape", ""},
		"a word":           {`"hello"`, "webhook.shape", ""},
		"items no list":    {`{"items":{}}`, "webhook.shape", ""},
		"items null":       {`{"items":null}`, "webhook.shape", ""},
		"item no object":   {`{"items":[1]}`, "webhook.not_object", "items[0]."},
		"item null":        {`{"items":[null]}`, "webhook.not_object", "items[0]."},
		"not utf-8":        {"{\"external_id\":\"\xb9\"}", "webhook.utf8", ""},
		"no id":            {`{"items":[{"external_id":"1"},{"text":"x"}]}`, "webhook.missing", "items[1].external_id"},
		"null id":          {`{"external_id":null}`, "webhook.missing", "items[0].external_id"},
		"long id":          {`{"external_id":"` + strings.Repeat("i", 513) + `"}`, "webhook.too_long", "items[0].external_id"},
		"text over":        {`{"external_id":"1","text":"` + long + `!"}`, "webhook.too_long", "items[0].text"},
		"text is a list":   {`{"external_id":"1","text":[]}`, "webhook.type", "items[0].text"},
		"bad time":         {`{"external_id":"1","at":"yesterday"}`, "webhook.time", "items[0].at"},
		"date only":        {`{"external_id":"1","at":"2026-11-22"}`, "webhook.time", "items[0].at"},
		"time zero":        {`{"external_id":"1","at":0}`, "webhook.time", "items[0].at"},
		"time too far":     {`{"external_id":"1","at":1e300}`, "webhook.time", "items[0].at"},
		"unknown kind":     {`{"external_id":"1","kind":"rumour"}`, "webhook.value", "items[0].kind"},
		"unknown state":    {`{"external_id":"1","state":"lost"}`, "webhook.value", "items[0].state"},
		"six stars":        {`{"external_id":"1","rating":6}`, "webhook.value", "items[0].rating"},
		"half a star":      {`{"external_id":"1","rating":4.5}`, "webhook.type", "items[0].rating"},
		"own is a word":    {`{"external_id":"1","own":"yes"}`, "webhook.type", "items[0].own"},
		"post is a word":   {`{"external_id":"1","post":"p"}`, "webhook.type", "items[0].post"},
		"meta is a number": {`{"external_id":"1","meta":1}`, "webhook.type", "items[0].meta"},
		"too many":         {`{"items":[` + strings.Repeat(`{"external_id":"1"},`, MaxItems) + `{"external_id":"1"}]}`, "webhook.too_many", ""},
		"too large":        {`{"external_id":"1","text":"` + strings.Repeat("a", MaxBody) + `"}`, "webhook.too_large", ""},
		"very deep":        {strings.Repeat(`{"items":[`, 200_000), "webhook.json", ""},
	} {
		b, err := Decode([]byte(c.body), came)
		if code(err) != c.code {
			t.Errorf("%s: %v, want %s", name, err, c.code)
			continue
		}
		if len(b.Items) != 0 {
			t.Errorf("%s: %d items beside a fault", name, len(b.Items))
		}
		if c.field != "" && !strings.HasPrefix(err.Error(), c.field) {
			t.Errorf("%s: %v does not name %s", name, err, c.field)
		}
		if !lang.PL.Has("fault."+c.code) || !lang.EN.Has("fault."+c.code) {
			t.Errorf("%s has no message", c.code)
		}
	}
	if b, err := Decode([]byte(`{"external_id":"1","text":"`+long+`"}`), came); err != nil || b.Items[0].Text != long {
		t.Errorf("a text at the limit: %v", err)
	}
	if b, err := Decode([]byte(`{"items":[]}`), came); err != nil || len(b.Items) != 0 {
		t.Errorf("no items is fine: %v", err)
	}
}

func TestTimesInSecondsAndMilliseconds(t *testing.T) {
	for raw, want := range map[string]time.Time{
		`"2026-11-22T03:04:05+01:00"`: time.Date(2026, 11, 22, 2, 4, 5, 0, time.UTC),
		`1795312800`:                  time.Unix(1795312800, 0),
		`"1795312800"`:                time.Unix(1795312800, 0),
		`1795312800123`:               time.UnixMilli(1795312800123),
	} {
		if got, ok := parseTime(json.RawMessage(raw)); !ok || !got.Equal(want) {
			t.Errorf("%s: %v %v", raw, got, ok)
		}
	}
}

func TestAnItemWrittenAsJSONComesBackAsItWas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := source.Item{
			ExternalID: rapid.StringMatching(`[a-z0-9:/.-]{1,80}`).Draw(t, "id"),
			Kind:       rapid.SampledFrom([]string{"comment", "review", "post", "reaction"}).Draw(t, "kind"),
			Text:       strings.ReplaceAll(rapid.String().Draw(t, "text"), "\x00", ""),
			Author:     source.Account{Name: strings.ReplaceAll(rapid.String().Draw(t, "name"), "\x00", "")},
			At:         time.UnixMicro(rapid.Int64Range(1, 4e15).Draw(t, "at")).UTC(),
			Rating:     rapid.IntRange(0, 5).Draw(t, "rating"),
		}
		raw, err := json.Marshal(map[string]any{"items": []source.Item{in}})
		if err != nil {
			t.Fatal(err)
		}
		b, err := Decode(raw, came)
		if err != nil {
			t.Fatal(err)
		}
		out := b.Items[0]
		out.Raw = nil
		if d := cmp.Diff(in, out); d != "" {
			t.Fatal(d)
		}
	})
}

func TestConnectorDescribesItself(t *testing.T) {
	c := New()
	d := c.Describe()
	if !d.Push || len(d.Capabilities) != 0 {
		t.Errorf("%+v", d)
	}
	for _, tag := range lang.Tags {
		for _, id := range []string{"name", "about", "secret", "secret.help", "note.waiting", "note.ignored"} {
			if !tag.Has("source.webhook." + id) {
				t.Errorf("%s: no message %s", tag, id)
			}
		}
		for _, id := range []string{"secret", "header_missing", "header_malformed", "stale", "future", "signature"} {
			if !tag.Has("fault.webhook." + id) {
				t.Errorf("%s: no message fault.webhook.%s", tag, id)
			}
		}
	}
	if _, err := c.Check(context.Background(), source.Settings{"secret": NewSecret()}); err != nil {
		t.Error(err)
	}
	if _, err := c.Check(context.Background(), source.Settings{}); code(err) != "webhook.secret" {
		t.Error(err)
	}
	b, err := c.Fetch(context.Background(), nil, []byte("c"))
	if err != nil || string(b.Cursor) != "c" || len(b.Items) != 0 {
		t.Error(b, err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(full))
	f.Add([]byte(`{"items":[` + full + `,{"external_id":"2"}]}`))
	f.Add([]byte(`{"items":[null]}`))
	f.Add([]byte(`{"external_id":"1","at":"1e3","meta":{"a":null}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		b, err := Decode(body, came)
		if err != nil {
			if code(err) == "" {
				t.Fatalf("not a fault: %v", err)
			}
			return
		}
		for _, it := range b.Items {
			if it.ExternalID == "" || len(it.ExternalID) > 600 || it.At.IsZero() || strings.Contains(fmt.Sprintf("%+v", it.Author), "\x00") {
				t.Fatalf("%+v", it)
			}
		}
	})
}
