package evidence_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/evidence"
	"chop/internal/fault"
	"chop/internal/job"
	"chop/internal/journal"
	"chop/internal/stamp"
	"chop/internal/tsa"
)

// stamped is a vault whose exhibits are stamped by an authority that can be switched off.
type stamped struct {
	world
	jobs   *job.Queue
	stamps *stamp.Store
	office *office
}

type office struct {
	*tsa.Development
	away bool
}

func (o *office) Ask(ctx context.Context, request []byte) ([]byte, error) {
	if o.away {
		return nil, errors.New("away")
	}
	return o.Development.Ask(ctx, request)
}

func eachStamped(t *testing.T, f func(t *testing.T, w *stamped)) {
	each(t, func(t *testing.T, w world) {
		d, err := tsa.NewDevelopment(w.clock.Now)
		if err != nil {
			t.Fatal(err)
		}
		s := &stamped{world: w, office: &office{Development: d}}
		s.open(t, stamp.Qualified{})
		f(t, s)
	})
}

// open starts the vault anew with one authority, of which the administrator says this.
func (w *stamped) open(t *testing.T, q stamp.Qualified) {
	t.Helper()
	var err error
	if w.jobs, err = job.New(w.d, job.Config{}); err != nil {
		t.Fatal(err)
	}
	jobs := w.jobs
	t.Cleanup(func() { _ = jobs.Stop(context.Background()) })
	j := journal.New(w.d, w.log, w.keys)
	a := &stamp.Authority{Client: &tsa.Client{Name: "Urząd", Way: w.office, Roots: tsa.Pool(w.office.Root), Now: w.clock.Now}, Qualified: q}
	w.stamps = stamp.NewStore(stamp.Config{DB: w.d, Jobs: jobs, Seal: w.keys, Journal: j, Ledger: w.log, Authorities: []*stamp.Authority{a}})
	w.Store = evidence.New(evidence.Config{DB: w.d, Seal: w.keys, Blob: w.disk, Ledger: w.log, Journal: j, Stamps: w.stamps, Version: "1.2.3"})
}

func (w *stamped) pass(t *testing.T, d time.Duration) {
	t.Helper()
	w.clock.Forward(d)
	if err := errors.Join(w.stamps.Tend(system(t)), w.jobs.Drain(system(t))); err != nil {
		t.Fatal(err)
	}
}

func browser(id string) evidence.Capture {
	c := capture("<p>To oszuści</p>")
	c.Ref.ID, c.Level = id, evidence.L2
	return c
}

func (w *stamped) look(t *testing.T, e evidence.Exhibit) evidence.Stamps {
	t.Helper()
	st, err := w.Stamps(system(t), "a", e.ID)
	if err != nil {
		t.Fatal(err)
	}
	return st
}

var lookedUp = stamp.Qualified{Source: "Europejska lista zaufania", On: "2026-11-20"}

func TestAnExhibitIsStampedByItself(t *testing.T) {
	eachStamped(t, func(t *testing.T, w *stamped) {
		anna := as(t, "Anna", access.Guardian)
		e := w.preserve(t, anna, browser("m1"))
		if st := w.look(t, e); st.Wait == nil || len(st.List) != 0 || st.First() != nil || st.Level != evidence.L2 || !st.Asked {
			t.Errorf("%+v", st)
		}
		rc, err := w.Verify(anna, "a", e.ID)
		if err != nil || rc.State != evidence.Waits || !has(rc, evidence.CheckStamp, evidence.Waits) {
			t.Errorf("%+v %v", rc, err)
		}
		w.pass(t, time.Second)
		w.sign(t)
		rc, err = w.Verify(anna, "a", e.ID)
		if err != nil || rc.State != evidence.Holds || len(rc.Stamps) != 1 || !has(rc, evidence.CheckStamp, evidence.Holds) {
			t.Errorf("%+v %v", rc, err)
		}
		st := w.look(t, e)
		if st.Wait != nil || st.First() == nil || st.First().HoldsQualified() || st.Level != evidence.L2 || st.Missing != 0 {
			t.Errorf("%+v", st)
		}
		lines, err := w.Custody(anna, "a", e.ID)
		if err != nil || len(lines) != 2 || lines[1].Verb != "stamp.received" {
			t.Error(lines, err)
		}
		twice := w.preserve(t, anna, browser("m1"))
		w.pass(t, time.Minute)
		if st := w.look(t, e); twice.ID != e.ID || len(st.List) != 1 {
			t.Errorf("the same capture was stamped again: %+v", st)
		}
		staff := as(t, "Ola", access.Staff)
		if _, err := w.Stamps(staff, "a", e.ID); !fault.Is(err, fault.Forbidden) {
			t.Error(err)
		}
	})
}

func has(rc evidence.Receipt, code string, s evidence.State) bool {
	for _, c := range rc.Checks {
		if c.Code == code && c.State == s {
			return true
		}
	}
	return false
}

// An authority that does not answer takes nothing from the seal: the receipt says that the stamp waits, and holds.
func TestAMissingAuthorityDoesNotBreakTheSeal(t *testing.T) {
	eachStamped(t, func(t *testing.T, w *stamped) {
		w.office.away = true
		e := w.preserve(t, system(t), browser("m1"))
		w.pass(t, time.Hour)
		w.sign(t)
		rc, err := w.Verify(system(t), "a", e.ID)
		if err != nil || rc.State != evidence.Holds || !has(rc, evidence.CheckStamp, evidence.Waits) {
			t.Errorf("%+v %v", rc, err)
		}
		if st := w.look(t, e); st.Wait == nil || st.Wait.Flaw != tsa.Away || st.Wait.Tries < 1 {
			t.Errorf("%+v", st.Wait)
		}
		w.office.away = false
		w.pass(t, 10*time.Minute)
		if first := w.look(t, e).First(); first == nil || first.Delay() != 70*time.Minute || !first.Late() {
			t.Errorf("%+v", first)
		}
	})
}

// L3 is said while a stamp of an authority that somebody looked up verifies, and not a moment longer. No capture can
// claim it.
func TestLevelThreeNeedsAQualifiedStampThatHolds(t *testing.T) {
	eachStamped(t, func(t *testing.T, w *stamped) {
		w.open(t, lookedUp)
		page := w.preserve(t, system(t), browser("m1"))
		c := browser("m2")
		c.Level = evidence.L1
		api := w.preserve(t, system(t), c)
		w.pass(t, time.Second)
		st := w.look(t, page)
		if st.Level != evidence.L3 || !st.First().HoldsQualified() || st.First().Qualified != lookedUp {
			t.Errorf("%+v", st)
		}
		if st := w.look(t, api); st.Level != evidence.L1 {
			t.Errorf("a fetch became %s", st.Level)
		}
		if got, err := w.Get(system(t), "a", page.ID); err != nil || got.Level != evidence.L2 {
			t.Error("the manifest cannot claim it", got.Level, err)
		}
		scene{world: w.world, one: page, two: api}.sql(t, `UPDATE stamp SET at = at + 1000000 WHERE ref_id = $one`)
		if st := w.look(t, page); st.Level != evidence.L2 || st.First() != nil {
			t.Errorf("%+v", st)
		}
		for _, l := range []evidence.Level{evidence.L3, evidence.L4} {
			c := browser("m3")
			c.Level = l
			if _, err := w.Preserve(system(t), c); err == nil {
				t.Errorf("a capture claimed %s", l)
			}
		}
	})
}

// Whatever is done to the rows of stamps is found: replaced, swapped, moved, taken away, made anew with another word.
func TestTamperedStampsAreFound(t *testing.T) {
	eachStamped(t, func(t *testing.T, w *stamped) {
		one := w.preserve(t, system(t), browser("m1"))
		two := w.preserve(t, system(t), browser("m2"))
		w.pass(t, time.Second)
		w.sign(t)
		s := scene{world: w.world, one: one, two: two}
		for name, q := range map[string]string{
			"taken away":         `DELETE FROM stamp WHERE ref_id = $one`,
			"moved to another":   `UPDATE stamp SET ref_id = $two WHERE ref_id = $one`,
			"sealed part of":     `UPDATE stamp SET sealed = (SELECT sealed FROM stamp o WHERE o.ref_id = $two) WHERE ref_id = $one`,
			"another time":       `UPDATE stamp SET at = at - 60000000 WHERE ref_id = $one`,
			"called a renewal":   `UPDATE stamp SET over = 'x' WHERE ref_id = $one`,
			"emptied":            `UPDATE stamp SET sealed = '' WHERE ref_id = $one`,
			"another id":         `UPDATE stamp SET id = 'x' WHERE ref_id = $one`,
			"swapped identities": `UPDATE stamp SET ref_id = CASE WHEN ref_id = $one THEN $two ELSE $one END`,
		} {
			w.exec(t, `CREATE TABLE keep AS SELECT * FROM stamp`)
			s.sql(t, q)
			rc, err := w.Verify(system(t), "a", one.ID)
			if err != nil || rc.State != evidence.Fails || !has(rc, evidence.CheckStamp, evidence.Fails) {
				t.Errorf("%s: %+v %v", name, rc, err)
			}
			if w.look(t, one).First() != nil && name != "taken away" {
				t.Errorf("%s: it is still shown", name)
			}
			w.exec(t, `DELETE FROM stamp`, `INSERT INTO stamp SELECT * FROM keep`, `DROP TABLE keep`)
		}
		rc, err := w.Verify(system(t), "a", one.ID)
		if err != nil || rc.State != evidence.Holds {
			t.Errorf("put back: %+v %v", rc, err)
		}
	})
}

func (w *stamped) exec(t *testing.T, statements ...string) {
	t.Helper()
	err := w.d.Tx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		for _, q := range statements {
			if _, err := tx.Exec(ctx, q); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAStampIsAskedForLater(t *testing.T) {
	eachStamped(t, func(t *testing.T, w *stamped) {
		plain := evidence.New(evidence.Config{DB: w.d, Seal: w.keys, Blob: w.disk, Ledger: w.log, Journal: journal.New(w.d, w.log, w.keys)})
		e, err := plain.Preserve(system(t), browser("m1"))
		if err != nil {
			t.Fatal(err)
		}
		if err := plain.Stamp(system(t), "a", e.ID); !fault.Is(err, fault.Unavailable) {
			t.Error("nobody can be asked", err)
		}
		w.pass(t, 48*time.Hour)
		if st := w.look(t, e); len(st.List) != 0 || st.Wait != nil {
			t.Fatalf("%+v", st)
		}
		staff := as(t, "Ola", access.Staff)
		if err := w.Stamp(staff, "a", e.ID); !fault.Is(err, fault.Forbidden) {
			t.Error(err)
		}
		if err := w.Stamp(system(t), "a", e.ID); err != nil {
			t.Fatal(err)
		}
		w.pass(t, time.Second)
		first := w.look(t, e).First()
		if first == nil || first.Delay() > time.Minute || first.Time.Sub(e.At) < 47*time.Hour {
			t.Fatalf("%+v", first)
		}
		if err := w.Stamp(system(t), "a", e.ID); err != nil {
			t.Fatal(err)
		}
		w.pass(t, time.Second)
		if st := w.look(t, e); len(st.List) != 1 {
			t.Error("a stamp that lasts was renewed")
		}
	})
}

func TestARemovedExhibitKeepsNoStamp(t *testing.T) {
	eachStamped(t, func(t *testing.T, w *stamped) {
		e := w.preserve(t, system(t), browser("m1"))
		w.pass(t, time.Second)
		if err := w.Remove(system(t), "a", e.ID, "sprzeciw"); err != nil {
			t.Fatal(err)
		}
		w.sign(t)
		if list, err := w.stamps.Of(system(t), "a", e.ID); err != nil || len(list) != 0 {
			t.Error(list, err)
		}
		rc, err := w.Verify(system(t), "a", e.ID)
		if err != nil || rc.State != evidence.Gone {
			t.Errorf("%+v %v", rc, err)
		}
		if err := w.Stamp(system(t), "a", e.ID); !fault.Is(err, fault.Conflict) {
			t.Error(err)
		}
	})
}

// The package carries the stamp, its certificates and the commands; a stranger needs openssl alone. Every way of
// cheating with the stamp is noticed by the script.
func TestStrangersCheckTheStampInTheBundle(t *testing.T) {
	eachStamped(t, func(t *testing.T, w *stamped) {
		w.open(t, lookedUp)
		e := w.preserve(t, system(t), browser("m1"))
		other := w.preserve(t, system(t), browser("m2"))
		w.pass(t, 2*time.Minute)
		if err := w.stamps.Renew(system(t), "a", w.look(t, e).First().ID); err != nil {
			t.Fatal(err)
		}
		w.pass(t, time.Second)
		raw, foreign := w.export(t, e), unpack(t, w.export(t, other))
		dir := unpack(t, raw)
		got, err := run(dir, "bash", "check.sh")
		for _, says := range []string{"OK: timestamp of capture.json: Nov 21 23:54:00 2026 GMT", "OK: timestamp of capture.json.tsr:", "worth nothing in court", "ALL HOLDS\n"} {
			if err != nil || !strings.Contains(got, says) {
				t.Errorf("it lacks %q: %v %s", says, err, got)
			}
		}
		for _, args := range [][]string{
			{"openssl", "ts", "-verify", "-in", "capture.json.tsr", "-data", "capture.json", "-CAfile", "tsa-roots.pem", "-untrusted", "tsa-chain.pem"},
			{"openssl", "ts", "-reply", "-in", "capture.json.tsr", "-text"},
			{"openssl", "x509", "-in", "tsa-roots.pem", "-noout", "-subject", "-fingerprint", "-sha256"},
		} {
			if got, err := run(dir, args...); err != nil {
				t.Errorf("%v: %v %s", args, err, got)
			}
			for _, readme := range []string{"CZYTAJ.txt", "README.txt"} {
				text, _ := os.ReadFile(filepath.Join(dir, readme))
				if !strings.Contains(string(text), strings.Join(args, " ")) {
					t.Errorf("%s does not print %v", readme, args)
				}
			}
		}
		for _, readme := range []string{"CZYTAJ.txt", "README.txt"} {
			text, _ := os.ReadFile(filepath.Join(dir, readme))
			if !strings.Contains(string(text), "L3") || strings.Contains(string(text), "{{") || strings.Contains(string(text), "<no value>") {
				t.Errorf("%s", text)
			}
		}
		for name, change := range map[string]func(dir string){
			"the stamp of another exhibit": func(dir string) { move(t, foreign, dir, "capture.json.tsr") },
			"a renewal of another": func(dir string) {
				put(t, filepath.Join(dir, "capture.json.tsr.tsr"), read(t, foreign, "capture.json.tsr"))
			},
			"cut": func(dir string) {
				put(t, filepath.Join(dir, "capture.json.tsr"), read(t, dir, "capture.json.tsr")[:500])
			},
			"a changed signature": func(dir string) {
				b := read(t, dir, "capture.json.tsr")
				b[len(b)-3] ^= 1
				put(t, filepath.Join(dir, "capture.json.tsr"), b)
			},
			"roots of somebody else": func(dir string) {
				d, err := tsa.NewDevelopment(w.clock.Now)
				if err != nil {
					t.Fatal(err)
				}
				pool := &stamp.Token{Token: tsa.Token{Signer: d.Signer}}
				pool.Chain = append(pool.Chain, d.Root)
				put(t, filepath.Join(dir, "tsa-roots.pem"), pool.ChainPEM())
			},
			"no roots": func(dir string) { _ = os.Remove(filepath.Join(dir, "tsa-roots.pem")) },
		} {
			dir := unpack(t, raw)
			change(dir)
			resum(t, dir)
			if got, err := run(dir, "bash", "check.sh"); err == nil || strings.Contains(got, "ALL HOLDS") || !strings.Contains(got, "FAIL") {
				t.Errorf("%s: %v: %s", name, err, got)
			}
		}
	})
}

func (w *stamped) export(t *testing.T, e evidence.Exhibit) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := w.Export(system(t), "a", e.ID, &b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func read(t *testing.T, dir, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func move(t *testing.T, from, to, name string) {
	t.Helper()
	put(t, filepath.Join(to, name), read(t, from, name))
}

// An exhibit sealed before an authority was connected, or while it was away, goes out under the stamped state of the
// ledger that covers it.
func TestTheLedgersStampCoversWhatHasNone(t *testing.T) {
	eachStamped(t, func(t *testing.T, w *stamped) {
		plain := evidence.New(evidence.Config{DB: w.d, Seal: w.keys, Blob: w.disk, Ledger: w.log, Journal: journal.New(w.d, w.log, w.keys)})
		e, err := plain.Preserve(system(t), browser("m1"))
		if err != nil {
			t.Fatal(err)
		}
		w.sign(t)
		dir := unpack(t, w.export(t, e))
		if got, err := run(dir, "bash", "check.sh"); err != nil || !strings.Contains(got, "no timestamp") {
			t.Error(got, err)
		}
		w.sign(t)
		w.pass(t, time.Minute)
		dir = unpack(t, w.export(t, e))
		got, err := run(dir, "bash", "check.sh")
		if err != nil || !strings.Contains(got, "OK: timestamp of checkpoint: ") || !strings.HasSuffix(got, "ALL HOLDS\n") {
			t.Error(got, err)
		}
	})
}
