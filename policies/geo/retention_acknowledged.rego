# METADATA
# title: Retention and commitments that differ between the service and its sources are acknowledged
# description: >-
#   Data that flows into Defender XDR follows its retention and its commitments, which may differ
#   from those of the service it came from: today 180 days, 30 in advanced hunting; in 2020 one to
#   six months, chosen at onboarding. No interface tells the periods, so that two people state
#   them, and what of it they accept.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/defender-xdr/data-privacy
#   - ref: https://learn.microsoft.com/defender-endpoint/data-storage-privacy
#   - ref: https://learn.microsoft.com/defender-office-365/mdo-data-retention
# custom:
#   id: GEO1020
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
#       description: What a missing record is, unknown or fail.
#       values: [unknown, fail]
#       default: unknown
#     retention_min_days:
#       type: integer
#       description: The fewest days for which the service must keep data; unset, no fewest.
#     retention_max_days:
#       type: integer
#       description: The most days for which the service may keep data; unset, no most.
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks:
#     nist_800_53: [{id: SI-12, coverage: part}]
#     iso_27001: [{id: A.8.10, coverage: part}, {id: A.5.33, coverage: part}]
#     gdpr: [{id: 5(1)(e), coverage: evidence}, {id: 28(3)(g), coverage: evidence}]
#   remediation:
#     summary: State the periods, and acknowledge those that differ.
#     steps:
#       xdr-current:
#         - Look up for how long Defender XDR and each service that feeds it keep data, on their pages on data storage and privacy.
#         - Let the data's owner decide whether each difference is acceptable.
#         - Write a statement with `domicile attest new retention` that gives the days, the days of each source under services, and what is accepted under acknowledged, and have a second person review it.
#       mtp-2020-a:
#         - Read the period that was chosen at onboarding, at Microsoft Defender Security Center > Settings > Data retention (one to six months), and those of each service that feeds it.
#         - Write a statement with `domicile attest new retention` that gives the days, the days of each source under services, and what is accepted under acknowledged, and have a second person review it.
package domicile.geo.retention_acknowledged

import data.domicile.lib.attestations
import data.domicile.lib.geo

deny contains {
	"resource": {"kind": "attestation", "id": "retention", "name": _name},
	"message": concat(" ", sort({fault.message | some fault in _faults})),
	"expected": concat("; ", sort({fault.expected | some fault in _faults})),
	"actual": _actual,
} if {
	count(_faults) > 0
}

unknown contains {"reason": "needs_attestation", "kind": "attestations", "message": message} if {
	not _record
	input.params.missing_record != "fail"
	message := "No valid statement says for how long data is kept; write one with 'domicile attest new retention'."
}

unknown contains {"reason": "needs_attestation", "kind": "attestations", "message": message} if {
	_record
	not _days
	message := sprintf("The statement '%s' doesn't say for how many days the service keeps data; write a new one.", [_name])
}

unknown contains {"reason": "needs_attestation", "kind": "attestations", "message": message} if {
	_record
	count(_sources) == 0
	count(_accepted) == 0
	message := sprintf("The statement '%s' names no source of the service and no commitment that differs, so that nothing shows that anybody compared them; write a new one.", [_name])
}

observed contains {"fact": "retention", "service": "xdr", "value": sprintf("%d days", [_days]), "tier": "attested", "kind": "attestations"}

observed contains {"fact": "retention", "service": service, "value": sprintf("%s: %d days", [source.name, source.days]), "tier": "attested", "kind": "attestations"} if {
	some source in _sources
	service := object.get({"known": known | known := geo.service_named(source.service)}, "known", "")
}

_record := attestations.latest(input.evidence.attestations, "retention")

_faults contains {"message": "No valid statement says for how long data is kept.", "expected": "a statement 'retention'"} if {
	not _record
	input.params.missing_record == "fail"
}

_faults contains {"message": message, "expected": "what differs, one by one under acknowledged"} if {
	differing := {source.name | some source in _sources; source.days != _days}
	count(differing) > 0
	count(_accepted) == 0
	message := sprintf("By the statement '%s' the service keeps data for %d days and %s for others, and nobody acknowledged it.", [_name, _days, concat(", ", differing)])
}

_faults contains {"message": message, "expected": sprintf("at most %d days", [most])} if {
	most := input.params.retention_max_days
	_days > most
	message := sprintf("By the statement '%s' the service keeps data for %d days, longer than the %d that are allowed.", [_name, _days, most])
}

_faults contains {"message": message, "expected": sprintf("at least %d days", [fewest])} if {
	fewest := input.params.retention_min_days
	_days < fewest
	message := sprintf("By the statement '%s' the service keeps data for %d days, less than the %d that are asked for.", [_name, _days, fewest])
}

_days := _record.value.days if is_number(_record.value.days)

_sources := [{"service": source.service, "name": geo.quoted(source.service), "days": source.days} |
	some source in _record.value.services
	is_string(source.service)
	is_number(source.days)
]

_accepted := [text |
	some text in _record.value.acknowledged
	is_string(text)
	trim_space(text) != ""
]

_name := attestations.file(_record) if {
	_record
} else := "retention"

_actual := sprintf("%d days, %d commitments acknowledged", [_days, count(_accepted)]) if {
	_days
} else := "no statement"
