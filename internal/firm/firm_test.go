package firm_test

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/db/dbtest"
	"chop/internal/fault"
	"chop/internal/firm"
	"chop/internal/journal"
	"chop/internal/ledger"
	"chop/internal/seal"
)

func open(t *testing.T, d *db.DB) (*firm.Store, *journal.Store) {
	t.Helper()
	dir := t.TempDir()
	k, err := seal.New(t.Context(), d, dir)
	if err != nil {
		t.Fatal(err)
	}
	l, err := ledger.New(d, []byte(strings.Repeat("s", 32)), dir)
	if err != nil {
		t.Fatal(err)
	}
	j := journal.New(d, l, k)
	return firm.New(d, j), j
}

func system(t *testing.T) context.Context { return access.With(t.Context(), access.System("*")) }

func person(t *testing.T, firms map[string]access.Role) context.Context {
	return access.With(t.Context(), access.Principal{User: "p", Name: "Pat", Firms: firms})
}

func TestFirmsOfOneNameHaveDifferentShortNames(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		s, _ := open(t, d)
		var got []string
		for range 6 {
			f, err := s.Create(system(t), firm.Firm{Name: "Manufaktura Lniana"})
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, f.Slug)
		}
		if want := "MAN ML MANU MANUF MANA MANB"; strings.Join(got, " ") != want {
			t.Fatalf("%v, want %s", got, want)
		}
		for name, want := range map[string]string{"Łąka i Spółka": "LAK", "漢字": "FI", "x-y": "XY", "<b>": "FI"} {
			f, err := s.Create(system(t), firm.Firm{Name: name})
			if err != nil || !strings.HasPrefix(f.Slug, want) {
				t.Errorf("%q: slug %q, %v", name, f.Slug, err)
			}
		}
	})
}

func TestWhatIsSavedComesBackAndIsOnRecord(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		s, j := open(t, d)
		f, err := s.Create(system(t), firm.Firm{Name: "  Kwiaciarnia\nMak ", City: "Łódź", Lang: "pl", Words: []string{"Mak", " mak", "", "Anna Mak"}})
		if err != nil {
			t.Fatal(err)
		}
		if f.Name != "Kwiaciarnia Mak" || len(f.Words) != 2 || f.Settings.RiskAversion != 1 || f.Settings.May("hide") != "" {
			t.Fatalf("%+v", f)
		}
		owner := person(t, map[string]access.Role{f.ID: access.Owner})
		f.Settings = firm.Settings{RiskAversion: 2, PreauthoriseSpam: true, Mandate: map[string]string{"hide": firm.Tell}}
		f.Slug = "HACK"
		if _, err := s.Update(owner, f, "nowa umowa"); err != nil {
			t.Fatal(err)
		}
		got, err := s.Find(owner, f.ID)
		if err != nil || got.Slug != "KWI" || got.City != "Łódź" || !got.Settings.PreauthoriseSpam || got.Settings.May("hide") != firm.Tell {
			t.Fatalf("%+v %v", got, err)
		}
		lines, _, err := j.List(owner, f.ID, journal.Filter{Verb: "firm."}, journal.Page{})
		if err != nil || len(lines) != 2 || lines[0].Why != "nowa umowa" {
			t.Fatalf("%+v %v", lines, err)
		}
	})
}

func TestNobodySeesOrChangesAnotherFirm(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		s, _ := open(t, d)
		a, _ := s.Create(system(t), firm.Firm{Name: "Alfa"})
		b, err := s.Create(system(t), firm.Firm{Name: "Beta"})
		if err != nil {
			t.Fatal(err)
		}
		owner := person(t, map[string]access.Role{a.ID: access.Owner})
		if _, err := s.Find(owner, b.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("find: %v", err)
		}
		if _, err := s.Update(owner, b, ""); !fault.Is(err, fault.NotFound) {
			t.Errorf("update: %v", err)
		}
		if err := s.Archive(owner, a.ID, "bo tak"); !fault.Is(err, fault.Forbidden) {
			t.Errorf("archive: %v", err)
		}
		if _, err := s.Create(owner, firm.Firm{Name: "Gamma"}); !fault.Is(err, fault.Forbidden) {
			t.Errorf("create: %v", err)
		}
		if _, err := s.Update(person(t, map[string]access.Role{a.ID: access.Staff}), a, ""); !fault.Is(err, fault.Forbidden) {
			t.Errorf("staff updates: %v", err)
		}
		for name, c := range map[string]struct {
			ctx  context.Context
			want int
		}{"owner": {owner, 1}, "system": {system(t), 2}, "nobody": {t.Context(), 0},
			"admin": {access.With(t.Context(), access.Principal{User: "a", Admin: true}), 2}} {
			if fs, err := s.List(c.ctx); err != nil || len(fs) != c.want {
				t.Errorf("%s lists %d, want %d: %v", name, len(fs), c.want, err)
			}
		}
	})
}

func TestArchivingNeedsAReasonAndHappensOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		s, _ := open(t, d)
		f, err := s.Create(system(t), firm.Firm{Name: "Alfa"})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Archive(system(t), f.ID, " \u200b "); !fault.Is(err, fault.Invalid) {
			t.Fatalf("no reason: %v", err)
		}
		if err := s.Archive(system(t), f.ID, "koniec umowy"); err != nil {
			t.Fatal(err)
		}
		if err := s.Archive(system(t), f.ID, "koniec umowy"); !fault.Is(err, fault.NotFound) {
			t.Errorf("again: %v", err)
		}
		if fs, _ := s.List(system(t)); len(fs) != 0 {
			t.Errorf("still listed: %v", fs)
		}
	})
}

func TestPoorFirmsAreRefused(t *testing.T) {
	long, many := strings.Repeat("ż", 121), []string{}
	for i := range 501 {
		many = append(many, strconv.Itoa(i))
	}
	for name, f := range map[string]firm.Firm{
		"no name": {Name: "\u202e\u200b \n"}, "long name": {Name: long}, "long city": {Name: "A", City: long},
		"many words": {Name: "A", Words: many},
		"risk":       {Name: "A", Settings: firm.Settings{RiskAversion: 9}},
		"mandate":    {Name: "A", Settings: firm.Settings{Mandate: map[string]string{"delete": "always"}}},
	} {
		_, err := firm.Clean(f)
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOneLineHasNoHiddenCharacters(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := firm.OneLine(rapid.String().Draw(t, "s"))
		if !utf8.ValidString(s) || strings.ContainsAny(s, "\r\n\t\u202e\u200b\x00") || firm.OneLine(s) != s || strings.TrimSpace(s) != s {
			t.Fatalf("%q", s)
		}
	})
}
