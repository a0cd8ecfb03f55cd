package domicile.integration.sensors_healthy_test

import data.domicile.integration.sensors_healthy as rule
import data.domicile.lib.service_fixtures_test as fixture

outcome(inp) := {"deny": denied, "unknown": unknown, "not_applicable": inapplicable} if {
	denied := {[f.resource.id, f.actual] | some f in rule.deny with input as inp}
	unknown := {[u.reason, u.kind] | some u in rule.unknown with input as inp}
	inapplicable := {n.reason | some n in rule.not_applicable with input as inp}
}

pass := {"deny": set(), "unknown": set(), "not_applicable": set()}

not_known(reason, kind) := object.union(pass, {"unknown": {[reason, kind]}})

inapplicable(reason) := object.union(pass, {"not_applicable": {reason}})

current := object.union(fixture.sensor, {"id": "s-current", "displayName": "DC02"})

sensor(changes) := object.union(fixture.sensor, changes)

# The page holds the sensors that are judged, the look-up all of the tenant's.
paged(page, all) := {
	"tenant": fixture.good.tenant, "now": fixture.good.now, "profile": "xdr-current", "gaps": {},
	"params": {"sensor_outdated_days": 14},
	"evidence": {"mdi_sensors": page},
	"lookup": {"mdi_sensors": {one.id: one | some one in all}},
}

judged(changes) := paged([sensor(changes)], [sensor(changes), current])

old := {"deploymentStatus": "outdated", "version": "2.240.18000.5"}

fails(actual) := object.union(pass, {"deny": {[fixture.sensor.id, actual]}})

values(inp) := {o.value | some o in rule.observed with input as inp}

test_passes_when_healthy_and_up_to_date if {
	outcome(judged({})) == pass
	values(judged({})) == set()
}

test_passes_while_updating_or_syncing if {
	every status in ["updating", "syncing"] {
		outcome(judged(object.union(old, {"deploymentStatus": status}))) == pass
	}
	values(judged({"deploymentStatus": "updating"})) == {"sensor 'DC01' is updating, version '2.254.19112.470'"}
}

test_passes_when_outdated_and_newly_installed if {
	inp := judged(object.union(old, {"createdDateTime": "2026-11-08T00:00:00Z"}))
	outcome(inp) == pass
	values(inp) == {"sensor 'DC01' is outdated, version '2.240.18000.5'"}
}

test_fails_when_not_healthy if {
	outcome(judged({"healthStatus": "notHealthyHigh"})) == fails("health issues of severity high")
	outcome(judged({"healthStatus": "notHealthyMedium"})) == fails("health issues of severity medium")
	outcome(judged({"healthStatus": "notHealthyLow"})) == fails("health issues of severity low")
	some finding in rule.deny with input as judged({"healthStatus": "notHealthyLow"})
	finding.resource.kind == "mdi_sensor"
	finding.message == "The sensor 'DC01' of 'contoso.com' is not in order: health issues of severity low."
}

test_fails_when_it_does_not_run if {
	every status, actual in {
		"updateFailed": "its update failed", "notConfigured": "it is not configured", "unreachable": "it is unreachable",
		"disconnected": "it is disconnected", "startFailure": "it doesn't start",
	} {
		outcome(judged({"deploymentStatus": status})) == fails(actual)
	}
	both := {"deploymentStatus": "disconnected", "healthStatus": "notHealthyHigh"}
	outcome(judged(both)) == fails("health issues of severity high, it is disconnected")
}

test_fails_when_others_are_newer if {
	inp := judged(old)
	outcome(inp) == fails("version '2.240.18000.5' is outdated, others have '2.254.19112.470'")

	# Numbers are compared as numbers, and a sensor without a date of installation had its time.
	outcome(judged(object.union(old, {"version": "2.99.1", "createdDateTime": null}))) == fails("version '2.99.1' is outdated, others have '2.254.19112.470'")
}

test_unknown_when_no_other_sensor_is_newer if {
	outcome(paged([sensor(old)], [sensor(old)])) == not_known("partial", "mdi_sensors")
	outcome(judged({"deploymentStatus": "outdated", "version": "3.0.5"})) == not_known("partial", "mdi_sensors")
	outcome(judged({"deploymentStatus": "outdated", "version": "unreadable"})) == not_known("partial", "mdi_sensors")
	some found in rule.unknown with input as paged([sensor(old)], [sensor(old)])
	contains(found.message, "no sensor with a newer version shows by how much")
}

test_unknown_when_health_or_state_is_not_said if {
	every changes in [{"healthStatus": null}, {"healthStatus": "unknownFutureValue"}, {"deploymentStatus": null}] {
		outcome(judged(changes)) == not_known("partial", "mdi_sensors")
	}
	nameless := paged([{"healthStatus": null, "deploymentStatus": "upToDate"}], [])
	some found in rule.unknown with input as nameless
	contains(found.message, "'unnamed'")
	ill := paged([{"healthStatus": "notHealthyLow", "deploymentStatus": "upToDate"}], [])
	outcome(ill).deny == {["unnamed", "health issues of severity low"]}
}

test_not_applicable_without_sensors if {
	outcome(paged([], [])) == inapplicable("nothing_to_judge")
}
