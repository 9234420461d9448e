package cases

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"chop/internal/crisis"
	"chop/internal/lang"
	"chop/internal/mention"
	"chop/internal/web/page"
)

func TestLabelsOfACaseAreCountedAndNarrowIt(t *testing.T) {
	ctx := page.WithFrame(t.Context(), page.Frame{Lang: lang.PL})
	ms := []mention.Mention{{Labels: []string{"insult", "threat"}}, {Labels: []string{"insult"}}, {Labels: []string{"praise"}, Own: true}, {}}
	var got []string
	for _, c := range labelChips(ctx, &View{Case: crisis.Case{ID: "c1"}, Label: "insult"}, ms) {
		got = append(got, fmt.Sprintf("%s %d %v %s", c.Text, c.Count, c.On, c.Href))
	}
	want := []string{"Wszystkie 0 false /cases/c1#case-items", "groźba 1 false /cases/c1?label=threat#case-items", "obelga 2 true /cases/c1?label=insult#case-items"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if cs := labelChips(ctx, &View{}, ms[2:]); cs != nil {
		t.Errorf("chips without labels: %v", cs)
	}
}

func TestThePathToAllItemsKeepsTheLabel(t *testing.T) {
	if got := wholeList(View{Label: "a&b"}); !strings.Contains(got, "items=all") || !strings.Contains(got, "label=a%26b") {
		t.Error(got)
	}
}
