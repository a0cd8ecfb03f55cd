package domicile.geo.default_geography_allowed_test

import data.domicile.geo.default_geography_allowed as rule
import data.domicile.lib.geo_fixtures_test as fixtures

_located(value) := fixtures.statement("m365-data-location", value)

_german := [{"id": fixtures.tenant_id, "countryLetterCode": "DE"}]

_scan(statements) := fixtures.with_evidence({"attestations": statements, "organization": _german})

_denied := {[finding.resource.id, finding.actual] | some finding in rule.deny}

_reasons := {entry.reason | some entry in rule.unknown}

_passes(scan) if {
	count(rule.deny) == 0 with input as scan
	count(rule.unknown) == 0 with input as scan
}

test_passes_when_the_geography_is_allowed if {
	_passes(_scan([_located({"geo": "EUR"})]))
	_passes(_scan([_located({"geo": "EUR", "services": [{"service": "exchange", "geo": "NAM"}]})]))
}

test_observed_says_what_is_stated_and_the_country if {
	found := {[seen.fact, seen.value, seen.tier] | some seen in rule.observed} with input as _scan([_located({"geo": "EUR"})])
	found == {["geo", "'EUR'", "attested"], ["setting", "country 'DE', which proves no location", "api"]}
}

test_fails_when_the_geography_is_not_allowed if {
	_denied == {["microsoft_365:storage", "'NAM'"]} with input as _scan([_located({"geo": "NAM"})])
	_denied == {["microsoft_365:storage", "'NAM'"]} with input as _scan([_located({"geo": "EUR", "services": [{"service": "SharePoint", "geo": "NAM"}]})])
}

test_unknown_when_only_the_country_is_known if {
	scan := _scan([])
	_reasons == {"needs_attestation"} with input as scan
	some entry in rule.unknown with input as scan
	endswith(entry.message, "The organisation's country 'DE' alone proves nothing.")
	count(rule.deny) == 0 with input as scan
	found := {[seen.fact, seen.value, seen.tier] | some seen in rule.observed} with input as scan
	found == {["setting", "country 'DE', which proves no location", "api"]}
}

test_unknown_when_not_even_the_country_is_known if {
	_reasons == {"needs_attestation"} with input as fixtures.nothing
	_reasons == {"needs_attestation"} with input as fixtures.with_evidence({"organization": [{"countryLetterCode": null}]})
}

test_unknown_when_the_statement_has_expired if {
	_reasons == {"stale"} with input as _scan([fixtures.expired(_located({"geo": "EUR"}))])
}

test_unknown_when_no_list_is_set if {
	_reasons == {"needs_configuration"} with input as fixtures.without_params(_scan([_located({"geo": "EUR"})]), ["allowed_geos"])
}
