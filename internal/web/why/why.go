// Package why shows why a text carries its labels: reasons in plain words, and their places marked in the text.
package why

import (
	"context"
	"math"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"

	"chop/internal/classify"
	"chop/internal/mention"
	"chop/internal/reason"
	"chop/internal/web/page"
)

// View is what the panel of one text shows.
type View struct {
	ID      string // of the panel, unique on its page
	Labels  []Label
	Other   []Ground // speaks for what stands, for no label alone
	Against []Ground
	Thread  string    // the place that the labels depend on, "" when the text stands for itself
	Person  bool      // a person's word stands
	Words   string    // of the person
	By      string    // the person's name, "" when not asked for
	Agreed  bool      // the person confirmed what the program said
	Engine  string    // who read it, in words
	At      time.Time // when
}

// Label is one label with what speaks for it.
type Label struct {
	Label   classify.Label
	Percent int // how sure the engine is, 1 to 99; 0 when a person said it, of this text or one like it, or a rule of the firm
	For     []Ground
}

// Ground is one reason as a sentence.
type Ground struct {
	Text, Force string
	Href        string // the comment it speaks of, "" for none
}

// most is how many reasons of one kind a panel holds; an engine gives them strongest last at times, so all are weighed.
const most = 6

// Of fills the panel of a text. parent is the mention it answers, nil when it answers none or that one is not known.
func Of(ctx context.Context, id string, r classify.Reading, parent *mention.Mention) View {
	v := View{ID: id, Person: r.Person(), At: r.At, Engine: engine(ctx, r.Engine), Thread: Thread(ctx, r.Result, parent)}
	if v.Person {
		v.Words = r.Why
	}
	for _, s := range r.Labels {
		l := Label{Label: s.Label}
		if !v.Person && r.Engine != "memory" && !r.ByRules(s.Label) { // what people said before is not weighed
			l.Percent = min(max(int(math.Round(100*s.Score)), 1), 99)
		}
		l.For = grounds(ctx, r.Reasons, func(x reason.Reason) bool { return x.Weight > 0 && about(x) == s.Label })
		v.Labels = append(v.Labels, l)
	}
	v.Other = grounds(ctx, r.Reasons, func(x reason.Reason) bool { return x.Weight > 0 && !r.Has(about(x)) && !known(about(x)) })
	v.Against = grounds(ctx, r.Reasons, func(x reason.Reason) bool { return x.Weight <= 0 })
	return v
}

// who is whose word stands.
func (v View) who(ctx context.Context) string {
	at := page.When(ctx, v.At)
	switch {
	case v.By == "":
		return page.T(ctx, "why.person", "At", at)
	case v.Agreed:
		return page.T(ctx, "why.person.agreed", "Who", v.By, "At", at)
	}
	return page.T(ctx, "why.person.by", "Who", v.By, "At", at)
}

// Empty tells that nobody has read the text yet.
func (v View) Empty() bool { return len(v.Labels) == 0 }

// about is the label a rule is about; the rules of a label begin with its code, those that a firm wrote name it.
func about(x reason.Reason) classify.Label {
	if classify.OfRule(x) && x.Facts["label"] != "" {
		return classify.Label(x.Facts["label"])
	}
	l, _, _ := strings.Cut(x.Rule, ".")
	return classify.Label(l)
}

func known(l classify.Label) bool {
	return slices.Contains(classify.Labels, l) || l == classify.FakeReview
}

// grounds are the reasons that fit, as sentences, the strongest first and each once. What has no sentence is left out.
func grounds(ctx context.Context, rs []reason.Reason, fits func(reason.Reason) bool) (gs []Ground) {
	var mine []reason.Reason
	for _, x := range rs {
		if fits(x) && page.Lang(ctx).Has("reason."+x.Rule) {
			mine = append(mine, x)
		}
	}
	slices.SortStableFunc(mine, func(a, b reason.Reason) int { return sign(math.Abs(b.Weight) - math.Abs(a.Weight)) })
	for _, x := range mine {
		g := Ground{Text: page.T(ctx, "reason."+x.Rule, facts(ctx, x)...), Force: page.T(ctx, "why.force."+force(x.Weight))}
		if m := x.Facts["mention"]; m != "" {
			g.Href = "/inbox/" + url.PathEscape(m)
		}
		if len(gs) < most && !slices.ContainsFunc(gs, func(o Ground) bool { return o.Text == g.Text }) {
			gs = append(gs, g)
		}
	}
	return gs
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

// force is the word of a weight. Rules weigh their plain cases 0.7 and more; below 0.4 a reason never carries alone.
func force(weight float64) string {
	switch w := math.Abs(weight); {
	case w >= 0.7:
		return "strong"
	case w >= 0.4:
		return "medium"
	}
	return "weak"
}

func facts(ctx context.Context, x reason.Reason) (kv []any) {
	for k, v := range x.Facts {
		if k == "label" {
			v = page.LabelName(ctx, classify.Label(v))
		}
		kv = append(kv, k, Isolated(v))
	}
	return kv
}

// Isolated is foreign text for a place inside a sentence of ours: whatever direction it takes ends where it ends.
func Isolated(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r >= 0x202A && r <= 0x202E, r >= 0x2066 && r <= 0x2069, r == 0x200E, r == 0x200F, r == 0x061C:
			return -1
		case r < ' ' || r == 0x7f || r == 0x2028 || r == 0x2029:
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	if strings.ContainsFunc(s, rightToLeft) {
		return "\u2068" + s + "\u2069"
	}
	return s
}

// rightToLeft covers the blocks of scripts written from right to left.
func rightToLeft(r rune) bool {
	return r >= 0x0590 && r <= 0x08FF || r >= 0xFB1D && r <= 0xFDFF || r >= 0xFE70 && r <= 0xFEFC || r >= 0x10800 && r <= 0x10FFF ||
		r >= 0x1E800 && r <= 0x1EFFF
}

func pressed(key string) templ.Attributes {
	if key == "" {
		return nil
	}
	return templ.Attributes{"data-key": key}
}

// engine is who read a text, in words, with the version.
func engine(ctx context.Context, name string) string {
	kind, version, _ := strings.Cut(name, "/")
	if id := "why.engine." + kind; page.Lang(ctx).Has(id) {
		return page.T(ctx, id, "Version", version)
	}
	return name
}

// Thread names the place under which a reply reads as it does, "" when its labels do not hang on its place.
func Thread(ctx context.Context, r classify.Result, parent *mention.Mention) string {
	if parent == nil || !hangs(r, *parent) {
		return ""
	}
	switch {
	case parent.Buyer:
		return page.T(ctx, "why.under.buyer")
	case parent.Has(string(classify.Question)):
		return page.T(ctx, "why.under.question")
	case parent.Has(string(classify.Distress)):
		return page.T(ctx, "why.under.distress")
	case parent.Has(string(classify.Complaint)):
		return page.T(ctx, "why.under.complaint")
	}
	return ""
}

// hangs tells whether the labels of a reply depend on what it answers: an engine says so, or it mocks or puts off under
// the question of somebody who is about to buy.
func hangs(r classify.Result, parent mention.Mention) bool {
	for _, x := range r.Reasons {
		if strings.HasSuffix(x.Rule, ".laughs") || strings.HasSuffix(x.Rule, ".whole") && x.Weight > 0 {
			return true
		}
	}
	return parent.Buyer && (r.Has(classify.Discouragement) || r.Has(classify.Trolling))
}
