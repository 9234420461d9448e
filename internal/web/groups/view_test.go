package groups

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"

	"chop/internal/access"
	"chop/internal/coordination/channel"
	"chop/internal/crisis"
	"chop/internal/group"
	"chop/internal/lang"
	"chop/internal/mention"
	"chop/internal/web/page"
)

var noon = time.Date(2026, 11, 21, 23, 52, 0, 0, time.UTC)

const hostile = "<script>alert(1)</script>\u202eevil\u200b & \"Żółw\" Konstantynopolitańczykowianeczka"

// sample is a group of n accounts, of which some are uncertain.
func sample(n, maybe int) group.Group {
	g := group.Group{Firm: "f1", ID: "g1", Number: 7, Level: group.Organised, State: group.Suggested, Version: 2, Revision: 3, Frozen: noon.Add(-72 * time.Hour),
		Proof: group.Proof{Posts: 12, Pairs: 310, Near: 208, Expected: 6.1, Window: 60, P: 1e-9, Until: noon},
		Finding: group.Finding{Version: 2, At: noon, Input: "9f2c4e7a11bb20d1", Code: "2", Level: group.Organised, Together: 2730, Expected: 2436, SD: 41, Z: 7.2, P: 0.0002,
			Runs: 50, Tested: 312, Pairs: 48516, Seen: 143, Posts: []string{"p:1", "p:2", "q:3"},
			Signs: []group.Sign{{Channel: "creation", P: 1e-5, Strong: true, Members: []string{"a0", "a1", "a2"}}, {Channel: "handle", P: 0.2, Members: []string{"a0"}}}}}
	names := []string{"Prawda o Lnie", "Lena Wróbel", "Iwona Krysa", "Kamil 8821", "Grażyna St", "Tomek Wan", "Darek M4", "Jarek Pol", "Robert Z.", "Dorota Lis", hostile, "王小明王小明王小明王小明王小明", "", "Adam Nowy"}
	for i := range n {
		m := group.Member{Account: fmt.Sprint("webhook:a", i), State: group.In, Role: "with", Posts: 15 - i%9, First: 1, R: 0.9, Common: 20, P: 0.0002, Since: noon.AddDate(0, -1, -i)}
		if i < len(names) {
			m.Name = names[i]
		} else {
			m.Name = fmt.Sprint("Konto ", i)
		}
		switch {
		case i < min(2, n/3):
			m.Role = "first"
		case i >= n-maybe:
			m.State, m.P = group.Uncertain, 0.04
		case i%3 == 2:
			m.Role = "seldom"
		}
		g.Members = append(g.Members, m)
		g.Finding.Members = append(g.Finding.Members, group.FoundMember{Account: m.Account, R: m.R, Common: 20})
	}
	for a := range n {
		for b := a + 1; b < n; b++ {
			if (a*7+b*3)%4 == 0 || a < 2 {
				g.Links = append(g.Links, group.Link{A: g.Members[a].Account, B: g.Members[b].Account, Shared: 15, Together: 3 + (a*b+7)%12, Within: time.Minute, Expected: 0.3, Q: 1e-6})
			}
		}
	}
	return g
}

func sampleView(n, maybe int) View {
	g := sample(n, maybe)
	v := View{Firm: page.Firm{ID: "f1", Name: "Manufaktura Lniana"}, G: g, Work: true, Take: true, Profiles: true, Versions: []group.Finding{g.Finding, g.Finding},
		Posts: []Post{{"p:1", "Zima w lnie", noon.Add(-time.Hour)}, {"q:3", "Czy ta pościel kurczy się w praniu?", noon.Add(-30 * time.Hour)}}, Others: []group.Group{sample(4, 0)},
		Case: &crisis.Case{ID: "c1", Number: "MAN-2026-014"}, Pace: Pace{Posts: 8, Group: 18 * time.Second, Others: 47 * time.Minute, N: 88},
		Critics: Critics{Accounts: 12, Said: []mention.Mention{{ID: "m1", AuthorName: hostile, Text: "Czekałam trzy tygodnie, nikt nie odpisał. " + hostile, At: noon}}},
		seals:   map[string]page.SealMark{}}
	v.Post = v.Posts[0]
	var acts []Act
	for i := range n - maybe {
		acts = append(acts, Act{i, v.Post.At.Add(time.Duration(8+i*2) * time.Second)})
		if i%3 == 0 {
			acts = append(acts, Act{i, v.Post.At.Add(time.Duration(100+i*13) * time.Second)})
		}
	}
	for i := range 12 {
		acts = append(acts, Act{-1, v.Post.At.Add(time.Duration(60+i*47) * time.Second)})
	}
	v.Lanes = lanes(v.Post.At, acts)
	return v
}

// A picture is the same every time, holds everybody it promises, and no name covers another.
func TestPicturesAreReadableAndTheSame(t *testing.T) {
	for _, n := range []int{3, 6, 7, 19, 60, 90} {
		v := sampleView(n, min(3, n/4))
		p := v.picture()
		if !reflect.DeepEqual(p, v.picture()) {
			t.Errorf("%d: the picture changes", n)
		}
		if len(p.Dots) != min(n, maxDots) || p.Left != max(0, n-maxDots) || len(p.Lines)+p.Undrawn != len(v.G.Links) {
			t.Errorf("%d: %d dots, %d left, %d lines, %d not drawn of %d", n, len(p.Dots), p.Left, len(p.Lines), p.Undrawn, len(v.G.Links))
		}
		for i, a := range p.Dots {
			if a.X < 20 || a.X > p.Wide-20 || a.Y < 15 || a.TextY > p.High-5 {
				t.Errorf("%d: dot %d at %d %d leaves the picture of %d", n, i, a.X, a.Y, p.High)
			}
			for _, b := range p.Dots[:i] {
				if a.Anchor == b.Anchor && abs(a.TextX-b.TextX) < 150 && abs(a.TextY-b.TextY) < 13 {
					t.Errorf("%d: %q and %q cover each other", n, a.Label, b.Label)
				}
			}
		}
		for _, l := range p.Lines {
			if l.Class != "e" && l.Class != "e2" && l.Class != "e3" {
				t.Errorf("%d: a line of class %q", n, l.Class)
			}
		}
	}
}

func abs(x int) int { return max(x, -x) }

// What is uncertain looks so: its mark and every line to it are dashed; the strongest line is the thickest.
func TestUncertainAccountsAreDashed(t *testing.T) {
	nodes := []Node{{Name: "a", Role: "first"}, {Name: "b", Role: "with"}, {Name: "c", Maybe: true}}
	p := draw(nodes, []Edge{{0, 1, 9}, {0, 2, 2}, {1, 7, 3}, {1, 1, 3}})
	if len(p.Lines) != 2 || p.Undrawn != 2 {
		t.Fatalf("%d lines, %d not drawn", len(p.Lines), p.Undrawn)
	}
	weak, strong := p.Lines[0], p.Lines[1]
	if !weak.Dashed || weak.Class != "e" || strong.Dashed || strong.Class != "e3" {
		t.Errorf("weak %+v, strong %+v", weak, strong)
	}
	if p.Dots[2].class() != "n-maybe" || p.Dots[0].class() != "n n-lead" {
		t.Errorf("%s, %s", p.Dots[2].class(), p.Dots[0].class())
	}
}

func TestLabelsAreShortAndTurnNothing(t *testing.T) {
	for in, want := range map[string]string{
		"Lena Wróbel": "Lena Wróbel", " a\u202e\u200bb\tc\n": "ab c", "\xffx": "�x", strings.Repeat("ą", 40): strings.Repeat("ą", 21) + "…",
		strings.Repeat("王", 40): strings.Repeat("王", 10) + "…",
	} {
		if got := label(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// Lanes begin with the post, or with the group when it came long after; who comes too late is counted and not drawn.
func TestLanesBeginWhereTheGroupDoes(t *testing.T) {
	at := func(s int) time.Time { return noon.Add(time.Duration(s) * time.Second) }
	soon := lanes(noon, []Act{{0, at(20)}, {1, at(25)}, {1, at(90)}, {2, at(200)}, {-1, at(300)}, {-1, at(-5)}, {-1, at(9000)}})
	if !soon.Published || soon.Length != 10*time.Minute || len(soon.Rows) != 3 || soon.Others != 1 || soon.Inside != 2 || len(soon.Rows[1].At) != 2 {
		t.Errorf("%+v", soon)
	}
	late := lanes(noon, []Act{{0, at(7200)}, {1, at(7230)}, {-1, at(60)}, {-1, at(7300)}})
	if late.Published || !late.Start.Equal(at(7200)) || late.Others != 1 || late.Rows[0].At[0] != "0.0%" {
		t.Errorf("%+v", late)
	}
	if none := lanes(noon, []Act{{-1, at(60)}}); len(none.Rows) != 0 {
		t.Errorf("%+v", none)
	}
	if unknown := lanes(time.Time{}, []Act{{0, at(5)}}); unknown.Published || !unknown.Start.Equal(at(5)) {
		t.Errorf("%+v", unknown)
	}
	var many []Act
	for i := range 60 {
		many = append(many, Act{i, at(i)})
	}
	if l := lanes(noon, many); len(l.Rows) != maxLanes || l.Left != 60-maxLanes {
		t.Errorf("%d rows, %d left", len(l.Rows), l.Left)
	}
}

// The words of a page come from what was counted: nothing is claimed that is not there.
func TestFactsAreOnlyThoseThatWereCounted(t *testing.T) {
	ctx := page.WithFrame(t.Context(), page.Frame{Lang: lang.PL, Now: noon})
	v := sampleView(9, 1)
	if n := len(v.against(ctx)); n != 5 {
		t.Errorf("%d facts, want 5: %v", n, v.against(ctx))
	}
	v.Pace, v.G.Finding.Runs, v.G.Finding.Signs, v.G.Level = Pace{}, 0, nil, group.Trigger
	ps := v.against(ctx)
	if len(ps) != 1 || !strings.Contains(hardless(ps[0].Text), "rosną i maleją razem") {
		t.Errorf("%v", ps)
	}
	doubts := ""
	for _, p := range v.disproof(ctx) {
		doubts += hardless(p.Text)
	}
	for _, s := range []string{"nie wybierają tych samych postów", "nie przetasowano", "nie ma innych śladów"} {
		if !strings.Contains(doubts, s) {
			t.Errorf("%q is not told", s)
		}
	}
	v.G.Proof = group.Proof{Posts: 9, Pairs: 40, Near: 2, Expected: 1.8, Window: 60, P: 0.4}
	if s := hardless(proved(ctx, v.G)); !strings.Contains(s, "tego nie widać") {
		t.Error(s)
	}
}

// A figure speaks for a group only when it does: not a pace little sooner than others', and no shuffled histories that found as much.
func TestWeakFiguresAreNoFacts(t *testing.T) {
	ctx := page.WithFrame(t.Context(), page.Frame{Lang: lang.PL, Now: noon})
	v := sampleView(9, 1)
	says := func(ps []page.Point) (all string) {
		for _, p := range ps {
			all += hardless(p.Text) + "\n"
		}
		return all
	}
	for _, x := range []struct {
		group, others time.Duration
		told          bool
	}{{21 * time.Minute, 26 * time.Minute, false}, {14 * time.Minute, 28 * time.Minute, true}, {14 * time.Minute, 27 * time.Minute, false}} {
		v.Pace = Pace{Posts: 8, Group: x.group, Others: x.others, N: 40}
		if got := strings.Contains(says(v.against(ctx)), "odzywało się przeważnie po"); got != x.told {
			t.Errorf("%s against %s: told %v", x.group, x.others, got)
		}
	}
	for _, x := range []struct {
		runs, larger int
		says, doubts string
	}{
		{50, 0, "W 50 przetasowanych historiach tych samych kont tak duża grupa nie wyszła ani razu.", ""},
		{50, 1, "Z 50 przetasowanych historii tych samych kont tak duża grupa wyszła w 1.", ""},
		{50, 30, "", "W 30 z 50 przetasowanych historii"},
		{4, 0, "", "Przetasowano dopiero 4 historie"},
	} {
		f := &v.G.Finding
		f.Runs, f.Larger, f.Rate = x.runs, x.larger, float64(1+x.larger)/float64(1+x.runs)
		facts, doubts := says(v.against(ctx)), says(v.doubts(ctx))
		if strings.Contains(facts, "przetasowan") != (x.says != "") || !strings.Contains(facts, x.says) {
			t.Errorf("%d of %d, facts: %s", x.larger, x.runs, facts)
		}
		if strings.Contains(strings.ToLower(doubts), "przetasowan") != (x.doubts != "") || !strings.Contains(doubts, x.doubts) {
			t.Errorf("%d of %d, doubts: %s", x.larger, x.runs, doubts)
		}
	}
	v = sampleView(9, 0)
	v.G.Members[8].State, v.G.Members[7].State = group.Out, group.Out
	if facts, doubts := says(v.against(ctx)), says(v.doubts(ctx)); !strings.Contains(facts, "Opóźnienia 7 kont") || !strings.Contains(doubts, "z wyniku o 9 kontach, z którego ludzie wyjęli 2 konta") {
		t.Errorf("two are out: %s\n%s", facts, doubts)
	}
	v.G.Proof = group.Proof{P: 1}
	if s := hardless(proved(ctx, v.G)); !strings.Contains(s, "nie było jeszcze nowego posta") {
		t.Error(s)
	}
}

// Two accounts of one name can be told apart where a person decides about one of them.
func TestAccountsOfOneNameAreToldApart(t *testing.T) {
	v := sampleView(5, 0)
	v.G.Members[1].Name, v.G.Members[3].Name = "Nocna", "Nocna"
	a, b := v.apart(v.G.Members[1]), v.apart(v.G.Members[3])
	if a == b || !strings.Contains(a, v.G.Members[1].Account) || v.apart(v.G.Members[0]) != name(v.G.Members[0]) {
		t.Errorf("%q, %q, %q", a, b, v.apart(v.G.Members[0]))
	}
	ctx := page.WithFrame(t.Context(), page.Frame{Lang: lang.PL, Now: noon})
	s := group.Sign{Evidence: &channel.Evidence{Channel: channel.Phrase, Tested: true, P: 1e-5, Count: 14, Of: 18, Same: "nie kupujcie tu"}}
	if says := sign(ctx, s); !strings.Contains(says, "z\u00a0") || strings.Contains(says, " z ") {
		t.Errorf("a one-letter word may stay at the end of a line: %q", says)
	}
}

// An account that acts often under a post is one account, in the picture and in the medians.
func TestOrdinaryAccountsCountOnce(t *testing.T) {
	act := func(account string, s int) group.Act {
		return group.Act{Account: account, Object: "p:1", At: noon.Add(time.Duration(s) * time.Second)}
	}
	list := []group.Act{act("a", 30), act("b", 40), act("eager", 100), act("eager", 110), act("eager", 120), act("late", 500)}
	place := map[string]int{"a": 0, "b": 1}
	if l := lanes(noon, placed(list, place)); l.Others != 2 || len(l.Ordinary) != 4 {
		t.Errorf("%d ordinary accounts, %d marks", l.Others, len(l.Ordinary))
	}
	p := pace([]Post{{ID: "p:1", At: noon}}, map[string][]group.Act{"p:1": list}, place)
	if p.N != 2 || p.Others != 500*time.Second || p.Group != 40*time.Second {
		t.Errorf("%+v", p)
	}
}

func hardless(s string) string { return strings.ReplaceAll(s, "\u00a0", " ") }

// Every page of the place, in both languages and for groups of every size and state, without a missing text.
func TestEveryStateHasItsWords(t *testing.T) {
	for _, l := range lang.Tags {
		ctx := page.WithFrame(t.Context(), page.Frame{Lang: l, Now: noon, Path: "/groups/g1", User: page.User{Name: "Ewa Maj", Roles: []access.Role{access.Guardian}},
			Firms: []page.Firm{{ID: "f1", Name: "Manufaktura Lniana", State: page.Crisis}}, Firm: "f1"})
		for _, state := range []group.State{group.Suggested, group.Confirmed, group.Rejected, group.Merged} {
			for _, level := range []group.Level{group.Trigger, group.Organised, group.Inauthentic} {
				v := sampleView(12, 2)
				v.G.State, v.G.Level, v.G.Decided, v.G.DecidedName = state, level, noon, "Ewa Maj"
				for _, verb := range []string{"", "confirm", "reject", "split", "merge", "decide", "sign", "hand", "know", "appeal", "list"} {
					v.Form = Form{Verb: verb, Vals: url.Values{"account": {v.G.Members[0].Account}, "state": {"out"}}}
					v.Without = &Appeal{Account: v.G.Members[0].Account, Stands: level > group.Trigger, Level: level, Members: 7, P: 0.0002}
					complete(t, ctx, groupPage(v))
				}
				v.G.Lost = noon
				v.Again = &group.Reproduced{Kept: v.G.Finding, Made: v.G.Finding, Same: level == group.Trigger, OtherCode: level == group.Inauthentic}
				complete(t, ctx, groupPage(v))
				known := []group.Known{{Account: "webhook:1", Kind: group.KnownCustomer, Name: hostile, Why: hostile, At: noon}, {Account: "webhook:2", Kind: group.KnownOwn, At: noon}}
				off := Form{Verb: "unknow", Vals: url.Values{"account": {"webhook:1"}}}
				complete(t, ctx, listPage(List{Firm: v.Firm, Work: true, Known: known, Form: off, Rows: []row{{G: v.G, Since: noon}}, Runs: []group.Run{{Name: "Sklep", Posts: 12, At: noon}}}))
				complete(t, ctx, Panel([]group.Group{v.G}, v.G.Members[0].Account))
				complete(t, ctx, Lines([]group.Group{v.G}, v.G.Members[0].Account))
			}
		}
		complete(t, ctx, listPage(List{Firm: page.Firm{ID: "f1"}}))
		complete(t, ctx, listPage(List{Firm: page.Firm{ID: "f1"}, Shared: true}))
		complete(t, ctx, listPage(List{Firm: page.Firm{ID: "f1"}, Runs: []group.Run{{Name: hostile, Posts: 120, Synchronous: 3, At: noon}}}))
	}
}

var missing = regexp.MustCompile(`\[(groups?|coordination|shell|fault)\.[a-zA-Z0-9._]+\]|<no value>|&lt;no value|%!`)

// complete checks that a part has all its texts and no word of a stranger as markup.
func complete(t *testing.T, ctx context.Context, c templ.Component) {
	t.Helper()
	var b bytes.Buffer
	if err := c.Render(ctx, &b); err != nil {
		t.Fatal(err)
	}
	if m := missing.FindString(b.String()); m != "" {
		t.Errorf("missing: %s", m)
	}
	if strings.Contains(b.String(), "<script>alert") {
		t.Error("a name became markup")
	}
}
