// Package wordpress watches the comments of a WordPress site through its REST interface and moderates them there.
//
// Facts and traps come from domain/connectors.md A11 and from WordPress 6.1.9 itself: a listing says "approve" where an
// item says "approved", an update overwrites the commenter's address unless it is sent back, an unknown status is
// answered with 200, an answer to a comment that does not exist is accepted, and a wrong password makes an anonymous
// visitor rather than an error.
package wordpress

import (
	"sync"
	"time"

	"chop/internal/fetch"
	"chop/internal/source"
)

// Kind names this kind of source.
const Kind = "wordpress"

// maxReply is how many characters a reply may have. WordPress takes 65,525 bytes; a character takes at most four, or
// five when it is written as an entity.
const maxReply = 13000

// Connector is safe for concurrent use; one serves all firms. It remembers what it learned about sites, never more
// than a page title or an address, and loses nothing when that memory is gone.
type Connector struct {
	f      *fetch.Client
	mu     sync.Mutex
	places map[string]*place
}

// New returns the connector for the registry.
func New(f *fetch.Client) *Connector { return &Connector{f: f, places: map[string]*place{}} }

var _ source.Actor = (*Connector)(nil)

// Describe says what can be done at WordPress. Blocking an author, reporting and moving to a private talk do not exist
// there and are therefore absent.
func (c *Connector) Describe() source.Description {
	return source.Description{
		Kind:    Kind,
		Letters: "WP",
		Every:   3 * time.Second, // one small request, stretched when nothing comes
		Fields: []source.Field{
			{Name: "url", Type: "url", Required: true},
			{Name: "user", Type: "text", Required: true},
			{Name: "password", Type: "secret", Required: true},
		},
		Capabilities: source.Capabilities{
			source.Reply:   {Can: true, Note: "source.wordpress.can.reply", MaxText: maxReply},
			source.Hide:    {Can: true, Undo: source.Unhide, Note: "source.wordpress.can.hide"},
			source.Unhide:  {Can: true, Undo: source.Hide, Note: "source.wordpress.can.approve"},
			source.Approve: {Can: true, Undo: source.Hide, Note: "source.wordpress.can.approve"},
			source.Spam:    {Can: true, Undo: source.Restore, Note: "source.wordpress.can.spam"},
			source.Delete:  {Can: true, Undo: source.Restore, Note: "source.wordpress.can.delete"},
			source.Restore: {Can: true, Undo: source.Delete, Note: "source.wordpress.can.restore"},
		},
	}
}
