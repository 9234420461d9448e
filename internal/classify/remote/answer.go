package remote

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"chop/internal/classify"
	"chop/internal/fault"
)

// reply is the part of a chat completion that we read.
type reply struct {
	Choices []struct {
		FinishReason string `json:"finish_reason"`
		Message      struct {
			Content string `json:"content"`
		} `json:"message"`
	} `json:"choices"`
	Usage struct {
		In  int64 `json:"prompt_tokens"`
		Out int64 `json:"completion_tokens"`
	} `json:"usage"`
}

// said is one entry of an answer as it came. Nothing in it is trusted.
type said struct {
	ID     string `json:"id"`
	Labels []struct {
		Label classify.Label `json:"label"`
		Score *float64       `json:"score"`
	} `json:"labels"`
	Severity float64 `json:"severity"`
}

// mostLabels is more than any honest answer gives for one text.
const mostLabels = 20

// parse reads an answer to the items. It gives the opinions by item id. Entries with an id that was not asked for, or given twice, are refused; so are labels we do not have. An answer without one good
// entry is the fault second.malformed, one that was cut short is second.half.
func parse(raw []byte, items []item) (map[string]opinion, *reply, error) {
	var r reply
	if err := json.Unmarshal(raw, &r); err != nil || len(r.Choices) == 0 {
		return nil, &r, fault.New(fault.Unavailable, "second.malformed")
	}
	bad := fault.New(fault.Unavailable, "second.malformed")
	if r.Choices[0].FinishReason == "length" {
		bad = fault.New(fault.Unavailable, "second.half")
	}
	var answer struct {
		Items []json.RawMessage `json:"items"`
	}
	if err := json.Unmarshal([]byte(bare(r.Choices[0].Message.Content)), &answer); err != nil {
		return nil, &r, bad
	}
	out, twice := map[string]opinion{}, map[string]bool{}
	for _, raw := range answer.Items {
		var x said
		if json.Unmarshal(raw, &x) != nil {
			continue // one broken entry does not spoil the others
		}
		if !slices.ContainsFunc(items, func(i item) bool { return i.ID == x.ID }) {
			continue
		}
		if _, there := out[x.ID]; there {
			twice[x.ID] = true
		}
		if o, ok := x.opinion(); ok {
			out[x.ID] = o
		}
	}
	for id := range twice {
		delete(out, id)
	}
	if len(out) == 0 {
		return nil, &r, bad
	}
	return out, &r, nil
}

// bare is the JSON within the fence that some models put around it.
func bare(s string) string {
	s = strings.TrimSpace(s)
	if rest, fenced := strings.CutPrefix(s, "```"); fenced {
		rest = strings.TrimPrefix(rest, "json")
		s = strings.TrimSuffix(strings.TrimSpace(rest), "```")
	}
	return s
}

// opinion keeps what of the entry is sound; false when nothing is left to hold on to.
func (x said) opinion() (o opinion, ok bool) {
	best := map[classify.Label]float64{}
	for _, l := range x.Labels[:min(len(x.Labels), mostLabels)] {
		if !slices.Contains(classify.Labels, l.Label) {
			continue
		}
		score := 1.0
		if l.Score != nil {
			score = max(0, min(1, *l.Score))
		}
		best[l.Label] = max(best[l.Label], score)
	}
	if len(best) > 1 {
		delete(best, classify.Neutral)
	}
	for l, s := range best {
		o.Labels = append(o.Labels, classify.Scored{Label: l, Score: s})
	}
	slices.SortFunc(o.Labels, func(a, b classify.Scored) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Label, b.Label))
	})
	o.Severity = int(max(0, min(4, x.Severity)))
	return o, len(o.Labels) > 0
}
