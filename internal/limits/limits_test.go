package limits_test

import (
	"strings"
	"testing"

	"github.com/domicile-audit/domicile/internal/limits"
)

func TestRequestsBelongToTheirWorkload(t *testing.T) {
	tests := []struct {
		api, path, workload string
		units               int
	}{
		{"graph", "users?$select=id&$top=999", "identity", 1},
		{"graph", "v1.0/users?%24top=999", "identity", 2},
		{"graph", "users?$select=id&$top=1", "identity", 1},
		{"graph", "subscribedSkus?$select=id", "identity", 2},
		{"graph", "groups/1/transitiveMembers?$select=id&$top=999", "identity", 4},
		{"graph", "groups/1/owners", "identity", 1},
		{"graph", "groupSettings", "identity", 1},
		{"graph", "oauth2PermissionGrants?$top=999", "identity", 2},
		{"graph", "servicePrincipals/1/appRoleAssignedTo?$top=999", "identity", 1},
		{"graph", "applications(appId='a/b')?$select=id&$expand=owners", "identity", 1},
		{"graph", "policies/permissionGrantPolicies?$expand=includes,excludes", "identity", 2},
		{"graph", "identity/conditionalAccess/policies", "identity protection and conditional access", 1},
		{"graph", "reports/authenticationMethods/userRegistrationDetails", "identity and access reports", 1},
		{"graph", "auditLogs/directoryAudits?$top=999", "identity and access reports", 1},
		{"graph", "security/microsoft.graph.security.runHuntingQuery", "advanced hunting", 1},
		{"graph", "security/incidents?$top=1", "security", 1},
		{"graph", "sites/getAllSites()?$select=id", "sites", 2},
		{"graph", "beta/roleManagement/defender/roleAssignments", "graph", 1},
		{"xdr", "api/incidents?$top=1", "incidents", 1},
		{"xdr", "api/alerts", "unknown", 1},
		{"mde", "api/machineactions?$top=1", "defender for endpoint", 1},
		{"arm", "subscriptions?api-version=2022-12-01", "azure resource manager", 1},
	}
	for _, tt := range tests {
		workload, units := limits.Of(tt.api, tt.path)
		if workload.Name != tt.workload || units != tt.units {
			t.Errorf("Of(%s, %s) = %s, %d, want %s, %d", tt.api, tt.path, workload.Name, units, tt.workload, tt.units)
		}
		if workload.Name == "unknown" {
			continue
		}
		if !strings.HasPrefix(workload.Source, "https://learn.microsoft.com/") || len(workload.Limits) == 0 {
			t.Errorf("the workload %s has no limit, or none with a source", workload.Name)
		}
		for _, limit := range workload.Limits {
			if limit.Units < units || limit.Per <= 0 {
				t.Errorf("the limit %v of %s lets nothing through", limit, workload.Name)
			}
		}
	}
}
