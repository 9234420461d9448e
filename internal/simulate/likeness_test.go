package simulate

import (
	"math"
	"slices"
	"strings"
	"testing"
)

// likeness is what a page and a real set are compared by.
type likeness struct {
	zipf    float64 // exponent of actions per account: 1 + n / sum ln(x/0.5), from one action on
	top     float64 // share of all actions by the most active tenth
	delays  float64 // standard deviation of ln(delay + 30 s) after the first action, objects with five and more
	bursts  float64 // (sd - mean) / (sd + mean) of the gaps in time under an object
	night   float64 // share of actions in the eight quietest hours
	letters float64 // median length of a text
	spread  float64 // standard deviation of ln(length)
	week    float64 // largest share of accounts made within seven days
}

// Figures of real sets, taken once (docs/measures.md names them). Texts and dates are of other sets than the actions, because no set has all.
var (
	russian = likeness{zipf: 1.73, top: 0.53, delays: 1.80, bursts: 0.89, night: 0.152}
	german  = likeness{zipf: 1.86, top: 0.53, delays: 2.57, bursts: 0.55, night: 0.131}
	youtube = likeness{letters: 32, spread: 0.96}
	tweets  = likeness{letters: 91, spread: 0.40} // Polish
	genuine = likeness{week: 0.02}
	made7   = likeness{week: 0.76} // accounts of a real operation
)

func measure(p Page, roles func(Account) bool) likeness {
	role := map[string]Account{}
	var created []float64
	for _, a := range p.Accounts {
		role[a.Name] = a
		if roles(a) {
			created = append(created, float64(a.Created))
		}
	}
	count, under, hours, lengths := map[string]float64{}, map[string][]float64{}, [24]float64{}, []float64{}
	for _, a := range p.Actions {
		if !roles(role[a.Account]) {
			continue
		}
		count[a.Account]++
		under[a.Post] = append(under[a.Post], float64(a.At))
		hours[a.At/3600%24]++
		if a.Text != "" {
			lengths = append(lengths, float64(len([]rune(a.Text))))
		}
	}
	var l likeness
	l.zipf, l.top = activity(count)
	l.delays, l.bursts = rhythm(under)
	l.night = night(hours)
	slices.Sort(lengths)
	l.letters, l.spread = lengths[len(lengths)/2], deviation(logs(lengths, 0))
	l.week = densest(created)
	return l
}

func activity(count map[string]float64) (zipf, top float64) {
	var all []float64
	logSum, sum, most := 0.0, 0.0, 0.0
	for _, n := range count {
		all = append(all, n)
		logSum, sum = logSum+math.Log(n/0.5), sum+n
	}
	slices.Sort(all)
	for _, n := range all[len(all)-len(all)/10:] {
		most += n
	}
	return 1 + float64(len(all))/logSum, most / sum
}

func rhythm(under map[string][]float64) (spread, bursts float64) {
	var delays, gaps []float64
	for _, at := range under {
		if len(at) < 5 {
			continue
		}
		slices.Sort(at)
		for i := range at[1:] {
			gaps = append(gaps, at[i+1]-at[i])
			if at[i+1] > at[0] {
				delays = append(delays, at[i+1]-at[0])
			}
		}
	}
	m, s := average(gaps), deviation(gaps)
	return deviation(logs(delays, 30)), (s - m) / (s + m)
}

func night(hours [24]float64) float64 {
	all, least := 0.0, math.Inf(1)
	for start := range 24 {
		sum := 0.0
		for k := range 8 {
			sum += hours[(start+k)%24]
		}
		all, least = all+hours[start], min(least, sum)
	}
	return least / all
}

func densest(at []float64) float64 {
	slices.Sort(at)
	most, j := 0, 0
	for i := range at {
		for at[i]-at[j] > 7*day {
			j++
		}
		most = max(most, i-j+1)
	}
	return float64(most) / float64(len(at))
}

func logs(v []float64, plus float64) []float64 {
	out := make([]float64, len(v))
	for i, x := range v {
		out[i] = math.Log(x + plus)
	}
	return out
}

func average(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	return sum / float64(len(v))
}

func deviation(v []float64) float64 {
	m, sum := average(v), 0.0
	for _, x := range v {
		sum += (x - m) * (x - m)
	}
	return math.Sqrt(sum / float64(len(v)))
}

// An honest page lies between the real sets, or as near to one of them as they are to each other.
func TestHonestPagesLookLikeRealOnes(t *testing.T) {
	for _, seed := range []uint64{1, 2, 3} {
		l := measure(Make(Honest(seed)), func(Account) bool { return true })
		t.Logf("seed %d: %+v", seed, l)
		for name, x := range map[string][4]float64{ // value, two real ones, how far outside
			"zipf": {l.zipf, russian.zipf, german.zipf, 0.15}, "top tenth": {l.top, russian.top, german.top, 0.06},
			"delays": {l.delays, russian.delays, german.delays, 0.15}, "bursts": {l.bursts, german.bursts, russian.bursts, 0.05},
			"night":   {l.night, german.night, russian.night, 0.04},
			"letters": {l.letters, youtube.letters, tweets.letters, 10}, "spread of lengths": {l.spread, tweets.spread, youtube.spread, 0.1},
			"accounts of one week": {l.week, 0, genuine.week, 0.01},
		} {
			if low, high := min(x[1], x[2])-x[3], max(x[1], x[2])+x[3]; x[0] < low || x[0] > high {
				t.Errorf("seed %d, %s: %.3f is outside %.3f to %.3f", seed, name, x[0], low, high)
			}
		}
	}
}

func TestAccountsMadeForThePurposeAreMadeTogether(t *testing.T) {
	s := Honest(1)
	s.Puppets, s.Stealth = 20, 20
	for _, group := range []string{"puppets", "stealth"} {
		l := measure(Make(s), func(a Account) bool { return a.Group == group })
		if math.Abs(l.week-made7.week) > 0.25 {
			t.Errorf("%s: %.2f made within a week, of a real operation %.2f", group, l.week, made7.week)
		}
	}
}

// Two honest people seldom write the same: of honest comments of eight and more words nearly the same are at most as many as under
// videos (4 of 79,003 pairs with seven tenths of their word triples in common).
func TestHonestPeopleDoNotCopyEachOther(t *testing.T) {
	var texts []map[string]bool
	for _, a := range Make(Honest(2)).Actions {
		if w := strings.Fields(strings.ToLower(a.Text)); len(w) >= 8 && len(texts) < 1500 {
			set := map[string]bool{}
			for i := range w[2:] {
				set[w[i]+" "+w[i+1]+" "+w[i+2]] = true
			}
			texts = append(texts, set)
		}
	}
	same, pairs := 0, len(texts)*(len(texts)-1)/2
	for i, a := range texts {
		for _, b := range texts[:i] {
			both := 0
			for x := range a {
				if b[x] {
					both++
				}
			}
			if 10*both >= 7*(len(a)+len(b)-both) {
				same++
			}
		}
	}
	t.Logf("%d of %d pairs", same, pairs)
	if rate := float64(same) / float64(pairs); len(texts) < 1000 || rate > 4.0/79003 {
		t.Errorf("%d of %d pairs are nearly the same", same, pairs)
	}
}
