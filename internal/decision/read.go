package decision

import (
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strconv"
	"strings"
)

// UnmarshalJSON reads a case over the defaults; a field that is absent or null keeps its default. Names are read in any
// case of letters, the Polish codes of the domain included; unknown labels stay and change nothing.
func (c *Case) UnmarshalJSON(b []byte) error {
	type plain Case
	w := struct {
		*plain
		ID            *name  `json:"id"`
		Severity      *whole `json:"severity"`
		Arousal       *whole `json:"arousal"`
		PileOn        *whole `json:"pileon"`
		Reach         *whole `json:"reach"`
		Legal         *whole `json:"legal"`
		Fault         *whole `json:"fault"`
		Failures      *whole `json:"failures"`
		Replies       *whole `json:"replies"`
		Violations    *whole `json:"violations"`
		PriorRemovals *whole `json:"prior_removals"`
	}{plain: new(plain(NewCase()))}
	if err := json.Unmarshal(b, &w); err != nil {
		var wrongType *json.UnmarshalTypeError
		if errors.As(err, &wrongType) {
			wrongType.Field = strings.TrimPrefix(wrongType.Field, "plain.")
		}
		return err
	}
	p := Case(*w.plain)
	if w.ID != nil {
		p.ID = string(*w.ID)
	}
	for _, n := range []struct {
		into *int
		read *whole
	}{{&p.Severity, w.Severity}, {&p.Arousal, w.Arousal}, {&p.PileOn, w.PileOn}, {&p.Reach, w.Reach}, {&p.Legal, w.Legal}, {&p.Fault, w.Fault},
		{&p.Failures, w.Failures}, {&p.Replies, w.Replies}, {&p.Violations, w.Violations}, {&p.PriorRemovals, w.PriorRemovals}} {
		if n.read != nil {
			*n.into = int(*n.read)
		}
	}
	if p.Labels == nil {
		p.Labels = []string{}
	}
	for i, l := range p.Labels {
		p.Labels[i] = canonical(book.Aliases.Label, l)
	}
	p.Truth = canonical(book.Aliases.Truth, p.Truth)
	*c = p
	return nil
}

// UnmarshalJSON reads a profile over what stands in it; the propensity may also be a word: low, medium, high.
func (p *Profile) UnmarshalJSON(b []byte) error {
	w := struct {
		Motive     *string  `json:"motive"`
		Escalation *degree  `json:"escalation"`
		Confidence *float64 `json:"confidence"`
	}{}
	if err := json.Unmarshal(b, &w); err != nil {
		return err
	}
	if w.Motive != nil {
		p.Motive = canonical(book.Aliases.Motive, *w.Motive)
	}
	if w.Escalation != nil {
		p.Escalation = int(*w.Escalation)
	}
	if w.Confidence != nil {
		p.Confidence = *w.Confidence
	}
	return nil
}

// name is text; a number is taken as its digits.
type name string

func (n *name) UnmarshalJSON(b []byte) error {
	var number json.Number
	if len(b) > 0 && b[0] != '"' && json.Unmarshal(b, &number) == nil {
		*n = name(number)
		return nil
	}
	var text string
	if err := json.Unmarshal(b, &text); err != nil {
		return &json.UnmarshalTypeError{Value: "value " + clipped(b), Type: reflect.TypeFor[string]()}
	}
	*n = name(text)
	return nil
}

// whole is an integer however JSON writes it: programs that know only decimals write 2 as 2.0.
type whole int

func (n *whole) UnmarshalJSON(b []byte) error {
	f, err := strconv.ParseFloat(string(b), 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return &json.UnmarshalTypeError{Value: "value " + clipped(b), Type: reflect.TypeFor[int]()}
	}
	*n = whole(f)
	return nil
}

// degree is 0 to 2 or its word.
type degree whole

func (d *degree) UnmarshalJSON(b []byte) error {
	for i, word := range []string{`"low"`, `"medium"`, `"high"`} {
		if strings.EqualFold(string(b), word) {
			*d = degree(i)
			return nil
		}
	}
	return (*whole)(d).UnmarshalJSON(b)
}

// clipped keeps a wrong value short enough for a log.
func clipped(b []byte) string { return string(b[:min(len(b), 40)]) }
