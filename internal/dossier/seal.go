package dossier

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"chop/internal/bag"
	"chop/internal/sign"
)

// Files of the seal and of the log in a package.
const (
	SealFile   = "signatures/tagmanifest-sha256.txt.p7s"
	StampFile  = SealFile + ".tsr"
	SumsFile   = "signatures/SHA256SUMS"
	ChainFile  = "signatures/seal-chain.pem"
	RootsFile  = "signatures/tsa-chains.pem"
	LogNote    = "log/checkpoint"
	LogKey     = "log/vkey"
	FieldStamp = "ChOP-Seal-Timestamp" // of bag-info.txt: one of the three below
	FieldForm  = "ChOP-Package"
	Form       = "1"
	NoStamp    = "none"
	Stamp3161  = "rfc3161"
	StampTest  = "rfc3161-test"
)

// Loose tells which files of a package no manifest names: they are made over the tag manifest.
func Loose(path string) bool { return path == SealFile || path == StampFile || path == SumsFile }

func fingerprint(s *sign.Signer) string { return sign.Fingerprint(s.Root()) }

// stampKind tells how the seals of this package are stamped; it is settled before the first seal is made.
func (w *work) stampKind() string {
	switch {
	case w.trial == nil:
		return NoStamp
	case w.trial.Test:
		return StampTest
	}
	return Stamp3161
}

// try asks the authority once: one that does not answer leaves the package without a timestamp of its seal, which the
// package says, and does not keep the lawyer waiting.
func (w *work) try(ctx context.Context) {
	if w.Stamp == nil {
		return
	}
	sum := sha256.Sum256(w.seal.ChainPEM())
	t, _, err := w.Stamp(ctx, sum[:])
	if err != nil {
		slog.Warn("the seal of a package gets no timestamp", "package", w.p.ID, "error", err)
		return
	}
	w.trial = &t
	w.roots[string(t.Chain)] = t.Chain
}

// stamper is how seals inside PDFs are stamped; nil without an authority.
func (w *work) stamper(ctx context.Context) sign.Stamper {
	if w.trial == nil {
		return nil
	}
	return func(digest [sha256.Size]byte) ([]byte, error) {
		_, raw, err := w.Stamp(ctx, digest[:])
		return raw, err
	}
}

// close writes the log's head, the information, the manifests, and the seal over them.
func (w *work) close(ctx context.Context) error {
	files := map[string][]byte{LogNote: headOf(w.proof), LogKey: []byte(w.Ledger.VerifierKey() + "\n"), ChainFile: w.seal.ChainPEM()}
	if len(w.roots) > 0 {
		var all []byte
		for _, k := range slices.Sorted(maps.Keys(w.roots)) {
			all = append(all, w.roots[k]...)
		}
		files[RootsFile] = all
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := w.bag.Add(name, files[name]); err != nil {
			return err
		}
	}
	return w.bag.Close(w.info(), func(tags []byte) (map[string][]byte, error) { return w.sealTags(ctx, tags) })
}

// headOf is the signed state of the log as it stands at the end of a proof.
func headOf(proof []byte) []byte {
	_, head, _ := bytes.Cut(proof, []byte("\n\n"))
	return head
}

func (w *work) info() []bag.Field {
	p := w.p
	list := []bag.Field{{Name: "Source-Organization", Value: printable(w.firm.Name)}, {Name: "Contact-Name", Value: printable(p.Order.Operator)},
		{Name: "External-Identifier", Value: p.Code()}, {Name: "External-Description", Value: printable(strings.TrimSpace(p.Order.Lang.T("dossier.name") + " " + w.number()))},
		{Name: "Bagging-Date", Value: p.At.UTC().Format(time.DateOnly)}, {Name: "Bag-Software-Agent", Value: "ChOP " + w.Version},
		{Name: FieldForm, Value: Form}, {Name: FieldStamp, Value: w.stampKind()}, {Name: "ChOP-Exhibits", Value: fmt.Sprint(len(w.items))}}
	return list
}

func (w *work) number() string {
	if w.of == nil {
		return ""
	}
	return w.of.Number
}

// sealTags signs the tag manifest, has the signature stamped, and lists the sums of both.
func (w *work) sealTags(ctx context.Context, tags []byte) (map[string][]byte, error) {
	der, err := w.seal.Detached(tags, w.DB.Now(), nil)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{SealFile: sign.PEM(der)}
	if w.trial != nil {
		sum := sha256.Sum256(files[SealFile])
		t, _, err := w.Stamp(ctx, sum[:])
		if err != nil {
			return nil, fmt.Errorf("timestamp of the seal: %w", err)
		}
		files[StampFile] = t.Response
	}
	files[SumsFile] = Sums(files)
	return files, nil
}

// Sums is the list of sums of files as sha256sum reads it. It protects the seal's own files from accidents, which
// nothing else names; that nobody exchanged them on purpose shows by the seal itself.
func Sums(files map[string][]byte) []byte {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(&b, "%x  %s\n", sha256.Sum256(files[name]), name)
	}
	return []byte(b.String())
}
