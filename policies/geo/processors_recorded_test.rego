package domicile.geo.processors_recorded_test

import data.domicile.geo.processors_recorded as rule
import data.domicile.lib.geo_fixtures_test as fixtures

_id := "5b2d7c1e-0000-4000-8000-000000000021"

_provider := {"entry": "partner", "tenantId": _id, "displayName": "Fabrikam", "isServiceProvider": true}

_processor(changes) := fixtures.statement("processor", object.union({"name": "Fabrikam Security", "geo": "EU", "tenantId": upper(_id)}, changes))

_scan(access, statements) := fixtures.with_evidence({"cross_tenant_access": access, "attestations": statements})

_said(scan) := [denied, unknown, not_applicable] if {
	denied := {finding.resource.id | some finding in rule.deny} with input as scan
	unknown := {entry.reason | some entry in rule.unknown} with input as scan
	not_applicable := {entry.reason | some entry in rule.not_applicable} with input as scan
}

test_passes_when_every_provider_is_recorded if {
	_said(_scan([_provider], [_processor({})])) == [set(), set(), set()]
	_said(_scan([], [_processor({"tenantId": null})])) == [set(), set(), set()]
	{seen.value | some seen in rule.observed} == {"'Fabrikam Security' has access from 'EU'"} with input as _scan([_provider], [_processor({})])
}

test_fails_when_a_provider_is_not_recorded if {
	found := rule.deny with input as _scan([_provider], [])
	found == {{
		"resource": {"kind": "cross_tenant_access", "id": _id, "name": "Fabrikam"},
		"message": "The service provider 'Fabrikam' has standing access to the tenant, and no valid statement records it with its location.",
		"expected": "a statement 'processor' with this tenantId and a geo", "actual": "not recorded",
	}}
	{finding.resource.name | some finding in rule.deny} == {_id} with input as _scan([object.union(_provider, {"displayName": ""})], [_processor({"tenantId": null})])
	_said(_scan([_provider], [fixtures.expired(_processor({}))]))[0] == {_id}
}

test_unknown_when_the_record_names_no_known_place if {
	_said(_scan([], [_processor({"geo": "MarsNorth"})])) == [set(), {"partial"}, set()]
	_said(_scan([_provider], [_processor({"geo": "MarsNorth"})])) == [{_id}, {"partial"}, set()]
}

test_unknown_when_the_settings_were_not_read if {
	_said(fixtures.gone(_scan([], [_processor({})]), "cross_tenant_access", "no_permission")) == [set(), {"no_permission"}, set()]
}

test_not_applicable_when_there_is_no_processor_to_be_seen if {
	_said(_scan([object.union(_provider, {"isServiceProvider": null})], [])) == [set(), set(), {"nothing_to_judge"}]
	_said(_scan([], [fixtures.statement("processor", null)])) == [set(), set(), {"nothing_to_judge"}]
}

test_unknown_when_a_provider_has_no_id if {
	every change in [{"tenantId": null}, {"tenantId": ""}] {
		_said(_scan([object.union(_provider, change)], [_processor({})])) == [set(), {"partial"}, set()]
	}
}
