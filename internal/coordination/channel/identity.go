package channel

import (
	"math/bits"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"chop/internal/polish"
)

const (
	birthWindow = 7 * 86400.0
	birthDraws  = 10_000
	fewMembers  = 3  // of whom something must be known
	fewOthers   = 30 // accounts below which the page tells nothing of what is usual
)

// creation asks whether more members were made within seven days than of as many accounts drawn from the page's others.
func (w *world) creation(group []int32) (Evidence, bool) {
	born := func(keep func(a int32) bool) (at []float64) {
		for i, a := range w.known {
			if a.Created > 0 && keep(int32(i)) {
				at = append(at, a.Created)
			}
		}
		return at
	}
	others := born(func(a int32) bool { return !w.grouped[a] })
	mine := born(func(a int32) bool { return slices.Contains(group, a) })
	e := Evidence{Channel: Creation, Of: len(mine), Others: len(others)}
	if len(mine)+len(others) == 0 {
		return e, false
	}
	if len(mine) < fewMembers || len(others) < max(fewOthers, len(mine)) {
		return e, true
	}
	e.Tested = true
	e.Count, e.From, e.To = densest(mine)
	for _, a := range group {
		if c := w.known[a].Created; c >= e.From && c <= e.To {
			e.Accounts = append(e.Accounts, w.known[a].ID)
		}
	}
	slices.Sort(e.Accounts)
	rng := rand.New(rand.NewPCG(7, uint64(len(mine))))
	reached, sum, drawn := 0, 0, make([]float64, len(mine))
	for range birthDraws {
		for i := range drawn {
			j := i + rng.IntN(len(others)-i)
			others[i], others[j] = others[j], others[i]
			drawn[i] = others[i]
		}
		k, _, _ := densest(drawn)
		sum += k
		if k >= e.Count {
			reached++
		}
	}
	e.P, e.Expected = float64(1+reached)/float64(birthDraws+1), float64(sum)/birthDraws
	return e, true
}

// densest is the largest number of times within seven days, and when. It sorts its input.
func densest(at []float64) (most int, from, to float64) {
	slices.Sort(at)
	lo := 0
	for hi := range at {
		for at[hi]-at[lo] > birthWindow {
			lo++
		}
		if n := hi - lo + 1; n > most {
			most, from, to = n, at[lo], at[hi]
		}
	}
	return most, from, to
}

// handles looks for the pattern of names that members share most beyond what is usual for the page.
func (w *world) handles(group []int32) (Evidence, bool) {
	return w.marks(Handle, group, fewMembers, func(a Account) []string { return patterns(a.Handle) })
}

// avatars looks for the same picture.
func (w *world) avatars(group []int32) (Evidence, bool) {
	alike := w.pictures(group)
	return w.marks(Avatar, group, 2, func(a Account) []string {
		if a.Avatar == "" {
			return nil
		}
		return []string{alike(a.Avatar)}
	})
}

// marks tests every mark of any member: is it had by more of them than of as many accounts drawn from the page
// (hypergeometric)? The chance is multiplied by the number of marks that were tried.
func (w *world) marks(name Name, group []int32, least int, of func(Account) []string) (Evidence, bool) {
	mine, all, known := map[string][]int32{}, map[string]int{}, 0
	e := Evidence{Channel: name}
	for _, a := range group {
		list := of(w.known[a])
		if len(list) > 0 {
			e.Of++
		}
		for _, m := range list {
			mine[m] = append(mine[m], a)
		}
	}
	for i, a := range w.known {
		list := of(a)
		if len(list) == 0 || w.grouped[i] && !slices.Contains(group, int32(i)) {
			continue
		}
		known++
		for _, m := range list {
			all[m]++
		}
	}
	e.Others = known - e.Of
	if known == 0 {
		return e, false
	}
	if e.Of < max(least, 2) || e.Others < fewOthers {
		return e, true
	}
	e.Tested, e.P = true, 1
	for m, list := range mine {
		if len(list) < least {
			continue
		}
		p := min(1, float64(len(mine))*hypergeometric(len(list), e.Of, all[m], known))
		// of marks that are as rare the one with most members, then the more telling: a stem before a form
		if p < e.P || p == e.P && p < 1 && (len(list) > e.Count || len(list) == e.Count && m > e.Same) {
			e.P, e.Same, e.Count, e.Accounts = p, m, len(list), w.names(list)
			e.Expected = float64(e.Of) * float64(all[m]) / float64(known)
		}
	}
	return e, true
}

const fewStem = 4

// patterns are what handles made in a row have in common: "stem:" the letters without digits at the end, "start:" the first
// five letters, "digits:" three or more digits at the end, "form:" where letters and digits stand.
func patterns(handle string) (list []string) {
	h := polish.Fold(strings.TrimPrefix(strings.TrimSpace(handle), "@"))
	if h == "" || len(h) > 200 {
		return nil
	}
	stem := strings.TrimRight(h, "0123456789")
	if digits := h[len(stem):]; len(digits) >= 3 {
		list = append(list, "digits:"+digits)
	}
	letters := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) {
			return r
		}
		return -1
	}, stem)
	if len(letters) >= fewStem {
		list = append(list, "stem:"+letters)
		if r := []rune(letters); len(r) > 5 {
			list = append(list, "start:"+string(r[:5]))
		}
	}
	return append(list, "form:"+form(h))
}

// form writes letters as "a" and digits as "9"; the rest stays.
func form(h string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsDigit(r):
			return '9'
		case unicode.IsLetter(r):
			return 'a'
		}
		return r
	}, h)
}

const samePicture = 4 // bits of 64 in which hashes of one picture differ when it was saved anew

// pictures gives every hash the one of the group's that it is alike to: the same, or, for hashes of 64 bits in hexadecimal,
// at most four bits apart, as perceptual hashes of one picture are.
func (w *world) pictures(group []int32) func(string) string {
	var list []string
	for _, a := range group {
		if h := w.known[a].Avatar; h != "" && !slices.Contains(list, h) {
			list = append(list, h)
		}
	}
	slices.Sort(list)
	return func(h string) string {
		if slices.Contains(list, h) && len(h) != 16 {
			return h
		}
		x, err := strconv.ParseUint(h, 16, 64)
		if err != nil || len(h) != 16 {
			return h
		}
		for _, m := range list {
			if y, err := strconv.ParseUint(m, 16, 64); err == nil && len(m) == 16 && bits.OnesCount64(x^y) <= samePicture {
				return m
			}
		}
		return h
	}
}
