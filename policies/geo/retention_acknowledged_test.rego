package domicile.geo.retention_acknowledged_test

import data.domicile.geo.retention_acknowledged as rule
import data.domicile.lib.geo_fixtures_test as fixtures

_kept(value) := fixtures.statement("retention", value)

_value := {"days": 180, "services": [{"service": "endpoint", "days": 30}], "acknowledged": ["hunting data is kept for 30 days"]}

_with(changes) := [_kept(object.union(_value, changes))]

_scan(statements) := fixtures.with_evidence({"attestations": statements})

_said(scan) := [denied, unknown] if {
	denied := {finding.actual | some finding in rule.deny} with input as scan
	unknown := {entry.reason | some entry in rule.unknown} with input as scan
}

test_passes_when_what_differs_is_acknowledged if {
	_said(_scan(_with({}))) == [set(), set()]
	_said(_scan(_with({"services": []}))) == [set(), set()]
	_said(_scan(_with({"services": [{"service": "endpoint", "days": 180}], "acknowledged": []}))) == [set(), set()]
	_said(fixtures.with_params(_scan(_with({})), {"retention_min_days": 180, "retention_max_days": 180})) == [set(), set()]
}

test_fails_when_what_differs_is_not_acknowledged if {
	found := rule.deny with input as _scan(_with({"acknowledged": [" "]}))
	found == {{
		"resource": {"kind": "attestation", "id": "retention", "name": "retention.yaml"},
		"message": "By the statement 'retention.yaml' the service keeps data for 180 days and 'endpoint' for others, and nobody acknowledged it.",
		"expected": "what differs, one by one under acknowledged", "actual": "180 days, 0 commitments acknowledged",
	}}
}

test_fails_when_the_period_is_outside_the_limits if {
	_said(fixtures.with_params(_scan(_with({})), {"retention_max_days": 90})) == [{"180 days, 1 commitments acknowledged"}, set()]
	_said(fixtures.with_params(_scan(_with({})), {"retention_min_days": 365})) == [{"180 days, 1 commitments acknowledged"}, set()]
}

test_fails_without_a_record_when_that_is_a_failure if {
	_said(fixtures.with_params(_scan([]), {"missing_record": "fail"})) == [{"no statement"}, set()]
}

test_unknown_without_a_record if {
	_said(_scan([])) == [set(), {"needs_attestation"}]
	_said(_scan([fixtures.expired(_kept(_value))])) == [set(), {"needs_attestation"}]
}

test_unknown_when_the_record_does_not_say if {
	_said(_scan(_with({"days": null}))) == [set(), {"needs_attestation"}]
	_said(_scan([_kept({"days": 180})])) == [set(), {"needs_attestation"}]
	count(rule.unknown) == 2 with input as _scan([_kept(null)])
}

test_observed_shows_each_period if {
	statement := _with({"services": [{"service": "endpoint", "days": 30}, {"service": "the archive", "days": 365}, {"service": null, "days": 1}]})
	found := {[seen.service, seen.value] | some seen in rule.observed} with input as _scan(statement)
	found == {["xdr", "180 days"], ["defender_for_endpoint", "'endpoint': 30 days"], ["", "'the archive': 365 days"]}
}
