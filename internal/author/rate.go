package author

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"chop/internal/access"
	"chop/internal/author/estimate"
	"chop/internal/author/signal"
	"chop/internal/classify/measure"
	"chop/internal/db"
	"chop/internal/fault"
)

// The two fields that are rated beside Scales: what a person thinks of the motive, and of the propensity to escalate.
const (
	motiveScale = "motive"
	bandScale   = "band"
)

// Rated is what a person rates: the scales, the motive and the band. A scale left out was not rated.
type Rated struct {
	Scale  map[string]int  `json:"scale"`
	Motive estimate.Motive `json:"motive"`
	Band   int             `json:"band"`
}

// check refuses what no scale says.
func (r Rated) check() error {
	for _, name := range Scales {
		v, ok := r.Scale[name]
		lo, hi := Bounds(name)
		if !ok || v < lo || v > hi {
			return fault.New(fault.Invalid, "author.rating", "Field", name).On(name)
		}
	}
	if !slices.Contains(estimate.Motives, r.Motive) && r.Motive != estimate.Undetermined {
		return fault.New(fault.Invalid, "author.rating", "Field", motiveScale).On(motiveScale)
	}
	if r.Band < 0 || r.Band > 2 {
		return fault.New(fault.Invalid, "author.rating", "Field", bandScale).On(bandScale)
	}
	return nil
}

// near tells whether two ratings agree: the same motive and band, and no scale further apart than one step.
func (r Rated) near(o Rated) bool {
	for name, v := range r.Scale {
		if w, ok := o.Scale[name]; ok && max(v-w, w-v) > 1 {
			return false
		}
	}
	return r.Motive == o.Motive && r.Band == o.Band
}

// Rating is one person's.
type Rating struct {
	Who, Name string
	Blind     bool // had seen neither the profile nor another rating
	Scales    Rated
	At        time.Time
}

// Ratings are those of one profile as its viewer may see them: another's stays hidden until two have rated.
type Ratings struct {
	N     int
	Mine  *Rating
	All   []Rating // empty until two have rated
	Agree bool     // two and more, and they agree
}

// rated is what the document says, as the first rating.
func (d Document) rated() Rated {
	r := Rated{Scale: map[string]int{}, Motive: d.Motive, Band: d.Band}
	for name, x := range d.Scale {
		if x.Known {
			r.Scale[name] = x.Value
		}
	}
	return r
}

func (s *Store) putRating(ctx context.Context, tx *db.Tx, d Document, r Rating) error {
	raw, err := json.Marshal(r.Scales)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `INSERT INTO author_rating (firm_id, profile_id, who, who_name, blind, scales, at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		d.Firm, d.ID, r.Who, r.Name, r.Blind, string(raw), r.At); err != nil {
		return fmt.Errorf("save rating: %w", err)
	}
	return nil
}

// Blind is what a second rater sees: the account's items and signals without any estimate, scale or other rating. Needs
// access.WorkProfiles and a person; who has seen the profile cannot rate it any more. Faults: Conflict "author.not_blind",
// "author.not_confirmed", "author.rated".
func (s *Store) Blind(ctx context.Context, firm, id string) (p Portrait, err error) {
	if err := person(ctx, access.WorkProfiles, firm); err != nil {
		return p, err
	}
	d, err := s.ratable(ctx, firm, id)
	if err != nil {
		return p, err
	}
	if err := s.barred(ctx, nil, firm, d.Key); err != nil {
		return p, err
	}
	if p.Card, err = s.card(ctx, firm, d.Key); err != nil {
		return p, err
	}
	if err := s.Looked(ctx, firm, d.Key, "blind"); err != nil {
		return p, err
	}
	set, _, err := s.read(ctx, firm, d.Key)
	if err != nil {
		return p, err
	}
	p.Signals, p.Facts = set.Signals, set.Book.Facts
	p.Heat, p.Curve, p.Venues = signal.Warm(set.Book.Items), signal.Curve(set.Book.Items), signal.Places(set.Book.Items)
	p.Timeline = signal.Timeline(set.Book)
	p.Deeds, err = s.Deeds(ctx, firm, d.Key)
	return p, err
}

// ratable is a standing profile that the principal has not seen and not rated.
func (s *Store) ratable(ctx context.Context, firm, id string) (Document, error) {
	d, err := s.load(ctx, firm, id)
	if err != nil {
		return d, err
	}
	if d.State != Confirmed {
		return d, fault.New(fault.Conflict, "author.not_confirmed")
	}
	rs, err := s.allRatings(ctx, firm, id)
	if err != nil {
		return d, err
	}
	who := access.From(ctx).User
	if slices.ContainsFunc(rs, func(r Rating) bool { return r.Who == who }) {
		return d, fault.New(fault.Conflict, "author.rated")
	}
	seen := 0
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.One(ctx, `SELECT count(*) FROM author_reading WHERE firm_id = $1 AND key = $2 AND who = $3 AND purpose IN ('profile', 'export', 'advice') AND last_at >= $4`,
			[]any{firm, d.Key, who, d.Made}, &seen)
		return err
	})
	if err == nil && seen > 0 {
		err = fault.New(fault.Conflict, "author.not_blind")
	}
	return d, err
}

// Rate is the second rating, blind to the first. When it agrees with it, the profile's confidence is no longer lowered for resting on
// one person (q = 1 instead of 0.8). Needs access.WorkProfiles and a person. Faults: Invalid "author.rating"; Conflict
// "author.not_blind", "author.not_confirmed", "author.rated".
func (s *Store) Rate(ctx context.Context, firm, id string, r Rated) error {
	if err := person(ctx, access.WorkProfiles, firm); err != nil {
		return err
	}
	if err := r.check(); err != nil {
		return err
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		d, err := s.ratable(ctx, firm, id)
		if err != nil {
			return err
		}
		who := access.From(ctx)
		if err := s.putRating(ctx, tx, d, Rating{Who: who.User, Name: who.Name, Blind: true, Scales: r, At: tx.Now()}); err != nil {
			return err
		}
		q, err := s.quality(ctx, firm, id)
		if err != nil {
			return err
		}
		d.Base = estimate.Confidence(d.Seen, d.Core, q, 0)
		d.log(Entry{At: tx.Now(), Who: who.User, Name: who.Name, What: "rated"})
		if err := s.save(ctx, tx, d); err != nil {
			return err
		}
		return s.note(ctx, tx, d, "rated", "", nil)
	})
}

// quality is q of section 3.3: 1 when two raters agree and the firm's raters agree well on the whole, 0.8 otherwise.
func (s *Store) quality(ctx context.Context, firm, id string) (float64, error) {
	rs, err := s.allRatings(ctx, firm, id)
	if err != nil || !agree(rs) {
		return estimate.OneRater, err
	}
	a, err := s.agreement(ctx, firm)
	if err != nil || a.tentative() {
		return estimate.OneRater, err
	}
	return estimate.TwoRaters, nil
}

func agree(rs []Rating) bool {
	return len(rs) >= 2 && !slices.ContainsFunc(rs[1:], func(r Rating) bool { return !r.Scales.near(rs[0].Scales) })
}

func (s *Store) allRatings(ctx context.Context, firm, id string) ([]Rating, error) {
	byProfile, err := s.ratingsWhere(ctx, `profile_id = $2`, firm, id)
	return byProfile[id], err
}

func (s *Store) ratingsWhere(ctx context.Context, where string, args ...any) (out map[string][]Rating, err error) {
	out = map[string][]Rating{}
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT profile_id, who, who_name, blind, scales, at FROM author_rating WHERE firm_id = $1 AND `+where+` ORDER BY at, who`, args,
			func(scan func(...any) error) error {
				var r Rating
				var id, raw string
				if err := scan(&id, &r.Who, &r.Name, &r.Blind, &raw, &r.At); err != nil {
					return err
				}
				if err := json.Unmarshal([]byte(raw), &r.Scales); err != nil {
					return err
				}
				out[id] = append(out[id], r)
				return nil
			})
	})
	if err != nil {
		return nil, fmt.Errorf("read ratings: %w", err)
	}
	return out, nil
}

// ratings are those of a profile as the principal may see them.
func (s *Store) ratings(ctx context.Context, firm, id string) (r Ratings, err error) {
	rs, err := s.allRatings(ctx, firm, id)
	if err != nil {
		return r, err
	}
	r.N, r.Agree = len(rs), agree(rs)
	for i := range rs {
		if rs[i].Who == access.From(ctx).User {
			r.Mine = &rs[i]
		}
	}
	if len(rs) >= 2 {
		r.All = rs
	}
	return r, nil
}

// Standing of a scale by the agreement of its raters (domain/decisions.md 3.6).
const (
	TooFew    = "too_few"   // fewer than thirty profiles rated twice
	Reliable  = "reliable"  // alpha from 0.80
	Tentative = "tentative" // 0.667 to 0.80: confidence is lowered
	Lost      = "lost"      // below: the scale is not shown and decisions do not read it, until it is anchored again
)

// MinDouble is how many profiles rated twice agreement needs to mean something.
const MinDouble = 30

// ScaleAgreement is how far raters agree about one scale.
type ScaleAgreement struct {
	Scale     string
	Units     int
	Alpha     float64
	Low, High float64 // 95 % by bootstrap over profiles
	Kappa     float64 // quadratic weighted, of the first two raters; 0 for the motive
	Known     bool
	Standing  string
}

// Agreement is that of a firm's raters.
type Agreement struct {
	Confirmed int // profiles that people confirmed
	Doubly    int // of them rated twice, the second time blind
	Scales    []ScaleAgreement
}

func (a Agreement) tentative() bool {
	return slices.ContainsFunc(a.Scales, func(x ScaleAgreement) bool { return x.Standing == Tentative || x.Standing == Lost })
}

// Agreement measures the agreement of a firm's raters: Krippendorff's alpha, ordinal for the scales and the band, nominal for the
// motive, and the quadratic weighted kappa as a second number. Needs access.ViewProfiles.
func (s *Store) Agreement(ctx context.Context, firm string) (Agreement, error) {
	if err := access.Check(ctx, access.ViewProfiles, firm); err != nil {
		return Agreement{}, err
	}
	return s.agreement(ctx, firm)
}

func (s *Store) agreement(ctx context.Context, firm string) (Agreement, error) {
	byProfile, err := s.ratingsWhere(ctx, `profile_id <> ''`, firm)
	if err != nil {
		return Agreement{}, err
	}
	return agreementOf(byProfile), nil
}

func agreementOf(byProfile map[string][]Rating) (a Agreement) {
	var units [][]Rating
	ids := make([]string, 0, len(byProfile))
	for id := range byProfile {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		a.Confirmed++
		if rs := byProfile[id]; len(rs) >= 2 && rs[1].Blind {
			units = append(units, rs)
		}
	}
	a.Doubly = len(units)
	for _, name := range slices.Concat(Scales, []string{bandScale, motiveScale}) {
		a.Scales = append(a.Scales, agreementOn(name, units))
	}
	return a
}

func agreementOn(name string, units [][]Rating) ScaleAgreement {
	x := ScaleAgreement{Scale: name, Standing: TooFew}
	var values [][]int
	for _, u := range units {
		var row []int
		for _, r := range u {
			if v, ok := r.Scales.value(name); ok {
				row = append(row, v)
			}
		}
		if len(row) >= 2 {
			values = append(values, row)
		}
	}
	x.Units = len(values)
	alpha := measure.AlphaOrdinal
	if name == motiveScale {
		alpha = measure.AlphaNominal
	}
	if x.Alpha, x.Known = alpha(values); !x.Known {
		return x
	}
	x.Low, x.High = measure.Bootstrap(values, alpha)
	if name != motiveScale {
		x.Kappa, _ = measure.Kappa(values)
	}
	switch {
	case x.Units < MinDouble:
	case x.Alpha >= 0.8:
		x.Standing = Reliable
	case x.Alpha >= 2.0/3:
		x.Standing = Tentative
	default:
		x.Standing = Lost
	}
	return x
}

func (r Rated) value(name string) (int, bool) {
	switch name {
	case motiveScale:
		i := slices.Index(estimate.Motives, r.Motive)
		return i + 1, true // undetermined is 0
	case bandScale:
		return r.Band, true
	}
	v, ok := r.Scale[name]
	return v, ok
}

// withdrawn are the scales whose raters do not agree.
func (s *Store) withdrawn(ctx context.Context, firm string) (map[string]bool, error) {
	n := 0
	err := s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.One(ctx, `SELECT count(*) FROM author_rating WHERE firm_id = $1 AND blind = TRUE`, []any{firm}, &n)
		return err
	})
	if err != nil || n < MinDouble { // nothing can be lost yet
		return nil, err
	}
	a, err := s.agreement(ctx, firm)
	lost := map[string]bool{}
	for _, x := range a.Scales {
		lost[x.Scale] = x.Standing == Lost
	}
	return lost, err
}
