package domicile.geo.identity_geo_allowed_test

import data.domicile.geo.identity_geo_allowed as rule
import data.domicile.lib.geo_fixtures_test as fixtures
import data.domicile.lib.licences

_mdi(geo) := fixtures.statement("mdi-geo", {"geo": geo})

_scan(statements) := fixtures.with_evidence({"attestations": statements, "subscribed_skus": [fixtures.sku(licences.plans.ATA)]})

_reasons := {entry.reason | some entry in rule.unknown}

_not_applicable := {entry.reason | some entry in rule.not_applicable}

_passes(scan) if {
	count(rule.deny) == 0 with input as scan
	count(rule.unknown) == 0 with input as scan
	count(rule.not_applicable) == 0 with input as scan
}

test_passes_when_the_geo_is_allowed if {
	_passes(_scan([_mdi("Europe")]))
	_passes(fixtures.with_params(_scan([_mdi("North America")]), {"allowed_geos_by_service": {"defender_for_identity": ["US"]}}))
}

test_fails_when_the_geo_is_not_allowed if {
	found := rule.deny with input as _scan([_mdi("Asia")])
	found == {{
		"resource": {"kind": "geo", "id": "defender_for_identity:storage", "name": "Defender for Identity, storage"},
		"message": "Data of Defender for Identity rests or may rest at 'Asia', which isn't in the places allowed for it.",
		"expected": "a place in EU", "actual": "'Asia'",
	}}
	count(rule.deny) == 1 with input as fixtures.with_evidence({"attestations": [_mdi("UK")]})
}

test_unknown_when_nothing_says_where_it_is if {
	_reasons == {"needs_attestation"} with input as _scan([])
	count(rule.not_applicable) == 0 with input as _scan([])
	_reasons == {"needs_attestation"} with input as fixtures.gone(_scan([]), "subscribed_skus", "no_permission")
}

test_unknown_when_the_statement_has_expired if {
	_reasons == {"stale"} with input as _scan([fixtures.expired(_mdi("Europe"))])
	_reasons == {"stale"} with input as fixtures.with_evidence({"attestations": [fixtures.expired(_mdi("Europe"))]})
}

test_unknown_when_the_place_is_not_known if {
	_reasons == {"partial"} with input as _scan([_mdi("MarsNorth")])
	count(rule.deny) == 0 with input as _scan([_mdi("MarsNorth")])
}

test_unknown_when_no_list_is_set if {
	scan := fixtures.without_params(_scan([_mdi("Europe")]), ["allowed_geos"])
	_reasons == {"needs_configuration"} with input as scan
	count(rule.deny) == 0 with input as scan
}

test_not_applicable_without_a_plan_or_a_statement if {
	scan := fixtures.with_evidence({"subscribed_skus": [fixtures.sku(licences.plans.MTP)]})
	_not_applicable == {"not_licensed"} with input as scan
	count(rule.unknown) == 0 with input as scan
}

test_observed_says_what_is_stated if {
	found := rule.observed with input as _scan([_mdi("Europe")])
	found == {{"fact": "geo", "service": "defender_for_identity", "value": "'Europe'", "tier": "attested", "kind": "attestations"}}
}
