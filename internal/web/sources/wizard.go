package sources

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"chop/internal/access"
	"chop/internal/fault"
	"chop/internal/source"
	"chop/internal/source/webhook"
	"chop/internal/web/page"
	"chop/internal/web/session"
)

// KindView is one kind of channel on its card.
type KindView struct {
	source.Description
	Name, About string
	Can, Cannot []source.Verb
}

// verbs is the order in which capabilities are told.
var verbs = []source.Verb{source.Reply, source.Hide, source.Unhide, source.Delete, source.Restore, source.Spam, source.Approve,
	source.Block, source.Report, source.Private}

// first are the kinds most people look for; the rest follows by name.
var first = []string{"wordpress", "webhook", "feed", "table"}

func (d Deps) kinds(ctx context.Context) []KindView {
	var ks []KindView
	for _, k := range d.Sources.Registry.Kinds() {
		if page.Lang(ctx).Has("source." + k + ".name") {
			ks = append(ks, kindView(ctx, d.Sources.Registry[k].Describe()))
		}
	}
	place := func(k KindView) int {
		if i := slices.Index(first, k.Kind); i >= 0 {
			return i
		}
		return len(first)
	}
	slices.SortStableFunc(ks, func(a, b KindView) int {
		return cmp.Or(cmp.Compare(place(a), place(b)), cmp.Compare(a.Name, b.Name))
	})
	return ks
}

func kindView(ctx context.Context, about source.Description) KindView {
	k := KindView{Description: about, Name: kindName(ctx, about.Kind)}
	if id := "source." + about.Kind + ".about"; page.Lang(ctx).Has(id) {
		k.About = page.T(ctx, id)
	}
	for _, v := range verbs {
		switch {
		case about.Capabilities[v].Can:
			k.Can = append(k.Can, v)
		case v != source.Unhide && v != source.Restore && v != source.Approve:
			k.Cannot = append(k.Cannot, v)
		}
	}
	return k
}

func verbNames(ctx context.Context, vs []source.Verb) string {
	var out []string
	for _, v := range vs {
		out = append(out, page.T(ctx, "sources.verb."+string(v)))
	}
	return strings.Join(out, ", ")
}

func (d Deps) choose(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	if err := access.CheckAny(ctx, access.ManageSources); err != nil {
		session.Fail(w, r, err)
		return
	}
	session.Render(w, r, http.StatusOK, choosePage(d.kinds(ctx)))
}

// FormView is the second step: the settings.
type FormView struct {
	KindView
	Firms    []page.Firm
	Firm     string
	Channel  string // its name, as typed
	Settings source.Settings
	Err      error
}

func (d Deps) formView(r *http.Request) (FormView, error) {
	ctx := r.Context()
	if err := access.CheckAny(ctx, access.ManageSources); err != nil {
		return FormView{}, err
	}
	k, err := d.Sources.Registry.Find(r.PathValue("kind"))
	if err != nil {
		return FormView{}, fault.Missing("source")
	}
	v := FormView{KindView: kindView(ctx, k.Describe()), Firms: managed(ctx), Firm: page.FrameFrom(ctx).Firm, Settings: source.Settings{}}
	for _, f := range v.Fields {
		v.Settings[f.Name] = f.Default
	}
	return v, nil
}

func (d Deps) form(w http.ResponseWriter, r *http.Request) {
	v, err := d.formView(r)
	switch {
	case err != nil:
		session.Fail(w, r, err)
	case isImport(v.Kind):
		http.Redirect(w, r, ImportPath, http.StatusSeeOther)
	default:
		session.Render(w, r, http.StatusOK, formPage(v))
	}
}

func (d Deps) connect(w http.ResponseWriter, r *http.Request) {
	v, err := d.formView(r)
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	in := typed(r, v.Description)
	v.Settings, v.Firm = public(in, v.Description), r.PostFormValue("firm")
	v.Channel = shorten(r.PostFormValue("name"))
	if v.Kind == webhook.Kind && in["secret"] == "" {
		in["secret"] = webhook.NewSecret()
	}
	if v.Firm == "" {
		v.Err = fault.New(fault.Invalid, "sources.firm").On("firm")
		session.Render(w, r, http.StatusUnprocessableEntity, formPage(v))
		return
	}
	src, report, err := d.Sources.Connect(r.Context(), v.Firm, v.Kind, v.Channel, in)
	switch {
	case err == nil:
	case mendable(err):
		v.Err = err
		session.Render(w, r, http.StatusUnprocessableEntity, formPage(v))
		return
	default:
		session.Fail(w, r, err)
		return
	}
	me := Welcome{ID: src.ID, Title: report.Title, Account: report.Account, Entries: report.Entries, Notes: report.Notes}
	if v.Kind == webhook.Kind {
		me.Secret = in["secret"]
	}
	remember(w, r, me)
	http.Redirect(w, r, "/sources/connected/"+url.PathEscape(src.ID), http.StatusSeeOther)
}

// Welcome is what the check found out and, for a webhook, its key. It travels in the browser's own cookie to the next
// page and is forgotten there: the key is shown once.
type Welcome struct {
	ID      string
	Secret  string   `json:",omitempty"`
	Again   bool     `json:",omitempty"` // a new key for a channel that was there
	Title   string   `json:",omitempty"`
	Account string   `json:",omitempty"`
	Entries int      `json:",omitempty"`
	Notes   []string `json:",omitempty"`
}

const welcomeCookie = "connected"

func remember(w http.ResponseWriter, r *http.Request, me Welcome) {
	me.Title, me.Account = shorten(me.Title), shorten(me.Account)
	raw, err := json.Marshal(me)
	if err == nil {
		session.Keep(w, r, welcomeCookie, base64.RawURLEncoding.EncodeToString(raw))
	}
}

func recall(w http.ResponseWriter, r *http.Request, id string) (me Welcome) {
	raw, err := base64.RawURLEncoding.DecodeString(session.Kept(r, welcomeCookie))
	if err != nil || json.Unmarshal(raw, &me) != nil || me.ID != id {
		return Welcome{}
	}
	session.Forget(w, r, welcomeCookie)
	return me
}

// WelcomeView is the third step: what happens next.
type WelcomeView struct {
	Channel
	Welcome
	Hook  string
	Notes []string // texts
}

func (d Deps) connected(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	src, err := d.find(r)
	if err == nil {
		err = access.Check(ctx, access.ManageSources, src.Firm)
	}
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	v := WelcomeView{Channel: d.channel(ctx, src), Welcome: recall(w, r, src.ID)}
	if src.Kind == webhook.Kind {
		v.Hook = d.hook(src.ID)
	}
	for _, id := range v.Welcome.Notes {
		if page.Lang(ctx).Has(id) { // the cookie is the visitor's own, and so may be anything
			v.Notes = append(v.Notes, page.T(ctx, id))
		}
	}
	session.Render(w, r, http.StatusOK, connectedPage(v))
}

// curl is a delivery that a person can send from a terminal to try the address.
func curl(hook, secret string) string {
	return `SECRET='` + secret + `'
BODY='{"items":[{"external_id":"test-1","text":"Test","author":{"name":"Test"}}]}'
ID="test-$(date +%s)"; TIME=$(date +%s)
KEY=$(printf %s "${SECRET#whsec_}" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n')
SIGN=$(printf '%s.%s.%s' "$ID" "$TIME" "$BODY" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$KEY" -binary | openssl base64 -A)
curl -sS '` + hook + `' -H "webhook-id: $ID" -H "webhook-timestamp: $TIME" \
  -H "webhook-signature: v1,$SIGN" -H 'Content-Type: application/json' --data-binary "$BODY"`
}
