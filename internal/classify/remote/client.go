package remote

import (
	"context"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"

	"chop/internal/fault"
	"chop/internal/fetch"
)

// maxBody is the longest answer that is read; an honest one for a full question has a few kilobytes.
const maxBody = 256 << 10

// usage is what a question took.
type usage struct{ In, Out int64 }

// shapes remembers what of the protocol a place takes, so that a refusal costs one request and not one each time.
type shapes struct {
	mu    sync.Mutex
	known map[string]shape
}

func (s *shapes) of(at string) shape {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.known[at]
}

func (s *shapes) keep(at string, x shape) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.known) > 1000 {
		clear(s.known)
	}
	s.known[at] = x
}

// place is scheme://host of an address, and the host for people.
func place(address string) (origin, host string) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return "", ""
	}
	return strings.ToLower(u.Scheme + "://" + u.Host), strings.ToLower(u.Host)
}

// cleanURL is the base address without what people paste along. Faults: second.url, and second.plain for an address that
// would send texts and key unencrypted over the internet.
func cleanURL(s string) (string, error) {
	s = strings.TrimSuffix(strings.TrimSuffix(strings.TrimSpace(s), "/"), "/chat/completions")
	u, err := url.Parse(strings.TrimSuffix(s, "/"))
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" || u.User != nil || u.Fragment != "" || len(s) > 500 {
		return "", fault.New(fault.Invalid, "second.url").On("url")
	}
	if u.Scheme == "http" && !inHouse(u.Hostname()) {
		return "", fault.New(fault.Invalid, "second.plain").On("url")
	}
	return u.String(), nil
}

// inHouse tells whether a name or address lies in the own network. Whether it may be called decides fetch.
func inHouse(host string) bool {
	if a, err := netip.ParseAddr(host); err == nil {
		return !fetch.Public(a)
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	return !strings.Contains(host, ".") || strings.HasSuffix(host, ".local") || strings.HasSuffix(host, ".internal") || strings.HasSuffix(host, ".localhost")
}

// ask sends the items, once. When the place refuses something of the protocol it is asked again with less, at most
// three times. Faults: those of fetch.Do, second.key_refused, second.absent, second.refused, second.malformed, second.half.
// The usage is what must be paid for, also with an error.
func (s *Store) ask(ctx context.Context, set Settings, key string, items []item) (map[string]opinion, usage, error) {
	at := set.URL + " " + set.Model
	form := s.shapes.of(at)
	for range 4 {
		raw, err := body(set.Model, items, form)
		if err != nil {
			return nil, usage{}, err
		}
		resp, err := s.send(ctx, set.URL, key, raw)
		if err != nil {
			var u usage
			if resp == nil && fetch.MayHaveArrived(err) {
				u.In = guess(len(raw)) // it may have been worked on, and counted
			}
			return nil, u, err
		}
		if less, ok := form.less(resp); ok {
			form = less
			continue
		}
		if err := refusal(resp, set); err != nil {
			return nil, usage{}, err
		}
		s.shapes.keep(at, form)
		out, r, err := parse(resp.Body, items)
		return out, counted(r, len(raw)), err
	}
	return nil, usage{}, fault.New(fault.Unavailable, "second.refused", "Host", set.Host(), "Status", http.StatusBadRequest)
}

func (s *Store) send(ctx context.Context, base, key string, raw []byte) (*fetch.Response, error) {
	u, err := url.Parse(base)
	if err != nil {
		return nil, fault.New(fault.Invalid, "second.url").On("url")
	}
	h := http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json"}}
	if key != "" {
		h.Set("Authorization", "Bearer "+key)
	}
	return s.Fetch.Do(ctx, fetch.Request{Method: http.MethodPost, URL: u.JoinPath("chat", "completions").String(), Header: h, Body: raw, MaxBody: maxBody})
}

// less is the shape with what the place complains of left out; false when there is nothing to leave out.
func (x shape) less(r *fetch.Response) (shape, bool) {
	if r.Status != http.StatusBadRequest && r.Status != http.StatusUnprocessableEntity && r.Status != http.StatusNotImplemented {
		return x, false
	}
	says := strings.ToLower(string(r.Body))
	switch {
	case strings.Contains(says, "max_tokens") && !x.NewLimit:
		x.NewLimit = true
	case strings.Contains(says, "temperature") && !x.NoTemperature:
		x.NoTemperature = true
	case !x.NoSchema:
		x.NoSchema = true
	default:
		return x, false
	}
	return x, true
}

// refusal is the fault of a status that is no answer. The place's own words are not shown: they may repeat text or key.
func refusal(r *fetch.Response, set Settings) error {
	switch {
	case r.Status == http.StatusOK:
		return nil
	case r.Status == http.StatusUnauthorized, r.Status == http.StatusForbidden:
		return fault.New(fault.Unavailable, "second.key_refused", "Host", set.Host())
	case r.Status == http.StatusNotFound:
		return fault.New(fault.Unavailable, "second.absent", "Host", set.Host(), "Model", set.Model)
	}
	return fault.New(fault.Unavailable, "second.refused", "Host", set.Host(), "Status", r.Status)
}

// mostTokens is more than any question of ours takes; a place that claims more is not believed.
const mostTokens = 1 << 20

// counted is the usage the place tells, or our estimate where it tells none.
func counted(r *reply, sent int) usage {
	u := usage{r.Usage.In, r.Usage.Out}
	if u.In <= 0 || u.In > mostTokens {
		u.In = guess(sent)
	}
	if u.Out <= 0 || u.Out > mostTokens {
		u.Out = 0
		if len(r.Choices) > 0 {
			u.Out = guess(len(r.Choices[0].Message.Content))
		}
	}
	return u
}
