package authors

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"chop/internal/access"
	"chop/internal/author"
	"chop/internal/author/estimate"
	"chop/internal/author/signal"
	"chop/internal/fault"
	"chop/internal/lang"
	"chop/internal/web/page"
	"chop/internal/web/session"
)

// Form is an open form with what was typed.
type Form struct {
	Verb string
	Vals url.Values
	Err  error
}

func (f Form) val(name string) string { return f.Vals.Get(name) }

// verb carries out what a form asks for.
type verb func(d Deps, ctx context.Context, firm, key string, v url.Values) error

// verbs are the things a guardian can do about an account. Those with a form come back with it when something is wrong.
var verbs = map[string]verb{
	"draft": func(d Deps, ctx context.Context, firm, key string, _ url.Values) error {
		_, err := d.Authors.Draft(ctx, firm, key)
		return err
	},
	"edit": func(d Deps, ctx context.Context, firm, _ string, v url.Values) error {
		return d.Authors.Edit(ctx, firm, v.Get("id"), author.Change{Field: v.Get("field"), Value: v.Get("value"), Why: v.Get("why")})
	},
	"confirm": func(d Deps, ctx context.Context, firm, _ string, v url.Values) error {
		_, err := d.Authors.Confirm(ctx, firm, v.Get("id"), v.Get("why"))
		return err
	},
	"withdraw": func(d Deps, ctx context.Context, firm, _ string, v url.Values) error {
		return d.Authors.Withdraw(ctx, firm, v.Get("id"), v.Get("why"))
	},
	"tell": func(d Deps, ctx context.Context, firm, key string, v url.Values) error {
		seen, err := time.ParseInLocation(time.DateOnly, v.Get("seen"), lang.Zone)
		if err != nil {
			seen = time.Time{} // the store says what is wrong with it
		}
		return d.Authors.Tell(ctx, firm, key, signal.Fact{Field: v.Get("field"), Value: v.Get("value"), Source: v.Get("source"), SeenAt: seen})
	},
	"contest": func(d Deps, ctx context.Context, firm, key string, v url.Values) error {
		_, err := d.Authors.Contest(ctx, firm, key, v.Get("said"), v.Get("channel"))
		return err
	},
	"settle": func(d Deps, ctx context.Context, firm, _ string, v url.Values) error {
		return d.Authors.Settle(ctx, firm, v.Get("id"), v.Get("outcome"), v.Get("why"))
	},
	"suggest": func(d Deps, ctx context.Context, firm, key string, _ url.Values) error {
		_, err := d.Authors.Suggest(ctx, firm, key)
		return err
	},
	"link": func(d Deps, ctx context.Context, firm, _ string, v url.Values) error {
		switch v.Get("same") {
		case "yes", "no":
			return d.Authors.Answer(ctx, firm, v.Get("id"), v.Get("same") == "yes", v.Get("why"))
		}
		return fault.New(fault.Invalid, "author.outcome").On("same")
	},
	"protect": func(d Deps, ctx context.Context, firm, key string, v url.Values) error {
		return d.Authors.Protect(ctx, firm, key, v.Get("kind"), v.Get("why"))
	},
	"lift": func(d Deps, ctx context.Context, firm, key string, v url.Values) error {
		return d.Authors.Lift(ctx, firm, key, v.Get("kind"), v.Get("why"))
	},
	"erase": func(d Deps, ctx context.Context, firm, key string, v url.Values) error {
		return d.Authors.Erase(ctx, firm, key, v.Get("why"))
	},
}

// plain are verbs without a form.
var plain = map[string]bool{"draft": true, "suggest": true}

func (d Deps) act(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	f, err := session.Firm(r, access.WorkProfiles)
	name, key := r.PathValue("verb"), r.PathValue("key")
	do, ok := verbs[name]
	if err == nil && !ok {
		err = fault.Missing("verb")
	}
	if err == nil {
		err = do(d, ctx, f.ID, key, r.PostForm)
	}
	switch {
	case (fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict)) && !plain[name]:
		d.render(w, r, Form{Verb: name, Vals: r.PostForm, Err: err})
	case err != nil:
		session.Fail(w, r, err)
	default:
		session.Flash(w, r, page.Flash{Text: page.T(ctx, "authors.done."+name)})
		more := ""
		if name == "draft" || name == "edit" {
			more = "version=draft"
		}
		http.Redirect(w, r, at(f.ID, key, "", more), http.StatusSeeOther)
	}
}

func motive(s string) estimate.Motive { return estimate.Motive(s) }
