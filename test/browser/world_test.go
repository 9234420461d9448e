package browser

import (
	"context"
	"io"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"chop/internal/access"
	"chop/internal/alert"
	"chop/internal/app"
	"chop/internal/classify"
	"chop/internal/crisis"
	"chop/internal/decision"
	"chop/internal/demo/site"
	"chop/internal/dossier"
	"chop/internal/evidence"
	"chop/internal/firm"
	"chop/internal/lang"
	"chop/internal/macro"
	"chop/internal/mention"
	"chop/internal/oncall"
	"chop/internal/ownrule"
	"chop/internal/source"
	"chop/internal/user"
	"chop/internal/wave"
)

const password = "cztery zielone sowy"

// world is the running program with two firms that know nothing of each other.
type world struct {
	t     *testing.T
	app   *app.App
	admin user.Person
	loner user.Person // an account without any firm
	firms [2]*guarded
}

// guarded is one firm: its shop, its people, and one of each thing the pages show.
type guarded struct {
	firm   firm.Firm
	shop   *site.Site
	post   int
	people map[access.Role]user.Person
	source source.Source
	second user.Person // another guardian

	hate, insult, complaint mention.Mention
	exhibit                 evidence.Exhibit
	dossier                 dossier.Package
	room                    crisis.Case
	alarm                   alert.Alert
	hidden                  decision.Decision // carried out by a deed
	waiting                 decision.Decision // for a second person
	deed                    string
	run                     mention.Import
	view                    mention.View
	offer                   user.Invitation
	shift                   oncall.Shift
	rule                    ownrule.Rule
	wave                    wave.Wave
	macro                   macro.Macro
	group                   string // id
}

func build(t *testing.T) *world {
	t.Helper()
	w := &world{t: t}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	w.ok(err)
	listen := l.Addr().String()
	w.ok(l.Close())
	w.app, err = app.New(t.Context(), app.Config{Listen: listen, Data: t.TempDir(), Allow: []string{"127.0.0.1"}, Proxy: true, Visits: 1e6,
		Timestamps: "development"}, "test", io.Discard)
	w.ok(err)
	w.ok(w.app.Start(t.Context()))
	t.Cleanup(func() { w.ok(w.app.Stop(context.Background())) })
	w.admin = w.account("Adam Zarządca", true)
	w.loner = w.account("Nikt Nigdzie", false)
	w.firms[0] = w.guard("Manufaktura Lniana", "Gdańsk", "Lniany")
	w.firms[1] = w.guard("Piekarnia Rogal", "Poznań", "Rogalowy")
	for _, g := range w.firms {
		w.live(g)
	}
	return w
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) system() context.Context { return access.With(w.t.Context(), access.System("*")) }

// as is somebody of the firm at work.
func (w *world) as(g *guarded, r access.Role) context.Context {
	p := g.people[r]
	return access.With(w.t.Context(), access.Principal{User: p.ID, Name: p.Name, Firms: map[string]access.Role{g.firm.ID: r}})
}

func (w *world) account(name string, admin bool) user.Person {
	w.t.Helper()
	p, err := w.app.Users.Add(w.system(), user.Newcomer{Name: name, Email: address(name), Password: password, Lang: lang.PL, Admin: admin})
	w.ok(err)
	return p
}

func address(name string) string {
	return strings.ToLower(strings.Map(func(r rune) rune {
		if r < 'A' || r > 'z' {
			return -1
		}
		return r
	}, name)) + "@example.test"
}

// guard takes a firm into care, with one person of each role whose surname tells the firm.
func (w *world) guard(name, city, surname string) *guarded {
	w.t.Helper()
	g := &guarded{shop: site.New(nil), people: map[access.Role]user.Person{}}
	server := httptest.NewServer(g.shop)
	w.t.Cleanup(server.Close)
	var err error
	g.firm, err = w.app.Firms.Create(w.system(), firm.Firm{Name: name, City: city, Lang: lang.PL, Settings: firm.Settings{NetiquettePublished: true, RiskAversion: 1,
		Mandate: map[string]string{"reply": firm.Tell, "delete": firm.Tell, "block": firm.Tell, "escalate_legal": firm.Tell}}})
	w.ok(err)
	for r, first := range map[access.Role]string{access.Guardian: "Ewa", access.Owner: "Joanna", access.Staff: "Kamil", access.Lawyer: "Mecenas"} {
		g.people[r] = w.account(first+" "+surname, false)
		w.ok(w.app.Users.Enrol(w.system(), g.firm.ID, g.people[r].ID, r))
	}
	g.second = w.account("Tomasz "+surname, false)
	w.ok(w.app.Users.Enrol(w.system(), g.firm.ID, g.second.ID, access.Guardian))
	g.post = g.shop.AddPost("zima", "Zima "+surname, "Nowa kolekcja.")
	for _, c := range []struct{ who, text string }{
		{"Beata", "Czy ta pościel kurczy się w praniu w 60 stopniach?"},
		{"Anna", "Na zamówienie czekałam prawie trzy tygodnie i nikt nie odpisywał na maile. Szkoda, bo len piękny."},
		{"Prawda", "Pożałujesz. Wiemy gdzie masz magazyn, jedna zapałka i po lnie."},
		{"Kamil8821", "ta właścicielka to idiotka, niech lepiej zamknie ten cyrk"},
		{"Lena", "Nie kupuj, oszuści. Mnie zbiegła się o jedną trzecią, zwrotu nie ma do dziś. https://example.test/" + strings.Repeat("bardzo-dlugi-adres-", 12)},
		{"Teresa", "Mam komplet drugi rok, po praniu coraz milszy."},
	} {
		g.shop.Comment(g.post, 0, c.who+" "+surname, c.who+"@visitor.test", "203.0.113.9", "Mozilla/5.0", c.text)
	}
	g.source, _, err = w.app.Sources.Connect(w.as(g, access.Guardian), g.firm.ID, "wordpress", "",
		source.Settings{"url": server.URL, "user": site.User, "password": site.Password})
	w.ok(err)
	return g
}

// live lets the firm have a day: what came in is read, decided on, kept, and the house is in order.
func (w *world) live(g *guarded) {
	w.t.Helper()
	ewa := w.as(g, access.Guardian)
	w.until("the comments are read and a case is open", func() bool {
		list, err := w.app.Mentions.List(ewa, mention.Filter{Firm: g.firm.ID, Limit: 50})
		w.ok(err)
		labelled := 0
		for _, m := range list {
			switch first, _, _ := strings.Cut(m.AuthorName, " "); first {
			case "Prawda":
				g.hate = m
			case "Kamil8821":
				g.insult = m
			case "Anna":
				g.complaint = m
			}
			if len(m.Labels) > 0 {
				labelled++
			}
		}
		cases, err := w.app.Cases.List(ewa, g.firm.ID, true)
		w.ok(err)
		if len(cases) > 0 {
			g.room = cases[0]
		}
		return labelled == 6 && len(cases) > 0
	})
	proofs, _, err := w.app.Evidence.List(ewa, evidence.Filter{Firm: g.firm.ID, Limit: 10})
	w.ok(err)
	g.exhibit = proofs[0]
	g.dossier, err = w.app.Dossiers.Make(ewa, g.firm.ID, dossier.Order{Exhibits: []string{g.exhibit.ID}, Recipient: "adw. <b>Anna</b> Nowak", Why: "pozew",
		Operator: "Ewa Maj", ForAuthors: "Prawdziwe zamówienie.", Lang: lang.PL})
	w.ok(err)
	alarms, err := w.app.Alerts.List(ewa, alert.Filter{Firm: g.firm.ID, Limit: 10, States: []alert.State{alert.Open, alert.Acknowledged, alert.Unanswered}})
	w.ok(err)
	g.alarm = alarms[0]
	w.decideOn(g)
	w.furnish(g)
	g.rule, err = w.app.OwnRules.Write(w.as(g, access.Guardian), g.firm.ID, "", 0,
		ownrule.Set{Name: "Bojkot", Words: "nie kupuj, <b>omijać</b>", Unless: "żart", Does: ownrule.Adds, Label: classify.Boycott, Stars: 3})
	w.ok(err)
	g.wave, err = w.app.Waves.Create(w.as(g, access.Guardian), wave.New{Plan: macro.Plan{Option: decision.Hide}, Selection: wave.Selection{Firm: g.firm.ID,
		Origin: wave.Origin{Kind: wave.ByPicks}, Picks: []string{g.insult.ID, g.complaint.ID}}})
	w.ok(err)
	g.group = w.found(g)
	g.macro, err = w.app.Macros.Save(w.as(g, access.Guardian), macro.Macro{Firm: g.firm.ID, Live: true, Name: "Obelga <b>tu</b>", Key: "1",
		Plan: macro.Plan{Option: decision.Hide, Why: "Obelga, punkt 4 zasad."}}, 0)
	w.ok(err)
	_, err = w.app.OwnRules.Try(w.as(g, access.Guardian), g.firm.ID, g.rule.ID, 1)
	w.ok(err)
}

func (w *world) decideOn(g *guarded) {
	w.t.Helper()
	ewa := w.as(g, access.Guardian)
	tomasz := access.With(w.t.Context(), access.Principal{User: g.second.ID, Name: g.second.Name, Firms: map[string]access.Role{g.firm.ID: access.Guardian}})
	choose := func(who context.Context, m mention.Mention, o decision.Option) decision.Decision {
		w.t.Helper()
		a, err := w.app.Decisions.Recommend(who, g.firm.ID, m.ID)
		w.ok(err)
		d, err := w.app.Decisions.Decide(who, decision.Choice{Firm: g.firm.ID, Mention: m.ID, Option: o, Shown: a.ID, Why: "Uzgodnione z właścicielką firmy."})
		w.ok(err)
		return d
	}
	g.hidden = choose(ewa, g.insult, decision.Hide)
	// Only because somebody else is hurt may criticism be hidden, and then only by two people.
	w.ok(w.app.Decisions.Answer(ewa, g.firm.ID, g.complaint.ID, "third_party_victim", "true"))
	g.waiting = choose(tomasz, g.complaint, decision.Hide)
	if g.waiting.State != decision.Second {
		w.t.Fatalf("hiding a complaint is %s", g.waiting.State)
	}
	w.until("the deed is planned", func() bool {
		deeds, err := w.app.Actions.ByDecision(ewa, g.firm.ID, g.hidden.ID)
		w.ok(err)
		if len(deeds) == 1 {
			g.deed = string(deeds[0].ID)
		}
		return len(deeds) == 1
	})
}

// furnish fills the rest of the house.
func (w *world) furnish(g *guarded) {
	w.t.Helper()
	ewa := w.as(g, access.Guardian)
	w.ok(w.app.Cases.Accept(ewa, g.firm.ID, g.room.ID))
	var err error
	g.run, err = w.app.Importer.Receive(ewa, g.firm.ID, "opinie.csv", strings.NewReader("id;autor;tekst;data\n1;Ola;Super;2026-01-02\n2;Iga;;2026-13-45\n"))
	w.ok(err)
	g.view, err = w.app.Mentions.SaveView(ewa, mention.View{Firm: g.firm.ID, Name: "Moje", Query: "label=threat"})
	w.ok(err)
	g.offer, err = w.app.Users.Invite(ewa, g.firm.ID, "nowa."+g.firm.ID+"@example.test", access.Staff, lang.PL)
	w.ok(err)
	now := w.app.DB.Now()
	g.shift, err = w.app.Duty.AddShift(ewa, oncall.Shift{Firm: g.firm.ID, User: g.people[access.Guardian].ID, From: now.Add(-time.Hour), To: now.Add(7 * time.Hour), Note: "noc"})
	w.ok(err)
	_, err = w.app.Duty.HandOver(ewa, g.firm.ID, "Groźba o 23:10, policja powiadomiona.")
	w.ok(err)
}

// by is the mention of the author with this first name.
func (w *world) by(g *guarded, first string) mention.Mention {
	w.t.Helper()
	list, err := w.app.Mentions.List(w.as(g, access.Guardian), mention.Filter{Firm: g.firm.ID, Limit: 50})
	w.ok(err)
	for _, m := range list {
		if strings.HasPrefix(m.AuthorName, first+" ") {
			return m
		}
	}
	w.t.Fatalf("%s wrote nothing", first)
	return mention.Mention{}
}

// until waits for what the running program does by itself.
func (w *world) until(what string, yes func() bool) {
	w.t.Helper()
	for end := time.Now().Add(60 * time.Second); !yes(); <-time.After(50 * time.Millisecond) {
		if time.Now().After(end) {
			w.t.Fatalf("waited in vain: %s", what)
		}
	}
}
