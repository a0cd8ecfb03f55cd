package domicile.licences.licence_assignments_without_error_test

import data.domicile.licences.licence_assignments_without_error as rule

_user := {"id": "u1", "userPrincipalName": "ann@contoso.example", "licenseAssignmentStates": [{"skuId": "s1", "state": "Active", "error": "None"}]}

_with(states) := {"evidence": {"users": [_user, object.union(_user, {"id": "u2", "userPrincipalName": "bob@contoso.example", "licenseAssignmentStates": states})]}, "gaps": {}}

_failed(doc) := found if {
	found := {[d.resource.id, d.actual] | some d in rule.deny} with input as doc
}

_unknown(doc) := found if {
	found := {[u.reason, u.kind] | some u in rule.unknown} with input as doc
}

test_passes_when_every_assignment_is_active_or_switched_off if {
	doc := _with([{"skuId": "s1", "state": "Active", "error": "None"}, {"skuId": "s2", "state": "Disabled", "error": null}])
	_failed(doc) == set()
	_unknown(doc) == set()
	count(rule.not_applicable) == 0 with input as doc
}

test_fails_for_each_user_with_an_error if {
	rule.deny == {{
		"resource": {"kind": "user", "id": "u2", "name": "bob@contoso.example"},
		"message": "Licence assignments of 'bob@contoso.example' are in error: 's1 CountViolation', 's2 MutuallyExclusiveViolation'.",
		"expected": "every assignment active",
		"actual": "'s1 CountViolation', 's2 MutuallyExclusiveViolation'",
	}} with input as _with([{"skuId": "s1", "state": "Error", "error": "CountViolation"}, {"skuId": "s2", "state": "ActiveWithError", "error": "MutuallyExclusiveViolation"}])
}

test_fails_when_the_error_has_no_name if {
	_failed(_with([{"skuId": "s1", "state": "Error", "error": "None"}, {"skuId": null, "state": "Error", "error": null}])) == {["u2", "'s1 Error', 'unnamed Error'"]}
}

test_unknown_when_states_were_not_read if {
	_unknown(_with(null)) == {["partial", "users"]}
	_failed(_with(null)) == set()
	_unknown({"evidence": {"users": [object.remove(_user, ["licenseAssignmentStates"])]}, "gaps": {}}) == {["partial", "users"]}
}

test_not_applicable_when_nobody_has_a_licence if {
	doc := {"evidence": {"users": [object.union(_user, {"licenseAssignmentStates": []})]}, "gaps": {}}
	{n.reason | some n in rule.not_applicable} == {"nothing_to_judge"} with input as doc
	count(rule.not_applicable) == 1 with input as {"evidence": {"users": []}, "gaps": {}}
}

test_unknown_when_an_assignment_does_not_say_its_state if {
	every state in [{"skuId": "s1", "state": null, "error": "None"}, {"skuId": "s1"}] {
		_failed(_with([state])) == set()
		_unknown(_with([state])) == {["partial", "users"]}
	}
}
