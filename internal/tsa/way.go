package tsa

import (
	"context"
	"crypto"
	"crypto/x509"
	"fmt"
	"net/http"

	"github.com/digitorus/pkcs7"

	"chop/internal/fetch"
)

const (
	queryType = "application/timestamp-query" // RFC 3161, 3.4
	replyType = "application/timestamp-reply"
)

// HTTP asks an authority over HTTP (RFC 3161, 3.4). A client certificate for TLS belongs to the fetch.Client.
type HTTP struct {
	Fetch    *fetch.Client
	URL      string
	User     string // basic authorisation, when not empty
	Password string
	Sign     *Signer // signs the request, when not nil
	Type     string  // content type of the request; application/timestamp-query when empty
}

// Ask sends the request. What is not a timestamp answer is refused as Away, with the status in the cause.
func (h *HTTP) Ask(ctx context.Context, request []byte) ([]byte, error) {
	if h.Sign != nil {
		var err error
		if request, err = h.Sign.wrap(request); err != nil {
			return nil, err
		}
	}
	kind := h.Type
	if kind == "" {
		kind = queryType
	}
	r, err := h.Fetch.Do(ctx, fetch.Request{Method: http.MethodPost, URL: h.URL, Body: request, User: h.User, Password: h.Password,
		MaxBody: MaxResponse, Header: http.Header{"Content-Type": {kind}, "Accept": {replyType}}})
	if err != nil {
		return nil, &Refusal{Flaw: Away, Cause: err}
	}
	switch {
	case r.Status == http.StatusUnauthorized || r.Status == http.StatusForbidden:
		return nil, refuse(Away, "it does not let us in (status %d): check user, password or certificate", r.Status)
	case r.Status != http.StatusOK:
		return nil, refuse(Away, "status %d", r.Status)
	case len(r.Body) == 0:
		return nil, refuse(Away, "an empty answer")
	}
	return r.Body, nil
}

// Signer signs requests, as authorities do who give timestamps to their customers only.
type Signer struct {
	Certificate *x509.Certificate
	Parents     []*x509.Certificate // sent along
	Key         crypto.Signer
}

// wrap makes signed data (RFC 5652) whose content is the request. No public text of a Polish authority says more than that
// requests are signed, so this form has not been tried against one.
func (s *Signer) wrap(request []byte) ([]byte, error) {
	sd, err := pkcs7.NewSignedData(request)
	if err != nil {
		return nil, fmt.Errorf("sign the request: %w", err)
	}
	sd.SetDigestAlgorithm(pkcs7.OIDDigestAlgorithmSHA256)
	if err := sd.AddSignerChain(s.Certificate, s.Key, s.Parents, pkcs7.SignerInfoConfig{}); err != nil {
		return nil, fmt.Errorf("sign the request: %w", err)
	}
	raw, err := sd.Finish()
	if err != nil {
		return nil, fmt.Errorf("sign the request: %w", err)
	}
	return raw, nil
}

// unsign is the authority's side of wrap: the request inside, if one of the accepted certificates signed it. What is
// not signed at all comes back as it is when nobody has to sign.
func unsign(body []byte, accept []*x509.Certificate) ([]byte, error) {
	if len(accept) == 0 {
		return body, nil
	}
	p7, err := pkcs7.Parse(body)
	if err != nil {
		return nil, fmt.Errorf("the request is not signed: %w", err)
	}
	if err := p7.Verify(); err != nil {
		return nil, fmt.Errorf("the request's signature: %w", err)
	}
	signer := p7.GetOnlySigner()
	for _, c := range accept {
		if signer != nil && signer.Equal(c) {
			return p7.Content, nil
		}
	}
	return nil, fmt.Errorf("the request is signed by somebody else")
}
