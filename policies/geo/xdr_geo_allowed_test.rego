package domicile.geo.xdr_geo_allowed_test

import data.domicile.geo.xdr_geo_allowed as rule
import data.domicile.lib.geo_fixtures_test as fixtures

_package(change) := fixtures.with_evidence({"onboarding_package": [object.union(fixtures.package_read, change)]})

_attested(geo) := fixtures.with_evidence({"attestations": [fixtures.xdr_geo(geo)]})

_unset(scan) := fixtures.without_params(scan, ["allowed_geos"])

_denied := {finding.resource.id | some finding in rule.deny}

_reasons := {entry.reason | some entry in rule.unknown}

test_row_1_unknown_when_no_list_is_set if {
	_reasons == {"needs_configuration"} with input as _unset(_attested("US"))
	count(rule.deny) == 0 with input as _unset(_attested("US"))
	_reasons == {"needs_configuration"} with input as _unset(fixtures.nothing) with data.domicile.lib.service.off as _yes
	count(rule.not_applicable) == 0 with input as _unset(fixtures.nothing) with data.domicile.lib.service.off as _yes
}

test_row_2_not_applicable_when_the_service_is_off if {
	{entry.reason | some entry in rule.not_applicable} == {"switched_off"} with input as _attested("US") with data.domicile.lib.service.off as _yes
	count(rule.deny) == 0 with input as _attested("US") with data.domicile.lib.service.off as _yes
	count(rule.unknown) == 0 with input as fixtures.nothing with data.domicile.lib.service.off as _yes
}

test_row_3_unknown_when_nothing_says_where if {
	_reasons == {"needs_attestation"} with input as fixtures.nothing
	count(rule.deny) == 0 with input as fixtures.nothing
}

test_row_3_unknown_when_the_package_is_broken_or_foreign if {
	every change in [{"signature": "invalid", "datacenter": "EastUs3"}, {"subscriptionTenantId": "99999999-0000-4000-8000-00000000000f", "datacenter": "EastUs3"}] {
		_reasons == {"needs_attestation"} with input as _package(change)
		count(rule.deny) == 0 with input as _package(change)
	}
}

test_row_4_unknown_when_all_is_stale if {
	old := _package({"notBefore": "2024-01-01T00:00:00Z", "notAfter": "2024-12-31T00:00:00Z", "datacenter": "EastUs3", "vortexGeoLocation": "US"})
	_reasons == {"stale"} with input as old
	count(rule.deny) == 0 with input as old
}

test_row_5_unknown_when_equals_disagree if {
	other := object.union(fixtures.context, {"DataCenter": "EastUs2", "GeoRegion": "UnitedStates1"})
	scan := fixtures.with_evidence({"portal_tenant_context": [fixtures.context, other]})
	_reasons == {"conflict"} with input as scan
	count(rule.deny) == 0 with input as scan
}

test_row_6_passes_or_fails_by_the_strongest_when_a_weaker_one_disagrees if {
	good := fixtures.with_evidence({"onboarding_package": [fixtures.package_read], "attestations": [fixtures.xdr_geo("US")]})
	count(rule.deny | rule.unknown) == 0 with input as good
	bad := fixtures.with_evidence({"onboarding_package": [object.union(fixtures.package_read, {"datacenter": "EastUs3"})], "attestations": [fixtures.xdr_geo("EU")]})
	_denied == {"xdr:storage"} with input as bad
	values := {seen.value | some seen in rule.observed} with input as bad
	values == {"'EU'", "'EastUs3'"}
}

test_row_7_unknown_when_the_place_is_not_known if {
	_reasons == {"partial"} with input as _package({"datacenter": "MarsNorth"})
	_reasons == {"partial"} with input as _package({"vortexGeoLocation": "FFL4"})
	count(rule.deny) == 0 with input as _package({"datacenter": "MarsNorth", "vortexGeoLocation": "FFL4"})
	some entry in rule.unknown with input as _package({"vortexGeoLocation": "FFL4"})
	contains(entry.message, "'FFL4'")
}

test_row_8_unknown_when_the_proof_is_weak_and_the_geo_allowed if {
	scan := fixtures.with_params(_attested("EU"), {"min_geo_tier_by_service": {"xdr": "signed"}})
	_reasons == {"needs_attestation"} with input as scan
	count(rule.deny) == 0 with input as scan
}

test_row_8_fails_when_the_proof_is_weak_and_the_geo_not_allowed if {
	_denied == {"xdr:storage"} with input as fixtures.with_params(_attested("US"), {"min_geo_tier": "signed"})
}

test_row_9_fails_for_storage if {
	found := rule.deny with input as _package({"datacenter": "EastUs3"})
	found == {{
		"resource": {"kind": "geo", "id": "xdr:storage", "name": "Microsoft Defender XDR, storage"},
		"message": "The service's storage rests at 'EastUs3' (US), which isn't in the places allowed for it.",
		"expected": "a place in EU", "actual": "'EastUs3' (US)",
	}}
}

test_row_9_fails_for_telemetry if {
	_denied == {"xdr:telemetry"} with input as _package({"vortexGeoLocation": "US"})
}

test_row_9_fails_for_each_of_both if {
	_denied == {"xdr:storage", "xdr:telemetry"} with input as _package({"datacenter": "CentralUs3", "vortexGeoLocation": "US"})
}

test_row_9_fails_when_a_macro_geo_is_outside_a_list_of_countries if {
	_denied == {"xdr:storage"} with input as fixtures.with_params(_attested("EUR"), {"allowed_geos_by_service": {"xdr": ["DEU"]}})
	_denied == {"xdr:storage"} with input as fixtures.with_params(_attested("EU"), {"allowed_geos": []})
}

test_row_9_fails_for_the_uk_and_switzerland_under_eu if {
	every place in ["UK", "GBR", "UkSouth", "CHE", "SwitzerlandNorth", "NOR"] {
		_denied == {"xdr:storage"} with input as _attested(place)
	}
}

test_row_10_passes_when_everything_is_allowed if {
	every scan in [_package({}), _attested("EU"), _attested("DEU"), fixtures.with_evidence({"portal_tenant_context": [fixtures.context]})] {
		count(((rule.deny | rule.unknown) | rule.not_applicable)) == 0 with input as scan
	}
	found := rule.observed with input as _package({})
	found == {
		{"fact": "geo", "service": "defender_for_endpoint", "value": "'WestEurope3'", "tier": "signed", "kind": "onboarding_package"},
		{"fact": "telemetry_geo", "service": "defender_for_endpoint", "value": "'EU'", "tier": "signed", "kind": "onboarding_package"},
	}
}

test_passes_by_the_services_own_list_and_by_groups if {
	count(rule.deny | rule.unknown) == 0 with input as fixtures.with_params(_attested("UK"), {"allowed_geos_by_service": {"xdr": ["UK"]}})
	count(rule.deny | rule.unknown) == 0 with input as fixtures.with_params(_attested("CHE"), {"geo_groups": {"EU": ["EU", "CHE"]}})
}

# A stale package says nothing of telemetry, and that is no fault of the statement.
test_passes_when_telemetry_is_only_known_from_a_stale_package if {
	old := object.union(fixtures.package_read, {"notBefore": "2024-01-01T00:00:00Z", "notAfter": "2024-12-31T00:00:00Z"})
	count(rule.deny | rule.unknown) == 0 with input as fixtures.with_evidence({"onboarding_package": [old], "attestations": [fixtures.xdr_geo("EU")]})
}

test_unknown_when_a_profile_of_2020_meets_a_geo_of_today if {
	scan := object.union(_attested("AUS"), {"profile": "mtp-2020-b"})
	_reasons == {"conflict"} with input as scan
	count(rule.deny) == 0 with input as scan
	_denied == {"xdr:storage"} with input as object.union(_attested("US"), {"profile": "mtp-2020-b"})
}

test_package_of_a_former_organisation_is_left_aside if {
	former := object.union(fixtures.package_read, {"orgId": "77777777-0000-4000-8000-000000000007", "datacenter": "EastUs3", "vortexGeoLocation": "US"})
	present := object.union(fixtures.package_read, {"previousOrgIds": [former.orgId]})
	count(rule.deny | rule.unknown) == 0 with input as fixtures.with_evidence({"onboarding_package": [former, present]})
}

test_unknown_when_the_tier_asked_for_is_none if {
	_reasons == {"needs_configuration"} with input as fixtures.with_params(_attested("EU"), {"min_geo_tier": "gold"})
}

_yes(_) := true
