package decision

import "testing"

// BenchmarkAdvise measures advice without texts: with its reasons as codes, and the figures alone.
func BenchmarkAdvise(b *testing.B) {
	var cases []Case
	for _, s := range scenarios(b) {
		cases = append(cases, s.read(b))
	}
	for name, f := range map[string]func(Case, Capabilities) (Result, error){"reasons": Rank, "figures": Tuning{}.Weigh} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, err := f(cases[i%len(cases)], nil); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "cases/s")
		})
	}
}
