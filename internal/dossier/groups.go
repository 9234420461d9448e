package dossier

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"chop/internal/access"
	"chop/internal/fault"
	"chop/internal/group"
	"chop/internal/lang"
)

// Documents of groups; they are there when a case has a group that a person confirmed.
const (
	GroupsPaper    = "04_konta_ktore_dzialaja_razem"
	GroupsAccounts = "04_konta.csv"
	GroupsLinks    = "04_polaczenia.csv"
	groupsFolder   = "data/grupy/"
)

// acting is a confirmed group as the documents tell of it. It says how accounts behave; who they are and why, it does not.
type acting struct {
	group.Group
	Plain    group.Plain
	Kept     bool     // the input is still kept
	Title    string   // "G-07: 12 accounts act together"
	Signoff  []string // who confirmed it, who signed level 4, and when
	Figures  []string
	Links    []tied
	Accounts []counted
	Disproof []string // what would disprove it, and this finding's own weak places
	Folder   string
}

type tied struct{ A, B, Says, Code string }

type counted struct{ Number, Name, State, Role, Says string }

// acts loads the groups of the case that a person confirmed, by number. A group handed to another case, suggested or rejected is not
// there: nothing that a person did not look at goes out of the house.
func (w *work) acts(ctx context.Context) (list []acting, err error) {
	if w.of == nil || w.Groups == nil {
		return nil, nil
	}
	ctx = access.With(ctx, access.System(w.p.Firm))
	all, err := w.Groups.List(ctx, w.p.Firm, false)
	if err != nil {
		return nil, fmt.Errorf("groups of the case: %w", err)
	}
	for _, g := range all {
		if g.Case != w.of.ID || g.State != group.Confirmed {
			continue
		}
		a := acting{Group: g, Folder: groupsFolder + g.Name() + "/"}
		a.Plain, err = w.Groups.PlainInput(ctx, w.p.Firm, g.ID, g.Version)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return nil, fmt.Errorf("input of group %s: %w", g.ID, err)
		}
		a.Kept = err == nil
		list = append(list, a)
	}
	slices.SortFunc(list, func(a, b acting) int { return cmp.Compare(a.Number, b.Number) })
	return list, nil
}

// groups writes what is said of the confirmed groups: a PDF and a Word file to read, tables, and what is needed to reckon them again.
func (w *work) groups(ctx context.Context) error {
	list, err := w.acts(ctx)
	if err != nil || len(list) == 0 {
		return err
	}
	l := w.p.Order.Lang
	for i := range list {
		w.describe(l, &list[i])
	}
	s := w.sheet("groups", l, nil)
	s.Groups = list
	if err := w.paper(ctx, GroupsPaper+".pdf", s, false); err != nil {
		return fmt.Errorf("%s: %w", GroupsPaper, err)
	}
	word, err := docx(l, l.T("dossier.groups.title"), l.T("dossier.groups.lead", "Firm", w.firm.Name), wordRows(l, list), []int{1500, 8100}, w.p.At)
	if err != nil {
		return err
	}
	if err := w.bag.Add(GroupsPaper+".docx", word); err != nil {
		return err
	}
	return w.groupTables(list)
}

func (w *work) groupTables(list []acting) error {
	type file struct {
		name string
		rows [][]string
	}
	accounts := [][]string{{"group", "number", "name", "member", "role", "posts", "first", "r", "common", "p", "q", "decided_at", "decided_by"}}
	links := [][]string{{"group", "a", "a_name", "b", "b_name", "shared", "together", "within_s", "expected", "p", "q", "exhibit"}}
	var files []file
	for _, a := range list {
		names := map[string]string{}
		for _, m := range a.Members {
			if m.State == group.Out {
				continue
			}
			names[m.Account] = w.hide(m.Name)
			accounts = append(accounts, []string{a.Name(), a.Plain.Numbers[m.Account], w.hide(m.Name), string(m.State), m.Role, strconv.Itoa(m.Posts), strconv.Itoa(m.First),
				exact(m.R), strconv.Itoa(m.Common), exact(m.P), exact(m.Q), at(m.Decided), m.DecidedName})
		}
		for _, x := range a.Group.Links {
			links = append(links, []string{a.Name(), a.Plain.Numbers[x.A], names[x.A], a.Plain.Numbers[x.B], names[x.B], strconv.Itoa(x.Shared), strconv.Itoa(x.Together),
				exact(x.Within.Seconds()), exact(x.Expected), exact(x.P), exact(x.Q), w.codeOf(x.Exhibit)})
		}
		if a.Kept {
			files = append(files, file{a.Folder + "actions.csv", a.Plain.Actions}, file{a.Folder + "posts.csv", a.Plain.Posts})
		}
	}
	for _, f := range append([]file{{GroupsAccounts, accounts}, {GroupsLinks, links}}, files...) {
		raw, err := commas(f.rows)
		if err != nil {
			return err
		}
		if err := w.bag.Add(f.name, raw); err != nil {
			return err
		}
	}
	return nil
}

// codeOf is the number of an exhibit that lies in the package; "" when it does not.
func (w *work) codeOf(id string) string {
	for _, it := range w.items {
		if id != "" && (it.ID == id || it.Ref.ID == id) {
			return it.Code()
		}
	}
	return ""
}

// describe puts a group into sentences.
func (w *work) describe(l lang.Tag, a *acting) {
	g := a.Group
	name := map[string]string{}
	for _, m := range g.Members {
		name[m.Account] = cmp.Or(w.hide(strings.TrimSpace(m.Name)), l.T("dossier.groups.nameless"), m.Account)
		if n := a.Plain.Numbers[m.Account]; n != "" {
			name[m.Account] += " (" + n + ")"
		}
		if m.State == group.Out { // whom a person took out is nobody's business
			continue
		}
		a.Accounts = append(a.Accounts, counted{a.Plain.Numbers[m.Account], name[m.Account], l.T("group.member." + string(m.State)), m.Role, w.memberSays(l, m)})
	}
	a.Title = l.N("dossier.groups.one", len(g.Accounts(false)), "Name", g.Name()) + " " + l.T("dossier.groups.level."+g.Level.Code())
	a.Signoff = []string{l.T("dossier.groups.confirmed", "Who", g.DecidedName, "At", l.DateTime(g.Decided))}
	if !g.Signed.IsZero() {
		a.Signoff = append(a.Signoff, l.T("dossier.groups.signed", "Who", g.SignedName, "At", l.DateTime(g.Signed)))
	}
	a.Figures = figuresOf(l, g)
	a.Disproof = disproofOf(l, g)
	if !a.Kept {
		a.Disproof = append(a.Disproof, l.T("dossier.groups.input.gone"))
	}
	for _, x := range g.Links {
		a.Links = append(a.Links, tied{name[x.A], name[x.B], linkSays(l, x), w.codeOf(x.Exhibit)})
	}
}

func (w *work) memberSays(l lang.Tag, m group.Member) string {
	s := ""
	if m.Common > 0 && m.P > 0 {
		s = l.T("coordination.member", "R", decimal(l, m.R, 2), "N", l.Int(m.Common), "Once", l.Int(max(1, int(math.Ceil(1/m.P))-1)))
	}
	if !m.Decided.IsZero() {
		s = strings.TrimSpace(s + " " + l.T("dossier.groups.member.said", "Who", m.DecidedName, "At", l.Date(m.Decided)))
	}
	return s
}

// linkSays is "within 60 s on 14 of 15 posts; expected 0.3; q < 0.001".
func linkSays(l lang.Tag, x group.Link) string {
	return l.T("groups.link.says", "Within", soon(l, x.Within), "Together", l.Int(x.Together), "Shared", l.Int(x.Shared),
		"Expected", decimal(l, x.Expected, 1), "Q", chance(l, "q", x.Q))
}

// figuresOf are the counted facts, the strongest first.
func figuresOf(l lang.Tag, g group.Group) (list []string) {
	f := g.Finding
	if p := g.Proof; p.Says() {
		id := "groups.proof.failed"
		if p.P < 0.01 && float64(p.Near) > p.Expected {
			id = "groups.proof.held"
		}
		list = append(list, l.N(id, p.Posts, "Day", l.Date(g.Frozen), "Near", l.Int(p.Near), "Pairs", l.Int(p.Pairs),
			"Within", soon(l, time.Duration(p.Window*float64(time.Second))), "Expected", decimal(l, p.Expected, 1), "P", chance(l, "p", p.P)))
	}
	if g.Level >= group.Organised {
		list = append(list, l.T("groups.picks", "Together", l.Int(int(math.Round(f.Together))), "Expected", l.Int(int(math.Round(f.Expected))), "SD", l.Int(int(math.Ceil(f.SD)))))
	}
	switch {
	case f.Runs == 0: // stands among the doubts
	case f.Larger == 0:
		list = append(list, l.N("groups.fact.unshuffled", f.Runs))
	default:
		list = append(list, l.N("groups.fact.shuffled", f.Runs, "Larger", l.Int(f.Larger)))
	}
	for _, s := range f.Signs {
		if s.Strong && s.Evidence != nil {
			list = append(list, s.Evidence.Says(l))
		}
	}
	return append(list, l.T("dossier.groups.looked", "Posts", l.Int(f.Seen), "Accounts", l.Int(f.Tested), "Pairs", l.Int(f.Pairs)))
}

// fewPosts is below what history most groups cannot be found and a finding is weak (domain/coordination.md 4.9).
const fewPosts = 80

// disproofOf is what would bring the finding down, and where it is weak.
func disproofOf(l lang.Tag, g group.Group) (list []string) {
	for _, id := range []string{"push", "future", "complaint", "household"} {
		list = append(list, l.T("coordination.disconfirm."+id))
	}
	f := g.Finding
	add := func(yes bool, text string) {
		if yes {
			list = append(list, text)
		}
	}
	add(g.Level <= group.Trigger, l.T("coordination.disconfirm.choice"))
	add(!g.Proof.Says(), l.T("dossier.groups.weak.proof"))
	add(g.Proof.Says() && g.Proof.P >= 0.01, l.T("groups.doubt.proof"))
	add(f.Runs == 0, l.T("groups.doubt.runs"))
	add(f.Seen > 0 && f.Seen < fewPosts, l.N("groups.doubt.few", f.Seen, "Enough", l.Int(fewPosts)))
	add(f.NoTimes > 0, l.N("groups.doubt.notimes", f.NoTimes))
	add(len(f.Signs) == 0, l.T("groups.doubt.signs"))
	return list
}

// wordRows is the Word file: what, and its sentence.
func wordRows(l lang.Tag, list []acting) [][]string {
	rows := [][]string{{l.T("dossier.col.what"), l.T("dossier.groups.col.says")}}
	add := func(head string, texts ...string) {
		for _, t := range texts {
			rows = append(rows, []string{head, t})
		}
	}
	add("", l.T("dossier.groups.means"), l.T("dossier.groups.critics"))
	for _, a := range list {
		add(a.Name(), a.Title)
		add(l.T("dossier.groups.signoff"), a.Signoff...)
		add(l.T("dossier.groups.figures"), a.Figures...)
		for _, x := range a.Links {
			add(cmp.Or(x.Code, l.T("dossier.groups.link")), x.A+", "+x.B+": "+x.Says)
		}
		add(l.T("dossier.groups.disproof"), a.Disproof...)
		add(l.T("dossier.groups.again"), l.T("dossier.groups.digest", "Input", a.Finding.Input, "Code", a.Finding.Code), a.Command())
	}
	return rows
}

// Command reckons the finding again, in the group's folder of the unpacked package; "" when its input is not kept any more.
func (a acting) Command() string {
	if !a.Kept {
		return ""
	}
	return "chop coordinate --zone " + a.Plain.Zone + " --posts posts.csv actions.csv"
}

func exact(x float64) string { return strconv.FormatFloat(x, 'g', 6, 64) }

func at(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(utc)
}

func decimal(l lang.Tag, x float64, places int) string {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return "–"
	}
	s := strconv.FormatFloat(x, 'f', places, 64)
	if l == lang.PL {
		s = strings.Replace(s, ".", ",", 1)
	}
	return s
}

// chance writes a small probability the way people read it, "q < 0.001".
func chance(l lang.Tag, sign string, p float64) string {
	const small = 0.001
	if p < small {
		return sign + " < " + decimal(l, small, 3)
	}
	return sign + " = " + decimal(l, p, 3)
}

// soon is a short time, "18 s" or "47 min".
func soon(l lang.Tag, d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return l.Int(int(d.Round(time.Second)/time.Second)) + "\u00a0s"
	case d < 2*time.Hour:
		return l.Int(int(d.Round(time.Minute)/time.Minute)) + "\u00a0min"
	}
	return l.Span(d)
}
