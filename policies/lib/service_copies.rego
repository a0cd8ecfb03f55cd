# METADATA
# title: Destinations of copies
# description: >-
#   Where the service's data is copied to, by which way, and whether the organisation named the
#   place. Copies outlive the service and its deletion, wherever they rest.
# scope: package
# related_resources:
#   - ref: https://learn.microsoft.com/azure/sentinel/manage-data-overview
#   - ref: https://learn.microsoft.com/defender-xdr/streaming-api
package domicile.lib.service_copies

import data.domicile.lib.azure
import data.domicile.lib.copies

# The copies in workspaces of Log Analytics, as {id, says, kind}; id is the resource's key.
in_workspaces(scan) := {{"id": workspace, "says": copies.shown(hows), "kind": "sentinel_connectors"} |
	some workspace, hows in copies.carriers(scan)
}

# The destinations of Entra's logs, in the same shape.
of_entra(scan) := {{"id": azure.key(id), "says": says, "kind": "entra_diagnostic_settings"} |
	some setting in scan.evidence.entra_diagnostic_settings
	copies.sends(setting)
	some id in [
		object.get(setting, "workspaceId", null),
		object.get(setting, "storageAccountId", null),
		object.get(setting, "eventHubAuthorizationRuleId", null),
		object.get(setting, "serviceBusRuleId", null),
		object.get(setting, "marketplacePartnerId", null),
	]
	says := sprintf("Entra's diagnostic setting %s", [_name(setting)])
}

_name(setting) := sprintf("'%s'", [substring(setting.name, 0, 40)]) if {
	is_string(setting.name)
	setting.name != ""
} else := "without a name"

# The destinations of Defender's streaming exports, in the same shape; each once.
streamed(scan, exports) := {{"id": azure.key(id), "says": says, "kind": "streaming_export"} |
	some export in exports
	copies.sends(export)
	some id in [
		object.get(export, "storageAccountResourceId", null),
		object.get(export, "eventHubResourceId", null),
		object.get(export, "workspaceResourceId", null),
	]
	says := sprintf("Defender's streaming export%s", [_elsewhere(scan, export)])
}

# True when the configuration (known_copies) or a valid statement (known-copy) names the resource,
# wherever it rests: the place is judged by the rules on Geo.
known(scan, id) if copies.acknowledged(scan, id, set())

# One copy for people, with whether it is known.
shown(scan, copy) := sprintf("%s to '%s' (known)", [copy.says, short(copy.id)]) if {
	known(scan, copy.id)
} else := sprintf("%s to '%s' (not known)", [copy.says, short(copy.id)])

# An Azure resource id, of a long one its end, which says most.
short(id) := id if {
	count(id) <= 120
} else := concat("", ["...", substring(id, count(id) - 117, -1)])

_elsewhere(scan, export) := sprintf(" to tenant '%s'", [substring(export.designatedTenantId, 0, 40)]) if {
	is_string(export.designatedTenantId)
	not lower(export.designatedTenantId) in {"", lower(scan.tenant.id)}
} else := ""
