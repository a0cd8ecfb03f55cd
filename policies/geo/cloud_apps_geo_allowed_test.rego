package domicile.geo.cloud_apps_geo_allowed_test

import data.domicile.geo.cloud_apps_geo_allowed as rule
import data.domicile.lib.geo_fixtures_test as fixtures
import data.domicile.lib.licences

_page(region, centre) := {"dataCenterName": centre, "regionName": region, "sha256": "dd44", "savedBy": "anna@contoso.com", "savedAt": "2026-11-01T00:00:00Z"}

_governed(value) := fixtures.statement("app-governance-geo", value)

_on := _governed({"enabled": true, "geo": "DE"})

_off := _governed({"enabled": false})

_scan(pages, statements) := fixtures.with_evidence({
	"portal_mcas_about": pages, "attestations": statements,
	"subscribed_skus": [fixtures.sku(licences.plans.ADALLOM_S_STANDALONE)],
})

_denied := {finding.resource.id | some finding in rule.deny}

_reasons := {entry.reason | some entry in rule.unknown}

_passes(scan) if {
	count(rule.deny) == 0 with input as scan
	count(rule.unknown) == 0 with input as scan
	count(rule.not_applicable) == 0 with input as scan
}

test_passes_when_both_geos_are_allowed if {
	_passes(_scan([_page("West Europe", "EU2")], [_on]))
	_passes(_scan([_page("West Europe", "EU2")], [_off]))
	_passes(_scan([], [fixtures.statement("mdca-geo", {"geo": "EU", "datacenter": "eu2"}), _off]))
}

test_passes_by_the_lists_of_the_services if {
	scan := _scan([_page("UK South", "UK1")], [_governed({"enabled": true, "geo": "US"})])
	_passes(fixtures.with_params(scan, {"allowed_geos_by_service": {"cloud_apps": ["EU", "UK"], "app_governance": ["US"]}}))
	_denied == {"cloud_apps:storage", "app_governance:storage"} with input as scan
}

test_fails_when_a_geo_is_not_allowed if {
	_denied == {"cloud_apps:storage"} with input as _scan([_page("East US 2", "US2")], [_on])
	_denied == {"cloud_apps:storage"} with input as _scan([_page(null, "Gov US1")], [_off])
	_denied == {"app_governance:storage"} with input as _scan([_page("West Europe", "EU2")], [_governed({"enabled": true, "geo": "JPN"})])
}

test_fails_by_the_page_whatever_a_weaker_statement_says if {
	scan := _scan([_page("East US 2", "US2")], [fixtures.statement("mdca-geo", {"geo": "EU"}), _on])
	_denied == {"cloud_apps:storage"} with input as scan
}

test_unknown_when_nothing_says_where_it_is if {
	found := {entry.message | some entry in rule.unknown} with input as _scan([], [])
	count(found) == 2
	_reasons == {"needs_attestation"} with input as _scan([], [])
	_reasons == {"needs_attestation"} with input as _scan([_page("West Europe", "EU2")], [])
	_reasons == {"needs_attestation"} with input as _scan([], [_off])
}

test_unknown_when_the_page_is_too_old if {
	old := object.union(_page("West Europe", "EU2"), {"savedAt": "2026-01-01T00:00:00Z"})
	_reasons == {"stale"} with input as _scan([old], [_off])
}

test_unknown_when_no_list_is_set if {
	scan := fixtures.without_params(_scan([_page("West Europe", "EU2")], [_on]), ["allowed_geos"])
	_reasons == {"needs_configuration"} with input as scan
	count(rule.unknown) == 2 with input as scan
	half := fixtures.with_params(scan, {"allowed_geos_by_service": {"cloud_apps": ["EU"]}})
	count(rule.unknown) == 1 with input as half
}

test_not_applicable_without_a_plan_or_any_evidence if {
	scan := fixtures.with_evidence({"subscribed_skus": [fixtures.sku(licences.plans.MTP)]})
	{entry.reason | some entry in rule.not_applicable} == {"not_licensed"} with input as scan
	count(rule.unknown) == 0 with input as scan
	count(rule.not_applicable) == 0 with input as fixtures.gone(scan, "subscribed_skus", "throttled")
}

test_observed_shows_each_source if {
	scan := _scan([_page("West Europe", "EU2")], [_off])
	found := {[seen.fact, seen.service, seen.value, seen.tier] | some seen in rule.observed} with input as scan
	found == {["geo", "cloud_apps", "'West Europe'", "portal"], ["setting", "app_governance", "off", "attested"]}
}
