package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"

	"chop/internal/access"
	"chop/internal/crisis"
	"chop/internal/db"
	"chop/internal/mention"
	"chop/internal/polish"
	"chop/internal/reason"
)

// pages fills the database and times every page as the guardian of twenty firms.
func pages(ctx context.Context, o options, kind string) ([][]string, error) {
	p, err := openPlace(ctx, kind)
	if err != nil {
		return nil, err
	}
	defer p.close()
	w, err := startHere(ctx, o, p, 20)
	if err != nil {
		return nil, err
	}
	one, err := w.fill(ctx, o.mentions)
	if err != nil {
		return nil, fmt.Errorf("fill: %w", err)
	}
	c, err := w.aCase(ctx, one)
	if err != nil {
		return nil, err
	}
	var rows [][]string
	for _, path := range []string{"/watch", "/inbox", "/inbox?m=" + one.ID, "/inbox?firm=" + w.firms[0].ID, "/search?q=obrus", "/search?q=zachwycona+prezentem",
		"/search?q=%C5%82ab%C4%99d%C5%BA", "/search?label=complaint", "/cases", "/cases/" + c.ID, "/authors", "/waves", "/replies", "/calibration", "/owner?firm=" + w.firms[0].ID, "/exhibits", "/sources", "/duty", "/firms", "/people", "/journal"} {
		row, err := w.visit(ctx, path)
		if err != nil {
			return nil, err
		}
		rows = append(rows, append([]string{kind}, row...))
	}
	return rows, w.close(ctx)
}

const inStatement = 2000

// fill writes n mentions straight into the tables: half of them to the first firm, two in a thousand waiting.
func (w *live) fill(ctx context.Context, n int) (one mention.Mention, err error) {
	random := rand.New(rand.NewPCG(7, 7))
	posts, err := w.fillPosts(ctx, max(1, n/33))
	if err != nil {
		return one, err
	}
	now := w.DB.Now()
	for from := 0; from < n; from += inStatement {
		var rows, search [][]any
		for i := from; i < min(n, from+inStatement); i++ {
			f := 0
			if i%2 == 1 {
				f = 1 + i%(len(w.firms)-1)
			}
			firm, doc, text := w.firms[f].ID, int64(i+1), sentences(random)
			at := now.Add(-time.Duration(n-i) * 20 * time.Second)
			status, labels, severity := "quiet", ",praise,", 0
			switch {
			case i%500 == 0:
				status, labels, severity = "open", ",complaint,", 2
			case i%20 == 0:
				status, labels, severity = "done", ",insult,discouragement,", 2
			}
			id := db.NewID()
			if status == "open" {
				one = mention.Mention{Firm: firm, ID: id}
			}
			name := names[random.IntN(len(names))]
			rows = append(rows, []any{firm, id, doc, w.sources[f].ID, fmt.Sprint("x", i), "comment", posts[i%len(posts)], "", "webhook:" + fmt.Sprint(i%50000), name, text,
				"", "pl", at, at, at, "published", 0, false, 1, "", []byte{}, labels, severity, 0.0, false, status, at.Add(24 * time.Hour)})
			search = append(search, []any{doc, firm, polish.Index(name + " " + text)})
		}
		if err := w.insert(ctx, rows, search); err != nil {
			return one, err
		}
	}
	return one, nil
}

func (w *live) fillPosts(ctx context.Context, n int) (ids []string, err error) {
	var rows [][]any
	for i := range n {
		ids = append(ids, db.NewID())
		rows = append(rows, []any{w.firms[0].ID, ids[i], w.sources[0].ID, fmt.Sprint("p", i), fmt.Sprintf("Zima w lnie %d", i), "", "", w.DB.Now()})
	}
	return ids, w.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Insert(ctx, `INSERT INTO post (firm_id, id, source_id, ext_id, title, text, url, at)`, rows, "")
		return err
	})
}

func (w *live) insert(ctx context.Context, rows, search [][]any) error {
	return w.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if _, err := tx.Insert(ctx, `INSERT INTO mention (firm_id, id, doc, source_id, ext_id, kind, post_id, parent_ext, author_key, author_name, text, url,
			lang, at, seen_at, changed_at, state, rating, own, revision, delivery_id, meta, labels, severity, sentiment, buyer, status, due_at)`, rows, ""); err != nil {
			return err
		}
		if tx.Dialect() == db.SQLite {
			for _, r := range search {
				r[1], r[2] = "f"+strings.ReplaceAll(r[1].(string), "-", "")+" "+r[2].(string), nil
			}
			for i := range search {
				search[i] = search[i][:2]
			}
			_, err := tx.Insert(ctx, `INSERT INTO mention_search (rowid, words)`, search, "")
			return err
		}
		return indexed(ctx, tx, search)
	})
}

// indexed fills PostgreSQL's full-text index.
func indexed(ctx context.Context, tx *db.Tx, rows [][]any) error {
	for part := range slices.Chunk(rows, 500) {
		var b strings.Builder
		var args []any
		for i, r := range part {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, "($%d::bigint, $%d, array_to_tsvector(ARRAY(SELECT DISTINCT w FROM unnest(string_to_array($%d, ' ')) AS w)))", i*3+1, i*3+2, i*3+3)
			args = append(args, r...)
		}
		if _, err := tx.Exec(ctx, `INSERT INTO mention_search (doc, firm_id, words) VALUES `+b.String(), args...); err != nil {
			return err
		}
	}
	return nil
}

// itemsOfCase is how many items the measured case holds.
const itemsOfCase = 1000

// aCase opens a case around a mention and the firm's latest ones.
func (w *live) aCase(ctx context.Context, m mention.Mention) (crisis.Case, error) {
	ctx = access.With(ctx, access.System("*"))
	items := []reason.Ref{mention.Ref(m.ID)}
	err := w.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT id FROM mention WHERE firm_id = $1 AND own = FALSE ORDER BY doc DESC LIMIT $2`, []any{m.Firm, itemsOfCase},
			func(scan func(...any) error) error {
				var id string
				err := scan(&id)
				items = append(items, mention.Ref(id))
				return err
			})
	})
	if err != nil {
		return crisis.Case{}, err
	}
	c, _, err := w.Cases.Open(ctx, crisis.New{Firm: m.Firm, Subject: "bench", Title: "Sprawa do pomiaru", Severity: 2, Priority: 3, Items: items})
	return c, err
}

const visits = 20

// visit opens a page twenty times after one to warm up.
func (w *live) visit(ctx context.Context, path string) ([]string, error) {
	var took []time.Duration
	size := 0
	for i := range visits + 1 {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+w.app.Addr()+path, nil)
		if err != nil {
			return nil, err
		}
		req.AddCookie(&http.Cookie{Name: "chop", Value: w.token})
		req.Header.Set("X-Forwarded-For", fmt.Sprintf("203.0.113.%d", i)) // the limit of one network is not what is measured
		time.Sleep(time.Second / 18)                                      // a session may ask twenty times a second
		begin := time.Now()
		res, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			return nil, err
		}
		raw, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil || res.StatusCode != http.StatusOK {
			return nil, fmt.Errorf("%s answers %d: %v", path, res.StatusCode, err)
		}
		if i > 0 {
			took = append(took, time.Since(begin))
		}
		size = len(raw)
	}
	slices.Sort(took)
	shown, _, _ := strings.Cut(path, "0")
	if strings.Contains(path, "q=") || strings.Contains(path, "label=") {
		shown = path
	}
	return []string{"`" + shown + "`", milli(at(took, 0.5)), milli(took[len(took)-1]), fmt.Sprint(size)}, nil
}
