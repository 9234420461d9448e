package user

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"encoding/base64"
	"fmt"
	"image/png"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"chop/internal/db"
	"chop/internal/fault"
)

// RFC 6238: steps of 30 seconds; one step to either side forgives a clock that is off (5.2).
const (
	totpStep = 30 * time.Second
	totpSkew = 1
)

// sealPurpose binds a sealed secret to what it is for; people belong to the installation, not to a firm.
const sealPurpose = "totp"

const (
	recoveryCodes   = 10
	recoveryLetters = "abcdefghijkmnpqrstuvwxyz23456789" // 32 of them, without l, o, 0 and 1
)

// AppKey is what an authenticator app needs: the secret to type or the picture to photograph.
type AppKey struct {
	Secret string
	PNG    []byte
}

// StartApp makes a new secret for one's authenticator app; it counts only once ConfirmApp has seen a code. The
// account's password is asked for. A second factor in use must be taken off first (Conflict).
func (s *Store) StartApp(ctx context.Context, password string) (AppKey, error) {
	a, err := s.confirm(ctx, password)
	if err != nil {
		return AppKey{}, err
	}
	key, err := totp.Generate(totp.GenerateOpts{Issuer: "ChOP", AccountName: a.Email, SecretSize: 20})
	if err != nil {
		return AppKey{}, fmt.Errorf("make a secret for the app: %w", err)
	}
	sealed, err := s.hide(ctx, a.ID, key.Secret())
	if err != nil {
		return AppKey{}, err
	}
	err = s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE person SET totp_secret = $2, totp_step = 0 WHERE id = $1 AND totp_since = 0`, a.ID, sealed)
		if err == nil && n == 0 {
			err = fault.New(fault.Conflict, "user.app_in_use")
		}
		return err
	})
	if err != nil {
		return AppKey{}, err
	}
	return picture(key)
}

// AppKey shows the secret that still waits for its first code; NotFound when none does.
func (s *Store) AppKey(ctx context.Context) (AppKey, error) {
	a, err := s.own(ctx)
	if err != nil {
		return AppKey{}, err
	}
	if a.secret == "" || !a.Second.IsZero() {
		return AppKey{}, fault.Missing("app")
	}
	secret, err := s.reveal(ctx, a.ID, a.secret)
	if err != nil {
		return AppKey{}, err
	}
	raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	if err != nil {
		return AppKey{}, fmt.Errorf("read the app's secret: %w", err)
	}
	key, err := totp.Generate(totp.GenerateOpts{Issuer: "ChOP", AccountName: a.Email, Secret: raw})
	if err != nil {
		return AppKey{}, fmt.Errorf("show the app's secret: %w", err)
	}
	return picture(key)
}

func picture(key *otp.Key) (AppKey, error) {
	img, err := key.Image(200, 200)
	if err != nil {
		return AppKey{}, fmt.Errorf("draw the app's code: %w", err)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return AppKey{}, fmt.Errorf("draw the app's code: %w", err)
	}
	return AppKey{Secret: key.Secret(), PNG: b.Bytes()}, nil
}

// ConfirmApp turns the second factor on with the first code, ends every other session and hands out the recovery
// codes, which are shown this once.
func (s *Store) ConfirmApp(ctx context.Context, code string, d Device) (codes []string, o Opened, err error) {
	a, err := s.own(ctx)
	if err != nil {
		return nil, o, err
	}
	if a.secret == "" || !a.Second.IsZero() {
		return nil, o, fault.New(fault.Conflict, "user.app_start")
	}
	if err := s.take(ctx, secondLimit(a.ID)); err != nil {
		return nil, o, err
	}
	err = s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		ok, err := s.useAppCode(ctx, tx, a, strings.TrimSpace(code))
		if err != nil {
			return err
		}
		if !ok {
			return fault.New(fault.Invalid, "user.code").On("code")
		}
		n, err := tx.Exec(ctx, `UPDATE person SET totp_since = $2 WHERE id = $1 AND totp_since = 0`, a.ID, tx.Now())
		if err != nil || n == 0 {
			return orConflict(err, "user.app_start")
		}
		if codes, err = newCodes(ctx, tx, a.ID); err != nil {
			return err
		}
		if err := endAll(ctx, tx, a.ID); err != nil {
			return err
		}
		if o, err = s.open(ctx, tx, a.ID, false, d); err != nil {
			return err
		}
		return s.record(ctx, "", a.ID, "person.second_factor_on", "")
	})
	return codes, o, err
}

func orConflict(err error, code string) error {
	if err != nil {
		return err
	}
	return fault.New(fault.Conflict, code)
}

// RemoveApp turns the second factor off; the password is asked for.
func (s *Store) RemoveApp(ctx context.Context, password string) error {
	a, err := s.confirm(ctx, password)
	if err != nil {
		return err
	}
	return s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if _, err := tx.Exec(ctx, `UPDATE person SET totp_secret = '', totp_since = 0 WHERE id = $1`, a.ID); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM recovery_code WHERE user_id = $1`, a.ID); err != nil {
			return err
		}
		return s.record(ctx, "", a.ID, "person.second_factor_off", "")
	})
}

// RenewCodes replaces one's recovery codes; the password is asked for.
func (s *Store) RenewCodes(ctx context.Context, password string) (codes []string, err error) {
	a, err := s.confirm(ctx, password)
	if err != nil {
		return nil, err
	}
	if a.Second.IsZero() {
		return nil, fault.New(fault.Conflict, "user.app_start")
	}
	err = s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if codes, err = newCodes(ctx, tx, a.ID); err != nil {
			return err
		}
		return s.record(ctx, "", a.ID, "person.recovery_codes_renewed", "")
	})
	return codes, err
}

// newCodes writes ten codes of 80 bits: four groups of four letters and digits.
func newCodes(ctx context.Context, tx *db.Tx, user string) ([]string, error) {
	if _, err := tx.Exec(ctx, `DELETE FROM recovery_code WHERE user_id = $1`, user); err != nil {
		return nil, fmt.Errorf("drop recovery codes: %w", err)
	}
	letters := base32.NewEncoding(recoveryLetters).WithPadding(base32.NoPadding)
	var codes []string
	var rows [][]any
	for range recoveryCodes {
		raw := make([]byte, 10)
		_, _ = rand.Read(raw) // never fails, crypto/rand ends the program instead
		c := letters.EncodeToString(raw)
		codes = append(codes, c[:4]+"-"+c[4:8]+"-"+c[8:12]+"-"+c[12:])
		rows = append(rows, []any{user, hashOf(user, c)})
	}
	_, err := tx.Insert(ctx, `INSERT INTO recovery_code (user_id, code_hash)`, rows, "")
	if err != nil {
		return nil, fmt.Errorf("save recovery codes: %w", err)
	}
	return codes, nil
}

// useCode accepts a code of the app or a recovery code, each of them once, and tells which it was.
func (s *Store) useCode(ctx context.Context, tx *db.Tx, a account, code string) (how string, err error) {
	code = strings.ToLower(strings.NewReplacer(" ", "", "-", "", "\u00a0", "").Replace(code))
	if len(code) == 6 {
		ok, err := s.useAppCode(ctx, tx, a, code)
		if err != nil {
			return "", err
		}
		if ok {
			return "password and app", nil
		}
	}
	n, err := tx.Exec(ctx, `UPDATE recovery_code SET used_at = $3 WHERE user_id = $1 AND code_hash = $2 AND used_at = 0`,
		a.ID, hashOf(a.ID, code), tx.Now())
	if err != nil {
		return "", fmt.Errorf("use recovery code: %w", err)
	}
	if n == 0 {
		return "", fault.New(fault.Invalid, "user.code").On("code")
	}
	return "password and recovery code", nil
}

// useAppCode accepts the code of a step later than the last one used: a code seen over a shoulder is spent.
func (s *Store) useAppCode(ctx context.Context, tx *db.Tx, a account, code string) (bool, error) {
	secret, err := s.reveal(ctx, a.ID, a.secret)
	if err != nil {
		return false, err
	}
	now := tx.Now().Unix() / int64(totpStep.Seconds())
	for step := now - totpSkew; step <= now+totpSkew; step++ {
		at := time.Unix(step*int64(totpStep.Seconds()), 0).UTC()
		want, err := totp.GenerateCodeCustom(secret, at, totp.ValidateOpts{Period: uint(totpStep.Seconds()), Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		if err != nil {
			return false, fmt.Errorf("compute a code: %w", err)
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) != 1 {
			continue
		}
		n, err := tx.Exec(ctx, `UPDATE person SET totp_step = $2 WHERE id = $1 AND totp_step < $2`, a.ID, step)
		if err != nil {
			return false, fmt.Errorf("spend a code: %w", err)
		}
		if n == 1 {
			return true, nil
		}
	}
	return false, nil
}

func (s *Store) hide(ctx context.Context, who, secret string) (string, error) {
	raw, err := s.Seal.Seal(ctx, "", sealPurpose, who, []byte(secret))
	if err != nil {
		return "", fmt.Errorf("seal the app's secret: %w", err)
	}
	return base64.StdEncoding.EncodeToString(raw), nil
}

func (s *Store) reveal(ctx context.Context, who, sealed string) (string, error) {
	raw, err := base64.StdEncoding.DecodeString(sealed)
	if err != nil {
		return "", fmt.Errorf("read the app's secret: %w", err)
	}
	secret, err := s.Seal.Open(ctx, "", sealPurpose, who, raw)
	if err != nil {
		return "", fmt.Errorf("open the app's secret: %w", err)
	}
	return string(secret), nil
}
