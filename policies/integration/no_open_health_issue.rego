# METADATA
# title: Defender for Identity has no open health issue
# description: >-
#   A health issue of Defender for Identity means that a sensor, an account or the traffic it needs is not in order, so
#   that logons and changes of the directory are missed without a word. The list is empty in two cases, when all is well
#   and when there is no sensor that could be ill, so an empty list counts only where sensors exist.
# scope: package
# entrypoint: true
# schemas:
#   - input: schema.input
# related_resources:
#   - ref: https://learn.microsoft.com/graph/api/security-identitycontainer-list-healthissues
#   - ref: https://learn.microsoft.com/defender-for-identity/health-alerts
# custom:
#   id: INT1004
#   severity: medium
#   scope: tenant
#   clouds:
#     mtp-2020-a: [global]
#     mtp-2020-b: [global]
#     xdr-current: [global, gcc, gcchigh, dod]
#   monotone: true
#   evidence:
#     any: [mdi_health, mdi_sensors]
#   licence: [ATA]
#   profiles: [mtp-2020-a, mtp-2020-b, xdr-current]
#   frameworks:
#     nist_800_53: [{id: SI-4, coverage: part}]
#     iso_27001: [{id: A.8.16, coverage: part}]
#   remediation:
#     summary: Resolve each open health issue, those of severity high first; close or suppress one only when it is understood.
#     action: close_health_issue
#     steps:
#       xdr-current:
#         - Defender portal > Identities > Health issues (or Settings > Identities > Health issues). Sort by severity and start with high.
#         - Open the issue and follow its recommended actions on the sensors and domains it names.
#         - An issue closes itself once its cause is gone. Suppress one only with a reason that an auditor would accept.
#         - Run the scan again.
#       mtp-2020-b:
#         - Defender for Identity portal > Health. Start with the issues of severity high and follow the recommendation of each.
#       mtp-2020-a:
#         - Azure ATP portal > Health center. Start with the alerts of severity high and follow the recommendation of each.
package domicile.integration.no_open_health_issue

deny contains {
	"resource": {"kind": "mdi_health", "id": _id(issue), "name": _name(issue)},
	"message": _message(issue),
	"expected": "no open health issue",
	"actual": sprintf("open, severity %s", [_severity(issue)]),
} if {
	some issue in _open
}

not_applicable contains {"reason": "nothing_to_judge", "message": message} if {
	count(_open) == 0
	count(input.evidence.mdi_sensors) == 0
	not input.gaps.mdi_sensors
	message := "Defender for Identity has no sensor that could be ill, which INT1002 reports."
}

unknown contains {"reason": gap.reason, "kind": "mdi_health", "message": message} if {
	count(input.evidence.mdi_sensors) > 0
	gap := input.gaps.mdi_health
	message := sprintf("The health issues could not be read in full (%s), which takes SecurityIdentitiesHealth.Read.All.", [gap.reason])
}

unknown contains {"reason": gap.reason, "kind": "mdi_sensors", "message": message} if {
	count(input.evidence.mdi_sensors) == 0
	gap := input.gaps.mdi_sensors
	message := sprintf("Whether there are sensors could not be read (%s), which takes SecurityIdentitiesSensors.Read.All; an empty list of health issues means nothing without.", [gap.reason])
}

unknown contains {"reason": "partial", "kind": "mdi_health", "message": message} if {
	odd := [issue | some issue in input.evidence.mdi_health; not object.get(issue, "status", null) in {"open", "closed", "suppressed"}]
	count(odd) > 0
	message := sprintf("Of %d health issues it isn't said whether they are open, closed or suppressed; look at Settings > Identities > Health issues in the Defender portal.", [count(odd)])
}

observed contains {"fact": "count", "service": "identity", "value": value, "tier": "api", "kind": "mdi_health"} if {
	count(_open) > 0
	by_severity := [sprintf("%d of severity %s", [n, severity]) |
		some severity in _severities
		n := count([issue | some issue in _open; _severity(issue) == severity])
		n > 0
	]
	value := sprintf("%d open health issues: %s", [count(_open), concat(", ", by_severity)])
}

observed contains {"fact": "count", "service": "identity", "value": value, "tier": "api", "kind": "mdi_health"} if {
	count(_open) == 0
	not input.gaps.mdi_health
	value := sprintf("no open health issue among %d sensors", [count(input.evidence.mdi_sensors)])
}

# Closed and suppressed ones aren't open.
_open := [issue | some issue in input.evidence.mdi_health; issue.status == "open"]

_severities := ["high", "medium", "low", "unknown"]

# The message starts with the severity, so that issues of severity high stand out and, sorted, come first.
_message(issue) := sprintf("Severity %s: the health issue '%s' is open since %s%s.", [_severity(issue), _name(issue), _since(issue), _where(issue)])

_severity(issue) := issue.severity if {
	issue.severity in {"high", "medium", "low"}
} else := "unknown"

# An issue that lacks its id or its name is open all the same.
_id(issue) := _first([object.get(issue, "id", null), object.get(issue, "displayName", null), "unnamed"])

_name(issue) := _first([object.get(issue, "displayName", null), object.get(issue, "id", null), "unnamed"])

_first(texts) := [text | some text in texts; is_string(text); text != ""][0]

_since(issue) := substring(issue.createdDateTime, 0, 10) if {
	is_string(issue.createdDateTime)
} else := "a time unknown"

_where(issue) := sprintf(" on '%s'%s", [names[0], more]) if {
	names := array.concat(_list(object.get(issue, "sensorDNSNames", null)), _list(object.get(issue, "domainNames", null)))
	more := {true: sprintf(" and %d more", [count(names) - 1]), false: ""}[count(names) > 1]
} else := ""

_list(names) := [name | some name in names; is_string(name)] if {
	is_array(names)
} else := []
