# METADATA
# title: Replicas, archives and export rules of security workspaces are in allowed regions
# description: >-
#   A workspace of an allowed region may still send its data elsewhere: workspace replication keeps
#   a second copy in another region, and data export rules write tables to storage accounts and
#   event hubs, which may themselves be replicated. The archive and the data lake stay in the
#   region of the workspace (GEO1015). The rule passes only where all subscriptions were seen.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/azure/azure-monitor/logs/workspace-replication
#   - ref: https://learn.microsoft.com/azure/azure-monitor/logs/logs-data-export
#   - ref: https://learn.microsoft.com/azure/storage/common/storage-redundancy
#   - ref: https://learn.microsoft.com/azure/sentinel/geographical-availability-data-residency
# custom:
#   id: GEO1025
#   severity: high
#   scope: log_workspaces
#   clouds:
#     mtp-2020-a: [global]
#     mtp-2020-b: [global]
#     xdr-current: [global, gcc, gcchigh, dod]
#   monotone: false
#   evidence:
#     all: [log_workspaces]
#     optional: [azure_resources, workspace_tables, entra_diagnostic_settings, streaming_export, azure_coverage]
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
#     all_workspaces:
#       type: boolean
#       description: Whether every workspace is judged, and not only those that hold security data.
#       default: false
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks:
#     nist_800_53: [{id: SA-9(5), coverage: part}, {id: AC-4, coverage: part}]
#     iso_27001: [{id: A.5.14, coverage: part}, {id: A.8.12, coverage: part}]
#     gdpr: [{id: "44", coverage: evidence}]
#     dora: [{id: 30(2)(b), coverage: evidence}]
#   remediation:
#     summary: Stop or move the replica or the export rule.
#     steps:
#       xdr-current:
#         - Find out who set up the replica or the export rule, and what for.
#         - For replication, open Azure portal > Log Analytics workspaces > the workspace > Overview > Replication, and disable it, or enable it again to an allowed region.
#         - For an export rule, open Azure portal > Log Analytics workspaces > the workspace > Data export, and disable the rule or point it at an allowed destination.
#         - For geo-redundant storage, choose locally or zone-redundant storage, or a region whose pair is allowed as well.
#         - Data that was copied already stays; delete it at the destination, or record it (CONS1019).
package domicile.geo.workspace_replicas_allowed

import data.domicile.lib.azure
import data.domicile.lib.azure_destinations as destinations
import data.domicile.lib.copies_workspaces as workspaces
import data.domicile.lib.geo

deny contains {
	"resource": workspaces.resource(workspace.id),
	"message": sprintf("The security workspace %s keeps data elsewhere: %s.", [geo.quoted(azure.name(workspace.id)), concat("; ", array.slice(sort(faults), 0, 3))]),
	"expected": "replicas and destinations of export rules in allowed regions and in this tenant",
	"actual": concat("; ", array.slice(sort(faults), 0, 3)),
} if {
	some workspace in _judged
	faults := _replicas_outside(workspace) | {_clause(verdict) | some verdict in _verdicts(workspace); verdict.outcome == "fail"}
	count(faults) > 0
}

unknown contains destinations.question(verdict, sprintf("an export rule of the workspace %s", [geo.quoted(azure.name(workspace.id))])) if {
	some workspace in _judged
	some verdict in _verdicts(workspace)
	verdict.outcome == "unknown"
}

unknown contains {"reason": "partial", "kind": "log_workspaces", "message": message} if {
	some workspace in _judged
	strange := azure.strange(azure.workspace_replicas(workspace))
	count(strange) > 0
	message := sprintf("The replica of the security workspace %s is at a place that isn't a known one (%s); look it up.", [geo.quoted(azure.name(workspace.id)), azure.said(strange)])
}

unknown contains {"reason": "partial", "kind": "log_workspaces", "message": message} if {
	some workspace in _judged
	not is_array(object.get(workspace, "exports", null))
	message := sprintf("The export rules of the security workspace %s could not be read; give the reader Reader on it.", [geo.quoted(azure.name(workspace.id))])
}

unknown contains {"reason": "partial", "kind": "log_workspaces", "message": message} if {
	some workspace in _judged
	some rule in _rules(workspace)
	not azure.key(object.get(rule, "destinationResourceId", null))
	message := sprintf("An export rule of the security workspace %s was read without its destination; collect log_workspaces again.", [geo.quoted(azure.name(workspace.id))])
}

unknown contains {"reason": "needs_configuration", "kind": "", "message": message} if {
	some workspace in _judged
	count(azure.workspace_replicas(workspace)) > 0
	not _allowed
	message := "No list of allowed places is set; set the parameter allowed_geos, or azure in allowed_geos_by_service."
}

# Whether a workspace holds security data matters only where it keeps data elsewhere.
unknown contains question if {
	some workspace in input.evidence.log_workspaces
	not azure.key(workspace.id) in _judged_keys
	count(azure.workspace_replicas(workspace)) + count(_destinations(workspace)) > 0
	some question in workspaces.unsure(input, workspace)
}

unknown contains question if some question in azure.uncovered(input)

observed contains {"fact": "copy", "service": "", "value": value, "tier": "api", "kind": "log_workspaces"} if {
	some workspace in _judged
	some at in azure.workspace_replicas(workspace)
	value := sprintf("replica of %s at %s", [geo.quoted(azure.name(workspace.id)), geo.quoted(at.place)])
}

observed contains {"fact": "copy", "service": "", "value": value, "tier": "api", "kind": "azure_resources"} if {
	some workspace in _judged
	some verdict in _verdicts(workspace)
	value := sprintf("export of %s to %s", [geo.quoted(azure.name(workspace.id)), _clause(verdict)])
}

_replicas_outside(workspace) := {sprintf("its replica is at %s", [geo.quoted(at.place)]) |
	some at in azure.outside(azure.workspace_replicas(workspace), _allowed)
}

_clause(verdict) := sprintf("%s, which %s", [geo.quoted(verdict.name), verdict.says])

_verdicts(workspace) := {destinations.judge(input, _resolved, id) | some id in _destinations(workspace)}

_destinations(workspace) := {azure.key(rule.destinationResourceId) | some rule in _rules(workspace)}

# The export rules that are on, or that don't say.
_rules(workspace) := [rule |
	some rule in workspace.exports
	is_object(rule)
	not object.get(rule, "enable", null) in [false]
]

_resolved := azure.keyed(input.evidence.azure_resources)

_judged := workspaces.security(input)

_judged_keys := {azure.key(workspace.id) | some workspace in _judged}

_allowed := geo.allowed(input, "azure")
