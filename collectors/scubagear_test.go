package collectors_test

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"github.com/domicile-audit/domicile/collectors"
	"github.com/domicile-audit/domicile/evidence"
)

const (
	globalAdministrator = "62e90394-69f5-4237-9190-012177145e10"
	exportTenant        = "3c19c757-3b55-411f-b03f-2bcc514a598d"
)

// smallExport is an export of tenantA with lists of one taken apart, as ConvertTo-Json does.
const smallExport = `{
  "module_version": "1.8.0", "timestamp_zulu": "2026-11-01T10:00:00.5Z",
  "tenant_id": "3f0c1d7e-0000-4000-8000-000000000001",
  "scuba_config": {"M365Environment": "commercial", "ProductNames": ["aad"]},
  "tenant_details": {"TenantId": "3f0c1d7e-0000-4000-8000-000000000001", "DisplayName": "contoso",
    "AADAdditionalData": {"Id": "3f0c1d7e-0000-4000-8000-000000000001", "DisplayName": "contoso", "CountryLetterCode": "DE",
      "CreatedDateTime": "/Date(1613679244000)/", "BusinessPhones": ["seeded-phone"], "TechnicalNotificationMails": "seeded@contoso.example",
      "AssignedPlans": {"ServicePlanId": "p1", "Service": "WindowsDefenderATP", "CapabilityStatus": "Enabled", "AssignedDateTime": "/Date(1761053798000+0100)/"},
      "VerifiedDomains": {"Name": "contoso.onmicrosoft.com", "IsDefault": true, "IsInitial": true}}},
  "authorization_policies": {"Id": "authorizationPolicy", "AllowUserConsentForRiskyApps": false,
    "PermissionGrantPolicyIdsAssignedToDefaultUserRole": "ManagePermissionGrantsForSelf.microsoft-user-default-low",
    "DefaultUserRolePermissions": {"AllowedToCreateApps": true, "AllowedToCreateTenants": true}},
  "privileged_users": {"8A1F0C52-0000-4000-8000-000000000011": {"DisplayName": "Adele", "roles": ["Global Administrator"]}},
  "privileged_service_principals": {"8a1f0c52-0000-4000-8000-000000000012": {"DisplayName": "Backup", "AppId": "app-1", "roles": "Exchange Administrator"}},
  "privileged_roles": [{"RoleTemplateId": "62e90394-69f5-4237-9190-012177145e10", "Assignments": [
    {"Id": "s1", "RoleAssignmentOriginId": "o1", "PrincipalId": "8a1f0c52-0000-4000-8000-000000000011", "RoleDefinitionId": "62e90394-69f5-4237-9190-012177145e10",
     "DirectoryScopeId": "/", "MemberType": "Direct", "AssignmentType": "Assigned", "StartDateTime": null, "EndDateTime": "/Date(1778702258453)/"},
    {"Id": "s2", "PrincipalId": "8a1f0c52-0000-4000-8000-000000000013", "RoleDefinitionId": "62e90394-69f5-4237-9190-012177145e10", "MemberType": "Group"}]},
   {"RoleTemplateId": "29232cdf-9323-42fd-ade2-1d097af3e4de", "Assignments":
    {"Id": "s3", "PrincipalId": "8a1f0c52-0000-4000-8000-000000000012", "MemberType": "Direct"}}],
  "risky_delegated_permission_classifications": {"ObjectId": "sp-1", "AppId": "00000003-0000-0000-c000-000000000000", "RiskyPermClassifications": ["Mail.ReadWrite", "Mail.Send"]},
  "license_information": {"SkuId": "e2be619b", "SkuPartNumber": "SPE_E5", "ConsumedUnits": 28, "PrepaidUnits": {"Enabled": 30, "Warning": 0, "Suspended": 0, "LockedOut": 0}},
  "dlp_compliance_rules": ["seeded-rule"],
  "aad_successful_commands": ["Get-MgBetaSubscribedSku", "Get-PrivilegedRole", "Get-MgBetaPolicyAuthorizationPolicy", "Get-ServicePrincipalsWithRiskyDelegatedPermissionClassifications"],
  "aad_unsuccessful_commands": [],
  "powerplatform_successful_commands": "Get-MgBetaOrganization"
}`

func importKinds(t *testing.T, data []byte, o collectors.ImportOptions) (collectors.Import, map[string]collectors.Imported) {
	t.Helper()
	imported, err := collectors.ImportFile(collectors.File{Name: "export.json", Data: data}, o)
	if err != nil {
		t.Fatalf("ImportFile = %v", err)
	}
	kinds := map[string]collectors.Imported{}
	for _, kind := range imported.Kinds {
		checkSchema(t, kind)
		if strings.Contains(string(slices.Concat(kind.Objects...)), "seeded") {
			t.Errorf("something private survived in %s", kind.Kind)
		}
		kinds[kind.Kind] = kind
	}
	return imported, kinds
}

func objectsOf(t *testing.T, imported collectors.Imported) []map[string]any {
	t.Helper()
	var objects []map[string]any
	for _, object := range imported.Objects {
		objects = append(objects, decodeObject(t, object))
	}
	return objects
}

func TestScubaGearRealExport(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "..", "shared", "data", "scubagear-export-gcc.json"))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the real export isn't beside the repository")
	}
	if err != nil {
		t.Fatal(err)
	}
	imported, kinds := importKinds(t, data, collectors.ImportOptions{Now: importNow})
	if diff := cmp.Diff(evidence.Tenant{ID: exportTenant, Name: "tqhjy", Cloud: "gcc"}, imported.Tenant); diff != "" {
		t.Errorf("tenant differs (-want +got):\n%s", diff)
	}
	complete := map[string]bool{}
	for name, kind := range kinds {
		complete[name] = kind.Complete
		if kind.Complete == (kind.Gap != nil) || kind.Tier != evidence.Portal || kind.Time.IsZero() {
			t.Errorf("%s: complete %v, gap %v, tier %s, time %v", name, kind.Complete, kind.Gap, kind.Tier, kind.Time)
		}
	}
	wantComplete := map[string]bool{
		"organization": true, "authorization_policy": true, "role_assignments": false,
		"role_schedules": false, "permission_classifications": false, "subscribed_skus": false,
	}
	if diff := cmp.Diff(wantComplete, complete); diff != "" {
		t.Errorf("completeness differs (-want +got):\n%s", diff)
	}
	for _, kind := range []string{"role_assignments", "role_schedules"} {
		administrators := 0
		for _, assignment := range objectsOf(t, kinds[kind]) {
			if assignment["roleDefinitionId"] == globalAdministrator {
				administrators++
			}
		}
		if administrators != 7 || len(kinds[kind].Objects) != 26 {
			t.Errorf("%s has %d Global Administrators of %d, want 7 of 26", kind, administrators, len(kinds[kind].Objects))
		}
	}
	classifications := objectsOf(t, kinds["permission_classifications"])
	if len(classifications) != 1 || classifications[0]["permissionName"] != "Mail.ReadWrite" || classifications[0]["classification"] != "low" {
		t.Errorf("classifications = %v, want Mail.ReadWrite low", classifications)
	}
	organization := objectsOf(t, kinds["organization"])[0]
	if plans, _ := organization["assignedPlans"].([]any); len(plans) < 10 || organization["createdDateTime"] != "2021-02-18T20:14:04Z" {
		t.Errorf("organization has %d plans and was created %v", len(plans), organization["createdDateTime"])
	}
	policy := objectsOf(t, kinds["authorization_policy"])[0]
	permissions, _ := policy["defaultUserRolePermissions"].(map[string]any)
	if assigned, _ := permissions["permissionGrantPoliciesAssigned"].([]any); len(assigned) != 3 || permissions["allowedToCreateApps"] != true {
		t.Errorf("defaultUserRolePermissions = %v", permissions)
	}
}

func TestScubaGearShapes(t *testing.T) {
	imported, kinds := importKinds(t, []byte(smallExport), importOptions())
	if diff := cmp.Diff(evidence.Tenant{ID: tenantA, Name: "contoso", Cloud: "global"}, imported.Tenant); diff != "" {
		t.Errorf("tenant differs (-want +got):\n%s", diff)
	}
	user := map[string]any{"@odata.type": "#microsoft.graph.user", "id": "8A1F0C52-0000-4000-8000-000000000011", "displayName": "Adele"}
	servicePrincipal := map[string]any{"@odata.type": "#microsoft.graph.servicePrincipal", "id": "8a1f0c52-0000-4000-8000-000000000012", "displayName": "Backup", "appId": "app-1"}
	want := map[string][]map[string]any{
		"organization": {{
			"id": tenantA, "displayName": "contoso", "countryLetterCode": "DE", "createdDateTime": "2021-02-18T20:14:04Z",
			"assignedPlans":   []any{map[string]any{"servicePlanId": "p1", "service": "WindowsDefenderATP", "capabilityStatus": "Enabled", "assignedDateTime": "2025-10-21T13:36:38Z"}},
			"verifiedDomains": []any{map[string]any{"name": "contoso.onmicrosoft.com", "isDefault": true, "isInitial": true}},
		}},
		"authorization_policy": {{
			"id": "authorizationPolicy", "allowUserConsentForRiskyApps": false,
			"defaultUserRolePermissions": map[string]any{
				"allowedToCreateApps":             true,
				"permissionGrantPoliciesAssigned": []any{"ManagePermissionGrantsForSelf.microsoft-user-default-low"},
			},
		}},
		"role_assignments": {
			{"id": "o1", "principalId": "8a1f0c52-0000-4000-8000-000000000011", "roleDefinitionId": globalAdministrator, "directoryScopeId": "/", "principal": user},
			{"id": "s3", "principalId": "8a1f0c52-0000-4000-8000-000000000012", "roleDefinitionId": "29232cdf-9323-42fd-ade2-1d097af3e4de", "principal": servicePrincipal},
		},
		"role_schedules": {
			{
				"id": "s1", "roleAssignmentOriginId": "o1", "principalId": "8a1f0c52-0000-4000-8000-000000000011", "roleDefinitionId": globalAdministrator,
				"directoryScopeId": "/", "memberType": "Direct", "assignmentType": "Assigned", "startDateTime": nil, "endDateTime": "2026-05-13T19:57:38.453Z", "principal": user,
			},
			{"id": "s2", "principalId": "8a1f0c52-0000-4000-8000-000000000013", "roleDefinitionId": globalAdministrator, "memberType": "Group", "principal": nil},
			{"id": "s3", "principalId": "8a1f0c52-0000-4000-8000-000000000012", "roleDefinitionId": "29232cdf-9323-42fd-ade2-1d097af3e4de", "memberType": "Direct", "principal": servicePrincipal},
		},
		"permission_classifications": {
			{"resourceId": "sp-1", "appId": "00000003-0000-0000-c000-000000000000", "classification": "low", "permissionName": "Mail.ReadWrite"},
			{"resourceId": "sp-1", "appId": "00000003-0000-0000-c000-000000000000", "classification": "low", "permissionName": "Mail.Send"},
		},
		"subscribed_skus": {{
			"skuId": "e2be619b", "skuPartNumber": "SPE_E5", "consumedUnits": 28.0,
			"prepaidUnits": map[string]any{"enabled": 30.0, "warning": 0.0, "suspended": 0.0, "lockedOut": 0.0},
		}},
	}
	got := map[string][]map[string]any{}
	for name, kind := range kinds {
		got[name] = objectsOf(t, kind)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the kinds differ (-want +got):\n%s", diff)
	}
}

func TestScubaGearCompleteness(t *testing.T) {
	tests := []struct {
		name     string
		old, new string
		kind     string
		complete bool
		reason   evidence.Reason
		objects  int
	}{
		{"named as successful", "", "", "authorization_policy", true, "", 1},
		{"not named", `"Get-MgBetaPolicyAuthorizationPolicy", `, "", "authorization_policy", false, evidence.Partial, 1},
		{"named as failed", `"Get-MgBetaPolicyAuthorizationPolicy", "Get-ServicePrincipalsWithRiskyDelegatedPermissionClassifications"],
  "aad_unsuccessful_commands": []`, `"x"], "aad_unsuccessful_commands": ["Get-MgBetaPolicyAuthorizationPolicy"]`, "authorization_policy", false, evidence.ServiceError, 0},
		{"organisation not named", `"Get-MgBetaOrganization"`, `"x"`, "organization", false, evidence.Partial, 1},
		{"exported roles only", "", "", "role_assignments", false, evidence.Partial, 2},
		{"roles without assignments", `"Assignments"`, `"Other"`, "role_assignments", false, evidence.Partial, 0},
		{"unknown type", `"AllowedToCreateApps": true`, `"AllowedToCreateApps": "yes"`, "authorization_policy", false, evidence.Partial, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			data := smallExport
			if tt.old != "" {
				if data = strings.ReplaceAll(smallExport, tt.old, tt.new); data == smallExport {
					t.Fatal("the export wasn't changed")
				}
			}
			_, kinds := importKinds(t, []byte(data), importOptions())
			kind := kinds[tt.kind]
			var reason evidence.Reason
			if kind.Gap != nil {
				reason = kind.Gap.Reason
			}
			if (kind.Objects == nil) != (tt.reason == evidence.ServiceError) {
				t.Errorf("objects = %v", kind.Objects)
			}
			if kind.Complete != tt.complete || reason != tt.reason || len(kind.Objects) != tt.objects {
				t.Errorf("complete %v, reason %q, %d objects; want %v, %q, %d", kind.Complete, reason, len(kind.Objects), tt.complete, tt.reason, tt.objects)
			}
		})
	}
}

func TestScubaGearLeavesOutWhatWasNotExported(t *testing.T) {
	data := strings.Replace(smallExport, `"license_information"`, `"other"`, 1)
	_, kinds := importKinds(t, []byte(data), importOptions())
	if _, there := kinds["subscribed_skus"]; there {
		t.Error("subscribed_skus is there without license_information")
	}
}

func TestScubaGearEncodingsAndResults(t *testing.T) {
	utf16Of := func(order binary.AppendByteOrder, mark ...byte) []byte {
		data := mark
		for _, unit := range utf16.Encode([]rune(smallExport)) {
			data = order.AppendUint16(data, unit)
		}
		return data
	}
	tests := []struct {
		name string
		data []byte
	}{
		{"UTF-8 with mark", append([]byte("\xEF\xBB\xBF"), smallExport...)},
		{"UTF-16 little-endian", utf16Of(binary.LittleEndian, 0xFF, 0xFE)},
		{"UTF-16 big-endian", utf16Of(binary.BigEndian, 0xFE, 0xFF)},
		{"ScubaResults", []byte(`{"MetaData": {}, "Results": {}, "Raw": ` + smallExport + `}`)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, kinds := importKinds(t, tt.data, importOptions()); len(kinds) != 6 {
				t.Errorf("%d kinds, want 6", len(kinds))
			}
		})
	}
}

func TestScubaGearErrors(t *testing.T) {
	tests := []struct {
		name     string
		old, new string
		want     []string
	}{
		{"another tenant", tenantA, tenantB, []string{tenantA, tenantB}},
		{"no tenant", tenantA, "", []string{"no tenant id"}},
		{"unknown cloud", `"commercial"`, `"moon"`, []string{"moon", "gcchigh"}},
		{"no time", "2026-11-01T10:00:00.5Z", "last week", []string{"timestamp_zulu", "last week"}},
		{"a member twice", `"tenant_details"`, `"tenant_details": [], "tenant_details"`, []string{"tenant_details", "twice"}},
		{"a field twice", `"SkuPartNumber"`, `"skuPartNumber": "x", "SkuPartNumber"`, []string{"SkuPartNumber", "twice"}},
		{"the future", "2026-11-01T10:00:00.5Z", "2027-01-01T00:00:00Z", []string{"2027-01-01T00:00:00Z"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			data := strings.ReplaceAll(smallExport, tt.old, tt.new)
			_, err := collectors.ImportFile(collectors.File{Name: "export.json", Data: []byte(data)}, importOptions())
			if err == nil {
				t.Fatal("ImportFile accepted the file")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("ImportFile = %q, which doesn't say %q", err, want)
				}
			}
		})
	}
}
