package simulator_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// everyPath is all that is read of Graph in the good tenant, with the number of objects
// it has there; -1 stands for a single object.
var everyPath = map[string]int{
	"organization": 1, "subscribedSkus": 3, "directory/subscriptions": 3, "users": 26, "groups": 6,
	"roleManagement/directory/roleAssignments?$expand=principal":                  6,
	"roleManagement/directory/roleAssignmentScheduleInstances?$expand=principal":  6,
	"roleManagement/directory/roleEligibilityScheduleInstances?$expand=principal": 7,
	"groups/90000000-0000-4000-8000-000000000002/transitiveMembers":               3,
	"servicePrincipals": 11,
	"servicePrincipals(appId='00000003-0000-0000-c000-000000000000')":                                    -1,
	"servicePrincipals(appId='00000003-0000-0000-c000-000000000000')/delegatedPermissionClassifications": 5,
	"servicePrincipals/50000000-0000-4000-8000-000000000001/delegatedPermissionClassifications":          5,
	"servicePrincipals/50000000-0000-4000-8000-000000000001/appRoleAssignedTo":                           30,
	"servicePrincipals/50000000-0000-4000-8000-000000000011/appRoleAssignments":                          3,
	"oauth2PermissionGrants":                                    3,
	"policies/authorizationPolicy":                              -1,
	"policies/permissionGrantPolicies":                          2,
	"policies/adminConsentRequestPolicy":                        -1,
	"sites/getAllSites()":                                       4,
	"sites/getAllSites":                                         4,
	"security/incidents?$top=1":                                 1,
	"security/incidents":                                        2,
	"security/incidents/2931":                                   -1,
	"security/identities/sensors":                               3,
	"security/identities/healthIssues":                          1,
	"users/b0000000-0000-4000-8000-000000000001":                -1,
	"security/identities/healthIssues?$filter=status eq 'open'": 0,
	"users?$select=id,signInActivity&$top=500":                  26,
	"applications":                                              5,
	"applications(appId='a9000000-0000-4000-8000-000000000001')?$select=id&$expand=owners":                                                                       -1,
	"servicePrincipals/50000000-0000-4000-8000-000000000016/owners":                                                                                              0,
	"groups/90000000-0000-4000-8000-000000000006/owners":                                                                                                         1,
	"identityGovernance/privilegedAccess/group/eligibilityScheduleInstances?$filter=groupId eq '90000000-0000-4000-8000-000000000006'":                           1,
	"policies/roleManagementPolicyAssignments?$filter=scopeId eq '/' and scopeType eq 'DirectoryRole'&$expand=policy($expand=rules)":                             18,
	"identityGovernance/accessReviews/definitions?$top=100":                                                                                                      1,
	"reports/authenticationMethods/userRegistrationDetails":                                                                                                      26,
	"identity/conditionalAccess/policies":                                                                                                                        3,
	"policies/identitySecurityDefaultsEnforcementPolicy":                                                                                                         -1,
	"identityGovernance/appConsent/appConsentRequests?$expand=userConsentRequests":                                                                               2,
	"auditLogs/directoryAudits?$filter=activityDisplayName eq 'Consent to application' or activityDisplayName eq 'Add app role assignment to service principal'": 1,
	"groupSettings":                       2,
	"policies/defaultAppManagementPolicy": -1,
	"policies/appManagementPolicies":      1,
	"policies/appManagementPolicies/a4000000-0000-4000-8000-000000000001/appliesTo": 1,
	"policies/crossTenantAccessPolicy/default":                                      -1,
	"policies/crossTenantAccessPolicy/partners?$expand=identitySynchronization":     2,
	"tenantRelationships/multiTenantOrganization/tenants":                           2,
	"security/auditLog/queries":                                                     1,
	"security/auditLog/queries/a5000000-0000-4000-8000-000000000001/records?$top=1": 1,
	"security/identities/settings/autoAuditingConfiguration":                        -1,
	"security/secureScores?$top=1":                                                  1,
}

func TestGraphServesEveryPath(t *testing.T) {
	v := visit(t, "good")
	for _, version := range []string{"v1.0", "beta"} {
		for path, want := range everyPath {
			got := v.get("/" + version + "/" + path)
			switch {
			case got.status != http.StatusOK || text(got.body["@odata.context"]) == "":
				t.Errorf("GET %s/%s: %d %.200s", version, path, got.status, got.raw)
			case want < 0:
				if got.body["value"] != nil || text(got.body["id"]) == "" && !strings.Contains(path, "adminConsent") && !strings.HasSuffix(path, "/default") && !strings.Contains(path, "/settings/") {
					t.Errorf("GET %s: %.200s, want one object", path, got.raw)
				}
			default:
				if n := len(got.values(t)); n != want {
					t.Errorf("GET %s: %d objects, want %d", path, n, want)
				}
			}
			if len(got.header.Get("request-id")) != 36 {
				t.Errorf("GET %s: request-id %q", path, got.header.Get("request-id"))
			}
		}
	}
}

func TestGraphRefusesWhatTheTokenDoesNotCarry(t *testing.T) {
	v := visitChanged(t, "permissions: {graph: [], xdr: [], mde: []}\n")
	for path := range everyPath {
		got := v.get("/v1.0/" + path)
		code := "Authorization_RequestDenied"
		if strings.HasPrefix(path, "reports/") || strings.HasPrefix(path, "auditLogs/") {
			code = "Authentication_MSGraphPermissionMissing"
		}
		if strings.HasPrefix(path, "security/") {
			code = "UnknownError"
			if !strings.Contains(got.message(), `"Code":"Forbidden"`) || !strings.Contains(got.message(), "Missing application roles. API required roles: ") {
				t.Errorf("GET %s: message %q", path, got.message())
			}
		}
		refusal, _ := got.body["error"].(map[string]any)
		inner, _ := refusal["innerError"].(map[string]any)
		if got.status != http.StatusForbidden || got.code() != code || inner["request-id"] != got.header.Get("request-id") {
			t.Errorf("GET %s: %d %s, want 403 %s with the header's request-id", path, got.status, got.raw, code)
		}
	}
	for path, code := range map[string]string{"/xdr/api/incidents": "Forbidden", "/mde/api/machineactions": "Forbidden"} {
		if got := v.get(path); got.status != http.StatusForbidden || got.code() != code {
			t.Errorf("GET %s: %d %s", path, got.status, got.raw)
		}
	}
}

func TestOnePermissionOpensOneDoor(t *testing.T) {
	tests := []struct{ permission, opens, shuts string }{
		{"User.Read.All", "users", "groups"},
		{"Group.Read.All", "groups", "users"},
		{"LicenseAssignment.Read.All", "subscribedSkus", "directory/subscriptions"},
		{"Policy.Read.All", "policies/authorizationPolicy", "oauth2PermissionGrants"},
		{"Policy.Read.PermissionGrant", "policies/permissionGrantPolicies", "policies/adminConsentRequestPolicy"},
		{"RoleManagement.Read.Directory", "roleManagement/directory/roleAssignments", "servicePrincipals"},
		{"RoleEligibilitySchedule.Read.Directory", "roleManagement/directory/roleEligibilityScheduleInstances", "roleManagement/directory/roleAssignmentScheduleInstances"},
		{"Application.Read.All", "servicePrincipals/50000000-0000-4000-8000-000000000001/appRoleAssignedTo", "users"},
		{"GroupMember.Read.All", "groups/90000000-0000-4000-8000-000000000002/transitiveMembers", "groups"},
		{"Sites.Read.All", "sites/getAllSites()", "organization"},
		{"SecurityIncident.Read.All", "security/incidents", "security/identities/sensors"},
		{"SecurityIdentitiesSensors.Read.All", "security/identities/sensors", "security/identities/healthIssues"},
		{"User.Read.All", "users?$select=id", "users?$select=id,signInActivity"},
		{"AuditLog.Read.All", "auditLogs/directoryAudits", "users?$select=signInActivity"},
		{"AccessReview.Read.All", "identityGovernance/accessReviews/definitions", "identity/conditionalAccess/policies"},
		{"ConsentRequest.Read.All", "identityGovernance/appConsent/appConsentRequests", "groupSettings"},
		{"MultiTenantOrganization.Read.All", "tenantRelationships/multiTenantOrganization/tenants", "policies/crossTenantAccessPolicy/partners"},
		{"GroupMember.Read.All", "groups/90000000-0000-4000-8000-000000000006/owners", "servicePrincipals/50000000-0000-4000-8000-000000000016/owners"},
		{"AuditLogsQuery.Read.All", "security/auditLog/queries", "security/secureScores"},
		{"SecurityIdentitiesAutoConfig.Read.All", "security/identities/settings/autoAuditingConfiguration", "security/identities/sensors"},
	}
	for _, tt := range tests {
		t.Run(tt.permission, func(t *testing.T) {
			v := visitChanged(t, "permissions: {graph: ["+tt.permission+"]}\n")
			if got := v.get("/v1.0/" + tt.opens); got.status != http.StatusOK {
				t.Errorf("GET %s: %d %s", tt.opens, got.status, got.raw)
			}
			if got := v.get("/v1.0/" + tt.shuts); got.status != http.StatusForbidden {
				t.Errorf("GET %s: %d, want 403", tt.shuts, got.status)
			}
		})
	}
}

func TestGraphRefusesWhatDoesNotExist(t *testing.T) {
	v := visit(t, "good")
	tests := []struct {
		method, path string
		status       int
		code         string
	}{
		{"GET", "/v1.0/nothing", 400, "BadRequest"},
		{"GET", "/v1.0/users/b0000000-0000-4000-8000-0000000000ff", 404, "Request_ResourceNotFound"},
		{"GET", "/v1.0/groups/90000000-0000-4000-8000-0000000000ff/transitiveMembers", 404, "Request_ResourceNotFound"},
		{"GET", "/v1.0/servicePrincipals(appId='99999999-0000-4000-8000-000000000000')", 404, "Request_ResourceNotFound"},
		{"GET", "/v1.0/security/incidents/1", 404, "NotFound"},
		{"GET", "/v1.0/users/b0000000-0000-4000-8000-000000000001/messages", 400, "BadRequest"},
		{"POST", "/v1.0/users", 405, "Request_BadRequest"},
		{"PATCH", "/v1.0/policies/permissionGrantPolicies", 405, "Request_BadRequest"},
		{"DELETE", "/v1.0/servicePrincipals/50000000-0000-4000-8000-000000000013", 405, "Request_BadRequest"},
		{"GET", "/v1.0/users?$slect=id", 400, "BadRequest"},
		{"GET", "/v1.0/security/incidents?$orderby=id", 400, "BadRequest"},
		{"GET", "/elsewhere", 404, ""},
	}
	for _, tt := range tests {
		if got := v.send(tt.method, tt.path, ""); got.status != tt.status || got.code() != tt.code {
			t.Errorf("%s %s: %d %s, want %d %s", tt.method, tt.path, got.status, got.raw, tt.status, tt.code)
		}
	}
}

func TestRequestsAreCounted(t *testing.T) {
	v := visit(t, "good")
	v.get("/v1.0/users?$top=5")
	v.get("/v1.0/users?$top=7")
	v.get("/api/incidents")
	v.send(http.MethodDelete, "/v1.0/groups", "")
	got := v.Requests()
	for key, want := range map[string]int{
		"GET /v1.0/users": 2, "GET /xdr/api/incidents": 1, "DELETE /v1.0/groups": 1,
		"POST /" + v.tenant.ID + "/oauth2/v2.0/token": 1,
	} {
		if got[key] != want {
			t.Errorf("Requests()[%q] = %d, want %d", key, got[key], want)
		}
	}
	if len(got) != 4 {
		t.Errorf("Requests() = %v, want four entries", got)
	}
}

func TestEndpointsNeedTheirLicence(t *testing.T) {
	v := visit(t, "unlicensed")
	const premium1, premium2 = "403 Authentication_RequestFromNonPremiumTenantOrB2CTenant", "400 AadPremiumLicenseRequired"
	for path, want := range map[string]string{
		"roleManagement/directory/roleAssignmentScheduleInstances":  premium2,
		"roleManagement/directory/roleEligibilityScheduleInstances": premium2,
		"policies/roleManagementPolicyAssignments":                  premium2,
		"identityGovernance/accessReviews/definitions":              premium2,
		"reports/authenticationMethods/userRegistrationDetails":     premium1,
		"users?$select=id,signInActivity":                           premium1,
		"roleManagement/directory/roleAssignments":                  "200 ",
		"users?$select=id": "200 ",
	} {
		if got := v.get("/v1.0/" + path); fmt.Sprint(got.status, " ", got.code()) != want {
			t.Errorf("GET %s: %d %s, want %s", path, got.status, got.raw, want)
		}
	}
}

func TestSovereignClouds(t *testing.T) {
	const foreign = "/v1.0/roleManagement/directory/roleAssignments?$select=principalOrganizationId"
	global, government := visit(t, "good"), visit(t, "gcchigh")
	china := visitChanged(t, "cloud: china\n")
	for _, tt := range []struct {
		v     *visitor
		holds bool
	}{{global, true}, {government, false}} {
		for path, property := range map[string]string{
			"roleManagement/directory/roleAssignments": "principalOrganizationId", "security/identities/sensors": "serviceStatus",
		} {
			if _, found := tt.v.get("/v1.0/" + path).values(t)[0][property]; found != tt.holds {
				t.Errorf("%s of %s has %s: %t, want %t", path, tt.v.tenant.Name, property, found, tt.holds)
			}
		}
	}
	if got := global.get(foreign); got.status != http.StatusOK || got.values(t)[0]["principalOrganizationId"] != global.tenant.ID {
		t.Errorf("principalOrganizationId of the global cloud: %d %s", got.status, got.raw)
	}
	if got := government.get(foreign); got.status != http.StatusBadRequest || !strings.Contains(got.message(), "Could not find a property named 'principalOrganizationId'") {
		t.Errorf("principalOrganizationId of GCC High: %d %s", got.status, got.raw)
	}
	for path, want := range map[string][2]int{
		"/v1.0/security/auditLog/queries":                              {200, 400},
		"/v1.0/security/identities/settings/autoAuditingConfiguration": {200, 400},
		"/v1.0/tenantRelationships/multiTenantOrganization/tenants":    {200, 400},
		"/v1.0/security/secureScores":                                  {200, 200},
		"/beta/roleManagement/defender/roleAssignments":                {200, 400},
		"/v1.0/roleManagement/defender/roleAssignments":                {400, 400},
	} {
		if got := [2]int{global.get(path).status, government.get(path).status}; got != want {
			t.Errorf("GET %s: %v in the global cloud and GCC High, want %v", path, got, want)
		}
	}
	for path, status := range map[string]int{
		"/v1.0/security/secureScores": 400,
		"/v1.0/security/incidents":    400, "/v1.0/security/runHuntingQuery": 400, "/v1.0/security/identities/sensors": 400,
		"/xdr/api/incidents": 404, "/mde/api/machineactions": 404, "/v1.0/users": 200,
	} {
		if got := china.get(path); got.status != status {
			t.Errorf("GET %s in China: %d, want %d", path, got.status, status)
		}
	}
}
