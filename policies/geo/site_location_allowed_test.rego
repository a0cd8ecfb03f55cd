package domicile.geo.site_location_allowed_test

import data.domicile.geo.site_location_allowed as rule
import data.domicile.lib.geo_fixtures_test as fixtures
import data.domicile.lib.licences

_site(id, code) := {
	"id": id, "displayName": id, "webUrl": sprintf("https://contoso.sharepoint.com/sites/%s", [id]),
	"siteCollection": {"hostname": "contoso.sharepoint.com", "dataLocationCode": code},
}

_multi := [fixtures.sku(licences.plans.SHAREPOINTONLINE_MULTIGEO)]

_scan(sites) := fixtures.with_evidence({"sites": sites, "subscribed_skus": _multi})

_single(sites) := fixtures.with_evidence({"sites": sites, "subscribed_skus": [fixtures.sku(licences.plans.MTP)]})

_unread(sites) := object.union(
	fixtures.with_evidence({"sites": sites}),
	{"gaps": {"subscribed_skus": {"reason": "throttled", "status": 429, "code": ""}}},
)

_unset(scan) := fixtures.without_params(scan, ["allowed_geos"])

_denied := {finding.resource.id | some finding in rule.deny}

_reasons := {entry.reason | some entry in rule.unknown}

_not_applicable := {entry.reason | some entry in rule.not_applicable}

_passes(scan) if {
	count(rule.deny) == 0 with input as scan
	count(rule.unknown) == 0 with input as scan
	count(rule.not_applicable) == 0 with input as scan
}

test_passes_when_every_site_rests_in_an_allowed_place if {
	_passes(_scan([_site("s1", "EUR"), _site("s2", "DEU")]))
	_passes(_unread([_site("s1", "EUR")]))
}

test_passes_by_the_services_own_list if {
	_passes(fixtures.with_params(_unset(_scan([_site("s1", "NAM")])), {"allowed_geos_by_service": {"microsoft_365": ["NAM"]}}))
}

test_fails_for_each_site_elsewhere_with_or_without_the_licence if {
	every scan in [_scan([_site("s1", "NAM"), _site("s2", "EUR")]), _single([_site("s1", "NAM"), _site("s2", "EUR")])] {
		found := rule.deny with input as scan
		found == {{
			"resource": {"kind": "site", "id": "s1", "name": "https://contoso.sharepoint.com/sites/s1"},
			"message": "Site 'https://contoso.sharepoint.com/sites/s1' rests in the data location 'NAM', which isn't an allowed one.",
			"expected": "a place in EU", "actual": "NAM",
		}}
	}
}

test_fails_for_a_site_without_an_address if {
	nameless := object.union(_site("s1", "NAM"), {"webUrl": null, "displayName": null})
	{finding.resource.name | some finding in rule.deny} == {"s1"} with input as _scan([nameless])
}

test_unknown_when_multi_geo_is_held_and_a_code_is_missing if {
	every bare in [_site("s2", null), _site("s2", ""), object.union(_site("s2", null), {"siteCollection": null}), object.remove(_site("s2", null), ["siteCollection"])] {
		_reasons == {"partial"} with input as _scan([_site("s1", "EUR"), bare])
		_reasons == {"partial"} with input as _scan([bare])
	}
}

test_failure_stands_beside_a_missing_code if {
	scan := _scan([_site("s1", "NAM"), _site("s2", null)])
	_denied == {"s1"} with input as scan
	_reasons == {"partial"} with input as scan
}

test_not_applicable_when_no_site_has_a_code_without_multi_geo if {
	_not_applicable == {"nothing_to_judge"} with input as _single([_site("s1", null)])
	_not_applicable == {"nothing_to_judge"} with input as _single([])
	count(rule.unknown) == 0 with input as _unset(_single([_site("s1", null)]))
}

test_sites_without_a_code_are_skipped_without_multi_geo if {
	_passes(_single([_site("s1", "EUR"), _site("s2", null)]))
}

test_unknown_when_codes_are_missing_and_the_licences_too if {
	_reasons == {"throttled"} with input as _unread([_site("s1", null)])
	count(rule.deny) == 0 with input as _unread([_site("s1", null)])
}

test_unknown_when_no_list_is_set if {
	_reasons == {"needs_configuration"} with input as _unset(_scan([_site("s1", "NAM")]))
	count(rule.deny) == 0 with input as _unset(_scan([_site("s1", "NAM")]))
}

test_unknown_when_a_code_is_not_a_known_place if {
	_reasons == {"partial"} with input as _scan([_site("s1", "XYZ")])
	count(rule.deny) == 0 with input as _scan([_site("s1", "XYZ")])
}

test_observed_names_each_location_once if {
	found := rule.observed with input as _scan([_site("s1", "EUR"), _site("s2", "EUR")])
	found == {{"fact": "geo", "service": "microsoft_365", "value": "'EUR' holds sites", "tier": "api", "kind": "sites"}}
}

# Microsoft Graph leaves members out that have no value.
test_fails_for_a_site_that_lacks_a_member if {
	every member in ["displayName", "webUrl"] {
		_denied == {"s1"} with input as _scan([object.remove(_site("s1", "NAM"), [member])])
	}
	_denied == {"https://contoso.sharepoint.com/sites/s1"} with input as _scan([object.remove(_site("s1", "NAM"), ["id"])])
	_denied == {"unnamed"} with input as _scan([{"siteCollection": {"dataLocationCode": "NAM"}}])
}
