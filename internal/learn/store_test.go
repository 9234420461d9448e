package learn_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"testing"

	"chop/internal/access"
	"chop/internal/app"
	"chop/internal/classify"
	"chop/internal/classify/builtin"
	"chop/internal/db"
	"chop/internal/db/dbtest"
	"chop/internal/fault"
	"chop/internal/firm"
	"chop/internal/lang"
	"chop/internal/learn"
	"chop/internal/source"
)

// world is one installation with a firm and a source that the test fills.
type world struct {
	*app.Rooms
	t     *testing.T
	clock *dbtest.Clock
	firm  string
	src   source.Source
	n     int
}

func each(t *testing.T, f func(t *testing.T, w *world)) {
	t.Run("sqlite", func(t *testing.T) { f(t, open(t, "")) })
	t.Run("postgres", func(t *testing.T) { f(t, open(t, dbtest.PostgresURL(t))) })
}

func open(t *testing.T, url string) *world {
	t.Helper()
	w := &world{t: t, clock: dbtest.NewClock()}
	var err error
	w.Rooms, err = app.Open(t.Context(), app.Config{Data: t.TempDir(), DB: url, Origin: "https://chop.example", Now: w.clock.Now}, "test")
	w.ok(err)
	t.Cleanup(w.Rooms.Close)
	f, err := w.Firms.Create(w.system(), firm.Firm{Name: "Manufaktura Lniana", Lang: lang.PL})
	w.ok(err)
	w.firm = f.ID
	w.src, _, err = w.Sources.Connect(w.system(), f.ID, "webhook", "Sklep", source.Settings{"secret": "whsec_" + base64.StdEncoding.EncodeToString(make([]byte, 32))})
	w.ok(err)
	return w
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) system() context.Context { return access.With(w.t.Context(), access.System("*")) }

func (w *world) as(name string, r access.Role) context.Context {
	return access.With(w.t.Context(), access.Principal{User: "u-" + name, Name: name, Firms: map[string]access.Role{w.firm: r}})
}

// writes takes in comments and lets them be read.
func (w *world) writes(texts ...string) []string {
	w.t.Helper()
	var b source.Batch
	for _, text := range texts {
		w.n++
		b.Items = append(b.Items, source.Item{ExternalID: fmt.Sprint("c", w.n), Kind: source.KindComment, Post: source.Post{ExternalID: "p1", Title: "Zima"},
			Author: source.Account{ExternalID: fmt.Sprint("a", w.n), Name: "Gość"}, Text: text, At: w.clock.Now()})
	}
	e, err := w.Mentions.Intake(w.system(), w.src, b)
	w.ok(err)
	w.ok(w.Jobs.Drain(w.system()))
	return e.New
}

// lessons judges comments of a firm in which "gumiak" is abuse that nobody else knows.
func (w *world) lessons(n int) {
	w.t.Helper()
	ewa := w.as("Ewa", access.Guardian)
	for i, id := range w.writes(lessonTexts(n)...) {
		v := classify.Verdict{Labels: []classify.Label{classify.Neutral}}
		if i%2 == 0 {
			v = classify.Verdict{Labels: []classify.Label{classify.Insult}, Severity: 2}
		}
		w.ok(w.Labels.JudgeBlind(ewa, w.firm, id, v, classify.DrawnRandom))
	}
}

func lessonTexts(n int) (out []string) {
	things := []string{"obrus", "pościel", "ręcznik", "fartuch", "zasłona", "bieżnik", "serweta", "koc", "poduszka", "narzuta"}
	days := []string{"wczoraj", "dzisiaj", "w sobotę", "rano", "we wtorek", "na targach"}
	for i := range n {
		thing, day := things[i%len(things)], days[(i/len(things))%len(days)]
		if i%2 == 0 {
			out = append(out, fmt.Sprintf("ten sprzedawca %s to gumiak i tyle, %s numer %d", day, thing, i))
		} else {
			out = append(out, fmt.Sprintf("widziałam %s %s na wystawie, numer %d", day, thing, i))
		}
	}
	return out
}

func TestAFirmsModelLearnsAndIsPutLiveAndOff(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		owner := w.as("Jan", access.Owner)
		w.lessons(learn.Needed - 1)
		_, err := w.Learn.Train(owner, w.firm)
		if !fault.Is(err, fault.Invalid) {
			t.Fatalf("trained of too few: %v", err)
		}
		w.lessons(80)
		m, err := w.Learn.Train(owner, w.firm)
		w.ok(err)
		if m.Version != 1 || m.State != learn.Trial || m.Report.Cases < 80 || m.Name != "Jan" {
			t.Fatalf("%+v", m)
		}
		if before, after := insults(m.Report); after.Right <= before.Right {
			t.Errorf("nothing was learned: %+v, then %+v", before, after)
		}
		const text = "ten sprzedawca to gumiak i tyle"
		plain := w.engine()
		if plain != nil {
			t.Fatalf("a model on trial reads: %s", plain.Name())
		}
		w.ok(w.Learn.PutLive(owner, w.firm, 1))
		if w.engine() == nil || !w.reads(text).Has(classify.Insult) {
			t.Error("the live model does not read")
		}
		w.ok(w.Learn.PutOff(owner, w.firm, 1))
		if w.engine() != nil {
			t.Error("the model reads on although it is off")
		}
		if err := w.Learn.PutOff(owner, w.firm, 1); !fault.Is(err, fault.Conflict) {
			t.Errorf("off twice: %v", err)
		}
	})
}

// engine is the firm's own engine.
func (w *world) engine() classify.Engine {
	w.t.Helper()
	e, err := w.Learn.Engine(w.system(), w.firm)
	w.ok(err)
	return e
}

func (w *world) reads(text string) classify.Result {
	w.t.Helper()
	id := w.writes(text)[0]
	r, err := w.Labels.Of(w.system(), w.firm, id)
	w.ok(err)
	return r
}

func insults(r builtin.Report) (before, after builtin.Answers) {
	for _, l := range r.Labels {
		if l.Label == classify.Insult {
			return l.Before, l.After
		}
	}
	return before, after
}

func TestANewVersionTakesTheOldOnesPlaceAndRestsWhenTheEngineChanges(t *testing.T) {
	w := open(t, "")
	owner := w.as("Jan", access.Owner)
	w.lessons(40)
	for range 2 {
		_, err := w.Learn.Train(owner, w.firm)
		w.ok(err)
	}
	w.ok(w.Learn.PutLive(owner, w.firm, 1))
	w.ok(w.Learn.PutLive(owner, w.firm, 2))
	w.ok(w.Learn.PutLive(owner, w.firm, 2)) // again changes nothing
	list, err := w.Learn.Models(owner, w.firm)
	w.ok(err)
	if len(list) != 2 || list[0].Version != 2 || list[0].State != learn.Live || list[1].State != learn.Off || w.Learn.Rests(list[0]) {
		t.Fatalf("%+v", list)
	}
	w.ok(w.DB.Tx(w.system(), func(ctx context.Context, tx *db.Tx) error {
		if _, err := tx.Exec(ctx, `UPDATE firm_model SET engine = 'older' WHERE firm_id = $1`, w.firm); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `UPDATE learned SET model = 'restart' WHERE firm_id = $1`, w.firm)
		return err
	}))
	if w.engine() != nil {
		t.Error("a model of another engine reads")
	}
	if list, err = w.Learn.Models(owner, w.firm); err != nil || !w.Learn.Rests(list[0]) {
		t.Errorf("%+v %v", list, err)
	}
	if err := w.Learn.PutLive(owner, w.firm, 1); !fault.Is(err, fault.Conflict) {
		t.Errorf("put live although it does not fit: %v", err)
	}
	if err := w.Learn.PutLive(owner, w.firm, 9); !fault.Is(err, fault.NotFound) {
		t.Errorf("a version that is not there: %v", err)
	}
}

func TestTextsOfTheSameWordsAreOneCase(t *testing.T) {
	w := open(t, "")
	ewa := w.as("Ewa", access.Guardian)
	for _, id := range w.writes("Kupujcie tylko u Zenka na bazarze", "kupujcie TYLKO u zenka na bazarze!!!", "haha", "HAHA", "") {
		w.ok(w.Labels.JudgeBlind(ewa, w.firm, id, classify.Verdict{Labels: []classify.Label{classify.Spam}}, ""))
	}
	cases, err := w.Learn.Cases(ewa, w.firm)
	w.ok(err)
	if len(cases) != 3 { // the empty text is a case of its own
		t.Errorf("%d cases: %+v", len(cases), cases)
	}
}

func TestTwoPeopleJudgeTheSameSample(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ewa, jan := w.as("Ewa", access.Guardian), w.as("Jan", access.Owner)
		if _, err := w.Learn.Draw(ewa, w.firm); !fault.Is(err, fault.Conflict) {
			t.Fatalf("drawn from nothing: %v", err)
		}
		w.writes(lessonTexts(25)...)
		x, err := w.Learn.Draw(ewa, w.firm)
		w.ok(err)
		v := classify.Verdict{Labels: []classify.Label{classify.Opinion}, Severity: 1}
		for i := range 10 {
			w.ok(w.Learn.Judge(ewa, w.firm, x.ID, i+1, v))
		}
		w.ok(w.Learn.Judge(jan, w.firm, x.ID, 1, v))
		if err := w.Learn.Judge(jan, w.firm, x.ID, 1, v); !fault.Is(err, fault.Conflict) {
			t.Errorf("judged twice: %v", err)
		}
		for _, n := range []int{0, 11, -1} {
			if err := w.Learn.Judge(jan, w.firm, x.ID, n, v); !fault.Is(err, fault.NotFound) {
				t.Errorf("comment %d: %v", n, err)
			}
		}
		x, err = w.Learn.Sample(jan, w.firm, x.ID)
		w.ok(err)
		if x.Next("u-Ewa") != nil || x.Next("u-Jan").N != 2 || x.Done("u-Jan") != 1 || len(x.People()) != 2 || len(x.Items) != 10 {
			t.Errorf("%+v", x)
		}
		js, err := w.Labels.Judgements(jan, w.firm)
		w.ok(err)
		if p := learn.Together(js); p.Doubly != 1 {
			t.Errorf("doubly judged: %+v", p)
		}
		// What was drawn once is not drawn again: 15 are left for one more sample, 5 for none.
		_, err = w.Learn.Draw(jan, w.firm)
		w.ok(err)
		if _, err := w.Learn.Draw(jan, w.firm); !fault.Is(err, fault.Conflict) {
			t.Errorf("drawn of what is left: %v", err)
		}
		list, err := w.Learn.Samples(jan, w.firm)
		w.ok(err)
		if len(list) != 2 || list[1].ID != x.ID || list[0].Name != "Jan" {
			t.Errorf("%+v", list)
		}
		d, err := w.Learn.Drift(jan, w.firm)
		w.ok(err)
		if d.Recent != 25 || d.Before != 0 || d.Says() != learn.TooFew {
			t.Errorf("%+v", d)
		}
	})
}

func TestWhoMayTeach(t *testing.T) {
	w := open(t, "")
	w.lessons(32)
	staff := w.as("Ola", access.Staff)
	for verb, err := range map[string]error{
		"train": second(w.Learn.Train(staff, w.firm)), "live": w.Learn.PutLive(staff, w.firm, 1), "off": w.Learn.PutOff(staff, w.firm, 1),
		"draw": second(w.Learn.Draw(staff, w.firm)), "judge": w.Learn.Judge(staff, w.firm, "x", 1, classify.Verdict{}),
	} {
		if !fault.Is(err, fault.Forbidden) {
			t.Errorf("%s: %v", verb, err)
		}
	}
	if _, err := w.Learn.Models(staff, w.firm); err != nil {
		t.Errorf("staff may look: %v", err)
	}
	stranger := access.With(t.Context(), access.Principal{User: "x", Firms: map[string]access.Role{"other": access.Owner}})
	for verb, err := range map[string]error{
		"models": second(w.Learn.Models(stranger, w.firm)), "samples": second(w.Learn.Samples(stranger, w.firm)),
		"drift": second(w.Learn.Drift(stranger, w.firm)), "train": second(w.Learn.Train(stranger, w.firm)),
	} {
		if !fault.Is(err, fault.NotFound) {
			t.Errorf("a stranger's %s: %v", verb, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }
