package ownrule_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"chop/internal/access"
	"chop/internal/app"
	"chop/internal/classify"
	"chop/internal/db/dbtest"
	"chop/internal/fault"
	"chop/internal/firm"
	"chop/internal/lang"
	"chop/internal/mention"
	"chop/internal/ownrule"
	"chop/internal/reason"
	"chop/internal/source"
)

// plain reads a few words: what it says is known to the tests, whatever engines learn.
type plain struct{}

func (plain) Name() string { return "plain/1" }

func (plain) Classify(_ context.Context, ts []classify.Text) ([]classify.Result, error) {
	var out []classify.Result
	for _, t := range ts {
		r := classify.Result{ID: t.ID, Lang: "pl", Engine: "plain/1", Labels: []classify.Scored{{Label: classify.Neutral, Score: 0.6}}}
		for _, x := range []struct {
			word  string
			label classify.Label
		}{{"gumiak", classify.Insult}, {"spalę", classify.Threat}, {"?", classify.Question}} {
			if strings.Contains(strings.ToLower(t.Text), x.word) {
				r.Labels, r.Severity = []classify.Scored{{Label: x.label, Score: 0.9}}, classify.Gravity(x.label)
				r.Reasons = []reason.Reason{{Rule: string(x.label) + ".word", Weight: 0.9}}
				break
			}
		}
		out = append(out, r)
	}
	return out, nil
}

// world is one installation with a firm and a source that the test fills.
type world struct {
	*app.Rooms
	t     *testing.T
	clock *dbtest.Clock
	firm  string
	src   source.Source
	n     int
}

func each(t *testing.T, f func(t *testing.T, w *world)) {
	t.Run("sqlite", func(t *testing.T) { f(t, open(t, "")) })
	t.Run("postgres", func(t *testing.T) { f(t, open(t, dbtest.PostgresURL(t))) })
}

func open(t *testing.T, url string) *world {
	t.Helper()
	w := &world{t: t, clock: dbtest.NewClock()}
	var err error
	w.Rooms, err = app.Open(t.Context(), app.Config{Data: t.TempDir(), DB: url, Origin: "https://chop.example", Now: w.clock.Now}, "test")
	w.ok(err)
	t.Cleanup(w.Rooms.Close)
	w.Labels.Engine = plain{}
	f, err := w.Firms.Create(w.system(), firm.Firm{Name: "Manufaktura Lniana", Lang: lang.PL})
	w.ok(err)
	w.firm = f.ID
	w.src, _, err = w.Sources.Connect(w.system(), f.ID, "webhook", "Sklep", source.Settings{"secret": "whsec_" + base64.StdEncoding.EncodeToString(make([]byte, 32))})
	w.ok(err)
	return w
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) system() context.Context { return access.With(w.t.Context(), access.System("*")) }

func (w *world) as(name string, r access.Role) context.Context {
	return access.With(w.t.Context(), access.Principal{User: "u-" + name, Name: name, Firms: map[string]access.Role{w.firm: r}})
}

func (w *world) ewa() context.Context { return w.as("Ewa", access.Guardian) }

func (w *world) work() {
	w.t.Helper()
	w.ok(w.Jobs.Drain(w.system()))
}

// writes takes in comments and lets them be read.
func (w *world) writes(texts ...string) []string {
	w.t.Helper()
	return w.under("", texts...)
}

// under takes in comments that answer another one, which is the nth.
func (w *world) under(parent string, texts ...string) []string {
	w.t.Helper()
	var b source.Batch
	for _, text := range texts {
		w.n++
		b.Items = append(b.Items, source.Item{ExternalID: fmt.Sprint("c", w.n), ParentID: parent, Kind: source.KindComment,
			Post: source.Post{ExternalID: "p1", Title: "Zima"}, Author: source.Account{ExternalID: fmt.Sprint("a", w.n), Name: "Gość"}, Text: text, At: w.clock.Now()})
	}
	e, err := w.Mentions.Intake(w.system(), w.src, b)
	w.ok(err)
	w.work()
	return e.New
}

// is checks labels and severity of a mention, in its list and in its reading.
func (w *world) is(id string, severity int, want ...classify.Label) classify.Result {
	w.t.Helper()
	m, err := w.Mentions.Find(w.ewa(), w.firm, id)
	w.ok(err)
	var list []classify.Label
	for _, l := range m.Labels {
		list = append(list, classify.Label(l))
	}
	r, err := w.Labels.Of(w.ewa(), w.firm, id)
	w.ok(err)
	v := classify.VerdictOf(r)
	if !slices.Equal(list, want) || !slices.Equal(v.Labels, want) || v.Severity != severity || m.Severity != severity {
		w.t.Errorf("%q is %v %d in the list and %v %d when read, want %v %d", m.Text, list, m.Severity, v.Labels, v.Severity, want, severity)
	}
	return r
}

// status is where a mention stands.
func (w *world) status(id string) mention.Status {
	w.t.Helper()
	m, err := w.Mentions.Find(w.ewa(), w.firm, id)
	w.ok(err)
	return m.Status
}

func (w *world) written(in ownrule.Set) ownrule.Rule {
	w.t.Helper()
	r, err := w.OwnRules.Write(w.ewa(), w.firm, "", 0, in)
	w.ok(err)
	return r
}

func (w *world) tried(r ownrule.Rule) ownrule.Trial {
	w.t.Helper()
	t, err := w.OwnRules.Try(w.ewa(), w.firm, r.ID, r.Version)
	w.ok(err)
	return t
}

func (w *world) newest(id string) ownrule.Rule {
	w.t.Helper()
	vs, err := w.OwnRules.Versions(w.ewa(), w.firm, id)
	w.ok(err)
	return vs[0]
}

func code(err error) string {
	var f *fault.Error
	if errors.As(err, &f) {
		return f.Code
	}
	return fmt.Sprint(err)
}

var farewell = ownrule.Set{Name: "Odejście klienta", Words: "żegnamy was, rezygnuję z usług", Unless: "żart", Does: ownrule.Adds, Label: classify.Complaint}

func TestARuleIsWrittenTriedPutLiveAndOff(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ewa := w.ewa()
		old := w.writes("Żegnam was, to koniec.", "Żegnamy was, ale to żart.", "Ładny obrus.", "Zegnamy was gumiaki", "Rezygnuje z waszych uslug")
		w.ok(w.Labels.Correct(ewa, w.firm, old[3], []classify.Label{classify.Insult}, 2, "zwykła obelga"))
		w.work()
		r := w.written(farewell)
		if r.Version != 1 || r.State != ownrule.Draft || r.By != "Ewa" {
			t.Fatalf("%+v", r)
		}
		if err := w.OwnRules.GoLive(ewa, w.firm, r.ID, 1, "bo tak trzeba", false); code(err) != "ownrule.untried" {
			t.Errorf("live without a trial: %v", err)
		}
		got := w.tried(r)
		if want := (ownrule.Trial{Looked: 5, Touched: 3, Changed: 2, Person: 1, Against: 1, By: "Ewa"}); got != want {
			t.Errorf("trial %+v, want %+v", got, want)
		}
		w.is(old[0], 0, classify.Neutral) // a trial changes nothing
		list, err := w.OwnRules.Examples(ewa, w.firm, r.ID, 1)
		w.ok(err)
		if len(list) != 3 || list[0].Mention != old[4] || !list[0].Changes() || !list[1].Against || !list[1].Person || list[1].Changes() || !list[2].After.Has(classify.Complaint) {
			t.Errorf("examples %+v", list)
		}
		if err := w.OwnRules.GoLive(ewa, w.firm, r.ID, 1, " ", false); code(err) != "why" {
			t.Errorf("live without a reason: %v", err)
		}
		w.ok(w.OwnRules.GoLive(ewa, w.firm, r.ID, 1, "klienci tak się żegnają", false))
		w.work()
		w.is(old[0], 0, classify.Neutral)
		now := w.writes("No to żegnamy Was", "Żegnamy was? Nie, to żart")
		read := w.is(now[0], 2, classify.Complaint)
		if why := read.Reasons[len(read.Reasons)-1]; why.Rule != "rule.own" || why.Facts["name"] != "Odejście klienta" || why.Facts["word"] != "żegnamy Was" || why.Span.From != 6 {
			t.Errorf("the reason is %+v", why)
		}
		w.is(now[1], 2, classify.Question, classify.Complaint)
		if again := w.tried(r); again.Touched != 5 || again.Changed != 4 || again.Lost != 0 {
			t.Errorf("tried again while live: %+v", again)
		}
		w.ok(w.OwnRules.SwitchOff(ewa, w.firm, r.ID, false))
		w.is(w.writes("żegnamy was wszyscy")[0], 0, classify.Neutral)
		if err := w.OwnRules.SwitchOff(ewa, w.firm, r.ID, false); code(err) != "ownrule.off" {
			t.Errorf("off twice: %v", err)
		}
		if verbs := w.verbs(); verbs != "firm.rule_off firm.rule_tried firm.rule_live firm.rule_tried firm.rule_written" {
			t.Errorf("on record: %s", verbs)
		}
	})
}

// verbs is what the journal says of rules, newest first.
func (w *world) verbs() string {
	w.t.Helper()
	lines, err := w.Journal.Of(w.ewa(), access.ViewMentions, w.firm, reason.Ref{Kind: "firm", ID: w.firm})
	w.ok(err)
	var vs []string
	for _, l := range lines {
		if strings.HasPrefix(l.Verb, "firm.rule_") {
			vs = append(vs, l.Verb)
		}
	}
	slices.Reverse(vs)
	return strings.Join(vs, " ")
}

func TestTheLastNinetyDaysFollowWhenAskedAndWakeNobody(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ewa := w.ewa()
		ancient := w.writes("żegnamy was dawno")[0]
		w.clock.Forward(80 * 24 * time.Hour)
		old := w.writes("żegnamy was wczoraj i przedwczoraj", "a to gumiak, żegnamy was")
		w.clock.Forward(72 * time.Hour)
		w.ok(w.Labels.Correct(ewa, w.firm, old[1], []classify.Label{classify.Satire}, 0, "żart między znajomymi"))
		fresh := w.writes("żegnamy was dziś")[0]
		w.clock.Forward(10 * 24 * time.Hour) // ancient is out of reach
		newer := w.writes("żegnamy was teraz")[0]
		alarm := farewell
		alarm.Label = classify.Threat
		r := w.written(alarm)
		if got := w.tried(r); got.Looked != 4 || got.Touched != 4 || got.Urgent != 3 || got.Person != 1 {
			t.Errorf("%+v", got)
		}
		w.ok(w.OwnRules.GoLive(ewa, w.firm, r.ID, 1, "sprawdzone z prawnikiem", true))
		w.work()
		w.is(ancient, 0, classify.Neutral)
		w.is(old[0], 4, classify.Threat)
		w.is(old[1], 0, classify.Satire)
		w.is(fresh, 4, classify.Threat)
		w.is(newer, 4, classify.Threat)
		if w.status(old[0]) != mention.Quiet || w.status(fresh) != mention.Quiet || w.status(newer) != mention.Open {
			t.Errorf("old %s, of ten days ago %s, new %s", w.status(old[0]), w.status(fresh), w.status(newer))
		}
		if v := w.newest(r.ID); v.Reworked != 3 || v.ReworkAt.IsZero() || v.AskedAt.IsZero() {
			t.Errorf("%+v", v)
		}
		w.ok(w.Labels.Withdraw(ewa, w.firm, old[1])) // the person's word goes, the rule's stands
		w.work()
		w.is(old[1], 4, classify.Threat, classify.Insult)
		w.ok(w.OwnRules.SwitchOff(ewa, w.firm, r.ID, true))
		w.work()
		for _, id := range []string{old[0], fresh, newer} {
			w.is(id, 0, classify.Neutral)
		}
		w.is(old[1], 2, classify.Insult)
		if cases, err := w.Cases.List(w.system(), w.firm, false); err != nil || len(cases) > 1 {
			t.Errorf("%d cases, %v: old comments woke somebody", len(cases), err)
		}
	})
}

func TestANewVersionWaitsWhileTheOldOneWorks(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ewa := w.ewa()
		r := w.written(farewell)
		w.tried(r)
		w.ok(w.OwnRules.GoLive(ewa, w.firm, r.ID, 1, "na próbę", false))
		narrow := farewell
		narrow.Words = "żegnamy was na zawsze"
		same, err := w.OwnRules.Write(ewa, w.firm, r.ID, 1, farewell)
		w.ok(err)
		if same.Version != 1 {
			t.Errorf("nothing changed, and it is version %d", same.Version)
		}
		second, err := w.OwnRules.Write(ewa, w.firm, r.ID, 1, narrow)
		w.ok(err)
		if _, err := w.OwnRules.Write(ewa, w.firm, r.ID, 1, ownrule.Set{Name: "inna", Words: "x", Does: ownrule.Raises, Severity: 1}); code(err) != "ownrule.twice" {
			t.Errorf("two wrote at once: %v", err)
		}
		a := w.writes("żegnamy was")[0]
		w.is(a, 2, classify.Complaint)
		if got := w.tried(second); got.Touched != 0 || got.Lost != 1 || got.Changed != 1 {
			t.Errorf("%+v", got)
		}
		if err := w.OwnRules.GoLive(ewa, w.firm, r.ID, 1, "wracam", false); code(err) != "ownrule.newer" {
			t.Errorf("an old version went live: %v", err)
		}
		if _, err := w.OwnRules.Try(ewa, w.firm, r.ID, 1); code(err) != "ownrule.newer" {
			t.Errorf("an old version was tried: %v", err)
		}
		list, err := w.OwnRules.List(ewa, w.firm)
		w.ok(err)
		if len(list) != 1 || list[0].Version != 2 || list[0].Live == nil || list[0].Live.Version != 1 {
			t.Errorf("%+v", list)
		}
		w.clock.Forward(ownrule.TrialHolds)
		if err := w.OwnRules.GoLive(ewa, w.firm, r.ID, 2, "węższa", false); code(err) != "ownrule.untried" {
			t.Errorf("live on an old trial: %v", err)
		}
		w.tried(second)
		w.ok(w.OwnRules.GoLive(ewa, w.firm, r.ID, 2, "węższa", false))
		w.is(w.writes("żegnamy was jutro")[0], 0, classify.Neutral)
		w.is(w.writes("żegnamy was na zawsze")[0], 2, classify.Complaint)
		vs, err := w.OwnRules.Versions(ewa, w.firm, r.ID)
		w.ok(err)
		if vs[0].State != ownrule.Live || vs[1].State != ownrule.Off || vs[1].Trial.By != "Ewa" {
			t.Errorf("%+v", vs)
		}
	})
}

func TestConditionsOfTheRealWorld(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, in := range []ownrule.Set{
			{Name: "w sklepie", Words: "żegnamy was", Does: ownrule.Raises, Severity: 3, Channel: "webhook"},
			{Name: "gdzie indziej", Words: "żegnamy was", Does: ownrule.Raises, Severity: 4, Channel: "wordpress"},
			{Name: "pod pytaniem", Words: "żegnamy was", Does: ownrule.Adds, Label: classify.Trolling, UnderQuestion: true},
		} {
			r := w.written(in)
			w.tried(r)
			w.ok(w.OwnRules.GoLive(w.ewa(), w.firm, r.ID, 1, "jest potrzebna", false))
		}
		w.writes("Czy macie obrusy?")
		w.is(w.under("c1", "żegnamy was")[0], 3, classify.Trolling)
		w.is(w.writes("żegnamy was")[0], 3, classify.Neutral)
	})
}

func TestWhoMayAndWhatIsRefused(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		r := w.written(farewell)
		for _, role := range []access.Role{access.Staff, access.Lawyer} {
			ctx := w.as("Kasia", role)
			for name, err := range map[string]error{
				"write": second(w.OwnRules.Write(ctx, w.firm, "", 0, farewell)), "try": second(w.OwnRules.Try(ctx, w.firm, r.ID, 1)),
				"live": w.OwnRules.GoLive(ctx, w.firm, r.ID, 1, "bo tak", false), "off": w.OwnRules.SwitchOff(ctx, w.firm, r.ID, false),
			} {
				if !fault.Is(err, fault.Forbidden) {
					t.Errorf("%s may %s: %v", role, name, err)
				}
			}
			_, err := w.OwnRules.List(ctx, w.firm)
			if (role == access.Staff) != (err == nil) {
				t.Errorf("%s lists: %v", role, err)
			}
		}
		stranger := access.With(t.Context(), access.Principal{User: "u-x", Name: "X", Firms: map[string]access.Role{"other": access.Guardian}})
		if _, err := w.OwnRules.Versions(stranger, w.firm, r.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("a stranger sees the rule: %v", err)
		}
		other, err := w.Firms.Create(w.system(), firm.Firm{Name: "Kwiaciarnia", Lang: lang.PL})
		w.ok(err)
		if _, err := w.OwnRules.Versions(w.system(), other.ID, r.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("the rule belongs to another firm too: %v", err)
		}
		if err := w.OwnRules.SwitchOff(w.ewa(), w.firm, "no-such", false); !fault.Is(err, fault.NotFound) {
			t.Errorf("off what is not: %v", err)
		}
		change := func(f func(*ownrule.Set)) ownrule.Set { s := farewell; f(&s); return s }
		for want, in := range map[string]ownrule.Set{
			"ownrule.name":      change(func(s *ownrule.Set) { s.Name = "\u202e .!" }),
			"ownrule.name_long": change(func(s *ownrule.Set) { s.Name = strings.Repeat("ą", 81) }),
			"ownrule.words":     change(func(s *ownrule.Set) { s.Words = " \u2066\n" }),
			"phrase.empty":      change(func(s *ownrule.Set) { s.Words = "?!, ..." }),
			"phrase.long":       change(func(s *ownrule.Set) { s.Unless = strings.Repeat("x", 10<<20) }),
			"phrase.many":       change(func(s *ownrule.Set) { s.Words = strings.Repeat("a b ", 7) }),
			"ownrule.safety":    change(func(s *ownrule.Set) { s.Does, s.Label = ownrule.Takes, classify.Threat }),
			"ownrule.neutral":   change(func(s *ownrule.Set) { s.Label = classify.Neutral }),
			"ownrule.label":     change(func(s *ownrule.Set) { s.Label = "'; DROP TABLE own_rule" }),
			"ownrule.does":      change(func(s *ownrule.Set) { s.Does = "delete" }),
			"ownrule.severity":  change(func(s *ownrule.Set) { s.Does = ownrule.Raises }),
			"ownrule.channel":   change(func(s *ownrule.Set) { s.Channel = "telegraph" }),
			"ownrule.stars":     change(func(s *ownrule.Set) { s.Stars = 6 }),
		} {
			if _, err := w.OwnRules.Write(w.ewa(), w.firm, "", 0, in); code(err) != want || !fault.Is(err, fault.Invalid) {
				t.Errorf("%s: %v", want, err)
			}
		}
		kept := w.written(ownrule.Set{Name: "\u202eZła\x00 <b>nazwa</b>\xff", Words: "<script>\u2067alert</script>\r\n", Does: ownrule.Raises, Severity: 2, Label: "x"})
		if kept.Name != "Zła <b>nazwa</b>" || kept.Words != "<script>alert</script>" || kept.Label != "" {
			t.Errorf("kept %+v", kept.Set)
		}
	})
}

func second[T any](_ T, err error) error { return err }

func TestAFirmHasAtMostTwoHundredRules(t *testing.T) {
	w := open(t, "")
	var last ownrule.Rule
	for i := range ownrule.Most {
		in := farewell
		in.Name = fmt.Sprint("reguła ", i)
		last = w.written(in)
	}
	if _, err := w.OwnRules.Write(w.ewa(), w.firm, "", 0, farewell); code(err) != "ownrule.many" {
		t.Errorf("one more: %v", err)
	}
	in := farewell
	in.Words = "inaczej"
	if _, err := w.OwnRules.Write(w.ewa(), w.firm, last.ID, 1, in); err != nil {
		t.Errorf("the last one cannot be changed: %v", err)
	}
	w.ok(w.OwnRules.SwitchOff(w.ewa(), w.firm, last.ID, false)) // put aside
	w.written(farewell)
}
