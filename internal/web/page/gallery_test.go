package page

import (
	"bytes"
	"context"
	"io"
	"testing"
	"time"

	"github.com/a-h/templ"

	"chop/internal/access"
	"chop/internal/classify"
	"chop/internal/lang"
)

var noon = time.Date(2026, 11, 21, 23, 52, 0, 0, time.UTC)

const hostileName = "<script>alert(1)</script>\u202eevil\u200b & \"Żółw\""

// frame is a guardian at night with two firms.
func frame(t lang.Tag) Frame {
	return Frame{
		Title: "Części", Lang: t, Now: noon, Path: "/inbox/17",
		User: User{Name: "Ewa Maj", Roles: []access.Role{access.Guardian}, DutyUntil: noon.Add(5 * time.Hour)},
		Firms: []Firm{{"f1", "Manufaktura Lniana", Crisis, "od 3 h 44 min"}, {"f2", "Sushi Hanami", Attention, ""},
			{"f3", "Kwiaciarnia Mak", Calm, ""}, {"f4", hostileName, Calm, ""}},
		Firm: "f1", Counts: Counts{Inbox: 12, Urgent: 2, Cases: 5, Sources: 2}, Demo: true,
		Flash: []Flash{{Text: "Ukryto komentarz", Sub: "Dowód D-041 zapieczętowany.", Undo: "/deeds/1/undo"}},
	}
}

func raw(s string) templ.Component { return templ.Raw(s) }

// with puts children into a component that takes them.
func with(c templ.Component, children ...templ.Component) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		return c.Render(templ.WithChildren(ctx, templ.Join(children...)), w)
	})
}

func card(id, title string, cs ...templ.Component) templ.Component {
	all := append([]templ.Component{raw(`<section class="card" aria-labelledby="` + id + `"><h2 id="` + id + `">` + title + `</h2>`)}, cs...)
	return templ.Join(append(all, raw(`</section>`))...)
}

func labelParts() templ.Component {
	return card("g-labels", "Etykiety", Labels(append(classify.Labels[:len(classify.Labels):len(classify.Labels)], classify.FakeReview, "something_new")))
}

func markParts() templ.Component {
	return card("g-marks", "Znaki", raw(`<p class="row">`), StatePill(Calm), StatePill(Attention), StatePill(Crisis), StatePill("odd"), raw(`</p><p class="row">`),
		Severity(0), Severity(2), Severity(3), Severity(9), Priority(1), Priority(2), Priority(4), raw(`</p><p class="row">`),
		Channel("facebook"), Channel("wordpress"), Channel("unheard"), ChannelNamed("google"), Avatar("Ewa Maj", ""), Avatar("", "s"), Avatar("Żaneta", "l"),
		Account("Lena Wróbel", true), Account(hostileName, false), raw(`</p><p class="row">`),
		Seal(SealMark{"D-041", "/exhibits/41", SealDone}), Seal(SealMark{"D-043", "", SealWait}), Seal(SealMark{"D-009", "/exhibits/9", SealBad}),
		Clock(Since(noon.Add(-224*time.Minute))), Clock(Until(noon.Add(12*time.Minute))), Clock(Until(noon.Add(2*time.Hour))), Clock(Until(noon.Add(-time.Hour))),
		Time(noon), TimeOfDay(noon), Kbd("h"), Tag(Mark{Warn, "ear-off", "cisza 47 min", ""}), Tag(Mark{Line, "waypoints", "G-07", "/groups/7"}),
		raw(`</p><div>`), Deadline(noon.Add(-48*time.Minute), noon.Add(12*time.Minute)), raw(`</div>`), Bar(62, ""), PulseLegend(true))
}

func adviceParts() templ.Component {
	return card("g-advice", "Zalecenie", raw(`<div class="rec"><div class="rec-main"><p class="small muted row between"><span>Zalecenie</span>`), Conf(Clear),
		raw(`</p><h3 class="rec-verb">`), Icon("eye-off"), raw(`<span>Ukryj</span></h3></div>`), Risk(14), raw(`<div class="acts">`),
		Action(Act{Icon: "eye-off", Verb: "Ukryj trzy wpisy", Caption: "Facebook: od razu, można odkryć", Key: "h", Best: true, Post: "/deeds", Fields: []Pair{{"option", "hide"}}, Into: "list"}),
		Action(Act{Icon: "reply", Verb: "Odpowiedz", Caption: "szkic gotowy", Key: "r", Href: "/reply"}),
		Action(Act{Icon: "trash-2", Verb: "Usuń", Key: "d", Dialog: "ask-del"}),
		Action(Act{Icon: "eye-off", Verb: "Ukryj", Why: "Jeszcze pieczętujemy dowód, zostało ok. 4 s", Seal: SealMark{Number: "D-044", State: SealWait}}),
		raw(`</div>`), Points("Za", []Point{{For, "Konto należy do potwierdzonej grupy", "/groups/7", ""}, {Neither, "To poszlaka, nie dowód", "", "siła: zasada ekspercka"}}),
		Points("Przeciw", []Point{{Against, "Jedna osoba zdążyła go zacytować", "", ""}}), Conf(Tie), Risk(57), raw(`</div>`),
		with(Dialog("ask-del", "Usunąć wpis?"), raw(`<p>Tego nie można cofnąć.</p>`)))
}

func threadParts() templ.Component {
	c := Comment{ID: "c-1", Author: "Teresa Malik", Text: "Mam komplet drugi rok, po praniu coraz milszy.", At: noon, Labels: []classify.Label{classify.Praise}, Stars: 5}
	e := Comment{ID: "c-2", Author: "Lena Wróbel", Edits: []Edit{{"Koleżanka kupiła", true, false}, {" ", false, false}, {"Kupiłam", false, true}, {" w październiku, po jednym praniu szmata.", false, false}},
		At: noon, Hostile: true, Gone: true, Marks: []Mark{{Warn, "pencil-line", "edytowany 21:19", ""}}, Seals: []SealMark{{"D-023", "/exhibits/23", ""}}}
	d := Comment{ID: "c-3", Author: hostileName, Text: hostileName, At: noon, Deleted: true, Hostile: true, Marks: []Mark{{Plain, "trash-2", "autor usunął 22:40", ""}}}
	q := Comment{ID: "c-4", Author: "Beata Kuc", Text: "Czy ta pościel kurczy się w praniu w 60 stopniach?", Channel: "facebook", At: noon, Context: true,
		Labels: []classify.Label{classify.Question}, Clock: Until(noon.Add(12 * time.Minute))}
	s := Comment{ID: "c-5", Author: "Lena Wróbel", Text: "Nie kupuj, oszuści.", At: noon, Reply: true, Hostile: true, Selected: true, Labels: []classify.Label{classify.Discouragement}}
	v := Comment{ID: "c-6", Author: "Tomek Wan", Text: "przykra treść", At: noon, Veiled: true, Hostile: true, Labels: []classify.Label{classify.Hate}}
	f := Comment{ID: "c-7", Author: "Manufaktura Lniana", Text: "Dzień dobry, pani Beato.", At: noon, Firm: true, Reply: true}
	return card("g-thread", "Wątek", raw(`<div class="post">`), CommentItem(c), CommentItem(e), CommentItem(d), CommentItem(q), CommentItem(s), CommentItem(v), CommentItem(f), raw(`</div>`))
}

func timeParts() templ.Component {
	var es []Event
	for _, k := range []EventKind{EventAlert, EventSeal, EventAct, EventDecision, EventLaw, EventNote, EventCall, "odd"} {
		es = append(es, Event{At: noon.Add(-time.Duration(len(es)) * time.Hour), Kind: k, Title: "Zapieczętowano cały wątek", Text: "64 komentarze, 41 reakcji."})
	}
	es[1].Seals, es[2].Undo, es[3].More = []SealMark{{"D-041", "/exhibits/41", ""}}, "/deeds/2/undo", Pair{"Pełna decyzja", "/d"}
	return card("g-time", "Przebieg", Steps([]Step{{"wykryta 21:06", true, false}, {"opanowujemy", false, true}, {"zamknięta", false, false}}), Timeline(es))
}

func storm() Pulse {
	p := Pulse{ID: "storm", Sentence: "Puls sprawy: od 21:06 wrogie wpisy, szczyt 38 w kwadrans", Height: 118, From: noon.Add(-12 * time.Hour), Step: 15 * time.Minute,
		Axis: true, Peak: "szczyt 38 w kwadrans", Quiet: "zwykły ruch"}
	for i := range 48 {
		p.Ordinary = append(p.Ordinary, 2+(i*7)%4)
		p.Hostile = append(p.Hostile, 0)
	}
	copy(p.Hostile[32:], []int{3, 38, 31, 19, 14, 12, 9, 5, 2, 0, 0, 0, 2, 8, 16, 13})
	p.Marks = []PulseMark{{noon.Add(-160 * time.Minute), EventSeal, "21:12 zapieczętowano"}, {noon.Add(-140 * time.Minute), EventAct, "21:31 ukryto 9"}, {noon.Add(-time.Hour), EventDecision, "decyzja"}}
	return p
}

func wall() templ.Component {
	s := storm()
	s.ID, s.Height, s.Axis, s.Marks = "w1", 84, false, nil
	a := Pulse{ID: "w2", Sentence: "Sushi: skarga", Height: 34, From: s.From, Step: s.Step, Ordinary: s.Ordinary, Hostile: make([]int, 48), Complaint: true, Scale: 12}
	a.Hostile[40], a.Hostile[41] = 4, 6
	b := Pulse{ID: "w3", Sentence: "Mak: nie widać Google", Height: 34, From: s.From, Step: s.Step, Ordinary: s.Ordinary, Scale: 30, Blind: []Span{{noon.Add(-47 * time.Minute), noon}}}
	c := Pulse{ID: "w4", Sentence: "Sigma: spokojnie", Height: 22, From: s.From, Step: s.Step, Ordinary: s.Ordinary, Scale: 60}
	row := func(st State, name string, p Pulse, why string) templ.Component {
		return with(WallItem(WallRow{Name: name, Href: "/cases/1", State: st, Sub: "e-sklep, Gdańsk", Pulse: p, Clock: Since(noon.Add(-224 * time.Minute)), Meta: "od alarmu", Why: why}),
			raw(`<a class="btn btn-primary" href="/inbox">12 decyzji</a><a class="btn" href="/cases/1">Sprawa</a>`))
	}
	return templ.Join(raw(`<section class="wall" id="wall" data-live="mentions" aria-label="Puls firm">`), row(Crisis, "Manufaktura Lniana", s, "Skoordynowany atak pod postem „Zima w lnie”: 19 kont, 64 komentarze."),
		row(Attention, "Sushi Hanami", a, ""), row(Attention, hostileName, b, ""), row(Calm, "Auto-Komis Sigma", c, ""), PulseLegend(false), raw(`</section>`))
}

func rowParts() templ.Component {
	a := MentionRow{ID: "m1", Href: "/inbox/m1", Into: "pane-thread pane-rec", Channel: "facebook", Author: "Lena Wróbel", Text: "Nie kupuj, oszuści. Mnie zbiegła się o jedną trzecią, zwrotu nie ma do dziś.",
		At: noon, Labels: []classify.Label{classify.FakeReview}, Marks: []Mark{{Line, "waypoints", "G-07", "/groups/7"}}, Clock: Until(noon.Add(12 * time.Minute)), On: true, Pick: "id"}
	b := MentionRow{ID: "m2", Href: "/inbox/m2", Channel: "wordpress", Author: hostileName, Text: hostileName, Veiled: true, At: noon, Labels: []classify.Label{classify.Hate}, Severity: 4, Firm: "Sushi Hanami"}
	c := MentionRow{ID: "m3", Href: "/inbox/m3", Channel: "google", Author: "Anna Piotrowska", Text: "Na zamówienie czekałam prawie trzy tygodnie.", At: noon, Labels: []classify.Label{classify.Complaint}, Done: "odpowiedziane"}
	return card("g-rows", "Wzmianki", raw(`<ol aria-label="Wzmianki">`), MentionItem(a), MentionItem(b), MentionItem(c), raw(`</ol>`))
}

func formParts() templ.Component {
	fs := []Field{{Name: "site", Kind: FieldURL, Label: "Adres strony", Hint: "Na przykład https://firma.pl", Error: "Podaj adres", Required: true},
		{Name: "key", Kind: FieldSecret, Label: "Hasło aplikacji", Auto: "off"}, {Name: "note", Kind: FieldArea, Label: "Powód", Value: hostileName, Max: 500},
		{Name: "lang", Kind: FieldSelect, Label: "Język", Options: []Option{{"pl", "polski", true}, {"en", "angielski", false}}},
		{Name: "agree", Kind: FieldCheckbox, Label: "Zgoda właścicielki", Hint: "Trafi do dziennika", Checked: true}, {Name: "file", Kind: FieldFile, Label: "Plik", Data: []Pair{{"accept", ".csv"}}}}
	cs := []templ.Component{ErrBox([]Slip{{"f-site", "Podaj adres strony"}, {"", "Strona nie odpowiada"}}), raw(`<form class="stack" method="post" action="/x">`)}
	for _, f := range fs {
		cs = append(cs, FormField(f))
	}
	cs = append(cs, raw(`<button class="btn btn-primary" type="submit">Zapisz</button></form>`), Button("/y", "btn btn-s", "undo-2", "Odkryj", Pair{"id", "1"}))
	return card("g-form", "Formularz", cs...)
}

func listParts() templ.Component {
	on := []Choice{{Text: "Pilne", On: true, Href: "?a", Count: 12, Into: "list"}, {Text: "Kanał", Icon: "waypoints", Href: "?b"}}
	return card("g-list", "Listy", Crumbs([]Pair{{"Dyżur", "/watch"}, {"MAN-2026-014", ""}}), Tabs("Widoki", on), Chips("Filtry", on), Segments("Przebieg", on),
		with(Note(NoteStop, "hand", "Czego nie robić"), raw(`<p>Nie pisz, kim może być autorka.</p>`)), with(Note(NoteWarn, "", ""), raw(`zwykła`)),
		with(Note(NoteInfo, "info", "Wiadomość"), raw(`info`)), with(Note(NoteCalm, "shield-check", "Spokój"), raw(`ok`)), with(Note(NotePrivileged, "lock", "Tajemnica"), raw(`priv`)),
		with(Table("Sprawy", []Column{{"Sprawa", false}, {"Zegar", true}}), raw(`<tr><th scope="row">MAN-2026-014</th><td data-l="Zegar" class="right">1 h</td></tr>`)),
		Pager(Pages{Newer: "?n", Older: "?o", From: 51, To: 100, Total: 12345}), with(Fold("more-1", "Dlaczego nie inaczej"), raw(`<p>Bo tak.</p>`)), Skeleton(2),
		with(Empty(Blank{Title: "Nic nie czeka na decyzję", Text: "Wszystkie kanały widzimy."}), raw(`<a class="btn" href="/x">Dalej</a>`)), Empty(Blank{Icon: "lock-keyhole", Title: "To pokój prawnika"}),
		raw(`<nav class="wiz-nav" aria-label="Kroki">`), WizardStep(1, "Firma i osoby", "#a", true, false), WizardStep(2, "Kanały", "#b", false, true), raw(`</nav>`))
}

// gallery is every part on one page.
func gallery(f Frame) templ.Component {
	p := storm()
	pulse := card("g-pulse", "Puls", PulseChart(p), PulseLegend(true), PulseTable(p))
	return with(Layout(f), with(Head("Wszystkie części", "Jedna strona na próbę."), raw(`<button class="btn" type="button">Przekaż dyżur</button>`)),
		wall(), pulse, raw(`<div class="masonry">`), labelParts(), markParts(), adviceParts(), rowParts(), threadParts(), timeParts(), formParts(), listParts(), raw(`</div>`))
}

func bare(f Frame) templ.Component {
	f.User, f.Firms, f.Flash = User{}, nil, nil
	return with(Bare(f), raw(`<div class="stack-s"><h1>Dzień dobry</h1><p class="soft">Najszybciej kluczem dostępu: odciskiem, twarzą lub PIN-em telefonu.</p></div>`),
		raw(`<form class="stack" method="post" action="/signin">`), FormField(Field{Name: "email", Kind: FieldEmail, Label: "Adres e-mail", Auto: "username"}),
		FormField(Field{Name: "password", Kind: FieldSecret, Label: "Hasło", Auto: "current-password"}), raw(`<button class="btn btn-primary btn-l btn-block" type="submit">`), Icon("fingerprint-pattern"), raw(`Zaloguj kluczem dostępu</button></form>`))
}

func render(t testing.TB, f Frame, c templ.Component) string {
	t.Helper()
	var b bytes.Buffer
	if err := c.Render(WithFrame(context.Background(), f), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
