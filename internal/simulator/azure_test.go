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

const (
	security   = "/arm/subscriptions/c1000000-0000-4000-8000-000000000001/resourceGroups/security/providers"
	socWeu     = security + "/Microsoft.OperationalInsights/workspaces/soc-weu"
	insights   = socWeu + "/providers/Microsoft.SecurityInsights"
	appLogs    = "/arm/subscriptions/c1000000-0000-4000-8000-000000000001/resourceGroups/apps/providers/Microsoft.OperationalInsights/workspaces/app-logs"
	everything = "/arm/subscriptions/c1000000-0000-4000-8000-000000000001/providers"
)

func TestAzureServesResourcesByTheirID(t *testing.T) {
	v := visit(t, "good")
	for path, want := range map[string]int{
		everything + "/Microsoft.OperationalInsights/workspaces?api-version=2025-02-01":       2,
		everything + "/Microsoft.SecurityCopilot/capacities?api-version=2023-12-01-preview":   1,
		socWeu + "/tables?api-version=2023-09-01":                                             4,
		socWeu + "/dataExports?api-version=2020-08-01":                                        1,
		appLogs + "/dataExports?api-version=2020-08-01":                                       0,
		insights + "/dataConnectors?api-version=2024-03-01":                                   1,
		socWeu + "/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01":  2,
		appLogs + "/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01": 1,
		"/arm/providers/microsoft.aadiam/diagnosticSettings?api-version=2017-04-01-preview":   2,
		"/arm/providers/Microsoft.AADIAM/diagnosticSettings?api-version=2017-04-01-preview":   2,
		strings.ToUpper(security[4:]) + "/x":                                                  -1,
	} {
		got := v.get(path)
		if want < 0 {
			if got.status != http.StatusNotFound {
				t.Errorf("GET %s: %d, want 404", path, got.status)
			}
		} else if n := len(got.values(t)); n != want {
			t.Errorf("GET %s: %d resources, want %d", path, n, want)
		}
	}
	for path, want := range map[string]string{
		socWeu + "?api-version=2025-02-01": "200 ",
		security + "/Microsoft.OperationalInsights/clusters/soc-cluster?api-version=2021-06-01":                                                         "200 ",
		security + "/Microsoft.Storage/storageAccounts/contososocarchive?api-version=2023-05-01":                                                        "200 ",
		security + "/Microsoft.EventHub/namespaces/SOC-stream?api-version=2024-05-01-preview":                                                           "200 ",
		insights + "/onboardingStates/default?api-version=2024-03-01":                                                                                   "200 ",
		appLogs + "/providers/Microsoft.SecurityInsights/onboardingStates/default?api-version=2024-03-01":                                               "404 ResourceNotFound",
		security + "/Microsoft.Storage/storageAccounts/gone?api-version=2023-05-01":                                                                     "404 ResourceNotFound",
		security + "/Microsoft.OperationalInsights/workspaces/gone/tables?api-version=2023-09-01":                                                       "404 ResourceNotFound",
		security + "/Microsoft.Compute/virtualMachines/x?api-version=2023-05-01":                                                                        "404 InvalidResourceType",
		security + "/Microsoft.Storage/storageAccounts/contososocarchive?api-version=2015-01-01":                                                        "400 InvalidApiVersionParameter",
		"/arm/subscriptions/c1000000-0000-4000-8000-000000000009/resourceGroups/r/providers/Microsoft.Storage/storageAccounts/x?api-version=2023-05-01": "404 SubscriptionNotFound",
	} {
		if got := v.get(path); fmt.Sprint(got.status, " ", got.code()) != want {
			t.Errorf("GET %s: %d %s, want %s", path, got.status, got.raw, want)
		}
	}
}

func TestAzureHidesWhatTheReaderMayNotSee(t *testing.T) {
	v := visitChanged(t, `
arm:
  diagnosticSettings: null
  hidden: [c1000000-0000-4000-8000-000000000009]
`)
	for _, path := range []string{
		"/arm/providers/microsoft.aadiam/diagnosticSettings?api-version=2017-04-01-preview",
		"/arm/subscriptions/c1000000-0000-4000-8000-000000000009/resourceGroups/r/providers/Microsoft.Storage/storageAccounts/x?api-version=2023-05-01",
		"/arm/subscriptions/c1000000-0000-4000-8000-000000000009/providers/Microsoft.OperationalInsights/workspaces?api-version=2025-02-01",
	} {
		if got := v.get(path); got.status != http.StatusForbidden || got.code() != "AuthorizationFailed" {
			t.Errorf("GET %s: %d %s, want 403 AuthorizationFailed", path, got.status, got.raw)
		}
	}
	none := visitChanged(t, "arm: {diagnosticSettings: []}\n").get("/arm/providers/microsoft.aadiam/diagnosticSettings?api-version=2017-04-01-preview")
	if len(none.values(t)) != 0 {
		t.Errorf("diagnostic settings = %s, want an empty list", none.raw)
	}
}
