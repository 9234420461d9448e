package browser

import (
	"go/ast"
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

// patterns reads from the source every pattern that is registered with a mux, so that no route is forgotten.
func patterns(t *testing.T) (list []string) {
	t.Helper()
	files := map[string]*ast.File{}
	root := os.DirFS("../../internal")
	err := fs.WalkDir(root, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(p, ".go") || strings.HasSuffix(p, "_test.go") {
			return err
		}
		raw, err := fs.ReadFile(root, p)
		if err != nil {
			return err
		}
		files[p], err = parser.ParseFile(token.NewFileSet(), p, raw, 0)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	s := scan{t: t, words: constants(files)}
	for p, f := range files {
		if strings.HasPrefix(p, "web/") || strings.HasPrefix(p, "api/") || strings.HasPrefix(p, "app/") {
			s.pkg = f.Name.Name
			ast.Inspect(f, s.look(map[string]string{}, p))
		}
	}
	slices.Sort(s.found)
	return slices.Compact(s.found)
}

// constants are the string constants of all packages, as "package.Name".
func constants(files map[string]*ast.File) map[string]string {
	m := map[string]string{}
	for _, f := range files {
		for _, d := range f.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.CONST {
				continue
			}
			for _, s := range g.Specs {
				v := s.(*ast.ValueSpec)
				for i, x := range v.Values {
					if l, ok := x.(*ast.BasicLit); ok && l.Kind == token.STRING {
						m[f.Name.Name+"."+v.Names[i].Name], _ = strconv.Unquote(l.Value)
					}
				}
			}
		}
	}
	return m
}

type scan struct {
	t     *testing.T
	words map[string]string
	pkg   string
	found []string
}

// look visits a tree; env holds the loop variables around it.
func (s *scan) look(env map[string]string, file string) func(ast.Node) bool {
	return func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.RangeStmt:
			return s.loop(n, file)
		case *ast.CallExpr:
			f, ok := n.Fun.(*ast.SelectorExpr)
			if !ok || f.Sel.Name != "HandleFunc" && f.Sel.Name != "Handle" || len(n.Args) != 2 {
				return true
			}
			p, ok := s.word(n.Args[0], env)
			if !ok {
				s.t.Errorf("%s: a route whose pattern cannot be read from the source", path.Clean(file))
			}
			s.found = append(s.found, p)
		}
		return true
	}
}

// loop goes through a map whose keys are written down, once for each.
func (s *scan) loop(n *ast.RangeStmt, file string) bool {
	m, written := n.X.(*ast.CompositeLit)
	key, named := n.Key.(*ast.Ident)
	if !written || !named {
		return true
	}
	for _, e := range m.Elts {
		kv, ok := e.(*ast.KeyValueExpr)
		if !ok {
			return true
		}
		if v, ok := s.word(kv.Key, nil); ok {
			ast.Inspect(n.Body, s.look(map[string]string{key.Name: v}, file))
		}
	}
	return false
}

func (s *scan) word(e ast.Expr, env map[string]string) (string, bool) {
	switch x := e.(type) {
	case *ast.BasicLit:
		v, err := strconv.Unquote(x.Value)
		return v, err == nil
	case *ast.Ident:
		if v, ok := env[x.Name]; ok {
			return v, true
		}
		v, ok := s.words[s.pkg+"."+x.Name]
		return v, ok
	case *ast.SelectorExpr:
		if p, ok := x.X.(*ast.Ident); ok {
			v, ok := s.words[p.Name+"."+x.Sel.Name]
			return v, ok
		}
	case *ast.BinaryExpr:
		a, ok := s.word(x.X, env)
		b, ok2 := s.word(x.Y, env)
		return a + b, ok && ok2 && x.Op == token.ADD
	}
	return "", false
}
