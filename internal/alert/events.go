package alert

// Raised says that an alert began to wake people, for the first time or again.
type Raised struct {
	Firm string `json:"firm"`
	ID   ID     `json:"id"`
}

// Kind is "alert.raised".
func (Raised) Kind() string { return "alert.raised" }

// Step is the timer of an alert; it acts only while Timer is the alert's present number.
type Step struct {
	Firm  string `json:"firm"`
	ID    ID     `json:"id"`
	Timer int    `json:"timer"`
}

// Kind is "alert.step".
func (Step) Kind() string { return "alert.step" }

// Send asks for one try of one notice.
type Send struct {
	Firm   string `json:"firm"`
	Notice string `json:"notice"`
	Try    int    `json:"try"` // tries made before
}

// Kind is "alert.send".
func (Send) Kind() string { return "alert.send" }
