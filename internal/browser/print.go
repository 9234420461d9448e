package browser

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"chop/internal/fault"
)

// printTime is how long printing one document may take.
const printTime = 2 * time.Minute

// dead leads every request into a proxy that does not exist, the machine's own addresses included.
var dead = map[string]any{
	"proxy-server":        "http://0.0.0.0:1",
	"proxy-bypass-list":   "<-loopback>",
	"host-resolver-rules": "MAP * ~NOTFOUND",
}

// Print makes a PDF of a complete HTML document of our own: A4, page numbers at the foot ("2 / 7"), fonts embedded,
// headings as an outline. @page rules of the document may change the paper. Scripts do not run and nothing is loaded:
// pictures, fonts and styles have to be in the document itself (data: addresses). Faults: Unavailable "browser.missing",
// "browser.start", "browser.print"; Invalid "browser.empty".
func Print(ctx context.Context, html []byte) ([]byte, error) {
	if len(html) == 0 {
		return nil, fault.New(fault.Invalid, "browser.empty")
	}
	ctx, cancel := context.WithTimeout(ctx, printTime)
	defer cancel()
	s, err := open(ctx, dead)
	if err != nil {
		return nil, err
	}
	defer s.end()
	pdf, err := chromedp.Run(s.ctx, printing(string(html)))
	if err != nil {
		return nil, fault.New(fault.Unavailable, "browser.print").Because(fmt.Errorf("%w (%s)", err, s.said.last()))
	}
	return pdf, nil
}

// foot numbers the pages. Chromium's own font size there is 0.
const foot = `<div style="font: 8pt sans-serif; color: #555; width: 100%; text-align: center">
	<span class="pageNumber"></span> / <span class="totalPages"></span></div>`

func printing(html string) chromedp.Action[[]byte] {
	return func(ctx context.Context, t *chromedp.Target) ([]byte, error) {
		if err := still(ctx, t); err != nil {
			return nil, err
		}
		tree, err := cdp.Call(ctx, t, page.GetFrameTree, cdp.Empty{})
		if err != nil {
			return nil, err
		}
		if _, err := cdp.Call(ctx, t, page.SetDocumentContent, page.SetDocumentContentParams{FrameID: tree.FrameTree.Frame.ID, HTML: html}); err != nil {
			return nil, err
		}
		if err := drawn(ctx, t); err != nil {
			return nil, err
		}
		return chromedp.PrintToPDF(chromedp.PDFPaper(chromedp.PaperA4), chromedp.PDFMargins(0.6, 0.6, 0.75, 0.6), chromedp.PDFPreferCSSPageSize(),
			chromedp.PDFPrintBackground(), chromedp.PDFHeaderTemplate("<span></span>"), chromedp.PDFFooterTemplate(foot),
			chromedp.PDFOutlineAndTagged(), chromedp.PDFStream())(ctx, t)
	}
}

// still keeps a document from doing anything: no script runs, every request that is not data: is refused, and the
// network is told to be away.
func still(ctx context.Context, t *chromedp.Target) error {
	if _, err := cdp.Call(ctx, t, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		return err
	}
	if err := chromedp.Listen(ctx, func(ev any) {
		if p, ok := ev.(*fetch.EventRequestPaused); ok {
			go refuse(ctx, t, p)
		}
	}); err != nil {
		return err
	}
	_, err := cdp.Call(ctx, t, fetch.Enable, fetch.EnableParams{})
	return err
}

// refuse answers a request of the document: what it carries itself (data:) goes on, everything else is given
// up. (A navigation refused in another way would replace the document with an error page.)
func refuse(ctx context.Context, t *chromedp.Target, p *fetch.EventRequestPaused) {
	if strings.HasPrefix(p.Request.URL, "data:") {
		cdp.Call(ctx, t, fetch.ContinueRequest, fetch.ContinueRequestParams{RequestID: p.RequestID})
		return
	}
	cdp.Call(ctx, t, fetch.FailRequest, fetch.FailRequestParams{RequestID: p.RequestID, ErrorReason: network.ErrorReasonAborted})
}

// drawn waits until the fonts and pictures of the document are there. It runs in the protocol's own world, where
// scripts work though the document's do not.
func drawn(ctx context.Context, t *chromedp.Target) error {
	wait := true
	_, err := cdp.Call(ctx, t, runtime.Evaluate, runtime.EvaluateParams{AwaitPromise: &wait,
		Expression: `Promise.all([document.fonts.ready, ...[...document.images].map(i => i.decode().catch(() => 0))]).then(() => 1)`})
	return err
}
