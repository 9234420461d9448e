// Package evidence keeps exhibits: what was seen, from where and when, sealed so that every later change shows.
//
// An exhibit is a set of files and a manifest (capture.json) that names them by SHA-256. Files and manifest are
// encrypted with a key of the exhibit's own, which the firm's key wraps; a salted commitment of the manifest is a leaf of the ledger. The room does not know
// what it holds: any room may hand it a reason.Ref and bytes. An exhibit shows what ChOP received and that it has not
// changed since; it does not show who wrote it or that it is true.
package evidence

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"chop/internal/fault"
	"chop/internal/reason"
	"chop/internal/stamp"
)

// RefKind is the kind of a reason.Ref that points at an exhibit.
const RefKind = "exhibit"

// Topic is what listeners are told when a firm's exhibits changed.
const Topic = stamp.Topic

// Level says how far the way of an exhibit into the vault was under ChOP's control (domain/evidence-legal.md A.3).
type Level string

const (
	L0 Level = "L0" // handed in by a person; only the time of receipt is known
	L1 Level = "L1" // fetched by ChOP over HTTP or through the platform's interface
	L2 Level = "L2" // seen in a browser run by ChOP
	L3 Level = "L3" // L2 with a qualified timestamp
	L4 Level = "L4" // L3 with an independent second witness
)

// MaxBytes is the most that one exhibit holds (domain/evidence-legal.md A.2, capture limit of Scoop).
const MaxBytes = 200 << 20

const (
	maxTitle = 300 // runes
	maxName  = 150 // bytes of a file's name
	maxFiles = 500
)

// File is one file to keep.
type File struct {
	Name  string // without folders; unique within the exhibit, whatever the case of its letters
	Media string // MIME type
	Body  []byte
}

// Capture is what to preserve.
type Capture struct {
	Firm   string
	Ref    reason.Ref // what it shows
	Title  string
	Level  Level // L0 when empty: claim no more than is known
	Files  []File
	Meta   map[string]string // source address, how it was captured, ids and times as the platform shows them
	Limits []string          // known defects of the capture: "thread not loaded to the end"
	Cause  string            // why it was taken: "before:hide", "recapture:24h"
}

// FileInfo describes a kept file.
type FileInfo struct {
	Name   string `json:"name"`
	Media  string `json:"media"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// State is how an exhibit stands.
type State string

const (
	Holds State = "holds" // everything was recomputed and agrees
	Waits State = "waits" // it agrees, and no checkpoint covers it yet
	Fails State = "fails" // something was changed or is missing
	Gone  State = "gone"  // removed on purpose; its number and commitment remain
)

// Exhibit is a kept capture.
type Exhibit struct {
	ID        string
	Firm      string
	Number    int
	Ref       reason.Ref
	Title     string
	Level     Level
	Cause     string
	At        time.Time // by the machine's clock
	By        string    // person id or "system"
	Name      string    // as it was then
	Prev      string    // id of the earlier exhibit of the same thing
	Files     []FileInfo
	Meta      map[string]string
	Limits    []string
	Held      time.Time // zero: no legal hold
	Reviewed  time.Time // when somebody last said that the hold is still needed; zero: never
	Removed   time.Time // zero: still here
	Sealed    State     // what is known now without recomputing: Waits until a checkpoint covers it, Fails once found broken
	Checked   State     // at the last verification; empty: never verified
	CheckedAt time.Time
	Forgotten bool // the firm's key is gone, and the content with it
	Unread    bool // the sealed part does not open although the key is there: verify it
}

// Code is the exhibit's number as people say it: D-001.
func (e Exhibit) Code() string { return code(e.Number) }

func code(n int) string { return fmt.Sprintf("D-%03d", n) }

// manifest is capture.json. Its bytes are made once, sealed, committed to the ledger, and never made again.
type manifest struct {
	Format   string            `json:"format"`
	ID       string            `json:"id"`
	Firm     string            `json:"firm"`
	Number   int               `json:"number"`
	Code     string            `json:"code"`
	Ref      reason.Ref        `json:"ref"`
	Title    string            `json:"title"`
	Level    Level             `json:"provenance_level"`
	Cause    string            `json:"cause"`
	At       string            `json:"sealed_at"`
	Clock    string            `json:"clock"`
	By       person            `json:"sealed_by"`
	Software software          `json:"software"`
	Prev     string            `json:"previous_exhibit,omitempty"`
	Meta     map[string]string `json:"capture,omitempty"`
	Limits   []string          `json:"known_limits,omitempty"`
	Files    []FileInfo        `json:"files"`
}

type person struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type software struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Go      string `json:"go"`
}

const (
	format = "chop/capture/1"
	// What the manifest says its time rests on. A timestamp is made over the manifest, so it cannot stand in it.
	machineClock = "machine clock, not confirmed by a timestamp authority"
	askedClock   = "machine clock; a timestamp authority is asked to confirm this file"
	timeForm     = "2006-01-02T15:04:05.000000Z"
)

func (m manifest) bytes() ([]byte, error) { return encode(m) }

// encode is JSON that people can read: indented, letters as they are, keys of maps sorted.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func thisSoftware(version string) software {
	return software{Name: "ChOP", Version: version, Go: runtime.Version()}
}

// clean puts a capture into the form that is kept, or says what cannot be kept.
func clean(c Capture) (Capture, error) {
	if c.Firm == "" || c.Ref.Kind == "" || c.Ref.ID == "" {
		return c, fmt.Errorf("preserve: a capture needs a firm and the thing it shows, got %q and %q", c.Firm, c.Ref)
	}
	if c.Level == "" {
		c.Level = L0
	}
	c.Title = shorten(strings.TrimSpace(strings.ToValidUTF8(c.Title, "\uFFFD")), maxTitle)
	if c.Title == "" {
		return c, fault.New(fault.Invalid, "evidence.title").On("title")
	}
	if c.Level > L2 { // the levels above come with stamps and witnesses, after the capture
		return c, fmt.Errorf("preserve: level %s cannot be claimed at the capture", c.Level)
	}
	if len(c.Files) == 0 || len(c.Files) > maxFiles {
		return c, fault.New(fault.Invalid, "evidence.files", "Max", maxFiles).On("files")
	}
	seen, total := map[string]bool{}, 0
	for _, f := range c.Files {
		key := strings.ToLower(f.Name)
		if !soundName(f.Name) || seen[key] {
			return c, fault.New(fault.Invalid, "evidence.file_name", "Name", shorten(strings.ToValidUTF8(f.Name, "\uFFFD"), 60)).On("files")
		}
		seen[key] = true
		total += len(f.Body)
	}
	if total > MaxBytes {
		return c, fault.New(fault.Invalid, "evidence.too_large", "MB", MaxBytes>>20).On("files")
	}
	return c, nil
}

func shorten(s string, runes int) string {
	if utf8.RuneCountInString(s) <= runes {
		return s
	}
	return string([]rune(s)[:runes])
}

// soundName keeps names that mean the same file on every system, in a zip and in a list for sha256sum.
func soundName(s string) bool {
	if s == "" || len(s) > maxName || !utf8.ValidString(s) || strings.ContainsAny(s, `/\:*?"<>|`) ||
		strings.Trim(s, " .") != s || strings.HasPrefix(s, "-") {
		return false
	}
	for _, r := range s {
		if !unicode.IsPrint(r) { // control, bidirectional and zero-width marks
			return false
		}
	}
	return true
}

func describe(fs []File) []FileInfo {
	out := make([]FileInfo, len(fs))
	for i, f := range fs {
		out[i] = FileInfo{Name: f.Name, Media: f.Media, Size: int64(len(f.Body)), SHA256: digest(f.Body)}
	}
	return out
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// content is what makes two captures the same capture: everything but who and when.
func content(c Capture, files []FileInfo) ([]byte, error) {
	return encode(struct {
		Ref    reason.Ref
		Title  string
		Level  Level
		Cause  string
		Meta   map[string]string
		Limits []string
		Files  []FileInfo
	}{c.Ref, c.Title, c.Level, c.Cause, c.Meta, c.Limits, files})
}
