// Package labels serves /labels: how well the program and people agree about a firm's comments, and what it learns from them.
package labels

import (
	"context"
	_ "embed"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"chop/internal/access"
	"chop/internal/classify"
	"chop/internal/fault"
	"chop/internal/learn"
	"chop/internal/mention"
	"chop/internal/web/page"
	"chop/internal/web/session"
)

// Deps is what the place needs.
type Deps struct {
	Labels   *classify.Store
	Memory   *classify.Memory
	Learn    *learn.Store
	Mentions *mention.Store
}

const path = "/labels"

//go:embed labels.js
var script []byte

// Mount puts the pages under their addresses.
func Mount(mux *http.ServeMux, d Deps) {
	mux.HandleFunc("GET "+path, d.show)
	mux.HandleFunc("GET "+path+"/labels.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
		_, _ = w.Write(script) // the visitor may have gone
	})
	mux.HandleFunc("POST "+path+"/models", d.post(partModel, d.train))
	mux.HandleFunc("POST "+path+"/models/{version}/live", d.post(partModel, d.live))
	mux.HandleFunc("POST "+path+"/models/{version}/off", d.post(partModel, d.off))
	mux.HandleFunc("POST "+path+"/judgements/{id}/withdrawal", d.post(partJudged, d.takeBack))
	mux.HandleFunc("POST "+path+"/samples", d.draw)
	mux.HandleFunc("GET "+path+"/samples/{id}", d.sample)
	mux.HandleFunc("POST "+path+"/samples/{id}", d.judge)
}

// The parts of the page.
const (
	partEngine = "engine"
	partPeople = "people"
	partDrift  = "drift"
	partModel  = "model"
	partJudged = "judged"
)

var parts = []string{partEngine, partPeople, partDrift, partModel, partJudged}

// at is the address of a part of the firm's page.
func at(firm, part string) string {
	v := url.Values{"firm": {firm}}
	if part != partEngine {
		v.Set("part", part)
	}
	return path + "?" + v.Encode()
}

func mayLabel(ctx context.Context, firm string) bool {
	return access.From(ctx).Holds(access.LabelMentions, firm)
}

func (d Deps) show(w http.ResponseWriter, r *http.Request) {
	part := r.FormValue("part")
	if !slices.Contains(parts, part) {
		part = partEngine
	}
	d.render(w, r, part, nil)
}

func (d Deps) render(w http.ResponseWriter, r *http.Request, part string, slip error) {
	f, err := session.Firm(r, access.ViewMentions)
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	v := View{Firm: f, Part: part, May: mayLabel(r.Context(), f.ID), Err: slip}
	v.Said, v.Is = classify.Label(r.FormValue("said")), classify.Label(r.FormValue("is"))
	v.From, _ = strconv.Atoi(r.FormValue("from")) // what is no number begins at the newest
	v.Listed = r.URL.Query().Has("said")
	if err := d.fill(r.Context(), &v); err != nil {
		session.Fail(w, r, err)
		return
	}
	status := http.StatusOK
	if slip != nil {
		status = session.Status(slip)
	}
	session.Render(w, r, status, labelsPage(v))
}

// post carries out a verb on the firm's page; what a person can put right comes back with the page.
func (d Deps) post(part string, verb func(r *http.Request, firm string) (says string, err error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		f, err := session.Firm(r, access.ViewMentions)
		if err != nil {
			session.Fail(w, r, err)
			return
		}
		says, err := verb(r, f.ID)
		switch {
		case fault.Is(err, fault.Invalid), fault.Is(err, fault.Conflict):
			d.render(w, r, part, err)
		case err != nil:
			session.Fail(w, r, err)
		default:
			session.Flash(w, r, page.Flash{Text: page.T(r.Context(), says)})
			http.Redirect(w, r, at(f.ID, part), http.StatusSeeOther)
		}
	}
}

func (d Deps) train(r *http.Request, firm string) (string, error) {
	_, err := d.Learn.Train(r.Context(), firm)
	return "labels.done.trained", err
}

func (d Deps) live(r *http.Request, firm string) (string, error) {
	return "labels.done.live", d.Learn.PutLive(r.Context(), firm, version(r))
}

func (d Deps) off(r *http.Request, firm string) (string, error) {
	return "labels.done.off", d.Learn.PutOff(r.Context(), firm, version(r))
}

// version is the number in the address; what is no number is no version.
func version(r *http.Request) int {
	n, err := strconv.Atoi(r.PathValue("version"))
	if err != nil {
		return 0
	}
	return n
}

func (d Deps) takeBack(r *http.Request, firm string) (string, error) {
	return "labels.done.taken", d.Labels.TakeBack(r.Context(), firm, r.PathValue("id"), "")
}
