package inbox

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strings"

	"chop/internal/access"
	"chop/internal/classify"
	"chop/internal/fault"
	"chop/internal/mention"
	"chop/internal/source"
	"chop/internal/web/page"
	"chop/internal/web/why"
)

// Thread is the middle pane: what readers see, with our marks.
type Thread struct {
	Post      mention.Post
	Firm      string
	Channel   string // kind
	Reactions []Reaction
	Comments  []page.Comment
	Link      string // where the mention stands at its place
	Reader    bool   // shown as readers see it
	Reading   classify.Reading
	Why       why.View // of the selected one's labels
	Second    page.SecondView
}

// Reaction is one kind of reaction under a post.
type Reaction struct {
	Icon, Name string
	N          int
}

// What costs a look of its own is looked up for so many items of a thread.
const (
	maxEdits = 40
	maxSeals = 40
)

func (d Deps) thread(ctx context.Context, m mention.Mention, kind string, q Query, address url.Values) (t Thread, err error) {
	t = Thread{Firm: firmName(ctx, m.Firm), Channel: kind, Link: outward(m.URL), Reader: address.Get("reader") == "on"}
	list, err := d.talk(ctx, m)
	if err != nil {
		return t, err
	}
	if m.Post != "" {
		posts, err := d.Mentions.Posts(ctx, m.Firm, []string{m.Post})
		if err != nil {
			return t, err
		}
		t.Post = posts[m.Post]
		counts, err := d.Mentions.Reactions(ctx, m.Firm, m.Post)
		if err != nil {
			return t, err
		}
		t.Reactions = reactions(ctx, counts)
		t.Link = cmp.Or(t.Link, outward(t.Post.URL))
	}
	if t.Comments, err = d.comments(ctx, m, list, address.Get("revealed")); err != nil {
		return t, err
	}
	return t, d.explain(ctx, &t, m, list, q)
}

// talk is the thread of a mention; without a post it is the mention and what it answers.
func (d Deps) talk(ctx context.Context, m mention.Mention) ([]mention.Mention, error) {
	if m.Post != "" {
		list, err := d.Mentions.Thread(ctx, m.Firm, m.Post)
		if err == nil && !slices.ContainsFunc(list, func(x mention.Mention) bool { return x.ID == m.ID }) {
			list = append(list, m) // an old one of a very long thread
		}
		return list, err
	}
	list := []mention.Mention{m}
	if m.ParentExt == "" {
		return list, nil
	}
	byExt, err := d.Mentions.ByExternal(ctx, m.Firm, m.Source, []string{m.ParentExt})
	if p, ok := byExt[m.ParentExt]; ok && p.ID != m.ID {
		list = []mention.Mention{p, m}
	}
	return list, err
}

// placed is an item of a thread and how deep it answers.
type placed struct {
	mention.Mention
	depth int
}

// inOrder puts answers under what they answer, oldest first. Answers to what is not here stand by themselves; answers
// that go round in a circle stand at the end.
func inOrder(list []mention.Mention) (out []placed) {
	byExt, under := map[string]bool{}, map[string][]mention.Mention{}
	for _, m := range list {
		byExt[m.ExternalID] = true
	}
	var roots []mention.Mention
	for _, m := range list {
		if m.ParentExt != "" && byExt[m.ParentExt] && m.ParentExt != m.ExternalID {
			under[m.ParentExt] = append(under[m.ParentExt], m)
		} else {
			roots = append(roots, m)
		}
	}
	seen := map[string]bool{}
	var put func(m mention.Mention, depth int)
	put = func(m mention.Mention, depth int) {
		if seen[m.ID] {
			return
		}
		seen[m.ID] = true
		out = append(out, placed{m, depth})
		for _, a := range under[m.ExternalID] {
			put(a, depth+1)
		}
	}
	for _, m := range append(roots, list...) {
		put(m, 0)
	}
	return out
}

func (d Deps) comments(ctx context.Context, selected mention.Mention, list []mention.Mention, revealed string) ([]page.Comment, error) {
	edits, seals := maxEdits, maxSeals
	out := make([]page.Comment, 0, len(list))
	for _, m := range inOrder(list) {
		c := comment(ctx, m.Mention, m.depth)
		c.Selected, c.Context = m.ID == selected.ID, m.ExternalID == selected.ParentExt && m.ExternalID != ""
		c.Veiled = c.Veiled && m.ID != revealed
		if m.Revision > 1 && (edits > 0 || c.Selected) {
			edits--
			if err := d.edited(ctx, m.Mention, &c); err != nil {
				return nil, err
			}
		}
		if wantsSeal(m.Mention) && (seals > 0 || c.Selected) || c.Selected {
			seals--
			s, err := d.sealOf(ctx, m.Mention)
			if err != nil {
				return nil, err
			}
			if s.Number != "" {
				c.Seals = append(c.Seals, s)
			}
		}
		out = append(out, c)
	}
	return out, nil
}

// wantsSeal tells which items of a thread are likely to be sealed.
func wantsSeal(m mention.Mention) bool {
	return m.Status == mention.Done || m.Severity >= 2 || m.State != source.Published || hostile(m)
}

func hostile(m mention.Mention) bool { return mention.Hostile("," + strings.Join(m.Labels, ",") + ",") }

func comment(ctx context.Context, m mention.Mention, depth int) page.Comment {
	c := page.Comment{ID: "c-" + m.ID, Author: authorName(ctx, m), Text: textOf(ctx, m), At: m.At, Stars: m.Rating, Labels: labels(m),
		Marks: marks(ctx, m), Reply: depth > 0, Firm: m.Own, Hostile: hostile(m) && !m.Own, Veiled: distressing(m)}
	if m.Own {
		c.Labels = nil
		c.Marks = []page.Mark{{Tone: page.Plain, Icon: "building-2", Text: page.T(ctx, "inbox.mark.own")}}
	}
	if m.Status == mention.Open && !m.DueAt.IsZero() {
		c.Clock = page.Until(m.DueAt)
	}
	at := page.When(ctx, m.ChangedAt)
	switch m.State {
	case source.Held:
		c.Gone, c.Marks = true, append(c.Marks, page.Mark{Icon: "eye-off", Text: page.T(ctx, "inbox.mark.held", "At", at)})
	case source.Spammed:
		c.Gone, c.Marks = true, append(c.Marks, page.Mark{Icon: "ban", Text: page.T(ctx, "inbox.mark.spam", "At", at)})
	case source.Trashed:
		c.Gone, c.Marks = true, append(c.Marks, page.Mark{Icon: "trash-2", Text: page.T(ctx, "inbox.mark.trash", "At", at)})
	case source.Gone:
		if !m.GoneAt.IsZero() {
			at = page.When(ctx, m.GoneAt)
		}
		c.Deleted, c.Marks = true, append(c.Marks, page.Mark{Icon: "trash-2", Text: page.T(ctx, "inbox.mark.gone", "At", at)})
	}
	return c
}

// edited shows what was changed in the text, when something was.
func (d Deps) edited(ctx context.Context, m mention.Mention, c *page.Comment) error {
	revisions, err := d.Mentions.Revisions(ctx, m.Firm, m.ID)
	if err != nil || len(revisions) == 0 {
		return err
	}
	before, at := "", revisions[0].SeenAt
	for _, r := range revisions {
		if r.Text != m.Text {
			before = r.Text
		} else if before != "" {
			at = r.SeenAt
			break
		}
	}
	if before == "" {
		return nil
	}
	c.Marks = append(c.Marks, page.Mark{Tone: page.Warn, Icon: "pencil-line", Text: page.T(ctx, "inbox.mark.edited", "At", page.When(ctx, at))})
	if !c.Veiled {
		c.Edits = diff(before, m.Text)
	}
	return nil
}

// sealOf is the number of the newest exhibit of a mention, for those who may see evidence.
func (d Deps) sealOf(ctx context.Context, m mention.Mention) (page.SealMark, error) {
	if !access.From(ctx).Holds(access.ViewEvidence, m.Firm) {
		return page.SealMark{}, nil
	}
	x, err := d.Evidence.Latest(ctx, m.Firm, mention.Ref(m.ID))
	if fault.Is(err, fault.NotFound) {
		return page.SealMark{}, nil
	}
	if err != nil {
		return page.SealMark{}, err
	}
	return seal(x.Code(), x.ID, m.Firm, string(x.Checked)), nil
}

func seal(number, id, firm, checked string) page.SealMark {
	s := page.SealMark{Number: number, Href: "/exhibits/" + url.PathEscape(id) + "?firm=" + url.QueryEscape(firm)}
	if checked == "fails" {
		s.State = page.SealBad
	}
	return s
}

// outward is an address that may be followed out of ChOP: a web address, nothing that runs.
func outward(s string) string {
	u, err := url.Parse(s)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" {
		return ""
	}
	return u.String()
}

var reactionIcons = []struct{ kind, icon string }{{"like", "thumbs-up"}, {"love", "heart"}, {"care", "heart"}, {"haha", "laugh"},
	{"wow", "sparkles"}, {"sad", "message-circle"}, {"angry", "angry"}}

// reactions in their usual order, unknown kinds last by name.
func reactions(ctx context.Context, counts map[string]int) (out []Reaction) {
	left := map[string]int{}
	for k, n := range counts {
		left[k] = n
	}
	for _, x := range reactionIcons {
		if n := left[x.kind]; n > 0 {
			out = append(out, Reaction{x.icon, page.T(ctx, "inbox.reaction."+x.kind), n})
		}
		delete(left, x.kind)
	}
	rest := make([]string, 0, len(left))
	for k := range left {
		rest = append(rest, k)
	}
	slices.Sort(rest)
	for _, k := range rest {
		out = append(out, Reaction{"circle-dot", k, left[k]})
	}
	return out
}

// maxDiff is how many words of a text are compared one by one.
const maxDiff = 600

// diff is what was there before and what came instead, word by word; very long texts are shown whole.
func diff(before, after string) []page.Edit {
	a, b := strings.Fields(before), strings.Fields(after)
	if len(a) > maxDiff || len(b) > maxDiff {
		return []page.Edit{{Text: before, Old: true}, {Text: " "}, {Text: after, New: true}}
	}
	// common[i][j] is the length of the longest run of words that a[i:] and b[j:] share in order.
	common := make([][]int, len(a)+1)
	for i := range common {
		common[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	var d pieces
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			d.add(a[i], page.Edit{})
			i, j = i+1, j+1
		case i < len(a) && (j == len(b) || common[i+1][j] >= common[i][j+1]):
			d.add(a[i], page.Edit{Old: true})
			i++
		default:
			d.add(b[j], page.Edit{New: true})
			j++
		}
	}
	return d
}

// pieces joins words of the same fate.
type pieces []page.Edit

func (p *pieces) add(word string, e page.Edit) {
	if n := len(*p); n > 0 && (*p)[n-1].Old == e.Old && (*p)[n-1].New == e.New {
		(*p)[n-1].Text += " " + word
		return
	}
	if len(*p) > 0 {
		*p = append(*p, page.Edit{Text: " "})
	}
	e.Text = word
	*p = append(*p, e)
}
