# METADATA
# title: Sentinel workspaces onboarded to the Defender portal are acknowledged
# description: >-
#   Once a workspace of Microsoft Sentinel is onboarded to the Defender portal, Defender XDR's
#   terms on storage apply to its incidents and alerts instead of Sentinel's, and a key of the
#   customer no longer covers them. Onboarding gives Defender's own applications the role Microsoft
#   Sentinel Contributor on the workspace, which is how it is seen. The organisation should have
#   decided it.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/azure/sentinel/move-to-defender
#   - ref: https://learn.microsoft.com/unified-secops-platform/microsoft-sentinel-onboard
#   - ref: https://learn.microsoft.com/defender-xdr/data-privacy
# custom:
#   id: GEO1024
#   severity: medium
#   scope: tenant
#   clouds:
#     mtp-2020-a: [global]
#     mtp-2020-b: [global]
#     xdr-current: [global, gcc, gcchigh, dod]
#   monotone: true
#   evidence:
#     all: [log_workspaces, arm_role_assignments, service_principals, attestations]
#     optional: [azure_coverage]
#   lookup: {service_principals: id}
#   params:
#     azure_subscriptions:
#       type: [string]
#       description: The ids of the Azure subscriptions that must have been read; with an empty list only a reader of the root management group can show that all were.
#       default: []
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   remediation:
#     summary: Acknowledge the workspace in a statement, or disconnect it from the Defender portal.
#     steps:
#       xdr-current:
#         - Decide with the data's owner whether Defender XDR's terms on storage are acceptable for what the workspace holds, the customer's own key included.
#         - If so, write a statement with `domicile attest new known-copy` that names the workspace, its region and the reason, and have a second person review it.
#         - Otherwise open Defender portal > Settings > Microsoft Sentinel > SIEM workspaces > the workspace > Disconnect workspace. This also disconnects the connector of Defender XDR.
#         - Once Microsoft Sentinel is retired from the Azure portal there is no way back; acknowledge instead.
package domicile.geo.defender_workspaces_acknowledged

import data.domicile.lib.azure
import data.domicile.lib.copies
import data.domicile.lib.geo

deny contains {
	"resource": {"kind": "log_workspace", "id": id, "name": _name(id)},
	"message": sprintf("The Sentinel workspace %s is onboarded to the Defender portal, so that Defender XDR's storage terms apply to its incidents and alerts, and no statement acknowledges it.", [geo.quoted(_name(id))]),
	"expected": "a valid statement 'known-copy' that names the workspace",
	"actual": "not acknowledged",
} if {
	some id in _onboarded
	not _acknowledged(id)
}

unknown contains {"reason": "partial", "kind": "service_principals", "message": message} if {
	some assignment in _contributors
	not _app(assignment)
	message := sprintf("An application that holds Microsoft Sentinel Contributor on the workspace %s is not among the service principals that were read; collect both again together.", [geo.quoted(azure.name(assignment.workspaceId))])
}

unknown contains question if some question in azure.uncovered(input)

observed contains {"fact": "setting", "service": "xdr", "value": value, "tier": "proxy", "kind": "arm_role_assignments"} if {
	some id in _onboarded
	value := sprintf("%s is onboarded to the Defender portal%s", [geo.quoted(_name(id)), _mark(id)])
}

observed contains {"fact": "setting", "service": "xdr", "value": "no workspace is onboarded", "tier": "proxy", "kind": "arm_role_assignments"} if {
	count(_onboarded) == 0
	azure.coverage(input).state == "complete"
}

# The applications of Defender that get the role when a workspace is onboarded: Microsoft
# Threat Protection and WindowsDefenderATP.
_defender := {"8ee8fdad-f234-4243-8f3b-15c294843740", "fc780465-2017-40d4-a0c5-307022471b92"}

# The built-in role Microsoft Sentinel Contributor.
_contributor := "ab8e14d6-4a74-4a29-9ba8-549422addade"

_contributors := [assignment |
	some assignment in input.evidence.arm_role_assignments
	is_string(assignment.roleDefinitionId)
	lower(azure.name(assignment.roleDefinitionId)) == _contributor
	not object.get(assignment, "principalType", null) in {"User", "Group"}
	azure.key(assignment.workspaceId)
	not azure.elsewhere(input, assignment.workspaceId)
]

_onboarded := {azure.key(assignment.workspaceId) |
	some assignment in _contributors
	_app(assignment) in _defender
}

_app(assignment) := lower(app) if {
	is_string(assignment.principalId)
	app := input.lookup.service_principals[assignment.principalId].appId
	is_string(app)
}

_acknowledged(id) if copies.stated(input, id, _places(id))

_places(id) := azure.workspace_places(_listed[id]) if {
	_listed[id]
} else := set()

_name(id) := azure.name(_listed[id].id) if {
	_listed[id]
} else := azure.name(id)

_mark(id) := " (acknowledged)" if {
	_acknowledged(id)
} else := ""

_listed := azure.keyed(input.evidence.log_workspaces)
