# METADATA
# title: The service's data and telemetry rest in allowed Geos
# description: >-
#   Microsoft keeps Defender XDR's data at rest in one Geo, which may differ from the Geo of the
#   services that feed it and can't be moved later. Telemetry may go to another place than what
#   is stored, so each is judged by itself. A place outside the organisation's list is a
#   transfer that somebody has to answer for, even where it is weakly proven.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/defender-xdr/data-privacy
#   - ref: https://learn.microsoft.com/defender-endpoint/data-storage-privacy
#   - ref: https://learn.microsoft.com/defender-xdr/m365d-enable
# custom:
#   id: GEO1002
#   severity: critical
#   scope: tenant
#   clouds:
#     mtp-2020-a: [global]
#     mtp-2020-b: [global]
#     xdr-current: [global, gcc, gcchigh, dod]
#   monotone: false
#   evidence:
#     any: [onboarding_package, portal_tenant_context, attestations]
#     optional: [incidents_probe, hunting_probe, defender_api_probe, subscribed_skus]
#   params:
#     allowed_geos:
#       type: [string]
#       description: Where data may rest, as Geos (EU), countries (DEU) or Azure regions (westeurope); the default of every service. Unset, the rules on location can't judge; an empty list allows nothing.
#     allowed_geos_by_service:
#       type: object
#       description: The same for single services (xdr, defender_for_endpoint, defender_for_identity, cloud_apps, app_governance, exchange, microsoft_365, azure, security_copilot); a service's own list replaces allowed_geos.
#     count_weak_plans:
#       type: boolean
#       description: Whether a plan that Microsoft's text lets suffice but that comes with other products (Defender for Endpoint Plan 1, Cloud App Discovery) makes the tenant eligible. Every rule that asks whether the tenant is eligible goes by it.
#       default: true
#     geo_groups:
#       type: object
#       description: What a name in a list of places stands for, as a list of codes by name; unset, the built-in table alone says which place lies in which. The EU of that table never contains the UK, Switzerland or Norway.
#     min_geo_tier:
#       type: string
#       description: The weakest proof of a Geo that counts (signed, api, proxy, portal or attested, best first). A signed statement of two people counts above proxy and portal.
#       default: attested
#     min_geo_tier_by_service:
#       type: object
#       description: The same for single services, by their names (xdr), over min_geo_tier.
#     package_max_age_days:
#       type: integer
#       description: Days for which the onboarding package counts after its signer's certificate ended; the package itself bears no date.
#       default: 400
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
#     summary: Make sure that the finding is true, then have Microsoft's support provision elsewhere, or document the transfer.
#     steps:
#       xdr-current:
#         - The Geo of an existing tenant can't be changed by its administrators. Read Defender portal > Settings > Microsoft Defender XDR > Account (data storage location, organisation id) and, for Defender for Endpoint, the onboarding package; be sure that the finding is true.
#         - If the service isn't provisioned yet, select Need help? in the Defender portal, ask support to provision it in the decided data centre, and keep the ticket's number.
#         - If it is provisioned, open a ticket that asks to deprovision it and provision it again elsewhere. This deletes incidents, alerts, hunting data, custom detections and device history, and every device must be onboarded again with a new package. Have the data's owner approve it, and export first (Microsoft Sentinel, streaming).
#         - If it stays where it is, document the transfer (CONS1019) and write a waiver with an end date.
#       mtp-2020-b:
#         - The Geo of an existing tenant can't be changed by its administrators. Read Settings > Microsoft 365 Defender and, for Defender for Endpoint, the onboarding package; be sure that the finding is true.
#         - If the service isn't provisioned yet, select Need help?, ask support to provision it in the decided data centre, and keep the ticket's number.
#         - If it is provisioned, open a ticket that asks to deprovision it and provision it again elsewhere; this deletes its data and every device must be onboarded again. Have the data's owner approve it, and export first.
#         - If it stays where it is, document the transfer (CONS1019) and write a waiver with an end date.
#       mtp-2020-a:
#         - Defender ATP's Geo was chosen at its first run and can't be changed ("Once configured, you cannot change the location"); a different one needs Microsoft's support.
#         - Without Defender ATP the location is chosen at Settings > Microsoft Threat Protection > Opt-in / Opt-out, before the service is turned on.
#         - If it stays where it is, document the transfer (CONS1019) and write a waiver with an end date.
package domicile.geo.xdr_geo_allowed

import data.domicile.lib.geo
import data.domicile.lib.service

deny contains finding if {
	_judged
	some what, settled in _settled
	outside := {seen | some seen in settled.best; not geo.inside(seen.value, _allowed)}
	count(outside) > 0
	finding := {
		"resource": geo.resource("xdr", what),
		"message": sprintf("The service's %s rests at %s (%s), which isn't in the places allowed for it.", [what, geo.said(outside), settled.geo]),
		"expected": sprintf("a place in %s", [concat(", ", _allowed)]),
		"actual": sprintf("%s (%s)", [geo.said(outside), settled.geo]),
	}
}

not_applicable contains {"reason": "switched_off", "message": message} if {
	_allowed
	_off
	message := "The service is proven to be off, so that it stores nothing; copies that remain elsewhere are judged by XDR1009."
}

unknown contains {"reason": "needs_configuration", "kind": "", "message": message} if {
	not _allowed
	message := "No list of allowed places is set; set the parameter allowed_geos, or xdr in allowed_geos_by_service."
}

# That nothing recent says where telemetry goes is no fault of what says where data rests.
unknown contains {"reason": settled.reason, "kind": settled.kind, "message": settled.message} if {
	_judged
	some what, settled in _settled
	settled.state in _open[what]
}

unknown contains {"reason": "needs_attestation", "kind": "attestations", "message": message} if {
	_judged
	_settled.storage.rank > _floor
	message := sprintf("The service's data rests at %s, but that is proven at a lower tier than '%s', which is asked for (GEO1001); collect better proof.", [
		geo.said(_settled.storage.best),
		geo.tier(input, "xdr"),
	])
}

unknown contains {"reason": "needs_configuration", "kind": "", "message": message} if {
	_judged
	not _floor
	message := sprintf("The tier %s of min_geo_tier isn't one; write signed, api, proxy, portal or attested.", [geo.quoted(geo.tier(input, "xdr"))])
}

observed contains seen if {
	not _off
	some seen in geo.shown(geo.observations(input))
}

_open := {"storage": {"none", "stale", "conflict", "partial"}, "telemetry": {"conflict", "partial"}}

_judged if {
	_allowed
	not _off
}

_allowed := geo.allowed(input, "xdr")

_off if service.off(input)

_floor := geo.floor(input, "xdr")

_settled := {what: geo.settled(input, what) | some what in ["storage", "telemetry"]}
