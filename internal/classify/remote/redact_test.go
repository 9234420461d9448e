package remote

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestRedactionHidesWhatPointsAtAPerson(t *testing.T) {
	staff := []string{"Anna Kowalska", "Marek Wójcik", "Paweł"}
	for in, want := range map[string]string{
		"zadzwoń 601 234 567 albo +48 601-234-567":          "zadzwoń [PHONE] albo +[PHONE]",
		"tel 601234567, 0048601234567":                      "tel [PHONE], [PHONE]",
		"6O1 2345 67 pisz":                                  "[NUMBER] pisz",
		"pisz na jan.nowak+x@poczta.example.pl dziś":        "pisz na [MAIL] dziś",
		"konto PL61 1090 1014 0000 0712 1981 2874 wpłać":    "konto [IBAN] wpłać",
		"konto PL61109010140000071219812874":                "konto [IBAN]",
		"konto 61 1090 1014 0000 0712 1981 2874":            "konto [IBAN]",
		"jej PESEL to 44051401359":                          "jej PESEL to [PESEL]",
		"zamówienie 123456789012":                           "zamówienie [NUMBER]",
		"patrz https://evil.example/x?id=7 i www.sklep.pl":  "patrz [LINK] i [LINK]",
		"@jan_nowak widziałeś?":                             "[HANDLE] widziałeś?",
		"pani Anna Nowak z kasy jest niemiła":               "pani [NAME] z kasy jest niemiła",
		"Panie Nowak. Dzwoń dziś, pan J. Zych-Wilk wie":     "Panie [NAME]. Dzwoń dziś, pan [NAME] wie",
		"p. Nowak oszukuje, panem Zielińskim też":           "p. [NAME] oszukuje, panem [NAME] też",
		"to jest Anna K. z Lipowej 7":                       "to jest [NAME]. z [ADDRESS]",
		"mieszka na ul. Jana Pawła 12/4, zapraszam":         "mieszka na [ADDRESS], zapraszam",
		"ul. Lipowa 7 m. 3":                                 "[ADDRESS]",
		"mieszka przy Długiej 15a":                          "mieszka przy [ADDRESS]",
		"80-180 Gdańsk":                                     "[ADDRESS]",
		"Kowalskiej nie lubię, Annie też, z Markiem gorzej": "[NAME] nie lubię, [NAME] też, z [NAME] gorzej",
		"spotkałem Pawła i Wójcika":                         "spotkałem [NAME] i [NAME]",
		"wiem gdzie mieszkasz, spłoniecie":                  "wiem gdzie mieszkasz, spłoniecie",
		"czekałam 2 godziny, 45,50 zł, dnia 12.05.2026":     "czekałam 2 godziny, 45,50 zł, dnia 12.05.2026",
		"Pan tu nie stał. Pani też":                         "Pan tu nie stał. Pani też",
		"":                                                  "",
		"60\u200b1 234\u00a0567":                            "[PHONE]",
		"٦٠١٢٣٤٥٦٧ zadzwoń":                                 "[PHONE] zadzwoń",
	} {
		if got := Redact(in, staff); got != want {
			t.Errorf("%q\n got %q\nwant %q", in, got, want)
		}
	}
}

// Whatever a text is, the nine digits of a telephone number in it do not come through.
func TestNoTelephoneNumberComesThrough(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		phone := rapid.StringMatching(`[5-8][0-9]{8}`).Draw(t, "phone")
		before := rapid.StringMatching(`([ a-zżó,.!]{0,12}|ul\. |al |z |p\. |mieszka na )(Lipowej|Anna K|7 m|PL)? `).Draw(t, "before")
		after := rapid.StringMatching(` [ a-zżó,.!]{0,20}`).Draw(t, "after")
		sep := rapid.SampledFrom([]string{"", " ", "-", ".", "\u00a0"}).Draw(t, "sep")
		got := Redact(before+phone[:3]+sep+phone[3:6]+sep+phone[6:]+after, nil)
		if n := len(digits(got)); n > len(digits(before)) {
			t.Fatalf("%d digits left in %q", n, got)
		}
	})
}

func FuzzRedact(f *testing.F) {
	for _, s := range []string{"601 234 567", "\xff\xfe", "ul. ", "PL61", "p.", "\u202e601\u200b234567", strings.Repeat("9", 100), "80-180", "Anna K."} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := Redact(s, []string{"Anna", "Żaneta Ćwiek"})
		if utf8.ValidString(s) && !utf8.ValidString(got) {
			t.Fatalf("%q became invalid: %q", s, got)
		}
	})
}
