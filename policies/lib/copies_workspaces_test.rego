package domicile.lib.copies_workspaces_test

import data.domicile.lib.azure_fixtures_test as azured
import data.domicile.lib.copies_workspaces as workspaces
import data.domicile.lib.geo_fixtures_test as fixtures

_plain(name) := object.union(azured.workspace(name, "westeurope"), {"sentinel": false})

_theirs := object.union(azured.workspace("theirs", "eastus"), {"id": azured.foreign_id("Microsoft.OperationalInsights/workspaces", "theirs")})

_names(scan) := {workspace.name | some workspace in workspaces.security(scan)}

test_security_workspaces_have_sentinel_tables_or_exports if {
	scan := azured.with_evidence({
		"log_workspaces": [azured.workspace("soc", "westeurope"), _plain("tables"), _plain("logs"), _plain("raw"), _plain("lab"), object.union(_plain("unread"), {"sentinel": null})],
		"workspace_tables": [azured.table("tables", "AlertInfo"), azured.table("lab", "Perf")],
		"entra_diagnostic_settings": [object.union(azured.setting("siem"), {"workspaceId": azured.workspace_id("LOGS")})],
		"streaming_export": [object.union(azured.export("raw"), {"workspaceResourceId": azured.workspace_id("raw")})],
	})
	_names(scan) == {"soc", "tables", "logs", "raw"}
	_names(fixtures.with_params(scan, {"all_workspaces": true})) == {"soc", "tables", "logs", "raw", "lab", "unread"}
}

test_workspaces_of_other_tenants_count_only_as_destinations if {
	kinds := {"log_workspaces": [_theirs], "azure_coverage": [azured.root, azured.foreign], "workspace_tables": [object.union(azured.table("x", "AlertInfo"), {"workspaceId": _theirs.id})]}
	_names(fixtures.with_params(azured.with_evidence(kinds), {"all_workspaces": true})) == set()
	setting := object.union(azured.setting("siem"), {"workspaceId": _theirs.id})
	_names(azured.with_evidence(object.union(kinds, {"entra_diagnostic_settings": [setting]}))) == {"theirs"}
	_names(azured.with_evidence(object.remove(kinds, ["azure_coverage"]))) == {"theirs"}
}

test_unsure_says_what_could_not_be_read if {
	scan := azured.with_evidence({})
	workspaces.unsure(scan, _plain("lab")) == set()
	{[entry.reason, entry.kind] | some entry in workspaces.unsure(scan, object.union(_plain("lab"), {"sentinel": null}))} == {["partial", "log_workspaces"]}
	unread := fixtures.gone(fixtures.gone(scan, "workspace_tables", "throttled"), "entra_diagnostic_settings", "no_permission")
	{[entry.reason, entry.kind] | some entry in workspaces.unsure(unread, _plain("lab"))} == {["throttled", "workspace_tables"], ["no_permission", "entra_diagnostic_settings"]}
	foreign := fixtures.with_params(azured.with_evidence({"azure_coverage": [azured.foreign]}), {"approved_tenants": []})
	workspaces.unsure(foreign, object.union(_theirs, {"sentinel": null})) == set()
}

test_resource_is_named_by_its_key if {
	workspaces.resource(azured.workspace_id("SOC")) == {"kind": "log_workspace", "id": lower(azured.workspace_id("SOC")), "name": "SOC"}
}
