package table

import (
	"sort"
	"strings"

	"chop/internal/fault"
	"chop/internal/source"
)

// Field is a place of an item that a column can fill.
type Field string

// The fields. Channel is the place or the domain where the mention stood.
const (
	ID        Field = "id"
	Date      Field = "date"
	Clock     Field = "clock" // time of day in a column of its own
	Author    Field = "author"
	Handle    Field = "handle"
	AuthorURL Field = "author_url"
	Text      Field = "text"
	URL       Field = "url"
	Channel   Field = "channel"
	PostTitle Field = "post_title"
	PostURL   Field = "post_url"
	ParentID  Field = "parent_id"
	Rating    Field = "rating"
	Sentiment Field = "sentiment" // as the file's maker judged; kept beside, never believed
	Reach     Field = "reach"
	Lang      Field = "lang"
)

// Fields lists all fields in the order a mapping page shows them; their names are messages "table.field.<field>".
var Fields = []Field{Date, Clock, Text, Author, Rating, Channel, URL, ID, PostTitle, PostURL, ParentID, Handle,
	AuthorURL, Sentiment, Reach, Lang}

// Mapping says which column fills which field. It can be saved as JSON and used again.
type Mapping struct {
	Preset    string           `json:"preset,omitempty"`
	Columns   map[Field]string `json:"columns"`             // field to the column's header
	Constants map[Field]string `json:"constants,omitempty"` // used where the row gives nothing
	DateOrder string           `json:"date_order,omitempty"`
	Zone      string           `json:"zone,omitempty"` // empty means Europe/Warsaw
	Kind      string           `json:"kind,omitempty"` // of items; empty: review when there are ratings, else comment
}

// constantFields are those that can be the same for a whole file.
var constantFields = map[Field]bool{Channel: true, PostTitle: true, PostURL: true, Lang: true}

// Check tells whether the mapping can read a file with these headers. Faults are Invalid: table.need (Date, and Text
// or Rating, must be mapped), table.column, table.constant, table.zone, table.mapping.
func (m Mapping) Check(headers []string) error {
	_, err := m.resolve(headers)
	return err
}

// resolve finds the columns' places.
func (m Mapping) resolve(headers []string) (map[Field]int, error) {
	at := map[Field]int{}
	for _, f := range sortedFields(m.Columns) {
		name := m.Columns[f]
		if name == "" {
			continue
		}
		if !known(f) {
			return nil, fault.New(fault.Invalid, "table.mapping", "Field", string(f))
		}
		i := find(headers, name)
		if i < 0 {
			return nil, fault.New(fault.Invalid, "table.column", "Column", name).On(string(f))
		}
		at[f] = i
	}
	if err := m.checkRest(); err != nil {
		return nil, err
	}
	if _, ok := at[Date]; !ok {
		return nil, fault.New(fault.Invalid, "table.need_date").On(string(Date))
	}
	_, text := at[Text]
	_, rating := at[Rating]
	if !text && !rating {
		return nil, fault.New(fault.Invalid, "table.need_text").On(string(Text))
	}
	return at, nil
}

func (m Mapping) checkRest() error {
	for f := range m.Constants {
		if !constantFields[f] {
			return fault.New(fault.Invalid, "table.mapping", "Field", string(f))
		}
	}
	switch m.DateOrder {
	case Auto, DMY, MDY:
	default:
		return fault.New(fault.Invalid, "table.mapping", "Field", "date_order")
	}
	switch m.Kind {
	case "", source.KindComment, source.KindReview, source.KindPost:
	default:
		return fault.New(fault.Invalid, "table.mapping", "Field", "kind")
	}
	_, err := zone(m.Zone)
	return err
}

func sortedFields(m map[Field]string) []Field {
	var out []Field
	for f := range m {
		out = append(out, f)
	}
	sort.Slice(out, func(i, j int) bool { return out[i] < out[j] })
	return out
}

func known(f Field) bool {
	for _, k := range Fields {
		if k == f {
			return true
		}
	}
	return false
}

// find looks for a column by its exact name, then by the name without case and diacritics.
func find(headers []string, name string) int {
	for i, h := range headers {
		if h == name {
			return i
		}
	}
	for i, h := range headers {
		if fold(h) == fold(name) {
			return i
		}
	}
	return -1
}

var diacritics = strings.NewReplacer("ą", "a", "ć", "c", "ę", "e", "ł", "l", "ń", "n", "ó", "o", "ś", "s", "ź", "z", "ż", "z")

// fold keeps lower-case letters without Polish marks and digits; all else becomes single spaces.
func fold(s string) string {
	s = diacritics.Replace(strings.ToLower(s))
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9')
	}), " ")
}
