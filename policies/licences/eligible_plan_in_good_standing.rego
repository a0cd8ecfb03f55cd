# METADATA
# title: At least one licence that makes the tenant eligible is in good standing
# description: |-
#   A licence that was suspended or locked out no longer gives a right to the service, even
#   while its data is still kept. One eligible licence that is enabled, or in grace, is enough:
#   what a migration left behind is only shown. In grace the end comes with a date.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/defender-xdr/prerequisites
#   - ref: https://learn.microsoft.com/defender-xdr/data-privacy
#   - ref: https://learn.microsoft.com/graph/api/resources/subscribedsku
# custom:
#   id: LIC1002
#   severity: high
#   scope: tenant
#   clouds:
#     mtp-2020-a: [global]
#     mtp-2020-b: [global]
#     xdr-current: [global, gcc, gcchigh, dod]
#   monotone: false
#   evidence:
#     all: [subscribed_skus]
#     any: []
#     optional: [subscriptions]
#   licence: []
#   params:
#     count_weak_plans:
#       type: boolean
#       description: Whether a plan that Microsoft's text lets suffice but that comes with other products (Defender for Endpoint Plan 1, Cloud App Discovery) makes the tenant eligible. Every rule that asks whether the tenant is eligible goes by it.
#       default: true
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks: {}
#   remediation:
#     summary: Renew an eligible subscription, or buy another one, before the data is deleted.
#     steps:
#       xdr-current:
#         - Open the Microsoft 365 admin center, Billing > Your products, as Billing Administrator, and read the status and the end of each subscription.
#         - Pay or reactivate the suspended subscription, or ask the reseller to; a deleted one must be bought anew.
#         - Do it soon, because Microsoft keeps the data while the licence is suspended and deletes it no later than 180 days after the end.
package domicile.licences.eligible_plan_in_good_standing

import data.domicile.lib.licences

_skus := input.evidence.subscribed_skus

_carriers := licences.carriers(input, _skus)

deny contains finding if {
	licences.judgeable(input)
	licences.eligible(input, _skus)
	not licences.eligible(input, licences.standing(_skus))
	count(licences.unclear(_skus)) == 0
	finding := {
		"resource": {"kind": "tenant", "id": input.tenant.id, "name": input.tenant.name},
		"message": concat(" ", [
			sprintf("The licences that make the tenant eligible are not in good standing: %s.", [licences.quoted(_lapsed)]),
			"Data is kept while they are suspended and deleted no later than 180 days after the end.",
		]),
		"expected": "an eligible licence that is Enabled or Warning",
		"actual": concat(", ", sort({sku.capabilityStatus | some sku in _carriers})),
	}
}

_lapsed := {sprintf("%s is %s", [licences.sku_name(sku), sku.capabilityStatus]) |
	some sku in _carriers
	not sku.capabilityStatus in {"Enabled", "Warning"}
}

not_applicable contains reason if some reason in licences.not_offered(input)

not_applicable contains reason if {
	licences.judgeable(input)
	not licences.eligible(input, _skus)
	count(licences.unclear(_skus)) == 0
	reason := {
		"reason": "nothing_to_judge",
		"message": "No licence makes the tenant eligible, which LIC1001 reports.",
	}
}

unknown contains reason if some reason in licences.unread(input)

unknown contains reason if {
	licences.judgeable(input)
	not licences.eligible(input, licences.standing(_skus))
	some reason in licences.unclear(_skus)
}

observed contains {"fact": "licence", "service": "", "value": value, "tier": "api", "kind": "subscribed_skus"} if {
	some sku in _carriers
	value := sprintf("'%s' is %s", [licences.sku_name(sku), sku.capabilityStatus])
}

observed contains _expiry(sprintf("'%s' is in grace until %s", [licences.sku_name(sku), subscription.nextLifecycleDateTime])) if {
	some sku in _carriers
	sku.capabilityStatus == "Warning"
	some subscription in _graces(sku)
}

observed contains _expiry(sprintf("'%s' is in grace; its end is not in the evidence", [licences.sku_name(sku)])) if {
	some sku in _carriers
	sku.capabilityStatus == "Warning"
	count(_graces(sku)) == 0
}

observed contains _expiry(sprintf("the subscriptions' dates could not be read (%s)", [input.gaps.subscriptions.reason]))

_graces(sku) := [subscription |
	some subscription in input.evidence.subscriptions
	subscription.skuId == sku.skuId
	subscription.status == "Warning"
	is_string(subscription.nextLifecycleDateTime)
]

_expiry(value) := {"fact": "expiry", "service": "", "value": value, "tier": "api", "kind": "subscriptions"}
