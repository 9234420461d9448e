package authors

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"chop/internal/author"
	"chop/internal/author/estimate"
	"chop/internal/author/signal"
	"chop/internal/lang"
	"chop/internal/reason"
	"chop/internal/web/page"
)

func itoa(n int) string { return strconv.Itoa(n) }

// number writes a figure as people of the language do, with at most two places.
func number(ctx context.Context, v float64) string {
	s := strconv.FormatFloat(math.Round(v*100)/100, 'f', -1, 64)
	if page.Lang(ctx) == lang.PL {
		s = strings.Replace(s, ".", ",", 1)
	}
	return s
}

func percent(p float64) int { return int(math.Round(100 * p)) }

// says is the sentence of a statement: a person's own, or the catalogue's.
func says(ctx context.Context, s author.Statement) string { return page.Typo(s.Say(page.Lang(ctx))) }

// rule is the sentence of a rule filled with what it rests on.
func rule(ctx context.Context, id string, facts map[string]string) string {
	return says(ctx, author.Statement{Rule: id, Facts: facts})
}

// line is a rule that counted, with its points.
func line(ctx context.Context, r reason.Reason) page.Point {
	p := page.Point{Side: page.For, Text: rule(ctx, r.Rule, r.Facts), Note: points(ctx, r.Weight)}
	if r.Weight < 0 {
		p.Side = page.Against
	}
	if b := r.Facts["Signal"]; b != "" {
		p.Note = page.T(ctx, "authors.line", "Points", p.Note, "Signal", b)
	}
	return p
}

func points(ctx context.Context, w float64) string {
	sign := "+"
	if w < 0 {
		sign = "−"
	}
	return sign + number(ctx, math.Abs(w))
}

func lines(ctx context.Context, rs []reason.Reason) (ps []page.Point) {
	for _, r := range rs {
		ps = append(ps, line(ctx, r))
	}
	return ps
}

// against is the disconfirming evidence that was looked for: found, not found, or to be asked.
func against(ctx context.Context, ss []author.Statement) (ps []page.Point) {
	for _, s := range ss {
		p := page.Point{Side: page.Neither, Text: says(ctx, s)}
		switch {
		case strings.HasSuffix(s.Rule, ".no"):
			p.Side = page.For
		case s.Text == "" && !strings.HasPrefix(s.Rule, "ppa.checked."):
			p.Side = page.Against
		}
		ps = append(ps, p)
	}
	return ps
}

// checks are the signs of a state with what came of looking.
func checks(ctx context.Context, cs []estimate.Check, against bool) (ps []page.Point) {
	for _, c := range cs {
		p := page.Point{Side: page.Neither, Text: page.T(ctx, "state.sign."+c.Code), Note: page.T(ctx, "authors.found."+string(c.Found))}
		switch {
		case c.Found == estimate.Yes && !against, c.Found == estimate.No && against:
			p.Side = page.For
		case c.Found == estimate.Yes:
			p.Side = page.Against
		}
		ps = append(ps, p)
	}
	return ps
}

// value is what a signal says: a figure with its unit, or a word.
func value(ctx context.Context, s signal.Signal) string {
	switch s.Status {
	case signal.Few:
		return page.T(ctx, "authors.few", "N", page.Int(ctx, s.N), "Need", page.Int(ctx, s.Need))
	case signal.Unknown:
		return page.T(ctx, "authors.unknown")
	}
	var parts []string
	if s.Word != "" {
		parts = append(parts, word(ctx, s.Word))
	}
	switch s.Unit {
	case "", "scale":
	case "share":
		parts = append(parts, itoa(percent(s.Value))+"%")
	default:
		parts = append(parts, amount(ctx, s))
	}
	return strings.Join(parts, ", ")
}

// more are the parts of a signal that have a name, in a lasting order.
func more(ctx context.Context, s signal.Signal) string {
	if !s.Ok() {
		return ""
	}
	var out []string
	for _, k := range slices.Sorted(maps.Keys(s.Parts)) {
		if id := "authors.part." + s.Code + "." + k; page.Lang(ctx).Has(id) {
			n := number(ctx, s.Parts[k])
			if k == "angry" {
				n = itoa(percent(s.Parts[k])) + "%"
			}
			out = append(out, page.T(ctx, id, "N", n))
		}
	}
	return strings.Join(out, ", ")
}

// word is a kind that a signal or a told fact may be; numbers stay numbers.
func word(ctx context.Context, code string) string {
	if id := "signal.word." + code; code != "" && page.Lang(ctx).Has(id) {
		return page.T(ctx, id)
	}
	return code
}

// fieldOf is the fact that a person may tell when ChOP cannot see a signal.
var fieldOf = map[string]string{"B03": "targets", "B14": "offer", "B15": "customer", "B19": "account_days", "B20": "followers", "B21": "contradictions",
	"B25": "review_pattern"}

// scaleValue is "3/5", "R1".
func scaleValue(name string, x author.Scale) string {
	if name == author.Influence {
		return "R" + itoa(x.Value)
	}
	return itoa(x.Value) + "/5"
}

// hot marks the values of a scale that stand out: the upper two steps of what makes matters worse.
func hot(name string, x author.Scale) bool {
	return x.Value >= 4 && (name == author.Intensity || name == author.Persistence || name == author.Mobilising)
}

// opening is the first sentence of the page: what stands, until when, and how sure it is.
func opening(ctx context.Context, v View) string {
	now := page.FrameFrom(ctx).Now
	switch {
	case v.Doc == nil:
		return page.T(ctx, "authors.open.none")
	case v.draft():
		return page.T(ctx, "authors.open.draft", "N", v.Doc.Version)
	case v.Doc.State == author.Confirmed && !v.standing(now), v.Doc.State == author.Expired:
		return page.T(ctx, "authors.open.expired", "N", v.Doc.Version, "Day", day(ctx, v.Doc.ValidUntil))
	case v.Doc.State != author.Confirmed:
		return page.T(ctx, "authors.open.old", "N", v.Doc.Version, "State", page.T(ctx, "profile.state."+string(v.Doc.State)))
	}
	return page.T(ctx, "authors.open.stands", "N", v.Doc.Version, "Day", day(ctx, v.Doc.ValidUntil), "Conf", number(ctx, v.J.Confidence))
}

// facts is where and how long the account has been writing.
func facts(ctx context.Context, v View) string {
	c := v.P.Card
	s := page.T(ctx, "authors.since", "Day", day(ctx, c.FirstAt)) + ", " + page.N(ctx, "authors.items", c.Mentions)
	if n := len(v.P.Venues); n > 0 {
		s += ", " + page.N(ctx, "authors.venues", n)
	}
	return s
}

// Cell is one hour of a weekday.
type Cell struct {
	X, Y  int
	Class string
}

// cells are those of the heat map, graded by the largest.
func cells(h signal.Heat) (cs []Cell) {
	top := h.Max()
	for d, row := range h {
		for hr, n := range row {
			cs = append(cs, Cell{X: hr * 10, Y: d * 24, Class: "cell c" + itoa(grade(n, top))})
		}
	}
	return cs
}

func grade(n, top int) int {
	if n == 0 || top == 0 {
		return 0
	}
	return min(1+4*(n-1)/top, 4)
}

// busiest names the hours in which most was written.
func busiest(ctx context.Context, h signal.Heat) string {
	best, at := 0, 0
	for hr := range 24 {
		n := 0
		for d := range 7 {
			for k := range 3 {
				n += h[d][(hr+k)%24]
			}
		}
		if n > best {
			best, at = n, hr
		}
	}
	if best == 0 {
		return page.T(ctx, "authors.heat.none")
	}
	return page.T(ctx, "authors.heat.says", "From", itoa(at), "To", itoa((at+3)%24), "Percent", percent(float64(best)/float64(h.All())))
}

// Column is one stretch of the curve.
type Column struct {
	X, Y, H string
	Class   string
}

const curveHeight = 72.0

// columns draw the curve: height is how much was written, colour how strong the strongest item was.
func columns(ps []signal.Point) (cs []Column) {
	top := 0
	for _, p := range ps {
		top = max(top, p.Items)
	}
	for i, p := range ps {
		if p.Items == 0 {
			continue
		}
		h := math.Max(curveHeight*float64(p.Items)/float64(top), 4)
		cs = append(cs, Column{X: itoa(i * 10), Y: fmt.Sprintf("%.1f", curveHeight-h), H: fmt.Sprintf("%.1f", h), Class: "cell c" + itoa(min(p.Peak+1, 4))})
	}
	return cs
}

func curveBox(ps []signal.Point) string {
	return fmt.Sprintf("0 0 %d %d", max(len(ps), 12)*10, int(curveHeight))
}

// peak is the stretch with the most items.
func peak(ps []signal.Point) (best signal.Point) {
	for _, p := range ps {
		if p.Items > best.Items {
			best = p
		}
	}
	return best
}

// event is one moment of the timeline.
func (v View) event(ctx context.Context, m signal.Moment) page.Event {
	e := page.Event{At: m.At, Kind: page.EventNote}
	switch m.What {
	case "wrote":
		x, ok := v.items[m.Ref.ID]
		e.Title = page.T(ctx, "authors.time.wrote", "Venue", m.Word)
		switch {
		case ok && veiled(x):
			e.Text = page.T(ctx, "shell.row.veiled")
		case ok:
			e.Text = short(x.Text)
		}
		if m.N >= 3 {
			e.Kind = page.EventAlert
		}
		e.Marks = []page.Mark{{Tone: page.Line, Icon: "gauge", Text: page.T(ctx, "authors.intensity", "N", m.N+1)}}
		e.Seals = v.seals[m.Ref.ID]
		e.More = page.Pair{Name: page.T(ctx, "authors.time.item"), Value: item(v.Firm.ID, m.Ref.ID)}
	case "gone":
		e.Title = page.T(ctx, "authors.time.gone")
		e.More = page.Pair{Name: page.T(ctx, "authors.time.item"), Value: item(v.Firm.ID, m.Ref.ID)}
	case "reply":
		e.Kind, e.Title = page.EventCall, page.T(ctx, "authors.time.reply")
		if x, ok := v.items[m.Ref.ID]; ok {
			e.Text = short(x.Text)
		}
	default:
		e.Kind, e.Title = page.EventAct, page.T(ctx, "authors.time.deed", "Option", option(ctx, m.Word))
	}
	return e
}

func short(s string) string {
	const most = 180
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

func option(ctx context.Context, code string) string {
	if id := "option." + code + ".noun"; page.Lang(ctx).Has(id) {
		return page.T(ctx, id)
	}
	return code
}

// after is what followed a deed of ours.
func after(ctx context.Context, d author.Deed) string {
	s := page.T(ctx, "authors.after.wait")
	if d.After != signal.NotYet {
		s = sentence(page.T(ctx, "after."+string(d.After)))
	}
	if d.Items > 0 && !d.FirstAt.IsZero() {
		s += " " + page.T(ctx, "authors.after.first", "Span", page.Lang(ctx).Span(d.FirstAt.Sub(d.At)), "N", page.Int(ctx, d.Items))
	}
	return s
}

// bandWord is the word of a propensity to escalate.
func bandWord(ctx context.Context, band int) string {
	return page.T(ctx, "band."+itoa(min(max(band, 0), 2)))
}

// entry is a line of the human decision log.
func entry(ctx context.Context, e author.Entry) string {
	s := page.T(ctx, "profile.log."+e.What)
	if e.Field != "" {
		s += ": " + field(ctx, e.Field)
	}
	if e.From != "" || e.To != "" {
		s += " (" + fieldValue(ctx, e.Field, e.From) + " → " + fieldValue(ctx, e.Field, e.To) + ")"
	}
	return s
}

// field is the name of a field of a profile.
func field(ctx context.Context, code string) string {
	kind, rest, _ := strings.Cut(code, ".")
	switch kind {
	case "scale":
		return page.T(ctx, "scale."+rest)
	case "claim":
		n, _, _ := strings.Cut(rest, ".")
		if i, err := strconv.Atoi(n); err == nil {
			return page.T(ctx, "authors.field.claim", "N", i+1)
		}
	}
	if id := "authors.field." + kind; page.Lang(ctx).Has(id) {
		return page.T(ctx, id)
	}
	return code
}

func fieldValue(ctx context.Context, code, v string) string {
	for _, id := range map[string][]string{"motive": {"motive." + v}, "band": {"band." + v}}[code] {
		if page.Lang(ctx).Has(id) {
			return page.T(ctx, id)
		}
	}
	if strings.HasPrefix(code, "claim.") && page.Lang(ctx).Has("claim.truth."+v) {
		return page.T(ctx, "claim.truth."+v)
	}
	return short(v)
}

// sentence begins with a capital letter and ends with a full stop.
func sentence(s string) string {
	r := []rune(s)
	if len(r) == 0 {
		return s
	}
	r[0] = unicode.ToUpper(r[0])
	return string(r) + "."
}

// amount is the figure with its unit; what is counted takes the form that its number asks for.
func amount(ctx context.Context, s signal.Signal) string {
	if id := "signal.count." + s.Unit; s.Value == math.Trunc(s.Value) && page.Lang(ctx).Has(id) {
		return page.N(ctx, id, int(s.Value))
	}
	return number(ctx, s.Value) + " " + page.T(ctx, "signal.unit."+s.Unit)
}
