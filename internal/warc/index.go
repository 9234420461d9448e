package warc

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// entry is one line of the index.
type entry struct {
	key, stamp, id string
	line
}

// line is the JSON of a CDXJ line, in the form of webrecorder's tools: numbers as text, the digest without its kind.
type line struct {
	URL      string `json:"url"`
	Mime     string `json:"mime,omitempty"`
	Status   string `json:"status,omitempty"`
	Digest   string `json:"digest"`
	Length   string `json:"length"`
	Offset   string `json:"offset"`
	Filename string `json:"filename"`
	Record   string `json:"recordDigest"`
}

// enter adds a record to the index: answers to GET, and resources. Others cannot be looked up by address alone.
func (w *Writer) enter(r Record, p Place) {
	if r.Type == Request && !bytes.HasPrefix(r.Block, []byte("GET ")) {
		w.index = slices.DeleteFunc(w.index, func(e entry) bool { return e.id == r.Field("WARC-Concurrent-To") })
	}
	if r.Type != Response && r.Type != Resource {
		return
	}
	mime, status := r.Media, ""
	if r.Type == Response {
		status, mime = httpFacts(r.Block)
	}
	mime, _, _ = strings.Cut(mime, ";")
	_, sum, _ := strings.Cut(digest(r.Payload()), ":")
	w.index = append(w.index, entry{key: SURT(r.URI), stamp: r.Date.UTC().Format("20060102150405"), id: r.ID, line: line{URL: r.URI, Mime: strings.TrimSpace(mime),
		Status: status, Digest: sum, Length: strconv.FormatInt(p.Length, 10), Offset: strconv.FormatInt(p.Offset, 10), Filename: dataName, Record: p.Digest}})
}

// httpFacts is the status and type of an HTTP answer.
func httpFacts(block []byte) (status, media string) {
	head, _, _ := bytes.Cut(block, []byte(crlf+crlf))
	lines := strings.Split(string(head), crlf)
	if f := strings.Fields(lines[0]); len(f) > 1 {
		status = f[1]
	}
	for _, l := range lines[1:] {
		if name, value, _ := strings.Cut(l, ":"); strings.EqualFold(name, "Content-Type") && media == "" {
			media = strings.TrimSpace(value)
		}
	}
	return status, media
}

// Index is the CDXJ index of what was written, sorted.
func (w *Writer) Index() ([]byte, error) {
	list := slices.Clone(w.index)
	slices.SortStableFunc(list, func(a, b entry) int { return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.stamp, b.stamp)) })
	var b bytes.Buffer
	for _, e := range list {
		var j bytes.Buffer
		enc := json.NewEncoder(&j)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(e.line); err != nil {
			return nil, fmt.Errorf("write the index: %w", err)
		}
		fmt.Fprintf(&b, "%s %s %s", e.key, e.stamp, j.String())
	}
	return b.Bytes(), nil
}

// SURT is the key under which an address is sorted: host backwards, all small, arguments in order. Addresses that are not
// of the web stay as they are. It gives what warcio's getSurt gives.
func SURT(address string) string {
	rest, secure := strings.CutPrefix(address, "https://")
	if !secure {
		var plain bool
		if rest, plain = strings.CutPrefix(address, "http://"); !plain {
			return address
		}
	}
	u, err := url.Parse(strings.ToLower("http://" + withoutWWW(rest)))
	if err != nil {
		return address
	}
	parts := strings.Split(u.Hostname(), ".")
	slices.Reverse(parts)
	key := strings.Join(parts, ",")
	if p := u.Port(); p != "" && !(secure && p == "443" || !secure && p == "80") {
		key += ":" + p
	}
	key += ")" + cmp.Or(u.EscapedPath(), "/")
	if u.RawQuery != "" {
		args := strings.Split(u.RawQuery, "&")
		slices.Sort(args)
		key += "?" + strings.Join(args, "&")
	}
	return key
}

// withoutWWW drops "www.", "www2." and the like.
func withoutWWW(s string) string {
	rest, ok := strings.CutPrefix(s, "www")
	if !ok {
		return s
	}
	if rest = strings.TrimLeft(rest, "0123456789"); !strings.HasPrefix(rest, ".") {
		return s
	}
	return rest[1:]
}
