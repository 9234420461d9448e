package bag

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
)

// Codes of what a check finds.
const (
	Unreadable = "unreadable" // a file of the bag cannot be read or does not have its form
	Changed    = "changed"    // a file is not what its manifest says
	Missing    = "missing"    // a manifest names a file that is not there
	Extra      = "extra"      // a file is there that no manifest names
	Amount     = "amount"     // the payload is not as much as the bag says
)

// Problem is one thing that does not hold.
type Problem struct {
	Code string
	Path string
	Why  string // for a log; empty when the code says it all
}

// Report is what a check found.
type Report struct {
	Problems []Problem
	Info     map[string]string // bag-info.txt
	Sums     map[string]string // SHA-256 of every file, as computed
	Bytes    int64             // read
}

// Holds tells whether nothing was found.
func (r Report) Holds() bool { return len(r.Problems) == 0 }

func (r *Report) add(code, path string, err error) {
	p := Problem{Code: code, Path: path}
	if err != nil {
		p.Why = err.Error()
	}
	r.Problems = append(r.Problems, p)
}

// Check recomputes every sum and looks for files too many or too few. loose names the files that no manifest has to
// name: the seals over the tag manifest. An error is about reading the disk, not about what was found.
func Check(s *Source, loose func(path string) bool) Report {
	r := Report{Sums: map[string]string{}}
	sizes := map[string]int64{}
	for _, name := range s.Names {
		sum, n, err := hash(s, name)
		if err != nil {
			r.add(Unreadable, name, err)
			continue
		}
		r.Sums[name], sizes[name] = sum, n
		r.Bytes += n
	}
	if raw, err := s.Read(Declaration); err != nil || string(raw) != declaration {
		r.add(Unreadable, Declaration, err)
	}
	payload := r.manifest(s, Manifest)
	tags := r.manifest(s, TagManifest)
	for _, name := range s.Names {
		in := tags
		if strings.HasPrefix(name, Payload) {
			in = payload
		}
		if _, named := in[name]; !named && name != TagManifest && !loose(name) {
			r.add(Extra, name, nil)
		}
	}
	r.amount(s, sizes)
	return r
}

func hash(s *Source, name string) (string, int64, error) {
	f, err := s.open(name)
	if err != nil {
		return "", 0, err
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, io.LimitReader(f, maxFile+1))
	if err == nil && n > maxFile {
		err = fmt.Errorf("%s is too large", name)
	}
	return hex.EncodeToString(h.Sum(nil)), n, err
}

// manifest holds what it names against what is there. The payload's manifest names payload only, the other tag files.
func (r *Report) manifest(s *Source, name string) map[string]string {
	raw, err := s.Read(name)
	if err != nil {
		r.add(Missing, name, err)
		return nil
	}
	sums, err := readManifest(raw)
	if err != nil {
		r.add(Unreadable, name, err)
	}
	for _, path := range sorted(sums) {
		got, there := r.Sums[path]
		switch {
		case strings.HasPrefix(path, Payload) != (name == Manifest):
			r.add(Unreadable, name, fmt.Errorf("it names %s", path))
		case !there && !s.Has(path):
			r.add(Missing, path, nil)
		case there && got != sums[path]:
			r.add(Changed, path, nil)
		}
	}
	return sums
}

func (r *Report) amount(s *Source, sizes map[string]int64) {
	raw, err := s.Read(Info)
	if err != nil {
		r.add(Missing, Info, err)
		return
	}
	if r.Info, err = readInfo(raw); err != nil {
		r.add(Unreadable, Info, err)
		return
	}
	octets, files, err := readOxum(r.Info["Payload-Oxum"])
	if err != nil {
		r.add(Unreadable, Info, err)
		return
	}
	var n int64
	var have int
	for name, size := range sizes {
		if strings.HasPrefix(name, Payload) {
			n += size
			have++
		}
	}
	if n != octets || have != files {
		r.add(Amount, Info, fmt.Errorf("%d bytes in %d files, not %d in %d", n, have, octets, files))
	}
}
