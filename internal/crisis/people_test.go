package crisis

import (
	"slices"
	"testing"

	"chop/internal/access"
	"chop/internal/mention"
	"chop/internal/oncall"
)

func says(author, label, ext, parent string) mention.Mention {
	return mention.Mention{AuthorKey: author, AuthorName: author, Labels: []string{label}, Source: "s", ExternalID: ext, ParentExt: parent, Buyer: label == "question"}
}

// What accounts do in a case is told from what they wrote there, and from nothing else.
func TestPartsOfAccounts(t *testing.T) {
	ms := []mention.Mention{
		says("buyer", "question", "1", ""), says("starter", "insult", "2", "1"), says("follower", "discouragement", "3", "1"),
		says("starter", "trolling", "4", "1"), says("friend", "praise", "5", "2"), says("anna", "complaint", "6", "2"),
		says("neighbour", "praise", "7", ""), {AuthorKey: "firm", Own: true, Labels: []string{"insult"}},
	}
	want := map[string]Part{"buyer": Asks, "starter": Leads, "follower": Joins, "friend": Supports, "anna": Complains, "neighbour": Writes}
	got := Accounts(ms)
	if len(got) != len(want) {
		t.Fatalf("%d accounts, want %d: the firm is none of them", len(got), len(want))
	}
	for _, a := range got {
		if a.Part != want[a.Key] {
			t.Errorf("%s %s, want %s", a.Key, a.Part, want[a.Key])
		}
	}
	if got[0].Key != "starter" || got[0].Share != 66 {
		t.Errorf("the first is %+v", got[0])
	}
	var noise []mention.Mention
	for _, who := range []string{"a", "b", "c", "d"} {
		noise = append(noise, says(who, "insult", who, ""))
	}
	for _, a := range Accounts(noise) {
		if a.Part != Joins {
			t.Errorf("equal noise has no leader, and yet %s %s", a.Key, a.Part)
		}
	}
}

func TestWhomANoteCalls(t *testing.T) {
	people := []oncall.Member{{ID: "e", Name: "Ewa Maj"}, {ID: "t", Name: "Tomasz Rybak"}, {ID: "t2", Name: "Tomasz Żak"}, {ID: "l", Name: "Łucja Ćma"}}
	for note, want := range map[string][]string{
		"@ewa, zerknij":                     {"e"},
		"(@Ewa Maj) i @tomasz rybak":        {"e", "t"},
		"@Tomasz":                           nil, // two have the name
		"@TOMASZ ŻAK!":                      {"t2"},
		"@łucja":                            {"l"},
		"napisz na biuro@ewa.pl":            nil,
		"@ewaryst nie pracuje":              nil,
		"@ewa.pl to adres":                  nil,
		"ewa":                               nil,
		"@ewa @Ewa Maj @ewa":                {"e"},
		"koniec zdania @ewa.":               {"e"},
		"@":                                 nil,
		"":                                  nil,
		"@ewa\u200b":                        {"e"},
		"nikt@ewa, bo przed znakiem litera": nil,
	} {
		if got := Called(note, people); !slices.Equal(got, want) {
			t.Errorf("%q calls %v, want %v", note, got, want)
		}
	}
	owner := []oncall.Member{{ID: "o", Name: "Joanna Lis", Role: access.Owner}}
	if got := Called("@Joanna", workers(owner)); got != nil {
		t.Errorf("a note calls the owner: %v", got)
	}
}
