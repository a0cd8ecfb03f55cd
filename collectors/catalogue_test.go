package collectors_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/domicile-audit/domicile/collectors"
	"github.com/domicile-audit/domicile/evidence"
)

const (
	subscription = "/subscriptions/11111111-0000-4000-8000-000000000001"
	workspace    = subscription + "/resourceGroups/rg/providers/Microsoft.OperationalInsights/workspaces/w"
	storage      = subscription + "/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/s"
	hub          = "/subscriptions/22222222-0000-4000-8000-000000000002/resourceGroups/rg/providers/Microsoft.EventHub/namespaces/n"
)

// azureSource is a tenant with one subscription and one workspace.
func azureSource() *source {
	path := workspace[1:]
	return &source{
		granted: map[collectors.API][]string{collectors.ARM: nil},
		pages: map[string][][]string{
			"subscriptions": {{`{"subscriptionId":"11111111-0000-4000-8000-000000000001","tenantId":"t","displayName":"Prod","state":"Enabled"}`}},
			"subscriptions/11111111-0000-4000-8000-000000000001/providers/Microsoft.OperationalInsights/workspaces": {{
				`{"id":"` + workspace + `","name":"w","location":"westeurope","properties":{"customerId":"c","retentionInDays":90,"replication":{"enabled":true,"location":"northeurope"}}}`,
			}},
			path + "/dataExports": {{`{"id":"e","name":"e","properties":{"enable":true,"tableNames":["AlertInfo"],"destination":{"resourceId":"` + storage + `"}}}`}},
			path + "/tables":      {{`{"id":"x","name":"AlertInfo","properties":{"plan":"Analytics","retentionInDays":90}}`, `{"id":"y","name":"Heartbeat","properties":{}}`}},
			path + "/providers/Microsoft.SecurityInsights/dataConnectors": {{
				`{"id":"d","name":"d","kind":"MicrosoftThreatProtection","etag":"x","properties":{"tenantId":"t","dataTypes":{"incidents":{"state":"Enabled"}}}}`,
			}},
			path + "/providers/Microsoft.Authorization/roleAssignments": {{`{"id":"ra","properties":{"principalId":"p","principalType":"ServicePrincipal","roleDefinitionId":"rd","scope":"/"}}`}},
			"providers/microsoft.aadiam/diagnosticSettings": {{
				`{"id":"ds","name":"ds","properties":{"workspaceId":"` + workspace + `","eventHubAuthorizationRuleId":"` + hub + `/authorizationrules/r","logs":[{"category":"AuditLogs","enabled":true}]}}`,
			}},
		},
		docs: map[string]string{
			path + "/providers/Microsoft.SecurityInsights/onboardingStates/default?api-version=2024-03-01": `{}`,
			path + "?api-version=2025-02-01":        `{"location":"westeurope","properties":{"replication":{"enabled":true,"location":"northeurope"}}}`,
			storage[1:] + "?api-version=2023-05-01": `{"location":"westeurope","sku":{"name":"Standard_RAGRS"},"properties":{"secondaryLocation":"northeurope"}}`,
		},
		fails: map[string]error{hub[1:] + "?api-version=2024-05-01-preview": &collectors.RefusalError{Status: 403, Code: "AuthorizationFailed"}},
	}
}

func TestCopiesInAzure(t *testing.T) {
	kinds := []string{"log_workspaces", "workspace_tables", "sentinel_connectors", "arm_role_assignments", "entra_diagnostic_settings", "azure_resources", "copilot_capacities"}
	got, err := collect(t, azureSource(), collectors.Options{Kinds: kinds})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{
		"log_workspaces": {`{"id":"` + workspace + `","name":"w","location":"westeurope","subscriptionId":"11111111-0000-4000-8000-000000000001","customerId":"c","retentionInDays":90,` +
			`"sentinel":true,"clusterLocation":null,"replication":{"enabled":true,"location":"northeurope"},"exports":[{"id":"e","name":"e","enable":true,"destinationResourceId":"` + storage + `","tableNames":["AlertInfo"]}]}`},
		"workspace_tables":          {`{"id":"x","name":"AlertInfo","plan":"Analytics","provisioningState":null,"retentionInDays":90,"totalRetentionInDays":null,"workspaceId":"` + workspace + `"}`},
		"sentinel_connectors":       {`{"dataTypes":{"incidents":{"state":"Enabled"}},"id":"d","kind":"MicrosoftThreatProtection","name":"d","workspaceId":"` + workspace + `"}`},
		"arm_role_assignments":      {`{"id":"ra","principalId":"p","principalType":"ServicePrincipal","roleDefinitionId":"rd","scope":"/","workspaceId":"` + workspace + `"}`},
		"entra_diagnostic_settings": {`{"eventHubAuthorizationRuleId":"` + hub + `/authorizationrules/r","eventHubName":null,"id":"ds","logs":[{"category":"AuditLogs","enabled":true}],"marketplacePartnerId":null,"name":"ds","serviceBusRuleId":null,"storageAccountId":null,"workspaceId":"` + workspace + `"}`},
		"azure_resources": {
			`{"id":"` + workspace + `","status":200,"type":"Microsoft.OperationalInsights/workspaces","tenantId":"t","subscriptionId":"11111111-0000-4000-8000-000000000001","location":"westeurope","sku":"","secondaryLocation":"","replicas":["northeurope"]}`,
			`{"id":"` + storage + `","status":200,"type":"Microsoft.Storage/storageAccounts","tenantId":"t","subscriptionId":"11111111-0000-4000-8000-000000000001","location":"westeurope","sku":"Standard_RAGRS","secondaryLocation":"northeurope","replicas":[]}`,
			`{"id":"` + hub + `","status":403,"type":"Microsoft.EventHub/namespaces","tenantId":null,"subscriptionId":"22222222-0000-4000-8000-000000000002","location":"","sku":"","secondaryLocation":"","replicas":[]}`,
		},
	}
	delete(got.lines, "azure_coverage")
	if diff := cmp.Diff(want, got.lines); diff != "" {
		t.Errorf("lines differ:\n%s", diff)
	}
	for _, kind := range kinds {
		if gap, missing := got.GapOf(kind); missing {
			t.Errorf("gap of %s = %+v, want none", kind, gap)
		}
	}
}

func TestAHostileResourceIDIsNeverAsked(t *testing.T) {
	s := azureSource()
	s.pages["providers/microsoft.aadiam/diagnosticSettings"] = [][]string{{
		`{"id":"ds","properties":{"storageAccountId":"/subscriptions/x/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/s?evil=1"}}`,
	}}
	got, err := collect(t, s, collectors.Options{Kinds: []string{"azure_resources"}})
	if err != nil {
		t.Fatal(err)
	}
	if gap, _ := got.GapOf("azure_resources"); gap.Reason != evidence.Invalid {
		t.Errorf("gap = %+v, want invalid", gap)
	}
}

func TestSentinelThatMayNotBeKnown(t *testing.T) {
	s := azureSource()
	path := workspace[1:] + "/providers/Microsoft.SecurityInsights/onboardingStates/default?api-version=2024-03-01"
	delete(s.docs, path)
	got, err := collect(t, s, collectors.Options{Kinds: []string{"log_workspaces"}})
	if err != nil {
		t.Fatal(err)
	}
	if line := got.lines["log_workspaces"][0]; !strings.Contains(line, `"sentinel":false`) {
		t.Errorf("404 gives %s, want sentinel false", line)
	}
	s.fails[path] = &collectors.RefusalError{Status: 403}
	if got, err = collect(t, s, collectors.Options{Kinds: []string{"log_workspaces"}}); err != nil {
		t.Fatal(err)
	}
	if line := got.lines["log_workspaces"][0]; !strings.Contains(line, `"sentinel":null`) {
		t.Errorf("403 gives %s, want sentinel null", line)
	}
}

// TestConnectorsAreAskedForWhereSentinelIsOn: Azure refuses to list the connectors of a
// workspace without Microsoft Sentinel, which would leave those of all others unread.
func TestConnectorsAreAskedForWhereSentinelIsOn(t *testing.T) {
	s := azureSource()
	path := workspace[1:]
	delete(s.docs, path+"/providers/Microsoft.SecurityInsights/onboardingStates/default?api-version=2024-03-01")
	s.fails[path+"/providers/Microsoft.SecurityInsights/dataConnectors"] = &collectors.RefusalError{Status: 400, Code: "BadRequest"}
	got, err := collect(t, s, collectors.Options{Kinds: []string{"sentinel_connectors"}})
	if err != nil {
		t.Fatal(err)
	}
	if gap, missing := got.GapOf("sentinel_connectors"); missing || len(got.lines["sentinel_connectors"]) != 0 {
		t.Errorf("gap = %+v, lines = %v, want none of either", gap, got.lines["sentinel_connectors"])
	}
}

// TestWhatAnExportRuleDoesNotSay: a rule that doesn't say whether it is on isn't off.
func TestWhatAnExportRuleDoesNotSay(t *testing.T) {
	s := azureSource()
	s.pages[workspace[1:]+"/dataExports"] = [][]string{{`{"id":"e","name":"e","properties":{"tableNames":["AlertInfo"],"destination":{"resourceId":"` + storage + `"}}}`}}
	got, err := collect(t, s, collectors.Options{Kinds: []string{"log_workspaces"}})
	if err != nil {
		t.Fatal(err)
	}
	if line := got.lines["log_workspaces"][0]; !strings.Contains(line, `"enable":null`) {
		t.Errorf("the rule is %s, want enable null", line)
	}
}

// TestPartnersAreDestinations: what Entra's logs are sent to besides Azure's own kinds is
// listed too, though nobody can tell where it is.
func TestPartnersAreDestinations(t *testing.T) {
	const partner = subscription + "/resourceGroups/rg/providers/Microsoft.Datadog/monitors/d"
	const bus = subscription + "/resourceGroups/rg/providers/Microsoft.ServiceBus/namespaces/b"
	s := azureSource()
	s.pages["providers/microsoft.aadiam/diagnosticSettings"] = [][]string{{
		`{"id":"ds","properties":{"marketplacePartnerId":"` + partner + `","serviceBusRuleId":"` + bus + `/authorizationrules/r"}}`,
	}}
	got, err := collect(t, s, collectors.Options{Kinds: []string{"azure_resources"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{partner, bus} {
		if lines := strings.Join(got.lines["azure_resources"], "\n"); !strings.Contains(lines, `"id":"`+id+`","status":403`) {
			t.Errorf("%s is not among the destinations:\n%s", id, lines)
		}
	}
}

// TestReplicasOfEventHubs: a namespace that is replicated to another region names it.
func TestReplicasOfEventHubs(t *testing.T) {
	s := azureSource()
	s.fails = nil
	s.docs[hub[1:]+"?api-version=2024-05-01-preview"] = `{"location":"westeurope","sku":{"name":"Premium"},"properties":{"geoDataReplication":{"locations":[` +
		`{"locationName":"westeurope","roleType":"Primary"},{"locationName":"eastus","roleType":"Secondary"}]}}}`
	got, err := collect(t, s, collectors.Options{Kinds: []string{"azure_resources"}})
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Join(got.lines["azure_resources"], "\n"); !strings.Contains(lines, `"replicas":["westeurope","eastus"]`) {
		t.Errorf("the namespace has no replicas:\n%s", lines)
	}
}

func TestRoleOwners(t *testing.T) {
	s := &source{
		granted: graph("RoleManagement.Read.Directory", "Application.Read.All"),
		pages: map[string][][]string{
			"roleManagement/directory/roleAssignments": {{
				`{"principalId":"sp","principal":{"@odata.type":"#microsoft.graph.servicePrincipal","appId":"app"}}`,
				`{"principalId":"g","principal":{"@odata.type":"#microsoft.graph.group"}}`,
				`{"principalId":"u","principal":{"@odata.type":"#microsoft.graph.user"}}`,
				`{"principalId":"gone","principal":null}`,
			}},
			"servicePrincipals/sp/owners": {{`{"@odata.type":"#microsoft.graph.user","id":"o1"}`}},
			"groups/g/owners":             {{`{"@odata.type":"#microsoft.graph.user","id":"o2"}`}},
		},
		docs: map[string]string{"applications(appId='app')?$select=id&$expand=owners": `{"id":"a","owners":[{"@odata.type":"#microsoft.graph.user","id":"o3"}]}`},
	}
	got, err := collect(t, s, collectors.Options{Kinds: []string{"role_owners"}})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`{"ownedId":"g","ownedKind":"group","@odata.type":"#microsoft.graph.user","id":"o2"}`,
		`{"ownedId":"sp","ownedKind":"servicePrincipal","@odata.type":"#microsoft.graph.user","id":"o1"}`,
		`{"ownedId":"a","ownedKind":"application","@odata.type":"#microsoft.graph.user","id":"o3"}`,
	}
	if diff := cmp.Diff(want, got.lines["role_owners"]); diff != "" {
		t.Errorf("owners differ:\n%s", diff)
	}
}

func TestJoinedCollections(t *testing.T) {
	s := &source{
		granted: graph("Policy.Read.All", "Agreement.Read.All"),
		docs: map[string]string{
			"policies/defaultAppManagementPolicy":      `{"@odata.context":"x","id":"d","isEnabled":true}`,
			"policies/crossTenantAccessPolicy/default": `{"isServiceDefault":true}`,
		},
		pages: map[string][][]string{
			"policies/appManagementPolicies":                          {{`{"id":"p1","isEnabled":false}`}},
			"policies/appManagementPolicies/p1/appliesTo":             {{`{"id":"app"}`}},
			"policies/crossTenantAccessPolicy/partners":               {{`{"tenantId":"x","isServiceProvider":true}`}},
			"identityGovernance/termsOfUse/agreements":                {{`{"id":"a1","displayName":"Terms"}`}},
			"identityGovernance/termsOfUse/agreements/a1/acceptances": {{`{"id":"c","state":"accepted"}`}},
		},
		fails: map[string]error{"tenantRelationships/multiTenantOrganization/tenants": &collectors.RefusalError{Status: 404}},
	}
	got, err := collect(t, s, collectors.Options{Kinds: []string{"app_management_policy", "cross_tenant_access", "terms_of_use"}})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{
		"app_management_policy": {`{"policyType":"default","id":"d","isEnabled":true}`, `{"policyType":"custom","appliesTo":[{"id":"app"}],"id":"p1","isEnabled":false}`},
		"cross_tenant_access":   {`{"entry":"default","isServiceDefault":true}`, `{"entry":"partner","tenantId":"x","isServiceProvider":true}`},
		"terms_of_use":          {`{"acceptances":[{"id":"c","state":"accepted"}],"displayName":"Terms","id":"a1"}`},
	}
	if diff := cmp.Diff(want, got.lines); diff != "" {
		t.Errorf("lines differ:\n%s", diff)
	}
	s.fails["tenantRelationships/multiTenantOrganization/tenants"] = &collectors.RefusalError{Status: 403}
	if got, err = collect(t, s, collectors.Options{Kinds: []string{"cross_tenant_access"}}); err != nil {
		t.Fatal(err)
	}
	if gap, _ := got.GapOf("cross_tenant_access"); gap.Reason != evidence.Partial {
		t.Errorf("gap = %+v, want partial", gap)
	}
	if got, err = collect(t, s, collectors.Options{Kinds: []string{"cross_tenant_access"}, Tenant: evidence.Tenant{ID: "t", Cloud: "gcchigh"}}); err != nil {
		t.Fatal(err)
	}
	if gap, missing := got.GapOf("cross_tenant_access"); missing {
		t.Errorf("gap = %+v, want none where the API isn't", gap)
	}
}

func TestAuditProbeStartsNoSearch(t *testing.T) {
	s := &source{
		granted: graph("AuditLogsQuery.Read.All"),
		docs: map[string]string{
			"security/auditLog/queries": `{"value":[{"id":"old","status":"succeeded","filterEndDateTime":"2026-01-01T00:00:00Z"},` +
				`{"id":"new","status":"succeeded","filterEndDateTime":"2026-02-01T00:00:00Z"},{"id":"running","status":"running","filterEndDateTime":"2026-03-01T00:00:00Z"}]}`,
			"security/auditLog/queries/new/records?$top=1": `{"value":[{"createdDateTime":"2026-01-31T00:00:00Z"}]}`,
		},
	}
	got, err := collect(t, s, collectors.Options{Kinds: []string{"audit_probe"}})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{`{"status":200,"code":"","message":"","permitted":true,"newest":"2026-01-31T00:00:00Z"}`}
	if diff := cmp.Diff(want, got.lines["audit_probe"]); diff != "" {
		t.Errorf("lines differ:\n%s", diff)
	}
}

func TestAPermissionThatIsNeededBesides(t *testing.T) {
	for _, granted := range [][]string{{"AuditLog.Read.All"}, {"User.Read.All"}} {
		got, err := collect(t, &source{granted: graph(granted...)}, collectors.Options{Kinds: []string{"sign_in_activity"}})
		if err != nil {
			t.Fatal(err)
		}
		if gap, _ := got.GapOf("sign_in_activity"); gap.Reason != evidence.NoPermission {
			t.Errorf("with %v alone the gap is %+v, want no_permission", granted, gap)
		}
	}
}
