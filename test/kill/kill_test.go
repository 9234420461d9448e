// Package kill ends the real program in the middle of its work, again and again, and counts afterwards.
package kill

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"chop/internal/action"
	"chop/internal/db"
	"chop/internal/db/dbtest"
)

// How much happens while the program is being killed.
const (
	comments   = 400
	posts      = 8  // every post gets threats, and so a case of its own
	threatEach = 20 // one comment in so many is a threat
	replies    = 6
)

func TestKilledAtAnyMoment(t *testing.T) {
	program := build(t)
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		killed(t, open(t, program, ""), 20)
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		killed(t, open(t, program, dbtest.PostgresURL(t)), 8)
	})
}

// killed streams comments and deliveries into a program that dies at random moments, and then counts.
func killed(t *testing.T, w *world, times int) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 1))
	w.decideReplies()
	ctx, stop := context.WithCancel(t.Context())
	streamed, knocked := make(chan struct{}), make(chan struct{})
	go w.stream(ctx, streamed)
	go w.knock(ctx, knocked)
	for range times {
		w.lookSoon()
		p := w.start()
		// From the first instructions of the program to a second of work.
		<-time.After(time.Duration(20+rnd.IntN(1200)) * time.Millisecond)
		p.kill()
		w.folderHolds()
		w.ageRunning()
	}
	w.lookSoon()
	p := w.start()
	<-streamed
	w.until("everything is in and done", func() error { return w.settled() })
	stop()
	<-knocked
	p.end()
	w.verify()
	if !w.folderHolds() {
		t.Error("the log was never written beside the database")
	}
	w.count()
}

// settled tells what is still missing, or nothing.
func (w *world) settled() error {
	seen := w.number(`SELECT count(*) FROM mention WHERE firm_id = $1 AND source_id = $2 AND own = FALSE AND status <> 'new'`, w.firm, w.site.ID)
	if seen < comments+replies {
		return fmt.Errorf("%d of %d comments are in", seen, comments+replies)
	}
	if n := w.number(`SELECT count(*) FROM deed WHERE firm_id = $1 AND state = 'done'`, w.firm); n < replies {
		return fmt.Errorf("%d of %d deeds are done", n, replies)
	}
	if n := w.number(`SELECT count(*) FROM notice WHERE firm_id = $1 AND state = 'pending'`, w.firm); n > 0 {
		return fmt.Errorf("%d notices wait", n)
	}
	if n := w.number(`SELECT count(*) FROM mention WHERE firm_id = $1 AND status = 'new'`, w.firm); n > 0 {
		return fmt.Errorf("%d mentions wait to be read", n)
	}
	if n := w.number(`SELECT count(*) FROM river_job WHERE state IN ('running', 'retryable', 'available') AND CAST(args AS TEXT) NOT LIKE '%mention.pull%'`); n > 0 {
		return fmt.Errorf("%d jobs are not done", n)
	}
	h, err := w.rooms().Jobs.Health(w.ctx())
	if err != nil || h.Failing > 0 {
		return fmt.Errorf("%d jobs fail, %v", h.Failing, err)
	}
	return nil
}

// count checks that everything is there exactly once.
func (w *world) count() {
	t := w.t
	t.Helper()
	w.everyComment()
	threats := 0
	for _, c := range w.shop.Comments() {
		if isThreat(c.Text) {
			threats++
		}
	}
	for what, n := range map[string]struct{ got, want int }{
		"mentions with more than one labelling": {w.number(`SELECT count(*) FROM (SELECT mention_id FROM labelling WHERE firm_id = $1
			GROUP BY mention_id HAVING count(*) <> 1) x`, w.firm), 0},
		"mentions with more than one revision": {w.number(`SELECT count(*) FROM (SELECT mention_id FROM revision WHERE firm_id = $1
			GROUP BY mention_id HAVING count(*) <> 1) x`, w.firm), 0},
		"effects of triage": {w.number(`SELECT count(*) FROM triage_effect WHERE firm_id = $1 AND key LIKE 'urgent.threat %'`, w.firm), threats},
		"cases":             {w.number(`SELECT count(*) FROM crisis WHERE firm_id = $1`, w.firm), posts},
		"items in cases":    {w.number(`SELECT count(*) FROM crisis_item WHERE firm_id = $1`, w.firm), threats},
		"alerts of cases":   {w.number(`SELECT count(*) FROM alert WHERE firm_id = $1 AND key LIKE 'case:%'`, w.firm), posts},
		"raisings of them":  {w.number(`SELECT coalesce(sum(count), 0) FROM alert WHERE firm_id = $1 AND key LIKE 'case:%'`, w.firm), threats},
		"threats without exactly one proof": {w.number(`SELECT count(*) FROM (SELECT m.id FROM mention m LEFT JOIN exhibit x ON x.firm_id = m.firm_id
			AND x.ref_id = m.id WHERE m.firm_id = $1 AND m.labels LIKE '%,threat,%' GROUP BY m.id HAVING count(x.id) <> 1) x`, w.firm), 0},
		"deeds":                  {w.number(`SELECT count(*) FROM deed WHERE firm_id = $1`, w.firm), replies},
		"deeds with their proof": {w.number(`SELECT count(*) FROM deed WHERE firm_id = $1 AND state = $2 AND exhibit <> '' AND exhibit_after <> ''`, w.firm, string(action.Done)), replies},
	} {
		if n.got != n.want {
			t.Errorf("%s: %d, want %d", what, n.got, n.want)
		}
	}
	if threats < posts {
		t.Fatalf("only %d threats: the story proves nothing", threats)
	}
	w.everyReply()
	w.everyLetter()
	w.everyKnock()
}

// everyComment checks each comment of the shop: there once, in its words.
func (w *world) everyComment() {
	w.t.Helper()
	got := map[string]string{}
	w.read(`SELECT ext_id, text FROM mention WHERE firm_id = $1 AND source_id = $2`, []any{w.firm, w.site.ID}, func(scan func(...any) error) error {
		var ext, text string
		err := scan(&ext, &text)
		if _, twice := got[ext]; twice {
			w.t.Errorf("comment %s is there twice", ext)
		}
		got[ext] = text
		return err
	})
	for _, c := range w.shop.Comments() {
		id := strconv.Itoa(c.ID)
		if got[id] != c.Text && !strings.HasPrefix(c.Text, answerBegins) {
			w.t.Errorf("comment %s is %q, want %q", id, got[id], c.Text)
		}
	}
}

// everyReply checks that each decided reply stands at the shop once, and how often it was sent.
func (w *world) everyReply() {
	w.t.Helper()
	under := map[int]int{}
	for _, c := range w.shop.Comments() {
		if strings.HasPrefix(c.Text, answerBegins) {
			under[c.Parent]++
		}
	}
	for parent, n := range under {
		if n != 1 {
			w.t.Errorf("%d replies stand under comment %d", n, parent)
		}
	}
	if len(under) != replies {
		w.t.Errorf("%d comments were answered, want %d", len(under), replies)
	}
}

// everyLetter checks that each notice was sent, and that its repeats can be told by their id.
func (w *world) everyLetter() {
	w.t.Helper()
	ids := w.letters()
	notices := 0
	w.read(`SELECT id, state FROM notice WHERE firm_id = $1`, []any{w.firm}, func(scan func(...any) error) error {
		var id, state string
		err := scan(&id, &state)
		notices++
		if state != "sent" || ids["<"+id+"@chop.example>"] == 0 {
			w.t.Errorf("notice %s is %s, %d letters", id, state, ids["<"+id+"@chop.example>"])
		}
		return err
	})
	if len(ids) != notices || notices < posts {
		w.t.Errorf("%d different letters for %d notices", len(ids), notices)
	}
}

// everyKnock checks that what was answered with 200 at the door is there.
func (w *world) everyKnock() {
	w.t.Helper()
	there := map[string]int{}
	w.read(`SELECT ext_id FROM mention WHERE firm_id = $1 AND source_id = $2`, []any{w.firm, w.hook.ID}, func(scan func(...any) error) error {
		var ext string
		err := scan(&ext)
		there[ext]++
		return err
	})
	taken := w.accepted()
	for _, ext := range taken {
		if there[ext] != 1 {
			w.t.Errorf("delivery %s was answered with %d and is there %d times", ext, http.StatusOK, there[ext])
		}
	}
	if len(taken) == 0 {
		w.t.Error("the door never took a delivery")
	}
}

// number is one figure of the database.
func (w *world) number(q string, args ...any) (n int) {
	w.t.Helper()
	w.read(q, args, func(scan func(...any) error) error { return scan(&n) })
	return n
}

func (w *world) read(q string, args []any, row func(scan func(...any) error) error) {
	w.t.Helper()
	err := w.rooms().DB.Read(w.t.Context(), func(ctx context.Context, tx *db.Tx) error { return tx.Each(ctx, q, args, row) })
	if err != nil {
		w.t.Fatal(err)
	}
}
