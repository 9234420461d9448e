package simulate

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
)

// Check refuses what cannot be played, naming the setting and what is allowed.
func (s Settings) Check() error {
	for name, n := range map[string]int{"posts": s.Posts, "accounts": s.Accounts, "wave": s.Wave, "fans": s.Fans, "critics": s.Critics, "digest": s.Digest,
		"push": s.Push, "topic": s.Topic, "topic-push": s.TopicPush, "pile": s.Pile, "storm": s.Storm, "puppets": s.Puppets, "stealth": s.Stealth} {
		if n < 0 || n > 1_000_000 {
			return fmt.Errorf("--%s %d: give a number from 0 to 1000000", name, n)
		}
	}
	switch {
	case s.Posts == 0:
		return fmt.Errorf("--posts 0: a page needs at least one post")
	case !(s.Days >= 1 && s.Days <= 3650):
		return fmt.Errorf("--days %v: give a number from 1 to 3650", s.Days)
	case !(s.Hidden >= 0 && s.Hidden <= 1):
		return fmt.Errorf("--hidden %v: give a share from 0 to 1", s.Hidden)
	}
	return nil
}

// WritePosts writes object_id, published, is_question.
func (p Page) WritePosts(out io.Writer) error {
	rows := [][]string{{"object_id", "published", "is_question"}}
	for _, x := range p.Posts {
		rows = append(rows, []string{x.ID, strconv.FormatInt(x.Published, 10), strconv.FormatBool(x.Question)})
	}
	return table(out, rows)
}

// WriteEvents writes object_id, account_id, content_id, timestamp_share, kind.
func (p Page) WriteEvents(out io.Writer) error {
	rows := [][]string{{"object_id", "account_id", "content_id", "timestamp_share", "kind"}}
	for _, x := range p.Actions {
		rows = append(rows, []string{x.Post, x.Account, x.Content, strconv.FormatInt(x.At, 10), x.Kind})
	}
	return table(out, rows)
}

// WriteTruth writes account_id, role, group, events.
func (p Page) WriteTruth(out io.Writer) error {
	rows := [][]string{{"account_id", "role", "group", "events"}}
	for _, x := range p.Accounts {
		rows = append(rows, []string{x.Name, x.Role, x.Group, strconv.Itoa(x.Actions)})
	}
	return table(out, rows)
}

func table(out io.Writer, rows [][]string) error {
	if err := csv.NewWriter(out).WriteAll(rows); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return nil
}
