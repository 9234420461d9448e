package demo

import (
	"time"

	"chop/internal/simulate"
)

// scene is one thing that happens at a site of the demonstration, at a time after its start. Firms, people and texts
// are invented.
type scene struct {
	after  time.Duration
	who    string
	mail   string
	text   string
	answer string // beginning of the text it answers; empty for a comment on the post
	edit   string // new text: the author edits the comment that begins with answer
	remove bool   // the author deletes the comment that begins with answer
}

// history is the ordinary life before anyone looks, as hours before the start.
var history = []scene{
	{after: -26 * time.Hour, who: "Teresa Malik", text: "Mam komplet drugi rok, po praniu coraz milszy. Polecam ten naturalny odcień."},
	{after: -22 * time.Hour, who: "Ola z Wrzeszcza", text: "Piękne zdjęcia, czuć zimę w lnie."},
	{after: -20 * time.Hour, who: "Piotr Zaremba", text: "Przesyłka przyszła dzień po zamówieniu, pięknie zapakowana. Dziękuję!"},
	{after: -15 * time.Hour, who: "Halina D.", text: "Jak dla mnie trochę drogo, ale rozumiem, że szyte w Polsce."},
	{after: -12 * time.Hour, who: "Kamila Nowik", text: "Dziękuję za szybką odpowiedź w sprawie wymiarów."},
	{after: -9 * time.Hour, who: "Marek Sowa", text: "Kupiliśmy na prezent dla teściowej, zachwycona."},
	{after: -7 * time.Hour, who: "iza.w", text: "❤️❤️"},
	{after: -5 * time.Hour, who: "Barbara Lis", text: "Świetny kontakt, pani Joanna doradziła mi kolor przez telefon."},
	{after: -3 * time.Hour, who: "Teresa Malik", text: "Moja siostra też już zamówiła."},
	{after: -100 * time.Minute, who: "Grzegorz T.", text: "Ładne, choć wolę bawełnę."},
	{after: -40 * time.Minute, who: "Agnieszka Róg", text: "Uwielbiam Wasze poszewki, mam już trzecią parę."},
}

// play is what a newcomer watches: a quiet morning, a buyer's question, an honest complaint, a pile-on under the
// question, a threat, blackmail, and friends who speak up. Times are from the start.
var play = []scene{
	{after: 6 * time.Second, who: "Agata Wrona", text: "Wczoraj przyszła moja pościel. Cudo, dziękuję za karteczkę w paczce."},
	{after: 16 * time.Second, who: "Beata Kuc", mail: "beata.kuc@example.test", text: "Czy ta pościel kurczy się w praniu w 60 stopniach? Zastanawiam się nad kompletem."},
	{after: 26 * time.Second, who: "Anna Piotrowska", mail: "anna.p@example.test", text: "Na zamówienie czekałam prawie trzy tygodnie i nikt nie odpisywał na maile. Szkoda, bo len piękny."},
	{after: 38 * time.Second, who: "Lena Wróbel", mail: "lena.w@example.test", answer: "Czy ta pościel", text: "Nie kupuj, oszuści. Mnie zbiegła się o jedną trzecią, zwrotu nie ma do dziś."},
	{after: 43 * time.Second, who: "Iwona Krysa", mail: "ik77@example.test", answer: "Czy ta pościel", text: "Potwierdzam, omijać szerokim łukiem."},
	{after: 47 * time.Second, who: "Kamil 8821", mail: "k8821@example.test", answer: "Czy ta pościel", text: "kolejna naiwna 😂😂"},
	{after: 52 * time.Second, who: "Prawda o Lnie", mail: "prawda.o.lnie@example.test", text: "Sprowadzają z Chin i przeszywają metki. Złodzieje, nie kupujcie tam."},
	{after: 56 * time.Second, who: "Zośka_x", mail: "zoska.x@example.test", text: "Haha polski len 😂 bojkot tej firmy, udostępniajcie"},
	{after: 61 * time.Second, who: "Darek Nowy", mail: "dareknowy1@example.test", text: "banda oszustów i tyle"},
	{after: 65 * time.Second, who: "Monika Test", mail: "mt0099@example.test", answer: "Czy ta pościel", text: "Pani Beato niech pani ucieka póki czas, oszuści jakich mało"},
	{after: 70 * time.Second, who: "Kamil 8821", mail: "k8821@example.test", text: "ta właścicielka to idiotka, niech lepiej zamknie ten cyrk"},
	{after: 84 * time.Second, who: "Prawda o Lnie", mail: "prawda.o.lnie@example.test", text: "Pożałujesz. Wiemy gdzie masz magazyn, jedna zapałka i po lnie."},
	{after: 100 * time.Second, who: "Prawda o Lnie", mail: "prawda.o.lnie@example.test", text: "Macie czas do 12. 5000 zł na konto albo wszystko idzie do gazety i zniszczymy wam firmę."},
	{after: 115 * time.Second, answer: "Nie kupuj, oszuści", who: "Lena Wróbel", edit: "Nie kupuj, oszuści. Koleżance zbiegła się o jedną trzecią, zwrotu nie ma do dziś."},
	{after: 125 * time.Second, who: "Teresa Malik", text: "Co się tu dzieje? Ja kupuję od dwóch lat i jestem bardzo zadowolona."},
	{after: 140 * time.Second, answer: "Sprowadzają z Chin", who: "Prawda o Lnie", remove: true},
	{after: 160 * time.Second, who: "Piotr Zaremba", text: "Proszę się nie przejmować, pani Joanno. Robicie świetną robotę."},
}

// everyday is the slow life after the scenes, so that a demonstration left open stays alive and seldom repeats itself: a simulated page with
// ordinary people and a few who fall upon questions, the same every time.
func everyday() (life []scene) {
	s := simulate.Honest(5)
	s.Days, s.Posts, s.Accounts, s.Wave, s.Pile, s.Fans = 40, 40, 400, 0, 6, 0
	p := simulate.Make(s)
	who, posts, asked := map[string]simulate.Account{}, map[string]simulate.Post{}, map[string]bool{}
	for _, a := range p.Accounts {
		who[a.Name] = a
	}
	for _, x := range p.Posts {
		posts[x.ID] = x
	}
	by := func(account, text, answer string) scene {
		return scene{who: who[account].Shown, mail: who[account].Handle + "@example.test", text: text, answer: answer}
	}
	for _, a := range p.Actions {
		q := posts[a.Post]
		if a.Text == "" || q.Question && who[q.Asker].Shown == "" {
			continue
		}
		if q.Question && !asked[q.ID] {
			asked[q.ID] = true
			life = append(life, by(q.Asker, q.Text, ""))
		}
		answer := ""
		if a.Answers {
			answer = q.Text
		}
		life = append(life, by(a.Account, a.Text, answer))
	}
	return life
}
