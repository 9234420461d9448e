package decision

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"chop/internal/fault"
	"chop/internal/lang"
)

// MaxLine is the longest line that Advise reads, in bytes without the line break.
const MaxLine = 1 << 20

// maxErrors is how many bad lines Advise describes; beyond it only their number is told.
const maxErrors = 100

// LineError is one line that Advise could not use.
type LineError struct {
	Line  int          // counted from 1
	Field string       // empty when the line as a whole is wrong
	Text  string       // the sentence for people
	Fault *fault.Error // Invalid: decision.field, decision.line or decision.long_line
}

func (e *LineError) Error() string {
	if e.Field == "" {
		return fmt.Sprintf("line %d: %s", e.Line, e.Text)
	}
	return fmt.Sprintf("line %d: %s: %s", e.Line, e.Field, e.Text)
}

func (e *LineError) Unwrap() error { return e.Fault }

// Advise reads cases as JSON lines and writes a Result per case as JSON lines, its sentences in the language (pl, en).
// Blank lines are skipped. A bad line gives no output and does not stop the others; when all is read, every bad line
// is in the returned error, a LineError each (fault.Invalid). A failed read or write stops at once.
func Advise(in io.Reader, out io.Writer, language string) error {
	tag := lang.Parse(language)
	r, w := bufio.NewReaderSize(in, 64<<10), bufio.NewWriter(out)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	var bad badLines
	for n := 1; ; n++ {
		line, long, err := readLine(r)
		if err != nil && err != io.EOF {
			return errors.Join(fmt.Errorf("read line %d: %w", n, err), w.Flush())
		}
		if fe := adviseLine(line, long, n == 1, enc, tag.T); fe != nil {
			var f *fault.Error
			if !errors.As(fe, &f) {
				return fmt.Errorf("write line %d: %w", n, fe)
			}
			bad.add(n, f, tag.T)
		}
		if err == io.EOF {
			break
		}
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return bad.err(tag.T)
}

// adviseLine writes the result of one line. It returns a fault when the line is at fault, another error when writing is.
func adviseLine(line []byte, long, first bool, enc *json.Encoder, say Say) error {
	if long {
		return fault.New(fault.Invalid, "decision.long_line", "Limit", MaxLine)
	}
	if first {
		line = bytes.TrimPrefix(line, []byte("\xef\xbb\xbf"))
	}
	if line = bytes.TrimSpace(line); len(line) == 0 {
		return nil
	}
	c, err := readCase(line)
	if err != nil {
		return err
	}
	r, err := Rank(c, nil)
	if err != nil {
		return err
	}
	return enc.Encode(struct {
		ID any `json:"id"`
		Result
	}{givenID(line, c.ID), r.In(say)})
}

// givenID is the id as it was written: a number comes back as a number.
func givenID(line []byte, id string) any {
	var given struct {
		ID json.RawMessage `json:"id"`
	}
	if json.Unmarshal(line, &given) == nil && string(given.ID) == id && id != "" {
		return json.Number(id) // no quotation marks around it
	}
	return id
}

// readCase decodes one line; the fault names the field whose type is wrong.
func readCase(line []byte) (c Case, err error) {
	if line[0] != '{' {
		return c, fault.New(fault.Invalid, "decision.line")
	}
	err = json.Unmarshal(line, &c)
	var wrongType *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrongType) && wrongType.Field != "":
		return c, wrong(wrongType.Field).Because(err)
	case err != nil:
		return c, fault.New(fault.Invalid, "decision.line").Because(err)
	}
	return c, nil
}

// readLine reads up to the next line break; a line beyond MaxLine is read to its end but not kept.
func readLine(r *bufio.Reader) (line []byte, long bool, err error) {
	for {
		part, err := r.ReadSlice('\n')
		long = long || len(line)+len(bytes.TrimRight(part, "\r\n")) > MaxLine
		if long {
			line = nil
		} else {
			line = append(line, part...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, long, err
		}
	}
}

// badLines gathers what goes into the error at the end.
type badLines struct {
	errs []error
	more int
}

func (b *badLines) add(n int, f *fault.Error, say Say) {
	if len(b.errs) == maxErrors {
		b.more++
		return
	}
	kv := []any{}
	for name, v := range f.Data {
		kv = append(kv, name, v)
	}
	b.errs = append(b.errs, &LineError{Line: n, Field: f.Field, Text: say("fault."+f.Code, kv...), Fault: f})
}

func (b *badLines) err(say Say) error {
	if b.more > 0 {
		b.errs = append(b.errs, fault.New(fault.Invalid, "decision.more_lines").Because(errors.New(say("fault.decision.more_lines", "N", b.more))))
	}
	return errors.Join(b.errs...)
}
