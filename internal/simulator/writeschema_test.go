package simulator_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// TestBodiesAreThoseOfMicrosoftsSchema writes half a number to every property that Microsoft's
// schema gives the written types, also within complex ones. Each must be refused as
// read-only or for the property's type in the schema, none as unknown.
func TestBodiesAreThoseOfMicrosoftsSchema(t *testing.T) {
	schema := readSchema(t, "graph-v1.0.csdl.xml")
	v := remediate(t, "weak")
	for _, tt := range []struct{ method, path, typ string }{
		{"PATCH", authorization, "authorizationPolicy"},
		{"PATCH", "policies/adminConsentRequestPolicy", "adminConsentRequestPolicy"},
		{"PATCH", "policies/defaultAppManagementPolicy", "tenantAppManagementPolicy"},
		{"POST", "oauth2PermissionGrants", "oAuth2PermissionGrant"},
		{"POST", "servicePrincipals/" + graphPrincipal + "/appRoleAssignedTo", "appRoleAssignment"},
		{"POST", roleAssignments, "unifiedRoleAssignment"},
		{"POST", requestAssigned, "unifiedRoleAssignmentScheduleRequest"},
		{"POST", requestEligible, "unifiedRoleEligibilityScheduleRequest"},
		{"PATCH", v.rules() + "Approval_EndUser_Assignment", "unifiedRoleManagementPolicyApprovalRule"},
		{"PATCH", v.rules() + "Notification_Admin_EndUser_Assignment", "unifiedRoleManagementPolicyNotificationRule"},
		{"PATCH", v.rules() + "Enablement_EndUser_Assignment", "unifiedRoleManagementPolicyEnablementRule"},
		{"PATCH", v.rules() + "Expiration_EndUser_Assignment", "unifiedRoleManagementPolicyExpirationRule"},
		{"PATCH", v.rules() + "AuthenticationContext_EndUser_Assignment", "unifiedRoleManagementPolicyAuthenticationContextRule"},
		{"PATCH", "security/identities/healthIssues/4ea17000-0000-4000-8000-000000000002", "security.healthIssue"},
	} {
		tried := 0
		schema.eachProperty("microsoft.graph."+tt.typ, nil, func(path []string, typ string) {
			tried++
			var value any = 0.5
			for i := len(path) - 1; i >= 0; i-- {
				if name, list := strings.CutSuffix(path[i], "[]"); list && i < len(path)-1 {
					value = map[string]any{name: []any{value}}
				} else {
					value = map[string]any{name: value}
				}
			}
			fields, _ := value.(map[string]any)
			fields["@odata.type"] = "#microsoft.graph." + tt.typ
			body, err := json.Marshal(fields)
			if err != nil {
				t.Fatal(err)
			}
			got := v.write(tt.method, tt.path, string(body))
			refused := strings.Contains(got.message(), "read-only") || strings.Contains(got.message(), "'0.5' to the expected type '"+typ+"'") ||
				strings.Contains(got.message(), "'0.5' to the expected type 'Collection("+typ+")'")
			if got.status != http.StatusBadRequest || !refused {
				t.Errorf("%s %s with %s: %d %s, want it refused as read-only or no %s", tt.method, tt.path, body, got.status, got.raw, typ)
			}
		})
		if tried < 2 {
			t.Errorf("the schema gives %s %d properties", tt.typ, tried)
		}
	}
}

// named are the types for which the simulator has names of its own: enumerations that the
// schema has as text.
var named = map[string]bool{
	"enabledRules": true, "notificationLevel": true, "notificationType": true, "recipientType": true, "operations": true,
}

// eachProperty calls do with every property of a type and of the complex types in it, by its
// path; a list ends in [].
func (c csdl) eachProperty(typ string, path []string, do func(path []string, typ string)) {
	for ; typ != ""; typ = c.types[typ].Base {
		for _, p := range c.types[typ].Properties {
			if named[p.Name] || p.Name == "recurrence" || p.Name == "customSecurityAttributes" {
				continue
			}
			name := p.Name
			if p.List {
				name += "[]"
			}
			at := append(append([]string{}, path...), name)
			plain := append(append([]string{}, path...), p.Name)
			do(plain, p.Type)
			if _, complex := c.types[p.Type]; complex && p.Name != "createdBy" {
				c.eachProperty(p.Type, at, do)
			}
		}
	}
}
