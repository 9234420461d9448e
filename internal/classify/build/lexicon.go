package main

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"chop/internal/polish"
)

// writeLexicon gathers the coloured words of the lexicons that may be shipped into one file.
func writeLexicon(data, out string) error {
	lines := map[string]bool{}
	if err := afinn(filepath.Join(data, "lexicons/afinn/AFINN-pl-165.txt"), lines); err != nil {
		return err
	}
	if err := emoji(filepath.Join(data, "lexicons/emoji-sentiment/Emoji_Sentiment_Data_v1.0.csv"), lines); err != nil {
		return err
	}
	if err := vulgar(data, lines); err != nil {
		return err
	}
	all := make([]string, 0, len(lines))
	for l := range lines {
		all = append(all, l)
	}
	slices.Sort(all)
	return os.WriteFile(out, []byte(strings.Join(all, "\n")+"\n"), 0o644)
}

func afinn(name string, into map[string]bool) error {
	raw, err := os.ReadFile(name)
	if err != nil {
		return fmt.Errorf("lexicon: %w", err)
	}
	for line := range strings.Lines(string(raw)) {
		w, s, ok := strings.Cut(strings.TrimSpace(line), "\t")
		if n, err := strconv.Atoi(s); ok && err == nil && n != 0 && !strings.ContainsAny(w, " \t") {
			into[fmt.Sprintf("%s\t%d", polish.Fold(w), n)] = true
		}
	}
	return nil
}

// emoji keeps those met at least fifty times; the colour is the share of warm less the share of cold texts, in hundredths.
func emoji(name string, into map[string]bool) error {
	f, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("lexicon: %w", err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return fmt.Errorf("lexicon %s: %w", name, err)
	}
	for _, r := range rows[1:] {
		var n [4]float64 // all, cold, neutral, warm
		for i, c := range []int{2, 4, 5, 6} {
			if n[i], err = strconv.ParseFloat(r[c], 64); err != nil {
				return fmt.Errorf("lexicon %s: %w", name, err)
			}
		}
		ts := polish.Tokens(r[0])
		if n[0] < 50 || len(ts) != 1 || ts[0].Kind != polish.Emoji {
			continue
		}
		into[fmt.Sprintf("%s\t%d", ts[0].Fold, int(100*(n[3]-n[1])/n[0]))] = true
	}
	return nil
}

var quoted = regexp.MustCompile(`["']([^"']+)["']`)

// vulgar takes single words of the lists of vulgar words.
func vulgar(data string, into map[string]bool) error {
	for _, name := range []string{"polish-profanity-lists/szymanski_dictionary_pl.php", "polish-profanity-lists/malzagic_wulgaryzmy.js",
		"ldnoobw/pl.txt", "ldnoobw/en.txt"} {
		f, err := os.Open(filepath.Join(data, "lexicons", name))
		if err != nil {
			return fmt.Errorf("lexicon: %w", err)
		}
		for sc := bufio.NewScanner(f); sc.Scan(); {
			words := []string{sc.Text()}
			if strings.HasSuffix(name, "php") || strings.HasSuffix(name, "js") {
				words = words[:0]
				for _, m := range quoted.FindAllStringSubmatch(sc.Text(), -1) {
					words = append(words, m[1])
				}
			}
			for _, w := range words {
				if f := polish.Fold(strings.TrimSpace(w)); len(f) > 2 && !strings.ContainsAny(f, " ./\t") {
					into[f+"\tv"] = true
				}
			}
		}
		f.Close()
	}
	return nil
}
