package tsa

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/digitorus/timestamp"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func at(t time.Time) func() time.Time { return func() time.Time { return t } }

func authority(t testing.TB) *Development {
	t.Helper()
	d, err := NewDevelopment(at(noon))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func client(d *Development) *Client {
	return &Client{Name: "trial", Way: d, Roots: Pool(d.Root), Now: at(noon)}
}

// wants fails unless err is a refusal for the flaw.
func wants(t testing.TB, what string, err error, flaw Flaw) {
	t.Helper()
	var r *Refusal
	if !errors.As(err, &r) || r.Flaw != flaw {
		t.Errorf("%s: %v, want a refusal for %s", what, err, flaw)
	}
}

func TestAnAuthorityIsAskedAndItsAnswerRead(t *testing.T) {
	d := authority(t)
	digest := Sum([]byte("co widziano"))
	got, err := client(d).Stamp(t.Context(), digest)
	if err != nil {
		t.Fatal(err)
	}
	if !got.Time.Equal(noon) || got.Accuracy != time.Second || got.Policy != DevelopmentPolicy || got.Claims ||
		got.Authority() != DevelopmentName || !bytes.Equal(got.Digest, digest) || len(got.Chain) != 2 || !got.Root().Equal(d.Root) {
		t.Errorf("%+v", got)
	}
	if want := noon.AddDate(signerYears, 0, 0); !got.Expires().Equal(want) {
		t.Errorf("it ends %s, want %s", got.Expires(), want)
	}
	again, err := Verify(got.Response, digest, Pool(d.Root))
	if err != nil || again.Serial.Cmp(got.Serial) != 0 {
		t.Error(again, err)
	}
	if bare, err := VerifyToken(got.Raw, digest, Pool(d.Root)); err != nil || !bare.Time.Equal(noon) {
		t.Error(bare, err)
	}
}

// Two requests never carry the same nonce, and every request carries one: without it an old answer would do.
func TestEveryRequestHasItsOwnNonce(t *testing.T) {
	seen := map[string]bool{}
	for range 50 {
		q := question{nonce: newNonce()}
		raw, err := q.request(Sum(nil))
		if err != nil {
			t.Fatal(err)
		}
		r, err := timestamp.ParseRequest(raw)
		if err != nil || r.Nonce == nil || r.Nonce.BitLen() < 60 || !r.Certificates || seen[r.Nonce.String()] {
			t.Fatalf("%+v %v", r, err)
		}
		seen[r.Nonce.String()] = true
	}
	if _, err := (question{nonce: newNonce()}).request([]byte("short")); err == nil {
		t.Error("five bytes passed for a SHA-256")
	}
}

// liar answers with what change makes of an honest timestamp.
type liar struct {
	*Development
	change func(*timestamp.Timestamp)
}

func (l liar) Ask(_ context.Context, request []byte) ([]byte, error) {
	q, err := timestamp.ParseRequest(request)
	if err != nil {
		return nil, err
	}
	policy, _ := ParseOID(DevelopmentPolicy)
	s := timestamp.Timestamp{HashAlgorithm: q.HashAlgorithm, HashedMessage: q.HashedMessage, Time: noon, Accuracy: time.Second,
		Nonce: q.Nonce, Policy: policy, AddTSACertificate: true}
	l.change(&s)
	return s.CreateResponseWithOpts(l.Signer, l.key, crypto.SHA256)
}

func TestALyingAuthorityIsRefused(t *testing.T) {
	d := authority(t)
	for name, c := range map[string]struct {
		change func(*timestamp.Timestamp)
		flaw   Flaw
	}{
		"no nonce":          {func(s *timestamp.Timestamp) { s.Nonce = nil }, Nonce},
		"another nonce":     {func(s *timestamp.Timestamp) { s.Nonce = new(big.Int).Add(s.Nonce, big.NewInt(1)) }, Nonce},
		"another digest":    {func(s *timestamp.Timestamp) { s.HashedMessage = Sum([]byte("x")) }, Imprint},
		"another algorithm": {func(s *timestamp.Timestamp) { s.HashAlgorithm, s.HashedMessage = crypto.SHA512, make([]byte, 64) }, Imprint},
		"no certificate":    {func(s *timestamp.Timestamp) { s.AddTSACertificate = false }, Chain},
		"an hour ago":       {func(s *timestamp.Timestamp) { s.Time = noon.Add(-time.Hour + 5*time.Minute) }, Clock},
		"an hour ahead":     {func(s *timestamp.Timestamp) { s.Time = noon.Add(time.Hour) }, Clock},
		"before its time":   {func(s *timestamp.Timestamp) { s.Time = noon.Add(-24 * time.Hour) }, Chain},
		"after its time":    {func(s *timestamp.Timestamp) { s.Time = noon.AddDate(signerYears, 0, 1) }, Chain},
		"hardly exact":      {func(s *timestamp.Timestamp) { s.Accuracy = time.Hour }, Accuracy},
	} {
		cl := client(d)
		cl.Way = liar{d, c.change}
		_, err := cl.Stamp(t.Context(), Sum([]byte("a")))
		wants(t, name, err, c.flaw)
	}
	cl := client(d)
	cl.Way = liar{d, func(*timestamp.Timestamp) {}}
	if _, err := cl.Stamp(t.Context(), Sum([]byte("a"))); err != nil {
		t.Error("the honest answer", err)
	}
	cl.Policy = "1.2.3.4"
	_, err := cl.Stamp(t.Context(), Sum([]byte("a")))
	wants(t, "another policy", err, Policy)
	cl.Way = d
	_, err = cl.Stamp(t.Context(), Sum([]byte("a")))
	wants(t, "a policy it does not have", err, Rejected)
}

// The library takes a token for good when its own signature fits; whose it is has to be looked at besides.
func TestAForeignOrUnfitCertificateIsRefused(t *testing.T) {
	d := authority(t)
	digest := Sum([]byte("a"))
	token, err := client(d).Stamp(t.Context(), digest)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Verify(token.Response, digest, Pool(authority(t).Root))
	wants(t, "another root of the same name", err, Chain)
	_, err = Verify(token.Response, digest, Pool())
	wants(t, "no roots", err, Chain)
	_, err = Verify(token.Response, digest, nil)
	wants(t, "nil roots", err, Chain)
	_, err = Verify(token.Response, Sum([]byte("b")), Pool(d.Root))
	wants(t, "the token of something else", err, Imprint)
	_, err = Verify(token.Response, nil, Pool(d.Root))
	wants(t, "no digest", err, Imprint)

	usage := func(critical bool, oids ...asn1.ObjectIdentifier) []pkix.Extension {
		raw, err := asn1.Marshal(oids)
		if err != nil {
			t.Fatal(err)
		}
		return []pkix.Extension{{Id: oidExtKeyUsage, Critical: critical, Value: raw}}
	}
	codeSigning := asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 3}
	for name, c := range map[string]struct {
		template x509.Certificate
		flaw     Flaw
	}{
		"no usage":           {x509.Certificate{}, Usage},
		"usage not critical": {x509.Certificate{ExtraExtensions: usage(false, oidTimeStamping)}, Usage},
		"one usage more":     {x509.Certificate{ExtraExtensions: usage(true, oidTimeStamping, codeSigning)}, Usage},
		"another usage":      {x509.Certificate{ExtraExtensions: usage(true, codeSigning)}, Usage},
		"may not sign":       {x509.Certificate{ExtraExtensions: usage(true, oidTimeStamping), KeyUsage: x509.KeyUsageKeyEncipherment}, Usage},
	} {
		bad := signedByRoot(t, c.template)
		_, err := client(bad).Stamp(t.Context(), digest)
		wants(t, name, err, c.flaw)
	}
	if _, err := client(signedByRoot(t, x509.Certificate{ExtraExtensions: usage(true, oidTimeStamping)})).Stamp(t.Context(), digest); err != nil {
		t.Error("the same way with a fit certificate", err)
	}
}

// signedByRoot is an authority whose certificate is made after the template.
func signedByRoot(t *testing.T, c x509.Certificate) *Development {
	t.Helper()
	root, rootKey, err := newRoot(noon)
	if err != nil {
		t.Fatal(err)
	}
	c.Subject = pkix.Name{CommonName: "unfit"}
	if c.NotAfter.IsZero() {
		c.NotAfter = noon.AddDate(1, 0, 0)
	}
	signer, key, err := newCertificate(noon, &c, root, rootKey)
	if err != nil {
		t.Fatal(err)
	}
	return &Development{Root: root, Signer: signer, Now: at(noon), key: key}
}

// A token whose signature was made with a certificate the signed attributes do not name is refused (RFC 5816): the key
// alone does not tell which of several certificates answers for the time.
func TestTheSignatureNamesItsCertificate(t *testing.T) {
	d := authority(t)
	usage, _ := asn1.Marshal([]asn1.ObjectIdentifier{oidTimeStamping})
	twin := &x509.Certificate{SerialNumber: d.Signer.SerialNumber, Subject: pkix.Name{CommonName: "the same key, another name"}, NotBefore: noon.Add(-time.Hour),
		NotAfter: noon.AddDate(30, 0, 0), ExtraExtensions: []pkix.Extension{{Id: oidExtKeyUsage, Critical: true, Value: usage}}}
	rootKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	// Issuer name and serial number agree with the true certificate, so the token's reference fits the twin as well.
	issuer := *d.Root
	issuer.PublicKey, issuer.SubjectKeyId = rootKey.Public(), nil
	der, err := x509.CreateCertificate(rand.Reader, twin, &issuer, d.key.Public(), rootKey)
	if err != nil {
		t.Fatal(err)
	}
	token, err := client(d).Stamp(t.Context(), Sum(nil))
	if err != nil {
		t.Fatal(err)
	}
	if len(der) > len(d.Signer.Raw)+100 || !bytes.Contains(token.Raw, d.Signer.Raw) {
		t.Fatal("the twin does not fit in place of the true one")
	}
	swapped := rebuild(t, token.Raw, d.Signer.Raw, der)
	_, err = VerifyToken(swapped, Sum(nil), Pool(d.Root))
	wants(t, "a twin of the certificate", err, Signature)
}

// rebuild replaces the certificate set of a token, making the lengths around it anew.
func rebuild(t *testing.T, raw, old, with []byte) []byte {
	t.Helper()
	var replace func(b []byte) []byte
	replace = func(b []byte) []byte {
		var out []byte
		for len(b) > 0 {
			var v asn1.RawValue
			rest, err := asn1.Unmarshal(b, &v)
			if err != nil {
				t.Fatal(err)
			}
			full := v.FullBytes
			switch {
			case bytes.Equal(full, old):
				full = with
			case v.IsCompound && bytes.Contains(v.Bytes, old):
				v.FullBytes, v.Bytes = nil, replace(v.Bytes)
				if full, err = asn1.Marshal(v); err != nil {
					t.Fatal(err)
				}
			}
			out, b = append(out, full...), rest
		}
		return out
	}
	return replace(raw)
}

// Whatever byte of an answer is changed or wherever it is cut: it is refused, or it says exactly what it said before.
func TestTamperedAnswersAreRefusedOrSayTheSame(t *testing.T) {
	d := authority(t)
	digest := Sum([]byte("a"))
	token, err := client(d).Stamp(t.Context(), digest)
	if err != nil {
		t.Fatal(err)
	}
	roots := Pool(d.Root)
	var passed []int
	for i := range token.Response {
		for _, bit := range []byte{1, 0x10, 0x80} {
			bad := bytes.Clone(token.Response)
			bad[i] ^= bit
			got, err := Verify(bad, digest, roots)
			if err != nil {
				continue
			}
			passed = append(passed, i)
			if !got.Time.Equal(token.Time) || got.Serial.Cmp(token.Serial) != 0 || !got.Signer.Equal(token.Signer) || got.Policy != token.Policy {
				t.Errorf("byte %d: it passes and says something else", i)
			}
		}
	}
	// What no signature covers may differ (granted with modifications, unused fields), and hardly more.
	t.Logf("%d of %d changed bytes are not covered: %v", len(passed), 3*len(token.Response), passed)
	if len(passed) > 6 {
		t.Errorf("%d of %d changed bytes went unnoticed: %v", len(passed), len(token.Response), passed)
	}
	for n := range len(token.Response) {
		if _, err := Verify(token.Response[:n], digest, roots); err == nil {
			t.Errorf("cut to %d bytes it passes", n)
		}
	}
	_, err = Verify(append(bytes.Clone(token.Response), 0), digest, roots)
	wants(t, "a byte behind it", err, Malformed)
	_, err = Verify(make([]byte, MaxResponse+1), digest, roots)
	wants(t, "a huge answer", err, Malformed)
	_, err = Verify([]byte("<html>Not found</html>"), digest, roots)
	wants(t, "a web page", err, Malformed)
}

func FuzzVerify(f *testing.F) {
	d := authority(f)
	digest := Sum([]byte("a"))
	token, err := client(d).Stamp(f.Context(), digest)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(token.Response)
	f.Add(token.Raw)
	f.Add([]byte{0x30, 0x80})
	other := Pool(authority(f).Root)
	f.Fuzz(func(t *testing.T, raw []byte) {
		if _, err := Verify(raw, digest, other); err == nil {
			t.Error("nothing leads to this root")
		}
		if _, err := VerifyToken(raw, digest, other); err == nil {
			t.Error("nothing leads to this root")
		}
	})
}

// The authority's own word about being qualified is read and believed in nothing.
func TestTheClaimToBeQualifiedIsOnlyAClaim(t *testing.T) {
	d := authority(t)
	cl := client(d)
	cl.Way = liar{d, func(s *timestamp.Timestamp) { s.Qualified = true }}
	got, err := cl.Stamp(t.Context(), Sum(nil))
	if err != nil || !got.Claims {
		t.Error(got, err)
	}
}

func TestADevelopmentAuthorityIsKeptAndMarked(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tsa")
	one, err := OpenDevelopment(dir, at(noon))
	if err != nil {
		t.Fatal(err)
	}
	two, err := OpenDevelopment(dir, at(noon.AddDate(1, 0, 0)))
	if err != nil || !two.Signer.Equal(one.Signer) {
		t.Fatal("the second start made another authority", err)
	}
	info, err := os.Stat(filepath.Join(dir, developmentFile))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Error(info.Mode(), err)
	}
	for _, c := range []*x509.Certificate{one.Root, one.Signer} {
		if !strings.Contains(c.Subject.CommonName, "NOT EVIDENCE") {
			t.Errorf("%s does not say what it is worth", c.Subject)
		}
	}
	late := noon.AddDate(signerYears, 1, 0)
	three, err := OpenDevelopment(dir, at(late))
	if err != nil || three.Signer.Equal(one.Signer) || late.After(three.Signer.NotAfter) {
		t.Error("it was not made anew after its end", err)
	}
	if err := os.WriteFile(filepath.Join(dir, developmentFile), []byte("broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenDevelopment(dir, at(noon)); err == nil || !strings.Contains(err.Error(), "remove") {
		t.Error(err)
	}
}

// openssl runs it; the machine must have it (Debian: openssl).
func openssl(t testing.TB, dir string, args ...string) (string, error) {
	t.Helper()
	c := exec.Command("openssl", args...)
	c.Dir = dir
	out, err := c.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("openssl is needed: %v", err)
	}
	return string(out), err
}

func must(t testing.TB, out string, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(out, err)
	}
}

func write(t testing.TB, dir, name string, raw []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), raw, 0o600); err != nil {
		t.Fatal(err)
	}
}

// A stranger's program comes to the same answers about our tokens, good and bad.
func TestOpensslChecksOurTokens(t *testing.T) {
	now := time.Now()
	d, err := NewDevelopment(at(now))
	if err != nil {
		t.Fatal(err)
	}
	data := []byte("co widziano\n")
	cl := client(d)
	cl.Now = at(now)
	token, err := cl.Stamp(t.Context(), Sum(data))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write(t, dir, "data", data)
	write(t, dir, "other", []byte("co innego\n"))
	write(t, dir, "r.tsr", token.Response)
	write(t, dir, "token.der", token.Raw)
	write(t, dir, "ca.pem", EncodePEM([]*x509.Certificate{d.Root}))
	write(t, dir, "foreign.pem", EncodePEM([]*x509.Certificate{authority(t).Root}))
	flipped := bytes.Clone(token.Response)
	flipped[len(flipped)-5] ^= 1
	write(t, dir, "flipped.tsr", flipped)
	for _, c := range []struct {
		name string
		good bool
		args []string
	}{
		{"ours", true, []string{"-in", "r.tsr", "-data", "data", "-CAfile", "ca.pem"}},
		{"the token alone", true, []string{"-in", "token.der", "-token_in", "-data", "data", "-CAfile", "ca.pem"}},
		{"other data", false, []string{"-in", "r.tsr", "-data", "other", "-CAfile", "ca.pem"}},
		{"another root", false, []string{"-in", "r.tsr", "-data", "data", "-CAfile", "foreign.pem"}},
		{"a changed byte", false, []string{"-in", "flipped.tsr", "-data", "data", "-CAfile", "ca.pem"}},
	} {
		out, err := openssl(t, dir, append([]string{"ts", "-verify"}, c.args...)...)
		if (err == nil) != c.good {
			t.Errorf("%s: %v %s", c.name, err, out)
		}
	}
}

// foreign is an authority run by openssl, with a root, a certificate between and RSA keys: nothing of it is ours.
type foreign struct {
	t   testing.TB
	dir string
}

const foreignConfig = `
[tsa]
default_tsa = tsa_config
[tsa_config]
dir = .
serial = ./serial
crypto_device = builtin
signer_cert = tsa.pem
certs = between.pem
signer_key = tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
accuracy = secs:1
clock_precision_digits = 0
ordering = no
tsa_name = yes
ess_cert_id_chain = no
ess_cert_id_alg = sha256
[ca]
basicConstraints = critical,CA:true
keyUsage = critical,keyCertSign
[stamp]
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
`

func newForeign(t testing.TB) foreign {
	t.Helper()
	f := foreign{t, t.TempDir()}
	write(t, f.dir, "tsa.cnf", []byte(foreignConfig))
	write(t, f.dir, "serial", []byte("0A\n"))
	for _, args := range []string{
		"req -x509 -newkey rsa:2048 -nodes -keyout root.key -out root.pem -days 30 -subj /CN=Root -config tsa.cnf -extensions ca",
		"req -newkey rsa:2048 -nodes -keyout between.key -out between.csr -subj /CN=Between -config tsa.cnf",
		"x509 -req -in between.csr -CA root.pem -CAkey root.key -CAcreateserial -days 30 -out between.pem -extfile tsa.cnf -extensions ca",
		"req -newkey rsa:2048 -nodes -keyout tsa.key -out tsa.csr -subj /O=Foreign/CN=TSA -config tsa.cnf",
		"x509 -req -in tsa.csr -CA between.pem -CAkey between.key -CAcreateserial -days 30 -out tsa.pem -extfile tsa.cnf -extensions stamp",
	} {
		out, err := openssl(t, f.dir, strings.Fields(args)...)
		must(t, out, err)
	}
	return f
}

func (f foreign) Ask(_ context.Context, request []byte) ([]byte, error) {
	write(f.t, f.dir, "q.tsq", request)
	out, err := openssl(f.t, f.dir, "ts", "-reply", "-config", "tsa.cnf", "-queryfile", "q.tsq", "-out", "r.tsr")
	must(f.t, out, err)
	return os.ReadFile(filepath.Join(f.dir, "r.tsr"))
}

func (f foreign) roots() *x509.CertPool {
	raw, err := os.ReadFile(filepath.Join(f.dir, "root.pem"))
	if err != nil {
		f.t.Fatal(err)
	}
	cs, err := DecodePEM(raw)
	if err != nil {
		f.t.Fatal(err)
	}
	return Pool(cs...)
}

func TestAForeignAuthorityIsUnderstood(t *testing.T) {
	f := newForeign(t)
	cl := &Client{Name: "foreign", Way: f, Roots: f.roots(), Now: time.Now}
	got, err := cl.Stamp(t.Context(), Sum([]byte("a")))
	if err != nil {
		t.Fatal(err)
	}
	if got.Authority() != "TSA, Foreign" || len(got.Chain) != 3 || got.Policy != "1.2.3.4.1" || got.Accuracy != time.Second || got.Algorithm != "RSA" {
		t.Errorf("%s %d %s %s %s", got.Authority(), len(got.Chain), got.Policy, got.Accuracy, got.Algorithm)
	}
	cl.Policy = "1.2.3.4.1"
	if _, err := cl.Stamp(t.Context(), Sum([]byte("a"))); err != nil {
		t.Error(err)
	}
	cl.Policy = "1.2.3.4.9"
	_, err = cl.Stamp(t.Context(), Sum([]byte("a")))
	wants(t, "a policy it does not have", err, Rejected)

	// What openssl asks by itself: no nonce is a question of ours never, so such an answer is refused.
	write(t, f.dir, "data", []byte("a"))
	out, err := openssl(t, f.dir, "ts", "-query", "-data", "data", "-sha256", "-cert", "-no_nonce", "-out", "own.tsq")
	must(t, out, err)
	own, err := os.ReadFile(filepath.Join(f.dir, "own.tsq"))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := f.Ask(t.Context(), own)
	if err != nil {
		t.Fatal(err)
	}
	token, err := Verify(answer, Sum([]byte("a")), f.roots())
	if err != nil || token.Nonce != nil {
		t.Fatal(token.Nonce, err)
	}
	wants(t, "an answer without nonce", token.answers(question{nonce: newNonce(), at: time.Now()}, time.Now()), Nonce)

	// And ours to what openssl asks.
	d, err := NewDevelopment(time.Now)
	if err != nil {
		t.Fatal(err)
	}
	out, err = openssl(t, f.dir, "ts", "-query", "-data", "data", "-sha256", "-cert", "-out", "own.tsq")
	must(t, out, err)
	if own, err = os.ReadFile(filepath.Join(f.dir, "own.tsq")); err != nil {
		t.Fatal(err)
	}
	reply, err := d.Answer(own)
	if err != nil {
		t.Fatal(err)
	}
	write(t, f.dir, "ours.tsr", reply)
	write(t, f.dir, "ours.pem", EncodePEM([]*x509.Certificate{d.Root}))
	out, err = openssl(t, f.dir, "ts", "-verify", "-queryfile", "own.tsq", "-in", "ours.tsr", "-CAfile", "ours.pem")
	must(t, out, err)
}

func BenchmarkStamp(b *testing.B) {
	d := authority(b)
	cl := client(d)
	digest := Sum(nil)
	for b.Loop() {
		if _, err := cl.Stamp(b.Context(), digest); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	d := authority(b)
	digest := Sum(nil)
	token, err := client(d).Stamp(b.Context(), digest)
	if err != nil {
		b.Fatal(err)
	}
	roots := Pool(d.Root)
	for b.Loop() {
		if _, err := Verify(token.Response, digest, roots); err != nil {
			b.Fatal(err)
		}
	}
}
