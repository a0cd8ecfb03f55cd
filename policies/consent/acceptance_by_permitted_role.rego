# METADATA
# title: A person with a permitted role accepted the terms, or decided, before the service was turned on
# description: >-
#   Microsoft lets only certain administrators turn the service on, and consent is to be
#   given before data is shared between the services. The role is the one held at the time,
#   as the record states it; a person who has left since is no failure, and today's roles
#   prove nothing about then. An incident older than the acceptance contradicts the record.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/defender-xdr/m365d-enable
#   - ref: https://learn.microsoft.com/defender-xdr/prerequisites
# custom:
#   id: CONS1002
#   severity: high
#   scope: tenant
#   clouds:
#     mtp-2020-a: [global]
#     mtp-2020-b: [global]
#     xdr-current: [global, gcc, gcchigh, dod]
#   monotone: false
#   evidence:
#     all: [attestations]
#     optional: [incidents_probe, hunting_probe, defender_api_probe, portal_tenant_context, subscribed_skus]
#   params:
#     count_weak_plans:
#       type: boolean
#       description: Whether a plan that Microsoft's text lets suffice but that comes with other products (Defender for Endpoint Plan 1, Cloud App Discovery) makes the tenant eligible. Every rule that asks whether the tenant is eligible goes by it.
#       default: true
#     max_evidence_age:
#       type: object
#       description: How old evidence may be, by the way it was got (api, portal), in hours (24h) or days (90d).
#       default: {api: 24h, portal: 90d}
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks:
#     nist_800_53: [{id: SA-9, coverage: part}]
#     iso_27001: [{id: A.5.20, coverage: part}, {id: A.5.23, coverage: part}, {id: A.5.33, coverage: part}]
#     gdpr: [{id: 5(2), coverage: evidence}, {id: 28(3), coverage: evidence}]
#     dora: [{id: 28(2), coverage: evidence}]
#   remediation:
#     summary: Complete the record with the person, the role at the time and both dates, or document the late or unauthorised acceptance.
#     steps:
#       xdr-current:
#         - Find out who decided, in which role and when, and when the service was turned on (the portal's first visit, the audit log, a support ticket).
#         - Write a new statement with `domicile attest new service-decision` that names decidedBy with roleAtTheTime, decidedAt and turnedOnAt; a second person reviews it. Never write an earlier date than the true one.
#         - If the decision was late or taken by somebody else, have a person with a permitted role confirm it now, note it in the register of processing, and accept the finding with a waiver that ends.
#       mtp-2020-b:
#         - Find out which Global or Security Administrator decided and when, and when the service was turned on.
#         - Write a new statement with `domicile attest new service-decision` that names decidedBy with roleAtTheTime, decidedAt and turnedOnAt; a second person reviews it. Never write an earlier date than the true one.
#         - If the decision was late or taken by somebody else, have a permitted administrator confirm it now and accept the finding with a waiver that ends.
#       mtp-2020-a:
#         - Find out which Global or Security Administrator accepted the terms at Opt-in / Opt-out and when, and when the service was turned on.
#         - Write a new statement with `domicile attest new terms-accepted` that names acceptedBy with roleAtTheTime, acceptedAt and turnedOnAt; a second person reviews it. Never write an earlier date than the true one.
#         - If the acceptance was late or by somebody else, have a permitted administrator confirm it now and accept the finding with a waiver that ends.
package domicile.consent.acceptance_by_permitted_role

import data.domicile.lib.attestations
import data.domicile.lib.service

deny contains {
	"resource": {"kind": "attestation", "id": _fact, "name": attestations.file(_record)},
	"message": concat(" ", sort({problem.message | some problem in _problems})),
	"expected": sprintf("one of the roles %s, before the service was turned on", [concat(", ", sort(_permitted))]),
	"actual": concat("; ", sort({problem.actual | some problem in _problems})),
} if {
	count(_problems) > 0
}

unknown contains {"reason": "needs_attestation", "kind": "attestations", "message": message} if {
	not _record
	not _never_started
	message := sprintf("No valid statement of the fact '%s' is there, so that nobody can tell who accepted and when; CONS1001 and CONS1004 say what to do.", [_fact])
}

unknown contains {"reason": "needs_attestation", "kind": "attestations", "message": message} if {
	count(_missing) > 0
	message := sprintf("The record '%s' does not give %s; write a new one with 'domicile attest new %s'.", [attestations.file(_record), concat(", ", sort(_missing)), _fact])
}

not_applicable contains {"reason": "switched_off", "message": message} if {
	_never_started
	message := "The service is off and there is no record of a decision to use it."
}

not_applicable contains {"reason": "nothing_to_judge", "message": message} if {
	_answer == "refused"
	message := sprintf("The record '%s' says that the service was refused, so that nobody accepted it.", [attestations.file(_record)])
}

observed contains {"fact": "role", "service": "xdr", "value": value, "tier": "attested", "kind": "attestations"} if {
	_answer == "accepted"
	value := sprintf("'%s' as '%s' on '%s'", [_who, _role, _when])
}

_fact := attestations.record_fact(input.profile)

_record := attestations.latest(input.evidence.attestations, _fact)

_permitted := {name | some _, name in attestations.deciders(input.profile)}

_never_started if {
	count(attestations.about(input.evidence.attestations, _fact)) == 0
	service.off(input)
}

default _answer := "none"

_answer := "accepted" if {
	_record.value.accepted in [true]
} else := "refused" if {
	_record.value.accepted in [false]
} else := "unsaid" if {
	_record
}

_problems contains {"message": message, "actual": sprintf("role '%s'", [_role])} if {
	_answer == "accepted"
	not _allowed_role
	message := sprintf("The record '%s' says that '%s' accepted as '%s', a role that may not turn the service on.", [attestations.file(_record), _who, _role])
}

_problems contains {"message": message, "actual": sprintf("accepted '%s', turned on '%s'", [_when, _started])} if {
	_answer == "accepted"
	attestations.time_ns(_when) > attestations.end_ns(_started)
	message := sprintf("The record '%s' says that the terms were accepted or the decision taken on '%s', after the service was turned on at '%s'.", [attestations.file(_record), _when, _started])
}

_problems contains {"message": message, "actual": sprintf("accepted '%s', incident of '%s'", [_when, _first_incident])} if {
	_answer == "accepted"
	attestations.time_ns(_when) > attestations.end_ns(_first_incident)
	message := sprintf("An incident of '%s' is older than the acceptance of '%s' in the record '%s'.", [_first_incident, _when, attestations.file(_record)])
}

_missing contains "whether it was accepted" if _answer == "unsaid"

_missing contains "the person (upn or objectId)" if {
	_answer == "accepted"
	not _decider
}

_missing contains "the role at the time (roleAtTheTime)" if {
	_answer == "accepted"
	not _stated_role
}

_missing contains "the day of the acceptance or decision" if {
	_answer == "accepted"
	not attestations.time_ns(_when)
}

# A decision to use a service that was never turned on comes before any start.
_missing contains "the day on which the service was turned on (turnedOnAt)" if {
	_answer == "accepted"
	not _start_known
	not service.off(input)
}

_start_known if attestations.time_ns(_started)

_decider := attestations.decider(_record.value)

# A role is written by its template id or by its name.
_allowed_role if {
	some id, name in attestations.deciders(input.profile)
	lower(_stated_role) in {id, lower(name)}
}

# One that isn't stated is missing, not wrong.
_allowed_role if not _stated_role

_stated_role := substring(trim_space(role), 0, 60) if {
	role := _decider.roleAtTheTime
	is_string(role)
	trim_space(role) != ""
}

default _who := "an unnamed person"

_who := attestations.name(_decider)

default _role := "an unnamed role"

_role := attestations.deciders(input.profile)[lower(_stated_role)] if {
	attestations.deciders(input.profile)[lower(_stated_role)]
} else := _stated_role

default _when := "an unnamed day"

_when := substring(attestations.decided_at(_record.value), 0, 40)

_started := substring(_record.value.turnedOnAt, 0, 40) if is_string(_record.value.turnedOnAt)

_first_incident := sort([[attestations.time_ns(at), at] |
	some probe in input.evidence.incidents_probe
	some incident in [object.get(probe, "seen", null), object.get(probe, "earlier", null)]
	at := incident.createdDateTime
	attestations.time_ns(at)
])[0][1]
