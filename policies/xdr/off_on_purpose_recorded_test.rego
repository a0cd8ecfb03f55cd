package domicile.xdr.off_on_purpose_recorded_test

import data.domicile.lib.service_fixtures_test as fixture
import data.domicile.xdr.off_on_purpose_recorded as rule

outcome(inp) := {"deny": denied, "unknown": unknown, "not_applicable": inapplicable} if {
	denied := {[f.resource.kind, f.resource.id, f.actual] | some f in rule.deny with input as inp}
	unknown := {[u.reason, u.kind] | some u in rule.unknown with input as inp}
	inapplicable := {n.reason | some n in rule.not_applicable with input as inp}
}

pass := {"deny": set(), "unknown": set(), "not_applicable": set()}

nothing := object.union(pass, {"not_applicable": {"nothing_to_judge"}})

asked := object.union(pass, {"unknown": {["needs_attestation", "attestations"]}})

value := {"decidedBy": "Adele Vance", "role": "CISO", "date": "2026-10-31", "dataLossAcknowledged": true}

record := fixture.statement("service-off", "2026-11-01T00:00:00Z", value)

meant(expected, missing) := {"params": {"expected_state": expected, "missing_record": missing}}

off(statements, expected) := object.union(
	fixture.scan({"defender_api_probe": fixture.disabled, "attestations": statements, "portal_tenant_context": []}, {}),
	meant(expected, "unknown"),
)

dark(statements, expected) := object.union(
	fixture.scan(object.union(fixture.dark, {"attestations": statements}), {}),
	meant(expected, "unknown"),
)

test_passes_when_the_record_says_it_all if {
	every expected in ["on", "off"] {
		outcome(off([record], expected)) == pass
	}
	outcome(dark([record], "off")) == pass
	{o.value | some o in rule.observed} == {"off since '2026-10-31' by the record 'service-off.yaml'; copies kept: none named"} with input as off([record], "off")
	kept := object.union(record, {"value": {"exportsKept": ["archive/2026.json"]}})
	{o.value | some o in rule.observed} == {"off since '2026-10-31' by the record 'service-off.yaml'; copies kept: 'archive/2026.json'"} with input as off([kept], "off")
}

test_fails_when_the_record_lacks_something if {
	hasty := object.union(record, {"value": {"dataLossAcknowledged": false}})
	inp := off([hasty], "on")
	outcome(inp) == object.union(pass, {"deny": {["attestation", "service-off", "that the loss of the data is known"]}})
	some finding in rule.deny with input as inp
	finding.message == "The record 'service-off.yaml' of the service being off does not say: that the loss of the data is known."
}

test_fails_when_a_missing_record_is_a_failure if {
	inp := object.union(off([], "off"), meant("off", "fail"))
	outcome(inp) == object.union(pass, {"deny": {["attestation", "service-off", "no record"]}})
}

test_unknown_when_there_is_no_valid_record if {
	outcome(off([], "off")) == asked
	outcome(dark([], "off")) == asked
	broken := object.union(record, {"checks": [{"name": "hash", "ok": false, "message": ""}]})
	outcome(off([broken], "on")) == asked
	some found in rule.unknown with input as off([broken], "on")
	contains(found.message, "failed its checks")
	contains(found.message, "domicile attest new service-off")
}

test_not_applicable_when_it_is_not_off_on_purpose if {
	on := object.union(fixture.good, meant("on", "unknown"))
	outcome(on) == nothing
	outcome(object.union(fixture.scan({"portal_tenant_context": []}, {}), meant("off", "fail"))) == nothing
	outcome(off([], "on")) == nothing
	outcome(dark([], "on")) == nothing
	some found in rule.not_applicable with input as off([], "on")
	contains(found.message, "XDR1001")
}

test_passes_when_the_exports_kept_are_null if {
	every kept in [null, [], [null]] {
		inp := off([object.union(record, {"value": {"exportsKept": kept}})], "off")
		outcome(inp) == pass
		{o.value | some o in rule.observed} == {"off since '2026-10-31' by the record 'service-off.yaml'; copies kept: none named"} with input as inp
	}
}
