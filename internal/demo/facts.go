package demo

import (
	"context"

	"chop/internal/access"
	"chop/internal/app"
	"chop/internal/classify"
	"chop/internal/decision"
	"chop/internal/macro"
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

// macros are what the guardian of the shop does most often, in one click.
func macros(ctx context.Context, a *app.App, firm, guardian string) error {
	me := access.With(ctx, access.Principal{User: guardian, Name: "Ewa Maj", Firms: map[string]access.Role{firm: access.Guardian}})
	for _, m := range []macro.Macro{
		{Name: "Sama obelga", Key: "1", Labels: []classify.Label{classify.Insult},
			Plan: macro.Plan{Option: decision.Hide, Why: "Sama obelga, bez treści; zasady profilu są opublikowane.", Case: true}},
		{Name: "Zaczepka do rana", Key: "2", Labels: []classify.Label{classify.Trolling},
			Plan: macro.Plan{Option: decision.Observe, Why: "Uwaga jest nagrodą; wracamy do tego rano.", Until: "morning"}},
	} {
		m.Firm, m.Live = firm, true
		if _, err := a.Macros.Save(me, m, 0); err != nil {
			return err
		}
	}
	return nil
}
