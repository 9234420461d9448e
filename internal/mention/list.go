package mention

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/polish"
	"chop/internal/source"
)

// Filter says which mentions to list. Empty fields do not filter. Below pages through a search or a history.
type Filter struct {
	Firm     string   // one firm; empty: every firm of the principal
	Query    string   // words; all must occur, in any form
	Labels   []string // at least one of them
	Without  []string // none of them
	Source   string
	Status   Status
	Author   string // author key
	Post     string
	State    source.State
	Severity int // at least
	From, To time.Time
	Below    int64 // Doc of the last one seen; 0 from the newest
	Limit    int   // default 50, at most 500
}

const columns = `m.firm_id, m.id, m.doc, m.source_id, m.ext_id, m.kind, m.post_id, m.parent_ext, m.author_key, m.author_name, m.text,
	m.url, m.lang, m.at, m.seen_at, m.changed_at, m.state, m.rating, m.own, m.revision, m.gone_at, m.delivery_id, m.labels, m.severity,
	m.sentiment, m.buyer, m.status, m.due_at`

func scanMention(scan func(...any) error) (m Mention, err error) {
	var labels string
	err = scan(&m.Firm, &m.ID, &m.Doc, &m.Source, &m.ExternalID, &m.Kind, &m.Post, &m.ParentExt, &m.AuthorKey, &m.AuthorName, &m.Text,
		&m.URL, &m.Lang, &m.At, &m.SeenAt, &m.ChangedAt, &m.State, &m.Rating, &m.Own, &m.Revision, &m.GoneAt, &m.Delivery, &labels, &m.Severity,
		&m.Sentiment, &m.Buyer, &m.Status, &m.DueAt)
	if labels != "" {
		m.Labels = strings.Split(strings.Trim(labels, ","), ",")
	}
	return m, err
}

// conditions builds a WHERE clause piece by piece.
type conditions struct {
	parts []string
	args  []any
}

func (c *conditions) add(part string, args ...any) {
	for i := range args {
		part = strings.Replace(part, "?", fmt.Sprintf("$%d", len(c.args)+i+1), 1)
	}
	c.parts, c.args = append(c.parts, part), append(c.args, args...)
}

// List is the mentions that fit the filter: those waiting for a decision by weight, everything else newest first.
// Needs access.ViewMentions.
func (s *Store) List(ctx context.Context, f Filter) (list []Mention, err error) {
	firms, err := s.firms(ctx, f.Firm)
	if err != nil || len(firms) == 0 {
		return nil, err
	}
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		if f.Query != "" {
			list, err = f.page(ctx, tx, firms)
			return err
		}
		// One firm and one label after the other walk along an index each; all at once sort everything there is.
		for _, firm := range firms {
			for _, g := range f.walks() {
				part, err := g.page(ctx, tx, []string{firm})
				if err != nil {
					return err
				}
				list = append(list, part...)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list mentions: %w", err)
	}
	slices.SortStableFunc(list, f.order)
	list = slices.CompactFunc(list, func(a, b Mention) bool { return a.Doc == b.Doc })
	return list[:min(len(list), f.limit())], nil
}

// walks splits a filter for several labels into one for each when every one has its own index.
func (f Filter) walks() []Filter {
	if !f.alongLabels() {
		return []Filter{f}
	}
	fs := make([]Filter, len(f.Labels))
	for i, l := range f.Labels {
		fs[i] = f
		fs[i].Labels = []string{l}
	}
	return fs
}

// alongLabels tells whether the indexes of the labels are the shortest way to the newest that fit.
func (f Filter) alongLabels() bool {
	return len(f.Labels) > 0 && f.Query == "" && f.Status != Open && f.Author == "" && f.Post == ""
}

// page is the first mentions of these firms.
func (f Filter) page(ctx context.Context, tx *db.Tx, firms []string) (list []Mention, err error) {
	c := f.where(tx, firms)
	if c == nil {
		return nil, nil
	}
	order := "m.doc DESC"
	if f.Status == Open {
		order = "m.severity DESC, m.at DESC, m.doc DESC"
	}
	err = tx.Each(ctx, `SELECT `+columns+` FROM mention m WHERE `+strings.Join(c.parts, " AND ")+` ORDER BY `+order+
		fmt.Sprintf(" LIMIT %d", f.limit()), c.args, func(scan func(...any) error) error {
		m, err := scanMention(scan)
		list = append(list, m)
		return err
	})
	return list, err
}

// order is the order of a list, as in page.
func (f Filter) order(a, b Mention) int {
	if f.Status == Open {
		return cmp.Or(cmp.Compare(b.Severity, a.Severity), b.At.Compare(a.At), cmp.Compare(b.Doc, a.Doc))
	}
	return cmp.Compare(b.Doc, a.Doc)
}

func (f Filter) limit() int {
	if f.Limit <= 0 {
		return 50
	}
	return min(f.Limit, 500)
}

// plain is what a label is made of; anything else would mean something in SQL.
var plain = regexp.MustCompile(`^[a-z_]+$`)

// where is nil when the filter cannot match anything (a query without a word, what is no label).
func (f Filter) where(tx *db.Tx, firms []string) *conditions {
	for _, l := range slices.Concat(f.Labels, f.Without) {
		if !plain.MatchString(l) {
			return nil
		}
	}
	c := &conditions{}
	c.add("m.firm_id IN ("+strings.TrimSuffix(strings.Repeat("?,", len(firms)), ",")+")", db.Args(firms)...)
	below := f.Below
	if below == 0 {
		below = math.MaxInt64
	}
	if f.Query != "" {
		groups := polish.Query(f.Query)
		if len(groups) == 0 {
			return nil
		}
		clause, args := matchClause(tx, len(c.args)+1, firms, groups, below)
		c.parts, c.args = append(c.parts, clause), append(c.args, args...)
	} else if f.Below > 0 {
		c.add("m.doc < ?", f.Below)
	}
	for _, e := range []struct {
		on   bool
		part string
		arg  any
	}{
		{f.Source != "", "m.source_id = ?", f.Source},
		{f.Author != "", "m.author_key = ?", f.Author},
		{f.Post != "", "m.post_id = ?", f.Post},
		{f.State != "", "m.state = ?", string(f.State)},
		{f.Severity > 0, "m.severity >= ?", f.Severity},
		{!f.From.IsZero(), "m.at >= ?", f.From},
		{!f.To.IsZero(), "m.at < ?", f.To},
	} {
		if e.on {
			c.add(e.part, e.arg)
		}
	}
	f.whereLabels(c)
	if f.Status == Open {
		c.add("m.status = 'open'") // spelled out, so that the partial index of the inbox serves it
	} else if f.Status != "" {
		c.add("m.status = ?", string(f.Status))
	}
	return c
}

func (f Filter) whereLabels(c *conditions) {
	for _, l := range f.Without {
		c.add("m.labels NOT LIKE ?", "%,"+l+",%")
	}
	if len(f.Labels) == 1 && f.alongLabels() {
		c.add("m.labels LIKE '%," + f.Labels[0] + ",%'") // spelled out, so that the partial index of the label serves it
		return
	}
	var parts []string
	var args []any
	for _, l := range f.Labels {
		parts, args = append(parts, "m.labels LIKE ?"), append(args, "%,"+l+",%")
	}
	if len(parts) > 0 {
		c.add("("+strings.Join(parts, " OR ")+")", args...)
	}
}

func (s *Store) firms(ctx context.Context, firm string) ([]string, error) {
	if firm == "" {
		return access.Scope(ctx, access.ViewMentions), nil
	}
	return []string{firm}, access.Check(ctx, access.ViewMentions, firm)
}

// Find is one mention. Needs access.ViewMentions; fault.NotFound when it does not exist.
func (s *Store) Find(ctx context.Context, firm, id string) (m Mention, err error) {
	if err := access.Check(ctx, access.ViewMentions, firm); err != nil {
		return m, err
	}
	list, err := s.byIDs(ctx, firm, []string{id})
	if err == nil && len(list) == 0 {
		err = fault.Missing("mention")
	}
	if err != nil {
		return m, err
	}
	return list[0], nil
}

// Locate finds the firm of a mention among those the principal may see, for addresses that name the mention only.
func (s *Store) Locate(ctx context.Context, id string) (m Mention, err error) {
	firms, err := s.firms(ctx, "")
	if err != nil {
		return m, err
	}
	for _, f := range firms {
		list, err := s.byIDs(ctx, f, []string{id})
		if err != nil {
			return m, err
		}
		if len(list) == 1 {
			return list[0], nil
		}
	}
	return m, fault.Missing("mention")
}

// ByIDs is the mentions of an event, for handlers of the queue. Needs access.ViewMentions.
func (s *Store) ByIDs(ctx context.Context, firm string, ids []string) ([]Mention, error) {
	if err := access.Check(ctx, access.ViewMentions, firm); err != nil {
		return nil, err
	}
	return s.byIDs(ctx, firm, ids)
}

func (s *Store) byIDs(ctx context.Context, firm string, ids []string) (list []Mention, err error) {
	if len(ids) == 0 {
		return nil, nil
	}
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT `+columns+` FROM mention m WHERE m.firm_id = $1 AND m.id IN (`+db.Marks(2, len(ids))+`) ORDER BY m.doc`,
			append([]any{firm}, db.Args(ids)...), func(scan func(...any) error) error {
				m, err := scanMention(scan)
				list = append(list, m)
				return err
			})
	})
	if err != nil {
		return nil, fmt.Errorf("read mentions: %w", err)
	}
	return list, nil
}

// ByExternal is the mentions of a source with these ids at the place, for the thread context of replies.
func (s *Store) ByExternal(ctx context.Context, firm, src string, exts []string) (map[string]Mention, error) {
	out := map[string]Mention{}
	if len(exts) == 0 {
		return out, nil
	}
	if err := access.Check(ctx, access.ViewMentions, firm); err != nil {
		return nil, err
	}
	err := s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT `+columns+` FROM mention m WHERE m.firm_id = $1 AND m.source_id = $2 AND m.ext_id IN (`+db.Marks(3, len(exts))+`)`,
			append([]any{firm, src}, db.Args(exts)...), func(scan func(...any) error) error {
				m, err := scanMention(scan)
				out[m.ExternalID] = m
				return err
			})
	})
	if err != nil {
		return nil, fmt.Errorf("read mentions by their ids at the place: %w", err)
	}
	return out, nil
}

// Posts is the posts with these ids. Needs access.ViewMentions.
func (s *Store) Posts(ctx context.Context, firm string, ids []string) (map[string]Post, error) {
	out := map[string]Post{}
	if len(ids) == 0 {
		return out, nil
	}
	if err := access.Check(ctx, access.ViewMentions, firm); err != nil {
		return nil, err
	}
	err := s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT id, source_id, ext_id, title, text, url, at FROM post WHERE firm_id = $1 AND id IN (`+db.Marks(2, len(ids))+`)`,
			append([]any{firm}, db.Args(ids)...), func(scan func(...any) error) error {
				p := Post{Firm: firm}
				err := scan(&p.ID, &p.Source, &p.ExternalID, &p.Title, &p.Text, &p.URL, &p.At)
				out[p.ID] = p
				return err
			})
	})
	if err != nil {
		return nil, fmt.Errorf("read posts: %w", err)
	}
	return out, nil
}

// Thread is what readers of a post see and saw, oldest first, at most 500. Needs access.ViewMentions.
func (s *Store) Thread(ctx context.Context, firm, post string) ([]Mention, error) {
	if err := access.Check(ctx, access.ViewMentions, firm); err != nil {
		return nil, err
	}
	var list []Mention
	err := s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT `+columns+` FROM (SELECT * FROM mention WHERE firm_id = $1 AND post_id = $2 ORDER BY at DESC LIMIT 500) m
			ORDER BY m.at, m.doc`, []any{firm, post}, func(scan func(...any) error) error {
			m, err := scanMention(scan)
			list = append(list, m)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read thread: %w", err)
	}
	return list, nil
}

// Revisions is the history of a mention's text and state, oldest first. Needs access.ViewMentions.
func (s *Store) Revisions(ctx context.Context, firm, id string) (list []Revision, err error) {
	if err := access.Check(ctx, access.ViewMentions, firm); err != nil {
		return nil, err
	}
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT n, seen_at, text, state FROM revision WHERE firm_id = $1 AND mention_id = $2 ORDER BY n`, []any{firm, id},
			func(scan func(...any) error) error {
				var r Revision
				err := scan(&r.N, &r.SeenAt, &r.Text, &r.State)
				list = append(list, r)
				return err
			})
	})
	if err != nil {
		return nil, fmt.Errorf("read revisions: %w", err)
	}
	return list, nil
}

// Reactions counts the standing reactions under a post by kind. Needs access.ViewMentions.
func (s *Store) Reactions(ctx context.Context, firm, post string) (map[string]int, error) {
	if err := access.Check(ctx, access.ViewMentions, firm); err != nil {
		return nil, err
	}
	out := map[string]int{}
	err := s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT kind, count(*) FROM reaction WHERE firm_id = $1 AND post_id = $2 AND gone_at = 0 GROUP BY kind`,
			[]any{firm, post}, func(scan func(...any) error) error {
				var k string
				var n int
				err := scan(&k, &n)
				out[k] = n
				return err
			})
	})
	if err != nil {
		return nil, fmt.Errorf("count reactions: %w", err)
	}
	return out, nil
}
