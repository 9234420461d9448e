package page

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/net/html"
	"pgregory.net/rapid"

	"chop/internal/access"
	"chop/internal/classify"
	"chop/internal/fault"
	"chop/internal/lang"
	"chop/internal/web/static"
)

// all are the pages that together show every part.
func all(t testing.TB, l lang.Tag) string {
	f := frame(l)
	g := render(t, f, gallery(f)) + render(t, f, bare(f))
	g += render(t, f, ErrorPage(f, 404, "Nie ma takiej strony", "Adres mógł się zmienić.", "Wróć na początek."))
	f.User = User{}
	return g + render(t, f, ErrorPage(f, 500, "Błąd", "Zapisane dane są bezpieczne.", ""))
}

func TestEveryPartSpeaksBothLanguages(t *testing.T) {
	for _, l := range lang.Tags {
		if miss := regexp.MustCompile(`\[(shell|label|state|role)\.[a-z_.]+\]`).FindAllString(all(t, l), -1); miss != nil {
			t.Errorf("%s: messages missing: %v", l, miss)
		}
	}
}

// Ids written in the sources, and those made from codes, exist in both languages.
func TestMessagesExist(t *testing.T) {
	ids := map[string]bool{}
	quoted := regexp.MustCompile(`"((?:shell|label|state|role)\.[a-z_.]*[a-z])"`)
	names, err := filepath.Glob("*")
	if err != nil || len(names) < 10 {
		t.Fatal("no sources", err)
	}
	for _, n := range names {
		if strings.HasSuffix(n, "_test.go") || strings.HasSuffix(n, "_templ.go") {
			continue
		}
		src, err := os.ReadFile(n)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range quoted.FindAllStringSubmatch(string(src), -1) {
			ids[m[1]] = true
		}
	}
	for _, l := range append(classify.Labels[:len(classify.Labels):len(classify.Labels)], classify.FakeReview) {
		ids["label."+string(l)] = true
		if _, ok := labelLooks[l]; !ok {
			t.Errorf("label %s has no look", l)
		}
	}
	for _, r := range access.Roles {
		ids["role."+string(r)] = true
	}
	for _, s := range []State{Calm, Attention, Crisis} {
		ids["state."+string(s)], ids["state.in."+string(s)] = true, true
	}
	for k := range eventIcons {
		ids["shell.event."+string(k)] = true
	}
	for id := range ids {
		for _, l := range lang.Tags {
			if !l.Has(id) && strings.Contains(l.N(id, 2), "["+id+"]") {
				t.Errorf("%s is missing in %s", id, l)
			}
		}
	}
	if len(ids) < 100 {
		t.Errorf("only %d ids found", len(ids))
	}
}

func TestIconsExist(t *testing.T) {
	sprite := string(static.Read("icons.svg"))
	check := func(id, where string) {
		if !strings.Contains(sprite, `<symbol id="`+id+`"`) {
			t.Errorf("no icon %s (%s)", id, where)
		}
	}
	for _, m := range regexp.MustCompile(`icons\.[0-9a-f]+\.svg#([a-z0-9-]+)`).FindAllStringSubmatch(all(t, lang.PL), -1) {
		check(m[1], "page")
	}
	for l, k := range labelLooks {
		check("i-"+k.icon, string(l))
	}
	for _, g := range house {
		for _, r := range g.rooms {
			check("i-"+r.icon, r.href)
		}
	}
}

func TestStrictPolicy(t *testing.T) {
	doc, err := html.Parse(strings.NewReader(render(t, frame(lang.PL), gallery(frame(lang.PL)))))
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]int{}
	nodes := 0
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		nodes++
		if n.Data == "style" || (n.Data == "script" && n.FirstChild != nil) {
			t.Errorf("inline %s", n.Data)
		}
		for _, a := range n.Attr {
			switch {
			case a.Key == "style" || strings.HasPrefix(a.Key, "on"):
				t.Errorf("<%s %s=%q>", n.Data, a.Key, a.Val)
			case a.Key == "id":
				ids[a.Val]++
			case (a.Key == "src" || a.Key == "href" || a.Key == "action") && strings.Contains(a.Val, "//"):
				t.Errorf("<%s> leads outside: %s", n.Data, a.Val)
			}
		}
	}
	for id, n := range ids {
		if n > 1 {
			t.Errorf("id %s stands %d times", id, n)
		}
	}
	if nodes < 300 {
		t.Errorf("only %d elements", nodes)
	}
}

func TestHostileNamesAreEscaped(t *testing.T) {
	out := all(t, lang.PL)
	if strings.Contains(out, "<script>alert") {
		t.Error("a name became a script")
	}
	if !strings.Contains(out, "&lt;script&gt;alert(1)") {
		t.Error("the name is gone altogether")
	}
	f := frame(lang.PL)
	for _, href := range []string{"javascript:alert(1)", "data:text/html,x", "vbscript:x"} {
		out := render(t, f, Tag(Mark{Line, "tag", "x", href})) + render(t, f, Seal(SealMark{"D-1", href, ""}))
		if strings.Contains(out, strings.SplitN(href, ":", 2)[0]+":") {
			t.Errorf("%s got through: %s", href, out)
		}
	}
}

func TestMenuFollowsTheRole(t *testing.T) {
	all := []string{"/watch", "/inbox", "/owner", "/duty", "/cases", "/authors", "/groups", "/waves", "/exhibits", "/sources", "/replies", "/labels", "/calibration", "/firms", "/people", "/journal", "/search"}
	for _, c := range []struct {
		name string
		user User
		want []string
	}{
		{"guardian", User{Name: "a", Roles: []access.Role{access.Guardian}}, all},
		{"owner", User{Name: "a", Roles: []access.Role{access.Owner}}, all},
		{"staff", User{Name: "a", Roles: []access.Role{access.Staff}}, []string{"/watch", "/inbox", "/owner", "/duty", "/cases", "/sources", "/replies", "/labels", "/calibration", "/firms", "/search"}},
		{"lawyer", User{Name: "a", Roles: []access.Role{access.Lawyer}}, []string{"/cases", "/groups", "/exhibits", "/firms", "/search"}},
		{"administrator", User{Name: "a", Admin: true}, []string{"/watch", "/duty", "/sources", "/firms", "/people"}},
		{"two roles", User{Name: "a", Roles: []access.Role{access.Lawyer, access.Staff}}, []string{"/watch", "/inbox", "/owner", "/duty", "/cases", "/groups", "/exhibits", "/sources", "/replies", "/labels", "/calibration", "/firms", "/search"}},
		{"nobody", User{}, nil},
	} {
		f := frame(lang.EN)
		f.User = c.user
		var got []string
		for _, r := range f.flat(false) {
			got = append(got, r.href)
		}
		if fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%s sees %v, want %v", c.name, got, c.want)
		}
		out := render(t, f, Layout(f))
		if n := strings.Count(out, `<main id="main"`); n != 1 {
			t.Errorf("%s: %d main", c.name, n)
		}
	}
}

func TestLayoutShowsWhereWeAre(t *testing.T) {
	f := frame(lang.PL)
	out := render(t, f, Layout(f.Titled("Wzmianki")))
	for _, want := range []string{`<html lang="pl" data-now="2026-11-21T23:52:00Z"`, `<title>Wzmianki · ChOP</title>`, `na dyżurze do`, `data-live-url="/live"`,
		`action="/deeds/1/undo"`, `data-undo`, `class="banner banner-seal`} {
		if !strings.Contains(out, want) {
			t.Errorf("no %s", want)
		}
	}
	if n := strings.Count(out, `href="/inbox" title="Wzmianki" data-go="w" aria-current="page"`); n != 1 {
		t.Errorf("the open room is marked %d times", n)
	}
	f.Theme, f.Flash, f.Demo = "dark", nil, false
	out = render(t, f, Layout(f.Flush()))
	if !strings.Contains(out, `data-theme="dark"`) || strings.Contains(out, `id="main" class="page"`) || strings.Contains(out, "banner-seal") {
		t.Error("dark flush frame looks wrong")
	}
	if strings.Contains(render(t, f, bare(f)), "data-live-url") {
		t.Error("a visitor listens to changes")
	}
}

func TestEmptyContextStillRenders(t *testing.T) {
	var b bytes.Buffer
	if err := Layout(FrameFrom(context.Background())).Render(context.Background(), &b); err != nil || b.Len() == 0 {
		t.Fatal(err)
	}
}

func TestTypo(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "a": "a", "Zima w lnie": "Zima w\u00a0lnie", "i w domu": "i\u00a0w\u00a0domu", "„W lnie”": "„W\u00a0lnie”",
		"lew x": "lew x", "wino i": "wino i", "(z nami)": "(z\u00a0nami)", "A b": "A\u00a0b", "1 z 5": "1 z\u00a05", "maz w": "maz w",
	} {
		if got := Typo(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	rapid.Check(t, func(r *rapid.T) {
		s := rapid.StringMatching(`[aiouwzA-Zb-ż „”(]{0,60}`).Draw(r, "s")
		got := Typo(s)
		if strings.ReplaceAll(got, "\u00a0", " ") != strings.ReplaceAll(s, "\u00a0", " ") || Typo(got) != got {
			r.Fatalf("%q became %q", s, got)
		}
	})
}

func TestInitials(t *testing.T) {
	for in, want := range map[string]string{"Ewa Maj": "EM", "": "?", "<>": "?", "żaneta": "ŻA", "Kamil 8821": "K8", "x": "X", "Jan Maria Nowak": "JN", "Prawda o Lnie": "PL"} {
		if got := Initials(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	rapid.Check(t, func(r *rapid.T) {
		got := Initials(rapid.String().Draw(r, "name"))
		if got == "" || !utf8.ValidString(got) || strings.ContainsAny(got, "<>&\"") {
			r.Fatalf("initials %q", got)
		}
	})
}

func TestClockFaces(t *testing.T) {
	ctx := WithFrame(context.Background(), Frame{Lang: lang.PL, Now: noon})
	for _, c := range []struct {
		face  ClockFace
		text  string
		class string
	}{
		{Since(noon.Add(-224 * time.Minute)), "3 h 44 min", "clock"},
		{Since(noon.Add(-20 * time.Second)), "0 min", "clock"},
		{Until(noon.Add(12 * time.Minute)), "zostało 12 min", "clock clock-soon"},
		{Until(noon.Add(2 * time.Hour)), "zostało 2 h", "clock"},
		{Until(noon.Add(-5 * time.Minute)), "5 min po czasie", "clock clock-late"},
	} {
		if got := strings.ReplaceAll(c.face.text(ctx), "\u00a0", " "); got != c.text {
			t.Errorf("%q, want %q", got, c.text)
		}
		if got := c.face.class(noon); got != c.class {
			t.Errorf("%s: %q, want %q", c.text, got, c.class)
		}
	}
}

func TestFaultsBecomeSentences(t *testing.T) {
	ctx := WithFrame(context.Background(), Frame{Lang: lang.PL, Now: noon})
	internal := T(ctx, "shell.error.internal")
	for _, c := range []struct {
		err  error
		want string
	}{
		{fault.Missing("firm"), typo(lang.PL, lang.PL.T("fault.missing"))},
		{fmt.Errorf("open: %w", fault.Missing("firm")), typo(lang.PL, lang.PL.T("fault.missing"))},
		{errors.New("sql: secret detail"), internal},
		{fault.New(fault.Invalid, "no.such.code"), internal},
		{fault.New(fault.Internal, "missing"), internal},
	} {
		if got := FaultText(ctx, c.err); got != c.want {
			t.Errorf("%v: %q, want %q", c.err, got, c.want)
		}
	}
	e := fault.New(fault.Invalid, "missing").On("site")
	if s := Slips(ctx, e); len(s) != 1 || s[0].Field != "f-site" {
		t.Errorf("slips %v", s)
	}
	if FieldError(ctx, e, "site") == "" || FieldError(ctx, e, "key") != "" || Slips(ctx, nil) != nil {
		t.Error("an error stands at the wrong field")
	}
}

func TestPulseStaysInsideItsPicture(t *testing.T) {
	number := regexp.MustCompile(`-?[0-9.]+`)
	rapid.Check(t, func(r *rapid.T) {
		p := Pulse{ID: "p", Height: rapid.IntRange(10, 200).Draw(r, "height"), From: noon, Step: time.Minute,
			Ordinary: rapid.SliceOfN(rapid.IntRange(-3, 100000), 0, 60).Draw(r, "ordinary"),
			Hostile:  rapid.SliceOfN(rapid.IntRange(-3, 100000), 0, 60).Draw(r, "hostile"),
			Scale:    rapid.IntRange(0, 50).Draw(r, "scale")}
		d := p.draw()
		for _, path := range append(append([]string{d.line}, d.hot...), d.glow...) {
			for i, n := range number.FindAllString(path, -1) {
				var x float64
				if _, err := fmt.Sscan(n, &x); err != nil || x < 0 || (i%2 == 0 && x > pulseWide) || (i%2 == 1 && x > float64(p.Height)) {
					r.Fatalf("%s in %s", n, path)
				}
			}
		}
		hostile := 0
		for _, h := range p.Hostile {
			hostile += max(0, h)
		}
		if (hostile > 0) != (len(d.hot) > 0) || (hostile > 0) != (d.peak >= 0) {
			r.Fatalf("hostile %d, %d ridges, peak %d", hostile, len(d.hot), d.peak)
		}
	})
}

func TestPulseDrawsTwoWavesApart(t *testing.T) {
	p := storm()
	if rs := p.runs(); fmt.Sprint(rs) != "[[31 41] [43 47]]" {
		t.Errorf("runs %v", rs)
	}
	if d := p.draw(); d.peak != 33 || len(d.hot) != 2 {
		t.Errorf("peak %d, ridges %d", d.peak, len(d.hot))
	}
	ctx := WithFrame(context.Background(), frame(lang.PL))
	if ts := p.ticks(ctx); len(ts) < 3 || len(ts) > 7 {
		t.Errorf("ticks %v", ts)
	}
	if rs := p.rows(ctx); len(rs) != 48 || rs[0].hostile != 13 {
		t.Errorf("rows %d, newest %v", len(rs), rs[0])
	}
}

func TestLockedActionsSayWhyAndCannotBeSent(t *testing.T) {
	f := frame(lang.PL)
	out := render(t, f, Action(Act{Icon: "eye-off", Verb: "Ukryj", Post: "/deeds", Why: "Najpierw dowód", Key: "h"}))
	if strings.Contains(out, "<form") || !strings.Contains(out, `aria-disabled="true"`) || !strings.Contains(out, `data-why="Najpierw dowód"`) || strings.Contains(out, " disabled") {
		t.Error(out)
	}
}

func TestSecretsAreNotSentBack(t *testing.T) {
	if out := render(t, frame(lang.PL), FormField(Field{Kind: FieldSecret, Name: "key", Label: "Hasło", Value: "hunter2"})); strings.Contains(out, "hunter2") {
		t.Error(out)
	}
}
