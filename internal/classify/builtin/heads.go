package builtin

import "chop/internal/classify"

// What the model is asked about a text beside its labels.
const (
	headBuyer   = "buyer"
	headHarm    = "harm" // abuse of any kind, as the makers of CBD (PolEval 2019) marked it
	headWarm    = "warm" // intended attitude: 0 hostile .. 1 warm
	headSerious = "severity>=3"
	headUrgent  = "severity>=4"
)

// targets are the heads that tell what a text is about; "group" and "none" follow from the labels.
var targets = []string{"firm", "product", "staff", "author_other"}

// Heads are the questions a model of this engine answers, in their order.
func Heads() []string {
	var hs []string
	for _, l := range classify.Labels {
		hs = append(hs, string(l))
	}
	hs = append(hs, headBuyer, headHarm, headWarm, headSerious, headUrgent)
	for _, t := range targets {
		hs = append(hs, "target:"+t)
	}
	return hs
}
