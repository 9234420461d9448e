// Package wordpress tells the main promise against a real WordPress with a real browser, mail server and clock.
package wordpress

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"chop/internal/access"
	"chop/internal/app"
	"chop/internal/evidence"
	"chop/internal/firm"
	"chop/internal/lang"
	"chop/internal/mention"
	"chop/internal/oncall"
	"chop/internal/source"
	"chop/internal/user"
	"chop/test/browser"
)

const (
	threat   = "Pożałujesz. Wiemy gdzie masz magazyn, jedna zapałka i po lnie."
	stranger = "127.0.0.9"
	agent    = "Mozilla/5.0 (Linux; Android 15) Gniew/1.0"
	email    = "ewa@chop.example"
	phone    = "dyzur@chop.example" // where alarms go, another address than the account's
	password = "haslo na potrzeby Ewy"
)

// A stranger threatens in the comments; the guardian gets a letter, decides in the browser with one tap, the comment
// disappears from readers, and what is kept can be checked by anybody.
func TestAThreatAtARealSite(t *testing.T) {
	site := start(t)
	mail := openMailServer(t)
	in := install(t, mail.port)
	in.connect(t, site, mail)

	site.comment(t, "127.0.0.7", agent, "Teresa", "Mam komplet drugi rok, po praniu coraz milszy.")
	site.comment(t, stranger, agent, "Darek", threat)

	l := mail.next(t, phone)
	if !strings.Contains(l.subject, "P1") || !strings.Contains(l.subject, in.firm.Name) || strings.Contains(l.subject+l.text, "Darek") {
		t.Errorf("the alarm reads %q: %s", l.subject, l.text)
	}
	m, there := in.mention(t, "Darek")
	if !there || !m.Has("threat") || m.Severity < 3 {
		t.Errorf("the threat was read as %v, severity %d", m.Labels, m.Severity)
	}

	b := browser.Open(t)
	b.Size(1440, 900)
	b.SignIn(in.app.Origin(), email, password)
	b.Go(in.app.Origin() + "/inbox?m=" + m.ID)
	verb := b.Text(".rec-verb")
	clicked := time.Now()
	b.Click(`#pane-rec .rec-main ~ .acts .act[data-key="h"]`)
	b.See(".toast")
	if got := b.Text(".toast"); !strings.Contains(got, "Darek") {
		t.Errorf("after the click on %q the page says %q", verb, got)
	}

	in.until(t, "the comment is held on the site", func() bool { return site.shows(t, m.ExternalID).Status == "hold" })
	in.until(t, "ChOP knows it", func() bool { m, _ := in.mention(t, "Darek"); return m.State == source.Held })
	in.until(t, "it was read back", func() bool {
		deeds, err := in.app.Actions.Of(in.as(t), in.firm.ID, m.ID)
		ok(t, err)
		return len(deeds) == 1 && deeds[0].ExhibitAfter != ""
	})
	t.Logf("from the click to the confirmed read-back, the 10 s to take it back included: %v", time.Since(clicked).Round(time.Millisecond))
	if c := site.shows(t, m.ExternalID); c.IP != stranger || c.Agent != agent {
		t.Errorf("the deed changed who wrote it: %+v", c)
	}
	b.Go(in.app.Origin() + "/inbox?m=" + m.ID)
	b.Until(`document.querySelector("#pane-rec").innerText.includes("zrobione")`)
	in.proofHolds(t, m)
}

// installation is the running program with its one firm.
type installation struct {
	app  *app.App
	firm firm.Firm
	ewa  user.Person
}

func install(t *testing.T, smtp int) *installation {
	t.Helper()
	a, err := app.New(t.Context(), app.Config{Listen: free(t), Data: t.TempDir(), Allow: []string{"127.0.0.1"},
		SMTP: app.SMTP{Host: "127.0.0.1", Port: smtp, From: "ChOP <chop@chop.example>", TLS: "none"}}, "test", io.Discard)
	ok(t, err)
	ok(t, a.Start(t.Context()))
	t.Cleanup(func() { ok(t, a.Stop(context.Background())) })
	in := &installation{app: a}
	in.ewa, err = a.Users.Add(system(t), user.Newcomer{Name: "Ewa Maj", Email: email, Password: password, Lang: lang.PL})
	ok(t, err)
	in.firm, err = a.Firms.Create(system(t), firm.Firm{Name: "Manufaktura Lniana", City: "Gdańsk", Lang: lang.PL,
		Settings: firm.Settings{NetiquettePublished: true, RiskAversion: 1,
			Mandate: map[string]string{"reply": firm.Tell, "delete": firm.Tell, "block": firm.Tell, "escalate_legal": firm.Tell}}})
	ok(t, err)
	ok(t, a.Users.Enrol(system(t), in.firm.ID, in.ewa.ID, access.Guardian))
	return in
}

// connect makes the guardian reachable and watches the site.
func (in *installation) connect(t *testing.T, site *server, mail *mailServer) {
	t.Helper()
	c, err := in.app.Duty.AddContact(in.as(t), oncall.Contact{Kind: "email", Address: phone})
	ok(t, err)
	ok(t, in.app.Alerts.SendCode(in.as(t), c.ID, lang.PL))
	ok(t, in.app.Duty.Verify(in.as(t), c.ID, regexp.MustCompile(`\b\d{6}\b`).FindString(mail.next(t, phone).text)))
	_, _, err = in.app.Sources.Connect(in.as(t), in.firm.ID, "wordpress", "", source.Settings{"url": site.url, "user": site.user, "password": site.password})
	ok(t, err)
}

func system(t *testing.T) context.Context { return access.With(t.Context(), access.System("*")) }

// as is the guardian at work.
func (in *installation) as(t *testing.T) context.Context {
	return access.With(t.Context(), access.Principal{User: in.ewa.ID, Name: in.ewa.Name, Firms: map[string]access.Role{in.firm.ID: access.Guardian}})
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// until waits for what the running program does by itself.
func (in *installation) until(t *testing.T, what string, yes func() bool) {
	t.Helper()
	for end := time.Now().Add(60 * time.Second); !yes(); <-time.After(100 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// mention is the one by the author, if it has come in.
func (in *installation) mention(t *testing.T, author string) (m mention.Mention, there bool) {
	t.Helper()
	list, err := in.app.Mentions.List(in.as(t), mention.Filter{Firm: in.firm.ID, Limit: 50})
	ok(t, err)
	for _, m := range list {
		if m.AuthorName == author {
			return m, true
		}
	}
	return m, false
}

// proofHolds verifies every exhibit of the mention here, and its bundle with the tools of strangers.
func (in *installation) proofHolds(t *testing.T, m mention.Mention) {
	t.Helper()
	var proofs []evidence.Exhibit
	in.until(t, "proof before and after the deed", func() bool {
		var err error
		proofs, err = in.app.Evidence.Of(in.as(t), in.firm.ID, mention.Ref(m.ID))
		ok(t, err)
		deeds, err := in.app.Actions.Of(in.as(t), in.firm.ID, m.ID)
		ok(t, err)
		return len(proofs) > 0 && len(deeds) == 1 && deeds[0].ExhibitAfter != ""
	})
	_, err := in.app.Ledger.Checkpoint(system(t))
	ok(t, err)
	for _, x := range proofs {
		r, err := in.app.Evidence.Verify(in.as(t), in.firm.ID, x.ID)
		ok(t, err)
		if r.State != evidence.Holds {
			t.Errorf("%s is %s: %+v", x.Code(), r.State, r.Checks)
		}
		var bundle bytes.Buffer
		ok(t, in.app.Evidence.Export(in.as(t), in.firm.ID, x.ID, &bundle))
		checkByHand(t, bundle.Bytes())
	}
}

// checkByHand unpacks a bundle and checks it with sha256sum, as its instructions say.
func checkByHand(t *testing.T, bundle []byte) {
	t.Helper()
	dir := t.TempDir()
	z, err := zip.NewReader(bytes.NewReader(bundle), int64(len(bundle)))
	ok(t, err)
	ok(t, os.CopyFS(dir, z))
	c := exec.CommandContext(t.Context(), "sha256sum", "-c", "SHA256SUMS")
	c.Dir = dir
	out, err := c.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "capture.json: OK") {
		t.Errorf("sha256sum: %v: %s", err, out)
	}
}

// shown is a comment as the site tells it to its editor.
type shown struct {
	Status string `json:"status"`
	IP     string `json:"author_ip"`
	Agent  string `json:"author_user_agent"`
}

func (s *server) shows(t *testing.T, id string) (c shown) {
	t.Helper()
	q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/wp-json/wp/v2/comments/"+id+"?context=edit", nil)
	ok(t, err)
	q.SetBasicAuth(s.user, s.password)
	r, err := http.DefaultClient.Do(q)
	ok(t, err)
	defer r.Body.Close()
	if r.StatusCode != http.StatusOK {
		t.Fatalf("the site answers %s", r.Status)
	}
	ok(t, json.NewDecoder(r.Body).Decode(&c))
	return c
}
