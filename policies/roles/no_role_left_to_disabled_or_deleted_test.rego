package domicile.roles.no_role_left_to_disabled_or_deleted_test

import data.domicile.lib.roles
import data.domicile.lib.roles_fixtures_test as made
import data.domicile.roles.no_role_left_to_disabled_or_deleted as rule

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

_disabled(id) := object.union(made.user(id), {"accountEnabled": false})

_gone := object.union(made.row(made.user("ann"), _sa), {"principal": null, "principalOrganizationId": null})

test_passes_when_every_holder_is_enabled if {
	doc := _tenant([made.admin("ann"), made.row(made.group("g"), _sa)])
	_passes(doc)
	_values(doc) == {"holders of privileged roles: 2"}
}

test_pitfall_f_fails_when_an_account_is_disabled if {
	doc := _tenant([made.row(_disabled("ann"), _sa)])
	rule.deny == {{
		"resource": {"kind": "user", "id": "ann", "name": "ann@contoso.example"},
		"message": "'ann@contoso.example' is disabled and keeps Security Administrator (standing).",
		"expected": "no role",
		"actual": "is disabled",
	}} with input as doc
}

test_fails_when_an_application_is_disabled if {
	_failed(_tenant([made.row(object.union(made.application("app"), {"accountEnabled": false}), _sa)])) == {"app"}
}

test_fails_when_a_disabled_account_is_eligible_or_in_a_group if {
	_failed(object.union(_tenant([]), {"evidence": {"role_eligibility": [made.row(_disabled("ann"), _sa)]}})) == {"ann"}
	_failed(object.union(_tenant([made.row(made.group("g"), _sa)]), {"evidence": {"role_group_members": [made.member("g", _disabled("ann"))]}})) == {"ann"}
}

test_pitfall_g_fails_when_the_principal_is_deleted if {
	doc := _tenant([_gone])
	{finding.actual | some finding in rule.deny} == {"is deleted"} with input as doc
	_reasons(doc) == set()
}

test_passes_when_the_principal_belongs_to_another_organisation if {
	_passes(_tenant([object.union(_gone, {"principalOrganizationId": "3f0c1d7e-0000-4000-8000-000000000002"})]))
}

test_unknown_when_the_principal_is_gone_and_nothing_says_why if {
	doc := _tenant([object.remove(_gone, ["principalOrganizationId"])])
	_failed(doc) == set()
	_reasons(doc) == {["partial", "role_assignments"]}
}

test_passes_when_the_role_is_not_privileged if _passes(_tenant([made.row(_disabled("ann"), roles.security_reader)]))

test_unknown_when_it_is_not_said_who_is_enabled if {
	doc := _tenant([made.row(object.remove(made.user("ann"), ["accountEnabled"]), _sa)])
	_reasons(doc) == {["partial", "users"]}
	_reasons(object.union(doc, made.gaps({"users": "no_permission"}))) == {["no_permission", "users"]}
}

test_unknown_when_holders_may_be_hidden_and_fails_stand if {
	doc := object.union(_tenant([made.row(_disabled("ann"), _sa)]), made.gaps({"role_assignments": "partial"}))
	_failed(doc) == {"ann"}
	_reasons(doc) == {["partial", "role_assignments"]}
}

test_unknown_when_a_disabled_account_keeps_a_custom_role if {
	doc := _tenant([made.row(_disabled("ann"), _custom)])
	_failed(doc) == set()
	_reasons(doc) == {["needs_configuration", "role_assignments"]}
}

test_not_applicable_when_no_role_is_privileged if {
	doc := object.union(_tenant([_gone]), {"params": {"privileged_roles": []}})
	_passes(doc)
	{reason.reason | some reason in rule.not_applicable} == {"nothing_to_judge"} with input as doc
}
