package main

import (
	"context"
	"fmt"
	"os"

	"chop/internal/classify"
	"chop/internal/classify/builtin"
	"chop/internal/decision"
)

type classifyCmd struct {
	Brief bool `help:"Leave reasons out; faster."`
}

// Run labels the texts of standard input, one JSON object a line, and keeps going after a bad line.
func (c *classifyCmd) Run(ctx context.Context) error {
	e, err := builtin.New()
	if err != nil {
		return err
	}
	e.Brief = c.Brief
	bad, all, err := classify.Lines(ctx, e, os.Stdin, os.Stdout)
	if err == nil && bad > 0 {
		err = fmt.Errorf("%d of %d lines could not be read; each has an error in its place", bad, all)
	}
	return err
}

type adviseCmd struct {
	Lang string `help:"Language of the sentences." enum:"pl,en" default:"pl"`
}

// Run ranks the options of the cases of standard input.
func (c *adviseCmd) Run() error { return decision.Advise(os.Stdin, os.Stdout, c.Lang) }
