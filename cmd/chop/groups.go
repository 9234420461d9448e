package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"chop/internal/coordination"
	"chop/internal/coordination/count"
	"chop/internal/coordination/detect"
	"chop/internal/fault"
	"chop/internal/lang"
	"chop/internal/simulate"
)

type coordinateCmd struct {
	Compat     bool          `help:"Count pairs within a window, comparable with CooRTweet: account_a, account_b, weight, kept. No statement about chance."`
	Window     time.Duration `help:"With --compat: how near in time." default:"60s"`
	MinPartici int           `name:"min-participation" help:"With --compat: actions an account needs." default:"2"`
	Quantile   float64       `help:"With --compat: weights above this quantile are kept." default:"0.5"`
	Posts      string        `help:"CSV of posts: object_id, published, is_question." placeholder:"FILE"`
	Reruns     int           `help:"Shuffled histories for the rate of false groups; 0 leaves it out." default:"50"`
	Zone       string        `help:"Whose days and nights the page has." default:"Europe/Warsaw"`
	Lang       string        `help:"Language of the sentences." enum:"pl,en" default:"pl"`
	Events     string        `arg:"" help:"CSV of actions: object_id, account_id, content_id, timestamp_share; - for standard input."`
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
	in := coordination.Input{Events: events, EventsName: c.Events, PostsName: c.Posts}
	if c.Posts != "" {
		posts, err := input(c.Posts)
		if err != nil {
			return err
		}
		defer posts.Close()
		in.Posts = posts
	}
	return coordination.Analyse(in, os.Stdout, s, max(0, c.Reruns), lang.Tag(c.Lang))
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

type simulateCmd struct {
	Seed      uint64  `help:"Same seed, same page." default:"1"`
	Honest    bool    `help:"Without attacks."`
	Days      float64 `default:"120" help:"How long the page lives."`
	Posts     int     `default:"160" help:"Posts of the firm."`
	Accounts  int     `default:"4000" help:"Ordinary people."`
	Wave      int     `default:"800" help:"People of an honest viral complaint."`
	Fans      int     `default:"12" help:"Fast, each for himself."`
	Critics   int     `default:"10" help:"Hostile regulars, each for himself."`
	Digest    int     `help:"Act when a newsletter arrives."`
	Push      int     `help:"Act on a notification."`
	Topic     int     `help:"Care about one topic."`
	TopicPush int     `help:"Care about one topic and act on one notification."`
	Pile      int     `default:"20" help:"Attack: one after another under questions."`
	Storm     int     `default:"12" help:"Attack: reactions within minutes."`
	Puppets   int     `default:"5" help:"Attack: accounts of one person."`
	Stealth   int     `help:"Attack: spread over hours."`
	Hidden    float64 `help:"Share of posts on which attackers act like everybody."`
	Out       string  `arg:"" help:"Folder for posts.csv, events.csv and truth.csv; it is made when missing."`
}

// Run plays a page into files.
func (c *simulateCmd) Run() error {
	s := simulate.Settings{Seed: c.Seed, Days: c.Days, Posts: c.Posts, Accounts: c.Accounts, Popularity: 30, Wave: c.Wave, Fans: c.Fans, Critics: c.Critics,
		Digest: c.Digest, Push: c.Push, Topic: c.Topic, TopicPush: c.TopicPush, Pile: c.Pile, Storm: c.Storm, Puppets: c.Puppets, Stealth: c.Stealth,
		Hidden: c.Hidden}
	if c.Honest {
		s.Pile, s.Storm, s.Puppets, s.Stealth = 0, 0, 0, 0
	}
	if err := s.Check(); err != nil {
		return err
	}
	if err := os.MkdirAll(c.Out, 0o755); err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	p := simulate.Make(s)
	for name, write := range map[string]func(io.Writer) error{"posts.csv": p.WritePosts, "events.csv": p.WriteEvents, "truth.csv": p.WriteTruth} {
		if err := writeFile(filepath.Join(c.Out, name), write); err != nil {
			return err
		}
	}
	fmt.Printf("%d posts, %d actions, %d accounts in %s\n", len(p.Posts), len(p.Actions), len(p.Accounts), c.Out)
	return nil
}

func writeFile(path string, write func(io.Writer) error) error {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return errors.Join(write(f), f.Close())
}
