package pulse

import (
	"math"
	"slices"
)

// Mix is the reactions under one post.
type Mix struct {
	Post string
	All  int
	Sour int // laughing and angry ones
}

// sour are the reactions that mock; "sad" and "wow" under an accident are none.
var sour = []string{"haha", "angry"}

// Sour tells whether a kind of reaction mocks.
func Sour(kind string) bool { return slices.Contains(sour, kind) }

// Usual is a firm's own share of sour reactions and how it varies from post to post: a beta distribution.
type Usual struct{ Alpha, Beta float64 }

const (
	priorShare  = 0.05 // of sour reactions before there is history, ours
	priorWeight = 8.0
	fewMixes    = 8 // posts below which the variation is not learned
)

// Share is the mean.
func (u Usual) Share() float64 { return u.Alpha / (u.Alpha + u.Beta) }

// LearnMix fits the share over past posts by moments, weighting posts alike.
func LearnMix(past []Mix) Usual {
	prior := Usual{priorShare * priorWeight, (1 - priorShare) * priorWeight}
	n, mean, square, small := 0.0, 0.0, 0.0, 0.0
	for _, m := range past {
		if m.All >= fewest {
			x := float64(m.Sour) / float64(m.All)
			n, mean, square, small = n+1, mean+x, square+x*x, small+1/float64(m.All)
		}
	}
	if n < fewMixes {
		return prior
	}
	mean, square, small = mean/n, square/n, small/n
	share := (n*mean + fewMixes*priorShare) / (n + fewMixes)
	between := square - mean*mean - mean*(1-mean)*small // what varies beyond counting
	precision := 50.0
	if between > 0 {
		precision = min(precision, max(2, mean*(1-mean)/between-1))
	}
	return Usual{share * precision, (1 - share) * precision}
}

// Storm is a post whose reactions mock far more than is usual for the firm. Again counts the accounts that mocked under at
// least three of the ten posts before as well; Row the posts under which those stand in a row in the list of reactions.
type Storm struct {
	Mix
	Usual      float64 // share
	P          float64
	Again, Row int
}

// LookMix tells whether the reactions under a post are a storm.
func (u Usual) LookMix(m Mix) (Storm, bool) {
	s := Storm{Mix: m, Usual: u.Share(), P: betaBinomialTail(m.Sour, m.All, u)}
	return s, m.Sour >= fewest && s.P < rare
}

// betaBinomialTail is the chance of at least k of n.
func betaBinomialTail(k, n int, u Usual) float64 {
	sum := 0.0
	for i := n; i >= k; i-- {
		sum += math.Exp(logChoose(n, i) + logBeta(float64(i)+u.Alpha, float64(n-i)+u.Beta) - logBeta(u.Alpha, u.Beta))
	}
	return min(1, sum)
}

func logBeta(a, b float64) float64 { return lgamma(a) + lgamma(b) - lgamma(a+b) }

func logChoose(n, k int) float64 {
	return lgamma(float64(n)+1) - lgamma(float64(k)+1) - lgamma(float64(n-k)+1)
}

func lgamma(x float64) float64 {
	v, _ := math.Lgamma(x)
	return v
}
