package webhook

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"chop/internal/fault"
)

// Header names of the Standard Webhooks rules (domain/connectors.md A17).
const (
	HeaderID        = "webhook-id"
	HeaderTimestamp = "webhook-timestamp"
	HeaderSignature = "webhook-signature"
)

// Tolerance is how far the sender's clock may stand from ours, either way (domain/connectors.md A17).
const Tolerance = 5 * time.Minute

const (
	prefix        = "whsec_"
	version       = "v1"
	newSecretSize = 32  // bytes of a secret we make
	minSecretSize = 16  // bytes; a shorter key could be guessed
	maxID         = 256 // bytes of a message id we are ready to remember
	maxSignatures = 16  // a rotation has two or three; more is an attempt to keep us busy
)

// NewSecret makes a signing secret of 32 random bytes, written as whsec_<base64>.
func NewSecret() string {
	b := make([]byte, newSecretSize)
	rand.Read(b) // never fails since Go 1.24: the program stops instead
	return prefix + base64.StdEncoding.EncodeToString(b)
}

// CheckSecret tells whether a secret can sign; the fault is Invalid on the field "secret".
func CheckSecret(secret string) error {
	_, err := key(secret)
	return err
}

func key(secret string) ([]byte, error) {
	text, ok := strings.CutPrefix(strings.TrimSpace(secret), prefix)
	if !ok {
		return nil, badSecret(errors.New("no whsec_ prefix"))
	}
	k, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, badSecret(errors.New("not base64")) // the cause must not carry the secret
	}
	if len(k) < minSecretSize {
		return nil, badSecret(errors.New("too short"))
	}
	return k, nil
}

func badSecret(cause error) error {
	return fault.New(fault.Invalid, "webhook.secret").On("secret").Because(cause)
}

// Sign returns the signature header's value, "v1,<base64>", for a message sent at ts. It is empty when the secret is
// malformed: ask CheckSecret before a secret is saved.
func Sign(secret, id string, ts time.Time, body []byte) string {
	k, err := key(secret)
	if err != nil {
		return ""
	}
	return version + "," + base64.StdEncoding.EncodeToString(sum(k, id, strconv.FormatInt(ts.Unix(), 10), body))
}

func sum(key []byte, id, ts string, body []byte) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(id + "." + ts + "."))
	m.Write(body)
	return m.Sum(nil)
}

// Verify checks a pushed request at the time now and returns the message id, which the store remembers. Any one
// valid v1 signature of the list is enough, so a sender can rotate its secret. Faults: Invalid webhook.secret (our
// setting), webhook.header_missing, webhook.header_malformed, webhook.stale, webhook.future; Forbidden
// webhook.signature.
func Verify(secret string, h http.Header, body []byte, now time.Time) (string, error) {
	k, err := key(secret)
	if err != nil {
		return "", err
	}
	for _, name := range []string{HeaderID, HeaderTimestamp, HeaderSignature} {
		if h.Get(name) == "" {
			return "", fault.New(fault.Invalid, "webhook.header_missing", "Header", name)
		}
	}
	id, ts := h.Get(HeaderID), h.Get(HeaderTimestamp)
	if len(id) > maxID {
		return "", fault.New(fault.Invalid, "webhook.header_malformed", "Header", HeaderID)
	}
	if err := checkTime(ts, now); err != nil {
		return "", err
	}
	if !anyMatches(h.Get(HeaderSignature), sum(k, id, ts, body)) {
		return "", fault.New(fault.Forbidden, "webhook.signature")
	}
	return id, nil
}

func checkTime(ts string, now time.Time) error {
	sec, err := strconv.ParseInt(ts, 10, 64)
	if err != nil || sec < 0 || sec > maxUnix {
		return fault.New(fault.Invalid, "webhook.header_malformed", "Header", HeaderTimestamp)
	}
	switch age := now.Sub(time.Unix(sec, 0)); {
	case age > Tolerance:
		return fault.New(fault.Invalid, "webhook.stale", "Minutes", int(Tolerance.Minutes()))
	case age < -Tolerance:
		return fault.New(fault.Invalid, "webhook.future", "Minutes", int(Tolerance.Minutes()))
	}
	return nil
}

// anyMatches compares in constant time and walks the whole list whatever it finds.
func anyMatches(list string, want []byte) bool {
	found := false
	for i, s := range strings.Fields(list) {
		if i == maxSignatures {
			break
		}
		text, ok := strings.CutPrefix(s, version+",")
		if !ok {
			continue
		}
		got, err := base64.StdEncoding.DecodeString(text)
		if err == nil && hmac.Equal(got, want) {
			found = true
		}
	}
	return found
}
