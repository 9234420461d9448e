package mention

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/source"
	"chop/internal/source/table"
)

// SaveMapping keeps the import's mapping under a name, for other files of the firm; an older one of that name is
// replaced. Needs access.ManageSources. Faults: Invalid "import.preset_name".
func (im *Importer) SaveMapping(ctx context.Context, id, name string) error {
	run, err := im.Find(ctx, id)
	if err != nil {
		return err
	}
	name = strings.Join(strings.Fields(clean(name)), " ")
	if name == "" || len([]rune(name)) > 60 {
		return fault.New(fault.Invalid, "import.preset_name").On("preset")
	}
	return im.s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO import_preset (firm_id, name, mapping, created_at) VALUES ($1, $2, $3, $4)
			ON CONFLICT (firm_id, name) DO UPDATE SET mapping = excluded.mapping, created_at = excluded.created_at`,
			run.Firm, name, text(run.Mapping), tx.Now())
		return err
	})
}

// Mappings are the firm's kept mappings by name. Needs access.ManageSources.
func (im *Importer) Mappings(ctx context.Context, firm string) (map[string]table.Mapping, error) {
	if err := access.Check(ctx, access.ManageSources, firm); err != nil {
		return nil, err
	}
	out := map[string]table.Mapping{}
	err := im.s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT name, mapping FROM import_preset WHERE firm_id = $1`, []any{firm}, func(scan func(...any) error) error {
			var name, raw string
			if err := scan(&name, &raw); err != nil {
				return err
			}
			var m table.Mapping
			err := json.Unmarshal([]byte(raw), &m)
			out[name] = m
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read mappings: %w", err)
	}
	return out, nil
}

// Preview is what a person sees before the start.
type Preview struct {
	Headers []string
	Cells   [][]string // first rows as they are
	Rows    []PreviewRow
	Err     error // the mapping cannot read the file: a fault of Mapping.Check
}

// PreviewRow is a row as the mapping reads it.
type PreviewRow struct {
	N       int
	Item    source.Item
	Problem error
}

// Preview reads the first n rows by the import's mapping. Needs access.ManageSources.
func (im *Importer) Preview(ctx context.Context, id string, n int) (Preview, error) {
	run, err := im.Find(ctx, id)
	if err != nil {
		return Preview{}, err
	}
	headers, rows, err := im.peek(run, n)
	if err != nil {
		return Preview{}, err
	}
	p := Preview{Headers: headers}
	for _, r := range rows {
		p.Cells = append(p.Cells, slices.Clone(r.Cells))
	}
	t, f, err := im.open(run)
	if err != nil {
		return p, err
	}
	defer f.Close()
	defer t.Close()
	_, p.Err = table.Read(ctx, t, run.Mapping, func(row int, it source.Item, problem error) bool {
		p.Rows = append(p.Rows, PreviewRow{row, it, problem})
		return len(p.Rows) < n
	})
	return p, ctx.Err()
}
