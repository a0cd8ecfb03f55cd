# METADATA
# title: The tenant's default geography is allowed
# description: >-
#   Microsoft 365 keeps data of users without a preferred location in the tenant's default
#   geography. It follows from the country given at sign-up, but older tenants may rest elsewhere,
#   because some countries were served from another geography then and the country can't be changed
#   since 2019. The country that Microsoft Graph shows therefore proves nothing by itself.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/microsoft-365/enterprise/o365-data-locations
#   - ref: https://learn.microsoft.com/microsoft-365/enterprise/m365-dr-overview
# custom:
#   id: GEO1007
#   severity: high
#   scope: tenant
#   clouds: [global, gcc, gcchigh, dod, china]
#   monotone: false
#   evidence:
#     all: [attestations]
#     optional: [organization]
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
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks:
#     nist_800_53: [{id: SA-9(5), coverage: part}]
#     iso_27001: [{id: A.5.23, coverage: part}, {id: A.5.31, coverage: part}, {id: A.5.34, coverage: part}]
#     gdpr: [{id: 28(3)(a), coverage: evidence}, {id: "44", coverage: evidence}]
#     dora: [{id: 30(2)(b), coverage: evidence}]
#     nis2: [{id: 21(2)(d), coverage: evidence}]
#   remediation:
#     summary: Read the page Data location, then move the tenant's data, or document the transfer.
#     steps:
#       xdr-current:
#         - Read Microsoft 365 admin center > Settings > Org settings > Organization profile > Data location; be sure that the finding is true.
#         - The default geography follows the country given at sign-up. Ways to change it are Advanced Data Residency (Org settings > Data residency), Multi-Geo for single users (preferredDataLocation), or a new tenant.
#         - If it stays where it is, document the transfer (CONS1019) and write a waiver with an end date.
#         - Without a statement, write one with `domicile attest new m365-data-location` and have a second person review it.
#       mtp-2020-a:
#         - Read Microsoft 365 admin center > Settings > Organization profile > Data location; be sure that the finding is true.
#         - Ways to change it are Multi-Geo for single users, a move of the tenant's core data where Microsoft offers it, or a new tenant.
#         - If it stays where it is, document the transfer (CONS1019) and write a waiver with an end date.
package domicile.geo.default_geography_allowed

import data.domicile.lib.geo
import data.domicile.lib.geo_services as services

deny contains services.finding("microsoft_365", _found, _allowed)

unknown contains {"reason": _found.reason, "kind": _found.kind, "message": _message} if _found.state != "known"

unknown contains {"reason": "needs_configuration", "kind": "", "message": services.unset("microsoft_365")} if {
	_found.state == "known"
	not _allowed
}

observed contains seen if some seen in services.shown(_said)

observed contains {"fact": "setting", "service": "microsoft_365", "value": value, "tier": "api", "kind": "organization"} if {
	some country in _countries
	value := sprintf("country %s, which proves no location", [geo.quoted(country)])
}

_message := sprintf("%s The organisation's country %s alone proves nothing.", [_found.message, geo.quoted(country)]) if {
	_found.state == "none"
	country := _countries[0]
} else := _found.message

_countries := sort([tenant.countryLetterCode |
	some tenant in input.evidence.organization
	is_string(tenant.countryLetterCode)
])

_said := services.attested(input, "microsoft_365")

_found := services.settle("microsoft_365", _said)

_allowed := geo.allowed(input, "microsoft_365")
