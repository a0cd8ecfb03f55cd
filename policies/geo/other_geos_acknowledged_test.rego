package domicile.geo.other_geos_acknowledged_test

import data.domicile.geo.other_geos_acknowledged as rule
import data.domicile.lib.geo_fixtures_test as fixtures
import data.domicile.lib.licences

_xdr := fixtures.xdr_geo("EU")

_mdi(geo) := fixtures.statement("mdi-geo", {"geo": geo})

_record(acknowledged) := fixtures.statement("service-decision", {"accepted": true, "acknowledged": acknowledged})

_scan(statements) := fixtures.with_evidence({"attestations": array.concat([_xdr], statements)})

_denied := {finding.resource.id | some finding in rule.deny}

_reasons := {entry.reason | some entry in rule.unknown}

_passes(scan) if {
	count(rule.deny) == 0 with input as scan
	count(rule.unknown) == 0 with input as scan
}

test_passes_when_no_geo_differs if {
	_passes(_scan([
		_mdi("Europe"),
		fixtures.statement("mdca-geo", {"geo": "EU", "datacenter": "EU2"}),
		fixtures.statement("exchange-regions", {"defaultMailboxRegion": "EUR", "allowedMailboxRegions": ["EUR", "DEU"]}),
		fixtures.statement("m365-data-location", {"geo": "FRA"}),
	]))
}

test_passes_when_each_difference_is_acknowledged if {
	_passes(_scan([
		_mdi("UK"),
		fixtures.statement("exchange-regions", {"defaultMailboxRegion": "EUR", "allowedMailboxRegions": ["EUR", "NAM"]}),
		_record([{"service": "identity", "geo": "GBR"}, {"service": "exchange", "geo": "US"}]),
	]))
}

test_fails_when_a_difference_is_not_acknowledged if {
	scan := _scan([_mdi("UK"), _record([])])
	found := rule.deny with input as scan
	found == {{
		"resource": {"kind": "geo", "id": "defender_for_identity:storage", "name": "Defender for Identity, storage"},
		"message": "Data of Defender for Identity rests at 'UK', the service's own in EU, and no record acknowledges it.",
		"expected": "'UK' acknowledged in the record 'service-decision'", "actual": "not acknowledged",
	}}
	count(rule.unknown) == 0 with input as scan
}

test_fails_once_for_a_service_with_several_places if {
	exchange := fixtures.statement("exchange-regions", {"defaultMailboxRegion": "NAM", "allowedMailboxRegions": ["NAM", "GBR", "EUR"]})
	_denied == {"exchange:storage"} with input as _scan([exchange, _record([])])
	count(rule.deny) == 1 with input as _scan([exchange, _record([])])
	_denied == {"exchange:storage"} with input as _scan([exchange, _record([{"service": "exchange", "geo": "NAM"}])])
}

test_fails_when_only_another_service_or_another_geo_is_acknowledged if {
	_denied == {"defender_for_identity:storage"} with input as _scan([_mdi("UK"), _record([{"service": "cloud_apps", "geo": "UK"}])])
	_denied == {"defender_for_identity:storage"} with input as _scan([_mdi("UK"), _record([{"service": "identity", "geo": "US"}])])
	_denied == {"defender_for_identity:storage"} with input as _scan([_mdi("UK"), _record(null)])
}

test_acknowledged_by_a_wider_place_and_not_by_a_narrower_one if {
	us := fixtures.with_evidence({"attestations": [fixtures.xdr_geo("US"), fixtures.statement("m365-data-location", {"geo": "DEU"}), _record([{"service": "Microsoft 365", "geo": "EU"}])]})
	_passes(us)
	narrow := fixtures.with_evidence({"attestations": [fixtures.xdr_geo("US"), fixtures.statement("m365-data-location", {"geo": "EUR"}), _record([{"service": "Microsoft 365", "geo": "DEU"}])]})
	_denied == {"microsoft_365:storage"} with input as narrow
}

test_record_follows_the_profile if {
	then := object.union(_scan([_mdi("UK"), fixtures.statement("terms-accepted", {"acknowledged": [{"service": "identity", "geo": "UK"}]})]), {"profile": "mtp-2020-a"})
	_passes(then)
	_reasons == {"needs_attestation"} with input as object.union(then, {"profile": "xdr-current"})
}

test_unknown_when_there_is_no_record if {
	every records in [[], [fixtures.expired(_record([{"service": "identity", "geo": "UK"}]))]] {
		scan := _scan(array.concat([_mdi("UK")], records))
		_reasons == {"needs_attestation"} with input as scan
		count(rule.deny) == 0 with input as scan
	}
}

test_fails_when_there_is_no_record_and_that_is_a_failure if {
	scan := fixtures.with_params(_scan([_mdi("UK")]), {"missing_record": "fail"})
	_denied == {"defender_for_identity:storage"} with input as scan
	count(rule.unknown) == 0 with input as scan
}

test_unknown_when_the_services_own_geo_is_not_known if {
	scan := fixtures.with_evidence({"attestations": [_mdi("UK"), _record([])]})
	_reasons == {"needs_attestation"} with input as scan
	count(rule.deny) == 0 with input as scan
	conflict := fixtures.with_evidence({"attestations": [_xdr, object.union(fixtures.xdr_geo("US"), {"file": "b.yaml"}), _mdi("UK"), _record([])]})
	_reasons == {"conflict"} with input as conflict
	count(rule.deny) == 0 with input as conflict
}

test_unknown_when_no_other_service_is_on_record if {
	_reasons == {"needs_attestation"} with input as _scan([_record([])])
	_reasons == {"needs_attestation"} with input as _scan([_record([]), fixtures.statement("mdi-geo", null), fixtures.statement("exchange-regions", {"allowedMailboxRegions": null})])
}

test_unknown_when_a_place_is_not_known if {
	scan := _scan([_mdi("MarsNorth"), _record([])])
	_reasons == {"partial"} with input as scan
	count(rule.deny) == 0 with input as scan
}

test_own_geo_may_come_from_the_package if {
	scan := fixtures.with_evidence({"onboarding_package": [fixtures.package_read], "attestations": [_mdi("UK"), _record([])]})
	_denied == {"defender_for_identity:storage"} with input as scan
}

test_observed_says_of_each_place_how_it_stands if {
	scan := _scan([
		_mdi("UK"),
		fixtures.statement("mdca-geo", {"geo": "US2"}),
		fixtures.statement("app-governance-geo", {"geo": "MarsNorth"}),
		fixtures.statement("m365-data-location", {"geo": "EUR"}),
		_record([{"service": "identity", "geo": "UK"}]),
	])
	found := {[seen.service, seen.value] | some seen in rule.observed} with input as scan
	found == {
		["xdr", "'EU'"],
		["defender_for_identity", "'UK' (differs; acknowledged)"],
		["cloud_apps", "'US2' (differs; not acknowledged)"],
		["app_governance", "'MarsNorth' (not a known place)"],
		["microsoft_365", "'EUR' (in the service's Geo)"],
	}
}

test_observed_when_the_own_geo_is_not_known if {
	found := {[seen.service, seen.value] | some seen in rule.observed} with input as fixtures.with_evidence({"attestations": [_mdi("UK")]})
	found == {["defender_for_identity", "'UK'"]}
}

_page(region) := {"dataCenterName": null, "regionName": region, "sha256": "dd44", "savedBy": "anna@contoso.com", "savedAt": "2026-11-01T00:00:00Z"}

_export(regions) := {
	"DefaultMailboxRegion": "EUR", "AllowedMailboxRegions": regions, "sha256": "ee55",
	"savedBy": "anna@contoso.com", "savedAt": "2026-11-01T00:00:00Z",
}

test_fails_for_what_a_saved_page_or_export_tells if {
	scan := fixtures.with_evidence({"attestations": [_xdr, _record([])], "portal_mcas_about": [_page("UK South")], "exchange_organization": [_export(["EUR", "NAM"])]})
	_denied == {"cloud_apps:storage", "exchange:storage"} with input as scan
	{[seen.service, seen.value, seen.tier, seen.kind] | some seen in rule.observed} == {
		["xdr", "'EU'", "attested", "attestations"],
		["cloud_apps", "'UK South' (differs; not acknowledged)", "portal", "portal_mcas_about"],
		["exchange", "'EUR' (in the service's Geo)", "portal", "exchange_organization"],
		["exchange", "'NAM' (differs; not acknowledged)", "portal", "exchange_organization"],
	} with input as scan
}

test_passes_when_what_a_saved_page_tells_is_acknowledged if {
	_passes(fixtures.with_evidence({"attestations": [_xdr, _record([{"service": "Cloud Apps", "geo": "UK"}])], "portal_mcas_about": [_page("UK South")]}))
}

test_judged_by_the_page_and_not_by_a_weaker_statement if {
	stated := fixtures.statement("mdca-geo", {"geo": "US"})
	_passes(fixtures.with_evidence({"attestations": [_xdr, stated, _record([])], "portal_mcas_about": [_page("West Europe")]}))
}

test_unknown_when_a_licensed_service_is_not_on_record if {
	scan := fixtures.with_evidence({"attestations": [_xdr, _mdi("EU"), _record([])], "subscribed_skus": [fixtures.sku(licences.plans.ADALLOM_S_STANDALONE)]})
	_reasons == {"needs_attestation"} with input as scan
	some entry in rule.unknown with input as scan
	contains(entry.message, "Defender for Cloud Apps")
	unread := fixtures.gone(_scan([_mdi("EU"), _record([])]), "subscribed_skus", "no_permission")
	_reasons == {"no_permission"} with input as unread
}

test_unknown_when_what_says_it_is_outdated_or_disagrees if {
	_reasons == {"stale"} with input as _scan([fixtures.expired(_mdi("EU")), fixtures.statement("m365-data-location", {"geo": "EUR"}), _record([])])
	two := fixtures.with_evidence({"attestations": [_xdr, _record([])], "portal_mcas_about": [_page("West Europe"), _page("UK South")], "exchange_organization": [_export([])]})
	_reasons == {"conflict"} with input as two
}

test_observed_shows_the_country if {
	scan := fixtures.with_evidence({"attestations": [_xdr, _mdi("EU"), _record([])], "organization": [{"countryLetterCode": "DE"}]})
	some seen in rule.observed with input as scan
	seen.value == "country 'DE', which proves no location"
}
