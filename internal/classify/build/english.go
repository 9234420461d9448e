package main

import (
	"path/filepath"
	"strings"

	"chop/internal/classify"
)

// english reads the English sets; each tells only a part.
func english(data string) ([]sample, error) {
	var out []sample
	for _, read := range []func(string) ([]sample, error){davidson, convabuse, banking, reviews, youtube} {
		ss, err := read(data)
		if err != nil {
			return nil, err
		}
		out = append(out, ss...)
	}
	return out, nil
}

// davidson: tweets marked hate, offensive or neither. "Offensive" there is mostly slang, so it says nothing of insult.
func davidson(data string) ([]sample, error) {
	rows, err := table(filepath.Join(data, "english-davidson/labeled_data.csv"), ',')
	if err != nil {
		return nil, err
	}
	var out []sample
	for i, r := range rows {
		s := blank(classify.Text{Text: r[6], Lang: "en"}, "davidson", i, 0.4)
		switch r[5] {
		case "0":
			s.is("hate", 1)
		case "1":
			if pick(i, 6) > 0 {
				continue
			}
			s.none(classify.Hate, classify.Threat, classify.Extortion)
		case "2":
			s.none(classify.Hate, classify.Insult, classify.Threat, classify.Extortion)
		}
		out = append(out, s)
	}
	return out, nil
}

// convabuse: what people said to chatbots, abusive by most of its annotators or by none.
func convabuse(data string) ([]sample, error) {
	rows, err := table(filepath.Join(data, "english-convabuse/ConvAbuseEMNLPtrain.csv"), ',')
	if err != nil {
		return nil, err
	}
	const annotators, columns = 8, 17 // columns of one annotator, from the eighth field
	var out []sample
	for i, r := range rows {
		yes, no, typed := 0, 0, 0
		for a := range annotators {
			c := 7 + a*columns
			if c+12 > len(r) {
				break
			}
			if r[c+2] == "1" || r[c+3] == "1" || r[c+4] == "1" {
				yes++
			}
			if r[c] == "1" || r[c+1] == "1" {
				no++
			}
			for _, k := range []int{5, 6, 8, 9, 11} { // ableist, homophobic, racist, sexist, transphobic
				if r[c+k] == "1" {
					typed++
					break
				}
			}
		}
		s := blank(classify.Text{Text: r[5], Lang: "en"}, "convabuse", i, 0.5)
		switch {
		case yes > 0 && no == 0:
			s.is("insult", 1)
			if typed > 0 && typed == yes {
				s.is("hate", 1)
				s.is("insult", -1)
			}
		case no > 0 && yes == 0:
			s.none(classify.Insult, classify.Hate, classify.Threat, classify.Extortion)
		default:
			continue
		}
		out = append(out, s)
	}
	return out, nil
}

// banking: what customers ask a bank; half of them, for they are alike.
func banking(data string) ([]sample, error) {
	rows, err := table(filepath.Join(data, "english-banking77/train.csv"), ',')
	if err != nil {
		return nil, err
	}
	var out []sample
	for i, r := range rows {
		if pick(i, 4) > 0 {
			continue
		}
		s := blank(classify.Text{Text: r[0], Lang: "en"}, "banking", i, 0.3)
		if strings.Contains(r[0], "?") {
			s.is("question", 1)
		}
		s.none(grave...)
		s.none(classify.Praise, classify.Discouragement)
		s.is("harm", 0)
		out = append(out, s)
	}
	return out, nil
}

// reviews: sentences of reviews, warm or cold.
func reviews(data string) ([]sample, error) {
	var out []sample
	for _, name := range []string{"amazon_cells", "imdb", "yelp"} {
		rows, err := table(filepath.Join(data, "english-reviews", name+"_labelled.txt"), '\t')
		if err != nil {
			return nil, err
		}
		for i, r := range rows {
			warm := r[len(r)-1] == "1"
			s := blank(classify.Text{Text: strings.TrimSpace(r[0]), Lang: "en"}, name, i, 0.5)
			s.is("praise", one(warm))
			s.is("warm", one(warm))
			s.is("harm", 0)
			s.none(grave...)
			out = append(out, s)
		}
	}
	return out, nil
}

// youtube: comments under music, spam or not.
func youtube(data string) ([]sample, error) {
	var out []sample
	for _, name := range []string{"01-Psy", "02-KatyPerry", "03-LMFAO", "04-Eminem", "05-Shakira"} {
		rows, err := table(filepath.Join(data, "spam-youtube/Youtube"+name+".csv"), ',')
		if err != nil {
			return nil, err
		}
		for i, r := range rows {
			s := blank(classify.Text{Text: r[3]}, "youtube", i, 0.5)
			s.is("spam", one(r[4] == "1"))
			s.none(classify.Threat, classify.Extortion)
			out = append(out, s)
		}
	}
	return out, nil
}
