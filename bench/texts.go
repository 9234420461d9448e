package main

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"chop/internal/source"
)

var trades = []string{"lnu", "chleba", "ceramiki", "rowerów", "mebli", "świec", "kawy", "zabawek"}

var names = []string{"Anna K.", "Marek Wróbel", "Zofia", "Piotr z Gdyni", "Hanna Z.", "Tadeusz", "Krystyna M.", "Łukasz", "Ewelina", "Bogdan 71"}

// ordinary is what people write on an ordinary day; nothing of it wakes anybody.
var ordinary = []string{
	"Piękne obrusy, polecam każdemu.", "Paczka przyszła w dwa dni, dziękuję.", "Kolor jak na zdjęciu, jestem zadowolona.",
	"Mama była zachwycona prezentem.", "U mnie wszystko w porządku, pozdrawiam z Poznania.", "Kupuję tu od lat i zawsze jest dobrze.",
	"Trochę drogo, ale jakość widać.", "Byłam w sobotę w sklepie, miła obsługa.", "Zamówienie dotarło całe i ładnie zapakowane.",
	"Pościel po praniu wygląda jak nowa.", "Czekam na nową kolekcję.", "Na zamówienie czekałam prawie trzy tygodnie i nikt nie odpisywał, szkoda.",
	"Paczka przyszła uszkodzona, proszę o kontakt.", "Ładne, ale rozmiar mniejszy niż w opisie.", "Wieczorem usiądę i napiszę dłuższą opinię.",
	"Serdecznie pozdrawiam całą załogę.", "W tym roku święta będą na lnianym obrusie.", "Dostawa do paczkomatu bez problemu.",
}

// threat is a text that every engine must find.
const threat = "Wiem gdzie mieszkasz, przyjdę do ciebie i cię zabiję."

// sentences is one to four ordinary sentences.
func sentences(r *rand.Rand) string {
	out := make([]string, 1+r.IntN(4))
	for i := range out {
		out[i] = ordinary[r.IntN(len(ordinary))]
	}
	return strings.Join(out, " ")
}

// comment is the nth comment of a load. A threat stands alone under its own post, so that it raises its own alarm.
func comment(r *rand.Rand, run string, n int, bad bool) source.Item {
	it := source.Item{ExternalID: fmt.Sprintf("%s-%d", run, n), Kind: source.KindComment, At: time.Now().UTC(), Text: sentences(r),
		Author: source.Account{Name: names[r.IntN(len(names))], ExternalID: fmt.Sprint(r.IntN(20_000))},
		Post:   source.Post{ExternalID: fmt.Sprintf("post-%d", r.IntN(200)), Title: "Zima w lnie"}}
	if bad {
		it.Text, it.Post.ExternalID = threat, fmt.Sprintf("%s-post-%d", run, n)
	}
	return it
}

func secret(i int) string {
	return "whsec_" + base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "a bench secret, number %09d", i))
}
