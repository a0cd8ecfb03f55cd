package domicile.geo.workspace_copies_acknowledged_test

import data.domicile.geo.workspace_copies_acknowledged as rule
import data.domicile.lib.azure_fixtures_test as azured
import data.domicile.lib.geo_fixtures_test as fixtures

_soc := lower(azured.workspace_id("soc"))

_connected := [azured.connector("soc", "MicrosoftThreatProtection")]

_scan(kinds) := fixtures.with_params(
	azured.with_evidence(object.union(
		{
			"onboarding_package": [fixtures.package_read],
			"log_workspaces": [azured.workspace("soc", "westeurope")],
			"sentinel_connectors": _connected,
		},
		kinds,
	)),
	{"allowed_geos_by_service": {"azure": ["EU", "UK"]}},
)

_in(location) := _scan({"log_workspaces": [azured.workspace("soc", location)]})

_said(scan) := found if {
	found := azured.outcomes(rule.deny, rule.unknown, set()) with input as scan
}

_failing(ids) := {"denied": ids, "unknown": set(), "not_applicable": set()}

_asking(reasons) := {"denied": set(), "unknown": reasons, "not_applicable": set()}

_passing := _asking(set())

_known(scan) := fixtures.with_params(scan, {"known_copies": [azured.workspace_id("SOC")]})

test_row_1_unknown_when_azure_is_not_configured if {
	kinds := {"log_workspaces": [], "sentinel_connectors": [], "azure_coverage": []}
	scan := object.union(_scan(kinds), {"gaps": {kind: {"reason": "not_collected"} |
		some kind in ["azure_coverage", "log_workspaces", "sentinel_connectors", "workspace_tables"]
	}})
	_said(scan) == _asking({"not_collected"})
}

test_row_2_fails_when_a_copy_is_outside_the_allowed_regions if {
	found := rule.deny with input as _in("eastus")
	found == {{
		"resource": {"kind": "log_workspace", "id": _soc, "name": "soc"},
		"message": "The workspace 'soc' holds a copy of the service's data (connector 'MicrosoftThreatProtection') and rests at 'eastus' (region), which isn't in the places allowed for Azure.",
		"expected": "a region in EU, UK", "actual": "'eastus' (region)",
	}}
	_said(_known(_in("eastus"))) == _failing({_soc})
	_said(azured.without_root(_in("eastus"))).denied == {_soc}
}

test_row_2_fails_when_the_replica_is_outside if {
	replicated := object.union(azured.workspace("soc", "westeurope"), {"replication": {"enabled": true, "location": "eastus"}})
	_said(_scan({"log_workspaces": [replicated]})) == _failing({_soc})
}

test_row_2_fails_for_the_data_lake_and_for_tables_without_a_connector if {
	kept := object.union(azured.table("soc", "DeviceEvents"), {"totalRetentionInDays": 365})
	scan := _scan({"log_workspaces": [azured.workspace("soc", "eastus")], "sentinel_connectors": [], "workspace_tables": [kept]})
	_said(scan) == _failing({_soc})
	some finding in rule.deny with input as scan
	contains(finding.message, "table 'DeviceEvents' kept 365 days, in the data lake or archive after 90")
}

test_row_3_fails_when_the_workspace_is_in_another_tenant if {
	scan := _scan({"azure_coverage": [azured.root, object.union(azured.subscription, {"tenantId": azured.other_tenant})]})
	_said(fixtures.with_params(scan, {"approved_tenants": []})) == _failing({_soc})
	_said(scan) == _asking({"needs_configuration"})
	_said(fixtures.with_params(scan, {"approved_tenants": [{"id": azured.other_tenant}]})) == _passing
}

test_row_3_passes_when_the_owner_is_not_known if {
	_said(_scan({"azure_coverage": [azured.root]})) == _passing
}

test_row_4_unknown_when_the_workspace_can_not_be_read if {
	_said(_scan({"log_workspaces": []})) == _asking({"no_permission"})
	_said(fixtures.gone(_scan({}), "log_workspaces", "throttled")) == _asking({"throttled"})
}

# A workspace that is gone holds no copy and has no connector: GEO1015 and GEO1017 fail for
# what still sends to it.
test_row_5_passes_over_a_destination_that_is_gone if {
	_said(_scan({"sentinel_connectors": [], "log_workspaces": []})) == _passing
}

test_row_6_unknown_when_the_coverage_is_not_proven if {
	_said(azured.without_root(_scan({}))) == _asking({"partial"})
	_said(fixtures.with_params(azured.without_root(_scan({})), {"azure_subscriptions": [azured.subscription_id]})) == _passing
}

test_row_7_passes_without_the_streaming_exports_which_another_rule_asks_for if {
	_said(fixtures.gone(_scan({}), "streaming_export", "not_collected")) == _passing
}

test_row_8_passes_when_there_is_no_copy if {
	scan := _scan({"sentinel_connectors": []})
	_said(scan) == _passing
	{seen.value | some seen in rule.observed} == {"no copies"} with input as scan
}

test_row_9_passes_when_every_copy_is_in_the_services_geo if {
	_said(_scan({})) == _passing
	_said(_in("North Europe")) == _passing
	{seen.value | some seen in rule.observed} == {"'soc' at 'westeurope' (region): connector 'MicrosoftThreatProtection'"} with input as _scan({})
}

test_row_10_fails_when_a_copy_leaves_the_services_geo_unacknowledged if {
	found := rule.deny with input as _in("uksouth")
	{finding.message | some finding in found} == {"The workspace 'soc' holds a copy of the service's data (connector 'MicrosoftThreatProtection') and rests at 'uksouth' (region), outside the service's Geo EU, and nobody has acknowledged it."}
}

test_row_10_passes_when_it_is_acknowledged if {
	_said(_known(_in("uksouth"))) == _passing
	{seen.value | some seen in rule.observed} == {"'soc' at 'uksouth' (region): connector 'MicrosoftThreatProtection' (acknowledged)"} with input as _known(_in("uksouth"))
	stated := fixtures.statement("known-copy", {"resourceId": azured.workspace_id("soc"), "geo": "UK", "reason": "SIEM"})
	_said(_scan({"log_workspaces": [azured.workspace("soc", "uksouth")], "attestations": [stated]})) == _passing
	elsewhere := fixtures.statement("known-copy", {"resourceId": azured.workspace_id("soc"), "geo": "US", "reason": "SIEM"})
	_said(_scan({"log_workspaces": [azured.workspace("soc", "uksouth")], "attestations": [elsewhere]})) == _failing({_soc})
}

test_unknown_when_the_services_geo_is_not_known if {
	_said(_scan({"onboarding_package": []})) == _asking({"needs_attestation"})
	_said(_known(_scan({"onboarding_package": []}))) == _passing
}

test_unknown_when_connectors_or_tables_were_not_read if {
	_said(fixtures.gone(_scan({}), "sentinel_connectors", "throttled")) == _asking({"throttled"})
	_said(fixtures.gone(_scan({}), "workspace_tables", "no_permission")) == _asking({"no_permission"})
	without := fixtures.gone(_scan({"sentinel_connectors": []}), "workspace_tables", "no_permission")
	count(rule.observed) == 0 with input as without
}

test_unknown_when_the_region_is_not_known if {
	_said(_known(_in("marsnorth"))) == _asking({"partial"})
}

test_unknown_when_no_list_is_set if {
	scan := fixtures.without_params(_in("eastus"), ["allowed_geos", "allowed_geos_by_service"])
	_said(scan) == _asking({"needs_configuration"})
}
