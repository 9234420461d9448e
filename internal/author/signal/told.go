package signal

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Field is a fact that a person may tell about an account, because ChOP cannot see it.
type Field struct {
	Name   string
	Values []string // allowed words; nil: a number
	Many   bool     // numbers separated by commas
}

// Fields lists what may be told: only what any visitor of the place can see, or what the firm knows from its own books about its
// own orders. There is no field for anything else (domain/decisions.md 3.2, forbidden inputs). Its name for people is the message
// "signal.fact.<Name>".
var Fields = []Field{
	{Name: "followers"},                               // B20
	{Name: "account_days"},                            // B19: age of the account
	{Name: "complete", Values: []string{"yes", "no"}}, // B19: picture and description
	{Name: "role", Values: []string{"none", "group_admin", "journalist", "media"}}, // B20, as the account itself says in public
	{Name: "targets", Many: true},                                        // B03: items by target, ours first: "12,3,1"
	{Name: "offer", Values: []string{"accepted", "ignored", "rejected"}}, // B14
	{Name: "customer", Values: []string{"yes", "no"}},                    // B15: found in the firm's own orders
	{Name: "contradictions"},                                             // B21: between its own public posts on the case
	{Name: "review_pattern", Values: []string{"yes", "no"}},              // B25: 1 star here, 5 stars at rivals of the same kind
	{Name: "same_topic_firms"},                                           // how many other firms it takes up the same matter with
	{Name: "offtopic_firms"},                                             // how many firms it wrote off-topic provocations to
	{Name: "failures"},                                                   // failed attempts of ours to settle the matter
}

// CheckFact tells whether a value may be told for a field.
func CheckFact(field, value string) bool {
	i := slices.IndexFunc(Fields, func(f Field) bool { return f.Name == field })
	switch {
	case i < 0:
		return false
	case Fields[i].Many:
		_, ok := numbers(value)
		return ok
	case Fields[i].Values != nil:
		return slices.Contains(Fields[i].Values, value)
	}
	v, ok := number(value)
	return ok && v <= 1e10
}

func numbers(s string) (vs []float64, ok bool) {
	for part := range strings.SplitSeq(s, ",") {
		v, ok := number(part)
		if !ok || len(vs) >= 100 {
			return nil, false
		}
		vs = append(vs, v)
	}
	return vs, true
}

// focus is B03: the share of its visible items that are about the firm, and how concentrated it is on few targets. ChOP sees the
// firm's places only, so a person tells it: fact "targets", ours first.
func (r *reading) focus() Signal {
	s, f := r.told("B03", "share", "targets", 10)
	counts, ok := numbers(f.Value)
	if !s.Ok() || !ok {
		s.Status = Unknown
		return s
	}
	sum := 0.0
	for _, c := range counts {
		sum += c
	}
	if s.N = int(sum); s.N < s.Need {
		s.Status = Few
		return s
	}
	s.Value = counts[0] / sum
	s.Parts = map[string]float64{"hhi": HHI(counts), "targets": float64(len(counts))}
	return s
}

// customer is B15: ties from before: praise before the first complaint, words of an old customer, or what the firm's own orders
// say, which stays apart as reported.
func (r *reading) customer() Signal {
	s := r.observed("B15", "", len(r.Items), 0)
	var praised, complained time.Time
	for _, it := range r.Items {
		if it.Has("praise") && praised.IsZero() {
			praised = it.At
		}
		if (it.Has("complaint") || it.Has("claim")) && complained.IsZero() {
			complained = it.At
		}
	}
	early := !praised.IsZero() && (complained.IsZero() || praised.Before(complained))
	loyal := r.count(func(i int) bool { return r.cues[i].Loyal > 0 })
	again := r.count(func(i int) bool { return r.cues[i].Again > 0 })
	s.Parts = map[string]float64{"praise": flag(early), "loyal": float64(loyal), "again": float64(again)}
	s.Word = "none_seen"
	if early || loyal > 0 {
		s.Word = "tie"
	}
	s.Refs = r.refs(func(i int) bool { return r.cues[i].Loyal > 0 || early && r.Items[i].Has("praise") })
	if f, ok := r.fact("customer"); ok {
		s.Basis, s.Told = Reported, &f
		s.Word = map[string]string{"yes": "confirmed", "no": "not_found"}[f.Value]
	}
	return s
}

func flag(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// moderation is B16: what it did after deeds of ours that took something away. The hottest reaction is the word.
func (r *reading) moderation() Signal {
	parts, n := map[string]float64{}, 0
	for _, d := range r.Deeds {
		if d.Restrictive() && d.After != NotYet {
			parts[string(d.After)]++
			n++
		}
	}
	s := r.observed("B16", "", n, 1)
	s.Parts = parts
	for _, w := range []After{NewAccount, NewVenue, RePost, WentOn, Calm} {
		if parts[string(w)] > 0 {
			s.Word = string(w)
			break
		}
	}
	return s
}

// engagement is B17: answers to the firm by answers to other people.
func (r *reading) engagement() Signal {
	firm, others := r.count(func(i int) bool { return r.Items[i].ToFirm }), r.count(func(i int) bool { return r.Items[i].ToOther })
	s := r.observed("B17", "ratio", firm+others, 5)
	s.Value = float64(firm) / math.Max(float64(others), 1)
	s.Parts = map[string]float64{"firm": float64(firm), "others": float64(others)}
	s.Refs = r.refs(func(i int) bool { return r.Items[i].ToFirm || r.Items[i].ToOther })
	return s
}

// supporters is B18: reactions and answers by others on its items; the most on one item decides about reach.
func (r *reading) supporters() Signal {
	s := r.observed("B18", "reactions", len(r.Items), 1)
	most := 0
	for _, it := range r.Items {
		s.Value += float64(it.Backing)
		most = max(most, it.Backing)
	}
	s.Parts = map[string]float64{"most": float64(most)}
	s.Refs = r.refs(func(i int) bool { return r.Items[i].Backing > 0 })
	return s
}

// age is B19: age of the account, picture, completeness. Weak; never used alone.
func (r *reading) age() Signal {
	s, f := r.told("B19", "days", "account_days", 1)
	if s.Ok() {
		s.Value, _ = number(f.Value)
	}
	if c, ok := r.fact("complete"); ok {
		s.Parts = map[string]float64{"complete": flag(c.Value == "yes")}
	}
	return s
}

// followers is B20.
func (r *reading) followers() Signal {
	s, f := r.told("B20", "followers", "followers", 1)
	if s.Ok() {
		s.Value, _ = number(f.Value)
		s.Parts = map[string]float64{"log10": math.Log10(math.Max(s.Value, 1))}
	}
	if role, ok := r.fact("role"); ok {
		s.Word = role.Value
		if s.Status == Unknown {
			s.Told = &role
		}
	}
	return s
}

// consistency is B21: contradictions between its own public posts about the case. Only a person can judge that.
func (r *reading) consistency() Signal {
	s, f := r.told("B21", "contradictions", "contradictions", 2)
	if s.Ok() {
		s.Value, _ = number(f.Value)
		if len(r.Items) < s.Need {
			s.Status, s.N = Few, len(r.Items)
		}
	}
	return s
}

// removed is B22: items it changed or took away itself, and the median hours until then. Only what was seen while public.
func (r *reading) removed() Signal {
	s := r.observed("B22", "items", len(r.Items), 1)
	ours := map[string]bool{}
	for _, d := range r.Deeds {
		if d.Restrictive() {
			ours[d.Mention] = true
		}
	}
	gone := func(i int) bool { return !r.Items[i].GoneAt.IsZero() && !ours[r.Items[i].ID] }
	edited := func(i int) bool { return r.Items[i].Edits > 0 }
	var hours []float64
	for i, it := range r.Items {
		if gone(i) {
			hours = append(hours, it.GoneAt.Sub(it.At).Hours())
		}
	}
	s.Parts = map[string]float64{"gone": float64(len(hours)), "edited": float64(r.count(edited)), "hours": Median(hours)}
	s.Value = float64(r.count(func(i int) bool { return gone(i) || edited(i) }))
	s.Refs = r.refs(func(i int) bool { return gone(i) || edited(i) })
	return s
}

// together is how close in time two accounts post to count as posting together (domain/decisions.md 3.2 B23).
const together = 10 * time.Minute

// alike is B23: other accounts with nearly the same text, and how many of those posted within ten minutes. The value is how many
// other accounts; of a confirmed group it also knows how many others are in it. Nothing follows from it alone: people of one house, and copies of a chain letter, write alike too.
func (r *reading) alike() Signal {
	s := r.observed("B23", "accounts", len(r.Items), 1)
	others, soon := map[string]bool{}, map[string]bool{}
	mine := map[string]bool{}
	for _, a := range r.Alike {
		if a.Jaccard < Near {
			continue
		}
		others[a.Other], mine[a.Mine] = true, true
		if a.Apart.Abs() <= together {
			soon[a.Other] = true
		}
	}
	s.Value = float64(len(others))
	s.Parts = map[string]float64{"together": float64(len(soon))}
	for _, g := range r.Groups {
		if g.Confirmed && !g.Uncertain {
			s.Parts["group"] = max(s.Parts["group"], float64(g.Others))
		}
	}
	s.Refs = r.refs(func(i int) bool { return mine[r.Items[i].ID] })
	return s
}

// burst is B24: was its first item part of a burst.
func (r *reading) burst() Signal {
	s := r.observed("B24", "", len(r.Items), 1)
	s.Word = "no"
	if len(r.Items) > 0 && slices.ContainsFunc(r.Bursts, func(w Window) bool { return w.Has(r.Items[0].At) }) {
		s.Word = "yes"
	}
	return s
}

// reviews is B25: its reviews of the firm by stars. The pattern over rivals of the same kind (1 star here, 5 there) is told.
func (r *reading) reviews() Signal {
	rated := func(i int) bool { return r.Items[i].Rating > 0 }
	s := r.observed("B25", "reviews", r.count(rated), 5)
	s.Value, s.Parts = float64(s.N), map[string]float64{}
	for _, it := range r.Items {
		if it.Rating > 0 {
			s.Parts["stars"+strconv.Itoa(it.Rating)]++
		}
	}
	s.Refs = r.refs(rated)
	if f, ok := r.fact("review_pattern"); ok {
		s.Basis, s.Told, s.Status = Reported, &f, Known
		s.Parts["pattern"] = flag(f.Value == "yes")
	}
	return s
}
