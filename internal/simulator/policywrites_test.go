package simulator_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTheAuthorizationPolicyIsPatched(t *testing.T) {
	v := remediate(t, "weak")
	before := v.get("/v1.0/" + authorization)
	got := v.must(http.StatusNoContent, "PATCH", authorization, `{
		"@odata.type": "#microsoft.graph.authorizationPolicy",
		"defaultUserRolePermissions": {"@odata.type": "#microsoft.graph.defaultUserRolePermissions", "permissionGrantPoliciesAssigned": ["ManagePermissionGrantsForSelf.microsoft-user-default-low"]}}`)
	if len(got.raw) != 0 || got.header.Get("Content-Type") != "" {
		t.Errorf("the answer holds %q of type %q", got.raw, got.header.Get("Content-Type"))
	}
	after := v.get("/v1.0/" + authorization)
	want := before.body
	defaults, _ := want["defaultUserRolePermissions"].(map[string]any)
	if len(defaults) < 3 {
		t.Fatalf("the policy before: %s", before.raw)
	}
	defaults["permissionGrantPoliciesAssigned"] = []any{"ManagePermissionGrantsForSelf.microsoft-user-default-low"}
	if diff := cmp.Diff(want, after.body); diff != "" {
		t.Errorf("the policy differs by more than was asked:\n%s", diff)
	}
	v.must(http.StatusNoContent, "PATCH", authorization, `{"defaultUserRolePermissions": {"permissionGrantPoliciesAssigned": [], "allowedToCreateApps": false}}`)
	if got := v.get("/v1.0/" + authorization); !cmp.Equal(at(got.body, "defaultUserRolePermissions", "permissionGrantPoliciesAssigned"), []any{}) {
		t.Errorf("the emptied list: %s", got.raw)
	}
}

func TestAuthorizationPolicyWritesAreRefused(t *testing.T) {
	v := remediate(t, "good")
	patch := func(name, body, message string) refusedWrite {
		return refusedWrite{name, "PATCH", authorization, body, http.StatusBadRequest, "Request_BadRequest", message}
	}
	v.refuses(authorization, []refusedWrite{
		patch("an unknown property", `{"allowedToFly": true}`, "Invalid property 'allowedToFly'."),
		patch("an unknown property inside", `{"defaultUserRolePermissions": {"allowedToFly": true}}`, "Invalid property 'allowedToFly'."),
		patch("one that is read-only", `{"id": "x"}`, "Property 'id' is read-only and cannot be set."),
		patch("text for a flag", `{"allowedToUseSSPR": "no"}`, "Cannot convert the literal 'no' to the expected type 'Edm.Boolean'."),
		patch("null for a flag", `{"allowedToUseSSPR": null}`, "A null value was found for the property named 'allowedToUseSSPR'"),
		patch("text for a list", `{"defaultUserRolePermissions": {"permissionGrantPoliciesAssigned": "x"}}`, "'Collection(Edm.String)'"),
		patch("a number in a list of texts", `{"defaultUserRolePermissions": {"permissionGrantPoliciesAssigned": [1]}}`, "'Edm.String'"),
		patch("text for an object", `{"defaultUserRolePermissions": "x"}`, "'microsoft.graph.defaultUserRolePermissions'"),
		patch("another name of an enumeration", `{"allowInvitesFrom": "anybody"}`, "'microsoft.graph.allowInvitesFrom'"),
		patch("an id that is none", `{"guestUserRoleId": "guest"}`, "'Edm.Guid'"),
		patch("a policy that isn't there", `{"defaultUserRolePermissions": {"permissionGrantPoliciesAssigned": ["ManagePermissionGrantsForSelf.none"]}}`, "ManagePermissionGrantsForSelf.none"),
		patch("a policy of no scope", `{"defaultUserRolePermissions": {"permissionGrantPoliciesAssigned": ["microsoft-user-default-low"]}}`, "microsoft-user-default-low"),
		patch("a second property that is wrong", `{"allowedToUseSSPR": false, "blockMsolPowerShell": 1}`, "'Edm.Boolean'"),
	})
}

func TestTheConsentRequestPolicyIsReplaced(t *testing.T) {
	const path = "policies/adminConsentRequestPolicy"
	v := remediate(t, "good")
	version := v.get("/v1.0/" + path).body["version"].(float64) //nolint:forcetypeassert // a panic fails the test
	v.must(http.StatusNoContent, "PUT", path, `{"isEnabled": true, "notifyReviewers": false, "remindersEnabled": true, "requestDurationInDays": 5,
		"reviewers": [{"query": "/users/b0000000-0000-4000-8000-000000000006", "queryType": "MicrosoftGraph"}]}`)
	got := v.get("/v1.0/" + path)
	if got.body["requestDurationInDays"] != 5.0 || got.body["notifyReviewers"] != false || got.body["version"] != version+1 {
		t.Errorf("after PUT: %s", got.raw)
	}
	v.must(http.StatusNoContent, "PATCH", path, `{"isEnabled": false}`)
	if got := v.get("/v1.0/" + path); got.body["isEnabled"] != false || got.body["requestDurationInDays"] != 5.0 || got.body["version"] != version+2 {
		t.Errorf("after PATCH: %s", got.raw)
	}
	fresh := remediate(t, "good")
	fresh.refuses(path, []refusedWrite{
		{"a part by PUT", "PUT", path, `{"isEnabled": true}`, http.StatusBadRequest, "Request_BadRequest", "'notifyReviewers' is missing"},
		{"a version", "PATCH", path, `{"version": 9}`, http.StatusBadRequest, "Request_BadRequest", "read-only"},
		{"half a day", "PATCH", path, `{"requestDurationInDays": 1.5}`, http.StatusBadRequest, "Request_BadRequest", "'Edm.Int32'"},
	})
}

func TestTheAppManagementPolicyIsPatched(t *testing.T) {
	const path = "policies/defaultAppManagementPolicy"
	v := remediate(t, "good")
	keys := at(v.get("/v1.0/"+path).body, "applicationRestrictions", "keyCredentials")
	v.must(http.StatusNoContent, "PATCH", path, `{"isEnabled": true, "applicationRestrictions": {"passwordCredentials": [
		{"restrictionType": "passwordLifetime", "state": "enabled", "maxLifetime": "P4DT12H30M5S", "restrictForAppsCreatedAfterDateTime": "2017-01-01T10:37:00Z"}]}}`)
	got := v.get("/v1.0/" + path)
	want := []any{map[string]any{"restrictionType": "passwordLifetime", "state": "enabled", "maxLifetime": "P4DT12H30M5S", "restrictForAppsCreatedAfterDateTime": "2017-01-01T10:37:00Z"}}
	if diff := cmp.Diff(want, at(got.body, "applicationRestrictions", "passwordCredentials")); diff != "" {
		t.Errorf("passwords differ:\n%s", diff)
	}
	if now := at(got.body, "applicationRestrictions", "keyCredentials"); keys == nil || !cmp.Equal(now, keys) {
		t.Errorf("keys are %v, want %v", now, keys)
	}
	fresh := remediate(t, "good")
	restriction := func(name, fields, message string) refusedWrite {
		return refusedWrite{name, "PATCH", path, `{"applicationRestrictions": {"passwordCredentials": [{` + fields + `}]}}`, http.StatusBadRequest, "Request_BadRequest", message}
	}
	fresh.refuses(path, []refusedWrite{
		restriction("half a year", `"maxLifetime": "half a year"`, "'Edm.Duration'"),
		restriction("an empty duration", `"maxLifetime": "P"`, "'Edm.Duration'"),
		restriction("no time", `"restrictForAppsCreatedAfterDateTime": "soon"`, "'Edm.DateTimeOffset'"),
		restriction("a restriction of keys", `"restrictionType": "asymmetricKeyLifetime"`, "'microsoft.graph.appCredentialRestrictionType'"),
	})
}

const (
	administrator = "62e90394-69f5-4237-9190-012177145e10"
	assignedTo    = "policies/roleManagementPolicyAssignments?$filter=scopeId eq '/' and scopeType eq 'DirectoryRole' and roleDefinitionId eq '" + administrator + "'&$expand=policy($expand=rules)"
)

// rules is the path of the rules that guard the role of a Global Administrator.
func (v *visitor) rules() string {
	v.t.Helper()
	list := v.get("/v1.0/" + assignedTo).values(v.t)
	if len(list) != 1 {
		v.t.Fatalf("policies: %v", list)
	}
	return "policies/roleManagementPolicies/" + text(list[0]["policyId"]) + "/rules/"
}

func TestRulesOfARoleArePatched(t *testing.T) {
	v := remediate(t, "weak")
	rules := v.rules()
	v.must(http.StatusNoContent, "PATCH", rules+"Approval_EndUser_Assignment", `{
		"@odata.type": "#microsoft.graph.unifiedRoleManagementPolicyApprovalRule", "id": "Approval_EndUser_Assignment",
		"target": {"@odata.type": "microsoft.graph.unifiedRoleManagementPolicyRuleTarget", "caller": "EndUser", "operations": ["All"], "level": "Assignment", "inheritableSettings": [], "enforcedSettings": []},
		"setting": {"isApprovalRequired": true, "approvalStages": [{"approvalStageTimeOutInDays": 1, "isApproverJustificationRequired": true, "escalationTimeInMinutes": 0, "isEscalationEnabled": false,
			"primaryApprovers": [{"@odata.type": "#microsoft.graph.singleUser", "userId": "b0000000-0000-4000-8000-000000000006"}], "escalationApprovers": []}]}}`)
	v.must(http.StatusNoContent, "PATCH", rules+"Notification_Admin_EndUser_Assignment", `{
		"@odata.type": "#microsoft.graph.unifiedRoleManagementPolicyNotificationRule", "notificationRecipients": ["soc@contoso.com"], "isDefaultRecipientsEnabled": true}`)
	approver := []any{map[string]any{"@odata.type": "#microsoft.graph.singleUser", "userId": "b0000000-0000-4000-8000-000000000006"}}
	check := func(where string, rule map[string]any) {
		t.Helper()
		switch rule["id"] {
		case "Approval_EndUser_Assignment":
			stages, _ := at(rule, "setting", "approvalStages").([]any)
			if len(stages) != 1 || at(rule, "setting", "isApprovalRequired") != true || !cmp.Equal(at(stages[0], "primaryApprovers"), any(approver)) ||
				at(rule, "setting", "approvalMode") != "SingleStage" || at(rule, "target", "@odata.type") != nil {
				t.Errorf("%s has the rule %v", where, rule)
			}
		case "Notification_Admin_EndUser_Assignment":
			if !cmp.Equal(rule["notificationRecipients"], any([]any{"soc@contoso.com"})) || rule["notificationLevel"] != "All" {
				t.Errorf("%s has the rule %v", where, rule)
			}
		default:
			return
		}
	}
	for _, id := range []string{"Approval_EndUser_Assignment", "Notification_Admin_EndUser_Assignment"} {
		one := v.get("/v1.0/" + rules + id)
		if one.body["id"] != id {
			t.Errorf("GET %s: %d %s", id, one.status, one.raw)
		}
		check("the rule", one.body)
	}
	seen, _ := at(v.get("/v1.0/" + assignedTo).values(t)[0], "policy", "rules").([]any)
	if len(seen) != 17 {
		t.Errorf("the policy has %d rules, want 17", len(seen))
	}
	for _, item := range seen {
		rule, _ := item.(map[string]any)
		check("the assignment", rule)
	}
}

func TestRuleWritesAreRefused(t *testing.T) {
	v := remediate(t, "good")
	rules := v.rules()
	patch := func(name, rule, body string, status int, code, message string) refusedWrite {
		return refusedWrite{name, "PATCH", rules + rule, body, status, code, message}
	}
	const approval, typ = "Approval_EndUser_Assignment", `"@odata.type": "#microsoft.graph.unifiedRoleManagementPolicyApprovalRule"`
	approvers := func(list string) string {
		return `{` + typ + `, "setting": {"approvalStages": [{"primaryApprovers": [` + list + `]}]}}`
	}
	v.refuses(assignedTo, []refusedWrite{
		patch("no type", approval, `{"setting": {"isApprovalRequired": true}}`, 400, "Request_BadRequest", "'@odata.type' must be"),
		patch("another type", approval, `{"@odata.type": "#microsoft.graph.unifiedRoleManagementPolicyExpirationRule"}`, 400, "Request_BadRequest", "'@odata.type' must be"),
		patch("another rule's property", approval, `{`+typ+`, "notificationRecipients": []}`, 400, "Request_BadRequest", "Invalid property"),
		patch("another id", approval, `{`+typ+`, "id": "x"}`, 400, "Request_BadRequest", "read-only"),
		patch("no such rule", "None", `{`+typ+`}`, 404, "Request_ResourceNotFound", "'None'"),
		patch("an approver of no type", approval, approvers(`{"userId": "b0000000-0000-4000-8000-000000000006"}`), 400, "Request_BadRequest", "approver"),
		patch("an approver who isn't there", approval, approvers(`{"@odata.type": "#microsoft.graph.groupMembers", "groupId": "none"}`), 404, "Request_ResourceNotFound", "'none'"),
		patch("a loud notification", "Notification_Admin_EndUser_Assignment", `{"@odata.type": "#microsoft.graph.unifiedRoleManagementPolicyNotificationRule", "notificationLevel": "Loud"}`, 400, "Request_BadRequest", "Loud"),
	})
	poor := remediate(t, "unlicensed")
	if got := poor.write("PATCH", "policies/roleManagementPolicies/x/rules/y", "{}"); got.code() != "AadPremiumLicenseRequired" {
		t.Errorf("without P2: %d %s", got.status, got.raw)
	}
}
