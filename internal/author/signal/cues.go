package signal

import (
	_ "embed"
	"fmt"
	"regexp"
	"strings"

	"chop/internal/classify/rules"
	"chop/internal/polish"
)

//go:embed words.txt
var wordsFile string

// lexicon is the kinds of words.txt with their phrases.
var lexicon = func() map[string][]*rules.Phrase {
	m := map[string][]*rules.Phrase{}
	for line := range strings.SplitSeq(wordsFile, "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		kind, words, _ := strings.Cut(line, ":")
		p, err := rules.NewPhrase(words)
		if err != nil {
			panic(fmt.Sprintf("author/signal/words.txt, %s: %v", kind, err)) // the file is part of the program
		}
		m[kind] = append(m[kind], p)
	}
	return m
}()

// Cues is what the words of one text say, as counts of sentences or places. It is a reading by word lists: it sees what was
// written and knows nothing of what was meant.
type Cues struct {
	Words                                            int
	Arousal                                          int // strong words
	Dates, Amounts, Orders, Photos, Receipts         int
	Warns, Shares, Media, Organises, Everyone, Value int // mobilising words, from mild to strong
	Refund, Fix, Apology, Silence                    int // demands; silence: money for silence
	Lawful, Reputation                               int // announced steps
	Accepts, Rejects, Offers                         int
	Loyal, Again, Own                                int // old customer, a repeated failure, a matter of one's own
	Authority, Document, Insider, Rival, Laughs      int
	Age                                              int // years below eighteen that the text states of its author, 0 none
}

// Facts is how many checkable details the text has: dates, amounts, order numbers, photographs.
func (c Cues) Facts() int { return c.Dates + c.Amounts + c.Orders + c.Photos + c.Receipts }

// Mobilises tells whether the text calls on others to act. A warning to friends alone does not.
func (c Cues) Mobilises() bool { return c.Shares+c.Media+c.Organises > 0 }

// maxRead is how much of a text is looked at.
const maxRead = 20_000

// ReadCues reads one text.
func ReadCues(text string) Cues {
	if len(text) > maxRead {
		text = strings.ToValidUTF8(text[:maxRead], "")
	}
	sheet := rules.Lay(text)
	n := func(kind string) (k int) {
		for _, p := range lexicon[kind] {
			k += len(p.Find(sheet))
		}
		return k
	}
	c := Cues{
		Arousal: n("arousal"), Photos: n("photo"), Receipts: n("receipt"),
		Warns: n("warn"), Shares: n("share"), Media: n("media"), Organises: n("organise"), Everyone: n("everyone"), Value: n("value"),
		Refund: n("refund"), Fix: n("fix"), Apology: n("apology"), Silence: n("silence"), Lawful: n("lawful"), Reputation: n("reputation"),
		Rejects: n("reject"), Offers: n("offer"), Loyal: n("loyal"), Again: n("again"), Own: n("own"),
		Authority: n("authority"), Document: n("document"), Insider: n("insider"), Rival: n("rival"),
	}
	if c.Rejects > 0 { // "nie zgadzam się" holds "zgadzam się", and "nie chcę zwrotu" holds "chcę zwrotu"
		c.Refund, c.Fix = apart(sheet, "refund", "reject"), apart(sheet, "fix", "reject")
	} else {
		c.Accepts = n("accept")
	}
	fold := polish.Fold(text)
	c.Words = len(strings.Fields(text))
	c.Dates, c.Amounts, c.Orders = details(fold)
	c.Laughs = len(laughing.FindAllStringIndex(fold, -1))
	c.Age = statedAge(fold)
	return c
}

// apart counts the sentences of a kind that have no phrase of the other kind.
func apart(sheet *rules.Sheet, kind, other string) int {
	found := map[int]bool{}
	for _, p := range lexicon[kind] {
		for _, at := range p.Find(sheet) {
			found[at.Sentence] = true
		}
	}
	for _, p := range lexicon[other] {
		for _, at := range p.Find(sheet) {
			delete(found, at.Sentence)
		}
	}
	return len(found)
}

// Patterns over folded text.
var (
	amount   = regexp.MustCompile(`\d+(?:[ .,]\d{1,3})*\s*(?:zl|zlotych|pln|eur|euro|€|\$)(?:\W|$)`)
	order    = regexp.MustCompile(`(?:zamowieni\w*|nr|numer\w*|faktur\w*|paragon\w*|order|invoice)[^\d\n]{0,12}[-/#a-z]{0,6}\d{3,}[\d/-]*`)
	date     = regexp.MustCompile(`(?:^|\D)(?:\d{4}-\d{2}-\d{2}|[0-3]?\d[./-](?:0?[1-9]|1[0-2])(?:[./-](?:20)?\d{2})?|[0-3]?\d\.? (?:stycz|lut|mar|kwie|maj|czerw|lip|sierp|wrze|pazd|listop|grud|jan|feb|apr|may|june|july|aug|sept|oct|nov|dec)\w*)(?:\D|$)`)
	laughing = regexp.MustCompile(`(?:ha){2,}|(?:^|\W)x+d+(?:\W|$)|(?:^|\W)lol(?:\W|$)|😂|🤣`)
	age      = regexp.MustCompile(`(?:^|\W)(?:mam|i am|i'm|im) (\d{1,2}) (?:lat|lata|years old|yo)(\s+\w+)?`)
	class    = regexp.MustCompile(`(?:^|\W)(?:chodze do (?:podstawowki|szkoly podstawowej)|jestem w (?:[4-8]|czwartej|piatej|szostej|siodmej|osmej) klasie|(?:moja|nasza) pani od (?:polskiego|matmy))(?:\W|$)`)
)

// notAge are the words that make "mam 15 lat" speak of something else.
var notAge = regexp.MustCompile(`^\s*(?:dosw|staz|prakt|gwar|prac|temu|firm|dzial|prow|exp)`)

// details counts amounts, order numbers and dates; what was counted as one is not counted as another.
func details(fold string) (dates, amounts, orders int) {
	if !strings.ContainsAny(fold, "0123456789") {
		return 0, 0, 0
	}
	take := func(re *regexp.Regexp) int {
		n := 0
		fold = re.ReplaceAllStringFunc(fold, func(string) string { n++; return " ; " })
		return n
	}
	amounts = take(amount)
	orders = take(order)
	dates = take(date)
	return dates, amounts, orders
}

// statedAge is the age below eighteen that the author states, 0 when none is stated.
func statedAge(fold string) int {
	if !strings.Contains(fold, "m ") && !strings.Contains(fold, "klasie") && !strings.Contains(fold, "chodze") && !strings.Contains(fold, "pani od") {
		return 0
	}
	for _, m := range age.FindAllStringSubmatch(fold, -1) {
		n := 0
		for _, r := range m[1] {
			n = n*10 + int(r-'0')
		}
		if n >= 7 && n < 18 && !notAge.MatchString(m[2]) {
			return n
		}
	}
	if class.MatchString(fold) {
		return 14 // a pupil of a primary school: at most fifteen
	}
	return 0
}

// ReadSafety reads only what protects an account: it looks at every text that comes in, so it is quick.
func ReadSafety(text string) Cues {
	if len(text) > maxRead {
		text = text[:maxRead]
	}
	return Cues{Age: statedAge(polish.Fold(text))}
}
