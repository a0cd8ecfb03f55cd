package simulator_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func TestDefenderAPIs(t *testing.T) {
	v := visit(t, "good")
	first := v.get("/xdr/api/incidents?$top=1").values(t)
	if len(first) != 1 || first[0]["incidentId"] != float64(2931) || first[0]["status"] != "Resolved" || first[0]["createdTime"] != "2026-11-11T00:00:00Z" {
		t.Errorf("incidents = %v", first)
	}
	if all := v.get("/api/incidents").values(t); len(all) != 2 {
		t.Errorf("%d incidents, want 2", len(all))
	}
	if actions := v.get("/mde/api/machineactions").values(t); len(actions) != 1 || actions[0]["type"] != "RunAntiVirusScan" {
		t.Errorf("machine actions = %v", actions)
	}
	for path, want := range map[string]int{"/xdr/api/alerts": 404, "/mde/api/machines": 404, "/xdr/api/incidents?$top=x": 400} {
		if got := v.get(path); got.status != want {
			t.Errorf("GET %s: %d, want %d", path, got.status, want)
		}
	}
	if got := v.post("/xdr/api/incidents", ""); got.status != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d, want 405", got.status)
	}
}

func TestDefenderSaysThatTheServiceIsOff(t *testing.T) {
	v := visit(t, "off")
	tests := []struct{ path, code, message string }{
		{"/xdr/api/incidents?$top=1", "DisabledFeature", "Tenant feature isn't enabled."},
		{"/mde/api/machineactions", "Forbidden", "Account mode is inactive"},
		{"/v1.0/security/incidents?$top=1", "UnknownError", `"Code":"Forbidden"`},
	}
	for _, tt := range tests {
		got := v.get(tt.path)
		if got.status != http.StatusForbidden || got.code() != tt.code || !strings.Contains(got.message(), tt.message) {
			t.Errorf("GET %s: %d %s, want 403 %s", tt.path, got.status, got.raw, tt.code)
		}
	}
	if sensors := v.get("/v1.0/security/identities/sensors").values(t); len(sensors) != 0 {
		t.Errorf("sensors = %v, want none", sensors)
	}
}

func TestAzureLists(t *testing.T) {
	const subscriptions = "/arm/subscriptions?api-version=2022-12-01"
	const groups = "/arm/providers/Microsoft.Management/managementGroups?api-version=2020-05-01"
	v := visit(t, "good")
	if got := v.get(subscriptions).values(t); len(got) != 1 || got[0]["tenantId"] != v.tenant.ID {
		t.Errorf("subscriptions = %v", got)
	}
	if got := v.get(groups).values(t); len(got) != 1 || got[0]["name"] != v.tenant.ID {
		t.Errorf("management groups = %v", got)
	}
	for path, want := range map[string]string{
		"/arm/subscriptions": "400 MissingApiVersionParameter",
		"/arm/subscriptions/c1000000-0000-4000-8000-000000000001/providers/Microsoft.Security/mdeOnboardings?api-version=1":                    "400 InvalidApiVersionParameter",
		"/arm/subscriptions/c1000000-0000-4000-8000-000000000009/providers/Microsoft.Security/mdeOnboardings?api-version=2021-10-01-preview":   "404 SubscriptionNotFound",
		"/arm/subscriptions/c1000000-0000-4000-8000-000000000001/providers/Microsoft.Security/mdeOnboardings/x?api-version=2021-10-01-preview": "404 InvalidResourceType",
		"/arm/tenants?api-version=2022-12-01": "404 InvalidResourceType",
	} {
		if got := v.get(path); fmt.Sprint(got.status, " ", got.code()) != want {
			t.Errorf("GET %s: %d %s, want %s", path, got.status, got.raw, want)
		}
	}
	if got := v.send(http.MethodPut, subscriptions, "{}"); got.status != http.StatusMethodNotAllowed {
		t.Errorf("PUT: %d, want 405", got.status)
	}
	blind := visitChanged(t, `
arm:
  managementGroups: []
  pageSize: 1
  subscriptions:
    - {subscriptionId: a, tenantId: $tenant}
    - {subscriptionId: b, tenantId: $tenant}
`)
	page := blind.get(subscriptions)
	if got := page.values(t); len(got) != 1 || got[0]["subscriptionId"] != "a" {
		t.Errorf("page 1 = %v", got)
	}
	next := blind.get(text(page.body["nextLink"]))
	if got := next.values(t); len(got) != 1 || got[0]["subscriptionId"] != "b" || next.body["nextLink"] != nil {
		t.Errorf("page 2 = %s", next.raw)
	}
	if got := blind.get(groups); got.status != http.StatusForbidden || got.code() != "AuthorizationFailed" {
		t.Errorf("management groups of a reader without them: %d %s", got.status, got.raw)
	}
}
