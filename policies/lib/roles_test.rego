package domicile.lib.roles_test

import data.domicile.lib.roles
import data.domicile.lib.roles_builtin
import data.domicile.lib.roles_fixtures_test as made

_ga := roles.global_administrator

_sa := roles.security_administrator

_with(doc, evidence) := object.union(doc, {"evidence": evidence})

_brief(doc) := {[holder.principalId, holder.how, holder.via] | some holder in roles.holders(doc)}

_account(doc, id) := account if {
	some account in roles.accounts(doc)
	account.principalId == id
}

test_nothing_is_held_in_an_empty_tenant if roles.holders(made.tenant("xdr-current", [])) == set()

test_undeclared_kinds_hold_nothing if roles.holders({"evidence": {}}) == set()

test_pitfall_a_activated_assignments_are_told_from_standing_ones if {
	ann := made.admin("ann")
	schedule := object.union(object.remove(made.admin("bob"), ["principal"]), {"assignmentType": "Activated"})
	doc := _with(made.tenant("xdr-current", [ann, made.admin("bob")]), {"role_schedules": [schedule]})
	_brief(doc) == {["ann", "standing", ""], ["bob", "activated", ""]}
	count(roles.holders(doc)) == 2
}

test_an_activation_beside_a_standing_assignment_leaves_both if {
	rows := [object.union(made.bare("ann"), {"assignmentType": kind}) | some kind in ["Activated", "Assigned"]]
	doc := _with(made.tenant("xdr-current", [made.admin("ann")]), {"role_schedules": rows})
	_brief(doc) == {["ann", "standing", ""], ["ann", "activated", ""]}
}

test_pitfall_b_scope_of_an_administrative_unit_is_kept if {
	unit := object.union(made.admin("ann"), {"directoryScopeId": "/administrativeUnits/1"})
	some holder in roles.holders(made.tenant("xdr-current", [unit]))
	holder.scope == "/administrativeUnits/1"
}

test_a_scope_that_is_not_said_is_not_the_tenant if {
	no_scope := object.remove(made.admin("ann"), ["directoryScopeId"])
	app_scope := object.union(made.admin("bob"), {"directoryScopeId": null, "appScopeId": "/"})
	both := object.union(made.admin("cas"), {"appScopeId": "/"})
	scopes := {holder.principalId: holder.scope | some holder in roles.holders(made.tenant("xdr-current", [no_scope, app_scope, both]))}
	scopes == {"ann": "", "bob": "application:/", "cas": "/"}
}

test_pitfall_c_members_of_a_group_hold_its_role if {
	doc := _with(made.tenant("xdr-current", [made.row(made.group("g"), _sa)]), {"role_group_members": [
		made.member("g", made.user("ann")),
		made.member("other", made.user("bob")),
	]})
	_brief(doc) == {["g", "standing", ""], ["ann", "standing", "g"]}
	account := _account(doc, "ann")
	account.person == true
	account.roleDefinitionId == _sa
	account.label == "ann@contoso.example"
	_account(doc, "g").person == false
}

test_members_of_an_eligible_group_are_eligible if {
	doc := _with(made.tenant("xdr-current", []), {
		"role_eligibility": [made.row(made.group("g"), _ga)],
		"role_group_members": [made.member("g", made.user("ann"))],
	})
	_brief(doc) == {["g", "eligible", ""], ["ann", "eligible", "g"]}
}

# _grouped is the tenant in which a group holds a role, and ann belongs to it in some ways.
_grouped(members, eligible) := _with(made.tenant("xdr-current", [made.row(made.group("g"), _sa)]), {
	"role_group_members": members,
	"group_eligibility": eligible,
})

_through(doc, id) := {[holder.how, holder.via, holder.through] | some holder in roles.holders(doc); holder.principalId == id}

test_pitfall_a_direct_activated_and_eligible_holders_are_told_apart if {
	rows := [object.union(made.row(made.user("act"), _sa), {"assignmentType": "Activated"}), object.union(made.row(made.user("dir"), _sa), {"assignmentType": "Assigned"})]
	doc := _with(made.tenant("xdr-current", [made.row(made.user("act"), _sa), made.row(made.user("dir"), _sa), made.row(made.group("g"), _sa)]), {
		"role_schedules": rows,
		"role_eligibility": [made.row(made.user("may"), _sa)],
		"role_group_members": [made.member("g", made.user("mem"))],
		"group_eligibility": [made.eligible("g", "pim", "member"), made.eligible("g", "own", "owner"), made.eligible("other", "not", "member")],
	})
	_through(doc, "dir") == {["standing", "", ""]}
	_through(doc, "act") == {["activated", "", ""]}
	_through(doc, "may") == {["eligible", "", ""]}
	_through(doc, "mem") == {["standing", "g", "member"]}
	_through(doc, "pim") == {["eligible", "g", "eligible_member"]}
	_through(doc, "own") == {["eligible", "g", "eligible_owner"]}
	_through(doc, "not") == set()
}

test_pitfall_c_whoever_may_own_or_join_a_group_is_eligible_for_its_role if {
	every access in ["member", "owner"] {
		doc := object.union(_grouped([], [made.eligible("g", "ann", access)]), {"lookup": {"users": made.listed([made.user("ann")])}})
		account := _account(doc, "ann")
		account.roleDefinitionId == _sa
		account.how == "eligible"
		account.person == true
		account.label == "ann@contoso.example"
	}
	_through(_grouped([], [made.eligible("g", "ann", "reader")]), "ann") == set()
}

test_an_eligible_member_of_an_eligible_group_is_eligible if {
	doc := _with(made.tenant("xdr-current", []), {
		"role_eligibility": [made.row(made.group("g"), _ga)],
		"group_eligibility": [made.eligible("g", "ann", "member")],
	})
	_through(doc, "ann") == {["eligible", "g", "eligible_member"]}
}

test_an_activated_membership_stands_beside_the_eligible_one if {
	doc := _grouped([made.member("g", made.user("ann"))], [made.eligible("g", "ann", "member")])
	_through(doc, "ann") == {["standing", "g", "member"], ["eligible", "g", "eligible_member"]}
}

test_principals_are_those_of_the_holders if {
	doc := _with(made.tenant("xdr-current", [made.row(made.group("g"), _sa), made.row(made.group("h"), roles.global_reader), made.bare("ann")]), {
		"role_schedules": [object.union(made.row(made.user("bob"), _sa), {"assignmentType": "Assigned"})],
		"role_eligibility": [made.row(made.group("e"), _ga)],
		"role_group_members": [made.member("g", made.user("cas")), made.member("e", made.user("dan")), made.member("h", made.user("eve"))],
		"group_eligibility": [made.eligible("g", "fay", "member"), made.eligible("e", "gus", "owner"), made.eligible("h", "hal", "member")],
	})
	every wanted in [{_sa}, {_ga}, {_sa, _ga}, set()] {
		roles.principals(doc, wanted) == {holder.principalId | some holder in roles.holders(doc); holder.roleDefinitionId in wanted}
	}
	roles.principals({"evidence": {}}, {_sa}) == set()
}

test_pitfall_c_service_principals_are_no_people if {
	account := _account(made.tenant("xdr-current", [made.row(made.application("app"), _ga)]), "app")
	account.type == "servicePrincipal"
	account.person == false
}

test_pitfall_d_null_and_false_are_cloud_only_and_absence_is_not_known if {
	doc := made.tenant("xdr-current", [made.admin(id) | some id in ["nul", "yes", "was", "not"]])
	users := {
		"nul": {"onPremisesSyncEnabled": null},
		"yes": {"onPremisesSyncEnabled": true},
		"was": {"onPremisesSyncEnabled": false},
	}
	table := object.union(object.remove(doc.lookup.users, ["not"]), users)
	synced := {account.principalId: account.synced |
		some account in roles.accounts(object.union(object.remove(doc, ["lookup"]), {"lookup": {"users": table}}))
	}
	synced == {"nul": false, "yes": true, "was": false, "not": null}
}

test_pitfall_e_guests_are_told if {
	guest := object.union(made.user("ann"), {"userType": "Guest"})
	_account(made.tenant("xdr-current", [made.row(guest, _ga)]), "ann").guest == true
	_account(made.tenant("xdr-current", [made.admin("bob")]), "bob").guest == false
	_account(object.union(made.tenant("xdr-current", [made.bare("cas")]), made.gaps({"users": "partial"})), "cas").guest == null
}

test_pitfall_f_disabled_accounts_are_told if {
	off := object.union(made.user("ann"), {"accountEnabled": false})
	_account(made.tenant("xdr-current", [made.row(off, _ga)]), "ann").enabled == false
}

test_users_say_more_than_the_expansion if {
	doc := made.tenant("xdr-current", [made.admin("ann")])
	later := object.union(doc, {"lookup": {"users": {"ann": {"accountEnabled": false}}}})
	_account(later, "ann").enabled == false
}

test_pitfall_g_deleted_principals_are_no_people if {
	gone := object.union(made.admin("ann"), {"principal": null})
	doc := made.tenant("xdr-current", [gone])
	_account(doc, "ann").person == false
	_account(doc, "ann").lost
	unread := object.union(doc, made.gaps({"users": "no_permission"}))
	_account(unread, "ann").person == false
	partial := object.union(doc, made.gaps({"users": "no_permission", "role_assignments": "partial"}))
	_account(partial, "ann").person == null
	_account(partial, "ann").label == "ann"
}

test_an_id_is_a_person_when_the_users_have_it if {
	doc := object.union(made.tenant("xdr-current", [made.bare("ann")]), {"lookup": {"users": made.listed([made.user("ann")])}})
	_account(doc, "ann").person
	_account(doc, "ann").type == "user"
	_account(made.tenant("xdr-current", [made.bare("ann")]), "ann").person == false
}

test_kinds_say_together_what_a_principal_is if {
	doc := _with(made.tenant("xdr-current", [made.bare("ann")]), {"role_eligibility": [made.row(made.user("ann"), _sa)]})
	every account in roles.accounts(object.union(doc, made.gaps({"users": "timeout"}))) {
		account.person == true
	}
}

test_unread_is_what_may_hide_holders if {
	doc := made.tenant("xdr-current", [made.admin("ann")])
	roles.unread(doc, roles.holders(doc)) == set()
	missing := object.union(doc, made.gaps({"group_eligibility": "throttled", "role_assignments": "partial", "role_eligibility": "throttled", "role_group_members": "no_permission", "role_schedules": "no_permission", "users": "partial"}))
	roles.unread(missing, roles.holders(missing)) == {
		{"kind": "role_assignments", "reason": "partial"},
		{"kind": "role_eligibility", "reason": "throttled"},
	}
}

test_without_a_licence_for_pim_nobody_is_eligible if {
	doc := object.union(made.tenant("xdr-current", []), made.gaps({"role_eligibility": "not_licensed", "role_schedules": "not_licensed"}))
	roles.unread(doc, roles.holders(doc)) == set()
}

test_members_are_missed_where_a_group_may_hold_a_role if {
	expected := {{"kind": "role_group_members", "reason": "no_permission"}}
	every assignment in [made.row(made.group("g"), _sa), made.bare("x")] {
		doc := object.union(made.tenant("xdr-current", [assignment]), made.gaps({"role_group_members": "no_permission"}))
		roles.unread(doc, roles.holders(doc)) == expected
	}
}

test_those_eligible_for_groups_are_missed_where_a_group_may_hold_a_role if {
	every reason in ["no_permission", "throttled", "partial", "not_collected"] {
		gap := made.gaps({"group_eligibility": reason})
		every assignment in [made.row(made.group("g"), _sa), made.bare("x")] {
			doc := object.union(made.tenant("xdr-current", [assignment]), gap)
			roles.unread(doc, roles.holders(doc)) == {{"kind": "group_eligibility", "reason": reason}}
		}
		alone := object.union(made.tenant("xdr-current", [made.admin("ann")]), gap)
		roles.unread(alone, roles.holders(alone)) == set()
	}
	unlicensed := object.union(_grouped([], []), made.gaps({"group_eligibility": "not_licensed"}))
	roles.unread(unlicensed, roles.holders(unlicensed)) == set()
}

test_privileged_reads_default_and_plus if {
	roles.privileged(["default"]) == roles.default_privileged
	roles.privileged(["a"]) == {"a"}
	roles.privileged(["+", "a"]) == roles.default_privileged | {"a"}
	roles.privileged([]) == set()
	roles.privileged("default") == roles.default_privileged
	count(roles.default_privileged) == 18
}

test_the_roles_that_turn_on_are_two_then_nine if {
	count(roles.turn_on["mtp-2020-a"]) == 2
	roles.turn_on["mtp-2020-a"] == roles.turn_on["mtp-2020-b"]
	count(roles.turn_on["xdr-current"]) == 9
}

test_every_role_that_is_named_is_built_in if {
	every id in (roles.default_privileged | roles.turn_on["xdr-current"]) | {roles.directory_synchronization_accounts} {
		not roles.custom(id)
	}
	roles.role_name(_ga) == "Global Administrator"
	roles.role_name("d0000000-0000-4000-8000-000000000001") == "d0000000-0000-4000-8000-000000000001"
	roles.custom("d0000000-0000-4000-8000-000000000001")
	count(roles_builtin.names) > 120
}
