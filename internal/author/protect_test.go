package author_test

import (
	"testing"
	"time"

	"chop/internal/access"
	"chop/internal/author"
	"chop/internal/author/signal"
	"chop/internal/classify"
	"chop/internal/fault"
)

// Once a child or a person in distress shows, nothing about the account is kept but the mark of care.
func TestMinorsAndPeopleInDistressAreNotProfiled(t *testing.T) {
	for kind, sign := range map[string]func(w *world){
		"minor": func(w *world) {
			w.takesIn(f1, w.says("wrobel", "A w ogóle to mam 13 lat i co mi zrobicie", w.clock.Now()))
		},
		"distress": func(w *world) {
			for _, m := range w.takesIn(f1, w.says("wrobel", "Nie wiem już co robić", w.clock.Now())) {
				ok(w.t, w.labels.Correct(w.ewa(), f1, m.ID, []classify.Label{classify.Distress}, 4, "osoba w kryzysie"))
				ok(w.t, w.authors.Guard(w.system(), classify.Labelled{Firm: f1, IDs: []string{m.ID}}))
			}
		},
	} {
		t.Run(kind, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				key := w.campaign(f1, "wrobel", 12)
				d := must[author.Document](t)(w.authors.Draft(w.ewa(), f1, key))
				d = must[author.Document](t)(w.authors.Confirm(w.ewa(), f1, d.ID, ""))
				draft := must[author.Document](t)(w.authors.Draft(w.ewa(), f1, key))
				ok(t, w.authors.Tell(w.ewa(), f1, key, signal.Fact{Field: "followers", Value: "120", Source: "profil publiczny", SeenAt: w.clock.Now()}))
				sign(w)

				p := must[author.Portrait](t)(w.authors.Open(w.ewa(), f1, key))
				if !p.Stopped || len(p.Flags) != 1 || p.Flags[0].Kind != kind || p.Signals != nil || p.Standing != nil || p.Draft != nil || p.Facts != nil {
					t.Fatalf("%+v", p)
				}
				if n := w.count(`SELECT count(*) FROM author_profile WHERE firm_id = $1 AND (sealed <> $2 OR motive <> 'undetermined')`, f1, []byte{}); n != 0 {
					t.Errorf("%d versions still say something", n)
				}
				if n := w.count(`SELECT count(*) FROM author_fact WHERE firm_id = $1`, f1); n != 0 {
					t.Errorf("%d told facts are kept", n)
				}
				b := must[author.Behaviour](t)(w.authors.Behaviour(w.ewa(), f1, key, nil))
				if b.Profile != "" || b.Confidence != 0 || b.Minor != (kind == "minor") {
					t.Errorf("%+v", b)
				}
				_, err := w.authors.Draft(w.ewa(), f1, key)
				wants(t, err, fault.Forbidden, "author.protected")
				_, err = w.authors.Confirm(w.ewa(), f1, draft.ID, "")
				wants(t, err, fault.Conflict, "author.not_draft")
				wants(t, w.authors.Tell(w.ewa(), f1, key, signal.Fact{Field: "followers", Value: "1", Source: "profil", SeenAt: w.clock.Now()}), fault.Forbidden, "author.protected")
				wants(t, w.authors.Lift(w.ewa(), f1, key, kind, "krótko"), fault.Invalid, "author.why")

				// A person who looked may lift a wrong mark; what was seen before does not bring it back, a new sign does.
				w.pass(time.Hour)
				ok(t, w.authors.Lift(w.ewa(), f1, key, kind, "To żart dorosłej osoby, sprawdzone w rozmowie."))
				must[author.Document](t)(w.authors.Draft(w.ewa(), f1, key))
				w.pass(time.Hour)
				sign(w)
				_, err = w.authors.Draft(w.ewa(), f1, key)
				wants(t, err, fault.Forbidden, "author.protected")
				_ = d
			})
		})
	}
}

// Whoever speaks of working at the firm may be a whistle-blower: the owner and a lawyer look before anybody profiles.
func TestTheWhistleBlowerStop(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		key := w.campaign(f1, "wrobel", 12)
		d := must[author.Document](t)(w.authors.Draft(w.ewa(), f1, key))
		must[author.Document](t)(w.authors.Confirm(w.ewa(), f1, d.ID, ""))
		if b := must[author.Behaviour](t)(w.authors.Behaviour(w.ewa(), f1, key, nil)); b.Confidence == 0 {
			t.Fatal("the profile is not read")
		}
		w.pass(time.Hour)
		w.takesIn(f1, w.says("wrobel", "Pracowałam tam i mam dowody, protokół poszedł do sanepidu", w.clock.Now()))
		stopped := func() {
			t.Helper()
			if b := must[author.Behaviour](t)(w.authors.Behaviour(w.ewa(), f1, key, nil)); b.Confidence != 0 || b.Profile != "" {
				t.Fatalf("it is still read: %+v", b)
			}
			_, err := w.authors.Draft(w.ewa(), f1, key)
			wants(t, err, fault.Forbidden, "author.whistleblower")
		}
		stopped() // from the moment it came in, before anybody looked
		p := must[author.Portrait](t)(w.authors.Open(w.ewa(), f1, key))
		if !p.Stopped || len(p.Flags) != 1 || p.Flags[0].Kind != "whistleblower" {
			t.Fatalf("%+v", p.Flags)
		}
		wants(t, w.authors.Look(w.ewa(), f1, key, because), fault.Forbidden, "author.owner_or_lawyer")
		wants(t, w.authors.Look(w.as("adam", access.Staff), f1, key, because), fault.Forbidden, "author.owner_or_lawyer")
		wants(t, w.authors.Lift(w.ewa(), f1, key, "whistleblower", because), fault.Invalid, "author.flag")
		ok(t, w.authors.Look(w.as("wanda", access.Owner), f1, key, because))
		stopped()
		ok(t, w.authors.Look(w.as("mec", access.Lawyer), f1, key, because))
		if b := must[author.Behaviour](t)(w.authors.Behaviour(w.ewa(), f1, key, nil)); b.Confidence == 0 {
			t.Error("it is not read although both have looked")
		}
	})
}

// The same account at two firms stays in two silos: nothing said at one is seen, counted or linked at the other.
func TestNothingCrossesFirms(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		key := w.campaign(f1, "wrobel", 12)
		if other := w.campaign(f2, "wrobel", 3); other != key {
			t.Fatal("the same account has two keys")
		}
		d := must[author.Document](t)(w.authors.Draft(w.ewa(), f1, key))
		must[author.Document](t)(w.authors.Confirm(w.ewa(), f1, d.ID, ""))
		ok(t, w.authors.Tell(w.ewa(), f1, key, signal.Fact{Field: "followers", Value: "150000", Source: "profil publiczny", SeenAt: w.clock.Now()}))
		ok(t, w.authors.Protect(w.ewa(), f1, "place:inna", "minor", ""))

		ala := access.With(t.Context(), access.Principal{User: "u-ala", Name: "ala", Firms: map[string]access.Role{f2: access.Guardian}})
		p := must[author.Portrait](t)(w.authors.Open(ala, f2, key))
		if len(p.Versions) != 0 || len(p.Facts) != 0 || p.Card.Mentions != 3 || p.Estimate.Reach.R != 0 || len(p.Readings) != 1 {
			t.Errorf("%+v", p)
		}
		if b := must[author.Behaviour](t)(w.authors.Behaviour(ala, f2, key, nil)); b.Profile != "" || b.Reach != 0 {
			t.Errorf("%+v", b)
		}
		if ls := must[[]author.Link](t)(w.authors.Suggest(ala, f2, key)); len(ls) != 0 {
			t.Errorf("%+v", ls)
		}
		_, err := w.authors.Open(ala, f1, key)
		wants(t, err, fault.NotFound, "missing")
		_, err = w.authors.Confirm(ala, f2, d.ID, "")
		wants(t, err, fault.NotFound, "missing")
		if b := must[author.Behaviour](t)(w.authors.Behaviour(ala, f2, "place:inna", nil)); b.Minor {
			t.Error("a mark of care crossed firms")
		}
	})
}

// Every look at a profile is counted with who and what for, and the first in an hour is in the journal.
func TestEveryLookIsOnRecord(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		key := w.campaign(f1, "wrobel", 5)
		for range 3 {
			must[author.Portrait](t)(w.authors.Open(w.ewa(), f1, key))
		}
		w.pass(time.Hour)
		must[author.Portrait](t)(w.authors.Open(w.ewa(), f1, key))
		p := must[author.Portrait](t)(w.authors.Open(w.as("wanda", access.Owner), f1, key))
		if len(p.Readings) != 3 || p.Readings[0].N+p.Readings[1].N+p.Readings[2].N != 5 {
			t.Fatalf("%+v", p.Readings)
		}
		if n := w.count(`SELECT count(*) FROM journal WHERE firm_id = $1 AND verb = 'profile.looked'`, f1); n != 3 {
			t.Errorf("%d lines in the journal", n)
		}
		if n := w.count(`SELECT count(*) FROM journal WHERE firm_id = $1 AND ref_id LIKE '%wrobel%'`, f1); n != 0 {
			t.Error("the journal names the account")
		}
	})
}

// What people say of an account is sealed with the firm's key: it cannot be read in the database.
func TestWhatIsSaidLiesSealed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		key := w.campaign(f1, "wrobel", 5)
		d := must[author.Document](t)(w.authors.Draft(w.ewa(), f1, key))
		ok(t, w.authors.Edit(w.ewa(), f1, d.ID, author.Change{Field: "summary", Value: "Powtarza zdumiewające twierdzenie.", Why: because}))
		ok(t, w.authors.Tell(w.ewa(), f1, key, signal.Fact{Field: "followers", Value: "120", Source: "zdumiewający profil", SeenAt: w.clock.Now()}))
		must[string](t)(w.authors.Contest(w.ewa(), f1, key, "To zdumiewająca nieprawda.", "list"))
		for _, table := range []string{"author_profile", "author_fact", "author_contest"} {
			if n := w.count(`SELECT count(*) FROM `+table+` WHERE firm_id = $1`, f1); n == 0 {
				t.Errorf("nothing in %s", table)
			}
			for _, raw := range w.bytes(`SELECT sealed FROM `+table+` WHERE firm_id = $1`, f1) {
				if len(raw) == 0 || contains(raw, "zdumiew") {
					t.Errorf("%s can be read", table)
				}
			}
		}
	})
}

func contains(raw []byte, s string) bool {
	for i := 0; i+len(s) <= len(raw); i++ {
		if string(raw[i:i+len(s)]) == s {
			return true
		}
	}
	return false
}
