package page

import (
	"context"
	"fmt"
	"strconv"

	"github.com/a-h/templ"

	"chop/internal/web/static"
)

func fullTitle(title string) string {
	if title == "" {
		return "ChOP"
	}
	return title + " · ChOP"
}

func theme(t string) templ.Attributes {
	if t != "light" && t != "dark" {
		return nil
	}
	return templ.Attributes{"data-theme": t}
}

// liveURL is where the script listens for changes; visitors have nothing to listen to.
func liveURL(kind string) templ.Attributes {
	if kind != "app" {
		return nil
	}
	return templ.Attributes{"data-live-url": "/live"}
}

func iconHref(name string) string { return static.URL("icons.svg") + "#i-" + name }

func glyphHref(s State) string { return static.URL("icons.svg") + "#g-" + s.class() }

// scriptWords are the few sentences that the script writes by itself; % is the place it fills.
var scriptWords = map[string]string{
	"theme":       "shell.js.theme",
	"themenow":    "shell.js.themenow",
	"themesystem": "shell.theme.system",
	"themelight":  "shell.theme.light",
	"themedark":   "shell.theme.dark",
	"unsent":      "shell.js.unsent",
	"unsentsub":   "shell.js.unsentsub",
	"days":        "shell.js.days",
	"copied":      "shell.js.copied",
	"notcopied":   "shell.js.notcopied",
	"locked":      "shell.js.locked",
}

func texts(ctx context.Context) templ.Attributes {
	m := templ.Attributes{
		"data-left": T(ctx, "shell.clock.left", "Span", "%"),
		"data-late": T(ctx, "shell.clock.late", "Span", "%"),
	}
	for k, id := range scriptWords {
		m["data-"+k] = T(ctx, id)
	}
	return m
}

// waves are the heights of the lines on the sea; they spread towards the viewer.
var waves = []int{330, 338, 352, 370, 392, 420, 452, 490, 532, 578, 630, 686, 748, 814, 884, 960}

func wave(i, y int) string {
	return fmt.Sprintf("M-20 %d q 60 -%s 120 0 t 120 0 t 120 0 t 120 0 t 120 0 t 120 0 t 120 0", y, decimal(1+.5*float64(i)))
}

func decimal(x float64) string { return strconv.FormatFloat(x, 'f', 2, 64) }
