package domicile.licences.no_more_consumed_than_bought_test

import data.domicile.lib.licences_fixtures_test as made
import data.domicile.licences.no_more_consumed_than_bought as rule

_sku(consumed, units) := object.union(made.sku("SPE_E5"), {"id": "t1_e5", "appliesTo": "User", "consumedUnits": consumed, "prepaidUnits": units})

_tenant(skus) := made.tenant("xdr-current", skus)

_quiet(doc) if {
	count(rule.deny) == 0 with input as doc
	count(rule.unknown) == 0 with input as doc
	count(rule.not_applicable) == 0 with input as doc
}

_unknown(doc) := found if {
	found := {[u.reason, u.kind] | some u in rule.unknown} with input as doc
}

test_passes_up_to_the_bought_number_and_shows_it if {
	doc := _tenant([_sku(30, {"enabled": 25, "warning": 5, "suspended": 9})])
	_quiet(doc)
	{o.value | some o in rule.observed} == {"'SPE_E5': 30 consumed of 30 bought"} with input as doc
}

test_passes_when_no_grace_is_said if _quiet(_tenant([_sku(25, {"enabled": 25, "warning": null})]))

test_fails_when_more_is_consumed if {
	rule.deny == {{
		"resource": {"kind": "subscribed_sku", "id": "t1_e5", "name": "SPE_E5"},
		"message": "Of 'SPE_E5', 31 units are consumed and 30 bought, those in grace included.",
		"expected": "30 units at most",
		"actual": "31 units",
	}} with input as _tenant([_sku(31, {"enabled": 25, "warning": 5})])
}

test_passes_over_licences_that_give_no_eligibility if {
	free := object.union(made.made("FLOW_FREE", "f30db892", ["AAD_PREMIUM"]), {"id": "t1_free", "consumedUnits": 90, "prepaidUnits": {"enabled": 1}})
	_quiet(_tenant([_sku(1, {"enabled": 25}), free]))
}

test_not_applicable_when_only_a_weak_plan_is_held_and_does_not_count if {
	weak := object.union(made.made("AAD_PREMIUM", "id", ["ADALLOM_S_DISCOVERY"]), {"id": "t1_p1", "appliesTo": "User", "consumedUnits": 2, "prepaidUnits": {"enabled": 1}})
	count(rule.deny) == 1 with input as _tenant([weak])
	strict := object.union(_tenant([weak]), {"params": {"count_weak_plans": false}})
	count(rule.deny) == 0 with input as strict
	{n.reason | some n in rule.not_applicable} == {"nothing_to_judge"} with input as strict
}

test_not_applicable_when_only_company_or_suspended_licences_are_there if {
	company := object.union(_sku(9, {"enabled": 1}), {"appliesTo": "Company"})
	suspended := object.union(_sku(9, {"enabled": 0, "suspended": 9}), {"capabilityStatus": "Suspended"})
	doc := _tenant([company, suspended])
	{n.reason | some n in rule.not_applicable} == {"nothing_to_judge"} with input as doc
	count(rule.deny) == 0 with input as doc
}

test_not_applicable_where_the_service_is_not_offered if {
	{n.reason | some n in rule.not_applicable} == {"not_offered"} with input as object.union(_tenant([]), {"tenant": {"cloud": "china"}})
}

test_unknown_when_the_units_are_not_in_the_evidence if {
	_unknown(_tenant([_sku(null, {"enabled": 1})])) == {["partial", "subscribed_skus"]}
	_unknown(_tenant([_sku(3, null)])) == {["partial", "subscribed_skus"]}
}

test_unknown_when_the_licences_were_not_read_in_full if {
	_unknown(object.union(_tenant([_sku(1, {"enabled": 1})]), made.gap("subscribed_skus", "partial"))) == {["partial", "subscribed_skus"]}
	_unknown(_tenant([_sku(1, {"enabled": 1}), {"skuPartNumber": "ODD", "capabilityStatus": null}])) == {["partial", "subscribed_skus"]}
}
