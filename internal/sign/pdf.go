package sign

import (
	"bytes"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
)

// room is how many bytes are kept free for a signature; with a timestamp it needs about 8 kB.
const room = 24 << 10

// PDF seals a PDF (PAdES-B-B, with a stamper B-T) by an update that leaves every earlier byte as it was. The seal has no
// picture on the page. why is shown by readers as the reason.
func (s *Signer) PDF(pdf []byte, why string, at time.Time, stamp Stamper) ([]byte, error) {
	f, err := readPDF(pdf)
	if err != nil {
		return nil, err
	}
	d, gap, err := f.update(why, s.chain[0].Subject.CommonName, at)
	if err != nil {
		return nil, err
	}
	cms, err := s.cms(gap.digest(d), time.Time{}, stamp)
	if err != nil {
		return nil, err
	}
	if len(cms) > room {
		return nil, fmt.Errorf("the signature of %d bytes does not fit into %d; the chain of certificates is too long", len(cms), room)
	}
	hex.Encode(d[gap.from+1:], cms)
	return d, nil
}

// gap is the place of the signature, from "<" to after ">".
type gap struct{ from, to int }

func (g gap) digest(d []byte) (sum [sha256.Size]byte) {
	h := sha256.New()
	h.Write(d[:g.from])
	h.Write(d[g.to:])
	return [sha256.Size]byte(h.Sum(nil))
}

// update appends the signature's field with an empty signature, and the byte range filled in.
func (f *file) update(why, who string, at time.Time) ([]byte, gap, error) {
	size, err := strconv.Atoi(string(f.trailer.get("Size")))
	if err != nil {
		return nil, gap{}, errPDF
	}
	if f.trailer.get("Encrypt") != nil {
		return nil, gap{}, errors.New("the PDF is encrypted and cannot be sealed")
	}
	root, err := reference(f.trailer.get("Root"))
	if err != nil {
		return nil, gap{}, err
	}
	catalogue, err := f.object(root)
	if err != nil {
		return nil, gap{}, err
	}
	if catalogue.get("AcroForm") != nil {
		return nil, gap{}, errors.New("the PDF has a form and cannot be sealed")
	}
	page, err := f.firstPage()
	if err != nil {
		return nil, gap{}, err
	}
	sheet, err := f.object(page)
	if err != nil {
		return nil, gap{}, err
	}
	notes, err := annotate(sheet.get("Annots"), size+1)
	if err != nil {
		return nil, gap{}, err
	}
	w := &update{offsets: map[int]int{}}
	w.Write(f.raw)
	if f.raw[len(f.raw)-1] != '\n' {
		w.WriteByte('\n')
	}
	g, ranges := w.signature(size, why, who, at)
	w.object(size+1, fmt.Sprintf("<</Type/Annot/Subtype/Widget/FT/Sig/T(ChOP)/V %d 0 R/Rect[0 0 0 0]/F 132/P %d 0 R>>", size, page))
	w.object(page, sheet.with("Annots", notes).String())
	w.object(root, catalogue.with("AcroForm", fmt.Sprintf("<</SigFlags 3/Fields[%d 0 R]>>", size+1)).String())
	w.close(f, size+2, []int{size, size + 1, page, root})
	d := w.Bytes()
	copy(d[ranges:], fmt.Sprintf("%d %d %d", g.from, g.to, len(d)-g.to))
	return d, g, nil
}

// annotate adds one reference to a page's annotations.
func annotate(old []byte, field int) (string, error) {
	ref := fmt.Sprintf("%d 0 R", field)
	switch {
	case old == nil:
		return "[" + ref + "]", nil
	case old[0] == '[':
		return strings.TrimSuffix(string(old), "]") + " " + ref + "]", nil
	}
	return "", errors.New("the PDF keeps its annotations apart and cannot be sealed")
}

type update struct {
	bytes.Buffer
	offsets map[int]int
}

func (w *update) object(n int, body string) {
	w.offsets[n] = w.Len()
	fmt.Fprintf(w, "%d 0 obj\n%s\nendobj\n", n, body)
}

// signature writes the signature's object with room for it, and for the byte range, which is known at the end.
func (w *update) signature(n int, why, who string, at time.Time) (g gap, ranges int) {
	w.offsets[n] = w.Len()
	fmt.Fprintf(w, "%d 0 obj\n<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached/M(D:%s+00'00')/Name %s/Reason %s/ByteRange[0 ",
		n, at.UTC().Format("20060102150405"), pdfText(who), pdfText(why))
	ranges = w.Len()
	fmt.Fprintf(w, "%-40s]/Contents", "")
	g.from = w.Len()
	w.WriteString("<" + strings.Repeat("0", 2*room) + ">")
	g.to = w.Len()
	w.WriteString(">>\nendobj\n")
	return g, ranges
}

// close writes the cross-reference table of the update and its trailer.
func (w *update) close(f *file, size int, objects []int) {
	at := w.Len()
	w.WriteString("xref\n")
	for _, n := range objects {
		fmt.Fprintf(w, "%d 1\n%010d 00000 n \n", n, w.offsets[n])
	}
	t := f.trailer.with("Size", strconv.Itoa(size)).with("Prev", strconv.Itoa(f.start))
	fmt.Fprintf(w, "trailer\n%s\nstartxref\n%d\n%%%%EOF\n", t, at)
}

// pdfText is a text string in UTF-16, which may hold any letter.
func pdfText(s string) string {
	b := []byte{0xFE, 0xFF}
	for _, u := range utf16.Encode([]rune(s)) {
		b = append(b, byte(u>>8), byte(u))
	}
	return "<" + hex.EncodeToString(b) + ">"
}

var byteRange = regexp.MustCompile(`/ByteRange\[0 (\d+) (\d+) (\d+) *\]/Contents<`)

// VerifyPDF checks a seal that PDF made: that it covers the whole file but for itself, and everything Verify checks.
func VerifyPDF(pdf []byte) (Seal, error) {
	all := byteRange.FindAllSubmatchIndex(pdf, -1)
	if len(all) == 0 {
		return Seal{}, errors.New("the PDF carries no seal")
	}
	m := all[len(all)-1]
	var n [3]int
	for i := range n {
		n[i], _ = strconv.Atoi(string(pdf[m[2+2*i]:m[3+2*i]])) // digits; too many leave 0, which is refused
	}
	g := gap{n[0], n[1]}
	if g.from != m[1]-1 || g.to != g.from+2*room+2 || g.to+n[2] != len(pdf) || n[2] < 0 || pdf[g.to-1] != '>' {
		return Seal{}, errors.New("the seal does not cover the whole file")
	}
	der, err := hex.DecodeString(string(pdf[g.from+1 : g.to-1]))
	if err != nil {
		return Seal{}, fmt.Errorf("read the seal: %w", err)
	}
	var one asn1.RawValue
	rest, err := asn1.Unmarshal(der, &one)
	if err != nil {
		return Seal{}, fmt.Errorf("read the seal: %w", err)
	}
	if len(bytes.Trim(rest, "\x00")) > 0 || hex.EncodeToString(der) != string(pdf[g.from+1:g.to-1]) {
		return Seal{}, errors.New("something was written beside the seal")
	}
	return verify(one.FullBytes, g.digest(pdf))
}
