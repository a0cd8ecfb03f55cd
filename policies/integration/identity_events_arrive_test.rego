package domicile.integration.identity_events_arrive_test

import data.domicile.integration.identity_events_arrive as rule
import data.domicile.lib.service_fixtures_test as fixture

outcome(inp) := {"deny": denied, "unknown": unknown, "not_applicable": inapplicable} if {
	denied := {[f.resource.id, f.actual] | some f in rule.deny with input as inp}
	unknown := {[u.reason, u.kind] | some u in rule.unknown with input as inp}
	inapplicable := {n.reason | some n in rule.not_applicable with input as inp}
}

pass := {"deny": set(), "unknown": set(), "not_applicable": set()}

not_known(reason, kind) := object.union(pass, {"unknown": {[reason, kind]}})

inapplicable(reason) := object.union(pass, {"not_applicable": {reason}})

logons(days) := {"hunting_probe": fixture.probes({
	"IdentityLogonEvents": fixture.answered("IdentityLogonEvents", days),
	"IdentityDirectoryEvents": fixture.answered("IdentityDirectoryEvents", {}),
})}

cloud_alone := logons({"2026-11-20": {"Microsoft Teams": 40}})

directory_alone := logons({"2026-11-20": {"Active Directory": 12, "": 3}})

plans := {"cloud_apps": "2e2ddb96-6af9-4b1d-a3f0-d6ecfd22edb2", "identity": "14ab5db5-e6c4-4b20-b4bc-13e36fd2227f"}

scan(evidence) := fixture.scan(evidence, {})

with_licence(evidence, ids) := scan(object.union(evidence, {"subscribed_skus": [fixture.licence_of(ids)]}))

test_passes_when_both_arrive if {
	outcome(fixture.good) == pass
	{[o.service, o.value] | some o in rule.observed} == {
		["identity", "Microsoft Defender for Identity: 15 rows of 'Active Directory' within 7 days."],
		["cloud_apps", "Microsoft Defender for Cloud Apps: 40 rows of cloud applications within 7 days."],
	} with input as fixture.good
}

test_passes_when_the_silent_one_is_not_licensed if {
	outcome(with_licence(cloud_alone, [plans.cloud_apps])) == pass
	outcome(with_licence(directory_alone, [plans.identity])) == pass
}

test_passes_when_the_silent_one_is_not_used if {
	outcome(object.union(scan(cloud_alone), {"params": {"services_not_used": ["identity"]}})) == pass
}

test_fails_when_a_licensed_service_is_silent if {
	outcome(scan(cloud_alone)) == object.union(pass, {"deny": {["identity", "no row in the window"]}})
	outcome(scan(directory_alone)) == object.union(pass, {"deny": {["cloud_apps", "no row in the window"]}})
	some finding in rule.deny with input as scan(directory_alone)
	finding.expected == "rows of cloud applications within 7 days"
	finding.message == "Microsoft Defender for Cloud Apps is licensed, and no row of cloud applications came within 7 days."
	older := logons({"2026-11-01": {"Active Directory": 12, "Microsoft Teams": 40}})
	count(outcome(scan(older)).deny) == 2
}

test_fails_when_the_tables_do_not_resolve if {
	unresolved := {"hunting_probe": fixture.probes({name: fixture.unresolved(name) | some name in ["IdentityLogonEvents", "IdentityDirectoryEvents"]})}
	outcome(scan(unresolved)).deny == {["identity", "the table does not resolve"], ["cloud_apps", "the table does not resolve"]}
}

test_unknown_when_hunting_could_not_be_asked if {
	outcome(scan({"hunting_probe": fixture.all_refused(false)})) == not_known("no_permission", "hunting_probe")
	outcome(fixture.scan({"hunting_probe": []}, {"hunting_probe": "throttled"})) == not_known("throttled", "hunting_probe")
}

test_unknown_when_the_licences_or_sensors_could_not_be_read if {
	outcome(fixture.scan(object.union(cloud_alone, {"subscribed_skus": []}), {"subscribed_skus": "throttled"})) == not_known("throttled", "subscribed_skus")
	outcome(fixture.scan(object.union(cloud_alone, {"mdi_sensors": []}), {"mdi_sensors": "no_permission"})) == not_known("no_permission", "mdi_sensors")
}

test_not_applicable_when_neither_is_judged if {
	outcome(with_licence(cloud_alone, ["871d91ec-ec1a-452b-a83f-bd76c7d770ef"])).not_applicable == set()
	nothing := scan(object.union(logons({}), {"mdi_sensors": [], "subscribed_skus": [fixture.licence_of([plans.identity])]}))
	outcome(nothing) == inapplicable("nothing_to_judge")
	some found in rule.not_applicable with input as nothing
	contains(found.message, "INT1002")
}

test_not_applicable_when_off_or_meant_to_be if {
	outcome(object.union(scan(cloud_alone), {"params": {"expected_state": "off"}})) == inapplicable("switched_off")
	outcome(scan(object.union(cloud_alone, {"defender_api_probe": fixture.disabled}))) == inapplicable("switched_off")
}
