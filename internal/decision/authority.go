package decision

import (
	"slices"
	"time"

	"chop/internal/access"
	"chop/internal/firm"
)

// Level says whether the firm's owner is asked before something is done.
type Level string

const (
	Free      Level = "free"  // done without asking
	Ask       Level = "ask"   // asked; silence takes the milder way
	OwnerOnly Level = "owner" // nothing happens without the owner's word
	Forbidden Level = "never" // not for this firm at all
)

// Silence is what happens when the owner does not answer: never more than was asked, always the milder thing.
type Silence string

const (
	Nothing     Silence = ""        // nothing is done, the guardian is told
	HideInstead Silence = "hide"    // a deletion nobody agreed to becomes a hiding, where that needs no asking
	HoldingLine Silence = "holding" // the line the owner agreed to beforehand is posted instead of the reply
)

// Telling is how soon the firm hears of what was done without asking.
type Telling string

const (
	Day Telling = "day" // stands on the owner's page, the same day
	Now Telling = "now" // a message at once
)

// Authority is one row of the authority matrix (domain/decisions.md section 9).
type Authority struct {
	Row     string // names the row: message "authority.<Row>"
	Option  Option
	Level   Level
	Wait    time.Duration // how long the owner has
	Silence Silence
	Tell    Telling // what is done freely
	Fixed   bool    // a guard-rail: the firm cannot loosen it

	when func(Case) bool // nil: always
}

// Times of the matrix. Where it names none an hour is taken.
const (
	replyWait = 30 * time.Minute
	askWait   = time.Hour
	ownerWait = 24 * time.Hour // nothing happens before, whatever the hour
)

// wide is reach from which a block is the owner's own matter (R2).
const wide = 2

// matrix is the default; the first row that fits an option counts. Compensation, journalists, closing comments and the
// firm's own posts are no options of an item and so cannot be done here at all.
var matrix = []Authority{
	{Row: "observe", Option: Observe, Level: Free, Fixed: true},
	{Row: "reply.matter", Option: Reply, Level: Ask, Wait: replyWait, Silence: HoldingLine, when: Case.matter},
	{Row: "reply.light", Option: Reply, Level: Free, Tell: Day},
	{Row: "move_private", Option: MovePrivate, Level: Free, Tell: Day},
	{Row: "hide", Option: Hide, Level: Free, Tell: Day},
	{Row: "delete.spam", Option: Delete, Level: Free, Tell: Day, when: func(c Case) bool { return PreAuthorisable(c, Delete) }},
	{Row: "delete.unlawful", Option: Delete, Level: Free, Tell: Now, when: func(c Case) bool { return c.Has(hate, personalData) }},
	{Row: "delete.other", Option: Delete, Level: Ask, Wait: askWait, Silence: HideInstead},
	{Row: "block.wide", Option: Block, Level: OwnerOnly, Wait: ownerWait, when: func(c Case) bool { return c.Reach >= wide }},
	{Row: "block", Option: Block, Level: Ask, Wait: askWait},
	{Row: "report", Option: Report, Level: Free, Tell: Day},
	{Row: "legal.life", Option: EscalateLegal, Level: Free, Tell: Now, when: func(c Case) bool { return c.Has(threat) }},
	{Row: "legal", Option: EscalateLegal, Level: Ask, Wait: askWait},
	{Row: "statement", Option: Statement, Level: OwnerOnly, Wait: ownerWait, Fixed: true},
}

// Matrix lists the rows, for pages and contracts.
func Matrix() []Authority { return slices.Clone(matrix) }

// matter tells that the item is more than an opinion or praise: a complaint, a buyer's question, an allegation.
func (c Case) matter() bool {
	return c.BuyerQuestion || c.Has(question, complaint, claim, fakeReview, boycott, healthSafety, employment, extortion)
}

// AuthorityFor is what applies to the option in this case at a firm with these settings: the row of the matrix, which the
// firm may tighten (ask, never) or loosen (tell), except where a guard-rail fixes it.
func AuthorityFor(c Case, o Option, settings firm.Settings) Authority {
	a := row(c, o)
	switch settings.May(string(o)) {
	case firm.Never:
		a.Level = Forbidden
	case firm.Tell:
		if !a.Fixed {
			a.Level, a.Silence, a.Wait, a.Tell = Free, Nothing, 0, Day
		}
	case firm.Ask:
		if a.Level == Free && !a.Fixed {
			a.Level, a.Wait, a.Silence, a.Tell = Ask, askWait, Nothing, ""
		}
	}
	if a.Silence == HoldingLine && settings.HoldingLine == "" {
		a.Silence = Nothing
	}
	return a
}

func row(c Case, o Option) Authority {
	for _, a := range matrix {
		if a.Option == o && (a.when == nil || a.when(c)) {
			return a
		}
	}
	return Authority{Row: "unknown", Option: o, Level: OwnerOnly, Wait: ownerWait, Fixed: true} // an option without a row is nobody's but the owner's
}

// asks tells whether somebody who is not the owner must ask first.
func (a Authority) asks() bool { return a.Level == Ask || a.Level == OwnerOnly }

// mandate is the level in the words of the firm's settings.
func (a Authority) mandate() string {
	switch a.Level {
	case Forbidden:
		return firm.Never
	case Free:
		return firm.Tell
	}
	return firm.Ask
}

// needs are the people whose word the decision waits for, in the order of asking. The owner who decides needs nobody's;
// the program itself never asks, because it may only do what was allowed beforehand.
func needs(w Way, c Choice, who access.Principal) (roles []access.Role) {
	if w.Lawyer {
		roles = append(roles, access.Lawyer)
	}
	if who.System == "" && who.Firms[c.Firm] != access.Owner && c.Option != Observe && (w.Authority.asks() || c.AskOwner) {
		roles = append(roles, access.Owner)
	}
	return roles
}

// neglects tells that watching without a date would leave undone what must be done (M1 to M4): one person alone may not
// decide that.
func neglects(c Choice, due []Option, standing []Decision) bool {
	if c.Option != Observe || !c.Until.IsZero() || len(due) == 0 {
		return false
	}
	return !slices.ContainsFunc(standing, func(d Decision) bool { return d.Mention == c.Mention && d.Live() && slices.Contains(due, d.Option) })
}

// guardOf is the guard-rail that forbids an option in the state machine: those of the model, and that there is no public
// exchange with a minor (G14): after one answer of ours no second.
func guardOf(c Case, o Option) string {
	if g, vetoed := Guard(c.settled(), o); vetoed {
		return g
	}
	if o == Reply && c.Minor && c.Replies > 0 {
		return "G14"
	}
	return ""
}

// duties are the options that must be taken at this place (M1 to M4).
func duties(c Case, p Capabilities) []Option {
	var list []Option
	for _, m := range mandates(c.settled(), p, func(Option, Option) int { return 0 }) {
		list = append(list, m.options...)
	}
	return list
}
