package rules

import (
	"math"
	"slices"
	"strings"

	"chop/internal/classify"
	"chop/internal/polish"
	"chop/internal/reason"
)

// bar is the score from which a label is given.
const bar = 0.5

// score is the chance that at least one ground is right, if they were independent.
func score(gs []ground) float64 {
	miss := 1.0
	for _, g := range gs {
		miss *= 1 - g.weight
	}
	return math.Min(1-miss, 0.99)
}

// Result is what the rules alone say of the text.
func (f *Finding) Result() classify.Result {
	r := classify.Result{ID: f.text.ID, Engine: f.engine.Name(), Lang: f.page.lang, BuyerQuestion: f.buyer, Reasons: []reason.Reason{}}
	for _, l := range classify.Labels {
		s := score(f.labels[l])
		if s < bar {
			continue
		}
		r.Labels = append(r.Labels, classify.Scored{Label: l, Score: math.Round(s*1000) / 1000})
		r.Reasons = append(r.Reasons, f.reasons(l)...)
	}
	if len(r.Labels) == 0 {
		r.Labels = []classify.Scored{{Label: classify.Neutral, Score: 0.6}}
		r.Reasons = append(r.Reasons, reason.Reason{Rule: "neutral.nothing", Weight: 0.6})
	}
	slices.SortStableFunc(r.Labels, func(a, b classify.Scored) int { return sign(b.Score - a.Score) })
	r.Reasons = append(r.Reasons, f.Against()...)
	r.Arousal = f.Arousal()
	r.Sentiment = f.sentiment(r)
	r.Severity = f.severity(r)
	r.Target = f.target(r)
	return r
}

func sign(x float64) int {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return 0
}

// Reasons are the grounds of every label that has any, whether they suffice or not.
func (f *Finding) Reasons() map[classify.Label][]reason.Reason {
	out := make(map[classify.Label][]reason.Reason, len(f.labels))
	for l := range f.labels {
		out[l] = f.reasons(l)
	}
	return out
}

func (f *Finding) reasons(l classify.Label) []reason.Reason {
	out := make([]reason.Reason, 0, len(f.labels[l]))
	for _, g := range f.labels[l] {
		out = append(out, g.reason())
	}
	return out
}

func (g ground) reason() reason.Reason {
	r := reason.Reason{Rule: g.rule, Weight: g.weight}
	if g.to > g.from {
		r.Span = &reason.Span{From: g.from, To: g.to}
		r.Facts = map[string]string{"word": g.word}
	}
	return r
}

// Against tells what took hits away, each rule once.
func (f *Finding) Against() []reason.Reason {
	var out []reason.Reason
	for i := range f.hits {
		h := &f.hits[i]
		if h.against == "" || h.label == "hint" || slices.ContainsFunc(out, func(r reason.Reason) bool { return r.Rule == h.against }) {
			continue
		}
		g := ground{rule: h.against, weight: -h.weight, from: f.page.words[h.from].From, to: f.page.words[h.to-1].To}
		g.word = short(f.page.text[g.from:g.to])
		out = append(out, g.reason())
	}
	return out
}

// attitude is what a label says about the author's attitude.
var attitude = map[classify.Label]float64{
	classify.Threat: -1, classify.Hate: -1, classify.Extortion: -0.9, classify.Insult: -0.8, classify.Boycott: -0.8,
	classify.Discouragement: -0.6, classify.Complaint: -0.6, classify.Claim: -0.6, classify.HealthSafety: -0.6,
	classify.Trolling: -0.5, classify.Opinion: -0.4, classify.Distress: -0.5, classify.PersonalData: -0.1, classify.Praise: 0.8,
}

func (f *Finding) sentiment(r classify.Result) float64 {
	worst, best := 0.0, 0.0
	for _, s := range r.Labels {
		worst = math.Min(worst, attitude[s.Label]*s.Score)
		best = math.Max(best, attitude[s.Label]*s.Score)
	}
	x := worst + best
	if r.Has(classify.Opinion) && !r.Has(classify.Praise) && len(f.labels[classify.Praise]) > 0 {
		x += 0.15
	}
	if n := f.text.Rating; n > 0 {
		x = (x + (float64(n)-3)/2) / 2
	}
	return math.Round(math.Max(-1, math.Min(1, x))*100) / 100
}

// weight of a label in severity: 0 nothing to handle, 1 mild, 2 an ordinary case to answer, 3 serious, 4 urgent.
var gravity = map[classify.Label]int{
	classify.Threat: 4, classify.Distress: 4, classify.Extortion: 3, classify.Hate: 3, classify.PersonalData: 3,
	classify.HealthSafety: 3, classify.Complaint: 2, classify.Claim: 2, classify.Boycott: 2, classify.Insult: 2,
	classify.Discouragement: 1, classify.Opinion: 1, classify.Question: 1, classify.Employment: 1, classify.Trolling: 1,
	classify.Spam: 1,
}

func (f *Finding) severity(r classify.Result) int {
	n := 0
	for _, s := range r.Labels {
		g := gravity[s.Label]
		switch {
		case s.Label == classify.Threat && s.Score < 0.74, s.Label == classify.Distress && s.Score < 0.8:
			g = 3
		case s.Label == classify.HealthSafety && f.Hurt():
			g = 4
		case s.Label == classify.PersonalData && s.Score < 0.7:
			g = 2
		}
		n = max(n, g)
	}
	if r.BuyerQuestion || r.Has(classify.Employment) && (r.Has(classify.Claim) || r.Has(classify.Complaint)) {
		n = max(n, 2)
	}
	return n
}

// Hurt tells whether somebody was taken to hospital.
func (f *Finding) Hurt() bool {
	return slices.ContainsFunc(f.page.words, func(w Word) bool { return hospital[w.Fold] })
}

var hospital = set("szpital szpitalu szpitala sor sorze karetka karetke pogotowie oiom kroplowka hospital ambulance er")

// Arousal is how heated the text is, 0 calm .. 3 furious, by swearing, capitals and marks.
func (f *Finding) Arousal() int {
	n, vulgar := 0, 0
	for i := range f.page.words {
		fold := f.page.words[i].Fold
		if slices.ContainsFunc(vulgarStems, func(s string) bool { return strings.HasPrefix(fold, s) }) {
			vulgar++
		}
	}
	marks := strings.Count(f.page.text, "!")
	n += min(vulgar, 2)
	if marks >= 3 || strings.Contains(f.page.text, "?!") {
		n++
	} else if marks > 0 && (f.has(classify.Insult) || f.has(classify.Threat)) {
		n++
	}
	if shouting(f.page.text) > 0.6 {
		n++
	}
	if len(f.hints["angry"]) > 0 || f.has(classify.Threat) || f.has(classify.Hate) {
		n++
	}
	return min(n, 3)
}

var vulgarStems = []string{"kurw", "chuj", "huj", "jeb", "pierdol", "wkurw", "spierd", "wypierd", "zajeb", "popierd", "skurw", "gown",
	"zjeb", "pojeb", "fuck", "shit", "cunt", "bullshit", "motherf"}

// target is what the text is about: people first, then things, then the firm.
func (f *Finding) target(r classify.Result) string {
	switch {
	case r.Has(classify.Hate):
		return "group"
	case r.Has(classify.Neutral) || r.Has(classify.Spam):
		return "none"
	}
	attack := r.Has(classify.Insult) || r.Has(classify.Threat) || r.Has(classify.Trolling)
	if attack && f.text.Parent != "" && f.mentions(toOne) {
		return "author_other"
	}
	switch {
	case f.mentions(staffWords):
		return "staff"
	case f.mentions(productWords):
		return "product"
	}
	return "firm"
}

func (f *Finding) mentions(ws map[string]bool) bool {
	return slices.ContainsFunc(f.page.words, func(w Word) bool {
		return w.Kind == polish.Word && (ws[w.Fold] || slices.ContainsFunc(w.Lemmas, func(l string) bool { return ws[l] }))
	})
}

var (
	toOne      = set("ty ciebie cie ci toba tobie twoj twoja twoje jestes you your youre")
	staffWords = set(`kelner kelnerka obsluga personel pracownik pracownica pani pan kucharz kucharka recepcja recepcjonistka
		recepcjonista szef szefowa kierownik kierowniczka wlasciciel wlascicielka ekspedientka sprzedawca kurier kierowca lekarz
		lekarka fryzjerka fryzjer kosmetyczka mechanik barman barmanka konsultant konsultantka waiter waitress staff manager owner
		driver receptionist barista chef`)
	productWords = set(`pizza burger zupa danie jedzenie kawa tort ciasto towar produkt paczka pokoj buty sukienka telefon
		ladowarka mebel rower ksiazka kebab sushi pierogi pierog obiad sniadanie lody bluzka kurtka material rozmiar food coffee
		room product parcel cake phone shoes dress meal soup`)
)
