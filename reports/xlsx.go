package reports

import (
	"archive/zip"
	"bytes"
	"cmp"
	"encoding/xml"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"github.com/domicile-audit/domicile/findings"
)

// writeXLSX writes the Result as an Excel workbook, with a sheet each for the summary, the
// findings, the rules, the waivers, the gaps, the evidence and, if there are any, the remediations.
// No cell is a formula.
func writeXLSX(w io.Writer, result *findings.Result) error {
	if err := writeWorkbook(w, result.Normalised(), excelize.TotalRows); err != nil {
		return fmt.Errorf("writing the Excel report: %w", err)
	}
	return nil
}

// xlsxColumn is a column of a sheet and its width in characters.
type xlsxColumn struct {
	name  string
	width float64
}

// xlsxSheet is a table with a heading. A cell is a string or a number.
type xlsxSheet struct {
	name    string
	columns []xlsxColumn
	rows    iter.Seq[[]any]
}

// writeWorkbook writes the workbook with at most so many rows in a sheet, the heading
// included; Excel reads no more than excelize.TotalRows.
func writeWorkbook(w io.Writer, result *findings.Result, most int) error {
	file := excelize.NewFile()
	// What is closed here are the temporary files of large sheets.
	defer file.Close()
	properties, err := xlsxProperties(result)
	if err != nil {
		return err
	}
	file.Pkg.Store("docProps/core.xml", properties)
	wrap, err := file.NewStyle(&excelize.Style{Alignment: &excelize.Alignment{WrapText: true, Vertical: "top"}})
	if err != nil {
		return err
	}
	for i, sheet := range xlsxSheets(result) {
		if i == 0 {
			err = file.SetSheetName("Sheet1", sheet.name)
		} else {
			_, err = file.NewSheet(sheet.name)
		}
		if err != nil {
			return err
		}
		if err := sheet.write(file, wrap, most); err != nil {
			return fmt.Errorf("sheet %s: %w", sheet.name, err)
		}
	}
	var packed bytes.Buffer
	if _, err := file.WriteTo(&packed); err != nil {
		return err
	}
	return repack(w, packed.Bytes())
}

// xlsxProperties are the workbook's properties (ECMA-376, part 2), whose times are the
// scan's. The library's own writer of them leaves out the prefix of their namespace, which
// some readers insist on.
func xlsxProperties(result *findings.Result) ([]byte, error) {
	type date struct {
		Type string `xml:"xsi:type,attr"`
		Time string `xml:",chardata"`
	}
	at := date{"dcterms:W3CDTF", cmp.Or(timeText(result.Finished), time.Unix(0, 0).UTC().Format(time.RFC3339))}
	encoded, err := xml.Marshal(struct {
		XMLName  xml.Name `xml:"cp:coreProperties"`
		CP       string   `xml:"xmlns:cp,attr"`
		DC       string   `xml:"xmlns:dc,attr"`
		Terms    string   `xml:"xmlns:dcterms,attr"`
		XSI      string   `xml:"xmlns:xsi,attr"`
		Title    string   `xml:"dc:title"`
		Creator  string   `xml:"dc:creator"`
		Created  date     `xml:"dcterms:created"`
		Modified date     `xml:"dcterms:modified"`
	}{
		CP: "http://schemas.openxmlformats.org/package/2006/metadata/core-properties", DC: "http://purl.org/dc/elements/1.1/",
		Terms: "http://purl.org/dc/terms/", XSI: "http://www.w3.org/2001/XMLSchema-instance",
		Title: "domicile: " + tenantName(result.Tenant), Creator: "domicile", Created: at, Modified: at,
	})
	return append([]byte(xml.Header), encoded...), err
}

// write fills a sheet of the file: a heading that stays in view and has filters, and the
// rows. If there are more than fit, the last says how many are left out.
func (s xlsxSheet) write(file *excelize.File, style, most int) error {
	out, err := file.NewStreamWriter(s.name)
	if err != nil {
		return err
	}
	var heading []any
	for i, column := range s.columns {
		heading = append(heading, column.name)
		if err := out.SetColWidth(i+1, i+1, column.width); err != nil {
			return err
		}
	}
	if err := out.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	if err := out.SetRow("A1", heading); err != nil {
		return err
	}
	row, left := 1, 0
	var last []any
	for cells := range s.rows {
		if row+1 >= most {
			// The last row is kept back until it is known whether more follow.
			last = cells
			left++
			continue
		}
		row++
		if err := s.put(out, row, cells, style); err != nil {
			return err
		}
	}
	if left > 1 {
		last = []any{fmt.Sprintf("%d more rows do not fit into a sheet; result.json holds all.", left)}
	}
	if left > 0 {
		row++
		if err := s.put(out, row, last, style); err != nil {
			return err
		}
	}
	corner, err := excelize.CoordinatesToCellName(len(s.columns), row)
	if err != nil {
		return err
	}
	if err := out.AddTable(&excelize.Table{Range: "A1:" + corner, Name: s.name, StyleName: "TableStyleMedium2"}); err != nil {
		return err
	}
	return out.Flush()
}

func (s xlsxSheet) put(out *excelize.StreamWriter, row int, cells []any, style int) error {
	for i, cell := range cells {
		if text, ok := cell.(string); ok {
			cells[i] = xlsxText(text)
		}
	}
	at, err := excelize.CoordinatesToCellName(1, row)
	if err != nil {
		return err
	}
	return out.SetRow(at, cells, excelize.RowOpts{StyleID: style})
}

// xlsxText cuts what Excel takes no more of, visibly: the library cuts it silently.
func xlsxText(s string) string {
	const mark = "… (cut; result.json holds all)"
	if len(s) <= excelize.TotalCellChars {
		return s
	}
	units, room := 0, excelize.TotalCellChars-utf8.RuneCountInString(mark)
	end := len(s)
	for i, r := range s {
		if units <= room {
			end = i
		}
		if units += utf16.RuneLen(r); units > excelize.TotalCellChars {
			return s[:end] + mark
		}
	}
	return s
}

// repack writes a workbook with its parts in one order: the library writes those that it
// streams in the order of a map.
func repack(w io.Writer, packed []byte) error {
	in, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	if err != nil {
		return err
	}
	slices.SortFunc(in.File, func(a, b *zip.File) int { return cmp.Compare(a.Name, b.Name) })
	out := zip.NewWriter(w)
	for _, part := range in.File {
		if err := out.Copy(part); err != nil {
			return err
		}
	}
	return out.Close()
}

func xlsxSheets(result *findings.Result) []xlsxSheet {
	sheets := []xlsxSheet{
		{"Summary", []xlsxColumn{{"Item", 28}, {"Value", 100}}, xlsxSummary(result)},
		{"Findings", []xlsxColumn{
			{"Severity", 10},
			{"Outcome", 10},
			{"Rule", 11},
			{"Title", 45},
			{"Topic", 12},
			{"Resource kind", 16},
			{"Resource", 32},
			{"Resource id", 38},
			{"Message", 60},
			{"Expected", 30},
			{"Actual", 30},
			{"Waiver", 14},
			{"To mend", 50},
			{"Fingerprint", 20},
		}, xlsxFindings(result)},
		{"Rules", []xlsxColumn{
			{"Rule", 11},
			{"Title", 45},
			{"Topic", 12},
			{"Severity", 10},
			{"Outcome", 14},
			{"Reasons", 50},
			{"Observed", 50},
			{"Scope", 16},
			{"Checked", 10},
			{"Failed", 10},
			{"Evidence", 30},
			{"Parameters", 24},
			{"Controls", 50},
			{"Description", 60},
			{"To mend", 50},
			{"References", 40},
		}, xlsxRules(result)},
		{"Waivers", []xlsxColumn{
			{"Waiver", 14},
			{"Rule", 11},
			{"Resource", 38},
			{"State", 14},
			{"Covers", 30},
			{"Reason", 50},
			{"Owner", 24},
			{"Approver", 24},
			{"Ticket", 14},
			{"Approved", 12},
			{"From", 12},
			{"Expires", 12},
			{"Ends", 18},
		}, xlsxWaivers(result)},
		{"Gaps", []xlsxColumn{{"Evidence", 28}, {"Reason", 20}, {"Meaning", 60}, {"Answer", 26}, {"What is missing", 40}}, xlsxGaps(result)},
		{"Evidence", []xlsxColumn{
			{"Evidence", 28}, {"File", 32}, {"Objects", 10}, {"Complete", 10}, {"Tier", 10}, {"Source", 40}, {"Read", 22}, {"Requests", 10}, {"Needed", 10}, {"SHA-256", 68},
		}, xlsxEvidence(result)},
	}
	if len(result.Remediations) > 0 {
		sheets = append(sheets, xlsxSheet{"Remediations", []xlsxColumn{
			{"Began", 22},
			{"Remediation", 12},
			{"Ended", 14},
			{"Violation", 12},
			{"Change", 45},
			{"Resource", 32},
			{"Resource id", 38},
			{"Rules", 16},
			{"Message", 50},
			{"Author", 24},
			{"Approved by", 24},
			{"Reason", 40},
			{"Application", 38},
			{"Verified by", 68},
			{"Record", 68},
		}, xlsxRemediations(result)})
	}
	return sheets
}

func xlsxSummary(result *findings.Result) iter.Seq[[]any] {
	rows := [][]any{
		{"Tenant", cleanName(result.Tenant.Name)},
		{"Tenant id", cleanName(result.Tenant.ID)},
		{"Cloud", cleanName(result.Tenant.Cloud)},
		{"Profile", cleanName(result.Profile)},
		{"Judged by", strings.TrimSpace(cleanName(result.Tool.Name) + " " + cleanName(result.Tool.Version))},
		{"Evidence of", period(result)},
		{"How it was read", readBy(result.Reader)},
		{"Signature", signedBy(result.Signature)},
		{"Requests", requestsOf(result)},
		{"Chosen", cmp.Or(chosen(result), "every rule")},
		{"Coverage", coverage(result.Summary)},
		{"Exit code", result.Exit.Code},
		{"Why", sentence(cleanText(result.Exit.Reason))},
		{"Violations", result.Summary.Findings},
	}
	if says := Pseudonyms(result); says != "" {
		rows = append(rows, []any{"Names", sentence(says)})
	}
	for _, outcome := range findings.Outcomes() {
		rows = append(rows, []any{"Rules: " + outcomeWord(outcome), result.Summary.Outcomes[outcome]})
	}
	for _, severity := range findings.Severities() {
		rows = append(rows, []any{"Failed rules: " + string(severity), result.Summary.Failed[severity]})
	}
	for _, row := range geoRows(result) {
		for _, place := range row.Places {
			rows = append(rows, []any{row.Service + ", " + row.Data, place.Geo})
		}
	}
	for _, param := range paramPairs(result.Params) {
		rows = append(rows, []any{"Parameter: " + param.Name, param.Value})
	}
	for _, digest := range digestPairs(result.Digests) {
		rows = append(rows, []any{"SHA-256: " + digest.Name, digest.Value})
	}
	return slices.Values(rows)
}

func xlsxFindings(result *findings.Result) iter.Seq[[]any] {
	rules := map[string]findings.Rule{}
	for _, rule := range result.Rules {
		rules[rule.ID] = rule
	}
	return func(yield func([]any) bool) {
		for _, finding := range result.Findings {
			rule := rules[finding.Rule]
			if !yield([]any{
				cleanName(string(finding.Severity)), cleanName(string(finding.Outcome)), cleanName(finding.Rule), prose(rule.Title), cleanName(rule.Topic),
				cleanName(finding.Resource.Kind), cleanName(finding.Resource.Name), clean(finding.Resource.ID, textLimit),
				cleanText(finding.Message), cleanText(finding.Expected), cleanText(finding.Actual), cleanName(finding.Waiver),
				prose(rule.Remediation.Summary), cleanName(finding.Fingerprint),
			}) {
				return
			}
		}
	}
}

func xlsxRules(result *findings.Result) iter.Seq[[]any] {
	return func(yield func([]any) bool) {
		for _, rule := range result.Rules {
			if !yield([]any{
				cleanName(rule.ID), prose(rule.Title), cleanName(rule.Topic), cleanName(string(rule.Severity)), outcomeWord(rule.Outcome),
				reasonsText(rule), observedText(rule), cleanName(rule.Scope), rule.Checked, rule.Failed,
				strings.Join(cleanNames(rule.Kinds), ", "), strings.Join(cleanNames(rule.Params), ", "), controlsText(rule),
				prose(rule.Description), prose(rule.Remediation.Summary), strings.Join(cleanNames(rule.References), " "),
			}) {
				return
			}
		}
	}
}

// xlsxWaivers has a row for each waiver, those first that ask for something to be done.
func xlsxWaivers(result *findings.Result) iter.Seq[[]any] {
	return func(yield func([]any) bool) {
		for _, w := range waiverRows(result) {
			if !yield([]any{
				w.ID, w.Rule.ID, w.Resource, w.Word, w.Says, w.Reason, w.Owner, w.Approver, w.Ticket, w.Approved, w.From, w.Ends, w.Term,
			}) {
				return
			}
		}
	}
}

func xlsxGaps(result *findings.Result) iter.Seq[[]any] {
	return func(yield func([]any) bool) {
		for _, gap := range result.Gaps {
			if !yield([]any{cleanName(gap.Kind), reasonWord(gap.Reason), reasonMeaning(gap.Reason), gapAnswer(gap), cleanName(gap.Permission)}) {
				return
			}
		}
	}
}

func xlsxEvidence(result *findings.Result) iter.Seq[[]any] {
	return func(yield func([]any) bool) {
		for _, evidence := range result.Evidence {
			complete := "yes"
			if !evidence.Complete {
				complete = "no"
			}
			if !yield([]any{
				cleanName(evidence.Kind), cleanName(evidence.File), evidence.Objects, complete, cleanName(evidence.Tier), cleanText(evidence.API),
				timeText(evidence.Time), evidence.Requests, evidence.Minimum, cleanName(evidence.SHA256),
			}) {
				return
			}
		}
	}
}
