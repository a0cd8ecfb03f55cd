# METADATA
# title: Licences that make the tenant eligible are assigned to somebody
# description: |-
#   Microsoft asks for a licence, not for an assignment, so that a tenant with unassigned units
#   alone is eligible. But nobody is then entitled to the service, and nobody's devices, mail
#   or identities are covered by it.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/graph/api/resources/subscribedsku
#   - ref: https://learn.microsoft.com/defender-xdr/prerequisites
# custom:
#   id: LIC1006
#   severity: low
#   scope: tenant
#   clouds:
#     mtp-2020-a: [global]
#     mtp-2020-b: [global]
#     xdr-current: [global, gcc, gcchigh, dod]
#   monotone: false
#   evidence:
#     all: [subscribed_skus]
#   params:
#     count_weak_plans:
#       type: boolean
#       description: Whether a plan that Microsoft's text lets suffice but that comes with other products (Defender for Endpoint Plan 1, Cloud App Discovery) makes the tenant eligible. Every rule that asks whether the tenant is eligible goes by it.
#       default: true
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks: {}
#   remediation:
#     summary: Assign the licences to the users whom the service is to cover.
#     steps:
#       xdr-current:
#         - Open the Microsoft 365 admin center, Billing > Licenses, as License Administrator, and choose the product.
#         - Assign it to a group of the users to be covered, with its Defender plans switched on.
#         - Look for assignments in error a few minutes later (LIC1009).
package domicile.licences.eligible_licences_assigned

import data.domicile.lib.licences

_skus := input.evidence.subscribed_skus

# A licence of the whole company can't be assigned.
_judged := [sku |
	some sku in licences.carriers(input, licences.standing(_skus))
	object.get(sku, "appliesTo", null) != "Company"
]

_names := {licences.sku_name(sku) | some sku in _judged}

deny contains {
	"resource": {"kind": "tenant", "id": input.tenant.id, "name": input.tenant.name},
	"message": sprintf("No unit of %s is assigned to anybody.", [licences.quoted(_names)]),
	"expected": "at least one unit assigned",
	"actual": "0 units assigned",
} if {
	licences.judgeable(input)
	count(licences.unclear(_skus)) == 0
	count(_judged) > 0
	every sku in _judged {
		sku.consumedUnits == 0
	}
}

not_applicable contains reason if some reason in licences.not_offered(input)

not_applicable contains {"reason": "nothing_to_judge", "message": "No licence of users that makes the tenant eligible is in good standing, which LIC1001 and LIC1002 report."} if {
	licences.judgeable(input)
	count(_judged) == 0
	count(licences.unclear(_skus)) == 0
}

unknown contains reason if some reason in licences.unread(input)

unknown contains reason if {
	licences.judgeable(input)
	not _assigned
	some reason in licences.unclear(_skus)
}

unknown contains {"reason": "partial", "kind": "subscribed_skus", "message": message} if {
	not _assigned
	unsaid := {licences.sku_name(sku) | some sku in _judged; not is_number(object.get(sku, "consumedUnits", null))}
	count(unsaid) > 0
	message := sprintf("The consumed units of %s are not in the evidence.", [licences.quoted(unsaid)])
}

observed contains {"fact": "count", "service": "", "value": value, "tier": "api", "kind": "subscribed_skus"} if {
	some sku in _judged
	is_number(sku.consumedUnits)
	value := sprintf("'%s': %d assigned", [licences.sku_name(sku), sku.consumedUnits])
}

_assigned if {
	some sku in _judged
	sku.consumedUnits > 0
}
