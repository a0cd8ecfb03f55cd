package domicile.xdr.hunting_answers_test

import data.domicile.lib.service_fixtures_test as fixture
import data.domicile.xdr.hunting_answers as rule

outcome(inp) := {"deny": denied, "unknown": unknown, "not_applicable": inapplicable} if {
	denied := {[f.resource.kind, f.resource.id, f.actual] | some f in rule.deny with input as inp}
	unknown := {[u.reason, u.kind] | some u in rule.unknown with input as inp}
	inapplicable := {n.reason | some n in rule.not_applicable with input as inp}
}

pass := {"deny": set(), "unknown": set(), "not_applicable": set()}

not_known(reason) := object.union(pass, {"unknown": {[reason, "hunting_probe"]}})

switched_off := object.union(pass, {"not_applicable": {"switched_off"}})

refused := {"hunting_probe": fixture.all_refused(true)}

test_passes_when_hunting_answers if {
	outcome(fixture.good) == pass
	rule.observed == {{
		"fact": "on", "service": "xdr", "tier": "api", "kind": "hunting_probe",
		"value": "Advanced hunting answers.",
	}} with input as fixture.good
}

test_passes_when_a_table_does_not_resolve if {
	outcome(fixture.scan({"hunting_probe": fixture.probes({"EmailEvents": fixture.unresolved("EmailEvents")})}, {})) == pass
}

test_fails_when_refused_while_incidents_answer if {
	inp := fixture.scan(refused, {})
	outcome(inp) == object.union(pass, {"deny": {["service", "xdr", "403 with the permission"]}})
	some finding in rule.deny with input as inp
	finding.message == "Advanced hunting answered 403 although the token holds ThreatHunting.Read.All. Incidents answers meanwhile, so the service is out of order in part."
}

test_unknown_when_refused_and_incidents_do_not_answer if {
	outcome(fixture.scan(object.union(refused, {"incidents_probe": []}), {"incidents_probe": "throttled"})) == not_known("not_provisioned")
	outcome(fixture.scan(fixture.dark, {})) == not_known("not_provisioned")
}

test_unknown_when_the_probe_says_nothing if {
	outcome(fixture.scan({"hunting_probe": fixture.all_refused(false)}, {})) == not_known("no_permission")
	every reason in ["throttled", "unreachable", "service_error", "not_collected"] {
		outcome(fixture.scan({"hunting_probe": []}, {"hunting_probe": reason})) == not_known(reason)
	}
	broken := [object.union(fixture.answered("print", null), {"status": 500, "code": "UnknownError"})]
	outcome(fixture.scan({"hunting_probe": broken}, {})) == not_known("service_error")
}

test_not_applicable_when_the_service_is_off if {
	inp := fixture.scan(object.union(refused, {"defender_api_probe": fixture.disabled}), {})
	outcome(inp) == switched_off
	some found in rule.not_applicable with input as inp
	contains(found.message, "XDR1001")
}

test_not_applicable_when_it_is_meant_to_be_off if {
	meant := {"params": {"expected_state": "off"}}
	outcome(object.union(fixture.good, meant)) == switched_off
	outcome(object.union(fixture.scan(refused, {}), meant)) == switched_off
}
