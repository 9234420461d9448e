// Package review watches the stars that a firm is given: more bad ones in a short time than its own history explains, and
// stars unlike those it is used to. What it finds opens an inquiry. An honest wave after a mistake of the firm's looks the same
// as a bombing from here, so it names nobody and calls nothing by that name (domain/coordination.md 4.5).
package review

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"gonum.org/v1/gonum/stat/distuv"
)

// Review is one rating. Single tells that its account wrote nothing else about the firm; Created is when the account was
// made, zero when not known.
type Review struct {
	At      time.Time
	Stars   int // 1 to 5; others are left out
	Single  bool
	Created time.Time
}

// Alarm is what went beyond the firm's own history. Only bad reviews, of one or two stars, are counted.
type Alarm struct {
	Window   time.Duration
	Count    int     // bad reviews within the window
	Expected float64 // of them, by the firm's history
	P        float64 // chance that any of the windows shows as much, drawn from histories like the firm's
	Stars    [5]int  // all reviews within the window, one star first
	Usual    [5]float64
	MixP     float64 // chance of stars as unlike the usual ones (G-test, drawn)
	Single   int     // accounts in the window that wrote nothing else about the firm
	SingleOf float64 // the usual share of such
	Young    int     // accounts made within thirty days before their review
	Known    int     // accounts whose date is known
}

const (
	bad     = 2 // stars and fewer
	fewest  = 5
	rare    = 1e-3
	draws   = 2000
	longest = 14 * 24 * time.Hour
	year    = 365 * 24 * time.Hour
	young   = 30 * 24 * time.Hour
	// days before there is enough history are filled with what is usual for small firms, ours: a bad review in twenty days, and
	// clumps.
	priorDays = 20.0
	priorBad  = 1.0
)

// windows in which a wave may show itself, up to two weeks.
var windows = []time.Duration{time.Hour, 6 * time.Hour, 24 * time.Hour, 72 * time.Hour, 7 * 24 * time.Hour, longest}

// usual is the firm's own history: bad reviews in days, how they clump from day to day, and all stars.
type usual struct {
	bad, days float64
	size      float64 // of the gamma law of a day's rate around the mean
	stars     [5]float64
	single    float64
}

// Look holds the reviews of the last two weeks against those of the year before. It is the same every time for the same
// reviews. The second result is false when there is nothing beyond chance.
func Look(reviews []Review, now time.Time) (Alarm, bool) {
	var recent, past []Review
	for _, r := range reviews {
		switch age := now.Sub(r.At); {
		case r.Stars < 1 || r.Stars > 5 || age < 0 || age > longest+year:
		case age < longest:
			recent = append(recent, r)
		default:
			past = append(past, r)
		}
	}
	u := learn(past, now.Add(-longest))
	var ages []time.Duration
	for _, r := range recent {
		if r.Stars <= bad {
			ages = append(ages, now.Sub(r.At))
		}
	}
	if len(ages) < fewest {
		return Alarm{}, false
	}
	k, least := u.scan(ages, u.bad/u.days)
	a := u.describe(recent, windows[k], now)
	if a.Count < fewest || least > 0.01 {
		return a, false
	}
	rng := rand.New(rand.NewPCG(9, uint64(len(ages))))
	if a.P = u.chance(least, rng); a.P > rare {
		return a, false
	}
	a.MixP = u.mixChance(a.Stars, rng)
	return a, a.MixP <= rare
}

// learn reads the history; what lies before the first review is unknown, not silent.
func learn(past []Review, end time.Time) usual {
	u := usual{bad: priorBad, days: priorDays, size: 1, stars: [5]float64{2.4, 1.4, 1.2, 3, 8}, single: 0.5}
	if len(past) == 0 {
		return u
	}
	first := slices.MinFunc(past, func(a, b Review) int { return a.At.Compare(b.At) }).At
	days := max(1, end.Sub(first).Hours()/24)
	perDay, singles := map[int]float64{}, 0.0
	for _, r := range past {
		u.stars[r.Stars-1]++
		if r.Single {
			singles++
		}
		if r.Stars <= bad {
			u.bad++
			perDay[int(end.Sub(r.At).Hours()/24)]++
		}
	}
	u.days += days
	mean := u.bad / u.days
	extra := 0.0
	for _, n := range perDay {
		extra += n * (n - 1) // factorial moment: its mean is mean² (1 + 1/size)
	}
	over := extra/days/(mean*mean) - 1
	weight := days / (days + 60) // two months of the careful assumption
	u.size = 1 / (weight*min(max(over, 0.2), 10) + (1 - weight))
	u.single = (singles + 1) / (float64(len(past)) + 2)
	return u
}

// scan is the window with the least chance of as many bad reviews (negative binomial), and that chance. Ages are counted back
// from now.
func (u usual) scan(ages []time.Duration, perDay float64) (best int, least float64) {
	least = 1
	for k, w := range windows {
		n := 0
		for _, a := range ages {
			if a < w {
				n++
			}
		}
		days := w.Hours() / 24
		if p := tail(n, perDay*days, u.size*max(1, days)); n > 0 && p < least {
			best, least = k, p
		}
	}
	return best, least
}

// tail is the chance of at least n where mean are expected (negative binomial).
func tail(n int, mean, size float64) float64 {
	if n <= 0 {
		return 1
	}
	b := distuv.Beta{Alpha: float64(n), Beta: size}
	return b.CDF(mean / (mean + size))
}

// chance draws two weeks of histories like the firm's, with its rate as uncertain as its history leaves it, and asks how often
// their least chance is as small.
func (u usual) chance(least float64, rng *rand.Rand) float64 {
	reached := 0
	days := int(longest.Hours() / 24)
	var ages []time.Duration
	for range draws {
		rate := distuv.Gamma{Alpha: u.bad, Beta: u.days, Src: rng}.Rand()
		ages = ages[:0]
		for d := range days {
			today := distuv.Gamma{Alpha: u.size, Beta: u.size / max(rate, 1e-9), Src: rng}.Rand()
			for range int(distuv.Poisson{Lambda: max(today, 1e-12), Src: rng}.Rand()) {
				ages = append(ages, time.Duration((float64(d)+rng.Float64())*24*float64(time.Hour)))
			}
		}
		if _, p := u.scan(ages, u.bad/u.days); p <= least {
			reached++
		}
	}
	return float64(1+reached) / (draws + 1)
}

func (u usual) describe(recent []Review, w time.Duration, now time.Time) Alarm {
	a := Alarm{Window: w, Expected: u.bad / u.days * w.Hours() / 24, P: 1, MixP: 1, SingleOf: u.single}
	sum := 0.0
	for _, n := range u.stars {
		sum += n
	}
	for s, n := range u.stars {
		a.Usual[s] = n / sum
	}
	for _, r := range recent {
		if now.Sub(r.At) >= w {
			continue
		}
		a.Stars[r.Stars-1]++
		if r.Stars > bad {
			continue
		}
		a.Count++
		if r.Single {
			a.Single++
		}
		if !r.Created.IsZero() {
			a.Known++
			if age := r.At.Sub(r.Created); age < young {
				a.Young++
			}
		}
	}
	return a
}

// mixChance is the G-test of the stars against the usual ones, drawn rather than looked up because counts are small, with the
// usual shares as uncertain as the history leaves them.
func (u usual) mixChance(stars [5]int, rng *rand.Rand) float64 {
	n, sum := 0, 0.0
	for s := range stars {
		n, sum = n+stars[s], sum+u.stars[s]
	}
	g := func(x [5]int) (v float64) {
		for s, k := range x {
			if k > 0 {
				v += 2 * float64(k) * math.Log(float64(k)*sum/(float64(n)*u.stars[s]))
			}
		}
		return v
	}
	seen, reached := g(stars), 0
	for range draws {
		var share [5]float64
		all := 0.0
		for s := range share {
			share[s] = distuv.Gamma{Alpha: u.stars[s], Beta: 1, Src: rng}.Rand()
			all += share[s]
		}
		var x [5]int
		for range n {
			at, s := rng.Float64()*all, 0
			for ; s < 4 && at >= share[s]; s++ {
				at -= share[s]
			}
			x[s]++
		}
		if g(x) >= seen-1e-9 {
			reached++
		}
	}
	return float64(1+reached) / (draws + 1)
}
