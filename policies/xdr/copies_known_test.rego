package domicile.xdr.copies_known_test

import data.domicile.lib.service_fixtures_test as fixture
import data.domicile.xdr.copies_known as rule

outcome(inp) := {"deny": denied, "unknown": unknown, "not_applicable": inapplicable} if {
	denied := {f.resource.id | some f in rule.deny with input as inp}
	unknown := {[u.reason, u.kind] | some u in rule.unknown with input as inp}
	inapplicable := {n.reason | some n in rule.not_applicable with input as inp}
}

pass := {"deny": set(), "unknown": set(), "not_applicable": set()}

workspace := "/subscriptions/6c1e4d10-0000-4000-8000-000000000041/resourceGroups/Sec/providers/Microsoft.OperationalInsights/workspaces/Siem"

archive := "/subscriptions/6c1e4d10-0000-4000-8000-000000000041/resourcegroups/sec/providers/microsoft.storage/storageaccounts/old"

connector := {"id": "1", "workspaceId": workspace, "kind": "MicrosoftThreatProtection", "dataTypes": {"incidents": {"state": "Enabled"}}}

table := {"id": "2", "workspaceId": upper(workspace), "name": "DeviceEvents", "retentionInDays": 90, "totalRetentionInDays": 90}

setting := {"id": "3", "name": "audit", "storageAccountId": archive, "logs": [{"category": "AuditLogs", "enabled": true}]}

root := {"type": "managementGroup", "id": "/providers/Microsoft.Management/managementGroups/3f0c1d7e-0000-4000-8000-000000000001"}

azure(evidence, gaps, named) := object.union(
	fixture.scan(
		object.union(
			{
				"sentinel_connectors": [connector], "workspace_tables": [table],
				"entra_diagnostic_settings": [], "azure_coverage": [root],
			},
			evidence,
		),
		gaps,
	),
	{"params": {"known_copies": named, "azure_subscriptions": []}},
)

none := {"sentinel_connectors": [], "workspace_tables": []}

values(inp) := {o.value | some o in rule.observed with input as inp}

test_passes_when_every_copy_is_known if {
	inp := azure({}, {}, [workspace])
	outcome(inp) == pass
	count(values(inp)) == 1
	every value in values(inp) {
		endswith(value, "(known)")
	}
}

test_passes_when_there_is_no_copy if {
	outcome(azure(none, {}, [])) == pass
	values(azure(none, {}, [])) == {"no copies"}
}

test_fails_when_a_destination_is_not_named if {
	inp := azure({"entra_diagnostic_settings": [setting]}, {}, [])
	outcome(inp) == object.union(pass, {"deny": {lower(workspace), archive}})
	some finding in rule.deny with input as inp
	finding.resource.id == lower(workspace)
	finding.resource.kind == "azure_resource"
	endswith(finding.message, "' by connector 'MicrosoftThreatProtection', table 'DeviceEvents', and neither known_copies nor a record names the place.")
	outcome(azure({"entra_diagnostic_settings": [setting]}, {}, [workspace])).deny == {archive}
}

test_fails_on_what_is_seen_even_where_not_all_is if {
	inp := azure({"azure_coverage": []}, {"sentinel_connectors": "partial"}, [])
	outcome(inp).deny == {lower(workspace)}
}

test_unknown_when_something_could_not_be_read if {
	every kind in ["sentinel_connectors", "entra_diagnostic_settings", "workspace_tables"] {
		inp := azure(object.union(none, {kind: []}), {kind: "no_permission"}, [])
		outcome(inp) == object.union(pass, {"unknown": {["no_permission", kind]}})
		values(inp) == set()
	}
}

test_unknown_when_not_all_of_azure_was_seen if {
	some_of_it := azure(object.union(none, {"azure_coverage": [{"type": "subscription", "id": "a"}]}), {}, [])
	outcome(some_of_it) == object.union(pass, {"unknown": {["partial", "azure_coverage"]}})
	unseen := azure(object.union(none, {"azure_coverage": []}), {"azure_coverage": "not_collected"}, [])
	outcome(unseen) == object.union(pass, {"unknown": {["not_collected", "azure_coverage"]}})
	values(unseen) == set()
}
