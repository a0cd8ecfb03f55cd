package domicile.integration.auditing_automatic_test

import data.domicile.integration.auditing_automatic as rule
import data.domicile.lib.service_fixtures_test as fixture

outcome(inp) := {"deny": denied, "unknown": unknown, "not_applicable": inapplicable} if {
	denied := {[f.resource.id, f.actual] | some f in rule.deny with input as inp}
	unknown := {[u.reason, u.kind] | some u in rule.unknown with input as inp}
	inapplicable := {n.reason | some n in rule.not_applicable with input as inp}
}

pass := {"deny": set(), "unknown": set(), "not_applicable": set()}

not_known(reason, kind) := object.union(pass, {"unknown": {[reason, kind]}})

inapplicable(reason) := object.union(pass, {"not_applicable": {reason}})

set_to(value) := fixture.scan({"mdi_settings": [{"isAutomatic": value}]}, {})

test_passes_when_it_is_on if {
	outcome(set_to(true)) == pass
	{[o.value, o.tier] | some o in rule.observed} == {["isAutomatic true", "api"]} with input as set_to(true)
	unread := fixture.scan({"mdi_settings": [{"isAutomatic": true}], "mdi_sensors": []}, {"mdi_sensors": "throttled"})
	outcome(unread) == pass
}

test_fails_when_it_is_off if {
	outcome(set_to(false)) == object.union(pass, {"deny": {["identity", "isAutomatic false"]}})
}

test_unknown_when_it_could_not_be_read if {
	outcome(fixture.scan({"mdi_settings": []}, {"mdi_settings": "no_permission"})) == not_known("no_permission", "mdi_settings")
	outcome(set_to(null)) == not_known("partial", "mdi_settings")
	outcome(fixture.scan({"mdi_settings": []}, {})) == not_known("partial", "mdi_settings")
}

test_not_applicable_without_sensors if {
	no_sensors := {"mdi_settings": [{"isAutomatic": false}], "mdi_sensors": []}
	outcome(fixture.scan(no_sensors, {})) == inapplicable("nothing_to_judge")
	outcome(fixture.scan(no_sensors, {"mdi_sensors": "not_licensed"})) == inapplicable("nothing_to_judge")
}
