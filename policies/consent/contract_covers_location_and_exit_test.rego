package domicile.consent.contract_covers_location_and_exit_test

import data.domicile.consent.contract_covers_location_and_exit as rule

_contract(value) := {"fact": "contract", "file": "contract.yaml", "observedAt": "2026-10-01T00:00:00Z", "value": value, "checks": [{"name": "tenant", "ok": true}]}

_refs := {"contractRef": "EA-8841", "registerRef": "ROI-2026-22", "exitPlanRef": "EXIT-07"}

_input(statements, regimes, missing) := {
	"tenant": {"id": "t1", "name": "contoso", "cloud": "global"}, "gaps": {},
	"params": {"regimes": regimes, "missing_record": missing}, "evidence": {"attestations": statements},
}

_failed(doc) := found if {
	found := {[d.resource.id, d.actual] | some d in rule.deny} with input as doc
}

_unknown(doc) := found if {
	found := {[u.reason, u.kind] | some u in rule.unknown} with input as doc
}

test_passes_with_all_three_references if {
	doc := _input([_contract(_refs)], ["gdpr", "DORA"], "unknown")
	_failed(doc) == set()
	_unknown(doc) == set()
	count(rule.not_applicable) == 0 with input as doc
	{o.value | some o in rule.observed} == {"contractRef 'EA-8841'", "registerRef 'ROI-2026-22'", "exitPlanRef 'EXIT-07'"} with input as doc
}

test_fails_when_references_are_missing if {
	rule.deny == {{
		"resource": {"kind": "attestation", "id": "contract", "name": "contract"},
		"message": "The record 'contract.yaml' names no exitPlanRef, no registerRef.",
		"expected": "references to the contract, the register of information and the exit plan",
		"actual": "no exitPlanRef, no registerRef",
	}} with input as _input([_contract({"contractRef": "EA-8841", "registerRef": " "})], ["dora"], "unknown")
}

test_fails_without_a_record_where_that_is_asked if {
	_failed(_input([], ["dora"], "fail")) == {["contract", "no record"]}
	_unknown(_input([], ["dora"], "fail")) == set()
}

test_unknown_without_a_valid_record if {
	_unknown(_input([], ["dora"], "unknown")) == {["needs_attestation", "attestations"]}
	invalid := object.union(_contract(_refs), {"checks": [{"name": "people", "ok": false}]})
	_unknown(_input([invalid], ["dora"], "unknown")) == {["needs_attestation", "attestations"]}
	_failed(_input([invalid], ["dora"], "unknown")) == set()
}

test_not_applicable_where_the_regime_is_not_named if {
	{n.reason | some n in rule.not_applicable} == {"switched_off"} with input as _input([_contract({})], ["gdpr"], "fail")
	_failed(_input([], ["gdpr"], "fail")) == set()
	_unknown(_input([], ["gdpr"], "unknown")) == set()
}
