package main

import (
	"context"
	"encoding/csv"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"gonum.org/v1/gonum/stat/distuv"

	"chop/internal/lang"
	"chop/internal/oncall"
	"chop/internal/pulse"
	"chop/internal/simulate"
)

const (
	learned = 8 * 7 * 24 // hours
	tested  = 30 * 24
	months  = 60 // of each stream
)

var days = pulse.Calendar{Zone: lang.Zone, Holiday: func(t time.Time) bool { _, is := oncall.HolidayOn(t); return is }}

// stream gives hours of history and hours to test, without any attack, as often as it is called.
type stream struct {
	name string
	mean string
	next func(*rand.Rand) []pulse.Hour // learned + tested hours
}

// pulses counts alarms where nothing happened: of the firm's pulse, of the same with nine days of history, and of a z-score over the same
// hours (mean and standard deviation of the same hour of the week, three deviations, at least five items).
func pulses(ctx context.Context, o options, _ string) (rows [][]string, err error) {
	list := slices.Concat(drawn(), simulated())
	if o.data != "" {
		real, err := resampled(o.data)
		if err != nil {
			return nil, err
		}
		list = append(list, real...)
	}
	for _, s := range list {
		rng := rand.New(rand.NewPCG(9, uint64(len(s.name))))
		var nb, short, z int
		var nbWild, shortWild int
		for range months {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			hours := s.next(rng)
			past, now := hours[:learned], hours[learned-3:]
			count := func(at []time.Time, all, wild *int) {
				*all += len(at)
				*wild += eruptions(at, hours)
			}
			count(alarms(now, rng, pulse.Learn(past, days)), &nb, &nbWild)
			count(firstMonth(hours[learned-9*24:], rng), &short, &shortWild)
			z += scores(past, now)
		}
		rate := func(n int) string { return fmt.Sprintf("%.2f", float64(n)/months) }
		rows = append(rows, []string{s.name, s.mean, fmt.Sprint(months), rate(nb), rate(short), rate(nbWild) + ", " + rate(shortWild), rate(z)})
	}
	return rows, nil
}

// alarms counts episodes: after one, six hours are left alone. Like the program it looks after every item.
func alarms(hours []pulse.Hour, rng *rand.Rand, b pulse.Baseline) (told []time.Time) {
	at := moments(hours, rng)
	var quiet time.Time
	for i, now := range at {
		if now.Before(quiet) || now.Before(hours[3].At) {
			continue
		}
		if _, yes := b.Look(lately(at[:i+1]), now, days); yes {
			told = append(told, now)
			quiet = now.Add(6 * time.Hour)
		}
	}
	return told
}

// firstMonth counts alarms of a firm with nine days of history: every day more is known, and the two days before it are left out.
func firstMonth(hours []pulse.Hour, rng *rand.Rand) (told []time.Time) {
	for d := 9 * 24; d < len(hours); d += 24 {
		told = append(told, alarms(hours[d-3:d+24], rng, pulse.Learn(hours[:d-2*24], days))...)
	}
	return told
}

// eruptions counts the alarms on days that bring at least ten times what the stream's middle day brings: something did happen then, and an
// alarm is right.
func eruptions(at []time.Time, hours []pulse.Hour) (n int) {
	perDay := map[string]int{}
	for _, h := range hours {
		perDay[h.At.In(lang.Zone).Format(time.DateOnly)] += h.Count
	}
	counts := slices.Sorted(maps.Values(perDay))
	middle := max(1, counts[len(counts)/2])
	for _, t := range at {
		if perDay[t.In(lang.Zone).Format(time.DateOnly)] >= 10*middle {
			n++
		}
	}
	return n
}

// lately is the last three hours of moments, up to the last one.
func lately(at []time.Time) []time.Time {
	from, _ := slices.BinarySearchFunc(at, at[len(at)-1].Add(-3*time.Hour), time.Time.Compare)
	return at[from:]
}

// moments are the items of hours, each somewhere in its hour, in order.
func moments(hours []pulse.Hour, rng *rand.Rand) (at []time.Time) {
	for _, h := range hours {
		for range h.Count {
			at = append(at, h.At.Add(time.Duration(rng.Int64N(int64(time.Hour)))))
		}
	}
	slices.SortFunc(at, time.Time.Compare)
	return at
}

func scores(past, now []pulse.Hour) (n int) {
	slot := func(t time.Time) int { t = t.In(lang.Zone); return int(t.Weekday())*24 + t.Hour() }
	var sum, square, of [7 * 24]float64
	for _, h := range past {
		s, x := slot(h.At), float64(h.Count)
		sum[s], square[s], of[s] = sum[s]+x, square[s]+x*x, of[s]+1
	}
	var quiet time.Time
	for _, h := range now[3:] {
		s := slot(h.At)
		mean := sum[s] / max(of[s], 1)
		sd := math.Sqrt(max(0, square[s]/max(of[s], 1)-mean*mean))
		if h.At.Before(quiet) || h.Count < 5 || float64(h.Count) <= mean+3*sd {
			continue
		}
		n++
		quiet = h.At.Add(7 * time.Hour)
	}
	return n
}

var begin = time.Date(2026, 2, 2, 0, 0, 0, 0, lang.Zone) // a Monday

// drawn are streams with a day's rhythm that clump as the size says.
func drawn() (list []stream) {
	for _, mean := range []float64{0.05, 0.5, 2, 10} {
		for _, size := range []float64{1, 3} {
			list = append(list, stream{fmt.Sprintf("negative binomial, size %g", size), fmt.Sprint(mean), func(rng *rand.Rand) (out []pulse.Hour) {
				for i := range learned + tested {
					at := begin.Add(time.Duration(i) * time.Hour)
					m := mean * (1 + 0.8*math.Sin(float64(at.Hour()-9)/24*2*math.Pi))
					out = append(out, pulse.Hour{At: at, Count: int(distuv.Poisson{Lambda: distuv.Gamma{Alpha: size, Beta: size / m, Src: rng}.Rand(), Src: rng}.Rand())})
				}
				return out
			}})
		}
	}
	return list
}

// simulated are worlds without the honest wave, which is a burst and should be told: all comments, and those of hostile regulars.
func simulated() (list []stream) {
	for _, x := range []struct {
		name string
		fits func(string) bool
	}{{"honest world, all actions", func(string) bool { return true }}, {"honest world, hostile regulars", func(role string) bool { return role == "critic" }}} {
		list = append(list, stream{x.name, "", func(rng *rand.Rand) []pulse.Hour {
			s := simulate.Honest(rng.Uint64() >> 1)
			s.Wave, s.Plain = 0, true
			p := simulate.Make(s)
			role := map[string]string{}
			for _, a := range p.Accounts {
				role[a.Name] = a.Role
			}
			first := time.Unix(p.Posts[0].Published, 0).Truncate(time.Hour)
			out := make([]pulse.Hour, learned+tested)
			for i := range out {
				out[i].At = first.Add(time.Duration(i) * time.Hour)
			}
			for _, a := range p.Actions {
				if k := int(time.Unix(a.At, 0).Sub(first) / time.Hour); k >= 0 && k < len(out) && x.fits(role[a.Account]) {
					out[k].Count++
				}
			}
			return out
		}})
	}
	return list
}

// resampled are real series: every day is a day of the series with the same weekday, drawn anew, thinned to the mean. What came in one
// burst on a real day comes in one here, so some alarms may be right.
func resampled(folder string) (list []stream, err error) {
	for _, name := range []string{"russian", "german-urls"} {
		pool, mean, err := realDays(filepath.Join(folder, "coordination", name, "events.csv"))
		if err != nil {
			return nil, err
		}
		for _, want := range []float64{0.1, 1, 5} {
			keep := min(1, want/mean)
			list = append(list, stream{"real, resampled: " + name, fmt.Sprint(want), func(rng *rand.Rand) (out []pulse.Hour) {
				for at := begin; len(out) < learned+tested; at = at.AddDate(0, 0, 1) {
					day := pool[at.Weekday()][rng.IntN(len(pool[at.Weekday()]))]
					for h, n := range day {
						k := 0
						for range n {
							if rng.Float64() < keep {
								k++
							}
						}
						out = append(out, pulse.Hour{At: at.Add(time.Duration(h) * time.Hour), Count: k})
					}
				}
				return out[:learned+tested]
			}})
		}
	}
	return list, nil
}

func realDays(path string) (pool [7][][24]int, mean float64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return pool, 0, err
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return pool, 0, err
	}
	at := slices.Index(rows[0], "timestamp_share")
	byDay, n := map[string]*[24]int{}, 0
	weekday := map[string]time.Weekday{}
	for _, r := range rows[1:] {
		sec, err := strconv.ParseFloat(r[at], 64)
		if err != nil {
			return pool, 0, err
		}
		t := time.Unix(int64(sec), 0).In(lang.Zone)
		key := t.Format(time.DateOnly)
		if byDay[key] == nil {
			byDay[key], weekday[key] = &[24]int{}, t.Weekday()
		}
		byDay[key][t.Hour()]++
		n++
	}
	keys := make([]string, 0, len(byDay))
	for k := range byDay {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		pool[weekday[k]] = append(pool[weekday[k]], *byDay[k])
	}
	return pool, float64(n) / float64(24*len(byDay)), nil
}
