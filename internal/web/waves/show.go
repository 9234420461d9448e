package waves

import (
	"context"

	"github.com/a-h/templ"

	"chop/internal/wave"
	"chop/internal/web/page"
	"chop/internal/web/static"
)

var stateTones = map[wave.State]page.Tone{wave.Running: page.Ask, wave.Ready: page.Ask, wave.Stopped: page.Warn, wave.Paused: page.Warn, wave.Ended: page.Good,
	wave.Weighing: page.Line, wave.Cancelled: page.Line, wave.Dropped: page.Line}

var stateIcons = map[wave.State]string{wave.Running: "play", wave.Ready: "eye", wave.Stopped: "lock", wave.Paused: "pause", wave.Ended: "check",
	wave.Weighing: "clock", wave.Cancelled: "x", wave.Dropped: "x"}

func (v View) lead(ctx context.Context) string {
	if v.Firm == "" {
		return v.From
	}
	return v.From + " · " + v.Firm
}

// live is what the region listens to. A preview stands still: a person is ticking boxes in it.
func (v View) live() templ.Attributes {
	if v.W.State == wave.Ready || v.W.State == wave.Dropped {
		return nil
	}
	return templ.Attributes{"data-live": "waves decisions deeds", "data-src": at(v.W.ID)}
}

// startable tells whether anything could be done.
func (v View) startable() bool {
	for verdict, n := range v.T.Verdicts {
		if n > 0 && verdict.Runs() {
			return true
		}
	}
	return false
}

func chevron() string { return static.URL("icons.svg") + "#i-chevron-down" }
