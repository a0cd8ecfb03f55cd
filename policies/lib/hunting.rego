# METADATA
# title: Advanced hunting
# description: >-
#   Reads the answers of the hunting probe: whether a table resolves, why it could not be
#   asked, and how many rows it holds in a window of days. The window counts whole UTC days,
#   the present one included. "Failed to resolve table" is what runHuntingQuery answers for a
#   table whose workload isn't provisioned.
# scope: package
# related_resources:
#   - ref: https://learn.microsoft.com/graph/api/security-security-runhuntingquery
package domicile.lib.hunting

# The application that Defender for Identity's rows carry in the identity tables.
directory := "Active Directory"

# The table of each service whose resolution proves a Defender workload. AlertInfo isn't
# among them: Microsoft Sentinel alone answers for it.
workload_tables := {"CloudAppEvents", "DeviceInfo", "EmailEvents", "IdentityLogonEvents"}

# The object of the query for a table, or for "print"; undefined when it was not asked.
table(probes, name) := [probe | some probe in probes; probe.table == name][0]

# What is known of a table, always defined: state is resolves, absent or unknown, and for
# unknown the reason and a message that says what would close it. A table that was not asked
# because print was refused has print's answer.
answer(scan, name) := _judged(probe, name) if {
	probe := _probe(scan.evidence.hunting_probe, name)
} else := {"state": "unknown", "reason": gap.reason, "kind": "hunting_probe", "message": message} if {
	gap := scan.gaps.hunting_probe
	message := sprintf("Advanced hunting could not be asked for '%s'; run the scan again once the gap '%s' is closed.", [name, gap.reason])
} else := {
	"state": "unknown",
	"reason": "not_collected",
	"kind": "hunting_probe",
	"message": sprintf("Advanced hunting was not asked for '%s'; collect hunting_probe again.", [name]),
}

# The sum of a table's rows in the last days; undefined when its daily counts are not known.
rows(probe, now, days) := sum([n | some n in totals]) if {
	totals := by_application(probe, now, days)
}

# The rows of one application in the last days, by the name in the column Application.
rows_of(probe, application, now, days) := object.get(by_application(probe, now, days), application, 0)

# The rows of the last days by application; undefined when the daily counts are not known.
by_application(probe, now, days) := {application: total |
	some counts in _window(probe, now, days)
	some application, _ in counts
	total := sum([n |
		some day in _window(probe, now, days)
		n := day[application]
		is_number(n)
	])
} if {
	is_object(probe.days)
}

# The last day (2026-11-20) on which a table has rows of an application; undefined when it has none.
last_day(probe, application) := max({date |
	some date, counts in probe.days
	counts[application] > 0
})

_window(probe, now, days) := {date: counts |
	some date, counts in probe.days
	date >= _date(now, days)
	date <= _date(now, 0)
	is_object(counts)
}

_date(now, back) := time.format([time.parse_rfc3339_ns(now) - ((((back * 24) * 60) * 60) * 1000000000), "UTC", "2006-01-02"])

_probe(probes, name) := probe if {
	probe := table(probes, name)
} else := probe if {
	probe := table(probes, "print")
	not probe.status == 200
}

_judged(probe, name) := {
	"state": "resolves", "reason": "", "kind": "hunting_probe",
	"message": sprintf("Advanced hunting answers for '%s'.", [name]),
} if {
	probe.status == 200
} else := {
	"state": "absent", "reason": "", "kind": "hunting_probe",
	"message": sprintf("Advanced hunting does not know the table '%s'.", [name]),
} if {
	probe.status == 400
	_unresolved(probe)
} else := {
	"state": "unknown", "reason": reason, "kind": "hunting_probe",
	"message": sprintf("Advanced hunting answered %v for '%s'; %s.", [probe.status, name, _closes[reason]]),
} if {
	reason := _reason(probe)
}

_unresolved(probe) if {
	said := lower(sprintf("%v %v", [object.get(probe, "code", ""), object.get(probe, "message", "")]))
	some phrase in ["failed to resolve table", "could not find table"]
	contains(said, phrase)
}

_reason(probe) := "not_provisioned" if {
	probe.status == 403
	probe.permitted == true
} else := "no_permission" if {
	probe.status in {401, 403}
} else := "throttled" if {
	probe.status == 429
} else := "service_error"

_closes := {
	"not_provisioned": "the token holds ThreatHunting.Read.All, so find out whether the service is provisioned (XDR1001)",
	"no_permission": "grant the scanner ThreatHunting.Read.All and consent to it",
	"throttled": "run the scan again when the tenant's hunting quota is free",
	"service_error": "run the scan again, and ask Microsoft support if the error stays",
}
