package mention

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/fault"
)

// View is a filter that a person keeps under a name. It is that person's own and shows nothing by itself: whoever opens
// it sees what they may see.
type View struct {
	ID    string
	Firm  string // empty: over all firms of the person
	Name  string
	Query string // of the address, without the question mark
	Made  time.Time
}

// Limits of saved views.
const (
	maxViews     = 50   // of one person
	maxViewName  = 60   // characters
	maxViewQuery = 1000 // bytes
)

// Views is the saved views of the principal, by name. Needs a person.
func (s *Store) Views(ctx context.Context) (list []View, err error) {
	who := access.From(ctx).User
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT id, firm_id, name, query, created_at FROM saved_view WHERE user_id = $1 ORDER BY name, id LIMIT 50`,
			[]any{who}, func(scan func(...any) error) error {
				var v View
				err := scan(&v.ID, &v.Firm, &v.Name, &v.Query, &v.Made)
				list = append(list, v)
				return err
			})
	})
	if err != nil {
		return nil, fmt.Errorf("read saved views: %w", err)
	}
	return list, nil
}

// SaveView keeps a filter under a name; the same name is overwritten. Needs access.ViewMentions, in the firm when the
// view names one. Faults: Invalid "view.name", "view.query"; Conflict "view.many".
func (s *Store) SaveView(ctx context.Context, v View) (View, error) {
	var err error
	if v.Firm != "" {
		err = access.Check(ctx, access.ViewMentions, v.Firm)
	} else {
		err = access.CheckAny(ctx, access.ViewMentions)
	}
	if err != nil {
		return v, err
	}
	v.Name = strings.Join(strings.Fields(clean(v.Name)), " ")
	if n := utf8.RuneCountInString(v.Name); n == 0 || n > maxViewName {
		return v, fault.New(fault.Invalid, "view.name", "Max", maxViewName).On("name")
	}
	if len(v.Query) > maxViewQuery || clean(v.Query) != v.Query {
		return v, fault.New(fault.Invalid, "view.query").On("name")
	}
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error { return saveView(ctx, tx, &v) })
	return v, err
}

func saveView(ctx context.Context, tx *db.Tx, v *View) error {
	who := access.From(ctx).User
	v.Made = tx.Now()
	found, err := tx.One(ctx, `SELECT id FROM saved_view WHERE user_id = $1 AND firm_id = $2 AND name = $3`, []any{who, v.Firm, v.Name}, &v.ID)
	if err != nil {
		return fmt.Errorf("look for saved view: %w", err)
	}
	if found {
		if _, err := tx.Exec(ctx, `UPDATE saved_view SET query = $3, created_at = $4 WHERE user_id = $1 AND id = $2`, who, v.ID, v.Query, v.Made); err != nil {
			return fmt.Errorf("change saved view: %w", err)
		}
		return nil
	}
	var n int
	if _, err := tx.One(ctx, `SELECT count(*) FROM saved_view WHERE user_id = $1`, []any{who}, &n); err != nil {
		return fmt.Errorf("count saved views: %w", err)
	}
	if n >= maxViews {
		return fault.New(fault.Conflict, "view.many", "Max", maxViews).On("name")
	}
	v.ID = db.NewID()
	if _, err := tx.Exec(ctx, `INSERT INTO saved_view (firm_id, id, user_id, name, query, created_at) VALUES ($1, $2, $3, $4, $5, $6)`,
		v.Firm, v.ID, who, v.Name, v.Query, v.Made); err != nil {
		return fmt.Errorf("save view: %w", err)
	}
	return nil
}

// RemoveView forgets a saved view of the principal. fault.NotFound when there is none of that id.
func (s *Store) RemoveView(ctx context.Context, id string) error {
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		n, err := tx.Exec(ctx, `DELETE FROM saved_view WHERE user_id = $1 AND id = $2`, access.From(ctx).User, id)
		if err == nil && n == 0 {
			err = fault.Missing("view")
		}
		return err
	})
}
