package cases

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"chop/internal/access"
	"chop/internal/crisis"
	"chop/internal/fault"
	"chop/internal/mention"
	"chop/internal/reason"
	"chop/internal/web/page"
)

// deeds are the verbs by the last part of their address.
func (d Deps) deeds() map[string]func(context.Context, crisis.Case, Form) error {
	return map[string]func(context.Context, crisis.Case, Form) error{
		"accept": func(ctx context.Context, c crisis.Case, _ Form) error { return d.Cases.Accept(ctx, c.Firm, c.ID) },
		"note": func(ctx context.Context, c crisis.Case, f Form) error {
			return d.Cases.Write(ctx, c.Firm, c.ID, f.Note)
		},
		"contain": func(ctx context.Context, c crisis.Case, f Form) error {
			return d.Cases.Contain(ctx, c.Firm, c.ID, f.Why)
		},
		"close": func(ctx context.Context, c crisis.Case, f Form) error {
			return d.Cases.Close(ctx, c.Firm, c.ID, f.Resolution, f.Why)
		},
		"reopen": func(ctx context.Context, c crisis.Case, f Form) error {
			return d.Cases.Reopen(ctx, c.Firm, c.ID, f.Why)
		},
		"weigh": func(ctx context.Context, c crisis.Case, f Form) error {
			return d.Cases.Weigh(ctx, c.Firm, c.ID, f.Severity, f.Why)
		},
		"task": func(ctx context.Context, c crisis.Case, f Form) error {
			return d.Cases.AddTask(ctx, c.Firm, c.ID, crisis.NewTask{Text: f.Note, Who: f.Who, Due: d.in(ctx, f.Minutes)})
		},
		"told": func(ctx context.Context, c crisis.Case, f Form) error {
			return d.Cases.TellOwner(ctx, c.Firm, c.ID, f.How, f.Note, d.in(ctx, f.Minutes))
		},
		"word": func(ctx context.Context, c crisis.Case, f Form) error {
			return d.Cases.SendWord(ctx, c.Firm, c.ID, d.in(ctx, f.Minutes))
		},
		"hand": func(ctx context.Context, c crisis.Case, f Form) error {
			h := f.Hand
			h.Until = d.in(ctx, f.Minutes)
			return d.Cases.Hand(ctx, c.Firm, c.ID, h)
		},
		"took":    func(ctx context.Context, c crisis.Case, f Form) error { return d.Cases.Take(ctx, c.Firm, c.ID, f.Task) },
		"watch":   func(ctx context.Context, c crisis.Case, _ Form) error { return d.Cases.Watch(ctx, c.Firm, c.ID) },
		"unwatch": func(ctx context.Context, c crisis.Case, _ Form) error { return d.Cases.Unwatch(ctx, c.Firm, c.ID) },
		"merge": func(ctx context.Context, c crisis.Case, f Form) error {
			return asChoice(second(d.Cases.Merge(ctx, c.Firm, c.ID, f.To, f.Why)))
		},
		"unmerge": func(ctx context.Context, c crisis.Case, f Form) error {
			return d.Cases.Unmerge(ctx, c.Firm, c.ID, f.Why)
		},
		"split": func(ctx context.Context, c crisis.Case, f Form) error {
			if err := picked(f); err != nil {
				return err
			}
			var items []reason.Ref
			_ = each(f.Picked, func(r reason.Ref) error { items = append(items, r); return nil })
			return second(d.Cases.Split(ctx, c.Firm, c.ID, items, f.Title, f.Why))
		},
		"relate": func(ctx context.Context, c crisis.Case, f Form) error {
			return d.Cases.Relate(ctx, c.Firm, c.ID, f.To, f.Why)
		},
		"unrelate": func(ctx context.Context, c crisis.Case, f Form) error {
			return d.Cases.Unrelate(ctx, c.Firm, c.ID, f.To, f.Why)
		},
		"setup": func(ctx context.Context, c crisis.Case, f Form) error {
			u := crisis.Setup{Quiet: time.Duration(f.Quiet) * time.Minute, Again: time.Duration(f.Again) * 24 * time.Hour}
			return d.Cases.SetSetup(ctx, c.Firm, u, f.Why)
		},
		"link":   d.link,
		"unlink": d.unlink,
		"move":   d.move,
	}
}

// in is the time so many minutes from now; zero for none.
func (d Deps) in(ctx context.Context, minutes int) time.Time {
	if minutes == 0 {
		return time.Time{}
	}
	return page.FrameFrom(ctx).Now.Add(time.Duration(minutes) * time.Minute)
}

func second[T any](_ T, err error) error { return err }

// asChoice: a case that is not there was a wrong choice in the form, not a missing page.
func asChoice(err error) error {
	if fault.Is(err, fault.NotFound) {
		return fault.New(fault.Invalid, "cases.to").On("to")
	}
	return err
}

// link adds a mention, named by its id or by any address that ends in m=ID.
func (d Deps) link(ctx context.Context, c crisis.Case, f Form) error {
	if err := access.Check(ctx, access.WorkCases, c.Firm); err != nil {
		return err
	}
	m, err := d.Mentions.Find(ctx, c.Firm, mentionID(f.Item))
	if fault.Is(err, fault.NotFound) {
		return fault.New(fault.Invalid, "cases.item").On("item")
	}
	if err != nil {
		return err
	}
	return d.Cases.Link(ctx, c.Firm, c.ID, mention.Ref(m.ID))
}

func mentionID(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		return s
	}
	if id := u.Query().Get("m"); id != "" {
		return id
	}
	return s[strings.LastIndex(s, "/")+1:]
}

// unlink takes the picked items out.
func (d Deps) unlink(ctx context.Context, c crisis.Case, f Form) error {
	if err := picked(f); err != nil {
		return err
	}
	return each(f.Picked, func(r reason.Ref) error { return d.Cases.Unlink(ctx, c.Firm, c.ID, r, f.Why) })
}

// move takes the picked items to another open case of the same firm. They join there before they leave here, so that
// an interruption leaves none without a case.
func (d Deps) move(ctx context.Context, c crisis.Case, f Form) error {
	if err := access.Check(ctx, access.WorkCases, c.Firm); err != nil {
		return err
	}
	if err := picked(f); err != nil {
		return err
	}
	to, err := d.Cases.Find(ctx, f.To)
	if fault.Is(err, fault.NotFound) || (err == nil && (to.Firm != c.Firm || to.ID == c.ID || !to.Open())) {
		return fault.New(fault.Invalid, "cases.to").On("to")
	}
	if err != nil {
		return err
	}
	if err := each(f.Picked, func(r reason.Ref) error { return d.Cases.Link(ctx, to.Firm, to.ID, r) }); err != nil {
		return err
	}
	return each(f.Picked, func(r reason.Ref) error { return d.Cases.Unlink(ctx, c.Firm, c.ID, r, f.Why) })
}

// picked asks for items and a reason.
func picked(f Form) error {
	switch {
	case len(f.Picked) == 0 || len(f.Picked) > 500:
		return fault.New(fault.Invalid, "cases.pick").On("pick")
	case len(strings.TrimSpace(f.Why)) < 3:
		return fault.New(fault.Invalid, "why").On("why")
	}
	return nil
}

func each(ids []string, f func(reason.Ref) error) error {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	for _, id := range slices.Compact(ids) {
		if err := f(mention.Ref(id)); err != nil {
			return err
		}
	}
	return nil
}
