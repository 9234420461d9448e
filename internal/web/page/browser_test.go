package page

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/a-h/templ"
	"github.com/chromedp/chromedp"

	"chop/internal/lang"
	"chop/internal/web/static"
)

const policy = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'"

// rows is a small inbox whose list grows with every change.
type rows struct {
	n    atomic.Int64
	ring chan struct{}
	done chan struct{}
}

func (s *rows) list() templ.Component {
	cs := []templ.Component{raw(fmt.Sprintf(`<section id="list" data-live="mentions"><p id="n">%d</p><input id="typing" aria-label="x"><details id="open"><summary>s</summary>%d</details><ol>`, s.n.Load(), s.n.Load()))}
	for i := 2 + s.n.Load(); i > 0; i-- {
		id := fmt.Sprint("m", i)
		cs = append(cs, MentionItem(MentionRow{ID: id, Href: "/inbox?m=" + id, Into: "pane", Author: id, Text: "x", At: noon, Pick: "id"}))
	}
	return templ.Join(append(cs, raw(`</ol></section>`))...)
}

func (s *rows) page(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Security-Policy", policy)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	f := frame(lang.PL)
	f.Flash = nil
	pane := templ.Join(raw(`<section id="pane"><p id="m">`+templ.EscapeString(r.URL.Query().Get("m"))+`</p>`),
		Action(Act{Icon: "eye-off", Verb: "Ukryj", Key: "h", Post: "/deeds", Fields: []Pair{{"option", "hide"}}, Into: "pane list"}), raw(`</section>`))
	_ = with(Layout(f), raw(`<h1>x</h1><div class="inbox" data-view="list">`), s.list(), pane, raw(`</div>`)).Render(WithFrame(r.Context(), f), w)
}

func (s *rows) live(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	rc := http.NewResponseController(w)
	fmt.Fprintf(w, "event: beat\ndata: {\"now\":%q}\n\n", iso(noon))
	for rc.Flush() == nil {
		select {
		case <-r.Context().Done():
			return
		case <-s.done:
			return
		case <-s.ring:
			fmt.Fprint(w, "event: change\ndata: {\"topics\":[\"mentions\",\"cases\"]}\n\n")
		}
	}
}

func (s *rows) serve() *httptest.Server {
	mux := http.NewServeMux()
	mux.Handle(static.Prefix, static.Handler())
	mux.HandleFunc("GET /inbox", s.page)
	mux.HandleFunc("GET /live", s.live)
	mux.HandleFunc("POST /deeds", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/inbox?m=done-"+r.FormValue("option"), http.StatusSeeOther)
	})
	return httptest.NewServer(mux)
}

// In a real browser, under the strict policy: a change brings the list anew and disturbs nobody; keys walk and act.
func TestBrowserKeepsWhatAPersonIsDoing(t *testing.T) {
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("Chromium is missing: run make deps")
	}
	s := &rows{ring: make(chan struct{}), done: make(chan struct{})}
	srv := s.serve()
	defer srv.Close()
	defer close(s.done)
	ctx, stop := context.WithTimeout(t.Context(), 60*time.Second)
	defer stop()
	ctx, stop = chromedp.NewExecAllocator(ctx, append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox)...)
	defer stop()
	ctx, stop = chromedp.NewContext(ctx)
	defer stop()
	js := func(code string) string {
		t.Helper()
		v, err := chromedp.Run(ctx, chromedp.Evaluate[string](`(async () => String(await (`+code+`)))()`, chromedp.EvalAwaitPromise))
		if err != nil {
			t.Fatalf("%s: %v", code, err)
		}
		return v
	}
	until := func(what string) { // looks again whenever the page changes
		t.Helper()
		js(`new Promise(ok => { const look = () => ` + what + ` && (o.disconnect(), ok(1)); const o = new MutationObserver(look);
			o.observe(document, {subtree: true, childList: true, characterData: true, attributes: true}); look(); })`)
	}
	press := func(k string) {
		js(`document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key: '` + k + `', bubbles: true, cancelable: true}))`)
	}
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(1440, 900), chromedp.Navigate(srv.URL+"/inbox")); err != nil {
		t.Fatal(err)
	}
	js(`(() => { window.bad = []; document.addEventListener('securitypolicyviolation', e => bad.push(e.violatedDirective)); addEventListener('error', e => bad.push(e.message));
		const i = document.getElementById('typing'); i.focus(); i.value = 'half a word'; i.setSelectionRange(2, 6); document.getElementById('open').open = true;
		document.querySelector('[data-id=m1] input').checked = true; document.querySelector('[data-id=m2]').mine = true })()`)
	s.n.Add(1)
	s.ring <- struct{}{}
	until(`document.getElementById('n').textContent === '1'`)
	got := js(`(() => { const i = document.getElementById('typing'); return [document.activeElement.id, i.value, i.selectionStart, i.selectionEnd, document.getElementById('open').open,
		document.querySelector('[data-id=m1] input').checked, document.querySelector('[data-id=m2]').mine, [...document.querySelectorAll('.mi')].map(e => e.dataset.id).join(' ')].join('|') })()`)
	if want := "typing|half a word|2|6|true|true|true|m3 m2 m1"; got != want {
		t.Errorf("after a change: %s\nwant: %s", got, want)
	}
	js(`document.activeElement.blur()`)
	press("j")
	until(`document.getElementById('m').textContent === 'm3'`)
	press("j")
	until(`document.getElementById('m').textContent === 'm2'`)
	press("h")
	until(`document.getElementById('m').textContent === 'done-hide'`)
	if got := js(`location.search + document.querySelector('.mi[data-on]').dataset.id + bad.join()`); got != "?m=done-hidem2" {
		t.Errorf("after the deed: %s", got)
	}
	// A link to a part of the page, far from it: the part is where the person goes on.
	js(`(() => { const a = document.createElement('a'); a.href = '/inbox?m=far#pane'; a.dataset.into = 'pane'; document.querySelector('main').append(a); a.focus(); a.click() })()`)
	until(`document.getElementById('m').textContent === 'far' && document.activeElement.id === 'pane'`)
	js(`document.activeElement.blur()`)
	press("?")
	if got := js(`[...document.querySelectorAll('dialog[open]')].map(d => d.id).join()`); got != "keys" {
		t.Errorf("the help is %q", got)
	}
	if strings.Contains(js(`document.documentElement.outerHTML`), "style=") {
		t.Error("a script wrote an inline style")
	}
}
