package remediation_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/internal/golden"
	"github.com/domicile-audit/domicile/remediation"
)

func TestBuild(t *testing.T) {
	sources := newTenant().sources(t)
	plan := build(t, sources)
	golden.Check(t, "testdata/plan.json", file(t, plan))
	if again := file(t, build(t, sources)); !bytes.Equal(again, file(t, plan)) {
		t.Error("the same input gives another plan")
	}
	read, err := remediation.Decode(file(t, plan))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(plan, read); diff != "" {
		t.Errorf("the plan that is read differs (-written +read):\n%s", diff)
	}
}

func TestPlanFollowsItsSchema(t *testing.T) {
	parse := func(data []byte) any {
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("plan.schema.json", parse(remediation.Schema())); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("plan.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	good := file(t, build(t, newTenant().sources(t)))
	if err := schema.Validate(parse(good)); err != nil {
		t.Error(err)
	}
	for _, change := range [][2]string{{`"risk": "high"`, `"risk": "none"`}, {`"author"`, `"writer"`}, {`"method": "PATCH"`, `"method": "GET"`}} {
		if bad := bytes.Replace(good, []byte(change[0]), []byte(change[1]), 1); schema.Validate(parse(bad)) == nil {
			t.Errorf("the schema takes %s", change[1])
		}
	}
}

// TestGuards tries each guard with a violation whose change it must keep out of the plan.
func TestGuards(t *testing.T) {
	role := func(id string) found {
		return found{"CONS1011", "remove_application_permission", "app_role_assignment", id}
	}
	tests := []struct {
		name      string
		violation found
		says      string
	}{
		{"the application that read the evidence", role("role-reader"), "the application that runs domicile"},
		{"the application that applies the plan", role("role-writer"), "the application that runs domicile"},
		{"a permission of Microsoft's own application", role("role-microsoft"), "Microsoft's own application"},
		{"a grant of Microsoft's own application", found{"CONS1010", "remove_tenant_wide_grant", "oauth2_permission_grant", "grant-microsoft"}, "Microsoft's own application"},
		{"an application that was not read", role("role-gone"), `"sp-gone" is not in the evidence`},
		{"a grant of one user", found{"CONS1010", "remove_tenant_wide_grant", "oauth2_permission_grant", "grant-own"}, "not a grant for all users"},
		{"a grant that is not there", found{"CONS1010", "remove_tenant_wide_grant", "oauth2_permission_grant", "unnamed"}, "is not in the evidence"},
		{"an account for emergencies", found{"ROLE1017", "remove_role_assignment", "user", "u-emergency"}, "kept for emergencies"},
		{"a role of the application that applies the plan", found{"ROLE1017", "remove_role_assignment", "service_principal", "sp-writer"}, "the application that runs domicile"},
		{"an account that is enabled", found{"ROLE1017", "remove_role_assignment", "user", "u-admin"}, "doesn't say of the account"},
		{"a role whose settings were not read", found{"ROLE1010", "alert_on_role_activation", "role", "r-security"}, "doesn't have the role's settings"},
		{"a role through a group", found{"ROLE1017", "remove_role_assignment", "user", "u1"}, "holds no role directly"},
		{"an action of a newer program", found{"GEO1002", "move_geo", "geo", "xdr:storage"}, `knows no action "move_geo"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			plan := build(t, newTenant().sources(t, tt.violation))
			if len(plan.Changes) != 0 || len(plan.Steps) != 1 || !strings.Contains(plan.Steps[0].Unplanned, tt.says) {
				t.Errorf("Build() = %d changes, steps %+v, want one step that says %q", len(plan.Changes), plan.Steps, tt.says)
			}
		})
	}
}

// TestGuardOfTheConfiguredRemediator knows the remediator by the parameter as well.
func TestGuardOfTheConfiguredRemediator(t *testing.T) {
	sources := newTenant().sources(t, found{"CONS1011", "remove_application_permission", "app_role_assignment", "role-risky"})
	sources.Result.Params["remediator_app_id"] = "APP-RISKY"
	if plan := build(t, sources); len(plan.Changes) != 0 {
		t.Errorf("a change takes a permission from the application of remediator_app_id: %+v", plan.Changes)
	}
	sources.Result.Params = object{"first_party_tenants": []any{foreignOrg}}
	if plan := build(t, sources); len(plan.Changes) != 0 {
		t.Errorf("a change takes a permission from an application of first_party_tenants: %+v", plan.Changes)
	}
}

func TestMaxChanges(t *testing.T) {
	sources, most := newTenant().sources(t), heading()
	most.MaxChanges = 2
	plan, err := remediation.Build(sources, most)
	if err != nil {
		t.Fatal(err)
	}
	left := slices.DeleteFunc(slices.Clone(plan.Steps), func(s remediation.Step) bool { return !strings.Contains(s.Unplanned, "allowed in one plan") })
	mended := func(plan *remediation.Plan) (fingerprints []string) {
		for _, change := range plan.Changes {
			for _, mends := range change.Mends {
				fingerprints = append(fingerprints, mends.Fingerprint)
			}
		}
		slices.Sort(fingerprints)
		return slices.Compact(fingerprints)
	}
	if want := len(mended(build(t, sources))) - len(mended(plan)); len(plan.Changes) != 2 || len(left) != want || want == 0 {
		t.Errorf("Build() = %d changes and %d violations that are left, want 2 and %d", len(plan.Changes), len(left), want)
	}
}

// TestGuardOfAdministrators keeps the last Global Administrator, and every account where
// nobody has said which are kept for emergencies.
func TestGuardOfAdministrators(t *testing.T) {
	violation := found{"ROLE1017", "remove_role_assignment", "user", "u-left"}
	tenant := newTenant()
	sources := tenant.sources(t, violation)
	if plan := build(t, sources); len(plan.Changes) != 2 {
		t.Errorf("Build() = %+v, want a change for each role", plan.Changes)
	}
	delete(sources.Result.Params, "break_glass_accounts")
	if plan := build(t, sources); len(plan.Changes) != 0 || !strings.Contains(plan.Steps[0].Unplanned, "name them in break_glass_accounts") {
		t.Errorf("Build() without break_glass_accounts = %+v", plan)
	}
	for name, other := range map[string]object{
		"disabled": {"principal": account("u-admin", false)}, "in a unit": {"directoryScopeId": "/administrativeUnits/a"},
		"deleted": {"principal": nil}, "an application": {"principal": object{"@odata.type": "#microsoft.graph.servicePrincipal", "accountEnabled": true}},
		"itself": {"principalId": "u-left", "principal": account("u-left", false)}, "another role": {"roleDefinitionId": "r-security"},
	} {
		tenant := newTenant()
		maps.Copy(tenant.collections[roleAssignments][5], other)
		if plan := build(t, tenant.sources(t, violation)); len(plan.Changes) != 0 || !strings.Contains(plan.Steps[0].Unplanned, "no other enabled person") {
			t.Errorf("Build() with the other administrator %s = %+v", name, plan)
		}
	}
}

// TestDataLocation sets the one location that is allowed, of what the cloud masters.
func TestDataLocation(t *testing.T) {
	tests := []struct {
		name    string
		id      string
		allowed any
		want    string
		says    string
	}{
		{"a user", "u1", []any{"EUR"}, "PATCH users/u1 {\"preferredDataLocation\":\"EUR\"}", ""},
		{"several locations", "u1", []any{"EUR", "DEU"}, "", "names 2 locations"},
		{"no parameter", "u1", nil, "", "names 0 locations"},
		{"a synchronised user", "u2", []any{"EUR"}, "", "it is synchronised"},
		{"an account for emergencies", "u-emergency", []any{"EUR"}, "", "kept for emergencies"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tenant := newTenant()
			tenant.collections["users"] = []object{{"id": "u1", "preferredDataLocation": "NAM"}, {"id": "u2", "preferredDataLocation": "NAM", "onPremisesSyncEnabled": true}, {"id": "u-emergency"}}
			sources := tenant.sources(t, found{"GEO1009", "set_user_data_location", "user", tt.id})
			sources.Result.Params["preferred_data_locations"] = tt.allowed
			plan := build(t, sources)
			if tt.want == "" {
				if len(plan.Changes) != 0 || !strings.Contains(plan.Steps[0].Unplanned, tt.says) {
					t.Errorf("Build() = %+v, want a step that says %q", plan, tt.says)
				}
				return
			}
			if request := plan.Changes[0].Request; request.Method+" "+request.Path+" "+string(request.Body) != tt.want {
				t.Errorf("Build() = %+v, want %s", request, tt.want)
			}
		})
	}
}

// TestUserConsent sets what the parameter allows, and leaves the policies on what users own.
func TestUserConsent(t *testing.T) {
	owned := "ManagePermissionGrantsForOwnedResource.microsoft-dynamically-managed-permissions-for-team"
	for value, want := range map[any][]string{
		"none":              {owned},
		"low":               {"ManagePermissionGrantsForSelf.microsoft-user-default-low", owned},
		"microsoft_managed": {"ManagePermissionGrantsForSelf.microsoft-user-default-recommended", owned},
		nil:                 nil,
	} {
		sources := newTenant().sources(t, found{"CONS1005", "restrict_user_consent", "tenant", tenantID})
		sources.Result.Params["user_consent"] = value
		plan := build(t, sources)
		if want == nil {
			if len(plan.Changes) != 0 {
				t.Errorf("a change without the parameter: %+v", plan.Changes)
			}
			continue
		}
		var after struct {
			Permissions struct {
				Assigned []string `json:"permissionGrantPoliciesAssigned"`
			} `json:"defaultUserRolePermissions"`
		}
		if err := json.Unmarshal(plan.Changes[0].Request.Body, &after); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, after.Permissions.Assigned); diff != "" {
			t.Errorf("user_consent %v assigns (-want +got):\n%s", value, diff)
		}
	}
}

// TestWorkflowKeepsReviewers changes nothing of a workflow but what is wrong with it.
func TestWorkflowKeepsReviewers(t *testing.T) {
	tenant := newTenant()
	tenant.single["policies/adminConsentRequestPolicy"] = object{
		"isEnabled": true, "notifyReviewers": true, "remindersEnabled": false, "requestDurationInDays": 45,
		"reviewers": []any{object{"query": "/users/u1", "queryType": "MicrosoftGraph", "queryRoot": nil}},
	}
	violation := found{"CONS1008", "turn_on_admin_consent_workflow", "tenant", tenantID}
	plan := build(t, tenant.sources(t, violation))
	want := `{"isEnabled":true,"notifyReviewers":true,"remindersEnabled":true,"requestDurationInDays":30,"reviewers":[{"query":"/users/u1","queryType":"MicrosoftGraph","queryRoot":null}]}`
	if got := string(plan.Changes[0].Request.Body); got != want {
		t.Errorf("the body is %s, want %s", got, want)
	}
	if err := tenant.carryOut(plan.Changes[0].Request); err != nil {
		t.Fatal(err)
	}
	plan = build(t, tenant.sources(t, violation))
	if len(plan.Changes) != 0 || !strings.Contains(plan.Steps[0].Unplanned, "set already") {
		t.Errorf("a violation that the action can't mend gives %+v, %+v", plan.Changes, plan.Steps)
	}
}

func TestBuildLeavesWaivedFindings(t *testing.T) {
	sources := newTenant().sources(t)
	for i := range sources.Result.Findings {
		sources.Result.Findings[i].Outcome = findings.Waived
	}
	if plan := build(t, sources); len(plan.Changes)+len(plan.Steps) != 0 {
		t.Errorf("what is waived is planned for: %+v", plan)
	}
}

func TestBuildRefusesOtherEvidence(t *testing.T) {
	sources := newTenant().sources(t)
	other := newTenant()
	other.collections["users"] = nil
	sources.Bundle = other.collect(t)
	if _, err := remediation.Build(sources, heading()); err == nil || !strings.Contains(err.Error(), "name the bundle that was judged") {
		t.Errorf("Build() with other evidence = %v", err)
	}
}

// TestWritesAreAClosedList holds the requests that may ever be sent against a list that is
// written down here again, so that none is added in passing.
func TestWritesAreAClosedList(t *testing.T) {
	want := []string{
		"DELETE oauth2PermissionGrants/*",
		"DELETE roleManagement/directory/roleAssignments/*",
		"DELETE servicePrincipals/*/appRoleAssignedTo/*",
		"PATCH groups/* preferredDataLocation",
		"PATCH policies/authorizationPolicy defaultUserRolePermissions",
		"PATCH policies/defaultAppManagementPolicy isEnabled applicationRestrictions",
		"PATCH policies/roleManagementPolicies/*/rules/* @odata.type id isDefaultRecipientsEnabled notificationLevel notificationRecipients notificationType recipientType target",
		"PATCH policies/roleManagementPolicies/*/rules/* @odata.type id setting target",
		"PATCH security/identities/healthIssues/* status",
		"PATCH users/* preferredDataLocation",
		"POST oauth2PermissionGrants clientId consentType principalId resourceId scope",
		"POST roleManagement/directory/roleAssignments principalId roleDefinitionId directoryScopeId",
		"POST roleManagement/directory/roleEligibilityScheduleRequests action principalId roleDefinitionId directoryScopeId justification scheduleInfo",
		"POST servicePrincipals/*/appRoleAssignedTo principalId resourceId appRoleId",
		"POST users/*/assignLicense addLicenses removeLicenses",
		"PUT policies/adminConsentRequestPolicy isEnabled notifyReviewers remindersEnabled requestDurationInDays reviewers",
	}
	var got []string
	for _, action := range remediation.Actions() {
		for _, pattern := range action.Writes {
			got = append(got, strings.TrimSpace(pattern.Method+" "+pattern.Path+" "+strings.Join(pattern.Members, " ")))
		}
	}
	slices.Sort(got)
	got = slices.Compact(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what actions send differs (-want +got):\n%s", diff)
	}
	for _, request := range [][2]string{
		{"DELETE", "oauth2PermissionGrants"},
		{"DELETE", "oauth2PermissionGrants/"},
		{"DELETE", "oauth2PermissionGrants/a/b"},
		{"DELETE", "oauth2PermissionGrants/a?b"},
		{"DELETE", "oauth2PermissionGrants/.."},
		{"DELETE", "oauth2PermissionGrants/%2e%2e"},
		{"DELETE", "servicePrincipals/a"},
		{"DELETE", "servicePrincipals/a/appRoleAssignedTo/b\n"},
		{"PATCH", "/policies/authorizationPolicy"},
		{"PATCH", "beta/policies/authorizationPolicy"},
		{"patch", "policies/authorizationPolicy"},
		{"GET", "policies/authorizationPolicy"},
		{"DELETE", "organization/a"},
	} {
		if remediation.Writes(request[0], request[1]) {
			t.Errorf("Writes(%q, %q) = true", request[0], request[1])
		}
	}
}

// TestManyViolations reads a plan again that leaves ten thousands of violations to people.
func TestManyViolations(t *testing.T) {
	plan := build(t, newTenant().sources(t))
	step := plan.Steps[0]
	for i := range 30_000 {
		step.Resource.ID = fmt.Sprint(i)
		plan.Steps = append(plan.Steps, step)
	}
	if read, err := remediation.Decode(file(t, plan)); err != nil || len(read.Steps) != len(plan.Steps) {
		t.Errorf("Decode() of a plan of %d MiB: %v", len(file(t, plan))>>20, err)
	}
}

// TestOddEvidence makes a step of what can't be read, and plans for the rest.
func TestOddEvidence(t *testing.T) {
	for name, change := range map[string]func(*tenant){
		"a principal that is no object":  func(t *tenant) { t.collections[roleAssignments][0]["principal"] = "u-left" },
		"an end that is a number":        func(t *tenant) { t.collections[roleSchedules][0]["endDateTime"] = 7 },
		"a location that is a list":      func(t *tenant) { t.collections["users"][0]["preferredDataLocation"] = []any{} },
		"rules that are no list":         func(t *tenant) { t.single[roleRules+"Expiration_Admin_Eligibility"]["isExpirationRequired"] = "yes" },
		"units that are a text":          func(t *tenant) { t.collections["subscribedSkus"][0]["consumedUnits"] = "many" },
		"a sensor's name that is a list": func(t *tenant) { t.collections[sensors][0]["displayName"] = []any{"DC01"} },
		"restrictions that are a list": func(t *tenant) {
			t.single["policies/defaultAppManagementPolicy"]["applicationRestrictions"] = []any{}
		},
	} {
		tenant := newTenant()
		change(tenant)
		violations := newTenant().violations()
		plan, err := remediation.Build(tenant.sources(t, violations...), heading())
		if err != nil || len(plan.Changes) < allChanges/2 || len(plan.Changes) == allChanges {
			t.Errorf("%s: Build() = %v", name, err)
		}
	}
}

// TestOddIDs plans nothing for an account whose id would be more than an id where it is read.
func TestOddIDs(t *testing.T) {
	for _, odd := range []string{"u' or principalId ne '", "u'&$top=0", "u#", "../u", "u%2f", "ü", ""} {
		tenant := newTenant()
		tenant.collections[roleAssignments][0]["principalId"] = odd
		tenant.collections[roleSchedules][0]["principalId"] = odd
		tenant.user("u-standing")["id"] = odd
		for _, violation := range []found{{"ROLE1017", "remove_role_assignment", "user", odd}, {"ROLE1005", "make_role_eligible", "user", odd}} {
			plan := build(t, tenant.sources(t, violation))
			if len(plan.Changes) != 0 || !strings.Contains(plan.Steps[0].Unplanned, "can't be part of a request") {
				t.Errorf("Build() for %q = %+v", odd, plan)
			}
		}
	}
}

func TestActionsAreWhole(t *testing.T) {
	actions := remediation.Actions()
	if !slices.IsSortedFunc(actions, func(a, b remediation.Action) int { return strings.Compare(a.ID, b.ID) }) {
		t.Error("the actions are not sorted by id")
	}
	for _, action := range actions {
		if action.Title == "" || action.Permission == "" || len(action.Reads) == 0 || len(action.Writes) == 0 || action.Risk == "" {
			t.Errorf("the action %s lacks something: %+v", action.ID, action)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	good := string(file(t, build(t, newTenant().sources(t))))
	tests := []struct{ name, old, new, says string }{
		{"a newer version", `"version": 1,`, `"version": 2,`, "use the domicile that wrote it"},
		{"no version", `"version": 1,`, ``, "no format version"},
		{"an unknown field", `"author"`, `"writer"`, "unknown field"},
		{"something behind it", "\n}\n", "\n}\n{}", "after top-level value"},
		{"another request", `"path": "oauth2PermissionGrants/grant-all"`, `"path": "organization/grant-all"`, "doesn't send"},
		{"another undoing", `"path": "oauth2PermissionGrants",`, `"path": "users",`, "doesn't send"},
		{"another grant under the same id", `"path": "oauth2PermissionGrants/grant-all"`, `"path": "oauth2PermissionGrants/grant-other"`, "its id would be"},
		{"another member in a body", `"isEnabled": true,`, `"isEnabled": true, "version": 2,`, "doesn't send"},
		{"an unknown action", `"action": "remove_tenant_wide_grant"`, `"action": "remove"`, "is unknown"},
		{"a lie about undoing", `"reversible": true`, `"reversible": false`, "reversible exactly"},
		{"more than allowed", fmt.Sprintf(`"maxChanges": %d`, allChanges), `"maxChanges": 1`, "maxChanges is 1"},
		{"no tenant", `"id": "` + tenantID + `"`, `"id": ""`, "of which tenant"},
		{"an end before the beginning", `"expires": "2026-11-24`, `"expires": "2026-11-20`, "before it was made"},
		{"no JSON", "{", "", "invalid character"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bad := strings.Replace(good, tt.old, tt.new, 1)
			if bad == good {
				t.Fatalf("the plan has no %s", tt.old)
			}
			if _, err := remediation.Decode([]byte(bad)); err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("Decode() = %v, want an error that says %q", err, tt.says)
			}
		})
	}
}

// FuzzDecode holds that what is read is written as it was read, and holds no other request.
func FuzzDecode(f *testing.F) {
	f.Add(file(f, build(f, newTenant().sources(f))))
	f.Add([]byte(`{"version":1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		plan, err := remediation.Decode(data)
		if err != nil {
			return
		}
		for _, change := range plan.Changes {
			if !remediation.Writes(change.Request.Method, change.Request.Path) {
				t.Errorf("a plan that is read sends %s %s", change.Request.Method, change.Request.Path)
			}
		}
		written := file(t, plan)
		again, err := remediation.Decode(written)
		if err != nil {
			t.Fatalf("what Write wrote can't be read: %v", err)
		}
		if !bytes.Equal(written, file(t, again)) {
			t.Error("a plan that is read twice differs")
		}
	})
}
