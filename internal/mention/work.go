package mention

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/fetch"
	"chop/internal/source"
)

// Pull looks at a source that is due and takes in what it finds. It hears source.Due, outside a transaction: the look
// may take long. A failed look is recorded at the source and is not an error of the job.
func (s *Store) Pull(ctx context.Context, e source.Due) error {
	src, err := s.Sources.ByID(ctx, e.Source)
	if fault.Is(err, fault.NotFound) {
		return nil // removed meanwhile
	}
	if err != nil {
		return err
	}
	if src.Paused || src.Poll != e.Number {
		return nil // an older timer
	}
	c, err := s.Sources.Registry.Find(src.Kind)
	if err != nil {
		return s.Sources.Missed(ctx, src, err, 0)
	}
	settings, err := s.Sources.Settings(ctx, src)
	if err != nil {
		return s.Sources.Missed(ctx, src, err, 0)
	}
	began := time.Now()
	b, err := c.Fetch(ctx, settings, src.Cursor)
	if err != nil {
		return s.Sources.Missed(ctx, src, err, fetch.After(err))
	}
	ev, err := s.Intake(ctx, src, b)
	if err != nil {
		return s.refused(ctx, src, err)
	}
	if !ev.empty() {
		slog.Info("taken in", "firm", src.Firm, "source", src.ID, "new", len(ev.New), "edited", len(ev.Edited), "moved", len(ev.Moved),
			"reactions", len(ev.Reacted), "ms", time.Since(began).Milliseconds())
	}
	return nil
}

// refused records that what a look brought could not be kept, so that the source shows it and the next look brings it
// again. What cannot even be recorded is an error of the job.
func (s *Store) refused(ctx context.Context, src source.Source, cause error) error {
	if ctx.Err() != nil {
		return cause // the program is stopping
	}
	told := cause
	if db.IsFull(cause) {
		told = fault.New(fault.Unavailable, "storage.full").Because(cause)
	}
	if err := s.Sources.Missed(ctx, src, told, 0); err != nil {
		return errors.Join(cause, err)
	}
	return nil
}

// Summary is what later rooms find out about a mention, kept with it for lists and filters.
type Summary struct {
	Mention   string // its id
	Labels    []string
	Severity  int
	Sentiment float64
	Buyer     bool
	Lang      string
	Status    Status
	DueAt     time.Time
}

// Summarise stores the summaries of mentions of one firm, a few statements for all. What a person settled stays settled.
// For handlers of the queue and corrections, in their transaction.
func (s *Store) Summarise(ctx context.Context, firm string, found ...Summary) error {
	rows := make([][]any, len(found))
	for i, f := range found {
		rows[i] = f.row(firm)
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Insert(ctx, `WITH v (firm_id, id, labels, severity, sentiment, buyer, lang, status, due_at) AS (`, rows,
			`) UPDATE mention SET labels = v.labels, severity = CAST(v.severity AS BIGINT), sentiment = CAST(v.sentiment AS DOUBLE PRECISION),
			buyer = (v.buyer = 'true'), lang = v.lang, due_at = CAST(v.due_at AS BIGINT),
			status = CASE WHEN mention.status IN ('done', 'snoozed') THEN mention.status ELSE v.status END
			FROM v WHERE mention.firm_id = v.firm_id AND mention.id = v.id`)
		if err != nil {
			return fmt.Errorf("summarise mentions: %w", err)
		}
		tx.Touch(firm, "mentions")
		return nil
	})
}

// row is the summary as texts: PostgreSQL takes the marks of a bare list of values for texts.
func (f Summary) row(firm string) []any {
	labels := ""
	if len(f.Labels) > 0 {
		labels = "," + strings.Join(f.Labels, ",") + ","
	}
	return []any{firm, f.Mention, labels, strconv.Itoa(f.Severity), strconv.FormatFloat(f.Sentiment, 'g', -1, 64), strconv.FormatBool(f.Buyer),
		f.Lang, string(f.Status), strconv.FormatInt(db.Micros(f.DueAt), 10)}
}

// SetStatus moves a mention through the inbox, in the transaction of the deed that moved it.
func (s *Store) SetStatus(ctx context.Context, firm, id string, to Status) error {
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE mention SET status = $3 WHERE firm_id = $1 AND id = $2`, firm, id, string(to))
		if err == nil && n == 0 {
			err = fault.Missing("mention")
		}
		tx.Touch(firm, "mentions")
		return err
	})
}

// Placed records where an item stands at its place after one of our own deeds was read back.
func (s *Store) Placed(ctx context.Context, firm, id string, now source.State) error {
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		var k Mention
		found, err := tx.One(ctx, `SELECT state, revision, text FROM mention WHERE firm_id = $1 AND id = $2`, []any{firm, id}, &k.State, &k.Revision, &k.Text)
		if err != nil || !found || k.State == now || now == "" {
			return err
		}
		var gone time.Time
		if now == source.Gone {
			gone = tx.Now()
		}
		if _, err := tx.Exec(ctx, `UPDATE mention SET state = $3, revision = $4, changed_at = $5, gone_at = $6 WHERE firm_id = $1 AND id = $2`,
			firm, id, string(now), k.Revision+1, tx.Now(), gone); err != nil {
			return fmt.Errorf("record new state: %w", err)
		}
		tx.Touch(firm, "mentions")
		_, err = tx.Exec(ctx, `INSERT INTO revision (firm_id, mention_id, n, seen_at, text, state, delivery_id) VALUES ($1, $2, $3, $4, $5, $6, '')`,
			firm, id, k.Revision+1, tx.Now(), k.Text, string(now))
		return err
	})
}

// PlaceMeta opens what the place needs back with a deed, and the account as captured. For deeds and exhibits only.
func (s *Store) PlaceMeta(ctx context.Context, firm, id string) (source.Meta, source.Account, error) {
	var sealed []byte
	err := s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		found, err := tx.One(ctx, `SELECT meta FROM mention WHERE firm_id = $1 AND id = $2`, []any{firm, id}, &sealed)
		if err == nil && !found {
			err = fault.Missing("mention")
		}
		return err
	})
	if err != nil || len(sealed) == 0 {
		return nil, source.Account{}, err
	}
	raw, err := s.Seal.Open(ctx, firm, "mention.meta", id, sealed)
	if err != nil {
		return nil, source.Account{}, fmt.Errorf("open what the place needs back: %w", err)
	}
	var m sealedMeta
	return m.Meta, m.Author, json.Unmarshal(raw, &m)
}

// Delivery is the raw delivery a mention came in, as received. Needs access.ViewEvidence.
type Delivery struct {
	ID, URL, SHA256 string
	Header          string
	Status          int
	At              time.Time
	Body            []byte
	newest          bool // of the newest state of the mention it was opened for
}

// RawDelivery opens a delivery. fault.NotFound when the mention came without one.
func (s *Store) RawDelivery(ctx context.Context, firm, id string) (d Delivery, err error) {
	if err := access.Check(ctx, access.ViewEvidence, firm); err != nil {
		return d, err
	}
	var sealed []byte
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		found, err := tx.One(ctx, `SELECT id, url, sha256, header, status, at, body FROM delivery WHERE firm_id = $1 AND id = $2`,
			[]any{firm, id}, &d.ID, &d.URL, &d.SHA256, &d.Header, &d.Status, &d.At, &sealed)
		if err == nil && !found {
			err = fault.Missing("delivery")
		}
		return err
	})
	if err != nil {
		return d, err
	}
	packed, err := s.Seal.Open(ctx, firm, "delivery", id, sealed)
	if err != nil {
		return d, fmt.Errorf("open delivery: %w", err)
	}
	if d.Body, err = unpack(packed); err != nil {
		return d, fmt.Errorf("unpack delivery: %w", err)
	}
	return d, nil
}

// Counts of the inbox for the shell and the duty page.
type Counts struct {
	Open   int
	Urgent int       // severity 3 and more among the open
	Oldest time.Time // due time of the most overdue open one
}

// Count counts what waits in one firm, or in all of the principal's. Needs access.ViewMentions.
func (s *Store) Count(ctx context.Context, firm string) (c Counts, err error) {
	firms, err := s.firms(ctx, firm)
	if err != nil || len(firms) == 0 {
		return c, err
	}
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.One(ctx, `SELECT count(*), coalesce(sum(CASE WHEN severity >= 3 THEN 1 ELSE 0 END), 0),
			coalesce(min(CASE WHEN due_at > 0 THEN due_at END), 0) FROM mention WHERE status = 'open' AND firm_id IN (`+
			db.Marks(1, len(firms))+`)`, db.Args(firms), &c.Open, &c.Urgent, &c.Oldest)
		return err
	})
	if err != nil {
		return c, fmt.Errorf("count open mentions: %w", err)
	}
	return c, nil
}

// Bucket counts the mentions of a stretch of time.
type Bucket struct {
	From              time.Time
	Ordinary, Hostile int
}

// hostile labels make the pulse glow; a complaint does not.
var hostileLabels = []string{"threat", "extortion", "hate", "insult", "personal_data", "discouragement", "boycott", "trolling"}

// Pulse counts mentions of a firm per bucket from `from` on. Needs access.ViewMentions.
func (s *Store) Pulse(ctx context.Context, firm string, from time.Time, width time.Duration, n int) ([]Bucket, error) {
	if err := access.Check(ctx, access.ViewMentions, firm); err != nil {
		return nil, err
	}
	out := make([]Bucket, n)
	for i := range out {
		out[i].From = from.Add(time.Duration(i) * width)
	}
	err := s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT (at - $2) / $3, labels, count(*) FROM mention WHERE firm_id = $1 AND at >= $2 AND at < $4 AND own = FALSE
			GROUP BY 1, labels`, []any{firm, db.Micros(from), width.Microseconds(), from.Add(time.Duration(n) * width)},
			func(scan func(...any) error) error {
				var i, k int
				var labels string
				if err := scan(&i, &labels, &k); err != nil {
					return err
				}
				if i < 0 || i >= n {
					return nil
				}
				if Hostile(labels) {
					out[i].Hostile += k
				} else {
					out[i].Ordinary += k
				}
				return nil
			})
	})
	if err != nil {
		return nil, fmt.Errorf("count the pulse: %w", err)
	}
	return out, nil
}

// Hostile tells whether a joined list of labels (",insult,spam,") holds a hostile one.
func Hostile(labels string) bool {
	for _, l := range hostileLabels {
		if strings.Contains(labels, ","+l+",") {
			return true
		}
	}
	return false
}
