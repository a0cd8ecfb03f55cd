package domicile.consent.users_register_no_applications_test

import data.domicile.consent.users_register_no_applications as rule

_input(policies) := {"tenant": {"id": "t1", "name": "contoso", "cloud": "global"}, "gaps": {}, "evidence": {"authorization_policy": policies}}

_policy(allowed) := {"defaultUserRolePermissions": {"allowedToCreateApps": allowed}}

test_passes_when_users_may_not if {
	count(rule.deny) == 0 with input as _input([_policy(false)])
	count(rule.unknown) == 0 with input as _input([_policy(false)])
}

test_fails_when_users_may if {
	rule.deny == {{
		"resource": {"kind": "tenant", "id": "t1", "name": "contoso"},
		"message": "Every user may register applications (allowedToCreateApps is true).",
		"expected": "allowedToCreateApps false",
		"actual": "allowedToCreateApps true",
	}} with input as _input([_policy(true)])
	count(rule.unknown) == 0 with input as _input([_policy(true)])
}

test_unknown_when_it_is_not_said if {
	every policies in [[], [_policy(null)], [{"defaultUserRolePermissions": null}], [{}]] {
		{[u.reason, u.kind] | some u in rule.unknown} == {["partial", "authorization_policy"]} with input as _input(policies)
		count(rule.deny) == 0 with input as _input(policies)
	}
}
