# Azure as a reader of the root management group sees it, for the tests of the rules on copies.
package domicile.lib.azure_fixtures_test

import data.domicile.lib.geo_fixtures_test as fixtures

other_tenant := "99999999-0000-4000-8000-000000000009"

subscription_id := "6c1e4d10-0000-4000-8000-000000000041"

foreign_subscription_id := "6c1e4d10-0000-4000-8000-000000000099"

# id is the id of a resource of the tenant's subscription.
id(type, name) := sprintf("/subscriptions/%s/resourceGroups/sec/providers/%s/%s", [subscription_id, type, name])

# foreign_id is the id of one of another tenant's subscription.
foreign_id(type, name) := sprintf("/subscriptions/%s/resourceGroups/sec/providers/%s/%s", [foreign_subscription_id, type, name])

workspace_id(name) := id("Microsoft.OperationalInsights/workspaces", name)

storage_id(name) := id("Microsoft.Storage/storageAccounts", name)

subscription := {"type": "subscription", "id": subscription_id, "tenantId": fixtures.tenant_id, "displayName": "security", "state": "Enabled"}

foreign := {"type": "subscription", "id": foreign_subscription_id, "tenantId": other_tenant, "displayName": "elsewhere", "state": "Enabled"}

root := {"type": "managementGroup", "id": concat("", ["/providers/Microsoft.Management/managementGroups/", fixtures.tenant_id]), "tenantId": fixtures.tenant_id, "displayName": "Tenant Root Group", "state": null}

workspace(name, location) := {
	"id": workspace_id(name), "name": name, "location": location, "subscriptionId": subscription_id, "customerId": "c1",
	"retentionInDays": 90, "sentinel": true, "clusterLocation": null, "replication": null, "exports": [],
}

connector(workspace_name, kind) := {
	"id": sprintf("%s/providers/Microsoft.SecurityInsights/dataConnectors/%s", [workspace_id(workspace_name), lower(kind)]),
	"workspaceId": workspace_id(workspace_name), "name": lower(kind), "kind": kind, "dataTypes": {"incidents": {"state": "Enabled"}},
}

table(workspace_name, name) := {
	"id": sprintf("%s/tables/%s", [workspace_id(workspace_name), name]), "workspaceId": workspace_id(workspace_name), "name": name,
	"plan": "Analytics", "retentionInDays": 90, "totalRetentionInDays": 90, "provisioningState": "Succeeded",
}

setting(name) := {
	"id": concat("/", ["/providers/microsoft.aadiam/diagnosticSettings", name]), "name": name, "workspaceId": null, "storageAccountId": null,
	"eventHubAuthorizationRuleId": null, "eventHubName": null, "logs": [{"category": "SignInLogs", "categoryGroup": null, "enabled": true}],
}

export(name) := {
	"id": name, "designatedTenantId": fixtures.tenant_id, "storageAccountResourceId": null, "eventHubResourceId": null, "eventHubName": null,
	"workspaceResourceId": null, "logs": [{"category": "DeviceEvents", "enabled": true}], "sha256": "ff66",
	"savedBy": "anna@contoso.com", "savedAt": "2026-11-01T00:00:00Z",
}

resource(resource_id, location) := {
	"id": resource_id, "status": 200, "type": "", "tenantId": fixtures.tenant_id, "subscriptionId": subscription_id,
	"location": location, "sku": "Standard_LRS", "secondaryLocation": null, "replicas": [],
}

# with_evidence gives the scan of a tenant of which all of Azure was seen, with these kinds.
with_evidence(kinds) := fixtures.with_params(fixtures.with_evidence(object.union(nothing, kinds)), {"azure_subscriptions": [], "all_workspaces": false, "known_copies": []})

nothing := {
	"azure_coverage": [root, subscription], "log_workspaces": [], "sentinel_connectors": [], "workspace_tables": [],
	"entra_diagnostic_settings": [], "streaming_export": [], "azure_resources": [], "arm_role_assignments": [], "copilot_capacities": [],
}

# without_root gives the scan to a reader who doesn't see the root management group.
without_root(scan) := json.patch(scan, [{"op": "replace", "path": "/evidence/azure_coverage", "value": [subscription]}])

# outcomes are what a rule says, for exact comparisons. A rule that is always applicable has
# no not_applicable; give the empty set then.
outcomes(deny, unknown, not_applicable) := {
	"denied": {finding.resource.id | some finding in deny},
	"unknown": {entry.reason | some entry in unknown},
	"not_applicable": {entry.reason | some entry in not_applicable},
}
