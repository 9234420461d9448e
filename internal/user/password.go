package user

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	_ "embed"
	"encoding/base64"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"chop/internal/fault"
)

// Cost of a password: argon2id with 19 MiB, two passes, one lane (OWASP Password Storage Cheat Sheet), about 40 ms.
const (
	argonMemory = 19 * 1024 // KiB
	argonPasses = 2
	argonLanes  = 1
	argonSalt   = 16
	argonKey    = 32
)

const (
	minPassword = 10
	maxPassword = 256 // characters; more than any password manager makes
)

//go:embed common.txt
var commonList string

var common = func() map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(commonList) {
		m[w] = true
	}
	return m
}()

// CheckPassword is the rule for a new password: ten characters or more of any kind; neither one of the most common,
// nor a simple pattern, nor the address itself. There are no composition rules: they make passwords worse.
func CheckPassword(pw, email string) error {
	n := utf8.RuneCountInString(pw)
	low := strings.ToLower(norm.NFKC.String(pw))
	local, _, _ := strings.Cut(strings.ToLower(email), "@")
	switch {
	case n < minPassword:
		return fault.New(fault.Invalid, "user.password_short", "min", minPassword).On("password")
	case n > maxPassword:
		return fault.New(fault.Invalid, "user.password_long", "max", maxPassword).On("password")
	case email != "" && (low == strings.ToLower(email) || len(local) >= 4 && len(strings.ReplaceAll(low, local, "")) < 4):
		return fault.New(fault.Invalid, "user.password_email").On("password")
	case common[low] || simple(low):
		return fault.New(fault.Invalid, "user.password_common").On("password")
	}
	return nil
}

// simple finds a short piece repeated over and over, and rows of neighbours such as 3456789012.
func simple(s string) bool {
	r := []rune(s)
	for unit := 1; unit <= 4; unit++ {
		same := true
		for i := unit; i < len(r) && same; i++ {
			same = r[i] == r[i-unit]
		}
		if same {
			return true
		}
	}
	for _, step := range []rune{1, -1} {
		row := true
		for i := 1; i < len(r) && row; i++ {
			d := r[i] - r[i-1]
			row = d == step || d == -9*step && r[i] >= '0' && r[i] <= '9'
		}
		if row {
			return true
		}
	}
	return false
}

// gate lets two hashes run at a time, so that a crowd signing in cannot eat the memory (19 MiB each).
type gate chan struct{}

func (g gate) enter(ctx context.Context) error {
	select {
	case g <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait to check a password: %w", ctx.Err())
	}
}

func (g gate) leave() { <-g }

// hash makes the PHC string of a password.
func (s *Store) hash(ctx context.Context, pw string) (string, error) {
	if err := s.gate.enter(ctx); err != nil {
		return "", err
	}
	defer s.gate.leave()
	salt := make([]byte, argonSalt)
	_, _ = rand.Read(salt) // never fails, crypto/rand ends the program instead
	key := derive(pw, salt, argonPasses, argonMemory, argonLanes, argonKey)
	e := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonPasses, argonLanes,
		e.EncodeToString(salt), e.EncodeToString(key)), nil
}

func derive(pw string, salt []byte, passes, memory uint32, lanes uint8, size uint32) []byte {
	return argon2.IDKey([]byte(norm.NFKC.String(pw)), salt, passes, memory, lanes, size)
}

// decoy is checked when there is no account or no password, so that the answer takes as long.
const decoy = "$argon2id$v=19$m=19456,t=2,p=1$Y2hvcC1kZWNveS1zYWx0IQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// verify tells whether pw fits the PHC string; an empty one costs the same and never fits.
func (s *Store) verify(ctx context.Context, phc, pw string) (bool, error) {
	real := phc != ""
	if !real {
		phc = decoy
	}
	if utf8.RuneCountInString(pw) > maxPassword {
		pw, real = "", false
	}
	var version int
	var memory, passes uint32
	var lanes uint8
	parts := strings.Split(phc, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false, fmt.Errorf("check a password: unknown hash")
	}
	if _, err := fmt.Sscanf(parts[2]+" "+parts[3], "v=%d m=%d,t=%d,p=%d", &version, &memory, &passes, &lanes); err != nil {
		return false, fmt.Errorf("check a password: read its cost: %w", err)
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[4])
	if err != nil {
		return false, fmt.Errorf("check a password: read its salt: %w", err)
	}
	want, err := base64.RawStdEncoding.DecodeString(parts[5])
	if err != nil {
		return false, fmt.Errorf("check a password: read its key: %w", err)
	}
	if err := s.gate.enter(ctx); err != nil {
		return false, err
	}
	defer s.gate.leave()
	got := derive(pw, salt, passes, memory, lanes, uint32(len(want)))
	return subtle.ConstantTimeCompare(got, want) == 1 && real, nil
}
