package domicile.roles.finer_roles_prevail_test

import data.domicile.lib.roles
import data.domicile.lib.roles_fixtures_test as made
import data.domicile.roles.finer_roles_prevail as rule

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

_finer(ids) := [made.row(made.user(id), _sa) | some id in ids]

_admins(ids) := [made.admin(id) | some id in ids]

_mix(admins, others) := _tenant(array.concat(_admins(admins), _finer(others)))

_disabled(id) := made.row(object.union(made.user(id), {"accountEnabled": false}), _sa)

test_passes_when_finer_roles_are_as_many_or_more if {
	_passes(_mix(["ann"], ["bob"]))
	_passes(_mix(["ann", "eve"], ["bob", "cas", "dan"]))
	_values(_mix(["ann"], ["bob"])) == {"Global Administrators 1, people with finer privileged roles 1"}
}

test_fails_when_global_administrators_are_more if {
	rule.deny == {{
		"resource": {"kind": "role", "id": roles.global_administrator, "name": "Global Administrator"},
		"message": "Enabled Global Administrators number 2, and people with finer privileged roles 1.",
		"expected": "at least one person with a finer role, and no more Global Administrators than those",
		"actual": "2 to 1",
	}} with input as _mix(["ann", "eve"], ["bob"])
}

test_fails_when_nobody_has_a_finer_role if {
	_failed(_mix(["ann"], [])) == {roles.global_administrator}
	_failed(_mix([], [])) == {roles.global_administrator}
}

test_fails_when_only_global_administrators_have_finer_roles if {
	_failed(_mix(["ann"], ["ann"])) == {roles.global_administrator}
}

test_pitfall_f_disabled_people_and_applications_do_not_count if {
	_failed(_tenant([made.admin("ann"), _disabled("bob"), made.row(made.application("app"), _sa)])) == {roles.global_administrator}
}

test_passes_when_finer_roles_are_eligible_or_come_through_a_group if {
	_passes(object.union(_mix(["ann"], []), {"evidence": {"role_eligibility": _finer(["bob"])}}))
	grouped := _tenant([made.admin("ann"), made.row(made.group("g"), _sa)])
	_passes(object.union(grouped, {"evidence": {"role_group_members": [made.member("g", made.user("bob"))]}}))
}

test_fails_when_global_administrators_are_eligible if {
	_failed(object.union(_mix(["ann"], ["bob"]), {"evidence": {"role_eligibility": _admins(["eve"])}})) == {roles.global_administrator}
}

test_unknown_when_holders_may_be_hidden if {
	every doc in [_mix(["ann", "eve"], ["bob"]), _mix(["ann"], ["bob"])] {
		gone := object.union(doc, made.gaps({"role_eligibility": "no_permission"}))
		_failed(gone) == set()
		_reasons(gone) == {["no_permission", "role_eligibility"]}
	}
}

test_unknown_when_it_is_not_said_who_is_enabled if {
	stateless := made.row(object.remove(made.user("bob"), ["accountEnabled"]), _sa)
	doc := _tenant([made.admin("ann"), stateless])
	_failed(doc) == set()
	_reasons(doc) == {["partial", "users"]}
}

test_unknown_when_custom_roles_decide if {
	doc := _tenant([made.admin("ann"), made.row(made.user("bob"), _custom)])
	_failed(doc) == set()
	_reasons(doc) == {["needs_configuration", "role_assignments"]}
	_passes(object.union(doc, {"params": {"privileged_roles": ["default", _custom]}}))
}

test_not_applicable_when_no_finer_role_is_privileged if {
	doc := object.union(_mix(["ann", "eve"], ["bob"]), {"params": {"privileged_roles": [roles.global_administrator]}})
	_passes(doc)
	{reason.reason | some reason in rule.not_applicable} == {"nothing_to_judge"} with input as doc
	hidden := object.union(doc, made.gaps({"role_assignments": "partial"}))
	_passes(hidden)
}
