package dossier

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"log/slog"
	"time"

	"filippo.io/age"

	"chop/internal/access"
	"chop/internal/bag"
	"chop/internal/crisis"
	"chop/internal/db"
	"chop/internal/evidence"
	"chop/internal/fault"
	"chop/internal/firm"
	"chop/internal/ledger"
	"chop/internal/sign"
)

// Steps of building, each with the message "dossier.step.<Step>".
const (
	StepPrepare   = "prepare"
	StepExhibits  = "exhibits"
	StepDocuments = "documents"
	StepSeal      = "seal"
)

// Build makes an ordered package. It is a job with effects outside the database: killed at any instant it is done again
// from the start, the pieces of the broken attempt are dropped, and nothing is offered before it is whole. What a person
// can do something about ends the package as Failed; anything else is tried again.
func (s *Store) Build(ctx context.Context, e Build) error {
	ctx = access.With(ctx, access.System(e.Firm))
	p, err := s.load(ctx, e.Firm, e.ID)
	if err != nil || !p.Underway() {
		return err
	}
	began := time.Now()
	w := &work{Store: s, p: &p}
	err = w.run(ctx)
	var f *fault.Error
	if errors.As(err, &f) && ctx.Err() == nil {
		return s.fail(ctx, p, f)
	}
	if err != nil {
		return fmt.Errorf("build package %s: %w", p.ID, err)
	}
	slog.Info("package built", "package", p.ID, "exhibits", p.Of, "bytes", p.Size, "took", time.Since(began).Round(time.Millisecond))
	return nil
}

func (s *Store) fail(ctx context.Context, p Package, f *fault.Error) error {
	about, _ := f.Data["Code"].(string)
	slog.Warn("a package was stopped", "package", p.ID, "why", f.Code, "exhibit", about)
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if _, err := tx.Exec(ctx, `UPDATE dossier SET state = $3, trouble = $4, about = $5 WHERE firm_id = $1 AND id = $2`, p.Firm, p.ID, string(Failed), f.Code, about); err != nil {
			return err
		}
		if err := s.clear(ctx, tx, p); err != nil {
			return err
		}
		tx.Touch(p.Firm, Topic)
		return s.record(ctx, p, "dossier.failed", "")
	})
}

// work is the making of one package.
type work struct {
	*Store
	p     *Package
	firm  firm.Firm
	of    *crisis.Case // nil: chosen exhibits
	check ledger.Checkpoint
	seal  *sign.Signer
	bag   *bag.Writer
	items []item // what the documents say of the exhibits
	roots map[string][]byte
	story []crisis.Event
	proof []byte // of any exhibit: all end with the same state of the log
	trial *Token // a timestamp got at the start; nil: seals are not stamped
}

func (w *work) run(ctx context.Context) error {
	if err := w.prepare(ctx); err != nil {
		return err
	}
	out := &pieces{ctx: ctx, s: w.Store, p: *w.p, hash: sha256.New()}
	var sink io.WriteCloser = out
	if w.p.Order.AgeKey != "" {
		to, err := age.ParseX25519Recipient(w.p.Order.AgeKey)
		if err != nil {
			return fault.New(fault.Invalid, "dossier.age").Because(err)
		}
		if sink, err = age.Encrypt(out, to); err != nil {
			return err
		}
	}
	w.bag = bag.NewWriter(sink, w.p.folder(), w.p.At)
	if err := w.exhibits(ctx); err != nil {
		return err
	}
	if err := w.step(ctx, StepDocuments, w.p.Of); err != nil {
		return err
	}
	if err := w.documents(ctx); err != nil {
		return err
	}
	if err := w.step(ctx, StepSeal, w.p.Of); err != nil {
		return err
	}
	if err := w.close(ctx); err != nil {
		return err
	}
	if err := sink.Close(); err != nil {
		return err
	}
	if err := out.Close(); err != nil {
		return err
	}
	return w.finish(ctx, out)
}

// folder is the top folder of the bag.
func (p Package) folder() string {
	return fmt.Sprintf("pakiet-%s-%s", p.Code(), p.At.UTC().Format("20060102"))
}

// prepare marks the package as being built, puts into the chain of custody what goes in, makes the redacted copies, and
// signs a checkpoint that covers all of it.
func (w *work) prepare(ctx context.Context) (err error) {
	p := w.p
	if w.firm, err = w.Firms.Find(ctx, p.Firm); err != nil {
		return err
	}
	if p.Order.Case != "" {
		c, err := w.Cases.Find(ctx, p.Order.Case)
		if err != nil {
			return err
		}
		w.of = &c
	}
	if w.seal, err = w.Keeper.Signer(); err != nil {
		return fault.New(fault.Unavailable, "dossier.seal").Because(err)
	}
	err = w.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE dossier SET state = $3 WHERE firm_id = $1 AND id = $2 AND state = $4`, p.Firm, p.ID, string(Building), string(Waiting))
		if err != nil {
			return err
		}
		if err := w.clear(ctx, tx, *p); err != nil || n == 0 { // n == 0: an earlier attempt has put it on record
			return err
		}
		tx.Touch(p.Firm, evidence.Topic)
		verb := "exhibit.packed"
		if p.Order.Redacted() {
			verb = "exhibit.redacted"
		}
		return w.Evidence.Hand(ctx, p.Firm, p.Exhibits, verb, p.Order.Recipient, p.Order.Why)
	})
	if err != nil {
		return err
	}
	if err := w.step(ctx, StepPrepare, 0); err != nil {
		return err
	}
	if p.Order.Redacted() {
		if err := w.redactAll(ctx); err != nil {
			return err
		}
	}
	if w.check, err = w.Ledger.Checkpoint(ctx); err != nil {
		return err
	}
	w.roots = map[string][]byte{}
	w.try(ctx)
	return nil
}

// clear drops the pieces of an attempt that broke off.
func (s *Store) clear(ctx context.Context, tx *db.Tx, p Package) error {
	blobs, err := s.pieces(ctx, p.Firm, p.ID)
	if err != nil || len(blobs) == 0 {
		return err
	}
	if _, err := tx.Exec(ctx, `DELETE FROM dossier_piece WHERE firm_id = $1 AND dossier_id = $2`, p.Firm, p.ID); err != nil {
		return err
	}
	tx.AfterCommit(func() { s.drop(blobs) })
	return nil
}

// step shows how far it is.
func (w *work) step(ctx context.Context, step string, done int) error {
	w.p.Step, w.p.Done = step, done
	return w.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		tx.Touch(w.p.Firm, Topic)
		_, err := tx.Exec(ctx, `UPDATE dossier SET step = $3, done = $4 WHERE firm_id = $1 AND id = $2`, w.p.Firm, w.p.ID, step, done)
		return err
	})
}

const tellEvery = 25 // exhibits between two words about progress

func (w *work) exhibits(ctx context.Context) error {
	for n, id := range w.p.Exhibits {
		if n%tellEvery == 0 {
			if err := w.step(ctx, StepExhibits, n); err != nil {
				return err
			}
		}
		part, err := w.Evidence.Take(ctx, w.p.Firm, id, w.check)
		if err != nil {
			return err
		}
		if err := w.exhibit(ctx, part); err != nil {
			return fmt.Errorf("exhibit %s: %w", part.Code(), err)
		}
	}
	return nil
}

// exhibit writes one exhibit: its files, its manifest, and what proves when it was there.
func (w *work) exhibit(ctx context.Context, part evidence.Part) error {
	it := w.read(part)
	dir := bag.Payload + part.Code() + "/"
	taken := map[string]bool{}
	for n, f := range part.Files {
		body, err := part.Body(ctx, n)
		if err != nil {
			return fault.New(fault.Conflict, "evidence.broken", "Code", part.Code()).Because(err)
		}
		name := bag.SafeName(f.Name)
		for i := 2; taken[name]; i++ {
			name = fmt.Sprintf("%d-%s", i, bag.SafeName(f.Name))
		}
		taken[name] = true
		if err := w.bag.Add(dir+"files/"+name, body); err != nil {
			return err
		}
		it.file(f, dir+"files/"+name, body)
	}
	for _, f := range []struct {
		name string
		body []byte
	}{{"capture.json", part.Manifest}, {"commitment.txt", part.Commitment}, {"capture.json.tlog-proof", part.Proof}} {
		if err := w.bag.Add(dir+f.name, f.body); err != nil {
			return err
		}
	}
	w.proof = part.Proof
	if err := w.tokens(ctx, &it, dir); err != nil {
		return err
	}
	w.items = append(w.items, it)
	return nil
}

// tokens writes the timestamps of an exhibit's manifest.
func (w *work) tokens(ctx context.Context, it *item, dir string) error {
	if w.Tokens == nil {
		return nil
	}
	list, err := w.Tokens(ctx, w.p.Firm, it.ID)
	if err != nil {
		return err
	}
	for n, t := range list {
		name := "capture.json.tsr"
		if n > 0 {
			name = fmt.Sprintf("capture.json-%d.tsr", n+1)
		}
		if err := w.bag.Add(dir+name, t.Response); err != nil {
			return err
		}
		w.roots[string(t.Chain)] = t.Chain
		it.Stamps = append(it.Stamps, stamped{At: t.At, Name: t.Name, Test: t.Test})
	}
	return nil
}

// pieceSize is how much of the file is sealed at a time.
const pieceSize = 8 << 20

// pieces seals what is written and keeps it.
type pieces struct {
	ctx  context.Context
	s    *Store
	p    Package
	hash hash.Hash
	buf  []byte
	n    int
	size int64
}

func (o *pieces) Write(b []byte) (int, error) {
	o.hash.Write(b)
	o.size += int64(len(b))
	o.buf = append(o.buf, b...)
	for len(o.buf) >= pieceSize {
		if err := o.keep(o.buf[:pieceSize]); err != nil {
			return 0, err
		}
		o.buf = append(o.buf[:0], o.buf[pieceSize:]...)
	}
	return len(b), nil
}

// Close keeps what is left; closing again does nothing.
func (o *pieces) Close() error {
	rest := o.buf
	o.buf = nil
	if len(rest) == 0 {
		return nil
	}
	return o.keep(rest)
}

func (o *pieces) keep(b []byte) error {
	sealed, err := o.s.Seal.Seal(o.ctx, o.p.Firm, purposePiece, fmt.Sprint(o.p.ID, "/", o.n), b)
	if err != nil {
		return err
	}
	address, _, err := o.s.Blob.Put(o.ctx, bytes.NewReader(sealed))
	if err != nil {
		return err
	}
	err = o.s.DB.Tx(o.ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO dossier_piece (firm_id, dossier_id, n, blob) VALUES ($1, $2, $3, $4)`, o.p.Firm, o.p.ID, o.n, address)
		return err
	})
	o.n++
	return err
}

// finish makes the package one that can be downloaded.
func (w *work) finish(ctx context.Context, out *pieces) error {
	p := w.p
	p.Size, p.SHA256, p.File = out.size, hex.EncodeToString(out.hash.Sum(nil)), p.folder()+".zip"
	if p.Order.AgeKey != "" {
		p.File += ".age"
	}
	return w.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE dossier SET state = $3, step = '', done = total, built_at = $4, size = $5, sha256 = $6, file = $7
			WHERE firm_id = $1 AND id = $2 AND state = $8`, p.Firm, p.ID, string(Ready), tx.Now(), p.Size, p.SHA256, p.File, string(Building))
		if err != nil || n == 0 {
			return err
		}
		tx.Touch(p.Firm, Topic)
		return w.record(ctx, *p, "dossier.built", "")
	})
}
