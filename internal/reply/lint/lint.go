// Package lint reads a reply before it is sent: the 17 checks of domain/decisions.md 2.4, what guard-rails G2, G4, G5, G9
// and G10 ask of words, and the worth of an apology (1.5). It is pure: everything it needs comes in, nothing goes out.
//
// A check points at bytes of the text and says in plain words what would be better. Checks of level Block are enforced
// where decisions are made, however the words came in; the others are advice.
package lint

import (
	"cmp"
	"slices"
	"time"
	"unicode/utf8"

	"chop/internal/reason"
)

// Level is what a finding means for the reply.
type Level string

const (
	Block Level = "block" // it is not sent like this
	Delay Level = "delay" // it is sent later
	Warn  Level = "warn"  // a person may send it all the same
)

// Code names a check: L1 to L17 (domain/decisions.md 2.4), G9 (4.4).
type Code string

const (
	Opening    Code = "L1"
	Asking     Code = "L2"
	PublicData Code = "L3"
	Confirming Code = "L4"
	Legal      Code = "L5"
	Money      Code = "L6"
	Tone       Code = "L7"
	NonApology Code = "L8"
	Template   Code = "L9"
	Vague      Code = "L10"
	Length     Code = "L11"
	Unsigned   Code = "L12"
	Third      Code = "L13"
	Sending    Code = "L14"
	Echo       Code = "L15"
	Blame      Code = "L16"
	CoolDown   Code = "L17"
	Denial     Code = "G9"
)

// Codes lists the checks in the order they are shown.
var Codes = []Code{PublicData, Confirming, Legal, Money, Third, Blame, Denial, CoolDown, Opening, Asking, Tone, NonApology, Template, Vague,
	Length, Unsigned, Sending, Echo}

// levels of the table in domain/decisions.md 2.4; G9 is enforced like a block.
var levels = map[Code]Level{PublicData: Block, Confirming: Block, Legal: Block, Money: Block, Third: Block, Blame: Block, Denial: Block,
	CoolDown: Delay}

// LevelOf is the level of a check.
func LevelOf(c Code) Level { return cmp.Or(levels[c], Warn) }

// Finding is one thing a check found. Text is the message "lint.<Code>.<Kind>", filled with Facts; Span are the bytes it
// is about, nil when it is about the whole.
type Finding struct {
	Code  Code              `json:"code"`
	Kind  string            `json:"kind"`
	Span  *reason.Span      `json:"span,omitempty"`
	Facts map[string]string `json:"facts,omitempty"`
}

// Level is what the finding means.
func (f Finding) Level() Level { return LevelOf(f.Code) }

// Message is the id of its sentence in the catalogue.
func (f Finding) Message() string { return "lint." + string(f.Code) + "." + f.Kind }

// Input is everything a reply is judged by. The zero value of a field means that nothing is known of it.
type Input struct {
	Text    string
	Lang    string // "pl", "en"; empty: guessed from the text
	Private bool   // for the author's eyes only: checks of public words are left out
	Review  bool   // the place is for reviews: shorter is better
	Brief   bool   // thanks for praise: may be short (domain/decisions.md 7)

	Source    string   // the comment that is answered
	Author    string   // its author's name, as readers see it
	Disclosed []string // what the author said of himself in the same thread
	Known     []string // what the firm publishes itself: its post, its facts, its own earlier replies in the thread

	Replies int      // public replies of ours to the author in the thread
	PileOn  int      // 0 to 3
	Arousal int      // 0 to 3
	Truth   string   // true, partly, unknown, false_documented, none
	Recent  []string // replies of the last 30 days
	Staff   []string // names of the firm's people
	Firm    string   // the firm's name
	Lawyer  bool     // a lawyer writes: words of law are allowed (L5)

	Owner      bool          // the owner typed it
	Night      bool          // nobody decides well at this hour
	Typed      int           // words the person typed, not taken from saved replies
	SinceTyped time.Duration // since the last of them
}

// Report is what the checks say of a reply.
type Report struct {
	Findings []Finding
	Words    int
	Similar  int // per cent, to the most similar reply of the last 30 days
	Person   bool
	Concrete bool
	Apology  Apology
}

// Blocks lists the codes that keep the reply from being sent, each once.
func (r Report) Blocks() (codes []Code) {
	for _, f := range r.Findings {
		if f.Level() == Block && !slices.Contains(codes, f.Code) {
			codes = append(codes, f.Code)
		}
	}
	return codes
}

// Has tells whether the check found something.
func (r Report) Has(c Code) bool {
	return slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Code == c })
}

// CoolDownTime is how long a night's long text rests before it is sent (L17).
const CoolDownTime = 20 * time.Minute

// longest is how much of a text is looked at; places set far lower limits.
const longest = 40000

// Check reads a reply. It costs time in proportion to the text.
func Check(in Input) Report {
	in.Text = legible(in.Text)
	c := &check{in: in, s: lay(in.Text)}
	c.english = in.Lang == "en" || in.Lang != "pl" && c.s.english()
	c.plain, c.bare = c.s, c.s.squashed()
	c.known()
	for _, run := range []func(){c.publicData, c.confirming, c.legal, c.money, c.third, c.blame, c.denial, c.coolDown, c.opening, c.asking, c.tone,
		c.nonApology, c.template, c.vague, c.length, c.unsigned, c.sending, c.echo} {
		run()
	}
	c.settle()
	c.out.Words, c.out.Person, c.out.Concrete = c.s.count(), c.signed(), c.concrete()
	c.out.Apology = apologyOf(c)
	return c.out
}

// legible is the text that is looked at, byte for byte where it stood: what is not UTF-8 becomes a question mark.
func legible(s string) string {
	s = s[:min(len(s), longest)]
	if utf8.ValidString(s) {
		return s
	}
	b := []byte(s)
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			b[i] = '?'
		}
		i += n
	}
	return string(b)
}

// check is one reading of a reply.
type check struct {
	in      Input
	s       *sheet // the words as they stand
	plain   *sheet
	bare    *sheet // the words without disguise
	english bool
	said    *sheet   // what the author said
	public  *sheet   // what the firm publishes
	names   []string // of the firm's people, folded

	saidWords   map[string]bool // words of the author, in every form
	figuresSaid map[string]bool // digits that stand in public already
	called      []string        // names that stand in public already
	out         Report
}

func (c *check) add(code Code, kind string, s *sheet, from, to int, facts ...string) {
	f := Finding{Code: code, Kind: kind}
	if s != nil && from < to && to <= len(s.words) {
		f.Span = &reason.Span{From: s.words[from].From, To: s.words[to-1].To}
		f.Facts = map[string]string{"word": clip(c.in.Text[f.Span.From:f.Span.To])}
	}
	for i := 0; i+1 < len(facts); i += 2 {
		if f.Facts == nil {
			f.Facts = map[string]string{}
		}
		f.Facts[facts[i]] = facts[i+1]
	}
	c.out.Findings = append(c.out.Findings, f)
}

// both runs a check over the text as it stands and without its disguises.
func (c *check) both(find func(*sheet)) {
	find(c.plain)
	if c.bare != nil {
		find(c.bare)
	}
}

// settle puts the findings in order and leaves one for each place.
func (c *check) settle() {
	fs := c.out.Findings
	slices.SortStableFunc(fs, func(a, b Finding) int {
		return cmp.Or(slices.Index(Codes, a.Code)-slices.Index(Codes, b.Code), from(a)-from(b))
	})
	c.out.Findings = slices.CompactFunc(fs, func(a, b Finding) bool {
		return a.Code == b.Code && (a.Kind == b.Kind || LevelOf(a.Code) == Block) && (a.Span == nil && b.Span == nil ||
			a.Span != nil && b.Span != nil && a.Span.From < b.Span.To && b.Span.From < a.Span.To)
	})
}

func from(f Finding) int {
	if f.Span == nil {
		return -1
	}
	return f.Span.From
}

// clip is the beginning of a place in a text, for a sentence.
func clip(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
