package signin_test

import (
	"context"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
)

// chrome starts a browser with a virtual authenticator: a device that holds passkeys and whose finger always fits.
func chrome(t *testing.T) context.Context {
	t.Helper()
	found, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("Chromium is missing: run make deps")
	}
	ctx, stop := chromedp.NewExecAllocator(t.Context(), append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(found), chromedp.NoSandbox,
		chromedp.UserDataDir(t.TempDir()))...)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx)
	t.Cleanup(stop)
	ctx, stop = context.WithTimeout(ctx, time.Minute)
	t.Cleanup(stop)
	if _, err := chromedp.Call(ctx, webauthn.Enable, webauthn.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	_, err = chromedp.Call(ctx, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
		HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true}})
	if err != nil {
		t.Fatal(err)
	}
	return ctx
}

func TestAPasskeyIsAddedAndSignsIn(t *testing.T) {
	s := open(t, nil)
	s.add(t, "Anna Wilk", "anna@example.com", false)
	ctx := chrome(t)
	js := func(code string) string {
		t.Helper()
		v, err := chromedp.Run(ctx, chromedp.Evaluate[string](code))
		if err != nil {
			t.Fatalf("%s: %v", code, err)
		}
		return v
	}
	// see waits for an element; a page that is just loading has none of the document left to look at.
	see := func(sel string) {
		t.Helper()
		if err := chromedp.Do(ctx, chromedp.WaitVisible(sel)); err != nil {
			t.Fatalf("%s: %v: %s", sel, err, js(`location.href + document.body.innerText`))
		}
	}
	do := func(steps ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(ctx, steps...); err != nil {
			t.Fatal(err)
		}
	}
	do(chromedp.Navigate(s.URL + "/signin?next=/me"))
	see(`form[data-passkey=signin]`)
	js(`document.querySelector('#f-email').value = 'anna@example.com'; document.querySelector('#f-password').value = '` + good + `';
		document.querySelector('form[action="/signin"]').submit(); ''`)
	see(`form[data-passkey=add]`)
	js(`document.querySelector('#passkey-name').value = 'telefon Anny'; document.querySelector('#current-passkeys').value = '` + good + `';
		document.querySelector('form[data-passkey=add] button').click(); ''`)
	see(`details[id^="key-"]`)
	if got := js(`document.querySelector('section[aria-labelledby=keys-of-mine]').innerText`); !strings.Contains(got, "telefon Anny") {
		t.Errorf("the key is listed as %q", got)
	}
	js(`document.querySelector('form[action="/signout"]').submit(); ''`)
	see(`form[data-passkey=signin]`)
	do(chromedp.Navigate(s.URL + "/signin?next=/me"))
	see(`form[data-passkey=signin]`)
	js(`document.querySelector('form[data-passkey=signin] button').click(); ''`)
	see(`section[aria-labelledby=keys-of-mine]`)
	if got := js(`location.pathname`); got != "/me" {
		t.Errorf("signed in at %s", got)
	}
}

func TestAPasskeyAnswerIsNotTakenFromElsewhere(t *testing.T) {
	s := open(t, nil)
	s.add(t, "Anna Wilk", "anna@example.com", false)
	b := s.browser(t)
	for _, body := range []string{"", "{}", "[]", `{"id":"x"}`, strings.Repeat("[", 10000), `{"id":"AAAA","rawId":"AAAA","type":"public-key","response":{"clientDataJSON":"e30","authenticatorData":"AA","signature":"AA"}}`} {
		b.post("/signin/passkey").is(t, 200)
		a := b.raw("/signin/passkey/answer", body)
		a.is(t, 403)
		a = b.post("/signin/passkey/answer")
		a.is(t, 403)
	}
	b.get("/me").leads(t, "/signin?next=%2Fme")
}

func (b *browser) raw(path, body string) answer {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.home+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	return b.send(r)
}
