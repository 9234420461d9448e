package db_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"chop/internal/db"
	"chop/internal/db/dbtest"
)

func insertFirm(ctx context.Context, tx *db.Tx, id, slug string) error {
	_, err := tx.Exec(ctx, `INSERT INTO firm (id, name, slug, created_at) VALUES ($1, $2, $3, $4)`, id, "Firma "+id, slug, tx.Now())
	return err
}

func TestNestedVerbsShareOneTransaction(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		boom := errors.New("boom")
		var after int
		err := d.Tx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			tx.AfterCommit(func() { after++ })
			if err := d.Tx(ctx, func(ctx context.Context, tx *db.Tx) error { return insertFirm(ctx, tx, "a", "A") }); err != nil {
				return err
			}
			return boom
		})
		if !errors.Is(err, boom) || after != 0 {
			t.Fatalf("err %v, after %d", err, after)
		}
		if n := count(t, d); n != 0 {
			t.Fatalf("%d rows survived the roll-back", n)
		}
	})
}

func count(t *testing.T, d *db.DB) (n int) {
	t.Helper()
	err := d.Read(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.One(ctx, `SELECT count(*) FROM firm`, nil, &n)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestTimesSurviveAndDuplicatesAreRecognised(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, c *dbtest.Clock) {
		c.Forward(123456 * time.Nanosecond)
		add := func(ctx context.Context, tx *db.Tx) error { return insertFirm(ctx, tx, "a", "A") }
		if err := d.Tx(t.Context(), add); err != nil {
			t.Fatal(err)
		}
		if err := d.Tx(t.Context(), add); !db.IsUnique(err) {
			t.Fatalf("second insert: %v", err)
		}
		var at time.Time
		_ = d.Read(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.One(ctx, `SELECT created_at FROM firm WHERE id = $1`, []any{"a"}, &at)
			return err
		})
		if want := dbtest.Start.Add(123 * time.Microsecond); !at.Equal(want) {
			t.Fatalf("%v, want %v", at, want)
		}
	})
}

func TestInsertWritesManyRows(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		var rows [][]any
		for range 1201 {
			id := db.NewID()
			rows = append(rows, []any{id, "n", id, time.Time{}})
		}
		rows = append(rows, rows[0])
		err := d.Tx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			n, err := tx.Insert(ctx, `INSERT INTO firm (id, name, slug, created_at)`, rows, `ON CONFLICT (id) DO NOTHING`)
			if n != 1201 {
				t.Errorf("%d rows inserted", n)
			}
			return err
		})
		if err != nil || count(t, d) != 1201 {
			t.Fatal(err, count(t, d))
		}
	})
}

func TestMigrateTwiceChangesNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		before, err := d.Version(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		if after, _ := d.Version(t.Context()); after != before || before == 0 {
			t.Fatalf("version %d, then %d", before, after)
		}
	})
}
