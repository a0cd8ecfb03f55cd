package domicile.roles.no_permanent_assignment_test

import data.domicile.lib.roles
import data.domicile.lib.roles_fixtures_test as made
import data.domicile.roles.no_permanent_assignment as rule

_sa := roles.security_administrator

# _standing is an instance of an assignment for good.
_standing(row) := object.union(row, {"assignmentType": "Assigned", "endDateTime": null, "memberType": "Direct"})

_bounded(row) := object.union(_standing(row), {"endDateTime": "2027-01-01T00:00:00Z"})

_tenant(instances) := object.union(made.tenant("xdr-current", []), {
	"evidence": {"role_schedules": instances},
	"params": {"break_glass_accounts": ["bg"], "role_exceptions": []},
})

_failed(doc) := ids if {
	ids := {finding.resource.id | some finding in rule.deny} with input as doc
}

_reasons(doc) := reasons if {
	reasons := {[reason.reason, reason.kind] | some reason in rule.unknown} with input as doc
}

_passes(doc) if {
	_failed(doc) == set()
	_reasons(doc) == set()
}

test_passes_when_assignments_end_or_are_activated if {
	activated := object.union(made.admin("bob"), {"assignmentType": "Activated", "endDateTime": null})
	_passes(_tenant([_bounded(made.admin("ann")), activated]))
	_passes(_tenant([]))
}

test_fails_when_a_person_or_a_group_holds_a_role_for_good if {
	doc := _tenant([_standing(made.row(made.user("ann"), _sa)), _standing(made.row(made.group("g"), _sa))])
	_failed(doc) == {"ann", "g"}
	some finding in rule.deny with input as doc
	finding == {
		"resource": {"kind": "user", "id": "ann", "name": "ann@contoso.example"},
		"message": "'ann@contoso.example' holds 'Security Administrator' for good.",
		"expected": "eligible, or active with an end",
		"actual": "'Security Administrator'",
	}
}

test_fails_when_a_global_administrator_is_not_among_the_emergency_accounts if {
	_failed(_tenant([_standing(made.admin("ann"))])) == {"ann"}
	_failed(object.union(_tenant([_standing(made.admin("bg"))]), {"params": {"break_glass_accounts": []}})) == {"bg"}
}

test_passes_when_the_account_is_kept_for_emergencies if {
	doc := _tenant([_standing(made.admin("bg"))])
	_passes(doc)
	"exempt" in {fact.fact | some fact in rule.observed} with input as doc
}

test_passes_when_the_assignment_is_excepted_and_fails_when_that_ended if {
	exception := {"principal_id": "ann", "role": "Security Administrator", "reason": "r", "until": "2026-11-21"}
	doc := _tenant([_standing(made.row(made.user("ann"), _sa))])
	_passes(object.union(doc, {"params": {"role_exceptions": [exception]}}))
	_failed(object.union(doc, {"params": {"role_exceptions": [object.union(exception, {"until": "2026-11-20"})]}})) == {"ann"}
}

test_passes_when_an_application_or_synchronisation_holds_it_for_good if {
	_passes(_tenant([_standing(made.row(made.application("app"), _sa)), _standing(made.row(made.user("sync"), roles.directory_synchronization_accounts))]))
}

test_pitfall_c_a_member_of_a_group_is_judged_with_it if {
	member := object.union(_standing(made.row(made.user("ann"), _sa)), {"memberType": "Group"})
	_failed(_tenant([member, _standing(made.row(made.group("g"), _sa))])) == {"g"}
	_failed(_tenant([member])) == {"ann"}
}

test_pitfall_b_fails_when_the_scope_is_an_administrative_unit if {
	_failed(_tenant([object.union(_standing(made.row(made.user("ann"), _sa)), {"directoryScopeId": "/administrativeUnits/1"})])) == {"ann"}
}

test_unknown_when_emergency_accounts_are_not_named if {
	doc := _tenant([_standing(made.admin("ann"))])
	unnamed := object.union(object.remove(doc, ["params"]), {"params": object.remove(doc.params, ["break_glass_accounts"])})
	_failed(unnamed) == set()
	_reasons(unnamed) == {["needs_configuration", ""]}
	other := object.union(unnamed, {"evidence": {"role_schedules": [_standing(made.row(made.user("ann"), _sa))]}})
	_failed(other) == {"ann"}
	_reasons(other) == set()
}

test_pitfall_g_unknown_when_the_principal_is_not_expanded if {
	_reasons(_tenant([object.union(_standing(made.admin("ann")), {"principal": null})])) == {["partial", "role_schedules"]}
}

test_unknown_when_type_or_end_is_not_said if {
	_reasons(_tenant([made.admin("ann")])) == {["partial", "role_schedules"]}
	endless := object.remove(_standing(made.admin("ann")), ["endDateTime"])
	_reasons(_tenant([endless])) == {["partial", "role_schedules"]}
	_failed(_tenant([endless])) == set()
}

test_unknown_when_the_role_is_a_custom_one if {
	custom := _standing(made.row(made.user("ann"), "d0000000-0000-4000-8000-000000000001"))
	_failed(_tenant([custom])) == set()
	_reasons(_tenant([custom])) == {["needs_configuration", "role_assignments"]}
	_passes(_tenant([_standing(made.row(made.user("ann"), roles.global_reader))]))
}

test_not_applicable_when_no_role_is_privileged if {
	doc := object.union(_tenant([_standing(made.admin("ann"))]), {"params": {"privileged_roles": []}})
	_passes(doc)
	{reason.reason | some reason in rule.not_applicable} == {"nothing_to_judge"} with input as doc
}
