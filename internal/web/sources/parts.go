package sources

import (
	"context"
	"net/url"
	"strings"

	"chop/internal/source"
	"chop/internal/web/page"
)

func also(s string) string {
	if s == "" {
		return ""
	}
	return " · " + s
}

func queryOf(s string) string { return url.QueryEscape(s) }

func noteOf(c source.Condition) page.NoteKind {
	switch c {
	case source.Blind:
		return page.NoteStop
	case source.Paused:
		return page.NoteInfo
	}
	return page.NoteWarn
}

// capabilityNote is what a person should know before the click.
func capabilityNote(ctx context.Context, c source.Capability) string {
	if !c.Can {
		return page.T(ctx, "sources.can.manual")
	}
	var out []string
	if c.Note != "" && page.Lang(ctx).Has(c.Note) {
		out = append(out, page.T(ctx, c.Note))
	}
	if c.MaxText > 0 {
		out = append(out, page.T(ctx, "sources.can.max", "N", page.Int(ctx, c.MaxText)))
	}
	return strings.Join(out, " ")
}

// onForm is the error when it belongs to this form.
func onForm(v View, form string) error {
	if v.Form == form {
		return v.Err
	}
	return nil
}

func whyOf(v View, form string) string {
	if v.Form == form {
		return v.Why
	}
	return ""
}

// idOf gives the field of the form that was wrong the id the summary leads to; the other form's must differ from it.
func idOf(v View, form, field string) string {
	if v.Form == form {
		return "f-" + field
	}
	return "f-" + form + "-" + field
}
