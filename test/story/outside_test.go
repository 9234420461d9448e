package story

import (
	"encoding/json"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-smtp"

	"chop/internal/evidence"
	"chop/internal/lang"
	"chop/internal/oncall"
)

func evidenceOf(firm string) evidence.Filter { return evidence.Filter{Firm: firm, Limit: 500} }

// letter is a mail as it arrived.
type letter struct {
	to, id, subject, text string
	taken                 bool // the story has read it
}

// postOffice is a mail server that keeps every letter.
type postOffice struct {
	port int
	mu   sync.Mutex
	all  []*letter
}

func openPostOffice(t *testing.T) *postOffice {
	t.Helper()
	o := &postOffice{}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o.port = l.Addr().(*net.TCPAddr).Port
	s := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &delivery{o: o}, nil }))
	s.Domain = "localhost"
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close() })
	return o
}

// delivery is one visit of the postman.
type delivery struct {
	o  *postOffice
	to string
}

func (d *delivery) Reset()        {}
func (d *delivery) Logout() error { return nil }

func (d *delivery) Mail(string, *smtp.MailOptions) error { return nil }

func (d *delivery) Rcpt(to string, _ *smtp.RcptOptions) error {
	d.to = to
	return nil
}

func (d *delivery) Data(r io.Reader) error {
	m, err := mail.ReadMessage(r)
	if err != nil {
		return err
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil {
		return err
	}
	text, err := plain(m)
	if err != nil {
		return err
	}
	d.o.mu.Lock()
	defer d.o.mu.Unlock()
	d.o.all = append(d.o.all, &letter{to: d.to, id: m.Header.Get("Message-ID"), subject: subject, text: text})
	return nil
}

// plain is the readable part of a letter.
func plain(m *mail.Message) (string, error) {
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		return "", err
	}
	part, err := multipart.NewReader(m.Body, params["boundary"]).NextRawPart()
	if err != nil {
		return "", err
	}
	var body io.Reader = part
	if strings.EqualFold(part.Header.Get("Content-Transfer-Encoding"), "quoted-printable") {
		body = quotedprintable.NewReader(part)
	}
	raw, err := io.ReadAll(body)
	return string(raw), err
}

// unread takes the letters to an address that the story has not read yet.
func (o *postOffice) unread(to string) (out []letter) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, l := range o.all {
		if l.to == to && !l.taken {
			l.taken = true
			out = append(out, *l)
		}
	}
	return out
}

// ack is the one-tap link of a message.
var ack = regexp.MustCompile(`https://chop\.example/ack/([A-Za-z0-9_-]+)`)

func token(t *testing.T, text string) string {
	t.Helper()
	m := ack.FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("no link to answer with in %q", text)
	}
	return m[1]
}

// GetsLetter is the one unread letter of the person, whose subject must speak of each of these.
func (p *Person) GetsLetter(about ...string) letter {
	p.w.t.Helper()
	got := p.w.mail.unread(p.email)
	if len(got) != 1 {
		p.w.t.Fatalf("%s has %d new letters, want 1: %v", p.name, len(got), got)
	}
	for _, a := range about {
		if !strings.Contains(got[0].subject, a) {
			p.w.t.Errorf("the letter to %s is about %q, want %q", p.name, got[0].subject, a)
		}
	}
	return got[0]
}

// GetsNothing checks that the person's letter box and phone stay quiet.
func (p *Person) GetsNothing() {
	p.w.t.Helper()
	if got := p.w.mail.unread(p.email); len(got) != 0 {
		p.w.t.Fatalf("%s was bothered: %v", p.name, got)
	}
	if got := p.w.phones.unread(p.topic()); len(got) != 0 {
		p.w.t.Fatalf("%s was rung: %v", p.name, got)
	}
}

// Taps the one-tap link of a letter.
func (p *Person) Taps(l letter) {
	p.w.t.Helper()
	g, err := p.w.Alerts.AcknowledgeByToken(p.w.t.Context(), token(p.w.t, l.text))
	p.w.ok(err)
	if !g.Mine {
		p.w.t.Errorf("the tap of %s did not take the alert: %+v", p.name, g)
	}
}

// ring is what a phone shows.
type ring struct {
	Topic    string `json:"topic"`
	Title    string `json:"title"`
	Message  string `json:"message"`
	Priority int    `json:"priority"`
	Actions  []struct {
		URL    string `json:"url"`
		Method string `json:"method"`
	} `json:"actions"`
	taken bool
}

// exchange is a server of phones that speaks ntfy.
type exchange struct {
	url  string
	mu   sync.Mutex
	all  []*ring
	down bool
}

func openExchange(t *testing.T) *exchange {
	t.Helper()
	x := &exchange{}
	s := httptest.NewServer(http.HandlerFunc(x.publish))
	t.Cleanup(s.Close)
	x.url = s.URL
	return x
}

func (x *exchange) publish(w http.ResponseWriter, r *http.Request) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.down {
		http.Error(w, "down", http.StatusBadGateway)
		return
	}
	var c ring
	if err := json.NewDecoder(r.Body).Decode(&c); err != nil || r.Method != http.MethodPost || c.Topic == "" {
		http.Error(w, `{"code":40001,"error":"invalid"}`, http.StatusBadRequest)
		return
	}
	x.all = append(x.all, &c)
	_, _ = io.WriteString(w, `{"id":"ring"}`)
}

func (x *exchange) unread(topic string) (out []ring) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, c := range x.all {
		if c.Topic == topic && !c.taken {
			c.taken = true
			out = append(out, *c)
		}
	}
	return out
}

func (p *Person) topic() string { return "phone-of-" + strings.ToLower(p.name) }

var sixDigits = regexp.MustCompile(`\b\d{6}\b`)

// CarriesPhone connects the person's phone, with the code that is sent to it.
func (p *Person) CarriesPhone() *Person {
	p.w.t.Helper()
	c, err := p.w.Duty.AddContact(p.ctx(), oncall.Contact{Kind: "ntfy", Address: p.w.phones.url + "/" + p.topic()})
	p.w.ok(err)
	p.w.ok(p.w.Alerts.SendCode(p.ctx(), c.ID, lang.PL))
	p.w.ok(p.w.Duty.Verify(p.ctx(), c.ID, sixDigits.FindString(p.Rings().Message)))
	return p
}

// Rings is the one new call on the person's phone, whose title must speak of each of these.
func (p *Person) Rings(about ...string) ring {
	p.w.t.Helper()
	got := p.w.phones.unread(p.topic())
	if len(got) != 1 {
		p.w.t.Fatalf("the phone of %s rang %d times, want once: %v", p.name, len(got), got)
	}
	for _, a := range about {
		if !strings.Contains(got[0].Title, a) {
			p.w.t.Errorf("the phone of %s shows %q, want %q", p.name, got[0].Title, a)
		}
	}
	return got[0]
}
