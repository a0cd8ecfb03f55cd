package domicile.xdr.geo_decided_before_first_visit_test

import data.domicile.lib.service_fixtures_test as fixture
import data.domicile.xdr.geo_decided_before_first_visit as rule

outcome(inp) := {"deny": denied, "unknown": unknown, "not_applicable": inapplicable} if {
	denied := {[f.resource.kind, f.resource.id, f.actual] | some f in rule.deny with input as inp}
	unknown := {[u.reason, u.kind] | some u in rule.unknown with input as inp}
	inapplicable := {n.reason | some n in rule.not_applicable with input as inp}
}

pass := {"deny": set(), "unknown": set(), "not_applicable": set()}

not_known(reason, kind) := object.union(pass, {"unknown": {[reason, kind]}})

inapplicable(reason) := object.union(pass, {"not_applicable": {reason}})

undecided := object.union(pass, {"deny": {["geo", "xdr:storage", "not decided on record"]}})

decision := fixture.statement("service-decision", "2026-10-01T00:00:00Z", {"accepted": true, "geo": "EU"})

seen(how) := fixture.statement("xdr-geo", "2026-10-02T00:00:00Z", {"geo": "EU", "how": how})

holder(id, role) := {"id": id, "principalId": id, "roleDefinitionId": role, "directoryScopeId": "/"}

holders := [
	holder("1", "62e90394-69f5-4237-9190-012177145e10"), holder("1", "5d6b6bb7-de71-4623-b4af-96380a352509"),
	holder("2", "f2ef992c-3afb-46b9-b7cf-a126ee74c451"), holder("3", "88d8e3e3-8f55-4a1e-953a-9b9898b8876b"),
	holder(null, "f2ef992c-3afb-46b9-b7cf-a126ee74c451"),
]

params(missing) := {"params": {"missing_record": missing}}

unprovisioned(statements) := object.union(
	fixture.scan({"defender_api_probe": fixture.disabled, "portal_tenant_context": [], "attestations": statements, "role_assignments": holders}, {}),
	params("unknown"),
)

unsure(statements) := object.union(
	fixture.scan(object.union(fixture.dark, {"attestations": statements, "role_assignments": holders}), {}),
	params("unknown"),
)

shown(inp) := {o.value | some o in rule.observed with input as inp}

test_passes_when_the_decision_names_the_geo if {
	outcome(unprovisioned([decision])) == pass
	shown(unprovisioned([decision])) == {
		"the record 'service-decision' of 2026-10-01 names the Geo 'EU'",
		"2 principals hold a role with which a visit to the portal provisions it, in a Geo that can't be changed.",
	}
	outcome(unprovisioned([seen("chosen")])) == pass
	outcome(unprovisioned([seen("reviewed")])) == pass
	outcome(unsure([decision])) == pass
}

test_fails_when_the_decision_leaves_the_geo_open if {
	open := object.remove(decision, ["value"])
	inp := unprovisioned([object.union(open, {"value": {"accepted": true}}), seen("observed")])
	outcome(inp) == undecided
	some finding in rule.deny with input as inp
	contains(finding.message, "2 principals hold a role")
}

test_fails_without_a_record_when_that_is_a_failure if {
	outcome(object.union(unprovisioned([]), params("fail"))) == undecided
}

test_unknown_without_a_record if {
	outcome(unprovisioned([])) == not_known("needs_attestation", "attestations")
	broken := object.union(decision, {"checks": [{"name": "people", "ok": false, "message": ""}]})
	outcome(unprovisioned([broken])) == not_known("needs_attestation", "attestations")
	unread := object.union(unprovisioned([]), {"evidence": {"role_assignments": []}, "gaps": {"role_assignments": {"reason": "no_permission", "status": 403, "code": ""}}})
	some found in rule.unknown with input as unread
	contains(found.message, "could not be read in full")
	shown(unread) == set()
}

test_unknown_when_it_may_be_provisioned if {
	outcome(unsure([])) == not_known("not_provisioned", "incidents_probe")
}

test_unknown_when_the_licences_could_not_be_read if {
	inp := object.union(unprovisioned([]), {"evidence": {"subscribed_skus": []}, "gaps": {"subscribed_skus": {"reason": "throttled", "status": 429, "code": ""}}})
	outcome(inp) == not_known("throttled", "subscribed_skus")
}

test_not_applicable_when_provisioned if {
	outcome(object.union(fixture.good, params("fail"))) == inapplicable("nothing_to_judge")
	shown(fixture.good) == set()
}

test_not_applicable_when_not_eligible if {
	inp := object.union(unprovisioned([]), {"evidence": {"subscribed_skus": []}})
	outcome(inp) == inapplicable("not_licensed")
}
