package groups

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"chop/internal/access"
	"chop/internal/fault"
	"chop/internal/group"
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

// picked tells whether an account stands among those picked for a split.
func (f Form) picked(account string) bool { return slices.Contains(f.Vals["accounts"], account) }

// verb carries out what a form asks for; it says where to go on when that is another group.
type verb func(d Deps, ctx context.Context, firm, id string, revision int, v url.Values) (to string, err error)

// verbs are what a guardian can do about a group. Each comes back with its form when something is wrong.
var verbs = map[string]verb{
	"confirm": func(d Deps, ctx context.Context, firm, id string, n int, v url.Values) (string, error) {
		return "", d.Groups.Confirm(ctx, firm, id, n, v.Get("why"))
	},
	"reject": func(d Deps, ctx context.Context, firm, id string, n int, v url.Values) (string, error) {
		return "", d.Groups.Reject(ctx, firm, id, n, v.Get("why"))
	},
	"split": func(d Deps, ctx context.Context, firm, id string, n int, v url.Values) (string, error) {
		return d.Groups.Split(ctx, firm, id, n, v["accounts"], v.Get("why"))
	},
	"merge": func(d Deps, ctx context.Context, firm, id string, n int, v url.Values) (string, error) {
		into := v.Get("into")
		return into, d.Groups.Merge(ctx, firm, id, n, into, v.Get("why"))
	},
	"decide": func(d Deps, ctx context.Context, firm, id string, n int, v url.Values) (string, error) {
		return "", d.Groups.Decide(ctx, firm, id, n, v.Get("account"), group.MemberState(v.Get("state")), v.Get("why"))
	},
	"sign": func(d Deps, ctx context.Context, firm, id string, n int, v url.Values) (string, error) {
		if v.Get("seen") == "" {
			return "", fault.New(fault.Invalid, "groups.seen").On("seen")
		}
		return "", d.Groups.SignOff(ctx, firm, id, n, v.Get("why"))
	},
	"know": func(d Deps, ctx context.Context, firm, _ string, _ int, v url.Values) (string, error) {
		return "", d.Groups.Know(ctx, firm, v.Get("account"), v.Get("kind"), v.Get("why"))
	},
	"hand": func(d Deps, ctx context.Context, firm, id string, n int, v url.Values) (string, error) {
		return "", d.hand(ctx, firm, id, n, v.Get("case"), v.Get("why"))
	},
}

func (d Deps) act(w http.ResponseWriter, r *http.Request) {
	ctx, id, name := r.Context(), r.PathValue("id"), r.PathValue("verb")
	f, err := session.Firm(r, access.WorkGroups)
	do, ok := verbs[name]
	if err == nil && !ok {
		err = fault.Missing("verb")
	}
	to := ""
	if err == nil {
		revision, bad := strconv.Atoi(r.PostFormValue("revision"))
		if bad != nil {
			revision = -1 // of no group: the store says that it is not as it was shown
		}
		to, err = do(d, ctx, f.ID, id, revision, r.PostForm)
	}
	switch {
	case fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict):
		d.render(w, r, Form{Verb: name, Vals: r.PostForm, Err: err})
	case err != nil:
		session.Fail(w, r, err)
	default:
		session.Flash(w, r, page.Flash{Text: page.T(ctx, "groups.done."+name)})
		if to == "" {
			to = id
		}
		http.Redirect(w, r, At(f.ID, to), http.StatusSeeOther)
	}
}

// appeal counts everything again without one account, for whoever says it does not belong. Nothing is changed, so the answer is the
// page itself.
func (d Deps) appeal(w http.ResponseWriter, r *http.Request) {
	ctx, id, account := r.Context(), r.PathValue("id"), r.PostFormValue("account")
	f, err := session.Firm(r, access.WorkGroups)
	var made group.Finding
	stands := false
	if err == nil {
		made, stands, err = d.Groups.Appeal(ctx, f.ID, id, account, r.PostFormValue("why"))
	}
	switch {
	case fault.Is(err, fault.Invalid):
		d.render(w, r, Form{Verb: "appeal", Vals: r.PostForm, Err: err})
	case err != nil:
		session.Fail(w, r, err)
	default:
		d.renderWith(w, r, View{Without: &Appeal{Account: account, Stands: stands, Level: made.Level, Members: len(made.Members), P: made.P}})
	}
}

// again makes a kept finding again from its input and says whether the figures are the same. Whoever sees the group may ask; nothing is
// changed.
func (d Deps) again(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	f, err := firmOf(r)
	n, bad := strconv.Atoi(r.PostFormValue("n"))
	if err == nil && bad != nil {
		err = fault.Missing("finding")
	}
	var made group.Reproduced
	if err == nil {
		made, err = d.Groups.Reproduce(ctx, f.ID, r.PathValue("id"), n)
	}
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	d.renderWith(w, r, View{Again: &made})
}

// unknow takes the mark off an account, so that runs read it again.
func (d Deps) unknow(w http.ResponseWriter, r *http.Request) {
	f, err := session.Firm(r, access.WorkGroups)
	if err == nil {
		err = d.Groups.Unknow(r.Context(), f.ID, r.PostFormValue("account"), r.PostFormValue("why"))
	}
	switch {
	case fault.Is(err, fault.Invalid):
		d.listWith(w, r, Form{Verb: "unknow", Vals: r.PostForm, Err: err})
	case err != nil:
		session.Fail(w, r, err)
	default:
		session.Flash(w, r, page.Flash{Text: page.T(r.Context(), "groups.done.unknow")})
		http.Redirect(w, r, path+"?firm="+query(f.ID), http.StatusSeeOther)
	}
}
