package table

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"chop/internal/fault"
	"chop/internal/source"
)

const maxID = 512 // bytes of an external id (source.Item)

// Stats is what a reading came to; Bytes of Total are behind us.
type Stats struct {
	Rows, Items, Problems int
	Bytes, Total          int64
}

// Read walks the table and yields, row by row, an item or a problem, with the number n of the row as a spreadsheet
// shows it. A problem is a fault that names row, column, cause and cure; it does not stop the rest. yield returns
// false to stop. Texts stay letter for letter: formulas and HTML are never interpreted. A row without an id gets one
// made from channel, author, time and text, so a second import of the same rows changes nothing. The error is a fault
// of Mapping.Check, of a file that cannot be read on, or of the context.
func Read(ctx context.Context, t *Table, m Mapping, yield func(n int, it source.Item, problem error) bool) (Stats, error) {
	var s Stats
	r, err := newReader(t, m)
	if err != nil {
		return s, err
	}
	for {
		if err := ctx.Err(); err != nil {
			return s, err
		}
		row, err := t.Next()
		s.Bytes, s.Total = t.Progress()
		if err == io.EOF {
			return s, nil
		}
		if err != nil {
			return s, err
		}
		if row.Err == nil && filled(row.Cells) == 0 {
			continue
		}
		it, problem := r.item(row)
		s.Rows++
		if problem != nil {
			s.Problems++
		} else {
			s.Items++
		}
		if !yield(row.N, it, problem) {
			return s, nil
		}
	}
}

type reader struct {
	headers []string
	at      map[Field]int
	m       Mapping
	dates   dates
}

func newReader(t *Table, m Mapping) (*reader, error) {
	at, err := m.resolve(t.Headers())
	if err != nil {
		return nil, err
	}
	z, err := zone(m.Zone)
	if err != nil {
		return nil, err
	}
	return &reader{headers: t.Headers(), at: at, m: m,
		dates: dates{order: m.DateOrder, zone: z, d1904: t.Format().Date1904}}, nil
}

// cell is the row's value of the field, or the constant.
func (r *reader) cell(row Row, f Field) string {
	if i, ok := r.at[f]; ok && i < len(row.Cells) {
		if v := strings.TrimSpace(row.Cells[i]); v != "" {
			return v
		}
	}
	return r.m.Constants[f]
}

func (r *reader) item(row Row) (source.Item, error) {
	if row.Err != nil {
		return source.Item{}, row.Err
	}
	it := source.Item{
		Kind:     r.m.Kind,
		ParentID: r.cell(row, ParentID),
		Text:     r.cell(row, Text),
		URL:      r.cell(row, URL),
		Lang:     r.cell(row, Lang),
		Author:   source.Account{Name: r.cell(row, Author), Handle: r.cell(row, Handle), URL: r.cell(row, AuthorURL)},
		Post:     post(r.cell(row, PostTitle), r.cell(row, PostURL)),
		Meta:     source.Meta{},
	}
	for f, key := range map[Field]string{Channel: "channel", Sentiment: "sentiment", Reach: "reach"} {
		if v := r.cell(row, f); v != "" {
			it.Meta[key] = v
		}
	}
	var err error
	if it.At, err = r.when(row); err != nil {
		return source.Item{}, err
	}
	if it.Rating, err = r.rating(row); err != nil {
		return source.Item{}, err
	}
	if err := r.sizes(row, it); err != nil {
		return source.Item{}, err
	}
	r.complete(row, &it)
	return it, nil
}

// complete adds the kind, the id and the row as it was.
func (r *reader) complete(row Row, it *source.Item) {
	if _, rated := r.at[Rating]; it.Kind == "" && rated {
		it.Kind = source.KindReview
	} else if it.Kind == "" {
		it.Kind = source.KindComment
	}
	it.ExternalID = r.cell(row, ID)
	if it.ExternalID == "" || rounded.MatchString(it.ExternalID) {
		it.ExternalID = stableID(*it)
	}
	it.Raw = r.raw(row)
}

// rounded is a long number that a spreadsheet wrote in powers of ten: its last digits are gone, two items may share it.
var rounded = regexp.MustCompile(`^\d([.,]\d+)?[eE]\+\d+$`)

func stableID(it source.Item) string {
	h := sha256.New()
	for _, part := range []string{it.Meta["channel"], it.Author.Name, it.At.UTC().Format(time.RFC3339Nano), it.Text} {
		h.Write([]byte(strconv.Itoa(len(part)) + ":" + part))
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}

// post is known by its address, else by its title; without either there is none.
func post(title, url string) source.Post {
	p := source.Post{Title: title, URL: url, ExternalID: url}
	if len(url) > maxID || url == "" && title != "" {
		sum := sha256.Sum256([]byte(url + "\n" + title))
		p.ExternalID = "sha256:" + hex.EncodeToString(sum[:])
	}
	return p
}

// raw writes the row as a JSON object in the columns' order.
func (r *reader) raw(row Row) []byte {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, c := range row.Cells {
		if i >= len(r.headers) {
			break
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(quote(r.headers[i]))
		b.WriteByte(':')
		b.Write(quote(c))
	}
	b.WriteByte('}')
	return b.Bytes()
}

func quote(s string) []byte {
	b, _ := json.Marshal(s) // a string always marshals
	return b
}

// problem names the row, the column as the person called it, and the beginning of the value.
func (r *reader) problem(code string, row Row, f Field) error {
	column := ""
	if i, ok := r.at[f]; ok {
		column = r.headers[i]
	}
	value := []rune(r.cell(row, f))
	if len(value) > 40 {
		value = append(value[:40], '…')
	}
	return fault.New(fault.Invalid, "table."+code, "Row", row.N, "Column", column, "Value", string(value)).On(string(f))
}

func (r *reader) when(row Row) (time.Time, error) {
	date := r.cell(row, Date)
	if date == "" {
		return time.Time{}, r.problem("no_date", row, Date)
	}
	d := r.dates
	if clock := r.cell(row, Clock); clock != "" && !strings.Contains(date, ":") {
		joined, ok := withClock(date, clock)
		if !ok {
			return time.Time{}, r.problem("clock", row, Clock)
		}
		date = joined
	}
	t, problem := parseDate(date, d)
	if problem != "" {
		return time.Time{}, r.problem(problem, row, Date)
	}
	return t, nil
}

func (r *reader) rating(row Row) (int, error) {
	v := r.cell(row, Rating)
	if v == "" {
		return 0, nil
	}
	n, ok := parseRating(v)
	if !ok {
		return 0, r.problem("rating", row, Rating)
	}
	return n, nil
}

var (
	outOf = regexp.MustCompile(`^(\d{1,3}(?:[.,]\d+)?)\s*(?:/|z|of|out of|na)\s*(5|6|10|100)$`)
	words = map[string]int{"one": 1, "two": 2, "three": 3, "four": 4, "five": 5}
)

// parseRating reads 1 to 5: "4", "4,0", "★★★★☆", "FOUR", and other scales brought to five: "8/10".
func parseRating(s string) (int, bool) {
	s = strings.ToLower(strings.TrimSpace(s))
	if n, ok := words[s]; ok {
		return n, true
	}
	if full := strings.Count(s, "★") + strings.Count(s, "⭐"); full > 0 {
		return full, full <= 5 && strings.Trim(s, "★⭐☆\uFE0F ") == ""
	}
	scale := 5.0
	if m := outOf.FindStringSubmatch(s); m != nil {
		s = m[1]
		scale, _ = strconv.ParseFloat(m[2], 64)
	}
	x, err := strconv.ParseFloat(strings.Replace(s, ",", ".", 1), 64)
	if err != nil || math.IsNaN(x) || x < 0 || x > scale {
		return 0, false
	}
	n := int(math.Round(x * 5 / scale))
	return max(n, 1), x > 0
}

// sizes refuses what is over the limits; nothing is cut.
func (r *reader) sizes(row Row, it source.Item) error {
	if it.Text == "" && it.Rating == 0 {
		return r.problem("no_text", row, Text)
	}
	for f, limit := range map[Field]int{Text: MaxText, ID: maxID, ParentID: maxID, Author: 2048, URL: 8192, PostTitle: 2048,
		PostURL: 8192, AuthorURL: 8192, Handle: 2048, Channel: 2048, Sentiment: 2048, Reach: 2048, Lang: 64} {
		if v := r.cell(row, f); len(v) > limit {
			return r.problem("too_long", row, f)
		}
	}
	return nil
}
