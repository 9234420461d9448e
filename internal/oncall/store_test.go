package oncall_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/db/dbtest"
	"chop/internal/fault"
	"chop/internal/firm"
	"chop/internal/journal"
	"chop/internal/lang"
	"chop/internal/ledger"
	"chop/internal/oncall"
	"chop/internal/seal"
)

type world struct {
	*oncall.Store
	t     *testing.T
	d     *db.DB
	clock *dbtest.Clock
	firm  string
}

func each(t *testing.T, f func(t *testing.T, w world)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		dir := t.TempDir()
		keys, err := seal.New(t.Context(), d, dir)
		must(t, err)
		log, err := ledger.New(d, bytes.Repeat([]byte{1}, 32), dir)
		must(t, err)
		j := journal.New(d, log, keys)
		fm, err := firm.New(d, j).Create(access.With(t.Context(), access.System("*")), firm.Firm{Name: "Sushi Hanami"})
		must(t, err)
		check := func(kind, to string) error {
			if kind != "email" || !strings.Contains(to, "@") {
				return fault.New(fault.Invalid, "notify.email.address")
			}
			return nil
		}
		w := world{oncall.NewStore(oncall.Config{DB: d, Journal: j, Seal: keys, Check: check}), t, d, clock, fm.ID}
		for _, p := range [][2]string{{"ewa", "guardian"}, {"tomasz", "guardian"}, {"joanna", "owner"}, {"prawnik", "lawyer"}} {
			w.hire(p[0], p[1])
		}
		f(t, w)
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w world) hire(name, role string) {
	w.t.Helper()
	must(w.t, w.d.Tx(w.t.Context(), func(ctx context.Context, tx *db.Tx) error {
		if _, err := tx.Exec(ctx, `INSERT INTO person (id, name, email, email_key, lang, created_at) VALUES ($1, $1, $2, $2, 'en', $3)`, name, name+"@x.pl", tx.Now()); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO membership (firm_id, user_id, role, since) VALUES ($1, $2, $3, $4)`, w.firm, name, role, tx.Now())
		return err
	}))
	w.clock.Forward(time.Second)
}

func (w world) as(name string, r access.Role) context.Context {
	return access.With(w.t.Context(), access.Principal{User: name, Name: name, Firms: map[string]access.Role{w.firm: r}})
}

func TestDutyIsTheRotaUnlessAShiftSaysOtherwise(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		ewa := w.as("ewa", access.Guardian)
		now := w.d.Now()
		if _, ok, err := w.OnDuty(ewa, w.firm, now); ok || err != nil {
			t.Fatal("somebody is on duty before anything was set", err)
		}
		gaps, err := w.Warn(ewa, w.firm)
		must(t, err)
		if len(gaps) != 1 || gaps[0].To.Sub(gaps[0].From) != 7*24*time.Hour {
			t.Fatalf("%v", gaps)
		}
		must(t, w.SetRota(ewa, w.firm, oncall.Rota{Users: []string{"ewa", "tomasz"}, Start: now.Add(-48 * time.Hour), Hour: 6, Rotation: oncall.Daily}, "nowy grafik"))
		on, ok, err := w.OnDuty(ewa, w.firm, now)
		must(t, err)
		if !ok || on.User != "tomasz" || lang.PL.Clock(on.From) != "06:00" || lang.PL.Clock(on.To) != "06:00" {
			t.Fatalf("%+v", on)
		}
		sh, err := w.AddShift(ewa, oncall.Shift{Firm: w.firm, User: "ewa", From: now.Add(-time.Hour), To: now.Add(time.Hour), Note: "za\u202e Tomasza"})
		must(t, err)
		if on, _, _ := w.OnDuty(ewa, w.firm, now); on.ID != sh.ID || on.Note != "za Tomasza" {
			t.Fatalf("%+v", on)
		}
		if on, _, _ := w.OnDuty(ewa, w.firm, now.Add(time.Hour)); on.User != "tomasz" || !on.From.Equal(now.Add(time.Hour)) {
			t.Fatalf("%+v", on)
		}
		must(t, w.RemoveShift(ewa, w.firm, sh.ID))
		if on, _, _ := w.OnDuty(ewa, w.firm, now); on.User != "tomasz" {
			t.Fatalf("%+v", on)
		}
		if gaps, err := w.Warn(ewa, w.firm); err != nil || len(gaps) != 0 {
			t.Fatalf("%v %v", gaps, err)
		}
		must(t, w.d.Tx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE person SET disabled_at = 1 WHERE id = 'tomasz'`)
			return err
		}))
		if _, ok, err := w.OnDuty(ewa, w.firm, now); ok || err != nil {
			t.Fatal("a closed account is on duty", err)
		}
		if gaps, err := w.Warn(ewa, w.firm); err != nil || len(gaps) < 3 {
			t.Fatalf("%v %v", gaps, err)
		}
	})
}

func TestPolicyAndPlanOfAFirm(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		ewa := w.as("ewa", access.Guardian)
		stages, roster, end, err := w.Plan(ewa, w.firm, w.d.Now())
		must(t, err)
		if len(stages) != 12 || stages[0].Users[0] != "ewa" || stages[2].Users[0] != "joanna" || len(roster) != 4 || roster[0].Lang != lang.EN || end.Sub(w.d.Now()) != 100*time.Minute {
			t.Fatalf("%+v", stages)
		}
		p := oncall.Policy{Steps: []oncall.Step{{After: 0, Targets: []string{"joanna"}}}, Wait: 3}
		must(t, w.SetPolicy(ewa, w.firm, p, "tak chce firma"))
		if stages, _, _, err = w.Plan(ewa, w.firm, w.d.Now()); err != nil || len(stages) != 1 || stages[0].Users[0] != "joanna" {
			t.Fatalf("%+v %v", stages, err)
		}
		must(t, w.SetRota(ewa, w.firm, oncall.Rota{}, "")) // another column leaves the policy alone
		if _, got, err := w.Setup(ewa, w.firm); err != nil || len(got.Steps) != 1 || got.Wait != 3 {
			t.Fatalf("%+v %v", got, err)
		}
		must(t, w.SetPolicy(ewa, w.firm, oncall.Policy{}, ""))
		if _, got, err := w.Setup(ewa, w.firm); err != nil || len(got.Steps) != 3 {
			t.Fatalf("%+v %v", got, err)
		}
		p.Steps[0].Targets = []string{"prawnik"}
		if err := w.SetPolicy(ewa, w.firm, p, ""); !fault.Is(err, fault.Invalid) {
			t.Fatalf("a lawyer is woken: %v", err)
		}
	})
}

func TestDutyIsChangedByGuardiansOnly(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		now := w.d.Now()
		good := oncall.Shift{Firm: w.firm, User: "ewa", From: now, To: now.Add(time.Hour)}
		for name, c := range map[string]struct {
			ctx  context.Context
			kind fault.Kind
		}{"owner": {w.as("joanna", access.Owner), fault.Forbidden}, "stranger": {access.With(t.Context(), access.Principal{User: "x"}), fault.NotFound}, "nobody": {t.Context(), fault.NotFound}} {
			_, add := w.AddShift(c.ctx, good)
			_, note := w.HandOver(c.ctx, w.firm, "x")
			for i, err := range []error{add, note, w.RemoveShift(c.ctx, w.firm, "x"), w.SetRota(c.ctx, w.firm, oncall.Rota{}, ""), w.SetPolicy(c.ctx, w.firm, oncall.Policy{}, "")} {
				if !fault.Is(err, c.kind) {
					t.Errorf("%s, verb %d: %v", name, i, err)
				}
			}
		}
		ewa := w.as("ewa", access.Guardian)
		for name, change := range map[string]func(*oncall.Shift){"ends before it begins": func(s *oncall.Shift) { s.To = s.From }, "too long": func(s *oncall.Shift) { s.To = s.From.AddDate(0, 2, 0) },
			"a lawyer": func(s *oncall.Shift) { s.User = "prawnik" }, "a stranger": func(s *oncall.Shift) { s.User = "x" }} {
			s := good
			change(&s)
			if _, err := w.AddShift(ewa, s); !fault.Is(err, fault.Invalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := w.RemoveShift(ewa, w.firm, "x"); !fault.Is(err, fault.NotFound) {
			t.Error(err)
		}
	})
}

func TestHandoverNotes(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		ewa := w.as("ewa", access.Guardian)
		for _, s := range []string{"pierwsza", "druga\nlinia " + strings.Repeat("x", 5000)} {
			_, err := w.HandOver(ewa, w.firm, s)
			must(t, err)
		}
		if _, err := w.HandOver(ewa, w.firm, " \u200b\n "); !fault.Is(err, fault.Invalid) {
			t.Error("an empty note was taken", err)
		}
		ns, err := w.Notes(w.as("joanna", access.Owner), w.firm, 0)
		must(t, err)
		if len(ns) != 2 || ns[1].Text != "pierwsza" || !strings.HasPrefix(ns[0].Text, "druga\nlinia") || len(ns[0].Text) != 4000 || ns[0].By != "ewa" {
			t.Fatalf("%+v", ns)
		}
	})
}

func TestContactsAreSealedAndUsedOnceVerified(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		ewa := w.as("ewa", access.Guardian)
		m := oncall.Member{ID: "ewa", Email: "ewa@x.pl"}
		account := func(when string) {
			t.Helper()
			cs, err := w.Contacts(t.Context(), m)
			must(t, err)
			if len(cs) != 1 || cs[0].ID != oncall.AccountContact || cs[0].Address != "ewa@x.pl" {
				t.Fatalf("%s: %+v", when, cs)
			}
		}
		account("none set")
		c, err := w.AddContact(ewa, oncall.Contact{Kind: "email", Address: "tajny@x.pl", Secret: "s3cret", Verified: time.Now()})
		must(t, err)
		account("not verified yet")
		_, code, err := w.NewCode(ewa, c.ID)
		must(t, err)
		if err := w.Verify(w.as("tomasz", access.Guardian), c.ID, code); !fault.Is(err, fault.Invalid) {
			t.Fatalf("somebody else's code: %v", err)
		}
		must(t, w.Verify(ewa, c.ID, code))
		if cs, err := w.Contacts(t.Context(), m); err != nil || len(cs) != 1 || cs[0].Address != "tajny@x.pl" || cs[0].Secret != "s3cret" {
			t.Fatalf("%+v %v", cs, err)
		}
		var box []byte
		must(t, w.d.Read(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.One(ctx, `SELECT sealed FROM contact`, nil, &box)
			return err
		}))
		if len(box) == 0 || bytes.Contains(box, []byte("tajny")) || bytes.Contains(box, []byte("s3cret")) {
			t.Fatal("the address lies open in the database")
		}
		must(t, w.EnableContact(ewa, c.ID, false))
		account("switched off")
		must(t, w.EnableContact(ewa, c.ID, true))
		must(t, w.d.Tx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE contact SET sealed = $1`, append(bytes.Clone(box[:len(box)-1]), ^box[len(box)-1]))
			return err
		}))
		account("damaged")
		if err := w.RemoveContact(w.as("tomasz", access.Guardian), c.ID); !fault.Is(err, fault.NotFound) {
			t.Fatalf("removed somebody else's: %v", err)
		}
		must(t, w.RemoveContact(ewa, c.ID))
		if cs, err := w.MyContacts(ewa); err != nil || len(cs) != 0 {
			t.Fatalf("%v %v", cs, err)
		}
	})
}

func TestACodeIsGoodForFiveTriesAndFifteenMinutes(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		ewa := w.as("ewa", access.Guardian)
		c, err := w.AddContact(ewa, oncall.Contact{Kind: "email", Address: "a@x.pl"})
		must(t, err)
		_, code, err := w.NewCode(ewa, c.ID)
		must(t, err)
		for range 5 {
			if err := w.Verify(ewa, c.ID, "x"); !fault.Is(err, fault.Invalid) {
				t.Fatal(err)
			}
		}
		if err := w.Verify(ewa, c.ID, code); !fault.Is(err, fault.Invalid) {
			t.Fatalf("the sixth try: %v", err)
		}
		if _, code, err = w.NewCode(ewa, c.ID); err != nil || len(code) != 6 {
			t.Fatal(code, err)
		}
		w.clock.Forward(15 * time.Minute)
		if err := w.Verify(ewa, c.ID, code); !fault.Is(err, fault.Invalid) {
			t.Fatalf("an old code: %v", err)
		}
	})
}

func TestPoorContactsAreRefused(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		ewa := w.as("ewa", access.Guardian)
		_, err := w.AddContact(ewa, oncall.Contact{Kind: "email", Address: "a@x.pl"})
		must(t, err)
		for name, c := range map[string]oncall.Contact{"address": {Kind: "email", Address: "x"}, "kind": {Kind: "pigeon", Address: "a@x.pl"},
			"twice": {Kind: "email", Address: "a@x.pl"}, "secret": {Kind: "email", Address: "b@x.pl", Secret: strings.Repeat("x", 501)}} {
			if _, err := w.AddContact(ewa, c); !fault.Is(err, fault.Invalid) && !fault.Is(err, fault.Conflict) {
				t.Errorf("%s: %v", name, err)
			}
		}
		for _, ctx := range []context.Context{t.Context(), access.With(t.Context(), access.System("*"))} {
			if _, err := w.AddContact(ctx, oncall.Contact{Kind: "email", Address: "c@x.pl"}); !fault.Is(err, fault.Forbidden) {
				t.Errorf("not a person: %v", err)
			}
		}
		for i := range 9 {
			_, err := w.AddContact(ewa, oncall.Contact{Kind: "email", Address: strings.Repeat("z", i+1) + "@x.pl"})
			must(t, err)
		}
		if _, err := w.AddContact(ewa, oncall.Contact{Kind: "email", Address: "eleventh@x.pl"}); !fault.Is(err, fault.Conflict) {
			t.Errorf("the eleventh: %v", err)
		}
	})
}
