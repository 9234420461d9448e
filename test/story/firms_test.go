package story

import (
	"bytes"
	"context"
	"testing"
	"time"

	"chop/internal/access"
	"chop/internal/alert"
	"chop/internal/classify"
	"chop/internal/crisis"
	"chop/internal/decision"
	"chop/internal/fault"
	"chop/internal/firm"
	"chop/internal/journal"
	"chop/internal/mention"
	"chop/internal/oncall"
	"chop/internal/source"
)

// trace is what the attacked firm left in every room.
type trace struct {
	mention  mention.Mention
	kase     crisis.Case
	alert    alert.Alert
	exhibit  string
	decision decision.Decision
	deed     string
}

// door is one way to read: it tells how much came out.
type door struct {
	name string
	open func(ctx context.Context, firm string) (int, error)
}

func count[T any](list []T, err error) (int, error) { return len(list), err }

func one[T any](_ T, err error) (int, error) {
	if err != nil {
		return 0, err
	}
	return 1, nil
}

func (w *World) doors(x trace) []door {
	m, c, ref := x.mention, x.kase, mention.Ref(x.mention.ID)
	since := w.clock.Now().Add(-time.Hour)
	return append(w.lists(), []door{
		{"mention", func(ctx context.Context, f string) (int, error) { return one(w.Mentions.Find(ctx, f, m.ID)) }},
		{"mention by id alone", func(ctx context.Context, _ string) (int, error) { return one(w.Mentions.Locate(ctx, m.ID)) }},
		{"mentions by ids", func(ctx context.Context, f string) (int, error) {
			return count(w.Mentions.ByIDs(ctx, f, []string{m.ID}))
		}},
		{"mention by place", func(ctx context.Context, f string) (int, error) {
			got, err := w.Mentions.ByExternal(ctx, f, m.Source, []string{m.ExternalID})
			return len(got), err
		}},
		{"post", func(ctx context.Context, f string) (int, error) {
			got, err := w.Mentions.Posts(ctx, f, []string{m.Post})
			return len(got), err
		}},
		{"thread", func(ctx context.Context, f string) (int, error) { return count(w.Mentions.Thread(ctx, f, m.Post)) }},
		{"revisions", func(ctx context.Context, f string) (int, error) { return count(w.Mentions.Revisions(ctx, f, m.ID)) }},
		{"raw delivery", func(ctx context.Context, f string) (int, error) {
			return one(w.Mentions.RawDelivery(ctx, f, m.Delivery))
		}},
		{"mentions of a post", func(ctx context.Context, f string) (int, error) {
			return count(w.Mentions.List(ctx, mention.Filter{Firm: f, Post: m.Post}))
		}},
		{"author", func(ctx context.Context, f string) (int, error) { return one(w.Authors.Find(ctx, f, m.AuthorKey)) }},
		{"labels", func(ctx context.Context, f string) (int, error) { return one(w.Labels.Of(ctx, f, m.ID)) }},
		{"case", func(ctx context.Context, _ string) (int, error) { return one(w.Cases.Find(ctx, c.ID)) }},
		{"cases of an item", func(ctx context.Context, f string) (int, error) { return count(w.Cases.Of(ctx, f, ref)) }},
		{"items of a case", func(ctx context.Context, f string) (int, error) { return count(w.Cases.Items(ctx, f, c.ID)) }},
		{"timeline", func(ctx context.Context, f string) (int, error) { return count(w.Cases.Timeline(ctx, f, c.ID)) }},
		{"mentions of a case", func(ctx context.Context, f string) (int, error) { return count(w.Cases.MentionsOf(ctx, f, c.ID)) }},
		{"alert", func(ctx context.Context, _ string) (int, error) { return one(w.Alerts.Find(ctx, x.alert.ID)) }},
		{"notices", func(ctx context.Context, _ string) (int, error) { return count(w.Alerts.NoticesOf(ctx, x.alert.ID)) }},
		{"exhibit", func(ctx context.Context, f string) (int, error) { return one(w.Evidence.Get(ctx, f, x.exhibit)) }},
		{"exhibits of an item", func(ctx context.Context, f string) (int, error) { return count(w.Evidence.Of(ctx, f, ref)) }},
		{"newest exhibit", func(ctx context.Context, f string) (int, error) { return one(w.Evidence.Latest(ctx, f, ref)) }},
		{"is there proof", func(ctx context.Context, f string) (int, error) {
			has, err := w.Evidence.Has(ctx, f, ref)
			if has {
				return 1, err
			}
			return 0, err
		}},
		{"file of an exhibit", func(ctx context.Context, f string) (int, error) {
			body, _, err := w.Evidence.File(ctx, f, x.exhibit, "item.json")
			return len(body), err
		}},
		{"custody", func(ctx context.Context, f string) (int, error) { return count(w.Evidence.Custody(ctx, f, x.exhibit)) }},
		{"verification", func(ctx context.Context, f string) (int, error) { return one(w.Evidence.Verify(ctx, f, x.exhibit)) }},
		{"export", func(ctx context.Context, f string) (int, error) {
			var b bytes.Buffer
			err := w.Evidence.Export(ctx, f, x.exhibit, &b)
			return b.Len(), err
		}},
		{"advice", func(ctx context.Context, f string) (int, error) { return one(w.Decisions.Recommend(ctx, f, m.ID)) }},
		{"decision", func(ctx context.Context, f string) (int, error) { return one(w.Decisions.Find(ctx, f, x.decision.ID)) }},
		{"decisions of a mention", func(ctx context.Context, f string) (int, error) { return count(w.Decisions.Of(ctx, f, m.ID)) }},
		{"deed", func(ctx context.Context, f string) (int, error) { return one(w.Actions.Find(ctx, f, x.deed)) }},
		{"deeds of a mention", func(ctx context.Context, f string) (int, error) { return count(w.Actions.Of(ctx, f, m.ID)) }},
		{"deeds of a decision", func(ctx context.Context, f string) (int, error) {
			return count(w.Actions.ByDecision(ctx, f, x.decision.ID))
		}},
		{"source", func(ctx context.Context, f string) (int, error) { return one(w.Sources.Find(ctx, f, m.Source)) }},
		{"journal of a mention", func(ctx context.Context, f string) (int, error) {
			return count(w.Journal.Of(ctx, access.ViewJournal, f, ref))
		}},
		{"pulse", func(ctx context.Context, f string) (int, error) {
			b, err := w.Mentions.Pulse(ctx, f, since, time.Hour, 3)
			n := 0
			for _, x := range b {
				n += x.Hostile
			}
			return n, err
		}},
	}...)
}

// lists are the ways to read that name no thing: of one firm, and of all firms of the reader.
func (w *World) lists() []door {
	return []door{
		{"mentions", func(ctx context.Context, f string) (int, error) {
			return count(w.Mentions.List(ctx, mention.Filter{Firm: f}))
		}},
		{"search", func(ctx context.Context, f string) (int, error) {
			return count(w.Mentions.List(ctx, mention.Filter{Firm: f, Query: "zapałka"}))
		}},
		{"counts", func(ctx context.Context, f string) (int, error) {
			c, err := w.Mentions.Count(ctx, f)
			return c.Open + c.Urgent, err
		}},
		{"cases", func(ctx context.Context, f string) (int, error) { return count(w.Cases.List(ctx, f, false)) }},
		{"alerts", func(ctx context.Context, f string) (int, error) {
			return count(w.Alerts.List(ctx, alert.Filter{Firm: f}))
		}},
		{"exhibits", func(ctx context.Context, f string) (int, error) {
			list, _, err := w.Evidence.List(ctx, evidenceOf(f))
			return len(list), err
		}},
		{"decisions", func(ctx context.Context, f string) (int, error) {
			return count(w.Decisions.List(ctx, decision.Filter{Firm: f}))
		}},
	}
}

// attacked lets the firm be attacked and act.
func (w *World) attacked(anna *Person) trace {
	w.t.Helper()
	w.Visitor("Ktoś").Comments("Same śmieci i tyle.")
	comment := w.Visitor("Darek").Comments(threat)
	w.FastForward(time.Minute)
	x := trace{mention: w.sees(comment), kase: w.onlyCase(), alert: w.onlyAlert("case.title.threat", alert.Open)}
	anna.decidesHide(&x)
	other := w.Visitor("Darek").Comments(threat + " Powtarzam.")
	w.FastForward(time.Minute)
	w.sees(other)
	return x
}

func (p *Person) decidesHide(x *trace) {
	p.w.t.Helper()
	x.decision = p.decides(x.mention, decision.Hide, "")
	p.w.FastForward(time.Minute)
	x.exhibit, x.deed = x.decision.Exhibit, p.w.deed(x.decision).ID
}

// Law 6: whatever a person of another firm asks for, by firm or by id, nothing comes out, and nobody learns that the
// firm exists.
func TestTwoFirmsNeverSeeEachOther(t *testing.T) {
	Each(t, func(t *testing.T, w *World) {
		anna := w.Guardian("Anna")
		_, url := w.openShop()
		other, _ := w.guard("Piekarnia Rogal", url)
		stranger := w.hire("Obcy", access.Guardian)
		w.ok(w.Users.Enrol(w.system(), other.ID, stranger.id, access.Owner))
		stranger.firms = map[string]access.Role{other.ID: access.Owner}
		both := &Person{w: w, name: "Obcy", id: stranger.id, firms: map[string]access.Role{other.ID: access.Guardian}}
		x := w.attacked(anna)
		for _, d := range w.doors(x) {
			if n, err := d.open(anna.ctx(), w.firm.ID); err != nil || n == 0 {
				t.Errorf("%s: the firm's own guardian gets %d, %v", d.name, n, err)
			}
			for _, p := range []*Person{stranger, both} {
				if n, err := d.open(p.ctx(), w.firm.ID); n != 0 || !fault.Is(err, fault.NotFound) {
					t.Errorf("%s: a stranger asks for the firm and gets %d, %v", d.name, n, err)
				}
				if n, err := d.open(p.ctx(), other.ID); n != 0 || err != nil && !fault.Is(err, fault.NotFound) {
					t.Errorf("%s: a stranger asks under the own firm's name and gets %d, %v", d.name, n, err)
				}
			}
		}
		for _, d := range w.lists() {
			if n, err := d.open(stranger.ctx(), ""); n != 0 || err != nil {
				t.Errorf("%s of all firms: a stranger gets %d, %v", d.name, n, err)
			}
		}
		w.nothingMoves(x, stranger, other.ID)
	})
}

// nothingMoves tries every verb as the stranger.
func (w *World) nothingMoves(x trace, p *Person, own string) {
	w.t.Helper()
	ctx, m := p.ctx(), x.mention
	before := w.standing(x)
	for _, f := range []string{w.firm.ID, own} {
		for name, err := range map[string]error{
			"label":       w.Labels.Correct(ctx, f, m.ID, []classify.Label{classify.Praise}, 0, because),
			"preserve":    second(w.Mentions.Preserve(ctx, w.Evidence, f, m.ID, "person")),
			"decide":      second(w.Decisions.Decide(ctx, decision.Choice{Firm: f, Mention: m.ID, Option: decision.Observe, Shown: x.decision.Shown})),
			"answer":      w.Decisions.Answer(ctx, f, m.ID, "truth", "true"),
			"undo":        w.Decisions.Undo(ctx, f, x.decision.ID, because),
			"undo deed":   second(w.Actions.Undo(ctx, f, x.deed, because)),
			"task":        w.Actions.TaskDone(ctx, f, x.deed, because),
			"accept":      w.Cases.Accept(ctx, f, x.kase.ID),
			"contain":     w.Cases.Contain(ctx, f, x.kase.ID, because),
			"close":       w.Cases.Close(ctx, f, x.kase.ID, crisis.Solved, because),
			"note":        w.Cases.Write(ctx, f, x.kase.ID, because),
			"unlink":      w.Cases.Unlink(ctx, f, x.kase.ID, mention.Ref(m.ID), because),
			"hold":        w.Evidence.Hold(ctx, f, x.exhibit, because),
			"remove":      w.Evidence.Remove(ctx, f, x.exhibit, because),
			"pause":       w.Sources.Pause(ctx, f, m.Source, true, because),
			"disconnect":  w.Sources.Remove(ctx, f, m.Source, because),
			"reconnect":   second(w.Sources.Reconnect(ctx, f, m.Source, "", source.Settings{"url": w.url})),
			"acknowledge": w.Alerts.Acknowledge(ctx, x.alert.ID),
			"resolve":     w.Alerts.Resolve(ctx, x.alert.ID),
		} {
			if !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Forbidden) && name != "decide" || err == nil {
				w.t.Errorf("%s under %s: %v", name, f, err)
			}
			if f == w.firm.ID && !fault.Is(err, fault.NotFound) {
				w.t.Errorf("%s betrays that the firm exists: %v", name, err)
			}
		}
	}
	for name, err := range map[string]error{
		"policy": w.Duty.SetPolicy(ctx, w.firm.ID, oncall.Policy{}, because),
		"firm":   second(w.Firms.Update(ctx, firm.Firm{ID: w.firm.ID, Name: "Moje"}, because)),
		"people": second(w.Users.Members(ctx, w.firm.ID)),
		"remove": w.Users.Remove(ctx, w.firm.ID, p.id, because),
		"duty":   second(w.Duty.Calendar(ctx, w.firm.ID, w.clock.Now(), w.clock.Now().Add(time.Hour))),
		"find":   second(w.Firms.Find(ctx, w.firm.ID)),
	} {
		if !fault.Is(err, fault.NotFound) {
			w.t.Errorf("%s of another firm: %v", name, err)
		}
	}
	w.Work()
	if after := w.standing(x); after != before {
		w.t.Errorf("something moved: %+v, before %+v", after, before)
	}
}

func second[T any](_ T, err error) error { return err }

// standing is what a stranger must not be able to change.
type standing struct {
	labels, status, lead, kase, alert, deed string
	held, removed                           bool
	lines                                   int
}

func (w *World) standing(x trace) (s standing) {
	w.t.Helper()
	ctx := access.With(w.t.Context(), access.System(w.firm.ID))
	m, err := w.Mentions.Find(ctx, w.firm.ID, x.mention.ID)
	w.ok(err)
	c, err := w.Cases.Find(ctx, x.kase.ID)
	w.ok(err)
	a, err := w.Alerts.Find(ctx, x.alert.ID)
	w.ok(err)
	d, err := w.Actions.Find(ctx, w.firm.ID, x.deed)
	w.ok(err)
	e, err := w.Evidence.Get(ctx, w.firm.ID, x.exhibit)
	w.ok(err)
	lines, _, err := w.Journal.List(ctx, w.firm.ID, journal.Filter{}, journal.Page{Limit: 500})
	w.ok(err)
	for _, l := range m.Labels {
		s.labels += l + " "
	}
	s.status, s.lead, s.kase, s.alert, s.deed = string(m.Status), c.Lead, string(c.Status), string(a.State), string(d.State)
	s.held, s.removed, s.lines = !e.Held.IsZero(), !e.Removed.IsZero(), len(lines)
	return s
}
