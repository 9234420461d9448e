package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"chop/internal/access"
	"chop/internal/app"
	"chop/internal/browser"
	"chop/internal/capture"
	"chop/internal/fault"
	"chop/internal/fetch"
	"chop/internal/firm"
	"chop/internal/lang"
)

type captureCmd struct {
	place
	URL   string   `arg:"" help:"Address of the page."`
	Out   string   `help:"Write the capture into this folder instead of a firm's vault." placeholder:"DIR"`
	Firm  string   `help:"Short name of the firm, when there are several." placeholder:"MAN"`
	Why   string   `help:"Why it is preserved; sealed with it."`
	Again bool     `help:"Look again after 1 h, 24 h, 7 and 30 days."`
	Allow []string `help:"Private addresses that may be opened, with --out." placeholder:"ADDRESS"`
}

// Run looks at a page. Status 1: nothing was preserved as content, and the reason was printed.
func (c *captureCmd) Run(ctx context.Context) error {
	if _, err := browser.CheckURL(c.URL); err != nil {
		return said(err)
	}
	if c.Out != "" {
		return c.toFolder(ctx)
	}
	if len(c.Allow) > 0 {
		return errors.New("--allow works with --out; the running ChOP keeps to its own --allow")
	}
	return c.toVault(ctx)
}

// said is a fault in words.
func said(err error) error {
	var f *fault.Error
	if errors.As(err, &f) && f.Kind != fault.Internal {
		return errors.New(lang.EN.T("fault."+f.Code, pairs(f.Data)...))
	}
	return err
}

func pairs(m map[string]any) (kv []any) {
	for k, v := range m {
		kv = append(kv, k, v)
	}
	return kv
}

// receipt is what --out leaves beside the files. Nothing vouches for it: it is not sealed, not logged and not timestamped.
type receipt struct {
	Capture map[string]string `json:"capture"`
	Limits  []string          `json:"known_limits"`
	Records int               `json:"warc_records"`
	Files   map[string]string `json:"sha256"`
	Note    string            `json:"note"`
}

func (c *captureCmd) toFolder(ctx context.Context) error {
	allow := make([]netip.Prefix, len(c.Allow))
	for i, s := range c.Allow {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			a, aerr := netip.ParseAddr(s)
			if aerr != nil {
				return fmt.Errorf("--allow %q is neither an address nor a network, like 192.168.1.20 or 10.0.0.0/8", s)
			}
			p = netip.PrefixFrom(a, a.BitLen())
		}
		allow[i] = p
	}
	if list, err := os.ReadDir(c.Out); err == nil && len(list) > 0 {
		return fmt.Errorf("the folder %s is not empty; name a new one", c.Out)
	}
	client := fetch.New(fetch.Config{Version: version, Allow: allow})
	defer client.Close()
	p, err := browser.New(browser.Config{Client: client, Version: version}).Capture(ctx, c.URL, browser.Limits{})
	if err != nil {
		return said(err)
	}
	if err := c.write(p); err != nil {
		return err
	}
	fmt.Printf("%s\n%s, status %d, %d requests, %d kB, %.1f s\n", p.Final, cmp.Or(p.Title, "(no title)"), p.Status, len(p.Exchanges), p.Bytes()>>10, p.Ended.Sub(p.Began).Seconds())
	if !p.Sandbox {
		fmt.Println("note: the system did not allow Chromium's sandbox")
	}
	if p.Wall.Kind != browser.Content {
		fmt.Printf("FAILED: %s (%s %s). What was seen is in %s; it is not the content.\n", lang.EN.T("captures.failed."+string(p.Wall.Kind)), p.Wall.Rule, p.Wall.Detail, c.Out)
		return errSaid
	}
	fmt.Printf("written into %s; the receipt is not sealed: hand the folder in to have it sealed\n", c.Out)
	return nil
}

func (c *captureCmd) write(p *browser.Page) error {
	wacz, records, err := capture.Archive(p, version, nil)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.Out, 0o700); err != nil {
		return err
	}
	r := receipt{Capture: capture.Meta(p), Limits: capture.Limits(p), Records: records, Files: map[string]string{},
		Note: "Not sealed, not logged and not timestamped: whoever has this folder can change it."}
	for _, f := range capture.Files(p, wacz) {
		sum := sha256.Sum256(f.Body)
		r.Files[f.Name] = hex.EncodeToString(sum[:])
		if err := os.WriteFile(filepath.Join(c.Out, f.Name), f.Body, 0o600); err != nil {
			return err
		}
	}
	raw, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(c.Out, "receipt.json"), raw, 0o600)
}

// patience is how long the command waits for the running program to look.
const patience = 3 * time.Minute

func (c *captureCmd) toVault(ctx context.Context) error {
	ctx = access.With(ctx, access.System("*"))
	r, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer r.Close()
	f, err := c.whose(ctx, r)
	if err != nil {
		return err
	}
	shot, err := r.Captures.Ask(ctx, capture.Wish{Firm: f.ID, URL: c.URL, Why: c.Why, Again: c.Again})
	if err != nil {
		return said(err)
	}
	until := time.NewTimer(patience)
	defer until.Stop()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		if shot, err = r.Captures.Find(ctx, f.ID, shot.ID); err != nil {
			return err
		}
		switch shot.State {
		case capture.Sealed:
			x, err := r.Evidence.Get(ctx, f.ID, shot.Exhibit)
			if err != nil {
				return err
			}
			fmt.Printf("%s sealed for %s: %d files, %d kB\n", x.Code(), f.Name, len(x.Files), shot.Bytes>>10)
			return nil
		case capture.Failed:
			fmt.Printf("FAILED: %s %s\n", lang.EN.T("captures.failed."+shot.Reason), shot.Detail)
			return errSaid
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-until.C:
			fmt.Println("asked for; it waits for a running ChOP (chop serve or chop work) to look at the page")
			return errSaid
		case <-tick.C:
		}
	}
}

// whose is the firm for which the page is preserved.
func (c *captureCmd) whose(ctx context.Context, r *app.Rooms) (firm.Firm, error) {
	list, err := r.Firms.List(ctx)
	if err != nil {
		return firm.Firm{}, err
	}
	names := ""
	for _, f := range list {
		if f.Slug == c.Firm || c.Firm == "" && len(list) == 1 {
			return f, nil
		}
		names += " " + f.Slug
	}
	if len(list) == 0 {
		return firm.Firm{}, errors.New("there is no firm yet; add one in ChOP first, or use --out DIR")
	}
	return firm.Firm{}, fmt.Errorf("name the firm with --firm, one of:%s", names)
}
