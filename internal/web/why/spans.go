package why

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"chop/internal/classify"
	"chop/internal/reason"
	"chop/internal/web/page"
)

// Pieces cuts a text into what is marked and what is not. The places of reasons for labels that stand are marked; places
// that touch the same letters become one. Joined, the pieces are the text, byte for byte.
func Pieces(text string, r classify.Result) []page.Piece {
	if !utf8.ValidString(text) {
		return []page.Piece{{Text: text}}
	}
	var out []page.Piece
	at := 0
	for _, p := range merged(places(text, r)) {
		if p.from > at {
			out = append(out, page.Piece{Text: text[at:p.from]})
		}
		out = append(out, page.Piece{Text: text[p.from:p.to], Labels: p.labels})
		at = p.to
	}
	if at < len(text) {
		out = append(out, page.Piece{Text: text[at:]})
	}
	return out
}

// place is a stretch of bytes that speaks for labels.
type place struct {
	from, to int
	labels   []classify.Label
}

// faint is the weight below which a word is told in the panel but not marked: it hardly moved the model.
const faint = 0.2

func places(text string, r classify.Result) (ps []place) {
	for _, x := range r.Reasons {
		l := about(x)
		if x.Span == nil || x.Weight < faint || !r.Has(l) || !fits(text, x) {
			continue
		}
		from, to := whole(text, x.Span.From, x.Span.To)
		if strings.TrimSpace(text[from:to]) != "" {
			ps = append(ps, place{from, to, []classify.Label{l}})
		}
	}
	return ps
}

// fits tells whether the place lies in this very text: an edit that was not read yet moves words.
func fits(text string, x reason.Reason) bool {
	if x.Span.From < 0 || x.Span.From >= len(text) || x.Span.To <= x.Span.From {
		return false
	}
	word := strings.TrimSuffix(x.Facts["word"], "…")
	return strings.HasPrefix(text[x.Span.From:], word)
}

// whole widens a place to letters that are not cut: neither inside their bytes nor between a letter and its marks.
func whole(text string, from, to int) (int, int) {
	to = min(to, len(text))
	for from > 0 && (!utf8.RuneStart(text[from]) || clings(text, from)) {
		from--
	}
	for to < len(text) && (!utf8.RuneStart(text[to]) || clings(text, to)) {
		to++
	}
	return from, to
}

// clings tells whether the character at i belongs to the one before it: combining marks, joiners and what they join,
// shades of emoji.
func clings(text string, i int) bool {
	const joiner = 0x200D
	r, _ := utf8.DecodeRuneInString(text[i:])
	before, _ := utf8.DecodeLastRuneInString(text[:i])
	return unicode.Is(unicode.M, r) || r == joiner || before == joiner || r >= 0x1F3FB && r <= 0x1F3FF
}

// merged joins places that overlap; neighbours stay apart.
func merged(ps []place) (out []place) {
	slices.SortStableFunc(ps, func(a, b place) int { return a.from - b.from })
	for _, p := range ps {
		n := len(out) - 1
		if n < 0 || out[n].to <= p.from {
			out = append(out, p)
			continue
		}
		out[n].to = max(out[n].to, p.to)
		for _, l := range p.labels {
			if !slices.Contains(out[n].labels, l) {
				out[n].labels = append(out[n].labels, l)
			}
		}
	}
	return out
}

// Loud leaves the marks of danger and warning alone.
func Loud(ps []page.Piece) []page.Piece {
	for i := range ps {
		if !ps[i].Loud() {
			ps[i].Labels = nil
		}
	}
	return ps
}

// Cut shortens pieces to the first n characters of their text, with an ellipsis when something is left out.
func Cut(ps []page.Piece, n int) (out []page.Piece) {
	for _, p := range ps {
		rs := []rune(p.Text)
		if len(rs) <= n {
			out, n = append(out, p), n-len(rs)
			continue
		}
		if n > 0 {
			p.Text = string(rs[:n])
			out = append(out, p)
		}
		return append(out, page.Piece{Text: "…"})
	}
	return out
}
