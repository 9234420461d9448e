package owner

import (
	"context"
	"strings"

	"github.com/a-h/templ"

	"chop/internal/consent"
	"chop/internal/web/page"
)

// words are what was typed beside the answer to the question.
func (t Typed) words(id string) string {
	if t.Ask == id {
		return t.Words
	}
	return ""
}

func (t Typed) review(id string) string {
	if t.Review == id {
		return t.Words
	}
	return ""
}

// draft tells that the mistake belongs to the form of a text.
func (t Typed) draft() bool { return t.Err != nil && t.Ask == "" && t.Call == "" && t.Review == "" }

func answered(ctx context.Context, x consent.Draft) string {
	s := page.T(ctx, "ask.done.by", "Who", x.AnsweredName, "At", page.When(ctx, x.AnsweredAt))
	if x.Answer != "" {
		s = x.Answer + " " + s
	}
	return s
}

// dial is a telephone number as a link wants it.
func dial(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r == '+' {
			return r
		}
		return -1
	}, s)
}

func here(yes bool) templ.Attributes {
	if !yes {
		return nil
	}
	return templ.Attributes{"aria-current": "true"}
}
