package domicile.roles.role_groups_owned_by_equals_test

import data.domicile.lib.roles
import data.domicile.lib.roles_fixtures_test as made
import data.domicile.roles.role_groups_owned_by_equals as rule

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

_owner(id) := object.union(made.user(id), {"ownedId": "g", "ownedKind": "group"})

# _grouped is the tenant in which a group grants Security Administrator and has owners,
# others hold roles besides, and some are eligible for the group.
_grouped(owners, others, eligible) := object.union(_tenant(array.concat([made.row(made.group("g"), _sa)], others)), {"evidence": {
	"role_owners": owners,
	"group_eligibility": eligible,
}})

_eligible(id, access) := made.eligible("g", id, access)

test_passes_when_nobody_owns_the_group if {
	_passes(_grouped([], [], []))
	_values(_grouped([], [], [])) == {"'g' has owners: 0"}
}

test_passes_when_the_owner_holds_the_role_or_more if {
	_passes(_grouped([_owner("ann")], [made.row(made.user("ann"), _sa)], []))
	_passes(_grouped([_owner("ann")], [made.admin("ann")], []))
	_passes(object.union(_grouped([_owner("ann")], [], []), {"evidence": {"role_group_members": [made.member("g", made.user("ann"))]}}))
	_passes(_grouped([_owner("ann")], [], [_eligible("ann", "member")]))
}

test_fails_when_an_owner_lacks_the_role if {
	rule.deny == {{
		"resource": {"kind": "group", "id": "g", "name": "g"},
		"message": "The group 'g' grants Security Administrator (standing), and owners lack it: 'ann@contoso.example'.",
		"expected": "no owner, or owners who hold what the group grants",
		"actual": "owners without the roles: 1",
	}} with input as _grouped([_owner("ann")], [made.row(made.user("ann"), roles.security_reader)], [])
	nameless := {"ownedId": "g", "ownedKind": "group", "id": "app"}
	_failed(_grouped([nameless], [], [])) == {"g"}
}

test_fails_when_somebody_may_become_owner_through_pim if {
	_failed(_grouped([], [], [_eligible("ann", "owner")])) == {"g"}
	named := object.union(_grouped([], [], [_eligible("ann", "owner")]), {"lookup": {"users": made.listed([made.user("ann")])}})
	some finding in rule.deny with input as named
	contains(finding.message, "'ann@contoso.example'")
}

test_fails_when_the_group_is_eligible if {
	doc := object.union(_tenant([]), {"evidence": {"role_eligibility": [made.row(made.group("g"), _sa)], "role_owners": [_owner("ann")], "group_eligibility": []}})
	_failed(doc) == {"g"}
}

test_unknown_when_an_owner_may_hold_the_role_unseen if {
	every gap in [{"role_eligibility": "throttled"}, {"group_eligibility": "throttled"}, {"role_group_members": "throttled"}] {
		doc := object.union(_grouped([_owner("ann")], [], []), made.gaps(gap))
		_failed(doc) == set()
		_reasons(doc) == {["throttled", kind] | some kind in object.keys(gap)}
	}
	_failed(object.union(_grouped([_owner("ann")], [], []), made.gaps({"group_eligibility": "not_licensed"}))) == {"g"}
}

test_not_applicable_when_no_group_grants_a_privileged_role if {
	every doc in [_tenant([made.admin("ann")]), object.union(_grouped([_owner("ann")], [], []), {"params": {"privileged_roles": []}})] {
		_passes(doc)
		{reason.reason | some reason in rule.not_applicable} == {"nothing_to_judge"} with input as doc
	}
}

test_unknown_when_a_holder_is_not_described_and_may_be_a_group if {
	doc := object.union(_tenant([object.remove(made.row(made.group("g"), _sa), ["principal"])]), {"evidence": {"role_owners": [_owner("ann")], "group_eligibility": []}})
	_failed(doc) == set()
	_reasons(doc) == {["partial", "role_assignments"]}
	count(rule.not_applicable) == 0 with input as doc
}

test_fails_when_the_owner_holds_the_role_for_a_unit_alone if {
	unit := object.union(made.row(made.user("ann"), _sa), {"directoryScopeId": "/administrativeUnits/1"})
	_failed(_grouped([_owner("ann")], [unit], [])) == {"g"}
}
