package duty

import (
	"net/url"
	"reflect"
	"testing"

	"chop/internal/oncall"
)

func TestPolicyOfTheForm(t *testing.T) {
	form := func(after, target []string, repeat, wait string) url.Values {
		return url.Values{"after": after, "target": target, "repeat": {repeat}, "wait": {wait}}
	}
	for name, c := range map[string]struct {
		in   url.Values
		want oncall.Policy
		ok   bool
	}{
		"steps in any order, empty rows left out": {form([]string{"15", "0", ""}, []string{"owner", "duty", ""}, "3", "10"),
			oncall.Policy{Steps: []oncall.Step{{After: 0, Targets: []string{"duty"}}, {After: 15, Targets: []string{"owner"}}}, Repeat: 3, Wait: 10}, true},
		"the same minute is one step": {form([]string{"0", "0", "0"}, []string{"duty", "owner", "duty"}, "0", "1"),
			oncall.Policy{Steps: []oncall.Step{{After: 0, Targets: []string{"duty", "owner"}}}, Wait: 1}, true},
		"the default":         {url.Values{"default": {"yes"}}, oncall.Policy{}, true},
		"no step":             {form(nil, nil, "1", "1"), oncall.Policy{}, false},
		"nothing at once":     {form([]string{"5"}, []string{"duty"}, "1", "1"), oncall.Policy{}, false},
		"no number":           {form([]string{"zaraz"}, []string{"duty"}, "1", "1"), oncall.Policy{}, false},
		"negative":            {form([]string{"-1"}, []string{"duty"}, "1", "1"), oncall.Policy{}, false},
		"rows do not fit":     {form([]string{"0"}, []string{"duty", "owner"}, "1", "1"), oncall.Policy{}, false},
		"repeated for ever":   {form([]string{"0"}, []string{"duty"}, "9999", "1"), oncall.Policy{}, false},
		"no pause":            {form([]string{"0"}, []string{"duty"}, "1", ""), oncall.Policy{}, false},
		"far too large a row": {form([]string{"99999999999999999999"}, []string{"duty"}, "1", "1"), oncall.Policy{}, false},
	} {
		got, err := policy(c.in)
		if (err == nil) != c.ok || (c.ok && !reflect.DeepEqual(got, c.want)) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}
