# METADATA
# title: Entra's diagnostic settings and Defender's streaming exports go to allowed regions and to this tenant
# description: >-
#   Diagnostic settings of Microsoft Entra send sign-in and audit logs, and the streaming API sends
#   Defender's raw events, to workspaces, storage accounts and event hubs. The id of a destination
#   tells neither its region nor its tenant, and storage may be copied to a paired region in
#   another Geo. Defender's exports aren't diagnostic settings: no application can read them, so
#   that they are known only from what a person saved.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/entra/identity/monitoring-health/howto-configure-diagnostic-settings
#   - ref: https://learn.microsoft.com/defender-xdr/streaming-api
#   - ref: https://learn.microsoft.com/azure/storage/common/storage-redundancy
#   - ref: https://learn.microsoft.com/defender-xdr/data-privacy
# custom:
#   id: GEO1017
#   severity: high
#   scope: tenant
#   clouds:
#     mtp-2020-a: [global]
#     mtp-2020-b: [global]
#     xdr-current: [global, gcc, gcchigh, dod]
#   monotone: true
#   evidence:
#     any: [entra_diagnostic_settings, streaming_export]
#     optional: [azure_resources, azure_coverage]
#   params:
#     allowed_geos:
#       type: [string]
#       description: Where data may rest, as Geos (EU), countries (DEU) or Azure regions (westeurope); the default of every service. Unset, the rules on location can't judge; an empty list allows nothing.
#     allowed_geos_by_service:
#       type: object
#       description: The same for single services (xdr, defender_for_endpoint, defender_for_identity, cloud_apps, app_governance, exchange, microsoft_365, azure, security_copilot); a service's own list replaces allowed_geos.
#     geo_groups:
#       type: object
#       description: What a name in a list of places stands for, as a list of codes by name; unset, the built-in table alone says which place lies in which. The EU of that table never contains the UK, Switzerland or Norway.
#     azure_subscriptions:
#       type: [string]
#       description: The ids of the Azure subscriptions that must have been read; with an empty list only a reader of the root management group can show that all were.
#       default: []
#     approved_tenants:
#       type: [object]
#       description: The other tenants that are approved, each with id, name and why, and until, where that ends.
#     max_evidence_age:
#       type: object
#       description: How old evidence may be, by the way it was got (api, portal), in hours (24h) or days (90d).
#       default: {api: 24h, portal: 90d}
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks:
#     nist_800_53: [{id: SA-9(5), coverage: part}, {id: AC-4, coverage: part}]
#     iso_27001: [{id: A.5.14, coverage: part}, {id: A.8.12, coverage: part}]
#     gdpr: [{id: "44", coverage: evidence}]
#     dora: [{id: 30(2)(b), coverage: evidence}]
#   remediation:
#     summary: Point the export at an allowed destination of this tenant, or stop it.
#     steps:
#       xdr-current:
#         - Find out who set up the export and who reads it. A destination in another tenant is a transfer to somebody else; approve that tenant in approved_tenants, or stop the export.
#         - For Entra, open Microsoft Entra admin center > Monitoring & health > Diagnostic settings > the setting, and choose an allowed destination or delete it.
#         - For Defender, open Defender portal > Settings > Microsoft Defender XDR > Streaming API > the entry, and change or delete it.
#         - For geo-redundant storage, choose locally or zone-redundant storage, or a region whose pair is allowed as well.
#         - Data that was copied already stays; delete it at the destination, or record it (CONS1019). Without an import of the streaming exports, have a Security Administrator save the page and import it.
#       mtp-2020-a:
#         - For Azure AD, open Azure portal > Azure Active Directory > Diagnostic settings > the setting, and choose an allowed destination or delete it.
#         - For Microsoft Defender ATP, open Microsoft Defender Security Center > Settings > Data export settings (Raw data streaming), and change or delete the entry.
#         - Data that was copied already stays; delete it at the destination, or record it (CONS1019).
package domicile.geo.export_destinations_allowed

import data.domicile.lib.azure
import data.domicile.lib.azure_destinations as destinations
import data.domicile.lib.copies
import data.domicile.lib.geo
import data.domicile.lib.geo_portal

deny contains destinations.finding(verdict, "azure_resource", _senders(verdict.id)) if {
	some verdict in _verdicts
	verdict.outcome == "fail"
}

deny contains {
	"resource": {"kind": "streaming_export", "id": _id(export), "name": _id(export)},
	"message": sprintf("The streaming export %s sends to the tenant %s, which isn't an approved one.", [geo.quoted(_id(export)), geo.quoted(export.designatedTenantId)]),
	"expected": "this tenant, or an approved one",
	"actual": export.designatedTenantId,
} if {
	some export in _streams
	azure.standing(input, export.designatedTenantId) == "foreign"
}

unknown contains {"reason": "needs_configuration", "kind": "", "message": message} if {
	some export in _streams
	azure.standing(input, export.designatedTenantId) == "unset"
	message := sprintf("The streaming export %s sends to the tenant %s, and approved_tenants isn't set; approve that tenant, or set an empty list.", [geo.quoted(_id(export)), geo.quoted(export.designatedTenantId)])
}

unknown contains destinations.question(verdict, _senders(verdict.id)) if {
	some verdict in _verdicts
	verdict.outcome == "unknown"
}

unknown contains {"reason": "partial", "kind": sender.kind, "message": message} if {
	some sender in _sending
	count(sender.to) == 0
	message := sprintf("Where %s sends to isn't a workspace, a storage account or an event hub that it names; look it up.", [sender.what])
}

unknown contains {"reason": gap.reason, "kind": "entra_diagnostic_settings", "message": azure.unread("entra_diagnostic_settings", gap.reason)} if {
	gap := input.gaps.entra_diagnostic_settings
}

unknown contains {"reason": "needs_attestation", "kind": "streaming_export", "message": message} if {
	gap := input.gaps.streaming_export
	message := sprintf("Defender's streaming exports are not known (%s), and no application can read them; have a Security Administrator save them and import the file.", [gap.reason])
}

unknown contains {"reason": "stale", "kind": "streaming_export", "message": message} if {
	some export in input.evidence.streaming_export
	not geo_portal.fresh(input, export)
	message := "The file of Defender's streaming exports is older than its limit of age or has no date; save and import it again."
}

unknown contains question if some question in azure.uncovered(input)

observed contains {"fact": "copy", "service": "", "value": value, "tier": "api", "kind": "azure_resources"} if {
	some verdict in _verdicts
	value := sprintf("%s, destination of %s, %s", [geo.quoted(verdict.name), _senders(verdict.id), verdict.says])
}

observed contains {"fact": "copy", "service": "", "value": "no copies", "tier": "api", "kind": "azure_coverage"} if {
	count(_sending) == 0
	not input.gaps.entra_diagnostic_settings
	not input.gaps.streaming_export
	azure.coverage(input).state == "complete"
}

_verdicts := {destinations.judge(input, _resolved, id) | some sender in _sending; some id in sender.to}

_resolved := azure.keyed(input.evidence.azure_resources)

# What sends to a destination, for a message.
_senders(id) := concat(", ", array.slice(sort({sender.what | some sender in _sending; id in sender.to}), 0, 3))

# What sends data out, and the keys of the destinations that it names.
_sending := array.concat(
	[{"kind": "entra_diagnostic_settings", "what": what, "to": to} |
		some setting in input.evidence.entra_diagnostic_settings
		copies.sends(setting)
		what := sprintf("the diagnostic setting %s", [geo.quoted(object.get(setting, "name", null))])
		to := _keys([object.get(setting, "workspaceId", null), object.get(setting, "storageAccountId", null), object.get(setting, "eventHubAuthorizationRuleId", null), object.get(setting, "serviceBusRuleId", null), object.get(setting, "marketplacePartnerId", null)])
	],
	[{"kind": "streaming_export", "what": what, "to": to} |
		some export in _streams
		what := sprintf("the streaming export %s", [geo.quoted(object.get(export, "id", null))])
		to := _keys([object.get(export, "workspaceResourceId", null), object.get(export, "storageAccountResourceId", null), object.get(export, "eventHubResourceId", null)])
	],
)

# One that a person saved without its name goes by where it sends to.
_id(export) := export.id if {
	is_string(export.id)
	export.id != ""
} else := concat("", ["to ", lower(export.designatedTenantId)])

_streams := [export | some export in input.evidence.streaming_export; copies.sends(export)]

_keys(ids) := {azure.key(id) | some id in ids}
