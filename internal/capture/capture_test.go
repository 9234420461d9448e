package capture_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"chop/internal/access"
	"chop/internal/browser"
	"chop/internal/capture"
	"chop/internal/evidence"
	"chop/internal/fault"
	"chop/internal/mention"
	"chop/internal/reason"
	"chop/internal/source"
	"chop/internal/warc"
)

const address = "https://opinie.example/kwiaciarnia"

func TestAPageThatWasAskedForIsSealedAsOneExhibit(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		shot, err := w.Ask(w.ewa, capture.Wish{Firm: "f1", URL: " " + address + " ", Why: "Przed odpowiedzią"})
		w.ok(err)
		if shot.State != capture.Waiting || shot.URL != address {
			t.Fatalf("%+v", shot)
		}
		twice, err := w.Ask(w.ewa, capture.Wish{Firm: "f1", URL: address})
		w.ok(err)
		if twice.ID != shot.ID {
			t.Error("asked twice while it waits, looked at twice")
		}
		w.work()
		shot, err = w.Find(w.ewa, "f1", shot.ID)
		w.ok(err)
		if shot.State != capture.Sealed || shot.Exhibit == "" || shot.Tries != 1 || shot.Bytes == 0 || shot.Why != "Przed odpowiedzią" {
			t.Fatalf("%+v", shot)
		}
		x, err := w.Evidence.Get(w.ewa, "f1", shot.Exhibit)
		w.ok(err)
		if x.Level != evidence.L2 || x.Ref != (reason.Ref{Kind: "page", ID: shot.Page}) || x.Cause != "person" || x.Title != "Opinie" {
			t.Errorf("%+v", x)
		}
		for key, want := range map[string]string{"requested_url": address, "status": "200", "server_ip": "203.0.113.7", "login_state": "anonymous", "result": "content",
			"viewport": "1280x900", "time_zone": "Europe/Warsaw", "why": "Przed odpowiedzią", "how": "browser"} {
			if x.Meta[key] != want {
				t.Errorf("%s: %q, want %q", key, x.Meta[key], want)
			}
		}
		var names []string
		for _, f := range x.Files {
			names = append(names, f.Name)
		}
		if !slices.Equal(names, []string{"capture.wacz", "screenshot.png", "print.pdf", "page.mhtml", "page.txt"}) {
			t.Error(names)
		}
		w.archiveOpens(x, 6)
		if rep, err := w.Evidence.VerifyAll(w.sys, "f1"); err != nil || !rep.Holds() {
			t.Errorf("%+v %v", rep, err)
		}
	})
}

// archiveOpens: what was refused is no record; the count in the exhibit is the count of the archive.
func (w *world) archiveOpens(x evidence.Exhibit, records int) {
	w.t.Helper()
	raw, _, err := w.Evidence.File(w.ewa, "f1", x.ID, "capture.wacz")
	w.ok(err)
	o, err := warc.Open(raw)
	w.ok(err)
	if len(o.Records) != records || x.Meta["warc_records"] != fmt.Sprint(records) || o.Key == "" {
		w.t.Errorf("%d records, %s said, key %q", len(o.Records), x.Meta["warc_records"], o.Key)
	}
}

func TestAWallIsRecordedAsFailedAndIsNoProofOfThePage(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m := w.mention("1", "Oszuści", source.Published)
		for i, k := range []browser.Kind{browser.Login, browser.Captcha, browser.Consent, browser.NotThere, browser.Empty, browser.Private, browser.Download} {
			w.sees = func(a string) (*browser.Page, error) { return wall(w.clock, a, k, ""), nil }
			shot, err := w.Ask(w.ewa, capture.Wish{Firm: "f1", URL: fmt.Sprintf("%s/%d", address, i), Mention: m})
			w.ok(err)
			w.work()
			shot, err = w.Find(w.ewa, "f1", shot.ID)
			w.ok(err)
			if shot.State != capture.Failed || shot.Reason != string(k) || shot.Tries != 1 || shot.Exhibit == "" {
				t.Fatalf("%s: %+v", k, shot)
			}
			x, err := w.Evidence.Get(w.ewa, "f1", shot.Exhibit)
			w.ok(err)
			if x.Ref.Kind != "capture" || x.Meta["result"] != "failed" || x.Meta["obstacle"] != string(k) || x.Title == "Opinie" {
				t.Errorf("%s passes for content: %+v", k, x)
			}
		}
		if has, err := w.Evidence.Has(w.ewa, "f1", mention.Ref(m)); err != nil || has {
			t.Error("a wall passes for proof of the item", err)
		}
	})
}

func TestWhatDoesNotAnswerIsTriedThreeTimes(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, fail := range []func(string) (*browser.Page, error){
			func(a string) (*browser.Page, error) { return wall(w.clock, a, browser.Broken, "503"), nil },
			func(a string) (*browser.Page, error) {
				return nil, fault.New(fault.Unavailable, "browser.missing").Because(errors.New("no chromium"))
			},
		} {
			w.sees, w.asked = fail, nil
			shot, err := w.Ask(w.ewa, capture.Wish{Firm: "f1", URL: address})
			w.ok(err)
			for _, wait := range []time.Duration{0, 31 * time.Second, 6 * time.Minute, time.Hour} {
				w.clock.Forward(wait)
				w.work()
			}
			shot, err = w.Find(w.ewa, "f1", shot.ID)
			w.ok(err)
			if shot.State != capture.Failed || shot.Tries != 3 || len(w.asked) != 3 {
				t.Errorf("%+v, looked %d times", shot, len(w.asked))
			}
		}
		w.sees = func(a string) (*browser.Page, error) { return page(w.clock, a), nil }
		again, err := w.Retry(w.ewa, "f1", w.only().ID)
		w.ok(err)
		w.work()
		if again, err = w.Find(w.ewa, "f1", again.ID); err != nil || again.State != capture.Sealed {
			t.Errorf("%+v %v", again, err)
		}
	})
}

func TestAPageIsLookedAtAgainAndItsChangesAreLinked(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		text := "Nie polecam"
		w.sees = func(a string) (*browser.Page, error) {
			p := page(w.clock, a)
			p.Text = text
			return p, nil
		}
		first, err := w.Ask(w.ewa, capture.Wish{Firm: "f1", URL: address, Again: true})
		w.ok(err)
		w.work()
		w.clock.Forward(61 * time.Minute)
		w.work()
		text = "Polecam!"
		w.clock.Forward(24 * time.Hour)
		w.work()
		w.sees = func(a string) (*browser.Page, error) { return wall(w.clock, a, browser.NotThere, "404"), nil }
		w.clock.Forward(7 * 24 * time.Hour)
		w.work()
		w.clock.Forward(30 * 24 * time.Hour)
		w.work()
		list, err := w.List(w.ewa, "f1")
		w.ok(err)
		slices.SortFunc(list, func(a, b capture.Shot) int { return a.Due.Compare(b.Due) })
		var got []string
		for _, s := range list {
			got = append(got, fmt.Sprint(s.Cause, " ", s.State, " ", s.Reason, " ", s.Changed))
		}
		want := []string{"person sealed  false", "recapture:1h sealed  false", "recapture:24h sealed  true", "recapture:7d failed gone false", "recapture:30d failed gone false"}
		if !slices.Equal(got, want) {
			t.Fatalf("%q", got)
		}
		es, err := w.Evidence.Of(w.ewa, "f1", reason.Ref{Kind: "page", ID: first.Page})
		w.ok(err)
		if len(es) != 5 || es[4].Prev != es[3].ID || es[1].Prev != es[0].ID || es[3].Meta["obstacle"] != "gone" {
			t.Errorf("what was seen first and is gone later is one chain: %d", len(es))
		}
	})
}

// A look that was cut short begins anew; nothing of it was sealed.
func TestALookCutShortLeavesNothingHalfSealed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		shot, err := w.Ask(w.ewa, capture.Wish{Firm: "f1", URL: address})
		w.ok(err)
		w.sees = func(string) (*browser.Page, error) { panic(errKilled) }
		func() {
			defer func() {
				if recover() != errKilled {
					t.Fatal("not killed")
				}
			}()
			_ = w.Take(w.sys, capture.Due{Firm: "f1", Shot: shot.ID})
		}()
		shot, err = w.Find(w.ewa, "f1", shot.ID)
		w.ok(err)
		if es, _, err := w.Evidence.List(w.ewa, evidence.Filter{Firm: "f1"}); err != nil || len(es) != 0 || shot.State != capture.Running {
			t.Fatal(len(es), err, shot.State)
		}
		w.sees = func(a string) (*browser.Page, error) { return page(w.clock, a), nil }
		w.work()
		w.ok(w.Take(w.sys, capture.Due{Firm: "f1", Shot: shot.ID})) // heard twice
		es, _, err := w.Evidence.List(w.ewa, evidence.Filter{Firm: "f1"})
		w.ok(err)
		if shot, err = w.Find(w.ewa, "f1", shot.ID); err != nil || shot.State != capture.Sealed || len(es) != 1 {
			t.Errorf("%+v %v, %d exhibits", shot, err, len(es))
		}
	})
}

var errKilled = errors.New("killed")

func TestOnlyThoseWhoMayPreserveAsk(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, r := range access.Roles {
			_, err := w.Ask(as(t, "x", r), capture.Wish{Firm: "f1", URL: address})
			if may := access.Allows(r, access.Preserve); may != (err == nil) {
				t.Errorf("%s: %v", r, err)
			}
			_, err = w.HandIn(as(t, "x", r), capture.HandIn{Firm: "f1", Text: "x"})
			if may := access.Allows(r, access.Preserve); may != (err == nil) {
				t.Errorf("%s hands in: %v", r, err)
			}
		}
		if _, err := w.Ask(w.ewa, capture.Wish{Firm: "f2", URL: address}); !fault.Is(err, fault.NotFound) {
			t.Error(err)
		}
		if _, err := w.Find(w.ewa, "f2", w.only().ID); !fault.Is(err, fault.NotFound) {
			t.Error(err)
		}
		if _, err := w.Ask(w.ewa, capture.Wish{Firm: "f1", URL: address, Mention: "nobody"}); !fault.Is(err, fault.NotFound) {
			t.Error(err)
		}
		for wish, want := range map[capture.Wish]string{{URL: "file:///etc/passwd"}: "browser.url", {URL: address, Why: strings.Repeat("x", 1001)}: "capture.why"} {
			wish.Firm = "f1"
			if _, err := w.Ask(w.ewa, wish); code(err) != want {
				t.Errorf("%+v: %v", wish, err)
			}
		}
	})
}

func TestAFloodOfWishesIsRefused(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var err error
		for i := 0; err == nil && i < 200; i++ {
			_, err = w.Ask(w.ewa, capture.Wish{Firm: "f1", URL: fmt.Sprintf("%s/%d", address, i)})
		}
		if code(err) != "capture.many" {
			t.Error(err)
		}
	})
}

// mention takes one item in and gives its id.
func (w *world) mention(ext, text string, state source.State) string {
	w.t.Helper()
	it := source.Item{ExternalID: ext, Kind: source.KindComment, Post: source.Post{ExternalID: "p1"}, Author: source.Account{Name: "Jan"}, Text: text,
		URL: address + "#" + ext, At: w.clock.Now(), State: state}
	_, err := w.Mentions.Intake(w.sys, w.src, source.Batch{Items: []source.Item{it}, Deliveries: []source.Delivery{{URL: "https://place.example/api", Status: 200,
		Header: []string{"X-A: b"}, Body: []byte("raw " + text)}}})
	w.ok(err)
	w.work()
	known, err := w.Mentions.ByExternal(w.sys, "f1", w.src.ID, []string{ext})
	w.ok(err)
	return known[ext].ID
}

func (w *world) chain(m string) (list []evidence.Exhibit) {
	w.t.Helper()
	list, err := w.Evidence.Of(w.ewa, "f1", mention.Ref(m))
	w.ok(err)
	return list
}

func TestChangesOfWhatWasSealedAreSealedToo(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m, other := w.mention("1", "Oszuści", source.Published), w.mention("2", "Ładne", source.Published)
		_, err := w.Mentions.Preserve(w.ewa, w.Evidence, "f1", m, "person")
		w.ok(err)
		_, err = w.Ask(w.ewa, capture.Wish{Firm: "f1", URL: address, Mention: m})
		w.ok(err)
		w.work()
		w.clock.Forward(time.Minute)
		w.mention("1", "Żartowałem", source.Published)
		w.mention("2", "Bardzo ładne", source.Published)
		w.clock.Forward(time.Minute)
		gone := source.Batch{Sweep: &source.Sweep{From: w.clock.Now().Add(-time.Hour), To: w.clock.Now(), Present: map[string]source.State{"2": source.Published}},
			Deliveries: []source.Delivery{{URL: "https://place.example/list", Status: 200, Body: []byte("only 2")}}}
		_, err = w.Mentions.Intake(w.sys, w.src, gone)
		w.ok(err)
		w.work()
		list := w.chain(m)
		var causes []string
		for i, x := range list {
			causes = append(causes, x.Cause)
			if i > 0 && x.Prev != list[i-1].ID {
				t.Errorf("%s is not linked", x.Code())
			}
		}
		if !slices.Equal(causes, []string{"person", "person", "edited", "gone", "gone"}) {
			t.Fatalf("%q", causes)
		}
		if len(w.chain(other)) != 0 {
			t.Error("what was never sealed was sealed")
		}
		for i, want := range map[int]string{0: "raw Oszuści", 2: "raw Żartowałem", 3: "only 2"} {
			raw, _, err := w.Evidence.File(w.ewa, "f1", list[i].ID, "delivery.bin")
			w.ok(err)
			if string(raw) != want {
				t.Errorf("%s: %q, want %q", list[i].Cause, raw, want)
			}
		}
		if list[3].Meta["gone_at"] == "" || list[4].Level != evidence.L2 || list[2].Meta["requested_url"] != "https://place.example/api" {
			t.Errorf("%+v %+v", list[3], list[4])
		}
	})
}

func TestTheFirmChoosesWhatIsKeptAsPages(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m := w.mention("1", "Zabiję was", source.Published)
		w.ok(w.Mentions.Summarise(w.sys, "f1", mention.Summary{Mention: m, Severity: 4, Status: mention.Open}))
		calm := w.mention("2", "Ładne", source.Published)
		consider := func() { w.ok(w.Consider(w.sys, "f1", []string{m, calm})); w.ok(w.Decide(w.sys, "f1", calm)); w.work() }
		consider()
		if len(w.asked) != 0 {
			t.Fatal("nobody wanted it", w.asked)
		}
		if err := w.Set(as(t, "Prawnik", access.Lawyer), "f1", capture.Setting{Serious: true}); err == nil {
			t.Error("a lawyer changed the firm's setting")
		}
		w.ok(w.Set(w.ewa, "f1", capture.Setting{Serious: true}))
		consider()
		if len(w.asked) != 1 || !strings.HasSuffix(w.asked[0], "#1") {
			t.Fatal(w.asked)
		}
		w.ok(w.Set(w.ewa, "f1", capture.Setting{Deed: true}))
		consider()
		if len(w.asked) != 2 || !strings.HasSuffix(w.asked[1], "#2") {
			t.Fatal(w.asked)
		}
		w.clock.Forward(31 * 24 * time.Hour)
		w.work()
		if len(w.asked) != 6 { // the serious one, four times more
			t.Error(w.asked)
		}
	})
}

func TestWhatAPersonHandsInIsKeptAsItIs(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		shot := []byte("\x89PNG\r\n\x1a\nobraz")
		x, err := w.HandIn(w.ewa, capture.HandIn{Firm: "f1", URL: "https://facebook.com/groups/1", Text: "Nie kupujcie\u202e tam", Why: "grupa zamknięta",
			Files: []evidence.File{{Name: `C:\zdjęcia\zrzut.PNG`, Body: shot}, {Name: "zrzut.png", Body: shot}, {Name: "\u202egpj.exe.eml", Body: []byte("From: a\r\n\r\nTreść")}}})
		w.ok(err)
		if x.Level != evidence.L0 || x.Cause != "handin" || x.Meta["received_at"] == "" || len(x.Files) != 4 {
			t.Errorf("%+v", x)
		}
		body, info, err := w.Evidence.File(w.ewa, "f1", x.ID, "zrzut.png")
		if err != nil || !bytes.Equal(body, shot) || info.Media != "image/png" {
			t.Error(err, info)
		}
		if x.Files[1].Name != "zrzut-2.png" || x.Files[2].Name != "_gpj.exe.eml" {
			t.Errorf("%+v", x.Files)
		}
		receipt, _, err := w.Evidence.File(w.ewa, "f1", x.ID, "receipt.json")
		if err != nil || !bytes.Contains(receipt, []byte("u-Ewa")) || !bytes.Contains(receipt, []byte("grupa zamknięta")) {
			t.Errorf("%v %s", err, receipt)
		}
		big := make([]byte, capture.MaxFile+1)
		copy(big, "%PDF-")
		for name, c := range map[string]struct {
			files []evidence.File
			want  string
		}{
			"nothing":            {nil, "handin.nothing"},
			"a program":          {[]evidence.File{{Name: "a.exe", Body: []byte("MZ")}}, "handin.kind"},
			"no ending":          {[]evidence.File{{Name: "plik", Body: []byte("x")}}, "handin.kind"},
			"a page as picture":  {[]evidence.File{{Name: "a.png", Body: []byte("<html><script>")}}, "handin.content"},
			"a program as text":  {[]evidence.File{{Name: "a.txt", Body: []byte("MZ\x00\x00")}}, "handin.content"},
			"empty":              {[]evidence.File{{Name: "a.txt"}}, "handin.empty"},
			"too large":          {[]evidence.File{{Name: "a.pdf", Body: big}}, "handin.large"},
			"too many":           {make([]evidence.File, capture.MaxFiles+1), "handin.files"},
			"an active drawing":  {[]evidence.File{{Name: "a.svg", Body: []byte("<svg onload=x>")}}, "handin.kind"},
			"a link of a system": {[]evidence.File{{Name: "a.lnk", Body: []byte("L\x00")}}, "handin.kind"},
		} {
			if _, err := w.HandIn(w.ewa, capture.HandIn{Firm: "f1", Files: c.files}); code(err) != c.want {
				t.Errorf("%s: %v, want %s", name, err, c.want)
			}
		}
		if _, err := w.HandIn(w.ewa, capture.HandIn{Firm: "f1", Text: strings.Repeat("x", 30_000)}); code(err) != "handin.text" {
			t.Error(err)
		}
	})
}
