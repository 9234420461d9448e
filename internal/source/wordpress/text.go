package wordpress

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// plain is the text of a piece of HTML as a reader sees it: entities decoded, paragraphs kept, scripts and styles left
// out. A link whose words are not its address keeps the address beside it, because that is what spam is about.
func plain(s string) string {
	if !strings.ContainsAny(s, "<&") {
		return tidy(s)
	}
	var w writer
	z := html.NewTokenizer(strings.NewReader(s))
	for {
		switch z.Next() {
		case html.ErrorToken:
			w.closeLink()
			return tidy(w.String())
		case html.TextToken:
			if w.silent == 0 {
				w.WriteString(z.Token().Data)
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			w.open(z.Token())
		case html.EndTagToken:
			w.close(z.Token().DataAtom)
		}
	}
}

type writer struct {
	strings.Builder
	silent   int // inside script or style
	href     string
	linkFrom int
}

func (w *writer) open(t html.Token) {
	switch t.DataAtom {
	case atom.Script, atom.Style:
		if t.Type == html.StartTagToken {
			w.silent++
		}
	case atom.Br, atom.Li, atom.Tr:
		w.WriteByte('\n')
	case atom.P, atom.Div, atom.Blockquote, atom.Ul, atom.Ol, atom.Pre, atom.H1, atom.H2, atom.H3, atom.H4:
		w.WriteString("\n\n")
	case atom.A:
		w.closeLink()
		w.href, w.linkFrom = attr(t, "href"), w.Len()
	case atom.Img:
		w.WriteString(attr(t, "alt"))
	}
}

func (w *writer) close(a atom.Atom) {
	switch a {
	case atom.Script, atom.Style:
		w.silent = max(w.silent-1, 0)
	case atom.A:
		w.closeLink()
	case atom.P, atom.Div, atom.Blockquote, atom.Ul, atom.Ol, atom.Pre:
		w.WriteString("\n\n")
	}
}

func (w *writer) closeLink() {
	if w.href != "" && !strings.Contains(w.String()[w.linkFrom:], w.href) {
		w.WriteString(" (" + w.href + ")")
	}
	w.href = ""
}

func attr(t html.Token, key string) string {
	for _, a := range t.Attr {
		if a.Key == key {
			return strings.TrimSpace(a.Val)
		}
	}
	return ""
}

// tidy trims lines and leaves at most one empty line between paragraphs. Invisible characters stay: they are evidence.
func tidy(s string) string {
	lines := strings.Split(strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n"), "\n")
	var out []string
	for _, l := range lines {
		l = strings.Trim(l, " \t")
		if l == "" && (len(out) == 0 || out[len(out)-1] == "") {
			continue
		}
		out = append(out, l)
	}
	return strings.TrimRight(strings.Join(out, "\n"), "\n")
}
