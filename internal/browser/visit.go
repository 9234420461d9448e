package browser

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"sync"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/inspector"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

//go:embed look.js
var lookJS string

// Waiting.
const (
	calm     = 700 * time.Millisecond // without requests: the page has settled
	patience = 6 * time.Second        // an answer that takes longer does not hold up the picture
	settle   = 10 * time.Second       // at most, for each of: the page, what scrolling brought
	step     = 150 * time.Millisecond // between two screens while scrolling
)

// visit is one capture under way.
type visit struct {
	page    *Page
	tape    *tape
	limits  Limits
	session *session
	end     time.Time

	mu       sync.Mutex
	main     cdp.FrameID
	steps    []leg
	shown    map[cdp.LoaderID]bool // documents that were really shown, the browser's own pages of error among them
	loaded   bool
	file     bool // the address led to a file
	files    int  // downloads that were refused
	crashed  bool
	dialogs  int
	popups   int
	navError string
}

// leg is one request for a document.
type leg struct {
	Hop
	loader cdp.LoaderID
}

// run carries out the steps; each but the last keeps what it got even when a later one fails.
func (v *visit) run(version string) error {
	ctx, cancel := context.WithDeadline(v.session.ctx, v.end)
	defer cancel()
	if err := v.listen(); err != nil {
		return err
	}
	if err := v.do(ctx, func(ctx context.Context, t *chromedp.Target) error { return v.prepare(ctx, t, version) }); err != nil {
		return err
	}
	if err := v.do(ctx, v.navigate); err != nil {
		return err
	}
	v.wait(ctx, v.limits.Load, func() bool { return v.isLoaded() && v.tape.quiet(calm, patience) })
	var look Look
	if err := v.do(ctx, func(ctx context.Context, t *chromedp.Target) error { return v.scroll(ctx, t) }); err != nil {
		return err
	}
	err := v.do(ctx, func(ctx context.Context, t *chromedp.Target) (err error) {
		if look, err = v.look(ctx, t); err != nil {
			return err
		}
		return v.keep(ctx, t, look)
	})
	return err
}

func (v *visit) do(ctx context.Context, f func(context.Context, *chromedp.Target) error) error {
	_, err := chromedp.Run(ctx, func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		return chromedp.Void{}, f(ctx, t)
	})
	return err
}

// listen follows what happens in the browser. Its function must not wait for the browser.
func (v *visit) listen() error {
	ctx := v.session.ctx
	if err := chromedp.Listen(ctx, func(ev any) {
		switch e := ev.(type) {
		case *page.EventJavascriptDialogOpening:
			v.count(&v.dialogs)
			go chromedp.Call(ctx, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: false})
		case *network.EventRequestWillBeSent:
			v.sending(e)
		case *page.EventFrameNavigated:
			v.set(func() {
				if e.Frame.ID == v.main {
					v.shown[e.Frame.LoaderID], v.loaded = true, false
				}
			})
		case *page.EventLoadEventFired:
			v.set(func() { v.loaded = true })
		case *inspector.EventTargetCrashed:
			v.set(func() { v.crashed = true })
		}
	}); err != nil {
		return err
	}
	return chromedp.ListenBrowser(ctx, func(ev any) {
		switch e := ev.(type) {
		case *target.EventTargetCreated:
			if e.TargetInfo.Type == "page" && e.TargetInfo.OpenerID != "" {
				v.count(&v.popups)
				go chromedp.CallBrowser(ctx, target.CloseTarget, target.CloseTargetParams{TargetID: e.TargetInfo.TargetID})
			}
		case *browser.EventDownloadWillBegin: // it is refused
			v.count(&v.files)
		}
	})
}

func (v *visit) set(f func()) { v.mu.Lock(); defer v.mu.Unlock(); f() }
func (v *visit) count(n *int) { v.set(func() { *n++ }) }
func (v *visit) isLoaded() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.loaded || v.crashed || v.file
}

// sending follows the way of the document itself.
func (v *visit) sending(e *network.EventRequestWillBeSent) {
	if e.Type != network.ResourceTypeDocument {
		return
	}
	v.set(func() {
		if e.FrameID != v.main {
			return
		}
		if r := e.RedirectResponse; r != nil && len(v.steps) > 0 {
			v.steps[len(v.steps)-1].Status = int(r.Status)
		}
		v.steps = append(v.steps, leg{Hop{URL: e.Request.URL + e.Request.URLFragment}, e.LoaderID})
	})
}

func (v *visit) prepare(ctx context.Context, t *chromedp.Target, ours string) (err error) {
	if v.page.Browser, v.page.UserAgent, err = version(ctx, t, ours); err != nil {
		return err
	}
	tree, err := cdp.Call(ctx, t, page.GetFrameTree, cdp.Empty{})
	if err != nil {
		return err
	}
	v.set(func() { v.main = tree.FrameTree.Frame.ID })
	yes := true
	for _, call := range []func() error{
		func() error { return drop(cdp.Call(ctx, t, network.Enable, network.EnableParams{})) },
		func() error { return drop(cdp.Call(ctx, t, page.Enable, page.EnableParams{})) },
		func() error { return drop(cdp.Call(ctx, t, inspector.Enable, cdp.Empty{})) },
		func() error {
			return drop(cdp.Call(ctx, t, network.SetBypassServiceWorker, network.SetBypassServiceWorkerParams{Bypass: true}))
		},
		func() error {
			return drop(cdp.Call(ctx, t, emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: v.page.UserAgent, AcceptLanguage: "pl-PL,pl;q=0.9,en;q=0.6"}))
		},
		func() error {
			return drop(cdp.Call(ctx, t, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: Width, Height: Height, DeviceScaleFactor: 1}))
		},
		func() error {
			return drop(chromedp.CallBrowser(v.session.ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{Behavior: browser.SetDownloadBehaviorBehaviorDeny, EventsEnabled: &yes}))
		},
	} {
		if err := call(); err != nil {
			return err
		}
	}
	return nil
}

func drop[T any](_ T, err error) error { return err }

// navigate opens the address. An address that cannot be opened leaves its reason, and the browser's own page of error.
func (v *visit) navigate(ctx context.Context, t *chromedp.Target) error {
	ctx, cancel := context.WithTimeout(ctx, v.limits.Load+2*time.Second)
	defer cancel()
	res, err := cdp.Call(ctx, t, page.Navigate, page.NavigateParams{URL: v.page.Requested})
	if err != nil {
		return fmt.Errorf("open the address: %w", err)
	}
	v.set(func() { v.file, v.navError = res.IsDownload, res.ErrorText })
	return nil
}

// wait looks again and again, at most so long and never beyond the end.
func (v *visit) wait(ctx context.Context, most time.Duration, ready func() bool) {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	until := time.Now().Add(most)
	if soonest := v.end.Add(-most / 2); soonest.Before(until) {
		until = soonest
	}
	for !ready() && time.Now().Before(until) {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// eval runs a script in a world apart from the page's own scripts.
func eval[T any](ctx context.Context, t *chromedp.Target, frame cdp.FrameID, code string) (out T, err error) {
	world, err := cdp.Call(ctx, t, page.CreateIsolatedWorld, page.CreateIsolatedWorldParams{FrameID: frame, WorldName: "chop"})
	if err != nil {
		return out, err
	}
	yes := true
	res, err := cdp.Call(ctx, t, runtime.Evaluate, runtime.EvaluateParams{Expression: code, ContextID: world.ExecutionContextID, ReturnByValue: &yes})
	if err != nil {
		return out, err
	}
	if res.ExceptionDetails != nil {
		return out, fmt.Errorf("look at the page: %s", res.ExceptionDetails.Text)
	}
	return out, json.Unmarshal(res.Result.Value, &out)
}

// scroll goes down screen by screen, for what loads only when it comes into view, and back to the top.
func (v *visit) scroll(ctx context.Context, t *chromedp.Target) error {
	type state struct{ Y, Height, Full float64 }
	const where = `({y: scrollY, height: innerHeight, full: Math.max(document.documentElement?.scrollHeight ?? 0, document.body?.scrollHeight ?? 0)})`
	for n := 0; ; n++ {
		s, err := eval[state](ctx, t, v.main, where)
		if err != nil {
			return err
		}
		if s.Y+s.Height >= s.Full-2 || s.Height == 0 {
			break
		}
		if n >= v.limits.Screens || time.Until(v.end) < v.limits.Time/3 {
			v.page.limit("screens", n)
			break
		}
		if _, err := eval[int](ctx, t, v.main, `(scrollBy({top: innerHeight * .9, behavior: "instant"}), 1)`); err != nil {
			return err
		}
		v.wait(ctx, step, func() bool { return false })
	}
	v.wait(ctx, settle, func() bool { return v.tape.quiet(calm, patience) })
	if _, err := eval[int](ctx, t, v.main, `(scrollTo({top: 0, behavior: "instant"}), 1)`); err != nil {
		return err
	}
	v.wait(ctx, step, func() bool { return false })
	return nil
}

func (v *visit) look(ctx context.Context, t *chromedp.Target) (Look, error) {
	rules, err := walls()
	if err != nil {
		return Look{}, err
	}
	list, err := json.Marshal(selectors(rules))
	if err != nil {
		return Look{}, err
	}
	l, err := eval[Look](ctx, t, v.main, lookJS+"("+string(list)+")")
	if err != nil {
		return l, err
	}
	p := v.page
	p.Title, p.Text = strings.TrimSpace(l.Title), l.Text
	if !strings.HasPrefix(l.URL, "chrome-error:") {
		p.Final = l.URL
	}
	l.Status = v.follow()
	p.Wall, err = Judge(l)
	if l.Overlay && p.Wall.Kind == Content {
		p.limit("overlay")
	}
	return l, err
}

// follow fills in the way to the document, and what its last answer was.
func (v *visit) follow() int {
	v.mu.Lock()
	hops := v.hops()
	v.mu.Unlock()
	if len(hops) == 0 {
		return 0
	}
	p, last := v.page, hops[len(hops)-1]
	for i, h := range hops {
		if e := v.tape.find(h.URL); e != nil {
			hops[i].Status = e.Status
			if i == len(hops)-1 {
				p.IP, p.Certificate, last.Status = e.IP, e.Cert, e.Status
			}
		}
	}
	p.Redirects, p.Status = hops[:len(hops)-1], last.Status
	return last.Status
}

// hops is the way to the document that was shown at last; a request that ended in a download led nowhere. Called with the
// lock held.
func (v *visit) hops() (all []Hop) {
	for _, l := range v.steps {
		if len(v.shown) == 0 || v.shown[l.loader] {
			all = append(all, l.Hop)
		}
	}
	return all
}

// keep takes the pictures.
func (v *visit) keep(ctx context.Context, t *chromedp.Target, l Look) error {
	p := v.page
	box, err := cdp.Call(ctx, t, page.GetLayoutMetrics, cdp.Empty{})
	if err != nil {
		return err
	}
	height := max(math.Ceil(box.CSSContentSize.Height), Height)
	width := min(max(math.Ceil(box.CSSContentSize.Width), Width), 2*Width)
	if height > float64(v.limits.Height) {
		p.limit("tall", int(height), "/", v.limits.Height)
		height = float64(v.limits.Height)
	}
	yes := true
	shot, err := cdp.Call(ctx, t, page.CaptureScreenshot, page.CaptureScreenshotParams{Format: page.CaptureScreenshotFormatPng, CaptureBeyondViewport: &yes,
		Clip: &page.Viewport{Width: width, Height: height, Scale: 1}})
	if err != nil {
		return fmt.Errorf("take the picture: %w", err)
	}
	p.PNG = shot.Data
	if doc, err := cdp.Call(ctx, t, page.CaptureSnapshot, page.CaptureSnapshotParams{}); err == nil {
		p.MHTML = []byte(doc.Data)
	} else {
		p.limit("no_mhtml")
	}
	pdf, err := chromedp.PrintToPDF(chromedp.PDFPaper(chromedp.PaperA4), chromedp.PDFMargins(.6, .4, .6, .4), chromedp.PDFPrintBackground(), chromedp.PDFStream(),
		chromedp.PDFHeaderTemplate(`<div style="font: 7pt sans-serif; width: 100%; padding: 0 10mm"><span class="title"></span></div>`),
		chromedp.PDFFooterTemplate(`<div style="font: 7pt sans-serif; width: 100%; padding: 0 10mm; overflow-wrap: anywhere"><span class="url"></span>
			· <span class="date"></span> · <span class="pageNumber"></span> / <span class="totalPages"></span></div>`))(ctx, t)
	if err == nil {
		p.PDF = pdf
	} else {
		p.limit("no_pdf")
	}
	return nil
}
