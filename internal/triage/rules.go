// Package triage decides what a finding sets in motion: rules ask for effects, one place carries them out, once.
package triage

import (
	"strconv"

	"chop/internal/crisis"
	"chop/internal/mention"
)

// Facts is what the rules know of one mention.
type Facts struct {
	Mention   mention.Mention
	PostTitle string
	Wave      Wave         // what came under the same post lately
	Case      *crisis.Case // the open case on its subject, if there is one
}

// Wave counts hostile items under one post within the last half hour.
type Wave struct{ Hostile, Authors int }

// Effect is what a rule asks for. A rule cannot act itself.
type Effect struct {
	Rule     string
	Subject  string // of the case; items with the same subject share one
	Title    string // message id
	Facts    map[string]string
	Severity int
	Priority int  // 1-4
	Page     bool // wake the person on duty
	Case     bool // open a case or add to it
	Preserve bool // seal the item now
}

// rule looks at the facts and asks, or not.
type rule func(Facts) (Effect, bool)

// all is the list of rules that are switched on. Each is asked; what several ask for is carried out once per subject.
var all = []rule{urgent, wave, seriousComplaint, follow}

// urgentLabels need a human now (domain/decisions.md 1.7, P1). The first that fits names the case.
var urgentLabels = []string{"threat", "extortion", "distress", "health_safety", "hate", "personal_data"}

func urgent(f Facts) (Effect, bool) {
	for _, l := range urgentLabels {
		if f.Mention.Has(l) {
			return Effect{Rule: "urgent." + l, Subject: subject(f.Mention), Title: "case.title." + l, Facts: facts(f),
				Severity: max(3, f.Mention.Severity), Priority: 1, Page: true, Case: true, Preserve: true}, true
		}
	}
	return Effect{}, false
}

// A wave is at least waveItems hostile items by at least waveAuthors accounts under one post in half an hour. The
// figures are ours, to be replaced by the firm's own baseline when pulse learns it.
const (
	waveItems   = 5
	waveAuthors = 3
)

func wave(f Facts) (Effect, bool) {
	if f.Wave.Hostile < waveItems || f.Wave.Authors < waveAuthors || !hostile(f.Mention) {
		return Effect{}, false
	}
	e := Effect{Rule: "wave", Subject: subject(f.Mention), Title: "case.title.wave", Facts: facts(f), Severity: 3, Priority: 2,
		Page: true, Case: true, Preserve: true}
	e.Facts["count"], e.Facts["authors"] = strconv.Itoa(f.Wave.Hostile), strconv.Itoa(f.Wave.Authors)
	if f.Wave.Hostile >= 3*waveItems {
		e.Priority, e.Severity = 1, 4
	}
	return e, true
}

// follow: one more hostile item where a case is open belongs to it; where the case was contained it is active again, and
// somebody is woken.
func follow(f Facts) (Effect, bool) {
	if f.Case == nil || !hostile(f.Mention) {
		return Effect{}, false
	}
	return Effect{Rule: "follow", Subject: subject(f.Mention), Title: f.Case.Title, Facts: facts(f), Severity: f.Mention.Severity,
		Priority: f.Case.Priority, Page: f.Case.Status == crisis.Contained, Case: true, Preserve: true}, true
}

func seriousComplaint(f Facts) (Effect, bool) {
	if !f.Mention.Has("complaint") || f.Mention.Severity < 3 {
		return Effect{}, false
	}
	return Effect{Rule: "complaint", Subject: "mention:" + f.Mention.ID, Title: "case.title.complaint", Facts: facts(f),
		Severity: f.Mention.Severity, Priority: 2, Page: true, Case: true, Preserve: true}, true
}

func hostile(m mention.Mention) bool {
	labels := ""
	for _, l := range m.Labels {
		labels += "," + l
	}
	return mention.Hostile(labels + ",")
}

// subject keeps what belongs together in one case: the thread, else the account.
func subject(m mention.Mention) string {
	if m.Post != "" {
		return "post:" + m.Post
	}
	return "author:" + m.AuthorKey
}

func facts(f Facts) map[string]string {
	return map[string]string{"author": f.Mention.AuthorName, "post": f.PostTitle, "excerpt": excerpt(f.Mention.Text, 120)}
}

// excerpt is the beginning of a text, at most n characters.
func excerpt(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}
