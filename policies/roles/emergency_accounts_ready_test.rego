package domicile.roles.emergency_accounts_ready_test

import data.domicile.lib.roles
import data.domicile.lib.roles_fixtures_test as made
import data.domicile.roles.emergency_accounts_ready as rule

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

_standing(id) := object.union(made.admin(id), {"assignmentType": "Assigned", "endDateTime": null, "memberType": "Direct"})

# _kept is the tenant with two emergency accounts, and over laid over the instance of the
# first one.
_kept(over) := object.union(_tenant([made.admin("bg1"), made.admin("bg2")]), {
	"evidence": {"role_schedules": [object.union(_standing("bg1"), over), _standing("bg2")]},
	"params": {"break_glass_accounts": ["bg1", "bg2"], "break_glass_min": 2},
})

_user(over) := object.union(_kept({}), {"lookup": {"users": {"bg1": over}}})

_actual(doc) := actual if {
	actual := {finding.actual | some finding in rule.deny} with input as doc
}

_named(ids) := object.union(_kept({}), {"params": {"break_glass_accounts": ids}})

test_passes_when_two_accounts_are_ready if {
	_passes(_kept({}))
	_values(_kept({})) == {"emergency accounts named: 2"}
}

test_fails_when_the_role_is_not_held_for_good if {
	rule.deny == {{
		"resource": {"kind": "user", "id": "bg1", "name": "bg1@contoso.example"},
		"message": "The emergency account 'bg1@contoso.example' does not hold Global Administrator for good.",
		"expected": "an enabled, cloud-only account that holds Global Administrator itself, active and without an end",
		"actual": "does not hold Global Administrator for good",
	}} with input as _kept({"endDateTime": "2027-01-01T00:00:00Z"})
	every over in [{"assignmentType": "Activated"}, {"memberType": "Group"}, {"directoryScopeId": "/administrativeUnits/1"}, {"roleDefinitionId": _sa}] {
		_actual(_kept(over)) == {"does not hold Global Administrator for good"}
	}
}

test_fails_when_the_account_is_disabled_synchronised_or_gone if {
	_actual(_user({"accountEnabled": false})) == {"is disabled"}
	_actual(_user({"onPremisesSyncEnabled": true})) == {"is synchronised from the premises"}
	_actual(_named(["bg1", "bg2", "gone"])) == {"does not exist"}
	_failed(_named(["bg1", "bg2", "gone"])) == {"gone"}
}

test_fails_when_too_few_are_named if {
	rule.deny == {{
		"resource": {"kind": "tenant", "id": "3f0c1d7e-0000-4000-8000-000000000001", "name": "Contoso"},
		"message": "The configuration names 1 emergency accounts, fewer than 2.",
		"expected": "at least 2",
		"actual": "1",
	}} with input as _named(["bg1"])
	_actual(_named([])) == {"0"}
}

test_judged_by_assignments_when_pim_is_not_licensed if {
	doc := object.union(object.union(_kept({}), {"evidence": {"role_schedules": []}}), made.gaps({"role_schedules": "not_licensed"}))
	_passes(doc)
	_actual(object.union(doc, {"evidence": {"role_assignments": [made.admin("bg2")]}})) == {"does not hold Global Administrator for good"}
}

test_unknown_when_nothing_is_configured if {
	doc := object.union(object.remove(_kept({}), ["params"]), {"params": {"break_glass_min": 2}})
	_failed(doc) == set()
	_reasons(doc) == {["needs_configuration", ""]}
	_values(doc) == set()
}

test_unknown_when_roles_could_not_be_read if {
	doc := object.union(object.union(_kept({}), {"evidence": {"role_schedules": []}}), made.gaps({"role_schedules": "throttled", "role_assignments": "partial"}))
	_failed(doc) == set()
	_reasons(doc) == {["throttled", "role_schedules"], ["partial", "role_assignments"]}
	unlicensed := object.union(doc, {"evidence": {"role_assignments": []}, "gaps": {"role_schedules": {"reason": "not_licensed"}}})
	_failed(unlicensed) == set()
	_reasons(unlicensed) == {["partial", "role_assignments"]}
}

test_unknown_when_users_could_not_be_read if {
	doc := object.union(object.union(object.remove(_kept({}), ["lookup"]), {"lookup": {}}), made.gaps({"users": "no_permission"}))
	_failed(doc) == set()
	_reasons(doc) == {["no_permission", "users"]}
}

test_not_applicable_when_none_is_asked_for if {
	doc := object.union(_named([]), {"params": {"break_glass_min": 0}})
	_passes(doc)
	{reason.reason | some reason in rule.not_applicable} == {"switched_off"} with input as doc
}

test_unknown_when_the_instance_does_not_say_how_long_it_lasts if {
	every member in ["assignmentType", "endDateTime"] {
		instance := object.remove(_standing("bg1"), [member])
		doc := object.union(_kept({}), {"evidence": {"role_schedules": [instance, _standing("bg2")]}})
		_failed(doc) == set()
		_reasons(doc) == {["partial", "role_schedules"]}
	}
	direct := object.remove(_standing("bg1"), ["memberType"])
	_passes(object.union(_kept({}), {"evidence": {"role_schedules": [direct, _standing("bg2")]}}))
}
