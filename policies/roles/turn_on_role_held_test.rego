package domicile.roles.turn_on_role_held_test

import data.domicile.lib.roles
import data.domicile.lib.roles_fixtures_test as made
import data.domicile.roles.turn_on_role_held as rule

_profiles := ["mtp-2020-a", "mtp-2020-b", "xdr-current"]

_reader := roles.security_reader

_sa := roles.security_administrator

_passes(doc) if {
	count(rule.deny) == 0 with input as doc
	count(rule.unknown) == 0 with input as doc
}

_fails(doc) if {
	{finding.resource.kind | some finding in rule.deny} == {"tenant"} with input as doc
	count(rule.unknown) == 0 with input as doc
}

_unknown(doc, expected) if {
	count(rule.deny) == 0 with input as doc
	{[reason.reason, reason.kind] | some reason in rule.unknown} == expected with input as doc
}

_values(doc) := values if {
	values := {fact.value | some fact in rule.observed} with input as doc
}

_with(doc, evidence) := object.union(doc, {"evidence": evidence})

test_passes_when_a_security_administrator_is_enabled if {
	every profile in _profiles {
		doc := made.tenant(profile, [made.row(made.user("ann"), _sa)])
		_passes(doc)
		_values(doc) == {"Security Administrator: 1 enabled"}
	}
}

test_today_nine_roles_suffice_and_in_2020_two if {
	passing := {role |
		some role in roles.turn_on["xdr-current"]
		_passes(made.tenant("xdr-current", [made.row(made.user("ann"), role)]))
	}
	count(passing) == 9
	in_2020 := {role |
		some role in roles.turn_on["xdr-current"]
		_passes(made.tenant("mtp-2020-a", [made.row(made.user("ann"), role)]))
	}
	in_2020 == {roles.global_administrator, _sa}
}

test_passes_with_a_note_when_only_the_longer_list_is_held if {
	_values(made.tenant("xdr-current", [made.row(made.user("ann"), _reader)])) == {
		"Security Reader: 1 enabled",
		"none of them is Global or Security Administrator, the roles that Microsoft's prerequisites ask for",
	}
}

test_fails_when_nobody_holds_a_role if {
	doc := made.tenant("xdr-current", [])
	_fails(doc)
	some finding in rule.deny with input as doc
	finding.resource == {"kind": "tenant", "id": doc.tenant.id, "name": "Contoso"}
	finding.message == "No enabled person holds, for the whole tenant, a role that may turn the service on; principals that hold one otherwise: 0."
}

test_pitfall_a_passes_when_the_role_is_activated if {
	activation := object.union(made.row(made.user("ann"), _sa), {"assignmentType": "Activated"})
	_passes(_with(made.tenant("xdr-current", []), {"role_schedules": [activation]}))
}

test_passes_when_a_person_is_eligible if {
	_passes(_with(made.tenant("mtp-2020-a", []), {"role_eligibility": [made.row(made.user("ann"), _sa)]}))
}

test_pitfall_b_fails_when_the_scope_is_an_administrative_unit if {
	doc := made.tenant("xdr-current", [object.union(made.row(made.user("ann"), _sa), {"directoryScopeId": "/administrativeUnits/1"})])
	_fails(doc)
	some finding in rule.deny with input as doc
	contains(finding.message, "; principals that hold one otherwise: 1.")
}

test_pitfall_c_passes_when_a_member_of_a_group_holds_it if {
	doc := made.tenant("xdr-current", [made.row(made.group("g"), _sa)])
	_passes(_with(doc, {"role_group_members": [made.member("g", made.user("ann"))]}))
	_fails(doc)
}

test_pitfall_c_fails_when_only_an_application_holds_it if {
	_fails(made.tenant("xdr-current", [made.row(made.application("app"), roles.global_administrator)]))
}

test_pitfall_e_passes_when_a_guest_holds_it if {
	_passes(made.tenant("xdr-current", [made.row(object.union(made.user("ann"), {"userType": "Guest"}), _sa)]))
}

test_pitfall_f_fails_when_the_holder_is_disabled if {
	_fails(made.tenant("xdr-current", [made.row(object.union(made.user("ann"), {"accountEnabled": false}), _sa)]))
}

test_pitfall_g_fails_when_the_holder_is_deleted if {
	_fails(made.tenant("xdr-current", [object.union(made.row(made.user("ann"), _sa), {"principal": null})]))
}

test_passes_when_part_of_the_evidence_shows_a_holder if {
	doc := object.union(made.tenant("mtp-2020-a", [made.admin("ann")]), made.gaps({"role_assignments": "partial", "role_eligibility": "no_permission", "users": "timeout"}))
	_passes(doc)
}

test_unknown_when_holders_may_be_hidden if {
	none := made.tenant("xdr-current", [])
	_unknown(object.union(none, made.gaps({"role_assignments": "no_permission"})), {["no_permission", "role_assignments"]})
	_unknown(object.union(none, made.gaps({"role_eligibility": "throttled"})), {["throttled", "role_eligibility"]})
	groups := made.tenant("xdr-current", [made.row(made.group("g"), _sa)])
	_unknown(object.union(groups, made.gaps({"role_group_members": "partial"})), {["partial", "role_group_members"]})
}

test_fails_when_pim_is_not_licensed_and_nobody_holds_a_role if {
	_fails(object.union(made.tenant("xdr-current", []), made.gaps({"role_eligibility": "not_licensed", "role_schedules": "not_licensed"})))
}

test_unknown_when_the_holders_may_be_enabled_people if {
	bare := object.remove(made.row(made.user("ann"), _sa), ["principal"])
	_unknown(object.union(made.tenant("xdr-current", [bare]), made.gaps({"users": "no_permission"})), {["no_permission", "users"]})
	stateless := object.remove(made.user("ann"), ["accountEnabled"])
	_unknown(made.tenant("xdr-current", [made.row(stateless, _sa)]), {["partial", "users"]})
}

test_passes_when_the_users_know_the_holder if {
	bare := object.remove(made.row(made.user("ann"), _sa), ["principal"])
	_passes(object.union(made.tenant("xdr-current", [bare]), {"lookup": {"users": made.listed([made.user("ann")])}}))
}

test_fails_when_the_role_is_only_that_of_a_group_one_may_come_to_own if {
	group := made.row(made.group("g"), _sa)
	doc := object.union(made.tenant("xdr-current", [group]), {"lookup": {"users": made.listed([made.user("ann")])}})
	_fails(_with(doc, {"group_eligibility": [made.eligible("g", "ann", "owner")]}))
	_passes(_with(doc, {"group_eligibility": [made.eligible("g", "ann", "member")]}))
}
