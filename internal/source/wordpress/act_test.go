package wordpress

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"chop/internal/demo/site"
	"chop/internal/fault"
	"chop/internal/fetch"
	"chop/internal/source"
)

func (w *world) deed(v source.Verb, id int) source.Deed {
	return source.Deed{ID: "deed-1", Verb: v, ItemID: strconv.Itoa(id), PostID: strconv.Itoa(w.post), Text: "Dziękujemy, <sprawdzamy> & odpiszemy",
		Meta: source.Meta{"author_ip": "192.0.2.7", "author_user_agent": "Mozilla/5.0"}}
}

func (w *world) do(d source.Deed) source.Outcome {
	w.t.Helper()
	o, err := w.c.Do(context.Background(), w.s, d)
	if err != nil {
		w.t.Fatalf("%s: %v", d.Verb, err)
	}
	return o
}

func (w *world) back(d source.Deed) source.Outcome {
	w.t.Helper()
	o, err := w.c.ReadBack(context.Background(), w.s, d)
	if err != nil {
		w.t.Fatalf("%s: %v", d.Verb, err)
	}
	return o
}

func (w *world) comment(id int) site.Comment {
	for _, c := range w.Comments() {
		if c.ID == id {
			return c
		}
	}
	return site.Comment{}
}

func TestEveryDeedFromEveryState(t *testing.T) {
	published, held, spammed, trashed := source.Published, source.Held, source.Spammed, source.Trashed
	for verb, want := range map[source.Verb]map[string]source.State{
		source.Hide:    {site.Approved: held, site.Hold: held, site.Spam: held, site.Trash: held},
		source.Unhide:  {site.Approved: published, site.Hold: published, site.Spam: published, site.Trash: published},
		source.Approve: {site.Approved: published, site.Hold: published, site.Spam: published, site.Trash: published},
		source.Spam:    {site.Approved: spammed, site.Hold: spammed, site.Spam: spammed, site.Trash: spammed},
		source.Delete:  {site.Approved: trashed, site.Hold: trashed, site.Spam: trashed, site.Trash: trashed},
		source.Restore: {site.Approved: published, site.Hold: held, site.Spam: published, site.Trash: published},
	} {
		w := open(t)
		for from, state := range want {
			id := w.say("z " + from)
			w.SetStatus(id, from)
			d := w.deed(verb, id)
			for range 2 { // the second time there is nothing to change
				if o := w.do(d); o.State != source.Done || o.Now != state || o.Delivery.Status != 200 {
					t.Errorf("%s from %s: %s, now %s, want %s", verb, from, o.State, o.Now, state)
				}
			}
			if o := w.back(d); o.State != source.Done || o.Now != state {
				t.Errorf("%s from %s read back: %+v", verb, from, o)
			}
			if c := w.comment(id); c.IP != "192.0.2.7" || c.UserAgent != "Mozilla/5.0" {
				t.Errorf("%s from %s overwrote the commenter: %s %s", verb, from, c.IP, c.UserAgent)
			}
		}
	}
}

func TestUndoPutsBackWhatWas(t *testing.T) {
	w := open(t)
	for verb, cap := range w.c.Describe().Capabilities {
		if cap.Undo == "" || verb == source.Restore || verb == source.Unhide || verb == source.Approve {
			continue
		}
		for _, from := range []string{site.Approved, site.Hold} {
			if verb == source.Hide && from == site.Hold {
				continue
			}
			id := w.say(string(verb) + from)
			w.SetStatus(id, from)
			w.do(w.deed(verb, id))
			w.do(w.deed(cap.Undo, id))
			if got := w.comment(id).Status; got != from {
				t.Errorf("%s then %s: %s, was %s", verb, cap.Undo, got, from)
			}
		}
	}
}

// Without a known address ours must not be taken for the commenter's, neither there nor here.
func TestACommenterWithoutAddressGetsNone(t *testing.T) {
	w := open(t)
	id := w.Add(site.Comment{Post: w.post, Author: "Import", Text: "bez adresu"})
	for _, meta := range []source.Meta{nil, {"author_ip": "unknown", "author_user_agent": ""}} {
		d := w.deed(source.Hide, id)
		d.Meta = meta
		if o := w.do(d); o.State != source.Done {
			t.Fatalf("%+v", o)
		}
		w.SetStatus(id, site.Approved)
	}
	if c := w.comment(id); c.IP != noIP || c.UserAgent != noUserAgent {
		t.Errorf("%s %s", c.IP, c.UserAgent)
	}
	if it := find(w.look(), "bez adresu"); len(it.Meta) != 0 {
		t.Errorf("%v", it.Meta)
	}
	kept := w.say("adres zna tylko strona")
	d := w.deed(source.Hide, kept)
	d.Meta = nil
	w.do(d)
	if c := w.comment(kept); c.IP != "192.0.2.7" || c.UserAgent != "Mozilla/5.0" {
		t.Errorf("%s %s", c.IP, c.UserAgent)
	}
}

func TestAReplyIsMadeOnce(t *testing.T) {
	w := open(t)
	id := w.say("Fatalna obsługa")
	d := w.deed(source.Reply, id)
	if o := w.back(d); o.State != source.Failed {
		t.Fatalf("read back before: %+v", o)
	}
	first := w.do(d)
	if first.State != source.Done || first.ResultID == "" || first.Now != source.Published || !strings.Contains(first.URL, "#comment-") {
		t.Fatalf("%+v", first)
	}
	second, third := w.do(d), w.back(d)
	if second.State != source.Done || second.ResultID != first.ResultID || third.State != source.Done || third.ResultID != first.ResultID {
		t.Fatalf("again: %+v, read back: %+v", second, third)
	}
	if all := w.Comments(); len(all) != 2 || all[1].Parent != id || all[1].UserID == 0 {
		t.Fatalf("%+v", all)
	}
	if it := find(w.look(), d.Text); !it.Own {
		t.Errorf("our reply came back as %+v", it)
	}
	other := d
	other.Text = "Inna odpowiedź"
	if o := w.back(other); o.State != source.Failed {
		t.Errorf("another text is taken for ours: %+v", o)
	}
}

func TestDeedsThatCannotBe(t *testing.T) {
	w := open(t)
	id := w.say("raz")
	gone := w.say("dwa")
	w.Remove(gone)
	for _, v := range []source.Verb{source.Hide, source.Reply, source.Restore} {
		d := w.deed(v, gone)
		if o := w.do(d); o.State != source.Failed || o.Now != source.Gone {
			t.Errorf("%s of a lost comment: %+v", v, o)
		}
		if o := w.back(d); o.State != source.Failed {
			t.Errorf("%s of a lost comment read back: %+v", v, o)
		}
	}
	if o := w.do(w.deed(source.Delete, gone)); o.State != source.Done || o.Now != source.Gone {
		t.Errorf("deleting what is gone: %+v", o)
	}
	w.SetStatus(id, site.Spam)
	for name, x := range map[string]struct {
		d    source.Deed
		code string
	}{
		"block":          {w.deed(source.Block, id), "wordpress.cannot"},
		"report":         {w.deed(source.Report, id), "wordpress.cannot"},
		"not a number":   {source.Deed{Verb: source.Hide, ItemID: "1/../../users"}, "wordpress.item"},
		"empty reply":    {source.Deed{Verb: source.Reply, ItemID: strconv.Itoa(id), Text: " \n"}, "wordpress.reply_length"},
		"long reply":     {source.Deed{Verb: source.Reply, ItemID: strconv.Itoa(id), Text: strings.Repeat("ż", maxReply+1)}, "wordpress.reply_length"},
		"answer in spam": {w.deed(source.Reply, id), "wordpress.reply_hidden"},
	} {
		o, err := w.c.Do(context.Background(), w.s, x.d)
		wantFault(t, err, x.code, "")
		if o.State != source.Failed {
			t.Errorf("%s: %s", name, o.State)
		}
	}
	if n := len(w.Comments()); n != 1 {
		t.Errorf("%d comments", n)
	}
	d := w.deed(source.Reply, w.say("długa"))
	d.Text = strings.Repeat("&", maxReply)
	if o := w.do(d); o.State != source.Done {
		t.Errorf("the longest reply: %+v", o)
	}
}

// What the place answers to a deed decides between Failed (surely not done) and Doubtful; reading back tells the truth.
func TestAnswersToADeed(t *testing.T) {
	wait := make(chan struct{})
	defer close(wait)
	json := func(code string) []byte { return []byte(fmt.Sprintf(`{"code":%q,"message":"Nie","data":{}}`, code)) }
	for name, x := range map[string]struct {
		a     *site.Answer
		state source.DeedState
		code  string // of the fault, empty when there is none
		now   source.DeedState
	}{
		"ignored":             {&site.Answer{Body: []byte(`{"id":%d,"status":"approved"}`)}, source.Failed, "", source.Failed},
		"another comment":     {&site.Answer{Body: []byte(`{"id":99999,"status":"hold"}`)}, source.Doubtful, "wordpress.not_json", source.Failed},
		"done, answer lost":   {&site.Answer{After: true, Wait: wait}, source.Doubtful, "fetch.timeout", source.Done},
		"done, answer broken": {&site.Answer{Half: true}, source.Doubtful, "fetch.truncated", source.Done},
		"done, then 504":      {&site.Answer{After: true, Status: 504}, source.Doubtful, "fetch.status", source.Done},
		"done, then html":     {&site.Answer{After: true, Body: []byte("<html>")}, source.Doubtful, "wordpress.not_json", source.Done},
		"hang up":             {&site.Answer{HangUp: true}, source.Doubtful, "fetch.failed", source.Failed},
		"500":                 {&site.Answer{Status: 500}, source.Doubtful, "fetch.status", source.Failed},
		"500 not done":        {&site.Answer{Status: 500, Body: json("rest_comment_failed_edit")}, source.Failed, "fetch.status", source.Failed},
		"429":                 {&site.Answer{Status: 429, Header: map[string]string{"Retry-After": "7"}}, source.Failed, "fetch.rate", source.Failed},
		"401":                 {&site.Answer{Status: 401, Body: json("incorrect_password")}, source.Failed, "wordpress.password", source.Failed},
		"403":                 {&site.Answer{Status: 403, Body: json("rest_cannot_edit")}, source.Failed, "wordpress.no_moderate", source.Failed},
		"403 firewall":        {&site.Answer{Status: 403, Body: []byte("<html>")}, source.Failed, "wordpress.blocked", source.Failed},
		"404":                 {&site.Answer{Status: 404, Body: json("rest_comment_invalid_id")}, source.Failed, "", source.Failed},
		"400":                 {&site.Answer{Status: 400, Body: json("rest_invalid_param")}, source.Failed, "wordpress.refused", source.Failed},
		"redirect":            {&site.Answer{Status: 301, Header: map[string]string{"Location": "/gdzie-indziej"}}, source.Failed, "wordpress.redirected", source.Failed},
		"huge":                {&site.Answer{After: true, Body: make([]byte, 10<<20)}, source.Doubtful, "fetch.too_large", source.Done},
	} {
		t.Run(name, func(t *testing.T) {
			w := open(t)
			if x.a.Wait != nil {
				w.hurry()
			}
			id := w.say("raz")
			a := *x.a
			if strings.Contains(string(a.Body), "%d") {
				a.Body = []byte(fmt.Sprintf(string(a.Body), id))
			}
			w.Fault(func(r *http.Request) *site.Answer {
				if r.Method == http.MethodPost {
					return &a
				}
				return nil
			})
			d := w.deed(source.Hide, id)
			o, err := w.c.Do(context.Background(), w.s, d)
			if x.code != "" {
				field := map[string]string{"wordpress.password": "password", "wordpress.no_moderate": "user", "wordpress.redirected": "url"}[x.code]
				wantFault(t, err, x.code, field)
			} else if err != nil {
				t.Fatal(err)
			}
			if o.State != x.state {
				t.Errorf("%s, want %s", o.State, x.state)
			}
			if name == "429" && fetch.After(err) != 7*time.Second {
				t.Errorf("patience %v", fetch.After(err))
			}
			if got := w.back(d); got.State != x.now {
				t.Errorf("read back %s, want %s", got.State, x.now)
			}
		})
	}
}

// hurry makes the connector's patience short.
func (w *world) hurry() {
	host := strings.TrimPrefix(w.s["url"], "http://")
	f := fetch.New(fetch.Config{AllowHosts: []string{host}, Total: 150 * time.Millisecond})
	w.t.Cleanup(f.Close)
	w.c = New(f)
}

func TestADeedThatNeverLeftIsFailed(t *testing.T) {
	w := open(t)
	id := w.say("raz")
	w.look()
	w.c.f = fetch.New(fetch.Config{}) // the guard refuses the address now
	o, err := w.c.Do(context.Background(), w.s, w.deed(source.Hide, id))
	wantFault(t, err, "fetch.private_address", "")
	if o.State != source.Failed {
		t.Errorf("%s", o.State)
	}
	if o, err := w.c.ReadBack(context.Background(), w.s, w.deed(source.Hide, id)); err == nil || o.State != source.Doubtful {
		t.Errorf("%+v %v", o, err)
	}
}

func TestCheck(t *testing.T) {
	w := open(t)
	w.AddUser("reader", "Czytelnik", "aaaa bbbb", false)
	r, err := w.c.Check(context.Background(), w.s)
	if err != nil || r.Title != site.Title || r.Account != site.Title {
		t.Fatalf("%+v %v", r, err)
	}
	with := func(kv ...string) source.Settings {
		s := source.Settings{"url": w.s["url"], "user": w.s["user"], "password": w.s["password"]}
		for i := 0; i < len(kv); i += 2 {
			s[kv[i]] = kv[i+1]
		}
		return s
	}
	at := func(path string, a *site.Answer) func(*http.Request) *site.Answer {
		return func(r *http.Request) *site.Answer {
			if strings.Contains(r.URL.String(), path) {
				return a
			}
			return nil
		}
	}
	shopPage := []byte(`<html><link href="/wp-content/themes/x.css">`)
	for name, x := range map[string]struct {
		s           source.Settings
		hook        func(*http.Request) *site.Answer
		code, field string
	}{
		"plain password":  {with("password", strings.ReplaceAll(site.Password, " ", "")), nil, "", ""},
		"panel address":   {with("url", w.s["url"]+"/wp-admin/index.php"), nil, "", ""},
		"plain addresses": {w.s, at("/wp-json", &site.Answer{Status: 404, Body: shopPage}), "", ""},
		"bad address":     {with("url", "moja strona"), nil, "wordpress.address", "url"},
		"private address": {with("url", "http://10.0.0.1"), nil, "fetch.private_address", "url"},
		"wrong password":  {with("password", "nie to"), nil, "wordpress.password", "password"},
		"wrong user":      {with("user", "nikt"), nil, "wordpress.password", "password"},
		"reader":          {with("user", "reader", "password", "aaaabbbb"), nil, "wordpress.no_moderate", "user"},
		"newer WordPress": {w.s, at("/", &site.Answer{Status: 401, Body: []byte(`{"code":"incorrect_password"}`)}), "wordpress.password", "password"},
		"not WordPress":   {w.s, at("/", &site.Answer{Body: []byte("<html>Witamy</html>")}), "wordpress.not_wordpress", "url"},
		"REST off":        {w.s, at("/", &site.Answer{Body: shopPage}), "wordpress.rest_off", "url"},
		"REST forbidden":  {w.s, at("/", &site.Answer{Status: 401, Body: []byte(`{"code":"rest_disabled"}`)}), "wordpress.rest_off", "url"},
		"no passwords":    {w.s, at("introspect", &site.Answer{Status: 404, Body: []byte(`{"code":"rest_no_route"}`)}), "wordpress.no_app_passwords", "password"},
		"elsewhere":       {w.s, at("/wp-json/", &site.Answer{Status: 302, Header: map[string]string{"Location": strings.Replace(w.s["url"], "127.0.0.1", "localhost", 1) + "/?rest_route=/"}}), "fetch.private_address", "url"},
		"broken":          {w.s, at("/wp-json/", &site.Answer{Status: 500}), "fetch.status", "url"},
	} {
		t.Run(name, func(t *testing.T) {
			w.Fault(x.hook)
			_, err := w.c.Check(context.Background(), x.s)
			if x.code == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			wantFault(t, err, x.code, x.field)
		})
	}
}

func TestThePasswordStaysWithTheSite(t *testing.T) {
	for _, x := range []struct{ base, final, want string }{
		{"https://sklep.pl", "https://www.sklep.pl/wp-json/", "https://www.sklep.pl"},
		{"http://sklep.pl", "https://sklep.pl/wp-json/", "https://sklep.pl"},
		{"https://sklep.pl/b", "https://sklep.pl/b/?rest_route=/", "https://sklep.pl/b"},
		{"https://sklep.pl", "https://sklep.com/wp-json/", ""},
		{"https://sklep.pl", "https://sklep.pl.evil.test/wp-json/", ""},
		{"https://sklep.pl", "http://sklep.pl/wp-json/", ""},
	} {
		p := &place{root: root{base: x.base}}
		err := p.settle(x.final)
		if (err == nil) != (x.want != "") || (err == nil && p.root.base != x.want) || (err != nil && !fault.Is(err, fault.Invalid)) {
			t.Errorf("%s to %s: %s, %v", x.base, x.final, p.root.base, err)
		}
	}
}

func TestNotes(t *testing.T) {
	for base, want := range map[string]int{"https://a.pl": 1, "http://a.pl": 2, "http://127.0.0.1:80": 1, "http://localhost": 1} {
		if got := (&place{root: root{base: base}}).notes(); len(got) != want {
			t.Errorf("%s: %v", base, got)
		}
	}
}

// What was captured first is what goes back, even when somebody's tool has overwritten it at the place since.
func TestTheCapturedAddressIsPutBack(t *testing.T) {
	w := open(t)
	id := w.Add(site.Comment{Post: w.post, Author: "Jan", IP: "198.51.100.1", UserAgent: "plugin", Text: "raz"})
	w.do(w.deed(source.Hide, id))
	if c := w.comment(id); c.IP != "192.0.2.7" || c.UserAgent != "Mozilla/5.0" {
		t.Errorf("%s %s", c.IP, c.UserAgent)
	}
}
