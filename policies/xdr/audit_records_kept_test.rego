package domicile.xdr.audit_records_kept_test

import data.domicile.lib.service_fixtures_test as fixture
import data.domicile.xdr.audit_records_kept as rule

outcome(inp) := {"deny": denied, "unknown": unknown, "not_applicable": inapplicable} if {
	denied := {[f.resource.kind, f.resource.name, f.actual] | some f in rule.deny with input as inp}
	unknown := {[u.reason, u.kind] | some u in rule.unknown with input as inp}
	inapplicable := {n.reason | some n in rule.not_applicable with input as inp}
}

pass := {"deny": set(), "unknown": set(), "not_applicable": set()}

not_known(reason, kind) := object.union(pass, {"unknown": {[reason, kind]}})

policy(name, duration, types) := {
	"Name": name, "RetentionDuration": duration, "RecordTypes": types,
	"Operations": [], "Priority": 100, "Enabled": true, "limitedToUsers": false,
}

entra := policy("Entra", "TwelveMonths", ["AzureActiveDirectory"])

config(policies) := {
	"UnifiedAuditLogIngestionEnabled": true, "retentionPolicies": policies,
	"sha256": "5f3a", "savedBy": "ana@contoso.com", "savedAt": "2026-11-19T12:00:00Z",
}

scan(configs, plans, days) := object.union(
	fixture.scan({"exchange_audit_config": configs, "subscribed_skus": [fixture.licence_of(plans)]}, {}),
	{"params": {"audit_retention_days": days, "max_evidence_age": {"portal": "90d"}}},
)

premium := ["2f442157-a11c-46b9-ae5b-6e39ff4e5849"]

standard := ["14ab5db5-e6c4-4b20-b4bc-13e36fd2227f"]

shown(inp) := {[o.value, o.tier] | some o in rule.observed with input as inp}

test_passes_when_a_policy_keeps_them if {
	inp := scan([config([entra])], standard, 365)
	outcome(inp) == pass
	shown(inp) == {["policy 'Entra': 365 days", "portal"]}
	bare := object.remove(entra, ["Operations", "Enabled", "limitedToUsers"])
	outcome(scan([config([bare])], standard, 365)) == pass
	decade := object.union(entra, {"RetentionDuration": "TenYears"})
	outcome(scan([config([decade])], premium, 3650)) == pass
}

test_passes_by_the_default_where_it_is_enough if {
	inp := scan([config([])], premium, 365)
	outcome(inp) == pass
	shown(inp) == {["Audit (Premium) by default: 365 days for Entra ID, Exchange and SharePoint, 180 for the rest", ""]}
	outcome(scan([config([])], standard, 180)) == pass
}

test_passes_when_the_short_policy_is_off if {
	outcome(scan([config([entra, object.union(policy("Off", "SevenDays", ["Teams"]), {"Enabled": false})])], standard, 365)) == pass
}

test_fails_when_a_policy_is_shorter if {
	short := policy("Short", "ThreeMonths", ["SharePoint"])
	inp := scan([config([entra, short, object.union(short, {"RetentionDuration": "SixMonths"})])], premium, 365)
	outcome(inp) == object.union(pass, {"deny": {["exchange_audit_config", "Short", "90 days"]}})
	some finding in rule.deny with input as inp
	finding.message == "The audit retention policy 'Short' keeps records for 90 days, and 365 are asked for."
	nameless := object.union(object.remove(short, ["Name"]), {"Enabled": null})
	outcome(scan([config([entra, nameless])], premium, 365)).deny == {["exchange_audit_config", "unnamed", "90 days"]}
}

test_fails_when_more_than_the_default_is_asked_for if {
	partial := [
		object.union(entra, {"RetentionDuration": "TenYears", "Operations": ["Consent to application."]}),
		object.union(entra, {"RetentionDuration": "TenYears", "limitedToUsers": true}),
		policy("Teams", "TenYears", ["MicrosoftTeams"]),
	]
	inp := scan([config(partial)], premium, 730)
	outcome(inp) == object.union(pass, {"deny": {["tenant", "Contoso", "365 days by default"]}})
}

test_unknown_when_the_policies_were_not_exported if {
	outcome(scan([config(null)], premium, 365)) == not_known("not_collected", "exchange_audit_config")
	outcome(scan([object.remove(config([]), ["retentionPolicies"])], premium, 365)) == not_known("not_collected", "exchange_audit_config")
}

test_unknown_when_the_export_is_old if {
	outcome(scan([object.union(config([entra]), {"savedAt": "2026-01-01T00:00:00Z"})], premium, 365)) == not_known("stale", "exchange_audit_config")
	shown(scan([object.union(config([entra]), {"savedAt": null})], premium, 365)) == set()
}

test_unknown_when_a_duration_is_not_known if {
	odd := [object.union(entra, {"RetentionDuration": "Forever"}), entra]
	inp := scan([config(odd)], premium, 365)
	outcome(inp) == not_known("partial", "exchange_audit_config")
	some found in rule.unknown with input as inp
	contains(found.message, "'Entra'")
}

test_unknown_when_the_licences_could_not_be_read if {
	inp := object.union(scan([config([])], [], 365), {"gaps": {"subscribed_skus": {"reason": "throttled", "status": 429, "code": ""}}})
	outcome(inp) == not_known("throttled", "subscribed_skus")
}

test_not_applicable_without_the_plan if {
	inp := scan([config([])], standard, 365)
	outcome(inp) == object.union(pass, {"not_applicable": {"not_licensed"}})
}

test_passes_when_lists_of_a_policy_are_null if {
	nulls := object.union(entra, {"Operations": null, "limitedToUsers": null})
	outcome(scan([config([nulls])], standard, 365)) == pass
	untyped := object.union(entra, {"RecordTypes": null})
	outcome(scan([config([untyped])], premium, 365)) == pass
}
