package page

import "strings"

// Cell puts an apostrophe before what a spreadsheet would take for a formula. Every exported table goes through it.
func Cell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r＝＋－＠", []rune(s)[0]) {
		return "'" + s
	}
	return s
}
