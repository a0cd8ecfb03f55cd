# METADATA
# title: Subscribed SKUs, subscriptions and the organisation's assigned plans agree
# description: |-
#   Microsoft keeps three views of what a tenant may use. They are kept apart and catch up with
#   each other within hours; where they go on disagreeing, a right that one of them shows is not
#   one to rely on. Plans are compared where a rule of this project speaks of them.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/graph/api/resources/subscribedsku
#   - ref: https://learn.microsoft.com/graph/api/resources/companysubscription
#   - ref: https://learn.microsoft.com/graph/api/resources/organization
# custom:
#   id: LIC1010
#   severity: low
#   scope: tenant
#   clouds: [global, gcc, gcchigh, dod, china]
#   monotone: false
#   evidence:
#     all: [subscribed_skus, subscriptions, organization]
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks: {}
#   remediation:
#     summary: Wait a day, then ask Microsoft or the reseller which of the views is right.
#     steps:
#       xdr-current:
#         - Run the scan again a day after the last purchase, renewal or cancellation.
#         - Compare with the Microsoft 365 admin center, Billing > Your products, which is what was bought.
#         - Where they still disagree, open a billing ticket with Microsoft, or with the reseller, and name the SKU or the plan.
package domicile.licences.licence_views_agree

import data.domicile.lib.licences

deny contains {
	"resource": {"kind": "tenant", "id": input.tenant.id, "name": input.tenant.name},
	"message": sprintf("The views of the tenant's licences disagree: %s.", [concat("; ", _problems)]),
	"expected": "the same SKUs and plans in all three views",
	"actual": sprintf("%d kinds of disagreement", [count(_problems)]),
} if {
	_readable
	count(_problems) > 0
}

not_applicable contains {"reason": "nothing_to_judge", "message": "No view of the tenant's licences shows any in force."} if {
	_readable
	count(_skus | _subscribed) == 0
	count(_held | _assigned) == 0
}

unknown contains {"reason": "partial", "kind": "organization", "message": "The organisation's assigned plans are not in the evidence; collect organization again."} if not _plans_read

unknown contains {"reason": "partial", "kind": "subscriptions", "message": "The status or the SKU of some subscriptions is not in the evidence; collect subscriptions again."} if not _rows_read

unknown contains reason if some reason in licences.unclear(input.evidence.subscribed_skus)

observed contains {"fact": "licence", "service": "", "value": value, "tier": "api", "kind": "subscribed_skus"} if {
	_readable
	value := sprintf("%d SKUs and %d subscribed ones in force, %d plans held and %d assigned", [count(_skus), count(_subscribed), count(_held), count(_assigned)])
}

_readable if {
	_plans_read
	_rows_read
	count(licences.unclear(input.evidence.subscribed_skus)) == 0
}

_plans_read if {
	is_array(input.evidence.organization[0].assignedPlans)
	every plan in input.evidence.organization[0].assignedPlans {
		is_string(plan.servicePlanId)
		is_string(plan.capabilityStatus)
	}
}

_rows_read if {
	every row in input.evidence.subscriptions {
		is_string(row.skuId)
		is_string(row.status)
	}
}

_problems := [problem |
	some [text, ids] in [
		["SKUs in force without a subscription in force: %s", _skus - _subscribed],
		["subscriptions in force without a SKU in force: %s", _subscribed - _skus],
		["plans held and not assigned to the organisation: %s", _held - _assigned],
		["plans assigned to the organisation and not held: %s", _assigned - _owned],
	]
	count(ids) > 0
	problem := sprintf(text, [licences.quoted({_name(id) | some id in ids})])
]

_standing := licences.standing(input.evidence.subscribed_skus)

_skus := {sku.skuId | some sku in _standing; is_string(sku.skuId)}

_subscribed := {row.skuId |
	some row in input.evidence.subscriptions
	row.status in {"Enabled", "Warning"}
	is_string(row.skuId)
}

_known := {id: name | some name, id in licences.plans}

# A plan that still waits for something needn't be assigned yet.
_held := {plan.servicePlanId |
	some sku in _standing
	some plan in sku.servicePlans
	plan.provisioningStatus == "Success"
	_known[plan.servicePlanId]
}

_owned := licences.held(_standing)

_assigned := {plan.servicePlanId |
	some plan in input.evidence.organization[0].assignedPlans
	plan.capabilityStatus in {"Enabled", "Warning"}
	_known[plan.servicePlanId]
}

_name(id) := _known[id] if {
	_known[id]
} else := licences.sku_name([row |
	some row in array.concat(_standing, input.evidence.subscriptions)
	row.skuId == id
][0])
