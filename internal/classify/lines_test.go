package classify_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"chop/internal/classify"
	"chop/internal/classify/rules"
)

type answer struct {
	classify.Result
	Line  int    `json:"line"`
	Error string `json:"error"`
}

func answers(t *testing.T, in string) (out []answer, bad, all int) {
	t.Helper()
	var b bytes.Buffer
	bad, all, err := classify.Lines(context.Background(), rules.New(), strings.NewReader(in), &b)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(b.String()) {
		var a answer
		if err := json.Unmarshal([]byte(line), &a); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		out = append(out, a)
	}
	return out, bad, all
}

func TestEveryLineIsAnsweredInItsPlace(t *testing.T) {
	var in strings.Builder
	const n = 3000
	for i := range n {
		switch i % 10 {
		case 3:
			in.WriteString("not json\n")
		case 7:
			fmt.Fprintf(&in, "{\"id\":\"%d\"}\n", i)
		default:
			fmt.Fprintf(&in, "{\"id\":\"%d\",\"text\":\"Spalę wam lokal nr %d\"}\n", i, i)
		}
	}
	got, bad, all := answers(t, in.String())
	if len(got) != n || bad != n/5 || all != n {
		t.Fatalf("%d answers, %d bad of %d", len(got), bad, all)
	}
	for i, a := range got {
		switch i % 10 {
		case 3:
			if a.Error == "" || a.Line != i+1 || a.ID != "" {
				t.Fatalf("line %d: %+v", i+1, a)
			}
		case 7:
			if a.Error == "" || a.Line != i+1 || a.ID != fmt.Sprint(i) {
				t.Fatalf("line %d: %+v", i+1, a)
			}
		default:
			if a.ID != fmt.Sprint(i) || !a.Has(classify.Threat) || a.Error != "" {
				t.Fatalf("line %d: %+v", i+1, a)
			}
		}
	}
}

func TestLinesOfAllShapes(t *testing.T) {
	huge := `{"id":"huge","text":"` + strings.Repeat("a", classify.MaxLine) + `"}`
	for _, c := range []struct {
		name, in string
		ids      []string // of the answers; "!" for a fault
	}{
		{"nothing", "", nil},
		{"empty lines", "\n\r\n  \n", nil},
		{"no end of line", `{"id":"a","text":"x"}`, []string{"a"}},
		{"Windows lines", "{\"id\":\"a\",\"text\":\"x\"}\r\n{\"id\":\"b\",\"text\":\"\"}\r\n", []string{"a", "b"}},
		{"too long", "{\"id\":\"a\",\"text\":\"x\"}\n" + huge + "\n{\"id\":\"b\",\"text\":\"x\"}\n", []string{"a", "!", "b"}},
		{"not UTF-8", "{\"id\":\"a\",\"text\":\"\xff\"}\n", []string{"!"}},
		{"an array", "[1,2]\n{\"id\":\"a\",\"text\":\"x\"}\n", []string{"!", "a"}},
		{"a number for the text", "{\"id\":\"a\",\"text\":5}\n", []string{"!"}},
		{"null", "null\n", []string{"!"}},
		{"no id", "{\"text\":\"x\"}\n{\"id\":null,\"text\":\"x\"}\n", []string{"", ""}},
		{"the same id twice", "{\"id\":\"a\",\"text\":\"x\"}\n{\"id\":\"a\",\"text\":\"y\"}\n", []string{"a", "a"}},
		{"an id of another kind", "{\"id\":[1],\"text\":\"x\"}\n{\"id\":true,\"text\":\"x\"}\n", []string{"!", "!"}},
		{"a null byte", "{\"id\":\"a\",\"text\":\"x\\u0000y\"}\n{\"id\":\"b\",\"text\":\"x\x00y\"}\n", []string{"a", "!"}},
		{"a language", "{\"id\":\"a\",\"text\":\"x\",\"lang\":\"en\"}\n{\"id\":\"b\",\"text\":\"x\",\"lang\":7}\n", []string{"a", "!"}},
		{"half a line", `{"id":"a","te`, []string{"!"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, bad, _ := answers(t, c.in)
			if len(got) != len(c.ids) {
				t.Fatalf("%d answers: %+v", len(got), got)
			}
			faults := 0
			for i, id := range c.ids {
				if id == "!" {
					faults++
				}
				if (id == "!") != (got[i].Error != "") || id != "!" && got[i].ID != id {
					t.Errorf("answer %d is %+v, want %s", i, got[i], id)
				}
			}
			if bad != faults {
				t.Errorf("%d bad, %d faults", bad, faults)
			}
		})
	}
}

// TestANumberStaysANumber: whoever joins answers to texts by id must find the id as it was given.
func TestANumberStaysANumber(t *testing.T) {
	var b bytes.Buffer
	in := "{\"id\":7,\"text\":\"Polecam\"}\n{\"id\":-2.5,\"text\":5}\n"
	if bad, all, err := classify.Lines(context.Background(), rules.New(), strings.NewReader(in), &b); err != nil || bad != 1 || all != 2 {
		t.Fatalf("%d bad of %d, %v", bad, all, err)
	}
	if out := b.String(); !strings.HasPrefix(out, `{"id":7,"lang":"pl"`) || !strings.Contains(out, "\n"+`{"id":-2.5,"line":2,"error":"\"text\" cannot be: number"}`) {
		t.Errorf("%s", out)
	}
}

// TestAnAnswerComesBeforeTheNextQuestion: whoever feeds lines one by one must not wait for a full batch.
func TestAnAnswerComesBeforeTheNextQuestion(t *testing.T) {
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	done := make(chan error, 1)
	go func() {
		_, _, err := classify.Lines(context.Background(), rules.New(), inR, outW)
		outW.Close()
		done <- err
	}()
	r := bufio.NewReader(outR)
	for i := range 5 {
		if _, err := fmt.Fprintf(inW, "{\"id\":\"%d\",\"text\":\"Polecam\"}\n", i); err != nil {
			t.Fatal(err)
		}
		line, err := r.ReadString('\n')
		if err != nil || !strings.Contains(line, fmt.Sprintf(`"id":"%d"`, i)) {
			t.Fatalf("%q, %v", line, err)
		}
	}
	inW.Close()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// broken fails on every text.
type broken struct{}

func (broken) Name() string { return "broken" }
func (broken) Classify(context.Context, []classify.Text) ([]classify.Result, error) {
	return nil, errors.New("out of order")
}

func TestWhatEndsLines(t *testing.T) {
	in := strings.Repeat("{\"text\":\"x\"}\n", 500)
	if _, _, err := classify.Lines(context.Background(), broken{}, strings.NewReader(in), io.Discard); err == nil || !strings.Contains(err.Error(), "out of order") {
		t.Errorf("a broken engine: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, err := classify.Lines(ctx, rules.New(), strings.NewReader(in), io.Discard); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled context: %v", err)
	}
	r, w := io.Pipe()
	r.Close()
	if _, _, err := classify.Lines(context.Background(), rules.New(), strings.NewReader(in), w); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("a closed output: %v", err)
	}
}

func FuzzLines(f *testing.F) {
	f.Add([]byte("{\"id\":\"1\",\"text\":\"Spalę was\"}\n\nnull\n[]\n"))
	f.Add([]byte("{\"text\":\"\\u0000\\ud800\"}\r\n"))
	e := rules.New()
	f.Fuzz(func(t *testing.T, in []byte) {
		var b bytes.Buffer
		if _, _, err := classify.Lines(context.Background(), e, bytes.NewReader(in), &b); err != nil {
			t.Fatal(err)
		}
		want := 0
		for l := range bytes.Lines(in) {
			if len(bytes.TrimSpace(l)) > 0 {
				want++
			}
		}
		if got := bytes.Count(b.Bytes(), []byte("\n")); got != want {
			t.Fatalf("%d lines in, %d answers", want, got)
		}
	})
}
