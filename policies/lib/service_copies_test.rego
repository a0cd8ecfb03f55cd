package domicile.lib.service_copies_test

import data.domicile.lib.service_copies as copies
import data.domicile.lib.service_fixtures_test as fixture

sentinel := "/subscriptions/6c1e4d10-0000-4000-8000-000000000041/resourceGroups/Sec/providers/Microsoft.OperationalInsights/workspaces/Sentinel"

archive := "/subscriptions/6c1e4d10-0000-4000-8000-000000000041/resourceGroups/Sec/providers/Microsoft.Storage/storageAccounts/archive"

hub := "/subscriptions/6c1e4d10-0000-4000-8000-000000000041/resourceGroups/Sec/providers/Microsoft.EventHub/namespaces/siem"

connector := {
	"id": "1", "workspaceId": sentinel, "name": "xdr", "kind": "MicrosoftThreatProtection",
	"dataTypes": {"incidents": {"state": "Enabled"}, "alerts": {"state": "Disabled"}},
}

table := {"id": "2", "workspaceId": sentinel, "name": "DeviceEvents", "retentionInDays": 30, "totalRetentionInDays": 365}

setting := {
	"id": "3", "name": "to-siem", "workspaceId": null, "storageAccountId": archive,
	"eventHubAuthorizationRuleId": sprintf("%s/authorizationrules/Send", [hub]),
	"logs": [{"category": "AuditLogs", "enabled": true}],
}

export := {
	"id": "raw", "designatedTenantId": "3F0C1D7E-0000-4000-8000-000000000001", "storageAccountResourceId": null,
	"eventHubResourceId": hub, "workspaceResourceId": "", "logs": [{"category": "AdvancedHunting-DeviceInfo", "enabled": true}],
}

root := {"type": "managementGroup", "id": "/providers/Microsoft.Management/managementGroups/3F0C1D7E-0000-4000-8000-000000000001"}

subscription := {"type": "subscription", "id": "6C1E4D10-0000-4000-8000-000000000041"}

azure(evidence, gaps) := object.union(fixture.scan(evidence, gaps), {"params": {"known_copies": [], "azure_subscriptions": []}})

connected(changes) := {copy.says |
	some copy in copies.in_workspaces(azure({"sentinel_connectors": [object.union(connector, changes)], "workspace_tables": []}, {}))
}

kept(changes) := {copy.id |
	some copy in copies.in_workspaces(azure({"workspace_tables": [object.union(table, changes)], "sentinel_connectors": []}, {}))
}

test_a_connector_is_a_copy_unless_all_of_it_is_off if {
	connected({}) == {"Sentinel's connector for Defender XDR"}
	connected({"kind": "OfficeATP", "dataTypes": null}) == {"Sentinel's connector for Defender for Office 365"}
	connected({"dataTypes": {"incidents": {"state": null}}}) == {"Sentinel's connector for Defender XDR"}
	off := object.union(object.remove(connector, ["dataTypes"]), {"dataTypes": {"alerts": {"state": "Disabled"}}})
	count(copies.in_workspaces(azure({"sentinel_connectors": [off], "workspace_tables": []}, {}))) == 0
	connected({"kind": "AzureActiveDirectory"}) == set()
	connected({"kind": null}) == set()
	connected({"workspaceId": null}) == set()
}

test_a_table_kept_beyond_the_services_days_is_a_copy if {
	kept({}) == {sentinel}
	kept({"retentionInDays": 90, "totalRetentionInDays": null}) == {sentinel}
	kept({"totalRetentionInDays": 30}) == set()
	kept({"retentionInDays": null, "totalRetentionInDays": null}) == set()
	every name in ["Heartbeat", "SecurityIncident", "Device", null] {
		kept({"name": name}) == set()
	}
	every name in ["AlertInfo", "CloudAppEvents", "EmailEvents", "IdentityLogonEvents"] {
		kept({"name": name}) == {sentinel}
	}
}

test_every_destination_of_entras_logs_is_a_copy if {
	sent := copies.of_entra(azure({"entra_diagnostic_settings": [setting]}, {}))
	{copy.id | some copy in sent} == {archive, setting.eventHubAuthorizationRuleId}
	{copy.says | some copy in sent} == {"Entra's diagnostic setting 'to-siem'"}
	silent := object.union(setting, {"logs": [{"category": "AuditLogs", "enabled": false}]})
	copies.of_entra(azure({"entra_diagnostic_settings": [silent]}, {})) == set()
	unsaid := object.union(setting, {"logs": null})
	count(copies.of_entra(azure({"entra_diagnostic_settings": [unsaid]}, {}))) == 2
}

test_a_streaming_export_names_a_foreign_tenant if {
	copies.streamed(fixture.good, [export]) == {{"id": hub, "says": "Defender's streaming export", "kind": "streaming_export"}}
	foreign := object.union(export, {"designatedTenantId": "5b2d7c1e-0000-4000-8000-000000000002"})
	{copy.says | some copy in copies.streamed(fixture.good, [foreign])} == {"Defender's streaming export to tenant '5b2d7c1e-0000-4000-8000-000000000002'"}
}

listed(id) := object.union(azure({}, {}), {"params": {"known_copies": [id]}})

test_known_by_the_configuration_or_a_statement if {
	copies.known(listed(upper(hub)), setting.eventHubAuthorizationRuleId)
	copies.known(listed(sprintf("%s/", [hub])), hub)
	not copies.known(listed(hub), sprintf("%s2", [hub]))
	not copies.known(listed(""), hub)
	not copies.known(azure({}, {}), hub)
	statement := fixture.statement("known-copy", "2026-10-01T00:00:00Z", {"resourceId": hub, "geo": "westeurope", "reason": "SIEM"})
	copies.known(azure({"attestations": [statement]}, {}), hub)
	failed := object.union(statement, {"checks": [{"name": "dates", "ok": false, "message": ""}]})
	not copies.known(azure({"attestations": [failed]}, {}), hub)
}

test_covered_at_the_root_or_by_every_subscription if {
	copies.uncovered(azure({"azure_coverage": [root]}, {})) == set()
	all_named := object.union(azure({"azure_coverage": [subscription]}, {}), {"params": {"azure_subscriptions": [lower(subscription.id)]}})
	copies.uncovered(all_named) == set()
}

reasons(scan) := {found.reason | some found in copies.uncovered(scan)}

test_uncovered_otherwise if {
	reasons(azure({"azure_coverage": [subscription]}, {})) == {"partial"}
	reasons(azure({"azure_coverage": []}, {})) == {"partial"}
	reasons(azure({"azure_coverage": []}, {"azure_coverage": "not_collected"})) == {"not_collected"}
	other := object.union(azure({"azure_coverage": [subscription]}, {}), {"params": {"azure_subscriptions": [subscription.id, "9"]}})
	{found.message | some found in copies.uncovered(other)} == {"Of the 2 subscriptions in azure_subscriptions the scanner saw 1; give it Reader on the others."}
}

long := sprintf("%s/eventhubs/%s", [hub, hub])

test_shown_names_the_end_of_a_long_id if {
	copy := {"id": long, "says": "An export", "kind": "streaming_export"}
	copies.shown(azure({}, {}), copy) == sprintf("An export to '...%s' (not known)", [substring(long, count(long) - 117, -1)])
	copies.shown(listed("/short"), {"id": "/short", "says": "An export", "kind": ""}) == "An export to '/short' (known)"
	count(copies.short(long)) == 120
}
