package domicile.roles.privileged_users_cloud_only_test

import data.domicile.lib.roles
import data.domicile.lib.roles_fixtures_test as made
import data.domicile.roles.privileged_users_cloud_only as rule

_custom := "d0000000-0000-4000-8000-000000000001"

_helpdesk := "729827e3-9c14-49f7-bb1b-9608f156bbb8"

# _synced is the tenant with some users synchronised from the premises.
_synced(doc, ids) := object.union(doc, {"lookup": {"users": {id: object.union(object.remove(made.user(id), ["@odata.type"]), {"onPremisesSyncEnabled": true}) | some id in ids}}})

_failed(doc) := ids if {
	ids := {finding.resource.id | some finding in rule.deny} with input as doc
}

_reasons(doc) := reasons if {
	reasons := {[reason.reason, reason.kind] | some reason in rule.unknown} with input as doc
}

# _passes holds when the rule neither denies nor says that it can't know.
_passes(doc) if {
	_failed(doc) == set()
	_reasons(doc) == set()
}

_tenant(assignments) := made.tenant("xdr-current", assignments)

_with(doc, evidence) := object.union(doc, {"evidence": evidence})

test_passes_when_privileged_users_were_never_synchronised if {
	doc := _tenant([made.admin("ann"), made.row(made.user("bob"), roles.security_administrator)])
	_passes(doc)
	{fact.value | some fact in rule.observed} == {"privileged users: 2"} with input as doc
}

test_fails_when_a_privileged_user_is_synchronised if {
	doc := _synced(_tenant([made.admin("ann"), made.admin("bob"), made.row(made.user("ann"), roles.security_administrator)]), ["ann"])
	rule.deny == {{
		"resource": {"kind": "user", "id": "ann", "name": "ann@contoso.example"},
		"message": "'ann@contoso.example' is synchronised from a directory on the premises and is privileged: Global Administrator (standing), Security Administrator (standing).",
		"expected": "onPremisesSyncEnabled is null or false",
		"actual": "onPremisesSyncEnabled is true",
	}} with input as doc
}

test_pitfall_a_fails_when_the_role_is_activated_or_eligible if {
	activation := object.union(made.admin("ann"), {"assignmentType": "Activated"})
	_failed(_synced(_with(_tenant([made.admin("ann")]), {"role_schedules": [activation]}), ["ann"])) == {"ann"}
	_failed(_synced(_with(_tenant([]), {"role_eligibility": [made.admin("ann")]}), ["ann"])) == {"ann"}
}

test_pitfall_b_fails_when_the_scope_is_an_administrative_unit if {
	unit := object.union(made.row(made.user("ann"), "fe930be7-5e62-47db-91af-98c3a49a38b1"), {"directoryScopeId": "/administrativeUnits/1"})
	_failed(_synced(_tenant([unit]), ["ann"])) == {"ann"}
}

test_pitfall_c_fails_when_the_role_comes_through_a_group if {
	doc := _synced(_with(_tenant([made.row(made.group("g"), roles.security_administrator)]), {"role_group_members": [made.member("g", made.user("ann"))]}), ["ann"])
	some finding in rule.deny with input as doc
	finding.resource.id == "ann"
	contains(finding.message, "Security Administrator (standing through a group).")
}

test_pitfall_c_passes_when_an_application_is_privileged if _passes(_tenant([made.row(made.application("app"), roles.global_administrator)]))

test_pitfall_d_passes_when_the_account_was_synchronised_once if {
	_passes(object.union(_tenant([made.admin("ann")]), {"lookup": {"users": {"ann": {"onPremisesSyncEnabled": false}}}}))
}

test_pitfall_d_unknown_when_the_property_was_not_read if {
	doc := object.remove(_tenant([made.admin("ann")]), ["lookup"])
	_failed(doc) == set()
	_reasons(doc) == {["partial", "users"]}
	_reasons(object.union(doc, made.gaps({"users": "no_permission"}))) == {["no_permission", "users"]}
}

test_pitfall_d_members_of_groups_say_it_themselves if {
	member := object.union(made.member("g", made.user("ann")), {"onPremisesSyncEnabled": true})
	doc := _with(_tenant([made.row(made.group("g"), roles.security_administrator)]), {"role_group_members": [member]})
	_failed(doc) == {"ann"}
}

test_pitfall_f_fails_when_the_synchronised_account_is_disabled if {
	doc := _synced(_tenant([made.admin("ann")]), ["ann"])
	_failed(object.union(doc, {"lookup": {"users": {"ann": {"accountEnabled": false}}}})) == {"ann"}
}

test_pitfall_g_passes_when_the_principal_is_deleted if {
	_passes(_tenant([object.union(made.admin("ann"), {"principal": null})]))
}

test_passes_when_an_unprivileged_role_is_held_by_a_synchronised_user if {
	_passes(_synced(_tenant([made.row(made.user("ann"), _helpdesk)]), ["ann"]))
	_passes(_synced(_tenant([made.row(made.user("ann"), roles.directory_synchronization_accounts)]), ["ann"]))
}

test_the_privileged_roles_are_a_parameter if {
	helpdesk := _synced(_tenant([made.row(made.user("ann"), _helpdesk)]), ["ann"])
	_failed(object.union(helpdesk, {"params": {"privileged_roles": ["default", _helpdesk]}})) == {"ann"}
	admin := _synced(_tenant([made.admin("ann")]), ["ann"])
	_passes(object.union(admin, {"params": {"privileged_roles": [_helpdesk]}}))
}

test_not_applicable_when_no_role_is_privileged if {
	doc := object.union(_synced(_tenant([made.admin("ann")]), ["ann"]), {"params": {"privileged_roles": []}})
	_passes(doc)
	{reason.reason | some reason in rule.not_applicable} == {"nothing_to_judge"} with input as doc
	count(rule.not_applicable) == 0 with input as _tenant([])
}

test_unknown_when_a_synchronised_user_holds_a_custom_role if {
	doc := _synced(_tenant([made.row(made.user("ann"), _custom)]), ["ann"])
	_failed(doc) == set()
	_reasons(doc) == {["needs_configuration", "role_assignments"]}
	_passes(_tenant([made.row(made.user("ann"), _custom)]))
	_failed(object.union(doc, {"params": {"privileged_roles": ["default", _custom]}})) == {"ann"}
}

test_unknown_when_holders_may_be_hidden_and_fails_stand if {
	gaps := made.gaps({"role_assignments": "partial", "role_eligibility": "no_permission"})
	expected := {["partial", "role_assignments"], ["no_permission", "role_eligibility"]}
	_reasons(object.union(_tenant([made.admin("ann")]), gaps)) == expected
	_failed(object.union(_synced(_tenant([made.admin("ann")]), ["ann"]), gaps)) == {"ann"}
}

test_unknown_when_the_members_of_a_privileged_group_could_not_be_read if {
	gaps := made.gaps({"role_group_members": "no_permission"})
	_reasons(object.union(_tenant([made.row(made.group("g"), roles.security_administrator)]), gaps)) == {["no_permission", "role_group_members"]}
	_passes(object.union(_tenant([made.row(made.group("g"), _helpdesk)]), gaps))
}

test_passes_when_pim_is_not_licensed if {
	_passes(object.union(_tenant([made.admin("ann")]), made.gaps({"role_eligibility": "not_licensed", "role_schedules": "not_licensed"})))
}

test_unknown_when_a_privileged_role_is_no_id if {
	doc := object.union(_synced(_tenant([made.admin("ann")]), ["ann"]), {"params": {"privileged_roles": ["Global Administrator"]}})
	count(rule.deny) == 0 with input as doc
	found := rule.unknown with input as doc
	{[u.reason, u.message] | some u in found} == {["needs_configuration", "The parameter privileged_roles names 'Global Administrator', which is no template id; write ids, or default for the built-in list."]}
}
