# METADATA
# title: Every service whose Geo differs from the service's own is acknowledged in the record
# description: >-
#   Microsoft's terms say that Defender XDR's data may rest in another Geo than the services that
#   feed it. That is normal and disclosed, and what is asked of the organisation is that it knew:
#   each service whose data rests in another Geo stands in the record of consent or decision with
#   that Geo. The Geos of the other services are known from saved pages of Cloud Apps, saved answers
#   of Exchange, and statements of people; one that isn't known can't be acknowledged.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/defender-xdr/data-privacy
#   - ref: https://learn.microsoft.com/defender-for-identity/privacy-compliance
#   - ref: https://learn.microsoft.com/defender-cloud-apps/cas-compliance-trust
#   - ref: https://learn.microsoft.com/microsoft-365/enterprise/o365-data-locations
# custom:
#   id: GEO1008
#   severity: medium
#   scope: tenant
#   clouds:
#     mtp-2020-a: [global]
#     mtp-2020-b: [global]
#     xdr-current: [global, gcc, gcchigh, dod]
#   monotone: false
#   evidence:
#     any: [onboarding_package, portal_tenant_context, portal_mcas_about, exchange_organization, attestations]
#     optional: [organization, subscribed_skus]
#   params:
#     package_max_age_days:
#       type: integer
#       description: Days for which the onboarding package counts after its signer's certificate ended; the package itself bears no date.
#       default: 400
#     max_evidence_age:
#       type: object
#       description: How old evidence may be, by the way it was got (api, portal), in hours (24h) or days (90d).
#       default: {api: 24h, portal: 90d}
#     missing_record:
#       type: string
#       values: [unknown, fail]
#       description: What a missing record is, unknown or fail.
#       default: unknown
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks:
#     nist_800_53: [{id: SA-9(5), coverage: part}]
#     iso_27001: [{id: A.5.22, coverage: part}, {id: A.5.23, coverage: part}]
#     gdpr: [{id: 30(1)(e), coverage: evidence}]
#     dora: [{id: 30(2)(b), coverage: evidence}]
#   remediation:
#     summary: Name each service and its Geo in the record of the decision, or of the acceptance of the terms.
#     steps:
#       xdr-current:
#         - Look up where each service's data rests, at Defender portal > Settings > Identity > About, Settings > Cloud Apps > About, and Microsoft 365 admin center > Settings > Org settings > Organization profile > Data location.
#         - Let the data's owner and the data protection officer decide whether each difference is acceptable.
#         - Write a new record with `domicile attest new service-decision` that names each service and its Geo under acknowledged, and have a second person review it.
#       mtp-2020-a:
#         - Look up where each service's data rests, at the Azure ATP portal > Configuration > About, the Cloud App Security portal > About, and Microsoft 365 admin center > Settings > Organization profile > Data location.
#         - Let the data's owner and the data protection officer decide whether each difference is acceptable.
#         - Write a new record with `domicile attest new terms-accepted` that names each service and its Geo under acknowledged, and have a second person review it.
package domicile.geo.other_geos_acknowledged

import data.domicile.lib.attestations
import data.domicile.lib.geo
import data.domicile.lib.record_geos

deny contains finding if {
	_own.state == "known"
	_failing
	some service in {place.service | some place in _unacknowledged}
	values := concat(", ", sort({geo.quoted(place.value) | some place in _unacknowledged; place.service == service}))
	finding := {
		"resource": geo.resource(service, "storage"),
		"message": sprintf("Data of %s rests at %s, the service's own in %s, and no record acknowledges it.", [geo.title(service), values, _own.geo]),
		"expected": sprintf("%s acknowledged in the record '%s'", [values, _fact]),
		"actual": "not acknowledged",
	}
}

unknown contains {"reason": _own.reason, "kind": _own.kind, "message": _own.message} if _own.state != "known"

unknown contains {"reason": "needs_attestation", "kind": "attestations", "message": message} if {
	count(_places) == 0
	message := "Where the data of the services that feed the service rests isn't on record; attest mdi-geo, mdca-geo, exchange-regions and m365-data-location."
}

unknown contains question if some question in (record_geos.unsettled(input) | record_geos.missing(input))

unknown contains {"reason": "needs_attestation", "kind": "attestations", "message": message} if {
	_own.state == "known"
	not _failing
	services := {geo.title(place.service) | some place in _unacknowledged}
	count(services) > 0
	message := sprintf("No valid record '%s' acknowledges that data of %s rests outside %s; write one with 'domicile attest new %s'.", [_fact, concat(", ", sort(services)), _own.geo, _fact])
}

observed contains seen if {
	some seen in geo.shown({seen | some seen in _own.best})
}

observed contains {"fact": "geo", "service": place.service, "value": value, "tier": place.tier, "kind": place.kind} if {
	some place in _places
	value := concat("", [geo.said({place}), _mark(place)])
}

observed contains {"fact": "setting", "service": "microsoft_365", "value": value, "tier": "api", "kind": "organization"} if {
	some tenant in input.evidence.organization
	is_string(tenant.countryLetterCode)
	value := sprintf("country %s, which proves no location", [geo.quoted(tenant.countryLetterCode)])
}

_mark(place) := " (not a known place)" if {
	place.geo == ""
} else := "" if {
	_own.state != "known"
} else := " (in the service's Geo)" if {
	place.geo == _own.geo
} else := " (differs; acknowledged)" if {
	_acknowledged(place)
} else := " (differs; not acknowledged)"

_own := geo.settled(input, "storage")

_fact := attestations.record_fact(input.profile)

_record := attestations.latest(input.evidence.attestations, _fact)

# Without a record nothing was acknowledged; what that means is the organisation's choice.
_failing if _record

_failing if input.params.missing_record == "fail"

_differing := {place |
	some place in _places
	not place.geo in {"", _own.geo}
}

_unacknowledged := {place | some place in _differing; not _acknowledged(place)}

_acknowledged(place) if record_geos.acknowledged(_record, place)

_places := record_geos.others(input)
