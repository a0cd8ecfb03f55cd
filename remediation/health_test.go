package remediation_test

import (
	"strings"
	"testing"

	"github.com/domicile-audit/domicile/remediation"
)

// TestCloseHealthIssue closes an issue only where every sensor that it names is in order, when the
// plan is made and when it is applied.
func TestCloseHealthIssue(t *testing.T) {
	violation := found{"INT1004", "close_health_issue", "mdi_health", "issue-stale"}
	issue := func(t *tenant) object { return t.collections[healthIssues][0] }
	sensor := func(t *tenant) object { return t.collections[sensors][0] }
	tests := []struct {
		name   string
		change func(*tenant)
		says   string
	}{
		{"a sensor in order", nil, ""},
		{"a sensor by its short name", func(t *tenant) { issue(t)["sensorDNSNames"] = []any{"dc01"} }, ""},
		{"a sensor with issues", func(t *tenant) { sensor(t)["openHealthIssuesCount"] = 1 }, "doesn't say that it is in order"},
		{"a sensor that doesn't say", func(t *tenant) { delete(sensor(t), "openHealthIssuesCount") }, "doesn't say that it is in order"},
		{"a sensor that is disconnected", func(t *tenant) { sensor(t)["deploymentStatus"] = "disconnected" }, "doesn't say that it is in order"},
		{"a sensor that isn't healthy", func(t *tenant) { sensor(t)["healthStatus"] = "notHealthyLow" }, "doesn't say that it is in order"},
		{"a sensor with an odd id", func(t *tenant) { sensor(t)["id"] = "../x" }, "doesn't say that it is in order"},
		{"one of two sensors", func(t *tenant) { issue(t)["sensorDNSNames"] = []any{"dc01.corp.contoso.com", "dc02.corp.contoso.com"} }, `"dc02.corp.contoso.com" isn't in the evidence`},
		{"a sensor of another domain", func(t *tenant) { issue(t)["sensorDNSNames"] = []any{"dc01.other.com"} }, `"dc01.other.com" isn't in the evidence`},
		{"an issue of no sensor", func(t *tenant) { issue(t)["sensorDNSNames"] = nil }, "would hide it"},
		{"an issue of the whole", func(t *tenant) { issue(t)["healthIssueType"] = "global" }, "would hide it"},
		{"an issue with an odd id", func(t *tenant) { issue(t)["id"] = "a/b"; violation.id = "a/b" }, "can't be part of a request"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tenant := newTenant()
			if tt.change != nil {
				tt.change(tenant)
			}
			plan := build(t, tenant.sources(t, violation))
			if tt.says != "" {
				if len(plan.Changes) != 0 || !strings.Contains(plan.Steps[0].Unplanned, tt.says) {
					t.Errorf("Build() = %+v, want a step that says %q", plan, tt.says)
				}
				return
			}
			if len(plan.Changes) != 1 || string(plan.Changes[0].Request.Body) != `{"status":"closed"}` || len(plan.Changes[0].Needs) != 1 {
				t.Errorf("Build() = %+v", plan)
			}
		})
	}
	violation.id = "issue-stale"
	tenant := newTenant()
	run := tenant.run(t)
	run.Sources = tenant.sources(t, violation)
	run.File = file(t, build(t, run.Sources))
	sensor(tenant)["healthStatus"] = "notHealthyHigh"
	if got := apply(t, run); len(got) != 1 || got[0].Outcome != remediation.Guarded || !strings.Contains(got[0].Message, "isn't in order any more") {
		t.Errorf("Apply() after the sensor fell ill = %+v", got)
	}
}
