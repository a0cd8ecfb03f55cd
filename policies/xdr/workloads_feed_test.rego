package domicile.xdr.workloads_feed_test

import data.domicile.lib.service_fixtures_test as fixture
import data.domicile.xdr.workloads_feed as rule

outcome(inp) := {"deny": denied, "unknown": unknown, "not_applicable": inapplicable} if {
	denied := {[f.resource.id, f.actual] | some f in rule.deny with input as inp}
	unknown := {[u.reason, u.kind] | some u in rule.unknown with input as inp}
	inapplicable := {n.reason | some n in rule.not_applicable with input as inp}
}

pass := {"deny": set(), "unknown": set(), "not_applicable": set()}

fails(service_id, actual) := object.union(pass, {"deny": {[service_id, actual]}})

not_known(reason, kind) := object.union(pass, {"unknown": {[reason, kind]}})

feeds(inp, service_id) := value if {
	some o in rule.observed with input as inp
	o.service == service_id
	value := o.value
}

with_tables(changed) := fixture.scan({"hunting_probe": fixture.probes(changed)}, {})

empty(name) := {name: fixture.answered(name, {})}

windows := {"endpoint": "DeviceInfo", "office": "EmailEvents", "cloud_apps": "CloudAppEvents"}

silent_identity := {
	"IdentityLogonEvents": fixture.answered("IdentityLogonEvents", {"2026-11-20": {"Microsoft Teams": 40}}),
	"IdentityDirectoryEvents": fixture.answered("IdentityDirectoryEvents", {}),
}

plans := {
	"endpoint": "871d91ec-ec1a-452b-a83f-bd76c7d770ef",
	"office": "8e0c0a52-6a6c-4d40-8370-dd62790dcd70",
	"cloud_apps": "2e2ddb96-6af9-4b1d-a3f0-d6ecfd22edb2",
	"identity": "14ab5db5-e6c4-4b20-b4bc-13e36fd2227f",
}

# Only these services are licensed, and nothing is in any table.
licensed(services, evidence) := fixture.scan(
	object.union(
		{
			"subscribed_skus": [fixture.licence_of([plans[service_id] | some service_id in services])],
			"hunting_probe": array.concat(
				[fixture.answered("print", null)],
				[fixture.answered(name, {}) | some name in ["DeviceInfo", "EmailEvents", "CloudAppEvents", "IdentityLogonEvents"]],
			),
		},
		evidence,
	),
	{},
)

test_row_1_not_judged_when_not_licensed_or_not_used if {
	inp := with_tables(object.union(empty("DeviceInfo"), {"CloudAppEvents": fixture.unresolved("CloudAppEvents")}))
	outcome(inp).deny == {["endpoint", "no device in 30 days"], ["cloud_apps", "the table does not resolve"]}
	spared := object.union(inp, {"params": {"services_not_used": ["endpoint", "cloud_apps"]}})
	outcome(spared) == pass
	feeds(spared, "endpoint") == "Microsoft Defender for Endpoint is not used on purpose (services_not_used). (decision table row 1)"

	unlicensed := object.union(inp, {"evidence": {"subscribed_skus": [fixture.licence_of([plans.office])]}})
	outcome(unlicensed) == pass
	feeds(unlicensed, "cloud_apps") == "Microsoft Defender for Cloud Apps is not licensed. (decision table row 1)"
}

test_row_1_unknown_when_the_licences_were_not_read if {
	inp := object.union(with_tables(empty("DeviceInfo")), {
		"evidence": {"subscribed_skus": []},
		"gaps": {"subscribed_skus": {"reason": "throttled", "status": 429, "code": ""}},
	})
	outcome(inp) == not_known("throttled", "subscribed_skus")

	# What feeds needs no licence to be shown.
	outcome(object.union(inp, {"evidence": {"hunting_probe": fixture.probes({})}})) == pass
}

test_row_2_office_not_judged_where_it_is_not_integrated if {
	norway := fixture.statement("m365-data-location", "2026-10-01T00:00:00Z", {"geo": "nor"})
	silent := with_tables(empty("EmailEvents"))
	inp := object.union(silent, {"evidence": {"attestations": [norway]}})
	outcome(inp) == pass
	feeds(inp, "office") == "Microsoft Defender for Office 365 is not integrated where the tenant's data rests ('nor', attested). (decision table row 2)"

	every code in ["NOR", "ZAF", "ARE", "SWE", "SGP"] {
		outcome(object.union(silent, {"evidence": {"attestations": [object.union(norway, {"value": {"geo": code}})]}})) == pass
	}

	elsewhere := object.union(norway, {"value": {"geo": "EUR", "services": [{"service": "exchange", "geo": "Singapore"}]}})
	outcome(object.union(silent, {"evidence": {"attestations": [elsewhere]}})) == pass
	mailboxes_in_germany := object.union(norway, {"value": {"services": [{"service": "exchange", "geo": "DEU"}]}})
	germany := object.union(norway, {"value": {"geo": "DEU"}})
	expired := object.union(norway, {"checks": [{"name": "dates", "ok": false, "message": ""}]})
	nowhere := object.union(norway, {"value": {"geo": null}})
	every other in [germany, expired, mailboxes_in_germany, nowhere] {
		outcome(object.union(silent, {"evidence": {"attestations": [other]}})) == fails("office", "no row in the window")
	}
}

test_row_3_unknown_when_hunting_could_not_be_asked if {
	outcome(fixture.scan({"hunting_probe": fixture.all_refused(false)}, {})) == not_known("no_permission", "hunting_probe")
	outcome(fixture.scan({"hunting_probe": []}, {"hunting_probe": "unreachable"})) == not_known("unreachable", "hunting_probe")
	odd := {"DeviceInfo": object.union(fixture.unresolved("DeviceInfo"), {"message": "Query timed out"})}
	outcome(with_tables(odd)) == not_known("service_error", "hunting_probe")
}

test_row_4_fails_when_the_table_does_not_resolve if {
	every service_id, table in windows {
		outcome(with_tables({table: fixture.unresolved(table)})) == fails(service_id, "the table does not resolve")
	}
	neither := {name: fixture.unresolved(name) | some name in ["IdentityLogonEvents", "IdentityDirectoryEvents"]}
	outcome(with_tables(neither)) == fails("identity", "the table does not resolve")
	some finding in rule.deny with input as with_tables(neither)
	finding.resource == {"kind": "service", "id": "identity", "name": "Microsoft Defender for Identity"}
	finding.expected == "rows within 7 days"
	finding.message == "Microsoft Defender for Identity is licensed, and its table 'IdentityLogonEvents' does not resolve."
}

test_row_5_passes_when_every_table_has_rows if {
	outcome(fixture.good) == pass
	feeds(fixture.good, "identity") == "Microsoft Defender for Identity feeds the service: 15 rows within 7 days. (decision table row 5)"
	{[o.fact, o.tier, o.kind] | some o in rule.observed} == {["feeds", "proxy", "hunting_probe"]} with input as fixture.good
	count(rule.observed) == 4 with input as fixture.good
}

test_row_6_fails_when_no_device_is_onboarded if {
	outcome(with_tables(empty("DeviceInfo"))) == fails("endpoint", "no device in 30 days")
	older := {"DeviceInfo": fixture.answered("DeviceInfo", {"2026-11-01": {"": 12}})}
	outcome(with_tables(older)) == fails("endpoint", "no row in the window")
	outcome(object.union(with_tables(older), {"params": {"workload_days": 20}})) == pass
}

test_row_7_identity_not_judged_without_sensors if {
	no_sensors := object.union(with_tables(silent_identity), {"evidence": {"mdi_sensors": []}})
	outcome(no_sensors) == pass
	contains(feeds(no_sensors, "identity"), "INT1002")
	unread := object.union(no_sensors, {"gaps": {"mdi_sensors": {"reason": "no_permission", "status": 403, "code": ""}}})
	outcome(unread) == not_known("no_permission", "mdi_sensors")
	outcome(with_tables(silent_identity)) == fails("identity", "no row of Active Directory")
}

test_row_8_fails_when_cloud_apps_is_silent if {
	outcome(with_tables(empty("CloudAppEvents"))) == fails("cloud_apps", "no row in the window")
	some finding in rule.deny with input as with_tables(empty("CloudAppEvents"))
	contains(finding.message, "connector is off, or it was never opened (INT1008)")
}

test_row_9_office_fails_or_is_not_judged_without_mailboxes if {
	outcome(with_tables(empty("EmailEvents"))) == fails("office", "no row in the window")
	unassigned := object.union(fixture.licence, {"consumedUnits": 0})
	outcome(object.union(with_tables(empty("EmailEvents")), {"evidence": {"subscribed_skus": [unassigned]}})) == pass
	part := object.union(licensed(["office"], {}), {"gaps": {"subscribed_skus": {"reason": "partial", "status": 200, "code": ""}}})
	["partial", "subscribed_skus"] in outcome(part).unknown
	outcome(part).deny == set()
}

test_row_10_not_applicable_when_no_service_is_judged if {
	nothing := object.union(pass, {"not_applicable": {"nothing_to_judge"}})
	outcome(fixture.scan({"subscribed_skus": []}, {})) == nothing
	outcome(licensed(["identity", "office"], {"mdi_sensors": []})) == nothing
	some found in rule.not_applicable with input as licensed(["identity", "office"], {"mdi_sensors": []})
	contains(found.message, "INT1002")
	contains(found.message, "No mailbox is licensed")
}

test_not_applicable_when_off_or_meant_to_be if {
	switched_off := object.union(pass, {"not_applicable": {"switched_off"}})
	silent := with_tables(empty("DeviceInfo"))
	outcome(object.union(silent, {"params": {"expected_state": "off"}})) == switched_off
	outcome(object.union(silent, {"evidence": {"defender_api_probe": fixture.disabled}})) == switched_off
}
