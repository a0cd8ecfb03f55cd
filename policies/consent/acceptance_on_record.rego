# METADATA
# title: The acceptance of the service's terms, or the decision to use it, is on record
# description: >-
#   Turning the service on is the organisation's consent that Customer Data of other
#   services is transferred into it. In 2020 an administrator accepted terms at opt-in;
#   since late 2020 there is no such step and the terms bind by contract and use, so that
#   the organisation's own recorded decision is asked for. No Microsoft API states either.
#   This is a contract's consent, not a data subject's.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/defender-xdr/m365d-enable
#   - ref: https://learn.microsoft.com/defender-xdr/data-privacy
#   - ref: https://www.microsoft.com/licensing/terms/
# custom:
#   id: CONS1001
#   severity: high
#   scope: tenant
#   clouds:
#     mtp-2020-a: [global]
#     mtp-2020-b: [global]
#     xdr-current: [global, gcc, gcchigh, dod]
#   monotone: false
#   evidence:
#     all: [attestations]
#     optional: [portal_tenant_context, incidents_probe, hunting_probe, defender_api_probe, subscribed_skus]
#   params:
#     count_weak_plans:
#       type: boolean
#       description: Whether a plan that Microsoft's text lets suffice but that comes with other products (Defender for Endpoint Plan 1, Cloud App Discovery) makes the tenant eligible. Every rule that asks whether the tenant is eligible goes by it.
#       default: true
#     missing_record:
#       type: string
#       values: [unknown, fail]
#       description: What a missing record is, unknown or fail.
#       default: unknown
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
#     summary: Record who accepted the terms or decided to use the service, when, and on which text.
#     steps:
#       xdr-current:
#         - Run `domicile attest new service-decision` and name the edition of the Product Terms and of the DPA in your contract.
#         - Have the person who decided, with the role held at the time, fill it in, and a second person review it.
#         - Name each service that feeds the service, each Geo that differs, and Microsoft's exceptions (GEO1021) with the address and date of the page.
#         - Sign it, store it with the contract and set its end date. If the papers of the time are lost, say so; "reconstructed on ... from ..." is a truthful record, a back-dated one is not.
#       mtp-2020-b:
#         - Run `domicile attest new service-decision` and name the edition of the Product Terms or Online Services Terms and of the DPA in your contract at the time.
#         - Have the person who decided, Global or Security Administrator at the time, fill it in, and a second person review it.
#         - Name each service that feeds the service, and each Geo that differs.
#         - Sign it, store it with the contract and set its end date. If the papers of the time are lost, say so.
#       mtp-2020-a:
#         - Run `domicile attest new terms-accepted` with the terms shown at Opt-in / Opt-out and the Online Services Terms of that month.
#         - Have the person who accepted, Global or Security Administrator at the time, fill it in, and a second person review it.
#         - Name each service that feeds the service, and each Geo that differs.
#         - Sign it, store it with the contract and set its end date. If the screenshot or the ticket of 2020 is lost, say so; "reconstructed on ... from ..." is a truthful record, a back-dated one is not.
package domicile.consent.acceptance_on_record

import data.domicile.lib.attestations
import data.domicile.lib.geo_portal
import data.domicile.lib.service

deny contains _finding(message, "refused") if {
	_row == "refused"
	message := sprintf("The record '%s' says that the service was refused, and it is on.", [attestations.file(_record)])
}

deny contains _finding(message, "not consented to") if {
	_row == "portal_refused"
	message := "The Defender portal says that consent was not given (MtpConsent is false), no valid record says otherwise, and the service is on."
}

deny contains _finding(message, "no record") if {
	_row == "missing"
	input.params.missing_record == "fail"
	message := sprintf("No statement of the fact '%s' is on record.", [_fact])
}

unknown contains {"reason": "needs_attestation", "kind": "attestations", "message": message} if {
	message := _asked[_row]
}

unknown contains {"reason": "needs_attestation", "kind": "attestations", "message": message} if {
	_row == "missing"
	input.params.missing_record != "fail"
	message := sprintf("No statement of the fact '%s' is on record; write one with 'domicile attest new %s'.", [_fact, _fact])
}

unknown contains {"reason": "conflict", "kind": "attestations", "message": message} if {
	_row == "contradictory"
	message := sprintf("Two valid statements of the fact '%s' of the same time disagree on whether it was accepted; withdraw one of them.", [_fact])
}

unknown contains {"reason": _state.reason, "kind": _state.kind, "message": message} if {
	_row == "refused_state_unknown"
	message := sprintf("The record '%s' says that the service was refused, and whether it is on isn't known: %s", [attestations.file(_record), _state.message])
}

not_applicable contains {"reason": "switched_off", "message": message} if {
	_row == "off"
	message := "The service is off and there is no record of a decision to use it, so nothing was consented to."
}

not_applicable contains {"reason": "switched_off", "message": message} if {
	_row == "refused_and_off"
	message := sprintf("The record '%s' says that the service was refused, and it is off.", [attestations.file(_record)])
}

observed contains {"fact": "consent", "service": "xdr", "value": value, "tier": "attested", "kind": "attestations"} if {
	_row == "accepted"
	value := sprintf("accepted on '%s' by '%s', terms '%s', %s, '%s'", [_when, _who, _edition, _signed, attestations.file(_record)])
}

# The field's meaning is undocumented, and under the later profiles nobody was asked.
observed contains {"fact": "consent", "service": "xdr", "value": value, "tier": "portal", "kind": "portal_tenant_context"} if {
	input.profile == "mtp-2020-a"
	some consent in _portal_consents
	value := sprintf("MtpConsent is %v", [consent])
}

_fact := attestations.record_fact(input.profile)

_state := service.state(input)

_records := attestations.about(input.evidence.attestations, _fact)

_valid := attestations.valid(input.evidence.attestations, _fact)

_record := attestations.latest(input.evidence.attestations, _fact)

# The first row of the decision table that matches. The rows "contradictory", "unsaid"
# and the two of a refusal while the service isn't known to be on complete it.
_row := "off" if {
	_state.state == "off"
	count(_records) == 0
} else := "contradictory" if {
	count(_answers) > 1
} else := "accepted" if {
	_answers == {true}
} else := "refused" if {
	_answers == {false}
	_state.state == "on"
} else := "refused_and_off" if {
	_answers == {false}
	_state.state == "off"
} else := "refused_state_unknown" if {
	_answers == {false}
} else := "portal_consented" if {
	count(_records) == 0
	true in _portal_consents
} else := "portal_refused" if {
	input.profile == "mtp-2020-a"
	false in _portal_consents
	_state.state == "on"
} else := "unsaid" if {
	count(_valid) > 0
} else := "invalid" if {
	count(_records) > 0
} else := "missing"

_asked["portal_consented"] := sprintf("The Defender portal says that consent was given (MtpConsent), which proves neither by whom nor to which text; write a record with 'domicile attest new %s'.", [_fact])

_asked["unsaid"] := sprintf("The record '%s' does not say whether the service was accepted or refused; write its value 'accepted'.", [attestations.file(_record)])

_asked["invalid"] := sprintf("A statement of the fact '%s' is on record but failed its checks, which CONS1004 names; correct it or write a new one.", [_fact])

# What the newest valid statements say: accepted, refused or, of equal age, both.
_answers := {answer |
	some statement in _valid
	object.get(statement, "observedAt", "") == object.get(_record, "observedAt", "")
	answer := statement.value.accepted
	is_boolean(answer)
}

_portal_consents := {context.MtpConsent |
	some context in geo_portal.contexts(input)
	geo_portal.fresh(input, context)
	is_boolean(context.MtpConsent)
}

_finding(message, actual) := {
	"resource": {"kind": "tenant", "id": input.tenant.id, "name": input.tenant.name},
	"message": message,
	"expected": sprintf("a valid statement of the fact '%s' that says accepted", [_fact]),
	"actual": actual,
}

default _when := "an unnamed day"

_when := substring(attestations.decided_at(_record.value), 0, 40)

default _who := "an unnamed person"

_who := attestations.name(attestations.decider(_record.value))

default _edition := "unnamed"

_edition := substring(_record.value.edition, 0, 60) if is_string(_record.value.edition)

default _signed := "unsigned"

_signed := "signed" if attestations.signed(_record)
