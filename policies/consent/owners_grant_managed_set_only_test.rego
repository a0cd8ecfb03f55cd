package domicile.consent.owners_grant_managed_set_only_test

import data.domicile.consent.owners_grant_managed_set_only as rule

_input(names, policies) := {
	"tenant": {"id": "t1", "name": "contoso", "cloud": "global"}, "gaps": {},
	"evidence": {
		"authorization_policy": [{"defaultUserRolePermissions": {"permissionGrantPoliciesAssigned": array.concat(
			["ManagePermissionGrantsForSelf.microsoft-user-default-legacy"],
			[concat("", ["ManagePermissionGrantsForOwnedResource.", name]) | some name in names],
		)}}],
		"permission_grant_policies": policies,
	},
}

_include := {"permissions": ["all"], "clientApplicationIds": ["all"], "clientApplicationTenantIds": ["all"], "clientApplicationsFromVerifiedPublisherOnly": false}

_custom(change) := _input(["Ours"], [{"id": "ours", "includes": [object.union(_include, change)]}])

_failed(doc) := found if {
	found := {d.actual | some d in rule.deny} with input as doc
}

_unknown(doc) := found if {
	found := {[u.reason, u.kind] | some u in rule.unknown} with input as doc
}

test_passes_for_the_managed_and_the_pre_approved_set if {
	doc := _input(["microsoft-dynamically-managed-permissions-for-team", "microsoft-pre-approval-apps-for-chat"], [])
	_failed(doc) == set()
	_unknown(doc) == set()
	{o.value | some o in rule.observed} == {"owners may grant by 'microsoft-dynamically-managed-permissions-for-team'", "owners may grant by 'microsoft-pre-approval-apps-for-chat'"} with input as doc
}

test_passes_when_owners_may_grant_nothing if {
	_failed(_input([], [])) == set()
	{o.value | some o in rule.observed} == {"owners may grant nothing"} with input as _input([], [])
}

test_passes_for_a_bounded_policy_of_the_organisation if {
	every change in [{"permissions": ["p1"]}, {"clientApplicationsFromVerifiedPublisherOnly": true}, {"clientApplicationIds": ["a1"]}, {"clientApplicationTenantIds": ["t1"]}] {
		_failed(_custom(change)) == set()
		_unknown(_custom(change)) == set()
	}
}

test_fails_for_microsofts_other_policies if {
	rule.deny == {{
		"resource": {"kind": "tenant", "id": "t1", "name": "contoso"},
		"message": "Owners of teams or chats may grant applications more than Microsoft's managed set, by the policies 'microsoft-all-application-permissions-for-chat'.",
		"expected": "Microsoft's managed policies for teams and chats, pre-approved applications, or none",
		"actual": "'microsoft-all-application-permissions-for-chat'",
	}} with input as _input(["microsoft-all-application-permissions-for-chat", "microsoft-dynamically-managed-permissions-for-team"], [])
}

test_fails_for_an_unbounded_policy_of_the_organisation if {
	every change in [{}, {"permissions": null, "clientApplicationIds": null, "clientApplicationTenantIds": []}] {
		_failed(_custom(change)) == {"'ours'"}
	}
}

test_unknown_when_the_organisations_policy_was_not_read if {
	doc := _input(["ours"], [])
	_unknown(doc) == {["partial", "permission_grant_policies"]}
	_failed(doc) == set()
	refused := object.union(doc, {"gaps": {"permission_grant_policies": {"reason": "no_permission", "status": 403, "code": ""}}})
	_unknown(refused) == {["no_permission", "permission_grant_policies"]}
	_unknown(_input(["ours"], [{"id": "ours", "includes": null}, {"id": null}])) == {["partial", "permission_grant_policies"]}
}

test_unknown_when_the_list_was_not_read if {
	doc := object.union(_input([], []), {"evidence": {"authorization_policy": [{}]}})
	_unknown(doc) == {["partial", "authorization_policy"]}
	_failed(doc) == set()
}
