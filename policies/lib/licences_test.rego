package domicile.lib.licences_test

import data.domicile.lib.licences
import data.domicile.lib.licences_fixtures_test as made
import data.domicile.lib.licences_skus

_doc(profile) := made.tenant(profile, [])

# _strict is the input of a tenant for which weak plans don't count.
_strict := object.union(_doc("xdr-current"), {"params": {"count_weak_plans": false}})

_eligible(skus) := [profile | some profile in made.profiles; licences.eligible(_doc(profile), skus)]

_sku(name) := made.sku(name)

test_every_sku_of_the_catalogue_is_eligible_today if {
	every name, _ in made.catalogue {
		licences.eligible(_doc("xdr-current"), [_sku(name)])
	}
}

test_only_the_catalogue_s_full_skus_are_eligible_alone_under_the_first_text if {
	names := {name | some name, _ in made.catalogue; licences.eligible(_doc("mtp-2020-a"), [_sku(name)])}
	names == made.full_2020
}

test_late_2020_takes_any_commercial_defender_plan if {
	names := {name | some name, _ in made.catalogue; not licences.eligible(_doc("mtp-2020-b"), [_sku(name)])}
	plans := {plan | some name in names; some plan in made.catalogue[name][1]}
	plans == {"MDE_LITE", "MDE_SMB", "ADALLOM_S_STANDALONE_DOD", "Defender_for_Iot_Enterprise", "MTP", "THREAT_INTELLIGENCE_GOV"}
}

test_office_365_e5_alone if _eligible([_sku("ENTERPRISEPREMIUM")]) == ["mtp-2020-b", "xdr-current"]

test_ems_e5_alone if _eligible([_sku("EMSPREMIUM")]) == ["mtp-2020-b", "xdr-current"]

test_microsoft_365_e3_alone_is_eligible_today_by_a_weak_plan if {
	_eligible([_sku("SPE_E3")]) == ["xdr-current"]
	not licences.eligible(_strict, [_sku("SPE_E3")])
}

test_e3_with_e5_security_is_eligible_in_all_profiles if {
	_eligible([_sku("SPE_E3"), _sku("IDENTITY_THREAT_PROTECTION")]) == made.profiles
}

test_gcc_high_e5_is_eligible_by_its_plans_and_offered_today_only if {
	licences.eligible(_doc("xdr-current"), [_sku("SPE_E5_USGOV_GCCHIGH")])
	[profile | some profile in made.profiles; licences.offered(profile, "gcchigh")] == ["xdr-current"]
}

test_the_plan_mtp_is_neither_needed_nor_left_out if {
	_eligible([_sku("SPE_E5_CALLINGMINUTES")]) == made.profiles
	_eligible([made.made("ANY", "id", ["MTP"])]) == ["xdr-current"]
}

test_cloud_app_discovery_alone_is_weak if {
	skus := [made.made("AAD_PREMIUM", "078d2b04-f1bd-4111-bbd4-b4b1b354cef4", ["AAD_PREMIUM", "ADALLOM_S_DISCOVERY"])]
	_eligible(skus) == ["xdr-current"]
	licences.weak_alone(skus, "xdr-current") == {"ADALLOM_S_DISCOVERY"}
	licences.weak_alone(skus, "mtp-2020-b") == set()
	not licences.eligible(_strict, skus)
	not licences.in_good_standing(object.union(_strict, {"evidence": {"subscribed_skus": skus}}))
	licences.carriers(_strict, skus) == []
	licences.eligible(_strict, [_sku("SPE_E5")])
	licences.weak_alone(array.concat(skus, [_sku("SPE_E5")]), "xdr-current") == set()
}

test_three_suites_together_are_eligible_under_the_first_text if {
	skus := [_sku("ENTERPRISEPREMIUM"), _sku("EMSPREMIUM"), _sku("WIN10_VDA_E5")]
	_eligible(skus) == made.profiles
	every left_out in [0, 1, 2] {
		rest := [sku | some i, sku in skus; i != left_out]
		not licences.eligible(_doc("mtp-2020-a"), rest)
	}
}

test_a_suite_without_its_plan_does_not_count if {
	skus := [_sku("ENTERPRISEPREMIUM"), made.without("EMSPREMIUM", ["ATA"]), _sku("WIN10_VDA_E5")]
	not licences.eligible(_doc("mtp-2020-a"), skus)
}

test_single_products_are_no_suite if {
	skus := [_sku("WIN_DEF_ATP"), _sku("ATA"), _sku("ADALLOM_STANDALONE"), _sku("THREAT_INTELLIGENCE")]
	_eligible(skus) == ["mtp-2020-b", "xdr-current"]
}

test_e5_security_for_ems_e5_completes_ems_e5 if {
	_eligible([_sku("EMSPREMIUM"), _sku("IDENTITY_THREAT_PROTECTION_FOR_EMS_E5")]) == made.profiles
	not licences.eligible(_doc("mtp-2020-a"), [_sku("IDENTITY_THREAT_PROTECTION_FOR_EMS_E5")])
}

test_deleted_skus_and_disabled_plans_are_not_held if {
	licences.held([made.in_status("ATA", "Deleted")]) == set()
	licences.held([made.without("ATA", ["ATA"])]) == set()
	every status in ["Enabled", "Warning", "Suspended", "LockedOut"] {
		licences.held([made.in_status("ATA", status)]) == {licences.plans.ATA}
	}
	every status in ["Success", "PendingInput", "PendingActivation", "PendingProvisioning"] {
		licences.held([made.with_plans("ATA", ["ATA"], status)]) == {licences.plans.ATA}
	}
}

test_nothing_is_held_by_what_does_not_say_its_status if {
	plans := _sku("ATA").servicePlans
	licences.held([
		{"skuPartNumber": "A", "servicePlans": plans},
		{"skuPartNumber": "B", "capabilityStatus": null, "servicePlans": plans},
		{"skuPartNumber": "C", "capabilityStatus": "Enabled", "servicePlans": null},
		{"skuPartNumber": "D", "capabilityStatus": "Enabled", "servicePlans": [{"servicePlanId": licences.plans.ATA}]},
	]) == set()
}

test_unreadable_skus_are_named if {
	plans := _sku("ATA").servicePlans
	licences.unreadable([
		_sku("ATA"),
		{"skuPartNumber": "A", "servicePlans": plans},
		{"skuId": "b", "capabilityStatus": "Enabled"},
		{"skuPartNumber": "C", "capabilityStatus": "Enabled", "servicePlans": [{"servicePlanId": licences.plans.ATA}]},
	]) == {"A", "b", "C"}
}

test_a_sku_is_called_by_its_part_number_or_its_id if {
	licences.sku_name({"skuPartNumber": "ATA", "skuId": "id"}) == "ATA"
	licences.sku_name({"skuPartNumber": null, "skuId": "id"}) == "id"
	licences.sku_name({}) == "a SKU without a name"
}

test_good_standing_takes_enabled_or_warning if {
	every status in ["Enabled", "Warning"] {
		licences.in_good_standing(made.tenant("mtp-2020-a", [made.in_status("SPE_E5", status)]))
	}
	every status in ["Suspended", "LockedOut", "Deleted"] {
		not licences.in_good_standing(made.tenant("xdr-current", [made.in_status("SPE_E5", status)]))
	}
}

test_services_are_licensed_by_their_plans if {
	licensed := {service: names |
		some service, _ in licences.service_plans
		names := {plan |
			some plan, id in licences.plans
			licences.service_licensed([made.made("ANY", id, [plan])], service)
		}
	}
	licensed == {
		"endpoint": {"WINDEFATP", "MDE_LITE", "MDE_SMB"},
		"office": {"THREAT_INTELLIGENCE", "THREAT_INTELLIGENCE_GOV"},
		"cloud_apps": {"ADALLOM_S_STANDALONE", "ADALLOM_S_STANDALONE_DOD"},
		"identity": {"ATA"},
	}
}

test_carriers_are_the_skus_with_a_plan_that_counts if {
	skus := [_sku("SPE_E3"), _sku("EMSPREMIUM"), made.in_status("ATA", "Deleted")]
	[sku.skuPartNumber | some sku in licences.carriers(_doc("mtp-2020-a"), skus)] == ["EMSPREMIUM"]
	[sku.skuPartNumber | some sku in licences.carriers(_doc("xdr-current"), skus)] == ["SPE_E3", "EMSPREMIUM"]
	licences.counted_plans(_doc("mtp-2020-a"), _sku("EMSPREMIUM")) == ["ADALLOM_S_STANDALONE", "ATA"]
}

test_names_do_not_decide if {
	every name in ["DEVELOPERPACK_E5", "M365EDU_A5_STUUSEBNFT"] {
		licences.named(_sku(name), "mtp-2020-a")
		not licences.eligible(_doc("mtp-2020-a"), [_sku(name)])
		licences.lacking(_sku(name)) == ["WINDEFATP"]
	}
	every name in ["SPE_F5_SEC", "SPE_F5_SECCOMP", "M365_SECURITY_COMPLIANCE_FOR_FLW"] {
		licences.full_set(_sku(name))
		not licences.named(_sku(name), "mtp-2020-a")
	}
	licences.named(_sku("EMSPREMIUM"), "xdr-current")
	not licences.named(_sku("EMSPREMIUM"), "mtp-2020-a")
}

test_the_lists_of_skus_hold_what_the_catalogue_calls_so if {
	ids := {entry[0] | some entry in made.catalogue}
	every list in [licences_skus.office_365_e5, licences_skus.ems_e5, licences_skus.windows_e5, licences_skus.e5_security_for_ems_e5, licences_skus.named_2020] {
		count(list - ids) == 0
	}
}

test_quoted_cuts_and_counts if {
	licences.quoted({"b", "a"}) == "'a', 'b'"
	licences.quoted(["a", "b", "c", "d", "e", "f", "g"]) == "'a', 'b', 'c', 'd', 'e' and 2 more"
	licences.quoted([_long]) == sprintf("'%s'", [substring(_long, 0, 55)])
}

_long := "a name that is far longer than a message has room for, however one looks at it"

test_reasons_when_not_offered_unread_or_unclear if {
	good := made.tenant("xdr-current", [_sku("SPE_E5")])
	licences.judgeable(good)
	licences.not_offered(good) == set()
	licences.unread(good) == set()
	licences.unclear([_sku("SPE_E5")]) == set()
	china := object.union(good, {"tenant": {"cloud": "china"}})
	not licences.judgeable(china)
	{reason.reason | some reason in licences.not_offered(china)} == {"not_offered"}
	gone := object.union(good, made.gap("subscribed_skus", "no_permission"))
	not licences.judgeable(gone)
	{[reason.reason, reason.kind] | some reason in licences.unread(gone)} == {["no_permission", "subscribed_skus"]}
	{reason.reason | some reason in licences.unclear([{"skuId": "x"}])} == {"partial"}
}
