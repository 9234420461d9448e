// Package user keeps the people: how they sign in, their sessions and their roles in firms.
package user

import (
	"net/mail"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/idna"

	"chop/internal/access"
	"chop/internal/fault"
	"chop/internal/firm"
	"chop/internal/lang"
)

// Person is one account. It carries no secret.
type Person struct {
	ID        string
	Name      string
	Email     string
	Lang      lang.Tag
	Theme     string // "light", "dark"; empty: as the system says
	Admin     bool
	Second    time.Time // since when a code from an app is asked for; zero: not
	Passkeys  int
	Created   time.Time
	Disabled  time.Time
	Password  bool // has one
	Codes     int  // recovery codes left
	LastSeen  time.Time
	FirmRoles map[string]access.Role
}

// Member is a person in one firm.
type Member struct {
	Person
	Role  access.Role
	Since time.Time
}

// Themes lists what a person may choose; empty follows the system.
var Themes = []string{"", "light", "dark"}

const (
	maxName  = 100
	maxEmail = 254 // RFC 5321 4.5.3.1.3
)

// CleanName is a person's name on one line, or an Invalid fault.
func CleanName(s string) (string, error) {
	s = firm.OneLine(s)
	if s == "" {
		return "", fault.New(fault.Invalid, "user.name").On("name")
	}
	if len([]rune(s)) > maxName {
		return "", fault.New(fault.Invalid, "user.name_long", "max", maxName).On("name")
	}
	return s, nil
}

// CleanEmail checks an address and gives its two forms: the one to write to and the key by which accounts are told
// apart (small letters, domain in ASCII). Local parts outside ASCII are refused: look-alike letters would give two
// people one account.
func CleanEmail(s string) (address, key string, err error) {
	bad := fault.New(fault.Invalid, "user.email").On("email")
	s = strings.TrimSpace(s)
	at := strings.LastIndexByte(s, '@')
	if at < 1 || len(s) > maxEmail {
		return "", "", bad
	}
	host, err := idna.Lookup.ToASCII(s[at+1:])
	if err != nil || !strings.Contains(host, ".") && host != "localhost" {
		return "", "", bad
	}
	if again, err := idna.Lookup.ToASCII(host); err != nil || again != host {
		return "", "", bad // some names do not survive the way to ASCII and back
	}
	address = s[:at] + "@" + host
	parsed, err := mail.ParseAddress(address)
	if err != nil || parsed.Address != address || strings.ContainsFunc(address, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", "", bad
	}
	return address, strings.ToLower(address), nil
}

// CleanRole is a known role, or an Invalid fault.
func CleanRole(r access.Role) error {
	if !slices.Contains(access.Roles, r) {
		return fault.New(fault.Invalid, "user.role").On("role")
	}
	return nil
}

// keepsOwner is the rule that a firm which has owners keeps one: it tells whether the person with role "was" may
// get role "becomes" (empty: leaves) while the firm has that many owners.
func keepsOwner(was, becomes access.Role, owners int) error {
	if was == access.Owner && becomes != access.Owner && owners <= 1 {
		return fault.New(fault.Conflict, "user.last_owner")
	}
	return nil
}

func needWhy(why string) (string, error) {
	if why = firm.OneLine(why); why == "" {
		return "", fault.New(fault.Invalid, "user.why").On("why")
	}
	return why, nil
}
