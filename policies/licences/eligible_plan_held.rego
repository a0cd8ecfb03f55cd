# METADATA
# title: The tenant holds a licence that makes it eligible for the service
# description: |-
#   Microsoft offers the service to tenants that hold certain service plans; which ones has
#   changed with the product. Without such a plan the service can't be turned on rightfully,
#   and the rules behind this one have nothing to stand on. A licence is judged by its plans
#   and not by its name, and whatever its standing is, save that a deleted one is gone.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/defender-xdr/prerequisites
#   - ref: https://learn.microsoft.com/defender-xdr/usgov
#   - ref: https://learn.microsoft.com/entra/identity/users/licensing-service-plan-reference
# custom:
#   id: LIC1001
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
#     optional: []
#   licence: []
#   params:
#     count_weak_plans:
#       type: boolean
#       description: Whether a plan that Microsoft's text lets suffice but that comes with other products (Defender for Endpoint Plan 1, Cloud App Discovery) makes the tenant eligible. Every rule that asks whether the tenant is eligible goes by it.
#       default: true
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks: {}
#   remediation:
#     summary: Buy a licence that makes the tenant eligible, or turn its Defender plans on again.
#     steps:
#       xdr-current:
#         - Open the Microsoft 365 admin center, Billing > Your products, as Billing Administrator or Global Reader, and read which products the tenant holds.
#         - Buy one of Microsoft 365 E5 or A5, Microsoft 365 E5 Security, Office 365 E5, Enterprise Mobility + Security E5, Windows Enterprise E5, Microsoft 365 Business Premium, or one of the Defender products alone.
#         - If such a product is held and its plans are disabled, ask the reseller or Microsoft's support to enable them.
#         - Run the scan again when the plans are listed.
#       mtp-2020-b:
#         - Open the Microsoft 365 admin center, Billing > Your products, as Billing Administrator or Global Reader, and read which products the tenant holds.
#         - Buy Microsoft 365 E5 or A5, Microsoft 365 E5 Security, or one of Defender for Endpoint, Defender for Identity, Cloud App Security and Defender for Office 365 Plan 2.
#         - Run the scan again when the plans are listed.
#       mtp-2020-a:
#         - Open the Microsoft 365 admin center, Billing > Your products, as Billing Administrator or Global Reader, and read which products the tenant holds.
#         - Buy Microsoft 365 E5 or A5, Microsoft 365 E5 Security or A5 Security, or all three of Office 365 E5, Enterprise Mobility + Security E5 and Windows E5 (or their A5).
#         - Run the scan again when the plans are listed.
package domicile.licences.eligible_plan_held

import data.domicile.lib.licences

_skus := input.evidence.subscribed_skus

_expected := {
	"mtp-2020-a": "the plans of all four services in one licence, or Office 365 E5, Enterprise Mobility + Security E5 and Windows E5 together",
	"mtp-2020-b": "a full licence, or a plan of Defender for Endpoint, Office 365, Identity or Cloud Apps",
	"xdr-current": "a plan of Defender XDR, Endpoint, Business, Office 365 Plan 2, Identity, Cloud Apps or IoT",
}

deny contains finding if {
	licences.judgeable(input)
	not _eligible
	count(licences.unclear(_skus)) == 0
	finding := {
		"resource": {"kind": "tenant", "id": input.tenant.id, "name": input.tenant.name},
		"message": _message,
		"expected": _expected[input.profile],
		"actual": "no eligible plan set",
	}
}

not_applicable contains reason if some reason in licences.not_offered(input)

unknown contains reason if some reason in licences.unread(input)

unknown contains reason if {
	licences.judgeable(input)
	not _eligible
	some reason in licences.unclear(_skus)
}

observed contains _seen(value) if {
	some sku in licences.carriers(input, _skus)
	plans := concat(", ", licences.counted_plans(input, sku))
	value := sprintf("'%s' (%s) holds %s", [licences.sku_name(sku), sku.capabilityStatus, plans])
}

observed contains _seen(sprintf("eligible only by %s", [concat(", ", sort(_weak_alone))])) if {
	licences.judgeable(input)
	count(_weak_alone) > 0
}

observed contains _seen(value) if {
	some sku in _skus
	licences.named(sku, input.profile)
	not licences.eligible(input, [sku])
	lacking := concat(", ", licences.lacking(sku))
	value := sprintf("'%s' is eligible by its name and not by its plans: it lacks %s", [licences.sku_name(sku), lacking])
}

observed contains _seen(value) if {
	input.profile == "mtp-2020-a"
	some sku in _skus
	licences.full_set(sku)
	not licences.named(sku, input.profile)
	value := sprintf("'%s' is eligible by its plans; Microsoft's text of 2020 does not name it", [licences.sku_name(sku)])
}

_eligible if licences.eligible(input, _skus)

_weak_alone := licences.weak_alone(_skus, input.profile)

_message := sprintf("The tenant is eligible only by %s, and the parameter count_weak_plans does not let such a plan count.", [licences.quoted(_weak_alone)]) if {
	count(_weak_alone) > 0
}

_message := sprintf("None of the tenant's SKUs (%d) holds an eligible plan set for the profile '%s'.", [count(_skus), input.profile]) if {
	count(_weak_alone) == 0
}

_seen(value) := {"fact": "licence", "service": "", "value": value, "tier": "api", "kind": "subscribed_skus"}
