package inbox

import (
	"context"
	"log/slog"
	"net/url"

	"chop/internal/access"
	"chop/internal/crisis"
	"chop/internal/decision"
	"chop/internal/fault"
	"chop/internal/group"
	"chop/internal/mention"
	"chop/internal/web/groups"
	"chop/internal/web/page"
)

// Item is the open mention: its thread, the advice and what was decided.
type Item struct {
	M         mention.Mention
	Q         Query
	Name      string // of the author
	Thread    Thread
	Cases     []crisis.Case
	Seal      page.SealMark // newest exhibit
	Standings []Standing    // decisions that matter now, newest first
	History   []page.Event
	Decided   bool                     // a decision stands
	Made      []decision.Option        // what stands already; it is not begun twice
	Asks      map[decision.Option]bool // the firm is asked about these anyway

	Likes  int        // items of the thread with the same words, this one among them
	Macros []page.Act // with one click

	Advised   bool
	Advice    Advice
	Labels    LabelForm
	Slip      Slip
	Slips     []page.Slip
	Stale     string // who was faster, in a sentence
	StaleText string // and what they said
	Desk      *Desk  // the reply editor; nil where no reply is written

	May, MayLabel, MayPreserve bool

	Groups  []group.Group // in which the account is, or may be
	Account string        // address of the page of the account, for those who may see profiles
}

func (d Deps) item(ctx context.Context, m mention.Mention, q Query, s Slip, address url.Values) (*Item, error) {
	who := access.From(ctx)
	it := &Item{M: m, Q: q, Name: authorName(ctx, m), Slip: s,
		May: who.Holds(access.Decide, m.Firm), MayLabel: who.Holds(access.LabelMentions, m.Firm), MayPreserve: who.Holds(access.Preserve, m.Firm), Account: accountAt(ctx, m)}
	srcs, err := d.sources(ctx, m.Firm)
	if err != nil {
		return nil, err
	}
	if it.Thread, err = d.thread(ctx, m, srcs.kind(m), q, address); err != nil {
		return nil, err
	}
	if it.Seal, err = d.sealOf(ctx, m); err != nil {
		return nil, err
	}
	if it.Cases, err = d.Cases.Of(ctx, m.Firm, mention.Ref(m.ID)); err != nil && !fault.Is(err, fault.Forbidden) {
		return nil, err
	}
	if !m.Own {
		of, err := groups.Of(ctx, d.Groups, m.Firm, []string{m.AuthorKey})
		if err != nil {
			return nil, err
		}
		it.Groups = of[m.AuthorKey]
	}
	if err := d.stand(ctx, it); err != nil {
		return nil, err
	}
	it.Labels = labelFormOf(ctx, m, it.Thread.Reading, s)
	d.advise(ctx, it)
	if err := d.many(ctx, it); err != nil {
		return nil, err
	}
	if s.Err != nil {
		it.slip(ctx)
	}
	return it, nil
}

// advise weighs the mention. When the weighing fails, the page says so and everything else stays usable.
func (d Deps) advise(ctx context.Context, it *Item) {
	if it.M.Own {
		return // our own words need no decision
	}
	a, err := d.Decisions.Recommend(ctx, it.M.Firm, it.M.ID)
	if err != nil {
		slog.Error("no advice", "mention", it.M.ID, "error", err)
		return
	}
	it.Advised, it.Advice = true, advice(ctx, a, it)
	d.fillDesk(ctx, a, it)
}

// slip says what was wrong with the last form. A decision of somebody faster is told calmly, with their name.
func (it *Item) slip(ctx context.Context) {
	if f := faultOf(it.Slip.Err); f != nil && f.Code == "decision.stale" {
		option, _ := f.Data["Option"].(string)
		it.StaleText, _ = f.Data["Text"].(string)
		it.Stale = page.T(ctx, "inbox.stale", "Who", f.Data["Who"], "Option", optionNoun(ctx, decision.Option(option)))
		return
	}
	it.Slips = page.Slips(ctx, it.Slip.Err)
}

func optionName(ctx context.Context, o decision.Option) string {
	return page.T(ctx, "option."+string(o))
}

func optionNoun(ctx context.Context, o decision.Option) string {
	return page.T(ctx, "option."+string(o)+".noun")
}

// accountAt is the address of the page of the account behind a mention, for those who may see profiles; empty for our own words.
func accountAt(ctx context.Context, m mention.Mention) string {
	if m.Own || m.AuthorKey == "" || !access.From(ctx).Holds(access.ViewProfiles, m.Firm) {
		return ""
	}
	return "/authors/" + url.PathEscape(m.AuthorKey) + "?firm=" + url.QueryEscape(m.Firm)
}
