package browser

import (
	_ "embed"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/unicode/norm"
	"gopkg.in/yaml.v3"
)

// Kind says why a page is not the content that was asked for; "" when it is. Each has the message
// "capture.failed.<kind>".
type Kind string

const (
	Content     Kind = ""
	Login       Kind = "login"       // the place wants a visitor to sign in
	Captcha     Kind = "captcha"     // the place wants proof of being human
	Consent     Kind = "consent"     // nothing but a question about cookies
	NotThere    Kind = "gone"        // the place says it is not there (any more)
	Broken      Kind = "error"       // the place reports an error or refuses
	Empty       Kind = "empty"       // there is nothing to see
	Unreachable Kind = "unreachable" // no answer: name, connection, certificate
	Private     Kind = "private"     // leads to a private network; never opened
	Slow        Kind = "slow"        // not there within the time
	Download    Kind = "download"    // not a page but a file
	Crashed     Kind = "crashed"     // the page broke the browser
)

// Wall is what stands in the way of the content.
type Wall struct {
	Kind   Kind
	Rule   string // name of the rule of walls.yaml that found it, or what else did: "status", "net::ERR_..."
	Detail string // for people: a status, a code of fetch
}

//go:embed walls.yaml
var wallsYAML []byte

type wallRule struct {
	Name     string   `yaml:"name"`
	Kind     Kind     `yaml:"kind"`
	Status   []string `yaml:"status"`
	URL      []string `yaml:"url"`
	Title    []string `yaml:"title"`
	Text     []string `yaml:"text"`
	Shown    []string `yaml:"shown"`
	Frame    []string `yaml:"frame"`
	Password bool     `yaml:"password"`
	Below    int      `yaml:"below"`
}

// walls reads the rules once.
var walls = sync.OnceValues(func() (rules []wallRule, err error) {
	if err := yaml.Unmarshal(wallsYAML, &rules); err != nil {
		return nil, fmt.Errorf("walls.yaml: %w", err)
	}
	return rules, nil
})

// Look is what a page shows to a visitor, as far as rules ask.
type Look struct {
	URL      string          `json:"url"`
	Title    string          `json:"title"`
	Text     string          `json:"text"`     // visible
	Outside  int             `json:"outside"`  // characters of it that are not in an overlay
	Overlay  bool            `json:"overlay"`  // something fixed covers much of the first screen
	Password bool            `json:"password"` // a visible field for a password
	Pictures int             `json:"pictures"` // visible, at least 60 by 60
	Frames   []string        `json:"frames"`   // addresses of visible frames
	Shown    map[string]bool `json:"shown"`    // selectors of the rules of which something is visible
	Height   int             `json:"height"`
	Status   int             `json:"-"`
}

// Judge tells whether a look is a wall by the rules of walls.yaml.
func Judge(l Look) (Wall, error) {
	rules, err := walls()
	if err != nil {
		return Wall{}, err
	}
	text, title := plain(l.Text), plain(l.Title)
	for _, r := range rules {
		if r.fits(l, text, title) {
			w := Wall{Kind: r.Kind, Rule: r.Name}
			if l.Status >= 400 {
				w.Detail = strconv.Itoa(l.Status)
			}
			return w, nil
		}
	}
	if len([]rune(strings.TrimSpace(l.Text))) < 3 && l.Pictures == 0 {
		return Wall{Kind: Empty, Rule: "empty"}, nil
	}
	return Wall{}, nil
}

func (r wallRule) fits(l Look, text, title string) bool {
	return (r.Below == 0 || l.Outside < r.Below) &&
		(!r.Password || l.Password) &&
		(r.Status == nil || slices.ContainsFunc(r.Status, func(s string) bool { return statusIs(s, l.Status) })) &&
		(r.URL == nil || has(hostAndPath(l.URL), r.URL)) &&
		(r.Title == nil || has(title, r.Title)) &&
		(r.Text == nil || has(text, r.Text)) &&
		(r.Frame == nil || slices.ContainsFunc(l.Frames, func(f string) bool { return has(f, r.Frame) })) &&
		(r.Shown == nil || slices.ContainsFunc(r.Shown, func(s string) bool { return l.Shown[s] }))
}

func statusIs(s string, status int) bool {
	if class, ok := strings.CutSuffix(s, "xx"); ok {
		return strconv.Itoa(status/100) == class
	}
	return strconv.Itoa(status) == s
}

func has(s string, parts []string) bool {
	return slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(s, p) })
}

// hostAndPath leaves out the query: an address handed on in a parameter says nothing of this page.
func hostAndPath(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Host + u.Path)
}

// plain is a text without capitals, marks and repeated spaces.
func plain(s string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(strings.ToLower(s)) {
		switch {
		case r == 'ł':
			b.WriteRune('l')
		case r == '’':
			b.WriteRune('\'')
		case unicode.Is(unicode.Mn, r), unicode.Is(unicode.Cf, r):
		default:
			b.WriteRune(r)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// selectors are those the rules ask about.
func selectors(rules []wallRule) (list []string) {
	for _, r := range rules {
		list = append(list, r.Shown...)
	}
	return list
}
