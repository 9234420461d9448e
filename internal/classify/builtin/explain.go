package builtin

import (
	"cmp"
	"math"
	"slices"

	"chop/internal/classify"
	"chop/internal/classify/linear"
	"chop/internal/classify/rules"
	"chop/internal/polish"
	"chop/internal/reason"
)

// reasons says what spoke for every given label: rules with their places, then the words that moved the model most; and
// what spoke against labels that were not given.
func (v *verdict) reasons(r classify.Result, x *extractor) []reason.Reason {
	said := v.found.Reasons()
	var out []reason.Reason
	for _, s := range r.Labels {
		if s.Label == classify.Neutral {
			out = append(out, reason.Reason{Rule: "neutral.nothing", Weight: s.Score})
			continue
		}
		mine := said[s.Label]
		out = append(out, mine...)
		if len(mine) < 3 {
			out = append(out, v.words(s, x, 3-len(mine))...)
		}
	}
	for _, l := range classify.Labels {
		if v.found.Score(l) >= 0.5 && !r.Has(l) && gravity[l] >= 2 { // of mild labels the doubt would only be noise
			out = append(out, reason.Reason{Rule: "doubted." + string(l), Weight: -round(1 - v.chance(string(l)))})
		}
	}
	return append(out, v.found.Against()...)
}

// pull is how much one word moved a head.
type pull struct {
	word  int
	score float64
}

// words names up to n words that spoke for the label; when no word did, the place of the text.
func (v *verdict) words(s classify.Scored, x *extractor, n int) []reason.Reason {
	ps := v.pulls(v.engine.heads[string(s.Label)], x)
	var out []reason.Reason
	for _, p := range ps[:min(n, len(ps))] {
		if p.score < 0.15 || p.score < ps[0].score/4 {
			break
		}
		out = append(out, reason.Reason{Rule: string(s.Label) + ".word", Weight: round(math.Min(p.score/4, 0.95)),
			Facts: map[string]string{"word": v.shown(p.word)}, Span: v.span(p.word)})
	}
	if len(out) == 0 && n == 3 {
		out = append(out, reason.Reason{Rule: string(s.Label) + ".whole", Weight: s.Score})
	}
	return out
}

// shown hides what is private: the words of numbers and addresses are not repeated in a reason.
func (v *verdict) shown(i int) string {
	w := &v.found.Words()[i]
	if w.Kind == polish.Number || w.Kind == polish.Mail {
		return "…"
	}
	const most = 40
	rs := []rune(w.Text)
	if len(rs) > most {
		return string(rs[:most]) + "…"
	}
	return w.Text
}

func (v *verdict) span(i int) *reason.Span {
	w := &v.found.Words()[i]
	return &reason.Span{From: w.From, To: w.To}
}

// pulls sums the weights of the grams that came from each word, strongest first.
func (v *verdict) pulls(head int, x *extractor) []pull {
	ws := v.found.Words()
	sums := make([]float64, len(ws))
	x.share(ws, func(word int, weight float32) { sums[word] += float64(weight) }, func(b uint32) float32 { return v.engine.model.Gram(b, head) })
	ps := make([]pull, 0, len(ws))
	for i := range ws {
		if i < 400 && ws[i].Kind != polish.Handle {
			ps = append(ps, pull{i, sums[i]})
		}
	}
	slices.SortStableFunc(ps, func(a, b pull) int { return cmp.Compare(b.score, a.score) })
	return ps
}

// share walks the grams of words and letters again and tells each word what its grams weigh.
func (x *extractor) share(ws []rules.Word, tell func(int, float32), weight func(uint32) float32) {
	x.keep = true
	x.words, x.chars, x.places, x.owners, x.inside = x.words[:0], x.chars[:0], x.places[:0], x.owners[:0], x.inside[:0]
	x.text(ws)
	x.keep = false
	for _, g := range []struct {
		grams  linear.Grams
		owners []int32
	}{{x.words, x.owners}, {x.chars, x.inside}} {
		div := float32(1 / math.Sqrt(float64(max(len(g.grams), 1))))
		for i, b := range g.grams {
			if o := g.owners[i]; o >= 0 && int(o) < len(ws) {
				tell(int(o), weight(b)*div)
			}
		}
	}
}
