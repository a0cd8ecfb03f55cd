# METADATA
# title: The consent event of every recent high-risk grant is kept
# description: >-
#   Who granted a permission stands in the audit log alone, which Microsoft Entra ID empties after
#   30 days, or 7 without Entra ID P1. Each scan that is kept carries the events on, so that with
#   one a month the history has no hole. Grants older than the log are not judged, save those
#   since consent_history_from, and delegated grants bear no date, so that only those that are new
#   since the earlier result are.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/entra/identity/monitoring-health/reference-reports-data-retention
#   - ref: https://learn.microsoft.com/graph/api/resources/directoryaudit
# custom:
#   id: CONS1016
#   severity: info
#   scope: tenant
#   clouds: [global, gcc, gcchigh, dod, china]
#   monotone: false
#   evidence:
#     all: [consent_events, app_role_assignments, resource_permissions]
#     optional: [oauth2_permission_grants, previous_result, service_principals, subscribed_skus]
#   lookup: {service_principals: id}
#   params:
#     consent_history_from:
#       type: string
#       description: The day from which on the consent event of each high-risk grant must be kept, in the audit log or an earlier result; unset, as far back as the audit log goes.
#     high_risk_permissions:
#       type: [string]
#       description: Names of permissions that count as high-risk besides the built-in list.
#       default: []
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks: {}
#   remediation:
#     summary: Scan at least once a month and keep the results, or keep the audit log longer.
#     steps:
#       xdr-current:
#         - Find out who granted the permission and why, from tickets or the unified audit log of Microsoft Purview, which keeps consent events for 180 days or more; write it down with the application's approval.
#         - Run a scan at least once a month, each with `--previous` and the result before it, and keep the results.
#         - Send Entra ID's audit log to a workspace that keeps it longer (Entra ID > Monitoring & health > Diagnostic settings), in an allowed region (GEO1017).
package domicile.consent.consent_events_kept

import data.domicile.lib.attestations
import data.domicile.lib.consent_history as history
import data.domicile.lib.licences
import data.domicile.lib.permissions
import data.domicile.lib.permissions_assignments as assignments
import data.domicile.lib.permissions_holders as holders

deny contains {
	"resource": {"kind": grant.kind, "id": grant.id, "name": grant.name},
	"message": sprintf("'%s' was granted %s %s, and no consent event of it is kept.", [grant.name, holders.listed(sort(grant.names)), _when(grant)]),
	"expected": "a consent event in the audit log or the earlier result",
	"actual": "none",
} if {
	some grant in _grants
	grant.state == "lost"
}

not_applicable contains {"reason": "nothing_to_judge", "message": "No high-risk grant is young enough for its consent event to be asked for."} if {
	every grant in _grants {
		grant.state in {"old", "fresh"}
	}
	not input.gaps.oauth2_permission_grants
}

unknown contains {"reason": _previous_reason, "kind": "previous_result", "message": message} if {
	n := count([1 | some grant in _grants; grant.state == "needs_previous"])
	n > 0
	message := sprintf("%d grants since '%s' are older than the audit log, and no usable earlier result shows their consent events; give it with --previous.", [n, substring(input.params.consent_history_from, 0, 20)])
}

unknown contains {"reason": "needs_configuration", "kind": "", "message": "The parameter consent_history_from is not a day."} if {
	from := input.params.consent_history_from
	not attestations.time_ns(from)
}

unknown contains {"reason": gap.reason, "kind": "oauth2_permission_grants", "message": "The delegated grants could not be read in full, so that new ones among them aren't known; it takes Directory.Read.All."} if {
	gap := input.gaps.oauth2_permission_grants
}

unknown contains {"reason": "partial", "kind": "resource_permissions", "message": "Some permissions held by applications are not among those that their resources list; collect resource_permissions again."} if {
	assignments.unnamed(input, input.evidence.app_role_assignments)
}

# Without the licences a grant may be too old for the log, or lost to it.
unknown contains {"reason": question.reason, "kind": question.kind, "message": message} if {
	not _premium
	some question in (_unread | licences.unclear(input.evidence.subscribed_skus))
	n := count([1 | some grant in _grants; grant.state == "old"; _perhaps_lost(grant)])
	n > 0
	message := sprintf("%d grants without a consent event may be young enough for the audit log, which is kept for 7 or 30 days. %s", [n, question.message])
}

# The events, and the grants that have none, in the form in which the next scan reads them.
observed contains {"fact": "consent", "service": "", "value": value, "tier": "api", "kind": "consent_events"} if {
	some grant in _grants
	value := grant.line
}

observed contains {"fact": "count", "service": "", "value": value, "tier": "api", "kind": "consent_events"} if {
	n := count([1 | some grant in _grants; grant.state == "old"])
	value := sprintf("%d high-risk grants are older than what is judged", [n])
}

_day := 86400000000000

_now := attestations.time_ns(input.now)

_from := attestations.time_ns(input.params.consent_history_from)

# Without the licences the shorter time is taken, which asks for less.
_kept := history.kept_days(_premium) * _day

default _premium := false

_premium if count(licences.held(input.evidence.subscribed_skus) & {licences.plans.AAD_PREMIUM, licences.plans.AAD_PREMIUM_P2}) > 0

_unread := {{"reason": gap.reason, "kind": "subscribed_skus", "message": "The licences could not be read in full, which takes LicenseAssignment.Read.All."} |
	gap := input.gaps.subscribed_skus
}

# Every high-risk grant with its state: kept, lost, fresh (the log may lag behind), old or
# needs_previous; and the line in which it is shown.
_grants := [object.union(grant, {"state": state, "line": line}) |
	some grant in array.concat(_roles, _scopes)
	event := _event(grant)
	state := _state(grant, event)
	line := _line(grant, event)
]

_roles := [{
	"kind": "app_role_assignment", "id": held.id, "name": held.application.name, "names": {held.permission.value},
	"principal": lower(held.principal_id), "at": _time(held.created), "created": held.created,
} |
	some held in assignments.held(input, input.evidence.app_role_assignments, "high_risk")
	is_string(held.principal_id)
]

# Delegated grants have no time, so that theirs is 0.
_scopes := [{
	"kind": "oauth2_permission_grant", "id": grant.id, "name": holder.name, "names": names,
	"principal": lower(grant.clientId), "at": 0, "created": null,
} |
	some grant in input.evidence.oauth2_permission_grants
	grant.consentType == "AllPrincipals"
	is_string(grant.clientId)
	is_string(grant.scope)
	names := {name | some name in split(grant.scope, " "); permissions.high_risk(object.get(_resources, object.get(grant, "resourceId", ""), ""), name, input.params)}
	count(names) > 0
	holder := holders.holder(input.lookup.service_principals, grant.clientId, null)
]

_resources := permissions.resources(input.evidence.resource_permissions)

_time(text) := attestations.time_ns(text) if {
	attestations.time_ns(text)
} else := 0

_events := history.relevant(input.evidence.consent_events, {grant.principal | some grant in array.concat(_roles, _scopes)})

# The same by the principal that they name, so that each grant looks at its own alone.
_events_of := {principal: events |
	some principal in {named.principal | some named in _named}
	events := [named.event | some named in _named; named.principal == principal]
}

_named := [{"principal": principal, "event": event} | some event in _events; some principal in event.principals]

# What shows a grant's event: the audit log, or the line of the earlier result; "" for none.
_event(grant) := sprintf("event of %s by '%s'", [found.day, found.who]) if {
	found := history.assigned(_events_of[grant.principal], grant.principal, min(grant.names), grant.at)
	grant.at > 0
} else := sprintf("event of %s by '%s'", [found.day, found.who]) if {
	grant.at == 0
	found := history.granted(_events_of[grant.principal], grant.principal, grant.names)
} else := _earlier[grant.id] if {
	startswith(_earlier[grant.id], "event of ")
} else := ""

_state(grant, event) := "kept" if {
	event != ""
} else := _undated(grant) if {
	grant.at == 0
} else := "old" if {
	not _due(grant)
} else := "fresh" if {
	_now - grant.at < _day
} else := "lost" if {
	_now - grant.at <= _kept
} else := "lost" if {
	_previous
} else := "needs_previous"

# A grant without a time that the earlier result didn't show is younger than that.
_undated(grant) := "lost" if {
	not _earlier[grant.id]
	_now - attestations.time_ns(_previous.finished) <= _kept
} else := "old"

_perhaps_lost(grant) if {
	not _from
	_now - grant.at <= history.kept_days(true) * _day
}

_due(grant) if grant.at >= _from

_due(grant) if {
	not _from
	_now - grant.at <= _kept
}

_line(grant, "") := sprintf("grant %s: no event, to '%s'", [grant.id, grant.name])

_line(grant, event) := line if {
	event != ""
	line := sprintf("grant %s: %s", [grant.id, event])
}

_when(grant) := sprintf("on '%s'", [substring(grant.created, 0, 10)]) if {
	grant.at > 0
} else := sprintf("since '%s'", [substring(_previous.finished, 0, 10)])

# The earlier result, where it is of this tenant, its chain holds and it judged this rule.
_previous := [previous |
	some previous in input.evidence.previous_result
	is_string(previous.tenantId)
	lower(previous.tenantId) == lower(input.tenant.id)
	previous.chain != "broken"
	is_array(previous.rules.CONS1016.observed)
][0]

# What it showed, by the grant's id.
_earlier := {id: substring(rest, separator + 2, -1) |
	some seen in _previous.rules.CONS1016.observed
	seen.fact == "consent"
	is_string(seen.value)
	startswith(seen.value, "grant ")
	rest := substring(seen.value, 6, -1)
	separator := indexof(rest, ": ")
	separator > 0
	id := substring(rest, 0, separator)
}

_previous_reason := "conflict" if {
	count(input.evidence.previous_result) > 0
} else := "not_collected"
