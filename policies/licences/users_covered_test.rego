package domicile.licences.users_covered_test

import data.domicile.lib.licences
import data.domicile.lib.licences_fixtures_test as skus
import data.domicile.lib.roles_fixtures_test as made
import data.domicile.licences.users_covered as rule

_plan(name) := {"servicePlanId": licences.plans[name], "capabilityStatus": "Enabled"}

_user(id, plans) := {
	"id": id, "userPrincipalName": concat("", [id, "@contoso.example"]), "accountEnabled": true, "userType": "Member",
	"assignedLicenses": [{"skuId": "s1", "disabledPlans": []}], "assignedPlans": plans, "licenseAssignmentStates": [],
}

_tenant(users) := object.union(made.tenant("xdr-current", [made.admin("ann")]), {
	"params": {"coverage_exempt": {"upn": ["svc-*"], "groups": []}, "coverage_unlicensed": false},
	"evidence": {"users": users, "subscribed_skus": [skus.sku("SPE_E5")]},
})

_failed(doc) := found if {
	found := {d.resource.id | some d in rule.deny} with input as doc
}

_unknown(doc) := found if {
	found := {[u.reason, u.kind] | some u in rule.unknown} with input as doc
}

test_passes_when_every_user_in_scope_is_covered if {
	doc := _tenant([_user("bob", [_plan("WINDEFATP")]), _user("svc-backup", []), _user("ann", [])])
	_failed(doc) == set()
	_unknown(doc) == set()
	count(rule.not_applicable) == 0 with input as doc
}

test_fails_for_a_user_without_a_defender_plan if {
	rule.deny == {{
		"resource": {"kind": "user", "id": "bob", "name": "bob@contoso.example"},
		"message": "'bob@contoso.example' is licensed or should be, and no Defender plan is in force for the account.",
		"expected": "a Defender plan that is enabled or in grace",
		"actual": "none",
	}} with input as _tenant([_user("bob", [_plan("AAD_PREMIUM")]), _user("eve", [_plan("ATA")])])
	_failed(_tenant([_user("bob", [object.union(_plan("ATA"), {"capabilityStatus": "Suspended"})])])) == {"bob"}
}

test_fails_for_unlicensed_users_where_they_count if {
	nobody := object.union(_user("bob", []), {"assignedLicenses": []})
	_failed(_tenant([nobody])) == set()
	_failed(object.union(_tenant([nobody]), {"params": {"coverage_unlicensed": true}})) == {"bob"}
}

test_not_applicable_when_nobody_is_in_scope if {
	{n.reason | some n in rule.not_applicable} == {"nothing_to_judge"} with input as _tenant([])
}

test_not_applicable_when_no_defender_plan_is_held if {
	doc := object.union(_tenant([_user("bob", [])]), {"evidence": {"subscribed_skus": []}})
	{n.message | some n in rule.not_applicable} == {"The tenant's licences hold no Defender plan, which LIC1001 reports.", "No user is in scope."} with input as doc
	_failed(doc) == set()
	unread := object.union(doc, made.gaps({"subscribed_skus": "no_permission"}))
	_failed(unread) == {"bob"}
}

test_unknown_when_the_privileged_are_not_known if {
	doc := object.union(_tenant([_user("bob", [])]), made.gaps({"role_assignments": "no_permission"}))
	_unknown(doc) == {["no_permission", "role_assignments"]}
	_failed(doc) == set()
	_unknown(object.union(_tenant([_user("bob", [_plan("ATA")])]), made.gaps({"role_assignments": "no_permission"}))) == set()
}

test_unknown_when_plans_were_not_read if {
	_unknown(_tenant([_user("bob", null)])) == {["partial", "users"]}
	_failed(_tenant([_user("bob", null)])) == set()
}

test_unknown_for_a_user_whose_licences_were_not_read if {
	unread := object.remove(_user("bob", []), ["assignedLicenses"])
	_failed(_tenant([unread])) == set()
	_unknown(_tenant([unread])) == {["partial", "users"]}
	_failed(object.union(_tenant([unread]), {"params": {"coverage_unlicensed": true}})) == {"bob"}
	covered := object.remove(_user("bob", [_plan("ATA")]), ["assignedLicenses"])
	_unknown(_tenant([covered])) == set()
}
