package signin_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"chop/internal/access"
	"chop/internal/firm"
	"chop/internal/lang"
)

// Every page fits a phone 360 pixels wide, has one h1, labels on its fields, and breaks no rule of the policy.
// CHOP_SHOTS=folder keeps pictures.
func TestPagesFitAPhone(t *testing.T) {
	s := open(t, nil)
	f, err := s.firms.Create(system(t), firm.Firm{Name: "Manufaktura Lniana i Konopna Joanna Wilk-Brzęczyszczykiewicz"})
	if err != nil {
		t.Fatal(err)
	}
	anna := s.add(t, "Anna Nowak-Brzęczyszczykiewicz", "anna.nowak-brzeczyszczykiewicz.od.kontaktu@manufaktura.example.com", true)
	for name, r := range map[string]access.Role{"Jan Wilk": access.Owner, "Ola Mak": access.Lawyer} {
		p := s.add(t, name, strings.ToLower(name[:3])+"@example.com", false)
		if err := s.users.Enrol(system(t), f.ID, p.ID, r); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.users.Enrol(system(t), f.ID, anna.ID, access.Guardian); err != nil {
		t.Fatal(err)
	}
	v, err := s.users.Invite(system(t), f.ID, "nowa@example.com", access.Staff, lang.PL)
	if err != nil {
		t.Fatal(err)
	}
	ctx := chrome(t)
	js := func(code string) string {
		t.Helper()
		x, err := chromedp.Run(ctx, chromedp.Evaluate[string](code))
		if err != nil {
			t.Fatalf("%s: %v", code, err)
		}
		return x
	}
	look := func(path, name string) {
		t.Helper()
		for _, wide := range []int{360, 1280} {
			if err := chromedp.Do(ctx, chromedp.EmulateViewport(int64(wide), 800), chromedp.Navigate(s.URL+path)); err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			js(`document.querySelectorAll('details.fold').forEach(d => d.open = true); ''`)
			got := js(`JSON.stringify([document.documentElement.scrollWidth > innerWidth, document.querySelectorAll('h1').length,
				[...document.querySelectorAll('input:not([type=hidden]),select,textarea')].filter(e => !e.labels.length && !e.ariaLabel).map(e => e.name),
				[...document.querySelectorAll('[id]')].map(e => e.id).filter((x, i, all) => all.indexOf(x) !== i)])`)
			if got != `[false,1,[],[]]` {
				t.Errorf("%s at %d: too wide, headings, fields without label, ids twice: %s", path, wide, got)
			}
			if text := js(`document.body.innerText`); strings.Contains(text, "[") && strings.Contains(text, ".]") {
				t.Errorf("%s: %s", path, text)
			}
			keep(t, ctx, name, wide)
		}
	}
	look("/signin", "signin")
	look("/forgot", "forgot")
	look(strings.TrimPrefix(v.Link, s.URL), "invite")
	if err := chromedp.Do(ctx, chromedp.Navigate(s.URL+"/signin")); err != nil {
		t.Fatal(err)
	}
	js(`document.querySelector('#f-email').value = '` + anna.Email + `'; document.querySelector('#f-password').value = '` + good + `';
		document.querySelector('form[action="/signin"]').submit(); ''`)
	if err := chromedp.Do(ctx, chromedp.WaitVisible("#nav")); err != nil {
		t.Fatal(err)
	}
	look("/people?firm="+f.ID, "people")
	look("/people?firm=", "house")
	look("/me", "me")
	js(`document.documentElement.dataset.theme = 'dark'; ''`)
	keep(t, ctx, "me-dark", 1280)
}

func keep(t *testing.T, ctx context.Context, name string, wide int) {
	t.Helper()
	folder := os.Getenv("CHOP_SHOTS")
	if folder == "" {
		return
	}
	png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("%s-%d.png", name, wide)), png, 0o600); err != nil {
		t.Fatal(err)
	}
}
