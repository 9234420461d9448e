// Package classify puts labels on mentions, with scores and reasons. Engines read text; the store keeps results.
package classify

import (
	"context"

	"chop/internal/reason"
)

// Label is a kind of content. A mention may carry several; Neutral stands alone.
type Label string

const (
	Question       Label = "question"
	Complaint      Label = "complaint"
	Opinion        Label = "opinion"
	Claim          Label = "claim"
	Discouragement Label = "discouragement"
	Insult         Label = "insult"
	Threat         Label = "threat"
	Extortion      Label = "extortion"
	Hate           Label = "hate"
	PersonalData   Label = "personal_data"
	Spam           Label = "spam"
	Trolling       Label = "trolling"
	Boycott        Label = "boycott"
	HealthSafety   Label = "health_safety"
	Distress       Label = "distress"
	Employment     Label = "employment"
	Satire         Label = "satire"
	Praise         Label = "praise"
	Neutral        Label = "neutral"
	FakeReview     Label = "fake_review" // from context only, never from text alone
)

// Labels lists every label an engine may give, in the order people see them.
var Labels = []Label{Threat, Extortion, Hate, PersonalData, HealthSafety, Distress, Insult, Complaint, Claim,
	Discouragement, Boycott, Question, Opinion, Employment, Trolling, Spam, Satire, Praise, Neutral}

// Scored is a label with its probability-like score in [0, 1].
type Scored struct {
	Label Label   `json:"label"`
	Score float64 `json:"score"`
}

// Text is what an engine reads.
type Text struct {
	ID      string `json:"id,omitempty"`
	Text    string `json:"text"`
	Lang    string `json:"lang,omitempty"`
	Channel string `json:"channel,omitempty"`
	Rating  int    `json:"rating,omitempty"` // stars of a review, 0 when none
	Post    string `json:"post,omitempty"`   // text of the post it stands under
	Parent  string `json:"parent,omitempty"` // text of the comment it answers
	// ParentLabels are the labels of the comment it answers.
	ParentLabels []Label `json:"parent_labels,omitempty"`
}

// Result is what an engine says of one text.
type Result struct {
	ID            string          `json:"id,omitempty"`
	Lang          string          `json:"lang"`
	Labels        []Scored        `json:"labels"`
	Sentiment     float64         `json:"sentiment"` // -1 hostile .. 1 warm: the intended attitude
	Severity      int             `json:"severity"`  // 0 nothing to handle, 1 mild, 2 ordinary, 3 serious, 4 urgent
	BuyerQuestion bool            `json:"buyer_question"`
	Target        string          `json:"target,omitempty"` // firm, product, staff, author_other, group, none
	Arousal       int             `json:"arousal"`          // 0 calm .. 3 furious
	Engine        string          `json:"engine"`           // name and version
	Reasons       []reason.Reason `json:"reasons"`
	Second        *Second         `json:"second,omitempty"`  // nil until a second engine was asked
	Unruled       *Unruled        `json:"unruled,omitempty"` // nil when no rule of the firm spoke
}

// Has tells whether the result carries the label.
func (r Result) Has(l Label) bool {
	for _, s := range r.Labels {
		if s.Label == l {
			return true
		}
	}
	return false
}

// Engine reads texts. It is safe for use by many goroutines.
type Engine interface {
	Name() string
	Classify(ctx context.Context, ts []Text) ([]Result, error)
}
