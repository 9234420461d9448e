package witness

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// How a witness answered, when it did not sign.
var (
	ErrDown    = errors.New("the witness does not answer")
	ErrRefused = errors.New("the witness refuses the checkpoint")
	ErrKey     = errors.New("the answer is not signed by the witness's key")
)

// Ahead means that the witness remembers a log of another size than we said: Size. Larger than the checkpoint, it has
// seen a log that we no longer have.
type Ahead struct{ Size int64 }

func (e *Ahead) Error() string {
	return fmt.Sprintf("the witness remembers a log of %d entries", e.Size)
}

// Client asks one witness. Safe for concurrent use.
type Client struct {
	Key  Key
	base string
	http *http.Client
}

// answerWithin is how long a witness may take.
const answerWithin = 15 * time.Second

// NewClient reads "URL KEY" as the operator wrote it: the witness's address and its public key, with a space between. Addresses
// come from the command line alone, so they are not guarded as addresses typed into a page are.
func NewClient(text string) (*Client, error) {
	address, key, ok := strings.Cut(strings.TrimSpace(text), " ")
	if !ok {
		return nil, fmt.Errorf("--witness %q: write its address and its key, with a space between: \"https://witness.example name+12ab34cd+BASE64\"", text)
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, fmt.Errorf("--witness: %q is not an address like https://witness.example", address)
	}
	k, err := ParseKey(key)
	if err != nil {
		return nil, fmt.Errorf("--witness: %w", err)
	}
	return &Client{Key: k, base: strings.TrimSuffix(address, "/"), http: &http.Client{Timeout: answerWithin,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}, nil
}

// Submit asks for a cosignature of the signed checkpoint; proof shows that the log of size old, which the witness saw
// last, is its beginning. Errors: ErrDown, ErrRefused, ErrKey, *Ahead.
func (c *Client) Submit(ctx context.Context, old int64, proof tlog.TreeProof, note []byte) (Cosignature, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+"/add-checkpoint", bytes.NewReader(request(old, proof, note)))
	if err != nil {
		return Cosignature{}, err
	}
	r.Header.Set("Content-Type", "text/plain; charset=utf-8")
	resp, err := c.http.Do(r)
	if err != nil {
		return Cosignature{}, fmt.Errorf("%w: %w", ErrDown, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxRequest))
	if err != nil {
		return Cosignature{}, fmt.Errorf("%w: %w", ErrDown, err)
	}
	return c.judge(resp, body, note)
}

func (c *Client) judge(resp *http.Response, body, note []byte) (Cosignature, error) {
	switch {
	case resp.StatusCode == http.StatusOK:
		return c.pick(body, note)
	case resp.StatusCode == http.StatusConflict && resp.Header.Get("Content-Type") == sizeType:
		size, err := strconv.ParseInt(strings.TrimSpace(string(body)), 10, 64)
		if err != nil || size < 0 {
			return Cosignature{}, fmt.Errorf("%w: it says 409 without a size", ErrRefused)
		}
		return Cosignature{}, &Ahead{size}
	case resp.StatusCode >= 500 || resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode < 400:
		return Cosignature{}, fmt.Errorf("%w: HTTP %d", ErrDown, resp.StatusCode)
	}
	return Cosignature{}, fmt.Errorf("%w: HTTP %d", ErrRefused, resp.StatusCode)
}

// pick finds this witness's own valid line; lines of other keys are ignored, as the protocol wants.
func (c *Client) pick(answer, note []byte) (Cosignature, error) {
	body, _, err := Split(note)
	if err != nil {
		return Cosignature{}, err
	}
	for _, line := range strings.SplitAfter(string(answer), "\n") {
		got, err := ParseLine(line)
		if err == nil && c.Key.Verify(body, got) {
			return got, nil
		}
	}
	return Cosignature{}, ErrKey
}

func request(old int64, proof tlog.TreeProof, note []byte) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "old %d\n", old)
	for _, h := range proof {
		b.WriteString(base64.StdEncoding.EncodeToString(h[:]) + "\n")
	}
	b.WriteByte('\n')
	b.Write(note)
	return b.Bytes()
}

// Address is where the witness is asked.
func (c *Client) Address() string { return c.base }
