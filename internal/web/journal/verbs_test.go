package journal_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"chop/internal/lang"
)

// made are the verbs that rooms put together from parts.
var made = []string{"case.accepted", "case.contained", "case.closed", "case.reopened", "case.weighed", "case.note", "case.linked", "case.unlinked",
	"decision.decided", "decision.proposed", "decision.confirmed", "decision.refused", "decision.undone", "action.planned", "action.task",
	"action.done", "action.failed", "action.doubtful", "action.reverted", "action.undone", "action.cancelled", "duty.rota_set",
	"duty.policy_set", "import.done", "import.failed", "import.stopped", "person.enabled", "person.disabled", "source.paused", "source.resumed"}

// recorders are the functions through which rooms write the journal.
var recorders = map[string]bool{"record": true, "recordContact": true, "enter": true, "change": true}

var verbShape = regexp.MustCompile(`^[a-z]+\.[a-z_]+$`)

// verbs are those that stand in the code of the rooms.
func verbs(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	note := func(e ast.Expr, file string) {
		if l, ok := e.(*ast.BasicLit); ok && l.Kind == token.STRING {
			if s, err := strconv.Unquote(l.Value); err == nil && verbShape.MatchString(s) {
				found[s] = file
			}
		}
	}
	root := os.DirFS("../..")
	err := fs.WalkDir(root, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(p, ".go") || strings.HasSuffix(p, "_test.go") || strings.HasSuffix(p, "_templ.go") {
			return err
		}
		src, err := fs.ReadFile(root, p)
		if err != nil {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), p, src, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch x := n.(type) {
			case *ast.KeyValueExpr:
				if k, ok := x.Key.(*ast.Ident); ok && k.Name == "Verb" {
					note(x.Value, p)
				}
			case *ast.CallExpr:
				if s, ok := x.Fun.(*ast.SelectorExpr); ok && recorders[s.Sel.Name] {
					for _, a := range x.Args {
						note(a, p)
					}
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// Every verb that any room puts on record is a sentence in both languages.
func TestEveryVerbHasASentence(t *testing.T) {
	all := verbs(t)
	if len(all) < 30 {
		t.Fatalf("only %d verbs found in the code", len(all))
	}
	for _, v := range made {
		all[v] = "made of parts"
	}
	for v, file := range all {
		for _, tag := range lang.Tags {
			if !tag.Has("journal." + v) {
				t.Errorf("no message journal.%s in %s (%s)", v, tag, file)
			}
		}
	}
}
