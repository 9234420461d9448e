package capture

import (
	"bytes"
	"cmp"
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"chop/internal/browser"
	"chop/internal/evidence"
	"chop/internal/reason"
	"chop/internal/warc"
)

func signingKey(secret []byte) (*ecdsa.PrivateKey, error) { return warc.SigningKey(secret) }

// exhibit is a look as it is sealed. An obstacle is an exhibit of the look, never of the page or of the item on it; only a page
// that was seen before and is gone now joins the exhibits of what it showed, because its disappearance is a fact about it.
func (s *Store) exhibit(shot Shot, p *browser.Page) (evidence.Capture, error) {
	wacz, records, err := s.pack(p)
	if err != nil {
		return evidence.Capture{}, fmt.Errorf("pack the archive: %w", err)
	}
	c := evidence.Capture{Firm: shot.Firm, Ref: shot.ref(), Title: title(p), Level: evidence.L2, Cause: shot.Cause, Meta: Meta(p), Limits: Limits(p)}
	if p.Wall.Kind != browser.Content && (p.Wall.Kind != browser.NotThere || shot.first.IsZero()) {
		c.Ref = reason.Ref{Kind: "capture", ID: shot.ID}
	}
	c.Meta["why"], c.Meta["case"], c.Meta["capture"], c.Meta["warc_records"] = shot.Why, shot.Case, shot.ID, strconv.Itoa(records)
	c.Files = Files(p, wacz)
	return c, nil
}

// title is what people call the page.
func title(p *browser.Page) string {
	if t := strings.Join(strings.Fields(p.Title), " "); t != "" && p.Wall.Kind == browser.Content {
		return t
	}
	if u, err := url.Parse(p.Final); err == nil && u.Host != "" {
		return u.Host + u.Path
	}
	return p.Requested
}

// Files are the files of an exhibit of a page.
func Files(p *browser.Page, wacz []byte) []evidence.File {
	list := []evidence.File{}
	add := func(name, media string, body []byte) {
		if len(body) > 0 {
			list = append(list, evidence.File{Name: name, Media: media, Body: body})
		}
	}
	add("capture.wacz", "application/wacz", wacz)
	add("screenshot.png", "image/png", p.PNG)
	add("print.pdf", "application/pdf", p.PDF)
	add("page.mhtml", "multipart/related", p.MHTML)
	add("page.txt", "text/plain; charset=utf-8", []byte(p.Text))
	pem, _ := p.Cert()
	add("server.pem", "application/x-pem-file", []byte(pem))
	return list
}

// Meta is the capture's data (domain/evidence-legal.md A.3).
func Meta(p *browser.Page) map[string]string {
	_, cert := p.Cert()
	hops, err := json.Marshal(p.Redirects)
	if err != nil || len(p.Redirects) == 0 {
		hops = nil
	}
	ip := ""
	if p.IP.IsValid() {
		ip = p.IP.String()
	}
	text := sha256.Sum256([]byte(p.Text))
	m := map[string]string{
		"how": "browser", "url": p.Final, "requested_url": p.Requested, "final_url": p.Final, "redirects": string(hops), "status": strconv.Itoa(p.Status),
		"server_ip": ip, "tls_sha256": cert, "page_title": p.Title, "text_sha256": hex.EncodeToString(text[:]),
		"started_at": stamp(p.Began), "finished_at": stamp(p.Ended), "clock": "machine clock, offset not measured",
		"browser": p.Browser, "user_agent": p.UserAgent, "viewport": fmt.Sprintf("%dx%d", browser.Width, browser.Height), "locale": browser.Locale,
		"time_zone": browser.TimeZone, "login_state": "anonymous", "sandbox": map[bool]string{true: "on", false: "off"}[p.Sandbox],
		"requests": strconv.Itoa(len(p.Exchanges)), "result": "content",
	}
	if p.Wall.Kind != browser.Content {
		m["result"], m["obstacle"], m["obstacle_rule"] = "failed", string(p.Wall.Kind), p.Wall.Rule
		m["obstacle_detail"] = p.Wall.Detail
	}
	for k, v := range m {
		if v == "" {
			delete(m, k)
		}
	}
	return m
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// Limits are the known defects: "page tall 20000/16000". The words before the data name the message
// "exhibits.limit.page-<code>".
func Limits(p *browser.Page) []string {
	out := []string{"page anonymous"}
	for _, l := range p.Limits {
		out = append(out, strings.TrimSpace("page "+strings.ReplaceAll(l.Code, "_", " ")+" "+l.Data))
	}
	return out
}

// pack makes a WACZ of a page, signed with the installation's key, and tells how many records its WARC has.
func (s *Store) pack(p *browser.Page) ([]byte, int, error) { return Archive(p, s.Version, s.key) }

// Archive makes a WACZ of a page, and tells how many records its WARC has. Without a key it is unsigned.
func Archive(p *browser.Page, version string, key *ecdsa.PrivateKey) ([]byte, int, error) {
	var raw bytes.Buffer
	w := warc.NewWriter(&raw)
	software := "ChOP " + cmp.Or(version, "dev")
	if err := record(w, p, software); err != nil {
		return nil, 0, err
	}
	address, _, _ := strings.Cut(p.Final, "#")
	pack := warc.Package{Title: title(p), Software: software, Created: p.Ended, Key: key}
	if p.Status > 0 {
		pack.Pages = []warc.Page{{URL: address, Title: p.Title, At: p.Began}}
	}
	var out bytes.Buffer
	err := warc.Pack(&out, pack, w, raw.Bytes())
	return out.Bytes(), w.Count(), err
}

func record(w *warc.Writer, p *browser.Page, software string) error {
	if _, err := w.Write(warc.InfoRecord(p.Began, "data.warc.gz", warc.Field{Name: "software", Value: software + ", " + p.Browser},
		warc.Field{Name: "http-header-user-agent", Value: p.UserAgent},
		warc.Field{Name: "description", Value: "HTTP/1.1 between ChOP and the servers; chunked framing taken off, headers in order of name"})); err != nil {
		return err
	}
	for _, e := range p.Exchanges {
		if e.Status == 0 {
			continue
		}
		if err := w.Exchange(warc.Exchange{At: e.At, Method: e.Method, URL: e.URL, Sent: e.Sent, SentBody: e.SentBody, IP: e.IP, Status: e.Status, Phrase: e.Phrase,
			Header: e.Header, Body: e.Body, Cut: e.Cut}); err != nil {
			return err
		}
	}
	address, _, _ := strings.Cut(p.Final, "#")
	for _, r := range []struct {
		name, media string
		body        []byte
	}{{"urn:view:", "image/png", p.PNG}, {"urn:text:", "text/plain", []byte(p.Text)}} {
		if len(r.body) == 0 {
			continue
		}
		if _, err := w.Write(warc.ResourceRecord(p.Ended, r.name+address, r.media, r.body)); err != nil {
			return err
		}
	}
	_, err := w.Write(warc.MetadataRecord(p.Ended, address, warc.Field{Name: "obstacle", Value: cmp.Or(string(p.Wall.Kind), "none")}))
	return err
}
