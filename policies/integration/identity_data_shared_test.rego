package domicile.integration.identity_data_shared_test

import data.domicile.integration.identity_data_shared as rule
import data.domicile.lib.service_fixtures_test as fixture

outcome(inp) := {"deny": denied, "unknown": unknown, "not_applicable": inapplicable} if {
	denied := {[f.resource.id, f.actual] | some f in rule.deny with input as inp}
	unknown := {[u.reason, u.kind] | some u in rule.unknown with input as inp}
	inapplicable := {n.reason | some n in rule.not_applicable with input as inp}
}

pass := {"deny": set(), "unknown": set(), "not_applicable": set()}

fails(actual) := object.union(pass, {"deny": {["identity", actual]}})

not_known(reason, kind) := object.union(pass, {"unknown": {[reason, kind]}})

inapplicable(reason) := object.union(pass, {"not_applicable": {reason}})

shown(inp) := [o.value, o.tier, o.kind] if {
	some o in rule.observed with input as inp
	o.fact == "integration"
}

row(inp, n) if contains(shown(inp)[0], sprintf("(decision table row %d)", [n]))

old(inp) := object.union(inp, {"profile": "mtp-2020-a"})

recorded(enabled, at) := {"attestations": [fixture.statement("aatp-mcas-integration", at, {"enabled": enabled})]}

# The tables resolve, and hold rows of the cloud applications alone.
silent := {"hunting_probe": fixture.probes({
	"IdentityLogonEvents": fixture.answered("IdentityLogonEvents", {"2026-11-20": {"Microsoft Teams": 40}}),
	"IdentityDirectoryEvents": fixture.answered("IdentityDirectoryEvents", {}),
})}

unresolved := {"hunting_probe": fixture.probes({name: fixture.unresolved(name) |
	some name in ["IdentityLogonEvents", "IdentityDirectoryEvents"]
})}

unreadable := {"hunting_probe": fixture.all_refused(false)}

sick := {"mdi_sensors": [object.union(fixture.sensor, {"healthStatus": "notHealthyHigh"})]}

no_sensors := {"mdi_sensors": []}

unlicensed := {"subscribed_skus": [fixture.licence_of(["871d91ec-ec1a-452b-a83f-bd76c7d770ef"])]}

scan(evidence) := fixture.scan(evidence, {})

both(a, b) := scan(object.union(a, b))

test_row_1_not_applicable_without_licence_and_sensors if {
	inp := both(unlicensed, no_sensors)
	outcome(inp) == inapplicable("not_licensed")
	row(inp, 1)
	every reason in ["not_licensed", "not_provisioned"] {
		outcome(fixture.scan(object.union(unlicensed, no_sensors), {"mdi_sensors": reason})) == inapplicable("not_licensed")
	}

	# Sensors without a licence are judged, and so is what can't be told.
	outcome(scan(unlicensed)) == pass
	outcome(fixture.scan(object.union(unlicensed, no_sensors), {"mdi_sensors": "no_permission"})) == pass
	outcome(fixture.scan(object.union({"subscribed_skus": []}, no_sensors), {"subscribed_skus": "throttled"})) == inapplicable("nothing_to_judge")
}

test_row_2_not_applicable_where_it_is_not_offered if {
	inp := object.union(fixture.good, {"tenant": {"cloud": "china"}})
	outcome(inp) == inapplicable("not_offered")
	row(inp, 2)
}

test_row_3_not_applicable_without_sensors if {
	inp := scan(no_sensors)
	outcome(inp) == inapplicable("nothing_to_judge")
	row(inp, 3)
	some found in rule.not_applicable with input as inp
	contains(found.message, "INT1002")
}

test_row_4_fails_when_recorded_as_off_after_the_last_row if {
	after := scan(recorded(false, "2026-11-21T00:00:00Z"))
	outcome(after) == fails("recorded as off")
	shown(after) == [
		"The record of 2026-11-21 says that the integration is off, and no row of 'Active Directory' came later. (decision table row 4)",
		"attested", "attestations",
	]
	outcome(both(silent, recorded(false, "2026-08-01T00:00:00Z"))) == fails("recorded as off")
	outcome(both(unreadable, recorded(false, "2026-08-01T00:00:00Z"))) == fails("recorded as off")
}

test_row_5_passes_when_rows_came if {
	outcome(fixture.good) == pass
	shown(fixture.good) == [
		"Defender for Identity's data is in the store: 15 rows of 'Active Directory' within 7 days. (decision table row 5)",
		"proxy", "hunting_probe",
	]

	# Later rows refute a record that says off; Cloud Apps needs no licence.
	outcome(scan(recorded(false, "2026-11-20T00:00:00Z"))) == pass
	only := {"subscribed_skus": [fixture.licence_of(["14ab5db5-e6c4-4b20-b4bc-13e36fd2227f"])]}
	outcome(scan(only)) == pass
}

test_row_5_does_not_count_rows_outside_the_window if {
	older := {"hunting_probe": fixture.probes({
		"IdentityLogonEvents": fixture.answered("IdentityLogonEvents", {"2026-11-10": {"Active Directory": 40}}),
		"IdentityDirectoryEvents": fixture.answered("IdentityDirectoryEvents", {}),
	})}
	outcome(scan(older)) == fails("no row of Active Directory")
	outcome(object.union(scan(older), {"params": {"workload_days": 14}})) == pass
}

test_row_6_unknown_within_12_hours_of_2020s_checkbox if {
	every tables in [silent, unresolved] {
		inp := old(both(tables, recorded(true, "2026-11-20T12:00:00Z")))
		outcome(inp) == not_known("partial", "attestations")
		row(inp, 6)
	}
	outcome(old(both(silent, recorded(true, "2026-11-20T11:59:00Z")))) == fails("on by record only")
	since := object.union(recorded(true, "2026-11-20T12:00:00Z").attestations[0], {"value": {"since": "2020-06-16"}})
	outcome(old(both(silent, {"attestations": [since]}))) == fails("on by record only")
	outcome(both(silent, recorded(true, "2026-11-20T12:00:00Z"))) == fails("on by record only")
}

test_row_7_fails_when_on_by_record_only if {
	inp := both(silent, recorded(true, "2026-10-01T00:00:00Z"))
	outcome(inp) == fails("on by record only")
	row(inp, 7)
}

test_row_8_fails_when_healthy_sensors_bring_no_row if {
	inp := scan(silent)
	outcome(inp) == fails("no row of Active Directory")
	row(inp, 8)
	some finding in rule.deny with input as inp
	finding.resource == {"kind": "service", "id": "identity", "name": "Microsoft Defender for Identity"}
	finding.expected == "rows of 'Active Directory' within 7 days"
}

test_row_9_fails_when_the_tables_do_not_resolve if {
	inp := scan(unresolved)
	outcome(inp) == fails("the table does not resolve")
	row(inp, 9)
	outcome(both(unresolved, sick)) == fails("the table does not resolve")
}

test_row_10_passes_by_the_record_when_hunting_could_not_be_asked if {
	inp := both(unreadable, recorded(true, "2026-10-01T00:00:00Z"))
	outcome(inp) == pass
	row(inp, 10)
	[shown(inp)[1], shown(inp)[2]] == ["attested", "attestations"]
}

test_row_11_unknown_when_hunting_could_not_be_asked if {
	outcome(scan(unreadable)) == not_known("no_permission", "hunting_probe")
	inp := fixture.scan({"hunting_probe": []}, {"hunting_probe": "throttled"})
	outcome(inp) == not_known("throttled", "hunting_probe")
	row(inp, 11)
	unsure := fixture.statement("aatp-mcas-integration", "2026-10-01T00:00:00Z", {"enabled": null})
	expired := object.union(recorded(true, "2026-10-01T00:00:00Z").attestations[0], {"checks": [{"name": "dates", "ok": false, "message": ""}]})
	outcome(both(unreadable, {"attestations": [unsure]})) == not_known("no_permission", "hunting_probe")
	outcome(both(unreadable, {"attestations": [expired]})) == not_known("no_permission", "hunting_probe")
}

test_row_11_unknown_when_the_sensors_say_nothing if {
	every tables in [silent, unresolved] {
		inp := fixture.scan(object.union(tables, no_sensors), {"mdi_sensors": "no_permission"})
		outcome(inp) == not_known("no_permission", "mdi_sensors")
	}
	outcome(both(silent, sick)) == not_known("partial", "mdi_sensors")
}

test_not_applicable_when_off_or_meant_to_be if {
	outcome(object.union(scan(silent), {"params": {"expected_state": "off"}})) == inapplicable("switched_off")
	outcome(both(silent, {"defender_api_probe": fixture.disabled})) == inapplicable("switched_off")
}
