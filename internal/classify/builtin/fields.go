package builtin

import (
	_ "embed"
	"fmt"
	"strings"
	"sync"

	"chop/internal/classify/linear"
	"chop/internal/classify/rules"
	"chop/internal/polish"
)

// Fields are sets of words of like meaning: a word no example held still counts through its field. One statement a line:
//
//	field NAME: word word =form begin*
//
// A word is a folded dictionary form, =form exactly that form, begin* every word that begins so. Several lines may fill one
// field; "//" begins a comment.
var (
	//go:embed fields_attack.txt
	fieldsAttack string
	//go:embed fields_customer.txt
	fieldsCustomer string
	//go:embed fields_en.txt
	fieldsEnglish string
	//go:embed fields_names.txt
	fieldsNames string
	//go:embed fields_scene.txt
	fieldsScene string
)

type fieldBook struct {
	names  []string
	scene  [256]bool // fields that are parts of a scene
	lemma  map[string][]uint8
	exact  map[string][]uint8
	begins map[string][]begin // by the first four letters
}

type begin struct {
	letters string
	field   uint8
}

var fields = sync.OnceValue(func() *fieldBook {
	b, err := readFields(fieldsAttack, fieldsCustomer, fieldsEnglish, fieldsNames, fieldsScene)
	if err != nil {
		panic(err) // the files are part of the program
	}
	return b
})

func readFields(files ...string) (*fieldBook, error) {
	b := &fieldBook{lemma: map[string][]uint8{}, exact: map[string][]uint8{}, begins: map[string][]begin{}}
	ids := map[string]uint8{}
	for _, f := range files {
		for line := range strings.Lines(f) {
			line, _, _ = strings.Cut(line, "//")
			if strings.TrimSpace(line) == "" {
				continue
			}
			head, body, ok := strings.Cut(line, ":")
			name, isField := strings.CutPrefix(strings.TrimSpace(head), "field ")
			if !ok || !isField {
				return nil, fmt.Errorf("fields: %q", line)
			}
			id, known := ids[name]
			if !known {
				if len(b.names) == 250 {
					return nil, fmt.Errorf("fields: more than 250")
				}
				id = uint8(len(b.names))
				ids[name] = id
				b.names = append(b.names, name)
				b.scene[id] = strings.HasPrefix(name, "scene_")
			}
			for w := range strings.FieldsSeq(body) {
				b.add(id, w)
			}
		}
	}
	return b, nil
}

func (b *fieldBook) add(id uint8, w string) {
	switch {
	case strings.HasPrefix(w, "="):
		b.exact[w[1:]] = append(b.exact[w[1:]], id)
	case strings.HasSuffix(w, "*") && len(w) > 4:
		k := w[:4]
		b.begins[k] = append(b.begins[k], begin{w[:len(w)-1], id})
	default:
		b.lemma[w] = append(b.lemma[w], id)
	}
}

// of calls each for every field of a word; one field may come more than once.
func (b *fieldBook) of(w *rules.Word, each func(uint8)) {
	all := func(ids []uint8) {
		for _, id := range ids {
			each(id)
		}
	}
	all(b.exact[w.Fold])
	for _, l := range w.Lemmas {
		all(b.lemma[l])
	}
	if w.Kind == polish.Emoji {
		all(b.lemma[w.Fold])
	}
	if len(w.Fold) >= 4 {
		for _, g := range b.begins[w.Fold[:4]] {
			if strings.HasPrefix(w.Fold, g.letters) {
				each(g.field)
			}
		}
	}
}

// mostFields bounds the pairs of one sentence.
const mostFields = 16

// meanings takes the fields of the words, alone, denied, and in pairs within a sentence.
func (x *extractor) meanings(ws []rules.Word) {
	b := fields()
	var seen [256]bool
	var here []uint8
	x.scene.clear()
	sentence, denied := 0, 0
	for i := range ws {
		w := &ws[i]
		if w.Sentence != sentence {
			x.scenes = x.scene.end(x.scenes)
			sentence, denied, here = w.Sentence, 0, here[:0]
		}
		b.of(w, func(id uint8) {
			if b.scene[id] {
				x.scene.part(id)
				if !seen[id] {
					seen[id] = true
					x.name("field:"+b.names[id], 1)
				}
				return
			}
			if denied > 0 {
				x.places = append(x.places, linear.Bucket(mix(seedDenied, uint32(id))))
			}
			if !seen[id] {
				seen[id] = true
				x.name("field:"+b.names[id], 1)
			}
			here = x.pairs(here, id)
		})
		if denied > 0 {
			denied--
		}
		if denier[w.Fold] {
			denied = 3
		}
	}
	x.scenes = x.scene.end(x.scenes)
}

// pairs notes the field beside every other of its sentence.
func (x *extractor) pairs(here []uint8, id uint8) []uint8 {
	for _, o := range here {
		if o == id {
			return here
		}
	}
	for _, o := range here {
		x.places = append(x.places, linear.Bucket(mix(mix(seedField, uint32(min(o, id))), uint32(max(o, id)))))
	}
	if len(here) < mostFields {
		here = append(here, id)
	}
	return here
}

func mix(h, x uint32) uint32 {
	h = (h ^ x) * prime
	return (h ^ h>>15) * 0x85ebca6b
}
