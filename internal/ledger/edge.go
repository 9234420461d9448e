package ledger

import (
	"context"

	"golang.org/x/mod/sumdb/tlog"

	"chop/internal/db"
)

// edge is the right-hand rim of a tree: the roots of its complete subtrees, largest first. It is all that is needed
// to add leaves and to know the root.
type edge struct {
	size  int64
	roots []tlog.Hash
}

// push adds a leaf and returns the nodes it completes, in the order in which they are stored.
func (e *edge) push(leaf []byte) []tlog.Hash {
	h := tlog.RecordHash(leaf)
	done := []tlog.Hash{h}
	for n := e.size; n&1 == 1; n >>= 1 {
		last := len(e.roots) - 1
		h = tlog.NodeHash(e.roots[last], h)
		e.roots = e.roots[:last]
		done = append(done, h)
	}
	e.roots = append(e.roots, h)
	e.size++
	return done
}

// root is the hash of the whole tree.
func (e *edge) root() tlog.Hash {
	if len(e.roots) == 0 {
		h, _ := tlog.TreeHash(0, nil) // the empty tree's fixed hash; reads nothing
		return h
	}
	h := e.roots[len(e.roots)-1]
	for i := len(e.roots) - 2; i >= 0; i-- {
		h = tlog.NodeHash(e.roots[i], h)
	}
	return h
}

// rim lists the stored places of the complete subtrees of a tree of the given size, largest first.
func rim(size int64) []int64 {
	var at []int64
	var before int64
	for level := 62; level >= 0; level-- {
		if size>>level&1 == 1 {
			at = append(at, tlog.StoredHashIndex(level, before>>level))
			before += 1 << level
		}
	}
	return at
}

func loadEdge(ctx context.Context, tx *db.Tx, size int64) (*edge, error) {
	roots, err := hashes(ctx, tx, rim(size))
	if err != nil {
		return nil, err
	}
	return &edge{size: size, roots: roots}, nil
}
