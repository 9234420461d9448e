package db_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"chop/internal/db"
	"chop/internal/db/dbtest"
)

func TestOnlyCommittedChangesAreTold(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		heard := make(chan db.Touched, 10)
		defer d.Listen(func(ts []db.Touched) {
			for _, x := range ts {
				heard <- x
			}
		})()
		go d.Relay(ctx)
		boom := errors.New("boom")
		if err := d.Tx(ctx, func(_ context.Context, tx *db.Tx) error { tx.Touch("f", "lost"); return boom }); !errors.Is(err, boom) {
			t.Fatal(err)
		}
		// The relay may need a moment to listen: repeat the touch until it is heard.
		deadline := time.After(10 * time.Second)
		for {
			if err := d.Tx(ctx, func(_ context.Context, tx *db.Tx) error { tx.Touch("f", "kept"); tx.Touch("f", "kept"); return nil }); err != nil {
				t.Fatal(err)
			}
			select {
			case x := <-heard:
				if x != (db.Touched{Firm: "f", Topic: "kept"}) {
					t.Fatalf("heard %+v", x)
				}
				return
			case <-time.After(50 * time.Millisecond):
			case <-deadline:
				t.Fatal("nothing heard")
			}
		}
	})
}
