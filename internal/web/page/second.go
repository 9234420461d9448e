package page

import (
	"context"
	"strings"
	"time"

	"chop/internal/classify"
)

// SecondView is what a second engine said of a text, or why it said nothing. The zero view shows nothing.
type SecondView struct {
	Result classify.Result
	Since  time.Time // the firm's second engine is not available since then; zero when it is, or when there is none
	Why    string    // the cause, a finished sentence
}

// Empty tells whether there is nothing to show.
func (v SecondView) Empty() bool { return v.Result.Second == nil && v.Since.IsZero() }

// person tells whether a person's labels stand.
func (v SecondView) person() bool { return v.Result.Engine == classify.ByPerson }

// note is why there is no opinion, in a sentence.
func (v SecondView) note(ctx context.Context) string {
	id := "second.note." + strings.TrimPrefix(v.Result.Second.Note, "second.")
	if !Lang(ctx).Has(id) {
		id = "second.note.other"
	}
	return T(ctx, id)
}

// stillAdded are the labels it brought that stand.
func (v SecondView) stillAdded() (ls []classify.Label) {
	for _, l := range v.Result.Second.Added {
		if v.Result.Has(l) && !v.person() {
			ls = append(ls, l)
		}
	}
	return ls
}
