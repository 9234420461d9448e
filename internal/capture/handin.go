package capture

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"chop/internal/access"
	"chop/internal/browser"
	"chop/internal/db"
	"chop/internal/evidence"
	"chop/internal/fault"
	"chop/internal/mention"
	"chop/internal/reason"
)

// Limits of what a person hands in at once.
const (
	MaxFile    = 50 << 20  // bytes of one file
	MaxHandIn  = 100 << 20 // bytes of all
	MaxFiles   = 20
	maxText    = 20_000 // runes of the pasted text
	maxAddress = 2048
)

// HandIn is what a person brings: what was seen where, and files that show it.
type HandIn struct {
	Firm    string
	URL     string // where it was seen; may be empty, need not be reachable
	Text    string // what it says, as pasted or shared
	Why     string
	Mention string
	Case    string
	Files   []evidence.File // Media is filled in from the content
}

// kindOfFile is a kind of file that is taken in: what its name ends with and what its first bytes must be.
type kindOfFile struct {
	media string
	fits  func(b []byte) bool
}

func begins(prefix ...string) func([]byte) bool {
	return func(b []byte) bool {
		for _, p := range prefix {
			if bytes.HasPrefix(b, []byte(p)) {
				return true
			}
		}
		return false
	}
}

func sniffed(media string) func([]byte) bool {
	return func(b []byte) bool { return strings.HasPrefix(http.DetectContentType(b), media) }
}

// isText: letters, whatever their encoding; no program and no picture.
func isText(b []byte) bool {
	return !bytes.Contains(b[:min(len(b), 4096)], []byte{0}) && strings.HasPrefix(http.DetectContentType(b), "text/")
}

func box(b []byte) bool { return len(b) > 12 && string(b[4:8]) == "ftyp" }

// kinds by the end of the name: pictures of the screen, recordings, letters, exported conversations, documents. Nothing
// that runs. Pages (.html, .svg) are not shown by ChOP; they are kept as text.
var kinds = map[string]kindOfFile{
	".png":   {"image/png", begins("\x89PNG\r\n\x1a\n")},
	".jpg":   {"image/jpeg", begins("\xff\xd8\xff")},
	".jpeg":  {"image/jpeg", begins("\xff\xd8\xff")},
	".gif":   {"image/gif", begins("GIF8")},
	".webp":  {"image/webp", sniffed("image/webp")},
	".heic":  {"image/heic", box},
	".heif":  {"image/heif", box},
	".avif":  {"image/avif", box},
	".mp3":   {"audio/mpeg", begins("ID3", "\xff\xfb", "\xff\xf3", "\xff\xf2")},
	".m4a":   {"audio/mp4", box},
	".ogg":   {"audio/ogg", begins("OggS")},
	".opus":  {"audio/ogg", begins("OggS")},
	".wav":   {"audio/wav", begins("RIFF")},
	".amr":   {"audio/amr", begins("#!AMR")},
	".mp4":   {"video/mp4", box},
	".mov":   {"video/quicktime", box},
	".webm":  {"video/webm", begins("\x1a\x45\xdf\xa3")},
	".pdf":   {"application/pdf", begins("%PDF-")},
	".eml":   {"message/rfc822", isText},
	".txt":   {"text/plain", isText},
	".csv":   {"text/csv", isText},
	".json":  {"application/json", isText},
	".html":  {"text/html", isText},
	".htm":   {"text/html", isText},
	".mht":   {"multipart/related", isText},
	".mhtml": {"multipart/related", isText},
	".zip":   {"application/zip", begins("PK\x03\x04")},
	".wacz":  {"application/wacz", begins("PK\x03\x04")},
	".docx":  {"application/vnd.openxmlformats-officedocument.wordprocessingml.document", begins("PK\x03\x04")},
}

// Accept are the ends of names that are taken in, for a form.
func Accept() string {
	var list []string
	for end := range kinds {
		list = append(list, end)
	}
	return strings.Join(sorted(list), ",")
}

// HandIn seals what a person brings, as it is. It is provenance L0: only that these bytes were received at this time is
// known, not where they come from. Needs access.Preserve. Faults: Invalid "handin.nothing", "handin.files", "handin.kind",
// "handin.content", "handin.large", "handin.empty" (on "files"), "handin.text" (on "text"), "capture.why" (on "why"),
// "handin.url" (on "url").
func (s *Store) HandIn(ctx context.Context, h HandIn) (evidence.Exhibit, error) {
	if err := access.Check(ctx, access.Preserve, h.Firm); err != nil {
		return evidence.Exhibit{}, err
	}
	h.URL, h.Text, h.Why = tidy(h.URL), tidy(h.Text), tidy(h.Why)
	if err := h.check(); err != nil {
		return evidence.Exhibit{}, err
	}
	files, err := check(h.Files)
	if err != nil {
		return evidence.Exhibit{}, err
	}
	if h.Mention != "" {
		if ms, err := s.Mentions.ByIDs(access.With(ctx, access.System(h.Firm)), h.Firm, []string{h.Mention}); err != nil || len(ms) == 0 {
			return evidence.Exhibit{}, cmpErr(err, fault.Missing("mention"))
		}
	}
	return s.seal(ctx, h, files)
}

func cmpErr(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

func tidy(s string) string {
	return strings.TrimSpace(strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", ""))
}

func (h HandIn) check() error {
	switch {
	case h.URL == "" && h.Text == "" && len(h.Files) == 0:
		return fault.New(fault.Invalid, "handin.nothing").On("files")
	case len(h.URL) > maxAddress || strings.ContainsAny(h.URL, "\r\n"):
		return fault.New(fault.Invalid, "handin.url", "Max", maxAddress).On("url")
	case utf8.RuneCountInString(h.Text) > maxText:
		return fault.New(fault.Invalid, "handin.text", "Max", maxText).On("text")
	case utf8.RuneCountInString(h.Why) > maxWhy:
		return fault.New(fault.Invalid, "capture.why", "Max", maxWhy).On("why")
	}
	return nil
}

// seal writes the receipt and seals all.
func (s *Store) seal(ctx context.Context, h HandIn, files []evidence.File) (x evidence.Exhibit, err error) {
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		who := access.From(ctx)
		receipt, err := json.MarshalIndent(map[string]any{"received_at": tx.Now().UTC().Format(time.RFC3339Nano), "clock": "machine clock, offset not measured",
			"received_from": map[string]string{"id": who.User, "name": who.Name}, "url_as_given": h.URL, "text_as_given": h.Text, "why": h.Why,
			"note": "Handed in by a person. Where the files come from and whether they are complete is not known to ChOP."}, "", "  ")
		if err != nil {
			return err
		}
		c := evidence.Capture{Firm: h.Firm, Ref: reason.Ref{Kind: "handin", ID: db.NewID()}, Title: h.title(), Level: evidence.L0, Cause: HandedIn,
			Files: append(files, evidence.File{Name: "receipt.json", Media: "application/json", Body: receipt}), Limits: []string{"handed in origin not known"},
			Meta: map[string]string{"how": "handin", "url": h.URL, "why": h.Why, "case": h.Case, "received_at": stamp(tx.Now())}}
		if h.Mention != "" {
			c.Ref = mention.Ref(h.Mention)
		}
		x, err = s.Evidence.Preserve(ctx, c)
		return err
	})
	return x, err
}

// title is the first thing that names it: the text's first line, the address, the first file.
func (h HandIn) title() string {
	line, _, _ := strings.Cut(h.Text, "\n")
	for _, t := range []string{strings.TrimSpace(line), h.URL} {
		if t != "" {
			return t
		}
	}
	return safeName(h.Files[0].Name, 0)
}

// check takes in files of known kinds whose content is what the name says, under names that mean the same everywhere.
func check(in []evidence.File) ([]evidence.File, error) {
	if len(in) > MaxFiles {
		return nil, fault.New(fault.Invalid, "handin.files", "Max", MaxFiles).On("files")
	}
	var out []evidence.File
	seen, total := map[string]bool{"receipt.json": true}, 0
	for i, f := range in {
		name := safeName(f.Name, i)
		k, ok := kinds[strings.ToLower(path.Ext(name))]
		switch {
		case !ok:
			return nil, fault.New(fault.Invalid, "handin.kind", "Name", name).On("files")
		case len(f.Body) == 0:
			return nil, fault.New(fault.Invalid, "handin.empty", "Name", name).On("files")
		case !k.fits(f.Body):
			return nil, fault.New(fault.Invalid, "handin.content", "Name", name).On("files")
		}
		if total += len(f.Body); len(f.Body) > MaxFile || total > MaxHandIn {
			return nil, fault.New(fault.Invalid, "handin.large", "Name", name, "File", MaxFile>>20, "All", MaxHandIn>>20).On("files")
		}
		for n := 2; seen[strings.ToLower(name)]; n++ {
			end := path.Ext(name)
			name = fmt.Sprintf("%s-%d%s", strings.TrimSuffix(safeName(f.Name, i), end), n, end)
		}
		seen[strings.ToLower(name)] = true
		out = append(out, evidence.File{Name: name, Media: k.media, Body: f.Body})
	}
	return out, nil
}

// safeName is a file's name without folders and without marks that mean something to systems or deceive the eye.
func safeName(s string, n int) string {
	s = strings.ToValidUTF8(s, "_")
	if i := strings.LastIndexAny(s, `/\`); i >= 0 {
		s = s[i+1:]
	}
	s = strings.Map(func(r rune) rune {
		if strings.ContainsRune(`:*?"<>|%`, r) || !unicode.IsPrint(r) {
			return '_'
		}
		return r
	}, s)
	end := path.Ext(s)
	base := strings.Trim(strings.TrimSuffix(s, end), " .-")
	for len(base) > 100 {
		_, size := utf8.DecodeLastRuneInString(base)
		base = base[:len(base)-size]
	}
	if base == "" {
		base = "plik-" + strconv.Itoa(n+1)
	}
	return base + strings.TrimRight(strings.ToLower(end), " .")
}

// Reachable tells whether an address that was handed in may be looked at by ChOP itself.
func Reachable(address string) bool { _, err := browser.CheckURL(address); return err == nil }
