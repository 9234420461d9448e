// Package fault holds the few kinds of error a person may be told about.
//
// Rooms return a fault where the caller can do something about it; everything else is an internal error, which the
// edge shows as one calm sentence. Code is a message id of the catalogue ("fault.<code>"), Data fills its places.
package fault

import (
	"errors"
	"fmt"
)

// Kind says what sort of trouble it is; the web edge maps it to a status once.
type Kind uint8

const (
	Internal    Kind = iota // a defect or a broken machine: not the user's doing
	NotFound                // does not exist, or may not be known to this person
	Invalid                 // input that cannot be accepted as it is
	Forbidden               // known, but not allowed to this person
	Conflict                // somebody or something was faster
	Unavailable             // an outside thing does not answer; trying later helps
)

// Error is a fault with the message that explains it.
type Error struct {
	Kind  Kind
	Code  string         // message id without the "fault." prefix, e.g. "source.password"
	Field string         // the form field it concerns, if any
	Data  map[string]any // values for the message
	Err   error          // the cause, for the log only
}

func (e *Error) Error() string {
	s := e.Code
	if e.Field != "" {
		s = e.Field + ": " + s
	}
	if e.Err != nil {
		return fmt.Sprintf("%s: %v", s, e.Err)
	}
	if len(e.Data) > 0 {
		return fmt.Sprintf("%s %v", s, e.Data)
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// New returns a fault of the kind; kv are pairs for the message's places.
func New(k Kind, code string, kv ...any) *Error {
	e := &Error{Kind: k, Code: code}
	for i := 0; i+1 < len(kv); i += 2 {
		if e.Data == nil {
			e.Data = map[string]any{}
		}
		e.Data[fmt.Sprint(kv[i])] = kv[i+1]
	}
	return e
}

// On names the form field that the fault concerns.
func (e *Error) On(field string) *Error { e.Field = field; return e }

// Because keeps the cause for the log.
func (e *Error) Because(err error) *Error { e.Err = err; return e }

// Missing is the NotFound fault of a kind of thing.
func Missing(what string) *Error { return New(NotFound, "missing", "what", what) }

// KindOf tells the kind of err, Internal when it is no fault.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// Is tells whether err is a fault of kind k.
func Is(err error, k Kind) bool { return err != nil && KindOf(err) == k }
