package browser

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"chop/internal/access"
	"chop/internal/alert"
	"chop/internal/consent"
	"chop/internal/user"
)

// axeFile is what make deps fetches; it finds barriers in pages.
const axeFile = "../../.cache/axe-4.14.1.min.js"

// look is one way to see a page.
type look struct {
	width int64
	theme string
	rules string // what axe looks at
}

// Themes change colours and nothing else, so the second theme is only asked about colours.
const (
	all     = `{type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}`
	colours = `{type: "rule", values: ["color-contrast", "link-in-text-block"]}`
)

var looks = []look{{1440, "light", all}, {1440, "dark", colours}, {360, "dark", colours}, {360, "light", all}}

// tour is the pages one person sees; "" is a visitor.
type tour struct {
	email string
	pages []string
}

func (w *world) tours() []tour {
	g := w.firms[0]
	_, err := w.app.Authors.Draft(w.system(), g.firm.ID, g.hate.AuthorKey)
	w.ok(err)
	account := "/authors/" + url.PathEscape(g.hate.AuthorKey) + "?firm=" + g.firm.ID
	together := "/groups/" + g.group + "?firm=" + g.firm.ID
	return []tour{
		{"", []string{"/signin", "/forgot", "/" + user.InvitePath + "/" + tail(g.offer.Link), "/" + user.ResetPath + "/no-such-token",
			"/" + user.FirstPath + "/no-such-token", alert.LinkPath + "no-such-token", consent.LinkPath + "no-such-token"}},
		{g.people[access.Guardian].Email, []string{
			"/watch", "/owner?firm=" + g.firm.ID, "/owner/ledger?firm=" + g.firm.ID + "&size=1", "/retention?firm=" + g.firm.ID, "/inbox?m=" + g.hate.ID, "/inbox?m=" + g.insult.ID, "/inbox?m=" + g.complaint.ID, "/inbox?m=" + g.hate.ID + "&ask=hide",
			"/inbox?q=nic-takiego", "/calibration?firm=" + g.firm.ID, "/pulse?firm=" + g.firm.ID, "/cases/tasks", "/waves", "/waves/new", "/waves/new?pick=" + g.hate.ID + "&pick=" + g.complaint.ID, "/waves/" + g.wave.ID,
			"/macros?firm=" + g.firm.ID, "/macros/new?firm=" + g.firm.ID, "/macros/" + g.macro.ID + "?firm=" + g.firm.ID, "/search", "/search?q=magazyn", "/cases", "/cases/" + g.room.ID, "/captures", "/exhibits", "/exhibits/" + g.exhibit.ID, "/dossiers", "/dossiers/new?case=" + g.room.ID, "/dossiers/" + g.dossier.ID,
			"/sources", "/sources/" + g.source.ID, "/sources/connected/" + g.source.ID, "/sources/new", "/sources/new/wordpress", "/sources/new/feed",
			"/sources/new/webhook", "/sources/import", "/sources/import/" + g.run.ID, "/people", "/duty", "/labels", "/labels?part=people", "/labels?part=drift", "/labels?part=model", "/labels?part=judged", "/rules?firm=" + g.firm.ID, "/rules/new?firm=" + g.firm.ID,
			"/rules/" + g.rule.ID + "?firm=" + g.firm.ID, "/firms", "/firms/" + g.firm.ID, "/journal", "/me", "/no-such-page",
			"/groups?firm=" + g.firm.ID, together, together + "&do=split", together + "&do=decide&state=in&account=wordpress:konto8", together + "&do=list", together + "&do=know",
			"/authors?by=items", account, account + "&do=edit&field=scale.intensity", account + "&do=tell", account + "&do=erase",
		}},
		{g.people[access.Lawyer].Email, []string{"/cases", "/cases/" + g.room.ID, "/exhibits/" + g.exhibit.ID, "/dossiers/" + g.dossier.ID, "/inbox"}},
		{w.admin.Email, []string{"/watch", "/people", "/duty", "/sources", "/firms"}},
	}
}

func tail(link string) string { return link[strings.LastIndex(link, "/")+1:] }

// Every page, wide and narrow, light and dark, Polish and English: no barrier, nothing sticks out, one heading, no
// complaint of the browser, no text missing.
func TestEveryPageCanBeUsedByEverybody(t *testing.T) {
	axe, err := os.ReadFile(filepath.FromSlash(axeFile))
	if err != nil {
		t.Fatal("axe-core is missing: run make deps")
	}
	w := build(t)
	b := Open(t)
	for _, v := range w.tours() {
		b.Go(w.app.Origin() + "/signin")
		if v.email != "" {
			b.SignIn(w.app.Origin(), v.email, password)
		}
		for _, lang := range []string{"pl", "en"} {
			b.JS(`fetch("/prefs", {method: "POST", body: new URLSearchParams({lang: "` + lang + `"})}).then(r => r.status)`)
			for _, p := range v.pages {
				b.Complaints()
				b.Go(w.app.Origin() + p)
				judge(t, b, string(axe), fmt.Sprintf("%s (%s) for %q", p, lang, v.email), lang)
			}
		}
		b.JS(`fetch("/signout", {method: "POST"}).then(r => r.status)`)
	}
}

// finding is what axe says about one rule.
type finding struct {
	ID    string
	Help  string
	Nodes []struct{ HTML, FailureSummary string }
}

func judge(t *testing.T, b *Tab, axe, page, lang string) {
	t.Helper()
	if got := b.JS(`document.documentElement.lang`); got != lang {
		t.Errorf("%s: speaks %q", page, got)
	}
	if at := b.JS(`location.pathname`); !strings.HasPrefix(page, at) {
		t.Errorf("%s: leads to %s", page, at)
	}
	if n := b.Has("h1"); n != 1 {
		t.Errorf("%s: %d main headings", page, n)
	}
	if m := b.JS(`(document.documentElement.outerHTML.match(/\[[a-z][a-z0-9_]*(\.[a-z0-9_-]+)+\]|\{\{|<no value>|&lt;no value&gt;|%!\w?\(/g) || []).join(" ")`); m != "" {
		t.Errorf("%s: texts are missing: %s", page, m)
	}
	b.Load(axe)
	for _, l := range looks {
		b.Size(l.width, 900)
		b.JS(`(document.documentElement.dataset.theme = "` + l.theme + `", ` + settled + `)`)
		where := fmt.Sprintf("%s at %d px, %s", page, l.width, l.theme)
		if wide := b.JS(`document.documentElement.scrollWidth - document.documentElement.clientWidth`); wide != "0" {
			t.Errorf("%s: scrolls sideways by %s px: %s", where, wide, b.JS(culprits))
		}
		var found []finding
		b.ok(json.Unmarshal([]byte(b.JS(`axe.run(document, {runOnly: `+l.rules+`, resultTypes: ["violations"]}).then(r => JSON.stringify(r.violations))`)), &found))
		for _, f := range found {
			for _, n := range f.Nodes[:min(3, len(f.Nodes))] {
				t.Errorf("%s: %s, %d times: %.200s\n\t%.200s", where, f.ID, len(f.Nodes), n.HTML, n.FailureSummary)
			}
		}
	}
	if said := slices.DeleteFunc(b.Complaints(), expected); len(said) > 0 {
		t.Errorf("%s: the browser complains: %s", page, strings.Join(said, " | "))
	}
}

// settled brings every motion to its end, so that no colour is judged in passing.
const settled = `document.body.offsetWidth && document.getAnimations().forEach(a => a.effect.getComputedTiming().iterations === Infinity ? a.cancel() : a.finish())`

// culprits names what sticks out of the page on the right.
const culprits = `[...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > innerWidth + 1).slice(0, 3).map(e => e.outerHTML.slice(0, 160)).join(" || ")`

// expected tells whether the browser only says that the page asked for does not exist, which is what it was asked for.
func expected(s string) bool {
	return strings.HasPrefix(s, "Failed to load resource") && (strings.Contains(s, "/no-such-") || strings.HasSuffix(s, "/inbox") && strings.Contains(s, "403"))
}
