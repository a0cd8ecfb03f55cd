package reports_test

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/xuri/excelize/v2"

	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/reports"
)

// parts is the text of a workbook's parts, each of which is held to XML and to have no
// formula.
func parts(t testing.TB, made []byte) string {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(made), int64(len(made)))
	if err != nil {
		t.Fatalf("the workbook is not a zip file: %v", err)
	}
	var all strings.Builder
	for _, part := range archive.File {
		if !part.Modified.IsZero() && part.Modified.Year() != 1979 {
			t.Errorf("part %s has the time %v, which no scan has", part.Name, part.Modified)
		}
		file, err := part.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(file)
		if err != nil {
			t.Fatalf("part %s: %v", part.Name, err)
		}
		decoder := xml.NewDecoder(bytes.NewReader(text))
		for {
			token, err := decoder.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("part %s is not XML: %v", part.Name, err)
			}
			if start, ok := token.(xml.StartElement); ok && start.Name.Local == "f" {
				t.Errorf("part %s has a formula", part.Name)
			}
		}
		all.Write(text)
	}
	return all.String()
}

// sheets is what a workbook shows, a row a line.
func sheets(t testing.TB, made []byte) string {
	t.Helper()
	var out strings.Builder
	for _, sheet := range readSheets(t, made) {
		fmt.Fprintf(&out, "== %s\n", sheet.name)
		for _, row := range sheet.rows {
			fmt.Fprintln(&out, strings.Join(row, " | "))
		}
	}
	return out.String()
}

type sheet struct {
	name string
	rows [][]string
}

func readSheets(t testing.TB, made []byte) []sheet {
	t.Helper()
	file, err := excelize.OpenReader(bytes.NewReader(made))
	if err != nil {
		t.Fatalf("the workbook can't be read: %v", err)
	}
	defer file.Close()
	var out []sheet
	for _, name := range file.GetSheetList() {
		rows, err := file.GetRows(name)
		if err != nil {
			t.Fatalf("sheet %s: %v", name, err)
		}
		out = append(out, sheet{name, rows})
	}
	return out
}

func TestXLSXHoldsEverything(t *testing.T) {
	result := weak()
	want := map[string]int{"Findings": len(result.Findings), "Rules": len(result.Rules), "Waivers": len(result.Waivers), "Gaps": 0, "Evidence": len(result.Evidence), "Remediations": 4}
	made := render(t, "xlsx", result)
	for _, got := range readSheets(t, made) {
		if n, ok := want[got.name]; ok && len(got.rows) != n+1 {
			t.Errorf("the sheet %s has %d rows, want %d and a heading", got.name, len(got.rows), n)
		}
		delete(want, got.name)
	}
	if len(want) > 0 {
		t.Errorf("the workbook lacks the sheets %v", want)
	}
	text := parts(t, made)
	if filters, panes := strings.Count(text, "<autoFilter"), strings.Count(text, `state="frozen"`); filters != 7 || panes != 7 {
		t.Errorf("%d sheets have filters and %d a frozen heading, want 7 each", filters, panes)
	}
	if !strings.Contains(text, "2026-11-20T06:04:15Z</dcterms:created>") {
		t.Error("the workbook doesn't carry the scan's time")
	}
}

// What looks like a formula or like Excel's own escapes is read back as it is shown.
func TestXLSXCellsAreText(t *testing.T) {
	result := good()
	for i, name := range []string{"=1+1", "_x000D_", "<b>&amp;", " padded "} {
		fail(result, "XDR1001", findings.Resource{Kind: "user", ID: fmt.Sprint(i), Name: name}, name, name, name)
	}
	for _, got := range readSheets(t, render(t, "xlsx", settle(result))) {
		if got.name != "Findings" {
			continue
		}
		for i, want := range []string{"=1+1", "_x000D_", "<b>&amp;", " padded "} {
			if row := got.rows[i+1]; row[6] != want {
				t.Errorf("the name %q is read back as %q", want, row[6])
			}
		}
	}
}

func TestXLSXSaysWhatItLeavesOut(t *testing.T) {
	result := many(0)
	for _, tt := range []struct {
		rows int
		want string
	}{
		{len(result.Findings) + 1, ""},
		{len(result.Findings), "2 more rows do not fit into a sheet; result.json holds all."},
		{5, fmt.Sprintf("%d more rows do not fit into a sheet; result.json holds all.", len(result.Findings)-3)},
	} {
		var out bytes.Buffer
		if err := reports.WriteWorkbook(&out, result, tt.rows); err != nil {
			t.Fatal(err)
		}
		for _, got := range readSheets(t, out.Bytes()) {
			if got.name != "Findings" {
				continue
			}
			last := got.rows[len(got.rows)-1][0]
			if len(got.rows) != tt.rows || (tt.want != "" && last != tt.want) || (tt.want == "" && strings.Contains(last, "more rows")) {
				t.Errorf("with room for %d rows the sheet has %d and ends with %q, want %q", tt.rows, len(got.rows), last, tt.want)
			}
		}
	}
}

func TestXLSXText(t *testing.T) {
	long := strings.Repeat("x", excelize.TotalCellChars)
	if got := reports.XLSXText(long); got != long {
		t.Errorf("a text of %d characters is cut", len(long))
	}
	for _, s := range []string{long + "x", strings.Repeat("😀", 20_000), strings.Repeat("ä", 40_000)} {
		got := reports.XLSXText(s)
		if units := len(utf16.Encode([]rune(got))); units > excelize.TotalCellChars || units < excelize.TotalCellChars-2 {
			t.Errorf("a text of %d bytes has %d characters, want what fits", len(s), units)
		}
		if !strings.HasSuffix(got, "… (cut; result.json holds all)") {
			t.Errorf("a text of %d bytes is cut without a mark", len(s))
		}
	}
	if wide := strings.Repeat("ä", 20_000); reports.XLSXText(wide) != wide {
		t.Error("a text of 20,000 characters in 40,000 bytes is cut")
	}
}
