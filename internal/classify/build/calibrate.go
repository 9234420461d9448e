package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"math"
	"os"

	"chop/internal/classify/linear"
)

// judged tells whether a sample counts for calibration and bars: texts of the kind the engine is for, every label known. The
// marked rows of CBD do not: half of them were picked for being harmful.
func judged(s *sample) bool { return s.full && s.set != "cbd" }

// accusing is the least precision, by cross-validation, of labels that say somebody did wrong or wake somebody: for them the bar of
// best F1 would accuse too easily.
var accusing = map[string]float64{"extortion": 0.78, "insult": 0.75, "personal_data": 0.85}

// costly are labels of which a missed one costs more than a false one, and how much more recall counts: a threat that nobody sees
// may be carried out, one that is none costs a person a look.
var costly = map[string]float64{"threat": 1.5}

// harmPrecision is the least precision, on CBD as it comes, at which the head for abuse of any kind says yes.
const harmPrecision = 0.62

// calibrate sets slope, shift and bar of every head by what cross-validation saw.
func (c *corpus) calibrate(m *linear.Model, scores [][]float32) {
	for h := range m.Heads {
		m.Heads[h].Slope, m.Heads[h].Shift, m.Heads[h].Bar = c.calibration(h, scores)
	}
}

func (c *corpus) calibration(h int, scores [][]float32) (slope, shift, bar float32) {
	if h == heads["warm"] {
		return 1, 0, 0.5 // fitted to the attitude itself, not to yes and no
	}
	take, precision := judged, accusing[c.options.Heads[h]]
	if h == heads["harm"] {
		take, precision = func(s *sample) bool { return s.harm >= 0 }, harmPrecision
	}
	ps := c.points(scores, h, take)
	if len(ps) == 0 {
		return 1, 0, 0.5
	}
	a, b := platt(ps)
	z, _ := best(ps, precision, cmp.Or(costly[c.options.Heads[h]], 1))
	return float32(a), float32(b), float32(linear.Sigmoid(a*z + b))
}

// platt fits chance = sigmoid(slope*score + shift) by Newton's method (Platt 1999, with his soft targets).
func platt(ps []point) (slope, shift float64) {
	yes, no := 0.0, 0.0
	for _, p := range ps {
		if p.yes {
			yes++
		} else {
			no++
		}
	}
	hi, lo := (yes+1)/(yes+2), 1/(no+2)
	slope = 1
	for range 50 {
		var g1, g2, h11, h12, h22 float64
		for _, p := range ps {
			t := lo
			if p.yes {
				t = hi
			}
			q := linear.Sigmoid(slope*p.score + shift)
			d, w := q-t, q*(1-q)+1e-9
			g1 += d * p.score
			g2 += d
			h11 += w * p.score * p.score
			h12 += w * p.score
			h22 += w
		}
		det := h11*h22 - h12*h12
		if det < 1e-9 {
			break
		}
		ds, dt := (h22*g1-h12*g2)/det, (h11*g2-h12*g1)/det
		slope, shift = slope-ds, shift-dt
		if math.Abs(ds)+math.Abs(dt) < 1e-6 {
			break
		}
	}
	return slope, shift
}

// told is one head's answer on one text in cross-validation.
type told struct {
	Chance float64 `json:"chance"`
	Bar    float64 `json:"bar"`
	Want   float64 `json:"want"`
}

// writeScores writes what cross-validation said of every text of which something is known, one JSON object a line: the way to
// see what kinds of texts are taken for what.
func (c *corpus) writeScores(name string, scores [][]float32) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	enc := json.NewEncoder(w)
	known := make([][3]float32, len(c.options.Heads))
	for h := range known {
		known[h][0], known[h][1], known[h][2] = c.calibration(h, scores)
	}
	for i := range c.samples {
		s := &c.samples[i]
		line := struct {
			Set    string          `json:"set"`
			Row    int             `json:"row"`
			Judged bool            `json:"judged"`
			Stars  int             `json:"stars,omitempty"`
			Harm   int             `json:"harm"`
			Text   string          `json:"text"`
			Heads  map[string]told `json:"heads"`
		}{s.set, s.row, judged(s), s.stars, s.harm, s.text.Text, map[string]told{}}
		for h, name := range c.options.Heads {
			k := known[h]
			line.Heads[name] = told{linear.Sigmoid(float64(k[0]*scores[i][h] + k[1])), float64(k[2]), float64(s.want[h])}
		}
		if err := enc.Encode(line); err != nil {
			return err
		}
	}
	return errors.Join(w.Flush(), f.Close())
}
