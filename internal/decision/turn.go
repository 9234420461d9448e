package decision

// Turn is one fact that would change the advice: were the field so, another option would be recommended (law 7). Its
// sentence is the message "decision.turn.<Field>.<Value>", with the place Option.
type Turn struct {
	Field, Value string
	Option       Option
}

// maxTurns is how many are told: enough to see what the advice hangs on.
const maxTurns = 3

// Turns tells what would change the recommendation r made for c, the most telling first: what the client knows, then
// what may happen in the thread.
func (t Tuning) Turns(c Case, caps Capabilities, r Result) []Turn {
	var turns []Turn
	for _, x := range turnsOf(c) {
		other := c
		x.change(&other)
		w, err := t.Weigh(other, caps)
		if err != nil || w.Recommended == r.Recommended {
			continue
		}
		turns = append(turns, Turn{x.field, x.value, w.Recommended})
		if len(turns) == maxTurns {
			break
		}
	}
	return turns
}

type turn struct {
	field, value string
	change       func(*Case)
}

// turnsOf lists the single changes that can still come true for the case.
func turnsOf(c Case) []turn {
	var all []turn
	add := func(when bool, field, value string, change func(*Case)) {
		if when {
			all = append(all, turn{field, value, change})
		}
	}
	if c.Truth != "none" {
		for _, v := range []string{"true", "false_documented"} {
			add(c.Truth != v, "truth", v, func(c *Case) { c.Truth = v })
		}
		add(c.Fault < 2, "fault", "2", func(c *Case) { c.Fault = 2 })
	}
	add(!c.ThirdPartyVictim, "third_party_victim", "true", func(c *Case) { c.ThirdPartyVictim = true })
	add(!c.Minor, "minor", "true", func(c *Case) { c.Minor = true })
	add(!c.Warned || c.Violations < 3, "violations", "3", func(c *Case) { c.Warned, c.Violations = true, max(c.Violations, 3) })
	add(c.PileOn < 2, "pileon", "2", func(c *Case) { c.PileOn = 2 })
	add(c.PileOn < 3, "pileon", "3", func(c *Case) { c.PileOn = 3 })
	add(!c.BuyerQuestion, "buyer_question", "true", func(c *Case) { c.BuyerQuestion = true })
	add(c.Replies < MaxPublicReplies, "replies", "2", func(c *Case) { c.Replies = MaxPublicReplies })
	add(c.Failures < 2, "failures", "2", func(c *Case) { c.Failures = 2 })
	return all
}
