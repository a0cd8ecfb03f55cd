# METADATA
# title: Licences
# description: |-
#   Which service plans a tenant holds, and what they make it eligible for. The functions
#   take subscribed SKUs as Microsoft Graph lists them. Plans are told by their ids, as
#   Microsoft's "Product names and service plan identifiers for licensing" gives them; a
#   SKU's name decides nothing.
# scope: package
# related_resources:
#   - ref: https://learn.microsoft.com/entra/identity/users/licensing-service-plan-reference
#   - ref: https://learn.microsoft.com/defender-xdr/prerequisites
package domicile.lib.licences

import data.domicile.lib.licences_skus

# plans gives the id of each service plan that a rule speaks of, by the plan's name.
plans := {
	"AAD_PREMIUM": "41781fb2-bc02-4b7c-bd55-b576c07bb09d",
	"AAD_PREMIUM_P2": "eec0eb4f-6444-4f95-aba0-50c24d67f998",
	"ADALLOM_FOR_AATP": "61d18b02-6889-479f-8f36-56e6e0fe5792",
	"ADALLOM_S_DISCOVERY": "932ad362-64a8-4783-9106-97849a1a30b9",
	"ADALLOM_S_O365": "8c098270-9dd4-4350-9b30-ba4703f3b36b",
	"ADALLOM_S_STANDALONE": "2e2ddb96-6af9-4b1d-a3f0-d6ecfd22edb2",
	"ADALLOM_S_STANDALONE_DOD": "6ebdddb7-8e55-4af2-952b-69e77262f96c",
	"ATA": "14ab5db5-e6c4-4b20-b4bc-13e36fd2227f",
	"ATP_ENTERPRISE": "f20fedf3-f3c3-43c3-8267-2bfdd51c0939",
	"ATP_ENTERPRISE_GOV": "493ff600-6a2b-4db6-ad37-a7d4eb214516",
	"CustomerLockboxA_Enterprise": "3ec18638-bd4c-4d3b-8905-479ed636b83e",
	"Defender_for_Iot_Enterprise": "99cd49a9-0e54-4e07-aea1-d8d9f5f704f5",
	"EXCHANGEONLINE_MULTIGEO": "897d51f1-2cfa-4848-9b30-469149f5e68e",
	"Entra_Identity_Governance": "e866a266-3cff-43a3-acca-0c90a7e00c8b",
	"LOCKBOX_ENTERPRISE": "9f431833-0334-42de-a7dc-70aa40db46db",
	"LOCKBOX_ENTERPRISE_GOV": "89b5d3b1-3855-49fe-b46c-87c66dbc1526",
	"MDE_LITE": "292cc034-7b7c-4950-aaf5-943befd3f1d4",
	"MDE_SMB": "bfc1bbd9-981b-4f71-9b82-17c35fd0e2a4",
	"MTP": "bf28f719-7844-4079-9c78-c1307898e192",
	"SHAREPOINTONLINE_MULTIGEO": "735c1d98-dd3f-4818-b4ed-c8052e18e62d",
	"TEAMSMULTIGEO": "41eda15d-6b52-453b-906f-bc4a5b25a26b",
	"THREAT_INTELLIGENCE": "8e0c0a52-6a6c-4d40-8370-dd62790dcd70",
	"THREAT_INTELLIGENCE_GOV": "900018f1-0cdb-4ecb-94d4-90281760fdc6",
	"TVM_PREMIUM_1": "36810a13-b903-490a-aa45-afbeb7540832",
	"WINDEFATP": "871d91ec-ec1a-452b-a83f-bd76c7d770ef",
}

_names := {id: name | some name, id in plans}

# service_plans gives the plans that license a service, by the service's name. Defender
# for Office 365 feeds Defender XDR with Plan 2 alone.
service_plans := {
	"endpoint": {plans.WINDEFATP, plans.MDE_LITE, plans.MDE_SMB},
	"office": {plans.THREAT_INTELLIGENCE, plans.THREAT_INTELLIGENCE_GOV},
	"cloud_apps": {plans.ADALLOM_S_STANDALONE, plans.ADALLOM_S_STANDALONE_DOD},
	"identity": {plans.ATA},
}

# _full is what one licence had to hold by the first text of 2020: the plans of all four
# services. The plan MTP isn't asked for: many full licences come without it.
_full := {plans.WINDEFATP, plans.THREAT_INTELLIGENCE, plans.ADALLOM_S_STANDALONE, plans.ATA}

# _strong are the plans of which one suffices, by profile; _weak those that the text
# lets suffice as well, but which half of all tenants hold for another purpose.
_strong := {
	"mtp-2020-a": set(),
	"mtp-2020-b": _full,
	"xdr-current": {
		plans.MTP,
		plans.WINDEFATP,
		plans.MDE_SMB,
		plans.ATA,
		plans.ADALLOM_S_STANDALONE,
		plans.ADALLOM_S_STANDALONE_DOD,
		plans.THREAT_INTELLIGENCE,
		plans.THREAT_INTELLIGENCE_GOV,
		plans.Defender_for_Iot_Enterprise,
	},
}

_weak := {
	"mtp-2020-a": set(),
	"mtp-2020-b": set(),
	"xdr-current": {plans.MDE_LITE, plans.ADALLOM_S_DISCOVERY},
}

# _sought are the plans that count towards eligibility under the profile of an input: the weak
# ones as well unless the parameter count_weak_plans says that they don't.
_sought(doc) := _full if {
	doc.profile == "mtp-2020-a"
} else := _sufficing(doc)

_sufficing(doc) := _strong[doc.profile] | _weak[doc.profile] if {
	doc.params.count_weak_plans
} else := _strong[doc.profile]

# offered holds when Microsoft offered the service to a cloud's tenants under a profile:
# in 2020 to the commercial cloud alone, today to the US Government's clouds as well.
offered(profile, cloud) if cloud in _clouds[profile]

_clouds := {
	"mtp-2020-a": {"global"},
	"mtp-2020-b": {"global"},
	"xdr-current": {"global", "gcc", "gcchigh", "dod"},
}

# not_offered is the reason not to judge a tenant of a cloud in which the service wasn't
# offered, in a set, which is empty otherwise. It takes the whole input, as judgeable
# and unread do.
not_offered(doc) := {reason |
	not offered(doc.profile, doc.tenant.cloud)
	reason := {"reason": "not_offered", "message": "The service was not offered in this cloud."}
}

# judgeable holds when the service was offered and the SKUs were read in full.
judgeable(doc) if {
	offered(doc.profile, doc.tenant.cloud)
	not doc.gaps.subscribed_skus
}

# unread is the reason not to know when the SKUs weren't read, or not in full, in a set,
# which is empty otherwise.
unread(doc) := {reason |
	offered(doc.profile, doc.tenant.cloud)
	gap := doc.gaps.subscribed_skus
	reason := {
		"reason": gap.reason,
		"kind": "subscribed_skus",
		"message": "The licences could not be read in full, which takes LicenseAssignment.Read.All.",
	}
}

# unclear is the reason not to know when SKUs are unreadable, in a set, which is empty
# otherwise.
unclear(skus) := {reason |
	names := unreadable(skus)
	count(names) > 0
	reason := {
		"reason": "partial",
		"kind": "subscribed_skus",
		"message": sprintf("The status or the plans of %s are not in the evidence.", [quoted(names)]),
	}
}

# held is the set of the ids of the plans that the SKUs give: the SKU is not deleted and
# the plan in it not disabled. A plan that still waits for something is held; one
# whose state isn't said is not.
held(skus) := {plan.servicePlanId |
	some sku in skus
	is_string(sku.capabilityStatus)
	sku.capabilityStatus != "Deleted"
	some plan in sku.servicePlans
	is_string(plan.provisioningStatus)
	plan.provisioningStatus != "Disabled"
}

# unreadable is the set of the names of the SKUs that don't say their status or their
# plans, so that they may hold more than held tells.
unreadable(skus) := {sku_name(sku) |
	some sku in skus
	not _readable(sku)
}

_readable(sku) if {
	is_string(sku.capabilityStatus)
	is_array(sku.servicePlans)
	every plan in sku.servicePlans {
		is_string(plan.servicePlanId)
		is_string(plan.provisioningStatus)
	}
}

# eligible holds when the SKUs make a tenant eligible for the service, whatever their standing
# is, save that deleted ones are gone. It takes the whole input for its profile, and for the
# parameter count_weak_plans, which says whether a weak plan does: Defender for Endpoint Plan
# 1, which the text may or may not mean, and Cloud App Discovery, which comes with every
# Entra ID P1. Every rule that asks whether a tenant is eligible asks here.
eligible(doc, skus) if count(held(skus) & _sufficing(doc)) > 0

eligible(doc, skus) if {
	doc.profile == "mtp-2020-a"
	_fully_licensed(skus)
}

# weak_alone is the set of the names of the weak plans on which eligibility rests alone under a
# profile, whether they count or not; it is empty where another plan suffices.
weak_alone(skus, profile) := {_names[id] |
	count(held(skus) & _strong[profile]) == 0
	some id in (held(skus) & _weak[profile])
}

# in_good_standing holds when the tenant is eligible by SKUs that are enabled or in grace. It
# takes the whole input.
in_good_standing(doc) if eligible(doc, standing(doc.evidence.subscribed_skus))

# standing are the SKUs that are enabled or in grace (Warning).
standing(skus) := [sku |
	some sku in skus
	sku.capabilityStatus in {"Enabled", "Warning"}
]

# carriers are the SKUs that hold at least one plan that counts towards eligibility. It takes
# the whole input, as counted_plans does.
carriers(doc, skus) := [sku |
	some sku in skus
	count(held([sku]) & _sought(doc)) > 0
]

# counted_plans is the sorted list of the names of the plans of a SKU that count towards
# eligibility.
counted_plans(doc, sku) := sort([_names[id] | some id in (held([sku]) & _sought(doc))])

# service_licensed holds when a plan of the service (endpoint, office, cloud_apps or
# identity) is held.
service_licensed(skus, service) if count(held(skus) & service_plans[service]) > 0

# full_set holds when one SKU has the plans of all four services.
full_set(sku) if count(_full - held([sku])) == 0

# lacking is the sorted list of the names of the plans that a SKU lacks of the full set.
lacking(sku) := sort([_names[id] | some id in (_full - held([sku]))])

_fully_licensed(skus) if {
	some sku in skus
	full_set(sku)
}

# The three suites of 2020 together: Office 365 E5 or A5, Enterprise Mobility + Security
# E5, Windows E5 or A5, each with the plans it stands for.
_fully_licensed(skus) if {
	_suite_held(skus, licences_skus.office_365_e5, {plans.THREAT_INTELLIGENCE})
	_suite_held(skus, licences_skus.ems_e5, {plans.ADALLOM_S_STANDALONE, plans.ATA})
	_suite_held(skus, licences_skus.windows_e5, {plans.WINDEFATP})
}

# Microsoft 365 E5 Security is also sold as what Enterprise Mobility + Security E5 lacks
# of it.
_fully_licensed(skus) if {
	_suite_held(skus, licences_skus.e5_security_for_ems_e5, {plans.THREAT_INTELLIGENCE, plans.WINDEFATP})
	_suite_held(skus, licences_skus.ems_e5, {plans.ADALLOM_S_STANDALONE, plans.ATA})
}

_suite_held(skus, ids, wanted) if {
	some sku in skus
	sku.skuId in ids
	count(wanted - held([sku])) == 0
}

# named holds when Microsoft's text of a profile names the SKU's product as sufficient
# by itself, whatever plans the SKU has.
named(sku, _) if sku.skuId in licences_skus.named_2020

named(sku, profile) if {
	profile in {"mtp-2020-b", "xdr-current"}
	some suite in [licences_skus.office_365_e5, licences_skus.ems_e5, licences_skus.windows_e5]
	sku.skuId in suite
}

# sku_name is what a message calls a SKU: its part number, or else its id.
default sku_name(_) := "a SKU without a name"

sku_name(sku) := [name |
	some name in [object.get(sku, "skuPartNumber", null), object.get(sku, "skuId", null)]
	is_string(name)
][0]

# quoted lists names for a message: the first five, each cut to 55 characters, and how
# many more there are.
quoted(names) := concat("", [concat(", ", first), _rest(count(names) - 5)]) if {
	first := [sprintf("'%s'", [substring(name, 0, 55)]) |
		some i, name in sort(names)
		i < 5
	]
}

default _rest(_) := ""

_rest(more) := sprintf(" and %d more", [more]) if more > 0
