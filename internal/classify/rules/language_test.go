package rules

import (
	"testing"

	"chop/internal/polish"
)

func TestLanguage(t *testing.T) {
	for text, want := range map[string]string{
		"Ile kosztuje ten tort?":                   "pl",
		"zlodzieje i oszusci":                      "pl",
		"ok":                                       "pl",
		"":                                         "pl",
		"👍":                                        "pl",
		"How much is the cake?":                    "en",
		"scam":                                     "en",
		"never again, stay away":                   "en",
		"Дуже смачно, дякую":                       "uk",
		"Скільки коштує?":                          "uk",
		"Это очень плохо":                          "ru",
		"Спасибо, было вкусно":                     "ru",
		"Leider war das Essen kalt":                "de",
		"Wann haben Sie geöffnet?":                 "de",
		"Kolik stojí tento dort prosím?":           "cs",
		"Dobrý den, máte ještě volný pokoj?":       "cs",
		"价格是多少钱啊":                                  "other",
		"polecam bardzo, the best pizza w mieście": "pl",
	} {
		if got := language(text, polish.Tokens(text), ""); got != want {
			t.Errorf("%q is %s, want %s", text, got, want)
		}
	}
	if got := language("anything", nil, "EN-GB"); got != "en" {
		t.Errorf("a given language is kept: %s", got)
	}
}
