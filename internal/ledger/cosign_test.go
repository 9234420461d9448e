package ledger_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/transparency-dev/formats/note"

	"chop/internal/db"
	"chop/internal/db/dbtest"
	"chop/internal/ledger"
	"chop/internal/witness"

	sumnote "golang.org/x/mod/sumdb/note"
)

// watcher is a witness that answers over HTTP, and how the log is told of it.
type watcher struct {
	*witness.Server
	web *httptest.Server
}

func watch(t *testing.T, name, vkey string, clock *dbtest.Clock) (watcher, *witness.Client) {
	t.Helper()
	s, err := witness.NewServer(t.TempDir(), name, []string{vkey}, clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	web := httptest.NewServer(s.Handler())
	t.Cleanup(web.Close)
	c, err := witness.NewClient(web.URL + " " + s.Key().String())
	if err != nil {
		t.Fatal(err)
	}
	return watcher{s, web}, c
}

// twin is a log with the same key, as somebody with the machine in hand could make one.
func twin(t *testing.T, d *db.DB, dir string, peers ...*witness.Client) *ledger.Log {
	t.Helper()
	l, err := ledger.New(d, seed, dir, peers...)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// Two witnesses confirm each checkpoint over HTTP; what they signed is in the folder, in proofs and in the report, and a
// second library reads it.
func TestWitnessesConfirmTheLog(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		dir := t.TempDir()
		vkey := open(t, d, dir).VerifierKey()
		w1, c1 := watch(t, "kancelaria.example", vkey, clock)
		_, c2 := watch(t, "druga-firma.example/chop", vkey, clock)
		l := twin(t, d, dir, c1, c2)
		for range 3 {
			fill(t, l, 70, 70)
			if err := l.Cosign(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if size, _, err := w1.Seen(l.Origin()); err != nil || size != 210 {
			t.Fatal(size, err)
		}
		r, err := ledger.VerifyDir(dir, vkey, c1.Key.String(), c2.Key.String())
		if err != nil || !r.Holds() || len(r.Cosigned) != 2 || !r.Cosigned[0].At.Equal(dbtest.Start) {
			t.Fatalf("%+v %v", r, err)
		}
		if r, err := ledger.VerifyDir(dir, vkey); err != nil || !r.Holds() || len(r.Cosigned) != 0 || r.Unknown != 2 {
			t.Errorf("without the witnesses' keys: %+v %v", r, err)
		}
		if r, err := l.Verify(t.Context()); err != nil || !r.Holds() || len(r.Cosigned) != 2 {
			t.Errorf("%+v %v", r, err)
		}
		latest, err := l.Latest(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		others(t, latest.Text(), vkey, c1.Key.String(), c2.Key.String())
		change(t, filepath.Join(dir, ledger.File), func(b []byte) []byte { return bytes.Replace(b, []byte("druga"), []byte("drugi"), 1) })
		if r, err := ledger.VerifyDir(dir, vkey, c2.Key.String()); err != nil || !names(r, ledger.CosignatureBad) {
			t.Errorf("a renamed cosignature: %+v %v", r, err)
		}
		exec(t, d, `UPDATE ledger_cosignature SET line = replace(line, 'AAAA', 'AAAB')`)
		if r, err := l.Verify(t.Context()); err != nil || !names(r, ledger.CosignatureBad) {
			t.Errorf("a rewritten cosignature: %+v %v", r, err)
		}
	})
}

// others reads the checkpoint with transparency-dev's library.
func others(t *testing.T, text []byte, vkey string, witnesses ...string) {
	t.Helper()
	v, err := sumnote.NewVerifier(vkey)
	if err != nil {
		t.Fatal(err)
	}
	known := []sumnote.Verifier{v}
	for _, w := range witnesses {
		v, err := note.NewVerifierForCosignatureV1(w)
		if err != nil {
			t.Fatal(err)
		}
		known = append(known, v)
	}
	n, err := sumnote.Open(text, sumnote.VerifierList(known...))
	if err != nil || len(n.Sigs) != 1+len(witnesses) {
		t.Errorf("%+v %v", n, err)
	}
}

// A log that shows the witness another history than before gets no signature, and its own verification says so from then
// on; the witness keeps what it saw.
func TestAWitnessRefusesALyingLog(t *testing.T) {
	for name, lie := range map[string]struct {
		sql   string
		grows int
		state string
	}{
		"a fork that grew on":   {`UPDATE ledger_leaf SET leaf = leaf; `, 30, ledger.WitnessNo},
		"set back":              {``, 0, ledger.WitnessAhead},
		"a fork of equal size":  {``, 10, ledger.WitnessNo},
		"a fork that is longer": {``, 25, ledger.WitnessNo},
	} {
		t.Run(name, func(t *testing.T) {
			d, clock := sqlite(t), dbtest.NewClock()
			vkey := open(t, d, t.TempDir()).VerifierKey()
			w, c := watch(t, "kancelaria.example", vkey, clock)
			l := twin(t, d, t.TempDir(), c)
			fill(t, l, 10, 10)
			fill(t, l, 10, 10)
			if err := l.Cosign(t.Context()); err != nil {
				t.Fatal(err)
			}
			_, root, _ := w.Seen(l.Origin())
			// The database is set back and grows differently, beside a fresh folder: nothing on this machine remembers.
			exec(t, d, `DELETE FROM ledger_checkpoint WHERE size > 10; DELETE FROM ledger_leaf WHERE idx >= 10; DELETE FROM ledger_place;
				DELETE FROM ledger_hash WHERE idx >= 18; UPDATE ledger_head SET size = 10; DELETE FROM ledger_witness; DELETE FROM ledger_cosignature`)
			liar := twin(t, d, t.TempDir(), c)
			for i := range lie.grows {
				if _, err := liar.Append(t.Context(), leaf(1000+i)); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := liar.Checkpoint(t.Context()); err != nil {
				t.Fatal(err)
			}
			if r, err := liar.Consistent(t.Context()); err != nil || !r.Holds() {
				t.Fatalf("the lie is seen without a witness, so this test proves nothing: %+v %v", r, err)
			}
			if err := liar.Cosign(t.Context()); err != nil {
				t.Fatal(err)
			}
			ws, err := liar.Witnesses(t.Context())
			if err != nil || len(ws) != 1 || ws[0].State != lie.state {
				t.Errorf("%+v %v", ws, err)
			}
			if r, err := liar.Consistent(t.Context()); err != nil || !names(r, ledger.WitnessRefused) {
				t.Errorf("%+v %v", r, err)
			}
			if size, now, _ := w.Seen(l.Origin()); size != 20 || now != root {
				t.Errorf("the witness now remembers %d", size)
			}
		})
	}
}

// A witness that is down keeps nobody waiting; it is asked again and catches up. So does one that lost our count of it.
func TestAWitnessThatIsDownIsAskedAgain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		vkey := open(t, d, t.TempDir()).VerifierKey()
		w, _ := watch(t, "kancelaria.example", vkey, clock)
		down := true
		door := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if down {
				rw.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			w.Handler().ServeHTTP(rw, r)
		}))
		t.Cleanup(door.Close)
		c, err := witness.NewClient(door.URL + " " + w.Key().String())
		if err != nil {
			t.Fatal(err)
		}
		l := twin(t, d, t.TempDir(), c)
		fill(t, l, 5, 5)
		state := func(want string, size int64) {
			t.Helper()
			if err := l.Cosign(t.Context()); err != nil {
				t.Fatal(err)
			}
			ws, err := l.Witnesses(t.Context())
			if err != nil || ws[0].State != want || ws[0].Size != size {
				t.Fatalf("%+v %v", ws, err)
			}
		}
		state(ledger.WitnessDown, 0)
		if r, err := l.Verify(t.Context()); err != nil || !r.Holds() {
			t.Errorf("a silent witness is no trouble of the log: %+v %v", r, err)
		}
		down = false
		state(ledger.WitnessSigned, 5)
		fill(t, l, 5, 5)
		exec(t, d, `DELETE FROM ledger_witness`)
		state(ledger.WitnessSigned, 10)
	})
}

// What a witness says is believed only under its own key.
func TestAnotherKeyIsNoWitness(t *testing.T) {
	d, clock := sqlite(t), dbtest.NewClock()
	vkey := open(t, d, t.TempDir()).VerifierKey()
	w, _ := watch(t, "kancelaria.example", vkey, clock)
	other, _ := watch(t, "kancelaria.example", vkey, clock)
	c, err := witness.NewClient(w.web.URL + " " + other.Key().String())
	if err != nil {
		t.Fatal(err)
	}
	l := twin(t, d, t.TempDir(), c)
	fill(t, l, 5, 5)
	if err := l.Cosign(t.Context()); err != nil {
		t.Fatal(err)
	}
	if ws, err := l.Witnesses(t.Context()); err != nil || ws[0].State != ledger.WitnessNo || !strings.Contains(ws[0].Detail, "key") {
		t.Errorf("%+v %v", ws, err)
	}
	if c, _ := l.Latest(t.Context()); len(c.Cosigned) > 0 {
		t.Error("it was kept")
	}
}

// A witness remembers across restarts, keeps its key, and lets nobody else use its folder.
func TestAWitnessRemembers(t *testing.T) {
	d, clock, dir := sqlite(t), dbtest.NewClock(), t.TempDir()
	l := open(t, d, t.TempDir())
	fill(t, l, 5, 5)
	first, err := witness.NewServer(dir, "kancelaria.example", []string{l.VerifierKey()}, clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := witness.NewServer(dir, "kancelaria.example", []string{l.VerifierKey()}, clock.Now); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Error(err)
	}
	c, err := l.Latest(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := post(first, "old 0\n\n"+string(c.Note)); got.Code != http.StatusOK {
		t.Fatal(got.Code, got.Body)
	}
	key := first.Key().String()
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := witness.NewServer(dir, "kancelaria.example", []string{l.VerifierKey()}, clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if size, root, err := again.Seen(l.Origin()); err != nil || size != 5 || root != c.Root || again.Key().String() != key {
		t.Error(size, root, err)
	}
	if info, err := os.Stat(filepath.Join(dir, "witness.key")); err != nil || info.Mode().Perm() != 0o600 {
		t.Error(info, err)
	}
}

func post(s *witness.Server, body string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/add-checkpoint", strings.NewReader(body)))
	return w
}

// The answers of c2sp.org/tlog-witness to requests that cannot be signed.
func TestAnswersOfTheWitness(t *testing.T) {
	d, clock := sqlite(t), dbtest.NewClock()
	l := open(t, d, t.TempDir())
	fill(t, l, 5, 5)
	five, _ := l.Latest(t.Context())
	fill(t, l, 3, 3)
	eight, _ := l.Latest(t.Context())
	foreign, err := ledger.New(sqlite(t), bytes.Repeat([]byte{9}, 32), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	fill(t, foreign, 2, 2)
	two, _ := foreign.Latest(t.Context())
	w, _ := watch(t, "kancelaria.example", l.VerifierKey(), clock)
	if got := post(w.Server, "old 0\n\n"+string(eight.Note)); got.Code != http.StatusOK {
		t.Fatal(got.Code)
	}
	for name, c := range map[string]struct {
		body string
		code int
		says string
	}{
		"an older checkpoint":      {"old 0\n\n" + string(five.Note), http.StatusConflict, "8\n"},
		"a wrong old size":         {"old 5\n\n" + string(eight.Note), http.StatusConflict, "8\n"},
		"old beyond the new":       {"old 8\n\n" + string(five.Note), http.StatusBadRequest, ""},
		"an unknown log":           {"old 0\n\n" + string(two.Note), http.StatusNotFound, ""},
		"a forged signature":       {"old 8\n\n" + strings.Replace(string(eight.Note), "\n8\n", "\n9\n", 1), http.StatusForbidden, ""},
		"the same again":           {"old 8\n\n" + string(eight.Note), http.StatusOK, "kancelaria.example"},
		"empty":                    {"", http.StatusBadRequest, ""},
		"no old line":              {"\n\n" + string(eight.Note), http.StatusBadRequest, ""},
		"leading zeros":            {"old 08\n\n" + string(eight.Note), http.StatusBadRequest, ""},
		"a proof that is no hash":  {"old 8\nabc\n\n" + string(eight.Note), http.StatusBadRequest, ""},
		"more proof than there is": {"old 8\n" + strings.Repeat("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", 64) + "\n" + string(eight.Note), http.StatusBadRequest, ""},
		"too large":                {strings.Repeat("x", 1<<20), http.StatusBadRequest, ""},
	} {
		got := post(w.Server, c.body)
		if got.Code != c.code || !strings.Contains(got.Body.String(), c.says) {
			t.Errorf("%s: %d %s", name, got.Code, got.Body)
		}
		if got.Code == http.StatusConflict && got.Header().Get("Content-Type") != "text/x.tlog.size" {
			t.Errorf("%s: %s", name, got.Header())
		}
	}
}
