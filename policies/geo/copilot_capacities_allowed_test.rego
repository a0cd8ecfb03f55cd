package domicile.geo.copilot_capacities_allowed_test

import data.domicile.geo.copilot_capacities_allowed as rule
import data.domicile.lib.azure_fixtures_test as azured
import data.domicile.lib.geo_fixtures_test as fixtures

_capacity(geo, compute) := {
	"id": azured.id("Microsoft.SecurityCopilot/capacities", "scu"), "name": "scu", "subscriptionId": azured.subscription_id,
	"location": "westeurope", "geo": geo, "crossGeoCompute": compute,
}

_scan(capacities) := azured.with_evidence({"copilot_capacities": capacities})

_said(scan) := found if {
	found := azured.outcomes(rule.deny, rule.unknown, rule.not_applicable) with input as scan
}

_asking(reasons) := {"denied": set(), "unknown": reasons, "not_applicable": set()}

test_passes_when_the_geo_is_allowed_and_computes_there if {
	_said(_scan([_capacity("EU", "NotAllowed")])) == _asking(set())
	_said(fixtures.with_params(_scan([_capacity("ANZ", "notallowed")]), {"allowed_geos_by_service": {"security_copilot": ["AU"]}})) == _asking(set())
}

test_fails_when_the_geo_is_not_allowed_or_computes_elsewhere if {
	found := rule.deny with input as _scan([_capacity("US", "Allowed")])
	found == {{
		"resource": {"kind": "copilot_capacity", "id": lower(azured.id("Microsoft.SecurityCopilot/capacities", "scu")), "name": "scu"},
		"message": "Security Copilot's capacity 'scu' may compute in other Geos and stores its data in 'US', which isn't in the places allowed for it.",
		"expected": "a Geo in the allowed places, and computing in that Geo only",
		"actual": "Geo 'US', computing elsewhere 'Allowed'",
	}}
	count(rule.deny) == 1 with input as _scan([_capacity("EU", "Allowed")])
	count(rule.deny) == 1 with input as azured.without_root(_scan([_capacity("UK", "NotAllowed")]))
}

test_unknown_when_the_capacity_does_not_say if {
	_said(_scan([_capacity(null, "NotAllowed")])) == _asking({"partial"})
	_said(_scan([_capacity("EU", null)])) == _asking({"partial"})
	_said(_scan([object.remove(_capacity("EU", "NotAllowed"), ["geo", "crossGeoCompute", "name"])])) == _asking({"partial"})
}

test_unknown_when_the_coverage_is_not_proven if {
	_said(azured.without_root(_scan([]))).unknown == {"partial"}
	_said(azured.without_root(_scan([_capacity("EU", "NotAllowed")]))) == _asking({"partial"})
}

test_unknown_when_no_list_is_set if {
	_said(fixtures.without_params(_scan([_capacity("EU", "NotAllowed")]), ["allowed_geos"])) == _asking({"needs_configuration"})
}

test_not_applicable_when_there_is_no_capacity if {
	_said(_scan([])) == {"denied": set(), "unknown": set(), "not_applicable": {"nothing_to_judge"}}
}

test_observed_is_a_proxy if {
	found := rule.observed with input as _scan([_capacity("EU", "NotAllowed")])
	found == {{"fact": "geo", "service": "security_copilot", "value": "'EU' holds 'scu', computing elsewhere 'NotAllowed'", "tier": "proxy", "kind": "copilot_capacities"}}
}

test_passes_over_a_capacity_of_another_tenant if {
	customers := object.union(_capacity("US", "Allowed"), {"id": azured.foreign_id("Microsoft.SecurityCopilot/capacities", "scu")})
	seen := object.union(_scan([customers]), {"evidence": {"azure_coverage": [azured.root, azured.subscription, azured.foreign]}})
	_said(seen) == {"denied": set(), "unknown": set(), "not_applicable": {"nothing_to_judge"}}
}
