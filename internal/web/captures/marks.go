package captures

import (
	"context"
	"net/url"

	"github.com/a-h/templ"

	"chop/internal/capture"
	"chop/internal/web/cases"
	"chop/internal/web/page"
)

// slip is the error of a field of one of the two forms.
func slip(ctx context.Context, v View, form, field string) string {
	if v.Form != form {
		return ""
	}
	return page.FieldError(ctx, v.Err, field)
}

func firmOptions(ctx context.Context, v View) []page.Option {
	os := []page.Option{{Text: page.T(ctx, "captures.firm.choose")}}
	for _, f := range v.Firms {
		os = append(os, page.Option{Value: f.ID, Text: f.Name, Selected: f.ID == v.Firm})
	}
	return os
}

func caseOptions(ctx context.Context, v View) []page.Option {
	os := []page.Option{{Text: page.T(ctx, "captures.case.none")}}
	for _, c := range v.Cases {
		if c.Firm == v.Firm {
			os = append(os, page.Option{Value: c.ID, Text: c.Number + " " + cases.Title(ctx, c), Selected: c.ID == v.Typed.Case})
		}
	}
	return os
}

func stateMark(ctx context.Context, s capture.Shot) page.Mark {
	m := page.Mark{Text: page.T(ctx, "captures.state."+string(s.State))}
	switch s.State {
	case capture.Sealed:
		m.Tone, m.Icon = page.Sealed, "stamp"
	case capture.Failed:
		m.Tone, m.Icon = page.Warn, "triangle-alert"
	case capture.Running:
		m.Tone, m.Icon = page.Ask, "eye"
	default:
		m.Tone, m.Icon = page.Line, "hourglass"
	}
	return m
}

// reason says in words what stood in the way, also while another try waits.
func reason(ctx context.Context, s capture.Shot) string {
	if s.Reason == "" {
		return ""
	}
	text := page.T(ctx, "captures.failed."+s.Reason)
	if id := "captures.detail." + s.Detail; s.Detail != "" && page.Lang(ctx).Has(id) {
		return text + " " + page.T(ctx, id)
	}
	return text
}

func causeName(ctx context.Context, cause string) string {
	if id := "exhibits.cause." + cause; page.Lang(ctx).Has(id) {
		return page.T(ctx, id)
	}
	return cause
}

// shown is an address as people read it; of a forgotten firm nothing is left.
func shown(address string) string {
	if address == "" {
		return "—"
	}
	return address
}

func exhibitHref(id string) templ.SafeURL { return templ.SafeURL("/exhibits/" + url.PathEscape(id)) }
