package simulate

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
)

// dresser gives the page its surface: texts, names, dates, stars. Its chance is its own: who acts when stays as it was.
type dresser struct {
	s       Settings
	r       *rand.Rand
	v       words
	scripts map[int]string // what an operation repeats
	bought  map[string]float64
}

func newDresser(s Settings) *dresser {
	return &dresser{s: s, r: rand.New(rand.NewPCG(s.Seed, 78)), v: readWords(cmp.Or(s.Lang, "pl")), scripts: map[int]string{},
		bought: map[string]float64{"organic": s.Customers, "fan": 0.5, "critic": 0.6, "wave": 0.6, "topic": s.Customers, "attack": 0.03}}
}

func (d *dresser) dress(w *world, p *Page) {
	d.reviews(w, p)
	d.accounts(w, p)
	for i := range p.Posts {
		p.Posts[i].Title = d.v.say(d.r, "post")
		if p.Posts[i].Question {
			p.Posts[i].Text = d.v.say(d.r, "ask")
		}
	}
	d.askers(p)
	for i := range p.Actions {
		d.action(w, w.events[i], &p.Actions[i])
	}
}

// askers are ordinary people who ask under a post of the firm.
func (d *dresser) askers(p *Page) {
	var ordinary []string
	for _, a := range p.Accounts {
		if a.Role == "organic" {
			ordinary = append(ordinary, a.Name)
		}
	}
	for i := range p.Posts {
		if p.Posts[i].Question && len(ordinary) > 0 {
			p.Posts[i].Asker = ordinary[d.r.IntN(len(ordinary))]
		}
	}
}

// action puts words or a reaction into what happens.
func (d *dresser) action(w *world, e event, a *Action) {
	who := w.people[e.who]
	if e.kind == "reaction" {
		a.Reaction = d.reaction(who)
		return
	}
	question := w.posts[e.post].question
	attack := who.Role == "attack" && e.op != hidden
	a.Answers = question && (attack || who.Role != "wave" && d.r.Float64() < 0.6)
	a.Text = d.text(who, e, a.Answers)
	switch {
	case attack && who.Group == "siege" && d.r.Float64() < 0.3:
		a.Link = fmt.Sprintf("https://opinie.example/%d", 1+d.s.Seed%7)
	case who.Role == "wave" && d.r.Float64() < 0.1:
		a.Link = "https://posty.example/skarga"
	case d.r.Float64() < 0.01:
		a.Link = fmt.Sprintf("https://zdjecia.example/%d", d.r.IntN(100_000))
	}
	if a.Link != "" {
		a.Text += " " + a.Link
	}
}

func (d *dresser) reaction(who person) string {
	x := d.r.Float64()
	if who.Role == "attack" {
		return map[bool]string{true: "haha", false: "angry"}[x < 0.7]
	}
	switch {
	case x < 0.62:
		return "like"
	case x < 0.92:
		return "love"
	case x < 0.97:
		return "wow"
	}
	return "haha"
}

// text is what the account says. Some operations hand out a script.
func (d *dresser) text(who person, e event, answers bool) string {
	list, script := "chat", 0.0
	if answers {
		list = "answer"
	}
	switch {
	case e.say != "":
		return d.v.say(d.r, e.say)
	case e.op == hidden:
	case who.Group == "pile":
		list, script = "pile", 0.15
	case who.Group == "stealth":
		list, script = "pile", 0.3
	case who.Group == "puppets":
		list, script = "puppet", 1
	case who.Group == "siege":
		list, script = "siege", 0.4
	case who.Group == "extort":
		list, script = "extort", 0.5
	case who.Role == "critic" || who.Role == "wave":
		list = who.Role
	}
	if d.r.Float64() >= script {
		return d.v.own(d.r, list)
	}
	if d.scripts[e.op] == "" {
		d.scripts[e.op] = d.v.say(d.r, list)
		return d.scripts[e.op]
	}
	return again(d.r, d.scripts[e.op])
}

// accounts get names, dates and purchases. The date is what a place shows; those of one batch lie within a few days.
func (d *dresser) accounts(w *world, p *Page) {
	batch := map[string]float64{}
	for i := range p.Accounts {
		a := &p.Accounts[i]
		a.Verified = d.r.Float64() < d.bought[a.Role]
		a.Created = int64(from - day*d.age())
		a.Shown, a.Handle = d.called()
		share, pattern := made(a.Group)
		key := a.Group
		if a.Group == "siege" && a.Name >= "siege_12" { // the reserve was made later
			key = "siege2"
		}
		if batch[key] == 0 {
			batch[key] = from + w.length()/4 - day*(8+30*d.r.Float64())
		}
		if d.r.Float64() < share {
			a.Created = int64(batch[key] + 5*day*d.r.Float64())
		}
		if d.r.Float64() < pattern {
			a.Shown, a.Handle = d.serial()
		}
	}
}

// made is the share of a group's accounts made for the purpose, and of those whose handle shows it. People who are called in a
// chat have their own old accounts; of real organised accounts 76 to 83 of a hundred were made within a week.
func made(group string) (batch, pattern float64) {
	switch group {
	case "puppets", "stealth", "bomb":
		return 0.8, 0.8
	case "siege":
		return 0.6, 0.5
	case "storm", "extort":
		return 0.5, 0.3
	}
	return 0, 0
}

// age of an account in days: most are years old, one in fifty is new.
func (d *dresser) age() float64 {
	if d.r.Float64() < 0.02 {
		return 60 * d.r.Float64()
	}
	return 30 + 5400*math.Pow(d.r.Float64(), 1.2)
}

func (d *dresser) called() (shown, handle string) {
	first, last := d.v.say(d.r, "first"), d.v.say(d.r, "last")
	l := plain
	switch d.r.IntN(5) {
	case 0:
		return first + " " + last, l(first) + "." + l(last) + fmt.Sprint(d.r.IntN(90)+10)
	case 1:
		return first + " " + string([]rune(last)[0]) + ".", l(first) + "_" + l(last)
	case 2:
		return first + " " + last, l(last) + l(string([]rune(first)[0])) + fmt.Sprint(1950+d.r.IntN(58))
	case 3:
		nick := d.v.say(d.r, "nick")
		return nick, l(nick) + fmt.Sprint(d.r.IntN(1000))
	}
	return first, l(first) + fmt.Sprint(d.r.IntN(10_000))
}

// plain is how a name stands in a handle.
func plain(s string) string {
	return strings.NewReplacer("ą", "a", "ć", "c", "ę", "e", "ł", "l", "ń", "n", "ó", "o", "ś", "s", "ź", "z", "ż", "z").Replace(strings.ToLower(s))
}

// serial is a name as they are made by the dozen.
func (d *dresser) serial() (shown, handle string) {
	first := d.v.say(d.r, "first")
	return first, fmt.Sprintf("%s%06d", plain(first), d.r.IntN(1_000_000))
}

// stars of ordinary reviews: most are glad, some are not, few in between.
var stars = []struct {
	rating int
	upTo   float64
	list   string
}{{5, 0.62, "review.good"}, {4, 0.78, "review.good"}, {3, 0.85, "review.fair"}, {2, 0.89, "review.bad"}, {1, 1, "review.bad"}}

// reviews: ordinary ones, those of the honest wave, and of a bombing.
func (d *dresser) reviews(w *world, p *Page) {
	for i := range d.poisson(w.s.Reviews * w.s.Days / 7) {
		x, k := d.r.Float64(), 0
		for x > stars[k].upTo {
			k++
		}
		d.review(p, Account{Name: fmt.Sprintf("rev%05d", i), Role: "organic"}, from+w.length()*d.r.Float64(), stars[k].rating, d.v.own(d.r, stars[k].list))
	}
	_, bursts := w.crest()
	for i := range w.s.Wave / 16 {
		at := bursts[d.r.IntN(len(bursts))] + d.r.ExpFloat64()*8*hour
		d.review(p, Account{Name: fmt.Sprintf("wrev%04d", i), Role: "wave"}, at, 1+d.r.IntN(2), d.v.own(d.r, "wave"))
	}
	script := d.v.say(d.r, "bomb")
	for i := range w.s.Bomb {
		text := d.v.own(d.r, "bomb")
		if d.r.Float64() < 0.4 {
			text = again(d.r, script)
		}
		at := from + 0.45*w.length() + 12*hour + 2*day*d.r.Float64()
		d.review(p, Account{Name: fmt.Sprintf("bomb_%03d", i), Role: "attack", Group: "bomb"}, at, 1, text)
	}
	slices.SortStableFunc(p.Reviews, func(a, b Action) int { return cmp.Compare(a.At, b.At) })
	for i := range p.Reviews {
		p.Reviews[i].Content = fmt.Sprintf("r%06d", i)
	}
}

func (d *dresser) review(p *Page, a Account, at float64, rating int, text string) {
	a.Reviews = 1
	p.Accounts = append(p.Accounts, a)
	p.Reviews = append(p.Reviews, Action{Account: a.Name, At: int64(at), Kind: "review", Rating: rating, Text: text})
}

func (d *dresser) poisson(mean float64) int { return (&world{r: d.r}).poisson(mean) }
