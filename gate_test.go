package chop

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
)

// Proof before deed (law 2): a place is touched through source.Actor alone; one room knows it, calls Do in one function, and
// that function passes the gate that asks the vault. Decisions, waves, macros and pre-authorised spam have no other way to a
// place than a deed of that room.
func TestEveryDeedPassesTheGateOfTheVault(t *testing.T) {
	calls := map[string][]string{} // function of internal/action -> what it calls, in order
	var does []string
	err := fs.WalkDir(os.DirFS("."), "internal", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(p, ".go") || strings.HasSuffix(p, "_test.go") {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), p, nil, 0)
		if err != nil {
			return err
		}
		room := strings.TrimPrefix(p[:strings.LastIndex(p, "/")], "internal/")
		for _, decl := range f.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok || fn.Body == nil {
				continue
			}
			asked := map[ast.Node]bool{} // whether a place can be acted on: the actor itself is dropped
			ast.Inspect(fn, func(n ast.Node) bool {
				if a, ok := n.(*ast.AssignStmt); ok && len(a.Rhs) == 1 {
					x, ok := a.Rhs[0].(*ast.TypeAssertExpr)
					if to, blank := a.Lhs[0].(*ast.Ident); ok && blank && to.Name == "_" {
						asked[x.Type] = true
					}
				}
				s, ok := n.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				if x, ok := s.X.(*ast.Ident); ok && x.Name == "source" && s.Sel.Name == "Actor" && room != "action" && !asked[s] {
					t.Errorf("%s: %s reaches for source.Actor; deeds belong into internal/action", p, fn.Name.Name)
				}
				if room == "action" {
					calls[fn.Name.Name] = append(calls[fn.Name.Name], dotted(s))
				}
				return true
			})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, list := range calls {
		if slices.Contains(list, "o.actor.Do") || slices.Contains(list, "actor.Do") {
			does = append(does, name)
		}
	}
	if !slices.Equal(does, []string{"attempt"}) {
		t.Fatalf("a place is touched in %v, not in attempt alone", does)
	}
	begun, done := slices.Index(calls["attempt"], "s.begin"), slices.Index(calls["attempt"], "o.actor.Do")
	if begun < 0 || begun > done {
		t.Error("attempt touches the place before it begins the deed")
	}
	if !slices.Contains(calls["begin"], "s.gate") {
		t.Error("begin does not pass the gate")
	}
	for _, ask := range []string{"s.Evidence.Has", "s.Evidence.Get"} {
		if !slices.Contains(calls["gate"], ask) {
			t.Errorf("the gate does not ask the vault: %s", ask)
		}
	}
}

// dotted writes a chain of selectors as it stands in the code.
func dotted(s *ast.SelectorExpr) string {
	switch x := s.X.(type) {
	case *ast.Ident:
		return x.Name + "." + s.Sel.Name
	case *ast.SelectorExpr:
		return dotted(x) + "." + s.Sel.Name
	}
	return "?." + s.Sel.Name
}
