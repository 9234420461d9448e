package cases

import (
	"context"
	"net/http"
	"strings"

	"chop/internal/crisis"
	"chop/internal/fault"
	"chop/internal/web/page"
	"chop/internal/web/session"
)

// Mine is the page of a person's tasks in all cases.
type Mine struct {
	Mine, Free []TaskLine
}

// TaskLine is a task with the case it belongs to.
type TaskLine struct {
	Task   crisis.Task
	Text   string
	Number string
	Firm   string
}

func (d Deps) mine(w http.ResponseWriter, r *http.Request) {
	v, err := d.myTasks(r.Context())
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	session.Render(w, r, http.StatusOK, minePage(v))
}

func (d Deps) myTasks(ctx context.Context) (v Mine, err error) {
	mine, free, err := d.Cases.MyTasks(ctx)
	if err != nil {
		return v, err
	}
	firms, err := d.Firms.List(ctx)
	if err != nil {
		return v, err
	}
	names := map[string]string{}
	for _, f := range firms {
		names[f.ID] = f.Name
	}
	open, err := d.Cases.List(ctx, page.FrameFrom(ctx).Firm, true)
	if err != nil {
		return v, err
	}
	numbers := map[string]string{}
	for _, c := range open {
		numbers[c.ID] = c.Number
	}
	for i, list := range [][]crisis.Task{mine, free} {
		for _, t := range list {
			l := TaskLine{Task: t, Text: TaskText(ctx, t), Number: numbers[t.Case], Firm: names[t.Firm]}
			if i == 0 {
				v.Mine = append(v.Mine, l)
			} else {
				v.Free = append(v.Free, l)
			}
		}
	}
	return v, nil
}

// onTask carries out one verb on a task: take, return, done, drop, give.
func (d Deps) onTask(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	c, err := d.Cases.Find(ctx, r.PathValue("id"))
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	verb, task := r.PathValue("verb"), r.PathValue("task")
	why := strings.TrimSpace(r.PostFormValue("why"))
	switch verb {
	case "take":
		err = d.Cases.TakeTask(ctx, c.Firm, c.ID, task)
	case "return":
		err = d.Cases.ReturnTask(ctx, c.Firm, c.ID, task)
	case "done":
		err = d.Cases.EndTask(ctx, c.Firm, c.ID, task, crisis.Done, why)
	case "drop":
		err = d.Cases.EndTask(ctx, c.Firm, c.ID, task, crisis.Dropped, why)
	case "give":
		err = d.Cases.GiveTask(ctx, c.Firm, c.ID, task, r.PostFormValue("who"))
	default:
		err = fault.Missing("page")
	}
	switch {
	case fault.Is(err, fault.Invalid), fault.Is(err, fault.Conflict):
		d.room(w, r, c.ID, Form{Verb: "tasks", Task: task, Why: why, Err: err})
	case err != nil:
		session.Fail(w, r, err)
	default:
		session.Flash(w, r, page.Flash{Text: page.T(ctx, "cases.tasked."+verb)})
		to := "/cases/" + c.ID
		if r.PostFormValue("from") == "mine" {
			to = "/cases/tasks"
		}
		http.Redirect(w, r, to, http.StatusSeeOther)
	}
}
