package user

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"chop/internal/access"
	"chop/internal/fault"
)

func TestPasswordRule(t *testing.T) {
	for pw, want := range map[string]string{
		"trzy zielone sowy": "", "żółć żółć ąę": "", "aB3$aB3$xx": "", "krótkie": "user.password_short", "żółćżółćż": "user.password_short",
		"1234567890": "user.password_common", "QWERTYUIOP": "user.password_common", "aaaaaaaaaaaa": "user.password_common",
		"abcabcabcabc": "user.password_common", "9876543210": "user.password_common", "4567890123": "user.password_common",
		"abcdefghijkl": "user.password_common", "Polska1234": "user.password_common",
		"anna.wilk@example.com": "user.password_email", "anna.wilk12": "user.password_email",
		strings.Repeat("ab1 ", 65): "user.password_long",
	} {
		var f *fault.Error
		got := ""
		if errors.As(CheckPassword(pw, "Anna.Wilk@example.com"), &f) {
			got = f.Code
		}
		if got != want {
			t.Errorf("%.30q: %q, want %q", pw, got, want)
		}
	}
}

func TestAHashFitsItsPasswordOnly(t *testing.T) {
	s := &Store{gate: make(gate, 2)}
	h, err := s.hash(t.Context(), "zażółć gęślą")
	if err != nil || !strings.HasPrefix(h, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Fatal(h, err)
	}
	again, err := s.hash(t.Context(), "zażółć gęślą")
	if err != nil || again == h {
		t.Error("two hashes of one password are equal")
	}
	for pw, want := range map[string]bool{"zażółć gęślą": true, "za\u007ao\u0301łć gęślą": false, "zaz\u0307o\u0301łc\u0301 ge\u0328s\u0301la\u0328": true, "": false, "zażółć gęślą ": false} {
		if ok, err := s.verify(t.Context(), h, pw); err != nil || ok != want {
			t.Errorf("%q: %v %v", pw, ok, err)
		}
	}
	for _, broken := range []string{"x", "$argon2id$v=19$m=1$a$b", "$argon2id$v=19$m=19456,t=2,p=1$!$!", "$2b$10$abc"} {
		if ok, err := s.verify(t.Context(), broken, "x"); err == nil || ok {
			t.Errorf("%q: %v %v", broken, ok, err)
		}
	}
	if ok, err := s.verify(t.Context(), "", ""); err != nil || ok {
		t.Errorf("no password at all: %v %v", ok, err)
	}
}

// Somebody unknown costs a full hash as well: with the gate closed, both wait at it.
func TestAnUnknownAddressCostsTheSameWork(t *testing.T) {
	s := &Store{gate: make(gate, 1)}
	real, err := s.hash(t.Context(), "trzy zielone sowy")
	if err != nil {
		t.Fatal(err)
	}
	s.gate <- struct{}{}
	for name, h := range map[string]string{"known": real, "unknown": ""} {
		ctx, stop := context.WithTimeout(t.Context(), time.Millisecond)
		if _, err := s.verify(ctx, h, "x"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s does not wait to be hashed: %v", name, err)
		}
		stop()
	}
}

func TestAddresses(t *testing.T) {
	for in, want := range map[string]string{
		"Anna@Example.COM": "anna@example.com", " a+b@x.pl ": "a+b@x.pl", "biuro@łąka.pl": "biuro@xn--ka-ola7v.pl", "a@localhost": "a@localhost",
		"": "", "a": "", "a@b": "", "a@@b.pl": "", "a@b.pl\nBcc: c@d.pl": "", "<a@b.pl>": "", "A <a@b.pl>": "", "ą@b.pl": "", "\"a b\"@c.pl": "",
		"a@b..pl": "", "a@[127.0.0.1]": "", strings.Repeat("a", 250) + "@b.pl": "", "a@b.pl\x00": "", "\u212aate@b.pl": "",
	} {
		_, key, err := CleanEmail(in)
		if key != want || (want == "") != fault.Is(err, fault.Invalid) {
			t.Errorf("%.40q: %q %v", in, key, err)
		}
	}
}

func FuzzCleanEmail(f *testing.F) {
	for _, s := range []string{"a@b.pl", "a@b.pl\r\nX: y", "\"x\"@y.z", "ż@ż.pl", "@", "a@b@c.d", "0@\xbd.000000"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		address, key, err := CleanEmail(s)
		if err != nil {
			return
		}
		if strings.ContainsAny(address, " \r\n\t,;<>\x00") || strings.ToLower(address) != key {
			t.Fatalf("%q gave %q, %q", s, address, key)
		}
		if a2, k2, err := CleanEmail(address); err != nil || a2 != address || k2 != key {
			t.Fatalf("%q is not stable: %q %q %v", address, a2, k2, err)
		}
	})
}

func TestNetworks(t *testing.T) {
	for in, want := range map[string]string{
		"198.51.100.7:80": "198.51.100.0/24", "198.51.100.7": "198.51.100.0/24", "[2001:db8:1:2::3]:443": "2001:db8:1::/48", "2001:db8:1:2::3": "2001:db8:1::/48",
		"::ffff:198.51.100.7": "198.51.100.0/24", "fe80::1%eth0": "fe80::/48", "": "", "x": "", "unix": "",
	} {
		if got := IPPrefix(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestOwnersRule(t *testing.T) {
	for _, c := range []struct {
		was, becomes access.Role
		owners       int
		refused      bool
	}{
		{access.Owner, "", 1, true}, {access.Owner, access.Staff, 1, true}, {access.Owner, access.Owner, 1, false}, {access.Owner, "", 2, false},
		{access.Staff, "", 1, false}, {access.Staff, access.Owner, 0, false}, {"", access.Staff, 0, false},
	} {
		if err := keepsOwner(c.was, c.becomes, c.owners); (err != nil) != c.refused {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
