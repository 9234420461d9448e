// Package polish understands Polish text well enough for search and for rules: folding, words, dictionary forms.
package polish
