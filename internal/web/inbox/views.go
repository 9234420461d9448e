package inbox

import (
	"context"
	"net/http"
	"net/url"

	"chop/internal/mention"
	"chop/internal/web/page"
	"chop/internal/web/session"
)

// Saved is a saved view in the menu.
type Saved struct {
	ID, Name, Href string
	On             bool
}

// views are the saved views of the person, those of the chosen firm and those over all.
func (d Deps) views(ctx context.Context, q Query) ([]Saved, error) {
	list, err := d.Mentions.Views(ctx)
	if err != nil {
		return nil, err
	}
	now := q.values().Encode()
	out := []Saved{}
	for _, v := range list {
		values, err := url.ParseQuery(v.Query)
		if err != nil {
			continue // saved by an older version; it can still be removed by saving anew
		}
		s := Saved{ID: v.ID, Name: v.Name, On: read(values).values().Encode() == now && (v.Firm == q.Firm)}
		if v.Firm != "" {
			values.Set("firm", v.Firm)
		}
		s.Href = address(placeOf(values), values)
		out = append(out, s)
	}
	return out, nil
}

// placeOf is the page that a saved view belongs to, kept in the query under "on".
func placeOf(v url.Values) string {
	defer v.Del("on")
	if v.Get("on") == "search" {
		return "/search"
	}
	return "/inbox"
}

func (d Deps) saveView(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	q := back(r)
	q.Below = 0
	values := q.values()
	if r.PostFormValue("on") == "search" {
		values.Set("on", "search")
	}
	v, err := d.Mentions.SaveView(ctx, mention.View{Firm: q.Firm, Name: r.PostFormValue("name"), Query: values.Encode()})
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	session.Flash(w, r, page.Flash{Text: page.T(ctx, "inbox.view.saved", "Name", v.Name)})
	http.Redirect(w, r, address(placeOf(values), values), http.StatusSeeOther)
}

func (d Deps) removeView(w http.ResponseWriter, r *http.Request) {
	if err := d.Mentions.RemoveView(r.Context(), r.PathValue("id")); err != nil {
		session.Fail(w, r, err)
		return
	}
	session.Flash(w, r, page.Flash{Text: page.T(r.Context(), "inbox.view.removed")})
	http.Redirect(w, r, back(r).at(""), http.StatusSeeOther)
}
