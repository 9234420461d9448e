package group

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
)

// Plain is the kept input of a finding as `chop coordinate` reads it, with every account and post under a number: who wants to reckon the
// finding again needs the crowd's times, not its names. Numbers follow the order of the keys, so the method, which goes by that order, comes
// to the same figures.
type Plain struct {
	Actions [][]string        // object_id, account_id, content_id, timestamp_share; with a head line
	Posts   [][]string        // object_id, published, is_question
	Numbers map[string]string // account key -> its number
	Zone    string            // that the hours of the day were counted in
	Code    string            // version of the method
}

// PlainInput gives the input of finding n of a group. Needs what Find needs. Faults: NotFound "finding", "group.input".
func (s *Store) PlainInput(ctx context.Context, firm, id string, n int) (p Plain, err error) {
	if _, err := s.Find(ctx, firm, id); err != nil {
		return p, err
	}
	x, kept, err := s.inputOf(ctx, firm, id, n)
	if err != nil {
		return p, err
	}
	p = x.plain()
	p.Code = kept.Code
	return p, nil
}

func (x input) plain() Plain {
	p := Plain{Numbers: map[string]string{}, Zone: x.Head.Zone}
	var accounts, posts []string
	for _, a := range x.Acts {
		accounts = append(accounts, a.A)
	}
	for _, o := range x.Objects {
		posts = append(posts, o.ID)
	}
	numbers(accounts, "a", p.Numbers)
	post := map[string]string{}
	numbers(posts, "p", post)
	p.Posts = [][]string{{"object_id", "published", "is_question"}}
	for _, o := range x.Objects {
		p.Posts = append(p.Posts, []string{post[o.ID], seconds(o.At), strconv.FormatBool(o.Question)})
	}
	p.Actions = [][]string{{"object_id", "account_id", "content_id", "timestamp_share"}}
	for i, a := range x.Acts {
		p.Actions = append(p.Actions, []string{post[x.Objects[a.O].ID], p.Numbers[a.A], fmt.Sprintf("c%07d", i+1), seconds(a.T)})
	}
	return p
}

// numbers names keys by their place in order.
func numbers(keys []string, letter string, to map[string]string) {
	keys = slices.Clone(keys)
	slices.SortFunc(keys, cmp.Compare)
	for i, k := range slices.Compact(keys) {
		to[k] = fmt.Sprintf("%s%06d", letter, i+1)
	}
}

// seconds writes microseconds since 1970 as seconds, without loss.
func seconds(micros int64) string { return fmt.Sprintf("%d.%06d", micros/1e6, micros%1e6) }
