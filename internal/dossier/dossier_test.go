package dossier_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"chop/internal/access"
	"chop/internal/browser"
	"chop/internal/dossier"
	"chop/internal/dossier/check"
	"chop/internal/evidence"
	"chop/internal/fault"
	"chop/internal/journal"
	"chop/internal/lang"
	"chop/internal/tsa"
)

// TestPackageHoldsForStrangers: the whole, printed for real, checked by our own verifier and by the programs of others.
func TestPackageHoldsForStrangers(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.Print = browser.Print
		a := w.exhibit(1, evidence.File{Name: "zrzut ekranu 100%.png", Media: "image/png", Body: picture()})
		b := w.exhibit(2)
		o := w.order()
		o.Exhibits, o.Favours = []string{a.ID, b.ID}, []string{b.ID}
		path := w.download(w.ready(o))
		r, err := check.Verify(path, check.Trust{})
		if err != nil || !r.Holds || r.Exhibits != 2 || r.Repacked {
			var s strings.Builder
			r.Print(&s, lang.EN)
			t.Fatalf("%v\n%s", err, s.String())
		}
		dir := unpack(t, path)
		if r, err := check.Verify(dir, check.Trust{Seal: r.Seal, Key: r.Key}); err != nil || !r.Holds {
			t.Errorf("unpacked: %+v, %v", r.Failed(), err)
		}
		if said, ok := run(t, dir, "bash", "sprawdz.sh"); !ok || !strings.Contains(said, "WSZYSTKO SIĘ ZGADZA / ALL HOLDS") {
			t.Errorf("sprawdz.sh: %s", said)
		}
	})
}

func codes(lines []journal.Line) (verbs []string) {
	for _, l := range lines {
		verbs = append(verbs, l.Verb)
	}
	return verbs
}

func TestWhoGotAnExhibitAndWhyStandsInItsCustody(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		e := w.exhibit(1)
		o := w.order()
		o.Exhibits = []string{e.ID}
		p := w.ready(o)
		path := w.download(p)
		lines := must(w.ev.Custody(w.lawyer(), w.firm, e.ID))
		if got := codes(lines); !slices.Equal(got, []string{"exhibit.preserved", "exhibit.packed", "exhibit.handed"}) {
			t.Fatalf("%v", got)
		}
		if l := lines[1]; l.Why != "pozew o ochronę dóbr" || l.Data["to"] != "adw. Anna Nowak" {
			t.Errorf("%+v", l)
		}
		if l := lines[2]; l.Why != "dla sądu" || l.Name != "Mecenas Nowak" {
			t.Errorf("%+v", l)
		}
		custody := string(must(os.ReadFile(filepath.Join(unpack(t, path), dossier.Custody))))
		if !strings.Contains(custody, "Włożono dowód do pakietu") || !strings.Contains(custody, "adw. Anna Nowak") {
			t.Error(custody)
		}
		if list := must(w.With(w.lawyer(), w.firm, e.ID)); len(list) != 1 || list[0].ID != p.ID {
			t.Errorf("packages of the exhibit: %+v", list)
		}
		err := w.Download(w.lawyer(), w.firm, p.ID, " ", nil)
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("a download without a reason: %v", err)
		}
	})
}

func TestABrokenExhibitStopsTheBuild(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, b := w.exhibit(1), w.exhibit(2)
		o := w.order()
		o.Exhibits = []string{a.ID, b.ID}
		p := must(w.Make(w.lawyer(), w.firm, o))
		if err := filepath.WalkDir(w.blobs, func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() {
				err = os.WriteFile(path, []byte("other"), 0o600)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if err := w.Build(w.system, dossier.Build{Firm: w.firm, ID: p.ID}); err != nil {
			t.Fatal(err)
		}
		got := must(w.Get(w.lawyer(), w.firm, p.ID))
		if got.State != dossier.Failed || got.Trouble != "evidence.broken" || got.About != "D-001" {
			t.Errorf("%+v", got)
		}
		if err := w.Download(w.lawyer(), w.firm, p.ID, "mimo to", nil); !fault.Is(err, fault.Conflict) {
			t.Errorf("a stopped package can be downloaded: %v", err)
		}
		if _, err := w.Make(w.lawyer(), w.firm, o); !fault.Is(err, fault.Conflict) {
			t.Errorf("an exhibit known to be broken is taken: %v", err)
		}
	})
}

// TestAKilledBuildIsDoneAgainAndLeavesNothing: the process dies in the middle of the documents; the job runs again.
func TestAKilledBuildIsDoneAgainAndLeavesNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		e := w.exhibit(1, evidence.File{Name: "duzy.bin", Media: "application/octet-stream", Body: bytes.Repeat([]byte("0123456789abcdef"), 1<<20)})
		o := w.order()
		o.Exhibits = []string{e.ID}
		p := must(w.Make(w.lawyer(), w.firm, o))
		kept := w.pieceFiles()
		ctx, kill := context.WithCancel(w.system)
		w.Print = func(ctx context.Context, _ []byte) ([]byte, error) { kill(); return nil, ctx.Err() }
		if err := w.Build(ctx, dossier.Build{Firm: w.firm, ID: p.ID}); err == nil {
			t.Fatal("a killed build ended well")
		}
		if got := must(w.Get(w.lawyer(), w.firm, p.ID)); got.State != dossier.Building {
			t.Fatalf("%+v", got)
		}
		if w.pieceFiles() == kept {
			t.Fatal("it was killed before it kept anything: the test shows nothing")
		}
		w.Print = samePaper
		if err := w.Build(w.system, dossier.Build{Firm: w.firm, ID: p.ID}); err != nil {
			t.Fatal(err)
		}
		p = must(w.Get(w.lawyer(), w.firm, p.ID))
		if r, err := check.Verify(w.download(p), check.Trust{}); err != nil || !r.Holds {
			t.Errorf("%v %v", r.Failed(), err)
		}
		lines := must(w.ev.Custody(w.lawyer(), w.firm, e.ID))
		if got := codes(lines); !slices.Equal(got, []string{"exhibit.preserved", "exhibit.packed", "exhibit.handed"}) {
			t.Errorf("custody after two attempts: %v", got)
		}
		if n := w.pieceFiles() - kept; n != 3 { // 16 MB and the documents, in pieces of 8 MB
			t.Errorf("%d pieces are kept", n)
		}
		before := must(w.Get(w.lawyer(), w.firm, p.ID))
		if err := w.Build(w.system, dossier.Build{Firm: w.firm, ID: p.ID}); err != nil {
			t.Fatal(err)
		}
		if after := must(w.Get(w.lawyer(), w.firm, p.ID)); after.SHA256 != before.SHA256 || after.BuiltAt != before.BuiltAt {
			t.Error("a job delivered twice built the package twice")
		}
		if err := w.Discard(w.lawyer(), w.firm, p.ID, "sprawa umorzona"); err != nil {
			t.Fatal(err)
		}
		if n := w.pieceFiles() - kept; n != 0 {
			t.Errorf("%d pieces are left of a discarded package", n)
		}
	})
}

// pieceFiles counts the files of the vault.
func (w *world) pieceFiles() (n int) {
	if err := filepath.WalkDir(w.blobs, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			n++
		}
		return err
	}); err != nil {
		w.t.Fatal(err)
	}
	return n
}

func TestThirdPartiesAreBlackedOutEverywhereAndItIsSaid(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.exhibit(1, evidence.File{Name: "Kowalski.png", Media: "image/png", Body: picture()})
		o := w.order()
		o.Exhibits, o.Hide, o.HideMail = []string{a.ID}, []string{"Jana Kowalskiego", "Jan Kowalski", "Kowalski", "  "}, true
		o.ForAuthors = "Jan Kowalski miał zamówienie."
		path := w.download(w.ready(o))
		if r, err := check.Verify(path, check.Trust{}); err != nil || !r.Holds {
			t.Fatal(r.Failed(), err)
		}
		dir := unpack(t, path)
		for _, name := range listed(t, dir) {
			raw := string(must(os.ReadFile(filepath.Join(dir, name))))
			for _, word := range []string{"Kowalski", "KOWALSKI", "jan@example.com", "601 202 303"} {
				if strings.Contains(raw, word) || strings.Contains(name, word) {
					t.Errorf("%q stands in %s", word, name)
				}
			}
		}
		if _, err := os.Stat(filepath.Join(dir, "data/D-001")); err == nil {
			t.Error("the original is in the package")
		}
		note := string(must(os.ReadFile(filepath.Join(dir, "data/D-002/files/redaction.json"))))
		if !strings.Contains(note, `"original": "D-001"`) || !strings.Contains(note, "████") || !strings.Contains(note, `"withheld"`) {
			t.Error(note)
		}
		original := must(w.ev.Get(w.lawyer(), w.firm, a.ID))
		if rc := must(w.ev.Verify(w.system, w.firm, a.ID)); rc.State != evidence.Holds || original.Title != "Jan Kowalski" {
			t.Errorf("the original: %+v", rc)
		}
		if got := codes(must(w.ev.Custody(w.lawyer(), w.firm, a.ID))); !slices.Contains(got, "exhibit.redacted") || slices.Contains(got, "exhibit.packed") {
			t.Errorf("custody of the original: %v", got)
		}
	})
}

func TestAPackageForAKeyOpensWithThatKeyOnly(t *testing.T) {
	w := alone(t)
	dir := t.TempDir()
	key := filepath.Join(dir, "key")
	if said, ok := run(t, dir, "age-keygen", "-o", key); !ok {
		t.Fatal(said)
	}
	said, _ := run(t, dir, "age-keygen", "-y", key)
	o := w.order()
	o.Exhibits, o.AgeKey = []string{w.exhibit(1).ID}, strings.TrimSpace(said)
	p := w.ready(o)
	path := w.download(p)
	if raw := must(os.ReadFile(path)); !strings.HasSuffix(path, ".zip.age") || bytes.Contains(raw, []byte("capture.json")) {
		t.Error("it is not encrypted")
	}
	clear := filepath.Join(dir, "clear.zip")
	if said, ok := run(t, dir, "age", "-d", "-i", key, "-o", clear, path); !ok {
		t.Fatal(said)
	}
	if r, err := check.Verify(clear, check.Trust{}); err != nil || !r.Holds {
		t.Error(r.Failed(), err)
	}
	o.AgeKey = "age1zły"
	if _, err := w.Make(w.lawyer(), w.firm, o); !fault.Is(err, fault.Invalid) {
		t.Errorf("a wrong key was taken: %v", err)
	}
}

func TestWhoMayHaveAPackageMade(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.order()
		o.Exhibits = []string{w.exhibit(1).ID}
		p := w.ready(o)
		for _, r := range []access.Role{access.Guardian, access.Owner, access.Lawyer} {
			if _, err := w.Make(w.as("x", r), w.firm, o); err != nil {
				t.Errorf("%s: %v", r, err)
			}
		}
		staff := w.as("Staś", access.Staff)
		stranger := access.With(t.Context(), access.Principal{User: "u-obcy", Name: "Obcy", Firms: map[string]access.Role{w.other: access.Owner}})
		for who, want := range map[context.Context]fault.Kind{staff: fault.Forbidden, stranger: fault.NotFound} {
			_, err := w.Make(who, w.firm, o)
			_, err2 := w.Get(who, w.firm, p.ID)
			err3 := w.Download(who, w.firm, p.ID, "powód", nil)
			_, err4 := w.List(who, w.firm)
			_, err5 := w.With(who, w.firm, o.Exhibits[0])
			err6 := w.Discard(who, w.firm, p.ID, "powód")
			for i, err := range []error{err, err2, err3, err4, err5, err6} {
				if fault.KindOf(err) != want {
					t.Errorf("verb %d: %v, not %v", i, err, want)
				}
			}
		}
		if list, err := w.List(stranger, ""); err != nil || len(list) != 0 {
			t.Errorf("a stranger sees %d packages, %v", len(list), err)
		}
		if _, err := w.Get(stranger, w.other, p.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("a package of another firm: %v", err)
		}
	})
}

func TestAnOrderSaysWhatIsMissing(t *testing.T) {
	w := alone(t)
	id := w.exhibit(1).ID
	for field, spoil := range map[string]func(*dossier.Order){
		"recipient":   func(o *dossier.Order) { o.Recipient = " " },
		"why":         func(o *dossier.Order) { o.Why = "x" },
		"operator":    func(o *dossier.Order) { o.Operator = "" },
		"for_authors": func(o *dossier.Order) { o.ForAuthors = "" },
		"exhibits":    func(o *dossier.Order) { o.Exhibits = nil },
		"hide":        func(o *dossier.Order) { o.Hide = []string{"ab"} },
	} {
		o := w.order()
		o.Exhibits = []string{id}
		spoil(&o)
		_, err := w.Make(w.lawyer(), w.firm, o)
		var f *fault.Error
		if !errors.As(err, &f) || f.Kind != fault.Invalid || f.Field != field || !lang.PL.Has("fault."+f.Code) {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func TestTablesRunNoFormulasAndOpen(t *testing.T) {
	w := alone(t)
	o := w.order()
	o.Exhibits, o.Why = []string{w.exhibit(1).ID}, "@SUM(A1)"
	dir := unpack(t, w.download(w.ready(o)))
	for _, name := range []string{dossier.List + ".csv", dossier.Chronology + ".csv", dossier.Custody} {
		raw := must(os.ReadFile(filepath.Join(dir, name)))
		rows, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(raw, []byte("\uFEFF")))).ReadAll()
		if err != nil || len(rows) < 2 {
			t.Fatalf("%s: %d rows, %v", name, len(rows), err)
		}
		for _, row := range rows {
			for _, c := range row {
				if c != "" && strings.ContainsRune("=+-@", rune(c[0])) {
					t.Errorf("%s: %q", name, c)
				}
			}
		}
	}
	word := filepath.Join(dir, dossier.Chronology+".docx")
	if said, ok := run(t, dir, "unzip", "-p", word, "word/document.xml"); !ok || !strings.Contains(said, "Oszuści nr 1") || xml.Unmarshal([]byte(said), new(any)) != nil {
		t.Errorf("%.300s", said)
	}
}

// TestTheZipOfOneExhibitIsCheckedToo: the other thing that leaves the vault.
func TestTheZipOfOneExhibitIsCheckedToo(t *testing.T) {
	w := alone(t)
	e := w.exhibit(1)
	var b bytes.Buffer
	if err := w.ev.Export(w.lawyer(), w.firm, e.ID, &b); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "D-001.zip")
	verify := func(raw []byte) check.Receipt {
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		return must(check.Verify(path, check.Trust{}))
	}
	if r := verify(b.Bytes()); !r.Holds || r.Kind != check.Exhibit || r.Exhibits != 1 || r.Code != "D-001" {
		t.Fatalf("%+v", r)
	}
	files := content(b.Bytes())
	r, n := rand.New(rand.NewPCG(1, 2)), 0
	for range 400 {
		kind, bad := spoil(r, b.Bytes())
		if got, err := check.Verify(path, check.Trust{}); maps.Equal(content(bad), files) || err != nil && got.Holds {
			continue // packed otherwise, the same files: deflated bytes can be written in several ways
		}
		n++
		if got := verify(bad); got.Holds {
			t.Errorf("%s passes", kind)
		}
	}
	if n < 300 {
		t.Errorf("only %d of 400 changed a file", n)
	}
}

func TestALogDirectoryIsChecked(t *testing.T) {
	w := alone(t)
	for n := range 5 {
		w.exhibit(n)
	}
	must(w.Ledger.Checkpoint(w.system))
	dir := filepath.Join(filepath.Dir(w.blobs), "ledger")
	r, err := check.Verify(dir, check.Trust{Key: w.Ledger.VerifierKey()})
	if err != nil || !r.Holds || r.Kind != check.Log || r.Size == 0 {
		t.Fatalf("%+v, %v", r, err)
	}
	var tile string
	for _, n := range listed(t, dir) {
		if strings.HasPrefix(n, "tile/0/") {
			tile = filepath.Join(dir, n)
		}
	}
	raw := must(os.ReadFile(tile))
	raw[0] ^= 1
	if err := os.WriteFile(tile, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	if r, err := check.Verify(dir, check.Trust{Key: w.Ledger.VerifierKey()}); err != nil || r.Holds {
		t.Errorf("a changed tile: %+v, %v", r, err)
	}
}

func TestWhatIsNoPackageIsSaidToBeNone(t *testing.T) {
	dir := t.TempDir()
	if _, err := check.Verify(dir, check.Trust{}); !errors.Is(err, check.ErrUnknown) {
		t.Errorf("an empty folder: %v", err)
	}
	if _, err := check.Verify(filepath.Join(dir, "none"), check.Trust{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing: %v", err)
	}
	file := filepath.Join(dir, "x.zip")
	if err := os.WriteFile(file, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := check.Verify(file, check.Trust{})
	var said strings.Builder
	r.Print(&said, lang.PL)
	if err != nil || r.Holds || !strings.Contains(said.String(), "COŚ SIĘ NIE ZGADZA") {
		t.Errorf("%v %s", err, said.String())
	}
}

// TestTimestampsAreInThePackageAndHoldForOpenssl: with the built-in authority, which says of itself that it is a test.
func TestTimestampsAreInThePackageAndHoldForOpenssl(t *testing.T) {
	w := alone(t)
	authority := must(tsa.NewDevelopment(w.clock.Now))
	client := &tsa.Client{Way: authority, Roots: tsa.Pool(authority.Root), Now: w.clock.Now}
	token := func(got tsa.Token) dossier.Token {
		return dossier.Token{Response: got.Response, Chain: got.ChainPEM(), At: got.Time, Name: "test", Test: true}
	}
	w.Stamp = func(ctx context.Context, digest []byte) (dossier.Token, []byte, error) {
		got, err := client.Stamp(ctx, digest)
		return token(got), got.Raw, err
	}
	w.Tokens = func(ctx context.Context, firm, id string) ([]dossier.Token, error) {
		rc, err := w.ev.Verify(ctx, firm, id)
		if err != nil {
			return nil, err
		}
		got, err := client.Stamp(ctx, must(hex.DecodeString(rc.Manifest)))
		return []dossier.Token{token(got)}, err
	}
	o := w.order()
	o.Exhibits = []string{w.exhibit(1).ID, w.exhibit(2).ID}
	path := w.download(w.ready(o))
	r := must(check.Verify(path, check.Trust{}))
	if !r.Holds || r.Stamps != 2 || r.StampSeal != dossier.StampTest {
		t.Fatalf("%d timestamps, seal %s: %+v", r.Stamps, r.StampSeal, r.Failed())
	}
	dir := unpack(t, path)
	if said, ok := run(t, dir, "bash", "sprawdz.sh"); !ok || !strings.Contains(said, "znaczniki czasu / timestamps: 2") || !strings.Contains(said, "worth nothing in court") {
		t.Error(said)
	}
	at := fmt.Sprint(w.clock.Now().Unix())
	for data, tsr := range map[string]string{"data/D-001/capture.json": "data/D-001/capture.json.tsr", dossier.SealFile: dossier.StampFile} {
		said, ok := run(t, dir, "openssl", "ts", "-verify", "-in", tsr, "-data", data, "-CAfile", dossier.RootsFile, "-attime", at)
		if !ok || !strings.Contains(said, "Verification: OK") {
			t.Errorf("%s: %s", tsr, said)
		}
	}
	// A sound timestamp of something else, with every sum made anew: only the imprint tells.
	other := must(os.ReadFile(filepath.Join(dir, "data/D-002/capture.json.tsr")))
	if err := os.WriteFile(filepath.Join(dir, dossier.StampFile), other, 0o600); err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, n := range []string{dossier.SealFile, dossier.StampFile} {
		files[n] = must(os.ReadFile(filepath.Join(dir, n)))
	}
	if err := os.WriteFile(filepath.Join(dir, dossier.SumsFile), dossier.Sums(files), 0o600); err != nil {
		t.Fatal(err)
	}
	r = must(check.Verify(dir, check.Trust{}))
	if bad := r.Failed(); len(bad) != 1 || bad[0].Code != "seal_stamp" {
		t.Errorf("a replaced timestamp: %+v", bad)
	}
	if said, ok := run(t, dir, "bash", "sprawdz.sh"); ok {
		t.Errorf("sprawdz.sh of a replaced timestamp: %s", said)
	}
}
