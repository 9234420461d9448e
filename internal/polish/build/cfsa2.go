package main

import (
	"bytes"
	"errors"
	"fmt"
)

// automaton reads a dictionary in the CFSA2 format: arcs of one flag byte with a label index, an optional explicit
// label and an optional variable-length target.
type automaton struct {
	labels []byte
	arcs   []byte
}

const (
	bitNext   = 1 << 7 // the target follows the last arc of this state
	bitLast   = 1 << 6
	bitFinal  = 1 << 5
	labelMask = 31

	flagNumbers = 1 << 8 // states carry counts, which this reader does not expect
)

func open(raw []byte) (*automaton, error) {
	if len(raw) < 8 || !bytes.HasPrefix(raw, []byte("\\fsa\xc6")) {
		return nil, errors.New("not a CFSA2 automaton")
	}
	if flags := int(raw[5])<<8 | int(raw[6]); flags&flagNumbers != 0 {
		return nil, fmt.Errorf("automaton with flags %#x cannot be read", flags)
	}
	n := int(raw[7])
	if len(raw) < 8+n {
		return nil, errors.New("automaton is cut short")
	}
	return &automaton{labels: raw[8 : 8+n], arcs: raw[8+n:]}, nil
}

// each calls f with every byte sequence the automaton accepts; f must not keep the slice.
func (a *automaton) each(f func(entry []byte) error) error {
	return a.walk(a.target(0), nil, f)
}

func (a *automaton) walk(arc int, prefix []byte, f func([]byte) error) error {
	for {
		flag := a.arcs[arc]
		word := append(prefix, a.label(arc))
		if flag&bitFinal != 0 {
			if err := f(word); err != nil {
				return err
			}
		}
		if next := a.target(arc); next != 0 {
			if err := a.walk(next, word, f); err != nil {
				return err
			}
		}
		if flag&bitLast != 0 {
			return nil
		}
		arc = a.skip(arc)
	}
}

func (a *automaton) label(arc int) byte {
	if i := a.arcs[arc] & labelMask; i > 0 {
		return a.labels[i]
	}
	return a.arcs[arc+1]
}

func (a *automaton) target(arc int) int {
	if a.arcs[arc]&bitNext != 0 {
		for a.arcs[arc]&bitLast == 0 {
			arc = a.skip(arc)
		}
		return a.skip(arc)
	}
	at := arc + 1
	if a.arcs[arc]&labelMask == 0 {
		at++
	}
	v, shift := 0, 0
	for {
		b := a.arcs[at]
		v |= int(b&0x7f) << shift
		if b < 0x80 {
			return v
		}
		at, shift = at+1, shift+7
	}
}

func (a *automaton) skip(arc int) int {
	flag := a.arcs[arc]
	arc++
	if flag&labelMask == 0 {
		arc++
	}
	if flag&bitNext == 0 {
		for a.arcs[arc] >= 0x80 {
			arc++
		}
		arc++
	}
	return arc
}
