package domicile.geo.geo_unchanged_test

import data.domicile.geo.geo_unchanged as rule
import data.domicile.lib.geo_fixtures_test as fixtures

_seen(fact, service, value, tier) := {"fact": fact, "service": service, "value": value, "tier": tier, "kind": ""}

_stored := _seen("geo", "defender_for_endpoint", "'NorthEurope1'", "signed")

_previous(id, observed) := {
	"tenantId": upper(fixtures.tenant_id), "profile": "xdr-current", "finished": "2026-10-21T00:00:00Z", "orgId": null, "chain": "intact",
	"seen": null, "rules": {id: {"outcome": "pass", "observed": observed}},
}

_scan(previous, kinds) := fixtures.with_evidence(object.union({"previous_result": [previous], "onboarding_package": [fixtures.package_read]}, kinds))

_said(scan) := {"denied": denied, "unknown": unknown, "not_applicable": not_applicable} if {
	denied := {finding.resource.id | some finding in rule.deny} with input as scan
	unknown := {entry.reason | some entry in rule.unknown} with input as scan
	not_applicable := {entry.reason | some entry in rule.not_applicable} with input as scan
}

_outcome(denied, unknown, not_applicable) := {"denied": denied, "unknown": unknown, "not_applicable": not_applicable}

_passing := _outcome(set(), set(), set())

_page(region) := {"dataCenterName": null, "regionName": region, "sha256": "dd44", "savedBy": "anna@contoso.com", "savedAt": "2026-11-01T00:00:00Z"}

test_passes_when_every_geo_is_as_before if {
	_said(_scan(_previous("GEO1002", [_stored, _seen("telemetry_geo", "defender_for_endpoint", "'EU'", "signed")]), {})) == _passing
}

test_fails_when_a_geo_has_changed if {
	found := rule.deny with input as _scan(_previous("GEO1001", [_seen("geo", "defender_for_endpoint", "'EastUs2'", "portal")]), {})
	found == {{
		"resource": {"kind": "geo", "id": "defender_for_endpoint:storage", "name": "Defender for Endpoint, storage"},
		"message": "Data of Defender for Endpoint (storage) is in EU, and the earlier result of '2026-10-21T00:00:00Z' had it in US.",
		"expected": "US, as before", "actual": "EU",
	}}
	_said(_scan(_previous("GEO1002", [_seen("telemetry_geo", "defender_for_endpoint", "'US'", "signed")]), {})).denied == {"defender_for_endpoint:telemetry"}
}

test_fails_for_the_services_of_saved_pages if {
	scan := _scan(_previous("GEO1005", [_seen("geo", "cloud_apps", "'West Europe'", "portal")]), {"portal_mcas_about": [_page("UK South")]})
	_said(scan).denied == {"cloud_apps:storage"}
	export := {"DefaultMailboxRegion": "EUR", "AllowedMailboxRegions": ["EUR", "NAM"], "sha256": "e", "savedBy": "a", "savedAt": "2026-11-01T00:00:00Z"}
	_said(_scan(_previous("GEO1006", [_seen("geo", "exchange", "'EUR'", "portal")]), {"exchange_organization": [export]})).denied == {"exchange:storage"}
}

test_passes_over_what_was_weaker_than_a_portal if {
	attested := _previous("GEO1002", [_stored, _seen("geo", "xdr", "'US'", "attested")])
	_said(_scan(attested, {})) == _passing
}

test_compares_the_strongest_of_each_side if {
	mixed := _previous("GEO1002", [_stored, _seen("geo", "defender_for_endpoint", "'EastUs2'", "portal")])
	_said(_scan(mixed, {})) == _passing
}

test_a_place_that_is_not_known_is_compared_as_it_is_written if {
	same := _scan(_previous("GEO1002", [_seen("geo", "defender_for_endpoint", "'MarsNorth'", "signed")]), {"onboarding_package": [object.union(fixtures.package_read, {"datacenter": "MarsNorth"})]})
	_said(same) == _passing
}

test_unknown_when_the_earlier_result_can_not_be_trusted if {
	broken := object.union(_previous("GEO1002", [_seen("geo", "defender_for_endpoint", "'US'", "signed")]), {"chain": "broken"})
	_said(_scan(broken, {})) == _outcome(set(), {"conflict"}, set())
	every tenant in ["99999999-0000-4000-8000-000000000009", null] {
		_said(_scan(object.union(_previous("GEO1002", [_stored]), {"tenantId": tenant}), {})) == _outcome(set(), {"conflict"}, set())
	}
}

test_unknown_when_nothing_tells_it_today if {
	_said(_scan(_previous("GEO1002", [_stored]), {"onboarding_package": []})) == _outcome(set(), {"not_collected"}, set())
	stale := _scan(_previous("GEO1005", [_seen("geo", "cloud_apps", "'West Europe'", "portal")]), {"portal_mcas_about": [object.union(_page("UK South"), {"savedAt": null})]})
	_said(stale) == _outcome(set(), {"not_collected"}, set())
}

test_not_applicable_without_an_earlier_result_or_geo if {
	_said(fixtures.with_evidence({"previous_result": [], "onboarding_package": [fixtures.package_read]})) == _outcome(set(), set(), {"no_earlier_result"})
	_said(_scan(_previous("GEO1002", []), {})) == _outcome(set(), set(), {"nothing_to_judge"})
	_said(_scan(_previous("GEO1008", [_stored]), {})) == _outcome(set(), set(), {"nothing_to_judge"})
}

test_observed_shows_now_and_before if {
	found := {[seen.fact, seen.service, seen.value] | some seen in rule.observed} with input as _scan(object.remove(_previous("GEO1002", [_stored]), ["finished"]), {})
	found == {["geo", "defender_for_endpoint", "EU, before EU"], ["telemetry_geo", "defender_for_endpoint", "EU, before no place that was known"]}
	undated := object.remove(_previous("GEO1002", [_seen("geo", "defender_for_endpoint", "'US'", "signed")]), ["finished"])
	some finding in rule.deny with input as _scan(undated, {})
	contains(finding.message, "the earlier result of 'an unnamed day'")
}

_paged(value) := _previous("GEO1005", [_seen("geo", "cloud_apps", value, "portal")])

_export(regions) := {"DefaultMailboxRegion": "EUR", "AllowedMailboxRegions": regions, "sha256": "e", "savedBy": "a", "savedAt": "2026-11-01T00:00:00Z"}

test_unknown_when_a_place_that_differs_is_not_known if {
	every pair in [["'Mars North 1'", "West Europe"], ["'West Europe'", "Mars North 1"], ["'Mars North 1'", "Mars North 2"]] {
		_said(_scan(_paged(pair[0]), {"portal_mcas_about": [_page(pair[1])]})) == _outcome(set(), {"partial"}, set())
	}
	_said(_scan(_paged("'Mars North 1'"), {"portal_mcas_about": [_page("Mars North 1")]})) == _passing
}

test_fails_when_a_known_place_is_new_beside_one_that_is_not_known if {
	before := _previous("GEO1006", [_seen("geo", "exchange", "'EUR'", "portal")])
	_said(_scan(before, {"exchange_organization": [_export(["EUR", "NAM", "MARS"])]})).denied == {"exchange:storage"}
	mixed := _previous("GEO1006", [_seen("geo", "exchange", "'EUR'", "portal"), _seen("geo", "exchange", "'NAM'", "portal")])
	_said(_scan(mixed, {"exchange_organization": [_export(["EUR"])]})).denied == {"exchange:storage"}
}
