package page

import (
	"context"
	"errors"
	"strconv"

	"github.com/a-h/templ"

	"chop/internal/fault"
	"chop/internal/lang"
)

// Kind of a form field.
type FieldKind string

const (
	FieldText     FieldKind = "text"
	FieldSecret   FieldKind = "password"
	FieldURL      FieldKind = "url"
	FieldEmail    FieldKind = "email"
	FieldTel      FieldKind = "tel"
	FieldNumber   FieldKind = "number"
	FieldDate     FieldKind = "date"
	FieldTime     FieldKind = "time"
	FieldWhen     FieldKind = "datetime-local"
	FieldFile     FieldKind = "file"
	FieldSelect   FieldKind = "select"
	FieldCheckbox FieldKind = "checkbox"
	FieldArea     FieldKind = "textarea"
)

// Field is one question of a form. Label, Hint and Error are finished texts.
type Field struct {
	Kind     FieldKind // "" is text
	Name     string
	ID       string // "" takes "f-" + Name
	Label    string
	Hint     string
	Error    string
	Value    string
	Options  []Option // of a select
	Checked  bool     // of a checkbox
	Required bool
	Auto     string // autocomplete, e.g. "username", "current-password", "one-time-code"
	Mode     string // inputmode, e.g. "numeric"
	Holder   string // placeholder
	Max      int    // most characters, 0 for no limit
	Rows     int    // of a textarea
	Data     []Pair // more attributes, e.g. {"accept", ".csv"}
}

// Option is one answer of a select.
type Option struct {
	Value, Text string
	Selected    bool
}

func (f Field) id() string {
	if f.ID != "" {
		return f.ID
	}
	return "f-" + f.Name
}

func (f Field) kind() string {
	if f.Kind == "" {
		return string(FieldText)
	}
	return string(f.Kind)
}

// attrs are the attributes that every kind of control shares.
func (f Field) attrs() templ.Attributes {
	m := templ.Attributes{}
	says := ""
	if f.Hint != "" {
		says = f.id() + "-hint"
	}
	if f.Error != "" {
		m["aria-invalid"] = "true"
		says = f.id() + "-err " + says
	}
	put := func(name, value string) {
		if value != "" {
			m[name] = value
		}
	}
	put("aria-describedby", says)
	put("autocomplete", f.Auto)
	put("inputmode", f.Mode)
	put("placeholder", f.Holder)
	if f.Max > 0 {
		m["maxlength"] = strconv.Itoa(f.Max)
	}
	if f.Required {
		m["required"] = true
	}
	for _, d := range f.Data {
		m[d.Name] = d.Value
	}
	return m
}

func (f Field) rows() int {
	if f.Rows > 0 {
		return f.Rows
	}
	return 4
}

// Slip is one error of a form, for the summary on top.
type Slip struct {
	Field string // id of the control it leads to, "" for the form as a whole
	Text  string
}

// Slips turns an error into the lines of the summary: a fault becomes its sentence, anything else one calm sentence.
func Slips(ctx context.Context, err error) []Slip {
	if err == nil {
		return nil
	}
	s := Slip{Text: FaultText(ctx, err)}
	var f *fault.Error
	if errors.As(err, &f) && f.Field != "" {
		s.Field = "f-" + f.Field
	}
	return []Slip{s}
}

// FieldError is the sentence of err when it concerns the field, "" otherwise.
func FieldError(ctx context.Context, err error, field string) string {
	var f *fault.Error
	if errors.As(err, &f) && f.Field == field && field != "" {
		return FaultText(ctx, err)
	}
	return ""
}

// FaultText is the sentence of an error for people, "fault.<code>"; errors that are no fault say only that it was us.
func FaultText(ctx context.Context, err error) string {
	t := Lang(ctx)
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind == fault.Internal || !t.Has("fault."+f.Code) {
		return T(ctx, "shell.error.internal")
	}
	var kv []any
	for k, v := range f.Data {
		kv = append(kv, k, v)
	}
	return typo(t, t.T("fault."+f.Code, kv...))
}

// NoteKind is the colour and meaning of a note.
type NoteKind string

const (
	NoteWarn       NoteKind = ""
	NoteInfo       NoteKind = "info"
	NoteCalm       NoteKind = "calm"
	NoteStop       NoteKind = "stop"
	NotePrivileged NoteKind = "priv"
)

func (k NoteKind) class() string {
	if k == NoteWarn {
		return "note"
	}
	return "note note-" + string(k)
}

func other(t lang.Tag) lang.Tag {
	if t == lang.PL {
		return lang.EN
	}
	return lang.PL
}
