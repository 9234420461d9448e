package mention_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"chop/internal/classify"
)

// A label without its index would be listed by walking through everything newer.
func TestEveryLabelHasTheIndexOfItsList(t *testing.T) {
	raw, err := os.ReadFile("../db/migrations/0021_mention.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range append([]classify.Label{classify.FakeReview}, classify.Labels...) {
		want := fmt.Sprintf("CREATE INDEX mention_%s ON mention (firm_id, doc) WHERE labels LIKE '%%,%s,%%';", l, l)
		if !strings.Contains(string(raw), want) {
			t.Errorf("0021_mention.sql has no %s", want)
		}
	}
}
