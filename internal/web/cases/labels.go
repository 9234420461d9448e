package cases

import (
	"context"
	"slices"

	"chop/internal/classify"
	"chop/internal/mention"
	"chop/internal/web/page"
	"chop/internal/web/why"
)

// allLabels are all labels of a mention, the gravest first.
func allLabels(m mention.Mention) (ls []classify.Label) {
	for _, l := range append(slices.Clone(classify.Labels), classify.FakeReview) {
		if m.Has(string(l)) {
			ls = append(ls, l)
		}
	}
	return ls
}

// labelChips count the items of a case by label; each narrows the list to its label. The firm's own words do not count.
func labelChips(ctx context.Context, v *View, ms []mention.Mention) []page.Choice {
	count := map[classify.Label]int{}
	for _, m := range ms {
		if m.Own {
			continue
		}
		for _, l := range allLabels(m) {
			count[l]++
		}
	}
	at := "/cases/" + v.Case.ID
	cs := []page.Choice{{Text: page.T(ctx, "cases.items.every"), Href: at + "#case-items", On: v.Label == "", Into: "case-items"}}
	for _, l := range append(slices.Clone(classify.Labels), classify.FakeReview) {
		if count[l] > 0 {
			cs = append(cs, page.Choice{Text: page.LabelName(ctx, l), Count: count[l], On: v.Label == string(l),
				Href: at + "?label=" + string(l) + "#case-items", Into: "case-items"})
		}
	}
	if len(cs) == 1 {
		return nil
	}
	return cs
}

// explain fills why the items carry their labels, and marks the words that speak for them.
func (d Deps) explain(ctx context.Context, v *View) error {
	ids := make([]string, len(v.Items))
	for i, x := range v.Items {
		ids[i] = x.Mention.ID
	}
	readings, err := d.Labels.Readings(ctx, v.Case.Firm, ids)
	if err != nil {
		return err
	}
	parents, err := d.parents(ctx, v)
	if err != nil {
		return err
	}
	for i := range v.Items {
		x := &v.Items[i]
		r := readings[x.Mention.ID]
		p := parents[place{x.Mention.Source, x.Mention.ParentExt}]
		x.Text = why.Cut(why.Loud(why.Pieces(x.Mention.Text, r.Result)), mostText)
		x.Place, x.Why = why.Thread(ctx, r.Result, p), why.Of(ctx, "why-"+x.Mention.ID, r, p)
		x.Result = r.Result
	}
	return nil
}

// mostText is how many characters of an item are shown.
const mostText = 280

// place is where an item stands at its source.
type place struct{ source, ext string }

// parents are what the shown items answer.
func (d Deps) parents(ctx context.Context, v *View) (map[place]*mention.Mention, error) {
	exts, out := map[string][]string{}, map[place]*mention.Mention{}
	for _, x := range v.Items {
		if m := x.Mention; m.ParentExt != "" && !slices.Contains(exts[m.Source], m.ParentExt) {
			exts[m.Source] = append(exts[m.Source], m.ParentExt)
		}
	}
	for src, list := range exts {
		found, err := d.Mentions.ByExternal(ctx, v.Case.Firm, src, list)
		if err != nil {
			return nil, err
		}
		for ext, m := range found {
			out[place{src, ext}] = &m
		}
	}
	return out, nil
}
