// Package duty is the page of duty: who watches when, whom an alarm wakes, what one duty tells the next, and how the
// signed-in person can be reached.
package duty

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"chop/internal/access"
	"chop/internal/alert"
	"chop/internal/fault"
	"chop/internal/firm"
	"chop/internal/lang"
	"chop/internal/oncall"
	"chop/internal/web/page"
	"chop/internal/web/session"
)

// Deps is what the page calls.
type Deps struct {
	Firms  *firm.Store
	Duty   *oncall.Store
	Alerts *alert.Store
}

// Mount puts the page under its address.
func Mount(mux *http.ServeMux, d Deps) {
	mux.HandleFunc("GET /duty", d.show)
	for path, verb := range map[string]func(context.Context, form) (string, error){
		"shift": d.addShift, "shift/remove": d.removeShift, "rota": d.setRota, "policy": d.setPolicy, "note": d.handOver,
		"contact": d.addContact, "contact/code": d.sendCode, "contact/verify": d.verify, "contact/switch": d.switchContact,
		"contact/remove": d.removeContact,
	} {
		mux.HandleFunc("POST /duty/"+path, d.post(path, verb))
	}
}

// View is the page.
type View struct {
	Firm     *firm.Firm // chosen; nil shows the list of firms
	Firms    []Brief
	On       string // name of whoever is on duty now, "" for nobody
	Until    time.Time
	Days     []Day
	Gaps     []oncall.Gap
	Rota     oncall.Rota
	Policy   oncall.Policy
	Members  []oncall.Member // who may be woken
	Notes    []Note
	Manage   bool
	Contacts []oncall.Contact
	Kinds    []string // of channels that are configured
	Form     form
}

// Brief is one firm in the list.
type Brief struct {
	ID, Name, On string
	Until        time.Time
	Gaps         int
}

// Day is the shifts that begin on one day.
type Day struct {
	At     time.Time
	Shifts []Turn
}

// Turn is one shift with the person's name.
type Turn struct {
	oncall.Shift
	Name string
	Now  bool
}

// Note is a handover note with its author's name.
type Note struct {
	oncall.Note
	Name string
}

// form is what a person sent, kept when it was wrong.
type form struct {
	part string
	url.Values
	err error
}

// val is what was typed in the part, or what stands now.
func (f form) val(part, name, now string) string {
	if f.part == part && f.err != nil {
		return f.Get(name)
	}
	return now
}

// errFor is the error when it belongs to the part.
func (f form) errFor(part string) error {
	if f.part == part {
		return f.err
	}
	return nil
}

const shownDays = 7

func (d Deps) show(w http.ResponseWriter, r *http.Request) { d.render(w, r, form{}) }

func (d Deps) render(w http.ResponseWriter, r *http.Request, f form) {
	v, err := d.view(r.Context(), f)
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	status := http.StatusOK
	if f.err != nil {
		status = session.Status(f.err)
	}
	session.Render(w, r, status, dutyPage(v))
}

// post carries out a verb; what a person can put right comes back with the page and their input.
func (d Deps) post(part string, verb func(context.Context, form) (string, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		f := form{part: part}
		if err := r.ParseForm(); err != nil {
			session.Fail(w, r, fault.New(fault.Invalid, "duty.form").Because(err))
			return
		}
		f.Values = r.PostForm
		says, err := verb(r.Context(), f)
		switch {
		case fault.Is(err, fault.Invalid), fault.Is(err, fault.Conflict), fault.Is(err, fault.Unavailable):
			f.err = err
			d.render(w, r, f)
		case err != nil:
			session.Fail(w, r, err)
		default:
			session.Flash(w, r, page.Flash{Text: page.T(r.Context(), says)})
			to := "/duty"
			if id := f.Get("firm"); id != "" {
				to += "?firm=" + url.QueryEscape(id)
			}
			http.Redirect(w, r, to, http.StatusSeeOther)
		}
	}
}

func (d Deps) view(ctx context.Context, f form) (v View, err error) {
	v.Form, v.Kinds = f, d.Alerts.Configured()
	if v.Contacts, err = d.Duty.MyContacts(ctx); err != nil {
		return v, err
	}
	firms, err := d.Firms.List(ctx)
	if err != nil {
		return v, err
	}
	chosen := cmp.Or(f.Get("firm"), page.FrameFrom(ctx).Firm)
	for _, x := range firms {
		if x.ID == chosen && access.From(ctx).Holds(access.ViewDuty, x.ID) {
			v.Firm = &x
			return v, d.one(ctx, &v)
		}
	}
	return v, d.all(ctx, firms, &v)
}

// all lists the firms in which the principal may see duty.
func (d Deps) all(ctx context.Context, firms []firm.Firm, v *View) error {
	now := page.FrameFrom(ctx).Now
	for _, x := range firms {
		if !access.From(ctx).Holds(access.ViewDuty, x.ID) {
			continue
		}
		b := Brief{ID: x.ID, Name: x.Name}
		sh, on, err := d.Duty.OnDuty(ctx, x.ID, now)
		if err != nil {
			return err
		}
		if on {
			roster, err := d.Duty.Roster(ctx, x.ID)
			if err != nil {
				return err
			}
			b.On, b.Until = nameOf(roster, sh.User), sh.To
		}
		gaps, err := d.Duty.Warn(ctx, x.ID)
		if err != nil {
			return err
		}
		b.Gaps = len(gaps)
		v.Firms = append(v.Firms, b)
	}
	return nil
}

func (d Deps) one(ctx context.Context, v *View) error {
	id, now := v.Firm.ID, page.FrameFrom(ctx).Now
	v.Manage = access.From(ctx).Holds(access.ManageDuty, id)
	roster, err := d.Duty.Roster(ctx, id)
	if err != nil {
		return err
	}
	for _, m := range roster {
		if m.Wakes() {
			v.Members = append(v.Members, m)
		}
	}
	if v.Rota, v.Policy, err = d.Duty.Setup(ctx, id); err != nil {
		return err
	}
	cal, err := d.Duty.Calendar(ctx, id, now, now.Add(shownDays*24*time.Hour))
	if err != nil {
		return err
	}
	v.days(cal, roster, now)
	sh, on, err := d.Duty.OnDuty(ctx, id, now)
	if err != nil {
		return err
	}
	if on {
		v.On, v.Until = nameOf(roster, sh.User), sh.To
	}
	if v.Gaps, err = d.Duty.Warn(ctx, id); err != nil {
		return err
	}
	notes, err := d.Duty.Notes(ctx, id, 5)
	for _, n := range notes {
		v.Notes = append(v.Notes, Note{n, nameOf(roster, n.By)})
	}
	return err
}

// days puts the shifts under the day they begin on.
func (v *View) days(cal []oncall.Shift, roster []oncall.Member, now time.Time) {
	for _, s := range cal {
		day := s.From.In(lang.Zone).Format(time.DateOnly)
		n := len(v.Days) - 1
		if n < 0 || v.Days[n].At.In(lang.Zone).Format(time.DateOnly) != day {
			v.Days = append(v.Days, Day{At: s.From})
			n++
		}
		v.Days[n].Shifts = append(v.Days[n].Shifts, Turn{s, nameOf(roster, s.User), s.Holds(now)})
	}
}

func nameOf(roster []oncall.Member, user string) string {
	for _, m := range roster {
		if m.ID == user {
			return m.Name
		}
	}
	return ""
}

const localTime = "2006-01-02T15:04"

func local(s string) time.Time {
	t, err := time.ParseInLocation(localTime, s, lang.Zone)
	if err != nil {
		return time.Time{}
	}
	return t
}

func (d Deps) addShift(ctx context.Context, f form) (string, error) {
	_, err := d.Duty.AddShift(ctx, oncall.Shift{Firm: f.Get("firm"), User: f.Get("user"), From: local(f.Get("from")), To: local(f.Get("to")), Note: f.Get("note")})
	return "duty.done.shift", err
}

func (d Deps) removeShift(ctx context.Context, f form) (string, error) {
	return "duty.done.removed", d.Duty.RemoveShift(ctx, f.Get("firm"), f.Get("id"))
}

func (d Deps) setRota(ctx context.Context, f form) (string, error) {
	r := oncall.Rota{Rotation: f.Get("rotation")}
	if r.Rotation != "" {
		for _, u := range f.Values["turn"] {
			if u != "" {
				r.Users = append(r.Users, u)
			}
		}
		hour, err := strconv.Atoi(f.Get("hour"))
		if err != nil || len(r.Users) == 0 {
			return "", fault.New(fault.Invalid, "oncall.rota").On("turn")
		}
		r.Hour = hour
		if r.Start, err = time.ParseInLocation(time.DateOnly, f.Get("start"), lang.Zone); err != nil {
			return "", fault.New(fault.Invalid, "oncall.rota").On("start")
		}
	}
	return "duty.done.rota", d.Duty.SetRota(ctx, f.Get("firm"), r, f.Get("why"))
}

// pairs is how the steps of a policy stand in the form: one target a row.
type pair struct {
	After  string
	Target string
}

func (v View) pairs() (ps []pair) {
	if v.Form.part == "policy" && v.Form.err != nil {
		after, target := v.Form.Values["after"], v.Form.Values["target"]
		for i := range min(len(after), len(target)) {
			ps = append(ps, pair{after[i], target[i]})
		}
		return ps
	}
	for _, s := range v.Policy.Steps {
		for _, t := range s.Targets {
			ps = append(ps, pair{strconv.Itoa(s.After), t})
		}
	}
	return append(ps, pair{}, pair{})
}

func (d Deps) setPolicy(ctx context.Context, f form) (string, error) {
	p, err := policy(f.Values)
	if err != nil {
		return "", err
	}
	return "duty.done.policy", d.Duty.SetPolicy(ctx, f.Get("firm"), p, f.Get("why"))
}

// policy reads the form: rows without a target are left out, rows of the same minute make one step.
func policy(v url.Values) (p oncall.Policy, err error) {
	if v.Get("default") != "" {
		return p, nil
	}
	bad := fault.New(fault.Invalid, "oncall.policy").On("policy")
	after, target := v["after"], v["target"]
	if len(after) != len(target) || len(after) > 100 {
		return p, bad
	}
	steps := map[int][]string{}
	for i, t := range target {
		if t == "" {
			continue
		}
		n, err := strconv.Atoi(strings.TrimSpace(after[i]))
		if err != nil {
			return p, bad
		}
		if !slices.Contains(steps[n], t) {
			steps[n] = append(steps[n], t)
		}
	}
	for n, ts := range steps {
		p.Steps = append(p.Steps, oncall.Step{After: n, Targets: ts})
	}
	slices.SortFunc(p.Steps, func(a, b oncall.Step) int { return cmp.Compare(a.After, b.After) })
	if p.Repeat, err = strconv.Atoi(v.Get("repeat")); err != nil {
		return p, bad
	}
	if p.Wait, err = strconv.Atoi(v.Get("wait")); err != nil || len(p.Steps) == 0 {
		return p, bad
	}
	return p.Clean()
}

func (d Deps) handOver(ctx context.Context, f form) (string, error) {
	_, err := d.Duty.HandOver(ctx, f.Get("firm"), f.Get("text"))
	return "duty.done.note", err
}

// addContact saves the contact and sends it the code at once. A contact that cannot be reached stays, and says why.
func (d Deps) addContact(ctx context.Context, f form) (string, error) {
	c, err := d.Duty.AddContact(ctx, oncall.Contact{Kind: f.Get("kind"), Address: strings.TrimSpace(f.Get("address")), Secret: f.Get("secret")})
	if err != nil {
		return "", err
	}
	return "duty.done.code", d.Alerts.SendCode(ctx, c.ID, page.Lang(ctx))
}

func (d Deps) sendCode(ctx context.Context, f form) (string, error) {
	return "duty.done.code", d.Alerts.SendCode(ctx, f.Get("id"), page.Lang(ctx))
}

func (d Deps) verify(ctx context.Context, f form) (string, error) {
	return "duty.done.verified", d.Duty.Verify(ctx, f.Get("id"), strings.TrimSpace(f.Get("code")))
}

func (d Deps) switchContact(ctx context.Context, f form) (string, error) {
	return "duty.done.switched", d.Duty.EnableContact(ctx, f.Get("id"), f.Get("on") == "yes")
}

func (d Deps) removeContact(ctx context.Context, f form) (string, error) {
	return "duty.done.forgotten", d.Duty.RemoveContact(ctx, f.Get("id"))
}
