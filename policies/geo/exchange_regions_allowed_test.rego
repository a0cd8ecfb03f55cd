package domicile.geo.exchange_regions_allowed_test

import data.domicile.geo.exchange_regions_allowed as rule
import data.domicile.lib.geo_fixtures_test as fixtures

_export(default_region, allowed) := {
	"DefaultMailboxRegion": default_region, "AllowedMailboxRegions": allowed, "sha256": "ee55",
	"savedBy": "anna@contoso.com", "savedAt": "2026-11-01T00:00:00Z",
}

_scan(exports) := fixtures.with_evidence({"exchange_organization": exports})

_denied := {[finding.resource.id, finding.actual] | some finding in rule.deny}

_reasons := {entry.reason | some entry in rule.unknown}

_passes(scan) if {
	count(rule.deny) == 0 with input as scan
	count(rule.unknown) == 0 with input as scan
}

test_passes_when_every_region_is_allowed if {
	_passes(_scan([_export("EUR", ["EUR", "DEU"])]))
	_passes(fixtures.with_params(_scan([_export("EUR", ["EUR=x", "NAM=y"])]), {"allowed_geos_by_service": {"exchange": ["EUR", "NAM"]}}))
	_passes(fixtures.with_evidence({"attestations": [fixtures.statement("exchange-regions", {"defaultMailboxRegion": "FRA"})]}))
}

test_fails_when_a_region_where_mailboxes_may_be_is_not_allowed if {
	_denied == {["exchange:storage", "'NAM'"]} with input as _scan([_export("EUR", ["EUR", "NAM=y"])])
	_denied == {["exchange:storage", "'CHE'"]} with input as _scan([_export("CHE", null)])
	_denied == {["exchange:storage", "'EUR'"]} with input as fixtures.with_params(_scan([_export("EUR", [])]), {"allowed_geos": ["DEU"]})
}

test_fails_beside_a_region_that_is_not_known if {
	scan := _scan([_export("EUR", ["NAM", "XYZ"])])
	_denied == {["exchange:storage", "'NAM'"]} with input as scan
	_reasons == {"partial"} with input as scan
}

test_unknown_when_nothing_says_the_regions if {
	_reasons == {"needs_attestation"} with input as fixtures.nothing
	_reasons == {"needs_attestation"} with input as _scan([_export(null, null)])
}

test_unknown_when_the_export_is_too_old if {
	_reasons == {"stale"} with input as _scan([object.union(_export("EUR", []), {"savedAt": "2026-01-01T00:00:00Z"})])
}

test_unknown_when_equal_sources_disagree if {
	_reasons == {"conflict"} with input as _scan([_export("EUR", []), _export("NAM", [])])
	count(rule.deny) == 0 with input as _scan([_export("EUR", []), _export("NAM", [])])
}

test_unknown_when_no_list_is_set if {
	_reasons == {"needs_configuration"} with input as fixtures.without_params(_scan([_export("EUR", [])]), ["allowed_geos"])
}

test_observed_says_where_defender_for_office_does_not_feed if {
	found := {[seen.fact, seen.service, seen.value] | some seen in rule.observed} with input as _scan([_export("SWE", ["EUR"])])
	found == {
		["geo", "exchange", "'SWE'"],
		["geo", "exchange", "'EUR'"],
		["feeds", "office", "Defender for Office doesn't feed the service for tenants in 'SWE'"],
	}
}

test_unknown_when_the_export_lacks_the_list_of_regions if {
	every export in [_export("EUR", null), object.remove(_export("EUR", null), ["AllowedMailboxRegions"])] {
		_reasons == {"partial"} with input as _scan([export])
		_denied == set() with input as _scan([export])
	}
}
