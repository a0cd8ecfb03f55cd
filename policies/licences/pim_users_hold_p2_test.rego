package domicile.licences.pim_users_hold_p2_test

import data.domicile.lib.licences
import data.domicile.lib.roles
import data.domicile.lib.roles_fixtures_test as made
import data.domicile.licences.pim_users_hold_p2 as rule

_plan(name) := {"servicePlanId": licences.plans[name], "capabilityStatus": "Enabled"}

# The tenant in which ann is eligible and bob stands, with these plans.
_tenant(names) := object.union(made.tenant("xdr-current", [made.admin("bob")]), {
	"params": {"pim": "auto"},
	"evidence": {"role_eligibility": [made.admin("ann")]},
	"lookup": {"users": {id: {"accountEnabled": true, "assignedPlans": [_plan(name) | some name in names]} | some id in ["ann", "bob"]}},
})

_required(doc, break_glass) := object.union(doc, {"params": {"pim": "required", "break_glass_accounts": break_glass}})

_failed(doc) := found if {
	found := {d.resource.id | some d in rule.deny} with input as doc
}

_unknown(doc) := found if {
	found := {[u.reason, u.kind] | some u in rule.unknown} with input as doc
}

test_passes_with_either_licence if {
	every name in ["AAD_PREMIUM_P2", "Entra_Identity_Governance"] {
		doc := _tenant([name])
		_failed(doc) == set()
		_unknown(doc) == set()
		count(rule.not_applicable) == 0 with input as doc
	}
	{o.value | some o in rule.observed} == {"privileged users who need the licence: 1"} with input as _tenant(["AAD_PREMIUM_P2"])
}

test_fails_for_the_eligible_and_the_activated if {
	rule.deny == {{
		"resource": {"kind": "user", "id": "ann", "name": "ann@contoso.example"},
		"message": "'ann@contoso.example' is eligible for a privileged role or has activated one and holds neither Entra ID P2 nor Entra ID Governance.",
		"expected": "AAD_PREMIUM_P2 or Entra_Identity_Governance in force",
		"actual": "neither",
	}} with input as _tenant(["AAD_PREMIUM"])
	activated := object.union(made.admin("bob"), {"assignmentType": "Activated"})
	_failed(object.union(_tenant([]), {"evidence": {"role_schedules": [activated]}})) == {"ann", "bob"}
}

test_fails_for_every_privileged_person_where_pim_is_required if {
	_failed(_required(_tenant([]), [])) == {"ann", "bob"}
	_failed(_required(_tenant([]), ["bob"])) == {"ann"}
	some finding in rule.deny with input as _required(_tenant([]), [])
	contains(finding.message, "is privileged and holds neither")
}

test_passes_over_disabled_accounts_and_other_roles if {
	disabled := object.union(_tenant([]), {"lookup": {"users": {"ann": {"accountEnabled": false}}}})
	_failed(disabled) == set()
	reader := object.union(_tenant([]), {"evidence": {"role_eligibility": [made.row(made.user("ann"), roles.security_reader)]}})
	_failed(reader) == set()
}

test_not_applicable_where_pim_is_not_relied_on if {
	doc := object.union(_tenant([]), {"evidence": {"role_eligibility": []}})
	{n.message | some n in rule.not_applicable} == {"Nobody is eligible for a privileged role or has activated one, so that PIM isn't relied on."} with input as doc
	unlicensed := object.union(doc, made.gaps({"role_eligibility": "not_licensed", "role_schedules": "not_licensed"}))
	count(rule.not_applicable) == 1 with input as unlicensed
	_unknown(unlicensed) == set()
	nobody := object.union(_required(doc, []), {"evidence": {"role_assignments": []}})
	{n.message | some n in rule.not_applicable} == {"No person holds a privileged role."} with input as nobody
}

test_unknown_when_eligibility_or_activation_was_not_read if {
	every kind in ["role_eligibility", "role_schedules"] {
		doc := object.union(_tenant(["AAD_PREMIUM_P2"]), made.gaps({kind: "no_permission"}))
		_unknown(doc) == {["no_permission", kind]}
		count(rule.not_applicable) == 0 with input as doc
	}
}

test_unknown_when_assignments_were_not_read_and_pim_is_required if {
	doc := object.union(_tenant(["AAD_PREMIUM_P2"]), made.gaps({"role_assignments": "no_permission"}))
	_unknown(doc) == set()
	_unknown(_required(doc, [])) == {["no_permission", "role_assignments"]}
}

test_unknown_when_plans_were_not_read if {
	doc := object.union(_tenant([]), {"lookup": {"users": {"ann": {"assignedPlans": null}}}})
	_unknown(doc) == {["partial", "users"]}
	_failed(doc) == set()
	_unknown(object.union(doc, made.gaps({"users": "throttled"}))) == {["throttled", "users"]}
}
