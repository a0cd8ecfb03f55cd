# METADATA
# title: A service that is off on purpose has a record of who decided it
# description: >-
#   Turning the service off deletes its data, and no scan can tell afterwards whether that was meant. Whoever stays
#   without the service, or left it, should be able to show who decided that, in which role and when, that the loss
#   of the data was known, and which copies were kept.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/defender-xdr/m365d-enable
#   - ref: https://learn.microsoft.com/defender-xdr/data-privacy
# custom:
#   id: XDR1007
#   severity: medium
#   scope: tenant
#   clouds:
#     mtp-2020-a: [global]
#     mtp-2020-b: [global]
#     xdr-current: [global, gcc, gcchigh, dod]
#   monotone: false
#   evidence:
#     any: [attestations]
#     optional: [incidents_probe, hunting_probe, defender_api_probe, portal_tenant_context, subscribed_skus]
#   licence: []
#   params:
#     count_weak_plans:
#       type: boolean
#       description: Whether a plan that Microsoft's text lets suffice but that comes with other products (Defender for Endpoint Plan 1, Cloud App Discovery) makes the tenant eligible. Every rule that asks whether the tenant is eligible goes by it.
#       default: true
#     expected_state:
#       type: string
#       values: ["on", "off"]
#       description: The state that the organisation decided on, on or off. With off this rule doesn't apply.
#       default: "on"
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
#     nist_800_53: [{id: CM-3, coverage: part}, {id: SI-12, coverage: part}]
#     iso_27001: [{id: A.8.10, coverage: part}, {id: A.8.32, coverage: part}]
#     gdpr: [{id: 28(3)(g), coverage: evidence}]
#     dora: [{id: 30(2)(d), coverage: evidence}]
#   remediation:
#     summary: Record who decided that the service is off, and that the loss of its data was known.
#     steps:
#       xdr-current:
#         - Do not turn the service on again before deciding. It starts empty, in an automatically chosen Geo.
#         - Find out who decided it and when, from the audit log and the ticket with which Microsoft support deprovisioned it. There is no switch in the portal.
#         - Secure the copies outside (Microsoft Sentinel, Event Hubs, storage). They are the only data left.
#         - Write the record with `domicile attest new service-off` and have a second person review it.
#       mtp-2020-b:
#         - Do not turn the service on again before deciding. It starts empty.
#         - Find out who decided it and when, from the audit log and the ticket of Microsoft support.
#         - Secure the copies outside (Azure Sentinel, Event Hubs, storage). They are the only data left.
#         - Write the record with `domicile attest new service-off` and have a second person review it.
#       mtp-2020-a:
#         - Do not turn the service on again before deciding. Turning it off deleted its data for good.
#         - Find out who cleared Settings > Microsoft Threat Protection > Opt-in / Opt-out and when, from the audit log.
#         - Secure the copies outside (Azure Sentinel, Event Hubs, storage). They are the only data left.
#         - Write the record with `domicile attest new service-off` and have a second person review it.
package domicile.xdr.off_on_purpose_recorded

import data.domicile.lib.attestations
import data.domicile.lib.service
import data.domicile.lib.service_off

deny contains _finding(message, concat(", ", lacking)) if {
	_applies
	lacking := service_off.lacks(input, _record)
	count(lacking) > 0
	message := sprintf("The record '%s' of the service being off does not say: %s.", [attestations.file(_record), concat("; ", lacking)])
}

deny contains _finding(message, "no record") if {
	_applies
	_missing
	input.params.missing_record == "fail"
	message := sprintf("The service is off on purpose, and no valid statement of the fact '%s' is on record.", [service_off.fact])
}

unknown contains {"reason": "needs_attestation", "kind": "attestations", "message": message} if {
	_applies
	_missing
	input.params.missing_record != "fail"
	message := sprintf("The service is off on purpose, and %s; write one with 'domicile attest new %s'.", [_flaw, service_off.fact])
}

not_applicable contains {"reason": "nothing_to_judge", "message": message} if {
	not _applies
	message := _why_not[_state.state]
}

observed contains {"fact": "on", "service": "xdr", "value": value, "tier": "attested", "kind": "attestations"} if {
	_applies
	day := substring(service_off.ended_at(_record), 0, 10)
	value := sprintf("off since '%s' by the record '%s'; copies kept: %s", [day, attestations.file(_record), _kept])
}

_state := service.state(input)

# Off is meant by the configuration, or the service is proven off and somebody recorded it. A
# service that is proven on, or that nobody meant to be off, is for XDR1001.
_applies if {
	service.meant_off(input)
	_state.state != "on"
}

_applies if {
	_state.state == "off"
	count(service_off.records(input)) > 0
}

_why_not := {
	"on": "The service is on.",
	"off": "The service is off, and neither the configuration (expected_state) nor a record says that it is meant to be, which XDR1001 reports.",
	"unknown": "The configuration doesn't say that the service is meant to be off (expected_state).",
}

_record := service_off.record(input)

_missing if not _record

default _flaw := "no statement says who decided it"

_flaw := "the statement on record failed its checks, which CONS1004 names, or a new start came after it" if count(service_off.records(input)) > 0

default _kept := "none named"

_kept := concat(", ", [sprintf("'%s'", [substring(name, 0, 60)]) | some name in array.slice(names, 0, 4)]) if {
	names := [name | some name in _record.value.exportsKept; is_string(name)]
	count(names) > 0
}

_finding(message, actual) := {
	"resource": {"kind": "attestation", "id": service_off.fact, "name": "The service is off on purpose"},
	"message": message,
	"expected": "a record of who decided it, in which role and when, and that the loss of the data was known",
	"actual": actual,
}
