package policies_test

import (
	"context"
	"flag"
	"testing"

	"github.com/domicile-audit/domicile/policies"
)

var only = flag.String("only", "", "load only the Rego files whose path matches this expression")

// TestRego runs every test of the rules and holds the rules to 100 % line coverage.
func TestRego(t *testing.T) {
	report, err := policies.Test(context.Background(), policies.TestOptions{Only: *only}, policies.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	for _, failure := range report.Failures {
		t.Error(failure)
	}
	for _, line := range report.Uncovered {
		t.Errorf("not covered by any test: %s", line)
	}
	if report.Passed == 0 {
		t.Error("no Rego test passed")
	}
	byPackage := 0
	for _, tests := range report.Packages {
		byPackage += len(tests.Passed)
	}
	if byPackage != report.Passed {
		t.Errorf("the packages' passed tests are %d, of %d in all", byPackage, report.Passed)
	}
	t.Logf("%d Rego tests passed, coverage %.1f %%", report.Passed, report.Coverage)
}
