package mention

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"chop/internal/access"
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
	files, err := s.exhibitFiles(access.With(ctx, access.System(firm)), ms[0])
	if err != nil {
		return evidence.Exhibit{}, fmt.Errorf("preserve mention %s: %w", id, err)
	}
	m := ms[0]
	return ev.Preserve(ctx, evidence.Capture{Firm: firm, Ref: Ref(id), Title: cmp.Or(strings.TrimSpace(m.AuthorName), m.ExternalID),
		Level: evidence.L1, Files: files, Cause: cause, Limits: []string{"api capture; no picture of the page"},
		Meta: map[string]string{"url": m.URL, "how": "api", "revision": fmt.Sprint(m.Revision), "state": string(m.State)}})
}

func (s *Store) exhibitFiles(ctx context.Context, m Mention) ([]evidence.File, error) {
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
	if m.Delivery == "" {
		return files, nil
	}
	d, err := s.RawDelivery(ctx, m.Firm, m.Delivery)
	if err != nil {
		return nil, err
	}
	files = append(files, evidence.File{Name: "delivery.bin", Media: "application/octet-stream", Body: d.Body})
	return files, add("delivery.json", map[string]any{"url": d.URL, "status": d.Status, "header": d.Header, "sha256": d.SHA256, "received_at": d.At})
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
