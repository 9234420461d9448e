package builtin

import (
	"math"
	"strconv"
	"strings"

	"chop/internal/classify"
	"chop/internal/classify/linear"
	"chop/internal/classify/rules"
	"chop/internal/polish"
)

// Names numbers the named features. A learning set grows with every name it meets; a model's own set is closed.
type Names struct {
	ids    map[string]uint16
	counts []int
	open   bool
}

// Learning returns an open set.
func Learning() *Names { return &Names{ids: map[string]uint16{}, open: true} }

// Closed returns the set of a fitted model.
func Closed(names []string) *Names {
	n := &Names{ids: make(map[string]uint16, len(names))}
	for i, s := range names {
		n.ids[s] = uint16(i)
	}
	return n
}

func (n *Names) id(name string) (uint16, bool) {
	id, ok := n.ids[name]
	if !ok && n.open && len(n.counts) < math.MaxUint16 {
		id, ok = uint16(len(n.counts)), true
		n.ids[name] = id
		n.counts = append(n.counts, 0)
	}
	if ok && n.open {
		n.counts[id]++
	}
	return id, ok
}

// Seen returns the names met at least so often.
func (n *Names) Seen(least int) []string {
	var out []string
	for name, id := range n.ids {
		if n.counts[id] >= least {
			out = append(out, name)
		}
	}
	return out
}

// extractor makes the row of one text. It is the working memory of one goroutine.
type extractor struct {
	names                *Names
	named                []linear.Named
	words, chars, places linear.Grams
	scenes               linear.Grams
	scene                scene
	owners, inside       []int32 // for explanations: the word each gram of words and chars came from
	keep                 bool    // whether to note them
	groups               [4]linear.Grams
}

// Kinds of grams start with different seeds so that "nie" as a word and "nie" as three letters differ.
const (
	seedWord uint32 = 2166136261 + 97*iota
	seedLemma
	seedPair
	seedLemmaPair
	seedDenied
	seedChars
	seedPlace
	seedSkip
	seedField
	seedScene
)

const prime = 16777619 // FNV-1a

func hash(h uint32, s string) uint32 {
	for i := 0; i < len(s); i++ {
		h = (h ^ uint32(s[i])) * prime
	}
	return h
}

// row reads what the rules found in a text into features. The row is valid until the next call.
func (x *extractor) row(f *rules.Finding, t *classify.Text) linear.Row {
	x.named, x.words, x.chars, x.places, x.scenes = x.named[:0], x.words[:0], x.chars[:0], x.places[:0], x.scenes[:0]
	x.evidence(f)
	x.shape(f, t)
	x.text(f.Words())
	x.meanings(f.Words())
	x.thread(f.Words(), t)
	x.groups = [4]linear.Grams{x.words, x.chars, x.places, x.scenes}
	return linear.Row{Named: x.named, Grams: x.groups[:]}
}

func (x *extractor) name(name string, value float32) {
	if id, ok := x.names.id(name); ok {
		x.named = append(x.named, linear.Named{ID: id, Value: value})
	}
}

// evidence takes what the rules said: every rule by name, and their total for a label.
func (x *extractor) evidence(f *rules.Finding) {
	f.Evidence(func(rule string, weight float64) { x.name(rule, float32(weight)) })
	for _, l := range classify.Labels {
		if s := f.Score(l); s > 0 {
			x.name("rules:"+string(l), float32(s))
			if s >= 0.5 {
				x.name("given:"+string(l), 1)
			}
		}
	}
}

// shape takes length, marks, stars and the words whose colour is known from lexicons.
func (x *extractor) shape(f *rules.Finding, t *classify.Text) {
	words := f.Words()
	c := colours(words)
	x.name("lexicon:cold", squash(c.cold))
	x.name("lexicon:warm", squash(c.warm))
	x.name("lexicon:vulgar", squash(c.vulgar))
	x.name("emoji:cold", squash(c.emojiCold))
	x.name("emoji:warm", squash(c.emojiWarm))
	x.name("length:"+strconv.Itoa(min(bitlen(c.words), 8)), 1)
	if c.emoji > 0 && c.words == 0 {
		x.name("emoji:only", 1)
	}
	if f.Laughs() > 0 {
		x.name("laughs", squash(float64(f.Laughs())))
		if c.words <= 1 {
			x.name("laughs:only", 1)
		}
	}
	if len(words) > 0 {
		asks := 0
		last := words[len(words)-1].Sentence
		for s := 0; s <= last; s++ {
			if f.Asks(s) {
				asks++
			}
		}
		if asks > 0 {
			x.name("asks", squash(float64(asks)))
			if f.Asks(last) {
				x.name("asks:last", 1)
			}
		}
	}
	if strings.IndexByte(t.Text, '!') >= 0 {
		x.name("exclaims", squash(float64(strings.Count(t.Text, "!"))))
	}
	if t.Rating > 0 {
		x.name("stars:"+strconv.Itoa(t.Rating), 1)
	}
	x.name("lang:"+f.Lang(), 1)
	x.private(words)
}

// private takes the shapes of what tells where somebody lives or who they are: "Lipowej 7", "Anna K.", a number plate.
func (x *extractor) private(ws []rules.Word) {
	b := fields()
	for i := range ws {
		w := &ws[i]
		if w.Kind != polish.Word {
			continue
		}
		next := i+1 < len(ws) && ws[i+1].Sentence == w.Sentence
		named := false
		b.of(w, func(id uint8) { named = named || b.names[id] == "first_name" })
		switch {
		case next && rules.Street(w.Fold) && ws[i+1].Kind == polish.Number && len(ws[i+1].Fold) <= 3:
			x.name("shape:street", 1)
		case named && i+1 < len(ws) && len(ws[i+1].Fold) == 1 && ws[i+1].Kind == polish.Word:
			x.name("shape:initial", 1)
		case named && next && ws[i+1].Kind == polish.Word && !polish.Known(ws[i+1].Fold):
			x.name("shape:surname", 1)
		case len(w.Fold) >= 2 && len(w.Fold) <= 3 && next && plate(ws[i+1].Fold):
			x.name("shape:plate", 1)
		}
	}
}

// plate tells whether a word can be the second half of a Polish number plate: four or five signs, digits among them.
func plate(f string) bool {
	return len(f) >= 4 && len(f) <= 5 && strings.ContainsAny(f, "0123456789") && strings.Trim(f, "0123456789abcdefghijklmnopqrstuvwxyz") == ""
}

// squash keeps counts in [0, 1): 1 is 0.5, 3 is 0.75.
func squash(n float64) float32 { return float32(n / (n + 1)) }

func bitlen(n int) int {
	b := 0
	for ; n > 0; n >>= 1 {
		b++
	}
	return b
}

// text takes words, their dictionary forms, neighbours, what is denied, and the letters inside words.
func (x *extractor) text(ws []rules.Word) {
	var prev, prevLemma, beforeLemma uint32
	denied := 0
	for i := range ws {
		w := &ws[i]
		name, lemma := w.Fold, w.Fold
		switch w.Kind {
		case polish.Link:
			name, lemma = "<link>", "<link>"
		case polish.Mail:
			name, lemma = "<mail>", "<mail>"
		case polish.Handle:
			name, lemma = "<handle>", "<handle>"
		case polish.Number:
			name = "<number" + strconv.Itoa(min(len(w.Fold), 12)) + ">"
			lemma = "<number>"
		case polish.Word:
			if len(w.Lemmas) > 0 {
				lemma = w.Lemmas[0]
			}
		}
		h, l := hash(seedWord, name), hash(seedLemma, lemma)
		x.word(h, i)
		x.word(l, i)
		for k := 1; k < len(w.Lemmas) && k < 3; k++ {
			x.word(hash(seedLemma, w.Lemmas[k]), i)
		}
		x.word(hash(seedPair^prev, name), i)
		x.word(hash(seedLemmaPair^prevLemma, lemma), i)
		if beforeLemma != 0 {
			x.word(hash(seedSkip^beforeLemma, lemma), i)
		}
		if denied > 0 {
			x.word(hash(seedDenied, lemma), i)
			denied--
		}
		if denier[w.Fold] {
			denied = 3
		}
		if w.Kind == polish.Word {
			x.letters(w.Fold, i)
		}
		beforeLemma, prevLemma, prev = prevLemma, l, h
	}
	x.word(hash(seedPair^prev, "$"), len(ws)-1)
}

var denier = map[string]bool{"nie": true, "bez": true, "ani": true, "nigdy": true, "zaden": true, "zadnych": true, "zero": true,
	"not": true, "no": true, "never": true, "dont": true, "without": true, "didnt": true, "isnt": true, "wasnt": true}

func (x *extractor) word(h uint32, owner int) {
	x.words = append(x.words, linear.Bucket(h))
	if x.keep {
		x.owners = append(x.owners, int32(owner))
	}
}

// letters takes every run of two to five letters of a word with its edges.
func (x *extractor) letters(w string, owner int) {
	const longest = 40
	if len(w) > longest {
		w = w[:longest]
	}
	n := len(w) + 2
	at := func(i int) byte {
		if i == 0 || i == n-1 {
			return '_'
		}
		return w[i-1]
	}
	for i := 0; i < n-1; i++ {
		h := (seedChars ^ uint32(at(i))) * prime
		for k := i + 1; k < n && k < i+5; k++ {
			h = (h ^ uint32(at(k))) * prime
			x.chars = append(x.chars, linear.Bucket(h))
			if x.keep {
				x.inside = append(x.inside, int32(owner))
			}
		}
	}
}

// thread takes what the place of a text says: a short reply means something else under a question than under a joke.
func (x *extractor) thread(ws []rules.Word, t *classify.Text) {
	reply := t.Parent != "" || len(t.ParentLabels) > 0
	if !reply && ordinary(t.Post) {
		x.name("place:alone", 1)
		return
	}
	short := len(ws) <= 8
	place := func(p string) {
		x.name("place:"+p, 1)
		if !short {
			return
		}
		x.name("short:"+p, 1)
		h := hash(seedPlace, p)
		for i := range ws {
			name := ws[i].Fold
			if ws[i].Kind == polish.Word && len(ws[i].Lemmas) > 0 {
				name = ws[i].Lemmas[0]
			}
			x.places = append(x.places, linear.Bucket(hash(h, name)))
		}
	}
	for _, l := range t.ParentLabels {
		place(string(l))
	}
	if reply {
		place("reply")
	}
	if strings.IndexByte(t.Parent, '?') >= 0 {
		place("under?")
	}
	if t.Post != "" {
		for _, k := range postKinds(t.Post) {
			place("post:" + k)
		}
	}
}

// Onto numbers the names of the set by their place in keep; -1 for those not in it.
func (n *Names) Onto(keep []string) []int {
	at := make(map[string]int, len(keep))
	for i, k := range keep {
		at[k] = i
	}
	out := make([]int, len(n.counts))
	for name, id := range n.ids {
		out[id] = -1
		if i, ok := at[name]; ok {
			out[id] = i
		}
	}
	return out
}
