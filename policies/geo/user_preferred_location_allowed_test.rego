package domicile.geo.user_preferred_location_allowed_test

import data.domicile.geo.user_preferred_location_allowed as rule
import data.domicile.lib.geo_fixtures_test as fixtures
import data.domicile.lib.licences

_user(id, location) := {"id": id, "displayName": id, "userPrincipalName": sprintf("%s@contoso.com", [id]), "preferredDataLocation": location}

_multi := [fixtures.sku(licences.plans.EXCHANGEONLINE_MULTIGEO)]

_scan(users) := fixtures.with_evidence({"users": users, "subscribed_skus": _multi})

_unlicensed(users) := fixtures.with_evidence({"users": users, "subscribed_skus": [fixtures.sku(licences.plans.MTP)]})

_unset(scan) := fixtures.without_params(scan, ["allowed_geos"])

_denied := {finding.resource.id | some finding in rule.deny}

_reasons := {entry.reason | some entry in rule.unknown}

_not_applicable := {entry.reason | some entry in rule.not_applicable}

_passes(scan) if {
	count(rule.deny) == 0 with input as scan
	count(rule.unknown) == 0 with input as scan
	count(rule.not_applicable) == 0 with input as scan
}

test_passes_when_every_preferred_location_is_allowed if {
	_passes(_scan([_user("u1", "EUR"), _user("u2", "DEU"), _user("u3", null), _user("u4", "")]))
}

test_passes_by_a_list_of_its_own if {
	_passes(fixtures.with_params(_scan([_user("u1", "NAM")]), {"preferred_data_locations": ["NAM", "EUR"]}))
	_passes(fixtures.with_params(_unset(_scan([_user("u1", "NAM")])), {"preferred_data_locations": ["NAM"]}))
	_denied == {"u1"} with input as fixtures.with_params(_scan([_user("u1", "EUR")]), {"preferred_data_locations": ["DEU"]})
}

test_fails_for_each_user_who_asks_for_another_place if {
	found := rule.deny with input as _scan([_user("u1", "NAM"), _user("u2", "EUR"), _user("u3", "CHE")])
	{finding.resource.id | some finding in found} == {"u1", "u3"}
	some finding in found
	finding == {
		"resource": {"kind": "user", "id": "u1", "name": "u1@contoso.com"},
		"message": "User 'u1@contoso.com' asks for the data location 'NAM', which isn't an allowed one.",
		"expected": "a place in EU", "actual": "NAM",
	}
}

test_fails_for_a_user_without_a_name if {
	nameless := object.union(_user("u1", "NAM"), {"userPrincipalName": null})
	{finding.resource.name | some finding in rule.deny} == {"u1"} with input as _scan([nameless])
}

test_fails_when_nothing_is_allowed if {
	_denied == {"u1"} with input as fixtures.with_params(_scan([_user("u1", "EUR")]), {"allowed_geos": []})
}

test_not_applicable_without_a_multi_geo_licence if {
	scan := _unlicensed([_user("u1", "NAM")])
	_not_applicable == {"not_licensed"} with input as scan
	count(rule.deny) == 0 with input as scan
	count(rule.unknown) == 0 with input as scan
	count(rule.observed) == 0 with input as scan
	_not_applicable == {"not_licensed"} with input as _unlicensed([])
}

test_not_applicable_when_no_user_has_a_preferred_location if {
	_not_applicable == {"nothing_to_judge"} with input as _scan([_user("u1", null)])
	_not_applicable == {"nothing_to_judge"} with input as _unset(_scan([]))
	count(rule.unknown) == 0 with input as _unset(_scan([_user("u1", null)]))
	_not_applicable == {"nothing_to_judge"} with input as fixtures.gone(_scan([]), "subscribed_skus", "throttled")
}

test_unknown_when_no_list_is_set if {
	_reasons == {"needs_configuration"} with input as _unset(_scan([_user("u1", "NAM")]))
	count(rule.deny) == 0 with input as _unset(_scan([_user("u1", "NAM")]))
}

test_unknown_when_a_location_is_not_a_known_place if {
	scan := _scan([_user("u1", "XYZ"), _user("u2", "XYZ")])
	_reasons == {"partial"} with input as scan
	count(rule.unknown) == 1 with input as scan
	count(rule.deny) == 0 with input as scan
}

test_unknown_when_the_licences_are_missing_and_it_matters if {
	unread := _without_skus([_user("u1", "NAM")])
	_reasons == {"no_permission"} with input as unread
	count(rule.deny) == 0 with input as unread
	_passes(_without_skus([_user("u1", "EUR")]))
	_reasons == {"needs_configuration"} with input as _unset(unread)
}

# Microsoft 365 lists locations page by page; what one page says doesn't hang on another.
test_observed_names_each_location_once if {
	found := rule.observed with input as _scan([_user("u1", "EUR"), _user("u2", "EUR"), _user("u3", "NAM"), _user("u4", null)])
	{seen.value | some seen in found} == {"'EUR' preferred by users", "'NAM' preferred by users"}
}

_without_skus(users) := object.union(
	fixtures.with_evidence({"users": users}),
	{"gaps": {"subscribed_skus": {"reason": "no_permission", "status": 403, "code": ""}}},
)

test_fails_for_a_user_without_an_id if {
	_denied == {"unnamed"} with input as _scan([object.remove(_user("u1", "NAM"), ["id"])])
	found := rule.deny with input as _scan([{"id": "", "preferredDataLocation": "NAM"}])
	{finding.resource.name | some finding in found} == {"unnamed"}
}
