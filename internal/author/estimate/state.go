package estimate

import (
	"slices"
	"time"

	"chop/internal/author/signal"
	"chop/internal/reason"
)

// State is a kind of situation an account can be in, T1 to T15 (domain/decisions.md 3.1): of the account now, not of a person. Its
// name is the message "state.<code>", its stance "state.<code>.stance".
type State string

// Check is one sign of a state, looked for in the signals.
type Check struct {
	Code  string // message "state.sign.<code>"
	Found Found
	Refs  []reason.Ref
}

// Found says what came of looking.
type Found string

const (
	Yes     Found = "yes"
	No      Found = "no"
	NotSeen Found = "unknown" // ChOP cannot see it: ask a person
)

// Match is a suggested state with its typical signs and those that would speak against it, all of them looked at.
type Match struct {
	State   State
	Typical []Check
	Against []Check
}

// sign is one thing to look for. look tells whether it is there and whether ChOP could see it at all.
type sign struct {
	code   string
	signal string
	look   func(s signal.Set) Found
}

func seen(b bool) Found {
	if b {
		return Yes
	}
	return No
}

// cue looks for a kind of words in any item.
func cue(fits func(signal.Cues) bool) func(signal.Set) Found {
	return func(s signal.Set) Found { return seen(slices.ContainsFunc(s.Cues, fits)) }
}

// label looks for a label on any item.
func label(names ...string) func(signal.Set) Found {
	return func(s signal.Set) Found {
		return seen(slices.ContainsFunc(s.Book.Items, func(i signal.Item) bool { return slices.ContainsFunc(names, i.Has) }))
	}
}

// whenOk looks at a signal that may be unknown.
func whenOk(code string, fits func(signal.Signal) bool) func(signal.Set) Found {
	return func(s signal.Set) Found {
		b := s.Of(code)
		if !b.Ok() {
			return NotSeen
		}
		return seen(fits(b))
	}
}

// factIs looks at what people told.
func factIs(field string, values ...string) func(signal.Set) Found {
	return func(s signal.Set) Found {
		f, ok := signal.Newest(s.Book.Facts, field)
		if !ok {
			return NotSeen
		}
		return seen(slices.Contains(values, f.Value))
	}
}

// Signs that several states share.
var (
	sFacts     = sign{"facts", "B10", func(s signal.Set) Found { return seen(s.Of("B10").Part("cues") > 0) }}
	sSolution  = sign{"asks_solution", "B11", whenOk("B11", func(b signal.Signal) bool { return b.Is(signal.Refund, signal.Fix, signal.Apology) })}
	sFirst     = sign{"first_contact", "B01", func(s signal.Set) Found { return seen(len(s.Book.Items) <= 2) }}
	sTies      = sign{"earlier_ties", "B15", func(s signal.Set) Found { return seen(s.Of("B15").Is("tie", "confirmed")) }}
	sAgain     = sign{"failed_again", "B15", func(s signal.Set) Found { return seen(doubleDeviation(s)) }}
	sLong      = sign{"long_campaign", "B02", whenOk("B02", func(b signal.Signal) bool { return b.Part("span") >= 14 })}
	sVenues    = sign{"many_venues", "B04", whenOk("B04", func(b signal.Signal) bool { return b.Value >= 3 })}
	sRejects   = sign{"rejects_offers", "B14", whenOk("B14", func(b signal.Signal) bool { return b.Part("rejected") > 0 })}
	sAccepts   = sign{"accepts_contact", "B14", whenOk("B14", func(b signal.Signal) bool { return b.Part("accepted") > 0 })}
	sMobilises = sign{"mobilises", "B12", func(s signal.Set) Found { return seen(mobilises(s)) }}
	sDissuades = sign{"dissuades", "B12", whenOk("B12", func(b signal.Signal) bool { return b.Value >= 2 })}
	sInsider   = sign{"insider", "B10", func(s signal.Set) Found {
		return seen(label("employment")(s) == Yes || cue(func(c signal.Cues) bool { return c.Insider > 0 })(s) == Yes)
	}}
	sRival    = sign{"praises_rival", "B25", cue(func(c signal.Cues) bool { return c.Rival > 0 })}
	sNoSale   = sign{"no_transaction", "B15", factIs("customer", "no")}
	sSale     = sign{"real_purchase", "B15", factIs("customer", "yes")}
	sReceipt  = sign{"receipt", "B10", cue(func(c signal.Cues) bool { return c.Receipts+c.Orders > 0 })}
	sPattern  = sign{"review_pattern", "B25", factIs("review_pattern", "yes")}
	sAlike    = sign{"alike", "B23", whenOk("B23", func(b signal.Signal) bool { return b.Value >= 1 })}
	sTogether = sign{"posts_together", "B23", whenOk("B23", func(b signal.Signal) bool { return b.Part("together") >= 1 || b.Part("group") >= 2 })}
	sSilence  = sign{"money_for_silence", "B11", whenOk("B11", func(b signal.Signal) bool { return b.Is(signal.Silence) })}
	sLawful   = sign{"lawful_claim", "B11", func(s signal.Set) Found {
		b := s.Of("B11")
		return seen(b.Part(signal.Refund)+b.Part(signal.Fix) > 0 && b.Part(signal.Silence) == 0)
	}}
	sBurst  = sign{"in_burst", "B24", whenOk("B24", func(b signal.Signal) bool { return b.Is("yes") })}
	sOwn    = sign{"own_case", "B10", cue(func(c signal.Cues) bool { return c.Own > 0 })}
	sShort  = sign{"short", "B01", func(s signal.Set) Found { return seen(meanWords(s) > 0 && meanWords(s) < 12) }}
	sValue  = sign{"value_words", "B12", cue(func(c signal.Cues) bool { return c.Value > 0 })}
	sTroll  = sign{"provokes", "B09", label("trolling")}
	sFast   = sign{"fast_answers", "B06", whenOk("B06", func(b signal.Signal) bool { return b.Value < 5 })}
	sLaughs = sign{"laughs", "B08", cue(func(c signal.Cues) bool { return c.Laughs > 0 })}
	sSatire = sign{"satire", "B08", label("satire")}
	sClaim  = sign{"claims_facts", "B10", label("claim", "health_safety")}
	sDocs   = sign{"documents", "B10", cue(func(c signal.Cues) bool { return c.Document > 0 })}
	sOffice = sign{"authorities", "B13", cue(func(c signal.Cues) bool { return c.Authority > 0 })}
	sSafety = sign{"safety", "B10", label("health_safety")}
	sFan    = sign{"praises_us", "B15", label("praise")}
	sFights = sign{"insults_critics", "B09", func(s signal.Set) Found {
		return seen(slices.ContainsFunc(s.Book.Items, func(i signal.Item) bool {
			return i.Target == "author_other" && (i.Has("insult") || i.Has("hate"))
		}))
	}}
	sHousehold = sign{"shared_household", "B23", func(signal.Set) Found { return NotSeen }}
	sHearsay   = sign{"hearsay", "B10", func(s signal.Set) Found { return seen(sOwn.look(s) == No && sDocs.look(s) == No) }}
	sRumours   = sign{"generic_rumours", "B10", func(s signal.Set) Found { return seen(s.Of("B10").Part("cues") == 0) }}
	sRepeats   = sign{"repeats_after_offer", "B14", whenOk("B14", func(b signal.Signal) bool { return b.Part("rejected")+b.Part("ignored") > 0 })}
)

func meanWords(s signal.Set) float64 {
	n := 0
	for _, c := range s.Cues {
		n += c.Words
	}
	return float64(n) / float64(max(len(s.Cues), 1))
}

// kind is a state: at least need of its typical signs must be there, those in must among them, and none of those against.
type kind struct {
	state   State
	typical []sign
	need    int
	must    int // the first so many typical signs are required
	against []sign
}

// kinds are the states that are suggested. T11 (grief, distress) and T12 (minors) are none of them: they end profiling, see
// Protections.
var kinds = []kind{
	{"T1", []sign{sSolution, sFacts, sFirst, sOwn}, 2, 1, []sign{sRepeats, sMobilises}},
	{"T2", []sign{sTies, sAgain, sSolution}, 2, 2, []sign{sNoSale}},
	{"T3", []sign{sLong, sRejects, sVenues, sDissuades}, 3, 0, []sign{sAccepts}},
	{"T4", []sign{sInsider, sFacts}, 1, 1, []sign{sRumours}},
	{"T5", []sign{sRival, sNoSale, sPattern, sAlike}, 2, 0, []sign{sSale, sReceipt}},
	{"T6", []sign{sSilence, sBurst}, 1, 1, []sign{sLawful}},
	{"T7", []sign{sBurst, sShort, sFirst}, 3, 1, []sign{sOwn}},
	{"T8", []sign{sAlike, sTogether}, 2, 2, []sign{sHousehold}},
	{"T9", []sign{sValue, sMobilises}, 1, 1, []sign{sOwn}},
	{"T10", []sign{sTroll, sFast, sLaughs}, 2, 1, []sign{sOwn, sSolution}},
	{"T13", []sign{sSatire, sLaughs}, 1, 1, []sign{sClaim}},
	{"T14", []sign{sOffice, sDocs, sSafety, sInsider}, 2, 0, []sign{sHearsay}},
	{"T15", []sign{sFights, sFan}, 2, 2, []sign{}},
}

// Recognise suggests states. Every disconfirming sign was looked for: one that is there takes the state out, one that ChOP cannot
// see stays as a question to a person.
func Recognise(s signal.Set) (ms []Match) {
	if len(s.Book.Items) == 0 {
		return nil
	}
	for _, k := range kinds {
		m := Match{k.state, look(s, k.typical), look(s, k.against)}
		n := 0
		for i, c := range m.Typical {
			if c.Found == Yes {
				n++
			} else if i < k.must {
				n = -len(m.Typical)
			}
		}
		against := slices.ContainsFunc(m.Against, func(c Check) bool { return c.Found == Yes })
		if n >= k.need && !against {
			ms = append(ms, m)
		}
	}
	return ms
}

func look(s signal.Set, signs []sign) []Check {
	cs := make([]Check, len(signs))
	for i, x := range signs {
		cs[i] = Check{Code: x.code, Found: x.look(s)}
		if cs[i].Found == Yes {
			cs[i].Refs = s.Of(x.signal).Refs
		}
	}
	return cs
}

// Protection is why an account is not profiled, or not before others have looked.
type Protection struct {
	Kind  string // minor, distress, whistleblower; message "protect.<kind>"
	Found string // what was seen: message "protect.found.<code>"
	Ref   reason.Ref
	At    time.Time
}

// Kinds of protection. The first two end profiling; the third holds it until the owner and a lawyer have looked.
const (
	Minor         = "minor"         // T12
	Distress      = "distress"      // T11
	Whistleblower = "whistleblower" // T14, and everybody who speaks of working at the firm
)

// Protections finds what protects the account, from what it wrote itself. A word too many here costs a profile and nothing else.
func Protections(s signal.Set) (ps []Protection) {
	found := map[string]bool{}
	add := func(kind, what string, it signal.Item) {
		if !found[kind] {
			found[kind] = true
			ps = append(ps, Protection{kind, what, reason.Ref{Kind: "mention", ID: it.ID}, it.At})
		}
	}
	for i, it := range s.Book.Items {
		c := s.Cues[i]
		if it.Has("distress") {
			add(Distress, "label", it)
		}
		if c.Age > 0 {
			add(Minor, "stated_age", it)
		}
		if it.Has("employment") || c.Insider > 0 {
			add(Whistleblower, "insider", it)
		}
		if c.Authority > 0 && (c.Document > 0 || it.Has("health_safety")) {
			add(Whistleblower, "authority", it)
		}
	}
	return ps
}

// Bars tells whether no profile may be made at all.
func Bars(ps []Protection) bool {
	return slices.ContainsFunc(ps, func(p Protection) bool { return p.Kind == Minor || p.Kind == Distress })
}
