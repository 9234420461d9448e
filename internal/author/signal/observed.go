package signal

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"chop/internal/lang"
)

// volume is B01: items about the firm in 7, 30 and 90 days.
func (r *reading) volume() Signal {
	s := r.observed("B01", "items90", len(r.Items), 1)
	s.Parts = map[string]float64{"d7": 0, "d30": 0, "d90": 0, "all": float64(len(r.Items))}
	for _, it := range r.Items {
		for name, days := range map[string]int{"d7": 7, "d30": 30, "d90": 90} {
			if r.Now.Sub(it.At) < time.Duration(days)*24*time.Hour {
				s.Parts[name]++
			}
		}
	}
	s.Value = s.Parts["d90"]
	s.Refs = r.refs(every)
	return s
}

// persistence is B02: active days by days of the whole span, and the longest gap.
func (r *reading) persistence() Signal {
	s := r.observed("B02", "share", len(r.Items), 3)
	if !s.Ok() {
		return s
	}
	days := map[int]bool{}
	gap, last := 0, dayNumber(r.Items[0].At)
	for _, it := range r.Items {
		d := dayNumber(it.At)
		days[d] = true
		gap, last = max(gap, d-last), d
	}
	span := last - dayNumber(r.Items[0].At) + 1
	s.Value = float64(len(days)) / float64(span)
	s.Parts = map[string]float64{"active": float64(len(days)), "span": float64(span), "gap": float64(gap)}
	return s
}

// venues is B04: places where it wrote about the firm.
func (r *reading) venues() Signal {
	s := r.observed("B04", "venues", len(r.Items), 1)
	seen := map[string]bool{}
	s.Refs = r.refs(func(i int) bool {
		news := !seen[r.Items[i].Venue]
		seen[r.Items[i].Venue] = true
		return news
	})
	for _, it := range r.Items {
		seen[it.Venue] = true
	}
	s.Value = float64(len(seen))
	return s
}

// circadian is B05: the share of items between 22 and 6, and how evenly the hours are used. Background only: it says nothing
// by itself (domain/decisions.md 3.2).
func (r *reading) circadian() Signal {
	s := r.observed("B05", "share", len(r.Items), 20)
	if !s.Ok() {
		return s
	}
	hours, night := make([]float64, 24), 0
	for _, it := range r.Items {
		h := it.At.In(lang.Zone).Hour()
		hours[h]++
		if h >= 22 || h < 6 {
			night++
		}
	}
	s.Value = float64(night) / float64(len(r.Items))
	s.Parts = map[string]float64{"entropy": Entropy(hours)}
	return s
}

// answerWithin is how long after our reply an item still counts as an answer to it.
const answerWithin = 7 * 24 * time.Hour

// answered is the first item of the account after our reply in the same thread, -1 when none came within a week.
func (r *reading) answered(o Reply) int {
	i, _ := slices.BinarySearchFunc(r.Items, o.At, func(it Item, t time.Time) int { return it.At.Compare(t) })
	for ; i < len(r.Items) && r.Items[i].At.Sub(o.At) < answerWithin; i++ {
		if r.Items[i].Thread == o.Thread && r.Items[i].At.After(o.At) {
			return i
		}
	}
	return -1
}

// latency is B06: median minutes from our reply to the account's next item in the thread.
func (r *reading) latency() Signal {
	var minutes []float64
	var at []int
	for _, o := range r.Ours {
		if i := r.answered(o); i >= 0 {
			minutes, at = append(minutes, r.Items[i].At.Sub(o.At).Minutes()), append(at, i)
		}
	}
	s := r.observed("B06", "minutes", len(minutes), 3)
	s.Value = Median(minutes)
	s.Refs = r.refs(func(i int) bool { return slices.Contains(at, i) })
	return s
}

// slope is B07: how intensity changes, by Theil and Sen, in steps of 0 to 4 per week.
func (r *reading) slope() Signal {
	s := r.observed("B07", "steps_week", len(r.Items), 5)
	if !s.Ok() {
		return s
	}
	x, y := make([]float64, len(r.Items)), make([]float64, len(r.Items))
	for i, it := range r.Items {
		x[i], y[i] = it.At.Sub(r.Items[0].At).Hours()/(7*24), float64(it.Intensity())
	}
	slope, ok := TheilSen(x, y)
	if !ok {
		s.Status = Few // all at one instant
	}
	s.Value = slope
	return s
}

// arousal is B08: strong words per hundred, and the share of items that are angry (arousal 2 and 3).
func (r *reading) arousal() Signal {
	s := r.observed("B08", "per_100", len(r.Items), 1)
	words, strong := 0, 0
	for _, c := range r.cues {
		words, strong = words+c.Words, strong+c.Arousal
	}
	s.Value = per100(strong, words)
	angry := func(i int) bool { return r.Items[i].Arousal >= 2 }
	s.Parts = map[string]float64{"angry": share(r.count(angry), len(r.Items))}
	s.Refs = r.refs(func(i int) bool { return r.cues[i].Arousal > 0 || angry(i) })
	return s
}

func per100(n, words int) float64 {
	if words == 0 {
		return 0
	}
	return 100 * float64(n) / float64(words)
}

func share(n, of int) float64 {
	if of == 0 {
		return 0
	}
	return float64(n) / float64(of)
}

// insults is B09: of the items with insults or hate, how many strike people and not the firm.
func (r *reading) insults() Signal {
	s := r.observed("B09", "share", len(r.Items), 3)
	bad := func(i int) bool { return r.Items[i].Has("insult") || r.Items[i].Has("hate") }
	atPeople := func(i int) bool {
		return bad(i) && slices.Contains([]string{"staff", "author_other", "group"}, r.Items[i].Target)
	}
	all, people := r.count(bad), r.count(atPeople)
	s.Value = share(people, all)
	s.Parts = map[string]float64{"people": float64(people), "firm": float64(all - people)}
	s.Refs = r.refs(bad)
	return s
}

// density is B10: dates, amounts, photographs and order numbers per hundred words.
func (r *reading) density() Signal {
	s := r.observed("B10", "per_100", len(r.Items), 1)
	words, facts, receipts := 0, 0, 0
	for _, c := range r.cues {
		words, facts, receipts = words+c.Words, facts+c.Facts(), receipts+c.Receipts
	}
	s.Value = per100(facts, words)
	s.Parts = map[string]float64{"cues": float64(facts), "receipts": float64(receipts)}
	s.Refs = r.refs(func(i int) bool { return r.cues[i].Facts() > 0 })
	return s
}

// Demands, weakest first: the strongest one that occurs is the word of B11.
const (
	NoDemand = "none"
	Apology  = "apology"
	Fix      = "fix"
	Refund   = "refund"
	Silence  = "money_for_silence"
)

// demand is B11. Money for silence counts only where the words or the label of extortion say so: asking for one's money back is
// a lawful claim and never extortion (domain/decisions.md 3.1 T6).
func (r *reading) demand() Signal {
	s := r.observed("B11", "", len(r.Items), 1)
	of := func(i int) string {
		c, it := r.cues[i], r.Items[i]
		switch {
		case c.Silence > 0 || it.Has("extortion"):
			return Silence
		case c.Refund > 0:
			return Refund
		case c.Fix > 0:
			return Fix
		case c.Apology > 0:
			return Apology
		}
		return NoDemand
	}
	strength := []string{NoDemand, Apology, Fix, Refund, Silence}
	s.Word = NoDemand
	s.Parts = map[string]float64{}
	for i := range r.Items {
		d := of(i)
		s.Parts[d]++
		if slices.Index(strength, d) > slices.Index(strength, s.Word) {
			s.Word = d
		}
	}
	everyone := r.count(func(i int) bool { return r.cues[i].Everyone > 0 })
	s.Parts["everyone"] = float64(everyone)
	s.Refs = r.refs(func(i int) bool { return of(i) != NoDemand || r.cues[i].Everyone > 0 })
	return s
}

// Steps of mobilising, weakest first: the words of B12 and the anchors of the scale (domain/decisions.md 3.4 field 8).
var Mobilising = []string{"none", "warns", "asks_to_share", "tags_media", "organises"}

// mobilising is B12: does it call on others to act. The value is the scale of field 8, 1 to 5.
func (r *reading) mobilising() Signal {
	s := r.observed("B12", "scale", len(r.Items), 1)
	of := func(i int) int {
		c, it := r.cues[i], r.Items[i]
		switch {
		case c.Organises > 0 || it.Has("boycott"):
			return 5
		case c.Media > 0:
			return 4
		case c.Shares > 0:
			return 3
		case c.Warns > 0 || it.Has("discouragement"):
			return 2
		}
		return 1
	}
	top, calls := 1, 0
	for i := range r.Items {
		k := of(i)
		top = max(top, k)
		if k >= 3 {
			calls++
		}
	}
	s.Value, s.Word = float64(top), Mobilising[top-1]
	value := r.count(func(i int) bool { return r.cues[i].Value > 0 })
	s.Parts = map[string]float64{"calls": float64(calls), "value": float64(value)}
	s.Refs = r.refs(func(i int) bool { return of(i) >= 2 })
	return s
}

// Mobilises tells whether B12 is present as the rules mean it: a call to share, to the media or to act together.
func (s Signal) Mobilises() bool { return s.Code == "B12" && s.Ok() && s.Value >= 3 }

// threats is B13: the gravest announced step.
func (r *reading) threats() Signal {
	s := r.observed("B13", "", len(r.Items), 1)
	kinds := []struct {
		word string
		fits func(i int) bool
	}{
		{"violence", func(i int) bool { return r.Items[i].Has("threat") }},
		{"reputation", func(i int) bool { return r.cues[i].Reputation > 0 || r.Items[i].Has("extortion") }},
		{"lawful", func(i int) bool { return r.cues[i].Lawful > 0 }},
	}
	s.Word, s.Parts = "none", map[string]float64{}
	for _, k := range kinds {
		n := r.count(k.fits)
		s.Parts[k.word] = float64(n)
		if n > 0 && s.Word == "none" {
			s.Word, s.Refs = k.word, r.refs(k.fits)
		}
	}
	return s
}

// offerLasts is how long we wait for an answer to an offer before it counts as ignored.
const offerLasts = 72 * time.Hour

// acceptance is B14: what came of offers to settle the matter. An offer is a reply of ours with words of one; what followed is
// read from the account's next item in the thread. A person's word about an offer adds to it: fact "offer".
func (r *reading) acceptance() Signal {
	parts, offers := map[string]float64{"accepted": 0, "ignored": 0, "rejected": 0}, 0
	var at []int
	for _, o := range r.Ours {
		if ReadCues(o.Text).Offers == 0 {
			continue
		}
		i := r.answered(o)
		switch {
		case i >= 0 && r.cues[i].Rejects > 0:
			parts["rejected"]++
		case i >= 0 && r.cues[i].Accepts > 0:
			parts["accepted"]++
		case r.Now.Sub(o.At) >= offerLasts:
			parts["ignored"]++
		default:
			continue
		}
		offers++
		if i >= 0 {
			at = append(at, i)
		}
	}
	s := r.observed("B14", "", offers, 1)
	for _, f := range r.Facts {
		if _, ok := parts[f.Value]; ok && f.Field == "offer" {
			parts[f.Value]++
			offers++
			s.Basis, s.Told, s.Status, s.N = Reported, &f, Known, offers
		}
	}
	s.Parts, s.Word = parts, "ignored"
	switch {
	case parts["accepted"] > 0:
		s.Word = "accepted"
	case parts["rejected"] > 0:
		s.Word = "rejected"
	}
	s.Refs = r.refs(func(i int) bool { return slices.Contains(at, i) })
	return s
}

// number reads a told number; false when it is none.
func number(s string) (float64, bool) {
	v, err := strconv.ParseFloat(strings.ReplaceAll(strings.TrimSpace(s), ",", "."), 64)
	return v, err == nil && !math.IsNaN(v) && !math.IsInf(v, 0) && v >= 0
}
