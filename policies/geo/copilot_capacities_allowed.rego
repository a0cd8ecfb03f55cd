# METADATA
# title: Security Copilot's capacities are in an allowed Geo and compute only there
# description: >-
#   Security Copilot reads Defender's incidents and hunting data to answer prompts. Each capacity
#   has a Geo where it stores prompts and answers, and may be allowed to evaluate prompts in any
#   other when it is busy. Microsoft doesn't document the interface that tells so, and it is a
#   preview, so that the verdict is a proxy.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/copilot/security/privacy-data-security
#   - ref: https://learn.microsoft.com/copilot/security/get-started-security-copilot
#   - ref: https://learn.microsoft.com/defender-xdr/data-privacy
# custom:
#   id: GEO1026
#   severity: high
#   scope: tenant
#   clouds:
#     mtp-2020-a: [global]
#     mtp-2020-b: [global]
#     xdr-current: [global, gcc, gcchigh, dod]
#   monotone: true
#   evidence:
#     all: [copilot_capacities]
#     optional: [azure_coverage]
#   params:
#     allowed_geos:
#       type: [string]
#       description: Where data may rest, as Geos (EU), countries (DEU) or Azure regions (westeurope); the default of every service. Unset, the rules on location can't judge; an empty list allows nothing.
#     allowed_geos_by_service:
#       type: object
#       description: The same for single services (xdr, defender_for_endpoint, defender_for_identity, cloud_apps, app_governance, exchange, microsoft_365, azure, security_copilot); a service's own list replaces allowed_geos.
#     geo_groups:
#       type: object
#       description: What a name in a list of places stands for, as a list of codes by name; unset, the built-in table alone says which place lies in which. The EU of that table never contains the UK, Switzerland or Norway.
#     azure_subscriptions:
#       type: [string]
#       description: The ids of the Azure subscriptions that must have been read; with an empty list only a reader of the root management group can show that all were.
#       default: []
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks:
#     nist_800_53: [{id: SA-9(5), coverage: part}]
#     iso_27001: [{id: A.5.23, coverage: part}]
#     gdpr: [{id: 28(2), coverage: evidence}, {id: "44", coverage: evidence}]
#     dora: [{id: 29(2), coverage: evidence}]
#   remediation:
#     summary: Create a capacity in an allowed Geo that doesn't evaluate elsewhere, and delete the old one.
#     steps:
#       xdr-current:
#         - Open Security Copilot > Owner settings, turn data sharing off and let prompts be evaluated in the Geo only.
#         - A capacity's Geo can't change. Create a new one at Azure portal > Microsoft Security Copilot compute capacities, in an allowed Geo and with cross-Geo evaluation not allowed.
#         - Assign the workspace to the new capacity, then delete the old one.
package domicile.geo.copilot_capacities_allowed

import data.domicile.lib.azure
import data.domicile.lib.geo

deny contains {
	"resource": {"kind": "copilot_capacity", "id": azure.key(capacity.id), "name": _name(capacity)},
	"message": sprintf("Security Copilot's capacity %s %s.", [geo.quoted(_name(capacity)), concat(" and ", sort(faults))]),
	"expected": "a Geo in the allowed places, and computing in that Geo only",
	"actual": sprintf("Geo %s, computing elsewhere %s", [geo.quoted(object.get(capacity, "geo", null)), geo.quoted(object.get(capacity, "crossGeoCompute", null))]),
} if {
	some capacity in _capacities
	faults := _faults(capacity)
	count(faults) > 0
}

not_applicable contains {"reason": "nothing_to_judge", "message": "There is no capacity of Security Copilot."} if {
	count(_capacities) == 0
}

unknown contains {"reason": "needs_configuration", "kind": "", "message": message} if {
	count(_capacities) > 0
	not _allowed
	message := "No list of allowed places is set; set the parameter allowed_geos, or security_copilot in allowed_geos_by_service."
}

unknown contains {"reason": "partial", "kind": "copilot_capacities", "message": message} if {
	some capacity in _capacities
	not geo.geo(object.get(capacity, "geo", null))
	message := sprintf("The Geo %s of Security Copilot's capacity %s isn't a known place; look it up.", [geo.quoted(object.get(capacity, "geo", null)), geo.quoted(_name(capacity))])
}

unknown contains {"reason": "partial", "kind": "copilot_capacities", "message": message} if {
	some capacity in _capacities
	not lower(_compute(capacity)) in {"allowed", "notallowed"}
	message := sprintf("Whether Security Copilot's capacity %s computes in other Geos isn't said (%s); look it up.", [geo.quoted(_name(capacity)), geo.quoted(_compute(capacity))])
}

unknown contains question if some question in azure.uncovered(input)

observed contains {"fact": "geo", "service": "security_copilot", "value": value, "tier": "proxy", "kind": "copilot_capacities"} if {
	some capacity in _capacities
	value := sprintf("%s holds %s, computing elsewhere %s", [geo.quoted(object.get(capacity, "geo", null)), geo.quoted(_name(capacity)), geo.quoted(_compute(capacity))])
}

# What a service provider sees of its customers' is not this tenant's.
_capacities := [capacity |
	some capacity in input.evidence.copilot_capacities
	not azure.elsewhere(input, capacity.id)
]

_faults(capacity) := {sprintf("stores its data in %s, which isn't in the places allowed for it", [geo.quoted(capacity.geo)]) |
	geo.geo(capacity.geo)
	_allowed
	not geo.inside(capacity.geo, _allowed)
} | {"may compute in other Geos" | lower(_compute(capacity)) == "allowed"}

_compute(capacity) := capacity.crossGeoCompute if {
	is_string(capacity.crossGeoCompute)
} else := ""

_name(capacity) := capacity.name if {
	is_string(capacity.name)
} else := azure.name(capacity.id)

_allowed := geo.allowed(input, "security_copilot")
