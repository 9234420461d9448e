package evidence

import (
	"bytes"
	"cmp"
	"context"
	"crypto/x509"
	"fmt"
	"maps"
	"slices"
	"time"

	"chop/internal/access"
	"chop/internal/fault"
	"chop/internal/journal"
	"chop/internal/ledger"
	"chop/internal/reason"
	"chop/internal/stamp"
	"chop/internal/tsa"
)

// Stamp is a timestamp of an exhibit and whether it holds: it verifies, is of this exhibit's manifest or of an earlier
// stamp of it, and is the one that the chain of custody says came.
type Stamp struct {
	stamp.Token
	Holds bool
}

// HoldsQualified tells whether it holds and the administrator found its authority to be qualified.
func (s Stamp) HoldsQualified() bool { return s.Holds && s.Token.Qualified.Known() && !s.Development }

// Stamps is how an exhibit stands with independent time.
type Stamps struct {
	List    []Stamp     // oldest first
	Wait    *stamp.Wait // one that was asked for and has not come
	Missing int         // that came, by the chain of custody, and are here no more
	Level   Level       // what may be said: L2 becomes L3 while a qualified stamp holds
	Asked   bool        // an authority is configured that can be asked
	Better  bool        // one that is not the built-in one
}

// Askable tells whether asking for a stamp would bring something new: there is none that holds, or only one for trials.
func (s Stamps) Askable() bool {
	first := s.First()
	return s.Wait == nil && (first == nil && s.Asked || first != nil && first.Development && s.Better)
}

// Renewable tells whether the newest stamp ends so soon that it should be stamped anew.
func (s Stamps) Renewable(now time.Time) bool {
	n := len(s.List)
	return s.Asked && s.Wait == nil && n > 0 && s.List[n-1].Holds && s.List[n-1].Ending(now)
}

// First is the stamp to show: a qualified one before others, a development one last, the oldest of equals. Nil when none holds.
func (s Stamps) First() *Stamp {
	var best *Stamp
	for i := range s.List {
		t := &s.List[i]
		if t.Holds && t.Over == "" && (best == nil || t.weight() > best.weight()) {
			best = t
		}
	}
	return best
}

func (s Stamp) weight() int {
	switch {
	case s.HoldsQualified():
		return 2
	case s.Development:
		return 0
	}
	return 1
}

// Stamps is an exhibit's timestamps, each checked anew. Needs access.ViewEvidence.
func (s *Store) Stamps(ctx context.Context, firm, id string) (Stamps, error) {
	if err := access.Check(ctx, access.ViewEvidence, firm); err != nil {
		return Stamps{}, err
	}
	r, err := s.row(ctx, firm, id)
	if err != nil {
		return Stamps{}, err
	}
	lines, err := s.Custody(ctx, firm, id)
	if err != nil {
		return Stamps{}, err
	}
	return s.look(ctx, r, lines)
}

// look checks the stamps and holds them against the chain of custody.
func (s *Store) look(ctx context.Context, r row, lines []journal.Line) (out Stamps, err error) {
	out = Stamps{Level: r.Level, Asked: s.stamps.Serves(stamp.Exhibit), Better: s.stamps.Counts(stamp.Exhibit)}
	tokens, err := s.stamps.Of(ctx, r.Firm, r.ID)
	if err != nil {
		return out, err
	}
	came := map[string]map[string]string{}
	for _, l := range lines {
		if l.Verb == stamp.Verb {
			came[l.Data["stamp"]] = l.Data
		}
	}
	sums := map[string][]byte{"": tsa.Sum(r.manifest)}
	for _, t := range tokens {
		x := Stamp{Token: t}
		if t.Broken == nil {
			x.Holds = bytes.Equal(t.Digest, sums[t.Over]) && maps.Equal(came[t.ID], t.Marks())
			sums[t.ID] = tsa.Sum(t.Response)
		}
		delete(came, t.ID)
		out.List = append(out.List, x)
		if x.HoldsQualified() && out.Level == L2 {
			out.Level = L3
		}
	}
	out.Missing = len(came)
	w, found, err := s.stamps.Waiting(ctx, r.Firm, r.ID)
	if found {
		out.Wait = &w
	}
	return out, err
}

func (s *Store) verifyStamps(ctx context.Context, r row, lines []journal.Line, rc *Receipt) error {
	if r.manifest == nil {
		return nil
	}
	st, err := s.look(ctx, r, lines)
	if err != nil {
		return err
	}
	rc.Stamps = st.List
	for _, x := range st.List {
		rc.say(CheckStamp, x.Holds)
		rc.Checks[len(rc.Checks)-1].File = x.Name
	}
	if st.Missing > 0 {
		rc.add(CheckStamp, Fails)
	}
	if st.Wait != nil {
		rc.add(CheckStamp, Waits)
	}
	return nil
}

// Stamp asks for a timestamp over an exhibit that has none, or over its newest one when that ends soon. The answer comes
// by itself. Needs access.Preserve. Faults: Conflict "evidence.removed", "evidence.broken"; Unavailable "stamp.nobody"
// when no authority is configured.
func (s *Store) Stamp(ctx context.Context, firm, id string) error {
	if err := access.Check(ctx, access.Preserve, firm); err != nil {
		return err
	}
	if !s.stamps.Serves(stamp.Exhibit) {
		return fault.New(fault.Unavailable, "stamp.nobody")
	}
	r, err := s.row(ctx, firm, id)
	if err != nil {
		return err
	}
	switch {
	case !r.Removed.IsZero():
		return fault.New(fault.Conflict, "evidence.removed", "Code", r.Code())
	case r.manifest == nil:
		return fault.New(fault.Conflict, "evidence.broken", "Code", r.Code())
	}
	st, err := s.Stamps(ctx, firm, id)
	if err != nil {
		return err
	}
	switch {
	case st.Askable():
		return s.stamps.Want(ctx, firm, reason.Ref{Kind: RefKind, ID: id}, tsa.Sum(r.manifest))
	case st.Renewable(s.db.Now()):
		return s.stamps.Renew(ctx, firm, st.List[len(st.List)-1].ID)
	}
	return nil
}

// statement is the checkpoint to export and the timestamps with what checks them. An exhibit without a stamp of its own
// goes out under the newest stamped checkpoint that covers it, when there is one.
func (s *Store) statement(ctx context.Context, index int64, st Stamps) (c ledger.Checkpoint, files []text, err error) {
	if c, err = s.ledger.Latest(ctx); err != nil {
		return c, nil, err
	}
	files = stampFiles(st)
	if len(files) > 0 {
		return c, files, nil
	}
	size, _, err := s.stamps.LatestCheckpoint(ctx)
	if err != nil || size <= index {
		return c, nil, err
	}
	tokens, err := s.stamps.OfCheckpoint(ctx, size)
	if err != nil || len(tokens) == 0 || tokens[0].Broken != nil {
		return c, nil, err
	}
	old, err := s.ledger.At(ctx, size)
	if fault.Is(err, fault.NotFound) || err == nil && !bytes.Equal(tokens[0].Digest, tsa.Sum(old.Note)) {
		return c, nil, nil
	}
	if err != nil {
		return c, nil, err
	}
	return old, append([]text{{"checkpoint.tsr", tokens[0].Response}}, roots(tokens[:1])...), nil
}

// stampFiles names the answers after what they stamp: X.tsr is over X. A second one over the same file gets a number.
func stampFiles(st Stamps) (files []text) {
	var used []stamp.Token
	names := map[string]string{}
	list := slices.Clone(st.List)
	slices.SortStableFunc(list, func(a, b Stamp) int { return cmp.Compare(b.weight(), a.weight()) })
	for _, x := range list {
		if !x.Holds || x.Over != "" {
			continue
		}
		name := "capture.json.tsr"
		if len(names) > 0 {
			name = fmt.Sprintf("capture.json-%d.tsr", len(names)+1)
		}
		names[x.ID] = name
		files, used = append(files, text{name, x.Response}), append(used, x.Token)
	}
	for _, x := range st.List { // oldest first: what is stamped anew comes before what it is stamped with
		if over := names[x.Over]; x.Holds && x.Over != "" && over != "" {
			names[x.ID] = over + ".tsr"
			files, used = append(files, text{over + ".tsr", x.Response}), append(used, x.Token)
		}
	}
	if len(files) == 0 {
		return nil
	}
	return append(files, roots(used)...)
}

// roots is the certificates with which openssl checks the tokens, each once.
func roots(tokens []stamp.Token) []text {
	var top, rest []*x509.Certificate
	add := func(list *[]*x509.Certificate, c *x509.Certificate) {
		if !slices.ContainsFunc(*list, c.Equal) {
			*list = append(*list, c)
		}
	}
	for _, t := range tokens {
		add(&top, t.Root())
		for _, c := range t.Chain[:len(t.Chain)-1] {
			add(&rest, c)
		}
	}
	return []text{{"tsa-roots.pem", tsa.EncodePEM(top)}, {"tsa-chain.pem", tsa.EncodePEM(rest)}}
}
