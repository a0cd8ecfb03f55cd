package domicile.integration.portal_settings_agree_test

import data.domicile.integration.portal_settings_agree as rule
import data.domicile.lib.service_fixtures_test as fixture

outcome(inp) := {"deny": denied, "unknown": unknown, "not_applicable": inapplicable} if {
	denied := {[f.resource.id, f.actual] | some f in rule.deny with input as inp}
	unknown := {[u.reason, u.kind] | some u in rule.unknown with input as inp}
	inapplicable := {n.reason | some n in rule.not_applicable with input as inp}
}

pass := {"deny": set(), "unknown": set(), "not_applicable": set()}

not_known(reason, kind) := object.union(pass, {"unknown": {[reason, kind]}})

inapplicable(reason) := object.union(pass, {"not_applicable": {reason}})

saved := {"sha256": "5f3a", "savedBy": "ana@contoso.com", "savedAt": "2026-11-10T10:00:00Z"}

settings := object.union(saved, {
	"AatpIntegrationEnabled": true, "AatpWorkspaceExists": true, "EnableMcasIntegration": false, "OfficeIntegration": null,
})

about := object.union(saved, {"dataCenterName": "EU2", "regionName": "West Europe"})

context := object.union(fixture.context, {
	"IsMapgActive": true, "IsMdiActive": true, "IsItpActive": false, "IsOatpActive": true, "AatpIntegrationEnabled": true,
})

scan(evidence) := object.union(
	fixture.scan(object.union({"portal_defender_settings": [settings], "portal_mcas_about": [about], "portal_tenant_context": [context]}, evidence), {}),
	{"params": {"max_evidence_age": {"portal": "90d"}}},
)

unresolved(name) := {"hunting_probe": fixture.probes({name: fixture.unresolved(name)})}

differs(inp) := {f.resource.id: f.message | some f in rule.deny with input as inp}

test_passes_when_all_agree if {
	outcome(scan({})) == pass
	shown := {o.value | some o in rule.observed with input as scan({})}
	{"AatpIntegrationEnabled true", "EnableMcasIntegration false"} - shown == set()
	not "OfficeIntegration null" in shown
	"The portal says that Microsoft Defender for Endpoint is active, and its table 'DeviceInfo' has rows." in shown
	"The portal says AatpWorkspaceExists true, and there are 1 sensors." in shown
	count(shown) == 9
}

test_passes_when_an_empty_table_says_neither if {
	quiet := {"hunting_probe": fixture.probes({"DeviceInfo": fixture.answered("DeviceInfo", {})})}
	outcome(scan(quiet)) == pass
}

test_fails_when_the_portal_says_active_and_the_table_does_not_resolve if {
	inp := scan(unresolved("DeviceInfo"))
	outcome(inp) == object.union(pass, {"deny": {["endpoint", "not active"]}})
	differs(inp).endpoint == "The portal says that Microsoft Defender for Endpoint is active, and its table 'DeviceInfo' does not resolve."
}

test_fails_when_the_portal_says_not_active_and_rows_come if {
	inp := scan({"portal_mcas_about": [], "portal_tenant_context": [object.union(context, {"IsOatpActive": false, "IsMdiActive": false})]})
	object.keys(differs(inp)) == {"office", "identity"}
}

test_fails_when_cloud_apps_has_a_data_centre_and_is_not_active if {
	inactive := object.union(context, {"IsMapgActive": false})
	inp := scan(object.union(unresolved("CloudAppEvents"), {"portal_tenant_context": [inactive]}))
	outcome(inp).deny == {["cloud_apps", "not active"]}
	contains(differs(inp).cloud_apps, "'EU2'")
}

test_fails_when_sensors_are_in_no_workspace if {
	inp := scan({"portal_defender_settings": [object.union(settings, {"AatpWorkspaceExists": false})]})
	outcome(inp) == object.union(pass, {"deny": {["identity", "1 sensors"]}})
}

test_fails_when_two_exports_of_one_switch_differ if {
	other := object.union(context, {"AatpIntegrationEnabled": false})
	inp := scan({"portal_tenant_context": [other]})
	outcome(inp) == object.union(pass, {"deny": {["endpoint", "AatpIntegrationEnabled false"]}})

	# Without a workspace the switch means nothing.
	outcome(scan({"portal_tenant_context": [other], "mdi_sensors": [], "portal_defender_settings": [object.union(settings, {"AatpWorkspaceExists": false})]})) == pass
}

test_unknown_when_an_export_is_old if {
	inp := scan({"portal_mcas_about": [object.remove(about, ["savedAt"])]})
	outcome(inp) == not_known("stale", "portal_mcas_about")
	foreign := object.union(context, {"AuthInfo": {"TenantId": "5b2d7c1e-0000-4000-8000-000000000002"}, "IsMapgActive": false})
	outcome(scan({"portal_tenant_context": [context, foreign]})) == pass
}

test_unknown_when_there_is_nothing_to_compare_with if {
	inp := scan({"hunting_probe": fixture.all_refused(false), "mdi_sensors": [], "portal_tenant_context": []})
	outcome(inp) == not_known("not_collected", "hunting_probe")
}

test_unknown_when_the_tables_could_not_be_asked if {
	inp := object.union(scan({"hunting_probe": []}), {"gaps": {"hunting_probe": {"reason": "throttled", "status": 429, "code": ""}}})
	["throttled", "hunting_probe"] in outcome(inp).unknown
}

test_unknown_when_every_export_is_of_another_tenant if {
	foreign := object.union(context, {"AuthInfo": {"TenantId": "3f0c1d7e-0000-4000-8000-00000000000f"}})
	doc := scan({"portal_defender_settings": [], "portal_mcas_about": [], "portal_tenant_context": [foreign]})
	outcome(doc) == not_known("conflict", "portal_tenant_context")
	outcome(scan({"portal_defender_settings": [], "portal_mcas_about": [], "portal_tenant_context": []})) == not_known("not_collected", "portal_tenant_context")
}

test_unknown_when_a_service_s_table_could_not_be_asked if {
	busy := fixture.probes({"EmailEvents": {"table": "EmailEvents", "status": 429, "code": "", "message": "", "permitted": true, "days": null}})
	outcome(scan({"hunting_probe": busy})) == not_known("throttled", "hunting_probe")
}
