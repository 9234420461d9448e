package browser_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"chop/internal/browser"
)

// The pages of testdata are named after what they are: kind-name.html, or kind-name.status.html.
func TestEveryKindOfWallIsToldFromContent(t *testing.T) {
	pages, err := filepath.Glob("testdata/pages/*.html")
	if err != nil || len(pages) < 20 {
		t.Fatal(pages, err)
	}
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		raw, err := os.ReadFile("testdata/pages" + r.URL.Path)
		if err != nil {
			http.NotFound(w, r)
			return
		}
		parts := strings.Split(r.URL.Path, ".")
		if status, err := strconv.Atoi(parts[len(parts)-2]); err == nil {
			w.WriteHeader(status)
		}
		_, _ = w.Write(raw)
	})
	for _, path := range pages {
		name := filepath.Base(path)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want, _, _ := strings.Cut(name, "-")
			if want == "content" {
				want = ""
			}
			p := s.capture(t, "/"+name, browser.Limits{Time: 30 * time.Second})
			if string(p.Wall.Kind) != want || len(p.PNG) == 0 {
				t.Errorf("%+v, want %q; %q", p.Wall, want, p.Text)
			}
			if name == "content-pasek.html" && !limit(p, "overlay") {
				t.Errorf("what covers the page is not told: %+v", p.Limits)
			}
		})
	}
}

// The rules do not need a browser: what they say of addresses, statuses and texts in either language.
func TestRulesOfWalls(t *testing.T) {
	long := strings.Repeat("zwykła opinia klienta ", 100)
	for name, c := range map[string]struct {
		look browser.Look
		want browser.Kind
	}{
		"address of a sign-in":      {browser.Look{URL: "https://a.example/accounts/login/?next=%2Fp", Text: "Hasło", Password: true, Outside: 900, Status: 200}, browser.Login},
		"an address handed on":      {browser.Look{URL: "https://a.example/p?from=/login", Text: long, Outside: len(long), Password: true, Status: 200}, browser.Content},
		"a place of consent":        {browser.Look{URL: "https://consent.google.com/m?continue=x", Text: long, Outside: len(long), Status: 200}, browser.Consent},
		"capitals, marks, spaces":   {browser.Look{Text: "MUSISZ   SIĘ\n ZALOGOWAĆ", Outside: 20, Status: 200}, browser.Login},
		"letters with a zero width": {browser.Look{Text: "zalo\u200bguj się, aby zobaczyć", Outside: 20, Status: 200}, browser.Login},
		"gone":                      {browser.Look{Text: long, Outside: len(long), Status: 410}, browser.NotThere},
		"too many questions":        {browser.Look{Text: long, Outside: len(long), Status: 429}, browser.Broken},
		"nothing":                   {browser.Look{Text: " \n ", Status: 200}, browser.Empty},
		"a film":                    {browser.Look{Text: "", Pictures: 1, Status: 200}, browser.Content},
		"a long page that says 404": {browser.Look{Title: "404 róże", Text: long, Outside: len(long), Status: 200}, browser.Content},
	} {
		w, err := browser.Judge(c.look)
		if err != nil || w.Kind != c.want {
			t.Errorf("%s: %+v %v", name, w, err)
		}
	}
}
