package witness

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	sizeType   = "text/x.tlog.size"
	maxRequest = 64 << 10
	maxProof   = 63 // hashes, as the protocol limits it
	keyName    = "witness.key"
)

// Server cosigns the checkpoints of the logs it knows. What it has seen lies in its folder, one file for each log.
type Server struct {
	dir    string
	name   string
	key    ed25519.PrivateKey
	logs   map[string]note.Verifier // by origin
	now    func() time.Time
	unlock func() error
	mu     sync.Mutex
}

// NewServer opens the witness's folder, with a new key at the first run. name is how the witness signs: a word of the
// operator's without spaces or plus signs, best a domain; it must not change later. logs are the public keys of the logs it serves.
func NewServer(dir, name string, logs []string, now func() time.Time) (*Server, error) {
	if name == "" || strings.ContainsAny(name, " +\n\t") {
		return nil, fmt.Errorf("--name %q: give the witness a name without spaces and plus signs, for example kancelaria.example/chop", name)
	}
	s := &Server{dir: dir, name: name, logs: map[string]note.Verifier{}, now: now}
	for _, l := range logs {
		v, err := note.NewVerifier(strings.TrimSpace(l))
		if err != nil {
			return nil, fmt.Errorf("--log %q: %w; it is the line in the log's file log.vkey", l, err)
		}
		s.logs[v.Name()] = v
	}
	if len(s.logs) == 0 {
		return nil, errors.New("no log to watch; give its public key: --log NAME+12ab34cd+BASE64")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the witness's folder: %w", err)
	}
	if err := s.own(); err != nil {
		return nil, err
	}
	var err error
	if s.key, err = loadKey(filepath.Join(dir, keyName)); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// own makes sure that one process keeps the folder: two would let a log show each its own history.
func (s *Server) own() error {
	f, err := os.OpenFile(filepath.Join(s.dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("open the witness's folder: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return errors.Join(fmt.Errorf("the folder %s is in use by another witness; stop that one first", s.dir), f.Close())
	}
	s.unlock = f.Close
	return nil
}

// Close lets the folder go.
func (s *Server) Close() error { return s.unlock() }

func loadKey(path string) (ed25519.PrivateKey, error) {
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		seed := make([]byte, ed25519.SeedSize)
		rand.Read(seed)
		if err := writeWhole(path, []byte(hex.EncodeToString(seed)+"\n")); err != nil {
			return nil, fmt.Errorf("make the witness's key: %w", err)
		}
		return ed25519.NewKeyFromSeed(seed), nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the witness's key: %w", err)
	}
	seed, err := hex.DecodeString(string(bytes.TrimSpace(raw)))
	if err != nil || len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("%s must hold %d hexadecimal digits; restore it from the backup", path, 2*ed25519.SeedSize)
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

// Key is the public key for those who want this witness's word.
func (s *Server) Key() Key { return newKey(s.name, s.key.Public().(ed25519.PublicKey)) }

// Handler answers POST /add-checkpoint.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /add-checkpoint", s.add)
	return mux
}

// refusal is an answer that is no cosignature.
type refusal struct {
	status int
	why    string
	size   int64 // with 409: what this witness has seen
}

func (r *refusal) Error() string { return r.why }

func (s *Server) add(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		http.Error(w, "the request cannot be read", http.StatusBadRequest)
		return
	}
	c, err := s.judge(raw)
	var no *refusal
	switch {
	case err == nil:
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, c.Line())
	case errors.As(err, &no) && no.status == http.StatusConflict:
		slog.Warn("checkpoint refused", "why", no.why, "seen", no.size)
		w.Header().Set("Content-Type", sizeType)
		w.WriteHeader(no.status)
		fmt.Fprintf(w, "%d\n", no.size)
	case errors.As(err, &no):
		slog.Warn("checkpoint refused", "why", no.why)
		http.Error(w, no.why, no.status)
	default:
		slog.Error("checkpoint", "error", err)
		http.Error(w, "the witness cannot keep what it sees now", http.StatusInternalServerError)
	}
}

// submitted is a request taken apart.
type submitted struct {
	old   int64
	proof tlog.TreeProof
	note  []byte
	body  []byte
	head
}

// head is what a checkpoint says.
type head struct {
	origin string
	size   int64
	root   tlog.Hash
}

func (s *Server) judge(raw []byte) (Cosignature, error) {
	q, err := parse(raw)
	if err != nil {
		return Cosignature{}, &refusal{status: http.StatusBadRequest, why: err.Error()}
	}
	v, ok := s.logs[q.origin]
	if !ok {
		return Cosignature{}, &refusal{status: http.StatusNotFound, why: "this witness does not know the log"}
	}
	if _, err := note.Open(q.note, note.VerifierList(v)); err != nil {
		return Cosignature{}, &refusal{status: http.StatusForbidden, why: "the checkpoint is not signed by the log's key"}
	}
	if q.old > q.size {
		return Cosignature{}, &refusal{status: http.StatusBadRequest, why: "the old size is larger than the checkpoint's"}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	seen, err := s.seen(q.origin)
	if err != nil {
		return Cosignature{}, err
	}
	if err := follows(seen, q); err != nil {
		return Cosignature{}, err
	}
	// What was seen is on disk before anybody gets a signature for it.
	if err := writeWhole(s.file(q.origin), q.note); err != nil {
		return Cosignature{}, err
	}
	return cosign(s.name, s.key, q.body, s.now()), nil
}

// follows tells whether the new checkpoint continues what was seen.
func follows(seen head, q submitted) error {
	if q.old != seen.size {
		return &refusal{status: http.StatusConflict, why: "another size was seen last", size: seen.size}
	}
	if q.old == q.size && seen.size > 0 {
		if q.root != seen.root {
			return &refusal{status: http.StatusConflict, why: "FORK: another root was seen for the same size", size: seen.size}
		}
		return nil
	}
	if q.old == 0 {
		if len(q.proof) > 0 {
			return &refusal{status: http.StatusUnprocessableEntity, why: "a first checkpoint needs no proof"}
		}
		return nil
	}
	if tlog.CheckTree(q.proof, q.size, q.root, seen.size, seen.root) != nil {
		return &refusal{status: http.StatusUnprocessableEntity, why: "FORK: the log does not begin with what was seen"}
	}
	return nil
}

func parse(raw []byte) (q submitted, err error) {
	top, signed, ok := bytes.Cut(raw, []byte("\n\n"))
	if !ok {
		return q, errors.New("no empty line between the proof and the checkpoint")
	}
	lines := strings.Split(string(top), "\n")
	digits, ok := strings.CutPrefix(lines[0], "old ")
	if q.old, err = number(digits); !ok || err != nil {
		return q, errors.New("the first line is not: old SIZE")
	}
	if len(lines)-1 > maxProof {
		return q, errors.New("the proof is too long")
	}
	for _, l := range lines[1:] {
		h, err := base64.StdEncoding.Strict().DecodeString(l)
		if err != nil || len(h) != tlog.HashSize {
			return q, errors.New("a line of the proof is not a hash")
		}
		q.proof = append(q.proof, tlog.Hash(h))
	}
	q.note = signed
	if q.body, _, err = Split(signed); err != nil {
		return q, err
	}
	q.head, err = readHead(q.body)
	return q, err
}

// number reads a size without signs and leading zeros.
func number(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || strconv.FormatInt(n, 10) != s {
		return 0, errors.New("not a size")
	}
	return n, nil
}

func readHead(body []byte) (h head, err error) {
	lines := strings.Split(string(body), "\n")
	if len(lines) < 4 || lines[0] == "" {
		return h, errors.New("not a checkpoint")
	}
	h.origin = lines[0]
	if h.size, err = number(lines[1]); err != nil {
		return h, errors.New("the checkpoint's size cannot be read")
	}
	if h.root, err = tlog.ParseHash(lines[2]); err != nil {
		return h, errors.New("the checkpoint's root cannot be read")
	}
	return h, nil
}

// Seen is the size and root of the newest checkpoint cosigned for the log of that origin; zero when there is none.
func (s *Server) Seen(origin string) (size int64, root tlog.Hash, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h, err := s.seen(origin)
	return h.size, h.root, err
}

func (s *Server) file(origin string) string {
	sum := sha256.Sum256([]byte(origin))
	return filepath.Join(s.dir, "seen-"+hex.EncodeToString(sum[:8]))
}

func (s *Server) seen(origin string) (head, error) {
	raw, err := os.ReadFile(s.file(origin))
	if errors.Is(err, fs.ErrNotExist) {
		return head{}, nil
	}
	if err != nil {
		return head{}, err
	}
	body, _, err := Split(raw)
	if err != nil {
		return head{}, fmt.Errorf("what was seen of %s cannot be read: %w", origin, err)
	}
	h, err := readHead(body)
	if err == nil && h.origin != origin {
		err = fmt.Errorf("%s holds another log", filepath.Base(s.file(origin)))
	}
	return h, err
}

// writeWhole puts a file in place whole, on disk before it returns.
func writeWhole(path string, body []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "part.*")
	if err != nil {
		return err
	}
	_, err = f.Write(body)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
