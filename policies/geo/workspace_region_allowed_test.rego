package domicile.geo.workspace_region_allowed_test

import data.domicile.geo.workspace_region_allowed as rule
import data.domicile.lib.azure_fixtures_test as azured
import data.domicile.lib.geo_fixtures_test as fixtures

_soc := lower(azured.workspace_id("soc"))

_scan(kinds) := azured.with_evidence(object.union({"log_workspaces": [azured.workspace("soc", "westeurope")]}, kinds))

_in(location) := _scan({"log_workspaces": [azured.workspace("soc", location)]})

_said(scan) := found if {
	found := azured.outcomes(rule.deny, rule.unknown, set()) with input as scan
}

_failing(ids) := {"denied": ids, "unknown": set(), "not_applicable": set()}

_asking(reasons) := {"denied": set(), "unknown": reasons, "not_applicable": set()}

_passing := _asking(set())

_sent_to(id) := [object.union(azured.setting("siem"), {"workspaceId": id})]

_resolved(id, changes) := [object.union(azured.resource(id, "westeurope"), changes)]

test_row_1_unknown_when_azure_is_not_configured if {
	scan := fixtures.gone(_scan({"log_workspaces": []}), "azure_coverage", "not_collected")
	_said(scan) == _asking({"not_collected"})
	count(rule.observed) == 0 with input as scan
}

test_row_2_fails_when_a_workspace_is_outside if {
	found := rule.deny with input as _in("eastus")
	found == {{
		"resource": {"kind": "log_workspace", "id": _soc, "name": "soc"},
		"message": "The security workspace 'soc' rests at 'eastus' (region), which isn't in the places allowed for Azure.",
		"expected": "a region in EU", "actual": "'eastus' (region)",
	}}
	_said(azured.without_root(_in("eastus"))) == {"denied": {_soc}, "unknown": {"partial"}, "not_applicable": set()}
}

test_row_2_fails_when_the_replica_or_the_cluster_is_outside if {
	replicated := object.union(azured.workspace("soc", "westeurope"), {"replication": {"enabled": true, "location": "uksouth"}})
	_said(_scan({"log_workspaces": [replicated]})) == _failing({_soc})
	clustered := object.union(azured.workspace("soc", "westeurope"), {"clusterLocation": "eastus"})
	_said(_scan({"log_workspaces": [clustered]})) == _failing({_soc})
	moved := object.union(azured.workspace("soc", "eastus"), {"clusterLocation": "West Europe"})
	_said(_scan({"log_workspaces": [moved]})) == _passing
}

test_row_3_fails_when_the_destination_is_in_another_tenant if {
	id := azured.foreign_id("Microsoft.OperationalInsights/workspaces", "theirs")
	scan := _scan({"azure_coverage": [azured.root, azured.subscription, azured.foreign], "entra_diagnostic_settings": _sent_to(id)})
	_said(fixtures.with_params(scan, {"approved_tenants": []})) == _failing({lower(id)})
	_said(scan) == _asking({"needs_configuration"})
}

test_row_3_passes_when_the_other_tenant_is_approved if {
	id := azured.foreign_id("Microsoft.OperationalInsights/workspaces", "theirs")
	scan := _scan({"entra_diagnostic_settings": _sent_to(id), "azure_resources": _resolved(id, {"tenantId": azured.other_tenant})})
	_said(fixtures.with_params(scan, {"approved_tenants": [{"id": azured.other_tenant}]})) == _passing
}

test_row_4_unknown_when_the_destination_can_not_be_read if {
	id := azured.workspace_id("hidden")
	_said(_scan({"entra_diagnostic_settings": _sent_to(id), "azure_resources": _resolved(id, {"status": 403})})) == _asking({"no_permission"})
}

test_row_4_unknown_when_the_destination_was_not_asked_for if {
	id := azured.foreign_id("Microsoft.OperationalInsights/workspaces", "nobodys")
	_said(_scan({"entra_diagnostic_settings": _sent_to(id)})) == _asking({"not_collected"})
	_said(_scan({"entra_diagnostic_settings": _sent_to(azured.workspace_id("soc"))})) == _passing
}

test_row_5_fails_when_the_destination_is_gone if {
	id := azured.workspace_id("gone")
	_said(_scan({"entra_diagnostic_settings": _sent_to(id), "azure_resources": _resolved(id, {"status": 404, "location": null})})) == _failing({lower(id)})
}

test_row_6_unknown_when_the_coverage_is_not_proven if {
	_said(azured.without_root(_scan({}))) == _asking({"partial"})
	some entry in rule.unknown with input as fixtures.with_params(azured.without_root(_scan({})), {"azure_subscriptions": [azured.subscription_id, "s2"]})
	entry.reason == "partial"
	startswith(entry.message, "Only 1 of the 2 subscriptions")
	_said(fixtures.with_params(azured.without_root(_scan({})), {"azure_subscriptions": [azured.subscription_id]})) == _passing
}

test_row_7_passes_without_the_streaming_exports_which_another_rule_asks_for if {
	_said(fixtures.gone(_scan({}), "streaming_export", "not_collected")) == _passing
}

test_row_8_passes_when_there_is_no_copy if {
	scan := _scan({"log_workspaces": []})
	_said(scan) == _passing
	{seen.value | some seen in rule.observed} == {"no copies"} with input as scan
}

test_row_9_passes_when_every_workspace_is_inside if {
	_said(_in("West Europe")) == _passing
	_said(fixtures.with_params(_in("uksouth"), {"allowed_geos_by_service": {"azure": ["westeurope", "uksouth"]}})) == _passing
	{seen.value | some seen in rule.observed} == {"'soc' at 'West Europe' (region)"} with input as _in("West Europe")
}

test_passes_over_workspaces_without_security_data if {
	lab := object.union(azured.workspace("lab", "eastus"), {"sentinel": false})
	_said(_scan({"log_workspaces": [lab]})) == _passing
	{seen.value | some seen in rule.observed} == {"'lab' isn't known to hold security data"} with input as _scan({"log_workspaces": [lab]})
	_said(fixtures.with_params(_scan({"log_workspaces": [lab]}), {"all_workspaces": true})) == _failing({lower(lab.id)})
	_said(_scan({"log_workspaces": [lab], "workspace_tables": [azured.table("lab", "AlertInfo")]})) == _failing({lower(lab.id)})
}

test_fails_once_for_a_destination_that_is_listed_as_well if {
	outside := {
		"log_workspaces": [azured.workspace("soc", "eastus")], "entra_diagnostic_settings": _sent_to(azured.workspace_id("soc")),
		"azure_resources": _resolved(azured.workspace_id("soc"), {"location": "eastus"}),
	}
	_said(_scan(outside)) == _failing({_soc})
	count(rule.deny) == 1 with input as _scan(outside)
}

test_unknown_when_a_workspace_outside_may_hold_security_data if {
	lab := object.union(azured.workspace("lab", "eastus"), {"sentinel": null})
	_said(_scan({"log_workspaces": [lab]})) == _asking({"partial"})
	_said(_scan({"log_workspaces": [object.union(lab, {"location": "westeurope"})]})) == _passing
	unread := fixtures.gone(_scan({"log_workspaces": [object.union(lab, {"sentinel": false})]}), "workspace_tables", "throttled")
	_said(unread) == _asking({"throttled"})
}

test_unknown_when_the_region_is_not_known if {
	_said(_in("marsnorth")) == _asking({"partial"})
	_said(_in(null)) == _asking({"partial"})
}

test_unknown_when_no_list_is_set if {
	_said(fixtures.without_params(_in("eastus"), ["allowed_geos"])) == _asking({"needs_configuration"})
	_said(fixtures.without_params(_scan({"log_workspaces": []}), ["allowed_geos"])) == _passing
}
