package site

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
)

func (s *Site) routes() *http.ServeMux {
	m := http.NewServeMux()
	m.HandleFunc("POST /wp-comments-post.php", s.form)
	m.HandleFunc("GET /comments/feed/{$}", s.feed)
	m.HandleFunc("GET /style.css", s.style)
	m.HandleFunc("GET /{$}", s.front)
	m.HandleFunc("POST /{$}", s.front)
	m.HandleFunc("DELETE /{$}", s.front)
	m.HandleFunc("GET /{slug}/{$}", s.entry)
	m.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { s.sorry(w, http.StatusNotFound, "Nie ma takiej strony.") })
	return m
}

// open lets programs in by the REST interface and people by the pages.
func (s *Site) open(w http.ResponseWriter, r *http.Request) {
	if path, ok := strings.CutPrefix(r.URL.Path, "/wp-json/"); ok {
		s.rest(w, r, "/"+path)
		return
	}
	s.mux.ServeHTTP(w, r)
}

// rest answers one call of the REST interface, by /wp-json/... or by ?rest_route=/...
func (s *Site) rest(w http.ResponseWriter, r *http.Request, path string) {
	path = strings.TrimSuffix(path, "/")
	who := s.who(r)
	id, isComment := strings.CutPrefix(path, "/wp/v2/comments/")
	switch {
	case path == "" && r.Method == http.MethodGet:
		s.index(w, r)
	case path == "/wp/v2/users/me":
		me(w, r, who)
	case path == "/wp/v2/users/me/application-passwords/introspect":
		introspect(w, who)
	case path == "/wp/v2/posts" && r.Method == http.MethodGet:
		s.listPosts(w, r)
	case path == "/wp/v2/comments" && r.Method == http.MethodGet:
		s.list(w, r, who)
	case path == "/wp/v2/comments" && r.Method == http.MethodPost:
		s.create(w, r, who)
	case isComment:
		s.one(w, r, who, id)
	default:
		refuse(w, 404, "rest_no_route", "Nie znaleziono ścieżki pasującej do adresu i metody żądania.")
	}
}

// who is the account of the request's application password. As WordPress 6.1 does, a wrong one makes an anonymous
// visitor, not an error.
func (s *Site) who(r *http.Request) *account {
	login, pw, ok := r.BasicAuth()
	pw = strings.ReplaceAll(pw, " ", "")
	if !ok || pw == "" {
		return nil
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, a := range s.accounts {
		if a.login == login && a.password == pw {
			return &a
		}
	}
	return nil
}

func (a *account) mayModerate() bool { return a != nil && a.moderator }

// needsRight is 401 for a stranger and 403 for a known account without the right.
func needsRight(a *account) int {
	if a == nil {
		return 401
	}
	return 403
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.Header().Set("X-Robots-Tag", "noindex")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v)
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	answer(w, status, map[string]any{"code": code, "message": message, "data": map[string]any{"status": status}})
}

func badParam(w http.ResponseWriter, name string) {
	refuse(w, 400, "rest_invalid_param", "Nieprawidłowy parametr: "+name)
}

func base(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

func (s *Site) index(w http.ResponseWriter, r *http.Request) {
	b := base(r)
	answer(w, 200, map[string]any{"name": s.name, "description": s.about, "url": b, "home": b, "gmt_offset": "0",
		"namespaces": []string{"oembed/1.0", "wp/v2"},
		"authentication": map[string]any{"application-passwords": map[string]any{
			"endpoints": map[string]string{"authorization": b + "/wp-admin/authorize-application.php"}}}})
}

func me(w http.ResponseWriter, r *http.Request, a *account) {
	if a == nil {
		refuse(w, 401, "rest_not_logged_in", "Nie jesteś zalogowany.")
		return
	}
	v := map[string]any{"id": a.id, "name": a.name, "slug": a.login, "link": base(r) + "/author/" + a.login + "/"}
	if r.FormValue("context") == "edit" {
		v["username"], v["capabilities"] = a.login, map[string]bool{"read": true}
		v["roles"] = []string{"subscriber"}
		if a.moderator {
			v["capabilities"] = map[string]bool{"read": true, "edit_posts": true, "moderate_comments": true}
			v["roles"] = []string{"editor"}
		}
	}
	answer(w, 200, v)
}

func introspect(w http.ResponseWriter, a *account) {
	if a == nil {
		refuse(w, 401, "rest_not_logged_in", "Nie jesteś zalogowany.")
		return
	}
	answer(w, 200, map[string]any{"uuid": fmt.Sprintf("00000000-0000-4000-8000-%012d", a.id), "app_id": "", "name": "ChOP"})
}

func (s *Site) listPosts(w http.ResponseWriter, r *http.Request) {
	include := numbers(r.FormValue("include"))
	out := []any{}
	for _, p := range s.Posts() {
		if len(include) > 0 && !include[p.ID] {
			continue
		}
		out = append(out, map[string]any{"id": p.ID, "date_gmt": wpTime(p.At), "slug": p.Slug, "status": "publish", "type": "post",
			"link": base(r) + "/" + p.Slug + "/", "title": map[string]string{"rendered": escape(p.Title)},
			"content": map[string]any{"rendered": paragraphs(p.Text), "protected": false},
			"excerpt": map[string]any{"rendered": paragraphs(p.Text), "protected": false}})
	}
	answer(w, 200, out)
}

func numbers(list string) map[int]bool {
	m := map[int]bool{}
	for _, f := range strings.Split(list, ",") {
		if n, err := strconv.Atoi(strings.TrimSpace(f)); err == nil {
			m[n] = true
		}
	}
	return m
}

func remoteIP(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return "127.0.0.1"
	}
	if a, err := netip.ParseAddr(host); err == nil {
		return a.Unmap().String()
	}
	return host
}
