package stamp

import (
	"bytes"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"chop/internal/fetch"
	"chop/internal/tsa"
)

// Settings is the file in which an administrator names the authorities (docs/operations.md).
type Settings struct {
	CheckpointEvery time.Duration `yaml:"checkpoint_every"`
	AlarmAfter      time.Duration `yaml:"alarm_after"`
	Authorities     []Entry       `yaml:"authorities"`

	dir string // of the file; the paths in it start here
}

// Entry is one authority in the file.
type Entry struct {
	Name         string `yaml:"name"`
	Development  bool   `yaml:"development"` // the one built in; nothing else may be set but name and for
	URL          string `yaml:"url"`
	Roots        string `yaml:"roots"`  // PEM file: where the authority's certificates must lead
	Policy       string `yaml:"policy"` // dotted OID to ask for
	For          string `yaml:"for"`    // exhibits, checkpoints, everything (default)
	Auth         string `yaml:"auth"`   // none (default), basic, certificate, signed
	User         string `yaml:"user"`
	PasswordFile string `yaml:"password_file"`
	Certificate  string `yaml:"certificate"` // PEM file: ours, for certificate and signed
	Key          string `yaml:"key"`         // PEM file
	TLSRoots     string `yaml:"tls_roots"`   // PEM file; the system's when empty
	ContentType  string `yaml:"content_type"`
	Qualified    *struct {
		Source string `yaml:"source"`
		On     string `yaml:"on"`
	} `yaml:"qualified"`
}

// DevelopmentSettings is the built-in authority alone, for trials and the demonstration.
func DevelopmentSettings() Settings {
	return Settings{Authorities: []Entry{{Name: developmentName, Development: true}}}
}

const developmentName = "ChOP development"

// maxSettings is more than any list of authorities needs, in bytes.
const maxSettings = 256 << 10

// ReadSettings reads the file. Errors name the place and the cure.
func ReadSettings(path string) (Settings, error) {
	s := Settings{dir: filepath.Dir(path)}
	raw, err := os.ReadFile(path)
	if err != nil {
		return s, fmt.Errorf("settings of timestamps: %w", err)
	}
	if len(raw) > maxSettings {
		return s, fmt.Errorf("settings of timestamps: %s has %d bytes; it should list a few authorities", path, len(raw))
	}
	d := yaml.NewDecoder(bytes.NewReader(raw))
	d.KnownFields(true)
	if err := d.Decode(&s); err != nil && !errors.Is(err, io.EOF) {
		return s, fmt.Errorf("settings of timestamps: %s: %w", path, err)
	}
	if err := s.check(); err != nil {
		return s, fmt.Errorf("settings of timestamps: %s: %w", path, err)
	}
	return s, nil
}

func (s Settings) check() error {
	if s.CheckpointEvery < 0 || s.CheckpointEvery > 0 && s.CheckpointEvery < time.Minute || s.CheckpointEvery > 24*time.Hour {
		return fmt.Errorf("checkpoint_every is %s; write between 1m and 24h, for example 10m", s.CheckpointEvery)
	}
	if s.AlarmAfter < 0 || s.AlarmAfter > 0 && s.AlarmAfter < time.Minute || s.AlarmAfter > 24*time.Hour {
		return fmt.Errorf("alarm_after is %s; write between 1m and 24h, for example 15m", s.AlarmAfter)
	}
	names := map[string]bool{}
	for i, e := range s.Authorities {
		err := e.check()
		if err == nil && names[e.Name] {
			err = errors.New("another authority has the same name")
		}
		if err != nil {
			return fmt.Errorf("authority %d (%s): %w", i+1, e.Name, err)
		}
		names[e.Name] = true
	}
	return nil
}

func (e Entry) check() error {
	if strings.TrimSpace(e.Name) == "" {
		return errors.New("name is missing; it stands on exhibits, for example CenCert")
	}
	if _, err := e.kind(); err != nil {
		return err
	}
	if e.Development {
		if e.Qualified != nil {
			return errors.New("the development authority is never qualified; remove the lines under qualified")
		}
		if e.URL != "" || e.Roots != "" || e.Auth != "" {
			return errors.New("the development authority is inside the program; remove url, roots and auth")
		}
		return nil
	}
	if e.URL == "" {
		return errors.New("url is missing, for example http://tsp.cencert.pl")
	}
	if e.Roots == "" {
		return errors.New("roots is missing: the file with the root certificate (PEM) to which the authority's certificates lead; take it from the authority or the trusted list, and compare its fingerprint")
	}
	if e.Policy != "" {
		if _, err := tsa.ParseOID(e.Policy); err != nil {
			return fmt.Errorf("policy: %w", err)
		}
	}
	if q := e.Qualified; q != nil {
		if _, err := time.Parse(time.DateOnly, q.On); err != nil || strings.TrimSpace(q.Source) == "" {
			return errors.New("qualified needs source (where you found the authority, for example: EU trusted list) and on (the day, like 2026-11-30)")
		}
	}
	return e.checkAuth()
}

func (e Entry) checkAuth() error {
	switch e.Auth {
	case "", "none":
		if e.User != "" || e.Certificate != "" {
			return errors.New("user or certificate is given, and auth is none; write auth: basic, certificate or signed")
		}
	case "basic":
		if e.User == "" || e.PasswordFile == "" {
			return errors.New("auth: basic needs user and password_file")
		}
	case "certificate", "signed":
		if e.Certificate == "" || e.Key == "" {
			return fmt.Errorf("auth: %s needs certificate and key, both PEM files", e.Auth)
		}
		if e.Auth == "certificate" && !strings.HasPrefix(e.URL, "https://") {
			return errors.New("auth: certificate works over https only; look at url")
		}
	default:
		return fmt.Errorf("auth is %q; write none, basic, certificate or signed", e.Auth)
	}
	return nil
}

func (e Entry) kind() (string, error) {
	switch e.For {
	case "", "everything":
		return "", nil
	case "exhibits":
		return Exhibit, nil
	case "checkpoints":
		return Checkpoint, nil
	}
	return "", fmt.Errorf("for is %q; write exhibits, checkpoints or everything", e.For)
}

// Ground is what authorities need of the installation.
type Ground struct {
	Data string                           // folder in which the development authority keeps its key
	Now  func() time.Time                 // the machine's clock
	Call func(fetch.Config) *fetch.Client // makes a client for outgoing calls with these limits and certificates
}

// Open makes the authorities ready to be asked. Nothing is called yet.
func (s Settings) Open(g Ground) ([]*Authority, error) {
	var out []*Authority
	for i, e := range s.Authorities {
		a, err := s.open(e, g)
		if err != nil {
			return nil, fmt.Errorf("settings of timestamps: authority %d (%s): %w", i+1, e.Name, err)
		}
		out = append(out, a)
	}
	return out, nil
}

func (s Settings) open(e Entry, g Ground) (*Authority, error) {
	kind, err := e.kind()
	if err != nil {
		return nil, err
	}
	a := &Authority{Client: &tsa.Client{Name: e.Name, Policy: e.Policy, Now: g.Now}, Development: e.Development, Only: kind}
	if e.Qualified != nil {
		a.Qualified = Qualified{Source: strings.TrimSpace(e.Qualified.Source), On: e.Qualified.On}
	}
	if e.Development {
		d, err := tsa.OpenDevelopment(filepath.Join(g.Data, "development-timestamps"), g.Now)
		if err != nil {
			return nil, err
		}
		a.Way, a.Roots = d, tsa.Pool(d.Root)
		return a, nil
	}
	roots, err := s.certificates("roots", e.Roots)
	if err != nil {
		return nil, err
	}
	a.Roots = tsa.Pool(roots...)
	a.Way, err = s.way(e, g)
	return a, err
}

// callTime is how long an authority may think; questions wait behind each other.
const callTime = 20 * time.Second

func (s Settings) way(e Entry, g Ground) (tsa.Way, error) {
	call := fetch.Config{Total: callTime, PerSecond: 20, Burst: 20, MaxBody: tsa.MaxResponse}
	h := &tsa.HTTP{URL: e.URL, Type: e.ContentType}
	if e.TLSRoots != "" {
		cs, err := s.certificates("tls_roots", e.TLSRoots)
		if err != nil {
			return nil, err
		}
		call.Roots = tsa.Pool(cs...)
	}
	switch e.Auth {
	case "basic":
		secret, err := os.ReadFile(s.path(e.PasswordFile))
		if err != nil {
			return nil, fmt.Errorf("password_file: %w", err)
		}
		h.User, h.Password = e.User, strings.TrimRight(string(secret), "\r\n")
	case "certificate", "signed":
		pair, leaf, err := s.pair(e)
		if err != nil {
			return nil, err
		}
		if e.Auth == "certificate" {
			call.Certificate = &pair
		} else {
			h.Sign = leaf
		}
	}
	h.Fetch = g.Call(call)
	return h, nil
}

// pair reads our own certificate with its key, and refuses a key of another certificate.
func (s Settings) pair(e Entry) (tls.Certificate, *tsa.Signer, error) {
	cs, err := s.certificates("certificate", e.Certificate)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	raw, err := os.ReadFile(s.path(e.Key))
	if err != nil {
		return tls.Certificate{}, nil, fmt.Errorf("key: %w", err)
	}
	key, err := tsa.DecodeKey(raw)
	if err != nil {
		return tls.Certificate{}, nil, fmt.Errorf("key: %s: %w", e.Key, err)
	}
	if k, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool }); ok && !k.Equal(cs[0].PublicKey) {
		return tls.Certificate{}, nil, fmt.Errorf("key: %s is not the key of %s", e.Key, e.Certificate)
	}
	pair := tls.Certificate{PrivateKey: key, Leaf: cs[0]}
	for _, c := range cs {
		pair.Certificate = append(pair.Certificate, c.Raw)
	}
	return pair, &tsa.Signer{Certificate: cs[0], Parents: cs[1:], Key: key}, nil
}

func (s Settings) certificates(field, name string) ([]*x509.Certificate, error) {
	raw, err := os.ReadFile(s.path(name))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", field, err)
	}
	cs, err := tsa.DecodePEM(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %s: %w; a file in DER form becomes PEM by: openssl x509 -inform DER -in FILE -out FILE.pem", field, name, err)
	}
	return cs, nil
}

func (s Settings) path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(s.dir, name)
}
