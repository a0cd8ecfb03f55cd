package domicile.roles.global_admins_within_limits_test

import data.domicile.lib.roles
import data.domicile.lib.roles_fixtures_test as made
import data.domicile.roles.global_admins_within_limits as rule

_admins(number) := [made.admin(sprintf("a%d", [i])) | some i in numbers.range(1, number)]

_tenant(assignments) := made.tenant("xdr-current", assignments)

# _import is a tenant of which one import is known: the ids of its Global Administrators.
_import(number) := object.union(
	object.union(_tenant([]), {"evidence": {"role_assignments": [made.bare(sprintf("a%d", [i])) | some i in numbers.range(1, number)]}}),
	made.gaps({
		"role_assignments": "partial",
		"role_eligibility": "not_collected",
		"role_group_members": "not_collected",
		"role_schedules": "partial",
		"users": "not_collected",
	}),
)

_passes(doc) if {
	count(rule.deny) == 0 with input as doc
	count(rule.unknown) == 0 with input as doc
}

_fails(doc, actual) if {
	{finding.actual | some finding in rule.deny} == {actual} with input as doc
	{finding.resource | some finding in rule.deny} == {{"kind": "role", "id": roles.global_administrator, "name": "Global Administrator"}} with input as doc
}

_message(doc) := message if {
	some finding in rule.deny with input as doc
	message := finding.message
}

_unknown(doc, expected) if {
	count(rule.deny) == 0 with input as doc
	{[reason.reason, reason.kind] | some reason in rule.unknown} == expected with input as doc
}

_values(doc) := values if {
	values := {fact.value | some fact in rule.observed} with input as doc
}

_with(doc, evidence) := object.union(doc, {"evidence": evidence})

test_passes_when_two_to_four_hold_the_role if {
	every number in [2, 3, 4] {
		_passes(_tenant(_admins(number)))
	}
}

test_fails_when_only_one_or_none_holds_it if {
	_fails(_tenant(_admins(1)), "1")
	_fails(_tenant([]), "0")
	_message(_tenant(_admins(1))) == "Enabled Global Administrators number 1, fewer than 2."
}

test_fails_when_five_to_eight_hold_it_and_names_cisa_s_limit if {
	every number in [5, 8] {
		_fails(_tenant(_admins(number)), sprintf("%d", [number]))
		_message(_tenant(_admins(number))) == sprintf("Global Administrators number %d, more than 4, but within CISA's limit of 8.", [number])
	}
	_message(_tenant(_admins(9))) == "Global Administrators number 9, more than 4."
}

test_the_limits_are_parameters if {
	_passes(object.union(_tenant(_admins(8)), {"params": {"global_admins_max": 8}}))
	_passes(object.union(_tenant(_admins(1)), {"params": {"global_admins_min": 1}}))
}

test_fails_when_direct_group_activated_and_eligible_make_five_together if {
	activation := object.union(made.admin("act"), {"assignmentType": "Activated"})
	doc := _with(_tenant([made.admin("ann"), made.admin("act"), made.row(made.group("g"), roles.global_administrator)]), {
		"role_schedules": [activation],
		"role_eligibility": [made.admin("eli"), made.admin("ann")],
		"role_group_members": [made.member("g", made.user("mem")), made.member("g", made.user("two")), made.member("g", made.user("ann"))],
	})
	_fails(doc, "5")
	_values(doc) == {"3 standing", "1 activated", "2 eligible", "3 through groups"}
}

test_pitfall_a_an_activated_admin_counts_once if {
	activation := object.union(made.admin("a1"), {"assignmentType": "Activated"})
	_passes(_with(_tenant(_admins(4)), {"role_schedules": [activation], "role_eligibility": [made.admin("a1")]}))
}

test_pitfall_b_an_administrative_unit_does_not_count if {
	_passes(_tenant(array.concat(_admins(4), [object.union(made.admin("unit"), {"directoryScopeId": "/administrativeUnits/1"})])))
}

test_pitfall_c_applications_and_groups_do_not_count_themselves if {
	holders := [made.row(made.application("app"), roles.global_administrator), made.row(made.group("g"), roles.global_administrator)]
	doc := _tenant(array.concat(_admins(1), holders))
	_fails(doc, "1")
	"applications, which do not count: 1" in _values(doc)
}

test_pitfall_c_whoever_may_join_a_group_counts if {
	group := made.row(made.group("g"), roles.global_administrator)
	doc := object.union(_with(_tenant(array.concat(_admins(4), [group])), {"group_eligibility": [made.eligible("g", "may", "member")]}), {"lookup": {"users": made.listed([made.user("may")])}})
	_fails(doc, "5")
	unread := made.gaps({"group_eligibility": "throttled"})
	_unknown(object.union(_tenant(array.concat(_admins(3), [group])), unread), {["throttled", "group_eligibility"]})
	_unknown(object.union(_tenant(array.concat(_admins(1), [group])), unread), {["throttled", "group_eligibility"]})
	_passes(object.union(_tenant(_admins(3)), unread))
	_fails(object.union(_tenant(_admins(1)), unread), "1")
}

test_pitfall_e_guests_count if {
	guest := made.row(object.union(made.user("guest"), {"userType": "Guest"}), roles.global_administrator)
	_fails(_tenant(array.concat(_admins(4), [guest])), "5")
}

test_pitfall_f_disabled_accounts_do_not_count if {
	off := made.row(object.union(made.user("off"), {"accountEnabled": false}), roles.global_administrator)
	_fails(_tenant(array.concat(_admins(1), [off])), "1")
	_passes(_tenant(array.concat(_admins(4), [off])))
	"disabled accounts, which do not count: 1" in _values(_tenant(array.concat(_admins(4), [off])))
}

test_pitfall_g_deleted_principals_do_not_count if {
	gone := object.union(made.admin("gone"), {"principal": null, "principalOrganizationId": "3f0c1d7e-0000-4000-8000-000000000001"})
	_passes(_tenant(array.concat(_admins(4), [gone])))
	_fails(_tenant(array.concat(_admins(1), [gone])), "1")
}

test_fails_when_an_incomplete_import_lists_seven if {
	doc := _import(7)
	_fails(doc, "7")
	_message(doc) == "Global Administrators number 7, more than 4, but within CISA's limit of 8. Of 7 the evidence does not say whether it is an enabled person."
}

test_unknown_when_an_incomplete_import_lists_one_or_three if {
	every number in [1, 3] {
		_unknown(_import(number), {
			["partial", "role_assignments"],
			["not_collected", "role_eligibility"],
			["not_collected", "role_group_members"],
			["partial", "role_schedules"],
			["not_collected", "users"],
		})
	}
}

test_unknown_when_three_are_enabled_and_more_may_exist if {
	doc := object.union(_tenant(_admins(3)), made.gaps({"role_assignments": "partial"}))
	_unknown(doc, {["partial", "role_assignments"]})
}

test_unknown_when_eligibility_could_not_be_read if {
	_unknown(object.union(_tenant(_admins(3)), made.gaps({"role_eligibility": "no_permission"})), {["no_permission", "role_eligibility"]})
}

test_judged_when_pim_is_not_licensed if {
	gaps := made.gaps({"role_eligibility": "not_licensed", "role_schedules": "not_licensed"})
	_passes(object.union(_tenant(_admins(3)), gaps))
	_fails(object.union(_tenant(_admins(1)), gaps), "1")
}

test_unknown_below_the_minimum_when_any_kind_is_missing if {
	every kind in ["role_schedules", "users"] {
		_unknown(object.union(_tenant(_admins(1)), made.gaps({kind: "timeout"})), {["timeout", kind]})
		_passes(object.union(_tenant(_admins(2)), made.gaps({kind: "timeout"})))
	}
}

test_unknown_when_accounts_do_not_say_whether_they_are_enabled if {
	stateless := made.row(object.remove(made.user("who"), ["accountEnabled"]), roles.global_administrator)
	doc := _tenant(array.concat(_admins(1), [stateless]))
	_unknown(doc, {["partial", "users"]})
	_fails(_tenant([stateless]), "0")
}

test_break_glass_accounts_count_unless_said_otherwise if {
	aside := {"params": {"count_break_glass": false, "break_glass_accounts": ["a1", "a2"]}}
	_fails(_tenant(_admins(6)), "6")
	_passes(object.union(_tenant(_admins(6)), aside))
	_fails(object.union(_tenant(_admins(3)), aside), "1")
}

test_unknown_when_break_glass_accounts_are_not_named if {
	every number in [1, 9] {
		doc := object.union(_tenant(_admins(number)), {"params": {"count_break_glass": false}})
		count(rule.deny) == 0 with input as doc
		["needs_configuration", ""] in {[reason.reason, reason.kind] | some reason in rule.unknown} with input as doc
	}
}

test_who_may_own_a_group_that_holds_the_role_counts_towards_the_most_and_not_the_least if {
	group := made.row(made.group("g"), roles.global_administrator)
	owned := {"group_eligibility": [made.eligible("g", "may", "owner")]}
	users := {"lookup": {"users": made.listed([made.user("may")])}}
	_fails(object.union(_with(_tenant(array.concat(_admins(1), [group])), owned), users), "1")
	_passes(object.union(_with(_tenant(array.concat(_admins(3), [group])), owned), users))
}

# Principals of other organisations are no people of this one. They make up for nobody, and how
# many they are is not known.
_provider := object.union(made.row(made.group("msp"), roles.global_administrator), {"principal": null, "principalOrganizationId": "3f0c1d7e-0000-4000-8000-000000000009"})

test_fails_when_only_a_service_provider_is_the_second if {
	_fails(_tenant(array.concat(_admins(1), [_provider])), "1")
	_fails(_tenant(array.concat(_admins(5), [_provider])), "5")
	count(rule.unknown) == 0 with input as _tenant(array.concat(_admins(5), [_provider]))
}

test_unknown_when_a_service_provider_may_be_any_number if {
	_unknown(_tenant(array.concat(_admins(4), [_provider])), {["partial", "role_assignments"]})
	_unknown(_tenant(array.concat(_admins(4), [object.remove(_provider, ["principalOrganizationId"])])), {["partial", "role_assignments"]})
	_passes(_tenant(array.concat(_admins(4), [object.union(_provider, {"principalOrganizationId": "3f0c1d7e-0000-4000-8000-000000000001"})])))
	_passes(_tenant(array.concat(_admins(4), [object.union(_provider, {"roleDefinitionId": roles.security_reader})])))
}
