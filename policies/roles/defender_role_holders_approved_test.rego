package domicile.roles.defender_role_holders_approved_test

import data.domicile.lib.roles
import data.domicile.lib.roles_fixtures_test as made
import data.domicile.roles.defender_role_holders_approved as rule

_custom := "d0000000-0000-4000-8000-000000000001"

_sa := roles.security_administrator

_failed(doc) := ids if {
	ids := {finding.resource.id | some finding in rule.deny} with input as doc
}

_reasons(doc) := reasons if {
	reasons := {[reason.reason, reason.kind] | some reason in rule.unknown} with input as doc
}

_values(doc) := values if {
	values := {fact.value | some fact in rule.observed} with input as doc
}

_passes(doc) if {
	_failed(doc) == set()
	_reasons(doc) == set()
}

_tenant(assignments) := made.tenant("xdr-current", assignments)

_ann := "8a1f0c52-0000-4000-8000-000000000011"

_bob := "8a1f0c52-0000-4000-8000-000000000012"

_holder(id, approved) := {"principalId": id, "role": "Operator (Defender for Endpoint)", "approved": approved}

_statement(holders) := {"file": "roles.yaml", "fact": "defender-roles", "value": {"holders": holders}, "observedAt": "2026-10-01T00:00:00Z", "checks": [{"name": "tenant", "ok": true, "message": ""}]}

_assignment(ids) := {"id": "a", "displayName": "Operations", "principalIds": ids, "roleDefinitionId": "r"}

_with(assignments, statements) := object.union(_tenant([]), {"evidence": {"defender_roles": assignments, "attestations": statements}})

test_passes_when_every_holder_is_approved if {
	doc := _with([_assignment([upper(_ann)])], [_statement([_holder(_ann, true)])])
	_passes(doc)
	_values(doc) == {"holders by the statement 'roles.yaml': 1 approved, 0 not", "holders of unified roles: 1"}
	_passes(_with([], [_statement([])]))
}

test_pitfall_j_unknown_when_only_roles_of_the_directory_were_read if {
	every evidence in [[], [_assignment([_ann])]] {
		doc := object.union(_with(evidence, []), {"evidence": {"role_assignments": [made.admin("ann")]}})
		_failed(doc) == set()
		_reasons(doc) == {["needs_attestation", "attestations"]}
	}
}

test_fails_when_a_holder_is_not_in_the_statement if {
	doc := _with([_assignment([_ann, _bob])], [_statement([_holder(_ann, true)])])
	rule.deny == {{
		"resource": {"kind": "defender_role", "id": _bob, "name": "'Operations'"},
		"message": "The principal '8a1f0c52-0000-4000-8000-000000000012' holds a role of Defender's own ('Operations') and is not named by the statement 'roles.yaml'.",
		"expected": "holders of Defender's own roles that the statement defender-roles approves",
		"actual": "is not named by the statement",
	}} with input as doc
	_failed(_with([object.union(_assignment([_bob]), {"displayName": null})], [_statement([])])) == {_bob}
}

test_fails_when_the_statement_refuses_a_holder if {
	doc := _with([], [_statement([_holder(_ann, false)])])
	_failed(doc) == {_ann}
	{finding.actual | some finding in rule.deny} == {"is refused by the statement"} with input as doc
	_failed(_with([], [_statement([_holder(_ann, true), _holder(_ann, false)])])) == {_ann}
}

test_unknown_when_there_is_no_valid_statement if {
	broken := object.union(_statement([_holder(_ann, true)]), {"checks": [{"name": "dates", "ok": false, "message": "expired"}]})
	every statements in [[], [broken]] {
		doc := _with([_assignment([_ann])], statements)
		_failed(doc) == set()
		_reasons(doc) == {["needs_attestation", "attestations"]}
	}
}

test_unknown_when_unified_roles_could_not_be_read if {
	doc := object.union(_with([], [_statement([_holder(_ann, true)])]), made.gaps({"defender_roles": "no_permission"}))
	_reasons(doc) == {["no_permission", "defender_roles"]}
	_failed(object.union(doc, {"evidence": {"attestations": [_statement([_holder(_ann, false)])]}})) == {_ann}
}

test_passes_on_the_statement_alone_when_unified_roles_are_not_offered if {
	doc := object.union(_with([], [_statement([_holder(_ann, true)])]), made.gaps({"defender_roles": "not_in_this_cloud"}))
	_passes(doc)
	_values(doc) == {"holders by the statement 'roles.yaml': 1 approved, 0 not"}
}
