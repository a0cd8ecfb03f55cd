# METADATA
# title: The transfer is in the record of processing, with a basis for every Geo outside the home regions
# description: >-
#   Turning the service on moves Customer Data of other services into it, and its Geo may lie
#   elsewhere. An organisation under the GDPR has that in its record of processing, and for each
#   Geo outside its home regions a basis for the transfer, which is an adequacy decision, standard
#   clauses or a derogation. It is judged where regimes names gdpr.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/defender-xdr/data-privacy
#   - ref: https://learn.microsoft.com/compliance/regulatory/gdpr
#   - ref: https://learn.microsoft.com/privacy/eudb/eu-data-boundary-learn
# custom:
#   id: CONS1019
#   severity: medium
#   scope: tenant
#   clouds:
#     mtp-2020-a: [global]
#     mtp-2020-b: [global]
#     xdr-current: [global, gcc, gcchigh, dod]
#   monotone: false
#   evidence:
#     all: [attestations]
#     optional: [onboarding_package, portal_tenant_context, portal_mcas_about, exchange_organization, incidents_probe, hunting_probe, defender_api_probe, subscribed_skus]
#   params:
#     count_weak_plans:
#       type: boolean
#       description: Whether a plan that Microsoft's text lets suffice but that comes with other products (Defender for Endpoint Plan 1, Cloud App Discovery) makes the tenant eligible. Every rule that asks whether the tenant is eligible goes by it.
#       default: true
#     geo_groups:
#       type: object
#       description: What a name in a list of places stands for, as a list of codes by name; unset, the built-in table alone says which place lies in which.
#     home_regions:
#       type: [string]
#       description: The Geos for which no basis of a transfer is asked, such as EU.
#     max_evidence_age:
#       type: object
#       description: How old evidence may be, by the way it was got (api, portal), in hours (24h) or days (90d).
#       default: {api: 24h, portal: 90d}
#     missing_record:
#       type: string
#       values: [unknown, fail]
#       description: What a missing record is, unknown or fail.
#       default: unknown
#     package_max_age_days:
#       type: integer
#       description: For how many days after its signing certificate ended an onboarding package counts as evidence.
#       default: 400
#     regimes:
#       type: [string]
#       description: The laws that the organisation is under, gdpr, dora or nis2.
#       default: [gdpr]
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks:
#     iso_27001: [{id: A.5.34, coverage: part}, {id: A.5.31, coverage: part}]
#     gdpr: [{id: "30", coverage: evidence}, {id: "35", coverage: evidence}, {id: "44", coverage: evidence}, {id: "45", coverage: evidence}, {id: "46", coverage: evidence}]
#   remediation:
#     summary: Write the transfer into the record of processing, with a basis for each Geo, and attest to it.
#     steps:
#       xdr-current:
#         - With the data protection officer, enter the service in the record of processing, with the Geos where its data rests and the recipients.
#         - For each Geo outside the home regions write down the basis (adequacy decision, standard contractual clauses, derogation) and, where the risk asks for it, the impact assessment.
#         - Run `domicile attest new transfer-basis` with the references and one entry a Geo; a second person reviews it.
package domicile.consent.transfer_has_a_basis

import data.domicile.lib.attestations
import data.domicile.lib.geo
import data.domicile.lib.record_geos
import data.domicile.lib.service

deny contains _finding(message, "no record") if {
	_judged
	not _record
	input.params.missing_record == "fail"
	message := "No valid statement of the fact 'transfer-basis' is on record."
}

deny contains _finding(concat(" ", sort(_problems)), sprintf("%d problems", [count(_problems)])) if {
	_judged
	count(_problems) > 0
}

unknown contains {"reason": "needs_attestation", "kind": "attestations", "message": message} if {
	_judged
	not _record
	input.params.missing_record != "fail"
	message := "No valid statement of the fact 'transfer-basis' is on record; write one with 'domicile attest new transfer-basis'."
}

unknown contains {"reason": "needs_configuration", "kind": "", "message": "The parameter home_regions isn't set, so that it isn't known which Geos need a basis of a transfer."} if {
	_judged
	not _home
}

unknown contains {"reason": _own.reason, "kind": _own.kind, "message": _own.message} if {
	_judged
	_own.state != "known"
}

unknown contains question if {
	_judged
	some question in (record_geos.unsettled(input) | record_geos.missing(input))
}

not_applicable contains {"reason": "switched_off", "message": "The parameter regimes doesn't name gdpr, so that no basis of a transfer is asked for."} if {
	not _asked
}

not_applicable contains {"reason": "switched_off", "message": "The service is off and no transfer is on record."} if {
	_asked
	not _judged
}

observed contains {"fact": "consent", "service": "xdr", "value": value, "tier": "attested", "kind": "attestations"} if {
	_judged
	value := sprintf("record of processing '%s', impact assessment '%s'", [_text(_record.value, "ropaRef"), _text(_record.value, "dpiaRef")])
}

observed contains {"fact": "geo", "service": place.service, "value": value, "tier": place.tier, "kind": place.kind} if {
	_judged
	some place in _places
	value := concat("", [geo.quoted(place.value), _mark(place)])
}

_mark(place) := " (a home region)" if {
	geo.inside(place.value, _home)
} else := sprintf(" (basis '%s')", [_basis(place)]) if {
	_basis(place)
} else := ""

_finding(message, actual) := {
	"resource": {"kind": "attestation", "id": "transfer-basis", "name": "transfer-basis"},
	"message": message,
	"expected": "an entry in the record of processing, and a basis for every Geo outside the home regions",
	"actual": actual,
}

_asked if "gdpr" in {lower(regime) | some regime in input.params.regimes}

_judged if {
	_asked
	_record
}

_judged if {
	_asked
	not service.off(input)
}

_record := attestations.latest(input.evidence.attestations, "transfer-basis")

_home := geo.grouped(input, input.params.home_regions)

_own := geo.settled(input, "storage")

_places := record_geos.own(input) | record_geos.others(input)

_problems contains sprintf("The record '%s' names no entry in the record of processing.", [attestations.file(_record)]) if {
	_text(_record.value, "ropaRef") == ""
}

_problems contains message if {
	_record
	some place in _places
	place.geo != ""
	not geo.inside(place.value, _home)
	is_array(_home)
	not _basis(place)
	message := sprintf("Data of %s rests in %s, outside the home regions, and the record '%s' gives no basis for it.", [geo.title(place.service), geo.quoted(place.value), attestations.file(_record)])
}

# The basis that the record gives for the Geo of a place, or for one it lies in.
_basis(place) := sort({basis |
	some transfer in _record.value.transfers
	is_string(transfer.geo)
	geo.inside(place.value, [transfer.geo])
	basis := _text(transfer, "basis")
	basis != ""
})[0]

_text(value, name) := substring(trim_space(value[name]), 0, 60) if {
	is_string(value[name])
} else := ""
