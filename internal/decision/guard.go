package decision

import (
	"slices"
	"time"
)

// MaxPublicReplies is how often the firm answers one author in one thread (G5).
const MaxPublicReplies = 2

// oldHours is when a quiet item counts as old: 180 days (R37).
const oldHours = 4320

// Guards lists the guard-rails and mandatory actions of domain/decisions.md 4.4. The sentences are the messages
// "guard.<code>". Guard enforces G1, G5, G11, G13, G14 and G15, Rank enforces M1 to M4; G6 (evidence before any deed)
// is enforced where deeds are done, the others by the linter, the timers and the roles.
func Guards() []string {
	return []string{"G1", "G2", "G3", "G4", "G5", "G6", "G7", "G8", "G9", "G10", "G11", "G12", "G13", "G14", "G15", "G16",
		"G17", "G18", "G19", "G20", "M1", "M2", "M3", "M4"}
}

// Guard tells whether a guard-rail forbids the option in this case, and which. When several do, the one with the
// highest number is named. A threat always may be escalated: a call to the police is not the lawyer's letter of G14
// nor the argument of G13.
func Guard(c Case, o Option) (guard string, vetoed bool) {
	i := place(o)
	if i < 0 {
		return "", false
	}
	guard = guards(&c)[i]
	return guard, guard != ""
}

// rail is a guard-rail that forbids options, the first that holds is named.
type rail struct {
	code   string
	vetoes []Option
	when   func(*Case) bool
}

var rails = []rail{
	{"G15", []Option{Statement}, func(c *Case) bool { return c.Reach <= 1 && c.PileOn <= 1 }},
	{"G14", []Option{EscalateLegal}, func(c *Case) bool { return c.Minor && !c.Has(threat) }},
	{"G14", []Option{Block}, func(c *Case) bool { return c.Minor }},
	{"G13", []Option{EscalateLegal}, func(c *Case) bool { return c.Has(distress) && !c.Has(threat) }},
	{"G13", []Option{Block, Delete}, func(c *Case) bool { return c.Has(distress) }},
	{"G13", []Option{Reply, MovePrivate}, func(c *Case) bool { return c.Has(threat) }},
	{"G11", []Option{Reply, MovePrivate}, func(c *Case) bool { return c.Has(extortion) }},
	{"G5", []Option{Reply}, func(c *Case) bool { return c.Replies >= MaxPublicReplies }},
	{"G1", []Option{Hide, Delete, Block}, func(c *Case) bool { return c.protected() }},
}

// guards names the guard-rail that forbids each option, in the order of Options.
func guards(c *Case) (all [options]string) {
	for i := range rails {
		if !rails[i].when(c) {
			continue
		}
		for _, o := range rails[i].vetoes {
			if at := place(o); all[at] == "" {
				all[at] = rails[i].code
			}
		}
	}
	return all
}

// statementDue is the test of domain/decisions.md 1.3: a statement is published when two signs of a crisis hold; with
// one it is prepared and held. The model knows four of the six signs: others join at three times the normal, reach,
// health, our own fault; a thread at ten times the normal has reached the media or will, and counts twice. It is never
// published while the facts are unknown, unless people need to be told what to do, nor where one local group is the
// audience: it is answered there.
func statementDue(c *Case) bool {
	if c.Truth == "unknown" && !c.Has(healthSafety) || c.Channel == "group" {
		return false
	}
	signs := max(c.PileOn-1, 0)
	for _, sign := range []bool{c.Reach >= 3, c.Has(healthSafety), c.Fault >= 2} {
		if sign {
			signs++
		}
	}
	return signs >= 2
}

// criticism tells whether the item carries what a firm must bear: complaint, opinion, safety report, buyer's question.
func (c Case) criticism() bool { return c.Has(complaint, opinion, healthSafety) || c.BuyerQuestion }

// protected is criticism that nothing lifts: only unlawful content, a victim who is a third person or a documented
// fake does; vulgar tone does not (G1).
func (c Case) protected() bool {
	return c.criticism() && !c.Has(hate, personalData, spam, threat, fakeReview) && !c.ThirdPartyVictim
}

// Restrictive tells whether the option limits what the author can say or be seen saying; a person decides those (G7).
func Restrictive(o Option) bool { return removes(o) || o == Report }

func removes(o Option) bool { return o == Hide || o == Delete || o == Block }

// NeedsSecondPerson tells whether two people must agree: for removing an item that carries criticism, unless the law
// wants it gone (hate, personal data, threat), and for a statement (G15).
func NeedsSecondPerson(c Case, o Option) bool {
	if o == Statement {
		return true
	}
	return removes(o) && c.criticism() && !c.Has(hate, personalData, threat)
}

// PreAuthorisable tells whether the firm may have allowed the option in advance, without a person deciding each time:
// only removing or reporting what is spam and nothing else (G7).
func PreAuthorisable(c Case, o Option) bool {
	if !Restrictive(o) || !c.Has(spam) || c.BuyerQuestion || c.ThirdPartyVictim || c.Minor {
		return false
	}
	return !slices.ContainsFunc(knownLabels, func(l string) bool { return l != spam && c.Has(l) })
}

// Priority is the service tier of the case, 1 (most urgent) to 4 (domain/decisions.md 1.7).
func Priority(c Case) int {
	c = c.settled()
	switch {
	case c.Has(threat, extortion, healthSafety, personalData, distress), c.Has(hate) && ownPlace(c.Channel), c.backfired():
		return 1
	case c.PileOn >= 2, c.BuyerQuestion, c.Reach >= 3, c.Severity >= 3, c.Has(hate):
		return 2
	case c.AgeHours >= oldHours, !c.beyondOpinion():
		return 4
	}
	return 3
}

// LookAgain is how soon a person must see to a case of the tier (domain/decisions.md 1.7: 15 min, 1 h, 3 h, 24 h).
func LookAgain(priority int) time.Duration {
	switch priority {
	case 1:
		return 15 * time.Minute
	case 2:
		return time.Hour
	case 3:
		return 3 * time.Hour
	}
	return 24 * time.Hour
}

// backfired is a thread that turned against the firm for something it could have prevented.
func (c Case) backfired() bool { return c.Fault >= 2 && c.PileOn >= 2 }

func (c Case) beyondOpinion() bool {
	return slices.ContainsFunc(knownLabels, func(l string) bool { return l != opinion && l != satire && c.Has(l) })
}

// ownPlace tells whether the firm answers for what stands at the channel; an unknown channel counts as its own.
func ownPlace(channel string) bool {
	p := book.can[canonical(book.Aliases.Channel, channel)]
	return p == nil || p.own()
}

// mandate is a mandatory action: options that must be taken, the first of them above all others.
type mandate struct {
	code    string
	options []Option
	labels  []string // what called for it
}

// mandates returns what the case obliges to, most pressing first; better orders options of equal duty by score.
func mandates(c Case, p Capabilities, better func(a, b Option) int) []mandate {
	var due []mandate
	unlawful := c.Has(hate, personalData) && p.own()
	removal := Delete
	if !p[Delete] || c.Has(distress) {
		removal = Hide
	}
	if c.Has(threat) {
		shield := Hide
		if unlawful {
			shield = removal
		}
		due = append(due, mandate{"M2", []Option{EscalateLegal, Report, shield}, []string{threat}})
	}
	if unlawful {
		due = append(due, mandate{"M1", unlawfulDuties(c, removal), []string{hate, personalData}})
	}
	if c.Has(distress) {
		due = append(due, mandate{"M3", []Option{MovePrivate}, []string{distress}})
	}
	if c.Has(extortion) {
		due = append(due, mandate{"M4", slices.SortedStableFunc(slices.Values([]Option{Report, EscalateLegal}), better), []string{extortion}})
	}
	return due
}

// unlawfulDuties of M1: the unlawful part goes, the complaint in it is answered; a person in distress is spoken to.
func unlawfulDuties(c Case, removal Option) []Option {
	switch {
	case c.Has(distress):
		return []Option{removal, MovePrivate}
	case c.Has(complaint):
		return []Option{removal, Report, MovePrivate}
	}
	return []Option{removal, Report}
}
