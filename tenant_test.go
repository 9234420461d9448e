package chop

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
)

// acrossFirms are the statements on tables of firms that look across firms on purpose, by a part of their text, with
// the reason. Everything else must name firm_id.
var acrossFirms = map[string]string{
	// The columns stand in a constant or the condition comes from the room's own callers, all of which begin with the firm.
	"INSERT INTO deed ( )":              "columns from a constant, firm_id first",
	"SELECT FROM deed WHERE":            "condition from the callers in action/store.go",
	"SELECT FROM notice WHERE":          "condition from the callers in alert",
	"SELECT FROM crisis WHERE":          "condition from the callers in crisis/read.go",
	"SELECT FROM consent WHERE":         "condition from the callers in consent/store.go",
	"SELECT FROM crisis_task WHERE":     "condition from the callers in crisis/task.go",
	"INSERT INTO decision ( )":          "columns from a constant, firm_id first",
	"SELECT FROM decision WHERE":        "condition from the callers in decision/record.go",
	"SELECT FROM exhibit WHERE":         "condition from the callers in evidence/store.go",
	"SELECT 1 FROM exhibit WHERE":       "condition from the callers in evidence/store.go",
	"sealed, ticket FROM journal WHERE": "condition from the callers in journal.go",
	"SELECT FROM import_run WHERE":      "condition from the callers in the importer",
	"SELECT FROM mention m WHERE":       "built by Filter.where, which begins with the firms",
	"SELECT FROM wave WHERE":            "condition from the callers in wave/store.go",
	"SELECT FROM source WHERE":          "condition from the callers in source/store.go",
	"SELECT FROM alert WHERE id = $1":   "by id; the verb then asks access.Check for the alert's firm",
	// The firm is not a column of its own here.
	"DELETE FROM mention_search WHERE rowid = $1": "SQLite's index: the firm is a word of the text",
	"INSERT INTO mention_search (rowid, words)":   "SQLite's index: the firm is a word of the text",
	"UPDATE saved_view SET query":                 "views belong to a person",
	"SELECT count(*) FROM saved_view":             "views belong to a person",
	"DELETE FROM saved_view WHERE user_id":        "views belong to a person",
	// The ledger is of the whole installation.
	"SELECT ticket FROM ledger_leaf EXCEPT": "looks for entries that no row of any firm claims",
	// Clearing up what has expired, for all firms at once.
	"DELETE FROM alert_link WHERE expires_at":   "expired links",
	"DELETE FROM consent_link WHERE expires_at": "expired links",
	"DELETE FROM import_run WHERE state":        "abandoned uploads",
	"DELETE FROM hook_seen WHERE at":            "old delivery ids",
	"DELETE FROM invitation WHERE expires_at":   "expired offers",
}

// Nobody sees another firm's data (law 6): a statement on a firm's table that forgets the firm is refused here, on
// both databases.
func TestEveryStatementOnAFirmsTableNamesTheFirm(t *testing.T) {
	tables := tenantTables(t)
	if len(tables) < 10 {
		t.Fatalf("only %d tables of firms found: the search is broken", len(tables))
	}
	used := map[string]bool{}
	found := 0
	err := fs.WalkDir(os.DirFS("."), "internal", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(p, ".go") || strings.HasSuffix(p, "_test.go") {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), p, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(f, func(n ast.Node) bool {
			q, ok := statement(n)
			if !ok || !touches(q, tables) {
				return true
			}
			found++
			if strings.Contains(q, "firm_id") || excused(q, used) {
				return false
			}
			t.Errorf("%s: a statement on a firm's table without firm_id:\n\t%s", p, strings.Join(strings.Fields(q), " "))
			return false
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if found < 50 {
		t.Fatalf("only %d statements found: the search is broken", found)
	}
	for part := range acrossFirms {
		if !used[part] {
			t.Errorf("no statement contains %q any more: drop the exception", part)
		}
	}
}

func excused(q string, used map[string]bool) bool {
	flat := strings.Join(strings.Fields(q), " ")
	for part := range acrossFirms {
		if strings.Contains(flat, part) {
			used[part] = true
			return true
		}
	}
	return false
}

var verb = regexp.MustCompile(`^\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b`)

// statement joins the literals of an SQL text; what is computed between them becomes a space.
func statement(n ast.Node) (string, bool) {
	e, ok := n.(ast.Expr)
	if !ok {
		return "", false
	}
	s := literal(e)
	return s, verb.MatchString(s)
}

func literal(e ast.Expr) string {
	switch x := e.(type) {
	case *ast.BasicLit:
		if x.Kind == token.STRING {
			s, _ := strconv.Unquote(x.Value)
			return s
		}
	case *ast.BinaryExpr:
		if x.Op == token.ADD {
			return literal(x.X) + " " + literal(x.Y)
		}
	}
	return ""
}

func touches(q string, tables []string) bool {
	for _, name := range tables {
		if regexp.MustCompile(`(?i)\b(FROM|INTO|UPDATE|JOIN)\s+` + name + `\b`).MatchString(q) {
			return true
		}
	}
	return false
}

// tenantTables reads from the migrations which tables have a firm_id.
func tenantTables(t *testing.T) (names []string) {
	t.Helper()
	create := regexp.MustCompile(`(?s)CREATE TABLE (\w+) \((.*?)\n\);`)
	files, err := fs.Glob(os.DirFS("."), "internal/db/migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range create.FindAllStringSubmatch(string(raw), -1) {
			if regexp.MustCompile(`(?m)^\s+firm_id `).MatchString(m[2]) {
				names = append(names, m[1])
			}
		}
	}
	return names
}
