package inbox

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"chop/internal/decision"
	"chop/internal/fault"
	"chop/internal/firm"
	"chop/internal/web/page"
)

// Advice is the right pane as the template shows it.
type Advice struct {
	Shown   string // id of what was shown; goes back with the decision
	Best    decision.Option
	Verb    string
	Icon    string
	Lead    string
	Settled bool // a guard-rail decided, not the points
	Conf    page.Confidence
	Risk    int
	For     []page.Point
	Against []page.Point
	DoNot   []string
	WhyNot  []Second
	Turns   []string // what would change the advice
	Again   string
	First   []page.Act // what is recommended
	Others  []page.Act
	Reply   *Form // nil when a reply is not possible here
	Forms   []Form
	Asks    []Ask
	More    []Ask  // questions that matter less often
	Account string // what the advice took of the account's profile, in a sentence

	advised []decision.Option
	ways    []decision.Way
}

// Second is why another option is not the recommended one.
type Second struct {
	Name, Why string
	Risk      int
}

// Form is what one option asks before it is decided.
type Form struct {
	Option   decision.Option
	Dialog   string // id
	Title    string
	Says     []string // what will happen, what speaks against
	Note     bool     // the text field is shown
	NoteMax  int
	NeedsWhy bool
	MinWhy   int
	Why      string // filled in beforehand
	Hand     bool   // a person will do it
	Danger   bool   // cannot be taken back
}

// Ask is a question only people can answer, with one tap.
type Ask struct {
	Field, Question string
	Answers         []page.Option
	Who             string // who answered, when
}

var icons = map[decision.Option]string{decision.Observe: "circle-minus", decision.Reply: "reply", decision.MovePrivate: "mail",
	decision.Hide: "eye-off", decision.Delete: "trash-2", decision.Block: "user-x", decision.Report: "flag",
	decision.EscalateLegal: "scale", decision.Statement: "megaphone"}

// keys are the letters of DESIGN.md 8.
var keys = map[decision.Option]string{decision.Observe: "n", decision.Reply: "r", decision.MovePrivate: "p", decision.Hide: "h",
	decision.Delete: "d", decision.Block: "b"}

const (
	minWhy    = 3  // as decision.Decide asks
	minDiffer = 10 // when a person chooses otherwise than recommended
)

func advice(ctx context.Context, a decision.Advice, it *Item) Advice {
	x := a.Explanation
	v := Advice{Shown: a.ID, Best: x.Recommended, Verb: optionName(ctx, x.Recommended), Icon: icons[x.Recommended],
		Settled: x.Confidence == "settled", Risk: x.RiskPercent, Conf: page.Tie}
	switch x.Confidence {
	case "clear":
		v.Conf = page.Clear
	case "moderate":
		v.Conf = page.Fair
	}
	if p := a.Case.Profile; p.Confidence > 0 {
		v.Account = page.T(ctx, "authors.inbox.line", "Motive", page.T(ctx, "motive."+p.Motive), "Band", page.T(ctx, "band."+strconv.Itoa(p.Escalation)),
			"Conf", strconv.Itoa(int(100*p.Confidence+0.5)))
	}
	say := func(id string, kv ...any) string { return page.T(ctx, id, kv...) }
	for _, p := range x.For {
		v.For = append(v.For, page.Point{Side: page.For, Text: p.Say(say), Note: p.Strength(say)})
	}
	for _, p := range x.Against {
		v.Against = append(v.Against, page.Point{Side: page.Against, Text: p.Say(say), Note: p.Strength(say)})
	}
	for _, n := range x.DoNot {
		if n.Option == "" { // a vetoed option stands locked among the deeds, with its reason
			v.DoNot = append(v.DoNot, n.Say(say))
		}
	}
	if len(a.Result.Companions) > 0 {
		v.Lead = say("inbox.advice.with", "Options", names(ctx, a.Result.Companions))
	}
	for _, t := range x.Turns {
		v.Turns = append(v.Turns, t.Say(say))
	}
	v.WhyNot = whyNot(a, say)
	v.Again = say("inbox.advice.again", "Span", page.Lang(ctx).Span(x.LookAgain.After)) + " " +
		say("decision.look_again."+x.LookAgain.Trigger, "N", x.LookAgain.N)
	v.deeds(ctx, a, it)
	v.Asks, v.More = asks(ctx, a)
	return v
}

func names(ctx context.Context, list []decision.Option) string {
	out := make([]string, len(list))
	for i, o := range list {
		out[i] = lower(optionName(ctx, o))
	}
	return strings.Join(out, ", ")
}

func lower(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToLower(r)) + s[n:]
}

// whyNot are the next two options of the ranking and what speaks against them.
func whyNot(a decision.Advice, say decision.Say) (out []Second) {
	for _, r := range a.Result.Ranking[min(1, len(a.Result.Ranking)):] {
		p, ok := a.Result.Reasons.WhyNot[r.Option]
		if !ok || slices.Contains(a.Result.Companions, r.Option) || len(out) == 3 {
			continue
		}
		out = append(out, Second{say("option." + string(r.Option)), p.Say(say), int(100*r.EscalationRisk + 0.5)})
	}
	return out
}

// deeds lays out what can be done: the advised first, what is locked with its reason.
func (v *Advice) deeds(ctx context.Context, a decision.Advice, it *Item) {
	advised := append([]decision.Option{a.Result.Recommended}, a.Result.Companions...)
	it.Asks = map[decision.Option]bool{}
	v.advised, v.ways = advised, a.Ways
	for _, w := range a.Ways {
		it.Asks[w.Option] = w.Authority.Level != decision.Free
		best := slices.Contains(advised, w.Option)
		act := page.Act{Icon: icons[w.Option], Verb: optionName(ctx, w.Option), Key: keys[w.Option], Best: best}
		if act.Why = locked(ctx, w, it.May); act.Why == "" && again(w.Option, it.Made) {
			act.Why = page.T(ctx, "inbox.locked.made")
		}
		if act.Why == "" {
			f := form(ctx, w, a, best)
			act.Caption = caption(ctx, w) + asking(ctx, w, it.M.Firm)
			v.open(&act, f, it, best)
		}
		if best && act.Why == "" {
			v.First = append(v.First, act)
		} else {
			v.Others = append(v.Others, act)
		}
	}
	slices.SortStableFunc(v.First, func(x, y page.Act) int { // the recommended one stands before its companions
		return boolRank(x.Icon != v.Icon) - boolRank(y.Icon != v.Icon)
	})
	slices.SortStableFunc(v.Others, func(x, y page.Act) int { return boolRank(x.Why != "") - boolRank(y.Why != "") })
}

// again tells that the option stands already and doing it once more would change nothing.
func again(o decision.Option, made []decision.Option) bool {
	return o != decision.Reply && o != decision.MovePrivate && o != decision.Observe && slices.Contains(made, o)
}

func boolRank(b bool) int {
	if b {
		return 1
	}
	return 0
}

// open decides how the option is begun: one tap, the reply field, or a window that asks. What limits somebody is never one
// tap when two options are equally good.
func (v *Advice) open(act *page.Act, f Form, it *Item, best bool) {
	switch {
	case f.Option == decision.Reply:
		v.Reply = &f
		act.Href = "#f-text"
	case best && !f.Danger && !f.Note && (!f.NeedsWhy || f.Why != "" && v.Conf != page.Tie):
		act.Post, act.Into = "/inbox/"+it.M.ID+"/decision", "inbox"
		act.Fields = fields(v.Shown, it, f)
		if f.NeedsWhy {
			act.Fields = append(act.Fields, page.Pair{Name: "why", Value: f.Why})
		}
	default:
		act.Href, act.Dialog = it.Q.at(it.M.ID, "ask", string(f.Option))+"#pane-rec", f.Dialog
		v.Forms = append(v.Forms, f)
	}
}

// fields are the hidden parts of a decision's form.
func fields(shown string, it *Item, f Form) []page.Pair {
	list := []page.Pair{{Name: "option", Value: string(f.Option)}, {Name: "shown", Value: shown}, {Name: "back", Value: it.Q.encode()}}
	if f.Hand {
		list = append(list, page.Pair{Name: "hand", Value: "1"})
	}
	return list
}

// locked says why an option cannot be chosen, "" when it can.
func locked(ctx context.Context, w decision.Way, may bool) string {
	switch {
	case w.Guard != "":
		return upper(page.T(ctx, "guard."+w.Guard))
	case !w.Can && !w.ByHand:
		return page.T(ctx, "inbox.locked.place")
	case w.Mandate == firm.Never:
		return page.T(ctx, "inbox.locked.mandate")
	case !may:
		return page.T(ctx, "inbox.locked.role")
	}
	return ""
}

func upper(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}

// caption tells before the click what the place does with it.
func caption(ctx context.Context, w decision.Way) string {
	t := page.Lang(ctx)
	say := func(own, otherwise string) string {
		if own != "" && t.Has(own) {
			return page.T(ctx, own)
		}
		return page.T(ctx, otherwise)
	}
	var s string
	switch {
	case w.ByHand:
		s = page.T(ctx, "inbox.cap.hand")
	case w.Verb == "":
		s = say(w.Note, "inbox.cap."+string(w.Option))
	case w.Undo:
		s = say(w.Note, "inbox.cap.undo")
	default:
		s = say(w.Note, "inbox.cap.final")
	}
	if w.Second {
		s += " " + page.T(ctx, "inbox.cap.second")
	}
	return s
}

// form is what the option asks. A restrictive deed that was advised takes the advice's first reason along, which the
// person sees beside the button and may change in the window.
func form(ctx context.Context, w decision.Way, a decision.Advice, best bool) Form {
	f := Form{Option: w.Option, Dialog: "ask-" + string(w.Option), Title: optionName(ctx, w.Option), Hand: w.ByHand,
		Danger: w.Can && !w.Undo && w.Verb != "" || w.Second, NeedsWhy: w.NeedsWhy || !best, MinWhy: minWhy, NoteMax: w.MaxText}
	if !best {
		f.MinWhy = minDiffer
		f.Says = append(f.Says, page.T(ctx, "inbox.ask.differs", "Best", lower(optionName(ctx, a.Result.Recommended))))
		if p, ok := a.Result.Reasons.WhyNot[w.Option]; ok {
			f.Says = append(f.Says, p.Say(func(id string, kv ...any) string { return page.T(ctx, id, kv...) }))
		}
	} else if f.NeedsWhy && len(a.Explanation.For) > 0 && !w.Second {
		f.Why = page.T(ctx, "inbox.why.advised") + " " + a.Explanation.For[0].Say(func(id string, kv ...any) string { return page.Lang(ctx).T(id, kv...) })
	}
	switch {
	case w.Can && !w.Undo && w.Verb != "":
		f.Says = append(f.Says, page.T(ctx, "inbox.ask.final"))
	case w.ByHand:
		f.Says = append(f.Says, page.T(ctx, "inbox.ask.hand"))
	case w.Verb != "":
		f.Says = append(f.Says, page.T(ctx, "inbox.ask.undo"))
	}
	if w.Second {
		f.Says = append(f.Says, page.T(ctx, "inbox.ask.second"))
	}
	if i := slices.IndexFunc(a.Result.Ranking, func(r decision.Ranked) bool { return r.Option == w.Option }); i >= 0 && w.Verb != "" {
		f.Says = append(f.Says, page.T(ctx, "inbox.ask.risk", "N", int(100*a.Result.Ranking[i].EscalationRisk+0.5)))
	}
	switch w.Option {
	case decision.MovePrivate, decision.Report, decision.EscalateLegal, decision.Statement:
		f.Note = true
	case decision.Observe:
		f.Danger = false
	}
	return f
}

// questions in the order they are asked; the first two decide most.
var questions = []string{"truth", "fault", "media", "minor", "third_party_victim", "warned", "deletion_noticed", "formal_step"}

// asks are the facts only people know. Whether it is true and whose fault it is, is asked where something is claimed.
func asks(ctx context.Context, a decision.Advice) (first, more []Ask) {
	for _, field := range questions {
		q := Ask{Field: field, Question: page.T(ctx, "inbox.fact."+field)}
		answered := ""
		for _, f := range a.Facts {
			if f.Field == field {
				answered = f.Value
				q.Who = page.T(ctx, "inbox.fact.who", "Who", f.WhoName, "At", page.When(ctx, f.At))
			}
		}
		for _, v := range decision.Answers[field] {
			id := "inbox.fact." + field + "." + v
			if v == "true" && field != "truth" || v == "false" {
				id = "inbox.fact." + v
			}
			q.Answers = append(q.Answers, page.Option{Value: v, Text: page.T(ctx, id), Selected: v == answered})
		}
		main := (field == "truth" || field == "fault") && a.Case.Truth != "none"
		if main || answered != "" {
			first = append(first, q)
		} else {
			more = append(more, q)
		}
	}
	return first, more
}

func faultOf(err error) *fault.Error {
	var f *fault.Error
	if errors.As(err, &f) {
		return f
	}
	return nil
}
