package check

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"chop/internal/bag"
	"chop/internal/dossier"
	"chop/internal/ledger"
	"chop/internal/sign"
	"chop/internal/tsa"
)

// signature reads a detached seal in PEM, in the one form it is written in.
func signature(raw, content []byte) (sign.Seal, error) {
	b, rest := pem.Decode(raw)
	if b == nil || len(rest) > 0 || string(sign.PEM(b.Bytes)) != string(raw) {
		return sign.Seal{}, errors.New("the seal cannot be read")
	}
	return sign.Verify(b.Bytes, content)
}

// pool is the certificates of timestamp authorities that came with the package.
func pool(s *bag.Source) *x509.CertPool {
	raw, err := s.Read(dossier.RootsFile)
	if err != nil {
		if raw, err = s.Read("tsa-roots.pem"); err != nil { // in the zip of one exhibit
			return nil
		}
	}
	all, err := tsa.DecodePEM(raw)
	if err != nil {
		return nil
	}
	roots := slices.DeleteFunc(slices.Clone(all), func(c *x509.Certificate) bool { return string(c.RawIssuer) != string(c.RawSubject) })
	return tsa.Pool(roots...)
}

// sealStamp checks the timestamp of the seal, and that it is there when the package says so.
func (r *Receipt) sealStamp(s *bag.Source, files map[string][]byte, stamp string) {
	response := files[dossier.StampFile]
	switch stamp {
	case dossier.NoStamp:
		if response != nil {
			r.say("seal_stamp", dossier.StampFile, errors.New("there is a timestamp where none was made"))
		}
		return
	case dossier.Stamp3161, dossier.StampTest:
	default:
		r.say("seal_stamp", bag.Info, fmt.Errorf("it says %q of the timestamp", stamp))
		return
	}
	sum := sha256.Sum256(files[dossier.SealFile])
	r.say("seal_stamp", dossier.StampFile, stamped(response, sum[:], pool(s)))
}

func stamped(response, digest []byte, roots *x509.CertPool) error {
	if roots == nil {
		return errors.New("the authority's certificates are missing")
	}
	_, err := tsa.Verify(response, digest, roots)
	return err
}

// pdf checks the seal inside a sealed PDF, and its timestamp.
func (r *Receipt) pdf(s *bag.Source, name string, roots *x509.CertPool) {
	raw, err := s.Read(name)
	if err == nil {
		err = r.pdfSeal(raw, roots)
	}
	r.say("pdf", name, err)
}

func (r *Receipt) pdfSeal(raw []byte, roots *x509.CertPool) error {
	seal, err := sign.VerifyPDF(raw)
	if err != nil {
		return err
	}
	if got := sign.Fingerprint(seal.Root()); r.Seal != "" && got != r.Seal {
		return errors.New("the PDF was sealed by another than the package")
	}
	if (seal.Token == nil) != (r.StampSeal == dossier.NoStamp) {
		return errors.New("the PDF's timestamp is not as the package says")
	}
	if seal.Token == nil {
		return nil
	}
	if roots == nil {
		return errors.New("the authority's certificates are missing")
	}
	sum := sha256.Sum256(seal.Signature)
	_, err = tsa.VerifyToken(seal.Token, sum[:], roots)
	return err
}

// head is a signed state of the log.
type head struct {
	raw  []byte
	size int64
	root tlog.Hash
}

// head checks the log's signature with the key that came along; whether it is the right key a person compares.
func (r *Receipt) head(s *bag.Source, noteFile, keyFile string) *head {
	h, key, err := readHead(s, noteFile, keyFile)
	r.say("log", noteFile, err)
	if err != nil {
		return nil
	}
	r.Key, r.Size = key, h.size
	return h
}

func readHead(s *bag.Source, noteFile, keyFile string) (*head, string, error) {
	key, err := s.Read(keyFile)
	if err != nil {
		return nil, "", err
	}
	raw, err := s.Read(noteFile)
	if err != nil {
		return nil, "", err
	}
	vkey := strings.TrimSuffix(string(key), "\n")
	v, err := note.NewVerifier(vkey)
	if err != nil {
		return nil, "", fmt.Errorf("the log's key cannot be read: %w", err)
	}
	n, err := note.Open(raw, note.VerifierList(v))
	if err != nil {
		return nil, "", fmt.Errorf("the log's signature: %w", err)
	}
	lines := strings.Split(n.Text, "\n")
	if len(lines) < 4 || lines[0] != v.Name() {
		return nil, "", errors.New("it is no state of this log")
	}
	h := &head{raw: raw}
	if h.size, err = strconv.ParseInt(lines[1], 10, 64); err != nil {
		return nil, "", err
	}
	h.root, err = tlog.ParseHash(lines[2])
	return h, vkey, err
}

// exhibitNames is how the parts of an exhibit are called.
type exhibitNames struct{ manifest, commitment, proof, files string }

// said is what capture.json says of its files.
type said struct {
	Format string `json:"format"`
	Code   string `json:"code"`
	Title  string `json:"title"`
	Files  []struct {
		Name   string `json:"name"`
		Size   int64  `json:"size"`
		SHA256 string `json:"sha256"`
	} `json:"files"`
}

// exhibit checks one exhibit: files against the manifest, manifest against the commitment, commitment against the log, and
// the timestamps of the manifest.
func (r *Receipt) exhibit(s *bag.Source, dir string, names exhibitNames, h *head, roots *x509.CertPool) {
	r.Exhibits++
	about := strings.TrimSuffix(strings.TrimPrefix(dir, bag.Payload), "/")
	raw, err := s.Read(dir + names.manifest)
	if err != nil {
		r.say("manifest", dir+names.manifest, err)
		return
	}
	var m said
	if err := json.Unmarshal(raw, &m); err != nil {
		r.say("manifest", dir+names.manifest, err)
		return
	}
	if about == "" {
		about, r.Code = m.Code, m.Code
	}
	r.say("manifest", about, same(m.Format+" "+m.Code, "chop/capture/1 "+about))
	r.say("exhibit_files", about, filesOf(s, dir+names.files, m))
	sum := sha256.Sum256(raw)
	text, err := s.Read(dir + names.commitment)
	if err == nil {
		err = commits(string(text), hex.EncodeToString(sum[:]))
	}
	r.say("commitment", about, err)
	proof, err := s.Read(dir + names.proof)
	if err == nil {
		err = included(proof, text, h)
	}
	r.say("inclusion", about, err)
	r.stamps(s, dir, about, roots)
}

// stamps checks every timestamp of an exhibit: X.tsr is over X, and a numbered one over the manifest.
func (r *Receipt) stamps(s *bag.Source, dir, about string, roots *x509.CertPool) {
	for _, n := range s.Names {
		if !strings.HasPrefix(n, dir) || path.Ext(n) != ".tsr" || strings.Contains(strings.TrimPrefix(n, dir), "/") {
			continue
		}
		of := strings.TrimSuffix(n, ".tsr")
		if !s.Has(of) {
			of = dir + "capture.json"
		}
		response, err := s.Read(n)
		body, err2 := s.Read(of)
		if err = errors.Join(err, err2); err == nil {
			sum := sha256.Sum256(body)
			err = stamped(response, sum[:], roots)
		}
		r.say("stamp", about, err)
		r.Stamps++
	}
}

// filesOf tells whether a folder holds exactly the files of a manifest, by their sums.
func filesOf(s *bag.Source, dir string, m said) error {
	var want, have []string
	for _, f := range m.Files {
		want = append(want, f.SHA256)
	}
	for _, n := range s.Names {
		if !strings.HasPrefix(n, dir) {
			continue
		}
		body, err := s.Read(n)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(body)
		have = append(have, hex.EncodeToString(sum[:]))
	}
	slices.Sort(want)
	slices.Sort(have)
	if len(want) == 0 || !slices.Equal(want, have) {
		return fmt.Errorf("the folder holds %d files, and they are not the %d of the description", len(have), len(want))
	}
	return nil
}

// commits tells whether a commitment's text is of this manifest, in the one form that ledger.Preimage writes.
func commits(text, manifest string) error {
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || lines[0] != "chop/commitment/v1" || lines[3] != "" {
		return errors.New("the commitment cannot be read")
	}
	if salt, err := hex.DecodeString(lines[1]); err != nil || len(salt) < 16 {
		return errors.New("the commitment has no salt")
	}
	return same(lines[2], manifest)
}

// included tells whether a tlog-proof leads from a commitment to a signed state of the log.
func included(raw, commitment []byte, h *head) error {
	if h == nil {
		return errors.New("there is no signed state of the log to prove it in")
	}
	top, _, ok := strings.Cut(string(raw), "\n\n")
	lines := strings.Split(top, "\n")
	if !ok || len(lines) < 2 {
		return errors.New("the proof cannot be read")
	}
	number, ok := strings.CutPrefix(lines[1], "index ")
	index, err := strconv.ParseInt(number, 10, 64)
	if !ok || err != nil {
		return errors.New("the proof has no index")
	}
	var p tlog.RecordProof
	for _, l := range lines[2:] {
		hash, err := tlog.ParseHash(l)
		if err != nil {
			return fmt.Errorf("the proof cannot be read: %w", err)
		}
		p = append(p, hash)
	}
	if string(ledger.ProofText(index, p, ledger.Checkpoint{Note: h.raw})) != string(raw) {
		return errors.New("the proof is of another state of the log, or not in its one form")
	}
	if index < 0 || index >= h.size {
		return errors.New("the index lies outside the log")
	}
	leaf := sha256.Sum256(commitment)
	if err := tlog.CheckRecord(p, h.size, h.root, index, tlog.RecordHash(leaf[:])); err != nil {
		return fmt.Errorf("the proof does not lead to the signed root: %w", err)
	}
	return nil
}

// sumsFile lists the sums of everything in the zip of one exhibit.
const sumsFile = "SHA256SUMS"

// exhibitZip checks the zip of a single exhibit, which carries no seal: its sums, and its way into the log.
func (r *Receipt) exhibitZip(s *bag.Source) {
	r.Files = len(s.Names)
	r.say("files", sumsFile, r.sums(s))
	h := r.head(s, "checkpoint", "ledger.vkey")
	r.exhibit(s, "", exhibitNames{manifest: "capture.json", commitment: "commitment.txt", proof: "exhibit.tlog-proof", files: "files/"}, h, pool(s))
}

// sums tells whether the list names every file but itself, with its sum, and nothing else.
func (r *Receipt) sums(s *bag.Source) error {
	raw, err := s.Read(sumsFile)
	if err != nil {
		return err
	}
	left := map[string]bool{}
	for line := range strings.Lines(string(raw)) {
		sum, name, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		if !ok || left[name] || !strings.HasSuffix(line, "\n") {
			return fmt.Errorf("the line %.80q cannot be read", line)
		}
		left[name] = true
		body, err := s.Read(name)
		if err != nil {
			return err
		}
		r.Bytes += int64(len(body))
		if got := sha256.Sum256(body); hex.EncodeToString(got[:]) != sum {
			return fmt.Errorf("%s is not what it was", name)
		}
	}
	for _, n := range s.Names {
		if n != sumsFile && !left[n] {
			return fmt.Errorf("%s was added", n)
		}
	}
	return nil
}
