package channel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"chop/internal/lang"
)

// crowd is a page of ordinary people: each writes a few texts out of a stock of words, has a name of his own and was made
// at some time within six years.
func crowd(n int, rng *rand.Rand) Page {
	var p Page
	for i := range n {
		id := fmt.Sprintf("u%04d", i)
		p.Accounts = append(p.Accounts, Account{ID: id, Handle: name(rng), Created: 1.5e9 + 2e8*rng.Float64(), Avatar: fmt.Sprintf("%016x", rng.Uint64())})
		for k := range 1 + rng.IntN(4) {
			p.Said = append(p.Said, Said{Account: id, Post: fmt.Sprint("p", rng.IntN(40)), Content: fmt.Sprint(id, "-", k), Text: sentence(rng, 10+rng.IntN(15)),
				At: 1.7e9 + 1e6*rng.Float64()})
		}
	}
	return p
}

func name(rng *rand.Rand) string {
	b := make([]byte, 5+rng.IntN(8))
	for i := range b {
		b[i] = byte('a' + rng.IntN(26))
	}
	if rng.Float64() < 0.5 {
		return string(b) + fmt.Sprint(rng.IntN(2000))
	}
	return string(b)
}

func sentence(rng *rand.Rand, words int) string {
	var b strings.Builder
	for range words {
		fmt.Fprintf(&b, "slowo%c%c ", 'a'+rune(math.Pow(rng.Float64(), 2)*26), 'a'+rune(rng.IntN(26)))
	}
	return b.String()
}

func of(list []Evidence, n Name) Evidence {
	for _, e := range list {
		if e.Channel == n {
			return e
		}
	}
	return Evidence{}
}

func members(n int) (g []string) {
	for i := range n {
		g = append(g, fmt.Sprintf("u%04d", i))
	}
	return g
}

func TestEachChannelSeesWhatItIsFor(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	p := crowd(400, rng)
	group := members(8)
	for i := range group {
		a := &p.Accounts[i]
		a.Handle, a.Created, a.Avatar = fmt.Sprintf("Janek_Kowal%d", 1980+i), 1.69e9+float64(i)*3600, "00ff00ff00ff00f"+fmt.Sprint(i%4)
		p.Said = append(p.Said, Said{Account: a.ID, Post: "p1", Content: "t" + a.ID,
			Text: fmt.Sprintf("Omijajcie ten sklep szerokim łukiem bo oszukali moją babcię na duże pieniądze %d https://www.ohyda.example/x?utm_source=%d", i, i)})
	}
	got := Examine(p, [][]string{group})[0]
	for _, n := range []Name{Text, Phrase, Creation, Handle, Avatar} {
		e := of(got, n)
		if !e.Tested || e.P > 1e-4 || e.Count < 6 || len(e.Accounts) != e.Count {
			t.Errorf("%s: %+v", n, e)
		}
		for _, tag := range lang.Tags {
			if s := e.Says(tag); strings.ContainsAny(s, "[{") || !strings.Contains(s, tag.Int(e.Count)) {
				t.Errorf("%s: %q", n, s)
			}
		}
	}
	if e := of(got, Link); !e.Tested || e.P < 0.01 {
		t.Errorf("nobody else gave an address, so what is usual is not known: %+v", e)
	}
	if by := Eligible(got, 3); !slices.Equal(by, []Family{Wording, Birth, Identity}) {
		t.Errorf("eligible by %v", by)
	}
	if r := Rank(got); r > 1e-3 {
		t.Errorf("rank %v", r)
	}
	if x := of(got, Text).Pairs[0]; x.ContentA == "" || x.ContentB == "" || x.Score < 0.6 || !strings.Contains(x.Same, "Omijajcie ten sklep szerokim łukiem") {
		t.Errorf("the pair does not say what it rests on: %+v", x)
	}
}

func TestTheSameAddressesCountWhereOthersGiveTheirOwn(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 1))
	p := crowd(300, rng)
	for i := range p.Said {
		p.Said[i].Links = []string{fmt.Sprintf("https://blog%d.example/%d", rng.IntN(400), i%3)}
	}
	group := members(6)
	for _, a := range group {
		p.Said = append(p.Said, Said{Account: a, Content: "c" + a, Text: "http://m.plotka.example/artykul/?fbclid=" + a})
	}
	if e := of(Examine(p, [][]string{group})[0], Link); e.P > 0.01 || e.Same != "plotka.example/artykul" || e.Count != 6 {
		t.Errorf("%+v", e)
	}
	for i := range 60 { // an article everybody gives
		p.Said = append(p.Said, Said{Account: fmt.Sprintf("u%04d", 100+i), Links: []string{"plotka.example/artykul"}})
	}
	if e := of(Examine(p, [][]string{group})[0], Link); e.P < 0.05 {
		t.Errorf("an article that everybody gives joins nobody: %+v", e)
	}
}

// Groups picked without regard to what the channels look at must seldom look alike: chances are what they say.
func TestChancesAreHonest(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 1))
	p := crowd(300, rng)
	for i := range p.Said {
		p.Said[i].Reaction = []string{"like", "haha", "angry"}[rng.IntN(3)]
		p.Said[i].Links = []string{fmt.Sprintf("https://n%d.example/", rng.IntN(200))}
	}
	below, lifted, runs := map[Name]int{}, 0, 150
	for range runs {
		var group []string
		for _, i := range rng.Perm(300)[:10] {
			group = append(group, p.Accounts[i].ID)
		}
		got := Examine(p, [][]string{group})[0]
		for _, e := range got {
			if e.P <= 0.05 {
				below[e.Channel]++
			}
		}
		if len(Eligible(got, 1)) > 0 {
			lifted++
		}
	}
	for n, k := range below {
		if k > 15 { // 7.5 expected at most
			t.Errorf("%s: %d of %d random groups at p <= 0.05", n, k, runs)
		}
	}
	if lifted > 9 { // three families, each at 0.01
		t.Errorf("%d of %d random groups would be laid before a person", lifted, runs)
	}
}

func TestCommonThingsJoinNobody(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 1))
	p := crowd(200, rng)
	slogan := "Dzień dobry wszystkim, kiedy wreszcie wróci do sprzedaży ta niebieska lampa z katalogu?"
	post := "Wielka wyprzedaż lamp w naszym sklepie trwa tylko do niedzieli, zapraszamy wszystkich serdecznie do stolika."
	for i := range 200 {
		if i < 8 || i >= 150 {
			p.Said = append(p.Said, Said{Account: fmt.Sprintf("u%04d", i), Content: fmt.Sprint("s", i), Text: slogan})
		}
		if i < 8 {
			p.Said = append(p.Said, Said{Account: fmt.Sprintf("u%04d", i), Content: fmt.Sprint("q", i), Text: post})
			p.Accounts[i].Handle, p.Accounts[i].Avatar = "user-"+p.Accounts[i].Handle, "default"
		} else {
			p.Accounts[i].Handle, p.Accounts[i].Avatar = "user-"+p.Accounts[i].Handle, "default"
		}
	}
	p.Own = []string{post}
	for _, e := range Examine(p, [][]string{members(8)})[0] {
		if e.Tested && e.P < 0.05 {
			t.Errorf("%+v", e)
		}
	}
}

func TestTooLittleIsSaidToBeTooLittle(t *testing.T) {
	small := Page{Accounts: []Account{{ID: "a", Handle: "ola1", Created: 5}, {ID: "b", Handle: "ola2", Created: 6}, {ID: "c"}},
		Said: []Said{{Account: "a", Text: "za krótko"}, {Account: "b", Text: "tak", Reaction: "haha"}, {Account: "", Text: "nikt"}}}
	got := Examine(small, [][]string{{"a", "b", "c", "nobody"}, {}})
	if len(got) != 2 || len(got[0]) == 0 {
		t.Fatalf("%+v", got)
	}
	for _, e := range got[0] {
		if e.Tested || e.P != 1 {
			t.Errorf("%+v", e)
		}
		for _, tag := range lang.Tags {
			if s := e.Says(tag) + e.Limit(tag) + e.Channel.Title(tag); strings.ContainsAny(s, "[{") {
				t.Error(s)
			}
		}
	}
	if len(Eligible(got[0], 1)) > 0 || Rank(got[0]) != 1 {
		t.Error("nothing is evidence of something")
	}
	if got := Examine(Page{}, nil); len(got) != 0 {
		t.Errorf("%v", got)
	}
}

func TestOrderMeansNothing(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 1))
	p := crowd(150, rng)
	for i := range p.Said {
		p.Said[i].Reaction = []string{"like", "haha", "angry"}[i%3]
	}
	groups := [][]string{members(7), {"u0100", "u0101", "u0102"}}
	want := Examine(p, groups)
	rng.Shuffle(len(p.Said), func(i, j int) { p.Said[i], p.Said[j] = p.Said[j], p.Said[i] })
	rng.Shuffle(len(p.Accounts), func(i, j int) { p.Accounts[i], p.Accounts[j] = p.Accounts[j], p.Accounts[i] })
	slices.Reverse(groups[0])
	p.Accounts = append(p.Accounts, p.Accounts[:20]...)
	p.Said = append(p.Said, p.Said[:20]...)
	for i := range p.Said { // deliveries repeated are reactions given twice; only texts are counted once
		p.Said[i].Reaction = ""
	}
	got := Examine(p, groups)
	for g := range want {
		want[g] = slices.DeleteFunc(want[g], func(e Evidence) bool { return e.Channel == Reactions || e.Channel == Style })
		got[g] = slices.DeleteFunc(got[g], func(e Evidence) bool { return e.Channel == Style })
		if !reflect.DeepEqual(got[g], want[g]) {
			t.Errorf("%+v\nwant\n%+v", got[g], want[g])
		}
	}
}

func TestCauchyCombinesDependentChances(t *testing.T) {
	for _, x := range []struct {
		p    []float64
		want float64
	}{{nil, 1}, {[]float64{0.03}, 0.03}, {[]float64{0.2, 0.2, 0.2}, 0.2}, {[]float64{1e-9, 0.5}, 2e-9}, {[]float64{1e-12, 1, 1}, 3e-12}} {
		if got := Cauchy(x.p...); math.Abs(got-x.want) > 0.02*x.want {
			t.Errorf("%v: %v, want %v", x.p, got, x.want)
		}
	}
}

func TestHypergeometricIsTheSumOfItsOutcomes(t *testing.T) {
	// 3 of 5 marked, 2 drawn: both marked in 3 of 10 ways, none in 1 of 10
	for k, want := range []float64{1, 0.9, 0.3, 0} {
		if got := hypergeometric(k, 2, 3, 5); math.Abs(got-want) > 1e-12 {
			t.Errorf("at least %d: %v, want %v", k, got, want)
		}
	}
	if got := poissonTail(2, 0.5); math.Abs(got-(1-1.5*math.Exp(-0.5))) > 1e-12 {
		t.Errorf("at least two of 0.5: %v", got)
	}
}
