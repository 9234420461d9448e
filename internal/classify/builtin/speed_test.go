package builtin

import (
	"context"
	"testing"

	"chop/internal/classify"
	"chop/internal/classify/examples"
)

// texts are the held-out examples as they would come in: without being told their language.
func texts(tb testing.TB) []classify.Text {
	tb.Helper()
	xs, err := examples.Read("../examples/held_*.tsv")
	if err != nil {
		tb.Fatal(err)
	}
	ts := make([]classify.Text, 0, len(xs))
	for _, x := range xs {
		x.Text.Lang = ""
		ts = append(ts, x.Text)
	}
	return ts
}

func engine(tb testing.TB) *Engine {
	tb.Helper()
	e, err := New()
	if err != nil {
		tb.Fatal(err)
	}
	return e
}

func bench(b *testing.B, brief bool, ts []classify.Text) {
	e := engine(b)
	e.Brief = brief
	size := 0
	for _, t := range ts {
		size += len(t.Text)
	}
	b.SetBytes(int64(size / len(ts)))
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		if _, err := e.Classify(context.Background(), ts[i%len(ts):i%len(ts)+1]); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "texts/s")
}

func BenchmarkShortBrief(b *testing.B)   { bench(b, true, texts(b)) }
func BenchmarkShortReasons(b *testing.B) { bench(b, false, texts(b)) }

func BenchmarkLongBrief(b *testing.B) {
	ts := texts(b)
	for i := range ts {
		for len(ts[i].Text) < 2000 {
			ts[i].Text += " " + ts[(i+len(ts[i].Text))%len(ts)].Text
		}
	}
	bench(b, true, ts)
}

func BenchmarkOpen(b *testing.B) {
	for range b.N {
		if _, err := New(); err != nil {
			b.Fatal(err)
		}
	}
}
