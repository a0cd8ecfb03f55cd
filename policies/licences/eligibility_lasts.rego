# METADATA
# title: Eligibility rests on a subscription that is neither a trial nor about to end
# description: |-
#   When the last eligible subscription ends, the service's right to run ends with it, and its
#   data is deleted some months later. A trial ends by its nature. The date in Microsoft Graph is
#   when a subscription changes state if it isn't renewed: whether it renews by itself is not
#   there, so that a monthly one is judged only when the configuration names it.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/graph/api/resources/companysubscription
#   - ref: https://learn.microsoft.com/microsoft-365/commerce/subscriptions/what-if-my-subscription-expires
# custom:
#   id: LIC1003
#   severity: medium
#   scope: tenant
#   clouds:
#     mtp-2020-a: [global]
#     mtp-2020-b: [global]
#     xdr-current: [global, gcc, gcchigh, dod]
#   monotone: false
#   evidence:
#     all: [subscribed_skus, subscriptions]
#     any: []
#     optional: []
#   licence: []
#   params:
#     auto_renewed_subscriptions:
#       type: [string]
#       description: Ids of the subscriptions (id or commerceSubscriptionId) that renew by themselves.
#       default: []
#     count_weak_plans:
#       type: boolean
#       description: Whether a plan that Microsoft's text lets suffice but that comes with other products (Defender for Endpoint Plan 1, Cloud App Discovery) makes the tenant eligible. Every rule that asks whether the tenant is eligible goes by it.
#       default: true
#     licence_expiry_days:
#       type: integer
#       description: For how many days from now, at least, eligibility must last.
#       default: 30
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks: {}
#   remediation:
#     summary: Renew the subscription or replace the trial, or name the subscriptions that renew by themselves.
#     steps:
#       xdr-current:
#         - Open the Microsoft 365 admin center, Billing > Your products, as Billing Administrator, and read the end and the recurring billing of each eligible subscription.
#         - Turn recurring billing on, renew with the reseller, or buy a subscription in place of the trial.
#         - Write the ids of the subscriptions that renew by themselves into the parameter auto_renewed_subscriptions.
package domicile.licences.eligibility_lasts

import data.domicile.lib.attestations
import data.domicile.lib.licences

_skus := input.evidence.subscribed_skus

# _covering are the SKUs that eligibility rests on today.
_covering := licences.carriers(input, licences.standing(_skus))

# _subscriptions are the subscriptions in force of those SKUs, each with what it is worth.
_subscriptions := [{"row": row, "ends": _ends(row)} |
	some sku in _covering
	some row in input.evidence.subscriptions
	row.skuId == sku.skuId
	row.status in {"Enabled", "Warning"}
]

deny contains finding if {
	_judged
	not licences.eligible(input, _with({"no"}))
	not licences.eligible(input, _with({"no", "unknown"}))
	finding := {
		"resource": {"kind": "tenant", "id": input.tenant.id, "name": input.tenant.name},
		"message": sprintf("Eligibility rests on what ends within %d days or is a trial: %s.", [_days, licences.quoted(_ending)]),
		"expected": sprintf("an eligible subscription that is no trial and lasts for more than %d days", [_days]),
		"actual": licences.quoted(_ending),
	}
}

_ending := {_named(subscription) |
	some subscription in _subscriptions
	subscription.ends == "yes"
}

not_applicable contains reason if some reason in licences.not_offered(input)

not_applicable contains reason if {
	licences.judgeable(input)
	not licences.eligible(input, _covering)
	count(licences.unclear(_skus)) == 0
	reason := {
		"reason": "nothing_to_judge",
		"message": "No eligible licence is in good standing, which LIC1001 and LIC1002 report.",
	}
}

unknown contains reason if some reason in licences.unread(input)

unknown contains reason if {
	licences.judgeable(input)
	not licences.eligible(input, _with({"no"}))
	some reason in licences.unclear(_skus)
}

unknown contains reason if {
	licences.judgeable(input)
	gap := input.gaps.subscriptions
	reason := {
		"reason": gap.reason,
		"kind": "subscriptions",
		"message": "The subscriptions could not be read in full, which takes Organization.Read.All.",
	}
}

unknown contains reason if {
	_judged
	not licences.eligible(input, _with({"no"}))
	licences.eligible(input, _with({"no", "unknown"}))
	reason := {
		"reason": "not_collected",
		"kind": "subscriptions",
		"message": concat(" ", [
			sprintf("Whether these go on is not in Microsoft Graph: %s.", [licences.quoted(_unsure)]),
			"If they renew by themselves, name them in the parameter auto_renewed_subscriptions.",
		]),
	}
}

_unsure := {_named(subscription) |
	some subscription in _subscriptions
	subscription.ends == "unknown"
} | _unlisted

# _unlisted are the SKUs in good standing that no subscription in the list explains.
_unlisted := {licences.sku_name(sku) |
	some sku in _covering
	not _listed(sku)
}

_listed(sku) if {
	some subscription in _subscriptions
	subscription.row.skuId == sku.skuId
}

observed contains {"fact": "expiry", "service": "", "value": value, "tier": "api", "kind": "subscriptions"} if {
	some subscription in _subscriptions
	value := sprintf("%s%s", [_named(subscription), _trial(subscription.row)])
}

_judged if {
	licences.judgeable(input)
	not input.gaps.subscriptions
	licences.eligible(input, _covering)
	count(licences.unclear(_skus)) == 0
}

# _with are the covering SKUs that have a subscription of which it is one of the answers
# whether it ends soon. A SKU without a subscription in the list is unknown.
_with(answers) := [sku |
	some sku in _covering
	_answered(sku, answers)
]

_answered(sku, answers) if {
	some subscription in _subscriptions
	subscription.row.skuId == sku.skuId
	subscription.ends in answers
}

_answered(sku, answers) if {
	"unknown" in answers
	not _listed(sku)
}

_days := input.params.licence_expiry_days

# _ends says whether a subscription ends within the days: yes, no or unknown.
default _ends(_) := "unknown"

_ends(row) := "yes" if row.isTrial == true

_ends(row) := "no" if {
	row.isTrial == false
	_continues(row)
}

_ends(row) := "yes" if {
	row.isTrial == false
	attestations.time_ns(row.nextLifecycleDateTime)
	not _continues(row)
	not _monthly(row)
}

_continues(row) if {
	end := attestations.time_ns(row.nextLifecycleDateTime)
	end > time.add_date(time.parse_rfc3339_ns(input.now), 0, 0, _days)
}

# Microsoft writes the end of time where there is no end.
_continues(row) if {
	is_string(row.nextLifecycleDateTime)
	startswith(row.nextLifecycleDateTime, "9999-12-31T")
}

_continues(row) if {
	some id in [object.get(row, "id", ""), object.get(row, "commerceSubscriptionId", "")]
	id in input.params.auto_renewed_subscriptions
}

# A term that isn't said is read from the time between creation and the next change of
# state: whole months that make no whole years are a monthly term. In grace (Warning)
# that time says nothing, and a subscription that got there was not renewed.
_monthly(row) if {
	row.status == "Enabled"
	is_string(row.createdDateTime)
	[years, months, days] := _between(row.createdDateTime, row.nextLifecycleDateTime)
	whole := ((years * 12) + months) + _rounded(days)
	whole % 12 > 0
}

_between(from, to) := [years, months, days] if {
	[years, months, days, _, _, _] := time.diff(_midnight(from), _midnight(to))
}

_midnight(moment) := attestations.time_ns(substring(moment, 0, 10))

_rounded(days) := 0 if days <= 1

_rounded(days) := 1 if days >= 27

_named(subscription) := sprintf("%s %s, next change %s", [
	licences.sku_name(subscription.row),
	subscription.row.status,
	_date(subscription.row),
])

default _date(_) := "unknown"

_date(row) := substring(row.nextLifecycleDateTime, 0, 10) if is_string(row.nextLifecycleDateTime)

default _trial(_) := ""

_trial(row) := ", trial" if row.isTrial == true
