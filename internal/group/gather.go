package group

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"chop/internal/coordination/detect"
	"chop/internal/db"
	"chop/internal/mention"
	"chop/internal/reason"
)

// Act is one thing an account did at a place: a comment, a review or a reaction.
type Act struct {
	Object  string // under which it stands, see ObjectRef
	Account string
	Name    string
	Kind    string // of the mention, or of the reaction
	Mention string // id; "" for a reaction
	At      time.Time
}

// object is what was acted on: a post, or a potential customer's question under one.
type object struct {
	ID       string
	At       int64 // microseconds; the first action where the place tells no time
	Question bool
}

// ObjectRef tells which post or which mention (a question) an object is.
func ObjectRef(object string) reason.Ref {
	if len(object) < 2 {
		return reason.Ref{}
	}
	if object[:2] == "q:" {
		return mention.Ref(object[2:])
	}
	return reason.Ref{Kind: "post", ID: object[2:]}
}

// seen is everything a run reads of a place.
type seen struct {
	acts    []Act
	objects []object
	noTimes int
	left    int  // acts of accounts left out on purpose
	cut     bool // there were more; what is under older posts was not read
}

// gather reads the newest acts of a place, at most so many comments and as many reactions. Where that cuts, posts from
// before the cut are left out whole. Accounts in without, the firm's own and those that spoke for it are not read.
func (s *Store) gather(ctx context.Context, firm, src string, most int, without map[string]bool) (in seen, err error) {
	r := reading{firm: firm, src: src, most: most, without: without, objects: map[string]*object{}, byExt: map[string]said{}}
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		for _, step := range []func(context.Context, *db.Tx) error{r.ours, r.posts, r.mentions, r.reactions} {
			if err := step(ctx, tx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return in, fmt.Errorf("read actions of source %s: %w", src, err)
	}
	if err := s.objecting(ctx, &r); err != nil {
		return in, fmt.Errorf("accounts that objected: %w", err)
	}
	return r.done(), nil
}

// reading is the state of one gathering.
type reading struct {
	firm, src string
	most      int
	without   map[string]bool
	own       map[string]bool
	published map[string]int64
	objects   map[string]*object
	byExt     map[string]said
	acts      []Act
	parents   []string // of acts, for the same index; "" for reactions on posts
	posts0    []string // post of acts
	cut       int64    // acts before are not known in full
	noTimes   int
	left      int
}

// said is what is needed of a comment to know whether it asks.
type said struct {
	id, parent string
	at         int64
	buyer      bool
}

// What a run reads; a test holds them against the indexes.
const (
	ownAccounts    = `SELECT DISTINCT author_key FROM mention WHERE firm_id = $1 AND source_id = $2 AND own = TRUE`
	newestMentions = `SELECT id, ext_id, post_id, parent_ext, author_key, author_name, kind, at, seen_at, own, buyer FROM mention
		WHERE firm_id = $1 AND source_id = $2 AND post_id <> '' ORDER BY at DESC LIMIT $3`
	newestReactions = `SELECT post_id, parent_ext, author_key, author_name, kind, at, seen_at FROM reaction
		WHERE firm_id = $1 AND source_id = $2 AND post_id <> '' ORDER BY at DESC LIMIT $3`
)

// ours are the accounts that spoke for the firm.
func (r *reading) ours(ctx context.Context, tx *db.Tx) error {
	r.own = map[string]bool{}
	return tx.Each(ctx, ownAccounts, []any{r.firm, r.src},
		func(scan func(...any) error) error {
			var k string
			err := scan(&k)
			r.own[k] = true
			return err
		})
}

func (r *reading) posts(ctx context.Context, tx *db.Tx) error {
	r.published = map[string]int64{}
	return tx.Each(ctx, `SELECT id, at FROM post WHERE firm_id = $1 AND source_id = $2 AND ext_id <> ''`, []any{r.firm, r.src}, func(scan func(...any) error) error {
		var id string
		var at int64
		err := scan(&id, &at)
		r.published[id] = at
		return err
	})
}

func (r *reading) mentions(ctx context.Context, tx *db.Tx) error {
	n, oldest := 0, int64(0)
	err := tx.Each(ctx, newestMentions, []any{r.firm, r.src, r.most}, func(scan func(...any) error) error {
		var a Act
		var ext, post, parent string
		var at, seenAt int64
		var own, buyer bool
		if err := scan(&a.Mention, &ext, &post, &parent, &a.Account, &a.Name, &a.Kind, &at, &seenAt, &own, &buyer); err != nil {
			return err
		}
		n, oldest = n+1, at
		r.byExt[ext] = said{a.Mention, parent, at, buyer && !own}
		if !own {
			r.add(a, post, parent, at, seenAt)
		}
		return nil
	})
	if n == r.most {
		r.cut = max(r.cut, oldest)
	}
	return err
}

func (r *reading) reactions(ctx context.Context, tx *db.Tx) error {
	n, oldest := 0, int64(0)
	err := tx.Each(ctx, newestReactions, []any{r.firm, r.src, r.most}, func(scan func(...any) error) error {
		var a Act
		var post, parent string
		var at, seenAt int64
		if err := scan(&post, &parent, &a.Account, &a.Name, &a.Kind, &at, &seenAt); err != nil {
			return err
		}
		n, oldest = n+1, at
		r.add(a, post, parent, at, seenAt)
		return nil
	})
	if n == r.most {
		r.cut = max(r.cut, oldest)
	}
	return err
}

// add takes an act, unless it is left out or the place told no time: intake then puts the time at which we saw it, the same
// for all of one look, and they would seem to act together.
func (r *reading) add(a Act, post, parent string, at, seenAt int64) {
	switch {
	case a.Account == "":
	case r.without[a.Account] || r.own[a.Account]:
		r.left++
	case at == seenAt:
		r.noTimes++
	default:
		a.At = db.FromMicros(at)
		r.acts, r.parents, r.posts0 = append(r.acts, a), append(r.parents, parent), append(r.posts0, post)
	}
}

// done puts every act under its object and everything in a lasting order.
func (r *reading) done() (in seen) {
	in.noTimes, in.left, in.cut = r.noTimes, r.left, r.cut > 0
	for i := range r.acts {
		a := &r.acts[i]
		o := r.under(a.Mention, r.parents[i], r.posts0[i])
		have, known := r.objects[o.ID]
		if !known {
			have = &o
			r.objects[o.ID] = have
		}
		if at := db.Micros(a.At); have.At == 0 || at < have.At {
			have.At = at
		}
		a.Object = o.ID
	}
	for _, o := range r.objects {
		if o.At >= r.cut {
			in.objects = append(in.objects, *o)
		}
	}
	for _, a := range r.acts {
		if r.objects[a.Object].At >= r.cut {
			in.acts = append(in.acts, a)
		}
	}
	slices.SortFunc(in.objects, func(a, b object) int { return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.ID, b.ID)) })
	slices.SortFunc(in.acts, func(a, b Act) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Object, b.Object), cmp.Compare(a.Account, b.Account), cmp.Compare(a.Mention, b.Mention), cmp.Compare(a.Kind, b.Kind))
	})
	return in
}

// deepest is how far up a thread a question is looked for.
const deepest = 20

// under is the question that an act answers, however deep, or else the post.
func (r *reading) under(self, parent, post string) object {
	for range deepest {
		p, known := r.byExt[parent]
		if parent == "" || !known {
			break
		}
		if p.buyer && p.id != self {
			return object{ID: "q:" + p.id, At: p.at, Question: true}
		}
		parent = p.parent
	}
	return object{ID: "p:" + post, At: r.published[post]}
}

// input is what a finding is made of, complete: the same input and code give the same finding.
type input struct {
	Head    head
	Objects []object
	Acts    []plainAct
}

// head is the first line of a kept input.
type head struct {
	Code     string          `json:"code"`
	Source   string          `json:"source"`
	Settings detect.Settings `json:"settings"`
	Zone     string          `json:"zone"`
	NoTimes  int             `json:"no_times"`
	Left     int             `json:"left_out"`
}

// plainAct is an act without what the method does not read.
type plainAct struct {
	O int    // place in Objects
	A string // account
	T int64  // microseconds
}

func (s *Store) input(src string, in seen) input {
	set := s.methodSettings()
	x := input{Head: head{Code: Code, Source: src, Settings: set, Zone: set.Zone.String(), NoTimes: in.noTimes, Left: in.left}, Objects: in.objects}
	x.Head.Settings.Zone = nil
	at := make(map[string]int, len(in.objects))
	for i, o := range in.objects {
		at[o.ID] = i
	}
	for _, a := range in.acts {
		x.Acts = append(x.Acts, plainAct{at[a.Object], a.Account, db.Micros(a.At)})
	}
	return x
}

// forDetect gives the method what it takes.
func (x input) forDetect() (actions []detect.Action, posts []detect.Post, set detect.Settings, err error) {
	set = x.Head.Settings
	if set.Zone, err = time.LoadLocation(x.Head.Zone); err != nil {
		return nil, nil, set, fmt.Errorf("zone of a kept input: %w", err)
	}
	posts, actions = make([]detect.Post, len(x.Objects)), make([]detect.Action, len(x.Acts))
	for i, o := range x.Objects {
		posts[i] = detect.Post{ID: o.ID, Published: float64(o.At) / 1e6, Question: o.Question}
	}
	for i, a := range x.Acts {
		actions[i] = detect.Action{Post: x.Objects[a.O].ID, Account: a.A, At: float64(a.T) / 1e6}
	}
	return actions, posts, set, nil
}

// without is the input less one account.
func (x input) without(account string) input {
	x.Acts = slices.DeleteFunc(slices.Clone(x.Acts), func(a plainAct) bool { return a.A == account })
	return x
}

// write writes the input, one JSON value a line: head, objects, acts.
func (x input) write(w io.Writer) error {
	b := bufio.NewWriter(w)
	enc := json.NewEncoder(b)
	if err := enc.Encode(x.Head); err != nil {
		return err
	}
	if err := enc.Encode(x.Objects); err != nil {
		return err
	}
	if err := enc.Encode(x.Acts); err != nil {
		return err
	}
	return b.Flush()
}

// pack is the digest and the compressed form.
func (x input) pack() (digest string, packed []byte, err error) {
	var b bytes.Buffer
	sum, z := sha256.New(), gzip.NewWriter(&b)
	if err := x.write(io.MultiWriter(sum, z)); err != nil {
		return "", nil, fmt.Errorf("pack input: %w", err)
	}
	if err := z.Close(); err != nil {
		return "", nil, fmt.Errorf("pack input: %w", err)
	}
	return hex.EncodeToString(sum.Sum(nil)), b.Bytes(), nil
}

// unpack reads what pack made, and checks that it is what the digest says.
func unpack(digest string, packed []byte) (x input, err error) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return x, fmt.Errorf("unpack input: %w", err)
	}
	sum := sha256.New()
	dec := json.NewDecoder(io.TeeReader(z, sum))
	for _, v := range []any{&x.Head, &x.Objects, &x.Acts} {
		if err := dec.Decode(v); err != nil {
			return x, fmt.Errorf("unpack input: %w", err)
		}
	}
	if _, err := io.Copy(io.Discard, io.MultiReader(dec.Buffered(), io.TeeReader(z, sum))); err != nil {
		return x, fmt.Errorf("unpack input: %w", err)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != digest {
		return x, fmt.Errorf("unpack input: digest is %s, want %s", got, digest)
	}
	for _, a := range x.Acts {
		if a.O < 0 || a.O >= len(x.Objects) {
			return x, fmt.Errorf("unpack input: an action under post %d of %d", a.O, len(x.Objects))
		}
	}
	return x, nil
}
