# METADATA
# title: No more licences are consumed than bought
# description: |-
#   Microsoft lets a tenant assign more units of a licence than it has bought, for a while and
#   after a reduction. Users beyond the bought number have no right to the service. Judged are
#   the licences of users that make the tenant eligible and are in good standing; units in
#   grace still count as bought.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/graph/api/resources/subscribedsku
#   - ref: https://learn.microsoft.com/microsoft-365/commerce/licenses/buy-licenses
# custom:
#   id: LIC1005
#   severity: medium
#   scope: tenant
#   clouds:
#     mtp-2020-a: [global]
#     mtp-2020-b: [global]
#     xdr-current: [global, gcc, gcchigh, dod]
#   monotone: true
#   evidence:
#     all: [subscribed_skus]
#   params:
#     count_weak_plans:
#       type: boolean
#       description: Whether a plan that Microsoft's text lets suffice but that comes with other products (Defender for Endpoint Plan 1, Cloud App Discovery) makes the tenant eligible. Every rule that asks whether the tenant is eligible goes by it.
#       default: true
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks:
#     nist_800_53: [{id: CM-10, coverage: part}]
#     iso_27001: [{id: A.5.32, coverage: part}]
#   remediation:
#     summary: Buy the missing units, or take licences from those who don't need them.
#     steps:
#       xdr-current:
#         - Open the Microsoft 365 admin center, Billing > Licenses, as License Administrator or Global Reader, and read how many units of the product are assigned.
#         - Remove the licence from disabled accounts and from leavers first, or from the group that assigns it.
#         - Buy the units that are still missing under Billing > Your products, or through the reseller.
package domicile.licences.no_more_consumed_than_bought

import data.domicile.lib.licences

_skus := input.evidence.subscribed_skus

# A licence of the whole company has no units of users.
_judged := [sku |
	some sku in licences.carriers(input, licences.standing(_skus))
	object.get(sku, "appliesTo", null) != "Company"
]

deny contains {
	"resource": {"kind": "subscribed_sku", "id": sku.id, "name": licences.sku_name(sku)},
	"message": sprintf("Of %s, %d units are consumed and %d bought, those in grace included.", [licences.quoted({licences.sku_name(sku)}), sku.consumedUnits, bought]),
	"expected": sprintf("%d units at most", [bought]),
	"actual": sprintf("%d units", [sku.consumedUnits]),
} if {
	some sku in _judged
	_counted(sku)
	bought := _bought(sku)
	sku.consumedUnits > bought
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
	some reason in licences.unclear(_skus)
}

unknown contains {"reason": "partial", "kind": "subscribed_skus", "message": message} if {
	names := {licences.sku_name(sku) | some sku in _judged; not _counted(sku)}
	count(names) > 0
	message := sprintf("The consumed or bought units of %s are not in the evidence.", [licences.quoted(names)])
}

observed contains {"fact": "count", "service": "", "value": value, "tier": "api", "kind": "subscribed_skus"} if {
	some sku in _judged
	_counted(sku)
	value := sprintf("'%s': %d consumed of %d bought", [licences.sku_name(sku), sku.consumedUnits, _bought(sku)])
}

_counted(sku) if {
	is_number(sku.consumedUnits)
	_bought(sku)
}

_bought(sku) := sku.prepaidUnits.enabled + _grace(sku) if {
	is_number(sku.prepaidUnits.enabled)
}

default _grace(_) := 0

_grace(sku) := sku.prepaidUnits.warning if is_number(sku.prepaidUnits.warning)
