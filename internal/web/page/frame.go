// Package page holds the layout, the parts and the small helpers that every screen is made of.
//
// A screen takes its Frame from the context, gives it a title and puts its own content inside Layout or Bare. Parts
// are plain templ components: they know how things look and nothing about where the data comes from.
package page

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode"

	"chop/internal/access"
	"chop/internal/lang"
)

// State is the condition of a firm.
type State string

const (
	Calm      State = "calm"
	Attention State = "attention"
	Crisis    State = "crisis"
)

// class is the short name used in the style sheet.
func (s State) class() string {
	if s == Attention {
		return "attn"
	}
	return string(s.known())
}

func (s State) known() State {
	if s == Attention || s == Crisis {
		return s
	}
	return Calm
}

// User is the signed-in person as the layout shows them. The zero User is nobody.
type User struct {
	Name      string
	Roles     []access.Role // in any firm
	Admin     bool
	DutyUntil time.Time // zero when not on duty
}

func (u User) may(perms ...access.Perm) bool {
	for _, p := range perms {
		if u.Admin && access.AdminAllows(p) {
			return true
		}
		if slices.ContainsFunc(u.Roles, func(r access.Role) bool { return access.Allows(r, p) }) {
			return true
		}
	}
	return len(perms) == 0
}

// Firm is one line of the firm switcher.
type Firm struct {
	ID    string
	Name  string
	State State
	Note  string // a few words, e.g. how long it lasts; optional
}

// Counts are the small numbers beside the rooms.
type Counts struct {
	Inbox   int // mentions that wait for a decision
	Urgent  int // of them, urgent; above zero the number is hot
	Cases   int // open cases
	Groups  int // groups that nobody has decided about
	Sources int // channels that need attention
}

// Flash is one message about what has just happened. Undo, when set, is the address a POST takes it back at.
type Flash struct {
	Text string
	Sub  string
	Undo string
}

// Frame is everything around the content of a screen. The web server fills it once per request.
type Frame struct {
	Title  string // of the screen, without the product's name
	Lang   lang.Tag
	Theme  string // "", "light" or "dark"
	Now    time.Time
	Path   string // of the request; tells which room is open
	User   User
	Firms  []Firm
	Firm   string // id of the chosen firm, "" for all
	Counts Counts
	Flash  []Flash
	Demo   bool // sample data: a quiet banner says so
	flush  bool // content brings its own edges (three panes)
}

type frameKey struct{}

// WithFrame puts the frame into the context; the web server does it once per request.
func WithFrame(ctx context.Context, f Frame) context.Context {
	return context.WithValue(ctx, frameKey{}, f)
}

// FrameFrom is the frame of this request; without one, an empty Polish frame.
func FrameFrom(ctx context.Context) Frame {
	f, ok := ctx.Value(frameKey{}).(Frame)
	if !ok || f.Lang == "" {
		f.Lang = lang.PL
	}
	if f.Now.IsZero() {
		f.Now = time.Now()
	}
	return f
}

// Titled is the frame with the title of the screen.
func (f Frame) Titled(title string) Frame { f.Title = title; return f }

// Flush is the frame for a screen that brings its own edges, such as the three panes of the inbox.
func (f Frame) Flush() Frame { f.flush = true; return f }

// room is the first folder of the path, "/inbox/17" -> "/inbox".
func (f Frame) room() string {
	p := strings.TrimPrefix(f.Path, "/")
	p, _, _ = strings.Cut(p, "/")
	return "/" + p
}

// chosen is the chosen firm, and whether there is one.
func (f Frame) chosen() (Firm, bool) {
	i := slices.IndexFunc(f.Firms, func(x Firm) bool { return x.ID == f.Firm })
	if f.Firm == "" || i < 0 {
		return Firm{}, false
	}
	return f.Firms[i], true
}

// role is the title shown under the name: the administrator's when there is no other.
func (f Frame) role() string {
	for _, r := range access.Roles {
		if slices.Contains(f.User.Roles, r) {
			return "role." + string(r)
		}
	}
	if f.User.Admin {
		return "role.admin"
	}
	return "role.none"
}

// Initials are the first letters of the first and the last word, at most two, "?" for an empty name.
func Initials(name string) string {
	words := strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	if len(words) == 0 {
		return "?"
	}
	first := []rune(words[0])
	if len(words) == 1 {
		return strings.ToUpper(string(first[:min(2, len(first))]))
	}
	return strings.ToUpper(string(first[:1]) + string([]rune(words[len(words)-1])[:1]))
}
