package channel

import (
	"slices"
	"strings"

	"chop/internal/coordination/wording"
)

const (
	phraseWords = 4
	fewPhrase   = 3 // members that must share a phrase
	quoted      = 12
)

func (w *world) readTexts(ownTexts []string) {
	own := wording.OwnOf(ownTexts)
	w.docs = make([]wording.Doc, len(w.said))
	any := false
	for i, s := range w.said {
		if s.Text != "" {
			w.docs[i], any = wording.Read(s.Text, own), true
		}
	}
	if !any {
		return
	}
	class, near := wording.Classes(w.docs)
	w.texts = newShared(len(w.known), int(slices.Max(class))+1)
	for i, c := range class {
		if c >= 0 {
			w.texts.add(w.who[i], c, i)
		}
	}
	w.texts.settle(near, w.grouped, 0)
	w.readPhrases(ownTexts)
}

// readPhrases keeps each text of an account once, and the phrases that are the firm's.
func (w *world) readPhrases(ownTexts []string) {
	w.ownPhrase = map[uint64]bool{}
	for _, t := range ownTexts {
		for _, p := range wording.Read(t, nil).Phrases(phraseWords) {
			w.ownPhrase[p] = true
		}
	}
	seen := map[own]bool{}
	first := map[string]int32{}
	for i, d := range w.docs {
		if len(d.Words) < phraseWords {
			continue
		}
		text := strings.Join(d.Words, " ")
		if _, known := first[text]; !known {
			first[text] = int32(i)
		}
		if k := (own{w.who[i], first[text]}); !seen[k] {
			seen[k] = true
			w.phrased = append(w.phrased, int32(i))
		}
	}
}

// samePhrase looks for the phrase of four words that members share most beyond chance. Its null draws as many texts as the
// group wrote from all texts of the page (hypergeometric); an account counts once, however often it repeats itself; every
// phrase that a member used was tried, so the chance is multiplied by their number.
func (w *world) samePhrase(group []int32) (Evidence, bool) {
	if w.texts == nil {
		return Evidence{}, false
	}
	e := Evidence{Channel: Phrase}
	users, texts := w.phrasesOf(group)
	writers := map[int32]bool{}
	for _, list := range users {
		for _, a := range list {
			writers[a] = true
		}
	}
	if e.Of = len(writers); e.Of < fewPhrase {
		return e, true
	}
	outside := map[uint64]map[int32]bool{}
	for p, list := range users {
		if len(list) >= fewPhrase {
			outside[p] = map[int32]bool{}
		}
	}
	var others int
	others, e.Others = w.usersOutside(outside)
	e.Tested, e.P = true, 1
	var best uint64
	for p := range outside {
		k := len(users[p])
		x := min(1, float64(len(users))*hypergeometric(k, texts, k+len(outside[p]), texts+others))
		if x < e.P || x == e.P && x < 1 && p < best {
			e.P, best = x, p
			e.Count, e.Expected = k, float64(texts)*float64(k+len(outside[p]))/float64(texts+others)
		}
	}
	if e.Count > 0 {
		e.Accounts, e.Same = w.names(users[best]), w.phrase(best)
	}
	return e, true
}

// phrasesOf are the members behind each phrase of a group and the number of its texts.
func (w *world) phrasesOf(group []int32) (users map[uint64][]int32, texts int) {
	users = map[uint64][]int32{}
	for _, i := range w.phrased {
		if !slices.Contains(group, w.who[i]) {
			continue
		}
		texts++
		for _, p := range w.docs[i].Phrases(phraseWords) {
			if list := users[p]; !w.ownPhrase[p] && (len(list) == 0 || list[len(list)-1] != w.who[i]) {
				users[p] = append(list, w.who[i])
			}
		}
	}
	return users, texts
}

// usersOutside fills in who outside all groups uses the phrases, and counts the texts and writers there.
func (w *world) usersOutside(of map[uint64]map[int32]bool) (texts, writers int) {
	last := int32(-1)
	for _, i := range w.phrased {
		a := w.who[i]
		if w.grouped[a] {
			continue
		}
		texts++
		if a != last {
			writers, last = writers+1, a
		}
		for _, p := range w.docs[i].Phrases(phraseWords) {
			if users, asked := of[p]; asked {
				users[a] = true
			}
		}
	}
	return texts, writers
}

// phrase is the words behind a hash.
func (w *world) phrase(hash uint64) string {
	for _, i := range w.phrased {
		if at := slices.Index(w.docs[i].Phrases(phraseWords), hash); at >= 0 {
			return quote(w.docs[i].Words[at : at+phraseWords])
		}
	}
	return ""
}

func (w *world) readLinks(ownTexts []string) {
	mine := map[string]bool{}
	for _, t := range ownTexts {
		for _, l := range wording.Links(t) {
			mine[l] = true
		}
	}
	number, has := map[string]int32{}, make([][]int32, len(w.said))
	var called []string
	for i, s := range w.said {
		list := wording.Links(s.Text)
		for _, l := range s.Links {
			list = append(list, wording.Canonical(l))
		}
		for _, l := range list {
			if l == "" || mine[l] {
				continue
			}
			n, known := number[l]
			if !known {
				n = int32(len(number))
				number[l], called = n, append(called, l)
			}
			has[i] = append(has[i], n)
		}
	}
	if len(number) == 0 {
		return
	}
	w.links = newShared(len(w.known), len(number))
	w.links.called = called
	for i, list := range has {
		for _, t := range list {
			w.links.add(w.who[i], t, i)
		}
	}
	w.links.settle(nil, w.grouped, 1)
}

// sameTexts asks how many members are joined by nearly the same texts, where other accounts of the page seldom are.
func (w *world) sameTexts(group []int32) (Evidence, bool) {
	if w.texts == nil {
		return Evidence{}, false
	}
	return w.evidence(Text, w.texts, group, func(t int32) string {
		return quote(strings.Fields(w.said[w.texts.at[own{w.texts.of[t][0], t}]].Text))
	}), true
}

// sameLinks asks the same of addresses.
func (w *world) sameLinks(group []int32) (Evidence, bool) {
	if w.links == nil {
		return Evidence{}, false
	}
	return w.evidence(Link, w.links, group, func(t int32) string { return w.links.called[t] }), true
}

func quote(words []string) string {
	if len(words) > quoted {
		return strings.Join(words[:quoted], " ") + " …"
	}
	return strings.Join(words, " ")
}
