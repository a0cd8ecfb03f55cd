package domicile.consent.acceptance_on_record_test

import data.domicile.consent.acceptance_on_record as rule
import data.domicile.lib.service

_on := {"state": "on", "tier": "proxy", "row": 6, "reason": "", "kind": "hunting_probe", "message": "It answers."}

_off := {"state": "off", "tier": "api", "row": 4, "reason": "", "kind": "defender_api_probe", "message": "It is off."}

_dark := {"state": "unknown", "tier": "", "row": 11, "reason": "no_permission", "kind": "incidents_probe", "message": "Grant it."}

_decision := {
	"fact": "service-decision", "file": "decision.yaml", "observedAt": "2026-10-01T00:00:00Z", "signed": true,
	"value": {
		"accepted": true, "edition": "Product Terms 2026-09", "decidedAt": "2026-09-30",
		"decidedBy": {"upn": "ada@contoso.example", "objectId": "o1", "roleAtTheTime": "Security Administrator"},
	},
	"checks": [{"name": "tenant", "ok": true, "message": ""}],
}

_terms := object.union(_decision, {"fact": "terms-accepted", "file": "terms.yaml"})

_refusal(statement) := object.union(statement, {"value": {"accepted": false}})

_invalid(statement) := object.union(statement, {"checks": [{"name": "dates", "ok": false, "message": "expired"}]})

_input(statements, contexts) := {
	"tenant": {"id": "t1", "name": "contoso", "cloud": "global"},
	"now": "2026-11-21T00:00:00Z",
	"profile": "xdr-current",
	"params": {"missing_record": "unknown"},
	"evidence": {"attestations": statements, "portal_tenant_context": contexts},
	"gaps": {},
}

_input_2020(statements, contexts) := object.union(_input(statements, contexts), {"profile": "mtp-2020-a"})

_consents(value) := [{"MtpConsent": value, "AuthInfo": {"TenantId": "t1"}, "savedAt": "2026-11-20T00:00:00Z"}]

_tenant := {"kind": "tenant", "id": "t1", "name": "contoso"}

_quiet if {
	count(rule.deny) == 0
	count(rule.unknown) == 0
	count(rule.not_applicable) == 0
}

test_row_1_not_applicable_when_off_without_a_record if {
	na := rule.not_applicable with input as _input([], []) with service.state as _off
	{n.reason | some n in na} == {"switched_off"}
	count(rule.deny) == 0 with input as _input([], []) with service.state as _off
	count(rule.unknown) == 0 with input as _input([], []) with service.state as _off
}

test_row_2_passes_when_a_valid_record_says_accepted if {
	_quiet with input as _input([_decision], []) with service.state as _on
	seen := rule.observed with input as _input([_decision], []) with service.state as _on
	seen == {{
		"fact": "consent", "service": "xdr", "tier": "attested", "kind": "attestations",
		"value": "accepted on '2026-09-30' by 'ada@contoso.example', terms 'Product Terms 2026-09', signed, 'decision.yaml'",
	}}
}

test_row_2_passes_whatever_the_state if {
	every state in [_off, _dark] {
		_quiet with input as _input([_decision], []) with service.state as state
	}
}

test_row_2_says_that_a_bare_record_is_unsigned_and_unnamed if {
	bare := object.union(object.remove(_decision, ["value", "file"]), {"signed": false, "value": {"accepted": true}})
	seen := rule.observed with input as _input([bare], []) with service.state as _on
	{o.value | some o in seen} == {"accepted on 'an unnamed day' by 'an unnamed person', terms 'unnamed', unsigned, 'unnamed file'"}
}

test_row_2_asks_for_the_fact_of_the_profile if {
	_quiet with input as _input_2020([_terms], []) with service.state as _on
	found := rule.unknown with input as _input_2020([_decision], []) with service.state as _on
	{u.reason | some u in found} == {"needs_attestation"}
	current := rule.unknown with input as _input([_terms], []) with service.state as _on
	{u.reason | some u in current} == {"needs_attestation"}
	since_late_2020 := object.union(_input([_decision], []), {"profile": "mtp-2020-b"})
	_quiet with input as since_late_2020 with service.state as _on
}

test_row_3_fails_when_refused_and_on if {
	found := rule.deny with input as _input([_refusal(_decision)], []) with service.state as _on
	found == {{
		"resource": _tenant, "expected": "a valid statement of the fact 'service-decision' that says accepted", "actual": "refused",
		"message": "The record 'decision.yaml' says that the service was refused, and it is on.",
	}}
}

test_row_3_not_applicable_when_refused_and_off if {
	na := rule.not_applicable with input as _input([_refusal(_decision)], []) with service.state as _off
	{n.reason | some n in na} == {"switched_off"}
	count(rule.deny) == 0 with input as _input([_refusal(_decision)], []) with service.state as _off
}

test_row_3_unknown_when_refused_and_the_state_is_not_known if {
	found := rule.unknown with input as _input([_refusal(_decision)], []) with service.state as _dark
	{[u.reason, u.kind] | some u in found} == {["no_permission", "incidents_probe"]}
	count(rule.deny) == 0 with input as _input([_refusal(_decision)], []) with service.state as _dark
}

test_newest_record_decides if {
	later := object.union(_refusal(_decision), {"file": "later.yaml", "observedAt": "2026-11-01T00:00:00Z"})
	found := rule.deny with input as _input([_decision, later], []) with service.state as _on
	{d.actual | some d in found} == {"refused"}
	invalid := _invalid(later)
	_quiet with input as _input([_decision, invalid], []) with service.state as _on
}

test_unknown_when_two_records_of_one_time_disagree if {
	other := object.union(_refusal(_decision), {"file": "other.yaml"})
	found := rule.unknown with input as _input([_decision, other], []) with service.state as _on
	{u.reason | some u in found} == {"conflict"}
	count(rule.deny) == 0 with input as _input([_decision, other], []) with service.state as _on
}

test_row_4_unknown_when_only_the_portal_says_consented if {
	tenant := _input_2020([], _consents(true))
	found := rule.unknown with input as tenant with service.state as _on
	{[u.reason, u.kind] | some u in found} == {["needs_attestation", "attestations"]}
	seen := rule.observed with input as tenant with service.state as _on
	{[o.value, o.tier, o.kind] | some o in seen} == {["MtpConsent is true", "portal", "portal_tenant_context"]}
}

test_row_4_unknown_and_not_shown_in_later_profiles if {
	tenant := object.union(_input([], _consents(true)), {"params": {"missing_record": "fail"}})
	found := rule.unknown with input as tenant with service.state as _on
	{u.reason | some u in found} == {"needs_attestation"}
	count(rule.deny) == 0 with input as tenant with service.state as _on
	count(rule.observed) == 0 with input as tenant with service.state as _on
}

test_row_5_fails_when_the_portal_says_refused_and_on if {
	every statements in [[], [_invalid(_terms)]] {
		found := rule.deny with input as _input_2020(statements, _consents(false)) with service.state as _on
		{d.actual | some d in found} == {"not consented to"}
	}
}

test_row_5_is_ignored_in_later_profiles_and_when_not_on if {
	count(rule.deny) == 0 with input as _input([], _consents(false)) with service.state as _on
	count(rule.deny) == 0 with input as _input_2020([], _consents(false)) with service.state as _dark
	found := rule.unknown with input as _input([], _consents(false)) with service.state as _on
	{u.reason | some u in found} == {"needs_attestation"}
}

test_row_5_gives_way_to_a_valid_record if {
	_quiet with input as _input_2020([_terms], _consents(false)) with service.state as _on
}

test_row_5_ignores_another_tenants_context if {
	foreign := [object.union(_consents(false)[0], {"AuthInfo": {"TenantId": "t2"}})]
	count(rule.deny) == 0 with input as _input_2020([], foreign) with service.state as _on
}

test_row_6_unknown_when_the_record_is_invalid if {
	every state in [_on, _off, _dark] {
		found := rule.unknown with input as _input([_invalid(_decision)], []) with service.state as state
		{u.reason | some u in found} == {"needs_attestation"}
		contains(concat("", {u.message | some u in found}), "CONS1004")
		count(rule.not_applicable) == 0 with input as _input([_invalid(_decision)], []) with service.state as state
	}
}

test_unknown_when_the_record_does_not_say if {
	silent := object.union(object.remove(_decision, ["value"]), {"value": {"accepted": null}})
	found := rule.unknown with input as _input([silent], []) with service.state as _on
	{u.reason | some u in found} == {"needs_attestation"}
	contains(concat("", {u.message | some u in found}), "does not say")
}

test_row_7_unknown_when_there_is_no_record if {
	every state in [_on, _dark] {
		found := rule.unknown with input as _input([], []) with service.state as state
		{u.message | some u in found} == {"No statement of the fact 'service-decision' is on record; write one with 'domicile attest new service-decision'."}
		count(rule.deny) == 0 with input as _input([], []) with service.state as state
	}
}

test_row_7_fails_when_a_missing_record_is_a_failure if {
	strict := object.union(_input([], []), {"params": {"missing_record": "fail"}})
	found := rule.deny with input as strict with service.state as _on
	{d.actual | some d in found} == {"no record"}
	count(rule.unknown) == 0 with input as strict with service.state as _on
}

test_rows_1_and_7_follow_the_state_that_the_probes_give if {
	off := object.union(_input([], []), {"evidence": {
		"incidents_probe": [], "hunting_probe": [], "subscribed_skus": [],
		"defender_api_probe": [{"status": 403, "code": "DisabledFeature", "permitted": true}],
	}})
	na := rule.not_applicable with input as off
	{n.reason | some n in na} == {"switched_off"}
	dark := object.union(off, {"evidence": {"defender_api_probe": []}})
	count(rule.not_applicable) == 0 with input as dark
	found := rule.unknown with input as dark
	{u.reason | some u in found} == {"needs_attestation"}
}
