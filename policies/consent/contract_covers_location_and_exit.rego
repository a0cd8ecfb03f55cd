# METADATA
# title: Contract, register of information and exit plan cover location and deletion
# description: >-
#   A financial entity under DORA has in its contract where the data rests and that a change is
#   notified, lists the service in its register of information, and has a plan for leaving it that
#   covers deletion and return. Only people can say so, and the references make it checkable. It
#   is judged where regimes names dora.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/compliance/regulatory/offering-dora
#   - ref: https://learn.microsoft.com/defender-xdr/data-privacy
# custom:
#   id: CONS1020
#   severity: low
#   scope: tenant
#   clouds:
#     mtp-2020-a: [global]
#     mtp-2020-b: [global]
#     xdr-current: [global, gcc, gcchigh, dod]
#   monotone: false
#   evidence:
#     all: [attestations]
#   params:
#     missing_record:
#       type: string
#       values: [unknown, fail]
#       description: What a missing record is, unknown or fail.
#       default: unknown
#     regimes:
#       type: [string]
#       description: The laws that the organisation is under, gdpr, dora or nis2.
#       default: [gdpr]
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks:
#     iso_27001: [{id: A.5.20, coverage: part}, {id: A.5.22, coverage: part}, {id: A.5.23, coverage: part}]
#     dora: [{id: 28(3), coverage: evidence}, {id: 28(8), coverage: evidence}, {id: 30(2)(b), coverage: evidence}, {id: 30(2)(d), coverage: evidence}]
#   remediation:
#     summary: Bring the contract, the register and the exit plan in order, and attest to their references.
#     steps:
#       xdr-current:
#         - With procurement and legal, check that the contract names the regions of storage and processing and the notice of their change (Microsoft's financial services amendment).
#         - Enter the service in the register of information, with the locations.
#         - Write into the exit plan how incidents and hunting data are exported, returned and deleted.
#         - Run `domicile attest new contract` with the three references; a second person reviews it.
package domicile.consent.contract_covers_location_and_exit

import data.domicile.lib.attestations

deny contains _finding("No valid statement of the fact 'contract' is on record.", "no record") if {
	_asked
	not _record
	input.params.missing_record == "fail"
}

deny contains _finding(message, concat(", ", missing)) if {
	_asked
	_record
	missing := [concat(" ", ["no", name]) | some name in ["contractRef", "exitPlanRef", "registerRef"]; not _given(name)]
	count(missing) > 0
	message := sprintf("The record '%s' names %s.", [attestations.file(_record), concat(", ", missing)])
}

unknown contains {"reason": "needs_attestation", "kind": "attestations", "message": "No valid statement of the fact 'contract' is on record; write one with 'domicile attest new contract'."} if {
	_asked
	not _record
	input.params.missing_record != "fail"
}

not_applicable contains {"reason": "switched_off", "message": "The parameter regimes doesn't name dora."} if not _asked

observed contains {"fact": "consent", "service": "xdr", "value": value, "tier": "attested", "kind": "attestations"} if {
	_asked
	some name in ["contractRef", "registerRef", "exitPlanRef"]
	_given(name)
	value := sprintf("%s '%s'", [name, substring(_record.value[name], 0, 80)])
}

_asked if "dora" in {lower(regime) | some regime in input.params.regimes}

_record := attestations.latest(input.evidence.attestations, "contract")

_given(name) if {
	is_string(_record.value[name])
	trim_space(_record.value[name]) != ""
}

_finding(message, actual) := {
	"resource": {"kind": "attestation", "id": "contract", "name": "contract"},
	"message": message,
	"expected": "references to the contract, the register of information and the exit plan",
	"actual": actual,
}
