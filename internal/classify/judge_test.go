package classify_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"chop/internal/access"
	"chop/internal/classify"
	"chop/internal/db"
	"chop/internal/db/dbtest"
	"chop/internal/fault"
	"chop/internal/mention"
)

const abuse = "To są zwykli oszuści, nie kupujcie tu"

// A person corrects one of two identical insults: the other follows at once, a third on arrival, also after a restart.
func TestAPersonsWordHoldsForTheSameWords(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newWorld(t, d, clock)
		a, b, c := w.writes(abuse, ""), w.writes("TO SĄ ZWYKLI OSZUŚCI, nie kupujcie tu!!!", ""), w.writes("Kiedy będzie nowa kolekcja?", "")
		w.is(a, classify.Insult)
		w.corrects(w.ewa(), a, 3, classify.Claim, classify.Discouragement)
		for _, id := range []string{a, b} {
			w.is(id, classify.Claim, classify.Discouragement)
		}
		w.is(c, classify.Question)
		w.start() // a restart
		third := w.writes("@Anna to są zwykli oszuści nie kupujcie tu", "")
		w.is(third, classify.Claim, classify.Discouragement)
		r := w.of(third)
		if r.Severity != 3 || r.Engine != "memory" || r.Reasons[0].Rule != "person.same" || r.Reasons[0].Facts["who"] != "Ewa" ||
			r.Reasons[0].Facts["mention"] != a || len(r.Reasons) < 2 {
			t.Errorf("the third does not say where its labels come from: %+v", r)
		}
		if !slices.ContainsFunc(w.heard, func(e classify.Labelled) bool { return e.Judged == "" && slices.Contains(e.IDs, b) }) {
			t.Errorf("triage did not hear of the second: %+v", w.heard)
		}
		j := w.judgements()[0]
		if j.Who != "u-Ewa" || j.Why != "przeczytane" || j.Engine != "plain/1" || !slices.Equal(j.Said.Labels, []classify.Label{classify.Insult}) ||
			j.Kind != classify.Corrected || !j.Stands || j.Verdict.Severity != 3 {
			t.Errorf("the judgement: %+v", j)
		}

		// Taken back, everything returns to the engine.
		w.ok(w.labels.TakeBack(w.jan(), "f1", j.ID, "pomyłka"))
		w.work()
		for _, id := range []string{a, b, third} {
			w.is(id, classify.Insult)
		}
		w.is(w.writes(abuse, ""), classify.Insult)
		if err := w.labels.TakeBack(w.jan(), "f1", j.ID, "pomyłka"); !fault.Is(err, fault.Conflict) {
			t.Errorf("taken back twice: %v", err)
		}
		if got, want := fmt.Sprint(w.verbs(a)), "[mention.relabelled mention.spread mention.relabel_undone mention.spread]"; got != want {
			t.Errorf("the journal says %s, want %s", got, want)
		}
	})
}

func TestTheNewestWordWinsAndTheContradictionShows(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newWorld(t, d, clock)
		ids := w.all("", abuse, abuse, abuse)
		w.corrects(w.ewa(), ids[0], 2, classify.Complaint)
		w.corrects(w.jan(), ids[1], 1, classify.Opinion)
		w.is(ids[0], classify.Complaint)
		w.is(ids[1], classify.Opinion)
		w.is(ids[2], classify.Opinion)
		list, err := w.memory.Contradictions(w.ewa(), "f1")
		w.ok(err)
		if len(list) != 1 || list[0].Newer.Mention != ids[1] || list[0].Older.Mention != ids[0] {
			t.Fatalf("contradictions: %+v", list)
		}
		// The newer one taken back, the older one holds, also for the mention of the newer.
		w.ok(w.labels.Withdraw(w.jan(), "f1", ids[1]))
		w.work()
		for _, id := range ids {
			w.is(id, classify.Complaint)
		}
		if err := w.labels.Withdraw(w.jan(), "f1", ids[2]); !fault.Is(err, fault.NotFound) {
			t.Errorf("labels carried over were taken back as a person's: %v", err)
		}
	})
}

// A safety label goes only from the very same words.
func TestASafetyLabelStaysOnTextsThatAreOnlySimilar(t *testing.T) {
	w := newWorld(t, dbtest.OpenSQLite(t, dbtest.Start.UTC), dbtest.NewClock())
	const joke = "jak nie będzie wege to chyba spalę ten grill ze wstydu"
	a, same, near := w.writes(joke, ""), w.writes(strings.ToUpper(joke), ""), w.writes(joke+" jutro", "")
	w.corrects(w.ewa(), a, 0, classify.Satire)
	w.is(a, classify.Satire)
	w.is(same, classify.Satire)
	w.is(near, classify.Threat)
	w.is(w.writes("no "+joke, ""), classify.Threat)

	// What takes nothing away passes to similar texts, unless the similar one is dangerous by itself.
	const calm = "ten obrus jest krzywy i nikt mi nie odpisuje od tygodnia"
	b, danger := w.writes(calm, ""), w.writes(calm+" spalę", "")
	w.corrects(w.ewa(), b, 2, classify.Complaint)
	w.is(w.writes(calm+" serio", ""), classify.Complaint)
	w.is(danger, classify.Threat)
}

func TestShortWordsHoldInTheirPlaceOnly(t *testing.T) {
	w := newWorld(t, dbtest.OpenSQLite(t, dbtest.Start.UTC), dbtest.NewClock())
	w.writes("Dostałam dziurawy obrus", "") // c1: a complaint
	w.writes("Super kolekcja", "")          // c2: praise
	a := w.writes("haha", "c1")             // laughter at a complaint
	b, c := w.writes("HAHA!", "c1"), w.writes("haha", "c2")
	d := w.writes("haha", "")
	w.corrects(w.ewa(), a, 1, classify.Trolling)
	w.is(b, classify.Trolling)
	w.is(c, classify.Neutral)
	w.is(d, classify.Neutral)
}

func TestConfirmingIsAJudgementToo(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newWorld(t, d, clock)
		a := w.writes(abuse, "")
		w.ok(w.labels.Confirm(w.ewa(), "f1", a))
		w.work()
		r, j := w.of(a), w.judgements()[0]
		if r.Engine != classify.ByPerson || len(r.Reasons) == 0 || j.Kind != classify.Confirmed || !slices.Equal(j.Labels, j.Said.Labels) {
			t.Errorf("%+v %+v", r, j)
		}
		w.is(a, classify.Insult)
	})
}

func TestABlindJudgementMeasuresAndOnlyDangerActs(t *testing.T) {
	w := newWorld(t, dbtest.OpenSQLite(t, dbtest.Start.UTC), dbtest.NewClock())
	a, b := w.writes(abuse, ""), w.writes("wiem gdzie parkujesz", "")
	w.ok(w.labels.JudgeBlind(w.ewa(), "f1", a, classify.Verdict{Labels: []classify.Label{classify.Claim}, Buyer: true, Severity: 2}, classify.DrawnRandom))
	w.ok(w.labels.JudgeBlind(w.ewa(), "f1", b, classify.Verdict{Labels: []classify.Label{classify.Threat}, Severity: 4}, classify.DrawnLabelled))
	w.work()
	w.is(a, classify.Insult)
	w.is(b, classify.Threat)
	js := w.judgements()
	if len(js) != 2 || !js[0].Stands || js[1].Stands || js[1].Buyer || js[1].Drawn != classify.DrawnRandom || !js[1].Blind {
		t.Errorf("%+v", js)
	}
	w.is(w.writes(abuse, ""), classify.Insult)
}

func TestWhoMayJudge(t *testing.T) {
	w := newWorld(t, dbtest.OpenSQLite(t, dbtest.Start.UTC), dbtest.NewClock())
	a := w.writes(abuse, "")
	w.corrects(w.ewa(), a, 2, classify.Claim)
	j := w.judgements()[0]
	v := classify.Verdict{Labels: []classify.Label{classify.Claim}}
	for name, kind := range map[string]fault.Kind{"staff": fault.Forbidden, "stranger": fault.NotFound} {
		ctx := w.as("Ola", access.Staff)
		if name == "stranger" {
			ctx = access.With(t.Context(), access.Principal{User: "x", Firms: map[string]access.Role{"f2": access.Owner}})
		}
		for verb, err := range map[string]error{
			"correct": w.labels.Correct(ctx, "f1", a, v.Labels, 2, "bo tak"), "confirm": w.labels.Confirm(ctx, "f1", a),
			"blind": w.labels.JudgeBlind(ctx, "f1", a, v, ""), "take back": w.labels.TakeBack(ctx, "f1", j.ID, ""), "withdraw": w.labels.Withdraw(ctx, "f1", a),
		} {
			if !fault.Is(err, kind) {
				t.Errorf("%s of %s: %v", verb, name, err)
			}
		}
	}
	if err := w.labels.TakeBack(access.With(t.Context(), access.Principal{User: "x", Firms: map[string]access.Role{"f2": access.Owner}}), "f2", j.ID, ""); !fault.Is(err, fault.NotFound) {
		t.Errorf("another firm's judgement: %v", err)
	}
	if _, err := w.memory.Contradictions(w.as("x", access.Lawyer), "f1"); !fault.Is(err, fault.Forbidden) {
		t.Errorf("a lawyer reads judgements: %v", err)
	}
	for code, err := range map[string]error{
		"why": w.labels.Correct(w.ewa(), "f1", a, v.Labels, 2, "  "), "label.none": w.labels.JudgeBlind(w.ewa(), "f1", a, classify.Verdict{}, ""),
		"label.unknown": w.labels.Correct(w.ewa(), "f1", a, []classify.Label{"x'"}, 2, "bo tak"),
	} {
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", code, err)
		}
	}
}

// What lies long back gets the labels, but not a place in the inbox.
func TestOldCommentsDoNotComeBackIntoTheInbox(t *testing.T) {
	clock := dbtest.NewClock()
	w := newWorld(t, dbtest.OpenSQLite(t, clock.Now), clock)
	const text = "zamówiłem dwa komplety pościeli i przyszedł jeden"
	old := w.writes(text, "")
	clock.Forward(72 * time.Hour)
	young, judged := w.writes(text, ""), w.writes(text, "")
	w.corrects(w.ewa(), judged, 2, classify.Complaint)
	w.is(old, classify.Complaint)
	for id, want := range map[string]mention.Status{old: mention.Quiet, young: mention.Open} {
		m, err := w.mentions.Find(w.ewa(), "f1", id)
		w.ok(err)
		if m.Status != want {
			t.Errorf("%s: %s, want %s", m.SeenAt, m.Status, want)
		}
	}
}

// The word of a person about a comment that was edited since is about the old text.
func TestAnEditedCommentIsReadAnew(t *testing.T) {
	w := newWorld(t, dbtest.OpenSQLite(t, dbtest.Start.UTC), dbtest.NewClock())
	a := w.writes(abuse, "")
	w.corrects(w.ewa(), a, 2, classify.Claim)
	w.edits(1, "Przepraszam, super sklep")
	w.is(a, classify.Praise)
	w.is(w.writes(abuse, ""), classify.Claim)
	w.is(w.writes("Przepraszam, super sklep", ""), classify.Praise)
}
