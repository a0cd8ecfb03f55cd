# METADATA
# title: Security workspaces are in allowed regions
# description: >-
#   A workspace of Log Analytics keeps its data in the Azure region where it was created, or where
#   its dedicated cluster is, and with replication in a second one. A workspace with Microsoft
#   Sentinel, with tables of Defender's, or to which Entra's logs are sent holds security data of
#   the whole organisation. An empty list from a reader without access isn't "no workspace", so
#   that the rule passes only where all subscriptions were seen.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/azure/sentinel/geographical-availability-data-residency
#   - ref: https://learn.microsoft.com/azure/azure-monitor/logs/data-security
#   - ref: https://learn.microsoft.com/azure/azure-monitor/logs/workspace-replication
#   - ref: https://learn.microsoft.com/defender-xdr/data-privacy
# custom:
#   id: GEO1015
#   severity: high
#   scope: log_workspaces
#   clouds:
#     mtp-2020-a: [global]
#     mtp-2020-b: [global]
#     xdr-current: [global, gcc, gcchigh, dod]
#   monotone: false
#   evidence:
#     all: [log_workspaces]
#     optional: [sentinel_connectors, workspace_tables, entra_diagnostic_settings, streaming_export, azure_resources, azure_coverage]
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
#     summary: Move what feeds the workspace to one in an allowed region, or document the transfer.
#     steps:
#       xdr-current:
#         - Find out what feeds the workspace, at Azure portal > Microsoft Sentinel > the workspace > Data connectors, and who decided on the region.
#         - A workspace's region can't change. Create a workspace in an allowed region, reconnect the sources to it, keep the old one until its retention ends, and then delete it.
#         - To stop Defender's tables, open Defender portal > Microsoft Sentinel > Configuration > Tables > the table, and set the analytics retention to 30 days and the data lake off.
#         - Data that was copied already stays until its retention ends; record it (CONS1019), and write a waiver with an end date if the workspace stays.
#       mtp-2020-a:
#         - Find out what feeds the workspace, at Azure portal > Azure Sentinel > the workspace > Data connectors, and who decided on the region.
#         - A workspace's region can't change. Create a workspace in an allowed region, reconnect the sources to it, keep the old one until its retention ends, and then delete it.
#         - Data that was copied already stays until its retention ends; record it (CONS1019), and write a waiver with an end date if the workspace stays.
package domicile.geo.workspace_region_allowed

import data.domicile.lib.azure
import data.domicile.lib.azure_destinations as destinations
import data.domicile.lib.copies
import data.domicile.lib.copies_workspaces as workspaces
import data.domicile.lib.geo

deny contains finding if {
	some workspace in _judged
	not azure.key(workspace.id) in _failed
	outside := azure.outside(azure.workspace_places(workspace), _allowed)
	count(outside) > 0
	finding := {
		"resource": workspaces.resource(workspace.id),
		"message": sprintf("The security workspace %s rests at %s, which isn't in the places allowed for Azure.", [geo.quoted(azure.name(workspace.id)), azure.said(outside)]),
		"expected": sprintf("a region in %s", [concat(", ", _allowed)]),
		"actual": azure.said(outside),
	}
}

# A workspace to which an export goes may be another tenant's, or gone, and listed nowhere.
deny contains object.union(destinations.finding(verdict, "log_workspace", "an export"), {"resource": workspaces.resource(verdict.id)}) if {
	some verdict in _destinations
	verdict.outcome == "fail"
}

unknown contains destinations.question(verdict, "an export") if {
	some verdict in _destinations
	verdict.outcome == "unknown"
	not _listed(verdict)
}

unknown contains {"reason": "partial", "kind": "log_workspaces", "message": message} if {
	some workspace in _judged
	strange := azure.strange(azure.workspace_places(workspace))
	count(strange) > 0
	message := sprintf("The security workspace %s rests at a place that isn't a known one (%s); look it up.", [geo.quoted(azure.name(workspace.id)), azure.said(strange)])
}

unknown contains {"reason": "needs_configuration", "kind": "", "message": message} if {
	count(_judged) > 0
	not _allowed
	message := "No list of allowed places is set; set the parameter allowed_geos, or azure in allowed_geos_by_service."
}

# Whether a workspace elsewhere holds security data matters; of one that rests where it may
# it doesn't.
unknown contains question if {
	some workspace in input.evidence.log_workspaces
	not azure.key(workspace.id) in _judged_keys
	count(azure.outside(azure.workspace_places(workspace), _allowed)) > 0
	some question in workspaces.unsure(input, workspace)
}

unknown contains question if some question in azure.uncovered(input)

observed contains {"fact": "copy", "service": "xdr", "value": value, "tier": "api", "kind": "log_workspaces"} if {
	some workspace in _judged
	value := sprintf("%s at %s", [geo.quoted(azure.name(workspace.id)), azure.said(azure.workspace_places(workspace))])
}

observed contains {"fact": "copy", "service": "xdr", "value": value, "tier": "api", "kind": "log_workspaces"} if {
	some workspace in input.evidence.log_workspaces
	not azure.key(workspace.id) in _judged_keys
	value := sprintf("%s isn't known to hold security data", [geo.quoted(azure.name(workspace.id))])
}

observed contains {"fact": "copy", "service": "xdr", "value": "no copies", "tier": "api", "kind": "log_workspaces"} if {
	count(input.evidence.log_workspaces) == 0
	azure.coverage(input).state == "complete"
}

_judged := workspaces.security(input)

_judged_keys := {azure.key(workspace.id) | some workspace in _judged}

# Workspaces are judged page by page, so that what is said of destinations depends on no page.
_destinations := {destinations.judge(input, azure.keyed(input.evidence.azure_resources), id) | some id in copies.exported_to(input)}

_failed := {verdict.id | some verdict in _destinations; verdict.outcome == "fail"}

# One that Azure wasn't asked for stands in the list if its subscription was read.
_listed(verdict) if {
	not verdict.resolved
	azure.owner(input, verdict.id)
}

_allowed := geo.allowed(input, "azure")
