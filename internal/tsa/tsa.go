// Package tsa speaks RFC 3161: it asks a timestamp authority (TSA) to sign the hash of something, and checks what it signed.
//
// A token says that a hash existed at a time, in the authority's word; it says nothing of what was hashed. Whether that
// word has the effect of a qualified timestamp (Regulation (EU) 910/2014, art. 41) is not in the token: a token may carry
// the statement and mean nothing. Somebody has to look the authority up on the trusted list.
package tsa

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"
)

// Token is a timestamp that was checked: see Verify for what that means.
type Token struct {
	Response  []byte // the authority's whole answer, DER: what `openssl ts -verify -in` reads
	Raw       []byte // the token inside it, DER: what a CMS or PDF signature embeds
	Digest    []byte // SHA-256 of what was stamped
	Time      time.Time
	Accuracy  time.Duration // 0: the authority did not say
	Policy    string        // dotted OID under which it was given
	Serial    *big.Int
	Nonce     *big.Int            // nil: none
	Signer    *x509.Certificate   // of the authority
	Chain     []*x509.Certificate // from Signer to the root that was trusted
	Claims    bool                // it calls itself qualified (ETSI EN 319 422, esi4-qtstStatement-1): a claim, no proof
	Algorithm string              // of the signature, for people
}

// Authority is the name of the one who signed, as its certificate says.
func (t Token) Authority() string { return nameOf(t.Signer) }

// Expires is when the chain of the token stops being valid: before that it should be stamped anew.
func (t Token) Expires() time.Time {
	end := t.Signer.NotAfter
	for _, c := range t.Chain {
		if c.NotAfter.Before(end) {
			end = c.NotAfter
		}
	}
	return end.UTC()
}

// Root is the trusted certificate at the end of the chain.
func (t Token) Root() *x509.Certificate { return t.Chain[len(t.Chain)-1] }

// ChainPEM is the chain as text, the signer first and the root last.
func (t Token) ChainPEM() []byte { return EncodePEM(t.Chain) }

func nameOf(c *x509.Certificate) string {
	var parts []string
	for _, s := range append([]string{c.Subject.CommonName}, c.Subject.Organization...) {
		if s != "" {
			parts = append(parts, s)
		}
	}
	if len(parts) == 0 {
		return c.Subject.String()
	}
	return strings.Join(parts, ", ")
}

// Sum is the digest of bytes as it is stamped.
func Sum(b []byte) []byte {
	s := sha256.Sum256(b)
	return s[:]
}

// EncodePEM writes certificates one after the other.
func EncodePEM(cs []*x509.Certificate) []byte {
	var out []byte
	for _, c := range cs {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	return out
}

// DecodePEM reads certificates from a text that may hold other blocks too; it is an error when there is none.
func DecodePEM(raw []byte) ([]*x509.Certificate, error) {
	var out []*x509.Certificate
	for {
		var b *pem.Block
		if b, raw = pem.Decode(raw); b == nil {
			break
		}
		if b.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(b.Bytes)
		if err != nil {
			return nil, fmt.Errorf("certificate %d: %w", len(out)+1, err)
		}
		out = append(out, c)
	}
	if len(out) == 0 {
		return nil, errors.New("no certificate in PEM form (-----BEGIN CERTIFICATE-----) found")
	}
	return out, nil
}

// Pool makes a set of trusted roots.
func Pool(cs ...*x509.Certificate) *x509.CertPool {
	p := x509.NewCertPool()
	for _, c := range cs {
		p.AddCert(c)
	}
	return p
}

// Flaw is why an answer was refused; each has the message "tsa.flaw.<Flaw>".
type Flaw string

const (
	Malformed Flaw = "malformed" // not what RFC 3161 describes, or cut
	Rejected  Flaw = "rejected"  // the authority said no; the cause tells why
	Imprint   Flaw = "imprint"   // it is about something else
	Nonce     Flaw = "nonce"     // it does not answer our question: an old or a foreign token
	Signature Flaw = "signature" // the signature is not of these bytes, or too weak to count
	Chain     Flaw = "chain"     // the authority's certificate does not lead to a trusted root, or not at that time
	Usage     Flaw = "usage"     // the certificate is not one for timestamps alone
	Policy    Flaw = "policy"    // given under another policy than the one asked for
	Clock     Flaw = "clock"     // its time and this machine's clock are too far apart
	Accuracy  Flaw = "accuracy"  // it is less exact than counts as a time
	Away      Flaw = "away"      // no answer of a timestamp authority came: the network, a refused sign-in, a web page
)

// Flaws lists every flaw.
var Flaws = []Flaw{Malformed, Rejected, Imprint, Nonce, Signature, Chain, Usage, Policy, Clock, Accuracy, Away}

// Refusal is an answer that cannot be used. Find it with errors.As.
type Refusal struct {
	Flaw  Flaw
	Cause error
}

func (r *Refusal) Error() string { return fmt.Sprintf("timestamp refused (%s): %v", r.Flaw, r.Cause) }

func (r *Refusal) Unwrap() error { return r.Cause }

func refuse(f Flaw, format string, args ...any) error {
	return &Refusal{Flaw: f, Cause: fmt.Errorf(format, args...)}
}

// FlawOf is the flaw of an error, Away when it names none.
func FlawOf(err error) Flaw {
	var r *Refusal
	if errors.As(err, &r) {
		return r.Flaw
	}
	return Away
}
