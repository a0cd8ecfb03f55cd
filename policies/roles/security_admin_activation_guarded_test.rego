package domicile.roles.security_admin_activation_guarded_test

import data.domicile.lib.roles
import data.domicile.lib.roles_fixtures_test as fixtures
import data.domicile.lib.roles_policies_fixtures_test as made
import data.domicile.roles.security_admin_activation_guarded as rule

_role := roles.security_administrator

_over(rules) := made.over(_role, rules)

_enabled(names) := {"Enablement_EndUser_Assignment": {"enabledRules": names}}

_lasting(duration) := {"Expiration_EndUser_Assignment": {"maximumDuration": duration}}

_actual(doc) := actual if {
	actual := {finding.actual | some finding in rule.deny} with input as doc
}

_reasons(doc) := reasons if {
	reasons := {[reason.reason, reason.kind] | some reason in rule.unknown} with input as doc
}

_passes(doc) if {
	_actual(doc) == set()
	_reasons(doc) == set()
}

_approved(doc) := object.union(doc, {"params": {"approve_security_admin": true}})

test_passes_when_activation_is_guarded if {
	_passes(_over({}))
	{fact.value | some fact in rule.observed} == {"activation lasts up to 8 hours"} with input as _over({})
}

test_passes_when_an_authentication_context_is_asked_for if {
	doc := _over(object.union(_enabled(["Justification"]), {"AuthenticationContext_EndUser_Assignment": {"isEnabled": true, "claimValue": "c1"}}))
	_passes(doc)
	"activation takes the authentication context 'c1'" in {fact.value | some fact in rule.observed} with input as doc
}

test_passes_when_another_role_is_not_guarded if _passes(made.over(roles.global_administrator, _enabled([])))

test_fails_when_everything_is_left_out if {
	doc := _over(object.union(_enabled([]), _lasting("P1D")))
	rule.deny == {{
		"resource": {"kind": "role", "id": _role, "name": "Security Administrator"},
		"message": "Activation of Security Administrator is not guarded. It lasts up to 24 hours. It takes neither MFA nor an authentication context. It takes no justification.",
		"expected": "MFA, justification, at most 8 hours",
		"actual": "24 hours, no MFA, no justification",
	}} with input as doc
}

test_fails_when_one_thing_is_left_out if {
	_actual(_over(_enabled(["Justification"]))) == {"no MFA"}
	_actual(_over(_enabled(["MultiFactorAuthentication"]))) == {"no justification"}
	_actual(_over(_lasting("PT8H30M"))) == {"8.5 hours"}
	_actual(object.union(_over({}), {"params": {"activation_max_hours": 4}})) == {"8 hours"}
}

test_approval_is_judged_when_it_is_asked_for if {
	off := _over({"Approval_EndUser_Assignment": {"setting": {"isApprovalRequired": false}}})
	_passes(off)
	_actual(_approved(off)) == {"no approval"}
	_passes(_approved(_over({})))
	{finding.expected | some finding in rule.deny} == {"MFA, justification, at most 8 hours, approval"} with input as _approved(off)
}

test_unknown_when_approvers_could_not_be_read if {
	doc := _over({"Approval_EndUser_Assignment": {"setting": {"approvalStages": [{"primaryApprovers": [made.person("who")]}]}}})
	_reasons(_approved(object.union(doc, fixtures.gaps({"users": "no_permission"})))) == {["no_permission", "users"]}
}

test_unknown_when_settings_are_not_in_the_evidence if {
	every id in ["Enablement_EndUser_Assignment", "Expiration_EndUser_Assignment"] {
		doc := made.without(_role, [id])
		_actual(doc) == set()
		_reasons(doc) == {["partial", "role_policies"]}
	}
	_reasons(made.tenant([])) == {["partial", "role_policies"]}
	_reasons(_over(_lasting("some hours"))) == {["partial", "role_policies"]}
	contextless := made.with_only(_role, object.union(object.remove(made.good, ["AuthenticationContext_EndUser_Assignment"]), _enabled(["Justification"])))
	_actual(contextless) == set()
	_reasons(contextless) == {["partial", "role_policies"]}
}
