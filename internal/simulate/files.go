package simulate

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
)

// Check refuses what cannot be played, naming the setting and what is allowed.
func (s Settings) Check() error {
	for name, n := range map[string]int{"posts": s.Posts, "accounts": s.Accounts, "wave": s.Wave, "fans": s.Fans, "critics": s.Critics, "digest": s.Digest,
		"push": s.Push, "topic": s.Topic, "topic-push": s.TopicPush, "pile": s.Pile, "storm": s.Storm, "puppets": s.Puppets, "stealth": s.Stealth,
		"siege": s.Siege, "extort": s.Extort, "bomb": s.Bomb} {
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
	case !(s.Customers >= 0 && s.Customers <= 1):
		return fmt.Errorf("--customers %v: give a share from 0 to 1", s.Customers)
	case !(s.Reviews >= 0 && s.Reviews <= 100_000):
		return fmt.Errorf("--reviews %v: give a number a week from 0 to 100000", s.Reviews)
	case s.Lang != "" && s.Lang != "pl" && s.Lang != "en":
		return fmt.Errorf("--texts %q: give pl or en", s.Lang)
	}
	return nil
}

// WriteFiles writes posts.csv, events.csv, reviews.csv and truth.csv into a folder, which is made when missing.
func (p Page) WriteFiles(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	for _, f := range []struct {
		name  string
		write func(io.Writer) error
	}{{"posts.csv", p.WritePosts}, {"events.csv", p.WriteEvents}, {"reviews.csv", p.WriteReviews}, {"truth.csv", p.WriteTruth}} {
		if err := writeFile(filepath.Join(folder, f.name), f.write); err != nil {
			return err
		}
	}
	return nil
}

func writeFile(path string, write func(io.Writer) error) error {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return errors.Join(write(f), f.Close())
}

// WritePosts writes object_id, published, is_question, and title, asker, text of the question.
func (p Page) WritePosts(out io.Writer) error {
	rows := [][]string{{"object_id", "published", "is_question", "title", "asker", "text"}}
	for _, x := range p.Posts {
		rows = append(rows, []string{x.ID, strconv.FormatInt(x.Published, 10), strconv.FormatBool(x.Question), x.Title, x.Asker, x.Text})
	}
	return table(out, rows)
}

// columns of actions and reviews. "answers" tells that it stands under the customer's question rather than under the post.
var columns = []string{"object_id", "account_id", "content_id", "timestamp_share", "kind", "reaction", "answers", "text", "link", "rating", "handle",
	"account_created", "verified"}

// WriteEvents writes object_id, account_id, content_id, timestamp_share, kind, and what was said by whom: reaction, answers, text,
// link, rating (empty), handle, account_created (seconds since 1970), verified.
func (p Page) WriteEvents(out io.Writer) error { return p.actions(out, p.Actions, "") }

// WriteReviews writes reviews of the firm in the columns of WriteEvents; the object is "reviews" for all.
func (p Page) WriteReviews(out io.Writer) error { return p.actions(out, p.Reviews, "reviews") }

func (p Page) actions(out io.Writer, list []Action, object string) error {
	who := map[string]Account{}
	for _, a := range p.Accounts {
		who[a.Name] = a
	}
	rows := [][]string{columns}
	for _, x := range list {
		a, rating := who[x.Account], ""
		if x.Rating > 0 {
			rating = strconv.Itoa(x.Rating)
		}
		if object != "" {
			x.Post = object
		}
		rows = append(rows, []string{x.Post, x.Account, x.Content, strconv.FormatInt(x.At, 10), x.Kind, x.Reaction, strconv.FormatBool(x.Answers), x.Text,
			x.Link, rating, a.Handle, created(a), strconv.FormatBool(a.Verified)})
	}
	return table(out, rows)
}

func created(a Account) string {
	if a.Created == 0 {
		return ""
	}
	return strconv.FormatInt(a.Created, 10)
}

// WriteTruth writes account_id, role, group, events, and reviews, shown, handle, account_created, verified.
func (p Page) WriteTruth(out io.Writer) error {
	rows := [][]string{{"account_id", "role", "group", "events", "reviews", "shown", "handle", "account_created", "verified"}}
	for _, x := range p.Accounts {
		rows = append(rows, []string{x.Name, x.Role, x.Group, strconv.Itoa(x.Actions), strconv.Itoa(x.Reviews), x.Shown, x.Handle, created(x),
			strconv.FormatBool(x.Verified)})
	}
	return table(out, rows)
}

func table(out io.Writer, rows [][]string) error {
	if err := csv.NewWriter(out).WriteAll(rows); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return nil
}
