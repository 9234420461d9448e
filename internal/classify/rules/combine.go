package rules

import (
	"slices"
	"strings"

	"chop/internal/classify"
	"chop/internal/polish"
)

// ground is one consideration for a label.
type ground struct {
	rule     string
	weight   float64
	from, to int // bytes; from == to when it is about the whole text
	word     string
}

// Finding is what the rules know about one text.
type Finding struct {
	engine *Engine
	page   *page
	text   classify.Text
	hits   []hit
	hints  map[string][]*hit
	labels map[classify.Label][]ground
	buyer  bool
}

// dispute finds what speaks against hits: guards in their sentence, denial before them, quotation around them.
func (f *Finding) dispute() {
	for i := range f.hits {
		g := &f.hits[i]
		if g.label != "guard" {
			continue
		}
		for k := range f.hits {
			h := &f.hits[k]
			if h.label != "guard" && f.sentence(h) == f.sentence(g) && slices.Contains(g.guards, h.label) {
				h.against = g.rule
			}
		}
	}
	for i := range f.hits {
		h := &f.hits[i]
		switch {
		case h.label == "guard" || h.against != "":
		case f.deniable(h) && f.page.negated(h.from):
			h.against = "against.negated"
		case personal[h.label] && f.page.words[h.from].Quoted && f.quotesOthers(h):
			h.against = "against.quoted"
		}
	}
}

func (f *Finding) sentence(h *hit) int { return f.page.words[h.from].Sentence }

// hostile are the labels that "not" turns around.
var hostile = map[string]bool{"insult": true, "threat": true, "hate": true, "extortion": true, "boycott": true, "trolling": true,
	"discouragement": true}

// personal are the labels that a quotation does not carry over to who quotes.
var personal = map[string]bool{"insult": true, "threat": true, "hate": true}

// deniable tells whether "not" before the hit turns it around. Hints of failure carry their own "not".
func (f *Finding) deniable(h *hit) bool {
	if h.label == "hint" {
		return h.rule == "neg" || h.rule == "fail"
	}
	return hostile[h.label] || h.label == "praise" || h.label == "claim" || h.label == "health_safety"
}

// quotesOthers tells whether there is text of the author's own around the quotation; one quoted word alone may be
// meant by the author.
func (f *Finding) quotesOthers(h *hit) bool {
	own, quoted := 0, 0
	for i := range f.page.words {
		if f.page.words[i].Quoted {
			quoted++
		} else {
			own++
		}
	}
	return own >= 3 && quoted >= 2
}

// gather sorts the standing hits into labels and hints. A denied praise is a judgement.
func (f *Finding) gather() {
	for i := range f.hits {
		h := &f.hits[i]
		switch {
		case h.label == "guard":
		case h.label == "praise" && h.against == "against.negated":
			f.hints["neg"] = append(f.hints["neg"], h)
		case h.against != "":
		case h.label == "hint":
			f.hints[h.rule] = append(f.hints[h.rule], h)
		default:
			f.add(classify.Label(h.label), h.rule, h.weight, h)
		}
	}
	if f.page.lang != "en" {
		f.ownVerbs()
	}
}

// ownVerbs takes past tenses of the first person ("czekałam", "kupiliśmy") as own experience.
func (f *Finding) ownVerbs() {
	for i := range f.page.words {
		w := &f.page.words[i]
		if !endsIn(w.Fold, "lem", "lam", "lismy", "lysmy") {
			continue
		}
		if slices.ContainsFunc(w.Lemmas, func(l string) bool { return strings.HasSuffix(l, "c") && l != w.Fold }) {
			f.hints["own"] = append(f.hints["own"], &hit{pattern: &pattern{rule: "own"}, from: i, to: i + 1})
		}
	}
}

func endsIn(s string, ends ...string) bool {
	return slices.ContainsFunc(ends, func(e string) bool { return strings.HasSuffix(s, e) && len(s) > len(e) })
}

// add puts a ground for the label; h nil means the whole text.
func (f *Finding) add(l classify.Label, rule string, weight float64, h *hit) {
	g := ground{rule: rule, weight: weight}
	if h != nil {
		g.from, g.to = f.page.words[h.from].From, f.page.words[h.to-1].To
		g.word = short(f.page.text[g.from:g.to])
	}
	if n := len(f.labels[l]); n < 6 {
		f.labels[l] = append(f.labels[l], g)
	}
}

// hint adds the first hit of a hint as a ground.
func (f *Finding) hint(l classify.Label, name, rule string, weight float64) {
	if hs := f.hints[name]; len(hs) > 0 {
		f.add(l, rule, weight, hs[0])
	}
}

func short(s string) string {
	const most = 60
	n := 0
	for i := range s {
		if n++; n > most {
			return s[:i] + "…"
		}
	}
	return s
}

func (f *Finding) has(l classify.Label) bool { return score(f.labels[l]) >= bar }

func (f *Finding) drop(ls ...classify.Label) {
	for _, l := range ls {
		delete(f.labels, l)
	}
}

// combine puts evidence together that is weak alone, and settles what excludes what.
func (f *Finding) combine() {
	f.spam()
	f.complaint()
	f.opinion()
	f.blackmail()
	f.question()
	f.mockery()
	f.praise()
	f.settle()
}

// complaint: something failed, and the author tells it as their own; stars say how it is meant.
func (f *Finding) complaint() {
	fails := f.hints["fail"]
	if f.text.Rating >= 4 && len(fails) < 3 {
		return // a blemish in a warm review
	}
	low := f.text.Rating == 1 || f.text.Rating == 2
	for i, h := range fails {
		w := 0.5
		if f.page.asks[f.sentence(h)] && len(f.hints["own"]) == 0 {
			w = 0.2
		}
		if i < 3 {
			f.add(classify.Complaint, "complaint.failure", w, h)
		}
	}
	if len(fails) > 0 || low && len(f.hints["neg"]) > 0 {
		f.hint(classify.Complaint, "own", "complaint.own", 0.35)
		if low {
			f.add(classify.Complaint, "complaint.stars", 0.25, nil)
		}
	}
	if len(f.hints["own"]) > 0 && len(f.hints["neg"]) > 0 && f.page.letters > 5 {
		f.hint(classify.Complaint, "neg", "complaint.failure", 0.3)
	}
	if f.has(classify.HealthSafety) && len(f.hints["own"]) > 0 {
		f.hint(classify.Complaint, "own", "complaint.own", 0.6)
	}
}

// opinion: judgements. Beside a complaint they are part of it unless they judge price or taste.
func (f *Finding) opinion() {
	w := 0.55
	if f.has(classify.Complaint) || f.text.Rating >= 4 {
		w = 0.3
	}
	for i, h := range f.hints["neg"] {
		if i < 3 && !f.page.asks[f.sentence(h)] {
			f.add(classify.Opinion, "opinion.judgement", w, h)
		}
	}
	if r := f.text.Rating; r > 0 && r <= 3 && !f.has(classify.Complaint) {
		f.add(classify.Opinion, "opinion.stars", 0.6, nil)
	}
}

// blackmail: a demand, a condition and harm to the name; not when what is demanded is owed.
func (f *Finding) blackmail() {
	demand, lever, harm := f.hints["demand"], f.hints["lever"], f.hints["harm_name"]
	owed := len(f.hints["owed"]) > 0 || len(f.hints["lawful"]) > 0
	if len(demand) > 0 && len(lever) > 0 && len(harm) > 0 && !owed {
		f.hint(classify.Extortion, "demand", "extortion.demand", 0.6)
		f.hint(classify.Extortion, "harm_name", "extortion.harm", 0.6)
	}
	if owed && score(f.labels[classify.Extortion]) < 0.9 {
		f.drop(classify.Extortion)
	}
}

// question: sentences that ask, without those that only attack.
func (f *Finding) question() {
	if len(f.hints["rhetoric"]) > 0 {
		f.drop(classify.Question)
		return
	}
	if first := f.asking(); first != nil {
		w := 0.62
		if f.has(classify.Insult) || f.has(classify.Trolling) || f.has(classify.Threat) || f.page.laughs > 0 {
			w = 0.3
		}
		f.add(classify.Question, "question.mark", w, first)
	}
	const long = 30 // words; a review that begins like a question is none
	if !f.has(classify.Question) || f.page.letters > long && onlyRule(f.labels[classify.Question], "question.start") {
		f.drop(classify.Question)
		return
	}
	grievance := f.has(classify.Complaint) || f.has(classify.Insult) || f.has(classify.Employment) || f.has(classify.Spam)
	f.buyer = len(f.hints["buy"]) > 0 && !grievance
}

// asking is a sentence with a question mark and words in it, as a hit.
func (f *Finding) asking() *hit {
	from := -1
	for i := range f.page.words {
		w := &f.page.words[i]
		if !f.page.asks[w.Sentence] || w.Kind == polish.Emoji || laughter(w.Token) {
			continue
		}
		if from < 0 {
			from = i
		}
		if i+1 == len(f.page.words) || f.page.words[i+1].Sentence != w.Sentence {
			return &hit{from: from, to: i + 1}
		}
	}
	return nil
}

// mockery: laughter with nothing else under a question, a complaint or an announcement that is no joke.
func (f *Finding) mockery() {
	if f.page.laughs == 0 {
		return
	}
	h := f.firstLaugh()
	if f.page.letters <= 1 && f.serious() {
		f.add(classify.Trolling, "trolling.laughs", 0.75, h)
		if f.underBuyer() {
			f.add(classify.Discouragement, "discouragement.laughs", 0.58, h)
		}
		return
	}
	if f.page.letters > 1 && f.page.letters < 15 && (f.has(classify.Insult) || f.serious() && len(f.hints["own"]) == 0) && !f.has(classify.Praise) {
		f.add(classify.Trolling, "trolling.laughs", 0.55, h)
	}
}

func (f *Finding) firstLaugh() *hit {
	for i := range f.page.words {
		if laughter(f.page.words[i].Token) {
			return &hit{from: i, to: i + 1}
		}
	}
	return nil
}

func (f *Finding) underBuyer() bool {
	return slices.Contains(f.text.ParentLabels, classify.Question) || strings.Contains(f.text.Parent, "?")
}

// serious tells whether the text stands under something people do not laugh at.
func (f *Finding) serious() bool {
	if f.underBuyer() || slices.Contains(f.text.ParentLabels, classify.Complaint) || slices.Contains(f.text.ParentLabels, classify.Distress) {
		return true
	}
	post := polish.Fold(short400(f.text.Post))
	return slices.ContainsFunc(graveWords, func(w string) bool { return strings.Contains(post, w) })
}

func short400(s string) string {
	if len(s) > 400 {
		return strings.ToValidUTF8(s[:400], "")
	}
	return s
}

var graveWords = []string{"przeprasza", "oswiadczeni", "kondolenc", "zmarl", "pozar", "wypadek", "wypadku", "z zalem", "sorry for",
	"apolog", "statement", "passed away", "condolences"}

// praise: stars confirm it or turn it into sarcasm; beside a grievance warm words are mostly bitter.
func (f *Finding) praise() {
	if f.text.Rating >= 4 {
		f.add(classify.Praise, "praise.stars", 0.6, nil)
	}
	bitter := f.text.Rating == 1 || f.text.Rating == 2
	for _, l := range []classify.Label{classify.Threat, classify.Extortion, classify.Hate, classify.Insult, classify.Trolling, classify.Spam} {
		bitter = bitter || f.has(l)
	}
	if f.has(classify.Complaint) || f.has(classify.Discouragement) || f.has(classify.Claim) {
		bitter = bitter || score(f.labels[classify.Praise]) < 0.8
	}
	if f.has(classify.Question) && score(f.labels[classify.Praise]) < 0.75 || len(f.hints["angry"]) > 0 {
		bitter = true
	}
	if bitter {
		f.drop(classify.Praise)
	}
}

// settle removes labels that another label explains better.
func (f *Finding) settle() {
	if f.has(classify.Spam) {
		f.drop(classify.Praise, classify.Question, classify.Opinion)
		f.buyer = false
	}
	if f.has(classify.Extortion) && score(f.labels[classify.Threat]) < 0.8 {
		f.drop(classify.Threat)
	}
	if f.has(classify.Hate) && onlyRule(f.labels[classify.Insult], "insult.person") && len(f.labels[classify.Insult]) == 1 {
		f.drop(classify.Insult)
	}
	if f.has(classify.Praise) && score(f.labels[classify.Opinion]) < 0.6 && len(f.hints["neg"]) == 0 {
		f.drop(classify.Opinion)
	}
}

func onlyRule(gs []ground, rule string) bool {
	return len(gs) > 0 && !slices.ContainsFunc(gs, func(g ground) bool { return g.rule != rule })
}
