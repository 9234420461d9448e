package warc

import (
	"archive/zip"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strconv"
	"strings"
	"time"
)

// Opened is a package that holds: every file is the one that was described, every record has its digests, every line of
// the index leads to its record, and the signature, when there is one, is right.
type Opened struct {
	Title    string
	Software string
	Created  string
	MainPage string
	Key      string // public key of the signature; empty: unsigned. Compare it with the one the installation published
	Records  []Record
	Files    map[string][]byte // by their path
}

const (
	maxParts = 1000
	maxPart  = 512 << 20
)

// Open reads a package and checks all of it. Errors wrap ErrDamaged. That a package holds says that nothing was changed
// since it was packed, not that its content is true; a whole package made by somebody else holds as well, with another key.
func Open(raw []byte) (*Opened, error) {
	files, err := unzip(raw)
	if err != nil {
		return nil, err
	}
	var list dataPackage
	if err := json.Unmarshal(files[listPath], &list); err != nil {
		return nil, damaged("%s: %v", listPath, err)
	}
	if err := described(files, list.Resources); err != nil {
		return nil, err
	}
	o := &Opened{Title: list.Title, Software: list.Software, Created: list.Created, MainPage: list.MainPage, Files: files}
	if o.Key, err = checkSignature(files[listPath], files[digestPath]); err != nil {
		return nil, err
	}
	places, err := o.read(files[dataPath])
	if err != nil {
		return nil, err
	}
	return o, checkIndex(files[indexPath], places)
}

func unzip(raw []byte) (map[string][]byte, error) {
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		return nil, damaged("zip: %v", err)
	}
	if len(z.File) > maxParts {
		return nil, damaged("zip: %d parts", len(z.File))
	}
	files := map[string][]byte{}
	for _, f := range z.File {
		if _, twice := files[f.Name]; twice || strings.HasSuffix(f.Name, "/") || strings.Contains(f.Name, "..") || strings.HasPrefix(f.Name, "/") {
			return nil, damaged("zip: name %q", f.Name)
		}
		r, err := f.Open()
		if err != nil {
			return nil, damaged("zip: %v", err)
		}
		body, err := io.ReadAll(io.LimitReader(r, maxPart+1))
		_ = r.Close()
		if err != nil || len(body) > maxPart {
			return nil, damaged("zip: %s: %v", f.Name, err)
		}
		files[f.Name] = body
	}
	return files, nil
}

// described holds the files against the list of resources, both ways.
func described(files map[string][]byte, list []resource) error {
	known := map[string]bool{listPath: true, digestPath: true}
	for _, r := range list {
		body, ok := files[r.Path]
		if !ok || known[r.Path] || int64(len(body)) != r.Bytes || digest(body) != r.Hash {
			return damaged("%s is missing or not the file that was described", r.Path)
		}
		known[r.Path] = true
	}
	for name := range files {
		if !known[name] {
			return damaged("%s was added", name)
		}
	}
	for _, name := range []string{dataPath, indexPath, pagesPath, listPath, digestPath} {
		if files[name] == nil {
			return damaged("%s is missing", name)
		}
	}
	return nil
}

func checkSignature(list, raw []byte) (string, error) {
	var d packageDigest
	if err := json.Unmarshal(raw, &d); err != nil {
		return "", damaged("%s: %v", digestPath, err)
	}
	if d.Path != listPath || d.Hash != digest(list) {
		return "", damaged("%s does not fit %s", digestPath, listPath)
	}
	s := d.Signed
	if s == nil {
		return "", nil
	}
	if s.Hash != d.Hash {
		return "", damaged("the signature is of another list")
	}
	key, err := readKey(s.PublicKey)
	if err != nil {
		return "", damaged("public key: %v", err)
	}
	sig, err := base64.StdEncoding.DecodeString(s.Signature)
	if err != nil || len(sig) != 96 {
		return "", damaged("signature of %d bytes", len(sig))
	}
	sum := sha256.Sum256([]byte(s.Hash))
	if !ecdsa.Verify(key, sum[:], new(big.Int).SetBytes(sig[:48]), new(big.Int).SetBytes(sig[48:])) {
		return "", damaged("the signature is not of this list")
	}
	if _, err := time.Parse(signedTime, s.Created); err != nil {
		return "", damaged("time of the signature: %v", err)
	}
	return s.PublicKey, nil
}

func readKey(s string) (*ecdsa.PublicKey, error) {
	der, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return nil, err
	}
	k, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, err
	}
	e, ok := k.(*ecdsa.PublicKey)
	if !ok || e.Curve != elliptic.P384() {
		return nil, errors.New("not a key of P-384")
	}
	return e, nil
}

func (o *Opened) read(archive []byte) (map[int64]indexed, error) {
	places := map[int64]indexed{}
	r := NewReader(bytes.NewReader(archive))
	for {
		rec, p, err := r.Next()
		if errors.Is(err, io.EOF) {
			return places, nil
		}
		if err != nil {
			return nil, err
		}
		o.Records = append(o.Records, rec)
		places[p.Offset] = indexed{rec, p}
	}
}

type indexed struct {
	Record
	Place
}

// checkIndex follows every line of the index.
func checkIndex(index []byte, places map[int64]indexed) error {
	for l := range strings.Lines(string(index)) {
		key, rest, _ := strings.Cut(l, " ")
		_, raw, _ := strings.Cut(rest, " ")
		var e line
		if err := json.Unmarshal([]byte(raw), &e); err != nil {
			return damaged("index: %v", err)
		}
		off, err := strconv.ParseInt(e.Offset, 10, 64)
		if err != nil {
			return damaged("index: %v", err)
		}
		at, ok := places[off]
		if !ok || at.URI != e.URL || SURT(e.URL) != key || fmt.Sprint(at.Length) != e.Length || at.Digest != e.Record || digest(at.Payload()) != "sha256:"+e.Digest {
			return damaged("index: %s leads to another record", e.URL)
		}
	}
	return nil
}
