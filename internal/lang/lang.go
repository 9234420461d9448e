// Package lang holds the sentences for people, in Polish and English, and how Poles write dates and numbers.
//
// Messages live in messages/<area>.<tag>.yaml, one flat map per file: id to text, or id to plural forms
// (one, few, many, other). Places are {{.Name}}. A test compares the languages key by key.
package lang

import (
	"embed"
	"fmt"
	"io/fs"
	"strings"
	"sync"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
	"gopkg.in/yaml.v3"
)

//go:embed messages/*.yaml
var files embed.FS

// Tag is a language the product speaks.
type Tag string

const (
	PL Tag = "pl"
	EN Tag = "en"
)

// Tags lists the languages; the first is the default.
var Tags = []Tag{PL, EN}

// Parse picks a known language out of a tag or an Accept-Language header; Polish when none fits.
func Parse(s string) Tag {
	for _, part := range strings.Split(strings.ToLower(s), ",") {
		part = strings.TrimSpace(part)
		for _, t := range Tags {
			if strings.HasPrefix(part, string(t)) {
				return t
			}
		}
	}
	return PL
}

// localizers are read when the first sentence is said: a command that says none does not wait for them.
var localizers = sync.OnceValue(load)

func load() map[Tag]*i18n.Localizer {
	b := i18n.NewBundle(language.Polish)
	b.RegisterUnmarshalFunc("yaml", yaml.Unmarshal)
	names, err := fs.Glob(files, "messages/*.yaml")
	if err != nil {
		panic(err)
	}
	for _, n := range names {
		if _, err := b.LoadMessageFileFS(files, n); err != nil {
			panic(fmt.Sprintf("message file %s: %v", n, err))
		}
	}
	m := map[Tag]*i18n.Localizer{}
	for _, t := range Tags {
		m[t] = i18n.NewLocalizer(b, string(t))
	}
	return m
}

// T is the message id in language t; kv are pairs of place and value. An unknown id comes back in brackets, so a
// forgotten message is seen and does not break a page.
func (t Tag) T(id string, kv ...any) string { return t.message(id, nil, pairs(kv)) }

// N is the message id in the plural form for n; the place {{.N}} holds n.
func (t Tag) N(id string, n int, kv ...any) string {
	d := pairs(kv)
	d["N"] = t.Int(n)
	return t.message(id, n, d)
}

// Has tells whether the message exists in language t.
func (t Tag) Has(id string) bool {
	_, tag, err := localizers()[t.known()].LocalizeWithTag(&i18n.LocalizeConfig{MessageID: id})
	return err == nil && tag.String() == string(t.known())
}

func (t Tag) known() Tag {
	if t == EN {
		return EN
	}
	return PL
}

func (t Tag) message(id string, count any, data map[string]any) string {
	s, err := localizers()[t.known()].Localize(&i18n.LocalizeConfig{MessageID: id, TemplateData: data, PluralCount: count})
	if err != nil && s == "" {
		return "[" + id + "]"
	}
	return s
}

func pairs(kv []any) map[string]any {
	m := map[string]any{}
	for i := 0; i+1 < len(kv); i += 2 {
		m[fmt.Sprint(kv[i])] = kv[i+1]
	}
	return m
}
