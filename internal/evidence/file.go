package evidence

import (
	"context"
	"errors"
	"fmt"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/fault"
)

// File decrypts one file and records in the chain of custody that it was looked at. Needs access.ViewEvidence.
// Faults: NotFound; Conflict "evidence.broken" when the file is not what was sealed.
func (s *Store) File(ctx context.Context, firm, id, name string) (body []byte, info FileInfo, err error) {
	if err := access.Check(ctx, access.ViewEvidence, firm); err != nil {
		return nil, info, err
	}
	r, err := s.row(ctx, firm, id)
	if err != nil {
		return nil, info, err
	}
	if r.Forgotten {
		return nil, info, fault.New(fault.NotFound, "seal.forgotten")
	}
	blobs, err := s.blobs(ctx, r)
	if err != nil {
		return nil, info, err
	}
	for i, f := range r.Files {
		if f.Name != name {
			continue
		}
		body, err := s.read(ctx, r, blobs, i)
		if err != nil {
			return nil, info, fault.New(fault.Conflict, "evidence.broken", "Code", r.Code()).Because(err)
		}
		if err := s.record(ctx, firm, id, "exhibit.viewed", "", map[string]string{"code": r.Code(), "sha256": f.SHA256}); err != nil {
			return nil, info, err
		}
		return body, f, nil
	}
	if r.Unread {
		return nil, info, fault.New(fault.Conflict, "evidence.broken", "Code", r.Code())
	}
	return nil, info, fault.Missing("file")
}

// blobs is the addresses of the exhibit's sealed files by their place.
func (s *Store) blobs(ctx context.Context, r row) (m map[int]string, err error) {
	if r.known != nil {
		return r.known.blobs[r.ID], nil
	}
	m = map[int]string{}
	err = s.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT n, blob FROM exhibit_file WHERE firm_id = $1 AND exhibit_id = $2`, []any{r.Firm, r.ID},
			func(scan func(...any) error) error {
				var n int
				var b string
				err := scan(&n, &b)
				m[n] = b
				return err
			})
	})
	if err != nil {
		return nil, fmt.Errorf("files of exhibit %s: %w", r.ID, err)
	}
	return m, nil
}

// read opens file n and holds it against the manifest.
func (s *Store) read(ctx context.Context, r row, blobs map[int]string, n int) ([]byte, error) {
	info := r.Files[n]
	sealed, err := s.blob.Read(blobs[n])
	if err != nil {
		return nil, err
	}
	var body []byte
	if len(r.wrapped) == 0 {
		body, err = s.seal.Open(ctx, r.Firm, purposeFile, r.ID+"/"+info.Name, sealed)
	} else {
		body, err = r.key.Open(purposeFile, r.ID+"/"+info.Name, sealed)
	}
	if err != nil {
		return nil, err
	}
	if int64(len(body)) != info.Size || digest(body) != info.SHA256 {
		return nil, errors.New("the file is not the one in the manifest")
	}
	return body, nil
}
