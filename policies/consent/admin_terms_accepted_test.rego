package domicile.consent.admin_terms_accepted_test

import data.domicile.consent.admin_terms_accepted as rule
import data.domicile.lib.roles
import data.domicile.lib.roles_fixtures_test as made

_acceptance := {"id": "x1", "userId": "ann", "state": "accepted", "recordedDateTime": "2026-01-01T00:00:00Z", "expirationDateTime": null}

_terms(acceptances) := {"id": "tou1", "displayName": "Rules for administrators", "acceptances": acceptances}

_users(change) := object.union({"includeUsers": [], "excludeUsers": [], "includeGroups": [], "excludeGroups": [], "includeRoles": [roles.global_administrator], "excludeRoles": []}, change)

_policy(users) := {"id": "ca1", "state": "enabled", "conditions": {"users": users}, "grantControls": {"termsOfUse": ["tou1"]}}

_tenant(terms, policies) := object.union(made.tenant("xdr-current", [made.admin("ann")]), {"evidence": {"terms_of_use": terms, "conditional_access": policies}})

_good := _tenant([_terms([_acceptance])], [_policy(_users({}))])

_open(users) := _tenant([_terms([])], [_policy(users)])

_failed(doc) := found if {
	found := {[d.resource.id, d.message] | some d in rule.deny} with input as doc
}

_unknown(doc) := found if {
	found := {[u.reason, u.kind] | some u in rule.unknown} with input as doc
}

_reasons(doc) := found if {
	found := {n.message | some n in rule.not_applicable} with input as doc
}

_ann := {["ann", "'ann@contoso.example' holds a privileged role and has not accepted 'Rules for administrators'."]}

test_passes_when_administrators_accepted if {
	_failed(_good) == set()
	_unknown(_good) == set()
	_reasons(_good) == set()
	{o.value | some o in rule.observed} == {"'Rules for administrators': 1 accepted"} with input as _good
}

test_fails_when_an_administrator_did_not_accept if {
	every users in [_users({}), _users({"includeRoles": null, "includeUsers": ["All"]}), _users({"includeRoles": [], "includeUsers": ["ann"]})] {
		_failed(_open(users)) == _ann
		_unknown(_open(users)) == set()
	}
}

test_fails_when_the_acceptance_was_declined_or_expired if {
	every change in [{"state": "declined"}, {"expirationDateTime": "2026-11-20T00:00:00Z"}, {"userId": "bob"}] {
		_failed(_tenant([_terms([object.union(_acceptance, change)])], [_policy(_users({}))])) == _ann
	}
	lasting := object.union(_acceptance, {"expirationDateTime": "2027-01-01T00:00:00Z"})
	_failed(_tenant([_terms([lasting])], [_policy(_users({}))])) == set()
}

test_fails_for_members_of_a_group_that_the_policy_names if {
	doc := object.union(_open(_users({"includeRoles": [], "includeGroups": ["g"]})), {"evidence": {
		"role_assignments": [made.row(made.group("g"), roles.security_administrator)],
		"role_group_members": [made.member("g", made.user("eve"))],
	}})
	{id | some [id, _] in _failed(doc)} == {"eve"}
}

test_fails_with_the_terms_id_where_they_have_no_name if {
	doc := _tenant([object.union(_terms([]), {"displayName": null})], [_policy(_users({}))])
	{message | some [_, message] in _failed(doc)} == {"'ann@contoso.example' holds a privileged role and has not accepted 'tou1'."}
}

test_passes_over_the_excluded_the_eligible_and_the_disabled if {
	_failed(_open(_users({"excludeUsers": ["ann"]}))) == set()
	_failed(_open(_users({"includeUsers": ["All"], "excludeRoles": [roles.global_administrator]}))) == set()
	eligible := object.union(_open(_users({})), {"evidence": {"role_assignments": [], "role_eligibility": [made.admin("ann")]}})
	_failed(eligible) == set()
	_failed(object.union(_open(_users({})), {"lookup": {"users": {"ann": {"accountEnabled": false}}}})) == set()
	grouped := object.union(_open(_users({"includeUsers": ["All"], "excludeGroups": ["g"]})), {"evidence": {
		"role_assignments": [made.row(made.group("g"), roles.security_administrator)],
		"role_group_members": [made.member("g", made.user("eve"))],
	}})
	_failed(grouped) == set()
	activatable := object.union(grouped, {"evidence": {
		"role_assignments": [made.row(made.group("g"), roles.security_administrator), made.admin("ann")],
		"group_eligibility": [made.eligible("g", "ann", "member")],
	}})
	_unknown(activatable) == {["partial", "conditional_access"]}
	_unknown(grouped) == set()
}

test_unknown_when_excluded_groups_are_not_known if {
	doc := _open(_users({"excludeGroups": ["g9"]}))
	_unknown(doc) == {["partial", "conditional_access"]}
	_failed(doc) == set()
}

test_unknown_when_policies_roles_or_acceptances_were_not_read if {
	_unknown(object.union(_tenant([_terms([])], []), made.gaps({"conditional_access": "no_permission"}))) == {["no_permission", "conditional_access"]}
	_unknown(object.union(_good, made.gaps({"role_assignments": "no_permission"}))) == {["no_permission", "role_assignments"]}
	_unknown(object.union(_good, made.gaps({"role_eligibility": "no_permission"}))) == set()
	unread := _tenant([_terms(null)], [_policy(_users({}))])
	_unknown(unread) == {["partial", "terms_of_use"]}
	_failed(unread) == set()
}

test_not_applicable_without_terms_or_policies if {
	_reasons(_tenant([], [_policy(_users({}))])) == {"The tenant has no terms of use."}
	every policies in [[], [object.union(_policy(_users({})), {"state": "disabled"})], [object.union(_policy(_users({})), {"grantControls": {"termsOfUse": ["tou9"]}})], [object.union(_policy(_users({})), {"grantControls": null})]] {
		_reasons(_tenant([_terms([])], policies)) == {"No enabled policy of Conditional Access asks administrators for terms of use."}
		_failed(_tenant([_terms([])], policies)) == set()
	}
}

test_unknown_when_a_policy_names_groups_whose_members_are_not_known if {
	doc := _open(_users({"includeRoles": [], "includeGroups": ["admins"]}))
	_failed(doc) == set()
	_reasons(doc) == set()
	_unknown(doc) == {["partial", "conditional_access"]}
	accepted := _tenant([_terms([_acceptance])], [_policy(_users({"includeRoles": [], "includeGroups": ["admins"]}))])
	_unknown(accepted) == set()
}
