package decision

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"testing"
)

// scenario is one worked case of domain/decisions.md 4.7, with the figures that the reference model gave.
type scenario struct {
	ID     string          `json:"id"`
	Input  json.RawMessage `json:"case"`
	Expect struct {
		Recommended Option            `json:"recommended"`
		Companions  []Option          `json:"companions"`
		Must        []Option          `json:"must"`
		MustNot     []Option          `json:"must_not"`
		Ranking     []Option          `json:"ranking"`
		Fired       []string          `json:"fired"`
		Vetoed      map[Option]string `json:"vetoed"`
		Gap         float64           `json:"gap"`
		Scores      map[Option]Ranked `json:"scores"`
	} `json:"expect"`
}

func scenarios(t testing.TB) []scenario {
	t.Helper()
	b, err := os.ReadFile("testdata/scenarios.json")
	if err != nil {
		t.Fatal(err)
	}
	var list []scenario
	if err := json.Unmarshal(b, &list); err != nil {
		t.Fatal(err)
	}
	if len(list) != 28 {
		t.Fatalf("%d scenarios, want 28", len(list))
	}
	return list
}

func (s scenario) read(t testing.TB) Case {
	t.Helper()
	var c Case
	if err := json.Unmarshal(s.Input, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

func rank(t testing.TB, c Case) Result {
	t.Helper()
	r, err := Rank(c, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestScenarios(t *testing.T) {
	for _, s := range scenarios(t) {
		t.Run(s.ID, func(t *testing.T) {
			c := s.read(t)
			r := rank(t, c)
			x := s.Expect
			if r.Recommended != x.Recommended || !slices.Equal(r.Companions, x.Companions) {
				t.Errorf("advice %s + %v, want %s + %v", r.Recommended, r.Companions, x.Recommended, x.Companions)
			}
			for _, o := range x.Must {
				if !slices.Contains(r.Companions, o) {
					t.Errorf("must come along: %s", o)
				}
			}
			for _, o := range x.MustNot {
				if o == r.Recommended || slices.Contains(r.Companions, o) {
					t.Errorf("must not be advised: %s", o)
				}
			}
			var order []Option
			for _, o := range r.Ranking {
				order = append(order, o.Option)
			}
			if !slices.Equal(order, x.Ranking) {
				t.Errorf("ranking %v, want %v", order, x.Ranking)
			}
			if fmt.Sprint(r.Vetoed) != fmt.Sprint(x.Vetoed) {
				t.Errorf("vetoed %v, want %v", r.Vetoed, x.Vetoed)
			}
			if r.Gap != x.Gap || r.CloseCall != (x.Gap < 8) {
				t.Errorf("gap %v, close call %v, want gap %v", r.Gap, r.CloseCall, x.Gap)
			}
		})
	}
}

// Every option's figures equal the reference, those that the channel lacks or a guard-rail vetoes included.
func TestScenarioFigures(t *testing.T) {
	for _, s := range scenarios(t) {
		c := s.read(t).settled()
		rules := fired(c)
		var ids []string
		for _, r := range rules {
			ids = append(ids, r.ID)
		}
		if !slices.Equal(ids, s.Expect.Fired) {
			t.Errorf("%s fired %v, want %v", s.ID, ids, s.Expect.Fired)
		}
		all := totals(c, rules)
		for i, o := range Options {
			w := all[i]
			got := Ranked{"", round(w.score(price(c)), 1), round(w[0], 1), round(w.harm(), 1), round(w.risk(), 3)}
			if got != s.Expect.Scores[o] {
				t.Errorf("%s %s: %+v, want %+v", s.ID, o, got, s.Expect.Scores[o])
			}
		}
	}
}

// Domain/decisions.md 4.6: the advice does not hang on how careful the firm is.
func TestScenariosHoldForEveryRiskAversion(t *testing.T) {
	for _, s := range scenarios(t) {
		for _, lambda := range []float64{0.5, 1, 1.5, 2} {
			c := s.read(t)
			c.RiskAversion = lambda
			if r := rank(t, c); r.Recommended != s.Expect.Recommended {
				t.Errorf("%s with risk aversion %v: %s, want %s", s.ID, lambda, r.Recommended, s.Expect.Recommended)
			}
		}
	}
}
