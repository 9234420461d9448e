package detect

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"chop/internal/simulate"
)

var rewrite = flag.Bool("rewrite", false, "write testdata/golden.txt anew: only when the method was changed on purpose")

// What is found on a few pages is on record to the last digit, so that making the method faster does not change it.
func TestFindingsStayAsTheyAreOnRecord(t *testing.T) {
	const file = "testdata/golden.txt"
	audiences := func(seed uint64) simulate.Settings {
		s := simulate.Attacked(seed)
		s.Digest, s.Push, s.Topic, s.TopicPush, s.Hidden = 20, 20, 15, 15, 0.1
		return s
	}
	var b strings.Builder
	for _, x := range []struct {
		name string
		s    simulate.Settings
	}{{"attacked 1", simulate.Attacked(1)}, {"attacked 4", simulate.Attacked(4)}, {"honest 1", simulate.Honest(1)}, {"audiences 2", audiences(2)}} {
		actions, posts, _ := play(x.s)
		record(&b, x.name, Run(actions, posts, Default()))
		record(&b, x.name+" without posts", Run(actions, nil, Default()))
	}
	if *rewrite {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	got, old := strings.Split(b.String(), "\n"), strings.Split(string(want), "\n")
	for i := range min(len(got), len(old)) {
		if got[i] != old[i] {
			t.Fatalf("line %d:\n%s\non record:\n%s", i+1, got[i], old[i])
		}
	}
	if len(got) != len(old) {
		t.Errorf("%d lines, on record %d", len(got), len(old))
	}
}

func record(b *strings.Builder, name string, r Report) {
	fmt.Fprintf(b, "%s: %d actions, %d accounts, %d tested, %d pairs, %d posts\n", name, r.Actions, r.Accounts, r.Tested, r.Pairs, r.Posts)
	for i, l := range r.Synchronous {
		if i < 10 || i%25 == 0 {
			fmt.Fprintf(b, " %s %s %d/%d %v %.6g %.6g %.6g\n", l.A, l.B, l.Together, l.Shared, l.Within, l.Expected, l.P, l.Q)
		}
	}
	fmt.Fprintf(b, " %d synchronous\n", len(r.Synchronous))
	for _, g := range r.Groups {
		fmt.Fprintf(b, " level %d: %d members, %d links, %d posts, together %v, expected %.6g, sd %.6g, p %.6g\n", g.Level, len(g.Members), len(g.Links),
			len(g.Posts), g.Together, g.Expected, g.SD, g.P)
		for _, m := range g.Members {
			fmt.Fprintf(b, "  %s r %.6g over %d, p %.6g q %.6g, %d posts, %d first, since %v, %s\n", m.Account, m.R, m.Common, m.P, m.Q, m.Posts, m.First, m.Since, g.Role(m))
		}
		for i := 0; i < len(g.Links); i += 10 {
			l := g.Links[i]
			fmt.Fprintf(b, "  %s %s %d/%d %v %.6g %.6g %.6g\n", l.A, l.B, l.Together, l.Shared, l.Within, l.Expected, l.P, l.Q)
		}
	}
}
