package watch_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"chop/internal/access"
	"chop/internal/crisis"
	"chop/internal/db"
	"chop/internal/firm"
	"chop/internal/mention"
)

const hostileText = `<script>alert(1)</script><b>x</b>` + "\u202e"

// town is three firms, a guardian of all of them, an owner of the first, and a stranger of the last.
type town struct {
	*world
	man, mak, rogal firm.Firm
	ewa             access.Principal
	crisis          crisis.Case
	buyer, threat   string
}

func newTown(t *testing.T) *town {
	w := open(t)
	x := &town{world: w, man: w.firm("Manufaktura <Lniana>", "e-sklep", "Gdańsk"), mak: w.firm("Kwiaciarnia Mak", "", ""), rogal: w.firm("Piekarnia Rogal", "", "")}
	now := w.db.Now()
	e := w.person("Ewa Maj", "ewa@example.com", access.Guardian, x.man, x.mak, x.rogal)
	x.ewa = access.Principal{User: e.ID, Name: e.Name, Firms: map[string]access.Role{x.man.ID: access.Guardian, x.mak.ID: access.Guardian, x.rogal.ID: access.Guardian}}
	w.person("Joanna Wilk", "joanna@example.com", access.Owner, x.man)
	w.person("Paweł Sowiński", "mecenas@example.com", access.Lawyer, x.man)
	w.person("Obcy Ktoś", "obcy@example.com", access.Guardian, w.firm("Obca", "", ""))
	src := w.channel(x.man, "facebook", "Profil", now, 0)
	w.channel(x.mak, "google", "Wizytówka", now.Add(-47*time.Minute), 5)
	w.channel(x.rogal, "feed", "Blog", now, 0)
	x.buyer = w.says(x.man, src, said{text: "Czy obrus kurczy się w praniu? " + hostileText, author: "Beata Kuc", labels: ",question,", status: "open", buyer: true, due: now.Add(12 * time.Minute)})
	x.threat = w.says(x.man, src, said{text: "znajdę was i spalę", author: "Prawda o Lnie", labels: ",threat,", status: "open", severity: 4, due: now.Add(-5 * time.Minute)})
	x.crisis = w.open(crisis.New{Firm: x.man.ID, Subject: "post:1", Title: "case.title.wave", Facts: map[string]string{"post": "Zima <i>", "author": "Konto"}, Severity: 3, Priority: 1}, x.buyer, x.threat)
	return x
}

func TestRootLeadsToTheFirstRoom(t *testing.T) {
	x := newTown(t)
	for email, want := range map[string]string{"ewa@example.com": "/watch", "mecenas@example.com": "/cases"} {
		if a := x.signIn(email).get("/").status(http.StatusSeeOther); a.Header.Get("Location") != want {
			t.Errorf("%s is led to %s", email, a.Header.Get("Location"))
		}
	}
	if a := x.visitor().get("/watch").status(http.StatusSeeOther); !strings.HasPrefix(a.Header.Get("Location"), "/signin") {
		t.Errorf("a visitor is led to %s", a.Header.Get("Location"))
	}
	x.signIn("mecenas@example.com").get("/watch").status(http.StatusForbidden)
}

func TestWatchTellsTheTruth(t *testing.T) {
	x := newTown(t)
	a := x.signIn("ewa@example.com").get("/watch").status(http.StatusOK)
	a.shows("watch-say", "1 firma ma spokój.", "1 wymaga uwagi.", "1 jest w kryzysie.")
	a.shows("watch-wall", "Manufaktura <Lniana>", "Fala wrogich wpisów", "2 wpisy, 2 konta.", "Czekają 2 decyzje.", "Wśród nich jest pytanie", "nie widzimy jednego kanału", "nikt jeszcze nie przyjął")
	a.shows("kanaly", "2 z 3 widać na bieżąco", "nie widzimy tego kanału")
	a.shows("watch-duty", "Na dyżurze nikogo nie ma: 3 firmy")
	a.shows("watch-feed", "Beata Kuc", "Treść zakryta")
	a.hides("<script>alert(1)", "Zima <i>", "Manufaktura <Lniana>", "spalę", "Obca")
	for _, n := range a.all("section") {
		if attr(n, "id") == "watch-wall" && attr(n, "data-live") == "" {
			t.Error("the wall is not live")
		}
	}
	found := map[string]bool{}
	for _, n := range a.all("a") {
		found[attr(n, "href")] = true
	}
	for _, want := range []string{"/cases/" + x.crisis.ID, "/inbox?firm=" + x.man.ID, "mailto:joanna@example.com", "/sources?firm=" + x.mak.ID} {
		if !found[want] {
			t.Errorf("nothing leads to %s", want)
		}
	}
}

func TestWatchOfOneFirmAndOfItsOwner(t *testing.T) {
	x := newTown(t)
	a := x.signIn("ewa@example.com").get("/watch?firm=" + x.rogal.ID).status(http.StatusOK)
	a.shows("watch-say", "Piekarnia Rogal: spokój.")
	a.hides("Beata Kuc", "Wizytówka")
	a = x.signIn("joanna@example.com").get("/watch").status(http.StatusOK)
	a.shows("watch-say", "Manufaktura <Lniana>: kryzys.")
	a.hides("Kwiaciarnia Mak", "Piekarnia Rogal", "cases?new")
	// a foreign firm in the address chooses nothing
	x.signIn("obcy@example.com").get("/watch?firm="+x.man.ID).status(http.StatusOK).hides("Lniana", "Beata Kuc")
}

// Administrators see how firms stand, and nothing of what is written in them.
func TestWatchOfAnAdministrator(t *testing.T) {
	x := newTown(t)
	p := x.person("Adam Admin", "admin@example.com", access.Guardian)
	x.exec(`UPDATE person SET admin = TRUE WHERE id = $1`, p.ID)
	b := x.signIn("admin@example.com")
	for _, path := range []string{"/watch", "/watch?firm=" + x.man.ID} {
		b.get(path).status(http.StatusOK).hides("Beata Kuc", "Prawda o Lnie", x.crisis.Number)
	}
}

func TestManyFirmsFoldTheCalmOnes(t *testing.T) {
	x := newTown(t)
	e := x.ewa
	for i := range 55 {
		f := x.firm("Firma "+string(rune('A'+i%26))+strings.Repeat("x", i/26), "", "")
		x.channel(f, "feed", "Blog", x.db.Now(), 0)
		if err := x.users.Enrol(x.ctx, f.ID, e.User, access.Guardian); err != nil {
			t.Fatal(err)
		}
	}
	a := x.signIn("ewa@example.com").get("/watch").status(http.StatusOK)
	a.shows("watch-say", "56 firm ma spokój.")
	a.shows("watch-calm", "56 firm ma spokój", "Piekarnia Rogal")
	if n := len(a.all("article")); n != 2 {
		t.Errorf("%d rows stand open", n)
	}
}

func TestAlarmIsTakenFromWatch(t *testing.T) {
	x := newTown(t)
	id := x.raise(x.man, "k", 1, mention.Ref(x.threat), "/inbox?m="+x.threat)
	b := x.signIn("ewa@example.com")
	b.get("/watch").shows("watch-alarms", "Groźba: Lena Wróbel", "Przyjmuję", "Budzimy")
	x.exec(`UPDATE alert SET state = 'unanswered' WHERE id = $1`, id)
	b.get("/watch").shows("watch-alarms", "Nikt nie odpowiedział.")
	x.signIn("obcy@example.com").post("/alerts/" + id + "/acknowledgement").status(http.StatusNotFound)
	x.signIn("mecenas@example.com").post("/alerts/" + id + "/acknowledgement").status(http.StatusNotFound)
	a := b.post("/alerts/"+id+"/acknowledgement", "back", "https://evil.example/").status(http.StatusSeeOther)
	if to := a.Header.Get("Location"); to != "/watch" {
		t.Errorf("led to %s", to)
	}
	a = b.get("/watch")
	a.shows("watch-alarms", "Przyjęty: Ewa Maj")
	if strings.Contains(words(a.part("watch-alarms")), "Przyjmuję") {
		t.Error("a taken alarm can be taken again")
	}
}

// A robot that opens every link of a letter takes nothing; one tap of a person does, once.
func TestOneTapLink(t *testing.T) {
	x := newTown(t)
	id := x.raise(x.man, "k", 1, mention.Ref(x.threat), "/inbox?m="+x.threat)
	x.drain()
	link := strings.TrimPrefix(x.phone.last(t).AckURL, x.URL)
	state := func() string {
		s := ""
		if err := x.db.Read(x.ctx, readState(id, &s)); err != nil {
			t.Fatal(err)
		}
		return s
	}
	v := x.visitor()
	a := v.get(link).status(http.StatusOK)
	a.shows("main", "Przyjmuję", "konto z sieci")
	a.hides("Lena Wróbel", "spalę", x.threat)
	v.send(http.MethodHead, link, nil).status(http.StatusOK)
	if state() != "open" {
		t.Fatal("looking took the alarm")
	}
	if a := v.post(link).status(http.StatusSeeOther); a.Header.Get("Location") != link {
		t.Errorf("led to %s", a.Header.Get("Location"))
	}
	if state() != "acknowledged" {
		t.Fatal("the tap did not take the alarm")
	}
	v.get(link).status(http.StatusOK).shows("main", "Alarm jest Twój.")
	v.post(link).status(http.StatusSeeOther)
	v.get("/ack/nonsense").status(http.StatusNotFound).shows("main", "Ten odnośnik już nie działa")
	v.post("/ack/nonsense").status(http.StatusNotFound)
	x.clock.Forward(25 * time.Hour)
	v.get(link).status(http.StatusNotFound)
}

func TestDutyPage(t *testing.T) {
	x := newTown(t)
	b := x.signIn("ewa@example.com")
	b.get("/duty").status(http.StatusOK).shows("duty-firms", "Kwiaciarnia Mak", "nikt")
	page := "/duty?firm=" + x.man.ID
	b.get(page).status(http.StatusOK).shows("main", "Teraz nikt nie ma dyżuru", "osoba na dyżurze")
	shift := func(from, to string) answer {
		return b.post("/duty/shift", "firm", x.man.ID, "user", x.ewa.User, "from", from, "to", to, "note", "zastępstwo "+hostileText)
	}
	a := shift("2026-11-22T06:00", "2026-11-21T22:00").status(http.StatusUnprocessableEntity)
	if !strings.Contains(a.text, `value="2026-11-22T06:00"`) {
		t.Error("what was typed is gone")
	}
	shift("", "kiedyś").status(http.StatusUnprocessableEntity)
	shift("2026-11-21T22:00", "2026-11-22T06:00").status(http.StatusSeeOther)
	a = b.get(page).status(http.StatusOK)
	a.shows("main", "Czuwa Ewa Maj, do 06:00", "zastępstwo")
	a.hides("<script>alert")
	b.get("/watch").shows("watch-duty", "Ewa Maj", "22:00–06:00")
	b.post("/duty/note", "firm", x.man.ID, "text", " ").status(http.StatusUnprocessableEntity)
	b.post("/duty/note", "firm", x.man.ID, "text", "Pani Joanna nie śpi").status(http.StatusSeeOther)
	b.get("/watch").shows("watch-duty", "Pani Joanna nie śpi")
	b.post("/duty/policy", "firm", x.man.ID, "after", "0", "target", "owner", "after", "7", "target", "all", "repeat", "1", "wait", "5").status(http.StatusSeeOther)
	b.get(page).shows("duty-policy", "właściciele firmy", "po 7 min", "powtarza się 1 raz")
	b.post("/duty/policy", "firm", x.man.ID, "after", "3", "target", "owner", "repeat", "x", "wait", "5").status(http.StatusUnprocessableEntity)
	b.post("/duty/rota", "firm", x.man.ID, "rotation", "daily", "hour", "22", "start", "2026-11-22", "turn", x.ewa.User, "turn", "").status(http.StatusSeeOther)
	b.post("/duty/rota", "firm", x.man.ID, "rotation", "daily", "hour", "x", "turn", x.ewa.User).status(http.StatusUnprocessableEntity)

	o := x.signIn("joanna@example.com")
	o.get(page).status(http.StatusOK).hides("/duty/rota", "/duty/policy")
	o.post("/duty/note", "firm", x.man.ID, "text", "x").status(http.StatusForbidden)
	x.signIn("obcy@example.com").post("/duty/note", "firm", x.man.ID, "text", "x").status(http.StatusNotFound)
	x.signIn("obcy@example.com").get(page).hides("Pani Joanna")
}

func TestOwnContacts(t *testing.T) {
	x := newTown(t)
	b := x.signIn("ewa@example.com")
	b.post("/duty/contact", "kind", "email", "address", "ewa.noc@example.com").status(http.StatusSeeOther)
	m := x.phone.last(t)
	if m.To != "ewa.noc@example.com" {
		t.Fatalf("the code went to %s", m.To)
	}
	b.get("/duty").shows("contacts", "ewa.noc@example.com", "czeka na kod")
	b.post("/duty/contact", "kind", "email", "address", "ewa.noc@example.com").status(http.StatusConflict)
	x.signIn("joanna@example.com").get("/duty").hides("ewa.noc@example.com")
	cs, err := x.duty.MyContacts(access.With(t.Context(), x.ewa))
	if err != nil || len(cs) != 1 {
		t.Fatal(cs, err)
	}
	b.post("/duty/contact/verify", "id", cs[0].ID, "code", "x").status(http.StatusUnprocessableEntity)
	code := strings.TrimPrefix(m.Body, "Kod: ")[:6]
	b.post("/duty/contact/verify", "id", cs[0].ID, "code", code).status(http.StatusSeeOther)
	b.get("/duty").shows("contacts", "gotowy")
	x.signIn("joanna@example.com").post("/duty/contact/remove", "id", cs[0].ID).status(http.StatusNotFound)
	b.post("/duty/contact/switch", "id", cs[0].ID, "on", "no").status(http.StatusSeeOther)
	b.get("/duty").shows("contacts", "wyłączony")
	b.post("/duty/contact/remove", "id", cs[0].ID).status(http.StatusSeeOther)
	b.get("/duty").hides("ewa.noc@example.com")
}

func readState(id string, s *string) func(context.Context, *db.Tx) error {
	return func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.One(ctx, `SELECT state FROM alert WHERE id = $1`, []any{id}, s)
		return err
	}
}
