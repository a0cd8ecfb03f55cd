package domicile.roles.service_admins_within_limit_test

import data.domicile.lib.roles
import data.domicile.lib.roles_fixtures_test as made
import data.domicile.roles.service_admins_within_limit as rule

_custom := "d0000000-0000-4000-8000-000000000001"

_sa := roles.security_administrator

_failed(doc) := ids if {
	ids := {finding.resource.id | some finding in rule.deny} with input as doc
}

_reasons(doc) := reasons if {
	reasons := {[reason.reason, reason.kind] | some reason in rule.unknown} with input as doc
}

_values(doc) := values if {
	values := {fact.value | some fact in rule.observed} with input as doc
}

_passes(doc) if {
	_failed(doc) == set()
	_reasons(doc) == set()
}

_tenant(assignments) := made.tenant("xdr-current", assignments)

_many(number) := [made.row(made.user(sprintf("a%d", [i])), _sa) | some i in numbers.range(1, number)]

_limited(assignments) := object.union(_tenant(assignments), {"params": {"service_admins_max": 3}})

test_passes_when_they_are_few if {
	_passes(_limited([]))
	_passes(_limited(array.concat(_many(2), [made.admin("ann"), made.admin("a1")])))
	_values(_limited(array.concat(_many(2), [made.admin("ann")]))) == {"Global Administrator: 1", "Security Administrator: 2"}
}

test_fails_when_they_are_too_many if {
	rule.deny == {{
		"resource": {"kind": "tenant", "id": "3f0c1d7e-0000-4000-8000-000000000001", "name": "Contoso"},
		"message": "Accounts that can turn the service off, export its data or have it deleted number 4, more than 3.",
		"expected": "at most 3",
		"actual": "4",
	}} with input as _limited(_many(4))
	_passes(object.union(_limited(_many(4)), {"params": {"service_admins_max": 4}}))
}

test_fails_when_applications_groups_and_the_eligible_make_it_too_many if {
	doc := object.union(_limited([made.admin("ann"), made.row(made.application("app"), _sa), made.row(made.group("g"), _sa)]), {"evidence": {
		"role_eligibility": [made.admin("eli")],
		"role_group_members": [made.member("g", made.user("mem"))],
	}})
	{finding.actual | some finding in rule.deny} == {"4"} with input as doc
	"applications among them: 1" in _values(doc)
}

test_passes_when_the_others_are_disabled_deleted_or_of_a_unit if {
	off := made.row(object.union(made.user("off"), {"accountEnabled": false}), _sa)
	gone := object.union(made.row(made.user("gone"), _sa), {"principal": null, "principalOrganizationId": "3f0c1d7e-0000-4000-8000-000000000001"})
	unit := object.union(made.row(made.user("unit"), _sa), {"directoryScopeId": "/administrativeUnits/1"})
	_passes(_limited(array.concat(_many(3), [off, gone, unit, made.row(made.user("reader"), roles.security_reader)])))
}

test_fails_when_an_incomplete_import_lists_too_many if {
	doc := object.union(_limited([object.union(made.admin(sprintf("a%d", [i])), {"principal": null}) | some i in numbers.range(1, 4)]), made.gaps({"role_assignments": "partial", "users": "not_collected"}))
	{finding.actual | some finding in rule.deny} == {"4"} with input as doc
}

test_fails_when_states_are_not_said_and_says_so if {
	doc := _limited(array.concat(_many(3), [made.row(object.remove(made.user("who"), ["accountEnabled"]), _sa)]))
	some finding in rule.deny with input as doc
	endswith(finding.message, "more than 3. Of 1 the evidence does not say whether it is an enabled account.")
}

test_unknown_when_holders_may_be_hidden_and_fails_stand if {
	gaps := made.gaps({"role_eligibility": "throttled"})
	_failed(object.union(_limited(_many(2)), gaps)) == set()
	_reasons(object.union(_limited(_many(2)), gaps)) == {["throttled", "role_eligibility"]}
	_failed(object.union(_limited(_many(4)), gaps)) == {"3f0c1d7e-0000-4000-8000-000000000001"}
	_reasons(object.union(_limited(_many(4)), gaps)) == set()
}

test_fails_when_principals_of_other_organisations_make_it_too_many if {
	provider := object.union(made.row(made.user("msp"), _sa), {"principal": null, "principalOrganizationId": "3f0c1d7e-0000-4000-8000-000000000009"})
	{finding.actual | some finding in rule.deny} == {"4"} with input as _limited(array.concat(_many(3), [provider]))
	_reasons(_limited(array.concat(_many(3), [provider]))) == set()
	_failed(_limited(array.concat(_many(2), [provider]))) == set()
	_reasons(_limited(array.concat(_many(2), [provider]))) == {["partial", "role_assignments"]}
}

test_unknown_when_those_not_described_may_make_it_too_many if {
	lost := object.union(made.row(made.user("lost"), _sa), {"principal": null})
	every number in [2, 3] {
		_failed(_limited(array.concat(_many(number), [lost]))) == set()
		_reasons(_limited(array.concat(_many(number), [lost]))) == {["partial", "role_assignments"]}
	}
	_failed(_limited(array.concat(_many(4), [lost]))) == {"3f0c1d7e-0000-4000-8000-000000000001"}
	_passes(_limited(array.concat(_many(3), [object.union(lost, {"principalOrganizationId": "3f0c1d7e-0000-4000-8000-000000000001"})])))
}
