package mention

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"chop/internal/db"
	"chop/internal/job"
	"chop/internal/ledger"
	"chop/internal/polish"
	"chop/internal/seal"
	"chop/internal/source"
)

// Store keeps mentions.
type Store struct {
	DB      *db.DB
	Jobs    *job.Queue
	Seal    *seal.Store
	Ledger  *ledger.Log
	Sources *source.Store
}

// Intake saves what a look or a delivery brought, once: repeats and late arrivals change nothing, a changed text
// becomes a revision, a missing one is recorded as gone. Raw bytes, their commitment in the ledger, the source's
// cursor and the event commit together.
func (s *Store) Intake(ctx context.Context, src source.Source, b source.Batch) (Ingested, error) {
	ev := Ingested{Firm: src.Firm, Source: src.ID}
	err := s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		in := intake{s: s, tx: tx, src: src, b: b, ev: &ev}
		if err := in.run(ctx); err != nil {
			return err
		}
		newest := time.Time{}
		for _, it := range b.Items {
			if it.At.After(newest) {
				newest = it.At
			}
		}
		if err := s.Sources.Moved(ctx, src, source.Looked{Cursor: b.Cursor, NewItems: len(ev.New), LastItem: newest,
			More: b.More, RetryAfter: b.RetryAfter, Expires: b.Expires}); err != nil {
			return err
		}
		if ev.empty() {
			return nil
		}
		tx.Touch(src.Firm, "mentions")
		return s.Jobs.Put(ctx, ev, job.Urgent())
	})
	if err != nil {
		return Ingested{}, fmt.Errorf("intake of source %s: %w", src.ID, err)
	}
	return ev, nil
}

// intake is one batch on its way into the database.
type intake struct {
	s   *Store
	tx  *db.Tx
	src source.Source
	b   source.Batch
	ev  *Ingested

	items      []source.Item // comments, once each
	reactions  []source.Item
	deliveries []string // ids, same order as b.Deliveries
	posts      map[string]string
	known      map[string]known
}

// known is what we already have of an item.
type known struct {
	id, text string
	state    source.State
	revision int
	doc      int64
	rating   int
	gone     time.Time
}

func (in *intake) run(ctx context.Context) error {
	in.sort()
	if len(in.items)+len(in.reactions) > 0 {
		for _, step := range []func(context.Context) error{in.saveDeliveries, in.savePosts, in.loadKnown, in.saveItems, in.saveReactions} {
			if err := step(ctx); err != nil {
				return err
			}
		}
	}
	if in.b.Sweep != nil {
		return in.sweep(ctx)
	}
	return nil
}

// sort keeps the last version of every item and puts reactions aside. Items without an id cannot be kept apart and
// would be handled twice; connectors never yield them.
func (in *intake) sort() {
	last := map[string]int{}
	for i, it := range in.b.Items {
		last[it.ExternalID] = i
	}
	for i, it := range in.b.Items {
		if it.ExternalID == "" || last[it.ExternalID] != i {
			continue
		}
		it.ExternalID, it.ParentID = extID(it.ExternalID), extID(it.ParentID)
		it.Text, it.Author.Name = clean(it.Text), clean(it.Author.Name)
		it.State = cmp.Or(it.State, source.Published)
		if it.Kind == source.KindReaction {
			in.reactions = append(in.reactions, it)
		} else {
			in.items = append(in.items, it)
		}
	}
}

func (in *intake) saveDeliveries(ctx context.Context) error {
	var rows [][]any
	var leaves [][]byte
	for _, d := range in.b.Deliveries {
		id, salt := db.NewID(), make([]byte, 16)
		if _, err := rand.Read(salt); err != nil {
			return err
		}
		sum := sha256.Sum256(d.Body)
		packed, err := pack(d.Body)
		if err != nil {
			return err
		}
		sealed, err := in.s.Seal.Seal(ctx, in.src.Firm, "delivery", id, packed)
		if err != nil {
			return fmt.Errorf("seal delivery: %w", err)
		}
		in.deliveries = append(in.deliveries, id)
		leaves = append(leaves, ledger.Commit(salt, []byte("delivery"), []byte(id), sum[:]))
		rows = append(rows, []any{in.src.Firm, id, in.src.ID, cmpTime(d.At, in.tx.Now()), clean(d.URL), d.Status,
			clean(strings.Join(d.Header, "\n")), hex.EncodeToString(sum[:]), len(d.Body), sealed, int64(0), salt})
	}
	if len(rows) == 0 {
		return nil
	}
	first, err := in.s.Ledger.AppendMany(ctx, leaves)
	if err != nil {
		return fmt.Errorf("commit deliveries: %w", err)
	}
	for i := range rows {
		rows[i][10] = first + int64(i)
	}
	_, err = in.tx.Insert(ctx, `INSERT INTO delivery (firm_id, id, source_id, at, url, status, header, sha256, size, body, leaf, salt)`, rows, "")
	if err != nil {
		return fmt.Errorf("save deliveries: %w", err)
	}
	return nil
}

func cmpTime(t, otherwise time.Time) time.Time {
	if t.IsZero() {
		return otherwise
	}
	return t
}

func pack(body []byte) ([]byte, error) {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	if err != nil {
		return nil, err
	}
	if _, err := z.Write(body); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func unpack(packed []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

// savePosts makes the posts of the batch known and learns their ids.
func (in *intake) savePosts(ctx context.Context) error {
	in.posts = map[string]string{"": ""}
	var rows [][]any
	for _, it := range slices.Concat(in.items, in.reactions) {
		p := it.Post
		ext := extID(p.ExternalID)
		if _, ok := in.posts[ext]; ok {
			continue
		}
		in.posts[ext] = ""
		rows = append(rows, []any{in.src.Firm, db.NewID(), in.src.ID, ext, clean(p.Title), clean(p.Text), clean(p.URL), p.At})
	}
	if len(rows) == 0 {
		return nil
	}
	_, err := in.tx.Insert(ctx, `INSERT INTO post (firm_id, id, source_id, ext_id, title, text, url, at)`, rows,
		`ON CONFLICT (firm_id, source_id, ext_id) DO UPDATE SET
		title = CASE WHEN excluded.title = '' THEN post.title ELSE excluded.title END,
		text = CASE WHEN excluded.text = '' THEN post.text ELSE excluded.text END,
		url = CASE WHEN excluded.url = '' THEN post.url ELSE excluded.url END`)
	if err != nil {
		return fmt.Errorf("save posts: %w", err)
	}
	exts := make([]string, 0, len(in.posts))
	for e := range in.posts {
		exts = append(exts, e)
	}
	return in.chunks(exts, func(part []string) error {
		args := append([]any{in.src.Firm, in.src.ID}, db.Args(part)...)
		return in.tx.Each(ctx, `SELECT ext_id, id FROM post WHERE firm_id = $1 AND source_id = $2 AND ext_id IN (`+db.Marks(3, len(part))+`)`,
			args, func(scan func(...any) error) error {
				var ext, id string
				err := scan(&ext, &id)
				if ext != "" {
					in.posts[ext] = id
				}
				return err
			})
	})
}

func (in *intake) chunks(all []string, f func(part []string) error) error {
	for part := range slices.Chunk(all, 1000) {
		if err := f(part); err != nil {
			return err
		}
	}
	return nil
}

func (in *intake) loadKnown(ctx context.Context) error {
	in.known = map[string]known{}
	exts := make([]string, len(in.items))
	for i, it := range in.items {
		exts[i] = it.ExternalID
	}
	return in.chunks(exts, func(part []string) error {
		args := append([]any{in.src.Firm, in.src.ID}, db.Args(part)...)
		return in.tx.Each(ctx, `SELECT ext_id, id, text, state, revision, doc, rating, gone_at FROM mention
			WHERE firm_id = $1 AND source_id = $2 AND ext_id IN (`+db.Marks(3, len(part))+`)`, args, func(scan func(...any) error) error {
			var ext string
			var k known
			err := scan(&ext, &k.id, &k.text, &k.state, &k.revision, &k.doc, &k.rating, &k.gone)
			in.known[ext] = k
			return err
		})
	})
}

func (in *intake) saveItems(ctx context.Context) error {
	var rows, revisions [][]any
	var docs []doc
	for _, it := range in.items {
		if k, ok := in.known[it.ExternalID]; ok {
			if err := in.update(ctx, it, k); err != nil {
				return err
			}
			continue
		}
		row, d, err := in.row(ctx, it)
		if err != nil {
			return err
		}
		rows, docs = append(rows, row), append(docs, d)
		in.ev.New = append(in.ev.New, d.id)
		revisions = append(revisions, []any{in.src.Firm, d.id, 1, in.tx.Now(), it.Text, it.State, in.delivery(it)})
	}
	if len(rows) == 0 {
		return nil
	}
	if _, err := in.tx.Insert(ctx, `INSERT INTO mention (firm_id, id, doc, source_id, ext_id, kind, post_id, parent_ext, author_key, author_name,
		text, url, lang, at, seen_at, changed_at, state, rating, own, revision, delivery_id, meta)`, rows, ""); err != nil {
		return fmt.Errorf("save mentions: %w", err)
	}
	if err := in.saveRevisions(ctx, revisions); err != nil {
		return err
	}
	return index(ctx, in.tx, in.src.Firm, docs)
}

func (in *intake) saveRevisions(ctx context.Context, rows [][]any) error {
	_, err := in.tx.Insert(ctx, `INSERT INTO revision (firm_id, mention_id, n, seen_at, text, state, delivery_id)`, rows, "")
	if err != nil {
		return fmt.Errorf("save revisions: %w", err)
	}
	return nil
}

func (in *intake) delivery(it source.Item) string {
	if it.Delivery < 0 || it.Delivery >= len(in.deliveries) {
		return ""
	}
	return in.deliveries[it.Delivery]
}

func (in *intake) row(ctx context.Context, it source.Item) ([]any, doc, error) {
	now := in.tx.Now()
	d := doc{id: db.NewID(), doc: newDoc(now), words: words(it)}
	meta, err := in.meta(ctx, d.id, it)
	if err != nil {
		return nil, d, err
	}
	return []any{in.src.Firm, d.id, d.doc, in.src.ID, it.ExternalID, cmp.Or(it.Kind, source.KindComment), in.posts[extID(it.Post.ExternalID)],
		it.ParentID, authorKey(in.src.Kind, it.Author), it.Author.Name, it.Text, clean(it.URL), clean(it.Lang), when(it.At, now), now, now,
		it.State, it.Rating, it.Own, 1, in.delivery(it), meta}, d, nil
}

// meta seals what the place needs back (addresses of the author among it).
func (in *intake) meta(ctx context.Context, id string, it source.Item) ([]byte, error) {
	if len(it.Meta) == 0 && it.Author.Email == "" && it.Author.URL == "" && it.Author.Handle == "" {
		return []byte{}, nil
	}
	raw, err := json.Marshal(sealedMeta{Meta: it.Meta, Author: it.Author})
	if err != nil {
		return nil, err
	}
	sealed, err := in.s.Seal.Seal(ctx, in.src.Firm, "mention.meta", id, raw)
	if err != nil {
		return nil, fmt.Errorf("seal what the place needs back: %w", err)
	}
	return sealed, nil
}

type sealedMeta struct {
	Meta   source.Meta    `json:"meta"`
	Author source.Account `json:"author"`
}

// update records what changed since we last saw the item; usually nothing did.
func (in *intake) update(ctx context.Context, it source.Item, k known) error {
	back := !k.gone.IsZero() && it.State != source.Gone
	if it.Text == k.text && it.State == k.state && it.Rating == k.rating && !back {
		return nil
	}
	now, n := in.tx.Now(), k.revision+1
	if _, err := in.tx.Exec(ctx, `UPDATE mention SET text = $3, state = $4, rating = $5, revision = $6, changed_at = $7, gone_at = 0
		WHERE firm_id = $1 AND id = $2`, in.src.Firm, k.id, it.Text, it.State, it.Rating, n, now); err != nil {
		return fmt.Errorf("save new revision: %w", err)
	}
	if err := in.saveRevisions(ctx, [][]any{{in.src.Firm, k.id, n, now, it.Text, it.State, in.delivery(it)}}); err != nil {
		return err
	}
	if it.Text == k.text && it.Rating == k.rating {
		in.ev.Moved = append(in.ev.Moved, k.id)
		return nil
	}
	in.ev.Edited = append(in.ev.Edited, k.id)
	return index(ctx, in.tx, in.src.Firm, []doc{{id: k.id, doc: k.doc, words: words(it), again: true}})
}

// What PostgreSQL's index can hold: a word of at most 2 kB and at most 1 MB of words for one text.
const (
	maxIndexed = 100 << 10
	maxWord    = 200
)

// words is what a mention is found by: its text, its author's name and the title it stands under.
func words(it source.Item) string {
	all := it.Author.Name + " " + it.Post.Title + " " + it.Text
	all = strings.ToValidUTF8(all[:min(len(all), maxIndexed)], "")
	ws := strings.Fields(polish.Index(all))
	return strings.Join(slices.DeleteFunc(ws, func(w string) bool { return len(w) > maxWord }), " ")
}

// doc is a text for the full-text index.
type doc struct {
	id    string
	doc   int64
	words string
	again bool
}

func (in *intake) saveReactions(ctx context.Context) error {
	var rows [][]any
	now := in.tx.Now()
	at := map[time.Time]int{} // a place that gives no times gives an order: it is kept in microseconds
	for _, it := range in.reactions {
		t := when(it.At, now)
		at[t]++
		gone := time.Time{}
		if it.State == source.Gone {
			gone = now
		}
		post := in.posts[extID(it.Post.ExternalID)]
		rows = append(rows, []any{in.src.Firm, in.src.ID, it.ExternalID, post, it.ParentID, authorKey(in.src.Kind, it.Author), it.Author.Name,
			clean(it.Reaction), t.Add(time.Duration(at[t]-1) * time.Microsecond), now, gone})
		if post != "" && !slices.Contains(in.ev.Reacted, post) {
			in.ev.Reacted = append(in.ev.Reacted, post)
		}
	}
	if len(rows) == 0 {
		return nil
	}
	_, err := in.tx.Insert(ctx, `INSERT INTO reaction (firm_id, source_id, ext_id, post_id, parent_ext, author_key, author_name, kind, at, seen_at, gone_at)`,
		rows, `ON CONFLICT (firm_id, source_id, ext_id) DO UPDATE SET kind = excluded.kind, gone_at = excluded.gone_at`)
	if err != nil {
		return fmt.Errorf("save reactions: %w", err)
	}
	return nil
}

// sweep records what disappeared from a stretch that was looked at as a whole.
func (in *intake) sweep(ctx context.Context) error {
	w := in.b.Sweep
	var gone []Mention
	err := in.tx.Each(ctx, `SELECT id, ext_id, text, state, revision FROM mention WHERE firm_id = $1 AND source_id = $2
		AND at >= $3 AND at <= $4 AND gone_at = 0`, []any{in.src.Firm, in.src.ID, w.From, w.To}, func(scan func(...any) error) error {
		var m Mention
		if err := scan(&m.ID, &m.ExternalID, &m.Text, &m.State, &m.Revision); err != nil {
			return err
		}
		if _, there := w.Present[m.ExternalID]; !there {
			gone = append(gone, m)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("look for disappearances: %w", err)
	}
	if len(gone) > 0 && in.deliveries == nil { // the listing shows that they are missing
		if err := in.saveDeliveries(ctx); err != nil {
			return err
		}
	}
	for _, m := range gone {
		if err := in.vanish(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

func (in *intake) vanish(ctx context.Context, m Mention) error {
	now := in.tx.Now()
	if _, err := in.tx.Exec(ctx, `UPDATE mention SET state = $3, gone_at = $4, changed_at = $4, revision = revision + 1
		WHERE firm_id = $1 AND id = $2`, in.src.Firm, m.ID, source.Gone, now); err != nil {
		return fmt.Errorf("record disappearance: %w", err)
	}
	in.ev.Moved = append(in.ev.Moved, m.ID)
	return in.saveRevisions(ctx, [][]any{{in.src.Firm, m.ID, m.Revision + 1, now, m.Text, source.Gone, in.delivery(source.Item{})}})
}
