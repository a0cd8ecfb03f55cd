package domicile.lib.roles_privileged_test

import data.domicile.lib.roles
import data.domicile.lib.roles_fixtures_test as made
import data.domicile.lib.roles_privileged as privileged

_custom := "d0000000-0000-4000-8000-000000000001"

_ga := roles.global_administrator

_sa := roles.security_administrator

_tenant(assignments) := object.union(made.tenant("xdr-current", assignments), {"params": {"role_exceptions": []}})

_accounts(doc) := roles.accounts(doc)

_set(doc, name, value) := object.union(doc, {"params": {name: value}})

test_holding_are_the_accounts_with_a_privileged_role if {
	doc := _tenant([made.admin("ann"), made.row(made.user("bob"), roles.global_reader)])
	{account.principalId | some account in privileged.holding(doc, _accounts(doc))} == {"ann"}
	listed := _set(doc, "privileged_roles", [roles.global_reader])
	{account.principalId | some account in privileged.holding(listed, _accounts(listed))} == {"bob"}
}

test_messages_name_principals_and_what_they_hold if {
	doc := object.union(_tenant([made.admin("ann"), made.row(made.group("g"), _sa), made.row(made.user("ann"), _custom)]), {"evidence": {"role_group_members": [made.member("g", made.user("ann"))]}})
	accounts := privileged.by_principal(_accounts(doc)).ann
	privileged.held(accounts) == "'d0000000-0000-4000-8000-000000000001' (standing), Global Administrator (standing), Security Administrator (standing through a group)"
	eligible := object.union(doc, {"evidence": {"group_eligibility": [made.eligible("g", "bob", "member"), made.eligible("g", "cas", "owner")]}})
	privileged.held(privileged.by_principal(_accounts(eligible)).bob) == "Security Administrator (eligible through a group)"
	privileged.held(privileged.by_principal(_accounts(eligible)).cas) == "Security Administrator (eligible as owner of a group)"
	privileged.label(accounts) == "ann@contoso.example"
	privileged.resource(accounts) == {"kind": "user", "id": "ann", "name": "ann@contoso.example"}
	privileged.resource(privileged.by_principal(_accounts(doc)).g).kind == "group"
}

test_resources_are_called_by_their_kind if {
	doc := object.union(_tenant([made.row(made.application("app"), _ga), made.bare("who")]), made.gaps({"users": "partial"}))
	held := privileged.by_principal(_accounts(doc))
	privileged.resource(held.app).kind == "service_principal"
	privileged.resource(held.who).kind == "principal"
}

test_long_lists_are_cut if {
	privileged.listed({"a", "b"}) == "'a', 'b'"
	privileged.listed({"a", "b", "c", "d", "e", "f", "g"}) == "'a', 'b', 'c', 'd', 'e' and 2 more"
	rows := [made.row(made.user("ann"), id) | some id in roles.default_privileged]
	contains(privileged.held(_accounts(_tenant(rows))), " and 14 more")
}

test_no_role_is_said if {
	privileged.no_role(_tenant([])) == set()
	{reason.reason | some reason in privileged.no_role(_set(_tenant([]), "privileged_roles", []))} == {"nothing_to_judge"}
}

test_hidden_holders_are_said if {
	doc := object.union(_tenant([]), made.gaps({"role_assignments": "partial", "role_eligibility": "not_licensed"}))
	{[reason.reason, reason.kind] | some reason in privileged.hidden(doc, set())} == {["partial", "role_assignments"]}
}

test_doubts_are_about_custom_roles_that_are_not_listed if {
	doc := _tenant([made.admin("ann"), made.row(made.user("bob"), _custom)])
	{reason.reason | some reason in privileged.doubts(doc, _accounts(doc))} == {"needs_configuration"}
	listed := _set(doc, "privileged_roles", ["default", _custom])
	privileged.doubts(listed, _accounts(listed)) == set()
}

test_emergency_accounts_are_those_of_the_configuration if {
	doc := _tenant([made.admin("ann"), made.row(made.user("bob"), _sa), made.row(made.group("g"), _ga)])
	privileged.emergencies_unnamed(doc)
	privileged.perhaps_emergency(doc, _accounts(doc)) == {"ann"}
	{reason.reason | some reason in privileged.name_emergencies({"ann"})} == {"needs_configuration"}
	named := _set(doc, "break_glass_accounts", ["ann"])
	privileged.emergency(named, "ann")
	not privileged.emergency(named, "bob")
	privileged.perhaps_emergency(named, _accounts(named)) == set()
	privileged.name_emergencies(set()) == set()
}

test_exceptions_hold_for_a_role_until_they_end if {
	doc := _tenant([])
	every exception in [
		{"principal_id": "ann", "role": _ga, "reason": "r"},
		{"principal_id": "ann", "role": "Global Administrator", "until": "2026-11-21"},
	] {
		privileged.excepted(_set(doc, "role_exceptions", [exception]), "ann", _ga)
		not privileged.excepted(_set(doc, "role_exceptions", [exception]), "ann", _sa)
		not privileged.excepted(_set(doc, "role_exceptions", [exception]), "bob", _ga)
	}
	every until in ["2026-11-20", "some day"] {
		not privileged.excepted(_set(doc, "role_exceptions", [{"principal_id": "ann", "role": _ga, "until": until}]), "ann", _ga)
	}
}

test_lacking_are_the_grants_that_somebody_does_not_hold if {
	unit := object.union(made.row(made.user("eve"), _sa), {"directoryScopeId": "/unit"})
	held := privileged.pairs(_accounts(_tenant([made.admin("ann"), made.row(made.user("bob"), _sa), unit])))
	privileged.lacking(held, "ann", {[_sa, "/"], [_sa, "/unit"]}) == set()
	privileged.lacking(held, "bob", {[_sa, "/"], [_sa, "/unit"]}) == set()
	privileged.lacking(held, "bob", {[_sa, "/"], [_ga, "/"]}) == {[_ga, "/"]}
	privileged.lacking(held, "cas", {[_sa, "/"]}) == {[_sa, "/"]}
	privileged.lacking(held, "eve", {[_sa, "/"], [_sa, "/unit"]}) == {[_sa, "/"]}
}

test_what_is_of_a_new_type_is_a_principal if {
	agent := {"@odata.type": "#microsoft.graph.agentIdentity", "id": "agent", "displayName": "agent"}
	doc := _tenant([made.row(agent, _sa)])
	privileged.resource(_accounts(doc)) == {"kind": "principal", "id": "agent", "name": "agent"}
}
