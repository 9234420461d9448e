// Package reason is the one shape in which ChOP explains itself, and the one way to point at a thing.
package reason

// Reason is one consideration behind a label, an alert or an advice. Its sentence is the catalogue message
// "reason.<Rule>" filled with Facts. Weight is signed: above zero it speaks for, below zero against.
type Reason struct {
	Rule   string            `json:"rule"`
	Facts  map[string]string `json:"facts,omitempty"`
	Weight float64           `json:"weight"`
	Span   *Span             `json:"span,omitempty"`
}

// Span marks bytes [From, To) of the text that the reason was read from.
type Span struct {
	From int `json:"from"`
	To   int `json:"to"`
}

// Ref points at a thing of any room without knowing the room.
type Ref struct {
	Kind string `json:"kind"`
	ID   string `json:"id"`
}

func (r Ref) String() string { return r.Kind + ":" + r.ID }
