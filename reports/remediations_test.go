package reports_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/reports"
)

// Whoever reads a report of a result after a remediation learns what was changed, who approved
// it, and how it was verified.
func TestReportsSayWhatWasChanged(t *testing.T) {
	wants := map[string][]string{
		"text":     {"REMEDIATIONS: 2 since the earlier result", "approved by bob@contoso.com on 2026-11-19 07:00:00 UTC (Agreed with the owner of <b>)", "3 changes: 2 applied, 1 refused.", "1 mended what they were for, 1 left a violation", "signed by pipeline", "is not signed.", "Taken back on", "refused: Remove an application's permission (Old): The request: 403."},
		"html":     {"2 since the earlier result", "approved by bob@contoso.com on", "remains", "Taken back on 2026-11-19 09:00:00 UTC", `href="#remediations"`},
		"markdown": {"approved by bob", "Taken back on"},
		"comment":  {"approved by bob", "Taken back on"},
		"xlsx":     {"Remediations", "bob@contoso.com", "Agreed with the owner of"},
		"sarif":    {`"remediations"`, "bob@contoso.com", digest("record")},
		"oscal":    {`"assessment-log"`, "approved by bob@contoso.com", digest("record")},
	}
	for format, want := range wants {
		with := strings.Join(strings.Fields(readable(t, format, render(t, format, weak()))), " ")
		result := weak()
		result.Remediations = nil
		without := strings.Join(strings.Fields(readable(t, format, render(t, format, result))), " ")
		for _, says := range want {
			if !strings.Contains(with, says) {
				t.Errorf("%s lacks %q", format, says)
			}
			if strings.Contains(without, says) {
				t.Errorf("%s of a result without remediations says %q", format, says)
			}
		}
	}
	alone := good()
	alone.Remediations = runs()
	if got := text(t, alone, reports.TextOptions{}); !strings.Contains(got, "REMEDIATIONS: 2 before the evidence was read") {
		t.Errorf("the text says of what the remediations are since where nothing was compared:\n%s", got)
	}
	if !json.Valid(render(t, "oscal", weak())) {
		t.Error("the OSCAL report is no JSON")
	}
	if got := summary(t, weak(), reports.TextOptions{}); !strings.Contains(got, "Remediations: 2 since the earlier result") {
		t.Errorf("the summary doesn't mention the remediations:\n%s", got)
	}
}

// However many remediations there were, and however large, the text stays readable.
func TestTextIsBoundedHoweverMuchWasChanged(t *testing.T) {
	result := good()
	for range 500 {
		result.Remediations = append(result.Remediations, runs()[0])
	}
	last := &result.Remediations[len(result.Remediations)-1]
	for range 5000 {
		last.Changes = append(last.Changes, findings.RunChange{ID: "x", Title: "More", Outcome: "applied"})
	}
	got := text(t, result, reports.TextOptions{Width: 100})
	if lines := strings.Count(got, "\n"); lines > 150 {
		t.Errorf("the text has %d lines", lines)
	}
	for _, want := range []string{"495 remediations before these, in result.json.", "and 4993 more, which are in result.json."} {
		if !strings.Contains(got, want) {
			t.Errorf("the text lacks %q", want)
		}
	}
}
