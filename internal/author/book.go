package author

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"chop/internal/access"
	"chop/internal/author/signal"
	"chop/internal/classify"
	"chop/internal/mention"
)

// book gathers what signals are read from: the account's items and those of accounts a person confirmed as belonging to it, our words
// around them, our deeds, and what people told. Everything is of one firm.
func (s *Store) book(ctx context.Context, firm, key string) (b signal.Book, accounts []Account, err error) {
	b.Now = s.DB.Now()
	keys, err := s.linked(ctx, firm, key)
	if err != nil {
		return b, nil, err
	}
	ms, err := s.Mentions.OfAuthors(ctx, firm, keys)
	if err != nil {
		return b, nil, err
	}
	if b.Items, err = s.items(ctx, firm, ms); err != nil {
		return b, nil, err
	}
	if err := s.company(ctx, firm, ms, b.Items); err != nil {
		return b, nil, err
	}
	if b.Ours, err = s.ours(ctx, firm, ms); err != nil {
		return b, nil, err
	}
	for _, k := range keys {
		deeds, err := s.Deeds(ctx, firm, k)
		if err != nil {
			return b, nil, err
		}
		for _, d := range deeds {
			b.Deeds = append(b.Deeds, signal.Deed{ID: d.ID, Mention: d.Mention, Option: d.Option, At: d.At, After: d.After})
		}
		facts, err := s.facts(ctx, firm, k)
		if err != nil {
			return b, nil, err
		}
		b.Facts = append(b.Facts, facts...)
	}
	if b.Alike, err = s.alike(ctx, firm, keys, ms); err != nil {
		return b, nil, err
	}
	if b.Groups, err = s.groupsOf(ctx, firm, key); err != nil {
		return b, nil, err
	}
	if len(ms) > 0 {
		b.Bursts, err = s.bursts(ctx, firm, ms[0].At)
	}
	return b, accountsOf(keys, ms), err
}

// groupsOf is the groups an account may belong to; none when nobody keeps them.
func (s *Store) groupsOf(ctx context.Context, firm, key string) ([]signal.Company, error) {
	if s.Together == nil {
		return nil, nil
	}
	return s.Together(access.With(ctx, access.System(firm)), firm, key)
}

// accountsOf names the accounts as they showed themselves last.
func accountsOf(keys []string, ms []mention.Mention) (as []Account) {
	for _, k := range keys {
		a := Account{Key: k}
		for _, m := range ms {
			if m.AuthorKey == k {
				a.Name = m.AuthorName
			}
		}
		as = append(as, a)
	}
	return as
}

// items turns mentions into what signals read.
func (s *Store) items(ctx context.Context, firm string, ms []mention.Mention) ([]signal.Item, error) {
	read := map[string]classify.Reading{}
	for part := range slices.Chunk(ms, 500) {
		ids := make([]string, len(part))
		for i, m := range part {
			ids[i] = m.ID
		}
		got, err := s.Labels.Readings(ctx, firm, ids)
		if err != nil {
			return nil, err
		}
		for id, r := range got {
			read[id] = r
		}
	}
	items := make([]signal.Item, len(ms))
	for i, m := range ms {
		r := read[m.ID]
		items[i] = signal.Item{ID: m.ID, Ext: m.ExternalID, Venue: venue(m), Thread: thread(m), Account: m.AuthorKey, At: m.At, Text: m.Text,
			Labels: m.Labels, Arousal: r.Arousal, Target: r.Target, Rating: m.Rating, Edits: max(m.Revision-1, 0), GoneAt: m.GoneAt}
	}
	return items, nil
}

// venue is the place as people call it: the host of the address, with the name of a group; the channel when there is no address.
func venue(m mention.Mention) string {
	u, err := url.Parse(m.URL)
	if err != nil || u.Host == "" {
		return m.Source
	}
	host := strings.TrimPrefix(strings.ToLower(u.Host), "www.")
	if parts := strings.Split(strings.Trim(u.Path, "/"), "/"); len(parts) > 1 && (parts[0] == "groups" || parts[0] == "r") {
		return host + "/" + parts[0] + "/" + parts[1]
	}
	return host
}

func thread(m mention.Mention) string {
	if m.Post == "" {
		return "mention:" + m.ID
	}
	return "post:" + m.Post
}

// bySource groups mentions by their channel.
func bySource(ms []mention.Mention) map[string][]mention.Mention {
	out := map[string][]mention.Mention{}
	for _, m := range ms {
		out[m.Source] = append(out[m.Source], m)
	}
	return out
}

// company fills in whom each item answers and how many others stand behind it.
func (s *Store) company(ctx context.Context, firm string, ms []mention.Mention, items []signal.Item) error {
	at := map[string]int{}
	mine := map[string]bool{}
	for i, m := range ms {
		at[m.Source+"\n"+m.ExternalID] = i
		mine[m.AuthorKey] = true
	}
	for src, list := range bySource(ms) {
		var exts, parents []string
		for _, m := range list {
			exts = append(exts, m.ExternalID)
			if m.ParentExt != "" && !slices.Contains(parents, m.ParentExt) && len(parents) < 2000 {
				parents = append(parents, m.ParentExt)
			}
		}
		answers, backing, err := s.Mentions.Answers(ctx, firm, src, exts)
		if err != nil {
			return err
		}
		for _, a := range answers {
			if i, ok := at[src+"\n"+a.ParentExt]; ok && !a.Own && !mine[a.AuthorKey] {
				items[i].Backing++
			}
		}
		for ext, n := range backing {
			if i, ok := at[src+"\n"+ext]; ok {
				items[i].Backing += n
			}
		}
		for part := range slices.Chunk(parents, 500) {
			found, err := s.Mentions.ByExternal(ctx, firm, src, part)
			if err != nil {
				return err
			}
			for _, m := range list {
				if p, ok := found[m.ParentExt]; ok {
					i := at[src+"\n"+m.ExternalID]
					items[i].ToFirm, items[i].ToOther = p.Own, !p.Own && !mine[p.AuthorKey]
				}
			}
		}
	}
	return nil
}

// ours are our public words to the accounts: answers to their items, and words of ours in their threads that answer nobody.
func (s *Store) ours(ctx context.Context, firm string, ms []mention.Mention) (out []signal.Reply, err error) {
	var posts []string
	theirs, seen := map[string]bool{}, map[string]bool{}
	for _, m := range ms {
		theirs[m.Source+"\n"+m.ExternalID] = true
		if m.Post != "" && !seen[m.Post] {
			seen[m.Post] = true
			posts = append(posts, m.Post)
		}
	}
	list, err := s.Mentions.OursUnder(ctx, firm, posts)
	if err != nil {
		return nil, err
	}
	for _, o := range list {
		if theirs[o.Source+"\n"+o.ParentExt] {
			out = append(out, signal.Reply{ID: o.ID, Thread: thread(o), To: o.ParentExt, At: o.At, Text: o.Text})
		}
	}
	return out, nil
}

// Bounds of looking for the same texts elsewhere.
const (
	mineCompared   = 200  // the account's newest texts
	theirsCompared = 5000 // others' texts of the same time
	wordsToCompare = 6    // shorter texts look alike by chance
)

// alike finds texts of other accounts that are nearly the same as the account's newest, within the same stretch of time.
func (s *Store) alike(ctx context.Context, firm string, keys []string, ms []mention.Mention) (out []signal.Alike, err error) {
	var mine []mention.Mention
	for _, m := range slices.Backward(ms) {
		if len(mine) < mineCompared && len(strings.Fields(m.Text)) >= wordsToCompare {
			mine = append(mine, m)
		}
	}
	if len(mine) == 0 {
		return nil, nil
	}
	from, to := mine[len(mine)-1].At.Add(-24*time.Hour), mine[0].At.Add(24*time.Hour)
	others, err := s.Mentions.Between(ctx, firm, from, to, theirsCompared)
	if err != nil {
		return nil, err
	}
	others = slices.DeleteFunc(others, func(o mention.Mention) bool {
		return slices.Contains(keys, o.AuthorKey) || len(strings.Fields(o.Text)) < wordsToCompare
	})
	return compare(mine, others), nil
}

// compare finds the nearest text of mine for every one of others, where they are nearly the same. Only texts that share a shingle
// are compared.
func compare(mine, others []mention.Mention) (out []signal.Alike) {
	sets := make([]map[string]bool, len(mine))
	holds := map[string][]int{}
	for i, m := range mine {
		sets[i] = signal.Shingles(m.Text)
		for sh := range sets[i] {
			holds[sh] = append(holds[sh], i)
		}
	}
	for _, o := range others {
		set := signal.Shingles(o.Text)
		shared := map[int]int{}
		for sh := range set {
			for _, i := range holds[sh] {
				shared[i]++
			}
		}
		best, at := 0.0, -1
		for i, n := range shared {
			j := float64(n) / float64(len(set)+len(sets[i])-n)
			if j > best || j == best && i < at {
				best, at = j, i
			}
		}
		if best >= signal.Near {
			out = append(out, signal.Alike{Mine: mine[at].ID, Theirs: o.ID, Other: o.AuthorKey, Jaccard: best, Apart: o.At.Sub(mine[at].At)})
		}
	}
	return out
}

// Bursts: an hour with at least five items and three times the median hour of the week before.
const (
	burstLeast = 5
	burstTimes = 3
)

// bursts are the busy hours around an instant.
func (s *Store) bursts(ctx context.Context, firm string, at time.Time) (ws []signal.Window, err error) {
	const week, around = 7 * 24, 12
	from := at.Truncate(time.Hour).Add(-(week + around) * time.Hour)
	buckets, err := s.Mentions.Pulse(ctx, firm, from, time.Hour, week+2*around)
	if err != nil {
		return nil, fmt.Errorf("look for bursts: %w", err)
	}
	usual := make([]float64, week)
	for i := range usual {
		usual[i] = float64(buckets[i].Ordinary + buckets[i].Hostile)
	}
	least := max(burstLeast, burstTimes*signal.Median(usual))
	for _, b := range buckets[week:] {
		if float64(b.Ordinary+b.Hostile) >= least {
			ws = append(ws, signal.Window{From: b.From, To: b.From.Add(time.Hour)})
		}
	}
	return ws, nil
}
