# METADATA
# title: Destinations of Defender's streaming exports are known
# description: >-
#   The streaming API sends the raw hunting events of the whole tenant to a storage account, an event hub or a
#   workspace, and what was sent outlives the service. The exports are set in the Defender portal and are no
#   diagnostic settings of Azure, so that only a person can show them. Each destination must be one that the
#   organisation named.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/defender-xdr/streaming-api
#   - ref: https://learn.microsoft.com/defender-xdr/streaming-api-event-hub
#   - ref: https://learn.microsoft.com/defender-xdr/streaming-api-storage
# custom:
#   id: XDR1012
#   severity: medium
#   scope: tenant
#   clouds:
#     mtp-2020-a: [global]
#     mtp-2020-b: [global]
#     xdr-current: [global, gcc, gcchigh, dod]
#   monotone: true
#   evidence:
#     all: [streaming_export, attestations]
#     optional: []
#   licence: []
#   params:
#     known_copies:
#       type: [string]
#       description: Azure resource ids of copies of the service's data that are wanted, or of what holds them.
#       default: []
#     max_evidence_age:
#       type: object
#       description: How old evidence may be, by the way it was got (api, portal), in hours (24h) or days (90d).
#       default: {api: 24h, portal: 90d}
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks:
#     nist_800_53: [{id: AU-9, coverage: part}, {id: SA-9(5), coverage: part}]
#     iso_27001: [{id: A.5.14, coverage: part}]
#     gdpr: [{id: 30(1)(d), coverage: evidence}]
#   remediation:
#     summary: Name each streaming destination that is wanted, and delete the other exports.
#     steps:
#       xdr-current:
#         - Defender portal > Settings > Microsoft Defender XDR > Streaming API. Look at each entry with the owner of the data.
#         - Wanted. Add the Azure resource id of the storage account, event hub or workspace to known_copies, or record it with `domicile attest new known-copy`.
#         - Not wanted. Select the entry and delete it. What was sent already stays where it is; record it.
#         - Save the answer of https://api.security.microsoft.com/api/dataexportsettings again and import it.
#       mtp-2020-b:
#         - Microsoft 365 security center > Settings > Microsoft 365 Defender > Streaming API, and Microsoft Defender Security Center > Settings > Data export settings. Look at each entry with the owner of the data.
#         - Add the wanted destinations to known_copies or record them with `domicile attest new known-copy`; delete the others.
#       mtp-2020-a:
#         - Microsoft Defender Security Center > Settings > Data export settings. Look at each entry with the owner of the data.
#         - Add the wanted destinations to known_copies or record them with `domicile attest new known-copy`; delete the others.
package domicile.xdr.streaming_known

import data.domicile.lib.service_copies as copies
import data.domicile.lib.service_exports as exports

deny contains {
	"resource": {"kind": "streaming_export", "id": id, "name": copies.short(id)},
	"message": sprintf("%s sends raw events to '%s', which neither known_copies nor a record names.", [says, copies.short(id)]),
	"expected": "a destination named in known_copies or on record",
	"actual": "not named",
} if {
	some id in {copy.id | some copy in _sent}
	not copies.known(input, id)
	says := concat(", ", sort({copy.says | some copy in _sent; copy.id == id}))
}

unknown contains {"reason": "stale", "kind": "streaming_export", "message": message} if {
	count(input.evidence.streaming_export) > count(_fresh)
	message := sprintf("The export settings were saved on %s, which is no date or too long ago (max_evidence_age); save and import them again.", [_oldest])
}

observed contains {"fact": "copy", "service": "xdr", "value": value, "tier": _tier, "kind": "streaming_export"} if {
	some copy in _sent
	value := copies.shown(input, copy)
}

observed contains {"fact": "copy", "service": "xdr", "value": "no streaming export", "tier": "", "kind": "streaming_export"} if {
	count(_sent) == 0
}

# What was sent to a place that nobody named fails however old the file is; only the rest needs
# a file of today.
_sent := copies.streamed(input, input.evidence.streaming_export)

_fresh := exports.fresh(input, input.evidence.streaming_export)

_oldest := min({exports.day(export) | some export in input.evidence.streaming_export})

_tier := "attested" if {
	some export in input.evidence.streaming_export
	exports.tier(export) == "attested"
} else := "portal"
