package browser

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
)

// conclude says what the capture came to: an obstacle that the page's look does not show, and the known defects.
func (v *visit) conclude(err error) {
	v.follow()
	v.mu.Lock()
	defer v.mu.Unlock()
	p := v.page
	if w, ok := v.obstacle(err); ok {
		p.Wall = w
	}
	if !p.Sandbox {
		p.limit("no_sandbox")
	}
	if !v.loaded && p.PNG != nil {
		p.limit("not_loaded")
	}
	refused, cut := map[string]int{}, 0
	for _, e := range p.Exchanges {
		if e.Refused != "" {
			refused[refusals[e.Refused]]++
		}
		if e.Cut != "" {
			cut++
		}
	}
	counts := map[string]int{"dialogs": v.dialogs, "popups": v.popups, "files": v.files, "cut": cut, "websocket": refused["websocket"], "refused": refused["refused"],
		"failed": refused[""]}
	if v.tape.over {
		counts["size"] = len(p.Exchanges)
	}
	for _, code := range []string{"size", "cut", "refused", "failed", "websocket", "dialogs", "popups", "files"} {
		if counts[code] > 0 {
			p.limit(code, counts[code])
		}
	}
}

// refusals sorts the codes of refused requests into the limits they make; what is not here failed on its own.
var refusals = map[string]string{"fetch.private_address": "refused", "fetch.port": "refused", "browser.websocket": "websocket"}

// obstacle is why there is no content, when the answer to the document or the browser itself says so. Called with the
// lock held.
func (v *visit) obstacle(err error) (Wall, bool) {
	p := v.page
	if e := v.tape.find(v.last()); e != nil && e.Refused != "" {
		w := Wall{Kind: Unreachable, Rule: "guard", Detail: e.Refused}
		switch {
		case refusals[e.Refused] == "refused":
			w.Kind = Private
		case e.Refused == "fetch.timeout":
			w.Kind = Slow
		}
		return w, true
	}
	switch {
	case v.crashed:
		return Wall{Kind: Crashed, Rule: "crash"}, true
	case v.file:
		return Wall{Kind: Download, Rule: "download", Detail: v.typeOfFile()}, true
	case err != nil && (errors.Is(err, context.DeadlineExceeded) || v.session.ctx.Err() != nil || p.PNG == nil):
		return Wall{Kind: Slow, Rule: "time", Detail: strconv.Itoa(int(v.limits.Time.Seconds()))}, true
	case v.navError != "" && !strings.Contains(v.navError, "ERR_ABORTED"):
		return Wall{Kind: Unreachable, Rule: v.navError}, true
	case p.Status == 0:
		return Wall{Kind: Unreachable, Rule: "no answer"}, true
	case p.Status == http.StatusNoContent:
		return Wall{Kind: Empty, Rule: "status", Detail: strconv.Itoa(p.Status)}, true
	}
	return Wall{}, false
}

// last is the address of the document's last request. Called with the lock held.
func (v *visit) last() string {
	if hops := v.hops(); len(hops) > 0 {
		return hops[len(hops)-1].URL
	}
	return v.page.Requested
}

func (v *visit) typeOfFile() string {
	if e := v.tape.find(v.last()); e != nil {
		return e.Type()
	}
	return ""
}
