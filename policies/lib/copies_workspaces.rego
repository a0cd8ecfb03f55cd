# METADATA
# title: Security workspaces
# description: >-
#   Which of a page of workspaces hold security data: those with Microsoft Sentinel, with tables of
#   advanced hunting, or to which Entra's logs or Defender's raw data are sent. Workspaces of other
#   tenants, which a service provider sees as well, count only as destinations.
# scope: package
# related_resources:
#   - ref: https://learn.microsoft.com/azure/sentinel/geographical-availability-data-residency
package domicile.lib.copies_workspaces

import data.domicile.lib.azure
import data.domicile.lib.copies
import data.domicile.lib.geo

# security is the list of the workspaces that are judged: all of them with all_workspaces.
security(inp) := [workspace |
	exported := copies.exported_to(inp)
	tables := copies.with_tables(inp)
	some workspace in inp.evidence.log_workspaces
	_holds(inp, workspace, exported, tables)
]

# unsure is the set of the reasons why it can't be said that a workspace holds no security
# data.
unsure(inp, workspace) := {question |
	not _elsewhere(inp, workspace)
	some question in ((_sentinel_unread(workspace) | _tables_unread(inp, workspace)) | _settings_unread(inp, workspace))
}

# resource names a workspace in a finding.
resource(id) := {"kind": "log_workspace", "id": azure.key(id), "name": azure.name(id)}

_holds(_, workspace, exported, _) if azure.key(workspace.id) in exported

_holds(inp, workspace, _, _) if {
	workspace.sentinel in [true]
	not _elsewhere(inp, workspace)
}

_holds(inp, workspace, _, tables) if {
	azure.key(workspace.id) in tables
	not _elsewhere(inp, workspace)
}

_holds(inp, workspace, _, _) if {
	inp.params.all_workspaces in [true]
	not _elsewhere(inp, workspace)
}

# A workspace whose owner isn't known counts as the tenant's own.
_elsewhere(inp, workspace) if azure.elsewhere(inp, workspace.id)

_sentinel_unread(workspace) := set() if {
	is_boolean(workspace.sentinel)
} else := {{"reason": "partial", "kind": "log_workspaces", "message": message}} if {
	message := sprintf("Whether Microsoft Sentinel is on in the workspace %s could not be read; give the reader Reader on it.", [geo.quoted(azure.name(workspace.id))])
}

_tables_unread(inp, workspace) := {{"reason": gap.reason, "kind": "workspace_tables", "message": message} |
	gap := inp.gaps.workspace_tables
	message := sprintf("Whether the workspace %s holds Defender's tables could not be read (%s); give the reader Reader on it.", [geo.quoted(azure.name(workspace.id)), gap.reason])
}

_settings_unread(inp, workspace) := {{"reason": gap.reason, "kind": "entra_diagnostic_settings", "message": message} |
	gap := inp.gaps.entra_diagnostic_settings
	message := sprintf("Whether Entra's logs are sent to the workspace %s could not be read (%s); let the scanner read Entra's diagnostic settings.", [geo.quoted(azure.name(workspace.id)), gap.reason])
}
