package pulse

import (
	"slices"
	"time"
)

// Rule says what an ambush is: at least Accounts accounts that are hostile or linked answer one question within Within. The
// figures of DefaultRule are ours; a firm may choose its own.
type Rule struct {
	Accounts int
	Within   time.Duration
	Linked   bool // accounts of one group count too when what they say is neither hostile nor friendly
}

// DefaultRule is two accounts in half an hour: a question that two fall upon is left alone by other buyers (no figure is
// published), and two are few enough to answer before more come.
func DefaultRule() Rule { return Rule{Accounts: 2, Within: 30 * time.Minute, Linked: true} }

// Severe is from how many accounts on, hostile or linked, the person on duty is woken; of linked ones half as many do.
const severe = 4

// Reply is what stands under a question. Kin is the group its account belongs to, empty when none.
type Reply struct {
	ID, Author string
	At         time.Time
	Hostile    bool // insults, threatens, discourages, mocks; an account of one's own bad experience does not
	Warm       bool
	Kin        string
}

// Ambush is what was found under a question.
type Ambush struct {
	Accounts int // hostile or linked, within the time
	Hostile  int // of them hostile
	Linked   int // of them in a group with another one of them
	Others   int // accounts that answered without hostility
	Minutes  int // from the first to the last of them
	Severe   bool
	Replies  []string // ids, oldest first, at most maxReplies
}

const maxReplies = 50

// Look tells whether replies to a question are an ambush: the densest stretch of Within counts. An account counts once; a linked
// one counts, where the firm wants it, when what it says is not friendly, and somebody must be hostile. It cannot tell an organised attack from two people who
// are angry at the same time; links between accounts, or the same accounts under the next question, can.
func (r Rule) Look(replies []Reply) (Ambush, bool) {
	replies = slices.Clone(replies)
	slices.SortStableFunc(replies, func(a, b Reply) int { return a.At.Compare(b.At) })
	var best Ambush
	for i := range replies {
		if x := r.stretch(replies[i:]); x.Accounts > best.Accounts {
			best = x
		}
	}
	best.Others = others(replies)
	best.Severe = best.Accounts >= severe || best.Linked >= severe/2 && best.Hostile >= severe/2
	return best, best.Accounts >= max(2, r.Accounts) && best.Hostile > 0
}

// stretch counts what comes within the time of the first reply.
func (r Rule) stretch(replies []Reply) (x Ambush) {
	type seen struct{ hostile, linked bool }
	who := map[string]seen{}
	var last time.Time
	for _, p := range replies {
		if p.At.Sub(replies[0].At) > r.Within {
			break
		}
		if !p.Hostile && (!r.Linked || p.Kin == "" || p.Warm) {
			continue
		}
		s := who[p.Author]
		who[p.Author] = seen{s.hostile || p.Hostile, s.linked || p.Kin != ""}
		last = p.At
		if len(x.Replies) < maxReplies {
			x.Replies = append(x.Replies, p.ID)
		}
	}
	for _, s := range who {
		x.Accounts++
		if s.hostile {
			x.Hostile++
		}
		if s.linked {
			x.Linked++
		}
	}
	if x.Accounts > 0 {
		x.Minutes = int(last.Sub(replies[0].At).Minutes())
	}
	return x
}

func others(replies []Reply) int {
	who, bad := map[string]bool{}, map[string]bool{}
	for _, p := range replies {
		who[p.Author] = true
		bad[p.Author] = bad[p.Author] || p.Hostile
	}
	n := 0
	for a := range who {
		if !bad[a] {
			n++
		}
	}
	return n
}

// How an asker is judged. Both times are ours.
const (
	AnswerIn = 24 * time.Hour     // an answer after that comes too late for most who want to buy
	BackIn   = 7 * 24 * time.Hour // who wrote nothing for so long is taken for gone
)

// Asker is a potential customer whose question was ambushed. Zero times: it did not happen, or not yet.
type Asker struct {
	AskedAt, AmbushedAt, AnsweredAt, BackAt, GoneAt time.Time
}

// Outcome of an asker.
type Outcome string

// Outcomes. Lost is an estimate: who bought without a word is not seen, and who would not have bought anyway is counted.
const (
	Waiting  Outcome = ""
	Answered Outcome = "answered" // had our answer within AnswerIn
	Back     Outcome = "back"     // wrote again, though we did not answer in time
	Lost     Outcome = "lost"     // no answer in time, and no word from them for BackIn, or they took the question away
)

// Outcome judges the asker at now.
func (a Asker) Outcome(now time.Time) Outcome {
	switch {
	case !a.AnsweredAt.IsZero() && a.AnsweredAt.Sub(a.AskedAt) <= AnswerIn:
		return Answered
	case !a.BackAt.IsZero():
		return Back
	case !a.GoneAt.IsZero() && a.AnsweredAt.IsZero(), now.Sub(a.AmbushedAt) >= BackIn:
		return Lost
	}
	return Waiting
}
