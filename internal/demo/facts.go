package demo

import (
	"context"

	"chop/internal/access"
	"chop/internal/app"
	"chop/internal/reply"
)

// linen is what the shop of the demonstration says of itself.
var linen = [][2]string{
	{reply.KeyContact, "58 000 00 00 albo pomoc@len.example"},
	{reply.KeySignature, "obsługa klienta"},
	{"pranie", "Pościel jest z lnu zmiękczanego i można ją prać w 60 stopniach. Po pierwszym praniu kurczy się najwyżej o 3%, a szyjemy z zapasem"},
	{"zwroty", "Zwroty przyjmujemy przez 30 dni od dostawy, także po jednym praniu"},
	{"dostawa", "Paczki wysyłamy w dwa dni robocze, kurierem albo do paczkomatu, także do Czech"},
}

// facts gives the shop what its replies are made from; the owner wrote them.
func facts(ctx context.Context, a *app.App, firm, owner string) error {
	me := access.With(ctx, access.Principal{User: owner, Name: "Joanna Wilk", Firms: map[string]access.Role{firm: access.Owner}})
	for _, f := range linen {
		if err := a.Replies.SetFact(me, reply.Fact{Firm: firm, Key: f[0], Text: f[1]}); err != nil {
			return err
		}
	}
	_, err := a.Replies.Save(me, reply.Saved{Firm: firm, Name: "Dziękujemy za miłe słowa", Lang: "pl", Labels: []string{"praise"}, Variants: []string{
		"Dziękujemy za te słowa, bardzo nas cieszą. {{podpis}}", "Jak miło to czytać, dziękujemy! {{podpis}}", "Takie słowa to dla nas najlepsza pochwała, dziękujemy. {{podpis}}"}})
	return err
}
