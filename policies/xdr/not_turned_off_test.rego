package domicile.xdr.not_turned_off_test

import data.domicile.lib.service_fixtures_test as fixture
import data.domicile.xdr.not_turned_off as rule

outcome(inp) := {"deny": denied, "unknown": unknown, "not_applicable": inapplicable} if {
	denied := {[f.resource.id, f.actual] | some f in rule.deny with input as inp}
	unknown := {[u.reason, u.kind] | some u in rule.unknown with input as inp}
	inapplicable := {n.reason | some n in rule.not_applicable with input as inp}
}

pass := {"deny": set(), "unknown": set(), "not_applicable": set()}

fails(actual) := object.union(pass, {"deny": {["xdr", actual]}})

not_known(reason, kind) := object.union(pass, {"unknown": {[reason, kind]}})

inapplicable(reason) := object.union(pass, {"not_applicable": {reason}})

shown(inp) := {[o.value, o.tier, o.kind] | some o in rule.observed with input as inp}

row(inp, n) if {
	some [value, _, _] in shown(inp)
	contains(value, sprintf("(decision table row %d)", [n]))
}

message(inp) := said if {
	some finding in rule.deny with input as inp
	said := finding.message
}

earlier := {
	"tenantId": fixture.good.tenant.id, "profile": "xdr-current", "finished": "2026-11-14T10:00:00Z",
	"orgId": "0F2D0000-0000-4000-8000-000000000009", "chain": "intact",
	"seen": {"id": "2972000", "createdDateTime": "2026-11-12T09:00:00Z"},
	"rules": {
		"XDR1001": {"outcome": "pass", "observed": [{"fact": "on", "service": "xdr", "value": "on (decision table row 6): it answers", "tier": "proxy", "kind": "incidents_probe"}]},
		"GEO1001": {"outcome": "pass", "observed": [{"fact": "geo", "service": "xdr", "value": "'WestEurope3'", "tier": "portal", "kind": "portal_tenant_context"}]},
	},
}

# What became of the incident seen then.
asked(id, status) := {"incidents_probe": [object.union(fixture.good.evidence.incidents_probe[0], {"earlier": {"id": id, "createdDateTime": null, "status": status}})]}

there := asked("2972000", 200)

scan(changes, evidence) := object.union(
	fixture.scan(object.union({"previous_result": [object.union(earlier, changes)], "onboarding_package": []}, object.union(there, evidence)), {}),
	{"params": {"package_max_age_days": 400, "max_evidence_age": {"portal": "90d"}}},
)

off := {"defender_api_probe": fixture.disabled, "portal_tenant_context": []}

none_seen := {"seen": null}

no_context := {"portal_tenant_context": []}

record(date) := fixture.statement("service-off", "2026-11-20T00:00:00Z", {
	"decidedBy": "Adele Vance", "role": "CISO", "date": date, "dataLossAcknowledged": true,
})

test_row_1_not_applicable_without_an_earlier_result if {
	outcome(object.union(scan({}, {}), {"evidence": {"previous_result": []}})) == inapplicable("no_earlier_result")
}

test_row_2_unknown_when_the_chain_is_broken_or_the_tenant_another if {
	outcome(scan({"chain": "broken"}, {})) == not_known("conflict", "previous_result")
	outcome(scan({"tenantId": "5b2d7c1e-0000-4000-8000-000000000002"}, off)) == not_known("conflict", "previous_result")
	outcome(scan({"finished": "2026-11-22T00:00:00Z"}, {})) == not_known("conflict", "previous_result")
}

test_row_3_not_applicable_when_it_was_not_known_to_be_on if {
	every said in ["fail", "unknown", "not_applicable"] {
		outcome(scan({"rules": {"XDR1001": {"outcome": said, "observed": []}}}, off)) == inapplicable("nothing_to_judge")
	}
	meant_off := [object.union(earlier.rules.XDR1001.observed[0], {"value": "off (decision table row 4): as meant"})]
	outcome(scan({"rules": {"XDR1001": {"outcome": "pass", "observed": meant_off}}}, off)) == inapplicable("nothing_to_judge")
}

test_row_4_passes_when_the_incident_is_still_there if {
	outcome(scan({}, {})) == pass
	shown(scan({}, {})) == {["The incident seen at the scan of 2026-11-14 is still there. (decision table row 4)", "proxy", "incidents_probe"]}
	outcome(scan({}, no_context)) == pass
	unchained := scan({"chain": "unknown"}, {})
	outcome(unchained) == pass
	some [value, _, _] in shown(unchained)
	endswith(value, "that the earlier result is unchanged was not checked")

	# The probe saw the same incident first, without asking for it.
	same := scan({"seen": {"id": "2972395", "createdDateTime": "2026-11-12T09:00:00Z"}}, {"incidents_probe": fixture.good.evidence.incidents_probe})
	outcome(same) == pass
}

test_row_4_passes_when_none_was_seen_and_the_organisation_is_the_same if {
	inp := scan(none_seen, {})
	outcome(inp) == pass
	{[tier, kind] | some [_, tier, kind] in shown(inp)} == {["portal", "portal_tenant_context"]}
	old := {"seen": {"id": "2972000", "createdDateTime": "2026-05-01T00:00:00Z"}}
	outcome(scan(old, asked("2972000", 404))) == pass
}

test_row_4_unknown_when_nothing_can_be_compared if {
	outcome(scan(none_seen, no_context)) == not_known("partial", "portal_tenant_context")
	outcome(scan(object.union(none_seen, {"orgId": null}), {})) == not_known("partial", "portal_tenant_context")
	undated := {"seen": {"id": "2972000", "createdDateTime": null}}
	outcome(scan(undated, object.union(no_context, asked("2972000", 404)))) == not_known("partial", "portal_tenant_context")
}

test_row_4_unknown_when_the_incident_could_not_be_read_again if {
	outcome(scan({}, asked("2972000", 403))) == not_known("no_permission", "incidents_probe")
	outcome(scan({}, asked("2972000", 429))) == not_known("throttled", "incidents_probe")
	outcome(scan({}, asked("2972000", 500))) == not_known("service_error", "incidents_probe")
	outcome(scan({}, asked("1", 200))) == not_known("not_collected", "incidents_probe")
	outcome(scan({}, asked("2972000", null))) == not_known("not_collected", "incidents_probe")
}

test_row_5_fails_when_the_organisation_changed if {
	inp := scan({"orgId": "11110000-0000-4000-8000-000000000009"}, {})
	outcome(inp) == fails("off and on again")
	row(inp, 5)
	contains(message(inp), "since the scan of 2026-11-14, and the data in between is gone: the organisation id was '11110000-0000-4000-8000-000000000009' and is '0f2d0000-0000-4000-8000-000000000009'.")
}

test_row_5_fails_when_the_signed_package_names_another_organisation if {
	signed := {
		"orgId": "22220000-0000-4000-8000-000000000009", "previousOrgIds": [], "datacenter": "WestEurope3", "vortexGeoLocation": "EU",
		"signature": "valid", "notBefore": "2026-01-01T00:00:00Z", "notAfter": "2027-01-01T00:00:00Z", "sha256": "aa",
		"subscriptionTenantId": fixture.good.tenant.id,
	}
	outcome(scan({}, object.union(no_context, {"onboarding_package": [signed]}))) == fails("off and on again")
}

test_row_5_fails_when_the_geo_changed if {
	moved := {"rules": {"GEO1001": {"observed": [{"fact": "geo", "service": "xdr", "value": "'CentralUs3'", "tier": "signed", "kind": "onboarding_package"}]}}}
	inp := scan(moved, {})
	outcome(inp) == fails("off and on again")
	contains(message(inp), "the data rested in US and rests in EU")

	# A statement that is corrected is no move.
	attested := {"rules": {"GEO1001": {"observed": [{"fact": "geo", "service": "xdr", "value": "'US'", "tier": "attested", "kind": "attestations"}]}}}
	outcome(scan(attested, {})) == pass
}

test_row_5_fails_when_a_young_incident_is_gone if {
	inp := scan({}, asked("2972000", 404))
	outcome(inp) == fails("off and on again")
	contains(message(inp), "the incident '2972000' of 2026-11-12 is gone")
}

test_row_6_fails_when_it_is_off if {
	inp := scan({}, off)
	outcome(inp) == fails("off")
	row(inp, 6)
	startswith(message(inp), "The service was on at the scan of 2026-11-14 and is off; only Microsoft support deprovisions it, and its data is deleted with it.")
	then := object.union(inp, {"profile": "mtp-2020-a"})
	contains(message(then), "turning it off permanently deletes its data at once")
	unread := object.union(inp, {"evidence": {"subscribed_skus": []}, "gaps": {"subscribed_skus": {"reason": "throttled", "status": 429, "code": ""}}})
	outcome(unread) == fails("off")
}

test_row_7_fails_when_the_licence_ended if {
	every skus in [[], [object.union(fixture.licence, {"capabilityStatus": "Suspended"})]] {
		inp := scan({}, object.union(off, {"subscribed_skus": skus}))
		outcome(inp) == fails("off, and no licence in good standing")
		row(inp, 7)
		contains(message(inp), "no later than 180 days after the contract's end")
	}
}

test_row_8_unknown_when_it_is_not_known_to_be_on if {
	dark := object.union(fixture.dark, {"subscribed_skus": [fixture.licence]})
	outcome(scan({}, dark)) == not_known("not_provisioned", "incidents_probe")
	refused := {"incidents_probe": fixture.incidents_refused(false), "portal_tenant_context": []}
	outcome(scan({}, refused)) == not_known("no_permission", "incidents_probe")
}

test_row_9_passes_when_it_was_turned_off_on_purpose if {
	every date in ["2026-11-14", "2026-11-18"] {
		inp := scan({}, object.union(off, {"attestations": [record(date)]}))
		outcome(inp) == pass
		shown(inp) == {["It was turned off on purpose, by the record 'service-off.yaml'. (decision table row 9)", "attested", "attestations"]}
	}
	lapsed := scan({}, object.union(off, {"attestations": [record("2026-11-18")], "subscribed_skus": []}))
	outcome(lapsed) == pass
}

test_row_9_does_not_hold_for_an_older_or_a_hollow_record if {
	outcome(scan({}, object.union(off, {"attestations": [record("2026-11-01")]}))) == fails("off")
	hollow := object.union(record("2026-11-18"), {"value": {"dataLossAcknowledged": false}})
	outcome(scan({}, object.union(off, {"attestations": [hollow]}))) == fails("off")
}

test_passes_as_an_empty_organisation_id_is_no_change if {
	outcome(scan({"orgId": ""}, {})) == pass
	context := object.union(fixture.context, {"OrgId": ""})
	outcome(scan({}, {"portal_tenant_context": [context]})) == pass
}
