# METADATA
# title: Copies of the service's data outside it are known
# description: >-
#   Data that Microsoft Sentinel's connectors, tables kept for longer, or Entra's diagnostic settings copied
#   elsewhere is not deleted with the service and follows other terms. Such copies belong into the record of
#   processing, so each destination must be one that the organisation named. Defender's streaming exports are judged
#   by XDR1012.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/azure/sentinel/microsoft-365-defender-sentinel-integration
#   - ref: https://learn.microsoft.com/azure/sentinel/manage-data-overview
#   - ref: https://learn.microsoft.com/entra/identity/monitoring-health/howto-configure-diagnostic-settings
# custom:
#   id: XDR1009
#   severity: low
#   scope: tenant
#   clouds:
#     mtp-2020-a: [global]
#     mtp-2020-b: [global]
#     xdr-current: [global, gcc, gcchigh, dod]
#   monotone: true
#   evidence:
#     all: [attestations]
#     any: [sentinel_connectors, entra_diagnostic_settings]
#     optional: [workspace_tables, azure_coverage]
#   licence: []
#   params:
#     known_copies:
#       type: [string]
#       description: Azure resource ids of copies of the service's data that are wanted, or of what holds them.
#       default: []
#     azure_subscriptions:
#       type: [string]
#       description: Ids of the subscriptions that must have been read. Empty means that only a reader at the root management group sees all.
#       default: []
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks:
#     nist_800_53: [{id: AU-9, coverage: part}, {id: SA-9(5), coverage: part}]
#     iso_27001: [{id: A.5.14, coverage: part}]
#     gdpr: [{id: 30(1)(d), coverage: evidence}]
#   remediation:
#     summary: Name each copy that is wanted, and disconnect the others.
#     steps:
#       xdr-current:
#         - Decide with the owner of the data whether each destination is wanted.
#         - Wanted. Add its Azure resource id to known_copies, or record it with `domicile attest new known-copy`.
#         - Not wanted, a connector. Defender portal > Microsoft Sentinel > Configuration > Data connectors > Microsoft Defender XDR > disconnect the tables.
#         - Not wanted, a table. Defender portal > Microsoft Sentinel > Configuration > Tables > the table > analytics retention 30 days, data lake off.
#         - Not wanted, Entra's logs. Microsoft Entra admin center > Monitoring & health > Diagnostic settings > the setting > delete.
#         - What was copied already stays where it is. Record it.
#       mtp-2020-b:
#         - Decide with the owner of the data whether each destination is wanted, and add the wanted ones to known_copies or record them with `domicile attest new known-copy`.
#         - Azure portal > Azure Sentinel > the workspace > Data connectors > disconnect the others.
#         - What was copied already stays where it is. Record it.
#       mtp-2020-a:
#         - Decide with the owner of the data whether each destination is wanted, and add the wanted ones to known_copies or record them with `domicile attest new known-copy`.
#         - Azure portal > Azure Sentinel > the workspace > Data connectors > disconnect the others.
#         - What was copied already stays where it is. Record it.
package domicile.xdr.copies_known

import data.domicile.lib.azure
import data.domicile.lib.service_copies as copies

deny contains {
	"resource": {"kind": "azure_resource", "id": id, "name": copies.short(id)},
	"message": sprintf("Data is copied to '%s' by %s, and neither known_copies nor a record names the place.", [copies.short(id), says]),
	"expected": "a destination named in known_copies or on record",
	"actual": "not named",
} if {
	some id, found in _by_destination
	not copies.known(input, id)
	says := concat(", ", sort({copy.says | some copy in found}))
}

unknown contains {"reason": gap.reason, "kind": kind, "message": message} if {
	some kind in ["sentinel_connectors", "entra_diagnostic_settings", "workspace_tables"]
	gap := _gaps[kind]
	message := azure.unread(kind, gap.reason)
}

unknown contains gap if some gap in azure.uncovered(input)

observed contains {"fact": "copy", "service": "xdr", "value": value, "tier": "api", "kind": copy.kind} if {
	some found in _by_destination
	some copy in found
	value := copies.shown(input, copy)
}

observed contains {"fact": "copy", "service": "xdr", "value": "no copies", "tier": "api", "kind": "sentinel_connectors"} if {
	count(_by_destination) == 0
	count(_gaps) == 0
	count(azure.uncovered(input)) == 0
}

_by_destination[copy.id] contains copy if some copy in (copies.in_workspaces(input) | copies.of_entra(input))

_gaps.sentinel_connectors := input.gaps.sentinel_connectors

_gaps.entra_diagnostic_settings := input.gaps.entra_diagnostic_settings

_gaps.workspace_tables := input.gaps.workspace_tables
