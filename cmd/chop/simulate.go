package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"chop/internal/simulate"
	"chop/internal/simulate/play"
)

type simulateCmd struct {
	Seed      uint64  `help:"Same seed, same page." default:"1"`
	Honest    bool    `help:"Without attacks."`
	Besieged  bool    `help:"Eight months in which one who left leads twenty accounts; no other attack unless named."`
	Days      float64 `help:"How long the page lives; 120 unless besieged."`
	Posts     int     `help:"Posts of the firm; 160 unless besieged."`
	Accounts  int     `default:"4000" help:"Ordinary people."`
	Wave      int     `default:"800" help:"People of an honest viral complaint."`
	Fans      int     `default:"12" help:"Fast, each for himself."`
	Critics   int     `default:"10" help:"Hostile regulars, each for himself."`
	Digest    int     `help:"Act when a newsletter arrives."`
	Push      int     `help:"Act on a notification."`
	Topic     int     `help:"Care about one topic."`
	TopicPush int     `help:"Care about one topic and act on one notification."`
	Reviews   float64 `default:"5" help:"Ordinary reviews a week."`
	Customers float64 `default:"0.35" help:"Share of ordinary people who bought something."`
	Pile      int     `default:"-1" help:"Attack: one after another under questions; 20 unless besieged."`
	Storm     int     `default:"-1" help:"Attack: reactions within minutes; 12 unless besieged."`
	Puppets   int     `default:"-1" help:"Attack: accounts of one person; 5 unless besieged."`
	Stealth   int     `help:"Attack: spread over hours."`
	Siege     int     `help:"Attack: one who left leads the others, with camouflage, rest and rotation; 20 when besieged."`
	Extort    int     `help:"Attack: two hours of threats with a demand."`
	Bomb      int     `help:"Attack: one-star reviews within two days."`
	Hidden    float64 `help:"Share of posts on which attackers act like everybody."`
	Texts     string  `help:"Language of the texts." enum:"pl,en" default:"pl"`

	Into   string  `help:"Play into a running ChOP at this address instead of files." placeholder:"URL"`
	Source string  `help:"With --into: id of the webhook source."`
	Secret string  `help:"With --into: secret of that source." env:"CHOP_WEBHOOK_SECRET" placeholder:"whsec_..."`
	Speed  float64 `help:"With --into: seconds of the page in one second; 0 as fast as possible." default:"3600"`
	Past   bool    `help:"With --into: keep the page's distances in time, its last moment being now."`

	Out string `arg:"" optional:"" help:"Folder for posts.csv, events.csv, reviews.csv and truth.csv; it is made when missing."`
}

// settings are those of the usual page with what was named.
func (c *simulateCmd) settings() simulate.Settings {
	s := simulate.Attacked(c.Seed)
	if c.Besieged {
		s = simulate.Besieged(c.Seed)
	}
	s.Accounts, s.Wave, s.Fans, s.Critics, s.Digest, s.Push, s.Topic, s.TopicPush = c.Accounts, c.Wave, c.Fans, c.Critics, c.Digest, c.Push, c.Topic, c.TopicPush
	s.Stealth, s.Extort, s.Bomb, s.Hidden, s.Lang, s.Reviews, s.Customers = c.Stealth, c.Extort, c.Bomb, c.Hidden, c.Texts, c.Reviews, c.Customers
	for _, x := range []struct {
		given int
		named bool
		to    *int
	}{{c.Posts, c.Posts != 0, &s.Posts}, {c.Pile, c.Pile != -1, &s.Pile}, {c.Storm, c.Storm != -1, &s.Storm}, {c.Puppets, c.Puppets != -1, &s.Puppets},
		{c.Siege, c.Siege != 0, &s.Siege}} {
		if x.named {
			*x.to = x.given
		}
	}
	if c.Days != 0 {
		s.Days = c.Days
	}
	if c.Honest {
		s.Pile, s.Storm, s.Puppets, s.Stealth, s.Siege, s.Extort, s.Bomb = 0, 0, 0, 0, 0, 0, 0
	}
	return s
}

// Run plays a page into files or into a running ChOP.
func (c *simulateCmd) Run(ctx context.Context) error {
	if c.Honest && max(c.Pile, c.Storm, c.Puppets, c.Stealth, c.Siege, c.Extort, c.Bomb) > 0 {
		return errors.New("--honest plays no attack, and one is named too; leave out one of the two")
	}
	s := c.settings()
	if err := s.Check(); err != nil {
		return err
	}
	if (c.Out == "") == (c.Into == "") {
		return errors.New("give a folder for the files, or --into with the address of a running ChOP")
	}
	if c.Into != "" {
		return c.play(ctx, s)
	}
	p := simulate.Make(s)
	if err := p.WriteFiles(c.Out); err != nil {
		return err
	}
	fmt.Printf("%d posts, %d actions, %d reviews, %d accounts in %s\n", len(p.Posts), len(p.Actions), len(p.Reviews), len(p.Accounts), c.Out)
	return nil
}

func (c *simulateCmd) play(ctx context.Context, s simulate.Settings) error {
	t := play.Target{URL: c.Into, Source: c.Source, Secret: c.Secret, Speed: c.Speed, Past: c.Past,
		Progress: func(sent, of int) { fmt.Fprintf(os.Stderr, "\r%d of %d", sent, of) }}
	if err := t.Check(); err != nil {
		return err
	}
	sent, err := play.Page(ctx, simulate.Make(s), t)
	fmt.Fprintln(os.Stderr)
	if err != nil {
		return fmt.Errorf("after %d items: %w", sent, err)
	}
	fmt.Printf("%d items sent\n", sent)
	return nil
}
