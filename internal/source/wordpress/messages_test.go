package wordpress

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"chop/internal/lang"
)

var codePattern = regexp.MustCompile(`fault\.New\([^,]+, "([a-z_]+\.[a-z_]+)"`)

// Every fault and every setting that a person may meet has its sentence.
func TestNothingIsLeftUnsaid(t *testing.T) {
	ids := map[string]bool{"source.wordpress.name": true, "source.wordpress.about": true, "source.wordpress.note.http": true, "source.wordpress.note.poll": true}
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range codePattern.FindAllStringSubmatch(string(b), -1) {
			ids["fault."+m[1]] = true
		}
	}
	for _, code := range strings.Fields("bad_url private_address dns refused timeout tls too_large redirects status rate truncated failed") {
		ids["fault.fetch."+code] = true
	}
	d := New(nil).Describe()
	for _, f := range d.Fields {
		ids["source.wordpress."+f.Name], ids["source.wordpress."+f.Name+".help"] = true, true
	}
	for _, c := range d.Capabilities {
		ids[c.Note] = true
	}
	for id := range ids {
		for _, tag := range lang.Tags {
			if !tag.Has(id) {
				t.Errorf("no %s message %s", tag, id)
			}
		}
	}
	if len(ids) < 40 {
		t.Errorf("only %d messages found", len(ids))
	}
}
