package table

import (
	"archive/zip"
	"fmt"
	"io"

	"chop/internal/fault"

	"github.com/xuri/excelize/v2"
)

// xlsxRows reads a sheet row by row; formulas give their saved value and are never computed.
type xlsxRows struct {
	book *excelize.File
	rows *excelize.Rows
	n    int
	last int // rows the sheet says it has
	size int64
}

func openXLSX(r io.ReaderAt, size int64, f *Format) (x *xlsxRows, err error) {
	if err := guard(r, size); err != nil {
		return nil, err
	}
	defer rescue(&err)
	book, err := excelize.OpenReader(io.NewSectionReader(r, 0, size),
		excelize.Options{RawCellValue: true, UnzipSizeLimit: maxUnzip})
	if err != nil {
		return nil, fault.New(fault.Invalid, "table.broken").Because(err)
	}
	x = &xlsxRows{book: book, size: size}
	if err := x.choose(f); err != nil {
		book.Close()
		return nil, err
	}
	return x, nil
}

// guard unpacks every part to nowhere, because the sizes a file states about itself may be lies.
func guard(r io.ReaderAt, size int64) error {
	if size > maxXLSX {
		return fault.New(fault.Invalid, "table.too_big", "Limit", maxXLSX>>20)
	}
	z, err := zip.NewReader(r, size)
	if err != nil {
		return fault.New(fault.Invalid, "table.broken").Because(err)
	}
	if len(z.File) > maxParts {
		return fault.New(fault.Invalid, "table.bomb", "Limit", maxUnzip>>20)
	}
	left := int64(maxUnzip)
	for _, part := range z.File {
		in, err := part.Open()
		if err != nil {
			return fault.New(fault.Invalid, "table.broken").Because(err)
		}
		n, err := io.Copy(io.Discard, io.LimitReader(in, left+1))
		in.Close()
		if left -= n; left < 0 {
			return fault.New(fault.Invalid, "table.bomb", "Limit", maxUnzip>>20)
		}
		if err != nil {
			return fault.New(fault.Invalid, "table.broken").Because(err)
		}
	}
	return nil
}

// rescue turns a stumble of the library over a malformed workbook into a fault about the file.
func rescue(err *error) {
	if p := recover(); p != nil {
		*err = fault.New(fault.Invalid, "table.broken").Because(fmt.Errorf("workbook reader: %v", p))
	}
}

func (x *xlsxRows) choose(f *Format) (err error) {
	sheets := x.book.GetSheetList()
	if len(sheets) == 0 {
		return fault.New(fault.Invalid, "table.broken")
	}
	if f.Sheet == "" {
		f.Sheet = sheets[0]
	}
	if i, err := x.book.GetSheetIndex(f.Sheet); err != nil || i < 0 {
		return fault.New(fault.Invalid, "table.sheet", "Sheet", f.Sheet)
	}
	if p, err := x.book.GetWorkbookProps(); err == nil && p.Date1904 != nil {
		f.Date1904 = *p.Date1904
	}
	if d, err := x.book.GetSheetDimension(f.Sheet); err == nil {
		x.last = lastRow(d)
	}
	if x.rows, err = x.book.Rows(f.Sheet); err != nil {
		return fault.New(fault.Invalid, "table.broken").Because(err)
	}
	return nil
}

// lastRow reads the 200 of "A1:F200".
func lastRow(dimension string) int {
	n, factor := 0, 1
	for i := len(dimension) - 1; i >= 0 && dimension[i] >= '0' && dimension[i] <= '9' && factor < 1e8; i-- {
		n += int(dimension[i]-'0') * factor
		factor *= 10
	}
	return n
}

func (x *xlsxRows) next() (row Row, err error) {
	defer rescue(&err)
	if !x.rows.Next() {
		if err := x.rows.Error(); err != nil {
			return Row{}, fault.New(fault.Invalid, "table.broken").Because(err)
		}
		return Row{}, io.EOF
	}
	x.n++
	cells, err := x.rows.Columns(excelize.Options{RawCellValue: true})
	if err != nil {
		return Row{N: x.n, Err: fault.New(fault.Invalid, "table.row_broken", "Row", x.n).Because(err)}, nil
	}
	size := 0
	for i, c := range cells {
		cells[i] = clean(c)
		size += len(c)
	}
	if size > maxRecord || len(cells) > maxColumns && filled(cells[maxColumns:]) > 0 {
		return Row{N: x.n, Err: rowTooLong(x.n)}, nil
	}
	return Row{N: x.n, Cells: cells}, nil
}

// Sheets lists the sheets of an XLSX file, for the person to choose from. Faults as of Open.
func Sheets(r io.ReaderAt, size int64) (names []string, err error) {
	f := Format{Kind: XLSX}
	x, err := openXLSX(r, size, &f)
	if err != nil {
		return nil, err
	}
	defer x.close()
	return x.book.GetSheetList(), nil
}

func (x *xlsxRows) read() int64 {
	if x.last == 0 {
		return x.size
	}
	return x.size * int64(min(x.n, x.last)) / int64(x.last)
}

func (x *xlsxRows) close() error {
	err := x.rows.Close()
	if e := x.book.Close(); err == nil {
		err = e
	}
	return err
}
