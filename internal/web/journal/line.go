package journal

import (
	"context"
	"net/url"
	"strings"

	"chop/internal/journal"
	"chop/internal/web/page"
)

// sentence is the verb in words. A verb without a message is told as it is written.
func sentence(ctx context.Context, verb string) string {
	if page.Lang(ctx).Has("journal." + verb) {
		return page.T(ctx, "journal."+verb)
	}
	return page.T(ctx, "journal.other", "Verb", verb)
}

// worded are the facts of a line whose values have a name in the catalogue, under this beginning.
var worded = [][2]string{{"option", "option."}, {"verb", "action.verb."}, {"role", "role."}}

// plain are the facts that are told as they are: numbers, codes and names the firm gave.
var plain = []string{"number", "code", "name"}

// facts says which thing it was, in a few words, "" when the sentence says it all.
func (v View) facts(ctx context.Context, l journal.Line) string {
	var out []string
	if name := v.Names[l.Ref.ID]; l.Ref.Kind == "person" && l.Ref.ID != l.By && name != "" {
		out = append(out, name)
	}
	for _, w := range worded {
		if id := w[1] + l.Data[w[0]]; l.Data[w[0]] != "" && page.Lang(ctx).Has(id) {
			out = append(out, page.T(ctx, id))
		}
	}
	for _, k := range plain {
		if l.Data[k] != "" {
			out = append(out, l.Data[k])
		}
	}
	return strings.Join(out, " · ")
}

// pages say where the things of a kind are shown. The ends that name no thing show the firm's whole list.
var pages = map[string]string{"mention": "/inbox?m=", "case": "/cases/", "exhibit": "/exhibits/", "source": "/sources/", "firm": "/firms/",
	"person": "/people", "duty": "/duty", "alert": "/watch"}

// address of the thing a line is about, "" when it has no page any more.
func address(l journal.Line) string {
	to, known := pages[l.Ref.Kind]
	if !known || l.Verb == "source.removed" {
		return ""
	}
	if end := to[len(to)-1]; end == '/' || end == '=' {
		to += url.QueryEscape(l.Ref.ID)
	}
	if l.Firm == "" || l.Ref.Kind == "firm" {
		return to
	}
	if strings.Contains(to, "?") {
		return to + "&firm=" + url.QueryEscape(l.Firm)
	}
	return to + "?firm=" + url.QueryEscape(l.Firm)
}
