# METADATA
# title: History of consent
# description: >-
#   Which audit event shows that a permission was granted. An application permission appears as an
#   app role assignment, a delegated one as a grant, and both as a consent to the application when
#   somebody consented. Whatever the event calls itself, it names the application's service
#   principal, as a target or in a modified property, with quotes of its own around the value.
# scope: package
# related_resources:
#   - ref: https://learn.microsoft.com/graph/api/resources/directoryaudit
#   - ref: https://learn.microsoft.com/entra/identity/monitoring-health/reference-audit-activities
package domicile.lib.consent_history

import data.domicile.lib.attestations

# relevant is the list of the successful events that grant something to one of the service
# principals, as {id, at, day, activity, who, principals, text}; text is all values in lower case.
relevant(events, principals) := [{
	"id": event.id, "at": at, "day": substring(event.activityDateTime, 0, 10), "activity": activity,
	"who": _who(event), "principals": named, "text": concat(" ", values),
} |
	some event in events
	activity := _activity(event)
	at := attestations.time_ns(event.activityDateTime)
	values := _values(event)
	named := {value | some value in values} & principals
	count(named) > 0
]

# assigned is the first event that shows how an application permission was assigned: at most
# a day from the assignment's creation, and naming the permission unless it is a consent.
assigned(events, principal, permission, created) := [event |
	some event in events
	principal in event.principals
	abs(event.at - created) <= 86400000000000
	_about(event, {permission})
][0]

# granted is the first event that shows how one of the scopes was granted.
granted(events, principal, scopes) := [event |
	some event in events
	principal in event.principals
	event.activity != "add app role assignment to service principal"
	_names(event, scopes)
][0]

# kept_days is for how many days the directory keeps audit events: 30 with Entra ID P1 or P2,
# 7 without.
kept_days(true) := 30

kept_days(false) := 7

_activities := {
	"add app role assignment to service principal",
	"add delegated permission grant",
	"add oauth2permissiongrant",
	"consent to application",
}

_activity(event) := activity if {
	is_string(event.activityDisplayName)
	activity := lower(event.activityDisplayName)
	activity in _activities
	not object.get(event, "result", null) in {"failure", "timeout"}
}

# The ids of the targets and the values set, without the quotes that events put around them.
_values(event) := [lower(trim(value, `"`)) |
	some target in event.targetResources
	is_object(target)
	some value in array.concat(
		[object.get(target, "id", null)],
		[property.newValue | some property in target.modifiedProperties],
	)
	is_string(value)
]

_about(event, _) if event.activity == "consent to application"

_about(event, names) if _names(event, names)

_names(event, names) if {
	some name in names
	contains(event.text, lower(name))
}

_who(event) := [substring(name, 0, 60) |
	some name in [
		object.get(event, ["initiatedBy", "user", "userPrincipalName"], null),
		object.get(event, ["initiatedBy", "app", "displayName"], null),
		object.get(event, ["initiatedBy", "user", "id"], null),
		"somebody unnamed",
	]
	is_string(name)
	name != ""
][0]
