package crisis_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"chop/internal/access"
	"chop/internal/alert"
	"chop/internal/crisis"
	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/mention"
	"chop/internal/notify"
	"chop/internal/reason"
)

// The hard case: a question under attack. It is solved when the asker has an answer and the owner knows, and it comes
// back when they come back.
func TestFromAttackToSolvedAndBack(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		attack, question := w.says(said{author: "Kamil", label: "insult"}), w.says(said{author: "Beata", label: "question", buyer: true})
		c := w.open("post:1", attack, question)
		w.seals(attack, question)
		w.ok(w.cases.Accept(w.as("Ewa"), w.firm, c.ID))
		w.tend()
		asked := w.tasks(c.ID)
		if asked[crisis.AskAnswer].Facts["author"] != "Beata" || asked[crisis.AskOwner].Who != "" || len(asked) != 2 {
			t.Fatalf("rules ask for %+v", asked)
		}
		w.refuses(w.cases.Contain(w.as("Ewa"), w.firm, c.ID, ""), fault.Invalid)

		w.says(said{author: "Manufaktura", own: true, parent: question}) // the firm answers at the place
		w.ok(w.cases.TellOwner(w.as("Ewa"), w.firm, c.ID, crisis.ToldCall, "Zgoda na wszystko.", time.Time{}))
		w.clock.Forward(10 * time.Minute)
		w.tend()
		if left := w.tasks(c.ID); len(left) != 0 {
			t.Errorf("still asked for: %+v", left)
		}
		if !w.find(c.ID).SolvedAt.IsZero() {
			t.Error("solved within the hour")
		}
		w.clock.Forward(51 * time.Minute)
		w.tend()
		solved := w.find(c.ID).SolvedAt
		if solved.IsZero() {
			test, _ := w.cases.Test(w.as("Ewa"), w.firm, c.ID)
			t.Fatalf("not solved: %+v", test)
		}
		w.ok(w.cases.Contain(w.as("Ewa"), w.firm, c.ID, ""))

		again := w.says(said{author: "Kamil", label: "insult", status: mention.Open})
		if _, news, err := w.tryOpen("post:1", again); err != nil || !news {
			t.Fatalf("the new item is no news: %v", err)
		}
		back := w.find(c.ID)
		if back.Status != crisis.Accepted || !back.SolvedAt.IsZero() || !back.OpenedAt.Equal(c.OpenedAt) || !back.Round().Equal(c.OpenedAt) {
			t.Errorf("after the new item: %+v", back)
		}
		for _, want := range []string{"opened", "accepted", "told", "task.done", "solved", "contained", "again", "item"} {
			if !slices.Contains(w.lines(c.ID), want) {
				t.Errorf("the timeline lacks %q: %v", want, w.lines(c.ID))
			}
		}
	})
}

// A clock over its target raises one alert, however often the case is looked at; answering stops the one about answering.
func TestLateClocksRingOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.open("post:1", w.says(said{author: "Kamil", label: "insult"}))
		w.clock.Forward(59 * time.Minute)
		w.tend()
		if w.rings("alert.case.late.acknowledged") != 0 {
			t.Fatal("rings within the target")
		}
		w.clock.Forward(2 * time.Minute)
		for range 3 {
			w.tend()
			w.clock.Forward(time.Minute)
		}
		if n := w.rings("alert.case.late.acknowledged"); n != 1 {
			t.Fatalf("%d alerts", n)
		}
		if n := len(slices.DeleteFunc(w.lines(c.ID), func(s string) bool { return s != "late.acknowledged" })); n != 1 {
			t.Errorf("%d lines of the timeline", n)
		}
		w.ok(w.cases.Accept(w.as("Ewa"), w.firm, c.ID))
		if w.rings("alert.case.late.acknowledged") != 0 {
			t.Error("rings on after somebody answered")
		}
		w.ok(w.cases.Note(w.system, w.firm, c.ID, crisis.Event{What: "deed.done.reply"}))
		if w.rings("alert.case.late.acted") != 0 || w.find(c.ID).ActedAt.IsZero() {
			t.Error("the first deed stopped no clock")
		}
		list, err := w.cases.Timings(w.as("Ewa"), w.firm, c.OpenedAt, c.OpenedAt.Add(time.Second))
		w.ok(err)
		if len(list) != 1 || len(list[0].Clocks) != 5 {
			t.Errorf("for reports: %+v", list)
		}
	})
}

func TestAnsweringTheAlertStopsTheClock(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.open("post:1")
		id, err := w.alerts.Raise(w.system, alert.New{Firm: w.firm, Key: crisis.AlertKey(c.ID), Priority: 1, Title: "Atak", Ref: c.Ref(), URL: "/cases/" + c.ID})
		w.ok(err)
		w.clock.Forward(4 * time.Minute)
		w.ok(w.alerts.Acknowledge(w.as("Tomasz"), id))
		got := w.find(c.ID)
		if got.AckedAt.Sub(c.OpenedAt) != 4*time.Minute || got.Status != crisis.Detected || !slices.Contains(w.lines(c.ID), "acked") {
			t.Errorf("%+v %v", got, w.lines(c.ID))
		}
		w.clock.Forward(10 * time.Minute)
		w.ok(w.alerts.Acknowledge(w.as("Tomasz"), id)) // "still on it"
		w.ok(w.cases.Accept(w.as("Tomasz"), w.firm, c.ID))
		if again := w.find(c.ID); !again.AckedAt.Equal(got.AckedAt) {
			t.Error("the first answer counts")
		}
	})
}

func TestTasks(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c, ewa, tomasz := w.open("post:1"), w.as("Ewa"), w.as("Tomasz")
		w.refuses(w.cases.AddTask(ewa, w.firm, c.ID, crisis.NewTask{Text: " "}), fault.Invalid)
		w.refuses(w.cases.AddTask(ewa, w.firm, c.ID, crisis.NewTask{Text: "x", Who: w.people["Joanna"]}), fault.Invalid)
		w.refuses(w.cases.AddTask(w.as("Joanna"), w.firm, c.ID, crisis.NewTask{Text: "x"}), fault.Forbidden)
		w.ok(w.cases.AddTask(ewa, w.firm, c.ID, crisis.NewTask{Text: "Sprawdź regulamin", Who: w.people["Tomasz"], Due: w.db.Now().Add(time.Hour)}))
		w.ok(w.jobs.Drain(w.system))
		letters := w.post.take("Tom@example.com")
		if len(letters) != 1 || strings.Contains(letters[0].Title+letters[0].Body, "regulamin") {
			t.Fatalf("told of the task: %+v", letters)
		}
		mine, free, err := w.cases.MyTasks(tomasz)
		w.ok(err)
		if len(mine) != 1 || len(free) != 0 || mine[0].Text != "Sprawdź regulamin" {
			t.Fatalf("mine %+v, free %+v", mine, free)
		}
		id := mine[0].ID
		w.ok(w.cases.ReturnTask(tomasz, w.firm, c.ID, id))
		w.ok(w.cases.TakeTask(ewa, w.firm, c.ID, id))
		w.clock.Forward(61 * time.Minute)
		w.tend()
		w.tend()
		if n := len(slices.DeleteFunc(w.post.take("Ewa@example.com"), func(m notify.Message) bool { return !strings.Contains(m.Title, "po terminie") || m.AckURL != "" })); n != 1 {
			t.Errorf("reminded %d times", n)
		}
		if w.rings("alert.case.tasks") != 1 {
			t.Error("nobody hears of the late task")
		}
		w.refuses(w.cases.EndTask(ewa, w.firm, c.ID, id, crisis.Dropped, ""), fault.Invalid)
		w.ok(w.cases.EndTask(ewa, w.firm, c.ID, id, crisis.Dropped, "już niepotrzebne"))
		w.refuses(w.cases.TakeTask(tomasz, w.firm, c.ID, id), fault.Conflict)
		w.refuses(w.cases.EndTask(ewa, w.firm, c.ID, "nonsense", crisis.Done, ""), fault.NotFound)
		for _, x := range w.tasks(c.ID) { // what the rule asks for, dropped by a person, is not asked for again
			w.ok(w.cases.EndTask(ewa, w.firm, c.ID, x.ID, crisis.Dropped, "właściciel śpi"))
		}
		w.clock.Forward(10 * time.Minute)
		w.tend()
		if left := w.tasks(c.ID); len(left) != 0 {
			t.Errorf("asked again: %+v", left)
		}
		if w.rings("alert.case.tasks") != 0 {
			t.Error("rings on although no task is late")
		}
	})
}

// Notes are for the guardians: called colleagues hear that there is one, not what it says, and the words stand sealed.
func TestNotesStayInside(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.open("post:1")
		const secret = "właścicielka płacze w magazynie"
		w.ok(w.cases.Write(w.as("Ewa"), w.firm, c.ID, "@Tomasz Rybak, "+secret+", pomóż"))
		w.ok(w.jobs.Drain(w.system))
		letters := w.post.take("Tom@example.com")
		if len(letters) != 1 || strings.Contains(letters[0].Title+letters[0].Body, "magazyn") || !strings.Contains(letters[0].URL, c.ID) {
			t.Fatalf("%+v", letters)
		}
		memos, err := w.cases.Memos(w.as("Tomasz"), w.firm, c.ID)
		w.ok(err)
		if len(memos) != 1 || !strings.Contains(memos[0].Text.Show(), secret) || !slices.Equal(memos[0].Calls, []string{w.people["Tomasz"]}) {
			t.Fatalf("%+v", memos)
		}
		raw, err := json.Marshal(memos)
		w.ok(err)
		for _, out := range []string{string(raw), fmt.Sprint(memos), fmt.Sprintf("%+v %#v %s %q", memos, memos[0], memos[0].Text, memos[0].Text)} {
			if strings.Contains(out, "magazyn") {
				t.Errorf("the note writes itself out: %s", out)
			}
		}
		for _, who := range []string{"Joanna", "Paweł"} {
			_, err := w.cases.Memos(w.as(who), w.firm, c.ID)
			w.refuses(err, fault.Forbidden)
		}
		lines, err := w.cases.Story(w.as("Ewa"), w.firm, c.ID)
		w.ok(err)
		if strings.Contains(fmt.Sprintf("%+v", lines), "magazyn") {
			t.Error("the note is in the export")
		}
		w.ok(w.db.Read(w.system, func(ctx context.Context, tx *db.Tx) error {
			return tx.Each(ctx, `SELECT sealed FROM crisis_note WHERE firm_id = $1`, []any{w.firm}, func(scan func(...any) error) error {
				var b []byte
				err := scan(&b)
				if strings.Contains(string(b), "magazyn") {
					t.Error("the note lies open")
				}
				return err
			})
		}))
	})
}

func TestHandOver(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.open("post:1")
		w.ok(w.cases.Accept(w.as("Ewa"), w.firm, c.ID))
		w.refuses(w.cases.Hand(w.as("Ewa"), w.firm, c.ID, crisis.Handing{Going: "Fala"}), fault.Invalid)
		w.ok(w.cases.Hand(w.as("Ewa"), w.firm, c.ID, crisis.Handing{Next: w.people["Tomasz"], Going: "Fala pod postem", Promised: "Telefon o 1:30", ToDo: "Odpowiedzieć"}))
		if w.find(c.ID).Lead != w.people["Ewa"] {
			t.Error("nobody has read it, and yet the lead changed")
		}
		w.clock.Forward(31 * time.Minute)
		w.tend()
		if w.rings("alert.case.handed") != 1 {
			t.Error("nobody confirms, and nobody is woken")
		}
		notes, err := w.cases.HandOvers(w.as("Tomasz"), w.firm, c.ID)
		w.ok(err)
		if len(notes) != 1 || !notes[0].Unread() || notes[0].Promised.Show() != "Telefon o 1:30" {
			t.Fatalf("%+v", notes)
		}
		w.refuses(w.cases.Take(w.as("Ewa"), w.firm, c.ID, notes[0].ID), fault.Conflict)
		w.ok(w.cases.Take(w.as("Tomasz"), w.firm, c.ID, notes[0].ID))
		w.refuses(w.cases.Take(w.as("Tomasz"), w.firm, c.ID, notes[0].ID), fault.Conflict)
		w.clock.Forward(time.Minute)
		w.tend()
		if w.find(c.ID).Lead != w.people["Tomasz"] || w.rings("alert.case.handed") != 0 {
			t.Error("not taken over")
		}
	})
}

// A wrong merge is taken back without loss; until then the old address and its subject lead to the older case.
func TestMergeAndBack(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a1, b1 := w.says(said{author: "A", label: "insult"}), w.says(said{author: "B", label: "threat"})
		older := w.open("post:1", a1)
		w.clock.Forward(time.Minute)
		younger := w.open("post:2", b1)
		w.ok(w.cases.Write(w.as("Ewa"), w.firm, younger.ID, "notatka młodszej"))
		_, err := w.alerts.Raise(w.system, alert.New{Firm: w.firm, Key: crisis.AlertKey(younger.ID), Priority: 1, Title: "Groźba", Ref: younger.Ref(), URL: "/"})
		w.ok(err)
		_, err = w.cases.Merge(w.as("Ewa"), w.firm, older.ID, older.ID, "to samo")
		w.refuses(err, fault.Invalid)
		into, err := w.cases.Merge(w.as("Ewa"), w.firm, older.ID, younger.ID, "jedna fala")
		w.ok(err)
		if into.ID != older.ID || w.items(older.ID) != 2 || w.find(younger.ID).Root != older.ID {
			t.Fatalf("merged into %s with %d items", into.Number, w.items(older.ID))
		}
		of, err := w.cases.Of(w.as("Ewa"), w.firm, mention.Ref(b1))
		w.ok(err)
		if len(of) != 1 || of[0].ID != older.ID {
			t.Errorf("the item belongs to %+v", of)
		}
		if list, _ := w.alerts.List(w.system, alert.Filter{Firm: w.firm}); len(list) != 1 || list[0].Key != crisis.AlertKey(older.ID) {
			t.Errorf("the alert did not follow: %+v", list)
		}
		later := w.says(said{author: "B", label: "insult"})
		if c, _, err := w.tryOpen("post:2", later); err != nil || c.ID != older.ID {
			t.Errorf("the subject leads to %s: %v", c.Number, err)
		}
		memos, err := w.cases.Memos(w.as("Ewa"), w.firm, older.ID)
		w.ok(err)
		if len(memos) != 1 || !slices.Contains(w.lines(older.ID), "merged") {
			t.Error("the younger history is not there")
		}
		w.refuses(w.cases.Close(w.as("Ewa"), w.firm, younger.ID, crisis.Solved, "koniec"), fault.Conflict)

		w.ok(w.cases.Unmerge(w.as("Ewa"), w.firm, younger.ID, "to jednak co innego"))
		if w.items(older.ID) != 2 || w.items(younger.ID) != 1 || w.find(younger.ID).Status != crisis.Detected {
			t.Errorf("after taking it back: %d and %d items", w.items(older.ID), w.items(younger.ID))
		}
		if memos, _ := w.cases.Memos(w.as("Ewa"), w.firm, older.ID); len(memos) != 0 {
			t.Error("the note stayed behind")
		}
		w.refuses(w.cases.Unmerge(w.as("Ewa"), w.firm, younger.ID, "jeszcze raz"), fault.Conflict)
	})
}

// Merging a into b and then b into c, and taking the second merge back, leaves a in b.
func TestMergesInARow(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var cs []crisis.Case
		for i := range 3 {
			cs = append(cs, w.open(fmt.Sprint("post:", i), w.says(said{author: "A", label: "insult"})))
			w.clock.Forward(time.Minute)
		}
		ewa := w.as("Ewa")
		must(w.cases.Merge(ewa, w.firm, cs[2].ID, cs[1].ID, "to samo"))
		must(w.cases.Merge(ewa, w.firm, cs[1].ID, cs[0].ID, "to samo"))
		if w.items(cs[0].ID) != 3 || w.find(cs[2].ID).Root != cs[0].ID {
			t.Fatalf("%d items", w.items(cs[0].ID))
		}
		w.ok(w.cases.Unmerge(ewa, w.firm, cs[1].ID, "jednak nie"))
		if w.items(cs[0].ID) != 1 || w.items(cs[1].ID) != 2 || w.find(cs[2].ID).Root != cs[1].ID {
			t.Errorf("%d and %d items", w.items(cs[0].ID), w.items(cs[1].ID))
		}
	})
}

func TestSplit(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, b := w.says(said{author: "A", label: "insult"}), w.says(said{author: "B", label: "complaint"})
		c, ewa := w.open("post:1", a, b), w.as("Ewa")
		w.clock.Forward(time.Hour)
		_, err := w.cases.Split(ewa, w.firm, c.ID, []reason.Ref{mention.Ref("nonsense")}, "Skarga", "osobna rzecz")
		w.refuses(err, fault.NotFound)
		if w.items(c.ID) != 2 {
			t.Fatal("a refused split took something out")
		}
		x, err := w.cases.Split(ewa, w.firm, c.ID, []reason.Ref{mention.Ref(b)}, "Skarga", "osobna rzecz")
		w.ok(err)
		if w.items(c.ID) != 1 || w.items(x.ID) != 1 || !x.Round().Equal(c.OpenedAt) || x.Lead != w.people["Ewa"] {
			t.Errorf("split: %+v", x)
		}
		rel, err := w.cases.Related(ewa, w.firm, c.ID)
		w.ok(err)
		if len(rel) != 1 || rel[0].Case.ID != x.ID || rel[0].Why != "split" {
			t.Errorf("%+v", rel)
		}
		must(w.cases.Merge(ewa, w.firm, c.ID, x.ID, "pomyłka"))
		if w.items(c.ID) != 2 {
			t.Error("a wrong split is not repaired by a merge")
		}
	})
}

// The same subject opens a case closed within three days again, with new clocks; later it opens a new one, related.
func TestClosedCasesComeBack(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		one := w.says(said{author: "A", label: "insult"})
		c, ewa := w.open("post:1", one), w.as("Ewa")
		w.ok(w.cases.Accept(ewa, w.firm, c.ID))
		w.ok(w.cases.Close(ewa, w.firm, c.ID, crisis.Solved, "ustało"))
		if same, news, err := w.tryOpen("post:1", one); err != nil || news || same.ID != c.ID || w.find(c.ID).Open() {
			t.Errorf("what was in the case all along opened it again: %v", err)
		}
		w.clock.Forward(48 * time.Hour)
		back, news, err := w.tryOpen("post:1", w.says(said{author: "A", label: "insult"}))
		w.ok(err)
		if back.ID != c.ID || !news || back.Status != crisis.Accepted || !back.Round().Equal(w.db.Now()) || !back.ToldAt.IsZero() {
			t.Errorf("after two days %+v", back)
		}
		w.ok(w.cases.Close(ewa, w.firm, c.ID, crisis.Solved, "ustało znów"))
		w.clock.Forward(73 * time.Hour)
		fresh, _, err := w.tryOpen("post:1", w.says(said{author: "A", label: "insult"}))
		w.ok(err)
		rel, err := w.cases.Related(ewa, w.firm, fresh.ID)
		w.ok(err)
		if fresh.ID == c.ID || len(rel) != 1 || rel[0].Case.ID != c.ID || rel[0].Why != "subject" {
			t.Errorf("after three days %s, related %+v", fresh.Number, rel)
		}
		w.refuses(w.cases.Reopen(ewa, w.firm, c.ID, "ręcznie"), fault.Conflict)
	})
}

func TestTheOwner(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c, ewa, joanna := w.open("post:1"), w.as("Ewa"), w.as("Joanna")
		w.refuses(w.cases.OwnerKnows(ewa, w.firm, c.ID), fault.Forbidden)
		w.refuses(w.cases.TellOwner(ewa, w.firm, c.ID, "letter", "powiedziane", time.Time{}), fault.Invalid)
		w.refuses(w.cases.TellOwner(ewa, w.firm, c.ID, crisis.ToldCall, "", time.Time{}), fault.Invalid)
		next := w.db.Now().Add(time.Hour)
		w.ok(w.cases.SendWord(ewa, w.firm, c.ID, next))
		w.ok(w.jobs.Drain(w.system))
		if n := len(w.post.take("Joa@example.com")); n != 1 || !w.find(c.ID).ToldAt.IsZero() {
			t.Errorf("%d letters; a letter alone is no knowledge", n)
		}
		w.ok(w.cases.OwnerKnows(joanna, w.firm, c.ID))
		w.ok(w.cases.OwnerKnows(joanna, w.firm, c.ID))
		if got := w.find(c.ID); got.ToldHow != crisis.ToldOwner || !got.WordAt.Equal(next) {
			t.Errorf("%+v", got)
		}
		w.clock.Forward(61 * time.Minute)
		w.tend()
		if w.rings("alert.case.word") != 1 {
			t.Error("the promise passed in silence")
		}
		w.refuses(w.cases.Promise(ewa, w.firm, c.ID, w.db.Now().Add(-time.Minute)), fault.Invalid)
		w.ok(w.cases.Promise(ewa, w.firm, c.ID, w.db.Now().Add(time.Hour)))
		if w.rings("alert.case.word") != 0 {
			t.Error("rings on after a new promise")
		}
	})
}

func TestSetup(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ewa := w.as("Ewa")
		w.refuses(w.cases.SetSetup(ewa, w.firm, crisis.Setup{Quiet: time.Minute}, "krócej"), fault.Invalid)
		w.refuses(w.cases.SetSetup(w.as("Paweł"), w.firm, crisis.DefaultSetup(), "krócej"), fault.Forbidden)
		want := crisis.Setup{Quiet: 2 * time.Hour, Again: 24 * time.Hour}
		w.ok(w.cases.SetSetup(ewa, w.firm, want, "spokojniej"))
		if got := must(w.cases.Setup(ewa, w.firm)); got != want {
			t.Errorf("%+v", got)
		}
	})
}

// Nobody of another firm learns or changes anything; each verb answers NotFound.
func TestOtherFirms(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.open("post:1")
		alien := access.With(t.Context(), access.Principal{User: "x", Firms: map[string]access.Role{"other": access.Guardian}})
		_, errMerge := w.cases.Merge(alien, w.firm, c.ID, "y", "bo tak")
		_, errSplit := w.cases.Split(alien, w.firm, c.ID, []reason.Ref{mention.Ref("m")}, "Tytuł", "bo tak")
		_, errTasks := w.cases.Tasks(alien, w.firm, c.ID)
		_, errMemos := w.cases.Memos(alien, w.firm, c.ID)
		_, errHands := w.cases.HandOvers(alien, w.firm, c.ID)
		_, errWatch := w.cases.Watchers(alien, w.firm, c.ID)
		_, errRel := w.cases.Related(alien, w.firm, c.ID)
		_, errFacts := w.cases.Facts(alien, w.firm, c.ID)
		_, errTimes := w.cases.Timings(alien, w.firm, time.Time{}, w.db.Now())
		_, errStory := w.cases.Story(alien, w.firm, c.ID)
		for i, err := range []error{errMerge, errSplit, errTasks, errMemos, errHands, errWatch, errRel, errFacts, errTimes, errStory,
			w.cases.AddTask(alien, w.firm, c.ID, crisis.NewTask{Text: "x"}), w.cases.TakeTask(alien, w.firm, c.ID, "t"),
			w.cases.Hand(alien, w.firm, c.ID, crisis.Handing{Going: "x", ToDo: "y"}), w.cases.Take(alien, w.firm, c.ID, "n"),
			w.cases.TellOwner(alien, w.firm, c.ID, crisis.ToldCall, "powiedziane", time.Time{}), w.cases.SendWord(alien, w.firm, c.ID, time.Time{}),
			w.cases.OwnerKnows(alien, w.firm, c.ID), w.cases.Watch(alien, w.firm, c.ID), w.cases.Relate(alien, w.firm, c.ID, "y", "bo tak"),
			w.cases.Unmerge(alien, w.firm, c.ID, "bo tak"), w.cases.SetSetup(alien, w.firm, crisis.DefaultSetup(), "bo tak")} {
			if !fault.Is(err, fault.NotFound) {
				t.Errorf("verb %d: %v", i, err)
			}
		}
	})
}
