package kill

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"chop/internal/access"
	"chop/internal/app"
	"chop/internal/db"
	"chop/internal/decision"
	"chop/internal/demo/site"
	"chop/internal/firm"
	"chop/internal/lang"
	"chop/internal/ledger"
	"chop/internal/source"
	"chop/internal/source/webhook"
	"chop/internal/user"
)

// build makes the real program.
func build(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "chop")
	c := exec.Command("go", "build", "-o", program, "chop/cmd/chop")
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return program
}

// world is an installation whose program runs outside the test.
type world struct {
	t        *testing.T
	program  string
	config   app.Config
	shop     *site.Site
	firm     string
	site     source.Source
	hook     source.Source
	secret   string
	post     []int
	waiting  []int // comments to be answered
	guardian access.Principal
	open     *app.Rooms

	mu    sync.Mutex
	mail  map[string]int // letters by Message-ID
	taken []string       // deliveries answered with 200
}

func open(t *testing.T, program, database string) *world {
	t.Helper()
	w := &world{t: t, program: program, shop: site.New(nil), secret: webhook.NewSecret(), mail: map[string]int{}}
	server := httptest.NewServer(w.shop)
	t.Cleanup(server.Close)
	w.config = app.Config{Data: filepath.Join(t.TempDir(), "data"), DB: database, Listen: freePort(t), Allow: []string{"127.0.0.1"},
		SMTP: app.SMTP{Host: "127.0.0.1", Port: w.postOffice(), From: "ChOP <dyzur@chop.example>", TLS: "none"}}
	must(t, os.MkdirAll(w.config.Data, 0o700))
	for i := range posts {
		w.post = append(w.post, w.shop.AddPost("wpis-"+strconv.Itoa(i), "Wpis "+strconv.Itoa(i), "Nowa kolekcja."))
	}
	for i := range replies {
		w.waiting = append(w.waiting, w.say(i, fmt.Sprintf("Klientka%d", i), fmt.Sprintf("Na zamówienie %d czekałam prawie trzy tygodnie i nikt nie odpisywał na maile.", i)))
	}
	w.settle(server.URL)
	t.Cleanup(w.shut)
	return w
}

// settle makes people, the firm and its channels.
func (w *world) settle(url string) {
	w.t.Helper()
	r, ctx := w.rooms(), w.ctx()
	p, err := r.Users.Add(ctx, user.Newcomer{Name: "Anna", Email: "anna@chop.example", Password: "haslo na potrzeby proby", Lang: lang.PL, Admin: true})
	must(w.t, err)
	f, err := r.Firms.Create(ctx, firm.Firm{Name: "Manufaktura Lniana", Lang: lang.PL, Settings: firm.Settings{RiskAversion: 1, NetiquettePublished: true,
		Mandate: map[string]string{"reply": firm.Tell, "delete": firm.Tell, "block": firm.Tell, "escalate_legal": firm.Tell}}})
	must(w.t, err)
	w.firm = f.ID
	must(w.t, r.Users.Enrol(ctx, f.ID, p.ID, access.Guardian))
	w.guardian = access.Principal{User: p.ID, Name: p.Name, Firms: map[string]access.Role{f.ID: access.Guardian}}
	w.site, _, err = r.Sources.Connect(ctx, f.ID, "wordpress", "", source.Settings{"url": url, "user": site.User, "password": site.Password})
	must(w.t, err)
	w.hook, _, err = r.Sources.Connect(ctx, f.ID, webhook.Kind, "Drzwi", source.Settings{"secret": w.secret})
	must(w.t, err)
}

const answerBegins = "Przepraszamy za opóźnienie"

// decideReplies answers the complaints; the deeds fall due while the program is being killed.
func (w *world) decideReplies() {
	w.t.Helper()
	r := w.rooms()
	must(w.t, r.Jobs.Drain(w.ctx()))
	ctx := access.With(w.t.Context(), w.guardian)
	for i, c := range w.waiting {
		got, err := r.Mentions.ByExternal(ctx, w.firm, w.site.ID, []string{strconv.Itoa(c)})
		must(w.t, err)
		m := got[strconv.Itoa(c)]
		a, err := r.Decisions.Recommend(ctx, w.firm, m.ID)
		must(w.t, err)
		_, err = r.Decisions.Decide(ctx, decision.Choice{Firm: w.firm, Mention: m.ID, Option: decision.Reply, Shown: a.ID,
			Text: fmt.Sprintf("%s, zamówienie %d wyjdzie jutro.", answerBegins, i), Why: "Tak ustaliliśmy z właścicielką."})
		must(w.t, err)
	}
	w.shut()
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) ctx() context.Context { return access.With(w.t.Context(), access.System("*")) }

// rooms is the test's own look into the installation.
func (w *world) rooms() *app.Rooms {
	w.t.Helper()
	if w.open == nil {
		var err error
		w.open, err = app.Open(context.WithoutCancel(w.t.Context()), w.config, "test")
		must(w.t, err)
	}
	return w.open
}

// shut ends the test's own look.
func (w *world) shut() {
	if w.open != nil {
		w.open.Close()
		w.open = nil
	}
}

// lookSoon makes the program look at the shop as soon as it lives.
func (w *world) lookSoon() {
	w.t.Helper()
	must(w.t, w.rooms().Sources.LookNow(w.ctx(), w.firm, w.site.ID))
	w.shut()
}

// ageRunning stands for the minutes after which PostgreSQL's queue takes work back from a process that is gone. With
// SQLite the next start takes it back at once.
func (w *world) ageRunning() {
	w.t.Helper()
	if w.config.DB == "" {
		return
	}
	must(w.t, w.rooms().DB.Tx(w.ctx(), func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE river_job SET attempted_at = attempted_at - interval '10 minutes' WHERE state = 'running'`)
		return err
	}))
	w.shut()
}

// say writes a comment at the shop.
func (w *world) say(i int, who, text string) int {
	return w.shop.Comment(w.post[i%posts], 0, who, strings.ToLower(who)+"@visitor.test", "203.0.113.9", "Mozilla/5.0", text)
}

func isThreat(text string) bool { return strings.HasPrefix(text, "Pożałujesz") }

// stream lets visitors write for as long as the program is being killed.
func (w *world) stream(ctx context.Context, done chan<- struct{}) {
	defer close(done)
	tick := time.NewTicker(35 * time.Millisecond)
	defer tick.Stop()
	for i := range comments {
		if i%threatEach == 0 {
			w.say(i/threatEach, "Darek", fmt.Sprintf("Pożałujesz. Wiemy gdzie masz magazyn, jedna zapałka i po lnie. (%d)", i))
		} else {
			w.say(i, fmt.Sprintf("Teresa%d", i%9), fmt.Sprintf("Obrus numer %d leży idealnie, dziękuję.", i))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// knock delivers at the door; a sender repeats what was not answered with 200.
func (w *world) knock(ctx context.Context, done chan<- struct{}) {
	defer close(done)
	client := &http.Client{Timeout: 2 * time.Second}
	for i := 0; ctx.Err() == nil; i++ {
		ext := fmt.Sprintf("hook-%d", i)
		body := fmt.Appendf(nil, `{"items":[{"external_id":%q,"text":"Ręcznik numer %d już używany, dziękuję.","author":{"name":"Ola"}}]}`, ext, i)
		for ctx.Err() == nil && !w.deliver(ctx, client, ext, body) {
			<-time.After(50 * time.Millisecond)
		}
		<-time.After(150 * time.Millisecond)
	}
}

func (w *world) deliver(ctx context.Context, client *http.Client, ext string, body []byte) bool {
	at := time.Now()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+w.config.Listen+"/hooks/"+w.hook.ID, bytes.NewReader(body))
	if err != nil {
		return false
	}
	r.Header.Set(webhook.HeaderID, ext)
	r.Header.Set(webhook.HeaderTimestamp, strconv.FormatInt(at.Unix(), 10))
	r.Header.Set(webhook.HeaderSignature, webhook.Sign(w.secret, ext, at, body))
	resp, err := client.Do(r)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.taken = append(w.taken, ext)
	return true
}

func (w *world) accepted() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.taken...)
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	return l.Addr().String()
}

// process is one life of the program.
type process struct {
	w   *world
	cmd *exec.Cmd
	log *os.File
}

func (w *world) args(command string, more ...string) []string {
	a := append([]string{command, "--data", w.config.Data}, more...)
	if w.config.DB != "" {
		a = append(a, "--db", w.config.DB)
	}
	return a
}

func (w *world) start() *process {
	w.t.Helper()
	log, err := os.OpenFile(filepath.Join(filepath.Dir(w.config.Data), "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	must(w.t, err)
	p := &process{w: w, log: log, cmd: exec.Command(w.program, w.args("serve", "--listen", w.config.Listen, "--allow", "127.0.0.1",
		"--smtp-host", w.config.SMTP.Host, "--smtp-port", strconv.Itoa(w.config.SMTP.Port), "--smtp-from", w.config.SMTP.From, "--smtp-tls", "none")...)}
	p.cmd.Stdout, p.cmd.Stderr = log, log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	must(w.t, p.cmd.Start())
	w.t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
	})
	return p
}

// kill ends the program without a chance to tidy up.
func (p *process) kill() {
	p.w.t.Helper()
	must(p.w.t, p.cmd.Process.Kill())
	if err := p.cmd.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
		p.w.t.Fatalf("the program ended by itself before it was killed: %v\n%s", err, p.w.tail())
	}
	_ = p.log.Close()
}

// end asks the program to stop, which it must do cleanly.
func (p *process) end() {
	p.w.t.Helper()
	p.w.shut()
	must(p.w.t, p.cmd.Process.Signal(syscall.SIGTERM))
	if err := p.cmd.Wait(); err != nil {
		p.w.t.Errorf("stop: %v\n%s", err, p.w.tail())
	}
	_ = p.log.Close()
}

// tail is the end of the program's log.
func (w *world) tail() string {
	raw, _ := os.ReadFile(filepath.Join(filepath.Dir(w.config.Data), "log"))
	return string(raw[max(0, len(raw)-4000):])
}

// verify runs chop verify, which must find everything whole.
func (w *world) verify() {
	w.t.Helper()
	if out, err := exec.Command(w.program, w.args("verify")...).CombinedOutput(); err != nil {
		w.t.Errorf("chop verify: %v\n%s", err, out)
	}
}

// folderHolds checks the log beside the database as the killed program left it: an older log or a newer one, never half a
// one. False when there is none yet.
func (w *world) folderHolds() bool {
	w.t.Helper()
	dir := filepath.Join(w.config.Data, "ledger")
	if _, err := os.Stat(filepath.Join(dir, ledger.File)); err != nil {
		return false
	}
	key, err := os.ReadFile(filepath.Join(dir, ledger.KeyFile))
	must(w.t, err)
	r, err := ledger.VerifyDir(dir, string(key))
	must(w.t, err)
	for _, x := range r.Troubles {
		if x.Code != ledger.FileExtra { // tiles of a checkpoint that it had not yet written: they lie there before it
			w.t.Errorf("the log beside the database: %+v", x)
		}
	}
	return true
}

// until waits for something to become true.
func (w *world) until(what string, f func() error) {
	w.t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		err := f()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("waited too long until %s: %v\n%s", what, err, w.tail())
		}
		<-time.After(200 * time.Millisecond)
	}
}

// postOffice counts letters by their id and gives its port.
func (w *world) postOffice() int {
	w.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(w.t, err)
	s := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return letterBox{w}, nil }))
	s.Domain = "localhost"
	go func() { _ = s.Serve(l) }()
	w.t.Cleanup(func() { _ = s.Close() })
	return l.Addr().(*net.TCPAddr).Port
}

type letterBox struct{ w *world }

func (letterBox) Reset()                               {}
func (letterBox) Logout() error                        { return nil }
func (letterBox) Mail(string, *smtp.MailOptions) error { return nil }
func (letterBox) Rcpt(string, *smtp.RcptOptions) error { return nil }

func (b letterBox) Data(r io.Reader) error {
	m, err := mail.ReadMessage(r)
	if err != nil {
		return err
	}
	b.w.mu.Lock()
	defer b.w.mu.Unlock()
	b.w.mail[m.Header.Get("Message-ID")]++
	return nil
}

// letters is how often each letter came.
func (w *world) letters() map[string]int {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := map[string]int{}
	for id, n := range w.mail {
		out[id] = n
	}
	return out
}
