package site

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

//go:embed assets
var assets embed.FS

var pages = template.Must(template.New("").Funcs(template.FuncMap{
	"paragraphs": func(t string) []string { return strings.Split(strings.ReplaceAll(t, "\r\n", "\n"), "\n\n") },
	"initial":    initial,
	"tone":       func(name string) int { return len(name) % 5 },
	"when":       func(t time.Time) string { return t.In(warsaw).Format("02.01.2006, 15:04") },
	"stamp":      func(t time.Time) string { return t.Format(time.RFC3339) },
	"count":      count,
}).ParseFS(assets, "assets/*.html"))

// warsaw is the shop's clock on the wall; without a time zone database it shows UTC.
var warsaw = func() *time.Location {
	if l, err := time.LoadLocation("Europe/Warsaw"); err == nil {
		return l
	}
	return time.UTC
}()

func initial(name string) string {
	r, _ := utf8.DecodeRuneInString(strings.TrimSpace(name))
	if r == utf8.RuneError {
		return "?"
	}
	return strings.ToUpper(string(r))
}

// count is the number of comments in Polish.
func count(n int) string {
	switch {
	case n == 0:
		return "Brak komentarzy"
	case n == 1:
		return "1 komentarz"
	case n%10 >= 2 && n%10 <= 4 && (n%100 < 12 || n%100 > 14):
		return fmt.Sprintf("%d komentarze", n)
	}
	return fmt.Sprintf("%d komentarzy", n)
}

// branch is a comment with its answers.
type branch struct {
	Comment
	Answers []branch
}

// maxDepth is how deep answers are drawn inside one another, WordPress's own default being five.
const maxDepth = 5

// thread orders the approved comments of a post under their parents; an answer whose parent is not shown stands alone.
func thread(all []Comment, post int) []branch {
	children, shown := map[int][]Comment{}, map[int]bool{}
	for _, c := range all {
		if c.Post == post && c.Status == Approved {
			shown[c.ID] = true
		}
	}
	for _, c := range all {
		if !shown[c.ID] {
			continue
		}
		parent := c.Parent
		if !shown[parent] || parent >= c.ID {
			parent = 0
		}
		children[parent] = append(children[parent], c)
	}
	return grow(children, 0, 1)
}

func grow(children map[int][]Comment, parent, depth int) (out []branch) {
	for _, c := range children[parent] {
		b := branch{Comment: c}
		answers := grow(children, c.ID, depth+1)
		out = append(out, b)
		if depth < maxDepth {
			out[len(out)-1].Answers = answers
		} else {
			out = append(out, answers...)
		}
	}
	return out
}

type pageData struct {
	Title   string
	Posts   []Post
	Post    Post
	Thread  []branch
	Total   int
	Parent  *Comment
	Waiting bool
	Message string
	Counts  map[int]int
}

func (s *Site) front(w http.ResponseWriter, r *http.Request) {
	if route := r.URL.Query().Get("rest_route"); route != "" {
		s.rest(w, r, route)
		return
	}
	if r.Method != http.MethodGet {
		s.sorry(w, http.StatusMethodNotAllowed, "Tej strony nie można tak wywołać.")
		return
	}
	d := pageData{Title: s.name, Posts: s.Posts(), Counts: map[int]int{}}
	slices.Reverse(d.Posts)
	for _, c := range s.Comments() {
		if c.Status == Approved {
			d.Counts[c.Post]++
		}
	}
	s.show(w, r, 200, "front.html", d)
}

func (s *Site) entry(w http.ResponseWriter, r *http.Request) {
	posts := s.Posts()
	i := slices.IndexFunc(posts, func(p Post) bool { return p.Slug == r.PathValue("slug") })
	if i < 0 {
		s.sorry(w, http.StatusNotFound, "Nie ma takiej strony.")
		return
	}
	all := s.Comments()
	d := pageData{Post: posts[i], Waiting: r.FormValue("unapproved") != ""}
	d.Title, d.Thread = d.Post.Title, thread(all, d.Post.ID)
	answering, _ := strconv.Atoi(r.FormValue("replytocom"))
	for _, c := range all {
		if c.Post == d.Post.ID && c.Status == Approved {
			d.Total++
			if c.ID == answering {
				d.Parent = &c
			}
		}
	}
	s.show(w, r, 200, "entry.html", d)
}

func (s *Site) sorry(w http.ResponseWriter, status int, message string) {
	s.show(w, nil, status, "sorry.html", pageData{Title: s.name, Message: message})
}

func (s *Site) show(w http.ResponseWriter, r *http.Request, status int, name string, d pageData) {
	var b bytes.Buffer
	if err := pages.ExecuteTemplate(&b, name, d); err != nil {
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=UTF-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	if r != nil {
		h.Set("Link", "<"+base(r)+`/wp-json/>; rel="https://api.w.org/"`)
	}
	w.WriteHeader(status)
	w.Write(b.Bytes())
}

func (s *Site) style(w http.ResponseWriter, r *http.Request) {
	http.ServeFileFS(w, r, assets, "assets/style.css")
}

// flood is WordPress's limit for one address at the form.
const flood = 15 * time.Second

// form takes a visitor's comment. As in WordPress a missing field is told on a page with status 200.
func (s *Site) form(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	if err := r.ParseForm(); err != nil {
		s.sorry(w, http.StatusBadRequest, "Nie udało się odczytać formularza.")
		return
	}
	f := func(name string) string { return strings.ToValidUTF8(strings.TrimSpace(r.PostFormValue(name)), "") }
	post, _ := strconv.Atoi(f("comment_post_ID"))
	parent, _ := strconv.Atoi(f("comment_parent"))
	c := Comment{Post: post, Parent: parent, Author: f("author"), Email: f("email"), URL: f("url"),
		IP: remoteIP(r), UserAgent: r.UserAgent(), Text: f("comment"), Status: Approved}
	slug, id, status, message := s.accept(c)
	switch {
	case message != "":
		s.sorry(w, status, message)
	case id < 0:
		http.Redirect(w, r, fmt.Sprintf("/%s/?unapproved=%d#comment-%d", slug, -id, -id), http.StatusFound)
	default:
		http.Redirect(w, r, fmt.Sprintf("/%s/#comment-%d", slug, id), http.StatusFound)
	}
}

// accept applies the form's rules. A comment that waits for approval comes back with a negative id.
func (s *Site) accept(c Comment) (slug string, id, status int, message string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.post(c.Post)
	now := s.clock()
	switch {
	case p == nil:
		return "", 0, 200, "Nie ma wpisu, który chcesz skomentować."
	case c.Author == "" || !strings.Contains(c.Email, "@"):
		return "", 0, 200, "Podaj imię i adres e-mail."
	case c.Text == "":
		return "", 0, 200, "Wpisz treść komentarza."
	case len(c.Text) > maxText:
		return "", 0, 200, "Komentarz jest za długi."
	case s.duplicate(c):
		return "", 0, http.StatusConflict, "Ten komentarz już tu jest."
	case now.Sub(s.lastBy[c.IP]) < flood:
		return "", 0, http.StatusTooManyRequests, "Komentujesz zbyt szybko. Zaczekaj chwilę."
	}
	s.lastBy[c.IP] = now
	if s.held {
		c.Status = Hold
		return p.Slug, -s.add(c).ID, 0, ""
	}
	return p.Slug, s.add(c).ID, 0, ""
}
