package domicile.integration.cloud_apps_connected_test

import data.domicile.integration.cloud_apps_connected as rule
import data.domicile.lib.service_fixtures_test as fixture

outcome(inp) := {"deny": denied, "unknown": unknown, "not_applicable": inapplicable} if {
	denied := {[f.resource.id, f.actual] | some f in rule.deny with input as inp}
	unknown := {[u.reason, u.kind] | some u in rule.unknown with input as inp}
	inapplicable := {n.reason | some n in rule.not_applicable with input as inp}
}

pass := {"deny": set(), "unknown": set(), "not_applicable": set()}

not_known(reason, kind) := object.union(pass, {"unknown": {[reason, kind]}})

inapplicable(reason) := object.union(pass, {"not_applicable": {reason}})

fails(actual) := object.union(pass, {"deny": {["cloud_apps", actual]}})

events(days) := {"hunting_probe": fixture.probes({"CloudAppEvents": fixture.answered("CloudAppEvents", days)})}

silent := events({})

unreadable := {"hunting_probe": fixture.all_refused(false)}

recorded(enabled, at) := {"attestations": [fixture.statement("mdca-connector", at, {"enabled": enabled})]}

unlicensed := {"subscribed_skus": [fixture.licence_of(["14ab5db5-e6c4-4b20-b4bc-13e36fd2227f"])]}

scan(a, b) := fixture.scan(object.union(a, b), {})

shown(inp) := {[o.value, o.tier, o.kind] | some o in rule.observed with input as inp}

test_passes_when_rows_of_microsoft_365_came if {
	outcome(fixture.good) == pass
	shown(fixture.good) == {["The Microsoft 365 connector is on: 70 rows of it in 'CloudAppEvents' within 7 days.", "proxy", "hunting_probe"]}
	outcome(scan(unlicensed, {})) == pass
	outcome(scan(recorded(false, "2026-11-20T00:00:00Z"), {})) == pass
}

test_passes_by_the_record_when_hunting_could_not_be_asked if {
	inp := scan(unreadable, recorded(true, "2026-10-01T00:00:00Z"))
	outcome(inp) == pass
	{[tier, kind] | some [_, tier, kind] in shown(inp)} == {["attested", "attestations"]}
}

test_fails_when_no_row_came if {
	outcome(scan(silent, {})) == fails("no row in the window")
	outcome(scan(silent, recorded(true, "2026-10-01T00:00:00Z"))) == fails("on by record only")
	outcome(scan(events({"2026-11-01": {"Microsoft Teams": 5}}), {})) == fails("no row in the window")
}

test_fails_when_only_other_applications_are_connected if {
	outcome(scan(events({"2026-11-20": {"Box": 4, "Microsoft Azure": 2}}), {})) == fails("rows of other applications only")
}

test_fails_when_it_was_never_opened if {
	outcome(scan({"hunting_probe": fixture.probes({"CloudAppEvents": fixture.unresolved("CloudAppEvents")})}, {})) == fails("the table does not resolve")
}

test_fails_when_recorded_as_off_after_the_last_row if {
	inp := scan(recorded(false, "2026-11-21T00:00:00Z"), {})
	outcome(inp) == fails("recorded as off")
	{[tier, kind] | some [_, tier, kind] in shown(inp)} == {["attested", "attestations"]}
	outcome(scan(unreadable, recorded(false, "2026-10-01T00:00:00Z"))) == fails("recorded as off")
}

test_unknown_when_hunting_could_not_be_asked if {
	outcome(scan(unreadable, {})) == not_known("no_permission", "hunting_probe")
	outcome(fixture.scan({"hunting_probe": []}, {"hunting_probe": "throttled"})) == not_known("throttled", "hunting_probe")
}

test_unknown_when_the_licences_could_not_be_read if {
	outcome(fixture.scan(object.union(silent, {"subscribed_skus": []}), {"subscribed_skus": "throttled"})) == not_known("throttled", "subscribed_skus")
}

test_not_applicable_when_not_licensed_or_not_used if {
	outcome(scan(silent, unlicensed)) == inapplicable("not_licensed")
	outcome(object.union(scan(silent, {}), {"params": {"services_not_used": ["cloud_apps"]}})) == inapplicable("nothing_to_judge")
}

test_not_applicable_when_off_or_meant_to_be if {
	outcome(object.union(scan(silent, {}), {"params": {"expected_state": "off"}})) == inapplicable("switched_off")
	outcome(scan(silent, {"defender_api_probe": fixture.disabled})) == inapplicable("switched_off")
}
