package inbox

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"chop/internal/lang"
	"chop/internal/macro"
	"chop/internal/mention"
)

// Whatever answers what, also in circles, every item stands in the thread once and answers follow what they answer.
func TestEveryItemStandsInTheThreadOnce(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		n := rapid.IntRange(0, 12).Draw(r, "items")
		list := make([]mention.Mention, n)
		for i := range list {
			list[i] = mention.Mention{ID: fmt.Sprint("m", i), ExternalID: fmt.Sprint(i)}
			if p := rapid.IntRange(-1, n).Draw(r, "answers"); p >= 0 {
				list[i].ParentExt = fmt.Sprint(p)
			}
		}
		out, at := inOrder(list), map[string]int{}
		for i, p := range out {
			if _, twice := at[p.ID]; twice {
				r.Fatalf("%s stands twice", p.ID)
			}
			at[p.ID] = i
			if p.depth > 0 && i > 0 && out[i-1].depth < p.depth-1 {
				r.Fatalf("%s answers nothing above it", p.ID)
			}
		}
		if len(out) != n {
			r.Fatalf("%d of %d items", len(out), n)
		}
	})
}

// A diff without what was taken out is the new text, without what was put in it is the old one.
func TestADiffHoldsBothTexts(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		words := rapid.SliceOfN(rapid.SampledFrom([]string{"kupiła", "koleżanka", "len", "nie", "zwrot"}), 0, 12)
		a, b := strings.Join(words.Draw(r, "before"), " "), strings.Join(words.Draw(r, "after"), " ")
		var before, after []string
		for _, e := range diff(a, b) {
			if !e.New {
				before = append(before, e.Text)
			}
			if !e.Old {
				after = append(after, e.Text)
			}
		}
		for got, want := range map[string]string{strings.Join(before, " "): a, strings.Join(after, " "): b} {
			if strings.Join(strings.Fields(got), " ") != want {
				r.Fatalf("%q became %q", want, got)
			}
		}
	})
}

func TestTimesToComeBack(t *testing.T) {
	night := time.Date(2026, 11, 22, 0, 52, 0, 0, lang.Zone)
	day := time.Date(2026, 11, 22, 14, 0, 0, 0, lang.Zone)
	for _, c := range []struct {
		code string
		now  time.Time
		want string
	}{{"1h", night, "22.11 01:52"}, {"morning", night, "22.11 08:00"}, {"morning", day, "23.11 08:00"}, {"3d", day, "25.11 08:00"}, {"week", day, "29.11 08:00"}} {
		got, err := macro.Until(c.code, c.now)
		if err != nil || got.In(lang.Zone).Format("02.01 15:04") != c.want {
			t.Errorf("%s: %s, %v, want %s", c.code, got, err, c.want)
		}
	}
	if _, err := macro.Until("nigdy", day); err == nil {
		t.Error("an unknown time is taken")
	}
}

func TestOutwardAddresses(t *testing.T) {
	for in, want := range map[string]string{"https://x.pl/a?b=c": "https://x.pl/a?b=c", "javascript:alert(1)": "", "data:text/html,x": "", "//x.pl": "",
		"/etc": "", "": "", "HTTP://x.pl": "http://x.pl", "java\nscript:x": ""} {
		if got := outward(in); got != want {
			t.Errorf("%q leads to %q, want %q", in, got, want)
		}
	}
}

func FuzzAddress(f *testing.F) {
	for _, s := range []string{"label=threat&severity=3", "q=%00&below=-1", "from=2026-02-30&to=x", "status=all&status=open"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v, err := url.ParseQuery(s)
		if err != nil {
			return
		}
		q := read(v)
		again := read(q.values())
		if again != q {
			t.Fatalf("%+v became %+v", q, again)
		}
	})
}
