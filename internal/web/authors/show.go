package authors

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"

	"chop/internal/author"
	"chop/internal/author/estimate"
	"chop/internal/author/signal"
	"chop/internal/web/page"
)

// do is the address of the page with a form open.
func (v View) do(verb, more string) templ.SafeURL {
	if more != "" {
		more = "&" + more
	}
	return templ.SafeURL(at(v.Firm.ID, v.Key, "", "do="+verb+more+"#au-do"))
}

// blind tells whether the page is that of a second rater.
func (v View) blind() bool { return v.Doc == nil && v.P.Estimate.Guess.Chances == nil }

// formed tells whether the form that was asked for can stand on the page.
func (v View) formed() bool {
	switch v.Form.Verb {
	case "edit", "confirm":
		return v.P.Draft != nil
	case "withdraw":
		return v.Doc != nil
	case "lift", "erase":
		return true
	}
	_, ok := verbs[v.Form.Verb]
	return ok && !plain[v.Form.Verb] && !v.P.Stopped
}

func (v View) typed(verb, name string) string {
	if v.Form.Verb != verb {
		return ""
	}
	return v.Form.val(name)
}

func (v View) slip(ctx context.Context, verb, name string) string {
	if v.Form.Verb != verb {
		return ""
	}
	return page.FieldError(ctx, v.Form.Err, name)
}

// marker is the lawyer's marker as typed, or as it stands.
func (v View) marker() string { return cmp.Or(v.typed("legal", "legal"), v.Legal.Marker) }

// valueField asks for the new value of a field of the draft.
func (v View) valueField(ctx context.Context) templ.Component {
	f := page.Field{Name: "value", Label: page.T(ctx, "authors.edit.value"), Required: true, Error: page.FieldError(ctx, v.Form.Err, "value")}
	code := v.Form.val("field")
	kind, rest, _ := strings.Cut(code, ".")
	d, typed := v.P.Draft, v.Form.val("value")
	switch kind {
	case "scale":
		f.Kind, f.Options = page.FieldSelect, steps(ctx, rest, cmp.Or(typed, itoa(d.Scale[rest].Value)))
	case "motive":
		f.Kind, f.Options = page.FieldSelect, options(ctx, "motive.", motives(), cmp.Or(typed, string(d.Motive)))
	case "band":
		f.Kind, f.Options = page.FieldSelect, options(ctx, "band.", []string{"0", "1", "2"}, cmp.Or(typed, itoa(d.Band)))
	case "claim":
		f.Kind, f.Options = page.FieldSelect, options(ctx, "claim.truth.", author.Truths, typed)
	default:
		f.Kind, f.Rows, f.Max, f.Value = page.FieldArea, 5, 2000, typed
		if !v.Form.Vals.Has("value") && kind != "against" {
			f.Value = lineByLine(ctx, map[string][]author.Statement{"summary": d.Summary, "do": d.Do, "not": d.Not}[kind], kind == "summary")
		}
		f.Hint = page.T(ctx, "authors.edit.lines")
		if kind == "summary" {
			f.Hint = page.T(ctx, "authors.edit.summary")
		}
	}
	return page.FormField(f)
}

func lineByLine(ctx context.Context, ss []author.Statement, together bool) string {
	var out []string
	for _, s := range ss {
		out = append(out, strings.ReplaceAll(says(ctx, s), "\u00a0", " "))
	}
	if together {
		return strings.Join(out, " ")
	}
	return strings.Join(out, "\n")
}

// options are the answers of a select, each with the message prefix+value.
func options(ctx context.Context, prefix string, values []string, now string) (os []page.Option) {
	for _, x := range values {
		os = append(os, page.Option{Value: x, Text: page.T(ctx, prefix+x), Selected: x == now})
	}
	return os
}

// chosen puts an empty answer first, so that nobody rates by leaving what stands.
func chosen(ctx context.Context, os []page.Option) []page.Option {
	return append([]page.Option{{Value: "", Text: page.T(ctx, "authors.choose")}}, os...)
}

// steps are the values of a scale with their anchors.
func steps(ctx context.Context, scale, now string) []page.Option {
	lo, hi := author.Bounds(scale)
	os := []page.Option{}
	for n := lo; n <= hi; n++ {
		text := page.T(ctx, "scale."+scale+"."+itoa(n))
		if scale != author.Influence {
			text = itoa(n) + ": " + text
		}
		os = append(os, page.Option{Value: itoa(n), Text: text, Selected: itoa(n) == now})
	}
	return chosen(ctx, os)
}

func motives() (out []string) {
	for _, m := range estimate.Motives {
		out = append(out, string(m))
	}
	return append(out, string(estimate.Undetermined))
}

var protects = []string{estimate.Minor, estimate.Distress, estimate.Whistleblower}

func toldFields(ctx context.Context, now string) (os []page.Option) {
	for _, f := range signal.Fields {
		text := page.T(ctx, "signal.fact."+f.Name)
		if f.Values != nil {
			text += " (" + strings.Join(f.Values, ", ") + ")"
		}
		os = append(os, page.Option{Value: f.Name, Text: text, Selected: f.Name == now})
	}
	return os
}

func toldHint(ctx context.Context) string { return page.T(ctx, "authors.tell.value.hint") }

// toldBy is who told a fact, from where and when.
func toldBy(ctx context.Context, f signal.Fact) string {
	return page.T(ctx, "authors.told", "Value", word(ctx, f.Value), "Source", f.Source, "Day", day(ctx, f.SeenAt), "Name", f.Name)
}

// restsOn is how much a signal rests on, over what time.
func restsOn(ctx context.Context, s signal.Signal) string {
	if s.From.IsZero() || s.Need == 0 {
		return page.T(ctx, "authors.rests", "N", page.Int(ctx, s.N))
	}
	return page.T(ctx, "authors.rests.need", "N", page.Int(ctx, s.N), "Need", page.Int(ctx, s.Need), "From", day(ctx, s.From), "To", day(ctx, s.To))
}

func (v View) events(ctx context.Context) (es []page.Event) {
	for _, m := range v.Moments {
		es = append(es, v.event(ctx, m))
	}
	return es
}

// deedEvents are our deeds towards the account, the newest first, and what followed each.
func (v View) deedEvents(ctx context.Context) (es []page.Event) {
	const most = 20
	for _, d := range slices.Backward(v.P.Deeds) {
		if len(es) == most {
			break
		}
		es = append(es, page.Event{At: d.At, Kind: page.EventAct, Title: sentence(option(ctx, d.Option)), Text: after(ctx, d), Seals: v.seals[d.Mention],
			More: page.Pair{Name: page.T(ctx, "authors.time.item"), Value: item(v.Firm.ID, d.Mention)}})
	}
	return es
}

func looked(ctx context.Context, who string, at time.Time) page.Point {
	if at.IsZero() {
		return page.Point{Side: page.Neither, Text: page.T(ctx, "authors.look."+who+".wait")}
	}
	return page.Point{Side: page.For, Text: page.T(ctx, "authors.look."+who+".done", "Day", day(ctx, at))}
}

// raters tells how many people rated the version, and whether they agree.
func raters(ctx context.Context, v View) string {
	r := v.P.Ratings
	switch {
	case r.N >= 2:
		var names []string
		for _, x := range r.All {
			names = append(names, x.Name)
		}
		id := "authors.raters.differ"
		if r.Agree {
			id = "authors.raters.agree"
		}
		return page.T(ctx, id, "Names", strings.Join(names, ", "))
	case r.N == 1:
		return page.T(ctx, "authors.raters.one")
	}
	return ""
}

func sideIcon(s page.Side) string {
	return map[page.Side]string{page.For: "check", page.Against: "x"}[s] + map[page.Side]string{page.Neither: "minus"}[s]
}

func changes(ctx context.Context, codes []string) string {
	var out []string
	for _, c := range codes {
		out = append(out, page.T(ctx, "ppa.change."+c))
	}
	return sentence(strings.Join(out, "; "))
}

func gaps(ctx context.Context, codes []string) string {
	if len(codes) == 0 {
		return page.T(ctx, "authors.gaps.none")
	}
	var out []string
	for _, c := range codes {
		if page.Lang(ctx).Has("ppa.gap." + c) {
			out = append(out, page.T(ctx, "ppa.gap."+c))
		}
	}
	return strings.Join(out, "; ")
}

func confTone(v View) string {
	if v.J.Hidden {
		return "a"
	}
	return ""
}

// use tells whether decisions read the profile, and why not.
func use(v View) string {
	open := slices.ContainsFunc(v.P.Contests, func(c author.Contest) bool { return c.Outcome == "" })
	switch {
	case v.draft():
		return "draft"
	case open:
		return "contested"
	case v.P.InUse && v.P.Standing != nil && v.Doc.ID == v.P.Standing.ID:
		return "yes"
	}
	return "no"
}

func outcome(c author.Contest) string { return cmp.Or(c.Outcome, "open") }

func orKey(name, key string) string { return cmp.Or(name, key) }

func who(ctx context.Context, e author.Entry) string {
	return cmp.Or(e.Name, page.T(ctx, "authors.program"))
}

func newest(es []author.Entry) []author.Entry {
	const most = 15
	es = slices.Clone(es)
	slices.Reverse(es)
	return es[:min(most, len(es))]
}

// curveSays is the curve in words.
func curveSays(ctx context.Context, ps []signal.Point) string {
	p := peak(ps)
	return page.T(ctx, "authors.curve.says", "Day", day(ctx, p.From), "N", page.Int(ctx, p.Items))
}

// written is the address of everything the account wrote.
func written(firm, key string) string {
	return "/search?" + url.Values{"author": {key}, "status": {"all"}, "firm": {firm}}.Encode()
}
