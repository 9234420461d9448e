package dossier_test

import (
	"strings"
	"testing"

	"chop/internal/browser"
	"chop/internal/dossier/check"
	"chop/internal/evidence"
	"chop/internal/lang"
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
