package reply

import (
	"slices"
	"strings"
	"time"

	"chop/internal/polish"
)

// Item is what is to be answered, and what is at hand for it.
type Item struct {
	Text     string // of the comment
	Author   string
	Lang     string
	Labels   []string
	Buyer    bool // a buyer's question
	Review   bool
	Unclear  bool // something grave is claimed and not known yet: only a holding line
	PileOn   int
	Firm     string
	By       string // name of the person who answers
	Facts    []Fact
	Saved    []Saved
	Used     []string  // what already stands under the post
	Now      time.Time // in the zone of the firm
	Most     int       // characters the place takes; 0: no limit
	WantedID string    // saved reply that was asked for; empty: choose
}

// Draft kinds: message "reply.kind.<kind>".
const (
	KindSaved     = "saved"
	KindFact      = "fact" // answers a question with a fact of the firm
	KindLook      = "look" // a question without a fact: we look and come back
	KindComplaint = "complaint"
	KindPraise    = "praise"
	KindOpinion   = "opinion"
	KindHolding   = "holding" // domain/decisions.md 1.6
)

// Proposal is a draft that a person reads, changes and sends.
type Proposal struct {
	Kind     string
	Text     string
	Missing  []string // facts and variables it lacks; the text then says less, or cannot be sent yet
	Saved    string   // id of the saved reply it was made from
	Variant  int
	Fact     string // key of the fact that answers
	Approved bool   // nothing but what the firm has approved: a saved reply its owner agreed to, or its own facts
}

// Propose drafts an answer: a saved reply for such items whose variant does not stand under the post yet, or an honest
// template with the firm's facts. Nothing is made up: what is missing is named.
func Propose(in Item) Proposal {
	if in.Unclear && in.WantedID == "" {
		return holding(in)
	}
	if p, ok := fromSaved(in); ok {
		return p
	}
	switch {
	case in.Buyer || has(in, "question") && !has(in, "complaint"):
		return question(in)
	case has(in, "complaint", "claim", "health_safety", "employment", "fake_review"):
		return complaint(in)
	case has(in, "praise"):
		return praise(in)
	}
	return opinion(in)
}

func has(in Item, labels ...string) bool {
	return slices.ContainsFunc(labels, func(l string) bool { return slices.Contains(in.Labels, l) })
}

func (in Item) values() Values {
	return Values{Name: FirstName(in.Author), Firm: in.Firm, Signature: Signature(in.By, in.Firm, in.Facts, in.Now), Until: By(in.Now, in.Lang), Facts: in.Facts, Now: in.Now}
}

// fromSaved takes the first fitting variant that can be filled and is not used under the post; of one that was asked for,
// the first that is not used, with what it lacks.
func fromSaved(in Item) (Proposal, bool) {
	v := in.values()
	var lacking *Proposal
	for _, r := range in.Saved {
		wanted := in.WantedID != "" && r.ID == in.WantedID
		if !wanted && (in.WantedID != "" || len(r.Labels) == 0 || !r.Fits(in.Labels) || r.Lang != lang(in.Lang)) {
			continue
		}
		for i, variant := range r.Variants {
			text, missing := Fill(variant, v)
			if Repeats(text, in.Used) || in.Most > 0 && len([]rune(text)) > in.Most {
				continue
			}
			p := Proposal{Kind: KindSaved, Text: text, Missing: missing, Saved: r.ID, Variant: i, Approved: r.Owner == "" && r.Approved && len(missing) == 0}
			if len(missing) == 0 {
				return p, true
			}
			if wanted && lacking == nil {
				lacking = &p
			}
		}
	}
	if lacking != nil {
		return *lacking, true
	}
	return Proposal{}, false
}

func lang(s string) string {
	if s == "en" {
		return "en"
	}
	return "pl"
}

// say picks the language and puts the sentences together with the signature.
func (in Item) say(pl, en []string) string {
	list := pl
	if lang(in.Lang) == "en" {
		list = en
	}
	var parts []string
	for _, s := range append(list, in.values().Signature) {
		if s = strings.TrimSpace(s); s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, " ")
}

// question answers with the fact that fits best, or says when we come back.
func question(in Item) Proposal {
	if f, ok := answering(in); ok {
		text := ended(f.Text)
		return Proposal{Kind: KindFact, Fact: f.Key, Approved: true, Text: in.say(
			[]string{"Dzień dobry, dziękujemy za pytanie.", text, "Jeśli coś jeszcze jest niejasne, można śmiało pisać tutaj albo do nas w wiadomości, odpowiemy jak najszybciej."},
			[]string{"Hello, thank you for your question.", text, "If anything else is unclear, please write here or send us a message, and we will reply as soon as we can."})}
	}
	until := By(in.Now, in.Lang)
	return Proposal{Kind: KindLook, Missing: []string{"fakt:" + topic(in.Text)}, Text: in.say(
		[]string{"Dzień dobry, dziękujemy za pytanie.", "Nie chcemy odpowiadać na pamięć, dlatego sprawdzimy to i odpowiemy tutaj " + until + ", żeby wszyscy zainteresowani mogli przeczytać tę samą informację."},
		[]string{"Hello, thank you for your question.", "We do not want to answer from memory, so we will check and reply here " + until + ", so that everybody who is interested can read the same answer."})}
}

// complaint acknowledges, says the next step and by when, and how to reach a person.
func complaint(in Item) Proposal {
	p, until := Proposal{Kind: KindComplaint}, By(in.Now, in.Lang)
	contact := fact(in.Facts, KeyContact, in.Now)
	pl := []string{"Dzień dobry, dziękujemy za ten sygnał i przykro nam, że tak to wygląda.", "Sprawdzimy tę sprawę i odpowiemy tutaj " + until + "."}
	en := []string{"Hello, thank you for telling us, and we are sorry about this.", "We will look into the matter and reply here " + until + "."}
	switch {
	case contact != "":
		pl, en = append(pl, "Osoba, która może pomóc od razu, czeka pod kontaktem: "+ended(contact)), append(en, "A person who can help right away can be reached here: "+ended(contact))
	default:
		p.Missing = append(p.Missing, "fakt:"+KeyContact)
		if in.PileOn < 2 {
			pl, en = append(pl, "Szczegóły najwygodniej omówić z nami w wiadomości prywatnej."), append(en, "Details are best talked over with us in a private message.")
		}
	}
	p.Text = in.say(pl, en)
	return p
}

// praise is short and sells nothing (domain/decisions.md 7).
func praise(in Item) Proposal {
	ways := [][2]string{
		{"Dziękujemy za te słowa, przekażemy je całemu zespołowi.", "Thank you for these words, we will pass them on to the whole team."},
		{"Bardzo nas to cieszy, dziękujemy, że ktoś zechciał o tym napisać.", "This makes us very happy, thank you for taking the time to write."},
		{"Takie słowa dodają sił na cały dzień, dziękujemy!", "Words like these keep us going all day, thank you!"},
	}
	for _, w := range ways {
		p := Proposal{Kind: KindPraise, Text: in.say([]string{w[0]}, []string{w[1]})}
		if !Repeats(p.Text, in.Used) {
			return p
		}
	}
	return Proposal{Kind: KindPraise, Text: in.say([]string{ways[0][0]}, []string{ways[0][1]})}
}

func opinion(in Item) Proposal {
	return Proposal{Kind: KindOpinion, Text: in.say(
		[]string{"Dzień dobry, dziękujemy za tę opinię.", "Czytamy każdą uwagę, także tę, która nie jest pochwałą, bo pomaga nam zobaczyć, co można na co dzień robić lepiej."},
		[]string{"Hello, thank you for this opinion.", "We read every remark, also one that is no praise, because it helps us to see what can be done better from day to day."})}
}

// holding is the line that buys time without guessing (domain/decisions.md 1.6: at most 60 words; what is known, what to
// do, when we speak next, whom to call, who signs).
func holding(in Item) Proposal {
	p, until := Proposal{Kind: KindHolding}, By(in.Now, in.Lang)
	pl := []string{"Wiemy o tym zgłoszeniu i traktujemy je poważnie."}
	en := []string{"We know of this report and take it seriously."}
	if do := fact(in.Facts, KeyInstruction, in.Now); do != "" {
		pl, en = append(pl, "Na teraz: "+ended(do)), append(en, "For now: "+ended(do))
	} else {
		p.Missing = append(p.Missing, "fakt:"+KeyInstruction)
	}
	pl = append(pl, "Sprawdzamy teraz dokładnie, co się stało. Wrócimy z informacją tutaj "+until+".")
	en = append(en, "We are checking carefully what happened. We will be back with news here "+until+".")
	if contact := fact(in.Facts, KeyContact, in.Now); contact != "" {
		pl, en = append(pl, "Osoby, których to dotyczy, prosimy o kontakt: "+ended(contact)), append(en, "Those concerned, please contact us: "+ended(contact))
	} else {
		p.Missing = append(p.Missing, "fakt:"+KeyContact)
	}
	p.Text = in.say(pl, en)
	return p
}

// ended is a text that ends its sentence.
func ended(s string) string {
	s = strings.TrimSpace(s)
	if s == "" || strings.ContainsAny(s[len(s)-1:], ".!?") {
		return s
	}
	return s + "."
}

// synonyms lead from words of a question to the usual key of a fact, folded dictionary forms.
var synonyms = map[string]string{
	"godzina": "godziny", "otwarty": "godziny", "czynny": "godziny", "otworzyc": "godziny", "zamykac": "godziny", "niedziela": "godziny", "sobota": "godziny", "open": "godziny",
	"hours": "godziny", "zwrot": "zwroty", "zwrocic": "zwroty", "oddac": "zwroty", "return": "zwroty", "refund": "zwroty", "dostawa": "dostawa", "wysylka": "dostawa",
	"wysylac": "dostawa", "wyslac": "dostawa", "kurier": "dostawa", "paczkomat": "dostawa", "delivery": "dostawa", "shipping": "dostawa", "ship": "dostawa", "adres": "adres",
	"dojazd": "adres", "parking": "adres", "znajdowac": "adres", "address": "adres", "telefon": "telefon", "zadzwonic": "telefon", "phone": "telefon", "gwarancja": "gwarancja",
	"warranty": "gwarancja", "platnosc": "platnosci", "zaplacic": "platnosci", "karta": "platnosci", "blik": "platnosci", "raty": "platnosci", "payment": "platnosci", "pay": "platnosci",
}

// answering is the fact that answers the question: the one whose key the question names, or with which it shares the most
// uncommon words, at least two.
func answering(in Item) (best Fact, ok bool) {
	asked := forms(in.Text)
	most := 0
	for _, f := range in.Facts {
		if !f.Valid(in.Now) || f.Key == KeySignature || f.Key == KeyInstruction {
			continue
		}
		score := 0
		for w := range asked {
			if synonyms[w] == f.Key {
				score += 3
			}
		}
		for part := range strings.SplitSeq(f.Key, "-") {
			for form := range forms(part) {
				if asked[form] && len(form) > 3 {
					score += 2
				}
			}
		}
		for w := range forms(f.Text) {
			if asked[w] && len(w) > 4 {
				score++
			}
		}
		if score > most {
			best, most = f, score
		}
	}
	return best, most >= 2
}

// topic is the key of the fact a question would need, as well as one can tell.
func topic(text string) string {
	for _, t := range polish.Tokens(text) {
		for _, l := range polish.Lemmas(t.Fold) {
			if k := synonyms[l]; k != "" {
				return k
			}
		}
	}
	return "odpowiedz"
}

// forms are the dictionary forms of a text's words.
func forms(s string) map[string]bool {
	m := map[string]bool{}
	for _, t := range polish.Tokens(s) {
		m[t.Fold] = true
		for _, l := range polish.Lemmas(t.Fold) {
			m[l] = true
		}
	}
	return m
}
