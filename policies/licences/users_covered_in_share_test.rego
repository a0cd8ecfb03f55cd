package domicile.licences.users_covered_in_share_test

import data.domicile.lib.licences
import data.domicile.lib.licences_fixtures_test as skus
import data.domicile.lib.roles_fixtures_test as made
import data.domicile.licences.users_covered_in_share as rule

_covered := [{"servicePlanId": licences.plans.WINDEFATP, "capabilityStatus": "Enabled"}]

# So many users with the plans, their ids starting with a word.
_users(word, n, plans) := [user |
	some i in numbers.range(1, n)
	user := {
		"id": sprintf("%s%d", [word, i]), "userPrincipalName": sprintf("%s%d@contoso.example", [word, i]), "accountEnabled": true,
		"userType": "Member", "assignedLicenses": [{"skuId": "s1"}], "assignedPlans": plans, "licenseAssignmentStates": [],
	}
]

_tenant(users) := object.union(made.tenant("xdr-current", [made.admin("bare1")]), {
	"params": {"coverage_exempt": {"upn": [], "groups": []}, "coverage_unlicensed": false, "coverage_min_percent": 95},
	"evidence": {"users": users, "subscribed_skus": [skus.sku("SPE_E5")]},
})

_failed(doc) := found if {
	found := {d.actual | some d in rule.deny} with input as doc
}

_unknown(doc) := found if {
	found := {[u.reason, u.kind] | some u in rule.unknown} with input as doc
}

test_passes_at_the_least_share if {
	doc := _tenant(array.concat(_users("u", 19, _covered), _users("v", 1, [])))
	_failed(doc) == set()
	_unknown(doc) == set()
	count(rule.not_applicable) == 0 with input as doc
	{o.value | some o in rule.observed} == {"19 of 20 users in scope are covered"} with input as doc
}

test_passes_over_privileged_accounts if _failed(_tenant(array.concat(_users("u", 10, _covered), _users("bare", 1, [])))) == set()

test_fails_below_the_least_share if {
	rule.deny == {{
		"resource": {"kind": "tenant", "id": "3f0c1d7e-0000-4000-8000-000000000001", "name": "Contoso"},
		"message": "A Defender plan covers 18 of the 20 users in scope, less than 95 percent.",
		"expected": "95 percent at least",
		"actual": "90 percent",
	}} with input as _tenant(array.concat(_users("u", 18, _covered), _users("v", 2, [])))
}

test_the_share_is_a_parameter if {
	doc := _tenant(array.concat(_users("u", 18, _covered), _users("v", 2, [])))
	_failed(object.union(doc, {"params": {"coverage_min_percent": 90}})) == set()
}

test_unknown_when_it_hangs_on_users_without_plans if {
	doc := _tenant(array.concat(_users("u", 18, _covered), _users("v", 2, null)))
	_unknown(doc) == {["partial", "users"]}
	_failed(doc) == set()
	_failed(_tenant(array.concat(_users("u", 10, _covered), array.concat(_users("v", 8, []), _users("w", 2, null))))) == {"50 percent"}
}

test_unknown_when_the_privileged_are_not_known if {
	doc := object.union(_tenant(_users("u", 2, [])), made.gaps({"role_assignments": "no_permission"}))
	_unknown(doc) == {["no_permission", "role_assignments"]}
	_failed(doc) == set()
}

test_not_applicable_when_nobody_can_be_covered if {
	{n.reason | some n in rule.not_applicable} == {"nothing_to_judge"} with input as _tenant([])
	none := object.union(_tenant(_users("u", 2, [])), {"evidence": {"subscribed_skus": []}})
	count(rule.not_applicable) == 2 with input as none
	_failed(none) == set()
}

test_unknown_when_licences_that_were_not_read_decide if {
	unread := [object.remove(user, ["assignedLicenses"]) | some user in _users("v", 2, [])]
	doc := _tenant(array.concat(_users("u", 18, _covered), unread))
	_failed(doc) == set()
	_unknown(doc) == {["partial", "users"]}
}

test_passes_over_licences_that_were_not_read_of_the_covered if {
	doc := _tenant([object.remove(user, ["assignedLicenses"]) | some user in _users("u", 2, _covered)])
	_failed(doc) == set()
	_unknown(doc) == set()
}
