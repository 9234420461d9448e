package table

import (
	"sort"
	"strings"
	"time"
	"unicode/utf8"

	"chop/internal/source"
)

// vocabulary holds the words by which exports name their columns, folded (domain/connectors.md A17). A header that
// is a phrase word for word is certain; one that holds it is the likelier, the less it holds beside.
var vocabulary = map[Field][]string{
	ID:        {"id", "identyfikator", "mention id", "comment id", "review id", "external id", "id wzmianki", "id komentarza", "id opinii"},
	Date:      {"data", "date", "data publikacji", "data dodania", "created at", "published at", "published", "created", "created time", "timestamp", "time", "czas", "datetime", "data i godzina", "date time"},
	Clock:     {"godzina", "hour", "time of day", "czas publikacji"},
	Author:    {"autor", "author", "author name", "nazwa autora", "nick", "uzytkownik", "user", "username", "user name", "reviewer", "reviewer name", "imie", "name", "from"},
	Handle:    {"handle", "login", "screen name", "konto", "account"},
	AuthorURL: {"author url", "author link", "profil", "profil autora", "profile url", "link do profilu", "adres autora"},
	Text:      {"tresc", "text", "tekst", "content", "mention", "wzmianka", "komentarz", "comment", "opinia", "review", "review text", "message", "wiadomosc", "body", "tresc komentarza", "tresc wzmianki", "tresc opinii", "full text", "snippet"},
	URL:       {"url", "link", "adres", "adres url", "permalink", "link do wzmianki", "mention url", "source url"},
	Channel:   {"zrodlo", "source", "domain", "domena", "kanal", "channel", "serwis", "portal", "platform", "platforma", "site"},
	PostTitle: {"tytul", "title", "tytul posta", "post title", "temat", "subject", "naglowek", "headline"},
	PostURL:   {"post url", "link do posta", "adres posta", "parent url"},
	ParentID:  {"parent id", "reply to", "in reply to", "odpowiedz na", "id nadrzedny"},
	Rating:    {"ocena", "rating", "stars", "gwiazdki", "star rating", "liczba gwiazdek", "score", "rate"},
	Sentiment: {"sentyment", "sentiment", "wydzwiek", "nastroj", "tone"},
	Reach:     {"zasieg", "reach", "followers", "followers count", "obserwujacy", "liczba obserwujacych", "wyswietlenia", "views"},
	Lang:      {"jezyk", "language", "lang"},
}

// Guess proposes a mapping from the headers (Polish or English) and a sample of rows. It takes a preset when the
// file bears its marks, fills the rest by header words and then by values. The person corrects it; Check tells what
// is missing. The order of day and month is set only where the sample proves it.
func Guess(headers []string, sample [][]string) Mapping {
	m := Mapping{Columns: map[Field]string{}}
	for _, p := range Presets {
		if p.fits(headers) {
			m, _ = p.Map(headers)
			break
		}
	}
	taken := map[string]bool{}
	for _, h := range m.Columns {
		taken[h] = true
	}
	for _, c := range candidates(headers, sample) {
		if h := headers[c.column]; m.Columns[c.field] == "" && !taken[h] {
			m.Columns[c.field], taken[h] = h, true
		}
	}
	byValues(&m, headers, sample, taken)
	m.DateOrder = order(column(sample, find(headers, m.Columns[Date])))
	if m.Kind == "" && m.Columns[Rating] != "" {
		m.Kind = source.KindReview
	}
	return m
}

type candidate struct {
	field  Field
	column int
	score  int
}

const certain, likely = 100, 30

// candidates lists what each header may mean, best first.
func candidates(headers []string, sample [][]string) []candidate {
	var out []candidate
	for _, f := range Fields {
		for i, h := range headers {
			s := match(fold(h), vocabulary[f])
			if s >= likely {
				s += evidence(f, column(sample, i))
			}
			if s >= likely {
				out = append(out, candidate{f, i, s})
			}
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].score > out[j].score })
	return out
}

func match(header string, phrases []string) int {
	best := 0
	for _, p := range phrases {
		switch {
		case header == p:
			return certain
		case strings.Contains(" "+header+" ", " "+p+" "):
			best = max(best, certain*len(p)/len(header))
		}
	}
	return best
}

func column(sample [][]string, i int) []string {
	var out []string
	for _, row := range sample {
		if i >= 0 && i < len(row) && strings.TrimSpace(row[i]) != "" {
			out = append(out, row[i])
		}
	}
	return out
}

// evidence lets values speak for or against what a header seems to mean.
func evidence(f Field, values []string) int {
	test := map[Field]func(string) bool{Date: isDate, URL: isURL, PostURL: isURL, AuthorURL: isURL, Rating: isRating,
		Clock: clockOnlyOrFraction}[f]
	if test == nil || len(values) == 0 {
		return 0
	}
	switch s := share(values, test); {
	case s >= 0.8:
		return 50
	case s < 0.2:
		return -200
	}
	return 0
}

func share(values []string, test func(string) bool) float64 {
	n := 0
	for _, v := range values {
		if test(v) {
			n++
		}
	}
	return float64(n) / float64(max(1, len(values)))
}

func isDate(s string) bool {
	_, problem := parseDate(s, dates{order: DMY, zone: time.UTC})
	if problem != "" {
		_, problem = parseDate(s, dates{order: MDY, zone: time.UTC})
	}
	return problem == ""
}

func isRating(s string) bool {
	_, ok := parseRating(s)
	return ok
}

func clockOnlyOrFraction(s string) bool {
	_, ok := withClock("2026-01-01", s)
	return ok
}

// byValues finds what no header told: the column of dates, the one of links, and the longest text.
func byValues(m *Mapping, headers []string, sample [][]string, taken map[string]bool) {
	for _, f := range []Field{Date, URL, Text} {
		if m.Columns[f] != "" {
			continue
		}
		best, bestScore := -1, 0.0
		for i, h := range headers {
			if s := worth(f, column(sample, i)); !taken[h] && s > bestScore {
				best, bestScore = i, s
			}
		}
		if best >= 0 {
			m.Columns[f], taken[headers[best]] = headers[best], true
		}
	}
}

func worth(f Field, values []string) float64 {
	if len(values) == 0 {
		return 0
	}
	switch f {
	case Date:
		return above(share(values, isDate), 0.8)
	case URL:
		return above(share(values, isURL), 0.8)
	}
	letters := 0
	for _, v := range values {
		if !isURL(v) && !isDate(v) {
			letters += utf8.RuneCountInString(v)
		}
	}
	return above(float64(letters)/float64(len(values)), 12) // shorter is a name or a code
}

func above(x, least float64) float64 {
	if x < least {
		return 0
	}
	return x
}

// order is the order of day and month that all values allow and at least one proves.
func order(values []string) string {
	dmy, mdy, proof := true, true, false
	for _, v := range values {
		_, p := parseDate(v, dates{order: DMY, zone: time.UTC})
		_, q := parseDate(v, dates{order: MDY, zone: time.UTC})
		if p != "" && q != "" {
			continue
		}
		dmy, mdy = dmy && p == "", mdy && q == ""
		proof = proof || p != q
	}
	switch {
	case proof && dmy:
		return DMY
	case proof && mdy:
		return MDY
	}
	return Auto
}
