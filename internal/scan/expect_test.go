package scan_test

import (
	"strings"
	"testing"

	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/internal/scan"
)

// TestDifference: what the verdicts rest on is named before the verdicts.
func TestDifference(t *testing.T) {
	result := func(change func(*findings.Result)) *findings.Result {
		r := &findings.Result{
			Params: map[string]any{"allowed_geos": []any{"EU"}, "days": 1}, Digests: findings.Digests{Evidence: "e", Policies: "p", Params: "o"},
			Rules:    []findings.Rule{{ID: "GEO1001", Outcome: findings.Pass}, {ID: "GEO1002", Outcome: findings.Fail}},
			Findings: []findings.Finding{{Rule: "GEO1002", Fingerprint: "f", Message: "m"}},
		}
		change(r)
		return r
	}
	all := func(r *findings.Result) {
		r.Digests = findings.Digests{Evidence: "x", Policies: "x"}
		r.Rules = nil
	}
	tests := []struct {
		name   string
		change func(*findings.Result)
		want   string
	}{
		{"nothing", func(*findings.Result) {}, ""},
		{"everything", all, `evidence (digests.evidence): expected "e", got "x"`},
		{"the tenant", func(r *findings.Result) { all(r); r.Tenant.ID = "u" }, "tenant: "},
		{"the rules", func(r *findings.Result) { r.Digests.Policies = "q"; r.Rules = nil }, `policies, the rules (digests.policies): expected "p", got "q"`},
		{"a parameter", func(r *findings.Result) {
			r.Params = map[string]any{"allowed_geos": []any{"CH"}, "days": 1}
			r.Digests.Params = "x"
		}, `params.allowed_geos: expected ["EU"], got ["CH"]`},
		{"an option", func(r *findings.Result) { r.Digests.Params = "x" }, "options, --fail-on or --allow-incomplete"},
		{"the waivers", func(r *findings.Result) { r.Digests.Waivers = "x" }, "waivers (digests.waivers)"},
		{"the program", func(r *findings.Result) { r.Tool.Version = "2" }, "program that judges (tool)"},
		{"a verdict", func(r *findings.Result) { r.Rules[1].Outcome = findings.Pass; r.Findings = nil }, "rule GEO1002: expected {"},
		{"a rule that is gone", func(r *findings.Result) { r.Rules = r.Rules[1:] }, "rule GEO1001: expected {"},
		{"a finding", func(r *findings.Result) { r.Findings[0].Message = "n" }, "rule GEO1002, finding f: expected {"},
		{"a finding that is new", func(r *findings.Result) {
			r.Findings = append(r.Findings, findings.Finding{Rule: "GEO1001", Fingerprint: "g"})
		}, "rule GEO1001, finding g: expected null, got {"},
		{"the exit", func(r *findings.Result) { r.Exit.Code = 3 }, "rest of the result: "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := scan.Difference(result(func(*findings.Result) {}), result(tt.change))
			if !strings.HasPrefix(got, tt.want) || tt.want == "" && got != "" {
				t.Errorf("Difference() = %s, want %s", got, tt.want)
			}
		})
	}
}
