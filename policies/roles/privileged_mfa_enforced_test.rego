package domicile.roles.privileged_mfa_enforced_test

import data.domicile.lib.roles
import data.domicile.lib.roles_conditional_access_fixtures_test as access
import data.domicile.lib.roles_fixtures_test as made
import data.domicile.roles.privileged_mfa_enforced as rule

_custom := "d0000000-0000-4000-8000-000000000001"

_sa := roles.security_administrator

_failed(doc) := ids if {
	ids := {finding.resource.id | some finding in rule.deny} with input as doc
}

_reasons(doc) := reasons if {
	reasons := {[reason.reason, reason.kind] | some reason in rule.unknown} with input as doc
}

_values(doc) := values if {
	values := {fact.value | some fact in rule.observed} with input as doc
}

_passes(doc) if {
	_failed(doc) == set()
	_reasons(doc) == set()
}

_tenant(assignments) := made.tenant("xdr-current", assignments)

_ga := roles.global_administrator

# _with is the tenant with these policies, emergency accounts bg, and security defaults off.
_with(assignments, policies) := object.union(_tenant(assignments), {
	"evidence": {"conditional_access": policies, "security_defaults": [{"id": "d", "isEnabled": false}]},
	"params": {"break_glass_accounts": ["bg"], "require_phishing_resistant": true, "role_exceptions": []},
})

_admins := [made.admin("ann"), made.row(made.user("bob"), _sa)]

_any(doc) := object.union(doc, {"params": {"require_phishing_resistant": false}})

_defaults(doc) := object.union(doc, {"evidence": {"security_defaults": [{"id": "d", "isEnabled": true}]}})

_messages(doc) := messages if {
	messages := {finding.message | some finding in rule.deny} with input as doc
}

test_passes_when_one_policy_asks_everybody if {
	doc := _with(_admins, [access.policy])
	_passes(doc)
	_values(doc) == {"policies that ask for Phishing-resistant MFA at every sign-in: 1"}
	_passes(_with([made.row(made.application("app"), _sa)], []))
}

test_passes_when_policies_ask_by_role_together if {
	by_role := [access.for_users({"includeUsers": [], "includeRoles": [role]}) | some role in [_ga, _sa]]
	_passes(_with(_admins, by_role))
	_failed(_with(_admins, [by_role[0]])) == {_sa}
}

test_fails_when_no_policy_asks if {
	doc := _with(_admins, [])
	_failed(doc) == {_ga, _sa}
	some finding in rule.deny with input as doc
	finding == {
		"resource": {"kind": "role", "id": _ga, "name": "Global Administrator"},
		"message": "Phishing-resistant MFA is not enforced for holders of Global Administrator: 'ann@contoso.example'.",
		"expected": "Phishing-resistant MFA at every sign-in of every holder",
		"actual": "not enforced for 1",
	}
}

test_fails_when_the_policy_only_reports if {
	_failed(_with(_admins, [object.union(access.policy, {"state": "enabledForReportingButNotEnforced"})])) == {_ga, _sa}
}

test_fails_when_any_mfa_is_enough_unless_that_is_wanted if {
	doc := _with(_admins, [access.any_mfa])
	_failed(doc) == {_ga, _sa}
	_passes(_any(doc))
	_messages(_any(_with([made.admin("ann")], []))) == {"MFA is not enforced for holders of Global Administrator: 'ann@contoso.example'."}
}

test_fails_when_the_policy_leaves_something_out_and_says_what if {
	_messages(_with([made.admin("ann")], [access.conditioned({"locations": {"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]}})])) == {"Phishing-resistant MFA is not enforced for holders of Global Administrator: 'ann@contoso.example'. The policy 'MFA' leaves locations out."}
	nameless := object.union(access.conditioned({"applications": {"excludeApplications": ["a"]}}), {"displayName": null})
	some message in _messages(_with([made.admin("ann")], [nameless]))
	endswith(message, "The policy 'without a name' leaves applications out.")
}

test_fails_when_the_policy_sets_a_holder_aside if {
	_messages(_with(_admins, [access.for_users({"excludeUsers": ["ann", "bg"]})])) == {"Phishing-resistant MFA is not enforced for holders of Global Administrator: 'ann@contoso.example'. The policy 'MFA' sets 1 of them aside."}
}

test_passes_when_emergency_accounts_or_exceptions_are_set_aside if {
	doc := _with(array.concat(_admins, [made.admin("bg")]), [access.for_users({"excludeUsers": ["bg"]})])
	_passes(doc)
	"accounts kept for emergencies, which are not judged: 1" in _values(doc)
	excepted := object.union(_with(_admins, [access.for_users({"excludeUsers": ["ann"]})]), {"params": {"role_exceptions": [{"principal_id": "ann", "role": _ga, "reason": "r", "until": "2026-12-01"}]}})
	_passes(excepted)
}

test_pitfall_b_fails_when_a_role_of_a_unit_is_reached_by_role if {
	unit := object.union(made.row(made.user("ann"), _sa), {"directoryScopeId": "/administrativeUnits/1"})
	_failed(_with([unit], [access.for_users({"includeUsers": [], "includeRoles": [_sa]})])) == {_sa}
	_passes(_with([unit], [access.policy]))
}

test_pitfall_c_fails_when_the_role_comes_through_a_group if {
	doc := object.union(_with([made.row(made.group("g"), _sa)], []), {"evidence": {"role_group_members": [made.member("g", made.user("ann"))]}})
	_failed(doc) == {_sa}
	_passes(object.union(doc, {"evidence": {"conditional_access": [access.for_users({"includeUsers": [], "includeGroups": ["g"]})]}}))
}

test_pitfall_c_judges_whoever_may_join_a_group if {
	doc := object.union(_with([made.row(made.group("g"), _sa)], []), {
		"evidence": {"group_eligibility": [made.eligible("g", "ann", "member")]},
		"lookup": {"users": made.listed([made.user("ann")])},
	})
	_failed(doc) == {_sa}
	_passes(object.union(doc, {"evidence": {"conditional_access": [access.for_users({"includeUsers": [], "includeGroups": ["g"]})]}}))
	_failed(object.union(doc, {"evidence": {"conditional_access": [access.for_users({"excludeGroups": ["g"]})]}})) == {_sa}
}

test_pitfall_h_fails_when_all_are_registered_and_nobody_is_asked if {
	doc := object.union(_with([made.admin("ann")], []), {"evidence": {"mfa_registration": [{"id": "ann", "isMfaCapable": true, "isMfaRegistered": true}]}})
	_failed(doc) == {_ga}
}

test_passes_when_those_not_covered_cannot_sign_in if {
	_passes(_with([made.row(object.union(made.user("off"), {"accountEnabled": false}), _sa)], []))
	_passes(_with([made.row(made.user("ann"), roles.security_reader)], []))
	sync := object.union(_with([made.row(made.user("sync"), roles.directory_synchronization_accounts)], []), {"params": {"privileged_roles": [roles.directory_synchronization_accounts]}})
	_passes(sync)
}

test_security_defaults_are_any_mfa_for_some_roles if {
	doc := _defaults(_with([made.admin("ann")], []))
	_messages(doc) == {"Phishing-resistant MFA is not enforced for holders of Global Administrator: 'ann@contoso.example'. Security defaults are on, which let any second factor do."}
	_passes(_any(doc))
	"security defaults are on" in _values(doc)
	_failed(_any(_defaults(_with([made.row(made.user("ann"), roles.compliance_administrator)], [])))) == {roles.compliance_administrator}
}

test_fails_when_conditional_access_is_not_licensed if {
	_failed(object.union(_with(_admins, []), made.gaps({"conditional_access": "not_licensed"}))) == {_ga, _sa}
}

test_unknown_when_policies_could_not_be_read if {
	doc := object.union(_with(_admins, []), made.gaps({"conditional_access": "no_permission"}))
	_failed(doc) == set()
	_reasons(doc) == {["no_permission", "conditional_access"]}
	_passes(object.union(_with(_admins, [access.policy]), made.gaps({"conditional_access": "partial"})))
}

test_unknown_when_security_defaults_could_not_be_read_and_would_do if {
	doc := object.union(_with([made.admin("ann")], []), made.gaps({"security_defaults": "no_permission"}))
	_failed(doc) == {_ga}
	_failed(_any(doc)) == set()
	_reasons(_any(doc)) == {["no_permission", "security_defaults"]}
}

test_unknown_when_the_policy_sets_aside_a_group_that_was_not_read if {
	doc := _with(_admins, [access.for_users({"excludeGroups": ["kept"]})])
	_failed(doc) == set()
	_reasons(doc) == {["partial", "conditional_access"]}
	_passes(object.union(doc, {"params": {"role_exceptions": [{"principal_id": "kept", "role": "Global Administrator", "reason": "emergency accounts alone"}]}}))
}

test_unknown_when_emergency_accounts_are_not_named if {
	doc := _with(array.concat(_admins, [made.admin("eme")]), [access.for_users({"excludeUsers": ["eme", "bob"]})])
	unnamed := object.union(object.remove(doc, ["params"]), {"params": object.remove(doc.params, ["break_glass_accounts"])})
	_failed(unnamed) == {_sa}
	_reasons(unnamed) == {["needs_configuration", ""]}
}

test_unknown_when_holders_may_be_hidden if {
	_reasons(object.union(_with(_admins, [access.policy]), made.gaps({"role_eligibility": "throttled"}))) == {["throttled", "role_eligibility"]}
}

test_unknown_when_the_holder_of_a_custom_role_is_not_covered if {
	doc := _with([made.row(made.user("ann"), _custom)], [])
	_failed(doc) == set()
	_reasons(doc) == {["needs_configuration", "role_assignments"]}
}

test_not_applicable_when_no_role_is_privileged if {
	doc := object.union(_with(_admins, []), {"params": {"privileged_roles": []}})
	_passes(doc)
	{reason.reason | some reason in rule.not_applicable} == {"nothing_to_judge"} with input as doc
}
