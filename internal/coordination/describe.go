package coordination

import (
	"fmt"
	"math"
	"strings"
	"time"

	"chop/internal/coordination/channel"
	"chop/internal/coordination/detect"
	"chop/internal/lang"
)

// Finding is what a program reads of a report; sentences are for people.
type Finding struct {
	Groups   []Group  `json:"groups"`
	Hands    []Hand   `json:"linked_pairs"`
	Accounts int      `json:"accounts_tested"`
	Pairs    int      `json:"pairs_tested"`
	Notes    []string `json:"notes"`
}

// Hand is a pair of accounts that act like one person who changes from one to the other.
type Hand struct {
	A        string  `json:"a"`
	B        string  `json:"b"`
	Shared   int     `json:"shared"`
	Near     int     `json:"near"`
	Expected float64 `json:"expected"`
	Closest  float64 `json:"closest_s"`
	Q        float64 `json:"q"`
	Says     string  `json:"sentence"`
}

// Group is one group. P and Z are of the test that asks whether it picks the same posts; FalseRate is how often a group as
// large came up in shuffled histories, null when they were not run.
type Group struct {
	ID         string   `json:"id"`
	Level      string   `json:"level"`
	Says       string   `json:"sentence"`
	Members    []Member `json:"members"`
	Links      []Link   `json:"links"`
	P          float64  `json:"p"`
	Z          float64  `json:"z"`
	FalseRate  *float64 `json:"false_group_rate"`
	Disconfirm []string `json:"disconfirm"`
	Channels   []Other  `json:"channels"`
	Rank       *float64 `json:"channels_p"` // of all channels together (Cauchy), to put groups in order; null without channels
	Next       *Next    `json:"eligible"`
}

// Other is what another channel than behaviour says of a group, with its chance, and what it cannot say.
type Other struct {
	channel.Evidence
	Says  string `json:"sentence"`
	Limit string `json:"limit"`
}

// Next is a level that a person may give: the program only says that the group is eligible, and by what.
type Next struct {
	Level string           `json:"level"`
	By    []channel.Family `json:"by"`
	Says  string           `json:"sentence"`
}

// Member is an account of a group.
type Member struct {
	Account string `json:"account"`
	Role    string `json:"role"`
	Since   string `json:"since"`
	Says    string `json:"sentence"`
}

// Link is a pair: on Shared posts, of which Together within Within seconds.
type Link struct {
	A        string  `json:"a"`
	B        string  `json:"b"`
	Shared   int     `json:"shared"`
	Together int     `json:"together"`
	Within   float64 `json:"within_s"`
	Expected float64 `json:"expected"`
	Q        float64 `json:"q"`
	Says     string  `json:"sentence"`
}

// codes of the levels (domain/coordination.md 4.6).
var codes = map[detect.Level]string{detect.Synchronous: "L1", detect.Trigger: "L2", detect.Organised: "L3"}

// describe puts a report into words.
func describe(r detect.Report, largest []int, left int, t lang.Tag) Finding {
	f := Finding{Groups: []Group{}, Hands: hands(r.Hands, t), Accounts: r.Tested, Pairs: r.Pairs, Notes: notes(r, left, t)}
	for i, g := range r.Groups {
		out := Group{ID: fmt.Sprintf("G%d", i+1), Level: codes[g.Level], P: g.P, Z: math.Round(g.Z*10) / 10,
			Says: t.N("coordination.group."+codes[g.Level], len(g.Members), "Posts", len(g.Posts), "Together", t.Int(int(g.Together)),
				"Expected", t.Int(int(math.Round(g.Expected))), "SD", t.Int(int(math.Ceil(g.SD)))),
			Members: []Member{}, Links: []Link{}, Disconfirm: disconfirm(g, t), Channels: []Other{}}
		if len(largest) > 0 {
			rate := math.Round(1000*detect.FalseRate(largest, len(g.Members))) / 1000
			out.FalseRate = &rate
		}
		for _, m := range g.Members {
			out.Members = append(out.Members, member(g, m, t))
		}
		for _, l := range g.Links {
			out.Links = append(out.Links, link(l, t))
		}
		f.Groups = append(f.Groups, out)
	}
	return f
}

// channels lays what else is known beside each group.
func (f *Finding) channels(r detect.Report, p channel.Page, t lang.Tag) {
	if len(r.Groups) == 0 {
		return // what is looked at is the group
	}
	groups := make([][]string, len(r.Groups))
	for g, x := range r.Groups {
		for _, m := range x.Members {
			groups[g] = append(groups[g], m.Account)
		}
	}
	for g, list := range channel.Examine(p, groups) {
		out := &f.Groups[g]
		if e, any := channel.OneHand(groups[g], r.Hands); any {
			list = append(list, e)
		}
		for _, e := range list {
			out.Channels = append(out.Channels, Other{e, e.Says(t), e.Limit(t)})
		}
		if len(list) > 0 {
			rank := channel.Rank(list)
			out.Rank = &rank
		}
		if by := channel.Eligible(list, len(groups)); len(by) > 0 && r.Groups[g].Level == detect.Organised {
			out.Next = &Next{"L4", by, t.T("coordination.eligible", "By", families(by, t))}
		}
	}
}

func hands(list []detect.Hand, t lang.Tag) []Hand {
	out := []Hand{}
	for _, h := range list {
		out = append(out, Hand{h.A, h.B, h.Shared, h.Near, math.Round(100*h.Expected) / 100, h.Closest, h.Q,
			t.T("coordination.hand", "Near", t.Int(h.Near), "Shared", t.Int(h.Shared), "Expected", decimal(h.Expected, 1, t), "Closest", t.Int(int(h.Closest)),
				"Apart", t.Int(h.Apart), "Sessions", t.Int(h.Sessions), "Q", chance(h.Q, t))})
	}
	return out
}

func families(by []channel.Family, t lang.Tag) string {
	var list []string
	for _, b := range by {
		list = append(list, t.T("coordination.family."+string(b)))
	}
	return strings.Join(list, ", ")
}

func member(g detect.Group, m detect.Member, t lang.Tag) Member {
	since := time.UnixMicro(int64(m.Since * 1e6)).UTC()
	return Member{Account: m.Account, Role: g.Role(m), Since: since.Format(time.RFC3339),
		Says: t.T("coordination.member", "R", decimal(m.R, 2, t), "N", t.Int(m.Common), "Once", t.Int(int(math.Ceil(1/m.P))-1))}
}

func link(l detect.Link, t lang.Tag) Link {
	return Link{A: l.A, B: l.B, Shared: l.Shared, Together: l.Together, Within: l.Within, Expected: math.Round(100*l.Expected) / 100, Q: l.Q,
		Says: t.T("coordination.link", "Within", within(l.Within, t), "Together", t.Int(l.Together), "Shared", t.Int(l.Shared),
			"Expected", decimal(l.Expected, 1, t), "Q", chance(l.Q, t))}
}

func within(s float64, t lang.Tag) string {
	if s < 120 {
		return t.Int(int(s)) + " s"
	}
	return t.Int(int(s/60)) + " min"
}

// chance writes a small probability the way people read it.
func chance(q float64, t lang.Tag) string {
	if q < 0.001 {
		return "q < " + decimal(0.001, 3, t)
	}
	return "q = " + decimal(q, 3, t)
}

func decimal(v float64, places int, t lang.Tag) string {
	s := fmt.Sprintf("%.*f", places, v)
	if t == lang.PL {
		s = strings.Replace(s, ".", ",", 1)
	}
	return s
}

func disconfirm(g detect.Group, t lang.Tag) (list []string) {
	for _, id := range []string{"push", "future", "complaint", "household"} {
		list = append(list, t.T("coordination.disconfirm."+id))
	}
	if g.Level == detect.Trigger {
		list = append([]string{t.T("coordination.disconfirm.choice")}, list...)
	}
	return list
}

// notes say what was looked at and what the figures do not mean.
func notes(r detect.Report, left int, t lang.Tag) []string {
	list := []string{t.T("coordination.note.means")}
	if len(r.Groups) == 0 {
		list = append(list, t.T("coordination.note.none"))
	}
	if n := pairsAccounts(r.Synchronous); n > 0 {
		list = append(list, t.N("coordination.note.synchronous", n))
	}
	if r.Posts < fewPosts {
		list = append(list, t.N("coordination.note.few", r.Posts, "Enough", fewPosts))
	}
	if r.NoPosts {
		list = append(list, t.T("coordination.note.noposts"))
	}
	if left > 0 {
		list = append(list, t.N("coordination.note.left", left))
	}
	return list
}

// fewPosts is how many posts a page needs before most groups can be found (domain/coordination.md 4.9).
const fewPosts = 80

func pairsAccounts(links []detect.Link) int {
	of := map[string]bool{}
	for _, l := range links {
		of[l.A], of[l.B] = true, true
	}
	return len(of)
}
