package remote

import (
	"encoding/json"
	"slices"
	"testing"

	"chop/internal/classify"
	"chop/internal/fault"
)

func chat(content string) []byte {
	c, _ := json.Marshal(content)
	return []byte(`{"choices":[{"finish_reason":"stop","message":{"content":` + string(c) + `}}]}`)
}

func TestAnswersAreBelievedOnlyWhereTheyAreSound(t *testing.T) {
	items := []item{{ID: "1-a"}, {ID: "2-b"}}
	for content, want := range map[string]opinion{
		`{"items":[{"id":"1-a","labels":[{"label":"threat","score":7}],"severity":99}]}`:                                     {[]classify.Scored{{Label: "threat", Score: 1}}, 4},
		`{"items":[{"id":"1-a","labels":[{"label":"spam","score":-2},{"label":"spam","score":0.4}],"severity":-1}]}`:         {[]classify.Scored{{Label: "spam", Score: 0.4}}, 0},
		`{"items":[{"id":"1-a","labels":[{"label":"neutral","score":1},{"label":"hate","score":0.6}],"severity":3.9}]}`:      {[]classify.Scored{{Label: "hate", Score: 0.6}}, 3},
		`{"items":[{"id":"1-a","labels":[{"label":"praise"},{"label":"nonsense","score":1}],"severity":0}]}`:                 {[]classify.Scored{{Label: "praise", Score: 1}}, 0},
		"```json\n" + `{"items":[{"id":"1-a","labels":[{"label":"praise","score":1}],"severity":0}]}` + "\n```":              {[]classify.Scored{{Label: "praise", Score: 1}}, 0},
		`{"items":[7,{"id":"9-z","labels":[{"label":"hate"}]},{"id":"1-a","labels":[{"label":"claim","score":0.5}]}],"x":1}`: {[]classify.Scored{{Label: "claim", Score: 0.5}}, 0},
	} {
		got, _, err := parse(chat(content), items)
		if o := got["1-a"]; err != nil || len(got) != 1 || !slices.Equal(o.Labels, want.Labels) || o.Severity != want.Severity {
			t.Errorf("%s\n got %+v %v", content, got, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{`{}`, `{"items":[{"id":"1-a","labels":[{"label":"threat","score":1}],"severity":4}]}`, "```json", `{"items":{}}`, `[`, `{"items":[{"id":"1-a","severity":1e999}]}`} {
		f.Add(chat(s))
	}
	f.Add([]byte(`{"choices":null}`))
	items := []item{{ID: "1-a"}, {ID: "2-b"}}
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, r, err := parse(raw, items)
		if r == nil || err == nil && len(got) == 0 || err != nil && !fault.Is(err, fault.Unavailable) {
			t.Fatalf("%v %v", got, err)
		}
		for id, o := range got {
			if id != "1-a" && id != "2-b" || o.Severity < 0 || o.Severity > 4 || len(o.Labels) == 0 {
				t.Fatalf("%s: %+v", id, o)
			}
			for _, l := range o.Labels {
				if !slices.Contains(classify.Labels, l.Label) || !(l.Score >= 0 && l.Score <= 1) {
					t.Fatalf("%+v", l)
				}
			}
		}
	})
}
