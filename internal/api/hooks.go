// Package api is what programs call: incoming webhooks, each delivery signed and taken in once.
package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/lang"
	"chop/internal/mention"
	"chop/internal/source"
	"chop/internal/source/webhook"
)

// HooksPath is where deliveries come in; the edge lets it through without session and origin check.
const HooksPath = "/hooks/"

// Deps is what the interface calls. Zero figures take the values named.
type Deps struct {
	DB       *db.DB
	Sources  *source.Store
	Mentions *mention.Store

	PerSecond rate.Limit    // deliveries of one source; 10, in bursts of 100
	Patience  time.Duration // for the whole body to arrive; 30 s
}

// Mount adds POST /hooks/{source}.
func Mount(mux *http.ServeMux, d Deps) {
	if d.PerSecond == 0 {
		d.PerSecond = 10
	}
	if d.Patience == 0 {
		d.Patience = 30 * time.Second
	}
	h := &hooks{Deps: d, gates: map[string]*gate{}}
	mux.HandleFunc("POST "+HooksPath+"{source}", h.receive)
}

const (
	burst  = 100
	atOnce = 4 // deliveries of one source whose bodies are held in memory at the same time
)

type hooks struct {
	Deps
	mu    sync.Mutex
	gates map[string]*gate // by source id; only sources that exist get one
}

// gate keeps one source from using up the machine.
type gate struct {
	limit *rate.Limiter
	slots chan struct{}
}

func (h *hooks) gate(id string) *gate {
	h.mu.Lock()
	defer h.mu.Unlock()
	g, ok := h.gates[id]
	if !ok {
		g = &gate{limit: rate.NewLimiter(h.PerSecond, burst), slots: make(chan struct{}, atOnce)}
		h.gates[id] = g
	}
	return g
}

// accepted is the answer to a delivery that was taken in, or had been before.
type accepted struct {
	Accepted int      `json:"accepted"`
	Ignored  []string `json:"ignored"` // fields we do not know
	Replay   bool     `json:"replay,omitempty"`
}

// refused is the answer to a delivery that was not.
type refused struct {
	Code  string `json:"code"`
	Error string `json:"error"`
	Field string `json:"field,omitempty"` // "items[3].at"
}

// receive answers 200 only after the delivery is committed; a sender that hears anything else may send again.
func (h *hooks) receive(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	a, err := h.take(w, r)
	if err != nil {
		refuse(w, r, err)
		return
	}
	write(w, http.StatusOK, a)
}

func (h *hooks) take(w http.ResponseWriter, r *http.Request) (accepted, error) {
	ctx := r.Context()
	src, err := h.source(ctx, r.PathValue("source"))
	if err != nil {
		return accepted{}, err
	}
	g := h.gate(src.ID)
	if !g.limit.AllowN(h.DB.Now(), 1) {
		return accepted{}, errOften
	}
	select {
	case g.slots <- struct{}{}:
		defer func() { <-g.slots }()
	default:
		return accepted{}, errOften
	}
	body, err := h.body(w, r)
	if err != nil {
		return accepted{}, err
	}
	ctx = access.With(ctx, access.System(src.Firm))
	settings, err := h.Sources.Settings(ctx, src)
	if err != nil {
		return accepted{}, err
	}
	id, b, err := webhook.Receive(settings["secret"], r, body, h.DB.Now())
	if err != nil {
		return accepted{}, err
	}
	return h.intake(ctx, src, id, b)
}

var (
	errOften  = fault.New(fault.Unavailable, "hooks.often")
	errPaused = fault.New(fault.Unavailable, "hooks.paused")
)

// source is the webhook of that id. A paused one asks its sender to come back: nothing is lost by a pause.
func (h *hooks) source(ctx context.Context, id string) (source.Source, error) {
	src, err := h.Sources.ByID(ctx, id)
	if err == nil && src.Kind != webhook.Kind {
		err = fault.Missing("source")
	}
	if err == nil && src.Paused {
		err = errPaused
	}
	return src, err
}

// body reads at most webhook.MaxBody bytes, and no longer than our patience lasts.
func (h *hooks) body(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	tooLarge := fault.New(fault.Invalid, "webhook.too_large", "Size", max(r.ContentLength, webhook.MaxBody+1)>>20, "Limit", webhook.MaxBody>>20)
	if r.ContentLength > webhook.MaxBody {
		return nil, tooLarge
	}
	c := http.NewResponseController(w)
	if err := c.SetReadDeadline(time.Now().Add(h.Patience)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return nil, err
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, webhook.MaxBody))
	var big *http.MaxBytesError
	switch {
	case errors.As(err, &big):
		return nil, tooLarge
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, fault.New(fault.Invalid, "hooks.slow", "Seconds", int(h.Patience.Seconds())).Because(err)
	case err != nil:
		return nil, fault.New(fault.Invalid, "hooks.cut").Because(err)
	}
	if err := c.SetReadDeadline(time.Time{}); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return nil, err
	}
	return body, nil
}

// intake remembers the delivery's id and takes its items in, in one transaction.
func (h *hooks) intake(ctx context.Context, src source.Source, id string, b source.Batch) (accepted, error) {
	a := accepted{Ignored: []string{}}
	err := h.DB.Tx(ctx, func(ctx context.Context, _ *db.Tx) error {
		a = accepted{Ignored: []string{}}
		fresh, err := h.Sources.SeenHook(ctx, src.Firm, src.ID, id)
		if err != nil || !fresh {
			a.Replay = !fresh
			return err
		}
		a.Accepted = len(b.Items)
		a.Ignored = append(a.Ignored, b.Ignored...)
		_, err = h.Mentions.Intake(ctx, src, b)
		return err
	})
	return a, err
}

// status is the HTTP status of a refusal. What the signature rules refuse is 401, what the body's form refuses 422.
func status(err error) int {
	var f *fault.Error
	if !errors.As(err, &f) {
		return http.StatusInternalServerError
	}
	switch f.Code {
	case "hooks.often":
		return http.StatusTooManyRequests
	case "hooks.slow":
		return http.StatusRequestTimeout
	case "hooks.cut":
		return http.StatusBadRequest
	case "webhook.too_large":
		return http.StatusRequestEntityTooLarge
	case "webhook.secret": // our own setting is broken; the sender did nothing wrong
		return http.StatusServiceUnavailable
	case "webhook.signature", "webhook.header_missing", "webhook.header_malformed", "webhook.stale", "webhook.future":
		return http.StatusUnauthorized
	}
	switch f.Kind {
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Invalid:
		return http.StatusUnprocessableEntity
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

func refuse(w http.ResponseWriter, r *http.Request, err error) {
	code := status(err)
	tag := language(r)
	out := refused{Code: "internal", Error: tag.T("hooks.internal")}
	var f *fault.Error
	if errors.As(err, &f) && code != http.StatusInternalServerError {
		out = refused{Code: f.Code, Error: sentence(tag, f), Field: f.Field}
	}
	switch code {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "10")
	case http.StatusRequestTimeout, http.StatusBadRequest, http.StatusRequestEntityTooLarge:
		w.Header().Set("Connection", "close") // the rest of the body is not wanted
	case http.StatusInternalServerError:
		slog.Error("a delivery could not be taken in", "source", r.PathValue("source"), "error", err)
	}
	write(w, code, out)
}

// language is English unless the program asks for Polish: its log is read by programmers.
func language(r *http.Request) lang.Tag {
	if strings.HasPrefix(strings.ToLower(strings.TrimSpace(r.Header.Get("Accept-Language"))), string(lang.PL)) {
		return lang.PL
	}
	return lang.EN
}

func sentence(t lang.Tag, f *fault.Error) string {
	var kv []any
	for k, v := range f.Data {
		kv = append(kv, k, v)
	}
	return t.T("fault."+f.Code, kv...)
}

func write(w http.ResponseWriter, code int, v any) {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err) // plain structs always marshal
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(code)
	_, _ = w.Write(append(raw, '\n')) // the caller may have gone; it will ask again
}
