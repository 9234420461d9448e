package warc_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"chop/internal/warc"
)

var at = time.Date(2026, 3, 14, 15, 9, 26, 535_000_000, time.UTC)

const thread = `<!doctype html><html lang="pl"><head><meta charset="utf-8"><title>Wątek 12</title></head><body><h1>Wątek 12</h1>
<p id="c3">To oszuści, zażółć gęślą jaźń</p><img src="/logo.png" alt=""></body></html>`

var dot = []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89\x00\x00\x00\rIDATx\xdac\xfc\xcfP\x0f\x00\x03\x86\x01\x80Z4}k\x00\x00\x00\x00IEND\xaeB`\x82")

// made is an archive of a small thread, and its package.
type made struct {
	w    *warc.Writer
	data []byte
	wacz []byte
}

func build(t testing.TB) made {
	t.Helper()
	var b bytes.Buffer
	w := warc.NewWriter(&b)
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	write := func(r warc.Record) {
		_, err := w.Write(r)
		ok(err)
	}
	write(warc.InfoRecord(at, "data.warc.gz", warc.Field{Name: "software", Value: "ChOP 1.2.3"}))
	ip := netip.MustParseAddr("203.0.113.7")
	get := func(path, media string, body []byte) warc.Exchange {
		return warc.Exchange{At: at, Method: "GET", URL: "https://www.forum.example" + path, Sent: http.Header{"User-Agent": {"ChOP"}}, IP: ip, Status: 200, Phrase: "OK",
			Header: http.Header{"Content-Type": {media}, "X-Evil": {"a\r\nWARC-Type: forged"}}, Body: body}
	}
	ok(w.Exchange(get("/watek/12?b=2&a=1", "text/html; charset=utf-8", []byte(thread))))
	ok(w.Exchange(get("/logo.png", "image/png", dot)))
	cut := get("/film", "video/mp4", []byte("pół filmu"))
	cut.Cut, cut.Status, cut.Phrase = "length", 206, "Partial Content"
	ok(w.Exchange(cut))
	post := get("/graphql", "application/json", []byte(`{"a":1}`))
	post.Method, post.SentBody = "POST", []byte("q=1")
	ok(w.Exchange(post))
	ok(w.Exchange(warc.Exchange{At: at, Method: "GET", URL: "http://forum.example:8080/pusty", Status: 204, Phrase: "No Content"}))
	write(warc.ResourceRecord(at, "urn:view:https://www.forum.example/watek/12?b=2&a=1", "image/png", dot))
	write(warc.ResourceRecord(at, "urn:text:https://www.forum.example/watek/12?b=2&a=1", "text/plain", []byte("To oszuści")))
	write(warc.MetadataRecord(at, "https://www.forum.example/watek/12?b=2&a=1", warc.Field{Name: "title", Value: "Wątek 12"}))
	key, err := warc.SigningKey([]byte("secret"))
	ok(err)
	var out bytes.Buffer
	ok(warc.Pack(&out, warc.Package{Title: "Wątek", Software: "ChOP 1.2.3", Created: at, Key: key,
		Pages: []warc.Page{{URL: "https://www.forum.example/watek/12?b=2&a=1", Title: "Wątek 12", At: at}},
		Files: []warc.File{{Name: "page.txt", Body: []byte("To oszuści")}}}, w, b.Bytes()))
	return made{w, b.Bytes(), out.Bytes()}
}

func read(data []byte) (list []warc.Record, err error) {
	r := warc.NewReader(bytes.NewReader(data))
	for {
		rec, _, err := r.Next()
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		if err != nil {
			return list, err
		}
		list = append(list, rec)
	}
}

func TestWhatIsWrittenIsReadBack(t *testing.T) {
	m := build(t)
	list, err := read(m.data)
	if err != nil || len(list) != m.w.Count() || len(list) != 14 {
		t.Fatal(len(list), m.w.Count(), err)
	}
	if list[0].Type != warc.Info || list[0].Field("WARC-Filename") != "data.warc.gz" || list[0].Payload() != nil {
		t.Errorf("%+v", list[0])
	}
	answer, asked := list[1], list[2]
	if answer.Type != warc.Response || string(answer.Payload()) != thread || answer.Field("WARC-IP-Address") != "203.0.113.7" || !answer.Date.Equal(at) {
		t.Errorf("%+v", answer)
	}
	if asked.Type != warc.Request || asked.Field("WARC-Concurrent-To") != answer.ID || !bytes.HasPrefix(asked.Block, []byte("GET /watek/12?b=2&a=1 HTTP/1.1\r\n")) ||
		!bytes.Contains(asked.Block, []byte("Host: www.forum.example\r\n")) {
		t.Errorf("%+v %s", asked, asked.Block)
	}
	if !bytes.Contains(answer.Block, []byte("X-Evil: a  WARC-Type: forged\r\n")) {
		t.Errorf("a line break of the server's header was kept: %q", answer.Block)
	}
	if list[5].Field("WARC-Truncated") != "length" || !bytes.HasPrefix(list[5].Block, []byte("HTTP/1.1 206 Partial Content\r\n")) {
		t.Errorf("%+v", list[5])
	}
	if list[11].Type != warc.Resource || !bytes.Equal(list[11].Payload(), dot) {
		t.Errorf("%+v", list[11])
	}
}

func TestAPackageOpensAndKnowsItsKey(t *testing.T) {
	m := build(t)
	o, err := warc.Open(m.wacz)
	if err != nil {
		t.Fatal(err)
	}
	key, err := warc.SigningKey([]byte("secret"))
	if err != nil {
		t.Fatal(err)
	}
	want, err := warc.PublicKey(&key.PublicKey)
	if err != nil || o.Key != want || len(o.Records) != 14 || o.MainPage != "https://www.forum.example/watek/12?b=2&a=1" || string(o.Files["page.txt"]) != "To oszuści" {
		t.Errorf("%v %+v", err, o)
	}
	if other, err := warc.SigningKey([]byte("other")); err != nil || other.Equal(key) {
		t.Error("two secrets, one key", err)
	}
}

func TestKeysOfTheIndex(t *testing.T) {
	for in, want := range map[string]string{
		"https://www.Forum.example/Watek/12?b=2&a=1": "example,forum)/watek/12?a=1&b=2",
		"http://www2.a.example":                      "example,a)/",
		"http://a.example:8080/x":                    "example,a:8080)/x",
		"https://a.example:443/":                     "example,a)/",
		"http://127.0.0.1:9/":                        "1,0,0,127:9)/",
		"urn:view:https://a.example/":                "urn:view:https://a.example/",
		"https://wwwiosna.example/":                  "example,wwwiosna)/",
	} {
		if got := warc.SURT(in); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

// Any changed bit of an archive or a package is found, and so is anything cut off, left out, added or swapped.
func TestAnyChangeIsFound(t *testing.T) {
	m := build(t)
	count := m.w.Count()
	rapid.Check(t, func(rt *rapid.T) {
		bad := bytes.Clone(m.data)
		bad[rapid.IntRange(0, len(bad)-1).Draw(rt, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(rt, "bit")
		list, err := read(bad)
		if err == nil && len(list) == count && !sameRecords(list, m.data) {
			rt.Fatal("not found in the archive")
		}
		cut := m.data[:rapid.IntRange(0, len(m.data)-1).Draw(rt, "cut")]
		if list, err := read(cut); err == nil && len(list) == count {
			rt.Fatal("a cut archive passes with every record")
		}
		pack := bytes.Clone(m.wacz)
		i := rapid.IntRange(0, len(pack)-1).Draw(rt, "byte of the package")
		pack[i] ^= 1 << rapid.IntRange(0, 7).Draw(rt, "bit of the package")
		if o, err := warc.Open(pack); err == nil && !same(t, o, m.wacz) {
			rt.Fatalf("byte %d of the package changed and nobody noticed", i)
		} else if err != nil && !errors.Is(err, warc.ErrDamaged) {
			rt.Fatal(err)
		}
		if _, err := warc.Open(m.wacz[:rapid.IntRange(0, len(m.wacz)-1).Draw(rt, "end")]); !errors.Is(err, warc.ErrDamaged) {
			rt.Fatal("a cut package passes", err)
		}
	})
}

// sameRecords: some bits of gzip's head say nothing (time, system); what they wrap must be equal then.
func sameRecords(list []warc.Record, data []byte) bool {
	whole, err := read(data)
	if err != nil || len(whole) != len(list) {
		return false
	}
	for i := range list {
		if !bytes.Equal(list[i].Block, whole[i].Block) || list[i].ID != whole[i].ID || list[i].URI != whole[i].URI || list[i].Type != whole[i].Type {
			return false
		}
	}
	return true
}

// same: some bits of a zip say nothing (times, attributes, comments); the files must be equal then.
func same(t *testing.T, o *warc.Opened, raw []byte) bool {
	t.Helper()
	whole, err := warc.Open(raw)
	if err != nil || len(whole.Files) != len(o.Files) {
		return false
	}
	for name, body := range whole.Files {
		if !bytes.Equal(body, o.Files[name]) {
			return false
		}
	}
	return true
}

func TestHostileArchivesAreRefused(t *testing.T) {
	for name, raw := range map[string]string{
		"empty zip": "PK\x05\x06" + strings.Repeat("\x00", 18), "nothing": "", "text": "to nie jest archiwum", "gzip": "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03",
	} {
		if _, err := warc.Open([]byte(raw)); !errors.Is(err, warc.ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := read([]byte("WARC/1.1\r\nWARC-Type: warcinfo\r\n\r\n")); !errors.Is(err, warc.ErrDamaged) {
		t.Error(err)
	}
}

func FuzzReader(f *testing.F) {
	m := build(f)
	f.Add(m.data)
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, raw []byte) {
		if _, err := read(raw); err != nil && !errors.Is(err, warc.ErrDamaged) {
			t.Fatal(err)
		}
	})
}
