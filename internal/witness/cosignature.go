// Package witness lets a second machine confirm that a log only grows.
//
// A witness remembers the newest checkpoint of each log it knows and cosigns a newer one only with a proof that the old
// one is its beginning. A log that was set back, or that shows two people two histories, therefore loses its
// cosignature. Protocol: c2sp.org/tlog-witness; form of what is signed: c2sp.org/tlog-cosignature, Ed25519. Both sides
// are here: Server answers, Client asks. Neither asks for permission: a checkpoint says nothing about anybody.
package witness

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

const (
	algorithm = 4 // timestamped Ed25519 cosignatures, c2sp.org/signed-note
	bodySize  = 4 + 8 + ed25519.SignatureSize
)

// Key is a witness's public key.
type Key struct {
	Name string
	id   [4]byte
	pub  ed25519.PublicKey
}

// ParseKey reads a verifier key, name+hash+base64, of type 4.
func ParseKey(text string) (Key, error) {
	text = strings.TrimSpace(text)
	parts := strings.SplitN(text, "+", 3)
	if len(parts) != 3 || parts[0] == "" || strings.ContainsAny(parts[0], " \t\n") {
		return Key{}, fmt.Errorf("a witness's key looks like name+12ab34cd+BASE64, not %q", text)
	}
	raw, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(raw) != 1+ed25519.PublicKeySize {
		return Key{}, fmt.Errorf("key of witness %s: the last part is not a public key", parts[0])
	}
	if raw[0] != algorithm {
		return Key{}, fmt.Errorf("key of witness %s: it is of type %d, cosignatures need type %d", parts[0], raw[0], algorithm)
	}
	k := newKey(parts[0], raw[1:])
	if k.String() != text {
		return Key{}, fmt.Errorf("key of witness %s: the middle part does not fit the rest; copy the whole line again", parts[0])
	}
	return k, nil
}

func newKey(name string, pub ed25519.PublicKey) Key {
	h := sha256.New()
	h.Write([]byte(name + "\n"))
	h.Write([]byte{algorithm})
	h.Write(pub)
	return Key{Name: name, id: [4]byte(h.Sum(nil)), pub: pub}
}

// String is the key as ParseKey reads it.
func (k Key) String() string {
	return k.Name + "+" + hex.EncodeToString(k.id[:]) + "+" + base64.StdEncoding.EncodeToString(append([]byte{algorithm}, k.pub...))
}

// Cosignature is one signature line under a checkpoint.
type Cosignature struct {
	Name string
	id   [4]byte
	At   time.Time // by the witness's clock; whole seconds
	sig  []byte
}

// ErrLine means that a signature line is not a cosignature.
var ErrLine = errors.New("not a line of a cosignature")

// ParseLine reads "— name base64", with or without its newline.
func ParseLine(line string) (Cosignature, error) {
	name, b64, ok := strings.Cut(strings.TrimPrefix(strings.TrimSuffix(line, "\n"), "— "), " ")
	raw, err := base64.StdEncoding.Strict().DecodeString(b64)
	if !ok || !strings.HasPrefix(line, "— ") || err != nil || len(raw) != bodySize {
		return Cosignature{}, fmt.Errorf("%q: %w", line, ErrLine)
	}
	sec := binary.BigEndian.Uint64(raw[4:])
	if sec > 1<<40 {
		return Cosignature{}, fmt.Errorf("%q: its time cannot be: %w", line, ErrLine)
	}
	return Cosignature{Name: name, id: [4]byte(raw), At: time.Unix(int64(sec), 0).UTC(), sig: bytes.Clone(raw[12:])}, nil
}

// Line is the signature line, with its newline.
func (c Cosignature) Line() string {
	raw := binary.BigEndian.AppendUint64(bytes.Clone(c.id[:]), uint64(c.At.Unix()))
	return "— " + c.Name + " " + base64.StdEncoding.EncodeToString(append(raw, c.sig...)) + "\n"
}

// Of tells whether the line claims to be of this key.
func (c Cosignature) Of(k Key) bool { return c.Name == k.Name && c.id == k.id }

// Verify tells whether the key signed the checkpoint. body is the checkpoint without signatures, up to and with the
// newline before the empty line.
func (k Key) Verify(body []byte, c Cosignature) bool {
	return c.Of(k) && ed25519.Verify(k.pub, signed(body, c.At), c.sig)
}

func signed(body []byte, at time.Time) []byte {
	return append([]byte("cosignature/v1\ntime "+strconv.FormatInt(at.Unix(), 10)+"\n"), body...)
}

func cosign(name string, key ed25519.PrivateKey, body []byte, at time.Time) Cosignature {
	k := newKey(name, key.Public().(ed25519.PublicKey))
	at = at.UTC().Truncate(time.Second)
	return Cosignature{Name: name, id: k.id, At: at, sig: ed25519.Sign(key, signed(body, at))}
}

// Split takes a signed checkpoint apart: its body and its signature lines, each with its newline.
func Split(note []byte) (body []byte, lines []string, err error) {
	i := bytes.LastIndex(note, []byte("\n\n"))
	if i < 0 || !bytes.HasSuffix(note, []byte("\n")) {
		return nil, nil, errors.New("not a signed note")
	}
	lines = strings.SplitAfter(string(note[i+2:]), "\n")
	if lines = lines[:len(lines)-1]; len(lines) == 0 {
		return nil, nil, errors.New("a note without signatures")
	}
	return note[:i+1], lines, nil
}

// Resembles tells whether the line claims the key's name or its id, so that a changed name or id is noticed as a bad
// cosignature rather than as a stranger's.
func (c Cosignature) Resembles(k Key) bool { return c.Name == k.Name || c.id == k.id }
