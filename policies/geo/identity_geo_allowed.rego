# METADATA
# title: Defender for Identity's data rests in an allowed Geo
# description: >-
#   Defender for Identity keeps what its sensors see of the organisation's directory in a workspace
#   near the tenant of Microsoft Entra, which needn't be the Geo of Defender XDR. It can't be moved
#   later. No interface tells where it is, so that two people read it off the portal and state it.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/defender-for-identity/privacy-compliance
#   - ref: https://learn.microsoft.com/defender-xdr/data-privacy
# custom:
#   id: GEO1004
#   severity: high
#   scope: tenant
#   clouds:
#     mtp-2020-a: [global]
#     mtp-2020-b: [global]
#     xdr-current: [global, gcc, gcchigh, dod]
#   monotone: false
#   evidence:
#     all: [attestations]
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
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks:
#     nist_800_53: [{id: SA-9(5), coverage: part}]
#     iso_27001: [{id: A.5.23, coverage: part}, {id: A.5.31, coverage: part}, {id: A.5.34, coverage: part}]
#     gdpr: [{id: 28(3)(a), coverage: evidence}, {id: "44", coverage: evidence}]
#     dora: [{id: 30(2)(b), coverage: evidence}]
#     nis2: [{id: 21(2)(d), coverage: evidence}]
#   remediation:
#     summary: Make sure that the finding is true, then create the workspace elsewhere, or document the transfer.
#     steps:
#       xdr-current:
#         - Read Defender portal > Settings > Identities > About > Geolocation; be sure that the finding is true.
#         - The workspace rests near the tenant of Microsoft Entra and can't be moved. To change it, have Microsoft's support delete the workspace, create it again, and install every sensor again with a new access key.
#         - If it stays where it is, document the transfer (CONS1019) and write a waiver with an end date.
#         - Without a statement, write one with `domicile attest new mdi-geo` and have a second person review it.
#       mtp-2020-a:
#         - Read Azure ATP portal (https://portal.atp.azure.com) > Configuration > About; be sure that the finding is true.
#         - The workspace can't be moved. To change it, have Microsoft's support delete the workspace, create it again, and install every sensor again with a new access key.
#         - If it stays where it is, document the transfer (CONS1019) and write a waiver with an end date.
package domicile.geo.identity_geo_allowed

import data.domicile.lib.geo
import data.domicile.lib.geo_services as services
import data.domicile.lib.licences

deny contains services.finding("defender_for_identity", _found, _allowed)

not_applicable contains {"reason": "not_licensed", "message": message} if {
	_unlicensed
	message := "The tenant holds no plan of Defender for Identity (ATA), and nothing says that it has a workspace."
}

unknown contains {"reason": _found.reason, "kind": _found.kind, "message": _found.message} if {
	not _unlicensed
	_found.state != "known"
}

unknown contains {"reason": "needs_configuration", "kind": "", "message": services.unset("defender_for_identity")} if {
	_found.state == "known"
	not _allowed
}

observed contains seen if some seen in services.shown(_said)

# Licences that can't be read don't show that there is no workspace.
_unlicensed if {
	_found.state == "none"
	count(licences.unread(input) | licences.unclear(input.evidence.subscribed_skus)) == 0
	not licences.service_licensed(input.evidence.subscribed_skus, "identity")
}

_said := services.attested(input, "defender_for_identity")

_found := services.settle("defender_for_identity", _said)

_allowed := geo.allowed(input, "defender_for_identity")
