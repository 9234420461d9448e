// Package browser looks at the product through Debian's Chromium, as people do.
package browser

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// patience is how long something may take to show up on a page.
const patience = 20 * time.Second

// Tab is one page of a browser that ends with the test.
type Tab struct {
	t   testing.TB
	ctx context.Context

	mu   sync.Mutex
	said []string
}

// Open starts a browser. A machine without one fails the test.
func Open(t testing.TB) *Tab {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("Chromium is missing: run make deps")
	}
	ctx, stop := chromedp.NewExecAllocator(t.Context(), append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.UserDataDir(t.TempDir()))...)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx)
	t.Cleanup(stop)
	b := &Tab{t: t, ctx: ctx}
	b.ok(chromedp.Listen(ctx, b.listen))
	return b
}

// do carries out steps, none of which may take longer than patience.
func (b *Tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, stop := context.WithTimeout(b.ctx, patience)
	defer stop()
	b.ok(chromedp.Do(ctx, steps...))
}

func (b *Tab) ok(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// listen keeps what the page complains about: errors of scripts, refusals of the content policy, files not found.
func (b *Tab) listen(e any) {
	s := ""
	switch e := e.(type) {
	case *runtime.EventExceptionThrown:
		s = e.ExceptionDetails.Text
		if x := e.ExceptionDetails.Exception; x != nil {
			s += " " + x.Description
		}
	case *runtime.EventConsoleAPICalled:
		if e.Type != runtime.ConsoleAPICalledTypeError && e.Type != runtime.ConsoleAPICalledTypeWarning {
			return
		}
		for _, a := range e.Args {
			s += string(a.Value) + a.Description + " "
		}
	case *log.EventEntryAdded:
		if e.Entry.Level != log.EntryLevelError && e.Entry.Level != log.EntryLevelWarning {
			return
		}
		s = e.Entry.Text + " " + e.Entry.URL
	default:
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.said = append(b.said, s)
}

// Complaints are the errors and warnings of the console since the last call.
func (b *Tab) Complaints() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	said := b.said
	b.said = nil
	return said
}

// Go opens an address and waits for its page.
func (b *Tab) Go(url string) {
	b.t.Helper()
	b.do(chromedp.Navigate(url))
}

// Size sets the visible part of the page in CSS pixels.
func (b *Tab) Size(width, height int64) {
	b.t.Helper()
	b.do(chromedp.EmulateViewport(width, height))
}

// JS is the value of an expression, awaited, as text.
func (b *Tab) JS(code string) string {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`(async () => String(await (`+code+`)))()`, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s: %v", code, err)
	}
	return v
}

// Load runs a script in the page, whatever the content policy of the page says.
func (b *Tab) Load(script string) {
	b.t.Helper()
	b.do(chromedp.Evaluate[chromedp.Void](script))
}

// Until waits for an expression to be true, on this page or the one it leads to.
func (b *Tab) Until(condition string) {
	b.t.Helper()
	var err error
	for end := time.Now().Add(patience); time.Now().Before(end); {
		var yes bool
		yes, err = chromedp.Run(b.ctx, chromedp.Poll[bool](`!!(`+condition+`)`, chromedp.WithPollingInterval(25*time.Millisecond),
			chromedp.WithPollingTimeout(time.Until(end))))
		if yes {
			return
		}
		if b.ctx.Err() != nil || errors.Is(err, chromedp.ErrPollingTimeout) {
			break
		}
	}
	b.t.Fatalf("%s never came true (%v) at %s", condition, err, b.JS(`location.href + "\n" + document.body.innerText`))
}

// See waits for an element a person can see.
func (b *Tab) See(selector string) {
	b.t.Helper()
	b.Until(`document.querySelector(` + strconv.Quote(selector) + `)?.checkVisibility()`)
}

// Click clicks an element with the mouse.
func (b *Tab) Click(selector string) {
	b.t.Helper()
	b.See(selector)
	var at struct{ X, Y float64 }
	b.ok(json.Unmarshal([]byte(b.JS(fmt.Sprintf(`(e => (e.scrollIntoView({block: "center", behavior: "instant"}), e = e.getBoundingClientRect(),
		JSON.stringify({x: e.x + e.width / 2, y: e.y + e.height / 2})))(document.querySelector(%q))`, selector))), &at))
	b.do(chromedp.MouseClickXY(at.X, at.Y))
}

// Type types into a field.
func (b *Tab) Type(selector, text string) {
	b.t.Helper()
	b.See(selector)
	b.JS(fmt.Sprintf(`document.querySelector(%q).focus()`, selector))
	_, err := chromedp.Call(b.ctx, input.InsertText, input.InsertTextParams{Text: text})
	b.ok(err)
}

// Press presses a key where the focus is: a letter, or kb.Escape and the like. A letter whose key press a script has
// taken for itself is not written anywhere, as on a keyboard.
func (b *Tab) Press(key string) {
	b.t.Helper()
	for _, r := range key {
		down := *kb.Encode(r)[0]
		up := down
		up.Type = kb.KeyUp
		if k, ok := kb.Keys[r]; ok && k.Print {
			down.Text, down.UnmodifiedText = k.Text, k.Unmodified
		}
		for _, p := range []input.DispatchKeyEventParams{down, up} {
			_, err := chromedp.Call(b.ctx, input.DispatchKeyEvent, p)
			b.ok(err)
		}
	}
}

// SignIn signs somebody in by the form.
func (b *Tab) SignIn(origin, email, password string) {
	b.t.Helper()
	b.Go(origin + "/signin")
	b.Type("#f-email", email)
	b.Type("#f-password", password)
	b.Click(`form[action="/signin"] button[type=submit]`)
	b.Until(`!location.pathname.startsWith("/signin")`)
}

// Has tells how many elements a selector finds.
func (b *Tab) Has(selector string) int {
	b.t.Helper()
	n, err := strconv.Atoi(b.JS(`document.querySelectorAll(` + strconv.Quote(selector) + `).length`))
	b.ok(err)
	return n
}

// Text is what a person reads in an element.
func (b *Tab) Text(selector string) string {
	b.t.Helper()
	return b.JS(fmt.Sprintf(`document.querySelector(%q)?.innerText`, selector))
}
