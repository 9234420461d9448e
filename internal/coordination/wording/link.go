package wording

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/idna"
)

var address = regexp.MustCompile(`(?i)\b(?:https?://|www\.)[^\s<>"']+`)

// Links are the addresses in a text, canonical, each once.
func Links(text string) (list []string) {
	if !strings.Contains(text, "://") && !strings.Contains(text, "www.") && !strings.Contains(text, "WWW.") {
		return nil
	}
	for _, m := range address.FindAllString(text, 200) {
		if l := Canonical(m); l != "" && !slices.Contains(list, l) {
			list = append(list, l)
		}
	}
	return list
}

// follows are parameters that tell where somebody came from, not what is shown.
var follows = map[string]bool{"fbclid": true, "gclid": true, "dclid": true, "msclkid": true, "igshid": true, "igsh": true, "si": true, "ref": true, "ref_src": true,
	"mc_cid": true, "mc_eid": true, "yclid": true, "feature": true, "share": true, "__tn__": true, "mibextid": true, "wtsid": true, "twclid": true, "ttclid": true}

// Canonical writes an address so that the same page has one: without scheme, "www." and "m.", default port, fragment,
// parameters that only follow readers, and a slash at the end; host in lower case and ASCII, parameters in order. "" when it
// is no web address.
func Canonical(raw string) string {
	raw = strings.TrimRight(strings.TrimSpace(raw), ".,;:!?)]}»”…")
	if !strings.Contains(raw, "://") {
		raw = "http://" + raw
	}
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return ""
	}
	host, err := idna.Lookup.ToASCII(strings.TrimSuffix(u.Hostname(), "."))
	if err != nil || !strings.Contains(host, ".") {
		return ""
	}
	for _, p := range []string{"www.", "m.", "mobile."} {
		host = strings.TrimPrefix(host, p)
	}
	if p := u.Port(); p != "" && p != "80" && p != "443" {
		host += ":" + p
	}
	q := u.Query()
	for k := range q {
		if follows[k] || strings.HasPrefix(k, "utm_") {
			q.Del(k)
		}
	}
	path := strings.TrimRight(u.EscapedPath(), "/")
	if host == "youtu.be" && path != "" {
		q.Set("v", strings.TrimPrefix(path, "/"))
		host, path = "youtube.com", "/watch"
	}
	out := host + path
	if len(q) > 0 {
		out += "?" + q.Encode()
	}
	return out
}
