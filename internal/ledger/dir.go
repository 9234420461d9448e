package ledger

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"chop/internal/witness"
)

// VerifyDir checks a folder of the log (C2SP tlog-tiles: checkpoint, tile/...) offline, from its leaves up: every entry
// bundle against the leaf hashes, every tile against the tiles below, the root against the checkpoint, its signature
// against vkey, and the cosignatures of the witnesses whose keys are given. It reads the folder once and holds a few tiles
// in memory. What does not hold is in the report; the error is about reading: no such folder, no checkpoint, a key
// that cannot be read.
func VerifyDir(dir, vkey string, witnesses ...string) (Report, error) {
	v, err := note.NewVerifier(strings.TrimSpace(vkey))
	if err != nil {
		return Report{}, fmt.Errorf("the log's public key %q cannot be read: %w; it looks like name+12ab34cd+BASE64 and lies in %s", vkey, err, KeyFile)
	}
	d := &folder{dir: dir}
	for _, w := range witnesses {
		k, err := witness.ParseKey(w)
		if err != nil {
			return Report{}, err
		}
		d.keys = append(d.keys, k)
	}
	raw, err := os.ReadFile(filepath.Join(dir, File))
	if errors.Is(err, fs.ErrNotExist) {
		return Report{}, fmt.Errorf("there is no log in %s: no file named %s", dir, File)
	}
	if err != nil {
		return Report{}, fmt.Errorf("read the log: %w", err)
	}
	c, err := openCheckpoint(raw, v)
	if err != nil {
		d.trouble(CheckpointBad, 0, File)
		return d.Report, nil
	}
	d.Newest, d.Leaves, d.Checkpoints = c, c.Size, 1
	d.cosigned(raw)
	if err := d.run(); err != nil {
		return d.Report, fmt.Errorf("read the log: %w", err)
	}
	return d.Report, nil
}

// openCheckpoint checks the log's own signature and takes the checkpoint apart. It accepts one form only, down to the
// spare bits of base64.
func openCheckpoint(raw []byte, v note.Verifier) (c Checkpoint, err error) {
	n, err := note.Open(raw, note.VerifierList(v))
	if err != nil {
		return c, fmt.Errorf("checkpoint's signature: %w", err)
	}
	for _, s := range append(slices.Clone(n.Sigs), n.UnverifiedSigs...) {
		if b, err := base64.StdEncoding.Strict().DecodeString(s.Base64); err != nil || len(b) < 5 {
			return c, errors.New("checkpoint was rewritten")
		}
	}
	lines := strings.Split(n.Text, "\n")
	if len(lines) != 4 || lines[0] != v.Name() {
		return c, errors.New("checkpoint is not of this log")
	}
	if c.Size, err = strconv.ParseInt(lines[1], 10, 64); err != nil || c.Size < 0 || strconv.FormatInt(c.Size, 10) != lines[1] {
		return c, errors.New("checkpoint's size cannot be read")
	}
	if c.Root, err = tlog.ParseHash(lines[2]); err != nil || c.Root.String() != lines[2] {
		return c, errors.New("checkpoint's root cannot be read")
	}
	c.Note = raw
	return c, nil
}

// folder is a verification of a folder under way.
type folder struct {
	Report
	dir  string
	keys []witness.Key
	edge edge
	seen []level // of tiles, leaves' hashes first
}

// level is the tile of one level that is being filled.
type level struct {
	n      int64 // its index
	hashes []byte
}

func (d *folder) trouble(code string, at int64, path string) {
	if len(d.Troubles) < maxTroubles {
		d.Troubles = append(d.Troubles, Trouble{Code: code, At: at, Path: path})
	}
}

// cosigned checks the lines under the log's own signature. A line of nobody we were told about is counted and says
// nothing.
func (d *folder) cosigned(raw []byte) {
	body, lines, err := witness.Split(raw)
	if err != nil {
		d.trouble(CheckpointBad, d.Leaves, File)
		return
	}
	for _, l := range lines[1:] {
		c, err := witness.ParseLine(l)
		i := slices.IndexFunc(d.keys, func(k witness.Key) bool { return err == nil && c.Resembles(k) })
		switch {
		case i < 0:
			d.Unknown++
		case !d.keys[i].Verify(body, c):
			d.trouble(CosignatureBad, d.Leaves, File)
		default:
			d.Cosigned = append(d.Cosigned, c)
		}
	}
}

func (d *folder) run() error {
	for n := int64(0); n*tileWidth < d.Leaves && len(d.Troubles) < maxTroubles; n++ {
		if err := d.bundle(n); err != nil {
			return err
		}
	}
	for i := range d.seen { // what is left at the right rim
		if err := d.close(i); err != nil {
			return err
		}
	}
	if len(d.Troubles) == 0 && d.edge.root() != d.Newest.Root {
		d.trouble(CheckpointOther, d.Leaves, File)
	}
	return d.extras()
}

// bundle reads 256 leaves, or the last few, and hashes them into the tree.
func (d *folder) bundle(n int64) error {
	width := int(min(tileWidth, d.Leaves-n*tileWidth))
	path := entriesPath(n, width)
	raw, err := d.read("entries", n, width)
	if err != nil {
		return err
	}
	leaves, size := unbundle(raw, width)
	if len(leaves) < width || len(raw) > size && !d.full("entries", n, width) {
		d.trouble(EntriesBad, n*tileWidth, path)
		return nil
	}
	for _, leaf := range leaves {
		d.edge.push(leaf)
		h := tlog.RecordHash(leaf)
		if err := d.add(0, h); err != nil {
			return err
		}
	}
	return d.narrower("entries", n, width, raw, func(w int) int { _, size := unbundle(raw, w); return size })
}

// unbundle takes up to width leaves from a bundle and tells how many bytes they are.
func unbundle(raw []byte, width int) (leaves [][]byte, size int) {
	for len(leaves) < width && len(raw)-size >= 2 {
		n := int(binary.BigEndian.Uint16(raw[size:]))
		if len(raw)-size-2 < n {
			break
		}
		leaves = append(leaves, raw[size+2:size+2+n])
		size += 2 + n
	}
	return leaves, size
}

// add puts a hash into the tile of its level; a tile that is full is compared and hashed into the level above.
func (d *folder) add(i int, h tlog.Hash) error {
	if i == len(d.seen) {
		d.seen = append(d.seen, level{})
	}
	l := &d.seen[i]
	l.hashes = append(l.hashes, h[:]...)
	if len(l.hashes) < tileWidth*tlog.HashSize {
		return nil
	}
	if err := d.compare(i); err != nil {
		return err
	}
	up := tileRoot(l.hashes)
	l.hashes, l.n = l.hashes[:0], l.n+1
	return d.add(i+1, up)
}

func (d *folder) close(i int) error {
	if len(d.seen[i].hashes) == 0 {
		return nil
	}
	return d.compare(i)
}

// tileRoot hashes a full tile.
func tileRoot(data []byte) tlog.Hash {
	hs := make([]tlog.Hash, len(data)/tlog.HashSize)
	for i := range hs {
		hs[i] = tlog.Hash(data[i*tlog.HashSize:])
	}
	for len(hs) > 1 {
		for i := range len(hs) / 2 {
			hs[i] = tlog.NodeHash(hs[2*i], hs[2*i+1])
		}
		hs = hs[:len(hs)/2]
	}
	return hs[0]
}

// compare holds the tile on disk against what the leaves give.
func (d *folder) compare(i int) error {
	l := d.seen[i]
	width := len(l.hashes) / tlog.HashSize
	kind := strconv.Itoa(i)
	raw, err := d.read(kind, l.n, width)
	if err != nil {
		return err
	}
	if !bytes.Equal(raw, l.hashes) && !(len(raw) > len(l.hashes) && d.full(kind, l.n, width) && bytes.HasPrefix(raw, l.hashes)) {
		d.trouble(TileBad, l.n*tileWidth, d.path(kind, l.n, width))
	}
	return d.narrower(kind, l.n, width, l.hashes, func(w int) int { return w * tlog.HashSize })
}

// path is a tile's place, with slashes.
func (d *folder) path(kind string, n int64, width int) string {
	p := tlog.Tile{H: tileHeight, L: 0, N: n, W: width}.Path()
	return "tile/" + kind + "/" + strings.TrimPrefix(p, "tile/8/0/")
}

// read is a tile's bytes; the full tile stands in for a partial one that was removed since. A file that is not there is
// empty.
func (d *folder) read(kind string, n int64, width int) ([]byte, error) {
	raw, err := os.ReadFile(filepath.Join(d.dir, filepath.FromSlash(d.path(kind, n, width))))
	if errors.Is(err, fs.ErrNotExist) && width < tileWidth {
		raw, err = os.ReadFile(filepath.Join(d.dir, filepath.FromSlash(d.path(kind, n, tileWidth))))
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return raw, err
}

// full tells whether the full tile stood in for the partial one.
func (d *folder) full(kind string, n int64, width int) bool {
	if width == tileWidth {
		return false
	}
	_, err := os.Stat(filepath.Join(d.dir, filepath.FromSlash(d.path(kind, n, width))))
	return errors.Is(err, fs.ErrNotExist)
}

// narrower compares older partial tiles that still lie there: each is a beginning of this one.
func (d *folder) narrower(kind string, n int64, width int, whole []byte, size func(int) int) error {
	folder := strings.TrimSuffix(d.path(kind, n, 1), "/1")
	files, err := os.ReadDir(filepath.Join(d.dir, filepath.FromSlash(folder)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, f := range files {
		w, err := strconv.Atoi(f.Name())
		if err != nil || w < 1 || w >= width { // extras names what does not belong
			continue
		}
		raw, err := os.ReadFile(filepath.Join(d.dir, filepath.FromSlash(folder), f.Name()))
		if err != nil {
			return err
		}
		if s := size(w); s > len(whole) || !bytes.Equal(raw, whole[:s]) {
			d.trouble(TileBad, n*tileWidth, folder+"/"+f.Name())
		}
	}
	return nil
}

// extras names files of a longer log than the checkpoint's, and files that are no tiles: a checkpoint that was set back
// leaves such tiles behind.
func (d *folder) extras() error {
	root := filepath.Join(d.dir, "tile")
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if !d.belongs(filepath.ToSlash(rel)) {
			d.trouble(FileExtra, 0, "tile/"+filepath.ToSlash(rel))
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func (d *folder) belongs(rel string) bool {
	kind, rest, ok := strings.Cut(rel, "/")
	lev := 0
	if kind != "entries" {
		var err error
		if lev, err = strconv.Atoi(kind); err != nil || lev < 0 || lev > 7 || strconv.Itoa(lev) != kind {
			return false
		}
	}
	t, err := tlog.ParseTilePath("tile/8/0/" + rest)
	if !ok || err != nil {
		return false
	}
	have := d.Leaves >> (lev * tileHeight)
	return t.N*tileWidth+int64(t.W) <= have
}
