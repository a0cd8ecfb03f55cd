package domicile.geo.workspace_replicas_allowed_test

import data.domicile.geo.workspace_replicas_allowed as rule
import data.domicile.lib.azure_fixtures_test as azured
import data.domicile.lib.geo_fixtures_test as fixtures

_soc := lower(azured.workspace_id("soc"))

_archive := azured.storage_id("archive")

_exporting(enabled) := {"exports": [{"id": "e1", "name": "to-archive", "enable": enabled, "destinationResourceId": _archive, "tableNames": ["SecurityEvent"]}]}

_replica(location) := {"replication": {"enabled": true, "location": location}}

_scan(changes, resource) := azured.with_evidence({
	"log_workspaces": [object.union(azured.workspace("soc", "westeurope"), changes)],
	"azure_resources": [object.union(azured.resource(_archive, "northeurope"), resource)],
})

_said(scan) := found if {
	found := azured.outcomes(rule.deny, rule.unknown, set()) with input as scan
}

_failing := {"denied": {_soc}, "unknown": set(), "not_applicable": set()}

_asking(reasons) := {"denied": set(), "unknown": reasons, "not_applicable": set()}

_passing := _asking(set())

test_passes_when_nothing_is_kept_elsewhere if {
	_said(_scan({}, {})) == _passing
	_said(_scan({"replication": {"enabled": false, "location": "eastus"}}, {})) == _passing
	_said(_scan(_exporting(false), {"location": "eastus"})) == _passing
	_said(azured.with_evidence({})) == _passing
}

test_passes_when_all_is_inside if {
	scan := _scan(object.union(_replica("northeurope"), _exporting(true)), {})
	_said(scan) == _passing
	{seen.value | some seen in rule.observed} == {"replica of 'soc' at 'northeurope'", "export of 'soc' to 'archive', which rests at 'northeurope' (region)"} with input as scan
}

test_fails_when_the_replica_is_outside if {
	found := rule.deny with input as _scan(_replica("uksouth"), {})
	found == {{
		"resource": {"kind": "log_workspace", "id": _soc, "name": "soc"},
		"message": "The security workspace 'soc' keeps data elsewhere: its replica is at 'uksouth'.",
		"expected": "replicas and destinations of export rules in allowed regions and in this tenant",
		"actual": "its replica is at 'uksouth'",
	}}
}

test_fails_when_an_export_goes_outside if {
	_said(_scan(_exporting(true), {"location": "eastus"})) == _failing
	_said(_scan(_exporting(null), {"sku": "Standard_GRS", "secondaryLocation": "ukwest"})) == _failing
	_said(_scan(_exporting(true), {"status": 404})) == _failing
	_said(fixtures.with_params(_scan(_exporting(true), {"tenantId": azured.other_tenant}), {"approved_tenants": []})) == _failing
}

test_fails_once_for_all_of_a_workspace if {
	scan := _scan(object.union(_replica("uksouth"), _exporting(true)), {"location": "eastus"})
	count(rule.deny) == 1 with input as scan
	_said(azured.without_root(scan)).denied == {_soc}
}

test_unknown_when_the_destination_can_not_be_read if {
	_said(_scan(_exporting(true), {"status": 403})) == _asking({"no_permission"})
}

test_unknown_when_the_export_rules_or_the_place_are_not_known if {
	_said(_scan({"exports": null}, {})) == _asking({"partial"})
	_said(_scan(_replica("marsnorth"), {})) == _asking({"partial"})
}

test_unknown_when_the_coverage_is_not_proven if {
	_said(azured.without_root(_scan({}, {}))) == _asking({"partial"})
}

test_unknown_when_a_workspace_with_a_replica_may_hold_security_data if {
	_said(_scan(object.union(_replica("northeurope"), {"sentinel": null}), {})) == _asking({"partial"})
	_said(_scan({"sentinel": null}, {})) == _passing
	_said(_scan(object.union(_replica("eastus"), {"sentinel": false}), {})) == _passing
}

test_unknown_when_no_list_is_set if {
	_said(fixtures.without_params(_scan(_replica("eastus"), {}), ["allowed_geos"])) == _asking({"needs_configuration"})
	_said(fixtures.without_params(_scan({}, {}), ["allowed_geos"])) == _passing
}

test_unknown_when_a_rule_names_no_destination if {
	every change in [{"destinationResourceId": null}, {"destinationResourceId": " "}, {"enable": null, "destinationResourceId": null}] {
		rule_read := object.union(_exporting(true).exports[0], change)
		_said(_scan({"exports": [rule_read, null]}, {})) == _asking({"partial"})
	}
	_said(_scan({"exports": [object.union(_exporting(false).exports[0], {"destinationResourceId": null})]}, {})) == _passing
}
