package domicile.xdr.action_center_answers_test

import data.domicile.lib.service_fixtures_test as fixture
import data.domicile.xdr.action_center_answers as rule

outcome(inp) := {"deny": denied, "unknown": unknown, "not_applicable": inapplicable} if {
	denied := {[f.resource.id, f.actual] | some f in rule.deny with input as inp}
	unknown := {[u.reason, u.kind] | some u in rule.unknown with input as inp}
	inapplicable := {n.reason | some n in rule.not_applicable with input as inp}
}

pass := {"deny": set(), "unknown": set(), "not_applicable": set()}

not_known(reason, kind) := object.union(pass, {"unknown": {[reason, kind]}})

inapplicable(reason) := object.union(pass, {"not_applicable": {reason}})

responses := "DisruptionAndResponseEvents"

resolved := {"hunting_probe": fixture.probes({responses: fixture.answered(responses, {})})}

absent := {"hunting_probe": fixture.probes({responses: fixture.unresolved(responses)})}

actions(status, code, permitted) := {"machine_actions_probe": [{"status": status, "code": code, "message": "", "permitted": permitted}]}

inactive := {"machine_actions_probe": [{"status": 403, "code": "Forbidden", "message": "Account mode is inactive", "permitted": true}]}

none := {"machine_actions_probe": []}

scan(a, b) := fixture.scan(object.union(a, b), {})

office := {"subscribed_skus": [fixture.licence_of(["8e0c0a52-6a6c-4d40-8370-dd62790dcd70"])]}

neither := {"subscribed_skus": [fixture.licence_of(["14ab5db5-e6c4-4b20-b4bc-13e36fd2227f"])]}

test_passes_when_the_table_resolves if {
	inp := scan(resolved, inactive)
	outcome(inp) == pass
	{[o.fact, o.tier, o.kind] | some o in rule.observed} == {["on", "proxy", "hunting_probe"]} with input as inp
	outcome(fixture.scan(object.union(resolved, {"machine_actions_probe": []}), {"machine_actions_probe": "throttled"})) == pass
}

test_passes_when_machine_actions_answer if {
	outcome(scan(absent, actions(200, "", true))) == pass
	outcome(fixture.scan(actions(200, "", true), {})) == pass
	outcome(scan(neither, actions(200, "", true))) == pass
}

test_fails_when_neither_is_there_although_on_and_licensed if {
	inp := scan(absent, inactive)
	outcome(inp) == object.union(pass, {"deny": {["xdr", "neither"]}})
	some finding in rule.deny with input as inp
	finding.expected == "'DisruptionAndResponseEvents' resolves, or machine actions answer"
}

test_unknown_on_a_refusal_alone if {
	outcome(scan(absent, actions(403, "Forbidden", true))) == not_known("not_provisioned", "machine_actions_probe")
	outcome(scan(absent, actions(403, "Forbidden", false))) == not_known("no_permission", "machine_actions_probe")
	outcome(scan(absent, actions(401, "", null))) == not_known("no_permission", "machine_actions_probe")
	outcome(scan(absent, actions(429, "", true))) == not_known("throttled", "machine_actions_probe")
	outcome(scan(absent, actions(404, "NotFound", true))) == not_known("service_error", "machine_actions_probe")
	outcome(scan(absent, none)) == not_known("not_collected", "machine_actions_probe")
	outcome(fixture.scan(object.union(absent, none), {"machine_actions_probe": "unreachable"})) == not_known("unreachable", "machine_actions_probe")
}

test_unknown_when_the_table_was_not_asked if {
	outcome(fixture.scan(inactive, {})) == not_known("not_collected", "hunting_probe")
	refused := scan({"hunting_probe": fixture.all_refused(false)}, inactive)
	outcome(refused).deny == set()
	{u.reason | some u in rule.unknown} == {"no_permission"} with input as refused
}

test_unknown_when_the_service_is_not_known_to_be_on if {
	outcome(scan(object.union(absent, {"incidents_probe": fixture.incidents_refused(false)}), inactive)) == not_known("no_permission", "incidents_probe")
}

test_unknown_when_only_office_is_licensed_or_used if {
	outcome(scan(object.union(absent, office), inactive)) == not_known("not_provisioned", "machine_actions_probe")
	spared := object.union(scan(absent, inactive), {"params": {"services_not_used": ["endpoint"]}})
	outcome(spared) == not_known("not_provisioned", "machine_actions_probe")
}

test_unknown_when_the_licences_could_not_be_read if {
	unread := fixture.scan(object.union(object.union(absent, inactive), {"subscribed_skus": []}), {"subscribed_skus": "throttled"})
	outcome(unread) == not_known("throttled", "subscribed_skus")
}

test_not_applicable_without_endpoint_and_office if {
	outcome(scan(object.union(absent, neither), inactive)) == inapplicable("not_licensed")
	unused := object.union(scan(absent, inactive), {"params": {"services_not_used": ["endpoint", "office"]}})
	outcome(unused) == inapplicable("nothing_to_judge")
}

test_not_applicable_when_off_or_meant_to_be if {
	outcome(object.union(scan(absent, inactive), {"params": {"expected_state": "off"}})) == inapplicable("switched_off")
	outcome(scan(object.union(absent, {"defender_api_probe": fixture.disabled}), inactive)) == inapplicable("switched_off")
}
