package dossier

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"chop/internal/evidence"
	"chop/internal/reason"
)

// black stands for what was blacked out; it does not tell how long it was.
const black = "█████"

// redaction finds words of third parties however they are written: in any case, as JSON or HTML escapes, with invisible marks
// between the letters.
type redaction struct{ find []*regexp.Regexp }

var (
	mailForm  = regexp.MustCompile(`[\p{L}\d._%+-]+@[\p{L}\d-]+(?:\.[\p{L}\d-]+)+`)
	phoneForm = regexp.MustCompile(`(?:\+?48[ \x{00a0}-]?)?\b\d{3}[ \x{00a0}-]?\d{3}[ \x{00a0}-]?\d{3}\b`)
)

const (
	invisible = `[\x{00ad}\x{200b}-\x{200f}\x{2060}\x{feff}]*`
	gap       = `(?:[\s\x{00a0}_.+-]|%20|&nbsp;|\\u00[aA]0|\\[nrt])+`
)

func newRedaction(o Order) (r redaction) {
	for _, w := range o.Hide {
		r.find = append(r.find, regexp.MustCompile(pattern(w)))
	}
	if o.HideMail {
		r.find = append(r.find, mailForm, phoneForm)
	}
	return r
}

// pattern is a word as a regular expression.
func pattern(word string) string {
	var b strings.Builder
	for i, field := range strings.Fields(word) {
		if i > 0 {
			b.WriteString(gap)
		}
		for _, r := range field {
			b.WriteString("(?:" + strings.Join(spellings(r), "|") + ")" + invisible)
		}
	}
	return b.String()
}

// spellings is a letter in every case, as itself and escaped.
func spellings(r rune) (list []string) {
	add := func(r rune) {
		list = append(list, regexp.QuoteMeta(string(r)))
		if r < 1<<16 {
			list = append(list, fmt.Sprintf(`\\u(?i:%04x)`, r), fmt.Sprintf(`&#%d;`, r), fmt.Sprintf(`&#x(?i:%x);`, r))
		}
	}
	add(r)
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		add(f)
	}
	return list
}

// text blacks out and counts.
func (r redaction) text(s string) (string, int) {
	n := 0
	for _, re := range r.find {
		s = re.ReplaceAllStringFunc(s, func(string) string { n++; return black })
	}
	return s, n
}

func (r redaction) clean(s string) string {
	s, _ = r.text(s)
	return s
}

// isText tells whether a file can be read and blacked out as text.
func isText(body []byte) bool {
	return utf8.Valid(body) && bytes.IndexFunc(body, func(r rune) bool { return r < ' ' && r != '\n' && r != '\r' && r != '\t' }) < 0
}

// Redaction is redaction.json of a redacted copy: what was done to the original, which stays sealed.
type Redaction struct {
	Original string   `json:"original"`        // number of the exhibit
	Manifest string   `json:"manifest_sha256"` // of its capture.json
	Places   int      `json:"places"`          // blacked out in all files
	Replaced []string `json:"replaced"`        // files that were changed
	Withheld []string `json:"withheld"`        // files that cannot be blacked out by a program: pictures, archives
	Note     string   `json:"note"`
}

const redactionNote = "Kopia zanonimizowana na życzenie zamawiającego pakiet. Oryginał pozostaje zapieczętowany; jego numer i skrót są wyżej. " +
	"Redacted copy, made at the request of whoever ordered the package. The original stays sealed; its number and hash are above."

// redactAll replaces every exhibit that something is blacked out in, or that holds what cannot be blacked out, with a redacted copy:
// an exhibit of its own, with its own number and seal, that names its original.
func (w *work) redactAll(ctx context.Context) error {
	r := newRedaction(w.p.Order)
	check, err := w.Ledger.Checkpoint(ctx)
	if err != nil {
		return err
	}
	ids := make([]string, len(w.p.Exhibits))
	for n, id := range w.p.Exhibits {
		part, err := w.Evidence.Take(ctx, w.p.Firm, id, check)
		if err != nil {
			return err
		}
		ids[n] = id
		c, changed, err := r.copyOf(ctx, part)
		if err != nil {
			return fmt.Errorf("redact %s: %w", part.Code(), err)
		}
		if changed {
			e, err := w.Evidence.Preserve(ctx, c)
			if err != nil {
				return err
			}
			ids[n] = e.ID
		}
		if err := w.Evidence.Hand(ctx, w.p.Firm, ids[n:n+1], "exhibit.packed", w.p.Order.Recipient, w.p.Order.Why); err != nil {
			return err
		}
	}
	w.p.Exhibits = ids
	return nil
}

// copyOf is the redacted copy of an exhibit; changed is false when nothing had to be done.
func (r redaction) copyOf(ctx context.Context, p evidence.Part) (c evidence.Capture, changed bool, err error) {
	note := Redaction{Original: p.Code(), Manifest: p.Receipt.Manifest, Note: redactionNote}
	clean := func(s string) string {
		s, n := r.text(s)
		note.Places += n
		return s
	}
	c = evidence.Capture{Firm: p.Firm, Ref: reason.Ref{Kind: evidence.RefKind, ID: p.ID}, Level: p.Level, Cause: "redaction",
		Title: clean(p.Title), Meta: map[string]string{"original": p.Code(), "original_manifest_sha256": p.Receipt.Manifest}}
	for _, k := range slices.Sorted(maps.Keys(p.Meta)) {
		c.Meta[k] = clean(p.Meta[k])
	}
	for _, l := range p.Limits {
		c.Limits = append(c.Limits, clean(l))
	}
	for n, f := range p.Files {
		body, err := p.Body(ctx, n)
		if err != nil {
			return c, false, err
		}
		if !isText(body) {
			note.Withheld = append(note.Withheld, clean(f.Name))
			continue
		}
		before := note.Places
		body = []byte(clean(string(body)))
		name := f.Name
		if note.Places > before {
			name = clean(f.Name)
			note.Replaced = append(note.Replaced, name)
		}
		c.Files = append(c.Files, evidence.File{Name: name, Media: f.Media, Body: body})
	}
	if note.Places == 0 && len(note.Withheld) == 0 {
		return c, false, nil
	}
	raw, err := json.MarshalIndent(note, "", "  ")
	c.Files = append(c.Files, evidence.File{Name: "redaction.json", Media: "application/json", Body: append(raw, '\n')})
	c.Limits = append(c.Limits, fmt.Sprintf("redacted copy; %d places blacked out, %d files withheld", note.Places, len(note.Withheld)))
	return c, true, err
}
