package stamp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/ledger"
	"chop/internal/tsa"
)

func TestWhatIsAskedForIsStamped(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.ask("d1", "d1", "d2")
		w.none("d1")
		wait, found, err := w.Waiting(system(t), "a", "d1")
		if err != nil || !found || !wait.Since.Equal(w.clock.Now()) || wait.Tries != 0 {
			t.Error(wait, found, err)
		}
		w.clock.Forward(3 * time.Second)
		w.drain()
		got := w.one("d1")
		if got.Name != "Pierwszy" || got.Delay() != 3*time.Second || got.Late() || got.Development || got.Qualified.Known() ||
			!bytes.Equal(got.Digest, tsa.Sum([]byte("d1"))) || got.Ref != thing("d1") || got.Over != "" {
			t.Errorf("%+v", got)
		}
		w.one("d2")
		if n := w.first.asked.Load(); n != 2 {
			t.Errorf("two things cost %d questions", n)
		}
		if _, found, err := w.Waiting(system(t), "a", "d1"); found || err != nil {
			t.Error("it still waits", err)
		}
		lines, err := w.Journal.Of(system(t), access.ViewEvidence, "a", thing("d1"))
		if err != nil || len(lines) != 1 || lines[0].Verb != Verb || lines[0].Data["token"] != got.Marks()["token"] || lines[0].Data["qualified"] != "no" {
			t.Errorf("%+v %v", lines, err)
		}
		stranger := access.With(t.Context(), access.Principal{User: "x", Firms: map[string]access.Role{"b": access.Owner}})
		if _, err := w.Of(stranger, "a", "d1"); !fault.Is(err, fault.NotFound) {
			t.Error("a stranger sees it", err)
		}
	})
}

func TestARolledBackDeedAsksForNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		boom := errors.New("boom")
		want := func(end error) error {
			return w.d.Tx(system(t), func(ctx context.Context, tx *db.Tx) error {
				return errors.Join(w.Want(ctx, "a", thing("d1"), tsa.Sum(nil)), end)
			})
		}
		if err := want(boom); !errors.Is(err, boom) {
			t.Fatal(err)
		}
		w.pass(time.Minute, 15*time.Second)
		if n := w.first.asked.Load(); n != 0 {
			t.Errorf("%d questions about what never happened", n)
		}
		if err := want(nil); err != nil {
			t.Fatal(err)
		}
		w.drain()
		w.one("d1")
	})
}

// An authority that is away for hours costs a question now and then, and no stamp is lost.
func TestAnAuthorityThatIsAwayIsAskedAgainWithPatience(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.first.fails(errDown)
		for i := range 40 {
			w.ask(fmt.Sprint("d", i))
		}
		w.drain()
		if n := w.first.asked.Load(); n < 1 || n > bunch {
			t.Errorf("%d questions to an authority that does not answer", n)
		}
		h, err := w.Health(system(t))
		if err != nil || h.Late || h.Waiting != 40 || h.Flaw != tsa.Away || len(h.Firms) != 1 || h.Firms[0] != "a" || h.Ledger {
			t.Errorf("%+v %v", h, err)
		}
		before := w.first.asked.Load()
		w.pass(3*time.Hour, time.Minute)
		if n := w.first.asked.Load() - before; n < 30 || n > 60*bunch {
			t.Errorf("%d questions in three hours", n)
		}
		w.ask("late")
		if h, err = w.Health(system(t)); err != nil || !h.Late || h.Waiting != 41 {
			t.Errorf("%+v %v", h, err)
		}
		if st := w.Standings(); len(st) != 1 || st[0].Last == nil || !st[0].Good.IsZero() {
			t.Errorf("%+v", st)
		}
		w.first.fails(nil)
		w.pass(6*time.Minute, 15*time.Second)
		for i := range 40 {
			got := w.one(fmt.Sprint("d", i))
			if !got.Late() || got.Delay() < 3*time.Hour || got.Delay() > 3*time.Hour+7*time.Minute {
				t.Errorf("late by %s", got.Delay())
			}
		}
		w.one("late")
		if h, err = w.Health(system(t)); err != nil || h.Late || h.Waiting != 0 || !h.Oldest.IsZero() {
			t.Errorf("%+v %v", h, err)
		}
		if st := w.Standings(); st[0].Last != nil || st[0].Good.IsZero() {
			t.Errorf("%+v", st)
		}
	})
}

func TestTheNextAuthorityIsAskedWhenTheFirstFails(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		second := newOffice(t, w.clock)
		b := w.authority("Drugi", second)
		b.Qualified = Qualified{Source: "lista", On: "2026-11-01"}
		w.open(w.authority("Pierwszy", w.first), b)
		w.first.fails(errDown)
		w.ask("d1", "d2", "d3")
		w.drain()
		for _, id := range []string{"d1", "d2", "d3"} {
			if got := w.one(id); got.Name != "Drugi" || got.Qualified.Source != "lista" || got.Marks()["qualified"] != "lista, 2026-11-01" {
				t.Errorf("%+v", got)
			}
		}
		w.first.fails(nil)
		w.clock.Forward(time.Minute)
		w.ask("d4")
		w.drain()
		if got := w.one("d4"); got.Name != "Pierwszy" {
			t.Errorf("the first is well again, and %s was asked", got.Name)
		}
	})
}

func TestAuthoritiesForOneKindOnly(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.authority("Do rejestru", w.first)
		a.Only = Checkpoint
		w.open(a)
		w.ask("d1")
		w.drain()
		w.none("d1")
		if h, err := w.Health(system(t)); err != nil || h.Waiting != 0 {
			t.Error("it waits for an authority that nobody has", h, err)
		}
		second := newOffice(t, w.clock)
		b := w.authority("Do dowodów", second)
		b.Only = Exhibit
		w.open(a, b)
		second.fails(errDown)
		w.ask("d2")
		w.leaf()
		w.pass(time.Minute, 15*time.Second)
		w.none("d2")
		if size, _, err := w.LatestCheckpoint(system(t)); err != nil || size != 1 {
			t.Error("one that is away keeps the other from its work", size, err)
		}
		second.fails(nil)
		w.pass(6*time.Minute, 15*time.Second)
		if got := w.one("d2"); got.Name != "Do dowodów" {
			t.Error(got.Name)
		}
	})
}

// Killed with the answer in hand and before it was written down: the stamp is asked for again, and kept once.
func TestKilledBetweenTheAnswerAndTheCommit(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.ask("d1", "d2")
		ws, err := w.claim(system(t), []string{Exhibit})
		if err != nil || len(ws) != 2 {
			t.Fatal(ws, err)
		}
		if _, err := w.Store.ask(system(t), ws[0]); err != nil {
			t.Fatal(err)
		}
		w.open(w.authority("Pierwszy", w.first)) // the next process
		w.drain()
		w.none("d1") // it may still be in the hands of the other
		w.pass(3*time.Minute, 15*time.Second)
		w.one("d1")
		w.one("d2")
		if err := w.keep(system(t), ws[0], w.mustAsk(ws[0])); err != nil { // the first one wakes up after all
			t.Fatal(err)
		}
		w.one("d1")
	})
}

func (w *world) mustAsk(x Wait) Token {
	w.t.Helper()
	got, err := w.Store.ask(system(w.t), x)
	if err != nil {
		w.t.Fatal(err)
	}
	return got
}

// Stamps cost money: two processes on one database ask for each thing once.
func TestTwoProcessesAskOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for i := range 60 {
			w.ask(fmt.Sprint("d", i))
		}
		one := w.Store
		w.open(w.authority("Pierwszy", w.first))
		var wg sync.WaitGroup
		for _, s := range []*Store{one, w.Store} {
			wg.Go(func() {
				if err := s.sweepFor(system(t), Due{}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		for i := range 60 {
			w.one(fmt.Sprint("d", i))
		}
		if n := w.first.asked.Load(); n != 60 {
			t.Errorf("60 things cost %d questions", n)
		}
	})
}

// A clock that ran ahead and was put back does not make stamps wait until the wrong time comes again.
func TestAClockPutBackDoesNotHoldStampsUp(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.clock.Forward(48 * time.Hour)
		w.first.fails(errDown)
		w.ask("d1")
		w.drain()
		w.clock.Forward(-48 * time.Hour)
		w.first.fails(nil)
		w.pass(time.Minute, 15*time.Second)
		w.one("d1")
	})
}

func (w *world) leaf() ledger.Checkpoint {
	w.t.Helper()
	if _, err := w.log.Append(w.t.Context(), []byte("leaf")); err != nil {
		w.t.Fatal(err)
	}
	c, err := w.log.Checkpoint(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func TestTheLedgerIsStampedNowAndThen(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.pass(time.Hour, time.Minute)
		if n := w.first.asked.Load(); n != 0 {
			t.Fatalf("an empty ledger was stamped %d times", n)
		}
		c := w.leaf()
		w.pass(time.Minute, 15*time.Second)
		list, err := w.OfCheckpoint(t.Context(), c.Size)
		if err != nil || len(list) != 1 || list[0].Broken != nil || !bytes.Equal(list[0].Digest, tsa.Sum(c.Note)) {
			t.Fatalf("%+v %v", list, err)
		}
		for range 60 { // an hour in which every minute has its checkpoint
			c = w.leaf()
			w.pass(time.Minute, time.Minute)
		}
		if n := w.first.asked.Load(); n < 5 || n > 7 {
			t.Errorf("%d stamps in an hour, want one every ten minutes", n)
		}
		w.pass(time.Hour, time.Minute)
		asked := w.first.asked.Load()
		if size, _, err := w.LatestCheckpoint(t.Context()); err != nil || size != c.Size {
			t.Errorf("the newest stamped state has %d leaves, the ledger %d; %v", size, c.Size, err)
		}
		w.pass(3*time.Hour, time.Minute)
		if w.first.asked.Load() != asked {
			t.Error("a ledger that does not grow is stamped again and again")
		}
		if got, err := w.log.At(t.Context(), c.Size); err != nil || !bytes.Equal(got.Note, c.Note) {
			t.Error(err)
		}
	})
}

func TestAStampIsRenewedBeforeItEnds(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.ask("d1")
		w.drain()
		first := w.one("d1")
		if first.Ending(w.clock.Now()) || !first.Ending(first.Expires().AddDate(0, -6, 1)) || !first.Ending(first.Expires().AddDate(1, 0, 0)) {
			t.Error("six months before its end, and not earlier")
		}
		if h, err := w.Health(system(t)); err != nil || len(h.Ending) != 0 {
			t.Error(h, err)
		}
		w.sql(`UPDATE stamp SET ends_at = $1`, w.clock.Now().AddDate(0, 5, 0))
		if h, err := w.Health(system(t)); err != nil || len(h.Ending) != 1 || h.Ending[0] != "a" {
			t.Error(h, err)
		}
		if err := w.Renew(system(t), "a", first.ID); err != nil {
			t.Fatal(err)
		}
		w.drain()
		list, err := w.Of(system(t), "a", "d1")
		if err != nil || len(list) != 2 || list[1].Over != first.ID || !bytes.Equal(list[1].Digest, tsa.Sum(first.Response)) {
			t.Fatalf("%+v %v", list, err)
		}
		if h, err := w.Health(system(t)); err != nil || len(h.Ending) != 0 {
			t.Error(h, err)
		}
		if err := w.Renew(system(t), "b", first.ID); !fault.Is(err, fault.NotFound) {
			t.Error("another firm renewed it", err)
		}
	})
}

func TestWhatWasErasedHasNoStamps(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.ask("d1", "d2")
		w.drain()
		w.first.fails(errDown)
		w.ask("d3")
		for _, id := range []string{"d1", "d3"} {
			if err := w.Drop(system(t), "a", thing(id)); err != nil {
				t.Fatal(err)
			}
		}
		w.first.fails(nil)
		w.pass(6*time.Minute, 15*time.Second)
		w.none("d1")
		w.none("d3")
		w.one("d2")
		w.first.fails(errDown)
		w.ask("d4")
		if err := w.keys.Forget(system(t), "a"); err != nil {
			t.Fatal(err)
		}
		w.first.fails(nil)
		w.pass(6*time.Minute, 15*time.Second)
		w.none("d4")
		list, err := w.Of(system(t), "a", "d2")
		if err != nil || len(list) != 1 || list[0].Broken == nil {
			t.Errorf("a forgotten firm's stamp opens: %+v %v", list, err)
		}
		if h, err := w.Health(system(t)); err != nil || h.Waiting != 0 {
			t.Error("something waits for ever", h, err)
		}
	})
}

func TestChangedRowsAreNoticed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.ask("d1", "d2")
		w.drain()
		for name, q := range map[string]string{
			"of another exhibit": `UPDATE stamp SET sealed = (SELECT sealed FROM stamp o WHERE o.ref_id = 'd2') WHERE ref_id = 'd1'`,
			"moved":              `UPDATE stamp SET ref_id = 'd9' WHERE ref_id = 'd1'`,
			"another time":       `UPDATE stamp SET at = at - 1000000 WHERE ref_id = 'd1'`,
			"a renewal of":       `UPDATE stamp SET over = 'x' WHERE ref_id = 'd1'`,
		} {
			err := w.d.Tx(system(t), func(ctx context.Context, tx *db.Tx) error {
				if _, err := tx.Exec(ctx, q); err != nil {
					return err
				}
				list, err := w.read(ctx, `SELECT id, ref_kind, ref_id, over, at, sealed FROM stamp WHERE firm_id = $1 AND ref_id <> 'd2'`, "a")
				if err != nil || len(list) != 1 || list[0].Broken == nil {
					t.Errorf("%s: %+v %v", name, list, err)
				}
				return errRollback
			})
			if !errors.Is(err, errRollback) {
				t.Fatal(err)
			}
		}
		w.one("d1")
	})
}

var errRollback = errors.New("as it was")

// openssl agrees with what is kept, and with nothing else: its exit code is reliable here.
func TestOpensslChecksWhatIsKept(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.ask("d1", "d2")
		c := w.leaf()
		w.pass(time.Minute, 15*time.Second)
		dir := t.TempDir()
		put := func(name string, raw []byte) {
			if err := os.WriteFile(filepath.Join(dir, name), raw, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		list, err := w.OfCheckpoint(t.Context(), c.Size)
		if err != nil || len(list) != 1 {
			t.Fatal(list, err)
		}
		put("d1", []byte("d1"))
		put("checkpoint", c.Note)
		put("d1.tsr", w.one("d1").Response)
		put("d2.tsr", w.one("d2").Response)
		put("checkpoint.tsr", list[0].Response)
		put("root.pem", tsa.EncodePEM(list[0].Chain[1:]))
		for _, x := range []struct {
			token, data string
			good        bool
		}{{"d1.tsr", "d1", true}, {"d2.tsr", "d1", false}, {"checkpoint.tsr", "checkpoint", true}, {"checkpoint.tsr", "d1", false}} {
			cmd := exec.Command("openssl", "ts", "-verify", "-in", x.token, "-data", x.data, "-CAfile", "root.pem",
				"-attime", strconv.FormatInt(w.clock.Now().Unix(), 10))
			cmd.Dir = dir
			out, err := cmd.CombinedOutput()
			if (err == nil) != x.good {
				t.Errorf("%s over %s: %v %s", x.token, x.data, err, out)
			}
		}
	})
}

// A store that was never set up has nothing and stamps nothing; rooms need not ask.
func TestANilStoreStampsNothing(t *testing.T) {
	var s *Store
	ctx := system(t)
	if err := errors.Join(s.Want(ctx, "a", thing("d"), nil), s.Drop(ctx, "a", thing("d")), s.Tend(ctx)); err != nil {
		t.Error(err)
	}
	list, err := s.Of(ctx, "a", "d")
	_, found, werr := s.Waiting(ctx, "a", "d")
	h, herr := s.Health(ctx)
	if len(list) != 0 || found || h.Waiting != 0 || errors.Join(err, werr, herr) != nil || s.Serves(Exhibit) || len(s.Standings()) != 0 {
		t.Error(list, found, h, err, werr, herr)
	}
}
