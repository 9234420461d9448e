package sources_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"chop/internal/access"
	"chop/internal/mention"
	"chop/internal/web/sources"
)

// opinions is a file of n rows with Polish headers; the last has no date.
func opinions(n int) string {
	var b strings.Builder
	b.WriteString("Data;Autor;Treść;Ocena\n")
	for i := range n {
		date := fmt.Sprintf("2026-11-%02d 10:%02d", 1+i%20, i%60)
		if i == n-1 {
			date = "=kiedyś"
		}
		fmt.Fprintf(&b, "%s;Klient %d;Obrus nr %d <b>zbiegł się</b>;%d\n", date, i, i, 1+i%5)
	}
	return b.String()
}

// path is where an answer leads, without its question.
func path(a answer) string {
	u, err := url.Parse(a.header.Get("Location"))
	if err != nil {
		return ""
	}
	return u.Path
}

func TestAFileGoesFromUploadToResult(t *testing.T) {
	w := newWorld(t)
	v := w.visitor(w.mine.ID, access.Owner)
	if a := v.get("/sources/import"); a.status != 200 || len(a.all("enctype", "multipart/form-data")) != 1 || len(a.untranslated()) > 0 {
		t.Fatalf("%d %v", a.status, a.untranslated())
	}
	a := v.upload(w.mine.ID, "opinie listopad.csv", strings.NewReader(opinions(12)))
	at := path(a)
	if a.status != 303 {
		t.Fatalf("%d %s", a.status, text(a.doc))
	}
	draft := v.get(at)
	if draft.status != 200 || draft.value(t, "f-channel") != "opinie listopad" || !strings.Contains(draft.body, "&lt;b&gt;zbiegł się&lt;/b&gt;") {
		t.Fatalf("%d %s", draft.status, text(draft.doc))
	}
	if ids := draft.untranslated(); len(ids) > 0 {
		t.Error(ids)
	}
	started := v.post(at, "do", "start", "channel", "Opineo", "column.date", "Data", "column.text", "Treść", "column.author", "Autor", "column.rating", "Ocena", "zone", "Europe/Warsaw")
	if started.status != 303 {
		t.Fatalf("%d %s", started.status, text(started.doc))
	}
	running := v.get(at)
	if len(running.all("role", "progressbar")) != 1 || attr(running.all("id", "progress")[0], "data-live") != "sources" {
		t.Errorf("%s", text(running.doc))
	}
	check(t, w.q.Drain(w.sys))
	done := v.get(at)
	for what, want := range map[string]string{"imported": "11", "known": "0", "problems": "1"} {
		if n := done.all("data-count", what); len(n) != 1 || text(n[0]) != want {
			t.Errorf("%s: %s", what, text(done.doc))
		}
	}
	if rows := done.all("data-row", "13"); len(rows) != 1 || !strings.Contains(text(rows[0]), "nie jest datą") {
		t.Errorf("%s", text(done.doc))
	}
	list := v.get(at + "/problems.csv")
	raw := strings.TrimPrefix(list.body, "\uFEFF")
	rows, err := csv.NewReader(strings.NewReader(strings.ReplaceAll(raw, ";", ","))).ReadAll()
	if list.status != 200 || raw == list.body || !strings.HasPrefix(list.header.Get("Content-Disposition"), "attachment") || !strings.Contains(raw, "13;") {
		t.Errorf("%d %q %v %v", list.status, raw, rows, err)
	}
	if all := v.get("/sources/import"); len(all.all("href", at)) != 1 {
		t.Error("the import is not in the list")
	}
	if again := v.post(at, "do", "start", "channel", "Opineo", "column.date", "Data", "column.text", "Treść"); again.status != 303 {
		t.Errorf("%d", again.status)
	}
}

func TestAMappingWithAMistakeKeepsWhatWasChosen(t *testing.T) {
	w := newWorld(t)
	v := w.visitor(w.mine.ID, access.Owner)
	at := path(v.upload(w.mine.ID, "a.csv", strings.NewReader(opinions(3))))
	a := v.post(at, "do", "start", "channel", "Opi<neo", "column.text", "Treść", "column.date", "")
	if a.status != 422 || len(a.all("id", "f-date-err")) != 1 || a.value(t, "f-channel") != "Opi<neo" || len(a.all("href", "#f-date")) != 1 {
		t.Errorf("%d %s", a.status, text(a.doc))
	}
	if a := v.post(at, "do", "start", "channel", " ", "column.text", "Treść", "column.date", "Data"); a.status != 422 || len(a.all("id", "f-channel-err")) != 1 {
		t.Errorf("%d", a.status)
	}
	if a := v.post(at, "do", "look", "channel", "X", "column.text", "Treść", "column.date", "Data", "zone", "Mars/Base"); a.status != 422 || len(a.all("id", "f-zone-err")) != 1 {
		t.Errorf("%d", a.status)
	}
	if a := v.post(at, "do", "keep", "preset", "", "column.text", "Treść", "column.date", "Data"); a.status != 422 || len(a.all("id", "f-preset-err")) != 1 {
		t.Errorf("%d", a.status)
	}
}

func TestAKeptLayoutIsTakenForTheNextFile(t *testing.T) {
	w := newWorld(t)
	v := w.visitor(w.mine.ID, access.Owner)
	at := path(v.upload(w.mine.ID, "a.csv", strings.NewReader(opinions(3))))
	if a := v.post(at, "do", "keep", "preset", "Bez ocen", "channel", "X", "column.text", "Treść", "column.date", "Data"); a.status != 303 {
		t.Fatalf("%d", a.status)
	}
	next := path(v.upload(w.mine.ID, "b.csv", strings.NewReader(opinions(4))))
	if a := v.post(next, "do", "take", "kept", "Bez ocen", "column.rating", "Ocena"); a.status != 303 {
		t.Fatalf("%d %s", a.status, text(a.doc))
	}
	if a := v.get(next); len(a.all("selected", "")) == 0 || strings.Contains(text(a.all("id", "f-rating")[0].Parent), "Ocena Ocena") {
		t.Errorf("%s", text(a.doc))
	}
	if a := v.post(next, "do", "take", "kept", "nie ma"); a.status != 422 {
		t.Errorf("%d", a.status)
	}
}

func TestBadUploadsSayWhatToDo(t *testing.T) {
	w := newWorld(t)
	v := w.visitor(w.mine.ID, access.Owner)
	for name, c := range map[string]struct{ file, says string }{
		"empty":   {"", "pusty"},
		"picture": {"\x89PNG\r\n\x1a\n", "Tego rodzaju pliku"},
		"list":    {`[{"a":1}]`, "jedna lista JSON"},
	} {
		a := v.upload(w.mine.ID, "a.bin", strings.NewReader(c.file))
		if a.status != 422 || !strings.Contains(text(a.doc), c.says) || len(a.all("id", "f-file")) != 1 {
			t.Errorf("%s: %d %s", name, a.status, text(a.doc))
		}
	}
	if a := v.post("/sources/import", "firm", w.mine.ID); a.status != 422 {
		t.Errorf("no file at all: %d", a.status)
	}
	if a := v.upload(w.other.ID, "a.csv", strings.NewReader(opinions(2))); a.status != 404 {
		t.Errorf("another firm: %d", a.status)
	}
	if a := v.upload("", "a.csv", strings.NewReader(opinions(2))); a.status != 404 {
		t.Errorf("no firm: %d", a.status)
	}
	if a := w.visitor(w.mine.ID, access.Staff).upload(w.mine.ID, "a.csv", strings.NewReader(opinions(2))); a.status != 403 {
		t.Errorf("staff: %d", a.status)
	}
}

func TestAFormThatBreaksOffIsNoFile(t *testing.T) {
	w := newWorld(t)
	v := w.visitor(w.mine.ID, access.Owner)
	body := "--x\r\nContent-Disposition: form-data; name=\"firm\"\r\n\r\n" + w.mine.ID + "\r\n--x\r\nContent-Disposition: form-data; na"
	r, err := http.NewRequest(http.MethodPost, w.server.URL+sources.ImportPath, strings.NewReader(body))
	check(t, err)
	r.Header.Set("Content-Type", "multipart/form-data; boundary=x")
	if a := v.do(r); a.status != 422 {
		t.Errorf("%d", a.status)
	}
}

// TestALargeFileIsStreamed sends a file over the limit; the process must not hold it.
func TestALargeFileIsStreamed(t *testing.T) {
	w := newWorld(t)
	v := w.visitor(w.mine.ID, access.Owner)
	line := []byte("2026-11-01;Klient;Treść;1\n")
	file := io.MultiReader(strings.NewReader("Data;Autor;Treść;Ocena\n"), io.LimitReader(&repeat{line: line}, mention.MaxImport))
	a := v.upload(w.mine.ID, "wielki.csv", file)
	if a.status != 422 || !strings.Contains(text(a.doc), "100 MB") {
		t.Errorf("%d %s", a.status, text(a.doc))
	}
}

type repeat struct {
	line []byte
	buf  []byte
}

func (r *repeat) Read(p []byte) (int, error) {
	if r.buf == nil {
		r.buf = bytes.Repeat(r.line, 4096)
	}
	return copy(p, r.buf[:len(r.buf)/len(r.line)*len(r.line)]), nil
}

func TestImportsOfAnotherFirmAreClosed(t *testing.T) {
	w := newWorld(t)
	at := path(w.visitor(w.other.ID, access.Owner).upload(w.other.ID, "tajne.csv", strings.NewReader(opinions(3))))
	v := w.visitor(w.mine.ID, access.Guardian)
	for _, p := range []string{at, at + "/problems.csv"} {
		if a := v.get(p); a.status != 404 || strings.Contains(a.body, "Obrus") {
			t.Errorf("%s: %d", p, a.status)
		}
	}
	for _, p := range []string{at, at + "/stop"} {
		if a := v.post(p, "do", "start", "channel", "X"); a.status != 404 {
			t.Errorf("%s: %d", p, a.status)
		}
	}
}
