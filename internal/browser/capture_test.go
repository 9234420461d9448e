package browser_test

import (
	"bytes"
	"fmt"
	"image/png"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"chop/internal/browser"
	"chop/internal/fetch"
)

// site is a place on this machine that may be captured; everything else on it may not.
type site struct {
	*httptest.Server
	b *browser.Browser
}

func serve(t *testing.T, h http.HandlerFunc) site {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return site{s, browserFor(t, s.Listener.Addr().String())}
}

func browserFor(t *testing.T, hosts ...string) *browser.Browser {
	t.Helper()
	c := fetch.New(fetch.Config{AllowHosts: hosts})
	t.Cleanup(c.Close)
	return browser.New(browser.Config{Client: c, Version: "1.2.3"})
}

func (s site) capture(t *testing.T, path string, l browser.Limits) *browser.Page {
	t.Helper()
	p, err := s.b.Capture(t.Context(), s.URL+path, l)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

const review = `<!doctype html><html lang="pl"><head><meta charset="utf-8"><title>Opinie — Kwiaciarnia</title><link rel="stylesheet" href="/a.css"></head><body>
<h1>Opinie</h1><p id="o1">Zażółć gęślą jaźń: nie polecam, kwiaty zwiędły po jednym dniu, a obsługa nie odpowiada na wiadomości od tygodnia.</p>
<img src="/a.png" width="80" height="80" alt=""><p style="margin-top: 1500px">Na dole strony</p></body></html>`

var dot = []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89\x00\x00\x00\rIDATx\xdac\xfc\xcfP\x0f\x00\x03\x86\x01\x80Z4}k\x00\x00\x00\x00IEND\xaeB`\x82")

func shop(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/old":
		http.Redirect(w, r, "/moved", http.StatusMovedPermanently)
	case "/moved":
		http.Redirect(w, r, "/opinie?strona=1", http.StatusFound)
	case "/opinie":
		w.Header().Set("X-Shop", "kwiaty")
		fmt.Fprint(w, review)
	case "/a.css":
		w.Header().Set("Content-Type", "text/css")
		fmt.Fprint(w, "body { font-family: sans-serif }")
	case "/a.png":
		w.Header().Set("Content-Type", "image/png")
		_, _ = w.Write(dot)
	default:
		http.NotFound(w, r)
	}
}

func TestAPageIsKeptWithEverythingItWasMadeOf(t *testing.T) {
	s := serve(t, shop)
	p := s.capture(t, "/old#o1", browser.Limits{})
	if p.Wall.Kind != browser.Content || p.Title != "Opinie — Kwiaciarnia" || !strings.Contains(p.Text, "Zażółć gęślą jaźń") {
		t.Fatalf("%+v %q %q", p.Wall, p.Title, p.Text)
	}
	if p.Final != s.URL+"/opinie?strona=1#o1" || p.Status != 200 || p.IP.String() != "127.0.0.1" || p.Certificate != nil {
		t.Error(p.Final, p.Status, p.IP, p.Certificate)
	}
	if len(p.Redirects) != 2 || p.Redirects[0].Status != 301 || p.Redirects[1].Status != 302 || p.Redirects[1].URL != s.URL+"/moved#o1" {
		t.Errorf("%+v", p.Redirects)
	}
	img, err := png.Decode(bytes.NewReader(p.PNG))
	if err != nil || img.Bounds().Dx() != browser.Width || img.Bounds().Dy() < 1600 {
		t.Error(err, img.Bounds())
	}
	if !bytes.HasPrefix(p.PDF, []byte("%PDF-")) || !bytes.Contains(p.MHTML, []byte("Snapshot-Content-Location: "+s.URL+"/opinie")) {
		t.Errorf("pdf %.10q mhtml %.200q", p.PDF, p.MHTML)
	}
	want := map[string]string{"/opinie?strona=1": review, "/a.css": "body { font-family: sans-serif }", "/a.png": string(dot)}
	for path, body := range want {
		e := find(t, p, s.URL+path)
		if string(e.Body) != body || e.Status != 200 || e.Cut != "" {
			t.Errorf("%s: %+v", path, e)
		}
	}
	if e := find(t, p, s.URL+"/opinie?strona=1"); e.Header.Get("X-Shop") != "kwiaty" || !strings.HasSuffix(e.Sent.Get("User-Agent"), " ChOP/1.2.3") ||
		strings.Contains(e.Sent.Get("User-Agent"), "Headless") || !strings.HasPrefix(e.Sent.Get("Accept-Language"), "pl-PL") {
		t.Errorf("%v %v", e.Header, e.Sent)
	}
	if !strings.HasPrefix(p.Browser, "Chrome/") || !p.Ended.After(p.Began) || !p.Sandbox {
		t.Error(p.Browser, p.Began, p.Ended, p.Sandbox)
	}
	if len(p.Limits) != 0 {
		t.Errorf("%+v", p.Limits)
	}
}

func find(t *testing.T, p *browser.Page, address string) browser.Exchange {
	t.Helper()
	for _, e := range p.Exchanges {
		if e.URL == address {
			return e
		}
	}
	t.Fatalf("%s was not kept", address)
	return browser.Exchange{}
}

func limit(p *browser.Page, code string) bool {
	for _, l := range p.Limits {
		if l.Code == code {
			return true
		}
	}
	return false
}

func TestTheCertificateOfTheServerIsKept(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(shop))
	defer s.Close()
	roots := s.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	c := fetch.New(fetch.Config{AllowHosts: []string{s.Listener.Addr().String()}, Roots: roots})
	defer c.Close()
	p, err := browser.New(browser.Config{Client: c}).Capture(t.Context(), s.URL+"/opinie", browser.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	text, sum := p.Cert()
	if p.Wall.Kind != browser.Content || p.Certificate == nil || !p.Certificate.Equal(s.Certificate()) || len(sum) != 64 || !strings.Contains(text, "BEGIN CERTIFICATE") {
		t.Errorf("%+v %s %s", p.Wall, sum, text)
	}
	stranger := browserFor(t, s.Listener.Addr().String()) // does not know the authority
	if p, err = stranger.Capture(t.Context(), s.URL+"/opinie", browser.Limits{}); err != nil || p.Wall.Kind != browser.Unreachable || p.Wall.Detail != "fetch.tls" {
		t.Errorf("%v %+v", err, p.Wall)
	}
}

// Every way towards a private address that a page, a person or a name can find.
func TestNothingPrivateIsReached(t *testing.T) {
	var asked atomic.Int64
	inner := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		fmt.Fprint(w, "TAJEMNICA")
	}))
	defer inner.Close()
	v6, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		t.Fatal(err)
	}
	inner6 := &httptest.Server{Listener: v6, Config: &http.Server{Handler: inner.Config.Handler}}
	inner6.Start()
	defer inner6.Close()
	port := inner.Listener.Addr().(*net.TCPAddr).Port
	list := []string{inner.URL, fmt.Sprintf("http://localhost:%d/", port), fmt.Sprintf("http://2130706433:%d/", port), fmt.Sprintf("http://0x7f.1:%d/", port),
		fmt.Sprintf("http://0177.0.0.1:%d/", port), inner6.URL, fmt.Sprintf("http://[::ffff:127.0.0.1]:%d/", port), fmt.Sprintf("http://0.0.0.0:%d/", port)}
	page := `<!doctype html><meta charset="utf-8"><title>x</title><p>Zwykła treść strony, która próbuje zajrzeć tam, gdzie nie wolno.</p>`
	for _, u := range append(list, "http://169.254.169.254/latest/meta-data/", "http://10.0.0.1/", "http://[fd00::1]/") {
		page += fmt.Sprintf(`<img src="%[1]s/i.png"><iframe src="%[1]s"></iframe><link rel="stylesheet" href="%[1]s/c.css"><script src="%[1]s/s.js"></script>
			<link rel="preconnect" href="%[1]s"><link rel="prefetch" href="%[1]s/p"><script>fetch("%[1]s/f", {mode: "no-cors"}); navigator.sendBeacon("%[1]s/b");
			try { new WebSocket("%[1]s/w".replace("http", "ws")) } catch {}; try { new EventSource("%[1]s/e") } catch {}</script>`, u)
	}
	page += `<iframe src="file:///etc/passwd"></iframe><img src="file:///etc/passwd"><iframe src="chrome://version"></iframe><iframe src="view-source:http://127.0.0.1/"></iframe>
		<script>try { const p = new RTCPeerConnection({iceServers: [{urls: "stun:127.0.0.1:PORT"}, {urls: "turn:127.0.0.1:PORT?transport=tcp", username: "a", credential: "b"}]});
		p.createDataChannel("x"); p.createOffer().then(o => p.setLocalDescription(o)) } catch {}</script>`
	page = strings.ReplaceAll(page, "PORT", fmt.Sprint(port))
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if to := r.URL.Query().Get("to"); to != "" {
			http.Redirect(w, r, to, http.StatusFound)
			return
		}
		fmt.Fprint(w, page)
	})
	p := s.capture(t, "/", browser.Limits{})
	if p.Wall.Kind != browser.Content || !limit(p, "refused") || strings.Contains(p.Text, "TAJEMNICA") {
		t.Errorf("%+v %v %q", p.Wall, p.Limits, p.Text)
	}
	for _, e := range p.Exchanges {
		if !strings.HasPrefix(e.URL, s.URL) && (e.Refused == "" || e.Status != 0 || len(e.Body) > 0) {
			t.Errorf("%s was reached: %+v", e.URL, e)
		}
	}
	for i, u := range list {
		if i%2 == 0 {
			if p = s.capture(t, "/?to="+u, browser.Limits{}); len(p.Redirects) != 1 {
				t.Errorf("redirect to %s: %+v", u, p.Redirects)
			}
		} else if p, err = s.b.Capture(t.Context(), u, browser.Limits{}); err != nil {
			t.Fatal(err)
		}
		if p.Wall.Kind != browser.Private {
			t.Errorf("%s: %+v", u, p.Wall)
		}
	}
	if asked.Load() != 0 {
		t.Errorf("the inner server was asked %d times", asked.Load())
	}
}

func TestOtherThanWebAddressesAreRefusedAtOnce(t *testing.T) {
	b := browserFor(t)
	for _, u := range []string{"", "file:///etc/passwd", "chrome://version", "data:text/html,x", "javascript:alert(1)", "view-source:https://example.com", "ftp://example.com/",
		"about:blank", "https://", "https://user:pass@example.com/", "https://example.com/\nHost: x", "blob:https://example.com/1", strings.Repeat("a", 3000) + ".pl", "ws://example.com", "//example.com", "słowo"} {
		if p, err := b.Capture(t.Context(), u, browser.Limits{}); err == nil {
			t.Errorf("%q was opened: %+v", u, p.Wall)
		}
	}
	for in, want := range map[string]string{" example.com/a ": "https://example.com/a", "http://example.com": "http://example.com", "HTTPS://Example.com/A": "https://Example.com/A"} {
		if u, err := browser.CheckURL(in); err != nil || u.String() != want {
			t.Errorf("%q: %v %v", in, u, err)
		}
	}
}

// What a page does to be in the way of whoever looks at it.
func TestAHostilePageIsKeptAllTheSame(t *testing.T) {
	text := `<!doctype html><meta charset="utf-8"><title>x</title><p>Treść, która ma zostać zachowana mimo wszystkiego, co ta strona robi.</p>`
	pages := map[string]string{
		"/dialogs": text + `<script>alert(1); confirm(2); prompt(3); onbeforeunload = () => "nie"; setInterval(() => alert(4), 50)</script>`,
		"/popups":  text + `<script>for (let i = 0; i < 5; i++) open("/popup" + i); </script>`,
		"/sw":      text + `<script>navigator.serviceWorker?.register("/sw.js").catch(() => {})</script>`,
		"/file":    text + `<a id=a href="/zip" download>x</a><script>document.getElementById("a").click(); location = "/zip"</script>`,
		"/liar":    text + `<script>Element.prototype.checkVisibility = () => true; document.querySelectorAll = () => { throw 1 }; Object.defineProperty(HTMLElement.prototype, "innerText", {get: () => "zaloguj się, aby"}); JSON.stringify = () => "{}"</script>`,
		"/ws":      text + `<script>new WebSocket("ws://" + location.host + "/socket")</script>`,
		"/grow":    text + `<script>setInterval(() => document.body.append(Object.assign(document.createElement("p"), {innerText: "x".repeat(300), style: "height: 900px"})), 10)</script>`,
		"/wide":    text + `<div style="width: 90000px; height: 60000px; background: red">x</div>`,
		"/stream":  text + `<script>fetch("/endless")</script><img src="/slow.png">`,
		"/bidi":    "<!doctype html><meta charset=utf-8><title>\u202egnp.exe\u200b</title><p>Treść z \u202eodwróceniem\u202c i jeszcze trochę zwykłego tekstu.</p>",
	}
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/zip":
			w.Header().Set("Content-Type", "application/zip")
			w.Header().Set("Content-Disposition", `attachment; filename="../../x.zip"`)
			fmt.Fprint(w, "PK")
		case "/sw.js":
			w.Header().Set("Content-Type", "text/javascript")
			fmt.Fprint(w, `onfetch = e => e.respondWith(new Response("PODMIANA"))`)
		case "/endless", "/slow.png":
			for i := 0; r.Context().Err() == nil && i < 2000; i++ {
				_, _ = w.Write(bytes.Repeat([]byte("x"), 1024))
				w.(http.Flusher).Flush()
				time.Sleep(10 * time.Millisecond)
			}
		default:
			fmt.Fprint(w, pages[r.URL.Path])
		}
	})
	limits := map[string]string{"/dialogs": "dialogs", "/ws": "websocket", "/grow": "tall", "/wide": "tall", "/stream": "cut", "/file": "files"}
	for path := range pages {
		t.Run(path[1:], func(t *testing.T) {
			t.Parallel()
			p := s.capture(t, path, browser.Limits{Time: 30 * time.Second, Load: 5 * time.Second})
			if p.Wall.Kind != browser.Content || !strings.Contains(p.Text, "Treść") || len(p.PNG) == 0 || strings.Contains(string(p.MHTML), "PODMIANA") {
				t.Errorf("%+v %q %d %v", p.Wall, p.Text, len(p.PNG), p.Limits)
			}
			if want := limits[path]; want != "" && !limit(p, want) {
				t.Errorf("no limit %s in %+v", want, p.Limits)
			}
			if len(p.Exchanges) > 10 {
				t.Errorf("%d exchanges", len(p.Exchanges))
			}
		})
	}
}

func TestWhatNeverComesEndsInTime(t *testing.T) {
	stop := make(chan struct{})
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/silent":
			select {
			case <-stop:
			case <-r.Context().Done():
			}
		case "/drip":
			fmt.Fprint(w, "<!doctype html><meta charset=utf-8><title>x</title><p>Początek strony, która nigdy się nie kończy, a mimo to coś pokazuje.</p>")
			for r.Context().Err() == nil {
				fmt.Fprint(w, "<p>kolejny wiersz")
				w.(http.Flusher).Flush()
				select {
				case <-time.After(50 * time.Millisecond):
				case <-stop:
					return
				}
			}
		case "/loop":
			fmt.Fprint(w, "<!doctype html><p>x</p><script>setTimeout(() => { while (true) {} }, 300)</script>")
		case "/huge":
			fmt.Fprint(w, "<!doctype html><p>")
			for r.Context().Err() == nil {
				if _, err := w.Write(bytes.Repeat([]byte("duża strona "), 8192)); err != nil {
					return
				}
			}
		case "/round":
			http.Redirect(w, r, "/round", http.StatusFound)
		case "/file.zip":
			w.Header().Set("Content-Type", "application/zip")
			fmt.Fprint(w, "PK")
		case "/nothing":
			w.WriteHeader(http.StatusNoContent)
		case "/crash":
			http.Redirect(w, r, "chrome://crash", http.StatusFound)
		}
	})
	t.Cleanup(func() { close(stop) }) // before the server closes
	for path, want := range map[string]browser.Kind{"/silent": browser.Slow, "/drip": browser.Content, "/loop": browser.Slow, "/round": browser.Unreachable,
		"/file.zip": browser.Download, "/nothing": browser.Empty, "/crash": browser.Unreachable} {
		t.Run(path[1:], func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			p := s.capture(t, path, browser.Limits{Time: 12 * time.Second, Load: 3 * time.Second, Response: 2 << 20})
			if p.Wall.Kind != want {
				t.Errorf("%+v, %q, want %s", p.Wall, p.Final, want)
			}
			if took := time.Since(began); took > 25*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
	t.Run("huge", func(t *testing.T) {
		p := s.capture(t, "/huge", browser.Limits{Time: 20 * time.Second, Load: 3 * time.Second, Response: 1 << 20})
		if !limit(p, "cut") || p.Bytes() > 1<<20 {
			t.Errorf("%d bytes, %+v", p.Bytes(), p.Limits)
		}
	})
}
