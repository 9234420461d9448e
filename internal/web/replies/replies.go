// Package replies serves /replies: the firm's facts and its saved replies.
package replies

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"chop/internal/access"
	"chop/internal/classify"
	"chop/internal/fault"
	"chop/internal/lang"
	"chop/internal/reply"
	"chop/internal/web/page"
	"chop/internal/web/session"
)

// Deps is what the place needs.
type Deps struct {
	Replies *reply.Store
}

const path = "/replies"

// Mount puts the page under its addresses.
func Mount(mux *http.ServeMux, d Deps) {
	mux.HandleFunc("GET "+path, d.show)
	mux.HandleFunc("GET "+path+"/{id}", d.show)
	mux.HandleFunc("POST "+path, d.save)
	mux.HandleFunc("POST "+path+"/{id}", d.save)
	mux.HandleFunc("POST "+path+"/{id}/removal", d.remove)
	mux.HandleFunc("POST "+path+"/facts", d.fact)
	mux.HandleFunc("POST "+path+"/facts/{key}/removal", d.dropFact)
}

// View is the page.
type View struct {
	Firm  page.Firm
	May   bool
	Owner bool // what they save is approved
	Facts []FactRow
	Usual []string // keys that most firms need and this one lacks
	Saved []SavedRow
	Form  Form
	Fact  FactForm
	Err   error
}

// FactRow is a fact as the table shows it.
type FactRow struct {
	Key, Text, By, Until string
	Old                  bool // no longer valid
	Edit, Remove         string
}

// SavedRow is a saved reply as the table shows it.
type SavedRow struct {
	Name, For, By string
	Variants      int
	Own, Approved bool
	Href, Remove  string
	English       bool
}

// Form is the form of a saved reply.
type Form struct {
	ID, Name, Lang, Variants string
	Own                      bool
	Labels                   []string
	Err                      error
}

// FactForm is the form of a fact.
type FactForm struct {
	Key, Text, Until string
	Err              error
}

func at(firm, id string) string {
	to := path
	if id != "" {
		to += "/" + url.PathEscape(id)
	}
	return to + "?firm=" + url.QueryEscape(firm)
}

func (d Deps) show(w http.ResponseWriter, r *http.Request) { d.render(w, r, nil, nil) }

// render is the page; form and fact are what a person typed wrongly, nil for what is kept.
func (d Deps) render(w http.ResponseWriter, r *http.Request, form *Form, fact *FactForm) {
	ctx := r.Context()
	f, err := session.Firm(r, access.ViewMentions)
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	who := access.From(ctx)
	v := View{Firm: f, May: who.Holds(access.Decide, f.ID), Owner: who.Firms[f.ID] == access.Owner, Form: Form{Lang: "pl"}}
	if err := d.fill(ctx, &v, r.PathValue("id"), r.URL.Query().Get("fact")); err != nil {
		session.Fail(w, r, err)
		return
	}
	status := http.StatusOK
	if form != nil {
		v.Form, v.Err = *form, form.Err
	}
	if fact != nil {
		v.Fact, v.Err = *fact, fact.Err
	}
	if v.Err != nil {
		status = session.Status(v.Err)
	}
	session.Render(w, r, status, repliesPage(v))
}

func (d Deps) fill(ctx context.Context, v *View, id, key string) error {
	now := page.FrameFrom(ctx).Now
	facts, err := d.Replies.Facts(ctx, v.Firm.ID)
	if err != nil {
		return err
	}
	v.Usual = slices.Clone(reply.Usual)
	for _, f := range facts {
		v.Usual = slices.DeleteFunc(v.Usual, func(k string) bool { return k == f.Key })
		row := FactRow{Key: f.Key, Text: f.Text, By: page.T(ctx, "rules.by", "Who", f.WhoName, "At", page.When(ctx, f.At)), Old: !f.Valid(now),
			Edit: at(v.Firm.ID, "") + "&fact=" + url.QueryEscape(f.Key) + "#fact", Remove: path + "/facts/" + url.PathEscape(f.Key) + "/removal"}
		if !f.Until.IsZero() {
			row.Until = page.Lang(ctx).Date(f.Until)
		}
		if f.Key == key {
			v.Fact = FactForm{Key: f.Key, Text: f.Text}
			if !f.Until.IsZero() {
				v.Fact.Until = f.Until.In(lang.Zone).AddDate(0, 0, -1).Format(time.DateOnly)
			}
		}
		v.Facts = append(v.Facts, row)
	}
	if v.Fact.Key == "" {
		v.Fact.Key = key
	}
	list, err := d.Replies.Saved(ctx, v.Firm.ID)
	if err != nil {
		return err
	}
	found := id == ""
	for _, s := range list {
		v.Saved = append(v.Saved, savedRow(ctx, s))
		if s.ID == id {
			found = true
			v.Form = Form{ID: s.ID, Name: s.Name, Lang: s.Lang, Variants: strings.Join(s.Variants, "\n---\n"), Own: s.Owner != "", Labels: s.Labels}
		}
	}
	if !found {
		return fault.Missing("saved_reply")
	}
	return nil
}

func savedRow(ctx context.Context, s reply.Saved) SavedRow {
	var names []string
	for _, l := range s.Labels {
		names = append(names, page.LabelName(ctx, classify.Label(l)))
	}
	row := SavedRow{Name: s.Name, For: strings.Join(names, ", "), Variants: len(s.Variants), Own: s.Owner != "", Approved: s.Approved,
		By: page.T(ctx, "rules.by", "Who", s.WhoName, "At", page.When(ctx, s.At)), Href: at(s.Firm, s.ID) + "#saved",
		Remove: path + "/" + url.PathEscape(s.ID) + "/removal", English: s.Lang == "en"}
	if row.For == "" {
		row.For = page.T(ctx, "replies.for.any")
	}
	return row
}

// save keeps a saved reply. A line of three dashes stands between its variants.
func (d Deps) save(w http.ResponseWriter, r *http.Request) {
	f, err := session.Firm(r, access.ViewMentions)
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	form := Form{ID: r.PathValue("id"), Name: r.PostFormValue("name"), Lang: r.PostFormValue("lang"), Variants: r.PostFormValue("variants"),
		Own: r.PostFormValue("own") != "", Labels: r.PostForm["label"]}
	in := reply.Saved{Firm: f.ID, ID: form.ID, Name: form.Name, Lang: form.Lang, Variants: variants(form.Variants), Labels: labels(form.Labels)}
	if form.Own {
		in.Owner = access.From(r.Context()).User
	}
	if _, err = d.Replies.Save(r.Context(), in); mends(err) {
		form.Err = err
		d.render(w, r, &form, nil)
		return
	}
	d.done(w, r, f.ID, err, "replies.done.saved")
}

func variants(s string) (out []string) {
	var b strings.Builder
	for line := range strings.SplitSeq(strings.ReplaceAll(s, "\r\n", "\n"), "\n") {
		if strings.TrimSpace(line) == "---" {
			out = append(out, b.String())
			b.Reset()
			continue
		}
		b.WriteString(line + "\n")
	}
	return append(out, b.String())
}

// labels keeps those that there are.
func labels(names []string) (out []string) {
	for _, n := range names {
		if slices.Contains(classify.Labels, classify.Label(n)) {
			out = append(out, n)
		}
	}
	return out
}

// mends tells whether the person can put right what is wrong.
func mends(err error) bool {
	return err != nil && (fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict))
}

func (d Deps) done(w http.ResponseWriter, r *http.Request, firm string, err error, says string) {
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	session.Flash(w, r, page.Flash{Text: page.T(r.Context(), says)})
	http.Redirect(w, r, at(firm, ""), http.StatusSeeOther)
}

func (d Deps) remove(w http.ResponseWriter, r *http.Request) {
	f, err := session.Firm(r, access.ViewMentions)
	if err == nil {
		err = d.Replies.Remove(r.Context(), f.ID, r.PathValue("id"))
	}
	d.done(w, r, f.ID, err, "replies.done.removed")
}

// fact keeps a fact; it is valid to the end of the day that is given.
func (d Deps) fact(w http.ResponseWriter, r *http.Request) {
	f, err := session.Firm(r, access.ViewMentions)
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	form := FactForm{Key: r.PostFormValue("key"), Text: r.PostFormValue("text"), Until: r.PostFormValue("until")}
	in := reply.Fact{Firm: f.ID, Key: form.Key, Text: form.Text}
	if form.Until != "" {
		day, bad := time.ParseInLocation(time.DateOnly, form.Until, lang.Zone)
		in.Until = day.AddDate(0, 0, 1)
		if bad != nil {
			err = fault.New(fault.Invalid, "reply.until").On("until")
		}
	}
	if err == nil {
		err = d.Replies.SetFact(r.Context(), in)
	}
	if mends(err) {
		form.Err = err
		d.render(w, r, nil, &form)
		return
	}
	d.done(w, r, f.ID, err, "replies.done.fact")
}

func (d Deps) dropFact(w http.ResponseWriter, r *http.Request) {
	f, err := session.Firm(r, access.ViewMentions)
	if err == nil {
		err = d.Replies.DropFact(r.Context(), f.ID, r.PathValue("key"))
	}
	d.done(w, r, f.ID, err, "replies.done.dropped")
}

// choices are the labels a saved reply can be for.
func (f Form) choices(ctx context.Context) (out []page.Option) {
	for _, l := range []classify.Label{classify.Question, classify.Complaint, classify.Opinion, classify.Praise, classify.Claim, classify.Discouragement,
		classify.HealthSafety, classify.Employment, classify.FakeReview} {
		out = append(out, page.Option{Value: string(l), Text: page.LabelName(ctx, l), Selected: slices.Contains(f.Labels, string(l))})
	}
	return out
}

func (f Form) languages(ctx context.Context) []page.Option {
	return []page.Option{{Value: "pl", Text: page.T(ctx, "replies.lang.pl"), Selected: f.Lang != "en"}, {Value: "en", Text: page.T(ctx, "replies.lang.en"), Selected: f.Lang == "en"}}
}

func (f Form) action() string {
	if f.ID == "" {
		return path
	}
	return path + "/" + url.PathEscape(f.ID)
}

// on is the slip of err when it concerns the field under another control's id.
func on(ctx context.Context, err error, field string) string {
	var f *fault.Error
	if errors.As(err, &f) && f.Field == field {
		return page.FaultText(ctx, err)
	}
	return ""
}
