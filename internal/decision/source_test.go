package decision

import (
	"slices"
	"strings"
	"testing"

	"chop/internal/lang"
)

func TestSourcesAreNamedForPeople(t *testing.T) {
	for _, tag := range lang.Tags {
		for _, r := range book.Rules {
			for _, key := range r.Sources {
				name := sourceName(key, tag.T)
				if strings.Contains(name, "[") || name == strings.ToUpper(name) && !slices.Contains([]string{"RODO", "GDPR"}, name) {
					t.Errorf("%s: source %s is told as %q", r.ID, key, name)
				}
			}
		}
	}
	if got := sourceName("HERHAUSEN19", lang.PL.T); got != "Herhausen 2019" {
		t.Errorf("%q", got)
	}
}
