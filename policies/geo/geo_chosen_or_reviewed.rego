# METADATA
# title: Without Defender for Endpoint, the Geo was chosen or reviewed by a named person
# description: >-
#   With Defender for Endpoint its Geo is the service's. Without it the Geo was asked for at opt-in
#   in 2020, and has been selected automatically since; it can't be moved afterwards. That somebody
#   chose it, or at least looked at the automatic choice, should be on record with a name.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/defender-xdr/m365d-enable
#   - ref: https://learn.microsoft.com/defender-xdr/data-privacy
# custom:
#   id: GEO1022
#   severity: medium
#   scope: tenant
#   clouds:
#     mtp-2020-a: [global]
#     mtp-2020-b: [global]
#     xdr-current: [global, gcc, gcchigh, dod]
#   monotone: false
#   evidence:
#     all: [attestations]
#     optional: [subscribed_skus, hunting_probe]
#   params:
#     missing_record:
#       type: string
#       description: What a missing record is, unknown or fail.
#       values: [unknown, fail]
#       default: unknown
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   remediation:
#     summary: Look at the Geo and record who did.
#     steps:
#       xdr-current:
#         - Read Defender portal > Settings > Microsoft Defender XDR > Account (data storage location).
#         - Let the data's owner decide whether it is acceptable; if not, see GEO1002.
#         - "Write a statement with `domicile attest new xdr-geo` with how: reviewed (or chosen, where support provisioned it as asked), and have a second person review it."
#       mtp-2020-a:
#         - Find the record of the choice at Settings > Microsoft Threat Protection > Opt-in / Opt-out, a screenshot or a ticket.
#         - "Write a statement with `domicile attest new xdr-geo` with how: chosen, and have a second person review it. If the record is lost, say from what it was reconstructed; a back-dated one is no record."
package domicile.geo.geo_chosen_or_reviewed

import data.domicile.lib.attestations
import data.domicile.lib.geo_endpoint

deny contains {
	"resource": {"kind": "geo", "id": "xdr:storage", "name": "Microsoft Defender XDR, storage"},
	"message": sprintf("Defender for Endpoint isn't provisioned, and no valid statement says that a person %s the service's Geo.", [_asked]),
	"expected": sprintf("a statement 'xdr-geo' with how: %s", [_asked]),
	"actual": _actual,
} if {
	_lacking
	input.params.missing_record == "fail"
}

not_applicable contains {"reason": "nothing_to_judge", "message": message} if {
	_endpoint.state == "yes"
	message := "Defender for Endpoint is provisioned, so that its Geo is the service's (GEO1003)."
}

unknown contains {"reason": _endpoint.reason, "kind": _endpoint.kind, "message": message} if {
	_endpoint.state == "unknown"
	message := sprintf("Whether Defender for Endpoint is provisioned can't be told. %s", [_endpoint.message])
}

unknown contains {"reason": "needs_attestation", "kind": "attestations", "message": message} if {
	_lacking
	input.params.missing_record != "fail"
	message := sprintf("No valid statement says that a person %s the service's Geo (%s); write one with 'domicile attest new xdr-geo'.", [_asked, _actual])
}

observed contains {"fact": "geo", "service": "xdr", "value": value, "tier": "attested", "kind": "attestations"} if {
	some statement in _records
	value := sprintf("'%s', %s by '%s'", [substring(statement.value.geo, 0, 60), statement.value.how, attestations.name(statement.observedBy)])
}

_lacking if {
	_endpoint.state == "no"
	count(_records) == 0
}

# In the first profile of 2020 a person had to choose; since then the choice is automatic, and
# what can be asked for is that somebody looked at it.
_ways := {"chosen"} if {
	input.profile == "mtp-2020-a"
} else := {"chosen", "reviewed"}

_asked := concat(" or ", sort(_ways))

_records := {statement |
	some statement in attestations.valid(input.evidence.attestations, "xdr-geo")
	statement.value.how in _ways
	is_string(statement.value.geo)
	attestations.name(statement.observedBy)
}

_actual := "only observed by somebody" if {
	count(attestations.valid(input.evidence.attestations, "xdr-geo")) > 0
} else := "no statement"

_endpoint := geo_endpoint.provisioned(input)
