package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"chop/internal/coordination"
	"chop/internal/coordination/count"
	"chop/internal/coordination/detect"
	"chop/internal/fault"
	"chop/internal/lang"
)

type coordinateCmd struct {
	Compat     bool          `help:"Count pairs within a window, comparable with CooRTweet: account_a, account_b, weight, kept. No statement about chance."`
	Window     time.Duration `help:"With --compat: how near in time." default:"60s"`
	MinPartici int           `name:"min-participation" help:"With --compat: actions an account needs." default:"2"`
	Quantile   float64       `help:"With --compat: weights above this quantile are kept." default:"0.5"`
	Posts      string        `help:"CSV of posts: object_id, published, is_question, text." placeholder:"FILE"`
	Accounts   string        `help:"CSV of accounts: account_id, account_created, handle, avatar_hash." placeholder:"FILE"`
	Reruns     int           `help:"Shuffled histories for the rate of false groups: by default 50, fewer on pages above 50,000 actions, none above 130,000; 0 leaves it out." default:"-1"`
	Zone       string        `help:"Whose days and nights the page has." default:"Europe/Warsaw"`
	Lang       string        `help:"Language of the sentences." enum:"pl,en" default:"pl"`
	Events     string        `arg:"" help:"CSV of actions: object_id, account_id, content_id, timestamp_share, and where known text, link, reaction, account_created, handle, avatar_hash; - for standard input."`
}

// Run looks for accounts that act together.
func (c *coordinateCmd) Run() error {
	err := c.run()
	var f *fault.Error
	if errors.As(err, &f) {
		kv := []any{}
		for name, v := range f.Data {
			kv = append(kv, name, v)
		}
		return errors.New(lang.Tag(c.Lang).T("fault."+f.Code, kv...))
	}
	return err
}

func (c *coordinateCmd) run() error {
	events, err := input(c.Events)
	if err != nil {
		return err
	}
	defer events.Close()
	if c.Compat {
		return coordination.Compat(c.Events, events, os.Stdout, count.Settings{Window: c.Window.Seconds(), MinTimes: c.MinPartici, Quantile: c.Quantile})
	}
	s := detect.Default()
	if s.Zone, err = time.LoadLocation(c.Zone); err != nil {
		return fmt.Errorf("--zone %q is not a time zone; write for example Europe/Warsaw or UTC", c.Zone)
	}
	in := coordination.Input{Events: events, EventsName: c.Events, PostsName: c.Posts, AccountsName: c.Accounts}
	for _, x := range []struct {
		path string
		to   *io.Reader
	}{{c.Posts, &in.Posts}, {c.Accounts, &in.Accounts}} {
		if x.path == "" {
			continue
		}
		f, err := input(x.path)
		if err != nil {
			return err
		}
		defer f.Close()
		*x.to = f
	}
	return coordination.Analyse(in, os.Stdout, s, c.Reruns, lang.Tag(c.Lang))
}

func input(path string) (io.ReadCloser, error) {
	if path == "-" {
		return io.NopCloser(os.Stdin), nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%w; give the path of a CSV file", err)
	}
	return f, nil
}
