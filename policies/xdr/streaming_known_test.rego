package domicile.xdr.streaming_known_test

import data.domicile.lib.service_fixtures_test as fixture
import data.domicile.xdr.streaming_known as rule

outcome(inp) := {"deny": denied, "unknown": unknown, "not_applicable": inapplicable} if {
	denied := {[f.resource.kind, f.resource.id] | some f in rule.deny with input as inp}
	unknown := {[u.reason, u.kind] | some u in rule.unknown with input as inp}
	inapplicable := {n.reason | some n in rule.not_applicable with input as inp}
}

pass := {"deny": set(), "unknown": set(), "not_applicable": set()}

hub := "/subscriptions/6c1e/resourceGroups/Sec/providers/Microsoft.EventHub/namespaces/siem"

export := {
	"id": "raw", "designatedTenantId": "3f0c1d7e-0000-4000-8000-000000000001", "eventHubResourceId": hub,
	"logs": [{"category": "AdvancedHunting-DeviceInfo", "enabled": true}],
	"sha256": "5f3a", "savedBy": "ana@contoso.com", "savedAt": "2026-11-10T10:00:00Z",
}

exported(exports, named) := object.union(
	fixture.scan({"streaming_export": exports}, {}),
	{"params": {"known_copies": named, "max_evidence_age": {"portal": "90d"}}},
)

shown(inp) := {[o.value, o.tier] | some o in rule.observed with input as inp}

test_passes_when_the_destination_is_known if {
	inp := exported([export], [hub])
	outcome(inp) == pass
	shown(inp) == {[sprintf("Defender's streaming export to '%s' (known)", [lower(hub)]), "portal"]}
	record := fixture.statement("known-copy", "2026-10-01T00:00:00Z", {"resourceId": hub, "geo": "westeurope", "reason": "SIEM"})
	outcome(object.union(exported([export], []), {"evidence": {"attestations": [record]}})) == pass
}

test_passes_when_there_is_no_export if {
	outcome(exported([], [])) == pass
	shown(exported([], [])) == {["no streaming export", ""]}
	silent := object.union(export, {"logs": [{"category": "AdvancedHunting-DeviceInfo", "enabled": false}]})
	outcome(exported([silent], [])) == pass
}

test_fails_when_the_destination_is_not_named if {
	inp := exported([object.remove(export, ["savedBy"])], [])
	outcome(inp) == object.union(pass, {"deny": {["streaming_export", lower(hub)]}})
	some finding in rule.deny with input as inp
	finding.message == sprintf("Defender's streaming export sends raw events to '%s', which neither known_copies nor a record names.", [lower(hub)])
	shown(inp) == {[sprintf("Defender's streaming export to '%s' (not known)", [lower(hub)]), "attested"]}
}

test_fails_once_for_two_exports_to_one_place if {
	foreign := object.union(export, {"id": "raw2", "designatedTenantId": "5b2d7c1e-0000-4000-8000-000000000002"})
	inp := exported([export, foreign], [])
	count(rule.deny) == 1 with input as inp
	some finding in rule.deny with input as inp
	contains(finding.message, "to tenant '5b2d7c1e-0000-4000-8000-000000000002'")
}

test_unknown_when_the_export_is_old if {
	old := object.union(export, {"savedAt": "2026-06-01T00:00:00Z"})
	stale := object.union(pass, {"unknown": {["stale", "streaming_export"]}})
	outcome(exported([old], [hub])) == stale
	outcome(exported([object.remove(export, ["savedAt"])], [hub])) == stale
	outcome(exported([old], [])).deny == {["streaming_export", lower(hub)]}
	some found in rule.unknown with input as exported([old, export], [hub])
	contains(found.message, "saved on 2026-06-01")
}
