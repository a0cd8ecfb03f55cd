package main

import (
	"testing"

	"github.com/domicile-audit/domicile/findings"
)

// A service provider's principal holds a role through delegated administration: the directory
// shows an assignment whose principal expands to nothing and belongs to the provider's tenant.
// It is a violation as the provider's, and never taken for a deleted one.
func TestServiceProvidersAreUnderstood(t *testing.T) {
	const principal, provider = "f0e10000-0000-4000-8000-000000000001", "f0e10000-0000-4000-8000-0000000000aa"
	dir := t.TempDir()
	if code, _, stderr := run1(t, "scan", "--demo", "--tenant", "weak", "--now", now, "--rule", "ROLE1013,ROLE1017,ROLE1025", "--out", dir, "--quiet"); code != exitViolations {
		t.Fatalf("scan ended with %d: %s", code, stderr)
	}
	found := map[string]findings.Finding{}
	for _, finding := range resultIn(t, dir).Findings {
		found[finding.Rule+" "+finding.Resource.ID] = finding
	}
	for at, want := range map[string]string{
		"ROLE1013 " + principal: "belongs to the organisation '" + provider + "'",
		"ROLE1025 " + provider:  "holds directory roles here",
	} {
		if got := found[at].Actual; got != want {
			t.Errorf("%s says %q, want %q", at, got, want)
		}
	}
	if finding, taken := found["ROLE1017 "+principal]; taken {
		t.Errorf("ROLE1017 takes the provider's principal for gone: %s", finding.Message)
	}
	if len(found) < 4 {
		t.Errorf("findings = %v, want a deleted principal's too", found)
	}
}
