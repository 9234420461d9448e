package lint

import (
	"strings"

	"chop/internal/polish"
	"chop/internal/reason"
)

// Apology is the worth of an apology, 0 to 100 (domain/decisions.md 1.5, after [LEWICKI16]; the weights are the
// specification's proposal, not a measurement).
type Apology struct {
	Is       bool // the text apologises
	Points   int
	Elements []Part
	Minus    []Part
	Publish  bool // at least 70 points, and nothing that takes 25 away
}

// Part is an element of an apology, or what takes away from it. Its sentence is the message "apology.<Code>"; what to do
// better is "apology.<Code>.better" or, when Fail is set, "apology.fail.<Fail>".
type Part struct {
	Code   string
	Weight int
	Got    bool
	Fail   string
	Span   *reason.Span
}

// PublishFrom are the points an apology needs.
const PublishFrom = 70

// Elements of an apology with their weights, in their order of worth.
var apologyElements = []Part{{Code: "responsible", Weight: 30}, {Code: "repair", Weight: 25}, {Code: "prevent", Weight: 15}, {Code: "regret", Weight: 13},
	{Code: "explain", Weight: 12}, {Code: "forgive", Weight: 5}}

// Apologise reads an apology by itself.
func Apologise(in Input) Apology { return Check(in).Apology }

// apologyOf weighs the text of a check.
func apologyOf(c *check) Apology {
	b, s := theBook(), c.s
	a := Apology{Is: b.says("sorry", s) || b.says("responsible", s)}
	if !a.Is {
		return a
	}
	for _, p := range apologyElements {
		p.Span, p.Fail = c.element(p.Code)
		p.Got = p.Span != nil && p.Fail == ""
		if p.Got {
			a.Points += p.Weight
		}
		a.Elements = append(a.Elements, p)
	}
	a.Minus = c.minus()
	a.Publish = true
	for _, m := range a.Minus {
		a.Points -= m.Weight
		a.Publish = a.Publish && m.Weight < 25
	}
	a.Points = max(a.Points, 0)
	a.Publish = a.Publish && a.Points >= PublishFrom
	return a
}

// element finds one element of an apology, and what spoils it.
func (c *check) element(code string) (at *reason.Span, fail string) {
	b, s := theBook(), c.s
	switch code {
	case "responsible":
		if at = c.first("responsible"); at == nil {
			if at = c.first("passive"); at != nil {
				fail = "passive"
			}
		}
	case "repair":
		ps := b.find("repair", s)
		if len(ps) == 0 {
			if at = c.first("effort"); at != nil {
				fail = "effort"
			}
			return at, fail
		}
		at = c.span(ps[0])
		if !b.says("time", s) && !c.done(ps) {
			fail = "date"
		}
	case "prevent":
		if at = c.first("never_again"); at == nil {
			if at = c.first("lesson"); at != nil {
				fail = "lesson"
			}
		}
	case "regret":
		if at = c.first("sorry"); at != nil && b.says("nonapology", s) {
			fail = "if"
		}
	case "explain":
		at = c.first("because")
		if at != nil && c.explaining() {
			fail = "long"
		}
	case "forgive":
		at = c.first("forgive")
	}
	return at, fail
}

// done tells whether the repair is already made, which needs no date.
func (c *check) done(ps []place) bool {
	for _, p := range ps {
		for _, w := range c.s.words[p.From:p.To] {
			if strings.HasSuffix(w.Fold, "lismy") || strings.HasSuffix(w.Fold, "ed") || w.Fold == "sent" {
				return true
			}
		}
	}
	return false
}

// explaining tells whether more than two sentences or two fifths of the words explain.
func (c *check) explaining() bool {
	b, s := theBook(), c.s
	sentences, words := map[int]bool{}, 0
	for _, p := range b.find("because", s) {
		n := s.words[p.From].Sentence
		if !sentences[n] {
			sentences[n] = true
			_, to := s.sentence(p.From)
			words += to - p.From
		}
	}
	return len(sentences) > 2 || 5*words > 2*len(s.words)
}

// minus is what takes away from an apology.
func (c *check) minus() (out []Part) {
	b, s := theBook(), c.s
	add := func(code string, weight int, at *reason.Span) {
		out = append(out, Part{Code: code, Weight: weight, Got: true, Span: at})
	}
	if at := c.first("nonapology"); at != nil {
		add("conditional", 25, at)
	}
	if at := c.first("victim"); at != nil {
		add("victim", 25, at)
	} else if at := c.first("attack"); at != nil {
		add("victim", 25, at)
	}
	if at := c.first("joke"); at != nil {
		add("joke", 15, at)
	}
	if at := c.scapegoat(); at != nil {
		add("scapegoat", 15, at)
	}
	for i, w := range s.words {
		if w.Kind == polish.Emoji {
			add("emoji", 10, c.span(place{i, i + 1}))
			break
		}
	}
	if at := c.first("praise"); at != nil {
		add("praise", 10, at)
	}
	if !c.signed() {
		add("nobody", 10, nil)
	}
	if p := b.find("but", s); len(p) > 0 && b.says("sorry", s) {
		for _, sorry := range append(b.find("sorry", s), b.find("responsible", s)...) {
			for _, but := range p {
				if s.words[but.From].Sentence == s.words[sorry.From].Sentence && but.From > sorry.From {
					out = append(out, Part{Code: "but", Weight: 0, Got: true, Span: c.span(but)})
					return out
				}
			}
		}
	}
	return out
}

// scapegoat finds somebody outside the firm's own "we" that the fault is put on: a person by name (L16), an intern, an
// agency.
func (c *check) scapegoat() *reason.Span {
	for _, f := range c.out.Findings {
		if f.Code == Blame {
			return f.Span
		}
	}
	s := c.s
	for _, p := range theBook().find("scapegoat", s) {
		if blamed(s, p.From) {
			return c.span(p)
		}
	}
	return nil
}

func (c *check) first(rule string) *reason.Span {
	if ps := theBook().find(rule, c.s); len(ps) > 0 {
		return c.span(ps[0])
	}
	return nil
}

func (c *check) span(p place) *reason.Span {
	return &reason.Span{From: c.s.words[p.From].From, To: c.s.words[p.To-1].To}
}
