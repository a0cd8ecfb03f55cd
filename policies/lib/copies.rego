# METADATA
# title: Copies of the service's data
# description: >-
#   Which workspaces of Log Analytics hold security data or a copy of Defender's, and which copies
#   the organisation has acknowledged. A copy comes by a connector of Microsoft Sentinel, or with
#   no connector to be seen by a table of Defender's whose retention was raised or which is
#   mirrored to the data lake; the lake rests in the region of its workspace.
# scope: package
# related_resources:
#   - ref: https://learn.microsoft.com/azure/sentinel/connect-microsoft-365-defender
#   - ref: https://learn.microsoft.com/azure/sentinel/manage-data-overview
#   - ref: https://learn.microsoft.com/azure/sentinel/datalake/sentinel-lake-overview
package domicile.lib.copies

import data.domicile.lib.attestations
import data.domicile.lib.azure
import data.domicile.lib.geo

# connectors are the kinds of Microsoft Sentinel's connectors that copy Defender's data.
connectors := {
	"microsoftthreatprotection", "microsoftdefenderadvancedthreatprotection", "azureadvancedthreatprotection",
	"microsoftcloudappsecurity", "officeatp",
}

# xdr_table is true for the name of a table of advanced hunting. Tables of one's own end in
# _CL and aren't, and neither are those that other solutions fill.
xdr_table(name) if {
	is_string(name)
	not name in _of_others
	regex.match(`^(AlertInfo|AlertEvidence|CloudAppEvents|UrlClickEvents|(Device|Email|Identity)[A-Za-z]+)$`, name)
}

# Microsoft Sentinel's own table of identities (user and entity behaviour analytics), and those
# of the solutions for Surface Hub and for the health of Windows devices.
_of_others := {
	"IdentityInfo", "DeviceAppCrash", "DeviceAppLaunch", "DeviceCalendar", "DeviceCleanup", "DeviceConnectSession", "DeviceEtw",
	"DeviceHardwareHealth", "DeviceHealth", "DeviceHeartbeat", "DeviceSkypeHeartbeat", "DeviceSkypeSignIn",
}

# carriers is how each workspace gets a copy of the service's data, as an object of sets of
# short texts by the workspace's key.
carriers(inp) := {workspace: hows |
	some workspace in {entry.workspace | some entry in _entries(inp)}
	hows := {entry.how | some entry in _entries(inp); entry.workspace == workspace}
}

# exported_to is the set of the keys of the workspaces to which Entra's logs or Defender's raw
# data are sent.
exported_to(inp) := {azure.key(setting.workspaceId) | some setting in inp.evidence.entra_diagnostic_settings; sends(setting)} | {azure.key(export.workspaceResourceId) |
	some export in inp.evidence.streaming_export
	sends(export)
}

# with_tables is the set of the keys of the workspaces that hold tables of advanced hunting.
with_tables(inp) := {azure.key(table.workspaceId) | some table in inp.evidence.workspace_tables; xdr_table(table.name)}

# sends is true for a diagnostic setting or an export that sends something: a category of it
# is on, or it doesn't say which are.
sends(setting) if not is_array(object.get(setting, "logs", null))

sends(setting) if {
	some log in setting.logs
	is_object(log)
	not object.get(log, "enabled", null) in [false]
}

# acknowledged is true for a resource that known_copies or a valid statement names; the place
# of a statement must hold each place of the copy.
acknowledged(inp, id, _) if {
	some known in inp.params.known_copies
	azure.key(known) == azure.key(id)
}

acknowledged(inp, id, places) if stated(inp, id, places)

# stated is true for a resource that a valid statement known-copy names with its place.
stated(inp, id, places) if {
	some statement in attestations.valid(inp.evidence.attestations, "known-copy")
	azure.key(statement.value.resourceId) == azure.key(id)
	every at in places {
		geo.inside(at.place, [statement.value.geo])
	}
}

# shown is how a workspace gets its copy, for a message: the first three ways, and how many
# more there are.
shown(hows) := concat("", [concat(", ", array.slice(sort(hows), 0, 3)), _rest(count(hows) - 3)])

_entries(inp) := {{"workspace": azure.key(connector.workspaceId), "how": sprintf("connector %s", [geo.quoted(connector.kind)])} |
	some connector in inp.evidence.sentinel_connectors
	is_string(connector.kind)
	lower(connector.kind) in connectors
	_connected(connector)
} | {{"workspace": azure.key(table.workspaceId), "how": sprintf("table %s%s", [geo.quoted(table.name), _kept(table)])} |
	some table in inp.evidence.workspace_tables
	xdr_table(table.name)
}

# A connector is connected when a data type of it is on, or when it doesn't say.
_connected(connector) if not is_object(object.get(connector, "dataTypes", null))

_connected(connector) if count(connector.dataTypes) == 0

_connected(connector) if {
	some _, type in connector.dataTypes
	not _disabled(type)
}

_disabled(type) if {
	is_string(type.state)
	lower(type.state) == "disabled"
}

# What is kept for longer than in the analytics tier lies in the data lake, or in the archive
# that came before it.
_kept(table) := sprintf(" kept %d days, in the data lake or archive after %d", [table.totalRetentionInDays, table.retentionInDays]) if {
	is_number(table.retentionInDays)
	is_number(table.totalRetentionInDays)
	table.totalRetentionInDays > table.retentionInDays
} else := " in the data lake" if {
	is_string(table.plan)
	lower(table.plan) in {"auxiliary", "lake"}
} else := ""

default _rest(_) := ""

_rest(more) := sprintf(" and %d more", [more]) if more > 0
