package sources

import (
	"context"
	"fmt"
	"strings"

	"chop/internal/journal"
	"chop/internal/mention"
	"chop/internal/source"
	"chop/internal/source/table"
	"chop/internal/web/page"
)

var looks = map[source.Condition]page.Mark{
	source.Fresh:    {Tone: page.Line, Icon: "hourglass"},
	source.Well:     {Tone: page.Good, Icon: "circle-check"},
	source.Shaky:    {Tone: page.Warn, Icon: "refresh-cw"},
	source.Blind:    {Tone: page.Danger, Icon: "eye-off"},
	source.Quiet:    {Tone: page.Warn, Icon: "ear-off"},
	source.Expiring: {Tone: page.Warn, Icon: "key-round"},
	source.Paused:   {Tone: page.Line, Icon: "pause"},
}

// condition is the health of a channel as a mark. One that is fed by hand or pushed to is ready, not waiting for a look.
func condition(ctx context.Context, c Channel) page.Mark {
	m := looks[c.Word]
	m.Text = page.T(ctx, "source.condition."+string(c.Word))
	if c.Word == source.Fresh && c.Push {
		m.Text = page.T(ctx, "sources.word.push")
	}
	if c.Manual && c.Word != source.Paused {
		m = page.Mark{Tone: page.Line, Icon: "file-text", Text: page.T(ctx, "sources.word.manual")}
	}
	return m
}

// facts is the small line under a channel's name.
func facts(ctx context.Context, c Channel) string {
	out := []string{c.Kind}
	if c.FirmName != "" {
		out = append(out, c.FirmName)
	}
	if !c.ItemAt.IsZero() {
		out = append(out, page.T(ctx, "sources.last", "Ago", page.Ago(ctx, c.ItemAt)))
	}
	if c.Items > 0 {
		out = append(out, page.N(ctx, "sources.items", c.Items))
	}
	if !c.CheckedAt.IsZero() && !c.Push && !c.Manual {
		out = append(out, page.T(ctx, "sources.checked", "At", page.When(ctx, c.CheckedAt)))
	}
	return strings.Join(out, " · ")
}

// advice says in a sentence what a troubled channel needs.
func advice(ctx context.Context, c Channel) string {
	switch {
	case c.Trouble != "":
		return c.Trouble
	case c.Word == source.Quiet:
		return page.T(ctx, "sources.advice.quiet", "Hours", int(c.QuietAfter.Hours()))
	case c.Word == source.Expiring:
		return page.T(ctx, "sources.advice.expiring", "At", page.When(ctx, c.ExpiresAt))
	case c.Word == source.Paused:
		return page.T(ctx, "sources.advice.paused")
	}
	return ""
}

// field draws one setting of a kind.
func field(ctx context.Context, kind string, f source.Field, value string, err error, saved bool) page.Field {
	id := "source." + kind + "." + f.Name
	out := page.Field{Name: f.Name, Label: page.T(ctx, id), Value: value, Error: page.FieldError(ctx, err, f.Name), Required: f.Required}
	if page.Lang(ctx).Has(id + ".help") {
		out.Hint = page.T(ctx, id+".help")
	}
	switch f.Type {
	case "url":
		out.Kind, out.Holder = page.FieldURL, "https://"
	case "secret":
		out.Kind, out.Auto = page.FieldSecret, "off"
		if saved {
			out.Required, out.Hint = false, page.T(ctx, "sources.secret.keep")
		}
	case "number":
		out.Kind = page.FieldNumber
	case "select":
		out.Kind, out.Hint = page.FieldSelect, "" // the options say it in words
		for _, o := range f.Options {
			out.Options = append(out.Options, page.Option{Value: o, Text: option(ctx, o), Selected: o == value})
		}
	}
	return out
}

func option(ctx context.Context, code string) string {
	if id := "sources.option." + code; page.Lang(ctx).Has(id) {
		return page.T(ctx, id)
	}
	return code
}

// steps are the lines of a kind's instructions, as far as there are messages.
func steps(ctx context.Context, kind string) []string {
	var out []string
	for i := 1; ; i++ {
		id := fmt.Sprintf("sources.howto.%s.%d", kind, i)
		if !page.Lang(ctx).Has(id) {
			return out
		}
		out = append(out, page.T(ctx, id))
	}
}

// history is the journal of a source as a timeline, newest first.
func history(ctx context.Context, lines []journal.Line) []page.Event {
	var out []page.Event
	for i := len(lines) - 1; i >= 0; i-- {
		l := lines[i]
		title := l.Verb
		if id := "journal." + l.Verb; page.Lang(ctx).Has(id) {
			title = page.T(ctx, id)
		}
		text := l.Name
		if l.Why != "" {
			text += ": " + l.Why
		}
		out = append(out, page.Event{At: l.At, Kind: page.EventAct, Title: title, Text: text})
	}
	return out
}

// firmOptions is the choice of a firm; none is chosen when there are several and the frame names none.
func firmOptions(ctx context.Context, fs []page.Firm, now string) []page.Option {
	var out []page.Option
	if now == "" && len(fs) > 1 {
		out = append(out, page.Option{Value: "", Text: page.T(ctx, "sources.firm.choose")})
	}
	for _, f := range fs {
		out = append(out, page.Option{Value: f.ID, Text: f.Name, Selected: f.ID == now})
	}
	return out
}

// columnOptions is the choice of a column for a field of a mapping.
func columnOptions(ctx context.Context, headers []string, now string) []page.Option {
	out := []page.Option{{Value: "", Text: page.T(ctx, "sources.import.column.none"), Selected: now == ""}}
	for _, h := range headers {
		out = append(out, page.Option{Value: h, Text: h, Selected: h == now})
	}
	return out
}

func choices(ctx context.Context, prefix, now string, codes ...string) []page.Option {
	var out []page.Option
	for _, c := range codes {
		name := c
		if c == "" {
			name = "auto"
		}
		out = append(out, page.Option{Value: c, Text: page.T(ctx, prefix+name), Selected: c == now})
	}
	return out
}

// mainFields are asked for at once; the others stand behind a fold.
var mainFields = []table.Field{table.Date, table.Text, table.Author, table.Rating}

func otherFields() []table.Field {
	var out []table.Field
	for _, f := range table.Fields {
		main := false
		for _, m := range mainFields {
			main = main || m == f
		}
		if !main {
			out = append(out, f)
		}
	}
	return out
}

// columnField asks for the column of a field. Its id is the one a fault of the field leads to, except where another
// control of the form has that id.
func columnField(ctx context.Context, v RunView, f table.Field) page.Field {
	id := "f-" + string(f)
	if f == table.Channel {
		id = "f-column-channel"
	}
	return page.Field{Kind: page.FieldSelect, Name: "column." + string(f), ID: id, Label: page.T(ctx, "table.field."+string(f)),
		Options: columnOptions(ctx, v.Preview.Headers, v.Mapping.Columns[f]), Error: page.FieldError(ctx, v.Err, string(f))}
}

// size is a file's size in words.
func size(ctx context.Context, n int64) string {
	switch {
	case n >= 1<<20:
		return page.Int(ctx, int(n>>20)) + " MB"
	case n >= 1<<10:
		return page.Int(ctx, int(n>>10)) + " kB"
	}
	return page.Int(ctx, int(n)) + " B"
}

// clip keeps a cell of a preview to a line.
func clip(s string, runes int) string {
	rs := []rune(s)
	if len(rs) <= runes {
		return s
	}
	return string(rs[:runes]) + "…"
}

var stateLooks = map[mention.ImportState]page.Mark{
	mention.ImportRunning: {Tone: page.Ask, Icon: "refresh-cw"},
	mention.ImportDone:    {Tone: page.Good, Icon: "check"},
	mention.ImportFailed:  {Tone: page.Danger, Icon: "triangle-alert"},
	mention.ImportStopped: {Tone: page.Line, Icon: "x"},
}

func stateMark(ctx context.Context, run mention.Import) page.Mark {
	m := stateLooks[run.State]
	m.Text = page.T(ctx, "sources.import.state."+string(run.State))
	return m
}

func cell(row []string, i int) string {
	if i < len(row) {
		return row[i]
	}
	return ""
}

func zoneOf(m table.Mapping) string {
	if m.Zone == "" {
		return "Europe/Warsaw"
	}
	return m.Zone
}

func keptOptions(names []string) []page.Option {
	var out []page.Option
	for _, n := range names {
		out = append(out, page.Option{Value: n, Text: n})
	}
	return out
}
