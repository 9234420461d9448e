package dossier

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"image"
	_ "image/gif" // pictures people hand in
	"image/jpeg"
	_ "image/png"
	"path"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/image/draw"

	"chop/internal/evidence"
	"chop/internal/journal"
)

// item is what the documents say of one exhibit.
type item struct {
	evidence.Exhibit
	Digest   string // SHA-256 of capture.json
	Index    int64  // of its commitment in the log
	Account  string // as shown
	Quote    string
	URL      string
	Written  time.Time
	Vanished time.Time
	Versions int
	Kept     []kept
	Stamps   []stamped
	Pictures []string // data: addresses
	Favours  bool
	Original string // code of the sealed original, for a redacted copy
	Custody  []journal.Line
}

// kept is a file as it lies in the package.
type kept struct {
	Path, Name, Media, SHA256 string
	Size                      int64
}

type stamped struct {
	At   time.Time
	Name string
	Test bool
}

// read takes from an exhibit what stands in its manifest.
func (w *work) read(p evidence.Part) item {
	it := item{Exhibit: p.Exhibit, Digest: p.Receipt.Manifest, Index: p.Receipt.Index, URL: p.Meta["url"], Custody: p.Custody,
		Account: p.Meta["author"], Original: p.Meta["original"]}
	for _, id := range w.p.Order.Favours {
		it.Favours = it.Favours || id == p.ID || p.Ref.Kind == evidence.RefKind && id == p.Ref.ID
	}
	return it
}

const (
	maxQuote    = 400 // runes
	maxPictures = 60  // of all exhibits on the cover
	pictureWide = 640 // pixels
)

// file notes a file, and takes from it what the documents show.
func (it *item) file(f evidence.FileInfo, at string, body []byte) {
	it.Kept = append(it.Kept, kept{Path: at, Name: f.Name, Media: f.Media, SHA256: f.SHA256, Size: f.Size})
	switch {
	case f.Name == "item.json":
		it.comment(body)
	case f.Name == "revisions.json":
		var versions []json.RawMessage
		if json.Unmarshal(body, &versions) == nil {
			it.Versions = len(versions)
		}
	case strings.HasPrefix(f.Media, "image/") || path.Ext(f.Name) == ".png" || path.Ext(f.Name) == ".jpg":
		if src, ok := thumbnail(body); ok && len(it.Pictures) == 0 {
			it.Pictures = append(it.Pictures, src)
		}
	}
}

// comment reads what mention.Preserve wrote of an item.
func (it *item) comment(body []byte) {
	var c struct {
		Author struct {
			Name string `json:"name"`
		} `json:"author"`
		Text string    `json:"text"`
		URL  string    `json:"url"`
		At   time.Time `json:"written_at"`
		Gone time.Time `json:"gone_at"`
	}
	if json.Unmarshal(body, &c) != nil {
		return
	}
	it.Account, it.Quote, it.Written, it.Vanished = c.Author.Name, short(c.Text, maxQuote), c.At, c.Gone
	it.URL = cmp.Or(it.URL, c.URL)
}

func short(s string, runes int) string {
	if utf8.RuneCountInString(s) <= runes {
		return s
	}
	return strings.TrimSpace(string([]rune(s)[:runes])) + "…"
}

// Limits on a picture that is made smaller: a hostile one must not fill the memory.
const maxPixels = 80_000_000

// thumbnail is a picture small enough for a document. A page's picture is often very long: only its top is shown.
func thumbnail(body []byte) (src string, ok bool) {
	c, _, err := image.DecodeConfig(bytes.NewReader(body))
	if err != nil || c.Width <= 0 || c.Height <= 0 || c.Width*c.Height > maxPixels {
		return "", false
	}
	full, _, err := image.Decode(bytes.NewReader(body))
	if err != nil {
		return "", false
	}
	from := full.Bounds()
	from.Max.Y = min(from.Max.Y, from.Min.Y+from.Dx()*5/4)
	wide := min(pictureWide, from.Dx())
	small := image.NewRGBA(image.Rect(0, 0, wide, max(1, from.Dy()*wide/from.Dx())))
	draw.Draw(small, small.Bounds(), image.White, image.Point{}, draw.Src)
	draw.ApproxBiLinear.Scale(small, small.Bounds(), full, from, draw.Over, nil)
	var out bytes.Buffer
	if err := jpeg.Encode(&out, small, &jpeg.Options{Quality: 78}); err != nil {
		return "", false
	}
	return "data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(out.Bytes()), true
}
