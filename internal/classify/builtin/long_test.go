package builtin

import (
	"strings"
	"testing"

	"chop/internal/classify"
)

// hostile are pieces that make patterns, quotations, masks and pairs of fields work hardest when repeated.
var hostileTexts = []string{"a", "a ", "kurwa ", "nie polecam ", "zabije was ", "nie zabije was bo zartuje ", "zapłać albo ", "\"", "„\"", "?", "! ", "😂", "😂 ", "@",
	"@a ", "k*", "* ", "1 ", "1.", "http://a.b/", "a.b", "a@b.c ", "x-", "o s z u s t ", "#NieKupujTam", "haha ", "Anna K. Lipowa 7 ", "🅾", "🇵🇱",
	"\u0301", "\u200b", "ą", "\xff", "ulica ", "PL61 1090 ", "jak nie to ", "wiem gdzie mieszkasz ", "oddajcie pieniądze albo spalę ", "(", "...", "\n"}

// BenchmarkHostile times one text of 20 kB and one of 1 MB of each piece: the second may not cost more than reading it takes.
func BenchmarkHostile(b *testing.B) {
	e := engine(b)
	for _, p := range hostileTexts {
		for _, size := range []int{5_000, 20_000, 1 << 20} {
			text := strings.Repeat(p, size/len(p)+1)[:size]
			b.Run(strings.TrimSpace(p)+"/"+map[int]string{5_000: "5k", 20_000: "20k", 1 << 20: "1M"}[size], func(b *testing.B) {
				for range b.N {
					label(b, e, classify.Text{Text: text})
				}
			})
		}
	}
}
