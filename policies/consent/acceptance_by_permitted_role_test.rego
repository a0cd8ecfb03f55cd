package domicile.consent.acceptance_by_permitted_role_test

import data.domicile.consent.acceptance_by_permitted_role as rule
import data.domicile.lib.service

_on := {"state": "on", "tier": "proxy", "row": 6, "reason": "", "kind": "hunting_probe", "message": "It answers."}

_off := {"state": "off", "tier": "api", "row": 4, "reason": "", "kind": "defender_api_probe", "message": "It is off."}

_security_administrator := "194ae4cb-b126-40b2-bd5b-6091b380977d"

_value := {
	"accepted": true, "decidedAt": "2026-09-01T10:00:00Z", "turnedOnAt": "2026-09-01",
	"decidedBy": {"upn": "ada@contoso.example", "objectId": "o1", "roleAtTheTime": _security_administrator},
}

_good := {
	"fact": "service-decision", "file": "decision.yaml", "observedAt": "2026-10-01T00:00:00Z", "signed": true, "value": _value,
	"checks": [{"name": "tenant", "ok": true, "message": ""}],
}

_with(change) := object.union(object.remove(_good, ["value"]), {"value": object.union(_value, change)})

_without(members) := object.union(object.remove(_good, ["value"]), {"value": object.remove(_value, members)})

_by(person) := object.union(object.remove(_good, ["value"]), {"value": object.union(object.remove(_value, ["decidedBy"]), {"decidedBy": person})})

_input(statements) := {
	"tenant": {"id": "t1", "name": "contoso", "cloud": "global"}, "now": "2026-11-21T00:00:00Z", "profile": "xdr-current", "params": {},
	"evidence": {"attestations": statements, "incidents_probe": []}, "gaps": {},
}

_incident(at) := {"evidence": {"incidents_probe": [{"status": 200, "seen": {"id": "1", "createdDateTime": at}}]}}

_quiet if {
	count(rule.deny) == 0
	count(rule.unknown) == 0
	count(rule.not_applicable) == 0
}

test_passes_when_a_permitted_role_decided_before if {
	_quiet with input as _input([_good]) with service.state as _on
	seen := rule.observed with input as _input([_good]) with service.state as _on
	{o.value | some o in seen} == {"'ada@contoso.example' as 'Security Administrator' on '2026-09-01T10:00:00Z'"}
}

test_passes_by_the_name_of_each_of_the_nine_roles if {
	every role in ["security reader", " Global Reader ", "Compliance Data Administrator", "Cloud Application Administrator"] {
		_quiet with input as _input([_by({"upn": "a", "roleAtTheTime": role})]) with service.state as _on
	}
}

test_passes_without_a_start_when_the_service_is_off if {
	_quiet with input as _input([_without(["turnedOnAt"])]) with service.state as _off
}

test_fails_when_the_role_was_not_permitted if {
	found := rule.deny with input as _input([_by({"upn": "ada@contoso.example", "roleAtTheTime": "Helpdesk Administrator"})]) with service.state as _on
	{[d.resource, d.actual] | some d in found} == {[{"kind": "attestation", "id": "service-decision", "name": "decision.yaml"}, "role 'Helpdesk Administrator'"]}
	count(rule.unknown) == 0 with input as _input([_by({"upn": "a", "roleAtTheTime": "Helpdesk Administrator"})]) with service.state as _on
}

test_fails_in_2020_for_a_role_of_today if {
	statement := object.union(_good, {"fact": "terms-accepted", "value": {"decidedBy": {"roleAtTheTime": "Security Reader"}}})
	tenant := object.union(_input([statement]), {"profile": "mtp-2020-a"})
	found := rule.deny with input as tenant with service.state as _on
	{[d.resource.id, d.actual, d.expected] | some d in found} == {[
		"terms-accepted", "role 'Security Reader'",
		"one of the roles Global Administrator, Security Administrator, before the service was turned on",
	]}
}

test_fails_when_decided_after_the_start if {
	late := _with({"decidedAt": "2026-09-02"})
	found := rule.deny with input as _input([late]) with service.state as _on
	{d.actual | some d in found} == {"accepted '2026-09-02', turned on '2026-09-01'"}
	precise := _with({"turnedOnAt": "2026-09-01T09:59:59Z"})
	count(rule.deny) == 1 with input as _input([precise]) with service.state as _on
}

test_fails_once_for_several_problems if {
	both := object.union(_by({"upn": "a", "roleAtTheTime": "CISO"}), {"value": {"turnedOnAt": "2026-08-01"}})
	found := rule.deny with input as _input([both]) with service.state as _on
	{d.actual | some d in found} == {"accepted '2026-09-01T10:00:00Z', turned on '2026-08-01'; role 'CISO'"}
}

test_fails_when_an_incident_is_older_than_the_acceptance if {
	tenant := object.union(_input([_good]), _incident("2026-08-31T00:00:00Z"))
	found := rule.deny with input as tenant with service.state as _on
	{d.actual | some d in found} == {"accepted '2026-09-01T10:00:00Z', incident of '2026-08-31T00:00:00Z'"}
	earlier := {"evidence": {"incidents_probe": [{"status": 200, "seen": null, "earlier": {"id": "0", "createdDateTime": "2026-08-01T00:00:00Z"}}]}}
	count(rule.deny) == 1 with input as object.union(_input([_good]), earlier) with service.state as _on
}

test_passes_when_incidents_are_younger if {
	_quiet with input as object.union(_input([_good]), _incident("2026-09-02T00:00:00Z")) with service.state as _on
}

test_unknown_when_the_record_is_incomplete if {
	cases := [
		[_without(["turnedOnAt"]), "turnedOnAt"],
		[_with({"turnedOnAt": "spring"}), "turnedOnAt"],
		[_without(["decidedAt"]), "the day of the acceptance"],
		[_without(["accepted"]), "whether it was accepted"],
		[_by({"upn": "ada@contoso.example"}), "roleAtTheTime"],
		[_by({"upn": "ada@contoso.example", "roleAtTheTime": null}), "roleAtTheTime"],
		[_by({"roleAtTheTime": _security_administrator}), "the person"],
	]
	every case in cases {
		found := rule.unknown with input as _input([case[0]]) with service.state as _on
		{u.reason | some u in found} == {"needs_attestation"}
		contains(concat("", {u.message | some u in found}), case[1])
		count(rule.deny) == 0 with input as _input([case[0]]) with service.state as _on
	}
}

test_unknown_when_there_is_no_valid_record if {
	invalid := object.union(_good, {"checks": [{"name": "people", "ok": false, "message": "one person"}]})
	every state in [_on, _off] {
		found := rule.unknown with input as _input([invalid]) with service.state as state
		{u.reason | some u in found} == {"needs_attestation"}
	}
	found := rule.unknown with input as _input([]) with service.state as _on
	{u.reason | some u in found} == {"needs_attestation"}
	count(rule.not_applicable) == 0 with input as _input([]) with service.state as _on
}

test_not_applicable_when_off_without_a_record if {
	na := rule.not_applicable with input as _input([]) with service.state as _off
	{n.reason | some n in na} == {"switched_off"}
	count(rule.unknown) == 0 with input as _input([]) with service.state as _off
}

test_not_applicable_when_refused if {
	na := rule.not_applicable with input as _input([_with({"accepted": false})]) with service.state as _on
	{n.reason | some n in na} == {"nothing_to_judge"}
	count(rule.deny) == 0 with input as _input([_with({"accepted": false})]) with service.state as _on
	count(rule.unknown) == 0 with input as _input([_with({"accepted": false})]) with service.state as _on
}

test_observed_says_when_nobody_is_named if {
	seen := rule.observed with input as _input([_without(["decidedBy", "decidedAt"])]) with service.state as _on
	{o.value | some o in seen} == {"'an unnamed person' as 'an unnamed role' on 'an unnamed day'"}
}

test_unknown_when_the_role_is_blank if {
	every role in ["", " "] {
		tenant := _input([_by({"upn": "ada@contoso.example", "roleAtTheTime": role})])
		count(rule.deny) == 0 with input as tenant with service.state as _on
		count(rule.unknown) == 1 with input as tenant with service.state as _on
	}
}
