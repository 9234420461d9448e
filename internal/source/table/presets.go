package table

import "chop/internal/source"

// Preset is a ready mapping for exports of one kind of program. Its name is the message "table.preset.<name>".
type Preset struct {
	Name    string
	Marks   []string           // headers by which a file of this kind is known; all must be there
	Columns map[Field][]string // headers that may fill the field, the first found wins
	Kind    string
}

// Generic is the preset that fits any file: Guess without marks.
const Generic = "generic"

// Presets are data; the makers of these programs publish no column lists, so the names are what their exports are
// known to look like, and Guess fills what differs.
var Presets = []Preset{
	{
		Name:  "monitoring", // exports of media monitoring services such as Brand24
		Marks: []string{"sentiment", "domain"},
		Columns: map[Field][]string{
			Date: {"date", "created date"}, Clock: {"hour", "time"}, Text: {"content", "mention", "mention content", "snippet"},
			PostTitle: {"title"}, URL: {"url", "link", "mention url"}, Channel: {"domain", "source"},
			Author: {"author", "author name"}, Sentiment: {"sentiment"},
			Reach: {"social media reach", "reach", "followers count", "followers"}, Lang: {"language"},
		},
	},
	{
		Name:  "monitoring", // the same with Polish headers
		Marks: []string{"sentyment", "tresc"},
		Columns: map[Field][]string{
			Date: {"data", "data publikacji"}, Clock: {"godzina"}, Text: {"tresc"}, PostTitle: {"tytul"},
			URL: {"url", "link"}, Channel: {"domena", "zrodlo"}, Author: {"autor"}, Sentiment: {"sentyment"},
			Reach: {"zasieg", "liczba obserwujacych"}, Lang: {"jezyk"},
		},
	},
	{
		Name:  "reviews", // exports of reviews in the fields of Google Business Profile
		Marks: []string{"reviewer displayName", "starRating"},
		Columns: map[Field][]string{
			ID: {"reviewId", "name"}, Date: {"createTime", "updateTime"}, Text: {"comment"},
			Author: {"reviewer displayName"}, Rating: {"starRating"},
		},
		Kind: source.KindReview,
	},
	{
		Name:  "reviews",
		Marks: []string{"reviewer", "rating"},
		Columns: map[Field][]string{
			ID: {"review id"}, Date: {"date", "review date", "published at", "published"}, Text: {"review", "review text", "text", "comment"},
			Author: {"reviewer"}, Rating: {"rating"}, URL: {"review url", "url", "link"},
		},
		Kind: source.KindReview,
	},
}

// PresetNamed is the preset that fits the headers best among those of the name; false when the name is unknown. The
// generic preset is Guess itself.
func PresetNamed(name string, headers []string) (Preset, bool) {
	var found Preset
	ok := false
	for _, p := range Presets {
		if p.Name == name && (!ok || p.fits(headers)) {
			found, ok = p, true
		}
	}
	return found, ok
}

func (p Preset) fits(headers []string) bool {
	for _, mark := range p.Marks {
		if find(headers, mark) < 0 {
			return false
		}
	}
	return true
}

// Map applies the preset to the headers; missing are the fields it hoped for in vain.
func (p Preset) Map(headers []string) (m Mapping, missing []Field) {
	m = Mapping{Preset: p.Name, Columns: map[Field]string{}, Kind: p.Kind}
	for _, f := range Fields {
		for _, name := range p.Columns[f] {
			if i := find(headers, name); i >= 0 && m.Columns[f] == "" {
				m.Columns[f] = headers[i]
			}
		}
		if len(p.Columns[f]) > 0 && m.Columns[f] == "" {
			missing = append(missing, f)
		}
	}
	return m, missing
}
