# METADATA
# title: Exchange's regions, which Defender for Office follows, are allowed
# description: >-
#   Defender for Office 365 keeps mail and what it finds in it where Exchange Online keeps the
#   mailboxes. The default region says where mailboxes are created, and every allowed region is one
#   where they may be; both are judged. Tenants of Norway, South Africa, the United Arab Emirates,
#   Sweden and Singapore are ones whose Defender for Office doesn't feed Defender XDR.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/microsoft-365/enterprise/m365-dr-workload-mdo-p1
#   - ref: https://learn.microsoft.com/powershell/module/exchangepowershell/get-organizationconfig
#   - ref: https://learn.microsoft.com/microsoft-365/enterprise/o365-data-locations
# custom:
#   id: GEO1006
#   severity: high
#   scope: tenant
#   clouds: [global, gcc, gcchigh, dod, china]
#   monotone: false
#   evidence:
#     any: [exchange_organization, attestations]
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
#     summary: Find out why Exchange has that region, then move it, or document the transfer.
#     steps:
#       xdr-current:
#         - Run `Get-OrganizationConfig | fl DefaultMailboxRegion,AllowedMailboxRegions` in Exchange Online PowerShell; be sure that the finding is true.
#         - The default geography follows the country given at sign-up. Ways to change it are Advanced Data Residency (Microsoft 365 admin center > Settings > Org settings > Data residency), Multi-Geo for single users (preferredDataLocation), or a new tenant.
#         - If it stays where it is, document the transfer (CONS1019) and write a waiver with an end date.
#         - Without evidence, import the command's answer, or write a statement with `domicile attest new exchange-regions`.
#       mtp-2020-a:
#         - Run `Get-OrganizationConfig | fl DefaultMailboxRegion,AllowedMailboxRegions` in Exchange Online PowerShell; be sure that the finding is true.
#         - The default geography follows the country given at sign-up. Ways to change it are Multi-Geo for single users, a move of the tenant's core data where Microsoft offers it, or a new tenant.
#         - If it stays where it is, document the transfer (CONS1019) and write a waiver with an end date.
package domicile.geo.exchange_regions_allowed

import data.domicile.lib.geo
import data.domicile.lib.geo_codes
import data.domicile.lib.geo_portal
import data.domicile.lib.geo_services as services

deny contains services.finding("exchange", _found, _allowed)

unknown contains {"reason": _found.reason, "kind": _found.kind, "message": _found.message} if _found.state != "known"

unknown contains {"reason": "needs_configuration", "kind": "", "message": services.unset("exchange")} if {
	_found.state == "known"
	not _allowed
}

# Without the list nobody can tell where else mailboxes may rest.
unknown contains {"reason": "partial", "kind": "exchange_organization", "message": message} if {
	"exchange_organization" in {seen.kind | some seen in _found.best}
	some export in input.evidence.exchange_organization
	geo_portal.fresh(input, export)
	not is_array(object.get(export, "AllowedMailboxRegions", null))
	message := "A saved answer of Get-OrganizationConfig lacks AllowedMailboxRegions, so that the other regions of mailboxes aren't known; save and import the whole answer."
}

observed contains seen if some seen in services.shown(_said)

observed contains {"fact": "feeds", "service": "office", "value": value, "tier": seen.tier, "kind": seen.kind} if {
	some seen in _found.best
	count(geo_codes.places(seen.value) & {"NO", "ZA", "AE", "SWE", "SGP"}) > 0
	value := sprintf("Defender for Office doesn't feed the service for tenants in %s", [geo.quoted(seen.value)])
}

_said := services.attested(input, "exchange") | services.exchange_exports(input)

_found := services.settle("exchange", _said)

_allowed := geo.allowed(input, "exchange")
