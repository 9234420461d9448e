package channel

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"chop/internal/lang"
)

// weak is the chance above which a channel is said to show nothing.
const weak = 0.05

// Says is the sentence for people: what was found, or that nothing was, or that there was too little to look at.
func (e Evidence) Says(t lang.Tag) string {
	how := ".few"
	switch {
	case e.Tested && e.P <= weak && e.Count > 0:
		how = ".yes"
	case e.Tested:
		how = ".no"
	}
	kv := []any{"Count", t.Int(e.Count), "Of", t.Int(e.Of), "Others", t.Int(e.Others), "Expected", decimal(e.Expected, t), "P", e.chance(t),
		"Same", printable(e.Same), "Degree", decimal(e.Degree, t)}
	if e.Channel == Creation && e.Count > 0 {
		kv = append(kv, "From", t.Date(day(e.From)), "To", t.Date(day(e.To)))
	}
	if kind, same, found := strings.Cut(e.Same, ":"); found && e.Channel == Handle {
		kv = append(kv, "Pattern", t.T("coordination.pattern."+kind, "Same", printable(same)))
	}
	return t.T("coordination.channel."+string(e.Channel)+how, kv...)
}

// Limit is the sentence that tells what the channel cannot say.
func (e Evidence) Limit(t lang.Tag) string {
	return t.T("coordination.channel." + string(e.Channel) + ".limit")
}

// Title is the channel's name for people.
func (n Name) Title(t lang.Tag) string { return t.T("coordination.channel." + string(n)) }

func day(s float64) time.Time { return time.UnixMicro(int64(s * 1e6)).UTC() }

func (e Evidence) chance(t lang.Tag) string {
	if e.P < 0.001 {
		return "p < " + comma("0.001", t)
	}
	return "p = " + comma(fmt.Sprintf("%.3f", e.P), t)
}

func decimal(v float64, t lang.Tag) string {
	if v > 0 && v < 0.1 {
		return t.T("coordination.less", "Than", comma("0.1", t))
	}
	return comma(fmt.Sprintf("%.1f", v), t)
}

func comma(s string, t lang.Tag) string {
	if t == lang.PL {
		return strings.Replace(s, ".", ",", 1)
	}
	return s
}

// printable leaves out what would bend the line it stands in.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, s)
}
