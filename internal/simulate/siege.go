package simulate

// Figures of a siege, ours: an affair of one person with patience, who knows that machines look for patterns.
const (
	siegeFirst    = 8        // accounts at the beginning; the others join one by one
	siegeRest     = 21 * day // an account rests for as long every fourth time
	siegeHidden   = 0.06     // share of ordinary posts under which it acts like everybody
	siegeQuestion = 0.7      // share of customers' questions that are attacked
	siegeOther    = 0.15     // and of other posts
)

// siege: one who left writes first and calls the others in a chat; accounts come, rest and come again, act like everybody
// in between, and stand in the honest wave.
func (w *world) siege(who []int) {
	if len(who) == 0 {
		return
	}
	for k, a := range who[min(len(who), siegeFirst):] {
		w.people[a].begin += float64(k+1) * w.length() / 60
	}
	for o, p := range w.posts {
		share := siegeOther
		if p.question {
			share = siegeQuestion
		}
		if p.at < w.people[who[0]].begin || w.r.Float64() >= share {
			continue
		}
		w.operation()
		at := w.awake(p.at+w.about(2400, 0.8), 23.5)
		w.put(o, who[0], at, "comment")
		at += 120 + 480*w.r.Float64()
		for _, k := range w.r.Perm(len(who) - 1) {
			a := who[k+1]
			if w.resting(k+1, a, p.at) || w.r.Float64() > 0.6 {
				continue
			}
			at += 20 + 140*w.r.Float64()
			own := at
			if w.r.Float64() < 0.1 { // somebody only reads the chat later
				own += hour + 5*hour*w.r.Float64()
			}
			w.put(o, a, own, "comment")
		}
	}
	w.rideTheWave(who)
	w.hide(who)
}

// resting tells whether the k-th account takes no part at the time.
func (w *world) resting(k, a int, at float64) bool {
	return at < w.people[a].begin || (int((at-from)/siegeRest)+k)%4 == 0
}

func (w *world) rideTheWave(who []int) {
	if w.s.Wave == 0 {
		return
	}
	w.operation()
	last, bursts := w.crest()
	for k, a := range who {
		if at := bursts[w.r.IntN(len(bursts))] + w.r.ExpFloat64()*900; !w.resting(k, a, at) && last >= 0 && w.r.Float64() < 0.6 {
			w.put(max(0, last-w.r.IntN(4)), a, at, "comment")
		}
	}
}

func (w *world) hide(who []int) {
	w.op = hidden
	for _, a := range who {
		for o, p := range w.posts {
			if x := w.people[a]; p.at >= x.begin && w.r.Float64() < siegeHidden {
				w.put(o, a, w.awake(p.at+w.about(9000, 1.3), x.sleep), "comment")
			}
		}
	}
}

// extort: two hours of threats under the last posts, and then the demand.
func (w *world) extort(who []int) {
	if len(who) == 0 {
		return
	}
	begin := from + 0.7*w.length() + 20*hour
	last := w.before(begin)
	if last < 0 {
		return
	}
	w.operation()
	for _, a := range who {
		at := begin + 2*hour*w.r.Float64()
		for k := range 1 + w.r.IntN(2) {
			w.put(max(0, last-w.r.IntN(3)), a, at+float64(k)*(60+300*w.r.Float64()), "comment")
		}
	}
	w.put(last, who[0], begin+2*hour+600, "comment")
	if e := &w.events[len(w.events)-1]; e.who == who[0] {
		e.say = "demand"
	}
}

// before is the last post before a time, -1 when there is none.
func (w *world) before(at float64) int {
	last := -1
	for o, p := range w.posts {
		if p.at < at {
			last = o
		}
	}
	return last
}

// crest is the post at which the honest wave breaks, and when it is shared.
func (w *world) crest() (last int, bursts []float64) {
	begin := from + 0.6*w.length() + 10*hour
	return w.before(begin), []float64{begin + 1800, begin + 5*hour, begin + 22*hour}
}
