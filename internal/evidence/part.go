package evidence

import (
	"context"
	"fmt"

	"chop/internal/access"
	"chop/internal/fault"
	"chop/internal/journal"
	"chop/internal/ledger"
)

// Part is an exhibit taken apart for a package that strangers check.
type Part struct {
	Exhibit
	Receipt    Receipt
	Manifest   []byte // capture.json as sealed
	Commitment []byte // its salted commitment as text; the SHA-256 of it is the leaf
	Proof      []byte // tlog-proof of the leaf, with the checkpoint
	Custody    []journal.Line
	body       func(ctx context.Context, n int) ([]byte, error)
}

// Body is file n of the exhibit, held against the manifest while it is read.
func (p Part) Body(ctx context.Context, n int) ([]byte, error) { return p.body(ctx, n) }

// Take verifies an exhibit and takes it apart; c is a checkpoint that covers it. The caller puts on record who gets it and
// why (Hand). Needs access.ViewEvidence. Faults: NotFound; Conflict "evidence.removed", "evidence.broken".
func (s *Store) Take(ctx context.Context, firm, id string, c ledger.Checkpoint) (p Part, err error) {
	if err := access.Check(ctx, access.ViewEvidence, firm); err != nil {
		return p, err
	}
	r, err := s.row(ctx, firm, id)
	if err != nil {
		return p, err
	}
	if p.Receipt, err = s.verify(ctx, r); err != nil {
		return p, fmt.Errorf("take %s: %w", r.Code(), err)
	}
	switch p.Receipt.State {
	case Gone:
		return p, fault.New(fault.Conflict, "evidence.removed", "Code", r.Code())
	case Fails:
		return p, fault.New(fault.Conflict, "evidence.broken", "Code", r.Code())
	}
	p.Exhibit, p.Manifest, p.Commitment = r.Exhibit, r.manifest, ledger.Preimage(r.salt, r.manifest)
	leaf, err := s.ledger.Find(ctx, r.ticket)
	if err != nil {
		return p, fmt.Errorf("take %s: %w", r.Code(), err)
	}
	proof, err := s.ledger.Prove(ctx, leaf.Index, c.Size)
	if err != nil {
		return p, fmt.Errorf("take %s: %w", r.Code(), err)
	}
	p.Proof = ledger.ProofText(leaf.Index, proof, c)
	if p.Custody, err = s.Custody(ctx, firm, id); err != nil {
		return p, fmt.Errorf("take %s: %w", r.Code(), err)
	}
	blobs, err := s.blobs(ctx, r)
	p.body = func(ctx context.Context, n int) ([]byte, error) { return s.read(ctx, r, blobs, n) }
	return p, err
}

// Hand puts into the chain of custody of exhibits that they were handed on, to whom and why: verb is
// "exhibit.packed" (into a package) or "exhibit.handed" (the package was given out). Needs access.ViewEvidence.
func (s *Store) Hand(ctx context.Context, firm string, ids []string, verb, to, why string) error {
	if err := access.Check(ctx, access.ViewEvidence, firm); err != nil {
		return err
	}
	for _, id := range ids {
		if err := s.record(ctx, firm, id, verb, why, map[string]string{"to": to}); err != nil {
			return err
		}
	}
	return nil
}
