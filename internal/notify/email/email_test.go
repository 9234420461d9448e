package email

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/http/httptest"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"pgregory.net/rapid"

	"chop/internal/fault"
	"chop/internal/lang"
	"chop/internal/notify"
)

// sink is a mail server that keeps what it is given, or answers as told.
type sink struct {
	mu      sync.Mutex
	letters [][]byte
	to      []string
	answer  *smtp.SMTPError // to RCPT
	final   *smtp.SMTPError // to the letter itself
}

func (s *sink) NewSession(*smtp.Conn) (smtp.Session, error) { return &session{s}, nil }

type session struct{ *sink }

// AuthMechanisms and Auth make the server ask for the password "good".
func (s session) AuthMechanisms() []string { return []string{"PLAIN"} }

func (s session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != "chop" || password != "good" {
			return &smtp.SMTPError{Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 8}, Message: "authentication failed"}
		}
		return nil
	}), nil
}

func (session) Reset()                               {}
func (session) Logout() error                        { return nil }
func (session) Mail(string, *smtp.MailOptions) error { return nil }

func (s session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if s.answer != nil {
		return s.answer
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.to = append(s.to, to)
	return nil
}

func (s session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if s.final != nil {
		return s.final
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.letters = append(s.letters, raw)
	return nil
}

func serve(t *testing.T, s *sink, secure *tls.Config, implicit bool) Config {
	t.Helper()
	srv := smtp.NewServer(s)
	srv.Domain, srv.TLSConfig = "sink.example", secure
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	if implicit {
		l = tls.NewListener(l, secure)
	}
	go srv.Serve(l) //nolint:errcheck // ends with Close
	t.Cleanup(func() { srv.Close() })
	return Config{Host: "127.0.0.1", Port: port, From: "ChOP <dyzur@chop.example>", TLS: TLSNone, Timeout: 5 * time.Second}
}

func channel(t *testing.T, c Config) *Channel {
	t.Helper()
	ch, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return ch
}

var message = notify.Message{ID: "0193-ab", To: "ewa@example.pl", Title: "P1 Manufaktura Lniana: groźba", Body: "Pierwsza linia <b>ż</b>.\nDruga.",
	URL: "https://chop.example/cases/1", Urgency: 1, Tag: "alert-7", AckURL: "https://chop.example/ack/tok", AckTitle: "Przyjmuję"}

func TestALetterArrivesReadable(t *testing.T) {
	s := &sink{}
	r, retry, err := channel(t, serve(t, s, nil, false)).Send(t.Context(), message)
	if err != nil || retry || r.ID != "0193-ab@chop.example" {
		t.Fatalf("%+v %v %v", r, retry, err)
	}
	m, err := mail.ReadMessage(bytes.NewReader(s.letters[0]))
	if err != nil {
		t.Fatal(err)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil || subject != message.Title || m.Header.Get("Message-Id") != "<0193-ab@chop.example>" || m.Header.Get("Auto-Submitted") != "auto-generated" {
		t.Fatalf("%q %v", subject, m.Header)
	}
	if len(s.to) != 1 || s.to[0] != "ewa@example.pl" {
		t.Fatalf("%v", s.to)
	}
	parts := parts(t, m)
	if p := parts["text/plain"]; !strings.Contains(p, "Pierwsza linia <b>ż</b>.\r\nDruga.") || !strings.Contains(p, "Przyjmuję: https://chop.example/ack/tok") {
		t.Errorf("plain %q", p)
	}
	if p := parts["text/html"]; !strings.Contains(p, "&lt;b&gt;ż&lt;/b&gt;") || !strings.Contains(p, `href="https://chop.example/ack/tok"`) || strings.Contains(p, "<b>ż") {
		t.Errorf("html %q", p)
	}
}

func parts(t *testing.T, m *mail.Message) map[string]string {
	t.Helper()
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	r := multipart.NewReader(m.Body, params["boundary"])
	for {
		p, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(quotedprintable.NewReader(p))
		if err != nil {
			t.Fatal(err)
		}
		kind, _, _ := mime.ParseMediaType(p.Header.Get("Content-Type"))
		out[kind] = string(raw)
	}
}

func TestOnlyLaterHelpsAreTriedAgain(t *testing.T) {
	for name, c := range map[string]struct {
		sink  *sink
		code  string
		retry bool
	}{
		"mailbox unknown": {&sink{answer: &smtp.SMTPError{Code: 550, Message: "no such user"}}, "notify.email.refused", false},
		"greylisted":      {&sink{answer: &smtp.SMTPError{Code: 451, Message: "later"}}, "notify.email.later", true},
		"letter refused":  {&sink{final: &smtp.SMTPError{Code: 554, Message: "spam"}}, "notify.email.refused", false},
		"letter later":    {&sink{final: &smtp.SMTPError{Code: 452, Message: "full"}}, "notify.email.later", true},
	} {
		t.Run(name, func(t *testing.T) {
			_, retry, err := channel(t, serve(t, c.sink, nil, false)).Send(t.Context(), message)
			var f *fault.Error
			if !errors.As(err, &f) || f.Code != c.code || retry != c.retry {
				t.Fatalf("%v, retry %v", err, retry)
			}
			if s := lang.PL.T("fault."+f.Code, "Host", f.Data["Host"], "Code", f.Data["Code"]); strings.ContainsAny(s, "[<") {
				t.Fatalf("sentence %q", s)
			}
		})
	}
}

func TestADeadServerIsTriedAgain(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	_, retry, err := channel(t, Config{Host: "127.0.0.1", Port: port, From: "a@b.pl", TLS: TLSNone}).Send(t.Context(), message)
	var f *fault.Error
	if !errors.As(err, &f) || f.Code != "notify.email.unreachable" || !retry {
		t.Fatalf("%v, retry %v", err, retry)
	}
}

func TestEncryptionIsKeptOrNothingIsSent(t *testing.T) {
	https := httptest.NewTLSServer(nil)
	defer https.Close()
	secure := &tls.Config{Certificates: https.TLS.Certificates}
	roots := x509.NewCertPool()
	roots.AddCert(https.Certificate())
	for name, c := range map[string]struct {
		server   *tls.Config
		implicit bool
		mode     string
		roots    *x509.CertPool
		ok       bool
	}{
		"starttls":                      {secure, false, TLSStart, roots, true},
		"tls from the start":            {secure, true, TLSImplicit, roots, true},
		"server without starttls":       {nil, false, TLSStart, roots, false},
		"unknown certificate":           {secure, false, TLSStart, x509.NewCertPool(), false},
		"unknown certificate, implicit": {secure, true, TLSImplicit, x509.NewCertPool(), false},
	} {
		t.Run(name, func(t *testing.T) {
			s := &sink{}
			cfg := serve(t, s, c.server, c.implicit)
			cfg.TLS, cfg.Roots = c.mode, c.roots
			_, _, err := channel(t, cfg).Send(t.Context(), message)
			if (err == nil) != c.ok || (len(s.letters) == 1) != c.ok {
				t.Fatalf("%v, %d letters", err, len(s.letters))
			}
		})
	}
}

func TestAWrongPasswordIsNamedAndNotTriedAgain(t *testing.T) {
	https := httptest.NewTLSServer(nil)
	defer https.Close()
	s := &sink{}
	cfg := serve(t, s, &tls.Config{Certificates: https.TLS.Certificates}, false)
	cfg.TLS, cfg.Roots, cfg.User, cfg.Password = TLSStart, x509.NewCertPool(), "chop", "good"
	cfg.Roots.AddCert(https.Certificate())
	if _, _, err := channel(t, cfg).Send(t.Context(), message); err != nil || len(s.letters) != 1 {
		t.Fatalf("the right password: %v", err)
	}
	cfg.Password = "s3cret-wrong"
	_, retry, err := channel(t, cfg).Send(t.Context(), message)
	var f *fault.Error
	if !errors.As(err, &f) || f.Code != "notify.email.login" || retry || strings.Contains(err.Error(), "s3cret") {
		t.Fatalf("%v, retry %v", err, retry)
	}
}

// Whatever stands in a message: the letter has the same headers, one receiver, and the text in its parts.
func TestNoTitleAddsAHeader(t *testing.T) {
	ch := channel(t, Config{Host: "h.example", From: "a@chop.example"})
	headers := func(m notify.Message) (mail.Header, string) {
		msg, _, err := ch.letter(m)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if _, err := msg.WriteTo(&b); err != nil {
			t.Fatal(err)
		}
		got, err := mail.ReadMessage(&b)
		if err != nil {
			t.Fatal(err)
		}
		subject, err := new(mime.WordDecoder).DecodeHeader(got.Header.Get("Subject"))
		if err != nil {
			t.Fatal(err)
		}
		return got.Header, subject
	}
	plain, _ := headers(message)
	evil := []string{"\r\nBcc: x@y.pl", "\n\n<h1>", "\u202egnp", "a\x00b", "=?utf-8?q?x?=", strings.Repeat("ż", 5000), "\xff\xfe"}
	rapid.Check(t, func(t *rapid.T) {
		m := message
		m.Title = rapid.SampledFrom(evil).Draw(t, "evil") + rapid.String().Draw(t, "title")
		m.Tag = "x" + rapid.SampledFrom(evil).Draw(t, "tag")
		m.ID = "i" + rapid.SampledFrom(evil).Draw(t, "id")
		got, subject := headers(m)
		for k := range got {
			if _, ok := plain[k]; !ok {
				t.Fatalf("header %q appeared", k)
			}
		}
		if len(got["To"]) != 1 || strings.ContainsAny(subject, "\r\n\x00\u202e") {
			t.Fatalf("%q %q", got["To"], subject)
		}
	})
}

func TestAddressesAndSettings(t *testing.T) {
	ch := channel(t, Config{Host: "h.example", From: "a@chop.example"})
	for to, ok := range map[string]bool{"ewa@example.pl": true, "": false, "ewa": false, "Ewa <ewa@example.pl>": false, "a@b.pl, c@d.pl": false,
		"a@b.pl\r\nBcc: c@d.pl": false, "ewa@żółw.pl": false, strings.Repeat("a", 260) + "@b.pl": false} {
		if err := ch.Check(to); (err == nil) != ok || (err != nil && !fault.Is(err, fault.Invalid)) {
			t.Errorf("%q: %v", to, err)
		}
		if !ok {
			if _, retry, err := ch.Send(t.Context(), notify.Message{To: to}); err == nil || retry {
				t.Errorf("%q was sent", to)
			}
		}
	}
	good := Config{Host: "h.example", From: "a@chop.example"}
	for field, change := range map[string]func(*Config){"host": func(c *Config) { c.Host = " " }, "from": func(c *Config) { c.From = "nobody" },
		"tls": func(c *Config) { c.TLS = "ssl" }, "port": func(c *Config) { c.Port = 70000 }} {
		c := good
		change(&c)
		_, err := New(c)
		var f *fault.Error
		if !errors.As(err, &f) || f.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
}
