// Package sources is the place of the channels: how well each is seen, connecting them, and files of mentions.
package sources

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/a-h/templ"

	"chop/internal/access"
	"chop/internal/fault"
	"chop/internal/firm"
	"chop/internal/journal"
	"chop/internal/mention"
	"chop/internal/source"
	"chop/internal/source/table"
	"chop/internal/source/webhook"
	"chop/internal/web/page"
	"chop/internal/web/session"
)

// Deps is what these pages call. Origin is how programs reach us: "https://chop.example".
type Deps struct {
	Sources  *source.Store
	Importer *mention.Importer
	Firms    *firm.Store
	Journal  *journal.Store
	Origin   string
}

// ImportPath takes files of up to mention.MaxImport bytes; the edge must let that much through.
const ImportPath = "/sources/import"

// Mount puts the pages under their addresses.
func Mount(mux *http.ServeMux, d Deps) {
	mux.HandleFunc("GET /sources", d.list)
	mux.HandleFunc("GET /sources/new", d.choose)
	mux.HandleFunc("GET /sources/new/{kind}", d.form)
	mux.HandleFunc("POST /sources/new/{kind}", d.connect)
	mux.HandleFunc("GET /sources/{id}", d.show)
	mux.HandleFunc("POST /sources/{id}", d.change)
	mux.HandleFunc("GET /sources/connected/{id}", d.connected)
	mux.HandleFunc("GET "+ImportPath, d.upload)
	mux.HandleFunc("POST "+ImportPath, d.receive)
	mux.HandleFunc("GET "+ImportPath+"/{id}", d.run)
	mux.HandleFunc("POST "+ImportPath+"/{id}", d.remap)
	mux.HandleFunc("POST "+ImportPath+"/{id}/stop", d.stop)
	mux.HandleFunc("GET "+ImportPath+"/{id}/problems.csv", d.problems)
}

// Channel is one source as the pages show it.
type Channel struct {
	source.Source
	Letters  string
	Kind     string // name of the kind for people
	FirmName string // when the list shows many firms
	Word     source.Condition
	Trouble  string // cause and cure of the last failure
	Push     bool
	Manual   bool
}

// ListView is the page of all channels.
type ListView struct {
	Channels []Channel
	Well     int // seen; a channel not looked at yet is not
	May      bool
}

// find is the source of the address; one of a firm that is not the person's does not exist.
func (d Deps) find(r *http.Request) (source.Source, error) {
	src, err := d.Sources.ByID(r.Context(), r.PathValue("id"))
	if err != nil {
		return src, err
	}
	return d.Sources.Find(r.Context(), src.Firm, src.ID)
}

func (d Deps) list(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	if err := access.CheckAny(ctx, access.ViewSources); err != nil {
		session.Fail(w, r, err)
		return
	}
	v, err := d.channels(ctx)
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	session.Render(w, r, http.StatusOK, listPage(v))
}

func (d Deps) channels(ctx context.Context) (ListView, error) {
	f := page.FrameFrom(ctx)
	v := ListView{May: len(managed(ctx)) > 0}
	firms := []string{f.Firm}
	if f.Firm == "" && access.From(ctx).Admin { // an administrator sees channels of firms without having a role there
		firms = nil
		for _, x := range f.Firms {
			firms = append(firms, x.ID)
		}
	}
	for _, id := range firms {
		list, err := d.Sources.List(ctx, id)
		if err != nil {
			return v, err
		}
		for _, s := range list {
			v.Channels = append(v.Channels, d.channel(ctx, s))
		}
	}
	troubledFirst(v.Channels)
	for i := range v.Channels {
		c := &v.Channels[i]
		if c.Word == source.Well || c.Word == source.Shaky || c.Manual && c.Word != source.Paused {
			v.Well++
		}
		if f.Firm == "" && len(f.Firms) > 1 {
			c.FirmName = firmName(f, c.Firm)
		}
	}
	return v, nil
}

// troubledFirst keeps the order otherwise.
func troubledFirst(cs []Channel) {
	var bad, good []Channel
	for _, c := range cs {
		if c.Word.Troubled() {
			bad = append(bad, c)
		} else {
			good = append(good, c)
		}
	}
	copy(cs, append(bad, good...))
}

func firmName(f page.Frame, id string) string {
	for _, x := range f.Firms {
		if x.ID == id {
			return x.Name
		}
	}
	return ""
}

func (d Deps) channel(ctx context.Context, s source.Source) Channel {
	c := Channel{Source: s, Letters: "?", Kind: kindName(ctx, s.Kind), Word: s.Condition(d.Sources.DB.Now())}
	if k, err := d.Sources.Registry.Find(s.Kind); err == nil {
		about := k.Describe()
		c.Letters, c.Push, c.Manual = about.Letters, about.Push, about.Manual
	}
	if s.Error != "" {
		c.Trouble = page.FaultText(ctx, &fault.Error{Kind: fault.Unavailable, Code: s.Error, Data: s.ErrorData})
	}
	return c
}

func kindName(ctx context.Context, kind string) string {
	if id := "source." + kind + ".name"; page.Lang(ctx).Has(id) {
		return page.T(ctx, id)
	}
	return kind
}

// View is the page of one source.
type View struct {
	Channel
	FirmName string
	About    source.Description
	Settings source.Settings // without secrets, or as typed
	Name     string
	Lines    []journal.Line
	May      bool
	Hook     string // address to post to

	Why  string // as typed
	Form string // the form that was wrong: "settings", "pause", "remove"
	Err  error
}

func (d Deps) show(w http.ResponseWriter, r *http.Request) { d.page(w, r, View{}) }

// page shows the source; v brings what a form got wrong.
func (d Deps) page(w http.ResponseWriter, r *http.Request, v View) {
	if err := d.fill(r, &v); err != nil {
		session.Fail(w, r, err)
		return
	}
	status := http.StatusOK
	if v.Err != nil {
		status = http.StatusUnprocessableEntity
	}
	session.Render(w, r, status, sourcePage(v))
}

func (d Deps) fill(r *http.Request, v *View) error {
	ctx := r.Context()
	src, err := d.find(r)
	if err != nil {
		return err
	}
	v.Channel = d.channel(ctx, src)
	v.May = access.From(ctx).Holds(access.ManageSources, src.Firm)
	v.FirmName = firmName(page.FrameFrom(ctx), src.Firm)
	if k, err := d.Sources.Registry.Find(src.Kind); err == nil {
		v.About = k.Describe()
	}
	if src.Kind == webhook.Kind {
		v.Hook = d.hook(src.ID)
	}
	if v.May && v.Settings == nil {
		if v.Settings, err = d.open(ctx, src, v.About); err != nil {
			return err
		}
		v.Name = src.Name
	}
	v.Lines, err = d.Journal.Of(ctx, access.ViewSources, src.Firm, source.Ref(src.ID))
	return err
}

// open is the settings without their secrets.
func (d Deps) open(ctx context.Context, src source.Source, about source.Description) (source.Settings, error) {
	all, err := d.Sources.Settings(ctx, src)
	if err != nil {
		return nil, err
	}
	shown := source.Settings{}
	for _, f := range about.Fields {
		if f.Type != "secret" {
			shown[f.Name] = all[f.Name]
		}
	}
	return shown, nil
}

func (d Deps) hook(id string) string { return d.Origin + "/hooks/" + url.PathEscape(id) }

// mendable tells whether the person can put the error right in the form.
func mendable(err error) bool {
	return fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) || fault.Is(err, fault.Unavailable) || refusal(err)
}

// refusal is a Forbidden that comes from the place, not from our own rules.
func refusal(err error) bool {
	var f *fault.Error
	return errors.As(err, &f) && f.Kind == fault.Forbidden && f.Code != "forbidden"
}

// done ends a form: with the page again when the person can mend it, else with the source's page and a message.
func (d Deps) done(w http.ResponseWriter, r *http.Request, v View, says string) {
	switch {
	case v.Err == nil:
		session.Flash(w, r, page.Flash{Text: page.T(r.Context(), says)})
		http.Redirect(w, r, "/sources/"+url.PathEscape(r.PathValue("id")), http.StatusSeeOther)
	case mendable(v.Err):
		d.page(w, r, v)
	default:
		session.Fail(w, r, v.Err)
	}
}

// typed reads the settings of a form by the kind's description; secrets are taken as they are.
func typed(r *http.Request, about source.Description) source.Settings {
	s := source.Settings{}
	for _, f := range about.Fields {
		s[f.Name] = r.PostFormValue(f.Name)
		if f.Type != "secret" {
			s[f.Name] = strings.TrimSpace(s[f.Name])
		}
	}
	return s
}

// public is the settings that may be shown again.
func public(s source.Settings, about source.Description) source.Settings {
	out := source.Settings{}
	for _, f := range about.Fields {
		if f.Type != "secret" {
			out[f.Name] = s[f.Name]
		}
	}
	return out
}

func (d Deps) reconnect(w http.ResponseWriter, r *http.Request) {
	src, err := d.find(r)
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	k, err := d.Sources.Registry.Find(src.Kind)
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	in := typed(r, k.Describe())
	v := View{Form: "settings", Settings: public(in, k.Describe()), Name: strings.TrimSpace(r.PostFormValue("name"))}
	_, v.Err = d.Sources.Reconnect(r.Context(), src.Firm, src.ID, shorten(v.Name), in)
	d.done(w, r, v, "sources.saved")
}

// shorten keeps a channel's name to one short line.
func shorten(s string) string {
	rs := []rune(strings.Join(strings.Fields(s), " "))
	return string(rs[:min(len(rs), 120)])
}

// change does what the pressed button of the source's page says.
func (d Deps) change(w http.ResponseWriter, r *http.Request) {
	do := map[string]http.HandlerFunc{"settings": d.reconnect, "look": d.look, "pause": d.pause, "resume": d.resume, "remove": d.remove,
		"secret": d.secret}[r.PostFormValue("do")]
	if do == nil {
		session.Fail(w, r, fault.New(fault.Invalid, "sources.do"))
		return
	}
	do(w, r)
}

// act runs a verb on the source of the address.
func (d Deps) act(w http.ResponseWriter, r *http.Request, v View, says string, verb func(src source.Source) error) {
	src, err := d.find(r)
	if err == nil {
		err = verb(src)
	}
	v.Err = err
	d.done(w, r, v, says)
}

func (d Deps) look(w http.ResponseWriter, r *http.Request) {
	d.act(w, r, View{}, "sources.looking", func(src source.Source) error {
		return d.Sources.LookNow(r.Context(), src.Firm, src.ID)
	})
}

func (d Deps) pause(w http.ResponseWriter, r *http.Request) {
	v := View{Form: "pause", Why: strings.TrimSpace(r.PostFormValue("why"))}
	d.act(w, r, v, "sources.paused", func(src source.Source) error {
		return d.Sources.Pause(r.Context(), src.Firm, src.ID, true, v.Why)
	})
}

func (d Deps) resume(w http.ResponseWriter, r *http.Request) {
	d.act(w, r, View{}, "sources.resumed", func(src source.Source) error {
		return d.Sources.Pause(r.Context(), src.Firm, src.ID, false, "")
	})
}

func (d Deps) remove(w http.ResponseWriter, r *http.Request) {
	v := View{Form: "remove", Why: strings.TrimSpace(r.PostFormValue("why"))}
	src, err := d.find(r)
	switch {
	case err != nil:
	case r.PostFormValue("sure") == "":
		err = fault.New(fault.Invalid, "sources.sure").On("sure")
	default:
		err = d.Sources.Remove(r.Context(), src.Firm, src.ID, v.Why)
	}
	if err != nil {
		v.Err = err
		d.done(w, r, v, "")
		return
	}
	session.Flash(w, r, page.Flash{Text: page.T(r.Context(), "sources.removed", "Name", src.Name)})
	http.Redirect(w, r, "/sources", http.StatusSeeOther)
}

// secret gives a webhook a new signing key and shows it once.
func (d Deps) secret(w http.ResponseWriter, r *http.Request) {
	src, err := d.find(r)
	if err == nil && src.Kind != webhook.Kind {
		err = fault.Missing("source")
	}
	key := webhook.NewSecret()
	if err == nil {
		_, err = d.Sources.Reconnect(r.Context(), src.Firm, src.ID, "", source.Settings{"secret": key})
	}
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	remember(w, r, Welcome{ID: src.ID, Secret: key, Again: true})
	http.Redirect(w, r, "/sources/connected/"+src.ID, http.StatusSeeOther)
}

// managed lists the firms whose channels the person may change, as the frame knows them.
func managed(ctx context.Context) []page.Firm {
	a := access.From(ctx)
	var fs []page.Firm
	for _, f := range page.FrameFrom(ctx).Firms {
		if a.Holds(access.ManageSources, f.ID) {
			fs = append(fs, f)
		}
	}
	return fs
}

func isImport(kind string) bool { return kind == table.Kind }

func at(parts ...string) templ.SafeURL {
	for i := range parts {
		if i > 0 {
			parts[i] = url.PathEscape(parts[i])
		}
	}
	return templ.SafeURL(strings.Join(parts, "/"))
}
