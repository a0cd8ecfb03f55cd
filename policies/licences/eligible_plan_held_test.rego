package domicile.licences.eligible_plan_held_test

import data.domicile.lib.licences_fixtures_test as made
import data.domicile.licences.eligible_plan_held as rule

# _outcome is what the rule says of a tenant, failed before unknown before the rest.
_outcome(doc) := "fail" if count(rule.deny) == 1 with input as doc

_outcome(doc) := "unknown" if {
	count(rule.deny) == 0 with input as doc
	count(rule.unknown) == 1 with input as doc
}

_outcome(doc) := "not_applicable" if {
	count(rule.deny) == 0 with input as doc
	count(rule.unknown) == 0 with input as doc
	count(rule.not_applicable) == 1 with input as doc
}

_outcome(doc) := "pass" if {
	count(rule.deny) == 0 with input as doc
	count(rule.unknown) == 0 with input as doc
	count(rule.not_applicable) == 0 with input as doc
}

_outcomes(names) := [_outcome(made.tenant(profile, skus)) |
	skus := [made.sku(name) | some name in names]
	some profile in made.profiles
]

_values(doc) := found if {
	found := {fact.value | some fact in rule.observed} with input as doc
}

_passes_in(status) if {
	every profile in made.profiles {
		doc := made.tenant(profile, [made.in_status("SPE_E5", status)])
		_outcome(doc) == "pass"
		some value in _values(doc)
		startswith(value, sprintf("'SPE_E5' (%s) holds ", [status]))
	}
}

_no_weak := {"params": {"count_weak_plans": false}}

test_passes_when_microsoft_365_e5_is_held if _outcomes(["SPE_E5"]) == ["pass", "pass", "pass"]

test_fails_when_office_365_e5_is_alone_under_the_first_text if {
	_outcomes(["ENTERPRISEPREMIUM"]) == ["fail", "pass", "pass"]
}

test_fails_when_ems_e5_is_alone_under_the_first_text if _outcomes(["EMSPREMIUM"]) == ["fail", "pass", "pass"]

test_passes_with_a_note_when_microsoft_365_e3_is_alone_today if {
	_outcomes(["SPE_E3"]) == ["fail", "fail", "pass"]
	"eligible only by MDE_LITE" in _values(made.tenant("xdr-current", [made.sku("SPE_E3")]))
}

test_passes_when_e5_security_is_added_to_e3 if {
	_outcomes(["SPE_E3", "IDENTITY_THREAT_PROTECTION"]) == ["pass", "pass", "pass"]
}

test_not_applicable_when_gcc_high_is_judged_under_2020 if {
	outcomes := [_outcome(doc) |
		some profile in made.profiles
		doc := object.union(made.tenant(profile, [made.sku("SPE_E5_USGOV_GCCHIGH")]), {"tenant": {"cloud": "gcchigh"}})
	]
	outcomes == ["not_applicable", "not_applicable", "pass"]
}

test_row_1_not_applicable_when_the_cloud_was_not_offered if {
	doc := object.union(made.tenant("mtp-2020-a", []), {"tenant": {"cloud": "gcc"}})
	count(rule.deny) == 0 with input as doc
	count(rule.unknown) == 0 with input as doc
	{reason.reason | some reason in rule.not_applicable} == {"not_offered"} with input as doc
}

test_row_2_unknown_when_the_skus_are_a_gap if {
	every reason in ["no_permission", "throttled", "partial"] {
		doc := object.union(made.tenant("xdr-current", []), made.gap("subscribed_skus", reason))
		count(rule.deny) == 0 with input as doc
		{[gap.reason, gap.kind] | some gap in rule.unknown} == {[reason, "subscribed_skus"]} with input as doc
	}
}

test_row_3_fails_when_no_sku_holds_an_eligible_set if {
	doc := made.tenant("xdr-current", [made.made("ENTERPRISEPACK", "6fd2c87f-b296-42f0-b197-1e91e994b900", ["AAD_PREMIUM"])])
	some finding in rule.deny with input as doc
	finding.resource == {"kind": "tenant", "id": doc.tenant.id, "name": "Contoso"}
	finding.message == "None of the tenant's SKUs (1) holds an eligible plan set for the profile 'xdr-current'."
	finding.actual == "no eligible plan set"
}

test_row_3_fails_when_the_eligible_plans_are_disabled if {
	_outcome(made.tenant("mtp-2020-b", [made.without("ATA", ["ATA"])])) == "fail"
	_outcome(made.tenant("mtp-2020-a", [made.without("SPE_E5", ["ATA"])])) == "fail"
}

test_row_3_fails_when_there_is_no_sku if _outcome(made.tenant("xdr-current", [])) == "fail"

test_row_4_passes_when_a_weak_plan_counts if {
	doc := made.tenant("xdr-current", [made.made("AAD_PREMIUM", "078d2b04-f1bd-4111-bbd4-b4b1b354cef4", ["AAD_PREMIUM", "ADALLOM_S_DISCOVERY"])])
	_outcome(doc) == "pass"
	_values(doc) == {"'AAD_PREMIUM' (Enabled) holds ADALLOM_S_DISCOVERY", "eligible only by ADALLOM_S_DISCOVERY"}
}

test_row_4_fails_when_a_weak_plan_does_not_count if {
	doc := object.union(made.tenant("xdr-current", [made.sku("SPE_E3")]), _no_weak)
	some finding in rule.deny with input as doc
	finding.message == "The tenant is eligible only by 'MDE_LITE', and the parameter count_weak_plans does not let such a plan count."
	_outcome(object.union(made.tenant("xdr-current", [made.sku("SPE_E3"), made.sku("ATA")]), _no_weak)) == "pass"
}

test_row_5_passes_when_an_eligible_sku_is_enabled if _passes_in("Enabled")

test_row_6_passes_when_an_eligible_sku_is_in_grace if _passes_in("Warning")

# What a status means for the service is LIC1002's to say.
test_row_7_passes_when_an_eligible_sku_is_suspended_or_locked_out if {
	_passes_in("Suspended")
	_passes_in("LockedOut")
}

test_row_8_fails_when_only_deleted_skus_are_left if {
	every profile in made.profiles {
		_outcome(made.tenant(profile, [made.in_status("SPE_E5", "Deleted")])) == "fail"
	}
}

test_row_10_passes_when_three_suites_make_the_full_set if {
	_outcomes(["ENTERPRISEPREMIUM_FACULTY", "EMSPREMIUM", "WIN10_ENT_A5_FAC"]) == ["pass", "pass", "pass"]
	_outcomes(["ENTERPRISEPREMIUM", "EMSPREMIUM"]) == ["fail", "pass", "pass"]
}

test_passes_when_plans_wait_for_provisioning if {
	every status in ["PendingInput", "PendingProvisioning", "PendingActivation"] {
		_outcome(made.tenant("xdr-current", [made.with_plans("ATA", ["ATA"], status)])) == "pass"
	}
}

test_passes_when_nothing_is_assigned if {
	_outcome(made.tenant("xdr-current", [object.union(made.sku("ATA"), {"consumedUnits": 0})])) == "pass"
}

test_fails_when_only_the_name_is_eligible_and_says_so if {
	every name in ["DEVELOPERPACK_E5", "M365EDU_A5_STUUSEBNFT"] {
		doc := made.tenant("mtp-2020-a", [made.sku(name)])
		_outcome(doc) == "fail"
		sprintf("'%s' is eligible by its name and not by its plans: it lacks WINDEFATP", [name]) in _values(doc)
		_outcome(made.tenant("xdr-current", [made.sku(name)])) == "pass"
		count(_values(made.tenant("xdr-current", [made.sku(name)]))) == 1
	}
}

test_passes_when_the_plans_are_equivalent_and_says_so if {
	every name in ["SPE_F5_SEC", "SPE_F5_SECCOMP", "M365_SECURITY_COMPLIANCE_FOR_FLW"] {
		doc := made.tenant("mtp-2020-a", [made.sku(name)])
		_outcome(doc) == "pass"
		sprintf("'%s' is eligible by its plans; Microsoft's text of 2020 does not name it", [name]) in _values(doc)
	}
}

test_unknown_when_skus_come_without_plans if {
	doc := made.tenant("xdr-current", [object.remove(made.sku("SPE_E5"), ["servicePlans", "capabilityStatus"])])
	_outcome(doc) == "unknown"
	some reason in rule.unknown with input as doc
	reason.reason == "partial"
	reason.message == "The status or the plans of 'SPE_E5' are not in the evidence."
}

test_passes_when_one_sku_is_eligible_and_another_unreadable if {
	_outcome(made.tenant("xdr-current", [made.sku("ATA"), {"skuId": "x"}])) == "pass"
}
