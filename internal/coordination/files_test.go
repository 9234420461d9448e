package coordination

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"chop/internal/coordination/channel"
	"chop/internal/coordination/count"
	"chop/internal/coordination/detect"
	"chop/internal/fault"
	"chop/internal/lang"
	"chop/internal/simulate"
)

func analyse(t *testing.T, p simulate.Page, tag lang.Tag) (Finding, string) {
	t.Helper()
	var events, posts, out bytes.Buffer
	if err := errors.Join(p.WriteEvents(&events), p.WritePosts(&posts)); err != nil {
		t.Fatal(err)
	}
	in := Input{Events: &events, Posts: &posts, EventsName: "events.csv", PostsName: "posts.csv"}
	if err := Analyse(in, &out, detect.Default(), 5, tag); err != nil {
		t.Fatal(err)
	}
	var f Finding
	if err := json.Unmarshal(out.Bytes(), &f); err != nil {
		t.Fatal(err)
	}
	return f, out.String()
}

func TestAFindingSaysWhatItMeansAndWhatSpeaksAgainstIt(t *testing.T) {
	page := simulate.Make(simulate.Attacked(1))
	f, raw := analyse(t, page, lang.PL)
	if len(f.Groups) != 3 || f.Accounts == 0 || f.Pairs != f.Accounts*(f.Accounts-1)/2 {
		t.Fatalf("%d groups of %d accounts, %d pairs", len(f.Groups), f.Accounts, f.Pairs)
	}
	for _, g := range f.Groups {
		if g.Level != "L3" || g.FalseRate == nil || *g.FalseRate > 0.5 || len(g.Disconfirm) < 3 || len(g.Members) < 3 || len(g.Links) < 3 || g.P > 0.01 || g.Z < 4 {
			t.Errorf("%+v", g)
		}
		if l := g.Links[0]; !strings.Contains(l.Says, "wspólnych postów; z przypadku") || l.Together > l.Shared || l.Within == 0 {
			t.Errorf("%+v", l)
		}
	}
	own := strings.ReplaceAll(raw, "nie «fałszywe»", "")
	for _, g := range f.Groups { // what people wrote is quoted, with all their words
		for _, c := range g.Channels {
			for _, x := range append(c.Pairs, channel.Pair{Same: c.Same}) {
				if x.Same != "" {
					own = strings.ReplaceAll(own, x.Same, "")
				}
			}
		}
	}
	for _, word := range []string{"fałszyw", "fake", "oszust", "troll"} {
		if strings.Contains(own, word) {
			t.Errorf("the report accuses: %q", word)
		}
	}
	if strings.Contains(raw, "[coordination") {
		t.Error("a sentence is missing")
	}
	if _, english := analyse(t, page, lang.EN); !strings.Contains(english, "shared posts; expected") {
		t.Error("no English sentences")
	}
}

func TestAnHonestPageSaysThatNothingWasFound(t *testing.T) {
	f, raw := analyse(t, simulate.Make(simulate.Honest(2)), lang.PL)
	if len(f.Groups) != 0 || !strings.Contains(raw, `"groups": []`) || !strings.Contains(raw, "Nie znaleziono grupy") {
		t.Errorf("%s", raw)
	}
}

func TestBadTablesNameFileLineAndCause(t *testing.T) {
	for name, x := range map[string]struct{ events, posts, want string }{
		"empty":             {"", "", "coordination.empty"},
		"a column missing":  {"object_id,account_id\n", "", "coordination.column"},
		"a torn quote":      {"object_id,account_id,timestamp_share\na,\"b,1\n", "", "coordination.row"},
		"a short row":       {"object_id,account_id,timestamp_share\na,b\n", "", "coordination.row"},
		"no time":           {"object_id,account_id,timestamp_share\na,b,yesterday\n", "", "coordination.time"},
		"not a number":      {"object_id,account_id,timestamp_share\na,b,NaN\n", "", "coordination.time"},
		"nobody":            {"object_id,account_id,timestamp_share\na, ,1\n", "", "coordination.blank"},
		"posts without any": {"object_id,account_id,timestamp_share\n", "object_id,published\n", "coordination.empty"},
		"a strange yes":     {"object_id,account_id,timestamp_share\n", "object_id,published,is_question\na,1,perhaps\n", "coordination.yes"},
		"a huge cell":       {"object_id,account_id,timestamp_share\n" + strings.Repeat("x", maxCell+1) + ",b,1\n", "", "coordination.long"},
	} {
		in := Input{Events: strings.NewReader(x.events), EventsName: "e.csv", PostsName: "p.csv"}
		if x.posts != "" {
			in.Posts = strings.NewReader(x.posts)
		}
		err := Analyse(in, &bytes.Buffer{}, detect.Default(), 0, lang.PL)
		var f *fault.Error
		if !errors.As(err, &f) || f.Code != x.want {
			t.Errorf("%s: %v, want %s", name, err, x.want)
		}
		if f != nil && !lang.PL.Has("fault."+f.Code) {
			t.Errorf("%s has no sentence", f.Code)
		}
	}
}

func TestColumnsInAnyOrderWithAMarkAndTimesInWords(t *testing.T) {
	table := "\xef\xbb\xbftimestamp_share,content_id,kind,account_id,object_id\n2026-11-22T00:00:00Z,1,x,a,o\n1795305630.5,2,x,b,o\n"
	var out bytes.Buffer
	if err := Compat("e.csv", strings.NewReader(table), &out, count.Settings{Window: 60, MinTimes: 1, Quantile: 0.5}); err != nil {
		t.Fatal(err)
	}
	if got, want := out.String(), "account_a,account_b,weight,kept\na,b,1,false\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	for _, s := range []count.Settings{{Window: -1, MinTimes: 1}, {Window: 1}, {Window: 1, MinTimes: 1, Quantile: 2}} {
		if err := Compat("e.csv", strings.NewReader(table), &out, s); !fault.Is(err, fault.Invalid) {
			t.Errorf("%+v passes: %v", s, err)
		}
	}
}

func FuzzTables(f *testing.F) {
	f.Add("object_id,account_id,timestamp_share\na,b,1\na,c,2\n", "object_id,published,is_question\na,1,true\n")
	f.Add("\xef\xbb\xbfobject_id,account_id,timestamp_share\n\"a\"\"\",\x00,1e10\n", "")
	f.Fuzz(func(t *testing.T, events, posts string) {
		in := Input{Events: strings.NewReader(events), EventsName: "e", PostsName: "p"}
		if posts != "" {
			in.Posts = strings.NewReader(posts)
		}
		var out bytes.Buffer
		if err := Analyse(in, &out, detect.Default(), 0, lang.EN); err == nil && !json.Valid(out.Bytes()) {
			t.Errorf("no JSON: %q", out.String())
		}
	})
}

// The edges are those of CooRTweet 2.1.3 on the same table read by R: what is NA counts for its account alone.
func TestWhatTablesOfRDoNotKnow(t *testing.T) {
	const table = "object_id,account_id,content_id,timestamp_share\no,a,1,0\no,b,2,5\nNA,a,3,0\no,b,4,NA\no,NA,5,0\no,NA,6,1\no,c,NA,0\no,c,7,\n"
	var out strings.Builder
	if err := Compat("t.csv", strings.NewReader(table), &out, count.Settings{Window: 60, MinTimes: 1, Quantile: 0.5}); err != nil {
		t.Fatal(err)
	}
	if want := "account_a,account_b,weight,kept\na,b,1,false\n"; out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}
