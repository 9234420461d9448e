package chop

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"strings"
	"testing"
)

// waysOut are the rooms through which words leave the house, by the beginning of their folder.
var waysOut = []string{"internal/action", "internal/reply", "internal/source", "internal/notify", "internal/alert", "internal/fetch", "internal/api",
	"internal/decision", "internal/wave", "internal/macro", "internal/consent", "internal/dossier", "internal/web/owner", "internal/web/consent"}

// insiders are what is for our own eyes: internal notes and hand-over notes of a case, and what shows their words.
var insiders = map[string]bool{"Inside": true, "Memo": true, "Memos": true, "HandOver": true, "HandOvers": true, "Show": true}

// Notes can never be sent (law 6): no room with a way out knows their types or asks for their words.
func TestNotesHaveNoWayOut(t *testing.T) {
	seen := 0
	err := fs.WalkDir(os.DirFS("."), "internal", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(p, ".go") || strings.HasSuffix(p, "_test.go") || !leavesBy(p) {
			return err
		}
		seen++
		f, err := parser.ParseFile(token.NewFileSet(), p, nil, 0)
		if err != nil || !imports(f, `"chop/internal/crisis"`) {
			return err
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok && insiders[s.Sel.Name] {
				t.Errorf("%s uses %s: internal notes of a case have no way out", p, s.Sel.Name)
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 20 {
		t.Fatalf("only %d files looked at: the search is broken", seen)
	}
}

func leavesBy(p string) bool {
	for _, w := range waysOut {
		if strings.HasPrefix(p, w+"/") {
			return true
		}
	}
	return false
}

func imports(f *ast.File, path string) bool {
	for _, i := range f.Imports {
		if i.Path.Value == path {
			return true
		}
	}
	return false
}
