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
	"chop/internal/oncall"
	"chop/internal/source"
	"chop/internal/user"
)

// Demo is the sample world. Its shop answers on a local port for as long as it is open.
type Demo struct {
	Shop   *site.Site
	bakery *site.Site
	phone  *Phone // of the guardian on duty
	second *Phone // of the owner

	servers                                []*http.Server
	shopURL, breadURL, ringer, ownerRinger string
	post                                   int // the post under attack
}

// New opens the shops and the telephone on free local ports.
func New() (*Demo, error) {
	d := &Demo{Shop: site.New(nil), bakery: site.New(nil), phone: &Phone{Whose: "Telefon osoby na dyżurze (pokaz)"}, second: &Phone{Whose: "Telefon właścicielki (pokaz)"}}
	d.bakery.Call("Piekarnia Rogal", "Chleb i rogale z Poznania")
	for _, x := range []struct {
		h   http.Handler
		url *string
	}{{d.Shop, &d.shopURL}, {d.bakery, &d.breadURL}, {d.phone, &d.ringer}, {d.second, &d.ownerRinger}} {
		srv, url, err := open(x.h)
		if err != nil {
			d.Close()
			return nil, err
		}
		d.servers, *x.url = append(d.servers, srv), url
	}
	d.furnish()
	return d, nil
}

func open(h http.Handler) (*http.Server, string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", fmt.Errorf("open the simulated world: %w", err)
	}
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = srv.Serve(l) }()
	return srv, "http://" + l.Addr().String(), nil
}

// Close ends the simulated world.
func (d *Demo) Close() {
	for _, s := range d.servers {
		_ = s.Close()
	}
}

// URL is where the attacked shop can be seen.
func (d *Demo) URL() string { return d.shopURL }

// furnish puts posts on the shelves and the ordinary life of the last day under them.
func (d *Demo) furnish() {
	d.Shop.AddPost("obrusy", "Obrusy na święta", "Haftowane ręcznie w Gdańsku.\n\nZamówienia świąteczne przyjmujemy do 10 grudnia.")
	d.post = d.Shop.AddPost("zima-w-lnie", "Zima w lnie", "Nowa kolekcja pościeli z polskiego lnu. Zmiękczana kamieniem, prana w 60 stopniach.\n\nDo niedzieli wysyłka gratis.")
	now := time.Now().UTC().Truncate(time.Second)
	for _, s := range history {
		d.Shop.Add(site.Comment{Post: d.post, Author: s.who, Email: mail(s), IP: "203.0.113.7", UserAgent: "Mozilla/5.0", Text: s.text,
			At: now.Add(s.after)})
	}
	p := d.bakery.AddPost("rogale", "Rogale świętomarcińskie do końca miesiąca", "Pieczemy codziennie od czwartej rano.")
	d.bakery.Add(site.Comment{Post: p, Author: "Hanna Z.", Email: "hanna@example.test", Text: "Najlepsze rogale w mieście.", At: now.Add(-3 * time.Hour)})
	d.bakery.Add(site.Comment{Post: p, Author: "Tadeusz", Email: "tadek@example.test", Text: "Jak zawsze pyszne.", At: now.Add(-40 * time.Minute)})
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
		"  look as the guardian on duty:  %[1]s/demo/ewa\n  look as the owner:             %[1]s/demo/joanna\n"+
		"  the guardian's telephone:      %[3]s/\n  the owner's telephone:         %[4]s/\n  the attacked shop itself:      %[2]s/zima-w-lnie/\n\n", a.Origin(), d.URL(), d.ringer, d.ownerRinger)
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
	for _, x := range []struct {
		firm     firm.Firm
		kind     string
		settings source.Settings
		people   int // of the list above
	}{
		{firm.Firm{Name: "Manufaktura Lniana", Trade: "e-sklep", City: "Gdańsk", Lang: lang.PL, Settings: firm.Settings{NetiquettePublished: true, RiskAversion: 1,
			DutyPhone: "+48 58 000 00 00", HoldingLine: "Dziękujemy za wiadomość. Sprawdzamy to i odpowiemy dziś."}},
			"wordpress", source.Settings{"url": d.shopURL, "user": site.User, "password": site.Password}, len(people)},
		{firm.Firm{Name: "Piekarnia Rogal", Trade: "piekarnia", City: "Poznań", Lang: lang.PL, Settings: firm.Settings{RiskAversion: 1}},
			"feed", source.Settings{"url": d.breadURL + "/comments/feed/", "kind": "comment"}, 2},
	} {
		f, err := a.Firms.Create(ctx, x.firm)
		if err != nil {
			return err
		}
		for _, p := range people[:x.people] {
			if err := a.Users.Enrol(ctx, f.ID, ids[p.path], p.role); err != nil {
				return err
			}
		}
		if _, _, err := a.Sources.Connect(ctx, f.ID, x.kind, f.Name, x.settings); err != nil {
			return err
		}
		if err := d.duty(ctx, a, f.ID, ids); err != nil {
			return fmt.Errorf("put somebody on duty: %w", err)
		}
		if x.kind == "wordpress" {
			if err := facts(ctx, a, f.ID, ids["joanna"]); err != nil {
				return fmt.Errorf("say what the shop says of itself: %w", err)
			}
			if err := macros(ctx, a, f.ID, ids["ewa"]); err != nil {
				return fmt.Errorf("save macros: %w", err)
			}
			if err := before(ctx, a, f.ID); err != nil {
				return err
			}
		}
	}
	if err := handTelephone(ctx, a, access.Principal{User: ids["ewa"], Name: "Ewa Maj", Admin: true}, d.ringer+"/dyzur"); err != nil {
		return err
	}
	return handTelephone(ctx, a, access.Principal{User: ids["joanna"], Name: "Joanna Wilk"}, d.ownerRinger+"/joanna")
}

// duty puts Ewa on duty until morning and leaves her Tomasz's note.
func (d *Demo) duty(ctx context.Context, a *app.App, firmID string, ids map[string]string) error {
	now := a.DB.Now()
	if _, err := a.Duty.AddShift(ctx, oncall.Shift{Firm: firmID, User: ids["ewa"], From: now.Add(-2 * time.Hour), To: now.Add(10 * time.Hour)}); err != nil {
		return err
	}
	if _, err := a.Duty.AddShift(ctx, oncall.Shift{Firm: firmID, User: ids["tomasz"], From: now.Add(10 * time.Hour), To: now.Add(22 * time.Hour)}); err != nil {
		return err
	}
	tomasz := access.With(ctx, access.Principal{User: ids["tomasz"], Name: "Tomasz Rybak", Firms: map[string]access.Role{firmID: access.Guardian}})
	_, err := a.Duty.HandOver(tomasz, firmID, "Spokojny dzień. Pani Joanna woli SMS niż telefon. Na pytania o pranie odpowiada karta produktu.")
	return err
}

// handTelephone makes a simulated telephone somebody's.
func handTelephone(ctx context.Context, a *app.App, who access.Principal, address string) error {
	me := access.With(ctx, who)
	c, err := a.Duty.AddContact(me, oncall.Contact{Kind: "ntfy", Address: address})
	if err != nil {
		return fmt.Errorf("add the telephone: %w", err)
	}
	_, code, err := a.Duty.NewCode(me, c.ID)
	if err != nil {
		return err
	}
	return a.Duty.Verify(me, c.ID, code)
}

// perform lets the scenes happen at their times.
func (d *Demo) perform(ctx context.Context, start time.Time) {
	for _, s := range play {
		if !wait(ctx, time.Until(start.Add(s.after))) {
			return
		}
		d.happen(s)
	}
	life := everyday()
	for n := 0; wait(ctx, 45*time.Second); n++ {
		d.happen(life[n%len(life)])
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
