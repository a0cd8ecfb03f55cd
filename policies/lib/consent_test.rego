package domicile.lib.consent_test

import data.domicile.lib.consent_policies as consent

_policies(entries) := [{"defaultUserRolePermissions": {"permissionGrantPoliciesAssigned": entries}}]

test_own_and_owned_are_told_apart if {
	mixed := _policies(["ManagePermissionGrantsForSelf.microsoft-user-default-low", "bare", "ManagePermissionGrantsForOwnedResource.Custom"])
	consent.own(mixed) == {"microsoft-user-default-low", "bare"}
	consent.owned(mixed) == {"custom"}
}

test_the_empty_list_is_not_null if {
	consent.own(_policies([])) == set()
	consent.owned(_policies([])) == set()
	not consent.own(_policies(null))
	not consent.owned([{}])
	not consent.own([])
}

test_texts_leaves_out_what_is_no_text if consent.texts(["A", null, 7]) == ["a"]
