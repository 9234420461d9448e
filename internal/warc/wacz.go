package warc

import (
	"archive/zip"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"time"
)

// Names of a package's parts.
const (
	dataName   = "data.warc.gz"
	dataPath   = "archive/" + dataName
	indexPath  = "indexes/index.cdx"
	pagesPath  = "pages/pages.jsonl"
	listPath   = "datapackage.json"
	digestPath = "datapackage-digest.json"

	waczVersion = "1.1.1"
	authVersion = "0.1.0"
	signedTime  = "2006-01-02T15:04:05.000Z"
)

// Page is a page that a visitor of the archive may open.
type Page struct {
	URL   string
	Title string
	At    time.Time
}

// File is a further file of a package, beside the archive.
type File struct {
	Name string // a plain name, such as "capture.json"
	Body []byte
}

// Package is what is to be packed.
type Package struct {
	Title    string
	Software string // "ChOP 1.2.3"
	Created  time.Time
	Pages    []Page // the first is the main one
	Files    []File
	Key      *ecdsa.PrivateKey // P-384; nil: unsigned
}

type resource struct {
	Name  string `json:"name"`
	Path  string `json:"path"`
	Hash  string `json:"hash"`
	Bytes int64  `json:"bytes"`
}

type dataPackage struct {
	Profile   string     `json:"profile"`
	Version   string     `json:"wacz_version"`
	Title     string     `json:"title"`
	Created   string     `json:"created"`
	Software  string     `json:"software"`
	MainPage  string     `json:"mainPageUrl,omitempty"`
	MainDate  string     `json:"mainPageDate,omitempty"`
	Resources []resource `json:"resources"`
}

type signed struct {
	Hash      string `json:"hash"`
	Created   string `json:"created"`
	Software  string `json:"software"`
	Version   string `json:"version"`
	Signature string `json:"signature"`
	PublicKey string `json:"publicKey"`
}

type packageDigest struct {
	Path   string  `json:"path"`
	Hash   string  `json:"hash"`
	Signed *signed `json:"signedData,omitempty"`
}

// SigningKey makes the P-384 key of a secret, always the same one.
func SigningKey(secret []byte) (*ecdsa.PrivateKey, error) {
	for n := range 100 {
		raw, err := hkdf.Key(sha512.New384, secret, nil, fmt.Sprintf("chop wacz signing key %d", n), 48)
		if err != nil {
			return nil, err
		}
		if k, err := ecdsa.ParseRawPrivateKey(elliptic.P384(), raw); err == nil { // else out of range, practically never
			return k, nil
		}
	}
	return nil, fmt.Errorf("make the signing key: no number fits")
}

// PublicKey is a key as packages carry it: base64 of its SPKI.
func PublicKey(k *ecdsa.PublicKey) (string, error) {
	der, err := x509.MarshalPKIXPublicKey(k)
	return base64.StdEncoding.EncodeToString(der), err
}

// Pack writes a package around an archive that was written to a.
func Pack(out io.Writer, p Package, a *Writer, archive []byte) error {
	index, err := a.Index()
	if err != nil {
		return err
	}
	pages, err := pageList(p.Pages)
	if err != nil {
		return err
	}
	files := []File{{dataPath, archive}, {indexPath, index}, {pagesPath, pages}}
	files = append(files, p.Files...)
	list := dataPackage{Profile: "data-package", Version: waczVersion, Title: p.Title, Created: stampOf(p.Created), Software: p.Software}
	if len(p.Pages) > 0 {
		list.MainPage, list.MainDate = p.Pages[0].URL, stampOf(p.Pages[0].At)
	}
	for _, f := range files {
		list.Resources = append(list.Resources, resource{Name: path.Base(f.Name), Path: f.Name, Hash: digest(f.Body), Bytes: int64(len(f.Body))})
	}
	described, err := indented(list)
	if err != nil {
		return err
	}
	sum, err := p.sign(described)
	if err != nil {
		return err
	}
	z := zip.NewWriter(out)
	for _, f := range append(files, File{listPath, described}, File{digestPath, sum}) {
		h := &zip.FileHeader{Name: f.Name, Method: zip.Deflate, Modified: p.Created.UTC()}
		if f.Name == dataPath {
			h.Method = zip.Store // packed already; readers jump into it
		}
		w, err := z.CreateHeader(h)
		if err != nil {
			return fmt.Errorf("pack: %w", err)
		}
		if _, err := w.Write(f.Body); err != nil {
			return fmt.Errorf("pack: %w", err)
		}
	}
	return z.Close()
}

func stampOf(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// sign makes datapackage-digest.json: SHA-256 of the text "sha256:<hex>", signed with ECDSA; the signature is r and s side by
// side (IEEE P1363), as ArchiveWeb.page writes it.
func (p Package) sign(list []byte) ([]byte, error) {
	d := packageDigest{Path: listPath, Hash: digest(list)}
	if p.Key != nil {
		sum := sha256.Sum256([]byte(d.Hash))
		r, s, err := ecdsa.Sign(rand.Reader, p.Key, sum[:])
		if err != nil {
			return nil, fmt.Errorf("sign the package: %w", err)
		}
		raw := make([]byte, 96)
		r.FillBytes(raw[:48])
		s.FillBytes(raw[48:])
		key, err := PublicKey(&p.Key.PublicKey)
		if err != nil {
			return nil, err
		}
		d.Signed = &signed{Hash: d.Hash, Created: p.Created.UTC().Format(signedTime), Software: p.Software, Version: authVersion,
			Signature: base64.StdEncoding.EncodeToString(raw), PublicKey: key}
	}
	return indented(d)
}

func pageList(pages []Page) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(map[string]string{"format": "json-pages-1.0", "id": "pages", "title": "All Pages"}); err != nil {
		return nil, err
	}
	for i, p := range pages {
		if err := enc.Encode(struct {
			ID    string `json:"id"`
			URL   string `json:"url"`
			At    string `json:"ts"`
			Title string `json:"title"`
		}{fmt.Sprintf("p%d", i+1), p.URL, stampOf(p.At), p.Title}); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}

func indented(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(v)
	return b.Bytes(), err
}
