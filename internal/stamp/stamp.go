// Package stamp gets timestamps for what other rooms seal, and keeps them: what is asked for within the transaction that
// made it true is asked of an authority soon after, again and again until one answers, and nothing is lost meanwhile.
//
// The room knows a reference and a digest, never what is stamped. Its callers asked whether they may.
package stamp

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"chop/internal/reason"
	"chop/internal/tsa"
)

// Kinds of things that are stamped here.
const (
	Exhibit    = "exhibit"    // the manifest of an exhibit; the id is the exhibit's
	Checkpoint = "checkpoint" // a signed state of the ledger; the id is its size
)

// Topic is what listeners are told when a stamp came or was asked for.
const Topic = "exhibits"

// Verb of the journal for a token that came; its data bind the token to the chain of custody.
const Verb = "stamp.received"

// Qualified is where and when somebody found the authority among those whose timestamps are qualified (Regulation (EU)
// 910/2014, art. 41 and 42). The zero value says that nobody did. It is set by the administrator, never read from a token.
type Qualified struct {
	Source string `json:"source,omitempty"` // "EU trusted list, ..."
	On     string `json:"on,omitempty"`     // day, 2026-11-30
}

// Known tells whether somebody found it.
func (q Qualified) Known() bool { return q.Source != "" }

// Token is a timestamp that was received, checked and kept.
type Token struct {
	tsa.Token
	ID          string
	Firm        string // "" for a checkpoint
	Ref         reason.Ref
	Over        string    // id of the token it stamps anew; "": it stamps the thing itself
	Asked       time.Time // by this machine's clock
	Got         time.Time
	Name        string // of the authority, as the administrator calls it
	Development bool   // made by this program itself: worth nothing as a proof
	Qualified   Qualified
	Broken      error // it does not open or does not verify any more; then the embedded token is empty
}

// Delay is how much later than asked the thing was stamped.
func (t Token) Delay() time.Duration { return max(t.Time.Sub(t.Asked), 0) }

// lateFrom is the delay worth a word: an authority answers within seconds.
const lateFrom = time.Minute

// Late tells whether the delay is worth a word.
func (t Token) Late() bool { return t.Delay() >= lateFrom }

// endsWithin is how long before the end of its certificates a token should be stamped anew (domain/evidence-legal.md E.1).
const endsWithin = 6

// Ending tells whether the token should be stamped anew by now.
func (t Token) Ending(now time.Time) bool {
	return t.Broken == nil && !now.AddDate(0, endsWithin, 0).Before(t.Expires())
}

// Marks is what the journal keeps about a token, so that one that was replaced or taken away is noticed.
func (t Token) Marks() map[string]string {
	return map[string]string{"stamp": t.ID, "token": hexSum(t.Response), "root": hexSum(t.Root().Raw), "authority": t.Name,
		"time": t.Time.Format(time.RFC3339), "qualified": t.worth(), "over": t.Over}
}

// worth is what the administrator said of the authority, in one word for the journal.
func (t Token) worth() string {
	switch {
	case t.Development:
		return "development"
	case t.Qualified.Known():
		return t.Qualified.Source + ", " + t.Qualified.On
	}
	return "no"
}

func hexSum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

// record is the sealed form of a token: everything needed to check it again when its authority is configured no more.
type record struct {
	Response    []byte    `json:"response"`
	Digest      []byte    `json:"digest"`
	Root        []byte    `json:"root"` // certificate, DER
	Ref         string    `json:"ref"`
	Over        string    `json:"over"`
	Asked       time.Time `json:"asked"`
	Got         time.Time `json:"got"`
	Name        string    `json:"authority"`
	Development bool      `json:"development"`
	Qualified   Qualified `json:"qualified"`
}

func (t Token) encode() ([]byte, error) {
	return json.Marshal(record{Response: t.Response, Digest: t.Digest, Root: t.Root().Raw, Ref: t.Ref.String(), Over: t.Over,
		Asked: t.Asked, Got: t.Got, Name: t.Name, Development: t.Development, Qualified: t.Qualified})
}

// decode reads a sealed record into the row's token and checks the answer anew.
func (t *Token) decode(raw []byte) error {
	var r record
	if err := json.Unmarshal(raw, &r); err != nil {
		return fmt.Errorf("read the stamp: %w", err)
	}
	t.Asked, t.Got, t.Name, t.Development, t.Qualified = r.Asked, r.Got, r.Name, r.Development, r.Qualified
	if r.Ref != t.Ref.String() || r.Over != t.Over {
		return fmt.Errorf("the stamp is of %s, not of %s", r.Ref, t.Ref)
	}
	root, err := x509.ParseCertificate(r.Root)
	if err != nil {
		return fmt.Errorf("read the stamp's root: %w", err)
	}
	t.Token, err = tsa.Verify(r.Response, r.Digest, tsa.Pool(root))
	return err
}

// Wait is a stamp that was asked for and has not come.
type Wait struct {
	Firm  string
	Ref   reason.Ref
	Over  string
	Since time.Time
	Next  time.Time
	Tries int
	Flaw  tsa.Flaw // of the last try, "" before the first

	digest []byte
}
