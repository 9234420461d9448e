package linear

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
)

// A model file: "chopm1\n", then deflated: length of the head table (4 bytes), the head table as JSON, named weights as
// little-endian float32, grams as bytes.
const magic = "chopm1\n"

type table struct {
	Bits  int
	Names []string
	Heads []Head
}

// Write writes the model.
func (m *Model) Write(w io.Writer) error {
	if _, err := io.WriteString(w, magic); err != nil {
		return fmt.Errorf("write model: %w", err)
	}
	z, err := flate.NewWriter(w, flate.BestCompression)
	if err != nil {
		return fmt.Errorf("write model: %w", err)
	}
	m.writeBody(z)
	if err := z.Close(); err != nil {
		return fmt.Errorf("write model: %w", err)
	}
	return nil
}

// writeBody leaves errors to the writer behind: deflate reports them at Close, a hash has none.
func (m *Model) writeBody(w io.Writer) {
	head, err := json.Marshal(table{Bits, m.Names, m.Heads})
	if err != nil {
		panic(err) // numbers and names always marshal
	}
	b := binary.LittleEndian.AppendUint32(nil, uint32(len(head)))
	_, _ = w.Write(append(b, head...))
	_ = binary.Write(w, binary.LittleEndian, m.named)
	_ = binary.Write(w, binary.LittleEndian, m.grams)
}

// Open reads a model; a damaged file is an error that says what is wrong with it.
func Open(raw []byte) (*Model, error) {
	rest, ok := bytes.CutPrefix(raw, []byte(magic))
	if !ok {
		return nil, fmt.Errorf("open model: the file does not begin with %q", magic)
	}
	r := flate.NewReader(bytes.NewReader(rest))
	var size [4]byte
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return nil, fmt.Errorf("open model: %w", err)
	}
	n := binary.LittleEndian.Uint32(size[:])
	if n > 1<<20 {
		return nil, fmt.Errorf("open model: a head table of %d bytes", n)
	}
	head := make([]byte, n)
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, fmt.Errorf("open model: %w", err)
	}
	var t table
	if err := json.Unmarshal(head, &t); err != nil {
		return nil, fmt.Errorf("open model: %w", err)
	}
	if t.Bits != Bits || len(t.Names) > 1<<16 || len(t.Heads) == 0 || len(t.Heads) > 100 {
		return nil, fmt.Errorf("open model: made for %d bits, %d names, %d heads", t.Bits, len(t.Names), len(t.Heads))
	}
	return readWeights(r, t)
}

func readWeights(r io.Reader, t table) (*Model, error) {
	m := &Model{Heads: t.Heads, Names: t.Names}
	raw := make([]byte, 4*len(t.Names)*len(t.Heads))
	if _, err := io.ReadFull(r, raw); err != nil {
		return nil, fmt.Errorf("open model: named weights: %w", err)
	}
	m.named = make([]float32, len(t.Names)*len(t.Heads))
	if _, err := binary.Decode(raw, binary.LittleEndian, m.named); err != nil {
		return nil, fmt.Errorf("open model: named weights: %w", err)
	}
	raw = make([]byte, len(t.Heads)<<Bits)
	if _, err := io.ReadFull(r, raw); err != nil {
		return nil, fmt.Errorf("open model: grams: %w", err)
	}
	m.grams = make([]int8, len(raw))
	for i, b := range raw {
		m.grams[i] = int8(b)
	}
	return m, nil
}
