package domicile.licences.eligible_plan_in_good_standing_test

import data.domicile.lib.licences_fixtures_test as made
import data.domicile.licences.eligible_plan_in_good_standing as rule

_passes(doc) if {
	count(rule.deny) == 0 with input as doc
	count(rule.unknown) == 0 with input as doc
	count(rule.not_applicable) == 0 with input as doc
}

_not_applicable(doc, expected) if {
	count(rule.deny) == 0 with input as doc
	count(rule.unknown) == 0 with input as doc
	{reason.reason | some reason in rule.not_applicable} == {expected} with input as doc
}

_unknown(doc, expected) if {
	count(rule.deny) == 0 with input as doc
	{[reason.reason, reason.kind] | some reason in rule.unknown} == {expected} with input as doc
}

_values(doc) := found if {
	found := {[fact.fact, fact.value] | some fact in rule.observed} with input as doc
}

_subscription(name, status, until) := {
	"id": concat("-", [name, until]),
	"skuId": made.catalogue[name][0],
	"skuPartNumber": name,
	"status": status,
	"nextLifecycleDateTime": until,
}

test_row_1_not_applicable_when_the_cloud_was_not_offered if {
	_not_applicable(object.union(made.tenant("mtp-2020-b", [made.sku("SPE_E5")]), {"tenant": {"cloud": "gcc"}}), "not_offered")
}

test_row_2_unknown_when_the_skus_are_a_gap if {
	_unknown(
		object.union(made.tenant("xdr-current", []), made.gap("subscribed_skus", "no_permission")),
		["no_permission", "subscribed_skus"],
	)
}

test_row_3_not_applicable_when_nothing_is_eligible if {
	_not_applicable(made.tenant("mtp-2020-a", [made.sku("SPE_E3")]), "nothing_to_judge")
}

test_row_4_weak_plans_are_judged_as_they_count if {
	weak := made.tenant("xdr-current", [made.in_status("SPE_E3", "Suspended")])
	count(rule.deny) == 1 with input as weak
	_passes(made.tenant("xdr-current", [made.sku("SPE_E3")]))
	_not_applicable(object.union(weak, {"params": {"count_weak_plans": false}}), "nothing_to_judge")
}

test_row_5_passes_when_an_eligible_sku_is_enabled if {
	every profile in made.profiles {
		_passes(made.tenant(profile, [made.sku("SPE_E5")]))
	}
}

test_row_6_passes_when_an_eligible_sku_is_in_grace_and_says_until_when if {
	doc := object.union(
		made.tenant("xdr-current", [made.in_status("ATA", "Warning")]),
		{"evidence": {"subscriptions": [
			_subscription("ATA", "Warning", "2026-12-01T00:00:00Z"),
			_subscription("ATA", "Warning", "2026-12-15T00:00:00Z"),
			_subscription("ATA", "Suspended", "2026-11-30T00:00:00Z"),
			_subscription("SPE_E5", "Warning", "2026-11-29T00:00:00Z"),
		]}},
	)
	_passes(doc)
	_values(doc) == {
		["licence", "'ATA' is Warning"],
		["expiry", "'ATA' is in grace until 2026-12-01T00:00:00Z"],
		["expiry", "'ATA' is in grace until 2026-12-15T00:00:00Z"],
	}
}

test_row_7_fails_when_the_eligible_skus_are_suspended_or_locked_out if {
	every status in ["Suspended", "LockedOut"] {
		doc := made.tenant("mtp-2020-a", [made.in_status("SPE_E5", status)])
		some finding in rule.deny with input as doc
		count(rule.deny) == 1 with input as doc
		contains(finding.message, sprintf("'SPE_E5 is %s'", [status]))
		contains(finding.message, "deleted no later than 180 days after the end.")
		finding.actual == status
	}
}

test_row_8_not_applicable_when_only_deleted_skus_are_left if {
	_not_applicable(made.tenant("xdr-current", [made.in_status("SPE_E5", "Deleted")]), "nothing_to_judge")
}

test_row_9_judged_when_the_subscriptions_are_a_gap if {
	gap := made.gap("subscriptions", "no_permission")
	doc := object.union(made.tenant("xdr-current", [made.in_status("ATA", "Warning")]), gap)
	_passes(doc)
	_values(doc) == {
		["licence", "'ATA' is Warning"],
		["expiry", "'ATA' is in grace; its end is not in the evidence"],
		["expiry", "the subscriptions' dates could not be read (no_permission)"],
	}
	count(rule.deny) == 1 with input as object.union(made.tenant("xdr-current", [made.in_status("ATA", "Suspended")]), gap)
}

test_row_10_fails_when_one_of_three_suites_is_suspended if {
	suites := [made.sku("ENTERPRISEPREMIUM"), made.sku("WIN_ENT_E5")]
	_passes(made.tenant("mtp-2020-a", array.concat(suites, [made.in_status("EMSPREMIUM", "Warning")])))
	doc := made.tenant("mtp-2020-a", array.concat(suites, [made.in_status("EMSPREMIUM", "Suspended")]))
	some finding in rule.deny with input as doc
	contains(finding.message, "'EMSPREMIUM is Suspended'.")
	finding.actual == "Enabled, Suspended"
}

test_passes_when_leftovers_are_suspended_beside_a_good_one if {
	doc := made.tenant("xdr-current", [made.sku("SPE_E5"), made.in_status("EMSPREMIUM", "Suspended"), made.in_status("ATA", "Deleted")])
	_passes(doc)
	_values(doc) == {["licence", "'SPE_E5' is Enabled"], ["licence", "'EMSPREMIUM' is Suspended"]}
}

test_unknown_when_a_sku_that_may_be_good_is_unreadable if {
	_unknown(made.tenant("xdr-current", [made.in_status("ATA", "Suspended"), {"skuId": "x"}]), ["partial", "subscribed_skus"])
	_unknown(made.tenant("xdr-current", [{"skuId": "x"}]), ["partial", "subscribed_skus"])
	_passes(made.tenant("xdr-current", [made.sku("ATA"), {"skuId": "x"}]))
}
