package mention

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/evidence"
	"chop/internal/fault"
	"chop/internal/source"
)

// exhibitItem is a mention as it is written into an exhibit.
type exhibitItem struct {
	ID         string         `json:"id"`
	ExternalID string         `json:"id_at_place"`
	Parent     string         `json:"answers,omitempty"`
	Author     source.Account `json:"author"`
	Text       string         `json:"text"`
	URL        string         `json:"url,omitempty"`
	At         time.Time      `json:"written_at"`
	SeenAt     time.Time      `json:"first_seen_at"`
	State      source.State   `json:"state"`
	Rating     int            `json:"rating,omitempty"`
	Revision   int            `json:"revision"`
	GoneAt     time.Time      `json:"gone_at,omitzero"`
}

// Preserve seals a mention: the item, the raw delivery it came in, its revisions and the thread around it. The cause is
// a short code of why ("triage", "decision", "person"). Needs access.Preserve.
func (s *Store) Preserve(ctx context.Context, ev *evidence.Store, firm, id, cause string) (evidence.Exhibit, error) {
	if err := access.Check(ctx, access.Preserve, firm); err != nil {
		return evidence.Exhibit{}, err
	}
	ms, err := s.byIDs(ctx, firm, []string{id})
	if err == nil && len(ms) == 0 {
		err = fault.Missing("mention")
	}
	if err != nil {
		return evidence.Exhibit{}, err
	}
	// The sealing is done on the program's behalf, so that a person who may only preserve does not have to read.
	m, system := ms[0], access.With(ctx, access.System(firm))
	raw, err := s.newestDelivery(system, m)
	if err != nil {
		return evidence.Exhibit{}, fmt.Errorf("preserve mention %s: %w", id, err)
	}
	files, err := s.exhibitFiles(system, m, raw)
	if err != nil {
		return evidence.Exhibit{}, fmt.Errorf("preserve mention %s: %w", id, err)
	}
	return ev.Preserve(ctx, evidence.Capture{Firm: firm, Ref: Ref(id), Title: cmp.Or(strings.TrimSpace(m.AuthorName), m.ExternalID),
		Level: evidence.L1, Files: files, Cause: cause, Limits: exhibitLimits(m, raw), Meta: exhibitMeta(m, raw)})
}

func (s *Store) exhibitFiles(ctx context.Context, m Mention, raw *Delivery) ([]evidence.File, error) {
	item, err := s.exhibitItem(ctx, m)
	if err != nil {
		return nil, err
	}
	files := []evidence.File{}
	add := func(name string, v any) error {
		raw, err := json.MarshalIndent(v, "", "  ")
		files = append(files, evidence.File{Name: name, Media: "application/json", Body: raw})
		return err
	}
	if err := add("item.json", item); err != nil {
		return nil, err
	}
	revisions, err := s.Revisions(ctx, m.Firm, m.ID)
	if err != nil {
		return nil, err
	}
	if err := add("revisions.json", revisions); err != nil {
		return nil, err
	}
	if m.Post != "" {
		t, err := s.exhibitThread(ctx, m)
		if err != nil {
			return nil, err
		}
		if err := add("thread.json", t); err != nil {
			return nil, err
		}
	}
	if raw == nil {
		return files, nil
	}
	files = append(files, evidence.File{Name: "delivery.bin", Media: "application/octet-stream", Body: raw.Body})
	return files, add("delivery.json", map[string]any{"url": raw.URL, "status": raw.Status, "header": raw.Header, "sha256": raw.SHA256, "received_at": raw.At})
}

// newestDelivery is the raw answer in which the newest state of a mention came, or the last one that is known; nil when
// there is none.
func (s *Store) newestDelivery(ctx context.Context, m Mention) (*Delivery, error) {
	id, n := m.Delivery, 1
	err := s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.One(ctx, `SELECT delivery_id, n FROM revision WHERE firm_id = $1 AND mention_id = $2 AND delivery_id <> '' ORDER BY n DESC LIMIT 1`,
			[]any{m.Firm, m.ID}, &id, &n)
		return err
	})
	if err != nil || id == "" {
		return nil, err
	}
	d, err := s.RawDelivery(ctx, m.Firm, id)
	if err != nil {
		return nil, err
	}
	d.newest = n == m.Revision
	return &d, nil
}

// exhibitMeta is what is known of how the item was captured (domain/evidence-legal.md A.3).
func exhibitMeta(m Mention, raw *Delivery) map[string]string {
	meta := map[string]string{"url": m.URL, "how": "api", "revision": fmt.Sprint(m.Revision), "state": string(m.State), "place_id": m.ExternalID, "item_kind": m.Kind,
		"written_at": stamp(m.At), "first_seen_at": stamp(m.SeenAt), "clock": "machine clock, offset not measured"}
	if !m.GoneAt.IsZero() {
		meta["gone_at"] = stamp(m.GoneAt)
	}
	if raw != nil {
		meta["requested_url"], meta["status"], meta["received_at"] = raw.URL, fmt.Sprint(raw.Status), stamp(raw.At)
	}
	return meta
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// exhibitLimits are the known defects of a capture through a channel's interface.
func exhibitLimits(m Mention, raw *Delivery) []string {
	limits := []string{"api capture; no picture of the page"}
	if raw == nil {
		limits = append(limits, "no raw answer of the place")
	}
	switch {
	case raw != nil && !raw.newest:
		limits = append(limits, "raw answer is of an earlier state")
	case !m.GoneAt.IsZero():
		limits = append(limits, "gone; raw answer is the first of the listing without it")
	}
	return limits
}

func (s *Store) exhibitItem(ctx context.Context, m Mention) (exhibitItem, error) {
	_, account, err := s.PlaceMeta(ctx, m.Firm, m.ID)
	if err != nil {
		return exhibitItem{}, err
	}
	account.Name = m.AuthorName
	return exhibitItem{ID: m.ID, ExternalID: m.ExternalID, Parent: m.ParentExt, Author: account, Text: m.Text, URL: m.URL, At: m.At,
		SeenAt: m.SeenAt, State: m.State, Rating: m.Rating, Revision: m.Revision, GoneAt: m.GoneAt}, nil
}

// exhibitThread is the post and what stood under it at the time of sealing.
func (s *Store) exhibitThread(ctx context.Context, m Mention) (any, error) {
	posts, err := s.Posts(ctx, m.Firm, []string{m.Post})
	if err != nil {
		return nil, err
	}
	thread, err := s.Thread(ctx, m.Firm, m.Post)
	if err != nil {
		return nil, err
	}
	items := make([]exhibitItem, len(thread))
	for i, t := range thread {
		items[i] = exhibitItem{ID: t.ID, ExternalID: t.ExternalID, Parent: t.ParentExt, Author: source.Account{Name: t.AuthorName}, Text: t.Text,
			URL: t.URL, At: t.At, SeenAt: t.SeenAt, State: t.State, Rating: t.Rating, Revision: t.Revision, GoneAt: t.GoneAt}
	}
	p := posts[m.Post]
	return map[string]any{"post": map[string]any{"id_at_place": p.ExternalID, "title": p.Title, "text": p.Text, "url": p.URL}, "comments": items}, nil
}
