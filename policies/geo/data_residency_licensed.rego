# METADATA
# title: The Advanced Data Residency licence is there where it is required
# description: >-
#   The Advanced Data Residency add-on is what Microsoft's commitment to keep further Microsoft 365
#   services' data in the tenant's country rests on. An organisation that relies on it should see
#   when its subscription ends. Microsoft's name for the product isn't stable, so that the
#   organisation gives the SKU's id.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/microsoft-365/enterprise/advanced-data-residency
#   - ref: https://learn.microsoft.com/microsoft-365/enterprise/m365-dr-commitments
# custom:
#   id: GEO1014
#   severity: medium
#   scope: tenant
#   clouds: [global, gcc, gcchigh, dod, china]
#   monotone: false
#   evidence:
#     all: [subscribed_skus]
#   params:
#     require_adr:
#       type: boolean
#       description: Whether the organisation relies on the Advanced Data Residency add-on.
#       default: false
#     adr_skus:
#       type: [string]
#       description: The SKU ids of the Advanced Data Residency add-on; its name isn't stable, so it decides nothing.
#       default: []
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   remediation:
#     summary: Buy or renew Advanced Data Residency, or stop relying on it.
#     steps:
#       xdr-current:
#         - Look at Microsoft 365 admin center > Billing > Your products for Advanced Data Residency and its state.
#         - Renew it, or buy it for every user that needs it, which is every eligible user of the tenant.
#         - If the SKU's id isn't known, read it from `Get-MgSubscribedSku` and set adr_skus; if nobody relies on the add-on, set require_adr to false.
package domicile.geo.data_residency_licensed

import data.domicile.lib.licences

deny contains {
	"resource": {"kind": "tenant", "id": input.tenant.id, "name": input.tenant.name},
	"message": sprintf("Advanced Data Residency is required, and the tenant holds no SKU of adr_skus in good standing%s.", [_lapsed]),
	"expected": "a SKU of adr_skus, enabled or in grace",
	"actual": "none",
} if {
	_judged
	count(licences.unclear(_named)) == 0
	count(_standing) == 0
}

not_applicable contains {"reason": "nothing_to_judge", "message": message} if {
	not _required
	message := "The configuration doesn't require Advanced Data Residency (require_adr)."
}

unknown contains {"reason": "needs_configuration", "kind": "", "message": message} if {
	_required
	count(_ids) == 0
	message := "Advanced Data Residency is required, and adr_skus doesn't say which SKU it is; set it to the SKU's id."
}

unknown contains question if {
	_judged
	count(_standing) == 0
	some question in licences.unclear(_named)
}

observed contains {"fact": "licence", "service": "microsoft_365", "value": value, "tier": "api", "kind": "subscribed_skus"} if {
	_required
	some sku in _named
	value := sprintf("'%s' is %v", [substring(licences.sku_name(sku), 0, 60), object.get(sku, "capabilityStatus", null)])
}

observed contains {"fact": "licence", "service": "microsoft_365", "value": value, "tier": "api", "kind": "subscribed_skus"} if {
	_required
	some sku in input.evidence.subscribed_skus
	not sku in _named
	regex.match(`(?i)advanced_?data_?residency`, licences.sku_name(sku))
	value := sprintf("'%s' (%v) may be Advanced Data Residency by its name", [substring(licences.sku_name(sku), 0, 60), object.get(sku, "skuId", null)])
}

_required if input.params.require_adr in [true]

_judged if {
	_required
	count(_ids) > 0
}

_ids := {lower(id) | some id in input.params.adr_skus}

_named := [sku |
	some sku in input.evidence.subscribed_skus
	is_string(sku.skuId)
	lower(sku.skuId) in _ids
]

_standing := licences.standing(_named)

_lapsed := sprintf("; %s lapsed", [licences.quoted({licences.sku_name(sku) | some sku in _named})]) if {
	count(_named) > 0
} else := ""
