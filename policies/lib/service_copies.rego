# METADATA
# title: Copies of the service's data outside it
# description: >-
#   Where the service's data is copied to, whether a copy is known to the organisation, and whether
#   the reader saw enough of Azure to say that there is no other. Copies outlive the service and
#   its deletion. An empty list of a reader who sees some subscriptions only proves nothing.
# scope: package
# related_resources:
#   - ref: https://learn.microsoft.com/azure/sentinel/microsoft-365-defender-sentinel-integration
#   - ref: https://learn.microsoft.com/azure/sentinel/manage-data-overview
package domicile.lib.service_copies

import data.domicile.lib.attestations

# Sentinel's connectors that bring the service's data or that of the services which feed it.
_connectors := {
	"azureadvancedthreatprotection": "Defender for Identity",
	"microsoftcloudappsecurity": "Defender for Cloud Apps",
	"microsoftdefenderadvancedthreatprotection": "Defender for Endpoint",
	"microsoftthreatprotection": "Defender XDR",
	"officeatp": "Defender for Office 365",
}

# The days for which the service itself keeps the rows of a hunting table: a table of a workspace
# that keeps them for longer holds a copy of its own.
_hunting_days := 30

# The copies in Sentinel's workspaces, as {id, says, kind}: a connector with a data type that isn't
# off, or a hunting table that is kept beyond the service's own days.
in_workspaces(scan) := {{"id": connector.workspaceId, "says": says, "kind": "sentinel_connectors"} |
	some connector in scan.evidence.sentinel_connectors
	is_string(connector.workspaceId)
	is_string(connector.kind)
	says := sprintf("Sentinel's connector for %s", [_connectors[lower(connector.kind)]])
	_connected(connector)
} | {{"id": table.workspaceId, "says": says, "kind": "workspace_tables"} |
	some table in scan.evidence.workspace_tables
	is_string(table.workspaceId)
	_hunting_table(table.name)
	max([days | some days in [table.retentionInDays, table.totalRetentionInDays]; is_number(days)]) > _hunting_days
	says := sprintf("the table '%s', kept beyond %d days", [substring(table.name, 0, 40), _hunting_days])
}

# The destinations of Entra's logs, in the same shape.
of_entra(scan) := {{"id": id, "says": says, "kind": "entra_diagnostic_settings"} |
	some setting in scan.evidence.entra_diagnostic_settings
	_sends(setting)
	some id in [
		object.get(setting, "workspaceId", null),
		object.get(setting, "storageAccountId", null),
		object.get(setting, "eventHubAuthorizationRuleId", null),
	]
	_text(id)
	says := sprintf("Entra's diagnostic setting '%s'", [substring(sprintf("%v", [object.get(setting, "name", "")]), 0, 40)])
}

# The destinations of Defender's streaming exports, in the same shape; each once.
streamed(scan, exports) := {{"id": id, "says": says, "kind": "streaming_export"} |
	some export in exports
	_sends(export)
	some id in [
		object.get(export, "storageAccountResourceId", null),
		object.get(export, "eventHubResourceId", null),
		object.get(export, "workspaceResourceId", null),
	]
	_text(id)
	says := sprintf("Defender's streaming export%s", [_elsewhere(scan, export)])
}

# True when the configuration (known_copies) or a valid statement (known-copy) names the resource,
# or one that it is part of. Azure's ids don't tell upper from lower case.
known(scan, id) if {
	some named in _named(scan)
	_within(lower(trim_right(id, "/")), named)
}

# One copy for people, with whether it is known.
shown(scan, copy) := sprintf("%s to '%s' (known)", [copy.says, short(copy.id)]) if {
	known(scan, copy.id)
} else := sprintf("%s to '%s' (not known)", [copy.says, short(copy.id)])

# An Azure resource id, of a long one its end, which says most.
short(id) := id if {
	count(id) <= 120
} else := concat("", ["...", substring(id, count(id) - 117, -1)])

# Why an absence of copies can't be told, as a set of {reason, kind, message}: nothing of Azure was
# read, or not all of it. A reader at the root management group sees all; otherwise every id of
# azure_subscriptions must have been seen.
uncovered(scan) := ({{"reason": gap.reason, "kind": "azure_coverage", "message": message} |
	gap := scan.gaps.azure_coverage
	message := sprintf("Which subscriptions there are could not be read in full (%s); give the scanner Reader at the root management group.", [gap.reason])
} | {{"reason": "partial", "kind": "azure_coverage", "message": message} |
	not scan.gaps.azure_coverage
	not _at_root(scan)
	count(scan.params.azure_subscriptions) == 0
	message := "The scanner sees single subscriptions of Azure, and not whether there are others; give it Reader at the root management group, or name all subscriptions in azure_subscriptions."
}) | {{"reason": "partial", "kind": "azure_coverage", "message": message} |
	not scan.gaps.azure_coverage
	not _at_root(scan)
	asked := {lower(id) | some id in scan.params.azure_subscriptions}
	seen := {lower(place.id) | some place in scan.evidence.azure_coverage; place.type == "subscription"; is_string(place.id)}
	count(asked - seen) > 0
	message := sprintf("Of the %d subscriptions in azure_subscriptions the scanner saw %d; give it Reader on the others.", [count(asked), count(asked & seen)])
}

_at_root(scan) if {
	some place in scan.evidence.azure_coverage
	place.type == "managementGroup"
	is_string(place.id)
	endswith(lower(place.id), lower(scan.tenant.id))
}

_connected(connector) if not _all_off(connector)

_all_off(connector) if {
	states := [kind_of_data.state | some kind_of_data in connector.dataTypes]
	count(states) > 0
	every state in states {
		state in {"Disabled", "disabled"}
	}
}

_sends(setting) if not _silent(setting)

_silent(setting) if {
	count(setting.logs) > 0
	every log in setting.logs {
		log.enabled == false
	}
}

_hunting_table(name) if {
	is_string(name)
	regex.match(`^(AlertInfo|AlertEvidence|CloudAppEvents|UrlClickEvents|(Device|Email|Identity)[A-Z][A-Za-z]+)$`, name)
}

_named(scan) := {lower(trim_right(id, "/")) | some id in scan.params.known_copies; _text(id)} | {lower(trim_right(id, "/")) |
	some statement in attestations.valid(scan.evidence.attestations, "known-copy")
	id := statement.value.resourceId
	_text(id)
}

_within(id, named) if id == named

_within(id, named) if startswith(id, concat("", [named, "/"]))

_elsewhere(scan, export) := sprintf(" to tenant '%s'", [substring(export.designatedTenantId, 0, 40)]) if {
	_text(export.designatedTenantId)
	lower(export.designatedTenantId) != lower(scan.tenant.id)
} else := ""

_text(value) if {
	is_string(value)
	trim_space(value) != ""
}
