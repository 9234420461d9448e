package evidence

import (
	"archive/zip"
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"io"
	"strings"
	"unicode"

	"chop/internal/access"
	"chop/internal/fault"
	"chop/internal/journal"
	"chop/internal/lang"
	"chop/internal/ledger"
)

//go:embed check.sh
var checkScript []byte

// Export writes a zip that a stranger can check without ChOP: the files as they were, the manifest, the commitment, its
// proof and the signed checkpoint, the chain of custody, SHA256SUMS, and instructions in Polish and English. The
// exhibit is verified first and the export is recorded before the first byte leaves. It signs a fresh checkpoint, so it
// must not be called inside a transaction. Needs access.ViewEvidence. Faults: Conflict "evidence.broken" when the
// verification fails, "evidence.removed".
func (s *Store) Export(ctx context.Context, firm, id string, w io.Writer) error {
	if err := access.Check(ctx, access.ViewEvidence, firm); err != nil {
		return err
	}
	if _, err := s.ledger.Checkpoint(ctx); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	r, err := s.row(ctx, firm, id)
	if err != nil {
		return err
	}
	rc, err := s.verify(ctx, r)
	if err != nil {
		return fmt.Errorf("export %s: %w", r.Code(), err)
	}
	switch rc.State {
	case Gone:
		return fault.New(fault.Conflict, "evidence.removed", "Code", r.Code())
	case Fails:
		return fault.New(fault.Conflict, "evidence.broken", "Code", r.Code())
	}
	if err := s.record(ctx, firm, id, "exhibit.exported", "", map[string]string{"code": r.Code(), "manifest": rc.Manifest}); err != nil {
		return err
	}
	if err := s.pack(ctx, r, w); err != nil {
		return fmt.Errorf("export %s: %w", r.Code(), err)
	}
	return nil
}

// bundle writes a zip and remembers the sums of what it wrote.
type bundle struct {
	zip  *zip.Writer
	row  row
	sums bytes.Buffer
}

func (b *bundle) add(name string, body []byte) error {
	fmt.Fprintf(&b.sums, "%s  %s\n", digest(body), name)
	return b.write(name, body)
}

func (b *bundle) write(name string, body []byte) error {
	h := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: b.row.At}
	h.SetMode(0o644)
	w, err := b.zip.CreateHeader(h)
	if err != nil {
		return err
	}
	_, err = w.Write(body)
	return err
}

func (s *Store) pack(ctx context.Context, r row, w io.Writer) error {
	texts, err := s.texts(ctx, r)
	if err != nil {
		return err
	}
	b := &bundle{zip: zip.NewWriter(w), row: r}
	for _, t := range texts {
		if err := b.add(t.name, t.body); err != nil {
			return err
		}
	}
	blobs, err := s.blobs(ctx, r)
	if err != nil {
		return err
	}
	for i, f := range r.Files {
		body, err := s.read(ctx, r, blobs, i)
		if err != nil {
			return err
		}
		if err := b.add("files/"+f.Name, body); err != nil {
			return err
		}
	}
	if err := b.write("SHA256SUMS", b.sums.Bytes()); err != nil {
		return err
	}
	return b.zip.Close()
}

type text struct {
	name string
	body []byte
}

// texts is everything in the bundle but the kept files.
func (s *Store) texts(ctx context.Context, r row) ([]text, error) {
	leaf, err := s.ledger.Find(ctx, r.ticket)
	if err != nil {
		return nil, err
	}
	stamps, err := s.Stamps(ctx, r.Firm, r.ID)
	if err != nil {
		return nil, err
	}
	c, stamped, err := s.statement(ctx, leaf.Index, stamps)
	if err != nil {
		return nil, err
	}
	proof, err := s.ledger.Prove(ctx, leaf.Index, c.Size)
	if err != nil {
		return nil, err
	}
	lines, err := s.Custody(ctx, r.Firm, r.ID)
	if err != nil {
		return nil, err
	}
	kv := []any{"Code", r.Code(), "At", r.said.At, "Index", leaf.Index, "Size", c.Size, "Key", s.ledger.VerifierKey(),
		"Level", string(stamps.Level), "Stamped", len(stamped) > 0}
	return append([]text{
		{"CZYTAJ.txt", []byte(lang.PL.T("evidence.export.readme", kv...))},
		{"README.txt", []byte(lang.EN.T("evidence.export.readme", kv...))},
		{"capture.json", r.manifest},
		{"commitment.txt", ledger.Preimage(r.salt, r.manifest)},
		{"exhibit.tlog-proof", ledger.ProofText(leaf.Index, proof, c)},
		{"checkpoint", c.Note},
		{"ledger.vkey", []byte(s.ledger.VerifierKey() + "\n")},
		{"custody.txt", custodyText(lines)},
		{"check.sh", checkScript},
	}, stamped...), nil
}

// custodyText is one line per event: time UTC, who, what, why. Characters that could break or reorder a line are
// replaced.
func custodyText(lines []journal.Line) []byte {
	var b strings.Builder
	for _, l := range lines {
		parts := []string{l.At.Format(timeForm), l.Name + " (" + l.By + ")", l.Verb, l.Why}
		for i, p := range parts {
			parts[i] = strings.Map(func(r rune) rune {
				if unicode.IsPrint(r) {
					return r
				}
				return ' '
			}, p)
		}
		b.WriteString(strings.Join(parts, "\t") + "\n")
	}
	return []byte(b.String())
}
