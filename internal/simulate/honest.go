package simulate

import (
	"fmt"
	"math"
)

// honest are audiences that look alike from outside: each acts for itself, or is woken by the same thing.
func (w *world) honest() {
	for _, a := range w.crowd(w.s.Fans, "fan", "", "fan", from, 240, 0.7) {
		w.often(a, 0.6, "reaction")
	}
	for _, a := range w.crowd(w.s.Critics, "critic", "", "critic", from, 2400, 1) {
		w.often(a, 0.2+0.3*w.r.Float64(), "comment")
	}
	about, wake := w.topics()
	for _, a := range w.crowd(w.s.Topic, "topic", "", "topic", from, 2400, 1) {
		w.when(a, 0.7, func(o int) (float64, bool) { return w.posts[o].at + w.about(2400, 1), about[o] })
	}
	for _, a := range w.crowd(w.s.TopicPush, "topicpush", "", "tpush", from, 0, 0) {
		w.when(a, 0.7, func(o int) (float64, bool) { return wake[o] + w.r.ExpFloat64()*240, about[o] })
	}
	for _, a := range w.crowd(w.s.Push, "push", "", "push", from, 0, 0) {
		w.when(a, 0.5, func(o int) (float64, bool) { return wake[o] + w.r.ExpFloat64()*240, true })
	}
	for _, a := range w.crowd(w.s.Digest, "digest", "", "digest", from, 0, 0) {
		w.when(a, 0.5, func(o int) (float64, bool) { return newsletter(w.posts[o].at) + w.r.ExpFloat64()*1200, true })
	}
}

// often lets somebody act under a share of the posts in his own rhythm.
func (w *world) often(a int, share float64, kind string) {
	for o, p := range w.posts {
		if w.r.Float64() < share {
			w.put(o, a, w.awake(p.at+w.about(w.people[a].median, w.people[a].spread), w.people[a].sleep), kind)
		}
	}
}

// when lets somebody act under a share of the posts that concern him, at the time that is given.
func (w *world) when(a int, share float64, at func(o int) (float64, bool)) {
	for o := range w.posts {
		if t, concerns := at(o); concerns && w.r.Float64() < share {
			w.put(o, a, w.awake(t, w.people[a].sleep), "comment")
		}
	}
}

// topics tells which posts are of the topic, and when a notification about each goes out.
func (w *world) topics() (about []bool, wake []float64) {
	for _, p := range w.posts {
		about, wake = append(about, w.r.Float64() < 0.25), append(wake, p.at+300+5100*w.r.Float64())
	}
	return about, wake
}

// newsletter goes out at 18 every day.
func newsletter(at float64) float64 {
	t := math.Floor(at/day)*day + 18*hour
	if t < at {
		t += day
	}
	return t
}

// wave is an honest viral complaint: 36 hours, three bursts of sharing, one in twelve comes back.
func (w *world) wave() {
	begin := from + 0.6*w.length() + 10*hour
	last, bursts := w.crest()
	for i := range w.s.Wave {
		a := w.add(person{Account: Account{Name: fmt.Sprintf("wave%04d", i), Role: "wave"}, begin: begin, end: from + w.length(), median: hour, spread: 1.2,
			sleep: w.bedtime()})
		at := begin + w.r.ExpFloat64()*8*hour
		if w.r.Float64() < 0.6 {
			at = bursts[w.r.IntN(len(bursts))] + w.r.ExpFloat64()*900
		}
		for k := range 1 + w.poisson(0.6) {
			if o := last - w.r.IntN(4); o >= 0 {
				w.put(o, a, at+float64(k)*(60+240*w.r.Float64()), "comment")
			}
		}
		if w.r.Float64() < 0.08 {
			w.comesBack(a, last)
		}
	}
}

func (w *world) comesBack(a, last int) {
	for o := last + 1; o < min(len(w.posts), last+20); o++ {
		if w.r.Float64() < 0.3 {
			w.put(o, a, w.awake(w.posts[o].at+w.about(hour, 1.2), w.people[a].sleep), "comment")
		}
	}
}
