package domicile.roles.privileged_users_mfa_capable_test

import data.domicile.lib.roles
import data.domicile.lib.roles_fixtures_test as made
import data.domicile.roles.privileged_users_mfa_capable as rule

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

# _with is the tenant in which people are capable of MFA or not.
_with(doc, capable) := object.union(doc, {"lookup": {"mfa_registration": {id: {"id": id, "isMfaCapable": value} | some id, value in capable}}})

test_passes_when_every_privileged_user_is_capable if {
	doc := _with(_tenant([made.admin("ann"), made.row(made.user("bob"), _sa)]), {"ann": true, "bob": true})
	_passes(doc)
	_values(doc) == {"privileged users capable of MFA: 2"}
}

test_fails_when_one_is_not_capable if {
	doc := _with(_tenant([made.admin("ann"), made.row(made.user("bob"), _sa)]), {"ann": true, "bob": false})
	rule.deny == {{
		"resource": {"kind": "user", "id": "bob", "name": "bob@contoso.example"},
		"message": "'bob@contoso.example' has registered no method of MFA that its policies allow, and holds Security Administrator (standing).",
		"expected": "isMfaCapable is true",
		"actual": "isMfaCapable is false",
	}} with input as doc
}

test_pitfall_h_fails_when_a_registered_method_is_not_allowed if {
	doc := object.union(_with(_tenant([made.admin("ann")]), {"ann": false}), {"lookup": {"mfa_registration": {"ann": {"isMfaRegistered": true}}}})
	_failed(doc) == {"ann"}
}

test_pitfall_h_unknown_when_only_registration_is_said if {
	doc := object.union(_tenant([made.admin("ann")]), {"lookup": {"mfa_registration": {"ann": {"id": "ann", "isMfaRegistered": true}}}})
	_failed(doc) == set()
	_reasons(doc) == {["partial", "mfa_registration"]}
}

test_pitfall_i_unknown_when_the_report_was_throttled if {
	doc := object.union(_tenant([made.admin("ann")]), made.gaps({"mfa_registration": "throttled"}))
	_failed(doc) == set()
	_reasons(doc) == {["throttled", "mfa_registration"]}
}

test_pitfall_c_fails_when_somebody_may_join_a_group_that_holds_the_role if {
	doc := object.union(_with(_tenant([made.row(made.group("g"), _sa)]), {"ann": false, "bob": true}), {
		"evidence": {"group_eligibility": [made.eligible("g", "ann", "member"), made.eligible("g", "bob", "owner")]},
		"lookup": {"users": made.listed([made.user("ann"), made.user("bob")])},
	})
	_failed(doc) == {"ann"}
	_reasons(doc) == set()
	unread := object.union(object.union(doc, {"evidence": {"group_eligibility": []}}), made.gaps({"group_eligibility": "no_permission"}))
	_failed(unread) == set()
	_reasons(unread) == {["no_permission", "group_eligibility"]}
}

test_fails_when_an_emergency_account_or_somebody_eligible_is_not_capable if {
	_failed(object.union(_with(_tenant([made.admin("ann")]), {"ann": false}), {"params": {"break_glass_accounts": ["ann"]}})) == {"ann"}
	_failed(object.union(_with(_tenant([]), {"ann": false}), {"evidence": {"role_eligibility": [made.admin("ann")]}})) == {"ann"}
}

test_passes_when_those_who_are_not_capable_cannot_sign_in if {
	_passes(_with(_tenant([made.row(object.union(made.user("off"), {"accountEnabled": false}), _sa)]), {"off": false}))
	_passes(_with(_tenant([made.row(made.application("app"), _sa)]), {}))
	_passes(_with(_tenant([made.row(made.user("ann"), roles.security_reader)]), {"ann": false}))
	sync := object.union(_tenant([made.row(made.user("sync"), roles.directory_synchronization_accounts)]), {"params": {"privileged_roles": [roles.directory_synchronization_accounts]}})
	_passes(_with(sync, {"sync": false}))
}

test_unknown_when_the_report_does_not_have_somebody if {
	doc := _with(_tenant([made.admin("ann")]), {})
	_failed(doc) == set()
	_reasons(doc) == {["partial", "mfa_registration"]}
	_reasons(object.union(doc, made.gaps({"mfa_registration": "throttled"}))) == {["throttled", "mfa_registration"]}
	_reasons(_with(_tenant([made.admin("ann")]), {"ann": null})) == {["partial", "mfa_registration"]}
}

test_unknown_when_holders_may_be_hidden_and_fails_stand if {
	doc := object.union(_with(_tenant([made.admin("ann")]), {"ann": false}), made.gaps({"role_eligibility": "no_permission"}))
	_failed(doc) == {"ann"}
	_reasons(doc) == {["no_permission", "role_eligibility"]}
}

test_unknown_when_the_holder_of_a_custom_role_is_not_capable if {
	doc := _with(_tenant([made.row(made.user("ann"), _custom)]), {"ann": false})
	_failed(doc) == set()
	_reasons(doc) == {["needs_configuration", "role_assignments"]}
}

test_not_applicable_when_no_role_is_privileged if {
	doc := object.union(_with(_tenant([made.admin("ann")]), {"ann": false}), {"params": {"privileged_roles": []}})
	_passes(doc)
	{reason.reason | some reason in rule.not_applicable} == {"nothing_to_judge"} with input as doc
}
