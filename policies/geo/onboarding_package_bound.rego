# METADATA
# title: The onboarding package is signed by Microsoft and bound to this tenant
# description: >-
#   Defender for Endpoint's onboarding package is the best proof of where the service's data
#   rests, as Microsoft signs it. Its signature alone proves some tenant's Geo: the package names
#   an organisation and no tenant, and bears no date. It proves this tenant's only when its
#   organisation is bound to the tenant, and its signer's certificate is young enough.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/rest/api/defenderforcloud/mde-onboardings
#   - ref: https://learn.microsoft.com/defender-endpoint/data-storage-privacy
# custom:
#   id: GEO1019
#   severity: high
#   scope: tenant
#   clouds:
#     mtp-2020-a: [global]
#     mtp-2020-b: [global]
#     xdr-current: [global, gcc, gcchigh, dod]
#   monotone: false
#   evidence:
#     all: [onboarding_package, attestations]
#     optional: [portal_tenant_context]
#   params:
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
#     nist_800_53: [{id: AU-10, coverage: part}]
#     iso_27001: [{id: A.5.28, coverage: part}, {id: A.5.33, coverage: part}]
#     gdpr: [{id: 5(2), coverage: evidence}]
#   remediation:
#     summary: Get a new onboarding package from this tenant, and bind its organisation to the tenant.
#     steps:
#       xdr-current:
#         - Don't onboard devices with a package that fails here before you know where it comes from; its devices would report to another organisation.
#         - Let the scanner read Microsoft.Security/mdeOnboardings on a subscription of this tenant, or download a new package at Defender portal > Settings > Endpoints > Onboarding and import it unchanged.
#         - Compare its organisation id with Defender portal > Settings > Microsoft Defender XDR > Account, and record it with `domicile attest new mde-org-binding`.
#       mtp-2020-a:
#         - Don't onboard devices with a package that fails here before you know where it comes from; its devices would report to another organisation.
#         - Download a new package at Microsoft Defender Security Center > Settings > Onboarding and import it unchanged.
#         - Record the organisation id that the portal shows with `domicile attest new mde-org-binding`.
package domicile.geo.onboarding_package_bound

import data.domicile.lib.geo
import data.domicile.lib.geo_package

deny contains finding if {
	some id, faults in _faults
	finding := {
		"resource": {"kind": "onboarding_package", "id": id, "name": sprintf("onboarding package of %s", [id])},
		"message": sprintf("The onboarding package of organisation %s isn't good evidence: %s.", [geo.quoted(id), concat("; ", sort(faults))]),
		"expected": "a valid signature and this tenant's organisation",
		"actual": concat("; ", sort(faults)),
	}
}

not_applicable contains {"reason": "nothing_to_judge", "message": "There is no onboarding package, so that none can be doubted."} if {
	count(input.evidence.onboarding_package) == 0
}

unknown contains {"reason": "partial", "kind": "onboarding_package", "message": message} if {
	some package_read in _sound
	package_read.signature != "valid"
	message := sprintf(
		"The signature of the onboarding package of organisation %s can't be checked: its issuer %s isn't a known one. Download a newer package, or use a newer version of this program.",
		[geo.quoted(_id(package_read)), geo.quoted(object.get(package_read, "issuer", ""))],
	)
}

unknown contains {"reason": "stale", "kind": "onboarding_package", "message": message} if {
	some package_read in _sound
	not geo_package.fresh(input, package_read)
	message := sprintf(
		"The certificate that signed the onboarding package of organisation %s ended at %s, too long ago; download a new package.",
		[geo.quoted(_id(package_read)), geo.quoted(object.get(package_read, "notAfter", ""))],
	)
}

unknown contains {"reason": "needs_attestation", "kind": "attestations", "message": message} if {
	some package_read in _sound
	not geo_package.bound(input, package_read)
	message := sprintf(
		"Nothing binds the onboarding package's organisation %s to this tenant; read it through Azure, import the portal's tenant context, or attest mde-org-binding.",
		[geo.quoted(_id(package_read))],
	)
}

observed contains {"fact": "org", "service": "defender_for_endpoint", "value": value, "tier": _tier(package_read), "kind": "onboarding_package"} if {
	some package_read in _current
	value := sprintf("%s, signature %s, bound by: %s", [geo.quoted(_id(package_read)), object.get(package_read, "signature", ""), _bonds(package_read)])
}

_current := geo_package.current(input)

# The packages without a fault, which may still prove too little.
_sound := {package_read | some package_read in _current; not _id(package_read) in object.keys(_faults)}

# _faults gives what is wrong with the packages of each organisation.
_faults[_id(package_read)] contains fault if {
	some package_read in _current
	package_read.signature == "invalid"
	fault := "its signature doesn't hold"
}

_faults[_id(package_read)] contains fault if {
	some package_read in _current
	some claim in geo_package.contradictions(input, package_read)
	fault := sprintf("%s is %s", [claim.source, geo.quoted(claim.value)])
}

_bonds(package_read) := concat(", ", sort(sources)) if {
	sources := {claim.source | some claim in geo_package.claims(input, package_read); claim.agrees}
	count(sources) > 0
} else := "nothing"

_tier(package_read) := "signed" if {
	geo_package.proven(input, package_read)
} else := "portal"

# A package that names no organisation goes by its hash.
_id(package_read) := id if {
	id := geo_package.organisation(package_read)
	id != ""
} else := package_read.sha256
