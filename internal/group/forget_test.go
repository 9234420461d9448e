package group

import (
	"context"
	"strings"
	"testing"
	"time"

	"chop/internal/access"
	"chop/internal/fault"
)

// An objection takes the account out of groups nobody confirmed, for good; a confirmed group is proof and keeps it.
func TestAnObjectionForgetsWhatNobodyConfirmed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.shifted(attacked(1))
		early, late := before(p, 150)
		w.put(f1, p, early)
		w.pass(0)
		g := w.only()
		account, other := g.Members[0].Account, g.Members[1].Account
		wants(t, w.groups.Forget(w.as("wanda", access.Lawyer), f1, account, "sprzeciw"), fault.Forbidden, "forbidden")
		ok(t, w.groups.Forget(w.ewa(), f1, account, "sprzeciw z 1 grudnia"))
		for _, table := range []string{`group_version WHERE finding`, `group_member WHERE account`} {
			if n := w.count(`SELECT count(*) FROM `+table+` LIKE $1`, "%"+account+"%"); n != 0 {
				t.Errorf("%s: still named %d times", table, n)
			}
		}
		_, err := w.groups.Reproduce(w.ewa(), f1, g.ID, g.Version)
		wants(t, err, fault.NotFound, "group.input")
		w.groups.Objected = func(_ context.Context, _ string, keys []string) (map[string]bool, error) {
			if !strings.Contains(strings.Join(keys, "\n"), account) {
				t.Error("the account is not asked about")
			}
			return map[string]bool{account: true}, nil
		}
		w.put(f1, p, late)
		w.pass(10 * time.Minute)
		g = w.only()
		if _, in := g.Member(account); in {
			t.Error("a later run names the account again")
		}
		ok(t, w.groups.Confirm(w.ewa(), f1, g.ID, g.Revision, "te same konta pod każdym pytaniem"))
		ok(t, w.groups.Forget(w.ewa(), f1, other, "sprzeciw z 2 grudnia"))
		if m, in := w.only().Member(other); !in || m.State != In {
			t.Error("proof that a person confirmed lost an account")
		}
	})
}
