package web_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/internal/fleet"
)

// TestLessKnownIsWorse: a tenant in which a violation can't be judged any more is worse than
// before, even where another rule can be judged again and as many rules are unknown as were.
func TestLessKnownIsWorse(t *testing.T) {
	s := newSite(t)
	s.engine.tenants = []fleet.Tenant{{Name: "contoso", ID: tenantID(1), Cloud: "global"}}
	unknown := func(result *findings.Result, outcome findings.Outcome) {
		t.Helper()
		i := slices.IndexFunc(result.Rules, func(rule findings.Rule) bool { return rule.Outcome == outcome })
		if i < 0 {
			t.Fatalf("no rule came to %s", outcome)
		}
		rule := &result.Rules[i]
		rule.Outcome, rule.Failed, rule.Reasons = findings.Unknown, 0, []findings.Reason{{Reason: "throttled", Kind: "users"}}
		result.Findings = slices.DeleteFunc(result.Findings, func(f findings.Finding) bool { return f.Rule == rule.ID })
		result.Summary = findings.Summarise(result.Rules, result.Findings)
	}
	before := scanned(t, "weak", 1, "Contoso", now().AddDate(0, 0, -2), 0)
	after := scanned(t, "weak", 1, "Contoso", now().AddDate(0, 0, -1), 0)
	unknown(before, findings.Pass)
	unknown(after, findings.Fail)
	s.record(t, before, nil)
	s.record(t, after, before)
	body := get(t, s.handler(t), "/").Body.String()
	for _, want := range []string{"1 tenant is worse than before", "no longer judged"} {
		if !strings.Contains(body, want) {
			t.Errorf("GET / doesn't say %q", want)
		}
	}
}
