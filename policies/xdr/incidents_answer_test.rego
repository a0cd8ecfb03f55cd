package domicile.xdr.incidents_answer_test

import data.domicile.lib.service_fixtures_test as fixture
import data.domicile.xdr.incidents_answer as rule

outcome(inp) := {"deny": denied, "unknown": unknown, "not_applicable": inapplicable} if {
	denied := {[f.resource.kind, f.resource.id, f.actual] | some f in rule.deny with input as inp}
	unknown := {[u.reason, u.kind] | some u in rule.unknown with input as inp}
	inapplicable := {n.reason | some n in rule.not_applicable with input as inp}
}

pass := {"deny": set(), "unknown": set(), "not_applicable": set()}

not_known(reason) := object.union(pass, {"unknown": {[reason, "incidents_probe"]}})

switched_off := object.union(pass, {"not_applicable": {"switched_off"}})

refused := {"incidents_probe": fixture.incidents_refused(true)}

test_passes_when_incidents_answer if {
	outcome(fixture.good) == pass
	rule.observed == {
		{
			"fact": "on", "service": "xdr", "tier": "api", "kind": "incidents_probe",
			"value": "Incidents answers. One of them is 2972395 2026-11-18T09:12:00Z.",
		},
		{"fact": "incident", "service": "xdr", "tier": "api", "kind": "incidents_probe", "value": "2972395 2026-11-18T09:12:00Z"},
	} with input as fixture.good
}

test_passes_when_there_is_no_incident if {
	quiet := fixture.scan({"incidents_probe": [object.union(fixture.good.evidence.incidents_probe[0], {"seen": null})]}, {})
	outcome(quiet) == pass
	{o.value | some o in rule.observed} == {"Incidents answers. No incident was there to be seen, which is as good."} with input as quiet
}

test_passes_without_the_other_sources if {
	outcome(fixture.scan({"hunting_probe": [], "defender_api_probe": [], "portal_tenant_context": [], "subscribed_skus": []}, {"hunting_probe": "throttled"})) == pass
}

test_fails_when_refused_while_hunting_works if {
	inp := fixture.scan(refused, {})
	outcome(inp) == object.union(pass, {"deny": {["service", "xdr", "403 with the permission"]}})
	some finding in rule.deny with input as inp
	finding.message == "Incidents answered 403 although the token holds SecurityIncident.Read.All. Advanced hunting works meanwhile, so the service is out of order in part."
}

test_unknown_when_refused_and_hunting_does_not_show_the_service if {
	outcome(fixture.scan(object.union(refused, {"hunting_probe": fixture.all_refused(false)}), {})) == not_known("not_provisioned")
	outcome(fixture.scan(object.union(refused, {"hunting_probe": [fixture.answered("print", null)]}), {"hunting_probe": "partial"})) == not_known("not_provisioned")
	outcome(fixture.scan(fixture.dark, {})) == not_known("not_provisioned")
}

test_unknown_when_the_probe_says_nothing if {
	outcome(fixture.scan({"incidents_probe": fixture.incidents_refused(false)}, {})) == not_known("no_permission")
	every reason in ["throttled", "unreachable", "service_error", "not_collected"] {
		outcome(fixture.scan({"incidents_probe": []}, {"incidents_probe": reason})) == not_known(reason)
	}
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
	outcome(object.union(fixture.scan({"incidents_probe": []}, {"incidents_probe": "timeout"}), meant)) == switched_off
}
