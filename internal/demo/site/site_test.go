package site

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// shop is an open shop with one entry and a client at its door.
type shop struct {
	*Site
	t    *testing.T
	now  time.Time
	url  string
	post int
}

func open(t *testing.T) *shop {
	x := &shop{t: t, now: noon}
	x.Site = New(func() time.Time { return x.now })
	x.post = x.AddPost("posciel", "Nowa pościel", "Pierwszy akapit.\n\nDrugi.")
	srv := httptest.NewServer(x.Site)
	t.Cleanup(srv.Close)
	x.url = srv.URL
	return x
}

func (x *shop) call(method, path, body, user, password string) (*http.Response, string) {
	x.t.Helper()
	req, err := http.NewRequest(method, x.url+path, strings.NewReader(body))
	if err != nil {
		x.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if user != "" {
		req.SetBasicAuth(user, password)
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		x.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		x.t.Fatal(err)
	}
	return res, string(b)
}

func (x *shop) as(method, path, body string) (int, map[string]any) {
	x.t.Helper()
	res, b := x.call(method, path, body, User, Password)
	var v map[string]any
	if err := json.Unmarshal([]byte(b), &v); err != nil {
		x.t.Fatalf("%s %s: %v in %s", method, path, err, b)
	}
	return res.StatusCode, v
}

func (x *shop) ids(query string) (ids []int, total string) {
	x.t.Helper()
	res, b := x.call("GET", "/wp-json/wp/v2/comments?"+query, "", User, Password)
	var list []struct{ ID int }
	if err := json.Unmarshal([]byte(b), &list); err != nil {
		x.t.Fatalf("%s: %s", query, b)
	}
	for _, c := range list {
		ids = append(ids, c.ID)
	}
	return ids, res.Header.Get("X-WP-Total")
}

func TestTrapsOfTheRealThing(t *testing.T) {
	x := open(t)
	id := x.Comment(x.post, 0, "Jan", "jan@example.test", "192.0.2.7", "Mozilla/5.0", "Fatalna obsługa")
	path := fmt.Sprintf("/wp-json/wp/v2/comments/%d", id)

	if n, v := x.as("POST", path, `{"status":"hold","author_ip":"192.0.2.7","author_user_agent":"Mozilla/5.0"}`); n != 200 || v["status"] != "hold" || v["author_ip"] != "192.0.2.7" {
		t.Errorf("hold: %d %v", n, v)
	}
	if n, v := x.as("POST", path, `{"status":"approved"}`); n != 200 || v["author_ip"] != "127.0.0.1" || v["author_user_agent"] == "Mozilla/5.0" {
		t.Errorf("an update that forgets the address keeps it: %d %v", n, v)
	}
	if n, v := x.as("POST", path, `{"status":"sideways"}`); n != 200 || v["status"] != "approved" {
		t.Errorf("unknown status: %d %v", n, v)
	}
	if n, v := x.as("POST", path, `{"status":"hold","author_ip":""}`); n != 400 || v["code"] != "rest_invalid_param" {
		t.Errorf("empty address: %d %v", n, v)
	}
	if n, v := x.as("DELETE", path, ""); n != 200 || v["status"] != "trash" {
		t.Errorf("delete: %d %v", n, v)
	}
	if n, v := x.as("DELETE", path, ""); n != 410 || v["code"] != "rest_already_trashed" {
		t.Errorf("delete twice: %d %v", n, v)
	}
	if n, v := x.as("POST", path, `{"status":"untrash"}`); n != 200 || v["status"] != "approved" {
		t.Errorf("untrash: %d %v", n, v)
	}
	if n, v := x.as("POST", "/wp-json/wp/v2/comments/999", `{"status":"spam"}`); n != 404 || v["code"] != "rest_comment_invalid_id" {
		t.Errorf("no such comment: %d %v", n, v)
	}
	reply := fmt.Sprintf(`{"post":%d,"parent":%d,"content":"Przepraszamy"}`, x.post, id)
	if n, v := x.as("POST", "/wp-json/wp/v2/comments", reply); n != 201 || v["status"] != "approved" || v["author"] != 2.0 {
		t.Errorf("reply: %d %v", n, v)
	}
	if n, v := x.as("POST", "/wp-json/wp/v2/comments", reply); n != 409 || v["code"] != "comment_duplicate" {
		t.Errorf("reply twice: %d %v", n, v)
	}
	if n, v := x.as("DELETE", path+"?force=true", ""); n != 200 || v["deleted"] != true || len(x.Comments()) != 1 {
		t.Errorf("force: %d %v", n, v)
	}
}

func TestWhoMaySeeWhat(t *testing.T) {
	x := open(t)
	x.AddUser("reader", "Czytelnik", "aaaa bbbb", false)
	x.Comment(x.post, 0, "Jan", "jan@example.test", "192.0.2.7", "", "a")
	for _, c := range []struct {
		user, pw, path string
		status         int
		code           string
	}{
		{"", "", "comments?context=edit", 401, "rest_forbidden_context"},
		{User, "wrong", "comments?context=edit&status=any", 401, "rest_forbidden_context"},
		{"reader", "aaaabbbb", "comments?context=edit", 403, "rest_forbidden_context"},
		{"", "", "comments?status=hold", 401, "rest_forbidden_param"},
		{User, "wrong", "users/me", 401, "rest_not_logged_in"},
		{User, "", "users/me/application-passwords/introspect", 401, "rest_not_logged_in"},
		{"zofia", "", "users/me", 401, "rest_not_logged_in"},
		{User, Password, "comments?per_page=500", 400, "rest_invalid_param"},
		{User, Password, "nothing", 404, "rest_no_route"},
	} {
		res, b := x.call("GET", "/wp-json/wp/v2/"+c.path, "", c.user, c.pw)
		if res.StatusCode != c.status || !strings.Contains(b, c.code) {
			t.Errorf("%+v: %d %s", c, res.StatusCode, b)
		}
	}
	if _, b := x.call("GET", "/wp-json/wp/v2/comments", "", "", ""); strings.Contains(b, "jan@example.test") || strings.Contains(b, "192.0.2.7") {
		t.Errorf("a stranger sees personal data: %s", b)
	}
	if res, _ := x.call("POST", "/wp-json/wp/v2/comments", `{}`, "", ""); res.StatusCode != 401 {
		t.Errorf("anonymous comment: %d", res.StatusCode)
	}
}

func TestListings(t *testing.T) {
	x := open(t)
	var id [6]int
	for i := range id {
		id[i] = x.Comment(x.post, 0, fmt.Sprint("A", i), fmt.Sprintf("a%d@example.test", i), "192.0.2.1", "", fmt.Sprint("text ", i))
		if i%2 == 1 {
			x.now = x.now.Add(time.Second)
		}
	}
	x.SetStatus(id[0], Hold)
	x.SetStatus(id[1], Spam)
	x.SetStatus(id[2], Trash)
	for q, want := range map[string]struct {
		ids   []int
		total string
	}{
		"":                {[]int{id[5], id[4], id[3]}, "3"},
		"status=approved": {nil, "0"},
		"status=all":      {[]int{id[5], id[4], id[3], id[0]}, "4"},
		"status=any&order=asc&orderby=date_gmt&per_page=4": {id[:4], "6"},
		"status=any&order=asc&per_page=4&page=2":           {id[4:], "6"},
		"status=any&order=desc&orderby=id&offset=4":        {[]int{id[1], id[0]}, "6"},
		"status=any&order=asc&after=2026-11-21T12:00:00Z":  {id[2:], "4"},
		"status=any&page=9":                                {nil, "6"},
		"status=spam":                                      {id[1:2], "1"},
		"status=any&author_email=a3@example.test":          {id[3:4], "1"},
	} {
		got, total := x.ids(q)
		if fmt.Sprint(got) != fmt.Sprint(want.ids) || total != want.total {
			t.Errorf("%s: %v of %s, want %v of %s", q, got, total, want.ids, want.total)
		}
	}
	if got, _ := x.call("GET", "/?rest_route=/wp/v2/comments", "", "", ""); got.StatusCode != 200 {
		t.Error("rest_route is not answered")
	}
}

func TestHostileWordsAreShownAsWords(t *testing.T) {
	x := open(t)
	x.Comment(x.post, 0, `"><img src=x onerror=alert(1)>`, "e@example.test", "192.0.2.1", "<b>", "</p><script>alert(1)</script>\u202e{{.}}")
	for _, path := range []string{"/posciel/", "/comments/feed/", "/"} {
		_, b := x.call("GET", path, "", "", "")
		if strings.Contains(b, "<script>") || strings.Contains(b, "<img") {
			t.Errorf("%s shows markup of a visitor: %s", path, b)
		}
	}
	_, b := x.call("GET", "/posciel/", "", "", "")
	if !strings.Contains(b, "&lt;script&gt;") || !strings.Contains(b, "Nowa pościel") {
		t.Errorf("the words are gone: %s", b)
	}
}

func (x *shop) send(kv ...string) *http.Response {
	x.t.Helper()
	v := url.Values{"author": {"Jan"}, "email": {"jan@example.test"}, "comment_post_ID": {fmt.Sprint(x.post)}, "comment": {"Dzień dobry"}}
	for i := 0; i < len(kv); i += 2 {
		v.Set(kv[i], kv[i+1])
	}
	req, err := http.NewRequest("POST", x.url+"/wp-comments-post.php", strings.NewReader(v.Encode()))
	if err != nil {
		x.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		x.t.Fatal(err)
	}
	res.Body.Close()
	return res
}

func TestTheFormAndTheThread(t *testing.T) {
	x := open(t)
	res := x.send()
	first := x.Comments()[0]
	if res.StatusCode != 302 || res.Header.Get("Location") != fmt.Sprintf("/posciel/#comment-%d", first.ID) || first.IP != "127.0.0.1" || first.Status != Approved {
		t.Fatalf("%d %v %+v", res.StatusCode, res.Header, first)
	}
	for want, kv := range map[int][]string{409: {}, 429: {"comment", "drugi"}} {
		if res := x.send(kv...); res.StatusCode != want {
			t.Errorf("%v: %d, want %d", kv, res.StatusCode, want)
		}
	}
	x.now = x.now.Add(time.Minute)
	for _, kv := range [][]string{{"comment", " "}, {"author", ""}, {"email", "x"}, {"comment_post_ID", "77"}, {"comment", strings.Repeat("a", maxText+1)}} {
		if res := x.send(kv...); res.StatusCode != 200 {
			t.Errorf("%s: %d", kv[0], res.StatusCode)
		}
	}
	x.HoldNew(true)
	if res := x.send("comment", "odpowiedź", "comment_parent", fmt.Sprint(first.ID)); !strings.Contains(res.Header.Get("Location"), "?unapproved=") {
		t.Errorf("a held comment: %v", res.Header)
	}
	all := x.Comments()
	if len(all) != 2 || all[1].Status != Hold {
		t.Fatalf("%+v", all)
	}
	if tree := thread(all, x.post); len(tree) != 1 || len(tree[0].Answers) != 0 {
		t.Errorf("a held comment is shown: %+v", tree)
	}
	x.SetStatus(all[1].ID, Approved)
	if tree := thread(x.Comments(), x.post); len(tree) != 1 || len(tree[0].Answers) != 1 {
		t.Errorf("thread: %+v", tree)
	}
	x.SetStatus(first.ID, Spam)
	if tree := thread(x.Comments(), x.post); len(tree) != 1 || tree[0].ID != all[1].ID {
		t.Errorf("an answer to a hidden comment is lost: %+v", tree)
	}
}

func TestTheFeedSaysWhatIsNew(t *testing.T) {
	x := open(t)
	id := x.Comment(x.post, 0, "Jan", "jan@example.test", "192.0.2.7", "", "żółw & spółka")
	res, b := x.call("GET", "/comments/feed/", "", "", "")
	var f struct {
		Channel struct {
			Item []struct {
				GUID    string `xml:"guid"`
				Creator string `xml:"creator"`
			} `xml:"item"`
		} `xml:"channel"`
	}
	if err := xml.Unmarshal([]byte(b), &f); err != nil || len(f.Channel.Item) != 1 || f.Channel.Item[0].Creator != "Jan" {
		t.Fatalf("%v in %s", err, b)
	}
	if !strings.HasSuffix(f.Channel.Item[0].GUID, fmt.Sprintf("#comment-%d", id)) || strings.Contains(b, "jan@example.test") {
		t.Errorf("%s", b)
	}
	req, _ := http.NewRequest("GET", x.url+"/comments/feed/", nil)
	req.Header.Set("If-None-Match", res.Header.Get("ETag"))
	again, err := http.DefaultTransport.RoundTrip(req)
	if err != nil || again.StatusCode != http.StatusNotModified {
		t.Fatalf("%v %v", err, again)
	}
	again.Body.Close()
}

func TestFaultsOnOrder(t *testing.T) {
	x := open(t)
	x.Fault(func(r *http.Request) *Answer {
		if r.Method == "POST" {
			return &Answer{Status: 504, After: true, Body: []byte("late")}
		}
		return nil
	})
	res, b := x.call("POST", "/wp-json/wp/v2/comments", fmt.Sprintf(`{"post":%d,"content":"a"}`, x.post), User, Password)
	if res.StatusCode != 504 || b != "late" || len(x.Comments()) != 1 {
		t.Errorf("after: %d %s %d", res.StatusCode, b, len(x.Comments()))
	}
	x.Fault(func(*http.Request) *Answer { return &Answer{Half: true} })
	half, err := http.Get(x.url + "/wp-json/")
	if err != nil {
		t.Fatal(err)
	}
	defer half.Body.Close()
	if part, err := io.ReadAll(half.Body); err == nil || len(part) == 0 {
		t.Errorf("half an answer came whole: %s", part)
	}
	x.Fault(func(*http.Request) *Answer { return &Answer{HangUp: true} })
	if _, err := http.Get(x.url); err == nil {
		t.Error("the line was not cut")
	}
}

func TestManyAtOnce(t *testing.T) {
	x := open(t)
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			id := x.Comment(x.post, 0, "A", "a@example.test", "192.0.2.1", "", fmt.Sprint(i))
			x.call("GET", "/posciel/", "", "", "")
			x.as("POST", fmt.Sprintf("/wp-json/wp/v2/comments/%d", id), `{"status":"hold"}`)
			x.Remove(id)
		})
	}
	wg.Wait()
	if n := len(x.Comments()); n != 0 {
		t.Errorf("%d left", n)
	}
}
