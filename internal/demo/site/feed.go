package site

import (
	"bytes"
	"crypto/sha256"
	"encoding/xml"
	"fmt"
	"net/http"
	"slices"
	"time"
)

type rss struct {
	XMLName xml.Name `xml:"rss"`
	Version string   `xml:"version,attr"`
	DC      string   `xml:"xmlns:dc,attr"`
	Channel channel  `xml:"channel"`
}

type channel struct {
	Title       string    `xml:"title"`
	Link        string    `xml:"link"`
	Description string    `xml:"description"`
	Built       string    `xml:"lastBuildDate"`
	Items       []rssItem `xml:"item"`
}

type rssItem struct {
	Title       string `xml:"title"`
	Link        string `xml:"link"`
	Creator     string `xml:"dc:creator"`
	Date        string `xml:"pubDate"`
	GUID        guid   `xml:"guid"`
	Description string `xml:"description"`
}

type guid struct {
	PermaLink bool   `xml:"isPermaLink,attr"`
	ID        string `xml:",chardata"`
}

// feedSize is WordPress's default number of entries in a feed.
const feedSize = 10

// feed shows the newest approved comments, with ETag and Last-Modified.
func (s *Site) feed(w http.ResponseWriter, r *http.Request) {
	posts, all := s.Posts(), s.Comments()
	ch := channel{Title: "Komentarze: " + s.name, Link: base(r), Description: s.about}
	var last time.Time
	slices.SortFunc(all, query{order: "desc"}.compare)
	for _, c := range all {
		if c.Status != Approved || len(ch.Items) == feedSize {
			continue
		}
		i := slices.IndexFunc(posts, func(p Post) bool { return p.ID == c.Post })
		if i < 0 {
			continue
		}
		last = later(last, c.At)
		ch.Items = append(ch.Items, rssItem{
			Title: fmt.Sprintf("Komentarz do: %s, autor: %s", posts[i].Title, c.Author), Creator: c.Author, Date: c.At.Format(time.RFC1123Z),
			Link:        fmt.Sprintf("%s/%s/#comment-%d", base(r), posts[i].Slug, c.ID),
			GUID:        guid{ID: fmt.Sprintf("%s/?p=%d#comment-%d", base(r), c.Post, c.ID)},
			Description: paragraphs(c.Text)})
	}
	ch.Built = last.Format(time.RFC1123Z)
	var b bytes.Buffer
	b.WriteString(xml.Header)
	if err := xml.NewEncoder(&b).Encode(rss{Version: "2.0", DC: "http://purl.org/dc/elements/1.1/", Channel: ch}); err != nil {
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/rss+xml; charset=UTF-8")
	w.Header().Set("ETag", fmt.Sprintf(`"%x"`, sha256.Sum256(b.Bytes())))
	http.ServeContent(w, r, "", last, bytes.NewReader(b.Bytes()))
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
