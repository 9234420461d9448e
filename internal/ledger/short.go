package ledger

import (
	"context"
	"encoding/binary"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"chop/internal/db"
	"chop/internal/fault"
)

// Words is the beginning of a root (80 of its 256 bits) as five words that can be read aloud and compared on paper:
// proquints (D. Wilkerson, "A Proposal for Proquints", 2009).
func Words(root tlog.Hash) string {
	const consonants, vowels = "bdfghjklmnprstvz", "aiou"
	var words []string
	for i := 0; i < 10; i += 2 {
		n := binary.BigEndian.Uint16(root[i:])
		words = append(words, string([]byte{consonants[n>>12], vowels[n>>10&3], consonants[n>>6&15], vowels[n>>4&3], consonants[n&15]}))
	}
	return strings.Join(words, "-")
}

// RootAt is the root that the log has for its first size leaves: what somebody with an older paper compares. Faults:
// NotFound when the log is shorter.
func (l *Log) RootAt(ctx context.Context, size int64) (root tlog.Hash, err error) {
	var head int64
	err = l.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		if _, err := tx.One(ctx, `SELECT size FROM ledger_head WHERE id = 1`, nil, &head); err != nil || size < 0 || size > head {
			return err
		}
		e, err := loadEdge(ctx, tx, size)
		if err == nil {
			root = e.root()
		}
		return err
	})
	if err != nil {
		return root, fmt.Errorf("root of %d leaves: %w", size, err)
	}
	if size < 0 || size > head {
		return root, fault.Missing("checkpoint")
	}
	return root, nil
}
