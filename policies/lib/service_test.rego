package domicile.lib.service_test

import data.domicile.lib.licences
import data.domicile.lib.service
import data.domicile.lib.service_fixtures_test as fixture
import data.domicile.lib.service_sources as sources

verdict(inp) := [found.state, found.row, found.tier, found.reason] if found := service.state(inp)

test_row_1_unknown_in_a_cloud_without_the_service if {
	verdict(object.union(fixture.good, {"tenant": {"cloud": "china"}})) == ["unknown", 1, "", "not_in_this_cloud"]
	verdict(object.union(fixture.good, {"profile": "mtp-2020-b", "tenant": {"cloud": "gcc"}})) == ["unknown", 1, "", "not_in_this_cloud"]
	verdict(object.union(fixture.good, {"tenant": {"cloud": "dod"}})) == ["on", 6, "proxy", ""]
	verdict(object.union(fixture.good, {"profile": "mtp-2020-a"})) == ["on", 6, "proxy", ""]
}

test_row_3_stronger_source_decides if {
	# The API (off) beats both the probes (on) and the portal (on).
	found := service.state(fixture.scan({"defender_api_probe": fixture.disabled}, {}))
	[found.state, found.row, found.tier, found.kind] == ["off", 4, "api", "defender_api_probe"]
	contains(found.message, "A weaker source says otherwise: Incidents answers and 'CloudAppEvents', 'DeviceInfo'")
	contains(found.message, "A weaker source says otherwise: the portal lists 4 active workloads.")

	# The probes (on) beat the portal (off) and the record (off).
	deleted := object.union(fixture.context, {"IsDeleted": true})
	verdict(fixture.scan({"portal_tenant_context": [deleted], "attestations": [fixture.turned_off]}, {})) == ["on", 6, "proxy", ""]

	# The portal (on) beats the record (off), so row 5 has no second source.
	verdict(fixture.scan(object.union(fixture.dark, {"portal_tenant_context": [fixture.context], "attestations": [fixture.turned_off]}), {})) == ["unknown", 10, "", "not_provisioned"]
}

test_row_3_unknown_when_equals_contradict if {
	same := object.union(fixture.accepted, {"value": {"turnedOnAt": "2026-10-31T00:00:00Z"}})
	found := service.state(fixture.scan(object.union(fixture.blind, {"attestations": [same, fixture.turned_off]}), {}))
	[found.state, found.row, found.reason] == ["unknown", 3, "conflict"]
	contains(found.message, "'service-off' says that the service is off since 2026-10-31; the record 'terms-accepted' says that the service is on since 2026-10-31")

	# A portal export without a person counts as a statement.
	anonymous := object.union(fixture.context, {"savedBy": ""})
	verdict(fixture.scan(object.union(fixture.blind, {"portal_tenant_context": [anonymous], "attestations": [fixture.turned_off]}), {})) == ["unknown", 3, "", "conflict"]
}

test_row_4_off_when_the_api_says_disabled if {
	verdict(fixture.scan(object.union(fixture.blind, {"defender_api_probe": fixture.disabled}), {"incidents_probe": "throttled"})) == ["off", 4, "api", ""]
	service.off(fixture.scan({"defender_api_probe": fixture.disabled}, {}))
	not service.on(fixture.scan({"defender_api_probe": fixture.disabled}, {}))
}

test_row_5_off_with_a_second_source if {
	not_onboarded := object.union(fixture.context, {"IsOnboardingComplete": false, "ActiveMtpWorkloads": []})
	no_consent := object.union(object.remove(fixture.context, ["IsOnboardingComplete"]), {"MtpConsent": false, "ActiveMtpWorkloads": []})
	inactive := [{"status": 403, "code": "Forbidden", "message": "Account mode is inactive", "permitted": true}]
	every second in [
		{"portal_tenant_context": [not_onboarded]},
		{"portal_tenant_context": [no_consent]},
		{"portal_tenant_context": [object.union(fixture.context, {"IsDeleted": true})]},
		{"attestations": [fixture.turned_off]},
		{"defender_api_probe": inactive},
	] {
		verdict(fixture.scan(object.union(fixture.dark, second), {})) == ["off", 5, "proxy", ""]
	}
}

test_row_5_needs_the_licence if {
	unlicensed := {"attestations": [fixture.turned_off], "subscribed_skus": []}
	verdict(fixture.scan(object.union(fixture.dark, unlicensed), {})) == ["unknown", 10, "", "not_provisioned"]
	verdict(fixture.scan(object.union(fixture.dark, unlicensed), {"subscribed_skus": "no_permission"})) == ["unknown", 10, "", "not_provisioned"]
}

test_row_6_on_when_both_answer if {
	found := service.state(fixture.good)
	found == {
		"state": "on", "tier": "proxy", "row": 6, "reason": "", "kind": "incidents_probe",
		"message": "Incidents and Advanced hunting answer, an eligible licence is held, and these tables resolve: CloudAppEvents, DeviceInfo, EmailEvents, IdentityLogonEvents.",
	}
	service.on(fixture.good)
	not service.off(fixture.good)

	# One table that doesn't resolve isn't off, and neither is an empty list of incidents.
	quiet := object.union(fixture.good.evidence.incidents_probe[0], {"seen": null})
	verdict(fixture.scan({"incidents_probe": [quiet], "hunting_probe": fixture.probes({"DeviceInfo": fixture.unresolved("DeviceInfo")})}, {})) == ["on", 6, "proxy", ""]
}

test_row_7_on_by_the_portal_without_the_hunting_permission if {
	verdict(fixture.scan({"hunting_probe": fixture.all_refused(false)}, {})) == ["on", 7, "proxy", ""]
	verdict(fixture.scan({"hunting_probe": []}, {"hunting_probe": "no_permission"})) == ["on", 7, "proxy", ""]
	verdict(fixture.scan({"hunting_probe": []}, {"hunting_probe": "throttled"})) == ["unknown", 12, "", "throttled"]
	verdict(fixture.scan({"hunting_probe": fixture.all_refused(false), "portal_tenant_context": []}, {})) == ["unknown", 11, "", "no_permission"]
}

test_row_7_ignores_what_the_portal_cannot_prove if {
	every useless in [
		{"ActiveMtpWorkloads": []},
		{"IsMdatpActive": false, "IsSentinelActive": true},
		{"AuthInfo": {"TenantId": "00000000-0000-4000-8000-000000000009"}},
		{"savedAt": "2026-08-01T00:00:00Z"},
		{"savedAt": null},
	] {
		evidence := {"hunting_probe": fixture.all_refused(false), "portal_tenant_context": [object.union(fixture.context, useless)]}
		verdict(fixture.scan(evidence, {})) == ["unknown", 11, "", "no_permission"]
	}
	undated := object.remove(fixture.context, ["savedAt"])
	verdict(fixture.scan({"hunting_probe": fixture.all_refused(false), "portal_tenant_context": [undated]}, {})) == ["unknown", 11, "", "no_permission"]

	# How old it may be is the configuration's to say.
	blind := fixture.scan({"hunting_probe": fixture.all_refused(false)}, {})
	verdict(object.union(blind, {"params": {"max_evidence_age": {"portal": "1h"}}})) == ["unknown", 11, "", "no_permission"]
	nameless := object.remove(fixture.context, ["AuthInfo"])
	verdict(fixture.scan({"hunting_probe": fixture.all_refused(false), "portal_tenant_context": [nameless]}, {})) == ["on", 7, "proxy", ""]
}

test_row_8_on_by_the_record_of_2020 if {
	old := object.union(fixture.scan(object.union(fixture.blind, {"attestations": [fixture.accepted]}), {"incidents_probe": "unreachable"}), {"profile": "mtp-2020-a"})
	found := service.state(old)
	[found.state, found.row, found.tier, found.kind] == ["on", 8, "attested", "attestations"]

	verdict(object.union(old, {"profile": "mtp-2020-b"})) == ["unknown", 12, "", "unreachable"]
	every worthless in [
		object.union(fixture.accepted, {"checks": [{"name": "dates", "ok": false, "message": "expired"}]}),
		object.union(fixture.accepted, {"value": {"accepted": false}}),
		object.union(fixture.accepted, {"value": {"turnedOnAt": "2027-01-01T00:00:00Z"}}),
		object.union(fixture.accepted, {"value": {"turnedOnAt": "soon"}}),
		fixture.decided,
	] {
		verdict(object.union(old, {"evidence": {"attestations": [worthless]}})) == ["unknown", 12, "", "unreachable"]
	}
}

test_row_8_needs_that_nothing_contradicts if {
	old := object.union(fixture.good, {"profile": "mtp-2020-a"})
	refuted := object.union(old, {"evidence": object.union(fixture.dark, {"attestations": [fixture.accepted]})})
	verdict(refuted) == ["unknown", 10, "", "not_provisioned"]
	verdict(object.union(old, {"evidence": object.union(fixture.blind, {"attestations": [fixture.accepted, fixture.turned_off]})})) == ["unknown", 12, "", "not_collected"]

	# It was turned on again; a record of the end without a date counts from the day it was made,
	# and one of an end to come doesn't count yet.
	earlier := object.union(fixture.turned_off, {"observedAt": "2026-09-01T00:00:00Z", "value": {"date": "a while ago"}})
	later := object.union(fixture.turned_off, {"value": {"date": "2027-01-01"}})
	again := object.union(old, {"evidence": object.union(fixture.blind, {"attestations": [fixture.accepted, earlier, later]})})
	verdict(again) == ["on", 8, "attested", ""]
}

test_row_9_unknown_when_sentinel_alone_would_answer_the_same if {
	sentinel := fixture.probes({name: fixture.unresolved(name) | some name in ["DeviceInfo", "EmailEvents", "IdentityLogonEvents", "CloudAppEvents"]})
	verdict(fixture.scan({"hunting_probe": sentinel}, {})) == ["unknown", 9, "", "not_provisioned"]
	verdict(fixture.scan({"subscribed_skus": []}, {})) == ["unknown", 9, "", "not_provisioned"]
	weak := fixture.scan({"subscribed_skus": [fixture.licence_of([licences.plans.ADALLOM_S_DISCOVERY])]}, {})
	verdict(weak) == ["on", 6, "proxy", ""]
	verdict(object.union(weak, {"params": {"count_weak_plans": false}})) == ["unknown", 9, "", "not_provisioned"]
	unread := service.state(fixture.scan({"subscribed_skus": []}, {"subscribed_skus": "no_permission"}))
	[unread.row, unread.reason, unread.kind] == [9, "no_permission", "subscribed_skus"]
	planless := object.remove(fixture.licence, ["servicePlans"])
	verdict(fixture.scan({"subscribed_skus": [planless]}, {})) == ["unknown", 9, "", "partial"]
}

test_row_10_unknown_without_a_second_source if {
	verdict(fixture.scan(fixture.dark, {})) == ["unknown", 10, "", "not_provisioned"]
	partial := service.state(fixture.scan({"incidents_probe": fixture.incidents_refused(true)}, {}))
	[partial.row, partial.reason, partial.kind] == [10, "not_provisioned", "incidents_probe"]
	contains(partial.message, "XDR1002")
	other := service.state(fixture.scan({"hunting_probe": fixture.all_refused(true), "portal_tenant_context": []}, {}))
	[other.row, other.reason, other.kind] == [10, "not_provisioned", "hunting_probe"]
}

test_row_11_unknown_without_the_permission if {
	every permitted in [false, null] {
		verdict(fixture.scan({"incidents_probe": fixture.incidents_refused(permitted)}, {})) == ["unknown", 11, "", "no_permission"]
		both := object.union(fixture.dark, {"incidents_probe": fixture.incidents_refused(permitted)})
		verdict(fixture.scan(both, {})) == ["unknown", 11, "", "no_permission"]
	}
	contains(service.state(fixture.scan({"incidents_probe": fixture.incidents_refused(false)}, {})).message, "SecurityIncident.Read.All")
}

test_row_12_unknown_when_the_services_failed if {
	every status, reason in {429: "throttled", 500: "service_error", 404: "service_error"} {
		failed := [{"status": status, "code": "UnknownError", "message": "", "permitted": true, "seen": null}]
		verdict(fixture.scan({"incidents_probe": failed}, {})) == ["unknown", 12, "", reason]
	}
	failed := [object.union(fixture.answered("print", null), {"status": 500, "code": "UnknownError"})]
	verdict(fixture.scan({"hunting_probe": failed}, {})) == ["unknown", 12, "", "service_error"]
	every reason in ["throttled", "unreachable", "timeout"] {
		verdict(fixture.scan({"incidents_probe": []}, {"incidents_probe": reason})) == ["unknown", 12, "", reason]
	}

	# The queries of the tables were cut short.
	print := [fixture.answered("print", null)]
	verdict(fixture.scan({"hunting_probe": print}, {"hunting_probe": "partial"})) == ["unknown", 12, "", "partial"]
}

test_switched_off_when_meant_or_proven if {
	not service.switched_off(fixture.good)
	meant := object.union(fixture.good, {"params": {"expected_state": "off"}})
	service.switched_off(meant).reason == "switched_off"
	proven := service.switched_off(fixture.scan({"defender_api_probe": fixture.disabled}, {}))
	proven.reason == "switched_off"
	startswith(proven.message, "The service is off, which XDR1001 reports: Defender XDR's API answered 403")
}

test_table_and_rows if {
	service.rows(service.table(fixture.good, "IdentityLogonEvents"), fixture.good.now, 7) == 52
	not service.table(fixture.good, "DeviceEvents")
}

test_incident_that_was_seen if {
	sources.incident(fixture.good) == "2972395 2026-11-18T09:12:00Z"
	undated := object.union(fixture.good.evidence.incidents_probe[0], {"seen": {"createdDateTime": null}})
	sources.incident(fixture.scan({"incidents_probe": [undated]}, {})) == "2972395"
	not sources.incident(fixture.scan({"incidents_probe": fixture.incidents_refused(true)}, {}))
	not sources.incident(fixture.scan(fixture.blind, {}))
}

test_newest_tenant_context_counts if {
	older := object.union(fixture.context, {"savedAt": "2026-11-01T00:00:00Z", "IsDeleted": true})
	undated := object.remove(older, ["savedAt"])
	every contexts in [[older, fixture.context, undated], [undated, fixture.context, older]] {
		sources.context_of(fixture.scan({"portal_tenant_context": contexts}, {})) == fixture.context
	}
	sources.portal(fixture.scan({"portal_tenant_context": [older, undated]}, {})).state == "off"
}
