package groups_test

import (
	"encoding/csv"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"chop/internal/access"
	"chop/internal/crisis"
	"chop/internal/group"
	"chop/internal/reason"
	"chop/internal/web/authors"
	"chop/internal/web/groups"
)

const why = "Sprawdziłam posty i czasy."

var revisions = regexp.MustCompile(`name="revision" value="(\d+)"`)

// form is the page with a form open, and the revision it was made for.
func (b browser) form(at, verb, more string) (page, revision string) {
	b.w.t.Helper()
	page = b.get(at+"&do="+verb+more, 200)
	m := revisions.FindStringSubmatch(page)
	if m == nil {
		b.w.t.Fatalf("no form %s", verb)
	}
	return page, m[1]
}

func (w *world) below(g group.Group, verb string) string {
	return "/groups/" + g.ID + "/" + verb + "?firm=" + w.mine
}

// From the suggestion to the confirmed group, on every page that speaks of it.
func TestAGroupIsShownEverywhereAndConfirmed(t *testing.T) {
	w := open(t)
	ewa := w.in("ewa@x.pl")
	w.has(ewa.get("/groups?firm="+w.mine, 200), "Jeszcze niczego nie policzono", "Granica pewności")
	w.plays()
	g := w.group()
	if g.Level != group.Organised || g.State != group.Suggested || len(g.Accounts(false)) < members-1 {
		t.Fatalf("%s %s with %d accounts", g.Level.Code(), g.State, len(g.Accounts(false)))
	}
	w.has(ewa.get("/groups?firm="+w.mine, 200), "G-01", "L3: działa razem", "podpowiedziana", "Co sprawdzono", "Sklep")
	runs, err := w.Groups.Runs(w.system(), w.mine)
	w.ok(err)
	if len(runs) != 1 || runs[0].Posts != posts || runs[0].Tested < members || runs[0].Pairs < runs[0].Tested {
		t.Errorf("looked at %+v", runs)
	}
	at := groups.At(w.mine, g.ID)
	page := ewa.get(at, 200)
	w.has(page, strconv.Itoa(len(g.Accounts(false)))+" kont działa razem", "Lista kont jest zamrożona od", "Kto z kim", `<svg class="net"`, "Te same dane są w tabelach",
		"Pierwsze ", `<svg class="lanes"`, "zwykłe konta", "w ciągu 60 s na", "q &lt; 0,001", "Opóźnienie idzie za grupą", "Liczby maszyny w czasie",
		"To nie wygląda na zwykłą falę", "gdyby każde wybierało po swojemu", "Co by to obaliło", "Metoda mówi „razem”, nie „kto”", "Krytycy spoza grupy",
		"1 konto spoza grupy złożyło", "&lt;script&gt;1", "&lt;b&gt;Prawda", "Nikt jeszcze nie rozstrzygnął", "Policz bez konta")
	w.lacks(page, "<b>Prawda", "<script>1", "<i>zima")
	key := g.Members[0].Account
	for _, m := range g.Members {
		if m.Name == lead {
			key = m.Account
		}
	}
	item := ewa.get("/search?author="+url.QueryEscape(key)+"&status=all&firm="+w.mine, 200)
	w.has(item, "działa razem: G-01")
	id := regexp.MustCompile(`data-id="([^"]+)"`).FindStringSubmatch(item)
	if id == nil {
		t.Fatal("no item of the first member")
	}
	w.has(ewa.get("/inbox?m="+id[1], 200), "działa razem: G-01", "Nie znaczy, że konto jest nieprawdziwe", "w ciągu 60 s na")
	w.has(ewa.get(authors.At(w.mine, key), 200), "Z kim działa", "Grupa G-01", "podpowiedziana")
	w.has(ewa.get("/watch", 200), "Grupy do rozstrzygnięcia", "G-01", "kont działa razem")
	w.has(w.in("joanna@x.pl").get("/owner?firm="+w.mine, 200), "Sprawdzamy, czy", "Nic nie trzeba robić")

	page, revision := ewa.form(at, "confirm", "")
	w.has(page, "Nie mówisz, kim są")
	page, _ = ewa.post(w.below(g, "confirm"), 422, "revision", revision, "why", "tak")
	w.has(page, `id="f-why-err"`, ">tak</textarea>")
	ewa.post(w.below(g, "confirm"), 303, "revision", revision, "why", why)
	w.pass(0)
	page = ewa.get(at, 200)
	w.has(page, "potwierdzona", "Ewa Maj", `href="/exhibits/`)
	w.lacks(page, "do=confirm")
	w.lacks(ewa.get("/watch", 200), "Grupy do rozstrzygnięcia")
	w.has(w.in("joanna@x.pl").get("/owner?firm="+w.mine, 200), "Wiemy, że razem; nie wiemy, kto za nimi stoi")
	lines, err := w.Journal.Of(w.system(), access.ViewGroups, w.mine, group.Ref(g.ID))
	w.ok(err)
	if !said(lines, why) {
		t.Error("the reason is not on record")
	}
}

// Two people at once: who comes second learns it and loses nothing.
func TestTheSecondOfTwoLearnsOfTheFirst(t *testing.T) {
	w := open(t)
	w.plays()
	g := w.group()
	ewa, ola, at := w.in("ewa@x.pl"), w.in("ola@x.pl"), groups.At(w.mine, g.ID)
	_, seen := ewa.form(at, "reject", "")
	_, same := ola.form(at, "confirm", "")
	ola.post(w.below(g, "confirm"), 303, "revision", same, "why", why)
	page, _ := ewa.post(w.below(g, "reject"), 409, "revision", seen, "why", "To jest fanklub marki z Gdańska.")
	w.has(page, "zmieniły tę grupę przed chwilą", "To jest fanklub marki z Gdańska.", "potwierdzona")
	ewa.post(w.below(g, "reject"), 409, "revision", "nonsense", "why", why)
	ewa.post(w.below(g, "nothing"), 404, "revision", seen, "why", why)
}

func TestMembersAreDecidedSplitMarkedAndRejected(t *testing.T) {
	w := open(t)
	w.plays()
	g := w.group()
	ewa, at := w.in("ewa@x.pl"), groups.At(w.mine, g.ID)
	in := g.Accounts(false)
	last := in[len(in)-1]
	page, revision := ewa.form(at, "decide", "&state=out&account="+url.QueryEscape(last))
	w.has(page, "Czy to konto należy do grupy?", "poza grupą")
	ewa.post(w.below(g, "decide"), 303, "revision", revision, "account", last, "state", "out", "why", why)
	w.has(ewa.get(at, 200), strconv.Itoa(len(in)-1)+" kont działa razem", "poza grupą, ")
	page, revision = ewa.form(at, "split", "")
	w.has(page, "Konta nowej grupy", `name="accounts"`)
	page, _ = ewa.post(w.below(g, "split"), 422, "revision", revision, "why", why, "accounts", in[0])
	w.has(page, `id="f-accounts-err"`, "co najmniej 3")
	_, to := ewa.post(w.below(g, "split"), 303, "revision", revision, "why", why, "accounts", in[0], "accounts", in[1], "accounts", in[2])
	w.has(ewa.get(to, 200), "G-02", "3 konta działają razem")
	ewa.get(at+"&do=merge", 200)
	_, revision = ewa.form(at, "merge", "")
	other := regexp.MustCompile(`/groups/([^?]+)\?`).FindStringSubmatch(to)[1]
	ewa.post(w.below(g, "merge"), 303, "revision", revision, "why", why, "into", other)
	w.has(ewa.get(at, 200), "Grupa scalona z inną", "Zobacz grupę, w której są teraz te konta")
	whole := groups.At(w.mine, other)
	ewa.form(whole, "know", "")
	ewa.post("/groups/"+other+"/know?firm="+w.mine, 422, "account", in[3], "kind", "friend", "why", why)
	ewa.post("/groups/"+other+"/know?firm="+w.mine, 303, "account", in[3], "kind", "customer", "why", why)
	_, revision = ewa.form(whole, "reject", "")
	ewa.post("/groups/"+other+"/reject?firm="+w.mine, 303, "revision", revision, "why", "To fanklub marki z Gdańska.")
	page = ewa.get(whole, 200)
	w.has(page, "to nie grupa", "Te same pary nie wrócą")
	w.lacks(page, "do=confirm", "do=split")
	w.lacks(ewa.get("/groups?firm="+w.mine, 200), "G-02")
	w.has(ewa.get("/groups?firm="+w.mine+"&all=1", 200), "G-02", "odrzucona")
}

// Whoever sees a group may have its figures made again from what is kept. A mark set by mistake is taken off again, with a reason.
func TestFiguresAreMadeAgainAndAMarkIsTakenOff(t *testing.T) {
	w := open(t)
	w.plays()
	g := w.group()
	ewa, joanna, key := w.in("ewa@x.pl"), w.in("joanna@x.pl"), g.Accounts(false)[2]
	w.has(joanna.get(groups.At(w.mine, g.ID), 200), "Policz jeszcze raz z zachowanych danych wersję")
	page, _ := joanna.post(w.below(g, "again"), 200, "n", strconv.Itoa(g.Version))
	w.has(page, "policzona jeszcze raz", "Wyszły te same liczby.")
	for _, n := range []string{"999", "x", ""} {
		joanna.post(w.below(g, "again"), 404, "n", n)
	}
	ewa.post(w.below(g, "know"), 303, "account", key, "kind", "customer", "why", "Zamówienie w sklepie: 5531.")
	list := "/groups?firm=" + w.mine
	w.has(ewa.get(list, 200), "Konta pominięte", "klient z zamówieniem", "Zamówienie w sklepie: 5531.", "Zdejmij oznaczenie")
	w.lacks(joanna.get(list, 200), "do=unknow")
	w.has(ewa.get(list+"&do=unknow&account="+url.QueryEscape(key), 200), "Następne liczenie znów przeczyta to konto")
	page, _ = ewa.post("/groups/unknow?firm="+w.mine, 422, "account", key, "why", "bo")
	w.has(page, `id="f-why-err"`, ">bo</textarea>")
	ewa.post("/groups/unknow?firm="+w.mine, 404, "account", "webhook:nobody", "why", why)
	joanna.post("/groups/unknow?firm="+w.mine, 403, "account", key, "why", why)
	ewa.post("/groups/unknow?firm="+w.mine, 303, "account", key, "why", "To nie ta osoba, pomyłka w numerze.")
	w.lacks(ewa.get(list, 200), "Konta pominięte")
}

// Whoever says they are on the list wrongly is counted out, and sees their own figures.
func TestAnAppealCountsWithoutTheAccount(t *testing.T) {
	w := open(t)
	w.plays()
	g := w.group()
	ewa, at := w.in("ewa@x.pl"), groups.At(w.mine, g.ID)
	w.has(ewa.get(at+"&do=appeal", 200), "Odwołanie: policz bez jednego konta", "Nic się przez to nie zmienia")
	page, _ := ewa.post(w.below(g, "appeal"), 200, "account", g.Accounts(false)[1], "why", "Osoba napisała, że to pomyłka.")
	w.has(page, "Bez tego konta zostaje grupa", "poziom L3", "O koncie decyduje człowiek")
	ewa.post(w.below(g, "appeal"), 404, "account", "webhook:nobody", "why", why)
	if now := w.group(); now.Revision != g.Revision {
		t.Error("an appeal changed the group")
	}
}

// The list leaves with a reason that is kept, and no cell is a formula.
func TestTheListIsTakenAwayWithAReason(t *testing.T) {
	w := open(t)
	w.plays()
	g := w.group()
	ewa, at := w.in("ewa@x.pl"), groups.At(w.mine, g.ID)
	w.has(ewa.get(at+"&do=list", 200), "dane osobowe: nie publikuj go")
	page, _ := ewa.post(w.below(g, "list"), 422, "what", "members", "why", "bo")
	w.has(page, `id="f-why-err"`)
	for _, what := range []string{"members", "links"} {
		file, _ := ewa.post(w.below(g, "list"), 200, "what", what, "why", "Zgłoszenie do platformy, sprawa 14.")
		rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(file, "\ufeff"))).ReadAll()
		w.ok(err)
		want := 1 + len(g.Members)
		if what == "links" {
			want = 1 + len(g.Links)
		}
		if len(rows) != want {
			t.Errorf("%s: %d rows, want %d", what, len(rows), want)
		}
		for _, r := range rows[1:] {
			for _, c := range r {
				if c != "" && strings.ContainsRune("=+@\t\r", rune(c[0])) {
					t.Errorf("%s: a cell is a formula: %q", what, c)
				}
			}
		}
	}
	lines, err := w.Journal.Of(w.system(), access.ViewGroups, w.mine, group.Ref(g.ID))
	w.ok(err)
	if !said(lines, "Zgłoszenie do platformy, sprawa 14.") {
		t.Error("the reason of the download is not on record")
	}
}

// A lawyer sees what was handed to a case, and nothing else.
func TestHandedToACaseTheLawyerSeesIt(t *testing.T) {
	w := open(t)
	w.plays()
	g := w.group()
	ewa, adam, at := w.in("ewa@x.pl"), w.in("adam@x.pl"), groups.At(w.mine, g.ID)
	w.has(adam.get("/groups?firm="+w.mine, 200), "Żadnej grupy nie przekazano do sprawy")
	adam.get(at, 404)
	c, _, err := w.Cases.Open(w.system(), crisis.New{Firm: w.mine, Subject: "test", Title: "Fala pod postem", Severity: 3, Priority: 2,
		Items: []reason.Ref{}})
	w.ok(err)
	page, revision := ewa.form(at, "hand", "&case="+c.ID)
	w.has(page, c.Number, "także prawnik")
	ewa.post(w.below(g, "hand"), 422, "revision", revision, "case", "no-such-case", "why", why)
	ewa.post(w.below(g, "hand"), 303, "revision", revision, "case", c.ID, "why", why)
	w.has(ewa.get(at, 200), "Przekazana do sprawy", c.Number)
	w.has(ewa.get("/cases/"+c.ID, 200), "Grupy w sprawie", "Grupa G-01")
	page = adam.get(at, 200)
	w.has(page, "kont działa razem", "Dlaczego te połączenia", "Co by to obaliło")
	w.lacks(page, "do=confirm", "do=list", "Krytycy spoza grupy: ")
	w.has(adam.get("/groups?firm="+w.mine, 200), "G-01")
	w.has(adam.get("/cases/"+c.ID, 200), "Grupa G-01")
}

func TestOnlyThoseWhoMay(t *testing.T) {
	w := open(t)
	w.plays()
	g := w.group()
	at := groups.At(w.mine, g.ID)
	joanna, kasia, adam, obcy := w.in("joanna@x.pl"), w.in("kasia@x.pl"), w.in("adam@x.pl"), w.in("obcy@x.pl")
	page := joanna.get(at, 200) // the owner reads
	w.lacks(page, "do=confirm", "do=reject", "do=split", "do=decide", "do=merge", "do=hand", "do=appeal", "do=know")
	kasia.get(at, 403)
	kasia.get("/groups?firm="+w.mine, 403)
	obcy.get(at, 404)
	obcy.get(groups.At(w.other, g.ID), 404)
	for _, verb := range []string{"confirm", "reject", "split", "merge", "decide", "sign", "hand", "know", "appeal", "list", "again"} {
		if verb != "list" && verb != "again" {
			joanna.post(w.below(g, verb), 403, "revision", "1", "why", why)
		}
		obcy.post(w.below(g, verb), 404, "revision", "1", "why", why)
		if verb == "again" {
			adam.post(w.below(g, verb), 404, "n", "1")
			continue
		}
		adam.post(w.below(g, verb), 403, "revision", "1", "why", why)
	}
}
