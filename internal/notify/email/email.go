// Package email carries messages to people by SMTP.
package email

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"html/template"
	"net"
	"net/mail"
	"net/textproto"
	"strings"
	"time"
	"unicode"

	gomail "github.com/wneessen/go-mail"

	"chop/internal/fault"
	"chop/internal/notify"
)

// How the connection to the mail server is protected.
const (
	TLSNone     = "none"     // only for a server on the same machine or network; a password is then sent to localhost only
	TLSStart    = "starttls" // usual on port 587; refused when the server does not offer it
	TLSImplicit = "tls"      // usual on port 465
)

// Config of the mail server. An empty Host means that no mail is sent from this installation.
type Config struct {
	Host     string
	Port     int // 465 for tls, 587 for starttls, 25 for none when 0
	User     string
	Password string
	From     string         // "ChOP <dyzur@example.pl>"
	TLS      string         // starttls when empty
	Roots    *x509.CertPool // certificate authorities, the system's when nil
	Timeout  time.Duration  // for the whole delivery, 30 s when 0
}

// Channel sends letters. It is safe for concurrent use: each letter has its own connection.
type Channel struct {
	cfg  Config
	from *mail.Address
}

// New checks the settings; faults are Invalid "notify.email.settings" on the field at fault.
func New(c Config) (*Channel, error) {
	bad := func(field string) (*Channel, error) {
		return nil, fault.New(fault.Invalid, "notify.email.settings", "Field", field).On(field)
	}
	if strings.TrimSpace(c.Host) == "" || strings.ContainsAny(c.Host, " \r\n/") {
		return bad("host")
	}
	from, err := mail.ParseAddress(c.From)
	if err != nil {
		return bad("from")
	}
	if c.TLS == "" {
		c.TLS = TLSStart
	}
	port, known := map[string]int{TLSNone: 25, TLSStart: 587, TLSImplicit: 465}[c.TLS]
	if !known {
		return bad("tls")
	}
	if c.Port == 0 {
		c.Port = port
	}
	if c.Port < 1 || c.Port > 65535 {
		return bad("port")
	}
	if c.Timeout <= 0 {
		c.Timeout = 30 * time.Second
	}
	return &Channel{cfg: c, from: from}, nil
}

// Kind is "email".
func (c *Channel) Kind() string { return "email" }

// Check tells with the fault Invalid "notify.email.address" what is no address of one person.
func (c *Channel) Check(to string) error {
	_, err := address(to)
	return err
}

func address(to string) (string, error) {
	a, err := mail.ParseAddress(to)
	if err != nil || a.Address != to || len(to) > 254 || strings.ContainsFunc(to, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", fault.New(fault.Invalid, "notify.email.address").On("address")
	}
	return a.Address, nil
}

// Send delivers one letter to the mail server. Trying again helps after network trouble and 4xx answers, not after
// 5xx. Faults: notify.email.address, notify.email.refused (5xx), notify.email.login, notify.email.later (4xx),
// notify.email.unreachable.
func (c *Channel) Send(ctx context.Context, m notify.Message) (notify.Receipt, bool, error) {
	msg, id, err := c.letter(m)
	if err != nil {
		return notify.Receipt{}, false, err
	}
	client, err := c.client()
	if err != nil {
		return notify.Receipt{}, false, fmt.Errorf("set up the mail client: %w", err)
	}
	ctx, stop := context.WithTimeout(ctx, c.cfg.Timeout)
	defer stop()
	if err := client.DialWithContext(ctx); err != nil {
		return c.failed(err)
	}
	// A farewell that fails after the letter was taken is no failure: the letter would be sent twice.
	defer client.Close() //nolint:errcheck // see above
	if err := client.Send(msg); err != nil {
		return c.failed(err)
	}
	return notify.Receipt{ID: id, Detail: msg.ServerResponse()}, false, nil
}

func (c *Channel) client() (*gomail.Client, error) {
	opts := []gomail.Option{gomail.WithPort(c.cfg.Port), gomail.WithTimeout(c.cfg.Timeout), gomail.WithoutNoop(),
		gomail.WithTLSConfig(&tls.Config{ServerName: c.cfg.Host, RootCAs: c.cfg.Roots, MinVersion: tls.VersionTLS12})}
	switch c.cfg.TLS {
	case TLSNone:
		opts = append(opts, gomail.WithTLSPolicy(gomail.NoTLS))
	case TLSStart:
		opts = append(opts, gomail.WithTLSPolicy(gomail.TLSMandatory))
	case TLSImplicit:
		opts = append(opts, gomail.WithSSL())
	}
	if c.cfg.User != "" {
		opts = append(opts, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(c.cfg.User), gomail.WithPassword(c.cfg.Password))
	}
	return gomail.NewClient(c.cfg.Host, opts...)
}

// letter is the message with its headers on one line each, whatever the title holds.
func (c *Channel) letter(m notify.Message) (*gomail.Msg, string, error) {
	to, err := address(m.To)
	if err != nil {
		return nil, "", err
	}
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(c.from)
	if err := msg.To(to); err != nil {
		return nil, "", fault.New(fault.Invalid, "notify.email.address").On("address").Because(err)
	}
	id := c.messageID(m.ID)
	msg.Subject(oneLine(m.Title))
	msg.SetDate()
	msg.SetMessageIDWithValue(id)
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	if m.Urgency == 1 {
		msg.SetImportance(gomail.ImportanceUrgent)
	}
	if ref := token(m.Tag); ref != "" { // letters about one thing stand together
		msg.SetGenHeader("References", "<"+ref+"@"+c.domain()+">")
	}
	page, err := render(m)
	if err != nil {
		return nil, "", fmt.Errorf("write the letter: %w", err)
	}
	msg.SetBodyString(gomail.TypeTextPlain, plain(m))
	msg.AddAlternativeString(gomail.TypeTextHTML, page)
	return msg, id, nil
}

func (c *Channel) domain() string {
	_, d, _ := strings.Cut(c.from.Address, "@")
	return d
}

// messageID is the same for the same message, so a receiver who gets it twice may drop one.
func (c *Channel) messageID(id string) string { return token(id) + "@" + c.domain() }

// token keeps what may stand inside a message id.
func token(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 128 && (unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '.' || r == '_') {
			return r
		}
		return -1
	}, s)
}

// oneLine drops line breaks, control, zero-width and direction characters: they could add a header or lie.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	out := []rune(strings.Join(strings.Fields(s), " "))
	return string(out[:min(len(out), 200)])
}

func plain(m notify.Message) string {
	var b strings.Builder
	b.WriteString(m.Body)
	if m.AckURL != "" {
		b.WriteString("\n\n" + m.AckTitle + ": " + m.AckURL)
	}
	if m.URL != "" {
		b.WriteString("\n\n" + m.URL)
	}
	b.WriteString("\n")
	return b.String()
}

var page = template.Must(template.New("letter").Parse(`<!doctype html>
<meta charset="utf-8">
<body style="font:16px/1.5 system-ui,sans-serif;color:#1c2430;background:#fff;margin:0;padding:24px">
<div style="max-width:34em">
<h1 style="font-size:20px;margin:0 0 12px">{{.Title}}</h1>
{{range .Lines}}<p style="margin:0 0 12px">{{.}}</p>
{{end}}{{if .AckURL}}<p style="margin:20px 0"><a href="{{.AckURL}}" style="display:inline-block;padding:12px 20px;border-radius:8px;background:#1f4f8b;color:#fff;text-decoration:none">{{.AckTitle}}</a></p>
{{end}}{{if .URL}}<p style="margin:0"><a href="{{.URL}}" style="color:#1f4f8b">{{.URL}}</a></p>
{{end}}</div>
</body>
`))

func render(m notify.Message) (string, error) {
	var b bytes.Buffer
	err := page.Execute(&b, struct {
		Title, AckURL, AckTitle, URL string
		Lines                        []string
	}{oneLine(m.Title), m.AckURL, m.AckTitle, m.URL, strings.FieldsFunc(m.Body, func(r rune) bool { return r == '\n' })})
	return b.String(), err
}

// failed says what went wrong and whether later helps.
func (c *Channel) failed(err error) (notify.Receipt, bool, error) {
	code := answer(err)
	var tlsTrouble *tls.CertificateVerificationError
	switch {
	case code == 530 || code == 534 || code == 535 || code == 538:
		return c.fault("notify.email.login", code, false, err)
	case code >= 500:
		return c.fault("notify.email.refused", code, false, err)
	case code >= 400:
		return c.fault("notify.email.later", code, true, err)
	case errors.As(err, &tlsTrouble):
		return c.fault("notify.email.tls", code, false, err)
	}
	return c.fault("notify.email.unreachable", code, true, err)
}

func (c *Channel) fault(name string, code int, retry bool, err error) (notify.Receipt, bool, error) {
	return notify.Receipt{}, retry, fault.New(fault.Unavailable, name, "Host", c.cfg.Host, "Code", code).Because(err)
}

// answer is the server's three-digit answer, 0 when it gave none.
func answer(err error) int {
	var net net.Error
	if errors.As(err, &net) && net.Timeout() {
		return 0
	}
	var send *gomail.SendError
	if errors.As(err, &send) && send.ErrorCode() != 0 {
		return send.ErrorCode()
	}
	var text *textproto.Error
	if errors.As(err, &text) {
		return text.Code
	}
	return 0
}
