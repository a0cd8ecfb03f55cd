package simulator_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	roleAssignments = "roleManagement/directory/roleAssignments"
	scheduled       = "roleManagement/directory/roleAssignmentScheduleInstances"
	eligible        = "roleManagement/directory/roleEligibilityScheduleInstances"
	requestAssigned = "roleManagement/directory/roleAssignmentScheduleRequests"
	requestEligible = "roleManagement/directory/roleEligibilityScheduleRequests"

	breakGlass = "b0000000-0000-4000-8000-000000000001"
	adminUser  = "b0000000-0000-4000-8000-000000000005"
	reader     = "5d6b6bb7-de71-4623-b4af-96380a352509"
)

// holdings are the objects of a collection that give the principal the role.
func (v *visitor) holdings(path, principal, role string) []map[string]any {
	v.t.Helper()
	return v.get("/v1.0/" + path + "?$filter=principalId eq '" + principal + "' and roleDefinitionId eq '" + role + "'").values(v.t)
}

// isAdmin is what the report on authentication methods says of the break-glass account.
func (v *visitor) isAdmin() any {
	v.t.Helper()
	got := v.get("/v1.0/reports/authenticationMethods/userRegistrationDetails/" + breakGlass)
	if got.status != http.StatusOK {
		v.t.Fatalf("the registration: %d %s", got.status, got.raw)
	}
	return got.body["isAdmin"]
}

const auditor = "remediator: {permissions: [RoleManagement.ReadWrite.Directory, RoleManagement.Read.Directory, AuditLog.Read.All]}\n"

func TestRoleAssignmentsAreTakenAndGivenBack(t *testing.T) {
	v := remediate(t, "good", auditor)
	old := v.holdings(roleAssignments, breakGlass, administrator)
	if len(old) != 1 || len(v.holdings(scheduled, breakGlass, administrator)) != 1 || v.isAdmin() != true {
		t.Fatalf("the holding to take away: %v", old)
	}
	v.must(http.StatusNoContent, "DELETE", roleAssignments+"/"+text(old[0]["id"]), "")
	if a, s := v.holdings(roleAssignments, breakGlass, administrator), v.holdings(scheduled, breakGlass, administrator); len(a)+len(s) != 0 || v.isAdmin() != false {
		t.Errorf("after the deletion: %v, %v, isAdmin %v", a, s, v.isAdmin())
	}
	if got := v.write("DELETE", roleAssignments+"/"+text(old[0]["id"]), ""); got.status != http.StatusNotFound {
		t.Errorf("deleting it again: %d %s", got.status, got.raw)
	}
	const body = `{"@odata.type": "#microsoft.graph.unifiedRoleAssignment", "principalId": "` + breakGlass + `", "roleDefinitionId": "` + administrator + `", "directoryScopeId": "/"}`
	made := v.must(http.StatusCreated, "POST", roleAssignments, body)
	readSchema(t, "graph-v1.0.csdl.xml").compare(t, "POST roleAssignments", "microsoft.graph.unifiedRoleAssignment", made.body)
	if id := text(made.body["id"]); id == old[0]["id"] || !strings.HasPrefix(id, "lAPpYvVpN0KRkAEhdxReE") || !strings.HasSuffix(id, "-1") {
		t.Errorf("the id is %s, want one made of the role's and the principal's", id)
	}
	now, instance := v.holdings(roleAssignments, breakGlass, administrator), v.holdings(scheduled, breakGlass, administrator)
	if len(now) != 1 || len(instance) != 1 || instance[0]["roleAssignmentOriginId"] != now[0]["id"] || instance[0]["assignmentType"] != "Assigned" || v.isAdmin() != true {
		t.Fatalf("after giving back: %v, %v", now, instance)
	}
	old[0]["id"] = now[0]["id"]
	if diff := cmp.Diff(old[0], now[0]); diff != "" {
		t.Errorf("what was given back differs:\n%s", diff)
	}
	if again := v.write("POST", roleAssignments, body); again.status != http.StatusBadRequest || !strings.HasPrefix(again.message(), "A conflicting object") {
		t.Errorf("assigning it again: %d %s", again.status, again.raw)
	}
	scoped := v.must(http.StatusCreated, "POST", roleAssignments, strings.Replace(body, `"/"`, `"/administrativeUnits/a1000000-0000-4000-8000-000000000001"`, 1))
	if id := text(scoped.body["id"]); len(id) != 66 {
		t.Errorf("the id of a scoped assignment is %s, want the unit's in it too", id)
	}
}

func TestRoleAssignmentsAreRefused(t *testing.T) {
	v := remediate(t, "good", auditor)
	assign := func(name, principal, scope string, status int, code, message string) refusedWrite {
		return refusedWrite{name, "POST", roleAssignments, `{"principalId": "` + principal + `", "roleDefinitionId": "` + reader + `"` + scope + `}`, status, code, message}
	}
	const whole, nobody = `, "directoryScopeId": "/"`, "00000000-0000-4000-8000-0000000000ff"
	v.refuses(roleAssignments, []refusedWrite{
		assign("nobody", nobody, whole, 404, "Request_ResourceNotFound", nobody),
		assign("no scope", adminUser, "", 400, "Request_BadRequest", "directoryScopeId"),
		assign("a group that may not", "90000000-0000-4000-8000-000000000004", whole, 400, "Request_BadRequest", "not assignable to a role"),
		assign("a role by name", adminUser, whole+`, "roleDefinitionId": "Reader"`, 404, "Request_ResourceNotFound", "'Reader'"),
		{"no role", "POST", roleAssignments, `{"principalId": "` + adminUser + `"}`, 400, "Request_BadRequest", "'roleDefinitionId' is missing"},
	})
}

// request is the body of a request to Privileged Identity Management.
func request(action, principal, role, more string) string {
	return `{"action": "` + action + `", "principalId": "` + principal + `", "roleDefinitionId": "` + role + `", "directoryScopeId": "/"` + more + `}`
}

const (
	halfYear  = `, "justification": "Change 4711", "scheduleInfo": {"startDateTime": "2022-04-10T00:00:00Z", "expiration": {"type": "afterDuration", "duration": "P180D"}}`
	permanent = `, "justification": "Change 4711", "scheduleInfo": {"expiration": {"type": "noExpiration"}}`
)

func TestAStandingAssignmentBecomesAnEligibility(t *testing.T) {
	v := remediate(t, "good")
	removed := v.must(http.StatusCreated, "POST", requestAssigned, request("adminRemove", breakGlass, administrator, ""))
	if removed.body["status"] != "Revoked" || removed.body["scheduleInfo"] != nil {
		t.Errorf("the removal is answered with %s", removed.raw)
	}
	if a, s := v.holdings(roleAssignments, breakGlass, administrator), v.holdings(scheduled, breakGlass, administrator); len(a)+len(s) != 0 {
		t.Errorf("the assignment stands: %v, %v", a, s)
	}
	offered := v.must(http.StatusCreated, "POST", requestEligible, request("adminAssign", breakGlass, administrator, halfYear))
	if offered.body["status"] != "Provisioned" || at(offered.body, "scheduleInfo", "startDateTime") != "2026-11-20T15:04:05Z" || offered.body["justification"] != "Change 4711" {
		t.Errorf("the offer is answered with %s", offered.raw)
	}
	schema := readSchema(t, "graph-v1.0.csdl.xml")
	schema.compare(t, "POST roleEligibilityScheduleRequests", "microsoft.graph.unifiedRoleEligibilityScheduleRequest", offered.body)
	schema.compare(t, "POST roleAssignmentScheduleRequests", "microsoft.graph.unifiedRoleAssignmentScheduleRequest", removed.body)
	now := v.holdings(eligible, breakGlass, administrator)
	if len(now) != 1 || now[0]["startDateTime"] != "2026-11-20T15:04:05Z" || now[0]["endDateTime"] != "2027-05-19T15:04:05Z" {
		t.Errorf("the eligibility is %v", now)
	}
	schema.compare(t, "the instance", "microsoft.graph.unifiedRoleEligibilityScheduleInstance", now[0])
	// And back.
	v.must(http.StatusCreated, "POST", requestEligible, request("adminRemove", breakGlass, administrator, ""))
	if now := v.holdings(eligible, breakGlass, administrator); len(now) != 0 {
		t.Errorf("the eligibility stands: %v", now)
	}
	v.must(http.StatusCreated, "POST", requestAssigned, request("adminAssign", breakGlass, reader, `, "justification": "Back", "scheduleInfo": {"expiration": {"type": "afterDateTime", "endDateTime": "2026-12-01T00:00:00Z"}}`))
	if now := v.holdings(scheduled, breakGlass, reader); len(now) != 1 || now[0]["endDateTime"] != "2026-12-01T00:00:00Z" || len(v.holdings(roleAssignments, breakGlass, reader)) != 1 {
		t.Errorf("the assignment is %v", now)
	}
}

func TestAValidationHasNoEffect(t *testing.T) {
	v := remediate(t, "good")
	for _, body := range []string{request("adminRemove", breakGlass, administrator, `, "isValidationOnly": true`), request("adminAssign", adminUser, administrator, halfYear+`, "isValidationOnly": true`)} {
		v.must(http.StatusCreated, "POST", requestAssigned, body)
	}
	if len(v.holdings(scheduled, breakGlass, administrator)) != 1 || len(v.holdings(scheduled, adminUser, administrator)) != 0 {
		t.Error("a validation changed assignments")
	}
}

func TestARoleManagementPolicyBindsAdministrators(t *testing.T) {
	v := remediate(t, "good")
	for _, tt := range []struct{ name, more, failed string }{
		{"permanent", permanent, `["ExpirationRule"]`},
		{"too long, and no reason", `, "scheduleInfo": {"expiration": {"type": "afterDuration", "duration": "P181D"}}`, `["ExpirationRule","JustificationRule"]`},
	} {
		got := v.write("POST", requestAssigned, request("adminAssign", adminUser, administrator, tt.more))
		if got.status != http.StatusBadRequest || got.code() != "RoleAssignmentRequestPolicyValidationFailed" || !strings.HasSuffix(got.message(), tt.failed) {
			t.Errorf("%s: %d %s, want %s", tt.name, got.status, got.raw, tt.failed)
		}
	}
	v.must(http.StatusNoContent, "PATCH", v.rules()+"Expiration_Admin_Assignment", `{"@odata.type": "#microsoft.graph.unifiedRoleManagementPolicyExpirationRule", "isExpirationRequired": false}`)
	v.must(http.StatusCreated, "POST", requestAssigned, request("adminAssign", adminUser, administrator, permanent))
	if now := v.holdings(scheduled, adminUser, administrator); len(now) != 1 || now[0]["endDateTime"] != nil {
		t.Errorf("the permanent assignment is %v", now)
	}
}

func TestScheduleRequestsAreRefused(t *testing.T) {
	v := remediate(t, "good")
	post := func(name, body string, status int, code, message string) refusedWrite {
		return refusedWrite{name, "POST", requestEligible, body, status, code, message}
	}
	const nobody, held = "00000000-0000-4000-8000-0000000000ff", "b0000000-0000-4000-8000-000000000003"
	v.refuses(eligible, []refusedWrite{
		post("one that is held", request("adminAssign", held, administrator, halfYear), 400, "RoleAssignmentExists", "The Role assignment already exists."),
		post("removing what isn't held", request("adminRemove", adminUser, administrator, ""), 400, "RoleAssignmentDoesNotExist", "The Role assignment does not exist."),
		post("another action", request("adminExtend", held, administrator, ""), 400, "Request_BadRequest", "adminExtend"),
		post("no action", request("adminGive", held, administrator, ""), 400, "Request_BadRequest", "unifiedRoleScheduleRequestActions"),
		post("nobody", request("adminAssign", nobody, administrator, halfYear), 404, "Request_ResourceNotFound", nobody),
		post("no schedule", request("adminAssign", adminUser, administrator, ""), 400, "Request_BadRequest", "scheduleInfo"),
		post("no duration", request("adminAssign", adminUser, administrator, `, "scheduleInfo": {"expiration": {"type": "afterDuration"}}`), 400, "Request_BadRequest", "needs a duration"),
		post("an end in the past", request("adminAssign", adminUser, administrator, `, "scheduleInfo": {"expiration": {"type": "afterDateTime", "endDateTime": "2020-01-01T00:00:00Z"}}`), 400, "Request_BadRequest", "needs an endDateTime"),
		post("a status", request("adminRemove", held, administrator, `, "status": "Granted"`), 400, "Request_BadRequest", "read-only"),
	})
	remover := remediate(t, "good", "remediator: {permissions: [RoleEligibilitySchedule.Remove.Directory]}\n")
	if got := remover.write("POST", requestEligible, request("adminAssign", adminUser, administrator, halfYear)); got.status != http.StatusForbidden {
		t.Errorf("assigning with the right to remove: %d %s", got.status, got.raw)
	}
	remover.must(http.StatusCreated, "POST", requestEligible, request("adminRemove", held, administrator, ""))
}
