package user

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/netip"
	"strings"
)

// newToken makes a secret of 256 bits for a cookie or a link. Only its hash is stored.
func newToken() (token, hash string) {
	raw := make([]byte, 32)
	_, _ = rand.Read(raw) // never fails, crypto/rand ends the program instead
	token = base64.RawURLEncoding.EncodeToString(raw)
	return token, hashOf(token)
}

func hashOf(parts ...string) string {
	h := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(h[:])
}

// IPPrefix is the network an address belongs to: /24 of IPv4, /48 of IPv6. It tells two places apart without keeping
// anybody's exact address. What is no address gives an empty prefix.
func IPPrefix(addr string) string {
	ap, err := netip.ParseAddrPort(addr)
	a := ap.Addr()
	if err != nil {
		if a, err = netip.ParseAddr(strings.Trim(addr, "[]")); err != nil {
			return ""
		}
	}
	a = a.Unmap().WithZone("")
	bits := 48
	if a.Is4() {
		bits = 24
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return ""
	}
	return p.String()
}
