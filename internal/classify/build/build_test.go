package main

import (
	"math"
	"math/rand/v2"
	"testing"

	"chop/internal/classify/linear"
)

func TestBest(t *testing.T) {
	ps := []point{{score: 5, yes: true}, {score: 4, yes: false}, {score: 3, yes: true}, {score: 2, yes: true}, {score: 1, yes: false}, {score: 0, yes: false}}
	bar, o := best(ps, 0, 1)
	if bar != 1.5 || o.tp != 3 || o.fp != 1 || o.fn != 0 {
		t.Errorf("bar %v %+v", bar, o)
	}
	if bar, o = best(ps, 0.9, 1); bar != 4.5 || o.tp != 1 || o.fp != 0 {
		t.Errorf("with a precision of 0.9: bar %v %+v", bar, o)
	}
	same := []point{{score: 1, yes: true}, {score: 1, yes: false}}
	if bar, o = best(same, 0, 1); o.tp != 1 || o.fp != 1 {
		t.Errorf("equal scores part: bar %v %+v", bar, o)
	}
}

func TestPlattFindsTheSlopeThatMadeTheAnswers(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	var ps []point
	for range 20_000 {
		z := rnd.NormFloat64() * 3
		ps = append(ps, point{score: z, yes: rnd.Float64() < linear.Sigmoid(0.6*z-1)})
	}
	a, b := platt(ps)
	if math.Abs(a-0.6) > 0.05 || math.Abs(b+1) > 0.1 {
		t.Errorf("slope %v, shift %v", a, b)
	}
}
