package domicile.licences.defender_plans_switched_on_test

import data.domicile.lib.licences
import data.domicile.licences.defender_plans_switched_on as rule

_user(assigned) := {"id": "u1", "userPrincipalName": "ann@contoso.example", "accountEnabled": true, "assignedLicenses": assigned, "assignedPlans": []}

_license(names) := {"skuId": "e5", "disabledPlans": [licences.plans[name] | some name in names]}

_tenant(users) := {
	"params": {"plans_that_may_be_off": []}, "gaps": {},
	"evidence": {"users": users, "subscribed_skus": [{"skuId": "e5", "skuPartNumber": "SPE_E5"}]},
}

_failed(doc) := found if {
	found := {d.actual | some d in rule.deny} with input as doc
}

_unknown(doc) := found if {
	found := {[u.reason, u.kind] | some u in rule.unknown} with input as doc
}

test_passes_when_other_plans_are_off if {
	doc := _tenant([_user([_license(["AAD_PREMIUM", "EXCHANGEONLINE_MULTIGEO"]), {"skuId": "e3", "disabledPlans": null}])])
	_failed(doc) == set()
	_unknown(doc) == set()
	count(rule.not_applicable) == 0 with input as doc
}

test_passes_when_another_licence_gives_the_plan if {
	twice := object.union(_user([_license(["ATA"])]), {"assignedPlans": [{"servicePlanId": licences.plans.ATA, "capabilityStatus": "Enabled"}]})
	_failed(_tenant([twice])) == set()
}

test_passes_for_plans_that_may_be_off if {
	doc := _tenant([_user([_license(["ATA", "WINDEFATP"])])])
	_failed(object.union(doc, {"params": {"plans_that_may_be_off": ["ATA", licences.plans.WINDEFATP]}})) == set()
}

test_passes_for_disabled_accounts if {
	doc := _tenant([object.union(_user([_license(["ATA"])]), {"accountEnabled": false}), _user([_license([])])])
	_failed(doc) == set()
}

test_fails_and_names_the_plans_and_the_licence if {
	rule.deny == {{
		"resource": {"kind": "user", "id": "u1", "name": "ann@contoso.example"},
		"message": "Licences of 'ann@contoso.example' have Defender plans switched off: 'ATA in SPE_E5', 'WINDEFATP in SPE_E5'.",
		"expected": "every Defender plan on",
		"actual": "'ATA in SPE_E5', 'WINDEFATP in SPE_E5'",
	}} with input as _tenant([_user([_license(["ATA", "WINDEFATP", "AAD_PREMIUM"])])])
}

test_fails_without_the_skus_names_and_without_plans if {
	doc := object.union(_tenant([object.union(_user([_license(["ATA"])]), {"assignedPlans": null})]), {"evidence": {"subscribed_skus": []}})
	_failed(doc) == {"'ATA in e5'"}
}

test_unknown_when_licences_were_not_read if {
	_unknown(_tenant([_user(null), _user([_license([])])])) == {["partial", "users"]}
	_unknown(_tenant([_user(null)])) == {["partial", "users"]}
}

test_not_applicable_when_nobody_has_a_licence if {
	{n.reason | some n in rule.not_applicable} == {"nothing_to_judge"} with input as _tenant([_user([])])
	count(rule.not_applicable) == 0 with input as _tenant([_user(null)])
}
