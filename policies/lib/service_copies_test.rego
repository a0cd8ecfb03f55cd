package domicile.lib.service_copies_test

import data.domicile.lib.service_copies as copies
import data.domicile.lib.service_fixtures_test as fixture

group := "/subscriptions/6c1e4d10-0000-4000-8000-000000000041/resourceGroups/Sec/providers"

sentinel := sprintf("%s/Microsoft.OperationalInsights/workspaces/Sentinel", [group])

archive := sprintf("%s/Microsoft.Storage/storageAccounts/archive", [group])

hub := sprintf("%s/Microsoft.EventHub/namespaces/siem", [group])

connector := {"id": "1", "workspaceId": sentinel, "kind": "MicrosoftThreatProtection", "dataTypes": {"incidents": {"state": "Enabled"}}}

table := {"id": "2", "workspaceId": upper(sentinel), "name": "DeviceEvents", "retentionInDays": 90, "totalRetentionInDays": 90}

setting := {
	"id": "3", "name": "to-siem", "workspaceId": null, "storageAccountId": archive,
	"eventHubAuthorizationRuleId": sprintf("%s/authorizationrules/Send", [hub]),
	"logs": [{"category": "AuditLogs", "enabled": true}],
}

export := {
	"id": "raw", "designatedTenantId": "3F0C1D7E-0000-4000-8000-000000000001", "storageAccountResourceId": null,
	"eventHubResourceId": hub, "workspaceResourceId": "", "logs": [{"category": "AdvancedHunting-DeviceInfo", "enabled": true}],
}

named(ids, statements) := object.union(fixture.scan({"attestations": statements}, {}), {"params": {"known_copies": ids}})

test_a_workspace_is_one_destination if {
	found := copies.in_workspaces(fixture.scan({"sentinel_connectors": [connector], "workspace_tables": [table]}, {}))
	found == {{"id": lower(sentinel), "says": "connector 'MicrosoftThreatProtection', table 'DeviceEvents'", "kind": "sentinel_connectors"}}
}

test_every_destination_of_entras_logs_is_a_copy if {
	sent := copies.of_entra(fixture.scan({"entra_diagnostic_settings": [setting]}, {}))
	{copy.id | some copy in sent} == {lower(archive), lower(hub)}
	{copy.says | some copy in sent} == {"Entra's diagnostic setting 'to-siem'"}
	silent := object.union(setting, {"logs": [{"category": "AuditLogs", "enabled": false}]})
	copies.of_entra(fixture.scan({"entra_diagnostic_settings": [silent]}, {})) == set()
}

test_a_streaming_export_names_a_foreign_tenant if {
	copies.streamed(fixture.good, [export]) == {{"id": lower(hub), "says": "Defender's streaming export", "kind": "streaming_export"}}
	copies.streamed(fixture.good, [object.remove(export, ["designatedTenantId"])]) == copies.streamed(fixture.good, [export])
	foreign := object.union(export, {"designatedTenantId": "5b2d7c1e-0000-4000-8000-000000000002"})
	{copy.says | some copy in copies.streamed(fixture.good, [foreign])} == {"Defender's streaming export to tenant '5b2d7c1e-0000-4000-8000-000000000002'"}
}

test_known_by_the_configuration_or_a_statement if {
	copies.known(named([hub], []), lower(hub))
	not copies.known(named([sprintf("%s2", [hub])], []), lower(hub))
	statement := fixture.statement("known-copy", "2026-10-01T00:00:00Z", {"resourceId": hub, "geo": "westeurope", "reason": "SIEM"})
	copies.known(named([], [statement]), lower(hub))
	failed := object.union(statement, {"checks": [{"name": "dates", "ok": false, "message": ""}]})
	not copies.known(named([], [failed]), lower(hub))
}

long := sprintf("%s/databases/%s", [hub, hub])

test_shown_names_the_end_of_a_long_id if {
	copy := {"id": long, "says": "An export", "kind": "streaming_export"}
	copies.shown(named([], []), copy) == sprintf("An export to '...%s' (not known)", [substring(long, count(long) - 117, -1)])
	copies.shown(named(["/short"], []), {"id": "/short", "says": "An export", "kind": ""}) == "An export to '/short' (known)"
	count(copies.short(long)) == 120
}

test_a_setting_without_a_name_is_called_so if {
	every name in [null, ""] {
		sent := copies.of_entra(fixture.scan({"entra_diagnostic_settings": [object.union(setting, {"name": name})]}, {}))
		{copy.says | some copy in sent} == {"Entra's diagnostic setting without a name"}
	}
}
