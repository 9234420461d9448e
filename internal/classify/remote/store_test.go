package remote_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"

	"chop/internal/access"
	"chop/internal/classify"
	"chop/internal/classify/remote"
	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/journal"
	"chop/internal/lang"
)

func TestSettingsAreKeptAndTheKeyStaysInside(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		got, err := w.Settings(w.guardian, w.firm.ID)
		w.ok(err)
		if got.On || got.Set || got.Scope != remote.Doubtful || got.DayTokens == 0 || got.MonthCost != 0 {
			t.Fatalf("defaults: %+v", got)
		}
		w.on(func(c *remote.Change) {
			c.URL, c.Names = w.place.URL+"/v1/chat/completions/", []string{" Anna Nowak ", "", "Jan"}
			c.PriceIn, c.PriceOut, c.MonthCost, c.Currency = 600_000, 2_400_000, 50e6, "EUR"
		})
		got, err = w.Settings(w.person(access.Owner), w.firm.ID)
		w.ok(err)
		if !got.On || !got.HasKey || got.URL != w.place.URL+"/v1" || got.Accepted != w.place.URL || got.AcceptedBy != "Ewa Maj" || got.AcceptedAt.IsZero() ||
			!slices.Equal(got.Names, []string{"Anna Nowak", "Jan"}) || got.PriceIn != 600_000 || got.PriceOut != 2_400_000 || got.MonthCost != 50e6 || got.Currency != "EUR" {
			t.Fatalf("%+v", got)
		}
		w.on(func(c *remote.Change) { c.Key, c.Accept, c.Model = "", false, "inny" }) // the same place: key and consent stay
		w.comes("!Zimna zupa")
		if qs := w.place.questions(); len(qs) != 1 || qs[0].Key != "Bearer tajny-klucz" || qs[0].Model != "inny" {
			t.Fatalf("%+v", qs)
		}
		var raw []byte
		w.ok(w.d.Read(w.sys, func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.One(ctx, `SELECT sealed FROM second_engine WHERE firm_id = $1`, []any{w.firm.ID}, &raw)
			return err
		}))
		if len(raw) == 0 || strings.Contains(string(raw), "tajny") || strings.Contains(string(raw), "Nowak") {
			t.Fatal("the key or a name lies open in the database")
		}
		w.on(func(c *remote.Change) { c.Key, c.DropKey = "", true })
		if got, err = w.Settings(w.guardian, w.firm.ID); err != nil || got.HasKey {
			t.Fatalf("%+v %v", got, err)
		}
	})
}

func TestAKeyAndAConsentAreForOnePlace(t *testing.T) {
	w := sqlite(t)
	w.on()
	c := w.settings()
	c.URL, c.Key = "https://inny.example/v1", ""
	w.refuses(w.Save(w.guardian, c), "second.key_again", "key")
	c.URL = strings.Replace(w.place.URL, "http://", "https://", 1) + "/v1" // another scheme is another place
	w.refuses(w.Save(w.guardian, c), "second.key_again", "key")
	c.URL, c.Key, c.Accept = "https://inny.example/v1", "nowy", false
	w.refuses(w.Save(w.guardian, c), "second.accept", "accept")
	c.On = false
	w.ok(w.Save(w.guardian, c)) // preparing is no sending
	_, err := w.Try(w.guardian, w.firm.ID, "Zimna zupa")
	w.refuses(err, "second.accept", "accept")
}

func TestWhatCannotBeASetting(t *testing.T) {
	w := sqlite(t)
	for _, c := range []struct {
		change      func(*remote.Change)
		code, field string
	}{
		{func(c *remote.Change) { c.URL = "" }, "second.url", "url"},
		{func(c *remote.Change) { c.URL = "ftp://x.example" }, "second.url", "url"},
		{func(c *remote.Change) { c.URL = "https://user:pw@x.example/v1" }, "second.url", "url"},
		{func(c *remote.Change) { c.URL = "https://x.example/" + strings.Repeat("v", 600) }, "second.url", "url"},
		{func(c *remote.Change) { c.URL = "http://api.example.com/v1" }, "second.plain", "url"},
		{func(c *remote.Change) { c.URL = "http://8.8.8.8/v1" }, "second.plain", "url"},
		{func(c *remote.Change) { c.Model = " " }, "second.model", "model"},
		{func(c *remote.Change) { c.Model = "a\nb" }, "second.model", "model"},
		{func(c *remote.Change) { c.Key = "a\r\nX-Evil: 1" }, "second.key", "key"},
		{func(c *remote.Change) { c.Key = strings.Repeat("k", 5000) }, "second.key", "key"},
		{func(c *remote.Change) { c.Names = slices.Repeat([]string{"Jan"}, 400) }, "second.names", "names"},
		{func(c *remote.Change) { c.DayTokens = -1 }, "second.number", "day"},
	} {
		x := w.settings()
		c.change(&x)
		w.refuses(w.Save(w.guardian, x), c.code, c.field)
	}
	for _, good := range []string{"http://ollama:11434/v1", "http://192.168.1.7:8080/v1", "http://[::1]/v1", "http://serwer.local/v1", "https://api.example.com/v1?api-version=1"} {
		x := w.settings()
		x.URL = good
		w.ok(w.Save(w.guardian, x))
	}
}

func TestWhoMay(t *testing.T) {
	w := sqlite(t)
	w.on()
	admin := access.With(t.Context(), access.Principal{User: "a", Name: "Admin", Admin: true})
	for _, ctx := range []context.Context{w.guardian, w.person(access.Owner), admin} {
		_, err := w.Settings(ctx, w.firm.ID)
		w.ok(err)
	}
	stranger := access.With(t.Context(), access.Principal{User: "s", Firms: map[string]access.Role{"other": access.Guardian}})
	for ctx, kind := range map[context.Context]fault.Kind{w.person(access.Staff): fault.Forbidden, w.person(access.Lawyer): fault.Forbidden, stranger: fault.NotFound} {
		_, settings := w.Settings(ctx, w.firm.ID)
		_, try := w.Try(ctx, w.firm.ID, "Zimna zupa")
		_, _, usage := w.Usage(ctx, w.firm.ID)
		for i, err := range []error{settings, try, usage, w.Save(ctx, w.settings()), w.SwitchOff(ctx, w.firm.ID)} {
			if fault.KindOf(err) != kind {
				t.Errorf("verb %d: %v", i, err)
			}
		}
	}
	if _, err := w.State(w.person(access.Staff), w.firm.ID); err != nil {
		t.Errorf("who reads comments may know that an opinion is missing: %v", err)
	}
	if _, err := w.State(stranger, w.firm.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("%v", err)
	}
	if len(w.place.questions()) != 0 {
		t.Fatal("somebody was asked")
	}
}

func TestTryingShowsWhatLeavesAndWhatComes(t *testing.T) {
	w := sqlite(t)
	_, err := w.Try(w.guardian, w.firm.ID, "Zimna zupa")
	w.refuses(err, "second.unset", "")
	w.on(func(c *remote.Change) { c.On, c.PriceIn, c.PriceOut, c.MonthCost = false, 1e6, 1e6, 100e6 })
	_, err = w.Try(w.guardian, w.firm.ID, " ")
	w.refuses(err, "second.sample", "text")
	_, err = w.Try(w.guardian, w.firm.ID, strings.Repeat("a", 3000))
	w.refuses(err, "second.sample", "text")
	w.place.thinks("zupa", threat, 4)
	got, err := w.Try(w.guardian, w.firm.ID, "!Zimna zupa, tel. 601 234 567")
	w.ok(err)
	if got.Sent != "!Zimna zupa, tel. [PHONE]" || !got.Result.Has(classify.Threat) || !got.Result.Has(classify.Complaint) || got.Tokens != 450 || got.Cost != 450 {
		t.Fatalf("%+v", got)
	}
	w.place.answers(func(rw http.ResponseWriter, _ question) bool { rw.WriteHeader(500); return true })
	if got, err := w.Try(w.guardian, w.firm.ID, "Zimna zupa"); err == nil || got.Sent == "" {
		t.Fatalf("%v %+v", err, got)
	}
	lines, _, err := w.journal.List(w.guardian, w.firm.ID, journal.Filter{Verb: "second.tried"}, journal.Page{})
	w.ok(err)
	if len(lines) != 2 || strings.Contains(lines[0].Data["host"]+lines[0].Data["name"], "zupa") {
		t.Fatalf("%+v", lines)
	}
}

func TestMoney(t *testing.T) {
	for in, want := range map[string]remote.Money{"": 0, "0,15": 150_000, "12.5": 12_500_000, "1 000": 1_000_000_000, "0.000001": 1} {
		if got, ok := remote.ParseMoney(in); !ok || got != want {
			t.Errorf("%q: %d %v", in, got, ok)
		}
	}
	for _, bad := range []string{"-1", "x", "NaN", "1e9", "Inf", "1,2,3"} {
		if got, ok := remote.ParseMoney(bad); ok {
			t.Errorf("%q: %d", bad, got)
		}
	}
	for m, want := range map[remote.Money]string{0: "0,00", 150_000: "0,15", 12_500_000: "12,50", 1: "0,000001"} {
		if got := m.Text(lang.PL); got != want {
			t.Errorf("%d: %s", m, got)
		}
	}
}
