package tsa

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/digitorus/timestamp"
)

// maxSkew is how far an authority's time may lie from this machine's clock. Beyond that one of the two is wrong, and a
// person has to find out which before anything is stamped.
const maxSkew = 10 * time.Minute

// Way carries a request (TimeStampReq, DER) to an authority and brings back its answer, unread.
type Way interface {
	Ask(ctx context.Context, request []byte) (answer []byte, err error)
}

// Client asks one authority.
type Client struct {
	Name   string         // as people call it
	Way    Way            // how it is reached
	Roots  *x509.CertPool // where its certificates must lead
	Policy string         // dotted OID to ask for; "": its usual one
	Now    func() time.Time
}

type question struct {
	nonce  *big.Int
	policy string
	at     time.Time
}

// Stamp asks for a token over a SHA-256 digest and checks the answer: everything Verify does, and that it answers this
// very request (nonce), under the policy asked for, at a time near this machine's clock. Errors are *Refusal.
func (c *Client) Stamp(ctx context.Context, digest []byte) (Token, error) {
	q := question{nonce: newNonce(), policy: c.Policy, at: c.Now()}
	request, err := q.request(digest)
	if err != nil {
		return Token{}, err
	}
	answer, err := c.Way.Ask(ctx, request)
	if err != nil {
		return Token{}, err
	}
	t, err := Verify(bytes.Clone(answer), digest, c.Roots)
	if err != nil {
		return Token{}, err
	}
	return t, t.answers(q, c.Now())
}

// newNonce is 64 random bits, the first of them set so that it is never short or negative.
func newNonce() *big.Int {
	var b [8]byte
	rand.Read(b[:])
	b[0] = b[0]&0x3f | 0x40
	return new(big.Int).SetBytes(b[:])
}

func (q question) request(digest []byte) ([]byte, error) {
	if len(digest) != crypto.SHA256.Size() {
		return nil, fmt.Errorf("ask for a timestamp: a digest of %d bytes is no SHA-256", len(digest))
	}
	// The library sends no nonce unless it is set, and leaves out the certificates unless they are asked for.
	r := timestamp.Request{HashAlgorithm: crypto.SHA256, HashedMessage: digest, Certificates: true, Nonce: q.nonce}
	if q.policy != "" {
		oid, err := ParseOID(q.policy)
		if err != nil {
			return nil, err
		}
		r.TSAPolicyOID = oid
	}
	return r.Marshal()
}

// ParseOID reads a dotted object identifier.
func ParseOID(s string) (asn1.ObjectIdentifier, error) {
	var oid asn1.ObjectIdentifier
	for part := range strings.SplitSeq(s, ".") {
		n, err := strconv.Atoi(part)
		if err != nil || n < 0 {
			return nil, fmt.Errorf("%q is no object identifier such as 1.2.616.1.113725", s)
		}
		oid = append(oid, n)
	}
	if len(oid) < 3 || oid[0] > 2 {
		return nil, fmt.Errorf("%q is no object identifier such as 1.2.616.1.113725", s)
	}
	return oid, nil
}
