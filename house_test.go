package chop

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The house: house.txt lists every room and the rooms it may know. This test compares it with the real imports, so a
// room cannot learn what happens after it, and no folder appears unannounced.
func TestEveryRoomKnowsOnlyWhatItMay(t *testing.T) {
	house := readHouse(t)
	seen := map[string]bool{}
	err := fs.WalkDir(os.DirFS("."), ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || d.Name() == "node_modules" || strings.HasPrefix(d.Name(), ".") && p != ".") {
			return fs.SkipDir
		}
		if !strings.HasSuffix(p, ".go") || path.Dir(p) == "." {
			return nil
		}
		room := strings.TrimPrefix(path.Dir(p), "internal/")
		allowed, listed := house[room]
		if !listed && !seen[room] {
			t.Errorf("%s is not in house.txt: give it a line there, or a better place", path.Dir(p))
		}
		seen[room] = true
		if listed && !strings.HasSuffix(p, "_test.go") {
			checkFile(t, p, room, allowed)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for room := range house {
		if !seen[room] {
			t.Errorf("house.txt lists %s, which does not exist", room)
		}
	}
}

func checkFile(t *testing.T, file, room string, allowed []string) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range f.Imports {
		name, _ := strconv.Unquote(i.Path.Value)
		other, ours := strings.CutPrefix(name, "chop/internal/")
		if ours && !slices.Contains(allowed, other) && !slices.Contains(allowed, "*") {
			t.Errorf("%s: %s may not know %s (see house.txt)", file, room, other)
		}
	}
}

func readHouse(t *testing.T) map[string][]string {
	t.Helper()
	raw, err := os.ReadFile("house.txt")
	if err != nil {
		t.Fatal(err)
	}
	house := map[string][]string{}
	for n, line := range strings.Split(string(raw), "\n") {
		line, _, _ = strings.Cut(line, "#")
		if strings.TrimSpace(line) == "" {
			continue
		}
		room, rooms, ok := strings.Cut(line, ":")
		if !ok {
			t.Fatalf("house.txt line %d: no colon", n+1)
		}
		house[strings.TrimSpace(room)] = strings.Fields(rooms)
	}
	return house
}

// No circles: following the allowed imports never leads back. The compiler refuses real circles; this refuses planned ones.
func TestTheHouseHasNoCircles(t *testing.T) {
	house := readHouse(t)
	state := map[string]int{}
	var visit func(room string, trail []string)
	visit = func(room string, trail []string) {
		switch state[room] {
		case 1:
			t.Fatalf("a circle: %s", strings.Join(append(trail, room), " -> "))
		case 2:
			return
		}
		state[room] = 1
		for _, next := range house[room] {
			if next != "*" {
				visit(next, append(trail, room))
			}
		}
		state[room] = 2
	}
	for room := range house {
		visit(room, nil)
	}
}

// Buckets without a meaning are how a house becomes a heap.
func TestNoRoomIsABucket(t *testing.T) {
	for room := range readHouse(t) {
		for _, bad := range []string{"utils", "util", "common", "helpers", "models", "types", "services"} {
			if slices.Contains(strings.Split(room, "/"), bad) {
				t.Errorf("%s: %q says nothing about what is inside", room, bad)
			}
		}
	}
}
