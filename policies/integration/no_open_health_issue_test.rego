package domicile.integration.no_open_health_issue_test

import data.domicile.integration.no_open_health_issue as rule
import data.domicile.lib.service_fixtures_test as fixture

outcome(inp) := {"deny": denied, "unknown": unknown, "not_applicable": inapplicable} if {
	denied := {[f.resource.kind, f.resource.id, f.actual] | some f in rule.deny with input as inp}
	unknown := {[u.reason, u.kind] | some u in rule.unknown with input as inp}
	inapplicable := {n.reason | some n in rule.not_applicable with input as inp}
}

pass := {"deny": set(), "unknown": set(), "not_applicable": set()}

not_known(reason, kind) := object.union(pass, {"unknown": {[reason, kind]}})

issue := {
	"id": "b3c1d08b", "displayName": "Sensor stopped communicating", "healthIssueType": "sensor",
	"severity": "high", "status": "open", "createdDateTime": "2026-11-12T10:00:00Z",
	"lastModifiedDateTime": "2026-11-20T10:00:00Z", "domainNames": ["contoso.com"], "sensorDNSNames": ["DC1.contoso.com"],
}

low := object.union(issue, {"id": "c4", "severity": "low", "displayName": "Directory Services Advanced Auditing is not enabled", "sensorDNSNames": []})

odd := {"id": "d5", "status": "open", "severity": "unknownFutureValue"}

health(issues) := {"mdi_health": issues}

values(inp) := {o.value | some o in rule.observed with input as inp}

test_passes_when_no_issue_is_open if {
	outcome(fixture.good) == pass
	values(fixture.good) == {"no open health issue among 1 sensors"}
	others := [object.union(issue, {"id": status, "status": status}) | some status in ["closed", "suppressed"]]
	outcome(fixture.scan(health(others), {})) == pass

	# Some of the sensors are enough to know that there are any.
	outcome(fixture.scan({}, {"mdi_sensors": "partial"})) == pass
}

test_fails_once_an_open_issue if {
	inp := fixture.scan(health([low, issue, odd, object.union(issue, {"id": "x", "status": "closed"})]), {})
	outcome(inp) == object.union(pass, {"deny": {
		["mdi_health", "b3c1d08b", "open, severity high"],
		["mdi_health", "c4", "open, severity low"],
		["mdi_health", "d5", "open, severity unknown"],
	}})
	{f.message | some f in rule.deny} == {
		"Severity high: the health issue 'Sensor stopped communicating' is open since 2026-11-12 on 'DC1.contoso.com' and 1 more.",
		"Severity low: the health issue 'Directory Services Advanced Auditing is not enabled' is open since 2026-11-12 on 'contoso.com'.",
		"Severity unknown: the health issue 'd5' is open since a time unknown.",
	} with input as inp
	values(inp) == {"3 open health issues: 1 of severity high, 1 of severity low, 1 of severity unknown"}
}

test_fails_for_an_issue_without_an_id if {
	outcome(fixture.scan(health([object.remove(issue, ["id"])]), {})).deny == {["mdi_health", "Sensor stopped communicating", "open, severity high"]}
	outcome(fixture.scan(health([{"status": "open"}]), {})).deny == {["mdi_health", "unnamed", "open, severity unknown"]}
	outcome(fixture.scan(health([{"status": "open", "id": "", "sensorDNSNames": [null, 7]}]), {})).deny == {["mdi_health", "unnamed", "open, severity unknown"]}
}

test_fails_whatever_else_is_missing if {
	failed := {["mdi_health", "b3c1d08b", "open, severity high"]}
	outcome(fixture.scan(health([issue]), {"mdi_health": "partial"})).deny == failed
	outcome(fixture.scan(object.union(health([issue]), {"mdi_sensors": []}), {"mdi_sensors": "no_permission"})).deny == failed
	outcome(fixture.scan(object.union(health([issue]), {"mdi_sensors": []}), {})) == object.union(pass, {"deny": failed})
}

test_unknown_when_the_health_issues_could_not_be_read if {
	every reason in ["no_permission", "throttled", "partial", "not_in_this_cloud"] {
		outcome(fixture.scan({}, {"mdi_health": reason})) == not_known(reason, "mdi_health")
		values(fixture.scan({}, {"mdi_health": reason})) == set()
	}
}

test_unknown_when_the_sensors_could_not_be_read if {
	every reason in ["no_permission", "throttled", "partial"] {
		outcome(fixture.scan({"mdi_sensors": []}, {"mdi_sensors": reason})) == not_known(reason, "mdi_sensors")
	}
}

test_not_applicable_without_sensors if {
	nothing := object.union(pass, {"not_applicable": {"nothing_to_judge"}})
	inp := fixture.scan({"mdi_sensors": []}, {})
	outcome(inp) == nothing
	outcome(fixture.scan({"mdi_sensors": []}, {"mdi_health": "no_permission"})) == nothing
	some found in rule.not_applicable with input as inp
	contains(found.message, "INT1002")
}

test_unknown_when_an_issue_does_not_say_its_status if {
	every odd_one in [object.remove(issue, ["status"]), object.union(issue, {"status": null}), object.union(issue, {"status": "unknownFutureValue"})] {
		outcome(fixture.scan(health([odd_one]), {})) == not_known("partial", "mdi_health")
		outcome(fixture.scan(health([odd_one, low]), {})).deny == {["mdi_health", "c4", "open, severity low"]}
	}
}
