// Package sign puts the installation's seal on files: a detached CAdES signature (ETSI EN 319 122) and a PAdES
// signature inside a PDF (ETSI EN 319 142), both checked by strangers with openssl and pdfsig.
//
// The certificate is one that an administrator put into the folder, or one that the installation issued to itself. A
// certificate of one's own proves that nothing changed since the seal; it does not prove who sealed.
package sign

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"software.sslmate.com/src/go-pkcs12"
)

// Names of files in the folder of the seal.
const (
	FilePEM      = "seal.pem"      // an administrator's key and certificates, the seal's own first
	FileP12      = "seal.p12"      // the same as PKCS#12
	FilePassword = "seal.password" // of seal.p12
	fileOwn      = "own.pem"       // issued by the installation to itself
	fileCA       = "own-ca.pem"    // its certificate authority, with the key
)

const (
	caYears   = 20
	sealYears = 3
	renewDays = 30 // before the end a new one is issued
)

// Stamper asks a timestamp authority for a token (RFC 3161, DER of the token alone) over a SHA-256 digest.
type Stamper func(digest [sha256.Size]byte) (token []byte, err error)

// Signer seals in the name of the installation.
type Signer struct {
	key   crypto.Signer
	chain []*x509.Certificate // the seal's own first, then its issuers
	own   bool
}

// Own tells whether the installation issued the certificate to itself: then it proves that nothing changed, not who
// sealed.
func (s *Signer) Own() bool { return s.own }

// Certificate is the seal's certificate.
func (s *Signer) Certificate() *x509.Certificate { return s.chain[0] }

// Root is the last certificate of the chain.
func (s *Signer) Root() *x509.Certificate { return s.chain[len(s.chain)-1] }

// ChainPEM is the seal's certificate and its issuers, for the people who check.
func (s *Signer) ChainPEM() []byte { return chainPEM(s.chain) }

func chainPEM(chain []*x509.Certificate) []byte {
	var b strings.Builder
	for _, c := range chain {
		b.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
	}
	return []byte(b.String())
}

// Fingerprint is the SHA-256 of a certificate in hexadecimal digits: what people compare over the telephone.
func Fingerprint(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	return hex.EncodeToString(sum[:])
}

// Keeper opens the seal when it is first needed and keeps it.
type Keeper struct {
	dir string
	now func() time.Time

	mu  sync.Mutex
	got *Signer
}

// Keep is the seal of the folder; nothing is read or made before the first Signer.
func Keep(dir string, now func() time.Time) *Keeper { return &Keeper{dir: dir, now: now} }

// Signer opens the seal, or makes it at the first call. A certificate of one's own is renewed before it ends; one of an
// administrator that has ended is an error that names the cure.
func (k *Keeper) Signer() (*Signer, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.got != nil && k.now().Before(k.got.chain[0].NotAfter) && !(k.got.own && ending(k.got, k.now())) {
		return k.got, nil
	}
	s, err := open(k.dir, k.now())
	if err != nil {
		return nil, fmt.Errorf("open the seal: %w", err)
	}
	k.got = s
	return s, nil
}

func ending(s *Signer, now time.Time) bool {
	return s.chain[0].NotAfter.Sub(now) < renewDays*24*time.Hour
}

func open(dir string, now time.Time) (*Signer, error) {
	given, err := fromAdministrator(dir)
	if err != nil {
		return nil, err
	}
	if given != nil {
		if now.After(given.chain[0].NotAfter) {
			return nil, fmt.Errorf("the certificate in %s ended on %s; put a valid one there or remove the file", dir, given.chain[0].NotAfter.Format(time.DateOnly))
		}
		return given, nil
	}
	raw, err := os.ReadFile(filepath.Join(dir, fileOwn))
	if err == nil {
		s, err := FromPEM(raw)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", fileOwn, err)
		}
		s.own = true
		if !ending(s, now) {
			return s, nil
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return issue(dir, now)
}

// fromAdministrator is the certificate that an administrator put into the folder; nil when there is none.
func fromAdministrator(dir string) (*Signer, error) {
	raw, err := os.ReadFile(filepath.Join(dir, FilePEM))
	if err == nil {
		s, err := FromPEM(raw)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", FilePEM, err)
		}
		return s, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	raw, err = os.ReadFile(filepath.Join(dir, FileP12))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	word, err := os.ReadFile(filepath.Join(dir, FilePassword))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	s, err := FromPKCS12(raw, strings.TrimRight(string(word), "\r\n"))
	if err != nil {
		return nil, fmt.Errorf("%s with the password of %s: %w", FileP12, FilePassword, err)
	}
	return s, nil
}

// FromPKCS12 reads a key and its certificates.
func FromPKCS12(raw []byte, password string) (*Signer, error) {
	key, leaf, issuers, err := pkcs12.DecodeChain(raw, password)
	if err != nil {
		return nil, err
	}
	return assemble(key, append([]*x509.Certificate{leaf}, issuers...))
}

// FromPEM reads a key (PKCS#8, EC or PKCS#1, not encrypted) and its certificates, the seal's own first.
func FromPEM(raw []byte) (*Signer, error) {
	var key any
	var chain []*x509.Certificate
	for {
		var b *pem.Block
		if b, raw = pem.Decode(raw); b == nil {
			break
		}
		var err error
		switch b.Type {
		case "CERTIFICATE":
			var c *x509.Certificate
			c, err = x509.ParseCertificate(b.Bytes)
			chain = append(chain, c)
		case "PRIVATE KEY":
			key, err = x509.ParsePKCS8PrivateKey(b.Bytes)
		case "EC PRIVATE KEY":
			key, err = x509.ParseECPrivateKey(b.Bytes)
		case "RSA PRIVATE KEY":
			key, err = x509.ParsePKCS1PrivateKey(b.Bytes)
		}
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", strings.ToLower(b.Type), err)
		}
	}
	return assemble(key, chain)
}

// assemble puts the certificates in order, each followed by its issuer, and refuses what cannot seal.
func assemble(key any, certs []*x509.Certificate) (*Signer, error) {
	signer, ok := key.(crypto.Signer)
	if !ok || len(certs) == 0 {
		return nil, errors.New("a private key and its certificate are needed")
	}
	type public interface{ Equal(crypto.PublicKey) bool }
	if p, ok := signer.Public().(public); !ok || !p.Equal(certs[0].PublicKey) {
		return nil, errors.New("the key does not belong to the first certificate")
	}
	if _, err := algorithm(signer.Public()); err != nil {
		return nil, err
	}
	s := &Signer{key: signer, chain: certs[:1:1]}
	for last := certs[0]; !selfIssued(last); {
		next := issuerOf(last, certs)
		if next == nil {
			break // the root is not in the file: whoever checks must have it
		}
		s.chain = append(s.chain, next)
		last = next
	}
	return s, nil
}

func selfIssued(c *x509.Certificate) bool { return string(c.RawIssuer) == string(c.RawSubject) }

func issuerOf(c *x509.Certificate, among []*x509.Certificate) *x509.Certificate {
	for _, x := range among {
		if x != c && string(x.RawSubject) == string(c.RawIssuer) && c.CheckSignatureFrom(x) == nil {
			return x
		}
	}
	return nil
}

// issue makes a certificate of one's own under the folder's authority, which is made when it is not there.
func issue(dir string, now time.Time) (*Signer, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	ca, err := authority(dir, now)
	if err != nil {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	t := template("ChOP, pieczęć instalacji (własna)", now, sealYears)
	t.KeyUsage = x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment
	t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection} // openssl cms -verify asks for it
	der, err := x509.CreateCertificate(rand.Reader, t, ca.chain[0], key.Public(), ca.key)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	s := &Signer{key: key, chain: []*x509.Certificate{cert, ca.chain[0]}, own: true}
	return s, s.write(filepath.Join(dir, fileOwn))
}

func authority(dir string, now time.Time) (*Signer, error) {
	path := filepath.Join(dir, fileCA)
	raw, err := os.ReadFile(path)
	if err == nil {
		return FromPEM(raw)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	t := template("ChOP, urząd własny instalacji", now, caYears)
	t.IsCA, t.MaxPathLenZero = true, true
	t.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	der, err := x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	s := &Signer{key: key, chain: []*x509.Certificate{cert}, own: true}
	return s, s.write(path)
}

func template(name string, now time.Time, years int) *x509.Certificate {
	serial, _ := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120)) // never fails
	return &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: name, Organization: []string{"ChOP " + serial.Text(36)[:6]}},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(years, 0, 0), BasicConstraintsValid: true}
}

// write keeps key and certificates in one file that is there whole or not at all.
func (s *Signer) write(path string) error {
	der, err := x509.MarshalPKCS8PrivateKey(s.key)
	if err != nil {
		return err
	}
	raw := append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), s.ChainPEM()...)
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*") // mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(raw)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
