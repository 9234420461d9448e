package decision

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"

	"chop/internal/reason"
)

// Ranked is one option with its points. EscalationRisk is the probability (0 to 1) that within 72 h the author opens a
// new place, doubles the intensity, calls to action or five people join: an expert prior, not a measured frequency.
type Ranked struct {
	Option         Option  `json:"option"`
	Score          float64 `json:"score"`
	Benefit        float64 `json:"benefit"`
	Harm           float64 `json:"harm"`
	EscalationRisk float64 `json:"escalation_risk"`
}

// Result is the advice on a case. Ranking starts with Recommended; options that the place cannot do or a guard-rail
// vetoes are not in it. Gap is how far Recommended leads in points; it is below zero when a mandatory action
// outranks the score. CloseCall means that two options are equally good and a person must weigh them.
type Result struct {
	ID          string            `json:"id"`
	Recommended Option            `json:"recommended"`
	Companions  []Option          `json:"companions"`
	Ranking     []Ranked          `json:"ranking"`
	Vetoed      map[Option]string `json:"vetoed"`
	Gap         float64           `json:"gap"`
	CloseCall   bool              `json:"close_call"`
	Reasons     Reasons           `json:"reasons"`
	Version     string            `json:"-"` // of the rules, kept beside the result by whoever stores it
}

// Reasons explain a Result. For holds up to three points and Against up to two, both about Recommended; WhyNot holds,
// for every other option of the ranking, what speaks most for Recommended instead.
type Reasons struct {
	For     []Point          `json:"for"`
	Against []Point          `json:"against"`
	WhyNot  map[Option]Point `json:"why_not"`
	DoNot   []DoNot          `json:"do_not"`
}

// Point is a reason; Text is its sentence when one was asked for (see Result.In). Caveat points read the message
// "reason.<Rule>.against".
type Point struct {
	reason.Reason
	Caveat bool   `json:"caveat,omitempty"`
	Text   string `json:"text,omitempty"`
}

// DoNot is something to keep away from: an option that guard Rule vetoes, or, without an option, conduct ("donot.<Rule>").
type DoNot struct {
	Option Option `json:"option,omitempty"`
	Rule   string `json:"rule"`
	Text   string `json:"text,omitempty"`
}

// weighing is one case on its way to a Result.
type weighing struct {
	c      Case
	can    Capabilities
	rules  []*Rule
	price  float64
	totals [options]weights // in the order of Options, as all below
	scores [options]float64
	guards [options]string
	due    []mandate
	owed   []float64 // what the best option's score owes to each of rules
}

// Rank weighs all options for the case. With nil caps the channel's own capabilities count, otherwise caps, and then
// the channel may have any name. It returns fault.Invalid that names the wrong field.
func Rank(c Case, caps Capabilities) (Result, error) { return Tuning{}.Rank(c, caps) }

// Rank is Rank with the firm's own escalation risks.
func (t Tuning) Rank(c Case, caps Capabilities) (Result, error) {
	w, r, options, err := t.rank(c, caps)
	if err == nil {
		r.Reasons = w.reasons(options)
	}
	return r, err
}

// Weigh is Rank without its reasons, several times as fast: for replays of history and trials of weights.
func (t Tuning) Weigh(c Case, caps Capabilities) (Result, error) {
	_, r, _, err := t.rank(c, caps)
	return r, err
}

func (t Tuning) rank(c Case, caps Capabilities) (w weighing, r Result, order []Option, err error) {
	if err := check(c, caps); err != nil {
		return w, r, nil, err
	}
	w = weigh(c.settled(), caps, t)
	order, companions, obliged := w.order()
	r = Result{ID: c.ID, Recommended: order[0], Companions: companions, Ranking: make([]Ranked, len(order)), Vetoed: map[Option]string{},
		Version: t.version()}
	for i, o := range order {
		all := w.totals[place(o)]
		r.Ranking[i] = Ranked{o, round(w.score(o), 1), round(all[0], 1), round(all.harm(), 1), round(all.risk(), 3)}
	}
	for i, g := range w.guards {
		if g != "" {
			r.Vetoed[Options[i]] = g
		}
	}
	if len(order) > 1 {
		r.Gap = round(r.Ranking[0].Score-r.Ranking[1].Score, 1) // of the figures people see
		r.CloseCall = r.Gap < book.Formula.TieBelow && !obliged
	}
	return w, r, order, nil
}

func check(c Case, caps Capabilities) error {
	if caps == nil {
		return c.Validate()
	}
	for o := range caps {
		if !slices.Contains(Options, o) {
			return wrong("capabilities")
		}
	}
	return c.validateFields()
}

func optionNames() string {
	var names []string
	for _, o := range Options {
		names = append(names, string(o))
	}
	return strings.Join(names, ", ")
}

func weigh(c Case, caps Capabilities, t Tuning) weighing {
	if caps == nil {
		caps = book.can[c.Channel]
	}
	w := weighing{c: c, can: caps, rules: fired(c), price: price(c), guards: guards(&c)}
	w.totals = totals(c, w.rules)
	t.shift(c, &w.totals)
	for i := range w.totals {
		w.scores[i] = w.totals[i].score(w.price)
	}
	w.due = mandates(c, caps, w.better)
	return w
}

// place is where the option stands in Options.
func place(o Option) int { return slices.Index(Options, o) }

func (w *weighing) score(o Option) float64 { return w.scores[place(o)] }

// better sorts the higher score first; Options breaks ties, because sorting is stable.
func (w *weighing) better(a, b Option) int { return cmp.Compare(w.score(b), w.score(a)) }

func (w *weighing) open(o Option) bool { return w.can.can(o) && w.guards[place(o)] == "" }

// order puts the open options in order, with what goes along with the first; obliged tells that a mandatory action, or
// a statement whose time has not come, stands above or below its score.
func (w *weighing) order() (order, companions []Option, obliged bool) {
	order = make([]Option, 0, options)
	for _, o := range Options {
		if w.open(o) {
			order = append(order, o)
		}
	}
	slices.SortStableFunc(order, w.better)
	duties := w.duties()
	switch {
	case len(duties) > 0 && duties[0] != order[0]:
		obliged = true
		order = slices.DeleteFunc(order, func(o Option) bool { return o == duties[0] })
		order = slices.Insert(order, 0, duties[0])
	case order[0] == Statement && !statementDue(&w.c):
		obliged = true
		instead := slices.IndexFunc(order, func(o Option) bool { return o == Reply || o == MovePrivate || o == Observe })
		o := order[instead] // there is always Observe
		order = slices.Insert(slices.Delete(order, instead, instead+1), 0, o)
	}
	return order, w.companions(order, duties), obliged
}

// duties are the open options of all mandates, most pressing first, each once.
func (w *weighing) duties() []Option {
	var duties []Option
	for _, m := range w.due {
		for _, o := range m.options {
			if w.open(o) && !slices.Contains(duties, o) {
				duties = append(duties, o)
			}
		}
	}
	return duties
}

// companions are the other duties, then the best options that go together with all chosen before.
func (w *weighing) companions(options, duties []Option) []Option {
	chosen := []Option{}
	for _, o := range duties {
		if o != options[0] && len(chosen) < book.Formula.MaxCompanions {
			chosen = append(chosen, o)
		}
	}
	for _, o := range options[1:] {
		if len(chosen) < book.Formula.MaxCompanions && !slices.Contains(chosen, o) && w.joins(o, options[0], chosen) {
			chosen = append(chosen, o)
		}
	}
	return chosen
}

func (w *weighing) joins(o, first Option, chosen []Option) bool {
	if w.score(o) < book.Formula.CompanionFrom || !slices.Contains(book.Compatible[first], o) {
		return false
	}
	if o == MovePrivate && !w.c.Has(book.Formula.PrivateNeeds...) || o == Reply && w.c.Minor { // no public exchange with children (G14)
		return false
	}
	return !slices.ContainsFunc(chosen, func(x Option) bool {
		return !slices.Contains(book.Compatible[x], o) && !slices.Contains(book.Compatible[o], x)
	})
}

// round keeps n decimals of the exact value, which makes the figures comparable everywhere; a tie goes to the even digit.
func round(v float64, n int) float64 {
	scale := math.Pow10(n)
	x := v * scale
	if whole := math.Floor(x); math.Abs(x) < 1e12 && math.Abs(x-whole-0.5) > 1e-6 {
		return math.Round(x)/scale + 0 // no minus zero in what people read
	}
	f, err := strconv.ParseFloat(strconv.FormatFloat(v, 'f', n, 64), 64)
	if err != nil || f == 0 {
		return 0
	}
	return f
}
