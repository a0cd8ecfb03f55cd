package reports_test

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"

	"github.com/domicile-audit/domicile/reports"
)

// readCSV reads a table as a spreadsheet does, and holds it to what keeps one from taking
// a cell for a formula.
func readCSV(t testing.TB, made []byte) [][]string {
	t.Helper()
	table, marked := bytes.CutPrefix(made, []byte("\ufeff"))
	if !marked {
		t.Error("the table has no byte order mark")
	}
	if bytes.Count(table, []byte("\n")) != bytes.Count(table, []byte("\r\n")) {
		t.Error("a line doesn't end with CR LF")
	}
	rows, err := csv.NewReader(bytes.NewReader(table)).ReadAll()
	if err != nil {
		t.Fatalf("the table is not CSV: %v", err)
	}
	for i, row := range rows {
		for _, cell := range row {
			if cell = strings.TrimLeft(cell, " "); cell != "" && strings.ContainsRune("=+-@\t\r\n＝＋－＠", []rune(cell)[0]) {
				t.Errorf("line %d has the cell %q, which a spreadsheet takes for a formula", i+1, cell)
			}
		}
	}
	return rows
}

func TestCSVListsRulesAndFindings(t *testing.T) {
	result := weak()
	rows := readCSV(t, render(t, "csv", result))
	at := map[string]int{}
	for i, name := range rows[0] {
		at[name] = i
	}
	records, outcomes := map[string]int{}, map[string]string{}
	for _, row := range rows[1:] {
		records[row[at["record"]]]++
		if row[at["record"]] == "rule" {
			outcomes[row[at["rule"]]] = row[at["outcome"]]
		}
		if row[at["tenant_id"]] != tenantID || row[at["judged"]] != "2026-11-20T06:04:15Z" {
			t.Errorf("a line of %s doesn't say of what it speaks: %q", row[at["rule"]], row)
		}
	}
	if records["rule"] != len(result.Rules) || records["finding"] != len(result.Findings) || len(records) != 2 {
		t.Errorf("the table has %v, want %d rules and %d findings", records, len(result.Rules), len(result.Findings))
	}
	for _, rule := range result.Rules {
		if outcomes[rule.ID] != string(rule.Outcome) {
			t.Errorf("%s is %q in the table, want %q", rule.ID, outcomes[rule.ID], rule.Outcome)
		}
	}
}

func TestCSVCell(t *testing.T) {
	tests := []struct{ in, want string }{
		{"", ""},
		{"plain - and = inside", "plain - and = inside"},
		{"=1+1", "'=1+1"},
		{"+1", "'+1"},
		{"-1", "'-1"},
		{"@SUM(A1)", "'@SUM(A1)"},
		{"\t=1", "'\t=1"},
		{"＝1", "'＝1"},
		{"＠x", "'＠x"},
		{"  =1", "'  =1"},
		{"'=1", "'=1"},
	}
	for _, tt := range tests {
		if got := reports.CSVCell(tt.in); got != tt.want {
			t.Errorf("csvCell(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}
