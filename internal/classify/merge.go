package classify

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"

	"chop/internal/reason"
)

// Second is what a second engine said of a text, beside the labels that stand. It may add safety labels; where else it
// sees things differently is shown to people and changes nothing.
type Second struct {
	Engine   string    `json:"engine"`
	Labels   []Scored  `json:"labels,omitempty"` // all it said
	Severity int       `json:"severity"`
	Added    []Label   `json:"added,omitempty"` // safety labels that stand because of it
	At       time.Time `json:"at"`
	Note     string    `json:"note,omitempty"` // code of a fault: why there is no opinion ("fault.<code>" is its sentence)
	Of       string    `json:"of"`             // Digest of the text it read
}

// Digest marks which text an opinion was given of: an edited text needs a new one.
func Digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:8])
}

// sure is the score from which a second engine's label counts as said. It is half: the score of a language model is a
// figure of speech, not a calibrated chance.
const sure = 0.5

// least is the severity a safety label has whatever an engine thinks of it (docs/labels.md, Severity).
var least = map[Label]int{Threat: 3, Extortion: 3, Hate: 3, HealthSafety: 3, Distress: 3, PersonalData: 2}

// Merge puts a second opinion beside what stands. It only adds: safety labels the second engine is sure of, and the
// severity they bring. No label is taken away but neutral, which means "none"; severity never falls. What a person said
// stays as it is, and so do the labels a person gave to a text that is nearly the same: there the opinion is only shown.
func Merge(r Result, s Second) Result {
	if r.Engine == ByPerson {
		return r
	}
	if s.Note != "" && r.Second != nil && r.Second.Note == "" && r.Second.Of == s.Of {
		return r // an opinion is better than the reason why there is none
	}
	s.Labels = slices.Clone(s.Labels)
	s.Added = r.stillAdded()
	r.Labels, r.Reasons = slices.Clone(r.Labels), slices.Clone(r.Reasons)
	for _, x := range s.Labels {
		if r.Engine == ByMemory || s.Note != "" || x.Score < sure || !slices.Contains(Safety, x.Label) || r.Has(x.Label) {
			continue
		}
		r.Labels = slices.Insert(r.Labels, 0, x)
		r.Severity = max(r.Severity, least[x.Label], min(s.Severity, 4))
		r.Reasons = append(r.Reasons, reason.Reason{Rule: "second.added", Facts: map[string]string{"engine": s.Engine}, Weight: x.Score})
		s.Added = append(s.Added, x.Label)
		r.Unruled = r.Unruled.gain(x, max(least[x.Label], min(s.Severity, 4)))
	}
	if len(s.Added) > 0 {
		r.Labels = slices.DeleteFunc(r.Labels, func(x Scored) bool { return x.Label == Neutral })
	}
	r.Second = &s
	return r
}

// stillAdded are the labels an earlier second opinion brought and that stand.
func (r Result) stillAdded() (ls []Label) {
	if r.Second == nil {
		return nil
	}
	for _, l := range r.Second.Added {
		if r.Has(l) {
			ls = append(ls, l)
		}
	}
	return ls
}

// Disagreement is where the second engine sees the text otherwise than what stands now: labels only it gives, labels it
// does not give, and whether its severity differs. Nothing when there is no opinion.
func (r Result) Disagreement() (more, fewer []Label, severity bool) {
	s := r.Second
	if s == nil || s.Note != "" {
		return nil, nil, false
	}
	said := map[Label]bool{}
	for _, x := range s.Labels {
		if x.Score >= sure {
			said[x.Label] = true
		}
	}
	for _, l := range Labels {
		if said[l] && !r.Has(l) && l != Neutral {
			more = append(more, l)
		}
		if !said[l] && r.Has(l) && l != Neutral {
			fewer = append(fewer, l)
		}
	}
	return more, fewer, s.Severity != r.Severity
}

// Doubtful tells whether a second look is worth its price: something may have to be handled, or no label is clear.
func Doubtful(r Result) bool {
	top := 0.0
	for _, x := range r.Labels {
		top = max(top, x.Score)
	}
	return r.Severity >= 2 || top < standsOut
}

// standsOut is the score from which one label stands out. The built-in engine's bars lie between a third and two thirds.
const standsOut = 0.7
