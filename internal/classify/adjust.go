package classify

import "context"

// Adjuster changes what an engine said by what one firm knows: its own model, its rules, what its people said of texts
// like these. Adjusters run in order, inside the transaction that saves the labels; they keep every reason and add their own.
type Adjuster interface {
	Adjust(ctx context.Context, firm string, ts []Text, rs []Result) ([]Result, error)
}

// Safety are the labels that nothing but a person may take away once an engine has given them.
var Safety = []Label{Threat, Extortion, Hate, PersonalData, HealthSafety, Distress}
