package coordination

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"chop/internal/coordination/channel"
	"chop/internal/coordination/count"
	"chop/internal/coordination/detect"
	"chop/internal/fault"
	"chop/internal/lang"
)

// notKnown is what tables of R write for a value that is missing.
const notKnown = "NA"

// Compat reads actions (object_id, account_id, content_id, timestamp_share) and writes pairs of accounts that shared the
// same object within the window: account_a, account_b, weight, kept. A cell NA, or an empty time, is not known. Faults name file, line and cause.
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
		r := count.Row{Object: sh.keep(cells[0]), Account: sh.keep(cells[1]), Content: strings.Clone(cells[2])}
		when := strings.TrimSpace(cells[3])
		r.Missing = when == "" || slices.Contains(cells, notKnown)
		if when != "" && when != notKnown {
			if r.At, err = sh.seconds(when); err != nil {
				return err
			}
		}
		rows = append(rows, r)
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

// Input is what is looked at, with the names of the files for messages. Posts and Accounts may be nil.
type Input struct {
	Events, Posts, Accounts             io.Reader
	EventsName, PostsName, AccountsName string
}

// Analyse reads posts (object_id, published, is_question, text), actions (object_id, account_id, timestamp_share; and, where
// given, content_id, text, link, reaction, account_created, handle, avatar_hash) and accounts (account_id, account_created,
// handle, avatar_hash), and writes one JSON object: groups with members, links and what other channels say, what was looked
// at, and what it means. Reruns is the number of shuffled histories for the rate of false groups; below zero what the size of
// the page affords. Same input, same output.
func Analyse(in Input, out io.Writer, s detect.Settings, reruns int, t lang.Tag) error {
	var p channel.Page
	posts, err := readPosts(in, &p)
	if err != nil {
		return err
	}
	if err := readAccounts(in, &p); err != nil {
		return err
	}
	actions, left, err := readActions(in, posts, &p)
	if err != nil {
		return err
	}
	r := detect.Run(actions, posts, s)
	var largest []int
	large := false
	if reruns < 0 {
		reruns = affordable(len(actions))
		large = reruns == 0 && len(r.Groups) > 0
	}
	if len(r.Groups) > 0 && reruns > 0 {
		largest = detect.Surrogates(actions, posts, s, reruns)
	}
	f := describe(r, largest, left, t)
	if large {
		f.Notes = append(f.Notes, t.T("coordination.note.large"))
	}
	f.channels(r, p, t)
	return write(out, f)
}

const (
	usualReruns = 50
	fewReruns   = 19 // fewer cannot show a rate below one in twenty
	bearable    = 2_500_000
)

// affordable is how many histories are shuffled when nobody says: on large pages it would take minutes.
func affordable(actions int) int {
	n := min(usualReruns, bearable/max(actions, 1))
	if n < fewReruns {
		return 0
	}
	return n
}

func write(out io.Writer, f Finding) error {
	w := bufio.NewWriter(out)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(f); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return nil
}

func readPosts(in Input, p *channel.Page) (posts []detect.Post, err error) {
	if in.Posts == nil {
		return nil, nil
	}
	sh, err := open(in.PostsName, in.Posts, "object_id", "published", "?is_question", "?text")
	if err != nil {
		return nil, err
	}
	sh.longText(3)
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
		var x detect.Post
		if x.ID, err = sh.named(cells[0], "object_id"); err != nil {
			return nil, err
		}
		if x.Published, err = sh.seconds(cells[1]); err != nil {
			return nil, err
		}
		if x.Question, err = sh.yes(cells[2]); err != nil {
			return nil, err
		}
		x.ID = strings.Clone(x.ID)
		posts = append(posts, x)
		if cells[3] != "" {
			p.Own = append(p.Own, strings.Clone(cells[3]))
		}
	}
}

func readAccounts(in Input, p *channel.Page) error {
	if in.Accounts == nil {
		return nil
	}
	sh, err := open(in.AccountsName, in.Accounts, "account_id", "?account_created", "?handle", "?avatar_hash")
	if err != nil {
		return err
	}
	for {
		cells, err := sh.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		a := channel.Account{Handle: strings.Clone(cells[2]), Avatar: sh.keep(cells[3])}
		if a.ID, err = sh.named(cells[0], "account_id"); err != nil {
			return err
		}
		if a.Created, err = sh.created(cells[1]); err != nil {
			return err
		}
		a.ID = strings.Clone(a.ID)
		p.Accounts = append(p.Accounts, a)
	}
}

// readActions also tells how many actions stand under posts that are not listed.
func readActions(in Input, posts []detect.Post, p *channel.Page) (actions []detect.Action, left int, err error) {
	sh, err := open(in.EventsName, in.Events, "object_id", "account_id", "timestamp_share", "?content_id", "?text", "?link", "?reaction", "?account_created",
		"?handle", "?avatar_hash")
	if err != nil {
		return nil, 0, err
	}
	sh.longText(4)
	known, of := map[string]bool{}, map[string]channel.Account{}
	for _, x := range posts {
		known[x.ID] = true
	}
	for {
		cells, err := sh.next()
		if err == io.EOF {
			for _, id := range slices.Sorted(maps.Keys(of)) {
				p.Accounts = append(p.Accounts, of[id])
			}
			return actions, left, nil
		}
		if err != nil {
			return nil, 0, err
		}
		a := detect.Action{Post: sh.keep(cells[0])}
		if _, err = sh.named(cells[0], "object_id"); err != nil {
			return nil, 0, err
		}
		if a.Account, err = sh.named(sh.keep(cells[1]), "account_id"); err != nil {
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
		if err := sh.said(cells, a, of, p); err != nil {
			return nil, 0, err
		}
	}
}

// said keeps what a row tells besides who, where and when.
func (s *sheet) said(cells []string, a detect.Action, of map[string]channel.Account, p *channel.Page) error {
	content, text, link, reaction := cells[3], cells[4], cells[5], cells[6]
	if text != "" || link != "" {
		x := channel.Said{Account: a.Account, Post: a.Post, Content: strings.Clone(content), Text: strings.Clone(text), Reaction: s.keep(reaction), At: a.At}
		if link != "" {
			x.Links = strings.Fields(strings.Clone(link))
		}
		p.Said = append(p.Said, x)
	} else if reaction != "" {
		p.Reacted = append(p.Reacted, channel.Reacted{Account: a.Account, Kind: s.keep(reaction)})
	}
	born, handle, avatar := cells[7], cells[8], cells[9]
	if born == "" && handle == "" && avatar == "" {
		return nil
	}
	x := of[a.Account]
	if x.Created == 0 {
		at, err := s.created(born)
		if err != nil {
			return err
		}
		x.Created = at
	}
	if x.Handle == "" {
		x.Handle = strings.Clone(handle)
	}
	if x.Avatar == "" {
		x.Avatar = strings.Clone(avatar)
	}
	x.ID = a.Account
	of[a.Account] = x
	return nil
}
