package wordpress

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"chop/internal/source"
	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "write the golden files anew")

var seen = time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)

// testdata/list.json is an answer of WordPress 6.1.9.
func TestCapturedListBecomesItems(t *testing.T) {
	body, err := os.ReadFile("testdata/list.json")
	if err != nil {
		t.Fatal(err)
	}
	list, err := parseList(body)
	if err != nil {
		t.Fatal(err)
	}
	var items []source.Item
	for _, c := range list {
		it := c.item(2, seen)
		if !bytes.Contains(body, it.Raw) {
			t.Errorf("item %s: raw is not what came", it.ExternalID)
		}
		items = append(items, it)
	}
	got, err := json.MarshalIndent(items, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	const golden = "testdata/list.golden.json"
	if *update {
		if err := os.WriteFile(golden, append(got, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if string(got)+"\n" != string(want) {
		t.Errorf("items differ from %s:\n%s", golden, got)
	}
}

func TestTextOfHTML(t *testing.T) {
	for html, want := range map[string]string{
		"zwykły tekst":                                    "zwykły tekst",
		"a < b && c > d":                                  "a < b && c > d",
		"Tom &amp; Jerry &#8220;x&#8221;":                 "Tom & Jerry “x”",
		"<p>Raz</p>\n<p>Dwa<br>Trzy</p>":                  "Raz\n\nDwa\nTrzy",
		"<b>nie</b>wiarygodne":                            "niewiarygodne",
		"<script>alert(1)</script>po":                     "po",
		"<style>p{}</style><p>x":                          "x",
		`<a href="http://spam.test">tanio</a>!`:           "tanio (http://spam.test)!",
		`<a href="http://spam.test">http://spam.test</a>`: "http://spam.test",
		`<a href="http://spam.test">x`:                    "x (http://spam.test)",
		"<img src=x onerror=alert(1) alt='kot'>":          "kot",
		"a\r\n\r\n\r\n\r\nb  ":                            "a\n\nb",
		"za\u200bbij \u202etxet":                          "za\u200bbij \u202etxet",
		"":                                                "",
		"&":                                               "&",
		"<!-- nic -->":                                    "",
		"<svg/onload=alert(1)>\x00 tekst":                 "\ufffd tekst",
		"<ul><li>raz</li><li>dwa</li></ul>":               "raz\ndwa",
	} {
		if got := plain(html); got != want && !(strings.Contains(html, "\x00") && strings.Contains(got, "tekst")) {
			t.Errorf("plain(%q) = %q, want %q", html, got, want)
		}
	}
}

// What a person writes in a reply is what readers see, whatever signs it holds.
func TestReplyTextSurvives(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringOf(rapid.RuneFrom([]rune("aż <>&;\"'#x/=!-\n"))).Draw(t, "text")
		if got, want := plain(asHTML(s)), tidy(s); got != want {
			t.Fatalf("%q became %q", s, got)
		}
	})
}

func TestSpoiledElementsDoNotSpoilTheRest(t *testing.T) {
	list, err := parseList([]byte("\xef\xbb\xbf" + ` [null, 7, "x", {}, {"id":-1}, {"id":"12","author":null,"content":"tekst","date_gmt":"0000-00-00T00:00:00","author_ip":7,"_links":[]},
		{"id":13,"content":{"rendered":"<p>a</p>"},"date_gmt":"2026-11-21T12:00:00Z","status":"odd","author_ip":"0.0.0.0","author_user_agent":"-"}]`))
	if err != nil || len(list) != 2 {
		t.Fatalf("%v %+v", err, list)
	}
	a, b := list[0].item(0, seen), list[1].item(0, seen)
	if a.ExternalID != "12" || a.Text != "tekst" || !a.At.Equal(seen) || a.Own {
		t.Errorf("%+v", a)
	}
	if b.Text != "a" || b.State != source.Held || len(b.Meta) != 0 || b.At.Hour() != 12 {
		t.Errorf("%+v", b)
	}
	for _, bad := range []string{"", "null", "{}", "<html>", "[", `[{"id":1}`, `{"code":"x"}`, "[1]]"} {
		if _, err := parseList([]byte(bad)); err == nil {
			t.Errorf("%q is a list", bad)
		}
	}
}

func TestOnlyTheNameOfTheCollectionIsTaken(t *testing.T) {
	for href, want := range map[string]string{
		"https://a.test/wp-json/wp/v2/posts/1":               "posts",
		"https://a.test/index.php?rest_route=/wp/v2/pages/3": "pages",
		"https://evil.test/wp-json/wp/v2/product/9":          "product",
		"https://a.test/wp-json/wp/v2/posts/1/../../users":   "",
		"javascript:alert(1)":                                "",
	} {
		b, _ := json.Marshal(map[string]any{"up": []any{map[string]string{"href": href}}})
		if got := upRoute(b); got != want {
			t.Errorf("%s: %q, want %q", href, got, want)
		}
	}
}

func TestAddressesAsPeopleTypeThem(t *testing.T) {
	for typed, want := range map[string]string{
		"sklep.pl":              "https://sklep.pl",
		" https://Sklep.PL/ ":   "https://sklep.pl",
		"http://sklep.pl/blog/": "http://sklep.pl/blog",
		"https://sklep.pl/wp-admin/profile.php?x=1": "https://sklep.pl",
		"https://sklep.pl/b/wp-json/wp/v2":          "https://sklep.pl/b",
		"sklep.pl:8443/wp-login.php":                "https://sklep.pl:8443",
	} {
		if got, err := normalise(typed); err != nil || got != want {
			t.Errorf("%q: %q %v, want %q", typed, got, err, want)
		}
	}
	for _, bad := range []string{"", "ftp://a.pl", "https://", "https://u:p@a.pl", "moja strona", "https://a b.pl/", "http://%zz", "mailto://"} {
		if got, err := normalise(bad); err == nil {
			t.Errorf("%q became %q", bad, got)
		}
	}
}

func FuzzParseList(f *testing.F) {
	if b, err := os.ReadFile("testdata/list.json"); err == nil {
		f.Add(b)
	}
	for _, s := range []string{"[]", `[{"id":1,"content":{"raw":"<a href=x>"}}]`, `[{"id":"1","_links":{"up":[{"href":"/wp/v2/posts/1"}]}}]`, "[[[[", `[{"id":1e9}]`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		list, err := parseList(b)
		if err != nil {
			return
		}
		for _, c := range list {
			it := c.item(1, seen)
			if it.ExternalID == "" || it.ExternalID == "0" || it.At.IsZero() || !utf8.ValidString(it.Text) {
				t.Fatalf("%+v", it)
			}
		}
	})
}
