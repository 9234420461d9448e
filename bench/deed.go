package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"time"

	"chop/internal/access"
	"chop/internal/action"
	"chop/internal/demo/site"
	"chop/internal/mention"
	"chop/internal/source"
)

// replies is how many replies the deed series sends.
const replies = 6

// deed measures from a person's click on "send" to the confirmed read-back at a site that speaks WordPress. The window to
// take it back is part of the way, and is told apart.
func deed(ctx context.Context, o options, kind string) (rows [][]string, err error) {
	p, err := openPlace(ctx, kind)
	if err != nil {
		return nil, err
	}
	defer p.close()
	w, err := startHere(ctx, o, p, 1)
	if err != nil {
		return nil, err
	}
	shop := site.New(time.Now)
	server := httptest.NewServer(shop)
	defer server.Close()
	src, _, err := w.Sources.Connect(w.ewa(ctx), w.firms[0].ID, "wordpress", "", source.Settings{"url": server.URL, "user": site.User, "password": site.Password})
	if err != nil {
		return nil, err
	}
	post := shop.AddPost("len", "Nowe obrusy", "Z polskiego lnu.")
	for i := range replies {
		who := fmt.Sprintf("Klient %c", 'A'+i)
		shop.Comment(post, 0, who, fmt.Sprintf("k%d@example.test", i), "203.0.113.9", "Mozilla", fmt.Sprintf("Bardzo ładne obrusy, numer %d podoba mi się najbardziej.", i))
	}
	list, err := w.arrived(ctx, src)
	if err != nil {
		return nil, err
	}
	var clicks, whole []time.Duration
	for i, m := range list {
		click, done, err := w.answer(ctx, m, fmt.Sprintf("Dziękujemy za te słowa (%d), przekażemy je zespołowi. Ewa Maj", i))
		if err != nil {
			return nil, err
		}
		clicks, whole = append(clicks, click), append(whole, done)
	}
	rows = [][]string{
		{kind, "click to the answered page", fmt.Sprint(len(clicks)), milli(at(clicks, .5)), milli(at(clicks, 1))},
		{kind, "click to confirmed read-back", fmt.Sprint(len(whole)), milli(at(whole, .5)), milli(at(whole, 1))},
	}
	for i := range whole {
		whole[i] -= action.UndoWindow
	}
	rows = append(rows, []string{kind, "the same without the 10 s to take it back", fmt.Sprint(len(whole)), milli(at(whole, .5)), milli(at(whole, 1))})
	return rows, w.close(ctx)
}

// ewa is the guardian at work.
func (w *live) ewa(ctx context.Context) context.Context {
	return access.With(ctx, access.Principal{User: w.me, Name: "Ewa Maj", Firms: map[string]access.Role{w.firms[0].ID: access.Guardian}})
}

// arrived waits until every comment has come in and is read.
func (w *live) arrived(ctx context.Context, src source.Source) ([]mention.Mention, error) {
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		list, err := w.Mentions.List(w.ewa(ctx), mention.Filter{Firm: src.Firm, Limit: 100})
		if err != nil {
			return nil, err
		}
		read := 0
		for _, m := range list {
			if m.Status != mention.New {
				read++
			}
		}
		if read >= replies {
			return list, nil
		}
	}
	return nil, fmt.Errorf("the comments did not come in")
}

// answer posts the form of the reply as the page does, and waits until the place was read back.
func (w *live) answer(ctx context.Context, m mention.Mention, text string) (click, done time.Duration, err error) {
	a, err := w.Decisions.Recommend(w.ewa(ctx), m.Firm, m.ID)
	if err != nil {
		return 0, 0, err
	}
	form := url.Values{"option": {"reply"}, "shown": {a.ID}, "text": {text}, "why": {"Miłe słowa, dziękujemy od razu."}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+w.app.Addr()+"/inbox/"+m.ID+"/decision", strings.NewReader(form.Encode()))
	if err != nil {
		return 0, 0, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	req.AddCookie(&http.Cookie{Name: "chop", Value: w.token})
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	begin := time.Now()
	res, err := client.Do(req)
	if err != nil {
		return 0, 0, err
	}
	_ = res.Body.Close()
	if click = time.Since(begin); res.StatusCode != http.StatusSeeOther {
		return 0, 0, fmt.Errorf("the reply was answered with %s", res.Status)
	}
	for end := begin.Add(time.Minute); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		deeds, err := w.Actions.Of(w.ewa(ctx), m.Firm, m.ID)
		if err != nil {
			return 0, 0, err
		}
		if len(deeds) > 0 && deeds[0].State == action.Done && deeds[0].ExhibitAfter != "" {
			return click, time.Since(begin), nil
		}
	}
	return 0, 0, fmt.Errorf("the reply to %s was not confirmed", m.ID)
}
