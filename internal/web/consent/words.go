package consent

import (
	"context"

	"github.com/a-h/templ"

	"chop/internal/consent"
	"chop/internal/web/page"
)

// side says whom the question is for.
func side(ctx context.Context, q consent.Question) string {
	if lawyers(q) {
		return page.T(ctx, "ask.lawyer")
	}
	return page.T(ctx, "ask.yours")
}

// done thanks for the answer, in the words of its kind.
func done(ctx context.Context, q consent.Question) string {
	if id := "ask.done." + string(q.State) + "." + q.Kind; page.Lang(ctx).Has(id) {
		return page.T(ctx, id)
	}
	return page.T(ctx, "ask.done."+string(q.State))
}

func noIcon(kind string) string {
	if kind == consent.Safety {
		return "phone"
	}
	return "x"
}

func where(post string) templ.Attributes {
	if post == "" {
		return nil
	}
	return templ.Attributes{"formaction": post}
}
