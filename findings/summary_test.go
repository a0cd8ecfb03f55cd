package findings_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/domicile-audit/domicile/findings"
)

func TestSummarise(t *testing.T) {
	got := findings.Summarise([]findings.Rule{
		{ID: "A", Severity: findings.Critical, Outcome: findings.Fail},
		{ID: "B", Severity: findings.Low, Outcome: findings.Fail},
		{ID: "C", Outcome: findings.Pass},
		{ID: "D", Outcome: findings.Waived},
		{ID: "E", Outcome: findings.NotApplicable},
		{ID: "F", Outcome: findings.Unknown, Reasons: []findings.Reason{{Reason: "throttled"}, {Reason: "partial"}}},
		{ID: "G", Outcome: findings.Unknown},
	}, []findings.Finding{{Outcome: findings.Fail}, {Outcome: findings.Fail}, {Outcome: findings.Waived}})
	want := findings.Summary{
		Rules: 7, Judged: 4, Findings: 2,
		Outcomes: map[findings.Outcome]int{findings.Fail: 2, findings.Unknown: 2, findings.Waived: 1, findings.Pass: 1, findings.NotApplicable: 1},
		Failed:   map[findings.Severity]int{findings.Critical: 1, findings.High: 0, findings.Medium: 0, findings.Low: 1, findings.Info: 0},
		Unjudged: map[string]int{"throttled": 1, "rule_error": 1},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Summarise differs (-want +got):\n%s", diff)
	}
}

// A part says what it is a part of, also where it is a part of a part.
func TestSupporting(t *testing.T) {
	gdpr := map[string][]findings.Control{"gdpr": {{ID: "44", Coverage: "part"}}}
	both := map[string][]findings.Control{"gdpr": {{ID: "44", Coverage: "part"}}, "dora": {{ID: "9", Coverage: "part"}}}
	whole := &findings.Result{
		Rules:    []findings.Rule{{ID: "A", Outcome: findings.Fail, Frameworks: gdpr}, {ID: "B", Outcome: findings.Pass, Frameworks: both}, {ID: "C", Outcome: findings.Fail}},
		Findings: []findings.Finding{{Rule: "A", Outcome: findings.Fail}, {Rule: "C", Outcome: findings.Fail}},
	}
	part := whole.Supporting("gdpr")
	if len(part.Rules) != 2 || len(part.Findings) != 1 || part.Summary.Rules != 2 || part.Summary.Findings != 1 {
		t.Errorf("Supporting(gdpr) = rules %v, findings %v, summary %+v, want A and B, and A's finding", part.Rules, part.Findings, part.Summary)
	}
	if diff := cmp.Diff(&findings.Selection{Frameworks: []string{"gdpr"}, Of: 3}, part.Selection); diff != "" {
		t.Errorf("the selection differs (-want +got):\n%s", diff)
	}
	again := part.Supporting("dora").Supporting("gdpr")
	if diff := cmp.Diff(&findings.Selection{Frameworks: []string{"gdpr", "dora"}, Of: 3}, again.Selection); diff != "" || len(again.Rules) != 1 {
		t.Errorf("rules %v, and the selection differs (-want +got):\n%s", again.Rules, diff)
	}
	if whole.Selection != nil || len(part.Selection.Frameworks) != 1 {
		t.Errorf("Supporting changed what it was taken from: %+v, %+v", whole.Selection, part.Selection)
	}
}

func TestGate(t *testing.T) {
	rule := func(id string, severity findings.Severity, outcome findings.Outcome) findings.Rule {
		return findings.Rule{ID: id, Severity: severity, Outcome: outcome}
	}
	finding := func(id string, severity findings.Severity, outcome findings.Outcome) findings.Finding {
		return findings.Finding{Rule: id, Severity: severity, Outcome: outcome}
	}
	failed := &findings.Result{
		Rules:    []findings.Rule{rule("A", findings.Medium, findings.Fail), rule("B", findings.High, findings.Unknown)},
		Findings: []findings.Finding{finding("A", findings.Medium, findings.Fail), finding("A", findings.Medium, findings.Fail)},
	}
	waived := &findings.Result{
		Rules:    []findings.Rule{rule("A", findings.Critical, findings.Waived), rule("B", findings.Low, findings.Unknown)},
		Findings: []findings.Finding{finding("A", findings.Critical, findings.Waived)},
	}
	acceptedRule := rule("C", findings.High, findings.Waived)
	acceptedRule.Waiver = "W-1"
	accepted := &findings.Result{Rules: []findings.Rule{rule("A", findings.High, findings.Pass), acceptedRule}}
	bare := &findings.Result{Rules: []findings.Rule{rule("A", findings.Critical, findings.Fail)}}
	many := &findings.Result{}
	for _, id := range []string{"G", "F", "E", "D", "C", "B", "A"} {
		many.Rules = append(many.Rules, rule(id, findings.Critical, findings.Unknown))
	}
	tests := []struct {
		name       string
		result     *findings.Result
		failOn     string
		incomplete bool
		want       findings.Exit
	}{
		{"a violation at the threshold", failed, "medium", false, findings.Exit{Code: 3, Reason: "2 violations of 1 rule at or above medium"}},
		{"a violation above the threshold", failed, "info", true, findings.Exit{Code: 3, Reason: "2 violations of 1 rule at or above info"}},
		{"a violation below, a rule of that severity unknown", failed, "high", false, findings.Exit{Code: 4, Reason: "no violation at or above high, but 1 rule of at least that severity could not be judged (B)"}},
		{"the same, accepted", failed, "high", true, findings.Exit{Code: 0, Reason: "no violation at or above high, but 1 rule of at least that severity could not be judged (B), which --allow-incomplete accepts"}},
		{"only a rule below is unknown", failed, "critical", false, findings.Exit{Code: 0, Reason: "no violation at or above critical, and every rule of that severity was judged"}},
		{"never", failed, "never", false, findings.Exit{Code: 0, Reason: "no violation fails the scan, as --fail-on is never"}},
		{"a waived violation doesn't count", waived, "high", false, findings.Exit{Code: 0, Reason: "no violation at or above high, and every rule of that severity was judged"}},
		{"an unknown rule that is accepted doesn't, and was not judged", accepted, "high", false, findings.Exit{Code: 0, Reason: "no violation at or above high, and every rule of that severity was judged, but for 1 rule that could not be and that waivers accept (C)"}},
		{"one below the threshold goes without saying", accepted, "critical", false, findings.Exit{Code: 0, Reason: "no violation at or above critical, and every rule of that severity was judged"}},
		{"an unknown rule beside it does", waived, "low", false, findings.Exit{Code: 4, Reason: "no violation at or above low, but 1 rule of at least that severity could not be judged (B)"}},
		{"a failed rule whose findings are not listed", bare, "high", false, findings.Exit{Code: 3, Reason: "1 violation of 1 rule at or above high"}},
		{"many unknown rules", many, "high", false, findings.Exit{Code: 4, Reason: "no violation at or above high, but 7 rules of at least that severity could not be judged (A, B, C, D, E and 2 more)"}},
		{"nothing", &findings.Result{}, "info", false, findings.Exit{Code: 0, Reason: "no violation at or above info, and every rule of that severity was judged"}},
		{"a word that is no threshold", failed, "severe", false, findings.Exit{Code: 2, Reason: `--fail-on "severe" is not one of critical, high, medium, low, info, never; ,new behind it counts new violations alone`}},
		{"no word", failed, "", false, findings.Exit{Code: 2, Reason: `--fail-on "" is not one of critical, high, medium, low, info, never; ,new behind it counts new violations alone`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, findings.Gate(tt.result, tt.failOn, tt.incomplete)); diff != "" {
				t.Errorf("Gate differs (-want +got):\n%s", diff)
			}
		})
	}
}
