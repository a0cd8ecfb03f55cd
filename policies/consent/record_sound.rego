# METADATA
# title: Every statement on record is sound and nothing contradicts it
# description: >-
#   Where no Microsoft API states a fact, the record of two people is the evidence. It is
#   worth something only if it is about this tenant, was made by two people, holds the hash
#   of what they saw, hasn't expired and agrees with better evidence. A statement that fails
#   is kept, shown here, and used by no rule.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/defender-xdr/m365d-enable
#   - ref: https://learn.microsoft.com/defender-xdr/data-privacy
# custom:
#   id: CONS1004
#   severity: high
#   scope: tenant
#   clouds:
#     mtp-2020-a: [global]
#     mtp-2020-b: [global]
#     xdr-current: [global, gcc, gcchigh, dod]
#   monotone: true
#   evidence:
#     all: [attestations]
#     optional: [onboarding_package, portal_tenant_context, portal_mcas_about, exchange_organization, secure_scores, log_workspaces, azure_resources, incidents_probe, hunting_probe, defender_api_probe, subscribed_skus]
#   params:
#     attestation_days:
#       type: integer
#       description: The longest time for which a statement may hold, in days.
#       default: 365
#     count_weak_plans:
#       type: boolean
#       description: Whether a plan that Microsoft's text lets suffice but that comes with other products (Defender for Endpoint Plan 1, Cloud App Discovery) makes the tenant eligible. Every rule that asks whether the tenant is eligible goes by it.
#       default: true
#     require_signed_attestations:
#       type: boolean
#       description: Whether an unsigned statement is a violation; otherwise it is only shown.
#       default: false
#     package_max_age_days:
#       type: integer
#       description: For how many days after its signing certificate ended an onboarding package counts as evidence.
#       default: 400
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
#     summary: Correct the statement, or withdraw it and write a new one that two people stand for.
#     steps:
#       xdr-current:
#         - Run `domicile attest check` to see which check of which file fails, and why.
#         - Where evidence contradicts the statement, find out which is right first; look at the portal page that the statement names again.
#         - Write a new statement with `domicile attest new` and the fact; one person observes, another reviews, and each artefact is named with its sha256.
#         - Set the end date within attestation_days, sign the statement, and take the old file out of the configuration's list.
#       mtp-2020-a:
#         - Run `domicile attest check` to see which check of which file fails, and why.
#         - Where evidence contradicts the statement, find out which is right first.
#         - Write a new statement with `domicile attest new terms-accepted` (or the fact in question); if the screenshot or ticket of 2020 is lost, say so - "reconstructed on ... from ..." is a truthful record, a back-dated one is not.
#         - Set the end date within attestation_days, sign the statement, and take the old file out of the configuration's list.
package domicile.consent.record_sound

import data.domicile.lib.attestations
import data.domicile.lib.attestations_contradictions as contradictions
import data.domicile.lib.service

deny contains {
	"resource": {"kind": "attestation", "id": fact, "name": fact},
	"message": sprintf("A statement of the fact '%s' is not sound: %s.", [fact, _listed(problems)]),
	"expected": "a sound statement that nothing contradicts",
	"actual": sprintf("%d problems in %s", [count(problems), concat(", ", sort({sprintf("'%s'", [p.file]) | some p in problems}))]),
} if {
	some fact in {problem.fact | some problem in _problems}
	problems := {problem | some problem in _problems; problem.fact == fact}
}

# Without a statement nothing can be said of the record: no evidence, no pass. That the
# record of the decision itself is missing is CONS1001's to say, and a service that was
# never wanted needs none (row 1 of CONS1001's table).
unknown contains {"reason": "needs_attestation", "kind": "attestations", "message": "No statement is on record, so that none can be checked; write one with 'domicile attest new'."} if {
	_no_statement
	not service.off(input)
}

not_applicable contains {"reason": "switched_off", "message": "The service is off, and no statement is on record."} if {
	_no_statement
	service.off(input)
}

_no_statement if count(input.evidence.attestations) == 0

observed contains {"fact": "consent", "service": "", "value": value, "tier": "attested", "kind": "attestations"} if {
	some statement in input.evidence.attestations
	value := sprintf("'%s' in '%s', %s", [_fact(statement), attestations.file(statement), _signature(statement)])
}

_problems contains {"fact": _fact(statement), "file": attestations.file(statement), "says": says} if {
	some statement in attestations.invalid(input.evidence.attestations)
	some check in attestations.failed_checks(statement)
	says := sprintf("its check '%v' failed ('%s')", [check.name, substring(sprintf("%v", [check.message]), 0, 200)])
}

_problems contains {"fact": _fact(statement), "file": attestations.file(statement), "says": "it was not checked"} if {
	some statement in attestations.invalid(input.evidence.attestations)
	count(attestations.failed_checks(statement)) == 0
}

_problems contains {"fact": _fact(statement), "file": attestations.file(statement), "says": says} if {
	some statement in input.evidence.attestations
	days := attestations.term_days(statement)
	days > input.params.attestation_days
	says := sprintf("it holds for %d days, longer than %d", [days, input.params.attestation_days])
}

_problems contains {"fact": _fact(statement), "file": attestations.file(statement), "says": "it does not say from when until when it holds"} if {
	some statement in input.evidence.attestations
	not _has_term(statement)
}

_problems contains {"fact": _fact(statement), "file": attestations.file(statement), "says": "it is unsigned"} if {
	input.params.require_signed_attestations
	some statement in input.evidence.attestations
	not attestations.signed(statement)
}

_problems contains contradiction if some contradiction in contradictions.all(input)

_has_term(statement) if attestations.term_days(statement)

_fact(statement) := substring(statement.fact, 0, 40) if {
	is_string(statement.fact)
	statement.fact != ""
} else := "unnamed"

_signature(statement) := "signed" if {
	attestations.signed(statement)
} else := "unsigned"

# The first three problems with their files, and how many there are besides.
_listed(problems) := text if {
	all := sort({sprintf("%s ('%s')", [problem.says, problem.file]) | some problem in problems})
	more := [sprintf("and %d more", [count(all) - 3]) | count(all) > 3]
	text := concat("; ", array.concat(array.slice(all, 0, 3), more))
}
