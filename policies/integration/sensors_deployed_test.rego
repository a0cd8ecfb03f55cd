package domicile.integration.sensors_deployed_test

import data.domicile.integration.sensors_deployed as rule
import data.domicile.lib.service_fixtures_test as fixture

outcome(inp) := {"deny": denied, "unknown": unknown, "not_applicable": inapplicable} if {
	denied := {[f.resource.id, f.actual] | some f in rule.deny with input as inp}
	unknown := {[u.reason, u.kind] | some u in rule.unknown with input as inp}
	inapplicable := {n.reason | some n in rule.not_applicable with input as inp}
}

pass := {"deny": set(), "unknown": set(), "not_applicable": set()}

not_known(reason, kind) := object.union(pass, {"unknown": {[reason, kind]}})

inapplicable(reason) := object.union(pass, {"not_applicable": {reason}})

no_sensors := {"mdi_sensors": []}

# Defender for Endpoint alone.
unlicensed := {"subscribed_skus": [fixture.licence_of(["871d91ec-ec1a-452b-a83f-bd76c7d770ef"])]}

not_used := {"params": {"services_not_used": ["identity"]}}

count_of(inp) := {o.value | some o in rule.observed with input as inp}

test_passes_when_there_is_a_sensor if {
	outcome(fixture.good) == pass
	count_of(fixture.good) == {"1 sensors, of them 1 healthy, on 1 domains"}

	# With sensors neither the licence nor the rest of the list matters.
	outcome(fixture.scan(unlicensed, {"mdi_sensors": "partial"})) == pass
	count_of(fixture.scan({}, {"mdi_sensors": "partial"})) == {"at least 1 sensors, of them 1 healthy, on 1 domains"}
	outcome(fixture.scan({"subscribed_skus": []}, {"subscribed_skus": "throttled"})) == pass
}

test_fails_when_licensed_and_there_is_none if {
	inp := fixture.scan(no_sensors, {})
	outcome(inp) == object.union(pass, {"deny": {["identity", "0 sensors"]}})
	some finding in rule.deny with input as inp
	finding.resource.kind == "service"
	finding.message == "Defender for Identity is licensed (plan 'ATA') and has no sensor."
	count_of(inp) == set()

	# A part of the licences shows the plan well enough.
	outcome(fixture.scan(no_sensors, {"subscribed_skus": "partial"})).deny == {["identity", "0 sensors"]}
}

test_unknown_when_the_sensors_could_not_be_read if {
	every reason in ["no_permission", "throttled", "not_in_this_cloud", "not_provisioned", "partial"] {
		outcome(fixture.scan(no_sensors, {"mdi_sensors": reason})) == not_known(reason, "mdi_sensors")
	}
}

test_unknown_when_the_licences_could_not_be_read if {
	unread := object.union(no_sensors, {"subscribed_skus": []})
	outcome(fixture.scan(unread, {"subscribed_skus": "no_permission"})) == not_known("no_permission", "subscribed_skus")
	planless := [object.remove(fixture.licence, ["servicePlans"])]
	outcome(fixture.scan(object.union(no_sensors, {"subscribed_skus": planless}), {})) == not_known("partial", "subscribed_skus")
}

test_not_applicable_when_not_licensed if {
	outcome(fixture.scan(object.union(unlicensed, no_sensors), {})) == inapplicable("not_licensed")
	outcome(fixture.scan(object.union(unlicensed, no_sensors), {"mdi_sensors": "no_permission"})) == inapplicable("not_licensed")
	refused := fixture.scan({"mdi_sensors": [], "subscribed_skus": []}, {"mdi_sensors": "not_licensed", "subscribed_skus": "throttled"})
	outcome(refused) == inapplicable("not_licensed")
}

test_not_applicable_when_not_used_on_purpose if {
	outcome(object.union(fixture.scan(no_sensors, {}), not_used)) == inapplicable("nothing_to_judge")
	outcome(object.union(fixture.scan(no_sensors, {"mdi_sensors": "no_permission"}), not_used)) == inapplicable("nothing_to_judge")
	outcome(object.union(fixture.good, not_used)) == pass
}
