package domicile.xdr.audit_log_on_test

import data.domicile.lib.service_fixtures_test as fixture
import data.domicile.xdr.audit_log_on as rule

outcome(inp) := {"deny": denied, "unknown": unknown, "not_applicable": inapplicable} if {
	denied := {[f.resource.kind, f.resource.id, f.actual] | some f in rule.deny with input as inp}
	unknown := {[u.reason, u.kind] | some u in rule.unknown with input as inp}
	inapplicable := {n.reason | some n in rule.not_applicable with input as inp}
}

pass := {"deny": set(), "unknown": set(), "not_applicable": set()}

not_known(reason, kind) := object.union(pass, {"unknown": {[reason, kind]}})

config(enabled) := {
	"UnifiedAuditLogIngestionEnabled": enabled, "retentionPolicies": null,
	"sha256": "5f3a", "savedBy": "ana@contoso.com", "savedAt": "2026-11-19T12:00:00Z",
}

found(newest) := {"status": 200, "code": "", "message": "", "permitted": true, "newest": newest}

scan(configs, probes) := object.union(
	fixture.scan({"exchange_audit_config": configs, "audit_probe": probes}, {}),
	{"params": {"max_evidence_age": {"portal": "90d"}}},
)

test_passes_when_the_configuration_says_on if {
	inp := scan([config(true)], [])
	outcome(inp) == pass
	rule.observed == {{
		"fact": "setting", "service": "exchange", "tier": "portal", "kind": "exchange_audit_config",
		"value": "UnifiedAuditLogIngestionEnabled true, saved on 2026-11-19",
	}} with input as inp
}

test_passes_when_a_record_is_young if {
	outcome(scan([], [found("2026-11-19T00:00:00Z")])) == pass
	{[o.value, o.tier] | some o in rule.observed} == {["newest record seen: 2026-11-20T10:00:00Z", "proxy"]} with input as scan([], [found("2026-11-20T10:00:00Z")])
	old := object.union(config(false), {"savedAt": "2026-01-01T00:00:00Z"})
	outcome(scan([old], [found("2026-11-20T10:00:00Z")])) == pass
	outcome(scan([config(null)], [found("2026-11-20T10:00:00Z")])) == pass
}

test_passes_when_a_record_came_after_the_configuration_said_off if {
	inp := scan([config(false)], [found("2026-11-20T10:00:00Z")])
	outcome(inp) == pass
	some o in rule.observed with input as inp
	contains(o.value, "as Security & Compliance PowerShell always does")
}

test_fails_when_the_configuration_says_off if {
	failed := object.union(pass, {"deny": {["tenant", fixture.good.tenant.id, "UnifiedAuditLogIngestionEnabled False"]}})
	outcome(scan([config(false)], [])) == failed
	outcome(scan([config(false)], [found("2026-11-19T11:00:00Z")])) == failed
	outcome(scan([config(false)], [found("2026-10-01T00:00:00Z")])) == failed
	some finding in rule.deny with input as scan([config(false)], [])
	finding.message == "The unified audit log is off by the configuration saved on 2026-11-19, and no record came later."
}

test_unknown_on_an_empty_or_an_old_answer if {
	every probe in [found(""), found(null), found("2026-11-18T23:00:00Z"), found("2026-12-01T00:00:00Z")] {
		outcome(scan([], [probe])) == not_known("not_collected", "audit_probe")
	}
	outcome(scan([], [])) == not_known("not_collected", "audit_probe")
}

test_unknown_when_the_search_is_refused if {
	outcome(scan([], [object.union(found(""), {"status": 403, "permitted": false})])) == not_known("no_permission", "audit_probe")
}

test_unknown_when_the_configuration_is_old_or_says_nothing if {
	old := object.union(config(true), {"savedAt": "2026-01-01T00:00:00Z"})
	outcome(scan([old], [])) == not_known("stale", "exchange_audit_config")
	outcome(scan([object.remove(config(false), ["savedAt"])], [])) == not_known("stale", "exchange_audit_config")
	outcome(scan([object.remove(config(true), ["UnifiedAuditLogIngestionEnabled"])], [])) == not_known("partial", "exchange_audit_config")
	outcome(scan([config(null)], [found("")])) == not_known("partial", "exchange_audit_config")

	# A fresh one decides beside an old one.
	outcome(scan([old, config(false)], [])).unknown == set()
	count(outcome(scan([old, config(false)], [])).deny) == 1
}

test_the_newest_export_that_says_it_counts if {
	silent := object.union(config(null), {"savedAt": "2026-11-20T12:00:00Z"})
	outcome(scan([silent, config(true)], [])) == pass
	older := object.union(config(true), {"savedAt": "2026-10-01T12:00:00Z"})
	outcome(scan([older, config(false)], [])).deny != set()
	outcome(scan([config(false), object.union(config(true), {"savedAt": "2026-11-20T12:00:00Z"})], [])) == pass
}
