package main

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/domicile-audit/domicile/policies"
)

// A report names each rule by its id, also one without tests, then the libraries.
func TestShowTests(t *testing.T) {
	set, err := policies.Load(t.Context(), policies.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	set, err = set.Select(policies.Selection{Rules: []string{"XDR1001", "XDR1002"}})
	if err != nil {
		t.Fatal(err)
	}
	report := policies.TestReport{
		Packages: []policies.PackageTests{
			{Name: "lib/geo", Passed: []string{"test_one"}},
			{Name: "xdr/service_on", Passed: []string{"test_passes"}, Failed: []string{"test_fails"}},
		},
		Passed:    2,
		Failures:  []string{"xdr/service_on_test.rego:9: domicile.xdr.service_on_test.test_fails: failed"},
		Uncovered: []string{"lib/geo.rego:3-3"},
		Coverage:  99.5,
	}
	for _, tt := range []struct {
		all  bool
		want string
	}{
		{false, `ID       PASSED  NAME
XDR1001  1 of 2  xdr/service_on
XDR1002  0 of 0  xdr/incidents_answer
         1 of 1  lib/geo

FAIL xdr/service_on_test.rego:9: domicile.xdr.service_on_test.test_fails: failed
not covered by any test: lib/geo.rego:3-3
2 tests passed, 1 failed, coverage 99.5 %
`},
		{true, `ID       PASSED  NAME
XDR1001  1 of 2  xdr/service_on
         ok      test_passes
         FAIL    test_fails
XDR1002  0 of 0  xdr/incidents_answer
         1 of 1  lib/geo
         ok      test_one

FAIL xdr/service_on_test.rego:9: domicile.xdr.service_on_test.test_fails: failed
not covered by any test: lib/geo.rego:3-3
2 tests passed, 1 failed, coverage 99.5 %
`},
	} {
		var out bytes.Buffer
		showTests(&out, set.Rules(), report, tt.all)
		if diff := cmp.Diff(tt.want, out.String()); diff != "" {
			t.Errorf("showTests(all %t) (-want +got):\n%s", tt.all, diff)
		}
	}
}
