package domicile.consent.admin_consent_workflow_on_test

import data.domicile.consent.admin_consent_workflow_on as rule

_ada := "00000000-0000-4000-8000-00000000000a"

_bob := "00000000-0000-4000-8000-00000000000b"

_reviewer(path) := {"query": path, "queryType": "MicrosoftGraph", "queryRoot": null}

_policy := {
	"isEnabled": true, "notifyReviewers": true, "remindersEnabled": true, "requestDurationInDays": 30,
	"reviewers": [_reviewer(sprintf("/users/%s", [_ada])), _reviewer(sprintf("/v1.0/users/%s", [_bob]))],
}

_users := {_ada: {"id": _ada, "accountEnabled": true}, _bob: {"id": _bob, "accountEnabled": true}}

_disabled(id) := {id: {"id": id, "accountEnabled": false}}

_input(policies, users) := {
	"tenant": {"id": "t1", "name": "contoso", "cloud": "global"}, "now": "2026-11-21T00:00:00Z", "profile": "xdr-current",
	"params": {"consent_request_max_days": 30}, "gaps": {},
	"evidence": {"admin_consent_policy": policies}, "lookup": {"users": users},
}

_set(change) := _input([object.union(_policy, change)], _users)

_unread := {"lookup": {"users": {}}, "gaps": {"users": {"reason": "no_permission", "status": 403, "code": ""}}}

_messages(found) := {d.message | some d in found}

_quiet if {
	count(rule.deny) == 0
	count(rule.unknown) == 0
}

test_passes_when_on_with_enabled_reviewers if {
	_quiet with input as _input([_policy], _users)
	seen := rule.observed with input as _input([_policy], _users)
	seen == {{"fact": "setting", "service": "", "value": "on, 2 reviewers, reminders on, requests open for 30 days", "tier": "", "kind": "admin_consent_policy"}}
}

test_passes_when_one_reviewer_is_enabled_or_a_group if {
	_quiet with input as _input([_policy], object.union(_users, _disabled(_ada)))
	_quiet with input as _input([_policy], object.remove(_users, [_ada]))
	group := {"reviewers": [_reviewer("/groups/00000000-0000-4000-8000-00000000000c/transitiveMembers/microsoft.graph.user")]}
	_quiet with input as _set(group)
}

test_passes_at_the_bounds_of_the_duration if {
	_quiet with input as _set({"requestDurationInDays": 5})
	_quiet with input as object.union(_set({"requestDurationInDays": 60}), {"params": {"consent_request_max_days": 60}})
}

test_passes_and_says_so_when_users_were_not_read if {
	tenant := object.union(object.remove(_set({}), ["lookup"]), _unread)
	_quiet with input as tenant
	seen := rule.observed with input as tenant
	"whether the reviewers are enabled was not checked" in {o.value | some o in seen}
}

test_observed_says_when_reviewers_are_not_told if {
	_quiet with input as _set({"notifyReviewers": false})
	seen := rule.observed with input as _set({"notifyReviewers": false})
	"reviewers are not told of new requests" in {o.value | some o in seen}
}

test_fails_when_off if {
	found := rule.deny with input as _set({"isEnabled": false, "reviewers": [], "remindersEnabled": false})
	found == {{
		"resource": {"kind": "tenant", "id": "t1", "name": "contoso"},
		"message": "The admin consent workflow is off, so that users have no way to ask.",
		"expected": "on, with a reviewer who is enabled, reminders, and requests open for 5 to 30 days",
		"actual": "off",
	}}
}

test_fails_without_reviewers if {
	every reviewers in [[], [_reviewer(null)], [_reviewer("")]] {
		found := rule.deny with input as _set({"reviewers": reviewers})
		_messages(found) == {"No reviewer is named for admin consent requests."}
	}
}

test_fails_when_every_reviewer_is_disabled_or_deleted if {
	found := rule.deny with input as _input([_policy], _disabled(_ada))
	_messages(found) == {"None of the 2 reviewers of admin consent requests is an enabled account."}
	partial := object.union(_input([_policy], object.union(_disabled(_ada), _disabled(_bob))), {"gaps": _unread.gaps})
	count(rule.deny) == 1 with input as partial
}

test_fails_without_reminders if {
	found := rule.deny with input as _set({"remindersEnabled": false})
	_messages(found) == {"Reviewers get no reminder of admin consent requests that expire."}
	{d.actual | some d in found} == {"on, 2 reviewers, reminders off, requests open for 30 days"}
}

test_fails_when_the_duration_is_out_of_bounds if {
	every days in [4, 31] {
		found := rule.deny with input as _set({"requestDurationInDays": days})
		_messages(found) == {sprintf("Admin consent requests stay open for %d days.", [days])}
	}
}

test_fails_once_for_several_problems if {
	found := rule.deny with input as _set({"remindersEnabled": false, "requestDurationInDays": 1})
	_messages(found) == {"Admin consent requests stay open for 1 days. Reviewers get no reminder of admin consent requests that expire."}
}

test_unknown_when_the_policy_does_not_say if {
	every policies in [[], [object.remove(_policy, ["isEnabled"])], [object.union(_policy, {"isEnabled": null})]] {
		found := rule.unknown with input as _input(policies, _users)
		{[u.reason, u.kind] | some u in found} == {["partial", "admin_consent_policy"]}
		count(rule.deny) == 0 with input as _input(policies, _users)
	}
}

test_unknown_when_a_setting_was_not_read if {
	every member in ["remindersEnabled", "requestDurationInDays", "reviewers"] {
		every tenant in [_set({member: null}), _input([object.remove(_policy, [member])], _users)] {
			found := rule.unknown with input as tenant
			{u.message | some u in found} == {sprintf("The admin consent policy was read without %s; collect it again.", [member])}
			count(rule.deny) == 0 with input as tenant
		}
	}
	seen := rule.observed with input as _set({"requestDurationInDays": null})
	{o.value | some o in seen} == {"on, 2 reviewers, reminders on, requests open for an unknown number of days"}
}

test_fails_for_a_duration_that_is_no_whole_number if {
	found := rule.deny with input as _set({"requestDurationInDays": 1.5})
	{d.message | some d in found} == {"Admin consent requests stay open for 1.5 days."}
}
