package inbox

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"chop/internal/decision"
	"chop/internal/fault"
	"chop/internal/web/page"
	"chop/internal/web/session"
)

// bulkOptions can be chosen for many at once: they can be taken back, or do nothing at the place. A reply is never
// written twice in the same words, and what cannot be taken back is decided one by one.
var bulkOptions = []decision.Option{decision.Hide, decision.Report, decision.Observe}

// maxBulk is how many are decided about at once.
const maxBulk = 50

// Bulk is the page before a decision about many: which of them allow it, which do not and why.
type Bulk struct {
	Option   decision.Option
	Back     Query
	Take     []BulkItem
	Skip     []BulkItem
	Seconds  int // of those taken, how many wait for another person
	Hands    int // of those taken, how many become tasks
	NeedsWhy bool
	MinWhy   int
	Why      string
	Slips    []page.Slip
	TooMany  bool
}

// BulkItem is one of many.
type BulkItem struct {
	ID, Shown, Author, Text, Why string
	Veiled                       bool
}

func (d Deps) bulk(w http.ResponseWriter, r *http.Request) {
	v := r.URL.Query()
	b := Bulk{Option: decision.Option(v.Get("option")), Back: parse(r)}
	d.askMany(w, r, b, v["pick"], http.StatusOK)
}

func (d Deps) askMany(w http.ResponseWriter, r *http.Request, b Bulk, picks []string, status int) {
	if !slices.Contains(bulkOptions, b.Option) || len(picks) == 0 {
		http.Redirect(w, r, b.Back.at(""), http.StatusSeeOther)
		return
	}
	if err := d.sort(r.Context(), &b, picks); err != nil {
		session.Fail(w, r, err)
		return
	}
	session.Render(w, r, status, bulkPage(b))
}

// sort parts the picked into those that allow the option and those that do not.
func (d Deps) sort(ctx context.Context, b *Bulk, picks []string) error {
	slices.Sort(picks)
	picks = slices.Compact(picks)
	if len(picks) > maxBulk {
		picks, b.TooMany = picks[:maxBulk], true
	}
	for _, id := range picks {
		m, err := d.Mentions.Locate(ctx, id)
		if fault.Is(err, fault.NotFound) {
			continue // gone from the list meanwhile
		}
		if err != nil {
			return err
		}
		a, err := d.Decisions.Recommend(ctx, m.Firm, m.ID)
		if err != nil {
			return err
		}
		item := BulkItem{ID: m.ID, Shown: a.ID, Author: authorName(ctx, m), Text: short(textOf(ctx, m)), Veiled: distressing(m)}
		way, _ := a.Way(b.Option)
		if item.Why = locked(ctx, way, mayDecide(ctx, m.Firm)); item.Why != "" {
			b.Skip = append(b.Skip, item)
			continue
		}
		b.count(a, way)
		b.Take = append(b.Take, item)
	}
	return nil
}

func (b *Bulk) count(a decision.Advice, w decision.Way) {
	best := a.Result.Recommended == b.Option || slices.Contains(a.Result.Companions, b.Option)
	if !best {
		b.NeedsWhy, b.MinWhy = true, minDiffer
	} else if w.NeedsWhy {
		b.NeedsWhy, b.MinWhy = true, max(b.MinWhy, minWhy)
	}
	if w.Second {
		b.Seconds++
	}
	if w.ByHand {
		b.Hands++
	}
}

// decideMany decides about each by itself; what one of them refuses does not stop the others and is named.
func (d Deps) decideMany(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	b := Bulk{Option: decision.Option(r.PostFormValue("option")), Back: back(r), Why: r.PostFormValue("why")}
	picks := r.PostForm["pick"] // mention and advice: "<id>:<advice id>"
	if !slices.Contains(bulkOptions, b.Option) || len(picks) == 0 || len(picks) > maxBulk {
		session.Fail(w, r, fault.New(fault.Invalid, "inbox.bulk"))
		return
	}
	done, left := 0, []string{}
	for _, p := range picks {
		id, adviceID, _ := strings.Cut(p, ":")
		m, err := d.Mentions.Locate(ctx, id)
		if err == nil {
			_, err = d.Decisions.Decide(ctx, decision.Choice{Firm: m.Firm, Mention: m.ID, Option: b.Option, Why: b.Why, Shown: adviceID})
		}
		f := faultOf(err)
		switch {
		case err == nil:
			done++
		case f == nil || f.Kind == fault.Internal:
			session.Fail(w, r, err)
			return
		case f.Field == "why" && done == 0:
			b.Slips = page.Slips(ctx, err)
			d.askMany(w, r, b, ids(picks), http.StatusUnprocessableEntity)
			return
		default:
			left = append(left, m.AuthorName)
		}
	}
	session.Flash(w, r, flashMany(ctx, b.Option, done, left))
	http.Redirect(w, r, b.Back.at(""), http.StatusSeeOther)
}

func ids(picks []string) []string {
	out := make([]string, len(picks))
	for i, p := range picks {
		out[i], _, _ = strings.Cut(p, ":")
	}
	return out
}

func flashMany(ctx context.Context, o decision.Option, done int, left []string) page.Flash {
	f := page.Flash{Text: page.N(ctx, "inbox.bulk.done", done, "Option", optionNoun(ctx, o))}
	if len(left) > 0 {
		f.Sub = page.N(ctx, "inbox.bulk.left", len(left), "Names", strings.Join(left[:min(len(left), 5)], ", "))
	}
	return f
}

// sealMany takes proof of every picked mention.
func (d Deps) sealMany(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	if err := r.ParseForm(); err != nil {
		session.Fail(w, r, fault.New(fault.Invalid, "inbox.bulk").Because(err))
		return
	}
	picks := r.PostForm["pick"]
	done, left := 0, []string{}
	for _, id := range picks[:min(len(picks), maxBulk)] {
		m, err := d.Mentions.Locate(ctx, id)
		if err == nil {
			_, err = d.Mentions.Preserve(ctx, d.Evidence, m.Firm, m.ID, "person")
		}
		if f := faultOf(err); err != nil && (f == nil || f.Kind == fault.Internal) {
			session.Fail(w, r, err)
			return
		} else if err != nil {
			left = append(left, m.AuthorName)
			continue
		}
		done++
	}
	f := page.Flash{Text: page.N(ctx, "inbox.bulk.sealed", done)}
	if len(left) > 0 {
		f.Sub = page.N(ctx, "inbox.bulk.left", len(left), "Names", strings.Join(left[:min(len(left), 5)], ", "))
	}
	session.Flash(w, r, f)
	http.Redirect(w, r, back(r).at(""), http.StatusSeeOther)
}
