package wordpress

import (
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
)

type letter struct{ to, subject, text string }

// mailServer hands on every letter it takes.
type mailServer struct {
	port    int
	letters chan letter
}

func openMailServer(t *testing.T) *mailServer {
	t.Helper()
	m := &mailServer{letters: make(chan letter, 100)}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ok(t, err)
	m.port = l.Addr().(*net.TCPAddr).Port
	s := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &postman{server: m}, nil }))
	s.Domain = "localhost"
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close() })
	return m
}

// next is the next letter, which must be to the address.
func (m *mailServer) next(t *testing.T, to string) letter {
	t.Helper()
	select {
	case l := <-m.letters:
		if l.to != to {
			t.Fatalf("a letter to %s, want one to %s: %s", l.to, to, l.subject)
		}
		return l
	case <-time.After(60 * time.Second):
		t.Fatalf("no letter to %s came", to)
	}
	return letter{}
}

// postman is one connection.
type postman struct {
	server *mailServer
	to     string
}

func (p *postman) Reset()                               {}
func (p *postman) Logout() error                        { return nil }
func (p *postman) Mail(string, *smtp.MailOptions) error { return nil }

func (p *postman) Rcpt(to string, _ *smtp.RcptOptions) error {
	p.to = to
	return nil
}

func (p *postman) Data(r io.Reader) error {
	m, err := mail.ReadMessage(r)
	if err != nil {
		return err
	}
	l := letter{to: p.to}
	if l.subject, err = new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject")); err != nil {
		return err
	}
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		return err
	}
	part, err := multipart.NewReader(m.Body, params["boundary"]).NextRawPart()
	if err != nil {
		return err
	}
	body := io.Reader(part)
	if part.Header.Get("Content-Transfer-Encoding") == "quoted-printable" {
		body = quotedprintable.NewReader(part)
	}
	raw, err := io.ReadAll(body)
	l.text = string(raw)
	p.server.letters <- l
	return err
}
