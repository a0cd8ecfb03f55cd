package domicile.licences.standing_admins_carry_no_licence_test

import data.domicile.lib.licences
import data.domicile.lib.roles
import data.domicile.lib.roles_fixtures_test as made
import data.domicile.licences.standing_admins_carry_no_licence as rule

_plan(id) := {"servicePlanId": id, "capabilityStatus": "Enabled"}

# The tenant in which each person has these plans.
_tenant(assignments, plans) := object.union(made.tenant("xdr-current", assignments), {
	"params": {"admin_plans": [licences.plans.AAD_PREMIUM, upper(licences.plans.AAD_PREMIUM_P2)]},
	"lookup": {"users": {id: {"assignedPlans": plans} | some id in ["ann", "bob"]}},
})

_failed(doc) := found if {
	found := {[d.resource.id, d.actual] | some d in rule.deny} with input as doc
}

_unknown(doc) := found if {
	found := {[u.reason, u.kind] | some u in rule.unknown} with input as doc
}

_activated := object.union(made.admin("ann"), {"assignmentType": "Activated"})

test_passes_with_the_plans_for_administration if {
	doc := _tenant([made.admin("ann")], [
		_plan(licences.plans.AAD_PREMIUM), _plan(licences.plans.AAD_PREMIUM_P2), _plan("113feb6c-3fe4-4440-bddc-54d774bf0318"),
		_plan("8a256a2b-b617-496d-b51b-e76466e88db0"), _plan(licences.plans.ADALLOM_S_DISCOVERY),
		object.union(_plan(licences.plans.WINDEFATP), {"capabilityStatus": "Deleted"}),
	])
	_failed(doc) == set()
	_unknown(doc) == set()
	{o.value | some o in rule.observed} == {"accounts with a standing privileged role: 1"} with input as doc
}

test_passes_for_daily_accounts_that_only_activate if {
	doc := object.union(_tenant([made.admin("ann")], [_plan("mail")]), {"evidence": {"role_schedules": [_activated]}})
	_failed(doc) == set()
	_failed(object.union(_tenant([], [_plan("mail")]), {"evidence": {"role_eligibility": [made.admin("ann")]}})) == set()
	_failed(_tenant([made.row(made.user("ann"), roles.security_reader)], [_plan("mail")])) == set()
	_failed(_tenant([made.row(made.application("app"), roles.global_administrator)], [_plan("mail")])) == set()
}

test_fails_and_names_the_account if {
	rule.deny == {{
		"resource": {"kind": "user", "id": "ann", "name": "ann@contoso.example"},
		"message": "'ann@contoso.example' holds a privileged role standing (Global Administrator) and a licence with 2 plans beyond those for administration.",
		"expected": "no plan but those of admin_plans",
		"actual": "'WINDEFATP', 'mail'",
	}} with input as _tenant([made.admin("ann")], [_plan("mail"), _plan(licences.plans.WINDEFATP)])
}

test_fails_once_for_each_account_directly_or_through_a_group if {
	grouped := made.row(made.group("g"), roles.security_administrator)
	doc := object.union(_tenant([made.admin("ann"), made.row(made.user("ann"), roles.security_administrator), grouped], [_plan("mail")]), {"evidence": {"role_group_members": [made.member("g", made.user("bob"))]}})
	_failed(doc) == {["ann", "'mail'"], ["bob", "'mail'"]}
}

test_unknown_when_standing_cannot_be_told_from_activated if {
	doc := object.union(_tenant([made.admin("ann")], [_plan("mail")]), made.gaps({"role_schedules": "no_permission"}))
	_unknown(doc) == {["no_permission", "role_schedules"]}
	_failed(doc) == set()
	_unknown(object.union(_tenant([made.admin("ann")], []), made.gaps({"role_schedules": "no_permission"}))) == set()
}

test_unknown_when_the_membership_may_be_activated if {
	grouped := object.union(
		_tenant([made.row(made.group("g"), roles.security_administrator)], [_plan("mail")]),
		{"evidence": {"role_group_members": [made.member("g", made.user("bob"))]}},
	)
	activated := object.union(grouped, {"evidence": {"group_eligibility": [made.eligible("g", "bob", "member")]}})
	_failed(activated) == set()
	_unknown(activated) == {["not_collected", "group_eligibility"]}
	unread := object.union(grouped, made.gaps({"group_eligibility": "no_permission"}))
	_failed(unread) == set()
	_unknown(unread) == {["no_permission", "group_eligibility"]}
	_failed(object.union(grouped, made.gaps({"group_eligibility": "not_licensed"}))) == {["bob", "'mail'"]}
	direct := object.union(activated, {"evidence": {"role_assignments": [made.row(made.group("g"), roles.security_administrator), made.admin("bob")]}})
	_failed(direct) == {["bob", "'mail'"]}
	_unknown(direct) == set()
}

test_passes_when_somebody_is_only_eligible_for_the_group if {
	doc := object.union(
		_tenant([made.row(made.group("g"), roles.security_administrator)], [_plan("mail")]),
		{"evidence": {"group_eligibility": [made.eligible("g", "bob", "member")]}},
	)
	_failed(doc) == set()
	_unknown(doc) == set()
}

test_fails_where_pim_is_not_licensed if {
	doc := object.union(_tenant([made.admin("ann")], [_plan("mail")]), made.gaps({"role_schedules": "not_licensed", "role_eligibility": "not_licensed"}))
	_failed(doc) == {["ann", "'mail'"]}
	_unknown(doc) == set()
}

test_unknown_when_members_or_plans_were_not_read if {
	grouped := _tenant([made.row(made.group("g"), roles.security_administrator)], [])
	_unknown(object.union(grouped, made.gaps({"role_group_members": "no_permission"}))) == {["no_permission", "role_group_members"]}
	_unknown(object.union(_tenant([], []), made.gaps({"role_eligibility": "no_permission"}))) == set()
	unsaid := _tenant([made.admin("eve")], [])
	_unknown(object.remove(unsaid, [])) == {["partial", "users"]}
	_unknown(object.union(unsaid, made.gaps({"users": "throttled"}))) == {["throttled", "users"]}
}

test_not_applicable_when_no_role_is_privileged if {
	{n.reason | some n in rule.not_applicable} == {"nothing_to_judge"} with input as object.union(_tenant([], []), {"params": {"privileged_roles": []}})
}
