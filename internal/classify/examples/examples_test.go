package examples

import (
	"strings"
	"testing"

	"chop/internal/classify"
)

func TestEveryFileReads(t *testing.T) {
	xs, err := Read("*_*.tsv")
	if err != nil {
		t.Fatal(err)
	}
	count := map[classify.Label]map[bool]int{}
	for i := range xs {
		x := &xs[i]
		if strings.HasPrefix(x.File, "dev_") {
			continue
		}
		held := strings.HasPrefix(x.File, "held_")
		for _, l := range x.Labels {
			if count[l] == nil {
				count[l] = map[bool]int{}
			}
			count[l][held]++
		}
		if x.Buyer && !x.Has(classify.Question) {
			t.Errorf("%s: a buyer's question that is no question", x.ID)
		}
	}
	for _, l := range classify.Labels {
		if n := count[l]; n[false] < 200 || n[true] < 30 {
			t.Errorf("%s: %d examples to learn from, %d to measure on", l, n[false], n[true])
		}
	}
}

func TestParse(t *testing.T) {
	e, err := Parse("question!,praise\t2\t1\tproduct\tIle?\\nDzięki\tparent=a\\tb\tparent_labels=question!\trating=4\tlang=en\tpost=p")
	if err != nil || !e.Buyer || !e.Has(classify.Praise) || e.Text.Text != "Ile?\nDzięki" || e.Parent != "a\tb" || e.Rating != 4 || e.Lang != "en" ||
		e.Post != "p" || len(e.ParentLabels) != 1 || e.Severity != 2 || e.Sentiment != 1 {
		t.Errorf("%+v, %v", e, err)
	}
	for _, bad := range []string{
		"", "praise\t0\t1\tfirm", "praise\t0\t1\tfirm\t ", "prase\t0\t1\tfirm\tx", "praise!\t0\t1\tfirm\tx", "praise,praise\t0\t1\tfirm\tx",
		"praise,neutral\t0\t1\tfirm\tx", "praise\t5\t1\tfirm\tx", "praise\t0\t3\tfirm\tx", "praise\t0\t1\tshop\tx", "praise\t0\t1\tfirm\tx\trating=6",
		"praise\t0\t1\tfirm\tx\tcolour=red",
	} {
		if e, err := Parse(bad); err == nil {
			t.Errorf("%q read as %+v", bad, e)
		}
	}
}
