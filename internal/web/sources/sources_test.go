package sources_test

import (
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"
	"time"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/journal"
	"chop/internal/source"
	"chop/internal/source/feed"
	"chop/internal/source/table"
	"chop/internal/source/webhook"
)

func TestAnEmptyListLeadsToTheFirstChannel(t *testing.T) {
	w := newWorld(t)
	a := w.visitor(w.mine.ID, access.Owner).get("/sources")
	if a.status != 200 || len(a.all("href", "/sources/new")) == 0 || len(a.untranslated()) > 0 {
		t.Errorf("%d %v", a.status, a.untranslated())
	}
	staff := w.visitor(w.mine.ID, access.Staff).get("/sources")
	if staff.status != 200 || len(staff.all("href", "/sources/new")) != 0 {
		t.Errorf("%d, staff are led to what they may not do", staff.status)
	}
}

func TestTroubledChannelsStandFirstAndSayWhatHelps(t *testing.T) {
	w := newWorld(t)
	blog := &rss{n: 2}
	place := httptest.NewServer(blog)
	defer place.Close()
	w.connect(w.mine.ID, webhook.Kind, "Aaa monitoring", source.Settings{"secret": webhook.NewSecret()})
	src := w.connect(w.mine.ID, feed.Kind, "Zzz blog", source.Settings{"url": place.URL, "kind": "comment"})
	check(t, w.q.Drain(w.sys))
	blog.down = true
	w.clock.Forward(10 * time.Minute)
	check(t, w.q.Drain(w.sys))
	w.clock.Forward(5 * time.Minute)
	a := w.visitor(w.mine.ID, access.Staff).get("/sources")
	rows := a.all("class", "conn")
	if len(rows) != 2 || attr(rows[0], "data-id") != src.ID || !strings.Contains(text(rows[0]), "nie widzimy tego kanału") {
		t.Fatalf("%s", a.body)
	}
	if len(a.all("data-trouble", "")) != 1 || !strings.Contains(text(rows[0]), "503") || !strings.Contains(text(rows[0]), "2 wzmianki") {
		t.Errorf("%s", text(rows[0]))
	}
	if live := a.all("data-live", "sources"); len(live) == 0 {
		t.Error("the list is not live")
	}
	if !strings.Contains(text(a.all("id", "main")[0]), "0 z 2 kanałów") {
		t.Errorf("%s", text(a.all("id", "main")[0]))
	}
}

func TestAnotherFirmsChannelDoesNotExist(t *testing.T) {
	w := newWorld(t)
	src := w.connect(w.other.ID, webhook.Kind, "Tajny", source.Settings{"secret": webhook.NewSecret()})
	v := w.visitor(w.mine.ID, access.Guardian)
	if a := v.get("/sources"); strings.Contains(a.body, "Tajny") {
		t.Error("it is listed")
	}
	for _, path := range []string{"/sources/" + src.ID, "/sources/connected/" + src.ID, "/sources/nic", "/sources/import/nic", "/sources/new/nic"} {
		if a := v.get(path); a.status != 404 || strings.Contains(a.body, "Tajny") {
			t.Errorf("%s: %d", path, a.status)
		}
	}
	for _, do := range []string{"settings", "look", "pause", "resume", "remove", "secret"} {
		if a := v.post("/sources/"+src.ID, "do", do, "why", "bo tak", "sure", "on"); a.status != 404 {
			t.Errorf("%s: %d", do, a.status)
		}
	}
}

func TestStaffSeeButDoNotChange(t *testing.T) {
	w := newWorld(t)
	src := w.connect(w.mine.ID, webhook.Kind, "Monitoring", source.Settings{"secret": webhook.NewSecret()})
	v := w.visitor(w.mine.ID, access.Staff)
	a := v.get("/sources/" + src.ID)
	if a.status != 200 || len(a.all("id", "settings"))+len(a.all("id", "pause"))+len(a.all("id", "remove")) != 0 {
		t.Errorf("%d", a.status)
	}
	for _, do := range []string{"settings", "look", "pause", "resume", "remove", "secret"} {
		if a := v.post("/sources/"+src.ID, "do", do, "why", "bo tak", "sure", "on"); a.status != 403 {
			t.Errorf("%s: %d", do, a.status)
		}
	}
	for _, path := range []string{"/sources/new", "/sources/new/webhook", "/sources/import", "/sources/connected/" + src.ID} {
		if a := v.get(path); a.status != 403 {
			t.Errorf("%s: %d", path, a.status)
		}
	}
	lawyer := w.visitor(w.mine.ID, access.Lawyer)
	if a := lawyer.get("/sources"); a.status != 403 {
		t.Errorf("a lawyer: %d", a.status)
	}
}

func TestConnectingAFeedFromTheFirstCardToTheLastPage(t *testing.T) {
	w := newWorld(t)
	place := httptest.NewServer(&rss{n: 3})
	defer place.Close()
	v := w.visitor(w.mine.ID, access.Owner)
	choose := v.get("/sources/new")
	if choose.status != 200 || len(choose.all("data-kind", "")) != 4 || attr(choose.all("data-kind", "")[0], "data-kind") != "wordpress" {
		t.Fatalf("%d", choose.status)
	}
	if form := v.get("/sources/new/feed"); form.status != 200 || len(form.untranslated()) > 0 || len(form.all("id", "f-url")) != 1 {
		t.Fatalf("%d %v", form.status, form.untranslated())
	}
	wrong := v.post("/sources/new/feed", "firm", w.mine.ID, "url", place.URL+"/<script>", "kind", "rumour", "name", "Mój <b>blog</b>")
	if wrong.status != 422 || wrong.value(t, "f-name") != "Mój <b>blog</b>" || wrong.value(t, "f-url") != place.URL+"/<script>" ||
		len(wrong.all("id", "f-kind-err")) != 1 {
		t.Fatalf("%d %s", wrong.status, wrong.body)
	}
	if n := len(wrong.all("href", "#f-kind")); n != 1 {
		t.Errorf("the summary leads to the field %d times", n)
	}
	done := v.post("/sources/new/feed", "firm", w.mine.ID, "url", place.URL, "kind", "comment")
	to := done.header.Get("Location")
	if done.status != 303 || !strings.HasPrefix(to, "/sources/connected/") {
		t.Fatalf("%d %s", done.status, done.body)
	}
	hello := v.get(to)
	if hello.status != 200 || !strings.Contains(hello.body, "Komentarze: Blog o lnie") || !strings.Contains(hello.body, "3 wpisy") || len(hello.untranslated()) > 0 {
		t.Errorf("%d %s", hello.status, text(hello.doc))
	}
	check(t, w.q.Drain(w.sys))
	if list := v.get("/sources"); !strings.Contains(list.body, "3 wzmianki") {
		t.Errorf("%s", text(list.doc))
	}
}

func TestInstructionsForAnApplicationPassword(t *testing.T) {
	w := newWorld(t)
	a := w.visitor(w.mine.ID, access.Owner).get("/sources/new/wordpress")
	how := a.all("id", "howto")
	if len(how) != 1 || !strings.Contains(text(how[0]), "Hasła aplikacji") {
		t.Fatal(a.status)
	}
	if f := a.all("id", "f-password"); len(f) != 1 || attr(f[0], "type") != "password" {
		t.Error("the password can be read over a shoulder")
	}
}

func TestAWebhooksKeyIsShownOnceAndTheExampleWorks(t *testing.T) {
	w := newWorld(t)
	v := w.visitor(w.mine.ID, access.Guardian)
	to := v.post("/sources/new/webhook", "firm", w.mine.ID, "name", "Monitoring").header.Get("Location")
	hello := v.get(to)
	key := hello.value(t, "hook-secret")
	if webhook.CheckSecret(key) != nil || !strings.HasPrefix(hello.value(t, "hook-url"), "https://chop.test/hooks/") {
		t.Fatalf("%q %q", key, hello.value(t, "hook-url"))
	}
	if again := v.get(to); again.status != 200 || strings.Contains(again.body, key) {
		t.Errorf("%d, the key is shown twice", again.status)
	}
	id := to[strings.LastIndex(to, "/")+1:]
	if page := v.get("/sources/" + id); strings.Contains(page.body, key) || strings.Contains(page.body, "whsec_") && strings.Contains(page.body, `value="whsec_`) {
		t.Error("the source's page shows the key")
	}
	src, err := w.sources.ByID(w.sys, id)
	check(t, err)
	if s, err := w.sources.Settings(w.sys, src); err != nil || s["secret"] != key {
		t.Fatalf("another key was saved, %v", err)
	}
	signs(t, text(hello.all("id", "hook-curl")[0]), hello.all("id", "hook-curl")[0].FirstChild.Data, key)
	fresh := v.get(v.post("/sources/"+id, "do", "secret").header.Get("Location"))
	if k := fresh.value(t, "hook-secret"); k == key || webhook.CheckSecret(k) != nil {
		t.Error("the key was not changed")
	}
}

// signs runs the example up to its signature and holds that against ours.
func signs(t *testing.T, shown, script, key string) {
	t.Helper()
	if !strings.Contains(shown, "curl -sS") {
		t.Fatal(shown)
	}
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Fatal("openssl is missing: run make deps")
	}
	script = script[:strings.Index(script, "curl -sS")] + "\nprintf '%s\\n%s\\n%s\\n%s' \"$ID\" \"$TIME\" \"$SIGN\" \"$BODY\""
	out, err := exec.Command("sh", "-c", script).Output()
	check(t, err)
	part := strings.SplitN(string(out), "\n", 4)
	sec, err := time.Parse(time.RFC3339, "1970-01-01T00:00:00Z")
	check(t, err)
	n, err := time.ParseDuration(part[1] + "s")
	check(t, err)
	if want := webhook.Sign(key, part[0], sec.Add(n), []byte(part[3])); want != "v1,"+part[2] {
		t.Errorf("the example signs %q, we %q", part[2], want)
	}
}

func TestSettingsKeepSecretsThatAreNotTyped(t *testing.T) {
	w := newWorld(t)
	key := webhook.NewSecret()
	src := w.connect(w.mine.ID, webhook.Kind, "Monitoring", source.Settings{"secret": key})
	v := w.visitor(w.mine.ID, access.Owner)
	if a := v.post("/sources/"+src.ID, "do", "settings", "name", "Nowa nazwa", "secret", ""); a.status != 303 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	got, err := w.sources.ByID(w.sys, src.ID)
	check(t, err)
	s, err := w.sources.Settings(w.sys, got)
	check(t, err)
	if got.Name != "Nowa nazwa" || s["secret"] != key {
		t.Errorf("%q, kept %v", got.Name, s["secret"] == key)
	}
	bad := v.post("/sources/"+src.ID, "do", "settings", "name", "X", "secret", "tajne-haslo")
	if bad.status != 422 || strings.Contains(bad.body, "tajne-haslo") || len(bad.all("id", "f-secret-err")) != 1 || bad.value(t, "f-name") != "X" {
		t.Errorf("%d", bad.status)
	}
}

func TestPausingNeedsAReasonAndRemovingASecondStep(t *testing.T) {
	w := newWorld(t)
	src := w.connect(w.mine.ID, webhook.Kind, "Monitoring", source.Settings{"secret": webhook.NewSecret()})
	v := w.visitor(w.mine.ID, access.Owner)
	at := "/sources/" + src.ID
	if a := v.post(at, "do", "pause"); a.status != 422 || len(a.all("id", "f-why-err")) != 1 {
		t.Errorf("%d", a.status)
	}
	if a := v.post(at, "do", "pause", "why", "remont strony"); a.status != 303 {
		t.Errorf("%d", a.status)
	}
	paused := v.get(at)
	if !strings.Contains(text(paused.doc), "wstrzymany przez osobę") || !strings.Contains(text(paused.doc), "Ewa Maj: remont strony") {
		t.Errorf("%s", text(paused.doc))
	}
	if a := v.post(at, "do", "resume"); a.status != 303 {
		t.Errorf("%d", a.status)
	}
	if a := v.post(at, "do", "remove", "why", "koniec <i>umowy</i>"); a.status != 422 || len(a.all("id", "f-sure-err")) != 1 ||
		!strings.Contains(a.body, "koniec &lt;i&gt;umowy&lt;/i&gt;") {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := v.post(at, "do", "remove", "why", "koniec umowy", "sure", "on"); a.status != 303 || a.header.Get("Location") != "/sources" {
		t.Errorf("%d", a.status)
	}
	if a := v.get(at); a.status != 404 {
		t.Errorf("%d", a.status)
	}
	if a := v.post(at, "do", "dance"); a.status != 422 {
		t.Errorf("%d", a.status)
	}
}

func TestCheckNowLooksAtOnce(t *testing.T) {
	w := newWorld(t)
	blog := &rss{n: 1}
	place := httptest.NewServer(blog)
	defer place.Close()
	src := w.connect(w.mine.ID, feed.Kind, "Blog", source.Settings{"url": place.URL, "kind": "comment"})
	check(t, w.q.Drain(w.sys))
	blog.n = 4
	w.clock.Forward(time.Second)
	check(t, w.q.Drain(w.sys))
	v := w.visitor(w.mine.ID, access.Guardian)
	if a := v.post("/sources/"+src.ID, "do", "look"); a.status != 303 {
		t.Fatalf("%d", a.status)
	}
	check(t, w.q.Drain(w.sys))
	if got, err := w.sources.ByID(w.sys, src.ID); err != nil || got.Items != 4 {
		t.Errorf("%d items, %v", got.Items, err)
	}
	push := w.connect(w.mine.ID, webhook.Kind, "M", source.Settings{"secret": webhook.NewSecret()})
	if a := v.post("/sources/"+push.ID, "do", "look"); a.status != 422 {
		t.Errorf("a webhook is looked at: %d", a.status)
	}
}

func TestCapabilitiesAreToldBeforeTheClick(t *testing.T) {
	w := newWorld(t)
	v := w.visitor(w.mine.ID, access.Owner)
	watch := v.get("/sources/" + w.connect(w.mine.ID, table.Kind, "Opineo", source.Settings{"channel": "Opineo"}).ID)
	if len(watch.all("data-watch", "")) != 1 || len(watch.all("data-verb", "")) != 0 {
		t.Error("a channel that can only be watched does not say so")
	}
	a := v.get("/sources/" + w.connect(w.mine.ID, "shop", "Sklep", nil).ID)
	rows := a.all("data-verb", "")
	if len(rows) != 10 || !strings.Contains(text(rows[0]), "Odpowiedź pojawi się pod komentarzem") || !strings.Contains(text(rows[0]), "1300 znaków") ||
		!strings.Contains(text(rows[1]), "człowiek") || len(a.untranslated()) > 0 {
		t.Errorf("%d rows, %v, %s", len(rows), a.untranslated(), text(a.doc))
	}
	choose := w.visitor(w.mine.ID, access.Owner).get("/sources/new")
	wp := text(choose.all("data-kind", "wordpress")[0])
	if !strings.Contains(wp, "ukrycie") || !strings.Contains(wp, "Zostaje dla człowieka: zablokowanie konta") {
		t.Error(wp)
	}
}

func TestHostileNamesStayText(t *testing.T) {
	w := newWorld(t)
	name := `<img src=x onerror=alert(1)>` + "\u202E\u200B\"'>"
	src := w.connect(w.mine.ID, table.Kind, name, source.Settings{"channel": name})
	v := w.visitor(w.mine.ID, access.Owner)
	for _, path := range []string{"/sources", "/sources/" + src.ID, "/sources/import?channel=" + "%3Cscript%3E"} {
		a := v.get(path)
		if a.status != 200 || len(a.all("onerror", "")) != 0 || strings.Contains(a.body, "<img src=x") || strings.Contains(a.body, `value="<script>`) {
			t.Errorf("%s: %d", path, a.status)
		}
	}
}

func TestTheJournalKnowsWhoDidIt(t *testing.T) {
	w := newWorld(t)
	v := w.visitor(w.mine.ID, access.Owner)
	v.post("/sources/new/webhook", "firm", w.mine.ID, "name", "Monitoring")
	lines, _, err := w.sources.Journal.List(w.sys, w.mine.ID, journal.Filter{Verb: "source.connected"}, journal.Page{})
	check(t, err)
	if len(lines) != 1 || lines[0].Name != "Ewa Maj" {
		t.Errorf("%+v", lines)
	}
	if a := v.post("/sources/new/webhook", "firm", "", "name", "Niczyj"); a.status != 422 || !strings.Contains(a.body, "do której należy kanał") {
		t.Errorf("connecting to no firm: %d", a.status)
	}
	if a := v.post("/sources/new/webhook", "firm", w.other.ID, "name", "Obcy"); a.status != 404 {
		t.Errorf("connecting to another firm: %d", a.status)
	}
	if a := v.get("/sources/" + db.NewID()); a.status != 404 {
		t.Errorf("%d", a.status)
	}
}
