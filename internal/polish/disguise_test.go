package polish

import (
	"strings"
	"testing"
)

// TestDisguises lists the ways people hide words from filters; each must read as the word.
func TestDisguises(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"k u r w a", "kurwa"},
		{"k.u.r.w.a", "kurwa"},
		{"k-u-r-w-a", "kurwa"},
		{"wy z ł o d z i e j e jedne", "wy zlodzieje jedne"},
		{"to są i z ł o d z i e j e", "to sa i zlodzieje"},
		{"k*rwa", "kurwa"},
		{"ku**a", "kurwa"},
		{"zł0dziej", "zlodziej"},
		{"0szust", "oszust"},
		{"oszu$t", "oszust"},
		{"oszu$ci", "oszusci"},
		{"z@bije", "zabije"},
		{"z4bije", "zabije"},
		{"zł°dziej", "zl dziej"}, // a degree sign is no letter
		{"ＯＳＺＵＳＴ", "oszust"},
		{"𝐨𝐬𝐳𝐮𝐬𝐭", "oszust"},
		{"ⓞⓢⓩⓤⓢⓣ", "oszust"},
		{"🅾🆂🆉🆄🆂🆃", "oszust"},
		{"🅾️🆂🆉🆄🆂🆃", "oszust"},
		{"🇴🇸🇿🇺🇸🇹", "oszust"},
		{"ᴏꜱᴢᴜꜱᴛ", "oszust"},
		{"оszuѕt", "oszust"}, // Cyrillic o and s
		{"ošzùśt", "oszust"},
		{"o\u200bs\u200dz\u2060u\u00adst", "oszust"},
		{"o̷s̷z̷u̷s̷t̷", "oszust"},
		{"oszuuuuust", "oszust"},
		{"kuurrwa", "kurwa"},
		{"OSZUST", "oszust"},
		{"#NieKupujTam", "nie kupuj tam"},
		{"#bojkot", "bojkot"},
		{"4x4 mp3 b2b 30zl 2szt", "4x4 mp3 b2b 30zl 2szt"},
		{"iPhone 13 za 2,50", "iphone 13 za 2,50"},
		{"na co to komu", "na co to komu"},
		{"a i o w z u", "a i o w z u"},
		{"Anna oddaje lekki greccy", "anna oddaje lekki greccy"},
	} {
		var got []string
		for _, x := range Tokens(c.text) {
			got = append(got, x.Fold)
			if c.text[x.From:x.To] != x.Text {
				t.Errorf("%q: token %q is not the text at [%d, %d)", c.text, x.Text, x.From, x.To)
			}
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%q reads as %q, want %q", c.text, s, c.want)
		}
	}
}
