package domicile.xdr.service_on_test

import data.domicile.lib.service_fixtures_test as fixture
import data.domicile.xdr.service_on as rule

# Which outputs there are, without their texts.
outcome(inp) := {"deny": denied, "unknown": unknown, "not_applicable": inapplicable} if {
	denied := {[f.resource.id, f.expected, f.actual] | some f in rule.deny with input as inp}
	unknown := {[u.reason, u.kind] | some u in rule.unknown with input as inp}
	inapplicable := {n.reason | some n in rule.not_applicable with input as inp}
}

pass := {"deny": set(), "unknown": set(), "not_applicable": set()}

fails(expected, actual) := object.union(pass, {"deny": {["xdr", expected, actual]}})

not_known(reason, kind) := object.union(pass, {"unknown": {[reason, kind]}})

meant_off(inp) := object.union(inp, {"params": {"expected_state": "off"}})

old(inp) := object.union(inp, {"profile": "mtp-2020-a"})

values(inp, fact) := {[o.value, o.tier, o.kind] | some o in rule.observed with input as inp; o.fact == fact}

test_row_1_not_applicable_where_it_was_not_offered if {
	none := object.union(pass, {"not_applicable": {"not_offered"}})
	outcome(object.union(fixture.good, {"tenant": {"cloud": "china"}})) == none
	outcome(old(object.union(fixture.good, {"tenant": {"cloud": "gcchigh"}}))) == none
}

test_row_2_fails_passes_or_is_unknown_when_it_is_meant_to_be_off if {
	outcome(meant_off(fixture.good)) == fails("off", "on")
	outcome(meant_off(fixture.scan({"defender_api_probe": fixture.disabled}, {}))) == pass
	off := fixture.scan(object.union(fixture.dark, {"attestations": [fixture.turned_off]}), {})
	outcome(meant_off(off)) == pass
	outcome(meant_off(fixture.scan(fixture.dark, {}))) == not_known("not_provisioned", "incidents_probe")
	outcome(meant_off(fixture.scan({"hunting_probe": fixture.all_refused(false)}, {}))) == not_known("no_permission", "hunting_probe")
	recorded := fixture.scan(object.union(fixture.blind, {"attestations": [fixture.accepted]}), {})
	outcome(meant_off(old(recorded))) == not_known("conflict", "attestations")
}

test_row_3_fails_when_the_stronger_source_says_off if {
	found := rule.deny with input as fixture.scan({"defender_api_probe": fixture.disabled}, {})
	count(found) == 1
	some finding in found
	contains(finding.message, "'DisabledFeature'")
	contains(finding.message, "A weaker source says otherwise: the portal lists 4 active workloads.")
}

test_row_3_unknown_when_equals_contradict if {
	same := object.union(fixture.accepted, {"value": {"turnedOnAt": "2026-10-31T00:00:00Z"}})
	clash := fixture.scan(object.union(fixture.blind, {"attestations": [same, fixture.turned_off]}), {})
	outcome(clash) == not_known("conflict", "")
}

test_row_4_fails_when_the_api_says_disabled if {
	inp := fixture.scan(object.union(fixture.dark, {"defender_api_probe": fixture.disabled}), {})
	outcome(inp) == fails("on", "off")
	values(inp, "on") == {["off (decision table row 4): Defender XDR's API answered 403 'DisabledFeature': the tenant's feature isn't enabled.", "api", "defender_api_probe"]}
}

test_row_5_fails_with_a_second_source if {
	deleted := object.union(fixture.context, {"IsDeleted": true})
	inp := fixture.scan(object.union(fixture.dark, {"portal_tenant_context": [deleted]}), {})
	outcome(inp) == fails("on", "off")
	some finding in rule.deny with input as inp
	finding.message == "The service is off: Incidents and Advanced hunting are refused although permitted and licensed, and the portal says that the organisation is deleted."
}

test_row_6_passes_when_incidents_and_hunting_answer if {
	outcome(fixture.good) == pass
	some [value, tier, kind] in values(fixture.good, "on")
	startswith(value, "on (decision table row 6): Incidents and Advanced hunting answer")
	[tier, kind] == ["proxy", "incidents_probe"]
}

test_row_6_passes_with_a_suspended_licence if {
	suspended := object.union(fixture.licence, {"capabilityStatus": "Suspended"})
	outcome(fixture.scan({"subscribed_skus": [suspended]}, {})) == pass
}

test_row_7_passes_by_the_portal_without_the_hunting_permission if {
	inp := fixture.scan({"hunting_probe": fixture.all_refused(false)}, {})
	outcome(inp) == pass
	some [value, "proxy", "incidents_probe"] in values(inp, "on")
	startswith(value, "on (decision table row 7): Incidents answers and the portal lists 4 active workloads")
}

test_row_8_passes_by_the_record_of_2020 if {
	recorded := fixture.scan(object.union(fixture.blind, {"attestations": [fixture.accepted]}), {"hunting_probe": "no_permission"})
	outcome(old(recorded)) == pass
	some [value, "attested", "attestations"] in values(old(recorded), "on")
	startswith(value, "on (decision table row 8): Nothing contradicts what is recorded: the record 'terms-accepted' says that the service is on since 2026-09-30")
	outcome(recorded) == not_known("no_permission", "hunting_probe")
}

test_row_9_unknown_when_sentinel_alone_would_answer_the_same if {
	tables := ["DeviceInfo", "EmailEvents", "IdentityLogonEvents", "CloudAppEvents"]
	sentinel := fixture.probes({name: fixture.unresolved(name) | some name in tables})
	outcome(fixture.scan({"hunting_probe": sentinel}, {})) == not_known("not_provisioned", "hunting_probe")
	outcome(fixture.scan({"subscribed_skus": []}, {})) == not_known("not_provisioned", "subscribed_skus")
}

test_row_10_unknown_without_a_second_source if {
	outcome(fixture.scan(fixture.dark, {})) == not_known("not_provisioned", "incidents_probe")
}

test_row_11_unknown_without_the_permission if {
	inp := fixture.scan({"incidents_probe": fixture.incidents_refused(false)}, {})
	outcome(inp) == not_known("no_permission", "incidents_probe")
	some found in rule.unknown with input as inp
	found.message == "Incidents answered 403; the token does not show SecurityIncident.Read.All: grant it to the scanner and consent to it."
	blind := fixture.scan({"hunting_probe": fixture.all_refused(false), "portal_tenant_context": []}, {})
	outcome(blind) == not_known("no_permission", "hunting_probe")
}

test_row_12_unknown_when_a_probe_failed if {
	every reason in ["throttled", "service_error"] {
		outcome(fixture.scan({"incidents_probe": []}, {"incidents_probe": reason})) == not_known(reason, "incidents_probe")
	}
	failed := [object.union(fixture.answered("print", null), {"status": 500, "code": "UnknownError"})]
	outcome(fixture.scan({"hunting_probe": failed}, {})) == not_known("service_error", "hunting_probe")
}

test_unknown_when_nothing_was_read if {
	outcome(fixture.scan(fixture.blind, {"incidents_probe": "no_permission"})) == not_known("no_permission", "incidents_probe")
	outcome(fixture.scan(fixture.blind, {})) == not_known("not_collected", "incidents_probe")
}

test_observes_the_incident_and_the_organisation if {
	values(fixture.good, "incident") == {["2972395 2026-11-18T09:12:00Z", "api", "incidents_probe"]}
	values(fixture.good, "org") == {["0f2d0000-0000-4000-8000-000000000009", "portal", "portal_tenant_context"]}
	quiet := object.union(fixture.good.evidence.incidents_probe[0], {"seen": null})
	values(fixture.scan({"incidents_probe": [quiet]}, {}), "incident") == set()
}
