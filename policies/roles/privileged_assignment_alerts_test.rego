package domicile.roles.privileged_assignment_alerts_test

import data.domicile.lib.roles
import data.domicile.lib.roles_policies_fixtures_test as made
import data.domicile.roles.privileged_assignment_alerts as rule

_role := roles.global_administrator

_changed(notification) := made.over(_role, {"Notification_Admin_Admin_Assignment": notification})

_failed(doc) := ids if {
	ids := {finding.resource.id | some finding in rule.deny} with input as doc
}

_reasons(doc) := reasons if {
	reasons := {[reason.reason, reason.kind] | some reason in rule.unknown} with input as doc
}

_passes(doc) if {
	_failed(doc) == set()
	_reasons(doc) == set()
}

test_passes_when_the_default_recipients_are_told if _passes(made.over(_role, {}))

test_passes_when_an_address_is_told_instead if {
	_passes(_changed(object.union(made.quiet, {"notificationRecipients": ["soc@contoso.example"]})))
}

test_fails_when_nobody_is_told if {
	rule.deny == {{
		"resource": {"kind": "role", "id": _role, "name": "Global Administrator"},
		"message": "Nobody is told when Global Administrator is assigned: no recipient in Notification_Admin_Admin_Assignment.",
		"expected": "the default recipients, or an address",
		"actual": "no recipient in Notification_Admin_Admin_Assignment",
	}} with input as _changed(made.quiet)
}

test_shown_when_only_critical_mails_go_out if {
	{fact.value | some fact in rule.observed} == {"Global Administrator: only critical mails go out by Notification_Admin_Admin_Assignment"} with input as _changed({"notificationLevel": "Critical"})
}

test_unknown_when_the_notification_is_not_in_the_evidence if {
	every doc in [made.without(_role, ["Notification_Admin_Admin_Assignment"]), made.with_only(_role, {})] {
		_failed(doc) == set()
		_reasons(doc) == {["partial", "role_policies"]}
	}
}

test_fails_when_nobody_is_told_of_eligibility if {
	_failed(made.over(_role, {"Notification_Admin_Admin_Eligibility": made.quiet})) == {_role}
}

test_not_applicable_when_no_role_is_privileged if {
	doc := object.union(_changed(made.quiet), {"params": {"privileged_roles": []}})
	_passes(doc)
	{reason.reason | some reason in rule.not_applicable} == {"nothing_to_judge"} with input as doc
	count(rule.not_applicable) == 0 with input as _changed(made.quiet)
}
