package domicile.lib.azure_destinations_test

import data.domicile.lib.azure
import data.domicile.lib.azure_destinations as destinations
import data.domicile.lib.azure_fixtures_test as fixtures
import data.domicile.lib.geo_fixtures_test as tenant

_id := fixtures.storage_id("archive")

_judged(scan, changes) := destinations.judge(scan, azure.keyed([object.union(fixtures.resource(_id, "westeurope"), changes)]), _id)

_outcome(scan, changes) := [verdict.outcome, verdict.reason] if {
	verdict := _judged(scan, changes)
}

_scan := fixtures.with_evidence({})

_approving(tenants) := tenant.with_params(_scan, {"approved_tenants": tenants})

test_passes_in_an_allowed_region if {
	_judged(_scan, {}) == {
		"outcome": "pass", "id": lower(_id), "name": "archive", "says": "rests at 'westeurope' (region)",
		"reason": "", "expected": "", "actual": "", "resolved": true,
	}
	_outcome(_approving([{"id": fixtures.other_tenant}]), {"tenantId": fixtures.other_tenant}) == ["pass", ""]
}

test_fails_outside_before_all_else if {
	verdict := _judged(_approving([]), {"location": "East US", "tenantId": fixtures.other_tenant})
	verdict.says == "rests at 'East US' (region), which isn't in the places allowed for Azure (EU)"
	_outcome(_scan, {"secondaryLocation": "ukwest"}) == ["fail", ""]
	_outcome(_scan, {"replicas": ["eastus"]}) == ["fail", ""]
	_outcome(_scan, {"location": "brazilsouth", "sku": "Standard_GRS"}) == ["fail", ""]
}

test_fails_in_another_tenant if {
	verdict := _judged(_approving([]), {"tenantId": fixtures.other_tenant, "status": 403})
	verdict.actual == sprintf("tenant '%s'", [fixtures.other_tenant])
	_outcome(_scan, {"tenantId": fixtures.other_tenant}) == ["unknown", "needs_configuration"]
}

test_owner_of_the_subscription_tells_the_tenant if {
	id := fixtures.foreign_id("Microsoft.Storage/storageAccounts", "theirs")
	scan := tenant.with_params(fixtures.with_evidence({"azure_coverage": [fixtures.root, fixtures.foreign]}), {"approved_tenants": []})
	destinations.judge(scan, {}, id).outcome == "fail"
}

test_unknown_without_access_or_answer if {
	_outcome(_scan, {"status": 403}) == ["unknown", "no_permission"]
	_outcome(_scan, {"status": 401}) == ["unknown", "no_permission"]
	_outcome(_scan, {"status": 500}) == ["unknown", "service_error"]
	verdict := destinations.judge(_scan, {}, _id)
	[verdict.outcome, verdict.reason, verdict.resolved] == ["unknown", "not_collected", false]
	destinations.judge(tenant.gone(_scan, "azure_resources", "throttled"), {}, _id).reason == "throttled"
}

test_fails_when_it_is_gone if {
	_judged(_scan, {"status": 404, "location": null}).says == "doesn't exist, so that the export points at nothing"
}

test_unknown_without_a_list_or_a_known_place if {
	_outcome(tenant.without_params(_scan, ["allowed_geos"]), {}) == ["unknown", "needs_configuration"]
	_outcome(_scan, {"location": "marsnorth"}) == ["unknown", "partial"]
	_outcome(_scan, {"location": null}) == ["unknown", "partial"]
	_outcome(_scan, {"location": "polandcentral", "sku": "Standard_GRS"}) == ["unknown", "partial"]
}

test_finding_and_question if {
	failed := _judged(_scan, {"location": "eastus"})
	destinations.finding(failed, "azure_resource", "the diagnostic setting 'siem'") == {
		"resource": {"kind": "azure_resource", "id": lower(_id), "name": "archive"},
		"message": "The destination 'archive' of the diagnostic setting 'siem' rests at 'eastus' (region), which isn't in the places allowed for Azure (EU).",
		"expected": "a region in the allowed places", "actual": "'eastus' (region)",
	}
	destinations.question(_judged(_scan, {"status": 403}), "an export") == {
		"reason": "no_permission", "kind": "azure_resources",
		"message": "The destination 'archive' of an export can't be read, so that nobody can tell where it is; give the reader Reader on it.",
	}
}
