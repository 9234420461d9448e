package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"chop/internal/access"
	"chop/internal/app"
	"chop/internal/fault"
	"chop/internal/firm"
	"chop/internal/lang"
	"chop/internal/learn"
)

type trainCmd struct {
	place
	Firm string `required:"" help:"Id, short code or name of the firm."`
	Live bool   `help:"Put the new version live at once."`
	JSON bool   `help:"Print the figures as JSON."`
}

// Run makes a model of a firm's judgements and prints what it changes on comments it has not seen.
func (c *trainCmd) Run(ctx context.Context) error {
	r, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer r.Close()
	ctx = access.With(ctx, access.System("*"))
	f, err := findFirm(ctx, r, c.Firm)
	if err != nil {
		return err
	}
	m, err := r.Learn.Train(ctx, f.ID)
	var told *fault.Error
	if errors.As(err, &told) && told.Code == "train.few" {
		return fmt.Errorf("%s has %v judged comments; training needs %d. Correct, confirm or judge more of them on the page /labels?firm=%s",
			f.Name, told.Data["Have"], learn.Needed, f.ID)
	}
	if err != nil {
		return err
	}
	if c.Live {
		if err := r.Learn.PutLive(ctx, f.ID, m.Version); err != nil {
			return err
		}
		m.State = learn.Live
	}
	if c.JSON {
		return json.NewEncoder(os.Stdout).Encode(map[string]any{"firm": f.ID, "version": m.Version, "state": m.State, "report": m.Report})
	}
	return printReport(os.Stdout, f, m)
}

// findFirm takes an id, a short code or a name, whatever its case.
func findFirm(ctx context.Context, r *app.Rooms, name string) (firm.Firm, error) {
	list, err := r.Firms.List(ctx)
	if err != nil {
		return firm.Firm{}, err
	}
	var found []firm.Firm
	for _, f := range list {
		if f.ID == name || strings.EqualFold(f.Name, name) || strings.EqualFold(f.Slug, name) {
			found = append(found, f)
		}
	}
	switch len(found) {
	case 0:
		return firm.Firm{}, fmt.Errorf("there is no firm %q; the page /firms lists them", name)
	case 1:
		return found[0], nil
	}
	return firm.Firm{}, fmt.Errorf("%d firms are called %q; name the id instead: %s or %s", len(found), name, found[0].ID, found[1].ID)
}

func printReport(out io.Writer, f firm.Firm, m learn.Model) error {
	fmt.Fprintf(out, "%s: version %d (%s), learned from %d comments, measured on comments it had not seen\n\n", f.Name, m.Version, m.State, m.Report.Cases)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "label\tcases\tright before\tafter\twrong before\tafter\tmissed before\tafter\t")
	for _, l := range m.Report.Labels {
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t\n", lang.EN.T("label."+string(l.Label)), l.Cases, l.Before.Right, l.After.Right,
			l.Before.Wrong, l.After.Wrong, l.Before.Missed, l.After.Missed)
	}
	return w.Flush()
}
