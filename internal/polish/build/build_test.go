package main

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

// tiny accepts "a" and "ab": the dummy state, then one arc "a" (final) to the state after it, one arc "b" to the end.
var tiny = []byte{'\\', 'f', 's', 'a', 0xc6, 0, 7, 3, 0, 'a', 'b',
	bitLast | bitNext, 0, // dummy: its target is the root behind it
	bitLast | bitNext | bitFinal | 1,
	bitLast | bitFinal | 2, 0}

func TestTheAutomatonListsItsWords(t *testing.T) {
	a, err := open(tiny)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	if err := a.each(func(e []byte) error { got = append(got, string(e)); return nil }); err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || got[0] != "a" || got[1] != "ab" {
		t.Fatalf("%q", got)
	}
}

func TestWhatIsNoAutomatonIsRefused(t *testing.T) {
	for _, raw := range [][]byte{nil, []byte("\\fsa\x05aaaaaa"), {'\\', 'f', 's', 'a', 0xc6, 1, 0, 0}, {'\\', 'f', 's', 'a', 0xc6, 0, 7, 9}} {
		if _, err := open(raw); err == nil {
			t.Errorf("%q was accepted", raw)
		}
	}
}

func TestDecode(t *testing.T) {
	for entry, want := range map[string]string{
		"firmami+ADa+subst": "firma", "firmami+ADa": "firma", "firma+AA+subst": "firma", "najmilszy+DEły+adj": "miły",
	} {
		if _, lemma, err := decode([]byte(entry)); err != nil || lemma != want {
			t.Errorf("%s: %q, %v", entry, lemma, err)
		}
	}
	for _, bad := range []string{"", "a", "a+A", "a+AZ+x"} {
		if _, _, err := decode([]byte(bad)); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

func TestARuleMakesTheLemma(t *testing.T) {
	word := rapid.StringMatching(`[a-z]{1,12}`)
	rapid.Check(t, func(t *rapid.T) {
		form, lemma := word.Draw(t, "form"), word.Draw(t, "lemma")
		r := rule(form, lemma)
		if got := form[int(r[0]-'A'):len(form)-int(r[1]-'A')] + r[2:]; got != lemma {
			t.Fatalf("%s by %s gives %s, not %s", form, r, got, lemma)
		}
	})
}

func TestTheSameWordsGiveTheSameBytes(t *testing.T) {
	ps := []pair{{"psa", "pies"}, {"psami", "pies"}, {"psu", "pies"}}
	var a, b bytes.Buffer
	if err := write(&a, ps); err != nil {
		t.Fatal(err)
	}
	if err := write(&b, ps); err != nil {
		t.Fatal(err)
	}
	if a.Len() == 0 || !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Fatal("two files")
	}
}
