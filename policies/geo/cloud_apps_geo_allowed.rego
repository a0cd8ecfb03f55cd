# METADATA
# title: Defender for Cloud Apps' Geo, and App governance's second one, are allowed
# description: >-
#   Cloud Apps keeps activities, files and alerts of connected applications. Tenants of the EU may
#   rest in the EU or in the United Kingdom, others in the United States or nearby, so that the
#   tenant's country proves nothing. App governance keeps a second location of its own, which
#   follows the country of its provisioning.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/defender-cloud-apps/cas-compliance-trust
#   - ref: https://learn.microsoft.com/defender-cloud-apps/app-governance-manage-app-governance
# custom:
#   id: GEO1005
#   severity: high
#   scope: tenant
#   clouds:
#     mtp-2020-a: [global]
#     mtp-2020-b: [global]
#     xdr-current: [global, gcc, gcchigh, dod]
#   monotone: false
#   evidence:
#     any: [portal_mcas_about, attestations]
#     optional: [subscribed_skus]
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
#     max_evidence_age:
#       type: object
#       description: How old evidence may be, by the way it was got (api, portal), in hours (24h) or days (90d).
#       default: {api: 24h, portal: 90d}
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks:
#     nist_800_53: [{id: SA-9(5), coverage: part}]
#     iso_27001: [{id: A.5.23, coverage: part}, {id: A.5.31, coverage: part}, {id: A.5.34, coverage: part}]
#     gdpr: [{id: 28(3)(a), coverage: evidence}, {id: "44", coverage: evidence}]
#     dora: [{id: 30(2)(b), coverage: evidence}]
#     nis2: [{id: 21(2)(d), coverage: evidence}]
#   remediation:
#     summary: Accept the Geo, have support look at it, or turn App governance off; or document the transfer.
#     steps:
#       xdr-current:
#         - Read Defender portal > Settings > Cloud Apps > About > Region; be sure that the finding is true.
#         - The Geo can't be moved. Tenants of the EU and of the UK may rest in either; accept it in allowed_geos_by_service under cloud_apps, or open a ticket with Microsoft's support.
#         - App governance keeps a second location. Turning it off removes it, at Settings > Cloud Apps > App governance > Service status.
#         - If it stays where it is, document the transfer (CONS1019) and write a waiver with an end date.
#         - Without evidence, import the about page, or write statements with `domicile attest new mdca-geo` and `domicile attest new app-governance-geo`.
#       mtp-2020-a:
#         - Read Cloud App Security portal (https://portal.cloudappsecurity.com) > ? > About; the host name of the tenant's API holds the data centre as well (eu2).
#         - The Geo can't be moved. Accept it in allowed_geos_by_service under cloud_apps, or open a ticket with Microsoft's support.
#         - If it stays where it is, document the transfer (CONS1019) and write a waiver with an end date.
package domicile.geo.cloud_apps_geo_allowed

import data.domicile.lib.geo
import data.domicile.lib.geo_services as services
import data.domicile.lib.licences

deny contains finding if {
	some service, found in _found
	finding := services.finding(service, found, _allowed[service])
}

not_applicable contains {"reason": "not_licensed", "message": message} if {
	_unlicensed
	message := "The tenant holds no plan of Defender for Cloud Apps, and nothing says where it keeps data."
}

unknown contains {"reason": found.reason, "kind": found.kind, "message": found.message} if {
	not _unlicensed
	some found in _found
	found.state != "known"
}

unknown contains {"reason": "needs_configuration", "kind": "", "message": services.unset(service)} if {
	some service, found in _found
	found.state == "known"
	not _allowed[service]
}

observed contains seen if some seen in services.shown(_said.cloud_apps | _said.app_governance)

observed contains {"fact": "setting", "service": "app_governance", "value": "off", "tier": "attested", "kind": "attestations"} if {
	services.app_governance_off(input)
}

# Licences that can't be read don't show that there is no data.
_unlicensed if {
	count(_said.cloud_apps | _said.app_governance) == 0
	count(licences.unread(input) | licences.unclear(input.evidence.subscribed_skus)) == 0
	not licences.service_licensed(input.evidence.subscribed_skus, "cloud_apps")
}

_said := {
	"cloud_apps": (services.attested(input, "cloud_apps") | services.cloud_apps_pages(input)),
	"app_governance": services.attested(input, "app_governance"),
}

# App governance keeps no second location while it is off.
_found := {service: services.settle(service, said) |
	some service, said in _said
	not _left_out(service)
}

_left_out("app_governance") if services.app_governance_off(input)

_allowed := {service: places | some service, _ in _said; places := geo.allowed(input, service)}
