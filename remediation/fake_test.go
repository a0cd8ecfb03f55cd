package remediation_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/remediation"
)

const (
	tenantID   = "3f0c1d7e-0000-4000-8000-000000000001"
	readerApp  = "8d1f0000-0000-4000-8000-000000000001"
	writerApp  = "8d1f0000-0000-4000-8000-000000000002"
	microsoft  = "f8cdef31-a31e-4b4a-93e4-5f571e91255a"
	foreignOrg = "f0e10000-0000-4000-8000-0000000000aa"
	graphSP    = "sp-graph"
	riskySP    = "sp-risky"
)

var now = time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)

type object = map[string]any

const roleAssignments = "roleManagement/directory/roleAssignments"

const (
	roleSchedules     = "roleManagement/directory/roleAssignmentScheduleInstances"
	sensors           = "security/identities/sensors"
	healthIssues      = "security/identities/healthIssues"
	roleEligibilities = "roleManagement/directory/roleEligibilityScheduleInstances"
	eligibility       = "roleManagement/directory/roleEligibilityScheduleRequests"

	rolePolicies = "policies/roleManagementPolicyAssignments"
	roleRules    = "policies/roleManagementPolicies/DirectoryRole_t_p/rules/"
	alerts       = roleRules + "Notification_"
)

// allChanges is how many changes mend what newTenant violates.
const allChanges = 18

// notification is the rule of a role's policy that says who is told of something: nobody.
func notification(of string) object {
	return object{
		"@odata.type": "#microsoft.graph.unifiedRoleManagementPolicyNotificationRule", "id": "Notification_" + of,
		"isDefaultRecipientsEnabled": false, "notificationLevel": "All", "notificationRecipients": []any{}, "notificationType": "Email", "recipientType": "Admin",
		"target": object{"caller": "Admin", "operations": []any{"All"}, "level": "Assignment"},
	}
}

const (
	globalAdmin = "62e90394-69f5-4237-9190-012177145e10"
	userAdmin   = "fe930be7-5e62-47db-91af-98c3a49a38b1"
	premiumP2   = "eec0eb4f-6444-4f95-aba0-50c24d67f998"
	endpoint    = "871d91ec-ec1a-452b-a83f-bd76c7d770ef"
)

// product is a licence of which the tenant has some units, with a plan.
func product(id string, bought, consumed int, plans ...string) object {
	services := []any{}
	for _, plan := range plans {
		services = append(services, object{"servicePlanId": plan, "provisioningStatus": "Success", "appliesTo": "User"})
	}
	return object{
		"id": "t_" + id, "skuId": id, "skuPartNumber": "Name of " + id, "appliesTo": "User", "capabilityStatus": "Enabled",
		"consumedUnits": consumed, "prepaidUnits": object{"enabled": bought, "warning": 0}, "servicePlans": services,
	}
}

// standing is the instance of a role that an enabled person holds for good.
func standing(id, role string) object {
	return object{
		"id": "instance-" + id, "principalId": id, "roleDefinitionId": role, "directoryScopeId": "/", "assignmentType": "Assigned", "memberType": "Direct",
		"startDateTime": nil, "endDateTime": nil, "roleAssignmentOriginId": "ra-" + id, "principal": account(id, true),
	}
}

func account(id string, enabled bool) object {
	return object{"@odata.type": "#microsoft.graph.user", "id": id, "displayName": "Name of " + id, "accountEnabled": enabled}
}

// tenant is a tenant that obeys Microsoft Graph's documented requests, as far as the actions
// send them. It is a remediation.Target.
type tenant struct {
	single      map[string]object
	collections map[string][]object
	writes      []remediation.Request
	reads       int
	created     int
	// fault, if set, is asked before each write and after it.
	fault func(request remediation.Request, after bool) error
	id    string
	app   string
}

// newTenant is a tenant with everything in it that the first rules forbid.
func newTenant() *tenant {
	return &tenant{
		id: tenantID, app: writerApp,
		single: map[string]object{
			"policies/authorizationPolicy": {
				"id": "authorizationPolicy", "allowUserConsentForRiskyApps": false,
				"defaultUserRolePermissions": object{"allowedToCreateApps": true, "permissionGrantPoliciesAssigned": []any{
					"managePermissionGrantsForSelf.microsoft-user-default-legacy", "ManagePermissionGrantsForOwnedResource.microsoft-dynamically-managed-permissions-for-team",
				}},
			},
			alerts + "Admin_Admin_Assignment":   notification("Admin_Admin_Assignment"),
			alerts + "Admin_Admin_Eligibility":  notification("Admin_Admin_Eligibility"),
			alerts + "Admin_EndUser_Assignment": notification("Admin_EndUser_Assignment"),
			roleRules + "Approval_EndUser_Assignment": {
				"@odata.type": "#microsoft.graph.unifiedRoleManagementPolicyApprovalRule", "id": "Approval_EndUser_Assignment",
				"target":  object{"caller": "EndUser", "operations": []any{"All"}, "level": "Assignment"},
				"setting": object{"isApprovalRequired": false, "approvalMode": "SingleStage", "isRequestorJustificationRequired": true, "approvalStages": []any{}},
			},
			roleRules + "Expiration_Admin_Eligibility": {
				"@odata.type": "#microsoft.graph.unifiedRoleManagementPolicyExpirationRule", "id": "Expiration_Admin_Eligibility",
				"isExpirationRequired": true, "maximumDuration": "P365D",
			},
			"policies/defaultAppManagementPolicy": {
				"policyType": "default", "id": "00000000-0000-0000-0000-000000000000", "isEnabled": false,
				"applicationRestrictions": object{
					"keyCredentials":      []any{object{"restrictionType": "asymmetricKeyLifetime", "state": "enabled", "maxLifetime": "P90D", "restrictForAppsCreatedAfterDateTime": "2026-01-01T00:00:00Z"}},
					"passwordCredentials": []any{},
				},
			},
			"policies/adminConsentRequestPolicy": {
				"isEnabled": false, "notifyReviewers": false, "remindersEnabled": false, "requestDurationInDays": 0, "reviewers": []any{}, "version": 0,
			},
		},
		collections: map[string][]object{
			"users": {
				{"id": "u1", "displayName": "Ada", "preferredDataLocation": "NAM"},
				{"id": "u2"},
				{"id": "u3", "displayName": "Grace", "accountEnabled": true},
				{"id": "u4", "displayName": "Lin", "usageLocation": "DE", "assignedLicenses": []any{object{"skuId": "sku-mail", "disabledPlans": []any{"a", "b"}}}},
				{"id": "u5", "displayName": "Rosa", "usageLocation": "DE", "assignedLicenses": []any{}},
				{"id": "u-standing", "assignedPlans": []any{object{"servicePlanId": premiumP2, "capabilityStatus": "Enabled"}}},
			},
			"groups": {{"id": "g1", "displayName": "Sales", "preferredDataLocation": "NAM", "onPremisesSyncEnabled": nil}},
			"servicePrincipals": {
				{"id": riskySP, "appId": "app-risky", "displayName": "Free calendar", "appOwnerOrganizationId": foreignOrg},
				{"id": "sp-reader", "appId": readerApp, "displayName": "domicile (reads)", "appOwnerOrganizationId": tenantID},
				{"id": "sp-writer", "appId": writerApp, "displayName": "domicile (writes)", "appOwnerOrganizationId": tenantID},
				{"id": "sp-microsoft", "appId": "app-microsoft", "displayName": "Microsoft's", "appOwnerOrganizationId": strings.ToUpper(microsoft)},
				{"id": "sp-old", "appId": "app-old", "displayName": "Old", "appOwnerOrganizationId": nil},
			},
			roleAssignments: {
				{"id": "ra-left-1", "principalId": "u-left", "roleDefinitionId": globalAdmin, "directoryScopeId": "/", "principal": account("u-left", false)},
				{"id": "ra-left-2", "principalId": "u-left", "roleDefinitionId": "r-security", "directoryScopeId": "/administrativeUnits/a", "principal": account("u-left", false)},
				{"id": "ra-deleted", "principalId": "u-deleted", "roleDefinitionId": "r-security", "directoryScopeId": "/", "principal": nil},
				{"id": "ra-emergency", "principalId": "u-emergency", "roleDefinitionId": globalAdmin, "directoryScopeId": "/", "principal": account("u-emergency", false)},
				{"id": "ra-sp", "principalId": "sp-writer", "roleDefinitionId": "r-security", "directoryScopeId": "/", "principal": object{"@odata.type": "#microsoft.graph.servicePrincipal", "accountEnabled": false}},
				{"id": "ra-admin", "principalId": "u-admin", "roleDefinitionId": globalAdmin, "directoryScopeId": "/", "principal": account("u-admin", true)},
				{"id": "ra-u-standing", "principalId": "u-standing", "roleDefinitionId": userAdmin, "directoryScopeId": "/", "principal": account("u-standing", true)},
			},
			roleSchedules:     {standing("u-standing", userAdmin), standing("u-admin", globalAdmin)},
			roleEligibilities: {},
			sensors:           {{"id": "sensor-1", "displayName": "DC01", "domainName": "corp.contoso.com", "deploymentStatus": "upToDate", "healthStatus": "healthy", "openHealthIssuesCount": 0}},
			healthIssues:      {{"id": "issue-stale", "displayName": "Sensor stopped communicating", "healthIssueType": "sensor", "status": "open", "sensorDNSNames": []any{"dc01.corp.contoso.com"}}},
			"subscribedSkus":  {product("sku-e5", 10, 4, premiumP2, endpoint, "mail"), product("sku-p2", 5, 5, premiumP2), product("sku-mde", 3, 1, endpoint)},
			"oauth2PermissionGrants": {
				{"id": "grant-own", "clientId": riskySP, "consentType": "Principal", "principalId": "u1", "resourceId": graphSP, "scope": "Mail.Read"},
				{"id": "grant-all", "clientId": riskySP, "consentType": "AllPrincipals", "principalId": nil, "resourceId": graphSP, "scope": " Mail.ReadWrite User.Read"},
				{"id": "grant-other", "clientId": riskySP, "consentType": "AllPrincipals", "principalId": nil, "resourceId": graphSP, "scope": "openid"},
				{"id": "grant-microsoft", "clientId": "sp-microsoft", "consentType": "AllPrincipals", "principalId": nil, "resourceId": graphSP, "scope": "Mail.ReadWrite"},
			},
			"servicePrincipals/" + graphSP + "/appRoleAssignedTo": {
				{"id": "role-risky", "principalId": riskySP, "resourceId": graphSP, "appRoleId": "r1", "principalDisplayName": "Free calendar"},
				{"id": "role-other", "principalId": riskySP, "resourceId": graphSP, "appRoleId": "r2"},
				{"id": "role-reader", "principalId": "sp-reader", "resourceId": graphSP, "appRoleId": "r1"},
				{"id": "role-writer", "principalId": "sp-writer", "resourceId": graphSP, "appRoleId": "r1"},
				{"id": "role-microsoft", "principalId": "sp-microsoft", "resourceId": graphSP, "appRoleId": "r1"},
				{"id": "role-gone", "principalId": "sp-gone", "resourceId": graphSP, "appRoleId": "r1"},
			},
		},
	}
}

func (t *tenant) Tenant() string { return t.id }
func (t *tenant) App() string    { return t.app }

func raw(value any) json.RawMessage {
	data, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return data
}

func (t *tenant) Get(_ context.Context, path string) (json.RawMessage, error) {
	t.reads++
	path, _, _ = strings.Cut(path, "?")
	if found, ok := t.single[path]; ok {
		return raw(found), nil
	}
	collection, id := cutLast(path)
	for _, found := range t.collections[collection] {
		if found["id"] == id {
			return raw(found), nil
		}
	}
	return nil, &remediation.RefusalError{Status: http.StatusNotFound, Code: "Request_ResourceNotFound", Message: "not there"}
}

func cutLast(path string) (before, after string) {
	at := strings.LastIndex(path, "/")
	if at < 0 {
		return "", path
	}
	return path[:at], path[at+1:]
}

func (t *tenant) List(_ context.Context, path string) iter.Seq2[json.RawMessage, error] {
	t.reads++
	path, query, _ := strings.Cut(path, "?")
	query, _, _ = strings.Cut(query, "&")
	filter, filtered := strings.CutPrefix(query, "$filter=")
	name, value, _ := strings.Cut(filter, " eq ")
	return func(yield func(json.RawMessage, error) bool) {
		for _, found := range t.collections[path] {
			asked := !filtered || found[name] == strings.Trim(value, "'")
			if asked && !yield(raw(found), nil) {
				return
			}
		}
	}
}

func (t *tenant) Write(_ context.Context, request remediation.Request) (remediation.Response, error) {
	if t.fault != nil {
		if err := t.fault(request, false); err != nil {
			return remediation.Response{}, err
		}
	}
	t.writes = append(t.writes, request)
	if err := t.carryOut(request); err != nil {
		return remediation.Response{}, err
	}
	if t.fault != nil {
		if err := t.fault(request, true); err != nil {
			return remediation.Response{}, err
		}
	}
	return remediation.Response{Status: http.StatusNoContent, RequestID: fmt.Sprintf("request-%d", len(t.writes))}, nil
}

func (t *tenant) carryOut(request remediation.Request) error {
	var body object
	if len(request.Body) > 0 {
		if err := json.Unmarshal(request.Body, &body); err != nil {
			return err
		}
	}
	switch request.Method {
	case http.MethodPatch, http.MethodPut:
		collection, id := cutLast(request.Path)
		for _, found := range t.collections[collection] {
			if found["id"] == id {
				merge(found, body)
				return nil
			}
		}
		merge(t.single[request.Path], body)
	case http.MethodPost:
		t.created++
		if request.Path == eligibility {
			return t.request(body)
		}
		if user, ok := strings.CutSuffix(request.Path, "/assignLicense"); ok {
			return t.assign(strings.TrimPrefix(user, "users/"), body)
		}
		body["id"] = fmt.Sprintf("created-%d", t.created)
		if id, _ := body["principalId"].(string); request.Path == roleAssignments {
			body["principal"] = account(id, id == "u-standing")
			instance := standing(id, body["roleDefinitionId"].(string))
			instance["id"], instance["roleAssignmentOriginId"] = "instance-"+body["id"].(string), body["id"]
			if id == "u-standing" {
				t.collections[roleSchedules] = append(t.collections[roleSchedules], instance)
			}
		}
		t.collections[request.Path] = append(t.collections[request.Path], body)
	case http.MethodDelete:
		collection, id := cutLast(request.Path)
		t.collections[roleSchedules] = slices.DeleteFunc(t.collections[roleSchedules], func(o object) bool { return o["roleAssignmentOriginId"] == id })
		before := len(t.collections[collection])
		t.collections[collection] = slices.DeleteFunc(t.collections[collection], func(o object) bool { return o["id"] == id })
		if len(t.collections[collection]) == before {
			return &remediation.RefusalError{Status: http.StatusNotFound, Code: "Request_ResourceNotFound", Message: "not there"}
		}
	}
	return nil
}

// assign adds and removes licences of a user.
func (t *tenant) assign(id string, body object) error {
	for _, user := range t.collections["users"] {
		if user["id"] != id {
			continue
		}
		held := slices.DeleteFunc(slices.Clone(user["assignedLicenses"].([]any)), func(l any) bool {
			return slices.Contains(body["removeLicenses"].([]any), l.(object)["skuId"])
		})
		user["assignedLicenses"] = append(held, body["addLicenses"].([]any)...)
	}
	return nil
}

// request carries a request to Privileged Identity Management out.
func (t *tenant) request(body object) error {
	is := func(o object) bool {
		return o["principalId"] == body["principalId"] && o["roleDefinitionId"] == body["roleDefinitionId"] && o["directoryScopeId"] == body["directoryScopeId"]
	}
	held := slices.ContainsFunc(t.collections[roleEligibilities], is)
	switch {
	case body["action"] == "adminAssign" && !held:
		t.collections[roleEligibilities] = append(t.collections[roleEligibilities], object{
			"id": fmt.Sprintf("eligible-%d", t.created), "principalId": body["principalId"], "roleDefinitionId": body["roleDefinitionId"],
			"directoryScopeId": body["directoryScopeId"], "memberType": "Direct",
		})
	case body["action"] == "adminRemove" && held:
		t.collections[roleEligibilities] = slices.DeleteFunc(t.collections[roleEligibilities], is)
	default:
		return &remediation.RefusalError{Status: http.StatusBadRequest, Code: "RoleAssignmentExists", Message: "The Role assignment already exists."}
	}
	return nil
}

func merge(into, from object) {
	for name, value := range from {
		inner, nested := value.(object)
		if old, ok := into[name].(object); ok && nested {
			merge(old, inner)
			continue
		}
		into[name] = value
	}
}

func (t *tenant) user(id string) object {
	return t.collections["users"][slices.IndexFunc(t.collections["users"], func(o object) bool { return o["id"] == id })]
}

// state is all that the tenant holds, without the ids of what was made anew.
func (t *tenant) state() string {
	collections := maps.Clone(t.collections)
	delete(collections, rolePolicies) // which shows what the policies hold
	for path, objects := range collections {
		var lines []string
		for _, o := range objects {
			o = maps.Clone(o)
			delete(o, "principalDisplayName") // a service sets it
			delete(o, "roleAssignmentOriginId")
			if path == "oauth2PermissionGrants" || path == roleAssignments || path == roleSchedules || strings.HasSuffix(path, "/appRoleAssignedTo") {
				delete(o, "id")
			}
			if o["principalId"] == nil {
				delete(o, "principalId")
			}
			lines = append(lines, string(raw(o)))
		}
		slices.Sort(lines)
		collections[path] = []object{{"lines": lines}}
	}
	return string(raw(t.single)) + string(raw(collections))
}

// collect writes the tenant's evidence, as a scan would.
func (t *tenant) collect(tb testing.TB) *evidence.Bundle {
	tb.Helper()
	dir := filepath.Join(tb.TempDir(), "evidence")
	writer, err := evidence.Create(dir, evidence.Manifest{Version: evidence.Version, Tenant: evidence.Tenant{ID: tenantID, Name: "Contoso", Cloud: "global"}, Started: now})
	if err != nil {
		tb.Fatal(err)
	}
	var rules []any
	for _, path := range slices.Sorted(maps.Keys(t.single)) {
		if strings.HasPrefix(path, roleRules) {
			rules = append(rules, t.single[path])
		}
	}
	t.collections[rolePolicies] = nil
	for _, role := range []string{globalAdmin, userAdmin} {
		t.collections[rolePolicies] = append(t.collections[rolePolicies],
			object{"id": "assigned-" + role, "policyId": "DirectoryRole_t_p", "roleDefinitionId": role, "policy": object{"rules": rules}})
	}
	for kind, path := range map[string]string{
		"users": "users", "groups": "groups", "subscribed_skus": "subscribedSkus", "mdi_sensors": sensors, "mdi_health": healthIssues, "service_principals": "servicePrincipals", "oauth2_permission_grants": "oauth2PermissionGrants",
		"app_role_assignments": "servicePrincipals/" + graphSP + "/appRoleAssignedTo",
		"role_assignments":     roleAssignments, "role_schedules": roleSchedules, "role_eligibility": roleEligibilities, "role_policies": rolePolicies,
		"authorization_policy": "policies/authorizationPolicy", "app_management_policy": "policies/defaultAppManagementPolicy", "admin_consent_policy": "policies/adminConsentRequestPolicy",
	} {
		objects := t.collections[path]
		if single, ok := t.single[path]; ok {
			objects = []object{single}
		}
		kindWriter, err := writer.Kind(evidence.Entry{Kind: kind, Tier: evidence.API, Time: now})
		if err != nil {
			tb.Fatal(err)
		}
		for _, o := range objects {
			if err := kindWriter.Write(raw(o)); err != nil {
				tb.Fatal(err)
			}
		}
		kindWriter.Complete()
	}
	if _, err := writer.Close(now); err != nil {
		tb.Fatal(err)
	}
	bundle, err := evidence.Open(dir)
	if err != nil {
		tb.Fatal(err)
	}
	return bundle
}

// found is a violation for the judge of the tests.
type found struct{ rule, action, kind, id string }

// violations judges the fake tenant as the rules that name the actions would.
func (t *tenant) violations() []found {
	var out []found
	policy := t.single["policies/authorizationPolicy"]["defaultUserRolePermissions"].(object)
	if bytes.Contains(raw(policy), []byte("legacy")) {
		out = append(out, found{"CONS1005", "restrict_user_consent", "tenant", tenantID}, found{"CONS1022", "restrict_user_consent", "tenant", tenantID})
	}
	if t.single["policies/defaultAppManagementPolicy"]["isEnabled"] == false {
		out = append(out, found{"CONS1015", "bound_application_credentials", "tenant", tenantID})
	}
	if t.single["policies/adminConsentRequestPolicy"]["isEnabled"] == false {
		out = append(out, found{"CONS1008", "turn_on_admin_consent_workflow", "tenant", tenantID})
	}
	if t.collections[healthIssues][0]["status"] == "open" {
		out = append(out, found{"INT1004", "close_health_issue", "mdi_health", "issue-stale"})
	}
	if !bytes.Contains(raw(t.user("u4")["assignedLicenses"]), []byte("sku-mde")) {
		out = append(out, found{"LIC1007", "assign_defender_licence", "user", "u4"})
	}
	if !bytes.Contains(raw(t.user("u5")["assignedLicenses"]), []byte("sku-e5")) {
		out = append(out, found{"LIC1012", "assign_activation_licence", "user", "u5"})
	}
	for _, kind := range []string{"user", "group"} {
		if o := t.collections[kind+"s"][0]; o["preferredDataLocation"] != "EUR" {
			out = append(out, found{map[string]string{"user": "GEO1009", "group": "GEO1010"}[kind], "set_" + kind + "_data_location", kind, o["id"].(string)})
		}
	}
	for _, grant := range t.collections["oauth2PermissionGrants"] {
		if grant["consentType"] == "AllPrincipals" && grant["clientId"] == riskySP && strings.Contains(grant["scope"].(string), "Mail.ReadWrite") {
			out = append(out, found{"CONS1010", "remove_tenant_wide_grant", "oauth2_permission_grant", grant["id"].(string)})
		}
	}
	if t.single[alerts+"Admin_Admin_Assignment"]["isDefaultRecipientsEnabled"] == false {
		out = append(out, found{"ROLE1009", "alert_on_role_assignment", "role", globalAdmin})
	}
	if t.single[alerts+"Admin_EndUser_Assignment"]["isDefaultRecipientsEnabled"] == false {
		out = append(out, found{"ROLE1010", "alert_on_role_activation", "role", globalAdmin})
	}
	if t.single[roleRules+"Approval_EndUser_Assignment"]["setting"].(object)["isApprovalRequired"] == false {
		out = append(out, found{"ROLE1007", "require_activation_approval", "role", globalAdmin})
	}
	if slices.ContainsFunc(t.collections[roleAssignments], func(o object) bool { return o["principalId"] == "u-left" }) {
		out = append(out, found{"ROLE1017", "remove_role_assignment", "user", "u-left"})
	}
	if slices.ContainsFunc(t.collections[roleSchedules], func(o object) bool { return o["principalId"] == "u-standing" && o["endDateTime"] == nil }) {
		out = append(out, found{"ROLE1005", "make_role_eligible", "user", "u-standing"}, found{"ROLE1006", "make_role_eligible", "user", "u-standing"})
	}
	for _, role := range t.collections["servicePrincipals/"+graphSP+"/appRoleAssignedTo"] {
		if role["principalId"] == riskySP && role["appRoleId"] == "r1" {
			out = append(out, found{"CONS1011", "remove_application_permission", "app_role_assignment", role["id"].(string)},
				found{"CONS1012", "remove_application_permission", "app_role_assignment", role["id"].(string)})
		}
	}
	return append(out, found{"GEO1002", "", "geo", "xdr:storage"})
}

// judged is the result of violations.
func judged(bundle *evidence.Bundle, violations ...found) *findings.Result {
	result := &findings.Result{
		Tenant: findings.Tenant{ID: tenantID, Name: "Contoso", Cloud: "global"}, Profile: "xdr-current", Started: now,
		Reader:  findings.Reader{AppID: readerApp},
		Digests: findings.Digests{Evidence: bundle.Manifest.Digest()},
		Params:  object{"activation_approvers": []any{"u3", "g1"}, "break_glass_accounts": []any{"U-emergency"}, "preferred_data_locations": []any{"EUR"}, "privileged_roles": []any{"default"}, "user_consent": "low", "consent_request_max_days": json.Number("30")},
	}
	for _, v := range violations {
		resource := findings.Resource{Kind: v.kind, ID: v.id, Name: "name of " + v.id}
		if !slices.ContainsFunc(result.Rules, func(r findings.Rule) bool { return r.ID == v.rule }) {
			result.Rules = append(result.Rules, findings.Rule{
				ID: v.rule, Title: "Title of " + v.rule, Severity: findings.High, Outcome: findings.Fail,
				References: []string{"https://learn.microsoft.com/" + v.rule},
				Remediation: findings.Remediation{Summary: "Mend " + v.rule + ".", Action: v.action, Steps: []string{
					"Open https://security.microsoft.com, and open a ticket.", "Record it: `domicile attest new xdr-geo`.",
				}},
			})
		}
		result.Findings = append(result.Findings, findings.Finding{
			Rule: v.rule, Outcome: findings.Fail, Severity: findings.High, Resource: resource, Message: "Wrong <b>.",
			Expected: "right", Actual: "wrong", Fingerprint: findings.Fingerprint(tenantID, v.rule, resource),
		})
	}
	return result.Normalised()
}

const resultDigest = "1111111111111111111111111111111111111111111111111111111111111111"

// sources judge the tenant; without violations given, those that it has.
func (t *tenant) sources(tb testing.TB, violations ...found) remediation.Sources {
	tb.Helper()
	bundle := t.collect(tb)
	if violations == nil {
		violations = t.violations()
	}
	return remediation.Sources{Result: judged(bundle, violations...), Digest: resultDigest, Bundle: bundle}
}

func heading() remediation.Heading {
	return remediation.Heading{
		Tool: findings.Tool{Name: "domicile", Version: "1"}, Author: "ada", Created: now, Expires: now.Add(72 * time.Hour),
		Remediator: writerApp, MaxChanges: allChanges,
	}
}

func build(tb testing.TB, sources remediation.Sources) *remediation.Plan {
	tb.Helper()
	plan, err := remediation.Build(sources, heading())
	if err != nil {
		tb.Fatal(err)
	}
	return plan
}

func file(tb testing.TB, plan *remediation.Plan) []byte {
	tb.Helper()
	var out bytes.Buffer
	if err := plan.Write(&out); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

// run applies the plan for the tenant's violations.
func (t *tenant) run(tb testing.TB) remediation.Run {
	tb.Helper()
	sources := t.sources(tb)
	return remediation.Run{
		File: file(tb, build(tb, sources)), Sources: sources, Target: t,
		Journal: filepath.Join(tb.TempDir(), "plan.journal"), MaxChanges: allChanges,
		Confirm: func(remediation.Change) (bool, error) { return true, nil },
		Judge: func(_ context.Context, rules []string) (*findings.Result, error) {
			result := judged(sources.Bundle, t.violations()...)
			for _, rule := range rules {
				if !slices.ContainsFunc(result.Rules, func(r findings.Rule) bool { return r.ID == rule }) {
					result.Rules = append(result.Rules, findings.Rule{ID: rule, Outcome: findings.Pass})
				}
			}
			return result, nil
		},
		Now:   func() time.Time { return now.Add(time.Hour) },
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	}
}
