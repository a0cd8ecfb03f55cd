package domicile.geo.export_destinations_allowed_test

import data.domicile.geo.export_destinations_allowed as rule
import data.domicile.lib.azure_fixtures_test as azured
import data.domicile.lib.geo_fixtures_test as fixtures

_archive := azured.storage_id("archive")

_hub := concat("/", [azured.id("Microsoft.EventHub/namespaces", "hub"), "authorizationRules", "Root"])

_raw := azured.id("Microsoft.EventHub/namespaces", "raw")

_settings := [object.union(azured.setting("siem"), {"storageAccountId": _archive, "eventHubAuthorizationRuleId": _hub})]

_exports := [object.union(azured.export("stream"), {"eventHubResourceId": _raw})]

_resources(changes) := [
	object.union(azured.resource(upper(_archive), "westeurope"), changes),
	azured.resource(azured.id("Microsoft.EventHub/namespaces", "hub"), "northeurope"),
	azured.resource(_raw, "germanywestcentral"),
]

_scan(kinds) := azured.with_evidence(object.union({"entra_diagnostic_settings": _settings, "streaming_export": _exports, "azure_resources": _resources({})}, kinds))

_archived(changes) := _scan({"azure_resources": _resources(changes)})

_said(scan) := found if {
	found := azured.outcomes(rule.deny, rule.unknown, set()) with input as scan
}

_failing(ids) := {"denied": ids, "unknown": set(), "not_applicable": set()}

_asking(reasons) := {"denied": set(), "unknown": reasons, "not_applicable": set()}

_passing := _asking(set())

test_row_1_unknown_when_azure_is_not_configured if {
	bare := azured.with_evidence({"azure_coverage": []})
	scan := object.union(bare, {"gaps": {kind: {"reason": "not_collected"} | some kind in ["azure_coverage", "entra_diagnostic_settings", "azure_resources"]}})
	_said(scan) == _asking({"not_collected"})
}

test_row_2_fails_when_a_destination_is_outside if {
	found := rule.deny with input as _archived({"location": "East US"})
	found == {{
		"resource": {"kind": "azure_resource", "id": lower(_archive), "name": "archive"},
		"message": "The destination 'archive' of the diagnostic setting 'siem' rests at 'East US' (region), which isn't in the places allowed for Azure (EU).",
		"expected": "a region in the allowed places", "actual": "'East US' (region)",
	}}
	_said(azured.without_root(_archived({"location": "eastus"}))) == {"denied": {lower(_archive)}, "unknown": {"partial"}, "not_applicable": set()}
}

test_row_2_fails_when_a_second_region_or_a_replica_is_outside if {
	_said(_archived({"sku": "Standard_RAGRS", "secondaryLocation": "uksouth"})) == _failing({lower(_archive)})
	_said(_archived({"replicas": ["eastus2"]})) == _failing({lower(_archive)})
	brazil := fixtures.with_params(_archived({"location": "brazilsouth", "sku": "Standard_GRS"}), {"allowed_geos": ["EU", "BR"]})
	_said(brazil) == _failing({lower(_archive)})
	asia := fixtures.with_params(_archived({"location": "southeastasia", "sku": "Standard_GRS"}), {"allowed_geos": ["EU", "SGP"]})
	_said(asia) == _failing({lower(_archive)})
}

test_row_3_fails_when_a_destination_is_in_another_tenant if {
	scan := _archived({"tenantId": azured.other_tenant})
	_said(fixtures.with_params(scan, {"approved_tenants": []})) == _failing({lower(_archive)})
	_said(scan) == _asking({"needs_configuration"})
	_said(fixtures.with_params(scan, {"approved_tenants": [{"id": azured.other_tenant}]})) == _passing
}

test_row_3_fails_when_a_stream_is_designated_to_another_tenant if {
	scan := _scan({"streaming_export": [object.union(_exports[0], {"designatedTenantId": azured.other_tenant})]})
	found := rule.deny with input as fixtures.with_params(scan, {"approved_tenants": []})
	found == {{
		"resource": {"kind": "streaming_export", "id": "stream", "name": "stream"},
		"message": sprintf("The streaming export 'stream' sends to the tenant '%s', which isn't an approved one.", [azured.other_tenant]),
		"expected": "this tenant, or an approved one", "actual": azured.other_tenant,
	}}
	_said(scan) == _asking({"needs_configuration"})
}

test_row_4_unknown_when_a_destination_can_not_be_read if {
	_said(_archived({"status": 403})) == _asking({"no_permission"})
	_said(_scan({"azure_resources": []})) == _asking({"not_collected"})
	_said(fixtures.gone(_scan({}), "azure_resources", "throttled")).unknown == {"throttled"}
}

test_row_5_fails_when_a_destination_is_gone if {
	_said(_archived({"status": 404, "location": null})) == _failing({lower(_archive)})
}

test_row_6_unknown_when_the_coverage_is_not_proven if {
	_said(azured.without_root(_scan({}))) == _asking({"partial"})
	some entry in rule.unknown with input as fixtures.with_params(azured.without_root(_scan({})), {"azure_subscriptions": [azured.subscription_id, "s2", "s3"]})
	startswith(entry.message, "Only 1 of the 3 subscriptions")
}

test_row_7_unknown_when_the_streaming_exports_are_not_known if {
	scan := fixtures.gone(_scan({"streaming_export": []}), "streaming_export", "not_collected")
	_said(scan) == _asking({"needs_attestation"})
	bad := fixtures.gone(_scan({"streaming_export": [], "azure_resources": _resources({"location": "eastus"})}), "streaming_export", "not_collected")
	_said(bad) == {"denied": {lower(_archive)}, "unknown": {"needs_attestation"}, "not_applicable": set()}
}

test_row_8_passes_when_nothing_is_sent if {
	nothing := _scan({"entra_diagnostic_settings": [], "streaming_export": []})
	_said(nothing) == _passing
	{seen.value | some seen in rule.observed} == {"no copies"} with input as nothing
	off := json.patch(_scan({"streaming_export": []}), [{"op": "replace", "path": "/evidence/entra_diagnostic_settings/0/logs/0/enabled", "value": false}])
	_said(off) == _passing
}

test_row_9_passes_when_every_destination_is_inside if {
	_said(_scan({})) == _passing
	found := {seen.value | some seen in rule.observed} with input as _scan({})
	found == {
		"'archive', destination of the diagnostic setting 'siem', rests at 'westeurope' (region)",
		"'hub', destination of the diagnostic setting 'siem', rests at 'northeurope' (region)",
		"'raw', destination of the streaming export 'stream', rests at 'germanywestcentral' (region)",
	}
}

test_fails_once_for_a_destination_of_several if {
	both := _scan({
		"entra_diagnostic_settings": [_settings[0], object.union(azured.setting("audit"), {"storageAccountId": upper(_archive)})],
		"azure_resources": _resources({"location": "eastus"}),
	})
	some finding in rule.deny with input as both
	startswith(finding.message, "The destination 'archive' of the diagnostic setting 'audit', the diagnostic setting 'siem' rests")
	count(rule.deny) == 1 with input as both
}

test_unknown_when_a_setting_names_no_destination_that_is_known if {
	_said(_scan({"entra_diagnostic_settings": [azured.setting("partner")]})) == _asking({"partial"})
}

test_unknown_when_the_settings_were_not_read if {
	_said(fixtures.gone(_scan({"entra_diagnostic_settings": []}), "entra_diagnostic_settings", "no_permission")) == _asking({"no_permission"})
}

test_unknown_when_the_file_of_exports_is_too_old if {
	_said(_scan({"streaming_export": [object.union(_exports[0], {"savedAt": "2026-01-01T00:00:00Z"})]})) == _asking({"stale"})
}

test_unknown_when_no_list_is_set if {
	_said(fixtures.without_params(_scan({}), ["allowed_geos"])) == _asking({"needs_configuration"})
}

test_fails_when_a_stream_without_a_name_goes_to_another_tenant if {
	stream := object.union(_exports[0], {"id": null, "designatedTenantId": upper(azured.other_tenant)})
	every streams in [[stream], [object.remove(stream, ["id"])], [object.union(stream, {"id": ""})]] {
		_said(fixtures.with_params(_scan({"streaming_export": streams}), {"approved_tenants": []})).denied == {concat(" ", ["to", azured.other_tenant])}
		_said(_scan({"streaming_export": streams})).unknown == {"needs_configuration"}
	}
}

test_unknown_when_a_partner_or_an_old_rule_is_sent_to if {
	partner := azured.id("Microsoft.Datadog/monitors", "dog")
	every change in [{"marketplacePartnerId": partner}, {"serviceBusRuleId": concat("/", [partner, "authorizationRules", "Root"])}] {
		setting := object.union(azured.setting("siem"), object.union({"storageAccountId": _archive}, change))
		answer := object.union(azured.resource(partner, ""), {"status": 403})
		_said(_scan({"entra_diagnostic_settings": [setting], "azure_resources": array.concat(_resources({}), [answer])})) == _asking({"no_permission"})
	}
}
