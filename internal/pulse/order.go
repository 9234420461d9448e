package pulse

import "math"

// rowChance is how rarely a shuffled list may bring accounts so close together before they are said to stand in a row.
const rowChance = 0.01

// inARow counts the lists in which the accounts stand closer together than chance brings once in a hundred shuffled lists. It needs
// only the order of a list, so it works where a place gives no times. Three of them must be in a list.
func inARow(lists [][]string, who map[string]bool) (n int) {
	for _, list := range lists {
		first, last, in := -1, -1, 0
		for i, a := range list {
			if !who[a] {
				continue
			}
			if first < 0 {
				first = i
			}
			last, in = i, in+1
		}
		if in >= 3 && in < len(list) && within(len(list), in, last-first+1) <= rowChance {
			n++
		}
	}
	return n
}

// within is the chance that m places drawn from n stand within a span: the sets whose first and last are no further apart, over all.
func within(n, m, span int) float64 {
	if span >= n {
		return 1
	}
	all := logChoose(n, m)
	p := float64(n-span+1) * math.Exp(logChoose(span, m)-all)
	if span-1 >= m {
		p -= float64(n-span) * math.Exp(logChoose(span-1, m)-all)
	}
	return min(1, p)
}
