package browser

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"chop/internal/access"
	"chop/internal/action"
	"chop/internal/consent"
	"chop/internal/decision"
	"chop/internal/mention"
	"chop/internal/oncall"
	"chop/internal/user"
)

// phone is a telephone that speaks ntfy.
type phone struct {
	mu  sync.Mutex
	got []call
}

type call struct {
	Title, Message, Click string
	Actions               []struct{ URL string }
}

func (p *phone) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, _ := io.ReadAll(r.Body)
	var c call
	if json.Unmarshal(raw, &c) != nil {
		http.Error(w, "?", http.StatusBadRequest)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.got = append(p.got, c)
	_, _ = io.WriteString(w, `{"id":"1","event":"message"}`)
}

// last is the newest message that fits.
func (p *phone) last(fits func(call) bool) (c call, found bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, x := range p.got {
		if fits(x) {
			c, found = x, true
		}
	}
	return c, found
}

// phone gives somebody a telephone.
func (w *world) phone(who user.Person) *phone {
	w.t.Helper()
	p := &phone{}
	server := httptest.NewServer(p)
	w.t.Cleanup(server.Close)
	me := access.With(w.t.Context(), access.Principal{User: who.ID, Name: who.Name})
	c, err := w.app.Duty.AddContact(me, oncall.Contact{Kind: "ntfy", Address: server.URL + "/telefon"})
	w.ok(err)
	_, code, err := w.app.Duty.NewCode(me, c.ID)
	w.ok(err)
	w.ok(w.app.Duty.Verify(me, c.ID, code))
	return p
}

// tap counts: what a finger does.
type thumb struct {
	*Tab
	n int
}

func (f *thumb) tap(selector string) {
	f.t.Helper()
	f.n++
	f.Click(selector)
}

func (f *thumb) open(url string) {
	f.t.Helper()
	f.n++
	f.Go(url)
}

// From the alarm on a telephone to a decided deed: at most three taps, by somebody whose telephone is signed in. The figure
// stands in docs/measures.md.
func TestTapsFromAnAlarmToADecidedDeed(t *testing.T) {
	w := build(t)
	g := w.firms[0]
	ewa := w.as(g, access.Guardian)
	ringing := w.phone(g.people[access.Guardian])
	f := &thumb{Tab: Open(t)}
	f.Size(360, 740)
	f.SignIn(w.app.Origin(), g.people[access.Guardian].Email, password)
	for _, tc := range []struct{ who, text string }{
		{"Zenon", "Jutro spalę wam ten magazyn, zobaczycie."},
		{"Hejter", "Won stąd, śmierdzące żydki, do gazu z wami!"},
	} {
		post := g.shop.AddPost("noc-"+strings.ToLower(tc.who), "Noc "+tc.who, "Nowa kolekcja.") // a new thread: no case is open there
		g.shop.Comment(post, 0, tc.who+" Nocny", tc.who+"@visitor.test", "203.0.113.77", "Mozilla/5.0", tc.text)
		w.look(g)
		var m mention.Mention
		w.until(tc.who+" is read", func() bool {
			list, err := w.app.Mentions.List(ewa, mention.Filter{Firm: g.firm.ID, Limit: 50})
			w.ok(err)
			for _, x := range list {
				if strings.HasPrefix(x.AuthorName, tc.who) && len(x.Labels) > 0 {
					m = x
				}
			}
			return m.ID != ""
		})
		var alarm call
		w.until("the telephone rings for "+tc.who, func() (rang bool) {
			alarm, rang = ringing.last(func(c call) bool { return strings.Contains(c.Click, m.ID) })
			return rang
		})
		f.n = 0
		f.open(alarm.Click)
		f.tap(`#sticky-act .btn-primary`)
		decided := func() bool {
			made, err := w.app.Decisions.Of(ewa, g.firm.ID, m.ID)
			w.ok(err)
			return len(made) > 0
		}
		f.Until(`document.querySelector(".toast")?.checkVisibility() || document.querySelector("dialog[open] button[type=submit].btn")?.checkVisibility()`)
		if f.Has("dialog[open]") > 0 {
			f.tap(`dialog[open] form[action] button[type=submit].btn`)
		}
		w.until("the deed is decided", decided)
		made, err := w.app.Decisions.Of(ewa, g.firm.ID, m.ID)
		w.ok(err)
		t.Logf("%s: %d taps, %s", tc.who, f.n, made[0].Option)
		if f.n > 3 {
			t.Errorf("%s: %d taps from the alarm to the decided deed", tc.who, f.n)
		}
	}
}

// look makes ChOP look at the shop now.
func (w *world) look(g *guarded) {
	w.t.Helper()
	w.ok(w.app.Sources.LookNow(w.as(g, access.Guardian), g.firm.ID, g.source.ID))
}

// The owner gets a question on the telephone, opens it without signing in, says yes with one thumb, and the reply goes out;
// opening alone does nothing.
func TestTheOwnerApprovesFromTheTelephone(t *testing.T) {
	axe, err := os.ReadFile(filepath.FromSlash(axeFile))
	if err != nil {
		t.Fatal("axe-core is missing: run make deps")
	}
	w := build(t)
	g := w.firms[0]
	ewa := w.as(g, access.Guardian)
	ringing := w.phone(g.people[access.Owner])
	m := w.by(g, "Beata")
	a, err := w.app.Decisions.Recommend(ewa, g.firm.ID, m.ID)
	w.ok(err)
	d, err := w.app.Decisions.Decide(ewa, decision.Choice{Firm: g.firm.ID, Mention: m.ID, Option: decision.Reply, Text: "Pościel jest prana w 60 stopniach, kurczy się do 3%.",
		Shown: a.ID, Why: "Uzgodnione z właścicielką firmy.", AskOwner: true})
	w.ok(err)
	if d.State != decision.Consent {
		t.Fatalf("it is %s", d.State)
	}
	var asked call
	w.until("the owner's telephone rings", func() (rang bool) {
		asked, rang = ringing.last(func(c call) bool { return strings.Contains(c.Click, consent.LinkPath) })
		return rang
	})
	if len(asked.Actions) > 0 {
		t.Errorf("the lock screen can answer: %+v", asked.Actions)
	}
	b := Open(t)
	b.Size(360, 740)
	b.Go(asked.Click)
	judge(t, b, string(axe), strings.TrimPrefix(asked.Click, w.app.Origin()), "pl")
	b.Go(asked.Click)
	if q, err := w.app.Consents.Find(ewa, g.firm.ID, d.Consent); err != nil || q.State != consent.Open {
		t.Fatalf("opening answered: %s, %v", q.State, err)
	}
	b.Size(360, 740)
	if small := b.JS(`[...document.querySelectorAll(".ask .btn")].filter(e => e.getBoundingClientRect().height < 48).length`); small != "0" {
		t.Errorf("%s buttons are too small for a thumb", small)
	}
	b.Click(`.ask button[value=yes]`)
	b.See(".note-calm")
	w.until("the reply is under way", func() bool {
		deeds, err := w.app.Actions.ByDecision(ewa, g.firm.ID, d.ID)
		w.ok(err)
		return len(deeds) == 1 && deeds[0].State != action.Manual
	})
	q, err := w.app.Consents.Find(ewa, g.firm.ID, d.Consent)
	w.ok(err)
	if q.State != consent.Yes || q.AnsweredBy != g.people[access.Owner].ID {
		t.Errorf("on record: %+v", q)
	}

	b.SignIn(w.app.Origin(), g.people[access.Owner].Email, password)
	b.Until(`location.pathname === "/owner"`) // an owner lands on the firm's own screen
	for _, lang := range []string{"pl", "en"} {
		b.JS(`fetch("/prefs", {method: "POST", body: new URLSearchParams({lang: "` + lang + `"})}).then(r => r.status)`)
		b.Complaints()
		b.Go(w.app.Origin() + "/owner")
		judge(t, b, string(axe), "/owner", lang)
	}
	b.Size(360, 740)
	b.Click(`#call button[type=submit]`)
	b.See(".toast")
	b.Type(`#drafts textarea`, "Jutro nowa kolekcja!")
	b.Click(`#drafts button[type=submit]`)
	b.See("#drafts article")
	if said := b.Complaints(); len(said) > 0 {
		t.Errorf("the browser complains: %s", strings.Join(said, " | "))
	}
}
