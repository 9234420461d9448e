package lint_test

import (
	"os"
	"regexp"
	"slices"
	"testing"

	"chop/internal/lang"
	"chop/internal/reply/lint"
)

// Every finding the checks can make, and every part of an apology, has its sentence in both languages.
func TestEveryFindingHasItsSentence(t *testing.T) {
	names := map[string]string{"Opening": "L1", "Asking": "L2", "PublicData": "L3", "Confirming": "L4", "Legal": "L5", "Money": "L6", "Tone": "L7", "NonApology": "L8",
		"Template": "L9", "Vague": "L10", "Length": "L11", "Unsigned": "L12", "Third": "L13", "Sending": "L14", "Echo": "L15", "Blame": "L16", "CoolDown": "L17", "Denial": "G9"}
	adds, parts := regexp.MustCompile(`c\.add\((\w+), "(\w+)"`), regexp.MustCompile(`(?:Code: |add\()"(\w+)"`)
	seen, wanted := []string{}, []string{}
	for _, file := range []string{"stop.go", "data.go", "tone.go", "similar.go", "apology.go"} {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range adds.FindAllStringSubmatch(string(raw), -1) {
			wanted = append(wanted, "lint."+names[m[1]]+"."+m[2])
			seen = append(seen, names[m[1]])
		}
		if file == "apology.go" {
			for _, m := range parts.FindAllStringSubmatch(string(raw), -1) {
				wanted = append(wanted, "apology."+m[1])
			}
			for _, m := range regexp.MustCompile(`fail = "(\w+)"`).FindAllStringSubmatch(string(raw), -1) {
				wanted = append(wanted, "apology.fail."+m[1])
			}
		}
	}
	for _, c := range lint.Codes {
		if !slices.Contains(seen, string(c)) {
			t.Errorf("%s finds nothing", c)
		}
	}
	for _, id := range wanted {
		for _, tag := range []lang.Tag{lang.PL, lang.EN} {
			if !tag.Has(id) {
				t.Errorf("%s has no sentence in %s", id, tag)
			}
		}
	}
}
