package domicile.geo.user_location_allowed_test

import data.domicile.geo.user_location_allowed as rule
import data.domicile.lib.geo_fixtures_test as fixtures

_user(id, location) := {"id": id, "userPrincipalName": sprintf("%s@contoso.com", [id]), "usageLocation": location}

_scan(users) := fixtures.with_params(fixtures.with_evidence({"users": users}), {"allowed_countries": ["DE", "fr"]})

_denied := {finding.resource.id | some finding in rule.deny}

_not_applicable := {entry.reason | some entry in rule.not_applicable}

_passes(scan) if {
	count(rule.deny) == 0 with input as scan
	count(rule.not_applicable) == 0 with input as scan
}

test_passes_when_every_country_is_allowed if {
	_passes(_scan([_user("u1", "DE"), _user("u2", "FR"), _user("u3", "de"), _user("u4", null), _user("u5", "")]))
	_passes(fixtures.with_params(_scan([_user("u1", "AT")]), {"allowed_countries": ["EU"]}))
	_passes(fixtures.with_params(_scan([_user("u1", "DE")]), {"allowed_countries": ["DEU"]}))
}

test_fails_for_each_user_elsewhere if {
	found := rule.deny with input as _scan([_user("u1", "US"), _user("u2", "DE")])
	found == {{
		"resource": {"kind": "user", "id": "u1", "name": "u1@contoso.com"},
		"message": "The usage location of user 'u1@contoso.com' is 'US', which isn't an allowed country.",
		"expected": "one of DE, fr", "actual": "US",
	}}
}

test_fails_for_a_user_without_a_name if {
	{finding.resource.name | some finding in rule.deny} == {"u1"} with input as _scan([object.union(_user("u1", "US"), {"userPrincipalName": null})])
}

test_unknown_countries_are_compared_by_their_code if {
	_denied == {"u1"} with input as _scan([_user("u1", "UG")])
	_passes(fixtures.with_params(_scan([_user("u1", "UG")]), {"allowed_countries": ["UG"]}))
}

test_not_applicable_when_no_country_is_named if {
	scan := fixtures.with_params(_scan([_user("u1", "US")]), {"allowed_countries": []})
	_not_applicable == {"nothing_to_judge"} with input as scan
	count(rule.deny) == 0 with input as scan
	count(rule.observed) == 0 with input as scan
}

test_not_applicable_when_no_user_has_a_location if {
	_not_applicable == {"nothing_to_judge"} with input as _scan([_user("u1", null)])
}

test_observed_names_each_country_once if {
	found := {seen.value | some seen in rule.observed} with input as _scan([_user("u1", "DE"), _user("u2", "DE"), _user("u3", "US")])
	found == {"users in 'DE'", "users in 'US'"}
}
