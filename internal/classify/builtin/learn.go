package builtin

import (
	"slices"

	"chop/internal/classify"
	"chop/internal/classify/linear"
	"chop/internal/classify/rules"
)

// Reader turns texts into rows for fitting. It is the working memory of one goroutine.
type Reader struct {
	rules *rules.Engine
	x     extractor
}

// NewReader reads with the given names; a Learning set grows.
func NewReader(n *Names) *Reader { return &Reader{rules: rules.New(), x: extractor{names: n}} }

// Row reads one text; the row is the caller's to keep.
func (r *Reader) Row(t classify.Text) linear.Row {
	row := r.x.row(r.rules.Read(t), &t)
	row.Named = slices.Clone(row.Named)
	gs := make([]linear.Grams, 0, len(row.Grams))
	for _, g := range row.Grams {
		gs = append(gs, slices.Clone(g))
	}
	row.Grams = gs
	return row
}
