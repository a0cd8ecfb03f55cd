package simulator_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLicencesMakeWhatUsersHave(t *testing.T) {
	v := visit(t, "weak")
	users := map[string]map[string]any{}
	for _, user := range v.get("/v1.0/users?$select=id,assignedLicenses,assignedPlans,licenseAssignmentStates").values(t) {
		users[strings.TrimPrefix(text(user["id"]), "b0000000-0000-4000-8000-0000000000")] = user
	}
	count := func(user, name string) int {
		list, ok := users[user][name].([]any)
		if !ok {
			t.Fatalf("user %s: %s is %v, want a list", user, name, users[user][name])
		}
		return len(list)
	}
	tests := []struct {
		user                     string
		licences, plans, standed int
	}{
		{"10", 1, 8, 1},  // THREAT_INTELLIGENCE isn't provisioned
		{"09", 2, 11, 2}, // and Multi-Geo's three
		{"11", 2, 10, 2}, // without Entra ID P2
		{"23", 1, 4, 1},  // without any plan of Defender's
		{"24", 1, 3, 2},  // Multi-Geo's alone: the other assignment failed
		{"01", 0, 0, 0},
	}
	for _, tt := range tests {
		got := []int{count(tt.user, "assignedLicenses"), count(tt.user, "assignedPlans"), count(tt.user, "licenseAssignmentStates")}
		if diff := cmp.Diff([]int{tt.licences, tt.plans, tt.standed}, got); diff != "" {
			t.Errorf("licences, plans and states of user %s (-want +got):\n%s", tt.user, diff)
		}
	}
	states, _ := users["24"]["licenseAssignmentStates"].([]any)
	if state, _ := states[0].(map[string]any); state["error"] != "CountViolation" || state["state"] != "Error" {
		t.Errorf("state = %v, want an error", states[0])
	}
}

func TestSignInsAndMethods(t *testing.T) {
	v := visit(t, "weak")
	const away, never = "b0000000-0000-4000-8000-000000000009", "b0000000-0000-4000-8000-000000000010"
	for _, user := range v.get("/v1.0/users?$select=id,signInActivity").values(t) {
		activity, _ := user["signInActivity"].(map[string]any)
		want := map[string]string{away: "2026-05-04T00:00:00Z", never: ""}
		if at, judged := want[text(user["id"])]; judged && text(activity["lastSignInDateTime"]) != at {
			t.Errorf("user %v signed in %v, want %q", user["id"], activity, at)
		}
	}
	for _, line := range v.get("/v1.0/reports/authenticationMethods/userRegistrationDetails").values(t) {
		methods, _ := line["methodsRegistered"].([]any)
		if capable := text(line["id"]) != away && len(methods) > 0; line["isMfaCapable"] != capable || line["isMfaRegistered"] != capable {
			t.Errorf("line %v, want capable %t", line, capable)
		}
	}
	if got := v.get("/v1.0/roleManagement/directory/roleAssignments?$expand=principal"); strings.Contains(string(got.raw), "signInActivity") {
		t.Error("signInActivity comes without being selected, with an expanded principal")
	}
}

func TestRolePoliciesHoldTheDocumentedRules(t *testing.T) {
	const list = "/v1.0/policies/roleManagementPolicyAssignments?$filter=scopeId eq '/' and scopeType eq 'DirectoryRole'"
	rules := func(tenant, role string) map[string]map[string]any {
		out := map[string]map[string]any{}
		for _, assignment := range visit(t, tenant).get(list + " and roleDefinitionId eq '" + role + "'&$expand=policy($expand=rules)").values(t) {
			policy, _ := assignment["policy"].(map[string]any)
			items, _ := policy["rules"].([]any)
			for _, item := range items {
				rule, _ := item.(map[string]any)
				out[text(rule["id"])] = rule
			}
		}
		return out
	}
	const global = "62e90394-69f5-4237-9190-012177145e10"
	good, weak := rules("good", global), rules("weak", global)
	if len(good) != 17 || len(weak) != 17 {
		t.Fatalf("%d and %d rules, want the 17 that Microsoft documents", len(good), len(weak))
	}
	for id, want := range map[string][2]any{
		"Expiration_EndUser_Assignment/maximumDuration":                        {"PT2H", "PT24H"},
		"Notification_Admin_EndUser_Assignment/isDefaultRecipientsEnabled":     {true, false},
		"Notification_Requestor_EndUser_Assignment/isDefaultRecipientsEnabled": {true, true},
	} {
		rule, field, _ := strings.Cut(id, "/")
		if got := [2]any{good[rule][field], weak[rule][field]}; got != want {
			t.Errorf("%s = %v, want %v", id, got, want)
		}
	}
	approval := func(of map[string]map[string]any) any {
		setting, _ := of["Approval_EndUser_Assignment"]["setting"].(map[string]any)
		return setting["isApprovalRequired"]
	}
	if approval(good) != true || approval(weak) != false {
		t.Errorf("approval is required: %v and %v, want true and false", approval(good), approval(weak))
	}
	bare := visit(t, "good").get(list + "&$expand=policy").values(t)[0]
	if policy, _ := bare["policy"].(map[string]any); policy["id"] == nil || policy["rules"] != nil {
		t.Errorf("policy expanded without its rules = %v", policy)
	}
}

func TestNoApplicationReadsTermsOfUse(t *testing.T) {
	v := visit(t, "good")
	for _, path := range []string{"agreements", "agreements/70000000-0000-4000-8000-000000000001/acceptances"} {
		if got := v.get("/v1.0/identityGovernance/termsOfUse/" + path); got.status != 403 {
			t.Errorf("GET %s: %d %s, want 403", path, got.status, got.raw)
		}
	}
}
