package tsa

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	_ "crypto/sha1" // ESSCertID names the certificate by SHA-1; the signature itself may not use it
	_ "crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"slices"
	"time"

	"github.com/digitorus/pkcs7"
	"github.com/digitorus/timestamp"
)

// MaxResponse is the largest answer that is looked at, in bytes. Tokens with their chain have 3 to 10 kB.
const MaxResponse = 256 << 10

// maxAccuracy is the least exact time that still counts as one (qualified authorities keep one second, ETSI EN 319 421).
const maxAccuracy = time.Minute

var (
	oidTSTInfo       = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 1, 4}
	oidSignedData    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	oidSigningCert   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 12}
	oidSigningCertV2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47}
	oidExtKeyUsage   = asn1.ObjectIdentifier{2, 5, 29, 37}
	oidTimeStamping  = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 8}
)

// Verify checks an answer (TimeStampResp, DER) against the SHA-256 of what should be stamped: it was granted, is about
// this digest, carries one sound signature (RFC 5652) over content of the right type by the certificate it names
// (RFC 5816), that certificate is for timestamps and nothing else (RFC 3161, 2.3) and leads to one of the roots at the
// token's time. It needs neither network nor clock, and does not ask whether a certificate was revoked. Errors are *Refusal.
func Verify(response, digest []byte, roots *x509.CertPool) (Token, error) {
	raw, err := unwrap(response)
	if err != nil {
		return Token{}, err
	}
	t, err := VerifyToken(raw, digest, roots)
	t.Response = response
	return t, err
}

// VerifyToken is Verify for the token alone (TimeStampToken, DER), as signatures embed it.
func VerifyToken(raw, digest []byte, roots *x509.CertPool) (t Token, err error) {
	// The library reads what strangers sent; a defect in it must not end the program.
	defer func() {
		if p := recover(); p != nil {
			t, err = Token{}, refuse(Malformed, "reading it failed: %v", p)
		}
	}()
	if err := precheck(raw); err != nil {
		return Token{}, err
	}
	p7, err := pkcs7.Parse(raw)
	if err != nil {
		return Token{}, refuse(Malformed, "%w", err)
	}
	signer, err := signedBy(p7)
	if err != nil {
		return Token{}, err
	}
	stamp, err := timestamp.Parse(raw)
	if err != nil {
		return Token{}, refuse(Signature, "%w", err)
	}
	if stamp.HashAlgorithm != crypto.SHA256 || len(digest) != 32 || !bytes.Equal(stamp.HashedMessage, digest) {
		return Token{}, refuse(Imprint, "it is about %s %x, not %x", stamp.HashAlgorithm, stamp.HashedMessage, digest)
	}
	if stamp.Accuracy < 0 || stamp.Accuracy > maxAccuracy {
		return Token{}, refuse(Accuracy, "exact to %s only", stamp.Accuracy)
	}
	if err := forTimestamps(signer); err != nil {
		return Token{}, err
	}
	chain, err := lead(signer, p7.Certificates, roots, stamp.Time)
	if err != nil {
		return Token{}, err
	}
	return Token{Raw: raw, Digest: stamp.HashedMessage, Time: stamp.Time.UTC(), Accuracy: stamp.Accuracy, Policy: stamp.Policy.String(),
		Serial: stamp.SerialNumber, Nonce: stamp.Nonce, Signer: signer, Chain: chain, Claims: stamp.Qualified,
		Algorithm: signer.PublicKeyAlgorithm.String()}, nil
}

// unwrap takes the token out of an answer that grants one.
func unwrap(response []byte) ([]byte, error) {
	if len(response) > MaxResponse {
		return nil, refuse(Malformed, "%d bytes are no timestamp", len(response))
	}
	var r struct {
		Status asn1.RawValue
		Token  asn1.RawValue `asn1:"optional"`
	}
	if rest, err := asn1.Unmarshal(response, &r); err != nil {
		return nil, refuse(Malformed, "it is no answer of a timestamp authority: %w", err)
	} else if len(rest) > 0 {
		return nil, refuse(Malformed, "%d bytes follow the answer", len(rest))
	}
	if r.Status.Class != asn1.ClassUniversal || r.Status.Tag != asn1.TagSequence {
		return nil, refuse(Malformed, "it begins with no status")
	}
	var status int
	if _, err := asn1.Unmarshal(r.Status.Bytes, &status); err != nil {
		return nil, refuse(Malformed, "its status cannot be read: %w", err)
	}
	if status != 0 && status != 1 { // granted, granted with modifications
		// The library puts the reasons into words; it calls every status but 0 an error.
		_, err := timestamp.ParseResponse(response)
		return nil, refuse(Rejected, "%w", err)
	}
	if len(r.Token.FullBytes) == 0 {
		return nil, refuse(Malformed, "granted, and there is no token")
	}
	return r.Token.FullBytes, nil
}

// frame is the parts of a token that the library reads leniently or not at all.
type frame struct {
	Version  int
	Digests  []pkix.AlgorithmIdentifier `asn1:"set"`
	Contents struct {
		Type    asn1.ObjectIdentifier
		Content []byte `asn1:"explicit,tag:0"`
	}
	Certificates asn1.RawValue `asn1:"optional,tag:0"`
	CRLs         asn1.RawValue `asn1:"optional,tag:1"`
	Signers      []signerFrame `asn1:"set"`
}

type signerFrame struct {
	Version  int
	Who      asn1.RawValue
	Digest   pkix.AlgorithmIdentifier
	Signed   asn1.RawValue `asn1:"optional,tag:0"`
	How      pkix.AlgorithmIdentifier
	Value    []byte
	Unsigned asn1.RawValue `asn1:"optional,tag:1"`
}

// precheck reads the frame strictly (RFC 5652, 5.1 and 5.3): DER, a timestamp inside, one signature, nothing behind.
func precheck(raw []byte) error {
	var outer struct {
		Type asn1.ObjectIdentifier
		Data frame `asn1:"explicit,tag:0"`
	}
	rest, err := asn1.Unmarshal(raw, &outer)
	switch f := outer.Data; {
	case err != nil:
		return refuse(Malformed, "it is no signed data: %w", err)
	case len(rest) > 0:
		return refuse(Malformed, "%d bytes follow the token", len(rest))
	case !outer.Type.Equal(oidSignedData) || !f.Contents.Type.Equal(oidTSTInfo) || f.Version != 3:
		return refuse(Malformed, "it is version %d of data of type %s, not a timestamp", f.Version, f.Contents.Type)
	case len(f.Signers) != 1:
		return refuse(Signature, "%d signatures, and a timestamp has one", len(f.Signers))
	case f.Signers[0].Version != 1 && f.Signers[0].Version != 3:
		return refuse(Malformed, "a signature of version %d", f.Signers[0].Version)
	case len(f.Digests) != 1 || !f.Digests[0].Algorithm.Equal(f.Signers[0].Digest.Algorithm):
		return refuse(Malformed, "the frame and the signature name different digests")
	}
	return attributes(outer.Data.Signers[0].Signed.Bytes)
}

// attributes checks the form of the signed attributes: the library makes them anew before it checks the signature, so a
// changed tag would go unnoticed.
func attributes(raw []byte) error {
	for len(raw) > 0 {
		var a struct {
			Type   asn1.ObjectIdentifier
			Values asn1.RawValue
		}
		rest, err := asn1.Unmarshal(raw, &a)
		if err != nil || a.Values.Class != asn1.ClassUniversal || a.Values.Tag != asn1.TagSet || !a.Values.IsCompound {
			return refuse(Malformed, "a signed attribute cannot be read")
		}
		raw = rest
	}
	return nil
}

// signedBy checks what the signature promises about itself, and returns the certificate it names. Whether it fits is
// checked by the library, for it has a certificate.
func signedBy(p7 *pkcs7.PKCS7) (*x509.Certificate, error) {
	signer := p7.GetOnlySigner()
	if signer == nil {
		return nil, refuse(Chain, "the authority's certificate is not in the token")
	}
	alg := p7.Signers[0].DigestAlgorithm.Algorithm
	if !strong(alg) {
		return nil, refuse(Signature, "its digest algorithm %s is too weak or unknown", alg)
	}
	if err := strongKey(signer); err != nil {
		return nil, err
	}
	// Without this attribute the signature could have been made over something of another kind.
	var kind asn1.ObjectIdentifier
	if err := p7.UnmarshalSignedAttribute(pkcs7.OIDAttributeContentType, &kind); err != nil || !kind.Equal(oidTSTInfo) {
		return nil, refuse(Signature, "what is signed does not call itself a timestamp")
	}
	return signer, namesItsCertificate(p7, signer)
}

func strong(alg asn1.ObjectIdentifier) bool {
	return slices.ContainsFunc([]asn1.ObjectIdentifier{pkcs7.OIDDigestAlgorithmSHA256, pkcs7.OIDDigestAlgorithmSHA384,
		pkcs7.OIDDigestAlgorithmSHA512}, alg.Equal)
}

func strongKey(c *x509.Certificate) error {
	switch k := c.PublicKey.(type) {
	case *rsa.PublicKey:
		if k.N.BitLen() < 2048 {
			return refuse(Signature, "an RSA key of %d bits is too weak", k.N.BitLen())
		}
	case *ecdsa.PublicKey:
		if k.Curve.Params().BitSize < 256 {
			return refuse(Signature, "a curve of %d bits is too weak", k.Curve.Params().BitSize)
		}
	default:
		return refuse(Signature, "keys of the kind %s are not known here", c.PublicKeyAlgorithm)
	}
	return nil
}

// namesItsCertificate checks ESSCertID or ESSCertIDv2: the signature covers which certificate made it.
func namesItsCertificate(p7 *pkcs7.PKCS7, signer *x509.Certificate) error {
	var v2 struct {
		Certs []struct {
			Algorithm pkix.AlgorithmIdentifier `asn1:"optional"`
			Hash      []byte
			Issuer    asn1.RawValue `asn1:"optional"`
		}
		Policies asn1.RawValue `asn1:"optional"`
	}
	var v1 struct {
		Certs []struct {
			Hash   []byte
			Issuer asn1.RawValue `asn1:"optional"`
		}
		Policies asn1.RawValue `asn1:"optional"`
	}
	named, hash := []byte(nil), crypto.SHA256
	if err := p7.UnmarshalSignedAttribute(oidSigningCertV2, &v2); err == nil && len(v2.Certs) > 0 {
		named = v2.Certs[0].Hash
		switch a := v2.Certs[0].Algorithm.Algorithm; {
		case a.Equal(pkcs7.OIDDigestAlgorithmSHA384):
			hash = crypto.SHA384
		case a.Equal(pkcs7.OIDDigestAlgorithmSHA512):
			hash = crypto.SHA512
		}
	} else if err := p7.UnmarshalSignedAttribute(oidSigningCert, &v1); err == nil && len(v1.Certs) > 0 {
		named, hash = v1.Certs[0].Hash, crypto.SHA1
	} else {
		return refuse(Signature, "it does not name the certificate it was made with")
	}
	h := hash.New()
	h.Write(signer.Raw)
	if !bytes.Equal(h.Sum(nil), named) {
		return refuse(Signature, "it names another certificate than the one in the token")
	}
	return nil
}

// forTimestamps: the certificate has exactly one extended usage, timestamps, and says so critically.
func forTimestamps(c *x509.Certificate) error {
	for _, e := range c.Extensions {
		if !e.Id.Equal(oidExtKeyUsage) {
			continue
		}
		var usages []asn1.ObjectIdentifier
		if rest, err := asn1.Unmarshal(e.Value, &usages); err != nil || len(rest) > 0 {
			return refuse(Usage, "its extended key usage cannot be read")
		}
		if len(usages) != 1 || !usages[0].Equal(oidTimeStamping) {
			return refuse(Usage, "the certificate is for %v, not for timestamps alone", usages)
		}
		if !e.Critical {
			return refuse(Usage, "its extended key usage is not marked critical")
		}
		if c.KeyUsage != 0 && c.KeyUsage&(x509.KeyUsageDigitalSignature|x509.KeyUsageContentCommitment) == 0 {
			return refuse(Usage, "its key may not sign")
		}
		return nil
	}
	return refuse(Usage, "the certificate does not say that it is for timestamps")
}

// lead finds the way from the authority to a trusted root at the token's time.
func lead(signer *x509.Certificate, others []*x509.Certificate, roots *x509.CertPool, at time.Time) ([]*x509.Certificate, error) {
	if roots == nil {
		return nil, refuse(Chain, "no trusted roots were given")
	}
	between := x509.NewCertPool()
	for _, c := range others {
		between.AddCert(c)
	}
	chains, err := signer.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, CurrentTime: at,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping}})
	if err != nil {
		return nil, refuse(Chain, "%s at %s: %w", nameOf(signer), at.UTC().Format(time.RFC3339), err)
	}
	best := chains[0]
	for _, c := range chains[1:] {
		if len(c) < len(best) {
			best = c
		}
	}
	return best, nil
}

// answers checks what only the one who asked can know: that it is the answer to this question and given just now.
func (t Token) answers(q question, now time.Time) error {
	if t.Nonce == nil || t.Nonce.Cmp(q.nonce) != 0 {
		return refuse(Nonce, "its nonce is %v, not ours", t.Nonce)
	}
	if q.policy != "" && t.Policy != q.policy {
		return refuse(Policy, "given under %s, asked for %s", t.Policy, q.policy)
	}
	if early, late := q.at.Sub(t.Time), t.Time.Sub(now); early > maxSkew || late > maxSkew {
		return refuse(Clock, "the authority says %s and this machine %s; one of the clocks is wrong",
			t.Time.Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	}
	return nil
}
