package simulate

// attacks begin after a quarter of the time.
func (w *world) attacks() {
	begin := from + 0.25*w.length()
	group := func(n int, name string) []int { return w.crowd(n, "attack", name, name+"_", begin, hour, 1) }
	w.pile(group(w.s.Pile, "pile"))
	w.storm(group(w.s.Storm, "storm"))
	w.puppets(group(w.s.Puppets, "puppets"))
	w.stealth(group(w.s.Stealth, "stealth"))
	w.siege(group(w.s.Siege, "siege"))
	w.extort(group(w.s.Extort, "extort"))
	w.op = 0
	if w.s.Hidden > 0 {
		w.camouflage()
	}
}

// under are the posts a group takes: those of a kind, a share of them.
func (w *world) under(who []int, share float64, fits func(post) bool, act func(o int, p post)) {
	for o, p := range w.posts {
		if len(who) > 0 && p.at >= w.people[who[0]].begin && fits(p) && w.r.Float64() < share {
			w.operation()
			act(o, p)
		}
	}
}

// hidden marks what attackers do like everybody.
const hidden = -1

// operation begins the next one.
func (w *world) operation() {
	w.ops++
	w.op = w.ops
}

// pile: a message in a chat, and they come one after another under a customer's question.
func (w *world) pile(who []int) {
	w.under(who, 0.7, func(p post) bool { return p.question }, func(o int, p post) {
		at := w.awake(p.at+w.about(1500, 0.8), 23.5)
		for _, k := range w.r.Perm(len(who)) {
			if w.r.Float64() < 0.6 {
				at += 20 + 100*w.r.Float64()
				w.put(o, who[k], at, "comment")
			}
		}
	})
}

// storm: laughing and angry reactions minutes after publication.
func (w *world) storm(who []int) {
	w.under(who, 0.85, func(p post) bool { return !p.question }, func(o int, p post) {
		at := p.at + 60 + 540*w.r.Float64()
		for _, a := range who {
			if w.r.Float64() < 0.7 {
				w.put(o, a, at+w.r.ExpFloat64()*45, "reaction")
			}
		}
	})
}

// puppets: one person signs in as one account after another.
func (w *world) puppets(who []int) {
	w.under(who, 0.45, func(post) bool { return true }, func(o int, p post) {
		at := w.awake(p.at+w.about(5400, 1), 23)
		for n, k := range w.r.Perm(len(who)) {
			if n < 2 || w.r.Float64() < 0.4 {
				w.put(o, who[k], at, "comment")
				at += 40 + 260*w.r.Float64()
			}
		}
	})
}

// stealth: each some time within six hours.
func (w *world) stealth(who []int) {
	w.under(who, 0.5, func(p post) bool { return p.question }, func(o int, p post) {
		for _, a := range who {
			if w.r.Float64() < 0.4 {
				w.put(o, a, w.awake(p.at+w.about(1800, 0.8)+w.r.Float64()*6*hour, w.bedtime()), "comment")
			}
		}
	})
}

// camouflage lets attackers act like everybody under other posts.
func (w *world) camouflage() {
	w.op = hidden
	defer func() { w.op = 0 }()
	for a, x := range w.people {
		if x.Role != "attack" || x.Group == "siege" { // a siege has its own camouflage
			continue
		}
		for o, p := range w.posts {
			if p.at >= x.begin && w.r.Float64() < w.s.Hidden {
				w.put(o, a, w.awake(p.at+w.about(9000, 1.3), x.sleep), "comment")
			}
		}
	}
}
