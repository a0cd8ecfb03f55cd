package domicile.licences.required_services_licensed_test

import data.domicile.lib.licences_fixtures_test as made
import data.domicile.licences.required_services_licensed as rule

_requiring(doc, services) := object.union(doc, {"params": {"required_services": services}})

_failed(doc) := found if {
	found := {finding.resource.id | some finding in rule.deny} with input as doc
}

_quiet(doc) if {
	count(rule.unknown) == 0 with input as doc
	count(rule.not_applicable) == 0 with input as doc
}

_all := {"endpoint", "office", "cloud_apps", "identity"}

test_passes_when_all_four_are_licensed_under_the_first_text if {
	doc := made.tenant("mtp-2020-a", [made.sku("SPE_E5")])
	_failed(doc) == set()
	_quiet(doc)
}

test_fails_when_services_are_missing_under_the_first_text if {
	doc := made.tenant("mtp-2020-a", [made.sku("EMSPREMIUM")])
	_failed(doc) == {"endpoint", "office"}
	_quiet(doc)
	some finding in rule.deny with input as doc
	finding.resource == {"kind": "service", "id": "endpoint", "name": "Defender for Endpoint"}
	finding.message == "Defender for Endpoint is required and no licence of the tenant holds a plan of it."
	finding.actual == "no plan"
}

test_not_applicable_when_nothing_is_required if {
	every profile in ["mtp-2020-b", "xdr-current"] {
		doc := made.tenant(profile, [made.sku("SPB")])
		_failed(doc) == set()
		{reason.reason | some reason in rule.not_applicable} == {"nothing_to_judge"} with input as doc
	}
	count(rule.not_applicable) == 1 with input as _requiring(made.tenant("mtp-2020-a", []), [])
}

test_the_configuration_says_what_is_required if {
	doc := made.tenant("xdr-current", [made.sku("SPB")])
	_failed(_requiring(doc, ["endpoint"])) == set()
	_failed(_requiring(doc, ["endpoint", "identity"])) == {"identity"}
	_failed(_requiring(made.tenant("mtp-2020-a", [made.sku("ATA")]), ["identity"])) == set()
}

test_fails_when_the_plan_is_disabled_or_not_provisioned if {
	_failed(made.tenant("mtp-2020-a", [made.without("SPE_E5", ["ATA"])])) == {"identity"}
	doc := made.tenant("mtp-2020-a", [made.with_plans("SPE_E5", ["ATA"], "PendingProvisioning")])
	_failed(doc) == {"identity"}
	some finding in rule.deny with input as doc
	finding.message == "Defender for Identity is required and its plan is held by 'SPE_E5', but not provisioned in a licence that is in good standing."
	finding.actual == "PendingProvisioning in a licence that is Enabled"
}

test_passes_when_one_of_two_licences_is_provisioned if {
	doc := made.tenant("xdr-current", [made.sku("ATA"), made.with_plans("EMSPREMIUM", ["ATA"], "PendingInput")])
	_failed(_requiring(doc, ["identity"])) == set()
}

test_fails_when_the_service_rests_on_a_suspended_licence_alone if {
	doc := made.tenant("xdr-current", [made.sku("SPE_E3"), made.in_status("ATA", "Suspended")])
	_failed(_requiring(doc, ["identity"])) == {"identity"}
}

test_passes_when_no_licence_is_in_good_standing_which_is_another_rule_s_finding if {
	_failed(made.tenant("mtp-2020-a", [made.in_status("SPE_E5", "Suspended")])) == set()
	_failed(made.tenant("mtp-2020-a", [made.in_status("SPE_E5", "Deleted")])) == _all
}

test_observed_names_the_licences_of_a_required_service if {
	doc := _requiring(made.tenant("xdr-current", [made.sku("ATA")]), ["identity"])
	rule.observed == {{
		"fact": "licence",
		"service": "identity",
		"value": "'ATA' (Enabled): plan Success",
		"tier": "api",
		"kind": "subscribed_skus",
	}} with input as doc
}

test_unknown_when_the_skus_are_a_gap if {
	doc := object.union(made.tenant("mtp-2020-a", []), made.gap("subscribed_skus", "no_permission"))
	_failed(doc) == set()
	{reason.reason | some reason in rule.unknown} == {"no_permission"} with input as doc
}

test_unknown_when_a_sku_is_unreadable_and_a_service_missing if {
	doc := made.tenant("mtp-2020-a", [made.sku("EMSPREMIUM"), {"skuId": "x"}])
	_failed(doc) == set()
	{reason.reason | some reason in rule.unknown} == {"partial"} with input as doc
	_quiet(made.tenant("mtp-2020-a", [made.sku("SPE_E5"), {"skuId": "x"}]))
}

test_unknown_when_the_configuration_names_no_service if {
	doc := _requiring(made.tenant("xdr-current", [made.sku("SPE_E5")]), ["mail", "identity"])
	_failed(doc) == set()
	some reason in rule.unknown with input as doc
	reason.reason == "needs_configuration"
	contains(reason.message, "'mail'")
}

test_not_applicable_when_the_cloud_was_not_offered if {
	doc := object.union(made.tenant("mtp-2020-a", []), {"tenant": {"cloud": "gcchigh"}})
	_failed(doc) == set()
	{reason.reason | some reason in rule.not_applicable} == {"not_offered"} with input as doc
}
