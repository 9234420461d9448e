package feed

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"net/url"
	"strings"

	"chop/internal/fault"

	"github.com/mmcdole/gofeed"
	"golang.org/x/net/html"
	"golang.org/x/net/html/charset"
)

// maxDepth is how deeply elements may be nested; the parser goes down by recursion, and real feeds stay under 20.
const maxDepth = 200

// parse reads a feed of any of the three kinds. External entities are never loaded and entities of the document's own
// are never expanded: encoding/xml knows neither.
func parse(body []byte, contentType, address string) (*gofeed.Feed, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, fault.New(fault.Invalid, "feed.empty").On("url")
	}
	if tooDeep(body) {
		return nil, fault.New(fault.Invalid, "feed.nested", "Limit", maxDepth).On("url")
	}
	p, err := safely(body)
	switch {
	case err == nil:
		return p, nil
	case isPage(body, contentType):
		return nil, pageFault(body, address)
	}
	return nil, fault.New(fault.Invalid, "feed.broken").On("url").Because(err)
}

// safely turns a stumble of the parser over a malformed document (a null among JSON authors is one) into an error.
func safely(body []byte) (p *gofeed.Feed, err error) {
	defer func() {
		if r := recover(); r != nil {
			p, err = nil, fmt.Errorf("feed parser: %v", r)
		}
	}()
	return gofeed.NewParser().Parse(bytes.NewReader(body))
}

// tooDeep walks the document with the same lenient decoder as the parser, without recursion.
func tooDeep(body []byte) bool {
	if start := bytes.TrimLeft(body, "\xEF\xBB\xBF \t\r\n"); len(start) > 0 && start[0] == '{' {
		return false // encoding/json has its own bound
	}
	d := xml.NewDecoder(bytes.NewReader(dropControls(body)))
	d.Strict, d.CharsetReader = false, charset.NewReaderLabel
	for depth := 0; ; {
		token, err := d.Token()
		if err != nil {
			return false // the parser stops here too
		}
		switch token.(type) {
		case xml.StartElement:
			if depth++; depth > maxDepth {
				return true
			}
		case xml.EndElement:
			depth--
		}
	}
}

// dropControls removes the bytes that XML forbids, as the parser does.
func dropControls(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for _, c := range b {
		if c >= 0x20 || c == '\t' || c == '\n' || c == '\r' {
			out = append(out, c)
		}
	}
	return out
}

// pageFault tells that the address is a page; where the page names its feed, the fault names it too.
func pageFault(body []byte, address string) error {
	if link := alternate(body, address); link != "" {
		return fault.New(fault.Invalid, "feed.page_with_feed", "Link", link).On("url")
	}
	return fault.New(fault.Invalid, "feed.page").On("url")
}

// alternate finds the page's link to its feed; a feed of comments comes before others.
func alternate(body []byte, address string) string {
	base, err := url.Parse(address)
	if err != nil {
		return ""
	}
	z := html.NewTokenizer(bytes.NewReader(body))
	z.SetMaxBuf(1 << 20)
	found := ""
	for {
		switch z.Next() {
		case html.ErrorToken:
			return found
		case html.StartTagToken, html.SelfClosingTagToken:
			link, comments := feedLink(z.Token(), base)
			if link != "" && comments {
				return link
			}
			if found == "" {
				found = link
			}
		}
	}
}

func feedLink(t html.Token, base *url.URL) (link string, comments bool) {
	a := map[string]string{}
	for _, x := range t.Attr {
		a[x.Key] = x.Val
	}
	kind := strings.ToLower(a["type"])
	isFeed := strings.Contains(kind, "rss") || strings.Contains(kind, "atom") || strings.Contains(kind, "feed+json")
	if t.Data != "link" || !strings.Contains(" "+strings.ToLower(a["rel"])+" ", " alternate ") || !isFeed {
		return "", false
	}
	u, err := base.Parse(strings.TrimSpace(a["href"]))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" {
		return "", false
	}
	return u.String(), strings.Contains(strings.ToLower(a["href"]+a["title"]), "comment") || strings.Contains(strings.ToLower(a["title"]), "komentarz")
}

// blocks end a line of text; hidden hold no text for people.
var (
	blocks = words("p div br li ul ol tr table blockquote h1 h2 h3 h4 h5 h6 pre section article header footer hr dd dt")
	hidden = words("script style iframe noscript")
)

func words(list string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(list) {
		m[w] = true
	}
	return m
}

// plain turns HTML into text: entities become letters, blocks become lines, scripts vanish, pictures leave their
// descriptions.
func plain(s string) string {
	z := html.NewTokenizer(strings.NewReader(strings.ToValidUTF8(s, "\uFFFD")))
	var b strings.Builder
	skip := ""
	for {
		switch kind := z.Next(); kind {
		case html.ErrorToken:
			return tidy(b.String())
		case html.TextToken:
			if skip == "" {
				b.WriteString(html.UnescapeString(string(z.Raw())))
			}
		case html.StartTagToken, html.EndTagToken, html.SelfClosingTagToken:
			skip = tag(&b, z.Token(), kind, skip)
		}
	}
}

// tag writes what a tag means for the text and says which hidden element we are in.
func tag(b *strings.Builder, t html.Token, kind html.TokenType, skip string) string {
	if skip != "" {
		if kind == html.EndTagToken && t.Data == skip {
			return ""
		}
		return skip
	}
	switch {
	case hidden[t.Data] && kind == html.StartTagToken:
		return t.Data
	case blocks[t.Data]:
		b.WriteByte('\n')
	case t.Data == "img":
		for _, a := range t.Attr {
			if a.Key == "alt" {
				b.WriteString(a.Val)
			}
		}
	}
	return ""
}

// tidy removes zero bytes, spaces around lines and more than one empty line in a row.
func tidy(s string) string {
	s = strings.NewReplacer("\x00", "", "\r\n", "\n", "\r", "\n", "\u00A0", " ").Replace(s)
	var out []string
	empty := true
	for _, line := range strings.Split(s, "\n") {
		line = strings.TrimSpace(line)
		if line == "" && empty {
			continue
		}
		empty = line == ""
		out = append(out, line)
	}
	return strings.TrimSpace(strings.Join(out, "\n"))
}
