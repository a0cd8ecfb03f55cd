package domicile.consent.requests_answered_in_time_test

import data.domicile.consent.requests_answered_in_time as rule

_asked(status, at) := {"id": "u", "status": status, "createdDateTime": at}

_request(asked) := {"id": "r1", "appId": "app-1", "appDisplayName": "Planner", "userConsentRequests": asked}

_input(requests) := {
	"tenant": {"id": "t1", "name": "contoso", "cloud": "global"}, "now": "2026-11-21T00:00:00Z", "gaps": {},
	"params": {"consent_request_days": 14}, "evidence": {"consent_requests": requests},
}

_failed(doc) := found if {
	found := {[d.resource.id, d.actual] | some d in rule.deny} with input as doc
}

_unknown(doc) := found if {
	found := {[u.reason, u.kind] | some u in rule.unknown} with input as doc
}

test_passes_when_nothing_waits_too_long if {
	every requests in [[], [_request([])], [_request([_asked("InProgress", "2026-11-07T00:00:00Z"), _asked("Completed", "2026-01-01T00:00:00Z"), _asked("Expired", "2026-01-01T00:00:00Z")])]] {
		_failed(_input(requests)) == set()
		_unknown(_input(requests)) == set()
	}
	{o.value | some o in rule.observed} == {"0 applications wait for an administrator's consent"} with input as _input([_request([])])
}

test_fails_from_the_first_user_who_waits if {
	rule.deny == {{
		"resource": {"kind": "consent_request", "id": "r1", "name": "Planner"},
		"message": "The request for consent to 'Planner' has waited since '2026-11-01', for 20 days.",
		"expected": "an answer within 14 days",
		"actual": "waiting for 20 days",
	}} with input as _input([_request([_asked("InProgress", "2026-11-20T00:00:00Z"), _asked("InProgress", "2026-11-01T00:00:00Z")])])
}

test_fails_for_an_application_without_a_name if {
	request := object.union(_request([_asked("inProgress", "2026-10-01T00:00:00Z")]), {"appDisplayName": null})
	_failed(_input([request])) == {["r1", "waiting for 51 days"]}
	some finding in rule.deny with input as _input([object.union(request, {"appId": null})])
	finding.resource.name == "unnamed application"
}

test_unknown_when_a_request_is_not_readable if {
	every asked in [null, [_asked(null, "2026-10-01T00:00:00Z")], [_asked("InProgress", null)], [_asked("InProgress", "soon")]] {
		_unknown(_input([_request(asked)])) == {["partial", "consent_requests"]}
		_failed(_input([_request(asked)])) == set()
	}
}

test_unknown_when_a_state_is_none_that_is_known if {
	every status in ["", "unknownFutureValue"] {
		_unknown(_input([_request([_asked(status, "2026-01-01T00:00:00Z")])])) == {["partial", "consent_requests"]}
	}
}
