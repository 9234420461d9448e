package classify

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"unicode/utf8"

	"golang.org/x/sync/errgroup"
)

// MaxLine is the longest line Lines reads, in bytes; a longer one becomes an error on its line.
const MaxLine = 1 << 20

// Fault stands in the place of a line that could not be read.
type Fault struct {
	ID    json.RawMessage `json:"id,omitempty"`
	Line  int             `json:"line"`
	Error string          `json:"error"`
}

// answered is a result under the id as it was given: a number stays a number.
type answered struct {
	ID json.RawMessage `json:"id,omitempty"`
	Result
}

// batch is a run of lines that were there together, and what came of them.
type batch struct {
	first int
	lines []line
	out   bytes.Buffer
	bad   int
	done  chan struct{}
}

type line struct {
	text    []byte
	tooLong bool
}

// Lines labels JSON lines: one Text a line in (its id may be a number, too), one Result a line out, in the same order, as soon as they are ready, on all
// cores. A line that is no text becomes a Fault in its place and counts as bad; the rest is done. The error is that of
// reading, writing, the engine or the context.
func Lines(ctx context.Context, e Engine, in io.Reader, out io.Writer) (bad, all int, err error) {
	workers := runtime.GOMAXPROCS(0)
	work, order := make(chan *batch), make(chan *batch, 4*workers)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(work)
		defer close(order)
		return readBatches(ctx, in, work, order)
	})
	for range workers {
		g.Go(func() error {
			for b := range work {
				if err := b.label(ctx, e); err != nil {
					return err
				}
				close(b.done)
			}
			return nil
		})
	}
	g.Go(func() error {
		for b := range order {
			select {
			case <-b.done:
			case <-ctx.Done():
				return ctx.Err()
			}
			bad, all = bad+b.bad, b.first+len(b.lines)-1
			if _, err := out.Write(b.out.Bytes()); err != nil {
				return fmt.Errorf("write labels: %w", err)
			}
		}
		return nil
	})
	err = g.Wait()
	return bad, all, err
}

// mostLines is how many lines one worker takes at once.
const mostLines = 64

// readBatches takes the lines that are there, so that a slow writer in front gets every answer at once.
func readBatches(ctx context.Context, in io.Reader, work, order chan<- *batch) error {
	r := bufio.NewReaderSize(in, 256<<10)
	for n := 1; ; {
		b := &batch{first: n, done: make(chan struct{})}
		var err error
		for len(b.lines) < mostLines && (len(b.lines) == 0 || waiting(r)) {
			var l line
			if l, err = readLine(r); err != nil {
				break
			}
			b.lines = append(b.lines, l)
		}
		n += len(b.lines)
		if len(b.lines) > 0 {
			for _, c := range []chan<- *batch{order, work} {
				select {
				case c <- b:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read line %d: %w", n, err)
		}
	}
}

// waiting tells whether a whole line lies in the buffer.
func waiting(r *bufio.Reader) bool {
	p, err := r.Peek(r.Buffered())
	return err == nil && bytes.IndexByte(p, '\n') >= 0
}

// readLine reads a line without its end; of one that is too long it keeps the beginning.
func readLine(r *bufio.Reader) (l line, err error) {
	for {
		part, err := r.ReadSlice('\n')
		if len(l.text)+len(part) <= MaxLine+2 {
			l.text = append(l.text, part...)
		} else {
			l.tooLong = true
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF) && (len(l.text) > 0 || l.tooLong), err == nil:
			l.text = bytes.TrimRight(l.text, "\r\n")
			return l, nil
		default:
			return l, err
		}
	}
}

func (b *batch) label(ctx context.Context, e Engine) error {
	enc := json.NewEncoder(&b.out)
	enc.SetEscapeHTML(false)
	for i, l := range b.lines {
		if len(bytes.TrimSpace(l.text)) == 0 && !l.tooLong {
			continue
		}
		var t Text
		id, f := l.parse(&t, b.first+i)
		if f != nil {
			b.bad++
			if err := enc.Encode(f); err != nil {
				return err
			}
			continue
		}
		rs, err := e.Classify(ctx, []Text{t})
		if err != nil {
			return fmt.Errorf("line %d: %w", b.first+i, err)
		}
		if err := enc.Encode(answered{ID: id, Result: rs[0]}); err != nil {
			return fmt.Errorf("line %d: %w", b.first+i, err)
		}
	}
	return nil
}

// parse reads one line; a fault says in plain words what is wrong with it.
func (l *line) parse(t *Text, n int) (id json.RawMessage, _ *Fault) {
	fault := func(what string) (json.RawMessage, *Fault) { return id, &Fault{ID: id, Line: n, Error: what} }
	if l.tooLong {
		return fault(fmt.Sprintf("the line is longer than %d bytes; split the text", MaxLine))
	}
	if !utf8.Valid(l.text) {
		return fault("the line is not UTF-8")
	}
	var given struct {
		Text
		ID    json.RawMessage `json:"id"`
		Words *string         `json:"text"`
	}
	err := json.Unmarshal(l.text, &given)
	if len(given.ID) > 0 {
		switch c := given.ID[0]; {
		case c == '"', c == '-', c >= '0' && c <= '9':
			id = given.ID
		case c != 'n': // null is none
			return fault(`"id" has to be a string or a number`)
		}
	}
	if err != nil {
		return fault(unread(err))
	}
	*t = given.Text
	if given.Words == nil {
		return fault(`there is no "text"`)
	}
	t.Text = *given.Words
	return id, nil
}

// unread says what is wrong with a line without the names of Go types.
func unread(err error) string {
	var wrong *json.UnmarshalTypeError
	if !errors.As(err, &wrong) {
		return fmt.Sprintf("not a JSON object with a text: %v", err)
	}
	field := wrong.Field[strings.LastIndexByte(wrong.Field, '.')+1:]
	if field == "" {
		return fmt.Sprintf("not a JSON object with a text, but: %s", wrong.Value)
	}
	return fmt.Sprintf("%q cannot be: %s", field, wrong.Value)
}
