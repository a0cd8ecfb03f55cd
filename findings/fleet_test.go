package findings_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/domicile-audit/domicile/findings"
)

// fleetResult is a result of a tenant in which rules came to outcomes.
func fleetResult(tenant string, day int, outcomes map[string]findings.Outcome) *findings.Result {
	result := &findings.Result{
		Tenant: findings.Tenant{ID: tenant, Name: "Tenant " + tenant}, Profile: "xdr-current", Started: time.Date(2026, 11, day, 0, 0, 0, 0, time.UTC),
		Digests: findings.Digests{Evidence: fmt.Sprint(tenant, day)},
		Gaps:    []findings.Gap{{Kind: "incidents", Reason: "no_permission", Permission: "SecurityIncident.Read.All"}},
	}
	for _, id := range []string{"A1", "B1", "C1"} {
		severity := map[string]findings.Severity{"A1": findings.Critical, "B1": findings.High, "C1": findings.Low}[id]
		rule := findings.Rule{ID: id, Title: fmt.Sprintf("%s on day %d", id, day), Severity: severity, Outcome: outcomes[id]}
		switch rule.Outcome {
		case "":
			rule.Outcome = findings.Pass
		case findings.Unknown:
			rule.Reasons = []findings.Reason{{Reason: "no_permission", Kind: "incidents"}}
		case findings.Fail:
			resource := findings.Resource{Kind: "tenant", ID: tenant}
			result.Findings = append(result.Findings, findings.Finding{Rule: id, Outcome: findings.Fail, Severity: severity, Resource: resource, Fingerprint: findings.Fingerprint(tenant, id, resource)})
		case findings.Pass, findings.Waived, findings.NotApplicable:
		}
		result.Rules = append(result.Rules, rule)
	}
	result.Summary = findings.Summarise(result.Rules, result.Findings)
	return result
}

func TestFleetSortsTheWorstFirst(t *testing.T) {
	fleet := findings.NewFleet(findings.Tool{}, nil)
	for tenant, outcomes := range map[string]map[string]findings.Outcome{
		"clean":    {},
		"unknown":  {"A1": findings.Unknown},
		"low":      {"C1": findings.Fail},
		"critical": {"A1": findings.Fail},
		"high":     {"B1": findings.Fail, "C1": findings.Fail},
		"worst":    {"A1": findings.Fail, "B1": findings.Fail},
	} {
		fleet.Add(findings.FleetTenant{}, findings.Recorded{Result: fleetResult(tenant, 2, outcomes)}, findings.Recorded{})
	}
	fleet.Add(findings.FleetTenant{Name: "never"}, findings.Recorded{}, findings.Recorded{})
	fleet.Finish()
	var got []string
	for _, tenant := range fleet.Tenants {
		got = append(got, tenant.Name+tenant.Tenant.ID)
	}
	if diff := cmp.Diff([]string{"worst", "critical", "high", "low", "never", "unknown", "clean"}, got); diff != "" {
		t.Errorf("tenants (-want +got):\n%s", diff)
	}
	want := findings.FleetSummary{
		Tenants: 7, NeverScanned: 1, Violations: 6, Oldest: &fleet.Tenants[0].Latest.Started, Newest: &fleet.Tenants[0].Latest.Started,
		Outcomes: map[findings.Outcome]int{findings.Fail: 4, findings.Unknown: 1, findings.Pass: 1, findings.Waived: 0, findings.NotApplicable: 0},
		Failed:   map[findings.Severity]int{findings.Critical: 2, findings.High: 1, findings.Low: 1, findings.Medium: 0, findings.Info: 0},
	}
	if diff := cmp.Diff(want, fleet.Summary); diff != "" {
		t.Errorf("summary (-want +got):\n%s", diff)
	}
	if got := fleet.Rules[0].Outcomes[findings.Fail]; got != 2 {
		t.Errorf("A1 fails in %d tenants, want 2", got)
	}
	unjudged := []findings.FleetUnjudged{{UnjudgedRules: findings.UnjudgedRules{Reason: "no_permission", Kind: "incidents", Permission: "SecurityIncident.Read.All", Rules: []string{"A1"}}, Tenants: 1}}
	if diff := cmp.Diff(unjudged, fleet.Unjudged); diff != "" {
		t.Errorf("unjudged (-want +got):\n%s", diff)
	}
}

func TestFleetCountsChanges(t *testing.T) {
	fleet := findings.NewFleet(findings.Tool{}, nil)
	add := func(tenant string, before, after map[string]findings.Outcome, policies string) {
		t.Helper()
		was, is := fleetResult(tenant, 1, before), fleetResult(tenant, 2, after)
		is.Digests.Policies = policies
		fleet.Add(findings.FleetTenant{}, findings.Recorded{Result: is, Digest: "2"}, findings.Recorded{Result: was, Digest: "1"})
	}
	fail, none := map[string]findings.Outcome{"A1": findings.Fail}, map[string]findings.Outcome{}
	add("worse", none, fail, "")
	add("other", none, fail, "new rules")
	add("better", fail, none, "")
	add("same", fail, fail, "")
	fleet.Finish()
	if fleet.Summary.Worse != 2 || fleet.Summary.Better != 1 {
		t.Errorf("worse, better = %d, %d, want 2, 1", fleet.Summary.Worse, fleet.Summary.Better)
	}
	want := []findings.FleetChange{
		{Rule: "A1", Before: findings.Pass, After: findings.Fail, Tenants: 2, Causes: map[findings.Cause]int{findings.ByTenant: 1, findings.Unclear: 1}},
		{Rule: "A1", Before: findings.Fail, After: findings.Pass, Tenants: 1, Causes: map[findings.Cause]int{findings.ByTenant: 1}},
	}
	if diff := cmp.Diff(want, fleet.Changes); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	versions := []findings.RulesVersion{{Rules: 3, Tenants: 3}, {Policies: "new rules", Rules: 3, Tenants: 1}}
	if diff := cmp.Diff(versions, fleet.Versions); diff != "" {
		t.Errorf("versions (-want +got):\n%s", diff)
	}
	if got, want := fleet.Rules[0].Title, "A1 on day 2"; got != want {
		t.Errorf("title = %q, want that of the latest result, %q", got, want)
	}
}

func TestFleetSaysWhyNothingIsCompared(t *testing.T) {
	fleet := findings.NewFleet(findings.Tool{}, nil)
	was, is := fleetResult("one", 1, nil), fleetResult("one", 2, map[string]findings.Outcome{"A1": findings.Fail})
	is.Pseudonyms = "key"
	fleet.Add(findings.FleetTenant{}, findings.Recorded{Result: is}, findings.Recorded{Result: was})
	fleet.Finish()
	if latest := fleet.Tenants[0].Latest; latest.Change != nil || latest.NotCompared == "" {
		t.Errorf("change = %+v, %q, want none, and why", latest.Change, latest.NotCompared)
	}
}

// TestFleetIsNotBetterWhereLessIsKnown: a tenant in which a violation is fixed, and a rule can't be
// judged any more, is not counted among those that are better.
func TestFleetIsNotBetterWhereLessIsKnown(t *testing.T) {
	both := map[string]findings.Outcome{"A1": findings.Fail, "B1": findings.Fail}
	tests := []struct {
		name          string
		before, after map[string]findings.Outcome
		want          int
	}{
		{"one is fixed", both, map[string]findings.Outcome{"B1": findings.Fail}, 1},
		{"one is fixed, another can't be judged", both, map[string]findings.Outcome{"B1": findings.Unknown}, 0},
		{"one is fixed, one that passed can't be judged", map[string]findings.Outcome{"A1": findings.Fail}, map[string]findings.Outcome{"B1": findings.Unknown}, 0},
		{"one is fixed, another is judged again", map[string]findings.Outcome{"A1": findings.Fail, "B1": findings.Unknown}, nil, 1},
	}
	for _, tt := range tests {
		fleet := findings.NewFleet(findings.Tool{}, nil)
		fleet.Add(findings.FleetTenant{}, findings.Recorded{Result: fleetResult("x", 2, tt.after), Digest: "2"}, findings.Recorded{Result: fleetResult("x", 1, tt.before), Digest: "1"})
		if fleet.Finish(); fleet.Summary.Better != tt.want {
			t.Errorf("%s: %d tenants are better, want %d", tt.name, fleet.Summary.Better, tt.want)
		}
	}
}
