package exhibits_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"chop/internal/access"
	"chop/internal/evidence"
	"chop/internal/job"
	"chop/internal/reason"
	"chop/internal/stamp"
	"chop/internal/tsa"
)

// bureau is an authority that a test switches off.
type bureau struct {
	*tsa.Development
	away bool
}

func (b *bureau) Ask(ctx context.Context, request []byte) ([]byte, error) {
	if b.away {
		return nil, errors.New("away")
	}
	return b.Development.Ask(ctx, request)
}

// stamped opens the world with one authority; pass lets time go by and does what is due.
func (w *world) stamped(a *stamp.Authority, away bool) (b *bureau, pass func(time.Duration)) {
	w.t.Helper()
	d, err := tsa.NewDevelopment(w.clock.Now)
	check(w.t, err)
	b = &bureau{d, away}
	q, err := job.New(w.d, job.Config{})
	check(w.t, err)
	w.t.Cleanup(func() { _ = q.Stop(context.Background()) })
	one := &stamp.Authority{Client: &tsa.Client{Name: "Urząd <b>Próbny</b>", Way: b, Roots: tsa.Pool(d.Root), Now: w.clock.Now},
		Development: a.Development, Qualified: a.Qualified}
	s := stamp.NewStore(stamp.Config{DB: w.d, Jobs: q, Seal: w.keys, Journal: w.journal, Ledger: w.ledger, Authorities: []*stamp.Authority{one}})
	w.open(s)
	return b, func(d time.Duration) {
		w.clock.Forward(d)
		check(w.t, errors.Join(s.Tend(w.sys), q.Drain(w.sys)))
	}
}

func (w *world) seen() evidence.Exhibit {
	w.t.Helper()
	e, err := w.vault.Preserve(w.sys, evidence.Capture{Firm: w.mine.ID, Ref: reason.Ref{Kind: "page", ID: "p1"}, Title: "Strona z wpisem",
		Level: evidence.L2, Files: []evidence.File{{Name: "strona.html", Media: "text/html", Body: []byte("x")}}})
	check(w.t, err)
	return e
}

// card is the words of the card about independent time.
func (a answer) card(t *testing.T) string {
	t.Helper()
	found := a.all("id", "stamp")
	if a.status != http.StatusOK || len(found) != 1 {
		t.Fatalf("status %d, %d cards", a.status, len(found))
	}
	return strings.Join(strings.Fields(text(found[0])), " ")
}

func TestThePageShowsWhatTheTimeRestsOn(t *testing.T) {
	w := newWorld(t)
	e := w.seen()
	ewa := w.visitor(w.mine.ID, access.Guardian)
	path := "/exhibits/" + e.ID
	if got := ewa.get(path).card(t); !strings.Contains(got, "nie ma znacznika czasu") || !strings.Contains(got, "Administrator może go dodać") {
		t.Error(got)
	}
	b, pass := w.stamped(&stamp.Authority{Qualified: stamp.Qualified{Source: "lista <i>zaufania</i>", On: "2026-11-20"}}, true)
	if got := ewa.get(path); !strings.Contains(got.card(t), "Poproś o znacznik czasu") || !strings.Contains(facts(got), "L2:") {
		t.Error(got.card(t))
	}
	if a := ewa.ask(http.MethodPost, path+"/stamp"); a.status != http.StatusSeeOther || a.header.Get("Location") != path+"#stamp" {
		t.Error(a.status, a.header)
	}
	pass(time.Hour)
	if got := ewa.get(path).card(t); !strings.Contains(got, "Czeka na znacznik czasu") || !strings.Contains(got, "urząd nie odpowiada. Nic nie przepadło") {
		t.Error(got)
	}
	b.away = false
	pass(10 * time.Minute)
	a := ewa.get(path)
	for _, want := range []string{"kwalifikowany", "2026-11-22 01:02:00 UTC", "ostemplowano z opóźnieniem 1 h 10 min", "Urząd <b>Próbny</b>",
		"lista <i>zaufania</i>", "20.11.2026", "unieważniony"} {
		if got := strings.ReplaceAll(a.card(t), "\u00a0", " "); !strings.Contains(got, want) {
			t.Errorf("the card lacks %q: %s", want, got)
		}
	}
	if !strings.Contains(facts(a), "L3:") {
		t.Error(facts(a))
	}
	if got := text(ewa.ask(http.MethodPost, path+"/verify").all("data-receipt", "")[0]); !strings.Contains(got, "Znacznik czasu dotyczy tego dowodu") {
		t.Error(got)
	}
	lawyer, staff, stranger := w.visitor(w.mine.ID, access.Lawyer), w.visitor(w.mine.ID, access.Staff), w.visitor(w.other.ID, access.Owner)
	for who, want := range map[*visitor]int{lawyer: http.StatusSeeOther, staff: http.StatusNotFound, stranger: http.StatusNotFound} {
		if got := who.ask(http.MethodPost, path+"/stamp").status; got != want {
			t.Errorf("status %d, want %d", got, want)
		}
	}
}

func facts(a answer) string { return text(a.all("id", "facts")[0]) }

// Nobody takes the built-in authority for a proof: the word stands beside the time.
func TestADevelopmentStampIsMarked(t *testing.T) {
	w := newWorld(t)
	_, pass := w.stamped(&stamp.Authority{Development: true}, false)
	e := w.seen()
	pass(time.Second)
	a := w.visitor(w.mine.ID, access.Owner).get("/exhibits/" + e.ID)
	for _, want := range []string{"tylko do prób", "Nie jest dowodem w sądzie", "NOT EVIDENCE"} {
		if !strings.Contains(a.card(t), want) {
			t.Errorf("the card lacks %q: %s", want, a.card(t))
		}
	}
	if !strings.Contains(facts(a), "L2:") || strings.Contains(a.card(t), "Poproś") {
		t.Error(facts(a), a.card(t))
	}
	checks := w.visitor(w.mine.ID, access.Owner).ask(http.MethodPost, "/exhibits/"+e.ID+"/verify").all("data-check", "stamp")
	if len(checks) != 1 || !strings.Contains(text(checks[0]), "tylko do prób") {
		t.Error("the receipt calls it valid without a word of what it is worth")
	}
}
