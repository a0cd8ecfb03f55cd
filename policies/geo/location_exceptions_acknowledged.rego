# METADATA
# title: Microsoft's documented exceptions to the location commitment are acknowledged
# description: >-
#   The commitment to keep data in the chosen Geo has documented exceptions: pseudonymised data in
#   central systems, access by remote staff, threat intelligence, support, and data that stays
#   where an integrated service keeps it. In 2020 the text said outright that pseudonymised data
#   may be stored in the United States. A Geo that is allowed hides these transfers, so that the
#   organisation should have read and accepted them, by the edition of the text.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/defender-xdr/data-privacy
#   - ref: https://learn.microsoft.com/privacy/eudb/eu-data-boundary-transfers-for-all-services
#   - ref: https://learn.microsoft.com/defender-endpoint/data-storage-privacy
# custom:
#   id: GEO1021
#   severity: medium
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
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks:
#     nist_800_53: [{id: SA-9(5), coverage: part}]
#     iso_27001: [{id: A.5.22, coverage: part}, {id: A.5.23, coverage: part}]
#     gdpr: [{id: 30(1)(e), coverage: evidence}]
#     dora: [{id: 30(2)(b), coverage: evidence}]
#   remediation:
#     summary: Read the exceptions and have the data protection officer sign the list.
#     steps:
#       xdr-current:
#         - Read Microsoft's EU Data Boundary pages (transfers for all services; permanent, temporary and partial transfers), the data-storage page of each Defender product and the Trust Center's data location page, and note the date of each edition.
#         - Write a statement with `domicile attest new location-exceptions` that gives the edition and names under acknowledged, one by one, pseudonymised data, remote access, threat intelligence, support and the original location of integrated services.
#         - Have the data protection officer review it, and keep the texts with it.
#       mtp-2020-b:
#         - Read the Data Location section of the page on data security and privacy, and Microsoft Defender for Endpoint's page on data storage, and note the date of each edition.
#         - Write a statement with `domicile attest new location-exceptions` that gives the edition and names pseudonymised data under acknowledged.
#         - Have the data protection officer review it, and keep the texts with it.
#       mtp-2020-a:
#         - Read the Data Location section of the page on data security and privacy, and Microsoft Defender ATP's page on data storage, and note the date of each edition.
#         - Write a statement with `domicile attest new location-exceptions` that gives the edition and names pseudonymised data under acknowledged.
#         - Have the data protection officer review it, and keep the texts with it.
package domicile.geo.location_exceptions_acknowledged

import data.domicile.lib.attestations
import data.domicile.lib.geo

deny contains {
	"resource": {"kind": "attestation", "id": "location-exceptions", "name": "location-exceptions"},
	"message": "No valid statement says that Microsoft's documented exceptions to its commitment on location are accepted.",
	"expected": "a statement 'location-exceptions'",
	"actual": "no statement",
} if {
	not _record
	input.params.missing_record == "fail"
}

unknown contains {"reason": "needs_attestation", "kind": "attestations", "message": message} if {
	not _record
	input.params.missing_record != "fail"
	message := "No valid statement says that Microsoft's documented exceptions to its commitment on location are accepted; write one with 'domicile attest new location-exceptions'."
}

unknown contains {"reason": "needs_attestation", "kind": "attestations", "message": message} if {
	_record
	count(_unnamed) > 0
	message := sprintf("The statement '%s' doesn't name, in words that are known here, %s; write a new one that does.", [attestations.file(_record), concat(", ", sort(_unnamed))])
}

unknown contains {"reason": "needs_attestation", "kind": "attestations", "message": message} if {
	_record
	not _edition
	message := sprintf("The statement '%s' doesn't name the edition of the text; write a new one that does.", [attestations.file(_record)])
}

observed contains {"fact": "exempt", "service": "xdr", "value": value, "tier": "attested", "kind": "attestations"} if {
	some text in _accepted
	value := sprintf("%s, by %s", [geo.quoted(text), geo.quoted(_shown)])
}

_record := attestations.latest(input.evidence.attestations, "location-exceptions")

_edition := text if {
	text := _record.value.edition
	is_string(text)
	trim_space(text) != ""
}

default _shown := "an unnamed edition"

_shown := _edition

_accepted := [text |
	some text in _record.value.acknowledged
	is_string(text)
	trim_space(text) != ""
]

# The exceptions that Microsoft's text names today, and the words by which a statement's
# entry is known to mean one. The texts of 2020 name the first alone.
_exceptions := {
	"pseudonymised data": `pseudonym`,
	"remote access": `remote|access`,
	"threat intelligence": `threat|intelligence`,
	"support": `support`,
	"the original location of integrated services": `original|integrated`,
}

_named_in := {
	"mtp-2020-a": {"pseudonymised data"},
	"mtp-2020-b": {"pseudonymised data"},
	"xdr-current": {name | some name, _ in _exceptions},
}

_unnamed := {name |
	some name in _named_in[input.profile]
	not _names(_exceptions[name])
}

_names(words) if {
	some text in _accepted
	regex.match(words, lower(text))
}
