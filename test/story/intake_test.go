package story

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"chop/internal/db"
	"chop/internal/demo/site"
	"chop/internal/evidence"
	"chop/internal/mention"
	"chop/internal/source"
)

func TestEditsAndDisappearancesAreKept(t *testing.T) {
	Each(t, func(t *testing.T, w *World) {
		anna := w.Guardian("Anna")
		comment := w.Visitor("Darek").Comments(threat)
		w.FastForward(time.Minute)
		first, err := w.Evidence.Latest(anna.ctx(), w.firm.ID, mention.Ref(w.sees(comment).ID))
		w.ok(err)
		w.shop.Edit(comment, "Żartowałem przecież, pozdrawiam serdecznie.")
		w.FastForward(7 * time.Minute)
		m := w.sees(comment)
		if m.Revision != 2 || !strings.HasPrefix(m.Text, "Żartowałem") {
			t.Fatalf("revision %d: %q", m.Revision, m.Text)
		}
		w.shop.Remove(comment)
		w.FastForward(7 * time.Minute)
		if m = w.sees(comment); m.State != source.Gone || m.GoneAt.IsZero() || m.Revision != 3 {
			t.Fatalf("after the deletion: %s, revision %d", m.State, m.Revision)
		}
		revs, err := w.Mentions.Revisions(anna.ctx(), w.firm.ID, m.ID)
		w.ok(err)
		if len(revs) != 3 || revs[0].Text != threat || revs[2].State != source.Gone {
			t.Fatalf("revisions %+v", revs)
		}
		w.exhibitSays(anna, first.ID, threat)
		sealed, err := w.Evidence.Of(anna.ctx(), w.firm.ID, mention.Ref(m.ID))
		w.ok(err)
		var later []string
		for _, x := range sealed {
			if x.Cause == "edited" || x.Cause == "gone" {
				later = append(later, x.Cause)
			}
		}
		if !slices.Equal(later, []string{"edited", "gone"}) {
			t.Errorf("the edit and the disappearance were not sealed by themselves: %q", later)
		}
		x, err := w.Mentions.Preserve(anna.ctx(), w.Evidence, w.firm.ID, m.ID, "person")
		w.ok(err)
		if chain := w.chain(anna, x); chain[0] != first.ID || chain[len(chain)-1] != x.ID {
			t.Errorf("the later exhibits do not lead back to the first: %q", chain)
		}
		w.exhibitSays(anna, x.ID, threat, "Żartowałem przecież", `"gone"`)
		w.Work()
		w.everythingHolds(anna)
	})
}

// chain are the exhibits of a thing from its first to this one, by what each says came before it.
func (w *World) chain(p *Person, x evidence.Exhibit) []string {
	w.t.Helper()
	list, err := w.Evidence.Of(p.ctx(), w.firm.ID, x.Ref)
	w.ok(err)
	before := map[string]string{}
	for _, e := range list {
		before[e.ID] = e.Prev
	}
	chain := []string{x.ID}
	for before[chain[0]] != "" && len(chain) <= len(list) {
		chain = append([]string{before[chain[0]]}, chain...)
	}
	return chain
}

// exhibitSays checks that an exhibit's history of the item holds these words.
func (w *World) exhibitSays(p *Person, exhibit string, words ...string) {
	w.t.Helper()
	raw, _, err := w.Evidence.File(p.ctx(), w.firm.ID, exhibit, "revisions.json")
	w.ok(err)
	var any []struct{ Text, State string }
	w.ok(json.Unmarshal(raw, &any))
	for _, word := range words {
		if !strings.Contains(string(raw), word) {
			w.t.Errorf("the exhibit does not say %q: %s", word, raw)
		}
	}
}

// wantEach checks that every comment of the shop is in the inbox once, with one labelling, in the text of the shop.
func (w *World) wantEach() {
	w.t.Helper()
	got := map[string]string{}
	labels := map[string]int{}
	w.ok(w.DB.Read(w.t.Context(), func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT m.ext_id, m.text, (SELECT count(*) FROM labelling l WHERE l.firm_id = m.firm_id AND l.mention_id = m.id)
			FROM mention m WHERE m.firm_id = $1 AND m.source_id = $2`, []any{w.firm.ID, w.source.ID}, func(scan func(...any) error) error {
			var ext, text string
			var n int
			err := scan(&ext, &text, &n)
			if _, twice := got[ext]; twice {
				w.t.Errorf("comment %s is there twice", ext)
			}
			got[ext], labels[ext] = text, n
			return err
		})
	}))
	all := w.shop.Comments()
	for _, c := range all {
		id := fmt.Sprint(c.ID)
		if got[id] != c.Text || labels[id] != 1 {
			w.t.Errorf("comment %s: %q, %d labellings", id, got[id], labels[id])
		}
	}
	if len(got) != len(all) || len(all) == 0 {
		w.t.Errorf("%d mentions of %d comments", len(got), len(all))
	}
}

func TestAClockThatJumpsLosesNothing(t *testing.T) {
	Each(t, func(t *testing.T, w *World) {
		w.Guardian("Anna")
		for i, jump := range []time.Duration{0, time.Hour, -time.Hour, -2 * time.Hour, 3 * time.Hour, -time.Hour, 26 * time.Hour} {
			w.Leap(jump)
			for n := range 3 {
				w.Visitor("Teresa").Comments(fmt.Sprintf("Obrus numer %d leży idealnie, dziękuję za %d.", n, i))
			}
			w.FastForward(3 * time.Minute)
		}
		w.FastForward(2 * time.Hour / 4)
		w.wantEach()
	})
}

// The shop asks for patience, answers with nonsense, closes for an hour: nothing is lost and nothing is there twice.
func TestAFailingShopLosesNothing(t *testing.T) {
	Each(t, func(t *testing.T, w *World) {
		w.Guardian("Anna")
		troubles := []func(*http.Request) *site.Answer{
			func(*http.Request) *site.Answer {
				return &site.Answer{Status: http.StatusTooManyRequests, Header: map[string]string{"Retry-After": "90"}}
			},
			func(*http.Request) *site.Answer { return &site.Answer{HangUp: true} },
			func(*http.Request) *site.Answer { return &site.Answer{Half: true} },
			func(*http.Request) *site.Answer { return &site.Answer{Body: []byte("<html>przerwa</html>")} },
			func(*http.Request) *site.Answer { return &site.Answer{Status: http.StatusInternalServerError} },
		}
		for i, trouble := range troubles {
			w.breaks(trouble)
			for n := range 5 {
				w.Visitor("Teresa").Comments(fmt.Sprintf("Poszewka numer %d, zamówienie %d, wszystko dobrze.", n, i))
			}
			w.FastForward(2 * time.Minute)
			w.breaks(nil)
			w.FastForward(time.Minute)
		}
		w.breaks(func(*http.Request) *site.Answer { return &site.Answer{HangUp: true} })
		for n := range 150 {
			w.Visitor("Klient").Comments(fmt.Sprintf("Pytam o zamówienie numer %d z zeszłego roku.", n))
		}
		w.Leap(time.Hour)
		w.breaks(nil)
		w.FastForward(15 * time.Minute)
		w.wantEach()
	})
}

// A cache before the shop gives old pages again, doubled and in any order.
func TestOldAndDoubledPagesChangeNothing(t *testing.T) {
	w := New(t)
	w.Guardian("Anna")
	cache := &staleCache{pages: map[string][][]byte{}, rnd: rand.New(rand.NewPCG(1, 2))}
	cache.shop = func(r *http.Request) *httptest.ResponseRecorder {
		rec := httptest.NewRecorder()
		inner := r.Clone(r.Context())
		w.shop.Fault(nil)
		w.shop.ServeHTTP(rec, inner)
		w.shop.Fault(cache.answer)
		return rec
	}
	w.shop.Fault(cache.answer)
	for i := range 12 {
		for n := range 4 {
			w.Visitor("Teresa").Comments(fmt.Sprintf("Ręcznik %d z paczki %d już używany.", n, i))
		}
		w.FastForward(time.Minute)
	}
	w.shop.Fault(nil)
	w.FastForward(6 * time.Minute)
	w.wantEach()
	if cache.stale == 0 {
		t.Error("the cache never gave an old page")
	}
}

// staleCache gives now the present page, now one from before, with its items doubled and shuffled.
type staleCache struct {
	shop  func(*http.Request) *httptest.ResponseRecorder
	pages map[string][][]byte
	rnd   *rand.Rand
	stale int
}

func (c *staleCache) answer(r *http.Request) *site.Answer {
	if r.Method != http.MethodGet || !strings.Contains(r.URL.Path, "/comments") || c.rnd.IntN(3) == 0 {
		return nil
	}
	rec := c.shop(r)
	old := c.pages[r.URL.RawQuery]
	c.pages[r.URL.RawQuery] = append(old, rec.Body.Bytes())
	body := rec.Body.Bytes()
	if len(old) > 0 && c.rnd.IntN(2) == 0 {
		body = old[c.rnd.IntN(len(old))]
		c.stale++
	}
	var items []json.RawMessage
	if json.Unmarshal(body, &items) != nil {
		return nil
	}
	items = append(items, items...)
	c.rnd.Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
	raw, err := json.Marshal(items)
	if err != nil {
		return nil
	}
	h := map[string]string{"Content-Type": "application/json; charset=UTF-8"}
	for _, k := range []string{"X-WP-Total", "X-WP-TotalPages"} {
		h[k] = rec.Header().Get(k)
	}
	return &site.Answer{Header: h, Body: raw}
}
