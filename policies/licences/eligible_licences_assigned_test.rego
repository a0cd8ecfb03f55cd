package domicile.licences.eligible_licences_assigned_test

import data.domicile.lib.licences_fixtures_test as made
import data.domicile.licences.eligible_licences_assigned as rule

_sku(name, consumed) := object.union(made.sku(name), {"appliesTo": "User", "consumedUnits": consumed})

_tenant(skus) := made.tenant("xdr-current", skus)

_unknown(doc) := found if {
	found := {[u.reason, u.kind] | some u in rule.unknown} with input as doc
}

_reasons(doc) := found if {
	found := {n.reason | some n in rule.not_applicable} with input as doc
}

test_passes_when_one_eligible_licence_is_assigned if {
	doc := _tenant([_sku("SPE_E5", 0), _sku("ATA", 1)])
	count(rule.deny) == 0 with input as doc
	_unknown(doc) == set()
	_reasons(doc) == set()
	{o.value | some o in rule.observed} == {"'SPE_E5': 0 assigned", "'ATA': 1 assigned"} with input as doc
}

test_fails_when_none_is_assigned if {
	rule.deny == {{
		"resource": {"kind": "tenant", "id": "3f0c1d7e-0000-4000-8000-000000000001", "name": "Contoso"},
		"message": "No unit of 'ATA', 'SPE_E5' is assigned to anybody.",
		"expected": "at least one unit assigned",
		"actual": "0 units assigned",
	}} with input as _tenant([_sku("SPE_E5", 0), _sku("ATA", 0)])
}

test_not_applicable_when_no_user_licence_is_in_standing if {
	company := object.union(_sku("SPE_E5", 0), {"appliesTo": "Company"})
	suspended := object.union(_sku("ATA", 0), {"capabilityStatus": "Suspended"})
	_reasons(_tenant([company, suspended])) == {"nothing_to_judge"}
	count(rule.deny) == 0 with input as _tenant([company, suspended])
}

test_not_applicable_where_the_service_is_not_offered if {
	_reasons(object.union(_tenant([]), {"tenant": {"cloud": "china"}})) == {"not_offered"}
}

test_unknown_when_units_are_not_said if {
	_unknown(_tenant([_sku("SPE_E5", null), _sku("ATA", 0)])) == {["partial", "subscribed_skus"]}
	_unknown(_tenant([_sku("SPE_E5", null), _sku("ATA", 1)])) == set()
	count(rule.deny) == 0 with input as _tenant([_sku("SPE_E5", null)])
}

test_unknown_when_licences_were_not_read_in_full if {
	odd := {"skuPartNumber": "ODD", "capabilityStatus": null}
	_unknown(_tenant([_sku("SPE_E5", 0), odd])) == {["partial", "subscribed_skus"]}
	count(rule.deny) == 0 with input as _tenant([_sku("SPE_E5", 0), odd])
	_unknown(_tenant([_sku("SPE_E5", 1), odd])) == set()
	cut := object.union(_tenant([_sku("SPE_E5", 0)]), made.gap("subscribed_skus", "partial"))
	_unknown(cut) == {["partial", "subscribed_skus"]}
	count(rule.deny) == 0 with input as cut
}
