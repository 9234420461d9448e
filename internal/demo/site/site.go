// Package site is a small shop that really speaks WordPress: its REST interface, its comment form and its feed, in
// memory, for the demo and for the connector's tests.
//
// It behaves as WordPress 6.1 was seen to behave (domain/connectors.md A11), traps included: an update overwrites the
// commenter's address unless it is sent back, an unknown status is answered with 200 and changes nothing, and
// status=approved lists nothing because the word for listing is "approve".
package site

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// The account that ChOP uses at the shop.
const (
	User     = "chop"
	Password = "abcd EFGH 1234 ijkl MNOP 5678"
	Title    = "Manufaktura Lniana"
)

// Statuses of a comment, in WordPress's words.
const (
	Approved = "approved"
	Hold     = "hold"
	Spam     = "spam"
	Trash    = "trash"
)

// Comment is one comment as the shop keeps it.
type Comment struct {
	ID, Post, Parent int
	UserID           int // 0 for a visitor
	Author, Email    string
	URL              string
	IP, UserAgent    string
	Text             string
	At               time.Time // UTC, whole seconds, as WordPress keeps it
	Status           string

	before string // status before spam or trash
}

// Post is one entry of the shop.
type Post struct {
	ID    int
	Slug  string
	Title string
	Text  string // paragraphs parted by empty lines
	At    time.Time
}

type account struct {
	id                    int
	login, name, password string
	moderator             bool
}

// Site is the shop. It is safe for concurrent use.
type Site struct {
	clock func() time.Time
	mux   *http.ServeMux
	name  string
	about string

	mu       sync.RWMutex
	posts    []Post
	comments []Comment // by id
	accounts []account
	nextID   int
	held     bool
	lastBy   map[string]time.Time // flood limit: last form post of an address
	fault    func(*http.Request) *Answer
}

// New opens the shop with one moderator account (User, Password) and nothing on the shelves. A nil clock is time.Now.
func New(clock func() time.Time) *Site {
	if clock == nil {
		clock = time.Now
	}
	s := &Site{clock: clock, name: Title, about: "Len z Podlasia", lastBy: map[string]time.Time{}}
	s.AddUser("zofia", Title, "", true)
	s.AddUser(User, Title, Password, true)
	s.mux = s.routes()
	return s
}

// Call gives the shop another name; before anybody visits it.
func (s *Site) Call(name, about string) { s.name, s.about = name, about }

// now is the clock in WordPress's grain.
func (s *Site) now() time.Time { return s.clock().UTC().Truncate(time.Second) }

// AddUser adds an account with an application password; only a moderator may see and change comments.
func (s *Site) AddUser(login, name, password string, moderator bool) (id int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id = len(s.accounts) + 1
	s.accounts = append(s.accounts, account{id, login, name, strings.ReplaceAll(password, " ", ""), moderator})
	return id
}

// AddPost publishes an entry now and returns its id.
func (s *Site) AddPost(slug, title, text string) (id int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.nextID++
	s.posts = append(s.posts, Post{ID: s.nextID, Slug: slug, Title: title, Text: text, At: s.now()})
	return s.nextID
}

// HoldNew makes the form keep visitors' comments for approval, as a cautious shop does.
func (s *Site) HoldNew(hold bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held = hold
}

// Comment writes a visitor's approved comment now, past the form's limits, and returns its id.
func (s *Site) Comment(post, parent int, author, email, ip, userAgent, text string) (id int) {
	return s.Add(Comment{Post: post, Parent: parent, Author: author, Email: email, IP: ip, UserAgent: userAgent, Text: text})
}

// Add puts a comment in as it is; ID is given here, At and Status are now and approved when empty.
func (s *Site) Add(c Comment) (id int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.add(c).ID
}

func (s *Site) add(c Comment) *Comment {
	s.nextID++
	c.ID = s.nextID
	if c.At.IsZero() {
		c.At = s.now()
	}
	c.At = c.At.UTC().Truncate(time.Second)
	c.Status = cmp.Or(c.Status, Approved)
	s.comments = append(s.comments, c)
	return &s.comments[len(s.comments)-1]
}

// SetStatus moves a comment, as a moderator would by hand; false when there is none.
func (s *Site) SetStatus(id int, status string) bool {
	return s.change(id, func(c *Comment) { c.move(status) })
}

// Edit changes the text of a comment; false when there is none.
func (s *Site) Edit(id int, text string) bool {
	return s.change(id, func(c *Comment) { c.Text = text })
}

func (s *Site) change(id int, f func(*Comment)) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.find(id)
	if c != nil {
		f(c)
	}
	return c != nil
}

// Remove destroys a comment for good; false when there is none.
func (s *Site) Remove(id int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.comments)
	s.comments = slices.DeleteFunc(s.comments, func(c Comment) bool { return c.ID == id })
	return len(s.comments) < n
}

// Comments are all comments in every status, oldest first.
func (s *Site) Comments() []Comment {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.Clone(s.comments)
}

// Posts are all entries, oldest first.
func (s *Site) Posts() []Post {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.Clone(s.posts)
}

// find is called with the lock held.
func (s *Site) find(id int) *Comment {
	i, ok := slices.BinarySearchFunc(s.comments, id, func(c Comment, id int) int { return cmp.Compare(c.ID, id) })
	if !ok {
		return nil
	}
	return &s.comments[i]
}

func (s *Site) post(id int) *Post {
	i := slices.IndexFunc(s.posts, func(p Post) bool { return p.ID == id })
	if i < 0 {
		return nil
	}
	return &s.posts[i]
}

// move changes the status by WordPress's words and tells whether the word was known.
func (c *Comment) move(word string) bool {
	switch word {
	case Approved, "approve", "1":
		c.Status = Approved
	case Hold, "0":
		c.Status = Hold
	case Spam, Trash:
		if c.Status != Spam && c.Status != Trash {
			c.before = c.Status
		}
		c.Status = word
	case "unspam", "untrash":
		if c.Status == strings.TrimPrefix(word, "un") {
			c.Status = cmp.Or(c.before, Hold)
		}
	default:
		return false
	}
	return true
}

// duplicate finds the same words by the same person in the same place, which WordPress refuses.
func (s *Site) duplicate(n Comment) bool {
	return slices.ContainsFunc(s.comments, func(c Comment) bool {
		return c.Status != Trash && c.Post == n.Post && c.Parent == n.Parent && c.Text == n.Text && c.UserID == n.UserID &&
			(c.Author == n.Author || (c.Email != "" && c.Email == n.Email))
	})
}
