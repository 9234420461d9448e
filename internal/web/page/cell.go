package page

import "chop/internal/lang"

// Cell is a cell that no spreadsheet runs as a formula. Every exported table goes through it.
func Cell(s string) string { return lang.Cell(s) }
