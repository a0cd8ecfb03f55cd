package domicile.geo.multi_geo_licensed_test

import data.domicile.geo.multi_geo_licensed as rule
import data.domicile.lib.geo_fixtures_test as fixtures
import data.domicile.lib.licences

_user(id, location) := {"id": id, "preferredDataLocation": location}

_scan(users, plan) := fixtures.with_evidence({"users": users, "subscribed_skus": [fixtures.sku(plan)]})

_outcomes(scan) := [denied, unknown, not_applicable] if {
	denied := {finding.resource.id | some finding in rule.deny} with input as scan
	unknown := {entry.reason | some entry in rule.unknown} with input as scan
	not_applicable := {entry.reason | some entry in rule.not_applicable} with input as scan
}

test_passes_when_a_plan_is_held if {
	every name in ["EXCHANGEONLINE_MULTIGEO", "SHAREPOINTONLINE_MULTIGEO", "TEAMSMULTIGEO"] {
		_outcomes(_scan([_user("u1", "NAM")], licences.plans[name])) == [set(), set(), set()]
	}
}

test_fails_when_locations_are_preferred_without_a_plan if {
	scan := _scan([_user("u1", "NAM"), _user("u2", "EUR"), _user("u3", null)], licences.plans.MTP)
	found := rule.deny with input as scan
	found == {{
		"resource": {"kind": "tenant", "id": fixtures.tenant_id, "name": "contoso"},
		"message": "2 users have a preferred data location ('EUR', 'NAM'), and the tenant holds no Multi-Geo plan, so that it does nothing.",
		"expected": "a Multi-Geo plan", "actual": "none",
	}}
}

test_unknown_when_licences_do_not_list_their_plans if {
	unlisted := fixtures.with_evidence({"users": [_user("u1", "NAM")], "subscribed_skus": [{"skuId": "s", "capabilityStatus": "Enabled", "servicePlans": null}]})
	_outcomes(unlisted) == [set(), {"partial"}, set()]
}

test_not_applicable_when_no_location_is_preferred if {
	_outcomes(_scan([_user("u1", null)], licences.plans.MTP)) == [set(), set(), {"nothing_to_judge"}]
	_outcomes(fixtures.gone(_scan([], licences.plans.MTP), "subscribed_skus", "throttled")) == [set(), set(), {"nothing_to_judge"}]
}

test_observed_counts_the_users if {
	found := {seen.value | some seen in rule.observed} with input as _scan([_user("u1", "NAM")], licences.plans.TEAMSMULTIGEO)
	found == {"1 users prefer 'NAM'"}
}
