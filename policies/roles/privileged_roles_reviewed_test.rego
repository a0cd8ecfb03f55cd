package domicile.roles.privileged_roles_reviewed_test

import data.domicile.lib.reviews_fixtures_test as made
import data.domicile.lib.roles
import data.domicile.lib.roles_fixtures_test as fixtures
import data.domicile.roles.privileged_roles_reviewed as rule

_ga := roles.global_administrator

_sa := roles.security_administrator

# _tenant has a Global Administrator, somebody eligible for Security Administrator, and
# these reviews.
_tenant(definitions) := object.union(fixtures.tenant("xdr-current", [fixtures.admin("ann")]), {
	"evidence": {"access_reviews": definitions, "role_eligibility": [fixtures.row(fixtures.user("bob"), _sa)]},
	"params": {"review_max_days": 31},
})

_good := _tenant([made.review(_ga), made.review(_sa)])

_changed(over) := _tenant([object.union(made.review(_ga), over), made.review(_sa)])

_failed(doc) := ids if {
	ids := {finding.resource.id | some finding in rule.deny} with input as doc
}

_messages(doc) := messages if {
	messages := {finding.message | some finding in rule.deny} with input as doc
}

_reasons(doc) := reasons if {
	reasons := {[reason.reason, reason.kind] | some reason in rule.unknown} with input as doc
}

_passes(doc) if {
	_failed(doc) == set()
	_reasons(doc) == set()
}

test_passes_when_every_held_role_is_reviewed if {
	_passes(_good)
	{fact.value | some fact in rule.observed} == {"access reviews of directory roles: 2"} with input as _good
	count(rule.not_applicable) == 0 with input as _good
}

test_passes_when_two_reviews_cover_the_halves if {
	active := object.union(object.remove(made.review(_ga), ["scope"]), {"scope": made.instances("Assignment", "user", _ga)})
	eligible := object.union(object.remove(made.review(_ga), ["scope"]), {"scope": made.instances("Eligibility", "user", _ga)})
	_passes(_tenant([active, eligible, made.review(_sa)]))
	_failed(_tenant([active, made.review(_sa)])) == {_ga}
	{finding.actual | some finding in rule.deny} == {"only active holders are reviewed"} with input as _tenant([active, made.review(_sa)])
}

test_fails_when_a_held_role_has_no_review if {
	rule.deny == {{
		"resource": {"kind": "role", "id": _ga, "name": "Global Administrator"},
		"message": "Holders of Global Administrator are not under review: no access review covers them.",
		"expected": "a review of active and eligible holders at least every 31 days, by somebody else",
		"actual": "no sound review",
	}} with input as _tenant([made.review(_sa)])
}

test_fails_when_the_review_is_rare_over_or_of_oneself if {
	rare := _changed({"settings": made.recurring("absoluteMonthly", 3, {"type": "noEnd"})})
	_messages(rare) == {"Holders of Global Administrator are not under review: the review 'Monthly' covers active and eligible holders and recurs every 93 days."}
	_passes(object.union(rare, {"params": {"review_max_days": 93}}))
	_failed(_changed({"reviewers": []})) == {_ga}
	_failed(_changed({"settings": made.recurring("weekly", 1, {"type": "endDate", "endDate": "2026-01-01"})})) == {_ga}
	nameless := _changed({"displayName": null, "reviewers": []})
	_messages(nameless) == {"Holders of Global Administrator are not under review: the review 'without a name' covers active and eligible holders and is answered by those whom it is about."}
}

test_passes_when_a_role_that_nobody_holds_has_no_review if {
	_passes(object.union(_good, {"params": {"privileged_roles": ["default", roles.global_reader]}}))
}

test_the_roles_to_review_are_a_parameter if {
	doc := object.union(_tenant([made.review(_sa)]), {"params": {"review_roles": [_sa]}})
	_passes(doc)
}

test_unknown_when_holders_may_be_hidden if {
	_passes(object.union(_good, fixtures.gaps({"role_eligibility": "not_licensed"})))
	doc := object.union(_good, fixtures.gaps({"role_assignments": "no_permission"}))
	_failed(doc) == set()
	_reasons(doc) == {["no_permission", "role_assignments"]}
	every_role := object.union(made.review(_ga), {"scope": {"resourceScopes": [made.query("/roleManagement/directory/roleDefinitions")]}})
	_passes(object.union(_tenant([every_role]), fixtures.gaps({"role_assignments": "no_permission"})))
}

test_unknown_when_a_review_does_not_say_who_reviews if {
	doc := _tenant([object.remove(made.review(_ga), ["reviewers"]), made.review(_sa)])
	_failed(doc) == set()
	_reasons(doc) == {["partial", "access_reviews"]}
}

test_not_applicable_when_nothing_is_to_be_reviewed if {
	none := object.union(_tenant([]), {"params": {"review_roles": []}})
	_passes(none)
	{reason.reason | some reason in rule.not_applicable} == {"nothing_to_judge"} with input as none
	unheld := object.union(_tenant([]), {"params": {"review_roles": [roles.global_reader]}})
	_passes(unheld)
	{reason.message | some reason in rule.not_applicable} == {"Nobody holds or is eligible for a role that is to be reviewed."} with input as unheld
}

test_passes_when_every_role_is_reviewed_and_no_holder_was_read if {
	doc := object.union(_tenant([object.union(made.review(_ga), {"scope": {"principalScopes": [made.query("/users")], "resourceScopes": [made.query("/roleManagement/directory/roleDefinitions")]}})]), {
		"evidence": {"role_assignments": [], "role_eligibility": []},
		"gaps": {"role_assignments": {"reason": "throttled"}, "role_eligibility": {"reason": "throttled"}},
	})
	_passes(doc)
	count(rule.not_applicable) == 0 with input as doc
}
