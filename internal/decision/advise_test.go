package decision

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"chop/internal/fault"
)

func advise(t testing.TB, in, language string) ([]map[string]any, error) {
	t.Helper()
	var out bytes.Buffer
	err := Advise(strings.NewReader(in), &out, language)
	var results []map[string]any
	for d := json.NewDecoder(&out); ; {
		var m map[string]any
		if e := d.Decode(&m); e == io.EOF {
			return results, err
		} else if e != nil {
			t.Fatal(e)
		}
		results = append(results, m)
	}
}

func TestAdviseWritesExactlyTheAgreedFields(t *testing.T) {
	results, err := advise(t, "\ufeff"+`{"id":"a","labels":["insult"],"reach":0,"arousal":2}`+"\r\n\r\n", "pl")
	if err != nil || len(results) != 1 {
		t.Fatalf("%v, %v", results, err)
	}
	keys := slices.Sorted(maps.Keys(results[0]))
	if want := []string{"close_call", "companions", "gap", "id", "ranking", "reasons", "recommended", "vetoed"}; !slices.Equal(keys, want) {
		t.Errorf("fields %v", keys)
	}
	reasons := results[0]["reasons"].(map[string]any)
	if keys = slices.Sorted(maps.Keys(reasons)); !slices.Equal(keys, []string{"against", "do_not", "for", "why_not"}) {
		t.Errorf("reasons %v", keys)
	}
	first := reasons["for"].([]any)[0].(map[string]any)
	if first["rule"] != "R07" || !strings.HasPrefix(first["text"].(string), "Sama zniewaga") {
		t.Errorf("first reason %v", first)
	}
	keys = slices.Sorted(maps.Keys(results[0]["ranking"].([]any)[0].(map[string]any)))
	if !slices.Equal(keys, []string{"benefit", "escalation_risk", "harm", "option", "score"}) {
		t.Errorf("ranking %v", keys)
	}
}

func TestAdviseSpeaksTheLanguageAndLeavesNoGaps(t *testing.T) {
	var in strings.Builder
	for _, s := range scenarios(t) {
		var line bytes.Buffer
		if err := json.Compact(&line, s.Input); err != nil {
			t.Fatal(err)
		}
		in.WriteString(line.String() + "\n")
	}
	for _, language := range []string{"pl", "en"} {
		var out bytes.Buffer
		if err := Advise(strings.NewReader(in.String()), &out, language); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(out.String(), "\n"); n != 28 {
			t.Errorf("%d lines", n)
		}
		for _, sign := range []string{`"text":""`, "<no value>", "[reason.", "[guard.", "[donot.", "[option.", "null"} {
			if strings.Contains(out.String(), sign) {
				t.Errorf("%s: %s in the output", language, sign)
			}
		}
	}
}

func TestAdviseTellsLineAndField(t *testing.T) {
	for in, field := range map[string]string{
		`{"severity":9}`:                    "severity",
		`{"severity":"high"}`:               "severity",
		`{"severity":2.5}`:                  "severity",
		`{"truth":"yes"}`:                   "truth",
		`{"profile":{"motive":7}}`:          "profile.motive",
		`{"profile":"bad"}`:                 "profile",
		`{"labels":"insult"}`:               "labels",
		`{"labels":[1]}`:                    "labels",
		`{"hate_share":1e999}`:              "hate_share",
		`{"minor":"no"}`:                    "minor",
		`{"channel":"pigeon"}`:              "channel",
		`{"id":{}}`:                         "id",
		`{"id":true}`:                       "id",
		`{"profile":{"escalation":"much"}}`: "profile.escalation",
		`{"profile":{"confidence":2}}`:      "profile.confidence",
		`{"profile":{"escalation":1.5}}`:    "profile.escalation",
		`{"replies":1e300}`:                 "replies",
		`{"replies":-1}`:                    "replies",
		`{"risk_aversion":0}`:               "risk_aversion",
		`{"age_hours":-0.5}`:                "age_hours",
		`{"id":"x"`:                         "",
		`[]`:                                "",
		`null`:                              "",
		`{} {}`:                             "",
		strings.Repeat("x", MaxLine+1):      "",
		strings.Repeat(`{"a":`, 50_000):     "",
		`{"id":"` + "\x00" + `"}`:           "",
		`{"risk_aversion":-1,"labels":[{]}`: "",
	} {
		results, err := advise(t, `{"id":"before"}`+"\n"+in+"\n"+`{"id":"after"}`, "en")
		if len(results) != 2 || results[0]["id"] != "before" || results[1]["id"] != "after" {
			t.Errorf("%.40s: %d other lines came out", in, len(results))
		}
		var bad *LineError
		if !errors.As(err, &bad) || bad.Line != 2 || bad.Field != field || !fault.Is(err, fault.Invalid) {
			t.Errorf("%.40s: %v", in, err)
			continue
		}
		if strings.ContainsAny(err.Error(), "\n[<") && field != "labels" || !strings.Contains(err.Error(), "line 2") {
			t.Errorf("%.40s: %q", in, err)
		}
	}
}

// What programs write in other ways: names in capitals, the domain's Polish codes, decimals, null, labels twice or
// unknown, fields of their own.
func TestAdviseReadsWhatProgramsWrite(t *testing.T) {
	same := []string{
		`{"id":"1","channel":"group","labels":["complaint","insult"],"truth":"false_documented","severity":2,"profile":{"motive":"vindictive","escalation":2}}`,
		`{"id":"1","channel":"grupa","labels":["SKARGA","ZNIEWAGA"],"truth":"false_doc","severity":2.0,"profile":{"motive":"msciwy","escalation":"high"}}`,
		`{"ID":"1","Channel":" GRUPA ","labels":["insult","complaint","complaint","rude","",null],"truth":"False_Documented","severity":2e0,
			"media":null,"profile":{"confidence":null,"escalation":"High","motive":"Vindictive"},"firm":"x","labels2":[]}`,
	}
	var first string
	for i, line := range same {
		var out bytes.Buffer
		if err := Advise(strings.NewReader(strings.ReplaceAll(line, "\n", " ")), &out, "pl"); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			first = out.String()
		} else if out.String() != first {
			t.Errorf("line %d:\n%s\nwant\n%s", i, out.String(), first)
		}
	}
	results, err := advise(t, `{"id":7}`+"\n"+`{"id":null,"labels":null,"profile":null}`+"\n{}", "pl")
	if err != nil || len(results) != 3 || results[0]["id"] != float64(7) || results[1]["id"] != "" || results[2]["recommended"] != results[1]["recommended"] {
		t.Errorf("%v, %v", results, err)
	}
}

func TestAdviseTakesALineOfAMegabyte(t *testing.T) {
	id := strings.Repeat("ż", (MaxLine-len(`{"id":""}`))/2)
	results, err := advise(t, `{"id":"`+id+`"}`+"\r\n", "pl")
	if err != nil || len(results) != 1 || results[0]["id"] != id {
		t.Errorf("%d results, %v", len(results), err)
	}
}

func TestAdviseCountsTheBadLinesItDoesNotDescribe(t *testing.T) {
	_, err := advise(t, strings.Repeat("?\n", 150), "pl")
	if err == nil || strings.Count(err.Error(), "\n") != 100 || !strings.Contains(err.Error(), "50") {
		t.Errorf("%v", err)
	}
}

func TestAdviseStopsWhenReadingOrWritingFails(t *testing.T) {
	broken := errors.New("broken")
	if err := Advise(iotest.ErrReader(broken), io.Discard, "pl"); !errors.Is(err, broken) {
		t.Errorf("read: %v", err)
	}
	r, w := io.Pipe()
	r.CloseWithError(broken)
	if err := Advise(strings.NewReader(`{"id":"a"}`), w, "pl"); !errors.Is(err, broken) {
		t.Errorf("write: %v", err)
	}
}

func FuzzAdvise(f *testing.F) {
	for _, s := range scenarios(f) {
		f.Add([]byte(s.Input))
	}
	f.Add([]byte("{}\n\n{\"labels\":[\"threat\",\"distress\"],\"minor\":true}\r\n{\"truth\":null}"))
	f.Add([]byte("{\"severity\":1e9}\n{\"channel\":\"grupa\"}\n\xff\xfe{\n\x00"))
	f.Fuzz(func(t *testing.T, in []byte) {
		var out bytes.Buffer
		err := Advise(bytes.NewReader(in), &out, "en")
		if err != nil && !fault.Is(err, fault.Invalid) {
			t.Fatal(err)
		}
		given := 0
		for _, line := range bytes.Split(bytes.TrimPrefix(in, []byte("\xef\xbb\xbf")), []byte("\n")) {
			if len(bytes.TrimSpace(line)) > 0 {
				given++
			}
		}
		if given > maxErrors {
			return
		}
		told := 0
		if joined, ok := err.(interface{ Unwrap() []error }); ok {
			told = len(joined.Unwrap())
		}
		if done := bytes.Count(out.Bytes(), []byte("\n")); done+told != given {
			t.Fatalf("%d lines in, %d advised, %d refused", given, done, told)
		}
	})
}
