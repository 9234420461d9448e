package site

import (
	"cmp"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxText is the width of WordPress's text column in bytes.
const maxText = 65525

func wpTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05") }

func escape(s string) string { return html.EscapeString(s) }

func paragraphs(text string) string {
	var b strings.Builder
	for _, p := range strings.Split(text, "\n\n") {
		b.WriteString("<p>" + strings.ReplaceAll(escape(strings.TrimSpace(p)), "\n", "<br />\n") + "</p>\n")
	}
	return b.String()
}

// view is a comment as the REST interface shows it; only context=edit shows the person and the raw text.
func (s *Site) view(c Comment, r *http.Request, edit bool) map[string]any {
	b := base(r)
	content := map[string]string{"rendered": paragraphs(c.Text)}
	v := map[string]any{"id": c.ID, "post": c.Post, "parent": c.Parent, "author": c.UserID, "author_name": c.Author, "author_url": c.URL,
		"date": wpTime(c.At), "date_gmt": wpTime(c.At), "content": content, "status": c.Status, "type": "comment", "meta": []int{},
		"link": fmt.Sprintf("%s/#comment-%d", b, c.ID),
		"_links": map[string]any{"up": []any{map[string]any{"embeddable": true, "post_type": "post",
			"href": fmt.Sprintf("%s/wp-json/wp/v2/posts/%d", b, c.Post)}}}}
	if p := s.post(c.Post); p != nil {
		v["link"] = fmt.Sprintf("%s/%s/#comment-%d", b, p.Slug, c.ID)
	}
	if edit {
		content["raw"] = c.Text
		v["author_email"], v["author_ip"], v["author_user_agent"] = c.Email, c.IP, c.UserAgent
	}
	return v
}

// query is what a listing asks for.
type query struct {
	status, order, orderby  string
	after, before           time.Time
	perPage, page, offset   int
	posts, parents, authors map[int]bool
	include                 map[int]bool
	email, search           string
	edit                    bool
}

func parseQuery(r *http.Request) (q query, bad string) {
	f := r.FormValue
	q = query{status: cmp.Or(f("status"), "approve"), order: cmp.Or(f("order"), "desc"), orderby: cmp.Or(f("orderby"), "date_gmt"),
		posts: numbers(f("post")), parents: numbers(f("parent")), authors: numbers(f("author")), include: numbers(f("include")),
		email: f("author_email"), search: f("search"), edit: f("context") == "edit", perPage: 10, page: 1}
	for name, to := range map[string]*int{"per_page": &q.perPage, "page": &q.page, "offset": &q.offset} {
		if v := f(name); v != "" {
			n, err := strconv.Atoi(v)
			if err != nil || n < 0 || (name != "offset" && n < 1) || (name == "per_page" && n > 100) {
				return q, name
			}
			*to = n
		}
	}
	for name, to := range map[string]*time.Time{"after": &q.after, "before": &q.before} {
		if v := f(name); v != "" {
			t, err := parseTime(v)
			if err != nil {
				return q, name
			}
			*to = t
		}
	}
	if !slices.Contains([]string{"date", "date_gmt", "id"}, q.orderby) {
		return q, "orderby"
	}
	return q, ""
}

func parseTime(v string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, v); err == nil {
		return t.UTC(), nil
	}
	return time.Parse("2006-01-02T15:04:05", v)
}

func (q query) wants(c Comment) bool {
	switch q.status {
	case "any":
	case "all":
		if c.Status != Approved && c.Status != Hold {
			return false
		}
	case "approve":
		if c.Status != Approved {
			return false
		}
	default: // "approved" matches nothing in a listing: WordPress compares it with the column, which says 1
		if c.Status != q.status || q.status == Approved {
			return false
		}
	}
	in := func(m map[int]bool, n int) bool { return len(m) == 0 || m[n] }
	return in(q.posts, c.Post) && in(q.parents, c.Parent) && in(q.authors, c.UserID) && in(q.include, c.ID) &&
		(q.after.IsZero() || c.At.After(q.after)) && (q.before.IsZero() || c.At.Before(q.before)) &&
		(q.email == "" || c.Email == q.email) && strings.Contains(c.Text, q.search)
}

func (q query) compare(a, b Comment) int {
	n := a.ID - b.ID
	if q.orderby != "id" {
		n = cmp.Or(a.At.Compare(b.At), n)
	}
	if q.order == "desc" {
		return -n
	}
	return n
}

func (s *Site) list(w http.ResponseWriter, r *http.Request, who *account) {
	q, bad := parseQuery(r)
	switch {
	case bad != "":
		badParam(w, bad)
		return
	case q.edit && !who.mayModerate():
		refuse(w, needsRight(who), "rest_forbidden_context", "Nie możesz edytować komentarzy.")
		return
	case !who.mayModerate() && (q.status != "approve" || len(q.authors) > 0 || q.email != ""):
		refuse(w, needsRight(who), "rest_forbidden_param", "Niedozwolony parametr zapytania: status")
		return
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	var found []Comment
	for _, c := range s.comments {
		if q.wants(c) {
			found = append(found, c)
		}
	}
	slices.SortFunc(found, q.compare)
	from := q.offset
	if from == 0 {
		from = (q.page - 1) * q.perPage
	}
	out := []any{}
	for _, c := range found[min(from, len(found)):min(from+q.perPage, len(found))] {
		out = append(out, s.view(c, r, q.edit))
	}
	pages := (len(found) + q.perPage - 1) / q.perPage
	w.Header().Set("X-WP-Total", strconv.Itoa(len(found)))
	w.Header().Set("X-WP-TotalPages", strconv.Itoa(pages))
	answer(w, 200, out)
}

// input is the body of a create or an update; nil means not sent.
type input struct {
	Post, Parent *int
	Content      *text
	Status       *string
	IP           *string `json:"author_ip"`
	UserAgent    string  `json:"author_user_agent"`
}

// text is a string, or an object with it under raw.
type text string

func (t *text) UnmarshalJSON(b []byte) error {
	var o struct{ Raw string }
	if json.Unmarshal(b, &o) == nil {
		*t = text(o.Raw)
		return nil
	}
	return json.Unmarshal(b, (*string)(t))
}

func read(w http.ResponseWriter, r *http.Request) (in input, ok bool) {
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err == nil && len(b) > 0 {
		err = json.Unmarshal(b, &in)
	}
	if err != nil {
		refuse(w, 400, "rest_invalid_json", "Nieprawidłowa treść JSON.")
		return in, false
	}
	if in.IP != nil {
		if _, err := netip.ParseAddr(*in.IP); err != nil {
			badParam(w, "author_ip")
			return in, false
		}
	}
	return in, true
}

// sign puts the sender's address and program into the comment unless the request names others: the trap that destroys
// what is known about the commenter.
func (in input) sign(c *Comment, r *http.Request) {
	c.IP = remoteIP(r)
	if in.IP != nil {
		c.IP = *in.IP
	}
	if ua := cmp.Or(in.UserAgent, r.UserAgent()); ua != "" {
		c.UserAgent = ua
	}
}

func (s *Site) create(w http.ResponseWriter, r *http.Request, who *account) {
	if who == nil {
		refuse(w, 401, "rest_comment_login_required", "Aby komentować, trzeba się zalogować.")
		return
	}
	in, ok := read(w, r)
	if !ok {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if in.Post == nil || s.post(*in.Post) == nil {
		refuse(w, 403, "rest_comment_invalid_post_id", "Nie można utworzyć komentarza bez wpisu.")
		return
	}
	if in.Content == nil || strings.TrimSpace(string(*in.Content)) == "" {
		refuse(w, 400, "rest_comment_content_invalid", "Nieprawidłowa treść komentarza.")
		return
	}
	if len(*in.Content) > maxText {
		refuse(w, 400, "comment_content_column_length", "Treść komentarza jest za długa.")
		return
	}
	c := Comment{Post: *in.Post, UserID: who.id, Author: who.name, Text: strings.TrimSpace(string(*in.Content)), Status: Hold}
	if in.Parent != nil {
		c.Parent = *in.Parent // not checked, as in WordPress: an answer to nothing is accepted
	}
	if who.moderator {
		c.Status = Approved
	}
	in.sign(&c, r)
	if s.duplicate(c) {
		refuse(w, 409, "comment_duplicate", "Wygląda na to, że to już zostało powiedziane.")
		return
	}
	n := s.add(c)
	w.Header().Set("Location", fmt.Sprintf("%s/wp-json/wp/v2/comments/%d", base(r), n.ID))
	answer(w, 201, s.view(*n, r, who.moderator))
}

func (s *Site) one(w http.ResponseWriter, r *http.Request, who *account, word string) {
	id, err := strconv.Atoi(word)
	if err != nil {
		refuse(w, 404, "rest_no_route", "Nie znaleziono ścieżki pasującej do adresu i metody żądania.")
		return
	}
	edit := r.Method != http.MethodGet || r.FormValue("context") == "edit"
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.find(id)
	switch {
	case c == nil:
		refuse(w, 404, "rest_comment_invalid_id", "Nieprawidłowy identyfikator komentarza.")
	case edit && !who.mayModerate():
		refuse(w, needsRight(who), "rest_forbidden_context", "Nie możesz edytować komentarzy.")
	case c.Status != Approved && !who.mayModerate():
		refuse(w, needsRight(who), "rest_cannot_read", "Nie możesz przeczytać tego komentarza.")
	case r.Method == http.MethodGet:
		answer(w, 200, s.view(*c, r, edit))
	case r.Method == http.MethodDelete:
		s.remove(w, r, c)
	default:
		s.update(w, r, c)
	}
}

func (s *Site) update(w http.ResponseWriter, r *http.Request, c *Comment) {
	in, ok := read(w, r)
	if !ok {
		return
	}
	in.sign(c, r)
	if in.Content != nil {
		c.Text = string(*in.Content)
	}
	if in.Status != nil {
		c.move(*in.Status) // an unknown word is no error
	}
	answer(w, 200, s.view(*c, r, true))
}

func (s *Site) remove(w http.ResponseWriter, r *http.Request, c *Comment) {
	if force := r.FormValue("force"); force == "true" || force == "1" {
		id, v := c.ID, map[string]any{"deleted": true, "previous": s.view(*c, r, true)}
		s.comments = slices.DeleteFunc(s.comments, func(x Comment) bool { return x.ID == id })
		answer(w, 200, v)
		return
	}
	if c.Status == Trash {
		refuse(w, 410, "rest_already_trashed", "Komentarz jest już w koszu.")
		return
	}
	c.move(Trash)
	answer(w, 200, s.view(*c, r, true))
}
