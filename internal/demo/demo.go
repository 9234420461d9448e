// Package demo is the lively sample firm of `chop serve --demo`: a real connector watches a simulated shop in the same
// process, which is attacked while a newcomer looks on. Everything after the shop's answer is the real path.
package demo

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"chop/internal/access"
	"chop/internal/app"
	"chop/internal/demo/site"
	"chop/internal/firm"
	"chop/internal/lang"
	"chop/internal/source"
	"chop/internal/user"
)

// Demo is the sample world. Its shop answers on a local port for as long as it is open.
type Demo struct {
	Shop   *site.Site
	Bakery *site.Site
	shop   *http.Server
	bakery *http.Server
	urls   [2]string
	post   int // the post under attack
}

// New opens the shops on free local ports.
func New() (*Demo, error) {
	d := &Demo{Shop: site.New(nil), Bakery: site.New(nil)}
	var err error
	if d.shop, d.urls[0], err = open(d.Shop); err != nil {
		return nil, err
	}
	if d.bakery, d.urls[1], err = open(d.Bakery); err != nil {
		return nil, errors.Join(err, d.shop.Close())
	}
	d.furnish()
	return d, nil
}

func open(s *site.Site) (*http.Server, string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", fmt.Errorf("open the simulated shop: %w", err)
	}
	srv := &http.Server{Handler: s, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = srv.Serve(l) }()
	return srv, "http://" + l.Addr().String(), nil
}

// Close closes the shops.
func (d *Demo) Close() { _ = errors.Join(d.shop.Close(), d.bakery.Close()) }

// URL is where the attacked shop can be seen.
func (d *Demo) URL() string { return d.urls[0] }

// furnish puts posts on the shelves and the ordinary life of the last day under them.
func (d *Demo) furnish() {
	d.Shop.AddPost("obrusy", "Obrusy na święta", "Haftowane ręcznie w Gdańsku.\n\nZamówienia świąteczne przyjmujemy do 10 grudnia.")
	d.post = d.Shop.AddPost("zima-w-lnie", "Zima w lnie", "Nowa kolekcja pościeli z polskiego lnu. Zmiękczana kamieniem, prana w 60 stopniach.\n\nDo niedzieli wysyłka gratis.")
	now := time.Now().UTC().Truncate(time.Second)
	for _, s := range history {
		d.Shop.Add(site.Comment{Post: d.post, Author: s.who, Email: mail(s), IP: "203.0.113.7", UserAgent: "Mozilla/5.0", Text: s.text,
			At: now.Add(s.after)})
	}
	p := d.Bakery.AddPost("rogale", "Rogale świętomarcińskie do końca miesiąca", "Pieczemy codziennie od czwartej rano.")
	d.Bakery.Add(site.Comment{Post: p, Author: "Hanna Z.", Email: "hanna@example.test", Text: "Najlepsze rogale w mieście.", At: now.Add(-3 * time.Hour)})
	d.Bakery.Add(site.Comment{Post: p, Author: "Tadeusz", Email: "tadek@example.test", Text: "Zostały jeszcze na jutro?", At: now.Add(-40 * time.Minute)})
}

func mail(s scene) string {
	if s.mail != "" {
		return s.mail
	}
	return strings.ToLower(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return -1
	}, s.who)) + "@example.test"
}

// people of the demonstration; the password is the same for all and only lives in this process.
var people = []struct {
	path, name, email string
	role              access.Role
}{
	{"ewa", "Ewa Maj", "ewa@chop.example", access.Guardian},
	{"tomasz", "Tomasz Rybak", "tomasz@chop.example", access.Guardian},
	{"joanna", "Joanna Wilk", "joanna@lniana.example", access.Owner},
	{"sowinski", "mec. Adam Sowiński", "sowinski@kancelaria.example", access.Lawyer},
}

const password = "pokaz lnianej manufaktury"

// Play makes people, firms and channels, tells the terminal where to look, and lets things happen until ctx ends.
func (d *Demo) Play(ctx context.Context, a *app.App) error {
	if err := d.settle(access.With(ctx, access.System("*")), a); err != nil {
		return err
	}
	a.OpenDemo(func(r *http.Request, who string, dev user.Device) (user.Opened, error) {
		for _, p := range people {
			if p.path == who {
				return a.Users.SignIn(r.Context(), p.email, password, dev)
			}
		}
		return user.Opened{}, errors.New("nobody of that name")
	})
	fmt.Fprintf(a.Terminal(), "\nThis is a demonstration with an invented firm. Nothing leaves this machine.\n"+
		"  look as the guardian on duty:  %[1]s/demo/ewa\n  look as the owner:             %[1]s/demo/joanna\n  the attacked shop itself:      %[2]s/zima-w-lnie/\n\n",
		a.Origin(), d.URL())
	d.perform(ctx, time.Now())
	return nil
}

func (d *Demo) settle(ctx context.Context, a *app.App) error {
	ids := map[string]string{}
	for _, p := range people {
		x, err := a.Users.Add(ctx, user.Newcomer{Name: p.name, Email: p.email, Password: password, Lang: lang.PL, Admin: p.path == "ewa"})
		if err != nil {
			return fmt.Errorf("add %s: %w", p.name, err)
		}
		ids[p.path] = x.ID
	}
	for i, f := range []firm.Firm{
		{Name: "Manufaktura Lniana", Trade: "e-sklep", City: "Gdańsk", Lang: lang.PL, Settings: firm.Settings{NetiquettePublished: true, RiskAversion: 1}},
		{Name: "Piekarnia Rogal", Trade: "piekarnia", City: "Poznań", Lang: lang.PL, Settings: firm.Settings{RiskAversion: 1}},
	} {
		f, err := a.Firms.Create(ctx, f)
		if err != nil {
			return err
		}
		for _, p := range people {
			if i > 0 && p.role != access.Guardian {
				continue // the other firm has other people
			}
			if err := a.Users.Enrol(ctx, f.ID, ids[p.path], p.role); err != nil {
				return err
			}
		}
		if _, _, err := a.Sources.Connect(ctx, f.ID, "wordpress", "", source.Settings{"url": d.urls[i], "user": site.User, "password": site.Password}); err != nil {
			return err
		}
	}
	return nil
}

// perform lets the scenes happen at their times.
func (d *Demo) perform(ctx context.Context, start time.Time) {
	for _, s := range play {
		if !wait(ctx, time.Until(start.Add(s.after))) {
			return
		}
		d.happen(s)
	}
	for n := 0; wait(ctx, 45*time.Second); n++ {
		d.happen(afterwards[n%len(afterwards)])
	}
}

func wait(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// happen plays one scene at the shop.
func (d *Demo) happen(s scene) {
	at := 0
	if s.answer != "" {
		at = d.find(s.answer)
	}
	switch {
	case s.remove:
		d.Shop.Remove(at)
	case s.edit != "":
		d.Shop.Edit(at, s.edit)
	default:
		d.Shop.Comment(d.post, at, s.who, mail(s), "203.0.113."+fmt.Sprint(20+len(s.who)), "Mozilla/5.0 (X11; Linux x86_64)", s.text)
	}
}

func (d *Demo) find(beginning string) int {
	for _, c := range d.Shop.Comments() {
		if strings.HasPrefix(c.Text, beginning) {
			return c.ID
		}
	}
	return 0
}
