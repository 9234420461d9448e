package inbox

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"chop/internal/classify"
	"chop/internal/mention"
	"chop/internal/web/page"
	"chop/internal/web/session"
	"chop/internal/web/why"
)

// LabelForm is the form in which a person corrects the labels.
type LabelForm struct {
	Choices  []LabelChoice
	Severity []page.Option
	Quick    []page.Option // reasons to choose from
	Why      string        // in own words
	Open     bool          // it stands open in the pane: something was wrong, or there is no script
	Person   bool          // a person's word stands already
	Read     bool          // somebody or something has read the text
}

// LabelChoice is one label to choose; Key picks it.
type LabelChoice struct {
	Label    classify.Label
	Key      string
	Gravity  int // severity an ordinary text of this label has
	Selected bool
}

// labelKeys pick labels in the window of the correction. Nothing else listens there, so letters may repeat those of the page.
var labelKeys = map[classify.Label]string{classify.Threat: "1", classify.Extortion: "2", classify.Hate: "3", classify.PersonalData: "4",
	classify.HealthSafety: "5", classify.Distress: "6", classify.Insult: "7", classify.Complaint: "8", classify.Claim: "9",
	classify.Discouragement: "0", classify.Boycott: "b", classify.Question: "q", classify.Opinion: "o", classify.Employment: "e",
	classify.Trolling: "t", classify.Spam: "s", classify.Satire: "y", classify.Praise: "p", classify.Neutral: "n", classify.FakeReview: "f"}

// gravity is the severity of an ordinary text of a label (docs/labels.md, Severity).
var gravity = map[classify.Label]int{classify.Threat: 4, classify.Distress: 4, classify.Extortion: 3, classify.Hate: 3,
	classify.PersonalData: 3, classify.HealthSafety: 3, classify.Complaint: 2, classify.Claim: 2, classify.Boycott: 2, classify.Insult: 2,
	classify.FakeReview: 2, classify.Discouragement: 1, classify.Opinion: 1, classify.Question: 1, classify.Employment: 1,
	classify.Trolling: 1, classify.Spam: 1}

// quickReasons are the usual reasons of a correction, the first one chosen beforehand.
var quickReasons = []string{"misread", "missing", "irony", "quoted", "place"}

func labelFormOf(ctx context.Context, m mention.Mention, r classify.Reading, s Slip) LabelForm {
	f := LabelForm{Open: s.Label, Person: r.Person(), Read: len(r.Labels) > 0}
	chosen, severity, quick := m.Labels, m.Severity, quickReasons[0]
	if s.Label && s.Err != nil {
		chosen, severity, f.Why, quick = s.Labels, s.Severity, s.Why, s.Quick
	}
	for _, l := range allLabels() {
		f.Choices = append(f.Choices, LabelChoice{Label: l, Key: labelKeys[l], Gravity: gravity[l], Selected: slices.Contains(chosen, string(l))})
	}
	for n := range 5 {
		v := strconv.Itoa(n)
		f.Severity = append(f.Severity, page.Option{Value: v, Text: page.T(ctx, "inbox.severity."+v), Selected: n == severity})
	}
	for _, q := range quickReasons {
		f.Quick = append(f.Quick, page.Option{Value: q, Text: page.T(ctx, "inbox.labels.quick."+q), Selected: q == quick})
	}
	return f
}

// relabel replaces the labels by those of a person.
func (d Deps) relabel(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	m, err := d.Mentions.Locate(ctx, r.PathValue("m"))
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	s := Slip{Label: true, Why: strings.TrimSpace(r.PostFormValue("why")), Quick: r.PostFormValue("quick"), Labels: r.PostForm["label"]}
	if s.Severity, err = strconv.Atoi(r.PostFormValue("severity")); err != nil {
		s.Severity = m.Severity
	}
	var ls []classify.Label
	for _, l := range s.Labels {
		ls = append(ls, classify.Label(l))
	}
	because := s.Why
	if because == "" && slices.Contains(quickReasons, s.Quick) {
		because = page.T(ctx, "inbox.labels.quick."+s.Quick)
	}
	if s.Err = d.Labels.Correct(ctx, m.Firm, m.ID, ls, s.Severity, because); s.Err != nil {
		d.again(w, r, m, back(r), s)
		return
	}
	d.judged(w, r, m, page.T(ctx, "inbox.done.label", "Labels", labelNames(ctx, ls), "N", s.Severity))
}

// agree records that a person finds the labels right.
func (d Deps) agree(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	m, err := d.Mentions.Locate(ctx, r.PathValue("m"))
	if err == nil {
		err = d.Labels.Confirm(ctx, m.Firm, m.ID)
	}
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	d.judged(w, r, m, page.T(ctx, "inbox.done.agreed"))
}

// judged tells what was recorded and offers to take it back.
func (d Deps) judged(w http.ResponseWriter, r *http.Request, m mention.Mention, text string) {
	js, err := d.Labels.JudgementsOf(r.Context(), m.Firm, m.ID)
	if err == nil {
		f := page.Flash{Text: text}
		if len(js) > 0 {
			f.Undo = "/inbox/" + url.PathEscape(m.ID) + "/label/undo?" + url.Values{"judgement": {js[0].ID}}.Encode()
		}
		session.Flash(w, r, f)
	}
	d.stay(w, r, m.ID, err, "")
}

// unjudge takes a correction or a confirmation back.
func (d Deps) unjudge(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	m, err := d.Mentions.Locate(ctx, r.PathValue("m"))
	if err == nil {
		err = d.Labels.TakeBack(ctx, m.Firm, r.FormValue("judgement"), page.T(ctx, "inbox.labels.undone"))
	}
	d.stay(w, r, r.PathValue("m"), err, "inbox.done.undone")
}

func labelNames(ctx context.Context, ls []classify.Label) string {
	out := make([]string, len(ls))
	for i, l := range ls {
		out[i] = page.LabelName(ctx, l)
	}
	return strings.Join(out, ", ")
}

// explain fills what the thread says of its labels: marks in the texts, the places they depend on, and the panel of the
// selected one.
func (d Deps) explain(ctx context.Context, t *Thread, selected mention.Mention, list []mention.Mention, q Query) error {
	ids, byExt := make([]string, len(list)), map[string]mention.Mention{}
	for i, m := range list {
		ids[i], byExt[m.ExternalID] = m.ID, m
	}
	readings, err := d.Labels.Readings(ctx, selected.Firm, ids)
	if err != nil {
		return err
	}
	byID := map[string]mention.Mention{}
	for _, m := range list {
		byID["c-"+m.ID] = m
	}
	for i := range t.Comments {
		c := &t.Comments[i]
		m := byID[c.ID]
		r, read := readings[m.ID]
		if m.Own || !read {
			continue
		}
		if strings.TrimSpace(m.Text) != "" && !t.Reader {
			c.Pieces = why.Pieces(m.Text, r.Result)
			if !c.Selected {
				c.Pieces = why.Loud(c.Pieces) // what is warm or plain is marked on request alone
			}
		}
		if place := why.Thread(ctx, r.Result, parentOf(m, byExt)); place != "" {
			c.Marks = append(c.Marks, page.Mark{Tone: page.Line, Icon: "messages-square", Text: place})
		}
		c.Why, c.Into = q.at(m.ID), panes
		if c.Selected {
			c.Why, c.Into = "#why-"+m.ID, ""
		}
	}
	t.Reading = readings[selected.ID]
	t.Why = why.Of(ctx, "why-"+selected.ID, t.Reading, parentOf(selected, byExt))
	if t.Second, err = d.otherOpinion(ctx, selected.Firm, t.Reading.Result); err != nil {
		return err
	}
	if t.Why.Person {
		return d.whose(ctx, t, selected)
	}
	return nil
}

// otherOpinion is what a second engine thinks of a reading, and since when the firm's has been away.
func (d Deps) otherOpinion(ctx context.Context, firm string, r classify.Result) (v page.SecondView, err error) {
	v.Result = r
	if d.Second == nil {
		return v, nil
	}
	st, err := d.Second.State(ctx, firm)
	if err != nil || !st.On || st.DownSince.IsZero() {
		return v, err
	}
	v.Since = st.DownSince
	if len(st.Troubles) > 0 {
		for _, s := range page.Slips(ctx, st.Troubles[0].Fault()) {
			v.Why = s.Text
		}
	}
	return v, nil
}

// parentOf is what a mention answers, nil when it is not among these.
func parentOf(m mention.Mention, byExt map[string]mention.Mention) *mention.Mention {
	if p, ok := byExt[m.ParentExt]; ok && m.ParentExt != "" && p.ID != m.ID {
		return &p
	}
	return nil
}

// whose names the person whose word stands.
func (d Deps) whose(ctx context.Context, t *Thread, m mention.Mention) error {
	js, err := d.Labels.JudgementsOf(ctx, m.Firm, m.ID)
	for _, j := range js {
		if j.Stands && j.TakenAt.IsZero() {
			t.Why.By, t.Why.Agreed = j.Name, j.Kind == classify.Confirmed
			break
		}
	}
	return err
}
