package wordpress

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"chop/internal/fault"
	"chop/internal/fetch"
	"chop/internal/source"
)

// Do carries the deed out once. Outcome.State is always set, also beside an error: an error carries the cure or the
// patience the place asks for (fetch.After). Failed means that nothing was changed there.
func (c *Connector) Do(ctx context.Context, s source.Settings, d source.Deed) (source.Outcome, error) {
	p, now, out, err := c.before(ctx, s, d)
	if err != nil || out.State != "" {
		return out, err
	}
	if d.Verb == source.Reply {
		return c.reply(ctx, s, p, d, now)
	}
	if want(d.Verb, now.status) {
		return source.Outcome{State: source.Done, Now: stateOf(now.status), URL: now.link, Delivery: out.Delivery}, nil
	}
	method, query, body := order(d, now)
	resp, err := c.call(ctx, p, method, "/wp/v2/comments/"+d.ItemID, query, body)
	if err != nil {
		return unanswered(resp, err), err
	}
	return c.judge(s, p, d, resp)
}

// before checks the deed and looks at the comment as it is now. An Outcome with a state means that there is nothing
// more to do.
func (c *Connector) before(ctx context.Context, s source.Settings, d source.Deed) (*place, comment, source.Outcome, error) {
	failed := source.Outcome{State: source.Failed}
	if can := c.Describe().Capabilities[d.Verb]; !can.Can {
		return nil, comment{}, failed, fault.New(fault.Invalid, "wordpress.cannot", "Verb", string(d.Verb))
	}
	if n, err := strconv.Atoi(d.ItemID); err != nil || n <= 0 {
		return nil, comment{}, failed, fault.New(fault.Invalid, "wordpress.item")
	}
	if d.Verb == source.Reply && (strings.TrimSpace(d.Text) == "" || len([]rune(d.Text)) > maxReply) {
		return nil, comment{}, failed, fault.New(fault.Invalid, "wordpress.reply_length", "Max", maxReply)
	}
	p, err := c.place(ctx, s)
	if err != nil {
		return nil, comment{}, failed, err
	}
	now, out, err := c.see(ctx, s, p, d.ItemID)
	if err != nil {
		out.State = source.Failed // only looked at: nothing can have changed
		return p, now, out, err
	}
	switch {
	case out.Now == source.Gone && d.Verb == source.Delete:
		out.State = source.Done
	case out.Now == source.Gone:
		out.State = source.Failed
	}
	return p, now, out, nil
}

// see reads one comment. A comment that is no longer there is an Outcome with Now = Gone, not an error.
func (c *Connector) see(ctx context.Context, s source.Settings, p *place, id string) (comment, source.Outcome, error) {
	resp, err := c.call(ctx, p, http.MethodGet, "/wp/v2/comments/"+id, url.Values{"context": {"edit"}}, nil)
	if err != nil {
		return comment{}, source.Outcome{State: source.Doubtful, Delivery: deliveryOf(resp)}, err
	}
	out := source.Outcome{Delivery: delivery(resp)}
	code, message := said(resp)
	switch {
	case resp.Status == http.StatusNotFound && code == "rest_comment_invalid_id":
		out.Now, out.Detail = source.Gone, message
		return comment{}, out, nil
	case resp.Status != http.StatusOK:
		out.State, out.Detail = source.Doubtful, message
		err := p.refusal(resp)
		c.forgetIfStale(s, err)
		return comment{}, out, err
	}
	now, ok := parseComment(resp.Body)
	if !ok || strconv.Itoa(now.id) != id {
		out.State = source.Doubtful
		return comment{}, out, p.notJSON(resp)
	}
	out.Now, out.URL = stateOf(now.status), now.link
	return now, out, nil
}

func deliveryOf(r *fetch.Response) source.Delivery {
	if r == nil {
		return source.Delivery{}
	}
	return delivery(r)
}

// order is the request that carries out a status deed. Trashing goes by DELETE, which leaves the commenter's address
// alone and never destroys; every other change must send the address and the program back, or WordPress puts ours in
// their place and evidence is lost.
func order(d source.Deed, now comment) (method string, query url.Values, body any) {
	if d.Verb == source.Delete {
		return http.MethodDelete, url.Values{"force": {"false"}}, nil
	}
	ip, ua := noIP, noUserAgent
	for _, known := range []string{d.Meta[metaIP], now.ip} {
		if validIP(known) {
			ip = known
			break
		}
	}
	for _, known := range []string{d.Meta[metaUserAgent], now.userAgent} {
		if known != "" {
			ua = known
			break
		}
	}
	return http.MethodPost, nil, map[string]string{"status": target(d.Verb, now.status), metaIP: ip, metaUserAgent: ua}
}

// target is the status word to send. Restoring out of trash or spam asks for the status from before, so that a comment
// that waited for approval does not come back published.
func target(v source.Verb, now string) string {
	switch v {
	case source.Hide:
		return "hold"
	case source.Spam:
		return "spam"
	case source.Restore:
		switch now {
		case "trash":
			return "untrash"
		case "spam":
			return "unspam"
		}
	}
	return "approved"
}

// want tells whether status is what the verb is after.
func want(v source.Verb, status string) bool {
	switch st := stateOf(status); v {
	case source.Hide:
		return status == "hold"
	case source.Spam:
		return st == source.Spammed
	case source.Delete:
		return st == source.Trashed
	case source.Restore:
		return st == source.Published || st == source.Held
	case source.Approve, source.Unhide:
		return st == source.Published
	}
	return false
}

// unanswered sorts out calls without a clear answer. A call that never left, 429 and a server error with WordPress's own
// code for "not done" changed nothing; a timeout after sending, a broken answer and any other server error are doubtful.
func unanswered(resp *fetch.Response, err error) source.Outcome {
	out := source.Outcome{State: source.Failed, Delivery: deliveryOf(resp)}
	if resp == nil {
		if fetch.MayHaveArrived(err) {
			out.State = source.Doubtful
		}
		return out
	}
	code, message := said(resp)
	out.Detail = message
	if resp.Status != http.StatusTooManyRequests && !surelyNotDone(code) {
		out.State = source.Doubtful
	}
	return out
}

// surelyNotDone: WordPress answers these with 500 or 501 when it changed nothing.
func surelyNotDone(code string) bool {
	return code == "rest_comment_failed_edit" || code == "rest_comment_failed_create" || code == "rest_cannot_delete" || code == "rest_trash_not_supported"
}

// judge reads the answer to a status deed: 200 is not enough, the status it shows must be the one that was ordered.
func (c *Connector) judge(s source.Settings, p *place, d source.Deed, resp *fetch.Response) (source.Outcome, error) {
	out := source.Outcome{State: source.Failed, Delivery: delivery(resp)}
	code, message := said(resp)
	out.Detail = message
	switch {
	case resp.Status == http.StatusOK:
		after, ok := parseComment(resp.Body)
		if !ok || strconv.Itoa(after.id) != d.ItemID {
			out.State = source.Doubtful
			return out, p.notJSON(resp)
		}
		out.Now, out.URL = stateOf(after.status), after.link
		if want(d.Verb, after.status) {
			out.State = source.Done
		} else {
			out.Detail = "WordPress: status=" + clip(after.status, 40)
		}
		return out, nil
	case resp.Status == http.StatusGone && d.Verb == source.Delete:
		out.State, out.Now = source.Done, source.Trashed
		return out, nil
	case resp.Status == http.StatusNotFound && code == "rest_comment_invalid_id":
		out.Now = source.Gone
		return out, nil
	case resp.Status < 300:
		out.State = source.Doubtful
	}
	err := p.refusal(resp)
	c.forgetIfStale(s, err)
	return out, err
}

// asHTML writes a plain text so that WordPress shows it as it is.
func asHTML(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n")))
}

// reply answers under the comment. WordPress accepts an answer to nothing, so the comment was looked at first; it also
// refuses our own words a second time, which is then read as the first time.
func (c *Connector) reply(ctx context.Context, s source.Settings, p *place, d source.Deed, now comment) (source.Outcome, error) {
	if st := stateOf(now.status); st == source.Trashed || st == source.Spammed {
		return source.Outcome{State: source.Failed, Now: st, URL: now.link}, fault.New(fault.Conflict, "wordpress.reply_hidden")
	}
	resp, err := c.call(ctx, p, http.MethodPost, "/wp/v2/comments", nil, map[string]any{"post": now.post, "parent": now.id, "content": asHTML(d.Text)})
	if err != nil {
		return unanswered(resp, err), err
	}
	out := source.Outcome{State: source.Failed, Now: stateOf(now.status), Delivery: delivery(resp)}
	code, message := said(resp)
	out.Detail = message
	switch {
	case resp.Status == http.StatusCreated || resp.Status == http.StatusOK:
		made, ok := parseComment(resp.Body)
		if !ok || made.parent != now.id {
			out.State = source.Doubtful
			return out, p.notJSON(resp)
		}
		out.State, out.ResultID, out.URL = source.Done, strconv.Itoa(made.id), made.link
		if stateOf(made.status) != source.Published {
			out.Detail = "WordPress: status=" + clip(made.status, 40)
		}
		return out, nil
	case resp.Status == http.StatusConflict && code == "comment_duplicate":
		if found, err := c.readReply(ctx, s, p, d, now); err == nil && found.State == source.Done {
			return found, nil
		}
		return out, fault.New(fault.Conflict, "wordpress.duplicate")
	case resp.Status < 300:
		out.State = source.Doubtful
	}
	err = p.refusal(resp)
	c.forgetIfStale(s, err)
	return out, err
}

// ReadBack looks whether the deed is true at the place now: Done, Failed (it is not), or Doubtful with an error when
// the place could not be asked.
func (c *Connector) ReadBack(ctx context.Context, s source.Settings, d source.Deed) (source.Outcome, error) {
	if n, err := strconv.Atoi(d.ItemID); err != nil || n <= 0 {
		return source.Outcome{State: source.Failed}, fault.New(fault.Invalid, "wordpress.item")
	}
	p, err := c.place(ctx, s)
	if err != nil {
		return source.Outcome{State: source.Doubtful}, err
	}
	now, out, err := c.see(ctx, s, p, d.ItemID)
	if err != nil {
		out.State = source.Doubtful
		return out, err
	}
	if d.Verb == source.Reply {
		return c.readReply(ctx, s, p, d, now)
	}
	out.State = source.Failed
	if (out.Now == source.Gone && d.Verb == source.Delete) || (out.Now != source.Gone && want(d.Verb, now.status)) {
		out.State = source.Done
	}
	return out, nil
}

// readReply looks for our own answer with the same words under the comment.
func (c *Connector) readReply(ctx context.Context, s source.Settings, p *place, d source.Deed, parent comment) (source.Outcome, error) {
	q := url.Values{"context": {"edit"}, "status": {"any"}, "parent": {d.ItemID}, "author": {strconv.Itoa(p.me)}, "per_page": {strconv.Itoa(pageSize)}}
	resp, err := c.call(ctx, p, http.MethodGet, "/wp/v2/comments", q, nil)
	out := source.Outcome{State: source.Doubtful, Delivery: deliveryOf(resp)}
	if err != nil {
		return out, err
	}
	if resp.Status != http.StatusOK {
		err := p.refusal(resp)
		c.forgetIfStale(s, err)
		return out, err
	}
	list, err := parseList(resp.Body)
	if err != nil {
		return out, errors.Join(p.notJSON(resp), err)
	}
	out.State = source.Failed
	if parent.id > 0 {
		out.Now = stateOf(parent.status)
	}
	for _, a := range list {
		same := strconv.Itoa(a.id) == d.ResultID || plain(a.raw) == plain(asHTML(d.Text))
		if same && a.author == p.me && strconv.Itoa(a.parent) == d.ItemID && stateOf(a.status) != source.Trashed {
			out.State, out.ResultID, out.URL = source.Done, strconv.Itoa(a.id), a.link
			return out, nil
		}
	}
	return out, nil
}
