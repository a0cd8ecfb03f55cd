package domicile.licences.licence_views_agree_test

import data.domicile.lib.licences
import data.domicile.lib.licences_fixtures_test as made
import data.domicile.licences.licence_views_agree as rule

_sku := made.made("SPE_E5", "e5", ["ATA", "WINDEFATP"])

_row := {"id": "b1", "skuId": "e5", "skuPartNumber": "SPE_E5", "status": "Enabled"}

_plan(name) := {"servicePlanId": licences.plans[name], "capabilityStatus": "Enabled"}

_tenant(skus, rows, plans) := object.union(made.tenant("xdr-current", skus), {"evidence": {"subscriptions": rows, "organization": [{"id": "t1", "assignedPlans": plans}]}})

_good := _tenant([_sku], [_row], [_plan("ATA"), _plan("WINDEFATP"), {"servicePlanId": "other", "capabilityStatus": "Enabled"}, object.union(_plan("MTP"), {"capabilityStatus": "Deleted"})])

_messages(doc) := found if {
	found := {d.message | some d in rule.deny} with input as doc
}

_unknown(doc) := found if {
	found := {[u.reason, u.kind] | some u in rule.unknown} with input as doc
}

test_passes_when_the_views_agree if {
	_messages(_good) == set()
	_unknown(_good) == set()
	count(rule.not_applicable) == 0 with input as _good
	{o.value | some o in rule.observed} == {"1 SKUs and 1 subscribed ones in force, 2 plans held and 2 assigned"} with input as _good
}

test_passes_for_what_is_gone_in_every_view if {
	gone := object.union(made.made("OLD", "old", ["MTP"]), {"capabilityStatus": "Deleted"})
	doc := object.union(_good, {"evidence": {"subscribed_skus": [_sku, gone], "subscriptions": [_row, {"skuId": "old", "status": "Deleted"}]}})
	_messages(doc) == set()
}

test_passes_when_a_plan_waits_to_be_provisioned if {
	waiting := object.union(_sku, {"servicePlans": array.concat(_sku.servicePlans, [{"servicePlanId": licences.plans.MTP, "provisioningStatus": "PendingInput"}])})
	_messages(object.union(_good, {"evidence": {"subscribed_skus": [waiting]}})) == set()
}

test_fails_and_names_each_disagreement if {
	doc := _tenant([_sku], [object.union(_row, {"skuId": "e3", "skuPartNumber": "SPE_E3", "status": "Warning"})], [_plan("ATA"), _plan("MTP")])
	rule.deny == {{
		"resource": {"kind": "tenant", "id": "3f0c1d7e-0000-4000-8000-000000000001", "name": "Contoso"},
		"message": "The views of the tenant's licences disagree: SKUs in force without a subscription in force: 'SPE_E5'; subscriptions in force without a SKU in force: 'SPE_E3'; plans held and not assigned to the organisation: 'WINDEFATP'; plans assigned to the organisation and not held: 'MTP'.",
		"expected": "the same SKUs and plans in all three views",
		"actual": "4 kinds of disagreement",
	}} with input as doc
}

test_unknown_when_the_assigned_plans_were_not_read if {
	every organization in [[], [{"id": "t1", "assignedPlans": null}], [{"id": "t1"}]] {
		doc := object.union(_good, {"evidence": {"organization": organization}})
		_unknown(doc) == {["partial", "organization"]}
		_messages(doc) == set()
	}
}

test_unknown_when_a_sku_is_unreadable if {
	doc := object.union(_good, {"evidence": {"subscribed_skus": [_sku, {"skuPartNumber": "ODD", "capabilityStatus": null}]}})
	_unknown(doc) == {["partial", "subscribed_skus"]}
}

test_not_applicable_when_there_is_nothing if {
	{n.reason | some n in rule.not_applicable} == {"nothing_to_judge"} with input as _tenant([], [], [])
}

test_unknown_when_statuses_are_not_said if {
	every doc in [
		_tenant([_sku], [object.union(_row, {"status": null})], [_plan("ATA"), _plan("WINDEFATP")]),
		_tenant([_sku], [object.remove(_row, ["skuId"])], [_plan("ATA"), _plan("WINDEFATP")]),
	] {
		_messages(doc) == set()
		_unknown(doc) == {["partial", "subscriptions"]}
	}
	every plan in [object.union(_plan("ATA"), {"capabilityStatus": null}), {"capabilityStatus": "Enabled"}] {
		doc := _tenant([_sku], [_row], [plan, _plan("WINDEFATP")])
		_messages(doc) == set()
		_unknown(doc) == {["partial", "organization"]}
	}
}
