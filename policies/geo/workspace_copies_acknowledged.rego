# METADATA
# title: No copy of the service's data in a workspace leaves its Geo unacknowledged
# description: >-
#   Connectors of Microsoft Sentinel copy incidents, alerts and raw events of Defender into a
#   workspace, whose region the customer chose and which needn't be the service's Geo. Tables of
#   Defender appear there without any connector when their retention is raised or they are mirrored
#   to the data lake. Such a copy outlives the service. One that leaves the service's Geo must be
#   wanted, and even then be in an allowed region.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/azure/sentinel/connect-microsoft-365-defender
#   - ref: https://learn.microsoft.com/azure/sentinel/manage-data-overview
#   - ref: https://learn.microsoft.com/azure/sentinel/geographical-availability-data-residency
#   - ref: https://learn.microsoft.com/defender-xdr/data-privacy
# custom:
#   id: GEO1016
#   severity: high
#   scope: tenant
#   clouds:
#     mtp-2020-a: [global]
#     mtp-2020-b: [global]
#     xdr-current: [global, gcc, gcchigh, dod]
#   monotone: true
#   evidence:
#     any: [sentinel_connectors, workspace_tables, log_workspaces, azure_coverage]
#     optional: [onboarding_package, portal_tenant_context, attestations]
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
#     known_copies:
#       type: [string]
#       description: The Azure resource ids of copies and exports of Defender's data that are wanted.
#       default: []
#     package_max_age_days:
#       type: integer
#       description: Days for which the onboarding package counts after its signer's certificate ended; the package itself bears no date.
#       default: 400
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
#     summary: Disconnect the copy, move it, or acknowledge it.
#     steps:
#       xdr-current:
#         - Decide with the data's owner whether the copy is wanted. If it is and its region is allowed, name the workspace in known_copies, or write a statement with `domicile attest new known-copy`.
#         - To stop a connector, open Defender portal > Microsoft Sentinel > Configuration > Data connectors (or Azure portal > Sentinel > the workspace > Data connectors) > Microsoft Defender XDR, and disconnect the tables.
#         - To stop tables that have no connector, open Defender portal > Microsoft Sentinel > Configuration > Tables > the table, and set the analytics retention to 30 days and the data lake off.
#         - A workspace's region can't change. Create one in an allowed region, reconnect, keep the old one until its retention ends, and then delete it.
#         - Data that was copied already stays; record it (CONS1019).
#       mtp-2020-a:
#         - Decide with the data's owner whether the copy is wanted. If it is and its region is allowed, name the workspace in known_copies, or write a statement with `domicile attest new known-copy`.
#         - To stop a connector, open Azure portal > Azure Sentinel > the workspace > Data connectors, and disconnect those of Microsoft Defender ATP, Azure ATP, Cloud App Security and Microsoft 365 Defender.
#         - A workspace's region can't change. Create one in an allowed region, reconnect, keep the old one until its retention ends, and then delete it.
#         - Data that was copied already stays; record it (CONS1019).
package domicile.geo.workspace_copies_acknowledged

import data.domicile.lib.azure
import data.domicile.lib.copies
import data.domicile.lib.geo

deny contains {
	"resource": {"kind": "log_workspace", "id": copy.id, "name": copy.name},
	"message": sprintf("The workspace %s holds a copy of the service's data (%s) and %s.", [geo.quoted(copy.name), copies.shown(copy.hows), fault.says]),
	"expected": fault.expected,
	"actual": azure.said(copy.places),
} if {
	some copy in _copies
	fault := _fault(copy)
}

unknown contains {"reason": question.reason, "kind": question.kind, "message": message} if {
	some copy in _copies
	not _fault(copy)
	some question in _questions(copy)
	message := sprintf("The workspace %s holds a copy of the service's data, and %s.", [geo.quoted(copy.name), question.says])
}

unknown contains {"reason": reason, "kind": "log_workspaces", "message": message} if {
	some id, _ in _carriers
	not _listed[id]
	reason := object.get(object.get(input.gaps, "log_workspaces", {}), "reason", "no_permission")
	message := sprintf("The workspace %s holds a copy of the service's data, and where it is can't be read; give the reader Reader on it.", [geo.quoted(azure.name(id))])
}

unknown contains {"reason": gap.reason, "kind": kind, "message": azure.unread(kind, gap.reason)} if some kind, gap in _gaps

unknown contains question if some question in azure.uncovered(input)

observed contains {"fact": "copy", "service": "xdr", "value": value, "tier": "api", "kind": "log_workspaces"} if {
	some copy in _copies
	value := sprintf("%s at %s: %s%s", [geo.quoted(copy.name), azure.said(copy.places), copies.shown(copy.hows), _mark(copy)])
}

observed contains {"fact": "copy", "service": "xdr", "value": "no copies", "tier": "api", "kind": "azure_coverage"} if {
	count(_carriers) == 0
	count(_gaps) == 0
	azure.coverage(input).state == "complete"
}

# The first of these that holds is what is wrong with a copy.
_fault(copy) := {"says": says, "expected": expected} if {
	outside := azure.outside(copy.places, _allowed)
	count(outside) > 0
	says := sprintf("rests at %s, which isn't in the places allowed for Azure", [azure.said(outside)])
	expected := sprintf("a region in %s", [concat(", ", _allowed)])
} else := {"says": says, "expected": "a workspace of this tenant, or of an approved one"} if {
	copy.standing == "foreign"
	says := sprintf("is in the tenant %s, which isn't an approved one", [geo.quoted(azure.owner(input, copy.id))])
} else := {"says": says, "expected": "acknowledged in known_copies or a statement 'known-copy'"} if {
	_allowed
	_own.state == "known"
	leaving := _leaving(copy)
	count(leaving) > 0
	not copies.acknowledged(input, copy.id, copy.places)
	says := sprintf("rests at %s, outside the service's Geo %s, and nobody has acknowledged it", [azure.said(leaving), _own.geo])
}

# What is not known of a copy with nothing wrong to be seen.
_questions(copy) := {{"reason": "needs_configuration", "kind": "", "says": says} |
	copy.standing == "unset"
	says := sprintf("is in the tenant %s, and approved_tenants isn't set; approve that tenant, or set an empty list", [geo.quoted(azure.owner(input, copy.id))])
} | ({{"reason": "needs_configuration", "kind": "", "says": says} |
	not _allowed
	says := "no list of allowed places is set; set the parameter allowed_geos, or azure in allowed_geos_by_service"
} | ({{"reason": "partial", "kind": "log_workspaces", "says": says} |
	count(azure.strange(copy.places)) > 0
	says := sprintf("rests at a place that isn't a known one (%s); look it up", [azure.said(azure.strange(copy.places))])
} | {{"reason": _own.reason, "kind": _own.kind, "says": says} |
	_own.state != "known"
	not copies.acknowledged(input, copy.id, copy.places)
	says := sprintf("whether it leaves the service's Geo can't be told: %s", [trim_suffix(_own.message, ".")])
}))

# What a copy's places lie outside the service's own Geo.
_leaving(copy) := {at | some at in copy.places; geo.geo(at.place) != _own.geo}

_mark(copy) := " (acknowledged)" if {
	copies.acknowledged(input, copy.id, copy.places)
} else := ""

_copies := [{"id": id, "name": azure.name(workspace.id), "hows": hows, "places": azure.workspace_places(workspace), "standing": _standing(id)} |
	some id, hows in _carriers
	workspace := _listed[id]
]

# A workspace whose owner isn't known counts as the tenant's own.
_standing(id) := azure.standing(input, azure.owner(input, id)) if {
	azure.owner(input, id)
} else := "own"

_carriers := copies.carriers(input)

_listed := azure.keyed(input.evidence.log_workspaces)

_allowed := geo.allowed(input, "azure")

_own := geo.settled(input, "storage")

_gaps["sentinel_connectors"] := input.gaps.sentinel_connectors

_gaps["workspace_tables"] := input.gaps.workspace_tables

_gaps["log_workspaces"] := input.gaps.log_workspaces
