// Package check recomputes what a package, the zip of one exhibit, or a log directory rests on, from its bytes alone: no
// database, no network, no key of anybody's.
//
// It says whether everything fits together and whose seal and whose log it is. That they are the right ones, a person
// learns by comparing the fingerprint and the key with what the operator gave another way.
package check

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"chop/internal/bag"
	"chop/internal/dossier"
	"chop/internal/sign"
)

// Kind is what was looked at.
type Kind string

const (
	Package Kind = "package" // a bag of exhibits
	Exhibit Kind = "exhibit" // the zip of one
	Log     Kind = "log"     // a log directory in tlog-tiles layout
)

// Line is one answer: the message "check.line.<Code>" asks what it is about.
type Line struct {
	Code  string `json:"check"`
	About string `json:"about,omitempty"` // a file or an exhibit
	Holds bool   `json:"holds"`
	Why   string `json:"why,omitempty"` // what was found, in English, for whoever looks closer
	Note  bool   `json:"note,omitempty"`
}

// Receipt is the result.
type Receipt struct {
	Kind      Kind      `json:"kind"`
	Path      string    `json:"path"`
	Holds     bool      `json:"holds"`
	Lines     []Line    `json:"checks"`
	Exhibits  int       `json:"exhibits"`
	Files     int       `json:"files"`
	Bytes     int64     `json:"bytes"`
	Firm      string    `json:"firm,omitempty"`
	Code      string    `json:"package,omitempty"`
	SealedAt  time.Time `json:"sealed_at,omitzero"`
	Seal      string    `json:"seal_root_sha256,omitempty"` // fingerprint of the seal's last certificate
	Signer    string    `json:"seal_name,omitempty"`
	Key       string    `json:"log_key,omitempty"`
	Size      int64     `json:"log_size,omitempty"`
	Stamps    int       `json:"timestamps"`
	StampSeal string    `json:"seal_timestamp,omitempty"` // none, rfc3161, rfc3161-test
	Repacked  bool      `json:"repacked,omitempty"`       // the files hold, but the zip around them is not the one that was built
}

// Trust is what a person knows beforehand; zero fields are not compared.
type Trust struct {
	Seal string // fingerprint (SHA-256, hexadecimal) of the seal's last certificate
	Key  string // of the log, as note verifier key
}

func (r *Receipt) say(code, about string, err error) {
	l := Line{Code: code, About: about, Holds: err == nil}
	if err != nil {
		l.Why = err.Error()
	}
	r.Lines = append(r.Lines, l)
}

func (r *Receipt) conclude() {
	r.Holds = len(r.Lines) > 0
	for _, l := range r.Lines {
		r.Holds = r.Holds && (l.Holds || l.Note)
	}
}

// Failed is the lines that do not hold.
func (r Receipt) Failed() (list []Line) {
	for _, l := range r.Lines {
		if !l.Holds && !l.Note {
			list = append(list, l)
		}
	}
	return list
}

// ErrUnknown means that a path holds nothing of what can be checked.
var ErrUnknown = errors.New("this is neither a package of exhibits, nor the zip of one exhibit, nor a log directory")

// Verify looks at a zip or a folder. An error is about finding nothing to check; what does not hold is in the receipt.
func Verify(path string, trust Trust) (r Receipt, err error) {
	r.Path = path
	if isLog(path) {
		err := r.log(path, trust)
		return r, err
	}
	if _, err := os.Stat(path); err != nil {
		return r, err
	}
	s, err := bag.Open(path)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return r, err
		}
		r.Kind = Package
		r.say("open", filepath.Base(path), err)
		r.conclude()
		return r, nil
	}
	defer s.Close()
	switch {
	case s.Has(bag.Declaration) || s.Has(bag.TagManifest) || s.Has(bag.Manifest):
		r.Kind = Package
		r.bag(s)
	case s.Has("SHA256SUMS") || s.Has("capture.json"):
		r.Kind = Exhibit
		r.exhibitZip(s)
	default:
		return r, ErrUnknown
	}
	r.compare(trust)
	r.conclude()
	return r, nil
}

// compare holds the seal and the log against what is known beforehand.
func (r *Receipt) compare(trust Trust) {
	if trust.Seal != "" {
		want := strings.ToLower(strings.NewReplacer(":", "", " ", "").Replace(trust.Seal))
		r.say("trust_seal", "", same(r.Seal, want))
	}
	if trust.Key != "" {
		r.say("trust_key", "", same(r.Key, strings.TrimSpace(trust.Key)))
	}
}

func same(got, want string) error {
	if got == want {
		return nil
	}
	return fmt.Errorf("it is %s, not %s", got, want)
}

// bag checks a package from the outside in: files, seal, log, exhibits, sealed PDFs.
func (r *Receipt) bag(s *bag.Source) {
	rep := bag.Check(s, dossier.Loose)
	for _, p := range rep.Problems {
		r.say("file_"+p.Code, p.Path, errors.New(p.Why))
	}
	if rep.Holds() {
		r.say("files", "", nil)
	}
	r.Files, r.Bytes, r.Firm, r.Code = len(s.Names), rep.Bytes, rep.Info["Source-Organization"], rep.Info["External-Identifier"]
	r.say("form", bag.Info, same(rep.Info[dossier.FieldForm], dossier.Form))
	r.seal(s, rep.Info[dossier.FieldStamp])
	head := r.head(s, dossier.LogNote, dossier.LogKey)
	roots := pool(s)
	for _, dir := range exhibitDirs(s) {
		r.exhibit(s, dir, exhibitNames{manifest: "capture.json", commitment: "commitment.txt", proof: "capture.json.tlog-proof", files: "files/"}, head, roots)
	}
	r.say("count", "", same(fmt.Sprint(r.Exhibits), rep.Info["ChOP-Exhibits"]))
	for _, name := range []string{dossier.CoverPL, dossier.CoverEN} {
		r.pdf(s, name, roots)
	}
	r.wrapper(s)
}

// wrapper notes that a zip was packed again by another program: that changes no file.
func (r *Receipt) wrapper(s *bag.Source) {
	if !s.Packed {
		return
	}
	ours, err := s.SameWrapper()
	if err == nil && !ours {
		r.Repacked = true
		r.Lines = append(r.Lines, Line{Code: "wrapper", Note: true, Why: "the zip around the files is not the one that was built; the files are checked one by one"})
		return
	}
	r.say("wrapper", "", err)
}

func exhibitDirs(s *bag.Source) (dirs []string) {
	seen := map[string]bool{}
	for _, n := range s.Names {
		rest, ok := strings.CutPrefix(n, bag.Payload+"D-")
		num, _, deep := strings.Cut(rest, "/")
		if _, err := strconv.Atoi(num); ok && deep && err == nil && !seen[num] {
			seen[num] = true
			dirs = append(dirs, bag.Payload+"D-"+num+"/")
		}
	}
	return dirs
}

// seal checks the signature over the tag manifest, its timestamp, and the sums that protect both.
func (r *Receipt) seal(s *bag.Source, stamp string) {
	r.StampSeal = stamp
	files := map[string][]byte{}
	for _, n := range []string{dossier.SealFile, dossier.StampFile} {
		if s.Has(n) {
			raw, err := s.Read(n)
			if err != nil {
				r.say("seal", n, err)
				return
			}
			files[n] = raw
		}
	}
	sums, err := s.Read(dossier.SumsFile)
	if err == nil && string(sums) != string(dossier.Sums(files)) {
		err = errors.New("the files of the seal are not what it lists")
	}
	r.say("seal_sums", dossier.SumsFile, err)
	tags, err := s.Read(bag.TagManifest)
	if err != nil {
		r.say("seal", bag.TagManifest, err)
		return
	}
	got, err := signature(files[dossier.SealFile], tags)
	if err == nil {
		r.SealedAt, r.Seal, r.Signer = got.At, sign.Fingerprint(got.Root()), got.Chain[0].Subject.CommonName
		err = r.chain(s, got)
	}
	r.say("seal", dossier.SealFile, err)
	r.sealStamp(s, files, stamp)
}

// chain holds the certificates inside the seal against those that lie beside it for openssl.
func (r *Receipt) chain(s *bag.Source, got sign.Seal) error {
	raw, err := s.Read(dossier.ChainFile)
	if err != nil {
		return err
	}
	if string(raw) != string(got.ChainPEM()) {
		return errors.New(dossier.ChainFile + " holds other certificates than the seal")
	}
	return nil
}
