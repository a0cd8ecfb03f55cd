package domicile.roles.privileged_role_admin_activation_approved_test

import data.domicile.lib.roles
import data.domicile.lib.roles_fixtures_test as fixtures
import data.domicile.lib.roles_policies_fixtures_test as made
import data.domicile.roles.privileged_role_admin_activation_approved as rule

_role := roles.privileged_role_administrator

_by(approvers) := made.over(_role, {"Approval_EndUser_Assignment": {"setting": {"approvalStages": [{"primaryApprovers": approvers}]}}})

_off(role) := made.over(role, {"Approval_EndUser_Assignment": {"setting": {"isApprovalRequired": false}}})

_reasons(doc) := reasons if {
	reasons := {[reason.reason, reason.kind] | some reason in rule.unknown} with input as doc
}

_passes(doc) if {
	count(rule.deny) == 0 with input as doc
	_reasons(doc) == set()
}

test_passes_when_an_enabled_person_approves if {
	_passes(made.over(_role, {}))
	{fact.value | some fact in rule.observed} == {"Privileged Role Administrator: approvers named: 1"} with input as made.over(_role, {})
}

test_passes_when_a_group_approves if _passes(_by([{"@odata.type": "#microsoft.graph.groupMembers", "groupId": "g"}]))

test_passes_when_another_role_is_not_approved if _passes(_off(roles.security_administrator))

test_fails_when_approval_is_off if {
	rule.deny == {{
		"resource": {"kind": "role", "id": _role, "name": "Privileged Role Administrator"},
		"message": "Privileged Role Administrator is activated without approval.",
		"expected": "approval by at least one named, enabled approver",
		"actual": "no approval",
	}} with input as _off(_role)
}

test_fails_when_nobody_who_is_enabled_is_named if {
	every approvers in [[], [made.person("off")], [made.person("deleted")]] {
		{finding.actual | some finding in rule.deny} == {"no enabled approver"} with input as _by(approvers)
		_reasons(_by(approvers)) == set()
	}
}

test_unknown_when_the_setting_is_not_in_the_evidence if {
	every doc in [made.tenant([]), made.without(_role, ["Approval_EndUser_Assignment"])] {
		count(rule.deny) == 0 with input as doc
		_reasons(doc) == {["partial", "role_policies"]}
	}
}

test_unknown_when_the_approvers_could_not_be_read if {
	doc := object.union(_by([made.person("who")]), fixtures.gaps({"users": "no_permission"}))
	count(rule.deny) == 0 with input as doc
	_reasons(doc) == {["no_permission", "users"]}
}
