package sign

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"
)

// The library digitorus/pkcs7 always writes the machine's time into a signature, which PAdES forbids, and reads what is
// not DER. This profile is small, so it is written and read here: one signer, SHA-256, detached, everything in one form.
var (
	oidData        = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidSigned      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	oidContentType = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	oidDigest      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	oidSigningTime = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 5}
	oidSigningCert = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47} // signing-certificate-v2, RFC 5035
	oidStampToken  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 14} // signature time-stamp, RFC 5126
	oidSHA256      = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
	oidECDSA       = asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2} // with SHA-256
	oidRSA         = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}
)

type contentInfo struct {
	Type    asn1.ObjectIdentifier
	Content asn1.RawValue `asn1:"explicit,tag:0,optional"`
}

type signedData struct {
	Version      int
	Digests      []pkix.AlgorithmIdentifier `asn1:"set"`
	Content      contentInfo
	Certificates asn1.RawValue
	Signers      []signerInfo `asn1:"set"`
}

type signerInfo struct {
	Version   int
	ID        issuerSerial
	Digest    pkix.AlgorithmIdentifier
	Signed    asn1.RawValue // [0] IMPLICIT SET OF attribute
	Algorithm pkix.AlgorithmIdentifier
	Signature []byte
	Unsigned  asn1.RawValue `asn1:"optional"` // [1] IMPLICIT SET OF attribute
}

type issuerSerial struct {
	Issuer asn1.RawValue
	Serial *big.Int
}

type attribute struct {
	Type   asn1.ObjectIdentifier
	Values asn1.RawValue
}

type signingCertificate struct{ Certs []certID }
type certID struct{ Hash []byte } // the hash algorithm's default is SHA-256

func algorithm(pub crypto.PublicKey) (pkix.AlgorithmIdentifier, error) {
	switch pub.(type) {
	case *ecdsa.PublicKey:
		return pkix.AlgorithmIdentifier{Algorithm: oidECDSA}, nil
	case *rsa.PublicKey:
		return pkix.AlgorithmIdentifier{Algorithm: oidRSA, Parameters: asn1.NullRawValue}, nil
	}
	return pkix.AlgorithmIdentifier{}, errors.New("the key must be RSA or ECDSA")
}

// Detached is a CAdES-B-B signature over content (CMS, DER); at is the claimed time, by the program's clock. With a
// stamper it carries a signature timestamp too (CAdES-B-T).
func (s *Signer) Detached(content []byte, at time.Time, stamp Stamper) ([]byte, error) {
	return s.cms(sha256.Sum256(content), at, stamp)
}

// PEM puts a signature into the form that mail and consoles do not spoil.
func PEM(der []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: "CMS", Bytes: der}) }

// cms signs a digest. A zero time leaves the signing time out, as PAdES wants it.
func (s *Signer) cms(digest [sha256.Size]byte, at time.Time, stamp Stamper) ([]byte, error) {
	alg, err := algorithm(s.key.Public())
	if err != nil {
		return nil, err
	}
	signed, err := signedAttributes(digest, s.chain, at)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(tlv(0x31, signed))
	signature, err := s.key.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	si := signerInfo{Version: 1, ID: idOf(s.chain[0]), Digest: pkix.AlgorithmIdentifier{Algorithm: oidSHA256},
		Signed: asn1.RawValue{FullBytes: tlv(0xA0, signed)}, Algorithm: alg, Signature: signature}
	if stamp != nil {
		token, err := stamp(sha256.Sum256(signature))
		if err != nil {
			return nil, fmt.Errorf("timestamp of the signature: %w", err)
		}
		if si.Unsigned, err = stamped(token); err != nil {
			return nil, err
		}
	}
	return envelope(si, s.chain)
}

// stamped is the unsigned attributes: the token alone.
func stamped(token []byte) (raw asn1.RawValue, err error) {
	if token == nil {
		return raw, nil
	}
	a, err := asn1.Marshal(attribute{oidStampToken, asn1.RawValue{FullBytes: tlv(0x31, token)}})
	return asn1.RawValue{FullBytes: tlv(0xA1, a)}, err
}

func idOf(c *x509.Certificate) issuerSerial {
	return issuerSerial{asn1.RawValue{FullBytes: c.RawIssuer}, c.SerialNumber}
}

// envelope is the whole CMS around one signer.
func envelope(si signerInfo, chain []*x509.Certificate) ([]byte, error) {
	var certs []byte
	for _, c := range chain {
		certs = append(certs, c.Raw...)
	}
	inner, err := asn1.Marshal(signedData{Version: 1, Digests: []pkix.AlgorithmIdentifier{{Algorithm: oidSHA256}}, Content: contentInfo{Type: oidData},
		Certificates: asn1.RawValue{FullBytes: tlv(0xA0, certs)}, Signers: []signerInfo{si}})
	if err != nil {
		return nil, err
	}
	return asn1.Marshal(contentInfo{oidSigned, asn1.RawValue{FullBytes: tlv(0xA0, inner)}})
}

// signedAttributes is the content of the SET that is signed, in DER's order. It names every certificate of the chain, so
// that none can be exchanged.
func signedAttributes(digest [sha256.Size]byte, chain []*x509.Certificate, at time.Time) ([]byte, error) {
	var certs signingCertificate
	for _, c := range chain {
		hash := sha256.Sum256(c.Raw)
		certs.Certs = append(certs.Certs, certID{hash[:]})
	}
	values := []struct {
		of    asn1.ObjectIdentifier
		value any
	}{{oidContentType, oidData}, {oidDigest, digest[:]}, {oidSigningCert, certs}}
	if !at.IsZero() {
		values = append(values, struct {
			of    asn1.ObjectIdentifier
			value any
		}{oidSigningTime, at.UTC().Truncate(time.Second)})
	}
	var all [][]byte
	for _, v := range values {
		raw, err := asn1.Marshal(v.value)
		if err != nil {
			return nil, err
		}
		a, err := asn1.Marshal(attribute{v.of, asn1.RawValue{FullBytes: tlv(0x31, raw)}})
		if err != nil {
			return nil, err
		}
		all = append(all, a)
	}
	slices.SortFunc(all, bytes.Compare)
	return bytes.Join(all, nil), nil
}

// tlv is a DER element with a one-byte tag.
func tlv(tag byte, content []byte) []byte {
	n := len(content)
	if n < 0x80 {
		return append([]byte{tag, byte(n)}, content...)
	}
	var size []byte
	for ; n > 0; n >>= 8 {
		size = append([]byte{byte(n)}, size...)
	}
	return slices.Concat([]byte{tag, 0x80 | byte(len(size))}, size, content)
}

// Seal is what a signature says.
type Seal struct {
	Chain     []*x509.Certificate // the signer's first
	At        time.Time           // claimed by the signer; zero in a PDF
	Token     []byte              // signature timestamp, nil when there is none
	Signature []byte              // what the token's digest is of
}

// Root is the last certificate that came with the signature. Trust rests on comparing its fingerprint with one that
// was got another way.
func (s Seal) Root() *x509.Certificate { return s.Chain[len(s.Chain)-1] }

// ChainPEM is the certificates that came with the signature, for openssl.
func (s Seal) ChainPEM() []byte { return chainPEM(s.Chain) }

// Verify checks a detached signature over content, the chain of certificates that came with it up to the last of them,
// and that every byte is in the one form that Detached writes. What the last certificate is worth, the caller decides.
func Verify(der, content []byte) (Seal, error) { return verify(der, sha256.Sum256(content)) }

func verify(der []byte, digest [sha256.Size]byte) (Seal, error) {
	si, chain, err := take(der)
	if err != nil {
		return Seal{}, fmt.Errorf("read the signature: %w", err)
	}
	s := Seal{Chain: chain, Signature: si.Signature}
	if s.At, err = signingTime(si.Signed.Bytes); err != nil {
		return s, err
	}
	want, err := signedAttributes(digest, chain, s.At)
	if err != nil {
		return s, err
	}
	if !bytes.Equal(want, si.Signed.Bytes) {
		return s, errors.New("the signature is of other content")
	}
	if err := check(chain[0], tlv(0x31, want), si.Signature); err != nil {
		return s, err
	}
	if err := chained(chain); err != nil {
		return s, err
	}
	if !s.At.IsZero() && (s.At.Before(chain[0].NotBefore) || s.At.After(chain[0].NotAfter)) {
		return s, errors.New("the certificate was not valid when it sealed")
	}
	s.Token, err = stampToken(si.Unsigned)
	if err != nil {
		return s, err
	}
	return s, onlyForm(der, si, s)
}

// take reads one signer and its certificates.
func take(der []byte) (si signerInfo, chain []*x509.Certificate, err error) {
	var outer contentInfo
	if err := unmarshal(der, &outer); err != nil {
		return si, nil, err
	}
	var sd signedData
	if !outer.Type.Equal(oidSigned) {
		return si, nil, errors.New("it is no signature")
	}
	if err := unmarshal(outer.Content.Bytes, &sd); err != nil {
		return si, nil, err
	}
	if len(sd.Signers) != 1 {
		return si, nil, fmt.Errorf("it has %d signers, not one", len(sd.Signers))
	}
	if chain, err = x509.ParseCertificates(sd.Certificates.Bytes); err != nil {
		return si, nil, err
	}
	if len(chain) == 0 {
		return si, nil, errors.New("it carries no certificate")
	}
	return sd.Signers[0], chain, nil
}

func unmarshal(der []byte, into any) error {
	rest, err := asn1.Unmarshal(der, into)
	if err == nil && len(rest) > 0 {
		err = errors.New("something follows it")
	}
	return err
}

func signingTime(attrs []byte) (at time.Time, err error) {
	for len(attrs) > 0 {
		var a attribute
		if attrs, err = asn1.Unmarshal(attrs, &a); err != nil {
			return at, err
		}
		if a.Type.Equal(oidSigningTime) {
			return at, errors.Join(unmarshal(a.Values.Bytes, &at))
		}
	}
	return at, nil
}

func stampToken(raw asn1.RawValue) ([]byte, error) {
	if len(raw.FullBytes) == 0 {
		return nil, nil
	}
	var a attribute
	if err := unmarshal(raw.Bytes, &a); err != nil {
		return nil, err
	}
	if !a.Type.Equal(oidStampToken) {
		return nil, errors.New("it carries an unknown attribute")
	}
	return a.Values.Bytes, nil
}

func check(c *x509.Certificate, signed, signature []byte) error {
	alg := x509.ECDSAWithSHA256
	if c.PublicKeyAlgorithm == x509.RSA {
		alg = x509.SHA256WithRSA
	}
	if err := c.CheckSignature(alg, signed, signature); err != nil {
		return fmt.Errorf("the signature does not hold: %w", err)
	}
	return nil
}

// chained tells whether every certificate was issued by the next, and the last by itself or by one that is not here.
func chained(chain []*x509.Certificate) error {
	for i, c := range chain[:len(chain)-1] {
		if err := c.CheckSignatureFrom(chain[i+1]); err != nil {
			return fmt.Errorf("certificate %d was not issued by the next: %w", i+1, err)
		}
	}
	if last := chain[len(chain)-1]; selfIssued(last) {
		if err := last.CheckSignature(last.SignatureAlgorithm, last.RawTBSCertificate, last.Signature); err != nil {
			return fmt.Errorf("the last certificate was changed: %w", err)
		}
	}
	return nil
}

// onlyForm makes the signature again from its parts: a byte that differs is outside of what was signed.
func onlyForm(der []byte, si signerInfo, s Seal) error {
	alg, err := algorithm(s.Chain[0].PublicKey)
	if err != nil {
		return err
	}
	unsigned, err := stamped(s.Token)
	if err != nil {
		return err
	}
	again, err := envelope(signerInfo{Version: 1, ID: idOf(s.Chain[0]), Digest: pkix.AlgorithmIdentifier{Algorithm: oidSHA256},
		Signed: asn1.RawValue{FullBytes: tlv(0xA0, si.Signed.Bytes)}, Algorithm: alg, Signature: s.Signature, Unsigned: unsigned}, s.Chain)
	if err == nil && !bytes.Equal(again, der) {
		err = errors.New("the signature's wrapper was changed")
	}
	return err
}
