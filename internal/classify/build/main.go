// Command build fits the weights of the built-in engine and writes its lexicon.
//
//	go run ./internal/classify/build DATA        fit, measure by cross-validation, write model.bin and lexicon.txt
//	go run ./internal/classify/build -dry DATA   only measure
//	go run ./internal/classify/build -dry -scores FILE DATA   and write what cross-validation said of every text
//	go run ./internal/classify/build -held 'held_*.tsv'   measure the embedded weights on examples nothing learns from
//
// DATA is the folder of public sets (see docs/model.md); the examples of this repository are read from the working tree. The
// same data and the same kind of processor give the same bytes.
package main

import (
	"flag"
	"fmt"
	"os"

	"chop/internal/classify/builtin"
	"chop/internal/classify/linear"
)

func main() {
	dry := flag.Bool("dry", false, "only measure")
	folds := flag.Int("folds", 5, "parts of the cross-validation")
	only := flag.String("only", "", "heads to fit, comma-separated, the others stay as they are; all when empty")
	held := flag.String("held", "", "measure the embedded weights on these examples, e.g. 'held_*.tsv', and end")
	wrong := flag.Bool("wrong", false, "with -held: print the texts whose labels differ")
	scores := flag.String("scores", "", "write the chances of cross-validation, one text a line, to this file")
	rulesAlone := flag.Bool("rules", false, "with -held: measure the rules without the model")
	o := linear.Options{Heads: builtin.Heads(), Seed: 7, Ratio: true}
	flag.IntVar(&o.Epochs, "epochs", 6, "passes over the examples")
	flag.Float64Var(&o.Rate, "rate", 0.1, "first step")
	flag.Float64Var(&o.Decay, "decay", 0.001, "pull towards zero")
	flag.Parse()
	if *held != "" {
		if err := measureHeld(*held, *wrong, *rulesAlone); err != nil {
			fmt.Fprintln(os.Stderr, "build:", err)
			os.Exit(1)
		}
		return
	}
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: build [-dry] [-folds N] DATA")
		os.Exit(2)
	}
	if err := build(flag.Arg(0), o, *dry, *folds, *only, *scores); err != nil {
		fmt.Fprintln(os.Stderr, "build:", err)
		os.Exit(1)
	}
}
