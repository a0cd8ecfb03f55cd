package domicile.geo.xdr_geo_proven_test

import data.domicile.geo.xdr_geo_proven as rule
import data.domicile.lib.geo_fixtures_test as fixtures

_signed := fixtures.with_evidence({"onboarding_package": [fixtures.package_read]})

_portal := fixtures.with_evidence({"portal_tenant_context": [fixtures.context]})

_attested := fixtures.with_evidence({"attestations": [fixtures.xdr_geo("EU")]})

_reasons := {entry.reason | some entry in rule.unknown}

_asking(scan, tier) := fixtures.with_params(scan, {"min_geo_tier": tier})

test_passes_when_the_geo_is_proven_at_the_tier_asked_for if {
	every scan in [_signed, _asking(_signed, "signed"), _portal, _asking(_portal, "portal"), _attested] {
		count(rule.deny) == 0 with input as scan
		count(rule.unknown) == 0 with input as scan
		count(rule.not_applicable) == 0 with input as scan
	}
}

test_passes_whatever_the_geo_is if {
	count(rule.deny | rule.unknown) == 0 with input as fixtures.with_evidence({"attestations": [fixtures.xdr_geo("US")]})
}

test_fails_when_the_proof_is_weaker_than_asked_for if {
	found := rule.deny with input as _asking(_portal, "signed")
	found == {{
		"resource": {"kind": "geo", "id": "xdr:storage", "name": "Microsoft Defender XDR, storage"},
		"message": "The service's data rests in EU by what is known ('WestEurope3'), but that is proven at tier 'portal' only, and 'signed' is asked for.",
		"expected": "proof at tier signed or better", "actual": "portal",
	}}
	count(rule.unknown) == 0 with input as _asking(_portal, "signed")
}

test_fails_when_an_unsigned_statement_stands_where_a_portal_export_is_asked_for if {
	count(rule.deny) == 1 with input as _asking(_attested, "portal")
	signed := fixtures.with_evidence({"attestations": [object.union(fixtures.xdr_geo("EU"), {"signed": true})]})
	count(rule.deny | rule.unknown) == 0 with input as _asking(signed, "portal")
	count(rule.deny) == 1 with input as _asking(signed, "api")
}

test_fails_when_the_package_is_not_bound_and_signed_is_asked_for if {
	unbound := fixtures.with_evidence({"onboarding_package": [object.union(fixtures.package_read, {"subscriptionTenantId": null})]})
	{finding.actual | some finding in rule.deny} == {"portal"} with input as fixtures.with_params(unbound, {"min_geo_tier_by_service": {"xdr": "signed"}})
}

test_row_2_not_applicable_when_the_service_is_off if {
	found := rule.not_applicable with input as _asking(_portal, "signed") with data.domicile.lib.service.off as _yes
	{entry.reason | some entry in found} == {"switched_off"}
	count(rule.deny) == 0 with input as _asking(_portal, "signed") with data.domicile.lib.service.off as _yes
	count(rule.unknown) == 0 with input as fixtures.nothing with data.domicile.lib.service.off as _yes
	count(rule.observed) == 0 with input as _portal with data.domicile.lib.service.off as _yes
}

test_row_3_unknown_when_nothing_says_where if {
	_reasons == {"needs_attestation"} with input as fixtures.nothing
	broken := fixtures.with_evidence({"onboarding_package": [object.union(fixtures.package_read, {"signature": "invalid"})]})
	_reasons == {"needs_attestation"} with input as broken
	count(rule.deny) == 0 with input as broken
}

test_row_4_unknown_when_all_is_stale if {
	_reasons == {"stale"} with input as fixtures.with_evidence({"attestations": [fixtures.expired(fixtures.xdr_geo("EU"))]})
}

test_row_5_unknown_when_equals_disagree if {
	other := object.union(fixtures.context, {"DataCenter": "EastUs2", "GeoRegion": "UnitedStates1"})
	_reasons == {"conflict"} with input as fixtures.with_evidence({"portal_tenant_context": [fixtures.context, other]})
}

test_row_7_unknown_when_the_place_is_not_known if {
	scan := fixtures.with_evidence({"attestations": [fixtures.xdr_geo("MarsNorth")]})
	_reasons == {"partial"} with input as scan
	some entry in rule.unknown with input as scan
	contains(entry.message, "'MarsNorth'")
}

test_unknown_when_the_tier_asked_for_is_none if {
	_reasons == {"needs_configuration"} with input as _asking(_signed, "gold")
	count(rule.deny) == 0 with input as _asking(_signed, "gold")
}

test_observed_names_every_source if {
	found := rule.observed with input as fixtures.with_evidence({"onboarding_package": [fixtures.package_read], "portal_tenant_context": [fixtures.context]})
	found == {
		{"fact": "geo", "service": "defender_for_endpoint", "value": "'WestEurope3'", "tier": "signed", "kind": "onboarding_package"},
		{"fact": "telemetry_geo", "service": "defender_for_endpoint", "value": "'EU'", "tier": "signed", "kind": "onboarding_package"},
		{"fact": "geo", "service": "xdr", "value": "'WestEurope3'", "tier": "portal", "kind": "portal_tenant_context"},
	}
}

_yes(_) := true
