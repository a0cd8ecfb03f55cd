package domicile.consent.users_give_no_consent_test

import data.domicile.consent.users_give_no_consent as rule

_input(wanted, entries) := {
	"tenant": {"id": "t1", "name": "contoso", "cloud": "global"}, "gaps": {}, "params": {"user_consent": wanted},
	"evidence": {"authorization_policy": [{"defaultUserRolePermissions": {"permissionGrantPoliciesAssigned": entries}}]},
}

_team := "ManagePermissionGrantsForOwnedResource.microsoft-dynamically-managed-permissions-for-team"

test_passes_when_no_policy_is_for_users_own_consent if {
	every entries in [[], [_team]] {
		count(rule.deny) == 0 with input as _input("none", entries)
		count(rule.unknown) == 0 with input as _input("none", entries)
		count(rule.not_applicable) == 0 with input as _input("none", entries)
	}
}

test_fails_for_any_policy if {
	rule.deny == {{
		"resource": {"kind": "tenant", "id": "t1", "name": "contoso"},
		"message": "No user consent is wanted, and the policies 'custom', 'microsoft-user-default-low' allow some.",
		"expected": "no policy for users' own consent",
		"actual": "'custom', 'microsoft-user-default-low'",
	}} with input as _input("none", ["ManagePermissionGrantsForSelf.microsoft-user-default-low", "ManagePermissionGrantsForSelf.custom", _team])
}

test_unknown_when_the_list_was_not_read if {
	{[u.reason, u.kind] | some u in rule.unknown} == {["partial", "authorization_policy"]} with input as _input("none", null)
	count(rule.deny) == 0 with input as _input("none", null)
}

test_not_applicable_where_some_consent_is_wanted if {
	every wanted in ["low", "microsoft_managed"] {
		{n.reason | some n in rule.not_applicable} == {"switched_off"} with input as _input(wanted, ["ManagePermissionGrantsForSelf.microsoft-user-default-legacy"])
		count(rule.deny) == 0 with input as _input(wanted, ["ManagePermissionGrantsForSelf.microsoft-user-default-legacy"])
		count(rule.unknown) == 0 with input as _input(wanted, null)
	}
}
