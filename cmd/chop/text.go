package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"chop/internal/classify"
	"chop/internal/classify/rules"
	"chop/internal/decision"
)

type classifyCmd struct{}

// Run labels the texts of standard input, one JSON object a line, and keeps going after a bad line.
func (c *classifyCmd) Run(ctx context.Context) error {
	return classifyLines(ctx, rules.New(), os.Stdin, os.Stdout, os.Stderr)
}

// maxLine is the longest line of input, in bytes.
const maxLine = 1 << 20

func classifyLines(ctx context.Context, e classify.Engine, in io.Reader, out, complain io.Writer) error {
	sc := bufio.NewScanner(in)
	sc.Buffer(make([]byte, 64<<10), maxLine)
	w := bufio.NewWriter(out)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	bad, n := 0, 0
	for sc.Scan() {
		n++
		if len(sc.Bytes()) == 0 {
			continue
		}
		var t classify.Text
		if err := json.Unmarshal(sc.Bytes(), &t); err != nil {
			bad++
			fmt.Fprintf(complain, "chop: line %d is not a JSON object with a text: %v\n", n, err)
			continue
		}
		rs, err := e.Classify(ctx, []classify.Text{t})
		if err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
		rs[0].ID = t.ID
		if err := enc.Encode(rs[0]); err != nil {
			return err
		}
	}
	err := errors.Join(sc.Err(), w.Flush())
	if errors.Is(err, bufio.ErrTooLong) {
		return fmt.Errorf("line %d is longer than %d bytes; split the text", n+1, maxLine)
	}
	if err == nil && bad > 0 {
		err = fmt.Errorf("%d of %d lines could not be read", bad, n)
	}
	return err
}

type adviseCmd struct {
	Lang string `help:"Language of the sentences." enum:"pl,en" default:"pl"`
}

// Run ranks the options of the cases of standard input.
func (c *adviseCmd) Run() error { return decision.Advise(os.Stdin, os.Stdout, c.Lang) }
