# METADATA
# title: Where the service's data rests is known and proven well enough
# description: >-
#   No Microsoft API states where Defender XDR keeps a tenant's data. What there is ranges from
#   the onboarding package that Microsoft signs to the word of one person, and an auditor has to
#   know which of them a verdict on location rests on. The organisation sets the weakest proof
#   that it accepts; a Geo that is only said more weakly doesn't count as known.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/defender-xdr/data-privacy
#   - ref: https://learn.microsoft.com/defender-endpoint/data-storage-privacy
#   - ref: https://learn.microsoft.com/defender-xdr/m365d-enable
# custom:
#   id: GEO1001
#   severity: high
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
#     count_weak_plans:
#       type: boolean
#       description: Whether a plan that Microsoft's text lets suffice but that comes with other products (Defender for Endpoint Plan 1, Cloud App Discovery) makes the tenant eligible. Every rule that asks whether the tenant is eligible goes by it.
#       default: true
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
#     summary: Collect better proof of where the service's data rests.
#     steps:
#       xdr-current:
#         - Get the onboarding package, by letting the scanner read Microsoft.Security/mdeOnboardings (Reader on a subscription of this tenant) or by downloading it at Defender portal > Settings > Endpoints > Onboarding and importing it.
#         - Bind it to this tenant, by the subscription, by the portal's tenant context, or by attesting mde-org-binding.
#         - Without Defender for Endpoint, read Defender portal > Settings > Microsoft Defender XDR > Account (data storage location, organisation id) and have two people record and sign it with `domicile attest new xdr-geo`.
#       mtp-2020-b:
#         - Download the onboarding package at Settings > Endpoints > Onboarding, or at the Microsoft Defender for Endpoint portal, and import it.
#         - Read the data storage location at Settings > Microsoft 365 Defender and have two people record and sign it with `domicile attest new xdr-geo`.
#       mtp-2020-a:
#         - Download the onboarding package at Microsoft Defender Security Center > Settings > Onboarding and import it.
#         - Read the data center location at Settings > Microsoft Threat Protection > Opt-in / Opt-out, without changing anything there, and have two people record and sign it with `domicile attest new xdr-geo`.
package domicile.geo.xdr_geo_proven

import data.domicile.lib.geo
import data.domicile.lib.service

deny contains finding if {
	_judged
	_storage.rank > _floor
	finding := {
		"resource": geo.resource("xdr", "storage"),
		"message": sprintf(
			"The service's data rests in %s by what is known (%s), but that is proven at tier '%s' only, and '%s' is asked for.",
			[_storage.geo, geo.said(_storage.best), _tier, _asked],
		),
		"expected": sprintf("proof at tier %s or better", [_asked]),
		"actual": _tier,
	}
}

not_applicable contains {"reason": "switched_off", "message": message} if {
	_off
	message := "The service is proven to be off, so that it stores nothing; what was exported is judged by other rules."
}

unknown contains {"reason": _storage.reason, "kind": _storage.kind, "message": _storage.message} if {
	not _off
	_storage.state != "known"
}

unknown contains {"reason": "needs_configuration", "kind": "", "message": message} if {
	not _off
	not _floor
	message := sprintf("The tier %s of min_geo_tier isn't one; write signed, api, proxy, portal or attested.", [geo.quoted(_asked)])
}

observed contains seen if {
	not _off
	some seen in geo.shown(geo.observations(input))
}

_judged if {
	not _off
	_storage.state == "known"
}

_off if service.off(input)

_storage := geo.settled(input, "storage")

_floor := geo.floor(input, "xdr")

_asked := geo.tier(input, "xdr")

_tier := concat(", ", {seen.tier | some seen in _storage.best})
