package dossiers

import (
	"context"

	"chop/internal/dossier"
	"chop/internal/evidence"
	"chop/internal/web/page"
)

// mostShown is how many exhibits of a package its page lists.
const mostShown = 500

var looks = map[dossier.State]page.Mark{
	dossier.Waiting:  {Tone: page.Line, Icon: "hourglass"},
	dossier.Building: {Tone: page.Line, Icon: "hourglass"},
	dossier.Ready:    {Tone: page.Good, Icon: "circle-check"},
	dossier.Failed:   {Tone: page.Danger, Icon: "triangle-alert"},
	dossier.Gone:     {Tone: page.Line, Icon: "circle-minus"},
}

func stateMark(ctx context.Context, p dossier.Package) page.Mark {
	m := looks[p.State]
	m.Text = page.T(ctx, "dossier.state."+string(p.State))
	return m
}

func sealState(e evidence.Exhibit) page.SealState {
	switch e.Sealed {
	case evidence.Waits:
		return page.SealWait
	case evidence.Fails, evidence.Gone:
		return page.SealBad
	}
	return page.SealDone
}

func step(ctx context.Context, p dossier.Package) string {
	if p.Step == "" {
		return page.T(ctx, "dossiers.queued")
	}
	return page.T(ctx, "dossier.step."+p.Step)
}

// percent is how far a package is: exhibits are most of the work.
func percent(p dossier.Package) int {
	switch p.Step {
	case "":
		return 0
	case dossier.StepDocuments:
		return 85
	case dossier.StepSeal:
		return 97
	}
	return 2 + 80*p.Done/max(1, p.Of)
}

func lead(ctx context.Context, v View) string {
	s := page.N(ctx, "dossiers.exhibits", v.Of)
	if v.FirmName != "" {
		s += " · " + v.FirmName
	}
	return s
}

func size(ctx context.Context, n int64) string {
	switch {
	case n >= 1<<20:
		return page.Int(ctx, int(n>>20)) + " MB"
	case n >= 1<<10:
		return page.Int(ctx, int(n>>10)) + " kB"
	}
	return page.Int(ctx, int(n)) + " B"
}

func way(ctx context.Context, v ChooseView) []page.Pair {
	if v.Case != nil {
		return []page.Pair{{Name: v.Case.Number, Value: "/cases/" + v.Case.ID}, {Name: page.T(ctx, "dossiers.title"), Value: path}, {Name: page.T(ctx, "dossiers.new")}}
	}
	return []page.Pair{{Name: page.T(ctx, "exhibits.title"), Value: "/exhibits"}, {Name: page.T(ctx, "dossiers.title"), Value: path}, {Name: page.T(ctx, "dossiers.new")}}
}
