package rules

import (
	"context"
	"strconv"
	"strings"
	"unicode/utf8"

	"chop/internal/classify"
	"chop/internal/fault"
	"chop/internal/ownrule"
	"chop/internal/web/page"
)

// List is the rules of one firm.
type List struct {
	Firm    page.Firm
	May     bool
	Entries []ownrule.Entry
}

// Form is what a person writes.
type Form struct {
	ownrule.Set
	Base  int // the version the person saw
	Kinds []string
	Err   error
	Open  bool // stands open: something was wrong
}

// View is one rule.
type View struct {
	Firm     page.Firm
	May      bool
	Err      error
	Rule     ownrule.Rule // newest version
	Live     *ownrule.Rule
	Fresh    bool // its trial is good enough to go live on
	Form     Form
	Examples []Example
	Versions []ownrule.Rule
	Why      string // typed
	Relabel  bool
}

// Example is one comment with its words.
type Example struct {
	ownrule.Example
	At     string
	Pieces []page.Piece
	Gone   bool // no longer kept
}

// fill reads what the page of a rule shows.
func (d Deps) fill(ctx context.Context, v *View, id string) (err error) {
	if v.Versions, err = d.Rules.Versions(ctx, v.Firm.ID, id); err != nil {
		return err
	}
	v.Rule = v.Versions[0]
	for i, r := range v.Versions {
		if r.State == ownrule.Live {
			v.Live = &v.Versions[i]
		}
	}
	v.Fresh = v.Rule.Tried(page.FrameFrom(ctx).Now)
	v.Form = Form{Set: v.Rule.Set, Base: v.Rule.Version, Kinds: d.Rules.Kinds()}
	return d.examples(ctx, v)
}

func (d Deps) examples(ctx context.Context, v *View) error {
	list, err := d.Rules.Examples(ctx, v.Firm.ID, v.Rule.ID, v.Rule.Version)
	if err != nil || len(list) == 0 {
		return err
	}
	ids := make([]string, len(list))
	for i, e := range list {
		ids[i] = e.Mention
	}
	ms, err := d.Mentions.ByIDs(ctx, v.Firm.ID, ids)
	if err != nil {
		return err
	}
	texts, when := map[string]string{}, map[string]string{}
	for _, m := range ms {
		texts[m.ID], when[m.ID] = m.Text, page.When(ctx, m.At)
	}
	for _, e := range list {
		x := Example{Example: e, At: when[e.Mention]}
		text, kept := texts[e.Mention]
		if x.Gone = !kept; kept {
			x.Pieces = pieces(v.Rule.Set, text, e)
		}
		v.Examples = append(v.Examples, x)
	}
	return nil
}

// around is how many characters of a text are shown on each side of the words.
const around = 110

// pieces is the text about the words of the rule, with the words marked.
func pieces(s ownrule.Set, text string, e ownrule.Example) []page.Piece {
	if !utf8.ValidString(text) {
		text = strings.ToValidUTF8(text, "")
	}
	from, to, found := s.Place(text)
	if !found { // it was edited, or only the live version has its words
		return []page.Piece{{Text: head(text, 2*around)}}
	}
	marks := e.After.Labels
	if s.Label != "" {
		marks = []classify.Label{s.Label}
	}
	return []page.Piece{{Text: tail(text[:from], around)}, {Text: head(text[from:to], around), Labels: marks}, {Text: head(text[to:], around)}}
}

// head is the beginning of a text on one line, with an ellipsis when something is left out.
func head(s string, n int) string {
	s = line(s)
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n]) + "…"
}

// tail is the end of a text, likewise.
func tail(s string, n int) string {
	s = line(s)
	rs := []rune(s)
	if len(rs) <= n {
		return s
	}
	return "…" + string(rs[len(rs)-n:])
}

// line makes one line of a text; spaces at its ends stay, because words stand before or behind.
func line(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\r' || r == '\t' {
			return ' '
		}
		return r
	}, s)
}

// mark is the state of a version as a tag.
func mark(ctx context.Context, s ownrule.State) page.Mark {
	looks := map[ownrule.State]page.Mark{ownrule.Draft: {Tone: page.Ask, Icon: "pencil-line"}, ownrule.Live: {Tone: page.Good, Icon: "circle-check"},
		ownrule.Off: {Tone: page.Line, Icon: "circle-minus"}}
	m := looks[s]
	m.Text = page.T(ctx, "rules.state."+string(s))
	return m
}

// standing is the state a rule has as a whole.
func standing(e ownrule.Entry) ownrule.State {
	if e.Live != nil {
		return ownrule.Live
	}
	return e.State
}

// effect is what a rule does, in words.
func effect(ctx context.Context, s ownrule.Set) string {
	if s.Does == ownrule.Raises {
		return page.T(ctx, "rules.does.raise", "N", s.Severity)
	}
	return page.T(ctx, "rules.does."+string(s.Does), "Label", page.LabelName(ctx, s.Label))
}

// only is when a rule speaks, in words; nothing when it always does.
func only(ctx context.Context, s ownrule.Set) (out []string) {
	if s.Unless != "" {
		out = append(out, page.T(ctx, "rules.only.unless", "Words", s.Unless))
	}
	if s.Channel != "" {
		out = append(out, page.T(ctx, "rules.only.channel", "Channel", page.ChannelName(s.Channel)))
	}
	if s.Stars > 0 {
		out = append(out, page.T(ctx, "rules.only.stars", "N", s.Stars))
	}
	if s.UnderQuestion {
		out = append(out, page.T(ctx, "rules.only.question"))
	}
	return out
}

// effects are the choices of the form: everything a rule can do.
func (f Form) effects(ctx context.Context) (os []page.Option) {
	chosen := string(f.Does) + ":" + string(f.Label)
	if f.Does == ownrule.Raises {
		chosen = string(f.Does) + ":" + strconv.Itoa(f.Severity)
	}
	add := func(s ownrule.Set, value string) {
		os = append(os, page.Option{Value: value, Text: effect(ctx, s), Selected: value == chosen})
	}
	for _, does := range []ownrule.Does{ownrule.Adds, ownrule.Takes} {
		for _, l := range append(append([]classify.Label{}, classify.Labels...), classify.FakeReview) {
			if l != classify.Neutral && (does == ownrule.Adds || !safety(l)) {
				add(ownrule.Set{Does: does, Label: l}, string(does)+":"+string(l))
			}
		}
	}
	for n := 1; n <= 4; n++ {
		add(ownrule.Set{Does: ownrule.Raises, Severity: n}, "raise:"+strconv.Itoa(n))
	}
	return os
}

func safety(l classify.Label) bool {
	for _, x := range classify.Safety {
		if x == l {
			return true
		}
	}
	return false
}

func (f Form) channels(ctx context.Context) []page.Option {
	os := []page.Option{{Text: page.T(ctx, "rules.form.channel.all"), Selected: f.Channel == ""}}
	for _, k := range f.Kinds {
		os = append(os, page.Option{Value: k, Text: page.ChannelName(k), Selected: k == f.Channel})
	}
	return os
}

func (f Form) ratings(ctx context.Context) []page.Option {
	os := []page.Option{{Text: page.T(ctx, "rules.form.stars.any"), Selected: f.Stars == 0}}
	for n := 1; n <= ownrule.MostStars; n++ {
		os = append(os, page.Option{Value: strconv.Itoa(n), Text: page.N(ctx, "rules.form.stars.most", n), Selected: n == f.Stars})
	}
	return os
}

// wakes tells whether what the rule gives makes somebody on duty get up.
func wakes(s ownrule.Set) bool {
	return s.Does == ownrule.Adds && safety(s.Label) || s.Does == ownrule.Raises && s.Severity == 4
}

// broad tells whether a trial found so much that the words are likely too common.
func broad(t ownrule.Trial) bool { return t.Looked >= 20 && 5*t.Touched > t.Looked }

// blocked is why the newest version cannot go live yet; "" when it can.
func (v View) blocked(ctx context.Context) string {
	switch {
	case v.Fresh:
		return ""
	case v.Rule.TriedAt.IsZero():
		return page.T(ctx, "rules.live.untried")
	}
	return page.FaultText(ctx, fault.New(fault.Conflict, "ownrule.untried"))
}
