package domicile.geo.xdr_geo_is_that_of_endpoint_test

import data.domicile.geo.xdr_geo_is_that_of_endpoint as rule
import data.domicile.lib.geo_fixtures_test as fixtures
import data.domicile.lib.licences

_licensed := [fixtures.sku(licences.plans.WINDEFATP)]

_both := {"onboarding_package": [fixtures.package_read], "portal_tenant_context": [fixtures.context], "subscribed_skus": _licensed}

_scan(change) := fixtures.with_evidence(object.union(_both, change))

_package(change) := _scan({"onboarding_package": [object.union(fixtures.package_read, change)]})

_devices(answer) := [object.union({"table": "DeviceInfo", "code": "", "message": "", "permitted": true, "days": null}, answer)]

_absent := {"status": 400, "message": "Failed to resolve table or column expression named 'DeviceInfo'"}

_stale := object.union(fixtures.context, {"savedAt": "2026-01-01T00:00:00Z", "DataCenter": "EastUs2", "GeoRegion": null})

_reasons := {entry.reason | some entry in rule.unknown}

_kinds := {entry.kind | some entry in rule.unknown}

_passes(scan) if {
	count(rule.deny) == 0 with input as scan
	count(rule.unknown) == 0 with input as scan
	count(rule.not_applicable) == 0 with input as scan
}

_unknown(scan, reason) if {
	_reasons == {reason} with input as scan
	count(rule.deny) == 0 with input as scan
	count(rule.not_applicable) == 0 with input as scan
}

test_row_1_not_applicable_when_endpoint_is_not_provisioned if {
	scan := _scan({"subscribed_skus": [fixtures.sku(licences.plans.ATA)], "hunting_probe": _devices(_absent)})
	{entry.reason | some entry in rule.not_applicable} == {"nothing_to_judge"} with input as scan
	count(rule.deny) == 0 with input as scan
	count(rule.unknown) == 0 with input as scan
}

test_row_2_unknown_when_the_licences_are_missing if {
	gone := fixtures.gone(_scan({"hunting_probe": _devices(_absent)}), "subscribed_skus", "no_permission")
	_unknown(json.patch(gone, [{"op": "replace", "path": "/evidence/subscribed_skus", "value": []}]), "no_permission")
}

test_row_2_unknown_when_the_licences_do_not_list_their_plans if {
	blank := object.union(fixtures.sku(licences.plans.ATA), {"servicePlans": null})
	_unknown(_scan({"subscribed_skus": [blank], "hunting_probe": _devices(_absent)}), "partial")
}

test_row_2_unknown_when_hunting_does_not_answer if {
	none := _scan({"subscribed_skus": []})
	_unknown(none, "not_collected")
	_unknown(fixtures.gone(none, "hunting_probe", "throttled"), "throttled")
	refused := _scan({"subscribed_skus": [], "hunting_probe": _devices({"status": 403, "permitted": false})})
	_unknown(refused, "no_permission")
	_kinds == {"hunting_probe"} with input as refused
}

test_row_2_provisioned_by_either_sign if {
	_passes(_scan({"subscribed_skus": [], "hunting_probe": _devices({"status": 200})}))
	_passes(_scan({"hunting_probe": _devices(_absent)}))
	_passes(object.union(_scan({}), {"gaps": {"subscribed_skus": {"reason": "partial"}}}))
}

test_row_3_unknown_when_the_package_stands_alone if {
	scan := _scan({"portal_tenant_context": []})
	_unknown(scan, "needs_attestation")
	{contains(entry.message, "attest xdr-geo") | some entry in rule.unknown} == {true} with input as scan
}

test_row_3_unknown_when_the_portal_stands_alone if {
	scan := _scan({"onboarding_package": []})
	_unknown(scan, "needs_attestation")
	{contains(entry.message, "import the onboarding package") | some entry in rule.unknown} == {true} with input as scan
	_unknown(_package({"signature": "invalid", "datacenter": "EastUs3"}), "needs_attestation")
	_unknown(_package({"subscriptionTenantId": "99999999-0000-4000-8000-00000000000f", "datacenter": "EastUs3"}), "needs_attestation")
}

test_row_3_unknown_when_nothing_is_there if {
	scan := _scan({"onboarding_package": [], "portal_tenant_context": []})
	_unknown(scan, "needs_attestation")
	count(rule.unknown) == 2 with input as scan
}

test_row_4_passes_when_both_agree if {
	_passes(_scan({}))
	_passes(_package({"datacenter": "NorthEurope7"}))
	_passes(_scan({"portal_tenant_context": [], "attestations": [fixtures.xdr_geo("EUR")]}))
}

test_row_4_tier_is_the_weaker if {
	tiers := {seen.tier | some seen in rule.observed; seen.value == "EU, as Defender for Endpoint"} with input as _scan({})
	tiers == {"portal"}
	attested := _scan({"portal_tenant_context": [], "attestations": [fixtures.xdr_geo("EU")]})
	seen := {[seen.value, seen.tier, seen.kind] | some seen in rule.observed} with input as attested
	seen == {
		["EU, as Defender for Endpoint", "attested", "attestations"],
		["'WestEurope3'", "signed", "onboarding_package"],
		["'EU'", "attested", "attestations"],
	}
}

test_row_5_fails_when_they_differ if {
	found := rule.deny with input as _package({"datacenter": "EastUs3"})
	found == {{
		"resource": {"kind": "geo", "id": "xdr:storage", "name": "Microsoft Defender XDR, storage"},
		"message": "The service's data rests in EU ('WestEurope3'), that of Defender for Endpoint in US ('EastUs3').",
		"expected": "US, the Geo of Defender for Endpoint", "actual": "EU",
	}}
	count(rule.unknown) == 0 with input as _package({"datacenter": "EastUs3"})
}

test_row_5_fails_by_a_statement_that_two_people_signed if {
	signed := object.union(fixtures.xdr_geo("US"), {"signed": true})
	count(rule.deny) == 1 with input as _scan({"portal_tenant_context": [], "attestations": [signed]})
}

test_unknown_when_they_differ_by_an_unsigned_statement_alone if {
	scan := _scan({"portal_tenant_context": [], "attestations": [fixtures.xdr_geo("US")]})
	_unknown(scan, "conflict")
	_kinds == {"attestations"} with input as scan
}

test_row_6_unknown_when_one_is_stale if {
	_unknown(_scan({"portal_tenant_context": [_stale]}), "stale")
	_unknown(_scan({"portal_tenant_context": [], "attestations": [fixtures.expired(fixtures.xdr_geo("US"))]}), "stale")
	_unknown(_package({"notBefore": "2024-01-01T00:00:00Z", "notAfter": "2024-12-31T00:00:00Z"}), "stale")
}

test_weaker_statement_does_not_override_the_portal if {
	_passes(_scan({"attestations": [fixtures.xdr_geo("US")]}))
}

test_unknown_when_a_place_is_not_known_or_sources_conflict if {
	_unknown(_package({"datacenter": "MarsNorth"}), "partial")
	other := object.union(fixtures.context, {"DataCenter": "EastUs2", "GeoRegion": null})
	_unknown(_scan({"portal_tenant_context": [fixtures.context, other]}), "conflict")
}
