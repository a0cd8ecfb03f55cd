package domicile.consent.user_consent_restricted_test

import data.domicile.consent.user_consent_restricted as rule
import data.domicile.lib.permissions

_low := "ManagePermissionGrantsForSelf.microsoft-user-default-low"

_team := "ManagePermissionGrantsForOwnedResource.microsoft-dynamically-managed-permissions-for-team"

_authorization(assigned) := [{"id": "authorizationPolicy", "defaultUserRolePermissions": {"permissionGrantPoliciesAssigned": assigned}}]

_classification(name) := {"id": "c1", "appId": permissions.graph, "permissionId": "p1", "permissionName": name, "classification": "low"}

_include := {
	"permissionClassification": "low", "permissionType": "delegated", "permissions": null, "resourceApplication": "any",
	"clientApplicationTenantIds": ["all"], "clientApplicationsFromVerifiedPublisherOnly": true,
}

_scope := {"resourceId": "r1", "appId": permissions.graph, "id": "p1", "value": "Mail.ReadWrite", "type": "Scope"}

_input(assigned) := {
	"tenant": {"id": "t1", "name": "contoso", "cloud": "global"}, "now": "2026-11-21T00:00:00Z", "profile": "xdr-current",
	"params": {"user_consent": "low", "high_risk_permissions": []}, "gaps": {},
	"evidence": {
		"authorization_policy": _authorization(assigned), "permission_grant_policies": [],
		"permission_classifications": [_classification("User.Read")], "resource_permissions": [],
	},
}

_change(tenant, evidence) := object.union(tenant, {"evidence": evidence})

_wanting(tenant, consent) := object.union(tenant, {"params": {"user_consent": consent}})

_custom(include) := _change(_input(["ManagePermissionGrantsForSelf.our-policy"]), {"permission_grant_policies": [{"id": "Our-Policy", "includes": [object.union(_include, include)]}]})

_gap(kind, reason) := {"gaps": {kind: {"reason": reason, "status": 403, "code": ""}}}

_quiet if {
	count(rule.deny) == 0
	count(rule.unknown) == 0
}

_values(found) := {o.value | some o in found}

test_row_1_unknown_when_the_property_is_absent_or_null if {
	absent := [
		_change(_input([]), {"authorization_policy": _authorization(null)}),
		_change(_input([]), {"authorization_policy": [{"id": "authorizationPolicy"}]}),
		_change(_input([]), {"authorization_policy": []}),
		_input([null]),
	]
	every tenant in absent {
		found := rule.unknown with input as tenant
		{[u.reason, u.kind] | some u in found} == {["partial", "authorization_policy"]}
		count(rule.deny) == 0 with input as tenant
	}
}

test_row_2_passes_when_nothing_is_assigned if {
	_quiet with input as _input([])
	seen := rule.observed with input as _input([])
	_values(seen) == {"users can't consent"}
	_quiet with input as _wanting(_input([_team]), "none")
}

test_row_3_fails_for_the_legacy_policy if {
	found := rule.deny with input as _input(["ManagePermissionGrantsForSelf.microsoft-user-default-legacy"])
	found == {{
		"resource": {"kind": "tenant", "id": "t1", "name": "contoso"},
		"message": "Users may consent to any application (policy 'microsoft-user-default-legacy').",
		"expected": "no user consent, or to verified applications with low-risk permissions",
		"actual": "microsoft-user-default-legacy",
	}}
	count(rule.deny) == 1 with input as _input(["microsoft-user-default-legacy"])
	count(rule.deny) == 1 with input as _wanting(_input(["microsoft-user-default-legacy"]), "some")
}

test_row_4_fails_for_the_managed_policy if {
	tenant := _input(["ManagePermissionGrantsForSelf.microsoft-user-default-recommended"])
	found := rule.deny with input as tenant
	{d.actual | some d in found} == {"microsoft-user-default-recommended"}
	count(rule.deny) == 1 with input as _wanting(tenant, "none")
}

test_row_4_passes_where_the_managed_policy_is_accepted if {
	tenant := _wanting(_input(["ManagePermissionGrantsForSelf.microsoft-user-default-recommended"]), "microsoft_managed")
	_quiet with input as tenant
	seen := rule.observed with input as tenant
	_values(seen) == {"microsoft-user-default-recommended (as Microsoft manages it on 2026-11-21)"}
}

test_row_5_fails_for_mail_clients_when_no_consent_is_wanted_and_else_shows_them if {
	tenant := _input(["ManagePermissionGrantsForSelf.microsoft-user-default-allow-consent-apps", _low])
	_quiet with input as tenant
	seen := rule.observed with input as tenant
	_values(seen) == {"microsoft-user-default-allow-consent-apps (mail clients that Microsoft names)", "microsoft-user-default-low"}
	found := rule.deny with input as _wanting(_input(["ManagePermissionGrantsForSelf.microsoft-user-default-allow-consent-apps"]), "none")
	{d.message | some d in found} == {"No user consent is wanted, and the policy 'microsoft-user-default-allow-consent-apps' allows some."}
}

test_row_6_fails_for_low_when_no_consent_is_wanted if {
	found := rule.deny with input as _wanting(_input([_low]), "none")
	{[d.expected, d.actual] | some d in found} == {["no user consent", "microsoft-user-default-low"]}
}

test_row_7_passes_when_no_high_risk_permission_is_low if {
	_quiet with input as _input([_low, _team])
	medium := object.union(_classification("Mail.ReadWrite"), {"classification": "medium"})
	unset := object.union(_classification("Mail.ReadWrite"), {"classification": null})
	_quiet with input as _change(_input([_low]), {"permission_classifications": [medium, unset]})
}

test_row_8_fails_naming_the_permission_on_partial_evidence_too if {
	imported := {"appId": "00000002-0000-0ff1-ce00-000000000000", "permissionName": "Mail.ReadWrite", "classification": "low"}
	tenant := _change(_input([_low, _team]), {"permission_classifications": [imported]})
	every gaps in [{}, _gap("permission_classifications", "partial")] {
		found := rule.deny with input as object.union(tenant, gaps)
		{d.message | some d in found} == {"Users may consent to permissions classified low, and 1 high-risk ones are: 'Mail.ReadWrite' of 'Office 365 Exchange Online'."}
	}
}

test_row_8_counts_what_the_configuration_adds if {
	tenant := object.union(_input([_low]), {"params": {"high_risk_permissions": ["user.read"]}})
	count(rule.deny) == 1 with input as tenant
}

test_row_8_finds_names_through_the_resources_permissions if {
	bare := {"id": "c1", "resourceId": "r1", "permissionId": "p1", "classification": "Low"}
	tenant := _change(_input([_low]), {"permission_classifications": [bare], "resource_permissions": [_scope]})
	found := rule.deny with input as tenant
	{contains(d.message, "'Mail.ReadWrite' of 'Microsoft Graph'") | some d in found} == {true}
	unnamed := rule.unknown with input as _change(tenant, {"resource_permissions": []})
	{[u.reason, u.kind] | some u in unnamed} == {["partial", "permission_classifications"]}
	nameless := rule.unknown with input as _change(_input([_low]), {"permission_classifications": [{"classification": "low"}]})
	{u.reason | some u in nameless} == {"partial"}
}

test_row_9_unknown_when_classifications_could_not_be_read if {
	every reason in ["no_permission", "partial"] {
		tenant := object.union(_change(_input([_low]), {"permission_classifications": []}), _gap("permission_classifications", reason))
		found := rule.unknown with input as tenant
		{[u.reason, u.kind] | some u in found} == {[reason, "permission_classifications"]}
		count(rule.deny) == 0 with input as tenant
	}
}

test_row_9_does_not_matter_where_nothing_is_low if {
	_quiet with input as object.union(_input([_team]), _gap("permission_classifications", "no_permission"))
}

test_row_10_passes_for_a_bounded_custom_policy if {
	every include in [
		{},
		{"clientApplicationsFromVerifiedPublisherOnly": false, "clientApplicationTenantIds": ["T1"]},
		{"permissionClassification": "all", "permissions": ["p9"]},
		{"permissionClassification": null, "permissions": ["p9", null]},
	] {
		_quiet with input as _custom(include)
	}
	empty := _change(_custom({}), {"permission_grant_policies": [{"id": "our-policy", "includes": []}]})
	_quiet with input as empty
}

test_row_10_holds_a_custom_policy_to_the_classifications if {
	risky := _change(_custom({}), {"permission_classifications": [_classification("Mail.Send")]})
	count(rule.deny) == 1 with input as risky
	found := rule.unknown with input as object.union(_custom({}), _gap("permission_classifications", "throttled"))
	{u.reason | some u in found} == {"throttled"}
}

test_row_10_fails_when_a_listed_permission_is_known_to_be_high_risk if {
	every resource in ["any", permissions.graph] {
		tenant := _change(_custom({"permissionClassification": "all", "permissions": ["P1"], "resourceApplication": resource}), {"resource_permissions": [_scope]})
		found := rule.deny with input as tenant
		{d.message | some d in found} == {"The policy 'our-policy' lists high-risk permissions: 'Mail.ReadWrite' of 'Microsoft Graph'."}
	}
	elsewhere := _change(_custom({"permissionClassification": "all", "permissions": ["p1"], "resourceApplication": "other"}), {"resource_permissions": [_scope]})
	_quiet with input as elsewhere
}

test_row_11_fails_for_a_custom_policy_that_allows_more if {
	every include in [
		{"clientApplicationsFromVerifiedPublisherOnly": false},
		{"clientApplicationsFromVerifiedPublisherOnly": null, "clientApplicationTenantIds": null},
		{"clientApplicationsFromVerifiedPublisherOnly": false, "clientApplicationTenantIds": ["t1", "t2"]},
		{"permissionClassification": "all", "permissions": ["all"]},
		{"permissionClassification": "all", "permissions": []},
		{"permissionClassification": "medium"},
	] {
		found := rule.deny with input as _custom(include)
		{d.message | some d in found} == {"The policy 'our-policy' lets users consent beyond verified applications with low or listed permissions."}
	}
}

test_row_11_fails_when_no_consent_is_wanted if {
	found := rule.deny with input as _wanting(_custom({}), "none")
	{d.actual | some d in found} == {"our-policy"}
}

test_row_12_unknown_when_the_policies_could_not_be_read if {
	tenant := _change(_custom({}), {"permission_grant_policies": []})
	found := rule.unknown with input as object.union(tenant, _gap("permission_grant_policies", "no_permission"))
	{[u.reason, u.kind] | some u in found} == {["no_permission", "permission_grant_policies"]}
	every policies in [[], [{"id": "our-policy", "includes": null}]] {
		dangling := rule.unknown with input as _change(tenant, {"permission_grant_policies": policies})
		{u.reason | some u in dangling} == {"partial"}
	}
}

test_one_permissive_policy_is_enough_to_fail if {
	tenant := _input([_low, "ManagePermissionGrantsForSelf.microsoft-user-default-legacy"])
	found := rule.deny with input as tenant
	{d.actual | some d in found} == {"microsoft-user-default-legacy, microsoft-user-default-low"}
	unread := object.union(tenant, _gap("permission_classifications", "no_permission"))
	count(rule.deny) == 1 with input as unread
}
