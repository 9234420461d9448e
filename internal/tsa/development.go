package tsa

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/digitorus/timestamp"
)

// DevelopmentName stands in every certificate of a development authority, so that nobody takes its tokens for a proof.
const DevelopmentName = "ChOP DEVELOPMENT TIMESTAMPS - NOT EVIDENCE"

// DevelopmentPolicy is under IANA's number for examples (RFC 5612): no real authority can have it.
const DevelopmentPolicy = "1.3.6.1.4.1.32473.3161"

// Development is an authority inside the program. Its tokens are well formed and worth nothing in court: whoever holds
// the data folder can make one for any time. It serves trials, the demonstration and tests.
type Development struct {
	Root   *x509.Certificate
	Signer *x509.Certificate
	Now    func() time.Time
	Accept []*x509.Certificate // requests must be signed by one of these; nil: nobody signs
	User   string              // basic authorisation, when not empty
	Secret string
	key    crypto.Signer
}

// NewDevelopment makes an authority that lives as long as the process.
func NewDevelopment(now func() time.Time) (*Development, error) {
	root, rootKey, err := newRoot(now())
	if err != nil {
		return nil, fmt.Errorf("make the development authority: %w", err)
	}
	signer, key, err := newSigner(now(), root, rootKey)
	if err != nil {
		return nil, fmt.Errorf("make the development authority: %w", err)
	}
	return &Development{Root: root, Signer: signer, Now: now, key: key}, nil
}

const developmentFile = "authority.pem"

// OpenDevelopment is the authority kept in dir, made there at the first call and again when its certificate has ended.
// The folder then holds its key.
func OpenDevelopment(dir string, now func() time.Time) (*Development, error) {
	path := filepath.Join(dir, developmentFile)
	d, err := readDevelopment(path, now)
	if err == nil && now().Before(d.Signer.NotAfter) {
		return d, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read the development authority: %w; remove %s and start again", err, path)
	}
	if d, err = NewDevelopment(now); err != nil {
		return nil, err
	}
	if err := d.write(dir); err != nil {
		return nil, fmt.Errorf("keep the development authority: %w", err)
	}
	return d, nil
}

func (d *Development) write(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	key, err := x509.MarshalPKCS8PrivateKey(d.key)
	if err != nil {
		return err
	}
	raw := append(EncodePEM([]*x509.Certificate{d.Signer, d.Root}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})...)
	f, err := os.CreateTemp(dir, developmentFile+".*") // mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(raw)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return os.Rename(f.Name(), filepath.Join(dir, developmentFile))
}

func readDevelopment(path string, now func() time.Time) (*Development, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	cs, err := DecodePEM(raw)
	if err != nil {
		return nil, err
	}
	key, err := DecodeKey(raw)
	if err != nil {
		return nil, err
	}
	if len(cs) != 2 {
		return nil, fmt.Errorf("%d certificates, want two", len(cs))
	}
	return &Development{Signer: cs[0], Root: cs[1], Now: now, key: key}, nil
}

// DecodeKey reads the first private key of a PEM text: PKCS#8, PKCS#1 or SEC 1, not encrypted.
func DecodeKey(raw []byte) (crypto.Signer, error) {
	for {
		var b *pem.Block
		if b, raw = pem.Decode(raw); b == nil {
			return nil, errors.New("no private key in PEM form (-----BEGIN PRIVATE KEY-----) found")
		}
		switch b.Type {
		case "PRIVATE KEY":
			k, err := x509.ParsePKCS8PrivateKey(b.Bytes)
			if err != nil {
				return nil, err
			}
			if s, ok := k.(crypto.Signer); ok {
				return s, nil
			}
			return nil, errors.New("the private key cannot sign")
		case "RSA PRIVATE KEY":
			return x509.ParsePKCS1PrivateKey(b.Bytes)
		case "EC PRIVATE KEY":
			return x509.ParseECPrivateKey(b.Bytes)
		case "ENCRYPTED PRIVATE KEY":
			return nil, errors.New("the private key is encrypted; write it without a password and protect the file: openssl pkey -in KEY -out PLAIN")
		}
	}
}

const (
	rootYears   = 10
	signerYears = 3
)

func newRoot(now time.Time) (*x509.Certificate, crypto.Signer, error) {
	c := &x509.Certificate{Subject: pkix.Name{CommonName: DevelopmentName + " (root)"}, NotAfter: now.AddDate(rootYears, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign}
	return newCertificate(now, c, nil, nil)
}

func newSigner(now time.Time, root *x509.Certificate, rootKey crypto.Signer) (*x509.Certificate, crypto.Signer, error) {
	usage, err := asn1.Marshal([]asn1.ObjectIdentifier{oidTimeStamping})
	if err != nil {
		return nil, nil, err
	}
	c := &x509.Certificate{Subject: pkix.Name{CommonName: DevelopmentName}, NotAfter: now.AddDate(signerYears, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtraExtensions: []pkix.Extension{{Id: oidExtKeyUsage, Critical: true, Value: usage}}}
	return newCertificate(now, c, root, rootKey)
}

// newCertificate signs a template with the issuer's key, or with its own when there is no issuer.
func newCertificate(now time.Time, c, issuer *x509.Certificate, issuerKey crypto.Signer) (*x509.Certificate, crypto.Signer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	serial := make([]byte, 16)
	rand.Read(serial)
	serial[0] &= 0x7f
	c.SerialNumber, c.NotBefore = new(big.Int).SetBytes(serial), now.Add(-time.Hour)
	if issuer == nil {
		issuer, issuerKey = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, issuer, key.Public(), issuerKey)
	if err != nil {
		return nil, nil, err
	}
	made, err := x509.ParseCertificate(der)
	return made, key, err
}

// Ask answers a request within the program.
func (d *Development) Ask(_ context.Context, request []byte) ([]byte, error) {
	return d.Answer(request)
}

// Answer makes the answer (TimeStampResp, DER) to a request (TimeStampReq, DER). What it cannot read it rejects, as the
// protocol says; an error is a defect.
func (d *Development) Answer(request []byte) ([]byte, error) {
	body, err := unsign(request, d.Accept)
	if err != nil {
		return timestamp.CreateErrorResponse(timestamp.Rejection, timestamp.BadRequest)
	}
	q, err := timestamp.ParseRequest(body)
	if err != nil {
		return timestamp.CreateErrorResponse(timestamp.Rejection, timestamp.BadDataFormat)
	}
	if q.HashAlgorithm != crypto.SHA256 || len(q.HashedMessage) != sha256.Size {
		return timestamp.CreateErrorResponse(timestamp.Rejection, timestamp.BadAlgorithm)
	}
	policy, err := ParseOID(DevelopmentPolicy)
	if err != nil {
		return nil, err
	}
	if q.TSAPolicyOID != nil && !q.TSAPolicyOID.Equal(policy) {
		return timestamp.CreateErrorResponse(timestamp.Rejection, timestamp.UnacceptedPolicy)
	}
	t := timestamp.Timestamp{HashAlgorithm: q.HashAlgorithm, HashedMessage: q.HashedMessage, Time: d.Now().UTC().Truncate(time.Second),
		Accuracy: time.Second, Nonce: q.Nonce, Policy: policy, AddTSACertificate: q.Certificates}
	return t.CreateResponseWithOpts(d.Signer, d.key, crypto.SHA256)
}

// ServeHTTP answers requests over HTTP, for tests and for trials between machines.
func (d *Development) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	user, secret, _ := r.BasicAuth()
	if d.User != "" && (subtle.ConstantTimeCompare([]byte(user), []byte(d.User)) != 1 || subtle.ConstantTimeCompare([]byte(secret), []byte(d.Secret)) != 1) {
		w.Header().Set("WWW-Authenticate", `Basic realm="timestamps"`)
		http.Error(w, "sign in", http.StatusUnauthorized)
		return
	}
	if r.Method != http.MethodPost {
		http.Error(w, "POST a timestamp query", http.StatusMethodNotAllowed)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxResponse))
	if err != nil {
		http.Error(w, "too large", http.StatusRequestEntityTooLarge)
		return
	}
	answer, err := d.Answer(body)
	if err != nil {
		http.Error(w, "no timestamp", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", replyType)
	_, _ = w.Write(answer)
}
