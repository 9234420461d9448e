package dossier_test

import (
	"os"
	"testing"
	"time"

	"chop/internal/browser"
	"chop/internal/dossier/check"
	"chop/internal/evidence"
)

// BenchmarkPackageOf500 builds and checks a package of 500 exhibits as the interface of a place gives them (three files of about
// 8 kB), with one picture in ten, printed for real.
func BenchmarkPackageOf500(b *testing.B) {
	w := alone(b)
	w.Print = browser.Print
	pic, thread := picture(), make([]byte, 8000)
	for i := range thread {
		thread[i] = 'a' + byte(i%23)
	}
	o := w.order()
	for n := range 500 {
		more := []evidence.File{{Name: "thread.json", Media: "application/json", Body: thread}, {Name: "delivery.json", Media: "application/json", Body: thread[:2000]}}
		if n%10 == 0 {
			more = append(more, evidence.File{Name: "screenshot.png", Media: "image/png", Body: pic})
		}
		o.Exhibits = append(o.Exhibits, w.exhibit(n, more...).ID)
	}
	for b.Loop() {
		began := time.Now()
		p := w.ready(o)
		built := time.Since(began)
		path := w.download(p)
		began = time.Now()
		r := must(check.Verify(path, check.Trust{}))
		if !r.Holds || r.Exhibits != 500 {
			b.Fatalf("%+v", r.Failed())
		}
		b.ReportMetric(built.Seconds(), "s/build")
		b.ReportMetric(time.Since(began).Seconds(), "s/check")
		b.ReportMetric(float64(must(os.Stat(path)).Size())/1e6, "MB")
	}
}
