package coordination

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"

	"chop/internal/coordination/count"
	"chop/internal/coordination/detect"
	"chop/internal/fault"
	"chop/internal/lang"
)

// Compat reads actions (object_id, account_id, content_id, timestamp_share) and writes pairs of accounts that shared the
// same object within the window: account_a, account_b, weight, kept. Faults name file, line and cause.
func Compat(name string, in io.Reader, out io.Writer, s count.Settings) error {
	if err := checkCompat(s); err != nil {
		return err
	}
	sh, err := open(name, in, "object_id", "account_id", "content_id", "timestamp_share")
	if err != nil {
		return err
	}
	var rows []count.Row
	for {
		cells, err := sh.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		at, err := sh.seconds(cells[3])
		if err != nil {
			return err
		}
		rows = append(rows, count.Row{Object: cells[0], Account: cells[1], Content: cells[2], At: at})
	}
	return writeEdges(out, count.Edges(rows, s))
}

func checkCompat(s count.Settings) error {
	switch {
	case !(s.Window >= 0):
		return fault.New(fault.Invalid, "coordination.window")
	case s.MinTimes < 1:
		return fault.New(fault.Invalid, "coordination.participation")
	case !(s.Quantile >= 0 && s.Quantile <= 1):
		return fault.New(fault.Invalid, "coordination.quantile")
	}
	return nil
}

func writeEdges(out io.Writer, edges []count.Edge) error {
	w := csv.NewWriter(out)
	_ = w.Write([]string{"account_a", "account_b", "weight", "kept"}) // the writer keeps its error until Flush
	for _, e := range edges {
		_ = w.Write([]string{e.A, e.B, strconv.Itoa(e.Weight), strconv.FormatBool(e.Kept)})
	}
	w.Flush()
	if err := w.Error(); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return nil
}

// Input is what is looked at, with the names of the files for messages. Posts may be nil.
type Input struct {
	Events, Posts         io.Reader
	EventsName, PostsName string
}

// Analyse reads posts (object_id, published, is_question) and actions (object_id, account_id, timestamp_share) and writes
// one JSON object: groups with members and links, what was looked at, and what it means. Reruns is the number of shuffled
// histories for the rate of false groups. Same input, same output.
func Analyse(in Input, out io.Writer, s detect.Settings, reruns int, t lang.Tag) error {
	posts, err := readPosts(in)
	if err != nil {
		return err
	}
	actions, left, err := readActions(in, posts)
	if err != nil {
		return err
	}
	r := detect.Run(actions, posts, s)
	var largest []int
	if len(r.Groups) > 0 && reruns > 0 {
		largest = detect.Surrogates(actions, posts, s, reruns)
	}
	w := bufio.NewWriter(out)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(describe(r, largest, left, t)); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return nil
}

func readPosts(in Input) (posts []detect.Post, err error) {
	if in.Posts == nil {
		return nil, nil
	}
	sh, err := open(in.PostsName, in.Posts, "object_id", "published", "?is_question")
	if err != nil {
		return nil, err
	}
	for {
		cells, err := sh.next()
		if err == io.EOF {
			if len(posts) == 0 {
				return nil, fault.New(fault.Invalid, "coordination.empty", "File", in.PostsName)
			}
			return posts, nil
		}
		if err != nil {
			return nil, err
		}
		var p detect.Post
		if p.ID, err = sh.named(cells[0], "object_id"); err != nil {
			return nil, err
		}
		if p.Published, err = sh.seconds(cells[1]); err != nil {
			return nil, err
		}
		if p.Question, err = sh.yes(cells[2]); err != nil {
			return nil, err
		}
		posts = append(posts, p)
	}
}

// readActions also tells how many actions stand under posts that are not listed.
func readActions(in Input, posts []detect.Post) (actions []detect.Action, left int, err error) {
	sh, err := open(in.EventsName, in.Events, "object_id", "account_id", "timestamp_share")
	if err != nil {
		return nil, 0, err
	}
	known := map[string]bool{}
	for _, p := range posts {
		known[p.ID] = true
	}
	for {
		cells, err := sh.next()
		if err == io.EOF {
			return actions, left, nil
		}
		if err != nil {
			return nil, 0, err
		}
		a := detect.Action{Post: cells[0]}
		if _, err = sh.named(cells[0], "object_id"); err != nil {
			return nil, 0, err
		}
		if a.Account, err = sh.named(cells[1], "account_id"); err != nil {
			return nil, 0, err
		}
		if a.At, err = sh.seconds(cells[2]); err != nil {
			return nil, 0, err
		}
		if len(posts) > 0 && !known[a.Post] {
			left++
			continue
		}
		actions = append(actions, a)
	}
}
