package check

import (
	"fmt"
	"io"
	"strings"

	"chop/internal/dossier"
	"chop/internal/lang"
)

// maxShown is how many troubles a receipt for people lists.
const maxShown = 20

// Print writes the receipt for a person who knows nothing of hashes.
func (r Receipt) Print(w io.Writer, l lang.Tag) {
	fmt.Fprintln(w, l.T("check.title."+string(r.Kind), "Path", r.Path))
	if r.Firm != "" {
		fmt.Fprintln(w, l.T("check.of", "Code", r.Code, "Firm", r.Firm))
	}
	fmt.Fprintln(w)
	for _, code := range r.codes() {
		failed, of := r.tally(code)
		mark := "✓"
		if failed > 0 {
			mark = "✗"
		}
		fmt.Fprintf(w, "  %s %s", mark, l.T("check.line."+code))
		if of > 1 {
			fmt.Fprintf(w, " (%s)", l.T("check.tally", "Good", of-failed, "Of", of))
		}
		fmt.Fprintln(w)
	}
	r.troubles(w, l)
	fmt.Fprintln(w)
	if r.Holds {
		fmt.Fprintln(w, l.T("check.holds."+string(r.Kind)))
	} else {
		fmt.Fprintln(w, l.T("check.fails"))
	}
	r.remarks(w, l)
}

// codes are the kinds of answers in the order in which they came.
func (r Receipt) codes() (list []string) {
	seen := map[string]bool{}
	for _, x := range r.Lines {
		if !x.Note && !seen[x.Code] {
			seen[x.Code] = true
			list = append(list, x.Code)
		}
	}
	return list
}

func (r Receipt) tally(code string) (failed, of int) {
	for _, x := range r.Lines {
		if x.Code == code && !x.Note {
			of++
			if !x.Holds {
				failed++
			}
		}
	}
	return failed, of
}

func (r Receipt) troubles(w io.Writer, l lang.Tag) {
	bad := r.Failed()
	if len(bad) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s\n", l.T("check.troubles"))
	for i, x := range bad {
		if i == maxShown {
			fmt.Fprintf(w, "  … %s\n", l.T("check.more", "N", len(bad)-i))
			break
		}
		fmt.Fprintf(w, "  - %s", l.T("check.line."+x.Code))
		for _, s := range []string{x.About, x.Why} {
			if s != "" {
				fmt.Fprintf(w, ": %s", plain(s))
			}
		}
		fmt.Fprintln(w)
	}
}

// remarks is what a receipt that holds does not say by itself.
func (r Receipt) remarks(w io.Writer, l lang.Tag) {
	if r.Kind == Log {
		return
	}
	say := func(id string, kv ...any) { fmt.Fprintf(w, "  · %s\n", l.T(id, kv...)) }
	fmt.Fprintf(w, "\n%s\n", l.T("check.remarks"))
	if r.Seal != "" {
		say("check.remark.seal", "Name", plain(r.Signer), "Print", r.Seal)
	}
	if r.Key != "" {
		say("check.remark.key", "Key", r.Key)
	}
	switch r.StampSeal {
	case dossier.NoStamp:
		say("check.remark.no_stamp")
	case dossier.StampTest:
		say("check.remark.test_stamp")
	}
	if r.Repacked {
		say("check.remark.repacked")
	}
	say("check.remark.not")
}

// plain keeps a stranger's text from moving the cursor or breaking the line.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r >= 0x200b && r <= 0x200f || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return '\uFFFD'
		}
		return r
	}, s)
}
